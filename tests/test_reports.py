"""The formats of `validate`: what each says of the same findings, and who can read it."""

import json
import os
import re
import tracemalloc
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import unquote
from xml.etree import ElementTree

import pytest
from filelock import FileLock
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft7Validator
from xmlschema import XMLSchema

from sipctl import reports
from sipctl.commands import reporting
from sipctl.findings import Finding, Place, Severity
from sipctl.render import findings as render
from sipctl.reports import Report
from sipctl.rules.book import RULES
from sipctl.workspace import inventory_of
from tests import published
from tests.conftest import Git, Program
from tests.support import ROOT, needed

FILE = "endpoints/a.yaml"
FAULTS = """\
reference: a
host: a_b
port: 0
username: u
realm: ""
"""
PLACES = [(2, 7, 10), (3, 7, 8), (5, 8, 10)]
CODES = ["SIP204", "SIP206", "SIP210"]


def report(findings: tuple[Finding, ...], **more: Any) -> Report:
    files = tuple(dict.fromkeys(f.place.file for f in findings))
    return Report(findings, more.pop("files", files), **more)


def found_in(**files: str) -> tuple[Finding, ...]:
    """The findings of a workspace; `endpoints__a` stands for endpoints/a.yaml."""
    named = {f"{name.replace('__', '/')}.yaml": text.encode() for name, text in files.items()}
    return inventory_of({"sipctl.yaml": b"version: 1\n", **named}).findings


def written(format: str, one: Report) -> str:
    return "".join(reports.parts(format, one))


def put(root: Path, path: str, text: str) -> None:
    (root / path).parent.mkdir(parents=True, exist_ok=True)
    (root / path).write_text(text)


# -- the same in each format ---------------------------------------------------------------------

Row = tuple[str, str, int, int]
"""A finding as a format tells it: code, file, line, column."""


def of_full(text: str) -> list[Row]:
    pairs = re.findall(r"^\w+\[(SIP\d+)\].*\n  --> (.*):(\d+):(\d+)$", text, re.MULTILINE)
    return [(code, file, int(line), int(column)) for code, file, line, column in pairs]


def of_concise(text: str) -> list[Row]:
    rows = re.findall(r"^(.*?):(\d+):(\d+): (SIP\d+) ", text, re.MULTILINE)
    return [(code, file, int(line), int(column)) for file, line, column, code in rows]


def of_json(text: str) -> list[Row]:
    found = json.loads(text)["findings"]
    return [(f["code"], f["file"], f["line"], f["column"]) for f in found]


def of_sarif(text: str) -> list[Row]:
    rows = []
    for result in json.loads(text)["runs"][0]["results"]:
        at = result["locations"][0]["physicalLocation"]
        uri, region = unquote(at["artifactLocation"]["uri"]), at["region"]
        rows.append((result["ruleId"], uri, region["startLine"], region["startColumn"]))
    return rows


def of_github(text: str) -> list[Row]:
    rows = []
    for line in text.splitlines():
        if not line.startswith("::notice"):
            _, properties, _ = command(line)
            code = properties["title"].partition(" ")[0]
            rows.append((code, properties["file"], int(properties["line"]), int(properties["col"])))
    return rows


def of_gitlab(text: str) -> list[Row]:
    rows = []
    for issue in json.loads(text):
        at = issue["location"]
        begin = at["positions"]["begin"]
        assert begin["line"] == at["lines"]["begin"]
        code = issue["description"].partition(" ")[0]
        rows.append((code, at["path"], begin["line"], begin["column"]))
    return rows


def of_junit(text: str) -> list[Row]:
    rows = []
    for told in ElementTree.fromstring(text).itertext():
        found = re.findall(r"^(\S*):(\d+):(\d+): \w+ (SIP\d+) ", told, re.MULTILINE)
        rows += [(code, file, int(line), int(column)) for file, line, column, code in found]
    return rows


READERS: dict[str, Callable[[str], list[Row]]] = {
    "full": of_full,
    "concise": of_concise,
    "json": of_json,
    "sarif": of_sarif,
    "github": of_github,
    "gitlab": of_gitlab,
    "junit": of_junit,
}


def test_every_format_has_its_reader_here() -> None:
    assert set(READERS) == set(reporting.FORMATS)


