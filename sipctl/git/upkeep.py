"""What Git does to keep a repository fast, and its graph of the commits."""

from __future__ import annotations

from collections.abc import Mapping

from sipctl.git import commitgraph, processes
from sipctl.git.processes import READING
from sipctl.git.repository import Repository

# What a user may have set so that Git writes no graph of the commits.
_OF_GRAPHS = ("core.commitgraph", "gc.writecommitgraph", "maintenance.commit-graph.enabled")
_FALSE = ("", "false", "no", "off", "0")
_PROMISOR = ".promisor"  # of a remote that has objects which are not here


def maintain(repository: Repository) -> None:
    """What `git commit` does in the end: tidy up where it is due, in the background.

    A part of that is a graph of the commits that tells which paths each touches: it makes the
    history of one file many times faster. All as far as the user's settings let Git do it.
    """
    settings = _settings(repository)
    if _is_off("maintenance.auto", settings):
        return
    more: tuple[str, ...] = ()
    if _may_graph(settings):
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
    return not repository.shallow() and _may_graph(_settings(repository))


def _may_graph(settings: Mapping[str, str]) -> bool:
    """Whether Git may write a graph with paths. In a partial clone it would fetch the folders of
    one commit after the other for that."""
    is_partial = any(name.endswith(_PROMISOR) and not _is_off(name, settings) for name in settings)
    return not (is_partial or any(_is_off(name, settings) for name in _OF_GRAPHS))


def _settings(repository: Repository) -> dict[str, str]:
    """The settings among the user's that matter here."""
    names = ("maintenance.auto", *_OF_GRAPHS, f"remote.*{_PROMISOR}")
    pattern = "|".join(name.replace(".", r"\.").replace("*", ".*") for name in names)
    rows = (repository.ask("config", "-z", "--get-regexp", f"^({pattern})$") or "").split("\0")
    told = (row.partition("\n") for row in rows if row)
    return {name: value if sign else "true" for name, sign, value in told}  # (as Git takes it)


def _is_off(name: str, settings: Mapping[str, str]) -> bool:
    return settings.get(name, "true").casefold() in _FALSE
