"""What the figures were measured on and with. Nothing here tells whose machine it is."""

from __future__ import annotations

import os
import platform
import re
import subprocess
import tomllib
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

from benchmarks.environment import PEERS, ROOT, program
from sipctl import __version__

_ASK_PEERS = """
from importlib.metadata import version
from check_jsonschema.parsers.yaml import construct_yaml_implementation
for name in ("check-jsonschema", "ruamel.yaml", "ruamel.yaml.clib", "jsonschema", "yamllint"):
    print(name, version(name))
print(construct_yaml_implementation().Parser.__module__)
"""


class SlowPeer(Exception):
    """check-jsonschema would read YAML without its C library: nothing to be compared with."""


def machine() -> dict[str, str]:
    """The processor, its cores, the memory, and the system."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return {
        "Processor": _processor(),
        "Cores": str(os.cpu_count()),
        "Memory": f"{memory / 2**30:.0f} GiB",
        "System": _system(),
    }


def _processor() -> str:
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        return platform.processor() or platform.machine()
    found = re.search(r"^model name\s*: (.*)$", text, re.MULTILINE)
    return f"{found[1] if found else platform.machine()}"


def _system() -> str:
    # without what a distribution or an owner adds to the kernel's version
    kernel = re.match(r"[0-9]+\.[0-9]+", platform.release())
    name = f"{platform.system()} {kernel[0] if kernel else ''}".strip()
    try:
        return f"{platform.freedesktop_os_release()['PRETTY_NAME']}, {name}"
    except (OSError, KeyError):
        return name


def versions() -> dict[str, str]:
    """sipctl with its commit, Python, Git, and the libraries of sipctl."""
    return {
        "sipctl": f"{__version__}, commit {_commit()}",
        "Python": platform.python_version(),
        "Git": _answer("git", "--version").removeprefix("git version "),
        **{name: version(name) for name in _libraries()},
    }


def _commit() -> str:
    oid = _answer("git", "rev-parse", "--short=10", "HEAD")
    changed = _answer("git", "status", "--porcelain", "--", "sipctl", "pyproject.toml")
    return f"{oid} with changes" if changed else oid


def _answer(*command: str) -> str:
    words = [program(command[0]), *command[1:]]
    done = subprocess.run(words, cwd=ROOT, check=True, capture_output=True, text=True)
    return done.stdout.strip()


def _libraries() -> Iterator[str]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    for line in project["dependencies"]:
        yield re.split(r"[<>=!~\[ ]", line)[0]


def peers() -> dict[str, str]:
    """The versions of the peers; raises SlowPeer where check-jsonschema lacks its C library."""
    *rows, reader = _answer(str(PEERS / "python"), "-c", _ASK_PEERS).splitlines()
    if not reader.endswith("_ruamel_yaml"):
        raise SlowPeer(f"check-jsonschema reads YAML by {reader}: install ruamel.yaml.clib")
    return dict(row.split(" ", 1) for row in rows)
