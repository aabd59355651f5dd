"""Completion: what is offered where, what it costs, and the real shells."""

import os
import select
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipctl import query
from sipctl.completion import SHELLS, candidates, outline, script, shells, table
from sipctl.completion.candidates import QUERY_FIELDS, Offer, offer
from sipctl.kinds import KINDS
from sipctl.rules.book import RULES
from tests import completing, keys
from tests.conftest import Program
from tests.support import PROGRAM, ROOT, environment, execute, needed
from tests.test_first_use import ANSWERS_IN_JSON

ENDPOINTS = {
    "pbx-lyon": "host: sip.lyon.example.net\ntags: [lyon, live]\n",
    "pbx-paris": 'tags:\n# its own\n- "paris"\n-  live # now\nhost: sip.paris.example.net\n',
    "sbc@a.b": '{"host": "192.0.2.7", "tags": ["border"]}',
}
SCENARIOS = {
    "support": """\
reference: support
type: interaction-start
start: menu
actions:
  menu:  # for sales press 2
    action: vocal-announcement
    branches: {"1": paris, "2": null, default: queue}
  paris:
    action: distribution-to-sip-endpoint
    endpoint: pbx-paris
    branches:
      processed: null
      unprocessed: queue
  who:
    action: test-value
    branches: {"+33*": queue, "a b": queue}
  queue: {action: distribution-to-queue, queue: support, branches: {processed: null}}
""",
    "night": "reference: night\nactions: {bell: {action: pause, branches: {ok: null}}}\n",
}


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository with three endpoints and two scenarios, to copy."""
    root = tmp_path_factory.mktemp("built")
    (root / "sipctl.yaml").write_text(keys.SETTINGS)
    for folder, files in {"endpoints": ENDPOINTS, "scenarios": SCENARIOS}.items():
        (root / folder).mkdir()
        for reference, text in files.items():
            (root / folder / f"{reference}.yaml").write_text(text)
    (root / "endpoints" / ".hidden.yaml").touch()
    (root / "endpoints" / "stray.txt").touch()
    alone = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
    who = ["-c", "user.name=Ada", "-c", "user.email=ada@example.net"]
    execute(["git", "init", "-q", "-b", "main", "--template=", root], env=alone)
    execute(["git", *who, "commit", "-q", "--allow-empty", "-mStart"], cwd=root, env=alone)
    execute(["git", "tag", "v1"], cwd=root, env=alone)
    return root


@pytest.fixture
def place(built: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of it, the current folder."""
    place = tmp_path / "repo"
    shutil.copytree(built, place)
    monkeypatch.chdir(place)
    return place


COMMANDS = {name: command.get_params(x) for name, command, x in completing.every_command()}
"""All parameters of every command."""


def at_end(line: str) -> Offer:
    """What is offered at the end of a line; blanks part the words."""
    words = line.split(" ")[1:]
    return offer(words, len(words) - 1)


def offered(line: str) -> list[str]:
    return [word for word, _ in at_end(line).words]


def options_offered(line: str) -> list[str]:
    """Those of the command itself: what is offered for two dashes."""
    return [word for word in offered(f"{line} --") if word in CHOOSING]


# -- what is offered -----------------------------------------------------------------------------

