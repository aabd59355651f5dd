"""Splices: pieces of new text and the places of the old text that they take.

Places come from the reader's nodes. What stands between two nodes (blanks, comments, commas and
dashes) is looked at here, and only here.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Collection, Iterable, Mapping, Sequence
from difflib import SequenceMatcher

from sipctl.yamlfile import meaning, nodes
from sipctl.yamlfile.scalars import quote
from sipctl.yamlfile.write import Value, inline

LINE_END = re.compile(r"\r\n|\r|\n")
_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)?")
_GAP = re.compile(r"(?:[ \t\r\n]|#[^\r\n]*)*+")  # all that may stand between two tokens
_COMMENT_LINE = re.compile(r"[\r\n][ \t]*#")
_LINE_REST = re.compile(r"(?:[ \t]+(?:#[^\r\n]*)?|)(?=[\r\n]|\Z)")
_MARGIN = re.compile(r"[ \t]*(?=#|[\r\n])")
_BLANKS = re.compile(r"[ \t]*")
_BLOCK_HEADER = re.compile(r"[|>][-+0-9]*")
_FIRST_TEXT = re.compile(r"(?: *(?:\r\n|\r|\n))*+( *)[^ \r\n]")
# difflib takes quadratic time where items repeat; a list of a thousand is nothing to keep tidy
_LONG = 1000


class Splicer:
    """Collects the splices of one edit of `text`."""

    def __init__(self, text: str) -> None:
        self.text = text
        found = LINE_END.search(text)
        self.line_end = found[0] if found else "\n"
        bom = int(text.startswith("\ufeff"))
        self._line_starts = [bom, *(end.end() for end in LINE_END.finditer(text))]
        self._splices: list[tuple[int, int, str]] = []

    def put(self, start: int, end: int, replacement: str) -> None:
        """Have `replacement` stand where text[start:end] stands."""
        self._splices.append((start, end, replacement))

    def put_lines(self, at: int, indent: int, texts: Iterable[str]) -> None:
        """Put texts of one line or more, indented, where a line begins."""
        margin = " " * indent
        for text in texts:
            lines = text.replace("\n", self.line_end + margin)
            self.put(at, at, margin + lines + self.line_end)

    def result(self) -> str:
        """The text with all splices made; insertions at one place in the order they came."""
        pieces, at = [], 0
        for start, end, replacement in sorted(self._splices, key=lambda splice: splice[:2]):
            pieces += [self.text[at:start], replacement]
            at = max(at, end)
        return "".join([*pieces, self.text[at:]])

    # -- places --------------------------------------------------------------------------------

    def line_start(self, offset: int) -> int:
        """Where the line that holds `offset` begins, behind a byte-order mark."""
        return self._line_starts[max(bisect_right(self._line_starts, offset) - 1, 0)]

    def next_line(self, offset: int) -> int:
        """Where the next line begins, for something that ends at `offset`."""
        if offset and self.text[offset - 1] in "\r\n":  # a block scalar that keeps blank lines
            return offset
        return _end(_LINE, self.text, offset)

    def above(self, offset: int, floor: int = 0) -> int:
        """Where the comment lines directly above a line begin, none of them above `floor`."""
        at = self.line_start(offset)
        while at > floor:
            stop = at - 1 - self.text.startswith("\r\n", at - 2)
            start = self.line_start(stop)
            if not self.text[start:stop].lstrip(" \t").startswith("#"):
                break
            at = start
        return at

    def begins_line(self, offset: int) -> bool:
        """True where nothing but blanks stands before `offset` in its line."""
        return _end(_BLANKS, self.text, self.line_start(offset)) >= offset

    def ends_line(self, offset: int) -> bool:
        """True where nothing but blanks and a comment follow in the line."""
        return _LINE_REST.match(self.text, offset) is not None

    def behind(self, char: str, offset: int) -> int | None:
        """The offset behind `char` where that is the next token after `offset`."""
        at = _end(_GAP, self.text, offset)
        return at + 1 if self.text.startswith(char, at) else None

    def end(self, node: nodes.Node) -> int:
        """Where the node's own text ends: without the blank lines behind a block scalar."""
        last = _last(node)
        if not _is_block_scalar(last) or self.keeps_blank_lines(last):
            return last.end
        return self._shown_end(last)

    def keeps_blank_lines(self, node: nodes.Node) -> bool:
        """True for a block scalar, or what ends in one, to which the blank lines below belong."""
        last = _last(node)
        header = self.text[last.start : _end(_BLOCK_HEADER, self.text, last.start)]
        return _is_block_scalar(last) and "+" in header

    def text_column(self, scalar: nodes.Node) -> int:
        """The least indent by which a line below a block scalar would become its text."""
        header = _end(_BLOCK_HEADER, self.text, scalar.start)
        first = _FIRST_TEXT.match(self.text, _end(_LINE, self.text, header), scalar.end)
        explicit = any(char in "123456789" for char in self.text[scalar.start : header])
        return len(first[1]) if first and not explicit else 1

    def _shown_end(self, node: nodes.Node) -> int:
        return node.start + len(self.text[node.start : node.end].rstrip("\r\n"))

    # -- values --------------------------------------------------------------------------------

    def replace(self, node: nodes.Node, value: Value, colon: int | None = None) -> None:
        """Put `value` in the place of `node`; `colon` is the offset behind its key's colon."""
        if meaning.of_node(node) == meaning.of_value(value):
            return
        if isinstance(node, nodes.Scalar):
            self._scalar(node, value)
        elif isinstance(node, nodes.Sequence) and self._keeps_layout(node, value):
            self._list(node, value)  # type: ignore[arg-type]
        elif (
            isinstance(node, nodes.Mapping)
            and isinstance(value, Mapping)
            and (len(node.entries) == len(value) == 1)
        ):
            self._only_entry(node, value)
        else:
            self._whole(node, value, colon)

    def _scalar(self, node: nodes.Scalar, value: Value) -> None:
        text = inline(value, node.style)
        if _is_block_scalar(node):
            header = _end(_BLOCK_HEADER, self.text, node.start)
            body = _end(_LINE_REST, self.text, header)  # a comment behind the header stays
            self.put(node.start, header, text)
            self.put(body, max(body, self._shown_end(node)), "")
        elif node.start == node.end and self.text[node.start - 1] not in " \t":
            self.put(node.start, node.end, " " + text)
        else:
            self.put(node.start, node.end, text)

    def spread(self, node: nodes.Node, colon: int, indent: int, texts: Iterable[str]) -> None:
        """Put lines in the place of a value that ends its line; its comment stays with the key."""
        self.put(colon, node.end, "")
        self.put_lines(self.next_line(node.end), indent, texts)

    def _only_entry(self, node: nodes.Mapping, value: Mapping[str, Value]) -> None:
        key, old = node.entries[0]
        [(new_key, new)] = value.items()
        if key.value != new_key:
            self.put(key.start, key.end, quote(new_key, key.style))
        self.replace(old, new, self.behind(":", key.end))

    def _whole(self, node: nodes.Node, value: Value, colon: int | None) -> None:
        flow = not isinstance(node, nodes.Scalar) and node.flow
        if colon is None or flow or not self.begins_line(node.start):
            self.put(node.start, self.end(node), inline(value))
        else:
            self.put(colon, colon, " " + inline(value))
            self.put(self.line_start(node.start), self.next_line(self.end(node)), "")

    # -- lists ---------------------------------------------------------------------------------

    def _keeps_layout(self, node: nodes.Sequence, value: Value) -> bool:
        if isinstance(value, str | Mapping) or not isinstance(value, Sequence):
            return False
        if not value or not node.items:
            return False
        short = max(len(value), len(node.items)) <= _LONG
        return short and (node.flow or self.begins_line(node.start))

    def _list(self, node: nodes.Sequence, values: Sequence[Value]) -> None:
        entries, dash = self._entries(node)
        styles = {item.style if isinstance(item, nodes.Scalar) else "" for item in node.items}
        style = styles.pop() if len(styles) == 1 else ""
        old = [meaning.of_node(item) for item in node.items]
        new = [meaning.of_value(value) for value in values]
        for tag, i, i_end, j, j_end in SequenceMatcher(None, old, new, False).get_opcodes():
            if tag == "equal":
                continue
            both = min(i_end - i, j_end - j)
            for item, value in zip(node.items[i : i + both], values[j : j + both], strict=True):
                self.replace(item, value)
            entries.delete(range(i + both, i_end))
            texts = [dash + inline(value, style) for value in values[j + both : j_end]]
            if i + both:
                entries.insert_behind(i + both - 1, texts)
            else:
                entries.insert_before(0, texts)

    def _entries(self, node: nodes.Sequence) -> tuple[BlockEntries | FlowEntries, str]:
        """The items, and what stands before a new one."""
        if node.flow:
            return FlowEntries(self, node, [item.start for item in node.items], node.items), ""
        behind = [self.behind("-", item.end) or 1 for item in node.items[:-1]]
        starts = [node.start, *(offset - 1 for offset in behind)]
        dash = self.text[node.start : node.items[0].start]
        dash = dash if re.fullmatch("- +", dash) else "- "
        return BlockEntries(self, node, starts, node.items), dash


