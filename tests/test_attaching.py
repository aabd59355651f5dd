"""Attaching, detaching and rerouting endpoints: what becomes of the bytes of scenarios."""

import re
from difflib import SequenceMatcher
from itertools import pairwise

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from sipctl import operations
from sipctl.changes import Plan
from sipctl.errors import Refused, SipctlError, Usage
from sipctl.inventory import Inventory
from sipctl.kinds import SCENARIO, SETTINGS_FILE
from sipctl.scenarios import attaching
from sipctl.scenarios.attaching import Place
from sipctl.scenarios.scenario import Scenario
from sipctl.workspace import inventory_of, reread
from sipctl.yamlfile.nodes import Mapping, Node
from tests.documents import comments, line_comments, one_line_scalars, pieces
from tests.support import steps

ENDPOINTS = ("paris", "lyon", "nice")


def workspace_of(*endpoints: str, **scenarios: str) -> Inventory:
    """A workspace with these endpoints (paris, lyon and nice unless given) and scenarios."""
    files = {SETTINGS_FILE: "version: 1\n"}
    for name in endpoints or ENDPOINTS:
        files[f"endpoints/{name}.yaml"] = f"reference: {name}\nhost: {name}.example\n"
    for name, text in scenarios.items():
        files[f"scenarios/{name}.yaml"] = text
    return inventory_of({path: text.encode() for path, text in files.items()})


def carried_out(inventory: Inventory, plan: Plan) -> Inventory:
    """The workspace after a plan, which brings no error."""
    after = written(inventory, plan)
    known = {finding.identity for finding in inventory.findings if finding.is_error}
    assert [f for f in after.findings if f.is_error and f.identity not in known] == []
    return after


def written(inventory: Inventory, plan: Plan) -> Inventory:
    """The workspace after a plan, whatever is wrong with it then or was before."""
    after = reread(inventory, {change.path: change.after for change in plan.changes})
    for known in (change.known for change in plan.changes if change.known):
        assert known.facts == after.members[known.path].facts
        assert known.data == after.members[known.path].data
    return after


def text_of(inventory: Inventory, scenario: str = "s") -> str:
    return inventory.members[SCENARIO.path(scenario)].data.decode()


def scenario_of(inventory: Inventory, reference: str = "s") -> Scenario:
    return inventory.scenarios[reference]


def branches_of(inventory: Inventory, action: str) -> dict[str, str | None]:
    return dict(scenario_of(inventory).actions[action].branches)


def attached(text: str, place: Place, endpoint: str = "paris") -> Inventory:
    """The workspace of one scenario, an endpoint attached to it."""
    inventory = workspace_of(s=text)
    return carried_out(inventory, attaching.attach(inventory, "s", endpoint, place))


def detached(inventory: Inventory, endpoint: str | None = "paris", **options: object) -> Inventory:
    plan = attaching.detach(inventory, "s", endpoint, **options)  # type: ignore[arg-type]
    return carried_out(inventory, plan)


def refusal(error: pytest.ExceptionInfo[SipctlError]) -> str:
    """What is told of a refusal: message and hint."""
    return f"{error.value.message}\n{error.value.hint}"


# -- styles ----------------------------------------------------------------------------------------

BLOCK = """\
# The support line.
reference: s
type: interaction-start  # never changes
x-owner: {name: Ada, room: "12"}
start: menu

actions:
    # the greeting
    menu:
        action: vocal-announcement   # in French
        message: 'bonjour.wav'
        branches:
            "1": queue   # sales
            "2": null    # free yet
            default: queue
    queue:
        action: distribution-to-queue
        queue: support
        # nobody is left here
        branches:
            processed: null

x-after: the end
"""
FLOW = """\
{reference: s, type: interaction-start, start: menu, "x-owner": Ada, actions: {menu: {action:
 vocal-announcement, branches: {"1": queue, "2": null, default: queue}}, queue: {action:
   distribution-to-queue, branches: {processed: null}} } }
"""
TALL_FLOW = """\
reference: s
type: interaction-start
start: menu
actions: {
  menu: {
    action: vocal-announcement,
    branches: {
      "1": queue,  # sales
      "2": null,   # free yet
      default: queue
    },
  },
  # the last resort
  queue: {action: distribution-to-queue, branches: {processed: null}}
}
"""
MIXED = """\
reference: s
type: interaction-start
start: menu
actions:
  menu:
    action: vocal-announcement
    branches: {"1": queue, "2": null, default: queue}  # 2 is free
  queue: {action: distribution-to-queue, queue: support, branches: {processed: null}}
"""
STYLES = {"block": BLOCK, "flow": FLOW, "tall flow": TALL_FLOW, "mixed": MIXED}
STYLES |= {f"{name}, CRLF": text.replace("\n", "\r\n") for name, text in STYLES.items()}
STYLES |= {"no last line end": BLOCK.rstrip("\n"), "a mark of bytes": "\ufeff" + MIXED}

every_style = pytest.mark.parametrize("text", STYLES.values(), ids=list(STYLES))
FREE = Place("menu", "2")


def changed_lines(before: str, after: str) -> tuple[list[str], list[str]]:
    """The lines that are gone and those that are new."""
    old, new = before.splitlines(), after.splitlines()
    gone, come = [], []
    for tag, i, i_end, j, j_end in SequenceMatcher(None, old, new, False).get_opcodes():
        if tag != "equal":
            gone += old[i:i_end]
            come += new[j:j_end]
    return gone, come


@every_style
def test_an_endpoint_comes_behind_a_branch_and_every_other_line_stays(text: str) -> None:
    after = attached(text, FREE)
    assert branches_of(after, "menu") == {"1": "queue", "2": "paris", "default": "queue"}
    action = scenario_of(after).actions["paris"]
    assert (action.action, action.endpoint) == ("distribution-to-sip-endpoint", "paris")
    silent = dict.fromkeys(("processed", "unprocessed", "reference-not-found"))
    assert action.branches == silent
    gone, _ = changed_lines(text, text_of(after))
    assert all('"2": null' in line or line.endswith("}") for line in gone)
    assert len(gone) <= 2


@every_style
def test_detaching_what_was_attached_gives_the_first_bytes_back(text: str) -> None:
    assert text_of(detached(attached(text, FREE), close=True)) == text