CHOOSING = ("--where", "--all", "--from", "--all-workspaces")
REFERENCES = "pbx-lyon pbx-paris sbc@a.b"
LINES = {
    "sipctl ed": "edit",
    "sipctl -n": "",
    "sipctl nonsense ": "",
    "sipctl scenario re": "rename restore",
    "sipctl -C . scenario re": "rename restore",
    "sipctl --color always ed": "edit",
    "sipctl -- ed": "edit",
    # references
    "sipctl edit ": REFERENCES,
    "sipctl edit pbx-p": "pbx-paris",
    "sipctl edit PBX-P": "pbx-paris",
    "sipctl edit sbc@": "sbc@a.b",
    "sipctl edit pbx-paris pbx": "pbx-lyon",
    "sipctl edit --port 5061 pbx": "pbx-lyon pbx-paris",
    "sipctl edit -- pbx": "pbx-lyon pbx-paris",
    "sipctl edit -y pbx-lyon -n pbx": "pbx-paris",
    "sipctl -y edit pbx-lyon pbx": "pbx-paris",
    "sipctl edit x": "",
    "sipctl save ": "night pbx-lyon pbx-paris sbc@a.b support",
    "sipctl show pbx-lyon pbx": "",
    "sipctl create ": "",
    "sipctl rename pbx-lyon ": "",
    "sipctl reroute pbx-lyon pbx": "pbx-paris",
    "sipctl reroute pbx-lyon pbx-paris --in ": "night support",
    "sipctl uses ": REFERENCES,
    "sipctl attach support pbx": "pbx-lyon pbx-paris",
    "sipctl detach support ": "pbx-paris",
    "sipctl detach night ": REFERENCES,
    "sipctl scenario show ": "night support",
    "sipctl scenario rename ": "night support",
    "sipctl scenario rename night ": "",
    "sipctl scenario create ": "",
    "sipctl scenario delete night ": "support",
    "sipctl scenario trace support --expect pbx-l": "pbx-lyon",
    # actions and branches of the scenario on the line
    "sipctl attach support pbx-lyon --after ": "menu paris who queue",
    "sipctl attach support --after=": "--after=menu --after=paris --after=who --after=queue",
    "sipctl attach support pbx-lyon --after paris --branch ": "processed unprocessed "
    "reference-not-found",
    "sipctl attach support pbx-lyon --branch d --after queue": "queue",
    "sipctl attach night pbx-lyon --fallback ": "bell",
    "sipctl attach support pbx-lyon --id ": "",
    "sipctl detach support --action ": "paris",
    "sipctl detach night --action ": "",
    "sipctl scenario edit support --start ": "menu paris who queue",
    "sipctl scenario history --action ": "bell menu paris who queue",
    "sipctl scenario history night --action ": "bell",
    "sipctl scenario history support --action menu --action ": "paris who queue",
    "sipctl scenario trace support --take ": "menu= paris= who= queue=",
    "sipctl scenario trace support --take pa": "paris=processed paris=unprocessed",
    "sipctl scenario trace support --take paris=r": "",
    "sipctl scenario trace support --take paris=p": "paris=processed",
    "sipctl scenario trace support --take=paris=p": "--take=paris=processed",
    "sipctl scenario trace support --take who=+": "who=+33*",
    "sipctl scenario trace nonsense --take ": "",
    "sipctl scenario trace ../scenarios/support --take ": "",
    # tags
    "sipctl tag add ": REFERENCES,
    "sipctl tag add pbx-paris ": "border lyon",
    "sipctl tag add pbx-paris lyon ": "border",
    "sipctl tag remove pbx-paris ": "live paris",
    "sipctl tag remove pbx-paris live ": "paris",
    "sipctl tag remove --where x ": "border live lyon paris",
    "sipctl tag remove --where x live ": "border lyon paris",
    "sipctl tag rename ": "border live lyon paris",
    "sipctl create x --tag l": "live lyon",
    "sipctl create x --tag live,": "live,border live,lyon live,paris",
    "sipctl create x --tag live --tag l": "lyon",
    "sipctl create x --tag=live,l": "--tag=live,lyon",
    # values that do not depend on the workspace
    "sipctl --color ": "auto always never",
    "sipctl --color=a": "--color=auto --color=always",
    "sipctl list --color=n": "--color=never",
    "sipctl list -o ": "table json yaml csv name",
    "sipctl list -oj": "-ojson",
    "sipctl edit pbx-paris -noj": "-nojson",
    "sipctl edit pbx-paris -o ": "text json",
    "sipctl scenario show night -o ": "table json yaml csv name mermaid dot",
    "sipctl scenario trace night -o ": "table json yaml",
    "sipctl explain SIP101 --output ": "table json yaml",
    "sipctl create x --transport t": "tcp tls",
    "sipctl create x --codec ": "alaw ulaw",
    "sipctl create x --codec alaw,": "alaw,ulaw",
    "sipctl create x --password-env HO": "HOME",
    "sipctl create x --host ": "",
    "sipctl scenario create x --type ": "interaction-start interaction-end",
    "sipctl edit pbx-paris --unset re": "realm register",
    "sipctl history --field re": "reference realm register",
    "sipctl history --field realm --field re": "reference register",
    "sipctl scenario history --field a": "actions",
    "sipctl scenario history support --field actions.": "actions.menu actions.paris actions.who "
    "actions.queue",
    "sipctl scenario history support --field actions.queue.": "actions.queue.action "
    "actions.queue.branches actions.queue.queue actions.queue.branches.processed",
    "sipctl scenario history support --field actions.who.branches.": "actions.who.branches.+33*",
    "sipctl scenario history night --field actions.bell.b": "actions.bell.branches "
    "actions.bell.branches.ok",
    "sipctl scenario edit night --unset e": "entry_points",
    "sipctl export ": "csv json",
    "sipctl completion ": "bash zsh fish",
    "sipctl explain bad-h": "bad-host",
    "sipctl explain sip40": " ".join(r.code for r in RULES.values() if r.code.startswith("SIP40")),
    "sipctl schema s": "scenario settings",
    "sipctl show pbx-paris --at ": "HEAD main v1",
    "sipctl diff HEAD ": "main v1",
    "sipctl undo ": "HEAD main v1",
    # queries
    "sipctl search po": "port:",
    "sipctl search used:": "used:yes used:no",
    "sipctl search us": "used: username:",
    "sipctl search tag:l": "tag:live tag:lyon",
    "sipctl search TAGS:l": "TAGS:live TAGS:lyon",
    "sipctl search tag:live,ly": "tag:live,lyon",
    "sipctl search tag:lyon (-ref:pbx-p": "(-ref:pbx-paris",
    "sipctl search in:": "in:night in:support",
    "sipctl search codec:a": "codec:alaw",
    "sipctl search transport:u": "transport:udp",
    "sipctl search password:": "password:env password:file password:age password:plain "
    "password:none",
    "sipctl search host:": "",
    "sipctl search nonsense:": "",
    "sipctl list --where tag:p": "tag:paris",
    "sipctl list --where=tag:p": "--where=tag:paris",
    # nothing is left to name
    "sipctl schema endpoint --c": "--color",
    "sipctl list -- ": "",
    "sipctl schema endpoint -- -": "",
    "sipctl edit pbx-paris --register --re": "--realm",
}


