"""import and export: the tables that people have, all or nothing, and there and back again."""

import csv
import io
import json
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from sipctl import names, tables
from sipctl import workspace as workspaces
from sipctl.changes import Plan
from sipctl.endpoint import Endpoint
from sipctl.errors import Refused
from sipctl.inventory import Inventory
from sipctl.yamlfile.write import document
from tests.conftest import Git, Program, Terminal
from tests.support import execute, on_terminal, steps

PRODUCT = """\
SIP endpoint,Port,Reference,Codec,User name,Realm,Tags
sip.paris.example.net,5060,pbx-paris,alaw and ulaw,+33155000001,paris.example.net,"paris, main"
192.0.2.10,,carrier-north,alaw,,,
2001:db8::5060,5070,carrier-v6,ulaw,0123,,carrier
"""
SECRET = "hunter2-is-secret"


def commits(git: Git) -> int:
    return int(git("rev-list", "--count", "HEAD"))


def file_of(reference: str) -> Path:
    return Path("endpoints", f"{reference}.yaml")


def table(*lines: str) -> str:
    return "".join(f"{line}\n" for line in lines)


def many(count: int) -> str:
    rows = (f"trunk-{number},sip{number}.example.net" for number in range(count))
    return table("reference,host", *rows)


def put(reference: str, text: str) -> None:
    """An endpoint's file, committed."""
    file_of(reference).write_text(text)
    execute(["git", "add", "endpoints"])
    execute(["git", "commit", "--quiet", "--message=Put"])


# -- what people have ----------------------------------------------------------------------------


def test_the_products_headings_make_endpoints_in_one_commit(
    workspace: Path, run: Program, git: Git
) -> None:
    Path("t.csv").write_text(PRODUCT)
    before = commits(git)
    assert "3 created" in run("import", "t.csv").out
    assert commits(git) == before + 1
    assert git("log", "-1", "--format=%s").strip() == "Import 3 endpoints"
    assert "Sipctl-Operation: import" in git("log", "-1", "--format=%b")
    assert file_of("pbx-paris").read_text() == (
        "reference: pbx-paris\nhost: sip.paris.example.net\nport: 5060\ncodecs: [alaw, ulaw]\n"
        'username: "+33155000001"\nrealm: paris.example.net\ntags: [paris, main]\n'
    )
    assert file_of("carrier-north").read_text() == (
        "reference: carrier-north\nhost: 192.0.2.10\ncodecs: [alaw]\n"
    )
    assert 'username: "0123"\n' in file_of("carrier-v6").read_text()


@pytest.mark.parametrize(
    "encode",
    [
        pytest.param(lambda text: text.replace(",", ";").encode(), id="semicolons"),
        pytest.param(lambda text: text.replace(",", "\t").encode(), id="tabs"),
        pytest.param(lambda text: text.encode("utf-8-sig"), id="byte order mark"),
        pytest.param(lambda text: text.replace("\n", "\r\n").encode(), id="CRLF"),
        pytest.param(lambda text: text.replace("\n", "\r").encode(), id="CR"),
        pytest.param(lambda text: text.upper().encode(), id="upper-case headings"),
        pytest.param(lambda text: f"\n{text}\n,,\n , ,\n".encode(), id="blank rows"),
        pytest.param(lambda text: text.rstrip("\n").encode(), id="no last line end"),
        pytest.param(lambda text: text.replace("A,", " A ,").encode(), id="blanks around values"),
    ],
)
def test_a_table_is_read_however_a_spreadsheet_writes_it(encode: Any) -> None:
    data = encode(table("Reference,User Name,SIP Endpoint", "A,0123,192.0.2.1"))
    rows = tables.read(tables.text_of(data))
    expected = {"reference": "A", "username": "0123", "host": "192.0.2.1"}
    assert [row.values for row in rows] == [expected]


def test_all_fields_have_their_own_names_too() -> None:
    text = table(
        "description,x-Site,register,transport,reference,codecs,tags,realm",
        ' a note ,"1,5",Yes,tls,a,ulaw;alaw,b c;d, r ',
    )
    (row,) = tables.read_csv(text)
    assert row.values == {
        "description": " a note ",
        "x-Site": "1,5",
        "register": True,
        "transport": "tls",
        "reference": "a",
        "codecs": ["ulaw", "alaw"],
        "tags": ["b", "c", "d"],
        "realm": " r ",
    }


