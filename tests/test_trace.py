"""A call's way through a scenario: what decides each action, where it ends, how it is told."""

import json
import re
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipctl.endpoint import Endpoint
from sipctl.errors import Refused, SipctlError, Usage
from sipctl.render import routing as render
from sipctl.scenarios import catalogue
from sipctl.scenarios.calendars import when
from sipctl.scenarios.routing import (
    Call,
    End,
    Ending,
    Trace,
    Way,
    keys_of,
    matches,
    takes_of,
    trace,
)
from sipctl.scenarios.scenario import Scenario
from sipctl.workspace import read_member
from tests.conftest import Git, Program, Terminal

SUPPORT = """\
reference: support-in
type: interaction-start
entry_points: ["+33100000000"]
start: hours
actions:
  hours:
    action: test-calendar
    timezone: Europe/Paris
    open: ["Mon-Fri 08:00-19:00"]
    holidays: ["2026-12-25"]
    branches: {open: menu, closed: night}
  menu:
    action: vocal-announcement
    branches: {"1": paris, "2": queue, default: queue}
  paris:
    action: distribution-to-sip-endpoint
    endpoint: pbx-paris
    branches: {processed: null, unprocessed: queue, reference-not-found: night}
  queue: {action: distribution-to-queue, branches: {processed: null, unprocessed: null}}
  night:
    action: transfer-to-number
    branches:
      ok: null
      error: null
"""
FILE = "scenarios/support-in.yaml"
DAY, NIGHT, HOLIDAY = "2026-11-20 12:34", "2026-11-20 22:34", "2026-12-25 12:34"

ENDPOINTS = {
    "pbx-paris": Endpoint(
        {"reference": "pbx-paris", "host": "sip.paris.example.net", "port": 5070}
    ),
    "pbx-lyon": Endpoint({"reference": "pbx-lyon", "host": "2001:db8::10", "transport": "tls"}),
}


def scenario_of(actions: str, start: str | None = "a", head: str = "") -> str:
    """A scenario with these lines below `actions`."""
    first = f"start: {start}\n" if start else ""
    return f"reference: support-in\ntype: interaction-start\n{head}{first}actions:\n{actions}"


def read(text: str) -> Scenario:
    scenario = read_member(FILE, text.encode()).scenario
    assert scenario is not None
    return scenario


def follow(text: str, *takes: str, at: str | None = None, **call: Any) -> Trace:
    member = read_member(FILE, text.encode())
    scenario = member.scenario
    assert scenario is not None, member.findings
    chosen = takes_of(scenario, takes)
    moment = None if at is None else when(at)
    known = Call(chosen, at=moment, **call)
    return trace(scenario, member, known, ENDPOINTS)


def told(way: Way) -> str:
    """`hours:open paris endpoint`: the steps with their branches, and how it ends."""
    steps = [f"{s.action}:{s.branch.label}" if s.branch else s.action for s in way.steps]
    return " ".join([*steps, way.end.ending])


def end_of(text: str, *takes: str, **call: Any) -> End:
    return follow(text, *takes, **call).way.end


# -- the example ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("takes", "call", "expected"),
    [
        ("", {}, "hours stopped"),
        ("", {"at": DAY}, "hours:open menu stopped"),
        ("", {"at": DAY, "keys": ("1",)}, "hours:open menu:1 paris endpoint"),
        ("", {"at": DAY, "keys": ("2",)}, "hours:open menu:2 queue action"),
        ("", {"at": DAY, "keys": ("9",)}, "hours:open menu:default queue action"),
        ("", {"at": NIGHT}, "hours:closed night action"),
        ("", {"at": HOLIDAY}, "hours:closed night action"),
        ("hours=open", {}, "hours:open menu stopped"),
        ("hours=open menu=1", {}, "hours:open menu:1 paris endpoint"),
        ("hours=open", {"at": NIGHT, "keys": ("1",)}, "hours:open menu:1 paris endpoint"),
        ("menu=2", {"at": DAY, "keys": ("1",)}, "hours:open menu:2 queue action"),
        ("hours=open menu=1 paris=processed", {}, "hours:open menu:1 paris:processed end"),
        (
            "hours=open menu=1 paris=unprocessed queue=processed",
            {},
            "hours:open menu:1 paris:unprocessed queue:processed end",
        ),
    ],
)
def test_what_is_known_of_a_call_decides_its_way(
    takes: str, call: dict[str, Any], expected: str
) -> None:
    assert told(follow(SUPPORT, *takes.split(), **call).way) == expected


def test_every_step_has_its_type_reason_and_places() -> None:
    traced = follow(SUPPORT, at=DAY, keys=("1",))
    hours, menu, paris = traced.way.steps
    assert (hours.type, hours.name) == ("test-calendar", "Test a calendar")
    assert hours.why == "Fri 12:34 in Europe/Paris, within Mon-Fri 08:00-19:00"
    assert hours.branch is not None and menu.branch is not None
    assert (hours.place.line, hours.place.column) == (6, 3)
    assert (hours.branch.place.line, hours.branch.place.column) == (11, 16)
    assert hours.branch.target == "menu"
    assert menu.why == "key 1"
    assert (menu.branch.place.line, menu.branch.place.column) == (14, 16)
    assert (paris.place.line, paris.branch, paris.why) == (15, None, "")
    assert all(step.place.file == FILE for step in traced.way.steps)