@every_style
def test_detaching_what_was_put_in_front_gives_the_first_bytes_back(text: str) -> None:
    for label in ("1", "default"):
        after = attached(text, Place("menu", label, insert=True))
        assert branches_of(after, "menu")[label] == "paris"
        assert text_of(detached(after)) == text


def test_a_new_action_is_written_as_those_around_it() -> None:
    place = Place("menu", "2", fallback="queue")
    assert changed_lines(BLOCK, text_of(attached(BLOCK, place)))[1] == [
        '            "2": paris    # free yet',
        "    paris:",
        "        action: distribution-to-sip-endpoint",
        "        endpoint: paris",
        "        branches: {processed: null, unprocessed: queue, reference-not-found: queue}",
    ]
    action = "paris: {action: distribution-to-sip-endpoint, endpoint: paris, branches: "
    action += "{processed: null, unprocessed: queue, reference-not-found: queue}}"
    assert changed_lines(MIXED, text_of(attached(MIXED, place)))[1] == [
        '    branches: {"1": queue, "2": paris, default: queue}  # 2 is free',
        f"  {action}",
    ]
    assert f"branches: {{processed: null}}}}, {action} }} }}" in text_of(attached(FLOW, place))


# -- scenarios in any style ------------------------------------------------------------------------

IDS = ("menu", "queue", "night", "1", "a b", "é")
LABELS = {
    "vocal-announcement": ("1", "2", "*", "#", "default"),
    "distribution-to-queue": ("processed", "unprocessed", "overflow"),
    "of-our-own": ("yes", "a b", "x: y", "é"),
}
OWN = ("x-note", "Notes", "0", "ünser")
"""Keys of one's own: none is like one that is known."""


def keys(key: str) -> st.SearchStrategy[str]:
    plain = [key, key] if key.isalpha() and key not in ("yes", "é") else []
    return st.sampled_from([*plain, f'"{key}"', f"'{key}'"])


def targets(target: str | None) -> st.SearchStrategy[str]:
    return st.just("null") if target is None else keys(target)


Tree = str | dict[str, "Tree"]
"""A value: what stands there, or the entries of a mapping."""


@st.composite
def actions(draw: st.DrawFn, ids: tuple[str, ...]) -> Tree:
    kind = draw(st.sampled_from(list(LABELS)))
    some = st.lists(st.sampled_from(LABELS[kind]), min_size=1, max_size=3, unique=True)
    ends = st.sampled_from((None, None, *ids))
    branches: Tree = {label: draw(ends.flatmap(targets)) for label in draw(some)}
    entries = [("action", kind), ("branches", branches)]
    for key in draw(st.lists(st.sampled_from(OWN), max_size=2, unique=True)):
        entries.insert(draw(st.integers(0, len(entries))), (key, "?"))
    return dict(entries)


@st.composite
def blocks(draw: st.DrawFn, entries: dict[str, Tree], indent: int) -> tuple[list[str], bool]:
    """The lines of a mapping in block style, and whether they end in a block scalar."""
    lines, is_open = [], False
    for key, value in entries.items():
        for _ in range(draw(st.sampled_from((0, 0, 1, 2)))):
            comment = " " * (0 if is_open else draw(st.integers(0, indent + 3))) + draw(comments)
            lines.append(comment if is_open else draw(st.sampled_from((comment, ""))))
        is_open = False
        head = " " * indent + draw(keys(key)) + ":"
        if value == "?":
            piece = draw(pieces(indent))
            lines += (head + piece.text).split("\n")
            is_open = bool(piece.open)
        elif isinstance(value, dict) and draw(st.sampled_from((True, True, False))):
            lines.append(head + draw(line_comments()))
            inner = blocks(value, indent + draw(st.sampled_from((1, 2, 2, 4, 7))))
            inside, is_open = draw(inner)
            lines += inside
        else:
            lines += (f"{head} {draw(flows(value, indent))}" + draw(line_comments())).split("\n")
    return lines, is_open


@st.composite
def flows(draw: st.DrawFn, value: Tree, indent: int) -> str:
    """A value in flow style, on one line or on many."""
    if value == "?":
        return draw(one_line_scalars(flow=True)).text
    if isinstance(value, str):
        return value
    texts = [f"{draw(keys(key))}: {draw(flows(item, indent))}" for key, item in value.items()]
    if draw(st.booleans()):
        gap = draw(st.sampled_from(("", " ")))
        last = draw(st.sampled_from(("", "", ",")))
        return "{" + gap + draw(st.sampled_from((", ", ",  "))).join(texts) + last + gap + "}"
    inside = "\n" + " " * (indent + draw(st.integers(1, 4)))
    text = "{" + draw(line_comments())
    for at, entry in enumerate(texts, 1):
        comma = "," if at < len(texts) or draw(st.booleans()) else ""
        text += inside + entry + comma + draw(line_comments())
    return text + "\n" + " " * (indent + 1) + "}"


@st.composite
def scenarios(draw: st.DrawFn) -> str:
    """A whole file of one to four actions."""
    some = st.lists(st.sampled_from(IDS), min_size=1, max_size=4, unique=True)
    ids = tuple(draw(some))
    graph: Tree = {id: draw(actions(ids)) for id in ids}
    entries = [("reference", "s"), ("type", "interaction-start"), ("actions", graph)]
    entries.insert(draw(st.integers(0, 3)), ("start", draw(keys(ids[0]))))
    if draw(st.booleans()):
        entries.insert(draw(st.integers(0, 4)), ("x-own", "?"))
    is_open = False
    if draw(st.sampled_from((True, False, False, False))):
        text = draw(flows(dict(entries), 0))
    else:
        lines, is_open = draw(blocks(dict(entries), draw(st.sampled_from((0, 0, 2)))))
        text = "\n".join(lines)
    text = draw(st.sampled_from(("", "# head\n", "---\n"))) + text
    # a line end says something at the end of a block scalar, and is not to come or go there
    text += "\n" if is_open else draw(st.sampled_from(("", "\n", "\n", "\n# foot\n")))
    text = text.replace("\n", draw(st.sampled_from(("\n", "\r\n"))))
    return draw(st.sampled_from(("", "\ufeff"))) + text


