"""A scenario as a flowchart of Mermaid, whatever its labels hold."""

from __future__ import annotations

import re

from sipctl.render.drawing import END, ENTRY, UNKNOWN, Edge, Node, drawing
from sipctl.scenario import Scenario

_SHAPES = {
    "calendar": '{{"%s"}}',
    "value": '{{"%s"}}',
    "menu": '[/"%s"/]',
    "shares": r'[/"%s"\]',
    "endpoint": '[["%s"]]',
    ENTRY: '(["%s"])',
    END: '((" "))',
    UNKNOWN: '["%s"]:::unknown',
}
_PLAIN = '["%s"]'


def mermaid(scenario: Scenario) -> str:
    """The text of a flowchart from the top down: the actions, their branches as arrows."""
    drawn = drawing(scenario)
    lines = ["flowchart TD", *map(_node, drawn.nodes), *map(_edge, drawn.edges)]
    if any(node.role == UNKNOWN for node in drawn.nodes):
        lines.append("classDef unknown stroke-dasharray: 4 4")
    return "\n    ".join(lines) + "\n"


def _node(node: Node) -> str:
    text = "<br>".join(map(_escaped, node.lines))
    return f"{node.name}{_SHAPES.get(node.role, _PLAIN).replace('%s', text)}"


def _edge(edge: Edge) -> str:
    arrow = "-.->" if edge.is_broken else "-->"
    label = "" if edge.label is None else f'|"{_escaped(edge.label)}"|'
    return f"{edge.source} {arrow}{label} {edge.target}"


# Between letters or digits - . and _ are only themselves, as is : between digits. All else of ASCII
# but the space becomes an entity (`#35;`), which no version of Mermaid takes for syntax, HTML or
# Markdown. Mermaid itself writes it as ﬂ°°35¶ß before it reads a text, and takes the last ; from a
# line in which `style` or `classDef` stands before a colon and an entity.
_SYNTAX = re.compile(
    r"""
    [-._] (?<! [^\W_] . ) | [-._] (?! [^\W_] )
    | : (?<! [0-9] . ) | : (?! [0-9] )
    | [!-,/;-@\[-^`{-~°¶\u200b]
    | s (?= tyle ) | c (?= lassDef )
    """,
    re.VERBOSE,
)

# Some it still sees when entities are characters again: an icon (`fa:fa-user`), mathematics (`$$`),
# a line break (backslash and n), and its own entities. There a space without width comes between.
_PAIRS = re.compile(r"(?<=:)(?=fa-)|(?<=\$)(?=\$)|(?<=\\)(?=n)|(?<=ﬂ)(?=°)|(?<=¶)(?=ß)")


def _escaped(text: str) -> str:
    return _SYNTAX.sub(lambda match: f"#{ord(match[0])};", _PAIRS.sub("\u200b", text))
