"""A closed environment for every test, and the ways to run sipctl and Git in it.

Nothing of the person who runs the tests reaches a test: home folder, Git's settings and variables,
locale, time zone, editor and colours are the test's own, and so is the current folder.
"""

import io
import os
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Protocol

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.database import DirectoryBasedExampleDatabase

from tests import everything, keys
from tests.support import (
    PROGRAM,
    ROOT,
    Environment,
    Result,
    Screen,
    as_bytes,
    execute,
    expect,
    on_terminal,
    told,
)

settings.register_profile("ci", deadline=None, derandomize=True, database=None, print_blob=True)
settings.register_profile(
    "dev",
    deadline=None,
    database=DirectoryBasedExampleDatabase(ROOT / ".hypothesis"),
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci" if "CI" in os.environ else "dev"))

# Who starts the tests may ignore these (nohup, a job in the background), and every program that a
# test starts would inherit that.
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGHUP, signal.SIG_DFL)

KEPT = ("PATH", "TMPDIR", "COVERAGE_PROCESS_START")
KEPT_PREFIXES = ("PYTEST_", "HYPOTHESIS_")

GIT_SETTINGS = """\
[user]
\tname = Ada Tester
\temail = ada@example.net
[init]
\tdefaultBranch = main
[gc]
\tauto = 0
[maintenance]
\tauto = false
"""


class Program(Protocol):
    def __call__(
        self,
        *arguments: str | Path,
        cwd: Path | None = None,
        input: str | bytes | None = None,
        env: Environment | None = None,
        check: int | None = 0,
    ) -> Result: ...


class Git(Protocol):
    def __call__(
        self,
        *arguments: str | Path,
        cwd: Path | None = None,
        input: str | bytes | None = None,
        env: Environment | None = None,
    ) -> str: ...


class Terminal(Protocol):
    def __call__(
        self,
        *arguments: str | Path,
        answers: Sequence[str] = (),
        cwd: Path | None = None,
        env: Environment | None = None,
        check: int | None = 0,
        columns: int = 80,
    ) -> Screen: ...


def _git_settings(home: Path) -> dict[Path, bytes | None]:
    files = (home / ".gitconfig", home / ".config" / "git" / "config")
    return {file: file.read_bytes() if file.is_file() else None for file in files}


@pytest.fixture(autouse=True, scope="session")
def real_home_stays_as_it_is() -> Iterator[None]:
    home = Path("~").expanduser()
    before = _git_settings(home)
    yield
    assert _git_settings(home) == before, "a test has changed Git's settings in the real home"


@pytest.fixture(autouse=True)
def home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The closed environment; its home folder, which is also the current one."""
    home = tmp_path_factory.mktemp("home")
    for name in os.environ:
        if name not in KEPT and not name.startswith(KEPT_PREFIXES):
            monkeypatch.delenv(name)
    (home / ".gitconfig").write_text(GIT_SETTINGS)
    variables = {
        "HOME": home,
        "XDG_CONFIG_HOME": home / ".config",
        "XDG_CACHE_HOME": home / ".cache",
        "XDG_DATA_HOME": home / ".local" / "share",
        "XDG_STATE_HOME": home / ".local" / "state",
        "SIPCTL_IDENTITY": keys.BOTH,
        "GIT_CONFIG_GLOBAL": home / ".gitconfig",
        "GIT_CONFIG_NOSYSTEM": "1",
        "LANG": "C.UTF-8",
        "TERM": "xterm-256color",
        "TZ": "UTC",
        "PAGER": "cat",
        "PATH": f"{PROGRAM.parent}{os.pathsep}{os.environ['PATH']}",
    }
    for name, value in variables.items():
        monkeypatch.setenv(name, str(value))
    time.tzset()
    monkeypatch.chdir(home)
    return home


@pytest.fixture
def git() -> Git:
    """Runs Git in the current folder (the one of `repo`); gives what it printed."""

    def run_git(
        *arguments: str | Path,
        cwd: Path | None = None,
        input: str | bytes | None = None,
        env: Environment | None = None,
    ) -> str:
        return execute(["git", *arguments], cwd=cwd, input=input, env=env).out

    return run_git


@pytest.fixture
def repo(tmp_path: Path, git: Git, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty Git repository on the unborn branch main; the current folder."""
    folder = tmp_path / "repo"
    folder.mkdir()
    git("init", "--quiet", "--initial-branch=main", cwd=folder)
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def workspace(repo: Path, git: Git) -> Path:
    """A repository that is a workspace without endpoints, committed; the current folder."""
    (repo / "endpoints").mkdir()
    (repo / "sipctl.yaml").write_text("version: 1\n")
    git("add", "sipctl.yaml")
    git("commit", "--quiet", "--message=Start")
    return repo


@pytest.fixture
def sipctl() -> Program:
    """Runs the installed program in a process of its own, in the current folder."""
    assert PROGRAM.is_file(), f"{PROGRAM} is missing: install sipctl here (make .venv)"

    def run_installed(
        *arguments: str | Path,
        cwd: Path | None = None,
        input: str | bytes | None = None,
        env: Environment | None = None,
        check: int | None = 0,
    ) -> Result:
        return execute([PROGRAM, *arguments], cwd=cwd, input=input, env=env, check=check)

    return run_installed


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Program:
    """Does the same as `sipctl` within the process of the test, which is much faster."""

    def run_here(
        *arguments: str | Path,
        cwd: Path | None = None,
        input: str | bytes | None = None,
        env: Environment | None = None,
        check: int | None = 0,
    ) -> Result:
        from sipctl import main

        argv = [str(argument) for argument in arguments]
        capsys.readouterr()
        with monkeypatch.context() as patch:
            for name, value in (env or {}).items():
                patch.delenv(name, raising=False) if value is None else patch.setenv(name, value)
            patch.chdir(cwd or Path.cwd())
            patch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(as_bytes(input or b""))))
            status = main.run(argv)
        out, err = capsys.readouterr()
        expect(check, status, told(["sipctl", *argv], out, err))
        return Result(status, out, err)

    return run_here


@pytest.fixture
def terminal() -> Terminal:
    """Runs the installed program on a terminal of 80 columns and types the answers."""

    def run_on_terminal(
        *arguments: str | Path,
        answers: Sequence[str] = (),
        cwd: Path | None = None,
        env: Environment | None = None,
        check: int | None = 0,
        columns: int = 80,
    ) -> Screen:
        command = [PROGRAM, *arguments]
        return on_terminal(command, answers, cwd=cwd, env=env, check=check, columns=columns)

    return run_on_terminal


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("everything") / "workspace"


@pytest.fixture
def rich(template: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The workspace with everything, for reading only; the current folder."""
    if not template.exists():
        everything.build(template)
    monkeypatch.chdir(template)
    return template


@pytest.fixture
def own(rich: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of it to write in; the current folder."""
    folder = everything.copied(rich, tmp_path / "own")
    monkeypatch.chdir(folder)
    return folder
