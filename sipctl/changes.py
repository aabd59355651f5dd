"""What is to change, and what has changed, field by field: plain frozen values."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

from sipctl import names
from sipctl.endpoint import FIELDS, default_of, is_variable
from sipctl.kinds import ENDPOINT, SCENARIO, Kind, kind_of, reference_of
from sipctl.names import MASK
from sipctl.own import free, is_alone, shown_key, told_entries
from sipctl.scenarios.scenario import FIELDS as SCENARIO_FIELDS
from sipctl.yamlfile import scalars
from sipctl.yamlfile.nodes import Mapping as MappingNode
from sipctl.yamlfile.nodes import Node, Scalar, Sequence, plain_data

if TYPE_CHECKING:
    from sipctl.member import Member


@dataclass(frozen=True, slots=True)
class FileChange:
    """One file's content before and after; None where it does not exist. Paths are the workspace's.

    A file that moves is two of these: the old path goes, the new one comes, with `moved_from`. A
    copy has the path it was copied from in `copied_from`. One that is `adopted` stands on disk
    already, as the user's own edit; any other refuses to touch such a one. `known` is what the
    reader made of the content after already, if it did, so that nobody has to read it once more.
    """

    path: str
    before: bytes | None
    after: bytes | None
    moved_from: str | None = None
    copied_from: str | None = None
    adopted: bool = False
    known: Member | None = field(default=None, repr=False, compare=False)


class Plan(NamedTuple):
    """A whole change: what it is called, and every file it touches.

    Without a `subject` the fields that change tell one. `operation` stands in the commit's trailer:
    a verb, and where it helps what it was done to. `notes` are told to the user, and `body` begins
    the commit's message below its subject. Of files that are `generated` nothing is the user's:
    what stands there may be taken or replaced. A plan `needs_no_commit` where HEAD holds every file
    as it is to be, so that only the disk is written. Of the paths that it `unstages` the index is
    to say what HEAD says.
    """

    operation: str
    subject: str
    changes: tuple[FileChange, ...]
    notes: tuple[str, ...] = ()
    body: tuple[str, ...] = ()
    generated: bool = False
    needs_no_commit: bool = False
    unstages: tuple[str, ...] = ()

    @property
    def effective(self) -> tuple[FileChange, ...]:
        """The changes that change something."""
        return tuple(change for change in self.changes if change.before != change.after)


class Value(NamedTuple):
    """A field's value at one time.

    `data` is the effective value as JSON shows it (a password by its form); `given` is False where
    it is a default; `identity` tells two values apart where `data` does not (plain passwords).
    """

    data: Any
    given: bool = True
    identity: str = ""

    @property
    def present(self) -> bool:
        """False where the field is absent and has no default."""
        return self.given or self.data not in (None, [], ())

    def text(self) -> str:
        """The value on one line for people, `5060 (default)`; nothing in it can break the line."""
        shown = "null" if self.given and self.data is None else one_line(self.data)
        return shown if self.given else f"{shown} (default)" if self.present else "-"


ABSENT = Value(None, given=False)


class FieldChange(NamedTuple):
    """A field whose value differs."""

    field: str
    old: Value
    new: Value

    def text(self) -> str:
        """`port: 5060 (default) -> 5061`."""
        old, new = self.old.text(), self.new.text()
        same = " (another value)" if old == new else ""
        return f"{self.field}: {old} -> {new}{same}"

    def told(self, kind: str) -> str:
        """As `text`, in a change of this kind: of what is new or gone, the one value."""
        if kind in ("created", "deleted"):
            return f"{self.field}: {(self.new if kind == 'created' else self.old).text()}"
        return self.text()


class MemberChange(NamedTuple):
    """What happened to one endpoint or scenario: created, changed, renamed, duplicated or deleted.

    `source` is the former reference of a rename, and of a duplicate the one it came from. The
    fields of a created one are all it gives, of a deleted one all it gave. `member_kind` is what it
    is, an endpoint or a scenario.
    """

    kind: str
    reference: str
    fields: tuple[FieldChange, ...] = ()
    source: str | None = None
    member_kind: Kind = ENDPOINT


Snapshot = Mapping[str, Value]
"""The values of an endpoint or scenario by field at one time, whether they are allowed or not.

