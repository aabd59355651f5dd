"""What `validate` judges: the disk, the index that Git names, or a commit; and what it tells of."""

import os
import stat
from collections.abc import Sequence
from pathlib import Path

import pytest

from sipctl import judged
from sipctl.git.repository import Repository
from tests.conftest import Git, Program
from tests.support import PROGRAM, Result, execute

GOOD = "reference: a\nhost: a.example.net\n"
BAD = "reference: a\nhost: a_b\n"
FILE = "endpoints/a.yaml"
SCENARIO = """\
reference: s
type: interaction-start
start: x
actions:
  x:
    action: distribution-to-sip-endpoint
    endpoint: a
    branches: {processed: null, unprocessed: z, reference-not-found: z}
  z: {action: transfer-to-number, number: "+33155000009", branches: {ok: null, error: null}}
"""


def put(root: Path, path: str, text: str) -> None:
    (root / path).parent.mkdir(parents=True, exist_ok=True)
    (root / path).write_text(text)


def codes(result: Result) -> list[str]:
    return [f"{f['code']} {f['file']}:{f['line']}" for f in result.json["findings"]]


@pytest.fixture
def committed(workspace: Path, git: Git) -> Path:
    """A workspace with an endpoint and a scenario that uses it, committed."""
    put(workspace, FILE, GOOD)
    put(workspace, "scenarios/s.yaml", SCENARIO)
    git("add", ".")
    git("commit", "-q", "-m", "both")
    return workspace


# -- the index -----------------------------------------------------------------------------------


def test_a_good_file_staged_and_then_broken_on_disk_passes(
    workspace: Path, run: Program, git: Git
) -> None:
    put(workspace, FILE, GOOD)
    git("add", ".")
    put(workspace, FILE, BAD)
    assert codes(run("validate", "--staged", "-f", "json")) == []
    assert codes(run("validate", "-f", "json", check=1)) == [f"SIP204 {FILE}:2"]


def test_a_broken_file_staged_and_then_mended_on_disk_fails(
    workspace: Path, run: Program, git: Git
) -> None:
    put(workspace, FILE, BAD)
    git("add", ".")
    put(workspace, FILE, GOOD)
    assert codes(run("validate", "--staged", "-f", "json", check=1)) == [f"SIP204 {FILE}:2"]
    run("validate")


def test_a_partly_staged_file_is_judged_by_its_staged_part(
    committed: Path, run: Program, git: Git
) -> None:
    put(committed, FILE, GOOD + "port: 0\n")
    git("add", ".")
    put(committed, FILE, GOOD + "port: 5070\nregister: true\n")
    assert codes(run("validate", "--staged", "-f", "json", check=1)) == [f"SIP206 {FILE}:3"]


def test_what_is_not_staged_is_not_there(committed: Path, run: Program) -> None:
    put(committed, "endpoints/b.yaml", BAD)
    put(committed, "endpoints/c.yml", BAD)
    assert run("validate", "--staged", "-f", "json").json["files"] == 3


def test_a_staged_deletion_leaves_a_dangling_reference(
    committed: Path, run: Program, git: Git
) -> None:
    git("rm", "-q", "--cached", FILE)
    found = run("validate", "--staged", "-f", "json", check=1)
    assert codes(found) == ["SIP402 scenarios/s.yaml:7"]
    run("validate")


def test_a_staged_rename_is_seen_from_both_ends(committed: Path, run: Program, git: Git) -> None:
    git("mv", FILE, "endpoints/b.yaml")
    assert codes(run("validate", "--staged", "-f", "json", check=1)) == [
        "SIP301 endpoints/b.yaml:1",
        "SIP402 scenarios/s.yaml:7",
    ]


def test_an_endpoint_that_is_deleted_on_disk_only_is_still_there(
    committed: Path, run: Program
) -> None:
    (committed / FILE).unlink()
    run("validate", "--staged")
    run("validate", check=1)


