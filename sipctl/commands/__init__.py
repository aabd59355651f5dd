"""The command line. This table is all that the root help needs; a command's module is loaded only
when it is invoked. A test holds the words here against the commands themselves."""

from __future__ import annotations

from typing import NamedTuple


class Entry(NamedTuple):
    """A command: where it is, what it says of itself, and which shared options it takes."""

    target: str  # module:function, below sipctl.commands
    help: str
    panel: str
    options: tuple[str, ...] = ()


_FIELDS = ("fields", "writing")
_WRITES = ("writing",)
_READS = ("reading",)
_TELLS = ("telling",)
_COMPARES = ("comparing",)

TAG: dict[str, Entry] = {
    "add": Entry("tags:add", "Give endpoints tags.", "Commands", _WRITES),
    "remove": Entry("tags:remove", "Take tags from endpoints.", "Commands", _WRITES),
    "rename": Entry(
        "tags:rename", "Rename a tag on every endpoint that has it.", "Commands", _WRITES
    ),
    "list": Entry(
        "tags:show", "List all tags and how many endpoints have each.", "Commands", _READS
    ),
}

_SCENARIOS = "Scenarios"

SCENARIO: dict[str, Entry] = {
    "create": Entry("scenarios:create", "Create a scenario.", "Commands", _WRITES),
    "edit": Entry(
        "scenarios:edit", "Change a scenario, by options or in your editor.", "Commands", _WRITES
    ),
    "list": Entry("scenarios:list_", "List the scenarios.", "Commands", _READS),
    "show": Entry(
        "scenarios:show",
        "Draw a scenario as a tree, for Mermaid or for Graphviz.",
        "Commands",
        ("drawing",),
    ),
    "rename": Entry("scenarios:rename", "Give a scenario another reference.", "Commands", _WRITES),
    "duplicate": Entry(
        "scenarios:duplicate", "Copy a scenario, comments too.", "Commands", _WRITES
    ),
    "delete": Entry("scenarios:delete", "Delete scenarios.", "Commands", _WRITES),
    "history": Entry(
        "history:scenario_history",
        "Show who changed which action and field, and when.",
        "Commands",
        _READS,
    ),
    "blame": Entry(
        "history:scenario_blame", "Show the commit that last set each field.", "Commands", _READS
    ),
    "restore": Entry(
        "history:scenario_restore", "Bring back earlier or deleted scenarios.", "Commands", _WRITES
    ),
    "trace": Entry("routing:trace", "Follow one call through a scenario.", "Commands", _TELLS),
}

SECRET: dict[str, Entry] = {
    "keygen": Entry(
        "secrets:keygen", "Make yourself a key, and add it to the recipients.", "Commands", _WRITES
    ),
    "set": Entry(
        "secrets:set_", "Seal the password of an endpoint, or of many.", "Commands", _WRITES
    ),
    "check": Entry("secrets:check", "Check how every password is kept.", "Commands"),
    "reseal": Entry(
        "secrets:reseal",
        "Seal all passwords again, for the recipients of today.",
        "Commands",
        _WRITES,
    ),
    "reveal": Entry(
        "secrets:reveal", "Print the password of an endpoint, on a terminal.", "Commands"
    ),
    "recipients": Entry(
        "secrets:recipients", "List who can open the sealed passwords.", "Commands", _READS
    ),
}

COMMANDS: dict[str, Entry | dict[str, Entry]] = {
    "init": Entry("workspace:init", "Make a workspace.", "Workspace", _WRITES),
    "status": Entry(
        "workspace:status", "Show what is uncommitted, invalid or not pushed.", "Workspace", _READS
    ),
    "save": Entry(
        "workspace:save", "Validate and commit what was edited by hand.", "Workspace", _WRITES
    ),
    "create": Entry("endpoints:create", "Create an endpoint.", "Endpoints", _FIELDS),
    "edit": Entry(
        "endpoints:edit", "Change endpoints, by options or in your editor.", "Endpoints", _FIELDS
    ),
    "duplicate": Entry(
        "endpoints:duplicate", "Copy an endpoint, comments too.", "Endpoints", _FIELDS
    ),
    "rename": Entry(
        "endpoints:rename",
        "Give an endpoint another reference, in every scenario too.",
        "Endpoints",
        _WRITES,
    ),
    "delete": Entry("endpoints:delete", "Delete endpoints.", "Endpoints", _WRITES),
    "list": Entry("listing:list_", "List the endpoints.", "Endpoints", _READS),
    "search": Entry(
        "listing:search", "List the endpoints that match a query.", "Endpoints", _READS
    ),
    "show": Entry("listing:show", "Show one endpoint, now or at a revision.", "Endpoints", _READS),
    "tag": TAG,
    "import": Entry(
        "tables:import_", "Create or change many endpoints from a table.", "Endpoints", _WRITES
    ),
    "export": Entry(
        "tables:export", "Write the endpoints as a table, without passwords.", "Endpoints"
    ),
    "attach": Entry(
        "attaching:attach",
        "Send the calls of a scenario's branch to an endpoint.",
        _SCENARIOS,
        _WRITES,
    ),
    "detach": Entry("attaching:detach", "Take an endpoint out of a scenario.", _SCENARIOS, _WRITES),
    "reroute": Entry(
        "attaching:reroute",
        "Send calls to another endpoint, in every scenario.",
        _SCENARIOS,
        _WRITES,
    ),
    "uses": Entry(
        "attaching:uses",
        "Show every scenario, action and line that names an endpoint.",
        _SCENARIOS,
        _READS,
    ),
    "scenario": SCENARIO,
    "secret": SECRET,
    "history": Entry(
        "history:history",
        "Show who changed which field, when, from what to what.",
        "History",
        _READS,
    ),
    "blame": Entry("history:blame", "Show the commit that last set each field.", "History", _READS),
    "restore": Entry(
        "history:restore", "Bring back earlier or deleted configurations.", "History", _WRITES
    ),
    "undo": Entry("history:undo", "Take back a whole commit as a new one.", "History", _WRITES),
    "diff": Entry(
        "comparing:diff", "Show what differs between two versions, by field.", "Delivery", _COMPARES
    ),
    "plan": Entry(
        "planning:plan",
        "Show what a change does to calls, before it is merged.",
        "Delivery",
        _COMPARES,
    ),
    "validate": Entry("checks:validate", "Check every file and show every finding.", "Checks"),
    "fmt": Entry("checks:fmt", "Bring files into canonical form.", "Checks"),
    "rules": Entry("checks:rules", "List every rule.", "Checks", _READS),
    "explain": Entry(
        "checks:explain", "Explain a rule, with a wrong and a right example.", "Checks", _TELLS
    ),
    "schema": Entry("checks:schema", "Print a JSON Schema.", "Checks"),
    "completion": Entry(
        "completion:completion",
        "Print the script by which a shell completes commands and names.",
        "Workspace",
    ),
}

GROUP_HELP = {
    "tag": ("Add, remove, rename and list tags.", "Endpoints"),
    "scenario": ("Create, change, draw and follow call-routing scenarios.", _SCENARIOS),
    "secret": ("Seal, check and open passwords, and say who can.", "Passwords"),
}
"""What a group of commands says of itself, and its panel."""
