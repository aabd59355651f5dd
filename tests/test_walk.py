"""Which commits changed one file: found by looking it up in each commit, as Git's own log says."""

from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from sipctl.git import commitgraph, walk
from sipctl.git import repository as repositories
from sipctl.git.repository import Repository
from sipctl.history import lineage, log
from sipctl.history.lineage import Reader, Step
from sipctl.kinds import ENDPOINT, reference_of
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


# -- many names ----------------------------------------------------------------------------------

Trunks = dict[str, tuple[int, int]]
"""Which trunk has which name, and its port."""

Grown = tuple[tuple[int, ...], Trunks, int]
"""A commit: its parents by number, its endpoints, and how many seconds it is after the last one."""

NAMES = "abc"


@st.composite
def renamings(draw: st.DrawFn) -> list[Grown]:
    """Commits in any shape that rename endpoints, there and back, edit, delete and create some."""
    grown: list[Grown] = []
    for number in range(draw(st.integers(2, 14))):
        near = range(max(number - 3, 0), number)
        some = st.lists(st.sampled_from(near), min_size=1, max_size=3, unique=True)
        parents = draw(st.just([number - 1]) | some) if near else []
        trunks: Trunks = {} if parents else {"a": (0, 5060)}
        for parent in parents:  # what came last has changed the most
            trunks |= grown[parent][1]
        for name in draw(st.lists(st.sampled_from(NAMES), max_size=2)):
            new = draw(st.sampled_from(NAMES))
            trunk, port = trunks.pop(name, (number, 5059))
            if draw(st.sampled_from([True] * 5 + [False])):
                trunks[name if new in trunks else new] = trunk, port + draw(st.integers(0, 1))
        grown.append((tuple(parents), trunks, draw(st.sampled_from([60, 60, 60, 0, -99]))))
    return grown


def grown(commits: list[Grown]) -> bytes:
    """The same for git fast-import."""
    rows, time = ["reset refs/heads/main"], 1_700_000_000
    for number, (parents, trunks, seconds) in enumerate(commits):
        time += seconds
        rows.append(f"commit refs/heads/main\nmark :{number + 1}")
        rows.append(f"committer A <a@example.net> {time} +0000\ndata 1\n{number % 10}")
        words = ["from", *["merge"] * len(parents)]
        rows += [f"{word} :{parent + 1}" for word, parent in zip(words, parents, strict=False)]
        rows.append(f"deleteall\nM 644 inline other\ndata 2\n{number:02}")
        for name, (trunk, port) in trunks.items():
            text = (
                f"reference: {name}\nhost: h{trunk}\nport: {port}\nusername: u\nrealm: r{trunk}\n"
            )
            rows.append(f"M 644 inline endpoints/{name}.yaml\ndata {len(text)}\n{text}")
    return "\n".join([*rows, "done", ""]).encode()


Followed = tuple[list[list[Step]], list[list[Step]], list[list[log.BlameRow]]]


def followed(known: Repository, logs: int) -> Followed:
    """The steps of each name, those of its whole history, and who is blamed for its fields: by a
    log for each name for so many names, and by one of all behind them."""
    with pytest.MonkeyPatch.context() as patch:
        for module in (lineage, repositories):
            patch.setattr(module, "FEW_LOGS", logs)
        patch.setattr(lineage, "_SHORT", 1)
        head = known.head()
        assert head is not None
        line, whole = (
            [
                in_order(Reader(known).steps(head, ENDPOINT.path(name), whole=whole))
                for name in NAMES
            ]
            for whole in (False, True)
        )
        here = [name for name in NAMES if known.tree(head, [ENDPOINT.path(name)])]
        return line, whole, [log.blame(known, name) for name in here]


def in_order(steps: Iterable[Step]) -> list[Step]:
    """Those of one commit by path: they have no order."""
    found = list(steps)
    places = {step.commit.oid: place for place, step in reversed([*enumerate(found)])}
    return sorted(found, key=lambda step: (places[step.commit.oid], step.path))


def anyhow(found: list[list[Step]]) -> list[set[Step]]:
    assert all(len(steps) == len(set(steps)) for steps in found)
    return [set(steps) for steps in found]


def chain(*names: str, seconds: int = 60) -> list[Grown]:
    """A trunk that is called so, one after the other."""
    parents = ((n - 1,) if n else () for n in range(len(names)))
    return [(p, {n: (0, 5060)}, seconds) for p, n in zip(parents, names, strict=True)]


A, B, C = ({name: (0, 5060)} for name in NAMES)
DISCARDED: list[Grown] = [
    ((), A, 60),
    ((0,), B, 60),
    ((0,), {"a": (0, 5061)}, 60),  # under the former name, and of no effect
    ((2, 1), B, 60),
    ((3,), C, 60),
    ((4,), {**C, "b": (4, 5060)}, 60),  # another one
]
TAKEN_BACK: list[Grown] = [
    ((), A, 60),
    ((0,), A, 60),
    ((0,), A, 60),
    ((1,), {"a": (0, 5061)}, 60),
    ((2,), {"a": (1, 5060)}, 60),
    ((3, 4), A, 60),  # the port of the second parent, and the rest of the first
    ((5,), B, 60),
]
EACH_ITS_OWN: list[Grown] = [
    ((), A, 60),
    ((0,), B, 60),
    ((0,), C, 60),
    ((1, 2), {"b": (0, 5061)}, 60),
    ((3,), {"a": (0, 5061)}, 60),
]


@given(commits=renamings(), logs=st.sampled_from([0, 0, 1, 2]))
@example(commits=chain(*"abcabcabab"), logs=0)
@example(commits=chain(*"abcabcabab", seconds=0), logs=2)
@example(commits=DISCARDED, logs=0)
@example(commits=TAKEN_BACK, logs=0)
@example(commits=EACH_ITS_OWN, logs=0)
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_log_of_all_files_tells_of_renames_what_a_log_of_each_name_tells(
    known: Repository, commits: list[Grown], logs: int
) -> None:
    execute(["git", "fast-import", "--quiet", "--force"], cwd=known.root, input=grown(commits))
    expected, found = followed(known, 1000), followed(known, logs)
    if all(seconds > 0 for *_, seconds in commits):
        assert found == expected
    else:  # which one is newer, and on which side of a merge, nobody knows
        assert anyhow(found[0]) == anyhow(expected[0])
        assert found[2] == expected[2]


def test_a_discarded_change_of_the_same_second_is_told(known: Repository) -> None:
    commits = [(parents, trunks, 0) for parents, trunks, _ in DISCARDED]
    execute(["git", "fast-import", "--quiet"], cwd=known.root, input=grown(commits))
    found = anyhow(followed(known, 0)[1])
    assert found == anyhow(followed(known, 1000)[1])
    assert "2" in {step.commit.message.strip() for step in found[NAMES.index("c")]}


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
