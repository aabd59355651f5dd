"""A workspace with something of everything, and command lines for every command in it."""

import re
import shlex
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sipctl.commands import COMMANDS, Entry, building
from tests import keys
from tests.support import execute

ESCAPES = "\x1b]0;owned\x07\x1b[31m\x9b5m\u202e\x7f"
"""What a terminal would act on: a title, colours, the same in one character, right to left."""

FILES = {
    "sipctl.yaml": f"""\
version: 1
rules: {{plaintext-password: warning}}
recipients:
  ci: {keys.CI_PUBLIC}
  bob: {keys.BOB_PUBLIC}
""",
    "endpoints/pbx-paris.yaml": """\
reference: pbx-paris
host: sip.paris.example.net
port: 5061
transport: tls
codecs: [ulaw, alaw]
username: "+33155000001"
password: {env: PBX_PARIS_PASSWORD}
realm: paris.example.net
register: true
tags: [paris, production]
description: "Büro, 1er étage: \\"trunk\\" \\\\ # 😀"
x-owner: {team: voice, on call: ["0123", 12, true, null, {}], empty: []}
x-yes: "yes"
""",
    "endpoints/pbx-lyon.yaml": """\
reference: pbx-lyon
host: 192.0.2.10
username: lyon
password: {file: secrets/lyon}
tags: [lyon]
""",
    "endpoints/sealed.yaml": f"""\
reference: sealed
host: 2001:db8::10
username: sealed
password: {{age: "{keys.SEALED}"}}
""",
    "endpoints/plain.yaml": """\
reference: plain
host: plain.example.net
username: plain
password: "open sesame"
""",
    "endpoints/bare.yaml": "reference: bare\nhost: bare.example.net\n",
    "scenarios/support.yaml": """\
reference: support
name: "Support: inbound"
description: Daytime support line.
type: interaction-start
entry_points: ["+33100000000", "+33100000001"]
start: hours
actions:
  hours:
    action: test-calendar
    timezone: Europe/Paris
    open: ["Mon-Fri 08:00-19:00"]
    branches: {open: menu, closed: null}
  menu: {action: vocal-announcement, branches: {"1": paris, "2": queue, "3": null, default: queue}}
  paris:
    action: distribution-to-sip-endpoint
    endpoint: pbx-paris
    branches: {processed: null, unprocessed: lyon, reference-not-found: queue}
  lyon:
    action: distribution-to-sip-endpoint
    endpoint: pbx-lyon
    branches: {processed: null, unprocessed: queue, reference-not-found: queue}
  queue: {action: distribution-to-queue, queue: support, branches: {processed: null}}
""",
    "scenarios/odd.yaml": f"""\
reference: odd
type: interaction-end
owner: [1, {{a: null}}]
start: ask
actions:
  ask:
    action: ask-an-oracle
    oracles: {{Delphi: [1, "2", yes], none: }}
    "a key.with \\"dots\\" \\\\": 1
    ? {"k" * 1100}
    : long
    branches: {{"0123": gone, "yes": gone, other: ask}}
  gone:
    action: distribution-to-sip-endpoint
    endpoint: nobody
    branches: {{processed: null, unprocessed: ask, reference-not-found: ask}}
""",
    "scenarios/empty.yaml": "reference: empty\ntype: interaction-start\n",
}

HOSTILE = """\
reference: hostile
type: interaction-start
"name\\e]0;owned\\a": "\\e[31m\\x9b5m\\u202e\\x7f"
start: "a\\e[31m"
actions:
  "a\\e[31m":
    action: "type\\e[31m\\x9b5m"
    "key\\e]0;owned\\a": ["\\u202e\\x7f\\t\\n"]
    branches: {"label\\e[31m\\x9b5m": "b\\u202e", "other\\r\\n": null}
  "b\\u202e":
    action: distribution-to-sip-endpoint
    endpoint: "who\\e[31m\\x9b5m"
    branches: {processed: "gone\\e[31m"}
"own\\e[31m": 1
"""


HAUNTED = """\
reference: haunted
host: haunted.example.net
"x-1:\\e[31m\\x9b5m": {"\\e]0;owned\\a": ["\\u202e\\x7f\\r\\n"]}
"""