def test_a_call_ends_at_an_endpoint_and_then_follows_its_first_failure_branch() -> None:
    traced = follow(SUPPORT, "hours=open", "menu=1")
    assert traced.way.end.reference == "pbx-paris"
    assert traced.way.end.endpoint == ENDPOINTS["pbx-paris"]
    (failure,) = traced.failures
    assert failure.failed is not None
    assert (failure.failed.label, failure.failed.place.line) == ("unprocessed", 18)
    assert told(failure) == "queue action"


def test_the_only_entry_point_is_the_number_called_unless_another_is_given() -> None:
    assert follow(SUPPORT).call.called == "+33100000000"
    assert follow(SUPPORT, called="+331").call.called == "+331"
    two = SUPPORT.replace('["+33100000000"]', '["+33100000000", "+33100000001"]')
    assert follow(two).call.called is None


# -- takes ---------------------------------------------------------------------------------------

ROUND = """\
  a: {action: web-service, branches: {ok: b, error: a}}
  b: {action: node, branches: {ok: a}}
"""


def test_several_takes_of_one_action_are_used_in_turn() -> None:
    traced = follow(scenario_of(ROUND), "a=error", "a=ok", "a=error")
    assert told(traced.way) == "a:error a:ok b:ok a:error a stopped"
    assert traced.unused == Call()


def test_what_nothing_asked_for_is_told() -> None:
    traced = follow(SUPPORT, "night=ok", "hours=closed", "hours=open", keys=("1", "2"))
    assert told(traced.way) == "hours:closed night:ok end"
    assert traced.unused == Call(takes=(("hours", "open"),), keys=("1", "2"))


def test_a_take_on_the_way_after_a_failure_is_used() -> None:
    traced = follow(SUPPORT, "hours=open", "menu=1", "queue=unprocessed")
    assert told(traced.failures[0]) == "queue:unprocessed end"
    assert traced.unused == Call()


def test_a_take_is_split_at_the_first_sign_that_ends_an_id() -> None:
    odd = '  a=b: {action: x, branches: {"x=y": null, "": null}}\n'
    scenario = read(scenario_of(odd))
    assert takes_of(scenario, ["a=b=x=y", "a=b="]) == (("a=b", "x=y"), ("a=b", ""))
    both = read(scenario_of(odd + '  a: {action: x, branches: {"b=ok": null}}\n'))
    assert takes_of(both, ["a=b=ok"]) == (("a", "b=ok"),)
    with pytest.raises(Refused, match='"a" has no branch "b=x=y"'):
        takes_of(both, ["a=b=x=y"])


@pytest.mark.parametrize(
    ("text", "error", "message", "hint"),
    [
        ("hours", Usage, '"hours" is not ACTION=LABEL', "--take menu=2"),
        ("hour=open", Refused, 'there is no action "hour"', 'did you mean "hours"?'),
        ("=open", Refused, 'there is no action ""', '"hours", "menu", "paris", "queue", "night"'),
        ("hours=opne", Refused, 'the action "hours" has no branch "opne"', 'mean "open"?'),
        ("hours=", Refused, 'the action "hours" has no branch ""', 'branches "open", "closed"'),
        ("queue=overflow", Refused, '"queue" has no branch "overflow"', '"processed"'),
    ],
)
def test_a_take_of_what_is_not_there_is_refused_with_the_nearest(
    text: str, error: type[SipctlError], message: str, hint: str
) -> None:
    with pytest.raises(error) as caught:
        takes_of(read(SUPPORT), [text])
    assert message in caught.value.message
    assert hint in caught.value.hint


def test_a_refusal_lists_a_dozen_at_most() -> None:
    lines = "".join(f"  q{n}: {{action: node}}\n" for n in range(2000))
    with pytest.raises(Refused) as caught:
        takes_of(read(scenario_of(lines)), ["=x"])
    assert len(caught.value.hint) < 200
    assert caught.value.hint.endswith("…")


# -- menus ---------------------------------------------------------------------------------------

MENUS = """\
  a: {action: vocal-announcement, branches: {"1": b, "#": c, "0": a}}
  b: {action: vocal-announcement, branches: {"1": c, default: a}}
  c: {action: distribution-to-queue}
"""


@pytest.mark.parametrize(
    ("keys", "expected", "why"),
    [
        ("", "a stopped", "no key is given"),
        ("#", "a:# c action", ""),
        ("1", "a:1 b stopped", "all keys are used up"),
        ("11", "a:1 b:1 c action", ""),
        ("19#", "a:1 b:default a:# c action", ""),
        ("000#", "a:0 a:0 a:0 a:# c action", ""),
        ("5", "a stopped", 'key 5 has no branch, and no branch is "default"'),
    ],
)
def test_each_menu_takes_the_next_key(keys: str, expected: str, why: str) -> None:
    way = follow(scenario_of(MENUS), keys=tuple(keys)).way
    assert told(way) == expected
    if way.end.ending is Ending.STOPPED:
        assert way.end.why == why


