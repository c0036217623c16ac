"""Workloads over numbers and their arithmetic."""

# Calls stand in rows, as in a table; one to a line, they would hide what is used of a module.
# fmt: off
# Private names and wrong arguments are used on purpose.
# mypy: ignore-errors

from __future__ import annotations

import sys

from ..helpers import error, fresh
from ..registry import Uses

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
        third + half, third - 1, 2 * half, third / half, 1 / half, 7 // half, half // third,
        7 % half,
        divmod(half, third), divmod(2, third), third**2, half**-2, third**half, 2.0**half, 4**half,
        (-half) ** 3, (-half) ** -3, third + 1j, 0.5 * third, half**2.0, abs(-third), -third,
        +third,
        round(Fraction(7, 2)), round(Fraction(5, 2)), round(Fraction(12345, 7), 2), round(half, -1),
        int(Fraction(-7, 2)), third.__floor__(), third.__ceil__(), bool(Fraction(0)), complex(half),
        third < half, third <= 0.5, third > Fraction(1, 4), half >= 1, half == 0.5, half == 1,
        half == 0.5j,
        third == float("nan"), third < float("inf"), hash(half) == hash(0.5),
        hash(Fraction(-3)) == -3,
        Fraction(0.1).limit_denominator(10), Fraction("3.14159").limit_denominator(1000),
        Fraction.from_float(0.25), Fraction.from_decimal(Decimal("1.1")), Fraction.from_float(3),
        Fraction(Decimal("0.75")), Fraction(Fraction(1, 2), Fraction(3, 4)), Fraction(half),
        third.as_integer_ratio(), half.numerator, half.denominator, half.real, half.conjugate(),
        copy.copy(half), copy.deepcopy(half), half.__reduce__()[1], isinstance(half, Rational),
        repr(half),
    ]
    if sys.version_info >= (3, 12):
        specs = ("", ".2f", "+012.3e", ",.1f", ">10.2%", "#.3g", "_.0f", "*^12.4G")
        out += [format(Fraction(-22000, 7), spec) for spec in specs]
        out += [error(format, third, ".2q"), Fraction(3, 2).is_integer()]
    return (
        repr(out),
        [error(Fraction, text) for text in bad],
        [error(Fraction, *args)
         for args in ((1, 0), (1.5, 2), (object(),), (float("nan"),), ("1", 2))],
        [error(lambda: third < "x"), error(lambda: third < 1j), error(third.limit_denominator, 0)],
        [error(Fraction.from_float, "x"), error(Fraction.from_decimal, 1.5),
         error(lambda: half / 0)],
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
        st.mean(data), st.mean(mixed), st.mean(tens), st.fmean(data), st.fmean(data, range(1, 7)),
        st.geometric_mean([1, 2, 8]), st.harmonic_mean([40, 60]),
        st.harmonic_mean([2, 4], weights=[1, 3]),
        st.harmonic_mean([5]), st.harmonic_mean([0, 1]), st.mean([float("inf"), 1.0]),
        st.median(data), st.median([1, 3, 2]), st.median_low(data), st.median_high(data),
        st.median_grouped([1, 3, 3, 5, 7]), st.median_grouped([1, 2, 2, 3], interval=2),
        st.mode("abbc"), st.multimode("aabbc"), st.multimode([]), st.quantiles(data),
        st.quantiles(data, n=3, method="inclusive"), st.quantiles(range(9), n=5),
        st.variance(data), st.pvariance(data), st.stdev(data), st.pstdev(tens), st.variance(mixed),
        st.variance([1, 3], xbar=2), st.pvariance([1, 3], mu=2), st.pstdev(mixed),
        st.covariance([1, 2, 3], [2, 4, 7]), st.correlation([1, 2, 3], [2, 4, 7]),
        st.linear_regression([1, 2, 3], [2, 4, 7]),
        st.linear_regression([1, 2], [2, 4], proportional=True),
        normal.pdf(90), normal.cdf(110), [normal.inv_cdf(p) for p in (0.001, 0.3, 0.5, 0.93)],
        normal.zscore(130), normal.overlap(other), normal.overlap(st.NormalDist(90, 15)),
        normal.quantiles(3),
        normal + 5, 2 * normal, normal / 3, normal - other, -normal, other - 1, +normal, 3 - normal,
        normal == st.NormalDist(100, 15), normal.samples(2, seed=7), normal.stdev, normal.variance,
        normal.median, normal.mode, repr(normal), hash(normal) == hash(st.NormalDist(100, 15)),
    ]
    if sys.version_info >= (3, 12):
        out.append(st.correlation([1, 2, 3], [1, 3, 2], method="ranked"))
    if sys.version_info >= (3, 13):
        density = st.kde(data, h=1.5)
        out += [density(3.0), st.kde(data, h=2, kernel="triangular", cumulative=True)(5)]
        out.append(st.kde_random(data, h=1.5, seed=3)())
        out.append(error(st.kde, [], 1))
    empty = (st.mean, st.fmean, st.median, st.median_low, st.median_high, st.mode,
             st.median_grouped)
    return (
        repr(out),
        [error(function, [])
         for function in (*empty, st.geometric_mean, st.harmonic_mean, st.pvariance)],
        [error(st.harmonic_mean, bad) for bad in ([-1, 2], ["x"])],
        [error(st.harmonic_mean, [1, 2], weights=bad) for bad in ([1], [0, 0])],
        [error(st.quantiles, data, n=0), error(st.quantiles, []),
         error(st.quantiles, data, method="x")],
        [error(st.correlation, [1], [2]), error(st.correlation, [1, 1], [2, 3]),
         error(st.covariance, [1, 2], [1])],
        [error(st.linear_regression, [1, 1], [2, 3]), error(st.NormalDist, 0, -1),
         error(normal.inv_cdf, 2)],
        [error(st.NormalDist(1, 0).cdf, 1), error(st.variance, [1]), error(st.mean, ["x"])],
    )


