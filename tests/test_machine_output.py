"""What commands print for programs: in the form of its schema, and nothing else beside it."""

import csv
import io
import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from ruamel.yaml import YAML

from sipctl import answers, schemas
from tests import everything
from tests.conftest import Program, Terminal
from tests.everything import ESCAPES, READING, WRITING, every_command, words
from tests.support import Result

READERS = [(command, line) for command, lines in READING.items() for line in lines]

NO_JSON = {"completion", "fmt", "schema", "secret reveal"}
"""The commands whose answers are text: a script, a diff or names of files, a schema, a password."""

BY_FORMAT = {"validate", "secret check"}
"""The commands that check: they have formats of reports."""


# -- the schemas ---------------------------------------------------------------------------------


@cache
def validator(command: str) -> Draft202012Validator:
    return Draft202012Validator(schemas.schema(answers.schema_of(command)))


@cache
def closed(command: str) -> Draft202012Validator:
    """The same schema, but it knows every key."""
    return Draft202012Validator(_closed(schemas.schema(answers.schema_of(command))))


def _closed(schema: Any) -> Any:
    if isinstance(schema, list):
        return [_closed(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    only = {"additionalProperties": False} if schema.get("additionalProperties") is True else {}
    return {key: _closed(value) for key, value in schema.items()} | only


def valid(command: str, document: Any) -> None:
    validator(command).validate(document)
    closed(command).validate(document)


def test_every_command_that_prints_json_has_its_schema() -> None:
    telling = {name for name, entry in every_command() if everything.tells_json(name, entry)}
    assert telling == set(answers.ANSWERS)
    assert {name for name, _ in every_command()} - telling == NO_JSON


def test_the_schemas_are_those_of_files_and_of_commands() -> None:
    assert set(schemas.MODELS) == {*schemas.FILES, *map(answers.schema_of, answers.ANSWERS)}
    assert answers.schema_of("tag list") == "output/tag-list"


def test_every_command_is_tried() -> None:
    assert {*READING, *WRITING} == {name for name, _ in every_command()}


@pytest.mark.parametrize("command", answers.ANSWERS)
def test_the_schema_of_a_command_names_it_and_is_printed_byte_for_byte(
    command: str, run: Program
) -> None:
    name = answers.schema_of(command)
    assert schemas.schema(name)["description"].endswith(f" Printed by sipctl {command}.")
    assert run("schema", name).out == schemas.text(name)


def _properties(schema: Any, root: Any, way: str = "") -> Iterator[tuple[str, Any, Any]]:
    for name, inner in schema.get("$defs", {}).items():
        yield from _properties(inner, root, name)
    for key, field in schema.get("properties", {}).items():
        yield f"{way}.{key}", field, root


@pytest.mark.parametrize("name", schemas.OUTPUT)
def test_every_field_at_any_depth_is_described_by_examples_that_it_accepts(name: str) -> None:
    schema = schemas.schema(name)
    for way, field, root in _properties(schema, schema, name):
        assert field["description"], way
        is_part = "$ref" in field
        assert is_part or field["examples"], way
        alone = Draft202012Validator({"$defs": root.get("$defs", {}), **field})
        for example in field.get("examples", []):
            alone.validate(example)


@pytest.mark.parametrize("name", schemas.OUTPUT)
def test_fields_may_come_and_none_may_go(name: str) -> None:
    """Within a version: so an object takes further keys, and what is listed is required."""
    schema = schemas.schema(name)
    for inner in [schema, *schema.get("$defs", {}).values()]:
        assert inner["additionalProperties"] is not False
        optional = set(inner["properties"]) - set(inner["required"])
        assert optional == set() or (name, inner["title"]) == ("output/export", "GivenEndpoint")


# -- JSON ----------------------------------------------------------------------------------------


def as_json(command: str, line: str) -> list[str]:
    """The words that ask a command for JSON."""
    if command == "export":
        return ["export", "json", *words("", line)]
    return [*words(command, line), *(("--format" if command in BY_FORMAT else "-o"), "json")]


@pytest.mark.parametrize(("command", "line"), [c for c in READERS if c[0] not in NO_JSON])
def test_what_is_read_is_valid(command: str, line: str, rich: Path, run: Program) -> None:
    has_errors = command in BY_FORMAT and line != "endpoints/pbx-paris.yaml"
    result = run(*as_json(command, line), check=1 if has_errors else 0)
    valid(command, result.json)


def _written() -> Iterator[tuple[str, str, str]]:
    """Each line as it is and as a dry run; one of each command without a commit."""
    for command, lines in WRITING.items():
        if command not in NO_JSON:
            yield command, lines[0], "--no-commit"
            yield from ((command, line, mode) for line in lines for mode in ("", "--dry-run"))


@pytest.mark.parametrize(("command", "line", "mode"), list(_written()))
def test_what_was_written_is_valid(
    command: str, line: str, mode: str, own: Path, run: Program
) -> None:
    result = run(*as_json(command, line), *mode.split(), check=None)
    assert result.status in (0, 3), result.err
    if result.status:
        refused(result)
    else:
        valid(command, result.json)
        assert result.json["dry_run"] is (mode == "--dry-run")


def refused(result: Result) -> None:
    assert result.out == ""
    assert "sipctl: " in result.err
    assert "bug" not in result.err


def test_each_writing_command_is_seen_to_write_and_to_be_refused_or_to_do_nothing() -> None:
    assert {len(lines) > 1 for lines in WRITING.values()} == {True}


def test_a_key_that_no_schema_knows_is_found(rich: Path, run: Program) -> None:
    document = run("list", "-o", "json").json
    document["endpoints"][0]["new"] = 1
    validator("list").validate(document)
    assert [error.validator for error in closed("list").iter_errors(document)] == [
        "additionalProperties"
    ]
    del document["endpoints"][0]["host"]
    assert not validator("list").is_valid(document)


def test_an_empty_workspace_gives_empty_answers(workspace: Path, run: Program) -> None:
    for line in ("list", "search a", "tag list", "scenario list", "history", "scenario history"):
        valid(line.removesuffix(" a"), run(*line.split(), "-o", "json").json)
    for line in ("status", "diff", "plan HEAD", "save"):
        valid(line.split()[0], run(*line.split(), "-o", "json").json)
    valid("export", run("export", "json").json)
    valid("validate", run("validate", "--format", "json").json)


def test_a_branch_without_commits_gives_valid_answers(repo: Path, run: Program) -> None:
    Path("sipctl.yaml").write_text("version: 1\n")
    for line in ("status", "list", "diff", "save"):
        valid(line, run(*line.split(), "-o", "json").json)


# -- YAML ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("command", "line"),
    [c for c in READERS if c[0] not in {*NO_JSON, *BY_FORMAT, "export", "diff", "plan"}],
)
def test_yaml_says_the_same_as_json_to_readers_of_both_versions(
    command: str, line: str, rich: Path, run: Program
) -> None:
    said = run(*words(command, line), "-o", "json").json
    text = run(*words(command, line), "-o", "yaml").out
    for version in ("1.1", "1.2"):
        yaml = YAML(typ="safe", pure=True)
        yaml.version = version
        assert yaml.load(text) == said, version


# -- nothing but the answer ----------------------------------------------------------------------

FORMATS = ("table", "text", "json", "yaml", "csv", "name", "markdown", "mermaid", "dot")


def parse(format: str, text: str) -> None:
    """Fails where a text is not whole in its format."""
    if format == "json":
        json.loads(text)
    elif format == "yaml":
        YAML(typ="safe", pure=True).load(text)
    elif format == "csv":
        rows = list(csv.reader(io.StringIO(text)))
        assert {len(row) for row in rows} == {len(rows[0])}
    elif format == "name":
        assert all(line and " " not in line for line in text.splitlines())


def formats(command: str) -> Iterator[tuple[str, ...]]:
    """The words for every format of a command."""
    entry = dict(every_command())[command]
    names = {param.name for param in everything.options(command, entry)}
    if command == "export":
        yield from (("csv",), ("json",))
    elif "format" in names:
        option = "--format" if command in BY_FORMAT else "-o"
        known = (*FORMATS, "full", "concise", "sarif", "github", "gitlab", "junit")
        yield from ((option, format) for format in known)
    else:
        yield ()


@pytest.mark.parametrize("command", READING)
def test_standard_output_holds_the_answer_and_all_words_are_elsewhere(
    command: str, rich: Path, run: Program
) -> None:
    line = READING[command][0]
    whole = 0
    for format in formats(command):
        given = [*words(command, ""), *format, *words("", line)]
        result = run(*given, check=None)
        assert result.status != 70, result.err
        if result.status == 2:
            assert result.out == ""
            assert "is not a" in result.err
            continue
        whole += 1
        parse(format[-1] if format else "", result.out)
        assert not re.search("(?m)^(sipctl|hint): ", result.out)
    assert whole


NEEDS_FILES = ("list", "search", "tag list", "scenario list", "uses", "export")


@pytest.mark.parametrize("command", NEEDS_FILES)
def test_a_file_that_cannot_be_read_is_told_on_standard_error_in_every_format(
    command: str, rich: Path, run: Program
) -> None:
    line = READING[command][0]
    for format in formats(command):
        result = run(*words(command, ""), *format, *words("", line), check=None)
        if result.status == 0:
            assert "could not be read: " in result.err
            assert "shattered" not in result.out or format[-1] in ("json", "yaml")


@pytest.mark.parametrize("command", [c for c in READING if c not in ("export", *BY_FORMAT)])
def test_headings_of_csv_are_in_small_letters(command: str, rich: Path, run: Program) -> None:
    line = words(command, READING[command][0])
    result = run(*line, "-o", "csv", check=None)
    if result.status in (0, 1, 4):
        assert result.lines[0] == result.lines[0].lower()


@pytest.mark.parametrize("command", sorted(BY_FORMAT))
def test_the_format_of_a_check_is_told_as_everywhere_too(
    command: str, rich: Path, run: Program
) -> None:
    told = run(*words(command, ""), "--format", "json", check=None)
    for option in ("-f", "-o", "--output"):
        assert run(*words(command, ""), option, "json", check=None) == told


@pytest.mark.parametrize("cached", [True, False])
def test_show_tells_of_unreadable_files_only_where_they_may_belong_to_the_answer(
    cached: bool, own: Path, run: Program
) -> None:
    env = {} if cached else {"SIPCTL_NO_CACHE": "1"}
    (own / "endpoints/bare.yaml").write_text("reference: [\n")
    for _ in range(2):
        assert run("show", "pbx-lyon", env=env).err == ""
        told = run("show", "pbx-lyon", "-o", "json", env=env).err
        assert told.startswith("sipctl: 1 file could not be read: scenarios/shattered.yaml\n")
    (own / "endpoints/pbx-lyon.yaml").unlink()
    result = run("show", "pbx-lyon", env=env, check=3)  # all names are looked at for the nearest
    assert "3 files could not be read" in result.err


def test_json_and_yaml_list_what_could_not_be_read(rich: Path, run: Program) -> None:
    for line, broken in (
        ("list -o json", ["endpoints/broken.yaml"]),
        ("scenario list -o json", ["scenarios/shattered.yaml"]),
        ("uses pbx-lyon -o json", ["scenarios/shattered.yaml"]),
        ("export json", ["endpoints/broken.yaml", "scenarios/shattered.yaml"]),
    ):
        assert run(*line.split()).json["unreadable"] == broken


# -- nothing that a terminal acts on -------------------------------------------------------------

ACTING = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def inert(text: str) -> None:
    found = ACTING.search(text)
    assert found is None, repr(text[max(found.start() - 80, 0) : found.end()])


@pytest.fixture(scope="session")
def haunted_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("haunted") / "workspace"


@pytest.fixture
def haunted(rich: Path, haunted_template: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The workspace with everything, and escape characters everywhere; for reading only."""
    if not haunted_template.exists():
        everything.haunt(everything.copied(rich, haunted_template))
    monkeypatch.chdir(haunted_template)
    return haunted_template


HAUNTED = {
    "show": "haunted",
    "scenario show": "hostile",
    "scenario history": "hostile",
    "scenario blame": "hostile",
    "scenario trace": "hostile",
    "history": "haunted",
    "blame": "haunted",
    "plan": "HEAD~1",
    "diff": "HEAD~1",
}


@pytest.mark.parametrize("command", READING)
def test_no_value_brings_an_escape_to_any_answer(command: str, haunted: Path, run: Program) -> None:
    line = HAUNTED.get(command, READING[command][0])
    for format in formats(command):
        if format == ("csv",) or command == "completion":
            continue  # a table of raw values; scripts of our own
        result = run(*words(command, ""), *format, *words("", line), check=None)
        assert result.status != 70, result.err
        inert(result.out if format != ("-o", "csv") else "")
        inert(result.err)


ON_TERMINAL = [
    "list",
    "history haunted -o csv",
    "scenario show hostile -o csv",
    "scenario show hostile",
    "scenario show hostile -o yaml",
    "edit haunted --port 5070 --dry-run",
    "export csv",
    "fmt --diff",
    "status -o name",
]


@pytest.mark.parametrize("line", ON_TERMINAL)
def test_a_terminal_gets_escaped_what_a_file_gets_as_it_is(
    line: str, haunted: Path, terminal: Terminal
) -> None:
    screen = terminal(*line.split(), check=None, env={"NO_COLOR": "1"})
    assert screen.raw
    inert(screen.raw.replace("\r\n", "\n"))


HOSTILE = f"{ESCAPES}\nsipctl: forged\nhint: forged"
NO_TEXT = "a\udc80b"
LONG = "k" * 1100


def _given(command: str, value: str) -> Iterator[list[str]]:
    """Command lines that give the value for each argument and each option in turn."""
    entry = dict(every_command())[command]
    line = {"export": "csv"}.get(command) or (READING.get(command) or WRITING[command])[0]
    base, first = words(command, line), len(command.split())
    dry = ["--dry-run"] if command in WRITING and command != "fmt" else []
    yield [*command.split(), value, *dry]
    for at in range(first, len(base)):
        yield [*base[:at], value, *base[at + 1 :], *dry]
    for param in everything.options(command, entry):
        if param.param_type_name == "option" and not getattr(param, "is_flag", False):
            yield [*base, param.opts[0], value, *dry]


@pytest.mark.parametrize("value", [HOSTILE, NO_TEXT, LONG], ids=["escapes", "no-text", "long"])
@pytest.mark.parametrize("command", [name for name, _ in every_command()])
def test_no_argument_is_a_bug_or_comes_back_raw_in_an_answer_or_error(
    command: str, value: str, rich: Path, run: Program
) -> None:
    for given in _given(command, value):
        result = run(*given, check=None)
        assert result.status in (0, 1, 2, 3, 4), result.err
        inert(result.out)
        inert(result.err)
        assert not re.search("(?m)^(sipctl|hint): forged", result.out + result.err)


def test_a_value_that_is_no_text_is_refused_with_itself(rich: Path, run: Program) -> None:
    result = run("edit", "pbx-paris", "--realm", NO_TEXT, check=3)
    assert '"a\\udc80b" is no text in UTF-8' in result.err


def test_a_key_that_no_reader_would_take_is_refused(own: Path, run: Program) -> None:
    table = own / "long.json"
    for endpoint in ({f"x-{LONG}": 1}, {"x-a": {LONG: {"b": [1]}}}, {"x-a": [{LONG: 1}]}):
        table.write_text(json.dumps([{"reference": "a", "host": "a.example", **endpoint}]))
        assert "is too long for a key" in run("import", "long.json", check=3).err
    line = f"attach odd pbx-cannes --after ask --branch {LONG} --fallback ask"
    assert "is too long for a key" in run(*line.split(), check=3).err


def test_the_longest_key_is_read_again(own: Path, run: Program) -> None:
    key = f"x-{'k' * 1022}"
    Path("long.json").write_text(
        json.dumps([{"reference": "long", "host": "a.example", key: {"b": {"c": 1}}}])
    )
    run("import", "long.json")
    assert run("show", "long", "-o", "json").json["endpoint"][key] == {"b": {"c": 1}}
    yaml = YAML(typ="safe", pure=True)
    assert yaml.load(run("show", "long", "-o", "yaml").out)["endpoint"][key] == {"b": {"c": 1}}


def test_directions_are_written_into_files_as_escapes(own: Path, run: Program) -> None:
    run("edit", "pbx-lyon", "--realm", "a\u202eb")
    assert 'realm: "a\\u202eb"\n' in (own / "endpoints" / "pbx-lyon.yaml").read_text()
