"""The rules of scenarios at their edges: what must fire with its exact place, and what must not.

As in the tests of other rules « and » stand round each place where a finding must stand.
"""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import pytest
from _pytest.mark import ParameterSet
from hypothesis import given
from hypothesis import strategies as st

from sipctl.findings import Finding
from sipctl.inventory import Inventory
from sipctl.kinds import SETTINGS_FILE
from sipctl.member import NO_CONTENT, Context, Facts, Member
from sipctl.rules import files, graphs
from sipctl.rules.book import RULES
from sipctl.scenarios import catalogue
from sipctl.workspace import inventory_of
from sipctl.yamlfile import scalars
from sipctl.yamlfile.nodes import Mapping
from sipctl.yamlfile.read import read
from tests.support import steps
from tests.test_rules import marked

FILE = "scenarios/s.yaml"
At = tuple[str, int, int]
"""A rule, line and column."""


def inventory(text: str, base: str | None = None, **others: str) -> Inventory:
    """A workspace with this scenario, two endpoints and other files by path."""
    files = {FILE: text, **others}
    for name in ("pbx-paris", "pbx-lyon"):
        files[f"endpoints/{name}.yaml"] = f"reference: {name}\nhost: a.example\n"
    source = {SETTINGS_FILE: b"version: 1\n", **{p: t.encode() for p, t in files.items()}}
    return inventory_of(source, Context(types={FILE: base} if base else {}))


def judge(text: str, base: str | None = None, **others: str) -> tuple[Finding, ...]:
    return inventory(text, base, **others).findings


def places(findings: tuple[Finding, ...]) -> list[At]:
    return [(finding.rule, finding.place.line, finding.place.column) for finding in findings]


def expected(document: str, *rules: str) -> tuple[str, list[At]]:
    """The document without marks, and a finding of these rules at each mark."""
    text, marks = marked(document)
    named = rules * len(marks) if len(rules) == 1 else rules
    return text, [(r, line, column) for r, (line, column, _) in zip(named, marks, strict=True)]


def cases(table: dict[str, list[str]]) -> list[ParameterSet]:
    return [
        pytest.param(rule, document, id=f"{rule}-{number}")
        for rule, documents in table.items()
        for number, document in enumerate(documents, start=1)
    ]


HEAD = "reference: s\ntype: interaction-start\n"


def of(actions: str, start: str = "a") -> str:
    """A scenario of these actions, each a line `id: {action: …}`."""
    lines = "".join(f"  {line.strip()}\n" for line in actions.strip().splitlines())
    return f"{HEAD}start: {start}\nactions:\n{lines}"


TRUNK = "distribution-to-sip-endpoint"


def trunk(rest: str) -> str:
    """A scenario that starts with a distribution to an endpoint, with this in its mapping."""
    return of(f"a: {{action: {TRUNK}, {rest}}}\nq: {{action: voicemail}}")


SAFE = "branches: {processed: null, unprocessed: q, reference-not-found: q}"


# -- what must fire ------------------------------------------------------------------------------

