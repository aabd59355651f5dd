"""From a file's bytes to what is known of it: parsing, typing, and the rules within one file.

All that is dear stands behind this module, and it is loaded where a file is read that is not known.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from typing import Any

from pydantic import BaseModel

from sipctl import names
from sipctl.changes import name_of_key, names_password, shown_field, shown_value
from sipctl.endpoint import FIELDS, PASSWORD_FORMS, password_form
from sipctl.findings import Finding
from sipctl.kinds import ENDPOINT, SCENARIO, SETTINGS_FILE, Kind, kind_in
from sipctl.member import Branching, Facts, Kept, Login, Span, Use, digest
from sipctl.names import MASK
from sipctl.passwords.masking import with_sources
from sipctl.rules import comments, ignores
from sipctl.scenarios.scenario import Scenario
from sipctl.typed import decode
from sipctl.yamlfile import scalars
from sipctl.yamlfile.nodes import Mapping as MappingNode
from sipctl.yamlfile.nodes import Mend, Node, Scalar, Sequence
from sipctl.yamlfile.read import Document, read


@cache
def _model(kind: Kind | None) -> type[BaseModel]:
    """What a file of this kind may hold, without one the settings; loaded for the first of them."""
    if kind is None:
        from sipctl.models.settings import SettingsModel

        return SettingsModel
    if kind is ENDPOINT:
        from sipctl.models.endpoint import EndpointModel

        return EndpointModel
    from sipctl.models.scenario import ScenarioModel

    return ScenarioModel


def facts_of_many(files: Iterable[tuple[str, bytes]]) -> Iterator[tuple[str, Facts]]:
    """What is found out of files, each given by its path and bytes; the settings may be among them.

    Some are parsed, then these are judged. File by file the processor would have to change between
    the two, which takes a sixth longer.
    """
    waiting: list[tuple[str, Document]] = []
    size = 0
    for path, data in files:
        waiting.append((path, read(data, path)))
        size += len(data)
        if size >= _AT_ONCE:
            yield from _judged(waiting)
            waiting, size = [], 0
    yield from _judged(waiting)


_AT_ONCE = 64 << 10
"""Bytes of files that are parsed before they are judged: what is made of them takes fifty times as
much memory."""


def _judged(documents: Iterable[tuple[str, Document]]) -> Iterator[tuple[str, Facts]]:
    for path, document in documents:
        if path == SETTINGS_FILE:
            yield path, _of_settings(document)
        else:
            yield path, facts_of_document(path, document)


def facts_of_document(path: str, document: Document) -> Facts:
    """What is found out of a member's file that has been parsed."""
    kind = kind_in(path)
    root = document.root if isinstance(document.root, MappingNode) else None
    if document.root is None:
        found = with_sources(document.findings, document.text, None, kind)
        return Facts(findings=found)
    decoded = decode(document.root, _model(kind), path, document.text)
    findings = decoded.findings
    meant = decoded.tolerated if decoded.data is None else decoded.data
    if kind is SCENARIO and root is not None:
        from sipctl.rules import graphs

        scenario = Scenario.of(meant) if meant is not None else None
        findings = (*findings, *graphs.check(scenario, root, path))
    found = with_sources(findings, document.text, root, kind)
    return Facts(
        data=_without_passwords(decoded.data, kind),
        tolerated=_without_passwords(decoded.tolerated, kind),
        doubts=decoded.findings if decoded.tolerated is not None else (),
        findings=found,
        ignores=comments.written(document.text, document.root, path),
        parsed=root is not None,
        **(_of_root(root, kind, found) if root is not None else {}),
    )


def settings_of(data: bytes) -> Facts:
    """What is found out of the settings' bytes."""
    return _of_settings(read(data, SETTINGS_FILE))


def _of_settings(document: Document) -> Facts:
    if document.root is None:
        found = tuple(map(_in_settings, document.findings))
        return Facts(findings=with_sources(found, document.text, None, None))
    decoded = decode(document.root, _model(None), SETTINGS_FILE, document.text)
    ignored = comments.written(document.text, document.root, SETTINGS_FILE)
    found = (*decoded.findings, *ignores.faults_of_settings(ignored))
    findings = with_sources(found, document.text, document.root, None)
    return Facts(data=decoded.data, findings=findings, parsed=True)


def _in_settings(finding: Finding) -> Finding:
    """The same finding; the file marks the workspace, and nobody is to delete it."""
    empty = finding.rule == "empty-file"
    return finding._replace(hint="write `version: 1`") if empty else finding


def mends_of(path: str, root: Node, text: str) -> tuple[Mend, ...]:
    """The splices by which `fmt` mends a member's file, or the settings."""
    model = _model(None if path == SETTINGS_FILE else kind_in(path))
    return decode(root, model, path, text).mends


