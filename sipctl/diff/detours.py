"""What calls meet in two versions of a scenario: both are walked together, by the same labels.

So what has only another name is no change. Scenarios are taken as far as they can be parsed,
whatever else is wrong with them. Nothing recurses, and the work is bounded: a step is compared once
for each step of the other version that calls come to by the same labels, and no more than `MOST`
are.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum, StrEnum
from functools import cached_property

from sipctl import hosts
from sipctl.changes import ABSENT, Snapshot, Value, free_value, same, snapshot
from sipctl.diff.comparison import State
from sipctl.findings import Place
from sipctl.kinds import ENDPOINT, SCENARIO
from sipctl.member import Member
from sipctl.own import told_entries
from sipctl.scenarios import catalogue
from sipctl.yamlfile import scalars
from sipctl.yamlfile.nodes import Mapping as MappingNode
from sipctl.yamlfile.nodes import Node, Scalar
from sipctl.yamlfile.nodes import Sequence as SequenceNode


class Given(str):
    """A piece of a sentence that comes from the files: it may hold anything."""

    __slots__ = ()


Words = tuple[str, ...]
"""A sentence in pieces; those of the class Given are values."""


class Weight(StrEnum):
    """How much a consequence weighs; in this order they are told."""

    SILENCE = "silence"  # calls end, or come to nothing
    DESTINATION = "destination"  # calls come to something else
    WAY = "way"  # calls come to the same by another way, port, transport, codec
    NONE = "none"  # no call notices


@dataclass(frozen=True, slots=True)
class Step:
    """An action and the label by which a call leaves it. `obvious` where there is no other."""

    action: str
    label: str
    role: str
    obvious: bool


@dataclass(frozen=True, slots=True)
class Trail:
    """The shortest way to a step: its first and its last labels, and how many are left out between
    them. `further` counts the other branches by which calls come there."""

    first: tuple[Step, ...] = ()
    omitted: int = 0
    last: tuple[Step, ...] = ()
    further: int = 0


NO_TRAIL = Trail()


@dataclass(frozen=True, slots=True)
class Reached:
    """What a call comes to: the action, the endpoint it names, and a name for it all."""

    name: Words
    action: str | None = None
    endpoint: str | None = None
    place: Place | None = None


# -- a scenario as far as it can be read -----------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Stop:
    """An action as written, whatever is wrong with its scenario otherwise."""

    id: str
    type: str
    branches: Mapping[str, str | None]
    parameters: Mapping[str, Value]
    endpoint: str | None
    place: Place

    @property
    def known(self) -> catalogue.ActionType | None:
        return catalogue.known().get(self.type)

    @property
    def role(self) -> str:
        return self.known.role if self.known else ""

    @property
    def has_one_way(self) -> bool:
        return self.known is not None and len(self.known.branches) == 1 and len(self.branches) < 2

    @property
    def target(self) -> str | None:
        """The parameter that says what a call comes to here: `queue`, `user`, `number`."""
        if self.known is None or self.role:
            return None
        texts = (name for name, holds in self.known.parameters.items() if holds == "text")
        return next((name for name in texts if name in self.parameters), None)


class Nothing(Enum):
    """Where no action is."""

    END = "a branch that ends the call"
    UNWRITTEN = "a branch that is not written"
    MISSING = "an action that is not there"
    NO_START = "a scenario without a start"


@dataclass(frozen=True, slots=True)
class Nowhere:
    """What a call comes to where no action is; `target` is the id that was to be there."""

    why: Nothing
    target: str = ""


Spot = Stop | Nowhere


@dataclass(frozen=True)
class Route:
    """A scenario: the numbers that lead to it, its start and its actions."""

    member: Member
    root: MappingNode

    @property
    def reference(self) -> str:
        return self.member.reference

    @cached_property
    def numbers(self) -> tuple[str, ...]:
        node = self.root.get("entry_points")
        items = node.items if isinstance(node, SequenceNode) else [node]
        return tuple(dict.fromkeys(i.value for i in items if isinstance(i, Scalar)))

    @cached_property
    def actions(self) -> Mapping[str, Stop]:
        node = self.root.get("actions")
        entries = node.entries if isinstance(node, MappingNode) else []
        return {key.value: _action(key, value, self.member.path) for key, value in entries}

    @cached_property
    def endpoints(self) -> frozenset[str]:
        return frozenset(a.endpoint for a in self.actions.values() if a.endpoint is not None)

    @property
    def is_empty(self) -> bool:
        return not self.actions

    @cached_property
    def reached(self) -> frozenset[str]:
        """The endpoints that calls come to."""
        return self.beyond([self.start()])

    def beyond(self, spots: Iterable[Spot]) -> frozenset[str]:
        """The endpoints that calls come to from one of these on, themselves among them."""
        ahead = [spot for spot in spots if isinstance(spot, Stop)]
        met = {action.id: action for action in ahead}
        while ahead:
            targets = (self.at(target) for target in ahead.pop().branches.values())
            fresh = {to.id: to for to in targets if isinstance(to, Stop) and to.id not in met}
            met |= fresh
            ahead += fresh.values()
        return frozenset(a.endpoint for a in met.values() if a.endpoint is not None)

    def start(self) -> Spot:
        id = text_of(self.root.get("start"))
        return Nowhere(Nothing.NO_START) if id is None else self.at(id)

    def at(self, id: str | None) -> Spot:
        if id is None:
            return Nowhere(Nothing.END)
        return self.actions.get(id) or Nowhere(Nothing.MISSING, id)

    def after(self, action: Stop, label: str) -> Spot:
        """Where a call comes that leaves an action by a label: keys and numbers that have no branch
        take the default one."""
        if label in action.branches:
            return self.at(action.branches[label])
        if action.role in ("menu", "value") and _DEFAULT in action.branches:
            return self.at(action.branches[_DEFAULT])
        return Nowhere(Nothing.UNWRITTEN)


_DEFAULT = "default"


def _action(key: Scalar, node: Node, path: str) -> Stop:
    entry = node if isinstance(node, MappingNode) else None
    type_ = text_of(entry.get("action")) if entry else None
    known = catalogue.known().get(type_ or "")
    named = known.endpoint_parameter if known else None
    branches = entry.get("branches") if entry else None
    return Stop(
        key.value,
        type_ or "",
        {k.value: text_of(v) for k, v in branches.entries}
        if isinstance(branches, MappingNode)
        else {},
        {
            k: free_value(k, v)
            for k, v in (told_entries(entry) if entry else ())
            if k not in ("action", "branches", named) and not k.startswith("x-")
        },
        text_of(entry.get(named)) if entry and named else None,
        key.place(path),
    )


def text_of(node: Node | None) -> str | None:
    """A scalar's text; None for what is none, and for null."""
    if not isinstance(node, Scalar):
        return None
    return None if node.plain and scalars.taken_for(node.value) == "null" else node.value


