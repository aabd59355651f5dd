"""What a stranger found by holding the program against its description."""

from pathlib import Path

import pytest

from tests.conftest import Git, Program

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
