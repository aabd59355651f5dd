"""`edit` in the user's editor and the questions of `create`, on a terminal."""

import re
import stat
from pathlib import Path

import pytest

from tests.conftest import Git, Program, Terminal
from tests.support import PROGRAM, Screen
from tests.writers import state, write_hook

A = "# the trunk\nreference: a\nhost: a.example.net\n"


@pytest.fixture
def endpoint(workspace: Path, git: Git) -> Path:
    """The file of a committed endpoint."""
    file = workspace / "endpoints/a.yaml"
    file.write_text(A)
    git("add", ".")
    git("commit", "--quiet", "--message=Add a")
    return file


def editor(tmp_path: Path, *rounds: str) -> dict[str, str]:
    """An environment with an editor that runs one script of the shell a time; the file is $1.

    After the last it changes nothing. What the file held each time is in `opened1`, `opened2`, ….
    """
    lines = ["#!/bin/sh", f"cd {tmp_path}", "n=$(($(cat count 2>/dev/null || echo 0) + 1))"]
    lines += ["echo $n >count", 'cp "$1" opened$n', "case $n in"]
    lines += [f"{n}) {script} ;;" for n, script in enumerate(rounds, 1)]
    program = tmp_path / "an editor"
    program.write_text("\n".join([*lines, "esac", ""]))
    program.chmod(0o755)
    return {"EDITOR": f"'{program}'"}


def kept_file(screen: Screen) -> Path:
    """The file that the screen says the typed text is kept in, after a look at its mode."""
    found = re.search(r"what you typed is kept in (.*)", screen.text)
    assert found, screen.text
    file = Path(found[1])
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    return file


def kept(workspace: Path) -> list[Path]:
    """All that is kept of what was typed."""
    return [*(workspace / ".git/sipctl/typed").iterdir()]


PORT = "echo 'port: 5070' >>\"$1\""
BAD = "echo 'port: 99999' >>\"$1\""


def test_what_the_editor_changed_is_committed(
    endpoint: Path, tmp_path: Path, terminal: Terminal, git: Git
) -> None:
    screen = terminal("edit", "a", env=editor(tmp_path, PORT))
    assert "port: 5060 (default) -> 5070" in screen.text
    assert endpoint.read_text() == A + "port: 5070\n"
    assert git("log", "-1", "--format=%s") == "Change port of a\n"
    assert git("status", "--porcelain") == ""
    assert not kept(endpoint.parent.parent)


def test_the_editor_is_the_one_that_git_would_open(
    endpoint: Path, tmp_path: Path, terminal: Terminal, git: Git
) -> None:
    git("config", "core.editor", editor(tmp_path, PORT)["EDITOR"])
    terminal("edit", "a", "-m", "By the set-up", env={"EDITOR": "false", "VISUAL": "false"})
    assert git("log", "-1", "--format=%s") == "By the set-up\n"


def test_a_comment_alone_is_a_change(
    endpoint: Path, tmp_path: Path, terminal: Terminal, git: Git
) -> None:
    terminal("edit", "a", env=editor(tmp_path, "echo '# more' >>\"$1\""))
    assert git("log", "-1", "--format=%s") == "Reformat a\n"


@pytest.mark.parametrize(
    ("script", "status", "words"),
    [
        (":", 0, "nothing was changed"),
        (': >"$1"', 3, "came back empty"),
        ('echo >"$1"', 3, "came back empty"),
        ('rm "$1"', 3, "came back empty"),
    ],
)
def test_an_unchanged_or_empty_file_changes_nothing(
    script: str, status: int, words: str, endpoint: Path, tmp_path: Path, terminal: Terminal
) -> None:
    before = state(endpoint.parent.parent)
    screen = terminal("edit", "a", env=editor(tmp_path, script), check=status)
    assert words in screen.text
    assert state(endpoint.parent.parent) == before
    assert not kept(endpoint.parent.parent)


