"""History, blame, restore and undo where scenarios are concerned, through real Git."""

from pathlib import Path

import pytest

from sipctl import operations, status
from sipctl.changes import Plan
from sipctl.errors import Refused
from sipctl.history import log
from sipctl.history.restore import restore_all_members, restore_members
from sipctl.history.undo import undo_commit
from sipctl.inventory import Inventory
from sipctl.kinds import ENDPOINT, SCENARIO, Kind
from sipctl.outcome import Outcome, Planner
from sipctl.scenarios import attaching
from sipctl.scenarios.attaching import Place
from sipctl.workspace import read_member
from sipctl.yamlfile.write import UNSET
from tests.conftest import Program
from tests.story import GIVEN, LYON, PARIS, Story, renamed
from tests.support import execute

SUPPORT = """\
# The day line.
reference: support-in
name: Support inbound
type: interaction-start
entry_points: ["+33100000000"]
start: menu
actions:
  menu:  # what callers hear first
    action: vocal-announcement
    x-owner: ada
    branches: {"1": queue, "2": null, default: queue}

  queue:
    action: distribution-to-queue
    queue: support
    branches: {processed: null, unprocessed: null}
"""
OF_MENU = (
    "actions.menu.action actions.menu.x-owner "
    "actions.menu.branches.1 actions.menu.branches.2 actions.menu.branches.default"
)
OF_QUEUE = (
    "actions.queue.action actions.queue.queue "
    "actions.queue.branches.processed actions.queue.branches.unprocessed"
)
ATTACHED = (
    "actions.menu.branches.2: null -> pbx-paris, "
    "actions.pbx-paris.action: - -> distribution-to-sip-endpoint, "
    "actions.pbx-paris.endpoint: - -> pbx-paris, "
    "actions.pbx-paris.branches.processed: - -> null, "
    "actions.pbx-paris.branches.unprocessed: - -> queue, "
    "actions.pbx-paris.branches.reference-not-found: - -> queue"
)
NIGHT = """\
  night:
    action: transfer-to-number
    number: "+33155000009"
    branches: {ok: null, error: null}
"""
AT_MENU = Place(after="menu", branch="2", fallback="queue")


@pytest.fixture
def story(workspace: Path) -> Story:
    """Two endpoints and a scenario that uses none of them yet."""
    story = Story(workspace)
    (workspace / "scenarios").mkdir()
    story.put("pbx-paris", PARIS)
    story.put("pbx-lyon", LYON)
    story.put("support-in", SUPPORT, SCENARIO)
    story.commit()
    return story


def attach(story: Story, endpoint: str = "pbx-paris", place: Place = AT_MENU) -> str:
    return _commit(story, lambda i: attaching.attach(i, "support-in", endpoint, place))


def detach(story: Story, endpoint: str = "pbx-paris") -> str:
    return _commit(story, lambda i: attaching.detach(i, "support-in", endpoint))


def rename(story: Story, old: str, new: str, kind: Kind = ENDPOINT) -> str:
    return _commit(story, lambda i: operations.rename(i, old, new, kind))


def _commit(story: Story, planner: Planner) -> str:
    commit = story.run(planner).commit
    assert commit is not None
    return commit


def restore(story: Story, *references: str, **options: object) -> Outcome:
    def planner(inventory: Inventory) -> Plan:
        return restore_members(inventory, story.repository, references, kind=SCENARIO, **options)  # type: ignore[arg-type]

    return story.run(planner)


def restore_all(
    story: Story, at: str, kind: Kind = SCENARIO, fields: tuple[str, ...] = ()
) -> Outcome:
    return story.run(
        lambda i: restore_all_members(i, story.repository, at, fields=fields, kind=kind)
    )


def undo(story: Story, revision: str | None = None, *, force: bool = False) -> Outcome:
    return story.run(lambda i: undo_commit(i, story.repository, revision, force=force))


def text(story: Story, reference: str = "support-in", kind: Kind = SCENARIO) -> str:
    return story.file(reference, kind).read_bytes().decode()


def write(story: Story, old: str, new: str, reference: str = "support-in") -> str:
    """A change of the scenario by hand."""
    before = text(story, reference)
    assert old in before
    return story.does(reference, before.replace(old, new), kind=SCENARIO)


def told(story: Story, *fields: str, reference: str = "support-in") -> list[str]:
    return story.of(reference, SCENARIO, fields=fields)


# -- history -------------------------------------------------------------------------------------


