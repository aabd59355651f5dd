"""A change that is killed: afterwards all is old or all is new, and the next command sees to it."""

import json
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import Git, Program
from tests.preloaded import Preloaded, preloaded
from tests.support import Environment, environment
from tests.writers import (
    NEXT,
    command_line,
    files,
    folders,
    refuse_remains,
    state,
    status,
    write_hook,
    write_workspace,
    writing_commands,
)

KILLED = -9
JOURNAL = "journal.new"  # the first event of a change that leaves something behind


@pytest.fixture(scope="module")
def run_preloaded() -> Iterator[Preloaded]:
    with preloaded() as run:
        yield run


def outcome(copy: Path) -> object:
    """All of a copy that a change may touch."""
    # `init DIR` makes the folder before it begins
    return state(copy), folders(copy) - {"other"}


class Trial:
    """A command that is killed in one copy after another of the same workspace."""

    def __init__(self, root: Path, run: Preloaded, name: str) -> None:
        self.root, self.run, self.line = root, run, command_line(name)
        self.number = 0
        clean = self.fresh()
        self.events = run.counted(*self.line, cwd=clean)[1]
        self.ends: dict[str, object] = {}
        for copy, words in ((clean, "finished"), (self.fresh(), "put back")):
            run(*NEXT, cwd=copy)
            self.ends[words] = outcome(copy)

    def fresh(self) -> Path:
        self.number += 1
        return Path(shutil.copytree(self.root, self.root.with_name(f"copy{self.number}")))

    def refuse_halves(self, copy: Path, env: Environment | None = None) -> str:
        """Runs the next command: "finished" or "put back", whichever the change then is."""
        told = self.run(*NEXT, cwd=copy, env=env).err
        end = next((words for words, end in self.ends.items() if end == outcome(copy)), "")
        if not end:
            pytest.fail(f"neither old nor new\n{told}\n{status(copy)}")
        refuse_remains(copy)
        shutil.rmtree(copy)
        return end if end in told else ""


STEPWISE = " step by step"
"""Behind a command: its commit is made as in a large index."""


@pytest.fixture
def trial(repo: Path, run_preloaded: Preloaded, request: pytest.FixtureRequest) -> Trial:
    name = request.param.removesuffix(STEPWISE)
    run = run_preloaded if name == request.param else run_preloaded.step_by_step()
    return Trial(write_workspace(repo), run, name)


@pytest.mark.parametrize("trial", [*writing_commands(), f"create{STEPWISE}"], indirect=True)
def test_killed_where_it_writes_or_starts_git_a_change_is_old_or_new(trial: Trial) -> None:
    first = next(n for n, event in enumerate(trial.events, 1) if event.endswith(JOURNAL))
    told = set()
    for number in range(first, len(trial.events) + 1):
        copy = trial.fresh()
        trial.run(*trial.line, cwd=copy, kill_at=number, check=KILLED)
        told.add(trial.refuse_halves(copy))
    assert told == {"", "put back", "finished"}


# Stands for Git: kills itself, the sipctl that started it, or both, at the chosen call.
FAKE_GIT = """\
#!/bin/sh
count=$(($(cat "$COUNT") + 1))
echo $count >"$COUNT"
if [ $count = "$KILL_AT" ]; then
    case $VICTIM in
        git) kill -9 $$ ;;
        sipctl) kill -9 $PPID ;;
        both) kill -9 $PPID $$ ;;
    esac
fi
exec "$GIT" "$@"
"""


def fake_git(folder: Path, kill_at: int = 0, victim: str = "") -> Environment:
    """An environment in which this one stands for Git."""
    git = folder / "git"
    if not git.exists():
        git.write_text(FAKE_GIT)
        git.chmod(0o755)
    (folder / "count").write_text("0\n")
    real = shutil.which("git")
    path = f"{folder}{os.pathsep}{os.environ['PATH']}"
    chosen = {"KILL_AT": str(kill_at), "VICTIM": victim}
    return {"PATH": path, "GIT": real, "COUNT": str(folder / "count"), **chosen}


@pytest.mark.parametrize("trial", ["create", "edit", "rename", f"rename{STEPWISE}"], indirect=True)
@pytest.mark.parametrize("victim", ["git", "sipctl", "both"])
def test_killed_at_any_git_process_a_change_is_old_or_new(
    trial: Trial, victim: str, tmp_path: Path
) -> None:
    fake = tmp_path / "fake"
    fake.mkdir()
    trial.run(*trial.line, cwd=trial.fresh(), env=fake_git(fake))
    for number in range(1, int((fake / "count").read_text()) + 1):
        copy = trial.fresh()
        env = fake_git(fake, number, victim)
        before, result = state(copy), trial.run(*trial.line, cwd=copy, env=env, check=None)
        if victim == "git":
            # it is alive, so all is settled at once
            assert result.status in (0, 3), result
            assert (state(copy) != before) == (result.status == 0)
            refuse_remains(copy)
        else:
            assert result.status == KILLED
        trial.refuse_halves(copy)