@pytest.mark.parametrize(
    ("cell", "codecs"),
    [
        ("alaw", ["alaw"]),
        ("ulaw", ["ulaw"]),
        ("alaw and ulaw", ["alaw", "ulaw"]),
        ("ulaw and alaw", ["ulaw", "alaw"]),
        ("alaw,ulaw", ["alaw", "ulaw"]),
        ("alaw; ulaw", ["alaw", "ulaw"]),
    ],
)
def test_codecs_are_written_in_many_ways(cell: str, codecs: list[str]) -> None:
    (row,) = tables.read_csv(table("reference;codec", f'a;"{cell}"'))
    assert row.values["codecs"] == codecs


@pytest.mark.parametrize(
    ("cell", "value"),
    [("true", True), ("NO", False), ("VRAI", True), ("faux", False), ("1", "1"), ("", None)],
)
def test_register_takes_the_words_for_yes_and_no(cell: str, value: object) -> None:
    (row,) = tables.read_csv(table("reference,register", f"a,{cell}"))
    assert row.values.get("register") == value


def test_an_international_host_becomes_a_labels(workspace: Path, run: Program) -> None:
    run("import", "-", input=table("reference,host", "a,münchen.example"))
    assert "host: xn--mnchen-3ya.example\n" in file_of("a").read_text()


def test_keys_of_ones_own_come_in_as_text(workspace: Path, run: Program) -> None:
    run("import", "-", input=table("reference,host,x-ticket", "a,192.0.2.1,0123"))
    assert 'x-ticket: "0123"\n' in file_of("a").read_text()


def test_json_is_an_array_with_fields_or_headings(workspace: Path, run: Program) -> None:
    rows = [
        {"reference": "a", "host": "192.0.2.1", "port": 5061, "codecs": ["ulaw"], "x-n": [1, None]},
        {"Reference": "b", "SIP endpoint": "192.0.2.2", "Port": 5061, "User name": None},
    ]
    run("import", "-", input=json.dumps(rows))
    assert file_of("a").read_text() == (
        "reference: a\nhost: 192.0.2.1\nport: 5061\ncodecs: [ulaw]\nx-n: [1, null]\n"
    )
    assert file_of("b").read_text() == "reference: b\nhost: 192.0.2.2\nport: 5061\n"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("port", '"5070"'),
        ("register", '"yes"'),
        ("codecs", '"alaw"'),
        ("tags", '"a,b"'),
        ("username", "123"),
        ("description", "true"),
    ],
)
def test_a_value_of_another_type_is_refused_in_json_as_in_a_file(
    field: str, value: str, workspace: Path, run: Program
) -> None:
    fields = '"reference": "a", "host": "münchen.example", "password": {"env": "A"}'
    user = "" if field == "username" else ', "username": "u"'
    refused = run("import", "-", input=f'[{{{fields}{user}, "{field}": {value}}}]', check=3)
    assert f"item 1, {field}: " in refused.err
    assert "1 error" in refused.err or "an error" in refused.err


def test_what_list_prints_comes_in_without_its_defaults(workspace: Path, run: Program) -> None:
    text = "reference: a\nhost: 192.0.2.1\ntransport: tls\nusername: u\npassword: {env: A}\n"
    put("a", text)
    listed = run("list", "-o", "json").out
    assert '"port": 5061' in listed
    run("delete", "a")
    run("import", "-", input=listed)
    assert file_of("a").read_text() == text


def test_a_default_that_somebody_changed_in_a_list_counts() -> None:
    item = {"reference": "a", "host": "192.0.2.1", "port": 5070, "given": ["reference", "host"]}
    (row,) = tables.read_json(json.dumps({"version": 1, "endpoints": [item]}))
    assert row.values["port"] == 5070


def test_the_format_is_told_by_the_option_the_name_or_the_text(
    workspace: Path, run: Program
) -> None:
    rows = json.dumps([{"reference": "a", "host": "192.0.2.1"}])
    Path("t.JSON").write_text(rows)
    run("import", "t.JSON")
    Path("t.txt").write_text(rows)
    run("import", "t.txt", "--update")
    run("import", "t.txt", "--update", "--format", "json")
    assert "names no columns" in run("import", "t.txt", "--format", "csv", check=3).err
    assert run("import", "t.txt", "--format", "xml", check=2).err.startswith('sipctl: "xml"')


