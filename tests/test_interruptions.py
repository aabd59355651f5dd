"""Signals, hooks, other Git processes and unfinished merges in the way of a change."""

import contextlib
import os
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import keys
from tests.conftest import Git, Program
from tests.support import PROGRAM, execute
from tests.writers import (
    EDIT_COMMITTED,
    changed_by_head,
    command_line,
    refuse_remains,
    state,
    write_hook,
    write_workspace,
)

# -- signals, and the middle of something else -----------------------------------------------------


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
@pytest.mark.parametrize("name", ["create", "edit"])
def test_a_signal_during_a_slow_hook_puts_all_back(
    name: str, number: signal.Signals, repo: Path, tmp_path: Path
) -> None:
    write_hook(write_workspace(repo), "pre-commit", f"touch {tmp_path}/slow; sleep 20")
    before = state(repo)
    process = subprocess.Popen([PROGRAM, *command_line(name)], stderr=subprocess.PIPE, text=True)
    with process:
        while not (tmp_path / "slow").exists():
            time.sleep(0.02)
        process.send_signal(number)
        start = time.monotonic()
        _, told = process.communicate()
    assert process.returncode == 130
    assert "interrupted: nothing has changed" in told
    assert time.monotonic() - start < 15
    assert state(repo) == before
    refuse_remains(repo)


def test_a_signal_that_comes_after_the_commit_changes_nothing_any_more(
    workspace: Path, git: Git, tmp_path: Path
) -> None:
    write_hook(workspace, "post-commit", f"touch {tmp_path}/slow; sleep 2")
    process = subprocess.Popen([PROGRAM, "create", "a", "--host", "a.example.net"])
    with process:
        while not (tmp_path / "slow").exists():
            time.sleep(0.02)
        process.send_signal(signal.SIGTERM)
    assert process.returncode == 0
    assert git("log", "-1", "--format=%s") == "Create a\n"
    assert git("status", "--porcelain") == ""
    refuse_remains(workspace)


def test_a_hang_up_that_is_ignored_stays_so(workspace: Path, git: Git, tmp_path: Path) -> None:
    write_hook(workspace, "pre-commit", f"touch {tmp_path}/slow; sleep 1")
    line = ["nohup", str(PROGRAM), "create", "a", "--host", "a.example.net"]
    process = subprocess.Popen(line, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    with process:
        while not (tmp_path / "slow").exists():
            time.sleep(0.02)
        process.send_signal(signal.SIGHUP)
    assert process.returncode == 0


@pytest.fixture
def two_branches(workspace: Path, run: Program, git: Git) -> Path:
    """A workspace in which `git merge other` and the like meet a conflict."""
    run("create", "a", "--host", "a.example.net")
    for branch, port in (("other", "5070"), ("main", "5080")):
        git("checkout", "--quiet", "-B", branch, "HEAD" if branch == "other" else "HEAD^")
        run("edit", "a", "--port", port)
    return workspace


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (["merge", "other"], "git merge --continue"),
        (["rebase", "other"], "git rebase --continue"),
        (["rebase", "--apply", "other"], "git rebase --continue"),
        (["am", "../0001-Change-port-of-a.patch"], "git am --continue"),
        (["cherry-pick", "other"], "git cherry-pick --continue"),
        (["revert", "HEAD^"], "git revert --continue"),
    ],
    ids=lambda line: line[0] if isinstance(line, list) else "",
)
def test_in_the_middle_of_something_else_it_says_what_to_finish(
    line: list[str], words: str, two_branches: Path, run: Program, git: Git
) -> None:
    git("format-patch", "--quiet", "-1", "other", "--output-directory=..")
    execute(["git", *line], check=None)
    before = state(two_branches)
    told = run("create", "b", "--host", "b.example.net", check=3).err
    assert words in told
    assert state(two_branches) == before
    git(*told.split("`")[3].removeprefix("git ").split())  # the other of the two that are told
    run("create", "b", "--host", "b.example.net")


@contextlib.contextmanager
def held_for(seconds: float, lock: Path) -> Iterator[None]:
    """Another Git process, as far as anybody can see."""
    lock.touch()
    timer = threading.Timer(seconds, lock.unlink)
    timer.start()
    yield
    timer.join()


