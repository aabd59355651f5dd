"""secret keygen, set, check, reseal, reveal, recipients."""

from __future__ import annotations

import csv
import getpass
import io
import os
import re
import sys
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Annotated

import typer

from sipctl import output, privileges, reports, tracked, uncommitted, workspace
from sipctl.changes import Plan
from sipctl.commands import passwords, reporting
from sipctl.commands.arguments import Limit
from sipctl.commands.reporting import Format, OutputFile
from sipctl.commands.session import READING_FORMATS, Session, session_of
from sipctl.errors import Refused, Usage, reason_of
from sipctl.git.exposure import exposed
from sipctl.git.repository import Repository
from sipctl.inventory import Inventory
from sipctl.judged import folder_in_repository
from sipctl.kinds import ENDPOINT, SETTINGS_FILE
from sipctl.names import MAX_LENGTH, quoted
from sipctl.passwords import audit, identities, resealing, secrets, withheld
from sipctl.passwords.identities import Keys
from sipctl.passwords.recipients import add_recipient, refuse_bad_name, sets_of
from sipctl.statuses import FINDINGS

Reference = Annotated[str, typer.Argument(metavar="REF", help="The endpoint.")]


# -- keys ----------------------------------------------------------------------------------------


def keygen(
    ctx: typer.Context,
    name: Annotated[
        str | None,
        typer.Option("--name", metavar="ID", help="Name of the recipient; else you@machine."),
    ] = None,
) -> None:
    """Make yourself a key, and add it to the recipients.

    The secret key goes to a file outside of the repository that only you can
    read: sipctl/identity in your folder for settings, or where the variable
    SIPCTL_IDENTITY_FILE says. Keep a copy: what is sealed for it alone opens to
    nothing else. One that is there already is used. The public key goes to
    sipctl.yaml, as a commit.
    """
    session = session_of(ctx)
    root = session.root()
    workspace.load_settings(root)
    privileges.act_as_owner(root)  # the key is to be that person's
    called = name or _own_name()
    refuse_bad_name(called)
    file = _file_for_new(root)
    new = identities.new() if file else None
    public = new.public if new else _public(identities.find({}))

    def planner(inventory: Inventory) -> Plan:
        return add_recipient(root, inventory, called, public)

    if new and file and not session.dry_run:
        planner(workspace.load(root))  # what cannot be leaves no key behind
        new.write(file)
        output.tell(f"the secret key is in {file}: keep a copy of it elsewhere")
    session.write(planner)


def _file_for_new(root: Path) -> Path | None:
    """Where a new secret key is to go; None where there is one already."""
    file = identities.own_file()
    if withheld.secret_key() or (file and identities.is_there(file)):
        return None
    hint = f"name a file: {withheld.FILE_VARIABLE}=FILE"
    if file is None:
        raise Refused("there is no home folder for a secret key", hint)
    repository = Repository.find(root)
    if repository is not None and exposed(repository, [str(file)]):
        raise Refused(f"a secret key in {quoted(str(file))} would be in the repository", hint)
    return file


def _public(keys: Keys) -> str:
    found = identities.public_key(keys)
    if found is None:
        hint = "add the line of its .pub file to the recipients in sipctl.yaml"
        raise Refused(f"the key in {keys.source} is an SSH key", hint)
    return found