# -- what is refused -----------------------------------------------------------------------------


@pytest.mark.parametrize("heading", ["Password", "passwd", "SECRET", "sip_pwd", "Mot de passe"])
def test_a_password_column_is_refused_and_no_password_shown(
    workspace: Path, run: Program, heading: str
) -> None:
    text = table(f"Reference,SIP endpoint,User name,{heading}", f"a,192.0.2.1,u,{SECRET}")
    result = run("import", "-", input=text, check=3)
    assert "mail boxes and shells" in result.err
    assert "--password-env" in result.err
    assert SECRET not in result.out + result.err
    assert not file_of("a").exists()


@pytest.mark.parametrize(
    "password", [SECRET, {"age": SECRET}, {"plain": SECRET}, {"env": "A", "x": SECRET}, [SECRET]]
)
def test_json_holds_no_password_either(workspace: Path, run: Program, password: object) -> None:
    rows = [{"reference": "a", "host": "192.0.2.1", "username": "u", "password": password}]
    result = run("import", "-", input=json.dumps(rows), check=3)
    assert "item 1: password: passwords do not belong in a table" in result.err
    assert SECRET not in result.out + result.err


def test_a_table_without_headings_is_refused_and_none_of_it_shown(
    workspace: Path, run: Program
) -> None:
    result = run("import", "-", input=f"a,192.0.2.1,u,{SECRET}\n", check=3)
    assert "line 1 of the table names no columns" in result.err
    assert SECRET not in result.out + result.err


def test_an_unknown_column_is_told_with_its_place_and_the_nearest_name(
    workspace: Path, run: Program
) -> None:
    result = run("import", "-", input=table("reference,hots,host,Host,\x1b[2J"), check=3)
    assert 'line 1, column 2: "hots" is not a field (did you mean "host"?)' in result.err
    assert "line 1, column 4: host stands twice" in result.err
    assert 'line 1, column 5: "\\x1b[2J" is not a field' in result.err


def test_every_error_of_every_row_is_told_in_one_run(
    workspace: Path, run: Program, git: Git
) -> None:
    text = table(
        "reference,host,port,register,codec,tags",
        "good,192.0.2.1,,,,",
        "a/b,b_c,05060,maybe,pcma,two words",
        "Twice,1.2.3,99999,,,",
        "short,192.0.2.1",
        '"two\nlines",,,,,',
        "twice,192.0.2.1,,,,",
        ",192.0.2.1,,,,",
        "bell,192.0.2.1,,,,\a",
    )
    before = commits(git)
    result = run("import", "-", input=text, check=3)
    lines = [line.strip() for line in result.err.splitlines()]
    expected = (
        'line 3, reference: "a/b" is not a reference',
        'line 3, host: "b_c" is not a host',
        'line 3, port: "05060" is not a plain number (write 5060)',
        'line 3, codecs: "pcma" is not a codec (did you mean "alaw"?)',
        "line 3, register: maybe is not a boolean (write true or false)",
        'line 4, host: "1.2.3" is not a host',
        "line 4, port: 99999 is not a port",
        "line 5: it has 2 cells, the first line 6",
        'line 6: the key "host" is missing',
        'line 6, reference: "two',
        'line 8: "twice" stands in line 4 already',
        'line 9: the key "reference" is missing',
        'line 10, tags: "',
    )
    assert lines[0] == f"sipctl: refused: the table has {len(expected)} errors"
    for line, start in zip(lines[1:-1], expected, strict=True):
        assert line.startswith(start)
    assert commits(git) == before
    assert not list(Path("endpoints").iterdir())


