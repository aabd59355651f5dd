"""What `status` tells people."""

from __future__ import annotations

from collections.abc import Iterator

from sipctl.status import Status


def status_lines(status: Status) -> Iterator[str]:
    """How a workspace stands, line by line."""
    yield f"branch: {status.branch or 'none (HEAD is detached)'}"
    if status.head is None:
        yield "no commit yet"
    if status.unfinished:
        yield f"{status.unfinished} is not finished: nothing can be committed until it is"
    if status.interrupted:
        yield f"{status.interrupted}; the next command that writes ends it or puts it back"
    yield from _counted("uncommitted", [f"{s} {p}" for p, s in status.uncommitted.items()])
    yield from _counted("invalid", list(status.invalid))
    if status.upstream is None:
        yield "no upstream to push to"
    else:
        ahead = "1 commit" if status.ahead == 1 else f"{status.ahead} commits"
        yield f"not pushed: {ahead}, not pulled: {status.behind} ({status.upstream})"


def _counted(what: str, items: list[str]) -> Iterator[str]:
    yield f"{what}: {len(items) or 'nothing'}"
    yield from (f"  {item}" for item in items)
