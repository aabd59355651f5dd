"""What a user meets first: the first endpoint, its first changes, and the ways of every command."""

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from sipctl.commands import COMMANDS, Entry
from tests import keys
from tests.conftest import Git, Program, Terminal
from tests.support import execute

CREATE = [
    *("create", "pbx-paris", "--host", "sip.paris.example.net", "--codec", "alaw,ulaw"),
    *("--username", "+33155000001", "--realm", "paris.example.net", "--tag", "paris"),
]

PARIS = """\
reference: pbx-paris
host: sip.paris.example.net
codecs: [alaw, ulaw]
username: "+33155000001"
realm: paris.example.net
tags: [paris]
"""


@pytest.fixture
def paris(workspace: Path, run: Program) -> Path:
    """The file of an endpoint in a workspace, which is the current folder."""
    run(*CREATE)
    return workspace / "endpoints" / "pbx-paris.yaml"


@pytest.fixture
def broken(paris: Path) -> Path:
    """A file that cannot be read, beside one that can; the current folder is the workspace."""
    file = paris.with_name("pbx-lyon.yaml")
    file.write_text("reference: pbx-lyon\nhost: [sip.lyon\n")
    return file


def commits(git: Git) -> int:
    return int(git("rev-list", "--count", "HEAD"))


# -- creating ------------------------------------------------------------------------------------


def test_create_is_one_commit_of_one_file_that_holds_what_was_given(
    workspace: Path, sipctl: Program, git: Git
) -> None:
    before = commits(git)
    sipctl(*CREATE)
    assert commits(git) == before + 1
    assert git("show", "--format=", "--name-status") == "A\tendpoints/pbx-paris.yaml\n"
    assert (workspace / "endpoints" / "pbx-paris.yaml").read_text() == PARIS
    assert git("status", "--porcelain") == ""


def test_create_without_a_host_and_without_a_terminal_is_wrong_usage(
    workspace: Path, sipctl: Program, git: Git
) -> None:
    result = sipctl("create", "pbx-paris", check=2)
    assert "--host" in result.err
    assert result.out == ""
    assert git("status", "--porcelain") == ""


@pytest.mark.parametrize("reference", ["pbx-paris", "PBX-Paris"])
def test_create_of_a_reference_that_exists_in_any_case_is_refused(
    reference: str, paris: Path, sipctl: Program, git: Git
) -> None:
    before = commits(git)
    result = sipctl("create", reference, "--host", "sip.example.net", check=3)
    assert f'"{reference}"' in result.err
    assert commits(git) == before
    assert paris.read_text() == PARIS


def test_rename_may_change_nothing_but_the_case(workspace: Path, run: Program, git: Git) -> None:
    run("create", "pbx", "--host", "sip.example.net")
    run("rename", "pbx", "PBX")
    assert git("ls-files", "endpoints") == "endpoints/PBX.yaml\n"
    assert run("list", "-o", "name").lines == ["PBX"]
    assert git("status", "--porcelain") == ""


def test_create_asks_on_a_terminal_for_what_the_form_asks(
    workspace: Path, terminal: Terminal
) -> None:
    answers = ["pbx-nice", "sip_nice", "sip.nice.example.net", "5070", "", "", ""]
    screen = terminal("create", answers=answers)
    assert "Reference" in screen.text
    assert '"_" is not allowed in a host name' in screen.text
    text = (workspace / "endpoints" / "pbx-nice.yaml").read_text()
    assert text == "reference: pbx-nice\nhost: sip.nice.example.net\nport: 5070\n"


@pytest.mark.parametrize("more", ["", "--host h.example.net --password-stdin"])
def test_create_asks_nothing_about_what_exists_already(
    more: str, workspace: Path, run: Program, terminal: Terminal
) -> None:
    run("create", "pbx-nice", "--host", "sip.nice.example.net")
    if more:
        (workspace / "sipctl.yaml").write_text(keys.SETTINGS)
    screen = terminal("create", "pbx-nice", *more.split(), check=3)
    assert 'the endpoint "pbx-nice" exists already' in screen.text


# -- changing, and looking back ------------------------------------------------------------------


