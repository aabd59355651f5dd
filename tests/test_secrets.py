"""Passwords that live with the files: sealing, checking, sealing again, opening."""

import json
import os
import stat
from collections.abc import Callable
from pathlib import Path

import pyrage
import pytest
import yaml

from sipctl.passwords import sealing
from tests import keys
from tests.conftest import Git, Program, Terminal
from tests.support import Environment, execute, needed
from tests.writers import message_of_head

NO_KEY: Environment = {"SIPCTL_IDENTITY": None}
OTHER_KEY: Environment = {"SIPCTL_IDENTITY": keys.OWN}

A = "reference: a\nhost: a.example.net\nusername: anna\n"
B = "reference: b\nhost: b.example.net\nusername: bert\n"


def value_of(reference: str) -> str:
    """The sealed value in an endpoint's file."""
    value = yaml.safe_load(Path(f"endpoints/{reference}.yaml").read_text())["password"]["age"]
    assert isinstance(value, str)
    return value


def opened(reference: str, key: str = keys.CI) -> tuple[str, str]:
    """The user name and the password that are sealed in an endpoint's file."""
    found = sealing.open_(value_of(reference), [pyrage.x25519.Identity.from_str(key)])
    return found.username, found.password


def rewrite(reference: str, old: str, new: str) -> None:
    """Edit an endpoint's file by hand."""
    file = Path(f"endpoints/{reference}.yaml")
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new))


def commits(git: Git) -> int:
    return int(git("rev-list", "--count", "HEAD"))


def rules(run: Program, *words: str, env: Environment | None = None, check: int = 1) -> list[str]:
    """The names of the rules that `secret check` finds broken, with the files."""
    found = run("secret", "check", *words, "--format", "json", env=env, check=check).json
    return [f"{one['name']} {one['file']}" for one in found["findings"]]


@pytest.fixture
def vault(workspace: Path, git: Git) -> Path:
    """A workspace with a recipient and two endpoints without passwords; the current folder."""
    Path("sipctl.yaml").write_text(keys.SETTINGS)
    Path("endpoints/a.yaml").write_text(A)
    Path("endpoints/b.yaml").write_text(B)
    git("add", ".")
    git("commit", "--quiet", "--message=Add a and b")
    return workspace


@pytest.fixture
def sealed(vault: Path, run: Program) -> Path:
    """The same with a password in each."""
    run("secret", "set", "--from", "-", input="a,one\nb,two\n")
    return vault


# -- keygen --------------------------------------------------------------------------------------


@pytest.fixture
def own(home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where a key of one's own is to be; there is none yet."""
    monkeypatch.delenv("SIPCTL_IDENTITY")
    return home / ".config" / "sipctl" / "identity"


def test_keygen_makes_a_key_for_its_owner_only_and_adds_the_public_one(
    workspace: Path, own: Path, sipctl: Program, git: Git
) -> None:
    done = sipctl("secret", "keygen", "--name", "ada")
    assert stat.S_IMODE(own.stat().st_mode) == 0o600
    assert stat.S_IMODE(own.parent.stat().st_mode) == 0o700
    secret = own.read_text().splitlines()[-1]
    assert secret.startswith("AGE-SECRET-KEY-")
    assert secret not in done.out + done.err
    assert str(own) in done.err
    listed = sipctl("secret", "recipients", "-o", "json").json["recipients"]
    assert [(one["name"], one["own"]) for one in listed] == [("ada", True)]
    assert Path("sipctl.yaml").read_text().endswith(f"recipients:\n  ada: {listed[0]['key']}\n")
    assert git("show", "--format=%s", "--name-only").split("\n\n") == [
        "Add the recipient ada",
        "sipctl.yaml\n",
    ]


def test_keygen_again_keeps_the_key_and_changes_nothing(
    workspace: Path, own: Path, run: Program, git: Git
) -> None:
    run("secret", "keygen", "--name", "ada")
    before, count = own.read_bytes(), commits(git)
    again = run("secret", "keygen", "--name", "eve")
    assert "this key is the recipient ada" in again.err
    assert (own.read_bytes(), commits(git)) == (before, count)


def test_keygen_uses_a_key_that_is_at_hand(vault: Path, run: Program, home: Path) -> None:
    run("secret", "keygen", "--name", "own")
    assert Path("sipctl.yaml").read_text() == f"{keys.SETTINGS}  own: {keys.OWN_PUBLIC}\n"
    assert not (home / ".config/sipctl").exists()


def test_keygen_writes_where_the_variable_says(
    workspace: Path, own: Path, run: Program, tmp_path: Path
) -> None:
    file = tmp_path / "deep/ci.key"
    run("secret", "keygen", "--name", "ci", env={"SIPCTL_IDENTITY_FILE": str(file)})
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert not own.exists()


def test_keygen_makes_no_key_in_the_repository(workspace: Path, own: Path, run: Program) -> None:
    env = {"SIPCTL_IDENTITY_FILE": "my.key"}
    assert "would be in the repository" in run("secret", "keygen", env=env, check=3).err
    assert not Path("my.key").exists()
    Path(".gitignore").write_text("*.key\n")
    run("secret", "keygen", env=env)
    assert Path("my.key").exists()


def test_keygen_without_a_home_asks_for_a_file(workspace: Path, own: Path, run: Program) -> None:
    env: Environment = {"HOME": None, "XDG_CONFIG_HOME": None}
    assert "SIPCTL_IDENTITY_FILE" in run("secret", "keygen", env=env, check=3).err


def test_a_dry_run_of_keygen_makes_no_key(workspace: Path, own: Path, run: Program) -> None:
    assert "+  ada: age1" in run("secret", "keygen", "--name", "ada", "-n").out
    assert not own.exists()


def test_keygen_does_not_take_the_name_of_another(vault: Path, own: Path, run: Program) -> None:
    done = run("secret", "keygen", "--name", "CI", check=3)
    assert 'a recipient "ci" already' in done.err
    assert "the secret key is in" not in done.err
    assert not own.exists()  # nothing has changed


def test_keygen_says_that_older_passwords_are_not_for_the_new_key(
    sealed: Path, run: Program
) -> None:
    done = run("secret", "keygen", "--name", "own")
    assert "2 passwords are still sealed for the former recipients only" in done.err


def test_a_broken_key_is_refused_and_not_told(sealed: Path, run: Program, tmp_path: Path) -> None:
    for env, words in (
        ({"SIPCTL_IDENTITY": "AGE-SECRET-KEY-1HUNTER2"}, "no secret key in the variable"),
        ({"SIPCTL_IDENTITY_FILE": str(tmp_path / "none")}, "no such file"),
    ):
        result = run("secret", "check", env={"SIPCTL_IDENTITY": None, **env}, check=3)
        assert words in result.err
        assert "HUNTER2" not in result.err


@pytest.mark.parametrize(
    "line", ["check", "reveal a --force", "reseal", "recipients", "keygen --name ada", "set a"]
)
def test_a_key_in_place_of_a_files_name_is_refused_and_neither_told_nor_inherited(
    line: str, sealed: Path, run: Program, tmp_path: Path
) -> None:
    for key in (keys.CI, keys.CI.lower(), f"{tmp_path}/{keys.CI}"):
        env: Environment = {"SIPCTL_IDENTITY": None, "SIPCTL_IDENTITY_FILE": key}
        done = run("secret", *line.split(), env=env, check=3, input="new")
        assert "SIPCTL_IDENTITY_FILE holds a key, not the name of a file" in done.err
        assert "1te4qexvmuw" not in (done.out + done.err).casefold()
    hook = Path(".git/hooks/pre-commit")
    hook.write_text(f"#!/bin/sh\nenv >{tmp_path}/seen\n")
    hook.chmod(0o755)
    run("edit", "a", "--port", "5070", env=env)
    assert "1TE4QEXVMUW" not in (tmp_path / "seen").read_text()


def test_a_key_in_place_of_the_workspaces_name_is_refused_and_not_told(
    sealed: Path, run: Program
) -> None:
    for words, env in ((["-C", keys.CI], {}), ([], {"SIPCTL_WORKSPACE": keys.CI})):
        done = run("list", *words, env=env, check=2)
        assert "a secret key stands where the name of the workspace's folder belongs" in done.err
        assert "1TE4QEXVMUW" not in done.err


def test_no_message_repeats_a_key(sealed: Path, run: Program) -> None:
    for line in ("edit {}", "list --color {}", "list -o {}", "diff {}", "history a --since {}"):
        done = run(*line.format(keys.CI).split(), check=None)
        assert "1TE4QEXVMUW" not in done.out + done.err, line


def test_a_key_of_ssh_with_a_passphrase_is_refused_by_its_file(
    sealed: Path, run: Program, tmp_path: Path
) -> None:
    needed("ssh-keygen", "openssh-client")
    file = tmp_path / "key"
    execute(["ssh-keygen", "-q", "-t", "ed25519", "-N", "open sesame", "-f", file])
    env: Environment = {"SIPCTL_IDENTITY": None, "SIPCTL_IDENTITY_FILE": str(file)}
    assert "has a passphrase" in run("secret", "check", env=env, check=3).err


def test_the_users_key_of_ssh_opens_what_is_sealed_for_it(
    vault: Path, run: Program, home: Path, own: Path
) -> None:
    needed("ssh-keygen", "openssh-client")
    file = home / ".ssh/id_ed25519"
    file.parent.mkdir()
    execute(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", file])
    public = file.with_suffix(".pub").read_text().strip()
    run("secret", "reseal", "--add", f"ada={public}")
    run("secret", "set", "a", input="one")
    assert run("secret", "check", "--format", "json").json["opened"] == 1
    assert run("secret", "reveal", "a", "--force").out == "one\n"


# -- setting -------------------------------------------------------------------------------------


def test_set_seals_what_stands_on_standard_input(vault: Path, sipctl: Program, git: Git) -> None:
    sipctl("secret", "set", "a", input="open sesame\n")
    assert opened("a") == ("anna", "open sesame")
    assert Path("endpoints/a.yaml").read_text() == f"{A}password: {{age: {value_of('a')}}}\n"
    assert git("status", "--porcelain") == ""
    assert message_of_head(vault) == (
        "Change password of a\n\nchanged: a\n  password: - -> age\n\nSipctl-Operation: secret set"
    )


def test_a_password_set_over_plain_text_is_no_cure_for_the_past(vault: Path, run: Program) -> None:
    Path("endpoints/a.yaml").write_text(f"{A}password: hunter2\n")
    done = run("secret", "set", "a", "--no-commit", input="new")
    assert "1 password stood in plain text" in done.err
    assert "`sipctl secret check --history`" in " ".join(done.err.split())


def test_set_asks_twice_on_a_terminal_and_shows_nothing(vault: Path, terminal: Terminal) -> None:
    screen = terminal("secret", "set", "a", answers=["one", "other", "one", "one"])
    assert "Password of a: " in screen.text
    assert "one" not in screen.text.replace("Once more", "")
    assert "Once more: \nthe two are not the same: type both again\nPassword of a: " in screen.text
    assert opened("a") == ("anna", "one")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "empty"),
        ("\n", "empty"),
        ("a\nb\n", "several lines"),
        ("a\r\n\r\n", "several lines"),
        ("a\tb", "U+0009"),
        ("a" * 256, "256 characters"),
        (b"a\xff", "not text in UTF-8"),
    ],
)
def test_what_can_be_no_password_is_refused_and_not_told(
    text: str | bytes, words: str, vault: Path, run: Program, git: Git
) -> None:
    before = commits(git)
    result = run("secret", "set", "a", input=text, check=3)
    assert words in result.err
    assert "aaa" not in result.err
    assert commits(git) == before


