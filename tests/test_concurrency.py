"""Many writers at once: each waits for its turn, and none is lost."""

import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from sipctl import apply, operations
from sipctl.apply import Options
from sipctl.changes import Plan
from sipctl.errors import Refused
from sipctl.inventory import Inventory
from sipctl.outcome import Outcome
from tests.conftest import Git, Program
from tests.support import PROGRAM
from tests.writers import refuse_remains, state, write_hook


def start(*arguments: str, cwd: Path | None = None) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [str(PROGRAM), *arguments],
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def finish(processes: list["subprocess.Popen[str]"]) -> None:
    for process in processes:
        out, err = process.communicate(timeout=120)
        assert process.returncode == 0, out + err


def test_of_many_that_create_and_tag_at_once_none_is_lost(
    workspace: Path, run: Program, git: Git
) -> None:
    run("create", "shared", "--host", "shared.example.net")
    names = [f"new{number}" for number in range(24)]
    tags = [f"tag{number}" for number in range(12)]
    finish(
        [start("create", name, "--host", f"{name}.example.net") for name in names]
        + [start("tag", "add", "shared", tag) for tag in tags]
    )
    assert set(run("list", "-o", "name").lines) == {"shared", *names}
    assert set(run("show", "shared", "-o", "json").json["endpoint"]["tags"]) == set(tags)
    subjects = git("log", "--format=%s", "-36").splitlines()
    assert set(subjects) == {f"Create {n}" for n in names} | {f"Tag shared with {t}" for t in tags}
    touched = git("log", "--format=%H", "--name-only", "-36").split("\n\n")
    assert all(block.count("endpoints/") <= 2 for block in touched)
    assert git("status", "--porcelain") == ""
    refuse_remains(workspace)


def test_writers_in_two_workspaces_and_two_worktrees_do_not_lose_each_other(
    repo: Path, run: Program, git: Git, tmp_path: Path
) -> None:
    for name in ("one", "two"):
        run("init", name)
    git("worktree", "add", "--quiet", "-b", "branch", tmp_path / "linked")
    folders = [repo / "one", repo / "two", tmp_path / "linked/one"]
    finish(
        [
            start("create", f"new{number}", "--host", "x.example.net", cwd=folder)
            for folder in folders
            for number in range(4)
        ]
    )
    assert git("rev-list", "--count", "HEAD") == "10\n"
    assert git("rev-list", "--count", "branch") == "6\n"
    for folder in (repo, tmp_path / "linked"):
        assert git("status", "--porcelain", cwd=folder) == ""
    refuse_remains(repo)


@pytest.fixture
def slow_hook(workspace: Path, tmp_path: Path) -> Path:
    """The file is there while a commit is under way, which lasts until `go` is there."""
    wait = f"while [ ! -e {tmp_path}/go ]; do sleep 0.05; done"
    write_hook(workspace, "pre-commit", f"touch {tmp_path}/slow; {wait}")
    return tmp_path / "slow"


@contextmanager
def in_the_way(slow: Path) -> Iterator["subprocess.Popen[str]"]:
    """A writer that waits in its hook."""
    process = start("create", "first", "--host", "a.example.net")
    while not slow.exists():
        time.sleep(0.02)
    try:
        yield process
    finally:
        (slow.parent / "go").touch()
        finish([process])


def test_who_waits_too_long_is_refused(workspace: Path, slow_hook: Path, run: Program) -> None:
    line = ("create", "second", "--host", "b.example.net", "--lock-timeout", "1.2")
    with in_the_way(slow_hook):
        before = state(workspace)
        begun = time.monotonic()
        told = run(*line, check=3).err
        assert 1.2 <= time.monotonic() - begun < 10
        assert state(workspace) == before
    assert "waiting for another sipctl" in told
    assert "another sipctl is writing here" in told
    assert "--lock-timeout" in told
    run(*line)


def test_who_waits_long_enough_has_his_turn(workspace: Path, slow_hook: Path, git: Git) -> None:
    with in_the_way(slow_hook):
        second = start("create", "second", "--host", "b.example.net")
        time.sleep(1.5)
        assert second.poll() is None
    finish([second])
    assert git("log", "--format=%s", "-2") == "Create second\nCreate first\n"


def test_readers_never_wait(workspace: Path, slow_hook: Path, run: Program) -> None:
    with in_the_way(slow_hook):
        begun = time.monotonic()
        assert run("list", "-o", "name").err == ""  # it is alive: nothing is interrupted
        run("validate")
        run("fmt")
        run("create", "second", "--host", "b.example.net", "--dry-run")
        run("status")
        assert time.monotonic() - begun < 10


def test_a_plan_that_comes_out_otherwise_than_shown_is_refused(
    workspace: Path, run: Program
) -> None:
    run("create", "a", "--host", "a.example.net")

    def meanwhile(_: Outcome) -> None:
        run("edit", "a", "--port", "5070")

    def plan(inventory: Inventory) -> Plan:
        return operations.edit(inventory, ["a"], {"realm": "x"})

    with pytest.raises(Refused, match="changed meanwhile"):
        apply.run(workspace, plan, Options(), meanwhile)
    assert (workspace / "endpoints/a.yaml").read_text().endswith("port: 5070\n")
