"""How a workspace stands in Git: uncommitted, invalid, not pushed; and saving hand edits."""

from __future__ import annotations

import shlex
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from sipctl import init, operations, tracked
from sipctl.changes import FileChange, Plan
from sipctl.errors import Refused
from sipctl.git.repository import Repository, is_unmerged
from sipctl.history import kinship
from sipctl.inventory import Inventory
from sipctl.kinds import FOLDERS, KINDS, MADE, Kind, is_member
from sipctl.outcome import Planner
from sipctl.storage import disk, journal

_STATES = {"?": "new", "A": "new", "D": "deleted"}


@dataclass(frozen=True, slots=True)
class Status:
    """`uncommitted` is each such file and what happened to it: new, changed, deleted, staged (it is
    as committed, and only in the index otherwise) or unmerged. `ahead` and `behind` count commits
    against the upstream; None where there is none. `interrupted` is what a dead sipctl left
    half-done, `unfinished` what of Git is (`a merge`), each in words."""

    branch: str | None
    head: str | None
    uncommitted: dict[str, str]
    invalid: tuple[str, ...]
    upstream: str | None
    ahead: int | None
    behind: int | None
    interrupted: str | None
    unfinished: str | None


def status_of(root: Path) -> Status:
    """How the workspace stands."""
    repository = tracked.required_repository(root)
    tracked.refuse_linked_folders(root)
    changed = uncommitted(repository)
    inventory = tracked.judged_beside(repository, root, changed)
    invalid = sorted({f.place.file for f in inventory.findings if f.is_error})
    upstream, ahead, behind = _upstream(repository)
    unfinished = repository.open_operation()
    return Status(
        repository.branch(),
        repository.head(),
        changed,
        tuple(invalid),
        upstream,
        ahead,
        behind,
        journal.interrupted(repository.git_dir),
        unfinished[0] if unfinished else None,
    )


def _upstream(repository: Repository) -> tuple[str | None, int | None, int | None]:
    name = repository.ask("rev-parse", "--abbrev-ref", "--symbolic-full-name", "@{upstream}")
    counts = repository.ask("rev-list", "--left-right", "--count", "@{upstream}...HEAD")
    if not name or not counts:
        return None, None, None
    behind, ahead = counts.split()
    return name, int(ahead), int(behind)


def uncommitted(repository: Repository) -> dict[str, str]:
    """The workspace's files that differ from HEAD, and how; those too that init makes."""
    status = repository.status([*FOLDERS, *MADE])
    known = {p: letters for p, letters in sorted(status.items()) if _is_ours(repository, p)}
    states = {path: _state(letters) for path, letters in known.items()}
    twice = [p for p, letters in known.items() if " " not in letters and letters != "??"]
    for path, committed in tracked.as_committed(repository, twice).items():
        if states[path] != "unmerged" and disk.content(repository.root / path) == committed:
            states[path] = "staged"
    return states


def _is_ours(repository: Repository, path: str) -> bool:
    return is_member(path) or init.is_made(repository.root, path)


def _state(letters: str) -> str:
    if is_unmerged(letters):
        return "unmerged"
    if "D" in letters:
        return "deleted" if letters[1] != "?" else "changed"
    return next((_STATES[c] for c in letters if c in _STATES), "changed")


def removed_by_hand(
    root: Path, inventory: Inventory, references: Sequence[str], kind: Kind
) -> tuple[tuple[FileChange, ...], list[str]]:
    """The deletion of those files that the user took away already, and the other references."""
    missing = [r for r in references if kind.path(r) not in inventory.members]
    repository = Repository.find(root) if missing else None
    states = uncommitted(repository) if repository else {}
    gone = {kind.path(r): None for r in missing if states.get(kind.path(r)) == "deleted"}
    if repository is None or not gone:
        return (), list(references)
    plan = operations.save(tracked.as_committed(repository, tuple(gone)), gone)
    return plan.changes, [r for r in references if kind.path(r) not in gone]


# -- saving --------------------------------------------------------------------------------------


def save_planner(root: Path, references: Sequence[str]) -> Planner:
    """A plan that commits the user's own edits of these endpoints and scenarios, or of all."""
    repository = tracked.required_repository(root)

    def plan(inventory: Inventory) -> Plan:
        changed = uncommitted(repository)
        if references:
            wanted = {
                path for reference in references for path in _paths(inventory, changed, reference)
            }
            _refuse_ignored(repository, sorted(wanted - changed.keys()))
            changed = {path: state for path, state in changed.items() if path in wanted}
        _refuse_other_than_files(inventory, changed)
        now = {path: disk.content(root / path) for path in changed}
        committed = tracked.as_committed(repository, tuple(changed))
        return _with_unstaged(operations.save(committed, now, _moved(committed, now)), changed)

    return plan


def _moved(
    committed: Mapping[str, bytes | None], now: Mapping[str, bytes | None]
) -> dict[str, str]:
    """The files that were given another name: their new paths to their old ones."""
    gone = {path: d for path, d in committed.items() if d is not None and now[path] is None}
    come = {path: d for path, d in now.items() if d is not None and committed[path] is None}
    sources: dict[str, str] = {}
    for kind in KINDS:
        olds, news = ({p: d for p, d in x.items() if kind.holds(p)} for x in (gone, come))
        sources |= kinship.moved(olds, news, kind)
    return sources


def _with_unstaged(plan: Plan, states: Mapping[str, str]) -> Plan:
    """A plan that also ends what only the index says of files that are as committed."""
    same = (change.path for change in plan.changes if change.before == change.after)
    paths = tuple(path for path in same if states[path] in ("staged", "unmerged"))
    notes = tuple(
        f"{p}: only the index differs from the last commit; a save ends that" for p in paths
    )
    return plan._replace(unstages=paths, notes=notes)


def _paths(inventory: Inventory, changed: Collection[str], reference: str) -> list[str]:
    """The files of a reference, which an endpoint and a scenario may both have."""
    paths = [kind.path(reference) for kind in KINDS]
    found = [path for path in paths if path in changed or path in inventory.members]
    if not found:
        inventory.member(reference)  # refused, with the nearest name
    return found


def _refuse_ignored(repository: Repository, unchanged: Sequence[str]) -> None:
    """What Git ignores and does not hold is in no status of it, as if nothing had changed."""
    committed = tracked.as_committed(repository, unchanged)
    ignored = sorted(repository.ignored(p for p in unchanged if committed[p] is None))
    if ignored:
        command = shlex.join(["git", "add", "--force", *ignored])
        raise Refused(
            f"{', '.join(ignored)} is ignored by Git", f"`{command}`, in the workspace, ends that"
        )


def _refuse_other_than_files(inventory: Inventory, paths: Collection[str]) -> None:
    """A link would be judged by what it leads to, and committed as a link that nobody reads."""
    found = (f for f in inventory.findings if f.rule == "not-a-file")
    others = tuple(finding for finding in found if finding.place.file in paths)
    if others:
        raise Refused("only plain files are saved", findings=others)
