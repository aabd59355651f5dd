"""Passwords are masked by field, never by what they look like: in lines that findings quote, and in
texts that are shown whole."""

from __future__ import annotations

import re
import sys
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from itertools import accumulate

from sipctl import names
from sipctl.changes import names_password
from sipctl.endpoint import FIELDS, PASSWORD_FORMS
from sipctl.findings import Finding, Place
from sipctl.kinds import SCENARIO, SETTINGS_FILE, Kind
from sipctl.member import Content
from sipctl.names import MASK
from sipctl.own import is_alone, is_word, told_entries
from sipctl.rules import comments
from sipctl.settings import FIELDS as SETTINGS_FIELDS
from sipctl.yamlfile.nodes import Mapping as MappingNode
from sipctl.yamlfile.nodes import Node, Scalar
from sipctl.yamlfile.nodes import Sequence as SequenceNode
from sipctl.yamlfile.read import read

_WITHOUT_SOURCE = frozenset(("exposed-password-file",))
"""What was given for the name of a file may have been the password itself; how long it is is not
told either."""


Span = tuple[int, int]
"""Offsets into a text."""


def with_sources(
    findings: tuple[Finding, ...], text: str, root: Node | None, kind: Kind | None
) -> tuple[Finding, ...]:
    """The findings with the line each stands in, every secret in it masked. The settings are of no
    kind."""
    if not findings or not text:
        return findings
    sources = _Sources(text, root, kind)
    return tuple(map(sources.added, findings))


class _Sources:
    """The lines of a file as they may be shown; None is one that may not."""

    def __init__(self, text: str, root: Node | None, kind: Kind | None) -> None:
        self._mark = text.startswith("\ufeff")
        self._lines = text.removeprefix("\ufeff").splitlines(keepends=True)
        self._spans: list[Span] = []
        self._shown: Sequence[str | None]
        if root is None:
            self._shown = list(_safe_lines(self._lines, kind))
        else:
            self._spans = _merged(_secrets(root, text, kind, sealed=True))
            self._shown = _without(text, self._spans).removeprefix("\ufeff").splitlines()

    @cached_property
    def _starts(self) -> list[int]:
        return list(accumulate(map(len, self._lines), initial=self._mark))

    @cached_property
    def _lengths(self) -> list[int]:
        return [len(line.rstrip("\r\n")) for line in self._lines]

    def added(self, finding: Finding) -> Finding:
        """A finding with its line, and ended within that line of the file. How long a value is that
        is not shown is not told."""
        place = finding.place
        if place.line > len(self._lines):
            return finding
        hidden = finding.rule in _WITHOUT_SOURCE
        shown = place.line <= len(self._shown) and not hidden
        source = self._shown[place.line - 1] if shown else None
        if place.end_line == place.line:
            end = max(self._lengths[place.line - 1], place.column) + 1
            hidden = hidden or self._shown[place.line - 1 : place.line] == [None]
            if hidden or self._is_masked(place):
                end = place.column + len(MASK)
            place = place._replace(end_column=min(place.end_column, end))
        return finding._replace(place=place, source=source)

    def _is_masked(self, place: Place) -> bool:
        offset = self._starts[place.line - 1] + place.column - 1
        at = bisect_right(self._spans, (offset, sys.maxsize)) - 1
        return at >= 0 and offset < self._spans[at][1]


# -- files that cannot be parsed -----------------------------------------------------------------


def _safe_lines(lines: Iterable[str], kind: Kind | None) -> Iterator[str | None]:
    """Each line as it may be shown of a file that cannot be parsed: none from the first on that may
    hold a password.

    Without a parse nothing tells where a value ends, so of an endpoint only lines that hold known
    keys and no others, and the items of its lists, are taken for what they look like. A comment
    ends with its line.
    """
    harmful = _SECRET.search if kind is SCENARIO else _may_be_secret
    safe = True
    for line in lines:
        text = line.rstrip("\r\n")
        is_harmful = bool(harmful(text))
        safe = safe and (not is_harmful or text.lstrip().startswith("#"))
        yield text if safe and not is_harmful else None


