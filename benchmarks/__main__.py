"""`make bench`: make the workspaces, run the races, tell what came out."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks import machine, results, states
from benchmarks.cases import RACES
from benchmarks.environment import ROOT, Missing
from benchmarks.generate import Shape
from benchmarks.processes import Failed
from benchmarks.racing import run_race
from benchmarks.report import Report
from benchmarks.results import Results
from benchmarks.tasks import Race, Sizes
from benchmarks.workspaces import Workspace, opened

SIZES = (10, 1_000, 10_000, 50_000)
COMMITS = 10_000
QUICK_SIZES = (10, 1_000)
QUICK_ROUNDS = 3

BUILD = ROOT / "build" / "bench"
PUBLISHED = ROOT / "benchmarks"
SAMPLES = BUILD / "samples.json"
MEASURED_WITH = BUILD / "measured-with.json"


Facts = Mapping[str, Mapping[str, str]]
"""Of the machine, of versions and of the peers, by heading."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be measured, and how often; as often as is worth it without `rounds`."""

    races: tuple[Race, ...]
    sizes: Sizes
    commits: int
    rounds: int | None

    @property
    def is_whole(self) -> bool:
        """True where all is measured, in the workspaces that the targets are about."""
        return (self.races, self.sizes.all, self.commits) == (RACES, SIZES, COMMITS)


def main() -> int:
    """The exit status: 1 where a run failed, and with --strict where a target is missed."""
    options = _options(sys.argv[1:])
    plan = _plan(options)
    try:
        facts = _facts(again=options.again)
        workspaces = _workspaces(plan, pristine=not options.again)
        found = _last(plan) if options.again else _measured(plan, workspaces)
    except (Failed, Missing, machine.SlowPeer) as error:
        print(f"benchmarks: {error}", file=sys.stderr)
        return 1
    report = Report(plan.races, plan.sizes, workspaces, found)
    print(report.plain())
    if not plan.is_whole:
        _say("the targets are about the whole of `make bench`, not about this part of it")
    _write(report, PUBLISHED if plan.is_whole else BUILD, facts)
    return 1 if options.strict and report.missed else 0


def _options(args: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    add = parser.add_argument
    add("--quick", action="store_true", help="small workspaces and few rounds, to try this program")
    add("--sizes", type=_numbers, help="numbers of endpoints, ascending, with commas")
    add("--commits", type=int, default=COMMITS, help="how many commits edit an endpoint")
    add("--rounds", type=int, help="how many rounds are counted")
    add("--only", action="append", metavar="WORD", help="this race, or rows with this word")
    add("--again", action="store_true", help="tell what the last run measured, and measure nothing")
    add("--strict", action="store_true", help="end with status 1 where a target is missed")
    return parser.parse_args(args)


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(sorted(map(int, text.split(","))))


def _plan(options: argparse.Namespace) -> Plan:
    sizes = options.sizes or (QUICK_SIZES if options.quick else SIZES)
    rounds = options.rounds or (QUICK_ROUNDS if options.quick else None)
    races: tuple[Race, ...] = RACES
    if options.only:
        narrowed = (race.narrowed(options.only) for race in RACES)
        races = tuple(race for race in narrowed if race.tasks)
    return Plan(races, Sizes(sizes), options.commits, rounds)


def _facts(*, again: bool) -> Facts:
    """What is measured with, or was the last time."""
    if again and MEASURED_WITH.exists():
        found: Facts = json.loads(MEASURED_WITH.read_text(encoding="utf-8"))
        return found
    peers = machine.peers()
    found = {"Machine": machine.machine(), "Versions": machine.versions(), "Peers": peers}
    BUILD.mkdir(parents=True, exist_ok=True)
    MEASURED_WITH.write_text(json.dumps(found), encoding="utf-8")
    return found


def _workspaces(plan: Plan, *, pristine: bool) -> Mapping[int, Workspace]:
    found = {}
    for size in plan.sizes.all:
        _say(f"a workspace of {size:,} endpoints and {plan.commits:,} commits")
        found[size] = opened(BUILD, Shape(size, plan.commits))
        if pristine:
            states.pristine(found[size])
    return found


def _measured(plan: Plan, workspaces: Mapping[int, Workspace]) -> Results:
    found = {}
    for race in plan.races:
        _say(f"{race.name}: {', '.join(task.label for task in race.tasks)}")
        found[race.name] = run_race(race, plan.sizes, workspaces, plan.rounds)
        results.save(found, SAMPLES)
    return found


def _last(plan: Plan) -> Results:
    try:
        return results.load(plan.races, plan.sizes, SAMPLES)
    except (FileNotFoundError, KeyError):
        raise Missing("the last run did not measure all of this: leave --again out") from None


def _write(report: Report, folder: Path, facts: Facts) -> None:
    # only now, since what is measured must not be started from a large process
    os.environ.setdefault("MPLCONFIGDIR", str(BUILD / "matplotlib"))
    from benchmarks import plot

    plot.draw(report, folder / "results.svg")
    (folder / "results.md").write_text(report.markdown(facts), encoding="utf-8")
    _say(f"written: {(folder / 'results.md').relative_to(ROOT)}, and results.svg beside it")


def _say(words: str) -> None:
    print(f"benchmarks: {words}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
