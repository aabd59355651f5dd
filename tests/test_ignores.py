"""Comments that take findings of their line out, and what becomes of those that take none out."""

import json
from collections.abc import Iterable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipctl.findings import Finding, Severity
from sipctl.inventory import Inventory
from sipctl.kinds import SETTINGS_FILE
from sipctl.rules import comments
from sipctl.rules.book import RULES
from sipctl.storage.disk import MAX_BYTES
from sipctl.workspace import inventory_of, read_member, reread
from tests.conftest import Git, Program

FILE = "endpoints/a.yaml"
NEEDED = "reference: a\nhost: a.example\n"


def judged(text: str, settings: str = "version: 1\n", **more: str) -> Inventory:
    """The endpoint a, with further scenarios by reference."""
    others = {f"scenarios/{name}.yaml": text.encode() for name, text in more.items()}
    return inventory_of({SETTINGS_FILE: settings.encode(), FILE: text.encode(), **others})


def rules_of(inventory: Inventory) -> list[str]:
    return [finding.rule for finding in inventory.findings]


def wanted(text: str) -> list[tuple[str | None, int]]:
    member = read_member(FILE, text.encode())
    return [(i.rule, i.place.line) for i in comments.written(member.text, member.root, FILE)]


# -- what is ignored -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "comment",
    [
        "# sipctl: ignore[SIP206]",
        "# sipctl: ignore[bad-port]",
        "#sipctl:ignore[bad-port]",
        "# sipctl: ignore [ bad-port ] it is a test",
        "# as asked # sipctl: ignore[bad-port]",
        "# sipctl: ignore[bad-port,SIP206]",
    ],
)
def test_a_comment_takes_the_finding_of_its_line_out(comment: str) -> None:
    assert rules_of(judged(f"{NEEDED}port: 0 {comment}\n")) == []


def test_what_is_ignored_is_read_as_it_stands() -> None:
    inventory = judged(f"{NEEDED}port: 0 # sipctl: ignore[bad-port]\n")
    assert inventory.endpoints["a"].port == 0


def test_a_comment_takes_nothing_of_another_line_or_rule_out() -> None:
    for text in (
        f"# sipctl: ignore[bad-port]\n{NEEDED}port: 0\n",
        f"{NEEDED}port: 0 # sipctl: ignore[bad-host]\n",
        f"{NEEDED}port: 0\n# sipctl: ignore[bad-port]\n",
    ):
        assert sorted(rules_of(judged(text))) == ["bad-ignore", "bad-port"]


def test_several_rules_stand_in_one_comment() -> None:
    text = "{reference: a, host: a_b, port: 0} # sipctl: ignore[bad-host, SIP206]\n"
    assert rules_of(judged(text)) == []


def test_a_finding_between_files_is_ignored_where_it_is() -> None:
    scenario = (
        "reference: s\ntype: interaction-start\nstart: x\nactions:\n  x:\n"
        "    action: distribution-to-sip-endpoint\n"
        "    endpoint: gone{}\n"
        "    branches: {{processed: null, unprocessed: x, reference-not-found: x}}\n"
    )
    assert rules_of(judged(NEEDED, s=scenario.format(""))) == ["unknown-endpoint"]
    comment = " # sipctl: ignore[unknown-endpoint] it comes on Monday"
    assert rules_of(judged(NEEDED, s=scenario.format(comment))) == []


def test_the_header_of_a_block_scalar_may_end_in_a_comment() -> None:
    text = f"{NEEDED}description: | # sipctl: ignore[bad-text]\n  a\n  b\n"
    assert rules_of(judged(text)) == []


def test_a_carriage_return_ends_a_comment_too() -> None:
    text = f"{NEEDED}port: 0 # sipctl: ignore[bad-port]\n"
    for end in ("\r\n", "\r"):
        assert rules_of(judged(text.replace("\n", end))) == []


