"""`fmt`: values mended by splices, and the keys of a document in canonical order.

What moves with a key, what stays, and where blank lines go:

- A key takes along the comment lines directly above it, the comments at the ends of its lines, the
  comment lines below it that are indented deeper, and the blank lines and free-standing comments
  that part it from the entry above.
- What stands above the first key and its own comments stays on top; what follows the last key stays
  at the end.
- The file does not begin with blank lines that parted the new first key from others: they part the
  old first key from what now stands above it.
- Nothing within a value moves, and a document in flow style is not sorted.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from sipctl.errors import Bug
from sipctl.yamlfile import meaning, nodes
from sipctl.yamlfile.read import read
from sipctl.yamlfile.splice import BlockEntries, Splicer, ends_in_block_scalar, entries_of

_BLANK_LINES = re.compile(r"(?:[ \t]*(?:\r\n|\r|\n))*+")
_NO_CONTENT = re.compile(r"(?:[ \t]*(?:#[^\r\n]*)?(?:\r\n|\r|\n))*+")
_INDENT = re.compile(r"^[ \t]+|(?<=[\r\n])[ \t]+")


def format_text(text: str, order: Sequence[str], mends: Sequence[nodes.Mend]) -> str:
    """`text` with the mends made and its keys in `order`, others behind them in their own order.

    A file with findings of syntax comes back as it is, and so does the order of keys in the rare
    file where moving them would change a value (a block scalar that ends without a line end).
    """
    if read(text.encode(), "").root is None:
        return text
    splicer = Splicer(text)
    for mend in mends:
        splicer.put(mend.start, mend.end, mend.replacement)
    mended = splicer.result()
    root = read(mended.encode(), "").root
    if root is None:
        raise Bug("a mended value broke its file; nothing was written")
    if not isinstance(root, nodes.Mapping) or root.flow:
        return mended
    return _sorted(mended, root, order)


@dataclass(frozen=True, slots=True)
class _Part:
    """An entry: its place among the old ones, what parts it from the one above, and its lines."""

    index: int
    gap: str
    lines: str
    value: nodes.Node | None = None


def _sorted(text: str, root: nodes.Mapping, order: Sequence[str]) -> str:
    ranks = {key: rank for rank, key in enumerate(order)}
    keys = list(root.keys())
    wanted = sorted(range(len(keys)), key=lambda at: ranks.get(keys[at], len(ranks)))
    if wanted == list(range(len(keys))):
        return text
    splicer = Splicer(text)
    entries = entries_of(splicer, root)
    assert isinstance(entries, BlockEntries)
    parts = _parts(splicer, root, entries)
    foot = _Part(len(keys), "", text[entries.bottom(len(keys) - 1) :])
    moved = [*_first_without_gap([parts[at] for at in wanted]), foot]
    result = text[: entries.top(0)] + _joined(splicer, moved)
    ended = result.endswith(("\r", "\n")) and not text.endswith(("\r", "\n"))
    candidates = [result.removesuffix(splicer.line_end), result] if ended else [result]
    return next((new for new in candidates if _says_the_same(new, root)), text)


def _parts(splicer: Splicer, root: nodes.Mapping, entries: BlockEntries) -> list[_Part]:
    parts, before = [], entries.top(0)
    for index, (_, value) in enumerate(root.entries):
        top, bottom = entries.top(index), entries.bottom(index)
        lines = splicer.text[top:bottom]
        if not lines.endswith(("\r", "\n")):
            lines += splicer.line_end
        parts.append(_Part(index, splicer.text[before:top], lines, value))
        before = bottom
    return parts


def _first_without_gap(parts: list[_Part]) -> list[_Part]:
    """The parts in their new order, the blank lines above the new first one given to the old."""
    first = parts[0]
    blank = _BLANK_LINES.match(first.gap)
    gap = blank[0] if blank else ""
    parts = [replace(part, gap=gap) if part.index == 0 else part for part in parts]
    return [replace(first, gap=first.gap[len(gap) :]), *parts[1:]] if first.index else parts


def _joined(splicer: Splicer, parts: list[_Part]) -> str:
    pieces, above = [], None
    for part in parts:
        piece = part.gap + part.lines
        if above and above.value and above.index + 1 != part.index:
            piece = _barred(piece, above.value, splicer)
        pieces.append(piece)
        above = part
    return "".join(pieces)


def _barred(piece: str, above: nodes.Node, splicer: Splicer) -> str:
    """`piece`, whose first lines would else become text of a block scalar above it."""
    if not ends_in_block_scalar(above):
        return piece
    found = _NO_CONTENT.match(piece)
    margin = found[0] if found else ""
    flat = _INDENT.sub("", margin)
    if splicer.keeps_blank_lines(above):
        flat = flat.lstrip("\r\n")
    return flat + piece[len(margin) :]


def _says_the_same(text: str, root: nodes.Node) -> bool:
    now = read(text.encode(), "").root
    return now is not None and meaning.of_node(now) == meaning.of_node(root)