@pytest.mark.parametrize("end", ["", "\n", "\r\n"])
def test_one_line_end_is_no_part_of_a_password(end: str, vault: Path, run: Program) -> None:
    run("secret", "set", "a", input=f"  a b {end}")
    assert opened("a") == ("anna", "  a b ")


def test_without_recipients_it_is_refused_with_the_command_that_makes_a_key(
    workspace: Path, run: Program
) -> None:
    Path("endpoints/a.yaml").write_text(A)
    run("save")
    for line in ("secret set a", "edit a --password-stdin", "create c --host c --password-stdin"):
        result = run(*line.split(), input="open sesame", check=3)
        assert "lists no recipients" in result.err
        assert "`sipctl secret keygen`" in result.err


def test_a_password_needs_a_user_name(vault: Path, run: Program) -> None:
    run("create", "c", "--host", "c.example.net")
    assert "no user name" in run("secret", "set", "c", input="x", check=3).err
    assert "no user name" not in run("show", "c").out
    line = ("create", "d", "--host", "d.example.net", "--password-stdin")
    assert "--username" in run(*line, input="x", check=3).err


def test_the_same_password_again_changes_nothing_where_a_key_sees_it(
    sealed: Path, run: Program, git: Git
) -> None:
    before = commits(git), value_of("a")
    assert "nothing to change" in run("secret", "set", "a", input="one").err
    assert "nothing to change" in run("edit", "a", "--password-stdin", input="one").err
    assert (commits(git), value_of("a")) == before
    for env in (NO_KEY, OTHER_KEY):
        done = run("secret", "set", "a", input="one", env=env)
        assert "a: no key at hand opens the old password, so it is sealed anew" in done.err
    assert commits(git) == before[0] + 2
    assert opened("a") == ("anna", "one")


def test_the_same_password_is_sealed_again_for_other_recipients(sealed: Path, run: Program) -> None:
    run("secret", "keygen", "--name", "own")
    run("secret", "set", "a", input="one")
    assert opened("a", keys.OWN) == ("anna", "one")


def test_only_the_line_of_the_password_changes(sealed: Path, run: Program, git: Git) -> None:
    rewrite("a", "username", "# who we are\nusername")
    run("save")
    run("secret", "set", "a", input="other")
    assert git("show", "--format=", "--numstat") == "1\t1\tendpoints/a.yaml\n"


TABLES = {
    "commas": "a,one\nb,two\n",
    "semicolons": "a;one\nb;two",
    "tabs": "a\tone\r\nb\ttwo\r\n",
    "with a head": "reference,password\n\na,one\nb,two\n",
    "in quotes": '"a","one"\n b ,two\n',
}


