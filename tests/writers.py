"""Every writing command of the program, with arguments that change something, and what came of it.

The commands are found in the program's own table; one without arguments here fails a test.
"""

import re
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from sipctl.commands import COMMANDS, Entry
from tests import keys
from tests.support import environment

A = """\
# the main trunk
reference: a
host: a.example.net

port: 5061  # asked for by the provider
codecs:
  - alaw
  - ulaw
username: "+33155000001"
password: {env: A_PASSWORD}
tags: [paris, "production"]
"""
B = "reference: b\nhost: 192.0.2.7\nx-owner: {name: 'Ada', room: 12}\ntags:\n- paris\n"
C = "reference: c\nhost: c.example.net\n"
D = "reference: d\nhost: d.example.net\n"
E = "reference: e\nhost: e.example.net\n"
F = f"reference: f\nhost: f.example.net\nusername: sealed\npassword: {{age: {keys.SEALED}}}\n"
S = """\
reference: s
type: interaction-start
start: menu
actions:
  menu: # the greeting
    action: vocal-announcement
    branches: {"1": e, "2": null, default: queue}
  e:
    action: distribution-to-sip-endpoint
    endpoint: e
    branches: {processed: null, unprocessed: queue, reference-not-found: queue}
  queue: {action: distribution-to-queue, queue: support, branches: {processed: null}}
"""
TABLE = "reference,host,port\na,a2.example.net,5070\nnew,192.0.2.9,\n"
PASSWORDS = 'a,"one, two"\nf,another\n'

ARGUMENTS: dict[str, tuple[str, ...]] = {
    "init": ("other",),
    "save": (),
    "create": ("new", "--host", "new.example.net", "--tag", "paris,lyon"),
    "edit": ("a", "b", "--port", "5080", "--description", "two at once"),
    "duplicate": ("a", "copy", "--host", "copy.example.net"),
    "rename": ("a", "renamed"),
    "delete": ("a", "b"),
    "tag add": ("a", "night"),
    "tag remove": ("b", "paris"),
    "tag rename": ("paris", "lutetia"),
    "attach": ("s", "a", "--after", "menu", "--branch", "2", "--fallback", "queue"),
    "detach": ("s", "e"),
    "reroute": ("e", "b"),
    "scenario create": ("new", "--name", "New"),
    "scenario edit": ("s", "--description", "Day", "--entry-point", "+33100000000"),
    "scenario duplicate": ("s", "copy"),
    "scenario rename": ("s", "renamed"),
    "scenario delete": ("s",),
    "scenario restore": ("s",),
    "import": ("table.csv", "--update", "--force"),
    "secret keygen": ("--name", "ada"),
    "secret set": ("--from", "passwords.csv"),
    "secret reseal": ("--add", f"bob={keys.BOB_PUBLIC}"),
    "restore": ("a",),
    "undo": (),
}
"""Arguments for the workspace that `write_workspace` makes."""

NEXT = ("tag", "add", "c", "next")
"""A command on an endpoint that none of these changes."""


def writing_commands() -> list[str]:
    """The names of the commands that take the options of writing ones."""
    return [
        " ".join(words)
        for name, entry in COMMANDS.items()
        for words, leaf in leaves((name,), entry)
        if "writing" in leaf.options
    ]


def leaves(
    words: tuple[str, ...], entry: Entry | dict[str, Entry]
) -> list[tuple[tuple[str, ...], Entry]]:
    if isinstance(entry, Entry):
        return [(words, entry)]
    return [leaf for name, inner in entry.items() for leaf in leaves((*words, name), inner)]


def command_line(name: str) -> list[str]:
    """A command with its arguments."""
    return [*name.split(), *ARGUMENTS[name]]


def write_workspace(root: Path, form: Callable[[str], str] = str) -> Path:
    """A workspace with a short history; `d` is edited by hand, and other files are staged and not.

    The newest commit is as one of sipctl's, so that there is something to undo. `form` gives the
    texts of files another form, in their line ends say.
    """

    def write(path: str, text: str) -> None:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        shown = form(text) if path.startswith(("endpoints", "scenarios")) else text
        (root / path).write_bytes(shown.encode())

    texts = {"sipctl.yaml": keys.SETTINGS, ".gitignore": "*.csv\n"}
    texts |= {"table.csv": TABLE, "passwords.csv": PASSWORDS}
    for name, text in {"a": A, "b": B, "c": C, "d": D, "e": E, "f": F}.items():
        texts[f"endpoints/{name}.yaml"] = text
    texts["scenarios/s.yaml"] = S
    for path, text in texts.items():
        write(path, text)
    _git(root, "add", ".")
    _git(root, "commit", "--quiet", "--message=Start")
    write("endpoints/a.yaml", A.replace("tags:", "realm: a.example.net\ntags:"))
    write("scenarios/s.yaml", S.replace("start:", "name: Support\nstart:"))
    message = "Change realm of a\n\nchanged: a\n  realm: - -> a.example.net"
    _git(root, "commit", "--all", "--quiet", f"--message={message}\n\nSipctl-Operation: edit")
    write("endpoints/d.yaml", D + "port: 5090\n")
    write("notes.txt", "staged\n")
    _git(root, "add", "notes.txt")
    write("other.txt", "untracked\n")
    return root


