"""Hosts: names by RFC 1123 and IDNA 2008, and addresses, from their grammars and by mutation."""

import ipaddress
import re
import socket
import string
import unicodedata
from pathlib import Path

import idna
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from sipctl import hosts
from tests.conftest import Program

LETTERS_AND_DIGITS = string.ascii_letters + string.digits


@st.composite
def labels(draw: st.DrawFn, longest: int = 63) -> str:
    """RFC 1123, section 2.1: letters, digits and hyphens, a hyphen neither first nor last."""
    ends = st.sampled_from(LETTERS_AND_DIGITS)
    inner = draw(st.text(LETTERS_AND_DIGITS + "-", max_size=longest - 2))
    label = draw(ends) + inner + draw(ends) if inner or draw(st.booleans()) else draw(ends)
    assume(not label.lower().startswith("xn--"))
    return label


def is_number(label: str) -> bool:
    return re.fullmatch("[0-9]+|0[xX][0-9a-fA-F]*", label) is not None


names = st.lists(labels(longest=20), min_size=1, max_size=12).map(".".join)
host_names = names.filter(lambda name: not is_number(name.rpartition(".")[2]))
# what can be in a U-label, from scripts of both directions; few combinations fail IDNA's rules
# letters of one script each, so that most of what is drawn is a name; mixtures are drawn as well
SCRIPTS = ("abcéüßñø", "λσπ", "жшщабв", "日本語中國", "한글", "אבת", "دهاب٣", "éאж日٣1-")
u_labels = st.sampled_from(SCRIPTS).flatmap(
    lambda letters: st.text(letters, min_size=1, max_size=8)
)
international = st.lists(u_labels, min_size=1, max_size=3).map(".".join)


def converted(name: str) -> str | None:
    """The name as A-labels; None where it is no international host name."""
    try:
        return hosts.to_ascii(name)
    except ValueError:
        return None


# -- names ---------------------------------------------------------------------------------------


@given(host_names)
def test_a_name_by_the_grammar_is_a_host(name: str) -> None:
    assert hosts.fault(name) is None


@given(host_names)
def test_a_name_is_judged_the_same_in_any_case(name: str) -> None:
    assert hosts.fault(name.upper()) is None
    assert hosts.compared(name.upper()) == hosts.compared(name) == name.lower()


FORBIDDEN = [char for char in map(chr, range(128)) if char not in LETTERS_AND_DIGITS + "-."]


@given(host_names, st.sampled_from(FORBIDDEN), st.data())
def test_no_other_character_may_stand_anywhere(name: str, char: str, data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(name)))
    mutated = name[:place] + char + name[place:]
    assume(not _is_ipv6(mutated))
    fault = hosts.fault(mutated)
    assert fault is not None
    assert fault.reason.isprintable()
    assert fault.cure.isprintable()


@given(host_names, st.data())
def test_no_label_may_be_empty_or_begin_or_end_with_a_hyphen(
    name: str, data: st.DataObject
) -> None:
    parts = name.split(".")
    place = data.draw(st.integers(0, len(parts) - 1))
    label = parts[place]
    for wrong in ("", f"-{label}", f"{label}-", "-"):
        assert hosts.fault(".".join([*parts[:place], wrong, *parts[place + 1 :]])) is not None


@given(host_names)
def test_a_dot_at_the_end_is_refused_with_the_name_without_it(name: str) -> None:
    fault = hosts.fault(f"{name}.")
    assert fault is not None
    assert fault.cure == f"write {name}"


@pytest.mark.parametrize("length", [63, 64])
def test_a_label_has_at_most_63_characters(length: int) -> None:
    accepted = hosts.fault(f"{'a' * length}.example") is None
    assert accepted == (length <= 63)


@pytest.mark.parametrize("length", [252, 253, 254, 255])
def test_a_name_has_at_most_253_characters(length: int) -> None:
    name = ("a" * 49 + ".") * 5 + "b" * (length - 250)
    assert len(name) == length
    assert (hosts.fault(name) is None) == (length <= 253)


@pytest.mark.parametrize(
    "name",
    ["3com.com", "a--b.example", "ab--c.example", "1-2", "a", "A", "1a", "0x.example", "0xg"],
)
def test_what_only_looks_odd_is_a_host(name: str) -> None:
    assert hosts.fault(name) is None


@pytest.mark.parametrize("size", [10**3, 10**6])
@pytest.mark.parametrize("piece", ["a.", "é.", "é", "ab:", "1.", "-", "[", "xn--a.", ":", "\x1b"])
def test_no_length_costs_time_or_comes_back_whole(piece: str, size: int) -> None:
    fault = hosts.fault(piece * size)
    assert fault is not None
    assert len(fault.reason) + len(fault.cure) < 200


