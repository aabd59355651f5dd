"""Git's processes: what is loaded to start one, how many a command takes, and how one ends."""

import gc
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import IO

import pytest

from sipctl.errors import Refused
from sipctl.git import processes
from sipctl.git.processes import (
    Conversation,
    GitDied,
    GitFailed,
    Launch,
    directly,
    through_gitpython,
)
from sipctl.git.records import Commit, Identity
from sipctl.kinds import SCENARIO
from tests.comparing import SUPPORT
from tests.conftest import Git, Program
from tests.everything import READING, words
from tests.story import PARIS, Story, renamed
from tests.support import ROOT, execute

# -- what is loaded ------------------------------------------------------------------------------

LOADED = """\
import sys
from sipctl.main import run
status = run(sys.argv[1:])
print("loaded", *sorted({name.partition(".")[0] for name in sys.modules}), file=sys.stderr)
sys.exit(status)
"""

DEAR = {"pydantic", "ruamel", "yaml", "git", "rich"}

PARSER = {"yaml"}
PARSING = {
    **dict.fromkeys(("history", "blame", "scenario history", "scenario blame"), PARSER),  # versions
    "secret check": PARSER,  # what stands in the settings
    "plan": {"pydantic", *PARSER},  # both sides' documents
    "fmt": {"pydantic", *PARSER},
}
"""What commands load that are about the text of files, and not about what is known of it."""

LINES = {
    **{command: command for command in READING if command != "secret reveal"},
    "search": "search paris",
    "show": "show pbx-paris",
    "uses": "uses pbx-paris",
    "scenario show": "scenario show support-in",
    "scenario blame": "scenario blame support-in",
    "scenario trace": "scenario trace support-in",
    "blame": "blame pbx-paris",
    "plan": "plan HEAD",
    "export": "export csv",
    "explain": "explain SIP101",
    "schema": "schema endpoint",
    "completion": "completion bash",
    "fmt": "fmt --check",
}


