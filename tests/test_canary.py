"""A canary among passwords: put in by every way there is, it is never seen again.

Not in what a command prints, in any of its formats; not in an object of Git or a file, but for the
private one that keeps what was typed in an editor; not in the arguments or the environment of a
process. Commands and formats come from the program itself, so a
new one is covered.
"""

import base64
import json
import os
import re
import shlex
import shutil
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest

from sipctl.completion import table
from sipctl.yamlfile import scalars
from tests import everything, keys
from tests.conftest import Git, Program, Terminal
from tests.everything import READING, WRITING, every_command, words
from tests.support import (
    PROGRAM,
    Environment,
    Result,
    Screen,
    environment,
    execute,
    needed,
    on_terminal,
)

CANARY = "c4n4ry-Pa$$;w0rd%"


def _forms() -> Iterator[str]:
    """The canary as it is, escaped as shells, JSON, YAML and URLs do, and in base64."""
    yield CANARY
    yield shlex.quote(CANARY)
    yield json.dumps(CANARY)
    yield scalars.double_quoted(CANARY)
    yield quote(CANARY)
    yield CANARY.encode().hex()
    for shift in range(3):  # base64 depends on what stands before it
        whole = base64.b64encode(b"\0" * shift + CANARY.encode()).decode()
        yield whole[4 * (shift > 0) : -4]


FORMS = sorted({form.strip("\"'") for form in _forms()}, key=len)
SEEN = re.compile("|".join(map(re.escape, FORMS)))


def refuse(text: str, what: object) -> None:
    """Fails where the canary is in a text."""
    found = SEEN.search(text)
    assert found is None, f"{what}: …{text[max(found.start() - 60, 0) : found.start()]}«canary»"


def refuse_files(*roots: Path) -> None:
    """Fails where the canary is in a file, or in the name of one."""
    for root in roots:
        for path in root.rglob("*"):
            refuse(str(path), path)
            if path.is_file() and not path.is_symlink():
                refuse(path.read_bytes().decode("latin-1"), path)


def refuse_objects(repo: Path) -> None:
    """Fails where the canary is in an object of Git, reachable or not."""
    line = ["git", "cat-file", "--batch-all-objects", "--batch"]
    done = subprocess.run(line, cwd=repo, env=environment(), capture_output=True, check=True)
    assert done.stdout
    refuse(done.stdout.decode("latin-1"), "an object of Git")


def test_the_canary_is_found_where_it_is(tmp_path: Path) -> None:
    for form in FORMS:
        with pytest.raises(AssertionError):
            refuse(f"x{form}y", "a text")
    (tmp_path / "a").write_bytes(base64.b64encode(b"user: " + CANARY.encode() + b"\n"))
    with pytest.raises(AssertionError):
        refuse_files(tmp_path)


# -- every way in --------------------------------------------------------------------------------


