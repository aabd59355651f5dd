"""What a writing command promises: its own commit of its own paths, or everything as it was."""

import os
import shutil
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.conftest import Git, Program, Terminal
from tests.preloaded import Preloaded, preloaded
from tests.support import PROGRAM, execute
from tests.writers import (
    EDIT_COMMITTED,
    changed_by_head,
    command_line,
    files,
    folders,
    refuse_remains,
    state,
    write_hook,
    write_workspace,
    writing_commands,
)


def test_every_writing_command_has_arguments_to_be_tried_with() -> None:
    for name in writing_commands():
        command_line(name)


# -- what is committed -----------------------------------------------------------------------------


def test_create_is_one_commit_of_one_file(workspace: Path, sipctl: Program, git: Git) -> None:
    before = git("rev-parse", "HEAD")
    fields = ["--codec", "alaw,ulaw", "--username", "+33155000001", "--tag", "paris"]
    sipctl("create", "pbx-paris", "--host", "sip.paris.example.net", *fields)
    assert git("rev-parse", "HEAD^") == before
    assert changed_by_head(workspace) == ["A\tendpoints/pbx-paris.yaml"]
    text = (workspace / "endpoints/pbx-paris.yaml").read_text()
    assert "port:" not in text
    assert 'username: "+33155000001"\n' in text


def test_an_edit_commits_its_own_file_and_leaves_all_else(
    repo: Path, sipctl: Program, git: Git
) -> None:
    write_workspace(repo)
    before = state(repo)
    sipctl("edit", "a", "--port", "5070")
    assert changed_by_head(repo) == ["M\tendpoints/a.yaml"]
    old, new = before.files.pop("endpoints/a.yaml"), files(repo).pop("endpoints/a.yaml")
    assert new == old.replace(b"5061", b"5070")
    after = state(repo)
    del after.files["endpoints/a.yaml"]
    assert after.files == before.files
    assert after.status == before.status  # staged, edited by hand, untracked
    assert git("diff", "--cached", "--name-only") == "notes.txt\n"


def test_an_edit_of_a_file_that_was_edited_by_hand_is_refused(
    repo: Path, sipctl: Program, git: Git
) -> None:
    before = state(write_workspace(repo))
    result = sipctl("edit", "a", "d", "--port", "5070", check=3)
    assert "endpoints/d.yaml" in result.err
    assert "sipctl save d" in result.err
    assert state(repo) == before


@pytest.mark.parametrize(
    "spoil",
    ["untracked", "staged", "edited", "deleted", "removed", "in the index", "unmerged"],
)
def test_uncommitted_is_whatever_git_calls_so(
    spoil: str, workspace: Path, run: Program, git: Git
) -> None:
    run("create", "a", "--host", "a.example.net")
    file = workspace / "endpoints/a.yaml"
    if spoil == "untracked":
        git("rm", "--quiet", "--cached", file)
    elif spoil == "staged":
        text = file.read_text()
        file.write_text(text + "port: 5070\n")
        git("add", file)
        file.write_text(text)
    elif spoil == "edited":
        file.write_text(file.read_text() + "\n")
    elif spoil == "deleted":
        file.unlink()
    elif spoil == "removed":
        git("rm", "--quiet", file)
    elif spoil == "in the index":
        run("edit", "a", "--port", "5070")
        git("reset", "--quiet", "--soft", "HEAD~")
    else:  # they have deleted it, and what we had stands there still
        blob = git("rev-parse", "HEAD:endpoints/a.yaml").strip()
        stages = "".join(f"100644 {blob} {n}\tendpoints/a.yaml\n" for n in (1, 2))
        git("update-index", "--force-remove", file)
        git("update-index", "--index-info", input=stages)
    before = state(workspace)
    line = ["create", "a", "--host", "b.example.net"]
    line = line if spoil in ("deleted", "removed") else ["edit", "a", "--port", "5090"]
    told = run(*line, check=3).err
    said = "several versions" if spoil == "unmerged" else "uncommitted changes are in the way"
    assert said in told
    assert state(workspace) == before
    assert "`sipctl save a`" in told
    run("save", "a")
    run(*line)
    assert git("status", "--porcelain") == ""


