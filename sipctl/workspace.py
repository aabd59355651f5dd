"""The layout of a workspace on disk: where it is, and reading all of it."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path

from sipctl.errors import Refused
from sipctl.findings import Finding, Place
from sipctl.inventory import Inventory
from sipctl.judgement import ignored_in, tolerating
from sipctl.kinds import KINDS, SETTINGS_FILE, Kind, is_member_name, kind_of
from sipctl.member import NO_CONTEXT, NOTHING, Context, Facts, Member, Source
from sipctl.nodes import MAX_BYTES
from sipctl.settings import Settings

Files = Mapping[str, "bytes | Finding"]
"""A workspace's files by path relative to its root: their bytes, or why they cannot be read."""


def find_root(start: Path, given: Path | None = None) -> Path:
    """The workspace at `given`, else the one around `start`; raises Refused where there is none."""
    if given is not None:
        if (given / SETTINGS_FILE).is_file():
            return given
        hint = f"make one there with `sipctl init {given}`"
        raise Refused(f'"{given}" is no workspace: it holds no {SETTINGS_FILE}', hint)
    for folder in (start, *start.parents):
        if (folder / SETTINGS_FILE).is_file():
            return folder
    hint = "make one with `sipctl init`, or name one with -C DIR"
    raise Refused(f"no workspace here: no {SETTINGS_FILE} in this folder or above it", hint)


def is_member(path: str) -> bool:
    """True for the path of an endpoint's or scenario's file, relative to the workspace."""
    return kind_of(path) is not None


def load(root: Path, context: Context = NO_CONTEXT) -> Inventory:
    """Read the whole workspace from disk. What cannot be read is a finding, not an exception."""
    return inventory_of(dict(disk_files(root)), context)


def load_settings(root: Path) -> Settings:
    """The settings alone; raises Refused with what is wrong with them."""
    settings, found = _settings(_content(root / SETTINGS_FILE, SETTINGS_FILE))
    if any(finding.is_error for finding in found):
        raise Refused(f"{SETTINGS_FILE} could not be read", f"mend {SETTINGS_FILE} first", found)
    return settings


def inventory_of(source: Files, context: Context = NO_CONTEXT) -> Inventory:
    """The inventory of a workspace's files, wherever they come from."""
    settings, found = _settings(source.get(SETTINGS_FILE))
    members, stray = {}, []
    for path, data in source.items():
        if is_member(path):
            members[path] = _member(path, data)
        elif isinstance(data, Finding) and path != SETTINGS_FILE:
            stray.append(data)
    return _inventory(settings, members, (*found, *stray), context)


def _inventory(
    settings: Settings,
    members: Mapping[str, Member],
    others: tuple[Finding, ...],
    context: Context,
) -> Inventory:
    ignored = ignored_in(members.values())
    known = {path: tolerating(member, settings, ignored) for path, member in members.items()}
    return Inventory(settings, known, others, context)


def reread(
    inventory: Inventory,
    changed: Mapping[str, bytes | None],
    context: Context | None = None,
) -> Inventory:
    """The inventory as it will be with these files changed; None takes a file away.

    Without a context it is judged by the one that it was judged by before.
    """
    members = dict(inventory.members)
    for path, data in changed.items():
        if not is_member(path):
            continue
        if data is None:
            members.pop(path, None)
        else:
            members[path] = _member(path, data)
    settings, others = inventory.settings, inventory.others
    if SETTINGS_FILE in changed:
        settings, found = _settings(changed[SETTINGS_FILE])
        others = (*found, *(f for f in others if f.place.file != SETTINGS_FILE))
    return _inventory(settings, members, others, context or inventory.context)


def _member(path: str, data: bytes | Finding) -> Member:
    if isinstance(data, Finding):
        return Member(path, Facts(findings=(data,)), NOTHING)
    from sipctl import reading  # dear, and not needed for files that are known

    facts, _ = reading.facts_of(path, data)
    return Member(path, facts, Source(lambda: reading.content_of(path, data)))


def read_member(path: str, data: bytes) -> Member:
    """One member's file by its content alone; rules between files are not judged."""
    return _member(path, data)


def context_of(files: Mapping[str, bytes]) -> Context:
    """What rules want to know of the files that stood at these paths before."""
    members = [_member(path, data) for path, data in files.items()]
    scenarios = ((m.path, m.scenario) for m in members)
    logins = ((m.path, m.facts.login) for m in members)
    return Context(
        types={path: scenario.type_ for path, scenario in scenarios if scenario},
        logins={path: login for path, login in logins if login},
    )


def _settings(data: bytes | Finding | None) -> tuple[Settings, tuple[Finding, ...]]:
    if data is None or isinstance(data, Finding):
        return Settings(), (data,) if data else ()
    from sipctl import reading

    facts = reading.settings_of(data)
    return Settings.of(facts.data) if facts.data else Settings(), facts.findings


# -- the disk ------------------------------------------------------------------------------------


def disk_files(root: Path) -> Iterator[tuple[str, bytes | Finding]]:
    """Every file of a workspace as it stands on disk, and what looks like one and is not read."""
    yield SETTINGS_FILE, _content(root / SETTINGS_FILE, SETTINGS_FILE)
    for kind in KINDS:
        yield from _folder_files(root, kind)


def _folder_files(root: Path, kind: Kind) -> Iterator[tuple[str, bytes | Finding]]:
    try:
        entries = sorted(os.scandir(root / kind.folder), key=lambda entry: entry.name)
    except FileNotFoundError:
        return
    except OSError as error:
        yield kind.folder, not_a_file(kind.folder, error.strerror or str(error))
        return
    for entry in entries:
        path = f"{kind.folder}/{entry.name}"
        if is_member_name(entry.name):
            yield path, _content(Path(entry.path), path)
        elif not entry.name.startswith("."):
            yield path, stray(path, entry.is_dir(follow_symlinks=False))


def _content(file: Path, path: str) -> bytes | Finding:
    try:
        descriptor = os.open(file, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        link = file.is_symlink()
        return not_a_file(path, "it is a symbolic link" if link else error.strerror or str(error))
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        return not_a_file(path, "it is not a plain file")
    with os.fdopen(descriptor, "rb") as stream:
        # one byte more than is allowed is enough to know
        return stream.read(MAX_BYTES + 1)


def not_a_file(path: str, reason: str) -> Finding:
    """SIP111 for a path of a workspace."""
    message = f"it cannot be read: {reason[0].lower()}{reason[1:]}"
    hint = "put a plain, readable file in its place"
    return Finding.of("not-a-file", Place(path), message, hint)


def stray(path: str, folder: bool) -> Finding:
    """SIP303 for what stands beside the members: a file, or a folder."""
    if folder:
        return Finding.of(
            "stray-file", Place(path), "sub-folders are not read", "move its files up"
        )
    stem = path.rpartition("/")[2].rpartition(".")[0]
    suffix = path.rpartition(".")[2].casefold()
    hint = f"rename it to {stem}.yaml" if suffix in ("yml", "yaml", "json") else "move it elsewhere"
    return Finding.of("stray-file", Place(path), "only <reference>.yaml files are read", hint)
