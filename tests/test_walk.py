"""Which commits changed one file: found by looking it up in each commit, as Git's own log says."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from sipctl.git import commitgraph, walk
from sipctl.git import repository as repositories
from sipctl.git.repository import Repository
from sipctl.history import log
from sipctl.kinds import reference_of
from tests.conftest import Git, Program
from tests.support import execute
from tests.test_upkeep import graph, traced

# -- the walk ------------------------------------------------------------------------------------

FILE = "endpoints/a b.yaml"

Made = tuple[tuple[int, ...], str | None, int]
"""A commit: its parents by number, the file's content, and how many seconds its clock is wrong."""

MERGED: list[Made] = [((), "x", 0), ((0,), "y", 0), ((0,), "x", 0), ((1, 2), "x", 0)]
SKEWED: list[Made] = [((), "x", 0), ((0,), "y", 99), ((0,), "z", 0), ((1, 2), "w", 0)]


@st.composite
def histories(draw: st.DrawFn) -> list[Made]:
    """Commits in any shape, the last of which has all others behind it or not."""
    made: list[Made] = []
    for number in range(draw(st.integers(1, 14))):
        near = range(max(number - 4, 0), number)
        some = st.lists(st.sampled_from(near), min_size=1, max_size=3, unique=True)
        parents = draw(some) if near else []
        content = draw(st.sampled_from(["x", "y", "z", None]))
        made.append((tuple(parents), content, draw(st.sampled_from([0, 0, 0, 99, -99]))))
    return made


def imported(commits: list[Made]) -> bytes:
    """The same for git fast-import."""
    rows = []
    for number, (parents, content, wrong) in enumerate(commits):
        rows.append(f"commit refs/heads/main\nmark :{number + 1}")
        rows.append(f"committer A <a@example.net> {1_700_000_000 + number + wrong} +0000")
        rows.append(f"data 1\n{number % 10}")
        words = ["from", *["merge"] * len(parents)]
        rows += [f"{word} :{parent + 1}" for word, parent in zip(words, parents, strict=False)]
        rows.append(f"M 644 inline endpoints/other\ndata {len(str(number))}\n{number}")
        # (a fast import removes what is not there in silence)
        rows.append(
            f'D "{FILE}"' if content is None else f'M 644 inline "{FILE}"\ndata {len(content)}'
        )
        rows += [] if content is None else [content]
    return "\n".join(["reset refs/heads/main", *rows, "done", ""]).encode()


@pytest.fixture
def known(repo: Path) -> Repository:
    found = Repository.find(repo)
    assert found is not None
    return found