def test_edit_changes_one_line_and_the_same_edit_again_makes_no_commit(
    paris: Path, sipctl: Program, git: Git
) -> None:
    sipctl("edit", "pbx-paris", "--port", "5060")
    before = commits(git)
    sipctl("edit", "pbx-paris", "--port", "5061")
    assert git("show", "--format=", "--numstat") == "1\t1\tendpoints/pbx-paris.yaml\n"
    sipctl("edit", "pbx-paris", "--port", "5061")
    assert commits(git) == before + 1


def test_history_tells_a_changed_port_with_author_time_and_commit(
    paris: Path, sipctl: Program, git: Git
) -> None:
    sipctl("edit", "pbx-paris", "--port", "5061")
    entry = sipctl("history", "pbx-paris", "-o", "json").json["history"][0]
    oid, time, name, mail = git("log", "-1", "--format=%H|%aI|%an|%ae").strip().split("|")
    assert (entry["commit"], entry["author"]) == (oid, {"name": name, "email": mail})
    assert entry["time"].replace("Z", "+00:00") == time.replace("Z", "+00:00")
    (change,) = entry["changes"]
    assert (change["kind"], change["reference"]) == ("changed", "pbx-paris")
    (field,) = change["fields"]
    assert (field["field"], field["old"], field["new"]) == ("port", 5060, 5061)
    assert (field["old_given"], field["new_given"]) == (False, True)


# -- queries that find nothing, or mean something else -------------------------------------------


@pytest.mark.parametrize(
    "command", ["search nothing", "list --where nothing", "export csv --where nothing"]
)
def test_a_terminal_is_told_that_no_endpoint_matches(
    command: str, paris: Path, terminal: Terminal, run: Program
) -> None:
    assert "sipctl: no endpoint matches" in terminal(*command.split()).text
    assert run(*command.split()).err == ""


def test_a_list_of_nothing_is_told_as_that(workspace: Path, terminal: Terminal) -> None:
    assert "sipctl: there is no endpoint\n" in terminal("list").text


@pytest.mark.parametrize("command", ["search", "list --where", "tag add x --where"])
def test_a_comparison_of_another_language_is_told_how_to_write(
    command: str, paris: Path, run: Program
) -> None:
    told = run(*command.split(), "port=5060").err
    assert '"port=5060" is looked for as text; a comparison is written port:5060\n' in told
    assert "looked for" not in run(*command.split(), "port:5060").err


@pytest.mark.parametrize("line", ["list tag:live", "export csv tag:live", "history a tag:live"])
def test_a_query_in_the_wrong_place_is_told_the_right_ones(line: str, run: Program) -> None:
    told = run(*line.split(), check=2).err
    assert told.startswith("sipctl: too many arguments\nhint: ")
    assert "`sipctl search QUERY`" in told
    assert "--where QUERY" in told
    assert "live" not in told
    assert "search" not in run("show", "a", "b", check=2).err


# -- a broken file -------------------------------------------------------------------------------


def test_list_shows_the_rest_and_tells_of_a_file_that_cannot_be_read(
    broken: Path, sipctl: Program
) -> None:
    result = sipctl("list")
    assert [line.split()[0] for line in result.lines] == ["REFERENCE", "pbx-paris"]
    assert "1 file could not be read: endpoints/pbx-lyon.yaml" in result.err
    document = sipctl("list", "-o", "json").json
    assert [endpoint["reference"] for endpoint in document["endpoints"]] == ["pbx-paris"]
    assert document["unreadable"] == ["endpoints/pbx-lyon.yaml"]


def test_a_broken_file_hinders_no_change_of_the_others(
    broken: Path, run: Program, git: Git
) -> None:
    text = broken.read_text()
    run("edit", "pbx-paris", "--port", "5061")
    run("create", "pbx-nice", "--host", "sip.nice.example.net")
    run("tag", "add", "pbx-nice", "nice")
    run("delete", "pbx-nice")
    assert broken.read_text() == text
    assert git("status", "--porcelain") == "?? endpoints/pbx-lyon.yaml\n"


def test_a_broken_file_is_found_by_validate_at_its_place(broken: Path, run: Program) -> None:
    result = run("validate", check=1)
    assert "  --> endpoints/pbx-lyon.yaml:" in result.out


