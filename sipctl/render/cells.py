"""Text by the columns that it takes on a terminal: wide characters take two, accents that are
characters of their own none (Unicode Standard Annex #11).

Rich knows the same; its import costs as much as the start of Python.
"""

from __future__ import annotations

from unicodedata import category, east_asian_width


def width(text: str) -> int:
    """How many columns a text takes."""
    return len(text) if text.isascii() else sum(map(_columns, text))


def _columns(char: str) -> int:
    if category(char) in ("Mn", "Me"):
        return 0
    return 2 if east_asian_width(char) in ("W", "F") else 1


def cut(text: str, room: int) -> str:
    """The text in at most `room` columns; … stands for what is left out."""
    return text if width(text) <= room else beginning(text, room - 1) + "…"


def beginning(text: str, room: int) -> str:
    """As much of a text as goes into `room` columns."""
    if text.isascii():
        return text[: max(room, 0)]
    for end, char in enumerate(text):
        room -= _columns(char)
        if room < 0:
            return text[:end]
    return text


def wrapped(text: str, room: int) -> list[str]:
    """The text in lines of at most `room` columns; a line ends at a blank if it holds one."""
    lines: list[str] = []
    at = 0
    while True:
        part = text[at : at + _PER_COLUMN * room]  # never all that follows: that would be quadratic
        end = at + len(beginning(part, room) or part[:1])
        if end >= len(text):
            return [*lines, text[at:]]
        blank = text.rfind(" ", at + 1, end + 1)
        lines.append(text[at : end if blank < 0 else blank])
        at = end if blank < 0 else blank + 1


_PER_COLUMN = 4  # more characters than share a column in any word


def padded(text: str, room: int) -> str:
    """The text with blanks behind it up to `room` columns."""
    return text + " " * (room - width(text))
