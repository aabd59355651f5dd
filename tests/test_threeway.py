"""Taking back what one change did to a scenario, below later changes, over files in any style."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sipctl.changes import field_name, snapshot
from sipctl.history.threeway import Taken
from sipctl.kinds import SCENARIO
from sipctl.scenarios.ways import data_of, edited_like, node_at, outermost, way_of
from sipctl.workspace import read_member
from sipctl.yamlfile import nodes
from sipctl.yamlfile.edit import set_paths
from sipctl.yamlfile.meaning import Meaning, of_node, of_value
from sipctl.yamlfile.read import read
from sipctl.yamlfile.roundtrip import round_trip
from sipctl.yamlfile.write import UNSET, KeyPath, Typed, Unset, Value
from tests.documents import values, words
from tests.test_yaml_paths import scenarios

HEAVY = settings(max_examples=40)
Changes = dict[KeyPath, Value | Unset]
NEW: dict[str, Value] = {"action": "node", "branches": {"ok": None}}


def root_of(text: str) -> nodes.Mapping:
    root = read(text.encode(), "").root
    assert isinstance(root, nodes.Mapping)
    return root


def meaning(text: str) -> Meaning:
    return of_node(root_of(text))


def taken(before: str, after: str, today: str) -> Taken:
    return Taken(root_of(before), root_of(after), root_of(today))


def back(before: str, after: str, today: str) -> str:
    found = taken(before, after, today)
    assert found.conflicts == []
    member = read_member("scenarios/s.yaml", today.encode())
    return edited_like(member, found.changes, root_of(before)).decode()


# -- names and values ----------------------------------------------------------------------------

KEYS = st.text(st.characters(codec="utf-8"), max_size=8) | st.sampled_from(("a.b", '"', "1", "é"))


@given(st.lists(KEYS, min_size=1, max_size=4))
def test_a_name_tells_its_way(keys: list[str]) -> None:
    assert way_of(field_name(keys)) == tuple(keys)


@pytest.mark.parametrize("text", ["", ".", "a.", ".a", "a..b", 'a."', '"a', "a b", r'"\x"', "'a'"])
def test_what_is_no_name_has_no_way(text: str) -> None:
    assert way_of(text) is None


@HEAVY
@given(scenarios())
def test_a_value_goes_back_as_what_it_was(text: str) -> None:
    waiting: list[nodes.Node] = [root_of(text)]
    while waiting:
        node = waiting.pop()
        assert of_value(data_of(node)) == of_node(node)
        if isinstance(node, nodes.Mapping):
            waiting += [value for _, value in node.entries]
        elif isinstance(node, nodes.Sequence):
            waiting += node.items


@pytest.mark.parametrize("way", [("x-a",), ("x-b",)])
def test_a_value_goes_back_as_what_it_was_by_a_round_trip_too(way: KeyPath) -> None:
    text = "x-a: a\nx-c: c\n"
    result = round_trip(text, root_of(text), [(way, [Typed("1.5"), "1.5"])], ())
    assert f'{way[0]}: [1.5, "1.5"]\n' in result


def test_inner_ways_follow_from_outer_ones() -> None:
    ways = [("actions", "a", "x"), ("name",), ("actions", "a"), ("actions", "ab"), ("name",)]
    assert outermost(ways) == [("name",), ("actions", "a"), ("actions", "ab")]


# -- what is left --------------------------------------------------------------------------------

MENU = "actions:\n  menu:\n    action: node\n"
BOTH = MENU + '    branches: {"1": a, "2": b}\n'
ONE = MENU + '    branches: {"2": b}\n'


def test_a_mapping_goes_with_the_last_entry_that_the_change_brought() -> None:
    assert back(MENU, BOTH, ONE) == MENU
    assert back(MENU, BOTH, ONE.replace("2", "3")) == ONE.replace("2", "3")
    two = MENU + "  queue:\n    action: node\n"
    assert back("name: n\n", "name: n\n" + two, "name: n\n" + MENU) == "name: n\n"


def test_a_mapping_that_was_empty_is_empty_again() -> None:
    empty = MENU + "    branches: {}\n"
    assert back(empty, BOTH, ONE) == empty


def test_an_entry_comes_back_where_its_mapping_has_gone_since() -> None:
    assert back(BOTH, ONE, MENU) == MENU + '    branches: {"1": a}\n'


# -- two changes that have nothing to do with each other -----------------------------------------


def fields(root: nodes.Mapping) -> list[KeyPath]:
    """The ways to all fields, and to all that is compared as a whole, at any depth."""
    names = [way_of(name) for name in snapshot(root, SCENARIO)]
    ways = {way[:end] for way in names if way for end in range(1, len(way) + 1)}
    return sorted(ways - {("actions",), ("reference",)})


def apart(ways: list[KeyPath], others: list[KeyPath]) -> list[KeyPath]:
    """Those of the ways that neither lead on from one of the others nor the other way round."""

    def touch(one: KeyPath, other: KeyPath) -> bool:
        short = min(len(one), len(other))
        return one[:short] == other[:short]

    return [way for way in ways if not any(touch(way, other) for other in others)]


@st.composite
def changes(draw: st.DrawFn, ways: list[KeyPath], new: str) -> Changes:
    found: Changes = {}
    for way in draw(st.lists(st.sampled_from(ways), max_size=3)) if ways else ():
        if apart([way], list(found)):
            found[way] = draw(st.just(UNSET) | values)
    if draw(st.booleans()):
        found["actions", new] = NEW
    return found


@st.composite
def two_changes(draw: st.DrawFn) -> tuple[str, Changes, Changes]:
    text = draw(scenarios())
    ways = fields(root_of(text))
    first = draw(changes(ways, "new"))
    return text, first, draw(changes(apart(ways, list(first)), "newer"))


@HEAVY
@given(two_changes())
def test_what_one_change_did_goes_and_what_another_did_stays(
    case: tuple[str, Changes, Changes],
) -> None:
    before, first, second = case
    after = set_paths(before, first, SCENARIO.fields)
    today = set_paths(after, second, SCENARIO.fields)
    wanted = set_paths(before, second, SCENARIO.fields)
    assert meaning(back(before, after, today)) == meaning(wanted)


@HEAVY
@given(two_changes(), words)
def test_what_both_changed_is_a_conflict(case: tuple[str, Changes, Changes], other: str) -> None:
    before, first, _ = case
    after = set_paths(before, first, SCENARIO.fields)
    for way in first:
        parent = node_at(root_of(after), way[:-1])
        if not isinstance(parent, nodes.Mapping):
            continue
        today = set_paths(after, {way: other}, SCENARIO.fields)
        sides = {str(_at(text, way)) for text in (before, after, today)}
        assert bool(taken(before, after, today).conflicts) == (len(sides) == 3)


def _at(text: str, way: KeyPath) -> Meaning | None:
    node = node_at(root_of(text), way)
    return None if node is None else of_node(node)
