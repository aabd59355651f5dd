"""Tables of endpoints, CSV and JSON: reading one, planning what it asks for, and making one.

What a table leaves empty (an empty cell, null in JSON) is absent: a new endpoint gets no such
field, an existing one keeps its own. A table never holds a password. Values are not judged here:
what a cell cannot be taken for is left as text, and the model refuses it.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sipctl import hosts, names, progress
from sipctl.changes import (
    FileChange,
    MemberChange,
    Plan,
    differences,
    of_these,
    snapshot,
    subject_of,
)
from sipctl.editing import Edit, editable, edited
from sipctl.endpoint import ENV_PATTERN, FIELDS, Endpoint, default_of
from sipctl.errors import Refused
from sipctl.findings import Finding, in_order, with_severities
from sipctl.inventory import Inventory
from sipctl.kinds import ENDPOINT, reference_of
from sipctl.member import Member
from sipctl.operations import plan_of_edits
from sipctl.rules import files
from sipctl.workspace import context_of, read_member
from sipctl.yamlfile import scalars
from sipctl.yamlfile.nodes import Mapping as MappingNode
from sipctl.yamlfile.nodes import Scalar
from sipctl.yamlfile.write import Value, document

COLUMNS = tuple(field for field in FIELDS if field != "password")
"""The fields that a table can hold, besides the user's own `x-` keys."""

VERSION = 1
"""The version of the JSON documents that are read."""

_HEADINGS = {name: name for name in COLUMNS} | {
    "sip endpoint": "host",
    "endpoint": "host",
    "codec": "codecs",
    "user name": "username",
    "tag": "tags",
}
_VERBATIM = ("username", "realm", "description")
# a spreadsheet in French writes a boolean back in its own language
_YES_OR_NO = {
    **dict.fromkeys(("true", "yes", "vrai", "oui"), True),
    **dict.fromkeys(("false", "no", "faux", "non"), False),
}
_PASSWORDS = re.compile("pass|secret|pwd")
_SURROGATES = re.compile("[\ud800-\udfff]")
_NO_PASSWORDS = "passwords do not belong in a table, which ends in mail boxes and shells"
_NO_COLUMN = "take the column out, and pass --password-env 'TRUNK_{reference}'"
_NO_VALUE = "{env: NAME} and {file: PATH} may stand there; `sipctl export json` leaves them out"
_SHOWN = 20
_MAX_WORDS = 300
_MAX_DEPTH = 64
_MAX_DIGITS = 18


@dataclass(frozen=True, slots=True)
class Row:
    """One endpoint of a table: what it gives by field, and what is wrong with the row itself.

    `place` is where the row stands, `line 7` in CSV and `item 3` in JSON. Of a row of `cells`
    nobody can tell which values are defaults that some list has shown.
    """

    place: str
    values: Mapping[str, Value]
    faults: tuple[str, ...] = ()
    cells: bool = False


class _Fault(Exception):
    """A column or a value that no table can have; the text says why."""


def _refused(faults: Sequence[str], hint: str = "") -> Refused:
    count = "an error" if len(faults) == 1 else f"{len(faults)} errors"
    more = [f"… and {len(faults) - _SHOWN} more"] if len(faults) > _SHOWN else []
    lines = [f"  {_one_line(fault)}" for fault in [*faults[:_SHOWN], *more]]
    message = "\n".join([f"refused: the table has {count}", *lines])
    return Refused(message, hint or "nothing has changed; mend the table, then run it again")


def _one_line(text: str) -> str:
    """What a table holds may be anything; nothing of it moves a terminal's cursor."""
    cut = text if len(text) <= _MAX_WORDS else f"{text[:_MAX_WORDS]}…"
    return names.visible(cut)


# -- reading -------------------------------------------------------------------------------------


def text_of(data: bytes) -> str:
    """A table's text, without a byte order mark. Raises Refused where it is not UTF-8."""
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        hint = "save the table as UTF-8; a spreadsheet calls that CSV UTF-8"
        raise Refused(f"the table is not UTF-8 text: line {line}", hint) from None


def read(text: str, kind: str | None = None) -> list[Row]:
    """The rows of a table in the format `csv` or `json`; without one, the text itself tells."""
    if kind is None:
        kind = "json" if text.lstrip()[:1] in ("[", "{") else "csv"
    return read_json(text) if kind == "json" else read_csv(text)