@pytest.mark.parametrize("table", TABLES.values(), ids=list(TABLES))
def test_a_table_sets_many_in_one_commit(table: str, vault: Path, run: Program, git: Git) -> None:
    before = commits(git)
    run("secret", "set", "--from", "-", input=table)
    assert commits(git) == before + 1
    assert [opened("a"), opened("b")] == [("anna", "one"), ("bert", "two")]


def test_blanks_in_front_of_a_password_count_in_quotes_only(vault: Path, run: Program) -> None:
    run("secret", "set", "--from", "-", input='a, one\nb, " two"\n')
    assert [opened("a"), opened("b")] == [("anna", "one"), ("bert", " two")]


def test_marks_of_the_order_of_bytes_are_no_part_of_a_password(vault: Path, run: Program) -> None:
    run("secret", "set", "a", input=b"\xef\xbb\xbfone\r\n")
    assert opened("a") == ("anna", "one")


def test_a_password_in_quotes_may_hold_anything(vault: Path, run: Program, tmp_path: Path) -> None:
    (tmp_path / "table.csv").write_text('a,"o,n;e ""1"""\n')
    run("secret", "set", "--from", tmp_path / "table.csv")
    assert opened("a") == ("anna", 'o,n;e "1"')


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ("a,hunter2\nhunter2,b\n", "line 2 begins with no endpoint's reference"),
        ("a,hunter2,x\n", "line 1 is no reference and a password"),
        ("a\nhunter2", "line 1 is no reference and a password"),
        ("a,hunter2\na,hunter2\n", 'line 2: "a" stands in line 1 already'),
        ("a,hunter2\nb,\n", "line 2: the password is empty"),
        ('a,"hunter2', "line 1: unexpected end of data"),
        (b"a,hunter2\xff", "not text in UTF-8"),
    ],
)
def test_what_is_wrong_in_a_table_is_told_by_its_line_alone(
    table: str | bytes, words: str, vault: Path, run: Program, git: Git
) -> None:
    before = commits(git)
    result = run("secret", "set", "--from", "-", input=table, check=3)
    assert words in result.err
    assert "hunter2" not in result.err
    assert commits(git) == before


def test_set_wants_one_endpoint_or_a_table(vault: Path, run: Program) -> None:
    assert "--from" in run("secret", "set", check=2).err
    assert "--from" in run("secret", "set", "a", "--from", "-", check=2).err
    assert "could not be read" in run("secret", "set", "--from", "none.csv", check=3).err


def test_a_table_of_passwords_is_not_typed(vault: Path, terminal: Terminal) -> None:
    assert "pipe it in" in terminal("secret", "set", "--from", "-", check=2).text


def test_without_questions_a_terminal_gives_no_password(vault: Path, terminal: Terminal) -> None:
    screen = terminal("secret", "set", "a", "--no-input", check=2)
    assert "none may be asked for" in screen.text


# -- other commands that seal --------------------------------------------------------------------


def test_create_and_duplicate_seal_for_their_own_user_names(vault: Path, run: Program) -> None:
    create = ("create", "c", "--host", "c.example.net", "--username", "carl", "--password-stdin")
    run(*create, input="three\n")
    assert opened("c") == ("carl", "three")
    run("duplicate", "c", "d")
    assert value_of("d") == value_of("c")
    run("duplicate", "c", "e", "--username", "eric", "--password-stdin", input="five")
    assert opened("e") == ("eric", "five")


def test_edit_seals_one_password_for_each_of_many(vault: Path, run: Program, git: Git) -> None:
    before = commits(git)
    run("edit", "a", "b", "--port", "5070", "--password-stdin", input="same\n")
    assert commits(git) == before + 1
    assert [opened("a"), opened("b")] == [("anna", "same"), ("bert", "same")]
    assert (
        run("edit", "--where", "port:5070", "--password-stdin", "--force", input="same").out == ""
    )


def test_the_form_asks_for_a_password_and_shows_nothing(vault: Path, terminal: Terminal) -> None:
    answers = ["c", "c.example.net", "", "", "carl", "x" * 256, "x" * 256, "one", "two", "one"]
    screen = terminal("create", answers=[*answers, "one", ""])
    assert "at most 255" in screen.text or "256 characters" in screen.text
    assert "the two are not the same" in screen.text
    assert opened("c") == ("carl", "one")
    none = terminal("create", answers=["d", "d.example.net", "", "", "dora", "", "DORA", ""])
    assert "Environment variable" in none.text
    assert "password: {env: DORA}\n" in Path("endpoints/d.yaml").read_text()


def test_import_seals_one_password_for_all_that_have_none(
    sealed: Path, run: Program, tmp_path: Path
) -> None:
    table = tmp_path / "trunks.csv"
    table.write_text("reference,host,username\na,a2.example.net,\nc,c.example.net,carl\nd,d,\n")
    before = value_of("a")
    run("import", table, "--update", "--password-stdin", "--force", input="three")
    assert value_of("a") == before
    assert opened("c") == ("carl", "three")
    assert "password" not in Path("endpoints/d.yaml").read_text()


def test_what_list_tells_of_a_password_can_be_imported(
    sealed: Path, run: Program, tmp_path: Path
) -> None:
    rows = run("list", "-o", "json").out
    (tmp_path / "all.json").write_text(rows)
    before = value_of("a")
    run("import", tmp_path / "all.json", "--update", "--force")
    assert value_of("a") == before


def test_import_names_a_file_for_each_password(vault: Path, run: Program, tmp_path: Path) -> None:
    table = tmp_path / "trunks.csv"
    table.write_text("reference,username\na,\nb,\n")
    template = "/run/secrets/{reference}.txt"
    run("import", table, "--update", "--password-file", template, "--force")
    assert Path("endpoints/a.yaml").read_text() == f"{A}password: {{file: /run/secrets/a.txt}}\n"
    for words in (["--password-file", "/run/x"], ["--password-env", "X"], ["--password-stdin"]):
        run("import", table, "--update", *words, "--password-env", "T_{reference}", check=None)
    assert (
        "only one password option"
        in run("import", table, "--password-env", "A", "--password-stdin", check=2).err
    )
    assert "every endpoint" in run("import", table, "--password-file", "x", check=3).err
    assert "standard input" in run("import", "-", "--password-stdin", input="", check=2).err


def test_a_password_cannot_be_both_set_and_taken_out(vault: Path, run: Program) -> None:
    line = ("edit", "a", "--password-stdin", "--unset", "password")
    assert "both set and unset" in run(*line, input="x", check=2).err


def test_a_null_is_no_password(sealed: Path, run: Program) -> None:
    Path("endpoints/a.yaml").write_text(f"{A}password: ~\n")
    assert rules(run) == ["null-value endpoints/a.yaml"]
    assert "SIP501" not in run("validate", check=1).out


def test_a_password_has_one_source(vault: Path, run: Program) -> None:
    line = ("edit", "a", "--password-env", "A", "--password-stdin")
    assert "only one password option" in run(*line, input="x", check=2).err


