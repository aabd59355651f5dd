"""The documents that commands print as JSON: the models of `schemas/output/`.

No command needs them to run; they say what programs can rely on, and a test holds every command's
real output against them. Within a version of the documents fields may come, and none goes.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

_OWN: Any = {"description": "The user's own keys, as they stand in the file."}


def _field(description: str, *examples: Any) -> Any:
    return Field(description=description, examples=list(examples) or None)


def _given(description: str, *examples: Any) -> Any:
    """A field that is there only where a file gives it."""
    return Field(
        default=None,
        description=description,
        examples=list(examples),
        json_schema_extra=_without_default,
    )


def _without_default(schema: dict[str, Any]) -> None:
    schema.pop("default", None)


class _Part(BaseModel):
    """A part of a document. Further fields may come."""

    model_config = ConfigDict(extra="allow", frozen=True)


class _Answer(_Part):
    version: Literal[1] = _field("Version of the document; another one where a field goes.", 1)


# -- parts of several documents ------------------------------------------------------------------

File = Annotated[
    str,
    Field(description="Path below the workspace, with /.", examples=["endpoints/pbx-paris.yaml"]),
]
Line = Annotated[int, Field(description="Line, from 1.", examples=[3], ge=1)]
Column = Annotated[int, Field(description="Column in characters, from 1.", examples=[7], ge=1)]
Unreadable = Annotated[
    tuple[str, ...],
    Field(
        description="Files that could not be read and are left out; `validate` tells why.",
        examples=[["endpoints/pbx-lyon.yaml"]],
    ),
]
Noun = Literal["endpoint", "scenario"]
Reference = Annotated[str, Field(description="Its reference.", examples=["pbx-paris"])]


class Place(_Part):
    """A place in a file."""

    file: File
    line: Line
    column: Column


class Related(Place):
    """A further place of a finding."""

    message: str = _field("What is there.", '"pbx-paris" is an endpoint')


class Finding(Place):
    """One fault at its place."""

    code: str = _field("The rule's code, which never changes.", "SIP203")
    name: str = _field("The rule's name.", "bad-reference")
    severity: Literal["error", "warning"] = _field("How much it weighs, by the settings.", "error")
    end_line: int = _field("The line in which it ends.", 3)
    end_column: int = _field("The column behind its last character.", 12)
    message: str = _field("What is wrong.", '"PCMA" is not a codec')
    hint: str = _field("The cure; may be empty.", 'did you mean "alaw"?', "")
    related: tuple[Related, ...] = _field("Further places, say the nearest endpoint.", [])


class Author(_Part):
    """Who made a commit."""

    name: str = _field("Name.", "Ada Tester")
    email: str = _field("Mail address.", "ada@example.net")


class Commit(_Part):
    """A commit of Git."""

    commit: str = _field("The full name of the commit.", "8b1c0d0e5b7e4e5f9a3b7b8a5e0c9d7f6a1b2c3d")
    time: str = _field("When it was written, ISO 8601 with offset.", "2026-03-01T09:00:00+01:00")
    author: Author = _field("Who wrote it.", {"name": "Ada Tester", "email": "ada@example.net"})
    subject: str = _field("First line of its message.", "Change port of pbx-paris")


class FieldChange(_Part):
    """A field that differs."""

    field: str = _field(
        "The field; in a scenario its way, with dots. A key with a dot is in quotes.",
        "port",
        "actions.menu.branches.1",
    )
    old: Any = _field("Value before, the default where none was given; null if absent.", 5060, None)
    new: Any = _field(
        "Value after, the same way. A password is its form only.", 5061, {"age": True}
    )
    old_given: bool = _field("False where the old value is a default, or there is none.", False)
    new_given: bool = _field("False where the new value is a default, or there is none.", True)


class Change(_Part):
    """What happened to one endpoint or scenario."""

    kind: Literal["created", "changed", "renamed", "duplicated", "deleted", "unreadable"] = _field(
        "What happened; unreadable in history only, for a version that cannot be read.", "changed"
    )
    member: Noun = _field("What it is.", "endpoint")
    reference: str = _field("Its reference; of a deleted one the last it had.", "pbx-paris")
    source: str | None = _field(
        "Its former reference if renamed; if duplicated, the one it was copied from.", "pbx-lyon"
    )
    fields: tuple[FieldChange, ...] = _field(
        "The fields that differ; of a created or deleted one all that it gives.", []
    )


# -- endpoints and scenarios ---------------------------------------------------------------------


class EnvironmentPassword(_Part):
    """The password stands in an environment variable."""

    env: str = _field("Its name.", "PBX_PARIS_PASSWORD")


class FilePassword(_Part):
    """The password stands in a file."""

    file: str = _field("Its path, absolute or relative to the workspace.", "secrets/pbx-paris")


class SealedPassword(_Part):
    """The password is encrypted in the endpoint's file."""

    age: Literal[True] = _field("Always true: the sealed value is not shown.", True)


