"""Workspaces in memory to compare: files by path, and random ones."""

from collections.abc import Mapping

from hypothesis import strategies as st

from sipctl import workspace
from sipctl.diff.comparison import State
from sipctl.kinds import SETTINGS_FILE

SETTINGS = "version: 1\n"

PARIS = """\
reference: pbx-paris
host: sip.paris.example.net
port: 5060
username: "+33155000001"
password: {env: PBX_PARIS_PASSWORD}
"""

SUPPORT = """\
reference: support-in
name: Support inbound
type: interaction-start
entry_points: ["+33100000000"]
start: hours
actions:
  hours:
    action: test-calendar
    timezone: Europe/Paris
    open: ["Mon-Fri 08:00-19:00"]
    branches: {open: menu, closed: night}
  menu:
    action: vocal-announcement
    branches: {"1": queue, "2": paris, default: queue}
  paris:
    action: distribution-to-sip-endpoint
    endpoint: pbx-paris
    branches: {processed: null, unprocessed: queue, reference-not-found: queue}
  queue: {action: distribution-to-queue, queue: support, branches: {processed: null}}
  night: {action: voicemail, branches: {ok: null, error: null}}
"""

FILES = {
    "sipctl.yaml": SETTINGS,
    "endpoints/pbx-paris.yaml": PARIS,
    "scenarios/support-in.yaml": SUPPORT,
}
"""One endpoint, and a scenario that leads to it."""


def state(files: Mapping[str, str | bytes]) -> State:
    """A version of a workspace with these files."""
    data = {p: text if isinstance(text, bytes) else text.encode() for p, text in files.items()}
    return State(workspace.inventory_of(data), data.get(SETTINGS_FILE))


def changed(files: Mapping[str, str], **replacements: Mapping[str, str]) -> dict[str, str]:
    """The files with texts replaced in those whose stem is named, `_` for `-`."""
    result = dict(files)
    for stem, pairs in replacements.items():
        name = f"{stem.replace('_', '-')}.yaml"
        [path] = [path for path in files if path.rpartition("/")[2] == name]
        for old, new in pairs.items():
            assert old in result[path], old
            result[path] = result[path].replace(old, new)
    return result


# -- random workspaces ---------------------------------------------------------------------------

_NAMES = st.sampled_from(["a", "b", "c"])
_HOSTS = st.sampled_from(["sip.example.net", "192.0.2.1", "sip2.example.net"])

_FIELDS = st.fixed_dictionaries(
    {"host": _HOSTS},
    optional={
        "port": st.sampled_from(["5060", "5061", "many"]),
        "transport": st.sampled_from(["udp", "tls"]),
        "username": st.just('"1"'),
        "password": st.sampled_from(["{env: A}", "hunter2", "{age: x}"]),
        "tags": st.sampled_from(["[a, b]", "[b, a]", "[]"]),
        "description": st.sampled_from(['"x"', "x", '"y" # a note']),
        "x-own": st.sampled_from(["1", "{a: [1]}"]),
    },
)


@st.composite
def _endpoint(draw: st.DrawFn, reference: str) -> str:
    lines = [f"{key}: {value}\n" for key, value in draw(_FIELDS).items()]
    return f"reference: {reference}\n" + "".join(draw(st.permutations(lines)))


_TARGETS = st.sampled_from(["a", "b", "c", "d", "null"])
_ACTIONS = st.one_of(
    st.builds(
        "{{action: vocal-announcement, branches: {{'1': {}, '2': {}, default: {}}}}}".format,
        *[_TARGETS] * 3,
    ),
    st.builds(
        "{{action: distribution-to-sip-endpoint, endpoint: {}, branches: {{processed: null, "
        "unprocessed: {}}}}}".format,
        _NAMES,
        _TARGETS,
    ),
    st.builds(
        "{{action: test-value, value: caller, branches: {{'+33*': {}, '+331*': {}}}}}".format,
        *[_TARGETS] * 2,
    ),
    st.builds("{{action: node, branches: {{ok: {}}}}}".format, _TARGETS),
    st.sampled_from(["{action: distribution-to-queue, queue: q, branches: {processed: null}}"]),
)


@st.composite
def _scenario(draw: st.DrawFn, reference: str) -> str:
    actions = draw(st.dictionaries(st.sampled_from(["a", "b", "c"]), _ACTIONS))
    numbers = draw(st.lists(st.sampled_from(['"+331"', '"+332"']), unique=True))
    lines = [f"  {id}: {action}\n" for id, action in actions.items()]
    head = f"reference: {reference}\ntype: interaction-start\nentry_points: [{', '.join(numbers)}]"
    start = draw(st.sampled_from(["start: a\n", ""]))
    return f"{head}\n{start}" + ("actions:\n" + "".join(lines) if lines else "")


_BROKEN = st.sampled_from(["host: [", "- a list\n", ""])


@st.composite
def workspaces(draw: st.DrawFn) -> dict[str, str]:
    """A few endpoints and scenarios that may lead to each other, some of which cannot be read."""
    severities = st.sampled_from(["", "rules: {SIP304: 'off'}\n", "rules: {stray-file: error}\n"])
    files = {"sipctl.yaml": SETTINGS + draw(severities)}
    for folder, document in (("endpoints", _endpoint), ("scenarios", _scenario)):
        for name in draw(st.sets(_NAMES)):
            text = draw(st.one_of(document(name), document(name), document(name), _BROKEN))
            files[f"{folder}/{name}.yaml"] = text
    return files
