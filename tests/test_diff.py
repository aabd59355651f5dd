"""What differs between two versions, by field: told once, at its places, and never a password."""

import json
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given

from sipctl.changes import Value
from sipctl.diff.comparison import Comparison, Difference, compare
from sipctl.findings import Place
from sipctl.render import comparison as render
from sipctl.render.markdown import LIMIT
from sipctl.render.markdown import diff as in_markdown
from tests import keys
from tests.comparing import FILES, PARIS, SETTINGS, SUPPORT, changed, state, workspaces
from tests.conftest import Git, Program


def between(old: Mapping[str, str | bytes], new: Mapping[str, str | bytes]) -> Comparison:
    return compare(state(old), state(new))


def text(comparison: Comparison) -> str:
    return "".join(text for text, _ in render.diff(comparison))


def diff(old: Mapping[str, str | bytes], new: Mapping[str, str | bytes]) -> list[str]:
    return text(between(old, new)).splitlines()


# -- fields --------------------------------------------------------------------------------------


def test_a_field_is_told_with_both_values_and_both_places() -> None:
    new = changed(FILES, pbx_paris={"port: 5060": "realm: x\nport: 5061"})
    assert diff(FILES, new) == [
        "~ pbx-paris",
        "    port: 5060 -> 5061  (endpoints/pbx-paris.yaml:3:7 -> 4:7)",
        "    realm: - -> x  (- -> endpoints/pbx-paris.yaml:3:8)",
        "1 endpoint changed",
    ]


def test_a_place_that_is_the_same_in_both_is_told_once() -> None:
    new = changed(FILES, pbx_paris={"5060": "5070"})
    assert diff(FILES, new)[1] == "    port: 5060 -> 5070  (endpoints/pbx-paris.yaml:3:7)"


def test_a_default_is_told_as_one() -> None:
    new = changed(FILES, pbx_paris={"port: 5060\n": "transport: tls\n"})
    assert diff(FILES, new)[1:3] == [
        "    port: 5060 -> 5061 (default)  (endpoints/pbx-paris.yaml:3:7 -> -)",
        "    transport: udp (default) -> tls  (- -> endpoints/pbx-paris.yaml:3:12)",
    ]


def test_fields_of_actions_have_names_and_places_of_their_own() -> None:
    new = changed(
        FILES, support_in={'"2": paris': '"2": queue', "Europe/Paris": "UTC", "closed: night": ""}
    )
    assert diff(FILES, new)[:4] == [
        "~ scenario support-in",
        "    actions.hours.timezone: Europe/Paris -> UTC  (scenarios/support-in.yaml:9:15)",
        "    actions.menu.branches.2: paris -> queue  (scenarios/support-in.yaml:14:33)",
        "    actions.hours.branches.closed: night -> -  (scenarios/support-in.yaml:11:36 -> -)",
    ]


def test_the_order_of_patterns_counts_and_that_of_other_branches_does_not() -> None:
    action = "  lang: {{action: {}, value: caller, branches: {{{}}}}}\n"
    first, second = "'+331*': paris, '+33*': queue", "'+33*': queue, '+331*': paris"
    for type_, lines in (
        ("test-value", ["    actions.lang.branches: +331*, +33* -> +33*, +331*"]),
        ("load-sharing", []),
    ):
        old, new = (
            {**FILES, "scenarios/support-in.yaml": SUPPORT + action.format(type_, branches)}
            for branches in (first, second)
        )
        assert [line.partition("  (")[0] for line in diff(old, new)[1:-1]] == lines


def test_a_branch_that_comes_or_goes_is_no_other_order() -> None:
    action = "  lang: {{action: test-value, value: caller, branches: {{{}}}}}\n"
    old, new = (
        {**FILES, "scenarios/support-in.yaml": SUPPORT + action.format(branches)}
        for branches in ("'+331*': paris, default: queue", "'+44*': queue, '+331*': paris")
    )
    fields = [line.split(":")[0].strip() for line in diff(old, new)[1:-1]]
    assert fields == ["actions.lang.branches.+44*", "actions.lang.branches.default"]


