"""Under sudo: act as the person whose repository it is, so that every file keeps its owner."""

from __future__ import annotations

import os
import pwd
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple


class _Person(NamedTuple):
    uid: int
    gid: int


_person: _Person | None = None
"""Whom this process acts for; None unless it is root for somebody else."""


def act_as_owner(root: Path) -> None:
    """Where root was got by sudo and the workspace belongs to who called it, act for that person.

    Objects, index and files are then theirs, and so is the Git set-up that applies. A workspace of
    another owner (root's own, say) is worked on as root, with the caller as the author, unless an
    author is named already; etckeeper does the same.
    """
    uid, gid = os.environ.get("SUDO_UID", ""), os.environ.get("SUDO_GID", "")
    if os.geteuid() != 0 or not (uid.isdecimal() and gid.isdecimal()) or uid == "0":
        return
    try:
        entry = pwd.getpwuid(int(uid))
    except KeyError:
        entry = None
    if root.stat().st_uid == int(uid):
        _act_for(_Person(int(uid), int(gid)), entry)
    elif entry is not None and "GIT_AUTHOR_NAME" not in os.environ:
        os.environ["GIT_AUTHOR_NAME"] = entry.pw_gecos.partition(",")[0] or entry.pw_name
        os.environ.setdefault("GIT_AUTHOR_EMAIL", f"{entry.pw_name}@{os.uname().nodename}")


def _act_for(person: _Person, entry: pwd.struct_passwd | None) -> None:
    global _person
    if entry is None:
        os.setgroups([person.gid])
    else:
        os.initgroups(entry.pw_name, person.gid)
        os.environ |= {"HOME": entry.pw_dir, "USER": entry.pw_name, "LOGNAME": entry.pw_name}
    os.setegid(person.gid)
    _person = person


@contextmanager
def acting() -> Iterator[None]:
    """Files are written as that person. Root is kept to come back to: Python may stand where only
    root can read."""
    if _person is None:
        yield
        return
    os.seteuid(_person.uid)
    try:
        yield
    finally:
        os.seteuid(0)


@contextmanager
def loading() -> Iterator[None]:
    """Modules are read as who started the process, while it acts for that person too."""
    acting_as = os.geteuid()
    if _person is None or acting_as != _person.uid:
        yield
        return
    os.seteuid(0)
    try:
        yield
    finally:
        os.seteuid(acting_as)


def of_children() -> dict[str, Any]:
    """Arguments of subprocess.Popen by which a process runs as that person, for good."""
    return {} if _person is None else {"user": _person.uid, "group": _person.gid}
