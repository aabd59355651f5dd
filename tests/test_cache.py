"""What is kept of files between commands: with it every answer is the one without it."""

import json
import os
import shutil
import stat
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sipctl import judged, selection
from sipctl import workspace as workspaces
from sipctl.diff import comparison, sides
from sipctl.git.repository import Repository
from sipctl.inventory import Inventory
from sipctl.member import Facts
from sipctl.storage import cache, entries, ondisk
from sipctl.storage.entries import Entry
from tests import everything
from tests.conftest import Git, Program
from tests.support import ROOT, execute

EXAMPLES = sorted(
    file.parent for file in (ROOT / "examples").rglob("sipctl.yaml") if file.parent.is_dir()
)


def answer_of(inventory: Inventory) -> dict[str, Any]:
    """All that commands ever ask of an inventory without reading a file."""
    return {
        "settings": inventory.settings,
        "findings": inventory.findings,
        "endpoints": {r: e.record() for r, e in inventory.endpoints.items()},
        "scenarios": {r: s.record() for r, s in inventory.scenarios.items()},
        "unreadable": [m.path for m in inventory.unreadable],
        "uses": inventory.uses,
        "unseen": [m.path for m in inventory.with_unknown_uses],
        "tags": inventory.tags(),
        "passwords": {p: m.facts.kept for p, m in inventory.members.items()},
        "logins": {p: m.facts.login for p, m in inventory.members.items()},
        "unknown": {p: m.facts.unknown for p, m in inventory.members.items()},
        "places": {p: m.place("reference") for p, m in inventory.members.items()},
        "actions": {p: m.facts.branchings for p, m in inventory.members.items()},
    }


def refuse_other_answer(root: Path) -> None:
    """Fails where the answer with the cache is another one than without, or texts are, where what
    is taken for ordinary is not, or where many files are read in another way than few."""
    known = workspaces.load(root)
    with cache.switched_off():
        read = workspaces.load(root)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Entry, "is_ordinary", lambda *_: False)
            assert workspaces.load(root).findings == read.findings
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(ondisk, "_MANY", 1)
            assert answer_of(workspaces.load(root)) == answer_of(read)
    for query in QUERIES:  # before all is decoded
        assert selection.found(known, [query]) == selection.found(read, [query])
    assert answer_of(known) == answer_of(read)
    assert {p: m.data for p, m in known.members.items()} == {
        p: m.data for p, m in read.members.items()
    }


QUERIES = ("main", "1er", "BÜRO", "5060", "udp", "x-owner:Voice", "ref:a", "tag:paris", "used:no")


def refuse_other_past(root: Path) -> None:
    """The same of what stands in Git, and of what differs between that and the disk."""

    def told() -> list[object]:
        repository = Repository.find(root)
        assert repository
        head = sides.Side("HEAD", repository.head())
        found = [judged.at_revision(root, root, "HEAD"), judged.staged(root, root, None)]
        states = sides.read(root, repository, head, sides.DISK)
        return [
            *(answer_of(one.inventory) for one in found),
            *(one.files for one in found),
            *(answer_of(state.inventory) for state in states),
            *(state.settings for state in states),
            *({p: m.data for p, m in s.members.items()} for s in states),
            comparison.compare(*states),
            sides.compared(root, repository, head, sides.DISK),
        ]

    known = told()
    with cache.switched_off():
        assert known == told()


def files_of(root: Path) -> list[Path]:
    return sorted((root / ".git/sipctl").glob("cache-*"))


def cache_of(root: Path) -> Path:
    """The file with all entries."""
    return next(file for file in files_of(root) if file.name.count("-") == 1)