# -- terminals, pipes, colours, locales ----------------------------------------------------------


def test_list_is_readable_on_a_terminal_of_80_columns(
    workspace: Path, terminal: Terminal, run: Program
) -> None:
    host = f"{'sip.' * 20}example.net"
    tags = ",".join(f"tag-{number}" for number in range(20))
    run("create", "carrier-north-backup", "--host", host, "--username", "u" * 60, "--tag", tags)
    run(*CREATE)
    header, *rows = terminal("list").text.splitlines()
    assert re.split(r"  +", header) == [
        "REFERENCE",
        "ENDPOINT",
        "PORT",
        "CODEC",
        "USER NAME",
        "TAGS",
    ]
    assert [row.split()[0] for row in rows] == ["carrier-north-backup", "pbx-paris"]
    assert max(len(line) for line in (header, *rows)) <= 80


def test_a_pipe_gets_whole_values(workspace: Path, run: Program) -> None:
    host = f"{'sip.' * 20}example.net"
    run("create", "pbx", "--host", host)
    assert host in run("list").out


def test_a_closed_pipe_is_quiet(workspace: Path, git: Git) -> None:
    for number in range(150):  # more than a pipe holds
        text = f"reference: pbx-{number}\nhost: sip.example.net\ndescription: {'long ' * 190}\n"
        (workspace / "endpoints" / f"pbx-{number}.yaml").write_text(text)
    git("add", "endpoints")
    git("commit", "--quiet", "--message=Many")
    for command in ("list -o json", "export csv", "history"):
        script = f"sipctl {command} | head -1; echo ${{PIPESTATUS[0]}}"
        result = execute(["bash", "-c", script])
        assert result.err == ""
        assert len(result.lines) == 2
        assert result.lines[-1] == "0"


@pytest.mark.parametrize("name", ["NO_CACHE", "NO_INPUT", "NO_PAGER", "YES"])
def test_a_variable_that_is_neither_yes_nor_no_is_told_with_its_cure(
    paris: Path, run: Program, name: str
) -> None:
    result = run("list", env={f"SIPCTL_{name}": "may\x1bbe"}, check=2)
    assert result.out == ""
    assert result.err == (
        f'sipctl: SIPCTL_{name} is "may\\x1bbe", neither yes nor no\n'
        f"hint: set it to 1 or to 0, or take it away: `unset SIPCTL_{name}`\n"
    )
    for value in ("1", "0", "yes", "No", ""):
        assert run("list", env={f"SIPCTL_{name}": value}).err == ""


def test_a_command_that_is_not_known_is_told_in_double_quotes(run: Program) -> None:
    assert run("lst", check=2).err.startswith('sipctl: no such command "lst"')


@pytest.mark.parametrize("word", ["-tag:y", "-x"])
def test_a_word_of_search_that_is_taken_for_an_option_is_told_with_a_way_to_say_not(
    word: str, workspace: Path, run: Program
) -> None:
    assert run("search", word, check=2).err == (
        f"sipctl: no such option: {word[:2]}\n"
        "hint: for what does not match write `not tag:paris`, or put `--` before `-tag:paris`\n"
    )
    assert "not tag" not in run("search", "--bogus", check=2).err
    assert "not tag" not in run("list", word, check=2).err
    run("create", "a", "--host", "a.example.net", "--tag", "y")
    run("create", "b", "--host", "b.example.net")
    for words in (("not", "tag:y"), ("--", "-tag:y")):
        assert run("search", "-o", "name", *words).lines == ["b"]


def test_only_a_terminal_gets_colours(paris: Path, terminal: Terminal, sipctl: Program) -> None:
    assert "\x1b[" in terminal("list").raw
    assert "\x1b" not in sipctl("list").out


def test_no_color_and_force_color_are_heeded(
    paris: Path, terminal: Terminal, sipctl: Program, run: Program
) -> None:
    assert "\x1b[" not in terminal("list", env={"NO_COLOR": "1"}).raw
    assert "\x1b[" in sipctl("list", env={"FORCE_COLOR": "1"}).out
    assert "\x1b[" in run("list", "--color", "always").out
    assert "\x1b[" in run("list", env={"SIPCTL_COLOR": "always", "NO_COLOR": "1"}).out
    assert "\x1b[" not in run("--color=never", "list", env={"FORCE_COLOR": "1"}).out