FIRES: dict[str, list[str]] = {
    "bad-scenario-type": [
        f"reference: s\ntype: «{text}»\n"
        for text in ("start", "interaction_start", "Interaction-Start", '""', "'interaction-end '")
    ],
    "unknown-action": [
        of("a: {action: «vocal-anouncement»}"),
        of("a: {action: «Node»}"),
        of('a: {action: «""»}'),
        of("a: {action: «our own», queue: 1, endpoint: nowhere, branches: {a b: null}}"),
        of("a: {action: «nod», branches: {b: b}}\nb: {action: «'nodes'»}"),
    ],
    "unknown-endpoint": [
        trunk(f"endpoint: «pbx-pari», {SAFE}"),
        trunk(f"endpoint: «PBX-Paris», {SAFE}"),
        trunk(f'endpoint: «""», {SAFE}'),
        trunk(f"endpoint: «s», {SAFE}"),
        trunk(f"{SAFE}, endpoint: «'no way'»"),
        of(
            f"a: {{action: {TRUNK}, endpoint: «x», {SAFE.replace('q', 'b', 1)}}}\n"
            f"b: {{action: {TRUNK}, endpoint: «x», {SAFE}}}\nq: {{action: voicemail}}"
        ),
    ],
    "missing-endpoint": [
        of(f"«a»: {{action: {TRUNK}, {SAFE}}}\nq: {{action: voicemail}}"),
        of(f"«a»: {{{SAFE}, x-endpoint: b, action: {TRUNK}}}\nq: {{action: voicemail}}"),
        f"{HEAD}start: q\nactions:\n  «q»:\n    action: {TRUNK}\n    {SAFE}\n",
    ],
    "unknown-target": [
        of("a: {action: pause, branches: {ok: «b»}}"),
        of('a: {action: pause, branches: {ok: «""»}}'),
        of("a: {action: pause, branches: {ok: «A»}}"),
        of('a: {action: pause, branches: {ok: «"null"»}}'),
        of('a: {action: vocal-announcement, branches: {"1": «b», "2": null, "3": «b»}}'),
        of("a: {action: test-value, branches: {+33*: «b»}}"),
        f"{HEAD}start: a\nactions:\n  a:\n    action: pause\n    branches:\n      ok: «b» # c\n",
    ],
    "missing-start": [
        f"{HEAD}«actions»:\n  a: {{action: pause}}\n",
        f"{HEAD}«actions»: {{a: {{action: pause}}, b: {{action: pause}}}}\n",
        "{reference: s, type: interaction-end, «actions»: {a: {action: pause}}}\n",
    ],
    "unknown-start": [
        f"{HEAD}start: «a»\n",
        f"{HEAD}start: «a»\nactions: {{}}\n",
        of("a: {action: pause}", start="«A»"),
        of("a: {action: pause}", start='«""»'),
        of("a: {action: pause}", start="«far-away»"),
    ],
    "unreachable-action": [
        of("a: {action: pause}\n«b»: {action: pause}"),
        of("a: {action: pause}\n«b»: {action: pause, branches: {ok: c}}\nc: {action: pause}"),
        of("a: {action: pause}\nc: {action: pause}\n«b»: {action: pause, branches: {ok: c}}"),
        of("a: {action: pause}\n«b»: {action: pause}\n«c»: {action: pause}"),
        of("a: {action: pause}\n«b»: {action: pause, branches: {ok: a}}"),
        of('a: {action: pause}\n«b»: {action: vocal-announcement, branches: {"1": b, "2": null}}'),
    ],
    "endless-loop": [
        of("«a»: {action: pause, branches: {ok: a}}"),
        of("«a»: {action: pause, branches: {ok: b}}\nb: {action: node, branches: {ok: a}}"),
        of('«a»: {action: vocal-announcement, branches: {"1": a, default: a}}'),
        of(
            "a: {action: pause, branches: {ok: c}}\n«b»: {action: pause, branches: {ok: c}}\n"
            "c: {action: pause, branches: {ok: b}}"
        ),
        of(
            "«a»: {action: test-calendar, branches: {open: b, closed: c}}\n"
            "b: {action: pause, branches: {ok: a}}\nc: {action: pause, branches: {ok: a}}"
        ),
    ],
    "unknown-branch": [
        of("a: {action: pause, branches: {«okay»: null}}"),
        of('a: {action: pause, branches: {«""»: null}}'),
        of("a: {action: node, branches: {«Ok»: null, ok: null}}"),
        of("a: {action: load-sharing, branches: {link-1: null, «link-0»: null, «link-11»: null}}"),
        of("a: {action: distribution-to-queue, branches: {«ok»: null, «default»: a}}"),
    ],
    "unconfirmed-branch": [
        of("a: {action: test-calendar, branches: {«opened»: null}}"),
        of('a: {action: vocal-announcement, branches: {«"10"»: null, «a b»: null}}'),
        of("a: {action: voicemail, branches: {ok: null, «default»: null}}"),
        trunk(f"endpoint: pbx-paris, {SAFE[:-1]}, «overflow»: q}}"),
    ],
    "no-fallback": [
        of("«a»: {action: distribution-to-sip-endpoint, endpoint: pbx-paris}"),
        of("«a»: {action: distribution-to-sip-endpoint, endpoint: pbx-paris, branches: {}}"),
        of(
            "«a»: {action: distribution-to-sip-endpoint, endpoint: pbx-paris, "
            "branches: {processed: null}}"
        ),
        trunk("endpoint: pbx-paris, branches: {unprocessed: «null», reference-not-found: q}"),
        trunk("endpoint: pbx-paris, branches: {unprocessed: q, reference-not-found: «~»}"),
        trunk("endpoint: pbx-paris, branches: {processed: q, reference-not-found: «null»}"),
        trunk(
            "endpoint: pbx-lyon, branches: {reference-not-found: «~», unprocessed: ~, processed: q}"
        ),
        of(
            "«a»: {action: distribution-to-sip-endpoint, endpoint: pbx-paris, "
            "branches: {unprocessed: q}}\nq: {action: voicemail}"
        ),
    ],
    "bad-entry-point": [
        f"{HEAD}entry_points: [«{text}»]\n"
        for text in ('"0033100000000"', '"+0"', '"+1"', '"+33 1"', f'"+{"1" * 16}"', "sales", '""')
    ]
    + [
        f'{HEAD}entry_points: ["+331", "+332", «"+331"»]\n',
        f'{HEAD}entry_points:\n- «a»\n- "+331"\n- «"+331"»\n',
    ],
    "misspelt-key": [
        f"{HEAD}«nam»: a\n",
        f"{HEAD}«Name»: a\n«strat»: a\n",
        f"{HEAD}«entry-points»: []\n«descripton»: a\n",
        f"{HEAD}«action»: {{}}\n",
        of("a: {action: pause, «branch»: {ok: null}}"),
        of("a: {action: pause, «Branches»: {ok: null}}"),
        of("a: {action: distribution-to-queue, «queues»: b}"),
        of("a: {action: test-calendar, «holiday»: [], «time-zone»: Europe/Paris}"),
    ],
    "bad-parameter": [
        of("a: {action: test-calendar, timezone: «Paris»}"),
        of('a: {action: test-calendar, open: ["Mon 08:00-19:00", «"Mon 25:00-26:00"», «often»]}'),
        of("a: {action: test-calendar, open: «often»}"),
        of('a: {action: test-calendar, holidays: [«"2026-02-30"», "2026-12-25"]}'),
        f"{HEAD}start: a\nactions:\n  a:\n    action: test-calendar\n    open:\n    - «often»\n",
    ],
    # rules of all files, where scenarios have something of their own
    "duplicate-key": [
        of("a: {action: pause}\n«a»: {action: pause}"),
        of('a: {action: pause}\n«"a"»: {action: pause}'),
        of("a: {action: pause, branches: {ok: null, «ok»: a}}"),
    ],
    "missing-key": [
        "«r»eference: s\n",
        "«t»ype: interaction-start\n",
        of("«a»: {branches: {ok: null}}"),
    ],
    "null-value": [
        f"{HEAD}start:«»\n",
        f"{HEAD}actions: «~»\n",
        of("a: «null»"),
        of("a: {action: «null»}"),
        of("a: {action: pause, branches: «null»}"),
        of("a: {action: distribution-to-queue, queue: «null»}"),
        trunk(f"endpoint: «~», {SAFE}"),
    ],
    "name-mismatch": ["reference: «t»\ntype: interaction-end\n"],
}


