"""Sessions of machines: no terminal, no home, no identity, clones and checkouts as CI makes them.

Every command works there, or ends with status 3 and says what is missing.
"""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests import everything
from tests.conftest import Git, Program
from tests.everything import READING, WRITING, every_command, words
from tests.support import PROGRAM, Environment, Result, environment, execute
from tests.test_writing import powerless

COMMANDS = [name for name, _ in every_command()]

BARE: Environment = {
    **dict.fromkeys(("HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME"), None),
    **dict.fromkeys(("XDG_STATE_HOME", "TERM", "LANG", "EDITOR", "VISUAL"), None),
    "GIT_CONFIG_GLOBAL": os.devnull,
    # Git would make an identity up where the machine has a full name
    "GIT_CONFIG_COUNT": "1",
    "GIT_CONFIG_KEY_0": "user.useConfigOnly",
    "GIT_CONFIG_VALUE_0": "true",
}
"""No home, no locale, no kind of terminal, no editor, no identity."""

NEEDS_GIT = {"status", "save", "history", "blame", "restore", "undo", "diff", "plan"}
NEEDS_GIT |= {"scenario history", "scenario blame", "scenario restore"}


def line_of(command: str) -> list[str]:
    """A line that a command carries out in the workspace with everything."""
    lines = WRITING.get(command) or READING[command]
    return words(command, "csv" if command == "export" else lines[0])


def plain_line_of(command: str) -> list[str]:
    """The same without going back in history by hand."""
    return [re.sub(r"HEAD~\d+", "HEAD", word) for word in line_of(command)]


def told_or_done(result: Result) -> None:
    """What is not done is refused, with what happened and what to do."""
    assert result.status in (0, 1, 3), result.err
    assert "Traceback" not in result.err
    if result.status == 3:
        assert result.out == ""
        assert re.search("(?m)^sipctl: ", result.err)
        assert re.search("(?m)^hint: ", result.err), result.err


# -- who is nobody -------------------------------------------------------------------------------


@pytest.mark.parametrize("command", COMMANDS)
def test_without_home_editor_and_identity_a_command_works_or_asks_for_the_identity(
    command: str, own: Path, run: Program, git: Git
) -> None:
    before = git("status", "--porcelain"), git("rev-parse", "HEAD")
    result = run(*line_of(command), env=BARE, check=None)
    told_or_done(result)
    if command in WRITING and command != "fmt":
        assert result.status == 3
        assert "user.name" in result.err
        assert (git("status", "--porcelain"), git("rev-parse", "HEAD")) == before
    else:
        assert result.status != 3


@pytest.mark.parametrize("command", [c for c in WRITING if c not in ("fmt", "save", "undo")])
def test_without_identity_a_change_can_be_written_without_a_commit_or_tried(
    command: str, own: Path, run: Program
) -> None:
    for option in ("--dry-run", "--no-commit"):
        assert run(*line_of(command), option, env=BARE, check=None).status == 0


@pytest.mark.parametrize(
    "line", ["edit bare", "scenario edit support", "create", "scenario create"]
)
def test_what_needs_a_person_says_so_where_there_is_none(
    line: str, own: Path, run: Program
) -> None:
    result = run(*line.split(), env=BARE, check=2)
    assert result.out == ""
    assert "hint: " in result.err


# -- clones and checkouts ------------------------------------------------------------------------


