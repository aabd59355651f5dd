"""Git's processes: how one is started, asked, and ended. Nothing else runs a Git.

Every process gets its arguments as a list, literal pathspecs, English words, and no file-system
monitor. What only reads is started by the standard library; what writes, through GitPython, whose
import is too dear for a command that shows something.
"""

from __future__ import annotations

import os
import weakref
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from itertools import zip_longest
from pathlib import Path
from typing import IO, TYPE_CHECKING, TypeVar, cast

from sipctl import privileges, signals
from sipctl.errors import Refused

if TYPE_CHECKING:
    from subprocess import Popen

# A monitor started by a command of ours would outlive it and keep our descriptors. And a bare
# repository among the files of a clone would bring a pager, hooks and filters of its own; older
# versions of Git do not know the key (2.38 does), and pass it over.
_ALWAYS = ("-c", "core.fsmonitor=false", "-c", "safe.bareRepository=explicit")
_ENVIRONMENT = {"GIT_LITERAL_PATHSPECS": "1", "LC_ALL": "C", "LANGUAGE": "C"}

READING = {"GIT_OPTIONAL_LOCKS": "0"}
"""Variables for what only reads: it takes no lock."""

T = TypeVar("T")


class GitFailed(Refused):
    """Git, or a hook of it, said no. The message is Git's own words."""


class GitDied(GitFailed):
    """A Git process was killed. It may have left locks behind."""


Launch = Callable[[Path, Sequence[str], Mapping[str, str], Sequence[int]], "Popen[bytes]"]
"""Starts a command in a folder, with these variables added and descriptors inherited."""


def directly(
    folder: Path,
    command: Sequence[str],
    variables: Mapping[str, str],
    pass_fds: Sequence[int],
    stdin: IO[bytes] | None = None,
) -> Popen[bytes]:
    """Start a process that only reads, from another one if it is given that one's output."""
    from subprocess import PIPE, Popen

    return Popen(
        command,
        cwd=folder,
        env={**os.environ, **variables},
        stdin=stdin or PIPE,
        stdout=PIPE,
        stderr=PIPE,
        pass_fds=tuple(pass_fds),
        **privileges.of_children(),
    )


def through_gitpython(
    folder: Path, command: Sequence[str], variables: Mapping[str, str], pass_fds: Sequence[int]
) -> Popen[bytes]:
    """Start a process that writes."""
    from subprocess import PIPE

    os.environ.setdefault("GIT_PYTHON_REFRESH", "quiet")  # where there is no Git, we say so
    try:
        with privileges.loading():
            from git import Git
            from git.exc import GitCommandNotFound
    except ImportError as error:  # it asks Git for its version, and Git died of that
        raise GitFailed(str(error).strip()) from None
    try:
        wrapper = Git(str(folder)).execute(
            list(command),
            istream=PIPE,
            as_process=True,
            env=variables,
            pass_fds=tuple(pass_fds),
            **privileges.of_children(),
        )
    except GitCommandNotFound:
        raise FileNotFoundError(0, "", command[0]) from None
    assert wrapper.proc is not None
    # GitPython's wrapper ends the process when it is collected; this one is waited for here
    process: Popen[bytes] = wrapper.proc
    wrapper.proc = None
    return process


def start(
    folder: Path,
    args: Sequence[str],
    env: Mapping[str, str] | None = None,
    pass_fds: Sequence[int] = (),
    launch: Launch = directly,
) -> Popen[bytes]:
    """Start Git in a folder; raises Refused where there is no Git, or no such folder."""
    command, variables = ["git", *_ALWAYS, *args], {**_ENVIRONMENT, **(env or {})}
    try:
        return launch(folder, command, variables, pass_fds)
    except FileNotFoundError as error:
        if error.filename != command[0]:
            raise Refused(f'the folder "{folder}" is gone') from None
        raise Refused("git is not installed", "install Git 2.34 or newer") from None


def run(
    folder: Path,
    args: Sequence[str],
    data: bytes = b"",
    env: Mapping[str, str] | None = None,
    pass_fds: Sequence[int] = (),
    launch: Launch = directly,
) -> tuple[int, bytes, str]:
    """Run Git to its end: its status, what it printed, and its words. Raises GitDied where it was
    killed."""
    process = None
    try:
        with signals.waiting():
            process = start(folder, args, env, pass_fds, launch)
        out, err = process.communicate(data)
    except BaseException:
        if process is not None:
            # interrupted: Git ends first, so that what is put back stays put back
            with signals.waiting():
                process.terminate()
                process.wait()
        raise
    if process.returncode < 0:
        raise _died(process.returncode)
    return process.returncode, out, err.decode("utf-8", "replace")


def _died(status: int) -> GitDied:
    return GitDied(f"git was killed by signal {-status}")


def words(text: str) -> str:
    """What Git says, as a message of ours."""
    return "\n".join(line.rstrip() for line in text.strip().splitlines())


def is_at_work(folder: Path) -> bool:
    """True where a Git that may change something runs in a folder, as far as the system tells:
    Linux does."""
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # it has ended, or is somebody else's
            words = (process / "cmdline").read_bytes().split(b"\0")
            is_git = words[0].rpartition(b"/")[2] == b"git" and b"cat-file" not in words
            if is_git and (process / "cwd").readlink().is_relative_to(folder):
                return True
    return False


# -- what is read while it is written ------------------------------------------------------------


