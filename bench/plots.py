"""The plots of docs/performance.md, drawn of the results that are kept."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import matplotlib as mpl

mpl.use("agg")
import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, NullFormatter

from bench.programs import LOOPS, PARSERS, PYPERFORMANCE
from bench.results import Data, mean

FOLDER = Path(__file__).parents[1] / "docs" / "performance"
# Okabe and Ito's colours, which the colour-blind can tell apart; each has a marker of its own, too.
BLUE, ORANGE, GREEN, PURPLE, SKY, RED, BLACK = (
    "#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#000000",
)  # fmt: skip
GROUPS = {PYPERFORMANCE: (BLUE, "o"), PARSERS: (GREEN, "s"), LOOPS: (RED, "D")}
ROWS = {
    "empty probe": (BLACK, "|"),
    "pykcov off": (SKY, "s"),
    "pykcov trace": (BLUE, "o"),
    "pykcov prune": (GREEN, "P"),
    "monitoring branches": (PURPLE, "^"),
    "coverage ctrace": (ORANGE, "X"),
    "atheris": (RED, "D"),
}
plt.rcParams.update(
    {
        "font.size": 10,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.grid": True,
        "axes.axisbelow": True,
        "grid.color": "#dddddd",
        "savefig.dpi": 130,
        "savefig.bbox": "tight",
    }
)


def _ratios(axes: Axes, ticks: Iterable[float]) -> None:
    """A logarithmic axis of ratios."""
    axes.set_xscale("log")
    axes.set_xticks(list(ticks))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.grid(axis="x", which="minor", visible=False)
    axes.axvline(1, color="#777777", linewidth=1)


def overview(data: Data) -> Figure:
    """Each row: the geometric mean of each group of programs."""
    names = [row for row in next(iter(data["programs"].values()))["rows"] if row != "plain"]
    names.sort(key=lambda row: -(mean(data, PYPERFORMANCE, row) or 1))
    figure, axes = plt.subplots(figsize=(8, 0.42 * len(names) + 1.2))
    for group, (colour, marker) in GROUPS.items():
        found = [(mean(data, group, row), n) for n, row in enumerate(names)]
        points = [(value, n) for value, n in found if value]
        if points:
            axes.plot(*zip(*points, strict=True), marker, color=colour, label=group, markersize=7)
    for n, row in enumerate(names):
        values = [value for group in GROUPS if (value := mean(data, group, row))]
        axes.text(
            max(values) * 1.06, n, f"{mean(data, PYPERFORMANCE, row) or 0:.2f}", va="center",
            fontsize=9, color=GROUPS[PYPERFORMANCE][0],
        )  # fmt: skip
    axes.set_yticks(range(len(names)), names)
    for label in axes.get_yticklabels():
        label.set_fontweight("bold" if label.get_text().startswith("pykcov") else "normal")
    _ratios(axes, (1, 1.2, 1.5, 2, 3, 5, 10, 20, 40))
    axes.set_xlabel("time / plain, geometric means (logarithmic; figures: pyperformance)")
    axes.legend(loc="upper right", frameon=True)
    return figure


def programs(data: Data) -> Figure:
    """Each program under some of the rows."""
    found = data["programs"]
    order = {group: n for n, group in enumerate((LOOPS, PARSERS, PYPERFORMANCE))}
    names = sorted(
        found,
        key=lambda n: (order[found[n]["group"]], found[n]["rows"]["pykcov trace"]["ratio"]),
        reverse=True,
    )[::-1]
    figure, axes = plt.subplots(figsize=(8, 0.33 * len(names) + 1.4))
    for row, (colour, marker) in ROWS.items():
        points = [
            (found[name]["rows"][row]["ratio"], n)
            for n, name in enumerate(names)
            if row in found[name]["rows"]
        ]
        if points:
            axes.plot(
                *zip(*points, strict=True), marker, color=colour, label=row, linestyle="none",
                markersize=12 if marker == "|" else 7, markeredgewidth=2 if marker == "|" else 0.5,
                markeredgecolor=colour if marker == "|" else "white",
            )  # fmt: skip
    axes.set_yticks(range(len(names)), names)
    for n in range(1, len(names)):
        if found[names[n]]["group"] != found[names[n - 1]]["group"]:
            axes.axhline(n - 0.5, color="#777777", linewidth=1)
    for group in order:
        places = [n for n, name in enumerate(names) if found[name]["group"] == group]
        if places:
            middle = (places[0] + places[-1]) / 2
            axes.annotate(
                group, (1.01, middle), xycoords=("axes fraction", "data"), rotation=-90,
                ha="left", va="center", color="#555555", annotation_clip=False,
            )  # fmt: skip
    _ratios(axes, (1, 1.2, 1.5, 2, 3, 5, 10, 20))
    axes.set_ylim(-0.6, len(names) - 0.4)
    axes.set_xlabel("time / plain (logarithmic)")
    axes.legend(
        loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=4, frameon=False, handletextpad=0.3
    )
    return figure


def growth(data: Data) -> Figure:
    """What an operation takes as blocks that exist grow."""
    found = data["scale"]["us"]
    styles = {
        "consume": (BLUE, "o"),
        "enable trace": (ORANGE, "s"),
        "disable trace": (GREEN, "^"),
        "enable blocks": (RED, "D"),
        "disable blocks": (PURPLE, "v"),
        "fork": (BLACK, "P"),
        "fork, plain": (SKY, "X"),
    }
    figure, axes = plt.subplots(figsize=(8, 4.2))
    for what, (colour, marker) in styles.items():
        points = [(int(n), value) for n, value in found[what].items()]
        label = {"fork": "fork, instrumented"}.get(what, what)
        axes.plot(*zip(*points, strict=True), color=colour, marker=marker, label=label)
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_ylim(1, None)
    axes.set_xlabel("blocks that exist")
    axes.set_ylabel("microseconds")
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
    axes.legend(loc="center left", bbox_to_anchor=(1, 0.5), frameon=False)
    return figure


def cycle(data: Data) -> Figure:
    """Reset, run an empty function, read."""
    found = data["one"]["cycle us"]
    names = sorted(found, key=lambda name: -found[name])
    figure, axes = plt.subplots(figsize=(8, 0.4 * len(names) + 1))
    colours = {"coverage": ORANGE, "an empty": "#999999"}
    for n, name in enumerate(names):
        axes.barh(n, found[name], color=colours.get(name[:8], BLUE), height=0.6)
        value = found[name]
        text = f"{value:.2f} us" if value < 10 else f"{value:,.0f} us"
        axes.text(value * 1.15, n, text, va="center", fontsize=9)
    axes.set_yticks(range(len(names)), names)
    axes.set_xscale("log")
    axes.set_xlim(0.01, max(found.values()) * 8)
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.set_xlabel("microseconds a cycle (logarithmic)")
    axes.grid(axis="y", visible=False)
    return figure


PLOTS = {"overview": overview, "programs": programs, "growth": growth, "cycle": cycle}


def draw(data: Any, folder: Path = FOLDER) -> None:
    """Write each plot as a PNG file."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, plot in PLOTS.items():
        figure = plot(data)
        figure.savefig(folder / f"{name}.png", metadata={"Software": None})
        plt.close(figure)
