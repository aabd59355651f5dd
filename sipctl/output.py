"""Which stream and which format: the answer to standard output, words to standard error."""

from __future__ import annotations

import itertools
import json
import os
import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, overload

from sipctl import names, streams
from sipctl.kinds import SETTINGS_FILE
from sipctl.render import visible
from sipctl.statuses import BUG

if TYPE_CHECKING:
    from sipctl.changes import FieldChange, MemberChange
    from sipctl.endpoint import Endpoint
    from sipctl.errors import SipctlError
    from sipctl.findings import Finding, Place
    from sipctl.inventory import Inventory
    from sipctl.outcome import Outcome
    from sipctl.pager import Pager
    from sipctl.render.table import Narrow
    from sipctl.scenarios.scenario import Scenario

VERSION = 1
"""The version of every JSON document that sipctl prints."""

_SHOWN = 20
"""So many members of a change are shown, and the rest counted."""


def _inert(text: str) -> str:
    """The text with all escaped that a terminal acts on, but for the ends of lines."""
    if text.isprintable():
        return text
    return "\n".join(map(visible, text.split("\n")))


# -- words for people ----------------------------------------------------------------------------


def tell(words: str) -> None:
    """A line to the user, on standard error."""
    _say("sipctl", words)


def _hint(words: str) -> None:
    _say("hint", words)


def _say(who: str, words: str) -> None:
    """Further lines are indented, so that no value can look like words of ours."""
    lines = _inert(names.without_keys(words)).split("\n")
    streams.begin_words()
    indented = (line if line.startswith("  ") else f"  {line}" for line in lines[1:])
    print(f"{who}: " + "\n".join([lines[0], *indented]), file=sys.stderr)


def tell_none(*, matches: bool = True) -> None:
    """Say that there is no endpoint, or none that matches, to who would wonder about a heading
    alone."""
    if sys.stderr.isatty():
        tell("no endpoint matches" if matches else "there is no endpoint")


def tell_error(error: SipctlError, color: str) -> None:
    """An error: its findings, what happened, and the cure."""
    if error.findings:
        from sipctl.render.findings import full

        show_to_user(full(error.findings), color)
    if error.status == BUG:
        _tell_report(error.message)
        return
    tell(error.message)
    if error.hint:
        _hint(error.hint)


def tell_usage(error: Any, color: str) -> None:
    """What is wrong with the command line."""
    if _tell_switch(getattr(error, "param", None)):
        return
    context = getattr(error, "ctx", None)
    message = error.format_message().rstrip(".")
    if not message:  # no command was given, and help has been shown
        return
    if message.startswith("Got unexpected extra argument"):
        message = "too many arguments"  # not which one: it may be a password
    option = getattr(error, "option_name", "")
    message = message.replace(option, names.word(option)) if option else message
    message = re.sub("(?<=command )'([^']*)'", lambda found: names.quoted(found[1]), message)
    tell(message[0].lower() + message[1:])
    if message == "too many arguments" and _takes_queries(context):
        _hint("endpoints are looked for with `sipctl search QUERY`, and here with --where QUERY")
    if context is not None and context.command.name == "search" and re.match("-[^-]", option):
        # a minus before a term of a query means "not", where it is not the first
        _hint("for what does not match write `not tag:paris`, or put `--` before `-tag:paris`")
    elif re.match(_PASSWORD_OPTION, option, re.IGNORECASE):
        _hint("no option takes a password, which all the machine could read and the shell keeps;")
        _hint("--password-stdin asks for it on a terminal, and reads it elsewhere")
    elif context is not None:
        _hint(f"see `{context.command_path} --help`")


def _tell_switch(param: Any) -> bool:
    """Say of an option without a value what is wrong with its variable; False for any other."""
    variable = getattr(param, "envvar", None)
    if not (variable and param.is_flag):
        return False
    tell(f"{variable} is {names.quoted(os.environ.get(variable, ''))}, neither yes nor no")
    _hint(f"set it to 1 or to 0, or take it away: `unset {variable}`")
    return True


def _takes_queries(context: Any) -> bool:
    return any(param.name == "where" for param in context.command.params)


_PASSWORD_OPTION = "--?(pass|pwd|pw|secret)"


def tell_bug(error: BaseException) -> None:
    """A bug in sipctl: where it happened, without any value that it happened with."""
    import traceback

    frames = traceback.extract_tb(error.__traceback__)
    own = [f for f in frames if "sipctl" in f.filename]
    where = "".join(f"\n  {f.filename.rpartition('sipctl/')[2]}:{f.lineno} {f.name}" for f in own)
    _tell_report(f"{type(error).__name__} in{where}")