def test_a_byte_order_mark_moves_no_place() -> None:
    (finding,) = judged("\ufeffreference: a # sipctl: ignore[bad-port]\nhost: a.example\n").findings
    assert (finding.place.line, finding.place.column) == (1, 31)


# -- what is no comment --------------------------------------------------------------------------


@pytest.mark.parametrize(
    "line",
    [
        'description: "# sipctl: ignore[SIP304]"',
        "description: '# sipctl: ignore[SIP304]'",
        "description: a#sipctl:ignore[SIP304]",
        "x-a: |\n  # sipctl: ignore[SIP304]",
        "x-a: >-\n  a\n\n  # sipctl: ignore[SIP304]\n  b",
        'x-a: "b\n  # sipctl: ignore[SIP304]\n  c"',
        '"x-# sipctl: ignore[SIP304]": 1',
        '? "x-# sipctl: ignore[SIP304]"\n: 1',
        'x-a: ["# sipctl: ignore[SIP304]"]',
    ],
)
def test_a_hash_within_a_value_begins_no_comment(line: str) -> None:
    assert wanted(f"{NEEDED}{line}\n") == []


@pytest.mark.parametrize(
    "value", ["|\n  # text\n  b\n", "|-\n  # b\n\n", ">+\n  # b\n\n", "|2\n   # b\n"]
)
def test_a_comment_behind_a_block_scalar_is_one(value: str) -> None:
    text = f"{NEEDED}x-a: {value}# sipctl: ignore[SIP304]\nport: 1\n"
    assert wanted(text) == [("register-without-username", text.count("\n") - 1)]


def test_a_file_that_cannot_be_parsed_ignores_nothing() -> None:
    text = f"{NEEDED}port: [0 # sipctl: ignore[SIP101, bad-port]\n"
    assert rules_of(judged(text)) == ["invalid-yaml"]


VALUES = st.text(
    st.characters(
        codec="utf-8", categories=("L", "N", "P", "Z", "S"), exclude_characters="\u2028\u2029\x85"
    ),
    max_size=20,
)


@given(VALUES)
def test_no_value_is_taken_for_a_comment_and_the_comment_behind_it_is_found(value: str) -> None:
    inner = "# sipctl: ignore[bad-host]" + value.replace("'", "''")
    text = f"{NEEDED}x-a: '{inner}' # sipctl: ignore[bad-port]\n"
    assert wanted(text) == [("bad-port", 3)]


# -- what cannot be ignored ----------------------------------------------------------------------


@pytest.mark.parametrize("rule", [r.name for r in RULES.values() if r.fixed])
def test_rules_of_syntax_and_type_are_not_ignored(rule: str) -> None:
    text = f"{NEEDED}port: '5060' # sipctl: ignore[not-a-number, {rule}]\n"
    found = judged(text)
    assert {f.rule for f in found.findings if f.is_error} == {"not-a-number"}
    assert {f.message for f in found.findings if not f.is_error} == {
        f"{name} cannot be ignored by a comment" for name in ("not-a-number", rule)
    }


def test_a_plaintext_password_is_not_ignored() -> None:
    text = f"{NEEDED}username: u\npassword: hunter2 # sipctl: ignore[SIP501, plaintext-password]\n"
    found = judged(text)
    assert rules_of(found) == ["plaintext-password", "bad-ignore", "bad-ignore"]
    assert "hunter2" not in repr(found.findings)


def test_settings_ignore_nothing_by_comments() -> None:
    settings = "version: 1\nrule: {} # sipctl: ignore[unknown-key]\n"
    found = judged(NEEDED, settings).findings
    assert [(f.rule, f.place.line) for f in found] == [("unknown-key", 2), ("bad-ignore", 2)]


def test_an_ignore_is_no_finding_of_its_own_where_settings_switch_the_rule_off() -> None:
    settings = 'version: 1\nrules: {bad-port: "off"}\n'
    assert rules_of(judged(f"{NEEDED}port: 0 # sipctl: ignore[bad-port]\n", settings)) == []


