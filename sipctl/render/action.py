"""What is said of a scenario and its actions, in a tree and in pictures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sipctl import hosts
from sipctl.endpoint import Endpoint
from sipctl.render import visible
from sipctl.scenarios.scenario import Action, Scenario

UNKNOWN = "unknown"

_MOST = 2  # so many of a list are told, the others counted
_ASIDE = frozenset({"timezone", "holidays"})  # they say less than the hours they stand with


def named(text: str) -> str:
    """An id or a label as it is shown: in quotes where there is nothing to see at an end of it."""
    shown = visible(text)
    return shown if shown and shown == shown.strip() else f'"{shown}"'


def type_name(action: Action) -> str:
    """What the product calls its type, else the type as written."""
    return action.known.name if action.known else action.action


def telling(action: Action) -> str:
    """What its parameters say: the queue, the number, the hours, the endpoint."""
    if action.known is None:
        return ""
    words = [
        _told(holds, action.parameters.get(name))
        for name, holds in action.known.parameters.items()
        if name not in _ASIDE
    ]
    return ", ".join(word for word in words if word)


def _told(holds: str, value: object) -> str:
    if holds == "texts" and isinstance(value, list | tuple):
        return _counted([str(text) for text in value])
    text = value if isinstance(value, str) else ""
    return text or ("no endpoint" if holds == "endpoint" else "")


def server(action: Action, endpoints: Mapping[str, Endpoint]) -> str | None:
    """Host and port of the endpoint that it names, or "unknown"; None where it names none."""
    if action.endpoint is None:
        return None
    endpoint = endpoints.get(action.endpoint)
    if endpoint is None:
        return UNKNOWN
    return hosts.with_port(endpoint.host, endpoint.effective("port"))


def numbers(scenario: Scenario) -> str:
    """The entry points of a scenario."""
    return _counted(scenario.entry_points or ())


def _counted(texts: Sequence[str]) -> str:
    more = f" and {len(texts) - _MOST} more" if len(texts) > _MOST else ""
    return ", ".join(texts[:_MOST]) + more
