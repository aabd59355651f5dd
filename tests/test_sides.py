"""Reading two versions of a workspace: what differs alone, or all, and never twice."""

import os
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from hypothesis import given, settings

from sipctl import sharing
from sipctl.diff import sides
from sipctl.diff.comparison import Comparison, State, compare
from sipctl.diff.sides import DISK, Side
from sipctl.git.repository import Repository
from tests.comparing import FILES, PARIS, changed, state, workspaces
from tests.conftest import Git, Program
from tests.support import execute, steps


def git(root: Path, *words: str) -> str:
    return execute(["git", *words], cwd=root).out.strip()


def write(root: Path, files: Mapping[str, str]) -> None:
    """These files and no others."""
    for old in [*root.glob("*.yaml"), *root.glob("*/*.yaml")]:
        old.unlink()
    for path, body in files.items():
        (root / path).parent.mkdir(exist_ok=True, parents=True)
        (root / path).write_text(body)


def committed(root: Path, files: Mapping[str, str]) -> Side:
    write(root, files)
    git(root, "add", "--all")
    git(root, "commit", "--quiet", "--allow-empty", "--message=x")
    return Side("HEAD", git(root, "rev-parse", "HEAD"))


def opened(root: Path) -> Repository:
    found = Repository.find(root)
    assert found is not None
    return found


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("sides")


def seen(states: tuple[State, State]) -> tuple[object, ...]:
    """What two states hold, in any order."""
    return tuple(
        (sorted((p, m.data, m.findings) for p, m in one.members.items()), one.settings)
        for one in states
    )


def faults_of(found: Comparison, paths: set[str]) -> list[tuple[str, object]]:
    return [(f.side, f.finding) for f in found.faults if f.finding.place.file in paths]


@settings(max_examples=30)
@given(old=workspaces(), new=workspaces())
def test_what_differs_is_compared_as_the_whole_is(
    old: dict[str, str], new: dict[str, str], shared: Path
) -> None:
    if not (shared / ".git").exists():
        git(shared, "init", "--quiet", "--initial-branch=main")
    first = committed(shared, old)
    second = committed(shared, new)
    repository = opened(shared)
    expected = state(old), state(new)
    whole = compare(*expected)
    differing = {path for path in {*old, *new} if old.get(path) != new.get(path)}
    for side in (second, DISK):
        assert seen(sides.read(shared, repository, first, side)) == seen(expected)
        for many in (500, 1):
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(sharing, "_MANY", many)
                found = sides.compared(shared, repository, first, side)
            assert found.differences == whole.differences
            assert found.layout == whole.layout
            assert faults_of(found, differing) == list(found.faults)
            assert faults_of(found, differing) == faults_of(whole, differing)


def many(count: int) -> dict[str, str]:
    more = {
        f"endpoints/pbx-{n:03}.yaml": f"reference: pbx-{n:03}\nhost: h{n}.example.net\n"
        for n in range(count)
    }
    return {**FILES, **more}


def cost(read: Callable[..., object], root: Path, old: Side, new: Side) -> int:
    repository = opened(root)
    repository.head()  # what is loaded for the first time is loaded now
    return steps(lambda: read(root, repository, old, new))


@pytest.mark.parametrize("on_disk", [False, True])
def test_what_does_not_differ_is_not_parsed(on_disk: bool, repo: Path) -> None:
    costs: dict[Callable[..., object], list[int]] = {sides.read: [], sides.compared: []}
    for count in (10, 90):
        old = committed(repo, many(count))
        new = committed(repo, changed(many(count), pbx_paris={"5060": "5061"}))
        for read, found in costs.items():
            found.append(cost(read, repo, old, DISK if on_disk else new))
    whole, differing = (more - few for few, more in costs.values())
    assert 5 * differing < whole  # a file on disk is opened at least


def test_what_does_not_differ_is_parsed_once(repo: Path) -> None:
    old = committed(repo, many(50))
    one = committed(repo, changed(many(50), pbx_paris={"5060": "5061"}))
    all_ = committed(repo, {path: f"{text}# x\n" for path, text in many(50).items()})
    assert 1.6 * cost(sides.read, repo, old, one) < cost(sides.read, repo, old, all_)


# -- what is the same ----------------------------------------------------------------------------


