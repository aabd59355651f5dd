"""Asking for a new endpoint or scenario field by field, as the product's forms do."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path

import typer

from sipctl import names, operations, workspace
from sipctl.commands import passwords
from sipctl.commands.session import Session
from sipctl.errors import Refused
from sipctl.kinds import ENDPOINT, SCENARIO, Kind
from sipctl.passwords import secrets
from sipctl.passwords.secrets import NewPassword
from sipctl.scenarios.scenario import TYPES
from sipctl.yamlfile import scalars
from sipctl.yamlfile.write import Value

_QUESTIONS: dict[str, dict[str, str]] = {
    ENDPOINT.noun: {
        "reference": "Reference",
        "host": "SIP endpoint (host name or IP address)",
        "port": "Port (empty: the default)",
        "codecs": "Codec: alaw, ulaw, or both with a comma (empty: both)",
        "username": "User name (empty: none)",
        "password": "Environment variable with the password (empty: none)",
        "realm": "Realm (empty: none)",
    },
    SCENARIO.noun: {
        "reference": "Reference",
        "name": "Name (empty: none)",
        "type": f"Type: {TYPES[0]} or {TYPES[1]}; it cannot change later (empty: {TYPES[0]})",
        "description": "Description (empty: none)",
        "entry_points": "Numbers that lead here, with commas (empty: none)",
    },
}
_REQUIRED = ("reference", "host")
_DEFAULTS = {"type": TYPES[0]}


def endpoint(
    session: Session, given: Mapping[str, Value]
) -> tuple[dict[str, Value], NewPassword | None]:
    """The fields of a new endpoint, and the password that is to be sealed, if one was typed."""
    root = session.root()
    settings = workspace.load_settings(root)
    if session.seals:
        secrets.recipients_of(settings)
    found: list[NewPassword] = []

    def password() -> bool:
        if "password" not in given and settings.recipients:
            typed = passwords.typed_or_none(settings, _PASSWORD)
            found.extend([typed] if typed else [])
        return bool(found)

    values = ask(given, root, sealed=password)
    return values, found[0] if found else None


_PASSWORD = "Password, to be sealed; it is not shown (empty: none, or in a variable)"


def ask(
    given: Mapping[str, Value],
    root: Path,
    kind: Kind = ENDPOINT,
    sealed: Callable[[], bool] = lambda: False,
) -> dict[str, Value]:
    """The fields given, and those that the answers add; each answer is checked and asked again.

    Raises Refused before the first question where the reference that is given is there already.
    `sealed` is called where the password's turn comes; no variable is asked for if it got one.
    """
    inventory = workspace.load(root)
    if "reference" in given:
        operations.refuse_taken(inventory, str(given["reference"]), kind)
    values = dict(given)
    for field, question in _QUESTIONS[kind.noun].items():
        if field in values or (field == "password" and ("username" not in values or sealed())):
            continue
        answer = _answer(field, question, kind)
        while (
            answer is not None and field == "reference" and inventory.same_name(str(answer), kind)
        ):
            typer.echo(f'the {kind.noun} "{answer}" exists already', err=True)
            answer = _answer(field, question, kind)
        if answer is not None:
            values[field] = answer
    return values


def _answer(field: str, question: str, kind: Kind) -> Value | None:
    while True:
        text = typer.prompt(question, default="", show_default=False, err=True).strip()
        if not text:
            if field not in _REQUIRED:
                return _DEFAULTS.get(field)
            typer.echo("this one is required", err=True)
            continue
        problem, value = _checked(field, text, kind)
        if problem is None:
            return value
        typer.echo(problem, err=True)


def _checked(field: str, text: str, kind: Kind) -> tuple[str | None, Value]:
    """What is wrong with an answer, and the answer as a file holds it."""
    if field == "reference":
        reason = names.fault(text)
        return (f'"{text}" is not a reference: {reason}' if reason else None), text
    if field == "password" and not _IN_CAPITALS.match(text):
        return _SHOWN, text
    if field == "port" and not scalars.DECIMAL.match(text):
        return f'"{text}" is not a plain number', text
    try:
        value = _typed(field, text)
    except Refused as error:
        return error.message, text
    finding = operations.fault_of(field, value, kind)
    if finding is None:
        return None, value
    return f"{finding.message}; {finding.hint}" if finding.hint else finding.message, value


_IN_CAPITALS = re.compile(r"[A-Z_][A-Z0-9_]*\Z")
_SHOWN = (
    "the name of a variable is asked for, in capitals; if that was a password, it has been seen"
)


def _typed(field: str, text: str) -> Value:
    if field == "host":
        return operations.host_of(text)
    if field == "port":
        return int(text[:19])  # more digits are out of range, and not linear to read
    if field == "codecs":
        return [part.strip() for part in text.replace(" and ", ",").split(",")]
    if field == "entry_points":
        return [part.strip() for part in text.split(",")]
    return {"env": text} if field == "password" else text