CHOSEN_OTHERWISE = {
    "delete": (REFERENCES, "--where tag:x", "--where"),
    "edit": (REFERENCES, "--port 5061 --where=tag:x", "--where"),
    "history": (REFERENCES, "--where tag:x", "--where"),
    "restore": (REFERENCES, "--where tag:x", "--all --where"),
    "restore --at v1": (REFERENCES, "--all", "--all --where"),
    "scenario restore": ("night support", "--all", "--all"),
    "secret set": (REFERENCES, "--from -", "--from"),
}
"""What a command offers, an option that is refused beside it, and all such options."""


@pytest.mark.parametrize("command", CHOSEN_OTHERWISE)
def test_where_an_option_chooses_nothing_is_offered_that_is_refused_beside_it(
    command: str, place: Path
) -> None:
    words, option, options = CHOSEN_OTHERWISE[command]
    line, first = f"sipctl {command}", words.split()[0]
    assert offered(f"{line} ") == words.split()
    assert offered(f"{line} {option} {first[0]}") == []
    assert not {*words.split()} & {*offered(f"{line} {option} ")}
    assert offered(f"{line} -- ") == words.split()
    assert options_offered(line) == options.split()
    assert options_offered(f"{line} {first}") == []
    again = ["--where"] if "--where" in option else []  # which may be repeated
    assert options_offered(f"{line} {option}") == again


def test_what_chooses_in_no_arguments_place_hinders_nothing(place: Path) -> None:
    assert offered("sipctl export --where tag:x ") == ["csv", "json"]
    assert offered("sipctl list --where tag:x --where tag:p") == ["tag:paris"]
    assert options_offered("sipctl export csv") == ["--where"]
    assert options_offered("sipctl tag add pbx-paris live") == ["--where"]
    assert at_end("sipctl validate --all-workspaces --output-file ").paths == "files"
    assert at_end("sipctl validate --all-workspaces ").paths == ""
    assert at_end("sipctl fmt ").paths == "files"


@pytest.mark.parametrize("line", LINES)
def test_a_line_is_completed(line: str, place: Path) -> None:
    assert offered(line) == LINES[line].split()


PATHS = {
    "sipctl -C ": ("folders", ""),
    "sipctl --workspace=a": ("folders", "--workspace="),
    "sipctl -Ca": ("folders", "-C"),
    "sipctl init ": ("folders", ""),
    "sipctl import ": ("files", ""),
    "sipctl validate endpoints/ ": ("files", ""),
    "sipctl fmt a": ("files", ""),
    "sipctl create x --password-file ": ("files", ""),
}


@pytest.mark.parametrize("line", PATHS)
def test_paths_are_left_to_the_shell(line: str) -> None:
    found = at_end(line)
    assert (found.paths, found.fixed) == PATHS[line]


def test_words_with_blanks_are_words(place: Path) -> None:
    def last(*words: str) -> list[str]:
        return [word for word, _ in offer(words, len(words) - 1).words]

    assert last("search", "port:>1 tag:ly") == ["port:>1 tag:lyon"]
    assert last("list", "--where", '(description:"a b" or tag:ly') == [
        '(description:"a b" or tag:lyon'
    ]
    assert last("scenario", "trace", "support", "--take", "who=a") == ["who=a b"]