def build(root: Path) -> Path:
    """A repository whose root is the workspace: created, renamed, duplicated, tagged, merged and
    deleted things in its history, files that cannot be read, and an uncommitted change."""
    root.mkdir(parents=True)
    steps = _Steps(root)
    steps.git("init", "--quiet", "--initial-branch=main")
    for path, text in FILES.items():
        steps.put(path, text)
    steps.put(".gitignore", "secrets/\n*.csv\n")
    for path, text in TABLES.items():
        steps.put(path, text)
    steps.commit("Start")
    steps.sipctl("create", "pbx-nice", "--host", "sip.nice.example.net", "--codec", "alaw")
    steps.sipctl("edit", "pbx-nice", "--port", "5070", "--tag", "nice")
    steps.sipctl("rename", "pbx-nice", "pbx-riviera")
    steps.sipctl("duplicate", "pbx-riviera", "pbx-cannes", "--port", "5071")
    steps.sipctl("delete", "pbx-riviera")
    steps.git("switch", "--quiet", "--create=side", "HEAD~2")
    steps.put("endpoints/bare.yaml", FILES["endpoints/bare.yaml"] + "port: 5080\n")
    steps.commit("By hand, aside")
    steps.git("switch", "--quiet", "main")
    steps.git("merge", "--quiet", "--no-ff", "--message=Merge side", "side")
    steps.sipctl("tag", "rename", "paris", "capital")
    steps.sipctl("undo")
    steps.sipctl("scenario", "edit", "support", "--name", "Support")
    steps.put("endpoints/broken.yaml", "reference: broken\nhost: [sip\n")
    steps.put("scenarios/shattered.yaml", "reference: shattered\ntype: {\n")
    steps.put("endpoints/stray.yml", "")
    steps.commit("Unreadable things")
    steps.put("endpoints/bare.yaml", FILES["endpoints/bare.yaml"] + "port: 5090\n")
    return root


def haunt(root: Path) -> None:
    """Put into a workspace what a terminal would act on: by an author, a subject, values, keys,
    names of files."""
    steps = _Steps(root)
    steps.put("scenarios/hostile.yaml", HOSTILE)
    steps.put("endpoints/haunted.yaml", HAUNTED)
    steps.put("endpoints/raw.yaml", f"reference: raw\nhost: {ESCAPES}\n")
    steps.put(f"endpoints/{ESCAPES}.yaml", "reference: a\nhost: a.example\n")
    steps.git("add", "--all")
    author = ("-c", f"user.name=Eve {ESCAPES}", "-c", f"user.email={ESCAPES}@example.net")
    steps.git(*author, "commit", "--quiet", f"--message=Haunt {ESCAPES}")
    steps.put("endpoints/haunted.yaml", HAUNTED.replace("1:", "2:"))


class _Steps:
    def __init__(self, root: Path) -> None:
        self.root = root
        self.minute = 0

    def _dates(self) -> dict[str, str]:
        self.minute += 1
        time = f"2026-03-01T09:{self.minute:02}:00+01:00"
        return {"GIT_AUTHOR_DATE": time, "GIT_COMMITTER_DATE": time}

    def git(self, *words: str) -> None:
        execute(["git", *words], cwd=self.root, env=self._dates())

    def sipctl(self, *words: str) -> None:
        execute(["sipctl", *words], cwd=self.root, env=self._dates())

    def put(self, path: str, text: str) -> None:
        (self.root / path).parent.mkdir(exist_ok=True)
        (self.root / path).write_text(text, "utf-8")

    def commit(self, message: str) -> None:
        self.git("add", "--all")
        self.git("commit", "--quiet", f"--message={message}")


def copied(template: Path, to: Path) -> Path:
    """A workspace of one's own."""
    shutil.copytree(template, to, symlinks=True)
    return to


# -- every command -------------------------------------------------------------------------------


def every_command() -> Iterator[tuple[str, Entry]]:
    """All commands of the program, those of two words too."""
    for name, entry in COMMANDS.items():
        if isinstance(entry, Entry):
            yield name, entry
        else:
            yield from ((f"{name} {below}", command) for below, command in entry.items())


def options(command: str, entry: Entry) -> list[Any]:
    """The arguments and options of a command as it has them."""
    found: list[Any] = building.build(command.split()[-1], entry).params
    return found


def tells_json(command: str, entry: Entry) -> bool:
    """True for a command one of whose options or arguments speaks of JSON."""
    told = (f"{param.metavar} {getattr(param, 'help', '')}" for param in options(command, entry))
    return any(re.search(r"\bjson\b", words) for words in told)


