"""The two kinds of files that a workspace holds beside its settings."""

from __future__ import annotations

from typing import NamedTuple

from sipctl.endpoint import FIELDS as ENDPOINT_FIELDS
from sipctl.scenarios.scenario import FIELDS as SCENARIO_FIELDS


class Kind(NamedTuple):
    """A kind of member: what it is called, its folder, and its commands' first words.

    `fields` are the keys of its documents in canonical order.
    """

    noun: str
    folder: str
    fields: tuple[str, ...]
    command: str

    def path(self, reference: str) -> str:
        """Where such a member stands, relative to the workspace."""
        return f"{self.folder}/{reference}.yaml"

    def holds(self, path: str) -> bool:
        """True for the path of a member of this kind, relative to the workspace."""
        folder, _, name = path.partition("/")
        return folder == self.folder and "/" not in name and is_member_name(name)


def is_member_name(name: str) -> bool:
    """True for the name of a member's file."""
    return name.endswith(".yaml") and not name.startswith(".") and len(name) > len(".yaml")


def is_hidden(name: str) -> bool:
    """True for what programs keep in a folder of members: dot files, but those that are called like
    a member. Emacs marks a.yaml as open by a link `.#a.yaml`."""
    looks_like_one = name.casefold().endswith((".yaml", ".yml")) and not name.startswith(".#")
    return name.startswith(".") and not looks_like_one


ENDPOINT = Kind("endpoint", "endpoints", ENDPOINT_FIELDS, "sipctl")
SCENARIO = Kind("scenario", "scenarios", SCENARIO_FIELDS, "sipctl scenario")
KINDS = (ENDPOINT, SCENARIO)
_BY_FOLDER = {kind.folder: kind for kind in KINDS}

SETTINGS_FILE = "sipctl.yaml"
"""The file that marks the root of a workspace and holds its settings."""

SCHEMA_FOLDER = ".sipctl"
"""Where a workspace has the schemas for editors."""

VSCODE_FILE = ".vscode/settings.json"

MADE = (
    SETTINGS_FILE,
    *(f"{SCHEMA_FOLDER}/{noun}.schema.json" for noun in (*(k.noun for k in KINDS), "settings")),
    VSCODE_FILE,
)
"""Every file that init makes."""

FOLDERS = tuple(kind.folder for kind in KINDS)

READ = (*FOLDERS, SETTINGS_FILE)
"""Where all stands that is read of a workspace."""


def kind_of(path: str) -> Kind | None:
    """The kind of member that stands at a path; None for any other file."""
    folder, _, name = path.partition("/")
    kind = _BY_FOLDER.get(folder)
    return kind if kind and "/" not in name and is_member_name(name) else None


def is_member(path: str) -> bool:
    """True for the path of an endpoint's or scenario's file, relative to the workspace."""
    return kind_of(path) is not None


def is_read(path: str) -> bool:
    """True for the path of a member's file, and of the settings."""
    return path == SETTINGS_FILE or is_member(path)


def is_file_of_ours(path: str) -> bool:
    """True for the path of a file, relative to the workspace, that sipctl may write."""
    return path in MADE or is_member(path)


def kind_in(path: str) -> Kind:
    """The kind whose folder a path lies in, whatever the name of the file."""
    return _BY_FOLDER[path.partition("/")[0]]


def reference_of(path: str) -> str:
    """The reference that a file's name says."""
    return path.rpartition("/")[2].removesuffix(".yaml")