# -- a server ------------------------------------------------------------------------------------

_SERVER = ("host", "port", "transport")
_ON_CALLS = (*_SERVER, "codecs", "username", "password", "realm", "register")
"""The fields of an endpoint that a call can notice."""


@dataclass(frozen=True, slots=True)
class _Server:
    """An endpoint as calls meet it."""

    values: Snapshot

    @property
    def host(self) -> str | None:
        data = self.values.get("host", ABSENT).data
        return hosts.compared(data) if isinstance(data, str) else None

    def text(self, full: bool) -> str:
        """`sip.example.net:5061`; `full` with what a reader else could not tell apart."""
        host, port, transport = (self.values.get(f, ABSENT) for f in _SERVER)
        address = hosts.with_port(host.text(), port.text().removesuffix(" (default)"))
        more = [] if port.given or not full else ["default port"]
        more += [transport.text().removesuffix(" (default)")] if full else []
        return f"{address} ({', '.join(more)})" if more else address

    def differing(self, other: _Server) -> list[str]:
        """The fields that calls can notice and that differ."""
        pairs = ((f, self.values.get(f, ABSENT), other.values.get(f, ABSENT)) for f in _ON_CALLS)
        changed = [f for f, a, b in pairs if not same(f, a, b)]
        return [f for f in changed if f != "host" or self.host != other.host]


