"""Options for how code is instrumented."""

from __future__ import annotations

from hashlib import sha256
from typing import Any, NamedTuple

# Version of bytecode/blocks.py and block_heads.py: increment it if blocks or stored data change.
VERSION = 3


class Options(NamedTuple):
    """by_line: cut blocks at every change of line. prune: omit probes that others imply.
    comparisons: record operands, too. branch: record which way branches go; only with by_line.
    exclude: regular expressions (exclude.py).
    """

    by_line: bool = False
    prune: bool = False
    comparisons: bool = False
    branch: bool = False
    exclude: tuple[str, ...] = ()

    @property
    def variant(self) -> str:
        """The key in the symbol store: with other options, the same source has other PCs."""
        flags = Options._fields[:-1]
        names = [name.replace("_", "-") for name in flags if getattr(self, name)]
        if self.exclude:
            names.append(f"exclude-{sha256(repr(self.exclude).encode()).hexdigest()[:16]}")
        return " ".join((str(VERSION), *names))

    @staticmethod
    def restored(saved: list[Any]) -> Options:
        """Return options from a list that has been through JSON."""
        by_line, prune, comparisons, branch, exclude = saved
        return Options(by_line, prune, comparisons, branch, tuple(exclude))

    @staticmethod
    def of(variant: str) -> Options:
        """Return the options that a variant stands for, except exclude."""
        words = variant.split()
        by_line, prune, comparisons, branch = (
            name.replace("_", "-") in words for name in Options._fields[:-1]
        )
        return Options(by_line, prune, comparisons, branch)


EXACT = Options()