def test_each_field_of_each_action_has_its_history(story: Story) -> None:
    attach(story)
    rename(story, "pbx-paris", "pbx-idf")
    write(story, "queue: support", "queue: sales")
    write(story, "Support inbound", "Support")
    assert told(story) == [
        "changed support-in: name: Support inbound -> Support",
        "changed support-in: actions.queue.queue: support -> sales",
        "changed support-in: actions.pbx-paris.endpoint: pbx-paris -> pbx-idf",
        f"changed support-in: {ATTACHED}",
        f"created support-in: name type entry_points start {OF_MENU} {OF_QUEUE}",
    ]
    assert story.of_all(SCENARIO) == told(story)


def test_a_field_is_chosen_with_all_that_is_below_it(story: Story) -> None:
    attach(story)
    write(story, "queue: support", "queue: sales")
    assert told(story, "actions.menu") == [
        "changed support-in: actions.menu.branches.2: null -> pbx-paris",
        f"created support-in: {OF_MENU}",
    ]
    assert told(story, "actions.menu.branches.2") == [
        "changed support-in: actions.menu.branches.2: null -> pbx-paris",
        "created support-in: actions.menu.branches.2",
    ]
    assert told(story, "actions.queue.queue", "name")[0].endswith("support -> sales")
    assert told(story, "actions.men") == told(story, "actions.menu.branch") == []


def test_history_of_endpoints_and_of_scenarios_are_apart(story: Story) -> None:
    attach(story)
    rename(story, "pbx-paris", "pbx-idf")
    assert story.of("pbx-idf") == ["renamed pbx-idf from pbx-paris", f"created pbx-paris: {GIVEN}"]
    assert len(story.of_all()) == 2
    kinds = {c.member_kind for entry in story.entries(kind=SCENARIO) for c in entry.changes}
    assert kinds == {SCENARIO}
    with pytest.raises(Refused, match='there is no scenario "pbx-idf", and there never was one'):
        story.of("pbx-idf", SCENARIO)
    with pytest.raises(Refused, match='there is no scenario "support-im"') as refused:
        story.of("support-im", SCENARIO)
    assert refused.value.hint == 'did you mean "support-in"?'


def test_history_and_blame_go_on_through_a_rename_with_edits(story: Story) -> None:
    first = story.commits[0]
    story.put("support-in", None, SCENARIO)
    changed = renamed(SUPPORT, "help-in").replace("queue: support", "queue: sales")
    moved = story.does("help-in", changed, kind=SCENARIO)
    assert told(story, reference="help-in")[0] == (
        "renamed help-in from support-in: actions.queue.queue: support -> sales"
    )
    blame = story.blame("help-in", SCENARIO)
    assert (blame["reference"], blame["actions.queue.queue"]) == (moved, moved)
    assert blame["actions.menu.branches.1"] == first


def test_a_copy_is_told_from_what_it_was_copied(story: Story) -> None:
    _commit(
        story,
        lambda i: operations.duplicate(
            i, "support-in", "sales-in", {"entry_points": UNSET}, SCENARIO
        ),
    )
    assert told(story, reference="sales-in") == [
        "duplicated sales-in from support-in: entry_points: +33100000000 -> -"
    ]
    rows = log.blame(story.repository, "sales-in", SCENARIO)
    sources = {row.field: row.source for row in rows}
    assert (sources["actions.menu.branches.1"], sources["reference"]) == ("support-in", None)


def test_scenarios_that_are_empty_yet_are_no_copies_of_each_other(story: Story) -> None:
    empty = "reference: one\ntype: interaction-start\n"
    story.does("one", empty, kind=SCENARIO)
    story.does("two", renamed(empty, "two"), kind=SCENARIO)
    for number in range(11):  # an import
        story.put(f"new-{number}", renamed(empty, f"new-{number}"), SCENARIO)
    story.commit()
    for name in ("two", "new-1"):
        assert told(story, reference=name) == [f"created {name}: type"]


def test_a_look_alike_in_another_order_is_no_copy(story: Story) -> None:
    head, menu, queue = SUPPORT.partition("actions:")[0], *_actions(SUPPORT)
    text = head.replace('"+33100000000"', '"+33100000001"') + "actions:\n" + queue + menu
    story.does("sales-in", renamed(text, "sales-in"), kind=SCENARIO)
    assert told(story, reference="sales-in")[0].startswith("created sales-in")


def _actions(scenario: str) -> tuple[str, str]:
    menu, _, queue = scenario.partition("actions:\n")[2].partition("\n\n")
    return menu + "\n", queue


def test_files_of_two_kinds_are_never_kin(story: Story) -> None:
    story.put("pbx-lyon", None)
    document = "reference: other\nhost: sip.lyon.example.net\ntype: interaction-start\n"
    story.does("other", document, kind=SCENARIO)
    assert story.of("pbx-lyon")[0] == "deleted pbx-lyon: host"
    assert told(story, reference="other") == ["created other: type host"]


