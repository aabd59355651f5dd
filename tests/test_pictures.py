"""Pictures of scenarios: a terminal's tree is read back, DOT is read by Graphviz, and flowcharts
are read and drawn by Mermaid."""

import hashlib
import json
import re
import shutil
import subprocess
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock
from hypothesis import example, given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from sipctl.endpoint import Endpoint
from sipctl.render import Segments, visible
from sipctl.render.dot import dot
from sipctl.render.mermaid import mermaid
from sipctl.render.outline import outline
from sipctl.render.scenario import WIDTH, choices, tree
from sipctl.render.styled import colored
from sipctl.scenarios import catalogue
from sipctl.scenarios.scenario import Action, Scenario
from tests.support import ROOT, execute, needed

Branches = Mapping[str, str | None]


def action(type: str = "node", branches: Branches | None = None, **parameters: object) -> Action:
    return Action(type, dict(branches or {}), parameters)


def scenario(actions: Mapping[str, Action], start: str | None = None, **fields: Any) -> Scenario:
    given = {"reference": "s", "type_": "interaction-start", "start": start, **fields}
    return Scenario(**given, actions=actions)


def plain(segments: Segments) -> str:
    return "".join(text for text, _ in segments)


SIP, QUEUE, MENU = (
    "distribution-to-sip-endpoint",
    "distribution-to-queue",
    "vocal-announcement",
)

SUPPORT = scenario(
    {
        "hours": action(
            "test-calendar",
            {"open": "menu", "closed": "night"},
            timezone="Europe/Paris",
            open=("Mon-Fri 08:00-19:00",),
            holidays=("2026-12-25",),
        ),
        "menu": action(MENU, {"1": "paris", "2": "queue", "default": "queue"}),
        "paris": action(
            SIP,
            {"processed": None, "unprocessed": "queue", "reference-not-found": "queue"},
            endpoint="pbx-paris",
        ),
        "queue": action(QUEUE, {"processed": None, "unprocessed": None}, queue="support"),
        "night": action("transfer-to-number", {"ok": None, "error": None}, number="+33155000009"),
    },
    "hours",
    reference="support-in",
    name="Support inbound",
    description="Daytime support line.",
    entry_points=("+33100000000",),
)
PARIS = Endpoint({"reference": "pbx-paris", "host": "sip.paris.example.net"})


# -- the tree ------------------------------------------------------------------------------------


def test_a_scenario_is_a_tree_with_each_action_once() -> None:
    assert (
        plain(tree(SUPPORT, {"pbx-paris": PARIS}))
        == """\
support-in  Support inbound
Daytime support line.
interaction-start, entry points +33100000000

start → hours  Test a calendar  Mon-Fri 08:00-19:00
├─ open → menu  Vocal announcement
│  ├─ 1 → paris  Distribution to SIP en…  pbx-paris (sip.paris.example.net:5060)
│  │  ├─ processed → ends
│  │  ├─ unprocessed → queue  Distribution to a queue  support
│  │  │  ├─ processed → ends
│  │  │  └─ unprocessed → ends
│  │  └─ reference-not-found → queue (shown above)
│  ├─ 2 → queue (shown above)
│  └─ default → queue (shown above)
└─ closed → night  Transfer to a phone number  +33155000009
   ├─ ok → ends
   └─ error → ends
"""
    )


def test_a_single_branch_goes_on_at_the_same_depth() -> None:
    chain = {"a": action("start", {"ok": "b"}), "b": action("pause", {"ok": "c"})}
    fork = {"c": action("web-service", {"ok": None, "error": "d"}), "d": action("node")}
    assert (
        plain(tree(scenario(chain | fork, "a")))
        == """\
s
interaction-start

start → a  Start
↓  ok → b  Pause
↓  ok → c  Web service
├─ ok → ends
└─ error → d  Node
"""
    )