def test_a_tag_may_be_called_as_its_endpoint(place: Path) -> None:
    (place / "endpoints" / "lyon.yaml").touch()
    assert offered("sipctl tag add lyon ly") == ["lyon"]


def test_zsh_sends_an_empty_word_where_none_follows(place: Path) -> None:
    words = ["sipctl", "scenario", "history", "--action", "be", ""]
    assert shells.answer("zsh", ["4", *words]) == "words\nbell\tbell  -- pause\n"


def test_what_follows_the_cursor_counts_too(place: Path) -> None:
    words = ["tag", "remove", "pbx-paris", "", "live"]
    assert [word for word, _ in offer(words, 3).words] == ["paris"]
    words = ["edit", "", "-C", "nowhere"]
    assert offer(words, 1).words == []


def test_a_blank_follows_unless_more_is_to_be_typed(place: Path) -> None:
    assert at_end("sipctl search ").open
    assert at_end("sipctl scenario trace support --take ").open
    assert not at_end("sipctl search tag:l").open


def test_commands_options_actions_and_branches_tell_what_they_mean(place: Path) -> None:
    assert ("edit", "Change endpoints, by options or in your editor.") in at_end("sipctl e").words
    assert ("--force", "Go on without asking, however many") in at_end("sipctl edit --fo").words
    assert at_end("sipctl attach night --after ").words == [("bell", "pause")]
    line = "sipctl attach support --after menu --branch d"
    assert at_end(line).words == [("default", "to queue")]