_PUBLIC = {*FIELDS, *SETTINGS_FIELDS} - {"password", "recipients"}
# behind a marker of a conflict the name of a branch may stand, which is one word
_MARKER = r"-{3}|[<=>|]{7}(?:[ ][\w./-]+)?"
_HARMLESS = re.compile(
    rf"\s*(?:\Z|#(?P<comment>.*)|(?:{_MARKER})\s*\Z"
    rf"|(?P<key>{'|'.join(sorted(_PUBLIC))})\s*:(?P<value>.*)|-\s[^:]*\Z)"
)
# (a match begins where a word does, or a long one would be looked through again and again)
_KEY = re.compile(r"""(?<![^\s,{}\[\]'"])([^\s,{}\[\]'"]+)['"]?\s*:(?=\s|\Z)""")
_QUOTED = re.compile(r"""\s*(?:"(?:[^"\\]|\\.)*"|'[^']*')\s*\Z""")
_SECRET = re.compile(rf"{names.PASSWORD_WORD}|{names.SECRET_KEY}", re.IGNORECASE)

_COMMENT_KEY = re.compile(r"(?<![^\s:=])([^\s:=]+)\s*[:=]")
_OF_TOOLS = {"sipctl", "yaml-language-server", "$schema", "http", "https"}


def _may_be_secret(line: str) -> bool:
    found = _HARMLESS.match(line)
    if found is None or _SECRET.search(line):
        return True
    if found["comment"] is not None:
        return any(key not in _OF_TOOLS for key in _COMMENT_KEY.findall(found["comment"]))
    if found["key"] is None or (found["key"] == "description" and _QUOTED.match(found["value"])):
        return False
    # a line break may be missing, and what follows be the value of a key that is misspelt
    return any(key not in _PUBLIC for key in _KEY.findall(found["value"]))


# -- whole texts ---------------------------------------------------------------------------------


def without_plaintext(content: Content, kind: Kind) -> str:
    """A file's text to be shown whole, as in a diff: plain passwords masked, sealed values kept.

    Of a file that cannot be parsed, all from the first line on that may hold a password is masked.
    """
    return _shown_whole(content.text, content.root, kind)


def settings_text(data: bytes) -> str:
    """The settings' text to be shown whole: what stands in a recipient's place and is no public key
    is masked."""
    document = read(data, SETTINGS_FILE)
    return _shown_whole(document.text, document.root, None)


def _shown_whole(text: str, root: Node | None, kind: Kind | None) -> str:
    if root is not None:
        return _without(text, _merged(_secrets(root, text, kind, sealed=False)))
    lines = text.splitlines(keepends=True)
    safe = zip(lines, _safe_lines(lines, kind), strict=True)
    return "".join(line if shown is not None else f"{MASK}\n" for line, shown in safe)


def _merged(spans: Iterable[Span]) -> list[Span]:
    """The spans in order, those that overlap as one."""
    found: list[Span] = []
    for start, end in sorted(spans):
        if found and start < found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], end))
        elif not found or (start, end) != found[-1]:
            found.append((start, end))
    return found


def _without(text: str, spans: Iterable[Span]) -> str:
    pieces, position = [], 0
    for start, end in spans:
        kept_breaks = "\n" * text.count("\n", start, end)
        pieces += [text[position:start], MASK + kept_breaks]
        position = end
    return "".join([*pieces, text[position:]])


# -- what may be secret --------------------------------------------------------------------------


def _secrets(root: Node, text: str, kind: Kind | None, *, sealed: bool) -> Iterator[Span]:
    """The spans of what may be secret: by field, never by what it looks like, but for secret keys,
    which say what they are, and for comments, which belong to no field."""
    for node in _scalars(root):
        if names.is_secret_key(node.value):
            yield node.start, node.end
    yield from _behind_names(root)
    for start, end in _by_field(root, kind, sealed=sealed):
        yield start, _with_comment(text, end)
    for start, end in comments.spans(text, root):
        if names.may_hold_secret(text[start:end]):
            yield start, end


def _behind_names(root: Node) -> Iterator[Span]:
    """Keys that may be passwords, as `told_entries` has it."""
    waiting = [root]
    while waiting:
        node = waiting.pop()
        if isinstance(node, SequenceNode):
            waiting += node.items
        elif isinstance(node, MappingNode):
            for (key, value), (told, _) in zip(node.entries, told_entries(node), strict=True):
                waiting.append(value)
                if told != key.value:
                    yield key.start, max(key.end, value.end)


def _by_field(root: Node, kind: Kind | None, *, sealed: bool) -> Iterator[Span]:
    if kind is SCENARIO:
        return _in_scenario(root)
    return _in_settings(root) if kind is None else _in_endpoint(root, sealed=sealed)


_IGNORE = re.compile(r"[ \t]+#[ \t]*sipctl:[ \t]*ignore\[[\w, -]*\][ \t]*$", re.MULTILINE)
_COMMENT = re.compile(r"[ \t]+#[^\r\n]*")