def test_what_no_call_comes_to_stands_below_as_trees_of_its_own() -> None:
    lost = {"d": action("node", {"ok": "a"}), "c": action("pause", {"ok": "d"})}
    loop = {"f": action("node", {"ok": "g"}), "g": action("node", {"ok": "f"})}
    assert (
        plain(tree(scenario({"a": action("start"), **lost, **loop}, "a")))
        == """\
s
interaction-start

start → a  Start

no call comes to:

c  Pause
↓  ok → d  Node
└─ ok → a (shown above)

f  Node
↓  ok → g  Node
└─ ok → f (shown above)
"""
    )


@pytest.mark.parametrize(
    ("start", "line"), [(None, "start → not set"), ("b", "start → b (no such action)")]
)
def test_a_start_that_leads_nowhere_is_told(start: str | None, line: str) -> None:
    assert line in plain(tree(scenario({}, start))).splitlines()
    shown = plain(tree(scenario({"a": action()}, start))).splitlines()
    assert shown[-5:] == [line, "", "no call comes to:", "", "a  Node"]


def test_targets_and_types_that_are_unknown_are_shown_as_written() -> None:
    drawn = plain(tree(scenario({"a": action("quiz", {"right": "b", "wrong": None})}, "a")))
    assert "start → a  quiz\n├─ right → b (no such action)\n└─ wrong → ends\n" in drawn


@pytest.mark.parametrize(
    ("parameters", "told"),
    [
        ({"endpoint": "a"}, "a (192.0.2.1:5061)"),
        ({"endpoint": "b"}, "b ([2001:db8::1]:5070)"),
        ({"endpoint": "c"}, "c (unknown)"),
        ({}, "no endpoint"),
    ],
)
def test_an_endpoint_is_shown_with_its_server(parameters: Mapping[str, str], told: str) -> None:
    servers = (
        Endpoint({"reference": "a", "host": "192.0.2.1", "transport": "tls"}),
        Endpoint({"reference": "b", "host": "2001:db8::1", "port": 5070}),
    )
    one = scenario({"x": action(SIP, None, **parameters)}, "x")
    endpoints = {endpoint.reference: endpoint for endpoint in servers}
    drawn = plain(tree(one, endpoints=endpoints))
    assert drawn.endswith(f"start → x  Distribution to SIP endpoint  {told}\n")


def test_long_lists_are_counted() -> None:
    hours = tuple(f"Mon {hour:02}:00-{hour:02}:30" for hour in range(8, 12))
    numbers = tuple(f"+3310000000{digit}" for digit in range(5))
    one = scenario({"a": action("test-calendar", open=hours)}, "a", entry_points=numbers)
    drawn = plain(tree(one))
    assert "entry points +33100000000, +33100000001 and 3 more\n" in drawn
    assert "Mon 08:00-08:30, Mon 09:00-09:30 and 2 more\n" in drawn


def test_the_name_of_a_type_gives_way_to_what_is_told_and_that_to_its_mark() -> None:
    reference = "trunk-of-the-london-office-and-of-all-that-is-north-of-it"
    one = scenario({"a": action("node", {"ok": "b"}), "b": action(SIP, endpoint=reference)}, "a")
    last = plain(tree(one, endpoints={})).splitlines()[-1]
    assert (
        last == "└─ ok → b  Distributio…  trunk-of-the-london-office-and-of-all-that-i… (unknown)"
    )
    whole = plain(tree(one, endpoints={}, width=None)).splitlines()[-1]
    assert whole == f"└─ ok → b  Distribution to SIP endpoint  {reference} (unknown)"


# -- any scenario's tree is read back -------------------------------------------------------------

_LINE = re.compile(
    r"(?P<rails>(?:│  |   )*)(?P<knot>[├└]─ |↓  )?(?:(?P<label>\S+) → )?(?P<target>\S+)"
    r"(?P<rest>.*)"
)


