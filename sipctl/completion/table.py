"""What may stand on a command line: table.tsv as values. Only what is asked for is read of it.

The table is made from the commands (tests/completing.py, `make generate`). It is plain text with
tabs, since what JSON needs in Python costs as much time as Python itself.
"""

from __future__ import annotations

import os

Word = tuple[str, str]
"""A word that can be offered, and what it means; the second may be empty."""


class Slot:
    """What takes a value: an argument, or an option that is no flag.

    `kind` is what it holds (metavars.py), `words` are its values where there are only these.
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


_text = ""


def _section(head: str) -> list[list[str]]:
    """The rows of a section of the table; none where there is no such section."""
    global _text
    if not _text:
        with open(os.path.join(os.path.dirname(__file__), "table.tsv"), encoding="utf-8") as file:
            _text = file.read()
    start = _text.find(f"\n{head}\n")
    if start < 0:
        return []
    start += len(head) + 2
    return [row.split("\t") for row in _text[start : _text.find("\n\n", start)].split("\n")]


def command(name: str) -> Command:
    """The command of this name, `scenario edit`; the program itself is the empty name."""
    options, arguments, commands = [], [], {}
    for what, *row in _section(f"command\t{name}"):
        if what == "below":
            commands[row[0]] = row[1]
        elif what == "argument":
            arguments.append(_slot(row))
        elif what == "option":
            slot = _slot(row[2:]) if row[2] else None
            options.append(Option(row[0].split(" "), row[1], slot))
    return Command(options, arguments, commands)


def _slot(row: list[str]) -> Slot:
    kind, many, words = row
    return Slot(kind, words.split(" ") if words else [], many == "many")


def words(kind: str) -> list[Word] | None:
    """The words of a kind that has the same ones in every workspace, else None."""
    return [(word, meaning) for word, meaning in _section(f"words\t{kind}")] or None
