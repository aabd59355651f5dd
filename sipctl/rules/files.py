"""The rules between files, and between a file and its name. Each is a pure function of facts."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping

from sipctl import names
from sipctl.findings import Finding, Place
from sipctl.kinds import ENDPOINT, SCENARIO
from sipctl.member import Context, Member, place_of
from sipctl.rules import passwords
from sipctl.scenarios.scenario import TYPES
from sipctl.settings import Settings

Rule = Callable[[tuple[Member, ...]], Iterable[Finding]]


def name_mismatch(members: tuple[Member, ...]) -> Iterator[Finding]:
    """SIP301: the reference in the file and the file's name are one (SPEC: the file's stem)."""
    for member in members:
        said = member.said or member.facts.meant
        if said is None or (not member.readable and names.fault(said["reference"])):
            continue  # what is no reference has its finding already
        if said["reference"] != member.reference:
            message = f"the file is named {names.quoted(member.reference)}, its reference is "
            message += names.quoted(said["reference"])
            hint = f"write `reference: {member.reference}`, or rename the file"
            yield Finding.of("name-mismatch", member.place("reference"), message, hint)


def bad_file_name(members: tuple[Member, ...]) -> Iterator[Finding]:
    """SIP203: a file's name is a reference too, even where the file cannot be read."""
    for member in members:
        reason = names.fault(member.reference)
        if reason and not any(f.rule == "bad-reference" for f in member.findings):
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
            related = ((same[0].place("reference"), "the other one"),)
            place = member.place("reference")
            hint = "rename one of the two"
            yield Finding.of("duplicate-reference", place, message, hint, related=related)


def register_without_username(members: tuple[Member, ...]) -> Iterator[Finding]:
    """SIP304: RFC 3261, section 10: what is registered is a user's address-of-record."""
    for member in members:
        said = member.facts.meant if member.kind is ENDPOINT else None
        if said and said.get("register") and said.get("username") is None:
            hint = "add a user name, or take `register: true` out"
            message = "it registers, and has no user name to register"
            yield Finding.of("register-without-username", member.place("register"), message, hint)


RULES: tuple[Rule, ...] = (
    name_mismatch,
    bad_file_name,
    duplicate_reference,
    register_without_username,
)


def check(
    members: Mapping[str, Member], settings: Settings, context: Context
) -> tuple[Finding, ...]:
    """What every rule between files finds, of members by path."""
    known = tuple(sorted(_remarkable(members), key=lambda m: m.path))
    found = [finding for rule in RULES for finding in rule(known)]
    found += passwords.check(known, settings.recipients, context)
    scenarios = tuple(m for m in known if m.kind is SCENARIO and m.facts.parsed)
    if scenarios:
        found += unknown_endpoint(scenarios, members)
        found += shared_entry_point(scenarios)
        found += type_changed(scenarios, context.types)
    return tuple(found)


def _remarkable(members: Mapping[str, Member]) -> Iterator[Member]:
    """Those in which a rule may find something; of most files their facts need not be decoded."""
    folded = Counter(map(str.casefold, members))
    unique = len(folded) == len(members)
    for path, member in members.items():
        if not member.known.is_ordinary(path) or not (unique or folded[path.casefold()] == 1):
            yield member


# -- scenarios -----------------------------------------------------------------------------------


def unknown_endpoint(
    scenarios: tuple[Member, ...], members: Mapping[str, Member]
) -> Iterator[Finding]:
    """SIP402: both ends are told, the dangling name and the nearest endpoint.

    `members` are all by path, readable or not.
    """
    uses = ((member, use) for member in scenarios for use in member.facts.uses)
    dangling = [(m, use) for m, use in uses if ENDPOINT.path(use.endpoint) not in members]
    if not dangling:
        return
    endpoints = (m.reference for m in members.values() if m.kind is ENDPOINT)
    nearest = names.Nearest(sorted(endpoints))
    for member, use in dangling:
        message = f"there is no endpoint {names.quoted(use.endpoint)}"
        message += f" (action {names.quoted(use.action)})"
        found = nearest(use.endpoint)
        related = ((Place(ENDPOINT.path(found)), "the nearest endpoint"),) if found else ()
        hint = nearest.hint(use.endpoint, "create it, or name one of `sipctl list`")
        place = place_of(use.span, member.path)
        yield Finding.of("unknown-endpoint", place, message, hint, related=related)


def shared_entry_point(scenarios: tuple[Member, ...]) -> Iterator[Finding]:
    """SIP413: told at each further scenario, with the first."""
    first: dict[str, tuple[str, Place]] = {}
    for member in scenarios:
        numbers = member.facts.numbers if member.facts.meant else {}
        for number, span in numbers.items():
            place = place_of(span, member.path)
            path, other = first.setdefault(number, (member.path, place))
            if path == member.path:
                continue
            message = f"the number {names.quoted(number)} leads to another scenario too"
            related = ((other, "the other one"),)
            hint = "take it out of one of the two"
            yield Finding.of("shared-entry-point", place, message, hint, related=related)


def type_changed(scenarios: tuple[Member, ...], before: Mapping[str, str]) -> Iterator[Finding]:
    """SIP414; a type that is none, then or now, is another rule's."""
    for member in scenarios:
        meant = member.facts.meant
        now, was = meant["type"] if meant else None, before.get(member.path)
        if now == was or now not in TYPES or was not in TYPES:
            continue
        message = f"the type was {names.quoted(was)} at the last commit, and cannot change"
        hint = f"write `type: {was}`, or make a new scenario"
        yield Finding.of("type-changed", member.place("type"), message, hint)
