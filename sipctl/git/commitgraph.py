"""What Git's file of the commits' graph tells: see gitformat-commit-graph."""

from __future__ import annotations

from pathlib import Path


def share_of_paths(objects: Path) -> float:
    """The share of its commits of which the graph in an object folder tells the paths they touch.

    Such a graph makes the log of one file many times faster. 0 where there is none.
    """
    folder = objects / "info"
    try:
        counted = [_counted(graph) for graph in _layers(folder)]
    except (OSError, ValueError, LookupError):  # there is none, or somebody is at it
        return 0.0
    commits = sum(all_ for all_, _ in counted)
    return sum(told for _, told in counted) / commits if commits else 0.0


def tells_most_paths(objects: Path) -> bool:
    """True where Git's own log of one file is the fastest way to it."""
    return share_of_paths(objects) > _MOST


_MOST = 0.5


def _layers(folder: Path) -> list[Path]:
    chain = folder / "commit-graphs" / "commit-graph-chain"
    if not chain.exists():
        return [folder / "commit-graph"]
    return [chain.with_name(f"graph-{name}.graph") for name in chain.read_text("ascii").split()]


def _counted(graph: Path) -> tuple[int, int]:
    """How many commits a file has, and how many of them have a filter of paths."""
    with graph.open("rb") as stream:
        chunks = stream.read(8)[6]
        rows = stream.read(12 * (chunks + 1))
        starts = {rows[i : i + 4]: _number(rows[i + 4 : i + 12]) for i in range(0, len(rows), 12)}
        stream.seek(starts[b"OIDF"] + 255 * 4)  # the last counts all
        commits = _number(stream.read(4))
        if b"BIDX" not in starts:
            return commits, 0
        stream.seek(starts[b"BIDX"])
        if 4 * commits > graph.stat().st_size:
            raise ValueError("more commits than it holds")
        ends = stream.read(4 * commits)
    # one that has not been computed yet takes no bytes
    return commits, len({ends[i : i + 4] for i in range(0, len(ends), 4)} - {bytes(4)})


def _number(data: bytes) -> int:
    return int.from_bytes(data, "big")
