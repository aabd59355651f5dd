"""A scenario as a graph: its links, what a call can reach, and the loops that it cannot leave.

Everything here is linear in the size of the scenario and never recurses: a chain may be long.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice

from sipctl.scenarios.scenario import Scenario


@dataclass(frozen=True, slots=True)
class Link:
    """One branch of an action. `target` None ends the call; it may also name no action at all."""

    source: str
    label: str
    target: str | None


def links(scenario: Scenario) -> Iterator[Link]:
    """Every branch that is written, in the order of the file."""
    for id, action in scenario.actions.items():
        for label, target in action.branches.items():
            yield Link(id, label, target)


def leading_to(scenario: Scenario, ids: Collection[str]) -> list[Link]:
    """The links whose target is one of `ids`, in the order of the file."""
    wanted = frozenset(ids)
    return [link for link in links(scenario) if link.target in wanted]


def reachable(scenario: Scenario) -> frozenset[str]:
    """The actions that a call can come to; none where `start` is absent or names no action."""
    start = scenario.start
    if start is None or start not in scenario.actions:
        return frozenset()
    return frozenset(_from([start], _targets(scenario)))


def unreached(scenario: Scenario) -> list[tuple[str, ...]]:
    """The actions that no call can come to, in groups: each is cut off at its first, and the others
    are those behind it. One missing link makes one group; what stands in two goes to the first."""
    reached = reachable(scenario)
    if len(reached) == len(scenario.actions):
        return []
    targets = _targets(scenario)
    loose = [part for part in _components(targets) if part[0] not in reached]
    part_of = {id: number for number, part in enumerate(loose) for id in part}
    entered = {
        part_of[target]
        for id, number in part_of.items()
        for target in targets[id]
        if part_of.get(target, number) != number
    }
    heads = {part[0] for number, part in enumerate(loose) if number not in entered}
    seen = set(reached)
    return [tuple(_from([id], targets, seen)) for id in scenario.actions if id in heads]


def closed_loops(scenario: Scenario) -> list[tuple[str, ...]]:
    """The loops that no branch leaves: neither to an action outside, nor to the end of the call.

    Each is a strongly connected component with a link inside, its actions in the order of the file.
    A branch that is not written leads nowhere, and one to an unknown action is a fault of its own.
    """
    parts = _components(_targets(scenario))
    return _in_file_order(scenario, [part for part in parts if _is_closed(scenario, part)])


def _is_closed(scenario: Scenario, part: tuple[str, ...]) -> bool:
    inside = frozenset(part)
    led = [target for id in part for target in scenario.actions[id].branches.values()]
    return bool(led) and all(target in inside for target in led)


def _in_file_order(scenario: Scenario, parts: list[tuple[str, ...]]) -> list[tuple[str, ...]]:
    order = {id: number for number, id in enumerate(scenario.actions)}
    return sorted(parts, key=lambda part: order[part[0]])


_Targets = Mapping[str, list[str]]


def outside(id: str, targets: _Targets) -> list[str]:
    """What an action comes to past those of `targets`, nearest first. These are the links of some
    actions, it among them; what they lead to and is none of them is outside."""
    passed = _from([id], _inside(targets))
    return list(dict.fromkeys(out for at in passed for out in targets[at] if out not in targets))


def some_outside(targets: _Targets) -> dict[str, frozenset[str]]:
    """What `outside` gives for each action, but two of more than two: so all cost no more than
    one."""
    found: dict[str, frozenset[str]] = {}
    for part in _components(_inside(targets)):  # what it leads to has come before it
        led = {target for id in part for target in targets[id]}
        out = {end for at in led for end in ((at,) if at not in targets else found.get(at, ()))}
        found |= dict.fromkeys(part, frozenset(islice(out, 2)))
    return found


def _inside(targets: _Targets) -> _Targets:
    return {id: [target for target in led if target in targets] for id, led in targets.items()}


def _targets(scenario: Scenario) -> _Targets:
    """The actions that each action leads to; targets that do not exist are left out."""
    actions = scenario.actions
    return {
        id: [
            target
            for target in action.branches.values()
            if target is not None and target in actions
        ]
        for id, action in actions.items()
    }


def _from(starts: Iterable[str], targets: _Targets, seen: set[str] | None = None) -> list[str]:
    """What can be come to from `starts`, nearest first, but for what is `seen`; that grows."""
    seen = set() if seen is None else seen
    found = [id for id in starts if id not in seen]
    seen.update(found)
    for id in found:  # grows while it is walked
        for target in targets[id]:
            if target not in seen:
                seen.add(target)
                found.append(target)
    return found


@dataclass(slots=True)
class _Search:
    """Tarjan's search for strongly connected components (SIAM J. Comput. 1, 1972), with its stack
    in the open."""

    targets: _Targets
    number: dict[str, int] = field(default_factory=dict)
    low: dict[str, int] = field(default_factory=dict)
    open: dict[str, None] = field(default_factory=dict)  # a stack that knows what it holds

    def enter(self, id: str) -> tuple[str, Iterator[str]]:
        self.number[id] = self.low[id] = len(self.number)
        self.open[id] = None
        return id, iter(self.targets[id])

    def follow(self, root: str) -> Iterator[tuple[str, ...]]:
        """The components that are found from `root`."""
        way = [self.enter(root)]
        while way:
            id, ahead = way[-1]
            step = next(ahead, None)
            if step is None:
                way.pop()
                if way:
                    self._lower(way[-1][0], self.low[id])
                if self.low[id] == self.number[id]:
                    yield self._close(id)
            elif step not in self.number:
                way.append(self.enter(step))
            elif step in self.open:
                self._lower(id, self.number[step])

    def _lower(self, id: str, low: int) -> None:
        self.low[id] = min(self.low[id], low)

    def _close(self, id: str) -> tuple[str, ...]:
        part: list[str] = []
        while not part or part[-1] != id:
            part.append(self.open.popitem()[0])
        return tuple(part)


def _components(targets: _Targets) -> list[tuple[str, ...]]:
    """The strongly connected components, the actions of each in the order of the file."""
    search = _Search(targets)
    order = {id: number for number, id in enumerate(targets)}
    return [
        tuple(sorted(part, key=order.__getitem__))
        for id in targets
        if id not in search.number
        for part in search.follow(id)
    ]