def branches_to(scenario: Scenario, null: bool) -> list[tuple[str, str]]:
    """The branches that end the call, or those that lead to an action."""
    return [
        (id, label)
        for id, action in scenario.actions.items()
        for label, target in action.branches.items()
        if (target is None) == null
    ]


MANY = settings(max_examples=150)


@MANY
@given(st.data())
def test_in_any_style_attaching_and_detaching_leave_every_byte_as_it_was(
    data: st.DataObject,
) -> None:
    text = data.draw(scenarios())
    inventory = workspace_of(s=text)
    ways = branches_to(scenario_of(inventory), null=True)
    ways += branches_to(scenario_of(inventory), null=False)
    after, label = data.draw(st.sampled_from(ways))
    old = branches_of(inventory, after)[label]
    place = Place(after, label, insert=old is not None)
    there = written(inventory, attaching.attach(inventory, "s", "paris", place))
    assert branches_of(there, after)[label] == "paris"
    failing = {"unprocessed": old, "reference-not-found": old}
    assert branches_of(there, "paris") == {"processed": None, **failing}
    back = written(there, attaching.detach(there, "s", "paris", close=old is None))
    assert text_of(back) == text


@MANY
@given(st.data())
def test_in_any_style_attaching_touches_the_line_of_the_branch_and_adds_lines(
    data: st.DataObject,
) -> None:
    text = data.draw(scenarios())
    inventory = workspace_of(s=text)
    ways = branches_to(scenario_of(inventory), null=True)
    assume(ways)
    after, label = data.draw(st.sampled_from(ways))
    [change] = attaching.attach(inventory, "s", "paris", Place(after, label)).changes
    assert change.after is not None
    old, new = lines_of(text), lines_of(change.after.decode())
    lines = iter(new)
    stays = set(range(1, len(old) + 1)) - may_change(inventory, after, label)
    assert all(old[line - 1] in lines for line in sorted(stays))
    assert len(new) <= len(old) + 4


def lines_of(text: str) -> list[str]:
    return text.replace("\r\n", "\n").split("\n")


def may_change(inventory: Inventory, after: str, label: str) -> set[int]:
    """The line of a branch's target; in flow style those where the last action ends too."""
    root = inventory.members["scenarios/s.yaml"].root
    graph = within(root, "actions")
    lines = {within(within(graph, after), "branches").get(label).line}  # type: ignore[union-attr]
    if graph.flow:
        text = inventory.members["scenarios/s.yaml"].text
        first, last = graph.entries[-1][1].end, graph.end
        lines |= set(range(text.count("\n", 0, first) + 1, text.count("\n", 0, last) + 2))
    return lines


def within(node: Node | None, key: str) -> Mapping:
    assert isinstance(node, Mapping)
    found = node.get(key)
    assert isinstance(found, Mapping)
    return found


# -- attach ----------------------------------------------------------------------------------------

GRAPH = """\
reference: s
type: interaction-start
start: greet
actions:
  greet: {action: start, branches: {ok: menu}}
  menu: {action: vocal-announcement, branches: {"1": lyon, "2": null}}
  lyon:
    action: distribution-to-sip-endpoint  # the old trunk
    endpoint: lyon
    branches: {processed: null, unprocessed: queue, reference-not-found: queue}
  queue: {action: distribution-to-queue, queue: support}
  value: {action: test-value, value: caller, branches: {"+33*": queue}}
  hours: {action: test-calendar}
  own: {action: of-our-own, branches: {}}
  wait: {action: pause}
"""


def refused(place: Place, text: str = GRAPH, scenario: str = "s", endpoint: str = "paris") -> str:
    """What is told of an attachment that is refused."""
    with pytest.raises(Refused) as error:
        attaching.attach(workspace_of(s=text), scenario, endpoint, place)
    return refusal(error)


@pytest.mark.parametrize(
    ("after", "label", "branches"),
    [
        ("menu", "*", '{"1": lyon, "2": null, "*": paris}'),
        ("queue", "overflow", "{overflow: paris}"),
        ("own", "a b", "{a b: paris}"),
        ("value", "+44*", '{"+33*": queue, "+44*": paris}'),
    ],
)
def test_a_branch_that_is_not_written_is_added(after: str, label: str, branches: str) -> None:
    gone, come = changed_lines(GRAPH, text_of(attached(GRAPH, Place(after, label))))
    [line] = gone
    head = line.partition(", branches")[0].rstrip("}")
    assert come[0] == f"{head}, branches: {branches}}}"


def test_the_only_branch_of_an_action_need_not_be_named() -> None:
    assert branches_of(attached(GRAPH, Place("wait")), "wait") == {"ok": "paris"}
    assert branches_of(attached(GRAPH, Place("greet", insert=True)), "greet") == {"ok": "paris"}
    two = workspace_of(s=GRAPH.replace("action: pause", "action: pause, branches: {then: null}"))
    with pytest.raises(Usage):
        attaching.attach(two, "s", "paris", Place("wait"))
    plan = attaching.attach(two, "s", "paris", Place("wait", "then"))
    assert branches_of(written(two, plan), "wait") == {"then": "paris"}


@pytest.mark.parametrize("place", [Place(), Place("menu"), Place(branch="2"), Place("own")])
def test_a_branch_that_is_not_told_is_wrong_usage(place: Place) -> None:
    with pytest.raises(Usage, match='where in "s" is not given'):
        attaching.attach(workspace_of(s=GRAPH), "s", "paris", place)


def test_a_test_of_a_value_has_more_branches_than_those_that_are_known() -> None:
    with pytest.raises(Usage):
        attaching.attach(workspace_of(s=GRAPH), "s", "paris", Place("value"))
    bare = GRAPH.replace(', branches: {"+33*": queue}', "")
    with pytest.raises(Usage):
        attaching.attach(workspace_of(s=bare), "s", "paris", Place("value"))


def test_a_branch_that_leads_somewhere_is_refused_with_both_ways_out() -> None:
    told = refused(Place("menu", "1"))
    assert 'the branch "1" of "menu" leads to "lyon" already' in told
    assert '--insert puts the endpoint in front, "lyon" being what it falls back to' in told
    assert "--replace takes that link out" in told


