"""The settings of a workspace: what `sipctl.yaml` may hold."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from pydantic_core import PydanticCustomError

from sipctl import names
from sipctl.rules.book import RULES, find

FORMAT = 1
"""The version of the format that this sipctl reads and writes."""

SEVERITIES = ("error", "warning", "off")


def _bad(rule: str, message: str, hint: str, **context: str) -> PydanticCustomError:
    context |= {"message": message, "hint": hint}
    return PydanticCustomError(rule, "{message}", context)  # type: ignore[arg-type]


def _version(value: int) -> int:
    if value != FORMAT:
        message = f"the workspace has format {value}, this sipctl reads {FORMAT}"
        raise _bad("bad-setting", message, "install a newer sipctl" if value > FORMAT else "use 1")
    return value


def _rules(values: dict[str, str]) -> dict[str, str]:
    result = {}
    for key, severity in values.items():
        rule = find(key)
        if rule is None:
            hint = names.did_you_mean(key, RULES) or "see `sipctl rules`"
            raise _bad("unknown-key", f'there is no rule "{key}"', hint, key=key)
        if rule.fixed:
            hint = "rules of syntax and type keep their severity"
            raise _bad("bad-setting", f'the rule "{key}" cannot be changed', hint, key=key)
        if severity not in SEVERITIES:
            hint = 'use error, warning or "off" (in quotes)'
            raise _bad("bad-setting", f'"{severity}" is not a severity', hint, key=key)
        result[rule.name] = severity
    return result


_RULES_SCHEMA: dict[str, Any] = {
    "propertyNames": {
        "enum": [x for r in RULES.values() if not r.fixed for x in (r.name, r.code)],
    },
    "additionalProperties": {"enum": list(SEVERITIES)},
}


class Settings(BaseModel):
    """The settings of a workspace."""

    model_config = ConfigDict(
        frozen=True, strict=True, extra="forbid", title="sipctl workspace settings"
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


FIELDS = ("version", "rules")
