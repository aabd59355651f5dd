"""A scenario as a flowchart of Mermaid, whatever its labels hold."""

from __future__ import annotations

import re

from sipctl.render.drawing import END, ENTRY, UNKNOWN, Edge, Node, drawing
from sipctl.scenarios.scenario import Scenario

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


# What Mermaid could take for syntax, HTML or Markdown becomes an entity (`#35;`): all of ASCII but
# letters, digits, space and * + , - . : _ . From a line in which an entity comes after `style` or
# `classDef` and a colon it takes the last semicolon.
_SYNTAX = re.compile(r"[!-)/;-@\[-^`{-~\u200b]|s(?=tyle)|c(?=lassDef)")

# Some of it counts even after entities have become characters again: an icon (`fa:fa-user`),
# mathematics (`$$`), a line break (`\n`), and what Mermaid itself writes for entities (`ﬂ°°35¶ß`).
# There a space without width comes between.
_PAIRS = re.compile(r"(?<=:)(?=fa-)|(?<=\$)(?=\$)|(?<=\\)(?=n)|(?<=ﬂ)(?=°)|(?<=¶)(?=ß)")


def _escaped(text: str) -> str:
    return _SYNTAX.sub(lambda match: f"#{ord(match[0])};", _PAIRS.sub("\u200b", text))