@dataclass(frozen=True)
class Version:
    """One version: its scenarios as routes, its endpoints as servers."""

    state: State

    @cached_property
    def routes(self) -> dict[str, Route]:
        members = self.state.inventory.of_kind(SCENARIO).values()
        return {m.reference: Route(m, m.root) for m in members if m.root is not None}

    @cached_property
    def blind(self) -> frozenset[str]:
        """The scenarios that cannot be read."""
        members = self.state.inventory.of_kind(SCENARIO).values()
        return frozenset(m.reference for m in members if m.root is None)

    @cached_property
    def owners(self) -> dict[str, tuple[str, ...]]:
        """The scenarios that each number leads to."""
        found: dict[str, list[str]] = {}
        for reference, route in sorted(self.routes.items()):
            for number in route.numbers:
                found.setdefault(number, []).append(reference)
        return {number: tuple(references) for number, references in found.items()}

    @cached_property
    def _namers(self) -> dict[str, list[Route]]:
        found: dict[str, list[Route]] = {}
        for route in self.routes.values():
            for endpoint in route.endpoints:
                found.setdefault(endpoint, []).append(route)
        return found

    def reaching(self, endpoint: str) -> list[Route]:
        """The scenarios by which calls come to an endpoint."""
        return [r for r in self._namers.get(endpoint, ()) if endpoint in r.reached]

    @cached_property
    def _servers(self) -> dict[str, _Server]:
        return {}

    def server(self, reference: str) -> _Server | None:
        """An endpoint by reference; None for one that is not there or cannot be read."""
        member = self.state.members.get(ENDPOINT.path(reference))
        if member is None or member.root is None:
            return None
        if reference not in self._servers:
            self._servers[reference] = _Server(snapshot(member.root, ENDPOINT))
        return self._servers[reference]

    def serves(self, reference: str) -> bool:
        """True where calls that come to an endpoint reach a host."""
        server = self.server(reference)
        return server is not None and server.host is not None

    def has(self, reference: str) -> bool:
        return ENDPOINT.path(reference) in self.state.members


# -- words for what a call comes to --------------------------------------------------------------


def _kind_of_action(action: Stop) -> Words:
    name = Given(action.known.name if action.known else action.type or "no type")
    return (Given(action.id), " (", name, ")")


def _target(action: Stop) -> Words | None:
    """`queue support`."""
    if action.target is None:
        return None
    value = action.parameters[action.target]
    return (f"{action.target} ", Given(_cut(value.text())))


def _fault(action: Stop, version: Version) -> Words | None:
    """Why calls reach nothing at an action for an endpoint; None where they reach a server."""
    if action.endpoint is None:
        return ("the action ", Given(action.id), " names no endpoint")
    server = version.server(action.endpoint)
    if server is None and version.has(action.endpoint):
        return ("the file of the endpoint ", Given(action.endpoint), " cannot be read")
    if server is None:
        return ("there is no endpoint ", Given(action.endpoint))
    return None if server.host else ("the endpoint ", Given(action.endpoint), " has no host")


def reached(spot: Spot, version: Version) -> Reached:
    if isinstance(spot, Nowhere):
        return Reached(("ending",) if spot.why is Nothing.END else ("nothing",))
    name = _kind_of_action(spot)
    if spot.role == "endpoint":
        name = ("nothing",) if _fault(spot, version) else (Given(spot.endpoint or ""),)
    return Reached(_target(spot) or name, spot.id, spot.endpoint, spot.place)