@pytest.mark.parametrize(
    "replacement",
    [
        {"port: 5060": "port:   5060  # the default"},
        {"port: 5060\n": "", "host:": "port: 5060\nhost:"},
        {'"+33155000001"': "'+33155000001'"},
        {"reference": "# a comment\nreference"},
    ],
)
def test_layout_is_counted_and_is_no_change(replacement: dict[str, str]) -> None:
    found = between(FILES, changed(FILES, pbx_paris=replacement))
    assert found.differences == ()
    assert found.layout == ("endpoints/pbx-paris.yaml",)
    assert text(found) == "1 file changed in layout only\n"


def test_what_is_new_or_gone_is_told_with_its_fields() -> None:
    lyon = "reference: pbx-lyon\nhost: sip.lyon.example.net\n"
    with_lyon = {**FILES, "endpoints/pbx-lyon.yaml": lyon}
    assert diff(FILES, with_lyon) == [
        "+ pbx-lyon",
        "    host: sip.lyon.example.net  (endpoints/pbx-lyon.yaml:2:7)",
        "1 endpoint created",
    ]
    assert diff(with_lyon, FILES) == ["- pbx-lyon", "1 endpoint deleted"]
    [gone] = between(with_lyon, FILES).differences
    assert [(f.change.field, f.change.old.data) for f in gone.fields] == [
        ("host", "sip.lyon.example.net")
    ]


# -- moves ---------------------------------------------------------------------------------------


def moved(files: Mapping[str, str], old: str, new: str) -> dict[str, str]:
    """The files with one at another path, its reference with it."""
    names = [path.rpartition("/")[2].removesuffix(".yaml") for path in (old, new)]
    body = files[old].replace(f"reference: {names[0]}", f"reference: {names[1]}")
    return {path: text for path, text in files.items() if path != old} | {new: body}


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        ("endpoints/pbx-paris.yaml", "endpoints/trunk.yaml", "~ pbx-paris -> trunk"),
        ("scenarios/support-in.yaml", "scenarios/help.yaml", "~ scenario support-in -> help"),
        ("endpoints/pbx-paris.yaml", "endpoints/PBX-paris.yaml", "~ pbx-paris -> PBX-paris"),
    ],
)
def test_a_move_is_one_line(old: str, new: str, line: str) -> None:
    noun = "scenario" if old.startswith("scenarios") else "endpoint"
    assert diff(FILES, moved(FILES, old, new)) == [line, f"1 {noun} renamed"]


def test_a_move_with_a_change_tells_the_change_with_both_files() -> None:
    new = moved(FILES, "endpoints/pbx-paris.yaml", "endpoints/trunk.yaml")
    new["endpoints/trunk.yaml"] = new["endpoints/trunk.yaml"].replace("5060", "5061")
    assert diff(FILES, new)[:2] == [
        "~ pbx-paris -> trunk",
        "    port: 5060 -> 5061  (endpoints/pbx-paris.yaml:3:7 -> endpoints/trunk.yaml:3:7)",
    ]


def test_a_reference_that_did_not_move_with_its_file_is_told() -> None:
    new = dict(FILES)
    new["endpoints/trunk.yaml"] = new.pop("endpoints/pbx-paris.yaml").replace("5060", "5061")
    new["endpoints/trunk.yaml"] = new["endpoints/trunk.yaml"].replace("pbx-paris\n", "other\n")
    assert diff(FILES, new)[1].startswith("    reference: pbx-paris -> other  (")


def test_nothing_moves_from_one_kind_to_the_other() -> None:
    new = {path: text for path, text in FILES.items() if "paris" not in path}
    new["scenarios/pbx-paris.yaml"] = PARIS
    kinds = [(d.kind, d.path) for d in between(FILES, new).differences]
    assert kinds == [
        ("deleted", "endpoints/pbx-paris.yaml"),
        ("created", "scenarios/pbx-paris.yaml"),
    ]


