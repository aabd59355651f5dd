"""Restore and undo: plans that go back, carried out on the one write path."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from sipctl import operations
from sipctl.changes import Plan
from sipctl.errors import Refused
from sipctl.history.restore import restore_all_members, restore_members
from sipctl.history.undo import undo_commit
from sipctl.inventory import Inventory
from sipctl.kinds import SCENARIO
from sipctl.outcome import Outcome
from sipctl.yamlfile.write import Value
from tests.conftest import Git, Program
from tests.story import LYON, PARIS, Story, renamed
from tests.support import execute

PLAIN = PARIS.replace("{env: PARIS_PASSWORD}", "hunter2")


@pytest.fixture
def story(workspace: Path) -> Story:
    return Story(workspace)


def restore(story: Story, *references: str, **options: object) -> Outcome:
    def planner(inventory: Inventory) -> Plan:
        return restore_members(inventory, story.repository, references, **options)  # type: ignore[arg-type]

    return story.run(planner)


def restore_all(story: Story, at: str, *chosen: str, fields: tuple[str, ...] = ()) -> Outcome:
    return story.run(
        lambda i: restore_all_members(i, story.repository, at, set(chosen) or None, fields)
    )


def undo(story: Story, revision: str | None = None) -> Outcome:
    return story.run(lambda i: undo_commit(i, story.repository, revision))


def edit(story: Story, reference: str, **changes: Value) -> str:
    story.run(lambda i: operations.edit(i, [reference], changes))
    return story.commits[-1]


def text(story: Story, reference: str) -> str:
    return story.file(reference).read_bytes().decode()


def subject(story: Story) -> str:
    return story.git("log", "-1", "--format=%s").strip()


# -- restore: which version ----------------------------------------------------------------------


def test_restore_goes_back_before_the_last_change(story: Story) -> None:
    first = story.does("pbx-paris", PARIS)
    story.does("pbx-paris", PARIS.replace("5060", "5061"))
    story.does("pbx-paris", "# only a comment\n" + PARIS.replace("5060", "5061"))
    outcome = restore(story, "pbx-paris")
    assert text(story, "pbx-paris") == PARIS
    assert outcome.plan.operation == "restore"
    assert subject(story) == f"Restore pbx-paris to {first[:10]}"
    assert story.of("pbx-paris", limit=1) == ["changed pbx-paris: port: 5061 -> 5060"]


def test_restore_twice_goes_forth_again(story: Story) -> None:
    story.does("pbx-paris", PARIS)
    story.does("pbx-paris", PARIS.replace("5060", "5061"))
    restore(story, "pbx-paris")
    restore(story, "pbx-paris")
    assert text(story, "pbx-paris") == PARIS.replace("5060", "5061")


def test_restore_goes_back_any_number_of_changes(story: Story) -> None:
    for port in (5060, 5061, 5062, 5063):
        story.does("pbx-paris", PARIS.replace("5060", str(port)))
    restore(story, "pbx-paris", back=3)
    assert text(story, "pbx-paris") == PARIS
    with pytest.raises(Refused, match='"pbx-paris" has changed 5 times only'):
        restore(story, "pbx-paris", back=6)


def test_restore_of_a_revision(story: Story) -> None:
    story.does("pbx-paris", PARIS)
    story.git("tag", "v1")
    story.does("pbx-paris", PARIS.replace("5060", "5061"))
    story.does("pbx-paris", PARIS.replace("5060", "5062"))
    restore(story, "pbx-paris", at="v1")
    assert text(story, "pbx-paris") == PARIS
    assert restore(story, "pbx-paris", at="v1").commit is None


def test_restore_before_the_beginning_is_refused(story: Story) -> None:
    begin = story.does("pbx-paris", PARIS)
    with pytest.raises(Refused, match=f'"pbx-paris" begins at {begin[:10]}'):
        restore(story, "pbx-paris")
    with pytest.raises(Refused, match='there was no endpoint "pbx-paris" at "HEAD~1"'):
        restore(story, "pbx-paris", at="HEAD~1")
    with pytest.raises(Refused, match='there is no endpoint "pbx-rome"'):
        restore(story, "pbx-rome")
    with pytest.raises(Refused, match='no revision "v9"'):
        restore(story, "pbx-paris", at="v9")


def test_restore_of_what_is_not_committed_is_refused(story: Story) -> None:
    story.put("pbx-paris", PARIS)
    with pytest.raises(Refused, match="not committed yet"):
        restore(story, "pbx-paris")
    story.commit()
    story.does("pbx-paris", PARIS.replace("5060", "5061"))
    story.put("pbx-paris", PARIS.replace("5060", "5062"))
    with pytest.raises(Refused, match="uncommitted changes are in the way"):
        restore(story, "pbx-paris")


@pytest.mark.parametrize("how", ["rm", "git rm --quiet"])
@pytest.mark.parametrize("line", ["", "--at HEAD", "--back 1", "--all --at HEAD"])
def test_what_was_removed_by_hand_is_brought_back_without_a_commit(
    how: str, line: str, story: Story, run: Program
) -> None:
    story.does("pbx-paris", "# ours\n" + PARIS)
    head = story.does("pbx-lyon", LYON)
    execute([*how.split(), "endpoints/pbx-paris.yaml"], cwd=story.root)
    names = [] if "--all" in line else ["pbx-paris"]
    result = run("restore", *names, *line.split())
    assert "pbx-paris: as committed again, so there is nothing to commit" in result.err
    assert text(story, "pbx-paris") == "# ours\n" + PARIS
    assert story.git("rev-parse", "HEAD").strip() == head
    assert story.git("status", "--porcelain") == ""


def test_what_was_removed_by_hand_goes_to_no_other_version_before_it_is_back(
    story: Story, run: Program
) -> None:
    story.does("pbx-paris", PARIS)
    story.does("pbx-paris", PARIS.replace("5060", "5061"))
    story.put("pbx-paris", None)
    for line in ("--back 2", "--at HEAD~1", "--back 9"):
        told = run("restore", "pbx-paris", *line.split(), check=3).err
        assert "removed by hand, which is not committed" in told
        assert "bring it back first: `sipctl restore pbx-paris`" in told
    assert not story.file("pbx-paris").exists()


def test_a_scenario_that_was_removed_by_hand_is_brought_back(story: Story, run: Program) -> None:
    text = "reference: s\ntype: interaction-start\n"
    head = story.does("s", text, kind=SCENARIO)
    story.put("s", None, SCENARIO)
    told = run("scenario", "restore", "s", "--back", "2", check=3).err
    assert "`sipctl scenario restore s`" in told
    run("scenario", "restore", "s")
    assert story.file("s", SCENARIO).read_text() == text
    assert story.git("rev-parse", "HEAD").strip() == head


@pytest.mark.parametrize("now", [PARIS.replace("5060", "5062"), "port: [\n"])
def test_the_last_change_of_a_file_edited_by_hand_is_that_edit(
    now: str, story: Story, run: Program
) -> None:
    story.does("pbx-paris", PARIS)
    told = "`sipctl restore pbx-paris --at HEAD --no-commit` goes back to what is committed"
    for line in ("", "--at HEAD", "--back 1"):
        story.put("pbx-paris", now)
        refused = run("restore", "pbx-paris", *line.split(), check=3).err
        assert "uncommitted changes are in the way" in refused
        assert told in refused
        assert "`sipctl save pbx-paris`" in refused
        assert text(story, "pbx-paris") == now
        run("restore", "pbx-paris", *line.split(), "--no-commit")
        assert text(story, "pbx-paris") == PARIS
    story.does("pbx-paris", PARIS.replace("5060", "5061"))
    story.put("pbx-paris", now)
    run("restore", "pbx-paris", "--back", "2", "--no-commit")
    assert text(story, "pbx-paris") == PARIS


def test_a_deleted_endpoint_comes_back(story: Story) -> None:
    story.does("pbx-paris", "# ours\n" + PARIS)
    story.does("pbx-paris", None)
    story.does("pbx-lyon", LYON)
    restore(story, "pbx-paris")
    assert text(story, "pbx-paris") == "# ours\n" + PARIS


def test_a_version_that_cannot_be_read_is_passed_over(story: Story) -> None:
    story.does("pbx-paris", PARIS)
    story.does("pbx-paris", "port: [\n")
    story.does("pbx-paris", PARIS.replace("5060", "5061"))
    restore(story, "pbx-paris")
    assert text(story, "pbx-paris") == PARIS
    with pytest.raises(Refused, match="cannot be read"):
        restore(story, "pbx-paris", at="HEAD~2")


def test_restore_mends_a_file_that_cannot_be_read(story: Story) -> None:
    story.does("pbx-paris", PARIS)
    story.does("pbx-paris", "port: [\n")
    restore(story, "pbx-paris")
    assert text(story, "pbx-paris") == PARIS


# -- restore: names ------------------------------------------------------------------------------


def test_a_renamed_endpoint_is_restored_under_its_present_name(story: Story) -> None:
    story.does("pbx-paris", PARIS)
    story.git("tag", "v1")
    story.does("pbx-paris", PARIS.replace("5060", "5061"))
    story.run(lambda i: operations.rename(i, "pbx-paris", "pbx-idf"))
    restore(story, "pbx-idf")
    assert text(story, "pbx-idf") == renamed(PARIS, "pbx-idf")
    story.does("pbx-idf", renamed(PARIS, "pbx-idf") + "register: true\n")
    restore(story, "pbx-idf", at="v1")
    assert text(story, "pbx-idf") == renamed(PARIS, "pbx-idf")
    assert not story.file("pbx-paris").exists()


def test_a_former_name_is_refused_with_the_present_one(story: Story, run: Program) -> None:
    story.does("pbx-paris", PARIS)
    story.does("pbx-paris", PARIS.replace("5060", "5061"))
    story.run(lambda i: operations.rename(i, "pbx-paris", "pbx-idf"))
    story.run(lambda i: operations.rename(i, "pbx-idf", "pbx-ile"))
    for line in ("", "--back 1", "--field port"):
        told = run("restore", "pbx-paris", *line.split(), check=3).err
        assert 'there is no endpoint "pbx-paris": it is called pbx-ile now' in told
        assert "`sipctl restore pbx-ile`" in told
    assert text(story, "pbx-ile") == renamed(PARIS, "pbx-ile").replace("5060", "5061")


def test_a_former_name_is_followed_from_where_it_was_borne(story: Story) -> None:
    story.does("pbx-paris", PARIS)
    story.does("pbx-paris", PARIS.replace("5060", "5061"))
    story.run(lambda i: operations.rename(i, "pbx-paris", "pbx-idf"))
    story.run(lambda i: operations.rename(i, "pbx-idf", "pbx-ile"))
    outcome = restore(story, "pbx-paris", at="HEAD~3")
    assert outcome.plan.notes == ("pbx-paris: it is called pbx-ile now, and stays so",)
    assert text(story, "pbx-ile") == renamed(PARIS, "pbx-ile")
    assert not story.file("pbx-paris").exists()


def test_a_name_that_was_left_and_then_deleted_comes_back_as_it_last_was(
    story: Story, run: Program
) -> None:
    for host in ("one", "two", "three"):
        story.does("k1", f"reference: k1\nhost: {host}.example\n")
    run("rename", "k1", "k2")
    run("edit", "k2", "--host", "four.example")
    run("delete", "k2")
    run("restore", "k2", "k1")
    assert text(story, "k1") == "reference: k1\nhost: three.example\n"
    assert text(story, "k2") == "reference: k2\nhost: four.example\n"
    run("edit", "k1", "--host", "five.example")
    run("rename", "k1", "k3")
    run("rename", "k3", "k1")
    run("restore", "k1")
    assert text(story, "k1") == "reference: k1\nhost: three.example\n", "no rename is a change here"


def test_a_scenario_that_was_renamed_and_then_deleted_comes_back_as_it_last_was(
    workspace: Path, run: Program
) -> None:
    run("scenario", "create", "day", "--name", "One")
    run("scenario", "edit", "day", "--name", "Two")
    run("scenario", "rename", "day", "night")
    run("scenario", "delete", "night")
    run("scenario", "restore", "day")
    assert "name: Two\n" in (workspace / "scenarios/day.yaml").read_text()


def test_an_endpoint_named_twice_is_restored_once(story: Story) -> None:
    story.does("pbx-paris", PARIS)
    story.does("pbx-paris", PARIS.replace("5060", "5061"))
    story.run(lambda i: operations.rename(i, "pbx-paris", "pbx-idf"))
    outcome = restore(story, "pbx-idf", "pbx-paris", "pbx-idf", at="HEAD~2")
    assert len(outcome.plan.changes) == 1
    assert subject(story) == f"Restore pbx-idf to {story.commits[0][:10]}"


def test_back_to_where_it_was_deleted_says_where_there_is_more(story: Story) -> None:
    story.does("pbx-paris", PARIS)
    edit(story, "pbx-paris", port=5070)
    deleted = story.run(lambda i: operations.delete(i, ["pbx-paris"])).commit
    restore(story, "pbx-paris")
    edit(story, "pbx-paris", port=5080)
    with pytest.raises(Refused, match=f"was deleted then, by {str(deleted)[:10]}") as refused:
        restore(story, "pbx-paris", back=2)
    assert refused.value.hint == "what was before that is one change further back: --back"
    assert restore(story, "pbx-paris", back=3).commit
    assert text(story, "pbx-paris") == PARIS.replace("5060", "5070")


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("--all", "sipctl restore --all --at REV"),
        ("--where tag:paris", "sipctl restore --where QUERY --at REV"),
        ("a --where tag:paris --at HEAD", "only one of them"),
        ("--at HEAD", "choose them with --where or --all"),
    ],
)
def test_what_is_meant_has_to_be_said_once(
    line: str, words: str, workspace: Path, run: Program
) -> None:
    assert words in run("restore", *line.split(), check=2).err


def test_a_duplicate_does_not_go_back_into_its_source(story: Story) -> None:
    story.does("pbx-paris", PARIS)
    story.run(lambda i: operations.duplicate(i, "pbx-paris", "pbx-nice", {}))
    with pytest.raises(Refused, match='"pbx-nice" begins at'):
        restore(story, "pbx-nice")


# -- restore: fields -----------------------------------------------------------------------------


def test_only_the_fields_that_are_asked_for_are_restored(story: Story) -> None:
    story.does("pbx-paris", PARIS + "x-site: [a, b]\n")
    changed = (
        PARIS.replace("5060", "5061").replace("sip.", "pbx.").replace("[alaw, ulaw]", "[ulaw]")
    )
    story.does("pbx-paris", "# new\n" + changed + "description: d\n")
    fields = ("port", "codecs", "description", "x-site")
    restore(story, "pbx-paris", fields=fields)
    want = "# new\n" + PARIS.replace("sip.", "pbx.") + "x-site: [a, b]\n"
    assert text(story, "pbx-paris") == want
    assert subject(story).startswith("Restore port and codecs and description and x-site of pbx-")


def test_values_of_keys_of_ones_own_come_back_as_what_they_were(story: Story) -> None:
    own = 'x-site: [1.5, "1.5", 3, true, "true", 2026-12-25, null]\n'
    story.does("pbx-paris", PARIS + own)
    edited = story.does("pbx-paris", PARIS)
    restore(story, "pbx-paris", fields=("x-site",))
    assert text(story, "pbx-paris") == PARIS + own
    story.does("pbx-paris", "# new\n" + PARIS)
    undo(story, edited)
    assert text(story, "pbx-paris") == "# new\n" + PARIS + own


def test_a_reference_is_not_restored_as_a_field(story: Story) -> None:
    story.does("pbx-paris", PARIS)
    story.does("pbx-paris", PARIS.replace("5060", "5061"))
    with pytest.raises(Refused, match="not restored as a field") as same:
        restore(story, "pbx-paris", fields=("reference",))
    assert same.value.hint == "it was the same then"
    story.run(lambda i: operations.rename(i, "pbx-paris", "pbx-idf"))
    with pytest.raises(Refused, match="not restored as a field") as other:
        restore(story, "pbx-idf", at="HEAD~1", fields=("reference",))
    assert other.value.hint == "rename it: `sipctl rename pbx-idf pbx-paris`"


def test_fields_of_a_deleted_endpoint_are_not_restored(story: Story) -> None:
    story.does("pbx-paris", PARIS)
    story.does("pbx-paris", None)
    with pytest.raises(Refused, match='there is no endpoint "pbx-paris" now'):
        restore(story, "pbx-paris", fields=("port",))
    story.does("pbx-paris", PARIS)
    with pytest.raises(Refused, match="not restored as a field"):
        restore(story, "pbx-paris", at="HEAD~2", fields=("reference",))


# -- restore: passwords --------------------------------------------------------------------------


def test_todays_password_stays(story: Story) -> None:
    story.does("pbx-paris", PARIS)
    new = PARIS.replace("5060", "5061").replace("PARIS_PASSWORD", "NEW_PASSWORD")
    story.does("pbx-paris", new)
    outcome = restore(story, "pbx-paris")
    assert text(story, "pbx-paris") == new.replace("5061", "5060")
    assert "today's password stays" in outcome.plan.notes[0]
    restore(story, "pbx-paris", at="HEAD~2", fields=("password",))
    assert text(story, "pbx-paris") == PARIS


def test_a_password_that_was_not_there_today_does_not_come_back(story: Story) -> None:
    story.does("pbx-paris", PARIS)
    without = PARIS.replace("password: {env: PARIS_PASSWORD}\n", "")
    story.does("pbx-paris", without.replace("5060", "5061"))
    restore(story, "pbx-paris")
    assert text(story, "pbx-paris") == without


def test_a_password_goes_where_there_was_no_user_name(story: Story) -> None:
    story.does("pbx-lyon", LYON)
    story.does("pbx-lyon", LYON + "username: u\npassword: {env: LYON}\n")
    outcome = restore(story, "pbx-lyon")
    assert text(story, "pbx-lyon") == LYON
    assert outcome.plan.notes == ("pbx-lyon: there was no user name, so today's password goes",)


@pytest.fixture
def plaintext(story: Story) -> Story:
    """A plaintext password that was replaced since, in a workspace that allows them."""
    settings = "version: 1\nrules: {plaintext-password: warning}\n"
    (story.root / "sipctl.yaml").write_text(settings)
    story.does("pbx-paris", PLAIN)
    story.does("pbx-paris", PARIS.replace("5060", "5061"))
    return story


def test_a_plaintext_password_is_never_restored(plaintext: Story) -> None:
    restore(plaintext, "pbx-paris")
    assert text(plaintext, "pbx-paris") == PARIS
    outcome = restore(plaintext, "pbx-paris", at="HEAD~2", fields=("password",))
    assert outcome.commit is None
    assert "plaintext password does not come back" in outcome.plan.notes[0]
    assert "hunter2" not in repr(outcome.plan.notes)


def test_a_deleted_endpoint_comes_back_without_its_plaintext_password(plaintext: Story) -> None:
    plaintext.does("pbx-paris", PLAIN)
    plaintext.does("pbx-paris", None)
    outcome = restore(plaintext, "pbx-paris")
    assert text(plaintext, "pbx-paris") == PLAIN.replace("password: hunter2\n", "")
    assert "plaintext password does not come back" in outcome.plan.notes[0]


def test_a_password_in_the_place_of_a_variable_is_plaintext(plaintext: Story) -> None:
    plaintext.does("pbx-paris", PARIS.replace("PARIS_PASSWORD", "hunter 2"))
    plaintext.does("pbx-paris", None)
    outcome = restore(plaintext, "pbx-paris")
    assert "hunter" not in text(plaintext, "pbx-paris")
    assert "plaintext password does not come back" in outcome.plan.notes[0]


def test_undo_tells_no_value_of_an_unknown_key(story: Story) -> None:
    story.does("pbx-paris", PARIS + "pasword: hunter2\n")
    story.does("pbx-paris", PARIS + "pasword: swordfish\nregister: true\n")
    story.does("pbx-paris", PARIS + "pasword: third\n")
    with pytest.raises(Refused) as refused:
        undo(story, "HEAD~1")
    told = refused.value.message + refused.value.hint
    assert "pasword is no field" in told
    assert not [word for word in ("hunter2", "swordfish", "third") if word in told]


def test_undo_brings_no_plaintext_password_back(plaintext: Story) -> None:
    outcome = undo(plaintext, "HEAD")
    assert text(plaintext, "pbx-paris") == PARIS
    assert "plaintext password does not come back" in outcome.plan.notes[0]
    plaintext.does("pbx-paris", "# x\n" + PARIS.replace("5060", "5061"))
    undo(plaintext, "HEAD~2")
    assert text(plaintext, "pbx-paris") == "# x\n" + PARIS


def test_a_plaintext_password_that_is_still_there_stays(plaintext: Story) -> None:
    plaintext.does("pbx-paris", PLAIN)
    plaintext.does("pbx-paris", PLAIN.replace("5060", "5062"))
    undo(plaintext, "HEAD")
    assert text(plaintext, "pbx-paris") == PLAIN
    restore(plaintext, "pbx-paris")
    assert text(plaintext, "pbx-paris") == PLAIN.replace("5060", "5062")


# -- restore: all of them ------------------------------------------------------------------------


@pytest.fixture
def moved_on(story: Story) -> Story:
    """Five endpoints at `v1`; since then one each was left, changed, renamed, deleted, created."""
    for name in ("left", "changed", "renamed", "deleted"):
        story.put(name, renamed(PARIS, name).replace("sip.", f"{name}."))
    story.commit()
    story.git("tag", "v1")
    edit(story, "changed", port=5061)
    story.run(lambda i: operations.rename(i, "renamed", "new-name"))
    edit(story, "new-name", port=5062)
    story.run(lambda i: operations.delete(i, ["deleted"]))
    story.does("created", LYON.replace("pbx-lyon", "created"))
    return story


def test_all_go_back_to_a_tag(moved_on: Story) -> None:
    outcome = restore_all(moved_on, "v1")
    assert moved_on.git("diff", "v1", "HEAD", "--", "endpoints") == ""
    assert moved_on.git("status", "--porcelain") == ""
    kinds = sorted((change.kind, change.reference) for change in outcome.changes)
    assert kinds == [
        ("changed", "changed"),
        ("created", "deleted"),
        ("deleted", "created"),
        ("renamed", "renamed"),
    ]
    assert subject(moved_on).startswith("Restore all endpoints to ")
    assert restore_all(moved_on, "v1").commit is None


def test_all_keep_todays_passwords_through_renames(moved_on: Story) -> None:
    edit(moved_on, "new-name", password={"env": "NEW"})
    restore_all(moved_on, "v1")
    assert "{env: NEW}" in text(moved_on, "renamed")
    assert "{env: PARIS_PASSWORD}" in text(moved_on, "changed")


def test_chosen_ones_go_back_under_their_present_names(moved_on: Story) -> None:
    restore_all(moved_on, "v1", "renamed", "deleted", "created")
    assert "port: 5060" in text(moved_on, "new-name")
    assert not moved_on.file("renamed").exists()
    assert moved_on.file("deleted").exists()
    assert not moved_on.file("created").exists()
    assert "port: 5061" in text(moved_on, "changed")


def test_what_is_not_chosen_stays_as_it_is(moved_on: Story) -> None:
    restore_all(moved_on, "v1", "changed")
    assert "port: 5060" in text(moved_on, "changed")
    assert moved_on.file("created").exists()
    assert moved_on.file("new-name").exists()
    assert not moved_on.file("deleted").exists()
    assert subject(moved_on).startswith("Restore changed to ")


def test_an_endpoint_that_was_renamed_twice_is_found_at_a_revision(moved_on: Story) -> None:
    moved_on.run(lambda i: operations.rename(i, "new-name", "last-name"))
    restore(moved_on, "last-name", at="v1")
    assert "port: 5060" in text(moved_on, "last-name")
    edit(moved_on, "last-name", port=5063)
    restore_all(moved_on, "v1", "last-name")
    assert "port: 5060" in text(moved_on, "last-name")


def test_fields_of_all_go_back(moved_on: Story) -> None:
    restore_all(moved_on, "v1", fields=("port",))
    assert [name for name in ("changed", "new-name") if "5060" in text(moved_on, name)] == [
        "changed",
        "new-name",
    ]
    assert moved_on.file("created").exists()
    assert not moved_on.file("deleted").exists()


def test_what_could_not_be_read_then_stays_as_it_is(story: Story) -> None:
    story.does("pbx-paris", "port: [\n")
    story.git("tag", "v1")
    story.git("mv", "endpoints/pbx-paris.yaml", "endpoints/pbx-idf.yaml")
    story.commit()
    story.does("pbx-idf", renamed(PARIS, "pbx-idf"))
    outcome = restore_all(story, "v1")
    assert text(story, "pbx-idf") == renamed(PARIS, "pbx-idf")
    assert "could not be read then" in outcome.plan.notes[0]


# -- undo ----------------------------------------------------------------------------------------


def test_undo_takes_back_the_newest_commit_of_sipctl(story: Story) -> None:
    story.does("pbx-paris", PARIS)
    edited = edit(story, "pbx-paris", port=5061)
    story.does("pbx-lyon", LYON, "By hand")
    outcome = undo(story)
    assert text(story, "pbx-paris") == PARIS
    assert story.file("pbx-lyon").exists()
    assert outcome.plan.operation == f"undo {edited}"
    assert subject(story) == 'Undo "Change port of pbx-paris"'


def test_undo_twice_goes_two_steps_back_then_no_further(story: Story) -> None:
    story.does("pbx-paris", PARIS)
    edit(story, "pbx-paris", port=5061)
    edit(story, "pbx-paris", port=5062)
    undo(story)
    assert "5061" in text(story, "pbx-paris")
    undo(story)
    assert text(story, "pbx-paris") == PARIS
    with pytest.raises(Refused, match="no commit of sipctl left to undo"):
        undo(story)


def test_undo_of_a_named_undo_brings_it_back_and_can_be_undone_again(story: Story) -> None:
    story.does("pbx-paris", PARIS)
    edit(story, "pbx-paris", port=5061)
    undo(story)
    undo(story, story.commits[-1])
    assert "5061" in text(story, "pbx-paris")
    undo(story)
    assert text(story, "pbx-paris") == PARIS
    with pytest.raises(Refused, match="no commit of sipctl left to undo"):
        undo(story)


def test_undo_after_new_changes_takes_those_first(story: Story) -> None:
    story.does("pbx-paris", PARIS)
    edit(story, "pbx-paris", port=5061)
    edit(story, "pbx-paris", port=5062)
    undo(story)
    edit(story, "pbx-paris", realm="idf.example.net")
    undo(story)
    assert text(story, "pbx-paris") == PARIS.replace("5060", "5061")
    undo(story)
    assert text(story, "pbx-paris") == PARIS


def test_undo_passes_over_what_leaves_nothing_to_take_back(plaintext: Story) -> None:
    first = edit(plaintext, "pbx-paris", password="swordfish")
    edit(plaintext, "pbx-paris", port=5070)
    last = edit(plaintext, "pbx-paris", password="other word")
    nothing = f'nothing of "Change password of pbx-paris" ({last[:10]}) is left to take back'
    named = undo(plaintext, last)
    assert (named.commit, named.plan.notes[-1]) == (None, nothing)
    assert undo(plaintext).plan.notes == (f"passed over: {nothing}",)
    assert "port: 5061\n" in text(plaintext, "pbx-paris")
    for revision in (None, first):
        with pytest.raises(
            Refused, match=r"password is now plain, was set to plain \(another value\)"
        ):
            undo(plaintext, revision)


def test_undo_goes_on_after_a_rebase(story: Story) -> None:
    story.does("pbx-paris", PARIS)
    story.git("checkout", "--quiet", "-b", "side")
    for port in (5, 6):
        edit(story, "pbx-paris", port=port)
    undo(story)
    story.git("checkout", "--quiet", "main")
    story.does("pbx-lyon", LYON)
    story.git("checkout", "--quiet", "side")
    story.git("rebase", "--quiet", "main")
    undo(story)
    assert text(story, "pbx-paris") == PARIS
    assert subject(story) == 'Undo "Change port of pbx-paris"'
    with pytest.raises(Refused, match="no commit of sipctl left"):
        undo(story)


def test_undo_goes_on_behind_what_was_taken_back_by_hand(story: Story) -> None:
    story.does("pbx-paris", PARIS)
    edit(story, "pbx-paris", port=5)
    edit(story, "pbx-paris", realm="r")
    last = story.git("rev-parse", "--short=10", "HEAD").strip()
    story.does("pbx-paris", "# by hand\n" + PARIS.replace("5060", "5"))
    outcome = undo(story)
    assert text(story, "pbx-paris") == "# by hand\n" + PARIS
    nothing = f'nothing of "Change realm of pbx-paris" ({last}) is left to take back'
    assert outcome.plan.notes == (f"passed over: {nothing}",)


def test_undo_takes_back_what_somebody_else_did_by_name_only(story: Story, run: Program) -> None:
    story.does("pbx-paris", PARIS)
    edit(story, "pbx-paris", port=5061)
    story.git("commit", "--quiet", "--amend", "--no-edit", "--author=Grace <grace@example.net>")
    theirs = story.git("rev-parse", "HEAD").strip()[:10]
    told = run("undo", check=3).err
    by = f'"Change port of pbx-paris" ({theirs}) is by another author, Grace <grace@example.net>'
    assert by in told
    assert f"`sipctl undo {theirs}`" in told
    edit(story, "pbx-paris", port=5062)
    run("undo")
    run("undo", check=3)
    run("undo", env={"GIT_AUTHOR_EMAIL": "grace@example.net"})
    assert text(story, "pbx-paris") == PARIS
    run("undo", theirs)


def test_a_link_is_left_alone(story: Story) -> None:
    link = story.file("link")
    link.symlink_to("pbx-paris.yaml")
    made = story.commit("A link")
    link.unlink()
    gone = story.does("pbx-paris", PARIS, "No link")
    for commit, path in ((made, "link"), (gone, "link")):
        outcome = undo(story, commit)
        assert f"endpoints/{path}.yaml: it is a link or the like" in outcome.plan.notes[0]
    assert not link.exists()
    assert not story.file("pbx-paris").exists()


def test_undo_of_anyones_commit_by_name(story: Story) -> None:
    story.does("pbx-paris", PARIS)
    story.does("pbx-paris", PARIS.replace("5060", "5061"), 'Someone\'s "\x1b[31mwork"')
    undo(story, "HEAD")
    assert text(story, "pbx-paris") == PARIS
    assert subject(story) == 'Undo "Someone\'s "[31mwork""'
    story.git("switch", "--quiet", "--create", "side", "HEAD~1")
    other = story.does("pbx-lyon", LYON)
    story.git("switch", "--quiet", "main")
    with pytest.raises(Refused, match="not in the history of this branch"):
        undo(story, other)


def test_later_changes_of_other_fields_stay(story: Story) -> None:
    story.does("pbx-paris", PARIS)
    edited = edit(story, "pbx-paris", port=5061)
    later = "# note\n" + PARIS.replace("5060", "5061").replace("sip.", "pbx.")
    story.does("pbx-paris", later)
    undo(story, edited)
    assert text(story, "pbx-paris") == later.replace("5061", "5060")


def test_undo_where_fields_have_changed_again_lists_them_and_is_refused(story: Story) -> None:
    story.does("pbx-paris", PARIS)
    story.does("pbx-lyon", LYON)
    edited = story.run(
        lambda i: operations.edit(i, ["pbx-paris", "pbx-lyon"], {"port": 5061, "realm": "r"})
    ).commit
    edit(story, "pbx-paris", port=5070)
    edit(story, "pbx-lyon", realm="other")
    before = text(story, "pbx-paris")
    with pytest.raises(Refused) as refused:
        undo(story, edited)
    assert refused.value.message.splitlines() == [
        '"Change port and realm of 2 endpoints" has been changed again since:',
        "pbx-lyon: realm is now other, was set to r",
        "pbx-paris: port is now 5070, was set to 5061",
    ]
    assert text(story, "pbx-paris") == before


def test_what_stands_as_before_already_is_no_conflict(story: Story) -> None:
    story.does("pbx-paris", PARIS)
    edited = edit(story, "pbx-paris", port=5061)
    story.does("pbx-paris", "# back\n" + PARIS)
    assert undo(story, edited).commit is None


def test_a_port_that_follows_the_transport_is_no_conflict(story: Story) -> None:
    story.does("pbx-lyon", LYON)
    edited = edit(story, "pbx-lyon", transport="tls")
    edit(story, "pbx-lyon", port=5071)
    undo(story, edited)
    assert text(story, "pbx-lyon") == LYON + "port: 5071\n"


def test_what_a_commit_created_goes_unless_it_was_changed(story: Story) -> None:
    fields: dict[str, Value] = {"reference": "a", "host": "h.example.net"}
    created = story.run(lambda i: operations.create(i, [fields])).commit
    edit(story, "a", port=5070)
    with pytest.raises(Refused, match=r"a: port is now 5070, was set to 5060 \(default\)"):
        undo(story, created)
    undo(story)
    undo(story)
    assert not story.file("a").exists()
    assert undo(story, created).commit is None


def test_what_a_commit_deleted_comes_back_unless_it_is_there_again(story: Story) -> None:
    story.does("pbx-paris", "# ours\n" + PARIS)
    deleted = story.run(lambda i: operations.delete(i, ["pbx-paris"])).commit
    undo(story)
    assert text(story, "pbx-paris") == "# ours\n" + PARIS
    edit(story, "pbx-paris", port=5070)
    with pytest.raises(Refused, match="pbx-paris: there is one of that name again"):
        undo(story, deleted)


def test_undo_of_a_rename_moves_back_and_keeps_later_changes(story: Story) -> None:
    story.does("pbx-paris", PARIS)
    move = story.run(lambda i: operations.rename(i, "pbx-paris", "pbx-idf")).commit
    edit(story, "pbx-idf", port=5070)
    outcome = undo(story, move)
    assert text(story, "pbx-paris") == PARIS.replace("5060", "5070")
    assert not story.file("pbx-idf").exists()
    assert [(c.kind, c.reference, c.source) for c in outcome.changes] == [
        ("renamed", "pbx-paris", "pbx-idf")
    ]
    undo(story, outcome.commit)
    assert text(story, "pbx-idf") == renamed(PARIS.replace("5060", "5070"), "pbx-idf")


def test_undo_of_a_rename_is_refused_where_names_have_moved_on(story: Story) -> None:
    story.does("pbx-paris", PARIS)
    move = story.run(lambda i: operations.rename(i, "pbx-paris", "pbx-idf")).commit
    story.run(lambda i: operations.duplicate(i, "pbx-idf", "pbx-paris", {}))
    with pytest.raises(Refused, match="pbx-paris: there is one of that name again"):
        undo(story, move)
    undo(story)
    story.run(lambda i: operations.rename(i, "pbx-idf", "pbx-ile"))
    with pytest.raises(Refused, match="pbx-idf: it is called pbx-ile now"):
        undo(story, move)


def test_undo_of_a_change_of_case_moves_back(story: Story) -> None:
    story.does("pbx", renamed(PARIS, "pbx"))
    story.run(lambda i: operations.rename(i, "pbx", "PBX"))
    undo(story)
    assert [file.name for file in (story.root / "endpoints").iterdir()] == ["pbx.yaml"]


def test_undo_finds_an_endpoint_under_its_present_name(story: Story) -> None:
    story.does("pbx-paris", PARIS)
    edited = edit(story, "pbx-paris", port=5061)
    story.run(lambda i: operations.rename(i, "pbx-paris", "pbx-idf"))
    undo(story, edited)
    assert text(story, "pbx-idf") == renamed(PARIS, "pbx-idf")
    story.run(lambda i: operations.delete(i, ["pbx-idf"]))
    with pytest.raises(Refused, match="pbx-paris: it is not there any more"):
        undo(story, edited)


def test_undo_of_a_merge_goes_back_to_its_first_parent(story: Story) -> None:
    story.does("pbx-paris", PARIS)
    story.git("switch", "--quiet", "--create", "side")
    story.does("pbx-paris", PARIS.replace("5060", "5061"))
    story.does("pbx-lyon", LYON)
    story.git("switch", "--quiet", "main")
    story.does("pbx-paris", PARIS.replace("realm: paris", "realm: idf"))
    merge = story.merge("side")
    undo(story, merge)
    assert text(story, "pbx-paris") == PARIS.replace("realm: paris", "realm: idf")
    assert not story.file("pbx-lyon").exists()


def test_a_commit_of_sipctl_on_a_merged_branch_is_not_the_newest(story: Story) -> None:
    story.does("pbx-paris", PARIS)
    story.does("pbx-lyon", LYON)
    edit(story, "pbx-paris", port=5061)
    story.git("switch", "--quiet", "--create", "side")
    edit(story, "pbx-lyon", port=5070)
    story.git("switch", "--quiet", "main")
    story.does("pbx-nice", LYON.replace("pbx-lyon", "pbx-nice"))
    story.merge("side")
    undo(story)
    assert text(story, "pbx-paris") == PARIS
    assert "5070" in text(story, "pbx-lyon")


def test_settings_and_other_files_come_back_whole_or_not_at_all(story: Story) -> None:
    settings = story.root / "sipctl.yaml"
    notes = story.root / "notes.txt"
    old = settings.read_text()
    settings.write_text(old + "rules: {plaintext-password: warning}\n")
    notes.write_text("x")
    changed = story.commit()
    undo(story, changed)
    assert (settings.read_text(), notes.exists()) == (old, False)
    undo(story, "HEAD")
    settings.write_text(old + "# another\nrules: {plaintext-password: warning}\n")
    story.commit()
    with pytest.raises(Refused, match=r"sipctl.yaml: it is another one now"):
        undo(story, changed)


def test_the_commit_that_made_the_workspace_stays(story: Story) -> None:
    with pytest.raises(Refused, match="made the workspace"):
        undo(story, "HEAD")


def test_files_outside_of_the_workspace_are_left_alone(repo: Path) -> None:
    story = Story(repo / "phones")
    story.root.mkdir()
    (story.root / "sipctl.yaml").write_text("version: 1\n")
    story.does("pbx-paris", PARIS)
    (repo / "other.txt").write_text("x")
    story.git("add", "../other.txt")
    story.does("pbx-paris", PARIS.replace("5060", "5061"))
    outcome = undo(story, "HEAD")
    assert text(story, "pbx-paris") == PARIS
    assert (repo / "other.txt").exists()
    assert outcome.plan.notes == (
        "outside of the workspace the commit changed one file: left alone",
    )
    (repo / "b").mkdir()
    other = Story(repo / "b", minute=story.minute)
    (other.root / "sipctl.yaml").write_text("version: 1\n")
    other.does("pbx-paris", PARIS)
    edit(other, "pbx-paris", port=5070)
    edit(story, "pbx-paris", port=5080)
    undo(other)
    assert text(other, "pbx-paris") == PARIS
    assert "5080" in text(story, "pbx-paris")


# -- line ends -----------------------------------------------------------------------------------


@pytest.mark.parametrize("go_back", [restore, lambda story, _: undo(story, "HEAD")])
def test_bytes_come_back_as_git_checks_them_out(
    story: Story, go_back: Callable[[Story, str], Outcome]
) -> None:
    story.git("config", "core.autocrlf", "true")
    windows = PARIS.replace("\n", "\r\n")
    story.does("pbx-paris", windows)
    story.does("pbx-paris", windows.replace("5060", "5061"))
    [blob] = story.repository.tree("HEAD", ["endpoints/pbx-paris.yaml"]).values()
    assert b"\r" not in story.repository.blobs([blob])[blob]
    go_back(story, "pbx-paris")
    assert story.file("pbx-paris").read_bytes() == windows.encode()
    assert story.git("status", "--porcelain") == ""


def test_a_password_is_kept_in_a_file_with_carriage_returns(story: Story) -> None:
    story.git("config", "core.autocrlf", "true")
    windows = PARIS.replace("\n", "\r\n")
    story.does("pbx-paris", windows)
    new = windows.replace("5060", "5061").replace("PARIS_PASSWORD", "NEW")
    story.does("pbx-paris", new)
    restore_all(story, "HEAD~1")
    assert story.file("pbx-paris").read_bytes() == new.replace("5061", "5060").encode()


def test_undo_passes_by_a_merge_that_touches_nothing_of_the_workspace(
    repo: Path, run: Program, git: Git
) -> None:
    for name in ("w1", "w2"):
        run("init", name)
        run("create", "b", "--host", "b.example.net", "-C", name)
    run("edit", "b", "--port", "5070", "-C", "w1")
    git("switch", "--quiet", "--create", "other")
    run("edit", "b", "--port", "5071", "-C", "w2")
    git("switch", "--quiet", "main")
    trailer = "Merge other\n\nSipctl-Operation: edit"  # as a forge may copy it
    git("merge", "--quiet", "--no-ff", "other", f"--message={trailer}")
    run("undo", "-C", "w1")
    assert "port" not in (repo / "w1/endpoints/b.yaml").read_text()
    assert "port: 5071" in (repo / "w2/endpoints/b.yaml").read_text()


# -- shallow clones ------------------------------------------------------------------------------

CUT = "this clone is shallow: `git fetch --unshallow` gets the rest"


@pytest.fixture
def shallow(story: Story, run: Program, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A clone of the last two of four commits, made by sipctl and by hand; the current folder."""
    run("create", "pbx-paris", "--host", "one.example")
    run("create", "pbx-lyon", "--host", "lyon.example")
    run("edit", "pbx-paris", "--host", "two.example")
    story.put("pbx-nice", "reference: pbx-nice\nhost: nice.example\n")
    story.commit("Nice, by hand")
    folder = tmp_path / "shallow"
    story.git("clone", "--quiet", "--depth=2", f"file://{story.root}", str(folder))
    monkeypatch.chdir(folder)
    return folder


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("restore pbx-paris", "what was before"),
        ("restore pbx-lyon", "what was before"),
        ("restore pbx-paris --back 2", "has changed once only in the history that is here"),
        ("restore pbx-rome", "none in the history that is here"),
        ("history pbx-pari", "did you mean"),
        ("undo", "what was before"),
        ("undo HEAD~1", "what was before"),
    ],
)
def test_a_shallow_clone_says_that_what_was_before_is_not_here(
    command: str, words: str, shallow: Path, run: Program, git: Git
) -> None:
    refused = run(*command.split(), check=3).err
    assert words in refused
    assert CUT in refused
    assert "sipctl delete" not in refused
    git("fetch", "--quiet", "--unshallow")
    assert CUT not in run(*command.split(), check=None).err


