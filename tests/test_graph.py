"""A scenario as a graph, held against answers that are found by trying every pair of actions."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipctl.scenarios.graph import (
    Link,
    closed_loops,
    leading_to,
    links,
    outside,
    reachable,
    some_outside,
    unreached,
)
from sipctl.scenarios.scenario import Action, Scenario
from tests.support import steps

Graph = dict[str, dict[str, str | None]]


def scenario(graph: Graph, start: str | None = None) -> Scenario:
    actions = {id: Action(action="node", branches=branches) for id, branches in graph.items()}
    return Scenario("s", "interaction-start", start=start, actions=actions)


def of(text: str, start: str | None = "a") -> Scenario:
    """`a>b a>- b>a` as a scenario: each action by its first letter, `-` ends the call."""
    graph: Graph = {}
    for number, word in enumerate(text.split()):
        source, _, target = word.partition(">")
        branches = graph.setdefault(source, {})
        if target:
            branches[str(number)] = None if target == "-" else target
    return scenario(graph, start)


IDS = st.sampled_from("abcdefgh")
TARGETS = st.none() | st.sampled_from("abcdefghXY")
BRANCHES = st.dictionaries(st.sampled_from("123"), TARGETS, max_size=3)
GRAPHS = st.dictionaries(IDS, BRANCHES, max_size=8)
SCENARIOS = st.builds(scenario, GRAPHS, st.none() | st.sampled_from("abcX"))


# -- the oracle: the transitive closure, by Warshall's three loops ------------------------------


def closure(one: Scenario) -> set[tuple[str, str]]:
    """The pairs where one or more links lead from the first to the second."""
    leads = {
        (id, target)
        for id, action in one.actions.items()
        for target in action.branches.values()
        if target in one.actions
    }
    for middle in one.actions:
        for first in one.actions:
            for last in one.actions:
                if (first, middle) in leads and (middle, last) in leads:
                    leads.add((first, last))
    return {(first, last) for first, last in leads if last is not None}


def oracle_reachable(one: Scenario) -> set[str]:
    leads = closure(one)
    if one.start not in one.actions:
        return set()
    return {id for id in one.actions if id == one.start or (one.start, id) in leads}


def oracle_closed_loops(one: Scenario) -> list[tuple[str, ...]]:
    leads = closure(one)
    loops = []
    for id in one.actions:
        if (id, id) not in leads:
            continue
        loop = tuple(o for o in one.actions if (id, o) in leads and (o, id) in leads)
        led = {target for member in loop for target in one.actions[member].branches.values()}
        if led <= set(loop) and loop not in loops:
            loops.append(loop)
    return loops


# -- links ---------------------------------------------------------------------------------------


def test_links_are_all_branches_in_the_order_of_the_file() -> None:
    one = scenario({"b": {"2": "a", "1": None}, "a": {"ok": "nowhere"}})
    assert list(links(one)) == [
        Link("b", "2", "a"),
        Link("b", "1", None),
        Link("a", "ok", "nowhere"),
    ]


def test_what_leads_to_an_action_is_found_also_where_the_action_does_not_exist() -> None:
    one = of("a>b a>c b>a c>X a>b")
    assert [link.source for link in leading_to(one, ["b"])] == ["a", "a"]
    assert [link.source for link in leading_to(one, {"b", "X"})] == ["a", "a", "c"]
    assert leading_to(one, ()) == []


@given(SCENARIOS, st.frozensets(IDS))
def test_what_leads_to_some_actions_are_the_links_with_such_a_target(
    one: Scenario, ids: frozenset[str]
) -> None:
    assert leading_to(one, ids) == [link for link in links(one) if link.target in ids]


# -- reachability --------------------------------------------------------------------------------


@given(SCENARIOS)
def test_reachable_is_what_the_closure_says(one: Scenario) -> None:
    assert reachable(one) == oracle_reachable(one)


@pytest.mark.parametrize("start", [None, "X"])
def test_nothing_is_reachable_without_an_action_to_start_at(start: str | None) -> None:
    assert reachable(of("a>b b>-", start)) == frozenset()


@pytest.mark.parametrize(
    ("text", "groups"),
    [
        ("a>-", []),
        ("a>- b>-", ["b"]),
        ("a>- b>c c>d d>-", ["bcd"]),
        ("a>- d>c c>b b>a", ["dcb"]),
        ("a>- b>c c>b b>-", ["bc"]),
        ("a>- c>b b>c b>-", ["cb"]),
        ("a>- b>d c>d d>-", ["bd", "c"]),
        ("a>- b>- c>- d>-", ["b", "c", "d"]),
        ("a>- b>b b>-", ["b"]),
        ("a>- d>e b>c c>b c>d e>-", ["bcde"]),
    ],
)
def test_what_is_not_reached_stands_behind_the_action_where_it_is_cut_off(
    text: str, groups: list[str]
) -> None:
    assert unreached(of(text)) == [tuple(group) for group in groups]


@given(SCENARIOS)
def test_the_groups_of_what_is_not_reached_hold_each_such_action_once(one: Scenario) -> None:
    held = [id for group in unreached(one) for id in group]
    assert sorted(held) == sorted(set(one.actions) - oracle_reachable(one))


@given(SCENARIOS)
def test_no_group_can_be_come_to_from_an_action_outside_its_loop(one: Scenario) -> None:
    leads = closure(one)
    for head, *_ in unreached(one):
        into = {id for id in one.actions if (id, head) in leads}
        assert all((head, id) in leads for id in into)


@given(SCENARIOS)
def test_a_group_is_what_its_first_action_leads_to(one: Scenario) -> None:
    leads = closure(one)
    for head, *behind in unreached(one):
        assert all((head, id) in leads for id in behind)


# -- loops ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "loops"),
    [
        ("a>-", []),
        ("a", []),
        ("a>a", ["a"]),
        ("a>a a>-", []),
        ("a>b b>a", ["ab"]),
        ("b>a a>b", ["ba"]),
        ("a>b b>a b>-", []),
        ("a>b b>a b>c c>-", []),
        ("a>b b>a a>X", []),
        ("a>b b>c c>b", ["bc"]),
        ("c>c a>b b>a", ["c", "ab"]),
        ("a>d b>b d>d", ["b", "d"]),
        ("a>b b>a a>c c>d d>c", ["cd"]),
    ],
)
def test_a_loop_is_closed_where_no_branch_leaves_it(text: str, loops: list[str]) -> None:
    assert closed_loops(of(text)) == [tuple(loop) for loop in loops]


@given(SCENARIOS)
def test_closed_loops_are_what_the_closure_says(one: Scenario) -> None:
    assert closed_loops(one) == oracle_closed_loops(one)


# -- what lies beyond some actions ---------------------------------------------------------------


def walked(id: str, targets: dict[str, list[str]]) -> list[str]:
    """What is come to beyond `targets`, by a walk from one action."""
    ends: dict[str, None] = {}
    waiting, passed = [id], {id}
    for at in waiting:
        for target in targets[at]:
            if target not in targets:
                ends[target] = None
            elif target not in passed:
                passed.add(target)
                waiting.append(target)
    return list(ends)


@given(st.dictionaries(IDS, st.lists(st.sampled_from("abcdefghXYZ"), max_size=3), max_size=8))
def test_what_lies_beyond_is_found_for_all_at_once_as_for_each(
    targets: dict[str, list[str]],
) -> None:
    some = some_outside(targets)
    assert some.keys() == targets.keys()
    for id, found in some.items():
        ends = walked(id, targets)
        assert outside(id, targets) == ends
        assert found <= set(ends)
        assert len(found) == min(len(ends), 2)


# -- size ----------------------------------------------------------------------------------------


def chain(length: int, *, closed: bool) -> Scenario:
    ids = [str(number) for number in range(length)]
    after = [*ids[1:], ids[0] if closed else None]
    return scenario({id: {"ok": to} for id, to in zip(ids, after, strict=True)}, ids[0])


@pytest.mark.parametrize("closed", [True, False])
def test_a_chain_of_any_length_meets_no_limit(closed: bool) -> None:
    one = chain(20_000, closed=closed)
    assert len(reachable(one)) == 20_000
    assert [len(loop) for loop in closed_loops(one)] == ([20_000] if closed else [])
    loose = one._replace(start="19999")
    assert [len(group) for group in unreached(loose)] == ([] if closed else [19_999])


def work(one: Scenario) -> int:
    return steps(lambda: [function(one) for function in (reachable, closed_loops, unreached)])


def test_work_is_linear_in_the_number_of_actions() -> None:
    small, large = chain(500, closed=True), chain(2_000, closed=True)
    assert work(large) < 5 * work(small)


def test_work_is_linear_in_the_number_of_links_to_one_action() -> None:
    def fan(width: int) -> Scenario:
        ids = [str(number) for number in range(width)]
        back: Graph = {id: {"ok": "hub", "no": "hub"} for id in ids}
        return scenario({"hub": {id: id for id in ids}, **back}, "hub")

    assert work(fan(2_000)) < 5 * work(fan(500))


def test_work_is_linear_for_what_lies_beyond_a_chain() -> None:
    def chained(length: int) -> int:
        targets = {str(n): [str(n + 1), f"beyond {n}"] for n in range(length)}
        return steps(lambda: some_outside(targets))

    assert chained(2_000) < 5 * chained(500)