@pytest.mark.parametrize(("rule", "document"), cases(FIRES))
def test_it_fires_at_the_exact_place_and_nothing_else_does(rule: str, document: str) -> None:
    text, wanted = expected(document, rule)
    assert places(judge(text)) == wanted


@pytest.mark.parametrize(("rule", "document"), cases(FIRES))
def test_a_finding_ends_where_what_it_names_ends(rule: str, document: str) -> None:
    text, marks = marked(document)
    for finding, (_, _, end) in zip(judge(text), marks, strict=True):
        if rule != "missing-key" and end is not None:
            assert finding.place.end_column == end


# -- what is close and must not ------------------------------------------------------------------

NEAR: dict[str, list[str]] = {
    "bad-scenario-type": ["reference: s\ntype: 'interaction-end'\n", HEAD],
    "unknown-action": [of(f"a: {{action: {id}}}") for id in catalogue.known() if "sip" not in id],
    "unknown-endpoint": [
        trunk(f"endpoint: pbx-paris, {SAFE}"),
        of("a: {action: distribution-to-queue, queue: pbx-pari, endpoint: pbx-pari}"),
        trunk(f"endpoint: 'pbx-lyon', x-endpoint: nowhere, {SAFE}"),
    ],
    "missing-endpoint": [of("a: {action: distribution-to-queue}")],
    "unknown-target": [
        of("a: {action: pause, branches: {ok: null}}"),
        of("a: {action: pause, branches: {ok: }}"),
        of("a: {action: pause, branches: {}}"),
        of('a: {action: pause, branches: {ok: "1"}}\n"1": {action: pause}'),
        of("a: {action: pause, branches: {ok: b}, x-next: nowhere}\nb: {action: pause}"),
    ],
    "missing-start": [HEAD, f"{HEAD}actions: {{}}\n", of("a: {action: pause}")],
    "unknown-start": [of('"1": {action: pause}', start="'1'")],
    "unreachable-action": [
        of("b: {action: pause}\na: {action: pause, branches: {ok: b}}"),
        of(
            'a: {action: vocal-announcement, branches: {"1": b, "2": c}}\n'
            "b: {action: pause, branches: {ok: c}}\nc: {action: pause}"
        ),
    ],
    "endless-loop": [
        of('a: {action: vocal-announcement, branches: {"1": a, default: null}}'),
        of('a: {action: vocal-announcement, branches: {"1": b, default: a}}\nb: {action: pause}'),
        of(
            'a: {action: vocal-announcement, branches: {"1": b, default: c}}\n'
            "b: {action: pause, branches: {ok: a}}\nc: {action: pause}"
        ),
        of("a: {action: pause, branches: {ok: b}}\nb: {action: pause}"),
    ],
    "unknown-branch": [
        of(f'a: {{action: {type_.id}, branches: {{"{label}": null}}}}')
        for type_ in catalogue.known().values()
        for label in type_.branches
        if type_.role != "endpoint"
    ],
    "unconfirmed-branch": [
        of('a: {action: test-value, branches: {"+33*": null, "?": null, default: null}}'),
    ],
    "no-fallback": [
        trunk("endpoint: pbx-paris, branches: {unprocessed: q, reference-not-found: q}"),
        of("a: {action: distribution-to-queue, branches: {processed: null, unprocessed: null}}"),
        of("a: {action: distribution-to-user}"),
    ],
    "bad-entry-point": [
        f"{HEAD}entry_points: []\n",
        f'{HEAD}entry_points: ["+12", "+{"9" * 15}", "+123"]\n',
    ],
    "misspelt-key": [
        f"{HEAD}x-nam: a\nname: b\nnames: c\n",
        f"{HEAD}nome: a\n",
        f"{HEAD}owner: a\ncost-centre: 12\nversion: 3\ntags: [a]\nOwn Key: {{a: 1}}\n",
        of("a: {action: pause, seconds: 3, x-branch: 1, note: b, reason: c}"),
        of("a: {action: load-sharing, endpont: b, queues: c, weights: [1, 2]}"),
        of("a: {action: pause, name: b, start: c, type: d, types: e}"),
    ],
    "bad-parameter": [
        of("a: {action: test-calendar}"),
        of("a: {action: test-calendar, timezone: Europe/Paris, open: [], holidays: []}"),
        of("a: {action: distribution-to-queue, timezone: Paris, open: often}"),
    ],
    "duplicate-key": [of("a: {action: pause, branches: {ok: A}}\nA: {action: pause}")],
}


@pytest.mark.parametrize(("rule", "document"), cases(NEAR))
def test_a_near_miss_has_no_finding(rule: str, document: str) -> None:
    assert judge(document) == (), rule


