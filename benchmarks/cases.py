"""What is measured, as data.

To measure one more command, write a task, and name it in a row or among the further tasks of a
race.
"""

from __future__ import annotations

from dataclasses import replace

from benchmarks.answers import committed, lines, says, silent
from benchmarks.processes import Output
from benchmarks.states import (
    Step,
    again,
    clean,
    edit_some,
    edited,
    forget,
    graphed,
    judged,
    keep_edited,
    tabled,
)
from benchmarks.tasks import At, Check, Race, Row, Task, at_most, faster, megabytes

# -- tasks ---------------------------------------------------------------------------------------

PASS = Task("python -c pass", "python -c pass", (silent,), At.SMALL)
PASS_ANYWHERE = replace(PASS, at=At.ALL)
VERSION = Task("--version", "sipctl --version", (says("sipctl "),), At.SMALL)
HELP = Task("--help", "sipctl --help", (says("Usage"),), At.SMALL, Output.TERMINAL)
COMPLETION = Task(
    "completion",
    "sipctl __complete bash 'sipctl show {typed}' '' '{breaks}'",
    (says("words\n{watched}\n"),),
    At.ALL,
)
LIST_SHOWN = Task(
    "list", "sipctl list", (says("REFERENCE"), says("{watched}")), At.SMALL, Output.TERMINAL
)

LIST = Task("list -o name", "sipctl list -o name", (lines("{endpoints}"),), At.ALL)
LIST_SMALL = replace(LIST, at=At.SMALL)
SEARCH = Task("search", "sipctl search {city} -o name", (lines("{in_city}"),), At.ALL)
SHOW = Task("show", "sipctl show {watched}", (says("reference    {watched}"),), At.ALL)
STATUS = Task("git status", "git status --porcelain", (silent,), At.ALL)
GREP = Task("grep -rl", "grep -rl {city} endpoints", (lines("{in_city}"),), At.ALL)

LIST_EDITED = replace(LIST, before=(clean, again, edit_some), at=At.MAIN, after=(clean,))
SEARCH_EDITED = replace(SEARCH, before=(clean, again, edit_some), at=At.MAIN, after=(clean,))
STATUS_EDITED = replace(
    STATUS,
    checks=(lines("{some}", " M endpoints/"),),
    at=At.MAIN,
    before=(clean, edit_some),
    after=(clean,),
)

NO_FINDINGS = (says("files checked: no findings"),)
VALIDATE_COLD = Task("validate, cold", "sipctl validate", NO_FINDINGS, At.ALL, before=(forget,))
VALIDATE_WARM = Task("validate, warm", "sipctl validate", NO_FINDINGS, At.ALL, before=(again,))
CHECK_JSONSCHEMA = Task(
    "check-jsonschema",
    "check-jsonschema --schemafile {schema} {files}",
    (says("ok -- validation done"),),
    At.UP_TO_MAIN,
)
YAMLLINT = Task(
    "yamllint",
    "yamllint --config-data relaxed endpoints scenarios",
    (silent,),
    At.UP_TO_MAIN,
    most=1,
)

HISTORY = Task(
    "history of one", "sipctl history {watched}", (lines("{watched_commits}", "20"),), At.ALL
)
LOG = Task(
    "git log --follow",
    "git log --follow -p -- endpoints/{watched}.yaml",
    (lines("{watched_commits}", "commit "),),
    At.ALL,
)
HISTORY_GRAPHED = replace(
    HISTORY,
    label="history of one, with a commit graph",
    at=At.MAIN_AND_LARGEST,
    before=(graphed,),
)
LOG_GRAPHED = replace(
    LOG, label="git log --follow, with it", at=At.MAIN_AND_LARGEST, before=(graphed,), most=1
)
HISTORY_LATEST = Task(
    "history --limit 20", "sipctl history --limit 20", (lines("20", "20"),), At.ALL
)
LOG_LATEST = Task("git log -20", "git log --raw -20", (lines("20", "commit "),))
FIRST_ROW = Task("history", "sipctl history", (lines("1", "20"),), output=Output.FIRST_LINE)
FIRST_COMMIT = Task(
    "git log",
    "git log --raw",
    (lines("1", "commit "),),
    output=Output.FIRST_LINE,
    statuses=(0, -13),  # the pipe is closed while it writes
)

DIFF = Task("diff", "sipctl diff bulk~ bulk", (says("{bulk} endpoints changed"),), At.ALL)
GIT_DIFF = Task("git diff", "git diff bulk~ bulk", (lines("{bulk}", "diff --git"),), At.ALL)

EDIT = Task(
    "edit of one",
    "sipctl edit {watched} --port 5091",
    (says("1 changed; commit "), committed("1")),
    At.ALL,
    before=(judged,),
    after=(clean,),
)
EDIT_MANY = Task(
    "edit of many",
    "sipctl edit --where tag:{city} --port 5091 --force",
    (says("{in_city} changed; commit "), committed("{in_city}")),
    At.MAIN_AND_LARGEST,
    before=(judged,),
    after=(clean,),
)
SCRIPT = Task(
    "a script",
    "python {script} {edited}",
    (silent, committed("{in_city}")),
    before=(keep_edited(EDIT_MANY.line),),
    after=(clean,),
)
COPY = Task(
    "cp, git add, git commit",
    """sh -c 'cp "{edited}"/* endpoints/ && git add endpoints && git commit --quiet -m "Change"'""",
    (silent, committed("{in_city}")),
    before=(keep_edited(EDIT_MANY.line),),
    after=(clean,),
)


