"""The endpoint: references, values that count, what was given, and passwords that never show."""

import json
import string
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from pydantic import ValidationError

from sipctl import names, render
from sipctl.endpoint import FIELDS, Endpoint, default_of, password_form
from sipctl.models.endpoint import EndpointModel
from sipctl.settings import Settings

SECRET = "correct horse battery staple"


def endpoint(**fields: object) -> Endpoint:
    required: dict[str, Any] = {"reference": "pbx-paris", "host": "sip.paris.example.net"}
    EndpointModel.model_validate(required | fields)
    return Endpoint.of(required | fields)


def refusal(**fields: object) -> ValidationError:
    with pytest.raises(ValidationError) as caught:
        endpoint(**fields)
    return caught.value


# -- references and tags -------------------------------------------------------------------------

BEGINNING = string.ascii_letters + string.digits
ALLOWED = BEGINNING + "_.@-"
DEVICES = (
    "con",
    "prn",
    "aux",
    "nul",
    *(f"{port}{n}" for port in ("com", "lpt") for n in range(10)),
)


def is_reserved(name: str) -> bool:
    return name.split(".")[0].lower() in DEVICES


@st.composite
def any_case(draw: st.DrawFn, text: str) -> str:
    return "".join(draw(st.sampled_from((char.lower(), char.upper()))) for char in text)


references = st.builds(
    str.__add__, st.sampled_from(BEGINNING), st.text(ALLOWED, max_size=63)
).filter(lambda name: not is_reserved(name))


@given(references)
def test_a_reference_by_the_grammar_is_one(name: str) -> None:
    assert names.fault(name) is None
    assert endpoint(reference=name, tags=(name,)).reference == name


@given(st.text(max_size=70))
def test_any_other_text_is_none_and_the_reason_is_one_plain_line(name: str) -> None:
    by_grammar = (
        0 < len(name) <= 64
        and name[0] in BEGINNING
        and all(char in ALLOWED for char in name)
        and not is_reserved(name)
    )
    reason = names.fault(name)
    assert (reason is None) == by_grammar
    assert reason is None or reason.isprintable()


@given(references, st.characters(exclude_characters=ALLOWED), st.data())
def test_no_other_character_may_stand_anywhere_in_a_reference(
    name: str, char: str, data: st.DataObject
) -> None:
    place = data.draw(st.integers(0, len(name)))
    assert names.fault(name[:place] + char + name[place:]) is not None


@given(st.sampled_from("_.@-"), st.text(ALLOWED, max_size=8))
def test_a_reference_begins_with_a_letter_or_digit(first: str, rest: str) -> None:
    assert names.fault(first + rest) is not None


@pytest.mark.parametrize("length", [0, 1, 64, 65, 10**6])
def test_a_reference_has_1_to_64_characters(length: int) -> None:
    assert (names.fault("a" * length) is None) == (1 <= length <= 64)


@given(
    st.sampled_from(DEVICES).flatmap(any_case), st.sampled_from(["", ".", ".a", ".yaml", ".a.b"])
)
def test_no_reference_is_the_name_of_a_windows_device_in_any_case(name: str, rest: str) -> None:
    assert names.fault(name + rest) == "Windows reserves this name"


@given(st.sampled_from(DEVICES).flatmap(any_case), st.sampled_from(BEGINNING + "_@-"))
def test_a_name_that_only_begins_or_ends_like_a_device_is_free(name: str, more: str) -> None:
    assert names.fault(f"{name}{more}") is None or is_reserved(f"{name}{more}")
    assert names.fault(f"a.{name}") is None


@given(references, references)
def test_tags_are_one_when_they_differ_in_case_only(one: str, other: str) -> None:
    assume(one.lower() != other.lower())
    assert endpoint(tags=(one, other)).tags == (one, other)
    assert "stands twice" in str(refusal(tags=(one, other, one.swapcase())))


def test_a_slip_is_told_from_what_is_known() -> None:
    assert names.did_you_mean("pbx-pari", ["pbx-paris", "sbc-a"]) == 'did you mean "pbx-paris"?'
    assert names.did_you_mean("PBX-PARIS", ["pbx-paris"]) == 'did you mean "pbx-paris"?'
    assert names.did_you_mean("entirely-else", ["pbx-paris", "sbc-a"]) == ""