def test_every_rule_of_scenarios_is_tried_from_both_sides() -> None:
    below = {"shared-entry-point", "type-changed"}
    of_scenarios = {name for name, rule in RULES.items() if rule.code.startswith("SIP4")}
    assert of_scenarios | {"bad-scenario-type"} <= set(FIRES) | below
    assert of_scenarios | {"bad-scenario-type"} <= set(NEAR) | below


# -- cures ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("document", "hint"),
    [
        (of("a: {action: Vocal-Anouncement}"), 'did you mean "vocal-announcement"?'),
        (of("a: {action: fax}"), "it is kept as it is, and cannot be checked"),
        (of("a: {action: pause, branches: {ok: A}}"), 'did you mean "a"?'),
        (of("a: {action: pause, branches: {ok: queue}}"), "add the action, or write null"),
        (of("a: {action: pause}", start="A"), 'did you mean "a"?'),
        (of("a: {action: pause}", start="menu"), "name the action that calls come to first"),
        (trunk(f"endpoint: PBX-lion, {SAFE}"), 'did you mean "pbx-lyon"?'),
        (trunk(f"endpoint: elsewhere, {SAFE}"), "create it, or name one of `sipctl list`"),
        (of("a: {action: pause, branches: {okk: null}}"), 'did you mean "ok"?'),
        (of("a: {action: pause, branches: {ok: null, okk: null}}"), "use one of ok"),
        (
            of("a: {action: load-sharing, branches: {link-1: null, link-11: null}}"),
            'did you mean "link-10"?',
        ),
        (of("a: {action: test-calendar, branches: {opne: null}}"), 'did you mean "open"?'),
        (of("a: {action: test-calendar, branches: {zzz: null}}"), "use one of open, closed"),
        (f"{HEAD}descripton: a\n", 'did you mean "description"?'),
        (f"{HEAD}actions: {{a: {{action: pause}}}}\n", "add `start: a`"),
        (f"{HEAD}actions: {{'1': {{action: pause}}}}\n", 'add `start: "1"`'),
    ],
)
def test_the_hint_says_how_to_mend_it(document: str, hint: str) -> None:
    (finding,) = judge(document)
    assert hint in finding.hint


@pytest.mark.parametrize(
    ("actions", "start"),
    [
        ("a: {action: pause, branches: {ok: b}}\nb: {action: pause}", "a"),
        ("b: {action: pause}\na: {action: pause, branches: {ok: b}}", "a"),
        ('b: {action: pause}\na: {action: vocal-announcement, branches: {"1": a, "2": b}}', "a"),
        ("a: {action: voicemail, branches: {ok: b, error: a}}\nb: {action: pause}", "a"),
        ("b: {action: voicemail, branches: {ok: a, error: null}}\na: {action: voicemail}", "b"),
        ("b: {action: start, branches: {ok: a}}\na: {action: voicemail, branches: {ok: b}}", "b"),
    ],
)
def test_the_start_that_is_proposed_is_the_first_that_nothing_leads_to(
    actions: str, start: str
) -> None:
    finding = judge(of(actions).replace("start: a\n", ""))[0]
    assert finding.rule == "missing-start"
    assert finding.hint == f"add `start: {start}`"


def test_the_message_of_an_unknown_endpoint_tells_both_ends() -> None:
    (finding,) = judge(trunk(f"endpoint: pbx-pariss, {SAFE}"))
    assert finding.message == 'there is no endpoint "pbx-pariss" (action "a")'
    ((place, words),) = finding.related
    assert (place.file, place.line) == ("endpoints/pbx-paris.yaml", 1)
    assert words == "the nearest endpoint"


def test_an_endpoint_with_nothing_like_it_has_no_second_end() -> None:
    (finding,) = judge(trunk(f"endpoint: elsewhere, {SAFE}"))
    assert finding.related == ()


def test_an_endpoint_that_cannot_be_read_is_not_unknown() -> None:
    broken = {"endpoints/broken.yaml": "host: ["}
    found = judge(trunk(f"endpoint: broken, {SAFE}"), **broken)
    assert [finding.rule for finding in found] == ["invalid-yaml"]


def test_a_failure_that_leads_nowhere_is_named() -> None:
    (both,) = judge(of("a: {action: distribution-to-sip-endpoint, endpoint: pbx-paris}"))
    assert '"unprocessed" and "reference-not-found" lead nowhere' in both.message
    (one,) = judge(
        trunk("endpoint: pbx-paris, branches: {unprocessed: null, reference-not-found: q}")
    )
    assert 'cut off: "unprocessed" leads nowhere' in one.message


@pytest.mark.parametrize(
    ("behind", "words"),
    [
        (0, 'no call can come to "b0"'),
        (1, 'no call can come to "b0", and so not to "b1"'),
        (3, 'no call can come to "b0", and so not to "b1", "b2" and "b3"'),
        (4, 'no call can come to "b0", and so not to "b1", "b2", "b3" and "b4"'),
        (9, 'no call can come to "b0", and so not to "b1", "b2", "b3" and 6 more'),
    ],
)
def test_what_stands_behind_an_action_that_is_cut_off_is_told_with_it(
    behind: int, words: str
) -> None:
    links = "".join(f"b{n}: {{action: node, branches: {{ok: b{n + 1}}}}}\n" for n in range(behind))
    (finding,) = judge(of(f"a: {{action: pause}}\n{links}b{behind}: {{action: pause}}"))
    assert finding.message == words