def test_the_order_of_actions_and_how_they_are_written_is_no_change(story: Story) -> None:
    head, menu, queue = SUPPORT.partition("actions:")[0], *_actions(SUPPORT)
    block = "branches:\n      processed: null\n      unprocessed: ~\n"
    queue = queue.replace("branches: {processed: null, unprocessed: null}\n", block)
    story.does("support-in", head + "actions:\n" + queue + menu, kind=SCENARIO)
    assert len(told(story)) == 1


def test_no_change_is_lost_behind_a_version_that_cannot_be_parsed(story: Story) -> None:
    first = story.commits[0]
    story.does("support-in", "<<<<<<< ours\n" + SUPPORT, kind=SCENARIO)
    mended = story.does("support-in", SUPPORT.replace("support\n", "sales\n"), kind=SCENARIO)
    assert told(story)[:2] == [
        "changed support-in: actions.queue.queue: support -> sales",
        "unreadable support-in",
    ]
    blame = story.blame("support-in", SCENARIO)
    assert (blame["actions.queue.queue"], blame["name"]) == (mended, first)


def test_blame_names_the_commit_of_each_branch_and_parameter(story: Story) -> None:
    first = story.commits[0]
    attached = attach(story)
    moved = rename(story, "pbx-paris", "pbx-idf")
    write(story, "queue: support", "queue: sales")
    back = write(story, "queue: sales", "queue: support")
    story.put("support-in", text(story).replace("x-owner: ada", "x-owner: bob"), SCENARIO)
    blame = story.blame("support-in", SCENARIO)
    assert blame["actions.menu.branches.2"] == attached
    assert blame["actions.menu.branches.1"] == first
    assert blame["actions.pbx-paris.branches.unprocessed"] == attached
    assert blame["actions.pbx-paris.endpoint"] == moved
    assert blame["actions.queue.queue"] == back
    assert blame["actions.menu.x-owner"] is None
    chosen = log.blame(story.repository, "support-in", SCENARIO, ("actions.pbx-paris", "name"))
    assert [row.field for row in chosen] == [
        "name",
        "actions.pbx-paris.action",
        "actions.pbx-paris.endpoint",
        "actions.pbx-paris.branches.processed",
        "actions.pbx-paris.branches.unprocessed",
        "actions.pbx-paris.branches.reference-not-found",
    ]


def test_a_clean_merge_of_two_actions_has_no_changes_of_its_own(story: Story) -> None:
    story.git("switch", "--quiet", "--create", "side")
    theirs = write(story, "queue: support", "queue: sales")
    story.git("switch", "--quiet", "main")
    ours = write(story, "Support inbound", "Support")
    story.merge("side")
    assert story.commits_of("support-in", SCENARIO)[:2] == [ours, theirs]
    blame = story.blame("support-in", SCENARIO)
    assert (blame["actions.queue.queue"], blame["name"]) == (theirs, ours)


def everything(story: Story) -> list[object]:
    """All that history and blame tell of both kinds, but for the hashes."""
    found: list[object] = []
    for kind, references in ((ENDPOINT, ("pbx-lyon", "b")), (SCENARIO, ("support-in", "help-in"))):
        found += [(e.commit.time, e.changes) for e in story.entries(kind=kind)]
        for reference in references:
            found += [(e.commit.time, e.changes) for e in story.entries(reference, kind)]
            if story.file(reference, kind).exists():
                rows = log.blame(story.repository, reference, kind)
                found += [(r.field, r.value, r.source, r.commit and r.commit.time) for r in rows]
    return found


def test_with_every_trailer_stripped_the_history_is_the_same(story: Story) -> None:
    plans: list[Planner] = [
        lambda i: attaching.attach(i, "support-in", "pbx-paris", AT_MENU),
        lambda i: operations.rename(i, "pbx-paris", "b"),
        lambda i: operations.duplicate(
            i, "support-in", "copy", {"entry_points": UNSET, "name": "Copy"}, SCENARIO
        ),
        lambda i: attaching.reroute(i, "b", "pbx-lyon", "copy"),
        lambda i: operations.rename(i, "support-in", "help-in", SCENARIO),
        lambda i: operations.edit(i, ["help-in"], {"name": "Help"}, SCENARIO),
        lambda i: operations.delete(i, ["copy"], SCENARIO),
        lambda i: restore_members(i, story.repository, ["copy"], kind=SCENARIO),
        lambda i: operations.delete(i, ["b"], cascade=True),
        lambda i: undo_commit(i, story.repository),
    ]
    for plan in plans:
        _commit(story, plan)
    before = everything(story)
    script = "sed /^Sipctl-Operation:/d"
    quiet = {"FILTER_BRANCH_SQUELCH_WARNING": "1"}
    execute(["git", "filter-branch", "--msg-filter", script], cwd=story.root, env=quiet)
    assert "Sipctl-Operation" not in story.git("log", "--format=%B")
    assert everything(story) == before
    kinds = {change.kind for entry in story.entries(kind=SCENARIO) for change in entry.changes}
    assert kinds == {"created", "changed", "renamed", "duplicated", "deleted"}


