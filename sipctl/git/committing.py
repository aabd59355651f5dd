"""One commit of some paths and no others, and what happens in the index for it.

Paths are relative to the top of the work tree: all functions take a repository `at_top`.
"""

from __future__ import annotations

import os
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from sipctl import signals
from sipctl.git import processes
from sipctl.git.processes import GitDied, GitFailed, words
from sipctl.git.repository import NO_MODES, Commit, Repository, nul

# How long to try again while another Git process holds the index, in seconds.
_PATIENCE = 10.0
_AGAIN = 0.05

# What counts is what a file holds, and its name letter by letter: a rename may change case only.
_PLAIN = (*NO_MODES, "-c", "core.ignoreCase=false")


def commit(
    repository: Repository,
    paths: Sequence[str],
    added: Sequence[str],
    message_file: Path,
    pass_fds: Sequence[int],
) -> str:
    """Commit these paths and no others; in the index they are as in HEAD then. The commit's hash.

    `added` are those that are not in the index yet.

    Hooks, signing and identity are the user's. Raises GitFailed with Git's words, or a hook's.
    """
    index = _Index(repository, pass_fds)
    if _takes_long(index, paths, added):
        return _commit_apart(index, paths, added, message_file)
    if added:
        index.on_paths((*_PLAIN, "add"), added)
    base = repository.head()
    _commit(index, message_file, only=paths)
    index.reset({*paths})
    return made(repository, base, paths)


def forget(repository: Repository, paths: Sequence[str]) -> None:
    """Take paths out of the index again."""
    if paths:
        _Index(repository).run(("update-index", "-z", "--force-remove", "--stdin"), nul(paths))


def refresh(repository: Repository, paths: Collection[str]) -> None:
    """Make the index entries of `paths` equal to HEAD, whatever a hook has done to them."""
    _Index(repository).reset({*paths})


def unstage(repository: Repository, paths: Sequence[str]) -> None:
    """Make the index entries of `paths` what HEAD says, also where there is no commit yet, and
    where the index holds several versions of a file."""
    if paths:
        _Index(repository).on_paths(("reset", "--quiet"), paths)


def _commit(index: _Index, message_file: Path, only: Sequence[str] | None = None) -> None:
    """The only place that makes commits: of some paths only, or of all that an index holds."""
    # maintenance runs later and by itself: started here, it would keep our descriptors
    quiet = ("-c", "gc.auto=0", "-c", "maintenance.auto=false")
    utf_8 = ("-c", "i18n.commitEncoding=UTF-8")
    # a user's `strip` eats lines with #, and his `verbose` what stands behind a scissors line
    told = ("--cleanup=whitespace", "--no-verbose", f"--file={message_file}")
    # (without --quiet it compares all again, to tell which files are renamed)
    args = (*_PLAIN, *quiet, *utf_8, "commit", "--quiet", *told)
    if only is None:
        index.run(args, env=_of_hooks())
    else:
        index.on_paths((*args, "--only"), only)


def made(repository: Repository, base: str | None, paths: Collection[str]) -> str:
    """The commit of these paths that was made after `base`: that of HEAD, unless somebody else has
    committed too, a hook say."""
    head = repository.head()
    assert head is not None
    if repository.parent(head) == base:
        return head
    since = head if base is None else f"{base}..{head}"
    told = repository.read("rev-list", "--first-parent", "--reverse", since).decode("ascii")
    all_ = [repository.commit_of(oid) for oid in told.split()]
    ours = [
        commit.oid for commit in all_ if commit.operation and _touches(repository, commit, paths)
    ]
    return ours[0] if ours else head


def _touches(repository: Repository, commit: Commit, paths: Collection[str]) -> bool:
    parent = commit.parents[0] if commit.parents else None
    touched = {change.path for change in repository.between(parent, commit.oid, [])}
    return touched.issuperset(paths)


# -- the same step by step -----------------------------------------------------------------------

