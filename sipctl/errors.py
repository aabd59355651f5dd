"""The few exceptions: each is a message, a hint and the findings behind it. They never print."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sipctl.statuses import BUG, REFUSED, USAGE

if TYPE_CHECKING:
    from sipctl.findings import Finding


class SipctlError(Exception):
    """Something that ends a command. `status` is the exit status it ends with."""

    status = REFUSED

    def __init__(self, message: str, hint: str = "", findings: tuple[Finding, ...] = ()) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.findings = findings


class Refused(SipctlError):
    """What was asked is refused or not possible; nothing has changed."""


class Usage(SipctlError):
    """The command line itself is wrong: something required is missing or contradicts itself."""

    status = USAGE


class Interrupted(BaseException):
    """A signal asked the process to end."""


class Bug(SipctlError):
    """sipctl found itself wrong (an edit that did not do what it should, say)."""

    status = BUG


def reason_of(error: OSError) -> str:
    """What the system says of a failure, in lower case."""
    return (error.strerror or str(error)).lower()