def test_what_began_in_a_shallow_clone_is_told_to_begin_there(shallow: Path, run: Program) -> None:
    refused = run("restore", "pbx-nice", check=3).err
    assert '"pbx-nice" begins at' in refused
    assert CUT not in refused
    run("undo", "HEAD")
    assert not (shallow / "endpoints/pbx-nice.yaml").exists()


def test_a_shallow_clone_without_a_commit_of_sipctl_says_why(
    story: Story, run: Program, tmp_path: Path
) -> None:
    run("create", "pbx-paris", "--host", "one.example")
    story.does("pbx-lyon", LYON)
    story.does("pbx-lyon", LYON + "port: 5070\n")
    folder = tmp_path / "shallow"
    story.git("clone", "--quiet", "--depth=2", f"file://{story.root}", str(folder))
    refused = run("undo", cwd=folder, check=3).err
    assert "there is no commit of sipctl left to undo" in refused
    assert CUT in refused


def test_blame_of_a_shallow_clone_says_that_a_field_may_be_older(
    shallow: Path, run: Program
) -> None:
    assert "this clone is shallow: what is older is not here" in run("blame", "pbx-paris").err
    assert "shallow" not in run("blame", "pbx-nice").err


@pytest.mark.parametrize("which", [["--all"], ["--where", "ref:*"]])
@pytest.mark.parametrize("commit", [[], ["--no-commit"]])
def test_what_no_commit_holds_is_not_taken_away(
    which: list[str], commit: list[str], workspace: Path, run: Program, git: Git
) -> None:
    run("create", "first", "--host", "first.example.net")
    run("create", "later", "--host", "later.example.net")
    drafts = {name: f"reference: {name}\nhost: draft.example.net\n" for name in ("new", "noted")}
    for name, text in drafts.items():
        Path(f"endpoints/{name}.yaml").write_text(text)
    git("add", "--intent-to-add", "endpoints/noted.yaml")
    done = run("restore", *which, "--at", "HEAD~1", *commit)
    assert not Path("endpoints/later.yaml").exists()
    for name, text in drafts.items():
        assert Path(f"endpoints/{name}.yaml").read_text() == text
        assert f"{name}: no commit holds it, so it stays" in done.err