def test_hundreds_of_errors_are_counted_and_twenty_told(workspace: Path, run: Program) -> None:
    rows = (f"a{number},-" for number in range(300))
    lines = run("import", "-", input=table("reference,host", *rows), check=3).err.splitlines()
    assert len(lines) == 23
    assert lines[0].endswith("the table has 300 errors")
    assert lines[21].strip() == "… and 280 more"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "the table is empty"),
        (b"reference,host\na,\xe9t\xe9\n", "not UTF-8 text: line 2"),
        ("reference,host\n".encode("utf-16"), "not UTF-8 text: line 1"),
        (table("host,port", "192.0.2.1,5060"), "there is no column reference"),
        (table("reference,host", "a,b", '"c,d'), "line 3: unexpected end of data"),
        (table("reference,host", '"a"b,c'), "line 2: "),
        ('[\n{"reference": a}]', "not JSON: line 2, column 15"),
        ('[{"reference": "a", "reference": "b"}]', '"reference" stands twice'),
        ('[{"reference": "a", "Reference": "b"}]', "item 1: reference stands twice"),
        ('[{"reference": "a", "port": NaN}]', "NaN is not JSON"),
        ('[{"reference": "a", "port": ' + "9" * 5000 + "}]", "too many digits"),
        ("[" * 100_000, "nested too deep"),
        ("[" * 80 + "]" * 80, "nested too deep"),
        ('[{"reference": "a", "host": "\\ud800"}]', "half of a surrogate pair"),
        ('[{"reference": "a", "prot": null}]', 'did you mean "port"?'),
        ('[{"reference": "a", "username": 33155000001}]', "may be taken for a number"),
        ('[{"reference": 123, "host": "a"}]', "123 may be taken for a number"),
        ('[{"reference": "a", "host": ["b"]}]', '"host" is a list'),
        ('[{"reference": "a", "tags": [1]}]', "1 may be taken for a number"),
        ("[5]", "item 1: it is no object"),
        ('{"reference": "a"}', "no list of endpoints"),
        ('{"version": 2, "endpoints": []}', "unknown version"),
        ('{"version": 1, "endpoints": {}}', "no array of endpoints"),
    ],
)
def test_what_is_no_table_is_refused_with_the_reason(
    workspace: Path, run: Program, text: str | bytes, words: str
) -> None:
    assert words in run("import", "-", input=text, check=3).err


@pytest.mark.parametrize("reference", ["123", "true", '["a"]', '{"a": 1}', '""', "null"])
def test_a_reference_that_is_no_text_is_one_error(
    reference: str, workspace: Path, run: Program
) -> None:
    text = f'[{{"reference": {reference}, "host": "a.example"}}]'
    refused = run("import", "-", input=text, check=3).err
    assert "the table has an error\n" in refused


def test_a_file_that_cannot_be_read_is_refused(workspace: Path, run: Program) -> None:
    assert run("import", "no.csv", check=3).err == (
        'sipctl: "no.csv" could not be read: no such file or directory\n'
    )


def test_a_table_without_rows_changes_nothing(workspace: Path, run: Program, git: Git) -> None:
    before = commits(git)
    run("import", "-", input="reference,host\n")
    run("import", "-", input="[]")
    assert commits(git) == before


def test_more_than_ten_endpoints_show_the_plan_and_want_force(
    workspace: Path, run: Program, git: Git
) -> None:
    run("import", "-", input=many(10))
    before = commits(git)
    more = many(21)
    result = run("import", "-", "--update", input=more, check=3)
    assert "+ trunk-20" in result.err
    assert "this would create 11 endpoints" in result.err
    assert "--force" in result.err
    assert commits(git) == before
    run("import", "-", "--update", "--force", input=more)
    assert git("log", "-1", "--format=%s").strip() == "Import 11 endpoints"


def test_a_terminal_is_asked_about_more_than_ten(
    workspace: Path, terminal: Terminal, git: Git
) -> None:
    Path("t.csv").write_text(many(11))
    before = commits(git)
    assert "nothing has changed" in terminal("import", "t.csv", answers=["n"], check=3).text
    assert commits(git) == before
    screen = terminal("import", "t.csv", answers=["y"])
    assert screen.text.index("+ trunk-0") < screen.text.index("create 11 endpoints? [y/N]: ")
    assert commits(git) == before + 1


def test_a_table_typed_on_a_terminal_is_never_followed_by_a_question(workspace: Path) -> None:
    typed = many(11).replace("\n", "\r") + "\x04y"
    command = ["sh", "-c", "printf 'the table: '; exec sipctl import -"]
    screen = on_terminal(command, [typed], check=3)
    assert "pass --force if that is meant" in screen.text


def test_a_dry_run_shows_the_diff_and_changes_nothing(
    workspace: Path, run: Program, git: Git
) -> None:
    before = commits(git)
    result = run("import", "-", "--dry-run", input=many(12))
    assert "+++ b/endpoints/trunk-11.yaml" in result.out
    assert commits(git) == before
    assert not list(Path("endpoints").iterdir())
    git("apply", input=result.out)
    assert file_of("trunk-11").read_text() == "reference: trunk-11\nhost: sip11.example.net\n"


