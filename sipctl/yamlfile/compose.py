"""libyaml's events become nodes with places.

Nothing here recurses, and the depth is bounded, as libyaml takes quadratic time for deep nesting in
brackets. Most of a cold start passes through here, so the usual events are dealt with in one loop.
"""

from __future__ import annotations

from typing import Any

from yaml import YAMLError
from yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
    StreamEndEvent,
)

from sipctl.errors import Refused
from sipctl.findings import Finding, Place
from sipctl.yamlfile.faults import invalid_yaml
from sipctl.yamlfile.nodes import Mapping, Node, Scalar, Sequence

try:
    from yaml._yaml import CParser
except ImportError:  # it was built where there was no libyaml, and nobody was told
    hint = "install it anew where there is a wheel for it, or libyaml's headers (libyaml-dev)"
    raise Refused("PyYAML has been installed without its part in C", hint) from None

MAX_DEPTH = 64
_LIMIT = "maximum nesting depth"
_TOO_DEEP = (f"nested more than {MAX_DEPTH} levels deep", "flatten it")


class _Stop(Exception):
    """A finding after which the rest of the document is not worth reading."""

    def __init__(self, finding: Finding) -> None:
        super().__init__()
        self.finding = finding


def compose(text: str, file: str) -> tuple[Node | None, tuple[Finding, ...]]:
    """The node of a text's document, or None and what is wrong with the text."""
    # a byte-order mark is text to us and nothing to libyaml
    shift = 1 if text.startswith("\ufeff") else 0
    composer = _Composer(file, shift)
    try:
        composer.run(CParser(text[1:] if shift else text))
    except _Stop as stop:
        return None, (*composer.findings, stop.finding)
    except YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        if mark is not None and _LIMIT in str(error):
            # libyaml counts levels too and looks ahead: what is too deep for us stands before that
            return compose(text[: mark.index + shift], file)
        return None, (*composer.findings, invalid_yaml(error, text, shift, file))
    if composer.findings:
        return None, tuple(composer.findings)
    if composer.root is None:
        message = "the file holds no document"
        hint = "delete it, or restore it from Git"
        return None, (Finding.of("empty-file", Place(file), message, hint),)
    return composer.root, ()


class _Composer:
    """Builds nodes from events with a stack of its own."""

    def __init__(self, file: str, shift: int) -> None:
        self.file = file
        self.shift = shift
        self.root: Node | None = None
        self.findings: list[Finding] = []
        self.documents = 0

    def run(self, parser: CParser) -> None:  # noqa: C901 (a call for each event is dear)
        shift, next_event = self.shift, parser.get_event
        stack: list[Sequence | Mapping] = []
        parent: Sequence | Mapping | None = None
        keys: list[Scalar | None] = []  # the key that waits for its value, one for each parent
        key: Scalar | None = None
        node: Node
        while True:
            event: Any = next_event()
            kind = type(event)
            if kind is ScalarEvent:
                if event.anchor is not None or event.tag is not None:
                    self._check(event)
                start, end = event.start_mark, event.end_mark
                node = Scalar(
                    event.value,
                    event.style or "",
                    start.index + shift,
                    end.index + shift,
                    start.line + 1,
                    start.column + 1,
                )
            elif kind is MappingEndEvent or kind is SequenceEndEvent:
                assert parent is not None
                # libyaml ends a block where the next token begins; its own end is its last child's
                parent.end = event.end_mark.index + shift if parent.flow else _last_end(parent)
                stack.pop()
                parent = stack[-1] if stack else None
                key = keys.pop()
                continue
            elif kind is MappingStartEvent or kind is SequenceStartEvent:
                node = self._opened(event, kind is MappingStartEvent, len(stack))
            elif kind is AliasEvent:
                node = self._of_alias(event)
            elif kind is StreamEndEvent:
                return
            else:
                if kind is DocumentStartEvent:
                    self._document(event)
                continue
            # -- the node finds its place
            if isinstance(parent, Mapping):
                if key is None:
                    if not isinstance(node, Scalar):
                        raise self._no_key(node)
                    if parent.flow and ":" in node.value and not node.style:
                        self._colon(event)
                    if parent.add_key(node):
                        self._twice(node)
                    key = node
                    continue
                parent.entries.append((key, node))
                key = None
            elif parent is None:
                self.root = node
            else:
                parent.items.append(node)
            if not isinstance(node, Scalar):
                stack.append(node)
                keys.append(key)
                parent, key = node, None

    def _document(self, event: Any) -> None:
        self.documents += 1
        if self.documents > 1:
            hint = "one file holds one document: move this one to a file of its own"
            raise _Stop(self._finding("several-documents", event, "a second document", hint))

    def _finding(self, rule: str, event: Any, message: str, hint: str) -> Finding:
        mark, end = event.start_mark, event.end_mark
        width = max(end.index - mark.index, 1) if end.line == mark.line else 1
        line, column = mark.line + 1, mark.column + 1
        place = Place(self.file, line, column, line, column + width)
        return Finding.of(rule, place, message, hint)

    def _fault(self, rule: str, event: Any, message: str, hint: str) -> None:
        self.findings.append(self._finding(rule, event, message, hint))

    def _check(self, event: Any) -> None:
        if event.anchor is not None:
            hint = "write the value where its aliases stand; quote it if it is a string"
            # not its name: an unquoted password that begins with & is one
            self._fault("anchor-or-alias", event, "an anchor stands here", hint)
        if event.tag is not None:
            hint = "take the tag out; quote the value if it is a string"
            self._fault("custom-tag", event, "a tag stands here", hint)

    def _colon(self, event: Any) -> None:
        # {password:secret} is one key to YAML, and no password
        hint = "put a blank behind the colon, or quote the key"
        message = "a colon stands within a plain key between braces"
        self._fault("invalid-yaml", event, message, hint)

    def _of_alias(self, event: Any) -> Scalar:
        hint = "write the value out; quote it if it is a string"
        self._fault("anchor-or-alias", event, "an alias stands here", hint)
        mark = event.start_mark
        return Scalar("*", "", mark.index, event.end_mark.index, mark.line + 1, mark.column + 1)

    def _opened(self, event: Any, mapping: bool, depth: int) -> Mapping | Sequence:
        self._check(event)
        if depth >= MAX_DEPTH:
            raise _Stop(self._finding("nested-too-deep", event, *_TOO_DEEP))
        mark = event.start_mark
        kind = Mapping if mapping else Sequence
        return kind(bool(event.flow_style), mark.index + self.shift, mark.line + 1, mark.column + 1)

    def _no_key(self, node: Node) -> _Stop:
        place = Place(self.file, node.line, node.column, node.line, node.column + 1)
        message = "a list or mapping stands where a key belongs"
        return _Stop(Finding.of("wrong-type", place, message, "keys are strings"))

    def _twice(self, key: Scalar) -> None:
        # an unknown one may be a value: `password: {secret, secret}`
        told = f'key "{key.value}"' if _is_public(key.value) else "same key"
        message = f"the {told} stands twice"
        place = key.place(self.file)
        self.findings.append(Finding.of("duplicate-key", place, message, "keep one of them"))


def _is_public(key: str) -> bool:
    from sipctl.endpoint import FIELDS  # few files need them
    from sipctl.settings import FIELDS as SETTINGS_FIELDS

    return key in FIELDS or key in SETTINGS_FIELDS or key.startswith("x-")


def _last_end(node: Sequence | Mapping) -> int:
    if isinstance(node, Sequence):
        return node.items[-1].end if node.items else node.start
    return node.entries[-1][1].end if node.entries else node.start