@pytest.fixture
def closed(workspace: Path, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A workspace with a recipient; what is temporary comes into a folder that is looked at."""
    (tmp_path / "tmp").mkdir()
    monkeypatch.setenv("TMPDIR", str(tmp_path / "tmp"))
    (workspace / "sipctl.yaml").write_text(keys.SETTINGS)
    for name in ("a", "b"):
        text = f"reference: {name}\nhost: {name}.example.net\nusername: {name}\n"
        (workspace / f"endpoints/{name}.yaml").write_text(text)
    (workspace / "trunks.csv").write_text("reference,host,username\nc,c.example.net,carl\n")
    (workspace / ".gitignore").write_text("*.csv\n")
    execute(["git", "add", "."])
    execute(["git", "commit", "--quiet", "--message=Add"])
    return workspace


def refuse_everywhere(closed: Path, home: Path) -> None:
    """Fails where the canary is in a file of the workspace, Git, the home or a temporary one."""
    refuse_objects(closed)
    refuse_files(closed, home, closed.parent / "tmp")


ON_INPUT = {
    "create": "create new --host new.example.net --username nora --password-stdin",
    "edit": "edit a --password-stdin",
    "edit of many": "edit a b --port 5070 --password-stdin",
    "duplicate": "duplicate a new --password-stdin",
    "import": "import trunks.csv --force --password-stdin",
    "a new user name": "edit a --username other --password-stdin",
    "secret set": "secret set a",
}
"""Lines that take a password from standard input."""

SAID = {
    "as JSON": "-o json",
    "to be tried": "--dry-run",
    "to be tried, as JSON": "--dry-run -o json",
    "without a commit": "--no-commit",
    "": "",
}


@pytest.mark.parametrize("line", ON_INPUT.values(), ids=list(ON_INPUT))
def test_what_is_sealed_from_standard_input_is_never_seen_again(
    line: str, closed: Path, home: Path, run: Program
) -> None:
    for options in SAID.values():
        done = run(*line.split(), *options.split(), input=f"{CANARY}\n", check=None)
        assert done.status in (0, 3)
        refuse(done.out + done.err, line)
        refuse_everywhere(closed, home)


def test_what_is_sealed_from_a_table_is_never_seen_again(
    closed: Path, home: Path, run: Program
) -> None:
    for table_ in (f"a,{CANARY}\n", f"{CANARY},a\n", f"a,b,{CANARY}\n", f'a,"{CANARY}', CANARY):
        for options in SAID.values():
            done = run("secret", "set", "--from", "-", *options.split(), input=table_, check=None)
            refuse(done.out + done.err, table_)
    refuse_everywhere(closed, home)


ON_TERMINAL = {
    "the form": ("create", ["new", "new.example.net", "", "", "nora", CANARY, CANARY, ""]),
    "secret set": ("secret set a", [CANARY, CANARY]),
    "secret set, a slip": ("secret set a", [CANARY, "no", CANARY, CANARY]),
    "edit": ("edit a --password-stdin", [CANARY, CANARY]),
    "duplicate": ("duplicate a new --password-stdin", [CANARY, CANARY]),
    "import": ("import trunks.csv --password-stdin", [CANARY, CANARY]),
    "interrupted": ("secret set a", [CANARY, "\x03"]),
}


@pytest.mark.parametrize("way", ON_TERMINAL)
def test_what_is_typed_is_not_shown_and_never_seen_again(
    way: str, closed: Path, home: Path, terminal: Terminal
) -> None:
    line, answers = ON_TERMINAL[way]
    screen = terminal(*line.split(), answers=answers, check=130 if way == "interrupted" else 0)
    refuse(screen.raw, way)
    refuse_everywhere(closed, home)


IN_AN_ARGUMENT = [
    "secret set a {}",
    "secret set {}",
    "secret set {} a",
    "secret set --from {}",
    "create new {} --host new.example.net --username nora --password-stdin",
    "create new --host new.example.net --username nora --password {}",
    "create new --host new.example.net --username nora --password={}",
    "create new --host new.example.net --username nora --passwd={}",
    "create new --host new.example.net --username nora -p{}",
    "create new --host new.example.net --username nora --password-stdin={}",
    "create new --host new.example.net --username nora --password-env {}",
    "create new --host new.example.net --username nora --password-file {}",
    "edit a {} --password-stdin",
    "edit a --unset {} --password-stdin",
    "duplicate {} new --password-stdin",
    "edit a --password-env A {}",
    "edit a --password-file /run/a {}",
    "edit a --password {}",
    "edit a --password-env {}",
    "edit a --password-file {}",
    "duplicate a new {} --password-stdin",
    "duplicate a new --password-env {}",
    "import trunks.csv {} --password-stdin",
    "import trunks.csv --password-env {}",
    "import trunks.csv --password-file {}",
    "import trunks.csv --password {}",
    "import trunks.csv --force --password-file {}/{{reference}}",
    "secret reveal a {}",
    "secret keygen {}",
    "secret {}",
    "secret check {}",
    "secret check a {}",
    "secret reveal {} --force",
    "secret reseal --remove {}",
    "secret reseal --add {}",
    "secret reseal --add {}=age1",
    "import {} --password-stdin",
    "search password: {}",
    "search password:'a {}'",
    "search password:env (pwd:a {}",
    "search password={} (",
    "search passwort={} (",
    "search secret:{}",
    'search a "secret={} b',
    "search --password:{}",
    "search --passwort={}",
    "list --where secret={} or",
    "edit a --unset password={}",
    "history --field password={}",
    "restore a --field password:{}",
    "blame a --password:{}",
    "scenario edit a --unset password={}",
    "scenario history --field password={}",
]


@pytest.mark.parametrize("line", IN_AN_ARGUMENT)
def test_a_password_in_an_arguments_place_is_refused_without_repeating_it(
    line: str, closed: Path, home: Path, run: Program
) -> None:
    given = [word.format(CANARY) for word in line.split()]
    done = run(*given, input="another\n", check=None)
    assert done.status in (2, 3), done
    refuse(done.out + done.err, line)
    refuse_everywhere(closed, home)


def _editor(folder: Path, script: str) -> Environment:
    """An editor that runs a script of the shell; the file is $1."""
    program = folder / "editor"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    return {"EDITOR": str(program)}


def _take_kept(screen: Screen, closed: Path) -> None:
    """Look at the private file in which what was typed is kept whole, and take it away."""
    kept = re.search(r"what you typed is kept in (\S+\.yaml)$", screen.text, re.MULTILINE)
    assert kept
    file = Path(kept[1])
    assert "host: typed.example.net\n" in file.read_text()
    assert CANARY in file.read_text()
    assert file.is_relative_to(closed / ".git/sipctl/typed")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    shutil.rmtree(file.parent)


@pytest.mark.parametrize(
    "script",
    [
        f"echo 'password: {CANARY}' >>$1",
        f"echo 'pasword: {CANARY}' >>$1",
        f"cat >>$1 <<'END'\npassword: |-\n  {CANARY}\nEND",
        f"echo 'password: [{CANARY}' >>$1; cp $1 $1~; cp $1 $(dirname $1)/.a.swp",
        f"echo '{CANARY}' >>$1",
        f"echo 'username: u password: {CANARY}' >>$1",
        f"echo 'realm: r, pasword: {CANARY}' >>$1; echo ']' >>$1",
    ],
)
def test_what_is_typed_in_an_editor_and_refused_is_for_who_typed_it_alone(
    script: str, closed: Path, home: Path, tmp_path: Path, terminal: Terminal
) -> None:
    tools = tmp_path / "tools"
    tools.mkdir()
    env = _editor(tools, f"sed -i 's/^host.*/host: typed.example.net/' $1; {script}")
    screen = terminal("edit", "a", answers=["n"], env=env, check=3)
    refuse(screen.raw, script)
    _take_kept(screen, closed)
    refuse_everywhere(closed, home)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_what_is_typed_is_for_who_typed_it_alone_when_the_process_is_ended(
    number: int, closed: Path, home: Path, tmp_path: Path, terminal: Terminal
) -> None:
    tools = tmp_path / "tools"
    tools.mkdir()
    script = f"sed -i 's/^host.*/host: typed.example.net/' $1; echo 'password: {CANARY}' >>$1"
    env = _editor(tools, f"{script}; kill -{number} $(ps -o ppid= $PPID); sleep 60")
    screen = terminal("edit", "a", env=env, check=130)
    refuse(screen.raw, "the screen")
    _take_kept(screen, closed)
    refuse_everywhere(closed, home)


def test_what_is_typed_is_never_among_the_files_that_git_has(
    closed: Path, home: Path, tmp_path: Path, terminal: Terminal
) -> None:
    tools = tmp_path / "tools"
    tools.mkdir()
    env = _editor(tools, f"echo $1 >{tools}/where; echo 'password: {CANARY}' >>$1")
    terminal("edit", "a", answers=["n"], env=env, check=3)
    where = Path((tools / "where").read_text().strip())
    assert where.is_relative_to(closed / ".git/sipctl/typed")
    shutil.rmtree(where.parent)
    refuse_everywhere(closed, home)


def test_plain_text_in_a_file_that_is_sealed_is_never_seen_again(
    closed: Path, home: Path, run: Program
) -> None:
    file = closed / "endpoints/a.yaml"
    for line in ("secret reseal --no-commit", "secret set a --no-commit"):
        file.write_text(f"reference: a\nhost: a.example.net\nusername: a\npassword: {CANARY}\n")
        for again in (f"{line} -n", f"{line} -o json -n", line):
            done = run(*again.split(), input="another")
            refuse(done.out + done.err, again)
        refuse_everywhere(closed, home)
    run("save")
    refuse_everywhere(closed, home)


# -- processes -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "line",
    [
        "create new --host new.example.net --username nora --password-stdin",
        "secret set a",
        "secret reveal sealed --force",
        "secret check --history",
        "secret reseal --add bob=" + keys.BOB_PUBLIC,
    ],
)
def test_no_process_gets_a_password_or_a_key_as_an_argument_or_in_its_environment(
    line: str, closed: Path, run: Program, tmp_path: Path
) -> None:
    strace = needed("strace", "strace")
    run("create", "sealed", "--host", "s", "--username", "s", "--password-stdin", input=CANARY)
    log = tmp_path / "strace.log"
    trace: list[str | Path] = [strace, "-f", "-v", "-s", "100000", "-e", "trace=execve", "-o", log]
    execute([*trace, PROGRAM, *line.split()], input=f"{CANARY}\n")
    started = log.read_text().splitlines()
    assert any("execve(" in row for row in started)
    refuse("\n".join(started), line)
    assert [row for row in started[1:] if "AGE-SECRET-KEY" in row] == []


# -- every command, in every format --------------------------------------------------------------


@pytest.fixture(scope="module")
def leaky_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("leaky") / "workspace"


@pytest.fixture
def leaky(leaky_template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The workspace with everything, with the canary wherever a careless hand can put it: in old
    commits and uncommitted, in files that are read and not, in settings; the current folder."""
    if not leaky_template.exists():
        everything.build(leaky_template)
        _spill(leaky_template)
    folder = everything.copied(leaky_template, tmp_path / "leaky")
    monkeypatch.chdir(folder)
    return folder


SPILLS = {
    "endpoints/plain.yaml": f"""\
reference: plain
host: plain.example.net
username: plain
password: {CANARY}
""",
    "endpoints/bare.yaml": f"""\
reference: bare
host: bare.example.net
port: 0
username: bare
password: "{CANARY}"  # sipctl: ignore[SIP501]
""",
    "endpoints/pbx-paris.yaml": f"""\
reference: pbx-paris
host: sip.paris.example.net
username: "+33155000001"
password: {{env: "{CANARY}"}}
""",
    "endpoints/odd-form.yaml": f"""\
reference: odd-form
host: odd.example.net
username: odd
password: {{vault: "{CANARY}", age: "{CANARY}"}}
""",
    "endpoints/misspelt.yaml": f"""\
reference: misspelt
host: misspelt.example.net
pasword: {CANARY}
? {{"{CANARY}": 1}}
""",
    "endpoints/cut.yaml": f"""\
reference: cut
host: cut.example.net
username: cut
password: {{age: "{CANARY}"}}
""",
    "endpoints/number.yaml": f"""\
reference: number
host: number.example.net
username: number
password: !secret {CANARY}
""",
    "endpoints/open.yaml": f"""\
reference: open
host: open.example.net
username: open
password: "{CANARY}
description: [
""",
    "endpoints/tabbed.yaml": f"reference: tabbed\nhost: t\npassword:\t{CANARY}: {CANARY}\n",
    "endpoints/twice.yaml": f"reference: twice\nhost: t\npassword: {CANARY}\npassword: {CANARY}\n",
    "endpoints/joined.yaml": f"reference: joined\nhost: j\nusername: u password: {CANARY}\n",
    "endpoints/joint.yaml": f"reference: joint\nhost: j\nusername: u pasword: {CANARY}\n",
    "endpoints/line.yaml": f"reference: line, host: l, username: u, password: {CANARY}\n",
    "endpoints/tagged.yaml": f"reference: tagged\nhost: t\ntags: [a, password: {CANARY}\n",
    "endpoints/told.yaml": f"reference: told\nhost: t\ndescription: a note password: {CANARY}\n",
    "endpoints/late.yaml": f"""\
reference: late
host: "late
password: {CANARY}"
""",
    "endpoints/nested.yaml": f"""\
reference: nested
host: {{name: h, password: {CANARY}}}
tags: [a, {{password: {CANARY}}}]
codecs: [password: {CANARY}]
""",
    "endpoints/glued.yaml": f"""\
reference: glued
host: g.example.net
x-sip: {{password:{CANARY}, b: c}}
x-more: [password:{CANARY}]
""",
    "scenarios/glued.yaml": f"""\
reference: glued
type: interaction-start
start: call
actions:
  call: {{action: web-service, password:{CANARY}, auth: {{password:{CANARY}}}}}
""",
    "endpoints/list.yaml": f"- password: {CANARY}\n- {CANARY}\n",
    "endpoints/alone.yaml": f"{CANARY}\n",
    "scenarios/empty.yaml": f"""\
reference: empty
type: interaction-start
start: call
actions:
  call: {{action: web-service, password: {CANARY}, auth: {{password: [{CANARY}]}}}}
""",
    "sipctl.yaml": f"""\
version: 1
rules: {{plaintext-password: warning}}
recipients:
  ci: {keys.CI_PUBLIC}
  eve: "{CANARY}"
""",
}
"""What careless hands write."""


def _spill(root: Path) -> None:
    """Two commits with the canary in every file, and it stands there uncommitted too."""

    def write(canary: str) -> None:
        for path, text in SPILLS.items():
            (root / path).write_text(text.replace(CANARY, canary))

    settings = (root / "sipctl.yaml").read_text()
    for canary in (CANARY, f"{CANARY}2"):
        write(canary)
        (root / "sipctl.yaml").write_text(settings)
        execute(["git", "add", "."], cwd=root)
        execute(["git", "commit", "--quiet", "--message=Spill"], cwd=root)
    write(CANARY)
    (root / "sipctl.yaml").write_text(settings)


def formats_of(command: str) -> list[list[str]]:
    """The words for each format that a command offers, none of them too."""
    found: list[list[str]] = [[]]
    for option in table.command(command).options:
        if {"--output", "--format"} & set(option.names) and option.slot:
            found += [[option.names[0], word] for word in option.slot.words]
    return sorted(found, key=lambda format: format[1:] not in ([], ["json"]))


def lines_of(command: str) -> list[list[str]]:
    """Lines for a command: those of others, and on what was spilt."""
    lines = {*READING.get(command, ()), *WRITING.get(command, ())}
    if command == "export":
        lines = {"csv", "json"}
    given = [words(command, line) for line in sorted(lines)]
    first = next((slot.kind for slot in table.command(command).arguments), "")
    if first in ("endpoint", "member", "tagging"):
        spilt = (Path(path).stem for path in SPILLS if path.startswith("endpoints"))
        given += ([*command.split(), reference, *_more(command)] for reference in spilt)
    return given


def _more(command: str) -> list[str]:
    further = {
        "rename": ["renamed", "--force"],
        "duplicate": ["copy"],
        "edit": ["--port", "5099"],
        "tag add": ["new"],
        "tag remove": ["new"],
        "restore": ["--at", "HEAD~1"],
        "show": ["--at", "HEAD"],
        "history": ["--field", "password"],
        "secret set": [],
        "reroute": ["bare"],
        "delete": ["--force"],
    }
    return further.get(command, [])


COMMANDS = [name for name, _ in every_command() if name != "secret reveal"]


@pytest.mark.parametrize(
    "settings",
    [
        SPILLS["sipctl.yaml"],
        f"version: 1 password: {CANARY}\n",
        f"version: 1\nrules: {{password:{CANARY}, nope: x}}\n",
        f"version: 1\nrules: {{recipients: {{ada: {keys.OWN}}}}}\n",
    ],
)
def test_spilt_settings_are_shown_by_no_command(settings: str, leaky: Path, run: Program) -> None:
    Path("sipctl.yaml").write_text(settings)
    for command in COMMANDS:
        line = lines_of(command)[0]
        done = run(*line, check=None, input="another\n")
        assert done.status != 70, done.err
        refuse(done.out + done.err, line)
        assert keys.OWN not in done.out + done.err, line
    refuse_files(leaky / ".git" / "sipctl")


@pytest.mark.parametrize("command", COMMANDS)
def test_no_command_shows_it_in_any_format(command: str, leaky: Path, run: Program) -> None:
    dry = ["--dry-run"] if table.command(command).option("--dry-run") else []
    statuses = set()
    for number, line in enumerate(lines_of(command)):
        # what is spilt is shown by the same code in the formats that are left out
        for format in formats_of(command)[: None if number < 2 else 2]:
            done = run(*line, *format, *dry, check=None, input="another\n")
            assert done.status != 70, done.err
            refuse(done.out + done.err, [*line, *format])
            statuses.add(done.status)
    # (what is spilt cannot be sealed: where it can is tested above)
    if command != "secret reseal":
        assert {0, 1, 4} & statuses, "tests/everything.py has no line for it that is not refused"
    refuse_files(leaky / ".git" / "sipctl")


@pytest.mark.parametrize("format", [f for f in formats_of("validate") if f])
def test_every_report_shows_the_place_of_plain_text_and_not_the_value(
    format: list[str], leaky: Path, run: Program, tmp_path: Path
) -> None:
    report = tmp_path / "report"
    for words_ in ("", "--staged", "--rev HEAD", "--only plaintext-password --strict"):
        shown = run("validate", *words_.split(), *format, check=1)
        run("validate", *words_.split(), *format, "--output-file", report, check=1)
        for text in (shown.out, report.read_text()):
            assert "endpoints/plain.yaml" in text
            refuse(text + shown.err, format)


def test_the_hook_shows_the_place_of_plain_text_and_not_the_value(
    leaky: Path, run: Program, git: Git
) -> None:
    Path("sipctl.yaml").write_text("version: 1\n")
    run("init", "--hooks")
    git("add", "--all")
    done = execute(["git", "commit", "--message=Spill again"], check=1)
    assert "endpoints/plain.yaml:4:11" in done.out + done.err
    assert "SIP501" in done.out + done.err
    refuse(done.out + done.err, "the hook")


def test_no_command_that_writes_tells_it_to_git(leaky: Path, run: Program, git: Git) -> None:
    """Commit messages say what changed; of a password its form."""
    before = git("rev-list", "--count", "HEAD")
    lines = [
        ["edit", "plain", "--port", "5070", "--no-commit"],
        ["save", "-m", "Save all of it"],
        ["save", "plain"],
        ["rename", "plain", "renamed"],
        ["duplicate", "renamed", "copy", "--host", "copy.example.net"],
        ["secret", "set", "renamed"],
        ["delete", "copy", "--force"],
        ["restore", "copy"],
        ["undo"],
    ]
    for line in lines:
        done = run(*line, check=None, input="another")
        assert done.status != 70
        refuse(done.out + done.err, line)
    assert git("rev-list", "--count", "HEAD") != before
    refuse(git("log", "--format=%B"), "a commit message")


WORD, NUMBER = "c4n4ryW0rd", "48151623"
"""Passwords that can stand where the canary cannot: as a key between braces, as a number."""

ODD = {
    "env": f"password: {{env: {NUMBER}}}\n",
    "file": f"password: {{file: {NUMBER}}}\n",
    "path": f'password: {{file: "x\n  password: {CANARY}"}}\n',
    "line": f'password: {{file: "x password: {CANARY}"}}\n',
    **{
        field: f'{field}: "udp\n  password: {CANARY}"\n'
        for field in ("port", "register", "transport", "realm", "reference", "tags")
    },
    "late-tags": f'tags: ["udp\n  password: {CANARY}", a]\n',
    "codecs": f'codecs: ["alaw\n  passwd={CANARY}"]\n',
    "two-starts": f"PRIVATE KEY: {CANARY}\n",
    "comment": f"# password: {CANARY}\nport: 5070  # pwd={CANARY}\n",
    "behind": f"password: hunter2 #{CANARY}\n",
    "named": f"password: {{env: A}}  # password: {CANARY}\n",
    "key": f"realm: {keys.OWN}\ndescription: is {keys.OWN}\nx-k: [{keys.OWN}]\n",
    "key-tag": f"tags: [{keys.OWN}]\n",
    "behind-own": f"x-k: {{pwd, {WORD}, {NUMBER}}}\n",
    "own": f"x-k: {{sip password: {CANARY}, deep: [{{pwd: {CANARY}}}]}}\nx-secret: {CANARY}\n",
}
"""Lines of an endpoint that a careless hand writes."""

ODD_FILES = {
    "flow": f"{{reference: flow, host: h, password, {WORD}}}\n",
    "flow-number": f"{{reference: flow-number, host: h, password, {NUMBER}}}\n",
    "flow-comma": f"{{reference: flow-comma, host: h, password: , {WORD}}}\n",
    "twice": f"reference: twice\nhost: h\npassword: {{{WORD}, {WORD}}}\n",
    "dashes": f"--- {{reference: dashes, pasword: {CANARY}, tags: *x}}\n",
    "note": f"reference: note\nhost: h\ndescription: x, pasword: {CANARY}: y\n",
    "marker": f"reference: marker\nhost: h\n<<<<<<< {CANARY}\n>>>>>>> b\n",
    "remark": f"reference: remark\n# pw: {CANARY}\nhost: [\n",
}
"""Whole files of the same kind; some cannot be parsed."""

ODD_SCENARIO = f"""\
reference: odd
type: interaction-start
start: password
actions:
  password:
    action: web-service
    passwd: {CANARY}
    sip password: {CANARY}
    auth: [{{client_secret: {CANARY}, PWD: {CANARY}}}]
    branches: {{secret: null}}
  flow: {{action: web-service, password, {WORD}, {NUMBER}, deep: [{{pwd, {WORD}}}]}}
own: {{secret, {WORD}}}
"""


def test_no_odd_shape_is_shown_by_what_reads_or_told_to_git(
    closed: Path, run: Program, git: Git
) -> None:
    rules = f"rules: {{plaintext-password: warning, bad-host: {keys.OWN}}}\n"
    settings = f"{keys.SETTINGS}x-k: {keys.OWN}\nx-pwd: {CANARY}\n{keys.OWN[:20]}x: {keys.OWN}\n"
    for again in ("", "2"):
        for name, line in ODD.items():
            head = f"reference: {name}\nhost: h.example.net\nusername: u\n"
            text = head.replace(f"reference: {name}\n" * (name == "reference"), "") + line
            (closed / f"endpoints/{name}.yaml").write_text(_marked(text, again))
        for name, text in ODD_FILES.items():
            (closed / f"endpoints/{name}.yaml").write_text(_marked(text, again))
        (closed / "scenarios").mkdir(exist_ok=True)
        (closed / "scenarios/odd.yaml").write_text(_marked(ODD_SCENARIO, again))
        (closed / "sipctl.yaml").write_text(settings + (rules if again else ""))
        _refuse_odd(closed, run)
        git("add", "--all")
        git("commit", "--quiet", "--message=Spill")
    _refuse_odd(closed, run)
    (closed / "sipctl.yaml").write_text(keys.SETTINGS)
    _refuse_odd(closed, run)
    for name in ODD:
        for line in (f"edit {name} --host new.example.net", f"duplicate {name} copy-{name}"):
            _refuse_of(run(*line.split(), check=None), line)
    _refuse_of(run("scenario", "edit", "odd", "--name", "Odd"), "scenario edit")
    refuse(git("log", "--format=%B"), "a commit message")
    assert keys.OWN not in git("log", "--format=%B")


def _marked(text: str, again: str) -> str:
    """The same text; of a second time every canary is another one, which begins as the first."""
    for canary in (CANARY, WORD, NUMBER):
        text = text.replace(canary, canary + again)
    return text


def _refuse_odd(closed: Path, run: Program) -> None:
    reading = ["list", "search udp", "diff", "diff HEAD~1", "plan", "history", "scenario list"]
    lines = [*reading, "scenario show odd", "scenario history odd", "scenario blame odd", "status"]
    for name in (*ODD, *ODD_FILES):
        lines += [f"{command} {name}" for command in ("show", "history", "blame")]
    lines += ["export csv", "export json", "secret check", "fmt --check", "fmt --diff"]
    for line in lines:
        _refuse_of(run(*line.split(), check=None), line)
    for line in lines[: lines.index("status")]:
        _refuse_of(run(*line.split(), "-o", "json", check=None), f"{line} -o json")
    for format in formats_of("validate"):
        _refuse_of(run("validate", *format, check=None), f"validate {format}")
    for file in (closed / ".git/sipctl").rglob("*"):
        if file.is_file():
            text = file.read_bytes().decode("latin-1")
            refuse(text, file)
            assert not re.search(f"{WORD}|{NUMBER}|{keys.OWN}", text), file


def _refuse_of(done: Result, line: str) -> None:
    assert done.status != 70, done.err
    told = done.out + done.err
    refuse(told, line)
    found = re.search(f"{WORD}|{NUMBER}|{keys.OWN[15:]}", told, re.IGNORECASE)
    assert not found, f"{line}: …{told[max(0, found.start() - 200) : found.start() + 20]}"


def test_how_long_a_password_is_is_not_told(closed: Path, run: Program) -> None:
    file = closed / "endpoints/a.yaml"
    for line in ("password: {}", "password: {{env: '{}'}}", "password: !a {}", "pasword: {}"):
        told = set()
        for password in ("-x", "-" * 40):
            head = "reference: a\nhost: a.example.net\nusername: a\n"
            file.write_text(f"{head}{line.format(password)}\n")
            told.add(run("validate", "-f", "json", check=1).out)
            told.add(run("validate", "-f", "sarif", check=1).out)
        assert len(told) == 2, line


def test_a_screen_shows_no_more_than_a_file(leaky: Path) -> None:
    for line in ("list", "show plain", "validate", "diff HEAD~1", "history plain", "search c4n4ry"):
        screen = on_terminal([PROGRAM, *line.split()], env={"PAGER": "cat"}, check=None)
        refuse(screen.raw, line)


def test_a_password_is_not_searched(leaky: Path, run: Program) -> None:
    for query in ("c4n4ry", CANARY, "w0rd", "password_form:c4n4ry"):
        assert run("search", query, "-o", "name", check=None).out == ""


def test_a_bug_is_told_without_values(leaky: Path, run: Program) -> None:
    """Whatever breaks, the report has lines of the program and nothing of the files."""
    code = (
        "import sys; from sipctl import output\n"
        f"secret = {CANARY!r}\n"
        "try: int(secret)\n"
        "except Exception as error: output.tell_bug(error)\n"
    )
    done = execute([os.fspath(PROGRAM.with_name("python")), "-c", code])
    assert "ValueError" in done.err
    refuse(done.out + done.err, "the report of a bug")


def test_no_plugin_of_a_library_is_told_it(
    workspace: Path, sipctl: Program, tmp_path: Path
) -> None:
    """Pydantic hands all that it validates to plugins that are installed for it."""
    folder = tmp_path / "installed"
    (folder / "spy-1.dist-info").mkdir(parents=True)
    (folder / "spy-1.dist-info" / "METADATA").write_text("Name: spy\nVersion: 1\n")
    (folder / "spy-1.dist-info" / "entry_points.txt").write_text("[pydantic]\nspy = spy:plugin\n")
    (folder / "spy.py").write_text(f"open({str(tmp_path / 'seen')!r}, 'w')\nplugin = None\n")
    Path("endpoints/a.yaml").write_text(SPILLS["endpoints/plain.yaml"])
    env = {"PYTHONPATH": str(folder)}
    execute([sys.executable, "-c", "import spy"], env=env)
    (tmp_path / "seen").unlink()
    assert "SIP501" in sipctl("validate", env=env, check=1).out
    assert not (tmp_path / "seen").exists()