def test_an_escape_tells_every_character_from_its_neighbours() -> None:
    text = "a\x1b\x9b\u202e\U000e0001\n\ud800b"
    assert names.visible(text) == r"a\x1b\x9b\u202e\U000e0001\n\ud800b"
    assert render.visible(text) == names.visible(text)
    assert render.visible("a\tb") == "a b"


@given(st.text())
def test_a_value_in_a_message_is_short_and_nothing_that_a_terminal_acts_on(value: str) -> None:
    quoted = names.quoted(value * 100)
    assert quoted.isprintable()
    assert quoted[0] == quoted[-1] == '"'
    assert len(quoted) <= 2 + 80 * len("\\U00000000")


# -- values that count, and what was given -------------------------------------------------------


@pytest.mark.parametrize(
    ("transport", "port"), [(None, 5060), ("udp", 5060), ("tcp", 5060), ("tls", 5061)]
)
def test_the_port_that_counts_follows_the_transport(transport: str | None, port: int) -> None:
    given_ = {"transport": transport} if transport else {}
    assert endpoint(**given_).effective("port") == port
    assert endpoint(**given_).port is None
    assert endpoint(**given_, port=5070).effective("port") == 5070


def test_an_absent_field_stays_absent_and_its_default_counts() -> None:
    bare = endpoint()
    assert bare.given() == ("reference", "host")
    for field in FIELDS[2:]:
        assert getattr(bare, field) is None
        assert bare.effective(field) == default_of(field)
    assert bare.effective("transport") == "udp"
    assert bare.effective("codecs") == ("alaw", "ulaw")
    assert bare.effective("register") is False
    assert bare.effective("tags") == ()
    assert bare.effective("username") is bare.effective("realm") is None


VALUES: dict[str, object] = {
    "port": 5060,
    "transport": "udp",
    "codecs": ("alaw", "ulaw"),
    "username": "+33155000001",
    "realm": "paris.example.net",
    "register": False,
    "tags": (),
    "description": "Main trunk.",
}


@given(st.sets(st.sampled_from(list(VALUES))))
def test_a_value_that_equals_its_default_is_still_given(fields: set[str]) -> None:
    made = endpoint(**{field: VALUES[field] for field in fields})
    assert made.given() == tuple(
        field for field in FIELDS if field in fields or field in ("reference", "host")
    )
    for field in fields:
        assert made.effective(field) == VALUES[field]


def test_the_record_has_every_field_in_order_then_what_was_given_then_the_users_own() -> None:
    record = endpoint(port=5070, tags=("paris",), **{"x-ticket": "NET-417"}).record()
    assert list(record) == [*FIELDS, "given", "x-ticket"]
    assert record["given"] == ["reference", "host", "port", "tags"]
    assert record["codecs"] == ["alaw", "ulaw"]
    assert record["tags"] == ["paris"]
    assert record["register"] is False
    json.dumps(record)


def test_the_fields_are_those_of_the_model_in_its_order() -> None:
    fields = EndpointModel.model_fields.items()
    assert tuple(info.alias or name for name, info in fields) == FIELDS


def test_keys_of_the_users_own_are_kept_and_no_others() -> None:
    assert endpoint(**{"x-a": None, "x-": [1]}).extra == {"x-a": None, "x-": [1]}
    for key in ("X-a", "x", "x_a", "register_", "colour"):
        assert "is not known here" in str(refusal(**{key: 1}))


@pytest.mark.parametrize("field", FIELDS)
def test_no_field_may_be_none_in_words(field: str) -> None:
    assert refusal(**{field: None}).error_count() == 1


@pytest.mark.parametrize(
    ("field", "value"),
    [
        *(("port", value) for value in ("5060", 5060.0, True)),
        *(("register", value) for value in (1, "true", "yes")),
        *(("username", value) for value in (33155000001, True, b"a")),
        *(("codecs", value) for value in ("alaw", {"alaw"}, {"alaw": 1})),
        *(("tags", value) for value in ("paris", {"paris"}, (1,))),
    ],
)
def test_nothing_is_converted(field: str, value: object) -> None:
    refusal(**{field: value})


def test_an_endpoint_cannot_be_changed() -> None:
    made = endpoint(username="paris", password={"env": "PBX"})
    for attribute in ("port", "password", "colour"):
        with pytest.raises(AttributeError):
            setattr(made, attribute, "x")


# -- texts ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("field", "limit"), [("username", 255), ("realm", 255), ("description", 1000)]
)
def test_a_text_has_at_most_so_many_characters_whatever_their_bytes(field: str, limit: int) -> None:
    endpoint(**{field: "😀" * limit})
    refusal(**{field: "a" * (limit + 1)})
    refusal(**{field: ""})