def test_the_workspace_on_the_line_and_in_the_variable_are_heeded(
    place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert offered("sipctl edit ") == []
    assert offered(f"sipctl -C {place} edit sbc") == ["sbc@a.b"]
    assert offered(f"sipctl edit --workspace={place} sbc") == ["sbc@a.b"]
    assert offered("sipctl -C repo edit sbc") == ["sbc@a.b"]
    monkeypatch.setenv("PLACE", str(place))
    assert offered("sipctl -C $PLACE edit sbc") == ["sbc@a.b"]
    monkeypatch.setenv("SIPCTL_WORKSPACE", str(place))
    assert offered("sipctl edit sbc") == ["sbc@a.b"]
    assert offered("sipctl -C / edit sbc") == []
    monkeypatch.delenv("SIPCTL_WORKSPACE")
    monkeypatch.chdir(place / "scenarios")
    assert offered("sipctl edit sbc") == ["sbc@a.b"]


# -- all that the program has --------------------------------------------------------------------


def every_slot() -> list[tuple[str, str]]:
    """Every option with a value, and every argument by as many words as stand before it."""
    found = []
    for name, params in COMMANDS.items():
        options = [p for p in params if p.param_type_name == "option" and not p.is_flag]
        found += [(name, param.opts[0]) for param in options]
        arguments = [p for p in params if p.param_type_name == "argument"]
        found += [(name, "x " * position) for position in range(len(arguments))]
    return found


@pytest.mark.parametrize(("command", "before"), every_slot())
def test_every_value_of_the_program_is_completed_or_free(
    command: str, before: str, place: Path
) -> None:
    known = table.command(command)
    option = known.option(before)
    slot = option.slot if option else known.argument(before.count("x"))
    assert slot, "run `make generate`"
    scenario = "support " if slot.kind in ("action", "attached-action", "label", "take") else ""
    words = ["sipctl", command, scenario, before]
    found = at_end(" ".join(word.strip() for word in words if word.strip()) + " ")
    assert bool(found.words or found.paths) == (slot.kind != "text")


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_of_a_command_is_offered(name: str, place: Path) -> None:
    params = [param for param in COMMANDS[name] if param.param_type_name == "option"]
    names = {option for param in params for option in (*param.opts, *param.secondary_opts)}
    line = f"sipctl {name} -" if name else "sipctl -"
    assert set(offered(line)) - {"--version"} == names


@pytest.mark.parametrize("command", ANSWERS_IN_JSON)
def test_the_formats_offered_are_those_that_a_command_takes(
    command: str, place: Path, run: Program
) -> None:
    line = f"sipctl {command} -o "
    arguments = ANSWERS_IN_JSON[command].split()
    Path("table.csv").write_text("reference,host\npbx-nice,sip.nice.example.net\n")
    Path("passwords.csv").write_text("pbx-paris,hunter2\n")
    refused = run(*command.split(), *arguments, "-o", "nonsense", check=2)
    assert ", ".join(offered(line)) in refused.err.replace(" or ", ", ")
    assert "json" in offered(line)


@pytest.mark.parametrize("name", COMMANDS)
def test_help_names_the_formats_that_a_command_takes(name: str) -> None:
    [told] = [p.help for p in COMMANDS[name] if "--output" in p.opts] or [None]
    if told is not None:
        listed = told.removeprefix("What to print: ").removesuffix(".").replace(" (a tree)", "")
        words = listed.replace(" or ", ", ").split(", ")
        assert sorted(words) == sorted(offered(f"sipctl {name} -o "))


def test_help_names_every_kind_of_schema(run: Program) -> None:
    told = " ".join(run("schema", "--help").out.replace("│", " ").split())
    for name in ("endpoint", "scenario", "settings", "output/list"):
        assert name.replace("list", "COMMAND") in told
        run("schema", name)


def test_the_formats_offered_of_findings_are_those_that_there_are(run: Program) -> None:
    told = run("validate", "--format", "nonsense", check=2).err.replace(" or ", ", ")
    assert ", ".join(offered("sipctl validate --format ")) in told


def test_every_field_of_queries_is_offered() -> None:
    known = {candidates._ALIASES.get(name, name) for name in query._FIELDS}
    assert known == set(QUERY_FIELDS)


@pytest.mark.parametrize("field", QUERY_FIELDS)
def test_what_is_offered_for_a_query_is_one(field: str, place: Path) -> None:
    for word in offered(f"sipctl search {field}:"):
        query.parse(word)


def test_the_folders_are_those_of_the_workspace() -> None:
    from sipctl.completion.files import FOLDERS

    assert {kind.noun: kind.folder for kind in KINDS} == FOLDERS


# -- whatever there is, nothing breaks -----------------------------------------------------------

HOSTILE = {
    "no settings": None,
    "empty": "",
    "no actions": "reference: support\nactions:\n",
    "a list": "actions: [menu, {a: b}]\n",
    "unfinished": 'actions: {menu: {branches: {"1": [',
    "a text": "actions: |\n  menu:\n    branches: x\n",
    "brackets": "]}" * 10,
    "binary": "\x00\x01",
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=list(HOSTILE))
def test_a_broken_workspace_offers_what_it_can(
    text: str | None, place: Path, sipctl: Program
) -> None:
    if text is None:
        (place / "sipctl.yaml").unlink()
    else:
        (place / "scenarios" / "support.yaml").write_text(text)
    for line in ("sipctl scenario trace support --take ", "sipctl edit ", "sipctl search tag:"):
        result = sipctl("__complete", "bash", line, "", ":=")
        assert (result.err, result.out.partition("\n")[0]) == ("", result.out.split("\n")[0])
        assert result.out.startswith(("words\n", "open\n"))


@pytest.mark.parametrize(
    "sent",
    [
        [],
        ["tcsh"],
        ["bash"],
        ["zsh", "x"],
        ["zsh", "99", "sipctl"],
        ["fish", "0"],
        ["fish", "-5", "a"],
    ],
    ids=" ".join,
)
def test_whatever_a_shell_sends_nothing_is_said(sent: list[str], sipctl: Program) -> None:
    result = sipctl("__complete", *sent)
    assert result.err == ""


def test_nothing_is_said_without_a_home_a_folder_or_a_reader(place: Path, tmp_path: Path) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    call = f"{PROGRAM} __complete bash 'sipctl edit ' '' :="
    bare = {"HOME": None, "PATH": "/nowhere", "LANG": None, "GIT_CONFIG_GLOBAL": None}
    assert execute(["/bin/sh", "-c", call], env=bare, cwd=place).out.count("\n") == 4
    removed = execute(["sh", "-c", f"rmdir {gone}; {call}"], cwd=gone)
    assert (removed.out, removed.err) == ("words\n", "")
    for ending in (">&-", "> /dev/full"):
        assert execute(["sh", "-c", f"{call} {ending}"], cwd=place).err == ""
    at = f"{PROGRAM} __complete bash 'sipctl show x --at ' '' :="
    assert execute(["/bin/sh", "-c", at], env=bare, cwd=place).out == "words\n"


def test_a_name_with_control_characters_is_never_offered(place: Path) -> None:
    (place / "endpoints" / "pbx-\x1b[31m.yaml").touch()
    (place / "endpoints" / "pbx-\n.yaml").touch()
    (place / "endpoints" / "pbx-\u202e.yaml").touch()
    (place / "endpoints" / "pbx-lyon.yaml").write_text('tags: ["l\\e[31m", "l\\nx", lyon]\n')
    action = '{"a\\u001b": {action: "\\u001bx"}, b: {action: "\\u001bx"}, c: {action: pause}}'
    (place / "scenarios" / "night.yaml").write_text(f"actions: {action}\n")
    assert offered("sipctl edit pbx") == ["pbx-lyon", "pbx-paris"]
    assert offered("sipctl tag remove pbx-lyon ") == ["lyon"]
    assert offered("sipctl attach night --after ") == ["c"]


def test_a_pipe_in_the_workspace_is_not_waited_for(place: Path) -> None:
    os.mkfifo(place / "scenarios" / "pipe.yaml")
    assert offered("sipctl scenario trace pipe --take ") == []


WORDS = st.lists(
    st.sampled_from([*table.command("").commands, "-o", "--where", "--", "-C", "support", "tag:"])
    | st.text(max_size=8),
    min_size=1,
    max_size=6,
)


@given(WORDS, st.data())
def test_no_line_is_too_strange(words: list[str], data: st.DataObject) -> None:
    index = data.draw(st.integers(0, len(words) - 1))
    for word, _ in offer(words, index).words:
        assert word.isprintable()
        assert word.casefold().startswith(words[index].casefold())


@given(st.text(alphabet="ab \n:,-#{}[]\"'|>\\\t*&", max_size=60))
def test_no_text_is_too_strange_for_the_outline(text: str) -> None:
    assert all(isinstance(value, str) for _, value in outline.entries(text))


def test_what_stands_in_a_block_of_text_is_no_key() -> None:
    text = "a: |\n  b: c\n\n  - d\ne: >-\n  f: g\nh: i # j\nk:\n- l\n- m: n\n"
    found = [(path, value) for path, value in outline.entries(text) if path]
    expected = [("a", "|"), ("e", ">-"), ("h", "i"), ("k", ""), ("k", "l"), ("k", "m: n")]
    assert found == [((key,), value) for key, value in expected]


NAMES = st.text(alphabet="abc :#,{}'\"\\-+*é", min_size=1, max_size=5)
TREES = st.recursive(
    st.text(alphabet="ab:# ,", max_size=4), lambda inner: st.dictionaries(NAMES, inner, max_size=3)
)


@given(st.dictionaries(NAMES, TREES, max_size=4))
def test_the_outline_of_json_has_all_its_keys(tree: dict[str, Any]) -> None:
    import json

    def paths(below: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], str]]:
        for key, value in below.items():
            is_tree = isinstance(value, dict)
            yield (*path, key), "" if is_tree else value
            if is_tree:
                yield from paths(value, (*path, key))

    for indent in (None, 2):
        assert list(outline.entries(json.dumps(tree, indent=indent))) == list(paths(tree))


