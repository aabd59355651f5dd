"""What an endpoint's file may hold: its fields, and the values that each takes.

The validators here are the one source of the value rules; the JSON Schemas are generated from them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    Tag,
    model_validator,
)
from pydantic_core import PydanticCustomError

from sipctl import hosts, names
from sipctl.endpoint import (
    CODECS,
    CONTROL,
    ENV_PATTERN,
    LINE_BREAKS,
    MAX_TEXT,
    PASSWORD_CURE,
    PASSWORD_FORMS,
    TRANSPORTS,
    is_variable,
)

_CONTROL = re.compile(CONTROL)

MAX_DESCRIPTION = 1000
MAX_SEALED = 32768

TEXT_PATTERN = r"^[^\u0000-\u001f\u007f-\u009f\u2028\u2029]*$(?!\n)"


def _bad(rule: str, message: str, hint: str = "", **context: object) -> PydanticCustomError:
    # the template's braces are pydantic's own; the text goes in as context, so values stay inert
    context |= {"message": message, "hint": hint}
    return PydanticCustomError(rule, "{message}", context)


def _reference(value: str) -> str:
    reason = names.fault(value)
    if reason:
        raise _bad(
            "bad-reference",
            f"{names.quoted(value)} is not a reference: {reason}",
            names.cure(value),
        )
    return value


def raise_all(faults: Sequence[PydanticCustomError]) -> None:
    """Raise the first fault with the others in it, as a validator can raise one only."""
    if faults:
        first, *others = faults
        context = {**(first.context or {}), "others": others}
        raise PydanticCustomError(first.type, first.message_template, context)


def _tags(values: tuple[str, ...]) -> tuple[str, ...]:
    faults, seen = [], set[str]()
    for index, value in enumerate(values):
        reason = names.fault(value)
        if reason:
            message = f"{names.quoted(value)} is not a tag: {reason}"
            faults.append(_bad("bad-tag", message, names.cure(value), index=index))
        elif value.casefold() in seen:
            message = f"the tag {names.quoted(value)} stands twice"
            faults.append(_bad("bad-tag", message, "take one out", index=index))
        seen.add(value.casefold())
    raise_all(faults)
    return values


def _host(value: str) -> str:
    fault = hosts.fault(value)
    if fault is None:
        return value
    rule = "host-not-ascii" if fault.ascii_form else "bad-host"
    mend = {"mend": fault.ascii_form} if fault.ascii_form else {}
    raise _bad(rule, f"{names.quoted(value)} is not a host: {fault.reason}", fault.cure, **mend)


def _port(value: int) -> int:
    if not 1 <= value <= 65535:
        shown = value if value < 10**9 else "this number"
        raise _bad("bad-port", f"{shown} is not a port", "use a number from 1 to 65535")
    return value


def _transport(value: str) -> str:
    if value not in TRANSPORTS:
        hint = names.did_you_mean(value, TRANSPORTS) or "use udp, tcp or tls"
        raise _bad("bad-transport", f"{names.quoted(value)} is not a transport", hint)
    return value


# what people write for the two codecs elsewhere (RFC 3551, table 4, and the switches' own words)
_CODEC_WORDS = {"pcma": "alaw", "g711a": "alaw", "pcmu": "ulaw", "g711u": "ulaw", "mulaw": "ulaw"}


def _meant(codec: str) -> str | None:
    return _CODEC_WORDS.get(codec.casefold()) or names.nearest(codec, CODECS)


def _codecs(values: tuple[str, ...]) -> tuple[str, ...]:
    if not values:
        raise _bad("bad-codec", "the list of codecs is empty", "use alaw, ulaw or both")
    faults: list[PydanticCustomError] = []
    seen = set[str]()
    for index, value in enumerate(values):
        if value not in CODECS:
            meant = _meant(value) if len(faults) < names.MAX_NEAREST else None
            hint = f'did you mean "{meant}"?' if meant else "use alaw, ulaw or both"
            faults.append(
                _bad("bad-codec", f"{names.quoted(value)} is not a codec", hint, index=index)
            )
        elif value in seen:
            message = f"the codec {names.quoted(value)} stands twice"
            faults.append(_bad("bad-codec", message, "take one of them out", index=index))
        seen.add(value)
    raise_all(faults)
    return values


def text_field(what: str, limit: int) -> AfterValidator:
    """A validator: a text on one line, not empty, of `limit` characters at most."""

    def check(value: str) -> str:
        if not value:
            hint = "take the key out, or give it a value"
            raise _bad("bad-text", f"the {what} is empty", hint)
        control = _CONTROL.search(value)
        if control:
            breaks = control[0] in LINE_BREAKS
            one_line = "write it on one line; a block needs >- and no line break in it"
            hint = one_line if breaks else "take this character out"
            raise _bad("bad-text", f"the {what} holds U+{ord(control[0]):04X}", hint)
        if len(value) > limit:
            message = f"the {what} has {len(value)} characters"
            raise _bad("bad-text", message, f"at most {limit} are allowed")
        return value

    return AfterValidator(check)


def _env(value: str) -> str:
    if not is_variable(value):
        hint = "use letters, digits and _, not beginning with a digit"
        raise _bad("bad-password", "this is not the name of an environment variable", hint)
    return value


def text_schema(limit: int, **more: Any) -> Any:
    """What `text_field` asks for, as a JSON Schema."""
    schema: dict[str, Any] = {"minLength": 1, "maxLength": limit, "pattern": TEXT_PATTERN} | more
    return Field(json_schema_extra=schema)


_NAME_SCHEMA: dict[str, Any] = {"pattern": names.PATTERN}
Reference = Annotated[str, AfterValidator(_reference), Field(json_schema_extra=_NAME_SCHEMA)]
_TAG = Annotated[str, Field(json_schema_extra=_NAME_SCHEMA)]
_HOST_SCHEMA: dict[str, Any] = {
    "minLength": 1,
    "maxLength": hosts.MAX_NAME,
    "pattern": r"^[A-Za-z0-9:](?:[A-Za-z0-9.:-]*[A-Za-z0-9:])?$(?!\n)",
}
Host = Annotated[str, AfterValidator(_host), Field(json_schema_extra=_HOST_SCHEMA)]
_PORT_SCHEMA: dict[str, Any] = {"minimum": 1, "maximum": 65535}
Port = Annotated[int, AfterValidator(_port), Field(json_schema_extra=_PORT_SCHEMA)]
_TRANSPORT_SCHEMA: dict[str, Any] = {"enum": list(TRANSPORTS)}
Transport = Annotated[str, AfterValidator(_transport), Field(json_schema_extra=_TRANSPORT_SCHEMA)]
_CODEC = Annotated[str, Field(json_schema_extra={"enum": list(CODECS)})]
Codecs = Annotated[
    tuple[_CODEC, ...],
    AfterValidator(_codecs),
    Field(json_schema_extra={"minItems": 1, "uniqueItems": True}),
]
Tags = Annotated[
    tuple[_TAG, ...], AfterValidator(_tags), Field(json_schema_extra={"uniqueItems": True})
]


class _Form(BaseModel):
    # each model is built when it is first needed: no form is by itself
    model_config = ConfigDict(
        frozen=True, strict=True, extra="forbid", hide_input_in_errors=True, defer_build=True
    )


class EnvPassword(_Form):
    """The password stands in an environment variable."""

    env: Annotated[str, AfterValidator(_env), Field(json_schema_extra={"pattern": ENV_PATTERN})] = (
        Field(description="Name of the environment variable.", examples=["PBX_PARIS_PASSWORD"])
    )


class FilePassword(_Form):
    """The password stands in a file outside of the repository, or ignored by it."""

    file: Annotated[str, text_field("path", MAX_TEXT), text_schema(MAX_TEXT)] = Field(
        description="Path, absolute or relative to the workspace.", examples=["secrets/pbx-paris"]
    )


class AgePassword(_Form):
    """The password stands here, encrypted to the workspace's recipients."""

    age: Annotated[str, text_field("sealed password", MAX_SEALED), text_schema(MAX_SEALED)] = Field(
        description="The sealed value on one line.", repr=False
    )


