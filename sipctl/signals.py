"""Signals while something is under way: which end it, which wait, and which are not heard."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from types import FrameType

from sipctl.errors import Interrupted

_ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""What ends a program that does nothing about it."""

_Handler = Callable[[int, FrameType | None], object] | signal.Handlers


@contextmanager
def _handled(numbers: Iterable[int], handler: _Handler) -> Iterator[None]:
    old = {number: signal.signal(number, handler) for number in numbers}
    try:
        yield
    finally:
        for number, before in old.items():
            signal.signal(number, before)


def unheard(*numbers: int) -> AbstractContextManager[None]:
    """Signals do nothing; without numbers none that ends a program does."""
    return _handled(numbers or _ENDING, signal.SIG_IGN)


def interrupting() -> AbstractContextManager[None]:
    """SIGTERM and SIGHUP raise Interrupted: as Ctrl-C does they end what goes on, and everything is
    put back."""

    def interrupt(number: int, frame: FrameType | None) -> None:
        raise Interrupted

    # one that is ignored (SIGHUP under nohup) stays so
    numbers = [n for n in (signal.SIGTERM, signal.SIGHUP) if signal.getsignal(n) != signal.SIG_IGN]
    return _handled(numbers, interrupt)


@contextmanager
def waiting() -> Iterator[None]:
    """What a signal raises is raised at the end of the block: no process is started and lost."""
    came: list[int] = []

    def note(number: int, frame: FrameType | None) -> None:
        came.append(number)

    try:
        with _handled([n for n in _ENDING if callable(signal.getsignal(n))], note):
            yield
    finally:
        for late in came:
            signal.raise_signal(late)
