"""The entry point, and the only place that turns an exception into an exit status."""

from __future__ import annotations

import errno
import gc
import os
import sys
from collections.abc import Sequence

from sipctl.statuses import BUG, INTERRUPTED, REFUSED

TYPE_CHECKING = False  # the one of typing costs completion a third of its time
if TYPE_CHECKING:
    from sipctl.commands.session import Session
    from sipctl.errors import SipctlError


def main() -> None:
    """The console script. It does not return."""
    gc.set_threshold(_NEW_OBJECTS)
    _open_closed_streams()
    status = run(sys.argv[1:])
    for stream in (sys.stdout, sys.stderr):
        try:  # noqa: SIM105 - contextlib is as dear as a tenth of --version
            stream.flush()
        except OSError:  # nobody reads it, or it is told already
            pass
    # what Python does at its end is to free all that was loaded, which a short command waits for
    os._exit(status)


_NEW_OBJECTS = 1_000_000
"""So many are made before Python looks for cycles among them; as it is, it would look at all that
is being loaded, again and again."""


def _open_closed_streams() -> None:
    """What the caller has closed (`sipctl list >&-`) leads nowhere, and no file gets its number."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, os.fdopen(os.open(os.devnull, os.O_RDWR), mode))


def run(args: Sequence[str]) -> int:
    """Run one command line and return its exit status."""
    if args[:1] == ["__complete"]:  # what the shells' scripts call, see sipctl/completion
        from sipctl.completion import respond

        for name in ("SIPCTL_IDENTITY", "SIPCTL_IDENTITY_FILE"):
            os.environ.pop(name, None)  # of no use there, and Git would inherit a key
        return respond(args[1:])
    if list(args) == ["--version"]:
        from sipctl import __version__

        try:
            print(f"sipctl {__version__}", flush=True)
        except BrokenPipeError:
            return 0
        except OSError as error:
            return _not_written(error, changed=False)
        return 0
    return _run(args)


def _run(args: Sequence[str]) -> int:
    from typer import Abort
    from typer.exceptions import TyperException

    from sipctl import output, streams
    from sipctl.commands import building
    from sipctl.commands.session import Session, default_color
    from sipctl.errors import Interrupted, SipctlError
    from sipctl.passwords import withheld

    streams.prepare()
    session = Session(color=default_color())
    try:
        with withheld.from_children():
            group = building.root()
            try:
                result = group.main(
                    list(args), prog_name="sipctl", standalone_mode=False, obj=session
                )
                sys.stdout.flush()
            finally:
                _clear_progress()
                session.end_pager()
        if result == INTERRUPTED:  # what Typer makes of Ctrl-C
            raise KeyboardInterrupt
        return result if isinstance(result, int) and result else session.status
    except TyperException as error:
        output.tell_usage(error, session.color)
        return error.exit_code
    except SipctlError as error:
        output.tell_error(error, session.color)
        return error.status
    except (Abort, KeyboardInterrupt, Interrupted):
        if not session.is_paged:  # there it was meant for the pager
            what = "what was to be changed is" if session.has_written else "nothing has changed"
            output.tell(f"interrupted: {what}")
        return INTERRUPTED
    except OSError as error:
        return _of_system(error, session)
    except BaseException as error:
        # what a library in Rust ends with is no Exception
        if not isinstance(error, Exception) and type(error).__module__ != "pyo3_runtime":
            raise
        output.tell_bug(error)
        return BUG


def _clear_progress() -> None:
    """What is told next begins on a line of its own, whatever was interrupted."""
    progress = sys.modules.get("sipctl.progress")  # loaded by what may last, and not before
    if progress is not None:
        progress.clear()


def _of_system(error: OSError, session: Session) -> int:
    from sipctl import output

    if error.errno in _FULL and error.filename is None:
        return _not_written(error, changed=session.has_written)
    if error.errno in _WAYS and error.filename is not None:
        output.tell_error(_not_reached(error), session.color)
        return REFUSED
    output.tell_bug(error)
    return BUG


def _not_written(error: OSError, *, changed: bool) -> int:
    """The answer cannot be written where it should go. What is changed is changed."""
    from sipctl import output
    from sipctl.errors import reason_of

    told = f"the answer could not be written: {reason_of(error)}"
    output.tell(f"the change is made; {told}" if changed else told)
    return 0 if changed else REFUSED


_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)


_WAYS = (errno.EACCES, errno.EPERM, errno.EROFS, errno.ENAMETOOLONG, errno.ELOOP, errno.ENOTDIR)


def _not_reached(error: OSError) -> SipctlError:
    """What the system says of a file or folder that a command needs."""
    from sipctl.errors import Refused, reason_of
    from sipctl.names import quoted

    return Refused(f"{quoted(os.fsdecode(error.filename))}: {reason_of(error)}")
