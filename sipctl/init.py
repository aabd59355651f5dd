"""Making a workspace: its settings, schemas for editors, and a repository where there is none."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

from sipctl import privileges, resources, tracked
from sipctl.changes import FileChange, Plan
from sipctl.errors import Refused, reason_of
from sipctl.git import processes
from sipctl.git.repository import GitFailed, Repository
from sipctl.inventory import Inventory
from sipctl.kinds import (
    ENDPOINT,
    FOLDERS,
    KINDS,
    MADE,
    SCENARIO,
    SCHEMA_FOLDER,
    SETTINGS_FILE,
    VSCODE_FILE,
)
from sipctl.outcome import Planner
from sipctl.settings import FORMAT
from sipctl.storage import disk

_SETTINGS = f"""\
# The root of a sipctl workspace: {ENDPOINT.path("<reference>")}, {SCENARIO.path("<reference>")}.
version: {FORMAT}
"""

# Copied into the workspace, so that editors find them without a network and without sipctl.
_SCHEMAS = {kind.noun: kind.path("*") for kind in KINDS} | {"settings": SETTINGS_FILE}

EDITORS = f"""\
editors complete and check files by the schemas in {SCHEMA_FOLDER}/
  VS Code with the YAML extension: ready, by {VSCODE_FILE}
  others: map endpoint.schema.json to {ENDPOINT.path("*")}, scenario.schema.json
  to {SCENARIO.path("*")} (JetBrains: Settings > Schemas and DTDs > JSON
  Schema Mappings; yaml-language-server: yaml.schemas)"""
"""What to tell about editors."""


@contextmanager
def prepared(root: Path, dry_run: bool) -> Iterator[None]:
    """A folder with a repository around it; what was made for it goes again if the rest fails."""
    _refuse_files(root)
    _refuse_among_members(root)
    _refuse_without_work_tree(root.absolute())
    if dry_run:
        yield
        return
    made = [folder for folder in (root, *root.parents) if not folder.exists()]
    privileges.act_as_owner(made[-1].parent if made else root)
    try:
        with privileges.acting():
            root.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Refused(f'"{root}" cannot be made: {reason_of(error)}', _ELSEWHERE) from None
    repository = Repository.find(root)
    fresh = repository is None
    if repository is None:
        repository = Repository.init(root)
    try:
        yield
    except BaseException:
        with privileges.acting():
            _take_away(made, repository.git_dir if fresh else None)
        raise


_ELSEWHERE = "name a folder elsewhere: `sipctl init DIR`"


def _refuse_files(root: Path) -> None:
    """Raise Refused where a file stands in the way of the folder."""
    for path in (root, *root.parents):
        if path.exists() and not path.is_dir():
            message = f'"{path}" is a file'
            if path == root:
                raise Refused(f"{message}, and a workspace is a folder", _ELSEWHERE)
            raise Refused(f'"{root}" cannot be made: {message}', _ELSEWHERE)


def _refuse_among_members(root: Path) -> None:
    """Raise Refused for a folder in which a workspace has its members."""
    inner = root.resolve()
    if (inner / SETTINGS_FILE).is_file():
        return
    for folder in (inner, *inner.parents):
        if folder.name in FOLDERS and (folder.parent / SETTINGS_FILE).is_file():
            message = f'"{root}" lies in "{folder.name}" of the workspace "{folder.parent}"'
            raise Refused(message, "make another workspace elsewhere")


def _refuse_without_work_tree(root: Path) -> None:
    there = next(folder for folder in (root, *root.parents) if folder.is_dir())
    try:
        Repository.find(there)
    except GitFailed as error:
        git_dir = _git_dir_alone(there, error.message)
        if git_dir is None:
            raise
        hint = f"make the workspace in a clone of it: `git clone {shlex.quote(git_dir)}`"
        raise Refused(f'the repository "{git_dir}" has no work tree here', hint) from None


def _git_dir_alone(there: Path, said: str) -> str | None:
    """The Git directory that Git says has no work tree around a folder; None where it says
    something else."""
    bare = re.search(r"cannot use bare repository '(.+)' \(safe", said)  # Git 2.38 and newer
    if bare:
        return bare[1]
    if "work tree" not in said:
        return None
    _, out, _ = processes.run(there, ("rev-parse", "--absolute-git-dir"), env=processes.READING)
    return os.fsdecode(out).rstrip("\n")


def _take_away(made: list[Path], git_dir: Path | None) -> None:
    if git_dir is not None:
        shutil.rmtree(git_dir, ignore_errors=True)
    for folder in made:
        with suppress(OSError):
            folder.rmdir()


def init_planner(root: Path, *, commits: bool) -> Planner:
    """A plan of the files that a workspace at `root` lacks, of schemas that are out of date, and if
    it `commits` of those that no commit holds yet.

    Raises Refused where a file of the user's own is gone that the last commit holds.
    """

    def plan(_: Inventory) -> Plan:
        repository = Repository.find(root) if root.is_dir() else None
        head = tracked.as_committed(repository, MADE) if repository else {}
        changes = tuple(_changes(root, head, commits=commits))
        ignored = _left_out(repository, changes, head) if repository else set()
        changes = tuple(change for change in changes if change.path not in ignored)
        missing = any(not _same(head.get(change.path), change.after) for change in changes)
        notes = [f"{path} is left out: Git ignores it" for path in sorted(ignored)]
        if changes and not missing:
            notes.append("the files are again as they were committed")
        first = any(change.path == SETTINGS_FILE for change in changes)
        subject = "Start a sipctl workspace" if first else "Update the schemas for editors"
        notes += _notes(root)
        told, done = tuple(notes), not missing
        return Plan("init", subject, changes, told, generated=True, needs_no_commit=done)

    return plan


def is_made(root: Path, path: str) -> bool:
    """True for a file that init makes; one for an editor only as it makes it, for the user may have
    one of the same name."""
    if path == VSCODE_FILE:
        return _same(disk.content(root / path), _vscode_file())
    return path in MADE


class _File(NamedTuple):
    """A file that init makes. One that is the user's `own` stays as it is where it is there."""

    path: str
    data: bytes
    own: bool