def test_replace_takes_the_link_out() -> None:
    after = attached(GRAPH, Place("menu", "1", replace=True))
    assert branches_of(after, "menu") == {"1": "paris", "2": None}
    failing = ("unprocessed", "reference-not-found")
    assert branches_of(after, "paris") == dict.fromkeys(("processed", *failing))
    after = attached(GRAPH, Place("menu", "1", fallback="queue", replace=True))
    assert branches_of(after, "paris") == {"processed": None, **dict.fromkeys(failing, "queue")}


def test_an_open_branch_can_be_replaced_and_inserted_in_too() -> None:
    for place in (Place("menu", "2", replace=True), Place("menu", "2", insert=True)):
        assert text_of(attached(GRAPH, place)) == text_of(attached(GRAPH, FREE))


def test_insert_makes_a_trunk_with_a_fallback() -> None:
    after = attached(GRAPH, Place("menu", "1", insert=True))
    assert branches_of(after, "menu") == {"1": "paris", "2": None}
    failing = {"unprocessed": "lyon", "reference-not-found": "lyon"}
    assert branches_of(after, "paris") == {"processed": None, **failing}


@pytest.mark.parametrize(
    ("place", "told"),
    [
        (Place("menu", "1", insert=True, replace=True), "--insert or --replace, not both"),
        (Place("menu", "1", insert=True, fallback="queue"), "--insert or --fallback, not both"),
    ],
)
def test_what_contradicts_itself_is_wrong_usage(place: Place, told: str) -> None:
    with pytest.raises(Usage, match=told):
        attaching.attach(workspace_of(s=GRAPH), "s", "paris", place)


def test_ids_are_those_of_endpoints_with_a_number_where_one_is_taken() -> None:
    after = workspace_of(s=GRAPH)
    for label in "2345":
        plan = attaching.attach(
            after, "s", "lyon" if label > "3" else "paris", Place("menu", label)
        )
        after = carried_out(after, plan)
    targets = [branches_of(after, "menu")[label] for label in "2345"]
    assert targets == ["paris", "paris-2", "lyon-2", "lyon-3"]
    assert scenario_of(after).endpoints() == ("lyon", "paris")


def test_an_id_can_be_given() -> None:
    after = attached(GRAPH, Place("menu", "2", id="trunk-1"))
    assert branches_of(after, "menu")["2"] == "trunk-1"
    assert scenario_of(after).actions["trunk-1"].endpoint == "paris"
    assert 'there is an action "queue" already' in refused(Place("menu", "2", id="queue"))
    assert '"a b" cannot be an action\'s id: " " is not' in refused(Place("menu", "2", id="a b"))
    assert refused(Place("menu", "2", id="con")).endswith("\nchoose another name")


def test_what_is_not_there_is_refused_with_the_nearest_name() -> None:
    told = refused(Place("men", "2"))
    assert told == 'there is no action "men"\ndid you mean "menu"?'
    assert 'no action "que"\ndid you mean "queue"?' in refused(Place("menu", "2", fallback="que"))
    assert 'no endpoint "pari"\ndid you mean "paris"?' in refused(FREE, endpoint="pari")
    assert 'there is no scenario "paris"' in refused(FREE, scenario="paris")
    assert 'there are "greet", "menu", "lyon"' in refused(Place("zzz", "2"))


def test_a_label_that_no_call_can_take_is_refused_with_the_nearest_one() -> None:
    told = refused(Place("queue", "unproccessed"))
    assert told == '"queue" has no branch "unproccessed"\ndid you mean "unprocessed"?'
    assert 'there are "ok"' in refused(Place("wait", "zzz"))
    # what the product's pages do not confirm may be more than is known
    assert branches_of(attached(GRAPH, Place("hours", "holiday")), "hours") == {"holiday": "paris"}