_PLAIN_PASSWORD = Annotated[str, text_field("password", MAX_TEXT), text_schema(MAX_TEXT)]


def _password_form(value: object) -> str | None:
    if isinstance(value, str):
        return "plain"
    if isinstance(value, Mapping):
        return next((form for form in PASSWORD_FORMS if list(value) == [form]), None)
    forms: dict[type, str] = {EnvPassword: "env", FilePassword: "file", AgePassword: "age"}
    return forms.get(type(value))


def _of_known_form(value: object) -> object:
    if _password_form(value) is None:
        raise _bad("bad-password", "the password is in none of the known forms", PASSWORD_CURE)
    return value


Password = Annotated[
    Annotated[_PLAIN_PASSWORD, Tag("plain")]
    | Annotated[EnvPassword, Tag("env")]
    | Annotated[FilePassword, Tag("file")]
    | Annotated[AgePassword, Tag("age")],
    Discriminator(_password_form),
    BeforeValidator(_of_known_form),
]


class EndpointModel(BaseModel):
    """A telephony server that calls are sent to."""

    model_config = ConfigDict(
        frozen=True,
        strict=True,
        extra="allow",
        hide_input_in_errors=True,
        defer_build=True,
        title="SIP endpoint",
        json_schema_extra={
            "description": "A telephony server that calls are sent to: endpoints/<reference>.yaml.",
            "dependentRequired": {"password": ["username"]},
            "patternProperties": {"^x-": {}},
            "additionalProperties": False,
        },
    )

    reference: Reference = Field(
        description="Unique name: the stem of the file. Letters, digits and _ . @ -, at most 64.",
        examples=["pbx-paris"],
    )
    host: Host = Field(
        description="Destination server: a host name or an IP address (IPv6 without brackets).",
        examples=["sip.paris.example.net", "192.0.2.10", "2001:db8::10"],
    )
    port: Port | None = Field(
        default=None,
        description="Port; without one 5060 (5061 with tls), and SRV records may say otherwise.",
        examples=[5060],
        json_schema_extra={"default": 5060},
    )
    transport: Transport | None = Field(
        default=None,
        description="Transport of the signalling.",
        examples=["tls"],
        json_schema_extra={"default": "udp"},
    )
    codecs: Codecs | None = Field(
        default=None,
        description="Codecs offered, in order of preference: alaw (PCMA), ulaw (PCMU).",
        examples=[["alaw", "ulaw"]],
        json_schema_extra={"default": list(CODECS)},
    )
    username: Annotated[str, text_field("user name", MAX_TEXT), text_schema(MAX_TEXT)] | None = (
        Field(
            default=None,
            description="User name for authentication; quote digits, and what begins with +.",
            examples=["+33155000001"],
        )
    )
    password: Password | None = Field(
        default=None,
        repr=False,  # a plain one would show in every traceback and log
        description="Where the password is found: {env: NAME}, {file: PATH} or {age: …}.",
        examples=[{"env": "PBX_PARIS_PASSWORD"}],
    )
    realm: Annotated[str, text_field("realm", MAX_TEXT), text_schema(MAX_TEXT)] | None = Field(
        default=None,
        description="Realm of the authentication; sent only when set.",
        examples=["paris.example.net"],
    )
    register_: bool | None = Field(
        default=None,
        alias="register",
        description="Whether to register at the server.",
        examples=[True],
        json_schema_extra={"default": False},
    )
    tags: Tags | None = Field(
        default=None,
        description="Tags, compared without case.",
        examples=[["paris", "production"]],
        json_schema_extra={"default": []},
    )
    description: (
        Annotated[str, text_field("description", MAX_DESCRIPTION), text_schema(MAX_DESCRIPTION)]
        | None
    ) = Field(
        default=None,
        description="A note for people, on one line.",
        examples=["Main trunk of the Paris office."],
    )

    @model_validator(mode="after")
    def _whole(self) -> Self:
        for key in self.model_extra or {}:
            if not key.startswith("x-"):
                raise _bad("unknown-key", f"the key {names.quoted(key)} is not known here")
        for name, value in self.__dict__.items():  # the fields, in their order
            if value is None and name in self.model_fields_set:
                hint, field = "take the key out, or quote it", name.rstrip("_")
                raise _bad("null-value", "the key has no value", hint, field=field)
        if self.password is not None and self.username is None:
            hint = "add a user name, or take the password out"
            message = "there is a password and no user name"
            raise _bad("password-without-username", message, hint, field="password")
        return self
