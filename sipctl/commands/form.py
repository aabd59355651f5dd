"""Asking for an endpoint field by field, as the product's form does."""

from __future__ import annotations

from pathlib import Path

import typer

from sipctl import names, operations, scalars, workspace
from sipctl.errors import Refused
from sipctl.yamlfile.write import Value

_QUESTIONS = (
    ("reference", "Reference"),
    ("host", "SIP endpoint (host name or IP address)"),
    ("port", "Port (empty: the default)"),
    ("codecs", "Codec: alaw, ulaw, or both with a comma (empty: both)"),
    ("username", "User name (empty: none)"),
    ("password", "Environment variable with the password (empty: none)"),
    ("realm", "Realm (empty: none)"),
)
_REQUIRED = ("reference", "host")


def ask(given: dict[str, Value], root: Path) -> dict[str, Value]:
    """The fields given, and those that the answers add; each answer is checked and asked again."""
    inventory = workspace.load(root)
    values = dict(given)
    for field, question in _QUESTIONS:
        if field in values or (field == "password" and "username" not in values):
            continue
        answer = _answer(field, question)
        while answer is not None and field == "reference" and inventory.same_name(str(answer)):
            typer.echo(f'an endpoint "{answer}" exists already', err=True)
            answer = _answer(field, question)
        if answer is not None:
            values[field] = answer
    return values


def _answer(field: str, question: str) -> Value | None:
    while True:
        text = typer.prompt(question, default="", show_default=False, err=True).strip()
        if not text:
            if field not in _REQUIRED:
                return None
            typer.echo("this one is required", err=True)
            continue
        problem, value = _checked(field, text)
        if problem is None:
            return value
        typer.echo(problem, err=True)


def _checked(field: str, text: str) -> tuple[str | None, Value]:
    """What is wrong with an answer, and the answer as a file holds it."""
    if field == "reference":
        reason = names.fault(text)
        return (f'"{text}" is not a reference: {reason}' if reason else None), text
    if field == "port" and not scalars.DECIMAL.match(text):
        return f'"{text}" is not a plain number', text
    try:
        value = _typed(field, text)
    except Refused as error:
        return error.message, text
    finding = operations.fault_of(field, value)
    if finding is None:
        return None, value
    return f"{finding.message}; {finding.hint}" if finding.hint else finding.message, value


def _typed(field: str, text: str) -> Value:
    if field == "host":
        return operations.host_of(text)
    if field == "port":
        return int(text[:19])  # more digits are out of range, and not linear to read
    if field == "codecs":
        return [part.strip() for part in text.replace(" and ", ",").split(",")]
    return {"env": text} if field == "password" else text