# -- endpoints that exist ------------------------------------------------------------------------


LYON = """\
# The trunk of Lyon.
reference: lyon
host: sip.lyon.example.net   # asked for by mail
port: 5070

username: 'lyon'
password: {file: /run/secrets/lyon}
tags: [b, a]
"""


def test_endpoints_that_exist_are_listed_and_update_is_named(workspace: Path, run: Program) -> None:
    put("lyon", LYON)
    text = table("reference,host", "new,192.0.2.1", "lyon,192.0.2.2", "Lyon,192.0.2.3")
    result = run("import", "-", input=text, check=3)
    assert 'line 3: the endpoint "lyon" exists already' in result.err
    assert "--update" in result.err
    assert not file_of("new").exists()


def test_another_case_of_an_existing_reference_is_refused(workspace: Path, run: Program) -> None:
    put("lyon", LYON)
    text = table("reference,host", "LYON,192.0.2.1")
    result = run("import", "-", "--update", input=text, check=3)
    assert '"LYON" and the endpoint "lyon" differ in case only' in result.err


def test_update_changes_only_what_differs(workspace: Path, run: Program, git: Git) -> None:
    put("lyon", LYON)
    text = table(
        "reference,host,port,user name,tags,realm",
        'lyon,sip.lyon.example.net,5080,lyon,"a,b",',
    )
    run("import", "-", "--update", input=text)
    assert file_of("lyon").read_text() == LYON.replace("5070", "5080")
    assert git("log", "-1", "--format=%s").strip() == "Change port of lyon"
    before = commits(git)
    run("import", "-", "--update", input=text)
    assert commits(git) == before


def test_new_and_changed_endpoints_come_by_one_commit(
    workspace: Path, run: Program, git: Git
) -> None:
    put("lyon", LYON)
    before = commits(git)
    text = table("reference,host,port", "lyon,,5080", "a,192.0.2.1,", "b,192.0.2.2,")
    result = run("import", "-", "--update", "-o", "json", input=text)
    assert [change["kind"] for change in result.json["changes"]] == [
        "created",
        "created",
        "changed",
    ]
    assert commits(git) == before + 1
    subject = git("log", "-1", "--format=%s").strip()
    assert subject == "Import 2 endpoints, change port of lyon"


def test_an_old_error_in_a_file_that_is_to_change_is_told_with_its_line(
    workspace: Path, run: Program
) -> None:
    put("a", "reference: a\nhost: a_b\n")
    put("b", "reference: b\nhost: 192.0.2.1\nrealm: 012\n")
    text = table("reference,port", "a,5061", "b,5061")
    result = run("import", "-", "--update", input=text, check=3)
    assert 'line 2, endpoints/a.yaml:2: "a_b" is not a host' in result.err
    assert 'line 3: the file of "b" cannot be changed as it stands' in result.err
    rows = ("a,192.0.2.2,", "b,,012")
    run("import", "-", "--update", input=table("reference,host,realm", *rows))
    assert file_of("a").read_text() == "reference: a\nhost: 192.0.2.2\n"
    assert file_of("b").read_text() == 'reference: b\nhost: 192.0.2.1\nrealm: "012"\n'


# -- passwords by variable -----------------------------------------------------------------------


def test_missing_passwords_are_filled_with_variables(workspace: Path, run: Program) -> None:
    put("lyon", LYON)
    put("bare", "reference: bare\nhost: 192.0.2.1\nusername: u\n")
    text = table(
        "reference,host,user name",
        "pbx-paris,192.0.2.2,u",
        "ip-only,192.0.2.3,",
        "lyon,,",
        "bare,,",
    )
    run("import", "-", "--update", "--password-env", "TRUNK_{reference}", input=text)
    assert "password: {env: TRUNK_PBX_PARIS}\n" in file_of("pbx-paris").read_text()
    assert "password" not in file_of("ip-only").read_text()
    assert file_of("lyon").read_text() == LYON
    assert "password: {env: TRUNK_BARE}\n" in file_of("bare").read_text()


