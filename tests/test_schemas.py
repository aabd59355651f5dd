"""The JSON Schemas: fresh, valid, and of one mind with the models."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from pydantic import BaseModel, ValidationError

from sipctl import resources, schemas
from sipctl.endpoint import Endpoint
from sipctl.models.endpoint import EndpointModel
from sipctl.models.settings import SettingsModel
from sipctl.rules.book import RULES
from tests import generate
from tests.support import ROOT

Document = dict[str, Any]
VALIDATORS = {name: Draft202012Validator(schemas.schema(name)) for name in schemas.MODELS}


def model_accepts(model: type[BaseModel], document: object) -> bool:
    """Strict, and from JSON, where a list is what the models call a tuple."""
    try:
        model.model_validate_json(json.dumps(document))
    except ValidationError:
        return False
    return True


def endpoint(**fields: object) -> Document:
    return {"reference": "pbx-paris", "host": "sip.paris.example.net", **fields}


# -- the files -----------------------------------------------------------------------------------


def test_what_is_generated_is_fresh() -> None:
    assert generate.stale() == [], "run `make generate`"


def test_a_file_that_was_changed_by_hand_is_stale(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(generate.FILES, "docs/rules.md", lambda: "something else")
    assert generate.stale() == ["docs/rules.md"]
    assert generate.main(["--check"]) == 1


def test_every_schema_in_the_folder_is_made_from_a_model() -> None:
    folder = ROOT / "schemas"
    found = {file.relative_to(folder).as_posix() for file in folder.rglob("*.json")}
    assert found == {f"{name}.schema.json" for name in schemas.MODELS}


@pytest.mark.parametrize("name", schemas.MODELS)
def test_a_shipped_schema_is_the_generated_text_byte_for_byte(name: str) -> None:
    shipped = resources.path("schemas", f"{name}.schema.json").read_bytes()
    assert shipped == schemas.text(name).encode()


# -- what they say -------------------------------------------------------------------------------


@pytest.mark.parametrize("name", schemas.MODELS)
def test_a_schema_keeps_its_metaschema(name: str) -> None:
    Draft202012Validator.check_schema(schemas.schema(name))


@pytest.mark.parametrize("name", schemas.MODELS)
def test_a_schema_says_what_it_is(name: str) -> None:
    schema = schemas.schema(name)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert schema["$id"] == f"urn:sipctl:schema:{name.replace('/', ':')}:1"
    assert schema["title"]
    assert schema["description"]


def _properties() -> list[tuple[str, str]]:
    return [(name, key) for name in schemas.FILES for key in schemas.schema(name)["properties"]]


@pytest.mark.parametrize(("name", "key"), _properties())
def test_every_field_has_title_description_and_examples_that_it_accepts(
    name: str, key: str
) -> None:
    schema = schemas.schema(name)
    field = schema["properties"][key]
    assert field["title"]
    assert field["description"]
    alone = VALIDATORS[name].evolve(schema={"$defs": schema.get("$defs", {}), **field})
    values = field["examples"] + ([field["default"]] if "default" in field else [])
    assert values
    for value in values:
        alone.validate(value)


def test_every_example_of_an_endpoints_field_makes_a_valid_endpoint() -> None:
    for key, field in schemas.schema("endpoint")["properties"].items():
        for value in field["examples"]:
            document = endpoint(username="paris") | {key: value}
            assert VALIDATORS["endpoint"].is_valid(document), key
            assert model_accepts(EndpointModel, document), key


def test_the_defaults_are_the_effective_values_of_an_endpoint_that_gives_nothing() -> None:
    bare = Endpoint({"reference": "a", "host": "a.example"})
    for key, field in schemas.schema("endpoint")["properties"].items():
        if "default" in field:
            assert json.dumps(field["default"]) == json.dumps(bare.effective(key)), key
        else:
            assert bare.effective(key) is None or key in ("reference", "host")


@pytest.mark.parametrize("name", schemas.FILES)
def test_no_schema_of_a_file_takes_a_null(name: str) -> None:
    schema = schemas.schema(name)
    if name == "scenario":  # where a branch leads: null ends the call
        targets = schema["$defs"]["Action"]["properties"]["branches"].pop("additionalProperties")
        assert targets == {"type": ["string", "null"]}
    assert "null" not in _leaves(schema)


def _leaves(schema: Any) -> list[Any]:
    if isinstance(schema, dict):
        return [x for value in schema.values() for x in _leaves(value)]
    if isinstance(schema, list):
        return [x for value in schema for x in _leaves(value)]
    return [schema]


def test_register_is_known_by_its_name_in_files_only() -> None:
    assert "register" in schemas.schema("endpoint")["properties"]
    assert not VALIDATORS["endpoint"].is_valid(endpoint(register_=True))


@pytest.mark.parametrize("name", schemas.FILES)
def test_every_pattern_is_one_that_ecma_262_reads_as_python_does(name: str) -> None:
    patterns = _patterns(schemas.schema(name))
    assert patterns
    for pattern in patterns:
        for python_only in (r"\d", r"\w", r"\s", r"\Z", r"\A", "(?i", "(?P", "(?x", "(?<"):
            assert python_only not in pattern
        # Python's `$` also matches before a last line break, ECMA's does not
        assert pattern.endswith(r"$(?!\n)") or "$" not in pattern


def _patterns(schema: Any) -> list[str]:
    if isinstance(schema, list):
        return [x for value in schema for x in _patterns(value)]
    if not isinstance(schema, dict):
        return []
    own = [schema["pattern"]] if isinstance(schema.get("pattern"), str) else []
    own += list(schema.get("patternProperties", {}))
    return own + [x for value in schema.values() for x in _patterns(value)]


# -- of one mind with the models -----------------------------------------------------------------

NAMES = [
    "a",
    "A" * 64,
    "a" * 65,
    "1",
    "a@b",
    "a b",
    "-a",
    ".a",
    "_a",
    "a-",
    "é",
    "",
    "a\n",
    "a\u2028",
]
NAMES += ["con", "CON.a", "con1", "com1", "lpt9.x", "com10", "nul\n", "aux", "auxx", "PRN", "a.con"]
HOSTS = ["a", "a.example", "3com.com", "a--b.example", "xn--mnchen-3ya.example", "192.0.2.1", "a\n"]
HOSTS += ["::1", "2001:db8::1", "::ffff:192.0.2.1", "fe80::1%eth0", "::/0", ":", "::1\n", "1::", ""]
HOSTS += [
    "127.1",
    "0x7f000001",
    "1.2.3.4.5",
    "[::1]",
    "a_b",
    "a.",
    ".a",
    "a..b",
    "xn--",
    "-a",
    "a-",
]
HOSTS += [
    "münchen.example",
    "a" * 63,
    "a" * 64,
    f"{'a.' * 126}a",
    f"{'a.' * 127}a",
    "a b",
    "a:5060",
]
TEXTS = ["a", " ", "", "a\nb", "a\n", "\x00", "\x1f", "\x7f", "\x80", "\x9f", "\xa0", "\u2028"]
TEXTS += ["\u2027", "\u2029", "\u202a", "é", "\U0001f600" * 255, "\U0001f600" * 256, "x" * 255]
TEXTS += ["x" * 256, "x" * 1000, "x" * 1001, "x" * 8192, "x" * 8193]
ENVS = ["A", "_", "a1", "1A", "A-B", "A\n", "", "É", "A B", "Z_9", "$A"]
PASSWORDS = [*TEXTS, {}, {"command": "pass show paris"}, {"env": "A", "file": "b"}]
PASSWORDS += [{"env": env} for env in ENVS]
PASSWORDS += [{form: text} for form in ("file", "age") for text in TEXTS]
JUNK = [
    None,
    True,
    False,
    0,
    1,
    -1,
    0.5,
    "",
    "1",
    "true",
    [],
    {},
    [None],
    ["a"],
    {"a": 1},
    {"env": 1},
]
LISTS = [[], ["alaw"], ["ulaw", "alaw"], ["alaw", "alaw"], ["ALAW"], ["alaw", "g729"]]

# every field's own near misses; any of them may also hold any kind of value
EDGES: dict[str, list[Any]] = {
    "reference": NAMES,
    "host": HOSTS,
    "port": [-1, 0, 1, 5060, 65535, 65536, 10**20],
    "transport": ["udp", "tcp", "tls", "UDP", "sctp", "udp\n"],
    "codecs": LISTS,
    "username": TEXTS,
    "password": PASSWORDS,
    "realm": TEXTS,
    "register": ["yes", "on"],
    "tags": [["a", "b"], ["a", "a"], ["a", "A"], *([name] for name in NAMES)],
    "description": TEXTS,
    "x-mine": [],
    "x-": [],
    "X-mine": [],
    "ax-mine": [],
    "hosts": [],
    "register_": [],
}
VALID = endpoint(
    port=5070,
    transport="tls",
    codecs=["ulaw"],
    username="+33155000001",
    password={"env": "PBX_PARIS_PASSWORD"},
    realm="paris.example.net",
    register=True,
    tags=["paris", "production"],
    description="Main trunk of the Paris office.",
)


@st.composite
def near(draw: st.DrawFn, valid: Document, edges: dict[str, list[Any]]) -> Document:
    """A document near a valid one: up to three fields left out, up to three changed."""
    left_out = draw(st.lists(st.sampled_from(list(valid)), max_size=3))
    document = {key: value for key, value in valid.items() if key not in left_out}
    for key in draw(st.lists(st.sampled_from(list(edges)), max_size=3)):
        document[key] = draw(st.sampled_from(edges[key] or JUNK))
    return document


def same_verdict(name: str, document: Document, only_one_way: Callable[[Document], bool]) -> None:
    schema_says = VALIDATORS[name].is_valid(document)
    model_says = model_accepts(schemas.MODELS[name], document)
    if model_says or not only_one_way(document):
        assert schema_says == model_says, document


def beyond_json_schema(document: Document) -> bool:
    """What only the model sees: a host's inner form, and tags that differ in case only."""
    host, tags = document.get("host"), document.get("tags")
    if isinstance(host, str) and not model_accepts(EndpointModel, endpoint(host=host)):
        return True
    folded = [t.casefold() for t in tags if isinstance(t, str)] if isinstance(tags, list) else []
    return len(set(folded)) < len(folded)


