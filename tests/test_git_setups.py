"""The Git set-ups that sipctl works in, each with create, edit, save, rename and delete."""

import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from sipctl.storage import disk
from tests.conftest import Git, Program, Terminal
from tests.support import PROGRAM, execute, needed
from tests.writers import changed_by_head, message_of_head, refuse_remains, write_hook

CREATE = ("create", "a", "--host", "a.example.net", "--description", "# not a comment")


def work(run: Program, root: Path, git: Git, prefix: str = "", commits: int = 0) -> None:
    """A day's work in the workspace at `root`; the repository is clean after each command.

    `prefix` is the workspace's folder in the repository, `commits` how many HEAD has before.
    """
    file = root / "endpoints/a.yaml"
    run(*CREATE, cwd=root)
    assert changed_by_head(root) == [f"A\t{prefix}endpoints/a.yaml"]
    run("edit", "a", "--port", "5070", cwd=root)
    assert changed_by_head(root) == [f"M\t{prefix}endpoints/a.yaml"]
    file.write_bytes(file.read_bytes().replace(b"5070", b"5071"))
    run("edit", "a", "--realm", "x", cwd=root, check=3)
    run("save", cwd=root)
    assert "port: 5070 -> 5071" in message_of_head(root)
    run("edit", "a", "--realm", "x", "--no-commit", cwd=root)
    run("save", "a", cwd=root)
    assert "realm: - -> x" in message_of_head(root)
    run("rename", "a", "A", cwd=root)
    run("undo", cwd=root)
    assert file.exists()
    run("delete", "a", cwd=root)
    assert changed_by_head(root) == [f"D\t{prefix}endpoints/a.yaml"]
    run("restore", "a", cwd=root)
    assert b"# not a comment" in file.read_bytes()
    assert git("status", "--porcelain", cwd=root) == ""
    assert git("rev-list", "--count", "HEAD", cwd=root) == f"{commits + 8}\n"


def test_a_repository_of_its_own(workspace: Path, run: Program, git: Git) -> None:
    work(run, workspace, git, commits=1)
    refuse_remains(workspace)


def test_a_sub_folder_of_a_larger_repository(repo: Path, run: Program, git: Git) -> None:
    (repo / "other").mkdir()
    (repo / "other/file").write_text("x\n")
    git("add", ".")
    git("commit", "--quiet", "--message=Something else")
    (repo / "other/file").write_text("y\n")
    git("add", ".")
    (repo / "other/file").write_text("z\n")
    run("init", "deep/telephony")
    before = git("status", "--porcelain")
    assert before == "MM other/file\n"
    git("stash", "--quiet")
    work(run, repo / "deep/telephony", git, prefix="deep/telephony/", commits=2)
    git("stash", "pop", "--quiet", "--index")
    run("edit", "a", "--port", "5099", "-C", "deep/telephony")
    assert git("status", "--porcelain") == before
    refuse_remains(repo)


def test_a_linked_worktree(workspace: Path, run: Program, git: Git, tmp_path: Path) -> None:
    linked = tmp_path / "linked"
    git("worktree", "add", "--quiet", "-b", "branch", linked)
    (linked / "endpoints").mkdir(exist_ok=True)
    work(run, linked, git, commits=1)
    assert git("rev-list", "--count", "main") == "1\n"
    refuse_remains(linked, workspace / ".git")


def test_a_submodule(workspace: Path, run: Program, git: Git, tmp_path: Path) -> None:
    around = tmp_path / "around"
    git("init", "--quiet", around)
    allow = ("-c", "protocol.file.allow=always")
    git(*allow, "submodule", "--quiet", "add", workspace, "telephony", cwd=around)
    work(run, around / "telephony", git, commits=1)
    refuse_remains(around / "telephony", around / ".git/modules/telephony")


def test_a_git_directory_elsewhere(workspace: Path, run: Program, git: Git, tmp_path: Path) -> None:
    git("init", "--quiet", f"--separate-git-dir={tmp_path / 'elsewhere'}")
    assert (workspace / ".git").is_file()
    work(run, workspace, git, commits=1)
    refuse_remains(workspace, tmp_path / "elsewhere")


def test_a_linked_worktree_of_a_bare_repository(
    workspace: Path, run: Program, git: Git, tmp_path: Path
) -> None:
    bare, linked = tmp_path / "bare.git", tmp_path / "linked"
    git("clone", "--quiet", "--bare", workspace, bare)
    git("worktree", "add", "--quiet", linked, cwd=bare)
    (linked / "endpoints").mkdir(exist_ok=True)
    work(run, linked, git, commits=1)


