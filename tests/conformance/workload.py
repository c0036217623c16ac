"""What tasks run in the conformance tests. It is instrumented; its trace is always the same."""

from __future__ import annotations


def run() -> int:
    total = 0
    for n in range(3):
        if n % 2:
            total += n
        else:
            total -= n
    return total
