"""Histories that tests write with plain Git, and what sipctl tells of them in short."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from sipctl import apply
from sipctl.apply import Options
from sipctl.changes import MemberChange
from sipctl.git.repository import Repository
from sipctl.history import log
from sipctl.history.log import Chosen, Entry
from sipctl.kinds import ENDPOINT, Kind
from sipctl.outcome import Outcome, Planner
from tests.support import execute

PARIS = """\
reference: pbx-paris
host: sip.paris.example.net
port: 5060
codecs: [alaw, ulaw]
username: "+33155000001"
password: {env: PARIS_PASSWORD}
realm: paris.example.net
tags: [paris, production]
"""
GIVEN = "host port codecs username password realm tags"
"""The fields of PARIS as `told` lists them."""

LYON = "reference: pbx-lyon\nhost: sip.lyon.example.net\n"


@dataclass
class Story:
    """A workspace whose history a test writes, a minute between two commits."""

    root: Path
    minute: int = 0
    commits: list[str] = field(default_factory=list)

    def git(self, *words: str, check: int | None = 0) -> str:
        return execute(["git", *words], cwd=self.root, env=self.dates(), check=check).out

    def dates(self) -> dict[str, str]:
        time = f"2026-03-01T{self.minute // 60:02}:{self.minute % 60:02}:00Z"
        return {"GIT_AUTHOR_DATE": time, "GIT_COMMITTER_DATE": time}

    def file(self, reference: str, kind: Kind = ENDPOINT) -> Path:
        return self.root / kind.path(reference)

    def put(self, reference: str, text: str | bytes | None, kind: Kind = ENDPOINT) -> None:
        file = self.file(reference, kind)
        if text is None:
            file.unlink()
            return
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(text.encode() if isinstance(text, str) else text)

    def commit(self, message: str = "By hand", *options: str) -> str:
        self.minute += 1
        self.git("add", "--all", ".")
        self.git("commit", "--quiet", "--allow-empty", f"--message={message}", *options)
        self.commits.append(self.git("rev-parse", "HEAD").strip())
        return self.commits[-1]

    def does(
        self,
        reference: str,
        text: str | bytes | None,
        message: str = "By hand",
        kind: Kind = ENDPOINT,
    ) -> str:
        self.put(reference, text, kind)
        return self.commit(message)

    def merge(self, *branches: str, resolve: Callable[[], None] | None = None) -> str:
        self.minute += 1
        check = 0 if resolve is None else None
        self.git("merge", "--quiet", "--no-ff", "--no-commit", *branches, check=check)
        if resolve:
            resolve()
        return self.commit(f"Merge {' '.join(branches)}")

    def run(self, planner: Planner) -> Outcome:
        """Carry a plan out, as sipctl's commands do."""
        self.minute += 1
        with pytest.MonkeyPatch.context() as patch:
            for name, value in self.dates().items():
                patch.setenv(name, value)
            outcome = apply.run(self.root, planner, Options())
        if outcome.commit:
            self.commits.append(outcome.commit)
        return outcome

    @property
    def repository(self) -> Repository:
        found = Repository.find(self.root)
        assert found is not None
        return found

    # -- what sipctl tells -------------------------------------------------------------------

    def entries(
        self, reference: str | None = None, kind: Kind = ENDPOINT, **chosen: object
    ) -> list[Entry]:
        """The history of one member, or of all of a kind."""
        wanted = Chosen(**chosen)  # type: ignore[arg-type]
        if reference is None:
            return list(log.of_all(self.repository, wanted, kind=kind))
        return list(log.of(self.repository, reference, wanted, kind=kind))

    def of(self, reference: str, kind: Kind = ENDPOINT, **chosen: object) -> list[str]:
        entries = self.entries(reference, kind, **chosen)
        return [line for entry in entries for line in map(told, entry.changes)]

    def commits_of(self, reference: str, kind: Kind = ENDPOINT, **chosen: object) -> list[str]:
        return [entry.commit.oid for entry in self.entries(reference, kind, **chosen)]

    def of_all(self, kind: Kind = ENDPOINT, **chosen: object) -> list[str]:
        entries = self.entries(None, kind, **chosen)
        return ["; ".join(map(told, entry.changes)) for entry in entries]

    def blame(self, reference: str, kind: Kind = ENDPOINT) -> dict[str, str | None]:
        rows = log.blame(self.repository, reference, kind)
        return {row.field: row.commit.oid if row.commit else None for row in rows}


def told(change: MemberChange) -> str:
    """`changed pbx-paris: port: 5060 -> 5061`; of what comes or goes, its fields by name."""
    source = f" from {change.source}" if change.source else ""
    if change.kind in ("created", "deleted"):
        fields = " ".join(f.field for f in change.fields)
    else:
        fields = ", ".join(f.text() for f in change.fields)
    return f"{change.kind} {change.reference}{source}" + (f": {fields}" if fields else "")


def renamed(text: str, new: str) -> str:
    """The document with another reference."""
    return re.sub(r"(?m)^reference: .*$", f"reference: {new}", text)