def test_a_loop_names_its_actions() -> None:
    loop = "a: {action: node, branches: {ok: b}}\nb: {action: node, branches: {ok: a}}"
    (finding,) = judge(of(loop))
    assert finding.message == 'callers go round in "a" and "b" for ever: no branch leads out'


# -- one slip is one finding ---------------------------------------------------------------------


def test_what_a_misspelt_target_was_meant_to_lead_to_is_not_called_unreachable() -> None:
    document = of("a: {action: pause, branches: {ok: «quue»}}\nqueue: {action: voicemail}")
    text, wanted = expected(document, "unknown-target")
    assert places(judge(text)) == wanted


def test_what_a_misspelt_start_was_meant_to_be_is_taken_for_the_start() -> None:
    document = of(
        "menu: {action: pause, branches: {ok: b}}\nb: {action: pause}\n«c»: {action: pause}",
        start="«menü»",
    )
    text, wanted = expected(document, "unknown-start", "unreachable-action")
    assert places(judge(text)) == wanted


def test_without_a_start_no_action_is_called_unreachable() -> None:
    actions = "a: {action: pause}\nb: {action: pause}"
    assert [f.rule for f in judge(of(actions).replace("start: a\n", ""))] == ["missing-start"]
    assert [f.rule for f in judge(of(actions, start="elsewhere"))] == ["unknown-start"]


def test_a_branch_to_an_unknown_action_leaves_a_loop() -> None:
    loop = 'a: {action: vocal-announcement, branches: {"1": a, "2": «elsewhere»}}'
    text, wanted = expected(of(loop), "unknown-target")
    assert places(judge(text)) == wanted


def test_an_action_that_cannot_be_read_makes_no_other_findings() -> None:
    document = of("a: {action: pause, branches: {ok: b}}\n«b»: {branches: {ok: nowhere}}")
    text, wanted = expected(document, "missing-key")
    assert places(judge(text)) == wanted


def test_a_value_that_its_field_forbids_hides_nothing_else() -> None:
    document = (
        "reference: s\ntype: «outbound»\nentry_points: [«zero»]\nstart: a\n«nam»: b\n"
        "actions:\n  a: {action: voicemail, branches: {ok: «c», error: b}}\n"
        f"  «b»: {{action: {TRUNK}, {SAFE.replace('q', 'a')}}}\n"
    )
    text, wanted = expected(
        document,
        "bad-scenario-type",
        "bad-entry-point",
        "misspelt-key",
        "unknown-target",
        "missing-endpoint",
    )
    assert places(judge(text)) == wanted


def test_a_value_without_its_quotes_hides_nothing_else() -> None:
    other = {"scenarios/r.yaml": "reference: r\ntype: interaction-end\n" + lines_to('"+331"')}
    text = (
        "reference: s\ntype: interaction-start\nname: 12\n"
        'entry_points: [+331, "0033", "+331"]\nstart: 1\n'
        "actions:\n"
        "  1: {action: voicemail, branches: {ok: c, no: 7}}\n"
        f"  b: {{action: {TRUNK}, {SAFE.replace('q', '7')}}}\n"
        "  7: {action: pause}\n"
    )
    assert [(f.rule, f.place.line) for f in judge(text, **other)] == [
        ("unquoted-string", 3),
        ("unquoted-string", 4),
        ("shared-entry-point", 4),
        ("bad-entry-point", 4),
        ("bad-entry-point", 4),
        ("unquoted-string", 5),
        ("unquoted-string", 7),
        ("unknown-target", 7),
        ("unquoted-string", 7),
        ("unconfirmed-branch", 7),
        ("unquoted-string", 7),
        ("missing-endpoint", 8),
        ("unreachable-action", 8),
        ("unquoted-string", 8),
        ("unquoted-string", 8),
        ("unquoted-string", 9),
    ]
    assert not inventory(text).scenarios


def test_a_link_and_a_time_may_stand_between_braces() -> None:
    text = of("a: {action: web-service, url: http://crm.example.net:8080/x, at: 12:30}")
    assert judge(text) == ()


def test_a_misspelt_key_is_told_also_where_it_is_a_required_one() -> None:
    text, wanted = expected(
        "«r»eference: s\n«typ»: interaction-end\n", "missing-key", "misspelt-key"
    )
    assert places(judge(text)) == wanted


# -- between files -------------------------------------------------------------------------------


def lines_to(*numbers: str) -> str:
    return f"entry_points: [{', '.join(numbers)}]\n"


def test_an_entry_point_of_two_scenarios_is_told_at_the_second_with_the_first() -> None:
    other = {"scenarios/r.yaml": "reference: r\ntype: interaction-end\n" + lines_to('"+331"')}
    text, wanted = expected(HEAD + lines_to('"+332"', '«"+331"»'), "shared-entry-point")
    found = judge(text, **other)
    assert places(found) == wanted
    assert [(p.file, p.line, p.column) for p, _ in found[0].related] == [
        ("scenarios/r.yaml", 3, 16)
    ]


def test_an_entry_point_that_stands_twice_is_shared_where_it_stands_first() -> None:
    other = {"scenarios/r.yaml": "reference: r\ntype: interaction-end\n" + lines_to('"+331"')}
    document = HEAD + lines_to('«"+331"»', '«"+331"»')
    text, wanted = expected(document, "shared-entry-point", "bad-entry-point")
    assert places(judge(text, **other)) == wanted