@contextmanager
def stream(
    folder: Path, *commands: Sequence[str], between: bytes = b"\0"
) -> Iterator[Iterator[list[bytes]]]:
    """What Git prints, as the pieces `between` NUL bytes or others, while it still runs: as many at
    once as have come. Of several commands each reads what the one before it prints.

    They are ended where nobody reads on; a failure of their own raises GitFailed.
    """
    running: list[Popen[bytes]] = []
    try:
        with signals.waiting():
            for args in commands:
                running.append(_started_behind(running, folder, args))
        yield _pieces(running, between)
    finally:
        for process in reversed(running):
            _end(process)


def _started_behind(
    running: Sequence[Popen[bytes]], folder: Path, args: Sequence[str]
) -> Popen[bytes]:
    if not running:
        return start(folder, args, READING)
    with cast(IO[bytes], running[-1].stdout) as source:  # so that one ends with the other
        return start(folder, args, READING, launch=partial(directly, stdin=source))


def _pieces(running: Sequence[Popen[bytes]], between: bytes) -> Iterator[list[bytes]]:
    assert running[-1].stdout is not None
    rest = b""
    descriptor = running[-1].stdout.fileno()
    while chunk := os.read(descriptor, 65536):
        *pieces, rest = (rest + chunk).split(between)
        yield pieces
    if rest:
        yield [rest]
    for process in reversed(running):
        assert process.stderr is not None
        said = process.stderr.read()
        if process.wait() != 0:
            raise GitFailed(words(said.decode("utf-8", "replace")) or "git failed")


# -- what is asked again and again ---------------------------------------------------------------


class Conversation:
    """A process of Git's that gives an answer to each line, `cat-file --batch` say.

    It is started with the first question, and again where it was killed between two; it ends with
    this object. A question that Git ends at raises GitFailed.
    """

    def __init__(self, folder: Path, *args: str) -> None:
        self._folder = folder
        self._args = args
        self._process: Popen[bytes] | None = None
        self._ending: weakref.finalize[[Popen[bytes]], Conversation] | None = None

    def ask(
        self, questions: Sequence[bytes], answer: Callable[[IO[bytes]], T], at_once: int = 1
    ) -> list[T]:
        """The answers to some lines, each read by `answer`, which raises EOFError at an early end.

        Up to twice `at_once` questions are on their way, which must fit in a pipe: 16 KiB.
        """
        from sipctl import progress

        answers = self.each(questions, answer, at_once)
        return list(progress.over(answers, "Reading from Git", len(questions)))

    def each(
        self, questions: Sequence[bytes], answer: Callable[[IO[bytes]], T], at_once: int = 1
    ) -> Iterator[T]:
        """The answers as `ask` gives them, one after the other while they come."""
        fresh, told = self._process is None, 0
        try:
            for found in self._answers(questions, answer, at_once):
                yield found
                told += 1
            return
        except (EOFError, BrokenPipeError):
            error = self._failure()
        except BaseException:  # what is still to come belongs to no question any more
            self.end()
            raise
        if fresh:
            raise error
        yield from self.each(questions[told:], answer, at_once)

    def _answers(
        self, questions: Sequence[bytes], answer: Callable[[IO[bytes]], T], at_once: int
    ) -> Iterator[T]:
        process = self._process or self._started()
        assert process.stdin is not None
        assert process.stdout is not None
        portions = [questions[i : i + at_once] for i in range(0, len(questions), at_once)]
        for portion, following in zip([[], *portions], [*portions, []], strict=True):
            if following:
                process.stdin.write(b"\n".join(following) + b"\n")
                process.stdin.flush()
            for _ in portion:
                yield answer(process.stdout)

    def _started(self) -> Popen[bytes]:
        with signals.waiting():
            process = start(self._folder, self._args, READING)
            self._process = process
            self._ending = weakref.finalize(self, _end, process)
        return process

    def _failure(self) -> GitFailed:
        """Why it has ended."""
        process = self._process
        assert process is not None
        assert process.stderr is not None
        with signals.waiting():
            status = process.wait()
            said = process.stderr.read()
            self.end()
        if status < 0:
            return _died(status)
        return GitFailed(words(said.decode("utf-8", "replace")) or f"git {self._args[0]} failed")

    def end(self) -> None:
        """End the process; the next question starts another one."""
        self._process = None
        if self._ending is not None:
            self._ending()


def _end(process: Popen[bytes]) -> None:
    """End what only reads, whether it has more to say or not."""
    process.terminate()
    for pipe in (process.stdin, process.stdout, process.stderr):
        if pipe is not None:
            with suppress(OSError):  # a question that nobody hears any more
                pipe.close()
    process.wait()


def together(
    conversations: Sequence[Conversation],
    questions: Sequence[bytes],
    answer: Callable[[IO[bytes]], T],
    at_once: int = 1,
) -> list[T]:
    """The answers to many lines, of which each conversation is asked its part, at the same time."""
    size = -(-len(questions) // len(conversations)) or 1
    parts = [questions[start : start + size] for start in range(0, len(questions), size)]
    speaking = [c.each(p, answer, at_once) for c, p in zip(conversations, parts, strict=False)]
    answers: list[list[T]] = [[] for _ in parts]
    for row in zip_longest(*speaking):
        for found, one in zip(answers, row, strict=True):
            found.append(one)
    return [one for part, found in zip(parts, answers, strict=True) for one in found[: len(part)]]
