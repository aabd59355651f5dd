"""Standard output and standard error that nobody reads, or that cannot be written."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Git, Program
from tests.support import PROGRAM

WHOLE = "reference: a\nhost: a.example.net\n"
FAULTY = "reference: b\nhost: b.example.net\nrealm: 012\n"


@pytest.fixture
def checked(workspace: Path, run: Program) -> Path:
    """A workspace with an endpoint, and beside it a file with an error that is not committed."""
    run("create", "a", "--host", "a.example.net")
    (workspace / "endpoints" / "b.yaml").write_text(FAULTY)
    return workspace


@contextmanager
def nobody() -> Iterator[int]:
    """The end of a pipe that nobody reads."""
    reader, writer = os.pipe()
    os.close(reader)
    try:
        yield writer
    finally:
        os.close(writer)


def status(line: str, **streams: Any) -> int:
    return subprocess.run([PROGRAM, *line.split()], **streams, check=False).returncode


CHECKS = {
    "validate": 1,
    "validate --format json": 1,
    "validate --format concise": 1,
    "secret check": 1,
    "fmt --check": 4,
    "diff --exit-code": 4,
    "plan HEAD --exit-code": 4,
    "edit nobody --port 5061": 3,
    "edit a --port 0": 3,
    "edit a --port x": 2,
    "no-such-command": 2,
    "list": 0,
    "history": 0,
    "--version": 0,
    "--help": 0,
}


@pytest.mark.parametrize(("line", "expected"), CHECKS.items(), ids=CHECKS)
def test_the_status_does_not_depend_on_who_reads(line: str, expected: int, checked: Path) -> None:
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    assert status(line, **quiet) == expected
    with nobody() as gone:
        assert status(line, stdout=gone, stderr=subprocess.DEVNULL) == expected
        assert status(line, stdout=subprocess.DEVNULL, stderr=gone) == expected
        assert status(line, stdout=gone, stderr=gone) == expected
    with Path("/dev/full").open("wb") as full:
        assert status(line, stdout=subprocess.DEVNULL, stderr=full) == expected


def committed(git: Git) -> list[str]:
    return git("log", "--format=%s").splitlines()


def gone_both(line: str) -> int:
    with nobody() as gone:
        return status(line, stdout=gone, stderr=gone)


def full_both(line: str) -> int:
    with Path("/dev/full").open("wb") as full:
        return status(line, stdout=full, stderr=full)


@pytest.mark.parametrize("run_by", [gone_both, full_both])
@pytest.mark.parametrize("json", ["", " -o json"])
def test_a_change_is_made_whoever_reads(
    run_by: Callable[[str], int], json: str, workspace: Path, git: Git
) -> None:
    assert run_by(f"create a --host a.example.net{json}") == 0
    assert committed(git)[0] == "Create a"
    assert git("status", "--porcelain") == ""


@pytest.mark.parametrize("run_by", [gone_both, full_both])
def test_a_new_workspace_stays(run_by: Callable[[str], int], git: Git, tmp_path: Path) -> None:
    assert run_by(f"init {tmp_path}/new") == 0
    assert git("-C", tmp_path / "new", "log", "--format=%s") == "Start a sipctl workspace\n"


def test_words_before_a_change_do_not_end_it(workspace: Path, run: Program, git: Git) -> None:
    run("create", "a", "--host", "a.example.net")
    script = 'flock .git/sipctl/lock sh -c "sleep 2" & sleep 0.5; "$0" edit a --port 5061'
    with nobody() as gone:
        done = subprocess.run(["sh", "-c", script, PROGRAM], stdout=gone, stderr=gone, check=False)
    assert done.returncode == 0
    assert committed(git)[0] == "Change port of a"


def test_a_key_is_not_made_without_its_recipient(workspace: Path, git: Git) -> None:
    assert gone_both("secret keygen --name ada") == 0
    assert len(committed(git)) == 2


def test_a_full_disk_is_told(workspace: Path) -> None:
    with Path("/dev/full").open("wb") as full:
        for line, expected, words in (
            ("list -o json", 3, "the answer could not be written"),
            ("--version", 3, "the answer could not be written"),
            ("create a --host a.example.net", 0, "the change is made; the answer could not"),
        ):
            done = subprocess.run(
                [PROGRAM, *line.split()], stdout=full, stderr=subprocess.PIPE, check=False
            )
            assert done.returncode == expected
            assert words in done.stderr.decode()


# -- the order of an answer and words ------------------------------------------------------------


def in_one_pipe(*words: str | Path, cwd: Path, check: int = 0) -> str:
    """What a reader gets of both streams: `2>&1 | cat`."""
    streams: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
    done: subprocess.CompletedProcess[str] = subprocess.run(
        words, **streams, cwd=cwd, text=True, check=False
    )
    assert done.returncode == check, done.stdout
    return done.stdout


IN_ORDER = {
    "validate": (1, "error[SIP120]", "files checked: 1 error"),
    "validate --format concise": (1, "endpoints/b.yaml:3:8: SIP120", "files checked: 1 error"),
    "validate --format sarif": (1, "{", "files checked: 1 error"),
    "init new": (0, "5 files written; commit ", "editors complete and check"),
    "list --limit 1 -C ..": (0, "REFERENCE ", "… and 1 more"),
    "scenario trace s -C .. --expect c": (1, "scenarios/s.yaml\n", "expected to end at"),
}


@pytest.mark.parametrize("line", IN_ORDER)
def test_words_stand_behind_the_answer_that_they_are_about(
    line: str, workspace: Path, run: Program
) -> None:
    for name in ("a", "c"):
        run("create", name, "--host", f"{name}.example.net")
    run("scenario", "create", "s")
    run("attach", "s", "a", "--no-commit")
    inner = workspace / "inner"
    (inner / "endpoints").mkdir(parents=True)
    (inner / "sipctl.yaml").write_text("version: 1\n")
    (inner / "endpoints" / "b.yaml").write_text(FAULTY)
    expected, first, then = IN_ORDER[line]
    told = in_one_pipe(PROGRAM, *line.split(), cwd=inner, check=expected)
    assert told.startswith(first)
    assert f"\nsipctl: {then}" in told.replace("2 files", "files")


def test_so_they_do_in_what_a_hook_of_git_tells(checked: Path, git: Git) -> None:
    in_one_pipe(PROGRAM, "init", "--hooks", cwd=checked)
    git("add", ".")
    told = in_one_pipe("git", "commit", "-m", "x", cwd=checked, check=1)
    assert told.index("error[SIP120]") < told.index("sipctl: 3 files checked: 1 error")


def test_an_answer_that_was_not_written_before_words_fails_at_the_end_too() -> None:
    code = """
