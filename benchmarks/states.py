"""The states that a workspace is put into before and after a run; none of it is counted."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

from benchmarks.workspaces import NEW, SOME, Workspace

Step = Callable[[Workspace, str], None]
"""Puts a workspace into a state; given the command line that is to run, or has run, there."""


def pristine(workspace: Workspace) -> None:
    """As it was generated, whatever earlier runs left, even one that was stopped in the middle."""
    git_dir = workspace.folder / ".git"
    (git_dir / "index.lock").unlink(missing_ok=True)
    shutil.rmtree(git_dir / "sipctl", ignore_errors=True)
    shutil.rmtree(workspace.edited, ignore_errors=True)
    _graph(workspace).unlink(missing_ok=True)
    clean(workspace)
    # all that was generated is packed, so what is loose are commits of runs
    for folder in (git_dir / "objects").glob("??"):
        shutil.rmtree(folder)


def clean(workspace: Workspace, line: str = "") -> None:
    """All files and the branch are as they were generated, and the index knows it."""
    workspace.do("git reset --hard --quiet {head}")
    workspace.do("git clean --force -d --quiet")
    workspace.do("git status --porcelain")


def forget(workspace: Workspace, line: str) -> None:
    """Nothing is cached by sipctl. What the system has in memory of the files stays."""
    for file in (workspace.folder / ".git" / "sipctl").glob("cache*"):
        shutil.rmtree(file) if file.is_dir() else file.unlink()


def again(workspace: Workspace, line: str) -> None:
    """The same command has run before."""
    workspace.do(line)


def judged(workspace: Workspace, line: str) -> None:
    """All files have been judged by sipctl before."""
    workspace.do("sipctl validate")


def edit_some(workspace: Workspace, line: str) -> None:
    """Some files are edited by hand and not committed."""
    step = max(len(workspace.files) // SOME, 1)
    for path in workspace.files[::step][:SOME]:
        with (workspace.folder / path).open("a", encoding="utf-8") as file:
            file.write("x-ticket: NET-417\n")


def edited(workspace: Workspace, line: str) -> None:
    """One file has been edited by sipctl, and committed."""
    workspace.do("sipctl edit {watched} --port 5091")


def tabled(workspace: Workspace, line: str) -> None:
    """Beside the workspace lies a table of endpoints that it does not have."""
    rows = (f"new-{n:05},sip-{n}.example.net,5060,new" for n in range(NEW))
    text = "\n".join(["reference,host,port,tags", *rows, ""])
    workspace.table.write_text(text, encoding="utf-8")


def graphed(workspace: Workspace, line: str) -> None:
    """Git keeps a graph of the commits that tells which paths each touches."""
    if not _graph(workspace).exists():
        workspace.do("git commit-graph write --reachable --changed-paths --no-progress")


def _graph(workspace: Workspace) -> Path:
    return workspace.folder / ".git" / "objects" / "info" / "commit-graph"


def keep_edited(line: str) -> Step:
    """The files that a command changes lie beside the workspace, as it changes them."""

    def keep(workspace: Workspace, _: str) -> None:
        if workspace.edited.exists():
            return
        workspace.do(line)
        changed = workspace.do("git diff --name-only {head} HEAD").out.split()
        workspace.edited.mkdir()
        for path in changed:
            shutil.copy(workspace.folder / path, workspace.edited)
        clean(workspace)

    return keep
