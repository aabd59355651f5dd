"""What differs between two versions, and what that does to calls, for people."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from sipctl.comparison import Comparison, Difference, FieldDifference
from sipctl.consequences import Caution, Consequence, Impact, sentence
from sipctl.detours import Weight
from sipctl.findings import Finding, Place
from sipctl.kinds import KINDS, SCENARIO
from sipctl.render import Segments, visible

_SIGNS = {"created": "+", "deleted": "-"}
_STYLES = {"+": "green", "-": "red", "~": "yellow"}
_MARKS = {
    Weight.SILENCE: ("!", "bold red"),
    Weight.DESTINATION: ("~", "yellow"),
    Weight.WAY: ("~", "cyan"),
    Weight.NONE: (" ", "dim"),
}


def diff(comparison: Comparison) -> Segments:
    """All changes by field; the last line counts them."""
    yield from changes(comparison.differences)
    counts = counted(comparison)
    if counts:
        yield f"{', '.join(counts)}\n", "bold"


def changes(differences: Sequence[Difference]) -> Segments:
    """Each file that differs, with its fields."""
    for difference in differences:
        sign = _SIGNS.get(difference.kind, "~")
        yield f"{sign} {title(difference)}\n", _STYLES[sign]
        for told, finding in faults(difference):
            yield f"    {told}: {visible(finding.message)}", "red"
            yield f"  ({_at(finding.place)})\n", "dim"
        if difference.kind != "deleted":
            for field in difference.fields:
                yield f"    {visible(field.change.told(difference.kind))}", ""
                yield f"  ({places(field, difference.kind)})\n", "dim"


def title(difference: Difference) -> str:
    """`scenario support-in -> support`; of the settings their file."""
    if difference.member is None:
        return difference.path
    what = "scenario " if difference.member is SCENARIO else ""
    old = f"{difference.source} -> " if difference.source else ""
    return visible(f"{what}{old}{difference.reference}")


def faults(difference: Difference) -> list[tuple[str, Finding]]:
    """Why a version of the file cannot be read, and which."""
    sides = (("could not be read", difference.old_fault), ("cannot be read", difference.new_fault))
    return [(told, finding) for told, finding in sides if finding]


def places(field: FieldDifference, kind: str = "changed") -> str:
    """Both places of a field: `endpoints/pbx.yaml:3:7 -> 4:7`; what is the same is told once."""
    old, new = field.old, field.new
    if kind == "created" or kind == "deleted" or old == new:
        one = new or old
        return _at(one) if one else "-"
    if old and new and old.file == new.file:
        same = (old.line, old.column) == (new.line, new.column)
        return _at(new) if same else f"{_at(old)} -> {new.line}:{new.column}"
    return f"{_at(old) if old else '-'} -> {_at(new) if new else '-'}"


def _at(place: Place) -> str:
    return f"{visible(place.file)}:{place.line}:{place.column}"


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
    yield f"  ({_at(caution.place)})\n", "dim"


def _consequence(one: Consequence) -> Segments:
    sign, style = _MARKS[one.weight]
    yield f"{sign} {plain(sentence(one))}", style
    yield f"{where(one)}\n", "dim"


def where(one: Consequence) -> str:
    """The scenario of a consequence and where to look: `  (support-in, scenarios/…:23:3)`."""
    parts = [one.scenario] if one.scenario and one.weight is not Weight.NONE else []
    parts += [_at(one.place)] if one.place and one.weight is not Weight.NONE else []
    return f"  ({visible(', '.join(parts))})" if parts else ""


def plain(words: Sequence[str]) -> str:
    """A sentence as text."""
    return visible("".join(words))


# -- counting ------------------------------------------------------------------------------------


def counted(comparison: Comparison) -> list[str]:
    """`2 endpoints changed`, `1 scenario renamed`, `settings changed`."""
    counts = Counter((d.noun, d.kind) for d in comparison.differences)
    nouns = ("settings", *(kind.noun for kind in KINDS))
    kinds = ("created", "changed", "renamed", "deleted")
    rows = [(noun, kind) for noun in nouns for kind in kinds if counts[noun, kind]]
    told = [_count(counts[row], *row) for row in rows]
    layout = len(comparison.layout)
    if layout:
        told.append(f"{layout} file{'s' * (layout > 1)} changed in layout only")
    return told


def _count(count: int, noun: str, kind: str) -> str:
    return f"settings {kind}" if noun == "settings" else f"{count} {noun}{'s' * (count > 1)} {kind}"


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
