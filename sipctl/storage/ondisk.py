"""The files of a workspace as they stand on disk: which there are, what is known of each, and why
one cannot be read."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from itertools import chain
from pathlib import Path

from sipctl.errors import Refused, reason_of
from sipctl.findings import Finding, Place
from sipctl.kinds import KINDS, SCENARIO, SETTINGS_FILE, Kind, is_hidden, is_member_name
from sipctl.member import NO_CONTENT, Content, Facts, Known, Member, content_of
from sipctl.storage import cache
from sipctl.storage.cache import Store
from sipctl.storage.entries import Block, Entry, Stamp, columns, oid_of

Files = Mapping[str, "bytes | Finding | Member"]
"""A workspace's files by path relative to its root: their bytes, what is known of them, or why they
cannot be read."""


class WorkspaceReader:
    """Reading a whole workspace. `changed` are the paths of files that are not kept as they are,
    and `entries` what is known of these and of the settings."""

    def __init__(self, root: Path, store: Store) -> None:
        self.root = root
        self.store = store
        self.entries: dict[str, Entry] = {}
        self.changed: list[str] = []

    def settings(self) -> Known:
        """What is known of the settings."""
        known = self._known(SETTINGS_FILE) or self._read_all([SETTINGS_FILE])[SETTINGS_FILE]
        return self._settings(known)

    def _settings(self, known: Entry | Finding) -> Known:
        if isinstance(known, Finding):
            return Facts(findings=(known,))
        self.entries[SETTINGS_FILE] = known
        return known

    def whole(self) -> tuple[Known, tuple[Finding, ...], dict[str, Member]]:
        """What is known of the settings, what looks like a member and is not read, and every member
        by path."""
        settings = self._known(SETTINGS_FILE)
        members, unknown, stray = self._looked_at()
        # the settings are one more file, so that one process has to know how they are read
        read = self._read_all(unknown if settings else [SETTINGS_FILE, *unknown])
        said = self._settings(settings or read.pop(SETTINGS_FILE))
        for path, known in read.items():
            members[path] = self._member(path, known)
        return said, tuple(stray), members

    def known_about(self, path: str, *, used: bool) -> dict[str, Member] | None:
        """An endpoint, and if it is to be told where it is `used` all scenarios; None where that is
        not known without reading."""
        known = self._known(path)
        found, unknown, _ = self._looked_at((SCENARIO,) if used else ())
        if known is None or unknown:
            return None
        return {path: self._member(path, known), **found}

    def files(self) -> Files:
        """Every member's file, and what looks like one and is not read. Of those that are not known
        the bytes: they are not looked into."""
        found, unknown, stray = self._looked_at()
        read = {path: _bytes(path, f"{self.root}{os.sep}{path}") for path in unknown}
        return {**found, **read, **{finding.place.file: finding for finding in stray}}

    def _looked_at(
        self, kinds: Iterable[Kind] = KINDS
    ) -> tuple[dict[str, Member], list[str], list[Finding]]:
        """Every member of these kinds, the paths of those that are not known, and what is none."""
        found: dict[str, Member] = {}
        unknown: list[str] = []
        stray: list[Finding] = []
        for kind in kinds:
            with _folder(self.root, kind) as folder:
                if isinstance(folder, Finding):
                    stray.append(folder)
                elif folder is not None:
                    names, others = _listed(kind, folder)
                    stray += others
                    for path, known in self.store.known_in(kind.folder, names, folder).items():
                        if known is None:
                            unknown.append(path)
                        found[path] = self._member(path, known)
        return found, unknown, stray

    def _known(self, path: str) -> Entry | None:
        """What is known of a file; None where it must be read."""
        try:
            return self.store.known(path, os.lstat(self.root / path))
        except OSError:  # who reads it will see why
            return None

    def _read_all(self, paths: list[str]) -> dict[str, Entry | Finding]:
        """What becomes known of files now; a finding where one cannot be read."""
        if not paths:
            return {}
        self.store.note()
        found: dict[str, Entry | Finding] = {}
        for entries in self._portions(paths):
            for path, entry in entries.items():
                found[path] = entry
                if isinstance(entry, Entry):
                    self.entries[path] = entry
                    self.changed.append(path)
        return found

    def _portions(self, paths: list[str]) -> Iterable[dict[str, Entry | Finding]]:
        if len(paths) < _MANY:
            return [self._read(paths)]
        from sipctl.sharing import shared

        portions = [paths[i : i + _AT_ONCE] for i in range(0, len(paths), _AT_ONCE)]
        portions.reverse()  # scenarios take longest, and nobody is to wait for the last of them
        told = shared(self._read_of_many, portions, READING_FILES)
        return ({**Block.of(block).entries(), **faults} for block, faults in told)

    def _read_of_many(self, paths: list[str]) -> tuple[list[bytes], dict[str, Finding]]:
        """What `_read` gives, in little memory, to be sent from a process to another."""
        found = self._read(paths)
        faults = {path: what for path, what in found.items() if isinstance(what, Finding)}
        return columns([what for what in found.values() if isinstance(what, Entry)]), faults

    def _read(self, paths: list[str]) -> dict[str, Entry | Finding]:
        found: dict[str, Entry | Finding] = {}
        seen: dict[str, tuple[Stamp, bytes]] = {}
        for path, facts in _facts_of(self._unknown(paths, found, seen)):
            found[path] = Entry.of(path, *seen[path], facts)
        return found

    def _unknown(
        self,
        paths: list[str],
        found: dict[str, Entry | Finding],
        seen: dict[str, tuple[Stamp, bytes]],
    ) -> Iterator[tuple[str, bytes]]:
        """The bytes of the files that must be parsed, `seen` by their stamps and hashes. What needs
        no parse goes to `found`."""
        from sipctl import progress

        for path in progress.over(paths, READING_FILES, len(paths)):
            file = _file(path, f"{self.root}{os.sep}{path}")
            if isinstance(file, Finding):
                found[path] = file
                continue
            data, status = file
            oid, stamp = oid_of(data), self.store.stamp(status)
            entry = self.store.of_content(path, oid)
            if entry is not None:
                found[path] = entry.moved(path, stamp)
            else:
                seen[path] = stamp, oid
                yield path, data

    def _member(self, path: str, known: Entry | Finding | None) -> Member:
        """A member; one of which nothing is known yet only holds the place of one."""
        if isinstance(known, Entry):
            return Member(path, known, self._content)
        return Member(path, Facts(findings=(known,) if known else ()), NO_CONTENT)

    def _content(self, path: str, known: Known) -> Content:
        """The content of a file whose facts are known."""
        found = _file(path, f"{self.root}{os.sep}{path}")
        assert isinstance(known, Entry)
        if isinstance(found, Finding) or oid_of(found[0]) != known.oid:
            raise Refused(f'"{path}" has changed meanwhile', "run the command again")
        return content_of(path, found[0])


_MANY = 1000
"""So many unknown files are worth a second process."""
_AT_ONCE = 100
READING_FILES = "Reading files"


def _facts_of(files: Iterator[tuple[str, bytes]]) -> Iterator[tuple[str, Facts]]:
    for first in files:
        from sipctl import reading  # dear, and not needed where nothing has to be parsed

        yield from reading.facts_of_many(chain([first], files))


def files_of(root: Path) -> Files:
    """Every file of a workspace as it stands on disk, and what looks like one and is not read.

    Of members what is known, if anything is; else their bytes.
    """
    with cache.of(root) as store:
        return {SETTINGS_FILE: settings_file(root), **WorkspaceReader(root, store).files()}


def settings_file(root: Path) -> bytes | Finding:
    """The bytes of the settings on disk, or why they cannot be read."""
    return _bytes(SETTINGS_FILE, os.fspath(root / SETTINGS_FILE))


def blob_of(member: Member) -> str | None:
    """The name that Git gives what a file on disk holds, in a repository of SHA-1; None for what is
    no plain file."""
    return member.known.oid.hex() if isinstance(member.known, Entry) else None


def _bytes(path: str, name: str) -> bytes | Finding:
    found = _file(path, name)
    return found if isinstance(found, Finding) else found[0]


@contextmanager
def _folder(root: Path, kind: Kind) -> Iterator[int | Finding | None]:
    """A descriptor of a folder, so that no path is walked again for each file in it; None where
    there is no such folder."""
    try:
        descriptor = os.open(root / kind.folder, os.O_RDONLY | os.O_CLOEXEC | os.O_DIRECTORY)
    except FileNotFoundError:
        yield None
        return
    except OSError as error:
        yield not_a_folder(kind.folder, reason_of(error))
        return
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _listed(kind: Kind, folder: int) -> tuple[list[str], list[Finding]]:
    """The names of the members' files in a folder, sorted, and a finding for what looks like one
    and is not read."""
    found = sorted(os.listdir(folder))
    names = [name for name in found if is_member_name(name)]
    others = [] if len(names) == len(found) else sorted({*found} - {*names})
    strays = [
        stray(f"{kind.folder}/{name}", _is_folder(name, folder))
        for name in others
        if not is_hidden(name)
    ]
    return names, strays


def _is_folder(name: str, folder: int) -> bool:
    try:
        return stat.S_ISDIR(os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode)
    except OSError:
        return False


def _file(path: str, name: str) -> tuple[bytes, os.stat_result] | Finding:
    """A file's bytes, and its status before they were read."""
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    try:
        descriptor = os.open(name, flags)
    except OSError as error:
        link = error.errno == errno.ELOOP
        return not_a_file(path, "it is a symbolic link" if link else reason_of(error))
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            return not_a_file(path, "it is not a plain file")
        if status.st_size > _MOST_BYTES:
            return not_a_file(path, f"it has {status.st_size:,} bytes")
        return _read_from(descriptor, status.st_size), status
    finally:
        os.close(descriptor)


