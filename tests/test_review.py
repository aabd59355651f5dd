"""What a stranger found by holding the program against its description."""

import inspect
from importlib import import_module
from pathlib import Path

import pytest

from sipctl.commands import COMMANDS
from tests.conftest import Git, Program
from tests.support import PROGRAM, Result, execute

UNREADABLE = [
    "reference: a\nhost: &x a.example.net\n",
    "reference: a\nhost: !x a.example.net\n",
    "reference: a\nhost: a.b\nhost: a.c\n",
    "reference: a\nhost: [a.b\n",
    "",
]


def by_hand(workspace: Path, git: Git, text: str) -> None:
    """The endpoint "a" as somebody writes and commits it without sipctl."""
    (workspace / "endpoints").mkdir(exist_ok=True)
    (workspace / "endpoints" / "a.yaml").write_text(text)
    git("add", "endpoints")
    git("commit", "-q", "-m", "by hand")


@pytest.mark.parametrize("text", UNREADABLE)
def test_a_file_that_cannot_be_read_can_be_deleted(
    workspace: Path, run: Program, git: Git, text: str
) -> None:
    by_hand(workspace, git, text)
    run("delete", "a", "--dry-run")
    run("delete", "a")
    assert not (workspace / "endpoints" / "a.yaml").exists()
    assert git("log", "-1", "--format=%s").strip() == "Delete a"


def test_a_link_is_not_saved(workspace: Path, run: Program, git: Git) -> None:
    (workspace / "real.yaml").write_text("reference: a\nhost: a.example.net\n")
    (workspace / "endpoints" / "a.yaml").symlink_to("../real.yaml")
    for command in (["save"], ["save", "a"], ["save", "-n"]):
        assert "SIP111" in run(*command, check=3).err
    assert git("log", "--format=%s") == "Start\n"


# -- passwords -----------------------------------------------------------------------------------

SECRET = "hunter2zz"

HIDING = [
    f"pasword: {SECRET}",
    f"PASSWORD: {SECRET}",
    f"pwd: {{a: [{SECRET}]}}",
    f"password {SECRET}: x",
    f"<<: {{password: {SECRET}}}",
    f"password: {{env: {SECRET}-not-a-name}}",
    f"password: {{file: {{x: {SECRET}}}}}",
    f"password: {{age: {{x: {SECRET}}}}}",
    f"password: {{age: {SECRET}, env: X}}",
]

TOLD = [
    ["validate"],
    ["validate", "--format", "json"],
    ["show", "a"],
    ["blame", "a"],
    ["blame", "a", "-o", "json"],
    ["history"],
    ["history", "-o", "csv"],
    ["history", "-o", "json"],
    ["edit", "a", "--port", "5070", "-n"],
    ["rename", "a", "b", "-n"],
    ["duplicate", "a", "b", "-n", "-o", "json"],
    ["delete", "a", "-n"],
    ["delete", "a", "-n", "-o", "json"],
    ["delete", "a"],
    ["history", "a"],
    ["undo"],
]


@pytest.mark.parametrize("line", HIDING)
def test_what_may_be_a_password_under_a_wrong_key_or_form_is_never_told(
    workspace: Path, run: Program, git: Git, line: str
) -> None:
    by_hand(workspace, git, f"reference: a\nhost: a.example.net\nusername: u\n{line}\n")
    for command in TOLD:
        result = run(*command, check=None)
        assert result.status in (0, 1, 3), command
        assert SECRET not in result.out + result.err, command
    assert SECRET not in git("log", "--format=%B")


def test_an_unknown_key_that_settings_allow_is_told_masked_too(
    workspace: Path, run: Program, git: Git
) -> None:
    (workspace / "sipctl.yaml").write_text('version: 1\nrules: {unknown-key: "off"}\n')
    git("commit", "-q", "-am", "off")
    by_hand(workspace, git, f"reference: a\nhost: a.example.net\npasword: {SECRET}\n")
    file = workspace / "endpoints" / "a.yaml"
    file.write_text("reference: a\nhost: a.example.net\npasword: other\n")
    assert SECRET not in run("save").out
    run("edit", "a", "--port", "5070")
    refused = run("undo", "HEAD~1", check=3)
    assert "pasword" in refused.err
    assert SECRET not in refused.err
    assert SECRET not in git("log", "--format=%B")


# -- values --------------------------------------------------------------------------------------


@pytest.mark.parametrize("port", ["05060", "5_060", "+5060", " 5060", "٥٠٦٠", "5060.0", "x", ""])
def test_a_port_is_plain_digits_on_the_command_line_too(
    workspace: Path, run: Program, port: str
) -> None:
    result = run("create", "a", "--host", "a.example.net", "--port", port, check=2)
    assert f'"{port}" is not a plain number' in result.err
    assert not (workspace / "endpoints" / "a.yaml").exists()


def test_a_port_of_many_digits_is_none(workspace: Path, run: Program) -> None:
    result = run("create", "a", "--host", "a.example.net", "--port", "9" * 5000, check=3)
    assert "SIP206" in result.err


# -- streams -------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", ["list", "validate --format json", "schema endpoint", "rules"])
def test_an_answer_that_cannot_be_written_is_no_bug(workspace: Path, command: str) -> None:
    if Path("/dev/full").exists():  # Linux has it
        full = shell(f"{PROGRAM} {command} > /dev/full")
        assert full.status == 3
        assert "sipctl: the answer could not be written: no space left on device\n" in full.err
        assert "bug" not in full.err


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_a_stream_that_is_closed_hinders_no_command(workspace: Path, closed: str) -> None:
    for command in ("create a --host a.example.net", "list", "edit a", "validate", "delete a"):
        result = shell(f"{PROGRAM} {command} {closed}")
        assert result.status == (2 if command == "edit a" else 0), command
        assert "Traceback" not in result.err
        assert "bug" not in result.err
        assert "sipctl:" not in result.out


def shell(line: str) -> Result:
    return execute(["sh", "-c", line], check=None)


def test_help_breaks_no_line_that_its_author_broke_already() -> None:
    """Typer keeps the line breaks of a docstring, and breaks again what a terminal cannot hold."""
    for entry in COMMANDS.values():
        for one in entry.values() if isinstance(entry, dict) else [entry]:
            module, _, function = one.target.partition(":")
            command = getattr(import_module(f"sipctl.commands.{module}"), function)
            assert max(map(len, (inspect.getdoc(command) or "").splitlines())) <= 78, one.target
