"""What follows a commit: Git tidies up, and keeps a graph that makes histories fast."""

import os
import shutil
import sys
from pathlib import Path

import pytest

from tests.conftest import Git, Program
from tests.support import Environment, on_terminal
from tests.writers import refuse_remains

CREATE = ("create", "a", "--host", "a.example.net")


@pytest.fixture
def kept(workspace: Path, git: Git) -> Path:
    """A workspace whose repository Git may tidy up."""
    git("config", "maintenance.auto", "true")
    return workspace


def graph(root: Path) -> Path:
    return root / ".git/objects/info/commit-graph"


def traced(run: Program, trace: Path, *words: str) -> list[str]:
    """What a command of ours asks Git for, by the commands of Git."""
    trace.unlink(missing_ok=True)
    run(*words, env={"GIT_TRACE2_EVENT": str(trace)})
    lines = [line for line in trace.read_text().splitlines() if '"event":"cmd_name"' in line]
    return [line.partition('"name":"')[2].partition('"')[0] for line in lines]


def test_a_commit_leaves_a_graph_that_tells_which_paths_each_commit_touches(
    kept: Path, run: Program, git: Git
) -> None:
    run(*CREATE)
    assert b"BDAT" in graph(kept).read_bytes()
    git("commit-graph", "verify")
    assert git("status", "--porcelain") == ""
    refuse_remains(kept)


@pytest.mark.parametrize("kind", ["tree:0", "blob:none"])
def test_in_a_partial_clone_nothing_is_fetched_for_it(
    kind: str, kept: Path, run: Program, git: Git, tmp_path: Path
) -> None:
    for number in range(3):
        run("create", f"e{number}", "--host", "a.example.net")
    git("config", "uploadpack.allowFilter", "true")
    partial = tmp_path / "partial"
    git("clone", "--quiet", f"--filter={kind}", f"file://{kept}", partial)
    git("config", "maintenance.auto", "true", cwd=partial)
    asked = traced(run, tmp_path / "trace", "-C", str(partial), "edit", "e0", "--port", "5070")
    assert "commit" in asked
    assert not {"fetch", "commit-graph"} & {*asked}


LONG = """
import sys
from sipctl.commands import history
history._LONG = {}
sys.argv[0] = "sipctl"
from sipctl.main import main
main()
"""
WRITE = ("commit-graph", "write", "--reachable", "--changed-paths")


def words_after_history(seconds: float, *more: str) -> str:
    """What stands behind a history on a terminal where so many seconds are long."""
    command = [sys.executable, "-c", LONG.format(seconds), "--no-pager", "history", *more]
    return on_terminal(command, ()).text.partition("Create a")[2]


def test_who_waits_long_for_a_history_is_told_of_the_graph(
    workspace: Path, run: Program, git: Git, tmp_path: Path
) -> None:
    run(*CREATE)
    told = " ".join(["git", *WRITE])
    assert told in words_after_history(0, "a")
    assert "git" not in words_after_history(600, "a")
    assert "git" not in words_after_history(0)  # of all it is not faster
    git("config", "core.commitGraph", "false")
    assert "git" not in words_after_history(0, "a")
    git("config", "--unset", "core.commitGraph")
    elsewhere = workspace / ".git/objects/info/alternates"  # where there may be one
    shallow = workspace / ".git/shallow"  # where there can be none
    for mark, text in ((elsewhere, f"{tmp_path}\n"), (shallow, git("rev-parse", "HEAD"))):
        mark.write_text(text)
        assert told not in words_after_history(0, "a"), mark
        mark.unlink()
    git(*WRITE)
    assert "git" not in words_after_history(0, "a")


