"""History and blame by field, over histories that plain Git made."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sipctl import operations, tracked
from sipctl.errors import Refused
from sipctl.history import dates, log
from sipctl.history.lineage import Reader
from sipctl.history.log import Chosen, Entry
from sipctl.history.restore import restore_members
from sipctl.history.undo import undo_commit
from sipctl.kinds import SCENARIO
from sipctl.outcome import Planner
from sipctl.yamlfile.write import UNSET, Value
from tests.conftest import Program, Terminal
from tests.story import GIVEN, LYON, PARIS, Story, renamed
from tests.support import PROGRAM, Environment, environment, execute, steps

HOST = "sip.paris.example.net"
PORT = "port: 5060 -> 5061"


NAMING_PARIS = """\
reference: s
type: interaction-start
start: paris
actions:
  paris:
    action: distribution-to-sip-endpoint
    endpoint: pbx-paris
    branches: {processed: null, unprocessed: null, reference-not-found: null}
"""


@pytest.fixture
def story(workspace: Path) -> Story:
    return Story(workspace)


# -- a line of commits ---------------------------------------------------------------------------


def test_each_change_of_a_field_is_told_with_old_and_new(story: Story) -> None:
    created = story.does("pbx-paris", PARIS)
    edited = story.does("pbx-paris", PARIS.replace("5060", "5061"))
    entries = list(log.of(story.repository, "pbx-paris"))
    assert [entry.commit.oid for entry in entries] == [edited, created]
    assert entries[0].commit.author.email == "ada@example.net"
    assert entries[0].commit.time == "2026-03-01T00:02:00+00:00"
    assert story.of("pbx-paris") == [
        "changed pbx-paris: port: 5060 -> 5061",
        f"created pbx-paris: {GIVEN}",
    ]


def test_an_absent_field_is_told_by_its_default(story: Story) -> None:
    story.does("pbx-paris", PARIS)
    story.does("pbx-paris", PARIS.replace("port: 5060\n", ""))
    assert story.of("pbx-paris", limit=1) == ["changed pbx-paris: port: 5060 -> 5060 (default)"]


def test_a_commit_that_only_reformats_has_no_entry_and_no_blame(story: Story) -> None:
    created = story.does("pbx-paris", PARIS)
    story.does("pbx-paris", PARIS.replace("port: 5060", "# ours\nport:   5060"))
    lines = PARIS.replace("[alaw, ulaw]", "\n- alaw\n- ulaw").replace('"+33', "'+33")
    story.does("pbx-paris", "".join(reversed(PARIS.splitlines(keepends=True))))
    story.does("pbx-paris", lines.replace('001"', "001'"))
    story.does("pbx-paris", PARIS.replace("[paris, production]", "[production, paris]"))
    assert story.commits_of("pbx-paris") == [created]
    assert set(story.blame("pbx-paris").values()) == {created}
    assert len(story.of_all()) == 1


def test_blame_names_the_commit_that_last_set_each_field(story: Story) -> None:
    first = story.does("pbx-paris", PARIS)
    port = story.does("pbx-paris", PARIS.replace("5060", "5061"))
    both = PARIS.replace("5060", "5061").replace("sip.", "pbx.")
    host = story.does("pbx-paris", both + "description: x\n")
    story.does("pbx-paris", both)
    blame = story.blame("pbx-paris")
    assert (blame["port"], blame["host"], blame["realm"]) == (port, host, first)
    assert not {"description", "register"} & blame.keys()


def test_a_value_that_went_and_came_back_is_blamed_on_the_coming_back(story: Story) -> None:
    first = story.does("pbx-paris", PARIS)
    story.does("pbx-paris", PARIS.replace("5060", "5061"))
    last = story.does("pbx-paris", PARIS)
    assert story.blame("pbx-paris")["port"] == last
    assert story.blame("pbx-paris")["host"] == first


def test_what_is_not_committed_is_blamed_on_no_commit(story: Story) -> None:
    first = story.does("pbx-paris", PARIS)
    story.put("pbx-paris", PARIS.replace("5060", "5061"))
    assert story.blame("pbx-paris")["port"] is None
    assert story.blame("pbx-paris")["host"] == first
    story.put("pbx-lyon", LYON)
    assert set(story.blame("pbx-lyon").values()) == {None}
    assert story.of("pbx-lyon") == []


def test_passwords_show_by_their_form_only(story: Story) -> None:
    story.does("pbx-paris", PARIS.replace("{env: PARIS_PASSWORD}", "hunter2"))
    story.does("pbx-paris", PARIS.replace("{env: PARIS_PASSWORD}", "swordfish"))
    assert story.of("pbx-paris", limit=1) == [
        "changed pbx-paris: password: plain -> plain (another value)"
    ]
    shown = repr(list(log.of(story.repository, "pbx-paris")))
    assert not [secret for secret in ("hunter2", "swordfish") if secret in shown]


# -- files that cannot be read -------------------------------------------------------------------


def test_no_change_is_lost_behind_a_version_that_cannot_be_parsed(story: Story) -> None:
    first = story.does("pbx-paris", PARIS)
    story.does("pbx-paris", "<<<<<<< ours\n" + PARIS)
    story.does("pbx-paris", "port: [\n")
    mended = story.does("pbx-paris", PARIS.replace("5060", "5061"))
    assert story.of("pbx-paris") == [
        "changed pbx-paris: port: 5060 -> 5061",
        "unreadable pbx-paris",
        "unreadable pbx-paris",
        f"created pbx-paris: {GIVEN}",
    ]
    assert story.of_all() == story.of("pbx-paris")
    assert story.blame("pbx-paris")["port"] == mended
    assert story.blame("pbx-paris")["host"] == first


def test_a_file_that_begins_unreadable_is_created_when_it_can_be_read(story: Story) -> None:
    story.does("pbx-paris", "port: [\n")
    created = story.does("pbx-paris", PARIS)
    assert story.of("pbx-paris") == [f"created pbx-paris: {GIVEN}", "unreadable pbx-paris"]
    assert set(story.blame("pbx-paris").values()) == {created}


def test_a_value_that_its_field_forbids_is_history_all_the_same(story: Story) -> None:
    story.does("pbx-paris", PARIS.replace("5060", "many"))
    story.does("pbx-paris", PARIS)
    assert story.of("pbx-paris", limit=1) == ["changed pbx-paris: port: many -> 5060"]


# -- renames -------------------------------------------------------------------------------------


def test_history_goes_on_through_a_rename(story: Story) -> None:
    first = story.does("pbx-paris", PARIS)
    port = story.does("pbx-paris", PARIS.replace("5060", "5061"))
    story.put("pbx-paris", None)
    moved = story.does("pbx-idf", renamed(PARIS.replace("5060", "5061"), "pbx-idf"))
    assert story.of("pbx-idf") == [
        "renamed pbx-idf from pbx-paris",
        "changed pbx-paris: port: 5060 -> 5061",
        f"created pbx-paris: {GIVEN}",
    ]
    blame = story.blame("pbx-idf")
    assert (blame["reference"], blame["port"], blame["host"]) == (moved, port, first)
    assert story.of("pbx-paris") == story.of("pbx-idf") == story.of_all()


def test_a_rename_with_edits_in_the_same_commit_is_a_rename(story: Story) -> None:
    story.does("pbx-paris", PARIS)
    story.does("pbx-lyon", LYON)
    story.put("pbx-paris", None)
    edited = renamed(PARIS, "pbx-idf").replace("5060", "5061").replace("realm: paris", "realm: idf")
    moved = story.does("pbx-idf", edited)
    assert story.of("pbx-idf", limit=1) == [
        f"renamed pbx-idf from pbx-paris: {PORT}, realm: paris.example.net -> idf.example.net"
    ]
    assert story.blame("pbx-idf")["port"] == moved


def test_a_file_that_only_moved_is_a_rename(story: Story) -> None:
    story.does("pbx-paris", "broken: [\n")
    story.git("mv", "endpoints/pbx-paris.yaml", "endpoints/pbx-idf.yaml")
    story.commit()
    assert story.of("pbx-idf") == ["renamed pbx-idf from pbx-paris", "unreadable pbx-paris"]


def test_a_rename_may_change_case_only(story: Story) -> None:
    for name in ("PBX", "abc"):
        story.put(name, renamed(PARIS, name))
    story.commit()
    for old, new in (("PBX", "aaa"), ("abc", "pbx")):
        story.put(old, None)
        story.put(new, renamed(PARIS, new))
    story.commit()
    assert story.of("pbx")[0] == "renamed pbx from PBX"
    assert story.of("aaa")[0] == "renamed aaa from abc"


@pytest.mark.parametrize(
    ("before", "after", "kind"),
    [
        ("host: h\nport: 1\n", "host: h\nport: 2\n", "renamed"),  # one is equal, of two
        ("host: h\nport: 1\n", "host: h\n", "renamed"),
        ("host: h\n", "host: h\nport: 1\nrealm: r\n", "created"),
        ("host: h\nport: 1\n", "host: i\nport: 1\n", "created"),  # a port names nothing
        (
            "host: h\nport: 1\ncodecs: [alaw]\ntransport: tcp\n",
            "host: i\nport: 1\ncodecs: [alaw]\ntransport: tcp\n",
            "created",
        ),
        (
            "host: h\nport: 1\nusername: u\nrealm: r\n",
            "host: i\nport: 2\nusername: u\nrealm: r\n",
            "renamed",
        ),
        (  # another account at the same provider
            "host: h\nport: 1\nusername: u\npassword: {env: U}\n",
            "host: h\nport: 1\nusername: v\npassword: {env: V}\n",
            "created",
        ),
    ],
)
def test_half_of_the_fields_and_of_those_that_name_something_make_a_rename(
    story: Story, before: str, after: str, kind: str
) -> None:
    story.does("old", "reference: old\n" + before)
    story.put("old", None)
    story.does("new", "reference: new\n" + after)
    assert story.of("new")[0].startswith(kind)


def test_of_several_that_went_the_most_alike_was_renamed(story: Story) -> None:
    story.put("a", "reference: a\nhost: h\nport: 1\n")
    story.put("b", "reference: b\nhost: h\nport: 1\nrealm: r\n")
    story.commit()
    story.put("a", None)
    story.put("b", None)
    story.does("c", "reference: c\nhost: h\nport: 2\nrealm: r\n")
    assert story.of_all()[0] == "deleted a: host port; renamed c from b: port: 1 -> 2"


def test_scenarios_that_are_empty_yet_are_no_rename_of_each_other(story: Story) -> None:
    text = "reference: {0}\nname: {0}\ntype: interaction-start\n"
    story.does("old", text.format("old"), kind=SCENARIO)
    story.put("old", None, SCENARIO)
    story.does("new", text.format("new"), kind=SCENARIO)
    assert story.of_all(SCENARIO)[0] == "created new: name type; deleted old: name type"


def test_a_small_endpoint_is_followed_through_a_rename_with_an_edit(
    story: Story, run: Program
) -> None:
    run("create", "trunk", "--host", "h.example.net", "--port", "5070")
    start = story.git("rev-parse", "HEAD").strip()
    run("rename", "trunk", "line", "--no-commit")
    run("edit", "line", "--port", "5071", "--no-commit")
    told = "~ trunk -> line\n    port: 5070 -> 5071  ("
    assert told in run("diff").out
    run("save")
    assert story.of("line") == [
        "renamed line from trunk: port: 5070 -> 5071",
        "created trunk: host port",
    ]
    assert told in run("diff", start).out
    assert story.blame("line")["host"] == start
    run("restore", "line")
    assert story.file("line").read_text() == "reference: line\nhost: h.example.net\nport: 5070\n"


def test_a_rename_with_an_edit_that_was_squashed_is_a_rename(story: Story) -> None:
    story.does("old", "reference: old\nhost: h\nport: 1\n")
    story.git("checkout", "--quiet", "-b", "side")
    story.put("old", None)
    story.does("new", "reference: new\nhost: h\nport: 1\n")
    story.does("new", "reference: new\nhost: h\nport: 2\n")
    story.git("checkout", "--quiet", "main")
    story.git("merge", "--quiet", "--squash", "side")
    story.commit("Squashed")
    assert story.of_all() == ["renamed new from old: port: 1 -> 2", "created old: host port"]


def test_what_has_too_little_in_common_is_no_rename(story: Story) -> None:
    story.does("pbx-paris", PARIS)
    story.put("pbx-paris", None)
    story.does("pbx-lyon", LYON + "port: 5060\n")
    assert story.of_all()[0] == f"created pbx-lyon: host port; deleted pbx-paris: {GIVEN}"
    assert story.of("pbx-lyon") == ["created pbx-lyon: host port"]


def test_many_renames_in_one_commit_find_their_own(story: Story) -> None:
    for number in range(20):
        story.put(f"old-{number}", PARIS.replace("33155000001", f"3315500{number:04}"))
    story.commit()
    for number in range(20):
        story.put(f"old-{number}", None)
        text = PARIS.replace("33155000001", f"3315500{number:04}").replace("5060", "5061")
        story.put(f"new-{19 - number}", text)
    story.commit()
    for number in range(20):
        assert story.of(f"new-{19 - number}", limit=1) == [
            f"renamed new-{19 - number} from old-{number}: port: 5060 -> 5061"
        ]


def test_renames_there_and_back_are_both_told_once(story: Story) -> None:
    story.does("a", renamed(PARIS, "a"))
    story.put("a", None)
    story.does("b", renamed(PARIS, "b"))
    story.put("b", None)
    story.does("a", renamed(PARIS, "a"))
    assert story.of("a") == ["renamed a from b", "renamed b from a", f"created a: {GIVEN}"]


# -- duplicates ----------------------------------------------------------------------------------


def test_the_history_of_a_duplicate_begins_with_where_it_came_from(story: Story) -> None:
    story.does("pbx-paris", PARIS)
    copied = story.does("pbx-nice", renamed(PARIS, "pbx-nice"))
    port = story.does("pbx-nice", renamed(PARIS, "pbx-nice").replace("5060", "5061"))
    assert story.of("pbx-nice") == [
        "changed pbx-nice: port: 5060 -> 5061",
        "duplicated pbx-nice from pbx-paris",
    ]
    assert story.of("pbx-paris") == [f"created pbx-paris: {GIVEN}"]
    assert story.of_all()[1] == "duplicated pbx-nice from pbx-paris"
    blame = story.blame("pbx-nice")
    assert (blame["port"], blame["host"], blame["reference"]) == (port, copied, copied)
    sources = {row.field: row.source for row in log.blame(story.repository, "pbx-nice")}
    assert (sources["port"], sources["host"], sources["reference"]) == (None, "pbx-paris", None)


def test_a_duplicate_tells_what_differs_from_its_source(story: Story) -> None:
    story.does("pbx-paris", PARIS)
    text = renamed(PARIS, "pbx-nice").replace("sip.paris", "sip.nice").replace("5060", "5061")
    story.does("pbx-nice", text)
    assert story.of("pbx-nice") == [
        f"duplicated pbx-nice from pbx-paris: host: {HOST} -> sip.nice.example.net, {PORT}"
    ]


def test_the_most_alike_is_the_source_then_the_first_by_name(story: Story) -> None:
    story.does("zz-best", renamed(PARIS, "zz-best"))
    story.does("aa-like", renamed(PARIS, "aa-like").replace("5060", "5070"))
    story.does("pbx-nice", renamed(PARIS, "pbx-nice"))
    assert story.of("pbx-nice") == ["duplicated pbx-nice from zz-best"]
    story.does("copy", renamed(PARIS, "copy").replace("5060", "5099"))
    assert story.of("copy") == ["duplicated copy from aa-like: port: 5070 -> 5099"]


def test_a_copy_of_few_fields_is_told_as_one_while_none_of_them_is_changed(
    story: Story, run: Program
) -> None:
    story.does("pbx-lyon", LYON + "port: 5060\ntags: [live]\n")
    for new, port in (("same", "5060"), ("other", "5061")):
        run("duplicate", "pbx-lyon", new, "--port", port)
    assert story.of("same") == ["duplicated same from pbx-lyon"]
    assert story.of("other") == ["created other: host port tags"]
    run("edit", "pbx-lyon", "--realm", "lyon.example.net")
    run("duplicate", "pbx-lyon", "third", "--port", "5062")
    assert story.of("third") == ["duplicated third from pbx-lyon: port: 5060 -> 5062"]


def test_endpoints_that_agree_in_nothing_that_names_them_are_no_duplicates(story: Story) -> None:
    common = "port: 5060\ntransport: tls\ncodecs: [alaw]\nregister: true\ntags: [x]\n"
    story.does("a", "reference: a\nhost: a.example.net\n" + common)
    story.does("b", "reference: b\nhost: b.example.net\n" + common)
    assert story.of("b") == ["created b: host port transport codecs register tags"]


def test_a_source_may_be_gone_by_now(story: Story) -> None:
    story.does("a", renamed(PARIS, "a"))
    story.does("b", renamed(PARIS, "b"))
    story.does("a", None)
    story.does("c", renamed(PARIS, "c"))
    assert [line for line in story.of_all() if line.startswith("duplicated")] == [
        "duplicated c from b",
        "duplicated b from a",
    ]


def test_the_order_of_fields_tells_a_changed_copy_from_a_look_alike(story: Story) -> None:
    story.does("a", renamed(PARIS, "a"))
    lines = renamed(PARIS, "b").splitlines(keepends=True)
    story.does("b", "".join(reversed(lines)).replace("5060", "5061"))
    assert story.of("b") == [f"created b: {GIVEN}"]
    story.does("c", "".join(reversed(lines)).replace("pbx-paris", "c"))
    assert story.of("c") == ["duplicated c from a"]


def test_in_an_import_only_exact_copies_are_duplicates(story: Story) -> None:
    story.does("pbx-paris", PARIS)
    for number in range(11):
        story.put(f"new-{number}", renamed(PARIS, f"new-{number}").replace("5060", f"6{number:03}"))
    story.put("new-99", renamed(PARIS, "new-99"))
    story.commit()
    assert story.of("new-1") == [f"created new-1: {GIVEN}"]
    assert story.of("new-99") == ["duplicated new-99 from pbx-paris"]


def test_a_source_that_is_renamed_in_the_same_commit_is_a_source(story: Story) -> None:
    story.does("a", renamed(PARIS, "a"))
    story.put("a", None)
    story.put("b", renamed(PARIS, "b"))
    story.does("c", renamed(PARIS, "c"))
    assert story.of_all()[0] == "renamed b from a; duplicated c from a"


# -- deleting and creating again -----------------------------------------------------------------


def test_a_deleted_endpoint_has_its_history(story: Story) -> None:
    story.does("pbx-paris", PARIS)
    story.does("pbx-paris", None)
    story.does("pbx-lyon", LYON)
    assert story.of("pbx-paris") == [
        f"deleted pbx-paris: {GIVEN}",
        f"created pbx-paris: {GIVEN}",
    ]
    with pytest.raises(Refused, match='there is no endpoint "pbx-paris"'):
        story.blame("pbx-paris")


def test_an_endpoint_that_is_created_again_has_both_lives(story: Story) -> None:
    story.does("pbx-paris", PARIS)
    story.does("pbx-paris", None)
    again = story.does("pbx-paris", PARIS)
    assert [line.split()[0] for line in story.of("pbx-paris")] == ["created", "deleted", "created"]
    assert set(story.blame("pbx-paris").values()) == {again}


def test_an_endpoint_that_lived_on_a_merged_branch_only_has_its_history(story: Story) -> None:
    story.does("pbx-lyon", LYON)
    story.git("switch", "--quiet", "--create", "side")
    story.does("pbx-paris", PARIS)
    story.does("pbx-paris", None)
    story.git("switch", "--quiet", "main")
    story.does("pbx-lyon", LYON + "port: 5061\n")
    story.merge("side")
    assert [line.split()[0] for line in story.of("pbx-paris")] == ["deleted", "created"]
    assert len(story.of_all()) == 4


def test_a_reference_that_never_was_is_refused(story: Story) -> None:
    story.does("pbx-paris", PARIS)
    with pytest.raises(Refused, match="never was one") as refused:
        story.of("pbx-pari")
    assert refused.value.hint == 'did you mean "pbx-paris"?'
    for odd in ("", "../sipctl", "a/b", "*", ":/", "-n"):
        with pytest.raises(Refused, match="never was one"):
            story.of(odd)


# -- merges --------------------------------------------------------------------------------------


@pytest.fixture
def forked(story: Story) -> Story:
    """The endpoint on main, and a branch `side` that is checked out."""
    story.does("pbx-paris", PARIS)
    story.git("switch", "--quiet", "--create", "side")
    return story


def test_a_clean_merge_has_no_changes_of_its_own(forked: Story) -> None:
    host = forked.does("pbx-paris", PARIS.replace("sip.", "pbx."))
    forked.git("switch", "--quiet", "main")
    realm = forked.does("pbx-paris", PARIS.replace("realm: paris", "realm: idf"))
    forked.merge("side")
    assert forked.commits_of("pbx-paris") == [realm, host, forked.commits[0]]
    blame = forked.blame("pbx-paris")
    assert (blame["host"], blame["realm"]) == (host, realm)
    assert blame["port"] == forked.commits[0]
    assert len(forked.of_all()) == 3


def test_what_a_merge_resolves_to_one_side_is_blamed_on_that_side(forked: Story) -> None:
    theirs = forked.does("pbx-paris", PARIS.replace("5060", "5070").replace("sip.", "pbx."))
    forked.git("switch", "--quiet", "main")
    ours = forked.does("pbx-paris", PARIS.replace("5060", "5080").replace("alaw, ulaw", "alaw"))
    both = PARIS.replace("5060", "5070").replace("sip.", "pbx.").replace("alaw, ulaw", "alaw")
    forked.merge("side", resolve=lambda: forked.put("pbx-paris", both))
    blame = forked.blame("pbx-paris")
    assert (blame["port"], blame["host"], blame["codecs"]) == (theirs, theirs, ours)
    assert forked.commits_of("pbx-paris") == [ours, theirs, forked.commits[0]]


def test_what_a_merge_gives_anew_is_its_own(forked: Story) -> None:
    forked.does("pbx-paris", PARIS.replace("5060", "5070"))
    forked.git("switch", "--quiet", "main")
    forked.does("pbx-paris", PARIS.replace("5060", "5080"))
    text = PARIS.replace("5060", "5090")
    merge = forked.merge("side", resolve=lambda: forked.put("pbx-paris", text))
    assert forked.of("pbx-paris", limit=1) == ["changed pbx-paris: port: 5080 -> 5090"]
    assert forked.of_all(limit=1) == forked.of("pbx-paris", limit=1)
    assert forked.blame("pbx-paris")["port"] == merge


def test_a_value_that_both_sides_share_is_blamed_before_the_fork(forked: Story) -> None:
    forked.does("pbx-paris", PARIS.replace("5060", "5070"))
    forked.does("pbx-paris", PARIS)
    forked.does("pbx-paris", PARIS.replace("sip.", "pbx."))
    forked.git("switch", "--quiet", "main")
    forked.does("pbx-paris", PARIS.replace("realm: paris", "realm: idf"))
    forked.merge("side")
    assert forked.blame("pbx-paris")["port"] == forked.commits[0]


def test_an_octopus_is_read_like_any_merge(story: Story) -> None:
    first = story.does("pbx-paris", PARIS)
    sides = {}
    for branch, old, new in (
        ("one", "sip.", "pbx."),
        ("two", "realm: paris", "realm: idf"),
        ("three", "[paris, production]", "[paris]"),
    ):
        story.git("switch", "--quiet", "--create", branch, "main")
        story.put(f"new-{branch}", LYON)
        sides[branch] = story.does("pbx-paris", PARIS.replace(old, new))
    story.git("switch", "--quiet", "main")
    text = PARIS.replace("sip.", "pbx.").replace("realm: paris", "realm: idf")
    text = text.replace("[paris, production]", "[paris]").replace("5060", "5099")
    story.git("switch", "--quiet", "--create", "result", "one")
    story.does("pbx-paris", text)
    tree = story.git("rev-parse", "HEAD^{tree}").strip()
    parents = [word for branch in sides for word in ("-p", branch)]
    merge = story.git("commit-tree", tree, *parents, "-m", "Octopus").strip()
    story.git("reset", "--quiet", "--hard", merge)
    blame = story.blame("pbx-paris")
    assert (blame["host"], blame["realm"], blame["tags"]) == tuple(sides.values())
    assert (blame["port"], blame["username"]) == (merge, first)
    assert story.of("pbx-paris", limit=1) == ["changed pbx-paris: port: 5060 -> 5099"]


def test_a_rename_on_one_side_and_an_edit_on_the_other_are_both_found(forked: Story) -> None:
    port = forked.does("pbx-paris", PARIS.replace("5060", "5061"))
    forked.git("switch", "--quiet", "main")
    forked.put("pbx-paris", None)
    moved = forked.does("pbx-idf", renamed(PARIS, "pbx-idf"))
    text = renamed(PARIS, "pbx-idf").replace("5060", "5061")

    def resolve() -> None:
        forked.put("pbx-idf", text)
        forked.file("pbx-paris").unlink(missing_ok=True)

    forked.merge("side", resolve=resolve)
    assert forked.of("pbx-idf") == [
        "renamed pbx-idf from pbx-paris",
        f"changed pbx-paris: {PORT}",
        f"created pbx-paris: {GIVEN}",
    ]
    blame = forked.blame("pbx-idf")
    assert (blame["port"], blame["reference"], blame["host"]) == (port, moved, forked.commits[0])
    assert forked.of_all() == forked.of("pbx-idf")


def test_a_squash_tells_all_that_it_changes(forked: Story) -> None:
    forked.does("pbx-paris", PARIS.replace("5060", "5061"))
    forked.put("pbx-paris", None)
    forked.does("pbx-idf", renamed(PARIS.replace("5060", "5061"), "pbx-idf"))
    forked.does("pbx-lyon", LYON)
    forked.git("switch", "--quiet", "main")
    forked.git("merge", "--quiet", "--squash", "side")
    squash = forked.commit("Squash")
    assert forked.of_all()[0] == f"renamed pbx-idf from pbx-paris: {PORT}; created pbx-lyon: host"
    assert forked.blame("pbx-idf")["port"] == squash


def test_a_change_that_a_merge_discarded_is_told(forked: Story) -> None:
    forked.does("pbx-paris", PARIS.replace("5060", "5070"))
    forked.git("switch", "--quiet", "main")
    forked.does("pbx-lyon", LYON)
    forked.git("merge", "--quiet", "--no-ff", "--strategy=ours", "side", "-m", "Ours")
    told = ["changed pbx-paris: port: 5060 -> 5070", f"created pbx-paris: {GIVEN}"]
    assert forked.of("pbx-paris") == told
    assert [line for line in forked.of_all() if "pbx-paris" in line] == told
    assert forked.blame("pbx-paris")["port"] == forked.commits[0]
    with pytest.raises(Refused, match="nothing was before"):  # that is no state of this line
        log.before(forked.repository, "pbx-paris")


def test_a_discarded_change_under_a_former_name_is_told(forked: Story) -> None:
    forked.does("pbx-paris", PARIS.replace("5060", "5061"))
    forked.git("switch", "--quiet", "main")
    forked.put("pbx-paris", None)
    forked.does("pbx-idf", renamed(PARIS, "pbx-idf"))
    forked.git("merge", "--quiet", "--no-ff", "--strategy=ours", "side", "-m", "Ours")
    forked.minute += 1
    forked.does("pbx-paris", LYON)  # another one
    assert forked.of("pbx-idf") == [
        "renamed pbx-idf from pbx-paris",
        f"changed pbx-paris: {PORT}",
        f"created pbx-paris: {GIVEN}",
    ]


# -- choosing entries ----------------------------------------------------------------------------


@pytest.fixture
def busy(story: Story) -> Story:
    """Two endpoints, changed at one, two, three, … minutes past midnight."""
    story.does("pbx-paris", PARIS)
    story.does("pbx-lyon", LYON)
    story.does("pbx-paris", PARIS.replace("5060", "5061"))
    story.put("pbx-lyon", LYON + "port: 5070\n")
    story.does("pbx-paris", PARIS.replace("5060", "5061").replace("sip.", "pbx."))
    return story


def test_fields_choose_the_changes_that_are_told(busy: Story) -> None:
    assert busy.of("pbx-paris", fields=("port",)) == [
        f"changed pbx-paris: {PORT}",
        "created pbx-paris: port",
    ]
    assert busy.of_all(fields=("port",))[0] == "changed pbx-lyon: port: 5060 (default) -> 5070"
    assert busy.of("pbx-paris", fields=("description",)) == []
    assert busy.of("pbx-paris", fields=("port",), limit=1) == [f"changed pbx-paris: {PORT}"]


def test_a_rename_is_a_change_of_the_reference(busy: Story) -> None:
    busy.put("pbx-lyon", None)
    busy.does("pbx-ain", renamed(LYON, "pbx-ain") + "port: 5070\n")
    assert busy.of("pbx-ain", fields=("reference",)) == ["renamed pbx-ain from pbx-lyon"]


def test_dates_choose_entries(busy: Story) -> None:
    assert busy.commits_of("pbx-paris", since="2026-03-01T00:02:30Z") == [
        busy.commits[3],
        busy.commits[2],
    ]
    assert busy.commits_of("pbx-paris", until="2026-03-01 00:02:30 +0000") == [busy.commits[0]]
    assert len(busy.of_all(since="2026-03-01", until="2026-03-01")) == 4
    assert busy.of_all(since="2026-03-02") == busy.of_all(until="2026-02-28") == []
    assert busy.of_all(since="yesterday") == [] or len(busy.of_all(since="yesterday")) == 4


NO_DATES = (
    *(
        "",
        "blah",
        "--output=x",
        "\n",
        "never",
        "tea",
        "5061",
        "foo 2026",
        "friday",
        "last foo",
        "week",
    ),
    *("2026-13-45", "2026-02-30", "2026-05-01T25:00", "2026-05-01\n", "9999 years ago"),
    *("2 fortnights ago", "2 weeks ago ago", "ago", "2 ago", "3 days 1"),
)


@pytest.mark.parametrize("text", NO_DATES)
@pytest.mark.parametrize("end", ["since", "until"])
def test_what_is_no_date_is_refused(end: str, text: str, busy: Story) -> None:
    with pytest.raises(Refused, match="is not a date") as caught:
        busy.of_all(**{end: text})  # type: ignore[arg-type]
    assert caught.value.hint == 'write "2026-05-01" or "2 weeks ago"'


SAME_FOR_GIT = (
    *("2026-05-01T10:00", "2026-05-01 10:00:00 +0200", "2026-05-01T10:00:00.5Z", "@1700000000"),
    *("midnight", "noon", "now", "10 seconds ago", "1 minute ago", "ten days ago"),
    *("2.weeks.ago", "2.weeks", "3 days", "3 months ago", "1 Year 2 months ago"),
    *("last week", "Last Month", "last year"),
)


@pytest.mark.parametrize("text", SAME_FOR_GIT)
def test_a_date_is_what_git_takes_it_for(text: str, story: Story) -> None:
    """But for a day, which counts whole, and for a month that is too short for the day."""

    def seconds(date: str) -> int:
        return int(story.git("rev-parse", f"--since={date}").partition("=")[2])

    ours = seconds(dates.for_git(text, ends=False))
    apart = 3 * 86400 if re.search("month|year", text.casefold()) else 3
    assert abs(ours - seconds(text)) <= apart
    assert ours <= seconds(dates.for_git(text, ends=True)) <= ours + 3


@pytest.mark.parametrize("text", ["2026-05-01", "today", "yesterday", "last friday", "Last.Thu"])
def test_a_day_counts_whole(text: str) -> None:
    start, end = (int(dates.for_git(text, ends=ends).split()[0][1:]) for ends in (False, True))
    assert (start % 86400, end - start) == (0, 86399)  # the tests' time zone is UTC


def test_a_last_weekday_is_before_today() -> None:
    days = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
    found = {day: dates.for_git(f"last {day}", ends=False) for day in days}
    today = int(dates.for_git("today", ends=False).split()[0][1:])
    starts = {day: int(date.split()[0][1:]) for day, date in found.items()}
    assert sorted(starts.values()) == [today - 86400 * n for n in range(7, 0, -1)]
    # the first of January in 1970 was a Thursday
    assert all((start // 86400 + 3) % 7 == days.index(day) for day, start in starts.items())


def test_an_author_that_is_no_pattern_is_refused(busy: Story, run: Program) -> None:
    told = run("history", "--author", "[a", check=3).err
    assert '"[a" is no pattern' in told
    assert "header" not in told
    run("history", "--author", "\\[a")


def test_an_author_is_a_pattern_of_name_or_address(busy: Story) -> None:
    busy.put("pbx-lyon", LYON)
    bob = busy.commit("By Bob", "--author=Bob <bob@example.org>")
    assert busy.commits_of("pbx-lyon", author="bob@") == [bob]
    assert len(busy.of_all(author="^Ada")) == 4
    assert busy.of_all(author="nobody") == []


def test_endpoints_are_chosen_by_their_present_names(busy: Story) -> None:
    busy.put("pbx-lyon", None)
    busy.does("pbx-ain", renamed(LYON, "pbx-ain") + "port: 5070\n")
    busy.does("pbx-lyon", "reference: pbx-lyon\nhost: other.example.net\n")
    busy.put("pbx-ain", None)
    busy.does("pbx-jura", renamed(LYON, "pbx-jura") + "port: 5070\n")
    assert busy.of_all(where={"pbx-jura"}.__contains__) == [
        "renamed pbx-jura from pbx-ain",
        "renamed pbx-ain from pbx-lyon",
        "changed pbx-lyon: port: 5060 (default) -> 5070",
        "created pbx-lyon: host",
    ]
    assert busy.of_all(where={"pbx-lyon"}.__contains__) == ["created pbx-lyon: host"]


def test_a_limit_counts_what_is_shown(busy: Story) -> None:
    assert len(busy.of_all(limit=3)) == 3
    assert busy.of_all(limit=1, fields=("port",), where={"pbx-paris"}.__contains__) == [
        f"changed pbx-paris: {PORT}"
    ]
    assert busy.of_all(limit=0) == []


def test_history_up_to_a_revision(busy: Story) -> None:
    entries = log.of(busy.repository, "pbx-paris", revision="HEAD~1")
    assert [entry.commit.oid for entry in entries] == [busy.commits[2], busy.commits[0]]
    with pytest.raises(Refused, match="no revision"):
        log.of_all(busy.repository, revision="nothing")


# -- places and settings -------------------------------------------------------------------------


def test_an_unborn_branch_has_an_empty_history(repo: Path) -> None:
    story = Story(repo)
    story.put("pbx-paris", PARIS)
    assert story.of_all() == story.of("pbx-paris") == []
    assert set(story.blame("pbx-paris").values()) == {None}
    with pytest.raises(Refused, match="never was one"):
        story.of("pbx-lyon")


def test_a_workspace_in_a_sub_folder_has_its_own_history(repo: Path) -> None:
    outer, inner = Story(repo), Story(repo / "phone system/à")
    inner.root.mkdir(parents=True)
    outer.does("pbx-paris", PARIS)
    first = inner.does("pbx-paris", PARIS)
    outer.minute = inner.minute
    inner.put("pbx-paris", None)
    inner.does("pbx-idf", renamed(PARIS, "pbx-idf"))
    outer.does("pbx-paris", PARIS.replace("5060", "5061"))
    assert inner.of("pbx-idf") == [
        "renamed pbx-idf from pbx-paris",
        f"created pbx-paris: {GIVEN}",
    ]
    assert inner.of_all() == inner.of("pbx-idf")
    assert inner.blame("pbx-idf")["host"] == first
    inner.does("pbx-nice", renamed(PARIS, "pbx-nice"))
    assert inner.of("pbx-nice") == ["duplicated pbx-nice from pbx-idf"]


def test_a_detached_head_has_the_history_that_leads_to_it(busy: Story) -> None:
    busy.git("switch", "--quiet", "--detach", "HEAD~1")
    assert len(busy.of_all()) == 3
    assert busy.blame("pbx-paris")["port"] == busy.commits[2]


def test_a_shallow_clone_says_where_it_ends(busy: Story, tmp_path: Path) -> None:
    clone = tmp_path / "clone"
    busy.git("clone", "--quiet", "--depth=2", f"file://{busy.root}", str(clone))
    entries = list(log.of(Story(clone).repository, "pbx-paris"))
    assert [entry.cut for entry in entries] == [False, True]
    assert entries[1].changes[0].kind == "created"
    assert not any(entry.cut for entry in log.of_all(busy.repository))
    worktree = Story(tmp_path / "tree")
    Story(clone).git("worktree", "add", "--quiet", str(worktree.root))
    assert [entry.cut for entry in log.of_all(worktree.repository)] == [False, True]


SETTINGS = """\
[log]
\tfollow = true
\tshowRoot = false
\tshowSignature = true
\tdiffMerges = off
\tdate = relative
[diff]
\trenames = copies
\trelative = true
\tnoprefix = true
[color]
\tui = always
[i18n]
\tlogOutputEncoding = ISO-8859-1
[core]
\tquotePath = true
\tautocrlf = true
"""


def test_the_users_settings_change_nothing(busy: Story, home: Path) -> None:
    busy.put("pbx-lyon", None)
    busy.does("pbx-ain", renamed(LYON, "pbx-ain") + "port: 5070\n")
    busy.put("pbx-ain", LYON)
    busy.commit("Été", "--author=Zoé <zoe@example.org>")
    before = busy.of_all(), list(log.of(busy.repository, "pbx-ain"))
    with (home / ".gitconfig").open("a") as file:
        file.write(SETTINGS)
    assert (busy.of_all(), list(log.of(busy.repository, "pbx-ain"))) == before
    assert before[1][0].commit.author.name == "Zoé"


def test_what_the_first_commit_of_all_brings_is_created(repo: Path, home: Path) -> None:
    story = Story(repo)
    created = story.does("pbx-paris", PARIS)
    with (home / ".gitconfig").open("a") as file:
        file.write(SETTINGS)
    assert story.of_all() == story.of("pbx-paris") == [f"created pbx-paris: {GIVEN}"]
    assert set(story.blame("pbx-paris").values()) == {created}


def test_line_ends_are_no_change(story: Story) -> None:
    created = story.does("pbx-paris", PARIS)
    story.does("pbx-paris", PARIS.replace("\n", "\r\n"))
    assert story.commits_of("pbx-paris") == [created]
    assert set(story.blame("pbx-paris").values()) == {created}


def test_files_that_are_no_endpoints_have_no_history(story: Story) -> None:
    story.does("pbx-paris", PARIS)
    (story.root / "endpoints" / "notes.txt").write_text("x")
    (story.root / "endpoints" / "old").mkdir()
    (story.root / "endpoints" / "old" / "a.yaml").write_text(LYON)
    (story.root / "endpoints" / "link.yaml").symlink_to("pbx-paris.yaml")
    story.commit()
    assert story.of_all() == [f"created pbx-paris: {GIVEN}"]


# -- trailers, cost, and a slow oracle -----------------------------------------------------------


def everything(story: Story, references: Iterable[str]) -> list[object]:
    """All that history and blame tell, but for the hashes."""
    found: list[object] = [
        (entry.commit.time, entry.commit.author, entry.changes)
        for entry in log.of_all(story.repository)
    ]
    for reference in references:
        found += [
            (reference, entry.commit.time, entry.changes)
            for entry in log.of(story.repository, reference)
        ]
        if story.file(reference).exists():
            rows = log.blame(story.repository, reference)
            found += [(r.field, r.value, r.source, r.commit and r.commit.time) for r in rows]
    return found


def test_with_every_trailer_stripped_the_history_is_the_same(story: Story) -> None:
    values: dict[str, Value] = {
        "reference": "a",
        "host": "h.example.net",
        "port": 5070,
        "realm": "x.example.net",
        "codecs": ["alaw"],
    }
    plans: list[Planner] = [
        lambda i: operations.create(i, [values]),
        lambda i: operations.duplicate(i, "a", "b", {}),
        lambda i: operations.duplicate(i, "b", "c", {"port": 5071}),
        lambda i: operations.rename(i, "a", "A"),
        lambda i: operations.rename(i, "b", "z"),
        lambda i: operations.edit(i, ["A", "c"], {"port": 5072, "realm": UNSET}),
        lambda i: operations.delete(i, ["c"]),
        lambda i: restore_members(i, story.repository, ["c"]),
        lambda i: undo_commit(i, story.repository),
    ]
    for plan in plans:
        story.run(plan)
    before = everything(story, "abcAz")
    script = "sed /^Sipctl-Operation:/d"
    quiet = {"FILTER_BRANCH_SQUELCH_WARNING": "1"}
    execute(["git", "filter-branch", "--msg-filter", script], cwd=story.root, env=quiet)
    assert "Sipctl-Operation" not in story.git("log", "--format=%B")
    assert everything(story, "abcAz") == before
    kinds = {change.kind for entry in log.of_all(story.repository) for change in entry.changes}
    assert kinds == {"created", "changed", "renamed", "duplicated", "deleted"}


def git_processes(trace: Path, monkeypatch: pytest.MonkeyPatch, work: Callable[[], object]) -> int:
    trace.unlink(missing_ok=True)
    with monkeypatch.context() as patch:
        patch.setenv("GIT_TRACE2_EVENT", str(trace))
        work()
    return trace.read_text().count('"event":"start"')


def test_a_long_history_is_one_log_and_few_processes_more(
    story: Story, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    story.does("pbx-paris", PARIS)
    stream = ["feature done\n"]
    for number in range(300):
        data = PARIS.replace("5060", str(6000 + number))
        mark = "from refs/heads/main^0\n" if number == 0 else ""
        stream.append(
            f"commit refs/heads/main\ncommitter Ada <ada@example.net> {1772500000 + number} +0000\n"
            f"data 1\nx\n{mark}M 100644 inline endpoints/pbx-paris.yaml\n"
            f"data {len(data)}\n{data}\n"
        )
    lines = "".join([*stream, "done\n"])
    execute(["git", "fast-import", "--quiet"], cwd=story.root, input=lines)
    story.git("reset", "--quiet", "--hard")
    repository, trace = story.repository, tmp_path / "trace"

    def count(work: Callable[[], object]) -> int:
        return git_processes(trace, monkeypatch, work)

    assert count(lambda: list(log.of(repository, "pbx-paris"))) < 15
    assert count(lambda: list(log.of_all(repository))) < 15
    assert count(lambda: log.blame(repository, "pbx-paris")) < 15
    assert count(lambda: list(log.of(repository, "pbx-paris", Chosen(limit=3)))) < 5
    assert len(list(log.of(repository, "pbx-paris"))) == 301


def test_many_created_endpoints_are_few_processes_more(
    story: Story, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(12):
        text = renamed(PARIS, f"pbx-{number}").replace("33155000001", f"3315500{number:04}")
        story.does(f"pbx-{number}", text if number % 3 else text.replace("host: sip", "host: h"))
    repository = story.repository

    def work() -> None:
        kinds = [c.kind for entry in log.of_all(repository) for c in entry.changes]
        assert (kinds.count("duplicated"), kinds.count("created")) == (11, 1)

    assert git_processes(tmp_path / "trace", monkeypatch, work) <= 5


def test_of_many_renames_in_one_commit_one_is_told_without_the_others(story: Story) -> None:
    def cost(count: int) -> int:
        for letter in "ab":
            for number in range(count):
                if letter == "b":
                    story.put(f"a{count}-{number}", None)
                name = f"{letter}{count}-{number}"
                story.put(name, f"reference: {name}\nhost: h{count}-{number}.example.net\n")
            story.commit()
        reader = Reader(story.repository)
        [(commit, changes)] = story.repository.log("-1", paths=["endpoints"])
        step = reader.step(commit, max(change for change in changes if change.new is None))
        change = reader.change(step)
        assert change is not None
        assert change.kind == "renamed"
        return steps(lambda: reader.change(step))

    assert cost(160) < 1.1 * cost(40)


def test_a_line_of_created_endpoints_is_compared_once(
    story: Story, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What stood there before a commit is told by what the commit did."""
    for number in range(6):
        story.does(f"pbx-{number}", renamed(PARIS, f"pbx-{number}").replace("5060", f"506{number}"))
    repository, told = story.repository, list[Entry]()

    def work() -> None:
        told.extend(log.of_all(repository))

    # one that lists commits, and one that compares them; one that lists files, one that reads them
    assert git_processes(tmp_path / "trace", monkeypatch, work) == 4
    assert [entry.changes[0].source for entry in told] == [*["pbx-0"] * 5, None]