def _reading(line: str, *checks: Check, most: int | None = None) -> Task:
    label = line.removeprefix("sipctl ").partition(" {")[0]
    return Task(label, line, checks, At.MAIN_AND_LARGEST, before=(judged,), most=most)


def _writing(line: str, what: str, files: str, *before: Step) -> Task:
    checks = (says(what), committed(files))
    label = line.removeprefix("sipctl ").partition(" ")[0]
    return Task(
        label, line, checks, At.MAIN_AND_LARGEST, before=(judged, *before), after=(clean,), most=3
    )


OTHERS = (
    _reading("sipctl list -o json", says('"{used}"')),
    _reading("sipctl tag list", says("{city}")),
    _reading("sipctl scenario list", says("{user}")),
    _reading("sipctl scenario show {user}", says("{user}")),
    _reading("sipctl uses {used}", says("{user}")),
    _reading("sipctl export csv", says("{used},")),
    _reading("sipctl status", says("main")),
    _reading("sipctl diff HEAD", says("no field differs")),
    _reading("sipctl plan HEAD~20", says("endpoint")),
    _reading("sipctl validate --staged", *NO_FINDINGS),
    _reading("sipctl fmt --check", silent, most=3),
    _reading("sipctl secret check", *NO_FINDINGS, most=3),
    _reading("sipctl blame {watched}", says("reference"), most=3),
    _writing("sipctl create new --host sip.example.net", "1 created; commit ", "1"),
    _writing("sipctl duplicate {watched} new", "1 duplicated; commit ", "1"),
    _writing("sipctl rename {watched} new", "1 renamed; commit ", "1"),
    _writing("sipctl delete {watched}", "1 deleted; commit ", "1"),
    _writing("sipctl import --force {table}", "{new} created; commit ", "{new}", tabled),
    _writing("sipctl undo", "1 changed; commit ", "0", edited),
    _writing("sipctl restore {watched}", "1 changed; commit ", "1"),
    _writing("sipctl reroute {used} {watched}", "1 changed; commit ", "1"),
    _writing("sipctl save", "{some} changed; commit ", "{some}", edit_some),
)

# -- the table -----------------------------------------------------------------------------------

RACES = (
    Race(
        "start",
        "Starting",
        (
            Row("`--version`", VERSION, PASS, at_most(2), At.SMALL),
            Row("`list -o name`", LIST_SMALL, PASS, at_most(7), At.SMALL),
            Row("`list` on a terminal", LIST_SHOWN, PASS, at_most(12), At.SMALL),
            Row("`--help` on a terminal", HELP, PASS, at_most(13), At.SMALL),
        ),
    ),
    Race(
        "check",
        "Checking every file",
        (
            Row("`validate`, cold", VALIDATE_COLD, CHECK_JSONSCHEMA, faster(6)),
            Row("`validate`, warm", VALIDATE_WARM, CHECK_JSONSCHEMA, faster(30)),
            Row("`validate`, cold", VALIDATE_COLD, YAMLLINT),
            Row("memory of `validate`, cold", VALIDATE_COLD, None, megabytes(200), At.LARGEST),
            Row("memory of `validate`, warm", VALIDATE_WARM, None, megabytes(200), At.LARGEST),
        ),
    ),
    Race(
        "find",
        "Finding endpoints",
        (
            Row("`list -o name`, warm", LIST, STATUS, at_most(9)),
            Row("`search WORD`, warm", SEARCH, STATUS, at_most(10)),
            Row("`show REF`, warm", SHOW, STATUS, at_most(8)),
            Row("`search WORD`, warm", SEARCH, GREP),
            Row("completion of a name", COMPLETION, PASS_ANYWHERE, at_most(2.5)),
        ),
    ),
    Race(
        "edited",
        "Finding endpoints, files edited by hand since",
        (
            Row("`list -o name`, {some} edited", LIST_EDITED, STATUS_EDITED, at_most(17)),
            Row("`search WORD`, {some} edited", SEARCH_EDITED, STATUS_EDITED, at_most(17)),
        ),
    ),
    Race(
        "past",
        "Looking back, over {commits} commits",
        (
            Row("`history REF`", HISTORY, LOG, at_most(1.5)),
            Row("`history --limit 20`", HISTORY_LATEST, LOG_LATEST),
            Row("`history`, its first line", FIRST_ROW, FIRST_COMMIT),
            Row("`diff A B`, {bulk} files changed", DIFF, GIT_DIFF, at_most(4)),
        ),
    ),
    Race(
        "edit",
        "Editing, with the commit",
        (
            Row("`edit REF`", EDIT, STATUS, at_most(20)),
            Row("`edit --where`, {in_city} endpoints", EDIT_MANY, SCRIPT, at_most(1.5)),
            Row("`edit --where`, {in_city} endpoints", EDIT_MANY, COPY),
        ),
    ),
    Race("others", "Other commands", (), OTHERS),
    Race(
        "graph",
        "Looking back, where Git keeps a graph of the commits with their paths",
        (Row("`history REF`", HISTORY_GRAPHED, LOG_GRAPHED),),
    ),
)
