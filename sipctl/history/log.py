"""What changed in which commit, field by field, and which commit last set each field.

All is read from the blobs of each commit and of its parents; messages and trailers are never asked.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from itertools import chain, islice
from typing import NamedTuple

from sipctl import names
from sipctl.changes import ABSENT, Snapshot, Value, same
from sipctl.errors import Refused
from sipctl.git.repository import SHALLOW, Commit, GitFailed, Repository
from sipctl.history import dates
from sipctl.history.kinship import Version
from sipctl.history.lineage import Entry as Entry
from sipctl.history.lineage import Past, Reader, Step
from sipctl.kinds import ENDPOINT, SCENARIO, Kind, reference_of


class Chosen(NamedTuple):
    """Which entries are wanted; all by default.

    A field of a scenario, `actions.menu`, has all below it with it. `since` and `until` are dates
    (a day counts whole), compared with when the commit was made; `author`
    is a pattern as for `git log`. `where` is asked with the present name. `limit` counts the
    entries shown.
    """

    fields: tuple[str, ...] = ()
    since: str | None = None
    until: str | None = None
    author: str | None = None
    where: Callable[[str], bool] | None = None
    limit: int | None = None


EVERYTHING = Chosen()


def of(
    repository: Repository,
    reference: str,
    chosen: Chosen = EVERYTHING,
    revision: str | None = None,
    kind: Kind = ENDPOINT,
) -> Iterator[Entry]:
    """The history of one member up to `revision` (HEAD), newest first, through renames: every
    commit in it that changed a field, those of lines that a merge discarded too.

    A duplicate's begins with the entry that tells where it came from; a member that was deleted
    and created again has both lives. Raises Refused for a reference that never was.
    """
    start = _start(repository, revision)
    reader = Reader(repository, kind)
    steps = reader.steps_to(start, reference, whole=True) if start else iter(())
    first = next(steps, None)
    if first is None:
        _refuse_unknown(repository, reference, start, kind)
        return iter(())
    assert start is not None
    entries = reader.entries(chain([first], steps))
    return _shown(repository, start, entries, chosen._replace(where=None))


def of_all(
    repository: Repository,
    chosen: Chosen = EVERYTHING,
    revision: str | None = None,
    kind: Kind = ENDPOINT,
) -> Iterator[Entry]:
    """The history of all members of a kind up to `revision` (HEAD), newest first: every commit in
    it that changed a field, those of lines that a merge discarded too."""
    start = _start(repository, revision)
    if start is None:
        return iter(())
    return _shown(repository, start, Reader(repository, kind).all_entries(start), chosen)


def _start(repository: Repository, revision: str | None) -> str | None:
    return repository.head() if revision is None else repository.resolve(revision)


def _refuse_unknown(repository: Repository, reference: str, start: str | None, kind: Kind) -> None:
    if "/" not in reference and (repository.root / kind.path(reference)).exists():
        return  # not committed yet: it has no history
    known = repository.tree(start, [kind.folder]) if start else {}
    hint = names.did_you_mean(reference, map(reference_of, filter(kind.holds, known)))
    was = "there never was one"
    if repository.shallow():
        was, hint = f"there was none{_HERE}", f"{hint} {SHALLOW}".strip()
    message = f"there is no {kind.noun} {names.quoted(reference)}, and {was}"
    raise Refused(
        message, hint or f"see `{kind.command} list -o name`, or `{kind.command} history`"
    )


_HERE = " in the history that is here"


def is_cut(repository: Repository, commit: Commit) -> bool:
    """True for a commit that a shallow clone ends at: what was before it is not there."""
    return not commit.parents and commit.oid in repository.shallow()


def before(
    repository: Repository,
    reference: str,
    back: int = 1,
    kind: Kind = ENDPOINT,
    *,
    gone: bool = False,
) -> Past:
    """A member's file as it was before the newest change of its fields, or before an older one.

    A rename that changes nothing else is no change here, but for the newest one of a member that is
    `gone`, under its last name too. Raises Refused where nothing was before.
    """
    start, reader, seen = repository.head(), Reader(repository, kind), 0
    steps = iter(reader.steps_to(start, reference) if start else ())
    for number, step in enumerate(steps):
        is_end = gone and number == 0 and step.blob is None
        change = reader.change(step)
        if change is None or (change.kind == "renamed" and not change.fields and not is_end):
            continue
        seen += 1
        if seen == back:
            if not step.pasts:
                _refuse_deleted(next(steps, None), reference)
            return _readable(reader, step, reference)
    if not seen:
        _refuse_unknown(repository, reference, start, kind)
        raise Refused(f'"{reference}" is not committed yet: there is nothing to go back to')
    message = f'"{reference}" has changed {"once" if seen == 1 else f"{seen} times"} only'
    if repository.shallow():
        raise Refused(f"{message}{_HERE}", SHALLOW)
    raise Refused(message, f"see `{kind.command} history {reference}`")


def _refuse_deleted(step: Step | None, reference: str) -> None:
    """Raise Refused where what came before a creation is the deletion of one of the same name."""
    if step is not None and step.blob is None:
        message = f'"{reference}" was deleted then, by {step.commit.short}'
        raise Refused(message, "what was before that is one change further back: --back")


def _readable(reader: Reader, step: Step, reference: str) -> Past:
    found = reader.readable_past(step.pasts[0]) if step.pasts else None
    if found is not None:
        return found
    # (versions that cannot be read may lead on to one that is not here)
    if is_cut(reader.repository, step.commit) or (step.pasts and reader.repository.shallow()):
        message = f'what was before {step.commit.short} of "{reference}" is not here'
        raise Refused(message, SHALLOW)
    command = reader.kind.command
    hint = f"see `{command} history {reference}`; `{command} delete {reference}` takes it away"
    raise Refused(f'"{reference}" begins at {step.commit.short}: nothing was before', hint)


class Renames:
    """Which members had another name at a revision: `present` are their paths then, with those in
    HEAD."""

    def __init__(self, present: Mapping[str, str]) -> None:
        self.present = present
        self._taken = {*present.values()}

    def now(self, path: str) -> str | None:
        """Where the member stands now, or last stood, that stood at this path then; None where
        another one has been given its name since."""
        return self.present.get(path, None if path in self._taken else path)


def renamed_since(repository: Repository, revision: str, kind: Kind = ENDPOINT) -> Renames:
    """The renames from a revision to HEAD."""
    reader = Reader(repository, kind)
    present: dict[str, str] = {}
    for commit, changes in repository.log(f"{revision}..HEAD", paths=[kind.folder]):
        for new, old in reader.renames(commit, changes).items():
            present[old] = present.pop(new, new)
    return Renames(present)


def former_names(repository: Repository, revision: str, kind: Kind = ENDPOINT) -> dict[str, str]:
    """The members with another name at `revision`: paths in HEAD, and those that they had then. The
    inverse of `renamed_since`."""
    return {now: old for old, now in renamed_since(repository, revision, kind).present.items()}


def present_name(repository: Repository, reference: str, kind: Kind = ENDPOINT) -> str:
    """What a member that is no longer there under this name was last called."""
    start, reader, seen = repository.head(), Reader(repository, kind), {reference}
    while start:
        step = next(reader.steps_to(start, reference), None)
        change = reader.change(step) if step and step.blob is None else None
        if change is None or change.kind != "renamed" or change.reference in seen:
            break
        reference = change.reference
        seen.add(reference)
    return reference


# -- what is shown -------------------------------------------------------------------------------


def _shown(
    repository: Repository, start: str, entries: Iterator[Entry], chosen: Chosen
) -> Iterator[Entry]:
    commits = _commits(repository, start, chosen)
    wanted = (e for e in _of_members(entries, chosen) if commits is None or e.commit.oid in commits)
    fitting = filter(None, (_of_fields(entry, chosen.fields) for entry in wanted))
    return islice(fitting, chosen.limit)


def _commits(repository: Repository, start: str, chosen: Chosen) -> frozenset[str] | None:
    """The commits that author and dates choose; None for all."""
    args = []
    if chosen.since is not None:
        args.append(f"--since={dates.for_git(chosen.since, ends=False)}")
    if chosen.until is not None:
        args.append(f"--until={dates.for_git(chosen.until, ends=True)}")
    if chosen.author is not None:
        args.append(f"--author={chosen.author}")
    try:
        return repository.matching(*args, start) if args else None
    except GitFailed:
        if chosen.author is None:
            raise
        hint = "write \\ before a character that is to stand for itself"
        raise Refused(f"{names.quoted(chosen.author)} is no pattern", hint) from None


def _of_members(entries: Iterator[Entry], chosen: Chosen) -> Iterator[Entry]:
    """Only the changes of the members that are wanted, asked for by their present names."""
    if chosen.where is None:
        yield from entries
        return
    present: dict[str, str] = {}
    for entry in entries:
        kept = [c for c in entry.changes if chosen.where(present.get(c.reference, c.reference))]
        if kept:
            yield entry._replace(changes=tuple(kept))
        moves = [c for c in entry.changes if c.kind == "renamed" and c.source]
        now = {str(c.source): present.get(c.reference, c.reference) for c in moves}
        # what had the new name before is another one
        present |= {**dict.fromkeys((c.reference for c in moves), ""), **now}


def _of_fields(entry: Entry, fields: Sequence[str]) -> Entry | None:
    if not fields:
        return entry
    kept = []
    for change in entry.changes:
        own = tuple(f for f in change.fields if is_among(f.field, fields, change.member_kind))
        if own or (change.kind == "renamed" and "reference" in fields):
            kept.append(change._replace(fields=own))
    return entry._replace(changes=tuple(kept)) if kept else None


def is_among(field: str, chosen: Iterable[str], kind: Kind) -> bool:
    """True for one of the chosen fields, and for what stands below one in a scenario."""
    if kind is not SCENARIO:
        return field in chosen
    return any(field == name or field.startswith(f"{name}.") for name in chosen)


# -- blame ---------------------------------------------------------------------------------------


class BlameRow(NamedTuple):
    """A field that a member gives, and the commit that set it; None where it is not committed.

    `source` is the member from which that commit, a duplicate, copied the value.
    """

    field: str
    value: Value
    commit: Commit | None
    source: str | None = None


def blame(
    repository: Repository,
    reference: str,
    kind: Kind = ENDPOINT,
    fields: Collection[str] = (),
) -> list[BlameRow]:
    """For every field that the member gives the commit in which its value last changed.

    With `fields` for these only. The member is taken as it stands on disk, else as in HEAD. Raises
    Refused where it is in neither or cannot be read.
    """
    reader, path, head = Reader(repository, kind), kind.path(reference), repository.head()
    blob = repository.tree(head, [path]).get(path) if head else None
    values = _present(reader, reference, blob)
    given = {
        field: value
        for field, value in values.items()
        if value.given and (not fields or is_among(field, fields, kind))
    }
    rows = {field: BlameRow(field, value, None) for field, value in given.items()}
    if head and blob:
        past = Past(head, path, blob)
        for row in _committed_rows(reader, past, given):
            rows[row.field] = row
    return list(rows.values())


def _present(reader: Reader, reference: str, blob: str | None) -> Snapshot:
    kind = reader.kind
    file = reader.repository.root / kind.path(reference)
    if "/" not in reference and file.is_file():
        version = Version(file.read_bytes(), kind)
    elif blob:
        version = reader.version(blob)
    else:
        hint = f"see `{kind.command} history {reference}` if there was one"
        raise Refused(f"there is no {kind.noun} {names.quoted(reference)}", hint)
    if version.values is None:
        hint = f"see `sipctl validate`, or `{kind.command} history {reference}`"
        raise Refused(f'the {kind.noun} "{reference}" could not be read', hint)
    return version.values


def _committed_rows(reader: Reader, past: Past, given: dict[str, Value]) -> Iterator[BlameRow]:
    committed = reader.readable(past)
    if committed is None or committed.values is None:
        return
    base = committed.values
    clean = {f: value for f, value in given.items() if same(f, base.get(f, ABSENT), value)}
    for step, fields in reader.setters(past, clean):
        change = None if step.pasts else reader.change(step)
        source = change.source if change and change.kind == "duplicated" else None
        altered = {f.field for f in change.fields} | {"reference"} if change else set()
        for field in fields:
            copied_from = None if field in altered else source
            yield BlameRow(field, given[field], step.commit, copied_from)
