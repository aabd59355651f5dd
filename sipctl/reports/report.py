"""What a report is made of, and what all formats say alike."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

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


def fingerprints(report: Report) -> tuple[str, ...]:
    """What tells each finding from all others and stays the same when lines come or go above it.

    The same fault twice in one file is counted, in the order of the file.
    """
    import hashlib  # dear, and most formats tell none

    seen: Counter[tuple[str, str, str]] = Counter()
    found = []
    for finding in report.findings:
        identity = (finding.code, report.path(finding.place.file), finding.message)
        seen[identity] += 1
        data = "\0".join((*identity, str(seen[identity])))
        found.append(hashlib.sha256(data.encode("utf-8", "backslashreplace")).hexdigest())
    return tuple(found)
