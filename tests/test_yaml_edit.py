"""Edits say what was asked, and leave every other byte as it was."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping, Sequence

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from sipctl.errors import Bug
from sipctl.yamlfile.edit import set_paths
from sipctl.yamlfile.meaning import Meaning, of_node, of_value
from sipctl.yamlfile.read import read
from sipctl.yamlfile.scalars import is_plain_safe, quote
from sipctl.yamlfile.write import UNSET, Unset, Value, top_entry
from tests.documents import ORDER, Source, sources, strings, values

HEAVY = settings(max_examples=60)


def set_values(text: str, changes: Mapping[str, Value | Unset], order: Sequence[str]) -> str:
    """The text with keys at its top set or taken out."""
    return set_paths(text, {(key,): value for key, value in changes.items()}, order)


def says(text: str) -> dict[str, Meaning]:
    document = read(text.encode(), "f")
    assert document.root is not None, document.findings
    return dict(of_node(document.root)[1])  # type: ignore[call-overload,no-any-return]


@HEAVY
@given(sources())
def test_the_generated_files_say_what_they_should(source: Source) -> None:
    assert says(source.text) == source.meanings


@HEAVY
@given(sources())
def test_a_value_that_stands_already_changes_nothing(source: Source) -> None:
    known = {key: str(m[0]) for key, m in source.meanings.items() if m[1:] == (False,)}
    assert set_values(source.text, known, ORDER) == source.text


def parts(source: Source, key: str) -> tuple[str, str]:
    """The text before and behind the lines of a key."""
    at = [entry.key for entry in source.entries].index(key)
    before = "".join("".join(e.above + e.lines) for e in source.entries[:at])
    behind = "".join("".join(e.above + e.lines) for e in source.entries[at + 1 :])
    return source.head + before + "".join(source.entries[at].above), behind + source.foot


@HEAVY
@given(sources(), st.data())
def test_a_changed_value_changes_no_other_line(source: Source, data: st.DataObject) -> None:
    key = data.draw(st.sampled_from([entry.key for entry in source.entries]))
    value = data.draw(values)
    result = set_values(source.text, {key: value}, ORDER)
    assert says(result) == source.meanings | {key: of_value(value)}
    before, behind = parts(source, key)
    assert result.startswith(before)
    if source.ended:
        assert result[len(before) :].endswith(behind)
    else:
        assert (result[len(before) :] + source.line_end).endswith(behind)


@HEAVY
@given(sources(), st.data())
def test_a_removed_key_takes_its_own_lines_only(source: Source, data: st.DataObject) -> None:
    assume(len(source.entries) > 1)
    key = data.draw(st.sampled_from([entry.key for entry in source.entries]))
    result = set_values(source.text, {key: UNSET}, ORDER)
    assert says(result) == {k: v for k, v in source.meanings.items() if k != key}
    before, behind = parts(source, key)
    keeping = "|+" in source.text or ">+" in source.text
    assert _lines(result, keeping) == _lines(before + behind, keeping)


def _lines(text: str, keeping: bool) -> list[str]:
    """The lines without the indents of comments (one that comes to stand below a block scalar would
    become its text), and without blank ones where a block scalar keeps those below it."""
    lines = text.removeprefix("\ufeff").rstrip("\r\n").splitlines()
    lines = [line.lstrip(" \t") if line.lstrip(" \t").startswith("#") else line for line in lines]
    return [line for line in lines if line or not keeping]


@HEAVY
@given(sources(), st.data())
def test_a_new_key_is_one_new_line(source: Source, data: st.DataObject) -> None:
    keys = [entry.key for entry in source.entries]
    key = data.draw(st.sampled_from([*ORDER, "x-new"]).filter(lambda key: key not in keys))
    value = data.draw(values)
    result = set_values(source.text, {key: value}, ORDER)
    assert says(result) == source.meanings | {key: of_value(value)}
    assert source.text.startswith("\ufeff") == result.startswith("\ufeff")
    old, new = (t.removeprefix("\ufeff").splitlines() for t in (source.text, result))
    lines = [line.lstrip() for line in top_entry(key, value).split("\n")]
    size = len(lines)
    places = [at for at in range(len(new)) if new[:at] + new[at + size :] == old]
    assert lines in [[line.lstrip() for line in new[at : at + size]] for at in places]
    assert source.ended == result.endswith(("\r", "\n"))
    if "\r\n" in source.text:
        assert result.count("\n") == result.count("\r\n")


@HEAVY
@given(sources(), st.data())
def test_several_changes_at_once_do_what_each_does(source: Source, data: st.DataObject) -> None:
    wished = data.draw(
        st.dictionaries(st.sampled_from([*ORDER, "x-a"]), st.one_of(values, st.just(UNSET)))
    )
    wanted = source.meanings
    for key, value in wished.items():
        if isinstance(value, Unset):
            wanted.pop(key, None)
        else:
            wanted[key] = of_value(value)
    assume(wanted.keys() & source.meanings.keys())
    result = set_values(source.text, wished, ORDER)
    assert says(result) == wanted
    untouched = [
        "".join(entry.above + (() if entry.key in wished else entry.lines))
        for entry in source.entries
    ]
    keeping = "|+" in source.text or ">+" in source.text
    rest = iter(_lines(result, keeping))
    text = "".join([source.head, *untouched, source.foot])
    assert all(line in rest for line in _lines(text, keeping))


simple = st.text("abcdefghijklmnopqrstuvwxyz.-", min_size=1, max_size=9).filter(is_plain_safe)


@HEAVY
@given(sources(), st.data())
def test_setting_a_scalar_and_setting_it_back_gives_the_bytes_of_before(
    source: Source, data: st.DataObject
) -> None:
    text = data.draw(simple)
    style = data.draw(st.sampled_from(("", "'", '"')))
    comment = data.draw(st.sampled_from(("", "  # c", "   ")))
    before, behind = parts(source, source.entries[0].key)
    key, first = source.entries[0].key, source.entries[0].lines[0]
    start = before + " " * (len(first) - len(first.lstrip())) + f"{key}: "
    rest = comment + source.line_end + behind
    whole = start + quote(text, style) + rest
    value = data.draw(simple if not style else st.text(min_size=1).filter(str.isprintable))
    changed = set_values(whole, {key: value}, ORDER)
    assert changed == start + quote(value, style) + rest
    assert set_values(changed, {key: text}, ORDER) == whole


PBX = """\
# the main trunk
reference:   pbx  # do not rename
host: "a.example.net"