def _instead(spot: Spot, version: Version) -> Words:
    if isinstance(spot, Nowhere) and spot.why is Nothing.UNWRITTEN:
        return (", where no branch was written",)
    return (" instead of ", *reached(spot, version).name)


NOTHING = "will reach nothing: "


def _coming(spot: Spot, version: Version) -> tuple[Words, bool]:
    """What calls will come to, and whether that is silence."""
    if isinstance(spot, Nowhere):
        return _ending(spot), True
    if spot.role == "endpoint":
        fault = _fault(spot, version)
        server = version.server(spot.endpoint or "")
        if fault or server is None:
            return (NOTHING, *(fault or ())), True
        return ("will go to ", Given(server.text(full=False))), False
    return ("will reach ", *(_target(spot) or _kind_of_action(spot))), False


def _ending(spot: Nowhere) -> Words:
    if spot.why is Nothing.MISSING:
        return (f"{NOTHING}there is no action ", Given(spot.target))
    if spot.why is Nothing.NO_START:
        return (f"{NOTHING}the scenario has no start",)
    unwritten = " as no branch is written" if spot.why is Nothing.UNWRITTEN else ""
    return (f"will end (hear silence){unwritten}",)


_LONGEST = 60
_PARAMETERS = 3


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


# -- comparing what two calls come to ------------------------------------------------------------

_Felt = tuple[Weight, Words]


@dataclass(frozen=True, slots=True)
class Half:
    """One version of the scenario that is walked."""

    route: Route
    version: Version


def _compare(old: Half, new: Half, was: Spot, now: Spot, served: bool) -> _Felt | None:
    """What a call notices that came to `was` and comes to `now`; `served` where it has been."""
    if isinstance(was, Nowhere) and isinstance(now, Nowhere):
        worse = now.why in (Nothing.MISSING, Nothing.NO_START) and was.why is not now.why
        return (Weight.SILENCE, _ending(now)) if worse else None
    if isinstance(now, Nowhere) and now.why is Nothing.END and served:
        return Weight.DESTINATION, ("will end", *_instead(was, old.version))
    if isinstance(was, Nowhere) or isinstance(now, Nowhere):
        return _replaced(old, new, was, now)
    if was.type != now.type:
        return _passing(old, new, was, now) or _replaced(old, new, was, now)
    if now.role == "endpoint":
        return _servers(old, new, was, now)
    target = was.target or now.target
    if target and not _same_parameter(target, was, now):
        return _replaced(old, new, was, now)
    return _parameters(was, now)


def _replaced(old: Half, new: Half, was: Spot, now: Spot) -> _Felt:
    words, silent = _coming(now, new.version)
    weight = Weight.SILENCE if silent else Weight.DESTINATION
    return weight, (*words, *_instead(was, old.version))


def _passing(old: Half, new: Half, was: Stop, now: Stop) -> _Felt | None:
    """An action that is put in front of another one, or taken away from there."""
    if now.id not in old.route.actions and was.id in now.branches.values() and _is_passed(now):
        weight = Weight.WAY if now.has_one_way else Weight.DESTINATION
        return weight, ("will pass ", *_kind_of_action(now), " before ", Given(was.id))
    if was.id not in new.route.actions and now.id in was.branches.values() and _is_passed(was):
        weight = Weight.WAY if was.has_one_way else Weight.DESTINATION
        words = ("will no longer pass ", *_kind_of_action(was), " before ", Given(now.id))
        return weight, words
    return None


def _is_passed(action: Stop) -> bool:
    return action.role != "endpoint" and action.target is None


def _servers(old: Half, new: Half, was: Stop, now: Stop) -> _Felt | None:
    before = old.version.server(was.endpoint or "")
    after = new.version.server(now.endpoint or "")
    if before is None or after is None or not (before.host and after.host):
        if _fault(was, old.version) and _fault(now, new.version) and was.endpoint == now.endpoint:
            return None
        return _replaced(old, new, was, now)
    fields = before.differing(after)
    weight = Weight.DESTINATION if before.host != after.host else Weight.WAY
    return (weight, _server_words(before, after, fields)) if fields else None


