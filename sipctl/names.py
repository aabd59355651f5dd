"""References and tags: names that are file names everywhere and survive every switch and shell."""

from __future__ import annotations

import heapq
import re
from collections import Counter
from collections.abc import Collection, Iterable
from functools import cache, cached_property
from itertools import chain

MAX_LENGTH = 64

# Names that Windows reserves, alone or before a dot; written without flags for ECMA's dialect.
_RESERVED = (
    "(?:[cC][oO][nN]|[pP][rR][nN]|[aA][uU][xX]|[nN][uU][lL]|[cC][oO][mM][0-9]|[lL][pP][tT][0-9])"
)
PATTERN = rf"^(?!{_RESERVED}(?:\.|$))[A-Za-z0-9][A-Za-z0-9_.@-]{{0,{MAX_LENGTH - 1}}}$(?!\n)"
"""A reference or tag as a regular expression that Python and ECMA-262 read alike."""

_FORBIDDEN = "[^A-Za-z0-9_.@-]"


_TAKEN = "Windows reserves this name"


def fault(name: str) -> str | None:
    """What is wrong with a reference or tag, in words; None where nothing is."""
    if _pattern().match(name):
        return None
    if not name:
        return "it is empty"
    forbidden = re.search(_FORBIDDEN, name)
    if forbidden:
        return f"{_shown(forbidden[0])} is not allowed in it"
    if len(name) > MAX_LENGTH:
        return f"it has {len(name)} characters, at most {MAX_LENGTH} are allowed"
    if not name[0].isalnum():
        return "it must begin with a letter or a digit"
    return _TAKEN


@cache
def _pattern() -> re.Pattern[str]:
    return re.compile(PATTERN)  # when a name is judged first: whoever only reads need not wait


def _shown(char: str) -> str:
    # beyond ASCII the code tells look-alikes apart
    return f'"{char}"' if char.isprintable() and char.isascii() else f"U+{ord(char):04X}"


_MAX_SHOWN = 80


MASK = "***"
"""What stands for a value that may be a password."""

PASSWORD_WORD = r"pass(?:word|wd|phrase|code)|(?:\bpwd|secret)(?![^\W_])"
"""What a password is called, as a regular expression, whatever the case."""
SECRET_KEY = "AGE-SECRET-KEY-|PRIVATE KEY"
"""What a secret key begins with, as a regular expression, whatever the case."""
_SECRET_INSIDE = rf"(?:{PASSWORD_WORD})['\"]?\s*[:=]|{SECRET_KEY}"


def is_password_name(key: str) -> bool:
    """True where a password, or a secret of another kind, may stand under a key: by its name."""
    return bool(re.search(PASSWORD_WORD, key, re.IGNORECASE))


def is_secret_key(text: str) -> bool:
    """True for what looks like a secret key, or holds one, wherever it stands."""
    # which is soon told of most
    return "KEY" in text.upper() and bool(re.search(SECRET_KEY, text, re.IGNORECASE))


def may_hold_secret(text: str) -> bool:
    """True where a text holds a secret key, or the name of a password and a sign behind it, as
    where a quote is closed too late: the one test for all that is not a password's own place."""
    # which is soon told of most
    signs = ":" in text or "=" in text or "KEY" in text.upper()
    return signs and bool(re.search(_SECRET_INSIDE, text, re.IGNORECASE))


def without_keys(text: str) -> str:
    """Words for people without the age keys in them."""
    return re.sub(r"(AGE-SECRET-KEY-)\w+", r"\1…", text, flags=re.IGNORECASE)


def quoted(value: str) -> str:
    """A user's value for a message: in quotes, shortened, and nothing that a terminal acts on.

    Of one that may hold a secret only what stands before is told.
    """
    before, *after = re.split(_SECRET_INSIDE, value, maxsplit=1, flags=re.IGNORECASE)
    value = f"{before}…" if after else value
    short = value if len(value) <= _MAX_SHOWN else value[: _MAX_SHOWN - 1] + "…"
    return f'"{visible(short)}"'


def visible(text: str) -> str:
    """The text with every character escaped that a terminal could take for a command."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


_FIRST_WORD = rf"[\w.-]{{0,{MAX_LENGTH}}}"


def word(text: str) -> str:
    """What stands where the name of a field or an option belongs, as it may be told: to the first
    character that no name has, for a password may stand behind it (`password=…`)."""
    found = re.match(_FIRST_WORD, text)
    return text if found is None or found[0] == text else f"{found[0]}…"


CURE = "use ASCII letters, digits and _ . @ -, beginning with a letter or digit, at most 64"


def cure(name: str) -> str:
    """What mends a reference or tag with a fault."""
    return "choose another name" if fault(name) == _TAKEN else CURE


_MAX_COMPARED = 256


MAX_NEAREST = 20
"""So many wrong names of one kind in one file are compared with the known ones: that is dear, and a
file can hold a hundred thousand."""


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The known name that `name` is most likely a slip of, or None. Case is ignored."""
    import difflib

    by_folded = {candidate.casefold(): candidate for candidate in known}
    found = difflib.get_close_matches(
        name.casefold()[:_MAX_COMPARED], list(by_folded), n=1, cutoff=0.6
    )
    return by_folded[found[0]] if found else None


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """A hint that names the nearest known name, or an empty string."""
    found = nearest(name, known)
    return f'did you mean "{found}"?' if found else ""


_FEW = 100
"""So many names are compared one by one."""


def _pairs(name: str) -> set[str]:
    folded = name.casefold()
    return {folded[i : i + 2] for i in range(len(folded) - 1)}


class Nearest:
    """The known name that an unknown one is most likely a slip of.

    Only so many are looked for that the sum stays linear; and of many known names only those are
    compared that share most pairs of letters with it, for a comparison is dear.
    """

    def __init__(self, known: Collection[str]) -> None:
        self._known = known
        self._found: dict[str, str | None] = {}
        self._left = max(20, 10_000 // max(1, len(known)))

    def __call__(self, name: str) -> str | None:
        if name not in self._found and len(self._found) < self._left:
            self._found[name] = nearest(name, self._likely(name[:_MAX_COMPARED]))
        return self._found.get(name)

    def _likely(self, name: str) -> Collection[str]:
        if len(self._known) <= _FEW:
            return self._known
        shared = Counter(chain.from_iterable(self._holders.get(p, ()) for p in _pairs(name)))
        return heapq.nlargest(_FEW, shared, key=lambda n: shared[n] / (len(n) + len(name)))

    @cached_property
    def _holders(self) -> dict[str, list[str]]:
        """The known names by the pairs of letters in them."""
        holders: dict[str, list[str]] = {}
        for name in self._known:
            for pair in _pairs(name):
                holders.setdefault(pair, []).append(name)
        return holders

    def hint(self, name: str, otherwise: str) -> str:
        """A hint that names it, or another one."""
        found = self(name)
        return f'did you mean "{found}"?' if found else otherwise