def _read_from(descriptor: int, size: int) -> bytes:
    """The bytes of a file of about this size, also where they are too many to be parsed: what Git
    holds of it is compared with them."""
    chunks = [os.read(descriptor, size + 1)]
    while chunks[-1]:
        chunks.append(os.read(descriptor, _CHUNK))
    return chunks[0] if len(chunks) == 2 else b"".join(chunks)


_MOST_BYTES = 100 << 20
"""What has more is not read at all: no hosted repository takes it."""
_CHUNK = 65536


def not_a_file(path: str, reason: str) -> Finding:
    """SIP111 for a path of a workspace."""
    message = f"it cannot be read: {reason}"
    hint = "put a plain, readable file in its place"
    return Finding.of("not-a-file", Place(path), message, hint)


def not_a_folder(path: str, reason: str) -> Finding:
    """SIP111 for a folder of members."""
    finding = not_a_file(path, reason)
    return finding._replace(hint="put a folder in its place that you can read and enter")


def stray(path: str, folder: bool) -> Finding:
    """SIP303 for what stands beside the members: a file, or a folder."""
    if folder:
        return Finding.of(
            "stray-file", Place(path), "sub-folders are not read", "move its files up"
        )
    stem = path.rpartition("/")[2].rpartition(".")[0].lstrip(".")
    suffix = path.rpartition(".")[2].casefold()
    named = stem and suffix in ("yml", "yaml", "json")
    hint = f"rename it to {stem}.yaml" if named else "move it elsewhere"
    return Finding.of("stray-file", Place(path), "only <reference>.yaml files are read", hint)