def read_back(text: str) -> dict[str, dict[str, str | None]]:
    """The actions that a tree shows and their branches, by the lines that are drawn in it."""
    actions: dict[str, dict[str, str | None]] = {}
    below: set[str] = set()
    owners: list[str] = []
    for line in text.partition("\n\n")[2].splitlines():
        if not line or line == "no call comes to:":
            continue
        found = _LINE.fullmatch(line)
        assert found, line
        depth, target, rest = len(found["rails"]) // 3, found["target"], found["rest"]
        if found["knot"]:
            branches = actions[owners[depth]]
            assert found["label"] not in branches
            branches[found["label"]] = None if target == "ends" else target
            is_single = found["knot"] == "↓  "
        else:
            is_single, depth = True, 0
        if rest.startswith("  "):
            assert target not in actions, "an action is shown twice"
            actions[target] = {}
            below.discard(target)
            owners[depth + (not is_single) :] = [target]
        elif rest == " (shown above)":
            assert target in actions
        elif rest == " (shown below)":
            below.add(target)
        else:
            assert target in ("ends", "not") or rest == " (no such action)"
    assert not below, "what is promised below is missing"
    return actions


IDS = [f"a{number}" for number in range(40)]
LABELS = st.sampled_from(["1", "2", "3", "ok", "*"])
TARGETS = st.none() | st.sampled_from([*IDS, "ghost"])


@st.composite
def graphs(draw: st.DrawFn) -> Scenario:
    """Small ones, and deep ones: in those each action leads to the next one, too."""
    is_deep = draw(st.booleans())
    least = 20 if is_deep else 1
    ids = draw(st.lists(st.sampled_from(IDS), unique=True, min_size=least, max_size=30))
    actions = {}
    for id, following in zip(ids, [*ids[1:], None], strict=True):
        branches = draw(st.dictionaries(LABELS, TARGETS, max_size=3))
        actions[id] = action("node", {**({"on": following} if is_deep else {}), **branches})
    return scenario(actions, draw(st.just(ids[0]) | st.none() | st.sampled_from(IDS)))


def written(one: Scenario) -> dict[str, list[tuple[str, str | None]]]:
    return {id: list(action.branches.items()) for id, action in one.actions.items()}


@given(graphs())
def test_a_tree_shows_every_action_once_and_every_branch_in_order(one: Scenario) -> None:
    shown = read_back(plain(tree(one)))
    assert {id: list(branches.items()) for id, branches in shown.items()} == written(one)


def ladder(count: int) -> Scenario:
    """Each action has an end and leads to the next one."""
    ids = [f"a{number}" for number in range(count)]
    following = [*ids[1:], None]
    actions = {
        id: action(QUEUE, {"overflow": None, "unprocessed": next, "processed": None})
        for id, next in zip(ids, following, strict=True)
    }
    return scenario(actions, "a0")


def chain(count: int) -> Scenario:
    """Each action has one branch, to the next one."""
    actions = {f"a{n}": action("pause", {"ok": f"a{n + 1}"}) for n in range(count)}
    return scenario(actions, "a0")


def fan(count: int) -> Scenario:
    """One action leads to all others, and they lead back."""
    patterns = {f"+{number}": f"a{number}" for number in range(1, count)}
    back = action("node", {"ok": "a0"})
    return scenario(
        {"a0": action("test-value", patterns), **dict.fromkeys(patterns.values(), back)}, "a0"
    )


def scattered(count: int) -> Scenario:
    """No action leads to another, and there is no start."""
    return scenario({f"a{number}": action("node", {"ok": None}) for number in range(count)})


DRAWN: list[Callable[[Scenario], str]] = [
    lambda one: plain(tree(one)),
    lambda one: plain(choices(one)),
    mermaid,
    dot,
]


@pytest.mark.parametrize("draw", DRAWN, ids=["tree", "choices", "mermaid", "dot"])
@pytest.mark.parametrize("make", [chain, ladder, fan, scattered])
def test_a_picture_grows_with_the_scenario_and_never_recurses(
    make: Callable[[int], Scenario], draw: Callable[[Scenario], str]
) -> None:
    assert len(draw(make(2000))) < 2.2 * len(draw(make(1000)))


def test_a_deep_tree_starts_anew_at_the_margin() -> None:
    drawn = plain(tree(ladder(30)))
    assert max(map(len, drawn.splitlines())) <= WIDTH
    assert "a11 (shown below)\n" in drawn and "\n\na11  Distribution to a queue\n" in drawn
    assert list(read_back(drawn)) == [f"a{number}" for number in range(30)]


