"""The commits that changed one file, found by looking the file up in each commit.

Git's own log compares the folder of each commit with that of its parent. Where thousands of files
stand in one folder, that takes several times as long as to look up one of them, and two processes
can look.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice

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