# -- passwords -----------------------------------------------------------------------------------

ENV = "{env: PBX_PARIS_PASSWORD}"


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("hunter2", "s3cret", "plain -> plain (another value)"),
        ("{age: hunter2}", "{age: s3cret}", "age -> age (another value)"),
        (ENV, "hunter2", "env PBX_PARIS_PASSWORD -> plain"),
        ("hunter2", "{file: /run/pw}", "plain -> file /run/pw"),
        ("{vault: hunter2}", "{vault: s3cret}", "unknown -> unknown (another value)"),
        ("[hunter2]", "[s3cret]", "unknown -> unknown (another value)"),
    ],
)
def test_a_password_is_told_by_its_form_on_both_sides(old: str, new: str, told: str) -> None:
    files = [changed(FILES, pbx_paris={ENV: password}) for password in (old, new)]
    found = between(*files)
    assert text(found).splitlines()[1].startswith(f"    password: {told}  (")
    assert_silent(found)


SECRET = ("hunter2", "s3cret")


def assert_silent(found: Comparison) -> None:
    shown = [text(found), in_markdown("old", "new", found), repr(found.differences)]
    assert not [word for word in SECRET for page in shown if word in page]


@pytest.mark.parametrize(
    "replacement",
    [
        {"password:": "pasword:", ENV: "hunter2"},
        {ENV: "{env: PBX_PARIS_PASSWORD, age: hunter2}"},
        {"host:": "password hunter2: hunter2\nhost:"},
    ],
)
def test_what_may_be_a_password_is_masked_in_endpoints(replacement: dict[str, str]) -> None:
    new = changed(FILES, pbx_paris=replacement)
    newer = {p: t.replace("hunter2", "s3cret") for p, t in new.items()}
    for found in (between(FILES, new), between(new, newer), between(newer, FILES)):
        assert found.differences
        assert_silent(found)


@pytest.mark.parametrize("value", ["hunter2", "{value: hunter2}", "[hunter2]", "{a: {b: hunter2}}"])
def test_a_password_among_the_parameters_of_an_action_is_masked(value: str) -> None:
    line = "action: voicemail,"
    new = changed(FILES, support_in={line: f"{line} password: {value},"})
    newer = changed(FILES, support_in={line: f"{line} password: {value.replace('hunter2', 's3')},"})
    for found in (between(FILES, new), between(new, newer), between(newer, FILES)):
        assert "actions.night.password: " in text(found)
        assert_silent(found)
    assert "*** -> *** (another value)" in text(between(new, newer))


# -- settings ------------------------------------------------------------------------------------


def settings(old: str, new: str) -> list[str]:
    return diff({"sipctl.yaml": SETTINGS + old}, {"sipctl.yaml": SETTINGS + new})


def test_the_severity_of_a_rule_is_told_with_its_default() -> None:
    assert settings("", "rules: {stray-file: 'off'}\n") == [
        "~ sipctl.yaml",
        "    rules.stray-file: warning (default) -> off  (- -> sipctl.yaml:2:21)",
        "settings changed",
    ]


def test_a_rule_is_the_same_by_name_and_by_code() -> None:
    old, new = "rules: {unknown-endpoint: warning}\n", "rules: {SIP402: warning}\n"
    assert settings(old, new) == ["1 file changed in layout only"]


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        ("", "x-team: voice\n", "x-team: - -> voice  (- -> sipctl.yaml:2:9)"),
        ("x-a: 1\n", "x-a: 2\n", "x-a: 1 -> 2  (sipctl.yaml:2:6)"),
        ("x-a: {password: a}\n", "x-a: {password: b}\n", "x-a: password *** -> password ***"),
        ("secret: hunter2\n", "secret: s3cret\n", "secret: *** -> *** (another value)"),
        (
            f"recipients:\n  ci: {keys.CI_PUBLIC}\n",
            f"recipients:\n  ci: {keys.BOB_PUBLIC}\n",
            f"recipients.ci: {keys.CI_PUBLIC} -> {keys.BOB_PUBLIC}  (sipctl.yaml:3:7)",
        ),
        (
            "",
            f"recipients: {{ci: {keys.CI}}}\n",
            "recipients.ci: - -> ***  (- -> sipctl.yaml:2:18)",
        ),
        ("", f"recipients: [{keys.CI}]\n", "recipients: - -> ***  (- -> sipctl.yaml:2:13)"),
    ],
)
def test_settings_are_compared_by_key(old: str, new: str, line: str) -> None:
    assert settings(old, new)[1].strip().startswith(line)