@pytest.mark.parametrize(
    ("branches", "expected"),
    [
        ("{default: b}", "a:default b action"),
        ("{done: b}", "a:done b action"),
        ("{other: null, default: b}", "a:default b action"),
        ("{other: b, more: b}", "a stopped"),
        ("{default: null}", "a action"),
        ('{"10": b}', "a:10 b action"),
    ],
)
def test_an_announcement_without_keys_is_a_message(branches: str, expected: str) -> None:
    text = f"  a: {{action: vocal-announcement, branches: {branches}}}\n  b: {{action: node}}\n"
    traced = follow(scenario_of(text), keys=("1",))
    assert told(traced.way) == expected
    assert traced.unused.keys == ("1",)


def test_keys_are_single_characters_of_a_telephone() -> None:
    assert keys_of(["1", "2#*", ""]) == ("1", "2", "#", "*")
    for text in ("a", "1 2", "１", "-1"):
        with pytest.raises(Usage) as caught:
            keys_of([text])
        assert caught.value.hint == "keys are 0 1 2 3 4 5 6 7 8 9 * #"


# -- numbers -------------------------------------------------------------------------------------


def numbers(value: str | None, branches: str = '"+33*": b, default: c') -> str:
    parameter = f"value: {value}, " if value else ""
    action = f"  a: {{action: test-value, {parameter}branches: {{{branches}}}}}\n"
    return scenario_of(f"{action}  b: {{action: node}}\n  c: {{action: node}}\n")


@pytest.mark.parametrize(
    "name", ["called", "number-called", "called-number", "callee", "Number called", "number_called"]
)
def test_the_number_called_goes_by_many_names(name: str) -> None:
    assert told(follow(numbers(name), called="+331", caller="+44").way) == "a:+33* b action"


@pytest.mark.parametrize(
    "name", ["caller", "calling", "number-calling", "calling-number", "caller-number", "CALLER"]
)
def test_the_number_calling_goes_by_many_names(name: str) -> None:
    assert told(follow(numbers(name), called="+331", caller="+44").way) == "a:default c action"


@pytest.mark.parametrize(
    ("branches", "expected"),
    [
        ('"+33*": b, "+331*": c', "a:+33* b action"),
        ('"+331*": c, "+33*": b', "a:+331* c action"),
        ('default: c, "+33*": b', "a:+33* b action"),
        ('default: c, "+44*": b', "a:default c action"),
        ('"+44*": b', "a stopped"),
        ('"+33 1 23*": b', "a:+33 1 23* b action"),
        ('"*": b', "a:* b action"),
        ('"+33[1]*": b, default: c', "a:default c action"),
    ],
)
def test_the_first_pattern_in_the_file_that_matches_wins(branches: str, expected: str) -> None:
    assert told(follow(numbers("caller", branches), caller="+33 (1) 23.45-67").way) == expected


def test_the_default_is_no_pattern() -> None:
    text = numbers("caller", 'default: c, "d*": b')
    assert told(follow(text, caller="default").way) == "a:d* b action"


def test_reasons_tell_the_pattern_and_the_number() -> None:
    assert follow(numbers("called"), called="+331").way.steps[0].why == (
        "+33* matches the number called"
    )
    assert follow(numbers("caller"), caller="+441").way.steps[0].why == (
        "no pattern matches the number calling"
    )
    end = end_of(numbers("caller", '"+33*": b'), caller="+44")
    assert end.why == 'no pattern matches the number calling, and no branch is "default"'


@pytest.mark.parametrize(
    ("value", "call", "expected", "arguments"),
    [
        ("called", {}, "the number called is not given", ("--called NUMBER",)),
        ("caller", {}, "the number calling is not given", ("--caller NUMBER",)),
        ("x-vip", {"called": "1"}, 'a trace cannot know the variable "x-vip"', ()),
        (None, {}, "does not say which number", ("--called NUMBER", "--caller NUMBER")),
        (None, {"called": "1", "caller": "2"}, "and both are given", ()),
    ],
)
def test_a_number_that_is_not_known_stops(
    value: str | None, call: dict[str, str], expected: str, arguments: tuple[str, ...]
) -> None:
    end = end_of(numbers(value), **call)
    assert end.ending is Ending.STOPPED
    assert expected in end.why
    assert end.arguments == (*arguments, "--take a=LABEL")
    assert bool(end.hint) == (value is None)


def test_an_action_that_names_no_number_tests_the_only_one_given() -> None:
    assert told(follow(numbers(None), called="+331").way) == "a:+33* b action"
    assert told(follow(numbers(None), caller="+331").way) == "a:+33* b action"


def test_an_entry_point_is_not_a_number_that_is_given() -> None:
    text = numbers(None).replace("start:", 'entry_points: ["+33100000000"]\nstart:')
    assert told(follow(text).way) == "a stopped"
    assert told(follow(text, caller="+44").way) == "a:default c action"
    named = text.replace("{action: test-value", "{action: test-value, value: called")
    assert told(follow(named).way) == "a:+33* b action"


@pytest.mark.parametrize(
    ("pattern", "number", "expected"),
    [
        ("+33*", "+33155000001", True),
        ("+33*", "+33", True),
        ("+33*", "0033", False),
        ("*", "", True),
        ("", "", True),
        ("", "1", False),
        ("+33", "+331", False),
        ("+33?", "+331", True),
        ("+33?", "+33", False),
        ("+33?", "+3312", False),
        ("*1", "121", True),
        ("*12*", "3124", True),
        ("1*1", "1", False),
        ("1*1", "11", True),
        ("*ab*bc", "abc", False),
        ("*1*1*", "1", False),
        ("*1*1*", "2121", True),
        ("**", "1", True),
        ("a.b", "ab", True),
        ("[0-9]", "5", False),
        ("+33 1 55-00*", "+33.1 (55)00 99", True),
        ("anonymous", "Anonymous", False),
    ],
)
def test_a_pattern_is_matched_whole(pattern: str, number: str, expected: bool) -> None:
    assert matches(pattern, number) is expected