def test_the_staged_settings_count(committed: Path, run: Program, git: Git) -> None:
    put(committed, FILE, BAD)
    git("add", ".")
    put(committed, "sipctl.yaml", 'version: 1\nrules: {bad-host: "off"}\n')
    run("validate")
    run("validate", "--staged", check=1)
    git("add", "sipctl.yaml")
    put(committed, "sipctl.yaml", "version: 1\n")
    run("validate", "--staged")
    run("validate", check=1)


def test_a_workspace_in_a_folder_of_its_repository_is_judged_alone(
    repo: Path, run: Program, git: Git
) -> None:
    for name, text in (("one", GOOD), ("two", BAD)):
        put(repo, f"{name}/sipctl.yaml", "version: 1\n")
        put(repo, f"{name}/{FILE}", text)
    git("add", ".")
    run("validate", "--staged", cwd=repo / "one")
    run("validate", "--staged", cwd=repo / "one" / "endpoints")
    found = run("-C", "two", "validate", "--staged", "-f", "json", check=1)
    assert codes(found) == [f"SIP204 {FILE}:2"]


def test_an_announced_file_is_not_staged(committed: Path, run: Program, git: Git) -> None:
    put(committed, "endpoints/b.yaml", BAD)
    git("add", "--intent-to-add", "endpoints/b.yaml")
    assert run("validate", "--staged", "-f", "json").json["files"] == 3
    (committed / "endpoints/b.yaml").unlink()
    assert run("validate", "--staged", "-f", "json").json["files"] == 3


def test_an_empty_file_that_is_staged_is_one(committed: Path, run: Program, git: Git) -> None:
    put(committed, "endpoints/b.yaml", "")
    git("add", ".")
    found = run("validate", "--staged", "-f", "json", check=1)
    assert codes(found) == ["SIP104 endpoints/b.yaml:1"]


def test_a_file_in_conflict_is_a_finding(committed: Path, run: Program, git: Git) -> None:
    git("checkout", "-q", "-b", "other")
    put(committed, FILE, GOOD + "port: 5070\n")
    git("commit", "-q", "-am", "theirs")
    git("checkout", "-q", "main")
    put(committed, FILE, GOOD + "port: 5071\n")
    git("commit", "-q", "-am", "ours")
    execute(["git", "merge", "-q", "other"], check=1)
    put(committed, FILE, GOOD)
    found = run("validate", "--staged", check=1)
    assert "error[SIP105]: a merge has left several versions of it" in found.out
    assert f"--> {FILE}:1:1" in found.out
    run("validate")


def test_what_looks_like_a_member_in_the_index_is_told_as_on_disk(
    committed: Path, run: Program, git: Git
) -> None:
    put(committed, "endpoints/b.yml", GOOD)
    put(committed, "endpoints/deep/c.yaml", GOOD)
    put(committed, "endpoints/deep/d.yaml", GOOD)
    put(committed, "endpoints/.hidden/c.yaml", GOOD)
    put(committed, "endpoints/.dot.yaml", GOOD)
    put(committed, "endpoints/.dot.yaml.swp", GOOD)
    put(committed, "endpoints/folder.yaml/c.yaml", GOOD)
    (committed / "endpoints/link.yaml").symlink_to("a.yaml")
    git("add", ".")
    staged = codes(run("validate", "--staged", "-f", "json", check=1))
    assert staged == codes(run("validate", "-f", "json", check=1))
    assert staged == [
        "SIP303 endpoints/.dot.yaml:1",
        "SIP303 endpoints/b.yml:1",
        "SIP303 endpoints/deep:1",
        "SIP111 endpoints/folder.yaml:1",
        "SIP111 endpoints/link.yaml:1",
    ]


def test_a_file_in_place_of_a_folder_is_told(workspace: Path, run: Program, git: Git) -> None:
    (workspace / "endpoints").rmdir()
    put(workspace, "endpoints", "x")
    git("add", ".")
    assert codes(run("validate", "--staged", "-f", "json", check=1)) == ["SIP111 endpoints:1"]


