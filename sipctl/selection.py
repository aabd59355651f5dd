"""Which endpoints a command is about: by reference, by query, at a revision."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from sipctl import query, workspace
from sipctl.changes import snapshot
from sipctl.endpoint import Endpoint
from sipctl.errors import Refused, Usage
from sipctl.inventory import SETTINGS_FILE, Inventory
from sipctl.kinds import FOLDERS, SCENARIO
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
    return {
        reference: endpoint
        for reference, endpoint in inventory.endpoints.items()
        if wanted.matches(searchable(endpoint, used_by(inventory, reference)))
    }


def used_by(inventory: Inventory, reference: str) -> list[str]:
    """The scenarios that use an endpoint, sorted."""
    return sorted({use.scenario for use in inventory.uses.get(reference, ())})


def searchable(endpoint: Endpoint, scenarios: Sequence[str]) -> dict[str, object]:
    """An endpoint as queries see it: effective values, of the password its form only, and the
    scenarios that use it."""
    record = endpoint.record()
    form = record.pop("password")
    record.pop("given")
    form_name = next(iter(form), None) if form else None
    return record | {"password_form": form_name, "used_by": list(scenarios)}


def at_revision(root: Path, revision: str) -> Inventory:
    """The workspace as it was at a revision."""
    repository = required_repository(root)
    files = repository.files_at(repository.resolve(revision), [*FOLDERS, SETTINGS_FILE])
    return workspace.inventory_of(files)


def required_repository(root: Path) -> Repository:
    """The repository around a workspace; raises Refused where there is none."""
    repository = Repository.find(root)
    if repository is None:
        raise Refused(f'"{root}" lies in no Git repository', "make one with `sipctl init`")
    return repository


def shown(root: MappingNode) -> list[tuple[str, str]]:
    """Every field of an endpoint with its effective value, defaults marked, as one line each."""
    return [(field, value.text()) for field, value in snapshot(root).items() if value.present]


def committed_types(root: Path) -> dict[str, str]:
    """The type that each changed scenario had in HEAD, by path; none where there is no Git."""
    if not (root / SCENARIO.folder).is_dir():
        return {}
    try:
        repository = Repository.find(root)
    except Refused:  # no Git, or one that does not trust this folder: files are judged without it
        return {}
    head = repository.head() if repository else None
    if repository is None or head is None:
        return {}
    changed = [p for p in repository.status([SCENARIO.folder]) if SCENARIO.holds(p)]
    return types_of(repository, repository.tree(head, changed) if changed else {})


def types_of(repository: Repository, tree: Mapping[str, str]) -> dict[str, str]:
    """The type of each readable scenario among these blobs, by path."""
    blobs = repository.blobs(tree.values())
    found = {path: workspace.read_member(path, blobs[blob]).scenario for path, blob in tree.items()}
    return {path: scenario.type_ for path, scenario in found.items() if scenario}