@given(st.text("12*?", max_size=8), st.text("12", max_size=8))
def test_patterns_agree_with_regular_expressions(pattern: str, number: str) -> None:
    expression = pattern.replace("*", ".*").replace("?", ".")
    assert matches(pattern, number) == bool(re.fullmatch(expression, number))


def test_a_hostile_pattern_costs_no_time() -> None:
    assert not matches("*1" * 2000 + "2", "1" * 4000)


# -- calendars -----------------------------------------------------------------------------------


def hours(parameters: str, branches: str = "{open: b, closed: b}") -> str:
    action = f"  a: {{action: test-calendar, {parameters}, branches: {branches}}}\n"
    return scenario_of(f"{action}  b: {{action: node}}\n")


@pytest.mark.parametrize(
    ("parameters", "why", "hint"),
    [
        ("timezone: UTC", "the calendar has no opening hours", "open:"),
        ("open: [daily]", "the calendar names no time zone", "timezone: Europe/Paris"),
        ("open: [Mo], timezone: UTC", '"Mo" is not a day of the week', 'mean "Mon"?'),
        ("open: [], timezone: Paris", '"Paris" is not a time zone', '"Europe/Paris"'),
    ],
)
def test_a_calendar_that_cannot_be_evaluated_stops_and_says_why(
    parameters: str, why: str, hint: str
) -> None:
    end = end_of(hours(parameters), at=DAY)
    assert end.ending is Ending.STOPPED
    assert why in end.why
    assert hint in end.hint
    assert end.arguments == ("--take a=LABEL",)
    assert told(follow(hours(parameters), "a=open", at=DAY).way) == "a:open b action"


def test_each_calendar_takes_a_time_without_offset_as_its_own() -> None:
    lines = "".join(
        f"  {id}: {{action: test-calendar, timezone: {zone}, open: '12:00-13:00', "
        f"branches: {{open: {target}, closed: z}}}}\n"
        for id, zone, target in (("a", "Europe/Paris", "b"), ("b", "Asia/Tokyo", "z"))
    )
    text = scenario_of(lines + "  z: {action: node}\n")
    assert told(follow(text, at=DAY).way) == "a:open b:open z action"
    assert told(follow(text, at=f"{DAY}+01:00").way) == "a:open b:closed z action"


def test_a_decided_branch_that_is_not_written_stops() -> None:
    end = end_of(hours("timezone: UTC, open: []", "{open: b}"), at=DAY)
    assert end.ending is Ending.STOPPED
    assert end.why == ('Fri 12:34 in UTC, and it has no opening hours, and no branch is "closed"')


def test_a_time_that_the_clocks_skip_is_refused_where_it_counts() -> None:
    with pytest.raises(Refused, match="the clocks skip it"):
        follow(SUPPORT, at="2026-03-29 02:30")
    assert follow(SUPPORT, "hours=open", at="2026-03-29 02:30")


# -- all other actions ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("action", "expected"),
    [
        *((f"{{action: {id}, branches: {{ok: b}}}}", "a:ok b action") for id in ("start", "node")),
        ("{action: pause, branches: {ok: b}}", "a:ok b action"),
        ("{action: pause, branches: {ok: b, next: c}}", "a:ok b action"),
        ("{action: pause, branches: {next: b}}", "a stopped"),
        ("{action: pause, branches: {ok: null}}", "a action"),
        ("{action: pause}", "a action"),
        ("{action: pause, branches: {}}", "a action"),
        ("{action: web-service, branches: {ok: b, error: null}}", "a stopped"),
        ("{action: web-service, branches: {ok: b}}", "a stopped"),
        ("{action: load-sharing, branches: {link-1: b}}", "a stopped"),
        ("{action: crystal-ball, branches: {ok: b}}", "a stopped"),
        ("{action: crystal-ball, branches: {ok: null}}", "a action"),
        ("{action: distribution-to-queue, branches: {unprocessed: b}}", "a stopped"),
    ],
)
def test_only_an_action_whose_type_has_one_label_is_followed(action: str, expected: str) -> None:
    text = scenario_of(f"  a: {action}\n  b: {{action: node}}\n  c: {{action: node}}\n")
    assert told(follow(text).way) == expected


def test_the_actions_that_are_followed_are_those_of_the_catalogue() -> None:
    for id, known in catalogue.known().items():
        branches = ", ".join(f'"{label}": b' for label in known.branches)
        text = scenario_of(f"  a: {{action: {id}, branches: {{{branches}}}}}\n  b: {{action: x}}\n")
        follows = len(known.branches) == 1 and not known.role
        assert (told(follow(text).way) == "a:ok b action") is follows, id


def test_a_stop_lists_the_branches_and_what_would_decide() -> None:
    end = end_of(SUPPORT, "hours=open")
    assert [(b.label, b.target, b.place.line) for b in end.choices] == [
        ("1", "paris", 14),
        ("2", "queue", 14),
        ("default", "queue", 14),
    ]
    assert end.arguments == ("--key KEY", "--take menu=LABEL")
    assert (end.action, end.place.line) == ("menu", 12)


