"""Scenarios through the program: an engineer's story, and each command's ways to go well or not."""

import re
from pathlib import Path

import pytest

from tests.conftest import Git, Program, Terminal
from tests.support import Screen
from tests.writers import changed_by_head, message_of_head, refuse_remains, state, write_hook

BY_HAND = """\
# The support line. Ask Ada before you change the hours.
reference: support-in
name: Support inbound
type: interaction-start   # cannot change
x-owner: {name: Ada, room: "12"}
entry_points: ["+33100000000"]
start: menu

actions:
  menu:   # the greeting
    action: vocal-announcement
    message: greeting.wav
    branches:
      "1": queue  # sales
      "2": null   # free yet
      default: hours
  # office hours of Paris
  hours:
    action: test-calendar
    timezone: Europe/Paris
    open: ["Mon-Fri 08:00-19:00"]
    branches: {open: queue, closed: night}
  queue: {action: distribution-to-queue, queue: support, branches: {processed: null}}
  night: {action: transfer-to-number, number: "+33155000009", branches: {ok: null, error: null}}
"""
FILE = "scenarios/support-in.yaml"
ATTACH = ("attach", "support-in", "pbx-paris", "--after", "menu", "--branch", "2")
FALLBACK = ("--fallback", "queue")


@pytest.fixture
def support(workspace: Path, run: Program, git: Git) -> Path:
    """A workspace with the endpoints pbx-paris and pbx-lyon, and the scenario; its file."""
    for name in ("paris", "lyon"):
        text = f"reference: pbx-{name}\nhost: sip.{name}.example.net\n"
        (workspace / f"endpoints/pbx-{name}.yaml").write_text(text)
    (workspace / "scenarios").mkdir()
    (workspace / FILE).write_text(BY_HAND)
    git("add", ".")
    git("commit", "--quiet", "--message=Before")
    return workspace / FILE


def subject(git: Git) -> str:
    return git("log", "-1", "--format=%s").rstrip("\n")


def test_a_story(workspace: Path, sipctl: Program, git: Git) -> None:
    """Two endpoints and a scenario, from the first attachment until all is gone again."""
    sipctl("create", "pbx-paris", "--host", "sip.paris.example.net")
    sipctl("create", "pbx-lyon", "--host", "sip.lyon.example.net")
    (workspace / "scenarios").mkdir()
    file = workspace / FILE
    file.write_text(BY_HAND)
    sipctl("save")
    assert changed_by_head(workspace) == [f"A\t{FILE}"]

    words = [
        "attach",
        "support-in",
        "pbx-paris",
        "--after",
        "menu",
        "--branch",
        "2",
        "--fallback",
        "queue",
    ]
    sipctl(*words)
    assert changed_by_head(workspace) == [f"M\t{FILE}"]
    assert subject(git) == "Attach pbx-paris to scenario support-in"
    assert file.read_text() == BY_HAND.replace('"2": null ', '"2": pbx-paris ') + (
        "  pbx-paris: {action: distribution-to-sip-endpoint, endpoint: pbx-paris, "
        "branches: {processed: null, unprocessed: queue, reference-not-found: queue}}\n"
    )

    line = len(file.read_text().splitlines())
    assert f"{FILE}:{line}:63" in sipctl("uses", "pbx-paris").out
    refused = sipctl("delete", "pbx-paris", check=3)
    assert f"{FILE}:{line}" in refused.err
    assert '"pbx-paris" is in use' in refused.err
    assert refused.out == ""

    sipctl("rename", "pbx-paris", "pbx-ville")
    assert changed_by_head(workspace) == [
        "R057\tendpoints/pbx-paris.yaml\tendpoints/pbx-ville.yaml",
        f"M\t{FILE}",
    ]
    assert "endpoint: pbx-ville," in file.read_text()
    assert sipctl("validate", "--strict").err.endswith("no findings\n")
    trace = ["scenario", "trace", "support-in", "--take", "menu=2", "--expect"]
    assert "ends at pbx-ville, sip.paris.example.net:5060" in sipctl(*trace, "pbx-ville").out
    sipctl(*trace, "pbx-lyon", check=1)

    (workspace / "endpoints/pbx-ville.yaml").unlink()
    found = sipctl("validate", check=1)
    assert 'there is no endpoint "pbx-ville"' in found.out
    assert f"--> {FILE}:{line}:63\n" in found.out
    assert "pbx-ville" in sipctl("delete", "pbx-ville", check=3).err

    sipctl("detach", "support-in", "pbx-ville")
    assert subject(git) == "Detach pbx-ville from scenario support-in"
    assert changed_by_head(workspace) == [f"M\t{FILE}"]
    assert file.read_text() == BY_HAND.replace('"2": null ', '"2": queue ')
    sipctl("delete", "pbx-ville")
    assert changed_by_head(workspace) == ["D\tendpoints/pbx-ville.yaml"]
    assert subject(git) == "Delete pbx-ville"
    sipctl("delete", "pbx-lyon")
    sipctl("validate", "--strict")
    assert git("status", "--porcelain") == ""
    refuse_remains(workspace)