@pytest.mark.parametrize("actions", ["", "actions: {}\n", "start: gone\nactions: { }\n"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_in_an_empty_scenario_an_endpoint_is_the_first_action(actions: str, line_end: str) -> None:
    text = ("reference: s\ntype: interaction-end\n" + actions + "x-own: 1\n").replace(
        "\n", line_end
    )
    expected = """\
reference: s
type: interaction-end
start: paris
actions:
  paris:
    action: distribution-to-sip-endpoint
    endpoint: paris
    branches: {processed: null, unprocessed: null, reference-not-found: null}
x-own: 1
"""
    after = text_of(attached(text, Place()))
    assert after == expected.replace("\n", line_end)
    if not actions:
        assert text_of(detached(attached(text, Place()), close=True)) == text


def test_in_an_empty_scenario_there_is_nothing_to_come_behind() -> None:
    empty = "reference: s\ntype: interaction-start\n"
    for place in (FREE, Place(branch="2"), Place(insert=True), Place(replace=True)):
        told = refused(place, empty)
        assert 'the scenario "s" has no actions yet' in told
        assert "the endpoint becomes its first action" in told
    assert 'there is no action "queue"' in refused(Place(fallback="queue"), empty)


def test_an_empty_scenario_in_flow_style_stays_in_flow_style() -> None:
    after = text_of(attached("{reference: s, type: interaction-end}\n", Place(id="a")))
    assert after.startswith("{reference: s, type: interaction-end, start: a, actions: {a: {action:")
    assert after.count("\n") == 1


def test_a_scenario_that_cannot_be_read_is_refused_with_its_findings() -> None:
    with pytest.raises(Refused, match="cannot be changed as it stands") as error:
        attaching.attach(workspace_of(s=GRAPH + "x: ["), "s", "paris", FREE)
    assert error.value.findings
    unquoted = GRAPH.replace('"2": null', "2: null")
    assert "`sipctl fmt` mends it, then `sipctl save s`" in refused(FREE, unquoted)


# -- detach ----------------------------------------------------------------------------------------


def chain(*ways: tuple[str, str, str | None]) -> str:
    """A scenario of trunks, each with its endpoint and what it falls back to, behind a menu."""
    lines = ["reference: s", "type: interaction-start", "start: menu", "actions:"]
    lines += ['  menu: {action: vocal-announcement, branches: {"1": a}}']
    lines += ["  queue: {action: distribution-to-queue, queue: support}"]
    for id, endpoint, fallback in ways:
        to = fallback or "null"
        branches = f"{{processed: null, unprocessed: {to}, reference-not-found: {to}}}"
        kind = "distribution-to-sip-endpoint"
        lines += [f"  {id}: {{action: {kind}, endpoint: {endpoint}, branches: {branches}}}"]
    return "\n".join(lines) + "\n"


def silence(text: str, endpoint: str | None = "lyon", **options: object) -> str:
    """What is told where an endpoint cannot be detached."""
    with pytest.raises(Refused) as error:
        detached(workspace_of(s=text), endpoint, **options)
    return refusal(error)


def test_what_led_to_an_endpoint_leads_to_its_fallback() -> None:
    text = GRAPH.replace("start: greet", "start: lyon").replace('"2": null', '"2": lyon')
    after = text_of(detached(workspace_of(s=text), "lyon"))
    expected = text.replace("start: lyon", "start: queue")
    expected = expected.replace('"1": lyon, "2": lyon', '"1": queue, "2": queue')
    start, end = expected.index("  lyon:\n"), expected.index("  queue:")
    assert after == expected[:start] + expected[end:]


TWICE = GRAPH.replace('"2": null', '"2": lyon-2').replace(
    "  queue:",
    """\
  # kept with what follows
  lyon-2: {action: distribution-to-sip-endpoint, endpoint: lyon, branches: {unprocessed: own}}
  queue:""",
)


def test_every_action_for_an_endpoint_goes_each_to_its_own_fallback() -> None:
    after = detached(workspace_of(s=TWICE), "lyon")
    assert branches_of(after, "menu") == {"1": "queue", "2": "own"}
    assert "lyon" not in text_of(after)
    assert "# kept with what follows" in text_of(after)


def test_one_action_goes_by_its_id() -> None:
    for endpoint in (None, "lyon"):
        after = detached(workspace_of(s=TWICE), endpoint, action="lyon-2")
        assert branches_of(after, "menu") == {"1": "lyon", "2": "own"}
    plan = attaching.detach(workspace_of(s=TWICE), "s", action="lyon-2")
    assert plan.subject == "Detach lyon from scenario s"


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"endpoint": "nice"}, 'the scenario "s" does not use "nice"\nit uses "lyon"'),
        ({"endpoint": "lyn"}, 'the scenario "s" does not use "lyn"\ndid you mean "lyon"?'),
        ({"action": "lion"}, 'there is no action "lion"\ndid you mean "lyon"?'),
        ({"action": "menu"}, 'the action "menu" is no distribution to a SIP endpoint'),
        ({"endpoint": "nice", "action": "lyon"}, 'the action "lyon" leads to "lyon"'),
        ({"endpoint": "lyon", "fallback": "que"}, 'no action "que"\ndid you mean "queue"?'),
        ({"endpoint": "lyon", "fallback": "lyon"}, 'the action "lyon" is taken out too'),
    ],
)
def test_what_cannot_be_detached_is_refused(options: dict[str, str], told: str) -> None:
    options = {"endpoint": None, **options}  # type: ignore[dict-item]
    assert told in silence(GRAPH, **options)


def test_an_action_that_names_no_endpoint_can_be_taken_out_by_its_id() -> None:
    text = GRAPH.replace("    endpoint: lyon\n", "")
    told = silence(text, "nice", action="lyon")
    assert 'the action "lyon" names no endpoint' in told
    after = detached(workspace_of(s=text), None, action="lyon")
    assert branches_of(after, "menu")["1"] == "queue"


def test_without_a_fallback_detaching_is_refused_unless_the_call_may_end() -> None:
    text = GRAPH.replace("unprocessed: queue, reference-not-found: queue", "unprocessed: null")
    told = silence(text)
    assert told == (
        '"lyon" of scenario "s" has no fallback: callers would hear silence\n'
        "`sipctl detach s --action lyon --fallback ACTION` says where they go instead, "
        "--close ends the call there"
    )
    assert branches_of(detached(workspace_of(s=text), "lyon", close=True), "menu")["1"] is None
    after = detached(workspace_of(s=text), "lyon", fallback="own")
    assert branches_of(after, "menu") == {"1": "own", "2": None}


def test_nobody_hears_silence_where_no_call_comes() -> None:
    text = GRAPH.replace('"1": lyon', '"1": null').replace(
        "unprocessed: queue", "unprocessed: null"
    )
    text = text.replace("reference-not-found: queue", "reference-not-found: null")
    assert "lyon" not in text_of(detached(workspace_of(s=text), "lyon"))


def test_failure_branches_that_differ_want_a_choice() -> None:
    text = GRAPH.replace("reference-not-found: queue", "reference-not-found: own")
    assert silence(text) == (
        'the failure branches of "lyon" lead to "queue", "own"\n'
        "say where callers go instead: --fallback queue or own"
    )
    assert branches_of(detached(workspace_of(s=text), "lyon", fallback="own"), "menu")["1"] == "own"
    # one that is null leaves no choice
    text = text.replace("reference-not-found: own", "reference-not-found: null")
    assert branches_of(detached(workspace_of(s=text), "lyon"), "menu")["1"] == "queue"


def test_actions_that_fall_back_on_each_other_go_together() -> None:
    text = chain(("a", "lyon", "b"), ("b", "lyon", "c"), ("c", "lyon", "queue"))
    assert branches_of(detached(workspace_of(s=text), "lyon"), "menu") == {"1": "queue"}
    text = chain(("a", "lyon", "b"), ("b", "nice", "c"), ("c", "lyon", "queue"))
    after = detached(workspace_of(s=text), "lyon")
    assert branches_of(after, "menu") == {"1": "b"}
    assert branches_of(after, "b")["unprocessed"] == "queue"


def test_actions_whose_fallbacks_meet_again_have_one_fallback() -> None:
    text = chain(("a", "lyon", "b"), ("b", "lyon", "queue"))
    text = text.replace("unprocessed: b", "unprocessed: queue")
    assert branches_of(detached(workspace_of(s=text), "lyon"), "menu") == {"1": "queue"}


