"""The settings of a workspace as a plain value. What the file may hold: `models/settings.py`."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

FORMAT = 1
"""The version of the format that this sipctl reads and writes."""

FIELDS = ("version", "rules", "recipients")
"""The fields in canonical order."""

SEVERITIES = ("error", "warning", "off")

_NONE: Mapping[str, str] = MappingProxyType({})


class Settings(NamedTuple):
    """The settings of a workspace: severities by the names of rules, and public keys by the names
    of recipients."""

    version: int = FORMAT
    rules: Mapping[str, str] = _NONE
    recipients: Mapping[str, str] = _NONE

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> Settings:
        """Settings of a document's data, which may tell a rule by its code."""
        rules = data.get("rules", {})
        return cls(data["version"], _by_name(rules) if rules else {}, data.get("recipients", {}))


def _by_name(rules: Mapping[str, str]) -> dict[str, str]:
    from sipctl.rules.book import find

    return {rule.name: rules[key] for key in rules if (rule := find(key)) is not None}
