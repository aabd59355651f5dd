"""The action types that are known: what `catalogue.yaml` says of each. Nothing of it is in code.

What is read is `catalogue.json`, made from it by `make generate`: a program that only reads a
workspace needs no YAML for it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

_CONFIRMED = "confirmed"


class ActionType(NamedTuple):
    """One type of action.

    `parameters` are those that sipctl reads and what each holds: endpoint (the reference of one),
    text, texts or anything. `branches` are its labels, True for those that the product's own pages
    confirm. `failures` are the labels that a call takes which the action could not serve. `role` is
    what a trace can tell of it: menu, calendar, value, endpoint, shares, or nothing.
    """

    id: str
    name: str
    confirmed: bool
    parameters: Mapping[str, str]
    branches: Mapping[str, bool]
    failures: tuple[str, ...] = ()
    role: str = ""

    @property
    def all_confirmed(self) -> bool:
        """True where no other label can exist."""
        return all(self.branches.values())

    @property
    def endpoint_parameter(self) -> str | None:
        """The parameter that names an endpoint, if there is one."""
        return next((p for p, holds in self.parameters.items() if holds == "endpoint"), None)


@cache
def known() -> dict[str, ActionType]:
    """Every known type by its id."""
    entries = json.loads(Path(__file__).with_name("catalogue.json").read_text("utf-8"))
    return {id: _action_type(id, entry) for id, entry in entries.items()}


def _action_type(id: str, entry: Mapping[str, Any]) -> ActionType:
    return ActionType(
        id,
        entry["name"],
        entry["status"] == _CONFIRMED,
        {name: parameter["holds"] for name, parameter in entry.get("parameters", {}).items()},
        {label: status == _CONFIRMED for label, status in entry["branches"].items()},
        tuple(entry.get("failures", ())),
        entry.get("role", ""),
    )


def of_role(role: str) -> ActionType:
    """The type that has a role; each role has one."""
    return next(action_type for action_type in known().values() if action_type.role == role)
