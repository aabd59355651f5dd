"""What makes sipctl/completion/table.tsv of the commands themselves."""

import ast
import inspect
import re
import textwrap
from collections.abc import Callable, Iterable, Iterator
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperGroup

from sipctl import schemas
from sipctl.commands import COMMANDS, Entry
from sipctl.commands.building import root
from sipctl.commands.session import (
    DRAWING_FORMATS,
    READING_FORMATS,
    TELLING_FORMATS,
    WRITING_FORMATS,
)
from sipctl.completion.metavars import kind_of_metavar
from sipctl.endpoint import CODECS, PASSWORD_FORMS, TRANSPORTS
from sipctl.kinds import ENDPOINT, KINDS
from sipctl.rules.book import RULES
from sipctl.scenarios import catalogue


def every_command() -> Iterator[tuple[str, Any, Any]]:
    """Name, command and context of the program itself, which has an empty name, and all below."""
    waiting: list[tuple[str, Any, Any]] = [("", root(), None)]
    while waiting:
        name, command, parent = waiting.pop(0)
        settings = command.context_settings
        context = typer.Context(command, parent=parent, info_name=name or "sipctl", **settings)
        yield name, command, context
        if isinstance(command, TyperGroup):
            below = ((n, command.get_command(context, n)) for n in command.list_commands(context))
            waiting += [(f"{name} {n}".strip(), found, context) for n, found in below]


def text() -> str:
    """table.tsv: a section of rows for each list of words and each command."""
    sections = [f"words\t{kind}{_rows(words.items())}" for kind, words in _words().items()]
    sections += [f"command\t{n}{_rows(_command(n, *found))}" for n, *found in every_command()]
    return _HEAD + "".join(f"{section}\n\n" for section in sections)


_HEAD = """\
Made from the commands by `make generate`. Of each command: below NAME HELP; argument KIND MANY
WORDS; option NAMES HELP KIND MANY WORDS, without a kind for a flag. The kinds: see metavars.py.

"""


def _rows(rows: Iterable[Iterable[str]]) -> str:
    cells = [list(row) for row in rows]
    assert all(cell.isprintable() for row in cells for cell in row), cells
    return "".join("\n" + "\t".join(row) for row in cells)


def _command(name: str, command: Any, context: Any) -> Iterator[tuple[str, ...]]:
    if isinstance(command, TyperGroup):
        yield from (("below", *pair) for pair in _below(name).items())
    for param in command.get_params(context):
        if param.param_type_name == "argument":
            yield ("argument", *_slot(name, "", param))
        else:
            yield ("option", *_option(name, param))
    if not name:  # answered before there are options
        yield ("option", "--version", "Say which sipctl this is", "", "", "")


def _below(name: str) -> dict[str, str]:
    table = COMMANDS[name] if name else COMMANDS
    assert isinstance(table, dict)
    group = root()
    helps = {n: e.help if isinstance(e, Entry) else None for n, e in table.items()}
    context = typer.Context(group, info_name="sipctl")
    return {n: help or group.get_command(context, n).help for n, help in helps.items()}


def _option(name: str, param: Any) -> tuple[str, ...]:
    opts = sorted(param.opts) if param.name == "help" else param.opts  # help's come from a set
    names = " ".join([*opts, *param.secondary_opts])
    is_flag = param.is_flag or param.count
    slot = ("", "", "") if is_flag else _slot(name, param.opts[0], param)
    return (names, (param.help or "").removesuffix("."), *slot)


def _slot(name: str, option: str, param: Any) -> tuple[str, str, str]:
    """What takes a value. An unknown metavar is an error: metavars.py knows them."""
    metavar = param.metavar or param.name.upper()
    try:
        kind = kind_of_metavar(name, option, metavar)
    except KeyError:
        place = f"{option or 'the argument'} {metavar} of `sipctl {name}`"
        raise LookupError(f"{place} has no kind: add it to sipctl/completion/metavars.py") from None
    help = param.help or ""
    words = choices(name, option, metavar, help) if kind == "choice" else []
    many = param.nargs == -1 if param.param_type_name == "argument" else param.multiple
    return kind, "many" if many else "", " ".join(words)