def test_what_is_refused_is_edited_again_as_it_was_typed(
    endpoint: Path, tmp_path: Path, terminal: Terminal, git: Git
) -> None:
    mend = 'sed s/99999/5071/ opened2 >"$1"'
    screen = terminal("edit", "a", env=editor(tmp_path, BAD, mend), answers=["y"])
    assert "SIP206" in screen.text
    assert (tmp_path / "opened2").read_text() == A + "port: 99999\n"  # no finding written into it
    assert endpoint.read_text() == A + "port: 5071\n"
    assert git("log", "-1", "--format=%s") == "Change port of a\n"


@pytest.mark.parametrize("answer", ["n", "", "\x03", "\x04"])
def test_what_is_refused_for_good_is_kept(
    answer: str, endpoint: Path, tmp_path: Path, terminal: Terminal
) -> None:
    before = state(endpoint.parent.parent)
    status = 130 if answer in ("\x03", "\x04") else 3
    screen = terminal("edit", "a", env=editor(tmp_path, BAD), answers=[answer], check=status)
    assert kept_file(screen).read_text() == A + "port: 99999\n"
    assert state(endpoint.parent.parent) == before


def test_what_is_typed_is_kept_whole_whatever_it_is(
    endpoint: Path, workspace: Path, tmp_path: Path, terminal: Terminal, git: Git
) -> None:
    typed = b"reference: a\nhost: [\nx-ticket: NET-1\nno key\r\npassword: s3cret\n\xff\xfe"
    (tmp_path / "typed").write_bytes(typed)
    # as an editor that writes a new file, and one that leaves a copy
    script = f'cp {tmp_path}/typed "$1.new"; chmod 644 "$1.new"; mv "$1.new" "$1"; cp "$1" "$1~"'
    screen = terminal("edit", "a", env=editor(tmp_path, script), answers=["n"], check=3)
    file = kept_file(screen)
    assert file.read_bytes() == typed
    assert "s3cret" not in screen.text
    assert file.is_relative_to(workspace / ".git/sipctl/typed")
    assert [*file.parent.iterdir()] == [file]
    assert git("status", "--porcelain", "--untracked-files=all") == ""


def test_what_is_typed_of_a_scenario_is_kept_whole_too(
    workspace: Path, run: Program, tmp_path: Path, terminal: Terminal
) -> None:
    run("scenario", "create", "day")
    script = "printf 'password: s3cret: [\\n' >>\"$1\""
    env = editor(tmp_path, script)
    screen = terminal("scenario", "edit", "day", env=env, answers=["n"], check=3)
    assert kept_file(screen).read_text().endswith("password: s3cret: [\n")
    assert "s3cret" not in screen.text


def test_with_yes_it_is_opened_again_once(
    endpoint: Path, tmp_path: Path, terminal: Terminal
) -> None:
    screen = terminal("edit", "a", "--yes", env=editor(tmp_path, BAD), check=3)
    assert "as it was refused" in screen.text
    assert kept_file(screen).read_text() == A + "port: 99999\n"


def test_a_file_that_changed_meanwhile_is_refused_and_the_text_kept(
    endpoint: Path, tmp_path: Path, terminal: Terminal
) -> None:
    script = f"{PORT}; echo 'port: 5090' >>{endpoint}"
    screen = terminal("edit", "a", env=editor(tmp_path, script), check=3)
    assert "has changed while it was edited" in screen.text
    assert kept_file(screen).read_text() == A + "port: 5070\n"
    assert endpoint.read_text() == A + "port: 5090\n"


@pytest.mark.parametrize("script", ["exit 1", "kill $$"])
def test_an_editor_that_fails_loses_nothing(
    script: str, endpoint: Path, tmp_path: Path, terminal: Terminal
) -> None:
    screen = terminal("edit", "a", env=editor(tmp_path, f"{PORT}; {script}"), check=3)
    assert "the editor" in screen.text
    assert kept_file(screen).read_text() == A + "port: 5070\n"
    assert endpoint.read_text() == A