class PlainPassword(_Part):
    """The password stands in the endpoint's file, for all to read."""

    plain: Literal[True] = _field("Always true: the password is not shown.", True)


PasswordForm = EnvironmentPassword | FilePassword | SealedPassword | PlainPassword


class Endpoint(_Part):
    """An endpoint with the values that count. Keys that begin with x- are the user's own."""

    model_config = ConfigDict(json_schema_extra={"patternProperties": {"^x-": _OWN}})

    reference: Reference
    host: str = _field("Host name or IP address.", "sip.paris.example.net")
    port: int = _field("Port; where none is given 5060, or 5061 with tls.", 5060)
    transport: str = _field("Transport; udp where none is given.", "udp")
    codecs: tuple[str, ...] = _field("Codecs in order of preference.", ["alaw", "ulaw"])
    username: str | None = _field("User name; null where there is none.", "+33155000001", None)
    password: PasswordForm | None = _field(
        "The form of the password, never what it is; null where there is none.",
        {"env": "PBX_PARIS_PASSWORD"},
        {"plain": True},
        None,
    )
    realm: str | None = _field("Realm; null where there is none.", "paris.example.net", None)
    register_: bool = Field(
        alias="register", description="Whether it registers at the server.", examples=[False]
    )
    tags: tuple[str, ...] = _field("Tags, as in the file.", ["paris", "production"])
    description: str | None = _field("A note for people.", "Main trunk of the Paris office.", None)
    given: tuple[str, ...] = _field(
        "The fields that the file gives; all other values are defaults.", ["reference", "host"]
    )
    used_by: tuple[str, ...] = _field("The scenarios that use it.", ["support-in"])


class GivenEndpoint(_Part):
    """Exactly what an endpoint's file gives, but for the password. Keys of x- are the user's."""

    model_config = ConfigDict(json_schema_extra={"patternProperties": {"^x-": _OWN}})

    reference: Reference
    host: str = _field("Host name or IP address.", "sip.paris.example.net")
    port: int = _given("Port.", 5060)
    transport: str = _given("Transport.", "tls")
    codecs: tuple[str, ...] = _given("Codecs in order of preference.", ["alaw"])
    username: str = _given("User name.", "+33155000001")
    realm: str = _given("Realm.", "paris.example.net")
    register_: bool = Field(
        default=False,
        alias="register",
        description="Whether it registers at the server.",
        examples=[True],
        json_schema_extra=_without_default,
    )
    tags: tuple[str, ...] = _given("Tags.", ["paris", "production"])
    description: str = _given("A note for people.", "Main trunk of the Paris office.")


class Action(_Part):
    """An action of a scenario, with its parameters as they stand in the file."""

    model_config = ConfigDict(json_schema_extra={"additionalProperties": _OWN})

    action: str = _field("Type of the action.", "vocal-announcement")
    branches: dict[str, str | None] = _field(
        "The action that each output leads to by its label; null ends the call.", {"1": "paris"}
    )


class Scenario(_Part):
    """A scenario as its file has it. Keys that are not known here are the user's own."""

    model_config = ConfigDict(json_schema_extra={"additionalProperties": _OWN})

    reference: str = _field("Its reference.", "support-in")
    name: str | None = _field("What people call it.", "Support inbound", None)
    description: str | None = _field("A note for people.", "Daytime support line.", None)
    type_: str = Field(
        alias="type",
        description="interaction-start or interaction-end.",
        examples=["interaction-start"],
    )
    entry_points: tuple[str, ...] = _field("The numbers that lead here.", ["+33100000000"])
    start: str | None = _field("The id of the first action.", "menu", None)
    actions: dict[str, Action] = _field("The actions by id, in the order of the file.", {})
    endpoints: tuple[str, ...] = _field("The endpoints that its actions name.", ["pbx-paris"])


