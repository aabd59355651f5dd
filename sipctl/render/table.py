"""Tables in columns."""

from __future__ import annotations

from collections.abc import Sequence

from sipctl.render import Segments, visible
from sipctl.render.cells import cut, padded
from sipctl.render.cells import width as columns_of

_GAP = "  "
_LEAST = 6


def columns(headers: Sequence[str], rows: Sequence[Sequence[str]], width: int | None) -> Segments:
    """Aligned columns, linear in the number of rows; cut to `width` columns where it is given.

    Rich's own tables take seconds for thousands of rows.
    """
    cells = [[visible(cell) for cell in row] for row in rows]
    widths = [max(map(columns_of, column)) for column in zip(headers, *cells, strict=True)]
    if width is not None:
        widths = _fitted(widths, width - len(_GAP) * (len(headers) - 1))
    yield _line(headers, widths), "bold"
    for row in cells:
        yield _line(row, widths), ""


def _fitted(widths: list[int], room: int) -> list[int]:
    """The widths with the widest columns narrowed, one column at a time, until all fit.

    The first column is narrowed last: what stands there is what other commands are given.
    """
    first, *rest = widths
    while first + sum(rest) > room and max(rest, default=0) > _LEAST:
        rest[rest.index(max(rest))] -= 1
    return [min(first, max(room - sum(rest), _LEAST)), *rest]


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    shown = (padded(cut(cell, width), width) for cell, width in zip(cells, widths, strict=True))
    return _GAP.join(shown).rstrip() + "\n"
