"""Passwords are masked by field, never by what they look like: in lines that findings quote, and in
texts that are shown whole."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from sipctl import names
from sipctl.changes import MASK, names_password
from sipctl.endpoint import FIELDS, PASSWORD_FORMS
from sipctl.findings import Finding
from sipctl.kinds import SCENARIO, SETTINGS_FILE, Kind
from sipctl.member import Content
from sipctl.own import is_word
from sipctl.settings import FIELDS as SETTINGS_FIELDS
from sipctl.yamlfile.nodes import Mapping as MappingNode
from sipctl.yamlfile.nodes import Node, Scalar, Sequence
from sipctl.yamlfile.read import read

_WITHOUT_SOURCE = frozenset(("exposed-password-file",))
"""What was given for the name of a file may have been the password itself."""


def with_sources(
    findings: tuple[Finding, ...], text: str, root: Node | None, kind: Kind | None
) -> tuple[Finding, ...]:
    """The findings with the line each stands in, every secret in it masked. The settings are of no
    kind."""
    if not findings or not text:
        return findings
    lines = text.removeprefix("\ufeff").splitlines()
    if root is None:
        masked = lines[: _safe_lines(lines, kind)]
    else:
        spans = _secrets(root, kind, sealed=True)
        masked = _without(text, spans).removeprefix("\ufeff").splitlines()
    return tuple(_with_source(finding, lines, masked) for finding in findings)


def _with_source(finding: Finding, lines: list[str], masked: list[str]) -> Finding:
    """The finding with its line as it may be shown, and ended within that line of the file."""
    place = finding.place
    if place.line > len(lines):
        return finding
    if place.end_line == place.line:
        end = max(len(lines[place.line - 1]), place.column) + 1
        place = place._replace(end_column=min(place.end_column, end))
    shown = place.line <= len(masked) and finding.rule not in _WITHOUT_SOURCE
    source = masked[place.line - 1] if shown else None
    return finding._replace(place=place, source=source)


def _safe_lines(lines: list[str], kind: Kind | None) -> int:
    """How many lines may be shown of a file that cannot be parsed: those before any password.

    Without a parse nothing tells where a value ends, so of an endpoint only lines that hold known
    keys and no others, and the items of its lists, are taken for what they look like.
    """
    harmful = _SECRET.search if kind is SCENARIO else _may_be_secret
    return next((i for i, line in enumerate(lines) if harmful(line)), len(lines))


_PUBLIC = {*FIELDS, *SETTINGS_FIELDS} - {"password", "recipients"}
_HARMLESS = re.compile(
    rf"\s*(?:\Z|#|-{{3}}|[<=>]{{7}}|(?P<key>{'|'.join(_PUBLIC)})\s*:(?P<value>.*)|-\s[^:]*\Z)"
)
_KEY = re.compile(r"""([^\s,{}\[\]'"]+)['"]?\s*:(?=\s|\Z)""")
_PASSWORD = re.compile("password", re.IGNORECASE)
_SECRET = re.compile(rf"{names.PASSWORD_WORD}|AGE-SECRET-KEY|PRIVATE KEY", re.IGNORECASE)


def _may_be_secret(line: str) -> bool:
    found = _HARMLESS.match(line)
    if found is None or _SECRET.search(line):
        return True
    # a line break may be missing, and what follows be the value of a key that is misspelt
    free = found["key"] in (None, "description")
    return not free and any(key not in _PUBLIC for key in _KEY.findall(found["value"]))


def without_plaintext(content: Content, kind: Kind) -> str:
    """A file's text to be shown whole, as in a diff: plain passwords masked, sealed values kept.

    Of a file that cannot be parsed, all from the first line on that may hold a password is masked.
    """
    if content.root is not None:
        return _without(content.text, _secrets(content.root, kind, sealed=False))
    return _masked_from(content.text, kind)


def _masked_from(text: str, kind: Kind | None) -> str:
    lines = text.splitlines(keepends=True)
    safe = _safe_lines(lines, kind)
    return "".join(lines[:safe]) + "".join(MASK + "\n" for _ in lines[safe:])


def _without(text: str, spans: Iterable[tuple[int, int]]) -> str:
    pieces, position = [], 0
    for start, end in sorted(spans):
        if start >= position:
            kept_breaks = "\n" * text.count("\n", start, end)
            pieces += [text[position:start], MASK + kept_breaks]
            position = end
    return "".join([*pieces, text[position:]])


def settings_text(data: bytes) -> str:
    """The settings' text to be shown whole: what stands in a recipient's place and is no public key
    is masked."""
    document = read(data, SETTINGS_FILE)
    if document.root is None:
        return _masked_from(document.text, None)
    return _without(document.text, _secrets(document.root, None, sealed=False))


def _secrets(root: Node, kind: Kind | None, *, sealed: bool) -> Iterator[tuple[int, int]]:
    """The spans of values that may be secrets: by field, never by what they look like, but for
    secret keys, which say what they are."""
    yield from (
        (node.start, node.end) for node in _scalars(root) if names.is_secret_key(node.value)
    )
    if kind is SCENARIO:
        yield from _under_passwords(root)
    else:
        yield from _in_settings(root) if kind is None else _in_endpoint(root, sealed=sealed)


def _scalars(root: Node) -> Iterator[Scalar]:
    waiting = [root]
    while waiting:
        node = waiting.pop()
        if isinstance(node, Scalar):
            yield node
        elif isinstance(node, Sequence):
            waiting += node.items
        else:
            waiting += (part for entry in node.entries for part in entry)


def _in_settings(root: Node) -> Iterator[tuple[int, int]]:
    if not isinstance(root, MappingNode):
        yield root.start, root.end
        return
    for key, value in root.entries:
        if key.value == "recipients":
            entries = value.entries if isinstance(value, MappingNode) else [(key, value)]
            yield from ((v.start, v.end) for _, v in entries if not _is_public_key(v))
        elif key.value not in SETTINGS_FIELDS and not key.value.startswith("x-"):
            yield value.start if is_word(key.value) else key.start, max(key.end, value.end)


def _is_public_key(node: Node) -> bool:
    from sipctl.passwords import sealing

    return isinstance(node, Scalar) and sealing.key_fault(node.value) is None


def _under_passwords(root: Node) -> Iterator[tuple[int, int]]:
    """The values of every key called password: a parameter of an action can have that name."""
    waiting = [root]
    while waiting:
        node = waiting.pop()
        if isinstance(node, Sequence):
            waiting += node.items
        elif isinstance(node, MappingNode):
            for key, value in node.entries:
                if _PASSWORD.fullmatch(key.value):
                    yield value.start, value.end
                else:
                    waiting.append(value)


def _in_endpoint(root: Node, *, sealed: bool) -> Iterator[tuple[int, int]]:
    """The same of an endpoint.

    The value of an unknown key counts too, `pasword: …` is one; and so does the key itself where it
    is no word: `{password secret}` has one key and no value. With `sealed` sealed values count.
    """
    if not isinstance(root, MappingNode):
        yield root.start, root.end
        return
    for key, value in root.entries:
        if key.value == "password":
            yield from _of_password(value, sealed=sealed)
        elif not _is_public(key):
            yield value.start if is_word(key.value) else key.start, max(key.end, value.end)
        elif key.value in FIELDS and key.value != "description":
            yield from ((part.start, part.end) for part in _odd(value))


def _odd(value: Node) -> Iterator[Node]:
    """The parts of a known field's value that belong nowhere, and may be a password that slipped
    in: mappings, and a text that holds its key where a quote is closed too late."""
    for node in value.items if isinstance(value, Sequence) else [value]:
        if not isinstance(node, Scalar) or names.may_hold_secret(node.value):
            yield node


def _of_password(value: Node, *, sealed: bool) -> Iterator[tuple[int, int]]:
    entries = value.entries if isinstance(value, MappingNode) else []
    if len(entries) != 1 or entries[0][0].value not in PASSWORD_FORMS:
        yield value.start, value.end
        return
    from sipctl.passwords import sealing

    form, named = entries[0]
    is_sealed = form.value == "age" and isinstance(named, Scalar) and sealing.is_sealed(named.value)
    if not names_password(form.value, named) and (sealed or not is_sealed):
        yield named.start, named.end


def _is_public(key: Scalar) -> bool:
    return key.value in FIELDS or key.value.startswith("x-")
