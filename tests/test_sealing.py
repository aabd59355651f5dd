"""Sealed values: what is put in comes out, what was changed does not, and age opens them too."""

import base64
import json
import re
import subprocess
import sys
from pathlib import Path

import pyrage
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipctl.passwords import sealing
from sipctl.passwords.sealing import Foreign, Malformed, Opened
from sipctl.yamlfile import scalars
from tests import keys
from tests.support import ROOT, execute, needed

PAGE = (ROOT / "docs" / "passwords.md").read_text("utf-8")

CI = pyrage.x25519.Identity.from_str(keys.CI)
OWN = pyrage.x25519.Identity.from_str(keys.OWN)
BOTH = [keys.CI_PUBLIC, keys.BOB_PUBLIC]

# whatever a field may hold
TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=["Cc"]), min_size=1, max_size=80)


@pytest.fixture(scope="module")
def ssh(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, pyrage.ssh.Identity]:
    """A key of SSH: its public line, and itself."""
    file = tmp_path_factory.mktemp("ssh") / "key"
    needed("ssh-keygen", "openssh-client")
    execute(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "ada on a laptop", "-f", file])
    line = file.with_suffix(".pub").read_text().strip()
    return line, pyrage.ssh.Identity.from_buffer(file.read_bytes())


def plaintext(value: str) -> bytes:
    return pyrage.decrypt(base64.b64decode(value.split(".")[2]), [CI])


# -- in and out ----------------------------------------------------------------------------------


@given(TEXTS, TEXTS)
def test_what_is_sealed_is_opened_by_each_recipient_and_by_nobody_else(
    username: str, password: str
) -> None:
    value = sealing.seal(username, password, BOTH)
    assert sealing.open_(value, [OWN, CI]) == Opened(username, password)
    with pytest.raises(Foreign):
        sealing.open_(value, [OWN])
    assert repr(sealing.open_(value, [CI])) == "Opened(…)"


@given(TEXTS, TEXTS)
def test_a_value_is_one_plain_word_that_tells_no_length(username: str, password: str) -> None:
    value = sealing.seal(username, password, BOTH)
    assert scalars.is_plain_safe(value)
    plain = plaintext(value)
    assert len(plain) % sealing.BLOCK == 0
    assert plain.rstrip(b" ").endswith(b"}")
    assert len(plain) - len(plain.rstrip(b" ")) < sealing.BLOCK


def test_the_same_password_is_never_sealed_the_same() -> None:
    assert sealing.seal("a", "b", BOTH) != sealing.seal("a", "b", BOTH)


def test_a_key_of_ssh_is_a_recipient_too(ssh: tuple[str, pyrage.ssh.Identity]) -> None:
    public, identity = ssh
    value = sealing.seal("a", "b", [public, keys.CI_PUBLIC])
    assert sealing.open_(value, [identity]) == Opened("a", "b")
    assert sealing.opens([identity], public)
    assert not sealing.opens([identity], keys.CI_PUBLIC)
    assert sealing.parse(value).for_keys == sealing.for_keys([keys.CI_PUBLIC, public])


# -- without a key -------------------------------------------------------------------------------


@given(st.permutations([keys.CI_PUBLIC, keys.OWN_PUBLIC, keys.BOB_PUBLIC]))
def test_the_set_of_recipients_has_one_id_in_any_order(listed: list[str]) -> None:
    value = sealing.parse(sealing.seal("a", "b", listed))
    assert value.set_id == sealing.set_id(sorted(listed)) == sealing.set_id([*listed, listed[0]])
    assert value.for_keys == sealing.for_keys(listed) == {"X25519": 3}


def test_the_comment_of_a_key_of_ssh_is_no_part_of_it(
    ssh: tuple[str, pyrage.ssh.Identity],
) -> None:
    bare = " ".join(ssh[0].split()[:2])
    assert sealing.set_id([ssh[0]]) == sealing.set_id([bare]) == sealing.set_id([f"{bare}  x y"])


