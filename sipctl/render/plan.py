"""What a change does to calls, for people."""

from __future__ import annotations

from collections.abc import Sequence

from sipctl.diff.comparison import Comparison
from sipctl.diff.consequences import Caution, Consequence, Impact, sentence
from sipctl.diff.detours import Weight
from sipctl.render import Segments, visible
from sipctl.render.comparison import at, changes, counted

_MARKS = {
    Weight.SILENCE: ("!", "bold red"),
    Weight.DESTINATION: ("~", "yellow"),
    Weight.WAY: ("~", "cyan"),
    Weight.NONE: (" ", "dim"),
}


def plan(against: str, impact: Impact, comparison: Comparison) -> Segments:
    """What could hide a change, what calls notice, the changes; the last line counts them."""
    yield f"against {visible(against)}\n", "dim"
    if impact.cautions:
        yield "\nlook first at\n", "bold"
        for caution in impact.cautions:
            yield from _caution(caution)
    if impact.consequences:
        yield "\ncalls\n", "bold"
        for one in impact.consequences:
            yield from _consequence(one)
    if comparison.differences:
        yield "\nchanges\n", "bold"
        yield from changes(comparison.differences)
    yield f"\n{summary(impact, comparison)}\n", "bold"


def _caution(caution: Caution) -> Segments:
    yield f"! {plain(caution.what)}", "bold yellow"
    yield f"  ({at(caution.place)})\n", "dim"


def _consequence(one: Consequence) -> Segments:
    sign, style = _MARKS[one.weight]
    yield f"{sign} {plain(sentence(one))}", style
    yield f"{where(one)}\n", "dim"


def where(one: Consequence) -> str:
    """The scenario of a consequence and where to look: `  (support-in, scenarios/…:23:3)`."""
    parts = [one.scenario] if one.scenario and one.weight is not Weight.NONE else []
    parts += [at(one.place)] if one.place and one.weight is not Weight.NONE else []
    return f"  ({visible(', '.join(parts))})" if parts else ""


def plain(words: Sequence[str]) -> str:
    """A sentence as text."""
    return visible("".join(words))


def summary(impact: Impact, comparison: Comparison) -> str:
    """`2 endpoints changed, 1 scenario changed; 3 ways of calls change`."""
    parts = [", ".join(counted(comparison)) or "nothing changes"]
    felt = len(impact.felt)
    if felt or comparison.differences:
        parts.append(f"{felt or 'no'} way{'s' * (felt != 1)} of calls change{'s' * (felt == 1)}")
    silent = sum(one.weight is Weight.SILENCE for one in impact.felt)
    if silent:
        parts[-1] += f", {silent} of them to silence"
    cautions = len(impact.cautions)
    if cautions:
        parts.append(f"{cautions} to look at first")
    return "; ".join(parts)