def test_an_entry_point_of_three_scenarios_is_told_at_each_further_one() -> None:
    others = {
        f"scenarios/{name}.yaml": f"reference: {name}\ntype: interaction-end\n" + lines_to('"+331"')
        for name in "zr"
    }
    found = judge(HEAD + lines_to('"+331"'), **others)
    assert [(f.rule, f.place.file) for f in found] == [
        ("shared-entry-point", "scenarios/s.yaml"),
        ("shared-entry-point", "scenarios/z.yaml"),
    ]
    assert {place.file for f in found for place, _ in f.related} == {"scenarios/r.yaml"}


def test_scenarios_with_other_entry_points_or_none_share_nothing() -> None:
    others = {
        "scenarios/r.yaml": "reference: r\ntype: interaction-end\n" + lines_to('"+3310"', '"+33"'),
        "scenarios/t.yaml": "reference: t\ntype: interaction-end\nx-entry_points: ['+331']\n",
    }
    assert judge(HEAD + lines_to('"+331"'), **others) == ()


@pytest.mark.parametrize(
    ("base", "now", "rules"),
    [
        ("interaction-start", "interaction-end", ["type-changed"]),
        ("interaction-end", "interaction-start", ["type-changed"]),
        ("interaction-end", "'interaction-end'", []),
        (None, "interaction-end", []),
        ("inbound", "interaction-end", []),
        ("interaction-end", "interaction-ent", ["bad-scenario-type"]),
    ],
)
def test_a_type_cannot_change_between_two_that_exist(
    base: str | None, now: str, rules: list[str]
) -> None:
    found = judge(f"reference: s\ntype: {now}\n", base)
    assert places(found) == [(rule, 2, 7) for rule in rules]


def test_a_changed_type_says_what_it_was() -> None:
    (finding,) = judge("reference: s\ntype: interaction-end\n", "interaction-start")
    assert finding.hint.startswith("write `type: interaction-start`")


def test_an_endpoint_and_a_scenario_may_have_one_reference() -> None:
    assert judge(HEAD, **{"endpoints/s.yaml": "reference: s\nhost: a.example\n"}) == ()


# -- uses ----------------------------------------------------------------------------------------


def root_of(text: str) -> Mapping:
    root = read(text.encode(), FILE).root
    assert isinstance(root, Mapping)
    return root


def used(text: str) -> list[tuple[str, str, int, int]]:
    return [
        (use.action, use.endpoint, use.node.line, use.node.column)
        for use in graphs.uses(root_of(text))
    ]


@pytest.mark.parametrize(
    "text",
    [
        trunk("endpoint: «pbx-paris»"),
        "actions: {a: {action: 'distribution-to-sip-endpoint', endpoint: «'pbx-paris'»}}\n",
        "actions:\n  a:\n    endpoint: «pbx-paris» # c\n    action: distribution-to-sip-endpoint\n",
        of(f"b: 1\nc: []\nd: {{endpoint: b}}\na: {{action: {TRUNK}, endpoint: «pbx-paris»}}"),
        of(f"b: {{action: fax, endpoint: b}}\na: {{action: {TRUNK}, endpoint: «pbx-paris»}}"),
        f"type: a\nentry_points: [b]\nactions: {{a: {{action: {TRUNK}, endpoint: «pbx-paris»}}}}\n",
    ],
)
def test_a_use_is_found_at_its_place_whatever_else_is_wrong(text: str) -> None:
    clean, [(line, column, _)] = marked(text)
    assert used(clean) == [("a", "pbx-paris", line, column)]


@pytest.mark.parametrize(
    "rest", ["x-endpoint: b", "endpoint: [b]", "endpoint: {b: c}", "endpoint: ~", "endpoint:"]
)
def test_what_names_no_endpoint_is_no_use(rest: str) -> None:
    assert used(f"actions:\n  a:\n    action: distribution-to-sip-endpoint\n    {rest}\n") == []


@pytest.mark.parametrize("text", ["a: b\n", "actions: b\n", "actions: [a]\n", "actions:\n"])
def test_a_document_without_actions_uses_nothing(text: str) -> None:
    assert used(text) == []


def seen(text: str) -> bool:
    member = inventory(text).members[FILE]
    return graphs.uses_are_known(member.root, member.findings)


@pytest.mark.parametrize(
    "text",
    [
        HEAD,
        "reference: 12\n",
        f"{HEAD}actions: {{}}\nentry_points: [sales]\n",
        of("a: {action: pause, branches: [b]}"),
        of("a: {action: fax, endpoint: [a, b]}"),
        trunk("endpoint: 0123"),
        trunk("x-a: ~"),
    ],
)
def test_uses_can_be_told_where_actions_types_and_endpoints_are_plain(text: str) -> None:
    assert seen(text)


@pytest.mark.parametrize(
    "text",
    [
        "a: [",
        "a: 1\na: 2\n",
        "- a\n",
        f"{HEAD}actions: []\n",
        f"{HEAD}actions: a\n",
        f"{HEAD}actions:\n",
        of("a: []"),
        of("a: b"),
        of("a: {endpoint: b}"),
        of("a: {action: [distribution-to-sip-endpoint], endpoint: b}"),
        trunk("endpoint: [pbx-paris]"),
        trunk("endpoint: {pbx-paris: b}"),
    ],
)
def test_uses_cannot_be_told_where_one_may_hide(text: str) -> None:
    assert not seen(text)


