"""The settings of a workspace: what `sipctl.yaml` may hold."""

from __future__ import annotations

from typing import Annotated, Any, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from sipctl import names
from sipctl.rules.book import RULES, find

FORMAT = 1
"""The version of the format that this sipctl reads and writes."""

SEVERITIES = ("error", "warning", "off")


def _bad(rule: str, message: str, hint: str, **context: str) -> PydanticCustomError:
    context |= {"message": message, "hint": hint}
    return PydanticCustomError(rule, "{message}", context)


def _version(value: int) -> int:
    if value != FORMAT:
        message = f"the workspace has format {value}, this sipctl reads {FORMAT}"
        raise _bad("bad-setting", message, "install a newer sipctl" if value > FORMAT else "use 1")
    return value


_RULE_KEYS = tuple(key for rule in RULES.values() for key in (rule.name, rule.code))


def _rules(values: dict[str, str]) -> dict[str, str]:
    result: dict[str, str] = {}
    faults = []
    for key, severity in values.items():
        try:
            name = _changed_rule(key, severity, result)
        except PydanticCustomError as error:
            faults.append(error)
        else:
            result[name] = severity
    if faults:
        first, *others = faults
        context = {**(first.context or {}), "others": others}
        raise PydanticCustomError(first.type, first.message_template, context)
    return result


def _changed_rule(key: str, severity: str, before: dict[str, str]) -> str:
    """The name of the rule that an entry changes; raises what is wrong with the entry."""
    rule = find(key)
    if rule is None or key not in (rule.name, rule.code):
        hint = names.did_you_mean(key, _RULE_KEYS) or "see `sipctl rules`"
        raise _bad("unknown-key", f"there is no rule {names.quoted(key)}", hint, key=key)
    if rule.fixed:
        hint = "rules of syntax and type keep their severity"
        raise _bad("bad-setting", f'the rule "{key}" cannot be changed', hint, key=key)
    if severity not in SEVERITIES:
        hint = 'use error, warning or "off" (in quotes)'
        raise _bad("bad-setting", f"{names.quoted(severity)} is not a severity", hint, field=key)
    if rule.name in before:
        message = f'"{rule.code}" and "{rule.name}" are one rule'
        raise _bad("bad-setting", message, "keep one of them", key=key)
    return rule.name


_CHANGEABLE = tuple((rule.name, rule.code) for rule in RULES.values() if not rule.fixed)
_RULES_SCHEMA: dict[str, Any] = {
    "propertyNames": {"enum": [key for keys in _CHANGEABLE for key in keys]},
    "additionalProperties": {"enum": list(SEVERITIES)},
    "allOf": [{"not": {"required": list(keys)}} for keys in _CHANGEABLE],
}


class Settings(BaseModel):
    """The settings of a workspace."""

    model_config = ConfigDict(
        frozen=True,
        strict=True,
        extra="allow",
        title="sipctl workspace settings",
        json_schema_extra={
            "description": "sipctl.yaml: marks the root of a workspace and holds its settings.",
            "patternProperties": {"^x-": {}},
            "additionalProperties": False,
        },
    )

    version: Annotated[
        int, AfterValidator(_version), Field(json_schema_extra={"const": FORMAT})
    ] = Field(description="Version of the workspace's format.", examples=[FORMAT])
    rules: Annotated[
        dict[str, str], AfterValidator(_rules), Field(json_schema_extra=_RULES_SCHEMA)
    ] = Field(
        default_factory=dict,
        description="Severities of rules, by name or code: error, warning or off.",
        examples=[{"plaintext-password": "warning"}],
        json_schema_extra={"default": {}},
    )

    @model_validator(mode="after")
    def _known(self) -> Self:
        for key in self.model_extra or {}:
            if not key.startswith("x-"):
                hint = names.did_you_mean(key, FIELDS) or "keys of your own begin with x-"
                raise _bad("unknown-key", f"the key {names.quoted(key)} is not known here", hint)
        return self


FIELDS = ("version", "rules")
