"""What differs and what calls notice as a comment on a pull request: for GitHub and GitLab.

Nothing that comes from a file is read as Markdown there: it stands in code, inline (CommonMark
0.31.2, section 6.1) or fenced (section 4.5), where neither mentions and issues nor links, images,
HTML and emoji are looked for. A pipe in a table is escaped (GFM 0.29, section 4.10).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import accumulate

from sipctl.diff.comparison import Comparison, Difference
from sipctl.diff.consequences import Caution, Consequence, Impact, further, way
from sipctl.diff.detours import Given, Weight
from sipctl.findings import Place
from sipctl.render import comparison as plain
from sipctl.render import shortened, visible
from sipctl.render.plan import summary

LIMIT = 60_000
"""So many characters at most: GitHub takes 65,536 for a comment."""

_FOR_CAUTIONS = 20_000
_FOR_THE_END = 1_000
_LEAST_DETAILS = 500
_WIDEST = 80
"""So wide is a value in a sentence or a table."""

_MARKS = {
    Weight.SILENCE: "**silence**",
    Weight.DESTINATION: "**elsewhere**",
    Weight.WAY: "otherwise",
    Weight.NONE: "",
}


def plan(against: str, impact: Impact, comparison: Comparison) -> str:
    """A plan: what could hide a change, the table of consequences, the changes folded."""
    page = _Page()
    page.add("### What this change does to calls\n")
    page.add(f"Compared with {code(against)}.\n")
    if impact.cautions:
        page.add("**Look first at**\n")
        page.items(map(_caution, impact.cautions), len(impact.cautions), _FOR_CAUTIONS)
    if impact.consequences:
        rows = map(_consequence, impact.consequences)
        page.table(("", "calls", "what happens", "where"), rows, len(impact.consequences))
    page.details(comparison, "the changes")
    page.add(f"{summary(impact, comparison)}")
    return page.text()


def diff(old: str, new: str, comparison: Comparison) -> str:
    """A table of the files that differ, and their fields folded."""
    page = _Page()
    page.add(f"### What differs between {code(old)} and {code(new)}\n")
    if comparison.differences:
        rows = map(_difference, comparison.differences)
        page.table(("", "what", "fields"), rows, len(comparison.differences))
    page.details(comparison, "all fields")
    page.add(", ".join(plain.counted(comparison)) or "nothing differs")
    return page.text()


# -- inert values --------------------------------------------------------------------------------

_TICKS = re.compile("`+")


def code(value: str, in_table: bool = False) -> str:
    """A value as code: on one line, not too wide, and nothing in it ends the code."""
    shown = shortened(visible(value), _WIDEST) or '""'
    ticks = "`" * (max(map(len, _TICKS.findall(shown)), default=0) + 1)
    # one blank at both ends is taken away again, and must not be one of the value's own
    pad = " " if shown[0] in "` " or shown[-1] in "` " else ""
    text = f"{ticks}{pad}{shown}{pad}{ticks}"
    return text.replace("|", "\\|") if in_table else text


def words(sentence: Sequence[str], in_table: bool = False) -> str:
    """A sentence, the values in it as code."""
    return "".join(code(w, in_table) if isinstance(w, Given) else w for w in sentence)


FENCE = "```"
"""No line of a change ends it: each begins with a sign, or with more blanks than a fence may."""


# -- what stands in it ---------------------------------------------------------------------------


def _at(place: Place) -> str:
    return f"{place.file}:{place.line}:{place.column}"


def _caution(caution: Caution) -> str:
    return f"- {words(caution.what)} ({code(_at(caution.place))})"


def _consequence(one: Consequence) -> tuple[str, ...]:
    labels = [words(label, in_table=True) for label in way(one.trail)]
    who = ", ".join([words(one.who, in_table=True), *labels])
    what = words((*one.what, *further(one.trail)), in_table=True)
    where = [one.scenario] if one.scenario and one.weight is not Weight.NONE else []
    where += [_at(one.place)] if one.place else []
    return (_MARKS[one.weight], who, what, ", ".join(code(w, in_table=True) for w in where))


_FIELDS = 8


def _difference(difference: Difference) -> tuple[str, ...]:
    names = [code(one.change.field, in_table=True) for one in difference.fields]
    more = [f"{len(names) - _FIELDS} more"] if len(names) > _FIELDS else []
    fields = "cannot be read" if plain.faults(difference) else ", ".join([*names[:_FIELDS], *more])
    return difference.kind, code(plain.title(difference), in_table=True), fields


# -- a page that is not too long -----------------------------------------------------------------


@dataclass(slots=True)
class _Page:
    """Grows part by part; each takes as much as is left, and says what it leaves out."""

    parts: list[str] = field(default_factory=list)
    length: int = 0

    def add(self, text: str) -> None:
        self.parts.append(text)
        self.length += len(text) + 1

    @property
    def left(self) -> int:
        return LIMIT - _FOR_THE_END - self.length

    def text(self) -> str:
        return "\n".join(self.parts)

    def items(self, lines: Iterable[str], count: int, room: int) -> None:
        taken = self._take(lines, min(room, self.left))
        more = [f"- … and {count - taken} more, which did not fit"] if taken < count else []
        self.add("\n".join([*more, ""]))

    def table(self, header: Sequence[str], rows: Iterable[Sequence[str]], count: int) -> None:
        self.add(_row(header))
        self.add(_row(["---"] * len(header)))
        taken = self._take(map(_row, rows), self.left)
        if taken < count:
            self.add(f"\n… and {count - taken} more, which did not fit")
        self.add("")

    def _take(self, lines: Iterable[str], room: int) -> int:
        """Add the lines that fit, and count them."""
        taken, end = 0, self.length + room
        for line in lines:
            if self.length + len(line) + 1 > end:
                break
            self.add(line)
            taken += 1
        return taken

    def details(self, comparison: Comparison, what: str) -> None:
        """The changes by field, folded; those that do not fit are counted."""
        if not comparison.differences:
            return
        text = "".join(text for text, _ in plain.changes(comparison.differences))
        lines = text.splitlines()
        if self.left < _LEAST_DETAILS:
            self.add(f"The {len(lines)} lines of {what} did not fit.\n")
            return
        kept = _fitting(lines, self.left - _LEAST_DETAILS)
        self.add(f"<details>\n<summary>{what}</summary>\n")
        self.add("\n".join((f"{FENCE}diff", *kept, FENCE)))
        if len(kept) < len(lines):
            self.add(f"\n… and {len(lines) - len(kept)} more lines, which did not fit")
        self.add("\n</details>\n")


def _fitting(lines: Sequence[str], room: int) -> list[str]:
    """The first lines that have room together."""
    ends = accumulate(len(line) + 1 for line in lines)
    return [line for line, end in zip(lines, ends, strict=True) if end <= room]


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
