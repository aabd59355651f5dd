"""The one reader: libyaml's events become nodes with places, hardened against hostile files.

Nothing here recurses, and the depth is bounded (libyaml takes quadratic time for deep flow nesting)
as is the size, to 1 MiB: no input costs more than linear time or memory.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import islice

from _ruamel_yaml import CParser
from ruamel.yaml.error import YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
    StreamEndEvent,
)

from sipctl.findings import Finding, Place
from sipctl.nodes import MAX_BYTES as MAX_BYTES
from sipctl.nodes import Mapping, Node, Scalar, Sequence

MAX_DEPTH = 64
MAX_TAG_DIRECTIVES = 8  # libyaml compares each with all before it

_CONFLICT = re.compile(r"^(?:<{7}|={7}|>{7}|\|{7})(?=[ \r\n]|$)", re.MULTILINE)
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\ufffe\uffff]")
_TAG_DIRECTIVE = re.compile(r"(?:\A\ufeff?|(?<=[\r\n]))%TAG")
_LINE_END = re.compile("\r\n|\r|\n")


@dataclass(frozen=True, slots=True)
class Document:
    """A file as read: its text, the node of its document, and the findings of syntax.

    `root` is None where there are findings: what cannot be trusted is not looked at further.
    """

    text: str
    root: Node | None
    findings: tuple[Finding, ...] = ()


def read(data: bytes, file: str) -> Document:
    """Read a file's bytes; faults become findings that name `file`. Never raises for bad input."""
    if len(data) > MAX_BYTES:
        message = f"the file has {len(data):,} bytes; at most {MAX_BYTES:,} are read"
        return _refused("", Finding.of("file-too-large", Place(file), message, "split it"))
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        return _refused("", _invalid_utf8(data, error, file))
    findings = _text_findings(text, file)
    if findings:
        return Document(text, None, findings)
    return _compose(text, file)


def _refused(text: str, *findings: Finding) -> Document:
    return Document(text, None, findings)


def _invalid_utf8(data: bytes, error: UnicodeDecodeError, file: str) -> Finding:
    before = data[: error.start].decode("utf-8")
    message = f"byte 0x{data[error.start]:02x} is not UTF-8"
    hint = "save the file as UTF-8"
    return Finding.of("invalid-utf8", place_at(before, len(before), file), message, hint)


def place_at(text: str, offset: int, file: str, width: int = 1) -> Place:
    """The place of an offset into `text`."""
    line, start = 1, 0
    for end in _LINE_END.finditer(text, 0, offset):
        line, start = line + 1, end.end()
    column = offset - start + 1 - (line == 1 and text.startswith("\ufeff"))
    return Place(file, line, column, line, column + width)


def _text_findings(text: str, file: str) -> tuple[Finding, ...]:
    conflict = _CONFLICT.search(text)
    # a lone row of equals signs is no conflict: it needs one of the other markers
    if conflict and re.search(r"^(?:<{7}|>{7})(?=[ \r\n]|$)", text, re.MULTILINE):
        place = place_at(text, conflict.start(), file, 7)
        hint = "choose one side, take the marker lines out, then `git add` the file"
        return (Finding.of("conflict-markers", place, "an unfinished merge stands here", hint),)
    control = _FORBIDDEN.search(text)
    if control:
        message = f"the character U+{ord(control[0]):04X} must not stand in a file"
        hint = "take it out"
        place = place_at(text, control.start(), file)
        return (Finding.of("control-character", place, message, hint),)
    directives = islice(_TAG_DIRECTIVE.finditer(text), MAX_TAG_DIRECTIVES, None)
    for directive in directives:
        message = f"more than {MAX_TAG_DIRECTIVES} tag directives stand in the file"
        place = place_at(text, directive.end() - len("%TAG"), file, len("%TAG"))
        return (Finding.of("custom-tag", place, message, "take them out"),)
    return ()


class _Stop(Exception):
    """A finding after which the rest of the document is not worth reading."""

    def __init__(self, finding: Finding) -> None:
        super().__init__()
        self.finding = finding


def _compose(text: str, file: str) -> Document:
    bom = text.startswith("\ufeff")
    composer = _Composer(file, 1 if bom else 0)
    try:
        composer.run(CParser(text[1:] if bom else text))
    except _Stop as stop:
        return Document(text, None, (*composer.findings, stop.finding))
    except YAMLError as error:
        return Document(text, None, (*composer.findings, _invalid_yaml(error, text, file)))
    if composer.findings:
        return Document(text, None, tuple(composer.findings))
    if composer.root is None:
        message = "the file holds no document"
        hint = "delete it, or restore it from Git"
        return _refused(text, Finding.of("empty-file", Place(file), message, hint))
    return Document(text, composer.root)


def _invalid_yaml(error: YAMLError, text: str, file: str) -> Finding:
    problem = getattr(error, "problem", None) or "this is not YAML"
    context = getattr(error, "context", None)
    message = f"{problem} {context}" if context else str(problem)
    mark, opened = getattr(error, "problem_mark", None), getattr(error, "context_mark", None)
    hint = "a tab cannot indent; use blanks" if "token" in message and "\t" in text else ""
    opens = opened is not None and ("quoted" in message or "flow" in message)
    if opens and (mark is None or mark.index >= len(text.rstrip())):
        # what is still open at the end of the file is mended where it begins
        mark, hint = opened, "what opens here is never closed"
    if mark is None:
        return Finding.of("invalid-yaml", Place(file), message, hint)
    line, column = mark.line + 1, mark.column + 1
    if line > text.count("\n") + 1:  # libyaml sets some marks behind the last line
        line, column = line - 1, 1
    return Finding.of("invalid-yaml", Place(file, line, column, line, column + 1), message, hint)


