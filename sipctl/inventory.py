"""A frozen index of all endpoints of a workspace, readable or not."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from sipctl import names
from sipctl.endpoint import Endpoint
from sipctl.errors import Refused
from sipctl.findings import Finding
from sipctl.nodes import Mapping as MappingNode
from sipctl.nodes import Mend
from sipctl.settings import Settings

ENDPOINTS = "endpoints"
SETTINGS_FILE = "sipctl.yaml"


def endpoint_path(reference: str) -> str:
    """Where an endpoint stands, relative to the workspace."""
    return f"{ENDPOINTS}/{reference}.yaml"


@dataclass(frozen=True, slots=True)
class Member:
    """One endpoint's file as read. `endpoint` is None where errors make its meaning unsure.

    `tolerated` is the endpoint with values that rules forbid, which settings may allow.
    """

    path: str
    data: bytes = field(repr=False)  # a file may hold a password in plain text
    text: str = field(repr=False)
    root: MappingNode | None
    endpoint: Endpoint | None
    findings: tuple[Finding, ...] = ()
    mends: tuple[Mend, ...] = ()
    tolerated: Endpoint | None = None

    @property
    def reference(self) -> str:
        """The reference that the file's name says."""
        return self.path.rpartition("/")[2].removesuffix(".yaml")


@dataclass(frozen=True)
class Inventory:
    """Every member of a workspace, its settings, and the findings of all.

    `others` are the findings among them that belong to no member: settings and stray files.
    """

    settings: Settings
    members: Mapping[str, Member]
    findings: tuple[Finding, ...] = ()
    others: tuple[Finding, ...] = ()

    @cached_property
    def endpoints(self) -> dict[str, Endpoint]:
        """The readable endpoints by reference, sorted."""
        found = {m.reference: m.endpoint for m in self.members.values() if m.endpoint is not None}
        return dict(sorted(found.items(), key=lambda item: item[0].casefold()))

    @cached_property
    def unreadable(self) -> tuple[Member, ...]:
        """The members whose files cannot be read as endpoints."""
        return tuple(m for m in self.members.values() if m.endpoint is None)

    @cached_property
    def _by_folded(self) -> dict[str, Member]:
        return {m.reference.casefold(): m for m in self.members.values()}

    def same_name(self, reference: str) -> Member | None:
        """The member with this reference, case ignored."""
        return self._by_folded.get(reference.casefold())

    def member(self, reference: str) -> Member:
        """The member with exactly this reference; raises Refused with the nearest name."""
        found = self.members.get(endpoint_path(reference))
        if found is None:
            known = [m.reference for m in self.members.values()]
            hint = names.did_you_mean(reference, known) or "see `sipctl list -o name`"
            raise Refused(f'there is no endpoint "{reference}"', hint)
        return found

    def readable(self, reference: str) -> Member:
        """Like `member`, and its endpoint is known; raises Refused with its findings."""
        member = self.member(reference)
        if member.endpoint is None:
            message = f'the endpoint "{reference}" could not be read'
            hint = f"mend {member.path}, then `sipctl validate`"
            raise Refused(message, hint, member.findings)
        return member

    def tags(self) -> dict[str, int]:
        """Every tag as first written, and how many endpoints have it; sorted."""
        first: dict[str, str] = {}
        counts: dict[str, int] = {}
        for tag in (t for e in self.endpoints.values() for t in e.tags or ()):
            name = first.setdefault(tag.casefold(), tag)
            counts[name] = counts.get(name, 0) + 1
        return dict(sorted(counts.items(), key=lambda item: item[0].casefold()))


def matching(inventory: Inventory, references: Iterable[str]) -> tuple[str, ...]:
    """The references without repetition, each known and readable; raises Refused otherwise."""
    return tuple(dict.fromkeys(inventory.readable(r).reference for r in references))
