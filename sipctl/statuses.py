"""The exit statuses, as the README lists them; 0 is done, also where there was nothing to do."""

from __future__ import annotations

FINDINGS = 1
"""A check found errors, or what was expected is not so."""
USAGE = 2
"""The command line itself is wrong."""
REFUSED = 3
"""Refused or not possible; nothing has changed."""
CHANGES = 4
"""There are changes, and the caller wants to know by the status."""
BUG = 70
"""sipctl found itself wrong (EX_SOFTWARE of sysexits.h)."""
INTERRUPTED = 130
"""Ended by Ctrl-C, as a shell tells it: 128 and SIGINT."""
