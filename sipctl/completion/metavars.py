"""What kind of value each option and argument takes, by its metavar: all in one place.

Read when table.tsv is made (`make generate`); an option or argument of no known kind is an error
there. candidates.py says what is offered for each kind.
"""

from __future__ import annotations

METAVARS = {
    "A": "revision",
    "ACTION": "action",
    "ACTION=LABEL": "take",
    "B": "revision",
    "BASE": "revision",
    "COMMIT": "revision",
    "DATE": "text",
    "DIR": "folder",
    "ENDPOINT": "endpoint",
    "FIELD": "field",
    "FILE": "file",
    "FORMAT": "choice",
    "HOST": "text",
    "ID": "text",
    "KEY": "key",
    "LABEL": "label",
    "N": "text",
    "NAME": "text",
    "NAME=KEY": "text",
    "NEW": "text",
    "NUMBER": "text",
    "OLD": "endpoint",
    "PATH": "file",
    "PATTERN": "text",
    "PORT": "text",
    "QUERY": "query",
    "REALM": "text",
    "REF": "endpoint",
    "REV": "revision",
    "RULE": "rule",
    "SCENARIO": "scenario",
    "SECONDS": "text",
    "SHELL": "choice",
    "TAG": "tags",
    "TEMPLATE": "text",
    "TEXT": "text",
    "TIME": "text",
    "TYPE": "choice",
    "VARIABLE": "variable",
    "WHEN": "choice",
    "[REF] TAG": "tagging",
    "alaw,ulaw": "codecs",
}
"""The kind of a metavar, without the brackets and dots around it. `a|b` are the choices a and b."""

EXCEPTIONS = {
    "create REF": "text",
    "detach --action": "attached-action",
    "detach ENDPOINT": "attached",
    "reroute NEW": "endpoint",
    "save REF": "member",
    "schema NAME": "schema",
    "scenario create SCENARIO": "text",
    "scenario history --field": "way",
    "scenario rename OLD": "scenario",
    "tag rename NEW": "tag",
    "tag rename OLD": "tag",
    "--action ID": "action",
    "--remove NAME": "recipient",
    "--unset FIELD": "optional-field",
}
"""The kind where it depends on the command or on the option too."""

IN_SCENARIOS = {"field": "scenario-field", "optional-field": "optional-scenario-field"}
"""What a kind is in the commands below `scenario`."""


def kind_of_metavar(command: str, option: str, metavar: str) -> str:
    """The kind of an argument (`option` is empty then) or of an option's value.

    Raises KeyError where it is in no table.
    """
    bare = metavar.removesuffix("...").removesuffix(" ")
    bare = bare[1:-1] if bare.startswith("[") and bare.find("]") == len(bare) - 1 else bare
    for known in (f"{command} {option or bare}", f"{option} {bare}"):
        if known in EXCEPTIONS:
            kind = EXCEPTIONS[known]
            break
    else:
        kind = "choice" if "|" in bare else METAVARS[bare]
    return IN_SCENARIOS.get(kind, kind) if command.startswith("scenario ") else kind
