"""What differs between two versions, for people."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from sipctl.diff.comparison import Comparison, Difference, FieldDifference
from sipctl.findings import Finding, Place
from sipctl.kinds import KINDS, SCENARIO
from sipctl.render import Segments, visible

_SIGNS = {"created": "+", "deleted": "-"}
_STYLES = {"+": "green", "-": "red", "~": "yellow"}


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
            yield f"  ({at(finding.place)})\n", "dim"
        if difference.kind != "deleted":
            for field in difference.fields:
                yield f"    {visible(field.change.told(difference.kind))}", ""
                yield f"  ({places(field, difference.kind)})\n", "dim"


def title(difference: Difference) -> str:
    """`scenario support-in -> support`; of the settings their file."""
    if difference.member_kind is None:
        return difference.path
    what = "scenario " if difference.member_kind is SCENARIO else ""
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
        return at(one) if one else "-"
    if old and new and old.file == new.file:
        same = (old.line, old.column) == (new.line, new.column)
        return at(new) if same else f"{at(old)} -> {new.line}:{new.column}"
    return f"{at(old) if old else '-'} -> {at(new) if new else '-'}"


def at(place: Place) -> str:
    """A place in one word: `endpoints/pbx.yaml:3:7`."""
    return f"{visible(place.file)}:{place.line}:{place.column}"


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