def _without_passwords(data: Mapping[str, Any] | None, kind: Kind) -> Mapping[str, Any] | None:
    """A document's data with the form of its password alone, and what may hold one masked."""
    if data is None:
        return data
    if kind is SCENARIO:
        own = {key: shown_value(key, value) for key, value in data.items() if key != "actions"}
        actions = {id: _shown_action(a) for id, a in data.get("actions", {}).items()}
        return {key: actions if key == "actions" else own[key] for key in data}
    if "password" in data:
        data = {**data, "password": password_form(data["password"]) or {}}
    if not _may_hold_secrets(data):
        return data
    shown = {key: shown_field(key, value) for key, value in data.items()}
    if "password" in data:
        form = data["password"]
        shown["password"] = {key: shown_field(key, value) for key, value in form.items()}
    return shown


def _may_hold_secrets(data: Mapping[str, Any]) -> bool:
    """True where a value may hold a secret: looked for in all of them at once, as hardly any does.
    Keys of the user's own are another matter."""
    texts: list[str] = []
    for key, value in data.items():
        if key.startswith("x-"):
            return True
        if type(value) is str:
            texts.append(value)
        elif type(value) is tuple:
            texts += value
        elif key == "password":
            texts += map(str, value.values())
        elif not isinstance(value, int):  # which no field is known to hold
            return True
    return names.may_hold_secret("\n".join(texts))


def _shown_action(action: Mapping[str, Any]) -> dict[str, Any]:
    """An action's data; ids and labels are not secret, whatever they are called."""
    return {
        key: value if key == "branches" else shown_value(key, value)
        for key, value in action.items()
    }


# -- what rules between files ask for ------------------------------------------------------------


_PLACED = {ENDPOINT.noun: ("reference", "register"), SCENARIO.noun: ("reference", "type", "start")}


def _span(node: Node) -> Span:
    return node.line, node.column, max(node.end - node.start, 1)


def _of_root(root: MappingNode, kind: Kind, findings: tuple[Finding, ...]) -> dict[str, Any]:
    spans = {"": _span(root)}
    for key in _PLACED[kind.noun]:
        node = root.get(key)
        if node is not None:
            spans[key] = _span(node)
    facts: dict[str, Any] = {"spans": spans}
    if kind is ENDPOINT:
        return facts | _of_endpoint(root)
    from sipctl.rules import graphs

    return facts | {
        "uses": tuple(Use(u.action, u.endpoint, _span(u.node)) for u in graphs.uses(root)),
        "numbers": _numbers(root),
        "branchings": dict(_branchings(root)),
        "uses_known": graphs.uses_are_known(root, findings),
    }


_FIELDS = frozenset(FIELDS)


def _of_endpoint(root: MappingNode) -> dict[str, Any]:
    unknown = [
        name_of_key(key.value, value, root)
        for key, value in root.entries
        if key.value not in _FIELDS and not key.value.startswith("x-")
    ]
    kept = _kept(root.get("password"))
    login, username = None, root.get("username")
    if kept and kept.sealed:
        name = username.value if isinstance(username, Scalar) else None
        login = Login(name, digest(kept.sealed.encode()))
    return {"unknown": tuple(unknown), "kept": kept, "login": login}


def _kept(node: Node | None) -> Kept | None:
    if node is None:
        return None
    if isinstance(node, Scalar):
        null = scalars.is_null(node.value, node.plain)
        # how long it is is not told
        place = (node.line, node.column, len(MASK))
        return Kept("plain", place) if node.value and not null else None
    entries = node.entries if isinstance(node, MappingNode) else []
    form, named = entries[0] if len(entries) == 1 else (None, None)
    if form is None or form.value not in PASSWORD_FORMS or not isinstance(named, Scalar):
        return Kept("unknown", _span(node))
    if form.value == "age":
        return _sealed(named)
    name = named.value if names_password(form.value, named) else ""
    return Kept(form.value, _span(named), name)


def _sealed(node: Scalar) -> Kept | None:
    if not node.value:
        return None
    from sipctl.passwords import sealing  # dear, and many workspaces seal nothing

    try:
        sealing.parse(node.value)
    except sealing.Malformed as fault:
        return Kept("age", _span(node), fault=str(fault))
    return Kept("age", _span(node), sealed=node.value)


def _numbers(root: MappingNode) -> dict[str, Span]:
    """The numbers of a scenario; one that stands twice in it has a finding of its own."""
    numbers = root.get("entry_points")
    first: dict[str, Span] = {}
    for number in numbers.items if isinstance(numbers, Sequence) else ():
        if isinstance(number, Scalar):
            first.setdefault(number.value, _span(number))
    return first


def _branchings(root: MappingNode) -> Iterator[tuple[str, Branching]]:
    actions = root.get("actions")
    for id, action in actions.entries if isinstance(actions, MappingNode) else ():
        branches = action.get("branches") if isinstance(action, MappingNode) else None
        entries = branches.entries if isinstance(branches, MappingNode) else ()
        yield id.value, Branching(_span(id), {label.value: _span(label) for label, _ in entries})
