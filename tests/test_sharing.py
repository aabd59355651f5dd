"""Work that two processes share: every portion once, whatever happens to the second one."""

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from sipctl import sharing
from sipctl.sharing import shared, spread
from tests.conftest import Program

PORTIONS = list(range(40))


@pytest.fixture(autouse=True)
def two_processors(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: 2)


def squared(number: int) -> tuple[int, int]:
    time.sleep(0.001)  # so that neither takes all
    return number * number, os.getpid()


def descriptors() -> int:
    return len([*Path("/proc/self/fd").iterdir()])


def ended(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


def test_both_do_their_part_of_it_and_nothing_is_left_open() -> None:
    before = descriptors()
    found = list(shared(squared, PORTIONS, "Working"))
    assert sorted(square for square, _ in found) == [n * n for n in PORTIONS]
    pids = {pid for _, pid in found}
    assert len(pids) == 2
    assert all(ended(pid) for pid in pids - {os.getpid()})
    assert descriptors() == before


@pytest.mark.parametrize("portions", [[], [7]])
def test_a_single_portion_is_not_shared(portions: list[int]) -> None:
    assert list(shared(squared, portions, "Working")) == [(n * n, os.getpid()) for n in portions]


def test_with_one_processor_nothing_is_shared(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: 1)
    found = list(shared(squared, PORTIONS, "Working"))
    assert found == [(n * n, os.getpid()) for n in PORTIONS]


@pytest.mark.parametrize("ending", [lambda: os.kill(os.getpid(), signal.SIGKILL), lambda: 1 / 0])
def test_what_a_process_that_dies_had_taken_is_done_by_the_other(
    ending: Callable[[], object],
) -> None:
    first = os.getpid()

    def work(number: int) -> int:
        time.sleep(0.001)
        if os.getpid() != first and number > 5:
            ending()
        return number * number

    assert sorted(shared(work, PORTIONS, "Working")) == [n * n for n in PORTIONS]


def test_a_fault_in_the_work_itself_is_raised_here() -> None:
    def work(number: int) -> int:
        return 10 // (number - 20)

    with pytest.raises(ZeroDivisionError):
        list(shared(work, PORTIONS, "Working"))


def test_an_end_before_the_last_result_ends_the_other_too(tmp_path: Path) -> None:
    first = os.getpid()

    def work(number: int) -> int:
        if os.getpid() != first:
            (tmp_path / "pid").write_text(str(os.getpid()))
        time.sleep(0.01)
        return number

    before = descriptors()
    results = shared(work, PORTIONS, "Working")
    while not (tmp_path / "pid").exists():
        next(results)
    results.close()
    pid = int((tmp_path / "pid").read_text())
    for _ in range(500):
        if ended(pid):
            break
        time.sleep(0.01)
    assert ended(pid)
    assert descriptors() == before


@pytest.mark.parametrize("number", [0, 1, 499, 500, 501, 1700])
def test_few_items_are_worked_on_at_once_and_many_in_portions(number: int) -> None:
    found = list(spread(len, range(number), "Working"))
    assert sum(found) == number
    assert len(found) == (1 if number < 500 else max(2, -(-number // 500)))


def test_many_files_are_formatted_in_two_processes_as_in_one(
    workspace: Path, run: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(40):
        name = f"{'aB'[number % 2]}-{number:02}"
        text = f"host: h.example.net\nreference: {name}\n"
        text = text if number % 3 else f"reference: {name}\nhost: h.example.net\n"
        (workspace / "endpoints").mkdir(exist_ok=True)
        (workspace / f"endpoints/{name}.yaml").write_text(text)
    found = []
    for many in (500, 10):
        monkeypatch.setattr(sharing, "_MANY", many)
        monkeypatch.setattr(sharing, "_AT_ONCE", 7)
        found.append([run("fmt", *how, check=None).out for how in (["--check"], ["--diff"])])
    assert found[0] == found[1]
    assert len(found[0][0].splitlines()) == 26