def test_a_repository_in_place_of_a_file_is_told(workspace: Path, run: Program, git: Git) -> None:
    oid = git("rev-parse", "HEAD").strip()
    git("update-index", "--add", "--cacheinfo", f"160000,{oid},{FILE}")
    git("update-index", "--add", "--cacheinfo", f"160000,{oid},endpoints/module")
    found = run("validate", "--staged", "-f", "json", check=1)
    assert codes(found) == [f"SIP111 {FILE}:1", "SIP303 endpoints/module:1"]
    assert found.json["findings"][1]["message"] == "sub-folders are not read"


def test_content_that_git_does_not_have_is_a_finding(
    workspace: Path, run: Program, git: Git
) -> None:
    git("update-index", "--add", "--cacheinfo", f"100644,{'1' * 40},{FILE}")
    assert codes(run("validate", "--staged", "-f", "json", check=1)) == [f"SIP111 {FILE}:1"]


def test_files_without_their_settings_are_refused(repo: Path, run: Program, git: Git) -> None:
    put(repo, "sipctl.yaml", "version: 1\n")
    put(repo, FILE, GOOD)
    git("add", "endpoints")
    assert "git add sipctl.yaml" in run("validate", "--staged", check=3).err


def test_a_workspace_that_goes_as_a_whole_passes(committed: Path, run: Program, git: Git) -> None:
    git("rm", "-q", "-r", "--cached", ".")
    assert "0 files checked: no findings" in run("validate", "--staged").err


def test_the_index_is_found_where_the_disk_has_lost_the_settings(
    committed: Path, run: Program, git: Git
) -> None:
    (committed / "sipctl.yaml").unlink()
    for arguments, folder in (((), committed / "endpoints"), (("-C", committed), committed.parent)):
        found = run(*arguments, "validate", "--staged", "-f", "json", cwd=folder)
        assert found.json["files"] == 3
    assert run("validate", "--rev", "HEAD", "-f", "json").json["files"] == 3
    run("validate", check=3)
    git("rm", "-q", "--cached", "sipctl.yaml")
    run("validate", "--staged", check=3)


def test_the_type_of_a_staged_scenario_is_compared_with_the_last_commit(
    committed: Path, run: Program, git: Git
) -> None:
    put(committed, "scenarios/s.yaml", SCENARIO.replace("interaction-start", "interaction-end"))
    run("validate", "--staged")
    git("add", ".")
    found = run("validate", "--staged", "-f", "json", check=1)
    assert codes(found) == ["SIP414 scenarios/s.yaml:2"]


def test_the_index_of_an_unborn_branch_is_judged(repo: Path, run: Program, git: Git) -> None:
    put(repo, "sipctl.yaml", "version: 1\n")
    put(repo, FILE, BAD)
    git("add", ".")
    run("validate", "--staged", check=1)


def test_staged_files_want_a_repository(tmp_path: Path, run: Program) -> None:
    put(tmp_path, "sipctl.yaml", "version: 1\n")
    told = run("validate", "--staged", cwd=tmp_path, check=3).err
    assert "lies in no Git repository" in told
    run("validate", "--staged", "-C", tmp_path / "nowhere", cwd=tmp_path, check=3)


# -- within hooks --------------------------------------------------------------------------------


def hook(workspace: Path, *lines: str) -> Path:
    """A pre-commit hook that judges what will be committed, and what it told."""
    told = workspace / ".git" / "told"
    file = workspace / ".git" / "hooks" / "pre-commit"
    file.parent.mkdir(exist_ok=True)
    command = f'"{PROGRAM}" validate --staged -f concise > "{told}"'
    file.write_text("\n".join(("#!/bin/sh", *lines, command, "")))
    file.chmod(file.stat().st_mode | stat.S_IXUSR)
    return told