def test_two_endpoints_never_get_the_same_variable(workspace: Path, run: Program) -> None:
    put("x.y", "reference: x.y\nhost: a.example\nusername: u\npassword: {env: T_X_Y}\n")
    text = table("reference,host,username", "a-b,a.example,u", "a_b,a.example,u", "x-y,a.example,u")
    result = run("import", "-", "--password-env", "T_{reference}", input=text, check=3)
    assert 'line 3: T_A_B would be the variable of "a-b" and "a_b"' in result.err
    assert 'line 4: T_X_Y would be the variable of "x.y" and "x-y"' in result.err


@pytest.mark.parametrize("template", ["TRUNK", "TRUNK-{reference}", "{host}_{reference}", ""])
def test_a_template_that_names_no_variables_is_refused(
    workspace: Path, run: Program, template: str
) -> None:
    result = run("import", "-", "--password-env", template, input=many(1), check=3)
    assert "TRUNK_{reference}" in result.err


def test_a_variable_that_would_begin_with_a_digit_is_refused(workspace: Path, run: Program) -> None:
    text = table("reference,host,username", "1a,192.0.2.1,u")
    result = run("import", "-", "--password-env", "{reference}", input=text, check=3)
    assert "line 2, password: this is not the name of an environment variable" in result.err


# -- there and back ------------------------------------------------------------------------------


def test_export_holds_what_is_given_and_no_password(workspace: Path, run: Program) -> None:
    put("lyon", LYON + "register: true\nx-site: Lyon\nx-rack: 7\n")
    put("bare", "reference: bare\nhost: 192.0.2.1\n")
    result = run("export", "csv")
    rows = list(csv.DictReader(io.StringIO(result.out)))
    assert list(rows[0]) == [*tables.COLUMNS, "x-rack", "x-site"]
    assert {k: v for k, v in rows[0].items() if v} == {"reference": "bare", "host": "192.0.2.1"}
    assert rows[1]["tags"] == "b,a"
    assert rows[1]["register"] == "true"
    assert "x-rack" in result.err
    listed = run("export", "json").json
    assert listed["endpoints"][0] == {"reference": "bare", "host": "192.0.2.1"}
    assert listed["endpoints"][1]["x-rack"] == 7
    for out in (result.out, json.dumps(listed)):
        assert "secrets" not in out
        assert "password" not in out


@pytest.mark.parametrize("value", ['""', "7", "[a, b]", "null", '"a\\rb"'])
def test_json_carries_every_value_of_ones_own_keys_and_csv_says_which_it_cannot(value: str) -> None:
    old = inventory_of_text(f"reference: a\nhost: 192.0.2.1\nx-own: {value}\n")
    for kind in ("csv", "json"):
        rows = tables.read(exported(old.endpoints, kind), kind)
        assert not tables.plan_import(old, rows, update=True).effective
    (row,) = tables.read(exported(old.endpoints, "json"))
    kept = old.endpoints["a"].extra["x-own"]
    assert row.values.get("x-own") == kept
    assert tables.without_cell(old.endpoints.values()) == (["x-own"] if kept else [])


def test_export_takes_a_query_and_knows_two_formats(workspace: Path, run: Program) -> None:
    put("lyon", LYON)
    put("bare", "reference: bare\nhost: 192.0.2.1\n")
    assert len(run("export", "csv", "--where", "tag:a").lines) == 2
    assert run("export", "json", "--where", "ref:none").json["endpoints"] == []
    run("export", "csv", "--where", "(", check=3)
    assert "use csv or json" in run("export", "yaml", check=2).err


def test_export_says_what_could_not_be_read(workspace: Path, run: Program) -> None:
    put("broken", "reference: [\n")
    assert run("export", "json").json["unreadable"] == ["endpoints/broken.yaml"]
    assert "could not be read" in run("export", "csv").err


@pytest.mark.parametrize("kind", ["csv", "json"])
def test_export_then_import_changes_nothing(
    workspace: Path, run: Program, git: Git, kind: str
) -> None:
    put("lyon", LYON + "codecs: [ulaw, alaw]\nx-rack: 7\nx-note: '=1+1'\nx-pwd: not told\n")
    put("ims", 'reference: ims\nhost: 192.0.2.1\nusername: "+33155000001@ims.example.net"\n')
    before = commits(git)
    exported = run("export", kind).out
    run("import", "-", "--update", input=exported)
    assert commits(git) == before