# -- what cannot be read -------------------------------------------------------------------------


@pytest.mark.parametrize("broken", ["host: [\n", "- a list\n", "", "<<<<<<< ours\n", "a: &x 1\n"])
def test_a_version_that_cannot_be_read_is_told(broken: str) -> None:
    files = {**FILES, "endpoints/pbx-paris.yaml": broken}
    lines = diff(FILES, files)
    assert lines[0] == "~ pbx-paris"
    assert lines[1].startswith("    cannot be read: ")
    assert lines[1].endswith(")")
    assert diff(files, FILES)[1].startswith("    could not be read: ")


def test_broken_settings_are_told() -> None:
    lines = diff(FILES, {**FILES, "sipctl.yaml": "version: [\n"})
    assert lines[0] == "~ sipctl.yaml"
    assert "cannot be read" in lines[1]


def test_what_cannot_be_read_in_both_is_no_change_and_is_told_in_json() -> None:
    files = {**FILES, "endpoints/pbx-paris.yaml": "host: ["}
    found = between(files, files)
    assert found.differences == ()
    assert [(f.side, f.finding.place.file) for f in found.faults] == [
        ("old", "endpoints/pbx-paris.yaml"),
        ("new", "endpoints/pbx-paris.yaml"),
    ]


def test_values_that_rules_forbid_are_compared_all_the_same() -> None:
    new = changed(FILES, pbx_paris={"5060": "many"})
    assert diff(FILES, new)[1].startswith("    port: 5060 -> many  (")


# -- properties ----------------------------------------------------------------------------------


@given(workspaces())
def test_a_workspace_does_not_differ_from_itself(files: dict[str, str]) -> None:
    found = between(files, files)
    assert (found.differences, found.layout) == ((), ())


@given(workspaces(), workspaces())
def test_the_other_way_round_the_same_is_told_with_its_sides_swapped(
    old: dict[str, str], new: dict[str, str]
) -> None:
    there, back = between(old, new), between(new, old)
    assert {flat(d) for d in there.differences} == {flat(d, swapped=True) for d in back.differences}
    assert there.layout == back.layout


def flat(one: Difference, swapped: bool = False) -> tuple[object, ...]:
    kind, paths, faults = one.kind, (one.old_path, one.new_path), (one.old_fault, one.new_fault)
    fields = [
        (_told(f.change.old, f.old), _told(f.change.new, f.new), f.change.field) for f in one.fields
    ]
    if swapped:
        kind = {"created": "deleted", "deleted": "created"}.get(kind, kind)
        paths, faults = paths[::-1], faults[::-1]
        fields = [(new, old, name) for old, new, name in fields]
    return kind, paths, tuple(fault and fault.message for fault in faults), frozenset(fields)


def _told(value: Value, place: Place | None) -> tuple[object, ...]:
    return value.text(), value.identity, place


@given(workspaces(), workspaces())
def test_every_change_of_a_value_is_told_and_no_password(
    old: dict[str, str], new: dict[str, str]
) -> None:
    found = between(old, new)
    told = {path for d in found.differences for path in (d.old_path, d.new_path) if path}
    differing = {path for path in old.keys() | new.keys() if old.get(path) != new.get(path)}
    assert told | {*found.layout} == differing
    assert told.isdisjoint(found.layout)
    assert_silent(found)