CONTROL = [*map(chr, range(32)), *map(chr, range(0x7F, 0xA0)), "\u2028", "\u2029"]


@pytest.mark.parametrize("field", ["username", "realm", "description"])
def test_no_text_holds_a_control_character_or_a_line_end(field: str) -> None:
    for char in CONTROL:
        for text in (char, f"a{char}", f"{char}a", f"a{char}b"):
            assert f"U+{ord(char):04X}" in str(refusal(**{field: text}))


@given(st.text(st.characters(exclude_categories=("Cc", "Cs", "Zl", "Zp")), min_size=1))
def test_every_other_text_is_kept_as_it_is(text: str) -> None:
    assume(len(text) <= 255)
    assert endpoint(username=text).username == text


# -- passwords -----------------------------------------------------------------------------------

RECORDED: list[tuple[object, object]] = [
    (SECRET, {"plain": True}),
    ({"age": SECRET}, {"age": True}),
    ({"env": "PBX_PASSWORD"}, {"env": "PBX_PASSWORD"}),
    ({"file": "secrets/pbx"}, {"file": "secrets/pbx"}),
]
FORMS = [password for password, _ in RECORDED]


@pytest.mark.parametrize(("password", "form"), RECORDED)
def test_a_password_is_recorded_by_its_form_only(password: object, form: object) -> None:
    made = endpoint(username="paris", password=password)
    assert made.password == password_form(password) == form
    assert made.record()["password"] == form
    assert SECRET not in json.dumps(made.record())


@pytest.mark.parametrize("password", FORMS)
def test_no_text_made_of_an_endpoint_shows_its_password(password: object) -> None:
    made = endpoint(username="paris", password=password)
    for shown in (repr(made), str(made), f"{made}", repr([made]), repr(made.password)):
        assert SECRET not in shown
    model = EndpointModel.model_validate(
        {"reference": "a", "host": "a", "username": "a", "password": password}
    )
    assert SECRET not in repr(model) + str(model) + repr(model.__repr_args__())


def test_a_password_needs_a_user_name() -> None:
    for password in FORMS:
        assert "no user name" in str(refusal(password=password))
    endpoint(username="paris", password=SECRET)
    endpoint(username="paris")


WRONG: dict[str, dict[str, object]] = {
    "no user name": {"password": SECRET},
    "a control character": {"username": "paris", "password": f"{SECRET}\x00"},
    "too long": {"username": "paris", "password": SECRET * 20},
    "an unknown form": {"username": "paris", "password": {"command": SECRET}},
    "two forms": {"username": "paris", "password": {"env": "A", "age": SECRET}},
    "a list": {"username": "paris", "password": [SECRET]},
    "bytes": {"username": "paris", "password": SECRET.encode()},
    "no name of a variable": {"username": "paris", "password": {"env": SECRET}},
    "a sealed value in a list": {"username": "paris", "password": {"age": [SECRET]}},
    "a sealed value too long": {"username": "paris", "password": {"age": SECRET * 2000}},
    "a wrong field beside it": {"username": "paris", "password": SECRET, "port": 0},
    "an unknown key beside it": {"username": "paris", "password": SECRET, "colour": 1},
    "no host": {"username": "paris", "password": SECRET, "host": None},
}


@pytest.mark.parametrize("what", WRONG)
def test_no_refusal_shows_a_password(what: str) -> None:
    error = refusal(**WRONG[what])
    assert SECRET not in str(error)
    assert SECRET not in repr(error)
    for item in error.errors(include_url=False, include_input=False):
        assert SECRET not in repr(item)


@given(st.text(max_size=12))
def test_the_name_of_a_variable_is_one_that_a_shell_can_set(name: str) -> None:
    by_grammar = bool(name) and name.isascii() and name.replace("_", "a").isalnum()
    by_grammar = by_grammar and not name[0].isdigit()
    try:
        made = endpoint(username="paris", password={"env": name})
    except ValidationError:
        assert not by_grammar
    else:
        assert by_grammar
        assert made.password == {"env": name}


# -- settings ------------------------------------------------------------------------------------


def test_settings_name_a_rule_by_its_name_whichever_way_it_was_written() -> None:
    settings = Settings.of({"version": 1, "rules": {"SIP303": "off"}})
    assert settings.rules == {"stray-file": "off"}
    assert Settings().rules == {}
