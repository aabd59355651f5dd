"""Which endpoints a command is about: by reference, by query, at a revision."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from sipctl import query, workspace
from sipctl.changes import snapshot
from sipctl.endpoint import FIELDS, Endpoint
from sipctl.errors import Refused, Usage
from sipctl.inventory import ENDPOINTS, SETTINGS_FILE, Inventory
from sipctl.nodes import Mapping as MappingNode
from sipctl.repository import Repository

BULK = 10
"""A change of more endpoints than this wants a yes."""


def of(inventory: Inventory, references: Sequence[str], where: str | None) -> tuple[str, ...]:
    """The references named, or those that a query matches; raises Usage for neither or both."""
    if bool(references) == (where is not None):
        raise Usage("name endpoints, or choose them with --where", "sipctl list shows them")
    if where is not None:
        return tuple(matching(inventory, where))
    for reference in references:
        inventory.member(reference)
    return tuple(dict.fromkeys(references))


def is_many(references: Sequence[str], where: str | None) -> bool:
    """True where a command may be about more endpoints than pass without a yes."""
    return where is not None or len(references) > BULK


def matching(inventory: Inventory, where: str | None) -> dict[str, Endpoint]:
    """The readable endpoints that a query matches, or all of them."""
    return inventory.endpoints if where is None else _filtered(inventory, _parsed([where]))


def found(inventory: Inventory, words: Sequence[str]) -> dict[str, Endpoint]:
    """The readable endpoints that match a query given as words."""
    return _filtered(inventory, _parsed(words))


def _parsed(words: Sequence[str]) -> query.Query:
    try:
        return query.parse_terms(words)
    except query.QueryError as error:
        raise Refused(str(error), error.hint) from None


def _filtered(inventory: Inventory, wanted: query.Query) -> dict[str, Endpoint]:
    return {r: e for r, e in inventory.endpoints.items() if wanted.matches(searchable(e))}


def searchable(endpoint: Endpoint) -> dict[str, object]:
    """An endpoint as queries see it: effective values, and of the password its form only."""
    record = endpoint.record()
    form = record.pop("password")
    record.pop("given")
    return record | {"password_form": next(iter(form), None) if form else None}


def at_revision(root: Path, revision: str) -> Inventory:
    """The workspace as it was at a revision."""
    repository = required_repository(root)
    files = repository.files_at(repository.resolve(revision), [ENDPOINTS, SETTINGS_FILE])
    return workspace.inventory_of(files)


def required_repository(root: Path) -> Repository:
    """The repository around a workspace; raises Refused where there is none."""
    repository = Repository.find(root)
    if repository is None:
        raise Refused(f'"{root}" lies in no Git repository', "make one with `sipctl init`")
    return repository


def shown(root: MappingNode) -> list[tuple[str, str]]:
    """Every field with its effective value, defaults marked, as one line each."""
    values = snapshot(root)
    order = (*FIELDS, *(field for field in values if field not in FIELDS))
    return [(field, values[field].text()) for field in order if values[field].present]