def test_a_repository_among_the_files_of_another_runs_no_program_of_its_own(
    workspace: Path, run: Program, git: Git, tmp_path: Path, terminal: Terminal
) -> None:
    """Whoever can commit can commit the files of a bare repository, and settings in them."""
    knows = tuple(map(int, git("version").split()[2].split(".")[:2])) >= (2, 38)
    run(*CREATE)
    inner, ran = workspace / "inner", tmp_path / "ran"
    git("clone", "--quiet", "--bare", workspace, inner)
    git("config", "core.bare", "false", cwd=inner)
    git("config", "core.worktree", str(inner), cwd=inner)
    for key in ("core.pager", "core.fsmonitor", "core.editor", "filter.x.clean"):
        git("config", key, f"touch {ran}; cat", cwd=inner)
    (inner / ".gitattributes").write_text("* filter=x\n")
    hook = inner / "hooks/pre-commit"
    hook.write_text(f"#!/bin/sh\ntouch {ran}\n")
    hook.chmod(0o755)
    (inner / "sipctl.yaml").write_text("version: 1\n")
    (inner / "endpoints").mkdir()
    (inner / "endpoints/b.yaml").write_text("reference: b\nhost: b.example.net\n")
    for line in ("status", "diff", "history", "edit b --port 5070", "save", "validate"):
        run("-C", "inner", *line.split(), check=None)
        assert not (knows and ran.exists()), line
    terminal("-C", "inner", "list", check=None)
    assert not (knows and ran.exists())
    run(
        "__complete",
        "bash",
        "3",
        "--",
        "sipctl",
        "-C",
        "inner",
        "show",
        "b",
        "--at",
        "",
        check=None,
    )
    assert not (knows and ran.exists())


def test_a_detached_head(workspace: Path, run: Program, git: Git) -> None:
    git("checkout", "--quiet", "--detach")
    work(run, workspace, git, commits=1)
    assert git("rev-list", "--count", "main") == "1\n"
    assert "HEAD is detached" in run("status").out


def test_an_unborn_branch(repo: Path, run: Program, git: Git) -> None:
    (repo / "sipctl.yaml").write_text("version: 1\n")
    write_hook(repo, "pre-commit", "exit 1")
    run(*CREATE, check=3)
    assert git("status", "--porcelain") == "?? sipctl.yaml\n"
    assert not (repo / "endpoints").exists()
    (repo / ".git/hooks/pre-commit").unlink()
    run("save")
    assert changed_by_head(repo) == ["A\tsipctl.yaml"]
    work(run, repo, git, commits=1)


def test_a_first_commit_that_is_an_endpoint(repo: Path, run: Program, git: Git) -> None:
    (repo / "sipctl.yaml").write_text("version: 1\n")
    run(*CREATE)
    assert changed_by_head(repo) == ["A\tendpoints/a.yaml"]
    assert git("status", "--porcelain") == "?? sipctl.yaml\n"


@pytest.mark.parametrize("safe", ["false", "warn"])
def test_line_ends_that_git_translates(safe: str, workspace: Path, run: Program, git: Git) -> None:
    git("config", "core.autocrlf", "true")
    git("config", "core.safecrlf", safe)
    work(run, workspace, git, commits=1)
    (workspace / "endpoints/a.yaml").unlink()
    git("checkout", "--quiet", "endpoints/a.yaml")
    assert b"\r\n" in (workspace / "endpoints/a.yaml").read_bytes()
    run("edit", "a", "--port", "5099")
    assert (workspace / "endpoints/a.yaml").read_bytes().count(b"\r\n") == 5
    assert b"\r" not in git("show", "HEAD:endpoints/a.yaml").encode()
    run("tag", "add", "a", "paris", "--no-commit")
    assert '"tags"' in run("save", "-o", "json").out
    assert message_of_head(workspace).count("->") == 1
    assert git("status", "--porcelain") == ""


def test_files_that_git_filters(workspace: Path, run: Program, git: Git) -> None:
    git("config", "filter.rot.clean", "tr a-z n-za-m")
    git("config", "filter.rot.smudge", "tr a-z n-za-m")
    git("config", "filter.rot.required", "true")
    (workspace / ".gitattributes").write_text("endpoints/* filter=rot\n")
    git("add", ".")
    git("commit", "--quiet", "--message=Filter")
    work(run, workspace, git, commits=2)
    assert git("show", "HEAD:endpoints/a.yaml").startswith("ersrerapr: n\n")


