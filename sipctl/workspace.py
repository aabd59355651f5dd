"""A workspace: where it is, all that it holds, and what that will be after a change."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

from sipctl.errors import Refused
from sipctl.findings import Finding
from sipctl.inventory import Inventory
from sipctl.kinds import ENDPOINT, SCENARIO, SETTINGS_FILE, is_member
from sipctl.member import (
    NO_CONTENT,
    NO_CONTEXT,
    Content,
    Context,
    Facts,
    Known,
    Member,
    already_read,
    content_of,
)
from sipctl.names import quoted
from sipctl.rules.judgement import tolerating
from sipctl.settings import Settings
from sipctl.storage import cache
from sipctl.storage.entries import NEVER, Entry, oid_of
from sipctl.storage.ondisk import READING_FILES, Files, WorkspaceReader


def find_root(start: Path, given: Path | None = None) -> Path:
    """The workspace at `given`, else the one around `start`; raises Refused where there is none."""
    if given is not None:
        if (given / SETTINGS_FILE).is_file():
            return given
        outer = _around(given.resolve())
        hint = f"name the one around it: -C {outer}"
        if outer is None:
            hint = f"make one there with `sipctl init {given}`"
        raise Refused(f"{quoted(str(given))} is no workspace: it holds no {SETTINGS_FILE}", hint)
    found = _around(start)
    if found is not None:
        return found
    hint = "make one with `sipctl init`, or name one with -C DIR"
    raise Refused(f"no workspace here: no {SETTINGS_FILE} in this folder or above it", hint)


def _around(start: Path) -> Path | None:
    folders = (start, *start.parents)
    return next((folder for folder in folders if (folder / SETTINGS_FILE).is_file()), None)


def load(root: Path, context: Context = NO_CONTEXT) -> Inventory:
    """Read the whole workspace from disk; of files that are known already nothing but their times.

    What cannot be read is a finding, not an exception.
    """
    with cache.of(root) as store:
        reader = WorkspaceReader(root, store)
        known, strays, members = reader.whole()
        if reader.changed:
            store.keep({**reader.entries, **_entries(members)}, reader.changed)
    settings, found = _settings(known)
    return _inventory(settings, members, (*found, *strays), context)


def load_about(root: Path, reference: str, *, used: bool) -> Inventory:
    """The workspace as far as it is about one endpoint that is there: itself, and the scenarios if
    it is to be told where it is `used`. Without such an endpoint all of it."""
    path = ENDPOINT.path(reference)
    if not ENDPOINT.holds(path):
        return load(root)
    with cache.of(root) as store:
        reader = WorkspaceReader(root, store)
        settings, found = _settings(reader.settings())
        members = reader.known_about(path, used=used)
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
        settings, found = _settings(WorkspaceReader(root, store).settings())
    if any(finding.is_error for finding in found):
        raise Refused(f"{SETTINGS_FILE} could not be read", f"mend {SETTINGS_FILE} first", found)
    return settings


def inventory_of(source: Files, context: Context = NO_CONTEXT) -> Inventory:
    """The inventory of a workspace's files, wherever they come from."""
    settings, found = _settings(_known_settings(source.get(SETTINGS_FILE)))
    members = {path: _member(path, data) for path, data in source.items() if is_member(path)}
    members.update(_read_members(source))
    others = ((path, data) for path, data in source.items() if not is_member(path))
    stray = (x for path, x in others if isinstance(x, Finding) and path != SETTINGS_FILE)
    return _inventory(settings, members, (*found, *stray), context)


def _member(path: str, data: bytes | Finding | Member) -> Member:
    """A member that is known, or of which nothing is known: the place of one."""
    if isinstance(data, Member):
        return data
    findings = (data,) if isinstance(data, Finding) else ()
    return Member(path, Facts(findings=findings), NO_CONTENT)


def _read_members(source: Files) -> Iterator[tuple[str, Member]]:
    """Those of which the bytes are given."""
    data = {p: x for p, x in source.items() if isinstance(x, bytes) and is_member(p)}
    if not data:
        return
    from sipctl import progress, reading  # dear, and not needed for files that are known

    def content(path: str, known: Known) -> Content:
        return content_of(path, data[path])  # of many files it would be too much to keep

    for path, facts in reading.facts_of_many(progress.over(data.items(), READING_FILES, len(data))):
        yield path, Member(path, facts, content)


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
    tolerated = {member.path: tolerating(member, settings) for member in odd}
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


def read_member(path: str, data: bytes) -> Member:
    """One member's file by its content alone; rules between files are not judged."""
    from sipctl import reading
    from sipctl.yamlfile.read import read

    document = read(data, path)
    return Member(
        path, reading.facts_of_document(path, document), already_read(Content.of(data, document))
    )


def member_with(path: str, content: Content) -> Member:
    """A member's file whose content is parsed already, and holds a mapping; `read_member` takes
    bytes."""
    from sipctl import reading
    from sipctl.yamlfile.read import Document

    facts = reading.facts_of_document(path, Document(content.text, content.root))
    return Member(path, facts, already_read(content))


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

    return reading.settings_of(data)


def _settings(known: Known) -> tuple[Settings, tuple[Finding, ...]]:
    data = known.data
    return Settings.of(data) if data else Settings(), () if known.plain else known.facts.findings