# -- user names ----------------------------------------------------------------------------------


def test_a_new_user_name_needs_its_password_again(
    sealed: Path, run: Program, terminal: Terminal
) -> None:
    refused = run("edit", "a", "--username", "other", check=3)
    assert "SIP505" in refused.err
    run("edit", "a", "--username", "other", "--password-stdin", input="new")
    assert opened("a") == ("other", "new")
    screen = terminal("edit", "a", "--username", "third", answers=["newer", "newer"])
    assert "Password of the new user name" in screen.text
    assert opened("a") == ("third", "newer")
    run("edit", "a", "--username", "fourth", "--password-env", "FOURTH")
    run("edit", "a", "--username", "fifth", "--unset", "password")


def test_a_new_user_name_is_seen_without_a_key_in_every_way_to_write(
    sealed: Path, run: Program, tmp_path: Path, git: Git
) -> None:
    (tmp_path / "t.csv").write_text("reference,username\na,other\n")
    lines: list[list[str | Path]] = [
        ["edit", "a", "--username", "other"],
        ["duplicate", "a", "c", "--username", "other"],
        ["import", tmp_path / "t.csv", "--update", "--force"],
    ]
    for line in lines:
        result = run(*line, env=NO_KEY, check=3)
        assert "SIP505" in result.err or "user name has changed" in result.err, line
    rewrite("a", "anna", "other")
    assert "SIP505" in run("save", env=NO_KEY, check=3).err
    assert "SIP505" in run("validate", env=NO_KEY, check=1).out
    git("add", ".")
    assert "SIP505" in run("validate", "--staged", env=NO_KEY, check=1).out
    git("commit", "--quiet", "--message=By hand")
    assert "SIP505" in run("validate", "--rev", "HEAD", env=NO_KEY, check=1).out
    run("validate", env=NO_KEY)  # nothing but a key tells it now
    assert rules(run) == ["password-of-another-user endpoints/a.yaml"]


def test_a_new_user_name_is_seen_however_the_key_of_the_password_is_written(
    sealed: Path, run: Program, git: Git
) -> None:
    rewrite("a", "age:", '"\\x61ge":')
    git("commit", "--quiet", "--all", "--message=By hand")
    rewrite("a", "anna", "other")
    assert "SIP505" in run("validate", env=NO_KEY, check=1).out


def test_import_seals_anew_where_it_brings_a_new_user_name(
    sealed: Path, run: Program, tmp_path: Path
) -> None:
    (tmp_path / "t.csv").write_text("reference,username\na,other\nb,bert\n")
    before = value_of("b")
    run("import", tmp_path / "t.csv", "--update", "--password-stdin", "--force", input="new")
    assert opened("a") == ("other", "new")
    assert value_of("b") == before


# -- checking ------------------------------------------------------------------------------------


def test_check_opens_everything_and_finds_nothing(sealed: Path, sipctl: Program) -> None:
    done = sipctl("secret", "check")
    assert done.out == ""
    assert "2 passwords are sealed, 2 opened" in done.err
    done = sipctl("secret", "check", env=NO_KEY)
    assert "2 passwords are sealed, no key is at hand, so none was opened" in done.err
    answer = sipctl("secret", "check", "--format", "json").json
    assert (answer["sealed"], answer["opened"], answer["findings"]) == (2, 2, [])


def _swapped() -> None:
    a, b = value_of("a"), value_of("b")
    rewrite("a", a, b)
    rewrite("b", b, a)


def _cut() -> None:
    rewrite("a", value_of("a"), value_of("a")[:-20])


def _changed() -> None:
    value = value_of("a")
    rewrite("a", value, value[:-20] + ("A" if value[-20] != "A" else "B") + value[-19:])


def _of_an_old_set() -> None:
    settings = Path("sipctl.yaml")
    settings.write_text(f"{settings.read_text()}  bob: {keys.BOB_PUBLIC}\n")


def _of_a_stranger() -> None:
    """With the id of the present recipients, which anybody can work out."""
    stranger = sealing.seal("anna", "mine", [keys.BOB_PUBLIC])
    id = sealing.set_id([keys.CI_PUBLIC])
    rewrite("a", value_of("a"), f"v1.{id}.{stranger.split('.')[2]}")


def _of_a_stranger_for_an_old_set() -> None:
    _of_a_stranger()
    _of_an_old_set()


def _of_two_strangers() -> None:
    stranger = sealing.seal("anna", "mine", [keys.BOB_PUBLIC, keys.OWN_PUBLIC])
    id = sealing.set_id([keys.CI_PUBLIC])
    rewrite("a", value_of("a"), f"v1.{id}.{stranger.split('.')[2]}")


def _of_a_set_that_never_was() -> None:
    rewrite("a", value_of("a"), sealing.seal("anna", "mine", [keys.OWN_PUBLIC]))


FAULTS: dict[str, tuple[Callable[[], None], list[str], list[str] | None]] = {
    "swapped": (_swapped, ["password-of-another-user a", "password-of-another-user b"], []),
    "cut": (_cut, ["bad-sealed-password a"], ["bad-sealed-password a"]),
    "changed": (_changed, ["bad-sealed-password a"], []),
    "old set": (_of_an_old_set, ["stale-recipients a", "stale-recipients b"], None),
    "stranger": (_of_a_stranger, ["foreign-key a"], []),
    "stranger, old set": (
        _of_a_stranger_for_an_old_set,
        ["stale-recipients a", "foreign-key a", "stale-recipients b"],
        ["stale-recipients a", "stale-recipients b"],
    ),
    "two strangers": (_of_two_strangers, ["foreign-key a"], ["foreign-key a"]),
    "set that never was": (_of_a_set_that_never_was, ["foreign-key a"], None),
}
"""What is done by hand, what is found with a key, and what without; None for the same."""


@pytest.mark.parametrize("fault", FAULTS)
def test_each_fault_of_a_sealed_value_is_its_own_finding(
    fault: str, sealed: Path, run: Program
) -> None:
    make, with_key, without = FAULTS[fault]
    make()
    for env, expected in ((None, with_key), (NO_KEY, with_key if without is None else without)):
        found = rules(run, env=env, check=1 if expected else 0)
        named = [f"{name} endpoints/{file}.yaml" for name, file in map(str.split, expected)]
        assert found == named, env


def test_what_shows_from_outside_is_found_by_validate_too(sealed: Path, run: Program) -> None:
    for make, code in (
        (_of_an_old_set, "SIP503"),
        (_of_two_strangers, "SIP504"),
        (_cut, "SIP502"),
    ):
        before = {path: path.read_bytes() for path in Path().rglob("*.yaml")}
        make()
        shown = run("validate", env=NO_KEY, check=None)
        assert code in shown.out
        assert value_of("b") not in shown.out
        for path, data in before.items():
            path.write_bytes(data)
        if code == "SIP503":
            before[Path("sipctl.yaml")] = Path("sipctl.yaml").read_bytes()