# -- create ----------------------------------------------------------------------------------------


def test_a_scenario_is_created_from_options(workspace: Path, run: Program) -> None:
    words = ["night", "--type", "interaction-end", "--name", "Night: off", "--description", "x # y"]
    numbers = ["--entry-point", "+33100000001,+33100000002", "--entry-point", "+33100000003"]
    done = run("scenario", "create", *words, *numbers)
    assert done.out.startswith("+ scenario night\n")
    assert (workspace / "scenarios/night.yaml").read_text() == (
        'reference: night\nname: "Night: off"\ndescription: "x # y"\ntype: interaction-end\n'
        'entry_points: ["+33100000001", "+33100000002", "+33100000003"]\n'
    )
    assert changed_by_head(workspace) == ["A\tscenarios/night.yaml"]
    assert message_of_head(workspace) == (
        "Create scenario night\n\nscenario created: night\n  name: Night: off\n"
        "  description: x # y\n  type: interaction-end\n"
        "  entry_points: +33100000001, +33100000002, +33100000003\n\nSipctl-Operation: create"
    )
    run("validate", "--strict")


def test_a_scenario_needs_a_reference_and_has_a_type(workspace: Path, run: Program) -> None:
    run("scenario", "create", "day")
    text = "reference: day\ntype: interaction-start\n"
    assert (workspace / "scenarios/day.yaml").read_text() == text
    assert "sipctl scenario create SCENARIO" in run("scenario", "create", check=2).err


def test_an_endpoint_and_a_scenario_may_have_the_same_reference(
    support: Path, run: Program, git: Git
) -> None:
    run("scenario", "create", "pbx-paris")
    run("create", "support-in", "--host", "a.example.net")
    run("rename", "support-in", "other")
    assert support.is_file()
    run("scenario", "delete", "pbx-paris")
    assert run("list", "-o", "name").lines == ["other", "pbx-lyon", "pbx-paris"]
    assert run("scenario", "list", "-o", "name").lines == ["support-in"]


REFUSED = {
    "scenario create support-in": 'the scenario "support-in" exists already',
    "scenario create Support-In": '"Support-In" and the scenario "support-in" differ in case only',
    "scenario create a/b": '"a/b" is not a reference: "/" is not allowed in it',
    "scenario create new --type interaction-stop": 'did you mean "interaction-start"?',
    "scenario create new --entry-point 0123": "0123",
    "scenario create new --entry-point +33100000000": "leads to another scenario too",
    "scenario edit support-in --start men": 'did you mean "menu"?',
    "scenario edit support-in --unset type": 'the key "type" is missing',
    "scenario edit support-in --unset start": 'there are actions and no "start"',
    "scenario edit suport-in --name x": 'did you mean "support-in"?',
    "scenario edit pbx-paris --name x": 'there is no scenario "pbx-paris"',
    "scenario show suport-in": 'did you mean "support-in"?',
    "scenario show support-in --at nowhere": "nowhere",
    "scenario duplicate support-in support-in": "exists already",
    "scenario duplicate support-in new --entry-point +33100000000": "leads to another",
    "scenario duplicate nobody new": 'there is no scenario "nobody"',
    "scenario rename support-in pbx:1": "is not a reference",
    "scenario rename nobody new": "`sipctl scenario list -o name`",
    "scenario delete support-in nobody": 'there is no scenario "nobody"',
    "attach support-in pbx-pari --after menu --branch 2": 'did you mean "pbx-paris"?',
    "attach suport-in pbx-paris": 'did you mean "support-in"?',
    "attach support-in pbx-pari": 'did you mean "pbx-paris"?',
    "attach support-in pbx-paris --after men": 'did you mean "menu"?',
    "attach support-in pbx-paris --after menu --branch 1": "--insert",
    "detach support-in pbx-paris": "it uses no endpoint",
    "detach support-in --action menu": "is no distribution to a SIP endpoint",
    "reroute pbx-paris nobody": 'there is no endpoint "nobody"',
    "uses pbx-pari": 'did you mean "pbx-paris"?',
}


@pytest.mark.parametrize("line", REFUSED)
def test_what_is_refused_says_why_and_changes_nothing(
    line: str, support: Path, run: Program
) -> None:
    before = state(support.parent.parent)
    result = run(*line.split(), check=3)
    assert REFUSED[line] in result.err
    assert result.out == ""
    assert state(support.parent.parent) == before


