"""The layout of a workspace on disk: where it is, and reading all of it."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from sipctl import cache
from sipctl.cache import Store
from sipctl.disk import MAX_BYTES
from sipctl.entries import NEVER, Block, Entry, columns, oid_of
from sipctl.errors import Refused
from sipctl.findings import Finding, Place
from sipctl.inventory import Inventory
from sipctl.judgement import ignored_in, tolerating
from sipctl.kinds import ENDPOINT, KINDS, SCENARIO, SETTINGS_FILE, Kind, is_member_name, kind_of
from sipctl.member import NO_CONTEXT, NOTHING, Content, Context, Facts, Known, Member, given
from sipctl.settings import Settings

if TYPE_CHECKING:
    from sipctl.yamlfile.read import Document

Files = Mapping[str, "bytes | Finding | Member"]
"""A workspace's files by path relative to its root: their bytes, what is known of them, or why they
cannot be read."""


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
    """Read the whole workspace from disk; of files that are known already nothing but their times.

    What cannot be read is a finding, not an exception.
    """
    with cache.of(root) as store:
        disk = _Disk(root, store)
        settings, found, members = disk.whole()
        if disk.changed:
            store.keep({**disk.entries, **_entries(members)}, disk.changed)
    return _inventory(settings, members, found, context)


def load_about(root: Path, reference: str, *, used: bool) -> Inventory:
    """The workspace as far as it is about one endpoint that is there: itself, and the scenarios if
    it is to be told where it is `used`. Without such an endpoint all of it."""
    path = ENDPOINT.path(reference)
    if not ENDPOINT.holds(path):
        return load(root)
    with cache.of(root) as store:
        disk = _Disk(root, store)
        settings, found = disk.settings()
        members = disk.known_about(path, used=used)
    if members is not None:
        return _inventory(settings, members, found, NO_CONTEXT)
    whole = load(root)  # which is kept, so that nobody has to read it again
    if path not in whole.members:
        return whole
    members = {p: m for p, m in whole.members.items() if p == path or (used and m.kind is SCENARIO)}
    return Inventory(whole.settings, members, whole.others, whole.context)


def remember(root: Path, inventory: Inventory, paths: Iterable[str]) -> None:
    """Keep what is known of files that have been written, so that nobody has to parse them again.

    Each is read once more to know that it holds what was written: a hook may have changed it.
    """
    with cache.of(root) as store:
        store.note()
        entries = _entries(inventory.members)
        written = [inventory.members[path] for path in paths if path in inventory.members]
        for member in written:
            oid = oid_of(member.data)
            entries[member.path] = Entry.of(member.path, NEVER, oid, member.facts)
        changed = [member.path for member in written]
        store.keep(entries, changed, as_before=[SETTINGS_FILE])


def _entries(members: Mapping[str, Member]) -> dict[str, Entry]:
    known = ((path, member.known) for path, member in members.items())
    return {path: entry for path, entry in known if isinstance(entry, Entry)}


def load_settings(root: Path) -> Settings:
    """The settings alone; raises Refused with what is wrong with them."""
    with cache.of(root) as store:
        settings, found = _Disk(root, store).settings()
    if any(finding.is_error for finding in found):
        raise Refused(f"{SETTINGS_FILE} could not be read", f"mend {SETTINGS_FILE} first", found)
    return settings


def inventory_of(source: Files, context: Context = NO_CONTEXT) -> Inventory:
    """The inventory of a workspace's files, wherever they come from."""
    from sipctl import progress

    settings, found = _settings(_known_settings(source.get(SETTINGS_FILE)))
    members, stray = {}, []
    for path, data in progress.over(source.items(), _READING, len(source)):
        if is_member(path):
            members[path] = data if isinstance(data, Member) else _member(path, data)
        elif isinstance(data, Finding) and path != SETTINGS_FILE:
            stray.append(data)
    return _inventory(settings, members, (*found, *stray), context)