def test_who_goes_back_is_told_that_changes_would_be_lost(
    workspace: Path, run: Program, git: Git
) -> None:
    run("create", "a", "--host", "a.example.net")
    run("edit", "a", "--port", "5070")
    with Path("endpoints/a.yaml").open("a") as file:
        file.write("# by hand\n")
    refused = run("restore", "--all", "--at", "HEAD~1", check=3)
    assert "or lose them with --no-commit" in refused.err
    refused = run("edit", "a", "--port", "5080", check=3)
    assert "or write on top of them with --no-commit" in refused.err


# -- names that are borne by one after the other ------------------------------------------------


@pytest.fixture
def swapped(workspace: Path, run: Program, git: Git) -> dict[str, str]:
    """Two endpoints that have each other's former name; commits by what they did."""
    commits = {}
    for line in (
        "create a --host a.example.net",
        "create b --host b.example.net",
        "edit a --port 5070",
        "edit b --port 5070",
        "rename a tmp",
        "rename b a",
        "rename tmp b",
    ):
        run(*line.split())
        commits[line] = git("rev-parse", "HEAD").strip()
    return commits


def test_undo_takes_back_what_was_done_to_the_endpoint_of_then(
    swapped: dict[str, str], run: Program
) -> None:
    run("undo", swapped["edit a --port 5070"])
    assert "port" not in Path("endpoints/b.yaml").read_text()
    assert "port: 5070" in Path("endpoints/a.yaml").read_text()


