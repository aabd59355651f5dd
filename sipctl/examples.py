"""A wrong and a right example of each rule, for `explain` and for the page of the rules.

`examples/invalid/<rule>/` and `examples/valid/<rule>/` are small workspaces. What matters in one
are its scenarios; where there are none, the endpoint, and settings that say more than their
version. Where the fault is not in a file's text, `wrong.txt` says in words what it is.
"""

from __future__ import annotations

from pathlib import Path

from sipctl import resources
from sipctl.kinds import ENDPOINT, SCENARIO, SETTINGS_FILE
from sipctl.names import visible

DESCRIPTION = "wrong.txt"


def wrong(rule: str) -> str:
    """What breaks the rule of this name: each file's text under its path, or a description."""
    root = resources.path("examples", "invalid", rule)
    described = root / DESCRIPTION
    return described.read_text("utf-8") if described.is_file() else _shown(root)


def right(rule: str) -> str:
    """What keeps the rule of this name: each file's text under its path."""
    return _shown(resources.path("examples", "valid", rule))


def _shown(root: Path) -> str:
    scenarios = sorted((root / SCENARIO.folder).glob("*"))
    endpoints = sorted((root / ENDPOINT.folder).glob("*"))
    settings = [root / SETTINGS_FILE] if _says_more(root / SETTINGS_FILE) else []
    files = scenarios or [*settings, *endpoints[:1]]
    return "\n".join(_text(file, root) for file in files)


def _says_more(settings: Path) -> bool:
    return len(settings.read_bytes().splitlines()) > 1


def _text(file: Path, root: Path) -> str:
    text = file.read_bytes().decode("utf-8", "backslashreplace")
    return f"# {file.relative_to(root).as_posix()}\n" + "\n".join(map(visible, text.split("\n")))
