"""`fmt` sorts the fixed keys and mends values; nothing else moves or changes."""

from __future__ import annotations

import pytest
from hypothesis import given, settings

from sipctl.errors import Bug
from sipctl.yamlfile.format import format_text
from sipctl.yamlfile.meaning import of_node
from sipctl.yamlfile.nodes import Mapping, Mend, Scalar, plain_data
from sipctl.yamlfile.read import read
from sipctl.yamlfile.scalars import double_quoted
from tests.documents import ORDER, Source, sources

HEAVY = settings(max_examples=60)


def canonical(keys: list[str]) -> list[str]:
    return [key for key in ORDER if key in keys] + [key for key in keys if key not in ORDER]


def nonblank_lines(text: str) -> list[str]:
    """The lines that say something, sorted; comments without their indent."""
    lines = [line.rstrip("\r\n") for line in text.removeprefix("\ufeff").split("\n")]
    bare = [line.lstrip() if line.lstrip().startswith("#") else line for line in lines]
    return sorted(line for line in bare if line)


@HEAVY
@given(sources())
def test_sorting_changes_the_order_of_keys_and_no_line(source: Source) -> None:
    result = format_text(source.text, ORDER, [])
    before, after = read(source.text.encode(), "").root, read(result.encode(), "").root
    assert isinstance(before, Mapping) and isinstance(after, Mapping)
    assert of_node(after) == of_node(before)
    assert list(after.keys()) == canonical(list(before.keys()))
    assert nonblank_lines(result) == nonblank_lines(source.text)


@HEAVY
@given(sources())
def test_a_second_run_changes_nothing(source: Source) -> None:
    once = format_text(source.text, ORDER, [])
    assert format_text(once, ORDER, []) == once


@HEAVY
@given(sources())
def test_what_is_in_order_stays_byte_for_byte(source: Source) -> None:
    keys = [entry.key for entry in source.entries]
    assert format_text(source.text, keys, []) == source.text
    assert format_text(source.text, [], []) == source.text


@HEAVY
@given(sources())
def test_line_ends_the_byte_order_mark_and_the_last_line_stay_as_they_are(source: Source) -> None:
    result = format_text(source.text, ORDER, [])
    assert result.startswith("\ufeff") == source.text.startswith("\ufeff")
    assert result.count("\r") == (result.count("\n") if "\r" in source.text else 0)
    value_would_change = format_text(source.text + source.line_end, ORDER, []) == result
    assert result.endswith("\n") == source.text.endswith("\n") or value_would_change


@HEAVY
@given(sources())
def test_the_lines_of_a_key_stay_together_with_the_comments_above(source: Source) -> None:
    result = format_text(source.text, ORDER, []) + source.line_end
    for entry in source.entries:
        assert "".join(entry.lines) in result
        if entry.above and entry.above[-1].startswith("#"):
            assert entry.above[-1] + "".join(entry.lines) in result


def plain_scalars(text: str) -> dict[str, Scalar]:
    root = read(text.encode(), "").root
    assert isinstance(root, Mapping)
    scalars = {key.value: node for key, node in root.entries if isinstance(node, Scalar)}
    return {key: node for key, node in scalars.items() if node.plain and node.start < node.end}


