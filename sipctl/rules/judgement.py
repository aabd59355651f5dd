"""All findings of a workspace: each file's own, those between files, under its own severities."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from sipctl.findings import Finding, in_order, with_severities
from sipctl.member import Context, Member
from sipctl.rules import ignores
from sipctl.rules.ignores import Ignore
from sipctl.settings import Settings


def judge(
    settings: Settings,
    members: Mapping[str, Member],
    others: tuple[Finding, ...],
    context: Context,
) -> tuple[Finding, ...]:
    """Every finding, in order; `others` are those that belong to no member."""
    from sipctl.rules import files

    odd = [member for member in members.values() if not member.known.plain]
    ignored = ignored_in(odd)
    own = [finding for member in odd for finding in member.findings]
    between = files.check(members, settings, context)
    unheeded = ignores.faults((*own, *between), ignored)
    found = (*others, *own, *_with_sources((*between, *unheeded), members))
    return in_order(with_severities(ignores.left(found, ignored), settings.rules))


def weighed(
    settings: Settings, members: Mapping[str, Member], findings: Iterable[Finding]
) -> tuple[Finding, ...]:
    """Further findings of members as they are told: with the lines they stand in, under the
    workspace's own severities, without those that comments take out."""
    found = _with_sources(findings, members)
    return with_severities(ignores.left(found, ignored_in(members.values())), settings.rules)


def ignored_in(members: Iterable[Member]) -> list[Ignore]:
    """What the comments of these files want to be ignored."""
    return [ignore for m in members if not m.known.plain for ignore in m.facts.ignores]


def tolerating(member: Member, settings: Settings) -> Member:
    """The member, tolerant where settings or comments make all its doubts less than errors."""
    if member.facts.tolerated is None:
        return member
    left = with_severities(ignores.left(member.facts.doubts, member.facts.ignores), settings.rules)
    return member.as_tolerant(not any(finding.is_error for finding in left))


def _with_sources(findings: Iterable[Finding], members: Mapping[str, Member]) -> Iterator[Finding]:
    # it has to parse, and most workspaces are in order
    from sipctl.passwords.masking import with_sources

    by_file: dict[str, list[Finding]] = {}
    for finding in findings:
        by_file.setdefault(finding.place.file, []).append(finding)
    for path, found in by_file.items():
        member = members[path]
        yield from with_sources(tuple(found), member.text, member.root, member.kind)