# -- restore -------------------------------------------------------------------------------------


def test_restore_goes_back_before_the_last_change(story: Story) -> None:
    write(story, "queue: support", "queue: sales")
    write(story, "# The day line.", "# The line.")
    restore(story, "support-in")
    assert text(story) == SUPPORT
    subject = f"Restore scenario support-in to {story.commits[0][:10]}"
    assert story.git("log", "-1", "--format=%s").strip() == subject


def test_a_deleted_scenario_comes_back_byte_for_byte(story: Story) -> None:
    _commit(story, lambda i: operations.delete(i, ["support-in"], SCENARIO))
    restore(story, "support-in")
    assert text(story) == SUPPORT


def test_a_scenario_is_restored_under_its_present_name(story: Story) -> None:
    write(story, "queue: support", "queue: sales")
    rename(story, "support-in", "help-in", SCENARIO)
    with pytest.raises(Refused, match="it is called help-in now"):
        restore(story, "support-in")
    outcome = restore(story, "support-in", at="HEAD~2")
    assert outcome.plan.notes == ("scenario support-in: it is called help-in now, and stays so",)
    assert text(story, "help-in") == renamed(SUPPORT, "help-in")
    restore(story, "help-in", at="HEAD~2")
    restore(story, "help-in", at="HEAD~4")
    assert text(story, "help-in") == renamed(SUPPORT, "help-in")


def test_a_restored_scenario_names_endpoints_as_they_are_called_now(story: Story) -> None:
    attach(story)
    attached = text(story)
    rename(story, "pbx-paris", "pbx-idf")
    detach(story, "pbx-idf")
    rename(story, "pbx-idf", "pbx-ile")
    outcome = restore(story, "support-in", at="HEAD~3")
    assert text(story) == attached.replace("endpoint: pbx-paris", "endpoint: pbx-ile")
    assert outcome.plan.notes == (
        "scenario support-in: actions.pbx-paris: pbx-paris is called pbx-ile now, and stays so",
    )


def test_all_restored_scenarios_name_endpoints_as_they_are_called_now(story: Story) -> None:
    attach(story)
    attached = text(story)
    story.does("other", renamed(attached, "other").replace("3310", "3320"), kind=SCENARIO)
    story.git("tag", "v1")
    rename(story, "pbx-paris", "pbx-idf")
    for name in ("support-in", "other"):
        write(story, "queue: support", "queue: sales", name)
    outcome = restore_all(story, "v1")
    assert text(story) == attached.replace("endpoint: pbx-paris", "endpoint: pbx-idf")
    assert len(outcome.changes) == len(outcome.plan.notes) == 2


def test_a_name_that_another_endpoint_bears_today_is_not_that_endpoint(story: Story) -> None:
    attach(story)
    attached = text(story)
    rename(story, "pbx-paris", "pbx-idf")
    detach(story, "pbx-idf")
    rename(story, "pbx-lyon", "pbx-paris")
    restore(story, "support-in", at="HEAD~3")
    assert text(story) == attached.replace("endpoint: pbx-paris", "endpoint: pbx-idf")


def test_a_name_that_was_free_and_is_another_endpoints_is_told(story: Story) -> None:
    attach(story)
    attached = text(story)
    detach(story, "pbx-paris")
    story.run(lambda i: operations.delete(i, ["pbx-paris"]))
    rename(story, "pbx-lyon", "pbx-paris")
    outcome = restore(story, "support-in", at="HEAD~3")
    assert text(story) == attached
    [note] = outcome.plan.notes
    assert note.endswith(": pbx-paris is the name of another endpoint now than it was then")


def test_a_scenario_whose_endpoint_is_gone_does_not_come_back(story: Story) -> None:
    attach(story)
    detach(story)
    rename(story, "pbx-paris", "pbx-idf")
    _commit(story, lambda i: operations.delete(i, ["pbx-idf"]))
    with pytest.raises(Refused) as refused:
        restore(story, "support-in", at="HEAD~3")
    [finding] = refused.value.findings
    assert finding.message.startswith('there is no endpoint "pbx-paris"')
    assert (finding.rule, finding.place.file, finding.place.line) == (
        "unknown-endpoint",
        "scenarios/support-in.yaml",
        19,
    )
    assert "pbx-paris" not in text(story)