def test_another_git_that_holds_the_index_is_waited_for(workspace: Path, run: Program) -> None:
    with held_for(1.5, workspace / ".git/index.lock"):
        told = run("create", "a", "--host", "a.example.net").err
    assert told == "sipctl: waiting for another Git process to finish\n"
    with held_for(1, workspace / ".git/index.lock"):
        line = ["edit", "a", "--port", "5070", "--lock-timeout", "0.1"]
        assert "index.lock" in run(*line, check=3).err


@pytest.mark.parametrize("command", ["add", "commit"])
def test_a_git_that_comes_between_is_waited_for(
    command: str, workspace: Path, run: Program, git: Git, tmp_path: Path
) -> None:
    fake, lock = tmp_path / "bin/git", workspace / ".git/index.lock"
    fake.parent.mkdir()
    between = f"[ -e came ] || {{ touch came {lock}; (sleep 1; rm {lock}) >/dev/null 2>&1 & }}"
    hold = f'case " $* " in *" {command} "*) cd {tmp_path}; {between}; cd - >/dev/null ;; esac'
    fake.write_text(f'#!/bin/sh\n{hold}\nexec {shutil.which("git")} "$@"\n')
    fake.chmod(0o755)
    env = {"PATH": f"{fake.parent}{os.pathsep}{os.environ['PATH']}"}
    run("create", "a", "--host", "a.example.net", env=env)
    assert (tmp_path / "came").exists()
    assert changed_by_head(workspace) == ["A\tendpoints/a.yaml"]
    refuse_remains(workspace)


# -- hooks that agree ------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["create", "edit", "rename", "save"])
def test_a_hook_may_change_the_file_and_add_it(
    name: str, repo: Path, run: Program, git: Git
) -> None:
    write_hook(write_workspace(repo), "pre-commit", *EDIT_COMMITTED)
    run(*command_line(name))
    for path in git("diff", "--name-only", "--diff-filter=AM", "HEAD^", "HEAD").split():
        assert (repo / path).read_text().endswith("# by the hook\n")
    dirty = "" if name == "save" else " M endpoints/d.yaml\n"
    assert git("status", "--porcelain") == f"{dirty}A  notes.txt\n?? other.txt\n"


@pytest.mark.parametrize("hook", ["pre-commit", "post-commit"])
def test_a_hook_that_reads_does_not_wait(hook: str, workspace: Path, sipctl: Program) -> None:
    lines = [f"sipctl {line} -o name >>{workspace}/said" for line in ("list", "show a")]
    write_hook(workspace, hook, *lines, "sipctl validate || exit 1")
    start = time.monotonic()
    sipctl("create", "a", "--host", "a.example.net")
    assert time.monotonic() - start < 30
    assert (workspace / "said").read_text() == "a\na\n"


def test_a_hook_that_writes_is_refused_at_once(workspace: Path, sipctl: Program, git: Git) -> None:
    write_hook(workspace, "pre-commit", "sipctl create b --host b.example.net")
    assert (
        "hooks may read, not write" in sipctl("create", "a", "--host", "a.example.net", check=3).err
    )
    assert git("status", "--porcelain") == ""


def test_a_hook_sees_what_it_sees_in_a_commit_by_hand(
    workspace: Path, run: Program, git: Git
) -> None:
    write_hook(workspace, "pre-commit", f"env | sort >{workspace}/.git/seen")
    git("commit", "--quiet", "--allow-empty", "--message=By hand")
    by_hand = set((workspace / ".git/seen").read_text().splitlines())
    run("create", "a", "--host", "a.example.net", env={"LC_ALL": "C.UTF-8"})
    ours = set((workspace / ".git/seen").read_text().splitlines())
    assert not [line for line in ours if "SECRET" in line]  # a hook needs no secret key
    names = {line.partition("=")[0] for line in by_hand ^ ours} - {"SIPCTL_IDENTITY", keys.CI}
    differ = {"SIPCTL_INSIDE_COMMIT", "GIT_CONFIG_PARAMETERS", "GIT_INDEX_FILE", "LC_ALL"}
    harmless = {"LANGUAGE", "GIT_LITERAL_PATHSPECS", "GIT_PYTHON_REFRESH", "PYTEST_CURRENT_TEST"}
    assert names <= differ | harmless | {"PWD", "_"}
    assert {"LC_ALL=C.UTF-8", "GIT_LITERAL_PATHSPECS=0"} <= ours
