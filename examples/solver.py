"""Find an input that examples/vault.py accepts, from what it compares its input with.

    python examples/solver.py

This is what fuzzers do with comparisons: where one operand is found in the input, the other one is
put in its place. Nothing is known of the program but the records of KCOV_TRACE_CMP. Then the same
number of executions, and many more, is spent without them: at random, keeping what reaches new
blocks. Both counts are printed.
"""

from __future__ import annotations

import math
import random
import struct
import sys
from collections.abc import Iterator
from pathlib import Path

import pykcov
from pykcov import Comparison

GOAL = "open"
SIZE = 48  # bytes of an input
BLIND = 20_000  # executions without comparisons

Feature = tuple[int, int]  # a comparison, and its outcome: below 0, 0 or above 0


def encodings(value: int | float | str | bytes) -> Iterator[bytes]:
    """Yield the bytes that a value may have been read from."""
    if isinstance(value, str):
        yield value.encode("utf-8", "replace")
    elif isinstance(value, bytes):
        yield value
    elif isinstance(value, float):
        yield struct.pack("<d", value)
        yield struct.pack(">d", value)
    else:
        for size in (8, 4, 2):
            if -(1 << 8 * size - 1) <= value < 1 << 8 * size:
                low = value & (1 << 8 * size) - 1
                yield low.to_bytes(size, "little")
                yield low.to_bytes(size, "big")


def wanted(value: int | float | str | bytes) -> list[int | float | str | bytes]:
    """A value to put into the input, and those beside it, for `<` and its like."""
    if isinstance(value, float):
        return [value, math.nextafter(value, math.inf), math.nextafter(value, -math.inf)]
    return [value, value + 1, value - 1] if isinstance(value, int) else [value]


def replacements(data: bytes, one: Comparison) -> Iterator[bytes]:
    """Yield inputs in which an operand of the comparison has been replaced by the other."""
    pairs = [(one.right, one.left)]
    if not one.constant:
        pairs.append((one.left, one.right))
    if one.kind in ("none", "length"):
        return
    for found, other in pairs:
        for value in wanted(other):
            for old, new in zip(encodings(found), encodings(value), strict=False):
                at = data.find(old) if len(old) == len(new) > 1 else -1
                while at >= 0:
                    yield data[:at] + new + data[at + len(old) :]
                    at = data.find(old, at + 1)


def outcome(one: Comparison) -> Feature:
    left, right = (one.left, one.right) if one.left != one.right else one.lengths
    order: int = (left > right) - (left < right)  # type: ignore[operator]  # both of one kind
    return one.where.pc, order


class Solver:
    """Executes the program, and counts how often."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.executions = 0
        self.reached = ""

    def execute(self, data: bytes, comparisons: bool = False) -> pykcov.trace:
        self.executions += 1
        with pykcov.trace(1 << 12, comparisons=comparisons) as t:
            self.reached = vault.enter(data)
        return t

    def solve(self, most: int) -> bytes | None:
        """Find an input by its comparisons, in at most so many executions."""
        seen: set[Feature] = set()
        tried: set[bytes] = set()
        queue = [self.random.randbytes(SIZE)]
        while queue and self.executions < most:
            data = queue.pop()
            compared = self.execute(data, comparisons=True).comparisons
            seen |= {outcome(one) for one in compared}
            for one in reversed(compared):
                for candidate in sorted(set(replacements(data, one)) - tried):
                    tried.add(candidate)
                    mended, features = self.mend(candidate, compared)
                    if self.reached == GOAL:
                        return mended
                    if features - seen:
                        seen |= features
                        queue.append(mended)
        return None

    def mend(self, data: bytes, before: list[Comparison]) -> tuple[bytes, set[Feature]]:
        """Put right what was equal before and is not any more: a checksum of what was changed."""
        equal = {outcome(one)[0] for one in before if outcome(one)[1] == 0}
        for _ in range(len(equal) + 1):
            compared = self.execute(data, comparisons=True).comparisons
            if self.reached == GOAL:
                break
            broken = [one for one in compared if one.where.pc in equal and outcome(one)[1] != 0]
            repaired = next((new for one in broken for new in replacements(data, one)), data)
            if repaired == data:
                break
            data = repaired
        return data, {outcome(one) for one in compared}

    def search_blindly(self, most: int) -> bytes | None:
        """Find an input by the blocks that it reaches, in at most so many executions."""
        kept = [self.random.randbytes(SIZE)]
        seen: set[int] = set()
        while self.executions < most:
            data = bytearray(self.random.choice(kept))
            for _ in range(self.random.randint(1, 4)):
                data[self.random.randrange(SIZE)] = self.random.randrange(256)
            blocks = set(self.execute(bytes(data)).pcs)
            if self.reached == GOAL:
                return bytes(data)
            if not blocks <= seen:
                seen |= blocks
                kept.append(bytes(data))
        return None


def main(seed: int = 1, blind: int = BLIND) -> int:
    """Print both counts; 1 when the input was not found."""
    solver = Solver(seed)
    found = solver.solve(10_000)
    print(f"with comparisons: {solver.executions} executions, {solver.reached!r}: {found!r}")
    other = Solver(seed)
    if other.search_blindly(blind) is None:
        print(f"without: not found in {other.executions} executions, {other.reached!r}")
    return 0 if found else 1


sys.path.insert(0, str(Path(__file__).parent))
pykcov.instrument(include=["**/examples/vault.py"], comparisons=True)
import vault  # noqa: E402 - instrumented as it is imported

if __name__ == "__main__":
    raise SystemExit(main(*map(int, sys.argv[1:])))