# -- the documents -------------------------------------------------------------------------------


class Endpoints(_Answer):
    """Endpoints, with the values that count."""

    model_config = ConfigDict(title="List of endpoints")

    endpoints: tuple[Endpoint, ...] = _field("Those that were asked for, by reference.", [])
    unreadable: Unreadable


class OneEndpoint(_Answer):
    """One endpoint, now or at a revision."""

    model_config = ConfigDict(title="One endpoint")

    endpoint: Endpoint = _field("The endpoint.")


class Exported(_Answer):
    """Endpoints as their files give them, without passwords: what `import` reads."""

    model_config = ConfigDict(title="Exported endpoints")

    endpoints: tuple[GivenEndpoint, ...] = _field("Those that were asked for, by reference.", [])
    unreadable: Unreadable


class Tag(_Part):
    """A tag."""

    tag: str = _field("The tag.", "paris")
    endpoints: int = _field("How many endpoints have it.", 2)


class Tags(_Answer):
    """The tags of all endpoints."""

    model_config = ConfigDict(title="List of tags")

    tags: tuple[Tag, ...] = _field("The tags, sorted.", [{"tag": "paris", "endpoints": 2}])


class Use(Place):
    """A place that names an endpoint."""

    scenario: str = _field("The scenario.", "support-in")
    action: str = _field("The id of the action.", "paris")


class Uses(_Answer):
    """Where scenarios name an endpoint."""

    model_config = ConfigDict(title="Uses of an endpoint")

    reference: Reference
    uses: tuple[Use, ...] = _field("Each place, by scenario.", [])
    unreadable: Unreadable


class Scenarios(_Answer):
    """The scenarios."""

    model_config = ConfigDict(title="List of scenarios")

    scenarios: tuple[Scenario, ...] = _field("All that can be read, by reference.", [])
    unreadable: Unreadable


class OneScenario(_Answer):
    """One scenario, now or at a revision."""

    model_config = ConfigDict(title="One scenario")

    scenario: Scenario = _field("The scenario.")


class Outcome(_Answer):
    """What a command changed, or would change."""

    model_config = ConfigDict(title="Change")

    changes: tuple[Change, ...] = _field("What happened to each endpoint and scenario.", [])
    settings: tuple[FieldChange, ...] = _field(
        "The settings that change: `rules.NAME`, `recipients.NAME` and the like.", []
    )
    files: tuple[str, ...] = _field(
        "The files written, as paths below the workspace; empty where there was nothing to do.",
        ["endpoints/pbx-paris.yaml"],
    )
    commit: str | None = _field(
        "The commit made; null with --dry-run, with --no-commit, and where nothing changed.",
        "8b1c0d0e5b7e4e5f9a3b7b8a5e0c9d7f6a1b2c3d",
        None,
    )
    dry_run: bool = _field("True where nothing was written.", False)
    patch: str | None = _field("With --dry-run the exact diff, passwords masked.", None)
    notes: tuple[str, ...] = _field("What a person would want to know besides.", [])
    findings: tuple[Finding, ...] = _field("Warnings about what was written.", [])


class Uncommitted(_Part):
    """A file that differs from the last commit."""

    path: File
    state: Literal["new", "changed", "deleted", "staged", "unmerged"] = _field(
        "What happened to it; a staged one is as committed, and only in the index otherwise.",
        "changed",
    )


class Standing(_Part):
    """How the workspace stands."""

    branch: str | None = _field("The branch; null where HEAD is detached.", "main", None)
    head: str | None = _field(
        "The last commit; null before the first.", "8b1c0d0e5b7e4e5f9a3b7b8a5e0c9d7f6a1b2c3d", None
    )
    uncommitted: tuple[Uncommitted, ...] = _field("Files that differ from the last commit.", [])
    invalid: tuple[str, ...] = _field("Files with errors.", ["endpoints/pbx-lyon.yaml"])
    upstream: str | None = _field("The branch that is pushed to.", "origin/main", None)
    ahead: int | None = _field("Commits not pushed; null without an upstream.", 2, None)
    behind: int | None = _field("Commits not pulled; null without an upstream.", 0, None)
    interrupted: str | None = _field("What a sipctl that was killed left half-done.", None)
    unfinished: str | None = _field("What of Git is not finished.", "a merge", None)


