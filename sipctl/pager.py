"""The pager that a long answer is read in, chosen and started as Git starts its own (git-var:
GIT_PAGER)."""

from __future__ import annotations

import os
import re
import shutil
import signal
import sys
from pathlib import Path
from typing import IO, TYPE_CHECKING

from sipctl import signals, streams

if TYPE_CHECKING:
    from subprocess import Popen

VARIABLE = "SIPCTL_PAGER"

# What Git gives a pager: `less` ends where all fits on the screen, shows colours, and leaves what
# it showed; `lv` shows colours.
_DEFAULTS = {"LESS": "FRX", "LV": "-c"}


class Pager:
    """The pager of one command, which is started with the first that is to be shown.

    From then on standard output leads to it, and standard error too where that is a terminal.
    """

    def __init__(self, folder: Path) -> None:
        """A pager by the settings that Git has in a folder."""
        self.columns = shutil.get_terminal_size().columns
        self._folder = folder
        self._is_chosen = False
        self._process: Popen[bytes] | None = None
        self._terminals: list[tuple[IO[str], int]] = []

    @property
    def was_started(self) -> bool:
        """True where something was shown in it."""
        return self._process is not None

    def start(self) -> None:
        """Start it, unless that was done, or the user wants none or one that is not there."""
        if self._is_chosen:
            return
        self._is_chosen = True
        command = _command(self._folder)
        if command is not None:
            self._lead_to(_started(command))

    def _lead_to(self, process: Popen[bytes]) -> None:
        assert process.stdin is not None
        for stream in (sys.stdout, sys.stderr):
            if stream.isatty():
                stream.flush()
                self._terminals.append((stream, os.dup(stream.fileno())))
                os.dup2(process.stdin.fileno(), stream.fileno())
        process.stdin.close()
        self._process = process

    def end(self) -> None:
        """Say that nothing more will come, and wait until the user has read what came.

        Whoever leaves it before has read enough: that is no error.
        """
        if self._process is None or self._process.returncode is not None:
            return
        with signals.unheard(signal.SIGINT):  # they are meant for the pager
            for stream, terminal in self._terminals:
                stream.flush()
                os.dup2(terminal, stream.fileno())
                os.close(terminal)
            streams.lead_elsewhere()
            self._process.wait()


def is_wanted() -> bool:
    """True where standard output is a terminal that can do more than print."""
    return sys.stdout.isatty() and os.environ.get("TERM", "dumb") != "dumb"


def _command(folder: Path) -> str | None:
    """The user's pager as a line for the shell; None for none."""
    command = os.environ.get(VARIABLE, os.environ.get("GIT_PAGER"))
    if command is None:
        command = _of_git(folder)
    words = command.split()
    return command if words and words != ["cat"] and _is_there(words[0]) else None


def _of_git(folder: Path) -> str:
    """core.pager, PAGER, or Git's own default; without Git that of the variable."""
    from sipctl.errors import Refused
    from sipctl.git import processes

    try:
        status, out, _ = processes.run(folder, ["var", "GIT_PAGER"], env=processes.READING)
    except Refused:
        status = 1
    if status == 0:
        return os.fsdecode(out)
    return os.environ.get("PAGER", "less")


def _is_there(word: str) -> bool:
    """False for a program that is missing. What only a shell understands (`LESS=R less`) is left to
    it."""
    return not re.fullmatch(r"[\w./+-]+", word) or shutil.which(word) is not None


def _started(command: str) -> Popen[bytes]:
    from subprocess import PIPE, Popen

    from sipctl import privileges

    env = {**_DEFAULTS, **os.environ}
    return Popen(["/bin/sh", "-c", command], stdin=PIPE, env=env, **privileges.of_children())