def entries_of(splicer: Splicer, node: nodes.Mapping) -> BlockEntries | FlowEntries:
    """The entries of a mapping, to insert and delete."""
    starts = [key.start for key, _ in node.entries]
    values = [value for _, value in node.entries]
    return (FlowEntries if node.flow else BlockEntries)(splicer, node, starts, values)


class BlockEntries:
    """Entries that have their lines to themselves: items behind dashes, keys of a block mapping."""

    def __init__(
        self,
        splicer: Splicer,
        node: nodes.Sequence | nodes.Mapping,
        starts: Sequence[int],
        values: Sequence[nodes.Node],
    ) -> None:
        self.splicer = splicer
        self.values = values
        self.spans = [(s, splicer.end(value)) for s, value in zip(starts, values, strict=True)]
        self.indent = node.column - 1

    def delete(self, indexes: Collection[int]) -> None:
        """Take out the entries' lines, with the comments at their ends."""
        above = None
        for index, (start, end) in enumerate(self.spans):
            if index not in indexes:
                above = self.values[index]
                continue
            stop = self.splicer.next_line(end)
            self.splicer.put(self.splicer.line_start(start), stop, "")
            if above is not None and ends_in_block_scalar(above):
                self._bar(stop, above)

    def _bar(self, at: int, above: nodes.Node) -> None:
        """Keep what follows out of a block scalar that now stands directly above it.

        What is indented like its text would become text, and blank lines too where it keeps them.
        """
        splicer, text = self.splicer, self.splicer.text
        keeping, column = splicer.keeps_blank_lines(above), splicer.text_column(_last(above))
        while margin := _MARGIN.match(text, at):
            stop = _end(_LINE, text, margin.end())
            keeping = keeping and not text.startswith("#", margin.end())
            if keeping:
                splicer.put(at, stop, "")
            elif margin.end() - at >= column:
                splicer.put(at, margin.end(), "")
            at = stop

    def exchange(self, texts: Sequence[str]) -> None:
        """Put new entries in the place of all."""
        start = self.splicer.line_start(self.spans[0][0])
        self.splicer.put_lines(start, self.indent, texts)
        self.delete(range(len(self.spans)))

    def clear(self, colon: int | None) -> None:
        """Take all entries out; `{}` stands for them, behind the colon at that offset if any."""
        if colon is None:
            self.exchange(["{}"])
        else:
            self.splicer.put(colon, colon, " {}")
            self.delete(range(len(self.spans)))

    def insert_behind(self, index: int, texts: Iterable[str]) -> None:
        """Put lines behind an entry and the comment lines indented deeper than it."""
        self.splicer.put_lines(self.bottom(index), self.indent, texts)

    def insert_before(self, index: int, texts: Iterable[str]) -> None:
        """Put lines before an entry and the comment lines directly above it."""
        self.splicer.put_lines(self.top(index), self.indent, texts)

    def top(self, index: int) -> int:
        """Where the entry's lines begin, with the comment lines directly above that are its own."""
        floor = self.bottom(index - 1) if index else 0
        return self.splicer.above(self.spans[index][0], floor)

    def bottom(self, index: int) -> int:
        """Where the entry's lines end, with the comment lines below that are indented deeper."""
        at = self.splicer.next_line(self.spans[index][1])
        deeper = re.compile(rf"(?: {{{self.indent + 1},}}#[^\r\n]*(?:\r\n|\r|\n|\Z))*+")
        return _end(deeper, self.splicer.text, at)