Its order is the canonical one. The fields of a scenario's actions are `actions.menu.branches.1`.
"""


def snapshot(root: MappingNode, kind: Kind = ENDPOINT) -> dict[str, Value]:
    """Every field of a document, typed as far as that goes without judging it."""
    return _of_scenario(root) if kind is SCENARIO else _of_endpoint(root)


def _of_endpoint(root: MappingNode) -> dict[str, Value]:
    return _with_defaults(
        {name_of_key(key.value, node, root): _value(key.value, node) for key, node in root.entries}
    )


def name_of_key(key: str, value: Node, root: MappingNode) -> str:
    """What the field of an endpoint with this key is called: a known one as it is."""
    return key if key in _FIELDS else shown_key(key, alone=is_alone(value, root))


def values_of(said: Mapping[str, Any], unknown: Iterable[str]) -> dict[str, Value]:
    """A snapshot of what an endpoint says by field, its password by its form; the values of unknown
    keys are masked. It tells no two passwords apart."""
    values = {field: Value(_listed(value)) for field, value in said.items()}
    return _with_defaults(values | {key: Value(MASK) for key in unknown})


def _listed(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def _with_defaults(values: dict[str, Value]) -> dict[str, Value]:
    tls = "transport" in values and values["transport"].data == "tls"
    known = {name: values.get(name) or _default(name, tls) for name in FIELDS}
    return known | {name: values[name] for name in sorted(values.keys() - _FIELDS)}


@cache
def _default(field: str, tls: bool) -> Value:
    default = default_of(field, "tls" if tls else None)
    return Value(_listed(default), given=False)


_FIELDS = frozenset(FIELDS)


def _of_scenario(root: MappingNode) -> dict[str, Value]:
    """The fields in canonical order, those of actions and branches in the order of the file."""
    ranks = {field: rank for rank, field in enumerate(SCENARIO_FIELDS)}
    entries = sorted(told_entries(root), key=lambda entry: ranks.get(entry[0], len(ranks)))
    return dict(_flat(entries, ()))


_DEPTH = 4
"""So deep are the fields of a scenario told apart: actions, action, branches, label."""


def _flat(entries: Iterable[tuple[str, Node]], way: tuple[str, ...]) -> Iterator[tuple[str, Value]]:
    for key, node in entries:
        path = (*way, key)
        if isinstance(node, MappingNode) and node.entries and _is_told_apart(path):
            yield from _flat(told_entries(node), path)
        else:
            # where a branch leads is no secret, whatever its label
            yield field_name(path), free_value("" if _is_branch(path) else key, node)


def _is_branch(path: tuple[str, ...]) -> bool:
    return len(path) == _DEPTH and path[0] == "actions" and path[2] == "branches"


def _is_told_apart(path: tuple[str, ...]) -> bool:
    key = path[-1]
    # an id may be "password"
    own = key.startswith("x-") or (len(path) > 2 and names.is_password_name(key))
    return path[0] == "actions" and len(path) < _DEPTH and not own


def free_value(key: str, node: Node) -> Value:
    """A value of the user's own under a key, every secret in it masked."""
    data = free(node)
    return Value(shown_value(key, data), identity=_digest(data))


def shown_value(key: str, data: Any) -> Any:
    """Data that stands under a key, every secret in it masked: what is called a password, at any
    depth, and secret keys."""
    return MASK if names.is_password_name(key) else _without_secrets(data)


def _without_secrets(data: Any) -> Any:
    if isinstance(data, list | tuple):
        return type(data)(_without_secrets(item) for item in data)
    if isinstance(data, dict):
        return {_without_key(key): shown_value(key, value) for key, value in data.items()}
    return _without_key(data) if isinstance(data, str) else data