@pytest.mark.parametrize("field", EDGES)
def test_the_schema_and_the_model_judge_each_value_of_a_field_alike(field: str) -> None:
    for value in [*EDGES[field], *JUNK]:
        same_verdict("endpoint", VALID | {field: value}, beyond_json_schema)
        same_verdict(
            "endpoint", {"host": "a", "reference": "a"} | {field: value}, beyond_json_schema
        )


@settings(max_examples=300)
@given(near(VALID, EDGES))
def test_the_schema_and_the_model_accept_the_same_endpoints(document: Document) -> None:
    same_verdict("endpoint", document, beyond_json_schema)


SEVERITIES = ["error", "warning", "off", "ignore", "Error", "", False, None]
KEYS = [key for rule in RULES.values() for key in (rule.name, rule.code)]
SETTINGS: dict[str, list[Any]] = {
    "version": [1, 0, 2, -1, 10**20],
    "rules": [
        *({key: "off"} for key in [*KEYS, "sip204", "Bad-Host", "bad_host", "x-mine"]),
        *({"stray-file": severity} for severity in SEVERITIES),
        {"stray-file": "off", "SIP303": "off"},
        {"stray-file": "off", "SIP204": "error"},
    ],
    "x-mine": [],
    "rule": [],
}


@pytest.mark.parametrize("field", SETTINGS)
def test_the_schema_and_the_model_judge_each_value_of_a_setting_alike(field: str) -> None:
    for value in [*SETTINGS[field], *JUNK]:
        same_verdict("settings", {"version": 1} | {field: value}, lambda _: False)


@given(near({"version": 1, "rules": {"stray-file": "off"}}, SETTINGS))
def test_the_schema_and_the_model_accept_the_same_settings(document: Document) -> None:
    same_verdict("settings", document, lambda _: False)


def test_a_whole_number_with_a_point_is_an_integer_to_json_schema_only() -> None:
    """Why the documents above hold no 5060.0: validation, section 6.1.1."""
    assert VALIDATORS["endpoint"].is_valid(endpoint(port=5060.0))
    assert not model_accepts(EndpointModel, endpoint(port=5060.0))


def test_the_schemas_take_the_whole_valid_documents() -> None:
    assert VALIDATORS["endpoint"].is_valid(VALID)
    assert model_accepts(EndpointModel, VALID)
    assert model_accepts(SettingsModel, {"version": 1, "rules": {"stray-file": "off"}})
