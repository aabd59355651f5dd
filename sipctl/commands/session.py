"""The options that commands share, and the session that carries what was given for them."""

from __future__ import annotations

import inspect
import os
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sipctl import names, output
from sipctl.errors import Refused, Usage
from sipctl.kinds import ENDPOINT, Kind, reference_of

if TYPE_CHECKING:
    from sipctl.apply import Options
    from sipctl.changes import MemberChange
    from sipctl.inventory import Inventory
    from sipctl.outcome import Outcome, Planner
    from sipctl.pager import Pager
    from sipctl.yamlfile.write import Value

READING_FORMATS = ("table", "json", "yaml", "csv", "name")
TELLING_FORMATS = ("table", "json", "yaml")
DRAWING_FORMATS = (*READING_FORMATS, "mermaid", "dot")
WRITING_FORMATS = ("text", "json")
COMPARING_FORMATS = ("text", "json", "markdown")


def number(text: str) -> int:
    """A number as files hold it; int() takes much else for one: `05060`, `5_060`, `٥٠٦٠`."""
    from sipctl.yamlfile import scalars

    if not scalars.DECIMAL.match(text):
        raise typer.BadParameter(f"{names.quoted(text)} is not a plain number")
    return int(text[:19])  # more digits are out of every range, and not linear to read


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    if not seconds >= 0:  # which "nan" is not either
        raise typer.BadParameter(f"{names.quoted(text)} is not a number of seconds")
    return seconds


# Typer reads the options from these signatures; the values land in the session.


def _global_options(
    workspace: Annotated[
        Path | None,
        typer.Option(
            "--workspace",
            "-C",
            metavar="DIR",
            envvar="SIPCTL_WORKSPACE",
            help="Work in this workspace; without it, the one around the current folder.",
        ),
    ] = None,
    no_input: Annotated[
        bool,
        typer.Option("--no-input", envvar="SIPCTL_NO_INPUT", help="Never ask a question."),
    ] = False,
    yes: Annotated[
        bool,
        typer.Option(
            "--yes", "-y", envvar="SIPCTL_YES", help="Answer every confirmation with yes."
        ),
    ] = False,
    color: Annotated[
        str,
        typer.Option(
            "--color",
            metavar="WHEN",
            envvar="SIPCTL_COLOR",
            help="Colour the output: auto, always or never.",
        ),
    ] = "auto",
    lock_timeout: Annotated[
        float,
        typer.Option(
            "--lock-timeout",
            metavar="SECONDS",
            parser=_seconds,
            envvar="SIPCTL_LOCK_TIMEOUT",
            help="Wait at most this long for another sipctl that writes.",
        ),
    ] = 60.0,
    no_cache: Annotated[
        bool,
        typer.Option(
            "--no-cache",
            envvar="SIPCTL_NO_CACHE",
            help="Read every file, as if none were known from an earlier command.",
        ),
    ] = False,
    no_pager: Annotated[
        bool,
        typer.Option(
            "--no-pager",
            envvar="SIPCTL_NO_PAGER",
            help="Show a long answer as it is, not in the pager that Git would start.",
        ),
    ] = False,
) -> None:
    pass


def _writing_options(
    message: Annotated[
        str | None,
        typer.Option("--message", "-m", metavar="TEXT", help="Subject of the commit."),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", "-n", help="Show the exact diff and change nothing.")
    ] = False,
    no_commit: Annotated[
        bool, typer.Option("--no-commit", help="Write the files and make no commit.")
    ] = False,
    format: Annotated[
        str, typer.Option("--output", "-o", metavar="FORMAT", help="What to print: text or json.")
    ] = "text",
) -> None:
    pass


def _format_option(words: str, default: str) -> Callable[..., None]:
    def options(format: str = default) -> None:
        pass

    option = typer.Option("--output", "-o", metavar="FORMAT", help=f"What to print: {words}.")
    options.__annotations__["format"] = Annotated[str, option]
    return options