def test_it_is_begun_once_and_kept_by_git(
    kept: Path, run: Program, git: Git, tmp_path: Path
) -> None:
    trace = tmp_path / "trace"
    assert "commit-graph" in traced(run, trace, *CREATE)
    assert "commit-graph" not in traced(run, trace, "edit", "a", "--port", "5070")
    git("commit-graph", "write", "--reachable", "--no-changed-paths")
    assert "commit-graph" in traced(run, trace, "edit", "a", "--port", "5071")
    git("commit-graph", "write", "--reachable", "--split=replace", "--changed-paths")
    assert not graph(kept).exists()
    assert "commit-graph" not in traced(run, trace, "edit", "a", "--port", "5072")
    git("gc", "--quiet")
    assert b"BDAT" in graph(kept).read_bytes()
    refuse_remains(kept)


def test_commits_that_came_since_are_added_from_time_to_time(
    kept: Path, run: Program, git: Git
) -> None:
    git("config", "maintenance.commit-graph.auto", "3")
    run(*CREATE)
    for port in range(5070, 5074):
        run("edit", "a", "--port", str(port))
    chain = kept / ".git/objects/info/commit-graphs/commit-graph-chain"
    newest = chain.read_text().split()[-1]
    assert b"BDAT" in (chain.parent / f"graph-{newest}.graph").read_bytes()
    git("commit-graph", "verify")


def test_worktrees_have_one_graph(kept: Path, run: Program, git: Git, tmp_path: Path) -> None:
    linked = tmp_path / "linked"
    git("worktree", "add", "--quiet", linked)
    run(*CREATE, cwd=linked)
    assert b"BDAT" in graph(kept).read_bytes()
    edit = ("edit", "a", "--port", "5070", "-C", str(linked))
    assert "commit-graph" not in traced(run, tmp_path / "trace", *edit)
    refuse_remains(linked, kept / ".git")


@pytest.mark.parametrize(
    "setting",
    [
        "maintenance.auto=false",
        "core.commitGraph=off",
        "gc.writeCommitGraph=0",
        "maintenance.commit-graph.enabled=No",
    ],
)
def test_who_wants_no_graph_gets_none(setting: str, kept: Path, run: Program, git: Git) -> None:
    git("config", "maintenance.commit-graph.auto", "-1")  # whenever it may
    git("config", *setting.split("="))
    run(*CREATE)
    assert not list((kept / ".git/objects/info").rglob("*graph*"))


def test_a_shallow_clone_is_written_in_all_the_same(
    kept: Path, run: Program, git: Git, tmp_path: Path
) -> None:
    run(*CREATE)
    run("edit", "a", "--port", "5070")
    git("clone", "--quiet", "--depth=1", f"file://{kept}", tmp_path / "clone")
    git("config", "maintenance.auto", "true", cwd=tmp_path / "clone")
    run("edit", "a", "--port", "5071", cwd=tmp_path / "clone")
    refuse_remains(tmp_path / "clone")


# Stands for Git: where it would write a graph it leaves its lock, and kills who started it.
KILLING_GIT = """\
#!/bin/sh
for word in "$@"; do
    if [ "$word" = commit-graph ]; then
        mkdir -p .git/objects/info/commit-graphs
        touch .git/objects/info/commit-graph.lock
        touch .git/objects/info/commit-graphs/commit-graph-chain.lock
        kill -9 $PPID $$
    fi
done
exec "$GIT" "$@"
"""


def test_killed_while_it_writes_the_graph_it_leaves_no_lock(
    kept: Path, sipctl: Program, git: Git, tmp_path: Path
) -> None:
    fake = tmp_path / "fake"
    fake.mkdir()
    (fake / "git").write_text(KILLING_GIT)
    (fake / "git").chmod(0o755)
    path = f"{fake}{os.pathsep}{os.environ['PATH']}"
    env: Environment = {"PATH": path, "GIT": shutil.which("git")}
    sipctl(*CREATE, env=env, check=-9)
    assert graph(kept).with_suffix(".lock").exists()
    told = sipctl("edit", "a", "--port", "5070").err
    assert 'is finished: "Create a"' in told
    assert b"BDAT" in graph(kept).read_bytes()
    refuse_remains(kept)
