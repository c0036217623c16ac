"""Figures that pages quote from the results that are kept, so that no two pages can disagree.

A page quotes a word as `<!-- =NAME -->0.83<!-- end -->`, and a table as a paragraph between
`<!-- NAME: made by make docs -->` and `<!-- end -->`. `make docs` fills in both.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from bench import page, results
from bench.programs import LOOPS, PARSERS, PYPERFORMANCE
from bench.results import Data, mean

_WORD = re.compile(r"<!-- =(\w+) -->.*?<!-- end -->", re.DOTALL)
_TABLE = re.compile(r"<!-- (\w+): made by make docs -->\n.*?<!-- end -->", re.DOTALL)

# What the row of a tool tells about a program, for readers who choose between them.
_TOLD = {
    "pykcov trace": "every block, in order, of one thread, task or request",
    "pykcov prune": "the same, without blocks that can be inferred from others",
    "coverage sysmon": "the first execution of each line in the process",
    "coverage ctrace": "the lines that the process executed",
    "atheris": "counters of edges, in a fuzz loop",
    "sys.settrace": "every line, in order",
}
_NAMES = {
    "pykcov trace": "**pykcov**, tracing",
    "pykcov prune": "**pykcov**, tracing, `prune=True`",
    "coverage sysmon": "coverage.py, `sysmon` core",
    "coverage ctrace": "coverage.py, C tracer",
    "atheris": "Atheris",
    "sys.settrace": "`sys.settrace`, in Python",
}


def _data() -> Data:
    data = results.read(results.SHOWN)
    assert data is not None
    return data


def _mean(row: str, group: str = PYPERFORMANCE) -> str:
    value = mean(_data(), group, row)
    assert value is not None
    return f"{value:.2f}"


def _time(ns: float) -> str:
    """A time in the unit that people would say it in."""
    for unit, size in (("s", 1e9), ("ms", 1e6), ("µs", 1e3)):
        if ns >= size:
            return f"{ns / size:.3g} {unit}"
    return f"{ns:.3g} ns"


def _services(variant: str) -> str:
    """From the least to the most, over the servers."""
    found = sorted(by[variant]["to plain"] for by in _data()["services"].values())
    low, high = f"{found[0]:.2f}", f"{found[-1]:.2f}"
    return low if low == high else f"{low} to {high}"


def costs() -> str:
    """What each tool costs, and what it tells for that."""
    rows = [
        (_NAMES[row], *(_mean(row, group) for group in (PYPERFORMANCE, PARSERS, LOOPS)), told)
        for row, told in _TOLD.items()
    ]
    head = ("run time / plain", "pyperformance", "parsers", "tight loops", "what you learn")
    return page.table(head, rows)


def jobs() -> str:
    """What else people do with such tools."""
    data = _data()
    cycle = {name: _time(us * 1e3) for name, us in data["one"]["cycle us"].items()}
    guest = data["guests"]["ns"]
    warm = data["imports"]["to plain"]["imported, warm"]["ratio"]
    cold = data["imports"]["to plain"]["imported, cold"]["ratio"]
    return page.table(
        ("job", "pykcov", "the alternative"),
        (
            (
                "requests a second of a service, each traced / plain",
                _services("pykcov, traced"),
                f"{_services('coverage, lines')} (coverage.py's C tracer, not by request)",
            ),
            (
                "reset, call an empty function, read what it executed",
                f"{cycle['kept area']} (kept area), {cycle['trace(), clear()']} (`trace()`)",
                f"{cycle['coverage ctrace']} (coverage.py: erase, start, stop, read)",
            ),
            (
                "a guest's system call, answered",
                f"{_time(guest['getpid, trapped'])} (in Python)",
                f"{_time(guest['getpid, trapped, in C'])} (in C), "
                f"{_time(guest['getpid, strace'])} (`strace`)",
            ),
            (
                "importing / importing plain `.pyc` files",
                f"{warm:.2f} (warm cache), {cold:.1f} (first time)",
                "",
            ),
        ),
    )


WORDS: Mapping[str, Callable[[], str]] = {
    "trace": lambda: _mean("pykcov trace"),
    "ctrace": lambda: _mean("coverage ctrace"),
    "sysmon": lambda: _mean("coverage sysmon"),
    "atheris": lambda: _mean("atheris"),
    "guest_call": lambda: _time(_data()["guests"]["ns"]["getpid, trapped"]),
    "guest_call_to_c": lambda: f"{_data()['guests']['ratios']['trapped / in C']:.1f}",
    "services_traced": lambda: _services("pykcov, traced"),
    "services_coverage": lambda: _services("coverage, lines"),
    "cycle_kept": lambda: _time(_data()["one"]["cycle us"]["kept area"] * 1e3),
    "cycle_coverage": lambda: _time(_data()["one"]["cycle us"]["coverage ctrace"] * 1e3),
    "warm_import": lambda: f"{_data()['imports']['to plain']['imported, warm']['ratio']:.2f}",
}
TABLES: Mapping[str, Callable[[], str]] = {**page.PARTS, "costs": costs, "jobs": jobs}


def filled(text: str) -> str:
    """Return a page with its figures as the results have them."""
    text = _WORD.sub(lambda m: f"<!-- ={m[1]} -->{WORDS[m[1]]()}<!-- end -->", text)
    return _TABLE.sub(
        lambda m: f"<!-- {m[1]}: made by make docs -->\n{TABLES[m[1]]()}\n<!-- end -->", text
    )