def _without_key(text: str) -> str:
    return MASK if names.is_secret_key(text) else text


def shown_field(field: str, data: Any) -> Any:
    """The value of an endpoint's field, but for its password, every secret in it masked.

    A text that holds the name of a password and a value behind it is one: a quote is closed too
    late, say. A description is a note for people, and may.
    """
    if field.startswith("x-") or field == "description":
        return shown_value(field, data)
    if isinstance(data, str):
        return MASK if names.may_hold_secret(data) else data
    if isinstance(data, list | tuple) and any(map(names.may_hold_secret, data)):
        return type(data)(shown_field(field, item) for item in data)
    return data


def field_name(path: Iterable[str]) -> str:
    """A way to a value as one name: `actions.menu.branches.1`; a key with a dot is in quotes."""
    return ".".join(key if _WORD.fullmatch(key) else json.dumps(key) for key in path)


_WORD = re.compile(r"[^\s.\"'\\]+")


def _value(field: str, node: Node) -> Value:
    if field == "password":
        return _password(node)
    data: Any
    if field.startswith("x-"):
        data = free(node)
    elif field not in _FIELDS:  # `pasword: …` is one too
        return _hidden(node)
    elif isinstance(node, Scalar):
        data = _typed(field, node.value)
    elif isinstance(node, Sequence) and all(isinstance(item, Scalar) for item in node.items):
        data = [str(plain_data(item)) for item in node.items]
    else:
        return _hidden(node)  # nothing belongs there, and it may be a password that slipped in
    shown = shown_field(field, data)
    if shown == data:
        return Value(data)
    return Value(shown, identity=_digest(data)) if field.startswith("x-") else _hidden(node)


def _hidden(node: Node) -> Value:
    return Value(MASK, identity=_digest(plain_data(node)))


def _typed(field: str, text: str) -> object:
    if field == "port" and scalars.DECIMAL.match(text) and len(text) < 10:
        return int(text)
    if field == "register" and text in ("true", "false"):
        return text == "true"
    return text


def _password(node: Node) -> Value:
    """A password by its form. What it is is never kept, only a digest that tells two apart."""
    if isinstance(node, MappingNode) and len(node.entries) == 1:
        key, value = node.entries[0]
        if names_password(key.value, value) and isinstance(value, Scalar):
            return Value({key.value: value.value})
        form = key.value if key.value == "age" else "unknown"
    else:
        form = "plain" if isinstance(node, Scalar) else "unknown"
    return Value({form: True}, identity=_digest(plain_data(node)))


def names_password(form: str, value: Node) -> bool:
    """True where an entry of `password` tells where it is found, and is not the password itself."""
    if not isinstance(value, Scalar):
        return False
    # a variable can be called YES, and no file is called 48151623
    text, is_word = value.value, scalars.taken_for(value.value) is None
    if form == "env":
        return is_variable(text) and (is_word or not value.plain)
    return form == "file" and "\0" not in text and is_word and not names.may_hold_secret(text)


def holds_password(node: Node) -> bool:
    """True where the value of `password` is, or may be, the password itself, in whatever form."""
    if not isinstance(node, MappingNode) or len(node.entries) != 1:
        return not (isinstance(node, Scalar) and scalars.is_null(node.value, node.plain))
    from sipctl.passwords.sealing import is_sealed

    key, value = node.entries[0]
    whole = key.value == "age" and isinstance(value, Scalar) and is_sealed(value.value)
    return not whole and not names_password(key.value, value)


def _digest(data: object) -> str:
    import hashlib  # as dear as the next one is, and not needed to show a value

    return hashlib.blake2b(repr(data).encode()).hexdigest()


