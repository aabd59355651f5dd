"""Hooks: Git's own, those for pre-commit, and what CI systems run; each tried by the real one."""

import os
import shutil
import sys
from pathlib import Path

import pytest

from tests.conftest import Git, Program
from tests.support import PROGRAM, ROOT, execute

DANGLING = """\
reference: s
type: interaction-start
start: a
actions:
  a:
    action: distribution-to-sip-endpoint
    endpoint: gone
    branches: {processed: null, unprocessed: end, reference-not-found: end}
  end: {action: voicemail, branches: {ok: null, error: null}}
"""


@pytest.fixture(autouse=True)
def on_the_path(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hooks find the program by its name."""
    monkeypatch.setenv("PATH", str(PROGRAM.parent), prepend=os.pathsep)


# -- Git's own -------------------------------------------------------------------------------------


@pytest.mark.parametrize("folder", [".", "voice centre/a"])
def test_a_hook_of_git_judges_what_is_staged(
    folder: str, repo: Path, sipctl: Program, git: Git
) -> None:
    assert "each commit is checked" in sipctl("init", folder, "--hooks").err
    file = repo / folder / "endpoints" / "a.yaml"
    file.parent.mkdir()
    file.write_text("reference: a\nhost: [\n")
    git("add", ".")
    refused = execute(["git", "commit", "-m", "Broken"], cwd=repo, check=1)
    assert "SIP101" in refused.out + refused.err
    file.write_text("reference: a\nhost: a.example.net\n")
    execute(["git", "commit", "-am", "Good"], cwd=repo)
    assert git("status", "--porcelain") == ""


def test_our_own_commits_pass_the_hook_and_wait_for_nothing(
    repo: Path, sipctl: Program, git: Git
) -> None:
    sipctl("init", "--hooks")
    sipctl("create", "a", "--host", "a.example.net")
    sipctl("edit", "a", "--port", "5061", "--lock-timeout", "0")
    assert git("log", "-1", "--format=%s") == "Change port of a\n"


def test_the_hook_judges_every_workspace_of_the_repository(
    repo: Path, sipctl: Program, git: Git
) -> None:
    for folder in ("north", ".deep/south"):
        sipctl("init", folder, "--hooks")
    for folder in ("north", ".deep/south"):
        file = repo / folder / "endpoints/a.yaml"
        file.parent.mkdir()
        file.write_text("reference: a\nhost: [\n")
        git("add", ".")
        assert f"{folder}/endpoints/a.yaml" in execute(["git", "commit", "-m", "x"], check=1).err
        git("rm", "--quiet", "-f", file)
        assert "SIP101" not in sipctl("-C", folder, "create", "b", "--host", "b.example.net").err


def test_the_hook_passes_where_no_workspace_is_staged(
    repo: Path, sipctl: Program, git: Git
) -> None:
    git("commit", "--quiet", "--allow-empty", "--message=Start")
    git("branch", "without")
    sipctl("init", "c", "--hooks")
    for more in ([], ["c"]):  # where the folder is gone, and where it is there still
        git("checkout", "--quiet", "without")
        for folder in more:
            (repo / folder).mkdir()
        execute(["git", "commit", "--allow-empty", "-m", "Elsewhere"])
        git("checkout", "--quiet", "main")


def test_our_own_commits_pass_the_hook_from_any_folder(repo: Path, sipctl: Program) -> None:
    sipctl("init", "c", "--hooks")
    create = ("create", "a", "--host", "a.example.net")
    sipctl(*create, cwd=repo / "c", env={"SIPCTL_WORKSPACE": "../c"})


def test_a_hook_of_an_earlier_version_is_brought_up_to_date(repo: Path, sipctl: Program) -> None:
    sipctl("init", "c", "--hooks")
    hook = repo / ".git/hooks/pre-commit"
    now = hook.read_text()
    mark = now.splitlines()[1]
    hook.write_text(f"#!/bin/sh\n{mark}\nexec sipctl -C north validate --staged\n")
    sipctl("init", "c", "--hooks")
    assert hook.read_text() == now


def test_a_hook_that_is_the_users_own_stays(repo: Path, sipctl: Program) -> None:
    hook = repo / ".git/hooks/pre-commit"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\ntrue\n")
    refused = sipctl("init", "--hooks", check=3)
    assert "add `sipctl -C . validate --staged --all-workspaces` to your own hook" in refused.err
    assert hook.read_text() == "#!/bin/sh\ntrue\n"
    assert not (repo / "sipctl.yaml").exists()


def test_no_hook_is_put_where_other_repositories_have_theirs(
    repo: Path, tmp_path: Path, sipctl: Program, git: Git
) -> None:
    git("config", "core.hooksPath", str(tmp_path / "shared"))
    assert "other repositories" in sipctl("init", "--hooks", check=3).err
    assert not (tmp_path / "shared").exists()


def test_the_hook_is_found_from_a_linked_worktree(
    repo: Path, tmp_path: Path, sipctl: Program, git: Git
) -> None:
    sipctl("init")
    git("worktree", "add", "--quiet", str(tmp_path / "linked"))
    sipctl("init", "--hooks", cwd=tmp_path / "linked")
    assert (repo / ".git/hooks/pre-commit").is_file()


def test_a_dry_run_installs_no_hook(repo: Path, sipctl: Program) -> None:
    sipctl("init", "--hooks", "--dry-run")
    assert not (repo / ".git/hooks/pre-commit").exists()


# -- every workspace below -------------------------------------------------------------------------


@pytest.fixture
def two(repo: Path, sipctl: Program) -> Path:
    """A repository with two workspaces below it, both committed."""
    for folder in ("north", "deep/south"):
        sipctl("init", folder)
    return repo


def test_all_workspaces_below_are_judged_with_their_paths(two: Path, sipctl: Program) -> None:
    for folder in ("north", "deep/south"):
        (two / folder / "endpoints").mkdir()
        (two / folder / "endpoints/a.yaml").write_text("reference: a\nhost: a_b\n")
    result = sipctl("validate", "--all-workspaces", "--format", "concise", check=1)
    places = [line.split(" ")[0] for line in result.lines]
    assert places == ["deep/south/endpoints/a.yaml:2:7:", "north/endpoints/a.yaml:2:7:"]
    # and nothing of it is staged
    assert sipctl("validate", "--all-workspaces", "--staged").out == ""


def test_where_no_workspace_is_below_hooks_find_nothing_and_people_are_told(
    repo: Path, sipctl: Program
) -> None:
    refused = sipctl("validate", "--all-workspaces", check=3)
    assert "no workspace here: no sipctl.yaml in this folder or below it" in refused.err
    assert sipctl("validate", "--staged", "--all-workspaces").out == ""
    assert sipctl("fmt", "--all-workspaces", "--check").out == ""


def test_only_one_rule_is_told_of(workspace: Path, sipctl: Program) -> None:
    (workspace / "endpoints").mkdir(exist_ok=True)
    (workspace / "endpoints/a.yaml").write_text("reference: a\nhost: a_b\nport: 0\n")
    result = sipctl("validate", "--only", "SIP206", "--format", "concise", check=1)
    assert [line.split(" ")[1] for line in result.lines] == ["SIP206"]
    assert sipctl("validate", "--only", "plaintext-password").out == ""
    assert "did you mean" in sipctl("validate", "--only", "bad-hots", check=3).err


# -- pre-commit ------------------------------------------------------------------------------------


def test_pre_commit_itself_runs_our_hooks_on_what_is_staged(
    two: Path, sipctl: Program, git: Git, tmp_path: Path
) -> None:
    sipctl("-C", "north", "create", "gone", "--host", "gone.example.net")
    (two / "north/scenarios").mkdir()
    (two / "north/scenarios/s.yaml").write_text(DANGLING)
    sipctl("-C", "north", "save")
    # a commit that only deletes a file, beside one of another workspace
    git("rm", "--quiet", "north/endpoints/gone.yaml")
    south = two / "deep/south/endpoints/b.yaml"
    south.parent.mkdir()
    south.write_text("host: b.example.net\nreference: b\nusername: b\npassword: hunter2\n")
    git("add", ".")
    run = [sys.executable, "-m", "pre_commit", "try-repo", str(ROOT), "--verbose"]
    env = {"PRE_COMMIT_HOME": str(tmp_path / "cache"), "NO_COLOR": "1"}
    done = execute(run, cwd=two, env=env, check=1, timeout=600)
    told = done.out
    assert "north/scenarios/s.yaml:7:15" in told
    assert "deep/south/endpoints/b.yaml:4:11" in told
    assert "files were modified by this hook" in told  # the order of keys
    assert told.count("Failed") == 3
    assert "hunter2" not in told


# -- CI systems ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("file", "schema"),
    [("github.yml", "vendor.github-workflows"), ("gitlab.yml", "vendor.gitlab-ci")],
)
def test_the_examples_for_ci_keep_the_published_schemas(file: str, schema: str) -> None:
    check = shutil.which("check-jsonschema", path=str(PROGRAM.parent))
    assert check is not None
    execute([check, "--builtin-schema", schema, ROOT / "examples" / "ci" / file])


def test_the_hooks_for_pre_commit_keep_its_own_schema() -> None:
    file = ROOT / ".pre-commit-hooks.yaml"
    execute([sys.executable, "-m", "pre_commit", "validate-manifest", file])


@pytest.mark.parametrize("file", ["github.yml", "gitlab.yml"])
def test_every_command_of_the_examples_for_ci_is_one_of_the_program(
    file: str, workspace: Path, sipctl: Program, git: Git
) -> None:
    text = (ROOT / "examples" / "ci" / file).read_text()
    lines = [line.strip().removeprefix("- ").removeprefix("run: ") for line in text.splitlines()]
    commands = [line for line in lines if line.startswith("sipctl ")]
    assert len(commands) > 3
    git("remote", "add", "origin", str(workspace))
    git("fetch", "--quiet", "origin")
    git("branch", "--quiet", f"--set-upstream-to=origin/{git('branch', '--show-current').strip()}")
    for command in commands:
        execute(["bash", "-c", command], cwd=workspace)