@USES.of("_pydecimal")
def decimal_arithmetic() -> object:
    import _pydecimal as decimal

    number = decimal.Decimal
    a, b = number("12.345"), number("-0.0067")
    nan, snan, inf = number("NaN12"), number("sNaN"), number("-Infinity")
    small = decimal.Context(prec=4, rounding=decimal.ROUND_HALF_EVEN, Emin=-9, Emax=9, capitals=0,
                            clamp=1)
    modes = ("ROUND_DOWN", "ROUND_UP", "ROUND_HALF_UP", "ROUND_HALF_DOWN", "ROUND_HALF_EVEN")
    modes += ("ROUND_CEILING", "ROUND_FLOOR", "ROUND_05UP")
    bad = ("x", "1e", (1, (2, 10), 0), (2, (1,), 0), (0, (1,), "n2"), [1], 1j)
    with decimal.localcontext() as context:
        context.prec = 20
        out = [
            a + b, a - b, a * b, a / b, a // b, a % b, divmod(a, b), a**3, a**-2,
            a ** number("0.5"), -a,
            a.sqrt(), a.ln(), a.log10(), a.exp(), number(2).ln(), number("1e3").log10(),
            pow(number(7), 3, 5),
            a.quantize(number("0.1")), a.to_integral_value(), a.to_integral_exact(), round(a, 1),
            round(a),
            int(a), float(b), abs(b), +a, a.adjusted(), a.as_tuple(), a.as_integer_ratio(),
            a.fma(2, b),
            a.compare(b), a.compare_total(b), a.compare_signal(b), a.compare_total_mag(b), a.max(b),
            a.min(b),
            a.max_mag(b), a.min_mag(b), a.next_plus(), a.next_minus(), a.next_toward(b),
            a.copy_sign(b),
            a.remainder_near(3), a.scaleb(3), a.shift(2), a.rotate(-1), a.logb(), a.normalize(),
            a.radix(),
            a.number_class(), b.number_class(), inf.number_class(), a.same_quantum(b),
            a.canonical(), a.real,
            number(1101).logical_and(11), number(1100).logical_or(11),
            number(1100).logical_xor(111),
            number(101).logical_invert(), number("1E+5").to_eng_string(),
            number("123e-9").to_eng_string(),
            nan + 1, inf + 1, inf * -1, nan.is_qnan(), snan.is_snan(), inf.is_infinite(),
            a.is_signed(),
            a < b, a <= 13, a > 1.5, a >= b, a == number("12.3450"), a != 1, nan == nan, a == 0.5j,
            number.from_float(0.1), number((1, (3, 1, 4), -2)), number("  1_0.5 "),
            hash(number(5)) == hash(5),
            number("1e400") > 10**300, number(0) ** 5, number(1) / 3, number(2) ** 100,
            number(10) ** -3,
        ]
        for spec in (",.2f", "e", "+.3g", "010.1f", ">12", "%", "<8n", "_^12.1", ".0f", "z.1f"):
            out.append(format(a * 1000, spec))
        out += [a.quantize(number(1), rounding=mode) for mode in modes]
        out += [error(number, text) for text in bad]
        out += [error(lambda: a / 0), error(lambda: number(0) / 0), error(inf.__int__),
                error(nan.__int__)]
        out += [error(lambda: nan < 1), error(number(-1).sqrt), error(number(-1).ln),
                error(format, a, "qq")]
        out += [error(lambda: snan + 1), error(a.quantize, number("1e-30")), error(lambda: a + 0.5)]
        out += [error(lambda: inf - inf), error(lambda: inf % a),
                error(pow, number(-8), number("0.3"))]
    out += [small.add(a, b), small.create_decimal("123456"), small.divide(1, 3), small.power(2, 9)]
    out += [small.sqrt(2), small.to_sci_string(a), small.plus(a), small.Etop(), small.Etiny()]
    out += [error(small.multiply, number("9e9"), 10), small.copy().flags == small.flags,
            repr(small)]
    small.traps[decimal.Inexact] = True
    out += [error(small.divide, 1, 3), small.create_decimal_from_float(0.5),
            str(decimal.BasicContext)]
    small.clear_flags()
    small.clear_traps()
    out += [small.divide(number("1e-9"), 3), small.subtract(1, 1), small.remainder(7, 4),
            small.exp(1)]
    out += [error(setattr, small, "prec", 0), error(setattr, small, "rounding", "x"),
            error(delattr, small, "prec")]
    return repr(out)


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


@USES.of("numbers")
def numeric_tower() -> object:
    numbers = fresh("numbers")

    class Cent(numbers.Real):
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
        (divmod(cent, 2), divmod(20, cent), complex(cent), cent.real.value, cent.imag,
         cent.conjugate().value),
        ((cent - 1).value, (1 - cent).value, bool(cent), isinstance(cent, numbers.Complex)),
        [[isinstance(item, kind) for kind in (numbers.Integral, numbers.Rational, numbers.Real)]
         for item in (1, 1.5, 1j)],
        [numbers.Integral.__dict__[name].__get__(6) for name in ("numerator", "denominator")],
        (numbers.Integral.__float__(3), numbers.Integral.__index__(4)),
        error(numbers.Real),
    )