# -- scenarios made at random --------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Mark:
    """A value, or a key, where a finding must stand."""

    value: str | None


@dataclass(slots=True)
class Draft:
    """A scenario in the making."""

    start: str | Mark
    actions: dict[Any, Any]
    type_: str | Mark = "interaction-start"
    more: tuple[tuple[str, Any], ...] = ()

    def begin_with(self, id: str | Mark, type_: str | Mark, leading: Any, **rest: Any) -> None:
        """Put an action in front; of its branches those with "" lead to what was the start."""
        branches = {label: self.start if to == "" else to for label, to in leading.items()}
        self.actions[id] = {"action": type_, **rest, "branches": branches}
        self.start = id.value or "" if isinstance(id, Mark) else id

    def text(self, flow: list[bool]) -> str:
        """The document, flow style where `flow` says so."""
        head = {"reference": "s", "type": self.type_, **dict(self.more), "start": self.start}
        return "".join(written({**head, "actions": self.actions}, 0, flow))


def written(value: Any, depth: int, flow: list[bool]) -> list[str]:
    """A mapping in block style down to the depth where `flow` says otherwise."""
    lines = []
    for key, inner in value.items():
        in_flow = not isinstance(inner, dict) or not inner or (depth > 0 and flow[0])
        lines.append("  " * depth + scalar(key) + (f": {inline(inner)}\n" if in_flow else ":\n"))
        lines += [] if in_flow else written(inner, depth + 1, flow[1:] + flow[:1])
    return lines