@pytest.mark.parametrize("format", READERS)
def test_three_faults_are_three_findings_at_the_same_places(
    workspace: Path, run: Program, format: str
) -> None:
    put(workspace, FILE, FAULTS)
    told = run("validate", "--format", format, check=1)
    expected = [(code, FILE, at[0], at[1]) for code, at in zip(CODES, PLACES, strict=True)]
    assert READERS[format](told.out) == expected
    assert READERS[format](run("validate", "-f", format, FILE, check=1).out) == expected


def test_formats_that_tell_where_a_finding_ends_agree(workspace: Path, run: Program) -> None:
    put(workspace, FILE, FAULTS)
    out = {format: run("validate", "-f", format, check=1).out for format in READERS}
    sarif = json.loads(out["sarif"])["runs"][0]["results"]
    regions = [one["locations"][0]["physicalLocation"]["region"] for one in sarif]
    issues = [one["location"]["positions"]["end"] for one in json.loads(out["gitlab"])]
    properties = [command(line)[1] for line in out["github"].splitlines()]
    ends = [
        [(f["end_line"], f["end_column"]) for f in json.loads(out["json"])["findings"]],
        [(region["endLine"], region["endColumn"]) for region in regions],
        [(end["line"], end["column"]) for end in issues],
        [(int(one["endLine"]), int(one["endColumn"])) for one in properties],
    ]
    assert ends == [[(line, end) for line, _, end in PLACES]] * 4


def test_no_finding_ends_beyond_its_line() -> None:
    text = "reference: a\nhost: a.example\ndescription: |\n  a\n  b\nport: [1,\n  2]\n"
    lines = text.splitlines()
    found = found_in(endpoints__a=text)
    assert len(found) == 2
    for finding in found:
        assert finding.place.end_column <= len(lines[finding.place.line - 1]) + 1


@pytest.mark.parametrize("format", READERS)
def test_nothing_found_is_a_report_too(workspace: Path, run: Program, format: str) -> None:
    told = run("validate", "--format", format)
    assert READERS[format](told.out) == []
    assert format == "json" or told.err == "sipctl: 1 file checked: no findings\n"


FOR_MACHINES = ("sarif", "github", "gitlab", "junit")


@pytest.mark.parametrize("format", READERS)
def test_those_who_show_lines_know_files_by_their_path_in_the_repository(
    repo: Path, run: Program, format: str
) -> None:
    put(repo, "voice/eu/sipctl.yaml", "version: 1\n")
    put(repo, f"voice/eu/{FILE}", FAULTS)
    path = f"voice/eu/{FILE}" if format in FOR_MACHINES else FILE
    for arguments in (("-C", "voice/eu"), ("-C", str(repo / "voice" / "eu"))):
        told = run(*arguments, "validate", "-f", format, check=1).out
        assert {file for _, file, _, _ in READERS[format](told)} == {path}


@pytest.mark.parametrize("format", READERS)
def test_without_a_repository_paths_begin_at_the_workspace(
    tmp_path: Path, run: Program, format: str
) -> None:
    put(tmp_path, "sipctl.yaml", "version: 1\n")
    put(tmp_path, FILE, FAULTS)
    told = run("validate", "-f", format, cwd=tmp_path, check=1).out
    assert {file for _, file, _, _ in READERS[format](told)} == {FILE}


@pytest.mark.parametrize("format", READERS)
@pytest.mark.parametrize(
    "line",
    [
        "password: hunter2",
        "password: {env: A, hunter2: 1}",
        "pasword: hunter2",
        "password: 'hunter2",
        "password: {file: [hunter2]}",
    ],
)
def test_no_format_tells_a_password(workspace: Path, run: Program, format: str, line: str) -> None:
    put(workspace, FILE, f"reference: a\nhost: a.example\nusername: u\n{line}\n")
    told = run("validate", "-f", format, check=1)
    assert "hunter2" not in told.out + told.err


@pytest.mark.parametrize("format", READERS)
def test_what_a_terminal_acts_on_stands_in_no_format(
    workspace: Path, run: Program, format: str
) -> None:
    hostile = "\\e[31m\\x9b2J\\r\\n::stop-commands::x\\u202e]]>"
    put(workspace, FILE, f'reference: a\nhost: "{hostile}"\n"k\\e\\x07": 1\n')
    (workspace / "endpoints" / "b\x1b\n,:%.yml").write_text("")
    told = run("validate", "-f", format, check=1)
    assert all(char.isprintable() or char == "\n" for char in told.out + told.err)
    assert len(READERS[format](told.out)) >= 3 - (format == "junit")
    assert not [line for line in told.out.splitlines() if line.startswith("::stop")]