@contextmanager
def counted(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """The names of the YAML files that are opened in the time."""
    opened: list[str] = []
    real = os.open

    def noted(path: Any, *more: Any, **options: Any) -> int:
        if os.fsdecode(path).endswith(".yaml"):
            opened.append(Path(os.fsdecode(path)).name)
        return real(path, *more, **options)

    with monkeypatch.context() as patch:
        patch.setattr(os, "open", noted)
        yield opened


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """A clock so fine that a test can wait until what it has written is old."""
    tick = 30_000_000
    monkeypatch.setattr(cache, "_TICK", tick)

    def wait() -> None:
        time.sleep(1.5 * tick / 1e9)

    return wait


@pytest.fixture
def known(workspace: Path, quick: Callable[[], None]) -> Path:
    """A workspace of which all is known; the current folder."""
    for path, text in everything.FILES.items():
        (workspace / path).parent.mkdir(exist_ok=True)
        (workspace / path).write_text(text)
    quick()
    workspaces.load(workspace)
    return workspace


SAYINGS = st.text() | st.text(alphabet='aßKſ\u0130"\\\n,', max_size=4)


@given(st.lists(SAYINGS, min_size=1, max_size=4), st.data())
def test_what_a_file_says_may_be_in_it(texts: list[str], data: st.DataObject) -> None:
    said = {
        f"endpoints/{number}.yaml": Facts(data={"reference": "a", "x-owner": [{"name": text}]})
        for number, text in enumerate(texts)
    }
    with tempfile.TemporaryDirectory() as folder:
        file = f"{folder}/cache"
        store = cache.Store(file)
        store.note()
        oids = {path: entries.oid_of(path.encode()) for path in said}
        store.keep({p: Entry.of(p, entries.NEVER, oids[p], f) for p, f in said.items()}, said)
        known = cache.Store(file)
        kept = [known.of_content(path, oids[path]) for path in said]
    for entry, text in zip(kept, texts, strict=True):
        assert entry
        folded = text.casefold()
        start = data.draw(st.integers(0, len(folded)))
        assert entry.may_hold(folded[start : data.draw(st.integers(start, len(folded)))])


def test_what_no_file_says_is_not_looked_for_in_it(known: Path) -> None:
    inventory = workspaces.load(known)
    # letters beyond ASCII are not kept as they are, and one file has some
    assert list(inventory.endpoints_with(["lyon"])) == ["pbx-lyon", "pbx-paris"]
    assert list(inventory.endpoints_with(["pbx", "lyon"])) == ["pbx-lyon", "pbx-paris"]
    assert list(inventory.endpoints_with(["büro"])) == list(inventory.endpoints)


# -- the same answer -----------------------------------------------------------------------------


@pytest.mark.parametrize("folder", EXAMPLES, ids=[str(f.relative_to(ROOT)) for f in EXAMPLES])
def test_what_is_kept_of_any_example_says_what_its_files_say(
    folder: Path, repo: Path, quick: Callable[[], None]
) -> None:
    shutil.copytree(folder, repo, dirs_exist_ok=True)
    quick()
    for _ in range(2):
        refuse_other_answer(repo)
    assert cache_of(repo)


CONTENTS = [
    "reference: a\nhost: 192.0.2.1\n",
    "reference: a\nhost: 192.0.2.2\n",  # as long as the one before
    "reference: b\nhost: 192.0.2.1\n",
    "reference: a\nhost: my_pbx.net\n",
    "reference: a\nhost: my_pbx\nport: '1'\n# sipctl: ignore[SIP204]\n",
    "reference: a\nhost: [\n",
    "reference: a\nhost: h\nregister: true # sipctl: ignore[SIP304]\n",
    "reference: a\nhost: h\nregister: true\n",
    "reference: a\nhost: h\nusername: u\npassword: open sesame\n",
    "reference: a\nhost: h\nusername: u\npassword: {file: secret}\n",
    "- a\n",
    "",
]
SCENARIO = """\
reference: s
type: interaction-start
start: x
actions:
  x: {action: distribution-to-sip-endpoint, endpoint: %s, branches: {processed: null}}
"""
SETTINGS = ["", "rules: {bad-host: warning}\n", "rules: {SIP304: 'off'}\n", "rules: [\n"]
NAMES = ["endpoints/a.yaml", "endpoints/b.yaml", "endpoints/A.yaml", "endpoints/c.yml"]
WORKSPACE = [*NAMES, "scenarios/s.yaml", "sipctl.yaml"]

STEPS = st.one_of(
    st.tuples(st.just("write"), st.sampled_from(NAMES), st.sampled_from(CONTENTS)),
    st.tuples(st.just("restore times"), st.sampled_from(NAMES), st.sampled_from(CONTENTS)),
    st.tuples(st.just("replace"), st.sampled_from(NAMES), st.sampled_from(CONTENTS)),
    st.tuples(st.just("rename"), st.sampled_from(NAMES), st.sampled_from(NAMES)),
    st.tuples(st.just("delete"), st.sampled_from(WORKSPACE[:-1]), st.just("")),
    st.tuples(st.just("touch"), st.sampled_from(WORKSPACE), st.sampled_from(["1", "1e9", "4e9"])),
    st.tuples(st.just("link"), st.sampled_from(NAMES), st.sampled_from(NAMES)),
    st.tuples(st.just("write"), st.just("scenarios/s.yaml"), st.sampled_from(["a", "b", "none"])),
    st.tuples(st.just("write"), st.just("sipctl.yaml"), st.sampled_from(SETTINGS)),
    st.tuples(st.just("commit"), st.just(""), st.just("")),
    st.tuples(st.just("check out"), st.just(""), st.sampled_from(["HEAD~1", "main", "HEAD"])),
    st.tuples(st.just("look"), st.just(""), st.just("")),
    st.tuples(st.just("look"), st.just(""), st.just("")),
    st.tuples(st.just("wait"), st.just(""), st.just("")),
    st.tuples(st.just("wait and look"), st.just(""), st.just("")),
)


class History:
    """Steps that change a workspace in every way that files change."""

    def __init__(self, root: Path) -> None:
        self.root = root
        (root / "endpoints").mkdir()
        (root / "scenarios").mkdir()
        (root / "sipctl.yaml").write_text("version: 1\n")
        (root / NAMES[0]).write_text(CONTENTS[0])
        self._git("init", "--quiet", "--initial-branch=main")
        for _ in range(2):
            self.take("commit", "", "")

    def _git(self, *words: str) -> None:
        execute(["git", *words], cwd=self.root, check=None)

    def take(self, step: str, path: str, more: str) -> None:
        file = self.root / path
        if step == "write":
            more = {"scenarios": SCENARIO.replace("%s", more), "": f"version: 1\n{more}"}.get(
                path.rpartition("/")[0], more
            )
        if step in ("restore times", "rename", "delete", "touch") and not file.is_file():
            return
        getattr(self, step.replace(" ", "_"))(file, more)

    def commit(self, file: Path, more: str) -> None:
        self._git("add", "--all")
        self._git("commit", "--quiet", "--allow-empty", "--message=x")

    def check_out(self, file: Path, more: str) -> None:
        self._git("checkout", "--quiet", "--force", more)
        for folder in ("endpoints", "scenarios"):
            (self.root / folder).mkdir(exist_ok=True)

    def wait(self, file: Path, more: str) -> None:
        time.sleep(0.045)

    def look(self, file: Path, more: str) -> None:
        assert workspaces.load(self.root).findings is not None

    def wait_and_look(self, file: Path, more: str) -> None:
        self.wait(file, more)
        self.look(file, more)

    def write(self, file: Path, more: str) -> None:
        if file.is_symlink():
            file.unlink()
        file.write_text(more)

    def replace(self, file: Path, more: str) -> None:
        new = file.with_name(".new")
        new.write_text(more)
        new.replace(file)

    def link(self, file: Path, more: str) -> None:
        file.unlink(missing_ok=True)
        file.symlink_to(Path(more).name)

    def restore_times(self, file: Path, more: str) -> None:
        before = file.stat()
        file.write_text(more)
        os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))

    def rename(self, file: Path, more: str) -> None:
        file.rename(self.root / more)

    def delete(self, file: Path, more: str) -> None:
        file.unlink()

    def touch(self, file: Path, more: str) -> None:
        os.utime(file, (float(more), float(more)), follow_symlinks=False)


