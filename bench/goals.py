"""The goals, and how results meet them."""

from __future__ import annotations

import operator
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from bench.programs import LOOPS, PYPERFORMANCE
from bench.results import Data, mean, of_group

SETS = (PYPERFORMANCE, LOOPS)
Values = dict[str, float]  # by what tells several apart
_OPERATORS: dict[str, Callable[[float, float], bool]] = {
    "<=": operator.le,
    "<": operator.lt,
    ">=": operator.ge,
}


@dataclass(frozen=True)
class Goal:
    """values: what was measured, all of which must be as `sign` and `bound` say."""

    text: str
    sign: str
    bound: float
    values: Callable[[Data], Values]
    unit: str = ""

    def judge(self, data: Data) -> tuple[str, str]:
        """What was measured, and whether that meets the goal, in words."""
        try:
            values = self.values(data)
        except KeyError:
            values = {}
        if not values:
            return "", "not measured"
        words = "; ".join(
            f"{value:.3g}{self.unit} {what}".rstrip() if value >= 10 or self.unit
            else f"{value:.3f} {what}".rstrip()
            for what, value in values.items()
        )  # fmt: skip
        met = all(_OPERATORS[self.sign](value, self.bound) for value in values.values())
        return words, "met" if met else "not met"

    @property
    def wanted(self) -> str:
        """The goal as people write it."""
        return f"{self.sign} {self.bound:g}{self.unit}"


def _mean(row: str) -> Callable[[Data], Values]:
    def values(data: Data) -> Values:
        found = mean(data, PYPERFORMANCE, row)
        return {} if found is None else {"": found}

    return values


def _worst(row: str) -> Callable[[Data], Values]:
    def values(data: Data) -> Values:
        return of_group(data, LOOPS, row)

    return values


def _over(above: str, below: str) -> Callable[[Data], Values]:
    def values(data: Data) -> Values:
        found = {group: (mean(data, group, above), mean(data, group, below)) for group in SETS}
        return {group: a / b for group, (a, b) in found.items() if a and b}

    return values


def _added(*others: str) -> Callable[[Data], Values]:
    """Added time of the cheapest of `others` to that of a trace, exact and pruned."""

    def values(data: Data) -> Values:
        found = {}
        for row in ("pykcov trace", "pykcov prune"):
            for group in SETS:
                theirs = [m for other in others if (m := mean(data, group, other))]
                ours = mean(data, group, row)
                if theirs and ours and ours > 1:
                    what = f"{group}{', pruned' if row.endswith('prune') else ''}"
                    found[what] = (min(theirs) - 1) / (ours - 1)
        return found

    return values


def _faster(data: Data) -> Values:
    speed = data["imports"]["lines/s"]
    return {"": speed["rewriting"] / speed["bytecode package"]}


GOALS = (
    Goal("trace on / plain, pyperformance", "<=", 1.10, _mean("pykcov trace")),
    Goal("off / plain, pyperformance", "<=", 1.08, _mean("pykcov off")),
    Goal("trace on / plain, each loop-heavy program", "<=", 1.30, _worst("pykcov trace")),
    Goal("the same, pruned", "<=", 1.20, _worst("pykcov prune")),
    Goal("pruned trace on / an empty probe a block", "<", 1, _over("pykcov prune", "empty probe")),
    Goal("added time of Atheris / of pykcov", ">=", 12, _added("atheris")),
    Goal("added time of coverage.py's ctrace / of pykcov", ">=", 12, _added("coverage ctrace")),
    Goal(
        "added time of a callback of sys.monitoring in C / of pykcov",
        ">=",
        2.5,
        _added("monitoring lines", "monitoring branches"),
    ),
    Goal(
        "a recorded hit / an empty one",
        "<=",
        1.1,
        lambda data: {"": data["one"]["hit"]["to empty"]["recorded"]},
    ),
    Goal(
        "warm import, instrumented / plain from .pyc",
        "<=",
        1.25,
        lambda data: {"": data["imports"]["to plain"]["imported, warm"]["ratio"]},
    ),
    Goal(
        "a cold rewrite / the plain use of the bytecode package, in lines a second",
        ">=",
        5,
        _faster,
    ),
    Goal(
        "consuming with 1,000,000 blocks / with 1,000, the same ones executed",
        "<=",
        1.1,
        lambda data: {"": data["scale"]["to least"]["consume"]["1000000"]},
    ),
    Goal(
        "reset, run an empty function, read",
        "<=",
        1,
        lambda data: {"": data["one"]["cycle us"]["kept area"]},
        unit=" us",
    ),
)


def rows(data: Data) -> list[tuple[str, str, str, str]]:
    """Each goal: text, goal, what was measured, whether that meets it."""
    return [(goal.text, goal.wanted, *goal.judge(data)) for goal in GOALS]


def table(data: Any) -> str:
    """The goals for a terminal."""
    lines = [("", "goal", "measured", ""), *rows(data)]
    widths = [max(len(line[n]) for line in lines) for n in range(3)]
    return "\n".join(
        f"{text:<{widths[0]}}  {wanted:<{widths[1]}}  {measured:<{widths[2]}}  {met}".rstrip()
        for text, wanted, measured, met in lines
    )
