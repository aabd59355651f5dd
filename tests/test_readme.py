"""The README: its tour is played, its tables are compared with the program."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path

import pytest

from sipctl.commands.building import shared_options
from tests.conftest import Program
from tests.support import ROOT, on_terminal
from tests.test_first_use import every_command

README = (ROOT / "README.md").read_text("utf-8")

YOU = {
    "GIT_AUTHOR_NAME": "Ada Moreau",
    "GIT_AUTHOR_EMAIL": "ada@example.net",
    "GIT_COMMITTER_NAME": "Ada Moreau",
    "GIT_COMMITTER_EMAIL": "ada@example.net",
}

VARYING = (
    (re.compile(r"\b[0-9a-f]{10}\b"), "<commit>"),
    (re.compile(r"\b\d{4}-\d\d-\d\d \d\d:\d\d\b"), "<time>"),
)


@dataclass(frozen=True, slots=True)
class Step:
    """A command of the tour and what the README shows of it."""

    command: str
    shown: str


def steps(text: str) -> Iterator[Step]:
    """Every `$ ` line of every console block, with `> ` lines that continue it."""
    for block in re.findall(r"^```console\n(.*?)^```$", text, re.MULTILINE | re.DOTALL):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            lines = part.splitlines()
            more = list(takewhile(lambda line: line.startswith("> "), lines[1:]))
            command = "\n".join([lines[0], *(line.removeprefix("> ") for line in more)])
            shown = "\n".join(lines[1 + len(more) :])
            yield Step(command.replace("\\\n", ""), shown.strip())


def masked(text: str) -> str:
    for pattern, mask in VARYING:
        text = pattern.sub(mask, text)
    return text


def played(folder: Path) -> Iterator[tuple[Step, str]]:
    """Every step with what a terminal really shows; one that fails is followed by `echo $?`."""
    known = list(steps(README))
    status = 0
    for step, following in zip(known, [*known[1:], Step("", "")], strict=True):
        if step.command == "echo $?":
            yield step, str(status)
            continue
        if step.command.startswith("cd "):
            folder /= step.command.removeprefix("cd ")
            yield step, ""
            continue
        screen = on_terminal(["bash", "-c", step.command], cwd=folder, env=YOU, check=None)
        status = screen.status
        if following.command != "echo $?":
            assert status == 0, f"$ {step.command}\n{screen.text}"
        yield step, screen.text.strip()


def test_the_tour_of_the_readme_shows_what_is_really_shown(tmp_path: Path) -> None:
    for step, real in played(tmp_path):
        assert masked(step.shown) == masked(real), f"$ {step.command}"


def test_the_tour_fits_a_terminal_of_80_columns() -> None:
    blocks = re.findall(r"^```\w+\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
    assert [line for block in blocks for line in block.splitlines() if len(line) > 80] == []


def rows(title: str) -> list[tuple[str, str]]:
    """The rows of the first table of a section, its first column without backquotes."""
    section = README.split(f"\n## {title}\n")[1].split("\n## ")[0]
    table = re.findall(r"^\| (.*?) \| (.*?) \|$", section, re.MULTILINE)
    return [(first.strip("`"), second) for first, second in table][1:]


def test_the_table_of_commands_is_the_one_of_the_program() -> None:
    for (words, text), (name, entry) in zip(rows("Commands"), every_command(), strict=True):
        assert words == name or words.startswith(f"{name} ")
        assert text == entry.help


def test_every_exit_status_is_told() -> None:
    told = " ".join(status for status, _ in rows("Exit status"))
    assert told == "0 1 2 3 4 70 130"


@pytest.mark.parametrize("group", ["global", "writing", "reading"])
def test_every_shared_option_is_told(group: str) -> None:
    section = README.split("\n## Commands\n")[1].split("\n## ")[0]
    for option in shared_options(group):
        assert any(re.search(rf"[`/]{name}\b", section) for name in option.opts), option.opts


def test_the_files_of_the_readme_are_valid(tmp_path: Path, run: Program) -> None:
    blocks = re.findall(r"^```yaml\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
    endpoint, scenario, settings = blocks
    for path, text in {"endpoints/pbx-paris": endpoint, "scenarios/support-in": scenario}.items():
        (tmp_path / path).parent.mkdir()
        (tmp_path / f"{path}.yaml").write_text(text)
    (tmp_path / "sipctl.yaml").write_text(settings)
    run("validate", "--strict", cwd=tmp_path)


@pytest.mark.parametrize("page", ["README.md", "CHANGELOG.md", "CONTRIBUTING.md"])
def test_links_lead_to_files(page: str) -> None:
    links = re.findall(r"\]\(([^)#]+)[^)]*\)", (ROOT / page).read_text("utf-8"))
    local = [link for link in links if "://" not in link]
    assert [link for link in local if not (ROOT / link).exists()] == []


def test_the_picture_of_the_scenario_is_the_one_that_is_drawn(tmp_path: Path, run: Program) -> None:
    scenario = re.findall(r"^```yaml\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)[1]
    [drawn] = re.findall(r"^```mermaid\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
    (tmp_path / "scenarios").mkdir()
    (tmp_path / "scenarios" / "support-in.yaml").write_text(scenario)
    (tmp_path / "sipctl.yaml").write_text("version: 1\n")
    assert run("scenario", "show", "support-in", "-o", "mermaid", cwd=tmp_path).out == drawn