WRONG = {
    "scenario": "Usage:",
    "scenario nonsense": "no such command",
    "scenario create": "a reference is missing",
    "scenario edit support-in": "nothing to change is given",
    "scenario edit support-in --unset tipe": '"tipe" is not a field',
    "scenario edit support-in --unset name --name x": '"name" is both set and unset',
    "scenario list -o nonsense": '"nonsense" is not an output format',
    "scenario delete": "SCENARIO",
    "attach support-in": "ENDPOINT",
    "attach support-in pbx-paris --branch 2": "--after menu --branch 2",
    "detach support-in": "an endpoint is missing",
    "reroute pbx-paris": "NEW",
    "uses": "REF",
    "uses pbx-paris -o mermaid": '"mermaid" is not an output format',
}


@pytest.mark.parametrize("line", WRONG)
def test_wrong_usage_has_status_2(line: str, support: Path, run: Program) -> None:
    result = run(*line.split(), check=2)
    assert WRONG[line] in result.err
    assert result.out == ""


# -- edit, duplicate, rename, delete ---------------------------------------------------------------


def test_an_edit_changes_the_line_of_its_field(support: Path, run: Program, git: Git) -> None:
    run("scenario", "edit", "support-in", "--name", "Support", "--start", "hours")
    text = BY_HAND.replace("name: Support inbound", "name: Support")
    assert support.read_text() == text.replace("start: menu", "start: hours")
    assert subject(git) == "Change name and start of scenario support-in"


@pytest.mark.parametrize("field", ["entry-points", "entry_points", "entry-point"])
def test_a_field_is_taken_out_by_the_name_of_its_option_or_key(
    field: str, support: Path, run: Program
) -> None:
    run("scenario", "edit", "support-in", "--unset", field, "--unset", "x-owner")
    text = re.sub(r"^(entry_points|x-owner): .*\n", "", BY_HAND, flags=re.MULTILINE)
    assert support.read_text() == text


def test_an_edit_in_the_editor_is_judged_and_committed(
    support: Path, terminal: Terminal, git: Git, tmp_path: Path
) -> None:
    script = tmp_path / "editor"
    script.write_text('#!/bin/sh\nsed -i \'s/"2": null /"2": night/\' "$1"\n')
    script.chmod(0o755)
    terminal("scenario", "edit", "support-in", env={"EDITOR": str(script)})
    assert support.read_text() == BY_HAND.replace('"2": null ', '"2": night')
    assert subject(git) == "Change actions.menu.branches.2 of scenario support-in"


def test_a_duplicate_has_comments_and_no_number_of_the_first(
    support: Path, run: Program, git: Git
) -> None:
    run("scenario", "duplicate", "support-in", "night-in", "--name", "Night")
    text = BY_HAND.replace("reference: support-in", "reference: night-in")
    text = text.replace("Support inbound", "Night").replace('entry_points: ["+33100000000"]\n', "")
    assert (support.parent / "night-in.yaml").read_text() == text
    assert support.read_text() == BY_HAND
    assert subject(git) == "Duplicate scenario support-in as night-in"
    run("validate", "--strict")


def test_a_scenario_is_renamed_with_its_uses(support: Path, run: Program, git: Git) -> None:
    run("attach", "support-in", "pbx-paris", "--after", "menu", "--branch", "2")
    run("scenario", "rename", "support-in", "day-in")
    assert changed_by_head(support.parent.parent) == [f"R097\t{FILE}\tscenarios/day-in.yaml"]
    assert subject(git) == "Rename scenario support-in to day-in"
    assert run("uses", "pbx-paris", "-o", "name").lines == ["day-in"]


def test_deleting_a_scenario_frees_what_it_used(support: Path, run: Program, git: Git) -> None:
    run("attach", "support-in", "pbx-paris", "--after", "menu", "--branch", "2")
    run("delete", "pbx-paris", check=3)
    assert run("scenario", "delete", "support-in").out.startswith("- scenario support-in\n")
    assert subject(git) == "Delete scenario support-in"
    run("delete", "pbx-paris")


def test_a_scenario_that_was_removed_by_hand_is_deleted(
    support: Path, run: Program, git: Git
) -> None:
    support.unlink()
    run("scenario", "delete", "support-in")
    assert changed_by_head(support.parent.parent.absolute()) == [f"D\t{FILE}"]
    assert git("status", "--porcelain") == ""


# -- list and show ---------------------------------------------------------------------------------


