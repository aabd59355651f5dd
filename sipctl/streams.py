"""Standard output and standard error, whoever reads them, and as long as somebody does.

What nobody reads any more is lost, and that is no reason to end: a change that is half-way goes on,
and the exit status is what it would have been.
"""

from __future__ import annotations

import io
import sys
from collections.abc import Iterable, Iterator
from typing import Any, TypeVar

T = TypeVar("T")


class _Raw(io.FileIO):
    """One of them. Words for people may be lost on a full disk too, an answer may not."""

    def __init__(self, stream: io.TextIOWrapper, lost: type[OSError]) -> None:
        super().__init__(stream.fileno(), "w", closefd=False)
        self.is_read = True
        self.failed: OSError | None = None
        self._lost = lost
        self._stream = stream  # which closes the descriptor when it goes

    def write(self, data: Any) -> int:
        if self.failed:
            raise self.failed
        if self.is_read:
            try:
                return super().write(data)
            except self._lost:
                self.is_read = False
        return memoryview(data).nbytes


_known: dict[str, _Raw] = {}


def prepare() -> None:
    """Have them written so. A terminal gets its own encoding, with what that lacks escaped, and all
    else UTF-8."""
    for name, lost in (("stdout", BrokenPipeError), ("stderr", OSError)):
        stream = getattr(sys, name)
        if _leads_to_a_file(stream):
            stream.flush()
            _known[name] = _Raw(stream, lost)
            setattr(sys, name, _as(stream, _known[name]))


def _leads_to_a_file(stream: Any) -> bool:
    buffer = getattr(stream, "buffer", None)
    return isinstance(getattr(buffer, "raw", buffer), io.FileIO)


def _as(stream: io.TextIOWrapper, raw: _Raw) -> io.TextIOWrapper:
    return io.TextIOWrapper(
        raw if stream.write_through else io.BufferedWriter(raw),
        encoding=stream.encoding if stream.isatty() else "utf-8",
        errors="backslashreplace",
        line_buffering=stream.line_buffering,
        write_through=stream.write_through,
    )


def begin_words() -> None:
    """Have what was answered until now stand before the words for people that follow, where both
    go to one pipe or file: only an answer waits in a buffer.

    What hinders the answer is no fault of the words; it is raised by the next that writes of it,
    at last by the flush at the end.
    """
    try:
        sys.stdout.flush()
    except OSError as error:
        if "stdout" in _known:
            _known["stdout"].failed = error


def while_read(items: Iterable[T]) -> Iterator[T]:
    """The same items, as long as somebody reads standard output: else there is no need to look for
    more."""
    for item in items:
        yield item
        if "stdout" in _known and not _known["stdout"].is_read:
            return


def lead_elsewhere() -> None:
    """Take note that they lead somewhere else by now."""
    for raw in _known.values():
        raw.is_read = True
