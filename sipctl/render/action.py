"""What is said of one action, in a tree and in pictures."""

from __future__ import annotations

from collections.abc import Mapping

from sipctl.endpoint import Endpoint
from sipctl.render import visible
from sipctl.scenario import Action

UNKNOWN = "unknown"

_TEXTS = 2  # so many texts of a list are told, the others counted
_ASIDE = frozenset({"timezone", "holidays"})  # they say less than the hours they stand with


def named(text: str) -> str:
    """An id or a label as it is shown; the empty one can be seen too."""
    return visible(text) or '""'


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
        return counted([str(text) for text in value], _TEXTS)
    if holds == "endpoint" and value is None:
        return "no endpoint"
    return value if isinstance(value, str) else ""


def server(action: Action, endpoints: Mapping[str, Endpoint]) -> str | None:
    """Host and port of the endpoint that it names, or "unknown"; None where it names none."""
    if action.endpoint is None:
        return None
    endpoint = endpoints.get(action.endpoint)
    if endpoint is None:
        return UNKNOWN
    # an IPv6 address stands in brackets before a port (RFC 3986, section 3.2.2)
    host = f"[{endpoint.host}]" if ":" in endpoint.host else endpoint.host
    return f"{host}:{endpoint.effective('port')}"


def counted(texts: list[str], most: int) -> str:
    """The first texts, and how many more there are."""
    more = f" and {len(texts) - most} more" if len(texts) > most else ""
    return ", ".join(texts[:most]) + more
