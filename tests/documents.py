"""YAML files in wildly different styles, with what they say and which lines are whose."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from hypothesis import strategies as st

from sipctl.yamlfile.meaning import Meaning, of_value

ORDER = (
    "reference",
    "host",
    "port",
    "transport",
    "codecs",
    "username",
    "password",
    "realm",
    "register",
    "tags",
    "description",
)
EXTRA = ("x-a", "x-notes", "x-Ünique", "1", "x a")

WORDS = ("pbx", "sip.example.net", "alaw", "é", "it's", "a-b", "Main", "50%", "c#d", "e:f", "😀")
SUSPECT = ("0123", "+33155000001", "1e5", "yes", "2026-12-25", "08:30", "~", "0x1F", "null", ".5")
HOSTILE = (
    "",
    " ",
    "a: b",
    "a #b",
    "- a",
    "#",
    "'",
    '"',
    "[a]",
    "{",
    "&a",
    "*",
    "!t",
    "%",
    "@",
    "\\",
)
PLAIN = ("5060", "true", "false", "0", "", "0123", "+33155000001", "yes", "2026-12-25", "null", "~")

words = st.lists(st.sampled_from(WORDS), min_size=1, max_size=5).map(" ".join)
strings = st.one_of(
    words,
    st.sampled_from(SUSPECT + HOSTILE),
    st.text(st.characters(codec="utf-8"), max_size=8),
)
"""Any string, most of all those that some reader would take for something else."""

values = st.recursive(
    st.one_of(strings, st.integers(-9, 99999), st.booleans(), st.none()),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(strings, inner, max_size=3)
    ),
    max_leaves=6,
)
"""What an edit may set: plain data of any shape."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A value as written: the text behind its key's colon (lines below it included), without the
    last line end. `open` tells which lines below would still belong to it: none, those indented
    deeper (`text`), or blank ones too (`keep`)."""

    text: str
    meaning: Meaning
    open: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """`above` are the comment and blank lines before the entry's own `lines`; each has its end."""

    key: str
    above: tuple[str, ...]
    lines: tuple[str, ...]
    meaning: Meaning


@dataclass(frozen=True, slots=True)
class Source:
    """A whole file in block style: head, entries and foot make up its text."""

    head: str
    entries: tuple[Entry, ...]
    foot: str
    line_end: str
    ended: bool

    @property
    def text(self) -> str:
        body = "".join("".join(e.above + e.lines) for e in self.entries)
        text = self.head + body + self.foot
        return text if self.ended else text.removesuffix(self.line_end)

    @property
    def meanings(self) -> dict[str, Meaning]:
        return {entry.key: entry.meaning for entry in self.entries}


comments = st.sampled_from(("# c", "#", "# host: x", '# it\'s "x", [', "#: - é"))
blanks = st.sampled_from((" ", "  ", "   "))


@st.composite
def line_comments(draw: st.DrawFn) -> str:
    """What may stand at a line's end."""
    return draw(st.one_of(st.just(""), blanks.flatmap(lambda b: comments.map(lambda c: b + c))))


@st.composite
def one_line_scalars(draw: st.DrawFn, flow: bool = False) -> Piece:
    """A scalar on one line in any quotes, a plain one that readers mistake included."""
    kind = draw(st.sampled_from(("plain", "typed", "single", "double")))
    if kind == "plain":
        text = draw(words)
        return Piece(text, of_value(text))
    if kind == "typed":
        text = draw(st.sampled_from([t for t in PLAIN if t or not flow]))
        return Piece(text, ("null" if text in ("", "~") else text, True))
    text = draw(strings)
    if kind == "single" and text.isprintable():
        return Piece("'" + text.replace("'", "''") + "'", of_value(text))
    return Piece(_double(text), of_value(text))


def _double(text: str) -> str:
    special = {"\n": "\\n", "\t": "\\t", '"': '\\"', "\\": "\\\\"}
    escaped = (special.get(c) or (c if c.isprintable() else f"\\U{ord(c):08x}") for c in text)
    return '"' + "".join(escaped) + '"'


