"""`secret check`: whether passwords are kept as they should be, seen with the keys at hand."""

from __future__ import annotations

import os
import re
import stat
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from sipctl import names, progress
from sipctl.changes import holds_password
from sipctl.endpoint import FIELDS
from sipctl.findings import Finding, Place, in_order, with_severities
from sipctl.git.repository import Commit, Repository
from sipctl.inventory import Inventory
from sipctl.kinds import ENDPOINT, SETTINGS_FILE
from sipctl.member import Kept, Member, place_of
from sipctl.passwords import sealing
from sipctl.passwords.identities import Keys
from sipctl.passwords.recipients import Sets
from sipctl.rules import passwords
from sipctl.rules.judgement import weighed
from sipctl.yamlfile.nodes import Mapping as MappingNode
from sipctl.yamlfile.nodes import Node, Scalar, plain_data
from sipctl.yamlfile.read import read

_SEEN_BY_RULES = frozenset(
    ("plaintext-password", "password-of-another-user", "exposed-password-file", "bad-password")
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
    root: Path,
    inventory: Inventory,
    keys: Keys,
    sets: Sets,
    chosen: Collection[str] = (),
    history: Repository | None = None,
) -> Audit:
    """Judge how every password is kept, or those of chosen paths; sealed ones are opened where keys
    are at hand. A file that cannot be read may hold any: what is wrong with it is told too.

    `inventory` is one that was judged beside Git. With `history` all commits there are searched for
    passwords in plain text too.
    """
    endpoints = inventory.of_kind(ENDPOINT)
    looked = _Look(inventory, keys, sets, [m for p, m in endpoints.items() if _is(p, chosen)])
    looked.at_all()
    more = [*looked.findings, *_readable_files(root, looked.members)]
    told = {(f.rule, f.place.file) for f in more}
    found = [f for f in inventory.findings if _is_told(f, inventory, chosen)]
    found = [f for f in found if (f.rule, f.place.file) not in told]
    found += weighed(inventory.settings, inventory.members, more)
    if history is not None:
        old = (f for f in in_history(history, looked.present) if _is(f.place.file, chosen))
        found += with_severities(old, inventory.settings.rules)
    return Audit(in_order(found), looked.sealed, looked.opened)


def _is(path: str, chosen: Collection[str]) -> bool:
    return not chosen or path in chosen


def _is_told(finding: Finding, inventory: Inventory, chosen: Collection[str]) -> bool:
    """True for findings of passwords, and for what keeps a file, or the settings, from being
    read."""
    path = finding.place.file
    if path == SETTINGS_FILE:
        return finding.is_error
    member = inventory.members.get(path)
    if member is None or member.kind is not ENDPOINT or not _is(path, chosen):
        return False
    unread = finding.is_error and not member.readable
    return unread or finding.rule in _SEEN_BY_RULES


@dataclass(frozen=True, slots=True)
class _Present:
    """The password that an endpoint has now; None where it could not be seen."""

    path: str
    host: object
    password: str | None = field(repr=False)


@dataclass
class _Look:
    """A look at the sealed passwords of some members. `present` are the passwords of all endpoints
    by user name."""

    inventory: Inventory
    keys: Keys
    sets: Sets
    members: list[Member]
    findings: list[Finding] = field(default_factory=list)
    present: dict[str, list[_Present]] = field(
        default_factory=lambda: defaultdict(list), repr=False
    )
    sealed: int = 0
    opened: int = 0

    def __post_init__(self) -> None:
        self.recipients = self.inventory.settings.recipients
        self._own: dict[str, list[str]] = {}  # of the recipients of a set, those whose keys we have
        self.owners = {
            login.username: m.reference
            for m in self.inventory.of_kind(ENDPOINT).values()
            if (login := m.facts.login)
        }

    def at_all(self) -> None:
        """Look at every one."""
        for member in progress.over(self.members, "Opening passwords", len(self.members)):
            kept = member.facts.kept
            if kept is None:
                continue
            if kept.form == "age":
                self._at(member, kept)
            elif kept.form == "plain":
                node = member.node("password")
                self._seen(member, node.value if isinstance(node, Scalar) else None)
            else:
                self._seen(member, None)

    def _seen(self, member: Member, password: str | None) -> None:
        said = member.facts.meant or {}
        seen = _Present(member.path, said.get("host"), password)
        self.present[str(said.get("username"))].append(seen)

    def _at(self, member: Member, kept: Kept) -> None:
        self.sealed += 1
        place, opened = place_of(kept.span, member.path), None
        if kept.fault:
            self.findings.append(passwords.malformed(place, member.reference, kept.fault))
            return
        sealed = sealing.parse(kept.sealed)
        self._from_outside(sealed, member, place)
        try:
            opened = sealing.open_(kept.sealed, self.keys.identities) if self.keys else None
        except sealing.Malformed as fault:
            self.findings.append(passwords.malformed(place, member.reference, fault))
        except sealing.Foreign:
            self._not_opened(sealed, member, place)
        if opened is not None:
            self.opened += 1
            self._whose(opened, member, place)
        self._seen(member, opened.password if opened else None)

    def _from_outside(self, sealed: sealing.Sealed, member: Member, place: Place) -> None:
        odd = self.sets.with_(self.recipients).fault_of(sealed)
        if odd:
            self._foreign(member, place, odd)
        elif self._listed(sealed) != self.recipients:
            message = self.sets.told(sealed.set_id, self.recipients)
            self.findings.append(passwords.stale(place, message))

    def _not_opened(self, sealed: sealing.Sealed, member: Member, place: Place) -> None:
        """A recipient's key opens what is sealed for the recipients, of today or of then, or it is
        not."""
        listed = self._listed(sealed)
        if sealed.set_id not in self._own:
            self._own[sealed.set_id] = self.keys.own(listed)
        own = self._own[sealed.set_id]
        if own and sealed.for_keys == sealing.for_keys(listed.values()):
            message = f"it says that it is sealed for {', '.join(own)}, whose key does not open it"
            self._foreign(member, place, message)

    def _listed(self, sealed: sealing.Sealed) -> Mapping[str, str]:
        """The recipients that a value says it is sealed for; none where no commit lists them."""
        if sealed.set_id == sealing.set_id(self.recipients.values()):
            return self.recipients
        return self.sets.lists.get(sealed.set_id, {})

    def _foreign(self, member: Member, place: Place, message: str) -> None:
        self.findings.append(passwords.foreign(place, member.reference, message))

    def _whose(self, opened: sealing.Opened, member: Member, place: Place) -> None:
        login = member.facts.login
        if login is not None and opened.username == login.username:
            return
        owner = self.owners.get(opened.username)
        message = "it is sealed for another user name"
        message += f", that of {names.quoted(owner)}" if owner else ""
        self.findings.append(passwords.others(place, member.reference, message))