def _server_words(before: _Server, after: _Server, fields: Sequence[str]) -> Words:
    others = [field for field in fields if field not in _SERVER]
    moves = len(others) < len(fields)
    alike = before.text(full=False) == after.text(full=False)
    full = moves and (alike or "transport" in fields)
    words: Words = ("will go to ", Given(after.text(full=full)))
    if moves:
        words = (*words, " instead of ", Given(before.text(full=full)))
    if others:
        words = (*words, f" with other {' and '.join(others)}")
    return words


def _same_parameter(name: str, was: Stop, now: Stop) -> bool:
    return was.parameters.get(name, ABSENT) == now.parameters.get(name, ABSENT)


def _parameters(was: Stop, now: Stop) -> _Felt | None:
    names = dict.fromkeys((*now.parameters, *was.parameters))
    differing = [name for name in names if not _same_parameter(name, was, now)]
    told = [_parameter(name, was, now) for name in differing[:_PARAMETERS]]
    told += _order(was, now)
    if not told:
        return None
    decides = now.role in ("calendar", "value", "shares")
    weight = Weight.DESTINATION if decides else Weight.WAY
    head = "will be sent on by other rules at " if decides else "will find another "
    words: list[str] = [head, *_kind_of_action(now)]
    for number, one in enumerate(told):
        words += [", " if number else ": ", *one]
    if len(differing) > _PARAMETERS:
        words.append(f" and {len(differing) - _PARAMETERS} more")
    return weight, tuple(words)


def _parameter(name: str, was: Stop, now: Stop) -> Words:
    old, new = (side.parameters.get(name, ABSENT).text() for side in (was, now))
    other = (" (another value)",) if old == new else ()
    return (Given(name), " ", Given(_cut(old)), " -> ", Given(_cut(new)), *other)


def _order(was: Stop, now: Stop) -> list[Words]:
    """The patterns of a test of a value: of those that fit a call, the first is taken."""
    if now.role != "value":
        return []
    common = was.branches.keys() & now.branches.keys()
    then, since = ([x for x in a.branches if x in common] for a in (was, now))
    if then == since:
        return []
    old, new = (Given(_cut(", ".join(order))) for order in (then, since))
    return [("order of patterns ", old, " -> ", new)]


# -- walking both versions of a scenario ---------------------------------------------------------

MOST = 50_000
"""So many pairs of steps are compared in one scenario. A change that shifts labels so that every
old step meets every new one could make more; it is told then."""

_EDGE = 16
"""So many labels of a way are kept at each end."""


@dataclass(slots=True)
class _Tree:
    """The shortest ways to all steps: each is a branch of another. The root is 0."""

    parents: list[int] = field(default_factory=lambda: [0])
    steps: list[Step | None] = field(default_factory=lambda: [None])
    depths: list[int] = field(default_factory=lambda: [0])
    firsts: list[tuple[Step, ...]] = field(default_factory=lambda: [()])

    def add(self, parent: int, step: Step) -> int:
        depth, first = self.depths[parent] + 1, self.firsts[parent]
        self.parents.append(parent)
        self.steps.append(step)
        self.depths.append(depth)
        self.firsts.append((*first, step) if depth <= _EDGE else first)
        return len(self.parents) - 1

    def trail(self, at: int, further: int) -> Trail:
        depth, first, last = self.depths[at], self.firsts[at], deque[Step]()
        while (step := self.steps[at]) is not None and len(last) < min(depth - len(first), _EDGE):
            last.appendleft(step)
            at = self.parents[at]
        return Trail(first, depth - len(first) - len(last), tuple(last), further)


_Key = tuple[str, str]


def _key(spot: Spot) -> _Key:
    return ("", spot.id) if isinstance(spot, Stop) else (spot.why.name, spot.target)


