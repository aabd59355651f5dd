"""What a change does to calls: told by number, labels and what is reached now; and against what."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from sipctl.changes import ABSENT
from sipctl.diff.comparison import _ignore_changes, compare
from sipctl.diff.consequences import Impact, impact, sentence
from sipctl.diff.detours import _ON_CALLS, Spot, Stop, Version, Weight
from sipctl.findings import Place
from sipctl.inventory import Inventory
from sipctl.kinds import SCENARIO
from sipctl.render import markdown
from sipctl.render import plan as render
from sipctl.scenarios.scenario import Action, Scenario
from tests import keys
from tests.comparing import FILES, PARIS, SETTINGS, SUPPORT, changed, state, workspaces
from tests.conftest import Git, Program
from tests.support import steps

Files = Mapping[str, str | bytes]


def between(old: Files, new: Files) -> Impact:
    one, other = state(old), state(new)
    return impact(one, other, compare(one, other))


def calls(old: Files, new: Files) -> list[str]:
    """The consequences as sentences, each after the letter of its weight."""
    found = between(old, new).consequences
    return [f"{one.weight.value[0]} {render.plain(sentence(one))}" for one in found]


def cautions(old: Files, new: Files) -> list[str]:
    return [render.plain(caution.what) for caution in between(old, new).cautions]


def plan(old: Files, new: Files) -> str:
    one, other = state(old), state(new)
    found = compare(one, other)
    return "".join(text for text, _ in render.plan("main", impact(one, other, found), found))


# -- an endpoint changes -------------------------------------------------------------------------

TO_PARIS = "calls to +33100000000, hours open, menu key 2, will go to"
SERVER = "sip.paris.example.net:5060"


@pytest.mark.parametrize(
    ("replacement", "told"),
    [
        ({"5060": "5061"}, f"w {TO_PARIS} sip.paris.example.net:5061 instead of {SERVER}"),
        ({"sip.paris": "sip2"}, f"d {TO_PARIS} sip2.example.net:5060 instead of {SERVER}"),
        ({"sip.paris.example.net": "2001:db8::1"}, f"d {TO_PARIS} [2001:db8::1]:5060 instead of"),
        ({"port: 5060": "transport: tls"}, f"w {TO_PARIS} sip.paris.example.net:5061 (default "),
        (
            {"port: 5060": "port: 5060\ntransport: tcp"},
            f"w {TO_PARIS} {SERVER} (tcp) instead of {SERVER} (udp)",
        ),
        ({"port: 5060\n": ""}, f"w {TO_PARIS} {SERVER} (default port, udp) instead of {SERVER} (u"),
        ({"port: 5060": "port: 5060\ncodecs: [ulaw]"}, f"w {TO_PARIS} {SERVER} with other codecs"),
        ({"_PASSWORD": "_OTHER", "0001": "0002"}, f"w {TO_PARIS} {SERVER} with other username and"),
        (
            {"5060": "5061\nrealm: x"},
            f"w {TO_PARIS} sip.paris.example.net:5061 instead of {SERVER} with other realm",
        ),
    ],
)
def test_calls_to_a_changed_endpoint_are_told_by_number_and_labels(
    replacement: dict[str, str], told: str
) -> None:
    [line] = calls(FILES, changed(FILES, pbx_paris=replacement))
    assert line.startswith(told)


@pytest.mark.parametrize(
    ("replacement", "told"),
    [
        ({"5060": "5060\ntags: [paris]"}, "changes in tags; calls go as before"),
        ({"sip.paris": "SIP.Paris"}, "changes in host; calls go as before"),
        ({"5060": "5060\nx-a: 1\ndescription: A"}, "changes in description, x-a; calls go as "),
    ],
)
def test_what_no_call_notices_is_told_as_that(replacement: dict[str, str], told: str) -> None:
    [line] = calls(FILES, changed(FILES, pbx_paris=replacement))
    assert line.startswith(f"n endpoint pbx-paris {told}")


def test_an_endpoint_that_no_scenario_names_is_told_last() -> None:
    lyon = PARIS.replace("paris", "lyon")
    old = {**FILES, "endpoints/pbx-lyon.yaml": lyon}
    new = changed(old, pbx_lyon={"5060": "5070"}, pbx_paris={"5060": "5070"})
    assert calls(old, new)[1] == "n endpoint pbx-lyon changes in port; no call comes to it"
    assert calls(FILES, old) == ["n endpoint pbx-lyon is new; no call comes to it"]
    assert calls(old, FILES) == ["n endpoint pbx-lyon is gone; no call comes to it"]


def test_what_cannot_be_read_leaves_open_whether_calls_come() -> None:
    lyon = PARIS.replace("paris", "lyon")
    blind = {**FILES, "scenarios/night.yaml": "start: ["}
    told = "is new; whether a call comes to it cannot be told: scenarios/night.yaml cannot be read"
    new = {**blind, "endpoints/pbx-lyon.yaml": lyon}
    night = "n scenario night is new; it cannot be read"
    assert calls(FILES, new) == [f"n endpoint pbx-lyon {told}", night]
    assert calls(blind, new) == [f"n endpoint pbx-lyon {told}"]
    new = {**FILES, "endpoints/pbx-lyon.yaml": "host: ["}
    assert calls(FILES, new) == ["n endpoint pbx-lyon is new; it cannot be read"]


def test_two_spellings_of_one_address_are_one_server() -> None:
    old = changed(FILES, pbx_paris={"sip.paris.example.net": "2001:db8::1"})
    new = changed(FILES, pbx_paris={"sip.paris.example.net": "2001:DB8:0::1"})
    assert calls(old, new) == ["n endpoint pbx-paris changes in host; calls go as before"]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (None, "there is no endpoint pbx-paris"),
        ("host: [", "the file of the endpoint pbx-paris cannot be read"),
        ("reference: pbx-paris\n", "the endpoint pbx-paris has no host"),
    ],
)
def test_calls_to_an_endpoint_that_is_no_longer_there_come_first(
    text: str | None, reason: str
) -> None:
    new = {p: t for p, t in FILES.items() if "paris" not in p}
    if text is not None:
        new["endpoints/pbx-paris.yaml"] = text
    line = calls(FILES, new)[0]
    where = TO_PARIS.removesuffix("go to")
    assert line == f"s {where}reach nothing: {reason} instead of pbx-paris"


def test_an_endpoint_that_was_not_there_before_either_is_no_consequence() -> None:
    old = changed(FILES, support_in={"endpoint: pbx-paris": "endpoint: nobody"})
    assert {line[0] for line in calls(old, changed(old, support_in={"Support in": "In"}))} == {"n"}
    new = changed(old, support_in={"nobody": "nobody-else"})
    assert calls(old, new)[0].endswith("there is no endpoint nobody-else instead of nothing")


def test_a_renamed_endpoint_is_no_other_server() -> None:
    new = changed(FILES, support_in={"pbx-paris": "trunk"})
    new["endpoints/trunk.yaml"] = new.pop("endpoints/pbx-paris.yaml").replace("pbx-paris", "trunk")
    assert calls(FILES, new) == [
        "n endpoint pbx-paris is now called trunk; calls go as before",
        "n scenario support-in changes in actions.paris.endpoint; calls go as before",
    ]


# -- a scenario changes --------------------------------------------------------------------------

OPEN = "calls to +33100000000, hours open"


@pytest.mark.parametrize(
    ("replacement", "told"),
    [
        (
            {'"2": paris': '"2": queue'},
            (f"d {OPEN}, menu key 2, will reach queue support instead of pbx-paris"),
        ),
        (
            {'"1": queue': '"1": null'},
            (f"s {OPEN}, menu key 1, will end (hear silence) instead of queue support"),
        ),
        ({'"1": queue, ': ""}, []),
        ({'"1": queue, "2": paris, ': '"1": queue, '}, f"d {OPEN}, menu key 2, will reach queue "),
        (
            {", default: queue": ""},
            (
                f"s {OPEN}, menu default, will end (hear silence) as no branch "
                "is written instead of queue support"
            ),
        ),
        (
            {"closed: night": "closed: nihgt"},
            (
                "s calls to +33100000000, hours closed, will reach "
                "nothing: there is no action nihgt instead of night (Voicemail)"
            ),
        ),
        (
            {"queue: support": "queue: sales"},
            (
                f"d {OPEN}, menu key 1, will reach queue sales instead"
                " of queue support (and by 3 more branches)"
            ),
        ),
        (
            {"08:00": "09:00"},
            (
                "d calls to +33100000000 will be sent on by other rules at hours (Test"
                " a calendar): open Mon-Fri 08:00-19:00 -> Mon-Fri 09:00-19:00"
            ),
        ),
        (
            {"vocal-announcement": "vocal-announcement\n    message: b"},
            (f"w {OPEN}, will find another menu (Vocal announcement): message - -> b"),
        ),
        ({"start: hours": "start: menu"}, "d calls to +33100000000 will reach menu (Vocal "),
        (
            {"start: hours\n": ""},
            (
                "s calls to +33100000000 will reach nothing: the scenario has no "
                "start instead of hours (Test a calendar)"
            ),
        ),
        (
            {"start: hours": "start: huors"},
            ("s calls to +33100000000 will reach nothing: there is no action huors"),
        ),
        (
            {"processed: null, u": "processed: night, u"},
            (
                f"d {OPEN}, menu key 2, paris processed, "
                "will reach night (Voicemail) instead of ending"
            ),
        ),
        (
            {"ok: null": "ok: paris"},
            (
                "d calls to +33100000000, hours closed, night ok, will go to "
                f"{SERVER} instead of ending"
            ),
        ),
        (
            {"{processed: null}": "{processed: null, overflow: night}"},
            (
                f"d {OPEN}, menu key 1, queue"
                " overflow, will reach night (Voicemail), where no branch was written"
            ),
        ),
        (
            {"unprocessed: queue": "unprocessed: null"},
            (
                f"s {OPEN}, menu key 2, paris unprocessed, "
                "will end (hear silence) instead of queue support"
            ),
        ),
        (
            {"type: interaction-start": "type: interaction-end"},
            (
                "d calls to +33100000000 come here "
                "at another time: the type is interaction-end and was interaction-start"
            ),
        ),
        (
            {"action: voicemail": "action: recording"},
            (
                "d calls to +33100000000, hours closed, will "
                "reach night (Recording) instead of night (Voicemail)"
            ),
        ),
        (
            {"action: voicemail": "action: voicemail, box: 7, password: hunter2"},
            (
                "w calls to +33100000000, hours closed, will find another night (Voicemail): "
                "box - -> 7, password - -> ***"
            ),
        ),
    ],
)
def test_a_branch_that_leads_elsewhere_is_told(
    replacement: dict[str, str], told: str | list[str]
) -> None:
    found = [
        line for line in calls(FILES, changed(FILES, support_in=replacement)) if line[0] != "n"
    ]
    assert [line[: len(told)] for line in found[:1]] == ([told] if told else [])


def test_a_served_call_may_end() -> None:
    old = changed(FILES, support_in={"processed: null, u": "processed: night, u"})
    assert calls(old, FILES) == [
        f"d {OPEN}, menu key 2, paris processed, will end instead of night (Voicemail)"
    ]


def test_every_branch_that_changes_is_told_by_itself() -> None:
    new = changed(FILES, support_in={'"2": paris, default: queue': '"2": null, default: null'})
    new = changed(new, support_in={'"1": queue': '"1": null'})
    assert [line.split(", will")[0] for line in calls(FILES, new)] == [
        f"s {OPEN}, menu key 1",
        f"s {OPEN}, menu key 2",
        f"s {OPEN}, menu default",
    ]


def test_the_other_branches_by_which_calls_come_there_are_counted() -> None:
    old = changed(FILES, support_in={"ok: null, error: null": "ok: menu, error: menu"})
    new = changed(old, support_in={'"1": queue': '"1": null'})
    assert calls(old, new)[0].endswith("instead of queue support (and by 2 more branches)")


def test_an_action_with_another_id_alone_is_no_other_way() -> None:
    new = dict(FILES)
    new["scenarios/support-in.yaml"] = SUPPORT.replace(": queue", ": line").replace(
        "  queue: {", "  line: {"
    )
    assert [line[0] for line in calls(FILES, new)] == ["n"]


def test_an_action_in_between_is_told_and_hides_nothing_behind_it() -> None:
    node = "  between: {action: node, branches: {ok: menu}}\n"
    new = changed(FILES, support_in={"open: menu": "open: between"}, pbx_paris={"5060": "5061"})
    new["scenarios/support-in.yaml"] += node
    there = calls(FILES, new)
    assert there == [
        f"w {OPEN}, will pass between (Node) before menu",
        f"w {TO_PARIS} sip.paris.example.net:5061 instead of {SERVER}",
    ]
    back = calls(new, FILES)
    assert back[0] == f"w {OPEN}, will no longer pass between (Node) before menu"
    assert len(back) == 2


def test_a_calendar_in_between_may_lead_calls_elsewhere() -> None:
    lunch = "  lunch: {action: test-calendar, branches: {open: menu, closed: night}}\n"
    new = changed(FILES, support_in={"open: menu": "open: lunch"})
    new["scenarios/support-in.yaml"] += lunch
    assert calls(FILES, new) == [f"d {OPEN}, will pass lunch (Test a calendar) before menu"]


def test_the_order_of_patterns_is_told() -> None:
    lang = "  lang: {{action: test-value, value: caller, branches: {{{}}}}}\n"
    old, new = (
        {
            **FILES,
            "scenarios/support-in.yaml": SUPPORT.replace("closed: night", "closed: lang")
            + lang.format(branches),
        }
        for branches in ("'+331*': paris, '+33*': queue", "'+33*': queue, '+331*': paris")
    )
    assert calls(old, new) == [
        (
            "d calls to +33100000000, hours closed, will be sent on by other rules at lang (Test a "
            "value): order of patterns +331*, +33* -> +33*, +331*"
        )
    ]


def test_what_no_call_comes_to_is_no_way() -> None:
    loose = "  loose: {action: distribution-to-sip-endpoint, endpoint: pbx-paris}\n"
    old = changed(FILES, support_in={'"2": paris, ': ""})
    old["scenarios/support-in.yaml"] += loose
    new = changed(old, pbx_paris={"5060": "5061"}, support_in={"  loose": "  looser"})
    assert {line[0] for line in calls(old, new)} == {"n"}


def test_a_scenario_with_other_faults_is_followed_all_the_same() -> None:
    old = changed(FILES, support_in={'["+33100000000"]': "[33]", "reference: ": "reference: x\n#"})
    new = changed(old, pbx_paris={"5060": "5061"})
    assert state(old).inventory.scenarios == {}
    assert calls(old, new)[0].startswith("w calls to 33, hours open, menu key 2, will go to")


def test_a_scenario_without_numbers_is_told_by_its_reference() -> None:
    old = changed(FILES, support_in={'entry_points: ["+33100000000"]\n': ""})
    new = changed(old, pbx_paris={"5060": "5061"})
    assert calls(old, new)[0].startswith("w calls in scenario support-in, hours open, menu key 2,")


# -- numbers -------------------------------------------------------------------------------------

SALES = SUPPORT.replace("support-in", "sales").replace("+33100000000", "+33100000001")
TWO = {**FILES, "scenarios/sales.yaml": SALES.replace("Support", "Sales")}
NUMBER = "number +33100000001"


def with_sales(text: str | None) -> dict[str, str]:
    rest = {path: body for path, body in TWO.items() if "sales" not in path}
    return rest if text is None else {**rest, "scenarios/sales.yaml": text}


def test_a_number_that_leads_nowhere_now_comes_first() -> None:
    told = f"s {NUMBER} no longer leads anywhere (scenario sales before)"
    assert calls(TWO, with_sales(None))[0] == told
    assert calls(TWO, with_sales(SALES.replace('"+33100000001"', "")))[0] == told


def test_a_number_that_is_new_is_told() -> None:
    assert calls(with_sales(None), TWO) == [f"d {NUMBER} now leads to scenario sales"]
    silent = with_sales("reference: sales\nentry_points: ['+33100000001']\n")
    told = f"s {NUMBER} now leads to scenario sales, which has no start"
    assert calls(with_sales(None), silent) == [told]


@pytest.mark.parametrize(("text", "weight"), [(SUPPORT, "w"), ("x: {}\n", "s")])
def test_a_number_that_leads_to_another_scenario_is_told(text: str, weight: str) -> None:
    numbers = '["+33100000000", "+33100000001"]'
    new = with_sales(SALES.replace('"+33100000001"', ""))
    text = text.replace('["+33100000000"]', numbers).replace("x: {}", f"entry_points: {numbers}")
    new["scenarios/support-in.yaml"] = text
    told = f"{weight} {NUMBER} leads to scenario support-in instead of scenario sales"
    assert [line for line in calls(TWO, new) if line.startswith(told)]


def test_a_number_that_leads_to_another_way_is_told_as_that() -> None:
    numbers = '["+33100000000", "+33100000001"]'
    new = with_sales(SALES.replace('"+33100000001"', ""))
    text = SUPPORT.replace('["+33100000000"]', numbers).replace("support\n", "all\n")
    new["scenarios/support-in.yaml"] = text.replace('"2": paris', '"2": null')
    assert f"d {NUMBER} leads to scenario support-in instead of scenario sales" in calls(TWO, new)


def test_many_numbers_that_move_together_are_one_line() -> None:
    many = ", ".join(f'"+3320000{n:04}"' for n in range(500))
    old = with_sales(SALES.replace('"+33100000001"', many))
    lines = calls(old, with_sales(None))
    assert lines[0].startswith("s numbers +33200000000 and 499 more no longer lead anywhere (sc")


def test_a_renamed_scenario_is_followed() -> None:
    new = {p: t for p, t in TWO.items() if "sales" not in p}
    new["scenarios/shop.yaml"] = TWO["scenarios/sales.yaml"].replace("ence: sales", "ence: shop")
    assert calls(TWO, new) == ["n scenario sales is now called shop; calls go as before"]
    new["scenarios/shop.yaml"] = new["scenarios/shop.yaml"].replace('"1": queue', '"1": null')
    assert calls(TWO, new)[0].startswith(
        "s calls to +33100000001, hours open, menu key 1, will end"
    )


def test_a_number_of_two_scenarios_is_told() -> None:
    both = with_sales(SALES.replace("+33100000001", "+33100000000"))
    told = "d number +33100000000 leads to scenarios sales and support-in instead of scenario supp"
    assert [line for line in calls(with_sales(None), both) if line.startswith(told)]


def test_a_scenario_that_goes_without_a_number_is_told() -> None:
    survey = "reference: survey\nstart: a\nactions: {a: {action: voicemail}}\n"
    told = "calls in scenario survey will reach nothing: the scenario is gone"
    assert calls({**FILES, "scenarios/survey.yaml": survey}, FILES) == [f"s {told}"]
    empty = {**FILES, "scenarios/survey.yaml": "reference: survey\n"}
    assert calls(empty, FILES) == ["n scenario survey is gone; no call comes to it"]


def test_a_scenario_that_cannot_be_read_is_told_and_its_numbers_are_not_lost() -> None:
    broken = with_sales("start: [\n")
    told = "calls to +33100000001 go ways that cannot be told: the file cannot be read"
    assert calls(TWO, broken) == [f"s {told}"]
    told = "calls to +33100000001 go ways that cannot be compared: the former file could not be"
    assert calls(broken, TWO)[0].startswith(f"d {told}")
    assert calls(broken, broken) == []


# -- what calls do not notice, and whether they go as before ---------------------------------------


def of_rest(old: Files, new: Files) -> list[str]:
    """The sentences about a file itself: those of endpoint pbx-paris, without its name."""
    found = [render.plain(sentence(one)) for one in between(old, new).consequences]
    start = "endpoint pbx-paris "
    return [line.removeprefix(start) for line in found if line.startswith(start)]


MOVED = {"5060": "5061"}
TAGGED = {"5060": "5060\ntags: [a]"}
UNREADABLE = {"host: ": "host: ["}
GONE: dict[str, str] = {}
SURVEY = (
    "reference: survey\nstart: a\n"
    "actions: {a: {action: distribution-to-sip-endpoint, endpoint: pbx-paris}}\n"
)
LOST = "no call comes to it any more"
OTHERS = "not all calls go as before, see above"


def with_paris(files: Mapping[str, str], replacement: Mapping[str, str]) -> dict[str, str]:
    """The files with another endpoint pbx-paris, or without it."""
    if not replacement:
        return {p: t for p, t in files.items() if p != "endpoints/pbx-paris.yaml"}
    return changed(files, pbx_paris=replacement)


@pytest.mark.parametrize("number", ["", '"+33100000000"'])
@pytest.mark.parametrize(
    ("replacement", "told"),
    [(MOVED, "changes in port"), (TAGGED, "changes in tags"), (GONE, "is gone")],
)
def test_no_call_comes_to_an_endpoint_whose_scenario_is_gone(
    replacement: dict[str, str], told: str, number: str
) -> None:
    old = changed(FILES, support_in={'"+33100000000"': number})
    new = with_paris({p: t for p, t in old.items() if "support" not in p}, replacement)
    assert of_rest(old, new) == [f"{told}; {LOST}"]
    other = "reference: other\nentry_points: ['+33100000000']\n"
    assert of_rest(old, {**new, "scenarios/other.yaml": other}) == [f"{told}; {LOST}"]


def test_calls_of_a_number_that_moves_to_another_scenario_do_not_go_as_before() -> None:
    moved = {p: t for p, t in FILES.items() if "support" not in p}
    moved["scenarios/desk.yaml"] = (
        "reference: desk\nentry_points: ['+33100000000']\nstart: a\n"
        "actions: {a: {action: distribution-to-sip-endpoint, endpoint: pbx-paris}}\n"
    )
    assert of_rest(FILES, with_paris(moved, TAGGED)) == [f"changes in tags; {OTHERS}"]
    told = "s endpoint pbx-paris is gone; calls that come to it reach nothing"
    assert of_rest(FILES, with_paris(moved, UNREADABLE)) == ["changes; it cannot be read"]
    unread = {**FILES, "scenarios/support-in.yaml": "start: [\n"}
    assert told in calls(unread, with_paris(FILES, GONE))
    assert told in calls(FILES, with_paris(moved, GONE))
    assert told.replace("is gone", "changes in host") in calls(
        FILES, with_paris(moved, {"host: sip.paris.example.net\n": ""})
    )


def test_calls_of_a_number_that_comes_are_told_of_the_endpoint_too() -> None:
    assert "n endpoint pbx-paris is new; calls come to it now" in calls({}, FILES)
    more = changed(FILES, support_in={"]\nstart": ', "+332"]\nstart'})
    assert of_rest(FILES, with_paris(more, TAGGED)) == [f"changes in tags; {OTHERS}"]
    without = changed(FILES, support_in={'"+33100000000"': ""})
    assert of_rest({}, without) == ["is new; no number leads to it"]
    assert "n scenario support-in is new; no number leads to it" in calls({}, without)


@pytest.mark.parametrize(
    "replacement",
    [
        {"08:00": "09:00"},
        {"start: hours": "start: menu"},
        {"vocal-announcement": "vocal-announcement\n    message: b"},
        {"type: interaction-start": "type: interaction-end"},
        {"action: test-calendar": "action: load-sharing", "open: menu": "link-1: menu"},
        {"menu:\n": "ask:\n", "open: menu": "open: ask", "vocal-announcement": "capture-dtmf"},
    ],
)
def test_what_changes_above_an_endpoint_changes_the_calls_to_it(
    replacement: dict[str, str],
) -> None:
    new = with_paris(changed(FILES, support_in=replacement), TAGGED)
    assert of_rest(FILES, new) == [f"changes in tags; {OTHERS}"]
    assert of_rest(new, FILES) == [f"changes in tags; {OTHERS}"]


def test_a_way_to_an_endpoint_that_comes_or_goes_beside_another_one_is_no_way_as_before() -> None:
    more = changed(FILES, support_in={"closed: night": "closed: on"})
    more["scenarios/support-in.yaml"] += "  on: {action: node, branches: {ok: paris}}\n"
    assert of_rest(FILES, with_paris(more, TAGGED)) == [f"changes in tags; {OTHERS}"]
    assert of_rest(more, with_paris(FILES, TAGGED)) == [f"changes in tags; {OTHERS}"]
    survey = {"scenarios/survey.yaml": SURVEY}
    assert of_rest({**FILES, **survey}, with_paris(FILES, TAGGED)) == [f"changes in tags; {OTHERS}"]
    taken = {"scenarios/survey.yaml": "reference: survey\nentry_points: ['+33100000000']\n"}
    taken = {**with_paris(FILES, TAGGED), **taken}
    taken = changed(taken, support_in={'"+33100000000"': ""})
    assert of_rest(FILES, taken) == [f"changes in tags; {OTHERS}"]


@pytest.mark.parametrize(
    ("replacement", "told"),
    [(MOVED, "changes in port"), (TAGGED, "changes in tags"), (GONE, "is gone")],
)
def test_no_call_comes_to_what_is_behind_a_branch_that_is_gone(
    replacement: dict[str, str], told: str
) -> None:
    new = with_paris(changed(FILES, support_in={"open: menu": "open: night"}), replacement)
    assert of_rest(FILES, new) == [f"{told}; {LOST}"]


def test_what_changes_beside_an_endpoint_leaves_the_calls_to_it() -> None:
    new = changed(FILES, support_in={'"1": queue': '"1": null', "closed: night": "closed: queue"})
    assert of_rest(FILES, with_paris(new, TAGGED)) == ["changes in tags; calls go as before"]


def test_an_action_that_names_another_endpoint_brings_no_calls_any_more() -> None:
    twin = {**FILES, "endpoints/twin.yaml": PARIS.replace("pbx-paris", "twin")}
    new = changed(twin, support_in={"endpoint: pbx-paris": "endpoint: twin"}, twin={"5060": "5062"})
    assert of_rest(twin, with_paris(new, TAGGED)) == []  # told as `instead of`
    new = changed(new, twin={"5062": "5060\ntags: [b]"})
    assert of_rest(twin, with_paris(new, MOVED)) == [f"changes in port; {LOST}"]
    told = "n endpoint twin changes in tags; calls come to it now"
    assert told in calls(twin, new)


def test_calls_of_a_renamed_scenario_go_as_before_to_its_endpoints() -> None:
    new = {p: t for p, t in FILES.items() if "support" not in p}
    new["scenarios/desk.yaml"] = SUPPORT.replace("support-in", "desk")
    assert of_rest(FILES, with_paris(new, TAGGED)) == ["changes in tags; calls go as before"]
    renamed = {
        p.replace("pbx-paris", "trunk"): t.replace("pbx-paris", "trunk") for p, t in new.items()
    }
    assert "n endpoint pbx-paris is now called trunk; calls go as before" in calls(FILES, renamed)
    del renamed["scenarios/desk.yaml"]
    assert of_rest(FILES, renamed) == [f"is now called trunk; {LOST}"]


def test_an_action_that_no_call_comes_to_brings_none_to_its_endpoint() -> None:
    old = changed(FILES, support_in={'"2": paris, ': ""})
    assert of_rest(old, with_paris(old, MOVED)) == ["changes in port; no call comes to it"]


def test_beside_a_scenario_that_cannot_be_read_nothing_is_said_to_go_as_before() -> None:
    path = "scenarios/night.yaml"
    night, broken = ({path: SALES.replace("sales", "night")}, {path: "start: [\n"})
    cannot = f"cannot be told: {path} cannot be read"
    could_not = f"whether calls go as before cannot be told: {path} could not be read before"
    one = with_paris(FILES, TAGGED)
    for old, new, told in (
        (night, broken, f"whether calls go as before {cannot}"),
        ({}, broken, f"whether calls go as before {cannot}"),
        (broken, night, could_not),
        (broken, {}, could_not),
        (broken, {path: "start: {\n"}, f"whether calls go as before {cannot}"),
        (broken, broken, "calls go as before"),
    ):
        assert of_rest({**FILES, **old}, {**one, **new}) == [f"changes in tags; {told}"]
    rest = with_paris({p: t for p, t in FILES.items() if "support" not in p}, TAGGED)
    gone = f"changes in tags; whether a call comes to it {cannot}"
    assert of_rest({**FILES, **broken}, {**rest, **broken}) == [gone]
    renamed = changed(FILES, support_in={"Support in": "In"})
    told = f"n scenario support-in changes in name; whether calls go as before {cannot}"
    assert told in calls(FILES, {**renamed, **broken})
    told = "n scenario night is gone; it could not be read before"
    assert calls({**FILES, **broken}, FILES) == [told]


def test_which_calls_a_scenario_has_is_open_where_the_other_one_cannot_be_read() -> None:
    desk = {"scenarios/desk.yaml": SUPPORT.replace("support-in", "desk").replace("menu", "ask")}
    new = {**FILES, **desk, "scenarios/support-in.yaml": "start: [\n"}
    cannot = "which calls come to it cannot be told: scenarios/support-in.yaml cannot be read"
    assert f"n scenario desk is new; {cannot}" in calls(FILES, new)
    could_not = cannot.replace("cannot be read", "could not be read before")
    assert f"n scenario desk is gone; {could_not}" in calls(new, FILES)


# -- what could hide a change --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("", "rules: {stray-file: 'off'}\n", "the rule stray-file is off and was warning (default"),
        (
            "rules: {SIP402: 'off'}\n",
            "",
            "the rule unknown-endpoint is error (default) and was off",
        ),
        ("", "x-a: 1\n", "the setting x-a is 1 and was -"),
        (
            f"recipients: {{ci: {keys.CI_PUBLIC}}}\n",
            f"recipients: {{ci: {keys.CI_PUBLIC}, bob: {keys.BOB_PUBLIC}}}\n",
            "the recipient bob is added: passwords sealed from now on open to it",
        ),
        (
            f"recipients: {{ci: {keys.CI_PUBLIC}, bob: {keys.BOB_PUBLIC}}}\n",
            f"recipients: {{bob: {keys.BOB_PUBLIC}}}\n",
            "the recipient ci is taken out; history keeps what it could read",
        ),
        (
            f"recipients: {{ci: {keys.CI_PUBLIC}}}\n",
            f"recipients: {{ci: {keys.BOB_PUBLIC}}}\n",
            "the recipient ci has another key",
        ),
    ],
)
def test_changed_settings_are_told_first(old: str, new: str, told: str) -> None:
    files = [{**FILES, "sipctl.yaml": SETTINGS + more} for more in (old, new)]
    [line] = cautions(*files)
    assert line.startswith(told)


def test_recipients_come_before_rules_and_rules_before_other_settings() -> None:
    new = {"sipctl.yaml": f"{SETTINGS}x-a: 1\nrules: {{stray-file: error}}\n"}
    new["sipctl.yaml"] += f"recipients: {{ci: {keys.CI_PUBLIC}}}\n"
    kinds = [caution.kind for caution in between({"sipctl.yaml": SETTINGS}, new).cautions]
    assert kinds[:3] == ["recipients", "rule", "setting"]


def test_a_severity_that_is_only_written_down_hides_nothing() -> None:
    new = {**FILES, "sipctl.yaml": f"{SETTINGS}rules: {{stray-file: warning}}\n"}
    assert cautions(FILES, new) == []


IGNORE = "  # sipctl: ignore[SIP206]"


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("5060", f"5060{IGNORE}", ["bad-port is ignored from now on"]),
        (f"5060{IGNORE}", "5060", ["bad-port is no longer ignored"]),
        (f"5060{IGNORE}", f"99999{IGNORE}", ["bad-port is ignored on a line that has changed"]),
        (f"5060{IGNORE}", f"5060\nrealm: x{IGNORE}", ["bad-port is ignored on a line that has ch"]),
        (f"5060{IGNORE}", f"5060{IGNORE}\nrealm: x", []),
        ("5060", "5060\ndescription: '# sipctl: ignore[SIP206]'", []),
        ("5060", "5060  # sipctl: ignore[SIP206, SIP203]", ["bad-port is", "bad-reference is"]),
    ],
)
def test_comments_that_take_findings_out_are_told(old: str, new: str, told: list[str]) -> None:
    files = [changed(FILES, pbx_paris={"5060": port}) for port in (old, new)]
    found = cautions(*files)
    assert len(found) == len(told)
    assert all(
        line.startswith(f"the rule {words}") for line, words in zip(found, told, strict=True)
    )


def test_ignores_follow_a_renamed_file() -> None:
    old = changed(FILES, pbx_paris={"5060": f"5060{IGNORE}"})
    new = dict(old)
    new["endpoints/trunk.yaml"] = new.pop("endpoints/pbx-paris.yaml").replace("pbx-paris", "trunk")
    assert cautions(old, new) == []


class Line(str):
    """A line of a file whose comparisons are steps of Python."""

    __slots__ = ()
    __hash__ = str.__hash__

    def __eq__(self, other: object) -> bool:
        return str.__eq__(self, other)


def test_the_work_of_telling_ignores_is_linear_in_their_number() -> None:
    def work(count: int) -> int:
        text, rows = "# sipctl: ignore[SIP304]", list[tuple[str, str, Place]]()
        rows += [("register-without-username", Line(text), Place("a", n)) for n in range(count)]
        return steps(lambda: [*_ignore_changes([], rows), *_ignore_changes(rows, [])])

    assert work(400) < 5 * work(100)


def test_files_that_cannot_be_read_are_told_once() -> None:
    broken = {**FILES, "endpoints/pbx-paris.yaml": "host: ["}
    [line] = cautions(broken, broken)
    assert line.startswith("the file cannot be read, so what it does is not told: ")
    assert cautions(broken, FILES)[0].startswith("the file was not to be read before")


# -- the text ------------------------------------------------------------------------------------


def test_the_text_has_everything_in_order_and_counts_it() -> None:
    new = changed(
        FILES, pbx_paris={"5060": "5061"}, support_in={'"1": queue': '"1": null'},
        sipctl={"version: 1": "version: 1\nrules: {stray-file: 'off'}"},
    )  # fmt: skip
    lines = plan(FILES, new).splitlines()
    assert lines == [
        "against main",
        "",
        "look first at",
        "! the rule stray-file is off and was warning (default)  (sipctl.yaml:2:21)",
        "",
        "calls",
        (f"! {OPEN}, menu key 1, will end (hear silence) instead of queue support"
        "  (support-in, scenarios/support-in.yaml:12:3)"),
        (f"~ {TO_PARIS} sip.paris.example.net:5061 instead of {SERVER}"
        "  (support-in, scenarios/support-in.yaml:15:3)"),
        "",
        "changes",
        "~ sipctl.yaml",
        "    rules.stray-file: warning (default) -> off  (- -> sipctl.yaml:2:21)",
        "~ pbx-paris",
        "    port: 5060 -> 5061  (endpoints/pbx-paris.yaml:3:7)",
        "~ scenario support-in",
        "    actions.menu.branches.1: queue -> null  (scenarios/support-in.yaml:14:21)",
        "",
        ("settings changed, 1 endpoint changed, 1 scenario changed; 2 ways of calls change, "
        "1 of them to silence; 1 to look at first"),
    ]  # fmt: skip


def test_nothing_is_told_in_one_line_too() -> None:
    assert plan(FILES, FILES).splitlines() == ["against main", "", "nothing changes"]


def test_the_worst_comes_first() -> None:
    new = changed(TWO, support_in={'"1": queue': '"1": null', "queue: support": "queue: all"})
    new = changed(new, pbx_paris={"5060": "5061\ntags: [a]"})
    new["endpoints/pbx-new.yaml"] = "reference: pbx-new\nhost: sip.example.net\n"
    weights = [list(Weight).index(one.weight) for one in between(TWO, new).consequences]
    assert weights == sorted(weights)
    assert set(weights) == {0, 1, 2, 3}


# -- properties ----------------------------------------------------------------------------------


@given(workspaces())
def test_a_workspace_has_no_consequences_for_itself(files: dict[str, str]) -> None:
    assert between(files, files).consequences == ()


def server(inventory: Inventory, action: Action) -> object:
    endpoint = inventory.endpoints.get(action.endpoint or "")
    if endpoint is None or action.role != "endpoint":
        return None
    fields = ("port", "transport", "codecs", "username", "password", "realm", "register")
    return endpoint.host, *(endpoint.effective(field) for field in fields)


def followed(scenario: Scenario, id: str | None, label: str) -> str | None:
    action = scenario.actions[id or ""]
    if label in action.branches or action.role not in ("menu", "value"):
        return action.branches.get(label)
    return action.branches.get("default")


def ways(
    old: tuple[Inventory, Scenario], new: tuple[Inventory, Scenario], depth: int = 4
) -> Iterator[tuple[object, object]]:
    """What calls meet in both versions by all labels that there are, a few steps deep."""
    waiting = [(old[1].start, new[1].start, depth)]
    while waiting:
        was, now, left = waiting.pop()
        one, other = old[1].actions.get(was or ""), new[1].actions.get(now or "")
        yield met(old[0], one), met(new[0], other)
        if one and other and left and one.action == other.action:
            for label in {*one.branches, *other.branches}:
                to = followed(old[1], was, label), followed(new[1], now, label)
                waiting.append((*to, left - 1))


def met(inventory: Inventory, action: Action | None) -> object:
    if action is None:
        return None
    parameters = {k: v for k, v in action.parameters.items() if k != "endpoint"}
    return action.action, parameters, server(inventory, action)


@given(workspaces(), workspaces())
def test_where_no_consequence_is_told_all_calls_meet_the_same(
    old: dict[str, str], new: dict[str, str]
) -> None:
    one, other = state(old).inventory, state(new).inventory
    felt = {c.scenario for c in between(old, new).felt}
    for reference in (one.scenarios.keys() & other.scenarios.keys()) - felt:
        halves = (one, one.scenarios[reference]), (other, other.scenarios[reference])
        readable = all(use in i.endpoints for i, s in halves for use in s.endpoints())
        for before, after in ways(*halves) if readable else ():
            assert before == after


LABELS = ("1", "2", "default", "+33*", "+331*", "ok", "processed", "unprocessed")


def arrivals(version: Version, names: Mapping[str, str]) -> dict[tuple[str, ...], Stop]:
    """What calls come to by all labels that there are, three steps deep: from each number, or from
    a scenario without any by its name or another one for it."""
    found = dict[tuple[str, ...], Stop]()
    for reference, route in version.routes.items():
        for number in route.numbers or (names.get(reference, reference),):
            waiting: list[tuple[tuple[str, ...], Spot]] = [((number,), route.start())]
            while waiting:
                way, spot = waiting.pop()
                if isinstance(spot, Stop):
                    found[way] = spot
                    labels = LABELS if len(way) <= 3 else ()
                    waiting += [((*way, label), route.after(spot, label)) for label in labels]
    return found


MENU = "{{action: vocal-announcement, branches: {{'1': {}, default: {}}}}}"
SIP = "{{action: distribution-to-sip-endpoint, endpoint: {}, branches: {{unprocessed: {}}}}}"
TO = st.sampled_from(["b", "c", "a", "null"])
SIPS = st.builds(SIP.format, st.sampled_from("pq"), TO)
STEPS = st.one_of(
    SIPS,
    st.builds(MENU.format, TO, TO),
    st.builds("{{action: node, branches: {{ok: {}}}}}".format, TO),
)
HEAD = "type: interaction-start\nstart: a\nentry_points: [{}]\n"
ROUTES = st.builds(
    (HEAD + "actions: {{a: {}, b: {}, c: {}}}\n").format,
    *(st.sampled_from(["'+331'", "'+332'", ""]), STEPS, SIPS, STEPS),
)
SERVERS = st.sampled_from(["host: a.example.net\n", "host: b.example.net\n"])


@st.composite
def versions(draw: st.DrawFn) -> tuple[dict[str, str], dict[str, str]]:
    """Two workspaces with much in common; in some endpoints no call notices what differs."""
    old, new = dict[str, str](), dict[str, str]()
    for path in ("endpoints/p", "endpoints/q", "scenarios/s", "scenarios/t"):
        texts = SERVERS if path.startswith("e") else ROUTES
        head = f"reference: {path[-1]}\n"
        text = head + draw(texts)
        edited = f"{text}x-edited: 1\n"
        other = st.builds(head.__add__, texts)
        changes = st.one_of(st.sampled_from([text, edited, edited, "", "start: ["]), other)
        both = (draw(st.sampled_from([text, text, text, ""])), draw(changes))
        for files, written in zip((old, new), both, strict=True):
            if written:
                files[f"{path}.yaml"] = written
    return old, new


@given(versions())
def test_calls_to_an_endpoint_that_go_as_before_meet_the_same(
    both: tuple[dict[str, str], dict[str, str]],
) -> None:
    old, new = both
    one, other = state(old), state(new)
    comparison = compare(one, other)
    was, now = Version(one), Version(other)
    renamed = comparison.renamed(SCENARIO)
    ways = arrivals(was, renamed), arrivals(now, {})
    told = [render.plain(c.who + c.what) for c in impact(one, other, comparison).consequences]
    continued = {renamed.get(reference, reference) for reference in was.routes}
    for difference in comparison.differences:
        names = (difference.source or difference.reference, difference.reference)
        [line] = [t for t in told if t.startswith(f"endpoint {names[0]} ")] or [""]
        came, come = (
            {way for way, spot in side.items() if spot.endpoint == name}
            for side, name in zip(ways, names, strict=True)
        )
        if "no call comes" in line:
            assert not come
        if line.endswith("calls go as before"):
            for way in came | {way for way in come if way[0] in continued or way[0][0] == "+"}:
                before, after = (side[way] for side in ways)
                assert before.type == after.type
                assert values(was, before) == values(now, after)


def values(version: Version, spot: Stop) -> object:
    """What calls notice of the endpoint that they come to."""
    server = version.server(spot.endpoint or "")
    return server and server.host and [server.values.get(f, ABSENT).data for f in _ON_CALLS]


@given(workspaces(), workspaces())
def test_every_way_that_is_told_leads_there(old: dict[str, str], new: dict[str, str]) -> None:
    scenarios = state(new).inventory.scenarios
    for one in between(old, new).felt:
        scenario = scenarios.get(one.scenario or "")
        if scenario is None or one.new is None:
            continue
        at = scenario.start
        for step in (*one.trail.first, *one.trail.last):
            assert at == step.action
            at = followed(scenario, at, step.label)
        assert one.new.action is None or at == one.new.action


# -- large ---------------------------------------------------------------------------------------


def chain(length: int, port: int) -> dict[str, str]:
    """A scenario of so many actions, every tenth for an endpoint of its own; each has two branches
    to the next, so that there are more ways than can be counted."""
    files = {"sipctl.yaml": SETTINGS}
    lines = [
        "reference: long\ntype: interaction-start\nentry_points: ['+331']\nstart: a0\nactions:"
    ]
    for number in range(length):
        to = f"a{number + 1}" if number + 1 < length else "null"
        if number % 10:
            lines.append(
                f"  a{number}: {{action: vocal-announcement, branches: {{'1': {to}, '2': {to}}}}}"
            )
            continue
        branches = f"processed: null, unprocessed: {to}, reference-not-found: {to}"
        lines.append(
            f"  a{number}: {{action: distribution-to-sip-endpoint, endpoint: e{number}, "
            f"branches: {{{branches}}}}}"
        )
        text = f"reference: e{number}\nhost: sip{number}.example.net\nport: {port}\n"
        files[f"endpoints/e{number}.yaml"] = text
    return {**files, "scenarios/long.yaml": "\n".join(lines) + "\n"}


def test_the_work_of_a_comparison_is_linear_in_the_number_of_actions() -> None:
    def work(length: int) -> int:
        one, other = state(chain(length, 5060)), state(chain(length, 5061))
        return steps(lambda: impact(one, other, compare(one, other)))

    assert work(1200) < 5 * work(300)


def test_thousands_of_actions_are_compared() -> None:
    old, new = chain(2000, 5060), chain(2000, 5061)
    one, other = state(old), state(new)
    told = impact(one, other, compare(one, other))
    assert len(told.felt) == 200
    last = told.felt[-1]
    assert len(last.trail.first) + len(last.trail.last) <= 32
    assert last.trail.omitted > 1900
    assert "more …" in render.plain(sentence(last))
    assert last.trail.further == 1


def test_labels_that_are_shifted_against_each_other_cost_no_more_than_the_limit() -> None:
    def loop(length: int) -> dict[str, str]:
        names = [f"a{number}" for number in range(length)]
        lines = [
            f"  {name}: {{action: node, branches: {{ok: {to}}}}}"
            for name, to in zip(names, names[1:] + names[:1], strict=True)
        ]
        lines += ["  lang: {action: test-value, value: caller, branches: {a: sip, b: a0}}"]
        lines += ["  sip: {action: distribution-to-sip-endpoint, endpoint: pbx-paris}"]
        text = "reference: s\nstart: lang\nactions:\n" + "\n".join(lines) + "\n"
        return {"scenarios/s.yaml": text, "endpoints/pbx-paris.yaml": f"{PARIS}x-a: {length}\n"}

    told = between(loop(499), loop(500))
    assert [caution.kind for caution in told.cautions] == ["limit"]
    texts = [render.plain(sentence(one)) for one in told.consequences]
    assert [text.rpartition("; ")[2] for text in texts] == ["not all ways are compared"] * 2


# -- Markdown ------------------------------------------------------------------------------------

HOSTILE = (
    "@mention #12 !7 :smile: [link](https://x.example) ![image](y) <b>html</b> www.example.net "
    "https://example.net a@example.net `code` ``` | \\| **bold** ~~struck~~ $`x`$ <!-- &amp; Ω"
)
PARSER = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
OURS = ("<details>", "<summary>", "</details>")


def page(old: Files, new: Files, against: str = "main") -> str:
    one, other = state(old), state(new)
    found = compare(one, other)
    return markdown.plan(against, impact(one, other, found), found)


def tokens(text: str) -> Iterator[Token]:
    for token in PARSER.parse(text):
        yield token
        yield from token.children or ()


def assert_inert(text: str) -> None:
    """Values, all of which hold an Ω, stand in code only; and no markup is there but ours."""
    for token in tokens(text):
        assert token.type not in ("link_open", "image", "html_inline", "s_open", "em_open")
        if token.type == "html_block":
            assert token.content.strip().startswith(OURS)
        if "Ω" in token.content:
            assert token.type in ("code_inline", "fence", "inline")
    columns = [t for t in PARSER.parse(text) if t.type == "td_open"]
    assert len(columns) % 4 == 0


_PIECES = st.sampled_from(
    ["@", "#1", "`", "``", "```", "|", "\\", "<b>", "</details>", "[a](b)", "![a](b)", "*", "~~",
     "~", "$", ":a:", "&lt;", "https://x.example", "www.x.example", "\n", "\r", "\t", " ", "a", "-",
     "\u2028", "\u202e", "\x85"]
)  # fmt: skip
_VALUES = st.lists(_PIECES, max_size=12).map(lambda pieces: "".join(pieces) + "Ω")


@given(_VALUES, _VALUES, _VALUES, _VALUES)
def test_values_are_inert_in_markdown(id: str, label: str, value: str, against: str) -> None:
    def files(number: int) -> dict[str, str]:
        action = {
            "action": "vocal-announcement",
            "branches": {label: "next Ω", "1": f"gone {id}{number}"},
            value: f"{number} {value}",
        }
        to = {"action": "distribution-to-queue", "queue": f"{value}{number}"}
        scenario = {
            "reference": "s",
            "entry_points": [value],
            "start": id,
            "actions": {id: action, "next Ω": to},
        }
        settings = {"version": 1, f"x-{label}": f"{number} {value}"}
        return {
            "sipctl.yaml": json.dumps(settings),
            "scenarios/s.yaml": json.dumps(scenario),
            f"endpoints/{label.replace('/', '')}.yaml": json.dumps({"host": f"{value}{number}"}),
        }

    text = page(files(1), files(2), against)
    assert_inert(text)
    assert "Ω" in text


def test_a_hostile_value_stands_there_as_it_is() -> None:
    new = changed(FILES, support_in={"queue: support": f"queue: {json.dumps(HOSTILE)}"})
    text = page(FILES, new)
    assert_inert(text)
    codes = [token.content for token in tokens(text) if token.type == "code_inline"]
    assert HOSTILE[:59] + "…" in codes
    assert HOSTILE in text  # whole, in the details


def test_markdown_is_a_table_of_consequences_with_the_changes_folded() -> None:
    text = page(FILES, changed(FILES, pbx_paris={"5060": "5061"}))
    assert text.splitlines()[4:] == [
        "|  | calls | what happens | where |",
        "| --- | --- | --- | --- |",
        ("| otherwise | calls to `+33100000000`, `hours` `open`, `menu` key `2` | will go to "
        "`sip.paris.example.net:5061` instead of `sip.paris.example.net:5060` | `support-in`, "
        "`scenarios/support-in.yaml:15:3` |"),
        "",
        "<details>",
        "<summary>the changes</summary>",
        "",
        "```diff",
        "~ pbx-paris",
        "    port: 5060 -> 5061  (endpoints/pbx-paris.yaml:3:7)",
        "```",
        "",
        "</details>",
        "",
        "1 endpoint changed; 1 way of calls changes",
    ]  # fmt: skip


def test_markdown_of_nothing_says_so() -> None:
    assert page(FILES, FILES).splitlines()[-1] == "nothing changes"


@pytest.mark.parametrize("ticks", [0, 70, 3000])
def test_markdown_that_is_too_long_is_cut_between_its_parts(ticks: int) -> None:
    def port(number: int) -> dict[str, str]:
        files = chain(4000, number)
        more = f"description: {json.dumps('`' * ticks + str(number))}\n"
        return {p: t + more if p.startswith("endpoints/e1") else t for p, t in files.items()}

    old = {**port(5060), "sipctl.yaml": SETTINGS}
    new = {**port(5061), "sipctl.yaml": SETTINGS + "".join(f"x-{n}: 1\n" for n in range(2000))}
    text = page(old, new)
    assert 40_000 < len(text) <= markdown.LIMIT
    assert text.count("which did not fit") + text.count("did not fit.") == 3
    assert_inert(text)
    assert text.count("\n| otherwise |") > 100
    assert text.count("<details>") == text.count("</details>")
    assert text.splitlines()[-1].startswith("settings changed, 400 endpoints changed; 400 ways")


# -- the command, and what it compares with ------------------------------------------------------


def write(root: Path, files: Mapping[str, str]) -> None:
    for path, body in files.items():
        (root / path).parent.mkdir(exist_ok=True, parents=True)
        (root / path).write_text(body)


def set_port(root: Path, port: int) -> None:
    write(root, changed(FILES, pbx_paris={"5060": str(port)}))


def commit(git: Git, root: Path, port: int) -> str:
    set_port(root, port)
    git("add", ".", cwd=root)
    git("commit", "--quiet", f"--message=Port {port}", cwd=root)
    return git("rev-parse", "HEAD", cwd=root).strip()


@pytest.fixture
def line(repo: Path, git: Git) -> Path:
    """Two commits: port 5060, then 5061."""
    commit(git, repo, 5060)
    commit(git, repo, 5061)
    return repo


def test_plan_says_what_calls_will_reach_and_the_way_there(line: Path, sipctl: Program) -> None:
    out = sipctl("plan", "HEAD~1").out
    assert (
        f"~ {TO_PARIS} sip.paris.example.net:5061 instead of {SERVER}"
        "  (support-in, scenarios/support-in.yaml:15:3)\n"
    ) in out
    assert "    port: 5060 -> 5061  (endpoints/pbx-paris.yaml:3:7)\n" in out
    assert out.endswith("\n\n1 endpoint changed; 1 way of calls changes\n")


def test_plan_in_json_has_everything(line: Path, git: Git, run: Program) -> None:
    document = run("plan", "HEAD~1", "-o", "json").json
    commit = git("rev-parse", "HEAD~1").strip()
    assert document["version"] == 1
    assert document["base"] == {"revision": "HEAD~1", "commit": commit}
    assert document["cautions"] == []
    [change] = document["changes"]
    assert (change["fields"][0]["old"], change["fields"][0]["new"]) == (5060, 5061)
    place = {"file": "scenarios/support-in.yaml", "line": 15, "column": 3}
    step = {"action": "paris", "endpoint": "pbx-paris", "text": "pbx-paris", "place": place}
    assert document["consequences"] == [
        {
            "weight": "way",
            "scenario": "support-in",
            "numbers": ["+33100000000"],
            "numbers_omitted": 0,
            "path": [{"action": "hours", "label": "open"}, {"action": "menu", "label": "2"}],
            "path_omitted": 0,
            "further_branches": 0,
            "old": step,
            "new": step,
            "place": place,
            "text": f"{TO_PARIS} sip.paris.example.net:5061 instead of {SERVER}",
        }
    ]


def test_the_status_is_4_only_where_that_is_asked_for_and_something_changes(
    line: Path, run: Program, sipctl: Program
) -> None:
    run("plan", "HEAD~1")
    sipctl("plan", "HEAD~1", "--exit-code", check=4)
    run("plan", "HEAD", "--exit-code")
    file = line / "endpoints/pbx-paris.yaml"
    file.write_text(file.read_text() + "# a note\n")
    run("plan", "HEAD", "--exit-code")
    file.write_text(file.read_text().replace("5061", "5061  # sipctl: ignore[SIP206]"))
    run("plan", "HEAD", "--exit-code", check=4)


def test_a_file_that_cannot_be_read_ends_no_plan_and_is_no_change_by_itself(
    line: Path, git: Git, run: Program
) -> None:
    write(line, {"scenarios/support-in.yaml": "start: [\n"})
    result = run("plan", "HEAD", "--exit-code", check=4)
    assert "! calls to +33100000000 go ways that cannot be told" in result.out
    git("commit", "--quiet", "--all", "--message=Break")
    assert "look first at" in run("plan", "HEAD", "--exit-code").out


def against(run: Program, *arguments: str, **env: str) -> tuple[str | None, str]:
    """What a plan is compared with, and the port there."""
    document = run("plan", *arguments, "-o", "json", env=dict(env)).json
    fields = [field for change in document["changes"] for field in change["fields"]]
    return document["base"]["revision"], str([field["old"] for field in fields])


@pytest.fixture
def clone(line: Path, git: Git, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A clone of `line` on a branch of its own, with port 5070; main has gone on to 5062."""
    git("clone", "--quiet", line, tmp_path / "clone")
    monkeypatch.chdir(tmp_path / "clone")
    git("checkout", "--quiet", "-b", "topic", "origin/main", "--no-track")
    commit(git, tmp_path / "clone", 5070)
    commit(git, line, 5062)
    git("fetch", "--quiet")
    return tmp_path / "clone"