def test_actions_that_fall_back_in_a_ring_have_no_fallback() -> None:
    text = chain(("a", "lyon", "b"), ("b", "lyon", "a"))
    assert '"a" of scenario "s" has no fallback' in silence(text)
    assert "`sipctl detach s lyon --fallback ACTION`" in silence(text)
    after = detached(workspace_of(s=text), "lyon", close=True)
    assert branches_of(after, "menu") == {"1": None}
    after = detached(workspace_of(s=text), "lyon", fallback="queue")
    assert branches_of(after, "menu") == {"1": "queue"}


def test_no_endpoint_is_left_to_fail_over_to_itself() -> None:
    text = chain(("a", "lyon", "b"), ("b", "nice", "a"))
    assert '"a" of scenario "s" has no fallback: callers would hear silence' in silence(text)
    assert '"a" of scenario "s" has no fallback' in silence(text, None, action="a", fallback="b")
    after = detached(workspace_of(s=text), "lyon", close=True)
    assert branches_of(after, "menu") == {"1": "b"}
    assert branches_of(after, "b")["unprocessed"] is None
    after = detached(workspace_of(s=text), "lyon", fallback="queue")
    assert branches_of(after, "menu") == {"1": "queue"}
    assert branches_of(after, "b")["unprocessed"] == "queue"


def test_a_menu_may_lead_back_to_itself() -> None:
    text = chain(("a", "lyon", "menu")).replace('{"1": a}', '{"1": a, "2": queue}')
    after = detached(workspace_of(s=text), "lyon")
    assert branches_of(after, "menu") == {"1": "menu", "2": "queue"}


def test_a_start_without_a_fallback_ends_only_an_empty_scenario() -> None:
    text = chain(("a", "lyon", None)).replace("start: menu", "start: a")
    text = text.replace('"1": a', '"1": queue')
    assert '"a" of scenario "s" has no fallback' in silence(text)
    inventory = workspace_of(s=text)
    plan = attaching.detach(inventory, "s", "lyon", close=True)
    after = written(inventory, plan)
    assert [f.rule for f in after.findings if f.is_error] == ["missing-start"]


SHARED = """\
reference: s
type: interaction-start
start: share
actions:
  share:
    action: load-sharing
    weights: {link-1: 70, link-2: 30}  # the new trunk carries little
    branches:
      link-1: lyon
      link-2: paris
      no-link: null
  lyon: {action: distribution-to-sip-endpoint, endpoint: lyon, branches: {unprocessed: queue}}
  paris: {action: distribution-to-sip-endpoint, endpoint: paris, branches: {unprocessed: null}}
  queue: {action: distribution-to-queue, queue: support}
"""


def test_a_link_of_a_load_sharing_goes_with_its_weight() -> None:
    after = detached(workspace_of(s=SHARED), "lyon")
    assert branches_of(after, "share") == {"link-2": "paris", "no-link": None}
    assert "weights: {link-2: 30}  # the new trunk" in text_of(after)
    for weights in ("", "    weights: {link-2: 30}\n", "    weights: even\n"):
        text = re.sub("    weights: .*\n", weights, SHARED)
        after = detached(workspace_of(s=text), "lyon")
        assert weights in text_of(after)
    # nobody hears silence: the other links carry the calls
    after = detached(workspace_of(s=SHARED), "paris")
    assert branches_of(after, "share") == {"link-1": "lyon", "no-link": None}


def test_the_last_link_of_a_load_sharing_leads_to_the_fallback() -> None:
    last = SHARED.replace("      link-1: lyon\n", "").replace("link-1: 70, ", "")
    assert "no fallback: callers would hear silence" in silence(last, "paris")
    after = detached(workspace_of(s=last), "paris", fallback="queue")
    assert branches_of(after, "share") == {"link-2": "queue", "no-link": None}
    both = SHARED.replace("endpoint: paris", "endpoint: lyon")
    after = detached(workspace_of(s=both), "lyon", fallback="queue")
    assert branches_of(after, "share") == {"link-1": "queue", "link-2": "queue", "no-link": None}
    after = detached(workspace_of(s=last), "paris", close=True)
    assert branches_of(after, "share") == {"link-2": None, "no-link": None}


def test_what_a_load_sharing_does_without_links_is_a_way_on() -> None:
    text = SHARED.replace("      link-1: lyon\n", "").replace("no-link: null", "no-link: queue")
    after = detached(workspace_of(s=text), "paris")
    assert branches_of(after, "share") == {"no-link": "queue"}
    text = SHARED.replace("no-link: null", "no-link: lyon")
    after = detached(workspace_of(s=text), "lyon")
    assert branches_of(after, "share") == {"link-2": "paris", "no-link": "queue"}


def test_only_a_load_sharing_loses_links() -> None:
    text = SHARED.replace("load-sharing", "of-our-own")
    after = detached(workspace_of(s=text), "lyon")
    assert branches_of(after, "share") == {"link-1": "queue", "link-2": "paris", "no-link": None}


def test_an_endpoint_that_is_not_there_any_more_is_detached() -> None:
    inventory = workspace_of("paris", s=GRAPH)
    assert [f.rule for f in inventory.findings if f.is_error] == ["unknown-endpoint"]
    after = carried_out(inventory, attaching.detach(inventory, "s", "lyon"))
    assert [f for f in after.findings if f.is_error] == []


# -- reroute ---------------------------------------------------------------------------------------

OTHER = """\
reference: t
type: interaction-end
start: "lyon"
actions:
    "lyon": {action: distribution-to-sip-endpoint, 'endpoint': 'lyon', "branches": {}}  # lyon
"""


def test_reroute_changes_the_value_and_nothing_else() -> None:
    inventory = workspace_of(s=TWICE, t=OTHER)
    after = carried_out(inventory, attaching.reroute(inventory, "lyon", "paris"))
    assert text_of(after, "s") == TWICE.replace("endpoint: lyon", "endpoint: paris")
    assert text_of(after, "t") == OTHER.replace("'lyon'", "'paris'")
    assert "lyon" not in after.uses


def test_reroute_can_be_held_to_one_scenario() -> None:
    inventory = workspace_of(s=TWICE, t=OTHER)
    plan = attaching.reroute(inventory, "lyon", "paris", "t")
    assert plan.subject == "Reroute lyon to paris in scenario t"
    assert [change.path for change in plan.effective] == ["scenarios/t.yaml"]