# -- IPv4 ----------------------------------------------------------------------------------------


def _is_dotted_quad(text: str) -> bool:
    parts = text.split(".")
    return len(parts) == 4 and all(part == str(int(part)) and int(part) < 256 for part in parts)


@given(st.ip_addresses(v=4).map(str))
def test_an_ipv4_address_in_dotted_decimal_is_a_host(address: str) -> None:
    assert hosts.fault(address) is None


numbers = st.one_of(
    st.integers(0, 2**32).map(str),
    st.integers(0, 255).map(str),
    st.integers(0, 255).map(lambda n: f"0{n}"),
    st.integers(0, 2**32).map(lambda n: f"0{n:o}"),
    st.integers(0, 2**32).map(hex),
    st.integers(0, 255).map(lambda n: f"0X{n:02X}"),
    st.just("0x"),
)


@given(st.lists(numbers, min_size=1, max_size=5).map(".".join))
def test_numbers_that_are_no_dotted_quad_are_refused(text: str) -> None:
    try:
        quad = _is_dotted_quad(text)
    except ValueError:
        quad = False
    assert (hosts.fault(text) is None) == quad


@given(st.text("0123456789abfxX.", min_size=1, max_size=15))
def test_what_inet_aton_takes_for_an_address_is_one_by_dotted_decimal_or_refused(text: str) -> None:
    try:
        packed = socket.inet_aton(text)
    except OSError:
        return
    if hosts.fault(text) is None:
        assert text == socket.inet_ntoa(packed)


@given(host_names, numbers)
def test_a_name_whose_last_label_is_a_number_is_refused(name: str, number: str) -> None:
    fault = hosts.fault(f"{name}.{number}")
    assert fault is not None


@given(numbers, host_names)
def test_a_number_may_stand_before_the_last_label(number: str, name: str) -> None:
    assert hosts.fault(f"{number}.{name}") is None


# -- IPv6 ----------------------------------------------------------------------------------------


def _is_ipv6(text: str) -> bool:
    try:
        ipaddress.IPv6Address(text)
    except ValueError:
        return False
    return "%" not in text


@st.composite
def spellings(draw: st.DrawFn) -> tuple[str, ipaddress.IPv6Address]:
    """An address in any spelling of RFC 4291, section 2.2."""
    groups = draw(st.lists(st.sampled_from([0, 0, 1, 0xDB8, 0xFFFF]), min_size=8, max_size=8))
    address = ipaddress.IPv6Address(b"".join(group.to_bytes(2, "big") for group in groups))
    forms = [address.compressed, address.exploded, ":".join(f"{group:x}" for group in groups)]
    head = ":".join(f"{group:x}" for group in groups[:6])
    forms.append(f"{head}:{ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)}")
    form = draw(st.sampled_from(forms))
    return (form.upper() if draw(st.booleans()) else form), address


@given(spellings())
def test_an_ipv6_address_in_any_spelling_is_a_host(
    spelt: tuple[str, ipaddress.IPv6Address],
) -> None:
    text, address = spelt
    assert hosts.fault(text) is None
    assert hosts.compared(text) == str(address)


@given(spellings(), st.sampled_from(["%eth0", "%1", "/64", "/128", ":", ":0:0:0:0:0:0:0:0:0", "."]))
def test_an_ipv6_address_stands_without_zone_prefix_or_more(
    spelt: tuple[str, ipaddress.IPv6Address], more: str
) -> None:
    assert hosts.fault(spelt[0] + more) is not None


@given(spellings())
def test_brackets_are_refused_with_the_address_without_them(
    spelt: tuple[str, ipaddress.IPv6Address],
) -> None:
    fault = hosts.fault(f"[{spelt[0]}]")
    assert fault is not None
    assert fault.cure == f"write {spelt[0]}"
    assert hosts.fault(f"[{spelt[0]}]:5060") is not None


@given(st.text("0123456789abcdefg:.%/", min_size=1, max_size=20).filter(lambda text: ":" in text))
def test_a_text_with_a_colon_is_a_host_exactly_when_it_is_an_ipv6_address(text: str) -> None:
    assert (hosts.fault(text) is None) == _is_ipv6(text)


@pytest.mark.parametrize("host", ["sip.example.net", "192.0.2.1"])
def test_a_port_behind_the_host_is_refused_and_its_field_named(host: str) -> None:
    fault = hosts.fault(f"{host}:5070")
    assert fault is not None
    assert fault.cure == f"host {host}, port 5070"


# -- international names -------------------------------------------------------------------------


