"""The picture: time against the number of endpoints, a panel a race, both axes logarithmic."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import cycle, pairwise
from math import ceil, floor, log10
from pathlib import Path

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator

from benchmarks.report import Report
from benchmarks.results import Measured
from benchmarks.tasks import Race, Task

_OURS = ("#1f5fbf", "#0b8f6f", "#8a3fb0", "#c2410c")
_PEERS = "#5f5f5f"
_DASHES = ("--", ":", "-.")
_FEWEST_SIZES = 3
_TITLE = "Time of whole commands, sipctl's in colour. Both axes are logarithmic."
_BEHIND_A_NAME = {"facecolor": "white", "edgecolor": "none", "pad": 1}
_GAP = 0.055
"""Between the middles of two labels, as a part of the height of a panel."""


@dataclass(frozen=True, slots=True)
class Curve:
    """The times of one task, by number of endpoints, in ascending order."""

    task: Task
    sizes: tuple[int, ...]
    seconds: tuple[float, ...]


def draw(report: Report, file: Path) -> None:
    """Write the picture, the same bytes for the same results; the file's suffix says as what."""
    _style()
    panels = list(_panels(report))
    if not panels:
        return
    rows = (len(panels) + 1) // 2
    figure = Figure(figsize=(10, 3.6 * rows), facecolor="white", layout="constrained")
    for number, (title, curves) in enumerate(panels, 1):
        _panel(figure.add_subplot(rows, 2, number), title, curves)
    figure.suptitle(_TITLE, x=0.01, ha="left", fontsize=9)
    figure.supxlabel("endpoints", fontsize=9)
    figure.savefig(file, metadata={"Date": None} if file.suffix == ".svg" else None, dpi=110)


def _style() -> None:
    matplotlib.rc("svg", hashsalt="sipctl", fonttype="path")  # without a salt all ids are new
    matplotlib.rc("font", size=8.5)
    matplotlib.rc("axes", titlelocation="left", titleweight="bold", titlesize=10)
    matplotlib.rc("axes.spines", top=False, right=False)


def _panels(report: Report) -> Iterator[tuple[str, list[Curve]]]:
    for race in report.races:
        curves = list(_curves(race, report.results[race.name]))
        if curves:
            yield report.title(race), curves


def _curves(race: Race, measured: Measured) -> Iterator[Curve]:
    for task in race.tasks:
        found = sorted((size, runs.wall) for (one, size), runs in measured.items() if one is task)
        if len(found) >= _FEWEST_SIZES:
            sizes, seconds = zip(*found, strict=True)
            yield Curve(task, sizes, seconds)


def _panel(axes: Axes, title: str, curves: Sequence[Curve]) -> None:
    axes.set(xscale="log", yscale="log", title=title)
    colours, dashes = cycle(_OURS), cycle(_DASHES)
    drawn = []
    for curve in curves:
        if curve.task.is_ours:
            colour = next(colours)
            axes.plot(curve.sizes, curve.seconds, color=colour, linewidth=1.8, marker="o", ms=3.5)
        else:
            colour = _PEERS
            axes.plot(curve.sizes, curve.seconds, color=colour, linestyle=next(dashes))
        drawn.append((curve, colour))
    _scales(axes, sorted({size for curve in curves for size in curve.sizes}))
    _labels(axes, drawn)


def _scales(axes: Axes, sizes: Sequence[int]) -> None:
    low, high = axes.get_ylim()
    axes.set_ylim(10 ** floor(log10(low)), 10 ** ceil(log10(high)))
    axes.set_xticks(sizes, [f"{size:,}" for size in sizes])
    axes.yaxis.set_major_formatter(lambda value, _: _tick(value))
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_minor_locator(NullLocator())
    axes.grid(color="#e4e4e4", linewidth=0.8)
    axes.set_axisbelow(True)


def _tick(seconds: float) -> str:
    return f"{seconds:,.0f} s" if seconds >= 1 else f"{seconds * 1000:g} ms"


def _labels(axes: Axes, drawn: Sequence[tuple[Curve, str]]) -> None:
    """Each curve's name behind its end, so far apart that all can be read; above an early end."""
    last = max(curve.sizes[-1] for curve, _ in drawn)
    behind = []
    for curve, colour in drawn:
        if curve.sizes[-1] == last:
            behind.append((curve, colour))
        else:
            end = (curve.sizes[-1], curve.seconds[-1])
            name = axes.annotate(curve.task.label, end, (4, 5), textcoords="offset points")
            name.set(color=colour, ha="right", bbox=_BEHIND_A_NAME)
    _labels_behind(axes, sorted(behind, key=lambda pair: pair[0].seconds[-1]))


def _labels_behind(axes: Axes, drawn: Sequence[tuple[Curve, str]]) -> None:
    low, high = map(log10, axes.get_ylim())
    heights = [(log10(curve.seconds[-1]) - low) / (high - low) for curve, _ in drawn]
    for (curve, colour), height in zip(drawn, apart(heights, _GAP), strict=True):
        place = (curve.sizes[-1] * 1.2, 10 ** (low + height * (high - low)))
        axes.text(*place, curve.task.label, color=colour, va="center")


def apart(heights: Sequence[float], gap: float) -> list[float]:
    """Ascending heights, moved as little as needed for the gap between neighbours."""
    moved = list(heights)
    for _ in range(200):
        for index, (lower, upper) in enumerate(pairwise(moved)):
            missing = max(gap - (upper - lower), 0)
            moved[index] -= missing / 2
            moved[index + 1] += missing / 2
    return moved
