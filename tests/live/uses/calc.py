"""Workloads over numbers, dates, randomness and identifiers."""

from __future__ import annotations

import sys

from .registry import Uses, error, fresh

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

USES = Uses()


@USES.of("fractions")
def fractions_of_integers() -> object:
    import copy
    from decimal import Decimal
    from fractions import Fraction
    from numbers import Rational

    third, half = Fraction(1, 3), Fraction("0.5")
    texts = ("-3/4", " 1e-3 ", "7", "1_000/3", "-.25")
    bad = ("1/0", "x", "1/-2", "", "1 / 2", "1e", "nan")
    out = [
        *(str(Fraction(text)) for text in texts),
        *(third + half, third - 1, 2 * half, third / half, 1 / half, 7 // half, half // third, 7 % half),
        *(divmod(half, third), divmod(2, third), third**2, half**-2, third**half, 2.0**half, 4**half),
        *((-half) ** 3, (-half) ** -3, third + 1j, 0.5 * third, half**2.0, abs(-third), -third, +third),
        *(round(Fraction(7, 2)), round(Fraction(5, 2)), round(Fraction(12345, 7), 2), round(half, -1)),
        *(int(Fraction(-7, 2)), third.__floor__(), third.__ceil__(), bool(Fraction(0)), complex(half)),
        *(third < half, third <= 0.5, third > Fraction(1, 4), half >= 1, half == 0.5, half == 1, half == 0.5j),
        *(third == float("nan"), third < float("inf"), hash(half) == hash(0.5), hash(Fraction(-3)) == -3),
        *(Fraction(0.1).limit_denominator(10), Fraction("3.14159").limit_denominator(1000)),
        *(Fraction.from_float(0.25), Fraction.from_decimal(Decimal("1.1")), Fraction.from_float(3)),
        *(Fraction(Decimal("0.75")), Fraction(Fraction(1, 2), Fraction(3, 4)), Fraction(half)),
        *(third.as_integer_ratio(), half.numerator, half.denominator, half.real, half.conjugate()),
        *(copy.copy(half), copy.deepcopy(half), half.__reduce__()[1], isinstance(half, Rational), repr(half)),
    ]
    if sys.version_info >= (3, 12):
        specs = ("", ".2f", "+012.3e", ",.1f", ">10.2%", "#.3g", "_.0f", "*^12.4G")
        out += [format(Fraction(-22000, 7), spec) for spec in specs]
        out += [error(format, third, ".2q"), Fraction(3, 2).is_integer()]
    return (
        repr(out),
        [error(Fraction, text) for text in bad],
        [error(Fraction, *args) for args in ((1, 0), (1.5, 2), (object(),), (float("nan"),), ("1", 2))],
        [error(lambda: third < "x"), error(lambda: third < 1j), error(third.limit_denominator, 0)],
        [error(Fraction.from_float, "x"), error(Fraction.from_decimal, 1.5), error(lambda: half / 0)],
    )


@USES.of("statistics")
def summaries() -> object:
    import statistics as st
    from decimal import Decimal
    from fractions import Fraction

    data = [2.5, 3.25, 5.5, 11.25, 11.75, 2.5]
    mixed = [Fraction(1, 2), Fraction(3, 4), Fraction(5, 4)]
    tens = [Decimal("1.5"), Decimal("2.25"), Decimal("4")]
    normal = st.NormalDist(100, 15)
    other = st.NormalDist.from_samples(data)
    out = [
        *(st.mean(data), st.mean(mixed), st.mean(tens), st.fmean(data), st.fmean(data, range(1, 7))),
        *(st.geometric_mean([1, 2, 8]), st.harmonic_mean([40, 60]), st.harmonic_mean([2, 4], weights=[1, 3])),
        *(st.harmonic_mean([5]), st.harmonic_mean([0, 1]), st.mean([float("inf"), 1.0])),
        *(st.median(data), st.median([1, 3, 2]), st.median_low(data), st.median_high(data)),
        *(st.median_grouped([1, 3, 3, 5, 7]), st.median_grouped([1, 2, 2, 3], interval=2)),
        *(st.mode("abbc"), st.multimode("aabbc"), st.multimode([]), st.quantiles(data)),
        *(st.quantiles(data, n=3, method="inclusive"), st.quantiles(range(9), n=5)),
        *(st.variance(data), st.pvariance(data), st.stdev(data), st.pstdev(tens), st.variance(mixed)),
        *(st.variance([1, 3], xbar=2), st.pvariance([1, 3], mu=2), st.pstdev(mixed)),
        *(st.covariance([1, 2, 3], [2, 4, 7]), st.correlation([1, 2, 3], [2, 4, 7])),
        *(st.linear_regression([1, 2, 3], [2, 4, 7]), st.linear_regression([1, 2], [2, 4], proportional=True)),
        *(normal.pdf(90), normal.cdf(110), [normal.inv_cdf(p) for p in (0.001, 0.3, 0.5, 0.93)]),
        *(normal.zscore(130), normal.overlap(other), normal.overlap(st.NormalDist(90, 15)), normal.quantiles(3)),
        *(normal + 5, 2 * normal, normal / 3, normal - other, -normal, other - 1, +normal, 3 - normal),
        *(normal == st.NormalDist(100, 15), normal.samples(2, seed=7), normal.stdev, normal.variance),
        *(normal.median, normal.mode, repr(normal), hash(normal) == hash(st.NormalDist(100, 15))),
    ]
    if sys.version_info >= (3, 12):
        out.append(st.correlation([1, 2, 3], [1, 3, 2], method="ranked"))
    if sys.version_info >= (3, 13):
        density = st.kde(data, h=1.5)
        out += [density(3.0), st.kde(data, h=2, kernel="triangular", cumulative=True)(5)]
        out.append(st.kde_random(data, h=1.5, seed=3)())
        out.append(error(st.kde, [], 1))
    empty = (st.mean, st.fmean, st.median, st.median_low, st.median_high, st.mode, st.median_grouped)
    return (
        repr(out),
        [error(function, []) for function in (*empty, st.geometric_mean, st.harmonic_mean, st.pvariance)],
        [error(st.harmonic_mean, bad) for bad in ([-1, 2], ["x"])],
        [error(st.harmonic_mean, [1, 2], weights=bad) for bad in ([1], [0, 0])],
        [error(st.quantiles, data, n=0), error(st.quantiles, []), error(st.quantiles, data, method="x")],
        [error(st.correlation, [1], [2]), error(st.correlation, [1, 1], [2, 3]), error(st.covariance, [1, 2], [1])],
        [error(st.linear_regression, [1, 1], [2, 3]), error(st.NormalDist, 0, -1), error(normal.inv_cdf, 2)],
        [error(st.NormalDist(1, 0).cdf, 1), error(st.variance, [1]), error(st.mean, ["x"])],
    )


@USES.of("_pydecimal")
def decimal_arithmetic() -> object:
    import _pydecimal as decimal

    number = decimal.Decimal
    a, b = number("12.345"), number("-0.0067")
    nan, snan, inf = number("NaN12"), number("sNaN"), number("-Infinity")
    small = decimal.Context(prec=4, rounding=decimal.ROUND_HALF_EVEN, Emin=-9, Emax=9, capitals=0, clamp=1)
    modes = ("ROUND_DOWN", "ROUND_UP", "ROUND_HALF_UP", "ROUND_HALF_DOWN", "ROUND_HALF_EVEN")
    modes += ("ROUND_CEILING", "ROUND_FLOOR", "ROUND_05UP")
    bad = ("x", "1e", (1, (2, 10), 0), (2, (1,), 0), (0, (1,), "n2"), [1], 1j)
    with decimal.localcontext() as context:
        context.prec = 20
        out = [
            *(a + b, a - b, a * b, a / b, a // b, a % b, divmod(a, b), a**3, a**-2, a ** number("0.5"), -a),
            *(a.sqrt(), a.ln(), a.log10(), a.exp(), number(2).ln(), number("1e3").log10(), pow(number(7), 3, 5)),
            *(a.quantize(number("0.1")), a.to_integral_value(), a.to_integral_exact(), round(a, 1), round(a)),
            *(int(a), float(b), abs(b), +a, a.adjusted(), a.as_tuple(), a.as_integer_ratio(), a.fma(2, b)),
            *(a.compare(b), a.compare_total(b), a.compare_signal(b), a.compare_total_mag(b), a.max(b), a.min(b)),
            *(a.max_mag(b), a.min_mag(b), a.next_plus(), a.next_minus(), a.next_toward(b), a.copy_sign(b)),
            *(a.remainder_near(3), a.scaleb(3), a.shift(2), a.rotate(-1), a.logb(), a.normalize(), a.radix()),
            *(a.number_class(), b.number_class(), inf.number_class(), a.same_quantum(b), a.canonical(), a.real),
            *(number(1101).logical_and(11), number(1100).logical_or(11), number(1100).logical_xor(111)),
            *(number(101).logical_invert(), number("1E+5").to_eng_string(), number("123e-9").to_eng_string()),
            *(nan + 1, inf + 1, inf * -1, nan.is_qnan(), snan.is_snan(), inf.is_infinite(), a.is_signed()),
            *(a < b, a <= 13, a > 1.5, a >= b, a == number("12.3450"), a != 1, nan == nan, a == 0.5j),
            *(number.from_float(0.1), number((1, (3, 1, 4), -2)), number("  1_0.5 "), hash(number(5)) == hash(5)),
            *(number("1e400") > 10**300, number(0) ** 5, number(1) / 3, number(2) ** 100, number(10) ** -3),
        ]
        for spec in (",.2f", "e", "+.3g", "010.1f", ">12", "%", "<8n", "_^12.1", ".0f", "z.1f"):
            out.append(format(a * 1000, spec))
        out += [a.quantize(number(1), rounding=mode) for mode in modes]
        out += [error(number, text) for text in bad]
        out += [error(lambda: a / 0), error(lambda: number(0) / 0), error(inf.__int__), error(nan.__int__)]
        out += [error(lambda: nan < 1), error(number(-1).sqrt), error(number(-1).ln), error(format, a, "qq")]
        out += [error(lambda: snan + 1), error(a.quantize, number("1e-30")), error(lambda: a + 0.5)]
        out += [error(lambda: inf - inf), error(lambda: inf % a), error(pow, number(-8), number("0.3"))]
    out += [small.add(a, b), small.create_decimal("123456"), small.divide(1, 3), small.power(2, 9)]
    out += [small.sqrt(2), small.to_sci_string(a), small.plus(a), small.Etop(), small.Etiny()]
    out += [error(small.multiply, number("9e9"), 10), small.copy().flags == small.flags, repr(small)]
    small.traps[decimal.Inexact] = True
    out += [error(small.divide, 1, 3), small.create_decimal_from_float(0.5), str(decimal.BasicContext)]
    small.clear_flags()
    small.clear_traps()
    out += [small.divide(number("1e-9"), 3), small.subtract(1, 1), small.remainder(7, 4), small.exp(1)]
    out += [error(setattr, small, "prec", 0), error(setattr, small, "rounding", "x"), error(delattr, small, "prec")]
    return repr(out)


def dates_and_times(dt: Any) -> object:
    """The same use for the pure datetime.py of 3.11 and the _pydatetime.py that follows it."""
    day, moment = dt.date(2024, 2, 29), dt.datetime(2021, 12, 31, 23, 59, 58, 999_999)
    clock, span = dt.time(12, 34, 56, 789), dt.timedelta(days=-1, hours=5, microseconds=7)
    plus = dt.timezone(dt.timedelta(hours=5, minutes=30))
    odd = dt.timezone(-dt.timedelta(hours=1, seconds=1), "odd")
    aware = moment.replace(tzinfo=plus)

    class Zone(dt.tzinfo):  # type: ignore[misc]
        def utcoffset(self, when: Any) -> Any:
            return dt.timedelta(hours=2)

        def dst(self, when: Any) -> Any:
            return dt.timedelta(hours=1) if when is None or when.month in range(4, 10) else dt.timedelta()

        def tzname(self, when: Any) -> str:
            return "Z%"

    zoned = dt.datetime(2020, 7, 1, 12, tzinfo=Zone())
    form = "%Y-%m-%d %H:%M:%S.%f %z %Z %j %%"
    isos = ("2021-12-31T23:59", "20211231T235958", "2021-W01-3", "2021-12-31 23:59:58,5+05:30", "2020-01-01T00Z")
    bad_isos = ("2021-13-01", "2021-12-31T25", "2021-12-31T23:5", "202112-31", "x", "2021-W54", "2021-12-31T1:2")
    out = [
        *(day + span, day - dt.date(2000, 1, 1), day.weekday(), day.isoweekday(), day.isocalendar(), day.ctime()),
        *(day.replace(year=2023, day=1), day.timetuple()[:8], day.toordinal(), day.strftime("%d/%m/%y"), repr(day)),
        *(dt.date.fromordinal(738000), dt.date.fromisocalendar(2020, 53, 7), f"{day:%b}", day < dt.date.max),
        *(dt.date.fromisoformat("2020-W53-5"), day == dt.date(2024, 2, 29), hash(day) == hash(day), f"{day}"),
        *(span.total_seconds(), span * 2, span / 2, span * 1.5, span / 0.25, span // 3, -span, abs(span), +span),
        *(span / dt.timedelta(minutes=1), span // dt.timedelta(seconds=7), span % dt.timedelta(hours=3)),
        *(divmod(span, dt.timedelta(hours=1)), str(span), repr(span), bool(span), span < dt.timedelta(0)),
        *(dt.timedelta(weeks=1.5, milliseconds=2.5, minutes=0.1), str(dt.timedelta(2, 3)), dt.timedelta(1.25)),
        *(moment + span, moment - span, moment - dt.datetime(2020, 1, 1), moment.isoformat(" ", "milliseconds")),
        *(moment.isoformat(timespec="hours"), moment.ctime(), moment.date(), moment.timetz(), repr(aware)),
        *(aware.isoformat(), aware.astimezone(odd), aware.utctimetuple()[:6], aware.timestamp(), aware.tzname()),
        *(aware.strftime(form), zoned.strftime(form), moment.strftime(form), zoned.dst(), zoned.astimezone(plus)),
        *(zoned - aware, zoned < aware, zoned == aware, hash(aware) == hash(aware.astimezone(odd)), zoned.timetuple()),
        *(dt.datetime.fromtimestamp(1e9, plus), dt.datetime.combine(day, clock), moment == day, repr(moment)),
        *(dt.datetime.combine(day, clock, odd), [dt.datetime.fromisoformat(text) for text in isos]),
        *(dt.datetime.strptime("7 Mar 1999 08:09", "%d %b %Y %H:%M"), moment.replace(fold=1).fold),
        *(clock.isoformat("auto"), clock.replace(minute=1), clock.strftime("%H %f"), repr(clock), bool(dt.time())),
        *(clock.replace(tzinfo=odd), clock.replace(tzinfo=odd) == clock, clock < dt.time(13), hash(clock) != 0),
        *(dt.time.fromisoformat("01:02:03.5-02:00"), dt.time.fromisoformat("T0102"), repr(clock.replace(fold=1))),
        *(plus, repr(plus), odd.tzname(None), odd == plus, dt.timezone.utc, repr(odd), odd.fromutc(aware.replace(tzinfo=odd))),
        *(plus.__getinitargs__(), aware.__reduce_ex__(4)[1][0], moment.__reduce__()[1], day.__reduce__()[1]),
        *(clock.__reduce_ex__(2)[1], span.__reduce__()[1], dt.datetime(day.__reduce__()[1][0] + bytes(6))),
        *(dt.datetime.min, dt.time.max, dt.timedelta.resolution, dt.date.min, day >= dt.date.min, day <= dt.date.max),
    ]
    errors = [
        *(error(dt.date, *args) for args in ((2021, 2, 29), (0, 1, 1), (2021, 13, 1), ("x", 1, 1))),
        *(error(dt.datetime.fromisoformat, text) for text in bad_isos),
        *(error(dt.date.fromisocalendar, 2021, week, day) for week, day in ((53, 1), (0, 1), (1, 8))),
        *(error(dt.time, *args) for args in ((24,), (0, 60), (0, 0, 60), (0, 0, 0, 10**6))),
        *(error(dt.timezone, bad) for bad in (dt.timedelta(days=1), 5)),
        error(lambda: moment - aware), error(lambda: moment < aware), error(lambda: day < moment),
        error(lambda: dt.date.max + dt.timedelta(1)), error(lambda: span / 0), error(lambda: day + 1),
        error(dt.timedelta, days=10**10), error(moment.isoformat, timespec="x"), error(dt.tzinfo().utcoffset, None),
        error(dt.datetime.combine, clock, day), error(dt.time.fromisoformat, "1:2"), error(aware.replace, tzinfo=1),
        error(plus.fromutc, aware.replace(tzinfo=odd)), error(dt.datetime.strptime, "x", "%Y"), error(dt.time, fold=2),
        error(lambda: clock < clock.replace(tzinfo=odd)), error(lambda: clock < 1), error(dt.date.fromisoformat, 1),
    ]  # fmt: skip
    return repr(out), errors


@USES.of("datetime", before=(3, 12))
def pure_datetime() -> object:
    return dates_and_times(fresh("datetime", "_datetime"))


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
    bad = (("x", "%Y"), ("2020 1", "%Y"), ("1", "%"), ("1", "%Q"), ("2021 9", "%G %V"), ("5", "%V"), ("1 1 9", "%Y %V %w"))
    bad += (("2021 400", "%Y %j"), ("30 Feb 2021", "%d %b %Y"), ("+5:3015", "%z"), ("2021 54 1", "%G %V %u"))
    return (
        [repr(_strptime._strptime(text, form)[0]) for text, form in pairs],  # type: ignore[attr-defined]
        [tuple(_strptime._strptime_time(text, form))[:6] for text, form in pairs[:3]],  # type: ignore[attr-defined]
        [error(_strptime._strptime, text, form) for text, form in bad],  # type: ignore[attr-defined]
        [_strptime._calc_julian_from_U_or_W(2021, w, d, m) for w in (0, 5) for d in (0, 6) for m in (True, False)],  # type: ignore[attr-defined]
    )


@USES.of("calendar")
def calendars() -> object:
    import calendar

    text, html = calendar.TextCalendar(6), calendar.HTMLCalendar()
    plain = calendar.Calendar(firstweekday=9)
    days = plain.itermonthdates(2024, 2)
    first = next(days)
    days.close()  # type: ignore[attr-defined]
    return (
        text.formatmonth(2024, 2, 3, 2),
        text.formatyear(2023, 2, 1, 4, 4),
        html.formatmonth(2021, 12),
        len(html.formatyearpage(2022, 4, css="x.css", encoding="ascii")),
        html.formatmonthname(2021, 5, withyear=False) + html.formatweekheader(),
        (str(first), error(next, plain.itermonthdates(1, 1)), plain.firstweekday),
        (plain.monthdayscalendar(2021, 2), plain.monthdays2calendar(2021, 2)[0], plain.getfirstweekday()),
        (len(plain.yeardatescalendar(2021)), len(plain.yeardays2calendar(2021, 4)), len(plain.yeardayscalendar(2021))),
        (list(plain.itermonthdays4(2021, 12))[-1], list(plain.itermonthdays3(2021, 1))[0], list(plain.iterweekdays())),
        (calendar.isleap(1900), calendar.leapdays(1890, 2025), calendar.weekday(1, 1, 1), calendar.weekday(12001, 1, 1)),
        (calendar.monthrange(2024, 2), calendar.timegm((2000, 1, 1, 0, 0, 0)), calendar.month_name[3]),
        (calendar.week(plain.monthdays2calendar(2021, 2)[0], 3), calendar.weekheader(9)),
        (list(calendar.day_abbr), calendar.month_abbr[1:3], calendar.monthcalendar(2021, 3)[0]),
        calendar.formatstring(("x", "y"), 5, 1) if hasattr(calendar, "formatstring") else "",
        [error(calendar.monthrange, 2021, 13), error(calendar.setfirstweekday, 7), error(calendar.month, 1, 0)],
        [str(calendar.IllegalMonthError(13)), str(calendar.IllegalWeekdayError(8))],
    )


@USES.of("random")
def seeded_randomness() -> object:
    import random

    r = random.Random(2024)
    out: list[object] = [r.random(), r.randrange(10), r.randrange(3, 30, 4), r.randrange(9, 0, -2), r.randint(1, 6)]
    deck = list(range(10))
    r.shuffle(deck)
    out += [deck, r.choice("abc"), r.choices("abc", k=4), r.choices("abc", [1, 2, 3], k=3), r.sample(range(1000), 4)]
    out += [r.choices("ab", cum_weights=[1, 4], k=2), r.sample("aabb", 3, counts=[1, 2, 3, 4]), r.sample(deck, 8)]
    out += [r.uniform(1, 2), r.triangular(), r.triangular(0, 10, 3), r.triangular(1, 1), r.normalvariate(), r.gauss(1, 2)]
    out += [r.gauss(), r.lognormvariate(0, 0.5), r.expovariate(2), r.vonmisesvariate(1, 4), r.vonmisesvariate(0, 0)]
    out += [r.gammavariate(2, 1), r.gammavariate(0.5, 1), r.gammavariate(1, 3), r.betavariate(2, 3)]
    out += [r.paretovariate(3), r.weibullvariate(1, 2), r.getrandbits(70), r.randbytes(5)]
    if hasattr(r, "binomialvariate"):
        out += [r.binomialvariate(n, p) for n, p in ((1, 0.5), (5, 0.2), (200, 0.3), (200, 0.7), (3, 0.0), (3, 1.0))]
        out.append(error(r.binomialvariate, 3, 2.0))
    state = r.getstate()
    again = r.random()
    r.setstate(state)
    seeds = [random.Random(seed).random() for seed in ("text", b"bytes", bytearray(b"x"), 1.5)]
    old = random.Random()
    old.seed("legacy", version=1)
    errors = [error(r.randrange, *args) for args in ((0,), (5, 5), (1, 2, 0), (1.5,), (3, "x"))]
    errors += [error(r.choice, []), error(r.choices, "ab", [0, 0]), error(r.choices, "ab", [1], k=1)]
    errors += [error(r.choices, "ab", [1, 2], cum_weights=[1, 2]), error(r.sample, {1, 2}, 1), error(r.sample, "ab", 3)]
    errors += [error(r.sample, "ab", 1, counts=[1]), error(r.setstate, (9, (), None)), error(r.gammavariate, -1, 1)]
    errors += [error(old.seed, [1]), error(random.SystemRandom().getstate), error(r.choices, "a", 1)]
    return repr(out), r.random() == again, seeds, old.random(), errors, len(r.__reduce__())


@USES.of("colorsys")
def colours() -> object:
    import colorsys

    colours = ((0.2, 0.4, 0.4), (1.0, 0.0, 0.0), (0.5, 0.5, 0.5), (0.1, 0.9, 0.3), (0.3, 0.2, 0.8))
    there = (colorsys.rgb_to_hsv, colorsys.rgb_to_hls, colorsys.rgb_to_yiq)
    back = (colorsys.hsv_to_rgb, colorsys.hls_to_rgb, colorsys.yiq_to_rgb)
    converted = [[to(*colour) for colour in colours] for to in there]
    returned = [[to(*colour) for colour in row] for to, row in zip(back, converted, strict=True)]
    wheel = [colorsys.hsv_to_rgb(step / 6, 0.5, 0.9) for step in range(7)]
    return repr((converted, [[tuple(round(x, 6) for x in c) for c in row] for row in returned], wheel))


@USES.of("ipaddress")
def addresses() -> object:
    import ipaddress as ip

    four, six = ip.ip_address("192.0.2.7"), ip.ip_address("2001:db8::1%eth0")
    net, net6 = ip.ip_network("192.0.2.0/28"), ip.ip_network("2001:db8::/126")
    card = ip.ip_interface("10.1.2.3/255.255.0.0")
    flags = ("is_private", "is_global", "is_multicast", "is_loopback", "is_link_local", "is_reserved", "is_unspecified")
    hosts = net.hosts()
    first = next(hosts)  # type: ignore[call-overload]
    bad4 = ("1.2.3", "1.2.3.256", "01.2.3.4", "1..2.3", "a.b.c.d", "1.2.3.4/33", "1.2.3.4/8/9", "١.2.3.4", "1.2.3.1234")
    bad6 = ("::1::", "1:2:3", ":1::2", "1::2:", "12345::", "1:2:3:4:5:6:7:8:9", "::g", "::1.2.3", "::%", "1:2:3:4:5:6:7::8:9")
    texts = ("::ffff:1.2.3.4", "2002:c000:204::", "2001:0:4136:e378:8000:63bf:3fff:fdfd", "fec0::1", "::1", "1::")
    out = [
        *(four + 1, four - 7, int(four), four.packed, four.exploded, six.compressed, four.reverse_pointer),
        *(net6[1].exploded, net6[2].reverse_pointer, six.scope_id, ip.ip_address(2**100), ip.IPv4Address(b"\1\2\3\4")),  # type: ignore[union-attr]
        *([getattr(ip.ip_address(a), flag) for flag in flags] for a in ("127.0.0.1", "224.0.0.1", "8.8.8.8", "fe80::1")),
        *([(a.ipv4_mapped, a.sixtofour, a.teredo, a.is_site_local) for a in map(ip.IPv6Address, texts)]),
        *(four < ip.ip_address("192.0.3.0"), four == 5, six == ip.ip_address("2001:db8::1"), hash(four) == hash(four)),
        *(net.netmask, net.hostmask, net.broadcast_address, net.num_addresses, net.with_netmask, net.with_hostmask),
        *(net[1], net[-1], len(list(net)), list(net6.hosts()), four in net, net.prefixlen, repr(net)),
        *(list(net.subnets()), list(net.subnets(new_prefix=30)), net.supernet(2), net.supernet(new_prefix=20)),
        *(list(net.address_exclude(ip.ip_network("192.0.2.4/30"))), list(net6.subnets(prefixlen_diff=2))),  # type: ignore[arg-type]
        *(net.overlaps(ip.ip_network("192.0.2.8/29")), net.subnet_of(ip.ip_network("192.0.0.0/16"))),  # type: ignore[arg-type]
        *(net.compare_networks(ip.ip_network("192.0.2.0/27")), net.is_private, net6.is_global, str(net6)),  # type: ignore[arg-type]
        *(card, card.ip, card.network, card.with_prefixlen, card.with_hostmask, card == card.ip, card < card),
        *(ip.ip_interface("fe80::1%e/64").network, ip.ip_interface(("10.0.0.1", 8)), ip.ip_network((0, 0)).with_netmask),
        *(list(ip.collapse_addresses([net, ip.ip_network("192.0.2.16/28"), ip.ip_network("192.0.2.5")])),),  # type: ignore[type-var]
        *(list(ip.summarize_address_range(ip.IPv4Address("10.0.0.1"), ip.IPv4Address("10.0.0.9"))),),
        *(sorted([net, ip.ip_network("10.0.0.0/8")], key=ip.get_mixed_type_key), first, f"{four:#x} {six:s} {four:_b}"),  # type: ignore[type-var]
        *(ip.v4_int_to_packed(1), ip.v6_int_to_packed(1)[-2:], ip.ip_network("1.2.3.4/0.0.0.255", strict=False)),
        *(list(ip.ip_network("10.0.0.0/31").hosts()), list(ip.ip_network("::1/128").hosts()), net.supernet_of(net)),  # type: ignore[arg-type]
    ]
    errors = [error(ip.ip_address, bad) for bad in (*bad4, *bad6, -1, 2**128, b"123")]
    errors += [error(ip.IPv4Address, bad) for bad in (-1, 2**32, b"12345", "")]
    errors += [error(ip.ip_network, bad) for bad in ("10.0.0.1/8", "10.0.0.0/x", "10.0.0.0/255.0.255.0", "::/129")]
    errors += [error(lambda: list(net.subnets(new_prefix=5))), error(lambda: list(net.subnets(prefixlen_diff=9))), error(net.supernet, 40)]
    errors += [error(lambda: four < six), error(lambda: four + 2**32), error(net.__getitem__, 99), error(format, four, "q")]
    errors += [error(lambda: list(net.address_exclude(net6))), error(net.subnet_of, net6), error(lambda: net < four)]
    errors += [error(lambda: list(ip.summarize_address_range(four, ip.ip_address("1.1.1.1")))), error(ip.ip_interface, "x")]
    return repr(out), errors


@USES.of("uuid")
def identifiers() -> object:
    import uuid

    one = uuid.UUID("{12345678-1234-5678-9234-567812345678}")
    names = [uuid.uuid3(uuid.NAMESPACE_DNS, "python.org"), uuid.uuid5(uuid.NAMESPACE_URL, "http://x.org/")]
    same = uuid.UUID(bytes=one.bytes), uuid.UUID(bytes_le=one.bytes_le), uuid.UUID(fields=one.fields)
    stamped = uuid.uuid1(node=0x010203040506, clock_seq=99)
    bad: tuple[dict[str, Any], ...] = (
        *({}, {"hex": "12"}, {"bytes": b"x"}, {"bytes_le": b"x"}, {"fields": (1,)}, {"int": -1}),
        *({"int": 1, "version": 99}, {"fields": (2**32, 0, 0, 0, 0, 0)}, {"fields": (0, 2**16, 0, 0, 0, 0)}),
        *({"fields": (0, 0, 0, 2**8, 0, 0)}, {"fields": (0, 0, 0, 0, 0, 2**48)}, {"hex": "z" * 32}),
        *({"fields": (0, 0, 2**16, 0, 0, 0)}, {"fields": (0, 0, 0, 0, 2**8, 0)}),
    )
    return (
        (str(one), repr(one), one.hex, one.urn, int(one), one.version, one.variant, one.is_safe.name),
        (one.time_low, one.time_mid, one.time_hi_version, one.clock_seq, one.node, one.time > 0),
        (names, [uuid.UUID(int=1 << shift).variant for shift in (0, 62, 63)], uuid.UUID(int=7, version=4)),
        (all(item == one for item in same), one < names[0], one >= names[0], one == "text", hash(one) == hash(one.int)),
        (stamped.node, stamped.clock_seq, stamped.version, uuid.uuid4().version, one.clock_seq_low),
        [error(uuid.UUID, **kwargs) for kwargs in bad],
        (error(setattr, one, "int", 5), error(lambda: one < 5), uuid.UUID(one.urn).__getstate__()["int"]),  # type: ignore[operator]
    )


@USES.of("numbers")
def numeric_tower() -> object:
    numbers = fresh("numbers")

    class Cent(numbers.Real):  # type: ignore[misc,name-defined]
        """Only what Real leaves abstract, so that its mixins are used."""

        def __init__(self, value: float) -> None:
            self.value = float(value)

        def __float__(self) -> float:
            return self.value

        def __trunc__(self) -> int:
            return int(self.value)

        __floor__ = __ceil__ = __trunc__

        def __round__(self, ndigits: int | None = None) -> Any:
            return round(self.value, ndigits)

        def __eq__(self, other: object) -> bool:
            return isinstance(other, Cent) and self.value == other.value

        def __hash__(self) -> int:
            return hash(self.value)

        def __add__(self, other: Any) -> Cent:
            return Cent(self.value + float(other))

        def __mul__(self, other: Any) -> Cent:
            return Cent(self.value * float(other))

        def __truediv__(self, other: Any) -> Cent:
            return Cent(self.value / float(other))

        def __floordiv__(self, other: Any) -> float:
            return self.value // float(other)

        def __mod__(self, other: Any) -> float:
            return self.value % float(other)

        def __pow__(self, other: Any) -> Cent:
            return Cent(self.value ** float(other))

        def __neg__(self) -> Cent:
            return Cent(-self.value)

        def __pos__(self) -> Cent:
            return self

        def __abs__(self) -> Cent:
            return Cent(abs(self.value))

        def __lt__(self, other: Any) -> bool:
            return self.value < float(other)

        def __le__(self, other: Any) -> bool:
            return self.value <= float(other)

        def __radd__(self, other: Any) -> Cent:
            return self + other

        __rmul__ = __radd__

        def __rtruediv__(self, other: Any) -> Cent:
            return Cent(float(other) / self.value)

        def __rfloordiv__(self, other: Any) -> float:
            return float(other) // self.value

        def __rmod__(self, other: Any) -> float:
            return float(other) % self.value

        def __rpow__(self, other: Any) -> Cent:
            return Cent(float(other) ** self.value)

    cent = Cent(7.5)
    return (
        (divmod(cent, 2), divmod(20, cent), complex(cent), cent.real.value, cent.imag, cent.conjugate().value),
        ((cent - 1).value, (1 - cent).value, bool(cent), isinstance(cent, numbers.Complex)),
        [[isinstance(item, kind) for kind in (numbers.Integral, numbers.Rational, numbers.Real)] for item in (1, 1.5, 1j)],
        [numbers.Integral.__dict__[name].__get__(6) for name in ("numerator", "denominator")],
        (numbers.Integral.__float__(3), numbers.Integral.__index__(4)),
        error(numbers.Real),
    )


@USES.of("operator")
def operators() -> object:
    operator = fresh("operator", "_operator")
    two = ("add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "lt", "le", "eq", "ne", "ge", "gt", "is_", "is_not")
    bits = ("and_", "or_", "xor", "lshift", "rshift", "iand", "ior", "ixor", "ilshift", "irshift")
    place = ("iadd", "isub", "imul", "itruediv", "ifloordiv", "imod", "ipow")
    one = ("neg", "pos", "abs", "index", "not_", "truth", "inv", "invert")
    table = {"a": [1, 2], "b": 3}
    operator.setitem(table, "c", 4)
    operator.delitem(table, "b")
    getter, items = operator.attrgetter("real", "imag"), operator.itemgetter(1, 0)
    caller = operator.methodcaller("split", ",", maxsplit=1)

    class Sized:
        def __length_hint__(self) -> object:
            return self.hint

        hint: object = 5

    sized = Sized()
    lengths = [operator.length_hint(x, 9) for x in ([1, 2], iter([1]), sized, 5)]
    errors = [error(operator.length_hint, sized, "x")]
    for hint in ("text", -1):
        sized.hint = hint
        errors.append(error(operator.length_hint, sized))
    sized.hint = NotImplemented
    lengths.append(operator.length_hint(sized))
    return (
        [getattr(operator, name)(7, 2) for name in (*two, *bits, *place)],
        [getattr(operator, name)(5) for name in one],
        (operator.concat("a", "b"), operator.iconcat([1], [2]), operator.contains("abc", "b")),
        (operator.countOf([1, 2, 1.0], 1), operator.indexOf([4, 5], 5), operator.getitem(table, "a"), lengths),
        (getter(3 + 4j), operator.attrgetter("real.imag")(2), items("xy"), operator.itemgetter(0)([8]), caller("a,b,c")),
        (repr(getter), repr(items), repr(caller), getter.__reduce__()[1], items.__reduce__()[1], sorted(table)),
        (caller.__reduce__()[0].__class__.__name__, operator.methodcaller("x", 1).__reduce__()[1], operator.call(len, "ab")),
        errors,
        [error(operator.attrgetter, 5), error(operator.methodcaller, 5), error(operator.indexOf, [], 1)],
        [error(operator.concat, 1, 2), error(operator.iconcat, 1, 2), error(operator.index, 1.5), error(getter, "x")],
    )


@USES.of("_pylong", since=(3, 12))
def long_integers() -> object:
    import _pylong

    big = 3**9000 + 7
    text = _pylong.int_to_decimal_string(big)
    return (
        text[:20],
        len(text),
        _pylong.int_from_string("1_" + text + "  ") % 1_000_003,
        _pylong.int_divmod(big * big, -big - 1)[0] % 1009,
        _pylong.int_divmod(-big, 7),
        error(_pylong.int_divmod, 1, 0),
    )


@USES.of("hmac")
def authentication_codes() -> object:
    import hashlib
    import hmac

    pure = hmac.new(b"k" * 100, b"message", lambda data=b"": hashlib.new("sha1", data))
    code = hmac.new(b"key", b"data", "sha256")
    twin = code.copy()
    twin.update(b" more")
    digests = [mac.hexdigest() for mac in (pure, code, twin)]
    return (
        digests,
        (code.name, code.block_size, code.digest_size, pure.copy().digest()[:4]),
        hmac.digest(b"k", b"m", "md5").hex() + hmac.digest(b"k" * 99, b"m", hashlib.sha512).hex()[:9],
        hmac.compare_digest(digests[0], digests[0]),
        [error(hmac.new, "text", b"", "md5"), error(hmac.new, b"k"), error(hmac.new, b"k", b"", "nope")],
    )


@USES.of("hashlib")
def hashes() -> object:
    import io

    hashlib = fresh("hashlib")
    data = bytes(range(256)) * 3
    names = ("md5", "sha1", "sha256", "sha3_256", "blake2s", "sha512", "sha224")
    return (
        [hashlib.new(name, data).hexdigest()[:12] for name in names],
        hashlib.shake_128(data).hexdigest(5),
        hashlib.blake2b(data, digest_size=8, key=b"k", salt=b"s").hexdigest(),
        hashlib.file_digest(io.BytesIO(data), "sha256").hexdigest()[:8],
        hashlib.file_digest(io.BufferedReader(io.BytesIO(data)), hashlib.md5).hexdigest()[:8],  # type: ignore[arg-type]
        hashlib.pbkdf2_hmac("sha1", b"pw", b"salt", 2).hex(),
        [error(hashlib.new, "nope"), error(hashlib.file_digest, "name", "md5"), sorted(hashlib.algorithms_guaranteed)],
        error(hashlib.__dict__["__get_builtin_constructor"], "nope"),
        [hashlib.__dict__["__get_builtin_constructor"](name)().name for name in ("MD5", "sha224", "SHA512", "blake2s")],
    )