@settings(deadline=None, max_examples=40)
@given(st.lists(STEPS, max_size=12))
def test_after_any_changes_the_answer_is_the_one_without_a_cache(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, str, str]]
) -> None:
    tick, cache._TICK = cache._TICK, 30_000_000
    try:
        history = History(tmp_path_factory.mktemp("history"))
        time.sleep(0.045)
        for step in [("look", "", ""), *steps]:
            history.take(*step)
        for _ in range(2):
            refuse_other_answer(history.root)
        refuse_other_past(history.root)
    finally:
        cache._TICK = tick


def test_a_change_of_the_same_size_in_the_same_moment_is_seen(
    known: Path, quick: Callable[[], None]
) -> None:
    """Even where the time of the change is what it was: that of anything about the file is not."""
    file = known / "endpoints/bare.yaml"
    before = file.stat()
    file.write_text(file.read_text().replace("bare.example.net", "bear.example.net"))
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert file.stat().st_size == before.st_size
    assert workspaces.load(known).endpoints["bare"].host == "bear.example.net"


def test_a_file_that_is_as_young_as_the_cache_is_read_again(workspace: Path) -> None:
    """It may change within the tick of a coarse clock, and look as it did."""
    file = Path("endpoints/a.yaml")
    file.write_text("reference: a\nhost: 192.0.2.1\n")
    workspaces.load(workspace)
    kept = cache_of(workspace).read_bytes()
    assert b"endpoints/a.yaml" in kept
    assert file.stat().st_mtime_ns.to_bytes(8, sys.byteorder) not in kept


