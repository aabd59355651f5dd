"""The demo that `make demo` shows."""

import re
from pathlib import Path

from sipctl.commands import COMMANDS
from tests.conftest import Git
from tests.support import ROOT, execute, on_terminal

DEMO = ROOT / "examples" / "demo.sh"

UNTOLD = {"show", "explain", "rules", "schema", "completion"}
"""Commands that the story can do without."""


def test_the_demo_tells_its_story_and_leaves_nothing_behind(tmp_path: Path, git: Git) -> None:
    before = git("config", "--list", "--global")
    of_the_user = {"SIPCTL_WORKSPACE": "/nowhere", "GIT_DIR": "/nowhere", "GIT_AUTHOR_NAME": "Eve"}
    screen = on_terminal(["bash", DEMO], env={"TMPDIR": str(tmp_path), **of_the_user})
    lines = screen.text.splitlines()
    told = re.findall(r"^\$ sipctl (\w+)", screen.text, re.MULTILINE)
    assert set(told) == set(COMMANDS) - UNTOLD
    assert told[-1] == "history"
    assert [line for line in lines if len(line) > 80] == []
    assert "Eve" not in screen.text
    assert "sipctl: this is a bug" not in screen.text
    assert list(tmp_path.iterdir()) == []
    assert git("config", "--list", "--global") == before


def test_a_status_that_nobody_expected_ends_the_demo(tmp_path: Path) -> None:
    script = DEMO.read_text().replace("run 3 ", "run 0 ")
    (tmp_path / "demo.sh").write_text(script)
    result = execute(["bash", tmp_path / "demo.sh"], check=1)
    assert result.err == "\nthe demo failed: status 3, expected 0\n"
    assert result.lines[-1] == "sipctl: refused: the files would hold an error"