import os, sys
from sipctl import streams
os.dup2(os.open("/dev/full", os.O_WRONLY), 1)
streams.prepare()
sys.stdout.write("x")
streams.begin_words()
os.dup2(os.open("/dev/null", os.O_WRONLY), 1)
try:
    sys.stdout.flush()
except OSError:
    os._exit(0)
os._exit(1)
"""
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


def test_words_behind_an_answer_that_nobody_reads_cost_nothing_of_it(workspace: Path) -> None:
    (workspace / "endpoints" / "b.yaml").write_text(FAULTY)
    with nobody() as gone:
        done = subprocess.run(
            [PROGRAM, "validate"], stdout=gone, stderr=subprocess.PIPE, text=True, check=False
        )
    assert done.returncode == 1
    assert done.stderr == "sipctl: 2 files checked: 1 error\n"


# -- who reads no more -----------------------------------------------------------------------------


ENDLESS = {
    "lines": "output.Printer('name').lines(itertools.repeat('x' * 1000))",
    "csv": "output.Printer('csv').csv(['x'], itertools.repeat(['x' * 1000]))",
    "history": "history._print_entries(output.Printer('table'), itertools.repeat(ENTRY))",
}


@pytest.mark.parametrize("call", ENDLESS.values(), ids=ENDLESS)
def test_what_nobody_reads_is_not_looked_for(call: str) -> None:
    code = f"""
import itertools
from sipctl import output, streams
from sipctl.commands import history
from sipctl.history.log import Entry
from sipctl.git.records import Commit, Identity
ENTRY = Entry(Commit("0" * 40, (), Identity("a", "b"), "2026-11-26T00:00:00Z", 0, "s"), ())
streams.prepare()
{call}
"""
    with nobody() as gone:
        subprocess.run([sys.executable, "-c", code], stdout=gone, check=True, timeout=60)