def test_what_others_did_on_the_target_branch_is_no_part_of_the_change(
    clone: Path, run: Program
) -> None:
    assert against(run, "origin/main") == ("origin/main", "[5061]")


def test_without_a_base_it_is_what_origin_has_checked_out(clone: Path, run: Program) -> None:
    assert against(run) == ("origin/main", "[5061]")


def test_the_upstream_comes_before_origin_head(clone: Path, git: Git, run: Program) -> None:
    git("push", "--quiet", "--set-upstream", "origin", "topic")
    set_port(clone, 5071)
    assert against(run) == ("origin/topic", "[5070]")


@pytest.mark.parametrize(
    "variables",
    [
        {"GITHUB_BASE_REF": "main"},
        {"CI_MERGE_REQUEST_TARGET_BRANCH_NAME": "main"},
        {"CI_MERGE_REQUEST_DIFF_BASE_SHA": "no such commit", "GITHUB_BASE_REF": "main"},
        {"CI_MERGE_REQUEST_DIFF_BASE_SHA": "HEAD", "GITHUB_BASE_REF": "main"},
    ],
)
def test_variables_of_pipelines_come_before_the_upstream(
    variables: dict[str, str], clone: Path, git: Git, run: Program
) -> None:
    git("push", "--quiet", "--set-upstream", "origin", "topic")
    assert against(run, **variables) == ("origin/main", "[5061]")


