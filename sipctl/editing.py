"""Changing the fields of one file: whether it can be, and the bytes that come of it."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from sipctl.errors import Bug, Refused
from sipctl.findings import Finding
from sipctl.inventory import Inventory
from sipctl.kinds import ENDPOINT, Kind
from sipctl.member import Content, Member
from sipctl.rules.book import RULES
from sipctl.workspace import read_member
from sipctl.yamlfile.edit import changed, spliced
from sipctl.yamlfile.nodes import Mapping as MappingNode
from sipctl.yamlfile.write import Unset, Value

Change = Value | Unset
Changes = Mapping[str, Change]
"""New values by field; UNSET takes a field out."""

NO_CHANGES: Changes = MappingProxyType({})

Edit = tuple[Member, Changes]
"""One file and what is to change in it."""


def editable(
    inventory: Inventory, reference: str, kind: Kind = ENDPOINT, changes: Changes = NO_CHANGES
) -> Member:
    """The file, if its fields can be changed one by one.

    Raises Refused where it is unknown, or holds findings of fixed rules that stay when `changes`
    are made: what cannot be read for sure is not written again. A value that is not allowed hinders
    nobody from setting another.
    """
    member = inventory.member(reference, kind)
    fixed = _fixed(member.findings)
    if fixed and changes and member.root is not None:
        fixed = _left(member, member.root, changes)
    if member.root is None or fixed:
        mends = all(RULES[f.rule].fmt for f in fixed)
        cure = "`sipctl fmt` mends it" if mends else f"mend {member.path} in an editor"
        noun = "" if kind is ENDPOINT else f"{kind.noun} "
        message = f'the file of {noun}"{reference}" cannot be changed as it stands'
        raise Refused(message, f"{cure}, then `sipctl save {reference}`", fixed)
    return member


def _fixed(findings: tuple[Finding, ...]) -> tuple[Finding, ...]:
    return tuple(finding for finding in findings if RULES[finding.rule].fixed)


def _left(member: Member, root: MappingNode, changes: Changes) -> tuple[Finding, ...]:
    """The findings of fixed rules that stay when changes are made by splices, which leave alone
    what could be misread; all of them where the layout does not allow that."""
    result = spliced(member.text, root, _by_way(changes), member.kind.fields)
    left = member if result is None else read_member(member.path, result[0].encode("utf-8"))
    return _fixed(left.findings)


def edited(member: Member, changes: Changes) -> bytes:
    """The file's bytes with fields changed, all others as they were."""
    return content_with(member, changes).data


def edited_within(member: Member, changes: Mapping[tuple[str, ...], Change]) -> bytes:
    """The file's bytes with values changed that stand deeper, each by its way from the top."""
    return _content_within(member, changes).data


def content_with(member: Member, changes: Changes) -> Content:
    """The file with fields changed, and what the reader makes of it."""
    return _content_within(member, _by_way(changes))


def _by_way(changes: Changes) -> dict[tuple[str, ...], Change]:
    return {(field,): value for field, value in changes.items()}


def _content_within(member: Member, changes: Mapping[tuple[str, ...], Change]) -> Content:
    if member.root is None:
        raise Bug("a file that cannot be read, or holds no mapping, was to be edited")
    text, root = changed(member.text, member.root, changes, member.kind.fields)
    return Content(text.encode("utf-8"), text, root)