@pytest.mark.parametrize("name", ["with blanks and ümläute 電話", "-dash", "quo'te\"", "a[b]*"])
def test_a_path_with_any_letters(
    name: str, tmp_path: Path, run: Program, git: Git, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    run("init", f"./{name}")
    work(run, tmp_path / name, git, commits=1)
    refuse_remains(tmp_path / name)
    run("init", f"./{name}/{name}")
    run("create", "b", "--host", "b.example.net", "-C", f"./{name}/{name}")
    assert git("status", "--porcelain", cwd=tmp_path / name) == ""


def test_a_workspace_that_is_a_symbolic_link(
    repo: Path, run: Program, git: Git, tmp_path: Path
) -> None:
    run("init", "telephony")
    link = tmp_path / "link"
    link.symlink_to(repo / "telephony")
    work(run, link, git, prefix="telephony/", commits=1)
    execute(["sh", "-c", f'cd "{link}/endpoints" && {PROGRAM} edit a --port 5099'])
    assert changed_by_head(repo) == ["M\ttelephony/endpoints/a.yaml"]


def test_hooks_in_a_folder_of_their_own(
    workspace: Path, run: Program, git: Git, tmp_path: Path
) -> None:
    write_hook(workspace, "pre-commit", f"echo called >>{tmp_path}/called")
    (workspace / ".git/hooks").rename(tmp_path / "hooks")
    git("config", "core.hooksPath", tmp_path / "hooks")
    work(run, workspace, git, commits=1)
    assert (tmp_path / "called").read_text().count("called") == 8


@pytest.mark.parametrize(
    "setting",
    [
        "commit.cleanup=strip",
        "commit.cleanup=scissors",
        "commit.verbose=true",
        "commit.status=false",
        "commit.template=no/such/file",
        "core.commentChar=C",
        "core.quotePath=true",
        "core.fsmonitor=true",
        "core.untrackedCache=true",
        "core.splitIndex=true",
        "core.precomposeUnicode=true",
        "core.ignoreCase=true",
        "core.sharedRepository=group",
        "core.logAllRefUpdates=false",
        "diff.noprefix=true",
        "diff.renames=false",
        "diff.relative=true",
        "i18n.logOutputEncoding=ISO-8859-1",
        "index.version=4",
        "log.showSignature=true",
        "status.relativePaths=false",
        "status.showUntrackedFiles=no",
        "status.branch=true",
        "submodule.recurse=true",
        "trailer.separators=%",
    ],
)
def test_a_setting_of_the_user_changes_nothing(
    setting: str, workspace: Path, run: Program, git: Git
) -> None:
    git("config", *setting.split("=", 1))
    run("create", "a", "--host", "a.example.net", "-m", "# 1 is the subject\n\nCome with #")
    assert message_of_head(workspace) == (
        "# 1 is the subject\n\nCome with #\n\n"
        "created: a\n  host: a.example.net\n\nSipctl-Operation: create"
    )
    run("edit", "a", "--port", "5070")
    (workspace / "endpoints/b.yaml").write_text("reference: b\nhost: b.example.net\n")
    run("edit", "b", "--port", "5070", check=3)
    run("save")
    assert changed_by_head(workspace) == ["A\tendpoints/b.yaml"]
    run("undo")
    run("rename", "a", "A")
    assert git("ls-files", "endpoints") == "endpoints/A.yaml\n"
    assert git("status", "--porcelain", "--untracked-files=all") == ""
    refuse_remains(workspace)


@pytest.mark.parametrize(
    ("shared", "modes"), [("umask", ["755", "644"]), ("group", ["2775", "664"])]
)
def test_who_shares_the_repository_shares_the_lock(
    shared: str, modes: list[str], repo: Path, run: Program, git: Git
) -> None:
    git("init", "--quiet", f"--shared={shared}")
    before = os.umask(0o022)
    try:
        run("init")
        run(*CREATE)
    finally:
        os.umask(before)
    own = repo / ".git/sipctl"
    typed = disk.own_folder(own.parent, "typed")
    assert f"{stat.S_IMODE(typed.stat().st_mode):o}" == modes[0]
    assert [f"{stat.S_IMODE(file.stat().st_mode):o}" for file in (own, own / "lock")] == modes


def test_a_signature_is_made(workspace: Path, run: Program, git: Git, home: Path) -> None:
    key = home / "key"
    execute(
        [needed("ssh-keygen", "openssh-client"), "-q", "-t", "ed25519", "-N", "", "-f", str(key)]
    )
    (home / "signers").write_text(f"ada@example.net {key.with_suffix('.pub').read_text()}")
    settings = {
        "commit.gpgsign": "true",
        "gpg.format": "ssh",
        "user.signingkey": str(key),
        "gpg.ssh.allowedSignersFile": str(home / "signers"),
    }
    for name, value in settings.items():
        git("config", name, value)
    work(run, workspace, git, commits=1)
    assert set(git("log", "--format=%G?", "-8").split()) == {"G"}


def test_the_author_is_who_the_user_says(workspace: Path, run: Program, git: Git) -> None:
    env = {"GIT_AUTHOR_NAME": "Zoë", "GIT_AUTHOR_EMAIL": "zoe@example.net"}
    run(*CREATE, env=env)
    assert git("log", "-1", "--format=%an <%ae>, %cn") == "Zoë <zoe@example.net>, Ada Tester\n"


def test_a_staged_index_of_another_process_is_not_ours(
    workspace: Path, run: Program, git: Git
) -> None:
    """Git names an index and a folder to its hooks; a sipctl there works on its own workspace."""
    env = {"GIT_DIR": "/nowhere", "GIT_INDEX_FILE": "/nowhere/index", "GIT_PREFIX": "x/"}
    run(*CREATE, env=env)
    assert changed_by_head(workspace) == ["A\tendpoints/a.yaml"]
    assert git("status", "--porcelain") == ""


@pytest.mark.parametrize("command", ["edit a --port 5070", "status", "diff", "save"])
def test_another_work_tree_is_left_alone(
    command: str, workspace: Path, run: Program, git: Git, tmp_path: Path
) -> None:
    """Variables of Git may name the tree of another repository, with the same paths in it."""
    run(*CREATE)
    git("clone", "--quiet", ".", tmp_path / "other")
    env = {"GIT_DIR": str(tmp_path / "other/.git"), "GIT_WORK_TREE": str(tmp_path / "other")}
    told = run(*command.split(), env=env, check=3).err
    assert "unset GIT_DIR and GIT_WORK_TREE" in told
    for root in (workspace, tmp_path / "other"):
        assert git("status", "--porcelain", cwd=root) == ""
        assert git("rev-list", "--count", "HEAD", cwd=root) == "2\n"


# -- under sudo ----------------------------------------------------------------------------------


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that another user can reach; those of pytest are closed to others."""
    folder = Path(tempfile.mkdtemp(prefix="sipctl-test-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def owner(home: Path, open_folder: Path, monkeypatch: pytest.MonkeyPatch) -> int:
    """Who called sudo: somebody else where the tests run as root, else who runs them."""
    uid = 65534 if os.geteuid() == 0 else os.getuid()
    monkeypatch.setenv("SUDO_UID", str(uid))
    monkeypatch.setenv("SUDO_GID", str(uid))
    monkeypatch.setenv("SUDO_USER", "somebody")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(open_folder))
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(open_folder / "gitconfig"))
    shutil.copy(home / ".gitconfig", open_folder / "gitconfig")
    return uid


def owners(folder: Path) -> set[int]:
    return {path.lstat().st_uid for path in (folder, *folder.rglob("*"))}


def test_under_sudo_every_file_keeps_its_owner(
    owner: int, open_folder: Path, workspace: Path, sipctl: Program, git: Git
) -> None:
    theirs = Path(shutil.copytree(workspace, open_folder / "theirs", symlinks=True))
    for path in (theirs, *theirs.rglob("*")):
        os.chown(path, owner, owner)
    sipctl(*CREATE, cwd=theirs)
    sipctl("edit", "a", "--port", "5070", cwd=theirs)
    sipctl("rename", "a", "b", cwd=theirs)
    sipctl("edit", "b", "--port", "5071", "--no-commit", cwd=theirs)
    sipctl("save", cwd=theirs)
    write_hook(theirs, "pre-commit", "id -u; exit 1")
    assert f"sipctl: {owner}\n" in sipctl("tag", "add", "b", "paris", cwd=theirs, check=3).err
    (theirs / ".git/hooks/pre-commit").unlink()
    assert owners(theirs) == {owner}


def test_under_sudo_a_new_workspace_belongs_to_the_owner_of_the_folder(
    owner: int, open_folder: Path, sipctl: Program
) -> None:
    os.chown(open_folder, owner, owner)
    sipctl("init", "new", cwd=open_folder)
    assert owners(open_folder / "new") == {owner}


def test_under_sudo_the_author_is_who_called_it(
    owner: int, workspace: Path, sipctl: Program, git: Git
) -> None:
    """The workspace is of the one who runs this, who is root where it matters."""
    sipctl(*CREATE)
    person = "nobody" if os.geteuid() == 0 else "Ada Tester"
    assert git("log", "-1", "--format=%an, %cn") == f"{person}, Ada Tester\n"
    assert owners(workspace) == {os.geteuid()}


# -- line ends that Git converts ------------------------------------------------------------------

LINE_ENDS = ("autocrlf true", "autocrlf input", "eol crlf", "text auto")


@pytest.fixture(params=LINE_ENDS)
def converted(request: pytest.FixtureRequest, workspace: Path, git: Git) -> Path:
    """A workspace whose files have other line ends than Git stores, or would give them."""
    kind, value = request.param.split()
    if kind == "autocrlf":
        git("config", "core.autocrlf", value)
    else:
        (workspace / ".gitattributes").write_text(
            f"*.yaml text{'=auto' * (kind == 'text')} eol=crlf\n"
        )
        git("add", ".gitattributes")
        git("commit", "--quiet", "--message=Line ends")
    return workspace


ENDS = pytest.mark.parametrize("end", [b"\n", b"\r\n"], ids=["lf", "crlf"])


def give(file: Path, end: bytes, git: Git) -> None:
    """Give a file these line ends, if Git takes them for the same."""
    file.write_bytes(file.read_bytes().replace(b"\r\n", b"\n").replace(b"\n", end))
    if git("status", "--porcelain").strip():
        git("checkout", "--", ".")


@ENDS
def test_a_restore_takes_line_ends_for_no_change(
    end: bytes, converted: Path, run: Program, git: Git
) -> None:
    file = converted / "endpoints/a.yaml"
    run("create", "a", "--host", "a.example.net")
    run("edit", "a", "--port", "5070")
    give(file, end, git)
    tree = git("rev-parse", "HEAD~1^{tree}")
    for words in ("a --at HEAD", "--all --at HEAD"):
        assert "nothing to change" in run("restore", *words.split()).err
    run("restore", "a")
    assert git("rev-parse", "HEAD^{tree}") == tree
    run("scenario", "create", "s")
    run("scenario", "edit", "s", "--name", "Night")
    give(converted / "scenarios/s.yaml", end, git)
    tree = git("rev-parse", "HEAD~1^{tree}")
    run("scenario", "restore", "s")
    assert git("rev-parse", "HEAD^{tree}") == tree
    assert git("status", "--porcelain") == ""


@ENDS
def test_an_undo_gives_the_former_tree_whatever_the_line_ends(
    end: bytes, converted: Path, run: Program, git: Git, tmp_path: Path
) -> None:
    file = converted / "endpoints/a.yaml"
    file.parent.mkdir(exist_ok=True)
    file.write_text("reference: a\nhost: a.example.net\n")
    run("save")
    for line in (
        "edit a --port 5070",
        "rename a 9",
        "tag add 9 new",
        "delete 9",
        "secret keygen --name ada",
    ):
        before = git("rev-parse", "HEAD^{tree}")
        run(*line.split(), env={"SIPCTL_IDENTITY_FILE": str(tmp_path / "key")})
        for path in ("endpoints/a.yaml", "endpoints/9.yaml", "sipctl.yaml"):
            if (converted / path).exists():
                give(converted / path, end, git)
        undone = git("rev-parse", "HEAD").strip()
        run("undo")
        assert git("rev-parse", "HEAD^{tree}") == before, line
        run("undo", "HEAD")  # what was undone is done again
        assert git("rev-parse", "HEAD^{tree}") == git("rev-parse", f"{undone}^{{tree}}")
        assert git("status", "--porcelain") == ""


@ENDS
def test_an_undo_takes_back_a_commit_of_comments_whatever_the_line_ends(
    end: bytes, converted: Path, run: Program, git: Git
) -> None:
    file = converted / "endpoints/a.yaml"
    run("create", "a", "--host", "a.example.net")
    before = git("rev-parse", "HEAD^{tree}")
    with file.open("a") as stream:
        stream.write("# a comment\n")
    run("save")
    give(file, end, git)
    run("undo", "HEAD")
    assert git("rev-parse", "HEAD^{tree}") == before