def test_an_unknown_format_is_wrong_usage(workspace: Path, run: Program) -> None:
    told = run("validate", "--format", "xml", check=2)
    assert told.out == ""
    assert "junit" in told.err


# -- full, when there is much --------------------------------------------------------------------


def many(files: int, each: int) -> tuple[Finding, ...]:
    hint, source = "write it so", "port: 0"
    return tuple(
        Finding.of(rule, Place(f"endpoints/e{n}.yaml", line, 7, line, 8), "no", hint, source=source)
        for n in range(files)
        for line in range(1, each + 1)
        for rule in ("bad-port", "bad-host")
    )


def plain(findings: tuple[Finding, ...]) -> str:
    return "".join(text for text, _ in render.shortened(findings))


def test_a_run_of_one_rule_in_a_file_is_shortened_and_counted() -> None:
    text = plain(many(2, 25))
    assert len(of_full(text)) == 40
    for file in ("endpoints/e0.yaml", "endpoints/e1.yaml"):
        for rule in ("bad-port", "bad-host"):
            assert f"  … 15 more {rule} in {file}\n" in text
    assert "60 more findings: in all 50 bad-port, 50 bad-host\n" in text
    assert text.endswith("`sipctl validate --format concise` shows each on a line\n\n")


def test_a_thousand_findings_stay_readable() -> None:
    text = plain(many(250, 2))
    shown = of_full(text)
    assert len(shown) == render.ALTOGETHER
    assert [row[1] for row in shown] == sorted((row[1] for row in shown), key=_number)
    assert "800 more findings: in all 500 bad-port, 500 bad-host\n" in text


def _number(path: str) -> int:
    return int(re.sub(r"\D", "", path))


def test_few_findings_are_shown_whole() -> None:
    few = many(20, 5)
    assert len(of_full(plain(few))) == 200
    assert plain(few) == "".join(text for text, _ in render.full(few))


def test_a_thousand_findings_are_told_in_one_run_and_counted_in_the_last_line(
    workspace: Path, run: Program
) -> None:
    for n in range(500):
        put(workspace, f"endpoints/e{n}.yaml", f"reference: e{n}\nhost: a_b\nport: 0\n")
    told = run("validate", check=1)
    assert told.err.endswith("sipctl: 501 files checked: 1000 errors\n")
    assert len(told.out.splitlines()) < 1500
    assert len(of_concise(run("validate", "-f", "concise", check=1).out)) == 1000


def test_of_a_very_long_line_the_part_round_the_finding_is_shown() -> None:
    text = f"{{reference: a, host: a.example, x-a: {'x' * 5000}, port: 0, x-b: {'y' * 5000}}}\n"
    shown = plain(found_in(endpoints__a=text)).splitlines()
    assert max(map(len, shown)) < 300
    at = next(n for n, line in enumerate(shown) if line.endswith("^"))
    assert shown[at - 1][len(shown[at]) - 1] == "0"


# -- SARIF ---------------------------------------------------------------------------------------


def sarif(findings: tuple[Finding, ...], **more: Any) -> Any:
    log = json.loads(written("sarif", report(findings, **more)))
    schema = published.json_schema("https://json.schemastore.org/sarif-2.1.0.json")
    Draft7Validator(schema, format_checker=Draft7Validator.FORMAT_CHECKER).validate(log)
    return log["runs"][0]


def test_the_published_schema_of_sarif_finds_faults() -> None:
    schema = published.json_schema("https://json.schemastore.org/sarif-2.1.0.json")
    log = json.loads(written("sarif", report(many(1, 1))))
    log["runs"][0]["results"][0]["level"] = "severe"
    assert not Draft7Validator(schema).is_valid(log)


def test_sarif_of_every_wrong_example_keeps_the_schema() -> None:
    findings: tuple[Finding, ...] = ()
    for folder in sorted((ROOT / "examples" / "invalid").iterdir()):
        files = {p.relative_to(folder).as_posix(): p for p in folder.rglob("*.yaml")}
        source = {path: file.read_bytes() for path, file in files.items() if file.is_file()}
        findings += inventory_of(source).findings
    run = sarif(findings)
    assert len(run["results"]) == len(findings)
    for result in run["results"]:
        rule = run["tool"]["driver"]["rules"][result["ruleIndex"]]
        assert rule["id"] == result["ruleId"]


