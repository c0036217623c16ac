"""Workloads over dates, times, zones and calendars."""

# Calls stand in rows, as in a table; one to a line, they would hide what is used of a module.
# fmt: off
# Private names and wrong arguments are used on purpose.
# mypy: ignore-errors

from __future__ import annotations

from ..helpers import error, fresh
from ..registry import Uses

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

USES = Uses()


@USES.of("datetime", before=(3, 12))
def pure_datetime() -> object:
    return dates_and_times(fresh("datetime", "_datetime"))


def dates_and_times(dt: Any) -> object:
    """The same use for the pure datetime.py of 3.11 and the _pydatetime.py that follows it."""
    day, moment = dt.date(2024, 2, 29), dt.datetime(2021, 12, 31, 23, 59, 58, 999_999)
    clock, span = dt.time(12, 34, 56, 789), dt.timedelta(days=-1, hours=5, microseconds=7)
    plus = dt.timezone(dt.timedelta(hours=5, minutes=30))
    odd = dt.timezone(-dt.timedelta(hours=1, seconds=1), "odd")
    aware = moment.replace(tzinfo=plus)

    class Zone(dt.tzinfo):
        def utcoffset(self, when: Any) -> Any:
            return dt.timedelta(hours=2)

        def dst(self, when: Any) -> Any:
            return dt.timedelta(
                hours=1
            ) if when is None or when.month in range(4, 10) else dt.timedelta()

        def tzname(self, when: Any) -> str:
            return "Z%"

    zoned = dt.datetime(2020, 7, 1, 12, tzinfo=Zone())
    form = "%Y-%m-%d %H:%M:%S.%f %z %Z %j %%"
    isos = ("2021-12-31T23:59", "20211231T235958", "2021-W01-3", "2021-12-31 23:59:58,5+05:30",
            "2020-01-01T00Z")
    bad_isos = ("2021-13-01", "2021-12-31T25", "2021-12-31T23:5", "202112-31", "x", "2021-W54",
                "2021-12-31T1:2")
    out = [
        day + span, day - dt.date(2000, 1, 1), day.weekday(), day.isoweekday(), day.isocalendar(),
        day.ctime(),
        day.replace(year=2023, day=1), day.timetuple()[:8], day.toordinal(),
        day.strftime("%d/%m/%y"), repr(day),
        dt.date.fromordinal(738000), dt.date.fromisocalendar(2020, 53, 7), f"{day:%b}",
        day < dt.date.max,
        dt.date.fromisoformat("2020-W53-5"), day == dt.date(2024, 2, 29), hash(day) == hash(day),
        f"{day}",
        span.total_seconds(), span * 2, span / 2, span * 1.5, span / 0.25, span // 3, -span,
        abs(span), +span,
        span / dt.timedelta(minutes=1), span // dt.timedelta(seconds=7),
        span % dt.timedelta(hours=3),
        divmod(span, dt.timedelta(hours=1)), str(span), repr(span), bool(span),
        span < dt.timedelta(0),
        dt.timedelta(weeks=1.5, milliseconds=2.5, minutes=0.1), str(dt.timedelta(2, 3)),
        dt.timedelta(1.25),
        moment + span, moment - span, moment - dt.datetime(2020, 1, 1),
        moment.isoformat(" ", "milliseconds"),
        moment.isoformat(timespec="hours"), moment.ctime(), moment.date(), moment.timetz(),
        repr(aware),
        aware.isoformat(), aware.astimezone(odd), aware.utctimetuple()[:6], aware.timestamp(),
        aware.tzname(),
        aware.strftime(form), zoned.strftime(form), moment.strftime(form), zoned.dst(),
        zoned.astimezone(plus),
        zoned - aware, zoned < aware, zoned == aware, hash(aware) == hash(aware.astimezone(odd)),
        zoned.timetuple(),
        dt.datetime.fromtimestamp(1e9, plus), dt.datetime.combine(day, clock), moment == day,
        repr(moment),
        dt.datetime.combine(day, clock, odd), [dt.datetime.fromisoformat(text) for text in isos],
        dt.datetime.strptime("7 Mar 1999 08:09", "%d %b %Y %H:%M"), moment.replace(fold=1).fold,
        clock.isoformat("auto"), clock.replace(minute=1), clock.strftime("%H %f"), repr(clock),
        bool(dt.time()),
        clock.replace(tzinfo=odd), clock.replace(tzinfo=odd) == clock, clock < dt.time(13),
        hash(clock) != 0,
        dt.time.fromisoformat("01:02:03.5-02:00"), dt.time.fromisoformat("T0102"),
        repr(clock.replace(fold=1)),
        plus, repr(plus), odd.tzname(None), odd == plus, dt.timezone.utc, repr(odd),
        odd.fromutc(aware.replace(tzinfo=odd)),
        plus.__getinitargs__(), aware.__reduce_ex__(4)[1][0], moment.__reduce__()[1],
        day.__reduce__()[1],
        clock.__reduce_ex__(2)[1], span.__reduce__()[1],
        dt.datetime(day.__reduce__()[1][0] + bytes(6)),
        dt.datetime.min, dt.time.max, dt.timedelta.resolution, dt.date.min, day >= dt.date.min,
        day <= dt.date.max,
    ]
    errors = [
        *(error(dt.date, *args) for args in ((2021, 2, 29), (0, 1, 1), (2021, 13, 1), ("x", 1, 1))),
        *(error(dt.datetime.fromisoformat, text) for text in bad_isos),
        *(error(dt.date.fromisocalendar, 2021, week, day)
          for week, day in ((53, 1), (0, 1), (1, 8))),
        *(error(dt.time, *args) for args in ((24,), (0, 60), (0, 0, 60), (0, 0, 0, 10**6))),
        *(error(dt.timezone, bad) for bad in (dt.timedelta(days=1), 5)),
        error(lambda: moment - aware), error(lambda: moment < aware), error(lambda: day < moment),
        error(lambda: dt.date.max + dt.timedelta(1)), error(lambda: span / 0),
        error(lambda: day + 1),
        error(dt.timedelta, days=10**10), error(moment.isoformat, timespec="x"),
        error(dt.tzinfo().utcoffset, None),
        error(dt.datetime.combine, clock, day), error(dt.time.fromisoformat, "1:2"),
        error(aware.replace, tzinfo=1),
        error(plus.fromutc, aware.replace(tzinfo=odd)), error(dt.datetime.strptime, "x", "%Y"),
        error(dt.time, fold=2),
        error(lambda: clock < clock.replace(tzinfo=odd)), error(lambda: clock < 1),
        error(dt.date.fromisoformat, 1),
    ]
    return repr(out), errors