def test_undo_takes_away_nothing_that_has_only_the_name(
    workspace: Path, run: Program, git: Git
) -> None:
    run("create", "a", "--host", "a.example.net")
    run("duplicate", "a", "c")
    made = git("rev-parse", "HEAD").strip()
    run("rename", "c", "d")
    run("rename", "a", "c")
    assert "c: it is called d now" in run("undo", made, check=3).err
    run("delete", "d")
    assert "nothing of" in run("undo", made).err
    assert Path("endpoints/c.yaml").exists()


def test_a_restore_at_a_commit_is_of_the_endpoint_that_is_called_so_now(
    swapped: dict[str, str], run: Program
) -> None:
    run("restore", "a", "--at", swapped["create b --host b.example.net"])
    assert Path("endpoints/a.yaml").read_text() == "reference: a\nhost: b.example.net\n"


def test_a_restore_at_a_commit_is_not_of_a_former_one_of_the_name(
    workspace: Path, run: Program
) -> None:
    run("create", "a", "--host", "a.example.net")
    run("rename", "a", "b")
    run("create", "a", "--host", "new.example.net")
    refused = run("restore", "a", "--at", "HEAD~2", check=3).err
    assert 'no endpoint "a" at "HEAD~2": the one of that name is called b now' in refused


def test_all_go_back_to_where_they_stood_whoever_has_their_names_now(
    workspace: Path, run: Program, git: Git
) -> None:
    run("create", "old", "--host", "old.example.net")
    run("create", "new", "--host", "new.example.net")
    git("tag", "then")
    run("delete", "old")
    run("rename", "new", "old")
    told = run("restore", "--where", "host:old.example.net", "--at", "then").err
    assert "old: another one has its name now, so it does not come back" in told
    run("restore", "--all", "--at", "then")
    assert git("diff", "--stat", "then", "HEAD") == ""


