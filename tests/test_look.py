"""How answers look on a terminal: colours, columns, and that many rows cost little."""

import io
import shutil
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from sipctl.render.cells import beginning, cut, padded, width, wrapped
from sipctl.render.styled import colored
from sipctl.render.table import columns
from tests.conftest import Program, Terminal
from tests.support import ROOT, on_terminal, steps

WIDE = "電話"
ACCENTED = "Zoë".replace("ë", "e\u0308")


@pytest.fixture
def wide(workspace: Path, run: Program) -> Path:
    """A workspace with values that are not as wide as they are long."""
    run("create", "a", "--host", "sip.example.net", "--username", WIDE * 4, "--tag", "x")
    run("create", "b", "--host", "sip.example.net", "--username", ACCENTED, "--tag", "x")
    run("create", "c", "--host", "sip.example.net", "--username", "plain", "--tag", "x")
    return workspace


def test_columns_stand_under_each_other_whatever_is_in_them(wide: Path, terminal: Terminal) -> None:
    lines = terminal("list").text.splitlines()
    ends = {cell_len(line) - len("TAGS") for line in lines[:1]}
    assert ends | {cell_len(line) - len("x") for line in lines[1:]} == ends


def test_what_is_cut_is_cut_to_columns(wide: Path, terminal: Terminal) -> None:
    lines = terminal("list", columns=68).text.splitlines()
    assert max(map(cell_len, lines)) <= 68
    assert f"{WIDE * 2}電…" in lines[1] or f"{WIDE * 3}…" in lines[1], lines


def test_the_terminal_itself_may_be_said_to_be_wider(wide: Path, terminal: Terminal) -> None:
    assert WIDE * 4 not in terminal("list", columns=50).text
    assert WIDE * 4 in terminal("list", columns=50, env={"COLUMNS": "100"}).text


@given(st.text(st.sampled_from(f"ab é{WIDE}{ACCENTED}－→├…")), st.integers(1, 12))
def test_columns_are_counted_as_terminals_do(text: str, room: int) -> None:
    assert width(text) == cell_len(text)
    assert width(cut(text, room)) <= room
    assert (cut(text, room) == text) == (cell_len(text) <= room)
    assert text.startswith(beginning(text, room))
    assert width(padded(cut(text, room), room)) == room


@pytest.mark.parametrize("room", [40, 80])
def test_show_wraps_long_values_below_themselves(
    workspace: Path, run: Program, terminal: Terminal, room: int
) -> None:
    host = ".".join(["a" * 31] * 4)
    description = f"The main trunk of the office in {WIDE}, which is used by all others too."
    run("create", "a", "--host", host, "--description", description)
    lines = terminal("show", "a", columns=room).text.splitlines()
    values = [line[len("description  ") :] for line in lines]
    assert max(map(cell_len, lines)) <= room
    assert host in "".join(values)
    assert description in " ".join(values)
    assert not any("…" in line for line in lines)


@given(st.text(st.sampled_from(f"ab  é{WIDE}{ACCENTED}")), st.integers(2, 12))
def test_what_is_wrapped_loses_blanks_only(text: str, room: int) -> None:
    lines = wrapped(text, room)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")
    assert all(width(line) <= room for line in lines)


def test_a_long_value_is_wrapped_in_linear_time() -> None:
    assert steps(lambda: wrapped("a" * 100_000, 20)) < 15 * steps(lambda: wrapped("a" * 10_000, 20))


def test_a_long_reference_leaves_room_for_the_other_columns(
    workspace: Path, run: Program, terminal: Terminal
) -> None:
    run("create", "r" * 64, "--host", "sip.paris.example.net", "--username", "+33155000001")
    header, row = terminal("list").text.splitlines()
    reference, host, *rest = row.split("  ")
    assert rest == ["(5060)", "alaw,ulaw", "+3315500…"]
    assert len(reference) >= 20
    assert len(host) >= 16
    assert len(header) <= 80


