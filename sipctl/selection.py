"""Which endpoints a command is about: by reference, by query."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from sipctl.endpoint import DEFAULT_TEXTS, Endpoint
from sipctl.errors import Refused, Usage
from sipctl.inventory import Inventory

if TYPE_CHECKING:
    from sipctl import query

BULK = 10
"""A change of more endpoints than this wants a yes."""


def of(
    inventory: Inventory, references: Sequence[str], where: Sequence[str] | None
) -> tuple[str, ...]:
    """The references named, or those that match the queries; raises Usage for neither or both."""
    if references and where is not None:
        raise Usage("give references or --where, not both")
    if not references and where is None:
        raise Usage("name endpoints, or choose them with --where", "sipctl list shows them")
    if where is not None:
        return tuple(matching(inventory, where))
    for reference in references:
        inventory.member(reference)
    return tuple(dict.fromkeys(references))


def is_many(references: Sequence[str], where: Sequence[str] | None) -> bool:
    """True where a command may be about more endpoints than pass without a yes."""
    return where is not None or len(references) > BULK


def matching(inventory: Inventory, where: Sequence[str] | None) -> dict[str, Endpoint]:
    """The readable endpoints that each of these queries matches, or all of them."""
    if where is None:
        return inventory.endpoints
    from sipctl import query

    return _filtered(inventory, query.all_of([_parsed([text]) for text in where]))


def found(inventory: Inventory, words: Sequence[str]) -> dict[str, Endpoint]:
    """The readable endpoints that match a query given as words."""
    return _filtered(inventory, _parsed(words))


def doubts(texts: Iterable[str]) -> Iterator[str]:
    """What may be meant otherwise in these queries; nothing of one that is none, which is refused
    where it is used."""
    for text in texts:
        try:
            yield from _parsed([text]).doubts
        except Refused:
            return


def _parsed(words: Sequence[str]) -> query.Query:
    from sipctl import query

    try:
        return query.parse_terms(words)
    except query.QueryError as error:
        raise Refused(str(error), error.hint) from None


def _filtered(inventory: Inventory, wanted: query.Query) -> dict[str, Endpoint]:
    used = "used_by" in wanted.fields()
    # a default that is found stands in no file
    sought = [text for text in wanted.needles if not any(text in d for d in DEFAULT_TEXTS)]
    return {
        reference: endpoint
        for reference, endpoint in inventory.endpoints_with(sought).items()
        if wanted.matches(searchable(endpoint, used_by(inventory, reference) if used else ()))
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
