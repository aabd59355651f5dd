"""One process, from its start to its end: what it said, and what it cost.

The memory of a process that starts another counts as that one's too until it runs a program, and
the kernel keeps the highest. So whoever measures stays small, or small programs look as big as it;
`benchmarks` makes its workspaces, and draws, in processes of their own.
"""

from __future__ import annotations

import os
import pty
import subprocess
import sys
import termios
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from tempfile import TemporaryFile
from time import perf_counter
from typing import IO

_COLUMNS, _ROWS = 80, 24
_MOST_SHOWN = 2_000
_MOST_KEPT = 2_000_000  # of what a process prints: the larger we are, the larger it looks
_MEMORY_UNIT = 1 if sys.platform == "darwin" else 1024  # of ru_maxrss, in bytes


class Output(Enum):
    """Where a process writes its answer.

    FIRST_LINE is a pipe that is closed after the first line, which ends the time too.
    """

    FILE = "a file"
    TERMINAL = "a terminal of 80 columns"
    FIRST_LINE = "a pipe, up to the first line"


@dataclass(frozen=True, slots=True)
class Cost:
    """What a process took: seconds by the clock, seconds of all processors, and bytes at its peak.

    Processes that it started and waited for count too: their time is added, of the memory that of
    the largest counts.
    """

    wall: float
    cpu: float
    memory: int


@dataclass(frozen=True, slots=True)
class Ended:
    """A process that has ended. `status` is negative where a signal ended it; `out` is no more than
    the first two megabytes."""

    command: tuple[str, ...]
    status: int
    out: str
    err: str
    cost: Cost


class Failed(Exception):
    """A process did not do what it should: why, and what it printed."""

    def __init__(self, why: str, ended: Ended) -> None:
        words = " ".join(ended.command[:12]) + (" …" if len(ended.command) > 12 else "")
        parts = [f"{why} (status {ended.status})", f"$ {words}"]
        parts += [_shortened(text) for text in (ended.out, ended.err) if text.strip()]
        super().__init__("\n".join(parts))


def run(
    command: Sequence[str],
    folder: Path,
    variables: Mapping[str, str],
    output: Output = Output.FILE,
) -> Ended:
    """Run a program with nothing on its standard input, and wait for its end."""
    with TemporaryFile() as err:
        start = _Start(tuple(command), folder, variables, err)
        match output:
            case Output.FILE:
                return _into_file(start)
            case Output.TERMINAL:
                return _on_terminal(start)
            case Output.FIRST_LINE:
                return _first_line(start)


@dataclass(frozen=True, slots=True)
class _Start:
    """All that a process is started with, but its standard output."""

    command: tuple[str, ...]
    folder: Path
    variables: Mapping[str, str]
    err: IO[bytes]

    def into(self, out: int, *, terminal: bool = False) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            self.command,
            cwd=self.folder,
            env=self.variables,
            stdin=out if terminal else subprocess.DEVNULL,
            stdout=out,
            stderr=out if terminal else self.err,
        )

    def ended(self, end: _End, out: bytes) -> Ended:
        self.err.seek(0)
        return Ended(self.command, end.status, _text(out), _text(self.err.read()), end.cost)


@dataclass(frozen=True, slots=True)
class _End:
    status: int
    cost: Cost


def _wait(process: subprocess.Popen[bytes], began: float, shown: float | None = None) -> _End:
    """Wait for a process; its time ends where it ends, or where it had `shown` what was asked."""
    _, status, usage = os.wait4(process.pid, 0)
    wall = (shown or perf_counter()) - began
    process.returncode = os.waitstatus_to_exitcode(status)  # nobody else has to wait for it
    cost = Cost(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * _MEMORY_UNIT)
    return _End(process.returncode, cost)


def _into_file(start: _Start) -> Ended:
    with TemporaryFile() as out:
        began = perf_counter()
        end = _wait(start.into(out.fileno()), began)
        out.seek(0)
        return start.ended(end, out.read(_MOST_KEPT))


def _on_terminal(start: _Start) -> Ended:
    master, slave = pty.openpty()
    try:
        termios.tcsetwinsize(slave, (_ROWS, _COLUMNS))
        began = perf_counter()
        process = start.into(slave, terminal=True)
        os.close(slave)
        out = b"".join(iter(lambda: _piece(master), b""))
        return start.ended(_wait(process, began), out)
    finally:
        os.close(master)


def _piece(master: int) -> bytes:
    """Some of what is shown; nothing at the end, which Linux tells by an error."""
    try:
        return os.read(master, 65_536)
    except OSError:
        return b""


def _first_line(start: _Start) -> Ended:
    reading, writing = os.pipe()
    began = perf_counter()
    process = start.into(writing)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        line = pipe.readline()
        shown = perf_counter()
    return start.ended(_wait(process, began, shown), line)


def _text(data: bytes) -> str:
    return data.decode("utf-8", "replace")


def _shortened(text: str) -> str:
    return text if len(text) <= _MOST_SHOWN else f"{text[:_MOST_SHOWN]}\n…"
