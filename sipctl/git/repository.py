"""A repository of Git's, as far as sipctl reads and writes it."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property, partial
from itertools import chain
from pathlib import Path

from sipctl.errors import Refused
from sipctl.git import commitgraph, processes, walk
from sipctl.git.processes import READING, Conversation, words
from sipctl.git.processes import GitDied as GitDied
from sipctl.git.processes import GitFailed as GitFailed
from sipctl.git.records import BlobChange as BlobChange
from sipctl.git.records import Commit as Commit
from sipctl.git.records import Entry as Entry
from sipctl.git.records import Identity as Identity
from sipctl.git.records import Log, blob_changes, listed, read_name, read_object, until
from sipctl.git.records import LogEntry as LogEntry

NO_MODES = ("-c", "core.fileMode=false")
"""The mode of a file means nothing here: a `chmod -R` is no edit, and is in no commit of ours."""

# So many objects are asked for at once: their names fit in a pipe twice, those of SHA-256 too.
_AT_ONCE = 100
_IN_PIPE = 8192  # bytes that do, twice

# So many processes look a file up in commits, where there are many to look at.
_LOOKERS = 2
_MANY = 256

# If a folder takes so many bytes, those of 1,300 files, that is faster than Git's own log.
_LARGE = 65536

# What is open in the Git directory while another operation waits for its end, and how to end it.
_OPEN = (
    ("MERGE_HEAD", "a merge", "git merge --continue` or `git merge --abort"),
    ("rebase-merge", "a rebase", "git rebase --continue` or `git rebase --abort"),
    ("rebase-apply/applying", "a git am", "git am --continue` or `git am --abort"),
    ("rebase-apply", "a rebase", "git rebase --continue` or `git rebase --abort"),
    (
        "CHERRY_PICK_HEAD",
        "a cherry-pick",
        "git cherry-pick --continue` or `git cherry-pick --abort",
    ),
    ("REVERT_HEAD", "a revert", "git revert --continue` or `git revert --abort"),
)


# The user's settings (log.follow, log.showRoot, i18n.logOutputEncoding, …) change none of this.
_RAW = ("--root", "--no-renames", "--no-abbrev", "--no-relative", "--ignore-submodules=none")
_LOG = (
    "-z",
    "--no-follow",
    "--no-color",
    "--no-show-signature",
    "--encoding=UTF-8",
    "--format=%x00%x01%H%x00%P%x00%an%x00%ae%x00%aI%x00%ct%x00%B%x00",
    "--raw",
    "-c",
    *_RAW,
)
_DIFF_TREE = ("diff-tree", "-r", "-z", "--raw", "--no-commit-id")
_END = f".{os.urandom(16).hex()}"
"""What no file is called, and is no commit."""
_until_end = partial(until, end=_END.encode("ascii"))


# the empty blob and the empty tree by the length of a hash: SHA-1 and SHA-256
_EMPTY = {
    "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391": "4b825dc642cb6eb9a060e54bf8d69288fbee4904",
    "473a0f4c3be8a93681a267e3b1e9a7dcda1185436fe141f7749120a303721813": (
        "6ef19b41225c5369f1c104d45d8d85efa9b057b53b14b4b9b939dd74decc5321"
    ),
}


SHALLOW = "this clone is shallow: `git fetch --unshallow` gets the rest"
"""What helps where a shallow clone lacks what was asked for."""


class Repository:
    """The Git repository around a workspace. Paths are relative to the workspace, with `/`."""

    def __init__(
        self,
        root: Path,
        top: Path,
        git_dir: Path,
        common_dir: Path,
        prefix: str,
        objects: Conversation | None = None,
    ) -> None:
        self.root = root
        self.top = top
        self.git_dir = git_dir  # of this worktree
        self.common_dir = common_dir  # of all
        self.prefix = prefix
        self._objects = objects or Conversation(root, "cat-file", "--batch")
        self._differences: dict[str, Conversation] = {}

    # -- finding it ------------------------------------------------------------------------------

    @classmethod
    def find(cls, root: Path) -> Repository | None:
        """The repository that `root` lies in, or None. Raises Refused where Git is missing, refuses
        to look (a folder of another owner, say), or works on another tree."""
        _forget_callers_repository()
        real = Path(os.path.realpath(root))
        wanted = ("--show-toplevel", "--absolute-git-dir", "--git-common-dir", "--show-prefix")
        status, out, err = processes.run(real, ("rev-parse", *wanted), env=READING)
        if status != 0:
            if "not a git repository" in err:
                return None
            raise GitFailed(words(err))
        top, git_dir, common_dir, prefix = os.fsdecode(out).split("\n")[:4]
        if not real.is_relative_to(top):  # and what Git tells of a path is about another file
            hint = "unset GIT_DIR and GIT_WORK_TREE, or see `git config core.worktree`"
            raise Refused(
                f'"{root}" does not lie in the work tree that Git works on, "{top}"', hint
            )
        return cls(real, Path(top), Path(git_dir), real / common_dir, prefix)

    @classmethod
    def init(cls, root: Path) -> Repository:
        """Make a repository at `root`."""
        launch = processes.through_gitpython
        status, _, err = processes.run(root, ("init", "--quiet"), launch=launch)
        found = cls.find(root) if status == 0 else None
        if found is None:
            raise GitFailed(words(err))
        return found

    # -- asking Git ------------------------------------------------------------------------------

    def read(self, *args: str, data: bytes = b"", env: Mapping[str, str] | None = None) -> bytes:
        """What Git prints in the workspace where it only reads; raises GitFailed with its words."""
        status, out, err = processes.run(self.root, args, data, {**READING, **(env or {})})
        if status != 0:
            raise GitFailed(words(err) or f"git {args[0]} failed")
        return out

    def ask(self, *args: str) -> str | None:
        """One line of an answer, or None where Git says no."""
        status, out, _ = processes.run(self.root, args, env=READING)
        return os.fsdecode(out).strip() if status == 0 else None

    # -- state -----------------------------------------------------------------------------------

    def head(self) -> str | None:
        """The commit of HEAD; None on a branch without commits."""
        return self._commit("HEAD")

    def parent(self, oid: str) -> str | None:
        """The first parent of a commit that is given by its hash; None where it has none here."""
        return self._commit(f"{oid}^1")

    def _commit(self, name: str) -> str | None:
        [found] = self._objects.ask([f"{name}^{{commit}}".encode("ascii")], read_object)
        return found[0] if found else None

    def in_head(self, paths: Sequence[str]) -> dict[str, str] | None:
        """The blobs of few paths in HEAD; None where paths hold what parts Git's words."""
        wanted = [f"{self.prefix}{path}" for path in paths]
        if any(len(path.split()) != 1 for path in wanted):
            return None
        names = [os.fsencode(f"HEAD:{path}") for path in wanted]
        found = self._objects.ask(names, read_object, at_once=_AT_ONCE)
        return {path: one[0] for path, one in zip(paths, found, strict=True) if one}

    def branch(self) -> str | None:
        """The branch's short name; None where HEAD is detached."""
        return self.ask("symbolic-ref", "--quiet", "--short", "HEAD")

    def resolve(self, revision: str) -> str:
        """The commit of a revision; raises Refused for one that is not known."""
        found = None
        if not revision.startswith("-"):
            found = self.ask("rev-parse", "--verify", "--quiet", f"{revision}^{{commit}}")
        if found is None:
            hint = "see `sipctl history`, `git log` or `git tag`"
            hint = SHALLOW if self.shallow() else hint
            raise Refused(f'there is no revision "{revision}"', hint)
        return found

    def open_operation(self) -> tuple[str, str] | None:
        """What of Git is not finished, `a merge` say, and how to end it; None for nothing."""
        found = (x for x in _OPEN if (self.git_dir / x[0]).exists())
        return next(((what, cure) for _, what, cure in found), None)

    def refuse_open_operation(self) -> None:
        """Raise Refused in the middle of a merge, a rebase and the like."""
        found = self.open_operation()
        if found is not None:
            raise Refused(f"{found[0]} is not finished here", f"end it first: `{found[1]}`")

    def status(self, paths: Iterable[str]) -> dict[str, str]:
        """The two letters of `git status` for every changed or untracked file below `paths`; `D?`
        for one that is there and no longer in the index."""
        args = ("status", "--porcelain=v1", "-z", "--untracked-files=all", "--no-renames", "--")
        out = self.read(*NO_MODES, *args, *paths)
        found: dict[str, str] = {}
        for row in (os.fsdecode(row) for row in out.split(b"\0") if row):
            path, letters = row[3:].removeprefix(self.prefix), row[:2]
            found[path] = found[path][0] + letters[1] if path in found else letters
        return found

    def ignored(self, paths: Iterable[str]) -> set[str]:
        """Which of these paths the user's ignore patterns match, tracked or not; an empty set where
        Git cannot tell.

        (`--no-index`: without it Git would look at its whole index for each path.)
        """
        files = {f"{self.root}{os.sep}{path}": path for path in paths}
        if not files:
            return set()
        # this command takes no literal pathspecs, and reads what begins with a slash as it is
        env = {**READING, "GIT_LITERAL_PATHSPECS": "0"}
        args, data = ("check-ignore", "--no-index", "-z", "--stdin"), nul(files)
        _, out, _ = processes.run(self.root, args, data, env)
        return {files[os.fsdecode(name)] for name in out.split(b"\0") if name}

    # -- reading at a revision -------------------------------------------------------------------

    def tree(self, revision: str, paths: Sequence[str]) -> dict[str, str]:
        """The blobs below `paths` at a revision, by path."""
        entries = self.entries(revision, paths)
        return {path: entry.oid for path, entry in entries.items() if entry.is_file}

    def entries(self, revision: str, paths: Sequence[str]) -> dict[str, Entry]:
        """All that stands below `paths` at a revision, by path."""
        out = self.read("ls-tree", "-r", "-z", revision, "--", *paths)
        entries = {}
        for meta, path in listed(out):
            mode, _, oid = meta.split()
            entries[path] = Entry(mode, oid)
        return entries

    def entries_of_index(self, paths: Sequence[str], index: str | None) -> dict[str, Entry]:
        """All that stands below `paths` in the index, or in another one (a file's path, relative to
        the top of the work tree). What `git add -N` only announces does not stand there yet."""
        env = {}
        if index is not None and not self._is_anothers(self.top / index):
            env["GIT_INDEX_FILE"] = str(self.top / index)
        entries = self.indexed(paths, env)
        empty = next((_EMPTY[e.oid] for e in entries.values() if e.oid in _EMPTY), None)
        if empty is None:
            return entries
        # an announced file stands in the index as an empty one
        args = ("--cached", "--ita-invisible-in-index", "--name-only", "-z", "--relative", empty)
        out = self.read("diff-index", *args, "--", *paths, env=env)
        there = {os.fsdecode(path) for path in out.split(b"\0")}
        return {path: entry for path, entry in entries.items() if path in there}

    def indexed(
        self, paths: Sequence[str], env: Mapping[str, str] | None = None
    ) -> dict[str, Entry]:
        """All that stands below `paths` in the index, what is only announced too."""
        entries = {}
        for meta, path in listed(
            self.read("ls-files", "--stage", "-v", "-z", "--", *paths, env=env)
        ):
            tag, mode, oid, stage = meta.split()
            mark = "assume-unchanged" if tag.islower() else "skip-worktree" if tag == "S" else None
            entries[path] = Entry(mode, oid, stage == "0", mark)
        return entries

    def _is_anothers(self, index: Path) -> bool:
        """True for the index of another repository, whose hook has started us."""
        folder = index.parent
        of_git = (folder / "HEAD").is_file() and not folder.samefile(self.git_dir)
        return of_git or not index.is_file()

    def blobs(self, oids: Iterable[str]) -> dict[str, bytes]:
        """The content of blobs by their hash."""
        wanted = list(dict.fromkeys(oids))
        lines = [oid.encode("ascii") for oid in wanted]
        found = self._objects.ask(lines, read_object, at_once=_AT_ONCE)
        return {oid: one[1] for oid, one in zip(wanted, found, strict=True) if one}

    def checked_out(self, files: Iterable[tuple[str, str]]) -> dict[tuple[str, str], bytes]:
        """Many files as Git would write them to disk, each given by its path and blob."""
        wanted = list(dict.fromkeys(files))
        if not wanted:
            return {}
        # the size that Git tells is the blob's own, so only a word that no file holds parts them
        word = os.urandom(16).hex()
        # (a path only tells which filters apply, so that one with a line feed is no matter)
        names = (f"{self.prefix}{path}".replace("\n", " ") for path, _ in wanted)
        rows = "".join(f"{blob} {name}\n" for (_, blob), name in zip(wanted, names, strict=True))
        out = self.read("cat-file", f"--batch={word}", "--filters", data=os.fsencode(rows))
        parts = out.split(f"{word}\n".encode("ascii"))[1:]
        return {file: data[:-1] for file, data in zip(wanted, parts, strict=True)}

    # -- the log ---------------------------------------------------------------------------------

    def log(self, *args: str, paths: Sequence[str]) -> Iterator[LogEntry]:
        """Commits that touch `paths`, newest first, each with the paths it changed.

        A merge shows only what differs from every parent. `args` are further arguments of git log.
        """
        return chain.from_iterable(self._portions(("log", *_LOG, *args, "--", *paths)))

    def log_of_file(
        self, revision: str, path: str, *, whole: bool = False
    ) -> Iterator[list[LogEntry]]:
        """The commits up to one that changed a file, as many at once as have been found by then,
        or none at all.

        Lines of commits that lead to a merge and not to what the file is there are left out, unless
        the `whole` history is wanted.
        """
        known = commitgraph.tells_most_paths(self.common_dir / "objects")
        asked = "\n" not in path  # that would be two questions
        if known or not asked or not self._is_large(path.rpartition("/")[0], revision):
            args = (*_LOG, *(("--full-history",) if whole else ()), revision)
            yield from self._portions(("log", *args, "--", path), file=True)
        else:
            yield from self.log_by_looking(revision, path, whole=whole)

    def _is_large(self, folder: str, revision: str) -> bool:
        question = os.fsencode(f"{revision}:{self.prefix}{folder}")
        [found] = self._objects.ask([question], read_object)
        return found is not None and len(found[1]) >= _LARGE

    def log_by_looking(
        self, revision: str, path: str, *, whole: bool = False
    ) -> Iterator[list[LogEntry]]:
        """`log_of_file` by looking the file up in each commit. Its mode does not count."""
        details = Conversation(self.root, "diff-tree", *_LOG, "-r", "--stdin", "--", path)
        look_up = partial(self._in_commits, path)
        with self._commits(revision) as commits:
            for found in walk.touching(revision, commits, look_up, whole=whole):
                questions = [f"{oid}\n{_END}".encode("ascii") for oid in found]
                answers = details.ask(questions, _until_end, at_once=_AT_ONCE)
                log = Log(self.prefix, file=True)
                yield [entry for out in answers for entry in log.read(out.split(b"\0"))]

    @contextmanager
    def _commits(self, revision: str) -> Iterator[Iterator[tuple[str, tuple[str, ...]]]]:
        """All commits up to one, newest first, with their parents."""
        args = ("rev-list", "--parents", revision)
        with processes.stream(self.root, args, between=b"\n") as portions:
            rows = (row.decode("ascii").split() for rows in portions for row in rows)
            yield ((oid, tuple(parents)) for oid, *parents in rows)

    @cached_property
    def _lookers(self) -> list[Conversation]:
        check = ("cat-file", "--batch-check=%(objectname)")
        return [Conversation(self.root, *check) for _ in range(min(os.cpu_count() or 1, _LOOKERS))]

    def _in_commits(self, path: str, commits: Sequence[str]) -> list[str | None]:
        """The hash of what stands at a path in each of these commits; None for nothing."""
        questions = [os.fsencode(f"{oid}:{self.prefix}{path}") for oid in commits]
        asked = self._lookers[: 1 if len(commits) < _MANY else None]
        at_once = max(_IN_PIPE // (len(questions[0]) + 1), 1) if questions else 1
        return processes.together(asked, questions, read_name, at_once)

    def log_of_folder(self, revision: str, folder: str) -> Iterator[list[LogEntry]]:
        """`log_of_file` of all files in a folder, and on all lines of history.

        Git's log would compare each commit twice: to see whether to tell of it, and to tell.
        """
        args = (*_LOG, "-r", "--stdin", "--", folder)
        return self._portions(("rev-list", revision), ("diff-tree", *args))

    def log_of_operations(self) -> Iterator[LogEntry]:
        """The commits of sipctl in this workspace on the first-parent line, newest first.

        What others committed is not compared with anything, so that it costs little to pass by.
        """
        ours = ("--first-parent", "--basic-regexp", "--grep=^Sipctl-Operation:", "HEAD")
        log = (word for word in _LOG if word != "-c")
        args = (*log, "--diff-merges=first-parent", "--stdin", "--", ".")
        return chain.from_iterable(self._portions(("rev-list", *ours), ("diff-tree", *args)))

    def _portions(self, *commands: Sequence[str], file: bool = False) -> Iterator[list[LogEntry]]:
        with processes.stream(self.root, *commands) as portions:
            log = Log(self.prefix, file)
            for pieces in portions:
                if found := log.read(pieces):
                    yield found
            if found := log.rest():
                yield found

    def between(self, old: str | None, new: str, paths: Sequence[str]) -> list[BlobChange]:
        """The files below `paths` that differ between two commits; all of a root commit's where
        `old` is None. Without `paths` those outside of the workspace too, as `:/path`."""
        ends = ("--root", new) if old is None else (old, new)
        return blob_changes(self.read(*_DIFF_TREE, *_RAW, *ends, "--", *paths), self.prefix)

    def changes(self, old: str, new: str, folder: str) -> list[BlobChange]:
        """The files below a folder that differ between two commits, each given by its hash. It is
        cheap to ask again and again."""
        if folder not in self._differences:
            args = (*_DIFF_TREE, "--stdin", *_RAW, "--", folder)
            self._differences[folder] = Conversation(self.root, *args)
        # the second is taken for the parent of the first; what is no commit is said again
        question = f"{new} {old}\n{_END}".encode("ascii")
        [found] = self._differences[folder].ask([question], _until_end)
        return blob_changes(found, self.prefix)

    def matching(self, *args: str) -> frozenset[str]:
        """The hashes of the commits that these arguments of git rev-list choose."""
        return frozenset(self.read("rev-list", *args).decode("ascii").split())

    def shallow(self) -> frozenset[str]:
        """The commits whose parents a shallow clone does not have."""
        name = self.read("rev-parse", "--git-path", "shallow").rstrip(b"\n")
        file = self.root / os.fsdecode(name)
        return frozenset(file.read_text("ascii").split()) if file.exists() else frozenset()

    def commit_of(self, oid: str) -> Commit:
        """One commit by its hash."""
        out = self.read("log", *_LOG, "--no-patch", "-1", oid)
        log = Log(self.prefix)
        log.read(out.split(b"\0"))
        return log.rest()[0][0]

    def is_in_history(self, oid: str) -> bool:
        """True for a commit that led to HEAD."""
        return self.ask("merge-base", "--is-ancestor", oid, "HEAD") is not None

    def author(self) -> Identity | None:
        """Who makes a commit here; None where Git does not know."""
        name, opened, rest = (self.ask("var", "GIT_AUTHOR_IDENT") or "").rpartition(" <")
        return Identity(name, rest.rpartition("> ")[0]) if opened else None

    def at_top(self) -> Repository:
        """This repository with paths relative to the top of its work tree."""
        return Repository(self.top, self.top, self.git_dir, self.common_dir, "", self._objects)


def is_unmerged(letters: str) -> bool:
    """True for the letters of a file of which the index holds the versions of a merge."""
    return "U" in letters or letters in ("AA", "DD")


def _forget_callers_repository() -> None:
    """Inside a hook Git names its own repository and index; the workspace's are found anew.

    A GIT_DIR without GIT_WORK_TREE would make the current folder the top of the work tree.
    """
    if "GIT_WORK_TREE" not in os.environ:
        os.environ.pop("GIT_DIR", None)
    for name in ("GIT_INDEX_FILE", "GIT_PREFIX"):
        os.environ.pop(name, None)


def nul(paths: Iterable[str]) -> bytes:
    """Paths as Git reads them with -z."""
    return b"".join(os.fsencode(path) + b"\0" for path in paths)
