"""One commit of some paths and no others, and what happens in the index for it.

Paths are relative to the top of the work tree: all functions take a repository `at_top`.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

from sipctl import processes
from sipctl.processes import GitFailed, words
from sipctl.repository import NO_MODES, Repository, nul

# How long to try again while another Git process holds the index, in seconds.
_PATIENCE = 10.0
_AGAIN = 0.05


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
        _commit_apart(index, paths, added, message_file)
    else:
        if added:
            index.on_paths((*NO_MODES, "add"), added)
        _commit(index, message_file, only=paths)
        index.reset({*paths}.__contains__)
    head = repository.head()
    assert head is not None
    return head


def forget(repository: Repository, paths: Sequence[str]) -> None:
    """Take paths out of the index again."""
    if paths:
        _Index(repository).run(("update-index", "-z", "--force-remove", "--stdin"), nul(paths))


def refresh(repository: Repository, paths: Collection[str]) -> None:
    """Make the index entries of `paths` equal to HEAD, whatever a hook has done to them."""
    _Index(repository).reset({*paths}.__contains__)


def _commit(index: _Index, message_file: Path, only: Sequence[str] | None = None) -> None:
    """The only place that makes commits: of some paths only, or of all that an index holds."""
    # maintenance runs later and by itself: started here, it would keep our descriptors
    quiet = ("-c", "gc.auto=0", "-c", "maintenance.auto=false")
    utf_8 = ("-c", "i18n.commitEncoding=UTF-8")
    # a user's `strip` eats lines with #, and his `verbose` what stands behind a scissors line
    told = ("--quiet", "--cleanup=whitespace", "--no-verbose", f"--file={message_file}")
    args = (*NO_MODES, *quiet, *utf_8, "commit", *told)
    if only is None:
        index.run(args, env=_of_hooks())
    else:
        index.on_paths((*args, "--only"), only)


# -- the same step by step -----------------------------------------------------------------------

# `git add` and `git commit --only` compare each path with each in the index, and look at all others
# again for each if one of them is new. With so many of them, that takes longer than these steps.
_ENTRIES = 4_000
_PAIRS = 5_000_000


def _takes_long(index: _Index, paths: Sequence[str], added: Sequence[str]) -> bool:
    entries = index.entries() + len(added)
    many = len(paths) * entries > _PAIRS or (bool(added) and entries > _ENTRIES)
    return many and index.repository.head() is not None


def _commit_apart(
    index: _Index, paths: Sequence[str], added: Sequence[str], message_file: Path
) -> None:
    """What `git commit --only` does: while the index is locked, commit another that is HEAD's but
    for these paths; then they are in the index what they are in HEAD."""
    repository = index.repository
    _refuse_ignored(repository, added)
    with _locked(index) as lock:
        base, own = repository.head(), {*paths}
        # Git calls it so
        apart = index._replace(path=lock.file.with_name(f"next-index-{os.getpid()}.lock"))
        try:
            _copy(lock.file, apart.file)
            apart.reset(lambda path: path not in own)
            apart.put(own)
            _commit(apart, message_file)
        finally:
            apart.file.unlink(missing_ok=True)
        _refuse_other_parent(lock, base)
        lock.reset(own.__contains__)


def _refuse_ignored(repository: Repository, added: Sequence[str]) -> None:
    """As `git add` does."""
    top = f"{repository.top}/"
    ignored = repository.ignored(f"{top}{path}" for path in added)
    if ignored:
        told = "\n".join(sorted(path.removeprefix(top) for path in ignored))
        raise GitFailed(f"the following paths are ignored by one of your .gitignore files:\n{told}")


@contextmanager
def _locked(index: _Index) -> Iterator[_Index]:
    """A copy of the index that locks it, and becomes it in the end."""
    lock = index.file.with_name("index.lock")
    os.close(_created(lock))
    try:
        _copy(index.file, lock)
        yield index._replace(path=lock)
        os.replace(lock, index.file)
    except BaseException:
        lock.unlink(missing_ok=True)
        raise


def _copy(index: Path, copy: Path) -> None:
    """An index elsewhere, as old as it was: Git looks again at files that are not older."""
    with index.open("rb") as stream:
        known = os.fstat(stream.fileno())
        copy.write_bytes(stream.read())
    os.utime(copy, ns=(known.st_atime_ns, known.st_mtime_ns))


def _created(lock: Path) -> int:
    until = time.monotonic() + _PATIENCE
    while True:
        try:
            return os.open(lock, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
        except FileExistsError:
            if time.monotonic() > until:
                raise GitFailed(f"another Git process holds the index: {lock} exists") from None
        time.sleep(_AGAIN)


def _refuse_other_parent(index: _Index, base: str | None) -> None:
    """Nobody else commits while the index is locked; but plumbing may, and a push. Our commit would
    take that back, so it goes."""
    made = index.repository.head()
    parent = index.repository.parent(made) if made else None
    if made and parent and parent != base:
        index.run(("update-ref", "HEAD", parent, made))
        raise GitFailed("another commit was made at the same moment")


# -- the index -----------------------------------------------------------------------------------


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
        # (it would remove an entry that is so marked)
        careful = ("--add", "--remove", "--ignore-skip-worktree-entries")
        args = (*NO_MODES, "update-index", "-z", *careful, "--stdin")
        self.run(args, nul(paths))

    def reset(self, chosen: Callable[[str], bool]) -> None:
        """Make those of the chosen entries that are not as in HEAD so."""
        args = (
            "--cached",
            "--raw",
            "-z",
            "--no-abbrev",
            "--no-renames",
            "--ignore-submodules=none",
        )
        pieces = iter(self._read("diff-index", *args, "HEAD").split(b"\0"))
        rows = ((row[1:].split()[::2][:2], path) for row, path in zip(pieces, pieces, strict=False))
        own = [(old, path) for old, path in rows if chosen(os.fsdecode(path))]
        if own:
            data = b"".join(b"%s %s\t%s\0" % (*old, path) for old, path in own)
            self.run(("update-index", "-z", "--index-info"), data)
            with suppress(GitFailed):  # it says so where other files have changed
                self.run(("update-index", "-q", "--refresh"))

    def on_paths(self, args: Sequence[str], paths: Collection[str]) -> None:
        """Run a command that takes patterns of paths on these paths."""
        more = ("--pathspec-from-file=-", "--pathspec-file-nul")
        self.run((*args, *more), nul(f":(literal){path}" for path in paths), _of_hooks())

    def run(
        self, args: Sequence[str], data: bytes = b"", env: Mapping[str, str] | None = None
    ) -> None:
        """Run what locks the index, again while another Git process holds it."""
        until = time.monotonic() + _PATIENCE
        root, launch, more = self.repository.root, processes.through_gitpython, self._variables()
        while True:
            status, _, err = processes.run(
                root, args, data, {**more, **(env or {})}, self.pass_fds, launch
            )
            if status == 0:
                return
            held = status == 128 and "index.lock" in err  # 1 is a hook's
            if not held or time.monotonic() > until:
                raise GitFailed(words(err) or "Git said no, and not why")
            time.sleep(_AGAIN)

    def _read(self, *args: str) -> bytes:
        return self.repository.read(*args, env=self._variables())

    def _variables(self) -> dict[str, str]:
        return {"GIT_INDEX_FILE": str(self.path)} if self.path else {}


def _of_hooks() -> dict[str, str]:
    """What hooks inherit: Git speaks the user's language, and globs work in them."""
    env = {name: os.environ.get(name, "") for name in ("LC_ALL", "LANGUAGE")}
    return {**env, "GIT_LITERAL_PATHSPECS": "0"}