def test_at_the_greatest_depth_only_forks_are_put_off() -> None:
    last = {
        "a9": action("node", {"deep": "b", "again": "d"}),
        "b": action("pause", {"ok": "c"}),
        "c": action("node", {"leaf": "e", "fork": "d"}),
        "d": action("node", {"ok": "f"}),
        "e": action("start"),
        "f": action("start"),
    }
    lines = plain(tree(scenario({**ladder(10).actions, **last}, "a0"))).splitlines()
    deep = [line.removeprefix("│  " * 9) for line in lines if line.startswith("│  " * 9)]
    assert deep == [
        "├─ deep → b  Pause",
        "│  ↓  ok → c  Node",
        "│  ├─ leaf → e  Start",
        "│  └─ fork → d (shown below)",
        "└─ again → d (shown below)",
    ]
    assert lines[-3:] == ["", "d  Node", "└─ ok → f  Start"]


# -- open branches ---------------------------------------------------------------------------------


def open_branches(one: Scenario) -> list[tuple[str, str]]:
    """The branches that an endpoint can be attached to, in the order of the tree."""
    rows = outline(one, offering=True)
    return [(row.source, row.label) for row in rows if row.is_open and row.label is not None]


def test_open_branches_have_numbers_at_the_margin() -> None:
    assert (
        plain(choices(SUPPORT))
        == """\
     start → hours  Test a calendar  Mon-Fri 08:00-19:00
     ├─ open → menu  Vocal announcement
     │  ├─ 1 → paris  Distribution to SIP endpoint  pbx-paris
[1]  │  │  ├─ processed → ends
     │  │  ├─ unprocessed → queue  Distribution to a queue  support
[2]  │  │  │  ├─ processed → ends
[3]  │  │  │  ├─ unprocessed → ends
[4]  │  │  │  ├─ reference-not-found → not written
[5]  │  │  │  ├─ overflow → not written
[6]  │  │  │  └─ dissuasion → not written
     │  │  └─ reference-not-found → queue (shown above)
     │  ├─ 2 → queue (shown above)
     │  ├─ default → queue (shown above)
[7]  │  └─ 3 → not written (or 4 5 6 7 8 9 0 * #)
     └─ closed → night  Transfer to a phone number  +33155000009
[8]     ├─ ok → ends
[9]     └─ error → ends
"""
    )
    assert open_branches(SUPPORT) == [
        ("paris", "processed"),
        ("queue", "processed"),
        ("queue", "unprocessed"),
        ("queue", "reference-not-found"),
        ("queue", "overflow"),
        ("queue", "dissuasion"),
        ("menu", "3"),
        ("night", "ok"),
        ("night", "error"),
    ]


def test_of_the_links_of_a_load_sharing_the_next_free_one_is_open() -> None:
    shares = action("load-sharing", {"link-1": "b", "link-3": None, "no-link": None})
    one = scenario({"a": shares, "b": action("quiz", {"mine": None})}, "a")
    open = [("b", "mine"), ("a", "link-3"), ("a", "no-link"), ("a", "link-2")]
    assert open_branches(one) == open
    assert plain(choices(one)).endswith("[4]  └─ link-2 → not written\n")


TYPES = [*catalogue.known(), "quiz"]


@st.composite
def typed_graphs(draw: st.DrawFn) -> Scenario:
    ids = draw(st.lists(st.sampled_from(IDS), unique=True, max_size=8))
    actions = {}
    for id in ids:
        type = draw(st.sampled_from(TYPES))
        known = catalogue.known().get(type)
        labels = st.sampled_from([*(known.branches if known else ()), "mine"])
        actions[id] = action(type, draw(st.dictionaries(labels, TARGETS, max_size=4)))
    return scenario(actions, draw(st.none() | st.sampled_from(IDS)))


@given(typed_graphs())
def test_the_numbers_are_those_of_the_open_branches(one: Scenario) -> None:
    drawn = plain(choices(one))
    assert " \n" not in drawn
    marked = r"^ *\[(\d+)\]  [│├└─ ]*(\S+) → (?:ends|not written)"
    found = re.findall(marked, drawn, re.MULTILINE)
    open = open_branches(one)
    assert [int(number) for number, _ in found] == list(range(1, len(open) + 1))
    assert [label for _, label in found] == [label for _, label in open]