def test_only_the_fields_that_are_asked_for_are_restored(story: Story) -> None:
    write(story, "Support inbound", "Support")
    write(story, "queue: support", "queue: sales")
    write(story, '"1": queue', '"1": null')
    changed = text(story)
    outcome = restore(story, "support-in", at="HEAD~3", fields=("actions.queue", "name"))
    back = changed.replace("queue: sales", "queue: support")
    assert text(story) == back.replace("name: Support", "name: Support inbound")
    assert outcome.plan.subject.startswith("Restore actions.queue and name of scenario support-in")
    restore(story, "support-in", at="HEAD~4", fields=("actions.menu.branches.1",))
    assert text(story) == SUPPORT


def test_an_action_that_is_gone_comes_back_with_values_of_their_own_types(story: Story) -> None:
    own = """\
    repeat: 3
    volume: 0.5
    loud: true
    until: 2026-12-25
    code: "0123"
    word: "yes"
    nothing: null
    x-deep: {list: [1, "1", true, "true", 1e3], text: a b}
"""
    write(story, "    x-owner: ada\n", own)
    full = text(story)
    head, menu = full.partition("actions:\n")[0], _actions(full)[0]
    bare = head + "actions:\n" + _actions(full)[1]
    story.does("support-in", bare.replace("start: menu", "start: queue"), kind=SCENARIO)
    restore(story, "support-in", at="HEAD~1", fields=("actions.menu", "start"))
    lines = [line.split("#")[0].rstrip() for line in menu.splitlines()]
    assert text(story).splitlines()[-len(lines) :] == lines
    assert told(story)[0].startswith("changed support-in: start: queue -> menu")
    values = {row.field: row.value for row in log.blame(story.repository, "support-in", SCENARIO)}
    expected = {
        "repeat": 3,
        "loud": True,
        "code": "0123",
        "word": "yes",
        "nothing": None,
        "x-deep": {"list": [1, "1", True, "true", "1e3"], "text": "a b"},
    }
    assert {key: values[f"actions.menu.{key}"].data for key in expected} == expected


def test_actions_come_back_where_there_are_none_now(story: Story) -> None:
    empty = SUPPORT.partition("start:")[0]
    story.does("support-in", empty, kind=SCENARIO)
    fields = ("actions.menu", "actions.queue", "start")
    restore(story, "support-in", fields=fields)
    assert story.of("support-in", SCENARIO, limit=1)[0].startswith(
        "changed support-in: start: - ->"
    )
    restored = story.entries("support-in", SCENARIO)[0].changes[0].fields
    assert len(restored) == len(story.entries("support-in", SCENARIO)[-1].changes[0].fields) - 3


def test_a_field_that_was_not_there_goes(story: Story) -> None:
    write(story, "    queue: support\n", "    queue: support\n    priority: 5\n")
    write(story, "default: queue}", 'default: queue, "3": queue}')
    write(story, "start: menu\n", "start: menu\nx-note: n\n")
    fields = ("actions.queue.priority", "actions.menu.branches.3", "x-note")
    restore(story, "support-in", at="HEAD~3", fields=fields)
    assert text(story) == SUPPORT


@pytest.mark.parametrize(
    ("field", "words"),
    [
        ("actions.meun", 'there is no action "meun", and there was none'),
        ("actions.queue.branches.processed", '"support-in" has no action "queue" now'),
        ("reference", "not restored as a field"),
        ("actions.menu.x-owner.first", 'actions.menu.x-owner of "support-in" is no mapping now'),
    ],
)
def test_a_field_that_cannot_be_restored_is_refused(story: Story, field: str, words: str) -> None:
    write(story, "x-owner: ada", "x-owner: {first: ada}")
    alone = SUPPORT.partition("\n  queue:")[0].replace(": queue", ": null")
    story.does("support-in", alone, kind=SCENARIO)
    with pytest.raises(Refused, match=words):
        restore(story, "support-in", at="HEAD~1", fields=(field,))
    assert text(story) == alone


def test_branches_of_a_test_of_a_value_come_back_in_the_order_in_which_they_are_tried(
    story: Story,
) -> None:
    test = "action: test-value\n    value: caller\n    branches: "
    full = '{"+331*": queue, "+33*": null, "+4*": queue, default: null}'
    menu = SUPPORT.partition("    action: vocal")[2].partition("default: queue}")[0]
    old = "action: vocal" + menu + "default: queue}"
    write(story, old, test + full)
    write(story, '"+331*": queue, "+33*": null, ', "")
    write(story, '"+4*": queue', '"+49*": null, "+4*": queue')
    restore(story, "support-in", at="HEAD~2", fields=("actions.menu.branches.+33*",))
    assert _labels(story) == ["+33*", "+49*", "+4*", "default"]
    undo(story, "HEAD~2")
    assert _labels(story) == ["+331*", "+33*", "+49*", "+4*", "default"]


def _labels(story: Story) -> list[str]:
    scenario = read_member("scenarios/support-in.yaml", text(story).encode()).scenario
    assert scenario is not None
    return list(scenario.actions["menu"].branches)


