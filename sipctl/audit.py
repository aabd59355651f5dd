"""`secret check`: whether passwords are kept as they should be, seen with the keys at hand."""

from __future__ import annotations

import os
import re
import stat
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from sipctl import names, sealing
from sipctl.findings import Finding, Place, in_order, with_severities
from sipctl.identities import Keys
from sipctl.inventory import Inventory
from sipctl.judgement import weighed
from sipctl.kinds import ENDPOINT
from sipctl.member import Member
from sipctl.nodes import Mapping as MappingNode
from sipctl.nodes import Scalar
from sipctl.repository import Commit, Repository
from sipctl.resealing import Sets
from sipctl.rules import passwords
from sipctl.scalars import is_null
from sipctl.secrets import username_of
from sipctl.yamlfile.read import read

_SEEN_BY_RULES = frozenset(
    ("plaintext-password", "password-of-another-user", "exposed-password-file")
)
"""What is found of passwords without a look into them; the other rules are asked again here, where
more is known."""


@dataclass(frozen=True, slots=True)
class Audit:
    """What was found, how many passwords are sealed, and how many of these could be opened."""

    findings: tuple[Finding, ...]
    sealed: int
    opened: int


def audit(
    root: Path, inventory: Inventory, keys: Keys, sets: Sets, history: Repository | None = None
) -> Audit:
    """Judge how every password is kept; sealed ones are opened where keys are at hand.

    `inventory` is one that was judged beside Git. With `history` all commits there are searched for
    passwords in plain text too.
    """
    looked = _Look(inventory, keys, sets)
    looked.at_all()
    more = [*looked.findings, *_readable_files(root, inventory)]
    told = {(f.rule, f.place.file) for f in more}
    known = (f for f in inventory.findings if f.rule in _SEEN_BY_RULES)
    found = [f for f in known if (f.rule, f.place.file) not in told]
    found += weighed(inventory.settings, inventory.members, more)
    if history is not None:
        old = in_history(history, looked.present)
        found += with_severities(old, inventory.settings.rules)
    return Audit(in_order(found), looked.sealed, looked.opened)


@dataclass
class _Look:
    """A look at every sealed password. `present` are the passwords of each user name, None among
    them for one that could not be seen."""

    inventory: Inventory
    keys: Keys
    sets: Sets
    findings: list[Finding] = field(default_factory=list)
    present: dict[str, set[str | None]] = field(
        default_factory=lambda: defaultdict(set), repr=False
    )
    sealed: int = 0
    opened: int = 0

    def __post_init__(self) -> None:
        self.recipients = self.inventory.settings.recipients
        self.ours = bool(self.keys) and bool(self.keys.own(self.recipients))
        members = self.inventory.of_kind(ENDPOINT).values()
        self.users = {str(username_of(m)): m.reference for m in members if m.node("username")}

    def at_all(self) -> None:
        """Look at every endpoint."""
        for member in self.inventory.of_kind(ENDPOINT).values():
            node = member.password("age")
            if node is not None:
                self.sealed += 1
                self._at(member, node)
            elif isinstance(plain := member.node("password"), Scalar):
                self._seen(member, plain.value)
            elif plain is not None:
                self._seen(member, None)

    def _seen(self, member: Member, password: str | None) -> None:
        self.present[str(username_of(member))].add(password)

    def _at(self, member: Member, node: Scalar) -> None:
        place, opened = node.place(member.path), None
        try:
            sealed = sealing.parse(node.value)
            self._from_outside(sealed, member, place)
            opened = sealing.open_(node.value, self.keys.identities) if self.keys else None
        except sealing.Malformed as fault:
            self.findings.append(passwords.malformed(place, member.reference, fault))
        except sealing.Foreign:
            self._not_opened(sealed, member, place)
        if opened is not None:
            self.opened += 1
            self._whose(opened, member, place)
        self._seen(member, opened.password if opened else None)

    def _from_outside(self, sealed: sealing.Sealed, member: Member, place: Place) -> None:
        keys = self.recipients.values()
        if sealed.set_id == sealing.set_id(keys):
            if sealed.for_keys != sealing.for_keys(keys):
                self._foreign(member, place, passwords.OTHER_KEYS)
        elif self.sets.knows_not(sealed.set_id):
            message = "it is sealed for recipients that no commit of sipctl.yaml lists"
            self._foreign(member, place, message)
        else:
            message = self.sets.told(sealed.set_id, self.recipients)
            self.findings.append(passwords.stale(place, message))

    def _not_opened(self, sealed: sealing.Sealed, member: Member, place: Place) -> None:
        """A recipient's key opens what is sealed for the recipients, or it is not."""
        keys = self.recipients.values()
        names_us = sealed.set_id == sealing.set_id(keys)
        if self.ours and names_us and sealed.for_keys == sealing.for_keys(keys):
            own = ", ".join(self.keys.own(self.recipients))
            message = f"it says that it is sealed for {own}, whose key does not open it"
            self._foreign(member, place, message)

    def _foreign(self, member: Member, place: Place, message: str) -> None:
        self.findings.append(passwords.foreign(place, member.reference, message))

    def _whose(self, opened: sealing.Opened, member: Member, place: Place) -> None:
        if opened.username == username_of(member):
            return
        owner = self.users.get(opened.username)
        message = "it is sealed for another user name"
        message += f", that of {names.quoted(owner)}" if owner else ""
        self.findings.append(passwords.others(place, member.reference, message))