@USES.of("_pydatetime", since=(3, 12))
def pydatetime() -> object:
    return dates_and_times(fresh("_pydatetime"))


@USES.of("_strptime")
def parsing_times() -> object:
    import _strptime

    pairs = (
        ("Thu Mar  7 13:05:09 1996", "%a %b %d %H:%M:%S %Y"),
        ("monday, 01 january 69 11PM", "%A, %d %B %y %I%p"),
        ("2020 366 12.5", "%Y %j %H.%f"),
        ("2021-W05-3", "%G-W%V-%u"),
        ("2021 10 0", "%Y %U %w"),
        ("2021 10 6", "%Y %W %w"),
        ("10:20:30 -0130", "%X %z"),
        ("2021 +05:30:15.25", "%Y %z"),
        ("12/31/99 Z %", "%x %z %%"),
        ("29 Feb 2020", "%d   %b\t%Y"),
        ("Thu Mar  7 13:05:09 1996", "%c"),
        ("utc 12 AM", "%Z %I %p"),
    )
    bad = (("x", "%Y"), ("2020 1", "%Y"), ("1", "%"), ("1", "%Q"), ("2021 9", "%G %V"), ("5", "%V"),
           ("1 1 9", "%Y %V %w"))
    bad += (("2021 400", "%Y %j"), ("30 Feb 2021", "%d %b %Y"), ("+5:3015", "%z"),
            ("2021 54 1", "%G %V %u"))
    return (
        [repr(_strptime._strptime(text, form)[0]) for text, form in pairs],
        [tuple(_strptime._strptime_time(text, form))[:6] for text, form in pairs[:3]],
        [error(_strptime._strptime, text, form) for text, form in bad],
        [_strptime._calc_julian_from_U_or_W(2021, w, d, m) for w in (0, 5) for d in (0, 6)
         for m in (True, False)],
    )


