"""The rules within one scenario. All pure, all linear.

What is found stands at the nodes of the file; what it means is asked of the model.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from sipctl import names
from sipctl.findings import Finding, Place
from sipctl.scenarios import catalogue, graph
from sipctl.scenarios.catalogue import ActionType
from sipctl.scenarios.scenario import FIELDS, Action, Scenario
from sipctl.yamlfile import scalars
from sipctl.yamlfile.nodes import Mapping, Node, Scalar
from sipctl.yamlfile.nodes import Sequence as SequenceNode

# -- the endpoints that a scenario uses ------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Use:
    """An action that sends calls to an endpoint, and the node that names it."""

    action: str
    endpoint: str
    node: Scalar


def uses(root: Mapping) -> Iterator[Use]:
    """Every use of an endpoint in a scenario's document, whatever else is wrong with it."""
    for key, entry in _actions(root):
        node = entry.get(_endpoint_parameter(entry)) if isinstance(entry, Mapping) else None
        if isinstance(node, Scalar) and not _is_null(node):
            yield Use(key.value, node.value, node)


def uses_are_known(root: Mapping | None, findings: Iterable[Finding]) -> bool:
    """True where `uses` misses nothing of a document with these findings."""
    if root is None:
        return False
    if not any(finding.is_error for finding in findings):
        return True
    actions = root.get("actions")
    if actions is None:
        return True
    return isinstance(actions, Mapping) and all(_is_told(entry) for _, entry in actions.entries)


def _is_told(entry: Node) -> bool:
    if not isinstance(entry, Mapping) or not isinstance(entry.get("action"), Scalar):
        return False
    return isinstance(entry.get(_endpoint_parameter(entry)), Scalar | None)


def _actions(root: Mapping) -> list[tuple[Scalar, Node]]:
    actions = root.get("actions")
    return actions.entries if isinstance(actions, Mapping) else []


def _type_of(entry: Mapping) -> ActionType | None:
    action = entry.get("action")
    return catalogue.known().get(action.value) if isinstance(action, Scalar) else None


def _endpoint_parameter(entry: Mapping) -> str:
    known = _type_of(entry)
    return known.endpoint_parameter or "" if known else ""


def _is_null(node: Scalar) -> bool:
    return node.plain and scalars.taken_for(node.value) == "null"


# -- within one scenario ---------------------------------------------------------------------------


@dataclass(frozen=True)
class _Read:
    """A scenario and the document that it was read from."""

    scenario: Scenario
    root: Mapping
    path: str

    def place(self, node: Node | None) -> Place:
        return (node or self.root).place(self.path)

    def entry(self, id: str) -> Mapping:
        """What stands below an action's id."""
        actions = self.root.get("actions")
        entry = actions.get(id) if isinstance(actions, Mapping) else None
        assert isinstance(entry, Mapping)
        return entry

    def id(self, id: str) -> Place:
        """The place of an action's id."""
        actions = self.root.get("actions")
        return self.place(actions.key(id) if isinstance(actions, Mapping) else None)

    def branches(self, id: str) -> Mapping:
        """The branches of an action that has some."""
        branches = self.entry(id).get("branches")
        assert isinstance(branches, Mapping)
        return branches

    @cached_property
    def nearest(self) -> names.Nearest:
        return names.Nearest(self.scenario.actions)


def check(scenario: Scenario | None, root: Mapping, path: str) -> Iterator[Finding]:
    """What the rules within one scenario find; without its model only what its keys tell."""
    yield from _misspelt_keys(root, path)
    # an action that could not be read has its finding, and the graph without it is another one
    if scenario is None or len(_actions(root)) != len(scenario.actions):
        return
    read = _Read(scenario, root, path)
    for rule in _WITHIN:
        yield from rule(read)


def _missing_start(read: _Read) -> Iterator[Finding]:
    """SIP405: actions without a start; a scenario that has neither is an empty one."""
    if read.scenario.start is None and read.scenario.actions:
        place = read.place(read.root.key("actions"))
        first = _first(read.scenario)
        yield Finding.of(
            "missing-start", place, 'there are actions and no "start"', f"add `start: {first}`"
        )


