"""The tables of docs/performance.md, made from the results that are kept."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from bench import goals, results
from bench.programs import LOOPS, PARSERS, PYPERFORMANCE
from bench.results import Data, mean

GROUPS = (PYPERFORMANCE, PARSERS, LOOPS)
VERSIONS = ("3.11", "3.12", "3.13", "3.14", "3.15")


def table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """Return a Markdown table."""
    head = list(head)
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |".replace("|  |", "| |") for line in lines)


def _shown() -> Data:
    data = results.read(results.SHOWN)
    assert data is not None
    return data


def _figure(value: float | None) -> str:
    return "" if value is None else f"{value:.2f}"


def _figures(value: float) -> str:
    """Three figures, or all before the point."""
    return f"{value:,.3g}" if value < 1000 else f"{value:,.0f}"


def conditions() -> str:
    """The machine and the versions."""
    found = _shown()
    machine = found["machine"]
    packages = ", ".join(
        f"{name} {version}" for name, version in machine["packages"].items() if version
    )
    real_time = "with" if machine["real-time"] else "without"
    text = (
        f"CPython {machine['python']} on {machine['cores']} cores of {machine['cpu']}, "
        f"Linux {machine['kernel']}, {machine['date']}, {real_time} real-time priority; {packages}."
    )
    for name, why in found["left out"].items():
        text += f"\nNot measured: {name} ({why})."
    return text


def goals_() -> str:
    """Each goal, what was measured, and whether that meets it."""
    return table(("", "goal", "measured", ""), goals.rows(_shown()))


def rows() -> str:
    """Geometric means of each group under each row."""
    data = _shown()
    names = [row for row in next(iter(data["programs"].values()))["rows"] if row != "plain"]
    return table(
        ("time / plain", *GROUPS),
        ((row, *(_figure(mean(data, group, row)) for group in GROUPS)) for row in names),
    )


def versions() -> str:
    """Geometric means over the programs that were measured on each CPython, and those held out."""
    found = {version: results.read(version) for version in VERSIONS}
    known = {version: data for version, data in found.items() if data}
    shared = set.intersection(*(set(data["programs"]) for data in known.values()))
    columns: dict[str, Data] = {
        f"{version}, {len(shared)} programs": {
            "programs": {name: p for name, p in data["programs"].items() if name in shared}
        }
        for version, data in known.items()
    }
    if held_out := results.read(f"{results.SHOWN}-held-out"):
        columns[f"{results.SHOWN}, the {len(held_out['programs'])} held out"] = held_out
    names = [row for row in next(iter(_shown()["programs"].values()))["rows"] if row != "plain"]
    cells = ((row, *(_figure(_over_all(data, row)) for data in columns.values())) for row in names)
    text = f"Geometric means. On each CPython: {', '.join(sorted(shared))}."
    if held_out:
        text += f" Held out: {', '.join(held_out['programs'])}."
    return f"{text}\n\n{table(('time / plain', *columns), cells)}"


def _over_all(data: Data, row: str) -> float | None:
    one_group = {name: {**p, "group": "all"} for name, p in data["programs"].items()}
    return mean({"programs": one_group}, "all", row)


def programs() -> str:
    """Each program, under the rows that matter most."""
    found = _shown()["programs"]
    wanted = ("empty probe", "pykcov off", "pykcov trace", "pykcov prune", "coverage ctrace",
              "monitoring branches", "atheris")  # fmt: skip
    chosen = [row for row in wanted if row in next(iter(found.values()))["rows"]]
    return table(
        ("program", "plain ms", "records", *chosen),
        (
            (
                name,
                f"{program['plain ms']:.1f}",
                f"{program['records']['pykcov trace']:,}",
                *(_figure(program["rows"][row]["ratio"]) for row in chosen),
            )
            for name, program in found.items()
        ),
    )


def hit() -> str:
    """A hit."""
    found = _shown()["one"]["hit"]
    return table(
        ("a hit", "ns", "/ empty"),
        ((what, f"{ns:.2f}", _figure(found["to empty"][what])) for what, ns in found["ns"].items()),
    )


def imports() -> str:
    """Imports, and rewriting."""
    found = _shown()["imports"]
    ratios = table(
        ("", "/ plain import", "quartiles"),
        (
            (what, f"{r['ratio']:.2f}", f"{r['low']:.2f} to {r['high']:.2f}")
            for what, r in found["to plain"].items()
            if what != "plain"
        ),
    )
    speed = table(
        ("", "lines a second"), ((what, f"{n:,.0f}") for what, n in found["lines/s"].items())
    )
    head = (
        f"{', '.join(found['packages'])}: {found['files']} files, {found['lines']:,} lines, "
        f"{found['blocks']:,} blocks. The plain import takes {found['plain ms']:.0f} ms."
    )
    return f"{head}\n\n{ratios}\n\n{speed}"


def growth() -> str:
    """What depends on the blocks that exist."""
    found = _shown()["scale"]
    sizes = list(found["memory"])
    rows = [
        (f"{what}, us", *(_figures(by[size]) for size in sizes)) for what, by in found["us"].items()
    ]
    memory = [f"{found['memory'][size]['bytes per block']:,}" for size in sizes]
    return table(
        ("blocks", *(f"{int(size):,}" for size in sizes)), [*rows, ("bytes a block", *memory)]
    )


def lengths() -> str:
    """Long functions and modules."""
    found = _shown()["lengths"]
    options = next(iter(found.values()))
    rows = [
        (kind, *(f"{one['ms']:,.0f} ms, {one['to short']:.1f}" for one in by.values()))
        for kind, by in found.items()
    ]
    return table(("8,000", *options), rows)


def guests() -> str:
    """A guest's calls."""
    found = _shown()["guests"]
    calls = table(("", "ns"), ((what, _figures(ns)) for what, ns in found["ns"].items()))
    ratios = table(("", "ratio"), ((w, _figure(ratio)) for w, ratio in found["ratios"].items()))
    return f"{calls}\n\n{ratios}"


def services() -> str:
    """Requests."""
    rows = []
    for server, by in _shown()["services"].items():
        for name, one in by.items():
            if isinstance(one, dict):
                ratios = (_figure(one["to plain"]), _figure(one["CPU to plain"]))
                rows.append((server, name, f"{one['requests/s']:,}", *ratios))
    return table(("server", "variant", "requests/s", "/ plain", "CPU a request / plain"), rows)


PARTS: dict[str, Callable[[], str]] = {
    "conditions": conditions,
    "goals": goals_,
    "rows": rows,
    "versions": versions,
    "programs": programs,
    "hit": hit,
    "imports": imports,
    "growth": growth,
    "lengths": lengths,
    "guests": guests,
    "services": services,
}
