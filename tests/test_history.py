"""History and blame by field, over histories that plain Git made."""

import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from sipctl import history
from sipctl.changes import EndpointChange
from sipctl.errors import Refused
from sipctl.history import Chosen
from sipctl.repository import Repository
from tests.support import execute

PARIS = """\
reference: pbx-paris
host: sip.paris.example.net
port: 5060
codecs: [alaw, ulaw]
username: "+33155000001"
password: {env: PARIS_PASSWORD}
realm: paris.example.net
tags: [paris, production]
"""
LYON = "reference: pbx-lyon\nhost: sip.lyon.example.net\n"


@dataclass
class Story:
    """A workspace whose history a test writes, a minute between two commits."""

    root: Path
    minute: int = 0
    commits: list[str] = field(default_factory=list)

    def git(self, *words: str, check: int | None = 0) -> str:
        time = f"2026-03-01T{self.minute // 60:02}:{self.minute % 60:02}:00Z"
        dates = {"GIT_AUTHOR_DATE": time, "GIT_COMMITTER_DATE": time}
        return execute(["git", *words], cwd=self.root, env=dates, check=check).out

    def file(self, reference: str) -> Path:
        return self.root / "endpoints" / f"{reference}.yaml"

    def put(self, reference: str, text: str | bytes | None) -> None:
        file = self.file(reference)
        if text is None:
            file.unlink()
            return
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(text.encode() if isinstance(text, str) else text)

    def commit(self, message: str = "By hand", *options: str) -> str:
        self.minute += 1
        self.git("add", "--all", ".")
        self.git("commit", "--quiet", "--allow-empty", f"--message={message}", *options)
        self.commits.append(self.git("rev-parse", "HEAD").strip())
        return self.commits[-1]

    def does(self, reference: str, text: str | bytes | None, message: str = "By hand") -> str:
        self.put(reference, text)
        return self.commit(message)

    def merge(self, *branches: str, resolve: Callable[[], None] | None = None) -> str:
        self.minute += 1
        check = 0 if resolve is None else None
        self.git("merge", "--quiet", "--no-ff", "--no-commit", *branches, check=check)
        if resolve:
            resolve()
        return self.commit(f"Merge {' '.join(branches)}")

    @property
    def repository(self) -> Repository:
        found = Repository.find(self.root)
        assert found is not None
        return found

    # -- what sipctl tells -------------------------------------------------------------------

    def of(self, reference: str, **chosen: object) -> list[str]:
        entries = history.of(self.repository, reference, Chosen(**chosen))  # type: ignore[arg-type]
        return [line for entry in entries for line in map(told, entry.changes)]

    def commits_of(self, reference: str, **chosen: object) -> list[str]:
        chosen_ = Chosen(**chosen)  # type: ignore[arg-type]
        return [entry.commit.oid for entry in history.of(self.repository, reference, chosen_)]

    def of_all(self, **chosen: object) -> list[str]:
        entries = history.of_all(self.repository, Chosen(**chosen))  # type: ignore[arg-type]
        return ["; ".join(map(told, entry.changes)) for entry in entries]

    def blame(self, reference: str) -> dict[str, str | None]:
        rows = history.blame(self.repository, reference)
        return {row.field: row.commit.oid if row.commit else None for row in rows}


def told(change: EndpointChange) -> str:
    """`changed pbx-paris: port: 5060 -> 5061`; of what comes or goes, its fields by name."""
    source = f" from {change.source}" if change.source else ""
    if change.kind in ("created", "deleted"):
        fields = " ".join(f.field for f in change.fields)
    else:
        fields = ", ".join(f.text() for f in change.fields)
    return f"{change.kind} {change.reference}{source}" + (f": {fields}" if fields else "")


@pytest.fixture
def story(workspace: Path) -> Story:
    return Story(workspace)


GIVEN = "host port codecs username password realm tags"


# -- a line of commits ---------------------------------------------------------------------------


def test_each_change_of_a_field_is_told_with_old_and_new(story: Story) -> None:
    created = story.does("pbx-paris", PARIS)
    edited = story.does("pbx-paris", PARIS.replace("5060", "5061"))
    entries = list(history.of(story.repository, "pbx-paris"))
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
    assert "description" not in blame and "register" not in blame


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
    shown = repr(list(history.of(story.repository, "pbx-paris")))
    assert "hunter2" not in shown and "swordfish" not in shown


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


def renamed(text: str, new: str) -> str:
    return re.sub(r"(?m)^reference: .*$", f"reference: {new}", text)


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
        "renamed pbx-idf from pbx-paris: port: 5060 -> 5061, "
        "realm: paris.example.net -> idf.example.net"
    ]
    assert story.blame("pbx-idf")["port"] == moved


def test_a_file_that_only_moved_is_a_rename(story: Story) -> None:
    story.does("pbx-paris", "broken: [\n")
    story.git("mv", "endpoints/pbx-paris.yaml", "endpoints/pbx-idf.yaml")
    story.commit()
    assert story.of("pbx-idf") == ["renamed pbx-idf from pbx-paris", "unreadable pbx-paris"]


def test_a_rename_may_change_case_only(story: Story) -> None:
    story.does("pbx", renamed(PARIS, "pbx"))
    story.does("twin", renamed(PARIS, "twin"))
    story.put("pbx", None)
    story.put("twin", None)
    story.put("aaa", renamed(PARIS, "aaa"))
    story.does("PBX", renamed(PARIS, "PBX"))
    assert story.of("PBX")[0] == "renamed PBX from pbx"
    assert story.of("aaa")[0] == "renamed aaa from twin"


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
    rows = {row.field: row for row in history.blame(story.repository, "pbx-nice")}
    assert rows["port"].commit and rows["port"].commit.oid == port and rows["port"].source is None
    assert rows["host"].commit and rows["host"].commit.oid == copied
    assert rows["host"].source == "pbx-paris" and rows["reference"].source is None


def test_a_duplicate_tells_what_differs_from_its_source(story: Story) -> None:
    story.does("pbx-paris", PARIS)
    text = renamed(PARIS, "pbx-nice").replace("sip.paris", "sip.nice").replace("5060", "5061")
    story.does("pbx-nice", text)
    assert story.of("pbx-nice") == [
        "duplicated pbx-nice from pbx-paris: "
        "host: sip.paris.example.net -> sip.nice.example.net, port: 5060 -> 5061"
    ]


def test_the_most_alike_is_the_source_then_the_first_by_name(story: Story) -> None:
    story.does("zz-best", renamed(PARIS, "zz-best"))
    story.does("aa-like", renamed(PARIS, "aa-like").replace("5060", "5070"))
    story.does("pbx-nice", renamed(PARIS, "pbx-nice"))
    assert story.of("pbx-nice") == ["duplicated pbx-nice from zz-best"]
    story.does("copy", renamed(PARIS, "copy").replace("5060", "5099"))
    assert story.of("copy") == ["duplicated copy from aa-like: port: 5070 -> 5099"]


def test_endpoints_that_agree_in_nothing_that_names_them_are_no_duplicates(story: Story) -> None:
    common = "port: 5060\ntransport: tls\ncodecs: [alaw]\nregister: true\ntags: [x]\n"
    story.does("a", "reference: a\nhost: a.example.net\n" + common)
    story.does("b", "reference: b\nhost: b.example.net\n" + common)
    assert story.of("b") == ["created b: host port transport codecs register tags"]


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
