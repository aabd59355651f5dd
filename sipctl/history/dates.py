"""Dates as people write them. Git would take any text for some date, `tea` for five o'clock."""

from __future__ import annotations

import re
from calendar import monthrange
from datetime import date, datetime, time, timedelta

from sipctl import names
from sipctl.errors import Refused

_EPOCH = re.compile(r"@[0-9]{1,12}")
_ISO = re.compile(
    r"(?P<day>[0-9]{4}-[0-9]{2}-[0-9]{2})"
    r"([T ](?P<time>[0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]+)?)?( ?(Z|[+-][0-9]{2}:?[0-9]{2}))?))?"
)
_NUMBERS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
_STEP = re.compile(rf"(?P<number>[0-9]{{1,9}}|{'|'.join(_NUMBERS)}) (?P<unit>[a-z]+?)s?( |\Z)")
_SECONDS = {"second": 1, "minute": 60, "hour": 3600, "day": 86400, "week": 7 * 86400}
_MONTHS = {"month": 1, "year": 12}
_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


def for_git(text: str, *, ends: bool) -> str:
    """A date as `--since` of Git takes it, or as `--until` does if something `ends` there.

    It is in ISO 8601 (in local time, unless it says another), or as `@` and seconds since 1970, or
    in one of Git's relative words. A day counts whole. Raises Refused for anything else, and for
    a date that there is not.
    """
    if _EPOCH.fullmatch(text):
        return f"{text} +0000"
    try:
        found = _day(text) or _moment(text)
        if not isinstance(found, datetime):
            found = datetime.combine(found, time.max if ends else time.min)
        return f"@{max(int(found.timestamp()), 0)} +0000"
    except (ValueError, OverflowError):
        hint = 'write "2026-05-01" or "2 weeks ago"'
        raise Refused(f"{names.quoted(text)} is not a date", hint) from None


def _day(text: str) -> date | None:
    """The day that a text says, without a time."""
    found, words, today = _ISO.fullmatch(text), _words(text), date.today()
    if found and not found["time"]:
        return date.fromisoformat(text)
    if words in ("today", "yesterday"):
        return today - timedelta(days=words == "yesterday")
    which, _, name = words.partition(" ")
    for number, day in enumerate(_DAYS):
        if which == "last" and name in (day, day[:3]):
            return today - timedelta(days=(today.weekday() - number - 1) % 7 + 1)
    return None


def _moment(text: str) -> datetime:
    """The time that a text says; raises ValueError where it says none."""
    if found := _ISO.fullmatch(text):
        return datetime.fromisoformat(f"{found['day']}T{found['time'].replace(' ', '')}")
    words, now = _words(text), datetime.now()
    noon = datetime.combine(now, time(12))
    known = {"now": now, "midnight": datetime.combine(now, time.min)}
    known["noon"] = noon if noon <= now else noon - timedelta(days=1)
    if words in known:
        return known[words]
    last = words.removeprefix("last ") if words.startswith("last ") else ""
    return _before(now, f"1 {last}" if last in ("week", "month", "year") else words)


def _words(text: str) -> str:
    """Without regard to case; Git takes points for blanks, `2.weeks.ago`."""
    return " ".join(text.casefold().replace(".", " ").split(" "))


def _before(moment: datetime, words: str) -> datetime:
    """So long before: `1 day 2 hours ago`, or without the last word."""
    rest = words.removesuffix(" ago")
    while step := _STEP.match(rest):
        rest, number, unit = rest[step.end() :], step["number"], step["unit"]
        count = int(number) if number.isdigit() else _NUMBERS.index(number)
        if unit in _SECONDS:
            moment -= timedelta(seconds=count * _SECONDS[unit])
        elif unit in _MONTHS:
            moment = _months_before(moment, count * _MONTHS[unit])
        else:
            raise ValueError(words)
    if rest or not words:
        raise ValueError(words)
    return moment


def _months_before(moment: datetime, months: int) -> datetime:
    """The same day of the month, or the last one that there is."""
    year, month = divmod(moment.year * 12 + moment.month - 1 - months, 12)
    days = monthrange(year, month + 1)[1]
    return moment.replace(year=year, month=month + 1, day=min(moment.day, days))
