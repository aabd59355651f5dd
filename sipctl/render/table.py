"""Tables in columns."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from sipctl.render import Segments, visible
from sipctl.render.cells import cut, padded, wrapped
from sipctl.render.cells import width as columns_of

_GAP = "  "
_SHORT = 14
"""Up to this width no column is cut while a longer one can be."""
_LEAST_FIRST, _LEAST_READABLE, _LEAST_LONG, _LEAST = 20, 16, 8, 6


class Narrow(NamedTuple):
    """What becomes of a table that does not fit.

    The cells of some columns are written shorter; then the columns in `first` are cut, one after
    the other, before all others.
    """

    shorter: Mapping[int, Callable[[str], str]] = {}
    first: Sequence[int] = ()


_NOTHING = Narrow()


def columns(
    headers: Sequence[str],
    rows: Sequence[Sequence[str]],
    width: int | None,
    *,
    wrap: bool = False,
    narrow: Narrow = _NOTHING,
) -> Segments:
    """Aligned columns, linear in the number of rows; cut to `width` columns where it is given. With
    `wrap` the last one goes on below itself instead.

    Rich's own tables take seconds for thousands of rows.
    """
    cells = [[visible(cell) for cell in row] for row in rows]
    widths = _widths(headers, cells)
    room = None if width is None else width - len(_GAP) * (len(headers) - 1)
    if room is not None and sum(widths) > room:
        for row in cells:
            for column, shorter in narrow.shorter.items():
                row[column] = shorter(row[column])
        widths = _widths(headers, cells)
        widths = _fitted(widths, room, _leasts(widths, headers, narrow.first))
    yield _line(headers, widths), "bold"
    for row in cells:
        yield (_wrapped(row, widths) if wrap else _line(row, widths)), ""


def _widths(headers: Sequence[str], cells: Sequence[Sequence[str]]) -> list[int]:
    return [max(map(columns_of, column)) for column in zip(headers, *cells, strict=True)]


def _fitted(widths: Sequence[int], room: int, leasts: Iterable[Sequence[int]]) -> list[int]:
    """The widths with the widest columns narrowed, one column at a time, until all fit; as far as
    the first of `leasts` allows, then the next.

    The first column counts half: what stands there is what other commands are given.
    """
    fitted = list(widths)
    for least in leasts:
        while sum(fitted) > room and (long := _above(fitted, least)):
            fitted[max(long, key=lambda column: fitted[column] * (2 if column else 1))] -= 1
    return fitted


def _leasts(
    widths: Sequence[int], headers: Sequence[str], first: Sequence[int]
) -> Iterator[list[int]]:
    """How narrow each column may become, ever less. Short ones are narrowed only where it is not
    enough to narrow the long ones, but for those that are to be cut `first`."""

    def lowered(some: Iterable[int], least: int) -> list[int]:
        return [min(width, least) if n in some else width for n, width in enumerate(widths)]

    long = [n for n, width in enumerate(widths) if width > _SHORT]
    for column in first:
        yield lowered([column], max(_LEAST_LONG, columns_of(headers[column])))
    if first:
        others = [n for n in long if n not in first]
        yield [min(widths[0], _LEAST_FIRST), *lowered(others, _LEAST_READABLE)[1:]]
    for column in first:
        yield lowered([column], _LEAST)
    yield [min(widths[0], _LEAST_FIRST), *lowered(long, _LEAST_LONG)[1:]]
    yield [_LEAST] * len(widths)


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