@pytest.fixture(scope="module")
def centre(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The example's workspace in Git, which has been read once."""
    root = tmp_path_factory.mktemp("centre") / "workspace"
    shutil.copytree(ROOT / "examples" / "contact-centre", root)
    for step in (["init", "--quiet"], ["add", "--all"], ["commit", "--quiet", "--message=Begin"]):
        execute(["git", *step], cwd=root)
    execute([sys.executable, "-m", "sipctl", "list"], cwd=root)
    return root


@pytest.mark.parametrize("command", LINES)
def test_a_reading_command_loads_nothing_that_it_does_not_need(command: str, centre: Path) -> None:
    result = execute([sys.executable, "-c", LOADED, *LINES[command].split()], cwd=centre)
    loaded = set(result.err.rpartition("loaded")[2].split())
    assert "typer" in loaded
    assert loaded & DEAR <= PARSING.get(command, set())


@pytest.mark.parametrize("command", READING)
def test_no_reading_command_loads_gitpython(command: str, rich: Path) -> None:
    line = words(command, "csv" if command == "export" else READING[command][0])
    result = execute([sys.executable, "-c", LOADED, *line], check=None)
    assert "git" not in result.err.rpartition("loaded")[2].split()


def test_a_command_that_writes_loads_gitpython(own: Path) -> None:
    line = ("edit", "pbx-lyon", "--port", "5070")
    result = execute([sys.executable, "-c", LOADED, *line])
    assert "git" in result.err.rpartition("loaded")[2].split()


METADATA = """\
import sys
from sipctl import typed
from sipctl.models.endpoint import EndpointModel
"""


def test_models_are_built_without_the_search_for_plugins() -> None:
    code = METADATA + "typed._built(EndpointModel); print('importlib.metadata' in sys.modules)"
    assert execute([sys.executable, "-c", code]).out == "False\n"


def test_the_search_for_plugins_works_for_the_models_of_others() -> None:
    code = """
typed._built(EndpointModel)
from pydantic import create_model
model = create_model("Other", a=(int, ...))
print(model(a=1).a, 'importlib.metadata' in sys.modules)
from importlib.metadata import version
print(version("pydantic").split(".")[0])
"""
    assert execute([sys.executable, "-c", METADATA + code]).lines == ["1 True", "2"]


@pytest.mark.parametrize(
    "use", ["len(metadata.entry_points(group='none'))", "metadata.version('typer') == ''"]
)
def test_metadata_that_are_used_while_a_model_is_built_are_the_real_ones(use: str) -> None:
    code = f"""
with typed._no_entry_points():
    import importlib.metadata as metadata
    print(int({use}))
from importlib.metadata import distributions
print(len(list(distributions())) > 3)
"""
    assert execute([sys.executable, "-c", METADATA + code]).lines == ["0", "True"]


def test_a_parser_without_its_part_in_c_is_told_with_the_cure(own: Path) -> None:
    code = "import sys; sys.modules['yaml._yaml'] = None\n"
    result = execute([sys.executable, "-c", code + LOADED, "list"], check=3)
    assert "without its part in C" in result.err
    assert "libyaml-dev" in result.err


# -- how it is started ---------------------------------------------------------------------------

ENVIRONMENT = ("-c", "alias.variables=!env", "variables")


@pytest.mark.parametrize("launch", [directly, through_gitpython])
def test_git_speaks_english_and_takes_paths_as_they_are(
    launch: Launch, repo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LC_ALL", "fr_FR.UTF-8")
    monkeypatch.setenv("LANGUAGE", "fr")
    monkeypatch.setenv("OWN", "kept")
    _, out, _ = processes.run(repo, ENVIRONMENT, env={"MORE": "given"}, launch=launch)
    expected = {"LC_ALL=C", "LANGUAGE=C", "GIT_LITERAL_PATHSPECS=1", "OWN=kept", "MORE=given"}
    assert expected <= {*out.decode().splitlines()}
    assert b"'core.fsmonitor'='false'" in out


def test_what_only_reads_takes_no_lock(story: Story) -> None:
    assert b"GIT_OPTIONAL_LOCKS=0" in story.repository.read(*ENVIRONMENT)


def test_the_folder_that_git_is_to_run_in_may_be_gone(tmp_path: Path) -> None:
    with pytest.raises(Refused, match=r"/gone\" is gone"):
        processes.run(tmp_path / "gone", ["version"])


# -- how many ------------------------------------------------------------------------------------


def git_processes(trace: Path, work: Callable[[], object]) -> int:
    """How many Git processes some work starts, those that Git starts itself left out."""
    trace.unlink(missing_ok=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GIT_TRACE2_EVENT", str(trace))
        work()
    lines = trace.read_text().splitlines() if trace.exists() else []
    return sum('"event":"start"' in line and "/" not in line[: line.index(",")] for line in lines)


@pytest.fixture
def story(workspace: Path) -> Story:
    """Two endpoints with a short history, and a scenario."""
    story = Story(workspace)
    story.does("pbx-paris", PARIS)
    for port in range(5061, 5064):
        story.does("pbx-paris", PARIS.replace("5060", str(port)))
    story.put("support-in", SUPPORT, SCENARIO)
    story.does("pbx-nice", renamed(PARIS, "pbx-nice"))
    return story


@pytest.mark.parametrize(
    ("line", "most"),
    [
        ("list", 0),
        ("show pbx-paris", 0),
        ("show pbx-paris --at HEAD~2", 4),
        ("history pbx-paris", 5),
        ("history", 6),
        ("blame pbx-paris", 6),
        ("diff", 3),
        ("diff HEAD~1 HEAD", 5),
        ("plan HEAD~1", 6),
        ("validate", 3),  # one asks whether Git ignores the file that a password is in
        ("validate --staged", 4),
        ("validate --rev HEAD~1", 5),
        ("validate --format junit", 4),
        ("status", 7),
        ("edit pbx-paris --port 5099", 7),
    ],
)
def test_a_command_starts_few_processes(
    line: str, most: int, story: Story, run: Program, tmp_path: Path
) -> None:
    import_module("git")  # where it is loaded it asks Git for its version
    assert git_processes(tmp_path / "trace", lambda: run(*line.split())) <= most


# -- a process that is asked again and again -----------------------------------------------------


def pid_of(conversation: Conversation) -> int:
    assert conversation._process is not None
    return conversation._process.pid


def is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_many_reads_are_one_process(story: Story, tmp_path: Path) -> None:
    repository = story.repository
    tree = repository.tree("HEAD", ["endpoints"])

    def read() -> None:
        for blob in tree.values():
            assert repository.blobs([blob])[blob].startswith(b"reference: ")
        assert repository.head() == repository.at_top().head() == story.commits[-1]

    assert git_processes(tmp_path / "trace", read) == 1


def test_more_objects_than_a_pipe_holds_are_read_in_order(story: Story, git: Git) -> None:
    texts = [f"{number:08}\n" * (number % 7) * 40 for number in range(2000)]
    lines = "".join(f"blob\nmark :{i}\ndata {len(t)}\n{t}\n" for i, t in enumerate(texts, 1))
    marks = story.root / "marks"
    git("fast-import", "--quiet", f"--export-marks={marks}", input=lines)
    named = dict(line.split() for line in marks.read_text().splitlines())
    oids = [named[f":{number}"] for number in range(1, 2001)]
    missing = "0" * 40
    found = story.repository.blobs([missing, *oids])
    assert missing not in found
    assert [found[oid].decode() for oid in oids] == texts


def test_the_head_that_is_told_is_the_present_one(story: Story) -> None:
    repository = story.repository
    assert repository.head() == story.commits[-1]
    later = story.does("pbx-paris", PARIS)
    assert repository.head() == later
    story.git("switch", "--quiet", "--orphan", "new")
    assert repository.head() is None


def test_a_process_that_was_killed_between_two_questions_is_started_again(story: Story) -> None:
    repository = story.repository
    head = repository.head()
    first = pid_of(repository._objects)
    os.kill(first, signal.SIGKILL)
    assert repository.head() == head
    assert pid_of(repository._objects) != first


def test_a_process_ends_with_who_asks(story: Story) -> None:
    repository = story.repository
    repository.head()
    top = repository.at_top()
    pid = pid_of(repository._objects)
    del repository
    gc.collect()
    assert is_running(pid)
    del top
    gc.collect()
    assert not is_running(pid)


def test_a_process_ends_with_an_answer_that_nobody_reads(story: Story) -> None:
    conversation = Conversation(story.root, "cat-file", "--batch")

    def interrupted(_: object) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        conversation.ask([b"HEAD"] * 300, interrupted, at_once=100)
    assert conversation._process is None
    assert story.repository.head() == story.commits[-1]


def test_what_git_ends_at_is_told_in_its_words(story: Story) -> None:
    with pytest.raises(GitFailed, match="usage: git cat-file"):
        Conversation(story.root, "cat-file", "--no-such").ask([b"HEAD"], _at_end)


@pytest.mark.parametrize("number", [0, 1, 2, 3, 1000, 1001])
def test_two_processes_answer_in_the_order_of_the_questions(number: int, story: Story) -> None:
    asked = [Conversation(story.root, "cat-file", "--batch-check") for _ in range(2)]
    questions = [f"no-{n:04}".encode() for n in range(number)]
    expected = [b"%s missing\n" % question for question in questions]
    for _ in range(2):
        assert processes.together(asked, questions, _line, 50) == expected
        for one in asked:
            kill(one)


def kill(conversation: Conversation) -> None:
    if conversation._process is not None:
        conversation._process.kill()
        conversation._process.wait()


def test_what_a_killed_process_has_not_answered_is_asked_again(story: Story) -> None:
    conversation = Conversation(story.root, "cat-file", "--batch-check")
    questions = [f"no-{n:03}".encode() for n in range(100)]
    expected = [b"%s missing\n" % question for question in questions]
    assert conversation.ask(questions[:1], _line) == expected[:1]
    answers = conversation.each(questions, _line, at_once=2)
    first = [next(answers) for _ in range(3)]
    kill(conversation)
    assert first + list(answers) == expected


def test_a_git_that_is_killed_again_and_again_is_told_of(
    story: Story, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "git").write_text("#!/bin/sh\nread line\nkill -9 $$\n")
    (tmp_path / "git").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    with pytest.raises(GitDied, match="killed by signal 9"):
        Conversation(story.root, "cat-file", "--batch").ask([b"HEAD"], _at_end)


def _at_end(_: object) -> None:
    raise EOFError


def _line(out: IO[bytes]) -> bytes:
    line = out.readline()
    if not line:
        raise EOFError
    return line


def test_an_interrupted_program_leaves_no_process(story: Story) -> None:
    """It reads, and waits until it is killed; its Git has nobody to answer then."""
    code = (
        "import sys, time\n"
        "from pathlib import Path\n"
        "from sipctl.git.repository import Repository\n"
        "repository = Repository.find(Path.cwd())\n"
        "repository.head()\n"
        "print(repository._objects._process.pid, flush=True)\n"
        "time.sleep(60)\n"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as one:
        assert one.stdout is not None
        pid = int(one.stdout.readline())
        one.kill()
    for _ in range(200):
        if not is_running(pid):
            return
        signal.sigtimedwait([], 0.01)
    pytest.fail("it is still running")


def test_without_git_a_command_that_needs_it_says_so(
    workspace: Path, sipctl: Program, tmp_path: Path
) -> None:
    result = sipctl("history", env={"PATH": str(tmp_path)}, check=3)
    assert "git is not installed" in result.err


def test_a_message_of_blanks_is_read_in_linear_time() -> None:
    def operation(trailer: str) -> str | None:
        message = f"Change a\n\nSipctl-Operation:{trailer}\n"
        return Commit("0" * 40, (), Identity("a", "b"), "", 0, message).operation

    assert operation(" " * 1_000_000 + "edit a") == "edit a"
    assert operation("edit a" + " " * 1_000_000 + ".") == "edit a" + " " * 1_000_000 + "."