def _tell_report(what: str) -> None:
    from sipctl import __version__

    version = f"sipctl {__version__}, Python {sys.version.split()[0]}, {sys.platform}"
    tell(f"this is a bug in sipctl: {what}")
    print(version, file=sys.stderr)
    _hint("please report it with these lines; they hold no values of yours")


def tell_unread(inventory: Inventory) -> None:
    """Say what of a workspace could not be read, on standard error."""
    if not inventory.reads_settings:
        tell(f"{SETTINGS_FILE} could not be read")
    paths = inventory.unread()
    tell_unreadable(paths)
    if not (inventory.reads_settings or paths):
        _hint(_SEE)


_SEE = "see `sipctl validate`"


def tell_unreadable(paths: Sequence[str]) -> None:
    """Say which files could not be read, or which folders of them, on standard error."""
    files = [path for path in paths if "/" in path]
    for folder in (path for path in paths if "/" not in path):
        tell(f'the folder "{folder}" could not be read')
    if files:
        count = "1 file" if len(files) == 1 else f"{len(files)} files"
        named = ", ".join(files[:3]) + (", …" if len(files) > 3 else "")
        tell(f"{count} could not be read: {named}")
    if paths:
        _hint(_SEE)


def tell_plan(outcome: Outcome, color: str) -> None:
    """What a change would do, on standard error."""
    from sipctl.render.changes import plan

    show_to_user(plan(outcome.changes, _SHOWN, outcome.settings), color)


def show_to_user(segments: Iterable[tuple[str, str]], color: str) -> None:
    """Styled text that is no answer, on standard error."""
    streams.begin_words()
    _show(sys.stderr, segments, color, on_terminal=sys.stderr.isatty())


def _show(
    stream: Any, segments: Iterable[tuple[str, str]], color: str, *, on_terminal: bool
) -> None:
    """Styled text; without colour the plain words.

    A file or a pipe gets a diff as it is, so that it can be applied.
    """
    if on_terminal or color == "always":
        segments = ((_inert(text), style) for text, style in segments)
    if color == "always" or (color == "auto" and on_terminal and _shows_colors()):
        from sipctl.render.styled import colored

        stream.write("".join(colored(segments)))
    else:
        stream.write("".join(text for text, _ in segments))


def _shows_colors() -> bool:
    """Whether the terminal knows more than characters, by the variable that Git goes by too."""
    return os.environ.get("TERM", "dumb") != "dumb"


# -- answers -------------------------------------------------------------------------------------


def json_parts(data: Mapping[str, Any]) -> Iterator[str]:
    """A whole answer as JSON, with its version, in parts: the text of a large one takes as much
    memory as all that it was made of."""
    encoder = json.JSONEncoder(ensure_ascii=False, indent=2)
    pieces = encoder.iterencode({"version": VERSION, **data})
    while part := "".join(itertools.islice(pieces, _PIECES)):
        yield _escaped(part)
    yield "\n"


_PIECES = 10_000


# what JSON may hold as it is and a terminal acts on (DEL, C1, directions), or programs stumble over
_ACTING = "[\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff]"


def _escaped(text: str) -> str:
    """JSON or YAML that says the same without these; they stand in double quotes only."""
    return re.sub(_ACTING, lambda found: f"\\u{ord(found[0]):04x}", text)


