"""The reader says where everything stands, and takes no harm from any bytes."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sipctl.storage.disk import MAX_BYTES
from sipctl.yamlfile.meaning import of_node
from sipctl.yamlfile.nodes import Mapping, Node, Scalar, Sequence, plain_data
from sipctl.yamlfile.read import Document, place_at, read
from tests.documents import Source, sources

HEAVY = settings(max_examples=60)


def every(node: Node) -> Iterator[Node]:
    yield node
    if isinstance(node, Sequence):
        for item in node.items:
            yield from every(item)
    elif isinstance(node, Mapping):
        for key, value in node.entries:
            yield key
            yield from every(value)


def root_of(text: str) -> Node:
    document = read(text.encode(), "a.yaml")
    assert document.root is not None, document.findings
    return document.root


def rules(data: bytes) -> list[str]:
    return [finding.rule for finding in read(data, "a.yaml").findings]


def well_formed(document: Document) -> bool:
    """A document or findings, never both and never neither; each finding within the file."""
    lines = document.text.count("\n") + document.text.count("\r") + 1
    for finding in document.findings:
        place = finding.place
        assert place.file == "a.yaml"
        assert 1 <= place.line <= lines or not document.text
        assert place.column >= 1
    return (document.root is None) == bool(document.findings)


@HEAVY
@given(sources())
def test_a_file_says_what_was_written_in_it(source: Source) -> None:
    assert of_node(root_of(source.text)) == ("{}", frozenset(source.meanings.items()))


@HEAVY
@given(sources())
def test_every_node_knows_its_text(source: Source) -> None:
    for node in every(root_of(source.text)):
        text = source.text[node.start : node.end]
        if isinstance(node, Scalar) and node.style in ("'", '"'):
            assert text[0] == text[-1] == node.style
            assert len(text) > 1
        elif isinstance(node, Scalar) and node.style:
            assert text[0] == node.style
        elif isinstance(node, Scalar):
            assert text.split() == node.value.split()
            assert "#" not in text or "#" in node.value
        elif node.flow:
            assert text[0] + text[-1] == ("{}" if isinstance(node, Mapping) else "[]")
        else:
            last = node.items[-1] if isinstance(node, Sequence) else node.entries[-1][1]
            assert node.end == last.end
            assert text.startswith("-") if isinstance(node, Sequence) else text[0] not in " \n#-"


@HEAVY
@given(sources())
def test_lines_and_columns_say_the_same_as_offsets(source: Source) -> None:
    for node in every(root_of(source.text)):
        place = place_at(source.text, node.start, "a.yaml")
        assert (node.line, node.column) == (place.line, place.column)


@given(st.one_of(st.binary(), st.text().map(str.encode)))
def test_no_bytes_break_the_reader(data: bytes) -> None:
    assert well_formed(read(data, "a.yaml"))


CHARACTERS = "-?:,[]{}#&*!|>'\"%@`~ab1 \t\n\r.=<\ufeffé😀"
TOKENS = ("- ", ": ", "\n  ", "---\n", "...\n", "&a ", "*a", "!!str ", "%YAML 1.1\n", "a: ", "|+\n")
YAMLISH = st.lists(st.sampled_from([*CHARACTERS, *TOKENS]), max_size=40).map("".join)


@given(YAMLISH)
def test_no_text_of_yaml_characters_breaks_the_reader(text: str) -> None:
    document = read(text.encode(), "a.yaml")
    assert well_formed(document)
    if document.root is not None:
        plain_data(document.root)
        for node in every(document.root):
            assert 0 <= node.start <= node.end <= len(text)


@HEAVY
@given(sources(), st.data())
def test_a_file_cut_or_joined_anywhere_does_not_break_the_reader(
    source: Source, data: st.DataObject
) -> None:
    at = data.draw(st.integers(0, len(source.text)))
    junk = data.draw(YAMLISH)
    for text in (source.text[:at], source.text[at:], source.text[:at] + junk + source.text[at:]):
        assert well_formed(read(text.encode(), "a.yaml"))


@pytest.mark.parametrize(
    ("data", "rule", "line", "column"),
    [
        (b"", "empty-file", 1, 1),
        (b"# only a comment\n", "empty-file", 1, 1),
        (b"\xef\xbb\xbf", "empty-file", 1, 1),
        (b"a: b\nc: \xff\n", "invalid-utf8", 2, 4),
        ("é: ".encode() + b"\xe9", "invalid-utf8", 1, 4),
        ("a: b".encode("utf-16"), "invalid-utf8", 1, 1),
        (b"a: b\nc: d\x00\n", "control-character", 2, 5),
        ("a: b\u2028c: d".encode(), "control-character", 1, 5),
        ("\ufeffa\x07: b".encode(), "control-character", 1, 2),
        (b"a: b\n<<<<<<< HEAD\nc: d\n=======\nc: e\n>>>>>>> x\n", "conflict-markers", 2, 1),
        (b"a: b\r\n>>>>>>> x\r\n", "conflict-markers", 2, 1),
        (b"a: b\n=======\nc: d\n", "conflict-markers", 2, 1),
        (b"a: b\nc: d\n=======\n", "conflict-markers", 3, 1),
        (b"a: b\n||||||| base\nc: d\n", "conflict-markers", 2, 1),
        (b"a: b\nc: d\na: e\n", "duplicate-key", 3, 1),
        (b"{a: b, 'a': c}", "duplicate-key", 1, 8),
        (b"x:\n  - b: c\n    b: d\n", "duplicate-key", 3, 5),
        (b"a: &b c\n", "anchor-or-alias", 1, 4),
        (b"a: *b\n", "anchor-or-alias", 1, 4),
        (b"a: &b [c]\n", "anchor-or-alias", 1, 4),
        (b"a: !b c\n", "custom-tag", 1, 4),
        (b"a: !!str 1\n", "custom-tag", 1, 4),
        (b"a: !b {c: d}\n", "custom-tag", 1, 4),
        (b"%TAG !a! tag:a\n" * 9 + b"---\na: b\n", "custom-tag", 9, 1),
        (b"a: b\n---\nc: d\n", "several-documents", 2, 1),
        (b"a: b\n---\n", "several-documents", 2, 1),
        (b"a: b: c\n", "invalid-yaml", 1, 5),
        (b"a: [b\n", "invalid-yaml", 1, 4),
        (b"a: {b, c:d}\n", "invalid-yaml", 1, 8),
        (b"a: {password:secret}\n", "invalid-yaml", 1, 5),
        (b"a: [{b:c: d}]\n", "invalid-yaml", 1, 6),
        (b"a:\n\t- b\n", "invalid-yaml", 2, 1),
        (b"? [a]\n: b\n", "wrong-type", 1, 3),
        (b"{a: b}: c\n", "wrong-type", 1, 1),
        (b"#" * (MAX_BYTES + 1), "file-too-large", 1, 1),
    ],
)
def test_each_fault_of_syntax_is_found_at_its_place(
    data: bytes, rule: str, line: int, column: int
) -> None:
    document = read(data, "a.yaml")
    found = [(f.rule, f.place.line, f.place.column) for f in document.findings]
    assert found == [(rule, line, column)]
    assert document.root is None


BLANK, QUOTE, NO_KEY = "put a blank behind the colon", "in quotes", "`key: value`"
CLOSED = "what opens here is never closed"


@pytest.mark.parametrize(
    ("text", "line", "column", "cure"),
    [
        ("a: b\nhost:a.example\nport: 1\n", 2, 5, BLANK),
        ("a: b\nhost:a.example\n", 2, 5, BLANK),
        ("a:\n- host:a.example\n  port: 1\n", 2, 7, BLANK),
        ("host:a.example\nport: 1\n", 1, 5, BLANK),
        ("\ufeffhost:a.example\r\nport: 1\r\n", 1, 5, BLANK),
        ("a: b\nhost\n", 2, 1, NO_KEY),
        ("a: b\n}\n", 2, 1, NO_KEY),
        ("tags: [", 1, 7, CLOSED),
        ("tags: [\n\n", 1, 7, CLOSED),
        ("tags: [a,\n", 1, 7, CLOSED),
        ("x: {a: [b, {\n", 1, 12, CLOSED),
        ('a: b\nrealm: "x\n', 2, 8, CLOSED),
        ("tags: [a, b\nport: 5060\n", 2, 5, "close what opens in line 1 with ]"),
        ("x: {a: b\nport: 5060\n", 2, 5, "close what opens in line 1 with }"),
        ("a: b\n\thost: c\n", 2, 1, "a tab cannot indent"),
        ("a:\n\t- b\n", 2, 1, "a tab cannot indent"),
        ("a: b #\t\nrealm: @x\n", 2, 8, QUOTE),
        ("description: foo: bar\n", 1, 17, QUOTE),
        ("realm: |x\n", 1, 9, QUOTE),
        ("realm: ,x\n", 1, 8, QUOTE),
        ("realm: - x\n", 1, 8, QUOTE),
        ('realm: "a" b\n', 1, 12, QUOTE),
        ("a: [b: c: d]\n", 1, 9, QUOTE),
        ('a: "\\q"\n', 1, 5, "single quotes"),
        ("a: b\n port: 5060\n", 2, 6, "align the line"),
        ("a:\n  b: c\n d: e\n", 3, 2, "align the line"),
        (" a: b\nc: d\n", 2, 1, "align the line"),
    ],
)
def test_a_text_that_is_no_yaml_comes_with_its_cure(
    text: str, line: int, column: int, cure: str
) -> None:
    [found] = read(text.encode(), "a.yaml").findings
    assert (found.rule, found.place.line, found.place.column) == ("invalid-yaml", line, column)
    assert cure in found.hint


@given(YAMLISH)
def test_no_fault_stands_behind_the_last_line(text: str) -> None:
    last = len(text.rstrip().splitlines()) or 1
    for found in read(text.encode(), "a.yaml").findings:
        assert found.rule != "invalid-yaml" or found.place.line <= last


@pytest.mark.parametrize("text", ["realm: *x\n", "realm: &x y\n", "realm: !x\n"])
def test_a_string_that_begins_like_an_alias_can_be_quoted(text: str) -> None:
    [found] = read(text.encode(), "a.yaml").findings
    assert "quote" in found.hint


@pytest.mark.parametrize(
    "data",
    [
        b"#" * (MAX_BYTES - 5) + b"\na: b",
        b"a: b\n...\n",
        b"---\na: b\n",
        b"a: |\n  =======\n",
        b"a: |\n  =======\n  ||||||| base\n",
        b"a: |\n  <<<<<<< HEAD\n",
        b"=======\n",
        b"a: '&b *c !d'\n",
        b"a: {b: http://crm.example.net:8080/x, at: 12:30, c: [08:30, d:e]}\n",
        b"{a: {b: c}, b: c}",
        b"a: b\rc: d\r",
        b"%TAG !a! tag:a\n---\na: b\n",
    ],
)
def test_what_only_looks_like_a_fault_is_read(data: bytes) -> None:
    assert rules(data) == []


def test_all_findings_of_a_file_come_at_once() -> None:
    data = b"a: &x 1\nb: *x\na: !t 2\nc: {d: 1, d: 2}\n"
    assert rules(data) == [
        "anchor-or-alias",
        "anchor-or-alias",
        "duplicate-key",
        "custom-tag",
        "duplicate-key",
    ]


@pytest.mark.parametrize("opened", ["[", "- ", "{a: ", "? ", "[{a: ", "- - ? "])
def test_nesting_stops_at_its_limit(opened: str) -> None:
    levels = opened.count("[") + opened.count("{") + opened.count("-") + opened.count("?")
    document = read((opened * (MAX_BYTES // len(opened))).encode(), "a.yaml")
    [finding] = document.findings
    if "?" in opened or "{" in opened:
        assert finding.rule in ("nested-too-deep", "wrong-type")
    else:
        assert finding.rule == "nested-too-deep"
        assert finding.place.column == 64 * len(opened) // levels + 1


@pytest.mark.parametrize("depth", [64, 65])
def test_the_deepest_that_is_read_is_the_limit(depth: int) -> None:
    assert rules(b"[" * depth + b"]" * depth) == ([] if depth == 64 else ["nested-too-deep"])


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("depth", [65, 999, 1000, 1001, 50_000])
def test_the_bracket_that_is_too_deep_is_the_first_one_that_is(mark: bytes, depth: int) -> None:
    for before, column in ((b"", 65), (b"x-a: ", 69), (b"b: 1\nx-a: ", 69), (b"x-a: {b: ", 72)):
        [finding] = read(mark + before + b"[" * depth, "a").findings
        assert finding.rule == "nested-too-deep"
        assert finding.place.column == column


@pytest.mark.parametrize("style", ["", "'", '"', "|", ">"])
def test_every_scalar_tells_its_style(style: str) -> None:
    written = {"|": "|\n  b", ">": ">\n  b"}.get(style, f"{style}b{style}")
    root = root_of(f"a: {written}\n")
    assert isinstance(root, Mapping)
    node = root.get("a")
    assert isinstance(node, Scalar)
    assert (node.style, node.plain) == (style, style == "")


def test_scalars_stay_text() -> None:
    root = root_of("a: 0123\nb: [yes, 1e5, ~, ]\n1: {2026-12-25: +33}\n")
    assert plain_data(root) == {
        "a": "0123",
        "b": ["yes", "1e5", "~"],
        "1": {"2026-12-25": "+33"},
    }


def test_a_mapping_is_asked_by_key() -> None:
    root = root_of("a: b\nc: d\n")
    assert isinstance(root, Mapping)
    key, value = root.key("c"), root.get("c")
    assert key is not None and value is not None
    assert (key.line, key.column, value.line, value.column) == (2, 1, 2, 4)
    assert root.key("x") is root.get("x") is None
    assert list(root.keys()) == ["a", "c"]
    assert value.place("f").end_column == 5
