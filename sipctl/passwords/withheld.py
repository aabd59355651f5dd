"""Variables of the environment for the time of a piece of work; among them those that hold a
secret key: no process that we start inherits one, hooks, editors and pagers among them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

from sipctl import names

VARIABLE = "SIPCTL_IDENTITY"
FILE_VARIABLE = "SIPCTL_IDENTITY_FILE"
"""Names a file with secret keys in place of the user's own."""

_taken: dict[str, str] = {}


@contextmanager
def holding(name: str, value: str) -> Iterator[None]:
    """For a time the environment holds this value under a name."""
    before = os.environ.get(name)
    os.environ[name] = value
    try:
        yield
    finally:
        del os.environ[name]
        if before is not None:
            os.environ[name] = before


@contextmanager
def from_children() -> Iterator[None]:
    """Take secret keys out of the environment for the time of a command; in the variable for the
    name of a file one may stand by mistake."""
    secret = [VARIABLE]
    if names.is_secret_key(os.environ.get(FILE_VARIABLE, "")):
        secret.append(FILE_VARIABLE)
    _taken.update({name: os.environ.pop(name) for name in secret if name in os.environ})
    try:
        yield
    finally:
        os.environ.update(_taken)
        _taken.clear()


def secret_key() -> str | None:
    """What the variable for a key held; None where it was not set."""
    return _value(VARIABLE)


def key_file() -> str | None:
    """What the variable for the name of a file held; None where it was not set."""
    return _value(FILE_VARIABLE)


def _value(name: str) -> str | None:
    return _taken.get(name, os.environ.get(name))
