"""Two versions of a workspace, compared field by field: what differs, and where it stands in each.

Pure: nothing here reads a disk or runs Git. Moves are told by the contents alone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import NamedTuple

from sipctl.changes import (
    ABSENT,
    FieldChange,
    Snapshot,
    Value,
    differences,
    field_name,
    free_value,
    name_of_key,
    snapshot,
)
from sipctl.findings import Finding, Place
from sipctl.history.kinship import moved
from sipctl.inventory import Inventory
from sipctl.kinds import ENDPOINT, KINDS, SCENARIO, SETTINGS_FILE, Kind, kind_of, reference_of
from sipctl.member import Member
from sipctl.names import MASK, is_secret_key
from sipctl.own import is_alone, shown_key
from sipctl.rules import comments
from sipctl.rules.book import RULES, find
from sipctl.scenarios import catalogue
from sipctl.settings import FIELDS as SETTINGS_FIELDS
from sipctl.yamlfile.nodes import Mapping as MappingNode
from sipctl.yamlfile.nodes import Node, Scalar
from sipctl.yamlfile.read import read


class State(NamedTuple):
    """A version of a workspace: its members, and what its sipctl.yaml holds (a finding where that
    is no plain file, None where there is none)."""

    inventory: Inventory
    settings: bytes | Finding | None

    @property
    def members(self) -> Mapping[str, Member]:
        """The endpoints and scenarios by path."""
        return self.inventory.members


class FieldDifference(NamedTuple):
    """A field that differs, and where its value stands in each version; None where it is absent."""

    change: FieldChange
    old: Place | None
    new: Place | None


class Difference(NamedTuple):
    """What happened to one file: created, changed, renamed or deleted.

    A path is None where the file does not exist. The fields of a created one are all it gives, of a
    deleted one all it gave. Where a version cannot be read its fault says why, and no field can be
    compared.
    """

    kind: str
    old_path: str | None
    new_path: str | None
    fields: tuple[FieldDifference, ...] = ()
    old_fault: Finding | None = None
    new_fault: Finding | None = None

    @property
    def path(self) -> str:
        """Where it stands, or last stood."""
        path = self.old_path if self.new_path is None else self.new_path
        assert path is not None
        return path

    @property
    def member_kind(self) -> Kind | None:
        """What it is; None for the settings."""
        return kind_of(self.path)

    @property
    def noun(self) -> str:
        """What it is, in a word."""
        return self.member_kind.noun if self.member_kind else "settings"

    @property
    def reference(self) -> str | None:
        """What it is called; None for the settings."""
        return reference_of(self.path) if self.member_kind else None

    @property
    def source(self) -> str | None:
        """What it was called before it was renamed."""
        return reference_of(self.old_path) if self.kind == "renamed" and self.old_path else None


class Fault(NamedTuple):
    """A file that cannot be read in one of the versions, `old` or `new`, and why."""

    side: str
    finding: Finding


class Comparison(NamedTuple):
    """All that differs. `layout` are the files in which nothing but layout and comments differs;
    `faults` are the files that cannot be read, those that do not differ too."""

    differences: tuple[Difference, ...]
    layout: tuple[str, ...]
    faults: tuple[Fault, ...]

    def renamed(self, kind: Kind) -> dict[str, str]:
        """The members of a kind that have another name now: old references to new ones."""
        found = (d for d in self.differences if d.kind == "renamed" and d.member_kind is kind)
        return {str(d.source): str(d.reference) for d in found}


def compare(old: State, new: State) -> Comparison:
    """Everything that differs: the settings, then endpoints, then scenarios, each by reference."""
    found: list[Difference] = []
    layout: list[str] = []
    for pair in (_settings_pair(old, new), *_pairs(old.inventory, new.inventory)):
        difference = pair.difference()
        if difference is not None:
            found.append(difference)
        elif pair.is_rewritten:
            layout.append(pair.path)
    faults = (*_faults("old", old), *_faults("new", new))
    return Comparison(tuple(sorted(found, key=_rank)), tuple(sorted(layout)), faults)


def joined(parts: Iterable[Comparison]) -> Comparison:
    """What several comparisons say, each of files of its own."""
    all_ = [*parts]
    differences = sorted((d for part in all_ for d in part.differences), key=_rank)
    layout = sorted(path for part in all_ for path in part.layout)
    faults = sorted((fault for part in all_ for fault in part.faults), key=_rank_of_fault)
    return Comparison(tuple(differences), tuple(layout), tuple(faults))


def _rank(difference: Difference) -> tuple[int, str, str]:
    kind = difference.member_kind
    order = KINDS.index(kind) + 1 if kind else 0
    return order, difference.path.casefold(), difference.path


def _rank_of_fault(fault: Fault) -> tuple[bool, bool, str]:
    path = fault.finding.place.file
    return fault.side != "old", path != SETTINGS_FILE, path


def _faults(side: str, state: State) -> Iterator[Fault]:
    settings = _settings_version(state.settings)
    found = [settings] if settings else []
    for _, member in sorted(state.members.items()):
        if not (member.known.plain or member.facts.parsed):
            found.append(_version(member))
    yield from (Fault(side, version.fault) for version in found if version.fault)


# -- one file in two versions --------------------------------------------------------------------


class _Content(NamedTuple):
    """One version of a file: its values by field and their nodes, or why it cannot be read."""

    path: str
    data: bytes
    root: MappingNode | None
    kind: Kind | None
    fault: Finding | None

    def values(self) -> Snapshot | None:
        if self.root is None:
            return None
        return settings_values(self.root) if self.kind is None else snapshot(self.root, self.kind)


class _Pair(NamedTuple):
    old: _Content | None
    new: _Content | None

    @property
    def path(self) -> str:
        content = self.new or self.old
        return content.path if content else SETTINGS_FILE

    @property
    def is_rewritten(self) -> bool:
        return self.old is not None and self.new is not None and self.old.data != self.new.data

    def difference(self) -> Difference | None:
        old, new = self.old, self.new
        if (old is None and new is None) or (old and new and _is_same(old, new)):
            return None
        faults = (old.fault if old else None, new.fault if new else None)
        fields = () if any(faults) else self._differing()
        kind = self._kind()
        if kind == "changed" and not fields and not any(faults):
            return None
        paths = (old.path if old else None, new.path if new else None)
        return Difference(kind, *paths, fields, *faults)

    def _kind(self) -> str:
        if self.old is None or self.new is None:
            return "created" if self.old is None else "deleted"
        return "changed" if self.old.path == self.new.path else "renamed"

    def _differing(self) -> tuple[FieldDifference, ...]:
        old, new = (content.values() if content else None for content in (self.old, self.new))
        changes = differences(old, new)
        if old is not None and new is not None and self.new and self.new.kind is None:
            changes = tuple(map(_with_default_severity, changes))
        if self._is_plain_rename(old, new):
            changes = tuple(change for change in changes if change.field != "reference")
        changes = (*changes, *_reordered(self.old, self.new))
        told = {change.field for change in changes}
        old_places, new_places = (_places(content, told) for content in (self.old, self.new))
        return tuple(
            FieldDifference(c, old_places.get(c.field), new_places.get(c.field)) for c in changes
        )

    def _is_plain_rename(self, old: Snapshot | None, new: Snapshot | None) -> bool:
        """True where each version's reference is its file's name, so that the move says it all."""
        if not (old and new and self.old and self.new) or self.old.path == self.new.path:
            return False
        pairs = ((self.old, old), (self.new, new))
        return all(reference_of(c.path) == v.get("reference", ABSENT).data for c, v in pairs)


def _is_same(old: _Content, new: _Content) -> bool:
    """True for what was neither moved nor written; a link or a folder has no bytes to compare."""
    unread = bool(old.fault) != bool(new.fault)
    return old.path == new.path and old.data == new.data and not unread


def _pairs(old: Inventory, new: Inventory) -> Iterator[_Pair]:
    for kind in KINDS:
        olds, news = old.of_kind(kind), new.of_kind(kind)
        sources = _moved(kind, olds, news)
        gone = olds.keys() - news.keys() - set(sources.values())
        for path, member in news.items():
            before = olds.get(sources.get(path, path))
            if before is not None and before.path == path and before.known is member.known:
                continue  # what is one file differs nowhere, and need not be read
            yield _Pair(_version(before) if before else None, _version(member))
        yield from (_Pair(_version(olds[path]), None) for path in gone)


def _moved(kind: Kind, olds: Mapping[str, Member], news: Mapping[str, Member]) -> dict[str, str]:
    """The files that have another name: their new paths to their old ones."""
    gone = {path: olds[path].data for path in olds.keys() - news.keys()}
    come = {path: news[path].data for path in news.keys() - olds.keys()}
    return moved(gone, come, kind)


def _version(member: Member) -> _Content:
    fault = None if member.root is not None else _first(member.findings, member.path)
    return _Content(member.path, member.data, member.root, member.kind, fault)


def _first(findings: Iterable[Finding], path: str) -> Finding:
    other = Finding.of("wrong-type", Place(path), "the document is not a mapping of keys to values")
    return next(iter(findings), other)


def _places(content: _Content | None, fields: Collection[str]) -> dict[str, Place]:
    """Where the values of these fields stand, whether fields are told apart there or not."""
    if content is None or content.root is None or not fields:
        return {}
    if content.kind is ENDPOINT:
        root = content.root
        entries = ((name_of_key(k.value, node, root), node) for k, node in root.entries)
        return {name: node.place(content.path) for name, node in entries if name in fields}
    found: dict[str, Place] = {}
    waiting: list[tuple[tuple[str, ...], Node]] = [((), content.root)]
    while waiting:
        way, node = waiting.pop()
        if way and (name := _name(content, way)) in fields:
            found[name] = node.place(content.path)
        if isinstance(node, MappingNode) and _has_fields_below(content, way):
            shown = _setting_key if content.kind is None and not way else _as_it_is
            waiting += [((*way, shown(key, value, node)), value) for key, value in node.entries]
    return found


def _as_it_is(key: Scalar, value: Node, parent: MappingNode) -> str:
    return key.value


def _has_fields_below(content: _Content, way: tuple[str, ...]) -> bool:
    if content.kind is None:
        return way in ((), (_RULES,), (RECIPIENTS,))
    return not way or (way[0] == "actions" and len(way) < 4)


def _name(content: _Content, way: tuple[str, ...]) -> str:
    return _setting_name(way) if content.kind is None else field_name(way)


# -- the order of patterns -----------------------------------------------------------------------


def _reordered(old: _Content | None, new: _Content | None) -> Iterator[FieldChange]:
    """Of the patterns of a test of a value the first that fits is taken, so their order is told."""
    if old is None or new is None or new.kind is not SCENARIO:
        return
    before, after = (dict(_patterns(content.root)) for content in (old, new))
    for id, labels in after.items():
        common = {*labels} & {*before.get(id, ())}
        then, now = ([x for x in order if x in common] for order in (before.get(id, ()), labels))
        if then != now:
            name = field_name(("actions", id, "branches"))
            yield FieldChange(name, Value(then), Value(now))


def _patterns(root: MappingNode | None) -> Iterator[tuple[str, list[str]]]:
    actions = root.get("actions") if root else None
    for key, action in actions.entries if isinstance(actions, MappingNode) else ():
        branches = action.get("branches") if isinstance(action, MappingNode) else None
        type_ = action.get("action") if isinstance(action, MappingNode) else None
        if isinstance(branches, MappingNode) and _tests_a_value(type_):
            yield key.value, list(branches.keys())


def _tests_a_value(type_: Node | None) -> bool:
    known = catalogue.known().get(type_.value) if isinstance(type_, Scalar) else None
    return known is not None and known.role == "value"


# -- settings ------------------------------------------------------------------------------------

_RULES = "rules"
RECIPIENTS = "recipients"


def _settings_pair(old: State, new: State) -> _Pair:
    return _Pair(_settings_version(old.settings), _settings_version(new.settings))


def _settings_version(data: bytes | Finding | None) -> _Content | None:
    if data is None:
        return None
    if isinstance(data, Finding):
        return _Content(SETTINGS_FILE, b"", None, None, data)
    document = read(data, SETTINGS_FILE)
    if isinstance(document.root, MappingNode):
        return _Content(SETTINGS_FILE, data, document.root, None, None)
    return _Content(SETTINGS_FILE, data, None, None, _first(document.findings, SETTINGS_FILE))


def changed_settings(old: bytes | None, new: bytes | None) -> tuple[FieldChange, ...]:
    """The settings that differ between two contents of `sipctl.yaml`; none where one of them cannot
    be read."""
    difference = _Pair(_settings_version(old), _settings_version(new)).difference()
    return tuple(field.change for field in difference.fields) if difference else ()


def settings_values(root: MappingNode) -> dict[str, Value]:
    """The settings by field: `rules.NAME` for each rule, whether it is told by name or by code, and
    `recipients.NAME` for each recipient."""
    return dict(_settings_fields(root))


def _settings_fields(root: MappingNode) -> Iterator[tuple[str, Value]]:
    for key, node in root.entries:
        if key.value == _RULES and isinstance(node, MappingNode):
            for rule, severity in node.entries:
                yield (
                    _setting_name((_RULES, rule.value)),
                    free_value("" if isinstance(severity, Scalar) else "password", severity),
                )
        elif key.value == RECIPIENTS and isinstance(node, MappingNode):
            for name, public_key in node.entries:
                yield _setting_name((RECIPIENTS, name.value)), _recipient(public_key)
        elif key.value == RECIPIENTS:
            yield key.value, _recipient(node)
        elif key.value in SETTINGS_FIELDS or key.value.startswith("x-"):
            yield key.value, free_value(key.value, node)
        else:  # `pasword: …` is one too
            yield _setting_key(key, node, root), free_value("password", node)


def _recipient(node: Node) -> Value:
    """A public key; what is none is masked, for a secret one stands there soon."""
    from sipctl.passwords import sealing  # dear, and settings differ seldom

    value = free_value("", node)
    is_public = isinstance(value.data, str) and sealing.key_fault(value.data) is None
    return value if is_public else value._replace(data=MASK)


def _setting_key(key: Scalar, value: Node, root: MappingNode) -> str:
    """What a setting is called: a known one as it is."""
    alone = key.value not in SETTINGS_FIELDS and is_alone(value, root)
    return shown_key(key.value, alone=alone)


def _setting_name(way: tuple[str, ...]) -> str:
    if len(way) == 1:
        return way[0]
    rule = find(way[1]) if way[0] == _RULES else None
    key = MASK if is_secret_key(way[1]) else way[1]
    return field_name((way[0], rule.name if rule else key))


def _with_default_severity(change: FieldChange) -> FieldChange:
    """Where one version does not change a rule's severity, the rule's own counts."""
    rule = RULES.get(change.field.removeprefix(f"{_RULES}."))
    if rule is None or not change.field.startswith(f"{_RULES}."):
        return change
    default = Value(rule.severity, given=False)
    old, new = (default if side is ABSENT else side for side in (change.old, change.new))
    return FieldChange(change.field, old, new)


# -- comments that take findings out ---------------------------------------------------------------


class IgnoreChange(NamedTuple):
    """A comment that takes a rule's findings out of its line: `added`, `removed`, or `changed`,
    where the comment was there and its line is another now."""

    place: Place
    rule: str
    what: str


def ignore_changes(old: State, new: State, comparison: Comparison) -> tuple[IgnoreChange, ...]:
    """The comments `# sipctl: ignore[…]` that came, that went, and those whose lines changed."""
    moved = {d.new_path: d.old_path for d in comparison.differences if d.kind == "renamed"}
    found: list[IgnoreChange] = []
    for path, member in sorted(new.members.items()):
        before = old.members.get(moved.get(path) or path)
        if before is None or not before.is_as(member):
            found += _ignore_changes(_ignoring(before) if before else [], _ignoring(member))
    return tuple(found)


_Ignoring = list[tuple[str, str, Place]]
"""The rules that comments of a file take out, each with the text of its line."""


def _ignoring(member: Member) -> _Ignoring:
    found = [i for i in comments.written(member.text, member.root, member.path) if i.rule]
    lines = member.text.splitlines() if found else []
    return [(str(i.rule), lines[i.place.line - 1].strip(), i.place) for i in found]


def _ignore_changes(old: _Ignoring, new: _Ignoring) -> Iterator[IgnoreChange]:
    come, gone = _without(new, old, slice(2)), _without(old, new, slice(2))
    added = {place for _, _, place in _without(come, gone, slice(1))}
    for rule, _, place in come:
        yield IgnoreChange(place, rule, "added" if place in added else "changed")
    for row in _without(gone, come, slice(1)):
        yield IgnoreChange(row[2], row[0], "removed")


def _without(rows: _Ignoring, others: _Ignoring, what: slice) -> _Ignoring:
    """The rows that are left when each of `others` has taken away one that is like it."""
    known = Counter(row[what] for row in others)
    left = []
    for row in rows:
        known[row[what]] -= 1
        if known[row[what]] < 0:
            left.append(row)
    return left