def inline(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{scalar(k)}: {inline(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(inline, value)) + "]"
    return scalar(value)


def scalar(value: str | Mark | None) -> str:
    if isinstance(value, Mark):
        return f"«{scalar(value.value)}»"
    if value is None:
        return "null"
    return value if scalars.is_plain_safe(value) else scalars.double_quoted(value)


NAMES = ("menu", "queue", "night", "paris", "hours", "survey", "1", "yes", "a: b", "é")
KINDS = [type_ for type_ in catalogue.known().values() if type_.role != "value"]


@st.composite
def drafts(draw: st.DrawFn) -> Draft:
    """A scenario without any fault, in any order: each action leads to a next one and elsewhere,
    and has an output that ends the call, unless it has one output only."""
    ids = draw(st.permutations(NAMES))[: draw(st.integers(1, len(NAMES)))]
    actions = {id: draw(_actions(ids, after)) for id, after in pairwise((*ids, None))}
    shuffled = {id: actions[id] for id in draw(st.permutations(ids))}
    return Draft(ids[0], shuffled)


@st.composite
def _actions(draw: st.DrawFn, ids: list[str], after: str | None) -> dict[str, Any]:
    kind = draw(st.sampled_from([k for k in KINDS if after or k.role != "endpoint"]))
    first, *others = kind.branches
    branches: dict[str, str | None] = {first: None}
    for label in draw(st.lists(st.sampled_from(others), unique=True)) if others else ():
        branches[label] = draw(st.sampled_from(ids))
    branches |= dict.fromkeys(kind.failures if kind.role == "endpoint" else (), after)
    branches[others[-1] if others else first] = after
    action: dict[str, Any] = {"action": kind.id, "branches": branches}
    if kind.endpoint_parameter:
        action[kind.endpoint_parameter] = draw(st.sampled_from(["pbx-paris", "pbx-lyon"]))
    return action | draw(st.sampled_from([{}, {"x-note": "0123"}, {"note": None}]))


ALL_SAFE = {"processed": None, "unprocessed": "", "reference-not-found": ""}
STYLES = st.lists(st.booleans(), min_size=1, max_size=7)


@given(drafts(), STYLES)
def test_a_scenario_without_a_fault_has_no_finding(draft: Draft, flow: list[bool]) -> None:
    assert judge(draft.text(flow)) == ()


# Each fault is brought in by itself, in front of or beside what stands there, so that any number of
# them can be together.


def unknown_action(draft: Draft) -> None:
    draft.begin_with("f1", Mark("vocal-announcment"), {"ok": ""})


def unknown_endpoint(draft: Draft) -> None:
    draft.begin_with("f2", TRUNK, ALL_SAFE, endpoint=Mark("pbx-pari"))


def missing_endpoint(draft: Draft) -> None:
    draft.begin_with(Mark("f3"), TRUNK, ALL_SAFE)


def no_fallback(draft: Draft) -> None:
    draft.begin_with("f4", TRUNK, {**ALL_SAFE, "unprocessed": Mark(None)}, endpoint="pbx-lyon")


def unknown_target(draft: Draft) -> None:
    draft.begin_with("f5", "load-sharing", {"link-1": "", "no-link": Mark("far away")})


def misspelt_start(draft: Draft) -> None:
    draft.begin_with("unmistakable-start", "pause", {"ok": ""})
    draft.start = Mark("unmistakable-strat")


def unreachable_action(draft: Draft) -> None:
    draft.actions[Mark("f6")] = {"action": "pause", "branches": {"ok": "f7"}}
    draft.actions["f7"] = {"action": "node", "branches": {"ok": None}}


def endless_loop(draft: Draft) -> None:
    draft.begin_with("f8", "test-calendar", {"open": "", "closed": "f9"})
    draft.actions[Mark("f9")] = {"action": "pause", "branches": {"ok": "f10"}}
    draft.actions["f10"] = {"action": "pause", "branches": {"ok": "f9"}}


def unknown_branch(draft: Draft) -> None:
    draft.begin_with("f11", "node", {"ok": "", Mark("else"): None})


def unconfirmed_branch(draft: Draft) -> None:
    draft.begin_with("f12", "voicemail", {"ok": "", Mark("else"): None})


def bad_parameter(draft: Draft) -> None:
    holidays = ["12-25", Mark("12-32")]
    draft.begin_with("f13", "test-calendar", {"open": ""}, holidays=holidays)


def misspelt_key(draft: Draft) -> None:
    draft.begin_with("f14", "distribution-to-queue", {"overflow": ""})
    draft.actions["f14"][Mark("queu")] = "a"


def bad_entry_point(draft: Draft) -> None:
    draft.more = (("entry_points", ["+331", Mark("0033")]),)


def bad_scenario_type(draft: Draft) -> None:
    draft.type_ = Mark("inbound")


FAULTS: dict[Callable[[Draft], None], str] = {
    unknown_action: "unknown-action",
    unknown_endpoint: "unknown-endpoint",
    missing_endpoint: "missing-endpoint",
    unknown_target: "unknown-target",
    unreachable_action: "unreachable-action",
    endless_loop: "endless-loop",
    unknown_branch: "unknown-branch",
    unconfirmed_branch: "unconfirmed-branch",
    no_fallback: "no-fallback",
    bad_parameter: "bad-parameter",
    misspelt_key: "misspelt-key",
    bad_entry_point: "bad-entry-point",
    bad_scenario_type: "bad-scenario-type",
    misspelt_start: "unknown-start",  # the last: nothing can be put in front of it
}


@given(drafts(), STYLES, st.sets(st.sampled_from(list(FAULTS)), min_size=1, max_size=3))
def test_each_fault_gives_its_one_finding_at_its_place(
    draft: Draft, flow: list[bool], faults: set[Callable[[Draft], None]]
) -> None:
    for fault in sorted(faults, key=list(FAULTS).index):
        fault(draft)
    text, marks = marked(draft.text(flow))
    found = judge(text)
    assert sorted(finding.rule for finding in found) == sorted(FAULTS[fault] for fault in faults)
    assert [(f.place.line, f.place.column) for f in found] == [(x, y) for x, y, _ in marks]


@given(drafts(), STYLES)
def test_the_uses_are_the_endpoints_that_the_actions_name(draft: Draft, flow: list[bool]) -> None:
    named = [(id, a["endpoint"]) for id, a in draft.actions.items() if "endpoint" in a]
    found = list(graphs.uses(root_of(draft.text(flow))))
    assert [(use.action, use.endpoint) for use in found] == named
    lines = draft.text(flow).splitlines()
    assert all(lines[u.node.line - 1][u.node.column - 1 :].startswith(u.endpoint) for u in found)


# -- size ----------------------------------------------------------------------------------------


def of_size(size: int, line: str) -> str:
    """So many actions of one form; N is the action's number, M the next one's."""
    lines = [line.replace("N", str(n)).replace("M", str(n + 1)) for n in range(size)]
    return of("\n".join([*lines, f"a{size}: {{action: pause}}"]), start="a0")


def test_many_entry_points_are_read() -> None:
    numbers = ", ".join(f'"+1{number:08}"' for number in range(20_000))
    assert judge(f"{HEAD}entry_points: [{numbers}]\n") == ()


def work(text: str) -> int:
    """The work of the rules for a scenario and as many endpoints as it has actions."""
    one = inventory(text).members[FILE]
    scenario = one.scenario
    assert scenario
    paths = (f"endpoints/trunk-{n}.yaml" for n in range(len(scenario.actions)))
    endpoints = {path: Member(path, Facts(), NO_CONTENT) for path in paths}

    def once() -> None:
        assert one.root
        found = [*graphs.check(scenario, one.root, FILE)]
        found += files.unknown_endpoint((one,), endpoints)
        found += files.shared_entry_point((one,))
        assert found

    return steps(once)


@pytest.mark.parametrize(
    "line",
    [
        "aN: {action: node, branches: {ok: aM, b: no-aN}}",
        "aN: {action: voicemail, branches: {ok: aM, error: axx}}",
        "aN: {action: pause}",
        "aN: {action: pause, branches: {ok: aN}}",
        "aN: {action: faxN, branches: {ok: aM}, action-N: a}",
        "aN: {action: distribution-to-sip-endpoint, endpoint: trunk-xN, branches: {processed: aM}}",
        "aN: {action: load-sharing, branches: {link-1: aM, linkN: null}, weightN: 1, startN: 2}",
        "aN: {action: test-calendar, open: [Tue N], branches: {open: aM}}",
    ],
)
def test_work_is_linear_in_the_size_of_a_scenario(line: str) -> None:
    assert work(of_size(1_200, line)) < 12 * work(of_size(300, line))


def test_a_value_that_settings_allow_hides_no_scenario_with_another_fault() -> None:
    text = "reference: s\nname: ''\ntype: interaction-start\nstart: a\n"
    text += "actions: {a: {action: node, branches: {ok: nowhere}}}\n"
    settings = b"version: 1\nrules: {bad-text: warning}\n"
    found = inventory_of({"sipctl.yaml": settings, "scenarios/s.yaml": text.encode()})
    assert list(found.scenarios) == ["s"]
    assert [finding.rule for finding in found.findings] == ["bad-text", "unknown-target"]