# -- choices ------------------------------------------------------------------------------------


def choices(name: str, option: str, metavar: str, help: str) -> list[str]:
    """The words that an option or argument takes: its formats, else what its help lists."""
    if "|" in metavar:
        return metavar.strip("[]").split("|")
    if option == "--output":
        return _formats(name)
    # "full, concise or json.", "What to print: text or json.", "One of full, concise, json."
    listed = re.split(r": |One of ", re.sub(r" \([^)]*\)", "", help).removesuffix("."))[-1]
    words = re.split(", | or ", listed)
    assert all(re.fullmatch(r"[\w-]+", word) for word in words), f"{name} {option}: {help}"
    return words


def _formats(name: str) -> list[str]:
    """The formats that a command gives its printer, found in the source of what it calls."""
    entry = _entry(name)
    module, _, function = entry.target.partition(":")
    command = getattr(import_module(f"sipctl.commands.{module}"), function)
    found = set(_printer_calls(command, set()))
    if not found:
        [formats] = [_BY_GROUP[group] for group in entry.options if group in _BY_GROUP]
        return list(formats)
    [formats] = found
    return list(formats)


_BY_GROUP = {
    "reading": READING_FORMATS,
    "telling": TELLING_FORMATS,
    "drawing": DRAWING_FORMATS,
    "writing": WRITING_FORMATS,
}


def _entry(name: str) -> Entry:
    entry: Any = COMMANDS
    for word in name.split():
        entry = entry[word]
    assert isinstance(entry, Entry)
    return entry


def _printer_calls(function: Callable[..., Any], seen: set[object]) -> Iterator[tuple[str, ...]]:
    seen.add(function)
    space = inspect.unwrap(function).__globals__
    tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
        if isinstance(call.func, ast.Attribute) and call.func.attr == "printer":
            yield tuple(word for argument in call.args for word in _value(argument, space))
        elif isinstance(call.func, ast.Name):
            called = space.get(call.func.id)
            if inspect.isfunction(called) and called not in seen:
                yield from _printer_calls(called, seen)


def _value(argument: ast.expr, space: dict[str, Any]) -> tuple[str, ...]:
    if isinstance(argument, ast.Starred) and isinstance(argument.value, ast.Name):
        return tuple(space[argument.value.id])
    assert isinstance(argument, ast.Constant), ast.unparse(argument)
    return (str(argument.value),)


# -- words that are the same in every workspace --------------------------------------------------


def _words() -> dict[str, dict[str, str]]:
    known = catalogue.known().values()
    parameters = {p for one in known for p, holds in one.parameters.items() if holds == "endpoint"}
    return {
        **_fields(),
        "codec": _plain(CODECS),
        "transport": _plain(TRANSPORTS),
        "password-form": _plain((*PASSWORD_FORMS, "plain", "none")),
        "yes-or-no": _plain(("yes", "no")),
        "key": _plain("0123456789*#"),
        "endpoint-parameter": _plain(sorted(parameters)),
        "endpoint-action": _plain(one.id for one in known if one.role == "endpoint"),
        **{f"branches of {one.id}": _plain(one.branches) for one in known},
        "rule": {
            **{rule.name: f"{rule.code}: {rule.summary}" for rule in RULES.values()},
            **{rule.code: rule.summary for rule in RULES.values()},
        },
    }


def _fields() -> dict[str, dict[str, str]]:
    found = {}
    for kind in KINDS:
        prefix = "" if kind is ENDPOINT else f"{kind.noun}-"
        fields = schemas.FILES[kind.noun].model_fields
        model = {f.alias or name: f for name, f in fields.items()}
        helps = {name: (model[name].description or "").removesuffix(".") for name in kind.fields}
        found[f"{prefix}field"] = helps
        optional = {name: help for name, help in helps.items() if not model[name].is_required()}
        found[f"optional-{prefix}field"] = optional
    return found


def _plain(words: Any) -> dict[str, str]:
    return dict.fromkeys(words, "")