# A hook that kills when it is called the nth time. `reference-transaction` is called where the refs
# are locked and where they have moved, `post-index-change` where the index has been written.
HOOK = """\
#!/bin/sh
count=$(($(cat "$COUNT") + 1))
echo $count >"$COUNT"
[ $count = "$KILL_AT" ] || exit 0
case $VICTIM in
    git) kill -9 $PPID ;;
    both) kill -9 $PROGRAM $PPID ;;
esac
"""
HOOKS = (
    "pre-commit",
    "prepare-commit-msg",
    "commit-msg",
    "reference-transaction",
    "post-index-change",
    "post-commit",
)


@pytest.mark.parametrize("trial", ["create", "delete", f"create{STEPWISE}"], indirect=True)
@pytest.mark.parametrize("victim", ["git", "both"])
@pytest.mark.parametrize("hook", HOOKS)
def test_killed_within_git_a_change_is_old_or_new(
    trial: Trial, victim: str, hook: str, tmp_path: Path, git: Git
) -> None:
    hooks, count = tmp_path / "hooks", tmp_path / "count"
    hooks.mkdir()
    (hooks / hook).write_text(HOOK)
    (hooks / hook).chmod(0o755)
    git("config", "core.hooksPath", hooks)
    env = {"COUNT": str(count), "VICTIM": victim}
    count.write_text("0\n")
    trial.run(*trial.line, cwd=trial.fresh(), env=env)
    calls = int(count.read_text())
    assert calls
    for number in range(1, calls + 1):
        count.write_text("0\n")
        copy = trial.fresh()
        killing = {**env, "KILL_AT": str(number)}
        result = trial.run(*trial.line, cwd=copy, env=killing, check=None)
        assert result.status == KILLED if victim == "both" else result.status in (0, 3)
        trial.refuse_halves(copy, env)


A = ("create", "a", "--host", "a.example.net")
B = ("create", "b", "--host", "b.example.net")
STAGED = "open message"  # the files are written and Git has not begun
DONE = "os.remove journal.json"  # the commit stands


@pytest.mark.parametrize("trial", ["create", "delete"], indirect=True)
@pytest.mark.parametrize("first", [STAGED, DONE])
def test_killed_while_it_settles_a_change_is_old_or_new(trial: Trial, first: str) -> None:
    copy = trial.fresh()
    trial.run(*trial.line, cwd=copy, kill_at=first, check=KILLED)
    events = trial.run.counted(*NEXT, cwd=copy)[1]
    settled = next(n for n, event in enumerate(events, 1) if event.endswith("journal.json"))
    for number in range(1, settled + 6):
        if events[number - 1].startswith("subprocess"):
            continue
        copy = trial.fresh()
        trial.run(*trial.line, cwd=copy, kill_at=first, check=KILLED)
        trial.run(*NEXT, cwd=copy, kill_at=number, check=KILLED)
        trial.refuse_halves(copy)


def test_init_that_is_killed_works_the_next_time(run_preloaded: Preloaded, tmp_path: Path) -> None:
    events = run_preloaded.counted("init", "whole", cwd=tmp_path)[1]
    whole = files(tmp_path / "whole")
    for number in range(1, len(events) + 1, 3):
        folder = tmp_path / f"killed{number}"
        run_preloaded("init", str(folder), cwd=tmp_path, kill_at=number, check=KILLED)
        run_preloaded("init", str(folder), cwd=tmp_path)
        assert files(folder) == whole
        assert not status(folder).partition("\n")[0].endswith("No commits yet on main")
        refuse_remains(folder)


def test_killed_without_a_commit_the_files_are_old_or_new(
    workspace: Path, run_preloaded: Preloaded
) -> None:
    run_preloaded(*A, "--no-commit", cwd=workspace)
    run_preloaded(*B, "--no-commit", cwd=workspace)
    before = files(workspace)
    line = ("edit", "a", "b", "--port", "5070", "--no-commit")
    whole = Path(shutil.copytree(workspace, workspace.with_name("whole")))
    events = run_preloaded.counted(*line, cwd=whole)[1]
    for number in range(1, len(events) + 1):
        copy = Path(shutil.copytree(workspace, workspace.with_name(f"copy{number}")))
        run_preloaded(*line, cwd=copy, kill_at=number, check=KILLED)
        run_preloaded("create", "c", "--host", "c.example.net", "--no-commit", cwd=copy)
        (copy / "endpoints/c.yaml").unlink()
        assert files(copy) in (before, files(whole))
        refuse_remains(copy)


