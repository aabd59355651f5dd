"""What changed in which commit, field by field, and which commit last set each field.

All is read from the blobs of each commit and of its parents; messages and trailers are never asked.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain, islice

from sipctl import names
from sipctl.changes import ABSENT, Snapshot, Value, same
from sipctl.endpoint import FIELDS
from sipctl.errors import Refused
from sipctl.inventory import ENDPOINTS, endpoint_path
from sipctl.kinship import Version
from sipctl.lineage import Entry as Entry
from sipctl.lineage import Past, Reader, Step, reference_of
from sipctl.repository import Commit, Repository
from sipctl.workspace import is_member


@dataclass(frozen=True, slots=True)
class Chosen:
    """Which entries are wanted; all by default.

    `since` and `until` are dates as Git reads them (a bare day counts whole), compared with when
    the commit was made; `author` is a pattern as for `git log`. `where` is asked with the present
    name. `limit` counts the entries shown.
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
) -> Iterator[Entry]:
    """The history of one endpoint up to `revision` (HEAD), newest first, through renames.

    A duplicate's begins with the entry that tells where it came from; an endpoint that was deleted
    and created again has both lives. Raises Refused for a reference that never was.
    """
    start = _start(repository, revision)
    reader = Reader(repository)
    steps = reader.steps_to(start, reference) if start else iter(())
    first = next(steps, None)
    if first is None:
        _refuse_unknown(repository, reference, start)
        return iter(())
    assert start is not None
    entries = reader.entries(chain([first], steps))
    return _shown(repository, start, entries, replace(chosen, where=None))


def of_all(
    repository: Repository, chosen: Chosen = EVERYTHING, revision: str | None = None
) -> Iterator[Entry]:
    """The history of all endpoints up to `revision` (HEAD), newest first: every commit in it that
    changed a field, those of lines that a merge discarded too."""
    start = _start(repository, revision)
    if start is None:
        return iter(())
    return _shown(repository, start, Reader(repository).all_entries(start), chosen)


def _start(repository: Repository, revision: str | None) -> str | None:
    return repository.head() if revision is None else repository.resolve(revision)


def _refuse_unknown(repository: Repository, reference: str, start: str | None) -> None:
    if "/" not in reference and (repository.root / endpoint_path(reference)).exists():
        return  # not committed yet: it has no history
    known = repository.tree(start, [ENDPOINTS]) if start else {}
    hint = names.did_you_mean(reference, map(reference_of, filter(is_member, known)))
    message = f'there is no endpoint "{reference}", and there never was one'
    raise Refused(message, hint or "see `sipctl list -o name`, or `sipctl history`")


def before(repository: Repository, reference: str, back: int = 1) -> Past:
    """An endpoint's file as it was before the newest change of its fields, or before an older one.

    A rename that changes nothing else is no change here. Raises Refused where nothing was before.
    """
    start, reader, seen = repository.head(), Reader(repository), 0
    for step in reader.steps_to(start, reference) if start else ():
        change = reader.change(step)
        if change is None or (change.kind == "renamed" and not change.fields):
            continue
        seen += 1
        if seen == back:
            return _readable(reader, step, reference)
    if not seen:
        _refuse_unknown(repository, reference, start)
        raise Refused(f'"{reference}" is not committed yet: there is nothing to go back to')
    hint = f"see `sipctl history {reference}`"
    raise Refused(f'"{reference}" has changed {seen} times only', hint)


def _readable(reader: Reader, step: Step, reference: str) -> Past:
    found = reader.readable_past(step.pasts[0]) if step.pasts else None
    if found is None:
        hint = f"see `sipctl history {reference}`; `sipctl delete {reference}` takes it away"
        raise Refused(f'"{reference}" begins at {step.commit.short}: nothing was before', hint)
    return found


def renamed_since(repository: Repository, revision: str) -> dict[str, str]:
    """The endpoints that had another name at a revision: their paths then, and those in HEAD."""
    reader = Reader(repository)
    present: dict[str, str] = {}
    for commit, changes in repository.log(f"{revision}..HEAD", paths=[ENDPOINTS]):
        for new, old in reader.renames(commit, changes).items():
            present[old] = present.pop(new, new)
    return present


