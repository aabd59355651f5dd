"""The benchmarks' own work: workspaces, checks of answers, what a report says. No time counts."""

import platform
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks import machine, results, states
from benchmarks.answers import committed, lines, says, silent
from benchmarks.cases import RACES
from benchmarks.generate import Shape
from benchmarks.processes import Cost, Failed, Output, run
from benchmarks.racing import run_race, run_task
from benchmarks.report import Report
from benchmarks.results import TOLERANCE, Growth, Line, Runs
from benchmarks.tasks import At, Race, Row, Sizes, Target, Task, at_most, faster, megabytes
from benchmarks.workspaces import Workspace, opened
from sipctl.commands import COMMANDS
from tests.conftest import Git, Program
from tests.writers import leaves

SHAPE = Shape(endpoints=60, edits=24)
SIZES = Sizes((60,))


@pytest.fixture(scope="module")
def build(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("build")


@pytest.fixture
def generated(build: Path) -> Workspace:
    """A small workspace, made once and then kept; as it was generated."""
    found = opened(build, SHAPE)
    states.pristine(found)
    return found


# -- workspaces ----------------------------------------------------------------------------------


def test_a_workspace_holds_what_was_promised(generated: Workspace, sipctl: Program) -> None:
    facts, folder = generated.facts, generated.folder
    assert sipctl("validate", cwd=folder).err == "sipctl: 62 files checked: no findings\n"
    assert len(sipctl("list", "-o", "name", cwd=folder).lines) == facts.endpoints == 60
    assert len(sipctl("search", "lyon", "-o", "name", cwd=folder).lines) == facts.in_city == 6
    assert sipctl("uses", facts.used, "-o", "name", cwd=folder).lines == [facts.user]


def test_a_history_has_an_edit_a_commit_and_one_of_many(generated: Workspace, git: Git) -> None:
    facts, folder = generated.facts, generated.folder
    sizes = [
        len(git("show", "--format=", "--name-only", commit, cwd=folder).splitlines())
        for commit in git("rev-list", "--reverse", "HEAD", cwd=folder).split()
    ]
    assert sizes[0] == 62  # with its settings and its scenario
    assert sorted(sizes[1:]) == [1] * 24 + [60]
    assert len(sizes) == facts.commits
    changed = git("diff", "--name-only", "bulk~", "bulk", cwd=folder).splitlines()
    assert len(changed) == facts.bulk == 60
    assert git("rev-parse", "HEAD", cwd=folder).strip() == facts.head


def test_the_watched_endpoint_was_renamed(generated: Workspace, git: Git) -> None:
    path = f"endpoints/{generated.facts.watched}.yaml"
    here = git("log", "--format=%h", "--", path, cwd=generated.folder).splitlines()
    followed = git("log", "--format=%h", "--follow", "--", path, cwd=generated.folder).splitlines()
    assert len(here) < len(followed) == generated.facts.watched_commits


def test_a_workspace_is_made_once_and_the_same_everywhere(
    generated: Workspace, build: Path, tmp_path: Path
) -> None:
    kept = opened(build, SHAPE)
    assert kept.folder.stat().st_ino == generated.folder.stat().st_ino
    assert opened(tmp_path, SHAPE).facts == generated.facts
    assert opened(tmp_path, replace(SHAPE, seed=2)).facts.head != generated.facts.head


def test_nothing_is_left_of_an_earlier_run(generated: Workspace, git: Git) -> None:
    folder = generated.folder
    (folder / generated.files[0]).write_text("half a r")
    (folder / "endpoints" / ".new").touch()
    git("commit", "--all", "--message=Run", cwd=folder)
    (folder / ".git" / "index.lock").touch()
    (folder / ".git" / "sipctl").mkdir()
    states.pristine(generated)
    assert git("rev-parse", "HEAD", cwd=folder).strip() == generated.facts.head
    assert git("status", "--porcelain", "--ignored", cwd=folder) == ""
    assert git("count-objects", cwd=folder).startswith("0 objects")
    assert not (folder / ".git" / "sipctl").exists()


def test_what_is_cached_is_forgotten_and_nothing_else(generated: Workspace) -> None:
    folder = generated.folder / ".git" / "sipctl"
    folder.mkdir()
    for name in ("cache", "cache-2.bin", "lock"):
        (folder / name).touch()
    states.forget(generated, "")
    assert [file.name for file in folder.iterdir()] == ["lock"]


def test_a_hundred_files_are_edited_where_there_are_as_many(generated: Workspace) -> None:
    states.edit_some(generated, "")
    changed = generated.do("git status --porcelain").out.splitlines()
    assert len(changed) == int(generated.fill("{some}")) == 60


# -- processes -----------------------------------------------------------------------------------


def python(code: str, output: Output = Output.FILE) -> Task:
    return Task("python", f'python -c "{code}"', (), output=output)


def outcome(workspace: Workspace, task: Task) -> str:
    return run(workspace.command(task.line), workspace.folder, workspace.variables, task.output).out


def test_a_terminal_is_one_and_has_80_columns(generated: Workspace) -> None:
    code = "import os, sys; print(sys.stdout.isatty(), os.get_terminal_size().columns)"
    assert outcome(generated, python(code, Output.TERMINAL)) == "True 80\r\n"
    assert outcome(generated, python("import sys; print(sys.stdout.isatty())")) == "False\n"


def test_what_prints_for_ever_is_ended_by_its_first_line(generated: Workspace) -> None:
    endless = Task("yes", "yes", (lines("1"),), output=Output.FIRST_LINE, statuses=(-13, 1))
    assert run_task(endless, generated).wall > 0


def test_a_process_sees_nothing_of_who_measures(
    generated: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    monkeypatch.setenv("SIPCTL_NO_CACHE", "1")
    code = "import os; print([n for n in os.environ if n.startswith(('PYTHON', 'SIPCTL'))])"
    assert outcome(generated, python(code)) == "[]\n"


def test_memory_and_processor_time_of_inner_processes_count(generated: Workspace) -> None:
    inner = "'len([0] * 25_000_000)'"  # eight bytes each
    code = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {inner}])"
    cost = run_task(python(code), generated)
    assert cost.memory > 200_000_000
    assert cost.cpu > 0