def read_csv(text: str) -> list[Row]:
    """The rows of a CSV table (RFC 4180) whose columns stand in its first line, in any order.

    Columns are separated by commas, semicolons or tabs, whichever gives the most known headings.
    Raises Refused for what is wrong with the first line, or with the table's quotes.
    """
    records = _records(text, max(",;\t", key=lambda sign: _known_headings(text, sign)))
    line, headings = next(records, (1, []))
    if not headings:
        raise Refused("the table is empty", "its first line names the columns: reference,host,port")
    fields = _columns(line, headings)
    return [_row_of_cells(f"line {line}", fields, cells) for line, cells in records]


def _known_headings(text: str, delimiter: str) -> int:
    try:
        headings = next(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter), [])
    except csv.Error:
        return 0
    return sum(_folded(heading) in _HEADINGS for heading in headings)


def _records(text: str, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """Every row that holds something, and the line it begins in."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    line = 1
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                yield line, cells
            line = reader.line_num + 1
    except csv.Error as error:
        raise _refused([f"line {line}: {error}"]) from None


def _columns(line: int, headings: Sequence[str]) -> list[str]:
    """The field of each column. A first line without any is data, and none of it is shown."""
    if not any(_folded(heading) in _HEADINGS for heading in headings):
        hint = "write the names of the columns above the rows: reference,host,port"
        raise Refused(f"line {line} of the table names no columns", hint)
    fields: dict[str, int] = {}
    nearest = names.Nearest(_HEADINGS)
    faults = []
    for number, heading in enumerate(headings, 1):
        try:
            fields[_unseen(_field(heading, nearest), fields)] = number
        except _Fault as fault:
            faults.append(f"line {line}, column {number}: {fault}")
    if not faults and "reference" not in fields:
        faults.append(f"line {line}: there is no column reference")
    if faults:
        raise _refused(faults)
    return list(fields)


def _folded(heading: str) -> str:
    return " ".join(heading.casefold().split())


def _field(heading: str, nearest: names.Nearest) -> str:
    """The field that a heading names; raises _Fault where none does."""
    folded = _folded(heading)
    if folded.startswith("x-"):
        return heading.strip()
    if folded in _HEADINGS:
        return _HEADINGS[folded]
    if _PASSWORDS.search(folded):
        raise _Fault(f'"{_short(heading)}": {_NO_PASSWORDS} ({_NO_COLUMN})')
    hint = nearest.hint(folded, "columns of your own begin with x-")
    raise _Fault(f'"{_short(heading)}" is not a field ({hint})')


def _unseen(name: str, fields: Mapping[str, object]) -> str:
    if name in fields:
        raise _Fault(f"{name} stands twice")
    return name


def _short(text: str) -> str:
    return text if len(text) <= names.MAX_LENGTH else f"{text[:32]}…"


def _row_of_cells(place: str, fields: Sequence[str], cells: Sequence[str]) -> Row:
    if len(cells) != len(fields):
        return Row(place, {}, (f"it has {len(cells)} cells, the first line {len(fields)}",))
    values = {name: _of_cell(name, cell) for name, cell in zip(fields, cells, strict=True)}
    given = {name: value for name, value in values.items() if value is not None}
    return Row(place, given, cells=True)


def _of_cell(name: str, cell: str) -> Value:
    """A cell's value, None where it is empty, the text itself where it is of no use."""
    if name in _VERBATIM or name.startswith("x-"):
        return cell or None
    text = cell.strip()
    if not text:
        return None
    match name:
        case "port":
            return int(text) if scalars.DECIMAL.match(text) and len(text) <= _MAX_DIGITS else text
        case "register":
            return _YES_OR_NO.get(text.casefold(), text)
        case "host":
            return _host(text)
        case "codecs" | "tags":
            return _words(name, text) or text
    return text


def _host(text: str) -> str:
    try:
        return hosts.to_ascii(text)
    except ValueError:
        return text


def _words(name: str, text: str) -> list[str]:
    """Separated by commas, semicolons or blanks; codecs by the product's "and" too."""
    words = [word for word in re.split(r"[,;\s]+", text) if word]
    return [word for word in words if word.casefold() != "and"] if name == "codecs" else words


# -- reading JSON --------------------------------------------------------------------------------


def read_json(text: str) -> list[Row]:
    """The rows of an array of objects, or of a document that `list` or `export` printed.

    A default that such a document does not count among the `given` values is not one of the row.
    Raises Refused where the text is neither.
    """
    data = _json(text)
    if isinstance(data, dict):
        data = _listed(data)
    if not isinstance(data, list):
        raise Refused("the table is no array of endpoints", _JSON_HINT)
    nearest = names.Nearest(_HEADINGS)
    return [_row_of_object(f"item {n}", item, nearest) for n, item in enumerate(data, 1)]


_JSON_HINT = 'write [{"reference": "…", "host": "…"}, …], or what `sipctl export json` prints'


def _json(text: str) -> Any:
    try:
        data = json.loads(text, object_pairs_hook=_without_repetition, parse_constant=_no_number)
    except json.JSONDecodeError as error:
        reason = error.msg[0].lower() + error.msg[1:]
        place = f"line {error.lineno}, column {error.colno}"
        raise Refused(f"the table is not JSON: {place}: {reason}") from None
    except _Fault as fault:
        raise _refused([str(fault)]) from None
    except ValueError:
        raise Refused("the table is not JSON: a number has too many digits") from None
    except RecursionError:
        raise Refused("the table is nested too deep") from None
    _refuse_unwritable(data)
    return data


def _without_repetition(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise _Fault(f'the key "{_short(key)}" stands twice in one object')
        found[key] = value
    return found


def _no_number(word: str) -> None:
    raise _Fault(f"{word} is not JSON (RFC 8259, section 6)")


def _refuse_unwritable(data: Any) -> None:
    """What JSON can hold and a file cannot: half a surrogate pair, and nesting without end."""
    waiting = [(data, 0)]
    while waiting:
        item, depth = waiting.pop()
        if depth > _MAX_DEPTH:
            raise Refused("the table is nested too deep")
        if isinstance(item, dict):
            waiting += [(part, depth + 1) for pair in item.items() for part in pair]
        elif isinstance(item, list):
            waiting += [(part, depth + 1) for part in item]
        elif isinstance(item, str) and _SURROGATES.search(item):
            raise Refused("a text in the table holds half of a surrogate pair")


def _listed(data: Mapping[str, Any]) -> Any:
    if not {"endpoints"} <= data.keys() <= {"version", "endpoints", "unreadable"}:
        raise Refused("the table is no list of endpoints", _JSON_HINT)
    if data.get("version") != VERSION:
        raise Refused(
            "the table is of an unknown version", f'this sipctl reads "version": {VERSION}'
        )
    return data["endpoints"]


def _row_of_object(place: str, item: Any, nearest: names.Nearest) -> Row:
    if not isinstance(item, dict):
        return Row(place, {}, ("it is no object",))
    values: dict[str, Value] = {}
    faults = []
    for key, value in item.items():
        try:
            if key not in ("given", "used_by"):
                name = "password" if _folded(key) == "password" else _field(key, nearest)
                values[_unseen(name, values)] = _of_json(name, value)
        except _Fault as fault:
            faults.append(str(fault))
    if isinstance(given := item.get("given"), list):
        said = {key for key in given if isinstance(key, str)}
        values = {k: v for k, v in values.items() if k in said or not _is_default(k, values)}
    return Row(place, {k: v for k, v in values.items() if v is not None}, tuple(faults))


def _of_json(name: str, value: Any) -> Any:
    """Values are as in a file, and the model's to judge; only a host may have U-labels."""
    if name == "password":
        return _password(value)
    return _host(value) if name == "host" and isinstance(value, str) else value


def _password(value: Any) -> Value:
    """Where a password is found. What it is, or that there is a sealed one, is not for tables."""
    if value is None:
        return None
    if isinstance(value, dict) and value.keys() in ({"env"}, {"file"}):
        return value
    if value in ({"age": True}, {"plain": True}):  # as list tells that there is one
        return None
    raise _Fault(f"password: {_NO_PASSWORDS} ({_NO_VALUE})")


def _is_default(name: str, values: Mapping[str, Any]) -> bool:
    default = default_of(name, values.get("transport"))
    return bool(values[name] == (list(default) if isinstance(default, tuple) else default))


# -- planning ------------------------------------------------------------------------------------


PasswordOf = Callable[[Inventory, str, str], Value]
"""The value of the field `password` for an endpoint of an inventory, by its reference and its user
name. Raises Refused where it cannot have one."""


def plan_import(
    inventory: Inventory, rows: Sequence[Row], update: bool, password: PasswordOf | None = None
) -> Plan:
    """Create every endpoint of a table, and with `update` change those that exist.

    `password` is asked for each endpoint that has a user name and no password, and for one whose
    sealed password is another user name's. Raises Refused with what is wrong in any row; then there
    is no plan.
    """
    work = _Import(inventory, update, password)
    for row in progress.over(rows, "Reading rows", len(rows)):
        work.take(row)
    return work.plan()


@dataclass
class Variables:
    """Names the variable of each password by a template with `{reference}` in it."""

    template: str
    _inventory: Inventory | None = field(default=None, repr=False)
    _taken: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        # what is refused is not told: it may be the password itself
        hint = "write it like TRUNK_{reference}, with letters, digits and _ around"
        if "{reference}" not in self.template:
            raise Refused("the variable would be that of every endpoint", hint)
        if not re.match(ENV_PATTERN, self.template.replace("{reference}", "X")):
            raise Refused("the template does not give names of environment variables", hint)

    def __call__(self, inventory: Inventory, reference: str, username: str) -> Value:
        """`{env: NAME}`; raises Refused where the variable is another endpoint's."""
        if inventory is not self._inventory:
            self._inventory = inventory
            self._take_those_of(inventory)
        name = variable(self.template, reference)
        owner = self._taken.setdefault(name, reference)
        if owner != reference:
            raise Refused(f'{name} would be the variable of "{owner}" and "{reference}"')
        return {"env": name}

    def _take_those_of(self, inventory: Inventory) -> None:
        for reference, endpoint in inventory.endpoints.items():
            name = (endpoint.password or {}).get("env")
            if name:
                self._taken.setdefault(name, reference)


@dataclass
class Files:
    """Names the file of each password by a template with `{reference}` in it."""

    template: str

    def __post_init__(self) -> None:
        if "{reference}" not in self.template:
            hint = "write it like /run/secrets/{reference}"
            raise Refused("the file would be that of every endpoint", hint)

    def __call__(self, inventory: Inventory, reference: str, username: str) -> Value:
        """`{file: PATH}`."""
        return {"file": self.template.replace("{reference}", reference)}


def variable(template: str, reference: str) -> str:
    """The variable of an endpoint: upper case, `_` for what no name of a variable can hold."""
    name = re.sub("[^A-Z0-9_]", "_", reference.upper())
    return template.replace("{reference}", name)


@dataclass(slots=True)
class _Import:
    """An import under way: the rows taken so far, and all that is wrong with them."""

    inventory: Inventory
    update: bool
    password: PasswordOf | None
    created: dict[str, FileChange] = field(default_factory=dict)
    edits: list[Edit] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    exist: int = 0
    places: dict[str, str] = field(default_factory=dict)

    def take(self, row: Row) -> None:
        """Plan one row, or note what is wrong with it."""
        self.faults += [f"{row.place}: {fault}" for fault in row.faults]
        reference = row.values.get("reference")
        if not isinstance(reference, str):
            if row.values or not row.faults:
                self._create(row, "")
            return
        first = self.places.setdefault(reference.casefold(), row.place)
        if first != row.place:
            self._fault(row, f'"{reference}" stands in {first} already')
            return
        member = self.inventory.same_name(reference)
        if member is None:
            self._create(row, reference)
        elif self._may_change(row, reference, member):
            self._change(row, reference, member)

    def _fault(self, row: Row, text: str) -> None:
        self.faults.append(f"{row.place}: {text}")

    def _may_change(self, row: Row, reference: str, member: Member) -> bool:
        if member.reference != reference:
            same = f'"{reference}" and the endpoint "{member.reference}" differ in case only'
            self._fault(row, same)
            return False
        if not self.update:
            self.exist += 1
            self._fault(row, f'the endpoint "{reference}" exists already')
        return self.update

    def _create(self, row: Row, reference: str) -> None:
        values = {**row.values, **self._missing_password(row, reference, None)}
        order = (*FIELDS, *(key for key in values if key not in FIELDS))
        text = document({key: values[key] for key in order if key in values})
        change = FileChange(ENDPOINT.path(reference), None, text.encode("utf-8"))
        self._judge(row, change)
        self.created[reference] = change

    def _change(self, row: Row, reference: str, member: Member) -> None:
        changes = {k: v for k, v in row.values.items() if not _says(member, k, row)}
        changes |= self._missing_password(row, reference, member)
        try:
            editable(self.inventory, reference, changes=changes)
        except Refused as refused:
            self._fault(row, f"{refused.message} ({refused.hint})")
            return
        change = FileChange(member.path, member.data, edited(member, changes))
        if change.after != change.before:
            self._judge(row, change)
            self.edits.append((member, changes))

    def _missing_password(
        self, row: Row, reference: str, member: Member | None
    ) -> dict[str, Value]:
        username = row.values.get("username") or _text_of(member, "username")
        if self.password is None or not isinstance(username, str) or "password" in row.values:
            return {}
        login = member.facts.login if member else None
        if member and member.node("password") and (not login or login.username == username):
            return {}
        try:
            return {"password": self.password(self.inventory, reference, username)}
        except Refused as refused:
            self._fault(row, refused.message)
            return {}

    def _judge(self, row: Row, change: FileChange) -> None:
        """What the file would be refused for, told by the row that asks for it."""
        assert change.after is not None
        member = read_member(change.path, change.after)
        # without one the file's name means nothing
        named = isinstance(row.values.get("reference"), str)
        before = self.inventory.members.get(change.path)
        context = context_of({change.path: before} if before else {})
        one = {member.path: member} if named else {}
        between = files.check(one, self.inventory.settings, context)
        found = (*member.findings, *between)
        for finding in in_order(with_severities(found, self.inventory.settings.rules)):
            if finding.is_error:
                where = _where(finding, member.root, row, change)
                hint = f" ({finding.hint})" if finding.hint else ""
                self.faults.append(f"{row.place}{where}: {finding.message}{hint}")

    def plan(self) -> Plan:
        """The whole import; raises Refused where anything is wrong."""
        if self.faults:
            way = "pass --update to change endpoints that exist" if self.exist else ""
            raise _refused(self.faults, way)
        changed = plan_of_edits("import", self.edits)
        subjects = []
        if self.created or not self.edits:
            subjects.append(f"Import {of_these(change.path for change in self.created.values())}")
        if self.edits:
            subjects.append(subject_of(self._changed(changed.changes)))
        first, *others = subjects
        subject = ", ".join([first, *(other[0].lower() + other[1:] for other in others)])
        return Plan("import", subject, (*self.created.values(), *changed.changes))

    def _changed(self, edits: Iterable[FileChange]) -> Iterator[MemberChange]:
        """What edits change, by field."""
        for edit in edits:
            old, new = self.inventory.members[edit.path].root, edit.known and edit.known.root
            if old and new:
                fields = differences(snapshot(old), snapshot(new))
                yield MemberChange("changed", reference_of(edit.path), fields)


def _text_of(member: Member | None, name: str) -> str | None:
    node = member.node(name) if member else None
    return node.value if isinstance(node, Scalar) else None


def _says(member: Member, name: str, row: Row) -> bool:
    """True where a file says already what a row gives, in whichever spelling, or does without a
    default that a cell holds. The order of tags means nothing, and what is masked says the same."""
    said, value = member.said or {}, row.values[name]
    if name not in said:
        return row.cells and _is_default(name, {**said, **row.values})
    if name == "tags" and isinstance(value, list):
        return sorted(map(str, value)) == sorted(said[name])
    return json.dumps(value) == json.dumps(said[name])  # to Python true is 1


def _where(finding: Finding, root: MappingNode | None, row: Row, change: FileChange) -> str:
    """The field that a finding is about, or the line of the file where the row gives no such."""
    line = finding.place.line
    if finding.rule == "missing-key" or root is None:
        return ""
    name = next((k.value for k, _ in reversed(root.entries) if k.line <= line), "")
    return f", {name}" if change.before is None or name in row.values else f", {change.path}:{line}"


# -- making a table ------------------------------------------------------------------------------


def export_records(endpoints: Iterable[Endpoint]) -> list[dict[str, Any]]:
    """Exactly what each endpoint's file gives, as plain data, without its password."""
    return [_given(endpoint) for endpoint in endpoints]


def _given(endpoint: Endpoint) -> dict[str, Any]:
    record = endpoint.record()
    keys = (*(name for name in endpoint.given() if name != "password"), *endpoint.extra)
    return {key: record[key] for key in keys}


def export_rows(endpoints: Iterable[Endpoint]) -> tuple[list[str], list[list[str]]]:
    """What `export_records` gives as a table: its headings, and a row of text for each endpoint.

    Values stand there as they are, although a spreadsheet takes `+33155000001` for a number, and a
    text that begins with `=` for a formula. Of the user's own keys only texts fit into a cell.
    """
    records = export_records(endpoints)
    own = {key for record in records for key in record if key.startswith("x-")}
    headings = [*COLUMNS, *sorted(own)]
    return headings, [[_cell(name, record.get(name)) for name in headings] for record in records]


def without_cell(endpoints: Iterable[Endpoint]) -> list[str]:
    """The user's own keys with a value somewhere that no cell can hold: a number, a list."""
    extras = (item for endpoint in endpoints for item in endpoint.extra.items())
    return sorted(
        {key for key, value in extras if value not in (None, "") and not _cell(key, value)}
    )


def _cell(name: str, value: Any) -> str:
    if name.startswith("x-"):
        # what is no text would come back as one; Python before 3.13 writes a CR without quotes
        return value if isinstance(value, str) and "\r" not in value else ""
    if isinstance(value, list):
        return ",".join(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)
