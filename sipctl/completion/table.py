"""What may stand on a command line: table.json as values. Only what is asked for is made of it."""

from __future__ import annotations

import json
import os
from functools import cache

TYPE_CHECKING = False  # the one of typing would cost its import
if TYPE_CHECKING:
    from typing import Any

Word = tuple[str, str]
"""A word that can be offered, and what it means; the second may be empty."""


class Slot:
    """What takes a value: an argument, or an option that is no flag.

    `kind` is what it holds (kinds.py), `words` are its values where there are only these.
    """

    __slots__ = ("kind", "many", "words")

    def __init__(self, kind: str, words: list[str], many: bool) -> None:
        self.kind = kind
        self.words = words
        self.many = many


class Option:
    """An option of a command; a flag has no slot."""

    __slots__ = ("help", "names", "slot")

    def __init__(self, names: list[str], help: str, slot: Slot | None) -> None:
        self.names = names
        self.help = help
        self.slot = slot


class Command:
    """A command: its options, its arguments in order, or the commands below it with their help."""

    __slots__ = ("_by_name", "arguments", "commands", "options")

    def __init__(
        self, options: list[Option], arguments: list[Slot], commands: dict[str, str]
    ) -> None:
        self.options = options
        self.arguments = arguments
        self.commands = commands
        self._by_name = {name: option for option in options for name in option.names}

    def option(self, name: str) -> Option | None:
        """The option of this name, long or short."""
        return self._by_name.get(name)

    def argument(self, position: int) -> Slot | None:
        """What the argument at a position is, from 0; the last one may take many."""
        if position < len(self.arguments):
            return self.arguments[position]
        last = self.arguments[-1] if self.arguments else None
        return last if last and last.many else None


@cache
def _loaded() -> Any:
    with open(os.path.join(os.path.dirname(__file__), "table.json"), encoding="utf-8") as file:
        return json.load(file)


def command(name: str) -> Command:
    """The command of this name, `scenario edit`; the program itself is the empty name."""
    entry = _loaded()["commands"][name]
    options = [
        Option(o["names"], o["help"], _slot(o) if "kind" in o else None) for o in entry["options"]
    ]
    return Command(options, [_slot(a) for a in entry["arguments"]], entry["commands"])


def _slot(entry: Any) -> Slot:
    return Slot(entry["kind"], entry.get("words", []), entry.get("many", False))


def words(kind: str) -> list[Word] | None:
    """The words of a kind that has the same ones in every workspace, else None."""
    found = _loaded()["words"].get(kind)
    return None if found is None else [(word, meaning) for word, meaning in found.items()]