NAMES = st.from_regex(names.PATTERN).map(lambda name: name.rstrip("\n"))
HOSTS = st.sampled_from(["sip.example.net", "192.0.2.1", "2001:db8::1", "xn--mnchen-3ya.example"])
TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Zl", "Zp")), min_size=1)
HARD = st.sampled_from(
    ["+33155", "0123", "=1+1", "-", "@a", " a ", '"', "a,b;c d", "null", "\ufeffa"]
)
ANY_TEXT = st.one_of(HARD, TEXTS.filter(lambda text: len(text) <= 255))
OPTIONAL = {
    "port": st.integers(1, 65535),
    "transport": st.sampled_from(["udp", "tcp", "tls"]),
    "codecs": st.lists(st.sampled_from(["alaw", "ulaw"]), min_size=1, unique=True),
    "username": ANY_TEXT,
    "realm": ANY_TEXT,
    "register": st.booleans(),
    "tags": st.lists(NAMES, min_size=1, max_size=3, unique_by=str.casefold),
    "description": ANY_TEXT,
    "x-a": ANY_TEXT | st.text(max_size=8).filter(lambda text: text and "\r" not in text),
    "x-B c,d": ANY_TEXT,
}
FIELDS = st.fixed_dictionaries({"reference": NAMES, "host": HOSTS}, optional=OPTIONAL)
ENDPOINTS = st.lists(FIELDS, max_size=4, unique_by=lambda e: str(e["reference"]).casefold())


def inventory(endpoints: Iterable[Mapping[str, Any]]) -> Inventory:
    """A workspace of these endpoints; those with a user name have a password too."""
    source: dict[str, Any] = {"sipctl.yaml": b"version: 1\n"}
    for fields in endpoints:
        password = {"password": {"env": "SECRET"}} if "username" in fields else {}
        text = document({**fields, **password})
        source[f"endpoints/{fields['reference']}.yaml"] = text.encode()
    made = workspaces.inventory_of(source)
    assert not made.unreadable
    return made


def inventory_of_text(text: str) -> Inventory:
    return workspaces.inventory_of(
        {"sipctl.yaml": b"version: 1\n", "endpoints/a.yaml": text.encode()}
    )


def exported(endpoints: Mapping[str, Endpoint], kind: str) -> str:
    if kind == "json":
        return json.dumps({"version": 1, "endpoints": tables.export_records(endpoints.values())})
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    headings, rows = tables.export_rows(endpoints.values())
    writer.writerow(headings)
    writer.writerows(rows)
    return out.getvalue()


def carried_out(plan: Plan) -> Inventory:
    return workspaces.inventory_of({c.path: c.after for c in plan.changes if c.after is not None})


@pytest.mark.parametrize("kind", ["csv", "json"])
@given(ENDPOINTS)
@example([{"reference": "a", "host": "192.0.2.1", "description": "\ufeff"}])
def test_endpoints_come_back_equal_but_for_passwords(
    kind: str, endpoints: list[dict[str, Any]]
) -> None:
    old = inventory(endpoints)
    rows = tables.read(exported(old.endpoints, kind), kind)
    assert not tables.plan_import(old, rows, update=True).effective
    new = carried_out(tables.plan_import(inventory([]), rows, update=False))
    assert {r: e.record() for r, e in new.endpoints.items()} == {
        r: {**e.record(), "password": None, "given": [f for f in e.given() if f != "password"]}
        for r, e in old.endpoints.items()
    }


SPELLED = st.one_of(
    st.sampled_from(["yes", "true", "~", "", '""', "' a '", "0x1F", ".inf", "12:30", "=1", "<<"]),
    st.sampled_from(["{a: 1, b: [yes, 1.0]}", "[]", "|\n  text\n  more", '"a\\rb"', "é", "- "]),
    st.integers().map(str),
    st.from_regex("[0-9]{2,4}", fullmatch=True),
    st.floats().map(str),
    st.dates().map(str),
    st.datetimes().map(str),
    st.text("az09.+-_", min_size=1),
)
"""Values as people write them, most of them without quotes that a careful reader would like."""


@pytest.mark.parametrize("kind", ["csv", "json"])
@given(st.dictionaries(st.sampled_from(["x-a", "x-b", "x-c"]), SPELLED))
@example({"x-a": "0123", "x-b": "yes", "x-c": "1.50"})
def test_what_is_exported_comes_in_without_a_change_however_it_is_spelled(
    kind: str, own: dict[str, str]
) -> None:
    lines = [f"{key}: {spelled}" for key, spelled in own.items()]
    old = inventory_of_text(table("reference: a", "host: 192.0.2.1", *lines))
    rows = tables.read(exported(old.endpoints, kind), kind)
    assert not tables.plan_import(old, rows, update=True).effective


