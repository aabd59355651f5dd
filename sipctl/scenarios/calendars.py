"""Opening hours: what the parameters of a calendar's action say, and whether it is open then.

    open      = days [times] | times            days alone: all day; times alone: every day
    days      = "daily" | day ["-" day] and more after commas; Fri-Mon goes over the weekend
    times     = HH:MM-HH:MM and more after commas; the end is not part of it, and may be 24:00
    holidays  = date [".." date]                2026-12-25, or 12-25 for each year; ends included

A range whose end is before its start runs past midnight and belongs to the day it begins on. What
counts is the wall clock in the calendar's time zone. A holiday is closed for its whole day, also
for what runs over from the evening before, and nothing begins on it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from functools import cache
from importlib.resources import files
from typing import Any, TypeVar

import tzdata

from sipctl import names
from sipctl.errors import Refused, Usage

T = TypeVar("T")

TIMEZONE, OPEN, HOLIDAYS = "timezone", "open", "holidays"

_SHORT = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_FULL = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_WEEKDAY = {name.casefold(): n for days in (_SHORT, _FULL) for n, name in enumerate(days)}
_EVERY_DAY = frozenset(range(7))
_DAY = 24 * 60  # minutes

_OPEN_HINT = 'write it as "Mon-Fri 08:00-12:00,14:00-18:30"'
_HOLIDAY_HINT = 'write it as "2026-12-25", "12-25" (each year) or "2026-12-24..2026-12-26"'
_ZONE_HINT = 'use a name of the IANA time zone database, say "Europe/Paris"'


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with a parameter. `index` is the item's, None where it is no list's item."""

    parameter: str
    index: int | None
    message: str
    hint: str


class CalendarError(Exception):
    """A calendar cannot be evaluated; `fault` says why."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.message)
        self.fault = fault


class _Bad(Exception):
    """An item is none of its grammar."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


# -- opening hours -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Hours:
    """One item of `open`: days from Monday as 0, ranges in minutes of the day they begin on."""

    text: str
    days: frozenset[int]
    ranges: tuple[tuple[int, int], ...]

    def cover(self, day: date, minute: int) -> bool:
        """Whether a minute after the midnight that begins `day` is in a range that begins on it."""
        return day.weekday() in self.days and any(a <= minute < b for a, b in self.ranges)


def _hours(text: str) -> _Hours:
    words = " ".join(text.split())
    for sign in "-,":
        words = words.replace(f" {sign}", sign).replace(f"{sign} ", sign)
    match words.split():
        case [times] if times[0].isdigit():
            return _Hours(words, _EVERY_DAY, _ranges(times))
        case [days]:
            return _Hours(words, _days(days), ((0, _DAY),))
        case [days, times]:
            return _Hours(words, _days(days), _ranges(times))
    raise _Bad(f"{names.quoted(text)} is not days and times", _OPEN_HINT)


def _days(text: str) -> frozenset[int]:
    days: set[int] = set()
    for item in text.split(","):
        first, dash, last = item.partition("-")
        if item.casefold() == "daily":
            days |= _EVERY_DAY
        elif dash:
            begin, end = _weekday(first), _weekday(last)
            days.update((begin + n) % 7 for n in range((end - begin) % 7 + 1))
        else:
            days.add(_weekday(item))
    return frozenset(days)


def _weekday(name: str) -> int:
    found = _WEEKDAY.get(name.casefold())
    if found is None:
        hint = names.did_you_mean(name, (*_SHORT, *_FULL)) or _OPEN_HINT
        raise _Bad(f"{names.quoted(name)} is not a day of the week", hint)
    return found


def _ranges(text: str) -> tuple[tuple[int, int], ...]:
    return tuple(_range(item) for item in text.split(","))


def _range(text: str) -> tuple[int, int]:
    first, dash, last = text.partition("-")
    if not dash:
        raise _Bad(f"{names.quoted(text)} is not a range of times", _OPEN_HINT)
    begin, end = _minute(first), _minute(last)
    if begin == _DAY:
        raise _Bad('a range cannot begin at "24:00"', "write 00:00, on the next day")
    if begin == end:
        raise _Bad(f"the range {names.quoted(text)} is empty", "the whole day is 00:00-24:00")
    return begin, end if begin < end else end + _DAY


_TIME = re.compile(r"([0-9]{1,2}):([0-9]{2})\Z")


def _minute(text: str) -> int:
    found = _TIME.match(text)
    hour, minute = (int(found[1]), int(found[2])) if found else (99, 99)
    if minute > 59 or 60 * hour + minute > _DAY:
        raise _Bad(f"{names.quoted(text)} is not a time from 00:00 to 24:00", _OPEN_HINT)
    return 60 * hour + minute