# the provider's own
port: 5060
codecs:
  - alaw   # first
  # then
  - ulaw
  # - g729
password: {env: PBX}  # in the vault
tags: [paris, 'x',  lyon]
description: >-   # long
  Main
  trunk
x-note:
  contact: [ada, bob]
"""


@pytest.mark.parametrize(
    ("changes", "old", "new"),
    [
        ({"port": 5061}, "port: 5060", "port: 5061"),
        ({"port": UNSET}, "port: 5060\n", ""),
        ({"host": "b"}, '"a.example.net"', '"b"'),
        ({"reference": "0123"}, "pbx  #", '"0123"  #'),
        ({"transport": "tls"}, "port: 5060\n", "port: 5060\ntransport: tls\n"),
        ({"realm": "r"}, "the vault\n", "the vault\nrealm: r\n"),
        ({"x-b": {"c": ["d", 1]}}, "bob]\n", "bob]\nx-b: {c: [d, 1]}\n"),
        ({"username": "+33"}, "  # - g729\n", '  # - g729\nusername: "+33"\n'),
        ({"codecs": ["ulaw"]}, "  - alaw   # first\n", ""),
        ({"codecs": ["alaw", "g"]}, "- ulaw", "- g"),
        ({"codecs": ["a", "alaw", "ulaw"]}, "  - alaw", "  - a\n  - alaw"),
        ({"codecs": ["alaw", "ulaw", "a"]}, "- ulaw\n", "- ulaw\n  - a\n"),
        ({"codecs": UNSET}, PBX[PBX.index("codecs") : PBX.index("  # - g729")], ""),
        ({"tags": ["paris", "lyon"]}, "'x',  ", ""),
        ({"tags": ["x", "lyon"]}, "paris, ", ""),
        ({"tags": ["paris", "x"]}, ",  lyon", ""),
        ({"tags": ["paris", "x", "lyon", "b"]}, "lyon]", "lyon, b]"),
        ({"tags": ["paris", "b", "x", "lyon"]}, "paris, ", "paris, b, "),
        ({"tags": []}, "[paris, 'x',  lyon]", "[]"),
        ({"password": {"env": "B"}}, "{env: PBX}", "{env: B}"),
        ({"password": {"file": "b"}}, "{env: PBX}", "{file: b}"),
        ({"password": "b"}, "{env: PBX}", "b"),
        ({"description": "b"}, ">-   # long\n  Main\n  trunk", "b   # long"),
        ({"description": UNSET}, "description: >-   # long\n  Main\n  trunk\n", ""),
        ({"x-note": {"contact": ["ada"]}}, "ada, bob", "ada"),
        ({"x-note": "b"}, "x-note:\n  contact: [ada, bob]\n", "x-note: b\n"),
    ],
)
@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
@pytest.mark.parametrize("bom", ["", "\ufeff"])
def test_an_edit_changes_what_it_must_and_no_more(
    changes: dict[str, Value | Unset], old: str, new: str, line_end: str, bom: str
) -> None:
    assert PBX.count(old) == 1
    before, after = (bom + t.replace("\n", line_end) for t in (PBX, PBX.replace(old, new)))
    assert set_values(before, changes, ORDER) == after


@pytest.mark.parametrize(
    ("before", "changes", "after"),
    [
        ("{reference: a, host: b}", {"host": UNSET}, "{reference: a}"),
        ("{reference: a, host: b}\n", {"reference": UNSET}, "{host: b}\n"),
        ("{reference: a, host: b, }", {"port": 1}, "{reference: a, host: b, port: 1, }"),
        ("{reference: a, x-a: b}", {"port": 1}, "{reference: a, port: 1, x-a: b}"),
        ("{x-a: b, host: c}", {"reference": "a"}, "{x-a: b, reference: a, host: c}"),
        ("{a, host: c}", {"host": "d"}, "{a, host: d}"),
        (
            "{\n  reference: a,  # ref\n  # the host, a name\n  host: b  # h\n}",
            {"port": 1, "reference": UNSET},
            "{\n  # the host, a name\n  host: b,  # h\n  port: 1\n}",
        ),
        (
            "{\n  reference: a,\n  host: b,\n}",
            {"port": 1, "host": UNSET},
            "{\n  reference: a,\n  port: 1,\n}",
        ),
        ("{ host: b, # c, d\n  port: 1 }", {"host": UNSET}, "{ \n  port: 1 }"),
        ("{ host: b\n, port: 1\n, realm: r }", {"host": UNSET}, "{ \n port: 1\n, realm: r }"),
        (
            "{\n  # the host\n  host: b\n}",
            {"reference": "a"},
            "{\n  reference: a,\n  # the host\n  host: b\n}",
        ),
        ("{\n  host: b\n}", {"reference": "a"}, "{\n  reference: a,\n  host: b\n}"),
    ],
)
def test_a_document_in_flow_style_is_edited_in_its_own_style(
    before: str, changes: dict[str, Value | Unset], after: str
) -> None:
    assert set_values(before, changes, ORDER) == after


@pytest.mark.parametrize(
    ("before", "changes", "after"),
    [
        ("host:\nport: 1\n", {"host": "a"}, "host: a\nport: 1\n"),
        ("host:  # none\n", {"host": "a"}, "host: a  # none\n"),
        ("host: a\n\n\nport: 1\n", {"port": UNSET}, "host: a\n\n\n"),
        ("host: a\nport: 1", {"port": UNSET}, "host: a"),
        ("host: a", {"port": 1, "realm": "r"}, "host: a\nport: 1\nrealm: r"),
        ("port: 1", {"host": "h"}, "host: h\nport: 1"),
        ("# of the port\nport: 1\n", {"host": "h"}, "host: h\n# of the port\nport: 1\n"),
        ("x-a: |\n  # t\nport: 1\n", {"host": "h"}, "x-a: |\n  # t\nhost: h\nport: 1\n"),
        ("x-a: 1\n...\n", {"host": "h"}, "x-a: 1\nhost: h\n...\n"),
        ("? host\n: a\n? port\n: 1\n", {"host": "b"}, "? host\n: b\n? port\n: 1\n"),
        ("? host\n: a\n? port\n: 1\n", {"host": UNSET}, "? port\n: 1\n"),
        ("host: 'a\n  b'  # c\n", {"host": "c"}, "host: 'c'  # c\n"),
        ("host: a\n  b\n", {"host": "c"}, "host: c\n"),
        ("x-a: |+\n  a\n\nhost: b\n", {"x-a": "c"}, "x-a: c\n\nhost: b\n"),
        ("tags:\n- a\n- b\n", {"tags": ["b"]}, "tags:\n- b\n"),
        ("tags:\n- 'a'\n", {"tags": ["a", "b"]}, "tags:\n- 'a'\n- 'b'\n"),
        ("tags:\n-   a\n", {"tags": ["a", "b"]}, "tags:\n-   a\n-   b\n"),
        ("tags:\n- a\n", {"tags": []}, "tags: []\n"),
        ("tags: []\n", {"tags": ["a", "b"]}, "tags: [a, b]\n"),
        ("tags: [\n  a, # x\n  b, # y\n]\n", {"tags": ["b"]}, "tags: [\n  b, # y\n]\n"),
        ("tags: [\n  a # x\n]\n", {"tags": ["b"]}, "tags: [\n  b # x\n]\n"),
        ("tags: [\n  a # x\n]\n", {"tags": ["a", "b"]}, "tags: [\n  a, # x\n  b\n]\n"),
        ("password:\n  env: A  # c\n", {"password": {"env": "B"}}, "password:\n  env: B  # c\n"),
        ("password:  # c\n  env: A\n", {"password": "b"}, "password: b  # c\n"),
        ('port: "5060"\n', {"port": 5060}, "port: 5060\n"),
        ("username: 0123\n", {"username": "0123"}, 'username: "0123"\n'),
        ("register: true\n", {"register": True}, "register: true\n"),
        ("register: 'true'\n", {"register": "true"}, "register: 'true'\n"),
    ],
)
def test_layouts_of_every_kind_are_edited_in_place(
    before: str, changes: dict[str, Value | Unset], after: str
) -> None:
    assert set_values(before, changes, ORDER) == after


def test_what_cannot_be_spliced_goes_through_a_round_trip_in_the_files_own_style() -> None:
    long = "long " * 60
    before = f"\ufeffx-a: |\r\n  # text\r\nx-c: {long}end\r\n"
    before += "x-b:\r\n    - 0123\r\n    - 'x'\r\nhost: |\r\n  a"
    after = before.replace("|\r\n  a", "|-\r\n  a") + "\r\nport: 1"
    assert set_values(before, {"port": 1}, ORDER) == after
    assert set_values("host: a\n", {"host": UNSET}, ORDER) == "{}\n"


@pytest.mark.parametrize("text", ["", "host: a\nhost: b\n", "- a\n", "a: &x b\n"])
def test_a_file_that_says_nothing_sure_is_never_edited(text: str) -> None:
    with pytest.raises(Bug):
        set_values(text, {"host": "b"}, ORDER)


@given(strings)
def test_any_string_can_be_set_in_any_quotes(text: str) -> None:
    for written in ("a", "'a'", '"a"', "[b, a]", "{b: a}", "|\n  a"):
        assert says(set_values(f"host: {written}\n", {"host": text}, ()))["host"] == (text, False)


def test_an_edit_of_one_value_does_not_import_ruamels_round_trip() -> None:
    code = (
        "import sys; from sipctl.yamlfile.edit import set_paths;"
        "set_paths('a: b', {('a',): 'c'});"
        "sys.exit('sipctl.yamlfile.roundtrip' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
