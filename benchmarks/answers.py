"""What a command must answer, so that nothing is measured that does something else.

Words and numbers may have the facts of a workspace in braces.
"""

from __future__ import annotations

from benchmarks.processes import Ended
from benchmarks.tasks import Check
from benchmarks.workspaces import Workspace


def says(words: str) -> Check:
    """The words, with the facts of the workspace, stand somewhere in what is printed."""

    def check(workspace: Workspace, ended: Ended) -> str | None:
        wanted = workspace.fill(words)
        return None if wanted in ended.out + ended.err else f'"{wanted}" is not in the answer'

    return check


def lines(count: str, start: str = "") -> Check:
    """The answer has so many lines that begin so."""

    def check(workspace: Workspace, ended: Ended) -> str | None:
        found = sum(line.startswith(start) for line in ended.out.splitlines())
        wanted = int(workspace.fill(count))
        return None if found == wanted else f"{found} lines instead of {wanted}"

    return check


def silent(workspace: Workspace, ended: Ended) -> str | None:
    """Nothing is printed."""
    return "something is printed" if ended.out or ended.err else None


def committed(count: str) -> Check:
    """So many files differ from the commit before, and nothing is left to commit."""

    def check(workspace: Workspace, ended: Ended) -> str | None:
        changed = len(workspace.do("git diff --name-only {head} HEAD").out.splitlines())
        wanted = int(workspace.fill(count))
        if changed != wanted:
            return f"{changed} files are committed instead of {wanted}"
        return "files are left to commit" if workspace.do("git status --porcelain").out else None

    return check