# -- the command ---------------------------------------------------------------------------------


def write(root: Path, files: Mapping[str, str]) -> None:
    for path, body in files.items():
        (root / path).parent.mkdir(exist_ok=True, parents=True)
        (root / path).write_text(body)


@pytest.fixture
def line(repo: Path, git: Git) -> Path:
    """Three commits that set the port to 5060, 5061 and 5062, then 5063 on disk."""
    for port in range(5060, 5064):
        write(repo, changed(FILES, pbx_paris={"5060": str(port)}))
        if port < 5063:
            git("add", ".")
            git("commit", "--quiet", f"--message={port}")
    return repo


@pytest.mark.parametrize(
    ("arguments", "ports"),
    [
        ("", "5062 -> 5063"),
        ("HEAD~2", "5060 -> 5063"),
        ("HEAD~2 HEAD~1", "5060 -> 5061"),
        ("HEAD~1 HEAD~2", "5061 -> 5060"),
        ("HEAD~2..HEAD~1", "5060 -> 5061"),
        ("HEAD~2..", "5060 -> 5062"),
        ("..HEAD~1", "5062 -> 5061"),
        ("HEAD~1...HEAD", "5061 -> 5062"),
        ("HEAD...HEAD~1", None),
    ],
)
def test_what_is_compared_is_chosen_as_git_does(
    arguments: str, ports: str | None, line: Path, run: Program
) -> None:
    result = run("diff", *arguments.split())
    assert (f"port: {ports}  (" in result.out) if ports else (result.out == "")


def test_two_lines_are_compared_from_where_they_parted(line: Path, git: Git, run: Program) -> None:
    git("checkout", "--quiet", "--force", "-b", "other", "HEAD~1")
    write(line, changed(FILES, pbx_paris={"5060": "5061", "paris.example": "lyon.example"}))
    git("commit", "--quiet", "--all", "--message=Move")
    out = run("diff", "main...other").out
    assert "host: " in out
    assert "port: " not in out
    assert "port: 5062 -> 5061" in run("diff", "main", "other").out


def test_the_status_is_4_only_where_that_is_asked_for_and_something_differs(
    line: Path, sipctl: Program
) -> None:
    sipctl("diff")
    sipctl("diff", "--exit-code", check=4)
    assert sipctl("diff", "HEAD", "HEAD", "--exit-code").out == ""
    (line / "endpoints/pbx-paris.yaml").write_text(PARIS.replace("5060", "5062") + "# a note\n")
    result = sipctl("diff", "--exit-code")
    assert result.out == "1 file changed in layout only\n"
    assert "no field differs" in result.err


@pytest.mark.parametrize("arguments", ["nowhere", "HEAD nowhere", "nowhere..HEAD"])
def test_an_unknown_revision_is_refused_by_its_name(
    arguments: str, line: Path, sipctl: Program
) -> None:
    result = sipctl("diff", *arguments.split(), check=3)
    assert '"nowhere"' in result.err
    assert result.out == ""


def test_a_third_revision_and_an_unknown_format_are_wrong_usage(line: Path, run: Program) -> None:
    run("diff", "HEAD", "HEAD", "HEAD", check=2)
    assert "text, json, markdown" in run("diff", "-o", "yaml", check=2).err


def test_without_a_repository_it_is_refused(tmp_path: Path, run: Program) -> None:
    write(tmp_path, FILES)
    assert "sipctl init" in run("diff", cwd=tmp_path, check=3).err


def test_before_the_first_commit_everything_is_new(repo: Path, run: Program) -> None:
    write(repo, FILES)
    out = run("diff").out
    assert out.splitlines()[-1] == "settings created, 1 endpoint created, 1 scenario created"