@pytest.mark.parametrize(("severity", "count"), [("error", 1), ('"off"', 0)])
def test_settings_weigh_what_a_comment_gets_wrong(severity: str, count: int) -> None:
    settings = f"version: 1\nrules: {{bad-ignore: {severity}}}\n"
    found = judged(f"{NEEDED}port: 1 # sipctl: ignore[bad-port]\n", settings).findings
    assert [f.severity for f in found] == [Severity.ERROR] * count


def test_an_unknown_rule_is_told_with_the_nearest_one() -> None:
    (finding,) = judged(f"{NEEDED}port: 1 # sipctl: ignore[bad-prt]\n").findings
    assert finding.message == 'there is no rule "bad-prt"'
    assert finding.hint == 'did you mean "bad-port"?'
    (finding,) = judged(f"{NEEDED}port: 1 # sipctl: ignore[SIP999]\n").findings
    assert finding.hint == "see `sipctl rules`"


def test_an_ignore_that_a_change_made_idle_is_told_and_back_again() -> None:
    faulty, sound = (f"{NEEDED}port: {n} # sipctl: ignore[bad-port]\n" for n in (0, 1))
    inventory = judged(faulty)
    changed = reread(inventory, {FILE: sound.encode()})
    assert rules_of(changed) == ["bad-ignore"]
    assert rules_of(reread(changed, {FILE: faulty.encode()})) == []


# -- wherever findings are judged ----------------------------------------------------------------

IGNORED = "reference: a\nhost: my_pbx # sipctl: ignore[bad-host] the resolver takes it\n"


def test_an_ignored_error_refuses_no_change(workspace: Path, run: Program, git: Git) -> None:
    file = workspace / FILE
    file.write_text(IGNORED)
    run("validate", "--strict")
    run("save")
    run("edit", "a", "--port", "5070")
    assert "ignore[bad-host] the resolver takes it" in file.read_text()
    assert "port: 5070" in file.read_text()
    assert "my_pbx" in run("list").out
    run("fmt", "--check")
    refused = run("edit", "a", "--port", "0", check=3)
    assert "SIP206" in refused.err
    assert "SIP204" not in refused.err


# -- cost ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "part",
    [
        "#sipctl:ignore[",
        "#sipctl:ignore[a]",
        "#\t",
        "#sipctl:ignore[a b,",
        "# sipctl: ignore[x]\n#",
    ],
)
def test_a_large_file_of_comments_is_read(part: str) -> None:
    text = NEEDED + "#" + part * (MAX_BYTES // 4 // len(part))
    found = judged(text).findings
    assert {finding.rule for finding in found} <= {"bad-ignore"}


def test_many_rules_in_one_comment_are_read() -> None:
    text = f"{NEEDED}# sipctl: ignore[{','.join(f'x{n}' for n in range(20_000))}]\n"
    found: tuple[Finding, ...] = judged(text).findings
    assert len(found) == 20_000


def hints(workspace: Path, sipctl: Program, words: Iterable[str]) -> list[str]:
    """What a process says of comments with these words, 20 in a file."""
    comments = [f"# sipctl: ignore[{word}]\n" for word in words]
    for n in range(0, len(comments), 20):
        text = f"reference: e{n}\nhost: a.example\n{''.join(comments[n : n + 20])}"
        (workspace / "endpoints" / f"e{n}.yaml").write_text(text)
    findings = json.loads(sipctl("validate", "-f", "json").out)["findings"]
    return [finding["hint"] for finding in findings]


def test_what_is_told_of_a_wrong_name_depends_on_its_file_alone(
    workspace: Path, sipctl: Program
) -> None:
    found = hints(workspace, sipctl, (f"bad-prt{n}" for n in range(3000)))
    assert found == ['did you mean "bad-port"?'] * 3000


def test_a_wrong_name_in_many_files_is_compared_once(workspace: Path, sipctl: Program) -> None:
    found = hints(workspace, sipctl, ["bad-prt"] * 3000)
    assert found == ['did you mean "bad-port"?'] * 3000