# -- what it costs -------------------------------------------------------------------------------

DEAR = ["pydantic", "ruamel", "yaml", "git", "rich", "typer", "dataclasses", "typing"]


@pytest.mark.parametrize(
    ("line", "more"),
    [
        ("sipctl edit pb", ["re", "json", "pathlib"]),
        ("sipctl ", ["re", "json", "pathlib"]),
        ("sipctl list --color=", ["re", "json", "pathlib"]),
        ("sipctl attach support pbx-paris --after menu --branch ", ["pathlib", "subprocess"]),
        ("sipctl search tag:", ["pathlib", "subprocess"]),
        ("sipctl show pbx-paris --at ", []),
        ("sipctl schema ", []),
    ],
)
def test_nothing_heavy_is_loaded(line: str, more: list[str], place: Path) -> None:
    code = """import sys
before = set(sys.modules)
from sipctl import main
assert main.run(["__complete", "bash", sys.argv[1], "", ":="]) == 0
print(*sorted(set(sys.modules) - before), file=sys.stderr)"""
    result = execute([sys.executable, "-S", "-c", code, line], env={"PYTHONPATH": str(ROOT)})
    assert len(result.lines) > 2
    loaded = {name.partition(".")[0] for name in result.err.split()}
    allowed = {"typing"} if line.endswith(("--at ", "schema ")) else set()
    assert not loaded & {*DEAR, *more} - allowed
    ours = {name for name in result.err.split() if name.startswith("sipctl.")}
    others = {name for name in ours if not name.startswith("sipctl.completion")}
    assert others <= {"sipctl.main", "sipctl.resources", "sipctl.statuses"}


def test_the_hook_stands_before_all_else_and_in_no_help(run: Program) -> None:
    assert "__complete" not in run("--help").out


# -- the shells ----------------------------------------------------------------------------------


@pytest.mark.parametrize("shell", SHELLS)
def test_the_script_is_printed_and_tells_how_to_install_it(shell: str, run: Program) -> None:
    assert run("completion", shell).out == script(shell)
    head = script(shell).split("\n\n")[0]
    assert f"sipctl completion {shell}" in head


