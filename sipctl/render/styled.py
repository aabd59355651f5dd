"""Styled text as the codes that terminals take (ECMA-48, SGR)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

_CODES = {
    "bold": "1",
    "dim": "2",
    "red": "31",
    "green": "32",
    "yellow": "33",
    "blue": "34",
    "cyan": "36",
}


def colored(segments: Iterable[tuple[str, str]]) -> Iterator[str]:
    """The texts with the codes of their styles.

    A style ends with its line: pagers start each line without one.
    """
    for text, style in segments:
        if not style:
            yield text
            continue
        start = f"\x1b[{';'.join(_CODES[word] for word in style.split())}m"
        for line in text.splitlines(keepends=True):
            words = line.removesuffix("\n")
            yield f"{start}{words}\x1b[0m{line[len(words) :]}" if words else line
