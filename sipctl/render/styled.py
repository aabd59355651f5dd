"""Writing styled text with rich."""

from __future__ import annotations

from collections.abc import Iterable
from typing import IO

from rich.console import Console
from rich.text import Text


def show(stream: IO[str], segments: Iterable[tuple[str, str]]) -> None:
    """Write the segments to a stream in colour, as they are: no wrapping, no markup."""
    console = Console(file=stream, force_terminal=True, highlight=False, soft_wrap=True)
    console.print(Text.assemble(*segments), end="")
