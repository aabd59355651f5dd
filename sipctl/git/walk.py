"""The commits that changed one file, found by looking the file up in each commit; or those that
changed a file which had many names, found in the log of its folder.

Git's own log compares the folder of each commit with that of its parent. Where thousands of files
stand in one folder, that takes several times as long as to look up one of them, and two processes
can look.
"""

from __future__ import annotations

import heapq
from bisect import bisect_right, insort_left
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from math import inf
from typing import Generic, TypeVar

from sipctl.git.records import BlobChange, Commit, LogEntry

T = TypeVar("T")

Parents = tuple[str, ...]
"""The hashes of the parents of a commit."""

_FIRST = 64
_MOST = 1024
"""So many commits are read at once: few in the beginning, so that the newest are told soon."""


def touching(
    start: str,
    commits: Iterable[tuple[str, Parents]],
    look_up: Callable[[Sequence[str]], Iterable[str | None]],
    *,
    whole: bool = False,
) -> Iterator[list[str]]:
    """The commits in which a file holds what it holds in none of their parents, newest first.

    `commits` are all up to `start`, newest first, each with its parents. `look_up` gives the blob
    of the file in each of these commits, None where there is none. Behind a merge that has the file
    as a parent has it only the first such parent is followed, as by Git's log (git-log, "History
    Simplification"), unless the `whole` history is wanted. Empty lists come too, from time to time,
    so that the caller sees it go on.
    """
    walk = _Walk(start, look_up, whole)
    coming, size = iter(commits), _FIRST
    while portion := list(islice(coming, size)):
        yield walk.on(portion)
        size = min(2 * size, _MOST)


class _Walk:
    def __init__(
        self, start: str, look_up: Callable[[Sequence[str]], Iterable[str | None]], whole: bool
    ) -> None:
        self._look_up = look_up
        self._whole = whole
        self._number = 0
        self._read: dict[str, tuple[int, Parents]] = {}  # and not visited
        self._blobs: dict[str, str | None] = {}
        self._followed = {start}
        self._ahead = {start}  # followed, and not read

    def on(self, portion: Sequence[tuple[str, Parents]]) -> list[str]:
        """Read some more commits and visit all that can be: those of them that change the file."""
        for oid, parents in portion:
            self._read[oid] = self._number, parents
            self._number += 1
        waiting = [(self._read[oid][0], oid) for oid in self._ahead if oid in self._read]
        self._ahead.difference_update(oid for _, oid in waiting)
        self._ask(oid for _, oid in waiting)
        heapq.heapify(waiting)
        found = []
        while waiting:
            _, oid = heapq.heappop(waiting)
            _, parents = self._read.pop(oid)
            same = next((p for p in parents if self._blobs[p] == self._blobs[oid]), None)
            if same is None and (parents or self._blobs[oid]):
                found.append(oid)
            for parent in self._to_follow(parents if same is None or self._whole else (same,)):
                if parent in self._read:
                    heapq.heappush(waiting, (self._read[parent][0], parent))
                else:
                    self._ahead.add(parent)
        return found

    def _to_follow(self, parents: Parents) -> Iterator[str]:
        for parent in parents:
            if parent not in self._followed:
                self._followed.add(parent)
                yield parent

    def _ask(self, commits: Iterable[str]) -> None:
        """Have the blobs of these, of all that have been read behind them, and of their parents.

        Which of them will be visited depends on the blobs, so that all are asked for at once.
        """
        behind, reached = list(commits), set()
        while behind:
            oid = behind.pop()
            if oid not in reached:
                reached.add(oid)
                behind += self._read[oid][1] if oid in self._read else ()
        # in the order of Git, which finds the neighbours of a version soonest
        unknown = [oid for oid in reached if oid not in self._blobs]
        unknown.sort(key=lambda oid: self._read[oid][0] if oid in self._read else self._number)
        self._blobs.update(zip(unknown, self._look_up(unknown), strict=True))


# -- many names ----------------------------------------------------------------------------------

Touch = tuple[Commit, BlobChange]
"""A commit, and what it did to one file."""


class Trail(Generic[T]):
    """Follows files through the log of their folder, each from a commit on, and on the way more.

    What it gives is what `touching` gives for each of them, and for each file with it what was to
    be `kept` of it, by a key; where two lines of commits come together, what is kept of both.
    """

    def __init__(self, differing: Callable[[str, str], Collection[str]]) -> None:
        """`differing` gives the paths that differ between two commits."""
        self._differing = differing
        self._wanted: dict[str, dict[str, dict[str, T]]] = {}

    def follow(self, revision: str, path: str, kept: Mapping[str, T]) -> None:
        """Look for a file from a commit on, which has not been read yet."""
        self._wanted.setdefault(revision, {}).setdefault(path, {}).update(kept)

    def through(self, log: Iterable[LogEntry]) -> Iterator[tuple[Commit, BlobChange, dict[str, T]]]:
        """The commits that change a file which is looked for. The file is no longer looked for
        then.

        `log` has every commit, and none before one that it is a parent of.
        """
        for commit, changes in log:
            wanted = self._wanted.pop(commit.oid, None)
            if wanted is not None:
                touched = [change for change in changes if change.path in wanted]
                found = [(commit, change, wanted.pop(change.path)) for change in touched]
                self._hand_on(commit, wanted)
                yield from found
            if not self._wanted:
                return

    def _hand_on(self, commit: Commit, wanted: dict[str, dict[str, T]]) -> None:
        """Look for the same files in the first parent that has them as the commit has them."""
        for number, parent in enumerate(commit.parents):
            if not wanted:
                return
            others = {}
            if number + 1 < len(commit.parents):
                differing = self._differing(parent, commit.oid)
                others = {path: wanted.pop(path) for path in differing if path in wanted}
            self._want(parent, wanted)
            wanted = others

    def _want(self, revision: str, wanted: dict[str, dict[str, T]]) -> None:
        known = self._wanted.get(revision, {})
        if len(known) > len(wanted):
            wanted, known = known, wanted
        for path, kept in known.items():
            wanted[path] = {**wanted.get(path, {}), **kept}
        self._wanted[revision] = wanted


class Names:
    """Picks from a log of a folder, newest first, the commits that touch some of its files; of
    which files that is, may be said later than the commits were read."""

    def __init__(self) -> None:
        self._until: dict[str, float] = {}
        self._passed: defaultdict[str, list[Touch]] = defaultdict(list)

    def want(self, path: str) -> None:
        """Pick a file from here on."""
        self._until[path] = inf

    def want_until(self, path: str, time: int) -> Iterator[Touch]:
        """Pick a file in what was committed until then: that much of what was passed, and all that
        comes of that age."""
        self._until[path] = max(time, self._until.get(path, time))
        passed = self._passed.get(path, [])
        count = bisect_right(passed, time, key=_committed)
        found = passed[:count]
        del passed[:count]
        return reversed(found)

    def pick(self, entry: LogEntry) -> list[Touch]:
        """What the next commit does to the wanted files."""
        commit, changes = entry
        found = []
        for change in changes:
            if commit.committed <= self._until.get(change.path, -inf):
                found.append((commit, change))
            else:
                insort_left(self._passed[change.path], (commit, change), key=_committed)
        return found


def _committed(touch: Touch) -> int:
    return touch[0].committed