READING: dict[str, tuple[str, ...]] = {
    "status": ("",),
    "list": ("", "--uses", "--where tag:nothing", "--limit 1"),
    "search": ("paris", "nothing-like-it", "paris --limit 1"),
    "show": ("pbx-paris", "pbx-lyon", "sealed", "plain", "bare", "bare --at HEAD~3"),
    "tag list": ("", "--limit 1"),
    "uses": ("pbx-lyon", "bare", "pbx-lyon --limit 1"),
    "scenario list": ("", "--limit 1"),
    "scenario show": ("support", "odd", "empty", "support --at HEAD~5"),
    "scenario history": ("", "support", "odd --action ask"),
    "scenario blame": ("support", "odd"),
    "scenario trace": (
        "support --at 2026-11-23T10:00 --key 1 --take paris=unprocessed --take menu=2",
        "support --at 2026-11-22T10:00",
        "support --key 9",
        "odd",
        "odd --take ask=0123",
        "odd --take ask=other",
        "empty",
    ),
    "secret check": ("", "sealed", "plain", "--history"),
    "secret recipients": ("", "--limit 1"),
    "secret reveal": ("sealed --force", "plain --force", "pbx-paris --force", "bare --force"),
    "history": ("", "pbx-cannes", "pbx-paris", "--limit 0", "--where tag:capital", "broken"),
    "blame": ("pbx-cannes", "pbx-paris", "plain", "bare"),
    "diff": ("", "HEAD~3", "HEAD HEAD", "HEAD~10 HEAD", "HEAD HEAD~10"),
    "plan": ("HEAD", "HEAD~4", "HEAD~9"),
    "validate": ("", "--rev HEAD", "--staged", "endpoints/pbx-paris.yaml", "--strict"),
    "export": ("", "--where tag:nothing"),
    "rules": ("", "--limit 1"),
    "explain": ("bad-host", "SIP101"),
    "schema": ("endpoint", "output/list"),
    "completion": ("bash", "zsh", "fish"),
    "fmt": ("--check", "--diff"),
}
"""Lines for each command that only reads: what is given to it besides a format."""

WRITING: dict[str, tuple[str, ...]] = {
    "init": ("", "new"),
    "save": ("", "bare"),
    "create": (
        "pbx-nice --host sip.nice.example.net --port 5071 --username nice --password-env NICE",
        "pbx-nice --host sip_nice",
    ),
    "edit": ("pbx-paris --port 5070", "pbx-paris --port 5061", "--where tag:lyon --realm lyon"),
    "duplicate": ("pbx-paris pbx-nice --tag nice", "pbx-paris pbx-lyon"),
    "rename": ("pbx-paris pbx-capital --force", "pbx-paris pbx-capital"),
    "delete": ("sealed plain --force", "pbx-lyon --cascade --force", "pbx-lyon"),
    "tag add": ("pbx-paris new", "pbx-paris production"),
    "tag remove": ("pbx-paris paris", "pbx-paris nothing"),
    "tag rename": ("lyon gones", "nothing something"),
    "import": ("table.csv --update", "table.csv"),
    "attach": (
        "support pbx-cannes --after menu --branch 3 --fallback queue",
        "empty pbx-cannes",
        "support nobody --after menu --branch 3",
    ),
    "detach": ("support pbx-lyon", "support bare"),
    "reroute": ("pbx-lyon pbx-cannes", "pbx-lyon nobody"),
    "scenario create": ("night --entry-point +33100000009", "support"),
    "scenario edit": ("support --description Day", "support --name Support", "nothing --name a"),
    "scenario duplicate": ("support night", "odd night"),
    "scenario rename": ("support night", "support odd"),
    "scenario delete": ("support", "nothing"),
    "scenario restore": ("support", "empty"),
    "secret keygen": ("--name ada", "--name BOB"),
    "secret set": ("--from passwords.csv", "nobody"),
    "secret reseal": ("--force", "--remove bob", "--remove nobody"),
    "restore": ("pbx-riviera", "pbx-cannes", "bare", "--all --at HEAD --force"),
    "undo": ("--force", "", "HEAD~2"),
    "fmt": ("", "endpoints/bare.yaml"),
}
"""Lines for each command that writes: some change something, some nothing, some are refused."""

TABLES = {
    "table.csv": "reference,host,x-note\npbx-nice,nice.example.net,a\nplain,plain.example.net,b\n",
    "passwords.csv": "pbx-lyon,open sesame\nsealed,another\n",
}
"""The tables that `import` and `secret set` read; Git ignores them."""


def words(command: str, line: str) -> list[str]:
    """The words of a command line."""
    return [*command.split(), *shlex.split(line)]