def of_blobs(
    root: Path, blobs: Mapping[str, str], read: Callable[[Iterable[str]], Mapping[str, bytes]]
) -> dict[str, bytes | Member]:
    """The files that Git keeps as these blobs, each by its path, in a workspace or in the past of
    one: what is known of those that stand on disk too, else what `read` gives for the blobs.

    What it does not give is left out.
    """
    with cache.of(root) as store:
        found = {path: store.of_content(path, bytes.fromhex(oid)) for path, oid in blobs.items()}
    contents = read(oid for path, oid in blobs.items() if found[path] is None)

    def source(path: str, known: Known) -> Content:
        oid = blobs[path]
        return content_of(path, read([oid])[oid])

    files: dict[str, bytes | Member] = {}
    for path, oid in blobs.items():
        entry = found[path]
        if entry is not None:
            files[path] = Member(path, entry.moved(path, NEVER), source)
        elif oid in contents:
            files[path] = contents[oid]
    return files


def _inventory(
    settings: Settings,
    members: Mapping[str, Member],
    others: tuple[Finding, ...],
    context: Context,
) -> Inventory:
    odd = [member for member in members.values() if not member.known.plain]
    ignored = ignored_in(odd)
    tolerated = {member.path: tolerating(member, settings, ignored) for member in odd}
    return Inventory(settings, {**members, **tolerated}, others, context)


def reread(
    inventory: Inventory,
    changed: Mapping[str, bytes | Member | None],
    context: Context | None = None,
) -> Inventory:
    """The inventory as it will be with these files changed, each given by its bytes or by what is
    known of them; None takes a file away.

    Without a context it is judged by the one that it was judged by before.
    """
    from sipctl import progress

    members = dict(inventory.members)
    for path, data in progress.over(changed.items(), "Checking files", len(changed)):
        if not is_member(path):
            continue
        if data is None:
            members.pop(path, None)
        else:
            members[path] = data if isinstance(data, Member) else read_member(path, data)
    settings, others = inventory.settings, inventory.others
    if SETTINGS_FILE in changed:
        settings, found = _settings(_known_settings(changed[SETTINGS_FILE]))
        others = (*found, *(f for f in others if f.place.file != SETTINGS_FILE))
    return _inventory(settings, members, others, context or inventory.context)


def _member(path: str, data: bytes | Finding) -> Member:
    if isinstance(data, Finding):
        return Member(path, Facts(findings=(data,)), NOTHING)
    from sipctl import reading  # dear, and not needed for files that are known

    # of many files the content would be too much to keep
    return Member(path, reading.facts_of(path, data), lambda path, _: content_of(path, data))


def content_of(path: str, data: bytes) -> Content:
    """What the reader makes of a file's bytes; nothing is judged."""
    from sipctl.yamlfile.read import read

    return _content(data, read(data, path))


def _content(data: bytes, document: Document) -> Content:
    from sipctl.nodes import Mapping as MappingNode

    root = document.root if isinstance(document.root, MappingNode) else None
    return Content(data, document.text, root)


def read_member(path: str, data: bytes) -> Member:
    """One member's file by its content alone; rules between files are not judged."""
    from sipctl import reading
    from sipctl.yamlfile.read import read

    document = read(data, path)
    return Member(path, reading.facts_of_document(path, document), given(_content(data, document)))


def member_with(path: str, content: Content) -> Member:
    """The same of a content that has been read, and can be."""
    from sipctl import reading
    from sipctl.yamlfile.read import Document

    facts = reading.facts_of_document(path, Document(content.text, content.root))
    return Member(path, facts, given(content))


def context_of(members: Mapping[str, Member]) -> Context:
    """What rules want to know of the members that stood at these paths before."""
    scenarios = ((path, member.scenario) for path, member in members.items())
    logins = ((path, member.facts.login) for path, member in members.items())
    return Context(
        types={path: scenario.type_ for path, scenario in scenarios if scenario},
        logins={path: login for path, login in logins if login},
    )


def _known_settings(data: bytes | Finding | Member | None) -> Known:
    if data is None or isinstance(data, Finding):
        return Facts(findings=(data,) if data else ())
    if isinstance(data, Member):
        return data.known
    from sipctl import reading

    return reading.settings_of(SETTINGS_FILE, data)


def _settings(known: Known) -> tuple[Settings, tuple[Finding, ...]]:
    data = known.data
    return Settings.of(data) if data else Settings(), () if known.plain else known.facts.findings


# -- the disk ------------------------------------------------------------------------------------


