"""Pure functions from a value to what is shown: pieces of text, each with a style."""

from __future__ import annotations

from collections.abc import Iterator

Segments = Iterator[tuple[str, str]]
"""Text and its style; the texts joined are the plain form."""


def visible(text: str) -> str:
    """The text with every character escaped that a terminal could take for a command."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else _escaped(c) for c in text)


def _escaped(char: str) -> str:
    if char == "\t":
        return " "  # as wide as the column count takes it
    code = ord(char)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"


def shortened(text: str, most: int) -> str:
    """At most so many characters; … stands for what is left out."""
    return text if len(text) <= most else text[: most - 1] + "…"