def test_an_argument_is_quoted_for_the_shell() -> None:
    end = end_of(scenario_of("  my a: {action: x, branches: {ok: my a}}\n", start="my a"))
    assert end.arguments == ("--take 'my a='LABEL",)


# -- ends ----------------------------------------------------------------------------------------


def test_a_branch_that_is_null_ends_the_call_at_its_line() -> None:
    end = end_of(SUPPORT, "hours=closed", "night=error")
    assert (end.ending, end.action, end.place.line) == (Ending.END, "night", 24)


def test_the_last_action_says_why() -> None:
    assert end_of(SUPPORT, "hours=closed").why == "none of its branches leads on"
    assert end_of(scenario_of("  a: {action: recording}\n")).why == "it has no branches"


def test_a_target_that_is_not_there_is_told_at_its_branch() -> None:
    text = "  a:\n    action: node\n    branches:\n      ok: beta\n  betta: {action: node}\n"
    end = end_of(scenario_of(text))
    assert (end.ending, end.action, end.target) == (Ending.MISSING, "a", "beta")
    assert (end.place.line, end.place.column) == (8, 7)
    assert end.why == 'there is no action "beta"'
    assert end.hint == 'did you mean "betta"?'


@pytest.mark.parametrize(
    ("text", "line", "target", "why"),
    [
        (scenario_of("  a: {action: node}\n", start="b"), 3, "b", 'there is no action "b"'),
        (scenario_of("  a: {action: node}\n", start=None), 1, None, "the scenario has no start"),
        ("reference: support-in\ntype: interaction-end\n", 1, None, "the scenario is empty"),
    ],
)
def test_a_start_that_is_not_there_is_told(
    text: str, line: int, target: str | None, why: str
) -> None:
    traced = follow(text)
    assert traced.way.steps == ()
    end = traced.way.end
    assert (end.ending, end.place.line, end.target, end.why) == (Ending.MISSING, line, target, why)


@pytest.mark.parametrize(
    ("actions", "takes", "expected"),
    [
        ("  a: {action: node, branches: {ok: a}}\n", (), "a:ok loop"),
        (ROUND.replace("web-service", "node"), (), "a:ok b:ok loop"),
        (ROUND, ("a=ok",), "a:ok b:ok a stopped"),
    ],
)
def test_an_action_again_with_nothing_new_to_decide_it_is_a_loop(
    actions: str, takes: tuple[str, ...], expected: str
) -> None:
    assert told(follow(scenario_of(actions), *takes).way) == expected


def test_a_calendar_that_comes_again_is_a_loop() -> None:
    end = end_of(hours("timezone: UTC, open: daily", "{open: a, closed: b}"), at=DAY)
    assert (end.ending, end.action, end.target) == (Ending.LOOP, "a", "a")
    assert end.place.line == 5


# -- endpoints and their failures ----------------------------------------------------------------


def to_endpoint(endpoint: str, branches: str) -> str:
    return f"{{action: distribution-to-sip-endpoint, {endpoint}branches: {{{branches}}}}}\n"


def test_an_endpoint_that_is_not_there_is_told() -> None:
    end = end_of(scenario_of(f"  a: {to_endpoint('endpoint: pbx-pariss, ', '')}"))
    assert (end.ending, end.reference, end.endpoint) == (Ending.ENDPOINT, "pbx-pariss", None)
    assert end.hint == 'did you mean "pbx-paris"?'
    end = end_of(scenario_of(f"  a: {to_endpoint('', '')}"))
    assert (end.reference, end.endpoint) == (None, None)
    assert end.why == "the action names no endpoint"


@pytest.mark.parametrize(
    ("branches", "expected"),
    [
        ("", []),
        ("processed: b", []),
        ("unprocessed: null, reference-not-found: null", []),
        ("reference-not-found: c, unprocessed: b", ["b action"]),
        ("reference-not-found: c, unprocessed: null", ["c action"]),
        ("unprocessed: d", ["missing"]),
        ("unprocessed: a", ["loop"]),
    ],
)
def test_a_failure_takes_the_first_of_the_catalogues_labels_that_leads_on(
    branches: str, expected: list[str]
) -> None:
    action = to_endpoint("endpoint: pbx-paris, ", branches)
    text = scenario_of(f"  a: {action}  b: {{action: node}}\n  c: {{action: node}}\n")
    assert [told(way) for way in follow(text).failures] == expected


def test_failures_are_followed_from_endpoint_to_endpoint() -> None:
    text = scenario_of(
        f"  a: {to_endpoint('endpoint: pbx-paris, ', 'unprocessed: x')}"
        "  x: {action: node, branches: {ok: b}}\n"
        f"  b: {to_endpoint('endpoint: pbx-lyon, ', 'unprocessed: a')}"
    )
    traced = follow(text)
    assert told(traced.way) == "a endpoint"
    assert [told(way) for way in traced.failures] == ["x:ok b endpoint", "loop"]


def test_a_failure_goes_on_with_what_is_left_of_the_same_call() -> None:
    text = SUPPORT.replace("unprocessed: queue, ref", "unprocessed: hours, ref")
    traced = follow(text, at=DAY, keys=("1", "2"))
    assert [told(way) for way in traced.failures] == ["hours:open menu:2 queue action"]


