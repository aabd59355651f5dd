"""What readers take plain scalars for, and that what sipctl writes is taken for text by all."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from ruamel.yaml import YAML
from ruamel.yaml.nodes import ScalarNode
from ruamel.yaml.resolver import VersionedResolver

from sipctl.yamlfile.meaning import of_node, of_value
from sipctl.yamlfile.nodes import Mapping
from sipctl.yamlfile.read import read
from sipctl.yamlfile.scalars import DECIMAL, double_quoted, is_plain_safe, quote, taken_for
from sipctl.yamlfile.write import Value, document
from tests.documents import strings, values

PIECES = (
    *"0123456789+-._:eExobaftTZ,= ~<",
    *("0x", "0o", "0b", "0X", "inf", ".inf", ".nan", "NaN", "true", "no", "Yes", "on", "null"),
    *("2026", "-12", "-25", ":30", "08", "60", "e+5", "E-3"),
)
number_like = st.lists(st.sampled_from(PIECES), max_size=7).map("".join)


def resolved(text: str, version: str) -> str:
    resolver: Any = VersionedResolver(version=version)
    return str(resolver.resolve(ScalarNode, text, (True, False)))


@given(st.one_of(number_like, strings, st.from_regex(r"[-+]?[0-9_.:eE]{1,8}", fullmatch=True)))
def test_what_a_resolver_of_either_yaml_types_is_taken_for_something(text: str) -> None:
    assume(text not in ("!", "&", "*"))  # typed by YAML 1.1, but never a plain scalar
    for version in ("1.1", "1.2"):
        if not resolved(text, version).endswith(":str"):
            assert taken_for(text) is not None


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        *((text, "null") for text in ("", "~", "null", "Null", "NULL")),
        *((text, "a boolean") for text in ("y", "N", "yes", "No", "TRUE", "false", "on", "OFF")),
        *((text, "a number") for text in ("0", "0123", "+33155000001", "-1", "1_000", "1,000")),
        *((text, "a number") for text in ("1.5", ".5", "5.", "1e5", "1.e+5", "6.8523015e+5")),
        *((text, "a number") for text in ("0x1F", "0X1F", "0o17", "0b1010", "-.inf", ".NaN")),
        *((text, "a number") for text in ("1e_5", "0_x1F", "-_")),
        *((text, "a date") for text in ("2026-12-25", "2026-1-2", "2001-12-14t21:59:43.10-05:00")),
        *((text, "a date") for text in ("2001-12-14 21:59:43.10 -5", "2001-12-14T21:59:43Z")),
        *((text, "a time") for text in ("08:30", "190:20:30.15", "1:2:3:4:5:6:7:8", "-1:30")),
        *((text, "a special key") for text in ("=", "<<")),
    ],
)
def test_every_kind_of_typed_scalar_is_known(text: str, kind: str) -> None:
    assert taken_for(text) == kind
    assert quote(text) == f'"{text}"'


@pytest.mark.parametrize(
    "text",
    [
        *("pbx", "yess", "nO", "noon", "nulls", "v1", "1a", "0x", "0xG", "0b2", "e5", "1e", "1e5x"),
        *("10.0.0.1", "2001:db8::1", "::1", "08:61", "08:30:", "2026-12", "2026-12-25x", "-", "."),
        *("+", "+33 1", "..", "a.b", "-inf", "nan", "inf", "<", "==", "1-2", "0.0.0.0", "１２"),
    ],
)
def test_what_only_looks_typed_is_text(text: str) -> None:
    assert taken_for(text) is None


def parsed(text: str, version: str) -> Any:
    yaml = YAML(typ="safe", pure=True)
    yaml.version = version
    return yaml.load(text)


@given(st.one_of(strings, number_like), st.sampled_from(("", "'", '"', "|")))
def test_a_quoted_string_is_that_string_for_every_reader(text: str, style: str) -> None:
    written = quote(text, style)
    for source, wanted in (
        (f"a: {written}\n", {"a": text}),
        (f"- {written}\n", [text]),
        (f"{{{written}: [{written}, {written}]}}\n", {text: [text, text]}),
        (f"{written}: 1\n", {text: 1}),
    ):
        assert parsed(source, "1.1") == parsed(source, "1.2") == wanted
        root = read(source.encode(), "").root
        assert root is not None and of_node(root) == of_value(wanted)


@given(strings)
def test_quotes_are_kept_where_they_can_hold_the_text(text: str) -> None:
    assert quote(text, '"')[0] == '"'
    assert (quote(text, "'")[0] == "'") == text.isprintable() or is_plain_safe(text)
    assert "\n" not in quote(text) and "\r" not in quote(text)
    assert quote(text) == text or quote(text) == double_quoted(text)


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("sip.paris.example.net", "sip.paris.example.net"),
        ("Main trunk of the Paris office.", "Main trunk of the Paris office."),
        ("it's", "it's"),
        ("a: b", '"a: b"'),
        ("a #b", '"a #b"'),
        ("- a", '"- a"'),
        (" a", '" a"'),
        ("a ", '"a "'),
        ("a\tb\n", '"a\\tb\\n"'),
        ('"\\', '"\\"\\\\"'),
        ("é", '"é"'),
        ("a\x85\u2028\x07", '"a\\x85\\u2028\\x07"'),
        ("2001:db8::1", '"2001:db8::1"'),
    ],
)
def test_strings_are_plain_only_where_no_reader_can_be_mistaken(text: str, written: str) -> None:
    assert quote(text) == written


@pytest.mark.parametrize("text", ["0", "1", "5060", "65536"])
def test_a_decimal_number_has_no_sign_and_no_leading_zero(text: str) -> None:
    assert DECIMAL.match(text)


@pytest.mark.parametrize("text", ["", "00", "05060", "+1", "-1", "1.0", "1_0", "1\n", "１"])
def test_other_ways_to_write_a_number_are_not_decimal(text: str) -> None:
    assert not DECIMAL.match(text)


def test_a_new_document_has_an_entry_a_key_in_the_order_given() -> None:
    written = document(
        {
            "reference": "pbx-paris",
            "port": 5060,
            "username": "+33155000001",
            "password": {"env": "PBX"},
            "codecs": ["alaw", "ulaw"],
            "register": True,
            "x-a": {"b": [{"c": None}, []], "d e": {}},
            "description": "long " * 60 + "end",
        }
    )
    assert written == (
        "reference: pbx-paris\n"
        "port: 5060\n"
        'username: "+33155000001"\n'
        "password: {env: PBX}\n"
        "codecs: [alaw, ulaw]\n"
        "register: true\n"
        "x-a:\n  b: [{c: null}, []]\n  d e: {}\n"
        f"description: {'long ' * 60}end\n"
    )
    assert document({}) == "{}\n"


@given(st.dictionaries(strings, values, max_size=5))
def test_a_new_document_says_the_same_to_every_reader(data: dict[str, Value]) -> None:
    written = document(data)
    assert parsed(written, "1.1") == parsed(written, "1.2") == data
    root = read(written.encode(), "").root
    assert isinstance(root, Mapping)
    assert of_node(root) == of_value(data)
    assert list(root.keys()) == list(data)
