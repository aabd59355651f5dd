"""`init`, run where it has been run before, and where Git is not as it was made for."""

import shutil
from pathlib import Path

import pytest

from tests.conftest import Git, Program
from tests.support import execute
from tests.writers import changed_by_head, refuse_remains

SCHEMA = ".sipctl/endpoint.schema.json"
MADE = [
    *(f"A\t.sipctl/{name}.schema.json" for name in ("endpoint", "scenario", "settings")),
    "A\t.vscode/settings.json",
    "A\tsipctl.yaml",
]


@pytest.fixture
def made(repo: Path, run: Program) -> Path:
    """A workspace as init makes it, committed; the current folder."""
    run("init")
    return repo


def test_no_workspace_is_made_among_the_members_of_another(made: Path, run: Program) -> None:
    for folder in ("endpoints", "endpoints/x", "scenarios/a/b"):
        told = run("init", folder, check=3).err
        assert f'"{folder.partition("/")[0]}" of the workspace "{made}"' in told
        assert not (made / folder).exists()
    run("init", "voice")
    run("init", "-n", cwd=made / "voice")


def test_an_empty_folder_is_not_the_current_one(repo: Path, run: Program) -> None:
    assert "it is empty" in run("init", "", check=2).err
    assert not (repo / "sipctl.yaml").exists()


# -- once more -------------------------------------------------------------------------------------


@pytest.mark.parametrize("autocrlf", ["false", "true"])
def test_again_it_changes_nothing(autocrlf: str, made: Path, run: Program, git: Git) -> None:
    git("config", "core.autocrlf", autocrlf)
    git("rm", "--quiet", "-r", "--cached", ".")
    git("reset", "--quiet", "--hard")
    assert "nothing to change" in run("init").err
    assert git("status", "--porcelain") == ""


def test_schemas_are_written_anew_whatever_stands_there(made: Path, run: Program, git: Git) -> None:
    head = git("rev-parse", "HEAD")
    (made / SCHEMA).write_text("{}\n")
    assert "as they were committed" in run("init").err
    shutil.rmtree(made / ".sipctl")
    run("init")
    assert git("status", "--porcelain") == ""
    assert git("rev-parse", "HEAD") == head
    refuse_remains(made)


def test_schemas_that_are_committed_otherwise_are_brought_up_to_date(
    made: Path, run: Program, git: Git
) -> None:
    (made / SCHEMA).write_text("{}\n")
    git("commit", "--quiet", "--all", "--message=By hand")
    (made / SCHEMA).write_text("[]\n")
    (made / ".sipctl/scenario.schema.json").unlink()
    run("init")
    assert changed_by_head(made) == [f"M\t{SCHEMA}"]
    assert git("log", "-1", "--format=%s") == "Update the schemas for editors\n"
    assert git("status", "--porcelain") == ""


def test_what_was_made_without_a_commit_is_committed(repo: Path, run: Program, git: Git) -> None:
    run("init", "--no-commit")
    assert "nothing to change" in run("init", "--no-commit").err
    run("init")
    assert changed_by_head(repo) == MADE
    assert git("log", "-1", "--format=%s") == "Start a sipctl workspace\n"
    assert git("status", "--porcelain") == ""


def test_settings_of_the_users_own_are_not_swept_along(repo: Path, run: Program, git: Git) -> None:
    run("init", "--no-commit")
    (repo / "sipctl.yaml").write_text("version: 1\nrules: {bad-host: warning}\n")
    (repo / ".vscode/settings.json").write_text("{}\n")
    run("init")
    assert changed_by_head(repo) == MADE[:3]
    assert git("status", "--porcelain") == "?? .vscode/\n?? sipctl.yaml\n"


@pytest.mark.parametrize("how", ["rm", "git rm"])
def test_settings_that_were_removed_by_hand_are_not_begun_anew(
    how: str, made: Path, run: Program, git: Git
) -> None:
    execute([*how.split(), "sipctl.yaml"])
    refused = run("init", check=3).err
    assert "bring it back with `git checkout HEAD -- sipctl.yaml`" in refused
    git("checkout", "HEAD", "--", "sipctl.yaml")
    run("init")
    assert git("status", "--porcelain") == ""


# -- beside Git ------------------------------------------------------------------------------------


def test_what_git_ignores_is_left_out_but_for_the_settings(
    repo: Path, run: Program, git: Git
) -> None:
    (repo / ".git/info/exclude").write_text(".vscode/\n")
    assert ".vscode/settings.json is left out: Git ignores it" in run("init").err
    assert changed_by_head(repo) == [*MADE[:3], MADE[4]]
    assert "nothing to change" in run("init").err


def test_a_save_commits_what_init_has_made_and_status_tells_it(
    repo: Path, run: Program, git: Git
) -> None:
    run("init", "--no-commit")
    told = run("status", "-o", "csv").lines
    assert told[1:] == [f"{line[2:]},new" for line in MADE]
    run("create", "a", "--host", "a.example.net")
    assert changed_by_head(repo) == ["A\tendpoints/a.yaml"]
    (repo / ".vscode/notes").touch()
    run("save")
    assert changed_by_head(repo) == MADE
    assert git("status", "--porcelain") == "?? .vscode/notes\n"
    (repo / SCHEMA).write_text("{}\n")
    (repo / ".vscode/settings.json").write_text("{}\n")
    assert run("status", "-o", "csv").lines[1:] == [f"{SCHEMA},changed"]
    run("save")
    assert changed_by_head(repo) == [f"M\t{SCHEMA}"]
    assert run("status", "-o", "csv").lines[1:] == []


@pytest.mark.parametrize("folder", [".", "new/deep"])
def test_a_repository_without_a_work_tree_is_refused(
    folder: str, tmp_path: Path, run: Program, git: Git
) -> None:
    bare = tmp_path / "bare.git"
    git("init", "--quiet", "--bare", bare)
    before = sorted(bare.iterdir())
    for options in ([], ["-n"], ["--hooks"]):
        refused = run("init", folder, *options, cwd=bare, check=3).err
        assert "has no work tree" in refused
        assert f"`git clone {bare}`" in refused
    assert sorted(bare.iterdir()) == before


def test_in_the_git_directory_nothing_is_made(repo: Path, run: Program) -> None:
    assert "has no work tree" in run("init", ".git/x", check=3).err
    assert not (repo / ".git/x").exists()


# -- what is refused -------------------------------------------------------------------------------


def test_a_repository_that_was_made_for_it_goes_again(
    run: Program, git: Git, tmp_path: Path
) -> None:
    hook = tmp_path / "template/hooks/pre-commit"
    hook.parent.mkdir(parents=True)
    hook.write_text("#!/bin/sh\necho not today\nexit 1\n")
    hook.chmod(0o755)
    git("config", "--global", "init.templateDir", tmp_path / "template")
    (tmp_path / "there").mkdir()
    for folder in ("there", "new/deep"):
        assert "not today" in run("init", str(tmp_path / folder), check=3).err
    assert not (tmp_path / "new").exists()
    assert not list((tmp_path / "there").iterdir())


def test_a_folder_that_cannot_be_made_is_told(run: Program, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    told = run("init", str(tmp_path / "file/x"), check=3).err
    assert f'"{tmp_path}/file/x" cannot be made: "{tmp_path}/file" is a file\nhint: ' in told
    for words in (("init",), ("init", "-n")):
        told = run(*words, "file", cwd=tmp_path, check=3).err
        assert told.startswith('sipctl: "file" is a file, and a workspace is a folder\nhint: ')