def test_reading_files_needs_no_git(broken: Path, sipctl: Program, tmp_path: Path) -> None:
    nothing = {"PATH": str(tmp_path)}
    assert sipctl("list", "-o", "name", env=nothing).lines == ["pbx-paris"]
    assert "1 error" in sipctl("validate", env=nothing, check=1).err
    assert "git is not installed" in sipctl("history", env=nothing, check=3).err


def test_a_home_folder_is_not_needed(workspace: Path, sipctl: Program) -> None:
    env: dict[str, str | None] = {
        **dict.fromkeys(("HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME", "GIT_CONFIG_GLOBAL")),
        "GIT_AUTHOR_NAME": "A",
        "GIT_AUTHOR_EMAIL": "a@example.net",
        "GIT_COMMITTER_NAME": "A",
        "GIT_COMMITTER_EMAIL": "a@example.net",
    }
    sipctl(*CREATE, env=env)
    assert len(sipctl("history", "-o", "json", env=env).json["history"]) == 1


@pytest.mark.parametrize(
    "locale",
    [{"LANG": "C"}, {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}],
    ids=["C", "ASCII"],
)
def test_letters_beyond_ascii_end_no_command_in_the_locale_c(
    locale: dict[str, str], workspace: Path, sipctl: Program, run: Program
) -> None:
    run("create", "pbx", "--host", "bücher.example", "--description", "Büro")
    text = (workspace / "endpoints" / "pbx.yaml").read_text("utf-8")
    assert text == 'reference: pbx\nhost: xn--bcher-kva.example\ndescription: "Büro"\n'
    shown = sipctl("show", "pbx", env=locale).out
    assert re.search(r"description  B(ü|\\xfc)ro\n", shown)


# -- global options ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "line",
    [
        "-C {} list -o name",
        "list -C {} -o name",
        "list -o name --workspace={}",
        "--no-input --color never --lock-timeout 1 -y -C {} list -o name",
        "list -o name --no-input --color never --lock-timeout 1 -y -C {}",
    ],
)
def test_global_options_stand_before_or_after_the_command(
    line: str, paris: Path, run: Program, tmp_path: Path
) -> None:
    words = line.format(paris.parent.parent).split()
    assert run(*words, cwd=tmp_path).lines == ["pbx-paris"]


def test_a_folder_in_a_workspace_is_told_which_one_is_around_it(paris: Path, run: Program) -> None:
    root = paris.parent.parent
    for folder in ("endpoints", "nowhere/at/all"):
        told = run("-C", folder, "list", cwd=root, check=3).err
        assert f"hint: name the one around it: -C {root}\n" in told
    assert f"-C {root}\n" in run("-C", ".", "list", cwd=paris.parent, check=3).err


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        *((f"list --lock-timeout={n}", "a number of seconds") for n in ("abc", "nan", "-1")),
        *((f"list --limit={n}", "a plain number") for n in ("abc", "-1", "1.5", "")),
        *((f"restore pbx-paris --back={n}", "a plain number") for n in ("x", "-1")),
    ],
)
def test_a_value_that_is_no_number_is_told_in_plain_words(
    line: str, reason: str, paris: Path, run: Program
) -> None:
    told = run(*line.split(), check=2).err
    assert f'"{line.partition("=")[2]}" is not {reason}\n' in told


def test_no_change_is_0_changes_ago(paris: Path, run: Program) -> None:
    assert "the first one before is 1" in run("restore", "x", "--back", "0", check=2).err


@pytest.mark.parametrize("line", ["-C {} tag list", "tag -C {} list", "tag list -C {}"])
def test_global_options_stand_anywhere_around_a_command_of_two_words(
    line: str, paris: Path, run: Program, tmp_path: Path
) -> None:
    words = line.format(paris.parent.parent).split()
    assert run(*words, "-o", "name", cwd=tmp_path).lines == ["paris"]


