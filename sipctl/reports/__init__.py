"""Findings in the formats that other programs show; one file a format, each a pure function."""

from __future__ import annotations

from importlib import import_module

from sipctl.reports.report import Report

__all__ = ["FORMATS", "Report", "text"]

FORMATS = ("sarif", "github", "gitlab", "junit")


def text(format: str, report: Report) -> str:
    """A report in one of FORMATS. Only what is asked for is loaded."""
    written: str = import_module(f"{__name__}.{format}").text(report)
    return written