def test_readers_tell_of_a_killed_change_and_leave_it(
    workspace: Path, run_preloaded: Preloaded, run: Program
) -> None:
    run_preloaded(*A, cwd=workspace, kill_at=STAGED, check=KILLED)
    before = files(workspace)
    for line in (["list"], ["status"], ["show", "a"]):
        result = run(*line)
        assert 'interrupted: "Create a"' in result.out + result.err
    assert files(workspace) == before
    assert 'is put back: "Create a"' in run(*B).err
    assert run("list", "-o", "name").out == "b\n"


def test_a_file_edited_after_the_kill_is_kept_aside(
    workspace: Path, run_preloaded: Preloaded, run: Program
) -> None:
    run(*A)
    old = (workspace / "endpoints/a.yaml").read_bytes()
    run_preloaded("edit", "a", "--port", "5070", cwd=workspace, kill_at=STAGED, check=KILLED)
    (workspace / "endpoints/a.yaml").write_text("typed\n")
    told = run("tag", "add", "a", "paris").err
    kept = next((workspace / ".git/sipctl/rescued").rglob("*.yaml"))
    assert kept.read_text() == "typed\n"
    assert str(kept) in told
    assert (workspace / "endpoints/a.yaml").read_bytes() == old + b"tags: [paris]\n"


def test_a_killed_change_is_settled_from_another_workspace_of_the_repository(
    repo: Path, run_preloaded: Preloaded, run: Program, git: Git
) -> None:
    for name in ("one", "two"):
        run("init", name)
    line = (*A, "-C", "one")
    run_preloaded(*line, cwd=repo, kill_at=STAGED, check=KILLED)
    assert "is put back" in run(*B, cwd=repo / "two").err
    assert not (repo / "one/endpoints").exists()
    assert git("status", "--porcelain") == ""
    refuse_remains(repo)


