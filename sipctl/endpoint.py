"""The endpoint as a plain value: its fields, and the values that count where a field is absent.

What a file may hold is judged by `models/endpoint.py`, which nothing needs that only reads values.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

FIELDS = (
    "reference",
    "host",
    "port",
    "transport",
    "codecs",
    "username",
    "password",
    "realm",
    "register",
    "tags",
    "description",
)
"""The fields in canonical order."""

TRANSPORTS = ("udp", "tcp", "tls")
CODECS = ("alaw", "ulaw")
PASSWORD_FORMS = ("env", "file", "age")
PASSWORD_CURE = "write {env: NAME}, {file: PATH} or {age: …}"

ENV_PATTERN = r"^[A-Za-z_][A-Za-z0-9_]*$(?!\n)"

MAX_TEXT = 255
# texts, for re to compile where a value is judged: whoever only reads values need not wait
CONTROL = "[\x00-\x1f\x7f-\x9f\u2028\u2029]"
LINE_BREAKS = "\n\r\x85\u2028\u2029"
"""Those control characters that end a line."""
_SURROGATE = "[\ud800-\udfff]"


def is_text(text: str) -> bool:
    """True for what a user name, a password or a realm may be."""
    forbidden = re.search(CONTROL, text) or re.search(_SURROGATE, text)
    return 0 < len(text) <= MAX_TEXT and not forbidden


def is_variable(name: str) -> bool:
    """True for the name of an environment variable; anything else there may be the password."""
    return bool(re.match(ENV_PATTERN, name))


def default_of(field: str, transport: object = None) -> object:
    """The value that counts where `field` is absent; the port's depends on the transport."""
    if field == "port":
        return 5061 if transport == "tls" else 5060
    return _DEFAULTS.get(field)


_DEFAULTS: Mapping[str, object] = {
    "transport": "udp",
    "codecs": CODECS,
    "register": False,
    "tags": (),
}


DEFAULT_TEXTS = (
    *(str(default_of(*given)) for given in (("port",), ("port", "tls"), ("transport",))),
    *CODECS,
    "false",
)
"""The defaults that are found as text, in small letters."""


def password_form(password: object) -> dict[str, Any] | None:
    """A password by its form, never its value.

    It is `{"env": NAME}`, `{"file": PATH}`, `{"age": True}` or `{"plain": True}`.
    """
    if password is None:
        return None
    if not isinstance(password, Mapping):
        return {"plain": True}
    [(form, named)] = password.items()
    return {form: True if form == "age" else named}


class Endpoint:
    """A telephony server that calls are sent to. An absent field is None: SIP knows 'no port'.

    Of its password it knows the form only.
    """

    __slots__ = ("_given",)

    def __init__(self, given: Mapping[str, Any]) -> None:
        """An endpoint of what its file gives, by field; keys of the user's own among it."""
        self._given = given

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> Endpoint:
        """An endpoint of a document's data."""
        password = password_form(data.get("password"))
        return cls({**data, "password": password} if password else data)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Endpoint) and self.record() == other.record()

    def __hash__(self) -> int:
        return hash(self.reference)

    def __repr__(self) -> str:
        return f"Endpoint({self._given!r})"

    @property
    def reference(self) -> str:
        """Its unique name."""
        return str(self._given["reference"])

    @property
    def host(self) -> str:
        """The destination server: a host name or an IP address."""
        return str(self._given["host"])

    @property
    def port(self) -> int | None:
        """The port, where one is given."""
        return self._given.get("port")

    @property
    def transport(self) -> str | None:
        """The transport, where one is given."""
        return self._given.get("transport")

    @property
    def codecs(self) -> tuple[str, ...] | None:
        """The codecs in order of preference, where they are given."""
        return _tuple(self._given.get("codecs"))

    @property
    def username(self) -> str | None:
        """The user name of the authentication."""
        return self._given.get("username")

    @property
    def password(self) -> Mapping[str, Any] | None:
        """The password by its form, as `password_form` tells it."""
        return self._given.get("password")

    @property
    def realm(self) -> str | None:
        """The realm of the authentication."""
        return self._given.get("realm")

    @property
    def register(self) -> bool | None:
        """Whether to register at the server, where that is given."""
        return self._given.get("register")

    @property
    def tags(self) -> tuple[str, ...] | None:
        """The tags, where they are given."""
        return _tuple(self._given.get("tags"))

    @property
    def description(self) -> str | None:
        """A note for people."""
        return self._given.get("description")

    @property
    def extra(self) -> Mapping[str, Any]:
        """The user's own `x-` keys."""
        return {key: value for key, value in self._given.items() if key.startswith("x-")}

    def effective(self, field: str) -> object:
        """The value that counts: the one given, else the default; None where there is none."""
        value = self._given.get(field)
        return default_of(field, self.transport) if value is None else value

    def given(self) -> tuple[str, ...]:
        """The fields that the file gives, in canonical order."""
        return tuple(field for field in FIELDS if field in self._given)

    def record(self) -> dict[str, Any]:
        """Every effective value as plain data, the password by its form only.

        This is an endpoint as JSON shows it and as queries see it.
        """
        record: dict[str, Any] = {}
        given, transport = self._given, self.transport
        for field in FIELDS:  # as `effective` has it; of thousands each call would be felt
            value = given.get(field)
            if value is None:
                value = default_of(field, transport)
            record[field] = list(value) if isinstance(value, tuple) else value
        record["given"] = list(self.given())
        return record | dict(self.extra)


def _tuple(values: Any) -> tuple[str, ...] | None:
    return None if values is None else tuple(values)