class FlowEntries:
    """Entries between brackets or braces, with commas."""

    def __init__(
        self,
        splicer: Splicer,
        node: nodes.Sequence | nodes.Mapping,
        starts: Sequence[int],
        values: Sequence[nodes.Node],
    ) -> None:
        self.splicer = splicer
        self.node = node
        self.spans = [(s, splicer.end(value)) for s, value in zip(starts, values, strict=True)]
        self.bared = -1  # the entry whose comma is taken out, since it becomes the last

    def delete(self, indexes: Collection[int]) -> None:
        """Take out entries with their commas and the comments at the ends of their lines."""
        gone = set(indexes)
        kept = len(self.spans)
        while kept - 1 in gone:
            kept -= 1
        if 0 < kept < len(self.spans):
            start, end = self.spans[kept - 1][1], self.spans[-1][1]
            if not LINE_END.search(self.splicer.text, start, end):
                self.splicer.put(start, end, "")
                gone -= set(range(kept, len(self.spans)))
            elif self.splicer.behind(",", end) is None:
                self._bare(kept - 1)
        for index in gone:
            self._delete_one(*self.spans[index])

    def _bare(self, index: int) -> None:
        comma = self.splicer.behind(",", self.spans[index][1])
        assert comma is not None
        self.splicer.put(comma - 1, comma, "")
        self.bared = index

    def _delete_one(self, start: int, end: int) -> None:
        splicer = self.splicer
        stop = splicer.behind(",", end) or end
        if LINE_END.search(splicer.text, end, stop):  # the comma leads the next line
            splicer.put(start, end, "")
            splicer.put(stop - 1, stop, "")
        elif not splicer.ends_line(stop):
            splicer.put(start, _end(_BLANKS, splicer.text, stop), "")
        elif splicer.begins_line(start):
            splicer.put(splicer.line_start(start), splicer.next_line(stop), "")
        else:
            splicer.put(start, _end(_LINE_REST, splicer.text, stop), "")

    def exchange(self, texts: Sequence[str]) -> None:
        """Put new entries in the place of all."""
        inside = self.node.start + 1
        start, end = self.spans[0] if self.spans else (inside, inside)
        self.splicer.put(start, end, ", ".join(texts))
        self.delete(range(1, len(self.spans)))

    def clear(self, colon: int | None) -> None:
        """Take all entries out; `{}` stays, or the braces with comments that are not of entries."""
        node, text = self.node, self.splicer.text
        ends = [end for _, end in self.spans]
        starts = [*(start for start, _ in self.spans[1:]), node.end]
        gaps = zip(ends, starts, strict=True)
        head = text[node.start : self.spans[0][0]]
        if "#" in head or any(_COMMENT_LINE.search(text, *gap) for gap in gaps):
            self.delete(range(len(self.spans)))
        else:
            self.splicer.put(node.start, node.end, "{}")

    def insert_behind(self, index: int, texts: Sequence[str]) -> None:
        """Put new entries behind one, on lines of their own where that one has its own."""
        splicer = self.splicer
        start, end = self.spans[index]
        comma = splicer.behind(",", end)
        if not (splicer.begins_line(start) and splicer.ends_line(comma or end)):
            splicer.put(end, end, "".join(f", {text}" for text in texts))
            return
        lines = [self._indent(start) + text + "," + splicer.line_end for text in texts]
        if (not comma or index == self.bared) and lines:
            splicer.put(end, end, ",")
            lines[-1] = lines[-1].replace("," + splicer.line_end, splicer.line_end)
        at = splicer.next_line(comma or end)
        splicer.put(at, at, "".join(lines))

    def insert_before(self, index: int, texts: Sequence[str]) -> None:
        """Put new entries before one, on lines of their own where that one begins its line."""
        splicer = self.splicer
        start = self.spans[index][0]
        if not splicer.begins_line(start):
            splicer.put(start, start, "".join(f"{text}, " for text in texts))
            return
        at = splicer.above(start)
        lines = (self._indent(start) + text + "," + splicer.line_end for text in texts)
        splicer.put(at, at, "".join(lines))

    def _indent(self, start: int) -> str:
        return self.splicer.text[self.splicer.line_start(start) : start]


def ends_in_block_scalar(node: nodes.Node) -> bool:
    """True where indented lines below the node could become text of it."""
    return _is_block_scalar(_last(node))


def _is_block_scalar(node: nodes.Node) -> bool:
    return isinstance(node, nodes.Scalar) and node.style in ("|", ">")


def _last(node: nodes.Node) -> nodes.Node:
    """The node whose end is the end of a block list or mapping."""
    while not isinstance(node, nodes.Scalar) and not node.flow:
        node = node.items[-1] if isinstance(node, nodes.Sequence) else node.entries[-1][1]
    return node


def _end(pattern: re.Pattern[str], text: str, at: int) -> int:
    """Where the match of a pattern ends that starts at `at`; `at` where there is none."""
    found = pattern.match(text, at)
    return found.end() if found else at