def test_list_tells_what_each_scenario_uses(support: Path, run: Program) -> None:
    run("attach", "support-in", "pbx-paris", "--after", "menu", "--branch", "2")
    run("scenario", "create", "Empty")
    row = "support-in,Support inbound,interaction-start,+33100000000,5,pbx-paris"
    assert run("scenario", "list", "-o", "csv").lines == [
        "reference,name,type,entry points,actions,endpoints",
        "Empty,,interaction-start,,0,",
        row,
    ]
    assert run("scenario", "list", "-o", "name").lines == ["Empty", "support-in"]
    document = run("scenario", "list", "-o", "json").json
    assert [s["reference"] for s in document["scenarios"]] == ["Empty", "support-in"]
    assert document["scenarios"][1]["endpoints"] == ["pbx-paris"]
    assert document["unreadable"] == []
    for word in row.split(","):
        assert word in run("scenario", "list").out


def test_list_shows_the_rest_and_tells_of_a_scenario_that_cannot_be_read(
    support: Path, run: Program
) -> None:
    (support.parent / "bad.yaml").write_text("actions: [")
    (support.parent.parent / "endpoints/bad.yaml").write_text("host: [")
    result = run("scenario", "list", "-o", "json")
    assert [s["reference"] for s in result.json["scenarios"]] == ["support-in"]
    assert result.json["unreadable"] == ["scenarios/bad.yaml"]
    assert "could not be read: endpoints/bad.yaml, scenarios/bad.yaml" in result.err
    assert "mend scenarios/bad.yaml" in run("scenario", "show", "bad", check=3).err


def test_show_tells_the_scenario_in_every_format(support: Path, run: Program, git: Git) -> None:
    shown = run("scenario", "show", "support-in", "-o", "json").json["scenario"]
    assert shown["start"] == "menu"
    assert shown["x-owner"] == {"name": "Ada", "room": "12"}
    assert shown["actions"]["menu"]["branches"] == {"1": "queue", "2": None, "default": "hours"}
    assert list(shown["actions"]) == ["menu", "hours", "queue", "night"]
    assert shown["endpoints"] == []
    assert run("scenario", "show", "support-in", "-o", "name").lines == ["support-in"]
    assert run("scenario", "show", "support-in", "-o", "csv").lines[:3] == [
        "action,type,branch,target",
        "menu,vocal-announcement,1,queue",
        "menu,vocal-announcement,2,",
    ]
    (support.parent / "one.yaml").write_text(
        "reference: one\ntype: interaction-start\nstart: a\nactions: {a: {action: pause}}\n"
    )
    assert run("scenario", "show", "one", "-o", "csv").lines[1:] == ["a,pause,,"]
    for format in ("table", "yaml", "mermaid", "dot"):
        assert "night" in run("scenario", "show", "support-in", "-o", format).out
    run("scenario", "edit", "support-in", "--start", "hours")
    before = run("scenario", "show", "support-in", "--at", "HEAD~1", "-o", "json").json
    assert before["scenario"]["start"] == "menu"


# -- endpoints and their uses ----------------------------------------------------------------------


def test_uses_are_told_in_every_format(support: Path, run: Program) -> None:
    run(*ATTACH)
    place: dict[str, str | int] = {"scenario": "support-in", "action": "pbx-paris"}
    place |= {"file": FILE, "line": 25, "column": 63}
    document = run("uses", "pbx-paris", "-o", "json").json
    assert document.pop("unreadable") == []
    assert document == {"version": 1, "reference": "pbx-paris", "uses": [place]}
    assert run("uses", "pbx-paris", "-o", "csv").lines == [
        ",".join(place),
        ",".join(map(str, place.values())),
    ]
    assert run("uses", "pbx-paris", "-o", "name").lines == ["support-in"]
    assert f"{FILE}:25:63" in run("uses", "pbx-paris").out
    assert run("uses", "pbx-lyon", "-o", "json").json["uses"] == []


def test_uses_of_an_endpoint_that_is_gone_are_told(support: Path, run: Program) -> None:
    run(*ATTACH)
    (support.parent.parent / "endpoints/pbx-paris.yaml").unlink()
    assert run("uses", "pbx-paris", "-o", "name").lines == ["support-in"]


def test_lists_and_queries_know_what_is_used(support: Path, run: Program) -> None:
    run(*ATTACH)
    run("scenario", "duplicate", "support-in", "twin")
    header, lyon, paris = run("list", "--uses", "-o", "csv").lines
    assert header.endswith(",scenarios")
    assert lyon.endswith(",0")
    assert paris.endswith(",2")
    assert run("search", "used:no", "-o", "name").lines == ["pbx-lyon"]
    assert run("search", "used:yes", "--uses", "-o", "csv").lines == [header, paris]
    assert run("list", "--where", "in:twin", "-o", "name").lines == ["pbx-paris"]
    assert run("search", "in:support-*", "paris", "-o", "name").lines == ["pbx-paris"]
    assert run("search", "in:nothing", "-o", "name").lines == []
    shown = run("show", "pbx-paris", "-o", "json").json["endpoint"]
    assert shown["used_by"] == ["support-in", "twin"]