@given(typed_graphs())
def test_a_branch_is_open_if_it_ends_the_call_or_is_not_written(one: Scenario) -> None:
    open = open_branches(one)
    ending = {(id, label) for id, all in written(one).items() for label, to in all if to is None}
    free = {
        (id, label)
        for id, action in one.actions.items()
        for label in (action.known.branches if action.known else ())
        if label not in action.branches
    }
    assert len(set(open)) == len(open)
    assert ending <= set(open) <= ending | free
    hidden = {label for _, label in free - set(open)}
    assert hidden <= {*"0123456789*#", *(f"link-{number}" for number in range(1, 11))}
    for id in one.actions:
        keys = [label for where, label in open if where == id and (id, label) in free]
        assert sum(len(label) == 1 or label.startswith("link-") for label in keys) <= 1


# -- whatever the labels hold ----------------------------------------------------------------------

NASTY = [
    "",
    " ",
    "  a  b ",
    "end",
    "subgraph x",
    'click n0 href "https://example.net"',
    "style n0 fill:#f00;",
    "classDef a:#quot;;",
    "style 08:00#35; a",
    "linkStyle default",
    '%%{init: {"theme": "dark"}}%%',
    "%% a",
    "---",
    '"];',
    "]-->n0",
    "a|b",
    "`**a**`",
    "**a** _b_ ~~c~~",
    "1. a",
    "- a",
    "# a",
    "$$x^2$$",
    "fa:fa-user",
    "<script>alert(1)</script>",
    "<br>",
    "<img src=x onerror=alert(1)>",
    "javascript:alert(1)",
    "https://example.net",
    "www.example.net",
    "#quot;",
    "#35;",
    "&lt;&amp;&#65;",
    "&",
    "ﬂ°°35¶ß",
    "a:::unknown",
    "n0@{ shape: stop }",
    "\\",
    "\\n\\l\\N\\G\\E",
    'a\\"',
    "a\nb\tc\r",
    "\x00\x1b[31m",
    "\u2028\u202e\u200d",
    "שלום",
    "😀👩‍💻",
    "é̂",
    "-._-:_.:",
    "a-b.c_d 08:00 e:f",
    "x" * 80,
    "y" * 81,
]
TEXTS = st.sampled_from(NASTY) | st.text(max_size=6) | st.lists(st.sampled_from(NASTY)).map("".join)
NAMES = st.sampled_from([name for name in NASTY if name and name.isprintable()])
PARAMETERS = {
    QUEUE: "queue",
    SIP: "endpoint",
    "transfer-to-number": "number",
    "test-calendar": "open",
    "test-value": "value",
}


@st.composite
def nasty_scenarios(draw: st.DrawFn) -> Scenario:
    ids = draw(st.lists(TEXTS, unique=True, max_size=5))
    targets = st.none() | TEXTS | (st.sampled_from(ids) if ids else st.none())
    actions = {}
    for id in ids:
        type = draw(st.sampled_from([*PARAMETERS, MENU, "test-value", "load-sharing"]) | TEXTS)
        branches = draw(st.dictionaries(TEXTS, targets, max_size=3))
        told = {PARAMETERS[type]: draw(TEXTS)} if type in PARAMETERS else {}
        actions[id] = action(type, branches, **told)
    numbers = draw(st.sampled_from([None, ("+33100000000",)]))
    return scenario(actions, draw(targets), name=draw(st.none() | NAMES), entry_points=numbers)


NAME = 'click n0 "end" <b>%%{init: {}}%%</b>'
EVERYTHING = scenario(
    {
        text: action(
            [QUEUE, SIP, MENU, "test-value", "load-sharing", text][number % 6],
            {text: NASTY[number - 1], f"{text}{text}": None, "unknown": f"{text}?"},
            **({"queue": text} if number % 6 == 0 else {"endpoint": text}),
        )
        for number, text in enumerate(NASTY)
    },
    NASTY[3],
    name=NAME,
)
"""Each nasty text as an id, a label, a target, and a parameter."""