def test_all_scenarios_go_back_to_a_revision_and_endpoints_stay(story: Story) -> None:
    story.git("tag", "v1")
    write(story, "queue: support", "queue: sales")
    rename(story, "support-in", "help-in", SCENARIO)
    story.does("later", "reference: later\ntype: interaction-end\n", kind=SCENARIO)
    story.does("pbx-lyon", LYON + "port: 5061\n")
    outcome = restore_all(story, "v1")
    assert sorted((c.kind, c.reference) for c in outcome.changes) == [
        ("deleted", "later"),
        ("renamed", "support-in"),
    ]
    assert text(story) == SUPPORT
    assert text(story, "pbx-lyon", ENDPOINT) == LYON + "port: 5061\n"
    assert outcome.plan.subject.startswith("Restore all scenarios to ")


def test_a_field_of_all_scenarios_goes_back(story: Story) -> None:
    story.does("other", renamed(SUPPORT, "other").replace("3310", "3320"), kind=SCENARIO)
    for name in ("support-in", "other"):
        write(story, "queue: support", "queue: sales", name)
        write(story, "Support inbound", "Other", name)
    restore_all(story, "HEAD~4", fields=("actions.queue",))
    for name in ("support-in", "other"):
        assert "queue: support" in text(story, name)
        assert "name: Other" in text(story, name)


def test_endpoints_do_not_go_back_under_names_that_leave_scenarios_dangling(story: Story) -> None:
    story.git("tag", "v1")
    rename(story, "pbx-paris", "pbx-idf")
    attach(story, "pbx-idf")
    attached = text(story)
    with pytest.raises(Refused) as refused:
        restore_all(story, "v1", ENDPOINT)
    [finding] = refused.value.findings
    assert (finding.rule, finding.place.file) == ("unknown-endpoint", "scenarios/support-in.yaml")
    line = attached.splitlines()[finding.place.line - 1]
    assert line.strip() == "endpoint: pbx-idf"
    assert story.file("pbx-idf").exists()
    assert text(story) == attached


# -- undo ----------------------------------------------------------------------------------------


def test_undo_of_attach_gives_the_first_bytes_back(story: Story) -> None:
    attach(story)
    undo(story)
    assert text(story) == SUPPORT


def test_undo_of_what_was_edited_by_hand_and_saved(story: Story) -> None:
    by_hand = SUPPORT.replace('"1": queue', '"1": night').replace(
        "  queue:\n", NIGHT + "  queue:\n"
    )
    story.put("support-in", by_hand, SCENARIO)
    story.put("pbx-lyon", LYON + "port: 5061\n")
    saved = _commit(story, status.save_planner(story.root, []))
    undo(story)
    assert (text(story), text(story, "pbx-lyon", ENDPOINT)) == (SUPPORT, LYON)
    undo(story, "HEAD")
    write(story, "x-owner: ada", "x-owner: bob")
    undo(story, saved)
    assert text(story) == SUPPORT.replace("x-owner: ada", "x-owner: bob")


def test_undo_of_detach_brings_the_action_back(story: Story) -> None:
    attach(story)
    attached = text(story)
    detach(story)
    undo(story)
    assert text(story) == attached


def test_undo_of_attach_to_an_empty_scenario_leaves_it_empty(story: Story) -> None:
    empty = "reference: other\ntype: interaction-start  # new\n"
    story.does("other", empty, kind=SCENARIO)
    attached = _commit(story, lambda i: attaching.attach(i, "other", "pbx-paris", Place()))
    write(story, "# new", "# not so new", "other")
    undo(story, attached)
    assert text(story, "other") == empty.replace("# new", "# not so new")


def test_undo_of_attach_keeps_later_changes_of_other_actions(story: Story) -> None:
    attached = attach(story)
    write(story, "queue: support", "queue: sales  # now")
    write(story, '"1": queue', '"1": null')
    undo(story, attached)
    wanted = SUPPORT.replace("queue: support", "queue: sales  # now")
    assert text(story) == wanted.replace('"1": queue', '"1": null')


def test_undo_of_detach_keeps_later_changes_of_other_actions(story: Story) -> None:
    attach(story)
    attached = text(story)
    detached = detach(story)
    write(story, "queue: support", "queue: sales  # now")
    undo(story, detached)
    assert text(story) == attached.replace("queue: support", "queue: sales  # now")


