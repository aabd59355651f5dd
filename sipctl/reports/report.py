"""What a report is made of, and what all formats say alike."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from sipctl.findings import Finding, Place
from sipctl.render import visible


@dataclass(frozen=True, slots=True)
class Report:
    """Findings, in order, and the files that were judged. `folder` is where the workspace lies in
    its repository (`a/b/`): who shows findings beside the lines knows files by their paths there.

    With `strict` warnings are failures too, where a format knows failures.
    """

    findings: tuple[Finding, ...]
    files: tuple[str, ...]
    folder: str = ""
    strict: bool = False

    def path(self, file: str) -> str:
        """A file's path from the top of the repository."""
        return f"{self.folder}{file}"

    def fails(self, finding: Finding) -> bool:
        """True for what makes a check fail."""
        return self.strict or finding.is_error


def words(finding: Finding) -> str:
    """What is wrong and what mends it, on one line that no program acts on."""
    hint = f" ({visible(finding.hint)})" if finding.hint else ""
    return visible(finding.message) + hint


def span(place: Place) -> tuple[int, int, int, int]:
    """Line, column, last line and the column after the last one; of a whole file its beginning."""
    return (
        place.line,
        place.column,
        place.end_line or place.line,
        place.end_column or (place.column + 1),
    )


def fingerprints(report: Report) -> Iterator[str]:
    """What tells each finding from all others and stays the same when lines come or go above it.

    The same fault twice in one file is counted, in the order of the file.
    """
    import hashlib  # dear, and most formats tell none

    seen: Counter[tuple[str, str, str]] = Counter()
    for finding in report.findings:
        identity = (finding.code, report.path(finding.place.file), finding.message)
        seen[identity] += 1
        data = "\0".join((*identity, str(seen[identity])))
        yield hashlib.sha256(data.encode("utf-8", "backslashreplace")).hexdigest()


def json_parts(document: Any, results: Iterable[Any]) -> Iterator[str]:
    """The indented text of a JSON document whose last list, an empty one, gets these results.

    They are written one by one: all of them at once take ten times the memory of their text.
    """
    head, _, tail = _indented(document, "\n").rpartition("[]")
    last = head.rpartition("\n")[2]
    line = "\n" + " " * (len(last) - len(last.lstrip()))
    sign = "["
    yield head
    for result in results:
        yield f"{sign}{line}  {_indented(result, f'{line}  ')}"
        sign = ","
    yield f"{line}]" if sign == "," else "[]"
    yield f"{tail}\n"


_text = json.JSONEncoder().encode


def _indented(data: Any, line: str) -> str:
    """What json.dumps gives with an indent of 2, which is slow and leaves garbage that lasts;
    `line` begins each further line."""
    inner = f"{line}  "
    if isinstance(data, dict) and data:
        entries = [f"{_text(key)}: {_indented(value, inner)}" for key, value in data.items()]
        return f"{{{inner}{f',{inner}'.join(entries)}{line}}}"
    if isinstance(data, list) and data:
        items = [_indented(item, inner) for item in data]
        return f"[{inner}{f',{inner}'.join(items)}{line}]"
    return _text(data)
