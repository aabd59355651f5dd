"""`fmt` over a workspace: which files would change, and which errors remain."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from sipctl import privileges, progress, workspace
from sipctl.changes import FileChange
from sipctl.errors import Refused, reason_of
from sipctl.findings import Finding
from sipctl.inventory import Inventory
from sipctl.kinds import SETTINGS_FILE, is_member
from sipctl.member import Member
from sipctl.passwords.masking import settings_text, without_plaintext
from sipctl.reading import mends_of
from sipctl.settings import FIELDS as SETTINGS_FIELDS
from sipctl.storage import disk, leftovers
from sipctl.yamlfile.format import format_text
from sipctl.yamlfile.read import read


@dataclass(frozen=True, slots=True)
class Formatted:
    """The files that `fmt` changes, and the errors that stand in the chosen files afterwards."""

    changes: tuple[FileChange, ...]
    errors: tuple[Finding, ...]


def format_all(inventory: Inventory, root: Path, chosen: set[str] | None) -> Formatted:
    """Format the chosen files of a workspace, all of them where `chosen` is None."""
    from sipctl.sharing import spread

    members = [m for path, m in inventory.members.items() if chosen is None or path in chosen]
    changes = [change for some in spread(_formatted, members, _FORMATTING) for change in some]
    order = {member.path: number for number, member in enumerate(members)}
    changes.sort(key=lambda change: order[change.path])
    if chosen is None or SETTINGS_FILE in chosen:
        changes += _settings(root)
    result = workspace.reread(inventory, {c.path: c.after for c in changes})
    errors = [f for f in result.findings if f.is_error and _is_chosen(f.place.file, chosen)]
    return Formatted(tuple(changes), tuple(errors))


_FORMATTING = "Formatting files"


def _formatted(members: Sequence[Member]) -> list[FileChange]:
    changes = []
    for member in progress.over(members, _FORMATTING, len(members)):
        mends = mends_of(member.path, member.root, member.text) if member.root else ()
        after = format_text(member.text, member.kind.fields, mends).encode("utf-8")
        if member.text and after != member.data:
            changes.append(FileChange(member.path, member.data, after))
    return changes


def _is_chosen(path: str, chosen: set[str] | None) -> bool:
    return chosen is None or path in chosen


def _settings(root: Path) -> list[FileChange]:
    before = disk.content(root / SETTINGS_FILE)
    if before is None:
        return []
    document = read(before, SETTINGS_FILE)
    if document.root is None:
        return []
    mends = mends_of(SETTINGS_FILE, document.root, document.text)
    after = format_text(document.text, SETTINGS_FIELDS, mends).encode("utf-8")
    return [FileChange(SETTINGS_FILE, before, after)] if after != before else []


def write(root: Path, changes: Iterable[FileChange]) -> Iterator[FileChange]:
    """Write the formatted files, and tell each. Raises Refused for one that has changed meanwhile
    or cannot be written."""
    privileges.act_as_owner(root)
    with privileges.acting():
        leftovers.clear_staged(root)
    for change in changes:
        with privileges.acting():
            _replace(root / change.path, change)
        yield change


def _replace(file: Path, change: FileChange) -> None:
    if disk.content(file) != change.before or change.after is None:
        raise Refused(f'"{file}" has changed meanwhile', "run the command again")
    try:
        disk.replace(file, change.after)
    except OSError as error:
        raise Refused(f'"{file}" could not be written: {reason_of(error)}') from None


def shown(path: str, data: bytes) -> str:
    """A file's text for a diff, plain passwords masked."""
    if not is_member(path):
        return settings_text(data)
    member = workspace.read_member(path, data)
    return without_plaintext(member.content, member.kind)
