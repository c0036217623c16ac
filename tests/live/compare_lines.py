"""main(module): its workload under the oracle and under pykcov.

Prints a pickle of Comparisons as hexadecimal digits: one as this process has the module, so that
what is imported already is instrumented in place; one with it dropped before, so that all see it
being imported.
"""

from __future__ import annotations

import pickle
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from tests.live.children import forked, warm_up
from tests.live.line_oracle import LineOracle
from tests.live.uses import USES

import pykcov

SIZE = 1 << 25  # words; pages that nobody writes to cost nothing

# Modules that only work if they are the ones that the interpreter imported at its start.
IMPORTED_ONCE = {
    "codecs": "a second one knows no encodings",
    "importlib.metadata": "the finders give out the first one's distributions",
}

Lines = dict[str, set[int]]


class Plain(NamedTuple):
    """What the oracle saw."""

    seen: Lines
    left: Lines


class Traced(NamedTuple):
    """What pykcov recorded: file and lines of each block that ran, and what it left out."""

    blocks: list[tuple[str, tuple[int, ...]]]
    left_out: dict[str, str]
    overflowed: bool

    def lines(self) -> Lines:
        """All lines that the blocks claim, by file."""
        found: Lines = {}
        for file, lines in self.blocks:
            found.setdefault(file, set()).update(lines)
        return found


class Comparison(NamedTuple):
    """One workload, run four times."""

    plain: Plain
    default: Traced
    by_line: Traced


def real(lines: Lines) -> Lines:
    """The same with one name for each file, and without files of which nothing ran."""
    found: Lines = {}
    for file, numbers in lines.items():
        if numbers:
            found.setdefault(str(Path(file).resolve()), set()).update(numbers)
    return found


def plain(module: str, prepare: Callable[[], object]) -> Plain:
    """Run under the oracle."""
    prepare()
    with LineOracle(module) as oracle:
        USES[module]()
    return Plain(real(oracle.seen), real(oracle.left))


def traced(module: str, prepare: Callable[[], object], by_line: bool) -> Traced:
    """Run under pykcov."""
    with pykcov.instrument(source=[module], by_line=by_line) as handle:
        prepare()
        with pykcov.trace(SIZE) as t:
            USES[module]()
        blocks = pykcov.symbolize(sorted(set(t.pcs)), handle.store)
    found = [(str(Path(block.file).resolve()), block.lines) for block in blocks]
    # Constants that were executed before have no probes, and are named.
    left_out = {path: why for path, why in handle.left_out.items() if "executed before" not in why}
    return Traced(found, left_out, t.overflowed)


def compare(module: str, prepare: Callable[[], object]) -> Comparison:
    """Run the module's workload all three ways."""
    return Comparison(
        forked(lambda: plain(module, prepare)),
        forked(lambda: traced(module, prepare, by_line=False)),
        forked(lambda: traced(module, prepare, by_line=True)),
    )


def main(module: str) -> None:
    """Print the comparisons: imported anew, if it can be, and as it is."""
    warm_up()
    comparisons = [compare(module, lambda: None)]
    if module not in IMPORTED_ONCE:
        comparisons.append(compare(module, lambda: sys.modules.pop(module, None)))
    print(pickle.dumps(comparisons).hex())
