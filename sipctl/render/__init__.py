"""Pure functions from a value to what is shown: pieces of text, each with a style."""

from __future__ import annotations

from collections.abc import Iterator

from sipctl import names

Segments = Iterator[tuple[str, str]]
"""Text and its style; the texts joined are the plain form."""


def visible(text: str) -> str:
    """The text as `names.visible` has it, a tab as wide as a count of columns takes it."""
    return names.visible(text.replace("\t", " "))


def shortened(text: str, most: int) -> str:
    """At most so many characters; … stands for what is left out."""
    return text if len(text) <= most else text[: most - 1] + "…"
