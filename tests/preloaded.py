"""Runs sipctl in processes that start with everything loaded, ten times faster than a new one.

This module is also the server: it loads the program once and forks for each command line. The child
is a process of its own, with streams, folder and environment of its own, and can be told to kill
itself where it is about to change something.
"""

import contextlib
import errno
import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages
from typing import Any

from tests.support import ROOT, Environment, Result, environment, expect, told

EVENTS = {"os.link", "os.mkdir", "os.remove", "os.rename", "os.rmdir", "subprocess.Popen"}
"""What changes something, as Python's audit events name it; opening a file to write counts too."""


class Preloaded:
    """The server's other end. What it runs makes commits `stepwise` if that is wanted."""

    def __init__(self, server: "subprocess.Popen[str]", *, stepwise: bool = False) -> None:
        self._server = server
        self._stepwise = stepwise

    def step_by_step(self) -> "Preloaded":
        """The same server, whose commits are made as in a large index."""
        return Preloaded(self._server, stepwise=True)

    def __call__(
        self,
        *arguments: str,
        cwd: Path,
        env: Environment | None = None,
        check: int | None = 0,
        kill_at: int | str = 0,
        full_at: str = "",
    ) -> Result:
        """One run; the process kills itself before the `kill_at`th event, counted from 1, or before
        the first one that is named so: "open message". One named by `full_at` fails as on a full
        disk."""
        at = {"kill_at": kill_at, "full_at": full_at}
        return self._answer(arguments, at, cwd, env, check)[0]

    def counted(
        self,
        *arguments: str,
        cwd: Path,
        env: Environment | None = None,
        check: int | None = 0,
    ) -> tuple[Result, list[str]]:
        """A run that nothing ends, and the events that there were."""
        return self._answer(arguments, {}, cwd, env, check)

    def _answer(
        self,
        arguments: Sequence[str],
        at: Mapping[str, int | str],
        cwd: Path,
        env: Environment | None,
        check: int | None,
    ) -> tuple[Result, list[str]]:
        where = {"cwd": str(cwd), "env": environment(env), "stepwise": self._stepwise}
        request = {"argv": arguments, **where, **at}
        assert self._server.stdin and self._server.stdout
        self._server.stdin.write(json.dumps(request) + "\n")
        self._server.stdin.flush()
        answer = json.loads(self._server.stdout.readline())
        result = Result(answer["status"], answer["out"], answer["err"])
        expect(check, result.status, told(["sipctl", *arguments], result.out, result.err))
        return result, answer["events"]


@contextlib.contextmanager
def preloaded() -> Iterator[Preloaded]:
    """Starts the server, and ends it."""
    command = [sys.executable, "-m", "tests.preloaded"]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, cwd=ROOT) as server:
        yield Preloaded(server)
        assert server.stdin
        server.stdin.close()


# -- the server ----------------------------------------------------------------------------------


def _load() -> None:
    package = import_module("sipctl")
    for module in walk_packages(package.__path__, "sipctl."):
        if module.name != "sipctl.__main__":
            import_module(module.name)


def _answer(request: dict[str, Any]) -> dict[str, Any]:
    with contextlib.ExitStack() as stack:
        out, err, events = (stack.enter_context(tempfile.TemporaryFile()) for _ in range(3))
        child = os.fork()
        if child == 0:
            for number, stream in enumerate((out, err), 1):
                os.dup2(stream.fileno(), number)
            _run(request, events.fileno())
        _, status = os.waitpid(child, 0)
        texts = [_text(stream) for stream in (out, err, events)]
    status = os.waitstatus_to_exitcode(status)
    return {"status": status, "out": texts[0], "err": texts[1], "events": texts[2].splitlines()}


def _text(stream: Any) -> str:
    stream.seek(0)
    return str(stream.read().decode("utf-8", "surrogateescape"))


def _run(request: dict[str, Any], events: int) -> None:
    from sipctl import main
    from sipctl.git import committing

    if request["stepwise"]:
        committing._PAIRS = -1
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.environ.clear()
    os.environ |= request["env"] | {"PROGRAM": str(os.getpid())}  # so that hooks can kill it
    os.chdir(request["cwd"])
    sys.argv = ["sipctl", *request["argv"]]
    _watch(events, request.get("kill_at", 0), request.get("full_at", ""))
    status: int | str | None = 1
    try:
        main.main()
    except SystemExit as error:
        status = error.code
    sys.stderr.flush()
    os._exit(status if isinstance(status, int) else 1)


def _watch(events: int, kill_at: int | str, full_at: str) -> None:
    count = 0

    def watch(event: str, arguments: tuple[Any, ...]) -> None:
        nonlocal count
        if event not in EVENTS and not (event == "open" and _writes(arguments)):
            return
        count += 1
        first = str(arguments[0]).replace("\n", " ")
        os.write(events, os.fsencode(f"{event} {first}\n"))
        if count == kill_at or _is(kill_at, event, first):
            os.kill(os.getpid(), signal.SIGKILL)
        if _is(full_at, event, first):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), first)

    sys.addaudithook(watch)


def _is(named: int | str, event: str, first: str) -> bool:
    kind, _, name = str(named).partition(" ")
    return event == kind and first.endswith(name)


def _writes(arguments: tuple[Any, ...]) -> bool:
    path, _, flags = arguments
    if isinstance(path, int) or not isinstance(flags, int):
        return False
    return bool(flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT))


def _serve() -> None:
    _load()
    for line in sys.stdin:
        print(json.dumps(_answer(json.loads(line))), flush=True)


if __name__ == "__main__":
    _serve()