def test_a_query_chooses_what_to_delete(support: Path, run: Program) -> None:
    run(*ATTACH)
    assert f"{FILE}:25" in run("delete", "--where", "paris", check=3).err
    run("delete", "--where", "used:no", "--force")
    assert run("list", "-o", "name").lines == ["pbx-paris"]


def test_a_cascade_is_one_commit(support: Path, run: Program, git: Git) -> None:
    run(*ATTACH)
    told = run("delete", "pbx-paris", "--cascade", check=3).err
    assert "callers would hear silence" in told
    assert "`sipctl detach support-in --action pbx-paris --fallback ACTION`" in told
    run("delete", "pbx-paris", "--cascade", "--close")
    assert changed_by_head(support.parent.parent) == ["D\tendpoints/pbx-paris.yaml", f"M\t{FILE}"]
    assert support.read_text() == BY_HAND


def test_an_endpoint_that_was_removed_by_hand_is_deleted_as_if_it_were_there(
    support: Path, run: Program, git: Git
) -> None:
    run(*ATTACH)
    endpoints = support.parent.parent / "endpoints"
    (endpoints / "pbx-paris.yaml").unlink()
    refused = run("delete", "pbx-paris", check=3).err
    assert '"pbx-paris" is in use' in refused
    assert "--cascade detaches first" in refused
    assert "callers would hear silence" in run("delete", "pbx-paris", "--cascade", check=3).err
    assert "scenarios" not in git("status", "--porcelain")
    run("delete", "pbx-paris", "pbx-lyon", "--cascade", "--close")
    assert subject(git) == "Delete 2 endpoints"
    deleted = [f"D\tendpoints/pbx-{city}.yaml" for city in ("lyon", "paris")]
    assert changed_by_head(support.parent.parent) == [*deleted, f"M\t{FILE}"]
    assert support.read_text() == BY_HAND
    assert git("status", "--porcelain") == ""


def test_a_scenario_that_was_edited_is_not_taken_along_by_a_cascade(
    support: Path, run: Program, git: Git
) -> None:
    run(*ATTACH)
    (support.parent.parent / "endpoints/pbx-paris.yaml").unlink()
    support.write_text(edited := support.read_text() + "# edited\n")
    refused = run("delete", "pbx-paris", "--cascade", "--close", check=3).err
    assert f"{FILE}: uncommitted changes are in the way" in refused
    assert support.read_text() == edited


def test_a_detach_leads_on_or_ends_as_it_is_told(support: Path, run: Program) -> None:
    run(*ATTACH)
    run("detach", "support-in", "pbx-paris", check=3)
    run("detach", "support-in", "pbx-paris", "--fallback", "night")
    assert support.read_text() == BY_HAND.replace('"2": null ', '"2": night ')
    run("attach", "support-in", "pbx-paris", "--after", "menu", "--branch", "2", "--replace")
    run("detach", "support-in", "--action", "pbx-paris", "--close")
    assert support.read_text() == BY_HAND


def test_a_reroute_can_be_held_to_one_scenario(support: Path, run: Program) -> None:
    run(*ATTACH)
    run("scenario", "duplicate", "support-in", "twin")
    run("reroute", "pbx-paris", "pbx-lyon", "--in", "twin")
    assert run("uses", "pbx-paris", "-o", "name").lines == ["support-in"]
    assert run("uses", "pbx-lyon", "-o", "name").lines == ["twin"]


def test_the_commits_of_attachments_tell_what_they_did(
    support: Path, run: Program, git: Git
) -> None:
    root = support.parent.parent
    run(*ATTACH, *FALLBACK, "--id", "trunk")
    assert message_of_head(root) == (
        "Attach pbx-paris to scenario support-in\n\nscenario changed: support-in\n"
        "  actions.menu.branches.2: null -> trunk\n"
        "  actions.trunk.action: - -> distribution-to-sip-endpoint\n"
        "  actions.trunk.endpoint: - -> pbx-paris\n"
        "  actions.trunk.branches.processed: - -> null\n"
        "  actions.trunk.branches.unprocessed: - -> queue\n"
        "  actions.trunk.branches.reference-not-found: - -> queue\n\n"
        "Sipctl-Operation: attach support-in pbx-paris"
    )
    run("reroute", "pbx-paris", "pbx-lyon", "--in", "support-in", "-m", "To Lyon")
    assert message_of_head(root) == (
        "To Lyon\n\nscenario changed: support-in\n"
        "  actions.trunk.endpoint: pbx-paris -> pbx-lyon\n\n"
        "Sipctl-Operation: reroute pbx-paris pbx-lyon"
    )
    run("detach", "support-in", "--action", "trunk")
    assert subject(git) == "Detach pbx-lyon from scenario support-in"