@pytest.fixture(params=[1, 3, 1024], ids="{} at once".format)
def portion(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """So many commits are read at once, however few there are."""
    monkeypatch.setattr(walk, "_FIRST", request.param)
    monkeypatch.setattr(walk, "_MOST", request.param)


@given(commits=histories())
@example(commits=MERGED)
@example(commits=SKEWED)
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@pytest.mark.usefixtures("portion")
def test_the_commits_are_those_of_gits_own_log(known: Repository, commits: list[Made]) -> None:
    execute(["git", "fast-import", "--quiet", "--force"], cwd=known.root, input=imported(commits))
    head = known.head()
    assert head is not None
    theirs = execute(["git", "rev-list", head, "--", FILE], cwd=known.root).out.split()
    found = [commit.oid for entry in known.log_by_looking(head, FILE) for commit, _ in entry]
    assert sorted(found) == sorted(theirs)
    if all(not wrong for *_, wrong in commits):
        assert found == theirs


@given(commits=histories())
@example(commits=MERGED)
@example(commits=SKEWED)
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@pytest.mark.usefixtures("portion")
def test_of_the_whole_history_no_side_is_left_out(known: Repository, commits: list[Made]) -> None:
    execute(["git", "fast-import", "--quiet", "--force"], cwd=known.root, input=imported(commits))
    head = known.head()
    assert head is not None
    told = ("--format=commit %H", "--raw", "-c", "--root", "--no-renames", "--full-history")
    rows = execute(["git", "log", *told, head, "--", FILE], cwd=known.root).out.split("commit ")
    theirs = [row[:40] for row in rows if "\n:" in row]  # a merge may be as a parent is
    found = [
        commit.oid
        for entry in known.log_by_looking(head, FILE, whole=True)
        for commit, changes in entry
        if changes
    ]
    assert sorted(found) == sorted(theirs)
    if all(not wrong for *_, wrong in commits):
        assert found == theirs


@pytest.mark.parametrize("large", [0, repositories._LARGE])
@given(commits=histories())
@example(commits=MERGED)
@example(commits=SKEWED)
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_history_of_one_file_is_what_the_history_of_all_tells_of_it(
    known: Repository, commits: list[Made], large: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(repositories, "_LARGE", large)
    documents = [(p, text and f"host: {text}.example.net\n", wrong) for p, text, wrong in commits]
    execute(["git", "fast-import", "--quiet", "--force"], cwd=known.root, input=imported(documents))
    expected = [(entry.commit.oid, entry.changes) for entry in log.of_all(known)]
    if not expected:
        return
    found = [(entry.commit.oid, entry.changes) for entry in log.of(known, reference_of(FILE))]
    assert sorted(found) == sorted(expected)
    if all(not wrong for *_, wrong in commits):
        assert found == expected


def test_each_commit_is_looked_at_once(known: Repository) -> None:
    line: list[Made] = [((n - 1,) if n else (), "xyz"[n // 40 % 3], 0) for n in range(300)]
    execute(["git", "fast-import", "--quiet"], cwd=known.root, input=imported(line))
    rows = execute(["git", "rev-list", "--parents", "main"], cwd=known.root).out.splitlines()
    looked: list[str] = []

    def look_up(commits: object) -> Iterator[str]:
        assert isinstance(commits, list)
        looked.extend(commits)
        return iter("same" for _ in commits)

    commits = ((oid, tuple(parents)) for oid, *parents in map(str.split, rows))
    found = [oid for some in walk.touching(rows[0][:40], commits, look_up) for oid in some]
    assert found == [rows[-1][:40]]
    assert len(looked) == len(set(looked)) == 300


def test_the_newest_are_told_before_the_oldest_are_read() -> None:
    line = iter([(str(n), (str(n - 1),)) for n in range(5000, 0, -1)])
    found = walk.touching("5000", line, lambda commits: commits)
    assert len(next(found)) < 100
    assert len(list(line)) > 4900


@pytest.mark.parametrize(("blob", "found"), [("x", ["a"]), (None, [])])
def test_the_first_commit_counts_if_the_file_is_there(blob: str | None, found: list[str]) -> None:
    assert list(walk.touching("a", [("a", ())], lambda _: [blob])) == [found]


# -- through the program -------------------------------------------------------------------------


LONG = "x" * 60


@pytest.fixture
def crowded(workspace: Path, git: Git) -> Path:
    """A workspace whose endpoints make a large folder."""
    folder = workspace / "endpoints"
    for number in range(700):
        name = f"{LONG}-{number:03}"
        folder.joinpath(f"{name}.yaml").write_text(f"reference: {name}\nhost: a.example.net\n")
    git("add", "--all")
    git("commit", "--quiet", "--message=Many")
    return workspace


def test_a_history_is_the_same_with_and_without_a_graph_of_commits(
    crowded: Path, run: Program, git: Git, tmp_path: Path
) -> None:
    name = f"{LONG}-007"
    run("edit", name, "--port", "5070")
    run("rename", name, "sbc")
    run("edit", "sbc", "--transport", "tls")
    run("delete", "sbc", "--force")
    run("create", "sbc", "--host", "b.example.net")
    run("duplicate", "sbc", "sbd")
    run("edit", "sbd", "--port", "5071")
    lines = [("history", "sbc"), ("history", "sbd"), ("blame", "sbd"), ("history", name)]
    before = [run(*line, "--output", "json").out for line in lines]
    assert before[0].count('"commit"') == 6
    assert "log" not in traced(run, tmp_path / "trace", *lines[0])
    git("commit-graph", "write", "--reachable", "--changed-paths")
    assert commitgraph.share_of_paths(crowded / ".git/objects") == 1
    assert [run(*line, "--output", "json").out for line in lines] == before
    assert "log" in traced(run, tmp_path / "trace", *lines[0])


def test_a_file_whose_name_has_two_lines_is_left_to_gits_log(
    known: Repository, git: Git, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a conversation a line is a question."""
    monkeypatch.setattr(repositories, "_LARGE", 0)
    path = "endpoints/two\nlines.yaml"
    (known.root / "endpoints").mkdir()
    (known.root / path).write_text("host: a.example.net\n")
    git("add", ".")
    git("commit", "--quiet", "--message=Odd")
    head = known.head()
    assert head is not None
    found = [commit.oid for portion in known.log_of_file(head, path) for commit, _ in portion]
    assert found == [head]


# -- what Git's graph tells ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("args", "share"),
    [
        ((), 0),
        (("--no-changed-paths",), 0),
        (("--changed-paths",), 1),
        (("--changed-paths", "--max-new-filters=3"), 0.25),
    ],
)
def test_it_is_known_of_how_many_commits_the_graph_tells_the_paths(
    args: tuple[str, ...], share: float, known: Repository, git: Git
) -> None:
    line: list[Made] = [((n - 1,) if n else (), "xyz"[n % 3], 0) for n in range(12)]
    execute(["git", "fast-import", "--quiet"], cwd=known.root, input=imported(line))
    if args:
        git("commit-graph", "write", "--reachable", *args)
    assert commitgraph.share_of_paths(known.root / ".git/objects") == share


def test_the_graph_may_lie_in_several_files(known: Repository, git: Git) -> None:
    objects = known.root / ".git/objects"
    line: list[Made] = [((n - 1,) if n else (), "xyz"[n % 3], 0) for n in range(12)]
    for number in (8, 12):
        commits = imported(line[:number])
        execute(["git", "fast-import", "--quiet", "--force"], cwd=known.root, input=commits)
        more = ("--changed-paths",) if number == 8 else ("--no-changed-paths",)
        git("commit-graph", "write", "--reachable", "--split=no-merge", *more)
    assert len(list((objects / "info/commit-graphs").glob("*.graph"))) == 2
    assert commitgraph.share_of_paths(objects) == pytest.approx(8 / 12)


@pytest.mark.parametrize("length", [0, 1, 7, 8, 30, 100, 1100])
def test_a_graph_that_is_cut_off_tells_nothing(length: int, known: Repository, git: Git) -> None:
    execute(["git", "fast-import", "--quiet"], cwd=known.root, input=imported([((), "x", 0)]))
    git("commit-graph", "write", "--reachable", "--changed-paths")
    file = graph(known.root)
    data = file.read_bytes()
    file.chmod(0o644)
    file.write_bytes(data[:length])
    assert commitgraph.share_of_paths(known.root / ".git/objects") == 0


def test_many_lines_are_told_newest_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(walk, "_FIRST", 1)
    lines = tuple(f"{number:040x}" for number in range(60))
    commits: list[tuple[str, tuple[str, ...]]] = [("merge", lines), *((oid, ()) for oid in lines)]
    found = [oid for some in walk.touching("merge", commits, list) for oid in some]
    assert found == ["merge", *lines]
