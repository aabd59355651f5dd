"""What each shell sends at a press of the key, and the form in which it takes the answer.

The first line of an answer says what follows: `words`, or `open` where no blank should follow a
word, or `files` or `folders`, which the shell finds itself (behind as many characters of the typed
word as the number on that line says). Then one word a line, for zsh and fish with a tab and what it
means.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sipctl.completion.candidates import Offer, offer
from sipctl.completion.table import Word


def answer(shell: str, sent: Sequence[str]) -> str:
    """The answer to what a shell's script has sent."""
    if shell == "bash":
        return _bash(*sent)
    index = int(sent[0])
    words = list(sent[1:])
    if shell == "fish":
        words[index:] = [_unquoted(word) for word in words[index:]]
    words[index + 1 :] = filter(None, words[index + 1 :])  # zsh sends an empty one for none
    found = offer(words[1:], index - 1, anywhere=True)
    lines = _described(found.words) if shell == "zsh" else _with_meaning(found.words)
    return "\n".join([_heading(found), *lines, ""])


def _heading(found: Offer) -> str:
    if found.paths:
        return f"{found.paths} {len(found.fixed)}"
    return "open" if found.open else "words"


def _with_meaning(words: list[Word]) -> list[str]:
    return [f"{word}\t{meaning}" if meaning else word for word, meaning in words]


def _described(words: list[Word]) -> list[str]:
    """Each word, and behind a tab the line that zsh shows for it, in columns."""
    if not any(meaning for _, meaning in words):
        return [f"{word}\t{word}" for word, _ in words]
    width = min(max(len(word) for word, _ in words), 32)
    return [
        f"{word}\t{word:{width}}  -- {meaning}" if meaning else f"{word}\t{word}"
        for word, meaning in words
    ]


# -- bash ----------------------------------------------------------------------------------------


def _bash(before: str, after: str, breaks: str) -> str:
    """The answer for a line that bash has not split: what stands before and after the cursor.

    bash replaces only what follows the last of its word breaks (`:` and `=` among them) or the
    quote that is open, so the answer is that part of each word, quoted as it has to stand there.
    """
    words, typed = _split(before, breaks)
    if typed.redirected:
        return "files 0\n"
    rest, _ = _split(_behind_word(after, typed.quote), "")
    found = offer([*words[1:], typed.text, *rest], len(words) - 1)
    there = len(typed.head)
    parts = [_quoted(word[there:], typed.quote) for word, _ in found.words]
    return "\n".join([_heading(found), *parts, ""])


class _Typed:
    """The word at the cursor: `text` as it is meant, `head` what of it bash leaves alone, and the
    quote that is open. `redirected` is True behind `>` or `<`."""

    __slots__ = ("head", "quote", "redirected", "text")

    def __init__(self) -> None:
        self.text = self.head = self.quote = ""
        self.redirected = False


def _split(line: str, breaks: str) -> tuple[list[str], _Typed]:
    """The words of a line and the last one, which the cursor is in; it may be empty."""
    words: list[str] = []
    current, begun = _Typed(), False
    chars = iter(line)
    for char in chars:
        if current.quote:
            if char == current.quote:
                current.quote, current.head = "", ""
            else:
                current.text += _escaped(char, chars) if current.quote == '"' else char
        elif char in " \t\n<>":
            redirection = char in "<>"
            if begun and not current.redirected and not (redirection and current.text.isdigit()):
                words.append(current.text)
            if begun or redirection:
                previous, current, begun = current, _Typed(), False
                current.redirected = redirection or (previous.redirected and not previous.text)
        else:
            begun = True
            if char in "'\"":
                current.quote, current.head = char, current.text
            else:
                if char in "$@" and char in breaks:  # readline keeps these in the word
                    current.head = current.text
                current.text += next(chars, "") if char == "\\" else char
                if char in breaks and char not in "$@":
                    current.head = current.text
    return words, current


def _escaped(char: str, chars: Iterator[str]) -> str:
    r"""A character between double quotes, where `\` is itself but before a few."""
    if char != "\\":
        return char
    following = next(chars, "")
    return following if following in '$`"\\' else char + following


def _behind_word(after: str, quote: str) -> str:
    """What follows on the line behind the word that the cursor is in."""
    if quote:
        after = after.partition(quote)[2]
    return " " + after.partition(" ")[2] + " "


_PLAIN = "_./:=@%+,^-"
_WITHOUT_PLAIN = dict.fromkeys(map(ord, _PLAIN))


def _quoted(text: str, quote: str) -> str:
    if quote == "'":
        return text.replace("'", "'\\''")
    if quote == '"':
        return "".join(f"\\{char}" if char in '$`"\\' else char for char in text)
    if text.translate(_WITHOUT_PLAIN).isalnum():  # nearly every word, and there may be 10,000
        return text
    return "".join(c if c.isalnum() or c in _PLAIN else f"\\{c}" for c in text)


# -- fish ----------------------------------------------------------------------------------------


def _unquoted(token: str) -> str:
    """A token as fish gives the one at the cursor, with the quotes and backslashes in it."""
    text, quote = "", ""
    chars = iter(token)
    for char in chars:
        if char == quote:
            quote = ""
        elif char == "\\":
            text += next(chars, "")
        elif not quote and char in "'\"":
            quote = char
        else:
            text += char
    return text