# -- the ways of every writing command -------------------------------------------------------------

WRITERS = {
    "scenario create": ("scenario", "create", "night", "--name", "Night"),
    "scenario edit": ("scenario", "edit", "support-in", "--name", "Day"),
    "scenario duplicate": ("scenario", "duplicate", "support-in", "night"),
    "scenario rename": ("scenario", "rename", "support-in", "night"),
    "scenario delete": ("scenario", "delete", "support-in"),
    "attach": (*ATTACH, *FALLBACK),
    "detach": ("detach", "support-in", "pbx-lyon"),
    "reroute": ("reroute", "pbx-lyon", "pbx-paris"),
    "rename": ("rename", "pbx-lyon", "pbx-nice"),
    "delete --cascade": ("delete", "pbx-lyon", "--cascade"),
}
every_writer = pytest.mark.parametrize("line", WRITERS.values(), ids=list(WRITERS))


@pytest.fixture
def lyon(support: Path, git: Git) -> Path:
    """The same, pbx-lyon being used where the menu's key 1 leads."""
    text = BY_HAND.replace('"1": queue', '"1": lyon') + (
        "  lyon: {action: distribution-to-sip-endpoint, endpoint: pbx-lyon, "
        "branches: {unprocessed: queue, reference-not-found: queue}}\n"
    )
    support.write_text(text)
    git("commit", "--all", "--quiet", "--message=Lyon")
    return support.parent.parent


@every_writer
def test_json_tells_what_changed_and_the_commit(
    line: tuple[str, ...], lyon: Path, run: Program, git: Git
) -> None:
    document = run(*line, "-o", "json", "-m", "By the pipeline").json
    assert document["version"] == 1
    assert document["commit"] == git("rev-parse", "HEAD").strip()
    assert subject(git) == "By the pipeline"
    files = git("show", "--format=", "--name-only", "--no-renames", "HEAD").split()
    assert sorted(document["files"]) == files
    assert {change["reference"] for change in document["changes"]} <= {Path(f).stem for f in files}


