"""Races: the tasks of one are run in turn (A B A B …), so that whatever else the machine does
strikes all of them alike.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from time import monotonic

from benchmarks.processes import Cost, Failed, run
from benchmarks.results import Runs
from benchmarks.tasks import Race, Sizes, Task
from benchmarks.workspaces import Workspace

FEWEST, MOST = 5, 15
"""So many rounds are counted at least and at most; one before them is not counted."""

ENOUGH = 60.0
"""Seconds after which the fewest rounds will do."""

FEW = 3
"""So many runs are counted in a workspace larger than the main one, where each takes long."""


def run_race(
    race: Race, sizes: Sizes, workspaces: Mapping[int, Workspace], rounds: int | None = None
) -> dict[tuple[Task, int], Runs]:
    """What all tasks of a race cost, by task and number of endpoints.

    With `rounds` exactly so many are counted. Raises Failed at the first run that does not end or
    answer as it should.
    """
    entrants = race.entrants(sizes)
    costs: dict[tuple[Task, int], list[Cost]] = {entrant: [] for entrant in entrants}
    for number in _rounds(rounds):
        for task, size in entrants:
            if number > _most(task, size > sizes.main):
                continue
            cost = run_task(task, workspaces[size])
            if number > 0:
                costs[task, size].append(cost)
    return {entrant: Runs(tuple(found)) for entrant, found in costs.items()}


def _rounds(wanted: int | None) -> Iterator[int]:
    """The numbers of the rounds; 0 is the one that is not counted."""
    began = monotonic()
    for number in range((wanted or MOST) + 1):
        if wanted is None and number > FEWEST and monotonic() - began > ENOUGH:
            return
        yield number


def _most(task: Task, is_large: bool) -> int:
    """So many runs of a task are counted at most."""
    most = FEW if is_large else MOST
    return most if task.most is None else min(most, task.most)


def run_task(task: Task, workspace: Workspace) -> Cost:
    """What one run of a task costs; raises Failed where it does not answer as it should."""
    for step in task.before:
        step(workspace, task.line)
    command = workspace.command(task.line)
    ended = run(command, workspace.folder, workspace.variables, task.output)
    if ended.status not in task.statuses:
        raise Failed(f"{task.label} failed", ended)
    for check in task.checks:
        wrong = check(workspace, ended)
        if wrong is not None:
            raise Failed(f"{task.label}: {wrong}", ended)
    for step in task.after:
        step(workspace, task.line)
    return ended.cost
