"""The two versions of a workspace that are compared: which they are, and reading them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from sipctl import workspace
from sipctl.comparison import State
from sipctl.errors import Refused
from sipctl.kinds import FOLDERS, SETTINGS_FILE
from sipctl.names import quoted
from sipctl.repository import Repository


@dataclass(frozen=True, slots=True)
class Side:
    """A version: what it was named by, and its commit. Both None for the files on disk; a branch
    that has no commits yet is the name HEAD without a commit, and holds nothing."""

    name: str | None = None
    commit: str | None = None

    @property
    def shown(self) -> str:
        """What people call it."""
        if self.name is None:
            return "the files on disk"
        return f"{self.name} ({self.commit[:10]})" if self.commit else f"{self.name} (no commit)"


DISK = Side()


# -- which ---------------------------------------------------------------------------------------


def chosen(repository: Repository, first: str | None, second: str | None) -> tuple[Side, Side]:
    """What `diff [A [B]]` compares; `A..B` and `A...B` mean what they mean to Git.

    Raises Refused for a revision that is not known.
    """
    if first is not None and second is None and ".." in first:
        dots = "..." if "..." in first else ".."
        first, _, second = first.partition(dots)
        old, new = _side(repository, first or "HEAD"), _side(repository, second or "HEAD")
        return (_fork(repository, old, new) if dots == "..." else old), new
    if first is None:
        return Side("HEAD", repository.head()), DISK
    return _side(repository, first), DISK if second is None else _side(repository, second)


def _side(repository: Repository, revision: str) -> Side:
    try:
        return Side(revision, repository.resolve(revision))
    except Refused as error:
        raise Refused(error.message, DEPTH if _is_shallow(repository) else error.hint) from None


def _is_shallow(repository: Repository) -> bool:
    return bool(repository.shallow())


DEPTH = (
    "this clone lacks history: set fetch-depth: 0 (GitHub) or GIT_DEPTH: 0 (GitLab), "
    "or run `git fetch --unshallow`"
)


def _fork(repository: Repository, old: Side, new: Side) -> Side:
    """Where two lines parted: their merge base, under the name of the first."""
    found = repository.ask("merge-base", str(old.commit), str(new.commit))
    if found is None:
        message = f"{quoted(str(old.name))} and {quoted(str(new.name))} have no commit in common"
        hint = f"`sipctl diff {old.name}` compares them as they are"
        raise Refused(f"{message} here", DEPTH if _is_shallow(repository) else hint)
    return Side(old.name, found)


def base(repository: Repository, given: str | None, variables: Mapping[str, str]) -> Side:
    """What `plan [BASE]` compares the files on disk with: the commit where BASE and HEAD parted,
    so that what others did on BASE since is no part of the change.

    Without BASE the target branch that GitHub or GitLab name in their variables, else the upstream,
    else origin/HEAD. Raises Refused where there is none, or no commit in common.
    """
    head = repository.head()
    if head is None:
        raise Refused("there is no commit yet, so there is nothing to plan against")
    here = Side("HEAD", head)
    if given is not None:
        return _fork(repository, _side(repository, given), here)
    named = dict(_named(variables))
    if named:
        return _target(repository, named, here)
    for revision in ("@{upstream}", "refs/remotes/origin/HEAD"):
        commit = _commit(repository, revision)
        if commit is not None:
            name = repository.ask("rev-parse", "--abbrev-ref", "--symbolic-full-name", revision)
            return _fork(repository, Side(name or revision, commit), here)
    hint = "name it, as in `sipctl plan main`"
    if _is_shallow(repository):
        hint = f"{hint}; {DEPTH}"
    raise Refused("there is no branch to compare with: no upstream, no origin/HEAD", hint)


def _named(variables: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """The revisions that a CI system says a change is to be merged into, and where it says so."""
    for name, prefix in _VARIABLES:
        if variables.get(name):
            yield name, f"{prefix}{variables[name]}"


_BRANCH = "refs/remotes/origin/"
_VARIABLES = (
    ("GITHUB_BASE_REF", _BRANCH),
    # in a pipeline of merged results HEAD holds the target branch up to here
    ("CI_MERGE_REQUEST_TARGET_BRANCH_SHA", ""),
    ("CI_MERGE_REQUEST_DIFF_BASE_SHA", ""),
    ("CI_MERGE_REQUEST_TARGET_BRANCH_NAME", _BRANCH),
)


def _target(repository: Repository, named: Mapping[str, str], here: Side) -> Side:
    """The first that is in this clone."""
    for revision in named.values():
        commit = _commit(repository, revision)
        if commit is not None:
            return _fork(repository, Side(revision.removeprefix("refs/remotes/"), commit), here)
    variable, revision = next(iter(named.items()))
    shown = quoted(revision.removeprefix("refs/remotes/"))
    raise Refused(f"{variable} names {shown}, which this clone has no way to", DEPTH)


def _commit(repository: Repository, revision: str) -> str | None:
    if revision.startswith("-"):
        return None
    return repository.ask("rev-parse", "--verify", "--quiet", f"{revision}^{{commit}}")


# -- reading -------------------------------------------------------------------------------------


def read(root: Path, repository: Repository, old: Side, new: Side) -> tuple[State, State]:
    """Both versions. What does not differ is parsed once."""
    files = dict(workspace.disk_files(root)) if new == DISK else _files(repository, new)
    before = _files(repository, old)
    inventory = workspace.inventory_of(files)
    changed: dict[str, bytes | None] = {
        path: data for path, data in before.items() if files.get(path) != data
    }
    changed |= dict.fromkeys(files.keys() - before.keys())
    earlier = workspace.reread(inventory, changed)
    return (
        State(earlier, before.get(SETTINGS_FILE)),
        State(inventory, files.get(SETTINGS_FILE)),
    )


def _files(repository: Repository, side: Side) -> dict[str, bytes]:
    """A commit's files as a checkout writes them, line ends too, since those on disk are so."""
    if side.commit is None:
        return {}
    tree = repository.tree(side.commit, [*FOLDERS, SETTINGS_FILE])
    found = repository.checked_out(tree.items())
    return {path: data for (path, _), data in found.items()}
