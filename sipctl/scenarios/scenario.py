"""The scenario as a plain value: a graph of actions with labelled branches.

What a file may hold is judged by `models/scenario.py`, which nothing needs that only reads values.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from sipctl.scenarios import catalogue

FIELDS = ("reference", "name", "description", "type", "entry_points", "start", "actions")
"""The fields in canonical order."""

TYPES = ("interaction-start", "interaction-end")

# ITU-T E.164, section 6.2: at most 15 digits, none of the country codes begins with 0
NUMBER_PATTERN = r"^\+[1-9][0-9]{1,14}$(?!\n)"
"""An entry point as a regular expression that Python and ECMA-262 read alike."""
NUMBER_CURE = 'write + and at most 15 digits, country code first: "+33100000000"'


def is_number(text: str) -> bool:
    """True for a number that may be an entry point."""
    return re.match(NUMBER_PATTERN, text) is not None


_NONE: Mapping[str, Any] = MappingProxyType({})


class Action(NamedTuple):
    """One action: its type, where each of its branches leads, and its parameters.

    A branch leads to an action's id, or with None to the end of the call. `parameters` are all
    other keys, known and unknown, in the order of the file.
    """

    action: str
    branches: Mapping[str, str | None] = _NONE
    parameters: Mapping[str, Any] = _NONE

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> Action:
        """An action of a document's data."""
        known = ("action", "branches")
        parameters = {key: value for key, value in data.items() if key not in known}
        return cls(data["action"], data.get("branches", {}), parameters)

    @property
    def known(self) -> catalogue.ActionType | None:
        """What the catalogue says of its type; None for a type that is not in it."""
        return catalogue.known().get(self.action)

    @property
    def role(self) -> str:
        """What a trace can tell of it: menu, calendar, value, endpoint, shares, or nothing."""
        return self.known.role if self.known else ""

    @property
    def labels(self) -> list[str]:
        """The branches that its type has, and those that are written beside them."""
        known = self.known.branches if self.known else ()
        return list(dict.fromkeys([*known, *self.branches]))

    @property
    def endpoint(self) -> str | None:
        """The endpoint that calls go to here, if it is that kind of action and names one."""
        name = self.known.endpoint_parameter if self.known else None
        value = self.parameters.get(name) if name else None
        return value if isinstance(value, str) else None


class Scenario(NamedTuple):
    """A call-routing scenario: a graph of actions, rooted at `start`. `extra` are the user's own
    keys."""

    reference: str
    type_: str
    name: str | None = None
    description: str | None = None
    entry_points: tuple[str, ...] | None = None
    start: str | None = None
    actions: Mapping[str, Action] = _NONE
    extra: Mapping[str, Any] = _NONE

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> Scenario:
        """A scenario of a document's data."""
        numbers = data.get("entry_points")
        return cls(
            data["reference"],
            data["type"],
            data.get("name"),
            data.get("description"),
            None if numbers is None else tuple(numbers),
            data.get("start"),
            {id: Action.of(action) for id, action in data.get("actions", {}).items()},
            {key: value for key, value in data.items() if key not in FIELDS},
        )

    def endpoints(self) -> tuple[str, ...]:
        """The endpoints that calls may go to, each once, in the order of the file."""
        named = (action.endpoint for action in self.actions.values())
        return tuple(dict.fromkeys(endpoint for endpoint in named if endpoint is not None))

    def record(self) -> dict[str, Any]:
        """The scenario as plain data, as JSON shows it; what is absent is None or empty."""
        return {
            "reference": self.reference,
            "name": self.name,
            "description": self.description,
            "type": self.type_,
            "entry_points": list(self.entry_points or ()),
            "start": self.start,
            "actions": {
                id: {"action": a.action, "branches": dict(a.branches), **a.parameters}
                for id, a in self.actions.items()
            },
            **self.extra,
        }