def commit(*arguments: str, check: int) -> None:
    execute(["git", "commit", "-q", "-m", "x", *arguments], check=check)


@pytest.mark.parametrize(
    ("arguments", "a_is_judged", "b_is_judged"),
    [
        ((), False, True),
        (("-a",), True, True),
        (("--only", "endpoints/a.yaml"), True, False),
        (("--include", "endpoints/a.yaml"), True, True),
    ],
)
def test_a_hook_judges_what_this_commit_will_hold(
    workspace: Path, git: Git, arguments: Sequence[str], a_is_judged: bool, b_is_judged: bool
) -> None:
    for name in "ab":
        put(workspace, f"endpoints/{name}.yaml", GOOD.replace("a", name, 1))
    git("add", ".")
    git("commit", "-q", "-m", "good")
    told = hook(workspace)
    for name in "ab":
        put(workspace, f"endpoints/{name}.yaml", f"reference: {name}\nhost: x_{name}\n")
    git("add", "endpoints/b.yaml")
    commit(*arguments, check=1)
    assert ("endpoints/a.yaml:2:7: SIP204" in told.read_text()) == a_is_judged
    assert ("endpoints/b.yaml:2:7: SIP204" in told.read_text()) == b_is_judged
    # on disk all is well, and the hook says no all the same
    before = told.read_text()
    for name in "ab":
        put(workspace, f"endpoints/{name}.yaml", GOOD.replace("a", name, 1))
    if not arguments:
        commit(check=1)
        assert told.read_text() == before


def test_a_hook_lets_a_good_commit_pass_while_the_disk_is_broken(workspace: Path, git: Git) -> None:
    put(workspace, FILE, GOOD)
    put(workspace, "endpoints/b.yaml", GOOD.replace("a", "b", 1))
    git("add", ".")
    hook(workspace)
    put(workspace, FILE, BAD)
    commit(check=0)
    put(workspace, "endpoints/b.yaml", GOOD.replace("a", "b", 1) + "port: 5070\n")
    commit("--only", "endpoints/b.yaml", check=0)
    assert "port: 5070" in git("show", "HEAD:endpoints/b.yaml")


def test_a_hook_in_a_linked_worktree_and_in_a_folder_judges_its_own_index(
    repo: Path, tmp_path: Path, git: Git
) -> None:
    put(repo, "ws/sipctl.yaml", "version: 1\n")
    put(repo, f"ws/{FILE}", GOOD)
    git("add", ".")
    git("commit", "-q", "-m", "good")
    tree = tmp_path / "tree"
    git("worktree", "add", "-q", str(tree))
    told = hook(repo, "cd ws")
    put(tree, f"ws/{FILE}", BAD)
    for arguments in (("-a",), ("--only", f"ws/{FILE}")):
        execute(["git", "commit", "-q", "-m", "x", *arguments], cwd=tree, check=1)
        assert told.read_text().startswith(f"{FILE}:2:7: SIP204")
        told.unlink()


def test_a_hook_judges_another_repository_by_that_ones_own_index(
    workspace: Path, tmp_path: Path, git: Git
) -> None:
    other = tmp_path / "other"
    put(other, "sipctl.yaml", "version: 1\n")
    put(other, FILE, BAD)
    git("init", "-q", cwd=other)
    git("add", ".", cwd=other)
    told = hook(workspace, f'cd "{other}"')
    put(workspace, "endpoints/b.yaml", GOOD.replace("a", "b", 1))
    git("add", ".")
    commit("-a", check=1)
    assert told.read_text().startswith(f"{FILE}:2:7: SIP204")