def test_undo_of_a_rename_takes_the_uses_with_it_and_keeps_later_changes(story: Story) -> None:
    attach(story)
    attached = text(story)
    moved = rename(story, "pbx-paris", "pbx-idf")
    write(story, "queue: support", "queue: sales  # now")
    outcome = undo(story, moved)
    assert text(story) == attached.replace("queue: support", "queue: sales  # now")
    assert not story.file("pbx-idf").exists()
    assert [(c.kind, c.member_kind.noun, c.reference) for c in outcome.changes] == [
        ("renamed", "endpoint", "pbx-paris"),
        ("changed", "scenario", "support-in"),
    ]
    undo(story, outcome.commit)
    assert "endpoint: pbx-idf" in text(story)
    assert story.file("pbx-idf").exists()


def test_undo_of_a_rename_that_a_later_use_needs_is_refused_with_the_place(story: Story) -> None:
    moved = rename(story, "pbx-paris", "pbx-idf")
    attach(story, "pbx-idf")
    with pytest.raises(Refused) as refused:
        undo(story, moved)
    [finding] = refused.value.findings
    assert (finding.rule, finding.place.file) == ("unknown-endpoint", "scenarios/support-in.yaml")


def test_undo_of_the_creation_of_an_endpoint_that_is_used_is_refused(story: Story) -> None:
    fields = {"reference": "pbx-nice", "host": "sip.nice.example.net"}
    created = _commit(story, lambda i: operations.create(i, [fields]))
    attach(story, "pbx-nice")
    with pytest.raises(Refused) as refused:
        undo(story, created)
    [finding] = refused.value.findings
    assert (finding.rule, finding.place.file) == ("unknown-endpoint", "scenarios/support-in.yaml")
    assert story.file("pbx-nice").exists()


def test_undo_of_a_cascade_brings_endpoint_and_uses_back(story: Story) -> None:
    attach(story)
    attached = text(story)
    _commit(story, lambda i: operations.delete(i, ["pbx-paris"], cascade=True))
    assert "pbx-paris" not in text(story)
    undo(story)
    assert (text(story), text(story, "pbx-paris", ENDPOINT)) == (attached, PARIS)


def test_undo_of_a_detach_names_the_endpoint_as_it_is_called_now(story: Story) -> None:
    attach(story)
    attached = text(story)
    detached = detach(story)
    rename(story, "pbx-paris", "pbx-idf")
    undo(story, detached)
    assert text(story) == attached.replace("endpoint: pbx-paris", "endpoint: pbx-idf")


def test_undo_of_one_use_takes_no_offence_at_a_rename_of_another(story: Story) -> None:
    attach(story)
    attach(story, place=Place(after="menu", branch="3", id="again", fallback="queue"))
    both = text(story)
    out = _commit(story, lambda i: attaching.detach(i, "support-in", action="again"))
    rename(story, "pbx-paris", "pbx-idf")
    undo(story, out)
    assert text(story) == both.replace("endpoint: pbx-paris", "endpoint: pbx-idf")


def test_undo_of_a_reroute_to_what_was_renamed_since(story: Story) -> None:
    attach(story)
    attached = text(story)
    rerouted = _commit(story, lambda i: attaching.reroute(i, "pbx-paris", "pbx-lyon"))
    rename(story, "pbx-lyon", "pbx-ain")
    undo(story, rerouted)
    assert text(story) == attached


def test_undo_finds_a_rename_by_what_most_of_a_scenario_says(story: Story) -> None:
    actions = SUPPORT.partition("start: menu\n")[2]
    short = f"reference: short\ntype: interaction-start\nstart: menu\n{actions}"
    story.does("short", short, kind=SCENARIO)
    story.put("short", None, SCENARIO)
    changed = renamed(short, "brief").replace("queue: support", "queue: sales")
    moved = story.does("brief", changed, kind=SCENARIO)
    outcome = undo(story, moved)
    assert text(story, "short") == short
    assert [(c.kind, c.source) for c in outcome.changes] == [("renamed", "brief")]


def test_undo_of_what_a_scenario_was_given_finds_it_under_its_present_name(story: Story) -> None:
    attached = attach(story)
    rename(story, "support-in", "help-in", SCENARIO)
    undo(story, attached)
    assert text(story, "help-in") == renamed(SUPPORT, "help-in")


def test_undo_of_a_rename_of_a_scenario_moves_it_back(story: Story) -> None:
    moved = rename(story, "support-in", "help-in", SCENARIO)
    write(story, "queue: support", "queue: sales", "help-in")
    undo(story, moved)
    assert text(story) == SUPPORT.replace("queue: support", "queue: sales")
    assert not story.file("help-in", SCENARIO).exists()


def test_undo_where_fields_of_actions_have_changed_again_lists_them_and_is_refused(
    story: Story,
) -> None:
    attached = attach(story)
    write(story, '"2": pbx-paris', '"2": queue')
    write(story, "endpoint: pbx-paris", "endpoint: pbx-lyon")
    before = text(story)
    with pytest.raises(Refused) as refused:
        undo(story, attached)
    assert refused.value.message.splitlines() == [
        '"Attach pbx-paris to scenario support-in" has been changed again since:',
        "scenario support-in: actions.menu.branches.2 is now queue, was set to pbx-paris",
        "scenario support-in: actions.pbx-paris.endpoint is now pbx-lyon, was set to pbx-paris",
    ]
    assert text(story) == before


