"""Long answers go through the user's pager, as Git's do: which, when, and how it ends."""

import os
import shutil
import sys
from pathlib import Path

import pytest

from tests import everything
from tests.conftest import Git, Program, Terminal
from tests.everything import READING
from tests.support import Environment, needed, on_terminal

HEADER = "REFERENCE"


@pytest.fixture
def seen(tmp_path: Path) -> Path:
    """The folder of what the pager `./paging` was shown: `text`, and `settings` of less and lv."""
    folder = tmp_path / "seen"
    folder.mkdir()
    pager(folder, "paging", 'cat >text; echo "$LESS $LV" >settings; echo paged')
    return folder


def pager(folder: Path, name: str, script: str) -> str:
    """A pager made of a shell's script that runs in the folder; its path."""
    file = folder / name
    file.write_text(f"#!/bin/sh\ncd {folder}\n{script}\n")
    file.chmod(0o755)
    return str(file)


def by(seen: Path, name: str = "paging") -> Environment:
    return {"SIPCTL_PAGER": f"{seen}/{name}"}


@pytest.fixture
def pair(workspace: Path, run: Program) -> Path:
    """A workspace with two endpoints."""
    run("create", "a", "--host", "a.example.net", "--tag", ",".join(f"t{n}" for n in range(20)))
    run("create", "b", "--host", "b.example.net")
    return workspace


@pytest.fixture
def many(workspace: Path, git: Git) -> Path:
    """A workspace whose list is longer than what a pipe holds."""
    for number in range(1500):
        text = f"reference: pbx-{number:04}\nhost: sip.example.net\ndescription: {'d' * 40}\n"
        (workspace / "endpoints" / f"pbx-{number:04}.yaml").write_text(text)
    git("add", "endpoints")
    git("commit", "--quiet", "--message=Many")
    return workspace


# -- what it gets --------------------------------------------------------------------------------


def test_it_is_shown_what_the_terminal_would_be(pair: Path, terminal: Terminal, seen: Path) -> None:
    plain = terminal("list", columns=60)
    paged = terminal("list", columns=60, env=by(seen))
    assert paged.text == "paged\n"
    assert (seen / "text").read_text() == plain.raw.replace("\r\n", "\n")
    assert "\x1b[1m" in plain.raw
    assert "…" in plain.raw


def test_what_only_reads_and_may_be_long_is_paged(rich: Path, seen: Path) -> None:
    pager(seen, "noting", "cat >/dev/null; echo x >>times")
    program = f"""if True:
        import os, pathlib, sys
        from sipctl import main
        times = pathlib.Path({str(seen / "times")!r})
        for command, line in eval(sys.argv[1]):
            times.write_text("")
            main.run(line)
            if times.read_text() == "x\\n":
                print("paged:", command, flush=True)
    """
    lines = [(command, everything.words(command, READING[command][0])) for command in READING]
    screen = on_terminal([sys.executable, "-c", program, repr(lines)], env=by(seen, "noting"))
    told = {line.partition(": ")[2] for line in screen.text.splitlines() if "paged: " in line}
    assert told == READING.keys() - NEVER


NEVER = {"secret check", "secret reveal", "validate", "fmt", "export", "schema", "completion"}
"""What checks, and may do so within a hook; passwords; texts for programs."""


def test_what_writes_or_asks_is_not_paged(pair: Path, terminal: Terminal, seen: Path) -> None:
    for line in ("edit a --port 5070 --dry-run", "edit a --port 5070", "delete a"):
        assert "paged" not in terminal(*line.split(), env=by(seen)).text
    assert (
        "paged"
        not in terminal("create", answers=["x", "h.example.net", "", "", "", ""], env=by(seen)).text
    )


UNTAKEN = "scenario trace support --at 2026-11-22T10:00 --take paris=processed"
WORDS = '"paris=processed" was not taken: the call does not come there'


def test_words_come_where_they_belong(rich: Path, terminal: Terminal, seen: Path) -> None:
    assert terminal(*UNTAKEN.split(), env=by(seen)).text.endswith("\npaged\n")
    *answer, words = (seen / "text").read_text().splitlines()
    assert words == f"sipctl: {WORDS}"
    assert answer


def test_words_to_a_file_stay_out_of_it(rich: Path, seen: Path) -> None:
    on_terminal(["sh", "-c", f"sipctl {UNTAKEN} 2>{seen}/words"], env=by(seen))
    assert WORDS in (seen / "words").read_text()
    assert WORDS not in (seen / "text").read_text()


def test_an_error_is_shown_without_it(pair: Path, terminal: Terminal, seen: Path) -> None:
    assert '"nobody"' in terminal("show", "nobody", env=by(seen), check=3).text
    assert not (seen / "text").exists()


def test_no_secret_key_is_handed_to_it(pair: Path, terminal: Terminal, seen: Path) -> None:
    pager(seen, "env", "cat >/dev/null; env >variables")
    terminal("list", env=by(seen, "env"))
    assert "SIPCTL_IDENTITY=" not in (seen / "variables").read_text()


# -- which ---------------------------------------------------------------------------------------


def test_a_pipe_is_no_terminal(pair: Path, sipctl: Program, seen: Path) -> None:
    assert HEADER in sipctl("list", env=by(seen)).out
    assert not (seen / "text").exists()


@pytest.mark.parametrize("kind", ["dumb", None])
def test_a_terminal_that_only_prints_has_none(
    kind: str | None, pair: Path, terminal: Terminal, seen: Path
) -> None:
    assert HEADER in terminal("list", env={**by(seen), "TERM": kind}).text


