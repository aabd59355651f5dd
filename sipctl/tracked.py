"""A workspace in its repository: where that is, what its files were, which ones Git would take."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from sipctl import workspace
from sipctl.errors import Refused
from sipctl.inventory import Inventory
from sipctl.kinds import ENDPOINT, FOLDERS, READ, SCENARIO, SETTINGS_FILE, is_member
from sipctl.member import Context, Member
from sipctl.storage import disk

if TYPE_CHECKING:
    from sipctl.git.repository import Repository


def required_repository(root: Path) -> Repository:
    """The repository around a workspace; raises Refused where there is none."""
    from sipctl.git.repository import Repository

    repository = Repository.find(root)
    if repository is None:
        raise Refused(f'"{root}" lies in no Git repository', "make one with `sipctl init`")
    return repository


def found_repository(root: Path) -> Repository | None:
    """The repository around a workspace, for what can do without: None also where there is no Git,
    or one that does not trust this folder."""
    from sipctl.git.repository import Repository

    try:
        return Repository.find(root)
    except Refused:
        return None


def refuse_linked_folders(root: Path) -> None:
    """Raise Refused where a folder of the workspace is a link: to Git its files are deleted."""
    linked = [folder for folder in FOLDERS if (root / folder).is_symlink()]
    if linked:
        message = f'"{linked[0]}" is a symbolic link, which Git does not follow'
        raise Refused(message, "put the folder itself in its place")


def at_revision(
    root: Path, revision: str, reference: str | None = None, *, used: bool = True
) -> Inventory:
    """The workspace as it was at a revision.

    With the reference of an endpoint that was there, no other endpoint is read, and scenarios only
    to tell where it is `used`.
    """
    repository = required_repository(root)
    oid, path = repository.resolve(revision), ENDPOINT.path(reference or "")
    if reference and ENDPOINT.holds(path):
        more = [SCENARIO.folder] if used else []
        blobs = repository.tree(oid, [SETTINGS_FILE, path, *more])
        if path in blobs:
            return workspace.inventory_of(workspace.of_blobs(root, blobs, repository.blobs))
    blobs = repository.tree(oid, READ)
    return workspace.inventory_of(workspace.of_blobs(root, blobs, repository.blobs))


def judged_in_git(root: Path) -> Inventory:
    """The workspace on disk, judged beside what was committed last and by what Git ignores."""
    repository = found_repository(root)
    if repository is None:
        return workspace.load(root)
    return judged_beside(repository, root, repository.status(FOLDERS))


def judged_beside(repository: Repository, root: Path, status: Iterable[str]) -> Inventory:
    """As `judged_in_git`, for who has asked `git status` already: these are its paths."""
    return with_exposed(workspace.load(root, _committed(repository, status)), repository)


def _committed(repository: Repository, status: Iterable[str]) -> Context:
    """What each changed file had in HEAD."""
    changed = [path for path in status if is_member(path)]
    head = repository.head() if changed else None
    return context_of_blobs(repository, repository.tree(head, changed) if head else {})


def as_committed(repository: Repository, paths: Sequence[str]) -> dict[str, bytes | None]:
    """What HEAD holds of each path, with the line ends that a checkout would give it."""
    head = repository.head()
    tree = repository.tree(head, disk.around(paths)) if head and paths else {}
    found = repository.checked_out((path, tree[path]) for path in paths if path in tree)
    return {path: found.get((path, tree.get(path, ""))) for path in paths}


Files = Mapping[str, tuple[bytes | None, bytes | None]]
"""What files hold on disk, and what a checkout would give them, by path."""


def same_to_git(repository: Repository, files: Files) -> set[str]:
    """The files that hold what a checkout would give them, or the same with line ends that Git
    takes for the same (core.autocrlf, the attributes text and eol)."""
    same = {path for path, (now, then) in files.items() if now == then}
    alike = [path for path, both in files.items() if path not in same and _differ_in_ends(*both)]
    if not alike:
        return same
    changed, committed = repository.status(disk.around(alike)), as_committed(repository, alike)
    return same | {p for p in alike if p not in changed and committed[p] == files[p][1]}


def is_same_to_git(
    repository: Repository, path: str, now: bytes | None, then: bytes | None
) -> bool:
    """True for one such file."""
    return path in same_to_git(repository, {path: (now, then)})


def _differ_in_ends(now: bytes | None, then: bytes | None) -> bool:
    """True where two contents are the same but for their line ends."""
    if now is None or then is None:
        return False
    return now.replace(b"\r\n", b"\n") == then.replace(b"\r\n", b"\n")


def context_of_blobs(repository: Repository, tree: Mapping[str, str]) -> Context:
    """What rules want to know of these blobs, each by its path."""
    blobs = repository.blobs(tree.values())
    files = ((path, blobs[blob]) for path, blob in tree.items())
    members = {p: workspace.read_member(p, data) for p, data in files if _may_tell(p, data)}
    return workspace.context_of(members)


def _may_tell(path: str, data: bytes) -> bool:
    """An endpoint tells rules something by its sealed password only, whose key has to stand there,
    if not behind a backslash in quotes."""
    return not ENDPOINT.holds(path) or b"age" in data or b"\\" in data


def with_exposed(inventory: Inventory, repository: Repository) -> Inventory:
    """The inventory judged by which files with passwords Git would take into a commit too."""
    exposed = exposed_files(repository, inventory.members.values())
    if not exposed:
        return inventory
    return workspace.reread(inventory, {}, inventory.context._replace(exposed=exposed))


def exposed_files(repository: Repository, members: Iterable[Member]) -> frozenset[str]:
    """The paths of password files, as endpoints name them, that Git would take into a commit."""
    named = {
        kept.named
        for member in members
        if not member.known.is_ordinary(member.path)
        and (kept := member.facts.kept)
        and kept.form == "file"
        and kept.named
    }
    if not named:
        return frozenset()
    from sipctl.git.exposure import exposed

    return exposed(repository, named)
