"""scenario trace."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from sipctl import names, output
from sipctl.commands.session import TELLING_FORMATS, session_of
from sipctl.kinds import SCENARIO
from sipctl.render import routing as render
from sipctl.scenarios import routing
from sipctl.scenarios.calendars import when
from sipctl.scenarios.routing import Branch, Call, End, Ending, Step, Trace, Way
from sipctl.statuses import FINDINGS


def trace(
    ctx: typer.Context,
    reference: Annotated[str, typer.Argument(metavar="SCENARIO", help="The scenario.")],
    takes: Annotated[
        list[str] | None,
        typer.Option(
            "--take", metavar="ACTION=LABEL", help="Take this branch; repeat it for more."
        ),
    ] = None,
    called: Annotated[
        str | None,
        typer.Option(metavar="NUMBER", help="Number called, an entry point; else the only one."),
    ] = None,
    caller: Annotated[str | None, typer.Option(metavar="NUMBER", help="Number calling.")] = None,
    at: Annotated[
        str | None,
        typer.Option("--at", metavar="TIME", help="2026-11-23T10:00, with or without offset; now."),
    ] = None,
    keys: Annotated[
        list[str] | None,
        typer.Option("--key", metavar="KEY", help="Key pressed in a menu; 12 is 1, then 2."),
    ] = None,
    expect: Annotated[
        str | None,
        typer.Option(metavar="ENDPOINT", help="Status 1 when the call ends elsewhere."),
    ] = None,
) -> None:
    """Follow one call through a scenario.

    Calendars are decided by --at, menus by --key, tests of a number by --called
    and --caller, all else by --take, which wins over them. Several --take of one
    action are used in turn. Where nothing decides, the trace stops and lists the
    branches.
    """
    session = session_of(ctx)
    printer = session.printer(*TELLING_FORMATS)
    at_time = None if at is None else when(at)
    pressed = routing.keys_of(keys or ())
    inventory = session.inventory()
    member = inventory.readable(reference, SCENARIO)
    scenario = member.scenario
    assert scenario is not None
    if expect is not None:
        inventory.readable(expect)
    chosen = routing.takes_of(scenario, takes or ())
    number = None if called is None else routing.called_of(scenario, called)
    call = Call(chosen, number, caller, at_time, pressed)
    traced = routing.trace(scenario, member, call, inventory.endpoints)
    end = traced.way.end
    is_met = expect is None or (end.ending is Ending.ENDPOINT and end.reference == expect)
    session.status = 0 if is_met else FINDINGS
    if printer.structured:
        printer.document({"trace": _trace_data(traced)})
    else:
        printer.show(render.text(traced))
    _tell_unused(traced)
    if expect is not None and not is_met:
        output.tell(f"expected to end at {names.quoted(expect)}, but the call {render.ended(end)}")


def _tell_unused(trace: Trace) -> None:
    reached = {step.action for way in (trace.way, *trace.failures) for step in way.steps}
    for id, label in trace.unused.takes:
        again = " again" if id in reached else ""
        taken = names.quoted(f"{id}={label}")
        output.tell(f"{taken} was not taken: the call does not come there{again}")
    keys = trace.unused.keys
    if keys:
        output.tell(f"no menu asked for key{'s' * (len(keys) > 1)} {' '.join(keys)}")


# -- JSON ----------------------------------------------------------------------------------------


def _trace_data(trace: Trace) -> dict[str, Any]:
    call = trace.call
    return {
        "scenario": trace.scenario,
        "file": trace.file,
        "call": {
            "called": call.called,
            "caller": call.caller,
            "at": call.at.isoformat() if call.at else None,
            "keys": list(call.keys),
            "takes": _takes_data(call),
        },
        **_way_data(trace.way),
        "failures": [
            {"branch": _branch_data(way.failed), **_way_data(way)} for way in trace.failures
        ],
        "unused": {"takes": _takes_data(trace.unused), "keys": list(trace.unused.keys)},
    }


def _takes_data(call: Call) -> list[dict[str, str]]:
    return [{"action": id, "label": label} for id, label in call.takes]


def _way_data(way: Way) -> dict[str, Any]:
    return {"steps": [_step_data(step) for step in way.steps], "end": _end_data(way.end)}


def _step_data(step: Step) -> dict[str, Any]:
    return {
        "action": step.action,
        "type": step.type,
        "name": step.name,
        **output.place_data(step.place),
        "branch": _branch_data(step.branch),
        "reason": step.why,
    }


def _branch_data(branch: Branch | None) -> dict[str, Any] | None:
    if branch is None:
        return None
    return {"label": branch.label, "target": branch.target, **output.place_data(branch.place)}


def _end_data(end: End) -> dict[str, Any]:
    return {
        "kind": end.ending.value,
        "action": end.action,
        "target": end.target,
        **output.place_data(end.place),
        "reason": end.why,
        "hint": end.hint,
        "endpoint": _endpoint_data(end) if end.ending is Ending.ENDPOINT else None,
        "choices": [_branch_data(branch) for branch in end.choices],
        "arguments": list(end.arguments),
    }


def _endpoint_data(end: End) -> dict[str, Any]:
    """The endpoint that calls go to; host, port and transport are null where it is not known."""
    known = end.endpoint
    return {
        "reference": end.reference,
        "exists": known is not None,
        "host": known.host if known else None,
        "port": known.effective("port") if known else None,
        "port_given": known is not None and known.port is not None,
        "transport": known.effective("transport") if known else None,
    }
