"""A call's way through a scenario, for people: a step a line, in 80 columns."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from sipctl import hosts
from sipctl.endpoint import Endpoint
from sipctl.render import Segments, visible
from sipctl.render.cells import padded, width
from sipctl.scenarios.routing import Branch, Call, End, Ending, Step, Trace, Way

_WIDTH = 80
_LEAST = 24
"""Columns that reasons need; with fewer they stand below their steps."""


def text(trace: Trace) -> Segments:
    """The way, and that after each endpoint that fails."""
    yield f"{visible(trace.file)}\n", "bold"
    known = visible(_known(trace.call))
    if known:
        yield f"{known}\n", "dim"
    ways = (trace.way, *trace.failures)
    layout = _Layout.of([step for way in ways for step in way.steps])
    for way in ways:
        yield "\n", ""
        yield from _heading(way)
        for step in way.steps:
            yield from layout.line(step)
        yield from _ENDS[way.end.ending](way.end)
    if ways[-1].end.ending is Ending.ENDPOINT:
        yield "if it fails, the call ends: no failure branch leads on\n", ""


def _known(call: Call) -> str:
    parts = [f"called {call.called}"] if call.called is not None else []
    parts += [f"caller {call.caller}"] if call.caller is not None else []
    parts += [f"at {call.at.isoformat(' ', 'minutes')}"] if call.at is not None else []
    parts += [f"keys {' '.join(call.keys)}"] if call.keys else []
    return ", ".join(parts)


def _heading(way: Way) -> Segments:
    if way.failed is not None:
        where = f"branch {visible(way.failed.label)}, line {way.failed.place.line}"
        yield "if it fails", "bold"
        yield f" ({where}):\n", ""


@dataclass(frozen=True, slots=True)
class _Layout:
    """The widths of the columns: line, action, type, branch."""

    widths: tuple[int, ...]

    @classmethod
    def of(cls, steps: list[Step]) -> _Layout:
        rows = [_cells(step) for step in steps] or [("", "", "", "")]
        return cls(tuple(max(map(width, column)) for column in zip(*rows, strict=True)))

    def line(self, step: Step) -> Segments:
        line, action, name, label = _cells(step)
        first, second, third, fourth = self.widths
        yield f"  {line:>{first}}  ", "blue"
        yield f"{padded(action, second)}  ", "bold"
        yield padded(name, third) if label else name, ""
        if label:
            yield f"  {padded(label, fourth) if step.why else label}", "green"
        yield from self._reason(visible(step.why))
        yield "\n", ""

    def _reason(self, why: str) -> Segments:
        indent = 2 + sum(self.widths) + 2 * len(self.widths)
        below = _WIDTH - indent < _LEAST
        if below:
            indent = self.widths[0] + 4
        for number, line in enumerate(_wrapped(why, _WIDTH - indent)):
            gap = f"\n{' ' * indent}" if number or below else "  "
            yield f"{gap}{line}", "dim"


def _wrapped(text: str, width: int) -> list[str]:
    """Lines of at most `width`, broken behind commas where that will do."""
    lines = [""]
    for clause in text.split(", "):
        joined = f"{lines[-1]}, {clause}" if lines[-1] else clause
        if len(joined) <= width:
            lines[-1] = joined
            continue
        lines[-1] += "," if lines[-1] else ""
        lines += textwrap.wrap(clause, width, break_long_words=False, break_on_hyphens=False)
    return [line for line in lines if line]


def _cells(step: Step) -> tuple[str, str, str, str]:
    label = step.branch.label if step.branch else ""
    return (str(step.place.line), visible(step.action), visible(step.name), visible(label))


# -- ends ----------------------------------------------------------------------------------------


def _endpoint(end: End) -> Segments:
    yield "ends at ", ""
    if end.endpoint is None:
        yield f"{visible(end.reference or end.action or '')}", "bold red"
        yield from _fault(end)
    else:
        yield f"{visible(end.reference or '')}", "bold green"
        yield f", {visible(server(end.endpoint))}\n", ""


def server(endpoint: Endpoint) -> str:
    """Where calls go: `sip.example.net:5060 (udp)`, and whether the port is the default one."""
    address = hosts.with_port(endpoint.host, endpoint.effective("port"))
    default = "default port, " if endpoint.port is None else ""
    transport = endpoint.effective("transport")
    return f"{address} ({default}{transport})"


def _fault(end: End) -> Segments:
    yield f": {visible(end.why)}\n", ""
    if end.hint:
        yield f"{visible(end.hint)}\n", "green"


def _ended(end: End) -> Segments:
    yield "ends after ", ""
    yield f"{visible(end.action or '')}", "bold"
    yield f": {end.why} (line {end.place.line})\n", ""


def _last(end: End) -> Segments:
    yield "ends at ", ""
    yield f"{visible(end.action or '')}", "bold"
    yield f": {end.why}\n", ""


def _stopped(end: End) -> Segments:
    yield "stops at ", "yellow"
    yield f"{visible(end.action or '')}", "bold yellow"
    yield f": {visible(end.why)}\n", ""
    room = max((width(visible(branch.label)) for branch in end.choices), default=0)
    for branch in end.choices:
        yield from _choice(branch, room)
    if end.hint:
        yield f"in the file: {visible(end.hint)}\n", "green"
    yield f"decide it with {visible(' or '.join(end.arguments))}\n", "green"


def _choice(branch: Branch, room: int) -> Segments:
    yield f"  {branch.place.line:>4}  ", "blue"
    yield padded(visible(branch.label), room), "bold"
    yield f"  {'ends the call' if branch.target is None else visible(branch.target)}\n", ""


def _loop(end: End) -> Segments:
    yield "never ends", "bold red"
    yield f": at {visible(end.target or '')} (line {end.place.line}) {end.why}\n", ""


def _missing(end: End) -> Segments:
    yield "leads nowhere", "bold red"
    yield f" (line {end.place.line})", ""
    yield from _fault(end)


_ENDS: Mapping[Ending, Callable[[End], Iterator[tuple[str, str]]]] = {
    Ending.ENDPOINT: _endpoint,
    Ending.END: _ended,
    Ending.ACTION: _last,
    Ending.STOPPED: _stopped,
    Ending.LOOP: _loop,
    Ending.MISSING: _missing,
}


def ended(end: End) -> str:
    """The end as one line, for a message."""
    first = "".join(text for text, _ in _ENDS[end.ending](end)).splitlines()[0]
    return first.rstrip()