@st.composite
def tall_scalars(draw: st.DrawFn, indent: int) -> Piece:
    """A scalar of several lines: block style, or folded plain or quoted."""
    lines = draw(st.lists(words, min_size=1, max_size=3))
    pad = "\n" + " " * (indent + draw(st.integers(1, 4)))
    kind = draw(st.sampled_from(("|", ">", "plain", "'", '"')))
    if kind in "|>":
        chomp = draw(st.sampled_from(("", "-", "+")))
        after = draw(st.integers(0, 2)) if chomp == "+" else 0
        joined = ("\n" if kind == "|" else " ").join(lines)
        end = {"": "\n", "-": "", "+": "\n" * (1 + after)}[chomp]
        text = kind + chomp + draw(line_comments()) + "".join(pad + line for line in lines)
        return Piece(
            text + "\n" * after, of_value(joined + end), "keep" if chomp == "+" else "text"
        )
    quote = kind if kind in "'\"" else ""
    written = [line.replace("'", "''") if quote == "'" else line for line in lines]
    tail = draw(line_comments())
    return Piece(quote + pad.join(written) + quote + tail, of_value(" ".join(lines)))


@st.composite
def flow_lists(draw: st.DrawFn, indent: int) -> Piece:
    """`[a, b]`, on one line or on many, with comments and a last comma or without."""
    items = draw(st.lists(one_line_scalars(flow=True), max_size=4))
    meaning = ("[]", tuple(item.meaning for item in items))
    if draw(st.booleans()):
        gap = draw(st.sampled_from(("", " ", "  ")))
        comma = draw(st.sampled_from((", ", " ,", ",  ")))
        text = "[" + gap + comma.join(item.text for item in items) + gap + "]"
        return Piece(text + draw(line_comments()), meaning)
    pad = "\n" + " " * (indent + draw(st.integers(1, 4)))
    text = "[" + draw(line_comments())
    for at, item in enumerate(items, 1):
        comma = "," if at < len(items) or draw(st.booleans()) else ""
        text += pad + item.text + comma + draw(line_comments())
        if draw(st.booleans()):
            text += pad + draw(comments)
    return Piece(text + pad + "]" + draw(line_comments()), meaning)


@st.composite
def block_lists(draw: st.DrawFn, indent: int, depth: int) -> Piece:
    """Items behind dashes, indented or not, with comments and blank lines between them."""
    inside = indent + draw(st.sampled_from((0, 2, 4)))
    dash = "-" + draw(blanks)
    text, meanings, last = draw(line_comments()), [], ""
    for _ in range(draw(st.integers(1, 4))):
        if not last:
            text += "".join("\n" + " " * inside + draw(comments) for _ in range(draw(_FEW)))
        item = draw(pieces(inside + len(dash) - 1, depth + 1, inline=True))
        text += "\n" + " " * inside + dash + item.text
        meanings.append(item.meaning)
        last = item.open
    return Piece(text, ("[]", tuple(meanings)), last)


_FEW = st.sampled_from((0, 0, 0, 1, 2))


@st.composite
def flow_mappings(draw: st.DrawFn) -> Piece:
    """`{env: X}` and larger ones."""
    keys = draw(st.lists(st.sampled_from(("env", "file", "age", "a b")), max_size=3, unique=True))
    entries = [(key, draw(one_line_scalars(flow=True))) for key in keys]
    text = "{" + ", ".join(f"{key}: {value.text}" for key, value in entries) + "}"
    meaning = ("{}", frozenset((key, value.meaning) for key, value in entries))
    return Piece(text + draw(line_comments()), meaning)


