"""Building the command line: only the invoked command's module is loaded and its options made."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Mapping
from contextlib import redirect_stdout
from functools import cache, partial
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command

from sipctl import names
from sipctl.commands import COMMANDS, GROUP_HELP, Entry
from sipctl.commands.session import OPTIONS, session_of
from sipctl.errors import Refused, Usage

Table = Mapping[str, "Entry | dict[str, Entry]"]


class LazyGroup(TyperGroup):
    """A group whose commands are made from a table when they are asked for."""

    def __init__(self, *args: Any, table: Table, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.table = table
        self.helping = False

    def list_commands(self, ctx: Any) -> list[str]:
        """The names of all commands, in the table's order."""
        return list(self.table)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """One command; while help is shown, only its name and its line of help."""
        entry = self.table.get(cmd_name)
        if entry is None:
            return None
        if isinstance(entry, dict):
            words, panel = GROUP_HELP[cmd_name]
            return _stub(cmd_name, words, panel) if self.helping else _group(cmd_name, entry, words)
        return _stub(cmd_name, entry.help, entry.panel) if self.helping else build(cmd_name, entry)

    def parse_args(self, ctx: Any, args: list[str]) -> Any:
        """Parse; help that nobody asked for is no answer, so it goes to standard error."""
        with redirect_stdout(sys.stdout if args else sys.stderr):
            return super().parse_args(ctx, args)

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Write the help without loading the commands."""
        self.helping = True
        super().format_help(ctx, formatter)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """The invoked command; for an unknown one, the nearest name is told without loading any."""
        if self.name == "secret" and args[0] not in self.table:
            # not the word itself: where `set` is forgotten it may be a password
            hint = names.did_you_mean(args[0], self.table) or "see `sipctl secret --help`"
            raise Usage("what stands behind `secret` is none of its commands", hint)
        self.commands: dict[str, Any] = dict.fromkeys(self.table)
        return super().resolve_command(ctx, args)


def _stub(name: str, words: str, panel: str) -> TyperCommand:
    return TyperCommand(name=name, help=words, rich_help_panel=panel)


def build(name: str, entry: Entry) -> Any:
    """A command with its own options and those it shares."""
    module, _, function = entry.target.partition(":")
    callback = getattr(import_module(f"sipctl.commands.{module}"), function)
    command = _command(callback, name)
    for group in (*entry.options, "global"):
        command.params += shared_options(group)
    return command


def _command(callback: Callable[..., Any], name: str) -> Any:
    app = typer.Typer(add_completion=False)
    app.command(name)(callback)
    command = get_command(app)
    # get_command names a lone command after nothing; help and errors want its name
    command.name = name
    command.callback = partial(_with_texts, command.callback or callback)
    return command


def _with_texts(callback: Callable[..., Any], **given: Any) -> Any:
    for value in given.values():
        _refuse_other_than_text(value)
    return callback(**given)


def _refuse_other_than_text(value: Any) -> None:
    """Raise Refused for bytes that are no UTF-8, which Python hands on as lone surrogates.

    No file could hold them. Paths may: whatever takes one is no string here.
    """
    for text in value if isinstance(value, list | tuple) else (value,):
        if isinstance(text, str) and not text.isascii() and re.search(_SURROGATE, text):
            raise Refused(f"{names.quoted(text)} is no text in UTF-8", "write it in UTF-8")


_SURROGATE = "[\ud800-\udfff]"


@cache  # the global ones are the program's and the command's
def shared_options(group: str) -> tuple[Any, ...]:
    """The options of a group as Typer makes them; their values go to the session."""
    params = _command(OPTIONS[group], group).params
    for param in params:
        param.expose_value = False
        param.callback = _take
        param.rich_help_panel = "Global options" if group == "global" else None
    return tuple(params)


def _take(context: typer.Context, param: Any, value: Any) -> Any:
    source = context.get_parameter_source(param.name)
    # the program itself has taken what the environment says; here it would win over an option there
    again = ("ENVIRONMENT",) if context.parent else ()
    if source is not None and source.name not in ("DEFAULT", "DEFAULT_MAP", *again):
        _refuse_other_than_text(value)
        if param.name != "no_cache":
            session_of(context).take(param.name, value)
        elif value:
            from sipctl.storage import cache

            context.find_root().with_resource(cache.switched_off())
    return value


def _group(name: str | None, table: Table, words: str) -> LazyGroup:
    return LazyGroup(
        name=name,
        table=table,
        help=words,
        params=list(shared_options("global")),
        no_args_is_help=True,
        subcommand_metavar="COMMAND [ARGS]...",
        context_settings={"help_option_names": ["--help", "-h"]},
    )


def root() -> LazyGroup:
    """The whole command line."""
    words = "Manage the SIP endpoints of a contact centre as files in Git."
    group = _group(None, COMMANDS, words)
    group.epilog = "sipctl COMMAND --help tells more; sipctl --version, which sipctl this is."
    return group