def one_line(data: object) -> str:
    """A value on one line; nothing in it can break the line."""
    if isinstance(data, list | tuple):
        return ", ".join(one_line(item) for item in data)
    if isinstance(data, dict):
        return ", ".join(k if v is True else f"{k} {one_line(v)}" for k, v in data.items())
    if isinstance(data, bool):
        return "true" if data else "false"
    if data is None:
        return "-"
    text = str(data)
    return text if text.isprintable() else scalars.double_quoted(text)


def differences(old: Snapshot | None, new: Snapshot | None) -> tuple[FieldChange, ...]:
    """The fields that differ, in canonical order, those that are gone behind.

    Where one side is None there was nothing, and only what the other gives is listed.
    """
    if old is None or new is None:
        return _all_given(old, new)
    found = []
    for name in new if new.keys() == old.keys() else {**new, **old}:
        before, after = old.get(name, ABSENT), new.get(name, ABSENT)
        if before != after and not same(name, before, after):
            found.append(FieldChange(name, before, after))
    return tuple(found)


def _all_given(old: Snapshot | None, new: Snapshot | None) -> tuple[FieldChange, ...]:
    known = new if old is None else old
    assert known is not None
    given = [(f, value) for f, value in known.items() if value.given and f != "reference"]
    if old is None:
        return tuple(FieldChange(f, ABSENT, value) for f, value in given)
    return tuple(FieldChange(f, value, ABSENT) for f, value in given)


def same(field: str, old: Value, new: Value) -> bool:
    """True where two values of a field mean the same; the order of tags means nothing."""
    if field == "tags" and isinstance(old.data, list) and isinstance(new.data, list):
        return old.given == new.given and sorted(old.data) == sorted(new.data)
    return old == new


# -- words for commits ---------------------------------------------------------------------------


def body(changes: Iterable[MemberChange], settings: Iterable[FieldChange] = ()) -> str:
    """The body of a commit message: each field, old and new, equal changes told once."""
    grouped: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for change in changes:
        lines = tuple(field.told(change.kind) for field in change.fields)
        grouped[(_heading(change), *lines)].append(change.reference)
    blocks = [("settings:", *(field.text() for field in settings))]
    blocks += [(f"{told[0]} {', '.join(names)}", *told[1:]) for told, names in grouped.items()]
    return "\n\n".join(
        "\n  ".join(one_line(line) for line in lines) for lines in blocks if lines != ("settings:",)
    )


def _heading(change: MemberChange) -> str:
    words = {"renamed": "renamed from", "duplicated": "duplicated from"}
    what = "scenario " if change.member_kind is SCENARIO else ""
    if change.kind in words:
        return f"{what}{words[change.kind]} {change.source}:"
    return f"{what}{change.kind}:"


def subject_of(changes: Iterable[MemberChange]) -> str:
    """What edits are called: `Change port of pbx-paris`, `Change port and host of 12 endpoints`;
    `Reformat pbx-paris` where no field differs."""
    known = tuple(changes)
    told = [change for change in known if change.fields]
    fields = list(dict.fromkeys(f.field for change in told for f in change.fields))
    these = of_these([change.member_kind.path(change.reference) for change in told or known])
    if not told:
        return f"Reformat {these}"
    named = " and ".join(fields) if len(fields) <= 2 else f"{len(fields)} fields"
    return f"Change {named} of {these}"


def of_these(paths: Iterable[str]) -> str:
    """What files are called together: the one reference, or how many endpoints and scenarios."""
    known = tuple(paths)
    if len(known) == 1:
        kind = kind_of(known[0])
        noun = "scenario " if kind is SCENARIO else ""
        return noun + reference_of(known[0]) if kind else known[0]
    scenarios = sum(kind_of(path) is SCENARIO for path in known)
    others = sum(kind_of(path) is None for path in known)
    counts = (
        (len(known) - scenarios - others, "endpoint"),
        (scenarios, "scenario"),
        (others, "file"),
    )
    told = [f"{count} {noun}{'s' * (count != 1)}" for count, noun in counts if count]
    return " and ".join(told) or "0 endpoints"