def test_the_mode_of_a_file_is_no_edit_and_is_not_committed(
    workspace: Path, run: Program, git: Git
) -> None:
    run("create", "a", "--host", "a.example.net")
    file = workspace / "endpoints/a.yaml"
    file.chmod(0o755)
    run("edit", "a", "--port", "5070")
    assert stat.S_IMODE(file.stat().st_mode) == 0o755
    assert git("ls-tree", "HEAD", "endpoints/a.yaml").startswith("100644")


def test_what_changes_nothing_makes_no_commit(workspace: Path, run: Program, git: Git) -> None:
    run("create", "a", "--host", "a.example.net")
    run("edit", "a", "--port", "5070")
    before = state(workspace)
    assert "nothing to change" in run("edit", "a", "--port", "5070").err
    assert run("edit", "a", "--port", "5070", "-o", "json").json["commit"] is None
    assert state(workspace) == before


def test_json_names_the_commit(workspace: Path, sipctl: Program, git: Git) -> None:
    result = sipctl("create", "a", "--host", "a.example.net", "-o", "json")
    assert result.json["commit"] == git("rev-parse", "HEAD").strip()
    assert result.json["files"] == ["endpoints/a.yaml"]


def test_a_broken_file_elsewhere_hinders_nobody(workspace: Path, run: Program) -> None:
    (workspace / "endpoints/broken.yaml").write_text("reference: [\n")
    run("create", "a", "--host", "a.example.net")
    run("edit", "a", "--port", "5070")
    assert run("list", "-o", "name").out == "a\n"


# -- many at once --------------------------------------------------------------------------------


@pytest.fixture
def many(workspace: Path, git: Git) -> Path:
    """Eleven endpoints, one more than pass without a yes."""
    for number in range(11):
        text = f"reference: e{number}\nhost: e{number}.example.net\ntags: [all]\n"
        (workspace / f"endpoints/e{number}.yaml").write_text(text)
    (workspace / "all.csv").write_text(
        "reference,port\n" + "".join(f"e{n},5070\n" for n in range(11))
    )
    git("add", ".")
    git("commit", "--quiet", "--message=Eleven")
    return workspace


MANY = [
    ["edit", "--where", "tag:all", "--port", "5070"],
    ["tag", "add", "--where", "tag:all", "paris"],
    ["tag", "remove", "--where", "tag:all", "all"],
    ["delete", "--where", "tag:all"],
    ["import", "all.csv", "--update"],
]


@pytest.mark.parametrize("line", MANY, ids=" ".join)
def test_a_change_of_more_than_ten_wants_a_yes(
    line: list[str], many: Path, run: Program, terminal: Terminal, git: Git
) -> None:
    before = state(many)
    assert "--force" in run(*line, check=3).err
    screen = terminal(*line, answers=["n"], check=3)
    assert "e10" in screen.text  # the plan
    assert state(many) == before
    terminal(*line, answers=["y"])
    assert len(changed_by_head(many)) == 11
    for passed in ("--force", "--yes"):
        git("reset", "--quiet", "--hard", "HEAD^")
        run(*line, passed)
        assert len(changed_by_head(many)) == 11


@pytest.mark.parametrize("line", ["edit --port 5070", "delete"])
def test_which_endpoints_are_meant_is_said_in_one_way(line: str, many: Path, run: Program) -> None:
    both = run(*line.split(), "e1", "--where", "tag:all", check=2).err
    assert both == "sipctl: give references or --where, not both\n"
    neither = run(*line.split(), check=2).err
    assert neither.startswith("sipctl: name endpoints, or choose them with --where\n")


def test_what_is_asked_for_a_yes_says_what_would_be_done(
    many: Path, run: Program, terminal: Terminal
) -> None:
    rows = "new,new.example.net,\n" + "".join(f"e{n},,5070\n" for n in range(10))
    (many / "mixed.csv").write_text(f"reference,host,port\n{rows}")
    for line, words in (
        ("import mixed.csv --update", "create new and change 10 endpoints"),
        ("tag add --where tag:all paris", "change 11 endpoints"),
        ("delete --where tag:all", "delete 11 endpoints"),
    ):
        assert f"sipctl: this would {words}\n" in run(*line.split(), check=3).err
        screen = terminal(*line.split(), answers=["d\u00e9truire", "No"], check=3)
        assert f"\n{words}? [y/N]: d" in screen.text
        assert "is neither yes nor no: type y or n\n" in screen.text
    assert "11 deleted" in terminal(*line.split(), answers=[" YES"]).text


