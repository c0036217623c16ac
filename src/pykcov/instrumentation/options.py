"""What a person can choose of how code is instrumented."""

from __future__ import annotations

from typing import NamedTuple

VERSION = 2  # of blocks.py and heads.py: a change that moves blocks, or what is kept, raises it


class Options(NamedTuple):
    """by_line: cut blocks at every change of line. prune: leave out what other probes tell.
    comparisons: record operands, too. branch: record which way branches go; only with by_line.
    """

    by_line: bool = False
    prune: bool = False
    comparisons: bool = False
    branch: bool = False

    @property
    def variant(self) -> str:
        """What the symbol store keeps of it: under other options, a text has other PCs."""
        names = [name.replace("_", "-") for name, on in self._asdict().items() if on]
        return " ".join((str(VERSION), *names))

    @staticmethod
    def of(variant: str) -> Options:
        """Return the options that a variant stands for."""
        words = variant.split()
        return Options(*(name.replace("_", "-") in words for name in Options._fields))


EXACT = Options()
