"""The layout of a workspace on disk: where it is, and reading all of it."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from sipctl import ignores, sealing
from sipctl.changes import MASK, names_password
from sipctl.endpoint import FIELDS, PASSWORD_FORMS, Endpoint
from sipctl.errors import Refused
from sipctl.findings import Finding, Place, in_order, with_severities
from sipctl.inventory import NO_CONTEXT, SETTINGS_FILE, Context, Inventory, Member
from sipctl.kinds import KINDS, SCENARIO, Kind, is_member_name, kind_in, kind_of
from sipctl.nodes import Mapping as MappingNode
from sipctl.nodes import Node, Scalar, Sequence
from sipctl.rules import files, graphs
from sipctl.scenario import Scenario
from sipctl.settings import FIELDS as SETTINGS_FIELDS
from sipctl.settings import FORMAT, Settings
from sipctl.typed import Decoded, decode, is_word
from sipctl.yamlfile.read import MAX_BYTES, read

Source = Mapping[str, "bytes | Finding"]
"""A workspace's files by path relative to its root: their bytes, or why they cannot be read."""


def find_root(start: Path, given: Path | None = None) -> Path:
    """The workspace at `given`, else the one around `start`; raises Refused where there is none."""
    if given is not None:
        if (given / SETTINGS_FILE).is_file():
            return given
        hint = f"make one there with `sipctl init {given}`"
        raise Refused(f'"{given}" is no workspace: it holds no {SETTINGS_FILE}', hint)
    for folder in (start, *start.parents):
        if (folder / SETTINGS_FILE).is_file():
            return folder
    hint = "make one with `sipctl init`, or name one with -C DIR"
    raise Refused(f"no workspace here: no {SETTINGS_FILE} in this folder or above it", hint)


def is_member(path: str) -> bool:
    """True for the path of an endpoint's or scenario's file, relative to the workspace."""
    return kind_of(path) is not None


def load(root: Path, context: Context = NO_CONTEXT) -> Inventory:
    """Read the whole workspace from disk. What cannot be read is a finding, not an exception."""
    return inventory_of(dict(disk_files(root)), context)


def load_settings(root: Path) -> Settings:
    """The settings alone, the default ones where they have errors."""
    return _settings(_content(root / SETTINGS_FILE, SETTINGS_FILE))[0]


def inventory_of(source: Source, context: Context = NO_CONTEXT) -> Inventory:
    """The inventory of a workspace's files, wherever they come from."""
    settings, found = _settings(source.get(SETTINGS_FILE))
    members, stray = {}, []
    for path, data in source.items():
        if is_member(path):
            members[path] = _member(path, data)
        elif isinstance(data, Finding) and path != SETTINGS_FILE:
            stray.append(data)
    return _judged(settings, members, (*found, *stray), context)


def _judged(
    settings: Settings,
    members: Mapping[str, Member],
    others: tuple[Finding, ...],
    context: Context,
) -> Inventory:
    """An inventory with all its findings: each file's own, those between files, and `others`."""
    ignored = [i for m in members.values() for i in ignores.written(m.text, m.root, m.path)]
    members = {path: _tolerating(member, settings, ignored) for path, member in members.items()}
    own = [finding for member in members.values() for finding in member.findings]
    between = files.check(members.values(), settings, context)
    unheeded = ignores.faults((*own, *between), ignored)
    left = (*others, *own, *_with_sources_of((*between, *unheeded), members))
    findings = with_severities(ignores.left(left, ignored), settings.rules)
    return Inventory(settings, members, in_order(findings), others, context)


def _tolerating(member: Member, settings: Settings, ignored: list[ignores.Ignore]) -> Member:
    """The member with its meaning too where settings or comments make all its errors less."""
    if member.tolerated is None:
        return member
    left = with_severities(ignores.left(member.doubts, ignored), settings.rules)
    allowed = not any(finding.is_error for finding in left)
    return replace(member, value=member.tolerated if allowed else None)


def reread(
    inventory: Inventory,
    changed: Mapping[str, bytes | None],
    context: Context | None = None,
) -> Inventory:
    """The inventory as it will be with these files changed; None takes a file away.

    Without a context it is judged by the one that it was judged by before.
    """
    members = dict(inventory.members)
    for path, data in changed.items():
        if not is_member(path):
            continue
        if data is None:
            members.pop(path, None)
        else:
            members[path] = _member(path, data)
    settings, others = inventory.settings, inventory.others
    if SETTINGS_FILE in changed:
        settings, found = _settings(changed[SETTINGS_FILE])
        others = (*found, *(f for f in others if f.place.file != SETTINGS_FILE))
    return _judged(settings, members, others, context or inventory.context)


