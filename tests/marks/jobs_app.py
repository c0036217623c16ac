"""What jobs execute: it depends on the arguments alone. It is instrumented."""

from __future__ import annotations

import time

from tests.service import paths

# What run() is given, and whether it then raises.
KINDS: list[tuple[str, int]] = [
    ("line", 1),
    ("line", 2),
    ("line", 3),
    ("items", 4),
    ("items", 5),
    ("pauses", 6),
    ("pauses", 7),
    ("pauses", 8),
    ("fail", 9),
    ("fail", 10),
    ("slow", 11),
    ("slow", 12),
]


def run(kind: str, n: int) -> str:
    """Do one."""
    if kind == "line":
        return paths.line(n).decode()
    if kind == "items":
        return b"".join(paths.items(n)).decode()
    if kind == "pauses":
        for i in range(n % 4 + 1):
            time.sleep(0)
            paths.work(n + i)
        return "paused"
    if kind == "slow":
        paths.work(n)
        time.sleep(0.01)
        paths.work(n + 20)
        return "slow"
    paths.fail(n)
    return "never"
