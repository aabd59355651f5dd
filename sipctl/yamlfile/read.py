"""The one reader, hardened against hostile files: bytes become text, and that a document's nodes.

Its size is bounded, to 1 MiB, and no input costs more than linear time or memory.
"""

from __future__ import annotations

import re
from itertools import islice
from typing import NamedTuple

from sipctl.findings import Finding, Place
from sipctl.storage.disk import MAX_BYTES
from sipctl.yamlfile.nodes import Node

MAX_TAG_DIRECTIVES = 8  # libyaml compares each with all before it

_CONFLICT = re.compile(r"^(?:<{7}|={7}|>{7}|\|{7})(?=[ \r\n]|$)", re.MULTILINE)
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\ufffe\uffff]")
_TAG_DIRECTIVE = re.compile(r"(?:\A\ufeff?|(?<=[\r\n]))%TAG")
_LINE_END = re.compile("\r\n|\r|\n")


class Document(NamedTuple):
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
    if _may_be_refused(data, text):
        findings = _text_findings(text, file)
        if findings:
            return Document(text, None, findings)
    from sipctl.yamlfile.compose import compose  # its library is dear to load

    root, findings = compose(text, file)
    if findings and any(finding.rule == "invalid-yaml" for finding in findings):
        # what is left of a conflict is no YAML; within a text it may stand
        findings = _conflict(text, file) or findings
    return Document(text, root, findings)


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


_ALLOWED = bytes({*range(0x20, 0x7F), *b"\t\n\r"})


def _may_be_refused(data: bytes, text: str) -> bool:
    """False for most texts: to look for the place of what is rare takes longer than to see that it
    is not there."""
    rare = b"<<<<<<<" in data or b">>>>>>>" in data or b"%TAG" in data
    return rare or bool(data.translate(None, _ALLOWED)) or not text.isascii()


def _conflict(text: str, file: str) -> tuple[Finding, ...]:
    conflict = _CONFLICT.search(text)
    if conflict is None:
        return ()
    place = place_at(text, conflict.start(), file, 7)
    hint = "choose one side, take the marker lines out, then `git add` the file"
    return (Finding.of("conflict-markers", place, "an unfinished merge stands here", hint),)


_SURE_CONFLICT = re.compile(r"^(?:<{7}|>{7})(?=[ \r\n]|$)", re.MULTILINE)


def _text_findings(text: str, file: str) -> tuple[Finding, ...]:
    # a row of equals signs may be text
    conflict = _conflict(text, file) if _SURE_CONFLICT.search(text) else ()
    if conflict:
        return conflict
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
