"""What a killed process has left behind besides a change under way: it is cleared away, and what
somebody has typed is told of."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path, PurePosixPath

from sipctl.git.repository import Repository
from sipctl.kinds import FOLDERS, KINDS, MADE
from sipctl.storage import disk
from sipctl.storage.entries import oid_of

_STALE = 60
"""So many seconds old is what no living process is still at."""


def clear(repository: Repository) -> Iterator[str]:
    """Clear away what dead processes have left in a workspace and in the Git directory; in words,
    what is kept. The caller holds the writers' lock."""
    clear_staged(repository.root)
    for file in (repository.git_dir / disk.OWN_FOLDER).glob("cache-*.new"):
        _remove_stale(file)
    for folder in sorted((repository.git_dir / disk.OWN_FOLDER / _TYPED).glob("edit-*")):
        kept = _settled(repository, folder)
        if kept is not None:
            yield told(kept)


def clear_staged(root: Path) -> None:
    """Clear away contents that were to replace files of a workspace. Not while a change is under
    way: they may be its own."""
    git = disk.git_folder(root)
    if git is not None and (git / disk.JOURNAL).exists():
        return
    for name in {*FOLDERS, *(str(PurePosixPath(path).parent) for path in MADE)}:
        with suppress(OSError):
            names = os.listdir(root / name)  # noqa: PTH208 (a Path for each would be felt)
            for file in filter(disk.is_staged, names):
                _remove_stale(root / name / file)


def _remove_stale(file: Path) -> None:
    with suppress(OSError):
        if time.time() - file.lstat().st_mtime > _STALE:
            file.unlink()


# -- what was typed in an editor -----------------------------------------------------------------

_TYPED = "typed"
_OWNER = ".owner"
"""Beside what is typed: the process that it is typed for, as long as nobody was told of it."""


def typed_folder(git_dir: Path) -> Path:
    """A new folder for what is typed, which may be a password: one's own, and never among the files
    that Git has."""
    import tempfile  # dear, and most writers have no editor

    inside = disk.own_folder(git_dir, _TYPED)
    folder = Path(tempfile.mkdtemp(prefix="edit-", dir=inside))
    disk.write_private(folder / _OWNER, str(os.getpid()).encode())
    return folder


def keep(file: Path) -> None:
    """Keep what was typed as it is, for who typed it alone; what else the editor left goes."""
    for other in file.parent.iterdir():
        if other != file:
            shutil.rmtree(other) if other.is_dir() else other.unlink()
    file.chmod(0o600)


def told(file: Path) -> str:
    """Where what was typed is kept, in words."""
    return f"what you typed is kept in {file}"


def _settled(repository: Repository, folder: Path) -> Path | None:
    """What is kept of a session whose process is dead; None where it goes, or was told of."""
    try:
        owner = int((folder / _OWNER).read_bytes())
        file = next(f for f in folder.iterdir() if f.suffix == ".yaml")
        if _is_alive(owner) or _is_open(folder):
            return None
        if _is_known(repository, file):
            shutil.rmtree(folder)
            return None
        keep(file)
    except (OSError, ValueError, StopIteration):  # somebody else's, or it was told of
        return None
    return file


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        pass
    return True


def _is_open(folder: Path) -> bool:
    """True where an editor is still at a file in a folder, as far as the system tells: Linux
    does."""
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # it has ended
            if os.fsencode(folder) in (process / "cmdline").read_bytes():
                return True
    return False


def _is_known(repository: Repository, file: Path) -> bool:
    """True where what was typed is what a file holds, or a commit: nothing would be lost."""
    data = disk.content(file) or b""
    if not data.strip():
        return True
    present = (disk.content(repository.root / kind.path(file.stem)) for kind in KINDS)
    return data in present or bool(repository.ask("cat-file", "-t", oid_of(data).hex()))