# `git add` and `git commit --only` compare each path with each in the index, and look at all others
# again for each if one of them is new. With so many of them, that takes half a second and more.
_ENTRIES = 20_000
_PAIRS = 40_000_000


def _takes_long(index: _Index, paths: Sequence[str], added: Sequence[str]) -> bool:
    entries = index.entries() + len(added)
    many = len(paths) * entries > _PAIRS or (bool(added) and entries > _ENTRIES)
    return many and not _is_special(index)


def _is_special(index: _Index) -> bool:
    """True where it matters that Git does it in one step: a hook that comes after a commit finds
    the index as it is then, and a sparse checkout refuses what lies outside of it."""
    repository = index.repository
    hook = repository.ask("rev-parse", "--git-path", "hooks/post-commit")
    has_hook = hook is not None and os.access(repository.root / hook, os.X_OK)
    is_sparse = (repository.git_dir / "info" / "sparse-checkout").exists()
    return has_hook or is_sparse or index.file.is_symlink() or repository.head() is None


class Withdrawn(GitFailed):
    """Somebody else came first, and a commit of ours does not stand."""


_MEANWHILE = "somebody else committed or merged at the same moment"


def _commit_apart(
    index: _Index, paths: Sequence[str], added: Sequence[str], message_file: Path
) -> str:
    """What `git commit --only` does: while the index is locked, commit another that is HEAD's but
    for these paths; then they are in the index what they are in HEAD."""
    repository = index.repository
    _refuse_ignored(repository, added)
    with _locked(index) as lock:
        base = repository.head()
        # Git calls it so
        apart = index._replace(path=lock.file.with_name(f"next-index-{os.getpid()}.lock"))
        try:
            _copy(lock.file, apart.file)
            apart.reset()
            apart.put(paths)
            # a merge that lets go of the index tells of itself a moment later
            repository.refuse_open_operation()
            if repository.head() != base:
                raise Withdrawn(_MEANWHILE)
            _commit(apart, message_file)
            own = made(repository, base, paths)
        finally:
            with signals.waiting():
                apart.file.unlink(missing_ok=True)
        _refuse_other_parents(lock, base, own)
        lock.reset({*paths})
    return own


def _refuse_ignored(repository: Repository, added: Sequence[str]) -> None:
    """As `git add` does."""
    ignored = repository.ignored(added)
    if ignored:
        told = "\n".join(sorted(ignored))
        raise GitFailed(f"the following paths are ignored by one of your .gitignore files:\n{told}")


def _refuse_other_parents(index: _Index, base: str | None, made: str) -> None:
    """Nobody else commits while the index is locked; but plumbing may, and a push, and a merge may
    have been begun. Our commit holds nothing of that, so that it goes again."""
    repository = index.repository
    parents = repository.commit_of(made).parents
    if parents == (base,):
        return
    index.run(("update-ref", "HEAD", parents[0], made))
    if len(parents) > 1:  # it is open again
        file = repository.git_dir / "MERGE_HEAD"
        file.write_text("".join(f"{parent}\n" for parent in parents[1:]), encoding="ascii")
    raise Withdrawn(_MEANWHILE)


@contextmanager
def _locked(index: _Index) -> Iterator[_Index]:
    """A copy of the index that locks it, and becomes it in the end."""
    lock, held = index.file.with_name("index.lock"), False
    until = time.monotonic() + _PATIENCE
    try:
        while True:
            with signals.waiting():  # it is ours from the moment it is there
                held = _is_created(lock)
            if held:
                break
            if time.monotonic() > until:
                raise GitFailed(f"another Git process holds the index: {lock} exists")
            time.sleep(_AGAIN)
        _copy(index.file, lock)
        yield index._replace(path=lock)
        with signals.waiting():
            os.replace(lock, index.file)
            held = False
    finally:
        if held:
            lock.unlink(missing_ok=True)


def _is_created(lock: Path) -> bool:
    try:
        os.close(os.open(lock, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666))
    except FileExistsError:
        return False
    return True


