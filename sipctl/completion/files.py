"""What a workspace holds, read so cheaply that a press of a key can wait for it.

References come from names of files. Scenarios, and the tags of endpoints, are looked at by
outline.py; never more of them than fit in `BUDGET`, since an answer in time beats a whole one.
"""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Iterable, Iterator

SETTINGS_FILE = "sipctl.yaml"
FOLDERS = {"endpoint": "endpoints", "scenario": "scenarios"}
MAX_BYTES = 1024 * 1024
BUDGET = 0.3
"""Seconds for reading many files. 10,000 endpoints take about as long; of more, tags may lack."""

_TAGS = rb"""^(?:tags|"tags"|'tags')[ \t]*:.*+(?:\n(?:[ \t\-\]#].*+)?)*+"""


class Action:
    """An action of a scenario: its type, its branches with their targets, its other values."""

    __slots__ = ("branches", "type", "values")

    def __init__(self) -> None:
        self.type = ""
        self.branches: dict[str, str] = {}
        self.values: dict[str, str] = {}


def root(given: str | None) -> str | None:
    """The workspace that was named, else the one around the current folder; None for none."""
    given = given or os.environ.get("SIPCTL_WORKSPACE")
    if given:
        folder = os.path.expanduser(os.path.expandvars(given))
        return folder if _is_workspace(folder) else None
    try:
        folder = os.getcwd()
    except OSError:  # it is gone
        return None
    while not _is_workspace(folder):
        above = os.path.dirname(folder)
        if above == folder:
            return None
        folder = above
    return folder


def _is_workspace(folder: str) -> bool:
    return os.path.isfile(os.path.join(folder, SETTINGS_FILE))


def names(root: str, kind: str) -> list[str]:
    """The names of all files that stand where endpoints or scenarios do, in no order."""
    try:
        return os.listdir(os.path.join(root, FOLDERS[kind]))
    except OSError:
        return []


def references(names: Iterable[str]) -> list[str]:
    """What references these names of files say, sorted."""
    return sorted(name[:-5] for name in names if name[-5:] == ".yaml" and name[0] != ".")


def actions(root: str, scenarios: Iterable[str]) -> dict[str, list[Action]]:
    """The actions of these scenarios by their ids, in the order of the files."""
    found: dict[str, list[Action]] = {}
    for data in _contents(root, "scenario", scenarios):
        for id, action in _actions_in(data.decode("utf-8", "replace")).items():
            found.setdefault(id, []).append(action)
    return found


def _actions_in(text: str) -> dict[str, Action]:
    from sipctl.completion.outline import entries

    found: dict[str, Action] = {}
    for path, value in entries(text):
        match path:
            case ("actions", id):
                found.setdefault(id, Action())
            case ("actions", id, "action") if id in found:
                found[id].type = value
            case ("actions", id, "branches", label) if id in found:
                found[id].branches[label] = value
            case ("actions", id, key) if id in found:
                found[id].values[key] = value
    return found


def tags(root: str, endpoints: Iterable[str]) -> list[str]:
    """The tags of these endpoints, sorted."""
    import re

    from sipctl.completion.outline import entries

    tags = re.compile(_TAGS, re.MULTILINE)
    found: set[str] = set()
    seen: set[bytes] = set()
    for data in _contents(root, "endpoint", endpoints):
        part = tags.search(data)
        told = part[0] if part else data if data.lstrip()[:1] == b"{" else b""
        if told not in seen:
            seen.add(told)
            text = told.decode("utf-8", "replace")
            found |= {value for path, value in entries(text) if path == ("tags",) and value}
    return sorted(found)


def recipients(root: str) -> list[str]:
    """The names of the recipients of passwords, in the order of the settings."""
    from sipctl.completion.outline import entries

    data = _content(os.path.join(root, SETTINGS_FILE)) or b""
    text = data.decode("utf-8", "replace")
    return [path[1] for path, _ in entries(text) if len(path) == 2 and path[0] == "recipients"]


def _contents(root: str, kind: str, references: Iterable[str]) -> Iterator[bytes]:
    """The files of these members, until the time is over."""
    end = time.monotonic() + BUDGET
    folder = os.path.join(root, FOLDERS[kind])
    for reference in references:
        if "/" in reference:
            continue
        data = _content(f"{folder}/{reference}.yaml")
        if data is not None:
            yield data
        if time.monotonic() > end:
            return


def _content(path: str) -> bytes | None:
    """A plain file's first bytes; links are not followed and a pipe is not waited for."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except (OSError, ValueError):
        return None
    try:
        is_file = stat.S_ISREG(os.fstat(descriptor).st_mode)
        return os.read(descriptor, MAX_BYTES) if is_file else None
    except OSError:
        return None
    finally:
        os.close(descriptor)


def revisions(root: str) -> list[str]:
    """HEAD and the names of branches and tags; none where Git does not tell them at once."""
    from subprocess import DEVNULL, PIPE, SubprocessError, run

    kinds = ("refs/heads", "refs/tags", "refs/remotes")
    safely = ("-c", "safe.bareRepository=explicit")  # as sipctl/git/processes.py has it
    names = ("for-each-ref", "--format=%(refname:short)", *kinds)
    command = ["git", "-C", root, *safely, *names]
    try:
        told = run(command, stdin=DEVNULL, stdout=PIPE, stderr=DEVNULL, timeout=2, check=True)
    except (OSError, SubprocessError):
        return []
    return ["HEAD", *told.stdout.decode("utf-8", "replace").split("\n")[:-1]]