def test_ten_pass_without_a_yes(many: Path, run: Program) -> None:
    run("edit", *(f"e{number}" for number in range(10)), "--port", "5070")
    assert len(changed_by_head(many)) == 10


@pytest.mark.parametrize(
    "line",
    [
        ["delete"],
        ["edit", "--port", "5070"],
        ["tag", "add", "paris"],
    ],
    ids=" ".join,
)
def test_several_queries_choose_what_matches_each(
    line: list[str], many: Path, run: Program
) -> None:
    run(*line, "--where", "tag:all", "--where", "ref:e1 or ref:e10", "--where", "not e10")
    assert [line[2:] for line in changed_by_head(many)] == ["endpoints/e1.yaml"]


def test_several_queries_narrow_what_is_read(many: Path, run: Program) -> None:
    narrowed = ("--where", "ref:e1 or ref:e2", "--where", "-e2")
    assert run("list", "-o", "name", *narrowed).lines == ["e1"]
    assert len(run("export", "csv", *narrowed).lines) == 2
    run("list", "--where", "e1", "--where", "(", check=3)


@pytest.mark.parametrize("line", [["create", "a", "--host", "a.example"], ["edit", "e1"]])
def test_codecs_add_up_as_tags_do(line: list[str], many: Path, run: Program) -> None:
    run(*line, "--codec", "ulaw", "--codec", "alaw", "--tag", "v", "--tag", "w")
    text = (many / f"endpoints/{line[1]}.yaml").read_text()
    assert "codecs: [ulaw, alaw]\n" in text
    assert "tags: [v, w]\n" in text


@pytest.mark.parametrize("verb", ["add", "remove"])
def test_a_tag_that_is_an_endpoint_too_is_told_as_one(verb: str, many: Path, run: Program) -> None:
    told = run("tag", verb, "e1", "e2", "vip").err
    assert '"e2" is an endpoint too; ' in told
    assert "--where reference:e1,e2\n" in told
    assert run("list", "--where", "reference:e1,e2", "-o", "name").lines == ["e1", "e2"]
    assert "endpoint" not in run("tag", verb, "e1", "vip").err
    assert "endpoint" not in run("tag", verb, "--where", "reference:e1,e2", "e2").err


def test_a_tag_given_twice_is_refused_as_in_create(many: Path, run: Program) -> None:
    before = state(many)
    for line in (["tag", "add", "e1", "x", "y", "X"], ["edit", "e1", "--tag", "x", "--tag", "X"]):
        assert 'the tag "X" stands twice' in run(*line, check=3).err
    assert state(many) == before


# -- refused, and nothing has changed --------------------------------------------------------------


def no_identity(root: Path, git: Git) -> None:
    git("config", "--global", "--remove-section", "user")
    git("config", "--global", "user.useConfigOnly", "true")


def no_signature(root: Path, git: Git) -> None:
    git("config", "commit.gpgsign", "true")
    git("config", "gpg.program", "false")


def hook_of(name: str, *lines: str) -> Callable[[Path, Git], None]:
    return lambda root, git: write_hook(root, name, *lines, "echo no, says the hook", "exit 1")


REFUSALS: dict[str, tuple[Callable[[Path, Git], None], str]] = {
    "pre-commit": (hook_of("pre-commit"), "no, says the hook"),
    "commit-msg": (hook_of("commit-msg"), "no, says the hook"),
    "a hook that edits": (hook_of("pre-commit", *EDIT_COMMITTED), "no, says the hook"),
    "signature": (no_signature, "gpg failed to sign the data"),
    "identity": (no_identity, "tell me who you are"),
}


@pytest.mark.parametrize("refusal", REFUSALS)
@pytest.mark.parametrize("name", ["create", "edit", "rename", "delete", "save", "init"])
def test_what_git_or_a_hook_refuses_leaves_all_as_it_was(
    name: str, refusal: str, repo: Path, run: Program, git: Git
) -> None:
    spoil, words = REFUSALS[refusal]
    spoil(write_workspace(repo), git)
    before = state(repo), folders(repo)
    result = run(*command_line(name), check=3)
    assert words in result.err
    assert "nothing has changed" in result.err
    assert (state(repo), folders(repo)) == before
    refuse_remains(repo)


def test_a_first_init_that_is_refused_leaves_nothing(
    tmp_path: Path, run: Program, git: Git
) -> None:
    no_identity(tmp_path, git)
    run("init", tmp_path / "new/deep", check=3)
    assert not list(tmp_path.iterdir())
    run("init", check=3, cwd=tmp_path)
    assert not list(tmp_path.iterdir())