def test_an_index_elsewhere_is_read_where_git_names_it(
    committed: Path, run: Program, git: Git, monkeypatch: pytest.MonkeyPatch
) -> None:
    index = committed / ".git" / "mine"
    git("read-tree", "HEAD", env={"GIT_INDEX_FILE": str(index)})
    put(committed, FILE, BAD)
    git("add", FILE, env={"GIT_INDEX_FILE": str(index)})
    run("validate", "--staged")
    for name in (str(index), ".git/mine"):
        for folder in (committed, committed / "endpoints"):
            run("validate", "--staged", env={"GIT_INDEX_FILE": name}, cwd=folder, check=1)


def test_the_index_of_another_repository_and_one_that_is_gone_are_not_read(
    committed: Path, tmp_path: Path, run: Program, git: Git
) -> None:
    git("clone", "-q", str(committed), str(tmp_path / "other"))
    git("rm", "-q", "--cached", FILE)
    for name in (str(tmp_path / "other" / ".git" / "index"), "nowhere"):
        run("validate", "--staged", env={"GIT_INDEX_FILE": name}, check=1)


def test_the_program_judges_what_is_staged(committed: Path, sipctl: Program, git: Git) -> None:
    put(committed, FILE, BAD)
    git("add", ".")
    put(committed, FILE, GOOD)
    assert sipctl("validate").status == 0
    assert sipctl("validate", "--staged", check=1).out.startswith("error[SIP204]")
    assert sipctl("validate", "--rev", "HEAD").status == 0
    assert sipctl("validate", "--rev", "nowhere", check=3).out == ""
    assert sipctl("validate", "--staged", "--rev", "HEAD", check=2).out == ""


# -- a commit ------------------------------------------------------------------------------------


def test_a_commit_is_judged_by_its_own_files_and_settings(
    committed: Path, run: Program, git: Git
) -> None:
    put(committed, FILE, BAD)
    put(committed, "sipctl.yaml", "version: 1\nrules: {bad-host: warning}\n")
    git("commit", "-q", "-am", "allowed")
    put(committed, "sipctl.yaml", "version: 1\n")
    git("commit", "-q", "-am", "forbidden")
    git("rm", "-q", FILE)
    git("commit", "-q", "-m", "gone")
    told = {rev: run("validate", "--rev", rev, "-f", "json", check=None) for rev in REVISIONS}
    assert {rev: codes(one) for rev, one in told.items()} == REVISIONS
    assert [one.status for one in told.values()] == [1, 1, 0, 0]


REVISIONS = {
    "HEAD": ["SIP402 scenarios/s.yaml:7"],
    "HEAD~1": [f"SIP204 {FILE}:2"],
    "HEAD~2": [f"SIP204 {FILE}:2"],
    "HEAD~3": [],
}


def test_warnings_of_a_commit_count_with_strict(committed: Path, run: Program, git: Git) -> None:
    put(committed, FILE, GOOD + "register: true\n")
    git("commit", "-q", "-am", "warning")
    run("validate", "--rev", "HEAD")
    run("validate", "--rev", "HEAD", "--strict", check=1)
    run("validate", "--rev", "HEAD~1", "--strict")


def test_the_type_of_a_commits_scenario_is_compared_with_its_first_parent(
    committed: Path, run: Program, git: Git
) -> None:
    put(committed, "scenarios/s.yaml", SCENARIO.replace("interaction-start", "interaction-end"))
    git("commit", "-q", "-am", "another type")
    put(committed, FILE, GOOD + "port: 5070\n")
    git("commit", "-q", "-am", "later")
    found = run("validate", "--rev", "HEAD~1", "-f", "json", check=1)
    assert codes(found) == ["SIP414 scenarios/s.yaml:2"]
    run("validate", "--rev", "HEAD")
    run("validate", "--rev", "HEAD~2")


def test_a_commit_without_a_workspace_is_refused(repo: Path, run: Program, git: Git) -> None:
    put(repo, "README", "")
    git("add", ".")
    git("commit", "-q", "-m", "before")
    put(repo, "sipctl.yaml", "version: 1\n")
    assert 'there is no sipctl.yaml here at "HEAD"' in run("validate", "--rev", "HEAD", check=3).err