# Stands for Git: of a log it shows the first commit, and the rest when it may go on.
HALTING_GIT = """\
#!{python}
import os, subprocess, sys, time
if not any(word.startswith("--format=") for word in sys.argv):
    os.execv({git!r}, ["git", *sys.argv[1:]])
log = subprocess.run([{git!r}, *sys.argv[1:]], stdout=subprocess.PIPE, check=True).stdout
end = log.index(b"\\0\\1", 2) + {more}
sys.stdout.buffer.write(log[:end])
sys.stdout.buffer.flush()
until = time.monotonic() + 20
while not os.path.exists({folder!r} + "/go"):
    time.sleep(0.01)
    if time.monotonic() > until:
        open({folder!r} + "/late", "w").close()
        break
sys.stdout.buffer.write(log[end:])
"""


def halting(folder: Path, more: int) -> Environment:
    """Makes the folder with that Git in it: the variables by which it is the one that is run."""
    folder.mkdir()
    texts = {"python": sys.executable, "git": shutil.which("git"), "folder": str(folder)}
    (folder / "git").write_text(HALTING_GIT.format(**texts, more=more))
    (folder / "git").chmod(0o755)
    return {"PATH": f"{folder}{os.pathsep}{os.environ['PATH']}"}


@pytest.mark.parametrize(
    ("line", "more"), [("history pbx-paris", 0), ("history", 43), ("history -o csv", 43)]
)
def test_the_first_row_is_shown_while_git_looks_for_the_next(
    line: str, more: int, story: Story, sipctl: Program, tmp_path: Path
) -> None:
    """Of one file a change ends its commit; of all, the name of the next commit does."""
    for port in range(5060, 5065):
        story.does("pbx-paris", PARIS.replace("5060", str(port)))
    expected = sipctl(*line.split()).out
    folder = tmp_path / "halting"
    env = environment(halting(folder, more))
    with subprocess.Popen(
        [PROGRAM, *line.split()], stdout=subprocess.PIPE, env=env, cwd=story.root, text=True
    ) as shown:
        assert shown.stdout is not None
        first = "".join(shown.stdout.readline() for _ in range(2))
        assert not (folder / "late").exists()
        (folder / "go").touch()
        assert first + shown.stdout.read() == expected