def _git(root: Path, *arguments: str) -> bytes:
    done = subprocess.run(
        ["git", *arguments], cwd=root, env=environment(), capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout


@dataclass(frozen=True, slots=True)
class State:
    """All that a change may touch: files by path, the index, the trees of all commits, and what Git
    says of the work tree."""

    files: dict[str, bytes]
    index: bytes
    trees: bytes
    status: bytes


def state(root: Path) -> State:
    """The state of the repository whose top is `root`; of what was sealed only for whom."""
    found = files(root)
    index = _git(root, "ls-files", "--stage", "-z")
    trees = _git(root, "log", "--format=%T")
    status = _git(root, "status", "--porcelain=v2", "-z", "--untracked-files=all")
    blank = {path: unsealed(data) for path, data in found.items()}
    if blank != found:
        index = _unsealed_rows(root, index)
        rows = (_git(root, "ls-tree", "-r", "-z", tree) for tree in trees.decode().split())
        trees = b"\n".join(_unsealed_rows(root, tree) for tree in rows)
    return State(blank, index, trees, status)


_SEALED = re.compile(rb"(v1\.[0-9a-f]{16}\.)[A-Za-z0-9+/=]+")


def unsealed(data: bytes) -> bytes:
    """A file without what was sealed while the tests run: that is never twice the same."""
    known = keys.SEALED.encode()
    return _SEALED.sub(lambda found: found[0] if found[0] == known else found[1], data)


def _unsealed_rows(root: Path, rows: bytes) -> bytes:
    """What Git lists of an index or a tree, with contents in place of their hashes."""
    told = []
    for row in filter(None, rows.split(b"\0")):
        oid = next(word for word in row.split() if len(word) == 40)
        told.append(row.replace(oid, unsealed(_git(root, "cat-file", "blob", oid.decode()))))
    return b"\0".join(told)


def files(root: Path) -> dict[str, bytes]:
    """Every file of the work tree."""
    found = ((path.relative_to(root), path) for path in sorted(root.rglob("*")) if path.is_file())
    return {str(name): path.read_bytes() for name, path in found if ".git" not in name.parts}


def status(root: Path) -> str:
    """What Git says of the work tree, and its newest commits."""
    return (
        _git(root, "-c", "color.ui=false", "status", "--short", "--branch").decode()
        + _git(root, "log", "--oneline", "--name-status", "-3").decode()
    )


def folders(root: Path) -> set[str]:
    """The folders of the work tree."""
    found = (path.relative_to(root) for path in root.rglob("*") if path.is_dir())
    return {str(path) for path in found if ".git" not in path.parts}


def refuse_remains(root: Path, git_dir: Path | None = None) -> None:
    """Fails where a change has left something behind, or Git finds a fault."""
    git_dir = git_dir or root / ".git"
    left = [p for p in git_dir.rglob("*") if p.suffix == ".lock" or p.name.startswith("next-index")]
    own = (git_dir / "sipctl").rglob("*")
    left += [p for p in own if p.name != "lock" and not p.name.startswith("cache-")]
    left += [p for p in root.rglob("*") if ".sipctl-" in p.name]
    assert not left
    assert not _git(root, "fsck", "--strict", "--no-dangling", "--no-progress")


def write_hook(root: Path, name: str, *lines: str) -> None:
    """A hook of the repository whose top is `root`."""
    hook = root / ".git/hooks" / name
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("\n".join(["#!/bin/sh", *lines, ""]))
    hook.chmod(0o755)


# Of the files that are committed; the pattern is Git's to expand, as in any hook.
EDIT_COMMITTED = (
    "for file in $(git diff --cached --name-only --diff-filter=AM -- '*points/*.yaml'); do",
    "echo '# by the hook' >>$file; git add $file; done",
)
"""Lines of a hook that changes what is committed and adds it."""


def changed_by_head(root: Path) -> list[str]:
    """The files that the newest commit touches, each after a letter and a tab."""
    return _git(root, "show", "--format=", "--name-status", "HEAD").decode().splitlines()


def message_of_head(root: Path) -> str:
    """The newest commit's message."""
    return _git(root, "log", "-1", "--format=%B").decode().rstrip("\n")