@given(international)
def test_an_international_name_becomes_a_labels_that_stay_as_they_are(name: str) -> None:
    ascii_form = converted(name)
    assume(ascii_form is not None and not name.isascii())
    assert ascii_form is not None
    assert ascii_form.isascii()
    assert hosts.fault(ascii_form) is None
    assert hosts.to_ascii(ascii_form) == ascii_form
    assert idna.decode(ascii_form) == name


@given(international)
def test_a_u_label_in_a_file_is_refused_with_its_a_label_as_the_cure(name: str) -> None:
    assume(not name.isascii())
    fault = hosts.fault(name)
    assert fault is not None
    assert fault.ascii_form == (converted(name) or "")
    assert fault.ascii_form in fault.cure


@given(international)
def test_a_name_is_international_exactly_when_idna_takes_each_of_its_labels(name: str) -> None:
    assume(not name.isascii() and not is_number(name.rpartition(".")[2]))
    assert (converted(name) is not None) == all(_is_label(label) for label in name.split("."))


def _is_label(label: str) -> bool:
    if label.isascii():
        return hosts.fault(f"{label}.example") is None
    try:
        idna.alabel(label)
    except idna.IDNAError:
        return False
    return True


@pytest.mark.parametrize(
    "name",
    [
        "a。example",  # ideographic full stop
        "a．example",  # fullwidth full stop
        "ａ.example",  # fullwidth letter
        "Ünchen.example",  # upper case is mapping, too
        unicodedata.normalize("NFD", "münchen.example"),
        "☃.example",
        "١٢.example",
        "é\u200d.example",
        "-é.example",
        "é-.example",
        "ab--é.example",
        "é_b.example",
        "é .example",
        "é.127",
        "é..example",
        ".é",
    ],
)
def test_nothing_is_mapped_and_no_look_alike_is_taken(name: str) -> None:
    fault = hosts.fault(name)
    assert fault is not None
    assert fault.ascii_form == ""
    assert converted(name) is None


@pytest.mark.parametrize(
    ("name", "ascii_form"),
    [
        ("münchen.example", "xn--mnchen-3ya.example"),
        ("sip.société.example", "sip.xn--socit-esab.example"),
        ("straße.example", "xn--strae-oqa.example"),  # IDNA 2008 keeps it, 2003 made "ss" of it
        ("bücher.Example", "xn--bcher-kva.Example"),
        ("日本語.example", "xn--wgv71a119e.example"),
    ],
)
def test_known_names_have_their_known_a_labels(name: str, ascii_form: str) -> None:
    assert hosts.to_ascii(name) == ascii_form


@given(st.text(string.ascii_letters + string.digits + "-", min_size=1, max_size=12))
def test_an_a_label_is_a_host_only_where_it_is_what_its_u_label_becomes(rest: str) -> None:
    label = f"xn--{rest}"
    if hosts.fault(label) is None:
        assert hosts.to_ascii(idna.ulabel(label)) == label.lower()


@pytest.mark.parametrize("label", ["xn--", "xn--a", "xn--0", "XN--A", "xn--ls8h", "xn--abc-"])
def test_what_only_looks_like_an_a_label_is_refused(label: str) -> None:
    assert hosts.fault(f"{label}.example") is not None


@given(st.text(max_size=40))
def test_no_text_makes_it_crash_and_every_reason_is_one_plain_line(text: str) -> None:
    fault = hosts.fault(text)
    if fault is not None:
        assert fault.reason
        assert (fault.reason + fault.cure).isprintable()
    assert hosts.compared(text) == hosts.compared(hosts.compared(text))


# -- cures ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("host", "cure"),
    [
        ("my_pbx.local", "use letters, digits and hyphens"),
        ("a..b", "use letters, digits and hyphens"),
        ("h.example ", "write h.example"),
        (" a_b", "use letters"),
        (" 192.0.2.1", "write 192.0.2.1"),
        ("MÜNCHEN.example", "write xn--mnchen-3ya.example"),
        ("mu\u0308nchen.example", "write xn--mnchen-3ya.example"),
        ("münchen.example ", "write xn--mnchen-3ya.example"),
    ],
)
def test_what_is_no_host_comes_with_its_cure(host: str, cure: str) -> None:
    found = hosts.fault(host)
    assert found is not None
    assert cure in found.cure
    assert not found.ascii_form


def test_a_host_in_capitals_is_refused_with_the_one_that_was_meant(
    workspace: Path, run: Program
) -> None:
    result = run("create", "a", "--host", "MÜNCHEN.example", check=3)
    assert "hint: write xn--mnchen-3ya.example" in result.err
