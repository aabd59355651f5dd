"""Opening hours: the grammar by example, days on which clocks change, and an oracle for a week."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from itertools import cycle, pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sipctl.errors import Refused, Usage
from sipctl.scenarios.calendars import Calendar, CalendarError, Fault, faults, when

PARIS = "Europe/Paris"
NEW_YORK = "America/New_York"
APIA = "Pacific/Apia"

NAMES = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]
WEEK = {name: date(2026, 11, 23) + timedelta(n) for n, name in enumerate(NAMES)}


def calendar(*hours: str, timezone: str | None = PARIS, **more: object) -> Calendar:
    zone = {} if timezone is None else {"timezone": timezone}
    return Calendar.of({**zone, "open": list(hours), **more})


def is_open(hours: str, moment: str, **more: Any) -> bool:
    """Whether hours are open at `Mon 08:00` of the week above, or at a date and time."""
    day, _, clock = moment.partition(" ")
    return calendar(hours, **more).look(when(f"{WEEK.get(day, day)} {clock}")).is_open


def refused(parameters: Mapping[str, Any], at: str = "2026-11-23 10:00") -> Fault:
    with pytest.raises(CalendarError) as caught:
        Calendar.of(parameters).look(when(at))
    return caught.value.fault


# -- the grammar ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("hours", "opened", "closed"),
    [
        ("Mon-Fri 08:00-19:00", "Mon 08:00, Fri 18:59", "Mon 07:59, Fri 19:00, Sat 12:00"),
        ("Mon 08:00-19:00", "Mon 12:00", "Sun 12:00, Tue 12:00"),
        ("Sat,Sun 10:00-12:00", "Sat 10:00, Sun 11:59", "Fri 11:00, Mon 11:00"),
        ("Mon-Wed,Fri 10:00-12:00", "Mon 11:00, Wed 11:00, Fri 11:00", "Thu 11:00, Sat 11:00"),
        ("Fri-Mon 10:00-12:00", "Fri 11:00, Sun 11:00, Mon 11:00", "Tue 11:00, Thu 11:00"),
        ("Mon-Mon 10:00-12:00", "Mon 11:00", "Sun 11:00, Tue 11:00"),
        ("monday-FRIDAY 10:00-12:00", "Mon 11:00, Fri 11:00", "Sat 11:00"),
        ("daily 10:00-12:00", "Mon 11:00, Sun 11:00", "Mon 12:00"),
        ("Daily", "Mon 00:00, Sun 23:59", ""),
        ("Sat", "Sat 00:00, Sat 23:59", "Fri 23:59, Sun 00:00"),
        ("10:00-12:00", "Mon 11:00, Sun 11:00", "Mon 09:59"),
        ("9:00-9:30", "Mon 09:29", "Mon 09:30"),
        ("Mon 08:00-12:00,14:00-18:30", "Mon 11:59, Mon 14:00, Mon 18:29", "Mon 12:00, Mon 13:59"),
        ("Mon 14:00-24:00", "Mon 23:59", "Tue 00:00"),
        ("Mon 00:00-24:00", "Mon 00:00, Mon 23:59", "Sun 23:59, Tue 00:00"),
        ("Mon 22:00-00:00", "Mon 22:00, Mon 23:59", "Tue 00:00"),
        ("Fri 22:00-06:00", "Fri 22:00, Fri 23:59, Sat 00:00, Sat 05:59", "Fri 05:59, Sat 06:00"),
        ("Sun 22:00-06:00", "Sun 23:00", "Mon 22:00"),
        ("Tue 08:00-07:59", "Tue 08:00, Wed 07:58", "Tue 07:59, Wed 07:59"),
        ("  Mon , Tue   08:00 - 12:00 , 14:00-15:00 ", "Tue 11:00, Mon 14:30", "Wed 11:00"),
    ],
)
def test_hours_are_open_from_their_first_minute_up_to_their_end(
    hours: str, opened: str, closed: str
) -> None:
    assert [m for m in opened.split(", ") if not is_open(hours, m)] == []
    assert [m for m in closed.split(", ") if m and is_open(hours, m)] == []


def test_the_last_minute_is_open_to_its_last_second() -> None:
    assert is_open("08:00-19:00", "2026-11-23 18:59:59.999")


def test_what_runs_over_from_sunday_reaches_monday() -> None:
    assert is_open("Sun 22:00-06:00", "2026-11-30 05:59")


def test_one_text_stands_for_a_list_of_one() -> None:
    parameters = {"timezone": PARIS, "open": "Mon 10:00-12:00", "holidays": "2026-11-30"}
    assert Calendar.of(parameters).look(when("2026-11-23 10:00")).is_open
    assert not Calendar.of(parameters).look(when("2026-11-30 10:00")).is_open


def test_an_empty_list_is_never_open() -> None:
    look = calendar().look(when("2026-11-23 10:00"))
    assert not look.is_open
    assert look.why == "Mon 10:00 in Europe/Paris, and it has no opening hours"


@pytest.mark.parametrize(
    ("holiday", "closed", "opened"),
    [
        ("2026-12-25", "2026-12-25", "2026-12-24, 2026-12-26, 2027-12-25"),
        ("12-25", "2026-12-25, 2027-12-25", "2026-12-24"),
        ("02-29", "2028-02-29", "2027-02-28, 2028-03-01"),
        ("2026-12-24..2026-12-26", "2026-12-24, 2026-12-25, 2026-12-26", "2026-12-23, 2026-12-27"),
        ("2026-12-24 .. 2027-01-01", "2026-12-31, 2027-01-01", "2027-01-02, 2027-12-25"),
        ("12-24..12-26", "2026-12-24, 2030-12-26", "2026-12-27"),
        ("12-24..01-02", "2026-12-24, 2027-01-02, 2030-12-31", "2027-01-03, 2026-12-23"),
    ],
)
def test_a_holiday_is_closed_all_its_days(holiday: str, closed: str, opened: str) -> None:
    daily = calendar("daily", holidays=[holiday])
    for clock in ("00:00", "23:59"):
        assert [d for d in closed.split(", ") if daily.look(when(f"{d} {clock}")).is_open] == []
        assert [d for d in opened.split(", ") if not daily.look(when(f"{d} {clock}")).is_open] == []


def test_a_holiday_cuts_what_runs_over_into_it_and_begins_nothing() -> None:
    night = calendar("daily 22:00-06:00", holidays=["2026-12-25"])
    assert night.look(when("2026-12-24 23:59")).is_open
    assert not night.look(when("2026-12-25 00:00")).is_open
    assert not night.look(when("2026-12-25 22:00")).is_open
    assert not night.look(when("2026-12-26 00:00")).is_open
    assert night.look(when("2026-12-26 22:00")).is_open


# -- words ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("hours", "at", "why"),
    [
        (("Mon-Fri 08:00-19:00",), "2026-11-20 12:34", "within Mon-Fri 08:00-19:00"),
        (("Mon", "Fri  08:00 - 19:00"), "2026-11-20 12:34", "within Fri 08:00-19:00"),
        (("Mon 08:00-19:00",), "2026-11-20 12:34", "outside Mon 08:00-19:00"),
        (("Mon", "Tue"), "2026-11-20 12:34", "outside Mon and Tue"),
        (("Mon", "Tue", "Wed"), "2026-11-20 12:34", "outside all 3"),
        (("Mon",), "2026-11-20 11:34Z", "outside Mon"),
    ],
)
def test_words_tell_the_time_there_and_the_hours(hours: tuple[str, ...], at: str, why: str) -> None:
    assert calendar(*hours).look(when(at)).why == f"Fri 12:34 in Europe/Paris, {why}"


def test_words_tell_the_holiday_as_it_is_written() -> None:
    closed = calendar("daily", holidays=["2026-12-25", "12-31..01-01"])
    assert closed.look(when("2026-12-25 10:00")).why == "2026-12-25 is a holiday"
    assert closed.look(when("2027-01-01 10:00")).why == "2027-01-01 is a holiday (12-31..01-01)"


# -- time zones ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("timezone", "at", "local"),
    [
        (PARIS, "2026-11-23T09:30Z", "Mon 10:30 in Europe/Paris"),
        (PARIS, "2026-07-20T09:30+00:00", "Mon 11:30 in Europe/Paris"),
        (NEW_YORK, "2026-11-23T00:30+01:00", "Sun 18:30 in America/New_York"),
        ("Asia/Kolkata", "2026-11-23T00:00Z", "Mon 05:30 in Asia/Kolkata"),
        ("UTC", "2026-11-23 10:00", "Mon 10:00 in UTC"),
        (None, "2026-11-23T10:00+01:00", "Mon 10:00 UTC+01:00"),
        (None, "2026-11-23T10:00Z", "Mon 10:00 UTC"),
    ],
)
def test_a_time_is_seen_on_the_calendars_own_clock(
    timezone: str | None, at: str, local: str
) -> None:
    look = calendar("daily", timezone=timezone).look(when(at))
    assert look.why == f"{local}, within daily"


def test_without_a_zone_the_time_must_carry_an_offset() -> None:
    fault = refused({"open": ["daily"]})
    assert fault.parameter == "timezone"
    assert "no time zone" in fault.message
    assert "timezone: Europe/Paris" in fault.hint


@pytest.mark.parametrize(
    ("timezone", "at"),
    [
        (PARIS, "2026-03-29 02:00"),
        (PARIS, "2026-03-29 02:59:59"),
        (NEW_YORK, "2026-03-08 02:30"),
        (APIA, "2011-12-30 00:00"),
        (APIA, "2011-12-30 12:00"),
        ("America/Sao_Paulo", "2018-11-04 00:00"),
    ],
)
def test_a_time_that_the_clocks_skip_is_refused(timezone: str, at: str) -> None:
    with pytest.raises(Refused) as caught:
        calendar("daily", timezone=timezone).look(when(at))
    assert caught.value.message == f"there is no {at[:16]} in {timezone}: the clocks skip it"
    assert f"{at[:10]}T{at[11:16]}Z" in caught.value.hint


@pytest.mark.parametrize(
    ("timezone", "at"),
    [
        (PARIS, "2026-03-29 01:59"),
        (PARIS, "2026-03-29 03:00"),
        (NEW_YORK, "2026-03-08 03:00"),
        (APIA, "2011-12-29 23:59"),
        (APIA, "2011-12-31 00:00"),
        ("America/Sao_Paulo", "2018-11-04 01:00"),
    ],
)
def test_the_minutes_beside_a_skipped_time_are_there(timezone: str, at: str) -> None:
    assert calendar("daily", timezone=timezone).look(when(at)).is_open


@pytest.mark.parametrize(
    ("timezone", "at"), [(PARIS, "2026-10-25 02:30"), (NEW_YORK, "2026-11-01 01:00")]
)
def test_a_time_that_comes_twice_is_the_first_and_says_so(timezone: str, at: str) -> None:
    look = calendar("daily", timezone=timezone).look(when(at))
    assert look.why == f"Sun {at[11:]} (the first of two) in {timezone}, within daily"


def test_a_time_that_comes_twice_is_no_question_with_an_offset() -> None:
    for at in ("2026-10-25T02:30+02:00", "2026-10-25T02:30+01:00"):
        assert calendar("02:00-03:00").look(when(at)).why.startswith("Sun 02:30 in Europe/Paris,")


def test_the_wall_clock_decides_on_a_day_of_23_or_25_hours() -> None:
    night = calendar("Sat 22:00-06:00")
    assert night.look(when("2026-03-29T03:59Z")).is_open  # 05:59, after one hour less
    assert not night.look(when("2026-03-29T04:00Z")).is_open
    assert night.look(when("2026-10-25T04:59Z")).is_open
    assert not night.look(when("2026-10-25T05:00Z")).is_open


def test_the_evening_before_a_skipped_day_runs_over_into_the_day_after_it() -> None:
    # there was no Friday, 30 December 2011, in Samoa
    assert calendar("Thu 22:00-06:00", timezone=APIA).look(when("2011-12-31 05:59")).is_open
    assert not calendar("Fri 22:00-06:00", timezone=APIA).look(when("2011-12-31 05:59")).is_open


# -- what is wrong -------------------------------------------------------------------------------

OPEN_HINT = 'write it as "Mon-Fri 08:00-12:00,14:00-18:30"'
DATE_HINT = 'write it as "2026-12-25", "12-25" (each year) or "2026-12-24..2026-12-26"'


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ("", '"" is not days and times', OPEN_HINT),
        ("Mon 08:00-12:00 14:00-18:00", '"Mon 08:00-12:00 14:00-18:00" is not days and', OPEN_HINT),
        ("Mo-Fr 08:00-19:00", '"Mo" is not a day of the week', 'did you mean "Mon"?'),
        ("Mon-Firday", '"Firday" is not a day of the week', 'did you mean "Friday"?'),
        ("Thurs 08:00-19:00", '"Thurs" is not a day of the week', 'did you mean "Thursday"?'),
        ("weekends", '"weekends" is not a day of the week', ""),
        ("Mon-Fri, 08:00-19:00", '"08:00" is not a day of the week', OPEN_HINT),
        ("Mon–Fri 08:00-19:00", '"Mon–Fri" is not a day of the week', ""),
        ("Mon, 08:00", '"08:00" is not a day of the week', OPEN_HINT),
        ("Mon,,Tue", '"" is not a day of the week', OPEN_HINT),
        ("08:00-19:00 Mon", '"08:00" is not a day of the week', OPEN_HINT),
        ("Mon 08:00", '"08:00" is not a range of times', OPEN_HINT),
        ("Mon 8-19", '"8" is not a time from 00:00 to 24:00', OPEN_HINT),
        ("Mon 08:00-25:00", '"25:00" is not a time', OPEN_HINT),
        ("Mon 08:60-09:00", '"08:60" is not a time', OPEN_HINT),
        ("Mon 08:00-24:01", '"24:01" is not a time', OPEN_HINT),
        ("Mon ٠٨:٠٠-09:00", '"٠٨:٠٠" is not a time', OPEN_HINT),
        ("Mon 08:00:00-09:00", '"08:00:00" is not a time', OPEN_HINT),
        ("Mon 08:00-", '"" is not a time', OPEN_HINT),
        ("Mon 24:00-08:00", 'a range cannot begin at "24:00"', "write 00:00, on the next day"),
        ("Mon 08:00-08:00", 'the range "08:00-08:00" is empty', "the whole day is 00:00-24:00"),
        ("x" * 100_000, "…", OPEN_HINT),
        (" " * 100_000 + "-", '"" is not a day', OPEN_HINT),
    ],
)
def test_bad_hours_are_told_with_their_place_and_cure(text: str, message: str, hint: str) -> None:
    (fault,) = faults({"open": ["daily", text]})
    assert (fault.parameter, fault.index) == ("open", 1)
    assert message in fault.message
    assert hint in fault.hint
    assert fault.hint
    assert len(fault.message) < 160


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ("", '"" is not a date', DATE_HINT),
        ("25-12", '"25-12" is not a date', DATE_HINT),
        ("2026-02-29", '"2026-02-29" is not a date', DATE_HINT),
        ("02-30", '"02-30" is not a date', DATE_HINT),
        ("0000-01-01", '"0000-01-01" is not a date', DATE_HINT),
        ("2026-12", '"2026-12" is not a date', DATE_HINT),
        ("25.12.2026", '"25.12.2026" is not a date', DATE_HINT),
        ("2026-12-24..", '"" is not a date', DATE_HINT),
        ("2026-12-24..12-26", "has a year at one end only", DATE_HINT),
        ("2026-12-26..2026-12-24", "ends before it begins", "swap the two dates"),
        ("Christmas", '"Christmas" is not a date', DATE_HINT),
    ],
)
def test_bad_holidays_are_told_with_their_place_and_cure(
    text: str, message: str, hint: str
) -> None:
    (fault,) = faults({"open": [], "holidays": ["12-25", text]})
    assert (fault.parameter, fault.index) == ("holidays", 1)
    assert message in fault.message
    assert fault.hint == hint


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("Europe/Pariss", 'did you mean "Europe/Paris"?'),
        ("europe/paris", 'did you mean "Europe/Paris"?'),
        ("Paris", 'did you mean "Europe/Paris"?'),
        ("new york", 'did you mean "America/New_York"?'),
        ("", "IANA"),
        ("Europe/", "did you mean"),
        ("../Europe/Paris", "Europe/Paris"),
        ("/etc/localtime", "IANA"),
        ("localtime", "IANA"),  # this machine's own is another one elsewhere
        ("+01:00", "IANA"),
        ("x" * 100_000, "IANA"),
    ],
)
def test_an_unknown_zone_is_told_with_the_nearest(name: str, hint: str) -> None:
    (fault,) = faults({"timezone": name})
    assert (fault.parameter, fault.index) == ("timezone", None)
    assert "is not a time zone" in fault.message
    assert hint in fault.hint
    assert refused({"timezone": name, "open": []}) == fault


def test_every_fault_is_found_in_one_run() -> None:
    parameters = {"timezone": "Paris", "open": ["Mo", "daily", "Di"], "holidays": "25-12", "x": 1}
    found = [(fault.parameter, fault.index) for fault in faults(parameters)]
    assert found == [("timezone", None), ("open", 0), ("open", 2), ("holidays", None)]


@pytest.mark.parametrize("value", [1, None, {"a": "b"}, [["Mon"]]])
@pytest.mark.parametrize("name", ["timezone", "open", "holidays"])
def test_what_is_no_text_is_a_fault(name: str, value: object) -> None:
    (fault,) = faults({name: value})
    assert fault.message == f'a value of "{name}" is not a text'


def test_a_list_of_time_zones_is_a_fault() -> None:
    (fault,) = faults({"timezone": [PARIS]})
    assert (fault.index, fault.message) == (None, 'a value of "timezone" is not a text')


def test_nothing_given_is_no_fault_and_cannot_be_evaluated() -> None:
    assert list(faults({})) == []
    assert list(faults({"timezone": PARIS, "open": [], "holidays": []})) == []
    fault = refused({"timezone": PARIS})
    assert (fault.parameter, fault.index) == ("open", None)
    assert fault.message == "the calendar has no opening hours"


# -- the time of a call --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-11-23T10:00", "2026-11-23T10:00:00"),
        ("2026-11-23 10:00", "2026-11-23T10:00:00"),
        ("2026-11-23t10:00:30z", "2026-11-23T10:00:30+00:00"),
        (" 2026-11-23T10:00Z ", "2026-11-23T10:00:00+00:00"),
        ("2026-11-23T10:00+01:00", "2026-11-23T10:00:00+01:00"),
        ("2026-11-23T10:00-0500", "2026-11-23T10:00:00-05:00"),
        ("2026-11-23T10:00:00.5+05:30", "2026-11-23T10:00:00.500000+05:30"),
        ("20261123T1000Z", "2026-11-23T10:00:00+00:00"),
    ],
)
def test_a_time_is_read_as_iso_8601(text: str, expected: str) -> None:
    assert when(text).isoformat() == expected


@pytest.mark.parametrize(
    "text",
    [
        *("", "today", "10:00", "2026-11-23", "2026-11-23T", "23.11.2026 10:00", "1763892000"),
        *("2026-11-31 10:00", "2026-11-23 24:00", "2026-11-23 10:60", "2026-11-23T9:00"),
        *("2026-11-23T10:00+25:00", "0001-01-01T00:00", "9999-12-31T23:59", "٢٠٢٦-11-23T10:00"),
        *("2026-11-23x10:00", "2026-W48-1T10:00", "2026-11-23T10:00[Europe/Paris]"),
    ],
)
def test_what_is_no_time_is_wrong_usage(text: str) -> None:
    with pytest.raises(Usage) as caught:
        when(text)
    assert f'"{text}" is not a date and a time' in caught.value.message
    assert "2026-11-23T10:00" in caught.value.hint


def test_now_is_the_time_with_this_machines_offset() -> None:
    before = datetime.now(UTC)
    now = when("now")
    assert before <= now <= datetime.now(UTC)
    assert now.utcoffset() is not None


# -- against an oracle ---------------------------------------------------------------------------

WEEKS = [
    (PARIS, date(2026, 3, 23)),
    (PARIS, date(2026, 10, 19)),
    (NEW_YORK, date(2026, 3, 2)),
    (NEW_YORK, date(2026, 10, 26)),
    (APIA, date(2011, 12, 26)),
    ("Asia/Kolkata", date(2026, 11, 23)),
]

Hours = tuple[list[tuple[str, str]], list[tuple[int, int]]]
clocks = st.sampled_from((0, 1, 90, 480, 719, 720, 1140, 1320, 1439)) | st.integers(0, 1439)
days = st.lists(st.tuples(*[st.sampled_from(NAMES)] * 2), min_size=1, max_size=3)
ranges = st.lists(st.tuples(clocks, clocks | st.just(1440)), min_size=1, max_size=3)
some_hours = st.lists(
    st.tuples(days, ranges.map(lambda pairs: [p for p in pairs if p[0] != p[1]] or [(0, 1440)])),
    max_size=3,
)


def written(hours: Hours) -> str:
    pairs, spans = hours
    named = ",".join(a if a == b else f"{a}-{b}" for a, b in pairs)
    clock = [f"{a // 60:02}:{a % 60:02}-{b // 60:02}:{b % 60:02}" for a, b in spans]
    return f"{named} {','.join(clock)}"


def weekdays(pairs: list[tuple[str, str]]) -> set[str]:
    """Every day that is met on the way round the week from the first of a pair to its last."""
    found = set()
    for first, last in pairs:
        inside = False
        for name in cycle(NAMES):
            inside = inside or name == first
            if inside:
                found.add(name)
                if name == last:
                    break
    return found


def painted(
    hours: list[Hours], real_days: list[date], holidays: set[date]
) -> set[tuple[date, int]]:
    """Every open minute, walked one by one; `real_days` are those that the zone has had."""
    minutes = set()
    for day, following in pairwise(real_days):
        for pairs, spans in hours:
            if day in holidays or NAMES[day.weekday()] not in weekdays(pairs):
                continue
            for begin, end in spans:
                for minute in range(begin, end if end > begin else end + 1440):
                    minutes.add((day if minute < 1440 else following, minute % 1440))
    return {(day, minute) for day, minute in minutes if day not in holidays}


@settings(max_examples=40)
@given(some_hours, st.sampled_from(WEEKS), st.sets(st.integers(0, 8), max_size=2))
def test_hours_agree_with_a_walk_through_every_minute_of_a_week(
    hours: list[Hours], week: tuple[str, date], closed: set[int]
) -> None:
    name, monday = week
    zone = ZoneInfo(name)
    holidays = {monday + timedelta(n - 1) for n in closed}
    ours = calendar(*map(written, hours), timezone=name, holidays=sorted(map(str, holidays)))
    start = datetime(monday.year, monday.month, monday.day, tzinfo=UTC) - timedelta(days=3)
    instants = [start + timedelta(minutes=n) for n in range(12 * 1440)]
    locals_ = [instant.astimezone(zone) for instant in instants]
    real_days = sorted({local.date() for local in locals_})
    expected = painted(hours, real_days, holidays)
    edges = {edge % 1440 for _, spans in hours for span in spans for edge in span}
    asked = {0, 1439, 777} | edges | {(edge - 1) % 1440 for edge in edges}
    for instant, local in zip(instants, locals_, strict=True):
        minute = 60 * local.hour + local.minute
        if minute in asked and 1 <= (local.date() - monday).days <= 6:
            assert ours.look(instant).is_open == ((local.date(), minute) in expected), local


@given(some_hours, st.datetimes(datetime(1900, 1, 2), datetime(2999, 12, 30)))
def test_an_offset_changes_nothing_but_the_spelling(hours: list[Hours], at: datetime) -> None:
    """The same instant, given in any zone, is the same to a calendar that has one."""
    ours = calendar(*map(written, hours))
    instant = at.replace(tzinfo=UTC)
    for zone in (NEW_YORK, APIA, PARIS):
        assert ours.look(instant.astimezone(ZoneInfo(zone))) == ours.look(instant)


@given(st.text(max_size=30))
def test_no_text_makes_it_crash_and_every_fault_has_a_cure(text: str) -> None:
    for parameters in ({"open": [text]}, {"holidays": [text]}):
        for fault in faults(parameters):
            assert fault.message.isprintable()
            assert fault.hint
