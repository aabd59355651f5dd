"""Completion in the shell: `sipctl __complete SHELL …`, answered before anything heavy is loaded.

The scripts beside this file call it at every press of the key, so nothing in this package imports
more than a bare Python has at hand: no YAML, no Git, no models, nor `dataclasses`, `typing` or
`pathlib`, which cost more than the answer. A test looks at what is loaded. What a command line can
hold stands in table.tsv, made from the commands by `make generate`.
"""

from __future__ import annotations

import os
from collections.abc import Sequence

SHELLS = ("bash", "zsh", "fish")


def respond(args: Sequence[str]) -> int:
    """Print the answer to one press of the key; `args` is the shell and what its script sends.

    Whatever goes wrong, nothing is said and the status is 0: a shell has no place for it.
    """
    try:
        from sipctl.completion import shells

        answer = shells.answer(args[0], args[1:])
        _write(answer.encode("utf-8", "surrogateescape"))
    except (Exception, KeyboardInterrupt):
        return 0
    return 0


def _write(data: bytes) -> None:
    # not by sys.stdout, which would speak of a full disk or a closed pipe when the program ends
    while data:
        data = data[os.write(1, data) :]


def script(shell: str) -> str:
    """The script by which a shell completes sipctl."""
    with open(os.path.join(os.path.dirname(__file__), f"sipctl.{shell}"), encoding="utf-8") as file:
        return file.read()