def _copy(index: Path, copy: Path) -> None:
    """An index elsewhere, as old as it is: Git looks again at files that are not older."""
    with index.open("rb") as stream:
        known = os.fstat(stream.fileno())
        copy.write_bytes(stream.read())
    copy.chmod(known.st_mode & 0o777)
    os.utime(copy, ns=(known.st_atime_ns, known.st_mtime_ns))


# -- the index -----------------------------------------------------------------------------------


_RAW = ("--raw", "-z", "--no-abbrev", "--no-renames", "--ignore-submodules=none")


class _Index(NamedTuple):
    """An index, and the descriptors that Git's processes on it inherit."""

    repository: Repository
    pass_fds: Sequence[int] = ()
    path: Path | None = None
    """None for the repository's own."""

    @property
    def file(self) -> Path:
        return self.path or self.repository.git_dir / "index"

    def entries(self) -> int:
        """How many entries it has (gitformat-index); 0 where it cannot be read."""
        try:
            with self.file.open("rb") as stream:
                return int.from_bytes(stream.read(12)[8:], "big")
        except OSError:
            return 0

    def put(self, paths: Collection[str]) -> None:
        """Make these entries what stands on disk."""
        # (a file may have become a folder; and it would remove an entry that is so marked)
        careful = ("--add", "--remove", "--replace", "--ignore-skip-worktree-entries")
        args = (*_PLAIN, "update-index", "-z", *careful, "--stdin")
        self.run(args, nul(paths))

    def reset(self, paths: Collection[str] | None = None) -> None:
        """Make the entries of these paths, or all, what they are in HEAD."""
        pieces = iter(self._read("diff-index", "--cached", *_RAW, "HEAD").split(b"\0"))
        rows = ((row[1:].split()[::2][:2], path) for row, path in zip(pieces, pieces, strict=False))
        own = [(old, path) for old, path in rows if paths is None or os.fsdecode(path) in paths]
        if own:
            data = b"".join(b"%s %s\t%s\0" % (*old, path) for old, path in own)
            self.run(("update-index", "-z", "--index-info"), data)
            try:
                self.run(("update-index", "-q", "--refresh"))
            except GitDied:
                raise
            except GitFailed:  # it says so where other files have changed
                pass

    def on_paths(self, args: Sequence[str], paths: Collection[str]) -> str:
        """Run a command that takes patterns of paths on these paths."""
        more = ("--pathspec-from-file=-", "--pathspec-file-nul")
        return self.run((*args, *more), nul(f":(literal){path}" for path in paths), _of_hooks())

    def run(
        self, args: Sequence[str], data: bytes = b"", env: Mapping[str, str] | None = None
    ) -> str:
        """Run what locks the index, again while another Git process holds it. What it says."""
        until = time.monotonic() + _PATIENCE
        root, launch, more = self.repository.root, processes.through_gitpython, self._variables()
        while True:
            status, out, err = processes.run(
                root, args, data, {**more, **(env or {})}, self.pass_fds, launch
            )
            said = out.decode("utf-8", "replace")
            if status == 0:
                return said
            # (1 is a hook's; what is not the repository's own index nobody else holds)
            held = status == 128 and "index.lock" in err and self.path is None
            if not held or time.monotonic() > until:
                raise GitFailed(words(err) or words(said) or "Git said no, and not why")
            time.sleep(_AGAIN)

    def _read(self, *args: str) -> bytes:
        return self.repository.read(*args, env=self._variables())

    def _variables(self) -> dict[str, str]:
        return {"GIT_INDEX_FILE": str(self.path)} if self.path else {}


def _of_hooks() -> dict[str, str]:
    """What hooks inherit: Git speaks the user's language, and globs work in them."""
    env = {name: os.environ.get(name, "") for name in ("LC_ALL", "LANGUAGE")}
    return {**env, "GIT_LITERAL_PATHSPECS": "0"}