def test_a_hook_that_refuses_loses_nothing(
    endpoint: Path, tmp_path: Path, terminal: Terminal
) -> None:
    write_hook(endpoint.parent.parent, "pre-commit", "echo no, says the hook; exit 1")
    screen = terminal("edit", "a", env=editor(tmp_path, PORT), check=3)
    assert "no, says the hook" in screen.text
    assert kept_file(screen).read_text() == A + "port: 5070\n"
    assert endpoint.read_text() == A


def test_a_dry_run_shows_the_diff_and_loses_nothing(
    endpoint: Path, tmp_path: Path, terminal: Terminal
) -> None:
    screen = terminal("edit", "a", "-n", env=editor(tmp_path, PORT))
    assert "+port: 5070" in screen.text
    assert kept_file(screen).read_text() == A + "port: 5070\n"
    assert endpoint.read_text() == A


DIE = "kill -9 $(ps -o ppid= $PPID)"
"""Ends the sipctl that started the editor, so that it can do nothing about it."""


def test_what_was_typed_when_the_process_was_killed_is_told_once(
    endpoint: Path, tmp_path: Path, terminal: Terminal, run: Program
) -> None:
    script = f'{PORT}; cp "$1" "$1~"; cp "$1" "$(dirname "$1")/.a.yaml.swp"; {DIE}'
    terminal("edit", "a", env=editor(tmp_path, script), check=-9)
    workspace = endpoint.parent.parent
    (folder,) = kept(workspace)
    assert "what you typed" not in run("list").err
    told = run("edit", "a", "--realm", "r").err
    assert f"what you typed is kept in {folder}/a.yaml\n" in told
    assert [file.name for file in folder.iterdir()] == ["a.yaml"]
    assert (folder / "a.yaml").read_text() == A + "port: 5070\n"
    assert "what you typed" not in run("edit", "a", "--realm", "s").err
    assert kept(workspace) == [folder]


@pytest.mark.parametrize("script", [":", f'{PORT}; cp "$1" endpoint', ': >"$1"'])
def test_what_a_killed_process_left_of_a_file_that_is_known_goes(
    script: str, endpoint: Path, tmp_path: Path, terminal: Terminal, run: Program
) -> None:
    terminal("edit", "a", env=editor(tmp_path, f"{script}; {DIE}"), check=-9)
    if "endpoint" in script:
        endpoint.write_text((tmp_path / "endpoint").read_text())
    else:  # what is on disk is another one by now, and HEAD holds what was opened
        endpoint.write_text(A + "realm: r\n")
    assert "what you typed" not in run("create", "b", "--host", "b.example.net").err
    assert kept(endpoint.parent.parent) == []


def test_what_is_being_typed_by_another_is_left_alone(
    endpoint: Path, tmp_path: Path, terminal: Terminal
) -> None:
    script = f'cp "$1" "$1~"; cd {endpoint.parent}; {PROGRAM} create b --host b.example.net 2>&1'
    script += f'; ls -A "$(dirname "$1")"; {PORT}'
    screen = terminal("edit", "a", env=editor(tmp_path, script))
    assert "what you typed" not in screen.text
    assert "a.yaml~" in screen.text
    assert endpoint.read_text() == A + "port: 5070\n"


def test_ctrl_c_is_the_editors(endpoint: Path, tmp_path: Path, terminal: Terminal) -> None:
    script = f"trap : INT; printf 'type: '; sleep 5 & wait; {PORT}"
    terminal("edit", "a", env=editor(tmp_path, script), answers=["\x03"])
    assert endpoint.read_text() == A + "port: 5070\n"


def test_a_file_that_cannot_be_read_is_mended_in_the_editor(
    endpoint: Path, tmp_path: Path, terminal: Terminal, git: Git
) -> None:
    endpoint.write_text("reference: [\n")
    git("commit", "--quiet", "--all", "--message=Break a")
    endpoint.write_text("reference: [\n")
    terminal("edit", "a", env=editor(tmp_path, f"printf '{A}' >\"$1\"".replace("\n", "\\n")))
    assert endpoint.read_text() == A
    assert git("log", "-1", "--format=%s") == "Change a\n"


