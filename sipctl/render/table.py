"""Tables in columns."""

from __future__ import annotations

from collections.abc import Sequence

from sipctl.render import Segments, visible
from sipctl.render.cells import cut, padded, wrapped
from sipctl.render.cells import width as columns_of

_GAP = "  "
_SHORT = 14
"""Up to this width, that of `5060 (default)`, no column is cut while a longer one can be."""
_LEAST_FIRST, _LEAST_LONG, _LEAST = 20, 8, 6


def columns(
    headers: Sequence[str], rows: Sequence[Sequence[str]], width: int | None, *, wrap: bool = False
) -> Segments:
    """Aligned columns, linear in the number of rows; cut to `width` columns where it is given. With
    `wrap` the last one goes on below itself instead.

    Rich's own tables take seconds for thousands of rows.
    """
    cells = [[visible(cell) for cell in row] for row in rows]
    widths = [max(map(columns_of, column)) for column in zip(headers, *cells, strict=True)]
    if width is not None:
        widths = _fitted(widths, width - len(_GAP) * (len(headers) - 1))
    yield _line(headers, widths), "bold"
    for row in cells:
        yield (_wrapped(row, widths) if wrap else _line(row, widths)), ""


def _fitted(widths: Sequence[int], room: int) -> list[int]:
    """The widths with the widest columns narrowed, one column at a time, until all fit.

    The first column counts half: what stands there is what other commands are given. Where that is
    not enough, the short ones are narrowed too.
    """
    fitted = list(widths)
    others = (width if width <= _SHORT else _LEAST_LONG for width in widths[1:])
    for least in ([min(widths[0], _LEAST_FIRST), *others], [_LEAST] * len(fitted)):
        while sum(fitted) > room and (long := _above(fitted, least)):
            fitted[max(long, key=lambda column: fitted[column] * (2 if column else 1))] -= 1
    return fitted


def _above(widths: Sequence[int], least: Sequence[int]) -> list[int]:
    """The columns that can be narrowed."""
    return [n for n, (width, few) in enumerate(zip(widths, least, strict=True)) if width > few]


def _wrapped(cells: Sequence[str], widths: Sequence[int]) -> str:
    *others, last = cells
    first, *more = wrapped(last, widths[-1])
    below = [""] * len(others)
    return _line([*others, first], widths) + "".join(_line([*below, m], widths) for m in more)


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    shown = (padded(cut(cell, width), width) for cell, width in zip(cells, widths, strict=True))
    return _GAP.join(shown).rstrip() + "\n"
