"""Plain scalars: what a YAML reader may take a text for, and how sipctl writes a string.

The union of what YAML 1.1 (the type repository of 2005, and PyYAML, Psych, go-yaml as they read it)
and YAML 1.2.2 (section 10.3, the core schema) resolve. A text that any of them types is not plain.
"""

from __future__ import annotations

import re

_BOOLEANS = (
    *("y", "Y", "yes", "Yes", "YES", "n", "N", "no", "No", "NO", "on", "On", "ON"),
    *("off", "Off", "OFF", "true", "True", "TRUE", "false", "False", "FALSE"),
)
_WORDS = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), "null"),
    **dict.fromkeys(_BOOLEANS, "a boolean"),
    **dict.fromkeys(("=", "<<"), "a special key"),
}
_NUMBER = re.compile(
    r"""[-+]?(?:
        0[bB][01_]+ | 0[oO][0-7_]+ | 0[xX][0-9a-fA-F_]+ # other bases; go-yaml takes capitals too
      | [0-9_][0-9_,]*                                 # decimal, octal; "-_" is ruamel's
      | (?:[0-9][0-9_,]*)?\.[0-9_]*(?:[eE][-+]?[0-9]+)? # floats; "." alone is ruled out below
      | [0-9][0-9_]*[eE][-+]?[0-9]+
      | \.(?:inf|Inf|INF)
      )\Z | \.(?:nan|NaN|NAN)\Z""",
    re.VERBOSE,
)
# base 60 of YAML 1.1: 08:30, 190:20:30.15
_TIME = re.compile(r"[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?\Z")
_DATE = re.compile(
    r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}"
    r"(?:(?:[Tt]|[ \t]+)[0-9]{1,2}:[0-9]{1,2}(?::[0-9]{1,2}(?:\.[0-9]*)?)?"
    r"(?:[ \t]*(?:Z|[-+][0-9]{1,2}(?::?[0-9]{2})?))?)?\Z"
)
# the first characters of everything above but words, so that most texts are settled by one look
_FIRST = frozenset(".0123456789+-")


def taken_for(text: str) -> str | None:
    """What some YAML reader takes a plain scalar for, in words; None where all see text."""
    word = _WORDS.get(text)
    if word is not None or text[0] not in _FIRST:
        return word
    # go-yaml drops underscores anywhere before it looks: 1e_5
    if (_NUMBER.match(text) or _NUMBER.match(text.replace("_", ""))) and text != ".":
        return "a number"
    if _DATE.match(text):
        return "a date"
    if _TIME.match(text):
        return "a time"
    return None


def is_null(text: str, plain: bool) -> bool:
    """True for a scalar without a value: empty or null, and not in quotes."""
    return plain and taken_for(text) == "null"


DECIMAL = re.compile(r"(?:0|[1-9][0-9]*)\Z")
"""A number as it is to be written here: decimal digits, no sign, no leading zero."""

# What may stand plain in every context (block, flow, as a key): a conservative choice, wider than
# host names, references and sentences need. No ": ", " #", and nothing that flow or comments use.
_PLAIN = re.compile(r"[A-Za-z0-9_./+(](?:[A-Za-z0-9_.@/+()'=;-]|[ ](?![ #]))*(?<![ ])\Z")
# directions too (061c to 2069): they make a line look like another one
_UNPRINTABLE = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff\ufffe\uffff]"
)
_ESCAPES = {"\t": "\\t", "\n": "\\n", "\r": "\\r", '"': '\\"', "\\": "\\\\"}


def is_plain_safe(text: str) -> bool:
    """True where `text` needs no quotes: in every context every reader sees this string."""
    return bool(_PLAIN.match(text)) and text.isascii() and taken_for(text) is None


def double_quoted(text: str) -> str:
    """`text` as a double-quoted scalar on one line."""
    if text.isprintable() and '"' not in text and "\\" not in text:
        return f'"{text}"'
    return '"' + "".join(map(_escaped, text)) + '"'


def _escaped(char: str) -> str:
    if char in _ESCAPES:
        return _ESCAPES[char]
    if not _UNPRINTABLE.match(char):
        return char
    code = ord(char)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"


def quote(text: str, style: str = "") -> str:
    """`text` as sipctl writes a string: plain where that is safe, else quoted.

    `style` is the style that stood there before; the two kinds of quotes are kept where they can
    be, all else becomes plain or double-quoted on one line.
    """
    if style == "'" and text.isprintable():
        return "'" + text.replace("'", "''") + "'"
    if style != '"' and is_plain_safe(text):
        return text
    return double_quoted(text)
