"""What `sipctl.yaml` may hold."""

from __future__ import annotations

from typing import Annotated, Any, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from sipctl import names
from sipctl.models.endpoint import raise_all
from sipctl.passwords import sealing
from sipctl.rules.book import RULES, SEE, find, hint_for
from sipctl.settings import FIELDS, FORMAT, SEVERITIES


def _bad(rule: str, message: str, hint: str, **context: str) -> PydanticCustomError:
    context |= {"message": message, "hint": hint}
    return PydanticCustomError(rule, "{message}", context)


def _version(value: int) -> int:
    if value != FORMAT:
        message = f"the workspace has format {value}, this sipctl reads {FORMAT}"
        raise _bad("bad-setting", message, "install a newer sipctl" if value > FORMAT else "use 1")
    return value


def _rules(values: dict[str, str]) -> dict[str, str]:
    result: dict[str, str] = {}
    faults: list[PydanticCustomError] = []
    for key, severity in values.items():
        try:
            name = _changed_rule(key, severity, result, len(faults) < names.MAX_NEAREST)
        except PydanticCustomError as error:
            faults.append(error)
        else:
            result[name] = severity
    raise_all(faults)
    return result


def _changed_rule(key: str, severity: str, before: dict[str, str], nearest: bool) -> str:
    """The name of the rule that an entry changes; raises what is wrong with the entry, with the
    `nearest` name if that is to be looked for."""
    rule = find(key)
    if rule is None or key not in (rule.name, rule.code):
        told = "of this name" if names.is_secret_key(key) else names.quoted(key)
        hint = hint_for(key) if nearest else SEE
        raise _bad("unknown-key", f"there is no rule {told}", hint, key=key)
    if rule.fixed:
        hint = "a file that breaks it cannot be read for sure: it keeps its severity"
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


def _recipients(values: dict[str, str]) -> dict[str, str]:
    keys: dict[str, str] = {}
    named: dict[str, str] = {}
    faults = []
    for name, text in values.items():
        same = named.setdefault(name.casefold(), name)
        owner = keys.setdefault(sealing.public_key(text), name)
        try:
            _recipient(name, text, same, owner)
        except PydanticCustomError as error:
            faults.append(error)
    raise_all(faults)
    return values


def _recipient(name: str, text: str, same: str, owner: str) -> None:
    """Raise what is wrong with a recipient; `same` is the first of its name in any case, and
    `owner` the first with its key."""
    if names.is_secret_key(name):
        message = "a secret key stands where the name of a recipient belongs"
        cure = "take it out, and make a new one: this one is known to whoever reads the file"
        raise _bad("bad-recipient", message, cure, key=name)
    reason = names.fault(name)
    if reason:
        message = f"{names.quoted(name)} is no name of a recipient: {reason}"
        raise _bad("bad-setting", message, names.cure(name), key=name)
    if same != name:
        message = f'the recipients "{same}" and "{name}" differ in case only'
        raise _bad("bad-setting", message, "rename one of them", key=name)
    fault = sealing.key_fault(text)
    if fault:
        raise _bad("bad-recipient", *fault, field=name)
    if owner != name:
        message = f'the recipients "{owner}" and "{name}" have one key'
        raise _bad("bad-recipient", message, "take one of them out", field=name)


_RECIPIENTS_SCHEMA: dict[str, Any] = {
    "propertyNames": {"pattern": names.PATTERN},
    "additionalProperties": {
        "pattern": f"^(?:{sealing.AGE_KEY}|{sealing.SSH_KEY}(?:[ ][^\\n\\r]*)?)$(?!\\n)"
    },
}


class SettingsModel(BaseModel):
    """The settings of a workspace."""

    model_config = ConfigDict(
        frozen=True,
        strict=True,
        extra="allow",
        defer_build=True,
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

    recipients: Annotated[
        dict[str, str],
        AfterValidator(_recipients),
        Field(json_schema_extra=_RECIPIENTS_SCHEMA),
    ] = Field(
        default_factory=dict,
        description="Who can open sealed passwords: public keys (age or ssh-ed25519) by name.",
        examples=[{"ada": "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p"}],
        json_schema_extra={"default": {}},
    )

    @model_validator(mode="after")
    def _known(self) -> Self:
        for key in self.model_extra or {}:
            if not key.startswith("x-"):
                hint = names.did_you_mean(key, FIELDS) or "keys of your own begin with x-"
                raise _bad("unknown-key", f"the key {names.quoted(key)} is not known here", hint)
        return self