def test_a_workspace_in_a_folder_is_compared_by_itself(repo: Path, git: Git, run: Program) -> None:
    write(repo / "voice", FILES)
    write(repo, {"endpoints/else.yaml": PARIS})
    git("add", ".")
    git("commit", "--quiet", "--message=Start")
    write(repo, {"endpoints/else.yaml": "changed: 1\n"})
    write(repo / "voice", changed(FILES, pbx_paris={"5060": "5061"}))
    assert run("diff", cwd=repo / "voice").out.splitlines()[1:] == [
        "    port: 5060 -> 5061  (endpoints/pbx-paris.yaml:3:7)",
        "1 endpoint changed",
    ]
    assert run("diff", "-C", "voice").out.count("\n") == 3


def test_line_ends_that_a_checkout_makes_are_no_change(line: Path, git: Git, run: Program) -> None:
    git("config", "core.autocrlf", "true")
    git("checkout", "--quiet", "--force", "HEAD~1")
    for file in line.rglob("*.yaml"):
        file.unlink()
    git("checkout", "--quiet", "--force", "HEAD")
    assert b"\r\n" in (line / "endpoints/pbx-paris.yaml").read_bytes()
    assert run("diff").out == ""


def test_a_link_in_the_place_of_a_file_is_told(line: Path, run: Program) -> None:
    file = line / "endpoints/pbx-paris.yaml"
    file.unlink()
    file.symlink_to("../../secret")
    assert "cannot be read: it cannot be read: it is a symbolic link" in run("diff").out


def test_json_has_everything(line: Path, run: Program) -> None:
    document = run("diff", "HEAD~2", "HEAD", "-o", "json").json
    assert document["version"] == 1
    assert [side["revision"] for side in (document["old"], document["new"])] == ["HEAD~2", "HEAD"]
    assert len(document["old"]["commit"]) == 40
    place = {"file": "endpoints/pbx-paris.yaml", "line": 3, "column": 7}
    field = {"field": "port", "old": 5060, "new": 5062, "old_given": True, "new_given": True}
    [change] = document["changes"]
    assert change == {
        "kind": "changed",
        "member": "endpoint",
        "reference": "pbx-paris",
        "source": None,
        "old_file": "endpoints/pbx-paris.yaml",
        "new_file": "endpoints/pbx-paris.yaml",
        "fields": [{**field, "old_place": place, "new_place": place}],
        "old_fault": None,
        "new_fault": None,
    }
    assert (document["layout_only"], document["unreadable"]) == ([], [])
    assert run("diff", "-o", "json").json["new"] == {"revision": None, "commit": None}


def test_unreadable_files_end_no_diff(line: Path, sipctl: Program) -> None:
    (line / "endpoints/pbx-paris.yaml").write_text("host: [\n")
    (line / "scenarios/support-in.yaml").write_bytes(b"\xff\n")
    result = sipctl("diff", "-o", "json")
    assert "2 files could not be read" in result.err
    faults = [change["new_fault"]["name"] for change in json.loads(result.out)["changes"]]
    assert faults == ["invalid-yaml", "invalid-utf8"]
    assert [fault["side"] for fault in json.loads(result.out)["unreadable"]] == ["new", "new"]


# -- Markdown ------------------------------------------------------------------------------------


def test_markdown_is_a_table_with_the_fields_folded(line: Path, run: Program) -> None:
    out = run("diff", "-o", "markdown").out
    assert "| changed | `pbx-paris` | `port` |\n" in out
    assert "<details>\n<summary>all fields</summary>\n\n```diff\n~ pbx-paris\n" in out
    assert out.endswith("\n</details>\n\n1 endpoint changed\n")


def test_markdown_of_many_changes_is_cut_with_a_note() -> None:
    many = {
        f"endpoints/pbx-{n:05}.yaml": f"reference: pbx-{n:05}\nhost: sip{n}.example.net\n"
        for n in range(3000)
    }
    page = in_markdown("old", "new", between({}, many))
    assert LIMIT - 5000 < len(page) <= LIMIT
    assert page.count("which did not fit") == 1
    assert page.endswith("\n3000 endpoints created")