def test_the_argument_comes_before_the_variables(clone: Path, run: Program) -> None:
    assert against(run, "HEAD~2", GITHUB_BASE_REF="main") == ("HEAD~2", "[5060]")


def test_gitlab_names_a_commit(clone: Path, git: Git, run: Program) -> None:
    base = git("rev-parse", "HEAD~2").strip()
    assert against(run, CI_MERGE_REQUEST_DIFF_BASE_SHA=base) == (base, "[5060]")


def test_of_merged_results_only_the_own_change_is_told(clone: Path, git: Git, run: Program) -> None:
    """HEAD is detached, and a merge of both branches: as GitHub and GitLab check it out."""
    old = git("rev-parse", "HEAD~1").strip()
    target = git("rev-parse", "origin/main").strip()
    git("checkout", "--quiet", "--detach", "origin/main")
    git("merge", "--quiet", "--strategy=ours", "--no-edit", "topic")
    set_port(clone, 5072)
    variables = {
        "CI_MERGE_REQUEST_TARGET_BRANCH_SHA": target,
        "CI_MERGE_REQUEST_DIFF_BASE_SHA": old,
    }
    assert against(run, **variables) == (target, "[5062]")
    assert against(run, GITHUB_BASE_REF="main") == ("origin/main", "[5062]")


