"""A commit in a large index is made step by step: as `git commit --only` would make it."""

import os
import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from sipctl.git import committing
from tests.conftest import Git, Program
from tests.support import Environment, environment
from tests.test_upkeep import traced
from tests.writers import (
    EDIT_COMMITTED,
    command_line,
    refuse_remains,
    state,
    write_hook,
    write_workspace,
    writing_commands,
)

COMMANDS = sorted({*writing_commands()} - {"init", "secret keygen"})


THRESHOLDS = (committing._PAIRS, -1)


@pytest.fixture
def step_by_step(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every commit is made so, in a small index too."""
    monkeypatch.setattr(committing, "_PAIRS", -1)


# -- both ways -----------------------------------------------------------------------------------


def plain(root: Path, git: Git) -> None:
    """Another file is staged; that is so in each of these."""


def with_hook(root: Path, git: Git) -> None:
    """A hook changes what is committed."""
    write_hook(root, "pre-commit", *EDIT_COMMITTED)


def with_marks(root: Path, git: Git) -> None:
    """Git is told not to look at files."""
    git("update-index", "--skip-worktree", "endpoints/c.yaml", cwd=root)
    git("update-index", "--assume-unchanged", "endpoints/e.yaml", cwd=root)


def with_conflict(root: Path, git: Git) -> None:
    """A file of somebody else is not merged."""
    blobs = [git("hash-object", "-w", "--stdin", input=text, cwd=root).strip() for text in "xyz"]
    rows = [f"100644 {blob} {stage}\tother.md" for stage, blob in enumerate(blobs, 1)]
    git("update-index", "--index-info", input="".join(f"{row}\n" for row in rows), cwd=root)


def with_more_staged(root: Path, git: Git) -> None:
    """Files are staged as deleted, renamed and announced, that are not the command's."""
    git("rm", "--quiet", "--cached", ".gitignore", cwd=root)
    git("add", "--intent-to-add", "other.txt", cwd=root)
    git("add", "endpoints/d.yaml", cwd=root)


def with_split_index(root: Path, git: Git) -> None:
    """The index lies in two files."""
    git("update-index", "--split-index", cwd=root)


def with_a_staged_mode(root: Path, git: Git) -> None:
    """A file that is edited by hand is staged as a program."""
    git("add", "--chmod=+x", "endpoints/d.yaml", cwd=root)


def shared_by_a_group(root: Path, git: Git) -> None:
    git("config", "core.sharedRepository", "group", cwd=root)
    git("add", "endpoints/d.yaml", cwd=root)


def in_a_detached_head(root: Path, git: Git) -> None:
    git("switch", "--quiet", "--detach", cwd=root)


SETUPS = (
    plain,
    with_hook,
    with_marks,
    with_conflict,
    with_more_staged,
    with_split_index,
    with_a_staged_mode,
    shared_by_a_group,
    in_a_detached_head,
)


def both(
    name: str, setup: Callable[[Path, Git], None], repo: Path, run: Program, git: Git
) -> list[object]:
    """What came of a command, made at once and step by step."""
    setup(write_workspace(repo), git)
    found: list[object] = []
    for pairs in THRESHOLDS:
        copy = Path(shutil.copytree(repo, repo.with_name(f"copy{pairs}")))
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(committing, "_PAIRS", pairs)
            line = ("--no-input", *command_line(name))
            ended = run(*line, cwd=copy, env=DATES, check=None)
        assert "Traceback" not in ended.err
        marks = git("ls-files", "-v", cwd=copy)
        log = git("log", "--format=%an %s%n%b", cwd=copy)
        found.append((ended.status, ended.out.replace(git("rev-parse", "HEAD", cwd=copy)[:10], "")))
        found[-1] = (found[-1], state(copy), marks, log, (copy / ".git/index").stat().st_mode)
        refuse_remains(copy)
    return found


DATES: Environment = {"GIT_AUTHOR_DATE": "2026-05-01T00:00:00Z"}


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_leaves_the_same(name: str, repo: Path, run: Program, git: Git) -> None:
    at_once, stepwise = both(name, plain, repo, run, git)
    assert at_once == stepwise


@pytest.mark.parametrize("setup", SETUPS, ids=lambda setup: setup.__name__)
@pytest.mark.parametrize("name", ["create", "edit", "rename", "delete", "import", "save"])
def test_whatever_else_stands_in_the_index_is_left(
    name: str, setup: Callable[[Path, Git], None], repo: Path, run: Program, git: Git
) -> None:
    at_once, stepwise = both(name, setup, repo, run, git)
    assert at_once == stepwise


# -- what may go wrong ---------------------------------------------------------------------------


@pytest.mark.usefixtures("step_by_step")
def test_a_path_that_git_ignores_is_refused(workspace: Path, run: Program, git: Git) -> None:
    (workspace / ".git/info/exclude").write_text("endpoints/a*\n")
    told = run("create", "ab", "--host", "a.example.net", check=3).err
    assert "ignored by one of your .gitignore files:\n  endpoints/ab.yaml" in told
    assert not (workspace / "endpoints/ab.yaml").exists()
    assert git("status", "--porcelain", "--ignored") == ""


@pytest.mark.usefixtures("step_by_step")
def test_a_hook_that_says_no_leaves_all_as_it_was(workspace: Path, run: Program, git: Git) -> None:
    run("create", "a", "--host", "a.example.net")
    before = state(workspace)
    write_hook(workspace, "pre-commit", "echo no", "exit 1")
    run("create", "b", "--host", "b.example.net", check=3)
    run("edit", "a", "--port", "5070", check=3)
    assert state(workspace) == before
    refuse_remains(workspace)


BETWEEN = """\
#!/bin/sh
case " $* " in *" {at} "*)
    if [ ! -e {mark} ]; then
        touch {mark}
        cd {root}
        {lines}
        cd - >/dev/null
    fi ;;
esac
exec {git} "$@"
"""


@pytest.fixture
def between(workspace: Path, tmp_path: Path, run: Program) -> Callable[..., Environment]:
    """Makes a Git that runs these lines first where it is to do something, and its environment."""
    run("create", "a", "--host", "a.example.net")

    def made(lines: str, at: str = "commit") -> Environment:
        fake, mark, git = tmp_path / "bin/git", tmp_path / "came", shutil.which("git")
        fake.parent.mkdir()
        lines = lines.replace("git ", f"{git} ")
        fake.write_text(BETWEEN.format(git=git, root=workspace, mark=mark, at=at, lines=lines))
        fake.chmod(0o755)
        return {"PATH": f"{fake.parent}{os.pathsep}{os.environ['PATH']}"}

    return made


PLUMBING = "git update-ref HEAD $(echo by plumbing | git commit-tree HEAD^{tree} -p HEAD)"
CREATE_B = ("create", "b", "--host", "b.example.net")


@pytest.mark.usefixtures("step_by_step")
def test_a_commit_that_comes_between_is_not_taken_back(
    workspace: Path, run: Program, git: Git, between: Callable[..., Environment]
) -> None:
    told = run(*CREATE_B, env=between(PLUMBING), check=3).err
    assert "somebody else committed or merged at the same moment" in told
    assert git("log", "--format=%s", "-2").splitlines() == ["by plumbing", "Create a"]
    assert git("status", "--porcelain") == ""
    refuse_remains(workspace)
    run(*CREATE_B)
    assert git("log", "--format=%s", "-1") == "Create b\n"


@pytest.mark.usefixtures("step_by_step")
def test_a_commit_of_the_same_file_that_comes_between_is_not_taken_for_ours(
    run: Program, git: Git, between: Callable[..., Environment]
) -> None:
    blob = "$(echo theirs | git hash-object -w --stdin)"
    index = "GIT_INDEX_FILE=.git/theirs"
    tree = (
        f"{index} git read-tree HEAD; "
        f"{index} git update-index --cacheinfo 100644 {blob} endpoints/a.yaml; "
        f"git update-ref HEAD $(echo theirs | git commit-tree $({index} git write-tree) -p HEAD)"
    )
    told = run("edit", "a", "--port", "5070", env=between(tree), check=3).err
    assert "somebody else committed or merged at the same moment" in told
    assert git("show", "HEAD:endpoints/a.yaml") == "theirs\n"
    assert git("log", "--format=%s", "-1") == "theirs\n"


@pytest.fixture(params=["sha1", "sha256"])
def hash_of_git(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Repositories that are made then name their objects so."""
    monkeypatch.setenv("GIT_DEFAULT_HASH", request.param)


@pytest.mark.usefixtures("hash_of_git", "step_by_step")
def test_a_commit_that_takes_ours_along_is_told(
    run: Program, git: Git, between: Callable[..., Environment]
) -> None:
    index = "GIT_INDEX_FILE=.git/theirs"
    tree = (
        f"{index} git read-tree HEAD; {index} git update-index endpoints/a.yaml; "
        f"git update-ref HEAD $(echo theirs | git commit-tree $({index} git write-tree) -p HEAD)"
    )
    env = between(tree, at="update-index")
    told = run("edit", "a", "--port", "5070", env=env, check=3).err
    assert "somebody else committed this change meanwhile" in told
    assert "nothing has changed" not in told
    assert "port: 5070" in git("show", "HEAD:endpoints/a.yaml")
    assert git("diff", "HEAD") == ""


@pytest.mark.usefixtures("step_by_step")
def test_a_merge_that_is_begun_meanwhile_is_not_ended(
    workspace: Path, run: Program, git: Git, between: Callable[..., Environment]
) -> None:
    head = git("rev-parse", "HEAD")
    git("switch", "--quiet", "--create", "other", "HEAD^")
    git("commit", "--quiet", "--allow-empty", "--message=Theirs")
    other = git("rev-parse", "HEAD")
    git("switch", "--quiet", "main")
    told = run(*CREATE_B, env=between(f"echo {other.strip()} >.git/MERGE_HEAD"), check=3).err
    assert "somebody else committed or merged at the same moment" in told
    assert git("rev-parse", "HEAD") == head
    assert (workspace / ".git/MERGE_HEAD").read_text() == other
    refuse_remains(workspace)


@pytest.mark.usefixtures("step_by_step")
def test_a_slow_merge_is_not_ended(
    workspace: Path, run: Program, git: Git, sipctl: Program, tmp_path: Path
) -> None:
    run("create", "a", "--host", "a.example.net")
    git("switch", "--quiet", "--create", "other")
    (workspace / ".gitattributes").write_text("*.bin filter=slow\n")
    (workspace / "x.bin").write_text("x")
    git("add", ".")
    git("commit", "--quiet", "--message=Theirs")
    git("switch", "--quiet", "main")
    git("config", "filter.slow.smudge", f"touch {tmp_path}/began; sleep 1; cat")
    with subprocess.Popen(
        ["git", "merge", "--quiet", "--no-commit", "--no-ff", "other"],
        cwd=workspace,
        env=environment(),
    ):
        while not (tmp_path / "began").exists():
            time.sleep(0.01)
        told = run("edit", "a", "--port", "5070", check=3).err
    assert "a merge is not finished here" in told
    assert (workspace / ".git/MERGE_HEAD").exists()
    assert git("status", "--porcelain") == "A  .gitattributes\nA  x.bin\n"


@pytest.mark.parametrize("pairs", THRESHOLDS)
def test_what_a_hook_commits_after_us_stands(
    pairs: int, workspace: Path, run: Program, git: Git, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(committing, "_PAIRS", pairs)
    lines = ("[ -e .git/once ] && exit", "touch .git/once VERSION", "git add VERSION")
    write_hook(workspace, "post-commit", *lines, "git commit --quiet --message=Bump")
    told = run("create", "a", "--host", "a.example.net", "-o", "json").json
    assert git("log", "--format=%s", "-2").splitlines() == ["Bump", "Create a"]
    assert git("status", "--porcelain") == ""
    assert told["commit"] == git("rev-parse", "HEAD^").strip()


def test_the_commit_that_is_told_is_ours_after_one_that_comes_before(
    run: Program, git: Git, between: Callable[..., Environment]
) -> None:
    as_ours = PLUMBING.replace("echo by plumbing", r"printf 'by plumbing\n\nSipctl-Operation: x\n'")
    found = run(*CREATE_B, "-o", "json", env=between(as_ours)).json
    assert git("log", "--format=%s", "-2").splitlines() == ["Create b", "by plumbing"]
    assert found["commit"] == git("rev-parse", "HEAD").strip()


def test_the_commit_that_is_told_is_ours_on_a_branch_without_any(
    repo: Path, run: Program, git: Git
) -> None:
    write_hook(repo, "post-commit", "[ -e .git/once ] && exit", "touch .git/once", EMPTY)
    found = run("init", "-o", "json").json
    assert git("log", "--format=%s").splitlines() == ["Theirs", "Start a sipctl workspace"]
    assert found["commit"] == git("rev-parse", "HEAD^").strip()


EMPTY = "git commit --quiet --allow-empty --message=Theirs"


@pytest.mark.usefixtures("step_by_step")
def test_a_file_that_is_as_young_as_the_index_is_looked_at(
    workspace: Path, run: Program, git: Git
) -> None:
    """Of the same size, and in the same moment: only the index's own age tells Git to look."""
    git("config", "core.trustctime", "false")
    files = [workspace / f"endpoints/{name}.yaml" for name in ("a", "b")]
    for file in files:
        run("create", file.stem, "--host", "a.example.net", "--port", "5070")
    moment = 1_700_000_000 * 10**9
    for file in files:
        os.utime(file, ns=(moment, moment))
    git("update-index", "--refresh")
    for file in files:
        file.write_text(file.read_text().replace("5070", "5071"))
        os.utime(file, ns=(moment, moment))
    os.utime(workspace / ".git/index", ns=(moment, moment))
    run("save", "a")
    assert git("show", "--name-only", "--format=").split() == ["endpoints/a.yaml"]
    assert git("status", "--porcelain") == " M endpoints/b.yaml\n"


@pytest.mark.parametrize("mark", ["skip-worktree", "assume-unchanged"])
@pytest.mark.parametrize("pairs", THRESHOLDS)
def test_of_what_git_does_not_look_at_nothing_is_written(
    mark: str, pairs: int, repo: Path, run: Program, git: Git, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else the other files of a change would be committed without it."""
    monkeypatch.setattr(committing, "_PAIRS", pairs)
    before = state(write_workspace(repo))
    git("update-index", f"--{mark}", "endpoints/a.yaml")
    for line in (command_line(name) for name in ("edit", "rename", "delete", "import")):
        told = run(*line, check=3).err
        assert f"endpoints/a.yaml: Git has been told not to look at it ({mark})" in told
        assert f"git update-index --no-{mark} endpoints/a.yaml" in told
    assert state(repo) == before
    run("edit", "a", "--port", "5099", "--no-commit")
    git("update-index", f"--no-{mark}", "endpoints/a.yaml")
    assert "+port: 5099" in git("diff")


# -- when ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "limit", "stepwise"),
    [
        (("create", "new", "--host", "a.example.net"), 30, True),
        (("create", "new", "--host", "a.example.net"), 300, False),
        (("edit", "a", "--port", "5070"), 30, False),
    ],
)
def test_it_is_done_where_git_would_take_long(
    line: tuple[str, ...],
    limit: int,
    stepwise: bool,
    workspace: Path,
    run: Program,
    git: Git,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(committing, "_ENTRIES", limit)
    run("create", "a", "--host", "a.example.net")
    for number in range(50):
        (workspace / f"{number}.txt").touch()
    git("add", ".")
    git("commit", "--quiet", "--message=Many")
    asked = traced(run, tmp_path / "trace", *line)
    by_git = line[0] == "create" and not stepwise
    assert ("add" in asked, "update-index" in asked) == (by_git, stepwise)
    assert git("status", "--porcelain") == ""
    assert len(git("show", "--name-only", "--format=").split()) == 1


@pytest.mark.usefixtures("step_by_step")
def test_a_sparse_checkout_is_for_git_to_judge(workspace: Path, run: Program, git: Git) -> None:
    git("sparse-checkout", "set", "--cone", "scenarios")
    assert "sparse" in run("create", "a", "--host", "a.example.net", check=3).err


def test_the_commit_that_is_told_is_ours_where_git_died_after_it(
    workspace: Path, run: Program, git: Git
) -> None:
    write_hook(workspace, "post-commit", "[ -e .git/once ] && exit", "touch .git/once", EMPTY, KILL)
    found = run("create", "a", "--host", "a.example.net", "-o", "json").json
    assert git("log", "--format=%s", "-2").splitlines() == ["Theirs", "Create a"]
    assert found["commit"] == git("rev-parse", "HEAD^").strip()


KILL = "kill -9 $PPID"
