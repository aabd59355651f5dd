"""Edits of nested mappings: a scenario in any style keeps every byte that need not change."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from sipctl.errors import Bug, Refused
from sipctl.yamlfile import nodes
from sipctl.yamlfile.edit import set_paths
from sipctl.yamlfile.meaning import Meaning, of_node, of_value
from sipctl.yamlfile.read import read
from sipctl.yamlfile.write import UNSET, KeyPath, Typed, Unset, Value, document
from tests.documents import Piece, blanks, comments, line_comments, one_line_scalars, pieces, values
from tests.support import steps

HEAVY = settings(max_examples=50)
Changes = dict[KeyPath, Value | Unset]


# -- scenarios in any style --------------------------------------------------------------------

IDS = ("menu", "paris", "queue", "night", "1", "a b")
LABELS = ("open", "1", "2", "*", "#", "default", "a b")
OWN = ("x-note", "endpoint", "timezone", "é")
Strategy = Callable[[int, bool], st.SearchStrategy[Piece]]
"""A value as it stands behind a colon, by the indent of its key, and in flow style or not."""
Fields = list[tuple[str, Strategy]]


def targets(indent: int, flow: bool) -> st.SearchStrategy[Piece]:
    written = st.sampled_from(("null", "null", "paris", "'queue'", '"menu"', "~"))
    return written.map(lambda text: Piece(text, of_value(text)))


def own(indent: int, flow: bool) -> st.SearchStrategy[Piece]:
    return one_line_scalars(flow=True) if flow else pieces(indent)


def several(keys: tuple[str, ...], least: int = 0) -> st.SearchStrategy[list[str]]:
    return st.lists(st.sampled_from(keys), min_size=least, max_size=4, unique=True)


@st.composite
def branches(draw: st.DrawFn, indent: int, flow: bool) -> Piece:
    return draw(mappings(indent, flow, [(key, targets) for key in draw(several(LABELS))]))


@st.composite
def actions_of(draw: st.DrawFn, indent: int, flow: bool) -> Piece:
    entries: Fields = [("action", targets), *((key, own) for key in draw(several(OWN)))]
    entries.insert(draw(st.integers(0, len(entries))), ("branches", branches))
    return draw(mappings(indent, flow, entries))


@st.composite
def graphs(draw: st.DrawFn, indent: int, flow: bool) -> Piece:
    return draw(mappings(indent, flow, [(key, actions_of) for key in draw(several(IDS))]))


@st.composite
def mappings(draw: st.DrawFn, indent: int, flow: bool, entries: Fields) -> Piece:
    if not entries:
        return Piece(draw(st.sampled_from(("{}", "{ }"))), ())
    if flow or draw(st.booleans()):
        return Piece(draw(flow_texts(indent, entries)), ())
    return draw(block_texts(indent + draw(st.sampled_from((1, 2, 2, 4, 7))), entries))


@st.composite
def flow_texts(draw: st.DrawFn, indent: int, entries: Fields) -> str:
    texts = [draw(keys(key)) + ": " + draw(value(indent, True)).text for key, value in entries]
    if draw(st.booleans()):
        gap = draw(st.sampled_from(("", " ")))
        last = draw(st.sampled_from(("", "", ",", " ,")))
        return "{" + gap + draw(st.sampled_from((", ", " ,", ",  "))).join(texts) + last + gap + "}"
    inside = "\n" + " " * (indent + draw(st.integers(1, 4)))
    text = "{" + draw(line_comments())
    for at, entry in enumerate(texts, 1):
        if draw(st.booleans()):
            text += inside + draw(comments)
        comma = "," if at < len(texts) or draw(st.booleans()) else ""
        text += inside + entry + comma + draw(line_comments())
    return text + "\n" + " " * (indent + draw(st.integers(0, 2))) + "}"


@st.composite
def block_texts(draw: st.DrawFn, indent: int, entries: Fields, top: bool = False) -> Piece:
    lines, left = [] if top else [draw(line_comments())], ""
    for key, value in entries:
        for _ in range(draw(st.sampled_from((0, 0, 1, 2)))):
            comment = " " * (0 if left else draw(st.integers(0, indent + 3))) + draw(comments)
            lines.append(comment if left == "keep" else draw(st.sampled_from((comment, ""))))
            left = "text" if left else ""
        piece = draw(value(indent, False))
        text = piece.text if piece.text[:1] in ("", "\n", " ") else draw(blanks) + piece.text
        end = "" if piece.open else draw(line_comments())
        lines.append(" " * indent + draw(keys(key)) + ":" + text + end)
        left = piece.open
    return Piece("\n".join(lines), (), left)


def keys(key: str) -> st.SearchStrategy[str]:
    quoted = [f'"{key}"', f"'{key}'"]
    return st.sampled_from(([key, key] if key[0].isalpha() else []) + quoted)


@st.composite
def scenarios(draw: st.DrawFn) -> str:
    entries: Fields = [("reference", targets), ("actions", graphs)]
    for key in draw(several(("start", "x-a", "name"))):
        entries.insert(draw(st.integers(0, len(entries))), (key, own))
    if draw(st.sampled_from((True, False, False, False))):
        piece = Piece(draw(flow_texts(0, entries)), ())
    else:
        piece = draw(block_texts(draw(st.sampled_from((0, 0, 0, 2))), entries, top=True))
    foot = "" if piece.open else draw(st.sampled_from(("", "", "\n# foot", "\n\n# foot")))
    text = draw(st.sampled_from(("", "", "# head\n", "---\n"))) + piece.text + foot
    text += "\n" if piece.open or draw(st.booleans()) else ""
    text = text.replace("\n", draw(st.sampled_from(("\n", "\n", "\r\n"))))
    assume(isinstance(read(text.encode(), "").root, nodes.Mapping))
    return draw(st.sampled_from(("", "", "\ufeff"))) + text


# -- what stands where -------------------------------------------------------------------------


def root_of(text: str) -> nodes.Mapping:
    root = read(text.encode(), "").root
    assert isinstance(root, nodes.Mapping)
    return root


def places(node: nodes.Node, path: KeyPath = ()) -> Iterator[tuple[KeyPath, nodes.Mapping]]:
    """Every mapping that paths lead to."""
    if isinstance(node, nodes.Mapping):
        yield path, node
        for key, item in node.entries:
            yield from places(item, (*path, key.value))


def entries(text: str) -> dict[KeyPath, str]:
    """The source text of every entry that a path leads to."""
    return {
        (*path, key.value): text[key.start : max(key.end, item.end)].rstrip()
        for path, node in places(root_of(text))
        for key, item in node.entries
    }


def scalars(node: nodes.Node) -> Iterator[nodes.Scalar]:
    if isinstance(node, nodes.Scalar):
        yield node
    elif isinstance(node, nodes.Sequence):
        for item in node.items:
            yield from scalars(item)
    else:
        for key, item in node.entries:
            yield key
            yield from scalars(item)


def comments_of(text: str) -> list[tuple[int, str]]:
    """The comments with their places: what stands behind a `#` outside of scalars."""
    outside = list(text)
    for scalar in scalars(root_of(text)):
        header = re.compile(r"[|>][-+0-9]*[^\r\n]*" if scalar.style in ("|", ">") else "")
        found = header.match(text, scalar.start)
        assert found
        for at in range(max(found.end(), scalar.start), scalar.end):
            outside[at] = outside[at] if text[at] in "\r\n" else "_"
    return [(found.start(), found[0]) for found in re.finditer("#[^\r\n]*", "".join(outside))]


def applied(node: nodes.Node, changes: Mapping[KeyPath, Value | Unset]) -> Meaning:
    """What a mapping says once the changes are made, by the simplest way to make them."""
    assert isinstance(node, nodes.Mapping)
    said: dict[str, Any] = {}
    for key, item in node.entries:
        inner = {path[1:]: value for path, value in changes.items() if path[0] == key.value}
        if () not in inner:
            said[key.value] = applied(item, inner) if inner else of_node(item)
    for path, value in changes.items():
        if len(path) == 1 and not isinstance(value, Unset):
            said[path[0]] = of_value(value)
    return ("{}", frozenset(said.items()))


def within(path: KeyPath, changes: Mapping[KeyPath, object]) -> bool:
    return any(path[: len(other)] == other for other in changes)


@st.composite
def changes_to(draw: st.DrawFn, text: str) -> Changes:
    """Values set, entries added and taken out, anywhere."""
    found = list(places(root_of(text)))
    result: Changes = {}
    for _ in range(draw(st.integers(1, 5))):
        path, node = draw(st.sampled_from(found))
        path = (*path, draw(st.sampled_from([*node.keys(), *IDS, *LABELS])))
        if within(path, result) or any(within(other, {path: 0}) for other in result):
            continue
        wished: list[st.SearchStrategy[Any]] = [st.none(), st.just("paris"), actions, values]
        result[path] = draw(st.one_of(st.just(UNSET), *wished))
    return result


actions = st.fixed_dictionaries(
    {"action": st.just("x"), "branches": st.dictionaries(st.sampled_from(LABELS), st.none())}
)


# -- properties --------------------------------------------------------------------------------


@HEAVY
@given(st.data())
def test_an_action_added_and_taken_out_again_leaves_the_bytes_of_before(
    data: st.DataObject,
) -> None:
    text = data.draw(scenarios())
    found = dict(places(root_of(text)))
    assume(("actions",) in found and found["actions",].entries)
    new = next(key for key in ("new", *IDS) if found["actions",].get(key) is None)
    changes: Changes = {("actions", new): {"action": "x", "branches": {"1": None}}}
    nulls = [
        (*path, key.value)
        for path, node in found.items()
        for key, item in node.entries
        if len(path) == 3 and path[2] == "branches" and text[item.start : item.end] == "null"
    ]
    if nulls:
        changes[data.draw(st.sampled_from(nulls))] = new
    attached = set_paths(text, changes)
    assert of_node(root_of(attached)) == applied(root_of(text), changes)
    back: Changes = {path: UNSET if len(path) == 2 else None for path in changes}
    assert set_paths(attached, back) == text


@HEAVY
@given(st.data())
def test_changes_anywhere_are_made_and_leave_every_other_entry_its_bytes(
    data: st.DataObject,
) -> None:
    text = data.draw(scenarios())
    changes = data.draw(changes_to(text))
    result = set_paths(text, changes)
    assert of_node(root_of(result)) == applied(root_of(text), changes)
    before, after = entries(text), entries(result)
    for path, source in before.items():
        if not within(path, changes) and not any(within(other, {path: 0}) for other in changes):
            assert after[path] == source


@HEAVY
@given(st.data())
def test_comments_stay_but_those_in_the_lines_of_what_goes(data: st.DataObject) -> None:
    text = data.draw(scenarios())
    changes = data.draw(changes_to(text))
    result = set_paths(text, changes)
    gone = [
        range(key.start, text.find("\n", item.end) % (len(text) + 1))
        for path, node in places(root_of(text))
        for key, item in node.entries
        if (*path, key.value) in changes
    ]
    old = comments_of(text)
    left = iter([comment for _, comment in comments_of(result)])
    kept = [comment for at, comment in old if not any(at in lines for lines in gone)]
    assert all(comment in left for comment in kept)
    told = iter([comment for _, comment in old])
    assert all(comment in told for _, comment in comments_of(result))


def lines_in_the_way(text: str, changes: Changes) -> set[int]:
    """The lines that may have to change, counted from 0: those of entries that are set or go, of
    flow mappings with other entries, and of what holds the braces of an empty mapping."""
    root, found = root_of(text), set[int]()
    at_path = dict(places(root))
    for path in changes:
        node = at_path[path[:-1]]
        held = [at_path[path[:-2]].key(path[-2])] if len(path) > 1 else []
        item, key = node.get(path[-1]), node.key(path[-1])
        spans = [(key.start, max(key.end, item.end))] if key and item else []
        if node.flow:
            spans.append((node.start, node.end))
        if all(changes.get((*path[:-1], name)) is UNSET for name in list(node.keys())):
            spans += [(key.start, key.end) for key in held if key]
        for start, end in spans:
            shown = len(text[:end].removesuffix("\n").removesuffix("\r"))
            found |= {*range(text.count("\n", 0, start), text.count("\n", 0, shown) + 1)}
    return found


def lines_of(text: str, dedented: bool) -> list[str]:
    """The lines; if comments and blank lines may have been kept out of a block scalar, bare."""
    lines = [line.rstrip("\r") for line in text.removeprefix("\ufeff").split("\n")]
    return [line.lstrip() for line in lines] if dedented else lines


@HEAVY
@given(st.data())
def test_no_line_changes_that_need_not(data: st.DataObject) -> None:
    text = data.draw(scenarios())
    changes = data.draw(changes_to(text))
    result = set_paths(text, changes)
    open_ended = any(scalar.style in ("|", ">") for scalar in scalars(root_of(text)))
    dedented = open_ended and UNSET in changes.values()
    touched = lines_in_the_way(text, changes)
    rest = iter(lines_of(result, dedented))
    for at, line in enumerate(lines_of(text, dedented)):
        assert at in touched or (dedented and not line) or line in rest


@HEAVY
@given(st.data())
def test_changes_made_at_once_say_what_they_say_one_by_one(data: st.DataObject) -> None:
    text = data.draw(scenarios())
    changes = data.draw(changes_to(text))
    single = text
    for path, value in changes.items():
        single = set_paths(single, {path: value})
    assert of_node(root_of(single)) == of_node(root_of(set_paths(text, changes)))


# -- by hand -----------------------------------------------------------------------------------

BLOCK = """\
# scenarios/support-in.yaml
reference: support-in
type: interaction-start            # cannot change once created
start: hours
actions:
  hours:
    action: test-calendar
    open: ["Mon-Fri 08:00-19:00"]  # summer
    branches: {open: menu, closed: night}

  # the numbers are on the card
  menu:
    action: vocal-announcement
    branches:
      "1": paris   # one
      # two is the queue
      '2': null
      default: queue
  paris:
    action: distribution-to-sip-endpoint
    endpoint: pbx-paris
    branches: {processed: null, unprocessed: queue}
    # since May
  # last of all