# -- files ---------------------------------------------------------------------------------------


def _readable_files(root: Path, members: Iterable[Member]) -> Iterator[Finding]:
    """SIP507: what every user of this machine can read."""
    for member in members:
        kept = member.facts.kept
        if kept is not None and kept.form == "file" and _is_open_to_all(root / kept.named):
            message = "every user of this machine can read the file with the password"
            hint = "take that right away: `chmod o-r` on the file"
            place = place_of(kept.span, member.path)
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
_FILE = re.compile(r"(?:.*/)?endpoints/[^/]+\.ya?ml\Z", re.DOTALL)
_KEY = re.compile("pass|pwd|secret", re.IGNORECASE)
_MAY_HOLD = re.compile(rb"pass|pwd|secret|\\", re.IGNORECASE)  # an escape can hide a key
_VALUED = re.compile(rb"""(?<!\w)(\w++)["']?[ \t]*+:[ \t]*+(?=[^\s{#])""")


@dataclass(frozen=True, slots=True)
class _Leak:
    """A password in plain text in a commit; None where that version cannot be parsed, or where a
    key that nobody knows may hold one."""

    commit: Commit
    place: Place
    username: str | None = None
    host: str | None = None
    password: str | None = field(default=None, repr=False)


def in_history(
    repository: Repository, present: Mapping[str, Sequence[_Present]]
) -> Iterator[Finding]:
    """SIP508: every password that stood in plain text in any commit, told once, at the first one.

    All of the repository is searched, as a workspace may have moved. One is left out where the
    password that its user name has now at that host, or in that file, could be seen and is another:
    it has been changed.
    """
    found: dict[tuple[object, ...], _Leak] = {}
    for leak in _leaks(repository):
        whose = (leak.username, leak.host, leak.password)
        key = whose if leak.password is not None else (leak.place.file,)
        found[key] = leak  # the log goes back in time, so the first commit comes last
    for leak in found.values():
        now = [one.password for one in present.get(str(leak.username), ()) if _is_same(one, leak)]
        if leak.password is None or not now or None in now or leak.password in now:
            yield _told(leak, leak.password is not None and leak.password in now)


def _is_same(one: _Present, leak: _Leak) -> bool:
    return one.host == leak.host or one.path == leak.place.file


def _told(leak: _Leak, still: bool) -> Finding:
    since = f"in commit {leak.commit.short} of {leak.commit.time[:10]}"
    if leak.password is None:
        message = f"a password may stand in plain text {since}, in a version that cannot be read"
    else:
        whose = names.quoted(leak.username) if leak.username else "no user name"
        where = f" at {names.quoted(leak.host)}" if leak.host else ""
        message = f"the password of {whose}{where} stood in plain text {since}"
        message += ", and is still the same" if still else ""
    hint = "set a new one at the carrier: whoever has a copy of the repository can read this one"
    return Finding.of("password-in-history", leak.place, message, hint)


def _leaks(repository: Repository) -> Iterator[_Leak]:
    log = repository.at_top().log("--all", "--full-history", paths=["."])
    versions = (
        (commit, change.path, change.new)
        for commit, changes in progress.over(log, "Searching commits")
        for change in changes
        if change.new is not None and _FILE.match(change.path)
    )
    while portion := list(islice(versions, _AT_ONCE)):
        blobs = repository.blobs(blob for _, _, blob in portion)
        for commit, path, blob in portion:
            leak = _in_version(commit, path.removeprefix(repository.prefix), blobs.get(blob, b""))
            if leak is not None:
                yield leak


def _in_version(commit: Commit, path: str, data: bytes) -> _Leak | None:
    if not _MAY_HOLD.search(data):
        return None
    root = read(data, path).root
    if not isinstance(root, MappingNode):
        given = (found[1] for found in _VALUED.finditer(data))
        return _Leak(commit, Place(path)) if any(map(_MAY_HOLD.search, given)) else None
    username, host = (_text(root.get(key)) for key in ("username", "host"))
    for key, node in root.entries:
        if key.value == "password" and holds_password(node):
            password = _text(node) or repr(plain_data(node))
            return _Leak(commit, node.place(path), username, host, password)
        if key.value not in FIELDS and _KEY.search(key.value) and not key.value.startswith("x-"):
            return _Leak(commit, node.place(path))
    return None


def _text(node: Node | None) -> str | None:
    return node.value if isinstance(node, Scalar) else None
