"""What a check is about: the files on disk, those that the next commit will hold, or a commit's.

Each is judged by the settings of the same tree, and beside what its files were in the tree before.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from sipctl import tracked, workspace
from sipctl.errors import Refused
from sipctl.findings import Finding, Place
from sipctl.git.repository import Entry, Repository
from sipctl.inventory import Inventory
from sipctl.kinds import FOLDERS, READ, SETTINGS_FILE, is_hidden, is_member, is_member_name, is_read
from sipctl.member import NO_CONTEXT, Context, Member
from sipctl.storage.ondisk import not_a_file, not_a_folder, stray


@dataclass(frozen=True, slots=True)
class Judged:
    """A workspace as found in one place: where it is, what it holds, and which files were read."""

    root: Path
    inventory: Inventory
    files: tuple[str, ...]


def on_disk(root: Path) -> Judged:
    """The files as they stand on disk, beside those of the last commit."""
    inventory = tracked.judged_in_git(root)
    return Judged(root, inventory, (SETTINGS_FILE, *inventory.members))


def callers_index() -> str | None:
    """The index that Git names to its hooks, which is not always the one that lies in the Git
    directory. To be asked before anything is asked of Git: that forgets it."""
    return os.environ.get("GIT_INDEX_FILE") or None


def staged(start: Path, given: Path | None, index: str | None) -> Judged:
    """What the next commit would hold, by the index that `callers_index` told, or by Git's own.

    The workspace is the one at `given`, or around `start`. Raises Refused where there is none, or
    where files of it are staged and its settings are not.
    """

    def entries(repository: Repository, paths: Sequence[str]) -> dict[str, Entry]:
        return repository.entries_of_index(paths, index)

    root = _root(start, given, entries)
    repository = tracked.required_repository(root)
    found = entries(repository, READ)
    if found and SETTINGS_FILE not in found:
        hint = f"stage it too: `git add {SETTINGS_FILE}`"
        raise Refused(f"files of the workspace are staged, and its {SETTINGS_FILE} is not", hint)
    return _judged(root, repository, found, repository.head())


def at_revision(start: Path, given: Path | None, revision: str) -> Judged:
    """What a commit holds, beside its first parent.

    Raises Refused for a revision that is not known, or that holds no such workspace.
    """
    here = given or start
    repository = tracked.required_repository(here)
    oid = repository.resolve(revision)

    def entries(repository: Repository, paths: Sequence[str]) -> dict[str, Entry]:
        return repository.entries(oid, paths)

    root = _root(start, given, entries)
    if root != here:
        repository = tracked.required_repository(root)
    found = entries(repository, READ)
    if SETTINGS_FILE not in found:
        hint = "see `git log -- sipctl.yaml` for when it came"
        raise Refused(f'there is no {SETTINGS_FILE} here at "{revision}"', hint)
    return _judged(root, repository, found, repository.parent(oid))


def workspaces_below(start: Path, index: str | None, *, staged: bool) -> list[Path]:
    """Every workspace at or below a folder: in the index, or on disk but for hidden folders, in
    which programs keep what is not the user's."""
    if not staged:
        return sorted(_on_disk_below(start))
    repository = tracked.required_repository(start)
    found = (PurePosixPath(path) for path in repository.entries_of_index(["."], index))
    return sorted(start / path.parent for path in found if path.name == SETTINGS_FILE)


def _on_disk_below(start: Path) -> Iterator[Path]:
    for folder, inner, names in os.walk(start):
        inner[:] = [name for name in inner if not name.startswith(".")]
        if SETTINGS_FILE in names:
            yield Path(folder)


def moved_below(finding: Finding, folder: str) -> Finding:
    """A finding with its places as seen from a folder above the workspace."""

    def moved(place: Place) -> Place:
        return place._replace(file=f"{folder}/{place.file}" if folder != "." else place.file)

    related = tuple((moved(place), words) for place, words in finding.related)
    return finding._replace(place=moved(finding.place), related=related)


def folder_in_repository(root: Path) -> str:
    """Where a workspace lies in its repository, as `a/b/`; empty at the top, and without Git."""
    repository = tracked.found_repository(root)
    return repository.prefix if repository else ""


# -- a tree of Git's -----------------------------------------------------------------------------

_Entries = Callable[[Repository, Sequence[str]], dict[str, Entry]]


def _root(start: Path, given: Path | None, entries: _Entries) -> Path:
    """The workspace on disk, or the one that the tree holds where the disk has lost its mark."""
    try:
        return workspace.find_root(start, given)
    except Refused:
        folder = given or start
        repository = Repository.find(folder) if folder.is_dir() else None
        if repository is None:
            raise
        inner = PurePosixPath(repository.prefix)
        folders = (inner,) if given else (inner, *inner.parents)
        found = entries(repository.at_top(), [str(one / SETTINGS_FILE) for one in folders])
        if not found:
            raise
        return (repository.top / max(found, key=len)).parent


def _judged(
    root: Path, repository: Repository, entries: Mapping[str, Entry], before: str | None
) -> Judged:
    wanted = {p: e.oid for p, e in entries.items() if e.is_file and e.merged and is_read(p)}
    source = dict(_files(entries, workspace.of_blobs(root, wanted, repository.blobs)))
    context = _context(repository, entries, before) if before else NO_CONTEXT
    files = tuple(path for path in source if is_read(path))
    inventory = workspace.inventory_of(source, context)
    return Judged(root, tracked.with_exposed(inventory, repository), files)


def _context(repository: Repository, entries: Mapping[str, Entry], before: str) -> Context:
    """What each member had that is there still, and is another blob now."""
    tree = repository.tree(before, FOLDERS)
    still = {p: oid for p, oid in tree.items() if is_member(p) and p in entries}
    changed = {path: oid for path, oid in still.items() if oid != entries[path].oid}
    return tracked.context_of_blobs(repository, changed)


def _files(
    entries: Mapping[str, Entry], contents: Mapping[str, bytes | Member]
) -> Iterator[tuple[str, bytes | Finding | Member]]:
    """The files of a tree as the disk would show them: members, settings, and what is not read.

    What stands for a folder comes once for each file in it.
    """
    for path, entry in entries.items():
        folder, _, inner = path.partition("/")
        name, below, _ = inner.partition("/")
        shown = f"{folder}/{name}" if inner else path
        if is_read(path):
            yield path, _content(path, entry, contents)
        elif path in FOLDERS:
            yield path, not_a_folder(path, "it is no folder")
        elif is_hidden(name):
            continue
        elif is_member_name(name):
            yield shown, not_a_file(shown, "it is a folder")
        else:
            yield shown, stray(shown, bool(below) or entry.mode == "160000")


def _content(
    path: str, entry: Entry, contents: Mapping[str, bytes | Member]
) -> bytes | Finding | Member:
    if not entry.merged:
        hint = "choose one side, then `git add` the file"
        message = "a merge has left several versions of it"
        return Finding.of("conflict-markers", Place(path), message, hint)
    if not entry.is_file:
        link = entry.mode == "120000"
        return not_a_file(path, "it is a symbolic link" if link else "it is a repository")
    missing = not_a_file(path, "its content is not in this repository")
    return contents.get(path, missing)
