"""Work that is shared with a second process, where there is so much that it is worth one."""

from __future__ import annotations

import os
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from multiprocessing import get_all_start_methods, get_context
from multiprocessing.connection import Connection
from typing import TypeVar

from sipctl import progress

T = TypeVar("T")
R = TypeVar("R")

_NUMBER = 4


def shared(work: Callable[[T], R], portions: Sequence[T], what: str) -> Generator[R]:
    """What the work makes of each portion, in any order. Results have to stand pickling.

    Each process takes the next portion when it has ended one, so neither waits for the other; one
    that dies leaves its portions to us. `what` is said of it where it lasts.
    """
    if len(portions) < 2 or (os.cpu_count() or 1) < 2 or "fork" not in get_all_start_methods():
        yield from map(work, progress.over(portions, what, len(portions)))
        return
    context = get_context("fork")
    queue = _queue(range(len(portions)))
    results, end = context.Pipe(duplex=False)
    helper = context.Process(target=_help, args=(work, portions, queue, end), daemon=True)
    helper.start()
    end.close()
    try:
        done = []
        for number in progress.over(_taken(queue), what, len(portions), place=int):
            yield work(portions[number])
            done.append(number)
        found = _received(results)
    finally:
        helper.kill()  # which has ended, unless something went wrong here
        helper.join()
        helper.close()
        results.close()
        os.close(queue)
    yield from found.values()
    left = {*range(len(portions))} - {*done, *found}
    yield from (work(portions[number]) for number in sorted(left))


_MANY = 500
"""So many items are worth a second process."""
_AT_ONCE = 500


def spread(work: Callable[[Sequence[T]], R], items: Sequence[T], what: str) -> Iterable[R]:
    """What the work makes of many items in portions, and of few at once. It is shared if there are
    several."""
    if len(items) < _MANY:
        return [work(items)]
    size = min(_AT_ONCE, -(-len(items) // 2))
    portions = [items[i : i + size] for i in range(0, len(items), size)]
    return shared(work, portions, what)


def _queue(numbers: Iterable[int]) -> int:
    """A pipe with numbers in it: whoever reads one has it for himself. It holds 16,384 of them."""
    queue, end = os.pipe()
    os.write(end, b"".join(number.to_bytes(_NUMBER, "little") for number in numbers))
    os.close(end)
    return queue


def _taken(queue: int) -> Iterator[int]:
    while number := os.read(queue, _NUMBER):
        yield int.from_bytes(number, "little")


def _help(
    work: Callable[[T], R], portions: Sequence[T], queue: int, end: Connection[object, object]
) -> None:
    try:
        end.send({number: work(portions[number]) for number in _taken(queue)})
    except BaseException:  # an interrupt is for the first process to tell, a fault for it to meet
        os._exit(1)


def _received(results: Connection[dict[int, R], dict[int, R]]) -> dict[int, R]:
    try:
        return results.recv()
    except (EOFError, OSError):  # it has died before it said anything, or while it spoke
        return {}