# -- answers -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("task", "words"),
    [
        (Task("log", "git log --no-such", ()), ["log failed (status 128)", "--no-such"]),
        (Task("log", "git log -1", (says("Nobody"),)), ['log: "Nobody" is not', "Author: "]),
        (Task("list", "git ls-files", (lines("{endpoints}"),)), ["list: 62 lines instead of 60"]),
        (Task("status", "git branch", (silent,)), ["status: something is printed", "* main"]),
        (Task("diff", "git diff", (committed("1"),)), ["diff: 0 files are committed instead of 1"]),
    ],
)
def test_a_run_that_does_something_else_is_reported(
    task: Task, words: list[str], generated: Workspace
) -> None:
    with pytest.raises(Failed) as caught:
        run_task(task, generated)
    assert [word for word in words if word not in str(caught.value)] == []


def test_a_preparation_that_fails_is_reported(generated: Workspace) -> None:
    task = Task("status", "git status --no-such", (), before=(states.again,))
    with pytest.raises(Failed, match="a preparation failed"):
        run_task(task, generated)


def test_the_tasks_of_a_race_run_in_turn(generated: Workspace) -> None:
    generated.edited.write_text("")
    ours, peer = (Task(name, f"sh -c 'echo {name} >> {{edited}}'", ()) for name in "ab")
    measured = run_race(
        Race("race", "", (Row("row", ours, peer),)), SIZES, {60: generated}, rounds=2
    )
    assert generated.edited.read_text().split() == ["a", "b"] * 3
    generated.edited.unlink()
    assert [len(runs.costs) for runs in measured.values()] == [2, 2]  # the first is not counted


# -- figures -------------------------------------------------------------------------------------

OURS, PEER = Task("ours", "sipctl list", (), At.ALL), Task("peer", "git status", (), At.ALL)


def runs(*walls: float, memory: int = 50_000_000) -> Runs:
    return Runs(tuple(Cost(wall, wall, memory) for wall in walls))


@pytest.mark.parametrize(
    ("target", "ours", "peer", "met"),
    [
        (at_most(2), runs(0.9, 2.0, 9.0), runs(1.0), True),
        (at_most(2), runs(2.01), runs(1.0), False),
        (faster(6), runs(1.0), runs(6.0), True),
        (faster(6), runs(1.0), runs(5.9), False),
        (megabytes(200), runs(1.0, memory=200_000_000), None, True),
        (megabytes(200), runs(1.0, memory=201_000_000), None, False),
        (None, runs(9.0), runs(1.0), None),
    ],
)
def test_a_target_is_met_or_missed(
    target: Target | None, ours: Runs, peer: Runs | None, met: bool | None
) -> None:
    line = Line(Row("row", OURS, PEER if peer else None, target), 10, ours, peer)
    assert line.is_met is met


