"""What keeps a text from being YAML, as a finding: libyaml's error, where to look, and the cure."""

from __future__ import annotations

import re
from typing import NamedTuple

from yaml import YAMLError

from sipctl.findings import Finding
from sipctl.yamlfile.read import place_at

_OPENING = re.compile(r"[\[{]")
_NO_BLANK = re.compile(r"\ufeff?[ \t]*(?:- +)*[\w-]+(:)(?=[^\s:/])")  # `host:a.example`
_KEY_ALONE = re.compile(r"[ \t]*[\w.-]+[ \t]*\Z")
_QUOTE = "put the value in quotes"
_ALIGN = "align the line with those beside it"
_NO_TAB = "a tab cannot indent; use blanks"
_NO_KEY = "write `key: value`, or take the line out"
_COLON = "put a blank behind the colon"


class _Fault(NamedTuple):
    """An error: what libyaml says, and offsets into the text. `opened` is where began what it was
    reading then."""

    message: str
    at: int
    opened: int
    text: str

    @property
    def before(self) -> str:
        """What stands before it on its line."""
        return self.text[_line_start(self.text, self.at) : self.at]

    @property
    def at_end(self) -> bool:
        return self.at >= len(self.text.rstrip())


def invalid_yaml(error: YAMLError, text: str, shift: int, file: str) -> Finding:
    """The finding; `shift` is how many characters stand before what libyaml was given."""
    problem = getattr(error, "problem", None) or "this is not YAML"
    context = getattr(error, "context", None)
    message = f"{problem} {context}" if context else str(problem)
    mark, opened = getattr(error, "problem_mark", None), getattr(error, "context_mark", None)
    at = mark.index + shift if mark else len(text)
    fault = _Fault(message, at, opened.index + shift if opened else at, text)
    at, hint = _cured(fault)
    # libyaml sets some marks behind the last line
    place = place_at(text, min(at, len(text.rstrip())), file)
    return Finding.of("invalid-yaml", place, message, hint)


def _cured(fault: _Fault) -> tuple[int, str]:
    """Where to look, and what to do there."""
    message, at = fault.message, fault.at
    if "tab character" in message or ("any token" in message and fault.text[at : at + 1] == "\t"):
        return at, _NO_TAB
    if "quoted" in message and fault.at_end:
        return fault.opened, "what opens here is never closed"
    if "flow" in message:
        return _of_brackets(fault)
    if "expected ':'" in message:
        return _without_colon(fault)
    if "mapping values" in message:
        return _second_colon(fault)
    if "expected key" in message or "document start" in message:
        return at, _beside_others(fault)
    if "escape" in message:
        return at, "write two backslashes, or use single quotes"
    return at, _QUOTE if re.search(_OF_VALUES, message) else ""


_OF_VALUES = "any token|block node|block scalar|not allowed in this context"


def _of_brackets(fault: _Fault) -> tuple[int, str]:
    never_closed = "what opens here is never closed"
    if fault.at_end:
        opens = [found.start() for found in _OPENING.finditer(fault.text)]
        within = fault.text[fault.opened : fault.opened + 1] in ("[", "{")
        return (fault.opened if within else opens[-1] if opens else fault.at), never_closed
    if "\n" in fault.text[fault.opened : fault.at]:
        closing = "]" if "sequence" in fault.message else "}"
        line = fault.text.count("\n", 0, fault.opened) + 1
        return fault.at, f"close what opens in line {line} with {closing}"
    return fault.at, "put the value in quotes, or a comma before it"


def _without_colon(fault: _Fault) -> tuple[int, str]:
    """A line that was to be a key: libyaml tells it where the next line begins."""
    found = _NO_BLANK.match(fault.text, _line_start(fault.text, fault.opened))
    if found:
        return found.start(1), _COLON
    return fault.opened, _NO_KEY


def _second_colon(fault: _Fault) -> tuple[int, str]:
    """A colon where a value cannot have one: the value's own, or of a line that goes on with it."""
    if not _KEY_ALONE.match(fault.before):
        return fault.at, _QUOTE
    above = fault.text[: _line_start(fault.text, fault.at)].rstrip()
    found = _NO_BLANK.match(fault.text, _line_start(above, len(above)))
    if found:
        return found.start(1), _COLON
    return fault.at, _ALIGN


def _beside_others(fault: _Fault) -> str:
    if fault.before.strip():
        return "nothing may follow here: put the whole value in quotes, or take this out"
    is_key = "document" in fault.message or fault.before
    return _ALIGN if is_key else _NO_KEY


def _line_start(text: str, at: int) -> int:
    return max(text.rfind("\n", 0, at), text.rfind("\r", 0, at)) + 1