def _field_options(
    host: Annotated[
        str | None,
        typer.Option(metavar="HOST", help="Destination server: a host name or an IP address."),
    ] = None,
    port: Annotated[
        int | None,
        typer.Option(metavar="PORT", parser=number, help="Port, where it is not the default."),
    ] = None,
    transport: Annotated[
        str | None, typer.Option(metavar="udp|tcp|tls", help="Transport of the signalling.")
    ] = None,
    codecs: Annotated[
        list[str] | None,
        typer.Option(
            "--codec",
            metavar="alaw,ulaw",
            help="Codecs in order of preference, with commas; or repeat it.",
        ),
    ] = None,
    username: Annotated[
        str | None, typer.Option(metavar="NAME", help="User name of the authentication.")
    ] = None,
    password_env: Annotated[
        str | None,
        typer.Option(
            "--password-env", metavar="VARIABLE", help="Environment variable with the password."
        ),
    ] = None,
    password_file: Annotated[
        str | None,
        typer.Option(
            "--password-file",
            metavar="PATH",
            help="File with the password, absolute or relative to the workspace.",
        ),
    ] = None,
    password_stdin: Annotated[
        bool,
        typer.Option(
            "--password-stdin",
            help="Seal the password on standard input; a terminal is asked for it.",
        ),
    ] = False,
    realm: Annotated[
        str | None, typer.Option(metavar="REALM", help="Realm, sent only when set.")
    ] = None,
    register: Annotated[
        bool | None,
        typer.Option("--register/--no-register", help="Whether to register at the server."),
    ] = None,
    tags: Annotated[
        list[str] | None,
        typer.Option("--tag", metavar="TAG", help="A tag; repeat it, or use commas, for more."),
    ] = None,
    description: Annotated[
        str | None, typer.Option(metavar="TEXT", help="A note for people, on one line.")
    ] = None,
) -> None:
    pass


OPTIONS: dict[str, Callable[..., None]] = {
    "fields": _field_options,
    "global": _global_options,
    "writing": _writing_options,
    "reading": _format_option("table, json, yaml, csv or name", "table"),
    "telling": _format_option("table, json or yaml", "table"),
    "drawing": _format_option("table (a tree), mermaid, dot, json, yaml, csv or name", "table"),
    "comparing": _format_option("text, json or markdown", "text"),
}