def test_a_shell_that_is_not_known_is_told(run: Program) -> None:
    assert "use bash, zsh or fish" in run("completion", "tcsh", check=2).err


@pytest.mark.parametrize("shell", SHELLS)
def test_the_shell_itself_finds_no_fault_in_its_script(shell: str, tmp_path: Path) -> None:
    (tmp_path / "script").write_text(script(shell))
    execute([needed(shell, shell), "-n", tmp_path / "script"])


IN_BASH = {
    "sipctl edit pbx-p": ["pbx-paris"],
    "sipctl edit 'pbx-p": ["pbx-paris"],
    "sipctl edit sbc@": ["@a.b"],
    "sipctl search tag:p": ["paris"],
    "sipctl search 'tag:p": ["tag:paris"],
    'sipctl search "port:1 tag:p': ["port:1 tag:paris"],
    "sipctl search tag:live,ly": ["live,lyon"],
    "sipctl --color=al": ["always"],
    "sipctl list -- --c": [],
    "sipctl scenario trace support --take who=": [r"+33\*", r"a\ b"],
    "sipctl scenario trace support --take 'who=": ["who=+33*", "who=a b"],
    "sipctl scenario trace support --take=paris=p": ["processed"],
    "sipctl edit pbx\\-p": ["pbx-paris"],
    "sipctl list 2>/dev/null -o n": ["name"],
    "sipctl -C '.' edit pbx-p": ["pbx-paris"],
    "sipctl list -o": ["-o"],
    "/usr/bin/sipctl ed": ["edit"],
}

DRIVER = """\
while IFS= read -r line; do
    COMP_LINE=$line COMP_POINT=${#line} COMP_WORDS=($line) COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
    COMPREPLY=()
    _sipctl sipctl
    printf '%s\\t' "${COMPREPLY[@]}"
    echo
done
"""


@pytest.mark.parametrize("helpers", ["", ". /usr/share/bash-completion/bash_completion\n"])
def test_bash_is_given_what_replaces_its_word(helpers: str, place: Path) -> None:
    if helpers:
        assert Path(helpers.split()[1]).is_file(), "install bash-completion, as .ci/run does"
    driver = f'{helpers}eval "$(sipctl completion bash)"\nset -f\n{DRIVER}'
    result = execute([needed("bash", "bash"), "-c", driver], input="\n".join(IN_BASH) + "\n")
    assert result.err == ""
    found = [line.split("\t")[:-1] for line in result.lines]
    if helpers:  # they take it out of the word breaks
        assert found.pop(2) == ["sbc@a.b"]
        found.insert(2, ["@a.b"])
    assert [[w for w in words if w] for words in found] == list(IN_BASH.values())


def test_bash_is_told_what_follows_the_cursor(place: Path) -> None:
    answer = shells.answer("bash", ["sipctl tag remove pbx-paris p", "aris live", ":="])
    assert answer == "words\nparis\n"
    assert shells.answer("bash", ["sipctl edit 'p", "bx' -C /", ":="]) == "words\n"


def test_bash_keeps_its_settings(place: Path) -> None:
    code = """eval "$(sipctl completion bash)"; IFS=x
before=$-; COMP_LINE='sipctl ed' COMP_POINT=9; _sipctl; [[ $- == "$before" && $IFS == x ]] || exit 1
set -fu; before=$-; _sipctl; [[ $- == "$before" ]] && complete -p sipctl"""
    assert execute([needed("bash", "bash"), "-c", code]).out == "complete -F _sipctl sipctl\n"


IN_FISH = {
    "sipctl edit pbx-p": ["pbx-paris"],
    "sipctl edit 'pbx-p": ["pbx-paris"],
    "sipctl search tag:p": ["tag:paris"],
    "sipctl search 'tag:p": ["tag:paris"],
    "sipctl --color=al": ["--color=always"],
    "sipctl -C . edit pbx-paris pbx": ["pbx-lyon"],
    "sipctl scenario trace support --take paris=p": ["paris=processed\tto null"],
    "sipctl ed": ["edit\tChange endpoints, by options or in your editor."],
    "sipctl edit --fo": ["--force\tGo on without asking, however many"],
    "sipctl validate scen": ["scenarios/"],
    "sipctl -C scen": ["scenarios/"],
    "sipctl create x --password-file=sipctl.y": ["--password-file=sipctl.yaml"],
    "sipctl create x --host ": [],
}


def test_fish_completes(place: Path) -> None:
    code = "sipctl completion fish | source\nwhile read -l line\n complete -C $line\n echo ---\nend"
    result = execute([needed("fish", "fish"), "-c", code], input="\n".join(IN_FISH) + "\n")
    assert result.err == ""
    found = [part.strip("\n").splitlines() for part in result.out.split("---\n")[:-1]]
    assert found == list(IN_FISH.values())