def test_a_stale_value_says_who_cannot_read_it_and_who_still_can(
    sealed: Path, run: Program
) -> None:
    run("secret", "reseal", "--add", f"bob={keys.BOB_PUBLIC}")
    Path("sipctl.yaml").write_text(f"version: 1\nrecipients: {{own: {keys.OWN_PUBLIC}}}\n")
    run("save")
    shown = run("secret", "check", "a", check=1).out
    assert "it is sealed not for own and still for bob, ci" in shown
    assert "`sipctl secret reseal`" in shown


def test_check_tells_of_chosen_endpoints_only(sealed: Path, run: Program) -> None:
    _swapped()
    assert rules(run, "b") == ["password-of-another-user endpoints/b.yaml"]
    assert "argument 1 is no endpoint" in run("secret", "check", "c", check=3).err


def test_the_owner_of_a_swapped_value_is_named(sealed: Path, run: Program) -> None:
    _swapped()
    assert 'sealed for another user name, that of "b"' in run("secret", "check", "a", check=1).out


def test_findings_of_passwords_obey_settings_and_comments(sealed: Path, run: Program) -> None:
    _cut()
    rewrite("a", "password: ", "password: # sipctl: ignore[SIP502]\n  ")
    assert rules(run) == ["bad-sealed-password endpoints/a.yaml"]
    text = f"{keys.SETTINGS}rules: {{SIP502: 'off'}}\n"
    Path("sipctl.yaml").write_text(text)
    assert rules(run, check=0) == []


# -- files with passwords ------------------------------------------------------------------------


def test_a_file_in_the_repository_is_refused_unless_git_ignores_it(
    vault: Path, run: Program, tmp_path: Path, git: Git
) -> None:
    for path in ("secrets/a", str(vault / "secrets/a"), "../repo/secrets/a", "sipctl.yaml"):
        result = run("edit", "a", "--password-file", path, check=3)
        assert "SIP506" in result.err
        assert path not in result.err
    Path("out").symlink_to(tmp_path, target_is_directory=True)
    for path in ("/run/secrets/a", "../elsewhere", "out/secret", ".git/secret"):
        run("edit", "a", "--password-file", path)
    Path(".gitignore").write_text("secrets/\n*.pw\n")
    for path in ("secrets/a", "deep/a.pw", str(vault / "secrets/a")):
        run("edit", "a", "--password-file", path)
    Path("a.pw").write_text("open sesame\n")
    git("add", "--force", "a.pw")
    assert "SIP506" in run("edit", "a", "--password-file", "a.pw", check=3).err


def test_validate_tells_of_a_file_that_git_would_take(vault: Path, run: Program, git: Git) -> None:
    Path("endpoints/a.yaml").write_text(f"{A}password: {{file: secrets/a}}\n")
    git("add", ".")
    for words in ([], ["--staged"]):
        assert "endpoints/a.yaml:4:18" in run("validate", *words, check=1).out
    assert "SIP506" in run("save", check=3).err
    assert rules(run) == ["exposed-password-file endpoints/a.yaml"]
    Path(".gitignore").write_text("secrets/\n")
    run("validate")
    old = "exposed-password-file"
    assert old in run("explain", "SIP506").out


def test_an_old_exposed_file_elsewhere_hinders_nobody(vault: Path, run: Program, git: Git) -> None:
    Path("endpoints/a.yaml").write_text(f"{A}password: {{file: secrets/a}}\n")
    git("commit", "--all", "--quiet", "--message=By hand")
    run("edit", "b", "--port", "5070")
    assert "SIP506" in run("edit", "a", "--port", "5070", check=3).err


def test_a_file_that_everybody_can_read_is_told(vault: Path, run: Program) -> None:
    folder = Path("/tmp") / f"sipctl-test-{vault.parent.name}"  # where others may look
    folder.mkdir(mode=0o755)
    try:
        folder.chmod(0o755)
        file = folder / "a"
        file.write_text("open sesame\n")
        run("edit", "a", "--password-file", file)
        for mode, found in ((0o644, 1), (0o640, 0), (0o600, 0)):
            file.chmod(mode)
            assert len(rules(run, check=found)) == found
        file.chmod(0o644)
        folder.chmod(0o750)
        assert rules(run, check=0) == []
    finally:
        execute(["rm", "-rf", folder])


# -- history -------------------------------------------------------------------------------------


@pytest.fixture
def leaked(vault: Path, git: Git) -> str:
    """A commit made by hand with a password in plain text, and one that takes it out."""
    Path("endpoints/a.yaml").write_text(f"{A}password: hunter2\n")
    git("commit", "--all", "--quiet", "--message=Oh")
    commit = git("rev-parse", "--short=10", "HEAD").strip()
    Path("endpoints/a.yaml").write_text(f"{A}password: {{env: ANNA}}\n")
    git("commit", "--all", "--quiet", "--message=No")
    return commit


def test_plain_text_in_old_commits_is_found_with_what_to_change(leaked: str, run: Program) -> None:
    run("secret", "check")
    shown = run("secret", "check", "--history", check=1)
    assert f'the password of "anna" at "a.example.net" stood in plain text in commit {leaked}' in (
        " ".join(shown.out.split())
    )
    assert "endpoints/a.yaml:4:11" in shown.out
    assert "set a new one at the carrier" in shown.out
    assert "hunter2" not in shown.out + shown.err


def test_a_password_that_was_changed_since_is_found_no_more(leaked: str, run: Program) -> None:
    run("secret", "set", "a", input="hunter2")
    still = run("secret", "check", "--history", check=1)
    assert "and is still the same" in " ".join(still.out.split())
    run("secret", "set", "a", input="another")
    run("secret", "check", "--history")
    assert run("secret", "check", "--history", env=NO_KEY, check=1).out


def test_plain_text_is_found_on_every_branch_and_in_what_cannot_be_parsed(
    vault: Path, run: Program, git: Git
) -> None:
    git("switch", "--quiet", "--create=side")
    Path("endpoints/c.yaml").write_text("reference: c\nhost: [\npassword: hunter2\n")
    Path("endpoints/d.yaml").write_text('reference: d\nhost: d\n"p\\x61ssword": hunter2\n')
    git("add", ".")
    git("commit", "--quiet", "--message=Aside")
    git("switch", "--quiet", "main")
    found = run("secret", "check", "--history", "--format", "json", check=1)
    assert [f"{f['name']} {f['file']}" for f in found.json["findings"]] == [
        "password-in-history endpoints/c.yaml",
        "password-in-history endpoints/d.yaml",
    ]
    assert "hunter2" not in found.out


def test_plain_text_is_found_wherever_a_workspace_was_and_under_any_key(
    vault: Path, run: Program, git: Git
) -> None:
    """In another folder, with the other ending, under a misspelt key, in a form of no meaning."""
    old = Path("old/endpoints")
    old.mkdir(parents=True)
    for name, line in (
        ("a.yml", "password: hunter2"),
        ("b.yaml", "pasword: hunter2\npwd: hunter2"),
        ("c.yaml", "password: {vault: hunter2}"),
        ("d.yaml", "password: [hunter2]"),
        ("e.yaml", "password: {env: E}\nx-secret: is their own"),
        ("f.yaml", "password: {age: hunter2}"),
    ):
        (old / name).write_text(f"reference: x\nhost: x.example.net\n{line}\n")
    git("add", ".")
    git("commit", "--quiet", "--message=Elsewhere")
    git("rm", "--quiet", "-r", "old")
    git("commit", "--quiet", "--message=No more")
    assert rules(run, "--history") == [
        f"password-in-history old/endpoints/{name}"
        for name in ("a.yml", "b.yaml", "c.yaml", "d.yaml", "f.yaml")
    ]


