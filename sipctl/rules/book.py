"""The rule book: every rule by name, with its code, severity and reason. Pure data.

SIP1xx are rules of syntax and type (a file that breaks one cannot be trusted to mean what it says,
so no setting changes them), SIP2xx of one file's keys and values, SIP3xx of what must agree with
something else, SIP4xx of scenarios as graphs, SIP5xx of passwords.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from sipctl import names


class Rule(NamedTuple):
    """One rule. `fixed` rules keep their severity whatever the settings say."""

    code: str
    name: str
    severity: str
    summary: str
    why: str
    fmt: bool = False

    @property
    def fixed(self) -> bool:
        """True where nothing can read what breaks it: rules of syntax and type, a missing key."""
        return self.code.startswith("SIP1") or self.name == "missing-key"


_ALL = (
    # -- the file ------------------------------------------------------------------------------
    Rule(
        "SIP101",
        "invalid-yaml",
        "error",
        "The file is not YAML.",
        "A file that no YAML reader accepts says nothing at all.",
    ),
    Rule(
        "SIP102",
        "invalid-utf8",
        "error",
        "The file is not UTF-8 text.",
        "YAML files here are UTF-8; other encodings turn into wrong letters without a warning.",
    ),
    Rule(
        "SIP103",
        "file-too-large",
        "error",
        "The file is larger than 1 MiB.",
        "Nothing here needs so much; such a file is a mistake, and reading it would stall a hook.",
    ),
    Rule(
        "SIP104",
        "empty-file",
        "error",
        "The file holds no document.",
        "An empty file, or one of comments only, configures nothing, yet looks as if it did.",
    ),
    Rule(
        "SIP105",
        "conflict-markers",
        "error",
        "The file holds markers of an unfinished merge.",
        "A merge left two versions side by side; someone has to choose.",
    ),
    Rule(
        "SIP106",
        "duplicate-key",
        "error",
        "A mapping holds one key twice.",
        "YAML forbids it (YAML 1.2.2, 3.2.1.1), and readers differ in which of the two they keep: "
        "of two actions with one id, one would be lost.",
    ),
    Rule(
        "SIP107",
        "anchor-or-alias",
        "error",
        "Anchors (&) and aliases (*) are not used here.",
        "One file is one endpoint or one scenario; a value that stands elsewhere cannot be edited "
        "or compared line by line, and nested aliases can blow up to any size.",
    ),
    Rule(
        "SIP108",
        "custom-tag",
        "error",
        "Tags (!…) are not used here.",
        "A tag changes what a value means, or runs code, depending on who reads it.",
    ),
    Rule(
        "SIP109",
        "several-documents",
        "error",
        "The file holds more than one document.",
        "One file is one endpoint or one scenario; most readers would see the first document only.",
    ),
    Rule(
        "SIP110",
        "nested-too-deep",
        "error",
        "The document is nested more than 64 levels deep.",
        "Nothing here needs that; some readers take quadratic time for it or crash.",
    ),
    Rule(
        "SIP111",
        "not-a-file",
        "error",
        "The path cannot be read as a plain file.",
        "Git keeps a symbolic link as a path and not as content; a folder, a device, or a file "
        "without the right to read cannot be judged.",
    ),
    Rule(
        "SIP112",
        "control-character",
        "error",
        "The file holds a character that must not stand in it.",
        "Control characters and Unicode line separators break lines, hide text or end a value "
        "early in one reader or another.",
    ),
    Rule(
        "SIP120",
        "unquoted-string",
        "error",
        "A string is written so that a YAML reader may take it for something else.",
        "YAML 1.1 and 1.2 readers take 0123, +33155000001, 1e5, yes or 2026-12-25 for numbers, "
        "booleans or dates: a telephone number loses its plus, a code its zero.",
        fmt=True,
    ),
    Rule(
        "SIP121",
        "null-value",
        "error",
        "A key has no value.",
        "An empty value and null are the same to YAML and say neither 'take the default' nor "
        "'empty'. Only a branch's target may be null: there the call ends.",
    ),
    Rule(
        "SIP122",
        "not-a-number",
        "error",
        "A number is not written in plain decimal digits.",
        'port: "5060" is a string and 05060 is octal to some readers.',
        fmt=True,
    ),
    Rule(
        "SIP123",
        "not-a-boolean",
        "error",
        "A boolean is not written as true or false.",
        'yes and on are booleans to YAML 1.1 and strings to YAML 1.2; "true" is a string to both.',
        fmt=True,
    ),
    Rule(
        "SIP124",
        "wrong-type",
        "error",
        "A value is of another kind than its field.",
        "A list where one value belongs (or the reverse) cannot be read without guessing.",
    ),
    # -- values --------------------------------------------------------------------------------
    Rule(
        "SIP201",
        "unknown-key",
        "error",
        "The key is not known here.",
        "A misspelt key would be ignored in silence. Keys of your own begin with x-. Scenarios "
        "keep every key, since the product has more of them than is known.",
    ),
    Rule(
        "SIP202",
        "missing-key",
        "error",
        "A required key is missing.",
        "An endpoint is at least a reference and a host, a scenario a reference and a type, an "
        "action the type that it is of.",
    ),
    Rule(
        "SIP203",
        "bad-reference",
        "error",
        "A reference has a form that is not allowed.",
        "References are file names on every file system and names in every switch: ASCII letters, "
        "digits and _ . @ -, beginning with a letter or digit, at most 64, none that Windows "
        "reserves.",
    ),
    Rule(
        "SIP204",
        "bad-host",
        "error",
        "The host is neither a host name nor an IP address.",
        "Calls go to this server: a host name by RFC 1123 (labels of 1 to 63 letters, digits and "
        "hyphens, 253 in all), an IPv4 address in dotted decimal or an IPv6 address without "
        "brackets.",
    ),
    Rule(
        "SIP205",
        "host-not-ascii",
        "error",
        "An international host name is not written as A-labels.",
        "DNS and SIP carry A-labels (RFC 5890, section 2.3.2.1); two spellings of one name could "
        "not be compared.",
        fmt=True,
    ),
    Rule(
        "SIP206",
        "bad-port",
        "error",
        "The port is outside 1 to 65535.",
        "No transport has such a port (RFC 6335, section 6).",
    ),
    Rule(
        "SIP207",
        "bad-transport",
        "error",
        "The transport is none of udp, tcp, tls.",
        "These are the transports of RFC 3261, section 18, that a trunk is offered with.",
    ),
    Rule(
        "SIP208",
        "bad-codec",
        "error",
        "The codecs are not one or both of alaw and ulaw.",
        "The platform offers G.711 A-law and mu-law, each at most once, in order of preference.",
    ),
    Rule(
        "SIP209",
        "bad-tag",
        "error",
        "A tag has a form that is not allowed, or stands twice.",
        "Tags are written in queries and completed by shells: the same characters as in "
        "references, compared without case.",
    ),
    Rule(
        "SIP210",
        "bad-text",
        "error",
        "A text is empty, too long or holds control characters.",
        "Switches cut long values and take a line break for the end of a line of configuration: "
        "at most 255 characters (description 1,000), none of them a control character.",
    ),
    Rule(
        "SIP211",
        "bad-password",
        "error",
        "The password is in none of the known forms.",
        "A password is {env: NAME}, {file: PATH} or {age: …}; no form runs a program.",
    ),
    Rule(
        "SIP212",
        "bad-setting",
        "error",
        "A setting has a value that is not allowed.",
        "A setting that is not understood would change nothing, in silence.",
    ),
    Rule(
        "SIP213",
        "bad-scenario-type",
        "error",
        "The type of a scenario is none of interaction-start, interaction-end.",
        "A scenario begins when a call comes in, or runs after it; the product knows no third.",
    ),
    Rule(
        "SIP214",
        "bad-recipient",
        "error",
        "A recipient has no public key that passwords can be sealed for.",
        "Recipients are age keys (age1…) or ssh-ed25519 keys, each once. A secret key in the "
        "settings is one that everybody has.",
    ),
    # -- agreement -----------------------------------------------------------------------------
    Rule(
        "SIP301",
        "name-mismatch",
        "error",
        "The reference is not the name of its file.",
        "A reference is looked up by file name; two names for one thing lead two tools to two "
        "answers.",
    ),
    Rule(
        "SIP302",
        "duplicate-reference",
        "error",
        "Two endpoints, or two scenarios, differ in case only.",
        "On macOS and Windows their files are one file; a checkout there would lose one of them. "
        "An endpoint and a scenario may have the same reference.",
    ),
    Rule(
        "SIP303",
        "stray-file",
        "warning",
        "The file looks like an endpoint or a scenario and is not read.",
        "Only endpoints/<reference>.yaml and scenarios/<reference>.yaml are read: a .yml, a "
        "dot file, a sub-folder or another name is not, and its owner may believe it is.",
    ),
    Rule(
        "SIP304",
        "register-without-username",
        "warning",
        "The endpoint registers without a user name.",
        "A REGISTER binds an address-of-record (RFC 3261, section 10); without a user name there "
        "is none to bind, and switches skip such a trunk.",
    ),
    Rule(
        "SIP305",
        "password-without-username",
        "error",
        "There is a password and no user name.",
        "Digest authentication (RFC 3261, section 22) always sends a user name.",
    ),
    Rule(
        "SIP307",
        "bad-ignore",
        "warning",
        "A comment that is to ignore a finding ignores none.",
        "`# sipctl: ignore[…]` takes findings out of its own line, by code or name. One that names "
        "an unknown rule, or what is no longer found there, hides the next fault of the line.",
    ),
    # -- scenarios -----------------------------------------------------------------------------
    Rule(
        "SIP401",
        "unknown-action",
        "warning",
        "The type of an action is not known.",
        "The action is kept as it is, but nothing can be checked in it, nor an endpoint be found "
        "in use there; often the type is misspelt.",
    ),
    Rule(
        "SIP402",
        "unknown-endpoint",
        "error",
        "An action sends calls to an endpoint that does not exist.",
        "Calls that reach the action go nowhere, and nobody learns of it before a caller does.",
    ),
    Rule(
        "SIP403",
        "missing-endpoint",
        "error",
        "An action that sends calls to an endpoint names none.",
        "Calls that reach the action have no server to go to.",
    ),
    Rule(
        "SIP404",
        "unknown-target",
        "error",
        "A branch leads to an action that does not exist.",
        "A call on that branch is lost. To end the call there, write null.",
    ),
    Rule(
        "SIP405",
        "missing-start",
        "error",
        "The scenario has actions and no start.",
        "Nothing says which action a call comes to first; the order of the file is for people.",
    ),
    Rule(
        "SIP406",
        "unknown-start",
        "error",
        "The start is an action that does not exist.",
        "No call would come to any action.",
    ),
    Rule(
        "SIP407",
        "unreachable-action",
        "warning",
        "No call can come to an action.",
        "It is left over, or the branch that should lead to it leads elsewhere. What stands behind "
        "it is told with it: one missing link is one finding.",
    ),
    Rule(
        "SIP408",
        "endless-loop",
        "error",
        "No branch leads out of a loop.",
        "A call that comes there goes round until the caller gives up. A loop that a branch leaves "
        "is none of these: menus repeat.",
    ),
    Rule(
        "SIP409",
        "unknown-branch",
        "error",
        "The action has no output of that name.",
        "All labels of this type of action are confirmed by the product's own pages: a call never "
        "takes another one.",
    ),
    Rule(
        "SIP410",
        "unconfirmed-branch",
        "warning",
        "The action has no output of that name, as far as is known.",
        "Not all labels of this type of action are confirmed by the product's own pages, so it may "
        "be right; more often it is misspelt, and no call takes it.",
    ),
    Rule(
        "SIP411",
        "no-fallback",
        "warning",
        "Nothing follows when an endpoint cannot take the call.",
        "A trunk fails one day, and callers hear silence then. Let its failure branches lead to a "
        "queue, an announcement or another endpoint.",
    ),
    Rule(
        "SIP412",
        "bad-entry-point",
        "error",
        "An entry point is not a number in the form of E.164, or stands twice.",
        "Numbers are compared as text: + and at most 15 digits, country code first (ITU-T E.164, "
        "section 6.2), is the one form that all agree on.",
    ),
    Rule(
        "SIP413",
        "shared-entry-point",
        "error",
        "Two scenarios have the same entry point.",
        "A number leads to one scenario; which of the two would be chance.",
    ),
    Rule(
        "SIP414",
        "type-changed",
        "error",
        "The type of a scenario is not what it was at the last commit.",
        "The product cannot change a scenario's type once it is created: make a new scenario.",
    ),
    Rule(
        "SIP415",
        "misspelt-key",
        "warning",
        "A key that is not known is close to one that is, and that is missing.",
        "Scenarios keep every key, so a misspelt one is taken for one of your own and does "
        "nothing. Keys that begin with x- are never looked at.",
    ),
    Rule(
        "SIP416",
        "bad-parameter",
        "warning",
        "A calendar cannot be evaluated.",
        "A time zone, opening hours or a holiday that is not understood leaves a trace without an "
        "answer, and perhaps the product as well.",
    ),
    # -- passwords -----------------------------------------------------------------------------
    Rule(
        "SIP501",
        "plaintext-password",
        "error",
        "A password stands in plain text.",
        "What is committed stays readable to everyone who ever gets a copy of the repository.",
    ),
    Rule(
        "SIP502",
        "bad-sealed-password",
        "error",
        "A sealed password is cut, or is none.",
        "A value that was cut, mistyped or sealed by hand in another form opens to nobody, and the "
        "trunk that needs it is the first to tell. docs/passwords.md describes the form.",
    ),
    Rule(
        "SIP503",
        "stale-recipients",
        "warning",
        "A password is sealed for other recipients than the settings list.",
        "Whoever was added since cannot open it, and whoever was taken out still can.",
    ),
    Rule(
        "SIP504",
        "foreign-key",
        "error",
        "A password is sealed for keys that are no recipient's.",
        "Anybody can seal for any key: such a value was not made from these settings, and none of "
        "the people listed there may be able to open it.",
    ),
    Rule(
        "SIP505",
        "password-of-another-user",
        "error",
        "A sealed password belongs to another user name.",
        "A value is sealed together with its user name, so that nobody can have one trunk log in "
        "with the password of another. A new user name needs its password again. Without a key "
        "it shows only where the user name has just changed, or one value stands in two files.",
    ),
    Rule(
        "SIP506",
        "exposed-password-file",
        "error",
        "The file with a password lies in the repository, and Git does not ignore it.",
        "The next `git add` takes it along, and a password in a commit is public for ever.",
    ),
    Rule(
        "SIP507",
        "readable-password-file",
        "warning",
        "Every user of the machine can read the file with a password.",
        "Its mode should be 600, or 640 for the group of the program that needs it. `sipctl secret "
        "check` looks at the files of the machine it runs on.",
    ),
    Rule(
        "SIP508",
        "password-in-history",
        "warning",
        "A password stood in plain text in an earlier commit.",
        "Everyone with a copy of the repository can still read it, whatever the file holds today: "
        "only a new password at the carrier helps. `sipctl secret check --history` looks for them.",
    ),
)

RULES: dict[str, Rule] = {rule.name: rule for rule in _ALL}
"""Every rule by its name, in order of code."""


def find(code_or_name: str) -> Rule | None:
    """The rule of a code or a name, case ignored."""
    wanted = code_or_name.casefold()
    return next((r for r in _ALL if wanted in (r.code.casefold(), r.name)), None)


SEE = "see `sipctl rules`"


@lru_cache(1000)
def hint_for(unknown: str) -> str:
    """Which name may be meant by one that no rule has; no code, for codes are alike without
    meaning anything alike. To compare is dear: of one file only so many are to be asked for."""
    return names.did_you_mean(unknown, RULES) or SEE
