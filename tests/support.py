"""What the fixtures of conftest.py hand out: ways to run the program, and what came of it."""

import json
import os
import re
import select
import shutil
import subprocess
import sys
import sysconfig
import termios
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parent.parent
PROGRAM = Path(sysconfig.get_path("scripts")) / "sipctl"

Environment = Mapping[str, str | None]
"""Variables to set for one run; `None` takes one away."""

_ESCAPE = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\-_])")
_QUIET = 0.1  # seconds without output, after which an unfinished line is a question
_STUCK = 30.0  # seconds without output, after which nothing more will come


@dataclass(frozen=True, slots=True)
class Result:
    """What one run gave.

    Bytes that are no UTF-8 stand as surrogates, and no line end is translated, so that
    `out.encode("utf-8", "surrogateescape")` is what was written.
    """

    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    @property
    def lines(self) -> list[str]:
        return self.out.splitlines()


@dataclass(frozen=True, slots=True)
class Screen:
    """What one run on a terminal gave: its status and all that was shown, the answers included."""

    status: int
    raw: str

    @property
    def text(self) -> str:
        """What was shown, without colours and carriage returns."""
        return _ESCAPE.sub("", self.raw).replace("\r", "")


def expect(check: int | None, status: int, told: str) -> None:
    """Fails with everything that was told unless the status is the expected one."""
    if check is not None and status != check:
        raise AssertionError(f"status {status}, expected {check}\n{told}")


def environment(changes: Environment | None = None) -> dict[str, str]:
    """The closed environment of the test with these changes."""
    merged = {**os.environ, **(changes or {})}
    return {name: value for name, value in merged.items() if value is not None}


def told(command: Sequence[object], out: str, err: str) -> str:
    line = " ".join(str(word) for word in command)
    return f"$ {line}\n--- standard output\n{out}\n--- standard error\n{err}"


def execute(
    command: Sequence[str | Path],
    *,
    cwd: Path | None = None,
    input: str | bytes | None = None,
    env: Environment | None = None,
    check: int | None = 0,
    timeout: float = 120,
) -> Result:
    """Runs a command in a process of its own, without a terminal.

    :param cwd: the current folder unless given.
    :param input: what stands on standard input; nothing (the null device) unless given.
    :param check: the status that must come; `None` takes any.
    """
    done = subprocess.run(
        [str(word) for word in command],
        cwd=cwd,
        env=environment(env),
        capture_output=True,
        check=False,
        timeout=timeout,
        **_standard_input(input),
    )
    result = Result(done.returncode, _text(done.stdout), _text(done.stderr))
    expect(check, result.status, told(command, result.out, result.err))
    return result


def _standard_input(given: str | bytes | None) -> dict[str, Any]:
    if given is None:
        return {"stdin": subprocess.DEVNULL}
    return {"input": as_bytes(given)}


def as_bytes(given: str | bytes) -> bytes:
    return given if isinstance(given, bytes) else given.encode("utf-8", "surrogateescape")


def _text(output: bytes) -> str:
    return output.decode("utf-8", "surrogateescape")


def on_terminal(
    command: Sequence[str | Path],
    answers: Sequence[str] = (),
    *,
    cwd: Path | None = None,
    env: Environment | None = None,
    check: int | None = 0,
    columns: int = 80,
    timeout: float = 120,
) -> Screen:
    """Runs a command with a pseudo-terminal for its three streams, and types the answers.

    An answer is typed, with a return, when the last line shown is unfinished and nothing more
    comes: then something was asked. A control character alone, say "\\x03" (interrupt) or "\\x04"
    (end of input), is typed without a return. Answers that nobody asked for are an error, and so is
    a question without an answer.
    """
    with _terminal(columns) as (master, slave):
        process = _start([str(word) for word in command], slave, cwd, environment(env))
        try:
            raw, left = _converse(process, master, list(answers), time.monotonic() + timeout)
        finally:
            process.kill()
            process.wait()
    screen = Screen(process.returncode, raw)
    if left:
        raise AssertionError(f"nobody asked for {left}\n{screen.text}")
    expect(check, screen.status, screen.text)
    return screen


@contextmanager
def _terminal(columns: int) -> Iterator[tuple[int, int]]:
    master, slave = os.openpty()
    termios.tcsetwinsize(slave, (24, columns))
    try:
        yield master, slave
    finally:
        os.close(master)
        os.close(slave)


def _start(
    command: list[str], slave: int, cwd: Path | None, env: dict[str, str]
) -> "subprocess.Popen[bytes]":
    # The leader of a new session gets the terminal that it opens as its controlling one, so that
    # a typed Control-C interrupts it.
    attach = f'exec "$0" "$@" <>{os.ttyname(slave)} >&0 2>&1'
    return subprocess.Popen(
        ["sh", "-c", attach, *command],
        stdin=slave,
        stdout=slave,
        stderr=slave,
        start_new_session=True,
        cwd=cwd,
        env=env,
    )


def _converse(
    process: "subprocess.Popen[bytes]", master: int, answers: list[str], end: float
) -> tuple[str, list[str]]:
    """Reads and answers until the process ends: what was shown, and the answers not asked for."""
    shown = b""
    answered = 0
    heard = time.monotonic()
    while (now := time.monotonic()) < min(end, heard + _STUCK):
        ended = process.poll() is not None
        piece = _read(master, 0 if ended else _QUIET)
        if piece:
            shown, heard = shown + piece, now
        if ended and not piece:
            return _text(shown), answers
        # After an answer that is not echoed (a password) the last line is still unfinished.
        if not piece and answers and len(shown) > answered and _asks(_text(shown)):
            answered = len(shown)
            _type(master, answers.pop(0))
    raise AssertionError(f"did not end; shown was\n{Screen(-1, _text(shown)).text}")


def _read(master: int, seconds: float) -> bytes:
    """What was shown within this time, at once when there is something."""
    ready, _, _ = select.select([master], [], [], seconds)
    return os.read(master, 65536) if ready else b""


def _asks(shown: str) -> bool:
    text = Screen(0, shown).text
    return bool(text) and not text.endswith("\n")


def _type(master: int, answer: str) -> None:
    control = len(answer) == 1 and not answer.isprintable()
    os.write(master, as_bytes(answer if control else answer + "\r"))


_IN_CI = bool(os.environ.get("CI"))


def needed(program: str, package: str) -> str:
    """The path of a program that a test needs and pip does not bring.

    Without it the test is skipped, but in CI it fails: `.ci/run` installs all that are needed.
    """
    found = shutil.which(program)
    if found is None:
        words = f"{program} is missing: install {package}, as .ci/run does"
        if _IN_CI:
            pytest.fail(words)
        pytest.skip(words)
    return found


def steps(function: Callable[[], object]) -> int:
    """How many lines of Python a call runs: its work, which neither a clock nor another process
    disturbs."""
    count = 0

    def trace(frame: FrameType, event: str, argument: object) -> Any:
        nonlocal count
        count += event == "line"
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        function()
    finally:
        sys.settrace(before)
    return count
