"""Variables of the environment for the time of a piece of work; among them the one that holds a
secret key: no process that we start inherits it, hooks, editors and pagers among them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

VARIABLE = "SIPCTL_IDENTITY"

_taken: str | None = None


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
    """Take the variable out of the environment for the time of a command."""
    global _taken
    _taken = os.environ.pop(VARIABLE, None)
    try:
        yield
    finally:
        if _taken is not None:
            os.environ[VARIABLE] = _taken
        _taken = None


def secret_key() -> str | None:
    """What the variable held; None where it was not set."""
    return os.environ.get(VARIABLE) if _taken is None else _taken
