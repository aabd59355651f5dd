"""What scenarios use: attaching endpoints to them, detaching and redirecting, as plans.

An endpoint is attached by an action "Distribution to SIP endpoint" that a branch leads to.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import count

from sipctl import names
from sipctl.changes import FileChange, Plan
from sipctl.editing import Change, editable
from sipctl.errors import Refused, Usage
from sipctl.inventory import Inventory, UsedAt
from sipctl.kinds import SCENARIO
from sipctl.member import Content, Member
from sipctl.scenarios import catalogue, graph
from sipctl.scenarios.scenario import Action, Scenario
from sipctl.workspace import member_with
from sipctl.yamlfile import edit
from sipctl.yamlfile.write import UNSET, Value

Way = tuple[str, ...]
Changes = dict[Way, Change]

_SHOWN = 20
"""So many uses are named one by one."""
_CHOICES = 3
"""So many ways out are named."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where in a scenario an endpoint goes.

    It is the branch `branch` of the action `after`. `id` is the new action's, `fallback` the action
    that its failure branches lead to. A branch that leads somewhere already wants `replace` (that
    link goes) or `insert` (the new action comes in front, its failure branches lead there).
    """

    after: str | None = None
    branch: str | None = None
    id: str | None = None
    fallback: str | None = None
    replace: bool = False
    insert: bool = False


def scenario_of(inventory: Inventory, reference: str) -> tuple[Scenario, Member]:
    """A scenario that can be read, and its file, which can be edited; raises Refused otherwise."""
    member = editable(inventory, reference, SCENARIO)
    scenario = inventory.readable(reference, SCENARIO).scenario
    assert scenario is not None
    return scenario, member


def _plan(
    operation: str,
    subject: str,
    changed: Iterable[tuple[Member, Changes]],
    notes: tuple[str, ...] = (),
) -> Plan:
    files = tuple(_edited(member, changes) for member, changes in changed)
    return Plan(operation, subject, files, notes)


def _edited(member: Member, changes: Changes) -> FileChange:
    """A scenario with values changed; what was read of it in the end is kept."""
    assert member.root is not None  # `editable` has seen to it
    text, root = edit.changed(member.text, member.root, changes, member.kind.fields)
    after = member_with(member.path, Content(text.encode("utf-8"), text, root))
    return FileChange(member.path, member.data, after.data, known=after)


# -- attaching -----------------------------------------------------------------------------------


def attach(inventory: Inventory, reference: str, endpoint: str, place: Place) -> Plan:
    """A scenario with an action for the endpoint, linked from a branch, or as its first action."""
    scenario, member = scenario_of(inventory, reference)
    inventory.member(endpoint)
    id = _new_id(scenario, place.id, endpoint)
    if scenario.actions:
        after, label = _branch(scenario, reference, place)
        old = _old_target(scenario, after, label, place)
        fallback = old if place.insert else _known_action(scenario, place.fallback)
        changes = {**_added(id, endpoint, fallback), **_linked(scenario, after, label, id)}
    else:
        _refuse_places(reference, place)
        changes = _first(id, endpoint)
    subject = f"Attach {endpoint} to scenario {reference}"
    return _plan(f"attach {reference} {endpoint}", subject, [(member, changes)])


def _new_id(scenario: Scenario, wanted: str | None, endpoint: str) -> str:
    if wanted is None:
        ids = (endpoint if n == 1 else f"{endpoint}-{n}" for n in count(1))
        return next(id for id in ids if id not in scenario.actions)
    reason = names.fault(wanted)
    if reason:
        raise Refused(
            f"{names.quoted(wanted)} cannot be an action's id: {reason}", names.cure(wanted)
        )
    if wanted in scenario.actions:
        raise Refused(f'there is an action "{wanted}" already', "choose another --id")
    return wanted


def told_branch(scenario: Scenario, place: Place) -> tuple[str, str] | None:
    """The branch that a place tells, the only one of its action included; None where it does not.

    Raises Refused for an action that is not there.
    """
    after = _known_action(scenario, place.after)
    if after is None:
        return None
    if place.branch is not None:
        return after, place.branch
    action = scenario.actions[after]
    # a test of a value has as many branches as patterns, whatever is written yet
    is_only = action.known and action.role != "value" and len(action.labels) == 1
    return (after, action.labels[0]) if is_only else None


def _branch(scenario: Scenario, reference: str, place: Place) -> tuple[str, str]:
    if place.insert and place.fallback is not None:
        hint = "--insert leads the failure branches to where the branch led"
        raise Usage("give --insert or --fallback, not both", hint)
    if place.insert and place.replace:
        raise Usage("give --insert or --replace, not both")
    told = told_branch(scenario, place)
    if told is None:
        raise Usage(f'where in "{reference}" is not given', "name it with --after and --branch")
    _refuse_unknown_label(scenario, *told)
    return told


def _refuse_unknown_label(scenario: Scenario, after: str, label: str) -> None:
    """A link from there would be an error in the file; here the nearest label is known."""
    action = scenario.actions[after]
    if not has_branch(action, label):
        known = action.labels
        hint = names.did_you_mean(label, known) or f"there are {_listed(known)}"
        raise Refused(f'"{after}" has no branch {names.quoted(label)}', hint)


def has_branch(action: Action, label: str) -> bool:
    """False where no call can take such a branch: all labels of the type are confirmed."""
    is_sure = action.known is not None and action.known.all_confirmed
    return not is_sure or label in action.labels


def _known_action(scenario: Scenario, id: str | None) -> str | None:
    if id is not None and id not in scenario.actions:
        hint = names.did_you_mean(id, scenario.actions)
        hint = hint or f"there are {_listed(scenario.actions)}"
        raise Refused(f"there is no action {names.quoted(id)}", hint)
    return id


def _old_target(scenario: Scenario, after: str, label: str, place: Place) -> str | None:
    old = scenario.actions[after].branches.get(label)
    if old is None or place.insert or place.replace:
        return old
    message = f'the branch "{label}" of "{after}" leads to "{old}" already'
    hint = f'--insert puts the endpoint in front, "{old}" being what it falls back to; '
    raise Refused(message, hint + "--replace takes that link out")


def _refuse_places(reference: str, place: Place) -> None:
    if place.after is not None or place.branch is not None or place.insert or place.replace:
        hint = "leave --after and --branch out: the endpoint becomes its first action"
        raise Refused(f'the scenario "{reference}" has no actions yet', hint)
    if place.fallback is not None:
        raise Refused(f'there is no action "{place.fallback}"', "there are none yet")


def _action(endpoint: str, fallback: str | None) -> dict[str, Value]:
    kind = catalogue.of_role("endpoint")
    assert kind.endpoint_parameter is not None
    branches = {label: fallback if label in kind.failures else None for label in kind.branches}
    return {"action": kind.id, kind.endpoint_parameter: endpoint, "branches": branches}


def _added(id: str, endpoint: str, fallback: str | None) -> Changes:
    return {("actions", id): _action(endpoint, fallback)}


def _linked(scenario: Scenario, after: str, label: str, id: str) -> Changes:
    if scenario.actions[after].branches:
        return {("actions", after, "branches", label): id}
    return {("actions", after, "branches"): {label: id}}


def _first(id: str, endpoint: str) -> Changes:
    return {("start",): id, ("actions",): {id: _action(endpoint, None)}}


# -- detaching -----------------------------------------------------------------------------------


def detach(
    inventory: Inventory,
    reference: str,
    endpoint: str | None = None,
    action: str | None = None,
    fallback: str | None = None,
    *,
    close: bool = False,
) -> Plan:
    """A scenario without the actions for an endpoint, or without one action.

    What led there leads to the fallback: `fallback`, else the action that the failure branches lead
    to. Raises Refused where there is none, or it is what led there and fails over, unless `close`
    lets the call end there.
    """
    scenario, member = scenario_of(inventory, reference)
    ids = _attached(scenario, reference, endpoint, action)
    _known_action(scenario, fallback)
    changes = _detached(scenario, reference, ids, fallback, close=close)
    what = endpoint or scenario.actions[ids[0]].endpoint or ids[0]
    subject = f"Detach {what} from scenario {reference}"
    return _plan(f"detach {reference} {what}", subject, [(member, changes)])


def _attached(
    scenario: Scenario, reference: str, endpoint: str | None, action: str | None
) -> list[str]:
    """The actions that are meant: one by its id, or all that name an endpoint."""
    if action is not None:
        _known_action(scenario, action)
        found = scenario.actions[action]
        if found.role != "endpoint":
            raise Refused(f'the action "{action}" is no distribution to a SIP endpoint')
        if endpoint not in (None, found.endpoint):
            leads = f'leads to "{found.endpoint}"' if found.endpoint else "names no endpoint"
            raise Refused(f'the action "{action}" {leads}', "leave the endpoint out, or --action")
        return [action]
    ids = [id for id, found in scenario.actions.items() if found.endpoint == endpoint]
    if not ids:
        used = dict.fromkeys(a.endpoint for a in scenario.actions.values() if a.endpoint)
        hint = names.did_you_mean(endpoint or "", used)
        hint = hint or (f"it uses {_listed(used)}" if used else "it uses no endpoint")
        raise Refused(f'the scenario "{reference}" does not use "{endpoint}"', hint)
    return ids


def _detached(
    scenario: Scenario,
    reference: str,
    ids: Collection[str],
    fallback: str | None = None,
    *,
    close: bool,
) -> Changes:
    gone = frozenset(ids)
    if fallback in gone:
        raise Refused(f'the action "{fallback}" is taken out too', "choose another --fallback")
    changes: Changes = {("actions", id): UNSET for id in ids}
    sharing = _still_sharing(scenario, gone)
    way_on = _ways_on(scenario, ids, fallback)
    silent: dict[str, None] = {}
    for link in graph.leading_to(scenario, gone):
        target = str(link.target)
        if link.source in sharing and link.label.startswith("link-"):
            changes |= _without_link(link.source, scenario.actions[link.source], link.label)
        elif link.source not in gone:
            way = _past_itself(scenario, link.source, way_on(target))
            changes["actions", link.source, "branches", link.label] = way
            silent |= {target: None} if way is None else {}
    start = scenario.start
    if start in gone:
        way = way_on(start)
        changes["start",] = UNSET if way is None else way
        silent |= {start: None} if way is None else {}
    if silent and not close:
        _refuse_silence(scenario, reference, list(silent), ids)
    if gone == scenario.actions.keys():
        changes = {("start",): UNSET, ("actions",): UNSET}
    return changes


def _past_itself(scenario: Scenario, source: str, way: str | None) -> str | None:
    """Where a branch leads on; None where an endpoint that has failed would take over itself."""
    return None if way == source and scenario.actions[source].role == "endpoint" else way


def _still_sharing(scenario: Scenario, gone: Collection[str]) -> frozenset[str]:
    """The load sharings that stay and have another way on: these can do without a link."""
    return frozenset(
        id
        for id, action in scenario.actions.items()
        if action.role == "shares"
        and id not in gone
        and any(target and target not in gone for target in action.branches.values())
    )


def _ways_on(
    scenario: Scenario, gone: Collection[str], fallback: str | None
) -> Callable[[str], str | None]:
    """Tells where callers go in place of an action that goes, past others that go as well; raises
    Refused where there are several."""
    led = {id: _failing_over_to(scenario.actions[id]) for id in gone}
    found = graph.some_outside(led)

    def way_on(id: str) -> str | None:
        if fallback is not None:
            return fallback
        if len(found[id]) > 1:
            ends = graph.outside(id, led)
            hint = f"say where callers go instead: --fallback {' or '.join(ends[:_CHOICES])}"
            raise Refused(f'the failure branches of "{id}" lead to {_listed(ends)}', hint)
        return next(iter(found[id]), None)

    return way_on


def _failing_over_to(action: Action) -> list[str]:
    led = (action.branches.get(label) for label in (action.known.failures if action.known else ()))
    return [target for target in led if target is not None]


def _without_link(source: str, action: Action, label: str) -> Changes:
    """A load sharing without one of its links, nor the weight of it."""
    changes: Changes = {("actions", source, "branches", label): UNSET}
    weights = action.parameters.get("weights")
    if isinstance(weights, Mapping) and label in weights:
        changes["actions", source, "weights", label] = UNSET
    return changes


def _refuse_silence(
    scenario: Scenario, reference: str, silent: list[str], ids: Collection[str]
) -> None:
    first = silent[0]
    who = f'"{first}" of scenario "{reference}" has no fallback'
    if len(silent) > 1:
        who = f'{_listed(silent)} of scenario "{reference}" have no fallback'
    what = f"--action {shlex.quote(first)}" if len(ids) == 1 else scenario.actions[first].endpoint
    hint = f"`sipctl detach {reference} {what} --fallback ACTION` says where they go instead, "
    raise Refused(f"{who}: callers would hear silence", hint + "--close ends the call there")


def _listed(ids: Iterable[str]) -> str:
    known = list(ids)
    told = [names.quoted(id) for id in known[:_SHOWN]]
    more = [f"{len(known) - _SHOWN} more"] if len(known) > _SHOWN else []
    return ", ".join([*told, *more])


# -- across scenarios ----------------------------------------------------------------------------


def reroute(inventory: Inventory, old: str, new: str, within: str | None = None) -> Plan:
    """Every action that leads to an endpoint, in one scenario or in all, leads to another."""
    inventory.member(new)
    if within is not None:
        editable(inventory, within, SCENARIO)
    uses = [use for use in uses_of(inventory, old) if within in (None, use.scenario)]
    where = f" in scenario {within}" if within else ""
    changed = _renamed(inventory, uses, new)
    notes: tuple[str, ...] = ()
    if within is None and inventory.with_unknown_uses:
        unread = _listed(member.path for member in inventory.with_unknown_uses)
        notes = (f"{unread} cannot be read, and so stays as it is",)
    return _plan(f"reroute {old} {new}", f"Reroute {old} to {new}{where}", changed, notes)


def uses_of(inventory: Inventory, endpoint: str) -> tuple[UsedAt, ...]:
    """Where an endpoint is used; raises Refused for one that is not there and nowhere named."""
    found = inventory.uses.get(endpoint, ())
    if not found:
        inventory.member(endpoint)
    return found


def renamed_uses(inventory: Inventory, old: str, new: str, *, force: bool) -> Iterator[FileChange]:
    """Every scenario that uses an endpoint, with its new name.

    Raises Refused where a scenario cannot be read; with `force` only where a use is seen in it.
    """
    refuse_unknown_uses(inventory, force=force)
    for member, changes in _renamed(inventory, inventory.uses.get(old, ()), new):
        yield _edited(member, changes)


def _renamed(
    inventory: Inventory, uses: Iterable[UsedAt], new: str
) -> Iterator[tuple[Member, Changes]]:
    parameter = catalogue.of_role("endpoint").endpoint_parameter
    assert parameter is not None
    changed: dict[str, Changes] = {}
    for use in uses:
        changed.setdefault(use.scenario, {})["actions", use.action, parameter] = new
    for reference, changes in changed.items():
        yield editable(inventory, reference, SCENARIO), changes


def refuse_unknown_uses(inventory: Inventory, *, force: bool) -> None:
    """Raise Refused while a scenario cannot be read: nobody knows what it uses."""
    if inventory.with_unknown_uses and not force:
        paths = _listed(member.path for member in inventory.with_unknown_uses)
        hint = "mend it (see `sipctl validate`), or pass --force to leave it as it is"
        raise Refused(f"{paths} cannot be read, so what it uses cannot be seen", hint)


def released(
    inventory: Inventory, endpoints: Collection[str], *, cascade: bool, close: bool, force: bool
) -> Iterator[FileChange]:
    """The scenarios without endpoints that are to go.

    Raises Refused with the place of every use, unless `cascade` detaches them as `detach` does.
    """
    refuse_unknown_uses(inventory, force=force)
    uses = [use for endpoint in endpoints for use in inventory.uses.get(endpoint, ())]
    if uses and not cascade:
        _refuse_used(inventory, endpoints)
    for reference in sorted({use.scenario for use in uses}):
        scenario, member = scenario_of(inventory, reference)
        ids = [id for id, action in scenario.actions.items() if action.endpoint in endpoints]
        yield _edited(member, _detached(scenario, reference, ids, close=close))


def _refuse_used(inventory: Inventory, endpoints: Collection[str]) -> None:
    used = {
        endpoint: inventory.uses[endpoint] for endpoint in endpoints if endpoint in inventory.uses
    }
    places = [use for uses in used.values() for use in uses]
    more = [f"  and {len(places) - _SHOWN} more"] if len(places) > _SHOWN else []
    lines = [f"{_listed(used)} {'is' if len(used) == 1 else 'are'} in use:"]
    lines += [*(f"  {use}" for use in places[:_SHOWN]), *more]
    hint = "--cascade detaches first"
    if len(used) == 1:
        hint += f", `sipctl reroute {next(iter(used))} OTHER` goes round it"
    raise Refused("\n".join(lines), hint)
