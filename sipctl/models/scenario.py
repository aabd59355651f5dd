"""What a scenario's file may hold.

Action types, parameters and keys that are not known are kept as they are: the product has more of
them than its public pages tell.
"""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from pydantic_core import PydanticCustomError

from sipctl import names
from sipctl.endpoint import MAX_TEXT
from sipctl.models.endpoint import MAX_DESCRIPTION, Reference, raise_all, text_field, text_schema
from sipctl.scenarios import catalogue
from sipctl.scenarios.scenario import NUMBER_CURE, NUMBER_PATTERN, TYPES, is_number


def _bad(rule: str, message: str, hint: str, **context: object) -> PydanticCustomError:
    context |= {"message": message, "hint": hint}
    return PydanticCustomError(rule, "{message}", context)


def _type(value: str) -> str:
    if value not in TYPES:
        hint = names.did_you_mean(value, TYPES) or f"use {' or '.join(TYPES)}"
        raise _bad("bad-scenario-type", f"{names.quoted(value)} is not a type of scenario", hint)
    return value


def _entry_points(values: tuple[str, ...]) -> tuple[str, ...]:
    faults, seen = [], set[str]()
    for index, value in enumerate(values):
        if not is_number(value):
            message = f"{names.quoted(value)} is not a number in the form of E.164"
            faults.append(_bad("bad-entry-point", message, NUMBER_CURE, index=index))
        elif value in seen:
            message = f'the number "{value}" stands twice'
            faults.append(_bad("bad-entry-point", message, "take one out", index=index))
        seen.add(value)
    raise_all(faults)
    return values


class Action(BaseModel):
    """One action: its type, where each of its branches leads, and its parameters."""

    model_config = ConfigDict(
        frozen=True, strict=True, extra="allow", defer_build=True, title="Action"
    )
    KEEPS_UNKNOWN_KEYS: ClassVar[bool] = True
    HAS_PARAMETERS: ClassVar[bool] = True

    action: str = Field(
        description="Type of the action; those that are not known are kept.",
        json_schema_extra=lambda schema: _offer_known_types(schema),
    )
    branches: dict[str, str | None] = Field(
        default_factory=dict,
        description="Where each output leads: the id of an action, or null to end the call flow.",
        examples=[{"ok": None}],
        json_schema_extra={"additionalProperties": {"type": ["string", "null"]}},
    )


def _offer_known_types(schema: dict[str, Any]) -> None:
    # an editor offers these, and takes any other
    schema.pop("type", None)
    schema["anyOf"] = [{"enum": list(catalogue.known())}, {"type": "string"}]


class ScenarioModel(BaseModel):
    """A call-routing scenario: a graph of actions, rooted at `start`."""

    model_config = ConfigDict(
        frozen=True,
        strict=True,
        extra="allow",
        defer_build=True,
        title="Routing scenario",
        json_schema_extra={
            "description": "A graph of actions with labelled branches: scenarios/<reference>.yaml.",
            "additionalProperties": True,
        },
    )
    KEEPS_UNKNOWN_KEYS: ClassVar[bool] = True

    reference: Reference = Field(
        description="Unique name: the stem of the file. Letters, digits and _ . @ -, at most 64.",
        examples=["support-in"],
    )
    name: Annotated[str, text_field("name", MAX_TEXT), text_schema(MAX_TEXT)] | None = Field(
        default=None, description="What people call it.", examples=["Support inbound"]
    )
    description: (
        Annotated[str, text_field("description", MAX_DESCRIPTION), text_schema(MAX_DESCRIPTION)]
        | None
    ) = Field(
        default=None,
        description="A note for people, on one line.",
        examples=["Daytime support line."],
    )
    type_: Annotated[str, AfterValidator(_type), Field(json_schema_extra={"enum": list(TYPES)})] = (
        Field(
            alias="type",
            description="interaction-start (a call comes in) or interaction-end (after the call); "
            "it cannot change once the scenario is created.",
            examples=["interaction-start"],
        )
    )
    entry_points: (
        Annotated[
            tuple[str, ...],
            AfterValidator(_entry_points),
            Field(
                json_schema_extra={
                    "items": {"type": "string", "pattern": NUMBER_PATTERN},
                    "uniqueItems": True,
                }
            ),
        ]
        | None
    ) = Field(
        default=None,
        description="The numbers that lead here, in the form of E.164.",
        examples=[["+33100000000"]],
    )
    start: str | None = Field(
        default=None, description="The id of the first action.", examples=["menu"]
    )
    actions: dict[str, Action] = Field(
        default_factory=dict,
        description="The actions by id.",
        examples=[{"menu": {"action": "vocal-announcement", "branches": {"1": None}}}],
        json_schema_extra={"default": {}},
    )