@pytest.mark.parametrize("words", [("--no-pager", "list"), ("list", "--no-pager"), ("list",)])
def test_nobody_needs_to_have_one(
    words: tuple[str, ...], pair: Path, terminal: Terminal, seen: Path
) -> None:
    env = by(seen) if len(words) > 1 else {**by(seen), "SIPCTL_NO_PAGER": "1"}
    assert HEADER in terminal(*words, env=env).text
    assert not (seen / "text").exists()


@pytest.mark.parametrize("command", ["", "cat", " cat ", "there-is-none-such", "./none -R"])
def test_none_and_a_missing_one_show_the_answer_as_it_is(
    command: str, pair: Path, terminal: Terminal
) -> None:
    screen = terminal("list", env={"SIPCTL_PAGER": command})
    assert screen.raw == terminal("list", "--no-pager").raw


def test_it_is_chosen_as_git_chooses_it(
    pair: Path, terminal: Terminal, git: Git, tmp_path: Path
) -> None:
    variables: dict[str, str | None] = {}

    def chosen() -> str:
        return terminal("-C", pair, "list", env=variables, cwd=tmp_path).text

    def named(name: str) -> str:
        return pager(tmp_path, name, f"cat >/dev/null; echo by {name}")

    variables["PAGER"] = named("variable")
    assert chosen() == "by variable\n"
    git("config", "core.pager", named("setting"))
    assert chosen() == "by setting\n"
    variables["GIT_PAGER"] = named("git")
    assert chosen() == "by git\n"
    variables["SIPCTL_PAGER"] = f"LESS=R {named('own')} -x"
    assert chosen() == "by own\n"


def test_without_any_choice_it_is_the_default_of_git(
    pair: Path, terminal: Terminal, git: Git, tmp_path: Path
) -> None:
    default = git("var", "GIT_PAGER", env={"PAGER": None}).strip()  # less; on Debian, pager
    pager(tmp_path, default, "cat >/dev/null; echo by default")
    path = f"{tmp_path}{os.pathsep}{os.environ['PATH']}"
    assert terminal("list", env={"PAGER": None, "PATH": path}).text == "by default\n"


def test_without_git_the_variable_counts(pair: Path, terminal: Terminal, seen: Path) -> None:
    folder = seen / "bin"
    folder.mkdir()
    for name in ("cat", "sh"):
        (folder / name).symlink_to(shutil.which(name) or "")
    env = {"PAGER": f"{seen}/paging", "PATH": str(folder)}
    assert terminal("list", env=env).text == "paged\n"


def test_less_and_lv_are_told_what_git_tells_them(
    pair: Path, terminal: Terminal, seen: Path
) -> None:
    terminal("list", env=by(seen))
    assert (seen / "settings").read_text() == "FRX -c\n"
    terminal("list", env={**by(seen), "LESS": "S", "LV": ""})
    assert (seen / "settings").read_text() == "S \n"


# -- the end -------------------------------------------------------------------------------------


def test_the_status_is_that_of_the_command(own: Path, terminal: Terminal, seen: Path) -> None:
    terminal("diff", "HEAD~10", "HEAD", "--exit-code", env=by(seen), check=4)
    terminal("plan", "HEAD~4", "--exit-code", env=by(seen), check=4)
    line = "scenario trace support --at 2026-11-22T10:00 --expect pbx-paris"
    terminal(*line.split(), env=by(seen), check=1)
    pager(seen, "failing", "cat >/dev/null; exit 5")
    terminal("list", env=by(seen, "failing"))


def test_who_has_read_enough_may_leave(many: Path, terminal: Terminal, seen: Path) -> None:
    pager(seen, "leaving", "head -n 1")
    for line, status in (
        ("list", 0),
        ("history", 0),
        ("list -o json", 0),
        ("list -o name", 0),
        ("diff HEAD~1 HEAD --exit-code", 4),
    ):
        screen = terminal(*line.split(), env=by(seen, "leaving"), check=status)
        assert len(screen.text.splitlines()) == 1, screen.text


def test_less_is_left_by_its_key(many: Path, terminal: Terminal) -> None:
    needed("less", "less")
    screen = terminal("list", env={"SIPCTL_PAGER": "less"}, answers=["q"])
    assert HEADER in screen.text
    assert "pbx-0010" in screen.text
    assert "pbx-1400" not in screen.text


def test_less_ends_by_itself_where_all_can_be_seen(pair: Path, terminal: Terminal) -> None:
    needed("less", "less")
    screen = terminal("list", env={"SIPCTL_PAGER": "less"})
    assert terminal("list", "--no-pager").text in screen.text


WAITING = "trap : INT; printf 'reading '; sleep 60; cat >text; echo done"


def test_an_interrupt_is_for_the_pager(pair: Path, terminal: Terminal, seen: Path) -> None:
    pager(seen, "waiting", WAITING)
    screen = terminal("list", env=by(seen, "waiting"), answers=["\x03"])
    assert screen.text.endswith("done\n")
    assert HEADER in (seen / "text").read_text()


def test_an_interrupt_ends_what_is_still_at_work(
    many: Path, terminal: Terminal, seen: Path
) -> None:
    pager(seen, "waiting", WAITING)
    screen = terminal("list", env=by(seen, "waiting"), answers=["\x03"], check=130)
    assert screen.text.endswith("done\n")
    assert HEADER in (seen / "text").read_text()