def test_what_is_ignored_is_not_committed(workspace: Path, run: Program, git: Git) -> None:
    (workspace / ".git/info").mkdir(exist_ok=True)
    (workspace / ".git/info/exclude").write_text("a.yaml\n")
    before = state(workspace)
    assert "ignored" in run("create", "a", "--host", "a.example.net", check=3).err
    assert state(workspace) == before


# -- no room, no right -----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def run_preloaded() -> Iterator[Preloaded]:
    with preloaded() as run:
        yield run


@pytest.mark.parametrize(
    ("name", "event"),
    [
        ("create", "open .new.yaml.sipctl-new"),
        ("edit", "open .b.yaml.sipctl-new"),
        ("rename", "os.rename .renamed.yaml.sipctl-new"),
        ("delete", "os.remove b.yaml"),
        ("tag rename", "os.rename .b.yaml.sipctl-new"),
        ("save", "open message"),
    ],
)
def test_a_disk_that_is_full_for_a_file_leaves_all_as_it_was(
    name: str, event: str, repo: Path, run_preloaded: Preloaded
) -> None:
    before = state(write_workspace(repo))
    result = run_preloaded(*command_line(name), cwd=repo, full_at=event, check=3)
    assert "could not be written: no space left on device" in result.err
    assert state(repo) == before
    refuse_remains(repo)


def without_room(*limited: str) -> list[str]:
    """Runs a command that can write no byte to any file."""
    return ["sh", "-c", 'trap "" XFSZ; ulimit -f 0; exec "$@"', "sh", *limited]


def test_no_room_for_the_journal_leaves_all_as_it_was(repo: Path) -> None:
    before = state(write_workspace(repo))
    done = execute(without_room(str(PROGRAM), *command_line("edit")), check=3)
    assert "could not be written: file too large" in done.err
    assert state(repo) == before
    refuse_remains(repo)


@pytest.mark.parametrize(
    ("name", "command"),
    [("create", "add"), ("edit", "commit"), ("rename", "add"), ("delete", "commit")],
)
def test_no_room_for_git_leaves_all_as_it_was(
    name: str, command: str, repo: Path, run: Program, tmp_path: Path
) -> None:
    before = state(write_workspace(repo))
    fake = tmp_path / "bin/git"
    fake.parent.mkdir()
    # nor can the index be written to take out what was not put in
    names = f'*" {command} "* | *" update-index "*'
    limit = f'case " $* " in {names}) trap "" XFSZ; ulimit -f 0 ;; esac'
    fake.write_text(f'#!/bin/sh\n{limit}\nexec {shutil.which("git")} "$@"\n')
    fake.chmod(0o755)
    env = {"PATH": f"{fake.parent}{os.pathsep}{os.environ['PATH']}"}
    assert "File too large" in run(*command_line(name), env=env, check=3).err
    assert state(repo) == before
    refuse_remains(repo)


def powerless(*command: str | Path) -> list[str | Path]:
    """The command without root's power to write where the mode forbids it."""
    if os.geteuid() != 0:
        return list(command)
    lost = "-dac_override,-dac_read_search,-fowner"
    return ["setpriv", f"--bounding-set={lost}", f"--inh-caps={lost}", *command]


@pytest.mark.parametrize("folder", ["endpoints", ".git", ".git/objects", ".git/refs/heads"])
@pytest.mark.parametrize("name", ["create", "edit", "delete"])
def test_a_folder_without_write_permission_leaves_all_as_it_was(
    name: str, folder: str, repo: Path
) -> None:
    before = state(write_workspace(repo))
    deep = [path for path in (repo / folder).rglob("*") if path.is_dir()]
    for path in (repo / folder, *deep):
        path.chmod(0o555)
    done = execute(powerless(PROGRAM, *command_line(name)), check=3)
    for path in (repo / folder, *deep):
        path.chmod(0o755)
    assert "ermission" in done.err
    assert state(repo) == before
    refuse_remains(repo)


def test_a_lock_that_may_not_be_taken_is_named(repo: Path) -> None:
    before = state(write_workspace(repo))
    lock = repo / ".git/sipctl/lock"
    lock.parent.mkdir()
    lock.touch(mode=0o000)
    assert str(lock) in execute(powerless(PROGRAM, *command_line("edit")), check=3).err
    assert state(repo) == before
