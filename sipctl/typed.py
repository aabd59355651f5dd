"""From nodes to a model: scalars are typed by what the field asks for, never by how they look.

What is written so that a reader could take it for something else is a finding, with the splice that
`fmt` mends it by. What is well typed goes to pydantic, whose errors become findings at their place.
"""

from __future__ import annotations

import importlib
import sys
import types
import typing
from collections.abc import Callable, Collection, Iterator
from collections.abc import Mapping as MappingType
from contextlib import contextmanager
from functools import cache
from typing import Any, NamedTuple

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

from sipctl import names
from sipctl.endpoint import PASSWORD_CURE
from sipctl.findings import Finding, Place
from sipctl.own import MAX_DIGITS, free, is_alone, shown_key, told_entries
from sipctl.passwords import withheld
from sipctl.rules.book import RULES
from sipctl.scenarios import catalogue
from sipctl.yamlfile import scalars
from sipctl.yamlfile.nodes import Mapping, Mend, Node, Scalar, Sequence

Data = MappingType[str, Any]
"""A document's values by key, each of the type that its field has."""


class Decoded(NamedTuple):
    """What a document says: its data (None where it cannot be told), findings, `fmt`'s splices.

    `tolerated` is the data with values that their fields forbid, for who allows them, and those
    that `fmt` mends, as it would write them: they hide no other finding. It is None where there are
    none, or where a finding leaves open what the document says.
    """

    data: Data | None
    findings: tuple[Finding, ...]
    mends: tuple[Mend, ...]
    tolerated: Data | None = None


class _Typing:
    """Collects what typing one document finds."""

    def __init__(self, file: str, text: str) -> None:
        self.file = file
        self.text = text
        self.findings: list[Finding] = []
        self.mends: list[Mend] = []
        self.lost = 0  # findings that leave no value to judge on with

    def fault(
        self, rule: str, node: Node, message: str, hint: str, mend: str | None = None
    ) -> None:
        self.findings.append(Finding.of(rule, node.place(self.file), message, hint))
        if mend is not None:
            self.mends.append(Mend(node.start, node.end, mend))
        elif RULES[rule].fixed:
            self.lost += 1

    def shown(self, scalar: Scalar) -> str:
        """A value as it stands in the file, shortened; nothing of one that may hold a secret."""
        if names.may_hold_secret(scalar.value):
            return "this value"
        return self.text[scalar.start : scalar.end][:40]


class _Faulty(Exception):
    """The node has no value of the kind asked for; the finding is made."""


def decode(root: Node, model: type[BaseModel], file: str, text: str) -> Decoded:
    """Read a document's root node as `model`. Never raises for what the document holds."""
    typing_ = _Typing(file, text)
    if not isinstance(root, Mapping):
        message = "the document is not a mapping of keys to values"
        typing_.fault("wrong-type", root, message, "write `key: value` lines")
        return Decoded(None, tuple(typing_.findings), ())
    data = _fields(root, model, typing_)
    forbidden = _validate(model, data, root, typing_)
    findings, mends = tuple(typing_.findings), tuple(typing_.mends)
    if not findings:
        return Decoded(data, findings, mends)
    if typing_.lost or not _required(model).keys() <= data.keys():
        return Decoded(None, findings, mends)
    # a mapping is a password whose form or owner is not known: there is none to speak of
    tolerated = {k: v for k, v in data.items() if k not in forbidden or not isinstance(v, dict)}
    return Decoded(None, findings, mends, tolerated)


def _required(model: type[BaseModel]) -> dict[str, FieldInfo]:
    return {i.alias or n: i for n, i in model.model_fields.items() if i.is_required()}


def _fields(root: Mapping, model: type[BaseModel], typing_: _Typing) -> dict[str, Any]:
    kinds = _kinds_in(root, model)
    keeping = _is_marked(model, "KEEPS_UNKNOWN_KEYS")
    data = {}
    told = [key for key, _ in told_entries(root)] if root.flow else []
    for number, (key, node) in enumerate(root.entries):
        name = key.value
        if name.startswith("x-") or (keeping and name not in kinds):
            data[told[number] if told else name] = free(node)
            continue
        if name not in kinds:
            _unknown_key(key, is_alone(node, root), kinds, typing_)
            continue
        try:
            data[name] = _READERS[kinds[name]](node, name, typing_)
        except _Faulty:
            continue
    return data


