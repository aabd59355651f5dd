"""A wrong and a right example of each rule, for `explain` and for the page of the rules.

`examples/invalid/<rule>/` and `examples/valid/<rule>/` are small workspaces with one file that
matters. Where the fault is not in a file's text, `wrong.txt` says in words what it is.
"""

from __future__ import annotations

from pathlib import Path

from sipctl import resources
from sipctl.inventory import ENDPOINTS, SETTINGS_FILE

DESCRIPTION = "wrong.txt"


def wrong(rule: str) -> str:
    """What breaks the rule of this name: a file's text under its path, or a description."""
    root = resources.path("examples", "invalid", rule)
    described = root / DESCRIPTION
    return described.read_text("utf-8") if described.is_file() else _shown(root)


def right(rule: str) -> str:
    """What keeps the rule of this name: a file's text under its path."""
    return _shown(resources.path("examples", "valid", rule))


def _shown(root: Path) -> str:
    file = next(iter(sorted((root / ENDPOINTS).glob("*"))), root / SETTINGS_FILE)
    text = file.read_bytes().decode("utf-8", "backslashreplace")
    return f"# {file.relative_to(root).as_posix()}\n" + "".join(map(_visible, text))


def _visible(char: str) -> str:
    """The character, or how an escape would spell it, so that no terminal acts on it."""
    if char == "\n" or char.isprintable():
        return char
    return char.encode("unicode_escape").decode("ascii")