def test_the_same_user_name_at_another_server_is_another_password(
    leaked: str, run: Program
) -> None:
    run("secret", "set", "b", input="another")
    run("edit", "b", "--username", "anna", "--password-stdin", input="another")
    run("edit", "a", "--unset", "password")
    run("delete", "a")
    assert rules(run, "--history") == ["password-in-history endpoints/a.yaml"]


def test_a_hostile_file_is_searched_in_linear_time(vault: Path, run: Program, git: Git) -> None:
    (vault / "endpoints/long.yaml").write_text(f"host: [\n{'pass' * 100_000}\n")  # else: hours
    git("add", "endpoints/long.yaml")
    git("commit", "--quiet", "--message=Long")
    (vault / "endpoints/long.yaml").unlink()
    assert "long.yaml" not in run("secret", "check", "--history", check=None).out


def test_history_that_was_cut_is_not_searched(
    leaked: str, vault: Path, run: Program, tmp_path: Path
) -> None:
    shallow = tmp_path / "shallow"
    execute(["git", "clone", "--quiet", "--depth=1", vault.as_uri(), shallow])
    refused = run("-C", shallow, "secret", "check", "--history", check=3)
    assert "this clone lacks history" in refused.err
    assert "git fetch --unshallow" in refused.err
    run("-C", shallow, "secret", "check")


def test_what_cannot_be_read_is_no_clean_bill(sealed: Path, run: Program) -> None:
    Path("endpoints/a.yaml").write_text("reference: a\nhost: [\npassword: hunter2\n")
    assert rules(run) == ["invalid-yaml endpoints/a.yaml"]
    assert rules(run, "b", check=0) == []
    Path("endpoints/a.yaml").write_text(f"{A}password: {{vault: x}}\n")
    assert rules(run) == ["bad-password endpoints/a.yaml"]
    Path("sipctl.yaml").write_text(f"{keys.SETTINGS}  eve: nonsense\n")
    assert "bad-recipient sipctl.yaml" in rules(run)


def test_a_key_of_nobody_is_told(sealed: Path, home: Path, run: Program) -> None:
    refused = run("secret", "check", env=OTHER_KEY, check=3)
    assert "the key in the variable SIPCTL_IDENTITY is no recipient's" in refused.err
    own = home / ".config/sipctl/identity"
    own.parent.mkdir(parents=True)
    own.write_text(f"{keys.OWN}\n")
    own.chmod(0o600)
    done = run("secret", "check", env=NO_KEY)
    assert "is no recipient's: nothing is opened" in done.err


def test_a_key_that_others_can_get_at_is_told(sealed: Path, home: Path, run: Program) -> None:
    own = home / ".config/sipctl/identity"
    own.parent.mkdir(parents=True)
    own.write_text(f"{keys.CI}\n")
    own.chmod(0o644)
    assert "`chmod 600` it" in run("secret", "check", env=NO_KEY, check=1).err
    own.chmod(0o600)
    run("secret", "check", env=NO_KEY)
    Path("ci.key").write_text(f"{keys.CI}\n")
    Path("ci.key").chmod(0o600)
    env: Environment = {"SIPCTL_IDENTITY": None, "SIPCTL_IDENTITY_FILE": "ci.key"}
    told = run("secret", "check", env=env, check=1).err
    assert "lies in the repository: make a new one" in told


def test_history_needs_a_repository(vault: Path, run: Program) -> None:
    (vault / ".git").rename(vault.parent / "git")
    run("secret", "check")
    assert "no Git repository" in run("secret", "check", "--history", check=3).err


# -- sealing again -------------------------------------------------------------------------------


def test_reseal_gives_and_takes_access_in_one_commit_and_says_to_whom(
    sealed: Path, sipctl: Program, git: Git
) -> None:
    before = commits(git)
    done = sipctl("secret", "reseal", "--add", f"own={keys.OWN_PUBLIC}")
    assert "own gains access to 2 passwords" in done.err
    assert commits(git) == before + 1
    told = f"recipients.own: - -> {keys.OWN_PUBLIC}"
    assert f"~ settings\n    {told[:67]}…{told[-8:]}\n" in done.out
    assert f"\n\nsettings:\n  {told}\n\nchanged: a, b\n" in message_of_head(sealed)
    assert git("show", "--format=", "--name-only").split() == [
        *("endpoints/a.yaml", "endpoints/b.yaml", "sipctl.yaml"),
    ]
    assert [opened("a", keys.OWN), opened("b", keys.OWN)] == [("anna", "one"), ("bert", "two")]
    done = sipctl("secret", "reseal", "--remove", "ci", "-o", "json", env=OTHER_KEY)
    assert "ci loses access to 2 passwords" in done.err
    assert [(f["field"], f["old"], f["new"]) for f in done.json["settings"]] == [
        ("recipients.ci", keys.CI_PUBLIC, None)
    ]
    assert "history keeps what ci could read: set new passwords at the carriers" in done.err
    with pytest.raises(sealing.Foreign):
        opened("a", keys.CI)
    sipctl("secret", "check", env=OTHER_KEY)


def test_reseal_after_the_settings_were_edited_by_hand(sealed: Path, run: Program) -> None:
    text = f"version: 1\nrecipients:\n  own: {keys.OWN_PUBLIC}\n"
    Path("sipctl.yaml").write_text(text)
    assert "2 warnings" in run("save").err or run("validate").out.count("SIP503") == 2
    done = run("secret", "reseal")
    assert "own gains access to 2 passwords" in done.err
    assert "ci loses access to 2 passwords" in done.err
    assert Path("sipctl.yaml").read_text() == text
    message = execute(["git", "log", "-1", "--format=%B"]).out
    assert "\nown gains access to 2 passwords\nci loses access to 2 passwords\n" in message


def test_reseal_touches_nothing_that_is_right_already(sealed: Path, run: Program) -> None:
    assert "nothing to change" in run("secret", "reseal").err
    run("secret", "keygen", "--name", "own")
    run("secret", "set", "a", input="one")
    before = value_of("a")
    run("secret", "reseal")
    assert value_of("a") == before
    assert opened("b", keys.OWN) == ("bert", "two")


def test_reseal_seals_plain_text_too(vault: Path, run: Program) -> None:
    Path("endpoints/a.yaml").write_text(f"{A}password: open sesame\n")
    done = run("secret", "reseal", "--no-commit")
    assert "1 password stood in plain text" in done.err
    assert opened("a") == ("anna", "open sesame")
    run("save")


