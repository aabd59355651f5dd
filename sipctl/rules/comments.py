"""The comments `# sipctl: ignore[RULE]` in a file's text: where they stand, and what they name."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator

from sipctl import names
from sipctl.findings import Place
from sipctl.rules.book import RULES, SEE, hint_for
from sipctl.rules.ignores import Ignore
from sipctl.yamlfile.nodes import Mapping, Node, Scalar, Sequence

NEVER = frozenset(("plaintext-password",))
"""Beside the rules that are fixed: what only settings can allow, where reviewers look."""

_COMMENT = re.compile(r"#[ \t]*sipctl:[ \t]*ignore\b(?:[ \t]*\[(?P<rules>[^]#\r\n]*)\])?")
_WORD = re.compile(r"[^\s,](?:[^,]*[^\s,])?")
_LINE_END = re.compile("[\r\n]")
_BY_KEY = {key: rule for rule in RULES.values() for key in (rule.name, rule.code)}
_EXAMPLE = "write `# sipctl: ignore[SIP304]`"

"""Of so many wrong names the nearest is looked for, whatever number of files they stand in."""


def written(text: str, root: Node | None, file: str) -> tuple[Ignore, ...]:
    """What the comments of a file want to be ignored; nothing where it cannot be parsed."""
    if root is None or "sipctl:" not in text:
        return ()
    values = _values(root, text)
    found: list[Ignore] = []
    offset, shift = 0, text.startswith("\ufeff")
    for number, line in enumerate(text.splitlines(keepends=True), start=1):
        for comment in _COMMENT.finditer(line):
            if not _stands_in(values, offset + comment.start()):
                at = Place(file, number, 1 - (shift and number == 1), number)
                for word, place in _words(comment, at):
                    found.append(_of_word(word, place, len(found) < names.MAX_NEAREST))
        offset += len(line)
    return tuple(found)


def spans(text: str, root: Node) -> Iterator[tuple[int, int]]:
    """Where the comments of a file stand, from the sign to the end of the line."""
    if "#" not in text:
        return
    values, end = _values(root, text), 0
    for sign in _SIGN.finditer(text):
        if sign.start() >= end and not _stands_in(values, sign.start()):
            found = _LINE_END.search(text, sign.start())
            end = found.start() if found else len(text)
            yield sign.start(), end


_SIGN = re.compile(r"(?:(?<=[\s\ufeff])|\A)#")


def _values(root: Node, text: str) -> list[tuple[int, int]]:
    """The spans in which a `#` begins no comment: all keys and values, in order."""
    spans, waiting = [], [root]
    while waiting:
        node = waiting.pop()
        if isinstance(node, Scalar):
            spans.append((_start(node, text), node.end))
        elif isinstance(node, Sequence):
            waiting += node.items
        elif isinstance(node, Mapping):
            for key, value in node.entries:
                waiting += (key, value)
    return sorted(spans)


def _start(node: Scalar, text: str) -> int:
    """Where a value begins; of a block scalar the line after `|`, which may end in a comment."""
    if node.style not in ("|", ">"):
        return node.start
    end = _LINE_END.search(text, node.start, node.end)
    return end.start() if end else node.end


def _stands_in(spans: list[tuple[int, int]], offset: int) -> bool:
    at = bisect_right(spans, (offset, offset)) - 1
    around = spans[max(at, 0) : at + 2]
    return any(start <= offset < end for start, end in around)


def _words(comment: re.Match[str], at: Place) -> Iterator[tuple[str, Place]]:
    """Each word in the comment's list, or an empty one; `at` is where the line begins."""
    rules = comment["rules"]
    if rules is None or not _WORD.search(rules):
        yield "", _place(at, comment.start(), comment.end())
        return
    for word in _WORD.finditer(rules):
        start = comment.start("rules")
        yield word[0], _place(at, start + word.start(), start + word.end())


def _place(at: Place, start: int, end: int) -> Place:
    return Place(at.file, at.line, at.column + start, at.line, at.column + end)


def _of_word(word: str, place: Place, nearest: bool) -> Ignore:
    if not word:
        return Ignore(place, None, "the comment names no rule to ignore", _EXAMPLE)
    rule = _BY_KEY.get(word)
    if rule is None:
        hint = hint_for(word) if nearest else SEE
        return Ignore(place, None, f"there is no rule {names.quoted(word)}", hint)
    if not rule.fixed and rule.name not in NEVER:
        return Ignore(place, rule.name)
    hint = "a file that breaks it cannot be read for sure"
    if not rule.fixed:
        hint = "only the settings can allow it"
    return Ignore(place, None, f"{rule.name} cannot be ignored by a comment", hint)
