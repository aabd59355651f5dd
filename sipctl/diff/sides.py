"""The two versions of a workspace that are compared: which they are, and reading them."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple, TypeVar

from sipctl import progress, workspace
from sipctl.diff.comparison import Comparison, State, compare, joined
from sipctl.errors import Refused
from sipctl.findings import Finding
from sipctl.git.repository import BlobChange, Repository
from sipctl.inventory import Inventory, refuse_unread_folders
from sipctl.kinds import READ, SETTINGS_FILE, is_read
from sipctl.member import NO_CONTENT, Facts, Member, already_read, content_of
from sipctl.names import quoted
from sipctl.settings import Settings
from sipctl.storage import ondisk
from sipctl.storage.entries import is_stored_as
from sipctl.storage.ondisk import Files, blob_of

T = TypeVar("T")


class Side(NamedTuple):
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
    fetch = shlex.join(["git", "fetch", "origin", revision.removeprefix(_BRANCH)])
    hint = DEPTH if _is_shallow(repository) else f"`{fetch}` gets it, if it is there"
    raise Refused(f"{variable} names {shown}, which is not in this clone", hint)


def _commit(repository: Repository, revision: str) -> str | None:
    if revision.startswith("-"):
        return None
    return repository.ask("rev-parse", "--verify", "--quiet", f"{revision}^{{commit}}")


# -- reading -------------------------------------------------------------------------------------


def read(root: Path, repository: Repository, old: Side, new: Side) -> tuple[State, State]:
    """Both versions. What does not differ is parsed once, and on disk not at all if it is known."""
    settings: bytes | Finding | None
    if new == DISK:
        inventory = workspace.load(root)
        refuse_unread_folders(inventory.others)
        settings = ondisk.settings_file(root)
        on_disk = {SETTINGS_FILE: settings, **inventory.members}
        before, now = _differing_on_disk(repository, old, on_disk)
    else:
        files = _files(repository, new)
        inventory, settings = workspace.inventory_of(files), files.get(SETTINGS_FILE)
        before, now = _differing_in_git(repository, old, new)
    earlier = workspace.reread(inventory, {**dict.fromkeys(now), **before})
    differs = SETTINGS_FILE in before or SETTINGS_FILE in now
    former = before.get(SETTINGS_FILE) if differs else settings
    return State(earlier, former), State(inventory, settings)


def compared(root: Path, repository: Repository, old: Side, new: Side) -> Comparison:
    """What differs between both, and no word of files that do not. They are parsed only: what they
    mean is not judged."""
    if new == DISK:
        files = ondisk.files_of(root)
        refuse_unread_folders(file for file in files.values() if isinstance(file, Finding))
        before, now = _differing_on_disk(repository, old, files)

        def on_disk(paths: Sequence[str]) -> Comparison:
            parts = ({path: files[path] for path in paths if path in files} for files in both)
            return compare(*map(_parsed, parts))

        both: tuple[Files, Files] = before, now
        return _in_portions(on_disk, [*{**before, **now}], lambda x: x in before and x in now)

    def in_git(touched: Sequence[BlobChange]) -> Comparison:
        return compare(*map(_parsed, _contents(repository, touched)))

    touched = _touched(repository, old, new)
    return _in_portions(in_git, touched, lambda x: None not in (x.olds[0], x.new))


def _in_portions(
    work: Callable[[Sequence[T]], Comparison], files: Sequence[T], is_pair: Callable[[T], bool]
) -> Comparison:
    """What is there once only is looked at together: any two of them may be one file that moved."""
    from sipctl.sharing import spread

    pairs = [file for file in files if is_pair(file)]
    others = [file for file in files if not is_pair(file)]
    return joined([work(others), *spread(work, pairs, "Comparing files")])


def _parsed(files: Files) -> State:
    under_way = progress.over(files.items(), "Comparing files", len(files))
    members = {path: _member(path, data) for path, data in under_way if path != SETTINGS_FILE}
    settings = files.get(SETTINGS_FILE)
    assert not isinstance(settings, Member)
    return State(Inventory(Settings(), members), settings)


def _member(path: str, data: bytes | Finding | Member) -> Member:
    if isinstance(data, Member):
        return data
    if isinstance(data, Finding):
        return Member(path, Facts(findings=(data,)), NO_CONTENT)
    content = content_of(path, data)
    if content.root is not None:
        return Member(path, Facts(parsed=True), already_read(content))
    return workspace.read_member(path, data)  # it says why


# -- what differs --------------------------------------------------------------------------------


def _differing_on_disk(
    repository: Repository, old: Side, files: Files
) -> tuple[dict[str, bytes], Files]:
    """The files of a commit that are not the same on disk, and those on disk, by path.

    What Git would store as it is stored already is the same; else that counts which a checkout
    would write, line ends too.
    """
    tree = repository.tree(old.commit, READ) if old.commit else {}
    tree = {path: blob for path, blob in tree.items() if is_read(path)}
    others = (x for x in tree.items() if not _is_stored_as(files.get(x[0]), x[1]))
    found = repository.checked_out(others)
    before = {path: data for (path, _), data in found.items() if data != _bytes(files.get(path))}
    read = ((path, data) for path, data in files.items() if is_read(path))
    now = {path: data for path, data in read if path in before or path not in tree}
    return before, now


def _is_stored_as(file: bytes | Finding | Member | None, blob: str) -> bool:
    known = blob_of(file) if isinstance(file, Member) else None
    if known is not None and len(blob) == len(known):
        return known == blob
    return is_stored_as(_bytes(file), blob)


def _bytes(file: bytes | Finding | Member | None) -> bytes | None:
    """What a plain file on disk holds; None for what is none."""
    if isinstance(file, Member):
        return None if blob_of(file) is None else file.data
    return file if isinstance(file, bytes) else None


def _differing_in_git(
    repository: Repository, old: Side, new: Side
) -> tuple[dict[str, bytes], dict[str, bytes]]:
    """The files of two commits that differ, as a checkout writes them."""
    return _contents(repository, _touched(repository, old, new))


def _touched(repository: Repository, old: Side, new: Side) -> list[BlobChange]:
    assert new.commit is not None
    touched = repository.between(old.commit, new.commit, READ)
    return [x for x in touched if is_read(x.path) and x.olds[0] != x.new]


def _contents(
    repository: Repository, touched: Iterable[BlobChange]
) -> tuple[dict[str, bytes], dict[str, bytes]]:
    olds = [(x.path, x.olds[0]) for x in touched if x.olds[0]]
    news = [(x.path, x.new) for x in touched if x.new]
    data = repository.checked_out([*olds, *news])
    return {path: data[path, blob] for path, blob in olds}, {p: data[p, blob] for p, blob in news}


def _files(repository: Repository, side: Side) -> dict[str, bytes]:
    """All files of a commit, as a checkout writes them."""
    assert side.commit is not None
    tree = repository.tree(side.commit, READ)
    found = repository.checked_out(x for x in tree.items() if is_read(x[0]))
    return {path: data for (path, _), data in found.items()}