def test_what_no_key_opens_is_not_sealed_again(sealed: Path, run: Program, git: Git) -> None:
    run("secret", "keygen", "--name", "own")
    before = commits(git), value_of("a")
    for env in (NO_KEY, OTHER_KEY):
        refused = run("secret", "reseal", env=env, check=3)
        assert "2 passwords cannot be sealed again" in refused.err
        told = "it is sealed for ci" in refused.err and "SIP503" in refused.err
        assert told == (env is OTHER_KEY)
        assert ("one of them must run `sipctl secret reseal`" in refused.err) == told
        assert ("no secret key is at hand" in refused.err) == (env is NO_KEY)
    assert (commits(git), value_of("a")) == before
    rewrite("a", before[1], sealing.seal("anna", "one", [keys.OWN_PUBLIC]))
    run("save")
    done = run("secret", "reseal", "--force", "--remove", "ci", env=OTHER_KEY)
    assert "1 password could not be sealed again" in done.err
    assert "ci can still open 1 password" in done.err
    assert opened("a", keys.OWN) == ("anna", "one")


@pytest.mark.parametrize("make", [_of_a_set_that_never_was, _of_a_stranger, _of_two_strangers])
def test_what_is_sealed_for_foreign_keys_is_sealed_again_with_force_only(
    make: Callable[[], None], sealed: Path, run: Program, git: Git
) -> None:
    make()
    git("commit", "--quiet", "--all", "--message=By hand")
    before = value_of("a")
    assert "SIP504" in run("secret", "reseal", "--add", f"bob={keys.BOB_PUBLIC}", check=3).err
    assert value_of("a") == before
    both = {"SIPCTL_IDENTITY": keys.BOTH}
    run("secret", "reseal", "--add", f"bob={keys.BOB_PUBLIC}", "--force", env=both)
    assert (value_of("a") == before) == (make is _of_a_stranger)  # which no key at hand opens


def test_reseal_refuses_plain_text_that_has_no_user_name(vault: Path, run: Program) -> None:
    Path("endpoints/c.yaml").write_text("reference: c\nhost: c.example.net\npassword: plain\n")
    refused = run("secret", "reseal", "--no-commit", check=3)
    assert '"c" has no user name to seal a password with' in refused.err
    assert "--username NAME" in refused.err
    run("secret", "reseal", "--no-commit", "--force")


def test_a_recipient_who_is_there_may_be_added_again(sealed: Path, run: Program, git: Git) -> None:
    before = commits(git)
    assert "nothing to change" in run("secret", "reseal", "--add", f"ci={keys.CI_PUBLIC}").err
    assert commits(git) == before


def test_a_swapped_value_is_not_made_right_by_sealing_it_again(sealed: Path, run: Program) -> None:
    _swapped()
    run("save", check=None)
    run("secret", "keygen", "--name", "own", check=None)
    refused = run("secret", "reseal", "--add", f"bob={keys.BOB_PUBLIC}", check=3)
    assert "SIP505" in refused.err


@pytest.mark.parametrize(
    ("words", "status", "told"),
    [
        ("--add bob", 2, "NAME=KEY"),
        (f"--add ci={keys.BOB_PUBLIC}", 3, 'a recipient "ci" already'),
        ("--add bob=age1nonsense", 3, "no public key"),
        ("--add ci=xyz", 3, "no public key"),
        (f"--add bob={keys.CI_PUBLIC}", 3, "have one key"),
        (f"--add {keys.CI}=bob", 3, "stands where the name of a recipient belongs"),
        (f"--remove {keys.CI}", 3, "stands where the name of a recipient belongs"),
        ("--remove ci2", 3, 'did you mean "ci"?'),
        ("--remove ci", 3, "nobody would be left"),
    ],
)
def test_recipients_that_do_not_fit_are_refused(
    words: str, status: int, told: str, sealed: Path, run: Program
) -> None:
    assert told in run("secret", "reseal", *words.split(), check=status).err


def test_a_secret_key_among_the_recipients_is_refused_and_not_told(
    sealed: Path, run: Program
) -> None:
    refused = run("secret", "reseal", "--add", f"bob={keys.CI}", check=3)
    assert "a secret key stands where a public key belongs" in refused.err
    assert keys.CI not in refused.err
    for settings in (
        keys.SETTINGS.replace(keys.CI_PUBLIC, keys.CI),
        f"{keys.SETTINGS}  {keys.CI}: {keys.BOB_PUBLIC}\n",
        f"{keys.SETTINGS}  {keys.CI}: [\n",
        f"{keys.SETTINGS}rules: {{{keys.CI}: error}}\n",
        f"{keys.SETTINGS}{keys.CI}: {keys.BOB_PUBLIC}\n",
    ):
        Path("sipctl.yaml").write_text(settings)
        for line in (
            *("validate", "validate --format json", "save", "save -n", "diff", "diff -o json"),
            *("fmt --diff", "status", "secret check", "secret recipients", "secret keygen -n"),
        ):
            shown = run(*line.split(), check=None)
            assert keys.CI.casefold() not in (shown.out + shown.err).casefold(), line


def test_a_key_for_which_anybody_could_open_is_refused(sealed: Path, run: Program) -> None:
    zero = "age1qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqq5cu47z"
    assert "no public key" in run("secret", "reseal", "--add", f"eve={zero}", check=3).err
    Path("sipctl.yaml").write_text(f"{keys.SETTINGS}  eve: {zero}\n")
    assert "SIP214" in run("validate", check=1).out


def test_settings_that_cannot_be_read_are_told_before_anything_is_asked(
    sealed: Path, run: Program, terminal: Terminal
) -> None:
    Path("sipctl.yaml").write_text("version: 1\nrecipients: [ci]\n")
    for line in (
        *("secret recipients", "secret reseal", "secret keygen", "secret set a"),
        "edit a --password-stdin",
    ):
        refused = run(*line.split(), input="one", check=3)
        assert "sipctl.yaml could not be read" in refused.err, line
        assert "sipctl.yaml:2:13" in refused.err, line
    assert "Password" not in terminal("secret", "set", "a", check=3).text


def test_undo_of_reseal_brings_the_former_values_back(sealed: Path, run: Program) -> None:
    before = value_of("a"), Path("sipctl.yaml").read_text()
    run("secret", "reseal", "--add", f"own={keys.OWN_PUBLIC}")
    run("undo")
    assert (value_of("a"), Path("sipctl.yaml").read_text()) == before


def test_a_plan_asked_about_first_is_the_one_that_is_carried_out(
    sealed: Path, terminal: Terminal, run: Program
) -> None:
    """Sealing is never twice the same, and a plan is made again under the lock."""
    for n in range(11):
        run("create", f"t{n}", "--host", "t.example.net", "--username", f"t{n}")
    terminal("edit", "--where", "t", "--password-stdin", answers=["one", "one", "y"])
    assert opened("t7") == ("t7", "one")


# -- opening -------------------------------------------------------------------------------------


def test_reveal_shows_a_password_on_a_terminal_only(
    sealed: Path, sipctl: Program, terminal: Terminal
) -> None:
    refused = sipctl("secret", "reveal", "a", check=3)
    assert "on a terminal only" in refused.err
    assert "one" not in refused.out
    assert terminal("secret", "reveal", "a").text == "one\n"
    assert sipctl("secret", "reveal", "a", "--force").out == "one\n"


