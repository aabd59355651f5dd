"""`--limit`: the first rows of whatever lists, in every format; people are told of the others."""

from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Program, Terminal

LISTS = {
    "list": "endpoints",
    "search pbx": "endpoints",
    "tag list": "tags",
    "uses pbx-paris": "uses",
    "scenario list": "scenarios",
    "rules": "rules",
    "secret recipients": "recipients",
}
"""What lists, and where the rows are in its JSON."""


def rows(run: Program, line: str, *more: str) -> Any:
    return run(*line.split(), "-o", "json", *more).json[LISTS[line]]


@pytest.mark.parametrize("line", LISTS)
def test_the_first_rows_are_shown_and_the_others_counted(
    line: str, rich: Path, run: Program
) -> None:
    whole, count = run(*line.split()), len(rows(run, line))
    cut = run(*line.split(), "--limit", str(count - 1))
    assert [row.split()[0] for row in cut.lines] == [row.split()[0] for row in whole.lines[:-1]]
    assert cut.err == f"{whole.err}sipctl: … and 1 more\n"


@pytest.mark.parametrize("line", LISTS)
def test_programs_get_the_first_rows_and_no_words(line: str, rich: Path, run: Program) -> None:
    whole = rows(run, line)
    assert rows(run, line, "--limit", "1") == whole[:1]
    assert rows(run, line, "-n", "2") == whole[:2]
    for format, head in (("csv", 1), ("name", 0), ("json", None), ("yaml", None)):
        cut = run(*line.split(), "-o", format, "--limit", "1")
        assert cut.err == run(*line.split(), "-o", format).err
        if head is not None:
            assert len(cut.lines) == head + 1
            assert cut.out == "".join(
                f"{row}\n" for row in run(*line.split(), "-o", format).lines[: head + 1]
            )


@pytest.mark.parametrize("line", [*LISTS, "history", "scenario history"])
def test_no_rows_may_be_asked_for_and_none_taken_away(line: str, rich: Path, run: Program) -> None:
    name = run(*line.split(), "--limit", "0", "-o", "name")
    assert name.out == ""
    refused = run(*line.split(), "--limit", "-1", check=2)
    assert refused.out == ""
    assert "--limit" in refused.err
    assert run(*line.split(), "--limit", "many", check=2).out == ""


def test_a_limit_that_is_not_reached_changes_nothing(rich: Path, run: Program) -> None:
    for line in LISTS:
        whole, limited = run(*line.split()), run(*line.split(), "--limit", "1000")
        assert (limited.out, limited.err) == (whole.out, whole.err)


def test_what_a_row_counts_is_counted_in_all(rich: Path, run: Program) -> None:
    tags = {row["tag"]: row["endpoints"] for row in rows(run, "tag list")}
    [first] = rows(run, "tag list", "--limit", "1")
    assert first["endpoints"] == tags[first["tag"]]
    whole = run("list", "--uses", "--where", "ref:pbx-lyon", "-o", "csv").lines
    assert (
        run("list", "--uses", "--limit", "1", "--where", "ref:pbx-lyon", "-o", "csv").lines == whole
    )


def test_on_a_terminal_the_others_are_counted_below_the_table(
    rich: Path, terminal: Terminal
) -> None:
    *_, row, last = terminal("tag", "list", "--limit", "1").text.splitlines()
    assert row.split()[0] != "TAG"
    assert last.startswith("sipctl: … and ")
