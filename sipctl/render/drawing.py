"""What a picture of a scenario holds, whatever language draws it.

Nodes have made-up names, so that nothing of a scenario stands where a language has its syntax.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from sipctl.render import shortened, visible
from sipctl.render.action import named, numbers, telling, type_name
from sipctl.scenarios.scenario import Action, Scenario

ENTRY, END, UNKNOWN = "entry", "end", "unknown"
"""The roles of nodes that are no actions. Those of actions are the catalogue's."""

_LONGEST = 80  # characters of a label, or of a line in a node; … stands for what is left out


@dataclass(frozen=True, slots=True)
class Node:
    """A shape with lines of visible characters in it."""

    name: str
    role: str
    lines: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Edge:
    """An arrow between two nodes, by their names; that of the entry has no label.

    A broken one leads to an action that does not exist.
    """

    source: str
    target: str
    label: str | None
    is_broken: bool


@dataclass(slots=True)
class Drawing:
    """All nodes, and all edges in the order of the file."""

    nodes: list[Node] = field(default_factory=list)
    edges: list[Edge] = field(default_factory=list)


def drawing(scenario: Scenario) -> Drawing:
    """The entry, the actions, and for each branch its edge; a branch that ends the call has an end
    of its own, and an unknown target stands there once."""
    drawn = Drawing([Node(ENTRY, ENTRY, _entry(scenario))])
    names = {id: f"n{number}" for number, id in enumerate(scenario.actions)}
    for id, action in scenario.actions.items():
        drawn.nodes.append(Node(names[id], action.role, _action(id, action)))
    if scenario.start is not None:
        _connect(drawn, names, ENTRY, scenario.start, None)
    for id, action in scenario.actions.items():
        for label, target in action.branches.items():
            _connect(drawn, names, names[id], target, _short(named(label)))
    return drawn


def _connect(
    drawn: Drawing, names: dict[str, str], source: str, target: str | None, label: str | None
) -> None:
    if target is None:
        drawn.nodes.append(Node(f"e{len(drawn.edges)}", END))
    elif target not in names:
        names[target] = f"u{len(drawn.edges)}"
        drawn.nodes.append(Node(names[target], UNKNOWN, (_short(named(target)), "no such action")))
    name = drawn.nodes[-1].name if target is None else names[target]
    drawn.edges.append(Edge(source, name, label, name.startswith("u")))


def _entry(scenario: Scenario) -> tuple[str, ...]:
    return _lines(scenario.reference, scenario.name or "", numbers(scenario))


def _action(id: str, action: Action) -> tuple[str, ...]:
    return _lines(named(id), type_name(action), telling(action))


def _lines(*texts: str) -> tuple[str, ...]:
    return tuple(_short(visible(text)) for text in texts if text)


def _short(text: str) -> str:
    return shortened(text, _LONGEST)
