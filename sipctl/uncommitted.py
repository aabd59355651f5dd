"""What stands in the way of a commit: changes of the user's own, which no commit of ours takes."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path

from sipctl import tracked
from sipctl.changes import Plan
from sipctl.errors import Refused
from sipctl.git.records import Entry
from sipctl.git.repository import Repository, is_unmerged
from sipctl.kinds import is_member, kind_of, reference_of
from sipctl.storage import disk, journal
from sipctl.storage.entries import is_stored_as


def refuse_early(root: Path, paths: Sequence[str]) -> None:
    """Raise Refused as `refuse` does, before anybody types for these files."""
    tracked.refuse_linked_folders(root)
    refuse(tracked.required_repository(root), paths)


def refuse(repository: Repository, paths: Sequence[str], *, back: bool = False) -> None:
    """Raise Refused where files of the workspace have uncommitted changes of the user's own.

    Who wants to go `back` is told how to get what is committed, and that the changes would be lost.
    """
    changed = repository.status(disk.around(paths))
    dirty = sorted(path for path in paths if path in changed)
    if not dirty:
        return
    named = ", ".join(dirty[:3]) + (f" and {len(dirty) - 3} more" if len(dirty) > 3 else "")
    if any(is_unmerged(changed[path]) for path in dirty):
        hint = f"write what is meant, then {_save_of(dirty)}"
        raise Refused(f"{named}: Git holds several versions of it", hint)
    over = "lose them" if back else "write on top of them"
    hint = f"commit them first with {_save_of(dirty)}, or {over} with --no-commit"
    restore = _restore_of(dirty, changed) if back else ""
    hint = f"{restore} goes back to what is committed; or {hint}" if restore else hint
    raise Refused(f"{named}: uncommitted changes are in the way", hint)


def _save_of(paths: Sequence[str]) -> str:
    """The command that saves these files: by reference if they are few, and all have one."""
    few = len(paths) <= 3 and all(map(is_member, paths))
    references = [f" {shlex.quote(reference_of(path))}" for path in paths if few]
    return f"`sipctl save{''.join(references)}`"


def _restore_of(paths: Sequence[str], states: Mapping[str, str]) -> str:
    """The command that brings the files back which HEAD holds; empty where it is none, or long."""
    kinds = {kind_of(path) for path in paths}
    kind = kinds.pop() if len(kinds) == 1 and len(paths) <= 3 else None
    if kind is None or any(states[path][0] in "?A" for path in paths):
        return ""
    words = shlex.join([reference_of(path) for path in paths])
    return f"`{kind.command} restore {words} --at HEAD --no-commit`"


def refuse_marked(repository: Repository, plan: Plan, known: Mapping[str, Entry]) -> None:
    """Raise Refused where Git commits nothing of a file that it has been told not to look at."""
    for path in sorted(change.path for change in plan.effective):
        entry = known.get(repository.prefix + path)
        if entry is not None and entry.mark:
            command = f"git update-index --no-{entry.mark} {shlex.quote(path)}"
            hint = f"`{command}`, in the workspace, ends that; --no-commit only writes the file"
            raise Refused(f"{path}: Git has been told not to look at it ({entry.mark})", hint)


_FEW = 10
"""Of more files `git status` tells as fast whether they are as committed."""


def are_as_committed(
    repository: Repository, entries: Sequence[journal.Entry], known: Mapping[str, Entry]
) -> bool:
    """True where files stand in HEAD and in the index as they stand on disk; where that cannot be
    told in short it is False too."""
    if len(entries) > _FEW:
        return False
    head = repository.in_head([entry.path for entry in entries])
    index = {path: entry.oid if entry.merged else "" for path, entry in known.items()}
    if head is None:
        return False
    found = ((entry.old, head.get(entry.path), index.get(entry.path)) for entry in entries)
    return all(inside == staged and is_stored_as(old, inside) for old, inside, staged in found)