def _with_comment(text: str, end: int) -> int:
    """Where a value ends, with the comment behind it: an unquoted password may hold ` #`."""
    found = None if _IGNORE.match(text, end) else _COMMENT.match(text, end)
    return found.end() if found else end


def _scalars(root: Node) -> Iterator[Scalar]:
    waiting = [root]
    while waiting:
        node = waiting.pop()
        if isinstance(node, Scalar):
            yield node
        elif isinstance(node, SequenceNode):
            waiting += node.items
        else:
            waiting += (part for entry in node.entries for part in entry)


def _in_settings(root: Node) -> Iterator[Span]:
    if not isinstance(root, MappingNode):
        yield root.start, root.end
        return
    for key, value in root.entries:
        if key.value == "recipients":
            entries = value.entries if isinstance(value, MappingNode) else [(key, value)]
            yield from ((v.start, v.end) for _, v in entries if not _is_public_key(v))
        elif key.value.startswith("x-"):
            yield from _under_passwords(key.value, value)
        elif key.value not in SETTINGS_FIELDS:
            yield _start(key, value, root), max(key.end, value.end)


def _is_public_key(node: Node) -> bool:
    from sipctl.passwords import sealing

    return isinstance(node, Scalar) and sealing.key_fault(node.value) is None


def _in_scenario(root: Node) -> Iterator[Span]:
    """A parameter of an action may be called a password, and at any depth; ids of actions and
    labels of branches may be called so too, and are no names of values."""
    for key, value in _entries(root):
        if key.value != "actions" or not isinstance(value, MappingNode):
            yield from _under_passwords(key.value, value)
            continue
        for _, action in value.entries:
            yield from _in_action(action)


def _in_action(action: Node) -> Iterator[Span]:
    if not isinstance(action, MappingNode):
        yield from _under_passwords("", action)
        return
    for key, value in action.entries:
        if key.value != "branches" or not isinstance(value, MappingNode):
            yield from _under_passwords(key.value, value)
        else:
            for _, target in value.entries:
                yield from _under_passwords("", target)


def _entries(node: Node) -> list[tuple[Scalar, Node]]:
    return node.entries if isinstance(node, MappingNode) else []


def _under_passwords(key: str, value: Node) -> Iterator[Span]:
    """What stands under a key, if that is called a password, or what in it is."""
    waiting: list[tuple[str, Node]] = [(key, value)]
    while waiting:
        name, node = waiting.pop()
        if names.is_password_name(name):
            yield node.start, node.end
        elif isinstance(node, SequenceNode):
            waiting += (("", item) for item in node.items)
        else:
            waiting += ((inner.value, each) for inner, each in _entries(node))


def _in_endpoint(root: Node, *, sealed: bool) -> Iterator[Span]:
    """The same of an endpoint.

    The value of an unknown key counts too, `pasword: …` is one. With `sealed` sealed values count.
    """
    if not isinstance(root, MappingNode):
        yield root.start, root.end
        return
    for key, value in root.entries:
        if key.value == "password":
            yield from _of_password(value, sealed=sealed)
        elif key.value.startswith("x-"):
            yield from _under_passwords(key.value, value)
        elif key.value not in FIELDS:
            yield _start(key, value, root), max(key.end, value.end)
        elif key.value != "description":
            yield from ((part.start, part.end) for part in _odd(value))


def _start(key: Scalar, value: Node, parent: MappingNode) -> int:
    """Where an unknown entry may be secret from: the key too where it is no word, or may be a value
    itself: `{password secret}` has one key and no value, `{password, secret}` two."""
    told = is_word(key.value) and not is_alone(value, parent)
    return value.start if told else key.start


def _odd(value: Node) -> Iterator[Node]:
    """The parts of a known field's value that belong nowhere, and may be a password that slipped
    in: mappings, and a text that holds its key where a quote is closed too late."""
    for node in value.items if isinstance(value, SequenceNode) else [value]:
        if not isinstance(node, Scalar) or names.may_hold_secret(node.value):
            yield node


def _of_password(value: Node, *, sealed: bool) -> Iterator[Span]:
    entries = value.entries if isinstance(value, MappingNode) else []
    if len(entries) != 1 or entries[0][0].value not in PASSWORD_FORMS:
        yield value.start, value.end
        return
    from sipctl.passwords import sealing

    form, named = entries[0]
    is_sealed = form.value == "age" and isinstance(named, Scalar) and sealing.is_sealed(named.value)
    if not names_password(form.value, named) and (sealed or not is_sealed):
        yield named.start, named.end