def test_a_killed_change_is_settled_after_the_repository_has_moved(
    workspace: Path, run_preloaded: Preloaded, run: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_preloaded(*A, cwd=workspace, kill_at=STAGED, check=KILLED)
    moved = workspace.rename(workspace.with_name("moved"))
    monkeypatch.chdir(moved)
    assert "is put back" in run(*B).err
    assert not (moved / "endpoints/a.yaml").exists()
    refuse_remains(moved)


def test_a_killed_change_in_a_linked_worktree_is_settled_there(
    workspace: Path, run_preloaded: Preloaded, run: Program, git: Git, tmp_path: Path
) -> None:
    linked = tmp_path / "linked"
    git("worktree", "add", "--quiet", linked)
    hook = workspace / ".git/hooks/reference-transaction"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\n[ -z $KILL ] || kill -9 $PROGRAM $PPID\n")
    hook.chmod(0o755)

    run_preloaded(*A, cwd=linked, env={"KILL": "yes"}, check=KILLED)
    assert (workspace / ".git/refs/heads/linked.lock").exists()
    assert run(*B).err == ""  # the main worktree's own
    assert "is put back" in run(*A, cwd=linked).err
    assert git("status", "--porcelain", cwd=linked) == ""
    refuse_remains(linked, workspace / ".git")


def test_a_commit_made_by_hand_after_the_kill_is_left_as_it_is(
    workspace: Path, run_preloaded: Preloaded, run: Program, git: Git
) -> None:
    run(*A)
    run_preloaded("edit", "a", "--port", "5070", cwd=workspace, kill_at=STAGED, check=KILLED)
    git("add", "endpoints/a.yaml")
    git("commit", "--quiet", "--message=By hand")
    (workspace / "endpoints/a.yaml").write_text("typed\n")
    run(*B)
    assert (workspace / "endpoints/a.yaml").read_text() == "typed\n"


def test_the_lock_of_a_living_git_is_left_alone(
    workspace: Path, run_preloaded: Preloaded, run: Program
) -> None:
    run_preloaded(*A, cwd=workspace, kill_at="os.rename a.yaml.sipctl-new", check=KILLED)
    lock = workspace / ".git/index.lock"
    lock.touch()
    line = (*B, "--lock-timeout", "0")
    assert str(lock) in run(*line, check=3).err
    assert lock.exists()
    lock.unlink()
    run(*line)


def test_the_lock_of_a_git_that_was_started_after_the_kill_is_left_alone(
    workspace: Path, run_preloaded: Preloaded, run: Program, git: Git, tmp_path: Path
) -> None:
    write_hook(workspace, "pre-commit", "kill -9 $PROGRAM $PPID")
    run_preloaded(*A, cwd=workspace, check=KILLED)
    for lock in (workspace / ".git").glob("*.lock"):
        lock.unlink()
    write_hook(workspace, "pre-commit", f"touch {tmp_path}/slow", "sleep 2")
    (workspace / "other").write_text("x")
    git("add", "other")
    with subprocess.Popen(
        ["git", "commit", "--quiet", "--message=By hand", "--only", "other"], env=environment()
    ):
        while not (tmp_path / "slow").exists():
            time.sleep(0.02)
        told = run(*B, "--lock-timeout", "0.2", check=3).err
        assert "another Git process is at work here now" in told
        assert (workspace / ".git/index.lock").exists()
    (workspace / ".git/hooks/pre-commit").unlink()
    assert "is put back" in run(*B).err
    assert git("log", "--format=%s", "-2").splitlines() == ["Create b", "By hand"]
    assert git("show", "--format=", "--name-only", "HEAD^") == "other\n"


def test_what_a_killed_git_has_locked_is_free_again(
    workspace: Path, run_preloaded: Preloaded, run: Program
) -> None:
    write_hook(workspace, "pre-commit", "kill -9 $PROGRAM $PPID")
    run_preloaded(*A, cwd=workspace, check=KILLED)
    (workspace / ".git/hooks/pre-commit").unlink()
    for name in ("index.lock", "next-index-1.lock"):
        (workspace / ".git" / name).touch()
        (workspace / ".git" / f"{name}.lock").touch()  # what it had locked in its turn
    assert "is put back" in run(*B).err
    refuse_remains(workspace)


def test_a_journal_that_cannot_be_read_is_named(workspace: Path, run: Program) -> None:
    run(*A)
    journal = workspace / ".git/sipctl/journal.json"
    journal.write_text("{}")
    assert str(journal) in run("tag", "add", "a", "paris", check=3).err
    assert run("list", "-o", "name").out == "a\n"
    journal.unlink()
    run("tag", "add", "a", "paris")


@pytest.mark.parametrize(("status", "words"), [(0, "finished"), (1, "put back")])
def test_a_git_that_outlives_its_sipctl_is_waited_for(
    status: int, words: str, workspace: Path, run_preloaded: Preloaded, run: Program, git: Git
) -> None:
    hook = workspace / ".git/hooks/pre-commit"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(f"#!/bin/sh\n[ -z $KILL ] || {{ kill -9 $PROGRAM; sleep 1; exit {status}; }}\n")
    hook.chmod(0o755)
    run("validate")  # loads the program, so that the next run comes while the hook sleeps
    run_preloaded(*A, cwd=workspace, env={"KILL": "yes"}, check=KILLED)
    assert f'is {words}: "Create a"' in run(*B).err
    assert (workspace / "endpoints/a.yaml").exists() == (status == 0)
    assert git("status", "--porcelain") == ""
    refuse_remains(workspace)


@pytest.mark.parametrize("kind", ["pipe", "nested"])
def test_nobody_waits_for_what_is_no_journal(
    kind: str, workspace: Path, run: Program, git: Git
) -> None:
    run(*A)
    journal = workspace / ".git/sipctl/journal.json"
    if kind == "pipe":
        os.mkfifo(journal)
    else:
        journal.write_text("[" * 100_000)
    assert "a.example.net" in run("list").out
    told = run("edit", "a", "--port", "5070", check=3).err
    assert "its journal is unreadable" in told
    assert str(journal) in told


def test_hooks_find_nothing_beside_the_files(
    workspace: Path, run: Program, git: Git, tmp_path: Path
) -> None:
    run(*A)
    seen = tmp_path / "seen"
    write_hook(workspace, "pre-commit", f"git status --porcelain >>{seen}", "git add --all")
    run("edit", "a", "--port", "5070")
    run("rename", "a", "b")
    run("delete", "b")
    assert "?" not in seen.read_text()
    assert len(seen.read_text().splitlines()) == 3
    assert git("status", "--porcelain") == ""
    refuse_remains(workspace)


# -- what only its owner may see, or have written -----------------------------------------------


def test_what_a_change_keeps_is_for_its_owner_alone(
    workspace: Path, run: Program, git: Git, tmp_path: Path
) -> None:
    run(*A)
    git("config", "core.sharedRepository", "group")
    (workspace / ".git/sipctl/kept").mkdir(mode=0o777)
    (workspace / ".git").chmod(0o2775)
    line = f"stat -c '%a %n' kept message journal.json >{tmp_path}/seen"
    write_hook(workspace, "pre-commit", f"cd .git/sipctl; {line}")
    run("edit", "a", "--port", "5070")
    assert [row.split()[0][-3:] for row in (tmp_path / "seen").read_text().splitlines()] == [
        *("700", "600", "600"),
    ]


OUTSIDE = ["../x", "/etc/x", "a/../../x", "endpoints/../x", "endpoints/a.yaml/", "", "."]
OUTSIDE += ["notes.txt", "link/endpoints/a.yaml"]
OUTSIDE += [".git/config", ".Git/x.yaml", "endpoints/.git/endpoints/a.yaml"]


@pytest.mark.parametrize("path", OUTSIDE)
def test_a_journal_that_leads_elsewhere_is_refused(
    path: str, workspace: Path, run: Program, tmp_path: Path
) -> None:
    run(*A)
    (workspace / "notes.txt").write_text("notes\n")
    (workspace / "link").symlink_to(tmp_path)
    (tmp_path / "endpoints").mkdir()
    for named in ({"entries": [[path, "b2xk", None]]}, {"added": [path]}, {"made": [path]}):
        journal = _planted(workspace, **named)
        before = state(workspace), sorted(tmp_path.rglob("*"))
        told = run("edit", "a", "--port", "5070", check=3).err
        if path or "entries" in named:
            assert "a journal of an interrupted change that cannot be trusted" in told
            assert f"look at {journal}, and remove it" in told
        assert (state(workspace), sorted(tmp_path.rglob("*"))) == before
    journal.unlink()
    run("edit", "a", "--port", "5070")


def test_a_journal_that_somebody_else_may_have_written_is_refused(
    workspace: Path, run: Program
) -> None:
    run(*A)
    text = (workspace / "endpoints/a.yaml").read_text()
    journal = _planted(workspace, entries=[["endpoints/a.yaml", "b2xk", None]])
    for spoil in (_open_to_all, _give_away):
        spoil(journal)
        assert "cannot be trusted" in run("edit", "a", "--port", "5070", check=3).err
        assert (workspace / "endpoints/a.yaml").read_text() == text


def _planted(workspace: Path, **named: object) -> Path:
    journal = workspace / ".git/sipctl/journal.json"
    whole = {"format": 1, "pid": 1, "head": None, "subject": "x", "commits": False}
    journal.write_text(json.dumps({**whole, "added": [], "made": [], "entries": [], **named}))
    journal.chmod(0o600)
    return journal


def _open_to_all(file: Path) -> None:
    file.chmod(0o666)


def _give_away(file: Path) -> None:
    file.chmod(0o600)
    if os.geteuid() == 0:
        os.chown(file, 12345, 12345)
    else:
        file.chmod(0o660)


@pytest.mark.parametrize("line", [("edit", "a", "--port", "5070"), ("fmt",)])
def test_what_a_killed_process_has_staged_goes_when_it_is_old(
    line: tuple[str, ...], workspace: Path, run: Program
) -> None:
    run(*A)
    old = [
        workspace / "endpoints/.a.yaml.sipctl-new",
        workspace / ".sipctl.yaml.sipctl-new",
        workspace / "scenarios/.b.yaml.sipctl-new",
    ]
    new, other = workspace / "endpoints/.c.yaml.sipctl-new", workspace / "endpoints/.c.yaml.new"
    if line != ("fmt",):
        old.append(workspace / ".git/sipctl/cache-12345678.new")
    for file in (*old, new, other):
        file.parent.mkdir(exist_ok=True)
        file.write_text("password: c4n4ry\n")
    for file in (*old, other):
        os.utime(file, (time.time() - 61,) * 2)
    run(*line)
    assert [file for file in old if file.exists()] == []
    assert new.exists()
    assert other.exists()


def test_fmt_leaves_alone_what_a_change_under_way_has_staged(workspace: Path, run: Program) -> None:
    run(*A)
    _planted(workspace)
    staged = workspace / "endpoints/.a.yaml.sipctl-new"
    staged.write_text("x")
    os.utime(staged, (time.time() - 61,) * 2)
    run("fmt")
    assert staged.exists()