def present_name(repository: Repository, reference: str) -> str:
    """What an endpoint that is no longer there under this name was last called."""
    start, reader, seen = repository.head(), Reader(repository), {reference}
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
    wanted = (
        e for e in _of_endpoints(entries, chosen) if commits is None or e.commit.oid in commits
    )
    fitting = filter(None, (_of_fields(entry, chosen.fields) for entry in wanted))
    return islice(fitting, chosen.limit)


def _commits(repository: Repository, start: str, chosen: Chosen) -> frozenset[str] | None:
    """The commits that author and dates choose; None for all."""
    dates = {"since": chosen.since, "until": chosen.until}
    args = [f"--{n}={_date(repository, n, text)}" for n, text in dates.items() if text is not None]
    if chosen.author is not None:
        args.append(f"--author={chosen.author}")
    return repository.matching(*args, start) if args else None


_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}\Z")


def _date(repository: Repository, which: str, text: str) -> str:
    if not repository.is_date(text):
        hint = 'write "2026-05-01", "yesterday" or "2 weeks ago"'
        raise Refused(f'"{text}" is not a date', hint)
    # Git takes a bare day for the present time of that day
    return f"{text} {'00:00:00' if which == 'since' else '23:59:59'}" if _DAY.match(text) else text


def _of_endpoints(entries: Iterator[Entry], chosen: Chosen) -> Iterator[Entry]:
    """Only the changes of the endpoints that are wanted, asked for by their present names."""
    if chosen.where is None:
        yield from entries
        return
    present: dict[str, str] = {}
    for entry in entries:
        kept = [c for c in entry.changes if chosen.where(present.get(c.reference, c.reference))]
        if kept:
            yield replace(entry, changes=tuple(kept))
        moves = [c for c in entry.changes if c.kind == "renamed" and c.source]
        present |= {str(c.source): present.get(c.reference, c.reference) for c in moves}


def _of_fields(entry: Entry, fields: Sequence[str]) -> Entry | None:
    if not fields:
        return entry
    kept = []
    for change in entry.changes:
        own = tuple(f for f in change.fields if f.field in fields)
        if own or (change.kind == "renamed" and "reference" in fields):
            kept.append(replace(change, fields=own))
    return replace(entry, changes=tuple(kept)) if kept else None


# -- blame ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class BlameRow:
    """A field that an endpoint gives, and the commit that set it; None where it is not committed.

    `source` is the endpoint from which that commit, a duplicate, copied the value.
    """

    field: str
    value: Value
    commit: Commit | None
    source: str | None = None


def blame(repository: Repository, reference: str) -> list[BlameRow]:
    """For every field that the endpoint gives the commit in which its value last changed.

    The endpoint is taken as it stands on disk, else as in HEAD. Raises Refused where it is in
    neither or cannot be read.
    """
    reader, path, head = Reader(repository), endpoint_path(reference), repository.head()
    blob = repository.tree(head, [path]).get(path) if head else None
    values = _present(repository, reader, reference, blob)
    order = (*FIELDS, *sorted(values.keys() - set(FIELDS)))
    given = {field: values[field] for field in order if values[field].given}
    rows = {field: BlameRow(field, value, None) for field, value in given.items()}
    if head and blob:
        past = Past(head, path, blob)
        for row in _committed_rows(reader, past, given):
            rows[row.field] = row
    return list(rows.values())


def _present(repository: Repository, reader: Reader, reference: str, blob: str | None) -> Snapshot:
    file = repository.root / endpoint_path(reference)
    if "/" not in reference and file.is_file():
        version = Version(file.read_bytes())
    elif blob:
        version = reader.version(blob)
    else:
        hint = f"see `sipctl history {reference}` if there was one"
        raise Refused(f'there is no endpoint "{reference}"', hint)
    if version.values is None:
        hint = f"see `sipctl validate`, or `sipctl history {reference}`"
        raise Refused(f'the endpoint "{reference}" could not be read', hint)
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