def test_a_file_that_git_would_store_as_it_is_stored_does_not_differ(
    workspace: Path, git: Git, run: Program
) -> None:
    git("config", "core.autocrlf", "true")
    run("create", "a", "--host", "a.example.net")
    assert b"\r" not in (workspace / "endpoints/a.yaml").read_bytes()
    for form in ("text", "json"):
        result = run("diff", "-o", form)
        assert result.json["layout_only"] == [] if form == "json" else result.out == ""
    (workspace / "endpoints/a.yaml").write_bytes(b"reference: a\r\nhost: a.example.net\r\n")
    assert run("diff").out == ""


def test_a_file_is_compared_as_a_filter_lets_it_be_seen(repo: Path, git: Git, run: Program) -> None:
    git("config", "filter.rot.clean", "tr a-z n-za-m")
    git("config", "filter.rot.smudge", "tr a-z n-za-m")
    (repo / ".gitattributes").write_text("endpoints/* filter=rot\n")
    first = committed(repo, FILES)
    committed(repo, changed(FILES, pbx_paris={"5060": "5061"}))
    assert git("show", "HEAD:endpoints/pbx-paris.yaml").startswith("ersrerapr: ")
    assert "port: 5060 -> 5061" in run("diff", str(first.commit), "HEAD").out
    assert "port: 5060 -> 5061" in run("diff", str(first.commit)).out
    assert run("diff").out == ""


def test_a_mode_is_no_difference(repo: Path, run: Program) -> None:
    committed(repo, FILES)
    (repo / "endpoints/pbx-paris.yaml").chmod(0o755)
    git(repo, "commit", "--quiet", "--all", "--message=Mode")
    assert run("diff", "HEAD~1", "HEAD").out == run("diff", "HEAD~1").out == ""


def test_a_link_or_a_folder_in_the_place_of_a_file_differs(repo: Path, run: Program) -> None:
    committed(repo, {**FILES, "endpoints/b.yaml": PARIS.replace("pbx-paris", "b")})
    for name in ("pbx-paris", "b"):
        (repo / f"endpoints/{name}.yaml").unlink()
    (repo / "endpoints/pbx-paris.yaml").symlink_to("elsewhere")
    os.mkfifo(repo / "endpoints/b.yaml")
    out = run("diff").out
    assert "cannot be read: it cannot be read: it is a symbolic link" in out
    assert "cannot be read: it cannot be read: it is not a plain file" in out
    (repo / "endpoints/b.yaml").unlink()
    git(repo, "add", "--all")
    git(repo, "commit", "--quiet", "--message=Link")
    assert run("diff", "HEAD~1", "HEAD").out.startswith("- b\n- pbx-paris\n")


def test_a_repository_with_long_hashes_is_compared_too(
    tmp_path: Path, run: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    git(tmp_path, "init", "--quiet", "--object-format=sha256")
    monkeypatch.chdir(tmp_path)
    committed(tmp_path, FILES)
    committed(tmp_path, changed(FILES, pbx_paris={"5060": "5061"}))
    assert run("diff").out == ""
    assert "port: 5060 -> 5061" in run("diff", "HEAD~1").out
    assert "port: 5060 -> 5061" in run("diff", "HEAD~1", "HEAD").out
    committed(tmp_path, {**FILES, "endpoints/b.yaml": PARIS.replace("pbx-paris", "b")})
    for line in ("history", "history b"):
        assert "+ b (from pbx-paris)" in run(*line.split()).out
    assert "port: 5060 -> 5061" in run("history", "pbx-paris").out


def test_what_cannot_be_read_and_does_not_differ_is_told_in_json(
    repo: Path, sipctl: Program
) -> None:
    committed(repo, {**FILES, "endpoints/broken.yaml": "host: [\n"})
    committed(repo, {**FILES, "endpoints/broken.yaml": "host: [\n", "endpoints/new.yaml": "x: [\n"})
    told = sipctl("diff", "HEAD~1", "HEAD", "-o", "json")
    assert [(f["side"], f["file"]) for f in told.json["unreadable"]] == [
        ("old", "endpoints/broken.yaml"),
        ("new", "endpoints/broken.yaml"),
        ("new", "endpoints/new.yaml"),
    ]
    assert "2 files could not be read" in told.err
    assert "1 file could not be read: endpoints/new.yaml" in sipctl("diff", "HEAD~1", "HEAD").err