def _first(scenario: Scenario) -> str:
    """The action where calls most likely begin: the first that no other leads to."""
    led_to = {link.target for link in graph.links(scenario) if link.target != link.source}
    ids = list(scenario.actions)
    first = next((id for id in ids if id not in led_to), ids[0])
    return first if scalars.is_plain_safe(first) else scalars.double_quoted(first)


def _unknown_start(read: _Read) -> Iterator[Finding]:
    """SIP406: the start names no action."""
    start = read.scenario.start
    if start is not None and start not in read.scenario.actions:
        message = f"there is no action {names.quoted(start)} to start at"
        hint = read.nearest.hint(start, "name the action that calls come to first")
        yield Finding.of("unknown-start", read.place(read.root.get("start")), message, hint)


def _unknown_target(read: _Read) -> Iterator[Finding]:
    """SIP404: a branch's target is null or the id of an action."""
    for link in graph.links(read.scenario):
        if link.target is None or link.target in read.scenario.actions:
            continue
        message = f"there is no action {names.quoted(link.target)}"
        message += f" (branch {names.quoted(link.label)} of {names.quoted(link.source)})"
        hint = read.nearest.hint(link.target, "add the action, or write null to end the call")
        place = read.place(read.branches(link.source).get(link.label))
        yield Finding.of("unknown-target", place, message, hint)


def _unreachable_action(read: _Read) -> Iterator[Finding]:
    """SIP407, as if other faults were mended as their hints say: one slip is one finding."""
    mended = _mended(read)
    for id, *behind in graph.unreached(mended) if mended else ():
        message = f"no call can come to {names.quoted(id)}"
        if behind:
            message += f", and so not to {_listed(behind)}"
        hint = "let a branch lead to it, or take it out"
        yield Finding.of("unreachable-action", read.id(id), message, hint)


def _mended(read: _Read) -> Scenario | None:
    """The scenario with the nearest action for each that is not known; None without a start."""
    scenario = read.scenario
    start = _known_or_nearest(scenario.start, read)
    if start is None:
        return None
    actions = {id: _mended_action(action, read) for id, action in scenario.actions.items()}
    return scenario._replace(start=start, actions=actions)


def _mended_action(action: Action, read: _Read) -> Action:
    branches = {label: _known_or_nearest(to, read) for label, to in action.branches.items()}
    return action._replace(branches=branches)


def _known_or_nearest(id: str | None, read: _Read) -> str | None:
    return id if id is None or id in read.scenario.actions else read.nearest(id)


def _endless_loop(read: _Read) -> Iterator[Finding]:
    """SIP408: a loop that no branch leaves which is written."""
    for loop in graph.closed_loops(read.scenario):
        message = f"callers go round in {_listed(loop)} for ever: no branch leads out"
        hint = "let a branch lead elsewhere, or end the call with null"
        yield Finding.of("endless-loop", read.id(loop[0]), message, hint)


_MOST_LISTED = 4


def _listed(ids: Sequence[str]) -> str:
    """`"a", "b" and "c"`, or the first few and how many more."""
    shown = list(map(names.quoted, ids[:_MOST_LISTED]))
    if len(ids) > _MOST_LISTED:
        shown[-1] = f"{len(ids) - _MOST_LISTED + 1} more"
    return " and ".join(filter(None, (", ".join(shown[:-1]), shown[-1])))


def _unknown_action(read: _Read) -> Iterator[Finding]:
    """SIP401: the catalogue does not know the type."""
    nearest = names.Nearest(catalogue.known())
    for id, action in read.scenario.actions.items():
        if action.known:
            continue
        message = f"{names.quoted(action.action)} is not a known type (action {names.quoted(id)})"
        hint = nearest.hint(action.action, "it is kept as it is, and cannot be checked")
        place = read.place(read.entry(id).get("action"))
        yield Finding.of("unknown-action", place, message, hint)


def _missing_endpoint(read: _Read) -> Iterator[Finding]:
    """SIP403: what sends calls to an endpoint names one."""
    for id, action in read.scenario.actions.items():
        name = action.known.endpoint_parameter if action.known else None
        if name and name not in action.parameters:
            message = f"the action {names.quoted(id)} names no endpoint"
            yield Finding.of("missing-endpoint", read.id(id), message, f"add `{name}: …`")