@given(nasty_scenarios())
@example(EVERYTHING)
def test_no_line_of_a_tree_is_too_wide_or_commands_the_terminal(one: Scenario) -> None:
    for text in (plain(tree(one, endpoints={})), plain(choices(one))):
        assert all(line.isprintable() and cell_len(line) <= WIDTH for line in text.split("\n"))


def test_only_what_is_too_wide_is_cut() -> None:
    long = "y" * 200
    one = scenario({long: action(QUEUE, {long: "a", "b": long}, queue=long)}, long, name=long)
    assert "…" not in plain(tree(one, width=None)) + plain(choices(one, width=None))
    head, _, _, start, first, second = plain(tree(one)).splitlines()
    assert head == f"s  {'y' * 76}…"
    assert start == f"start → {'y' * 71}…"
    assert first == f"├─ {'y' * 23}… → a (no such action)"
    assert second == f"└─ b → {'y' * 58}… (shown above)"


def test_the_styles_are_styles() -> None:
    pieces = [*tree(EVERYTHING, {"a": PARIS}), *choices(EVERYTHING)]
    assert "\x1b[2m" in "".join(colored(pieces))


# -- what any picture must show --------------------------------------------------------------------

Lines = tuple[str, ...]
Arrow = tuple[Lines, Lines, Lines, bool]
"""From where, its label, to where, and whether it is broken."""


def seen(text: str) -> str:
    shown = visible(text)
    return shown if len(shown) <= 80 else f"{shown[:79]}…"


def quoted(text: str) -> str:
    shown = visible(text)
    return seen(shown if shown and shown == shown.strip(" ") else f'"{shown}"')


def in_box(id: str, one: Action) -> Lines:
    name = one.known.name if one.known else one.action
    told = one.parameters.get(PARAMETERS.get(one.action, ""))
    told = ", ".join(told) if isinstance(told, tuple) else told
    told = told or ("no endpoint" if one.action == SIP else "")
    return (quoted(id), *(seen(text) for text in (name, told) if text))


def wanted(one: Scenario) -> tuple[list[Lines], list[Arrow]]:
    """The lines of all shapes, sorted, and all arrows in the order of the file."""
    boxes = {id: in_box(id, action) for id, action in one.actions.items()}
    entry = tuple(
        seen(text) for text in (one.reference, one.name, *(one.entry_points or ())) if text
    )
    arrows: list[Arrow] = []
    ends: list[Lines] = []
    unknown: dict[str, Lines] = {}

    def lead(source: Lines, label: Lines, target: str | None) -> None:
        if target is None:
            ends.append(())
        elif target not in boxes:
            unknown[target] = (quoted(target), "no such action")
        box = () if target is None else boxes.get(target) or unknown[target]
        arrows.append((source, label, box, target is not None and target not in boxes))

    if one.start is not None:
        lead(entry, (), one.start)
    for id, action in one.actions.items():
        for label, target in action.branches.items():
            lead(boxes[id], (quoted(label),), target)
    return sorted([entry, *boxes.values(), *unknown.values(), *ends]), arrows


# -- DOT, as Graphviz reads it ---------------------------------------------------------------------


def graphviz(text: str) -> tuple[list[Lines], list[Arrow]]:
    """What `dot` would write into the picture."""
    done = execute([needed("dot", "graphviz"), "-Tjson"], input=text)
    assert done.err == ""
    read = done.json
    boxes = {node["_gvid"]: texts(node) for node in read.get("objects", [])}
    arrows = [
        (boxes[edge["tail"]], texts(edge), boxes[edge["head"]], edge.get("style") == "dashed")
        for edge in read.get("edges", [])
    ]
    return sorted(boxes.values()), sorted(arrows)


def texts(drawn: Mapping[str, Any]) -> Lines:
    assert not {"URL", "href", "target"} & set(drawn)
    return tuple(step["text"] for step in drawn.get("_ldraw_", []) if step["op"] == "T")


