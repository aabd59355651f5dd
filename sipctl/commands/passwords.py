"""Getting a password without letting it be seen: from standard input, or asked for without echo."""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence

import typer

from sipctl import names, workspace
from sipctl.commands.session import Session
from sipctl.errors import Refused, Usage
from sipctl.inventory import Inventory
from sipctl.kinds import ENDPOINT
from sipctl.passwords import secrets
from sipctl.passwords.secrets import NewPassword, Sealer
from sipctl.settings import Settings

_LINE_ENDS = re.compile(r"[\r\n]")


def given(session: Session, question: str) -> NewPassword | None:
    """The password that --password-stdin asks for; None without it."""
    if not session.seals:
        return None
    return asked_for(session, workspace.load_settings(session.root()), question)


def asked_for(session: Session, settings: Settings, question: str) -> NewPassword:
    """The password from standard input, or on a terminal from an answer that is not shown.

    Raises Refused before anything is asked where nobody can open what would be sealed, and Usage
    where no question may be asked.
    """
    secrets.recipients_of(settings)
    if sys.stdin.isatty() and not session.interactive:
        raise Usage("there is no password on standard input, and none may be asked for")
    text = _typed(question) if sys.stdin.isatty() else _piped(session)
    secrets.refuse_unusable(text)
    return NewPassword(text, sealer(settings))


def _typed(question: str) -> str:
    while True:
        first = str(typer.prompt(question, hide_input=True, err=True))
        if typer.prompt(_AGAIN, hide_input=True, err=True) == first:
            return first
        typer.echo(_UNLIKE, err=True)


_AGAIN = "Once more"
_UNLIKE = "the two are not the same: type both again"


def typed_or_none(settings: Settings, question: str) -> NewPassword | None:
    """An answer that is not shown, asked for until it can be a password; None for an empty one."""
    while True:
        first = typer.prompt(question, default="", show_default=False, hide_input=True, err=True)
        if not first:
            return None
        again = typer.prompt(_AGAIN, default="", show_default=False, hide_input=True, err=True)
        fault = secrets.fault_of(first) if first == again else _UNLIKE
        if fault is None:
            return NewPassword(first, sealer(settings))
        typer.echo(fault, err=True)


def _piped(session: Session) -> str:
    text = secrets.without_line_end(content(session))
    if _LINE_ENDS.search(text):
        raise Refused("standard input holds several lines, and a password is one")
    return text


def content(session: Session) -> str:
    """What standard input holds; what is left of it is no answer to a question."""
    session.no_input = True
    try:
        return sys.stdin.buffer.read().decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Refused("standard input is not text in UTF-8") from None


def sealer(settings: Settings) -> Sealer:
    """What seals, with the keys at hand."""
    from sipctl.passwords import identities  # few commands need keys

    return Sealer(identities.find(settings.recipients))


def refuse_bad_reference(reference: str) -> None:
    """Raise Refused for what can be no reference, without telling it, for the same reason."""
    if names.fault(reference):
        message = "the reference is not valid (not shown: it may be a password)"
        raise Refused(message, names.CURE)


def refuse_unknown(inventory: Inventory, references: Sequence[str]) -> None:
    """Raise Refused for references that are not known, without telling them: one of them may be a
    password that was given in an argument's place."""
    known = [member.reference for member in inventory.of_kind(ENDPOINT).values()]
    for number, reference in enumerate(references, 1):
        if reference not in known:
            near = names.did_you_mean(reference, known)
            raise Refused(f"argument {number} is no endpoint", near or "see `sipctl list -o name`")