def _unknown_branch(read: _Read) -> Iterator[Finding]:
    """SIP409 where all labels of the type are confirmed, SIP410 where some are assumed."""
    for id, action in read.scenario.actions.items():
        known = action.known
        if known is None or known.role == "value":  # whose labels are patterns
            continue
        for label in action.branches:
            if label not in known.branches:
                yield _not_a_branch(read, id, label, known)


def _not_a_branch(read: _Read, id: str, label: str, known: ActionType) -> Finding:
    branches = read.branches(id)
    hint = names.did_you_mean(label, [name for name in known.branches if not branches.key(name)])
    rule, a_branch = "unconfirmed-branch", "a known branch"
    if known.all_confirmed:
        rule, a_branch = "unknown-branch", "a branch"
    message = f"{names.quoted(label)} is not {a_branch} of {known.id} (action {names.quoted(id)})"
    hint = hint or f"use one of {', '.join(known.branches)}"
    return Finding.of(rule, read.place(branches.key(label)), message, hint)


def _no_fallback(read: _Read) -> Iterator[Finding]:
    """SIP411: a failure branch of an action that sends calls to an endpoint leads nowhere."""
    for id, action in read.scenario.actions.items():
        if action.role != "endpoint" or not action.known:
            continue
        silent = [label for label in action.known.failures if action.branches.get(label) is None]
        if silent:
            lead = "lead" if len(silent) > 1 else "leads"
            message = f"calls that {names.quoted(id)} cannot deliver are cut off: "
            message += f"{_listed(silent)} {lead} nowhere"
            hint = "let it lead to a queue, an announcement or another endpoint"
            yield Finding.of("no-fallback", _silent_place(read, id, silent), message, hint)


def _silent_place(read: _Read, id: str, labels: list[str]) -> Place:
    """The first null of the file among these branches, or the action's id where none is written."""
    written = [label for label in read.scenario.actions[id].branches if label in labels]
    return read.place(read.branches(id).get(written[0])) if written else read.id(id)


def _bad_parameter(read: _Read) -> Iterator[Finding]:
    """SIP416: a calendar that cannot be evaluated."""
    from sipctl.scenarios import calendars  # most workspaces' commands need none of it

    for id, action in read.scenario.actions.items():
        if action.role != "calendar":
            continue
        for fault in calendars.faults(action.parameters):
            node = read.entry(id).get(fault.parameter)
            if fault.index is not None and isinstance(node, SequenceNode):
                node = node.items[fault.index]
            yield Finding.of("bad-parameter", read.place(node), fault.message, fault.hint)


_WITHIN: tuple[Callable[[_Read], Iterator[Finding]], ...] = (
    _missing_start,
    _unknown_start,
    _unknown_target,
    _unreachable_action,
    _endless_loop,
    _unknown_action,
    _missing_endpoint,
    _unknown_branch,
    _no_fallback,
    _bad_parameter,
)


# -- keys ------------------------------------------------------------------------------------------

_OF_ACTIONS = ("action", "branches")
_CLOSE = 0.8


def _misspelt_keys(root: Mapping, path: str) -> Iterator[Finding]:
    """SIP415: a slip of a key that is missing; any other unknown key is the user's own."""
    yield from _misspelt_in(root, FIELDS, path)
    for _, entry in _actions(root):
        if isinstance(entry, Mapping):
            known = _type_of(entry)
            parameters = known.parameters if known else ()
            yield from _misspelt_in(entry, (*_OF_ACTIONS, *parameters), path)


def _misspelt_in(mapping: Mapping, known: Collection[str], path: str) -> Iterator[Finding]:
    absent = [name for name in known if mapping.key(name) is None]
    for key, _ in mapping.entries:
        name = key.value
        if name in known or name.startswith("x-"):
            continue
        found = difflib.get_close_matches(name.casefold(), absent, n=1, cutoff=_CLOSE)
        if found:
            message = f"the key {names.quoted(name)} is not known here"
            hint = f'did you mean "{found[0]}"? keys of your own may begin with x-'
            yield Finding.of("misspelt-key", key.place(path), message, hint)
