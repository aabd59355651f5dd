"""completion."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from sipctl import names
from sipctl.completion import SHELLS, script
from sipctl.errors import Usage


def completion(
    ctx: typer.Context,
    shell: Annotated[str, typer.Argument(metavar="SHELL", help="bash, zsh or fish.")],
) -> None:
    """Print the script by which a shell completes commands and names.

    \b
    bash   eval "$(sipctl completion bash)"      in ~/.bashrc
    zsh    eval "$(sipctl completion zsh)"       in ~/.zshrc, behind compinit
    fish   sipctl completion fish | source       in ~/.config/fish/config.fish
    """
    if shell not in SHELLS:
        raise Usage(f"{names.quoted(shell)} is no shell that is known", "use bash, zsh or fish")
    sys.stdout.write(script(shell))