def test_the_option_wins_over_the_variable(paris: Path, run: Program, tmp_path: Path) -> None:
    other = tmp_path / "other"
    run("init", other)
    env = {"SIPCTL_WORKSPACE": str(paris.parent.parent)}
    assert run("list", "-o", "name", cwd=tmp_path, env=env).lines == ["pbx-paris"]
    for line in (("list", "-C", other), ("-C", other, "list"), ("-C", other, "tag", "list")):
        assert run(*line, "-o", "name", cwd=tmp_path, env=env).lines == []


def test_a_workspace_that_is_none_is_refused_by_its_name(run: Program, tmp_path: Path) -> None:
    result = run("-C", tmp_path, "list", check=3)
    assert f'"{tmp_path}" is no workspace' in result.err
    assert "sipctl init" in result.err


# -- exit statuses -------------------------------------------------------------------------------


STATUSES = [
    ("list", 0),
    ("search nothing-like-it", 0),
    ("--version", 0),
    ("--help", 0),
    ("validate", 1),
    ("fmt", 1),
    ("", 2),
    ("nonsense", 2),
    ("list --nonsense", 2),
    ("list -o nonsense", 2),
    ("create pbx --host sip.example.net --port many", 2),
    ("edit", 2),
    ("create pbx --host sip.example.net --port 70000", 3),
    ("create pbx --host 127.1", 3),
    ("show nobody", 3),
    ("show pbx-paris --at nowhere", 3),
    ("explain nonsense", 3),
    ("import nonsense.csv", 3),
]


def test_exit_statuses_tell_what_happened(broken: Path, sipctl: Program, run: Program) -> None:
    tried = set()
    for line, status in STATUSES:
        program = run if status in tried else sipctl  # each status once by the installed one
        tried.add(status)
        result = program(*line.split(), check=status)
        if status > 1:
            assert result.out == ""
            assert result.err != ""
            assert "Traceback" not in result.err


def test_a_code_that_is_no_rule_is_not_explained_by_one_that_looks_like_it(run: Program) -> None:
    assert "hint: see `sipctl rules`" in run("explain", "SIP999", check=3).err
    assert 'hint: did you mean "bad-host"?' in run("explain", "bad-hots", check=3).err


def test_a_name_that_windows_reserves_is_to_be_another_one(paris: Path, run: Program) -> None:
    for line in ("create con --host sip.example.net", "rename pbx-paris con"):
        told = run(*line.split(), check=3).err
        assert "Windows reserves this name" in told
        assert "hint: choose another name\n" in told


def test_status_4_tells_that_fmt_would_change_something(paris: Path, sipctl: Program) -> None:
    sipctl("fmt", "--check")
    paris.write_text(PARIS + "port: 05061\n")
    assert sipctl("fmt", "--check", check=4).lines == ["endpoints/pbx-paris.yaml"]
    sipctl("fmt")
    sipctl("fmt", "--check")


def test_status_130_tells_of_an_interruption_and_nothing_has_changed(
    workspace: Path, terminal: Terminal, git: Git
) -> None:
    screen = terminal("create", answers=["pbx-nice", "\x03"], check=130)
    assert "interrupted" in screen.text
    assert git("status", "--porcelain") == ""


# -- every command -------------------------------------------------------------------------------


def every_command() -> Iterator[tuple[str, Entry]]:
    for name, entry in COMMANDS.items():
        if isinstance(entry, Entry):
            yield name, entry
        else:
            yield from ((f"{name} {below}", command) for below, command in entry.items())