@pytest.fixture
def checkout(rich: Path, tmp_path: Path, git: Git, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What CI checks out: the last commit alone, on no branch; the current folder."""
    folder = tmp_path / "checkout"
    git("clone", "--quiet", "--depth=1", f"file://{rich}", folder)
    git("checkout", "--quiet", "--detach", cwd=folder)
    for path, text in everything.TABLES.items():
        (folder / path).write_text(text)
    monkeypatch.chdir(folder)
    return folder


@pytest.mark.parametrize("command", COMMANDS)
def test_a_shallow_clone_without_a_branch_is_enough_or_the_depth_is_asked_for(
    command: str, checkout: Path, run: Program
) -> None:
    told_or_done(run(*plain_line_of(command), check=None))
    result = run(*line_of(command), check=None)
    told_or_done(result)
    if "HEAD~" in " ".join(line_of(command)):
        assert result.status == 3
        assert "fetch" in result.err


def test_a_shallow_clone_tells_in_every_format_that_history_is_cut(
    checkout: Path, run: Program
) -> None:
    for command in ("history", "scenario history"):
        for format in ("table", "json", "yaml", "csv", "name"):
            assert "this clone is shallow" in run(*command.split(), "-o", format).err


def test_on_no_branch_status_says_so_and_a_change_is_committed(
    checkout: Path, run: Program, git: Git
) -> None:
    assert run("status", "-o", "json").json["status"]["branch"] is None
    assert "HEAD is detached" in run("status").out
    commit = run("edit", "pbx-lyon", "--port", "5070", "-o", "json").json["commit"]
    assert git("rev-parse", "HEAD").strip() == commit


def test_plan_without_a_base_names_what_to_fetch(checkout: Path, run: Program, git: Git) -> None:
    git("remote", "remove", "origin")
    result = run("plan", check=3)
    assert result.out == ""
    assert "hint: " in result.err


EACH = """\
import io, json, sys
from contextlib import redirect_stderr, redirect_stdout
from sipctl import main
told = []
for line in json.load(sys.stdin):
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        status = main.run(line)
    told.append([status, out.getvalue(), err.getvalue()])
json.dump(told, sys.stdout)
"""
"""Carries out command lines one after the other, without the start-up of each."""


def _set_modes(root: Path, folders: int, files: int) -> None:
    for path in (root, *root.rglob("*")):
        if not path.is_symlink():
            path.chmod(folders if path.is_dir() else files)


def test_in_a_checkout_that_may_not_be_written_all_is_read_and_changes_are_refused(
    own: Path, git: Git
) -> None:
    before = git("status", "--porcelain"), git("rev-parse", "HEAD")
    lines = [line_of(command) for command in COMMANDS]
    _set_modes(own, 0o555, 0o444)
    try:
        told = execute(powerless(sys.executable, "-c", EACH), input=json.dumps(lines)).json
    finally:
        _set_modes(own, 0o755, 0o644)
    for command, (status, out, err) in zip(COMMANDS, told, strict=True):
        assert status in (0, 1, 3), err
        assert (status == 3) is (command in WRITING), err
        if status == 3:
            assert out == ""
            assert re.search("permission denied|could not be written", err.lower()), err
    assert (git("status", "--porcelain"), git("rev-parse", "HEAD")) == before


# -- no Git --------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", COMMANDS)
def test_without_git_files_are_read_and_all_else_says_that_git_is_missing(
    command: str, own: Path, tmp_path: Path, run: Program
) -> None:
    (tmp_path / "empty").mkdir()
    result = run(*line_of(command), env={"PATH": str(tmp_path / "empty")}, check=None)
    told_or_done(result)
    if command in NEEDS_GIT or (command in WRITING and command != "fmt"):
        assert result.status == 3
        assert "git is not installed" in result.err.lower()
    else:
        assert result.status != 3


def test_outside_of_a_repository_files_are_read(own: Path, run: Program) -> None:
    (own / ".git").rename(own.parent / "git")
    for command in READING:
        result = run(*line_of(command), check=None)
        told_or_done(result)
        assert (result.status == 3) is (command in NEEDS_GIT), command


# -- streams of machines -------------------------------------------------------------------------

ASCII: Environment = {
    **BARE,
    "LC_ALL": "C",
    "PYTHONIOENCODING": "ascii",
    "PYTHONUTF8": "0",
    "PYTHONCOERCECLOCALE": "0",
}
LETTERS = "Büro, 1er étage"


@pytest.mark.parametrize("command", READING)
def test_in_a_locale_of_ascii_every_answer_is_whole(command: str, rich: Path) -> None:
    result = execute([PROGRAM, *line_of(command)], env=ASCII, check=None)
    assert result.status in (0, 1)
    assert "Traceback" not in result.err
    assert "\udcc3" not in result.out  # broken UTF-8


def test_letters_are_the_same_in_every_locale(rich: Path) -> None:
    for line in (
        "show pbx-paris -o json",
        "show pbx-paris -o yaml",
        "export json",
        "show pbx-paris",
    ):
        assert LETTERS in execute([PROGRAM, *line.split()], env=ASCII).out, line
    endpoint = json.loads(execute([PROGRAM, "show", "pbx-paris", "-o", "json"], env=ASCII).out)
    assert endpoint["endpoint"]["description"].startswith(LETTERS)


@pytest.mark.parametrize("command", READING)
def test_a_reader_that_has_gone_is_no_failure(command: str, rich: Path) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    try:
        done = subprocess.run(
            [str(PROGRAM), *line_of(command)],
            stdin=subprocess.DEVNULL,
            stdout=writing,
            stderr=subprocess.PIPE,
            env=environment(),
            check=False,
        )
    finally:
        os.close(writing)
    assert done.returncode in (0, 1)
    assert not re.search(b"Traceback|[Pp]ipe|bug", done.stderr)


@pytest.mark.parametrize("command", READING)
def test_colours_are_words_with_colours_around_them(command: str, rich: Path, run: Program) -> None:
    plain = run(*line_of(command), env={"NO_COLOR": "1"}, check=None).out
    assert "\x1b" not in plain
    assert run(*line_of(command), env={"FORCE_COLOR": ""}, check=None).out == plain
    colored = run(*line_of(command), env={"FORCE_COLOR": "1"}, check=None).out
    assert re.sub(r"\x1b\[[0-9;]*m", "", colored) == plain
    assert (
        run(*line_of(command), "--color=never", env={"FORCE_COLOR": "1"}, check=None).out == plain
    )
    assert run(*line_of(command), "--color=always", check=None).out == colored