class Session:
    """What was given for the shared options, and what every command does with them."""

    def __init__(self, color: str) -> None:
        self.workspace: Path | None = None
        self.no_input = False
        self.yes = False
        self.color = color
        self.lock_timeout = 60.0
        self.no_pager = False
        self.message: str | None = None
        self.dry_run = False
        self.no_commit = False
        self.format = ""
        self.given: dict[str, Any] = {}
        self.pager: Pager | None = None
        self.status = 0  # where nothing fails
        self.has_written = False

    def take(self, name: str, value: Any) -> None:
        """One option's value, given before or after the command."""
        self.check(name, value)
        if name in FIELD_OPTIONS:
            self.given[name] = value
        elif name == "workspace":
            self.workspace = Path(value)  # outside of a command's signature Typer leaves it a text
        else:
            setattr(self, name, value)

    def values(self) -> dict[str, Value]:
        """The endpoint's fields that options give, in the form that files hold; not a password that
        is to be sealed."""
        return fields_of_options(self.given)

    @property
    def gives_password(self) -> bool:
        """True where an option is about a password, so that words beside it may be one."""
        return any(name.startswith("password_") for name in self.given)

    @property
    def seals(self) -> bool:
        """True where a password is to be read and sealed."""
        return bool(self.given.get("password_stdin"))

    @staticmethod
    def check(name: str, value: Any) -> None:
        """Refuse a value that an option cannot have."""
        if name == "color" and value not in ("auto", "always", "never"):
            raise Usage(f'"{value}" is not a value of --color', "use auto, always or never")
        if name == "workspace" and value is not None and names.is_secret_key(str(value)):
            message = "a secret key stands where the name of the workspace's folder belongs"
            raise Usage(message, "see SIPCTL_WORKSPACE, or -C")
        if name == "message" and value is not None and not value.strip():
            raise Usage("the message is empty", "give -m a text, or leave it out")

    # -- where and how ---------------------------------------------------------------------------

    def root(self) -> Path:
        """The workspace's folder."""
        from sipctl import workspace  # what help needs nothing of is loaded where it is used

        return workspace.find_root(Path.cwd(), self.workspace)

    def inventory(self) -> Inventory:
        """The whole workspace, for a command that reads; says what could not be read."""
        from sipctl import workspace

        return self._told(workspace.load)

    def inventory_about(self, reference: str, *, used: bool) -> Inventory:
        """The workspace as far as it is about one endpoint, and where that is `used`."""
        from sipctl import workspace

        return self._told(lambda root: workspace.load_about(root, reference, used=used))

    def _told(self, load: Callable[[Path], Inventory]) -> Inventory:
        root = self.root()
        tell_interrupted(root)
        inventory = load(root)
        output.tell_unread(inventory)
        return inventory

    @property
    def interactive(self) -> bool:
        """True where a question may be asked."""
        return not self.no_input and sys.stdin.isatty() and sys.stderr.isatty()

    def printer(self, *formats: str, paged: bool = True) -> output.Printer:
        """The printer for the format asked for, which must be one of `formats`.

        What it prints goes through a pager on a terminal, unless the command writes or asks.
        """
        wanted = self.format or formats[0]
        if wanted not in formats:
            message = f'"{wanted}" is not an output format of this command'
            raise Usage(message, f"use one of {', '.join(formats)}")
        if paged and sys.stdout.isatty() and not self.no_pager:
            self._choose_pager()
        return output.Printer(wanted, self.color, self.pager)

    def _choose_pager(self) -> None:
        from sipctl import pager

        if pager.is_wanted():
            self.pager = pager.Pager(self.workspace or Path.cwd())

    @property
    def is_paged(self) -> bool:
        """True where something went through a pager."""
        return self.pager is not None and self.pager.was_started

    def end_pager(self) -> None:
        """Wait until all is read that was printed."""
        if self.pager is not None:
            self.pager.end()

    # -- writing ---------------------------------------------------------------------------------

    @property
    def commits(self) -> bool:
        """True where a change is to be carried out and committed."""
        return not (self.dry_run or self.no_commit)

    def write(
        self,
        planner: Planner,
        *,
        guarded: bool = False,
        force: bool = False,
        preview: bool = False,
    ) -> Outcome:
        """Carry a change out and print what it did. A `guarded` one of many wants a yes.

        With `preview` the plan is shown before it is carried out, however small.
        """
        outcome = self.change(planner, guarded=guarded, force=force, preview=preview)
        self.show(outcome, planned=preview)
        return outcome

    def change(
        self,
        planner: Planner,
        *,
        guarded: bool = False,
        force: bool = False,
        preview: bool = False,
        root: Path | None = None,
    ) -> Outcome:
        """As `write`, and print nothing; in the workspace at `root` if one is given."""
        from sipctl import apply, selection

        self._printer_of_changes()  # refused before anything is written
        asked = guarded and not (force or self.yes)

        def confirm(outcome: Outcome) -> None:
            many = asked and len(outcome.changes) > selection.BULK
            if preview or many:
                output.tell_plan(outcome, self.color)
            if many:
                self._confirm(outcome.changes)

        outcome = apply.run(
            root or self.root(),
            planner,
            self._writing(),
            confirm if preview or asked else None,
            asks=asked,
        )
        self.has_written = outcome.written
        return outcome

    def show(self, outcome: Outcome, *, planned: bool = False) -> None:
        """Print what a change did; of one that was shown as a plan, its end only."""
        self._printer_of_changes().outcome(outcome, dry_run=self.dry_run, planned=planned)

    def _printer_of_changes(self) -> output.Printer:
        return self.printer(*WRITING_FORMATS, paged=False)

    def _writing(self) -> Options:
        from sipctl.apply import Options

        return Options(
            dry_run=self.dry_run,
            commit=not self.no_commit,
            message=self.message,
            lock_timeout=self.lock_timeout,
            tell=output.tell,
        )

    def _confirm(self, changes: Iterable[MemberChange]) -> None:
        what = _what(changes)
        if not self.interactive:
            raise Refused(f"this would {what}", "pass --force if that is meant")
        if not self.ask_yes(f"{what}?"):
            raise Refused("nothing has changed")

    def ask_yes(self, question: str) -> bool:
        """Ask a question on the terminal that wants a yes."""
        while not self.yes:
            answer = typer.prompt(f"{question} [y/N]", default="", show_default=False, err=True)
            if answer.strip().casefold() in ("", "n", "no"):
                return False
            if answer.strip().casefold() in ("y", "yes"):
                break
            typer.echo(f"{names.quoted(answer)} is neither yes nor no: type y or n", err=True)
        return True