ANSWERS_IN_JSON = {
    "init": "",
    "status": "",
    "save": "",
    "create": "pbx-nice --host sip.nice.example.net",
    "edit": "pbx-paris --port 5070",
    "duplicate": "pbx-paris pbx-nice",
    "rename": "pbx-paris pbx-nice",
    "delete": "pbx-paris",
    "list": "",
    "search": "paris",
    "show": "pbx-paris",
    "tag add": "pbx-paris new",
    "tag remove": "pbx-paris paris",
    "tag rename": "paris capital",
    "tag list": "",
    "import": "table.csv",
    "attach": "support pbx-paris --after menu --branch 2 --fallback queue",
    "detach": "support pbx-lyon",
    "reroute": "pbx-lyon pbx-paris",
    "uses": "pbx-lyon",
    "scenario create": "night",
    "scenario edit": "support --name Support",
    "scenario list": "",
    "scenario show": "support",
    "scenario duplicate": "support night",
    "scenario rename": "support night",
    "scenario delete": "support",
    "scenario history": "",
    "scenario blame": "support",
    "scenario restore": "support",
    "scenario trace": "support --key 1",
    "secret keygen": "--name ada",
    "secret set": "--from passwords.csv",
    "secret reseal": f"--add bob={keys.BOB_PUBLIC}",
    "secret recipients": "",
    "history": "",
    "blame": "pbx-paris",
    "restore": "pbx-paris",
    "undo": "",
    "diff": "HEAD~1",
    "plan": "HEAD~1",
    "rules": "",
    "explain": "bad-host",
}
"""What each command that takes `-o json` is given."""


SUPPORT = """\
reference: support
type: interaction-start
start: menu
actions:
  menu: {action: vocal-announcement, branches: {"1": lyon, default: queue}}
  lyon:
    action: distribution-to-sip-endpoint
    endpoint: pbx-lyon
    branches: {processed: null, unprocessed: queue, reference-not-found: queue}
  queue: {action: distribution-to-queue, queue: support, branches: {processed: null}}
"""


def test_every_command_with_an_output_format_is_tried() -> None:
    formats = {"reading", "telling", "drawing", "writing", "fields", "comparing"}
    known = {name for name, entry in every_command() if formats & {*entry.options}}
    assert known == set(ANSWERS_IN_JSON)


@pytest.mark.parametrize("command", ANSWERS_IN_JSON)
def test_every_command_answers_in_json_with_its_version(
    command: str, paris: Path, run: Program
) -> None:
    run("edit", "pbx-paris", "--port", "5061")
    run("create", "pbx-lyon", "--host", "sip.lyon.example.net")
    Path("scenarios").mkdir()
    Path("scenarios/support.yaml").write_text(SUPPORT)
    run("save")
    run("scenario", "edit", "support", "--description", "Daytime line.")
    Path("table.csv").write_text("reference,host\npbx-nice,sip.nice.example.net\n")
    Path("passwords.csv").write_text("pbx-paris,open sesame\n")
    Path("sipctl.yaml").write_text(keys.SETTINGS)
    run("save")
    result = run(*command.split(), *ANSWERS_IN_JSON[command].split(), "-o", "json")
    assert json.loads(result.out)["version"] == 1


@pytest.mark.parametrize(
    "line", ["export json", "validate --format json", "secret check --format json"]
)
def test_answers_in_json_by_other_options_have_their_version_too(
    line: str, paris: Path, run: Program
) -> None:
    assert run(*line.split()).json["version"] == 1


@pytest.mark.parametrize(("command", "entry"), list(every_command()))
def test_help_of_every_command_begins_with_the_line_of_the_table(
    command: str, entry: Entry, run: Program
) -> None:
    result = run(*command.split(), "--help")
    usage, words, *_ = [part.strip() for part in re.split(r"\n\s*\n", result.out.strip())]
    assert usage.startswith(f"Usage: sipctl {command}")
    assert " ".join(words.split()) == entry.help
    assert "<_" not in result.out  # a private name as the kind of a value
    assert result.err == ""


@pytest.mark.parametrize("command", ["edit", "scenario edit"])
def test_help_says_that_a_list_replaces_the_old_one(command: str, run: Program) -> None:
    words = " ".join(run(*command.split(), "--help").out.split())
    assert "replaces the whole list" in words


def test_help_has_a_short_option_too(run: Program) -> None:
    for line in ("", "tag", "tag list", "list"):
        assert run(*line.split(), "-h").out == run(*line.split(), "--help").out


def test_the_root_help_names_every_command_and_loads_none(sipctl: Program) -> None:
    listed = sipctl("--help").out
    for name in COMMANDS:
        assert f"│ {name} " in listed
    script = (
        "import sys; from sipctl import main; main.run(['--help']); "
        "print(*(m.rpartition('.')[2] for m in sys.modules if m.startswith('sipctl.commands.')))"
    )
    loaded = execute([sys.executable, "-c", script]).lines[-1].split()
    assert {entry.target.split(":")[0] for _, entry in every_command()} & {*loaded} == set()