@dataclass(frozen=True, slots=True)
class Noticed:
    """What a call notices, by which way it came there, and the pair whose ways count for it."""

    weight: Weight
    what: Words
    at: int
    counted: tuple[_Key, _Key]
    was: Spot
    now: Spot


@dataclass(slots=True)
class Walk:
    """Goes both versions at once, nearest steps first."""

    old: Half
    new: Half
    tree: _Tree = field(default_factory=_Tree)
    seen: set[tuple[_Key, _Key]] = field(default_factory=set)
    arrivals: Counter[tuple[_Key, _Key]] = field(default_factory=Counter)
    ahead: deque[tuple[Stop, Stop, int]] = field(default_factory=deque)
    noticed: list[Noticed] = field(default_factory=list)
    is_cut: bool = False

    def run(self) -> list[Noticed]:
        was, now = self.old.route.start(), self.new.route.start()
        self._meet(was, now, 0, (_key(was), _key(now)), served=False)
        self._drain()
        self._meet_again()
        self._drain()
        return self.noticed

    def trail(self, one: Noticed) -> Trail:
        return self.tree.trail(one.at, max(self.arrivals[one.counted] - 1, 0))

    def _drain(self) -> None:
        while self.ahead:
            was, now, at = self.ahead.popleft()
            source = (_key(was), _key(now))
            for label in dict.fromkeys((*now.branches, *was.branches)):
                to = (self.old.route.after(was, label), self.new.route.after(now, label))
                self._meet(*to, self.tree.add(at, _step(now, label)), source, _serves(now, label))

    def _meet(self, was: Spot, now: Spot, at: int, source: tuple[_Key, _Key], served: bool) -> None:
        pair = (_key(was), _key(now))
        self.arrivals[pair] += 1
        same_step, again = pair[0] == pair[1], pair in self.seen
        if again and same_step:
            return
        found = _compare(self.old, self.new, was, now, served)
        if found:  # a step that differs is told once, each branch that leads elsewhere by itself
            counted = pair if same_step else source
            self.noticed.append(Noticed(*found, at, counted, was, now))
        if not again:
            self._follow(pair, was, now, at)

    def _follow(self, pair: tuple[_Key, _Key], was: Spot, now: Spot, at: int) -> None:
        self.is_cut = self.is_cut or len(self.seen) >= MOST
        if self.is_cut:
            return
        self.seen.add(pair)
        both = isinstance(was, Stop) and isinstance(now, Stop)
        if both and was.type == now.type:  # type: ignore[union-attr]
            self.ahead.append((was, now, at))  # type: ignore[arg-type]

    def _meet_again(self) -> None:
        """Compare the steps that calls come to in both versions, and not by the same labels: behind
        an action that was put in between, say."""
        before = {id for id, _ in _ways(self.old.route, _Tree())}
        for id, at in _ways(self.new.route, self.tree):
            pair = (("", id), ("", id))
            if id in before and pair not in self.seen:
                was, now = self.old.route.actions[id], self.new.route.actions[id]
                self._meet(was, now, at, pair, served=False)
                self.arrivals[pair] -= 1  # no branch that led there


def _ways(route: Route, tree: _Tree) -> Iterator[tuple[str, int]]:
    """Every action that calls come to and the shortest way there, which is added to the tree."""
    start = route.start()
    if not isinstance(start, Stop):
        return
    met, ahead = {start.id}, deque([(start, 0)])
    while ahead:
        action, at = ahead.popleft()
        yield action.id, at
        for label, target in action.branches.items():
            to = route.actions.get(target) if target is not None else None
            if to is not None and to.id not in met:
                met.add(to.id)
                ahead.append((to, tree.add(at, _step(action, label))))


def _step(action: Stop, label: str) -> Step:
    return Step(action.id, label, action.role, action.has_one_way)


def _serves(action: Stop, label: str) -> bool:
    """True where a call that takes this branch has been served, and may well end there."""
    failures = action.known.failures if action.known else ()
    return bool(failures) and label not in failures
