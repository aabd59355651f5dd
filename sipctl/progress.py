"""A bar on the terminal for what lasts. Elsewhere nothing is shown, and nothing of rich loaded."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Iterator
from time import monotonic
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from rich.progress import Progress

T = TypeVar("T")

DELAY = 1.0
"""So many seconds pass before a bar is shown."""
_EVERY = 0.1  # seconds between two looks of it

_PROCESS = os.getpid()  # a process that helps us shows none of its own

_current: _Bar | None = None


def over(
    items: Iterable[T],
    what: str,
    total: int | None = None,
    place: Callable[[T], int] | None = None,
) -> Iterable[T]:
    """The same items; on a terminal a bar tells how far they are after a second, until they end.

    `total` is their number, if that is known. `place` tells how many came before an item, where
    others take items too. Of loops within loops the outermost has a bar.
    """
    if _current is not None or not _is_wanted():
        return items
    return _told(items, _Bar(what, total), place)


def clear() -> None:
    """Take away the bar before something else is shown; it comes back if it lasts again."""
    if _current is not None:
        _current.clear()


def _is_wanted() -> bool:
    is_ours = os.getpid() == _PROCESS
    return is_ours and sys.stderr.isatty() and os.environ.get("TERM", "dumb") != "dumb"


def _told(items: Iterable[T], bar: _Bar, place: Callable[[T], int] | None) -> Iterator[T]:
    global _current
    _current = bar
    try:
        for number, item in enumerate(items):
            bar.reach(place(item) if place else number)
            yield item
    finally:
        bar.clear()
        _current = None


class _Bar:
    def __init__(self, what: str, total: int | None) -> None:
        self._what = what
        self._total = total
        self._shown: Progress | None = None
        self._next = monotonic() + DELAY

    def reach(self, done: int) -> None:
        """So many are done."""
        now = monotonic()
        if now < self._next:
            return
        self._next = now + _EVERY
        if self._shown is not None:
            self._shown.update(self._shown.task_ids[0], completed=done, refresh=True)
        elif _is_wanted():  # standard error may lead to a pager by now
            self._shown = _begun(self._what, self._total, done)

    def clear(self) -> None:
        if self._shown is not None:
            self._shown.stop()
            self._shown = None
        self._next = monotonic() + DELAY


def _begun(what: str, total: int | None, done: int) -> Progress:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn

    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        console=Console(stderr=True, no_color=True),
        transient=True,
        auto_refresh=False,  # a thread would not survive that we fork
        redirect_stdout=False,
        redirect_stderr=False,
    )
    bar.add_task(what, total=total, completed=done)
    bar.start()
    return bar