def some_writers(*names: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("line", [WRITERS[name] for name in names], ids=names)


@some_writers("attach", "rename", "delete --cascade", "scenario rename")
def test_without_a_commit_the_files_are_written_and_no_more(
    line: tuple[str, ...], lyon: Path, run: Program, git: Git
) -> None:
    head = git("rev-parse", "HEAD")
    document = run(*line, "--no-commit", "-o", "json").json
    assert document["commit"] is None
    assert git("rev-parse", "HEAD") == head
    changed = {row[3:] for row in git("status", "--porcelain", "-uall").splitlines()}
    assert changed == set(document["files"])
    run("save")
    assert git("status", "--porcelain") == ""


@some_writers("attach", "rename", "delete --cascade", "scenario rename")
def test_uncommitted_changes_are_not_swept_into_a_commit(
    line: tuple[str, ...], lyon: Path, run: Program
) -> None:
    with (lyon / FILE).open("a") as stream:
        stream.write("# by hand\n")
    before = state(lyon)
    told = run(*line, check=3).err
    assert f"{FILE}: uncommitted changes are in the way" in told
    assert "`sipctl save support-in`" in told
    assert state(lyon) == before


@some_writers("rename", "delete --cascade")
def test_a_change_of_an_endpoint_and_its_uses_is_one(
    line: tuple[str, ...], lyon: Path, run: Program, git: Git
) -> None:
    before = state(lyon)
    shown = run(*line, "--dry-run").out
    write_hook(lyon, "pre-commit", "echo no way >&2; exit 1")
    assert "no way" in run(*line, check=3).err
    assert state(lyon) == before
    refuse_remains(lyon)
    (lyon / ".git/hooks/pre-commit").unlink()
    run(*line)
    done = git("rev-parse", "HEAD^{tree}")
    git("reset", "--quiet", "--hard", "HEAD~1")
    git("apply", "--index", "-", input=shown)
    assert git("write-tree") == done


def test_what_would_bring_an_error_is_refused_with_the_finding(support: Path, run: Program) -> None:
    support.write_text(BY_HAND.replace('"1": queue ', '"1": queu ', 1))
    run("save", check=3)
    told = run(*ATTACH[:4], "menu", "--branch", "1", "--insert", "--no-commit", check=3).err
    assert 'did you mean "queue"?' in told
    assert f"--> {FILE}:" in told


def test_a_save_that_leaves_a_use_dangling_is_refused(lyon: Path, run: Program, git: Git) -> None:
    git("rm", "--quiet", "endpoints/pbx-lyon.yaml")
    before = state(lyon)
    for line in ("save", "save pbx-lyon", "reroute nobody pbx-paris"):
        assert "there is no endpoint" in run(*line.split(), check=3).err
    assert '"pbx-lyon" is in use' in run("delete", "pbx-lyon", check=3).err
    assert state(lyon) == before


def test_an_import_can_bring_what_is_missing(lyon: Path, run: Program, git: Git) -> None:
    git("rm", "--quiet", "endpoints/pbx-lyon.yaml")
    git("commit", "--quiet", "--message=Without sipctl")
    run("validate", check=1)
    table = lyon / "table.csv"
    table.write_text("reference,host\npbx-lyon,sip.lyon.example.net\n")
    run("import", table)
    run("validate")


# -- on a terminal ---------------------------------------------------------------------------------


def test_an_empty_answer_takes_the_type_of_most_scenarios(
    workspace: Path, terminal: Terminal
) -> None:
    screen = terminal("scenario", "create", answers=["night", "", "", "", ""])
    assert "(empty: interaction-start)" in screen.text
    text = (workspace / "scenarios/night.yaml").read_text()
    assert text == "reference: night\ntype: interaction-start\n"


def test_create_asks_for_what_the_form_asks_for(workspace: Path, terminal: Terminal) -> None:
    answers = ["a b", "night", "Night line", "interaction-stop", "interaction-end", "", "0123, 5"]
    answers += ["+33100000001, +33100000002"]
    screen = terminal("scenario", "create", answers=answers)
    assert '"a b" is not a reference: " " is not allowed in it' in screen.text
    assert '"interaction-stop" is not a type of scenario' in screen.text
    assert '"0123" is not a number in the form of E.164' in screen.text
    assert (workspace / "scenarios/night.yaml").read_text() == (
        "reference: night\nname: Night line\ntype: interaction-end\n"
        'entry_points: ["+33100000001", "+33100000002"]\n'
    )


def test_create_asks_only_for_what_is_not_given(workspace: Path, terminal: Terminal) -> None:
    words = ["scenario", "create", "--type", "interaction-end", "--name", "Night"]
    screen = terminal(*words, answers=["night", "", ""])
    assert "Type" not in screen.text
    assert "Name" not in screen.text
    text = "reference: night\nname: Night\ntype: interaction-end\n"
    assert (workspace / "scenarios/night.yaml").read_text() == text


def test_create_asks_nothing_where_the_reference_is_given(
    workspace: Path, terminal: Terminal
) -> None:
    terminal("scenario", "create", "night")
    assert (workspace / "scenarios/night.yaml").is_file()


def offered(screen: Screen) -> dict[int, str]:
    """The branches with a number, by it: what the tree shows behind."""
    found = re.findall(r"^ *\[(\d+)\][ │]*[├└↓]─? +(.*) →", screen.text, re.MULTILINE)
    return {int(number): label for number, label in found}


def test_attach_asks_again_until_an_answer_is_a_branch(
    support: Path, terminal: Terminal, git: Git
) -> None:
    wrong = ["0", "99", "menu", "menu/", "men/2", "/2", "queue/procesed", "\u00b2"]
    screen = terminal("attach", "support-in", "pbx-paris", answers=[*wrong, "menu/7"])
    for answer in wrong:
        assert f'"{answer}" is no branch of this scenario' in screen.text
    numbers = offered(screen)
    assert list(numbers) == list(range(1, len(numbers) + 1))
    assert '      "7": pbx-paris\n' in support.read_text()
    assert subject(git) == "Attach pbx-paris to scenario support-in"


def test_an_answer_at_the_return_key_alone_is_asked_again(
    support: Path, terminal: Terminal
) -> None:
    terminal("attach", "support-in", "pbx-paris", "-n", answers=["", "1"])


@pytest.mark.parametrize("number", [1, 6, 7, 9])
def test_a_number_leads_to_the_branch_that_it_stands_at(
    number: int, support: Path, terminal: Terminal
) -> None:
    """The order of the file is not the order of the tree."""
    screen = terminal("attach", "support-in", "pbx-paris", "-n", answers=[str(number)])
    label = offered(screen)[number]
    key = label if label[0].isalpha() else f'"{label}"'
    assert re.search(rf"^\+.*[ {{]{re.escape(key)}: pbx-paris\b", screen.text, re.MULTILINE)


def test_only_a_branch_of_the_action_that_is_given_is_numbered_and_taken(
    support: Path, terminal: Terminal
) -> None:
    answers = ["6", "menu/2", "night/ok", "4"]
    screen = terminal("attach", "support-in", "pbx-paris", "--after", "queue", answers=answers)
    for answer in answers[:-1]:
        assert f'"{answer}" is no branch of "queue"' in screen.text
    labels = ["processed", "unprocessed", "reference-not-found", "overflow", "dissuasion"]
    assert offered(screen) == dict(enumerate(labels, 1))
    assert "overflow: pbx-paris" in support.read_text()


@pytest.mark.parametrize("answer", ["2", "3", "menu/3", "9", "*"])
def test_a_key_of_the_menu_that_is_given_is_its_own_number(
    answer: str, support: Path, terminal: Terminal
) -> None:
    """The first open branch is that of key 2."""
    words = ("attach", "support-in", "pbx-paris", "-n", "--after", "menu")
    screen = terminal(*words, answers=["default/x", "1x", answer])
    assert offered(screen) == {2: "2", 3: "3"}
    assert 'which branch of "menu" (its label, or its number): 1x\n' in screen.text
    assert '"1x" is no branch of "menu"\n' in screen.text
    key = answer.removeprefix("menu/")
    assert re.search(rf"^\+.*\"{re.escape(key)}\": pbx-paris\b", screen.text, re.MULTILINE)


def test_a_label_of_the_action_that_is_given_is_taken_though_it_leads_on(
    support: Path, terminal: Terminal
) -> None:
    words = ("attach", "support-in", "pbx-paris", "-n", "--after", "hours", "--insert")
    screen = terminal(*words, answers=["1", "open"])
    assert offered(screen) == {}
    assert 'which branch of "hours" (its label): ' in screen.text
    assert '"1" is no branch of "hours"' in screen.text
    assert "open: pbx-paris" in screen.text


def test_nothing_is_asked_where_nothing_can_be_chosen(
    support: Path, run: Program, terminal: Terminal, git: Git
) -> None:
    for line in ("attach support-in pbx-pari", "attach nobody pbx-paris"):
        assert "there is no" in terminal(*line.split(), check=3).text
    assert "there is no action" in terminal(*ATTACH[:4], "men", check=3).text
    told = terminal("attach", "support-in", "pbx-paris", "--branch", "2", check=2).text
    assert "--after menu --branch 2" in told
    terminal(*ATTACH)
    run("scenario", "create", "empty")
    terminal("attach", "empty", "pbx-lyon")
    assert subject(git) == "Attach pbx-lyon to scenario empty"


@pytest.mark.parametrize("env", [{}, {"SIPCTL_NO_INPUT": "1"}])
def test_without_a_terminal_the_open_branches_are_listed(
    env: dict[str, str], support: Path, run: Program, terminal: Terminal
) -> None:
    words = ("attach", "support-in", "pbx-paris")
    told = terminal(*words, env=env, check=2).text if env else run(*words, check=2).err
    assert told == (
        'sipctl: where in "support-in" is not given\n'
        "hint: these branches are open:\n"
        "  --after queue --branch processed\n"
        "  --after queue --branch unprocessed\n"
        "  --after queue --branch reference-not-found\n"
        "  --after queue --branch overflow\n"
        "  --after queue --branch dissuasion\n"
        "  --after menu --branch 2\n"
        "  --after night --branch ok\n"
        "  --after night --branch error\n"
        "  --after menu --branch 3 (or 4 5 6 7 8 9 0 '*' '#')\n"
    )


def test_the_open_branches_of_an_action_are_listed(support: Path, run: Program) -> None:
    told = run("attach", "support-in", "pbx-paris", "--after", "queue", check=2).err
    assert 'which branch of "queue" is not given' in told
    assert re.findall(r"--after (\w+)", told) == ["queue"] * 5
    told = run("attach", "support-in", "pbx-paris", "--after", "hours", check=2).err
    assert "no branch is open" in told
    assert "--insert or --replace" in told


def test_a_long_list_of_open_branches_is_cut(support: Path, run: Program) -> None:
    many = "".join(f"  n{n}: {{action: voicemail}}\n" for n in range(20))
    support.write_text(BY_HAND + many)
    told = run("attach", "support-in", "pbx-paris", check=2).err
    assert told.count("--after") == 20
    assert told.endswith("  and 29 more\n")


def test_an_interrupted_question_changes_nothing(
    support: Path, terminal: Terminal, git: Git
) -> None:
    before = state(support.parent.parent)
    for line in ("attach support-in pbx-paris", "scenario create"):
        assert "interrupted" in terminal(*line.split(), answers=["\x03"], check=130).text
    assert state(support.parent.parent) == before
