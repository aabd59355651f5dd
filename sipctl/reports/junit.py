"""JUnit's XML, which most CI servers show: each file is a case."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from xml.etree import ElementTree

from sipctl.findings import Finding
from sipctl.render import visible
from sipctl.reports.report import Report, words


def parts(report: Report) -> Iterator[str]:
    """A case a file, with a failure where there are errors (with `strict`: findings) in it."""
    by_file: dict[str, list[Finding]] = {file: [] for file in report.files}
    for finding in report.findings:
        by_file.setdefault(finding.place.file, []).append(finding)
    failed = sum(any(map(report.fails, found)) for found in by_file.values())
    counts = {"tests": str(len(by_file)), "failures": str(failed), "errors": "0"}
    suites = ElementTree.Element("testsuites", {"name": "sipctl", **counts})
    suite = ElementTree.SubElement(suites, "testsuite", {"name": "sipctl validate", **counts})
    for file, found in sorted(by_file.items()):
        _case(suite, report, file, found)
    ElementTree.indent(suites)
    yield f'<?xml version="1.0" encoding="UTF-8"?>\n{ElementTree.tostring(suites, "unicode")}\n'


def _case(suite: ElementTree.Element, report: Report, file: str, found: Sequence[Finding]) -> None:
    name = visible(report.path(file))
    case = ElementTree.SubElement(suite, "testcase", {"name": name, "classname": "sipctl"})
    failures = [finding for finding in found if report.fails(finding)]
    others = [finding for finding in found if not report.fails(finding)]
    if failures:
        kind = "error" if any(finding.is_error for finding in failures) else "warning"
        count = len(failures)
        said = words(failures[0]) if count == 1 else f"{count} findings"
        failure = ElementTree.SubElement(case, "failure", {"type": kind, "message": said})
        failure.text = _lines(report, failures)
    if others:
        ElementTree.SubElement(case, "system-out").text = _lines(report, others)


def _lines(report: Report, findings: Sequence[Finding]) -> str:
    return "\n".join(line for finding in findings for line in _told(report, finding))


def _told(report: Report, finding: Finding) -> list[str]:
    place = finding.place
    where = f"{visible(report.path(place.file))}:{place.line}:{place.column}"
    lines = [f"{where}: {finding.severity} {finding.code} {finding.rule}: {words(finding)}"]
    for other, said in finding.related:
        at = f"{visible(report.path(other.file))}:{other.line}:{other.column}"
        lines.append(f"    {visible(said)}: {at}")
    return lines