# -- the shape of it all -------------------------------------------------------------------------

LABELS = ("ok", "error", "default", "1", "open", "+3*", "unprocessed", "link-1")
ids = st.sampled_from(("a", "b", "c", "d"))
actions = st.fixed_dictionaries(
    {
        "action": st.sampled_from((*catalogue.known(), "crystal-ball")),
        "branches": st.dictionaries(
            st.sampled_from(LABELS), ids | st.sampled_from((None, "nowhere")), max_size=4
        ),
    },
    optional={
        "endpoint": st.sampled_from(("pbx-paris", "nix")),
        "open": st.sampled_from(("daily", [], "bad")),
        "value": st.sampled_from(("called", "caller", "x")),
    },
)
scenarios = st.fixed_dictionaries({"actions": st.dictionaries(ids, actions), "start": ids})
calls = st.fixed_dictionaries(
    {},
    optional={
        "called": st.sampled_from(("+33", "1")),
        "caller": st.sampled_from(("+33", "1")),
        "at": st.just(datetime.fromisoformat("2026-11-20T12:34Z")),
        "keys": st.lists(st.sampled_from("12"), max_size=4).map(tuple),
    },
)


def traced_of(document: Mapping[str, Any], call: Call) -> Trace:
    whole = {"reference": "support-in", "type": "interaction-start", **document}
    member = read_member(FILE, json.dumps(whole).encode())
    assert member.scenario is not None, member.findings
    return trace(member.scenario, member, call, ENDPOINTS)


@given(scenarios, calls)
def test_every_way_hangs_together_and_takes_alone_lead_along_it(
    document: dict[str, Any], known: dict[str, Any]
) -> None:
    traced = traced_of(document, Call(**known))
    ways = (traced.way, *traced.failures)
    for way in ways:
        for step, following in zip(way.steps, way.steps[1:], strict=False):
            assert step.branch is not None
            assert step.branch.target == following.action
        assert all(document["actions"][s.action]["branches"] for s in way.steps if s.branch)
        assert (way.end.ending in (Ending.END, Ending.LOOP, Ending.MISSING)) == (
            not way.steps or way.steps[-1].branch is not None
        )
    states = len(document["actions"]) * (len(known.get("keys", ())) + 1)
    assert sum(len(way.steps) for way in ways) <= states
    takes = tuple((s.action, s.branch.label) for s in traced.way.steps if s.branch)
    replayed = traced_of(document, Call(takes)).way
    assert [s.action for s in replayed.steps][: len(traced.way.steps)] == [
        s.action for s in traced.way.steps
    ]


def chain(length: int) -> str:
    lines = "".join(
        f"  n{n}: {{action: node, branches: {{ok: n{n + 1}}}}}\n" for n in range(length)
    )
    return scenario_of(f"{lines}  n{length}: {{action: node}}\n", start="n0")


def test_a_chain_far_deeper_than_pythons_stack_is_followed() -> None:
    traced = follow(chain(5_000))
    assert len(traced.way.steps) == 5_001
    assert traced.way.steps[-1].place.line == 5_005


def test_a_chain_of_failing_endpoints_is_followed_and_drawn() -> None:
    lines = "".join(
        f"  n{n}: {to_endpoint('endpoint: pbx-paris, ', f'unprocessed: n{n + 1}')}"
        for n in range(2000)
    )
    traced = follow(scenario_of(lines, start="n0"))
    assert len(traced.failures) == 2000
    assert traced.failures[-1].end.ending is Ending.MISSING
    assert len(picture(traced).splitlines()) > 2000


# -- for people ----------------------------------------------------------------------------------


def picture(traced: Trace) -> str:
    return "".join(text for text, _ in render.text(traced))


def test_a_way_is_drawn_in_aligned_columns_of_80() -> None:
    assert (
        picture(follow(SUPPORT, at=f"{DAY}+01:00", keys=("1",), caller="+44"))
        == """\
scenarios/support-in.yaml
called +33100000000, caller +44, at 2026-11-20 12:34+01:00, keys 1

   6  hours  Test a calendar               open  Fri 12:34 in Europe/Paris,
                                                 within Mon-Fri 08:00-19:00
  12  menu   Vocal announcement            1     key 1
  15  paris  Distribution to SIP endpoint
ends at pbx-paris, sip.paris.example.net:5070 (udp)

if it fails (branch unprocessed, line 18):
  19  queue  Distribution to a queue
ends at queue: none of its branches leads on
"""
    )