@given(st.data())
def test_a_value_that_was_cut_is_malformed_or_does_not_open(data: st.DataObject) -> None:
    cut = keys.SEALED[: data.draw(st.integers(0, len(keys.SEALED) - 1))]
    with pytest.raises(Malformed):
        sealing.open_(cut, [CI])


@given(st.integers(0, len(keys.SEALED) - 1), st.sampled_from("Az09+/=.v~\n é"))
def test_no_value_with_a_wrong_character_is_opened(at: int, char: str) -> None:
    wrong = keys.SEALED[:at] + char + keys.SEALED[at + 1 :]
    if wrong == keys.SEALED:
        return
    try:
        opened = sealing.open_(wrong, [CI])
    except (Malformed, Foreign):
        return
    # the id of the set is no part of what is encrypted
    assert opened == Opened("sealed", "open sesame")
    assert sealing.parse(wrong).set_id != sealing.parse(keys.SEALED).set_id


@given(st.text(max_size=200) | st.from_regex(r"v1\.[0-9a-f]{16}\.[A-Za-z0-9+/=]{0,80}"))
def test_nothing_but_malformed_comes_of_any_text(text: str) -> None:
    with pytest.raises(Malformed) as fault:
        sealing.parse(text)
    assert not text or len(text) < 4 or text not in str(fault.value)


def test_bits_that_mean_nothing_make_no_second_value() -> None:
    """The last sign of base64 may hold some: `YQ==` and `YR==` are one byte."""
    end = keys.SEALED.rstrip("=")
    other = end[:-1] + chr(ord(end[-1]) + 1) + "=" * (len(keys.SEALED) - len(end))
    assert base64.b64decode(other.split(".")[2]) == base64.b64decode(keys.SEALED.split(".")[2])
    with pytest.raises(Malformed, match="base64"):
        sealing.parse(other)


def _forged(plain: bytes) -> str:
    file = pyrage.encrypt(plain, [CI.to_public()])
    return f"v1.{'0' * 16}.{base64.b64encode(file).decode()}"


@pytest.mark.parametrize(
    "plain",
    [
        b"open sesame",
        b"null",
        b"[]",
        b'["username", "password"]',
        b"{}",
        b'{"username": "a"}',
        b'{"username": "a", "password": 1}',
        b'{"username": "a", "password": "b", "host": "c"}',
        b'{"username": "a", "password": "b", "password": "c"}',
        b'{"username": "a", "password": ""}',
        b'{"username": "a", "password": "b\\nc"}',
        b'{"username": "a", "password": "\\ud800"}',
        b"\xff",
        b"[" * 60000,
    ],
)
def test_what_is_no_user_name_and_password_is_malformed(plain: bytes) -> None:
    with pytest.raises(Malformed) as fault:
        sealing.open_(_forged(plain + b" " * (-len(plain) % 64)), [CI])
    assert "sesame" not in str(fault.value)


def test_what_is_not_filled_up_is_malformed() -> None:
    with pytest.raises(Malformed, match="size"):
        sealing.parse(_forged(b'{"username": "a", "password": "b"}'))


def test_a_later_version_is_told_apart_from_nonsense() -> None:
    with pytest.raises(Malformed, match="version"):
        sealing.parse(keys.SEALED.replace("v1.", "v2."))


# -- public keys ---------------------------------------------------------------------------------


@pytest.mark.parametrize("key", [keys.CI_PUBLIC, keys.BOB_PUBLIC])
def test_a_public_key_of_age_is_taken(key: str) -> None:
    assert sealing.key_fault(key) is None
    assert re.fullmatch(sealing.AGE_KEY, key)


def test_a_public_key_of_ssh_is_taken(ssh: tuple[str, pyrage.ssh.Identity]) -> None:
    assert sealing.key_fault(ssh[0]) is None
    assert re.match(sealing.SSH_KEY, ssh[0])