def _member(path: str, data: bytes | Finding) -> Member:
    kind = kind_in(path)
    if isinstance(data, Finding):
        return Member(path, b"", "", None, None, (data,))
    document = read(data, path)
    if document.root is None:
        found = _with_sources(document.findings, document.text, None, kind)
        return Member(path, data, document.text, None, None, found)
    decoded = _decoded(kind, document.root, path, document.text)
    root = document.root if isinstance(document.root, MappingNode) else None
    findings = decoded.findings
    if kind is SCENARIO and root is not None:
        meant = decoded.value or decoded.tolerated
        scenario = meant if isinstance(meant, Scenario) else None
        findings = (*findings, *graphs.check(scenario, root, path))
    found = _with_sources(findings, document.text, root, kind)
    return Member(
        path,
        data,
        document.text,
        root,
        decoded.value,
        found,
        decoded.mends,
        decoded.tolerated,
        decoded.findings,
    )


def _decoded(kind: Kind, root: Node, path: str, text: str) -> Decoded[Endpoint] | Decoded[Scenario]:
    if kind is SCENARIO:
        return decode(root, Scenario, path, text)
    return decode(root, Endpoint, path, text)


def context_of(files: Mapping[str, bytes]) -> Context:
    """What rules want to know of the files that stood at these paths before."""
    members = [_member(path, data) for path, data in files.items()]
    scenarios = ((m.path, m.scenario) for m in members)
    logins = ((m.path, m.login) for m in members)
    return Context(
        types={path: scenario.type_ for path, scenario in scenarios if scenario},
        logins={path: login for path, login in logins if login},
    )


def read_member(path: str, data: bytes) -> Member:
    """One member's file by its content alone; rules between files are not judged."""
    return _member(path, data)


def _settings(data: bytes | Finding | None) -> tuple[Settings, tuple[Finding, ...]]:
    default = Settings(version=FORMAT)
    if data is None:
        return default, ()
    if isinstance(data, Finding):
        return default, (data,)
    document = read(data, SETTINGS_FILE)
    if document.root is None:
        return default, _with_sources(document.findings, document.text, None, None)
    decoded = decode(document.root, Settings, SETTINGS_FILE, document.text)
    ignored = ignores.written(document.text, document.root, SETTINGS_FILE)
    found = (*decoded.findings, *ignores.faults_of_settings(ignored))
    findings = _with_sources(found, document.text, document.root, None)
    return decoded.value or default, findings


def settings_node(data: bytes, key: str) -> MappingNode | None:
    """The mapping that stands under a key of the settings, judged or not; None for anything
    else."""
    root = read(data, SETTINGS_FILE).root
    node = root.get(key) if isinstance(root, MappingNode) else None
    return node if isinstance(node, MappingNode) else None