def test_reveal_finds_a_password_wherever_it_is_kept(
    vault: Path, run: Program, tmp_path: Path
) -> None:
    (tmp_path / "secret").write_text("of a file\n")
    for path, end in (("a", "{env: ANNA}"), ("b", f"{{file: {tmp_path / 'secret'}}}")):
        file = Path(f"endpoints/{path}.yaml")
        file.write_text(f"{file.read_text()}password: {end}\n")
    shown = run("secret", "reveal", "a", "--force", env={"ANNA": "of a variable"})
    assert shown.out == "of a variable\n"
    assert '"ANNA" is not set' in run("secret", "reveal", "a", "--force", check=3).err
    assert run("secret", "reveal", "b", "--force").out == "of a file\n"
    (tmp_path / "secret").unlink()
    assert "cannot be read" in run("secret", "reveal", "b", "--force", check=3).err
    Path("endpoints/a.yaml").write_text(f"{A}password: plain\n")
    assert run("secret", "reveal", "a", "--force").out == "plain\n"
    Path("endpoints/a.yaml").write_text(A)
    assert "has no password" in run("secret", "reveal", "a", "--force", check=3).err


def test_reveal_waits_for_no_pipe_and_drains_no_device(vault: Path, run: Program) -> None:
    os.mkfifo(vault.parent / "pipe")
    for path in (vault.parent / "pipe", "/dev/zero", vault.parent):
        Path("endpoints/a.yaml").write_text(f"{A}password: {{file: {path}}}\n")
        refused = run("secret", "reveal", "a", "--force", check=3)
        assert "plain file" in refused.err or "is a directory" in refused.err


def test_reveal_of_what_is_no_form_tells_nothing_of_it(vault: Path, run: Program) -> None:
    for value in ("{env: hunter-2}", "{vault: hunter2}", "[hunter2]", "{age: hunter2}"):
        Path("endpoints/a.yaml").write_text(f"{A}password: {value}\n")
        refused = run("secret", "reveal", "a", "--force", check=3)
        assert "hunter" not in refused.err


def test_reveal_shows_nothing_that_belongs_to_another(sealed: Path, run: Program) -> None:
    _swapped()
    refused = run("secret", "reveal", "a", "--force", check=3)
    assert "belongs to another user name" in refused.err
    assert refused.out == ""
    for env, words in (
        (NO_KEY, "no secret key is at hand"),
        (OTHER_KEY, "no key at hand opens it"),
    ):
        refused = run("secret", "reveal", "b", "--force", env=env, check=3)
        assert words in refused.err
        assert refused.out == ""


# -- without keys --------------------------------------------------------------------------------


def test_no_key_is_needed_for_anything_else(sealed: Path, run: Program, git: Git) -> None:
    before = value_of("a")
    for line in (
        "validate --strict",
        "list",
        "search a",
        "show a",
        "rename a c",
        "duplicate c d",
        "edit c --host moved.example.net",
        "diff HEAD~1",
        "plan HEAD~2",
        "history",
        "blame c",
        "delete d",
        "restore d",
        "undo",
        "fmt --check",
        "export csv",
        "secret recipients",
    ):
        run(*line.split(), env=NO_KEY)
    assert value_of("c") == before
    assert git("status", "--porcelain") == ""


def test_two_branches_that_set_different_passwords_merge(
    sealed: Path, run: Program, git: Git
) -> None:
    git("switch", "--quiet", "--create=side")
    run("secret", "set", "a", input="one, aside")
    git("switch", "--quiet", "main")
    run("secret", "set", "b", input="two, here")
    git("merge", "--quiet", "--no-edit", "side")
    assert [opened("a"), opened("b")] == [("anna", "one, aside"), ("bert", "two, here")]
    run("secret", "check")


def test_two_branches_that_change_fields_do_not_touch_the_sealed_line(
    sealed: Path, run: Program, git: Git
) -> None:
    before = value_of("a")
    git("switch", "--quiet", "--create=side")
    run("edit", "a", "--description", "aside")
    git("switch", "--quiet", "main")
    run("edit", "a", "--port", "5070")
    for commit in ("HEAD", "side"):
        changed = git("show", "--format=", "--unified=0", commit)
        assert "age" not in "".join(x for x in changed.splitlines() if x[:1] in "+-")
    git("merge", "--quiet", "--no-edit", "side")
    assert value_of("a") == before
    run("secret", "check")


def test_other_readers_read_the_files(sealed: Path, tmp_path: Path) -> None:
    needed("yq", "yq")
    told = execute(["yq", "-r", ".password.age", "endpoints/a.yaml"]).out.strip()
    assert told == value_of("a")
    for name, schema in (("sipctl.yaml", "settings"), ("endpoints/a.yaml", "endpoint")):
        text = execute(["sipctl", "schema", schema]).out
        (tmp_path / f"{schema}.json").write_text(text)
        execute(["check-jsonschema", "--schemafile", tmp_path / f"{schema}.json", name])
    assert json.loads(json.dumps(yaml.safe_load(Path("endpoints/a.yaml").read_text())))


# -- what goes ----------------------------------------------------------------------------------


def test_a_variable_or_file_that_nothing_uses_any_more_is_told(vault: Path, run: Program) -> None:
    run("edit", "a", "--password-env", "SHARED")
    run("edit", "b", "--password-env", "SHARED")
    run("duplicate", "a", "c", "--password-file", "/run/c")
    assert "uses" not in run("delete", "a").err
    done = run("delete", "b", "c", "-o", "json")
    assert done.json["notes"] == [
        "nothing uses the variable SHARED any more",
        "nothing uses the file /run/c any more",
    ]


# -- going back ----------------------------------------------------------------------------------


def test_restore_keeps_todays_sealed_password_of_the_same_user(sealed: Path, run: Program) -> None:
    run("edit", "a", "--port", "5070")
    run("secret", "set", "a", input="today")
    run("restore", "a", "--back", "2")
    assert opened("a") == ("anna", "today")
    run("restore", "a", "--field", "password", "--at", "HEAD~3")
    assert opened("a") == ("anna", "one")


def test_a_user_name_that_comes_back_brings_its_own_password(sealed: Path, run: Program) -> None:
    run("edit", "a", "--username", "other", "--password-stdin", input="other's")
    assert "SIP505" in run("restore", "a", "--field", "username", check=3).err
    done = run("restore", "a")
    assert "with it its own password" in done.err
    assert opened("a") == ("anna", "one")
    run("undo")
    assert opened("a") == ("other", "other's")


def test_a_user_name_that_comes_back_without_a_password_takes_none(
    vault: Path, run: Program
) -> None:
    run("edit", "a", "--username", "other", "--password-stdin", input="other's")
    done = run("restore", "a")
    assert "so it goes; `sipctl secret set a` gives it one" in done.err
    assert Path("endpoints/a.yaml").read_text() == A


def test_nobody_types_a_password_for_a_file_with_uncommitted_changes(
    sealed: Path, terminal: Terminal
) -> None:
    rewrite("a", "a.example.net", "moved.example.net")
    screen = terminal("secret", "set", "a", check=3)
    assert "uncommitted changes are in the way" in screen.text
    terminal("secret", "set", "a", "--no-commit", answers=["new", "new"])
    assert opened("a") == ("anna", "new")