def _own_name() -> str:
    """`ada@laptop`, as far as a name may be so."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # a container may run as somebody who has no name
        user = f"uid{os.getuid()}"
    text = f"{user}@{os.uname().nodename.partition('.')[0]}"
    return re.sub(r"[^A-Za-z0-9_.@-]", "-", text).lstrip("_.@-")[:MAX_LENGTH]


def recipients(ctx: typer.Context, limit: Limit = None) -> None:
    """List who can open the sealed passwords."""
    session = session_of(ctx)
    printer = session.printer(*READING_FORMATS)
    listed = workspace.load_settings(session.root()).recipients
    own = identities.find(listed).own(listed)
    rows = [(name, key, name in own) for name, key in islice(listed.items(), limit)]
    if printer.format == "name":
        printer.lines(name for name, _, _ in rows)
    elif printer.structured:
        data = [{"name": name, "key": key, "own": ours} for name, key, ours in rows]
        printer.document({"recipients": data})
    else:
        shown = [(name, key, "yes" if ours else "") for name, key, ours in rows]
        printer.table(("NAME", "KEY", "OWN"), shown, len(listed) - len(rows))
    if not listed and printer.format == "table":
        output.tell(f"there are none yet: {secrets.KEYGEN}")


# -- setting -------------------------------------------------------------------------------------


def set_(
    ctx: typer.Context,
    reference: Annotated[
        str | None, typer.Argument(metavar="[REF]", help="The endpoint, unless --from is given.")
    ] = None,
    file: Annotated[
        str | None,
        typer.Option(
            "--from",
            metavar="FILE",
            help="A table of both for many; - is standard input.",
        ),
    ] = None,
) -> None:
    """Seal the password of an endpoint, or of many.

    On a terminal it is asked for and not shown; else it is what standard input
    holds, without the last line end. A table has a reference and a password in
    each row, separated by a comma, a semicolon or a tab; what holds one of these
    stands in quotes. The same password again changes nothing where your key can
    see that.
    """
    session = session_of(ctx)
    if (reference is None) == (file is None):
        raise Usage("name an endpoint, or a table with --from", "sipctl secret set REF")
    settings = workspace.load_settings(session.root())
    if reference is not None:
        passwords.refuse_unknown(session.inventory(), [reference])
        if session.commits:
            privileges.act_as_owner(session.root())
            uncommitted.refuse_early(session.root(), [ENDPOINT.path(reference)])
        new = passwords.asked_for(session, settings, f"Password of {reference}")
        given, by = {reference: new.text}, new.by
    else:
        secrets.recipients_of(settings)
        given, by = dict(_rows(session, str(file))), passwords.sealer(settings)

    def planner(inventory: Inventory) -> Plan:
        return secrets.set_passwords(inventory, given, by)

    session.write(planner)


def _rows(session: Session, file: str) -> Iterator[tuple[str, str]]:
    """The rows of a table: nothing of it is ever told but the numbers of lines."""
    if file == "-" and sys.stdin.isatty():
        raise Usage("a table of passwords is not typed", "name a file, or pipe it in")
    text = passwords.content(session) if file == "-" else _text(file)
    known = {m.reference for m in session.inventory().of_kind(ENDPOINT).values()}
    seen: dict[str, int] = {}
    for line, cells in _cells(text):
        if line == 1 and [cell.strip().casefold() for cell in cells] == ["reference", "password"]:
            continue
        if len(cells) != 2:
            hint = "put a password in quotes that holds a comma, a semicolon or a tab"
            raise Refused(f"line {line} is no reference and a password", hint)
        reference, password = cells[0].strip(), cells[1]
        if reference not in known:
            hint = "the reference stands first; see `sipctl list -o name`"
            raise Refused(f"line {line} begins with no endpoint's reference", hint)
        if reference in seen:
            raise Refused(f'line {line}: "{reference}" stands in line {seen[reference]} already')
        fault = secrets.fault_of(password)
        if fault is not None:
            raise Refused(f"line {line}: {fault}")
        seen[reference] = line
        yield reference, password


def _text(file: str) -> str:
    try:
        return Path(file).read_bytes().decode("utf-8-sig")
    except OSError as error:
        # not its name, in whose place a password may stand
        raise Refused(f"the table could not be read: {reason_of(error)}") from None
    except UnicodeDecodeError:
        raise Refused("the table is not text in UTF-8") from None


def _cells(text: str) -> Iterator[tuple[int, list[str]]]:
    """The rows, each with its line; what separates is the first sign that no reference holds."""
    found = re.search(r"[,;\t]", text)
    sign, lines = found[0] if found else ",", io.StringIO(text, newline="")
    reader = csv.reader(lines, delimiter=sign, strict=True, skipinitialspace=True)
    try:
        for cells in reader:
            if cells:
                yield reader.line_num, cells
    except csv.Error as error:
        raise Refused(f"line {reader.line_num}: {error}") from None


# -- checking ------------------------------------------------------------------------------------


def check(
    ctx: typer.Context,
    references: Annotated[
        list[str] | None, typer.Argument(metavar="[REF]...", help="Endpoints; without any, all.")
    ] = None,
    history: Annotated[
        bool, typer.Option("--history", help="Look for plain text in all commits too.")
    ] = False,
    format: Format = None,
    file: OutputFile = None,
) -> None:
    """Check how every password is kept.

    Without a key: whether sealed values are whole, and for the present
    recipients. With one each is opened too, and must belong to its user name. The
    status is 1 where something is found.
    """
    session = session_of(ctx)
    wanted = reporting.format_of(format)
    root = session.root()
    repository = tracked.found_repository(root)
    inventory = tracked.judged_in_git(root)
    passwords.refuse_unknown(inventory, references or ())
    if history:
        _refuse_shallow(tracked.required_repository(root))
    keys = _keys_for_check(inventory)
    chosen = {ENDPOINT.path(reference) for reference in references or ()}
    sets = sets_of(repository)
    found = audit.audit(root, inventory, keys, sets, chosen, repository if history else None)
    findings = found.findings
    files = tuple(sorted(chosen or inventory.of_kind(ENDPOINT)))
    folder = folder_in_repository(root) if wanted in reports.FORMATS else ""
    counts = {"sealed": found.sealed, "opened": found.opened}
    reporting.print_(session, wanted, reports.Report(findings, files, folder, True), file, counts)
    if wanted != "json" and found.sealed:
        how = f"{found.opened} opened" if keys else "no key is at hand, so none was opened"
        what = "1 password is" if found.sealed == 1 else f"{found.sealed} passwords are"
        output.tell(f"{what} sealed, {how}")
    careless = identities.cautions(repository)
    for words in careless:
        output.tell(words)
    if findings or careless:
        raise typer.Exit(FINDINGS)


def _refuse_shallow(repository: Repository) -> None:
    """Where history is cut, nothing that is found or not found in it means anything."""
    if repository.shallow():
        hint = "get the rest with `git fetch --unshallow`, in CI with fetch-depth: 0"
        raise Refused("this clone lacks history, so it cannot be searched", hint)


def _keys_for_check(inventory: Inventory) -> Keys:
    """The keys at hand. One that was given for this and is no recipient's is a mistake; the user's
    own, which may be for other workspaces, is not."""
    recipients = inventory.settings.recipients
    keys = identities.find(recipients)
    unread = any(f.is_error and f.place.file == SETTINGS_FILE for f in inventory.findings)
    sealed = any(m.facts.login for m in inventory.of_kind(ENDPOINT).values())
    if not keys or unread or not sealed or keys.own(recipients):
        return keys
    message = f"the key in {keys.source} is no recipient's"
    if keys.given:
        raise Refused(message, "see `sipctl secret recipients`; without a key, unset the variable")
    output.tell(f"{message}: nothing is opened")
    return Keys()


# -- sealing again -------------------------------------------------------------------------------


def reseal(
    ctx: typer.Context,
    added: Annotated[
        list[str] | None,
        typer.Option("--add", metavar="NAME=KEY", help="A new recipient; repeat it for more."),
    ] = None,
    removed: Annotated[
        list[str] | None,
        typer.Option("--remove", metavar="NAME", help="A recipient to take out."),
    ] = None,
    force: Annotated[
        bool,
        typer.Option(
            "--force",
            help="Leave what cannot be opened as it is, and seal also what was for foreign keys.",
        ),
    ] = False,
) -> None:
    """Seal all passwords again, for the recipients of today.

    Those that are sealed for them already stay as they are; those in plain text
    are sealed too. Tells who gains access and who loses it: history keeps what a
    former recipient could read, so such passwords are to be changed at the
    carriers.
    """
    session = session_of(ctx)
    root = session.root()
    access = resealing.Access(_new_recipients(added or ()), tuple(removed or ()))
    settings = workspace.load_settings(root)
    by = passwords.sealer(settings)
    sets = sets_of(tracked.found_repository(root))
    session.write(lambda i: resealing.reseal(root, i, by, access, sets, force=force))


def _new_recipients(texts: Iterable[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for text in texts:
        name, sign, key = text.partition("=")
        if not sign:
            raise Usage("a recipient is added as NAME=KEY", "sipctl secret reseal --add bob=age1…")
        refuse_bad_name(name)
        if name in found:
            raise Usage(f"{quoted(name)} is added twice")
        found[name] = key
    return found


# -- opening -------------------------------------------------------------------------------------


def reveal(
    ctx: typer.Context,
    reference: Reference,
    force: Annotated[
        bool, typer.Option("--force", help="Even where the answer goes to no terminal.")
    ] = False,
) -> None:
    """Print the password of an endpoint, on a terminal.

    From wherever it is kept: sealed, in a variable or a file. What is no terminal
    gets it with --force only.
    """
    session = session_of(ctx)
    if not force and not sys.stdout.isatty():
        raise Refused("a password is shown on a terminal only", "pass --force if that is meant")
    root = session.root()
    inventory = workspace.load(root)
    passwords.refuse_unknown(inventory, [reference])
    keys = identities.find(inventory.settings.recipients)
    password = secrets.reveal(root, inventory, reference, keys)
    if sys.stdout.isatty():
        output.Printer("text").lines([password])
    else:
        sys.stdout.write(f"{password}\n")