TYPED = {
    "sipctl edit pbx-p": "sipctl edit pbx-paris ",
    "sipctl edit 'pbx-p": "sipctl edit 'pbx-paris' ",
    "sipctl edit sbc@": "sipctl edit sbc@a.b ",
    "sipctl search tag:p": "sipctl search tag:paris ",
    "sipctl search 'port:1 tag:p": "sipctl search 'port:1 tag:paris' ",
    'sipctl search "tag:live,ly': 'sipctl search "tag:live,lyon" ',
    "sipctl search ho": "sipctl search host:",
    "sipctl --color=al": "sipctl --color=always ",
    "sipctl -C . edit pbx-paris pbx": "sipctl -C . edit pbx-paris pbx-lyon ",
    "sipctl edit --whe": "sipctl edit --where ",
    "sipctl scenario trace support --take who=+": "sipctl scenario trace support "
    r"--take who=+33\* ",
    "sipctl scenario trace support --take m": "sipctl scenario trace support --take menu=",
    "sipctl scenario trace support --take=paris=p": "sipctl scenario trace support "
    "--take=paris=processed ",
    "sipctl validate scen": "sipctl validate scenarios/",
    "sipctl -C scen": "sipctl -C scenarios/",
    "sipctl create x --password-file=sipctl.y": "sipctl create x --password-file=sipctl.yaml ",
    "sipctl create x --host si": "sipctl create x --host si",
}
"""What is typed, and what stands there once the tabulator is pressed."""

# One key shows the line and empties it, so that nothing hangs on time.
START = {
    "bash": """\
PS1='ready>'
bind 'set enable-bracketed-paste off'
show() { printf '%s|\\n' "$READLINE_LINE" >> "$SHOWN"; READLINE_LINE=; READLINE_POINT=0; }
bind -x '"\\C-x": show'
eval "$(sipctl completion bash)"
""",
    "zsh": """\
autoload -U compinit; compinit -u -D
eval "$(sipctl completion zsh)"
show() { print -r -- "$BUFFER|" >> "$SHOWN"; BUFFER=; }
zle -N show; bindkey '^X' show
unset zle_bracketed_paste
PROMPT='ready>'
""",
    "zsh from a folder": """\
mkdir -p functions; sipctl completion zsh > functions/_sipctl
fpath=($PWD/functions $fpath)
autoload -U compinit; compinit -u -D
show() { print -r -- "$BUFFER|" >> "$SHOWN"; BUFFER=; }
zle -N show; bindkey '^X' show
unset zle_bracketed_paste
PROMPT='ready>'
""",
}


@pytest.mark.parametrize("start", START)
def test_the_tabulator_completes_what_is_typed(start: str, place: Path) -> None:
    shell = start.split()[0]
    home = place.parent / "start"
    home.mkdir()
    (home / ".zshrc").write_text(START[start])
    arguments = ["--rcfile", home / ".zshrc", "-i"] if shell == "bash" else ["-d", "-i"]
    env = {"ZDOTDIR": str(home), "SHOWN": str(home / "shown"), "INPUTRC": os.devnull}
    lines = typed([needed(shell, shell), *map(str, arguments)], list(TYPED), home / "shown", env)
    assert dict(zip(TYPED, lines, strict=True)) == TYPED


def typed(command: list[str], lines: list[str], shown: Path, env: dict[str, str]) -> list[str]:
    """Type lines in an interactive shell, each with the tabulator, and give what stood there."""
    master, slave = os.openpty()
    with subprocess.Popen(
        command,
        stdin=slave,
        stdout=slave,
        stderr=slave,
        start_new_session=True,
        env=environment(env),
    ) as process:
        try:
            wait_for(lambda told: "ready>" in told, master)
            for number, line in enumerate(lines, 1):
                os.write(master, f"{line}\t\x18".encode())
                wait_for(lambda _: len(lines_of(shown)) >= number, master)  # noqa: B023
        finally:
            process.kill()
            os.close(slave)
            os.close(master)
    return [line.removesuffix("|") for line in lines_of(shown)]


def lines_of(file: Path) -> list[str]:
    return file.read_text().splitlines() if file.exists() else []


def wait_for(done: Callable[[str], bool], master: int) -> None:
    """Read what a terminal shows until something is so."""
    told, end = "", time.monotonic() + 60
    while not done(told):
        assert time.monotonic() < end, told
        if select.select([master], [], [], 0.02)[0]:
            told += os.read(master, 65536).decode(errors="replace")