def test_a_pager_is_shown_the_first_row_while_git_looks_for_the_next(
    story: Story, terminal: Terminal, tmp_path: Path
) -> None:
    for port in range(5060, 5065):
        story.does("pbx-paris", PARIS.replace("5060", str(port)))
    expected = terminal("history").text
    folder = tmp_path / "halting"
    env = halting(folder, 43)
    script = f"IFS= read -r line; touch {folder}/go; printf '%s\\n' \"$line\"; cat"
    assert terminal("history", env={**env, "SIPCTL_PAGER": script}).text == expected
    assert not (folder / "late").exists()


def test_to_show_an_endpoint_at_a_revision_no_other_one_is_read(story: Story, run: Program) -> None:
    costs = []
    for count in (10, 60):
        for number in range(count):
            story.put(f"pbx-{number}", renamed(PARIS, f"pbx-{number}"))
        story.commit()
        run("show", "pbx-3", "--at", "HEAD")  # what is loaded for the first time is loaded now
        costs.append(steps(lambda: tracked.at_revision(story.root, "HEAD", "pbx-3")))
    assert costs[1] < 1.2 * costs[0]
    inventory = tracked.at_revision(story.root, "HEAD", "pbx-3")
    assert inventory.readable("pbx-3").data == renamed(PARIS, "pbx-3").encode()
    with pytest.raises(Refused) as refused:
        tracked.at_revision(story.root, "HEAD", "pbx-33x").member("pbx-33x")
    assert refused.value.hint == 'did you mean "pbx-33"?'


