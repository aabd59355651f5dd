"""Which files Git would take into a commit, of many as of each alone."""

import json
import shutil
from pathlib import Path

import pytest

from sipctl.git.exposure import exposed
from sipctl.git.repository import Repository
from tests.conftest import Git, Program
from tests.support import execute, steps

FILES = (
    "plain",
    "a.key",
    "keep.key",
    "tracked.key",
    "hidden/x",
    "hidden/deep/y",
    "hidden/tracked",
    "a b/with\nline.key",
    "endpoints/é.key",
    "nested/c.key",
    "nested/plain",
    "sub/b.key",
    "sub/deep/b.key",
)
LINKS = {"seen": "hidden/x", "away": "/etc/hostname", "linked": "hidden"}
ASKED = (
    *FILES,
    "seen",
    "away",
    "linked/x",
    "missing",
    "missing.key",
    ".git/config",
    "../outside.key",
)


@pytest.fixture
def varied(workspace: Path, git: Git, tmp_path: Path) -> Repository:
    """Files that are ignored or not, tracked or not, in the repository and in others within it."""
    (workspace / ".gitignore").write_text("*.key\nhidden/\n!keep.key\n")
    for path in FILES:
        (workspace / path).parent.mkdir(parents=True, exist_ok=True)
        (workspace / path).write_text(path)
    for path, target in LINKS.items():
        (workspace / path).symlink_to(target)
    git("init", "--quiet", "nested")
    inner = Path(shutil.copytree(workspace / "sub", tmp_path / "inner"))
    git("init", "--quiet", cwd=inner)
    git("add", "--all", cwd=inner)
    git("commit", "--quiet", "--message=Inner", cwd=inner)
    shutil.rmtree(workspace / "sub")
    git("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", inner, "sub")
    git("add", "--force", "tracked.key", "hidden/tracked")
    found = Repository.find(workspace)
    assert found is not None
    return found


def alone(path: str, known: Repository) -> bool:
    """What Git says of one path; it refuses to tell of one in a submodule."""
    real = (known.root / path).resolve()
    if not real.is_relative_to(known.top) or real.is_relative_to(known.git_dir):
        return False
    asked = ["git", "check-ignore", "--quiet", str(real)]
    return execute(asked, cwd=known.top, check=None).status != 0


def test_of_many_paths_it_is_known_as_of_each(varied: Repository, workspace: Path) -> None:
    expected = {path for path in ASKED if alone(path, varied)}
    assert {"plain", "keep.key", "tracked.key", "hidden/tracked", "sub/b.key"} <= expected
    assert not {"a.key", "hidden/x", "seen", "away", ".git/config"} & expected
    assert exposed(varied, ASKED) == expected
    whole = {str(workspace / path) for path in expected}
    assert exposed(varied, [str(workspace / path) for path in ASKED]) == whole
    for path in ASKED:
        assert exposed(varied, [path]) == {path} & expected


def test_the_cost_grows_as_the_paths_do(varied: Repository) -> None:
    def cost(count: int) -> int:
        return steps(lambda: exposed(varied, [f"hidden/{n}" for n in range(count)]))

    assert cost(500) < 12 * cost(50)


def test_how_long_the_name_of_an_exposed_file_is_is_not_told(workspace: Path, run: Program) -> None:
    Path("endpoints").mkdir(exist_ok=True)
    ends = set()
    for name in ("key", "a-much-longer-name"):
        text = f"reference: a\nhost: a.example.net\nusername: a\npassword: {{file: {name}}}\n"
        Path("endpoints/a.yaml").write_text(text)
        [finding] = json.loads(run("validate", "-o", "json", check=1).out)["findings"]
        assert finding["name"] == "exposed-password-file"
        ends.add(finding["end_column"])
    assert len(ends) == 1
