"""The README's picture, docs/session.svg: what the real program shows on a terminal.

Dates, identity and the files before it are fixed, so commits have the same hashes everywhere.
"""

import io
import os
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from shlex import split
from tempfile import TemporaryDirectory

from rich.console import Console
from rich.text import Text

from tests.support import Environment, execute, on_terminal

COLUMNS = 80

BEFORE = (
    "create pbx-lyon --host sip.lyon.example.net --codec alaw --tag lyon",
    "create pbx-paris --host sip.paris.example.net --username +33155000001 --tag paris",
)
"""What was done before the picture begins."""

SHOWN = {
    "list": 0,
    "edit pbx-paris --transport tcp --port 5070": 0,
    "edit pbx-lyon --port 50600000": 3,
    "tag add pbx-paris production": 0,
    "history pbx-paris": 0,
}
"""The commands of the picture, and the exit status of each."""


@dataclass(slots=True)
class _Session:
    """Runs sipctl in one workspace, each command on another day."""

    folder: Path
    now: datetime = field(default=datetime(2026, 5, 4, 9, 12, tzinfo=UTC))

    def start(self) -> None:
        # Not by `init`: its commit holds the schemas, so hashes would follow their changes.
        (self.folder / "sipctl.yaml").write_text("version: 1\n")
        for command in ("init --quiet", "add sipctl.yaml", "commit --quiet --message=Start"):
            execute(["git", *split(command)], cwd=self.folder, env=self._environment())

    def run(self, command: str, status: int = 0) -> str:
        """One command's output on a terminal, colours included."""
        self.now += timedelta(days=1, hours=1, minutes=7)
        program = [sys.executable, "-m", "sipctl", *split(command)]
        env = self._environment()
        screen = on_terminal(program, cwd=self.folder, env=env, check=status, columns=COLUMNS)
        return screen.raw.replace("\r\n", "\n")

    def _environment(self) -> Environment:
        """Nothing of the machine but the way to its programs."""
        date = self.now.isoformat()
        return {
            **dict.fromkeys(os.environ),
            "PATH": os.environ["PATH"],
            "HOME": str(self.folder),
            "LANG": "C.UTF-8",
            "TERM": "xterm-256color",
            "TZ": "UTC",
            "PAGER": "cat",
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_AUTHOR_NAME": "Ada Moreau",
            "GIT_AUTHOR_EMAIL": "ada@example.net",
            "GIT_AUTHOR_DATE": date,
            "GIT_COMMITTER_NAME": "Ada Moreau",
            "GIT_COMMITTER_EMAIL": "ada@example.net",
            "GIT_COMMITTER_DATE": date,
        }


@cache
def svg() -> str:
    """The picture."""
    console = Console(
        record=True,
        width=COLUMNS,
        file=io.StringIO(),
        force_terminal=True,
        color_system="truecolor",
        highlight=False,
    )
    with TemporaryDirectory() as folder:
        console.print(Text("\n\n").join(_shown(_Session(Path(folder)))))
    picture = console.export_svg(title="sipctl", unique_id="sipctl")
    # Rich asks a server for its font; any monospace one will do.
    return re.sub(r" *@font-face \{.*?\n    \}\n", "", picture, flags=re.DOTALL)


def _shown(session: _Session) -> Iterator[Text]:
    session.start()
    for command in BEFORE:
        session.run(command)
    for command, status in SHOWN.items():
        prompt = Text.assemble(("$ ", "bold cyan"), (f"sipctl {command}\n", "bold"))
        yield prompt + Text.from_ansi(session.run(command, status).rstrip())