@given(nasty_scenarios())
@example(SUPPORT)
@example(EVERYTHING)
def test_graphviz_draws_what_the_scenario_says(one: Scenario) -> None:
    shapes, arrows = wanted(one)
    assert graphviz(dot(one)) == (shapes, sorted(arrows))


# -- flowcharts, as Mermaid reads and draws them ---------------------------------------------------

Mermaid = Callable[..., Any]
OURS = ("package.json", "package-lock.json", "draw.mjs")


def installed(cache: Path) -> Path:
    """The folder with Mermaid in it; npm fills it once, and again when its versions change."""
    files = [ROOT / "tests" / "mermaid" / name for name in OURS]
    wanted = hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()
    stamp = cache / "installed"
    with FileLock(cache / "lock"):
        if not stamp.is_file() or stamp.read_text() != wanted:
            stamp.unlink(missing_ok=True)
            for file in files:
                shutil.copy(file, cache)
            quiet = ["--no-audit", "--no-fund", "--loglevel=error"]
            execute(["npm", "ci", "--ignore-scripts", *quiet], cwd=cache, timeout=600)
            stamp.write_text(wanted)
    return cache


@pytest.fixture(scope="module")
def mermaid_itself(pytestconfig: pytest.Config) -> Iterator[Mermaid]:
    """Reads a text with Mermaid, in one process for all tests, and draws it too if asked to."""
    for program, package in (("node", "nodejs"), ("npm", "npm")):
        needed(program, package)
    assert pytestconfig.cache is not None
    folder = installed(pytestconfig.cache.mkdir("mermaid"))
    with subprocess.Popen(
        ["node", "draw.mjs"],
        cwd=folder,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        encoding="utf-8",
    ) as process:
        there, back = process.stdin, process.stdout
        assert there is not None and back is not None

        def ask(text: str, draw: bool = False) -> Any:
            print(json.dumps({"text": text, "draw": draw}), file=there, flush=True)
            answer = json.loads(back.readline())
            assert "error" not in answer, f"{answer['error']}\n{text}"
            return answer

        yield ask


def read_by(answer: Mapping[str, Any]) -> tuple[list[Lines], list[Arrow]]:
    boxes = {node["name"]: bare(node["lines"]) for node in answer["nodes"]}
    arrows = [
        (
            boxes[edge["source"]],
            bare(edge["lines"]),
            boxes[edge["target"]],
            edge["stroke"] != "normal",
        )
        for edge in answer["edges"]
    ]
    return sorted(boxes.values()), arrows


def bare(lines: Iterable[str]) -> Lines:
    """Without the spaces that HTML does not show at the ends of lines, or that have no width."""
    kept = tuple(line.replace("\u200b", "").strip(" ") for line in lines)
    return kept if any(kept) else ()


def for_html(shapes: list[Lines], arrows: list[Arrow]) -> tuple[list[Lines], list[Arrow]]:
    bared = [(bare(source), bare(label), bare(to), broken) for source, label, to, broken in arrows]
    return sorted(map(bare, shapes)), bared


@settings(max_examples=60)
@given(one=nasty_scenarios())
@example(one=SUPPORT)
@example(one=EVERYTHING)
def test_mermaid_reads_what_the_scenario_says(mermaid_itself: Mermaid, one: Scenario) -> None:
    answer = mermaid_itself(mermaid(one))
    assert read_by(answer) == for_html(*wanted(one))
    assert not answer["groups"]
    assert all(node["marks"] in ([], ["unknown"]) for node in answer["nodes"])


def test_mermaid_draws_nasty_texts_as_texts(mermaid_itself: Mermaid) -> None:
    def drawn(texts: list[str], name: str) -> Any:
        loops = {text: action(SIP, {text: text}, endpoint=text) for text in texts}
        return mermaid_itself(mermaid(scenario(loops, texts[0], name=name)), draw=True)

    plain, nasty = drawn(["a", "b"], "c"), drawn(NASTY, NAME)
    for kind in ("config", "tags", "attributes"):
        assert nasty[kind] == plain[kind]
    read = [*nasty["nodes"], *nasty["edges"]]
    assert list(map(bare, nasty["shown"])) == [bare(piece["lines"]) for piece in read]
