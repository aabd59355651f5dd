"""Reading a workspace whole: what settings allow, what is masked, what is read and what is not."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from sipctl import operations, outcome, reading, workspace
from sipctl.changes import FileChange, Plan, snapshot, values_of
from sipctl.editing import Changes
from sipctl.errors import Refused
from sipctl.inventory import Inventory
from sipctl.names import may_hold_secret
from sipctl.yamlfile.write import UNSET, Value, document
from tests import everything
from tests.conftest import Git, Program
from tests.support import steps


def inventory_of(**files: str) -> Inventory:
    """An inventory of texts; `endpoints__a` stands for endpoints/a.yaml."""
    named = {f"{name.replace('__', '/')}.yaml": text.encode() for name, text in files.items()}
    return workspace.inventory_of({"sipctl.yaml": b"version: 1\n", **named})


UNDERSCORE = "reference: a\nhost: my_pbx\n"


def test_a_value_that_a_rule_forbids_makes_the_file_unreadable() -> None:
    inventory = inventory_of(endpoints__a=UNDERSCORE)
    assert [member.path for member in inventory.unreadable] == ["endpoints/a.yaml"]


@pytest.mark.parametrize("severity", ["warning", '"off"'])
def test_settings_that_allow_a_value_make_the_file_readable(severity: str) -> None:
    settings = f"version: 1\nrules: {{bad-host: {severity}}}\n"
    inventory = inventory_of(sipctl=settings, endpoints__a=UNDERSCORE)
    assert inventory.endpoints["a"].host == "my_pbx"
    assert len(inventory.findings) == (severity == "warning")


def test_an_endpoint_is_judged_anew_when_the_settings_change() -> None:
    inventory = inventory_of(
        sipctl="version: 1\nrules: {bad-host: warning}\n", endpoints__a=UNDERSCORE
    )
    strict = workspace.reread(inventory, {"sipctl.yaml": b"version: 1\n"})
    assert not strict.endpoints
    assert inventory.endpoints


def test_settings_cannot_make_sure_what_a_file_leaves_unsure() -> None:
    settings = "version: 1\nrules: {bad-host: warning}\n"
    inventory = inventory_of(sipctl=settings, endpoints__a=UNDERSCORE + 'port: "5060"\n')
    assert not inventory.endpoints


@pytest.mark.parametrize(
    "line",
    [
        "password: hunter2",
        'password: "hunter2"',
        "password: {plain: hunter2}",
        "password: {age: hunter2}",
        "password: [hunter2]",
        "password: &hunter2 x",
        "password: !hunter2 x",
        "password: *hunter2",
        "password: {hunter2}",
        "password: {env: hunter2, env: hunter2}",
        "password:\n  hunter2\n  hunter2",
        "password: |\n  hunter2",
        "pasword: hunter2",
        "password: hunter2: x",
        'password: "hunter2',
        '"pass\\u0077ord": {cmd: hunter2}',
        "password: 0x" + "hunter2",
    ],
)
def test_no_finding_shows_a_password(line: str) -> None:
    text = f"reference: a\nhost: h\n{line}\n"
    inventory = inventory_of(endpoints__a=text)
    shown = [
        (f.message, f.hint, f.source) for f in inventory.findings if "env: hunter2" not in line
    ]
    assert inventory.findings
    assert "hunter2" not in repr(shown)


def test_a_link_a_folder_and_a_pipe_are_findings_and_stop_nothing(tmp_path: Path) -> None:
    import os

    folder = tmp_path / "endpoints"
    folder.mkdir()
    (tmp_path / "sipctl.yaml").write_text("version: 1\n")
    (folder / "link.yaml").symlink_to("/etc/passwd")
    (folder / "folder.yaml").mkdir()
    os.mkfifo(folder / "pipe.yaml")
    (folder / "good.yaml").write_text("reference: good\nhost: h\n")
    inventory = workspace.load(tmp_path)
    assert list(inventory.endpoints) == ["good"]
    assert {f.rule for f in inventory.findings} == {"not-a-file"}
    assert len(inventory.findings) == 3


@pytest.mark.parametrize(
    "changes", [{"port": 5061}, {"host": "other.example.net"}, {"tags": UNSET}]
)
def test_what_is_known_of_an_edit_is_what_its_result_says(changes: Changes) -> None:
    files = {path: text.encode() for path, text in everything.FILES.items()}
    inventory = workspace.inventory_of(files)
    plan = operations.edit(inventory, inventory.endpoints, changes)
    assert plan.effective
    for change in plan.changes:
        assert change.after is not None
        assert change.known is not None
        read = workspace.read_member(change.path, change.after)
        assert (change.known.path, change.known.data) == (change.path, change.after)
        assert change.known.facts == read.facts


# -- edits of a file that nothing can read as it stands ------------------------------------------

MENDED: list[tuple[str, Changes]] = [
    ("port: 05060", {"port": 5070}),
    ("port: 05060", {"port": UNSET}),
    ('port: "5060"', {"port": 5060}),
    ("port: ~", {"port": 5070}),
    ("realm:", {"realm": "r"}),
    ("realm: 012", {"realm": "012"}),
    ("realm: [r]", {"realm": UNSET}),
    ("register: yes", {"register": True}),
    ("tags: [a, 12, ~] # both", {"tags": ["a", "12"]}),
    ("tags:\n- a\n-", {"tags": UNSET}),
    ("", {"host": "b.example"}),
]
ASIDE = "# +14155550100\n\nusername: '+14155550100' # as told\nx-a:   [ 012,+1415 ]\nx-b: yes\n"


@given(st.sampled_from(MENDED), st.permutations(range(3)))
def test_an_edit_that_mends_a_file_leaves_every_other_line(
    case: tuple[str, Changes], order: list[int]
) -> None:
    lines, changes = case
    kept = "reference: a\n" if "host" in changes else "reference: a\nhost: a.example\n"
    parts = [kept, f"{lines}\n" if lines else "", ASIDE]
    inventory = inventory_of(endpoints__a="".join(parts[at] for at in order))
    (change,) = operations.edit(inventory, ["a"], changes).changes
    assert change.after is not None
    after = change.after.decode()
    assert inventory_of(endpoints__a=after).findings == ()
    assert kept in after
    assert ASIDE in after
    assert len((kept + ASIDE).splitlines()) + 1 >= len(after.splitlines())


@pytest.mark.parametrize(
    ("lines", "changes", "hint"),
    [
        ("port: 05060\nrealm:\n", {"port": 5070}, "in an editor"),
        ("port: 05060\nrealm: 012\n", {"port": 5070}, "`sipctl fmt` mends it"),
        ("port: 05060\n", {"realm": "r"}, "`sipctl fmt` mends it"),
        ("port: 05060\nport: 1\n", {"port": 5070}, "in an editor"),
        ("port: &p 5060\n", {"port": 5070}, "in an editor"),
        # ruamel would write this one anew
        ("port: 05060\nrealm: |\n  a", {"port": 5070, "tags": ["t"]}, "`sipctl fmt` mends it"),
    ],
)
def test_an_edit_of_a_file_that_stays_unsure_is_refused(
    lines: str, changes: Changes, hint: str
) -> None:
    inventory = inventory_of(endpoints__a=f"reference: a\nhost: a.example\n{lines}")
    with pytest.raises(Refused, match="cannot be changed as it stands") as error:
        operations.edit(inventory, ["a"], changes)
    assert hint in error.value.hint


# -- secrets where none belong ------------------------------------------------------------------

_PIECES = ("password", "secret", "Passwd", ":", "=", ": ", "'", '"', " ", "x", "age-secret-key-1q")
_TEXTS = st.lists(st.sampled_from((*_PIECES, "PRIVATE KEY")), min_size=1, max_size=4).map("".join)
_ENDPOINTS = st.fixed_dictionaries(
    {"reference": st.just("a"), "host": st.just("192.0.2.1")},
    optional={
        "username": _TEXTS,
        "password": st.fixed_dictionaries({"file": _TEXTS}),
        "realm": _TEXTS,
        "description": _TEXTS,
        "x-own": _TEXTS,
        "x-secret": _TEXTS,
    },
)


@given(_ENDPOINTS)
def test_what_is_kept_of_a_file_shows_what_its_history_shows(fields: dict[str, Value]) -> None:
    member = workspace.read_member("endpoints/a.yaml", document(fields).encode())
    assume(member.said is not None)
    assert member.root is not None
    kept = {name: value.data for name, value in values_of(member.said or {}, ()).items()}
    told = {name: value.data for name, value in snapshot(member.root).items()}
    # history hides some files' names too that only look like a password
    form, former = kept.pop("password"), told.pop("password")
    named = fields.get("password")
    assert kept == told
    assert form == named or former != named
    if isinstance(named, dict) and may_hold_secret(named["file"]):
        assert form != named


# -- work that grows as the workspace does -------------------------------------------------------


def test_what_comments_ignore_is_weighed_file_by_file() -> None:
    def cost(number: int) -> int:
        line = "host: my_pbx  # sipctl: ignore[bad-host]\n"
        files = {f"endpoints__e{i}": f"reference: e{i}\n{line}" for i in range(number)}
        return steps(lambda: inventory_of(**files).endpoints)

    cost(1)
    assert cost(400) < 4.5 * cost(100)


def test_a_plan_of_many_renames_looks_at_each_once() -> None:
    def cost(number: int) -> int:
        texts = {f"e{i}": f"reference: e{i}\nhost: h{i}.example.net\n" for i in range(number)}
        now = inventory_of(**{f"endpoints__{name}": text for name, text in texts.items()})
        changes = []
        for name, text in texts.items():
            old, new = f"endpoints/{name}.yaml", f"endpoints/new-{name}.yaml"
            changes.append(FileChange(old, text.encode(), None))
            moved = text.replace("reference: ", "reference: new-").encode()
            changes.append(FileChange(new, None, moved, moved_from=old))
        plan = Plan("rename", "Rename all", tuple(changes))
        return steps(lambda: outcome.judge(None, "", now, lambda _: plan))

    cost(1)
    assert cost(400) < 4.5 * cost(100)


# -- many files --------------------------------------------------------------------------------

_FILES = {
    "sipctl.yaml": b"version: 1\nrules: {bad-host: perhaps}\n",
    "endpoints/a.yaml": b"reference: a\nhost: my_pbx\n",
    "endpoints/b.yaml": b"reference: b\nhost: [\n",
    "endpoints/c.yaml": b"reference: c\nhost: 192.0.2.1\n",
    "endpoints/d.yaml": b"- not a mapping\n",
    "endpoints/long.yaml": b"reference: long\nhost: 192.0.2.1\n" + b"# long\n" * 12_000,
    "scenarios/e.yaml": b"reference: e\ntype: interaction-start\n",
}


@given(st.lists(st.sampled_from(sorted(_FILES)), max_size=20))
def test_many_files_are_judged_as_each_is_by_itself(paths: list[str]) -> None:
    files = [(path, _FILES[path]) for path in paths]
    alone = [pair for file in files for pair in reading.facts_of_many([file])]
    assert [*reading.facts_of_many(files)] == alone


def test_of_long_files_few_are_parsed_before_they_are_judged() -> None:
    """What a parse makes of a file takes far more memory than the file."""
    taken: list[str] = []

    def files() -> Iterator[tuple[str, bytes]]:
        for number in range(20):
            taken.append(f"endpoints/long-{number}.yaml")
            yield taken[-1], _FILES["endpoints/long.yaml"]

    judged = [len(taken) for _ in reading.facts_of_many(files())]
    assert judged == [*range(1, 21)]


def test_a_file_that_is_too_long_to_be_parsed_is_known_by_all_of_its_bytes(
    workspace: Path, run: Program, git: Git
) -> None:
    run("create", "a", "--host", "a.example.net")
    before = git("rev-parse", "HEAD^{tree}")
    file = Path("endpoints/a.yaml")
    file.write_text(f"reference: a\nhost: a.example.net\n{'# y' * 500_000}\n")
    git("commit", "--quiet", "--all", "--message=Grow")
    size = file.stat().st_size
    assert f"the file has {size:,} bytes" in run("validate", check=1).out
    run("diff", "--exit-code", check=0)
    run("undo", "HEAD")
    assert git("rev-parse", "HEAD^{tree}") == before
    git("reset", "--quiet", "--hard", "HEAD~1")
    run("delete", "a")
    assert git("status", "--porcelain") == ""


def test_a_file_that_no_repository_takes_is_not_read(workspace: Path, run: Program) -> None:
    Path("endpoints").mkdir(exist_ok=True)
    with Path("endpoints/a.yaml").open("wb") as file:
        file.truncate(1 << 40)
    assert "it cannot be read: it has 1,099,511,627,776 bytes" in run("validate", check=1).out
