"""A command line as it is understood while it is typed: what the word at the cursor may be."""

from __future__ import annotations

from collections.abc import Sequence

from sipctl.completion import table
from sipctl.completion.table import Command, Option, Slot


class Line:
    """What a line says around its cursor.

    `typed` is the word at the cursor as far as it goes; of it `fixed` stands already and is no part
    of the value (`--color=`). `slot` is what the value is for, None where an option or a command is
    to be named. `options` are the values that other words give, by the option's first name ("" for
    a flag), `arguments` the other words with what each is for. `command` is the one that the cursor
    is in, None behind an unknown one, and `name` what it is called.
    """

    def __init__(self, typed: str) -> None:
        self.typed = typed
        self.fixed = ""
        self.slot: Slot | None = None
        self.name = ""
        self.command: Command | None = None
        self.position = 0
        self.after_dashes = False
        self.options: dict[str, list[str]] = {}
        self.arguments: list[tuple[Slot | None, str]] = []

    @property
    def value(self) -> str:
        """What of the typed word is the value."""
        return self.typed[len(self.fixed) :]

    def given(self, option: str) -> str | None:
        """The value of an option, by its first name; the last one counts."""
        values = self.options.get(option)
        return values[-1] if values else None

    def named(self, *kinds: str) -> list[str]:
        """The other arguments of these kinds."""
        return [word for slot, word in self.arguments if slot and slot.kind in kinds]


def understand(words: Sequence[str], index: int) -> Line:
    """The line of these words (without the program's name), with the cursor in `words[index]`."""
    return _Reader(words, index).read()


class _Reader:
    def __init__(self, words: Sequence[str], index: int) -> None:
        self.words = words
        self.index = index
        self.line = Line(words[index])
        self.name = ""
        self.command = table.command("")
        self.waiting: Option | None = None
        self.dashes = False
        self.position = 0

    def read(self) -> Line:
        for at, word in enumerate(self.words):
            if at == self.index:
                self._look_around()
                if self.command.commands:
                    break  # which command it will be is not known, so neither is what follows
            if not self._take(word, at == self.index):
                break
        return self.line

    def _look_around(self) -> None:
        """Say of the word at the cursor what it may be."""
        line = self.line
        line.name, line.command = self.name, self.command
        line.position, line.after_dashes = self.position, self.dashes
        if self.waiting:
            line.slot = self.waiting.slot
        elif line.typed.startswith("-") and not self.dashes:
            option, line.fixed = self._attached(line.typed)
            line.slot = option.slot if option else None
        else:
            line.slot = self.command.argument(self.position)

    def _attached(self, word: str) -> tuple[Option | None, str]:
        """The option that has its value in the same word, and what of the word is not the value."""
        if word.startswith("--"):
            name, equals, _ = word.partition("=")
            option = self.command.option(name) if equals else None
            return (option, name + equals) if option and option.slot else (None, "")
        for at in range(1, len(word) - 1):  # -nojson: flags may stand before it
            option = self.command.option(f"-{word[at]}")
            if option is None:
                break
            if option.slot:
                return option, word[: at + 1]
        return None, ""

    def _take(self, word: str, current: bool) -> bool:
        """Go on behind a word; False where nothing can be known any more."""
        if self.waiting:
            if not current:
                self._give(self.waiting, word)
            self.waiting = None
        elif word.startswith("-") and word != "-" and not self.dashes:
            if not current:
                self._take_option(word)
        elif self.command.commands:
            return self._enter(word)
        else:
            if not current:
                self.line.arguments.append((self.command.argument(self.position), word))
            self.position += 1
        return True

    def _take_option(self, word: str) -> None:
        if word == "--":
            self.dashes = True
            return
        option, fixed = self._attached(word)
        if option:
            self._give(option, word[len(fixed) :])
            return
        names = [word] if word.startswith("--") else [f"-{char}" for char in word[1:]]
        for name in names:
            option = self.command.option(name)
            if option and option.slot:
                self.waiting = option
            elif option:
                self._give(option, "")

    def _give(self, option: Option, value: str) -> None:
        self.line.options.setdefault(option.names[0], []).append(value)

    def _enter(self, word: str) -> bool:
        if word not in self.command.commands:
            return False
        self.name = f"{self.name} {word}".strip()
        self.command = table.command(self.name)
        self.dashes = False
        return True
