"""What --dry-run shows is what is done: `git apply` makes of it what the real run makes."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import Git, Program
from tests.support import execute
from tests.writers import (
    command_line,
    files,
    folders,
    state,
    unsealed,
    write_workspace,
    writing_commands,
)

FORMS: dict[str, Callable[[str], str]] = {
    "plain": str,
    "sub-folder": str,
    "CRLF": lambda text: text.replace("\n", "\r\n"),
    "translated CRLF": lambda text: text.replace("\n", "\r\n"),
    "no last newline": lambda text: text.rstrip("\n"),
    "no last newline, CRLF": lambda text: text.rstrip("\n").replace("\n", "\r\n"),
    "BOM": lambda text: "\ufeff" + text,
}


def contents(root: Path) -> dict[str, bytes]:
    """Every file; of what was sealed only for whom, since that is never twice the same."""
    return {path: unsealed(data) for path, data in files(root).items()}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", writing_commands())
def test_the_diff_of_a_dry_run_applied_is_the_real_run(
    name: str, form: str, repo: Path, run: Program, git: Git, tmp_path: Path
) -> None:
    if form == "translated CRLF":
        git("config", "core.autocrlf", "true")
    folder = "deep/blanks and ümläute" if form == "sub-folder" else "."
    root = write_workspace(repo / folder, FORMS[form])
    before = state(repo), folders(repo)
    patch = run(*command_line(name), "--dry-run", cwd=root).out
    assert (state(repo), folders(repo)) == before
    copy = Path(shutil.copytree(repo, tmp_path / "copy"))
    run(*command_line(name), cwd=root)
    if name == "save":  # its change stands there already
        git("checkout", "--quiet", "--", "endpoints/d.yaml", cwd=copy / folder)
    execute(["git", "apply", "--whitespace=nowarn"], cwd=copy, input=patch)
    if form != "translated CRLF":  # where Git gives new files other line ends than we do
        assert contents(copy) == contents(repo)
    git("add", "--all", cwd=copy)
    git("add", "--all", cwd=repo)
    assert state(copy).index == state(repo).index


def test_json_holds_the_same_diff(repo: Path, run: Program) -> None:
    write_workspace(repo)
    line = ("edit", "a", "b", "--port", "5070", "--dry-run")
    answer = run(*line, "-o", "json").json
    assert answer["patch"] == run(*line).out
    assert answer["dry_run"] is True
    assert answer["commit"] is None


def test_a_deletion_of_what_is_no_text_says_that_it_cannot_be_applied(
    workspace: Path, run: Program, git: Git
) -> None:
    (workspace / "endpoints/a.yaml").write_bytes(b"reference: a\nhost: caf\xe9\n")
    git("add", ".")
    git("commit", "--quiet", "--message=By hand")
    assert "cannot be applied" in run("delete", "a", "-n").err
    run("delete", "a")
    assert not (workspace / "endpoints/a.yaml").exists()


def test_a_password_in_a_diff_is_masked_and_said_to_be(
    workspace: Path, run: Program, git: Git
) -> None:
    (workspace / "sipctl.yaml").write_text("version: 1\nrules: {plaintext-password: warning}\n")
    text = "reference: a\nhost: a.example.net\nusername: u\npassword: hunter2\n"
    (workspace / "endpoints/a.yaml").write_text(text)
    run("save")
    for line in (["edit", "a", "--port", "5070"], ["delete", "a"], ["rename", "a", "b"]):
        shown = run(*line, "-n")
        assert "hunter2" not in shown.out + shown.err
        assert "cannot be applied" in shown.err


def test_a_dry_run_needs_no_lock_and_no_repository(tmp_path: Path, run: Program) -> None:
    (tmp_path / "sipctl.yaml").write_text("version: 1\n")
    before = files(tmp_path)
    shown = run("create", "a", "--host", "a.example.net", "-n", cwd=tmp_path)
    assert "+reference: a\n" in shown.out
    assert files(tmp_path) == before
    assert "+version: 1\n" in run("init", "new", "-n", cwd=tmp_path).out
    assert files(tmp_path) == before


def test_a_dry_run_refuses_what_the_real_run_would(workspace: Path, run: Program) -> None:
    assert "SIP204" in run("create", "a", "--host", "no_host", "-n", check=3).err
    assert 'no endpoint "b"' in run("edit", "b", "--port", "5070", "-n", check=3).err


def test_what_would_be_refused_is_told(workspace: Path, run: Program, git: Git) -> None:
    run("create", "a", "--host", "a.example.net")
    words = "as things stand this would be refused"
    assert words not in run("edit", "a", "--port", "5070", "--dry-run").err
    with Path("endpoints/a.yaml").open("a") as file:
        file.write("# by hand\n")
    for line in ("edit a --port 5070", "delete a", "restore --all --at HEAD~1"):
        told = run(*line.split(), "--dry-run").err
        assert f"{words}: endpoints/a.yaml: uncommitted changes are in the way" in told
        assert words not in run(*line.split(), "--dry-run", "--no-commit").err
    assert words not in run("save", "--dry-run").err
    run("save")
    (workspace / ".git/MERGE_HEAD").write_text(git("rev-parse", "HEAD"))
    assert f"{words}: a merge" in run("edit", "a", "--port", "5070", "--dry-run").err
