"""What Git does to keep a repository fast, and its graph of the commits."""

from __future__ import annotations

from sipctl import commitgraph, processes
from sipctl.processes import READING
from sipctl.repository import Repository

# What a user may have set so that Git writes no graph of the commits.
_OF_GRAPHS = ("core.commitgraph", "gc.writecommitgraph", "maintenance.commit-graph.enabled")
_FALSE = ("", "false", "no", "off", "0")


def maintain(repository: Repository) -> None:
    """What `git commit` does in the end: tidy up where it is due, in the background.

    A part of that is a graph of the commits that tells which paths each touches: it makes the
    history of one file many times faster. All as far as the user's settings let Git do it.
    """
    refused = _refused(repository)
    if "maintenance.auto" in refused:
        return
    more: tuple[str, ...] = ()
    if refused.isdisjoint(_OF_GRAPHS):
        if not commitgraph.share_of_paths(repository.common_dir / "objects"):
            # it begins with these; Git keeps at it, and adds all others when it tidies up
            args = ("--reachable", "--changed-paths", "--max-new-filters=512")
            _run(repository, "commit-graph", "write", *args, "--no-progress")
        more = ("-c", "maintenance.commit-graph.enabled=true")
    _run(repository, *more, "maintenance", "run", "--auto", "--quiet")


def _run(repository: Repository, *args: str) -> None:
    processes.run(repository.root, args, env=READING, launch=processes.through_gitpython)


def lacks_graph(repository: Repository) -> bool:
    """True where no graph of the commits tells which paths most of them touch, and Git would write
    and use one: in a shallow clone it does not, and in one that borrows objects there may be one
    elsewhere."""
    objects = repository.common_dir / "objects"
    if (objects / "info" / "alternates").exists() or commitgraph.tells_most_paths(objects):
        return False
    return not repository.shallow() and _refused(repository).isdisjoint(_OF_GRAPHS)


def _refused(repository: Repository) -> set[str]:
    """The settings of these that are false."""
    names = "|".join(name.replace(".", "\\.") for name in ("maintenance.auto", *_OF_GRAPHS))
    rows = (repository.ask("config", "-z", "--get-regexp", f"^({names})$") or "").split("\0")
    values = dict(row.partition("\n")[::2] for row in rows if "\n" in row)
    return {name for name, value in values.items() if value.casefold() in _FALSE}