def test_a_cell_with_a_default_that_the_file_does_without_changes_nothing(
    workspace: Path, run: Program, git: Git
) -> None:
    put("a", "reference: a\nhost: 192.0.2.1\n")
    put("b", "reference: b\nhost: 192.0.2.2\ntransport: tls\nport: 5060\nregister: false\n")
    before = commits(git)
    run("import", "-", "--update", input=run("list", "-o", "csv").out)
    run("import", "-", "--update", input=table("reference,transport,port", "a,udp,5060"))
    assert commits(git) == before
    changed = table("reference,transport,port,register", "a,tls,5060,no", "b,udp,5061,true")
    run("import", "-", "--update", input=changed)
    assert file_of("a").read_text().endswith("192.0.2.1\nport: 5060\ntransport: tls\n")
    assert file_of("b").read_text().endswith("transport: udp\nport: 5061\nregister: true\n")


def test_a_default_in_json_is_meant(workspace: Path, run: Program) -> None:
    put("a", "reference: a\nhost: 192.0.2.1\n")
    run("import", "-", "--update", input='[{"reference": "a", "port": 5060}]')
    assert file_of("a").read_text().endswith("port: 5060\n")


@given(st.text() | st.lists(st.text("abc,;\t\"'\n\r {}[]:"), max_size=5).map("\n".join))
@example('reference,"')
@example("[{}]")
@example('[{"reference": ""}]')
@example('[{"given": 1, "reference": "a"}]')
@example("reference\n\0")
def test_any_text_is_a_plan_or_refused(text: str) -> None:
    for start in ("", "reference,host\n", "reference;host\n"):
        try:
            plan = tables.plan_import(inventory([]), tables.read(start + text), update=True)
        except Refused as refused:
            assert refused.message.replace("\n", "").isprintable()  # noqa: PT017
        else:
            assert not carried_out(plan).unreadable


KEYS = st.sampled_from(["reference", "host", "port", "tags", "password", "env", "given", "x-a"])
JSON = st.recursive(
    st.none() | st.text(max_size=5) | st.integers() | st.booleans() | st.floats(allow_nan=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=8,
)


@given(JSON)
def test_any_json_is_a_plan_or_refused(data: object) -> None:
    rows: object
    for rows in (data, [data], {"version": 1, "endpoints": [data]}):
        try:
            read = tables.read_json(json.dumps(rows))
            plan = tables.plan_import(inventory([]), read, update=True)
        except Refused as refused:
            assert refused.message.replace("\n", "").isprintable()  # noqa: PT017
        else:
            assert not carried_out(plan).unreadable


def headings(count: int) -> str:
    return ",".join(["reference", *(f"prot{n}" for n in range(count))])


def keys(count: int) -> str:
    return json.dumps([{f"prot{n}": 1} for n in range(count)])


@pytest.mark.parametrize("made", [headings, keys])
def test_so_many_wrong_names_are_compared_with_the_known_ones(made: Callable[[int], str]) -> None:
    def work(count: int) -> int:
        def read() -> None:
            with suppress(Refused):
                tables.read(made(count))

        return steps(read)

    assert work(1800) < 1.5 * work(600)


def test_what_variables_are_taken_is_found_out_once_of_each_inventory() -> None:
    own = {"host": "a.example", "username": "u"}
    there = inventory({"reference": f"e{n}", **own} for n in range(100))
    variable = tables.Variables("SECRE{reference}")
    variable(there, "a", "u")
    assert steps(lambda: variable(there, "b", "u")) < 50
    with pytest.raises(Refused, match='SECRET would be the variable of "e0" and "t"'):
        variable(there, "t", "u")
    other = "reference: a\nhost: a.example\nusername: u\npassword: {env: SECRED}\n"
    with pytest.raises(Refused, match='SECRED would be the variable of "a" and "d"'):
        variable(inventory_of_text(other), "d", "u")


def test_a_table_of_a_thousand_rows_is_one_plan() -> None:
    plan = tables.plan_import(inventory([]), tables.read(many(1000)), update=True)
    assert len(plan.effective) == 1000
    assert plan.subject == "Import 1000 endpoints"