def test_a_shallow_clone_judges_its_first_commit(
    committed: Path, tmp_path: Path, run: Program, git: Git
) -> None:
    shallow = tmp_path / "shallow"
    git("clone", "-q", "--depth=1", f"file://{committed}", str(shallow))
    run("validate", "--rev", "HEAD", cwd=shallow)
    run("validate", "--rev", "HEAD~1", cwd=shallow, check=3)


# -- paths ---------------------------------------------------------------------------------------


def test_paths_narrow_what_is_told_and_not_what_is_judged(
    committed: Path, run: Program, git: Git
) -> None:
    (committed / FILE).unlink()
    put(committed, "endpoints/b.yaml", BAD)
    git("add", "-A")
    for mode in ((), ("--staged",)):
        scenario = run("validate", *mode, "-f", "json", "scenarios/s.yaml", check=1)
        assert codes(scenario) == ["SIP402 scenarios/s.yaml:7"]
        assert scenario.json["files"] == 1
        folder = run("validate", *mode, "-f", "json", "endpoints", check=1)
        at = [one.partition(" ")[2] for one in codes(folder)]
        assert at == ["endpoints/b.yaml:1", "endpoints/b.yaml:2"]
        run("validate", *mode, "sipctl.yaml")
        run("validate", *mode, "nowhere.yaml", check=3)
    run("validate", "--staged", FILE, check=3)
    run("validate", "--rev", "HEAD", FILE)


def test_only_what_is_read_is_counted_as_checked(committed: Path, run: Program, git: Git) -> None:
    put(committed, "endpoints/foo.yml", GOOD)
    put(committed, "endpoints/deep/c.yaml", GOOD)
    put(committed, "scenarios/notes.txt", "")
    git("add", ".")
    for mode in ((), ("--staged",)):
        for paths, strays, files in (
            ((), 3, 3),
            (("endpoints",), 2, 1),
            (("endpoints", "scenarios"), 3, 2),
            (("endpoints/foo.yml", "endpoints/deep"), 2, 0),
            (("sipctl.yaml", FILE), 0, 2),
        ):
            found = run("validate", *mode, "-f", "json", *paths).json
            assert (found["warnings"], found["files"]) == (strays, files), (mode, paths)
    told = run("validate", "endpoints").err
    assert told == "sipctl: 1 file checked: 2 warnings\n"


@pytest.mark.parametrize("folder", ["endpoints", "scenarios", "./endpoints/"])
def test_a_folder_that_is_not_there_yet_holds_nothing(
    workspace: Path, run: Program, folder: str
) -> None:
    if (workspace / folder).exists():
        (workspace / folder).rmdir()
    assert run("validate", folder, "-f", "json").json["files"] == 0
    assert run("fmt", folder).out == ""
    run("validate", f"{folder}/a.yaml", check=3)


# -- the parts -----------------------------------------------------------------------------------


def test_every_caller_learns_which_index_git_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GIT_INDEX_FILE", raising=False)
    assert judged.callers_index() is None
    monkeypatch.setenv("GIT_INDEX_FILE", "")
    assert judged.callers_index() is None
    monkeypatch.setenv("GIT_INDEX_FILE", ".git/index")
    assert judged.callers_index() == ".git/index"


def test_an_index_with_a_path_that_is_no_utf_8_is_read(
    committed: Path, run: Program, git: Git
) -> None:
    name = os.fsencode(committed / "endpoints") + b"/\xe9.yaml"
    Path(os.fsdecode(name)).write_text(GOOD)
    git("add", ".")
    repository = Repository.find(committed)
    assert repository is not None
    assert "endpoints/\udce9.yaml" in repository.entries_of_index(["endpoints"], None)
    for format in ("full", "concise", "json", "sarif", "github", "gitlab", "junit"):
        assert run("validate", "--staged", "-f", format, check=1).out