@USES.of("calendar")
def calendars() -> object:
    import calendar

    text, html = calendar.TextCalendar(6), calendar.HTMLCalendar()
    plain = calendar.Calendar(firstweekday=9)
    days = plain.itermonthdates(2024, 2)
    first = next(days)
    days.close()
    return (
        text.formatmonth(2024, 2, 3, 2),
        text.formatyear(2023, 2, 1, 4, 4),
        html.formatmonth(2021, 12),
        len(html.formatyearpage(2022, 4, css="x.css", encoding="ascii")),
        html.formatmonthname(2021, 5, withyear=False) + html.formatweekheader(),
        (str(first), error(next, plain.itermonthdates(1, 1)), plain.firstweekday),
        (plain.monthdayscalendar(2021, 2), plain.monthdays2calendar(2021, 2)[0],
         plain.getfirstweekday()),
        (len(plain.yeardatescalendar(2021)), len(plain.yeardays2calendar(2021, 4)),
         len(plain.yeardayscalendar(2021))),
        (list(plain.itermonthdays4(2021, 12))[-1], list(plain.itermonthdays3(2021, 1))[0],
         list(plain.iterweekdays())),
        (calendar.isleap(1900), calendar.leapdays(1890, 2025), calendar.weekday(1, 1, 1),
         calendar.weekday(12001, 1, 1)),
        (calendar.monthrange(2024, 2), calendar.timegm((2000, 1, 1, 0, 0, 0)),
         calendar.month_name[3]),
        (calendar.week(plain.monthdays2calendar(2021, 2)[0], 3), calendar.weekheader(9)),
        (list(calendar.day_abbr), calendar.month_abbr[1:3], calendar.monthcalendar(2021, 3)[0]),
        calendar.formatstring(("x", "y"), 5, 1) if hasattr(calendar, "formatstring") else "",
        [error(calendar.monthrange, 2021, 13), error(calendar.setfirstweekday, 7),
         error(calendar.month, 1, 0)],
        [str(calendar.IllegalMonthError(13)), str(calendar.IllegalWeekdayError(8))],
    )


@USES.of("zoneinfo._zoneinfo")
def time_zones() -> object:
    import datetime
    import io
    import struct
    from zoneinfo import _zoneinfo

    zone: Any = _zoneinfo.ZoneInfo.from_file(io.BytesIO(zone_file()), key="Demo/Zone")
    utc = datetime.UTC
    years = (1890, 1985, 1986, 2020)
    local = [datetime.datetime(y, m, 15, tzinfo=zone) for y in years for m in (1, 7)]
    local += [datetime.datetime(2020, 10, 25, 2, 30, tzinfo=zone, fold=fold) for fold in (0, 1)]
    back = [moment.astimezone(utc).astimezone(zone) for moment in local]
    rules = ("AAA3", "<+03>-3", "EST5EDT,60/2,300/2", "CET-1CEST,J60,J300/-1:30",
             "A1B,M1.1.1,M2.1.1/26:00:00")
    bad = ("", "AAA3BBB,1", "AAA3BBB", "AAA3BBB,M13.1.1,M1.1.1", "AAA25", "AAA3BBB,J0,J1",
           "AAA3BBB,x,y", "<A3")
    seen = []
    for rule in rules:
        parsed: Any = _zoneinfo._parse_tz_str(rule)
        seen.append(type(parsed).__name__)
        if hasattr(parsed, "transitions"):
            seen.append(str(parsed.transitions(2021)))
    plain = zone_file()[:44].replace(b"TZif2", b"TZif\0") + zone_file()[44:84]
    only = struct.pack(
        ">4s16x6l", b"TZif", 0, 0, 0, 0, 1, 4
    ) + struct.pack(">lBB", 60, 0, 0) + b"ONE\0"
    fixed: Any = _zoneinfo.ZoneInfo.from_file(io.BytesIO(only))
    return (
        [(str(m.utcoffset()), str(m.dst()), m.tzname()) for m in local],
        [str(moment) for moment in back],
        (str(zone), repr(zone), str(datetime.time(1, tzinfo=zone).utcoffset())),
        (fixed.utcoffset(None), fixed.tzname(local[0].replace(tzinfo=fixed))),
        seen,
        [error(_zoneinfo._parse_tz_str, rule) for rule in bad],
        error(_zoneinfo.ZoneInfo.from_file, io.BytesIO(b"junk")),
        str(_zoneinfo.ZoneInfo.from_file(io.BytesIO(plain), key="Old").utcoffset(local[2])),
        error(zone.__reduce__),
        error(zone.fromutc, local[0].replace(tzinfo=None)),
    )


def zone_file() -> bytes:
    """A small TZif file of version 2: two offsets, three transitions, a rule for what follows."""
    import struct

    names = b"LMT\0STD\0DST\0"
    kinds = struct.pack(">lBB", -500, 0, 0) + struct.pack(">lBB", 3600, 0, 4)
    kinds += struct.pack(">lBB", 7200, 1, 8)
    times = (-(2**31), 500_000_000, 510_000_000, 520_000_000)
    counts = struct.pack(">6l", 0, 0, 0, len(times), 3, len(names))
    first = b"TZif2" + bytes(15) + counts + struct.pack(">4l", *times) + bytes((1, 2, 1, 2))
    second = b"TZif2" + bytes(15) + counts + struct.pack(">4q", *times) + bytes((1, 2, 1, 2))
    return first + kinds + names + second + kinds + names + b"\nSTD-1DST,M3.5.0,M10.5.0/3\n"