@pytest.mark.parametrize(
    ("time", "memory", "linear"), [(5, 5, True), (5.6, 1, False), (1, 6, False)]
)
def test_growth_is_linear_with_a_tolerance(time: float, memory: float, linear: bool) -> None:
    assert TOLERANCE == 1.1
    larger = runs(time, memory=round(50_000_000 * memory))
    assert Growth(OURS, 5, runs(1.0), larger).is_linear is linear


def report(generated: Workspace, ours: float) -> Report:
    race = Race("race", "Listing", (Row("`list` of {endpoints}", OURS, PEER, at_most(9)),))
    measured = {(OURS, 60): runs(ours), (PEER, 60): runs(0.02)}
    return Report([race], SIZES, {60: generated}, {"race": measured})


def test_a_report_shows_ratio_and_target(generated: Workspace) -> None:
    found = report(generated, 0.13)
    assert found.verdict == "1 of 1 targets are met."
    row = "| `list` of 60 | 60 | 0.13 s | `peer` | 20.0 ms | 6.50 | ≤ 9 | met | 0.13 s | 50 MB |"
    page = found.markdown({"Machine": {"Cores": "2"}})
    assert row in page.splitlines()
    assert "- Machine: Cores 2" in page.splitlines()


def test_a_report_names_what_is_missed(generated: Workspace) -> None:
    found = report(generated, 0.2)
    assert found.verdict == "0 of 1 targets are met. Missed: `list` of 60."
    assert "10.0   ≤ 9     missed" in found.plain()


def test_what_was_measured_is_read_again(generated: Workspace, tmp_path: Path) -> None:
    found = report(generated, 0.2)
    results.save(found.results, tmp_path / "samples.json")
    assert results.load(found.races, SIZES, tmp_path / "samples.json") == found.results
    with pytest.raises(KeyError):
        results.load(found.races, Sizes((10, 60)), tmp_path / "samples.json")


def test_no_host_name_is_told() -> None:
    told = [*machine.machine().values(), *machine.versions().values()]
    assert told
    assert not [words for words in told if platform.node() in words]


# -- the table -----------------------------------------------------------------------------------


@pytest.mark.parametrize("sizes", [(10, 1_000), (10, 1_000, 10_000, 50_000)])
@pytest.mark.parametrize("race", RACES, ids=lambda race: race.name)
def test_every_row_finds_its_tasks(race: Race, sizes: tuple[int, ...]) -> None:
    entrants = race.entrants(Sizes(sizes))
    assert len({(task.label, size) for task, size in entrants}) == len(entrants)
    for row in race.rows:
        (size,) = Sizes(sizes).at(row.at)
        assert {(task, size) for task in (row.ours, row.peer) if task} <= set(entrants)
        assert row.ours.is_ours


ELSEWHERE = {
    **dict.fromkeys(("init", "completion", "rules", "explain", "schema"), "reads no endpoints"),
    **dict.fromkeys(("tag add", "tag remove", "tag rename", "attach", "detach"), "as edit"),
    **dict.fromkeys(("scenario create", "scenario edit"), "as create and edit"),
    **dict.fromkeys(("scenario duplicate", "scenario rename", "scenario delete"), "as endpoints"),
    **dict.fromkeys(("scenario history", "scenario blame", "scenario restore"), "as endpoints"),
    "scenario trace": "as scenario show",
    **dict.fromkeys(("secret keygen", "secret set", "secret reseal"), "as edit"),
    **dict.fromkeys(("secret reveal", "secret recipients"), "as secret check"),
}


def test_every_command_is_looked_at_for_growth() -> None:
    sizes = Sizes((10, 1_000, 10_000, 50_000))
    grown = {
        " ".join(word for word in task.line.split()[1:] if not word.startswith("-"))
        for race in RACES
        for task, size in race.entrants(sizes)
        if task.is_ours and size == 50_000
    }
    names = {" ".join(words) for n, e in COMMANDS.items() for words, _ in leaves((n,), e)}
    left = {name for name in names if not any(line.startswith(name) for line in grown)}
    assert left == set(ELSEWHERE)