x-owner: ada
"""
QUEUE = "  queue: {action: distribution-to-queue, queue: support, branches: {processed: null}}\n"
MIXED = BLOCK.replace("    # since May\n", QUEUE)
FLOW = """\
{
  reference: support-in,  # me
  actions: {
    # the numbers are on the card
    menu: {action: vocal-announcement, branches: {"1": paris, default: queue}},
    paris: {
      action: distribution-to-sip-endpoint,
      branches: {processed: null}   # none
    }
  }
}
"""
LYON: Value = {"action": "sip", "endpoint": "lyon", "branches": {"processed": None, "*": "queue"}}
BLOCK_LYON = """\
  lyon:
    action: sip
    endpoint: lyon
    branches: {processed: null, "*": queue}
"""
FLOW_LYON = 'lyon: {action: sip, endpoint: lyon, branches: {processed: null, "*": queue}}'
A = "actions"


@pytest.mark.parametrize(
    ("text", "changes", "splices"),
    [
        (BLOCK, {(A, "menu", "branches", "2"): "lyon"}, [("'2': null", "'2': lyon")]),
        (BLOCK, {(A, "menu", "branches", "1"): None}, [('"1": paris', '"1": null')]),
        (BLOCK, {(A, "hours", "branches", "open"): UNSET}, [("open: menu, ", "")]),
        (BLOCK, {(A, "menu", "branches", "2"): UNSET}, [("      '2': null\n", "")]),
        (
            BLOCK,
            {(A, "menu", "branches", "#"): "lyon"},
            [("default: queue\n", 'default: queue\n      "#": lyon\n')],
        ),
        (BLOCK, {(A, "lyon"): LYON}, [("    # since May\n", "    # since May\n" + BLOCK_LYON)]),
        (MIXED, {(A, "lyon"): LYON}, [(QUEUE, f"{QUEUE}  {FLOW_LYON}\n")]),
        (MIXED, {(A, "queue"): UNSET}, [(QUEUE, "")]),
        (MIXED, {(A, "queue"): UNSET, (A, "lyon"): "x"}, [(QUEUE, "  lyon: x\n")]),
        (
            BLOCK,
            {(A, "paris", "branches"): UNSET},
            [(BLOCK[BLOCK.index("ches: {pro") - 8 : BLOCK.index("    # since")], "")],
        ),
        (
            BLOCK,
            {(A, "hours", "branches"): {"closed": "night", "1": None}},
            [("open: menu, closed: night", 'closed: night, "1": null')],
        ),
        (
            BLOCK,
            {(A, "menu"): UNSET, ("start",): "paris", (A, "hours", "branches", "open"): "paris"},
            [
                (BLOCK[BLOCK.index("  menu:") : BLOCK.index("  paris:")], ""),
                ("start: hours", "start: paris"),
                ("open: menu", "open: paris"),
            ],
        ),
        (FLOW, {(A, "menu", "branches", "default"): None}, [("default: queue", "default: null")]),
        (FLOW, {(A, "paris", "branches", "processed"): UNSET}, [("{processed: null}", "{}")]),
        (FLOW, {(A, "lyon"): LYON}, [("    }\n", f"    }},\n    {FLOW_LYON}\n")]),
        (
            FLOW,
            {(A, "paris"): UNSET},
            [("}},\n", "}}\n"), (FLOW[FLOW.index("    paris: {") : FLOW.index("  }\n}")], "")],
        ),
        (
            FLOW,
            {(A, "paris", "x"): {"a": "b"}},
            [("null}   # none\n", "null},   # none\n      x: {a: b}\n")],
        ),
    ],
)
@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
@pytest.mark.parametrize("bom", ["", "\ufeff"])
@pytest.mark.parametrize("ended", [True, False])
def test_a_change_of_a_scenario_is_a_change_of_the_lines_it_must_change(
    text: str,
    changes: Changes,
    splices: list[tuple[str, str]],
    line_end: str,
    bom: str,
    ended: bool,
) -> None:
    wanted = text
    for old, new in splices:
        assert wanted.count(old) == 1
        wanted = wanted.replace(old, new)
    before, after = (bom + t.replace("\n", line_end) for t in (text, wanted))
    if not ended:
        before, after = before.removesuffix(line_end), after.removesuffix(line_end)
    assert set_paths(before, changes) == after


@pytest.mark.parametrize(
    ("before", "changes", "after"),
    [
        # new parents come as a whole
        ("a: b", {(A,): {"lyon": LYON}}, f"a: b\nactions:\n{BLOCK_LYON}"[:-1]),
        ("a: b\n", {(A,): {"x": {}}}, "a: b\nactions:\n  x: {}\n"),
        ("a: b\n", {("x",): {"env": "c"}}, "a: b\nx: {env: c}\n"),
        ("a: b\n", {(A,): {}}, "a: b\nactions: {}\n"),
        ("{a: b}", {(A,): {"lyon": LYON}}, f"{{a: b, actions: {{{FLOW_LYON}}}}}"),
        # the last one out leaves braces, and comments that are not its own
        (
            "actions:  # a\n  # b\n  x: 1 # c\n# d\n",
            {(A, "x"): UNSET},
            "actions: {}  # a\n  # b\n# d\n",
        ),
        ("actions:\n  x:\n    y: 1\n", {(A, "x", "y"): UNSET}, "actions:\n  x: {}\n"),
        ("actions: {x: 1} # c\n", {(A, "x"): UNSET}, "actions: {} # c\n"),
        ("actions: {\n  x: 1,\n  y: 2\n}", {(A, "x"): UNSET, (A, "y"): UNSET}, "actions: {}"),
        ("actions: {\n  # c\n  x: 1 # d\n}", {(A, "x"): UNSET}, "actions: {\n  # c\n}"),
        ("actions: {\n  x: 1,\n  # c\n  y: 2\n}", {(A,): {}}, "actions: {\n  # c\n}"),
        ("actions: { # c\n  x: 1\n}", {(A, "x"): UNSET}, "actions: { # c\n}"),
        ("# c\na: b # d\n# e\n", {("a",): UNSET}, "# c\n{}\n# e\n"),
        # braces are filled: with actions as a block, else where they are
        ("actions: {} # c\nb: 1\n", {(A, "lyon"): LYON}, f"actions: # c\n{BLOCK_LYON}b: 1\n"),
        ("  actions: {}", {(A,): {"x": {"k": "v"}}}, "  actions:\n    x:\n      k: v"),
        ("actions: {}\n", {(A, "x"): "z"}, "actions: {x: z}\n"),
        ("a: {b: {}} # c\n", {("a", "b", "x"): {"k": "v"}}, "a: {b: {x: {k: v}}} # c\n"),
        ("a:\n  b: {}\n", {("a", "b", "x"): {"k": "v"}}, "a:\n  b: {x: {k: v}}\n"),
        ("a: { # c\n}\n", {("a", "x"): {"k": "v"}}, "a: {x: {k: v} # c\n}\n"),
        ("{\n  a: {}\n}", {("a", "x"): {"k": "v"}}, "{\n  a: {x: {k: v}}\n}"),
        ("a:\n  {}\n", {("a", "x"): {"k": "v"}}, "a:\n  {x: {k: v}}\n"),
        # commas go where they stand
        ("a: {b: 1 # c\n}\n", {("a", "x"): 2}, "a: {b: 1, x: 2 # c\n}\n"),
        ("a: {\n  b: 1}\n", {("a", "x"): 2}, "a: {\n  b: 1, x: 2}\n"),
        ("a: {\n  b: 1\n  ,\n}\n", {("a", "x"): 2}, "a: {\n  b: 1\n  ,\n  x: 2,\n}\n"),
        ("a: {b: 1,\n  c: 2}\n", {("a", "c"): UNSET}, "a: {b: 1\n  }\n"),
        (
            "a: {\n  b: 1, # d\n  # e\n  c: 2\n}\n",
            {("a", "c"): UNSET, ("a", "x"): 2},
            "a: {\n  b: 1, # d\n  x: 2\n  # e\n}\n",
        ),
        # what comes stands where all that went stood
        (
            "a:\n  # c\n  x: 1  # d\n  # e\nb: 1\n",
            {("a", "x"): UNSET, ("a", "z"): {"k": "v"}},
            "a:\n  # c\n  z:\n    k: v\n  # e\nb: 1\n",
        ),
        (
            "a: {x: 1, k: 2 }",
            {("a", "x"): UNSET, ("a", "k"): UNSET, ("a", "z"): 3, ("a", "v"): 4},
            "a: {z: 3, v: 4 }",
        ),
        ("a: 1", {("a",): UNSET, ("b",): 2, ("c",): 3}, "b: 2\nc: 3"),
        # as the last mapping beside it, if that holds anything
        (
            "a:\n   b:\n         c: d\n",
            {("a", "x"): {"k": {}}},
            "a:\n   b:\n         c: d\n   x:\n         k: {}\n",
        ),
        (
            "a:\n  b: {c: d}\n  e: []\n",
            {("a", "x"): {"k": "v"}},
            "a:\n  b: {c: d}\n  e: []\n  x: {k: v}\n",
        ),
        ("a:\n  b: {}\n", {("a", "x"): {"k": "v"}}, "a:\n  b: {}\n  x:\n    k: v\n"),
        (
            "a:\n  b:\n    c: d\n",
            {("a", "b", "x"): {"k": "v"}},
            "a:\n  b:\n    c: d\n    x: {k: v}\n",
        ),
        (
            "a:\n  b:\n    c:\n     d: e\n",
            {("a", "b", "x"): {"k": {"l": "m"}}},
            "a:\n  b:\n    c:\n     d: e\n    x:\n     k: {l: m}\n",
        ),
        (
            "a:\n  ? b\n  : c: d\n",
            {("a", "x"): {"k": "v"}},
            "a:\n  ? b\n  : c: d\n  x:\n    k: v\n",
        ),
        # inner entries stand before outer ones, and before what follows
        ("a:\n  b: 1\nz: 1", {("a", "x"): 2, ("z",): UNSET, ("v",): 3}, "a:\n  b: 1\n  x: 2\nv: 3"),
        (
            "a:\n  b: 1",
            {("v",): 3, ("a", "x"): 2, ("a", "w"): 2},
            "a:\n  b: 1\n  x: 2\n  w: 2\nv: 3",
        ),
        ("a:\n  b: 1\n  c: 2", {("a", "c"): UNSET, ("v",): 3}, "a:\n  b: 1\nv: 3"),
        # a whole mapping is set entry by entry where that gives its order
        (
            "a:\n  b: 1 # c\n  d: 2\n",
            {("a",): {"b": 1, "d": 3, "e": 4}},
            "a:\n  b: 1 # c\n  d: 3\n  e: 4\n",
        ),
        ("a:\n  b: 1 # c\n  d: 2\n", {("a",): {"d": 3, "b": 1}}, "a: {d: 3, b: 1}\n"),
        ("a: {b: 1 , d: 2}\n", {("a",): {"e": 1, "b": 1}}, "a: {e: 1, b: 1}\n"),
        ("a: {b: 1 , d: 2}\n", {("a",): {"b": 1, "e": 1}}, "a: {b: 1, e: 1}\n"),
        ("a:\n  b: 1 # c\n", {("a",): {"d": 1}}, "a:\n  d: 1 # c\n"),
        (
            "a:\n  b:\n    c: 1 # d\n    e: 2\n",
            {("a",): {"b": {"c": 1}}},
            "a:\n  b:\n    c: 1 # d\n",
        ),
        ("a:\n  b:\n    c: d\n", {("a", "b"): "x"}, "a:\n  b: x\n"),
        # comments below a block scalar stay comments, and where they can they stay
        ("a:\n  b: |\n  c: 1\n    # d\n", {("a", "c"): UNSET}, "a:\n  b: |\n# d\n"),
        (
            "a:\n  b: |\n      t\n  c: 1\n    # d\n       # e\n",
            {("a", "c"): UNSET},
            "a:\n  b: |\n      t\n    # d\n# e\n",
        ),
        (
            "a:\n  b: |2\n      t\n  c: 1\n    # d\n",
            {("a", "c"): UNSET},
            "a:\n  b: |2\n      t\n# d\n",
        ),
        (
            "a:\n  b: |+\n    t\n\n  c: 1\n\n  # d\n",
            {("a", "c"): UNSET},
            "a:\n  b: |+\n    t\n\n  # d\n",
        ),
        (
            "a:\n  b: |\n    t\n  c: 1\n      \nd: 1\n",
            {("a", "c"): UNSET},
            "a:\n  b: |\n    t\n\nd: 1\n",
        ),
    ],
)
def test_entries_are_added_and_taken_out_at_any_depth(
    before: str, changes: Changes, after: str
) -> None:
    assert set_paths(before, changes) == after


@pytest.mark.parametrize(
    ("changes", "order", "after"),
    [
        ({("z",): "1"}, ("a", "z", "b"), 'a: 1\nz: "1"\nb: {c: 1}\n'),
        (
            {(A,): {"x": {"k": "v"}}, ("z",): 2},
            (A, "b"),
            "a: 1\nactions:\n  x:\n    k: v\nb: {c: 1}\nz: 2\n",
        ),
        # the order is of top-level keys only
        ({("b", "a"): 2, ("b", "b"): 2}, ("b", "a"), "a: 1\nb: {c: 1, a: 2, b: 2}\n"),
    ],
)
def test_top_level_keys_have_an_order(changes: Changes, order: tuple[str, ...], after: str) -> None:
    assert set_paths("a: 1\nb: {c: 1}\n", changes, order) == after


@pytest.mark.parametrize(
    "changes",
    [
        {("no", "a"): 1},
        {("no", "a"): UNSET},
        {("scalar", "a"): 1},
        {("list", "0"): 1},
        {("map", "no", "a"): 1},
        {("map", "a", "b"): 1},
        {(): {}},
        {("map",): UNSET, ("map", "a"): 1},
        {("map", "a"): 2, ("map",): {"a": 1}},
    ],
)
def test_a_path_that_leads_nowhere_or_on_from_another_is_a_bug(changes: Changes) -> None:
    with pytest.raises(Bug):
        set_paths("scalar: 1\nlist: [1]\nmap: {a: 1}\n", changes)


def test_a_new_document_has_a_mapping_of_mappings_in_blocks() -> None:
    values: dict[str, Value] = {"password": {"env": "X"}, "actions": {"lyon": LYON}, "x": []}
    assert document(values) == f"password: {{env: X}}\nactions:\n{BLOCK_LYON}x: []\n"
    assert document({}) == "{}\n"


def test_a_value_that_cannot_stand_where_it_is_to_stand_is_refused() -> None:
    with pytest.raises(Refused):
        set_paths("a: {b: c}\n", {("a", "b"): Typed("1,000")})


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {("map", "a"): 1},
        {("map",): {"b": None, "a": 1}},
        {("map", "no"): UNSET, ("no",): UNSET},
    ],
)
def test_what_stands_so_already_keeps_its_bytes(changes: Changes) -> None:
    text = "map:   {'a':  1 ,b: ~ } # c"
    assert set_paths(text, changes) == text


@pytest.mark.parametrize(
    ("before", "changes", "after"),
    [
        ("? a\n: b: 1 # c\n  d: 2\n", {("a", "b"): UNSET}, "a:\n  d: 2\n"),
        ("? a\n: b: 1\n", {("a", "b"): UNSET}, "a: {}\n"),
        ("x: {a, b: {c: d}}\n", {("x", "a"): "y", ("x", "e"): 1}, 'x: {a: "y", b: {c: d}, e: 1}\n'),
        (
            "a:\n  b: |\n   t",
            {("a", "c"): 1, ("d",): 2, ("e",): 3},
            "d: 2\na:\n  b: |-\n    t\n  c: 1\ne: 3",
        ),
        ("? a\n: b: 1\n  d:\n  - x\n", {("a", "b"): UNSET, ("a", "d"): ["x"]}, "a:\n  d:\n  - x\n"),
        ("a:\n  b: >\n   t", {("a", "c"): 1, ("a", "d"): UNSET}, "a:\n  b: >-\n    t\n  c: 1"),
    ],
)
def test_what_cannot_be_spliced_at_depth_goes_through_a_round_trip(
    before: str, changes: Changes, after: str
) -> None:
    assert set_paths(before, changes, ("d", "a", "c")) == after


def test_the_first_of_keys_that_stand_twice_is_found() -> None:
    node = nodes.Mapping(True, 0, 1, 1)
    for at in range(3):
        key = nodes.Scalar("ab"[at // 2], "", at, at, 1, at)
        node.add_key(key)
        node.entries.append((key, nodes.Scalar(str(at), "", at, at, 1, at)))
    assert [node.index(key) for key in "abc"] == [0, 2, None]
    value = node.get("a")
    assert isinstance(value, nodes.Scalar) and value.value == "0"
    assert node.key("b") is node.entries[2][0] and node.key("c") is None


@pytest.mark.parametrize(
    "layout",
    [
        ("actions:\n", "  {0}:\n    action: x\n    branches: {{ok: null}}\n", ""),
        ("actions: {", "{0}: {{action: x, branches: {{ok: null}}}}, ", "}"),
        ("actions: {\n", "  {0}: {{action: x, branches: {{ok: null}}}},\n", "}"),
    ],
)
def test_the_work_of_an_edit_is_linear_in_the_size(layout: tuple[str, str, str]) -> None:
    head, entry, foot = layout

    def work(size: int) -> int:
        text = head + "".join(entry.format(f"a{at}") for at in range(size)) + foot
        changes: Changes = {}
        for at in range(1, size - 1, 4):
            changes[A, f"a{at}"] = UNSET
            changes[A, f"a{at + 1}", "branches", "ok"] = f"a{at}"
            changes[A, f"new{at}"] = {"action": "y"}
        return steps(lambda: set_paths(text, changes))

    assert work(800) < 5 * work(200)


@pytest.mark.parametrize("value", ["08:30", "2026-12-25 10:00:00"])
def test_a_plain_value_with_a_colon_may_stand_between_braces(value: str) -> None:
    changes: Changes = {(A, "a"): {"at": [Typed(value)]}}
    expected = f"actions:\n  b: {{action: x}}\n  a: {{at: [{value}]}}\n"
    assert set_paths("actions:\n  b: {action: x}\n", changes) == expected


def test_a_plain_value_that_braces_would_end_is_refused_between_them_only() -> None:
    value = "1,000"
    new: Changes = {(A, "a"): {"at": [Typed(value)]}, (A, "c"): Typed(value)}
    with pytest.raises(Refused, match="between braces"):
        set_paths("actions:\n  b: {action: x}\n", new)
    beside = set_paths("actions:\n  b: {action: x}\n", {(A, "c"): Typed(value)})
    assert beside == f"actions:\n  b: {{action: x}}\n  c: {value}\n"