class Status(_Answer):
    """What is uncommitted, invalid or not pushed."""

    model_config = ConfigDict(title="Status of a workspace")

    status: Standing = _field("How it stands.")


class Entry(Commit):
    """A commit that changed something."""

    changes: tuple[Change, ...] = _field("What it changed.", [])


class History(_Answer):
    """Who changed which field, from what to what, when."""

    model_config = ConfigDict(title="History")

    history: tuple[Entry, ...] = _field("The commits, the newest first.", [])


class BlameRow(_Part):
    """A field and where its value comes from."""

    field: str = _field("The field.", "port", "actions.menu.branches.1")
    value: Any = _field("Its value; a password is its form only.", 5061)
    set_by: Commit | None = _field("The commit that last set it; null if not committed.", None)
    source: str | None = _field(
        "The endpoint or scenario that it came from, where it was duplicated.", "pbx-lyon", None
    )


class Blame(_Answer):
    """The commit that last set each field."""

    model_config = ConfigDict(title="Blame")

    member: Noun = _field("What it is.", "endpoint")
    reference: Reference
    blame: tuple[BlameRow, ...] = _field("The fields that are given, in order.", [])


class Take(_Part):
    """A branch that a call was told to take."""

    action: str = _field("The id of the action.", "menu")
    label: str = _field("The label of the branch.", "1")


class Call(_Part):
    """What is known of a call."""

    called: str | None = _field("The number called; null where it is not known.", "+33100000000")
    caller: str | None = _field("The number calling.", "+33155000009", None)
    at: str | None = _field("The time, ISO 8601; local to calendars without offset.", None)
    keys: tuple[str, ...] = _field("The keys that the caller presses.", ["1"])
    takes: tuple[Take, ...] = _field("The branches to take.", [{"action": "menu", "label": "1"}])


class Branch(Place):
    """A branch, and where its label stands."""

    label: str = _field("Its label.", "default")
    target: str | None = _field("The action it leads to; null ends the call.", "queue", None)


class Step(Place):
    """An action that the call comes to."""

    action: str = _field("Its id.", "menu")
    type_: str = Field(alias="type", description="Its type.", examples=["vocal-announcement"])
    name: str = _field("What the product calls the type; else the type.", "Vocal announcement")
    branch: Branch | None = _field("The branch it leaves by; null at the last one.", None)
    reason: str = _field("What decided that; may be empty.", "key 1", "")


class Destination(_Part):
    """The endpoint that calls go to. What is not known of it is null."""

    reference: str | None = _field("What the action names.", "pbx-paris", None)
    exists: bool = _field("Whether there is such an endpoint.", True)
    host: str | None = _field("Its host.", "sip.paris.example.net", None)
    port: int | None = _field("Its port, or the default.", 5060, None)
    port_given: bool = _field("False where the port is the default.", False)
    transport: str | None = _field("Its transport, or the default.", "udp", None)


class End(Place):
    """Where a way ends."""

    kind: Literal["endpoint", "end", "action", "stopped", "loop", "missing"] = _field(
        "At an endpoint, by a branch that ends the call, at an action that leads nowhere, stopped "
        "because nothing decides, in a loop, or because what comes next is missing.",
        "endpoint",
    )
    action: str | None = _field("The last action reached.", "paris", None)
    target: str | None = _field("What was to come next.", "queue", None)
    reason: str = _field("Why it ends; may be empty.", "")
    hint: str = _field("What would lead on; may be empty.", "")
    endpoint: Destination | None = _field("The endpoint, where kind is endpoint.", None)
    choices: tuple[Branch, ...] = _field("Where it stopped, the branches.", [])
    arguments: tuple[str, ...] = _field(
        "Where it stopped, the options that would decide.", ["--take menu=1"]
    )


class Way(_Part):
    """Steps and their end."""

    steps: tuple[Step, ...] = _field("The actions that the call comes to.", [])
    end: End = _field("Where they end.")


class Failure(Way):
    """The way that calls go if they fail at the endpoint before."""

    branch: Branch | None = _field("The branch by which they leave it.", None)


class Unused(_Part):
    """What was given and nothing asked for."""

    takes: tuple[Take, ...] = _field("Branches to take.", [])
    keys: tuple[str, ...] = _field("Keys.", [])