@st.composite
def block_mappings(draw: st.DrawFn, indent: int, depth: int) -> Piece:
    """A nested mapping on lines of its own."""
    inside = indent + draw(st.sampled_from((1, 2, 4)))
    keys = draw(
        st.lists(st.sampled_from(("env", "file", "x", "host")), min_size=1, max_size=3, unique=True)
    )
    text, meanings, last = draw(line_comments()), [], ""
    for key in keys:
        if not last:
            text += "".join("\n" + " " * inside + draw(comments) for _ in range(draw(_FEW)))
        value = draw(pieces(inside, depth + 1))
        text += "\n" + " " * inside + key + ":" + value.text
        meanings.append((key, value.meaning))
        last = value.open
    return Piece(text, ("{}", frozenset(meanings)), last)


def _behind_colon(piece: Piece) -> st.SearchStrategy[Piece]:
    def spaced(gap: str) -> Piece:
        return Piece(gap + piece.text, piece.meaning, piece.open)

    return blanks.map(spaced)


@st.composite
def pieces(draw: st.DrawFn, indent: int, depth: int = 0, inline: bool = False) -> Piece:
    """Any value, as it stands behind `key:` at this indent; with `inline`, behind a dash."""
    kinds: list[Callable[[], st.SearchStrategy[Piece]]] = [
        one_line_scalars,
        one_line_scalars,
        lambda: tall_scalars(indent),
        lambda: flow_lists(indent),
        flow_mappings,
    ]
    if depth < 2 and not inline:
        kinds += [lambda: block_lists(indent, depth), lambda: block_mappings(indent, depth)]
    at = draw(st.integers(0, len(kinds) - 1))
    piece = draw(kinds[at]())
    if at < 2:
        piece = Piece(piece.text + draw(line_comments()), piece.meaning)
    return piece if inline or at > 4 else draw(_behind_colon(piece))


def _line(comment: str) -> st.SearchStrategy[str]:
    return st.sampled_from((comment, ""))


@st.composite
def entries(draw: st.DrawFn, key: str, indent: int, before: str) -> tuple[Entry, str]:
    """One key with its value, and what stands above it."""
    above: list[str] = []
    for _ in range(draw(_FEW)):
        deep = 0 if before else draw(st.integers(0, 4))
        comment = " " * deep + draw(comments)
        above.append(comment if before == "keep" and not above else draw(_line(comment)))
    piece = draw(pieces(indent))
    written = draw(st.sampled_from((key, key, key, f'"{key}"', f"'{key}'")))
    colon = draw(st.sampled_from((":", ":", " :")))
    lines = (" " * indent + written + colon + piece.text).split("\n")
    return Entry(key, tuple(above), tuple(lines), piece.meaning), piece.open


@st.composite
def sources(draw: st.DrawFn) -> Source:
    """A file in block style."""
    keys = draw(
        st.lists(st.sampled_from(ORDER + EXTRA), min_size=1, max_size=6, unique=True).filter(
            lambda keys: any(key in ORDER for key in keys)
        )
    )
    line_end = draw(st.sampled_from(("\n", "\n", "\r\n")))
    indent = draw(st.sampled_from((0, 0, 0, 2)))
    found: list[Entry] = []
    still_open = ""
    for key in keys:
        # a comment that is indented further than an item's dash is the item's
        is_list = bool(found) and found[-1].lines[-1].lstrip().startswith("-")
        before = still_open or ("list" if is_list else "")
        entry, still_open = draw(entries(key, indent, before))
        above, lines = (tuple(x + line_end for x in part) for part in (entry.above, entry.lines))
        found.append(Entry(key, above, lines, entry.meaning))
    head = draw(
        st.sampled_from(("", "", "---\n", "# head\n\n", "# head\n---\n", "%YAML 1.1\n---\n"))
    )
    foot = draw(st.sampled_from(("", "", "# foot\n", "\n# foot\n", "...\n", "...\n# foot\n")))
    bom = draw(st.sampled_from(("", "", "\ufeff")))
    foot = foot.lstrip("\n") if still_open == "keep" else foot
    ended = bool(foot) or bool(still_open) or draw(st.booleans())
    return Source(
        bom + head.replace("\n", line_end),
        tuple(found),
        foot.replace("\n", line_end),
        line_end,
        ended,
    )