def _changes(
    root: Path, head: Mapping[str, bytes | None], *, commits: bool
) -> Iterator[FileChange]:
    for path, data, own in _files():
        now, committed = disk.content(root / path), head.get(path)
        if own and commits and now is None and committed is not None:
            hint = f"bring it back with `git checkout HEAD -- {path}`, or commit that it is gone"
            raise Refused(f"{path} was removed by hand", hint)
        known = committed is not None and (own or _same(committed, data))
        if now is None or not (own or _same(now, data)):
            yield FileChange(path, now, data)
        elif commits and _same(now, data) and not known:
            yield FileChange(path, committed, now)


def _same(one: bytes | None, other: bytes | None) -> bool:
    """Whether two files differ in nothing but line ends, which Git may translate."""
    if one is None or other is None:
        return one is other
    return one.replace(b"\r\n", b"\n") == other.replace(b"\r\n", b"\n")


def _left_out(
    repository: Repository, changes: Iterable[FileChange], head: Mapping[str, bytes | None]
) -> set[str]:
    """The new files for editors that Git ignores; it would refuse to add them."""
    new = (c.path for c in changes if head.get(c.path) is None and c.path != SETTINGS_FILE)
    return repository.ignored(new)


def _files() -> Iterator[_File]:
    yield _File(SETTINGS_FILE, _SETTINGS.encode(), own=True)
    for name in _SCHEMAS:
        data = resources.path("schemas", f"{name}.schema.json").read_bytes()
        yield _File(f"{SCHEMA_FOLDER}/{name}.schema.json", data, own=False)
    yield _File(VSCODE_FILE, _vscode_file(), own=True)


def _vscode_file() -> bytes:
    return f"{json.dumps(_vscode(), indent=2)}\n".encode()


def _vscode() -> dict[str, dict[str, str]]:
    return {"yaml.schemas": {f"./{SCHEMA_FOLDER}/{n}.schema.json": p for n, p in _SCHEMAS.items()}}


def _notes(root: Path) -> tuple[str, ...]:
    present = disk.content(root / VSCODE_FILE)
    names = (f"{SCHEMA_FOLDER}/{kind.noun}.schema.json".encode() for kind in KINDS)
    if present is None or all(name in present for name in names):
        return ()
    wanted = json.dumps(_vscode())[1:-1]
    return (f"{VSCODE_FILE} is yours and stays as it is; to complete files, add {wanted}",)


# -- the hook ------------------------------------------------------------------------------------

_HOOK = "pre-commit"
_MARK = "# made by `sipctl init --hooks`"
# From the top of the work tree, where hooks run: one hook for all workspaces of the repository, and
# for the branches that have none. (-C, for SIPCTL_WORKSPACE may name another folder.)
_CHECK = "sipctl -C . validate --staged --all-workspaces"


def hook_file(root: Path) -> Path:
    """Where Git looks for the hook that judges a commit.

    Raises Refused where another hook stands there, or where it would run in other repositories too.
    """
    repository = tracked.required_repository(root)
    asked = repository.read("rev-parse", "--git-path", "hooks", "--git-common-dir")
    folder, shared = ((root / os.fsdecode(line)).resolve() for line in asked.splitlines())
    line = f"add `{_CHECK}` to your own hook"
    if not any(folder.is_relative_to(own) for own in (repository.top.resolve(), shared)):
        raise Refused(f'the hooks of "{folder}" run in other repositories too', line)
    file = folder / _HOOK
    present = disk.content(file)
    if present is not None and _MARK.encode() not in present:
        raise Refused(f'there is a hook "{file}" already', line)
    return file


def install_hook(root: Path) -> Path:
    """Write the hook that judges what is staged before each commit; returns its file."""
    file = hook_file(root)
    text = f"""\
#!/bin/sh
{_MARK}: judges what is to be committed.
command -v sipctl >/dev/null || {{ echo "sipctl is not on the PATH" >&2; exit 1; }}
exec {_CHECK}
"""
    try:
        with privileges.acting():
            file.parent.mkdir(parents=True, exist_ok=True)
            disk.replace(file, text.encode("utf-8"))
            file.chmod(0o755)
    except OSError as error:
        raise Refused(f'"{file}" could not be written: {reason_of(error)}') from None
    return file