# -- files ---------------------------------------------------------------------------------------


def _readable_files(root: Path, inventory: Inventory) -> Iterator[Finding]:
    """SIP507: what every user of this machine can read."""
    for member in inventory.of_kind(ENDPOINT).values():
        node = member.password("file")
        if node is not None and _is_open_to_all(root / node.value):
            message = "every user of this machine can read the file with the password"
            hint = "take that right away: `chmod o-r` on the file"
            place = node.place(member.path)
            yield Finding.of("readable-password-file", place, message, hint)


def _is_open_to_all(file: Path) -> bool:
    """True where nothing on the way to a plain file keeps others out."""
    real = Path(os.path.realpath(file))
    try:
        mode = real.stat().st_mode
        ways = [folder.stat().st_mode for folder in real.parents]
    except OSError:
        return False
    way = all(folder & stat.S_IXOTH for folder in ways)
    return stat.S_ISREG(mode) and bool(mode & stat.S_IROTH) and way


# -- history -------------------------------------------------------------------------------------

_AT_ONCE = 1000
_UNPARSED = re.compile(rb"""password["']?[ \t]*:[ \t]*[^\s{#]""", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class _Leak:
    """A password in plain text in a commit; None where that version cannot be parsed."""

    commit: Commit
    place: Place
    username: str | None
    host: str | None
    password: str | None = field(repr=False)


def in_history(
    repository: Repository, present: Mapping[str, Iterable[str | None]]
) -> Iterator[Finding]:
    """SIP508: every password that stood in plain text in any commit, told once, at the first one.

    One is left out where the passwords that its user name has now could all be seen, and are
    others: it has been changed.
    """
    found: dict[tuple[object, ...], _Leak] = {}
    for leak in _leaks(repository):
        key = (leak.username, leak.password) if leak.password is not None else (leak.place.file,)
        found[key] = leak  # the log goes back in time, so the first commit comes last
    for leak in found.values():
        now = set(present.get(leak.username or "", ()))
        if leak.password is None or not now or None in now or leak.password in now:
            yield _told(leak, leak.password is not None and leak.password in now)


def _told(leak: _Leak, still: bool) -> Finding:
    since = f"in commit {leak.commit.short} of {leak.commit.time[:10]}"
    if leak.password is None:
        message = f"a password may stand in plain text {since}, in a version that cannot be parsed"
    else:
        whose = names.quoted(leak.username) if leak.username else "no user name"
        where = f" at {names.quoted(leak.host)}" if leak.host else ""
        message = f"the password of {whose}{where} stood in plain text {since}"
        message += ", and is still the same" if still else ""
    hint = "set a new one at the carrier: whoever has a copy of the repository can read this one"
    return Finding.of("password-in-history", leak.place, message, hint)


def _leaks(repository: Repository) -> Iterator[_Leak]:
    log = repository.log("--all", "--full-history", paths=[ENDPOINT.folder])
    versions = (
        (commit, change.path, change.new)
        for commit, changes in log
        for change in changes
        if change.new is not None and ENDPOINT.holds(change.path)
    )
    while portion := list(islice(versions, _AT_ONCE)):
        blobs = repository.blobs(blob for _, _, blob in portion)
        for commit, path, blob in portion:
            yield from _in_version(commit, path, blobs.get(blob, b""))


def _in_version(commit: Commit, path: str, data: bytes) -> Iterator[_Leak]:
    if b"password" not in data and b"\\" not in data:  # an escape can hide a key
        return
    root = read(data, path).root
    if not isinstance(root, MappingNode):
        if _UNPARSED.search(data):
            yield _Leak(commit, Place(path), None, None, None)
        return
    node = root.get("password")
    if isinstance(node, Scalar) and node.value and not is_null(node.value, node.plain):
        username, host = (root.get(key) for key in ("username", "host"))
        texts = (n.value if isinstance(n, Scalar) else None for n in (username, host))
        yield _Leak(commit, node.place(path), next(texts), next(texts), node.value)
