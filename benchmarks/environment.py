"""The closed environment of every process that is measured, and where programs are.

Nothing of the person who runs `make bench` reaches it: home folder, Git's settings, locale, time
zone and Python's variables are its own. (PYTHONDONTWRITEBYTECODE alone doubles an import.)
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Mapping
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
OUR_PROGRAMS = Path(sys.executable).parent
PEERS = ROOT / ".venv" / "peers" / "bin"

_GIT_SETTINGS = """\
[user]
\tname = Ada Moreau
\temail = ada@example.net
[init]
\tdefaultBranch = main
[gc]
\tauto = 0
[maintenance]
\tauto = false
"""


class Missing(Exception):
    """A program that is to be run is not there."""


def closed(home: Path) -> Mapping[str, str]:
    """The variables of a process. `home` is made where it is not there yet."""
    home.mkdir(parents=True, exist_ok=True)
    settings = home / ".gitconfig"
    if not settings.exists():
        settings.write_text(_GIT_SETTINGS, encoding="utf-8")
    return {
        "HOME": str(home),
        "GIT_CONFIG_GLOBAL": str(settings),
        "GIT_CONFIG_NOSYSTEM": "1",
        "LANG": "C.UTF-8",
        "TERM": "xterm-256color",
        "TZ": "UTC",
        "PATH": os.environ.get("PATH", os.defpath),
    }


@cache
def program(name: str) -> str:
    """The path of a program by its name; raises Missing. `python` is the one that runs sipctl."""
    if name == "python":
        return sys.executable
    folders = (str(PEERS), str(OUR_PROGRAMS), os.environ.get("PATH", os.defpath))
    found = shutil.which(name, path=os.pathsep.join(folders))
    if found is None:
        raise Missing(f"{name} is missing: `make bench` installs sipctl and the peers")
    return found