def test_reroute_takes_an_endpoint_that_is_not_there_any_more() -> None:
    inventory = workspace_of("paris", s=GRAPH)
    after = carried_out(inventory, attaching.reroute(inventory, "lyon", "paris"))
    assert [f for f in after.findings if f.is_error] == []
    with pytest.raises(Refused, match='no endpoint "lyon"'):
        attaching.reroute(after, "lyon", "paris")


def test_reroute_of_what_is_unused_changes_nothing() -> None:
    inventory = workspace_of(s=GRAPH)
    for plan in (
        attaching.reroute(inventory, "nice", "paris"),
        attaching.reroute(inventory, "lyon", "lyon"),
    ):
        assert plan.effective == ()


def test_reroute_tells_what_it_could_not_see() -> None:
    inventory = workspace_of(s=GRAPH, t="reference: t\nactions: [")
    plan = attaching.reroute(inventory, "lyon", "paris")
    assert [change.path for change in plan.effective] == ["scenarios/s.yaml"]
    assert plan.notes == ('"scenarios/t.yaml" cannot be read, and so stays as it is',)
    assert attaching.reroute(inventory, "lyon", "paris", "s").notes == ()
    with pytest.raises(Refused, match="cannot be changed as it stands"):
        attaching.reroute(inventory, "lyon", "paris", "t")


def test_reroute_wants_known_names() -> None:
    for words, told in {
        ("lyon", "pari"): 'there is no endpoint "pari"\ndid you mean "paris"?',
        ("lyn", "paris"): 'there is no endpoint "lyn"\ndid you mean "lyon"?',
        ("lyon", "paris", "t"): 'there is no scenario "t"',
    }.items():
        with pytest.raises(Refused) as error:
            attaching.reroute(workspace_of(s=GRAPH), *words)
        assert told in refusal(error)


# -- renaming and deleting endpoints ---------------------------------------------------------------


def test_rename_rewrites_every_use_and_nothing_else() -> None:
    inventory = workspace_of(s=TWICE, t=OTHER, u=MIXED)
    after = carried_out(inventory, operations.rename(inventory, "lyon", "pbx@lyon.2"))
    assert text_of(after, "s") == TWICE.replace("endpoint: lyon", "endpoint: pbx@lyon.2")
    assert text_of(after, "t") == OTHER.replace("'lyon'", "'pbx@lyon.2'")
    assert text_of(after, "u") == MIXED
    assert [use.action for use in after.uses["pbx@lyon.2"]] == ["lyon", "lyon-2", "lyon"]


def test_a_name_that_looks_like_a_number_is_quoted_where_it_is_used() -> None:
    inventory = workspace_of(s=GRAPH)
    after = carried_out(inventory, operations.rename(inventory, "lyon", "0123"))
    assert '    endpoint: "0123"\n' in text_of(after)
    after = carried_out(after, operations.rename(after, "0123", "lyon"))
    assert '    endpoint: "lyon"\n' in text_of(after)


def test_rename_in_case_only_reaches_the_uses_too() -> None:
    inventory = workspace_of(s=GRAPH)
    after = carried_out(inventory, operations.rename(inventory, "lyon", "Lyon"))
    assert "Lyon" in after.uses
    assert "lyon" not in after.uses


def in_use(
    inventory: Inventory, *endpoints: str, cascade: bool = False, force: bool = False
) -> str:
    """What is told of endpoints that cannot be deleted."""
    with pytest.raises(Refused) as error:
        operations.delete(inventory, endpoints, cascade=cascade, force=force)
    return refusal(error)


def test_delete_is_refused_with_the_place_of_every_use() -> None:
    inventory = workspace_of(s=TWICE, t=OTHER)
    told, hint = in_use(inventory, "paris", "lyon").rsplit("\n", 1)
    assert told == (
        '"lyon" is in use:\n'
        '  scenarios/s.yaml:9 (action "lyon")\n'
        '  scenarios/s.yaml:12 (action "lyon-2")\n'
        '  scenarios/t.yaml:5 (action "lyon")'
    )
    assert "--cascade detaches first" in hint
    assert "`sipctl reroute lyon OTHER`" in hint
    both = in_use(workspace_of(s=SHARED), "lyon", "paris")
    assert both.startswith('"lyon", "paris" are in use:\n')
    assert both.endswith("--cascade detaches first")


def test_so_many_uses_are_told_and_the_others_counted() -> None:
    many = chain(*[(f"a{n}", "lyon", "queue") for n in range(25)])
    told = in_use(workspace_of(s=many), "lyon")
    assert told.count("scenarios/s.yaml:") == 20
    assert "  and 5 more\n" in told


def test_a_cascade_detaches_under_the_same_rule() -> None:
    inventory = workspace_of(s=TWICE, t=GRAPH)
    after = carried_out(inventory, operations.delete(inventory, ["lyon"], cascade=True))
    assert branches_of(after, "menu") == {"1": "queue", "2": "own"}
    assert "lyon" not in text_of(after, "s") + text_of(after, "t")
    assert "endpoints/lyon.yaml" not in after.members
    silent = workspace_of(s=GRAPH, t=OTHER)
    assert in_use(silent, "lyon", cascade=True) == (
        '"lyon" of scenario "t" has no fallback: callers would hear silence\n'
        "`sipctl detach t --action lyon --fallback ACTION` says where they go instead, "
        "--close ends the call there"
    )
    after = carried_out(silent, operations.delete(silent, ["lyon"], cascade=True, close=True))
    assert branches_of(after, "menu") == {"1": "queue", "2": None}
    assert text_of(after, "t") == "reference: t\ntype: interaction-end\n"


def test_a_cascade_of_endpoints_that_fall_back_on_each_other() -> None:
    text = chain(("a", "lyon", "b"), ("b", "paris", "queue"))
    inventory = workspace_of(s=text)
    after = carried_out(inventory, operations.delete(inventory, ["paris", "lyon"], cascade=True))
    assert branches_of(after, "menu") == {"1": "queue"}
    ring = workspace_of(
        s=text.replace(": queue, ref", ": a, ref").replace("found: queue", "found: a")
    )
    assert '"a" of scenario "s" has no fallback' in in_use(ring, "paris", "lyon", cascade=True)
    after = carried_out(ring, operations.delete(ring, ["paris", "lyon"], cascade=True, close=True))
    assert branches_of(after, "menu") == {"1": None}