def test_an_uncommitted_file_is_refused_before_anything_is_typed(
    endpoint: Path, tmp_path: Path, terminal: Terminal
) -> None:
    endpoint.write_text(A + "port: 5090\n")
    assert "sipctl save a" in terminal("edit", "a", env=editor(tmp_path, PORT), check=3).text
    assert not (tmp_path / "count").exists()
    terminal("edit", "a", "--no-commit", env=editor(tmp_path, 'sed s/5090/5091/ opened1 >"$1"'))
    assert endpoint.read_text() == A + "port: 5091\n"


def test_without_a_terminal_no_editor_is_opened(
    endpoint: Path, tmp_path: Path, sipctl: Program, terminal: Terminal
) -> None:
    env = editor(tmp_path, PORT)
    assert "nothing to change" in sipctl("edit", "a", env=env, check=2).err
    terminal("edit", "a", "--no-input", env=env, check=2)
    assert not (tmp_path / "count").exists()


# -- the form ------------------------------------------------------------------------------------


def test_create_asks_field_by_field_as_the_form_does(
    workspace: Path, terminal: Terminal, git: Git
) -> None:
    answers = ["pbx", "sip.example.net", "5070", "alaw and ulaw", "+33155", "PBX_PASSWORD", "r"]
    screen = terminal("create", answers=answers)
    questions = ("Reference", "SIP endpoint", "Port", "Codec", "User name", "password", "Realm")
    places = [screen.text.index(question) for question in questions]
    assert places == sorted(places)
    assert (workspace / "endpoints/pbx.yaml").read_text() == (
        "reference: pbx\nhost: sip.example.net\nport: 5070\ncodecs: [alaw, ulaw]\n"
        'username: "+33155"\npassword: {env: PBX_PASSWORD}\nrealm: r\n'
    )
    assert git("log", "-1", "--format=%s") == "Create pbx\n"


def test_create_asks_for_what_is_missing_only(workspace: Path, terminal: Terminal) -> None:
    line = ["create", "pbx", "--port", "5070", "--codec", "alaw"]
    screen = terminal(*line, answers=["sip.example.net", "", ""])
    assert "Reference" not in screen.text
    assert "Port" not in screen.text
    text = "reference: pbx\nhost: sip.example.net\nport: 5070\ncodecs: [alaw]\n"
    assert (workspace / "endpoints/pbx.yaml").read_text() == text


def test_create_asks_nothing_when_nothing_is_missing(workspace: Path, terminal: Terminal) -> None:
    terminal("create", "pbx", "--host", "sip.example.net")


def test_a_bad_answer_is_asked_again(workspace: Path, run: Program, terminal: Terminal) -> None:
    run("create", "taken", "--host", "a.example.net")
    references = ["", "a b", "TAKEN", "pbx"]
    hosts = ["", "no_host", "127.1", "bücher.example"]
    ports = ["many", "0", "70000", "5070"]
    codecs = ["opus", "ulaw"]
    screen = terminal("create", answers=[*references, *hosts, *ports, *codecs, "", ""])
    for words in ("required", '"a b"', "exists already", "no_host", "127.1", '"many"', "opus"):
        assert words in screen.text
    assert (workspace / "endpoints/pbx.yaml").read_text() == (
        "reference: pbx\nhost: xn--bcher-kva.example\nport: 5070\ncodecs: [ulaw]\n"
    )


@pytest.mark.parametrize("answer", ["\x03", "\x04"])
def test_a_form_that_is_left_changes_nothing(
    answer: str, workspace: Path, terminal: Terminal
) -> None:
    before = state(workspace)
    terminal("create", "pbx", answers=["sip.example.net", answer], check=130)
    assert state(workspace) == before


def test_without_a_terminal_create_never_asks(
    workspace: Path, sipctl: Program, terminal: Terminal
) -> None:
    for line in (["create"], ["create", "pbx"], ["create", "--host", "sip.example.net"]):
        assert "missing" in sipctl(*line, check=2).err
    terminal("create", "pbx", env={"SIPCTL_NO_INPUT": "1"}, check=2)
    assert not list((workspace / "endpoints").iterdir())