@pytest.mark.parametrize("line", ["", "tag"])
def test_help_that_nobody_asked_for_is_shown_once_and_is_no_answer(line: str, run: Program) -> None:
    result = run(*line.split(), check=2)
    assert result.out == ""
    assert result.err.count("Usage:") == 1


def test_a_duplicate_tells_what_differs_from_where_it_came_from(paris: Path, run: Program) -> None:
    done = run("duplicate", "pbx-paris", "pbx-lyon", "--host", "sip.lyon.example.net")
    assert "host: sip.paris.example.net -> sip.lyon.example.net" in done.out
    assert "tags" not in done.out


@pytest.mark.parametrize("text", ["version: 2\n", "version: [\n", ""])
@pytest.mark.parametrize(
    "command",
    ["list", "search paris", "show pbx-paris", "uses pbx-paris", "tag list", "export csv"],
)
def test_who_reads_is_told_of_settings_that_cannot_be_read(
    command: str, text: str, paris: Path, run: Program
) -> None:
    (paris.parent.parent / "sipctl.yaml").write_text(text)
    for _ in range(2):  # the second time from the cache
        told = run(*command.split()).err
        assert "sipctl: sipctl.yaml could not be read\nhint: see `sipctl validate`\n" in told


@pytest.mark.parametrize("kind", ["endpoints", "scenarios"])
def test_every_format_names_a_file_by_its_name(
    kind: str, workspace: Path, run: Program, git: Git
) -> None:
    text = {
        "endpoints": "reference: other\nhost: a.example\n",
        "scenarios": "reference: other\ntype: interaction-start\nactions: {}\n",
    }[kind]
    (workspace / "scenarios").mkdir()
    (workspace / kind / "stem.yaml").write_text(text)
    command = ["scenario"] if kind == "scenarios" else []
    for _ in range(2):  # the second time from the cache
        assert run(*command, "list", "-o", "name").lines == ["stem"]
        assert [e["reference"] for e in run(*command, "list", "-o", "json").json[kind]] == ["stem"]
        shown = run(*command, "show", "stem", "-o", "json").json[kind.removesuffix("s")]
        assert shown["reference"] == "stem"
        for line in (["list", "-o", "yaml"], ["list"], ["show", "stem"]):
            assert "other" not in run(*command, *line).out


# -- folders that cannot be read -----------------------------------------------------------------


@pytest.fixture
def unread(paris: Path) -> Path:
    """A workspace with no readable folder of endpoints; root reads what nobody else can, so that a
    file stands in its place."""
    folder = paris.parent
    folder.rename(folder.with_name("elsewhere"))
    folder.write_text("")
    return folder.parent


TOLD = 'the folder "endpoints" could not be read'


@pytest.mark.parametrize("command", ["list", "search paris", "tag list", "export csv"])
def test_who_reads_is_told_of_a_folder_that_cannot_be_read(
    command: str, unread: Path, run: Program
) -> None:
    assert TOLD in run(*command.split()).err


def test_json_tells_of_a_folder_that_cannot_be_read(unread: Path, run: Program) -> None:
    assert run("list", "-o", "json").json["unreadable"] == ["endpoints"]
    assert run("export", "json").json["unreadable"] == ["endpoints"]
    assert run("scenario", "list", "-o", "json").json["unreadable"] == []


@pytest.mark.parametrize(
    "command",
    [
        *("edit pbx-paris --port 5070", "create new --host a.example.net", "delete pbx-paris"),
        *("save", "diff", "diff -o json", "plan HEAD", "rename pbx-paris x"),
    ],
)
def test_nothing_is_done_where_a_folder_cannot_be_read(
    command: str, unread: Path, run: Program, git: Git
) -> None:
    before = git("status", "--porcelain")
    result = run(*command.split(), check=3)
    assert TOLD in result.err
    assert "put a folder in its place" in result.err
    assert not result.out
    assert git("status", "--porcelain") == before
