"""The rules between files, and between a file and its name. Each is a pure function."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator

from sipctl import names
from sipctl.findings import Finding, Place
from sipctl.inventory import Context, Member
from sipctl.kinds import ENDPOINT, SCENARIO
from sipctl.nodes import Node
from sipctl.rules import graphs, passwords
from sipctl.scenario import Scenario
from sipctl.settings import Settings

Rule = Callable[[tuple[Member, ...]], Iterable[Finding]]


def _place(member: Member, key: str) -> Place:
    node: Node | None = member.root.get(key) if member.root else None
    return node.place(member.path) if node else Place(member.path)


def name_mismatch(members: tuple[Member, ...]) -> Iterator[Finding]:
    """SIP301: the reference in the file and the file's name are one (SPEC: the file's stem)."""
    for member in members:
        if member.value and member.value.reference != member.reference:
            message = f"the file is named {names.quoted(member.reference)}, its reference is "
            message += names.quoted(member.value.reference)
            hint = f"write `reference: {member.reference}`, or rename the file"
            yield Finding.of("name-mismatch", _place(member, "reference"), message, hint)


def bad_file_name(members: tuple[Member, ...]) -> Iterator[Finding]:
    """SIP203: a file's name is a reference too, even where the file cannot be read."""
    for member in members:
        reason = names.fault(member.reference)
        told = any(f.rule == "bad-reference" for f in member.findings)
        if reason and not told:
            message = f"{names.quoted(member.reference)} is not a reference: {reason}"
            yield Finding.of("bad-reference", Place(member.path), message, "rename the file")


def duplicate_reference(members: tuple[Member, ...]) -> Iterator[Finding]:
    """SIP302: file systems that ignore case hold one of two such files."""
    folded: dict[str, list[Member]] = defaultdict(list)
    for member in members:
        folded[member.path.casefold()].append(member)
    for same in folded.values():
        for member in same[1:]:
            both = f"{names.quoted(member.reference)} and {names.quoted(same[0].reference)}"
            message = f"{both} differ in case only"
            related = ((_place(same[0], "reference"), "the other one"),)
            place = _place(member, "reference")
            hint = "rename one of the two"
            yield Finding.of("duplicate-reference", place, message, hint, related=related)


def register_without_username(members: tuple[Member, ...]) -> Iterator[Finding]:
    """SIP304: RFC 3261, section 10: what is registered is a user's address-of-record."""
    for member in members:
        endpoint = member.endpoint
        if endpoint and endpoint.register_ and endpoint.username is None:
            hint = "add a user name, or take `register: true` out"
            message = "it registers, and has no user name to register"
            yield Finding.of("register-without-username", _place(member, "register"), message, hint)


RULES: tuple[Rule, ...] = (
    name_mismatch,
    bad_file_name,
    duplicate_reference,
    register_without_username,
)


def check(members: Iterable[Member], settings: Settings, context: Context) -> tuple[Finding, ...]:
    """What every rule between files finds."""
    known = tuple(sorted(members, key=lambda m: m.path))
    found = [finding for rule in RULES for finding in rule(known)]
    found += passwords.check(known, settings.recipients, context)
    endpoints = {m.reference: m.path for m in known if m.kind is ENDPOINT}
    parsed = tuple(
        graphs.Parsed(m.path, _meant(m), m.root) for m in known if m.kind is SCENARIO and m.root
    )
    return (*found, *graphs.check_between(parsed, endpoints, context.types))


def _meant(member: Member) -> Scenario | None:
    """The scenario, also with values that their fields forbid: those hide no other finding."""
    meant = member.value or member.tolerated
    return meant if isinstance(meant, Scenario) else None