@pytest.mark.parametrize(
    "text",
    [
        keys.CI,
        keys.CI.lower(),
        keys.CI_PUBLIC.upper(),
        keys.CI_PUBLIC[:-1],
        f"{keys.CI_PUBLIC}\n",
        "age1qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqq5cu47z",
        "age1ahlllllllllllllllllllllllllllllllllllllllllllllllalsn46ayy",
        f" {keys.CI_PUBLIC}",
        "",
        "hunter2",
        "ssh-ed25519",
        "ssh-ed25519 AAAA",
        "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAAgQC",
        "age1yubikey1qwt50d05nh5vutpdzmlg5wn80xq5negm4uj9ghv0snvdd3yysf5yw3rhl3t",
        "-----BEGIN OPENSSH PRIVATE KEY-----",
    ],
)
def test_what_is_no_public_key_is_not_taken_and_not_told(text: str) -> None:
    fault = sealing.key_fault(text)
    assert fault
    assert len(text) < 12 or text not in "".join(fault)


# -- other programs ------------------------------------------------------------------------------


def _blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """A folder with an endpoint, its settings and the identity of a recipient."""
    (tmp_path / "endpoint.yaml").write_text(
        f"reference: f\nhost: f.example.net\nusername: sealed\npassword: {{age: {keys.SEALED}}}\n"
    )
    (tmp_path / "identity").write_text(f"# of CI\n{keys.CI}\n")
    (tmp_path / "sipctl.yaml").write_text(keys.SETTINGS)
    return tmp_path


def test_the_program_of_the_page_opens_a_value_with_age(files: Path) -> None:
    needed("age", "age")
    [program] = _blocks("python")
    (files / "open.py").write_text(program)
    assert len(program.splitlines()) <= 22
    done = execute([sys.executable, files / "open.py", files / "endpoint.yaml", files / "identity"])
    assert done.out == "open sesame\n"


def test_the_shell_of_the_page_opens_a_value(files: Path) -> None:
    for program in ("age", "yq", "jq"):
        needed(program, program)
    [script] = [block for block in _blocks("sh") if "age -d" in block]
    script = script.replace("endpoints/pbx-paris.yaml", "endpoint.yaml")
    script = script.replace("~/.config/sipctl/identity", "identity")
    assert execute(["bash", "-euc", script], cwd=files).out == "open sesame\n"


@pytest.mark.parametrize("password", ["open sesame", 'a "b" \\ é 😀 $x', "x" * 255])
def test_what_the_shell_of_the_page_seals_is_opened_here(
    password: str, files: Path, ssh: tuple[str, pyrage.ssh.Identity]
) -> None:
    for program in ("age", "yq", "jq"):
        needed(program, program)
    with (files / "sipctl.yaml").open("a") as settings:
        settings.write(f"  ada: {ssh[0]}\n")
    [script] = [block for block in _blocks("sh") if "sha256sum" in block]
    env = {"username": "+33155000001", "password": password}
    value = execute(["bash", "-euc", script], cwd=files, env=env).out.strip()
    assert sealing.open_(value, [CI]) == Opened("+33155000001", password)
    assert sealing.open_(value, [ssh[1]]).password == password
    sealed = sealing.parse(value)
    assert sealed.set_id == sealing.set_id([ssh[0], keys.CI_PUBLIC])
    assert sealed.for_keys == sealing.for_keys([ssh[0], keys.CI_PUBLIC])


def test_age_itself_decrypts_the_file_and_json_reads_it(files: Path) -> None:
    needed("age", "age")
    data = base64.b64decode(keys.SEALED.split(".")[2])
    line = ["age", "--decrypt", "--identity", str(files / "identity")]
    opened = subprocess.run(line, input=data, capture_output=True, check=True).stdout
    assert json.loads(opened) == {"username": "sealed", "password": "open sesame"}
    assert len(opened) == 64
