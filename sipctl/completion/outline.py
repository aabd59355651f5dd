"""The keys of a YAML file as an outline, by a cheap look that needs no parser.

A guess for completion and nothing else: what is laid out as sipctl lays it out is understood, in
blocks, in braces and as JSON; elsewhere a word too many or too few is offered. Linear in the text.
"""

from __future__ import annotations

import json
import re
from collections.abc import Generator, Iterator

Entry = tuple[tuple[str, ...], str]
"""The keys that lead to a value, and the value as text; each item of a list is one entry."""

_QUOTED = r'"(?:[^"\\]|\\.)*+"|' + r"'(?:[^']|'')*+'"
_KEY = re.compile(rf"(?:({_QUOTED})[ \t]*|([^\s#][^\n]*?)):(?=[ \t]|$)[ \t]*(.*)", re.DOTALL)
_TOKEN = re.compile(
    rf"""({_QUOTED}) | ([{{}}\[\],]) | ((?<=["']):|:(?=[\s,{{}}\[\]]|\Z))
    | (?<![^\s,{{}}\[\]])\#[^\n]* | ((?:[^\s{{}}\[\],:]|:(?=[^\s,{{}}\[\]]))+)""",
    re.VERBOSE | re.DOTALL,
)


def entries(text: str) -> Iterator[Entry]:
    """Every key and every item of a list, in the order of the file."""
    around: list[tuple[int, str]] = []
    at, text = 0, text.removeprefix("\ufeff")
    while at < len(text):
        end = text.find("\n", at)
        end = len(text) if end < 0 else end
        start, at = at, end + 1
        line = text[start:end].rstrip()
        bare = line.lstrip(" ")
        if not bare or bare[0] == "#" or bare in ("---", "..."):
            continue
        indent = len(line) - len(bare)
        is_item = bare[0] == "-" and bare[1:2] in ("", " ")
        while around and around[-1][0] >= indent + is_item:
            around.pop()
        path = tuple(key for _, key in around)
        if is_item:
            yield path, _scalar(bare[1:].strip())
            continue
        if bare[0] in "{[":
            at = yield from _flow(text, start + indent, path)
            continue
        key = _KEY.match(bare)
        if key is None or " #" in (key[2] or ""):
            continue
        name = _unquoted(key[1] or key[2].strip())
        around.append((indent, name))
        if key[3][:1] in ("{", "["):
            yield (*path, name), ""
            at = yield from _flow(text, start + indent + key.start(3), (*path, name))
        else:
            yield (*path, name), _scalar(key[3])
            if key[3][:1] in ("|", ">"):
                at = _after_block(text, at, indent)


def _after_block(text: str, at: int, indent: int) -> int:
    """Where a block of text that begins at `at` is over: at a line that is not further in."""
    deeper = " " * (indent + 1)
    while at < len(text):
        end = text.find("\n", at)
        end = len(text) if end < 0 else end
        if text[at:end].strip() and not text.startswith(deeper, at):
            break
        at = end + 1
    return at


def _flow(text: str, at: int, path: tuple[str, ...]) -> Generator[Entry, None, int]:
    """The entries of what stands in braces or brackets from `at` on; returns where it is over."""
    flow = _Flow(path)
    for token in _TOKEN.finditer(text, at):
        quoted, mark, colon, plain = token.groups()
        if mark:
            entry = flow.open(mark == "{") if mark in "{[" else flow.end(mark)
            if entry:
                yield entry
            if not flow.frames:
                end = text.find("\n", token.end())
                return len(text) if end < 0 else end + 1
        elif colon:
            flow.key, flow.value = flow.value, None
        elif quoted:
            flow.value = _unquoted(quoted)
        elif plain:
            flow.value = f"{flow.value} {plain}" if flow.value else plain
    return len(text)


class _Flow:
    """What is open in a flow: for each brace or bracket which it is and the keys that lead to it,
    and the key and the value that are being read."""

    def __init__(self, path: tuple[str, ...]) -> None:
        self.path = path
        self.frames: list[tuple[bool, tuple[str, ...]]] = []
        self.key: str | None = None
        self.value: str | None = None

    def open(self, is_mapping: bool) -> Entry | None:
        path, key = self.frames[-1][1] if self.frames else self.path, self.key
        self.key = self.value = None
        inner = path if key is None else (*path, key)
        self.frames.append((is_mapping, inner))
        return None if key is None else (inner, "")

    def end(self, mark: str) -> Entry | None:
        """The entry that a comma or a closing mark ends."""
        is_mapping, path = self.frames[-1]
        key, value = self.key, self.value
        self.key = self.value = None
        if mark != ",":
            self.frames.pop()
        if not is_mapping:
            return None if value is None else (path, value)
        if key is None:  # a key alone, {a, b}
            key, value = value, None
        return None if key is None else ((*path, key), value or "")


def _scalar(text: str) -> str:
    """The value on a line, without quotes and without a comment behind it."""
    quoted = re.match(_QUOTED, text)
    if quoted:
        return _unquoted(quoted[0])
    return "" if text.startswith("#") else text.partition(" #")[0].strip()


def _unquoted(text: str) -> str:
    if text.startswith("'"):
        return text[1:-1].replace("''", "'")
    if not text.startswith('"'):
        return text
    try:
        return str(json.loads(text))
    except ValueError:
        return ""  # an escape that JSON does not have: nothing that anybody wants to be offered