UNSEEN = {
    "no YAML": GRAPH + "x: [",
    "no mapping": "- a\n",
    "actions that are none": "reference: s\ntype: interaction-start\nactions: [a]\n",
    "an action that is none": GRAPH + "  bad: 7\n",
    "a type that is none": GRAPH.replace("action: distribution-to-sip-endpoint", "action: [a]"),
    "an endpoint that is none": GRAPH.replace("endpoint: lyon", "endpoint: [lyon]"),
    "an alias": GRAPH.replace("endpoint: lyon", "endpoint: &a lyon"),
}


@pytest.mark.parametrize("text", UNSEEN.values(), ids=list(UNSEEN))
def test_while_a_scenario_cannot_be_read_nobody_knows_what_it_uses(text: str) -> None:
    inventory = workspace_of(s=text, t=MIXED)
    for verb in ("delete", "rename"):
        with pytest.raises(Refused) as error:
            change(inventory, verb)
        told = refusal(error)
        assert '"scenarios/s.yaml" cannot be read, so what it uses cannot be seen' in told
        assert "`sipctl validate`" in told
        assert "--force" in told
        plan = change(inventory, verb, force=True)
        assert "scenarios/s.yaml" not in {change.path for change in plan.effective}


def change(inventory: Inventory, verb: str, force: bool = False) -> Plan:
    if verb == "delete":
        return operations.delete(inventory, ["nice"], force=force)
    return operations.rename(inventory, "nice", "new", force=force)


def test_force_leaves_no_use_behind_that_can_be_seen() -> None:
    """A number without quotes leaves no doubt about the endpoints; and the file is not written."""
    inventory = workspace_of(s=GRAPH + "name: 0123\n")
    assert "scenarios/s.yaml:9" in in_use(inventory, "lyon", force=True)
    for options in ({"cascade": True}, {"cascade": True, "force": True}):
        assert "`sipctl fmt` mends it" in in_use(inventory, "lyon", **options)
    with pytest.raises(Refused, match="cannot be changed as it stands"):
        operations.rename(inventory, "lyon", "new", force=True)
    assert operations.delete(inventory, ["paris"]).effective


def test_force_leaves_no_use_behind_in_what_cannot_be_read() -> None:
    inventory = workspace_of(s=GRAPH + "  bad: 7\n")
    for options in ({}, {"cascade": True}):
        assert in_use(inventory, "lyon", force=True, **options)
    with pytest.raises(Refused, match="cannot be changed as it stands"):
        operations.rename(inventory, "lyon", "new", force=True)


def test_old_errors_of_a_scenario_hinder_no_rename() -> None:
    """What the rules find leaves what is written beyond doubt."""
    inventory = workspace_of(s=GRAPH.replace("start: greet", "start: gone"))
    assert any(finding.is_error for finding in inventory.findings)
    plan = operations.rename(inventory, "lyon", "new")
    assert "    endpoint: new\n" in text_of(written(inventory, plan))


def test_no_scenario_that_changes_has_to_be_read_again() -> None:
    inventory = workspace_of(s=GRAPH, t=GRAPH.replace("reference: s", "reference: t"))
    plans = (
        attaching.attach(inventory, "s", "paris", FREE),
        attaching.detach(inventory, "s", "lyon"),
        attaching.reroute(inventory, "lyon", "nice"),
        operations.rename(inventory, "lyon", "other"),
        operations.delete(inventory, ["lyon"], cascade=True),
    )
    for plan in plans:
        carried_out(inventory, plan)
        scenarios = [change for change in plan.changes if change.path.startswith("scenarios/")]
        assert scenarios
        assert all(change.known for change in scenarios)


# -- many actions ----------------------------------------------------------------------------------


def test_an_endpoint_used_500_times_in_2000_actions() -> None:
    text = long(2000, every=4)
    inventory = workspace_of(s=text)
    assert len(inventory.uses["lyon"]) == 500
    after = written(inventory, operations.rename(inventory, "lyon", "new"))
    assert text_of(after) == text.replace("endpoint: lyon", "endpoint: new")
    there = attached(text, Place("q1998", "overflow", insert=True))
    assert branches_of(there, "paris")["unprocessed"] == "t1999"
    after = written(inventory, attaching.detach(inventory, "s", "lyon"))
    assert len(scenario_of(after).actions) == 1501
    assert branches_of(after, "q2")["overflow"] == "q4"


def test_2000_actions_that_fall_back_on_one_another_go_in_one() -> None:
    inventory = workspace_of(s=long(2000, every=1))
    after = detached(inventory, "lyon")
    assert list(scenario_of(after).actions) == ["end"]
    assert scenario_of(after).start == "end"


def test_detaching_a_chain_that_is_entered_everywhere_is_linear_in_its_length() -> None:
    def work(length: int) -> int:
        ids = [f"a{n}" for n in range(length)]
        text = chain(*((id, "lyon", then) for id, then in pairwise([*ids, "queue"])))
        hub = ", ".join(f"p{n}: {id}" for n, id in enumerate(ids))
        inventory = workspace_of(s=text.replace('"1": a', hub))
        return steps(lambda: attaching.detach(inventory, "s", "lyon"))

    assert work(400) < 5 * work(100)


def long(count: int, every: int) -> str:
    """A chain of so many actions, every so many of which is a trunk, and the end."""
    ids = [f"t{n}" if n % every == every - 1 else f"q{n}" for n in range(count)]
    lines = ["reference: s", "type: interaction-start", f"start: {ids[0]}", "actions:"]
    for id, then in pairwise([*ids, "end"]):
        if id.startswith("t"):
            kind = "distribution-to-sip-endpoint, endpoint: lyon"
            branches = f"{{processed: null, unprocessed: {then}, reference-not-found: {then}}}"
        else:
            kind, branches = "distribution-to-queue", f"{{processed: null, overflow: {then}}}"
        lines.append(f"  {id}: {{action: {kind}, branches: {branches}}}")
    return "\n".join([*lines, "  end: {action: voicemail}", ""])