class _Disk:
    """Reading a whole workspace. `changed` are the paths of files that are not kept as they are,
    and `entries` what is known of these and of the settings."""

    def __init__(self, root: Path, store: Store) -> None:
        self.root = root
        self.store = store
        self.entries: dict[str, Entry] = {}
        self.changed: list[str] = []

    def settings(self) -> tuple[Settings, tuple[Finding, ...]]:
        """The settings, and what is wrong with them."""
        known = self._known(SETTINGS_FILE) or self._read_all([SETTINGS_FILE])[SETTINGS_FILE]
        return self._settings(known)

    def _settings(self, known: Entry | Finding) -> tuple[Settings, tuple[Finding, ...]]:
        if isinstance(known, Entry):
            self.entries[SETTINGS_FILE] = known
        return _settings(Facts(findings=(known,)) if isinstance(known, Finding) else known)

    def whole(self) -> tuple[Settings, tuple[Finding, ...], dict[str, Member]]:
        """The settings, what is wrong with them and what looks like a member and is not read, and
        every member by path."""
        settings = self._known(SETTINGS_FILE)
        members, unknown, stray = self._looked_at()
        # the settings are one more file, so that one process has to know how they are read
        read = self._read_all(unknown if settings else [SETTINGS_FILE, *unknown])
        said, found = self._settings(settings or read.pop(SETTINGS_FILE))
        for path, known in read.items():
            members[path] = self._member(path, known)
        return said, (*found, *stray), members

    def known_about(self, path: str, *, used: bool) -> dict[str, Member] | None:
        """An endpoint, and if it is to be told where it is `used` all scenarios; None where that is
        not known without reading."""
        known = self._known(path)
        found, unknown, _ = self._looked_at((SCENARIO,) if used else ())
        if known is None or unknown:
            return None
        return {path: self._member(path, known), **found}

    def files(self) -> Files:
        """The same in one; what is not known is not looked into."""
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
        told = shared(self._read_of_many, portions, _READING)
        return ({**Block.of(block).entries(), **faults} for block, faults in told)

    def _read_of_many(self, paths: list[str]) -> tuple[list[bytes], dict[str, Finding]]:
        """The same in little memory, and to be sent from a process to another."""
        found = self._read(paths)
        faults = {path: what for path, what in found.items() if isinstance(what, Finding)}
        return columns([what for what in found.values() if isinstance(what, Entry)]), faults

    def _read(self, paths: list[str]) -> dict[str, Entry | Finding]:
        from sipctl import progress

        return {path: self._read_one(path) for path in progress.over(paths, _READING, len(paths))}

    def _read_one(self, path: str) -> Entry | Finding:
        found = _file(path, f"{self.root}{os.sep}{path}")
        if isinstance(found, Finding):
            return found
        data, status = found
        oid, stamp = oid_of(data), self.store.stamp(status)
        entry = self.store.of_content(path, oid)
        if entry is not None:
            return entry.moved(path, stamp)
        from sipctl import reading

        read = reading.settings_of if path == SETTINGS_FILE else reading.facts_of
        return Entry.of(path, stamp, oid, read(path, data))

    def _member(self, path: str, known: Entry | Finding | None) -> Member:
        """A member; one of which nothing is known yet only holds the place of one."""
        if isinstance(known, Entry):
            return Member(path, known, self._content)
        return Member(path, Facts(findings=(known,) if known else ()), NOTHING)

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
_READING = "Reading files"


def disk_files(root: Path) -> Files:
    """Every file of a workspace as it stands on disk, and what looks like one and is not read.

    Of members what is known, if anything is; else their bytes.
    """
    with cache.of(root) as store:
        return {SETTINGS_FILE: settings_file(root), **_Disk(root, store).files()}


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
        yield not_a_file(kind.folder, error.strerror or str(error))
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
        if not name.startswith(".")
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
        return not_a_file(path, "it is a symbolic link" if link else error.strerror or str(error))
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            return not_a_file(path, "it is not a plain file")
        return _read_from(descriptor, status.st_size), status
    finally:
        os.close(descriptor)


def _read_from(descriptor: int, size: int) -> bytes:
    """The bytes of a file of about this size; one more than is allowed is enough to know."""
    data = os.read(descriptor, min(size, MAX_BYTES) + 1)
    while len(data) <= MAX_BYTES and (more := os.read(descriptor, _CHUNK)):
        data += more
    return data[: MAX_BYTES + 1]


_CHUNK = 65536


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