def test_an_endpoint_at_a_revision_is_judged_by_the_settings_of_then(
    story: Story, run: Program
) -> None:
    (story.root / "sipctl.yaml").write_text("version: 1\nrules: {bad-host: warning}\n")
    story.put("s", NAMING_PARIS, SCENARIO)
    story.does("pbx-paris", PARIS.replace("sip.", "sip_"))
    (story.root / "sipctl.yaml").write_text("version: 1\n")
    story.commit()
    run("show", "pbx-paris", "--at", "HEAD", check=3)
    told = run("show", "pbx-paris", "--at", "HEAD~1", "-o", "json").json
    assert told["endpoint"]["used_by"] == ["s"]


def test_a_commit_that_made_a_file_unreadable_says_so(story: Story, run: Program) -> None:
    story.does("pbx-paris", PARIS)
    story.does("pbx-paris", "port: [\n")
    told = "  ~ pbx-paris\n      cannot be read from here on\n"
    assert told in run("history", "pbx-paris").out
    assert told in run("history").out


def test_an_endpoint_is_shown_at_a_revision_under_its_name_of_then(
    story: Story, run: Program
) -> None:
    story.does("pbx-paris", PARIS)
    for name in ("pbx-idf", "pbx-ile"):
        old = "pbx-paris" if name == "pbx-idf" else "pbx-idf"
        story.put(old, None)
        story.does(name, renamed(PARIS, name))
    shown = run("show", "pbx-ile", "--at", "HEAD~2", "-o", "json")
    assert shown.json["endpoint"]["reference"] == "pbx-paris"
    assert shown.err == "sipctl: it was called pbx-paris then\n"
    assert run("show", "pbx-ile", "--at", "HEAD~1", "-o", "name").out == "pbx-idf\n"
    assert run("show", "pbx-ile", "--at", "HEAD").err == ""
    told = run("show", "pbx-idf", "--at", "HEAD~2", check=3).err
    assert 'there is no endpoint "pbx-idf"' in told


