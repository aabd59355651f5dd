"""The examples: each wrong one gives exactly its rule, each right one and the workspace nothing."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from sipctl import examples
from sipctl.findings import Finding
from sipctl.git.repository import Repository
from sipctl.member import NO_CONTEXT, Context, Login, digest
from sipctl.passwords import audit
from sipctl.passwords.identities import Keys
from sipctl.passwords.recipients import Sets
from sipctl.rules.book import RULES
from sipctl.storage.disk import MAX_BYTES
from sipctl.workspace import load, reread
from tests.conftest import Program
from tests.support import ROOT, execute

INVALID = ROOT / "examples" / "invalid"
VALID = ROOT / "examples" / "valid"
CONTACT_CENTRE = ROOT / "examples" / "contact-centre"

OF_SETTINGS = ("bad-setting", "bad-recipient")
PBX = "endpoints/pbx-paris.yaml"
SUPPORT = "scenarios/support-in.yaml"


def _grown(data: bytes) -> dict[str, bytes]:
    return {PBX: data + b"# a line of a log\n" * (MAX_BYTES // 18)}


def _in_other_case(data: bytes) -> dict[str, bytes]:
    return {"endpoints/PBX-Paris.yaml": data.replace(b"pbx-paris", b"PBX-Paris")}


# What Git should not carry, or a file system cannot: the wrong part is added to what is read.
def _sealed() -> str:
    text = (INVALID / "password-of-another-user" / PBX).read_text()
    return text.partition("age: ")[2].rstrip("}\n")


MADE: dict[str, Callable[[bytes], dict[str, bytes]]] = {
    "file-too-large": _grown,
    "duplicate-reference": _in_other_case,
}

# What else rules know: what stood at the last commit, what Git does not ignore.
CONTEXT = {
    "type-changed": Context(types={SUPPORT: "interaction-start"}),
    "password-of-another-user": Context(
        logins={PBX: Login("paris-trunk", digest(_sealed().encode()))}
    ),
    "exposed-password-file": Context(exposed=frozenset(["secrets/pbx-paris"])),
}


def _audited(rule: str, folder: Path) -> tuple[Finding, ...]:
    """What `secret check` finds, of a copy in which is made what no example can hold."""
    copy = _copy_of_wrong(rule, folder)
    repository = Repository.init(copy)
    MADE_FOR_AUDIT[rule](copy)
    return audit.audit(copy, load(copy), Keys(), Sets({}), (), repository).findings


def _open_to_all(root: Path) -> None:
    for folder in (root, *root.parents[:-1]):
        if folder.owner() == root.owner():
            folder.chmod(folder.stat().st_mode | 0o055)
    (root / "secrets").mkdir()
    (root / "secrets/pbx-paris").write_text("not-a-real-one\n")


def _committed_in_plain_text(root: Path) -> None:
    sealed = (root / PBX).read_text()
    for text in (sealed.replace(_sealed(), "not-a-real-one").replace("{age: ", ""), sealed):
        (root / PBX).write_text(text.replace("one}", "one"))
        execute(["git", "add", PBX], cwd=root)
        execute(["git", "commit", "--quiet", "--message=Write"], cwd=root)


# What only `secret check` finds: it looks at the machine, and into old commits.
MADE_FOR_AUDIT: dict[str, Callable[[Path], None]] = {
    "readable-password-file": _open_to_all,
    "password-in-history": _committed_in_plain_text,
}


@pytest.fixture
def wrong(rule: str, tmp_path: Path) -> tuple[Finding, ...]:
    """What is found in the wrong example of a rule."""
    if rule in MADE_FOR_AUDIT:
        return _audited(rule, tmp_path)
    made = MADE[rule]((INVALID / rule / PBX).read_bytes()) if rule in MADE else {}
    return reread(load(INVALID / rule), made, CONTEXT.get(rule, NO_CONTEXT)).findings


def _folders(root: Path) -> set[str]:
    return {folder.name for folder in root.iterdir() if folder.is_dir()}


def test_each_rule_has_a_wrong_and_a_right_example() -> None:
    assert _folders(INVALID) == set(RULES)
    assert _folders(VALID) == set(RULES)


@pytest.mark.parametrize("rule", RULES)
def test_a_wrong_example_gives_exactly_its_rule(rule: str, wrong: tuple[Finding, ...]) -> None:
    assert {finding.rule for finding in wrong} == {rule}


@pytest.mark.parametrize("rule", RULES)
def test_a_finding_tells_place_message_severity_and_code(
    rule: str, wrong: tuple[Finding, ...]
) -> None:
    for finding in wrong:
        _tells_everything(finding)


def _tells_everything(finding: Finding) -> None:
    assert finding.place.file in (PBX, SUPPORT, "sipctl.yaml", "endpoints/pbx-paris.yml")
    assert finding.place.line >= 1
    assert finding.place.column >= 1
    assert finding.message
    assert finding.message[0] == finding.message[0].lower() or finding.message[0] in '"+'
    assert finding.code == RULES[finding.rule].code
    assert finding.severity.value == RULES[finding.rule].severity
    assert "not-a-real-one" not in f"{finding}"


@pytest.mark.parametrize("rule", RULES)
def test_a_right_example_has_no_findings(rule: str) -> None:
    assert load(VALID / rule, CONTEXT.get(rule, NO_CONTEXT)).findings == ()


@pytest.mark.parametrize("rule", [r for r in RULES if r not in OF_SETTINGS])
def test_a_right_example_is_read_as_the_endpoint_of_its_file(rule: str) -> None:
    assert list(load(VALID / rule).endpoints) == ["pbx-paris"]


@pytest.mark.parametrize("rule", RULES)
def test_what_is_shown_of_an_example_is_what_matters_in_it(rule: str) -> None:
    wrong, right = examples.wrong(rule), examples.right(rule)
    files = sorted(path.name for path in (VALID / rule / "scenarios").glob("*"))
    shown = [f"scenarios/{name}" for name in files] or [PBX, "sipctl.yaml"]
    assert right.startswith(tuple(f"# {path}\n" for path in shown))
    assert all(f"# {path}\n" in right for path in shown if files)
    assert wrong.endswith("\n")
    assert right.endswith("\n")
    assert wrong != right
    assert "".join((wrong + right).split("\n")).isprintable()


@pytest.mark.parametrize(
    "rule", [rule for rule in RULES if (INVALID / rule / "wrong.txt").exists()]
)
def test_what_no_text_can_show_is_told_in_words(rule: str) -> None:
    assert examples.wrong(rule) == (INVALID / rule / "wrong.txt").read_text("utf-8")


def test_bytes_and_control_characters_of_an_example_are_shown_as_escapes() -> None:
    assert "Si\\xe8ge" in examples.wrong("invalid-utf8")
    assert "trunk\\u2028of" in examples.wrong("control-character")


def _copy_of_wrong(rule: str, tmp_path: Path) -> Path:
    return Path(shutil.copytree(INVALID / rule, tmp_path / rule, symlinks=True))


@pytest.mark.parametrize("rule", [rule.name for rule in RULES.values() if rule.fmt])
def test_what_fmt_mends_becomes_the_right_example(rule: str, tmp_path: Path, run: Program) -> None:
    copy = _copy_of_wrong(rule, tmp_path)
    run("fmt", cwd=copy)
    assert (copy / PBX).read_bytes() == (VALID / rule / PBX).read_bytes()


NOT_MENDED = [
    rule.name
    for rule in RULES.values()
    if not rule.fmt and rule.name not in {*MADE, *MADE_FOR_AUDIT}
]


@pytest.mark.parametrize("rule", NOT_MENDED)
def test_what_fmt_does_not_mend_is_still_found_after_it(
    rule: str, tmp_path: Path, run: Program
) -> None:
    copy = _copy_of_wrong(rule, tmp_path)
    run("fmt", cwd=copy, check=None)
    assert {finding.rule for finding in load(copy, CONTEXT.get(rule, NO_CONTEXT)).findings} == {
        rule
    }


# -- the contact centre --------------------------------------------------------------------------


def test_the_contact_centre_has_no_findings() -> None:
    assert load(CONTACT_CENTRE).findings == ()


def test_the_contact_centre_shows_what_it_says() -> None:
    endpoints = load(CONTACT_CENTRE).endpoints
    assert endpoints["pbx-paris"].effective("port") == 5060
    assert endpoints["sbc-a"].effective("port") == endpoints["sbc-b"].effective("port") == 5061
    assert "port" not in endpoints["sbc-a"].given()
    assert endpoints["carrier-north"].username is None
    assert endpoints["carrier-north"].password is None
    assert ":" in endpoints["carrier-north-v6"].host
    assert endpoints["ims-paris"].username == "+33155000001@ims.example.net"


def test_the_readme_of_the_contact_centre_names_each_member_and_no_other() -> None:
    rows = [
        line.split("|")[1]
        for line in (CONTACT_CENTRE / "README.md").read_text("utf-8").splitlines()
        if line.startswith("| `")
    ]
    named = {name for cell in rows for name in cell.split("`")[1::2]}
    inventory = load(CONTACT_CENTRE)
    assert named == {*inventory.endpoints, *inventory.scenarios}


def test_the_contact_centre_uses_no_name_or_address_of_a_real_server() -> None:
    documentation = ("192.0.2.", "198.51.100.", "203.0.113.", "2001:db8:")
    for endpoint in load(CONTACT_CENTRE).endpoints.values():
        assert endpoint.host.endswith(".example.net") or endpoint.host.startswith(documentation)


def test_the_contact_centre_says_where_passwords_are_and_holds_none() -> None:
    for endpoint in load(CONTACT_CENTRE).endpoints.values():
        assert set(endpoint.record()["password"] or ()) <= {"env", "file"}


def test_the_contact_centre_is_laid_out_as_fmt_does(run: Program) -> None:
    run("fmt", "--check", cwd=CONTACT_CENTRE)


def test_the_commands_of_the_contact_centres_readme_work(tmp_path: Path) -> None:
    readme = (CONTACT_CENTRE / "README.md").read_text("utf-8")
    commands = [line[2:] for line in readme.splitlines() if line.startswith("$ ")]
    assert len(commands) > 5
    copy = shutil.copytree(CONTACT_CENTRE, tmp_path / "contact-centre")
    done = execute(["bash", "-euc", "\n".join(commands)], cwd=Path(copy))
    assert "5061" in done.out