SECOND = 1_000_000_000


@pytest.mark.parametrize(
    ("changed", "age", "is_known"),
    [
        (7 * SECOND + 1, SECOND // 20, False),
        (7 * SECOND + 1, SECOND // 5, True),
        (7 * SECOND, SECOND // 5, False),  # whole seconds: it may be a clock of no others
        (7 * SECOND, 3 * SECOND, True),
    ],
)
def test_how_old_a_file_has_to_be_depends_on_the_clock_of_its_file_system(
    changed: int, age: int, is_known: bool
) -> None:
    store = cache.Store(None)
    store._noted = changed + age
    fine = 5 * SECOND + 1
    for modified, other in ((fine, changed), (changed, fine)):
        times = {"st_mtime_ns": modified, "st_ctime_ns": other}
        status = os.stat_result([0] * 10, times)
        assert (store.stamp(status) == entries.stamp_of(status)) is is_known


# -- what is spared --------------------------------------------------------------------------------


def test_no_file_is_opened_of_which_all_is_known(
    known: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with counted(monkeypatch) as opened:
        inventory = workspaces.load(known)
        assert inventory.endpoints
        assert inventory.uses
    assert opened == []


def test_the_same_content_in_another_folder_is_another_file(
    known: Path, quick: Callable[[], None]
) -> None:
    for path in ("endpoints/bare.yaml", "scenarios/support.yaml", "sipctl.yaml"):
        for folder in ("endpoints", "scenarios"):
            shutil.copy(known / path, known / folder / "copied.yaml")
            quick()
            refuse_other_answer(known)


def test_only_what_has_changed_is_opened(
    known: Path, quick: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    (known / "endpoints/bare.yaml").write_text("reference: bare\nhost: moved.example.net\n")
    quick()
    with counted(monkeypatch) as opened:
        assert workspaces.load(known).endpoints["bare"].host == "moved.example.net"
    assert opened == ["bare.yaml"]
    with counted(monkeypatch) as opened:
        workspaces.load(known)
    assert opened == []


def test_the_few_that_changed_are_kept_beside_the_others(
    known: Path, quick: Callable[[], None]
) -> None:
    before = cache_of(known).read_bytes()
    (known / "endpoints/bare.yaml").write_text("reference: bare\nhost: moved.example.net\n")
    quick()
    workspaces.load(known)
    assert cache_of(known).read_bytes() == before
    assert [file.name.removeprefix(cache_of(known).name) for file in files_of(known)] == [
        "",
        "-recent",
    ]


def test_what_sipctl_has_written_is_not_parsed_again(
    known: Path, run: Program, git: Git, sipctl: Program
) -> None:
    git("add", ".")
    git("commit", "--quiet", "--message=All")
    run("edit", "bare", "--port", "5070")
    code = "import sys; from sipctl.main import run; run(['list', '-o', 'name']); "
    code += "sys.exit('pydantic' in sys.modules)"
    execute(["python", "-c", code])
    assert '"port": 5070' in run("show", "bare", "-o", "json").out


@pytest.mark.parametrize(
    "words",
    [
        ["validate", "--staged"],
        ["validate", "--rev", "HEAD"],
        ["show", "bare", "--at", "HEAD"],
        ["status"],
        ["plan", "HEAD"],
        ["diff"],
    ],
    ids=" ".join,
)
def test_what_git_keeps_is_not_judged_anew_where_it_stands_on_disk_too(
    words: list[str], known: Path, git: Git
) -> None:
    git("add", ".")
    git("commit", "--quiet", "--message=All")
    code = f"import sys; from sipctl.main import run; assert run({words!r}) in (0, 1); "
    code += "sys.exit('pydantic' in sys.modules)"
    execute(["python", "-c", code])


def test_what_was_committed_of_an_endpoint_is_not_judged_for_what_it_cannot_tell(
    known: Path, git: Git, quick: Callable[[], None]
) -> None:
    git("add", ".")
    git("commit", "--quiet", "--message=All")
    (known / "endpoints/bare.yaml").write_text("reference: bare\nhost: moved.example.net\n")
    quick()
    workspaces.load(known)
    code = "import sys; from sipctl.main import run; run(['status']); "
    code += "sys.exit('pydantic' in sys.modules)"
    execute(["python", "-c", code])


def test_a_file_that_moved_has_its_findings_where_it_stands_in_git(
    workspace: Path, git: Git, quick: Callable[[], None], run: Program
) -> None:
    Path("endpoints/old.yaml").write_text("reference: old\nhost: my_pbx\n")
    git("add", ".")
    Path("endpoints/old.yaml").rename("endpoints/new.yaml")
    quick()
    workspaces.load(workspace)
    assert "--> endpoints/old.yaml:2:7\n" in run("validate", "--staged", check=1).out


def test_a_hook_that_changes_what_is_committed_is_seen(
    known: Path, run: Program, git: Git, quick: Callable[[], None]
) -> None:
    git("add", ".")
    git("commit", "--quiet", "--message=All")
    hook = known / ".git/hooks/pre-commit"
    hook.write_text("#!/bin/sh\nsed -i s/5070/5071/ endpoints/bare.yaml\ngit add endpoints\n")
    hook.chmod(0o755)
    run("edit", "bare", "--port", "5070")
    assert '"port": 5071' in run("show", "bare", "-o", "json").out
    quick()
    assert '"port": 5071' in run("show", "bare", "-o", "json").out


@pytest.mark.parametrize(
    "command", ["true", "for f in .git/sipctl/cache-????????; do echo > $f; done"]
)
def test_what_is_written_is_kept_beside_all_else(
    command: str, known: Path, run: Program, git: Git, quick: Callable[[], None]
) -> None:
    """Even where the file with all else has become unreadable in the meantime."""
    git("add", ".")
    git("commit", "--quiet", "--message=All")
    hook = known / ".git/hooks/pre-commit"
    hook.write_text(f"#!/bin/sh\n{command}\n")
    hook.chmod(0o755)
    run("edit", "bare", "--port", "5070")
    assert any(b'"port":5070' in file.read_bytes() for file in files_of(known))
    quick()
    for _ in range(2):
        refuse_other_answer(known)
    assert all(file.read_bytes().startswith(b"{") for file in files_of(known))


@pytest.mark.parametrize("words", [["--no-cache"], []])
def test_without_a_cache_every_file_is_read(
    words: list[str], known: Path, run: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = {file: file.read_bytes() for file in files_of(known)}
    env = {} if words else {"SIPCTL_NO_CACHE": "1"}
    with counted(monkeypatch) as opened:
        run("list", "-o", "name", *words, env=env)
    assert "bare.yaml" in opened
    assert {file: file.read_bytes() for file in files_of(known)} == kept
    assert cache.VARIABLE not in os.environ
    with counted(monkeypatch) as opened:
        run("list", "-o", "name", env={"SIPCTL_NO_CACHE": "0"})
    assert "bare.yaml" not in opened


# -- what is odd is ignored ------------------------------------------------------------------------


def test_it_may_be_removed_at_any_time(known: Path) -> None:
    shutil.rmtree(known / ".git/sipctl")
    refuse_other_answer(known)
    assert cache_of(known)


def test_it_is_private_and_holds_no_password_in_plain_text(known: Path) -> None:
    (known / "endpoints/typo.yaml").write_text("reference: t\nhost: t\npasswort: open sesame\n")
    workspaces.load(known)
    for file in files_of(known):
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert b"sesame" not in file.read_bytes()


@given(st.floats(0, 1, exclude_max=True), st.none() | st.integers(0, 255))
@settings(deadline=None, max_examples=60)
def test_a_cache_that_was_cut_or_changed_is_ignored(
    tmp_path_factory: pytest.TempPathFactory, where: float, other: int | None
) -> None:
    root = tmp_path_factory.mktemp("odd")
    for path, text in everything.FILES.items():
        (root / path).parent.mkdir(exist_ok=True)
        (root / path).write_text(text)
    execute(["git", "init", "--quiet", root])
    tick, cache._TICK = cache._TICK, 0
    try:
        workspaces.load(root)
        file = cache_of(root)
        whole = file.read_bytes()
        at = int(where * len(whole))
        end = b"" if other is None else bytes([other]) + whole[at + 1 :]
        file.write_bytes(whole[:at] + end)
        refuse_other_answer(root)
    finally:
        cache._TICK = tick


@pytest.mark.parametrize("content", [b"", b"\n", b"{}\n", b"[]\n", b"null\n", b"\x80\x04]", b"1\n"])
def test_nonsense_is_ignored_and_written_anew(content: bytes, known: Path) -> None:
    file = cache_of(known)
    before = file.read_bytes()
    file.write_bytes(content)
    refuse_other_answer(known)
    assert len(file.read_bytes()) == len(before)


def test_a_cache_of_another_sipctl_is_ignored(known: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = cache_of(known)
    line, _, body = file.read_bytes().partition(b"\n")
    head = json.loads(line)
    head["key"][1] = "0.0.9"
    file.write_bytes(json.dumps(head).encode() + b"\n" + body)
    with counted(monkeypatch) as opened:
        workspaces.load(known)
    assert "bare.yaml" in opened


def test_a_cache_that_is_not_ours_alone_is_ignored(
    known: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = cache_of(known)

    def open_(file: Path) -> None:
        file.chmod(0o666)

    def show(file: Path) -> None:
        file.chmod(0o644)  # as what is checked out has it, which somebody else may have moved here

    def twin(file: Path) -> None:
        os.link(file, tmp_path / "twin")

    def give(file: Path) -> None:
        os.chown(file, 12345, -1)

    def link(file: Path) -> None:
        file.rename(tmp_path / "elsewhere")
        file.symlink_to(tmp_path / "elsewhere")

    def pipe(file: Path) -> None:
        file.unlink()
        os.mkfifo(file)

    for change in (open_, show, twin, give, link, pipe):
        change(file)
        with counted(monkeypatch) as opened:
            workspaces.load(known)
        assert "bare.yaml" in opened, change
        assert stat.S_IMODE(file.lstat().st_mode) == 0o600


def test_a_line_with_many_findings_is_kept_once(known: Path) -> None:
    sizes = []
    for count in (200, 400):
        tags = ", ".join(["1"] * count)
        text = f"reference: many\nhost: many.example.net\ntags: [{tags}]\n"
        (known / "endpoints/many.yaml").write_text(text)
        shutil.rmtree(known / ".git/sipctl")
        refuse_other_answer(known)
        sizes.append(sum(file.stat().st_size for file in files_of(known)))
    assert sizes[1] < 3 * sizes[0]


def test_a_cache_that_would_be_too_large_is_not_kept(
    known: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache_of(known).unlink()
    monkeypatch.setattr(cache, "_MAX_BYTES", 1000)
    refuse_other_answer(known)
    assert not files_of(known)


def test_a_repository_of_somebody_else_gets_no_cache(known: Path) -> None:
    shutil.rmtree(known / ".git/sipctl")
    os.chown(known / ".git", 12345, -1)
    refuse_other_answer(known)
    assert not (known / ".git/sipctl").exists()


def test_what_a_killed_process_left_is_replaced_in_the_end(
    known: Path, quick: Callable[[], None]
) -> None:
    left = Path(f"{cache_of(known)}.new")
    left.write_bytes(b"half")
    (known / "endpoints/bare.yaml").write_text("reference: bare\nhost: moved.example.net\n")
    refuse_other_answer(known)
    assert left.read_bytes() == b"half"
    os.utime(left, (time.time() - 100,) * 2)
    workspaces.load(known)
    assert not left.exists()


def test_a_folder_without_git_works_without_a_cache(known: Path) -> None:
    shutil.rmtree(known / ".git")
    refuse_other_answer(known)


def test_each_worktree_and_each_workspace_has_its_own(
    known: Path, git: Git, tmp_path: Path, quick: Callable[[], None]
) -> None:
    git("add", ".")
    git("commit", "--quiet", "--message=All")
    git("worktree", "add", "--quiet", tmp_path / "linked")
    quick()
    refuse_other_answer(tmp_path / "linked")
    [folder] = (known / ".git/worktrees").iterdir()
    assert len(list((folder / "sipctl").glob("cache-*"))) == 1
    shutil.copytree(known, known / "inner", ignore=shutil.ignore_patterns(".git"))
    refuse_other_answer(known / "inner")
    refuse_other_answer(known)
    assert len({file.name.removesuffix("-recent") for file in files_of(known)}) == 2


def test_a_file_that_changes_after_it_was_looked_at_is_refused(
    known: Path, quick: Callable[[], None]
) -> None:
    from sipctl.errors import Refused

    quick()
    workspaces.load(known)
    inventory = workspaces.load(known)
    (known / "endpoints/bare.yaml").write_text("reference: bare\nhost: moved.example.net\n")
    with pytest.raises(Refused, match="has changed meanwhile"):
        inventory.member("bare").text  # noqa: B018


def test_a_bit_that_flips_in_the_first_line_is_seen(known: Path) -> None:
    file = cache_of(known)
    whole = file.read_bytes()
    for at in range(whole.index(b"\n") + 1):
        for bit in (0, 2, 4):
            file.write_bytes(whole[:at] + bytes([whole[at] ^ 1 << bit]) + whole[at + 1 :])
            with cache.of(known) as store:
                assert store._main is None, (at, bit)


@pytest.mark.parametrize(
    "content",
    ["", "\n", "gitdir: ", "gitdir: {}", "gitdir: a\0b", "x", "\udcff", "gitdir: \udcff"],
)
def test_what_only_looks_like_a_git_directory_gets_no_cache(
    content: str, tmp_path: Path, run: Program
) -> None:
    root, victim = tmp_path / "w", tmp_path / "victim"
    for folder in (root, victim):
        folder.mkdir()
    (root / "sipctl.yaml").write_text("version: 1\n")
    (root / ".git").write_bytes(os.fsencode(content.format(victim)))
    run("list", cwd=root)
    assert not list(tmp_path.rglob("cache-*"))
    assert not list(victim.iterdir())


@pytest.mark.parametrize("make", [Path.mkdir, os.mkfifo])
def test_a_folder_or_a_pipe_in_its_place_is_left(make: Callable[[Path], None], known: Path) -> None:
    file = cache_of(known)
    file.unlink()
    make(file)
    refuse_other_answer(known)


@pytest.mark.parametrize("text", ["a\\b", 'says "yes"', "\\", '"tab\\""', "tab"])
def test_a_word_is_found_however_it_is_kept(text: str, workspace: Path, run: Program) -> None:
    run("create", "x", "--host", "x.example.net", "--description", 'a\\b says "yes" tab"')
    run("create", "y", "--host", "y.example.net")
    run("list")
    time.sleep(0.2)  # so that the files are older than the look at them
    run("list")
    assert run("search", text, "-o", "name").out == "x\n"
    assert run("search", text, "-o", "name", "--no-cache").out == "x\n"


def test_a_file_is_found_by_its_name_where_it_says_another(workspace: Path, run: Program) -> None:
    (workspace / "endpoints/stem.yaml").write_text("reference: other\nhost: a.example\n")
    run("list")
    time.sleep(0.2)  # so that the files are older than the look at them
    run("list")
    for query in ("stem", "ref:stem", "TEM"):
        assert run("search", query, "-o", "name").lines == ["stem"]
    assert run("search", "other", "-o", "name").lines == []


def test_whether_one_registers_is_found_as_it_is_shown(workspace: Path, run: Program) -> None:
    run("create", "a", "--host", "a.example.net", "--username", "u", "--register")
    run("create", "b", "--host", "b.example.net")
    run("create", "c", "--host", "c.example.net", "--no-register")
    run("list")
    time.sleep(0.2)  # so that the files are older than the look at them
    run("list")
    assert run("search", "true", "-o", "name").lines == ["a"]
    assert run("search", "FALSE", "-o", "name").lines == ["b", "c"]


def test_an_international_host_is_found_in_the_cache_too(workspace: Path, run: Program) -> None:
    run("create", "a", "--host", "straße.example")
    run("create", "b", "--host", "strasse.example")
    run("list")
    time.sleep(0.2)  # so that the files are older than the look at them
    run("list")
    for query in ("straße", "host:straße.example", "host:straß*"):
        cold = run("search", query, "-o", "name", "--no-cache").lines
        assert run("search", query, "-o", "name").lines == cold
        assert "a" in cold
    assert run("list", "--where", "host:straße.example", "-o", "name").lines == ["a"]


def test_what_another_version_of_any_module_has_found_is_not_taken(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "sipctl", tmp_path / "sipctl")
    line = [sys.executable, "-c", "from sipctl.storage import cache; print(cache._key())"]

    def key() -> str:
        return execute(line, cwd=tmp_path).out

    before = key()
    assert key() == before
    with (tmp_path / "sipctl/passwords/masking.py").open("a") as file:
        file.write("# another one\n")
    assert key() != before