def test_undo_where_an_action_has_come_or_gone_since_is_refused(story: Story) -> None:
    attach(story)
    changed = write(story, "unprocessed: queue,", "unprocessed: null,")
    detached = detach(story)
    with pytest.raises(Refused, match=r"actions\.pbx-paris is not there any more"):
        undo(story, changed)
    attach(story, "pbx-lyon", Place(after="menu", branch="3", id="pbx-paris"))
    with pytest.raises(Refused, match=r"actions\.pbx-paris is there again"):
        undo(story, detached)


def test_undo_of_a_creation_of_a_scenario_takes_it_away_unless_it_was_changed(
    story: Story,
) -> None:
    fields = {"reference": "other", "type": "interaction-end"}
    created = _commit(story, lambda i: operations.create(i, [fields], SCENARIO))
    attached = _commit(story, lambda i: attaching.attach(i, "other", "pbx-paris", Place()))
    with pytest.raises(Refused, match="scenario other: start is now pbx-paris, was set to -"):
        undo(story, created)
    undo(story, attached)
    undo(story, created)
    assert not story.file("other", SCENARIO).exists()


def test_undo_of_a_deletion_of_a_scenario_brings_it_back(story: Story) -> None:
    _commit(story, lambda i: operations.delete(i, ["support-in"], SCENARIO))
    undo(story)
    assert text(story) == SUPPORT


def test_undo_is_refused_while_a_scenario_cannot_be_read(story: Story) -> None:
    edited = _commit(story, lambda i: operations.edit(i, ["pbx-paris"], {"port": 5061}))
    broken = story.does("broken", "actions: [\n", kind=SCENARIO)
    with pytest.raises(Refused, match=r'"scenarios/broken.yaml" cannot be read') as refused:
        undo(story, edited)
    assert "--force" in refused.value.hint
    undo(story, edited, force=True)
    assert text(story, "pbx-paris", ENDPOINT) == PARIS
    undo(story, broken, force=True)
    assert not story.file("broken", SCENARIO).exists()


# -- on the command line -------------------------------------------------------------------------


def test_the_commands_tell_of_actions_and_fields(story: Story, run: Program) -> None:
    attached = attach(story)
    shown = run("scenario", "history", "support-in", "--action", "pbx-paris", "-n", "1")
    assert "~ scenario support-in\n" in shown.out
    assert "actions.pbx-paris.endpoint: - -> pbx-paris\n" in shown.out
    data = run("scenario", "history", "--field", "actions.menu.branches", "-o", "json").json
    [change] = data["history"][0]["changes"]
    assert (change["member"], change["kind"], change["reference"]) == (
        "scenario",
        "changed",
        "support-in",
    )
    assert [field["field"] for field in change["fields"]] == ["actions.menu.branches.2"]
    blame = run("scenario", "blame", "support-in", "--action", "pbx-paris", "-o", "json").json
    assert (blame["member"], blame["reference"]) == ("scenario", "support-in")
    assert {row["set_by"]["commit"] for row in blame["blame"]} == {attached}
    assert run("history", "-o", "json").json["history"][0]["changes"][0]["member"] == "endpoint"
    restored = run("scenario", "restore", "support-in", "-o", "json").json
    assert restored["changes"][0]["member"] == "scenario"
    assert text(story) == SUPPORT


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["history", "--field", "nmae"], '"nmae" is not a field of a scenario'),
        (["history", "--field", "name.first"], "is not a field of a scenario"),
        (["blame", "support-in", "--field", "actions..x"], "is not a field of a scenario"),
        (["restore"], "name scenarios, or choose them with --all"),
        (["restore", "--all"], "sipctl scenario restore --all --at REV"),
        (["restore", "support-in", "--at", "HEAD", "--back", "1"], "not both"),
    ],
)
def test_what_the_commands_cannot_take_is_wrong_usage(
    story: Story, run: Program, words: list[str], told: str
) -> None:
    assert told in run("scenario", *words, check=2).err


def test_an_action_with_a_dot_in_its_id_can_be_asked_for(story: Story, run: Program) -> None:
    attach(story, place=Place(after="menu", branch="2", id="to.paris"))
    told = run("scenario", "history", "--action", "to.paris").out
    assert 'actions."to.paris".endpoint: - -> pbx-paris' in told
    assert run("scenario", "history", "--field", 'actions."to.paris"').out == told
    assert run("scenario", "history", "--field", "actions.to.paris").out == ""