def _kinds_in(root: Mapping, model: type[BaseModel]) -> MappingType[str, str]:
    """What each key of this mapping is read as: an action's parameters depend on its type."""
    if not _is_marked(model, "HAS_PARAMETERS"):
        return _kinds(model)
    action = root.get("action")
    known = catalogue.known().get(action.value) if isinstance(action, Scalar) else None
    parameters = known.parameters if known else {}
    read_as = {
        name: _PARAMETERS[holds] for name, holds in parameters.items() if holds in _PARAMETERS
    }
    return {**_kinds(model), **read_as}


@cache
def _is_marked(model: type[BaseModel], mark: str) -> bool:
    """Whether a model has an attribute that says so; pydantic is slow to tell that it has not."""
    return getattr(model, mark, False)


_PARAMETERS = {"endpoint": "string", "text": "string", "texts": "string or strings"}
"""What a parameter is read as, by what it holds; all others are kept as they are."""


def _unknown_key(key: Scalar, alone: bool, kinds: MappingType[str, str], typing_: _Typing) -> None:
    if key.plain and scalars.taken_for(key.value) and not alone:
        _key(key, typing_)
        return
    hint = names.did_you_mean(key.value, kinds) or "keys of your own begin with x-"
    message = f'the key "{shown_key(key.value, alone=alone)}" is not known here'
    typing_.fault("unknown-key", key, message, hint)


def _key(key: Scalar, typing_: _Typing) -> None:
    """A key must be a string to every reader."""
    taken = scalars.taken_for(key.value) if key.plain else None
    if taken:
        quoted = scalars.double_quoted(key.value)
        message = f"the key {key.value or 'without a name'} may be taken for {taken}"
        typing_.fault("unquoted-string", key, message, f"write {quoted}", quoted)


# -- one reader for each kind of field ---------------------------------------------------------


def _scalar(node: Node, name: str, what: str, typing_: _Typing, *, item: bool = False) -> Scalar:
    if not isinstance(node, Scalar):
        found = "a list" if isinstance(node, Sequence) else "a mapping"
        if name == "password":  # as a plain string it would be in plain text
            message, hint = f'"{name}" holds {found} where none belongs', PASSWORD_CURE
        else:
            message = f'"{name}" is {found}, {what} belongs here'
            hint = f"write `{name}: …` with one value"
        typing_.fault("wrong-type", node, message, hint)
        raise _Faulty
    if node.plain and scalars.taken_for(node.value) == "null":
        message = f'an item of "{name}" has no value' if item else f'"{name}" has no value'
        write = "quote the value" if what == "a string" else f"write {what}"
        write = PASSWORD_CURE if name == "password" else write
        out = "take the item out" if item else "take the key out"
        typing_.fault("null-value", node, message, f"{out}, or {write}")
        raise _Faulty
    return node


def _string(node: Node, name: str, typing_: _Typing, *, item: bool = False) -> str:
    if type(node) is Scalar and (node.style or scalars.taken_for(node.value) is None):
        return node.value
    scalar = _scalar(node, name, "a string", typing_, item=item)
    taken = scalars.taken_for(scalar.value)
    quoted = scalars.double_quoted(scalar.value)
    if name == "password":
        message, hint = f"the password may be taken for {taken}", "quote it"
    else:
        message, hint = f"{scalar.value} may be taken for {taken}", f"write {quoted}"
    typing_.fault("unquoted-string", scalar, message, hint, quoted)
    return scalar.value


def _integer(node: Node, name: str, typing_: _Typing) -> int:
    scalar = _scalar(node, name, "a number", typing_)
    text = scalar.value
    if scalar.plain and scalars.DECIMAL.match(text):
        return int(text) if len(text) <= MAX_DIGITS else 10**MAX_DIGITS
    digits = text.lstrip("0") if text.isascii() and text.isdigit() else ""
    mend = digits if 0 < len(digits) <= MAX_DIGITS else None
    shown = typing_.shown(scalar)
    hint = f"write {mend}" if mend else "use plain decimal digits"
    typing_.fault("not-a-number", scalar, f"{shown} is not a plain number", hint, mend)
    if mend is None:
        raise _Faulty
    return int(mend)


_TRUE = frozenset(("true", "yes", "on", "y"))
_FALSE = frozenset(("false", "no", "off", "n"))


def _boolean(node: Node, name: str, typing_: _Typing) -> bool:
    scalar = _scalar(node, name, "true or false", typing_)
    text = scalar.value
    if scalar.plain and text in ("true", "false"):
        return text == "true"
    folded = text.casefold()
    mend = "true" if folded in _TRUE else "false" if folded in _FALSE else None
    shown = typing_.shown(scalar)
    hint = f"write {mend}" if mend else "write true or false"
    typing_.fault("not-a-boolean", scalar, f"{shown} is not a boolean", hint, mend)
    if mend is None:
        raise _Faulty
    return mend == "true"