def subjects(history: str) -> list[str]:
    return [entry["subject"] for entry in json.loads(history)["history"]]


def test_a_restore_goes_back_in_the_life_of_one_endpoint(
    workspace: Path, run: Program, git: Git
) -> None:
    run("create", "old", "--host", "old.example.net", "--realm", "one")
    run("create", "new", "--host", "new.example.net", "--username", "u")
    run("delete", "old")
    run("rename", "new", "old")
    for words in ("old", "old --field realm"):
        assert "nothing was before" in run("restore", *words.split(), check=3).err
    assert subjects(run("history", "old", "-o", "json").out) == ["Rename new to old", "Create new"]
    told = run("history", "--where", "host:new.example.net").out
    assert "Create old" not in told
    assert "Create new" in told


def test_of_swapped_names_each_goes_back_to_its_own(swapped: dict[str, str], run: Program) -> None:
    run("edit", "a", "--port", "5080")
    for back, line in ((2, ""), (1, "port: 5070\n")):
        run("restore", "a", "--back", str(back), "--no-commit")
        assert Path("endpoints/a.yaml").read_text() == f"reference: a\nhost: b.example.net\n{line}"
        run("restore", "a", "--at", "HEAD", "--no-commit")
    assert "nothing was before" in run("restore", "a", "--back", "3", check=3).err


def test_history_beside_a_merge_is_kept_below_a_rename(
    workspace: Path, run: Program, git: Git
) -> None:
    run("create", "a", "--host", "a.example.net", "--realm", "main", "--description", "One.")
    git("checkout", "--quiet", "-b", "side")
    earlier = {"GIT_COMMITTER_DATE": "2026-01-01T00:00:00Z"}
    git("commit", "--quiet", "--amend", "--no-edit", env=earlier)
    git("branch", "--force", "main", "side")
    run("rename", "a", "b", "-m", "Rename here", env=earlier)
    run("edit", "b", "--realm", "side", env=earlier)
    git("checkout", "--quiet", "main")
    run("rename", "a", "b")
    run("edit", "b", "--description", "Two.")
    git("merge", "--quiet", "--no-commit", "--strategy-option", "ours", "side")
    git("commit", "--quiet", "--message=Merge")
    told = subjects(run("history", "b", "-o", "json").out)
    assert {"Rename here", "Rename a to b", "Create a"} <= {*told}
    assert {"Change realm of b", "Change description of b"} <= {*told}