@HEAVY
@given(sources())
def test_values_are_mended_first_and_then_the_keys_sorted(source: Source) -> None:
    plain = plain_scalars(source.text)
    mends = [Mend(node.start, node.end, double_quoted(node.value)) for node in plain.values()]
    mended = format_text(source.text, [], mends)
    assert format_text(source.text, ORDER, mends) == format_text(mended, ORDER, [])
    assert not plain_scalars(mended)
    before, after = read(source.text.encode(), "").root, read(mended.encode(), "").root
    assert before is not None and after is not None
    assert plain_data(after) == plain_data(before)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        # a key takes its comments along: above, at the ends of its lines, and below, if deeper
        (
            "port: 1\n# the host\nhost: a  # b\n",
            "# the host\nhost: a  # b\nport: 1\n",
        ),
        (
            "tags:\n  - a\n  # - b\nhost: a\n",
            "host: a\ntags:\n  - a\n  # - b\n",
        ),
        # a head stays on top
        ("# head\n\nport: 1\nhost: a\n", "# head\n\nhost: a\nport: 1\n"),
        ("# head\n---\nport: 1\nhost: a\n", "# head\n---\nhost: a\nport: 1\n"),
        ("# head\n\n# the port\nport: 1\nhost: a\n", "# head\n\nhost: a\n# the port\nport: 1\n"),
        # a foot stays at the end
        ("port: 1\nhost: a\n# foot\n", "host: a\nport: 1\n# foot\n"),
        ("port: 1\nhost: a\n\n# foot\n...\n", "host: a\nport: 1\n\n# foot\n...\n"),
        # blank lines part groups as before, and never begin the file
        (
            "host: a\nreference: b\n\nusername: c\nport: 1\n",
            "reference: b\nhost: a\nport: 1\n\nusername: c\n",
        ),
        ("tags: []\n\nhost: a\nport: 1\n", "host: a\nport: 1\n\ntags: []\n"),
        (
            "tags: []\n\n# who it is\n\nreference: a\n",
            "# who it is\n\nreference: a\n\ntags: []\n",
        ),
        # x- keys go last and keep their order; nothing within a value moves; quotes stay
        (
            "x-b: {port: 1, host: 2}\nx-a: 1\nport: '1'\nhost: \"a\"\n",
            "host: \"a\"\nport: '1'\nx-b: {port: 1, host: 2}\nx-a: 1\n",
        ),
        # texts stay their own, whatever comes to stand below
        ("x-a: |\n  t\nhost: a\n", "host: a\nx-a: |\n  t\n"),
        ("x-a: 1\n   # b\nhost: |\n  t\n", "host: |\n  t\nx-a: 1\n   # b\n"),
        ("x-a: 1\n\n   # b\nport: 1\nhost: |\n t\n", "host: |\n t\n\n# b\nport: 1\nx-a: 1\n"),
        ("x-a: 1\n\nport: 1\nhost: |+\n t\n", "host: |+\n t\nport: 1\nx-a: 1\n"),
        (
            "x-a: 1\nport: |\n    t\n\n  # b\nrealm: c\n",
            "port: |\n    t\n\n  # b\nrealm: c\nx-a: 1\n",
        ),
        # a last line without an end stays one, unless that would change a text
        ("port: 1\nhost: a", "host: a\nport: 1"),
        ("x-a: |\n  t\nhost: a", "host: a\nx-a: |\n  t\n"),
        ("port: |\n  t\nhost: |\n  a", "port: |\n  t\nhost: |\n  a"),
        # other layouts
        ("port: 1\r\nhost: a\r\n", "host: a\r\nport: 1\r\n"),
        ("\ufeffport: 1\nhost: a\n", "\ufeffhost: a\nport: 1\n"),
        ("  port: 1\n  host: a\n", "  host: a\n  port: 1\n"),
        ("? port\n: 1\n? host\n: a\n", "? host\n: a\n? port\n: 1\n"),
        ("{port: 1, host: a}\n", "{port: 1, host: a}\n"),
        ("[port, host]\n", "[port, host]\n"),
        # syntax that is not sure is left alone
        ("port: 1\nhost: a\nhost: b\n", "port: 1\nhost: a\nhost: b\n"),
        ("", ""),
    ],
)
def test_keys_come_in_order_and_the_layout_stays(before: str, after: str) -> None:
    assert format_text(before, ORDER, []) == after
    assert format_text(after, ORDER, []) == after


def test_mends_stand_at_their_places_in_every_layout() -> None:
    text = "\ufeff{port: '5060',\r\n username: 0123}"
    mends = [Mend(8, 14, "5060"), Mend(text.index("0123"), text.index("}"), '"0123"')]
    wanted = '\ufeff{port: 5060,\r\n username: "0123"}'
    assert format_text(text, ORDER, mends) == wanted
    assert format_text(text, ORDER, list(reversed(mends))) == wanted


def test_a_mend_that_breaks_the_file_is_a_bug() -> None:
    with pytest.raises(Bug):
        format_text("host: a\n", ORDER, [Mend(6, 7, "[")])
