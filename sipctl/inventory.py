"""A frozen index of all endpoints and scenarios of a workspace, readable or not."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import NamedTuple

from sipctl import names
from sipctl.endpoint import Endpoint
from sipctl.errors import Refused
from sipctl.findings import Finding, Place
from sipctl.kinds import ENDPOINT, FOLDERS, SCENARIO, SETTINGS_FILE, Kind, reference_of
from sipctl.member import NO_CONTEXT, Context, Member, named, place_of
from sipctl.rules.judgement import judge
from sipctl.scenarios.scenario import Scenario
from sipctl.settings import Settings


class UsedAt(NamedTuple):
    """Where a scenario names an endpoint."""

    scenario: str
    action: str
    place: Place

    def __str__(self) -> str:
        where = f"{self.place.file}:{self.place.line}"
        return f"{where} (action {names.quoted(self.action)})"


def refuse_unread_folders(others: Iterable[Finding]) -> None:
    """Raise Refused where one of these findings is that a folder of members cannot be read: nobody
    can tell then which there are."""
    found = tuple(finding for finding in others if finding.place.file in FOLDERS)
    if found:
        named = " and ".join(names.quoted(finding.place.file) for finding in found)
        raise Refused(f"the folder {named} could not be read", findings=found)


class Inventory:
    """Every member of a workspace, its settings, and the findings of all.

    `others` are the findings among them that belong to no member: settings and stray files.
    `context` is what they are judged by beside the files.
    """

    def __init__(
        self,
        settings: Settings,
        members: Mapping[str, Member],
        others: tuple[Finding, ...] = (),
        context: Context = NO_CONTEXT,
    ) -> None:
        self.settings = settings
        self.members = members
        self.others = others
        self.context = context
        self._of_kind: dict[str, dict[str, Member]] = {}

    @cached_property
    def findings(self) -> tuple[Finding, ...]:
        """All findings, in order of file and place: judged when they are asked for."""
        return judge(self.settings, self.members, self.others, self.context)

    def of_kind(self, kind: Kind) -> dict[str, Member]:
        """The members of one kind by path."""
        found = self._of_kind.get(kind.noun)
        if found is None:
            folder = f"{kind.folder}/"
            found = {p: m for p, m in self.members.items() if p.startswith(folder)}
            self._of_kind[kind.noun] = found
        return found

    def references(self) -> list[str]:
        """Those of the readable endpoints, sorted: known without what their files say."""
        members = self.of_kind(ENDPOINT).items()
        return sorted((reference_of(path) for path, m in members if m.readable), key=str.casefold)

    @cached_property
    def endpoints(self) -> dict[str, Endpoint]:
        """The readable endpoints by reference, sorted."""
        return self.endpoints_with(())

    def endpoints_with(self, texts: Iterable[str]) -> dict[str, Endpoint]:
        """Those of them in which all these texts may be, as `Known.may_hold` tells."""
        members = list(self.of_kind(ENDPOINT).values())
        for text in texts:
            members = [m for m in members if m.known.may_hold(text)]
        known = ((m.reference, said) for m in members if (said := m.said) is not None)
        found = {reference: Endpoint(named(said, reference)) for reference, said in known}
        return dict(sorted(found.items(), key=lambda item: item[0].casefold()))

    @cached_property
    def scenarios(self) -> dict[str, Scenario]:
        """The readable scenarios by reference, sorted."""
        members = self.of_kind(SCENARIO).values()
        found = {m.reference: scenario for m in members if (scenario := m.scenario) is not None}
        return dict(sorted(found.items(), key=lambda item: item[0].casefold()))

    @cached_property
    def unreadable(self) -> tuple[Member, ...]:
        """The members whose files cannot be read."""
        return tuple(m for m in self.members.values() if not m.readable)

    def unread(self, kind: Kind | None = None) -> list[str]:
        """What cannot be read, of all or of one kind: folders, and members' files."""
        folders = FOLDERS if kind is None else (kind.folder,)
        found = [f.place.file for f in self.others if f.place.file in folders]
        return found + [m.path for m in self.unreadable if kind in (None, m.kind)]

    @property
    def reads_settings(self) -> bool:
        """False where errors in the settings' file hide what it says."""
        return not any(f.is_error and f.place.file == SETTINGS_FILE for f in self.others)

    @cached_property
    def _by_folded(self) -> dict[tuple[str, str], Member]:
        return {(m.kind.noun, m.reference.casefold()): m for m in self.members.values()}

    def same_name(self, reference: str, kind: Kind = ENDPOINT) -> Member | None:
        """The member with this reference, case ignored."""
        return self._by_folded.get((kind.noun, reference.casefold()))

    def member(self, reference: str, kind: Kind = ENDPOINT) -> Member:
        """The member with exactly this reference; raises Refused with the nearest name."""
        found = self.members.get(kind.path(reference))
        if found is None:
            known = [m.reference for m in self.of_kind(kind).values()]
            hint = names.did_you_mean(reference, known) or f"see `{kind.command} list -o name`"
            raise Refused(f"there is no {kind.noun} {names.quoted(reference)}", hint)
        return found

    def readable(self, reference: str, kind: Kind = ENDPOINT) -> Member:
        """Like `member`, and what it says is known; raises Refused with its findings."""
        member = self.member(reference, kind)
        if not member.readable:
            message = f'the {kind.noun} "{reference}" could not be read'
            hint = f"mend {member.path}, then `sipctl validate`"
            raise Refused(message, hint, member.findings)
        return member

    # -- what uses what ------------------------------------------------------------------------

    @cached_property
    def uses(self) -> dict[str, tuple[UsedAt, ...]]:
        """Where each endpoint is used, by its reference, in order of file and line.

        Scenarios count as far as their files can be parsed, whatever else is wrong with them.
        """
        found: dict[str, list[UsedAt]] = {}
        for path, member in sorted(self.of_kind(SCENARIO).items()):
            for use in member.facts.uses:
                at = UsedAt(member.reference, use.action, place_of(use.span, path))
                found.setdefault(use.endpoint, []).append(at)
        return {reference: tuple(places) for reference, places in found.items()}

    @cached_property
    def with_unknown_uses(self) -> tuple[Member, ...]:
        """The scenarios of which nobody can tell which endpoints they use."""
        members = self.of_kind(SCENARIO).values()
        return tuple(m for m in members if not m.facts.uses_known)

    def tags(self) -> dict[str, int]:
        """Every tag as first written, and how many endpoints have it; sorted."""
        first: dict[str, str] = {}
        counts: dict[str, int] = {}
        for tag in (t for e in self.endpoints.values() for t in e.tags or ()):
            name = first.setdefault(tag.casefold(), tag)
            counts[name] = counts.get(name, 0) + 1
        return dict(sorted(counts.items(), key=lambda item: item[0].casefold()))