@pytest.mark.parametrize(
    ("text", "takes", "last"),
    [
        (
            SUPPORT,
            ("hours=open",),
            """\
stops at menu: no key is given
    14  1        paris
    14  2        queue
    14  default  queue
decide it with --key KEY or --take menu=LABEL
""",
        ),
        (
            SUPPORT,
            ("hours=open", "menu=1", "paris=processed"),
            "ends after paris: the branch ends the call (line 18)\n",
        ),
        (
            scenario_of(f"  a: {to_endpoint('endpoint: pbx-lyon, ', '')}"),
            (),
            """\
ends at pbx-lyon, [2001:db8::10]:5061 (default port, tls)
if it fails, the call ends: no failure branch leads on
""",
        ),
        (
            scenario_of(f"  a: {to_endpoint('endpoint: pbx-pari, ', 'unprocessed: b')}"),
            (),
            """\
ends at pbx-pari: there is no endpoint "pbx-pari" that can be read
did you mean "pbx-paris"?

if it fails (branch unprocessed, line 5):
leads nowhere (line 5): there is no action "b"
""",
        ),
        (
            scenario_of("  a: {action: node, branches: {ok: a}}\n"),
            (),
            "never ends: at a (line 5) the call is there again, and nothing new decides its way\n",
        ),
        (
            hours("open: [daily]", "{open: b, closed: null}"),
            (),
            """\
stops at a: the time of the call is not given
     5  open    b
     5  closed  ends the call
decide it with --at TIME or --take a=LABEL
""",
        ),
        (
            numbers(None),
            (),
            """\
stops at a: the action does not say which number it tests
     5  +33*     b
     5  default  c
in the file: add `value: called` or `value: caller` to it
decide it with --called NUMBER or --caller NUMBER or --take a=LABEL
""",
        ),
    ],
)
def test_an_end_is_told_with_what_helps(text: str, takes: tuple[str, ...], last: str) -> None:
    drawn = picture(follow(text, *takes))
    assert drawn.endswith(last)
    assert render.ended(follow(text, *takes).way.end) in drawn


def test_reasons_stand_below_where_names_are_long() -> None:
    long = "a-rather-long-name-for-an-action-here"
    drawn = picture(follow(hours("timezone: UTC, open: daily").replace(" a", f" {long}"), at=DAY))
    assert drawn.splitlines()[3:6] == [
        f"  5  {long}  Test a calendar  open",
        "     Fri 12:34 in UTC, within daily",
        f"  6  {'b':<{len(long)}}  Node",
    ]


def test_nothing_in_a_file_reaches_the_terminal_as_a_command() -> None:
    text = scenario_of('  a: {action: "x\\e[31m", branches: {"\\e[2J": "\\e]0;b"}}\n')
    for takes in ((), ("a=\x1b[2J",)):
        assert "\x1b" not in picture(follow(text, *takes))


# -- the command ---------------------------------------------------------------------------------

PARIS = "reference: pbx-paris\nhost: sip.paris.example.net\nport: 5070\n"


@pytest.fixture
def support(workspace: Path, git: Git) -> Path:
    """A workspace with the example."""
    for name, text in {FILE: SUPPORT, "endpoints/pbx-paris.yaml": PARIS}.items():
        (workspace / name).parent.mkdir(exist_ok=True)
        (workspace / name).write_text(text)
    git("add", ".")
    git("commit", "--quiet", "--message=Add the support line")
    return workspace


TRACE = ("scenario", "trace", "support-in")


def test_trace_shows_the_way_and_the_server(support: Path, sipctl: Program) -> None:
    result = sipctl(*TRACE, "--at", DAY, "--key", "1", "--expect", "pbx-paris")
    assert "ends at pbx-paris, sip.paris.example.net:5070 (udp)" in result.lines
    assert result.err == ""
    assert [line for line in result.lines if len(line) > 80] == []


def test_an_expectation_that_is_not_met_is_status_1(support: Path, run: Program) -> None:
    result = run(*TRACE, "--at", NIGHT, "--expect", "pbx-paris", check=1)
    assert "night  Transfer to a phone number" in result.out
    assert result.err == (
        'sipctl: expected to end at "pbx-paris", but the call ends at night: '
        "none of its branches leads on\n"
    )
    (support / "endpoints" / "pbx-lyon.yaml").write_text("reference: pbx-lyon\nhost: 192.0.2.1\n")
    result = run(*TRACE, "--at", DAY, "--key", "1", "--expect", "pbx-lyon", check=1)
    assert "but the call ends at pbx-paris, sip.paris.example.net:5070 (udp)" in result.err
    result = run(*TRACE, "--expect", "pbx-paris", check=1)
    assert "but the call stops at hours: the time of the call is not given" in result.err


def test_a_trace_that_stops_is_no_failure(support: Path, run: Program) -> None:
    assert "stops at hours" in run(*TRACE).out


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        (("--expect", "pbx-pari"), 3, 'did you mean "pbx-paris"?'),
        (("--take", "hour=open"), 3, 'did you mean "hours"?'),
        (("--take", "hours=opened"), 3, 'did you mean "open"? there are the branches'),
        (("--take", "hours"), 2, "is not ACTION=LABEL"),
        (("--at", "tomorrow"), 2, '"tomorrow" is not a date and a time'),
        (("--at", "2026-03-29 02:30"), 3, "the clocks skip it"),
        (("--key", "x"), 2, '"x" is not a key'),
        (("-o", "csv"), 2, '"csv" is not an output format'),
        (("--called", "+49301234"), 3, '"+49301234" does not lead to "support-in"'),
        (("--called", "+49301234"), 3, 'there are the entry points "+33100000000"'),
        (("--called", "reception"), 3, '"reception" is not a number in the form of E.164'),
        (("--called", "0033100000000"), 3, "write + and at most 15 digits"),
        (("--called", ""), 3, '"" is not a number'),
    ],
)
def test_what_cannot_be_is_refused_before_anything_is_printed(
    support: Path, run: Program, arguments: tuple[str, ...], status: int, words: str
) -> None:
    result = run(*TRACE, *arguments, check=status)
    assert words in result.err
    assert result.out == ""