class Traced(Way):
    """A call's way through a scenario."""

    scenario: str = _field("The scenario.", "support-in")
    file: File
    call: Call = _field("What was known of the call.")
    failures: tuple[Failure, ...] = _field("The ways that calls go if endpoints fail.", [])
    unused: Unused = _field("What was given, and nothing asked for.")


class Trace(_Answer):
    """The way of one call through a scenario."""

    model_config = ConfigDict(title="Trace of a call")

    trace: Traced = _field("The way.")


class Side(_Part):
    """One of two versions that are compared."""

    revision: str | None = _field("What it was named by; null for the files on disk.", "HEAD", None)
    commit: str | None = _field(
        "Its commit; null for the files on disk, and on a branch without commits.",
        "8b1c0d0e5b7e4e5f9a3b7b8a5e0c9d7f6a1b2c3d",
        None,
    )


class FieldDifference(FieldChange):
    """A field that differs, and where its value stands in each version."""

    old_place: Place | None = _field("Its place before; null where it was absent.", None)
    new_place: Place | None = _field("Its place after; null where it is absent.", None)


class Difference(_Part):
    """What happened to one file."""

    kind: Literal["created", "changed", "renamed", "deleted"] = _field(
        "What happened to it.", "changed"
    )
    member: Literal["settings", "endpoint", "scenario"] = _field("What it is.", "endpoint")
    reference: str | None = _field("Its reference; null for the settings.", "pbx-paris", None)
    source: str | None = _field("Its former reference, if it was renamed.", "pbx-lyon", None)
    old_file: str | None = _field("Its path before; null where it was absent.", None)
    new_file: str | None = _field(
        "Its path after; null where it is absent.", "endpoints/pbx-paris.yaml", None
    )
    fields: tuple[FieldDifference, ...] = _field("The fields that differ, if both are read.", [])
    old_fault: Finding | None = _field("Why it could not be read before.", None)
    new_fault: Finding | None = _field("Why it cannot be read after.", None)


class Fault(Finding):
    """A file that cannot be read in one of the versions."""

    side: Literal["old", "new"] = _field("Which version.", "new")


class _Compared(_Answer):
    changes: tuple[Difference, ...] = _field(
        "The files in which a field differs: settings, endpoints, scenarios.", []
    )
    layout_only: tuple[str, ...] = _field(
        "The files that differ in layout and comments only.", ["endpoints/pbx-paris.yaml"]
    )
    unreadable: tuple[Fault, ...] = _field("The files that cannot be read.", [])


class Diff(_Compared):
    """What differs between two versions, by field."""

    model_config = ConfigDict(title="Difference of two versions")

    old: Side = _field("The former version.")
    new: Side = _field("The later version.")


class Caution(_Part):
    """Something by which a change could hide."""

    kind: Literal["recipients", "rule", "setting", "ignore", "unreadable", "limit"] = _field(
        "Recipients of passwords, a rule's severity, another setting, a comment that ignores "
        "findings, a file that cannot be read, or more ways than are compared.",
        "ignore",
    )
    place: Place | None = _field("Where.", None)
    text: str = _field("The same in words.", "the rule no-fallback is ignored from now on")


class PathStep(_Part):
    """An action and the branch by which calls leave it."""

    action: str = _field("The id of the action.", "menu")
    label: str = _field("The label of the branch.", "1")


class Reached(_Part):
    """What calls come to."""

    action: str | None = _field("The id of the action.", "paris", None)
    endpoint: str | None = _field("The endpoint, if it is one.", "pbx-paris", None)
    text: str = _field("The same in words.", "sip2.example.net:5061")
    place: Place | None = _field("Where the action stands.", None)


class Consequence(_Part):
    """What calls will notice."""

    weight: Literal["silence", "destination", "way", "none"] = _field(
        "Calls end, come to something else, come there another way, or notice nothing.", "way"
    )
    scenario: str | None = _field("The scenario; null for what is about none.", "support-in", None)
    numbers: tuple[str, ...] = _field("The numbers that lead there.", ["+33100000000"])
    numbers_omitted: int = _field("How many more numbers there are.", 0)
    path: tuple[PathStep, ...] = _field(
        "The branches that lead there from the start.", [{"action": "menu", "label": "1"}]
    )
    path_omitted: int = _field("How many steps in the middle of the path are left out.", 0)
    further_branches: int = _field("How many other branches come to the same step.", 0)
    old: Reached | None = _field("What calls came to before; null if not about one step.", None)
    new: Reached | None = _field("What calls come to now; null if not about one step.", None)
    place: Place | None = _field("Where to look.", None)
    text: str = _field("The same in words.", "calls to +33100000000, menu key 1, will go to …")