def test_a_scenario_is_shown_at_a_revision_under_its_name_of_then(
    story: Story, run: Program
) -> None:
    story.does("s", NAMING_PARIS, kind=SCENARIO)
    story.put("s", None, SCENARIO)
    story.does("t", renamed(NAMING_PARIS, "t"), kind=SCENARIO)
    shown = run("scenario", "show", "t", "--at", "HEAD~1", "-o", "json")
    assert shown.json["scenario"]["reference"] == "s"
    assert shown.err == "sipctl: it was called s then\n"


TEXTS = ["", "# a comment\n", "\n"]
EDITS = st.dictionaries(
    st.sampled_from(["host", "port", "realm", "description", "x-site"]),
    st.sampled_from(["a", "b", None]),
    max_size=3,
)


@settings(max_examples=12)
@given(steps=st.lists(st.tuples(EDITS, st.sampled_from(TEXTS), st.booleans()), max_size=8))
def test_blame_and_history_agree_with_a_slow_oracle(
    steps: list[tuple[dict[str, str | None], str, bool]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    story = Story(tmp_path_factory.mktemp("oracle"))
    story.git("init", "--quiet", "--initial-branch=main")
    values: dict[str, str] = {"host": "a", "username": "u", "realm": "a", "description": "a"}
    setters: dict[str, str] = {}
    name = "pbx"
    for number, (changes, comment, rename) in enumerate([({}, "", False), *steps]):
        before = dict(values) if number else {}
        values |= {field: value for field, value in changes.items() if value is not None}
        for field in [field for field, value in changes.items() if value is None]:
            if field != "host":
                values.pop(field, None)
        changed = {f for f in {*values, *before} if values.get(f) != before.get(f)}
        if rename and 2 * len(changed) < len(values.keys() | before.keys()) - 1:
            story.put(name, None)
            name = f"pbx-{number}"
            changed.add("reference")
        lines = [f"reference: {name}\n", *(f"{f}: {v}\n" for f, v in values.items())]
        commit = story.does(name, comment.join(lines[:: -1 if number % 2 else 1]))
        setters |= dict.fromkeys(changed or (), commit)
        setters.setdefault("reference", commit)
    expected = {field: setters[field] for field in ("reference", *values)}
    assert story.blame(name) == expected
    told_of = {entry.commit.oid for entry in log.of(story.repository, name)}
    assert set(expected.values()) <= told_of