def _strings(node: Node, name: str, typing_: _Typing) -> tuple[str, ...]:
    if not isinstance(node, Sequence):
        null = isinstance(node, Scalar) and node.plain and scalars.taken_for(node.value) == "null"
        if null:
            message = f'"{name}" has no value'
            typing_.fault("null-value", node, message, "take the key out, or write a list")
        else:
            message = f'"{name}" is not a list'
            typing_.fault("wrong-type", node, message, f"write `{name}: [one, two]`")
        raise _Faulty
    values, faulty = [], False
    for item in node.items:
        try:
            values.append(_string(item, name, typing_, item=True))
        except _Faulty:
            faulty = True
    if faulty:
        raise _Faulty
    return tuple(values)


def _string_map(node: Node, name: str, typing_: _Typing) -> dict[str, str]:
    lost, found = typing_.lost, len(typing_.findings)
    values = {}
    for key, value in _mapping(node, name, "`key: value` lines", typing_).entries:
        # what stands in a password's mapping, in any form, may be the password itself
        secret = name == "password"
        if not secret:
            _key(key, typing_)
        try:
            values[key.value] = _string(value, name if secret else key.value, typing_)
        except _Faulty:
            continue
    # nobody judges on with what may be the password itself
    if typing_.lost > lost or (name == "password" and len(typing_.findings) > found):
        raise _Faulty
    return values


def _string_or_strings(node: Node, name: str, typing_: _Typing) -> object:
    if isinstance(node, Sequence):
        return list(_strings(node, name, typing_))
    return _string(node, name, typing_)


def _targets(node: Node, name: str, typing_: _Typing) -> dict[str, str | None]:
    """The branches of an action: only here is null a value, the end of the call flow."""
    lost = typing_.lost
    values: dict[str, str | None] = {}
    for key, value in _mapping(node, name, "`label: action` lines", typing_).entries:
        _key(key, typing_)
        if isinstance(value, Scalar) and value.plain and scalars.taken_for(value.value) == "null":
            values[key.value] = None
            continue
        try:
            values[key.value] = _string(value, key.value, typing_)
        except _Faulty:
            continue
    if typing_.lost > lost:
        raise _Faulty
    return values


def _actions(node: Node, name: str, typing_: _Typing) -> dict[str, Any]:
    from sipctl.models.scenario import Action  # dear, and endpoints have none

    lost = typing_.lost
    values = {}
    for key, value in _mapping(node, name, "`id:` and the action below it", typing_).entries:
        _key(key, typing_)
        try:
            entry = _mapping(value, key.value, "`action: …` below it", typing_)
        except _Faulty:
            continue
        if entry.get("action") is None:
            message = f"the action {names.quoted(key.value)} has no type"
            typing_.fault("missing-key", key, message, "add `action: …`")
        values[key.value] = _fields(entry, Action, typing_)
    if typing_.lost > lost:
        raise _Faulty
    return values


def _mapping(node: Node, name: str, what: str, typing_: _Typing) -> Mapping:
    if isinstance(node, Mapping):
        return node
    if isinstance(node, Scalar) and node.plain and scalars.taken_for(node.value) == "null":
        message = f"{names.quoted(name)} has no value"
        typing_.fault("null-value", node, message, f"take the key out, or write {what}")
    else:
        message = f"{names.quoted(name)} is not a mapping"
        typing_.fault("wrong-type", node, message, f"write {what}")
    raise _Faulty


def _string_or_map(node: Node, name: str, typing_: _Typing) -> object:
    if isinstance(node, Mapping):
        return _string_map(node, name, typing_)
    return _string(node, name, typing_)


_READERS: dict[str, Callable[[Node, str, _Typing], Any]] = {
    "string": _string,
    "integer": _integer,
    "boolean": _boolean,
    "strings": _strings,
    "map": _string_map,
    "string or map": _string_or_map,
    "string or strings": _string_or_strings,
    "targets": _targets,
    "actions": _actions,
}


@cache
def _kinds(model: type[BaseModel]) -> dict[str, str]:
    """What each key of a model's documents is read as, from the model's own annotations."""
    return {info.alias or name: _kind(info.annotation) for name, info in model.model_fields.items()}


def _kind(annotation: Any) -> str:
    origin, args = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is typing.Annotated:
        return _kind(args[0])
    if origin in (typing.Union, types.UnionType):
        kinds = {_kind(a) for a in args if a is not type(None)}
        return kinds.pop() if len(kinds) == 1 else "string or map"
    if origin is dict and args[1] == str | None:
        return "targets"
    if origin is dict:
        return "actions" if _is_model(args[1]) else "map"
    if _is_model(annotation):
        return "map"
    if origin is tuple:
        return "strings"
    return {str: "string", int: "integer", bool: "boolean"}[annotation]


