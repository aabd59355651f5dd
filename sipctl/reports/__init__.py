"""Findings in the formats that other programs show; one file a format, each a pure function."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module

from sipctl.reports.report import Report

__all__ = ["FORMATS", "Report", "parts"]

FORMATS = ("sarif", "github", "gitlab", "junit")


def parts(format: str, report: Report) -> Iterator[str]:
    """The text of a report in one of FORMATS, bit by bit. Only what is asked for is loaded."""
    written: Iterator[str] = import_module(f"{__name__}.{format}").parts(report)
    return written
