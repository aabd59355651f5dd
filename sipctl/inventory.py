"""A frozen index of all endpoints and scenarios of a workspace, readable or not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from sipctl import names
from sipctl.endpoint import Endpoint
from sipctl.errors import Refused
from sipctl.findings import Finding, Place
from sipctl.kinds import ENDPOINT, KINDS, SCENARIO, Kind, kind_in, reference_of
from sipctl.nodes import Mapping as MappingNode
from sipctl.nodes import Mend, Node, Scalar
from sipctl.rules import graphs
from sipctl.scenario import Scenario
from sipctl.settings import Settings

SETTINGS_FILE = "sipctl.yaml"


@dataclass(frozen=True, slots=True)
class Login:
    """A user name and the sealed password beside it, as they stand in a file."""

    username: str | None
    sealed: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Context:
    """What rules need to know that no file of the workspace tells, as far as it was asked for.

    `types` is the type that each scenario had at the last commit, and `logins` what each endpoint
    with a sealed password had, both by path. `exposed` are the paths of password files, as
    endpoints name them, that Git would take into a commit.
    """

    types: Mapping[str, str] = field(default_factory=dict)
    logins: Mapping[str, Login] = field(default_factory=dict)
    exposed: frozenset[str] = frozenset()


NO_CONTEXT = Context()


@dataclass(frozen=True, slots=True)
class Member:
    """One endpoint's or scenario's file as read. `value` is None where errors make its meaning
    unsure.

    `tolerated` is the same with values that rules forbid, which settings may allow; `doubts` are
    the findings that they would have to allow for that.
    """

    path: str
    data: bytes = field(repr=False)  # a file may hold a password in plain text
    text: str = field(repr=False)
    root: MappingNode | None
    value: Endpoint | Scenario | None
    findings: tuple[Finding, ...] = ()
    mends: tuple[Mend, ...] = ()
    tolerated: Endpoint | Scenario | None = None
    doubts: tuple[Finding, ...] = ()

    @property
    def kind(self) -> Kind:
        """Whether it is an endpoint or a scenario: the folder says."""
        return kind_in(self.path)

    @property
    def reference(self) -> str:
        """The reference that the file's name says."""
        return reference_of(self.path)

    @property
    def endpoint(self) -> Endpoint | None:
        """The endpoint, if it is one that can be read."""
        return self.value if isinstance(self.value, Endpoint) else None

    @property
    def scenario(self) -> Scenario | None:
        """The scenario, if it is one that can be read."""
        return self.value if isinstance(self.value, Scenario) else None

    def password(self, form: str) -> Scalar | None:
        """What an endpoint's password names in one of its forms (`env`, `file`, `age`), whatever
        else is wrong with the file; None where the password has another form."""
        node = self.node("password")
        if not isinstance(node, MappingNode) or len(node.entries) != 1:
            return None
        key, value = node.entries[0]
        return value if key.value == form and isinstance(value, Scalar) else None

    def node(self, name: str) -> Node | None:
        """The value of an endpoint's field; None for a scenario."""
        return self.root.get(name) if self.root and self.kind is ENDPOINT else None

    @property
    def login(self) -> Login | None:
        """The user name and the sealed password; None where no password is sealed."""
        sealed, username = self.password("age"), self.node("username")
        if sealed is None:
            return None
        return Login(username.value if isinstance(username, Scalar) else None, sealed.value)


@dataclass(frozen=True, slots=True)
class UsedAt:
    """Where a scenario names an endpoint."""

    scenario: str
    action: str
    place: Place

    def __str__(self) -> str:
        where = f"{self.place.file}:{self.place.line}"
        return f"{where} (action {names.quoted(self.action)})"


@dataclass(frozen=True)
class Inventory:
    """Every member of a workspace, its settings, and the findings of all.

    `others` are the findings among them that belong to no member: settings and stray files.
    `context` is what they were judged by beside the files.
    """

    settings: Settings
    members: Mapping[str, Member]
    findings: tuple[Finding, ...] = ()
    others: tuple[Finding, ...] = ()
    context: Context = NO_CONTEXT

    def of_kind(self, kind: Kind) -> dict[str, Member]:
        """The members of one kind by path."""
        return self._by_kind[kind.noun]

    @cached_property
    def _by_kind(self) -> dict[str, dict[str, Member]]:
        found: dict[str, dict[str, Member]] = {kind.noun: {} for kind in KINDS}
        for path, member in self.members.items():
            found[member.kind.noun][path] = member
        return found

    @cached_property
    def endpoints(self) -> dict[str, Endpoint]:
        """The readable endpoints by reference, sorted."""
        members = self.of_kind(ENDPOINT).values()
        found = {m.reference: m.endpoint for m in members if m.endpoint is not None}
        return dict(sorted(found.items(), key=lambda item: item[0].casefold()))

    @cached_property
    def scenarios(self) -> dict[str, Scenario]:
        """The readable scenarios by reference, sorted."""
        members = self.of_kind(SCENARIO).values()
        found = {m.reference: m.scenario for m in members if m.scenario is not None}
        return dict(sorted(found.items(), key=lambda item: item[0].casefold()))

    @cached_property
    def unreadable(self) -> tuple[Member, ...]:
        """The members whose files cannot be read."""
        return tuple(m for m in self.members.values() if m.value is None)

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
        if member.value is None:
            message = f'the {kind.noun} "{reference}" could not be read'
            hint = f"mend {member.path}, then `sipctl validate`"
            raise Refused(message, hint, member.findings)
        return member

    def readable_scenario(self, reference: str) -> Member:
        """A scenario's file, which can be read; raises Refused as `readable` does."""
        return self.readable(reference, SCENARIO)

    # -- what uses what ------------------------------------------------------------------------

    @cached_property
    def uses(self) -> dict[str, tuple[UsedAt, ...]]:
        """Where each endpoint is used, by its reference, in order of file and line.

        Scenarios count as far as their files can be parsed, whatever else is wrong with them.
        """
        found: dict[str, list[UsedAt]] = {}
        for path, member in sorted(self.of_kind(SCENARIO).items()):
            for use in graphs.uses(member.root) if member.root else ():
                at = UsedAt(member.reference, use.action, use.node.place(path))
                found.setdefault(use.endpoint, []).append(at)
        return {reference: tuple(places) for reference, places in found.items()}

    @cached_property
    def unseen(self) -> tuple[Member, ...]:
        """The scenarios of which nobody can tell which endpoints they use."""
        members = self.of_kind(SCENARIO).values()
        return tuple(m for m in members if not graphs.is_seen(m.root, m.findings))

    def tags(self) -> dict[str, int]:
        """Every tag as first written, and how many endpoints have it; sorted."""
        first: dict[str, str] = {}
        counts: dict[str, int] = {}
        for tag in (t for e in self.endpoints.values() for t in e.tags or ()):
            name = first.setdefault(tag.casefold(), tag)
            counts[name] = counts.get(name, 0) + 1
        return dict(sorted(counts.items(), key=lambda item: item[0].casefold()))