# -- holidays ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Holiday:
    """One item of `holidays`: its first and last day, (year, month, day) or (month, day)."""

    text: str
    first: tuple[int, ...]
    last: tuple[int, ...]

    def covers(self, day: date) -> bool:
        """Whether a day is one of it."""
        wanted = (day.year, day.month, day.day)[-len(self.first) :]
        if self.first <= self.last:
            return self.first <= wanted <= self.last
        return wanted >= self.first or wanted <= self.last  # each year, over the turn of it


def _holiday(text: str) -> _Holiday:
    words = "".join(text.split())
    first, dots, last = words.partition("..")
    begin = _date(first)
    end = _date(last) if dots else begin
    if len(begin) != len(end):
        raise _Bad(f"{names.quoted(words)} has a year at one end only", _HOLIDAY_HINT)
    if len(begin) == 3 and end < begin:
        raise _Bad(f"{names.quoted(words)} ends before it begins", "swap the two dates")
    return _Holiday(words, begin, end)


_DATE = re.compile(r"(?:([0-9]{4})-)?([0-9]{2})-([0-9]{2})\Z")
_LEAP_YEAR = 2000


def _date(text: str) -> tuple[int, ...]:
    found = _DATE.match(text)
    parts = tuple(int(part) for part in found.groups() if part) if found else ()
    try:
        date(*(parts if len(parts) == 3 else (_LEAP_YEAR, *parts)))
    except (TypeError, ValueError):
        raise _Bad(f"{names.quoted(text)} is not a date", _HOLIDAY_HINT) from None
    return parts


# -- time zones ----------------------------------------------------------------------------------


@cache
def _zones() -> frozenset[str]:
    # those of the package, so that a file means the same everywhere: ZoneInfo itself takes what
    # only this machine has, and any case where its file system ignores case
    return frozenset(files(tzdata).joinpath("zones").read_text("utf-8").split())


def _check_zone(name: str) -> None:
    if name not in _zones():
        raise _Bad(f"{names.quoted(name)} is not a time zone", _nearest_zone(name))


@cache
def _nearest_zone(name: str) -> str:
    cities = {zone.rpartition("/")[2].casefold(): zone for zone in sorted(_zones())}
    city = cities.get(name.replace(" ", "_").casefold())
    if city:
        return f'did you mean "{city}"?'
    return names.did_you_mean(name, sorted(_zones())) or _ZONE_HINT


def _zone(name: str) -> tzinfo:
    from zoneinfo import ZoneInfo

    _check_zone(name)
    return ZoneInfo(name)


# -- parameters ----------------------------------------------------------------------------------


def faults(parameters: Mapping[str, Any]) -> Iterator[Fault]:
    """All that is wrong with a calendar's parameters; those that are absent are no fault."""
    yield from _read(parameters, TIMEZONE, _check_zone)[1]
    yield from _read(parameters, OPEN, _hours)[1]
    yield from _read(parameters, HOLIDAYS, _holiday)[1]


def _read(
    parameters: Mapping[str, Any], name: str, parse: Callable[[str], T]
) -> tuple[tuple[T, ...], list[Fault]]:
    """What the items of a parameter say, and what is wrong with others. One text is one item."""
    value = parameters.get(name, ())
    is_list = isinstance(value, list | tuple) and name != TIMEZONE
    found, wrong = [], []
    for index, item in enumerate(value if is_list else [value] if value != () else ()):
        try:
            if not isinstance(item, str):
                raise _Bad(f'a value of "{name}" is not a text', "quote it")
            found.append(parse(item))
        except _Bad as bad:
            wrong.append(Fault(name, index if is_list else None, bad.message, bad.hint))
    return tuple(found), wrong


@dataclass(frozen=True, slots=True)
class Look:
    """Whether a calendar is open, and why in words."""

    is_open: bool
    why: str