class Printer:
    """Prints a command's answer in one format, through a pager where there is one."""

    def __init__(self, format: str, color: str = "auto", pager: Pager | None = None) -> None:
        self.format = format
        self.color = color
        self.pager = pager

    def _begin(self) -> None:
        if self.pager is not None:
            self.pager.start()

    @property
    def _on_terminal(self) -> bool:
        return self.pager is not None or sys.stdout.isatty()

    def _width(self) -> int | None:
        """The terminal's columns, or None where there is no terminal and nothing is to be cut."""
        if self.pager is not None:
            return self.pager.columns
        if not sys.stdout.isatty():
            return None
        import shutil

        return shutil.get_terminal_size().columns

    def document(self, data: Mapping[str, Any]) -> None:
        """A whole answer as JSON or YAML, with its version."""
        self._begin()
        if self.format == "yaml":
            from sipctl.yamlfile.write import tree

            sys.stdout.write(_escaped(tree({"version": VERSION, **data})))
        else:
            sys.stdout.writelines(json_parts(data))

    @property
    def structured(self) -> bool:
        """True for JSON and YAML."""
        return self.format in ("json", "yaml")

    def lines(self, lines: Iterable[str]) -> None:
        """Lines of plain text."""
        self._begin()
        sys.stdout.writelines(f"{_inert(line)}\n" for line in streams.while_read(lines))

    def show(self, segments: Iterable[tuple[str, str]]) -> None:
        """Styled text."""
        self._begin()
        _show(sys.stdout, segments, self.color, on_terminal=self._on_terminal)

    def table(
        self,
        headers: Sequence[str],
        rows: Sequence[Sequence[str]],
        omitted: int = 0,
        *,
        wrap: bool = False,
        narrow: Narrow | None = None,
    ) -> None:
        """A table: as CSV, drawn for a terminal, or in plain columns.

        People are told how many rows were `omitted`; programs have asked for so many. With `wrap`
        the last column is not cut on a terminal. `narrow` tells what gives way on a terminal that
        is too narrow. CSV has its headings in small letters.
        """
        if self.format == "csv":
            self.csv([heading.lower() for heading in headers], rows)
            return
        from sipctl.render.table import Narrow, columns

        narrow = narrow or Narrow()
        self.show(columns(headers, rows, self._width(), wrap=wrap, narrow=narrow))
        if omitted:
            tell(f"… and {omitted} more")

    def csv(self, headers: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
        """A table as RFC 4180 has it, but for line feeds at the ends of lines; written as rows
        come."""
        import csv

        self._begin()
        writer = csv.writer(sys.stdout, lineterminator="\n")
        read = streams.while_read(itertools.chain([headers], rows))
        for_people = self._on_terminal
        writer.writerows(tuple(map(visible, line)) if for_people else line for line in read)

    def drawing(self, scenario: Scenario, endpoints: Mapping[str, Endpoint]) -> None:
        """A scenario as a tree, or as the text of a picture."""
        self._begin()
        if self.format == "mermaid":
            from sipctl.render.mermaid import mermaid

            sys.stdout.write(mermaid(scenario))
        elif self.format == "dot":
            from sipctl.render.dot import dot

            sys.stdout.write(dot(scenario))
        else:
            from sipctl.render.scenario import tree

            self.show(tree(scenario, endpoints=endpoints, width=self._width()))

    def outcome(self, outcome: Outcome, dry_run: bool, planned: bool = False) -> None:
        """What a writing command did, or would do; where the plan has been shown, its end only."""
        for note in outcome.notes:
            tell(note)
        if outcome.findings:
            from sipctl.render.findings import full

            show_to_user(full(outcome.findings), self.color)
        if self.format == "json":
            self.document(_outcome(outcome, dry_run))
        elif not outcome.files:
            tell("nothing to change")
        elif dry_run:
            self._patch(outcome)
        else:
            from sipctl.render.changes import done

            self.show(done(outcome, 0 if planned else _SHOWN))

    def _patch(self, outcome: Outcome) -> None:
        from sipctl.render.changes import diff

        text, why_not = outcome.patch()
        if why_not:
            tell(f"{why_not}, so this diff cannot be applied")
        self.show(diff(text))


# -- what JSON documents hold --------------------------------------------------------------------


def _outcome(outcome: Outcome, dry_run: bool) -> dict[str, Any]:
    return {
        "changes": [change_data(change) for change in outcome.changes],
        "settings": [field_data(field) for field in outcome.settings],
        "files": [change.path for change in outcome.files],
        "commit": outcome.commit,
        "dry_run": dry_run,
        "patch": outcome.patch()[0] if dry_run else None,
        "notes": list(outcome.notes),
        "findings": [finding_data(finding) for finding in outcome.findings],
    }


def change_data(change: MemberChange) -> dict[str, Any]:
    """What happened to one endpoint or scenario."""
    return {
        "kind": change.kind,
        "member": change.member_kind.noun,
        "reference": change.reference,
        "source": change.source,
        "fields": [field_data(field) for field in change.fields],
    }


@overload
def place_data(place: Place) -> dict[str, Any]: ...
@overload
def place_data(place: Place | None) -> dict[str, Any] | None: ...
def place_data(place: Place | None) -> dict[str, Any] | None:
    """Where something begins."""
    return {"file": place.file, "line": place.line, "column": place.column} if place else None


def field_data(change: FieldChange) -> dict[str, Any]:
    """A field's old and new value; `…_given` is false for a default."""
    return {
        "field": change.field,
        "old": change.old.data,
        "new": change.new.data,
        "old_given": change.old.given,
        "new_given": change.new.given,
    }


def finding_data(finding: Finding) -> dict[str, Any]:
    """A finding."""
    place = finding.place
    return {
        "code": finding.code,
        "name": finding.rule,
        "severity": finding.severity.value,
        **place_data(place),
        "end_line": place.end_line or place.line,
        "end_column": place.end_column or place.column + 1,
        "message": finding.message,
        "hint": finding.hint,
        "related": [
            {**place_data(related), "message": words} for related, words in finding.related
        ],
    }