def _is_model(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)


# -- pydantic's errors as findings ---------------------------------------------------------------


@cache
def _built(model: type[BaseModel]) -> type[BaseModel]:
    """The model, built without pydantic's plugins: they are told what is validated, a password
    among it, and to look for them takes longer than to read a hundred files."""
    with withheld.holding("PYDANTIC_DISABLE_PLUGINS", "__all__"), _no_entry_points():
        model.model_rebuild()
    return model


@contextmanager
def _no_entry_points() -> Iterator[None]:
    """For a time who imports `importlib.metadata` gets what loads it when it is used: pydantic
    imports it to look for plugins, and looks for none. It takes as long as to build ten models."""
    name = "importlib.metadata"
    if name in sys.modules:
        yield
        return
    stand_in = types.ModuleType(name)

    def real() -> types.ModuleType:
        if sys.modules.get(name) is stand_in:
            del sys.modules[name]
        return importlib.import_module(name)

    def entry_points(**wanted: str) -> Any:
        return real().entry_points(**wanted)

    def other(attribute: str) -> Any:
        if attribute.startswith("__"):  # Python itself asks for some of these
            raise AttributeError(attribute)
        return getattr(real(), attribute)

    vars(stand_in).update(entry_points=entry_points, __getattr__=other)
    sys.modules[name] = stand_in
    try:
        yield
    finally:
        if sys.modules.get(name) is stand_in:
            del sys.modules[name]


def _validate(
    model: type[BaseModel], data: Data, root: Mapping, typing_: _Typing
) -> Collection[str]:
    """The keys whose values are forbidden; what is wrong with them becomes findings."""
    forbidden = _judged(model, data, root, typing_)
    if not forbidden:
        return forbidden
    # what a model says of several fields together it says once each by itself is sound
    sound = {key: value for key, value in data.items() if key not in forbidden}
    instead = {
        key: (field.examples or ["x"])[0]
        for key, field in _required(model).items()
        if key in forbidden
    }
    return forbidden | _judged(model, {**instead, **sound}, root, typing_)


def _judged(model: type[BaseModel], data: Data, root: Mapping, typing_: _Typing) -> set[str]:
    """The keys that a model finds fault with; what it finds becomes findings."""
    forbidden = set[str]()
    try:
        _built(model).model_validate(data)
    except ValidationError as error:
        there = set(root.keys()) - set(data)  # these have their findings already
        for item in error.errors(include_url=False, include_input=False):
            path = (*item["loc"], item.get("ctx", {}).get("field"))
            forbidden.add(str(path[0]))
            if item["type"] == "missing" and path[0] in there:
                continue
            if item["type"] == "password-without-username" and "username" in there:
                continue
            for one in _each(dict(item)):
                typing_.findings.append(_finding(one, root, typing_))
    return forbidden


def _each(error: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """An error, and the further ones that a validator found in the same value."""
    yield error
    for other in error.get("ctx", {}).get("others", ()):
        yield {**error, "type": other.type, "msg": other.message(), "ctx": other.context}


def _finding(error: dict[str, Any], root: Mapping, typing_: _Typing) -> Finding:
    context = error.get("ctx", {})
    if error["type"] == "missing":
        key = error["loc"][0]
        place = Place(typing_.file, root.line, root.column, root.line, root.column + 1)
        return Finding.of("missing-key", place, f'the key "{key}" is missing', f"add `{key}: …`")
    path = list(error["loc"]) + [context[k] for k in ("index", "field") if k in context]
    node = _walk(root, path)
    if path == ["password"] and "field" in context:
        node = root.key("password") or node
    if "key" in context and isinstance(node, Mapping):
        node = node.key(context["key"]) or node
    if "mend" in context:
        typing_.mends.append(Mend(node.start, node.end, context["mend"]))
    rule = error["type"] if error["type"] in RULES else "wrong-type"
    return Finding.of(rule, node.place(typing_.file), error["msg"], context.get("hint", ""))


def _walk(root: Mapping, path: list[str | int]) -> Node:
    """The node at a path, or the nearest parent where the path leaves the document (union tags)."""
    node: Node = root
    for step in path:
        if isinstance(node, Mapping):
            found = node.get(str(step))
        elif isinstance(node, Sequence) and isinstance(step, int) and step < len(node.items):
            found = node.items[step]
        else:
            found = None
        if found is None:
            break
        node = found
    return node