@pytest.fixture
def centre(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The shipped example; the current folder."""
    folder = tmp_path / "contact-centre"
    shutil.copytree(ROOT / "examples" / "contact-centre", folder)
    monkeypatch.chdir(folder)
    return folder


@pytest.mark.parametrize("command", ["list", "search example or 192 or 2001"])
def test_references_and_hosts_are_whole_on_a_usual_terminal(
    centre: Path, run: Program, terminal: Terminal, command: str
) -> None:
    header, *lines = terminal(*command.split()).text.splitlines()
    known = run("list", "-o", "json").json["endpoints"]
    assert header.endswith(" TAGS")
    assert len(lines) == len(known) == 7
    for line, one in zip(lines, known, strict=True):
        port = f"{one['port']}" if "port" in one["given"] else f"({one['port']})"
        assert line.split()[:4] == [one["reference"], one["host"], port, ",".join(one["codecs"])]
        assert len(line) <= 80


def test_a_default_is_called_so_where_there_is_room(
    centre: Path, run: Program, terminal: Terminal
) -> None:
    shown = "192.0.2.10             5060 (default)  alaw,ulaw"
    assert shown in terminal("list", columns=120).text
    assert shown in run("list").out
    assert "192.0.2.10,5060," in run("list", "-o", "csv").out


def test_of_the_columns_that_give_way_the_first_does_so_first(
    centre: Path, terminal: Terminal
) -> None:
    text = terminal("list", columns=100).text
    assert "  +33155000001@ims.example.net  ims,paris…" in text
    assert "  +33155000…  ims,par…" in terminal("list").text
    uses = terminal("list", "--uses").text
    assert "  +3315…  ims,p…  0" in uses
    assert " sip.paris.examp…  " in uses


@given(st.lists(st.integers(1, 200), min_size=1, max_size=8), st.integers(20, 200))
def test_short_columns_are_whole_while_a_long_one_can_be_cut(widths: list[int], room: int) -> None:
    cells = ["x" * width for width in widths]
    [header, _] = columns(cells, [cells], room)
    shown = [len(cell) for cell in header[0].split()]
    least = [min(w, 20 if n == 0 else 14) for n, w in enumerate(widths)]
    if sum(w if w <= 14 else 20 for w in widths) + 2 * (len(widths) - 1) <= room:
        assert all(s == w for s, w in zip(shown, widths, strict=True) if w <= 14)
        assert shown[0] >= least[0]
    if 6 * len(widths) + 2 * (len(widths) - 1) <= room:
        assert len(header[0]) <= room + 1


def test_carets_stand_under_the_whole_of_a_wide_value(workspace: Path, run: Program) -> None:
    text = f"reference: a\nhost: sip.example.net\nx-{WIDE}: 1\nport: {WIDE}\n"
    (workspace / "endpoints" / "a.yaml").write_text(text)
    lines = run("validate", check=1).lines
    [at] = [number for number, line in enumerate(lines) if line == f"4 | port: {WIDE}"]
    assert lines[at + 1] == "  |       ^^^^"


# -- colours -------------------------------------------------------------------------------------

PIECES = [("+ pbx\n", "green"), ("plain ", ""), ("", "red"), ("dim", "dim"), ("\nno\n", "bold red")]


def test_colours_are_the_codes_that_rich_writes() -> None:
    file = io.StringIO()
    console = Console(file=file, force_terminal=True, color_system="standard", soft_wrap=True)
    console.print(Text.assemble(*PIECES), end="")
    assert "".join(colored(PIECES)) == file.getvalue()


@pytest.mark.parametrize("kind", ["dumb", None])
def test_a_terminal_that_knows_characters_only_gets_no_codes(
    wide: Path, terminal: Terminal, kind: str | None
) -> None:
    assert "\x1b" not in terminal("list", env={"TERM": kind}).raw
    assert "\x1b" in terminal("list", "--color=always", env={"TERM": kind}).raw


# -- cost ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", ["list", "search x", "show a", "tag list", "uses a"])
def test_nothing_of_rich_is_loaded_for_an_answer_on_a_terminal(wide: Path, command: str) -> None:
    program = (
        "import sys; from sipctl import main; print(main.run(sys.argv[1:]));"
        "print(*(name for name in sys.modules if name.partition('.')[0] == 'rich'))"
    )
    screen = on_terminal([sys.executable, "-c", program, *command.split()])
    assert "\x1b[1m" in screen.raw
    assert screen.text.endswith("0\n\n"), screen.text


def test_ten_times_the_rows_cost_ten_times_as_much() -> None:
    def cost(count: int) -> int:
        rows = [(f"pbx-{number}", "sip.example.net", WIDE) for number in range(count)]
        return steps(lambda: "".join(colored(columns(("A", "B", "C"), rows, 20))))

    assert cost(2000) < 12 * cost(200)
    assert cost(2000) < 2000 * 100