def weighed(inventory: Inventory, findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Further findings of an inventory's endpoints as they are told: with the lines they stand in,
    under the workspace's own severities, without those that comments take out."""
    found = tuple(_with_sources_of(tuple(findings), inventory.members))
    members = inventory.members.values()
    ignored = [i for m in members for i in ignores.written(m.text, m.root, m.path)]
    return with_severities(ignores.left(found, ignored), inventory.settings.rules)


# -- the disk ------------------------------------------------------------------------------------


def disk_files(root: Path) -> Iterator[tuple[str, bytes | Finding]]:
    """Every file of a workspace as it stands on disk, and what looks like one and is not read."""
    yield SETTINGS_FILE, _content(root / SETTINGS_FILE, SETTINGS_FILE)
    for kind in KINDS:
        yield from _folder_files(root, kind)


def _folder_files(root: Path, kind: Kind) -> Iterator[tuple[str, bytes | Finding]]:
    try:
        entries = sorted(os.scandir(root / kind.folder), key=lambda entry: entry.name)
    except FileNotFoundError:
        return
    except OSError as error:
        yield kind.folder, not_a_file(kind.folder, error.strerror or str(error))
        return
    for entry in entries:
        path = f"{kind.folder}/{entry.name}"
        if is_member_name(entry.name):
            yield path, _content(Path(entry.path), path)
        elif not entry.name.startswith("."):
            yield path, stray(path, entry.is_dir(follow_symlinks=False))


def _content(file: Path, path: str) -> bytes | Finding:
    try:
        descriptor = os.open(file, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        link = file.is_symlink()
        return not_a_file(path, "it is a symbolic link" if link else error.strerror or str(error))
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        return not_a_file(path, "it is not a plain file")
    with os.fdopen(descriptor, "rb") as stream:
        # one byte more than is allowed is enough to know
        return stream.read(MAX_BYTES + 1)


def not_a_file(path: str, reason: str) -> Finding:
    """SIP111 for a path of a workspace."""
    message = f"it cannot be read: {reason[0].lower()}{reason[1:]}"
    hint = "put a plain, readable file in its place"
    return Finding.of("not-a-file", Place(path), message, hint)


def stray(path: str, folder: bool) -> Finding:
    """SIP303 for what stands beside the members: a file, or a folder."""
    if folder:
        return Finding.of(
            "stray-file", Place(path), "sub-folders are not read", "move its files up"
        )
    stem = path.rpartition("/")[2].rpartition(".")[0]
    suffix = path.rpartition(".")[2].casefold()
    hint = f"rename it to {stem}.yaml" if suffix in ("yml", "yaml", "json") else "move it elsewhere"
    return Finding.of("stray-file", Place(path), "only <reference>.yaml files are read", hint)


# -- source lines that are safe to show ----------------------------------------------------------


def _with_sources_of(
    findings: tuple[Finding, ...], members: Mapping[str, Member]
) -> Iterator[Finding]:
    by_file: dict[str, list[Finding]] = {}
    for finding in findings:
        by_file.setdefault(finding.place.file, []).append(finding)
    for path, found in by_file.items():
        member = members[path]
        yield from _with_sources(tuple(found), member.text, member.root, member.kind)


_WITHOUT_SOURCE = frozenset(("exposed-password-file",))
"""What was given for the name of a file may have been the password itself."""


def _with_sources(
    findings: tuple[Finding, ...], text: str, root: Node | None, kind: Kind | None
) -> tuple[Finding, ...]:
    """The findings with the line each stands in, every secret in it masked. The settings are of no
    kind."""
    if not findings or not text:
        return findings
    lines = text.removeprefix("\ufeff").splitlines()
    if root is None:
        masked = lines[: _safe_lines(lines, kind)]
    else:
        spans = _secrets(root, kind, sealed=True)
        masked = _without(text, spans).removeprefix("\ufeff").splitlines()
    return tuple(_with_source(finding, lines, masked) for finding in findings)


def _with_source(finding: Finding, lines: list[str], masked: list[str]) -> Finding:
    """The finding with its line as it may be shown, and ended within that line of the file."""
    place = finding.place
    if place.line > len(lines):
        return finding
    if place.end_line == place.line:
        end = max(len(lines[place.line - 1]), place.column) + 1
        place = replace(place, end_column=min(place.end_column, end))
    shown = place.line <= len(masked) and finding.rule not in _WITHOUT_SOURCE
    source = masked[place.line - 1] if shown else None
    return replace(finding, place=place, source=source)


def _safe_lines(lines: list[str], kind: Kind | None) -> int:
    """How many lines may be shown of a file that cannot be parsed: those before any password.

    Without a parse nothing tells where a value ends, so of an endpoint only lines that begin with a
    known key, and the items of its list, are taken for what they look like.
    """
    harmful = _PASSWORD.search if kind is SCENARIO else _may_be_secret
    return next((i for i, line in enumerate(lines) if harmful(line)), len(lines))


_PUBLIC = "|".join({*FIELDS, *SETTINGS_FIELDS} - {"password", "recipients"})
_HARMLESS = re.compile(rf"\s*(?:\Z|#|-{{3}}|[<=>]{{7}}|(?:{_PUBLIC})\s*:|-\s[^:]*\Z)")
_PASSWORD = re.compile("password", re.IGNORECASE)


def _may_be_secret(line: str) -> bool:
    return _HARMLESS.match(line) is None


def without_plaintext(member: Member) -> str:
    """A file's text to be shown whole, as in a diff: plain passwords masked, sealed values kept.

    Of a file that cannot be parsed, all from the first line on that may hold a password is masked.
    """
    if member.root is not None:
        return _without(member.text, _secrets(member.root, member.kind, sealed=False))
    return _masked_from(member.text, member.kind)


def rescued(before: Member, typed: bytes) -> str:
    """What came of a file in an editor, to be kept though it was refused: passwords in plain text
    are masked. Where it cannot be parsed a line is, if it is new and may be one."""
    member = read_member(before.path, typed)
    if member.root is not None:
        return without_plaintext(member)
    known = {*before.text.splitlines()}
    lines = typed.decode("utf-8", "replace").splitlines(keepends=True)
    safe = (before.kind is SCENARIO and not _PASSWORD.search(line) for line in lines)
    return "".join(
        line if ok or line.strip("\r\n") in known or not _may_be_secret(line) else MASK + "\n"
        for line, ok in zip(lines, safe, strict=True)
    )


def _masked_from(text: str, kind: Kind | None) -> str:
    lines = text.splitlines(keepends=True)
    safe = _safe_lines(lines, kind)
    return "".join(lines[:safe]) + "".join(MASK + "\n" for _ in lines[safe:])


def _without(text: str, spans: Iterable[tuple[int, int]]) -> str:
    pieces, position = [], 0
    for start, end in sorted(spans):
        if start >= position:
            kept_breaks = "\n" * text.count("\n", start, end)
            pieces += [text[position:start], MASK + kept_breaks]
            position = end
    return "".join([*pieces, text[position:]])


def settings_text(data: bytes) -> str:
    """The settings' text to be shown whole: what stands in a recipient's place and is no public key
    is masked."""
    document = read(data, SETTINGS_FILE)
    if document.root is None:
        return _masked_from(document.text, None)
    return _without(document.text, _secrets(document.root, None, sealed=False))


def _secrets(root: Node, kind: Kind | None, *, sealed: bool) -> Iterator[tuple[int, int]]:
    """The spans of values that may be secrets: by field, never by what they look like."""
    if kind is SCENARIO:
        return _in_scenario(root)
    return _in_settings(root) if kind is None else _in_endpoint(root, sealed=sealed)


def _in_settings(root: Node) -> Iterator[tuple[int, int]]:
    if not isinstance(root, MappingNode):
        yield root.start, root.end
        return
    for key, value in root.entries:
        if key.value == "recipients":
            entries = value.entries if isinstance(value, MappingNode) else [(key, value)]
            yield from ((v.start, v.end) for _, v in entries if not _is_public_key(v))
        elif key.value not in SETTINGS_FIELDS and not key.value.startswith("x-"):
            yield value.start if is_word(key.value) else key.start, max(key.end, value.end)


def _is_public_key(node: Node) -> bool:
    return isinstance(node, Scalar) and sealing.key_fault(node.value) is None


def _in_scenario(root: Node) -> Iterator[tuple[int, int]]:
    """The values of every key called password: a parameter of an action can have that name."""
    waiting = [root]
    while waiting:
        node = waiting.pop()
        if isinstance(node, Sequence):
            waiting += node.items
        elif isinstance(node, MappingNode):
            for key, value in node.entries:
                if _PASSWORD.fullmatch(key.value):
                    yield value.start, value.end
                else:
                    waiting.append(value)


def _in_endpoint(root: Node, *, sealed: bool) -> Iterator[tuple[int, int]]:
    """The same of an endpoint.

    The value of an unknown key counts too, `pasword: …` is one; and so does the key itself where it
    is no word: `{password secret}` has one key and no value. With `sealed` sealed values count.
    """
    if not isinstance(root, MappingNode):
        yield root.start, root.end
        return
    for key, value in root.entries:
        if key.value == "password":
            yield from _of_password(value, sealed=sealed)
        elif not _is_public(key):
            yield value.start if is_word(key.value) else key.start, max(key.end, value.end)


def _of_password(value: Node, *, sealed: bool) -> Iterator[tuple[int, int]]:
    entries = value.entries if isinstance(value, MappingNode) else []
    if len(entries) != 1 or entries[0][0].value not in PASSWORD_FORMS:
        yield value.start, value.end
        return
    form, named = entries[0]
    is_sealed = form.value == "age" and isinstance(named, Scalar) and sealing.is_sealed(named.value)
    if not names_password(form.value, named) and (sealed or not is_sealed):
        yield named.start, named.end


def _is_public(key: Scalar) -> bool:
    return key.value in FIELDS or key.value.startswith("x-")