DEPTH = ("fetch-depth: 0", "GIT_DEPTH: 0", "git fetch --unshallow")


@pytest.fixture
def shallow(clone: Path, git: Git, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A clone of one commit, HEAD detached, as pipelines make it."""
    folder = tmp_path / "shallow"
    git("clone", "--quiet", "--depth=1", "--branch=topic", f"file://{clone}", folder)
    monkeypatch.chdir(folder)
    git("checkout", "--quiet", "--detach")
    return folder


@pytest.mark.parametrize(
    ("arguments", "variables"),
    [
        ("main", {}),
        ("HEAD~1", {}),
        ("", {"GITHUB_BASE_REF": "main"}),
        ("", {"CI_MERGE_REQUEST_DIFF_BASE_SHA": "0" * 40}),
    ],
)
def test_a_clone_without_the_base_is_told_how_to_get_it(
    arguments: str, variables: dict[str, str], shallow: Path, sipctl: Program
) -> None:
    result = sipctl("plan", *arguments.split(), env={**variables}, check=3)
    assert [word for word in DEPTH if word not in result.err] == []
    assert result.out == ""


def test_a_branch_that_is_not_in_a_whole_clone_is_to_be_fetched(clone: Path, run: Program) -> None:
    told = run("plan", env={"GITHUB_BASE_REF": "nope"}, check=3).err
    assert 'GITHUB_BASE_REF names "origin/nope", which is not in this clone' in told
    assert "`git fetch origin nope`" in told
    assert "fetch-depth" not in told


def test_a_shallow_clone_without_a_common_commit_is_told_how_to_get_it(
    shallow: Path, git: Git, run: Program
) -> None:
    git("fetch", "--quiet", "--depth=1", "origin", "+main:refs/remotes/origin/main")
    for env, arguments in (({}, ["origin/main"]), ({"GITHUB_BASE_REF": "main"}, [])):
        result = run("plan", *arguments, env=env, check=3)
        assert [word for word in DEPTH if word not in result.err] == []


def test_a_shallow_clone_that_has_the_base_is_enough(shallow: Path, git: Git, run: Program) -> None:
    git("fetch", "--quiet", "--depth=3", "origin", "topic", "+main:refs/remotes/origin/main")
    assert against(run, GITHUB_BASE_REF="main") == ("origin/main", "[5061]")


def test_without_anything_to_compare_with_it_asks_for_a_name(line: Path, run: Program) -> None:
    result = run("plan", check=3)
    assert "no upstream, no origin/HEAD" in result.err
    assert "sipctl plan main" in result.err


def test_lines_without_a_common_commit_are_refused(line: Path, git: Git, run: Program) -> None:
    git("checkout", "--quiet", "--orphan", "other")
    git("commit", "--quiet", "--message=Other")
    assert "sipctl diff main" in run("plan", "main", check=3).err


def test_without_a_commit_there_is_no_plan(repo: Path, run: Program) -> None:
    write(repo, FILES)
    assert "no commit yet" in run("plan", check=3).err


def test_an_unknown_base_is_refused_by_its_name(line: Path, run: Program) -> None:
    result = run("plan", "nowhere", check=3)
    assert '"nowhere"' in result.err
    assert "fetch-depth" not in result.err