def _what(changes: Iterable[MemberChange]) -> str:
    """What changes do: `delete 11 endpoints and change 2 scenarios`."""
    from sipctl.changes import of_these

    paths: dict[str, list[str]] = {"create": [], "change": [], "delete": []}
    for change in changes:
        verb = {"created": "create", "duplicated": "create", "deleted": "delete"}
        paths[verb.get(change.kind, "change")].append(change.member_kind.path(change.reference))
    return " and ".join(f"{verb} {of_these(these)}" for verb, these in paths.items() if these)


FIELD_OPTIONS = frozenset(inspect.signature(_field_options).parameters)


def fields_of_options(given: Mapping[str, Any]) -> dict[str, Value]:
    """Options as an endpoint's fields. Raises Refused for a host that has no ASCII form."""
    from sipctl import operations

    values: dict[str, Value] = {k: v for k, v in given.items() if not k.startswith("password_")}
    if "host" in values:
        values["host"] = operations.host_of(given["host"])
    for name in {"codecs", "tags"} & values.keys():
        values[name] = split(given[name])
    sources = [name for name in given if name.startswith("password_") and given[name]]
    if len(sources) > 1:
        hint = "give --password-env, --password-file or --password-stdin"
        raise Usage("only one password option may be given", hint)
    for form in ("env", "file"):
        if f"password_{form}" in given:
            values["password"] = {form: given[f"password_{form}"]}
    return values


def field_named(name: str, fields: Sequence[str]) -> str | None:
    """The field that an option or its value names, `codec` for `codecs`; None for none of these,
    nor a key of the user's own."""
    field = {"codec": "codecs", "tag": "tags"}.get(name, name)
    return field if field in fields or field.startswith("x-") else None


def split(texts: Iterable[str]) -> list[str]:
    """What options give that may be repeated, or hold several values with commas."""
    return [part.strip() for text in texts for part in text.split(",")]


def tell_interrupted(root: Path) -> None:
    """Say what a dead process has left half-done, so that nobody trusts what stands there."""
    from sipctl.storage import disk

    git_dir = disk.git_folder(root)
    if git_dir is None or not os.access(git_dir / disk.JOURNAL, os.R_OK):
        return
    from sipctl.storage import journal

    left = journal.interrupted(git_dir)
    if left:
        output.tell(f"{left}; the next command that writes ends it or puts it back")


def session_of(context: typer.Context) -> Session:
    """The session of this invocation."""
    session = context.find_root().obj
    assert isinstance(session, Session)
    return session


def default_color() -> str:
    """What NO_COLOR and FORCE_COLOR ask for (no-color.org, force-color.org)."""
    if os.environ.get("NO_COLOR"):
        return "never"
    return "always" if os.environ.get("FORCE_COLOR") else "auto"


def called_then(
    session: Session, inventory: Inventory, reference: str, at: str, kind: Kind = ENDPOINT
) -> str:
    """The name under which a member stands in the inventory of a revision; told if it is another.

    Its own where it stands under none.
    """
    path = kind.path(reference)
    if path in inventory.members:
        return reference
    from sipctl import tracked
    from sipctl.history import log

    repository = tracked.required_repository(session.root())
    former = log.former_names(repository, repository.resolve(at), kind).get(path)
    if former is None or former not in inventory.members:
        return reference
    output.tell(f"it was called {reference_of(former)} then")
    return reference_of(former)
