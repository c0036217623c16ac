"""main(name): a workload under the oracle and under pykcov.

Prints a pickle of Comparisons as hexadecimal digits: one with its subject imported before, which is
then instrumented in place; one with it dropped before, so that all see it being imported.
"""

from __future__ import annotations

import importlib
import pickle
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from tests.live.children import forked, warm_up
from tests.live.line_oracle import LineOracle
from tests.live.uses import USES
from tests.live.uses.registry import Use

import pykcov

SIZE = 1 << 25  # words; pages that nobody writes to cost nothing

Lines = dict[str, set[int]]
Prepare = Callable[[str], object]


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


def plain(use: Use, prepare: Prepare) -> Plain:
    """Run under the oracle."""
    prepare(use.subject)
    with LineOracle(use.subject) as oracle:
        use.run()
    return Plain(real(oracle.seen), real(oracle.left))


def traced(use: Use, prepare: Prepare, by_line: bool) -> Traced:
    """Run under pykcov."""
    prepare(use.subject)
    with pykcov.instrument(source=[use.subject], by_line=by_line) as handle:
        with pykcov.trace(SIZE) as t:
            use.run()
        blocks = pykcov.symbolize(sorted(set(t.pcs)), handle.store)
    found = [(str(Path(block.file).resolve()), block.lines) for block in blocks]
    # Constants that were executed before have no probes, and are named.
    left_out = {path: why for path, why in handle.left_out.items() if "executed before" not in why}
    return Traced(found, left_out, t.overflowed)


def compare(use: Use, prepare: Prepare) -> Comparison:
    """Run the workload all three ways."""
    return Comparison(
        forked(lambda: plain(use, prepare)),
        forked(lambda: traced(use, prepare, by_line=False)),
        forked(lambda: traced(use, prepare, by_line=True)),
    )


def drop(subject: str) -> None:
    """Have it imported anew."""
    sys.modules.pop(subject, None)


def main(name: str) -> None:
    """Print the comparisons."""
    warm_up()
    comparisons = [compare(USES[name], prepare) for prepare in (importlib.import_module, drop)]
    print(pickle.dumps(comparisons).hex())
