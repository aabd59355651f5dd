"""A scenario as a graph in DOT, the language of Graphviz."""

from __future__ import annotations

from sipctl.render.drawing import END, ENTRY, UNKNOWN, Edge, Node, drawing
from sipctl.scenarios.scenario import Scenario

_SHAPES = {
    "calendar": "shape=hexagon",
    "value": "shape=hexagon",
    "menu": "shape=parallelogram",
    "shares": "shape=trapezium",
    "endpoint": "shape=box, peripheries=2",
    ENTRY: "shape=box, style=rounded",
    END: "shape=circle, width=0.15, fixedsize=true",
    UNKNOWN: "shape=box, style=dashed",
}
_PLAIN = "shape=box"


def dot(scenario: Scenario) -> str:
    """The text of a directed graph from the top down: the actions, their branches as arrows."""
    drawn = drawing(scenario)
    lines = [
        f'digraph "{scenario.reference}" {{',
        "rankdir=TB;",
        "ordering=out;",  # branches from left to right, as in the file
        "node [fontname=Helvetica];",
        "edge [fontname=Helvetica, fontsize=12];",
        *map(_node, drawn.nodes),
        *map(_edge, drawn.edges),
    ]
    return "\n    ".join(lines) + "\n}\n"


def _node(node: Node) -> str:
    label = r"\n".join(map(_escaped, node.lines))
    return f'{node.name} [label="{label}", {_SHAPES.get(node.role, _PLAIN)}];'


def _edge(edge: Edge) -> str:
    attributes = [] if edge.label is None else [f'label="{_escaped(edge.label)}"']
    attributes += ["style=dashed"] if edge.is_broken else []
    listed = f" [{', '.join(attributes)}]" if attributes else ""
    return f"{edge.source} -> {edge.target}{listed};"


def _escaped(text: str) -> str:
    # after a backslash stand DOT's own escapes (\N, \l), and in labels it reads HTML's entities
    return text.replace("&", "&amp;").replace("\\", r"\\").replace('"', r"\"")
