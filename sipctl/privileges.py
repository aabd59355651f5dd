"""Under sudo: act as the person whose repository it is, so that every file keeps its owner."""

from __future__ import annotations

import os
import pwd
from pathlib import Path


def act_as_owner(root: Path) -> None:
    """Where root was got by sudo and the workspace belongs to who called it, become that person.

    Objects, index and files are then theirs, and so is the Git set-up that applies. A workspace of
    another owner (root's own, say) is worked on as root, with the caller as the author, unless an
    author is named already; etckeeper does the same.
    """
    uid, gid = os.environ.get("SUDO_UID", ""), os.environ.get("SUDO_GID", "")
    if os.geteuid() != 0 or not (uid.isdecimal() and gid.isdecimal()) or uid == "0":
        return
    try:
        person = pwd.getpwuid(int(uid))
    except KeyError:
        person = None
    if root.stat().st_uid == int(uid):
        _become(int(uid), int(gid), person)
    elif person is not None and "GIT_AUTHOR_NAME" not in os.environ:
        os.environ["GIT_AUTHOR_NAME"] = person.pw_gecos.partition(",")[0] or person.pw_name
        os.environ.setdefault("GIT_AUTHOR_EMAIL", f"{person.pw_name}@{os.uname().nodename}")


def _become(uid: int, gid: int, person: pwd.struct_passwd | None) -> None:
    if person is None:
        os.setgroups([gid])
    else:
        os.initgroups(person.pw_name, gid)
        os.environ |= {"HOME": person.pw_dir, "USER": person.pw_name, "LOGNAME": person.pw_name}
    os.setgid(gid)
    os.setuid(uid)
