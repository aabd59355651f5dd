"""The bar of what lasts: on a terminal, after a while, and gone before anything else is shown."""

import re
import sys
from pathlib import Path

import pytest

from tests.story import PARIS, Story, renamed
from tests.support import Environment, execute, on_terminal
from tests.test_history import halting

PLAIN: Environment = {"SIPCTL_NO_PAGER": "1", "NO_COLOR": "1"}

SIPCTL = """
import sys
from sipctl import main, progress
progress.DELAY = {delay}
status = main.run(sys.argv[1:])
if "rich" in sys.modules:
    print("rich is loaded", file=sys.stderr)
sys.exit(status)
"""


def sipctl_after(seconds: float, line: str) -> list[str]:
    """A command that shows a bar after so many seconds."""
    return [sys.executable, "-c", SIPCTL.format(delay=seconds), *line.split()]


def stays(raw: str) -> str:
    """What is left on the screen when lines that were taken back are gone."""
    lines, row, column = [""], 0, 0
    assert raw.count("\x1b[?25l") == raw.count("\x1b[?25h"), "the cursor is lost"
    for piece in re.findall(r"\x1b\[[?0-9;]*[A-Za-z]|.", raw, re.DOTALL):
        if piece == "\r":
            column = 0
        elif piece == "\n":
            row, column = row + 1, column
            lines += [""] * (row + 1 - len(lines))
        elif piece == "\x1b[1A":
            row -= 1
        elif piece == "\x1b[2K":
            lines[row] = ""
        elif piece[0] != "\x1b":
            lines[row] = lines[row].ljust(column)[:column] + piece + lines[row][column + 1 :]
            column += 1
    return "\n".join(lines)


@pytest.fixture
def some(workspace: Path) -> Story:
    """A workspace with five endpoints and five changes of one."""
    story = Story(workspace)
    for number in range(5):
        story.does(f"pbx-{number}", renamed(PARIS, f"pbx-{number}"))
        story.does("pbx-paris", PARIS.replace("5060", str(5060 + number)))
    return story


READING = {
    "--no-cache list": "Reading files",
    "--no-cache validate": "Reading files",
    "validate --rev HEAD": "Reading files",
    "plan HEAD~3": "Checking files",
    "diff HEAD~3 HEAD": "Comparing files",
    "history": "Reading commits",
    "history pbx-paris --field port": "Reading commits",
    "blame pbx-paris": "Reading commits",
    "secret check": "Opening passwords",
    "secret check --history": "Searching commits",
    "fmt --check": "Formatting files",
}


@pytest.mark.parametrize("line", READING)
def test_a_bar_is_shown_and_nothing_of_it_stays(line: str, some: Story) -> None:
    plain = on_terminal(sipctl_after(3600, line), cwd=some.root, env=PLAIN, check=None)
    screen = on_terminal(sipctl_after(0, line), cwd=some.root, env=PLAIN, check=plain.status)
    assert re.search(f"{READING[line]} +━* +[0-9]*%?", screen.text)
    assert READING[line] not in plain.text
    assert "rich is loaded" not in plain.text
    assert stays(screen.raw).replace("rich is loaded\n", "") == plain.text


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("edit --where pbx --realm r", "Editing files"),
        ("edit --where pbx --realm r", "Writing files"),
        ("import table.csv -y", "Reading rows"),
    ],
)
def test_what_writes_tells_how_far_it_is_too(line: str, told: str, some: Story) -> None:
    (some.root / "table.csv").write_text(
        "reference,host\n" + "".join(f"new-{n},sip.example.net\n" for n in range(5))
    )
    screen = on_terminal(sipctl_after(0, line), cwd=some.root, env=PLAIN, check=None)
    assert told in screen.text
    assert told not in stays(screen.raw)


def test_a_pipe_never_sees_one(some: Story) -> None:
    for line in READING:
        result = execute(sipctl_after(0, line), cwd=some.root, check=None)
        assert not re.search("rich|━|\x1b", result.err), line
        assert READING[line] not in result.err + result.out


def test_passwords_tell_how_far_they_are(own: Path) -> None:
    screen = on_terminal(sipctl_after(0, "secret reseal -n"), env=PLAIN, check=None)
    assert "Sealing passwords" in screen.text
    assert "Sealing passwords" not in stays(screen.raw)


@pytest.mark.parametrize("kind", ["dumb", None])
def test_a_terminal_that_only_prints_sees_none(kind: str | None, some: Story) -> None:
    env = {**PLAIN, "TERM": kind}
    screen = on_terminal(sipctl_after(0, "--no-cache list"), cwd=some.root, env=env)
    assert "Reading" not in screen.raw


def test_what_is_paged_has_none_beside_it(some: Story, tmp_path: Path) -> None:
    env = {"SIPCTL_PAGER": f"cat >{tmp_path}/text"}
    screen = on_terminal(sipctl_after(0, "history"), cwd=some.root, env=env)
    assert stays(screen.raw).strip() == "rich is loaded"
    assert "Reading" not in (tmp_path / "text").read_text()


def test_an_interrupt_of_waiting_takes_it_away(some: Story, tmp_path: Path) -> None:
    env = {**PLAIN, **halting(tmp_path / "halting", 43)}
    command = sipctl_after(0, "history --field realm")
    screen = on_terminal(command, cwd=some.root, env=env, answers=["\x03"], check=130)
    assert "Reading commits" in screen.text
    left = stays(screen.raw)
    assert "Reading" not in left
    assert "\nsipctl: interrupted: nothing has changed\n" in f"\n{left}"


ENDED = """
import sys
from sipctl import main, progress
from sipctl.errors import Refused
progress.DELAY = 0
def end(frame, event, _):
    if event == "call" and frame.f_code.co_name == "content_with" and progress._current._shown:
        sys.setprofile(None)
        raise {error}
sys.setprofile(end)
sys.exit(main.run(sys.argv[1:]))
"""


@pytest.mark.parametrize(
    ("error", "status", "told"),
    [
        ("KeyboardInterrupt", 130, "interrupted: nothing has changed"),
        ("Refused('no')", 3, "no"),
    ],
)
def test_what_ends_the_work_takes_it_away(error: str, status: int, told: str, some: Story) -> None:
    line = "edit --where pbx --realm r --force"
    command = [sys.executable, "-c", ENDED.format(error=error), *line.split()]
    screen = on_terminal(command, cwd=some.root, env=PLAIN, check=status)
    assert "Editing files" in screen.text
    assert stays(screen.raw) == f"sipctl: {told}\n"


SHARING = """
import time
from sipctl import progress
from sipctl.sharing import shared
progress.DELAY = progress._EVERY = 0
def work(portion):
    time.sleep(0.002)
    return [*progress.over(range(3), "Inner")]
for _ in shared(work, list(range(200)), "Outer"):
    pass
"""


def test_a_process_that_helps_shows_none_of_its_own_and_is_counted(home: Path) -> None:
    screen = on_terminal([sys.executable, "-c", SHARING], env=PLAIN)
    assert "Inner" not in screen.text
    percent = [int(number) for number in re.findall(r"Outer .*?([0-9]+)%", screen.text)]
    assert percent == sorted(percent)
    assert percent[-1] >= 90
