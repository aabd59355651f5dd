"""Editing a file in the user's editor without ever losing what was typed."""

from __future__ import annotations

import shutil
import signal
import subprocess
from contextlib import suppress
from pathlib import Path

from sipctl import operations, output, privileges, signals, tracked, uncommitted, workspace
from sipctl.changes import Plan
from sipctl.commands.session import Session
from sipctl.errors import Interrupted, Refused, SipctlError, Usage
from sipctl.git.repository import Repository
from sipctl.inventory import Inventory
from sipctl.kinds import ENDPOINT, Kind
from sipctl.member import Member
from sipctl.storage import disk, leftovers


def edit(session: Session, reference: str, kind: Kind = ENDPOINT) -> None:
    """Open one endpoint's or scenario's file in the editor and commit what comes back.

    The editor runs without the lock; a file that changed meanwhile is refused. What is refused can
    be edited again, and is kept in a private file of its own otherwise.
    """
    if not session.interactive:
        raise Usage("nothing to change is given", f"see `{kind.command} edit --help`")
    root = session.root()
    privileges.act_as_owner(root)
    member = workspace.load(root).member(reference, kind)
    if not session.no_commit:
        uncommitted.refuse_early(root, [member.path])
    repository = tracked.required_repository(root)
    with privileges.acting():
        folder = leftovers.typed_folder(repository.git_dir)
        file = folder / f"{reference}.yaml"
        disk.write_private(file, member.data)
    written = False
    try:
        with signals.interrupting():
            _rounds(session, repository, member, file)
        written = not session.dry_run
    finally:
        typed = disk.content(file) or b""
        if written or typed.strip() in (member.data.strip(), b""):
            shutil.rmtree(folder)
        else:
            with privileges.acting():
                leftovers.keep(file)
            output.tell(leftovers.told(file))


def _rounds(session: Session, repository: Repository, member: Member, file: Path) -> None:
    command, before, refused = _editor(repository), member.data, None
    while True:
        _run(command, file)
        typed = disk.content(file) or b""
        if typed == before:
            output.tell("nothing was changed")
            return
        if not typed.strip():
            raise Refused("the file came back empty: nothing has changed")
        if typed == refused:
            raise Refused("the file came back as it was refused: nothing has changed")

        def planner(inventory: Inventory, typed: bytes = typed) -> Plan:
            return operations.replace_text(inventory, member.reference, before, typed, member.kind)

        try:
            session.write(planner)
        except SipctlError as error:
            if not error.findings:
                raise
            output.tell_error(error, session.color)
            if not session.ask_yes("edit it again?"):
                raise Refused("nothing has changed") from None
            refused = typed
        else:
            return


def _editor(repository: Repository) -> str:
    """The editor that Git would open: GIT_EDITOR, core.editor, VISUAL, EDITOR, then its default."""
    found = repository.ask("var", "GIT_EDITOR")
    if not found:
        raise Refused("no editor is set", "set EDITOR, or give options")
    return found


_TO_END = 10.0
"""So many seconds an editor has to end when it is told to."""


def _run(command: str, file: Path) -> None:
    # as Git runs it: the shell splits the command, the file comes as an argument of its own, and
    # Ctrl-C is the editor's
    script = f'trap : INT QUIT; {command} "$@"'
    line = ["sh", "-c", script, command, str(file)]
    process = subprocess.Popen(line, **privileges.of_children())
    try:
        with signals.unheard(signal.SIGINT, signal.SIGQUIT):
            status = process.wait()
    except Interrupted:  # an editor that saves what it holds when it is ended may do so
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(_TO_END)
        raise
    if status != 0:
        raise Refused(f'the editor "{command}" ended with status {status}')
