"""Writing files so that each is either the old one or the new one, whenever it ends.

New contents are staged beside their targets first, which is where a full disk shows; then they are
renamed into place, and a hard link elsewhere keeps the old file until it is known that it is not
needed: not beside it, where a hook of Git's would find it.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path, PurePosixPath

from sipctl.errors import Refused

MAX_BYTES = 1024 * 1024
"""So many bytes of a file are read; one that has more is refused."""


_STAGED = ".sipctl-new"


def staged(file: Path) -> Path:
    """Where a file's new content waits."""
    return file.with_name(f".{file.name}{_STAGED}")


def is_staged(name: str) -> bool:
    """True for the name of such a file."""
    return name.startswith(".") and name.endswith(_STAGED)


def stage(file: Path, data: bytes) -> None:
    """Write a file's new content beside it, with the mode and owner of the old one."""
    old = _status(file)
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC
    mode = old.st_mode & 0o777 if old else 0o666  # never more open than the old one, not at first
    try:
        descriptor = os.open(staged(file), flags, mode)
    except FileNotFoundError:  # most have their folder
        file.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(staged(file), flags, mode)
    with os.fdopen(descriptor, "wb") as stream:
        if old is not None:
            os.fchmod(descriptor, old.st_mode & 0o7777)
            if os.geteuid() == 0:
                os.fchown(descriptor, old.st_uid, old.st_gid)
        stream.write(data)


def _status(file: Path) -> os.stat_result | None:
    try:
        return file.stat()
    except FileNotFoundError:
        return None


def put(file: Path, kept: Path) -> None:
    """Rename the staged content into place; the old one is kept."""
    _keep(file, kept)
    os.replace(staged(file), file)


def remove(file: Path, kept: Path) -> None:
    """Take a file away; its content is kept."""
    _keep(file, kept)
    file.unlink(missing_ok=True)


def _keep(file: Path, kept: Path) -> None:
    # without hard links, and on another file system, there is none; the journal holds it too
    with suppress(OSError):
        try:
            os.link(file, kept, follow_symlinks=False)
        except FileExistsError:  # what a dead process left
            kept.unlink()
            os.link(file, kept, follow_symlinks=False)


def put_back(file: Path, data: bytes | None, kept: Path) -> None:
    """Make a file what it was: from the kept one, which needs no room, else from `data`."""
    if data is None:
        file.unlink(missing_ok=True)
    elif content(kept) == data:
        os.replace(kept, file)
    else:
        stage(file, data)
        os.replace(staged(file), file)


def tidy(file: Path, kept: Path) -> None:
    """Remove what staging and keeping left."""
    staged(file).unlink(missing_ok=True)
    kept.unlink(missing_ok=True)


def replace(file: Path, data: bytes) -> None:
    """Give one file a new content."""
    try:
        stage(file, data)
        os.replace(staged(file), file)
    finally:
        staged(file).unlink(missing_ok=True)


def write_private(file: Path, data: bytes) -> None:
    """Write a new file that only its owner can read; what stands in its place goes, and a link
    there is not followed."""
    file.unlink(missing_ok=True)
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
    with os.fdopen(os.open(file, flags, 0o600), "wb") as stream:
        stream.write(data)


def is_private(status: os.stat_result) -> bool:
    """True for a plain file of one's own that nobody else may read or write, by no other name
    either: its content is to be trusted."""
    own = stat.S_ISREG(status.st_mode) and status.st_uid == os.geteuid()
    return own and not status.st_mode & 0o077 and status.st_nlink == 1


def content(file: Path) -> bytes | None:
    """A file's bytes, or None where there is no such file; what is no plain file holds none.

    A link is not followed, and a pipe is not waited for. Raises Refused for a folder.
    """
    try:
        mode = file.lstat().st_mode
        if stat.S_ISDIR(mode):
            raise Refused(f'"{file}" is a folder', "move it elsewhere")
        return file.read_bytes() if stat.S_ISREG(mode) else b""
    except (FileNotFoundError, NotADirectoryError):
        return None


_FEW = 10
"""Git looks at its whole index for each path that it is given."""


def around(paths: Sequence[str]) -> list[str]:
    """Where to look for what concerns these paths: at themselves if they are few, else in their
    folders; one that stands in no folder is given itself."""
    if len(paths) <= _FEW:
        return sorted(paths)
    found = ((str(PurePosixPath(path).parent), path) for path in paths)
    return sorted({path if folder == "." else folder for folder, path in found})


def missing_folders(top: Path, paths: Iterable[str]) -> tuple[str, ...]:
    """The folders that these paths below `top` need and that are not there; inner ones first."""
    needed = {parent for path in paths for parent in PurePosixPath(path).parents}
    return tuple(sorted((str(p) for p in needed if not (top / p).exists()), reverse=True))


# -- the Git directory ---------------------------------------------------------------------------

OWN_FOLDER = "sipctl"
"""Ours in the Git directory."""


def own_folder(git: Path, *inside: str) -> Path:
    """sipctl's folder in the Git directory `git`, or a folder `inside` of it; made if it is absent,
    as open to others as the Git directory (core.sharedRepository). Raises OSError."""
    folder = git
    for name in (OWN_FOLDER, *inside):
        folder /= name
        with suppress(FileExistsError):
            folder.mkdir()
            folder.chmod(stat.S_IMODE(git.stat().st_mode))
    return folder


JOURNAL = f"{OWN_FOLDER}/journal.json"
"""What tells of a change under way."""


def git_folder(root: Path) -> Path | None:
    """The Git directory of the worktree around `root`, found without Git; None where it is not."""
    for parent in (root.absolute(), *root.absolute().parents):
        entry = parent / ".git"
        with suppress(OSError):
            if entry.is_file():
                entry = parent / _named_by(entry)
            if os.path.lexists(entry / "HEAD"):  # it is one, whatever a file may say
                return entry
    return None


def _named_by(file: Path) -> str:
    """The folder that a file called .git names, in a linked worktree or a submodule."""
    with file.open("rb") as stream:
        sign, _, name = stream.read(_MAX_PATH).partition(b": ")
    known = sign == b"gitdir" and b"\0" not in name
    return os.fsdecode(name.rstrip(b"\r\n")) if known else os.devnull


_MAX_PATH = 65536
