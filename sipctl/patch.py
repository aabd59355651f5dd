"""A plan as a patch that `git apply` takes."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Iterator

from sipctl.changes import FileChange

Shown = Callable[[str, bytes], str]
"""How a file's content is shown: its text, with what must not be shown masked."""


def patch(changes: Iterable[FileChange], prefix: str, shown: Shown) -> str:
    """The changes as a unified diff in Git's form, paths relative to the repository's top.

    `prefix` is the workspace's folder in the repository, with a trailing slash, or empty.
    """
    known = tuple(changes)
    moved = {change.moved_from for change in known if change.moved_from}
    before = {change.path: change.before for change in known}
    parts = []
    for change in known:
        if change.after is None and change.path in moved:
            continue  # told by the file that it has become
        old = before[change.moved_from] if change.moved_from else change.before
        parts.append("".join(_file(change, old, prefix, shown)))
    return "".join(parts)


def _file(change: FileChange, old: bytes | None, prefix: str, shown: Shown) -> Iterator[str]:
    old_path = change.moved_from or change.path
    a, b = _quoted(f"a/{prefix}{old_path}"), _quoted(f"b/{prefix}{change.path}")
    yield f"diff --git {a} {b}\n"
    if old is None:
        yield "new file mode 100644\n"
    elif change.after is None:
        yield "deleted file mode 100644\n"
    elif change.moved_from:
        yield f"rename from {_quoted(prefix + old_path)}\n"
        yield f"rename to {_quoted(prefix + change.path)}\n"
    left = "" if old is None else shown(old_path, old)
    right = "" if change.after is None else shown(change.path, change.after)
    if left != right:
        # a tab ends a name that holds blanks, as Git writes it
        yield f"--- {'/dev/null' if old is None else _ended(a)}\n"
        yield f"+++ {'/dev/null' if change.after is None else _ended(b)}\n"
        yield from _hunks(left, right)


def _hunks(left: str, right: str) -> Iterator[str]:
    lines = difflib.unified_diff(_lines(left), _lines(right), n=3)
    for line in list(lines)[2:]:
        yield line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n"


def _lines(text: str) -> list[str]:
    """Lines as Git sees them: a line feed ends one, and nothing else does."""
    *whole, rest = text.split("\n")
    return [line + "\n" for line in whole] + ([rest] if rest else [])


def _quoted(path: str) -> str:
    if path.isprintable() and '"' not in path and "\\" not in path:
        return path
    escaped = "".join(c if 32 <= ord(c) < 127 and c not in '"\\' else _octal(c) for c in path)
    return f'"{escaped}"'


def _octal(char: str) -> str:
    return "".join(f"\\{byte:03o}" for byte in char.encode("utf-8", "surrogateescape"))


def _ended(path: str) -> str:
    return f"{path}\t" if " " in path else path