def test_without_entry_points_any_number_may_be_called(support: Path, run: Program) -> None:
    file = support / FILE
    file.write_text(re.sub("entry_points: .*\n", "", file.read_text()))
    trace = run(*TRACE, "--called", "+49301234", "-o", "json").json["trace"]
    assert trace["call"]["called"] == "+49301234"
    assert "is not a number" in run(*TRACE, "--called", "reception", check=3).err


def test_an_unknown_scenario_is_refused_with_the_nearest(support: Path, run: Program) -> None:
    result = run("scenario", "trace", "support-inn", check=3)
    assert 'did you mean "support-in"?' in result.err


def test_what_was_not_used_is_noted(support: Path, run: Program) -> None:
    takes = ("--take", "hours=closed", "--take", "hours=open", "--take", "menu=2")
    result = run(*TRACE, *takes, "--key", "12")
    assert result.err.splitlines() == [
        'sipctl: "hours=open" was not taken: the call does not come there again',
        'sipctl: "menu=2" was not taken: the call does not come there',
        "sipctl: no menu asked for keys 1 2",
    ]


def test_json_tells_every_step_the_end_and_the_failures(support: Path, run: Program) -> None:
    document = run(*TRACE, "--at", DAY, "--key", "1", "-o", "json").json
    assert list(document) == ["version", "trace"]
    traced = document["trace"]
    assert traced["call"] == {
        "called": "+33100000000",
        "caller": None,
        "at": "2026-11-20T12:34:00",
        "keys": ["1"],
        "takes": [],
    }
    assert traced["steps"][1] == {
        "action": "menu",
        "type": "vocal-announcement",
        "name": "Vocal announcement",
        "file": FILE,
        "line": 12,
        "column": 3,
        "branch": {"label": "1", "target": "paris", "file": FILE, "line": 14, "column": 16},
        "reason": "key 1",
    }
    assert traced["end"]["kind"] == "endpoint"
    assert traced["end"]["endpoint"] == {
        "reference": "pbx-paris",
        "exists": True,
        "host": "sip.paris.example.net",
        "port": 5070,
        "port_given": True,
        "transport": "udp",
    }
    (failure,) = traced["failures"]
    assert failure["branch"]["label"] == "unprocessed"
    assert (failure["end"]["kind"], failure["end"]["action"]) == ("action", "queue")


def test_json_of_a_stop_lists_the_choices(support: Path, run: Program) -> None:
    end = run(*TRACE, "-o", "json").json["trace"]["end"]
    assert (end["kind"], end["endpoint"]) == ("stopped", None)
    assert [(c["label"], c["target"]) for c in end["choices"]] == [
        ("open", "menu"),
        ("closed", "night"),
    ]
    assert end["arguments"] == ["--at TIME", "--take hours=LABEL"]


def test_json_says_what_is_not_known_of_an_endpoint(support: Path, run: Program) -> None:
    (support / "endpoints" / "pbx-paris.yaml").unlink()
    arguments = ("--take", "hours=open", "--take", "menu=1")
    endpoint = run(*TRACE, *arguments, "-o", "json").json["trace"]["end"]["endpoint"]
    assert endpoint == {
        "reference": "pbx-paris",
        "exists": False,
        "host": None,
        "port": None,
        "port_given": False,
        "transport": None,
    }


def test_json_tells_a_default_port_from_one_that_is_given(support: Path, run: Program) -> None:
    (support / "endpoints" / "pbx-paris.yaml").write_text(
        "reference: pbx-paris\nhost: sip.paris.example.net\ntransport: tls\n"
    )
    arguments = ("--take", "hours=open", "--take", "menu=1")
    endpoint = run(*TRACE, *arguments, "-o", "json").json["trace"]["end"]["endpoint"]
    assert (endpoint["port"], endpoint["port_given"]) == (5061, False)
    assert endpoint["transport"] == "tls"


def test_yaml_says_the_same_as_json(support: Path, run: Program) -> None:
    from ruamel.yaml import YAML

    arguments = (*TRACE, "--at", DAY, "--key", "1", "-o")
    written = YAML(typ="safe", pure=True).load(run(*arguments, "yaml").out)
    assert written == run(*arguments, "json").json


def test_the_clock_is_looked_at_when_the_user_says_so(support: Path, run: Program) -> None:
    document = run(*TRACE, "--at", "now", "-o", "json").json
    at = datetime.fromisoformat(document["trace"]["call"]["at"])
    assert at.utcoffset() is not None
    assert document["trace"]["steps"][0]["branch"] is not None


def test_colours_are_for_terminals(support: Path, terminal: Terminal, sipctl: Program) -> None:
    screen = terminal(*TRACE, "--at", DAY, "--key", "1")
    assert "\x1b[1;32mpbx-paris" in screen.raw
    assert screen.text == sipctl(*TRACE, "--at", DAY, "--key", "1").out


def test_a_scenario_of_2000_actions_is_traced(support: Path, sipctl: Program) -> None:
    (support / FILE).write_text(chain(2000))
    result = sipctl(*TRACE)
    assert result.lines[-1] == "ends at n2000: it has no branches"
    assert len(sipctl(*TRACE, "-o", "json").json["trace"]["steps"]) == 2001