class _Composer:
    """Builds nodes from events with a stack of its own."""

    def __init__(self, file: str, shift: int) -> None:
        self.file = file
        self.shift = shift  # a byte-order mark is text to us and nothing to libyaml
        self.root: Node | None = None
        self.findings: list[Finding] = []
        self.stack: list[Sequence | Mapping] = []
        self.keys: list[Scalar | None] = []  # the key that waits for its value, a mapping each
        self.seen: list[set[str]] = []
        self.documents = 0

    def run(self, parser: CParser) -> None:
        event = parser.get_event()
        while not isinstance(event, StreamEndEvent):
            kind = type(event)
            if kind is ScalarEvent:
                self._check(event)
                self._add(self._scalar(event))
            elif kind is MappingStartEvent or kind is SequenceStartEvent:
                self._check(event)
                self._open(event, kind is MappingStartEvent)
            elif kind is MappingEndEvent or kind is SequenceEndEvent:
                self._close(event)
            elif kind is AliasEvent:
                self._fault("anchor-or-alias", event, "an alias stands here", "write the value out")
                self._add(self._node_of_alias(event))
            elif kind is DocumentStartEvent:
                self._document(event)
            event = parser.get_event()

    def _document(self, event: DocumentStartEvent) -> None:
        self.documents += 1
        if self.documents > 1:
            hint = "one file holds one document: move this one to a file of its own"
            raise _Stop(self._finding("several-documents", event, "a second document", hint))

    def _finding(self, rule: str, event: object, message: str, hint: str) -> Finding:
        mark, end = event.start_mark, event.end_mark  # type: ignore[attr-defined]
        width = max(end.index - mark.index, 1) if end.line == mark.line else 1
        line, column = mark.line + 1, mark.column + 1
        place = Place(self.file, line, column, line, column + width)
        return Finding.of(rule, place, message, hint)

    def _fault(self, rule: str, event: object, message: str, hint: str) -> None:
        self.findings.append(self._finding(rule, event, message, hint))

    def _check(self, event: ScalarEvent) -> None:
        if event.anchor is not None:
            hint = "take the anchor out, and write the value where its aliases stand"
            # not its name: an unquoted password that begins with & is one
            self._fault("anchor-or-alias", event, "an anchor stands here", hint)
        if event.tag is not None:
            hint = "take the tag out; quote the value if it is a string"
            self._fault("custom-tag", event, "a tag stands here", hint)

    def _scalar(self, event: ScalarEvent) -> Scalar:
        start, end, shift = event.start_mark, event.end_mark, self.shift
        return Scalar(
            event.value,
            event.style or "",
            start.index + shift,
            end.index + shift,
            start.line + 1,
            start.column + 1,
        )

    def _node_of_alias(self, event: AliasEvent) -> Scalar:
        mark = event.start_mark
        return Scalar("*", "", mark.index, event.end_mark.index, mark.line + 1, mark.column + 1)

    def _open(self, event: MappingStartEvent, mapping: bool) -> None:
        if len(self.stack) >= MAX_DEPTH:
            message = f"nested more than {MAX_DEPTH} levels deep"
            raise _Stop(self._finding("nested-too-deep", event, message, "flatten it"))
        mark = event.start_mark
        args = (bool(event.flow_style), mark.index + self.shift, mark.line + 1, mark.column + 1)
        node: Mapping | Sequence = Mapping(*args) if mapping else Sequence(*args)
        self._add(node)
        self.stack.append(node)
        self.keys.append(None)
        self.seen.append(set())

    def _close(self, event: MappingEndEvent) -> None:
        node = self.stack.pop()
        self.keys.pop()
        self.seen.pop()
        node.end = event.end_mark.index + self.shift
        if not node.flow:
            # libyaml ends a block where the next token begins; its own end is its last child's
            node.end = _last_end(node)

    def _add(self, node: Node) -> None:
        if not self.stack:
            self.root = node
            return
        parent = self.stack[-1]
        if isinstance(parent, Sequence):
            parent.items.append(node)
            return
        key = self.keys[-1]
        if key is None:
            self.keys[-1] = self._key(node)
        else:
            parent.entries.append((key, node))
            self.keys[-1] = None

    def _key(self, node: Node) -> Scalar:
        place = Place(self.file, node.line, node.column, node.line, node.column + 1)
        if not isinstance(node, Scalar):
            message = "a list or mapping stands where a key belongs"
            raise _Stop(Finding.of("wrong-type", place, message, "keys are strings"))
        seen = self.seen[-1]
        if node.value in seen:
            message = f'the key "{node.value}" stands twice'
            place = node.place(self.file)
            self.findings.append(Finding.of("duplicate-key", place, message, "keep one of them"))
        seen.add(node.value)
        return node


def _last_end(node: Sequence | Mapping) -> int:
    if isinstance(node, Sequence):
        return node.items[-1].end if node.items else node.start
    return node.entries[-1][1].end if node.entries else node.start