@dataclass(frozen=True, slots=True)
class Calendar:
    """Opening hours and holidays on the wall clock of a time zone; None takes each time's own."""

    zone: tzinfo | None
    hours: tuple[_Hours, ...]
    holidays: tuple[_Holiday, ...]

    @classmethod
    def of(cls, parameters: Mapping[str, Any]) -> Calendar:
        """The calendar of an action; raises CalendarError with the first fault.

        Without `open` nobody can tell; an empty list of it is never open.
        """
        zones, bad_zones = _read(parameters, TIMEZONE, _zone)
        hours, bad_hours = _read(parameters, OPEN, _hours)
        holidays, bad_holidays = _read(parameters, HOLIDAYS, _holiday)
        wrong = (*bad_zones, *bad_hours, *bad_holidays)
        if wrong:
            raise CalendarError(wrong[0])
        if OPEN not in parameters:
            hint = 'add them, say `open: ["Mon-Fri 08:00-19:00"]`'
            raise CalendarError(Fault(OPEN, None, "the calendar has no opening hours", hint))
        return cls(zones[0] if zones else None, hours, holidays)

    def look(self, at: datetime) -> Look:
        """Whether it is open at a time, which is local to the calendar where it has no offset.

        Raises CalendarError where neither the calendar nor the time tells the time zone, Refused
        for a time that the clocks have skipped there.
        """
        local, words = self._local(at)
        day, minute = local.date(), 60 * local.hour + local.minute
        holiday = self._holiday_on(day)
        if holiday:
            more = "" if holiday.text == str(day) else f" ({holiday.text})"
            return Look(False, f"{day} is a holiday{more}")
        hours = self._hours_at(local, day, minute)
        if hours:
            return Look(True, f"{words}, within {hours.text}")
        return Look(False, f"{words}, {self._outside()}")

    def _holiday_on(self, day: date) -> _Holiday | None:
        return next((holiday for holiday in self.holidays if holiday.covers(day)), None)

    def _hours_at(self, local: datetime, day: date, minute: int) -> _Hours | None:
        evening = _day_before(day, local.tzinfo or UTC)
        runs_over = self._holiday_on(evening) is None
        for hours in self.hours:
            if hours.cover(day, minute) or (runs_over and hours.cover(evening, minute + _DAY)):
                return hours
        return None

    def _outside(self) -> str:
        texts = [hours.text for hours in self.hours]
        if not texts:
            return "and it has no opening hours"
        return f"outside {' and '.join(texts)}" if len(texts) < 3 else f"outside all {len(texts)}"

    def _local(self, at: datetime) -> tuple[datetime, str]:
        """A time on the calendar's wall clock, and in words."""
        if self.zone is None and at.tzinfo is None:
            message = "the calendar names no time zone, and the time has no offset"
            hint = "give the time an offset, or the calendar a `timezone: Europe/Paris`"
            raise CalendarError(Fault(TIMEZONE, None, message, hint))
        if self.zone is None:
            return at, f"{_shown(at)} {at.tzname()}"
        if at.tzinfo is not None:
            local = at.astimezone(self.zone)
            return local, f"{_shown(local)} in {self.zone}"
        if not _exists(at, self.zone):
            message = f"there is no {at:%Y-%m-%d %H:%M} in {self.zone}: the clocks skip it"
            raise Refused(message, f"give another time, or an offset, say {at:%Y-%m-%dT%H:%M}Z")
        local = at.replace(tzinfo=self.zone, fold=0)
        twice = local.utcoffset() != local.replace(fold=1).utcoffset()
        return local, f"{_shown(local)}{' (the first of two)' * twice} in {self.zone}"


def _shown(local: datetime) -> str:
    return f"{_SHORT[local.weekday()]} {local:%H:%M}"


def _exists(at: datetime, zone: tzinfo) -> bool:
    """Whether a wall clock ever shows a time: it does not where clocks are put forward past it."""
    there_and_back = at.replace(tzinfo=zone).astimezone(UTC).astimezone(zone)
    return there_and_back.replace(tzinfo=None) == at.replace(tzinfo=None)


def _day_before(day: date, zone: tzinfo) -> date:
    """The day before; a zone that changes sides of the date line may have skipped one."""
    before = day - timedelta(days=1)
    skipped = not _exists(datetime.combine(before, time(12)), zone)
    return before - timedelta(days=1) if skipped else before


# -- the time of a call --------------------------------------------------------------------------

_MOMENT = re.compile(
    r"(?:19|2[0-9])[0-9]{2}-?[0-9]{2}-?[0-9]{2}[Tt ]"
    r"(?:[01][0-9]|2[0-3]):?[0-9]{2}(?::?[0-9]{2}(?:[.,][0-9]+)?)?"
    r"(?:[Zz]|[-+][0-9]{2}(?::?[0-9]{2})?)?\Z"
)


def when(text: str) -> datetime:
    """A time as the user gives it: ISO 8601, `2026-11-23 10:00`, or `now`.

    Without an offset it is naive, to be taken as local to each calendar. The clock is looked at for
    `now` only. Raises Usage for any other text, and for years outside of 1900 to 2999.
    """
    words = text.strip()
    if words.casefold() == "now":
        return datetime.now().astimezone()
    try:
        if _MOMENT.match(words):
            return datetime.fromisoformat(words.upper())
    except ValueError:
        pass
    hint = "write 2026-11-23T10:00, local to each calendar, 2026-11-23T10:00+01:00, or now"
    raise Usage(f"{names.quoted(text)} is not a date and a time", hint)
