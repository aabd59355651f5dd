"""Which files Git would take into a commit."""

from __future__ import annotations

import os
from collections.abc import Iterable

from sipctl.git.repository import Repository
from sipctl.storage import disk


def exposed(repository: Repository, paths: Iterable[str]) -> frozenset[str]:
    """Which of these paths (absolute, or relative to the workspace) Git would take into a commit:
    they lie in the work tree, after links, and are not ignored or are tracked."""
    top = os.path.realpath(repository.top).rstrip("/")
    inside: dict[str, str] = {}
    for path in paths:
        real = os.path.realpath(repository.root / path)
        if real.startswith(f"{top}/") and not real.startswith(f"{repository.git_dir}/"):
            inside[path] = real
    if not inside:
        return frozenset()
    ours = {*inside.values()} - _within_submodules(repository, top, inside.values())
    whole = repository.at_top()
    hidden = whole.ignored(real.removeprefix(f"{top}/") for real in ours)
    tracked = whole.indexed(disk.around([*hidden])) if hidden else {}
    unseen = {f"{top}/{path}" for path in hidden if path not in tracked}
    return frozenset(path for path, real in inside.items() if real not in unseen)


def _within_submodules(repository: Repository, top: str, files: Iterable[str]) -> set[str]:
    """Which of these absolute paths lie in a submodule: it is for that one to ignore them."""
    work_trees = _WorkTrees(top)
    found = {file: inner for file in files if (inner := work_trees.around(file)) != top}
    if not found:
        return set()
    names = {inner: inner.removeprefix(f"{top}/") for inner in found.values()}
    entries = repository.at_top().indexed([*names.values()])
    links = {path for path, entry in entries.items() if entry.mode == _LINK}
    return {file for file, inner in found.items() if names[inner] in links}


_LINK = "160000"
"""The mode of a submodule."""


class _WorkTrees:
    """Where work trees begin, at `top` and below it."""

    def __init__(self, top: str) -> None:
        self._known = {top: top}

    def around(self, path: str) -> str:
        """The folder at which the work tree begins that holds a path."""
        folder = path.rpartition("/")[0]
        if folder not in self._known:
            is_one = os.path.lexists(f"{folder}/.git")
            self._known[folder] = folder if is_one else self.around(folder)
        return self._known[folder]