class Plan(_Compared):
    """What a change does to calls, and what differs by field."""

    model_config = ConfigDict(title="Plan of a change")

    base: Side = _field("What the files on disk are compared with.")
    cautions: tuple[Caution, ...] = _field("What could hide a change.", [])
    consequences: tuple[Consequence, ...] = _field("What calls notice, the worst first.", [])


class Findings(_Answer):
    """Every finding of every file."""

    model_config = ConfigDict(title="Findings")

    findings: tuple[Finding, ...] = _field("The findings, by file and place.", [])
    files: int = _field("How many files were checked.", 2)
    errors: int = _field("How many findings are errors.", 0)
    warnings: int = _field("How many findings are warnings.", 0)


class Checked(Findings):
    """What was found of how passwords are kept."""

    model_config = ConfigDict(title="Check of passwords")

    sealed: int = _field("How many passwords are sealed.", 12)
    opened: int = _field("How many of them the keys at hand opened.", 12)


class Recipient(_Part):
    """Somebody who can open sealed passwords."""

    name: str = _field("What the settings call the key.", "ada")
    key: str = _field(
        "The public key, of age or ssh-ed25519.",
        "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p",
    )
    own: bool = _field("Whether its secret key is at hand here.", True)


class Recipients(_Answer):
    """Who can open the sealed passwords."""

    model_config = ConfigDict(title="List of recipients")

    recipients: tuple[Recipient, ...] = _field("The recipients, in the order of the settings.", [])


class Rule(_Part):
    """A rule, with examples."""

    code: str = _field("Its code, which never changes.", "SIP204")
    name: str = _field("Its name.", "bad-host")
    severity: Literal["error", "warning"] = _field("What it is without settings.", "error")
    summary: str = _field("What is wrong, in a line.", "a host that no server can have")
    why: str = _field("Why that is wrong.", "Calls would fail.")
    fmt: bool = _field("Whether `sipctl fmt` mends it.", False)
    fixed: bool = _field("Whether settings cannot change its severity.", False)
    wrong: str = _field("An example that breaks it.", "host: 127.1\n")
    right: str = _field("The same example, mended.", "host: 127.0.0.1\n")


class Rules(_Answer):
    """The rules."""

    model_config = ConfigDict(title="List of rules")

    rules: tuple[Rule, ...] = _field("All rules, by code.", [])


class OneRule(_Answer):
    """One rule."""

    model_config = ConfigDict(title="One rule")

    rule: Rule = _field("The rule.")


# -- which command answers by which --------------------------------------------------------------

ANSWERS: dict[str, type[_Answer]] = {
    "init": Outcome,
    "status": Status,
    "save": Outcome,
    "create": Outcome,
    "edit": Outcome,
    "duplicate": Outcome,
    "rename": Outcome,
    "delete": Outcome,
    "list": Endpoints,
    "search": Endpoints,
    "show": OneEndpoint,
    "tag add": Outcome,
    "tag remove": Outcome,
    "tag rename": Outcome,
    "tag list": Tags,
    "import": Outcome,
    "export": Exported,
    "attach": Outcome,
    "detach": Outcome,
    "reroute": Outcome,
    "uses": Uses,
    "scenario create": Outcome,
    "scenario edit": Outcome,
    "scenario list": Scenarios,
    "scenario show": OneScenario,
    "scenario duplicate": Outcome,
    "scenario rename": Outcome,
    "scenario delete": Outcome,
    "scenario history": History,
    "scenario blame": Blame,
    "scenario restore": Outcome,
    "scenario trace": Trace,
    "secret keygen": Outcome,
    "secret set": Outcome,
    "secret check": Checked,
    "secret reseal": Outcome,
    "secret recipients": Recipients,
    "history": History,
    "blame": Blame,
    "restore": Outcome,
    "undo": Outcome,
    "diff": Diff,
    "plan": Plan,
    "validate": Findings,
    "rules": Rules,
    "explain": OneRule,
}
"""The document of each command that prints JSON."""


def schema_of(command: str) -> str:
    """The name of the schema of a command's answer: `output/tag-list`."""
    return f"output/{command.replace(' ', '-')}"