def test_sarif_explains_every_rule() -> None:
    rules = sarif(())["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules] == [rule.code for rule in RULES.values()]
    for told, rule in zip(rules, RULES.values(), strict=True):
        assert told["name"] == rule.name
        assert told["shortDescription"]["text"] == rule.summary
        assert told["fullDescription"]["text"] == rule.why
        assert told["defaultConfiguration"]["level"] == rule.severity
        assert rule.why in told["help"]["text"]
        assert "```yaml\n# " in told["help"]["markdown"]
        assert "<reference>" not in told["help"]["markdown"]
        assert not told.get("helpUri", "").startswith("http")


def test_sarif_points_from_a_dangling_reference_to_the_nearest_endpoint() -> None:
    scenario = (
        "reference: s\ntype: interaction-start\nstart: x\nactions:\n  x:\n"
        "    action: distribution-to-sip-endpoint\n    endpoint: pbx-pari\n"
        "    branches: {processed: null, unprocessed: x, reference-not-found: x}\n"
    )
    endpoint = "reference: pbx-paris\nhost: a.example\n"
    findings = found_in(**{"endpoints__pbx-paris": endpoint, "scenarios__s": scenario})
    (result,) = sarif(findings, folder="ws/")["results"]
    assert result["ruleId"] == "SIP402"
    (related,) = result["relatedLocations"]
    at = related["physicalLocation"]["artifactLocation"]
    assert at == {"uri": "ws/endpoints/pbx-paris.yaml", "uriBaseId": "%SRCROOT%"}
    assert related["message"]["text"] == "the nearest endpoint"


@given(st.text(st.characters(codec="utf-8", exclude_characters="/\0"), min_size=1))
def test_a_path_in_sarif_is_a_relative_uri(name: str) -> None:
    finding = Finding.of("stray-file", Place(f"endpoints/{name}"), "x")
    log = json.loads(written("sarif", report((finding,), folder="a:b/")))
    (result,) = log["runs"][0]["results"]
    uri = result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
    assert re.fullmatch(r"[A-Za-z0-9_.~/-]+|(?:[A-Za-z0-9_.~/-]|%[0-9A-F]{2})+", uri)
    assert unquote(uri) == f"a:b/endpoints/{name}"


def test_columns_in_sarif_count_characters() -> None:
    text = '{reference: a, host: x, realm: "😀é", port: 0}'
    (result,) = sarif(found_in(endpoints__a=text))["results"]
    region = result["locations"][0]["physicalLocation"]["region"]
    assert region["startColumn"] == text.index("0") + 1
    assert sarif(())["columnKind"] == "unicodeCodePoints"


def test_no_message_in_sarif_is_a_link() -> None:
    finding = Finding.of("bad-host", Place(FILE), '"[x](http://a.example)" is not a host')
    (result,) = sarif((finding,))["results"]
    assert "\\[x\\](http" in result["message"]["text"]


# -- fingerprints --------------------------------------------------------------------------------


def prints(text: str, format: str) -> list[str]:
    told = json.loads(written(format, report(found_in(endpoints__a=text))))
    if format == "gitlab":
        return [issue["fingerprint"] for issue in told]
    results = told["runs"][0]["results"]
    return [result["partialFingerprints"]["sipctl/v1"] for result in results]


@pytest.mark.parametrize("format", ["sarif", "gitlab"])
def test_a_fingerprint_stays_when_lines_come_above_and_is_of_one_finding(format: str) -> None:
    tags = "tags: [a b, c, a b, d e]\n"
    before = prints(FAULTS + tags, format)
    assert len(set(before)) == len(before) == 6
    assert prints(f"# new\n\n{FAULTS}{tags}", format) == before
    assert prints(FAULTS, format) == before[:3]
    other = report(found_in(endpoints__a=FAULTS), folder="other/")
    assert not set(before) & set(re.findall("[0-9a-f]{64}", written(format, other)))


@pytest.mark.parametrize("format", ["sarif", "gitlab"])
@given(st.lists(st.text(), max_size=3))
def test_json_is_laid_out_as_json_dumps_does_it(format: str, messages: list[str]) -> None:
    related = ((Place(FILE), "here"),)
    found = [Finding.of("bad-host", Place(FILE), text, related=related) for text in messages]
    text = written(format, report(tuple(found)))
    assert text == json.dumps(json.loads(text), indent=2) + "\n"


@pytest.mark.parametrize("format", ["sarif", "gitlab", "github"])
def test_the_text_of_a_report_is_never_in_memory_as_a_whole(format: str) -> None:
    one = report(many(1, 2000))
    size = len(written(format, one))
    tracemalloc.start()
    try:
        deque(reports.parts(format, one), maxlen=0)
        assert tracemalloc.get_traced_memory()[1] < size / 4
    finally:
        tracemalloc.stop()


# -- GitHub --------------------------------------------------------------------------------------


def command(line: str) -> tuple[str, dict[str, str], str]:
    """A workflow command as GitHub's runner reads it (actions/runner, ActionCommand.cs)."""
    found = re.fullmatch(r"::(\w+) ([^\r\n]*?)::([^\r\n]*)", line)
    assert found, line
    pairs = (pair.partition("=") for pair in found[2].split(","))
    properties = {name: _unescaped(value, (":", ",")) for name, _, value in pairs}
    return found[1], properties, _unescaped(found[3], ())


def _unescaped(value: str, more: tuple[str, ...]) -> str:
    for char in ("\r", "\n", *more, "%"):
        value = value.replace(f"%{ord(char):02X}", char)
    return value


def test_an_annotation_says_all_there_is_to_say() -> None:
    place = Place("endpoints/a,b:c%.yaml", 3, 7, 3, 9)
    finding = Finding.of("bad-port", place, "100% wrong: a, b", "50%0A")
    text = written("github", report((finding,), folder="x/"))
    assert text == (
        "::error file=x/endpoints/a%2Cb%3Ac%25.yaml,line=3,endLine=3,col=7,endColumn=9,"
        "title=SIP206 bad-port::100%25 wrong: a, b (50%250A)\n"
    )


@given(st.text(), st.text(), st.text())
def test_no_text_breaks_out_of_an_annotation(name: str, message: str, hint: str) -> None:
    finding = Finding.of("stray-file", Place(name), message, hint)
    (line,) = written("github", report((finding,))).splitlines()
    kind, properties, said = command(line)
    assert kind == "warning"
    assert set(properties) == {"file", "line", "endLine", "col", "endColumn", "title"}
    assert properties["title"] == "SIP303 stray-file"
    if all(text.isprintable() for text in (name, message, hint)):
        assert properties["file"] == name
        assert said == message + (f" ({hint})" if hint else "")


def test_the_last_line_counts_what_github_will_not_show() -> None:
    warning = Finding.of("stray-file", Place("endpoints/x"), "x")
    assert "::notice" not in written("github", report((*many(1, 5), *(warning,) * 10)))
    text = written("github", report((*many(1, 12), *(warning,) * 11)))
    assert len(text.splitlines()) == 24 + 11 + 1
    last = text.splitlines()[-1]
    told = "14 more errors and 1 more warning: GitHub shows 10 of each in a step"
    assert last == f"::notice title=sipctl::{told}"


@pytest.mark.parametrize(
    ("variables", "options", "expected"),
    [
        ({"GITHUB_ACTIONS": "true", "GITHUB_WORKFLOW": "ci"}, (), "::error "),
        ({"GITHUB_ACTIONS": "true"}, (), "error["),
        ({"GITHUB_WORKFLOW": "ci"}, (), "error["),
        ({"GITHUB_ACTIONS": "", "GITHUB_WORKFLOW": "ci"}, (), "error["),
        ({"GITHUB_ACTIONS": "true", "GITHUB_WORKFLOW": "ci"}, ("-f", "full"), "error["),
        ({"GITHUB_ACTIONS": "true", "GITHUB_WORKFLOW": "ci"}, ("-f", "json"), "{"),
    ],
)
def test_githubs_format_is_chosen_by_itself_on_github_only(
    workspace: Path,
    run: Program,
    variables: dict[str, str],
    options: tuple[str, ...],
    expected: str,
) -> None:
    put(workspace, FILE, FAULTS)
    assert run("validate", *options, env=variables, check=1).out.startswith(expected)


# -- GitLab --------------------------------------------------------------------------------------


def test_gitlab_gets_the_fields_that_it_asks_for() -> None:
    """As GitLab documents Code Quality's format, and its own schema asks (codeclimate.json)."""
    warning = Finding.of("stray-file", Place("endpoints/x.yml"), "x")
    issues = json.loads(written("gitlab", report((*many(1, 2), warning))))
    for issue in issues:
        assert isinstance(issue["description"], str)
        assert isinstance(issue["check_name"], str)
        assert re.fullmatch("[0-9a-f]{64}", issue["fingerprint"])
        assert issue["severity"] in ("info", "minor", "major", "critical", "blocker")
        assert not issue["location"]["path"].startswith(("/", "./"))
        assert issue["location"]["lines"]["begin"] >= 1
    assert [issue["severity"] for issue in issues] == ["major"] * 4 + ["minor"]
    assert json.loads(written("gitlab", report(()))) == []


# -- JUnit ---------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def junit_schema(pytestconfig: pytest.Config) -> XMLSchema:
    needed("npm", "npm")
    assert pytestconfig.cache is not None
    folder = pytestconfig.cache.mkdir("junit")
    with FileLock(folder / "lock"):
        return published.junit_schema(folder)


MIXED = (
    *many(1, 1),
    Finding.of("stray-file", Place("endpoints/x.yml"), "one"),
    Finding.of("stray-file", Place("endpoints/e0.yaml"), "two"),
)


def cases(text: str) -> dict[str, tuple[str | None, str | None]]:
    """Each case with the text of its failure, and what it only says."""
    found = ElementTree.fromstring(text).iter("testcase")
    return {c.attrib["name"]: (c.findtext("failure"), c.findtext("system-out")) for c in found}


def test_each_file_is_a_case_and_fails_by_its_errors() -> None:
    files = ("sipctl.yaml", "endpoints/good.yaml", "endpoints/e0.yaml")
    text = written("junit", report(MIXED, files=files, folder="ws/"))
    found = cases(text)
    assert list(found) == sorted(f"ws/{name}" for name in (*files, "endpoints/x.yml"))
    assert found["ws/sipctl.yaml"] == found["ws/endpoints/good.yaml"] == (None, None)
    failure, said = found["ws/endpoints/e0.yaml"]
    assert failure is not None
    assert [line.partition(": ")[2] for line in failure.splitlines()] == [
        "error SIP206 bad-port: no (write it so)",
        "error SIP204 bad-host: no (write it so)",
    ]
    assert said == "ws/endpoints/e0.yaml:1:1: warning SIP303 stray-file: two"
    assert found["ws/endpoints/x.yml"][0] is None
    suites = ElementTree.fromstring(text)
    assert (suites.attrib["tests"], suites.attrib["failures"]) == ("4", "1")


def test_strictly_a_warning_is_a_failure() -> None:
    text = written("junit", report(MIXED, strict=True))
    found = cases(text)
    assert found["endpoints/x.yml"] == (
        "endpoints/x.yml:1:1: warning SIP303 stray-file: one",
        None,
    )
    assert all(failure is not None for failure, _ in found.values())


def test_junit_keeps_the_published_schema(junit_schema: XMLSchema) -> None:
    for strict in (False, True):
        junit_schema.validate(written("junit", report(MIXED, strict=strict)))
    junit_schema.validate(written("junit", report((), files=("sipctl.yaml",))))
    junit_schema.validate(written("junit", report(())))
    assert not junit_schema.is_valid("<testsuites><case/></testsuites>")


@given(st.text(), st.text())
def test_any_text_is_xml(name: str, message: str) -> None:
    finding = Finding.of("stray-file", Place(name), message)
    (case,) = ElementTree.fromstring(written("junit", report((finding,)))).iter("testcase")
    if (name + message).isprintable():
        assert case.attrib["name"] == name
        assert message in (case.findtext("system-out") or "")


# -- into a file ---------------------------------------------------------------------------------


@pytest.mark.parametrize("format", READERS)
def test_a_report_goes_into_a_file_and_the_summary_to_standard_error(
    workspace: Path, run: Program, format: str
) -> None:
    put(workspace, FILE, FAULTS)
    (workspace / "out").mkdir()
    direct = run("validate", "-f", format, check=1)
    told = run("validate", "-f", format, "--output-file", "out/report", check=1)
    assert told.out == ""
    assert told.err == "sipctl: 2 files checked: 3 errors\n"
    assert (workspace / "out" / "report").read_text() == direct.out
    assert [file.name for file in (workspace / "out").iterdir()] == ["report"]


def test_a_file_in_color_would_be_none(workspace: Path, run: Program) -> None:
    put(workspace, FILE, FAULTS)
    run("validate", "--color", "always", "--output-file", "report", check=1)
    assert "\x1b" not in (workspace / "report").read_text()
    assert "\x1b" in run("validate", "--color", "always", check=1).out
    assert "\x1b" not in run("validate", "--color", "always", "-f", "github", check=1).out


def test_a_dash_is_standard_output(workspace: Path, run: Program) -> None:
    told = run("validate", "-f", "gitlab", "--output-file", "-")
    assert told.out == "[]\n"
    assert not (workspace / "-").exists()


def test_a_report_that_cannot_be_written_leaves_the_old_one(
    workspace: Path, sipctl: Program
) -> None:
    put(workspace, "out/folder/x", "")
    told = sipctl("validate", "--output-file", "out/folder", check=3)
    assert '"out/folder" could not be written' in told.err
    put(workspace, "report", "old")
    sipctl("validate", "--rev", "nowhere", "--output-file", "report", check=3)
    assert (workspace / "report").read_text() == "old"
    assert sipctl("validate", "--output-file", "report/inner", check=3).out == ""
    told = sipctl("validate", "--output-file", "nope/deep/report", check=3)
    assert '"nope/deep/report" could not be written: its folder is not there' in told.err
    assert "`mkdir -p nope/deep`" in told.err
    assert not (workspace / "nope").exists()


def test_a_link_is_written_through_and_a_device_is_not_replaced(
    workspace: Path, sipctl: Program
) -> None:
    put(workspace, "real", "old")
    (workspace / "link").symlink_to("real")
    sipctl("validate", "-f", "gitlab", "--output-file", "link")
    assert (workspace / "link").is_symlink()
    assert (workspace / "real").read_text() == "[]\n"
    assert sipctl("validate", "-f", "gitlab", "--output-file", "/dev/stdout").out == "[]\n"
    os.mkfifo(workspace / "pipe")
    reader = os.open(workspace / "pipe", os.O_RDONLY | os.O_NONBLOCK)
    sipctl("validate", "-f", "gitlab", "--output-file", "pipe")
    assert os.read(reader, 100) == b"[]\n"
    os.close(reader)


# -- statuses ------------------------------------------------------------------------------------


@pytest.mark.parametrize("format", READERS)
def test_the_status_is_the_same_in_each_format(
    workspace: Path, run: Program, git: Git, format: str
) -> None:
    put(workspace, FILE, "reference: a\nhost: a.example\nregister: true\n")
    run("validate", "-f", format)
    run("validate", "-f", format, "--strict", check=1)
    put(workspace, FILE, FAULTS)
    run("validate", "-f", format, check=1)


def test_severities_of_the_settings_reach_each_format(workspace: Path, run: Program) -> None:
    put(workspace, "sipctl.yaml", 'version: 1\nrules: {bad-port: warning, bad-text: "off"}\n')
    put(workspace, FILE, FAULTS)
    expected = [Severity.ERROR, Severity.WARNING]
    out = {format: run("validate", "-f", format, check=1).out for format in READERS}
    assert [f["severity"] for f in json.loads(out["json"])["findings"]] == expected
    assert [r["level"] for r in json.loads(out["sarif"])["runs"][0]["results"]] == expected
    assert [i["severity"] for i in json.loads(out["gitlab"])] == ["major", "minor"]
    assert [command(line)[0] for line in out["github"].splitlines()] == expected
    assert [bool(part) for part in cases(out["junit"])[FILE]] == [True, True]


def test_a_setting_that_is_not_known_is_an_error_at_its_place(
    workspace: Path, run: Program
) -> None:
    put(workspace, "sipctl.yaml", "version: 1\nrule: {}\nrules: {bad-prt: warning}\n")
    told = run("validate", "-f", "concise", check=1).out
    assert of_concise(told) == [("SIP201", "sipctl.yaml", 2, 1), ("SIP201", "sipctl.yaml", 3, 9)]
