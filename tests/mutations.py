"""Break pykcov one line at a time, and say which tests notice: `python -m tests.mutations`.

Each mutation makes blocks that are wrong, missing, doubled or on a wrong line, and crashes nothing
at once. It is applied to a copy of src/, so this tree stays as it is, and each test file runs with
the copy until its first failure, and the next one only if it passes. Options: -k WORD takes the
mutations that have it in their names; --all runs each test file for each; what follows are test
files, instead of those that compare whole programs with oracles.

A mutation is found by its text alone, which must stand in one file once: files may move.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[1]
FILES = ["tests/live/test_order.py", "tests/live/test_lines.py"]
SECONDS = 500


class Mutation(NamedTuple):
    """`old`, once in src/pykcov, becomes `new`."""

    name: str
    old: str
    new: str


MUTATIONS = [
    # Where blocks begin.
    Mutation(
        "the jump behind a branch is a block",
        "half = offset not in entered and i.op in UNCONDITIONAL and line in (None, fallen[offset])",
        "half = False",
    ),
    Mutation(
        "the step of a for is a block",
        "step = i.op == FOR_ITER and offset not in starts",
        "step = False",
    ),
    Mutation(
        "no block behind a yield",
        "in (RESUME_AT_START, RESUME_AFTER_YIELD):",
        "== RESUME_AT_START:",
    ),
    Mutation(
        "no block at a handler",
        "found = {handler.target for handler in handlers(table)}",
        "found = set[int]()",
    ),
    Mutation(
        "no block behind a branch",
        "for offset in entered | fallen.keys():",
        "for offset in entered:",
    ),
    Mutation(
        "a probe in an await's loop",
        "if not (i.op == JUMP_BACKWARD_NO_INTERRUPT and i.target in sends):",
        "if sends is not None:",
    ),
    Mutation(
        "an await's clean-up is of the block before",
        "thrown = i[_OP] == CLEANUP_THROW",
        "thrown = 0",
    ),
    Mutation(
        "no block where the line stays",
        "if run and line == run.line and not (begins or thrown):",
        "if run and line == run.line and not thrown:",
    ),
    Mutation(
        "the block behind a for is jumped over (3.13)",
        "return END_FOR_POPS and n > 0 and instructions[n - 1].op == END_FOR",
        "return END_FOR_POPS < 0",
    ),
    Mutation(
        "an async for that raises begins the block behind it",
        'LANDING = _ops("END_FOR", "END_SEND", "END_ASYNC_FOR",',
        'LANDING = _ops("END_FOR", "END_SEND",',
    ),
    # Which lines a block has.
    Mutation(
        "a block jumps over a line",
        "return self._between(low, high) == len(self.lines) + 1",
        "return self._between(low, high) <= len(self.lines) + 2",
    ),
    Mutation(
        "by_line cuts backwards only", "if self.by_line:", "if self.by_line and line < self.low:"
    ),
    Mutation(
        "nested code has no lines",
        "lines |= set() if bare else code_lines(located)",
        "lines = lines or code_lines(located)",
    ),
    Mutation(
        "a block's last line is not its own",
        "covered = self.lines[bisect_left(self.lines, start) : bisect_right(self.lines, end)]",
        "covered = self.lines[bisect_left(self.lines, start) : bisect_right(self.lines, end - 1)]",
    ),
    # Where in a block the probe stands.
    Mutation(
        "a probe passes where a jump arrives",
        "if following.start in ends or positions[n + 1][0] != positions[first][0]:",
        "if positions[n + 1][0] != positions[first][0]:",
    ),
    Mutation(
        "a probe passes what may raise",
        "HARMLESS = LOAD_FAST | _ops(",
        'HARMLESS = LOAD_FAST | _ops("LOAD_ATTR",',
    ),
    Mutation(
        "all locals have values (3.11)",
        "always = (1 << parameters) - 1 & everything",
        "always = everything",
    ),
    # Which probe is whose.
    Mutation(
        "functions share their PCs",
        "own = mine[number : number + len(spans)]",
        "own = mine[: len(spans)]",
    ),
    Mutation(
        "closures are not instrumented in place",
        "for item in _tracked() if type(item) is FunctionType}",
        "for item in _tracked() if type(item) is FunctionType and not item.__closure__}",
    ),
    Mutation(
        "an exception goes past its handler",
        "return [Handler(label(h.start), label(h.end), ",
        "return [Handler(label(h.start), label(h.end) - 1, ",
    ),
]


def mutate(mutation: Mutation, source: Path) -> str:
    """Apply it below `source`; return the name of the file. Raises ValueError: no such text."""
    found = [path for path in sorted(source.rglob("*.py")) if mutation.old in path.read_text()]
    if len(found) != 1 or (text := found[0].read_text()).count(mutation.old) != 1:
        raise ValueError(f"{mutation.name}: its text is in {len(found)} files, and not in one once")
    found[0].write_text(text.replace(mutation.old, mutation.new))
    return str(found[0].relative_to(source))


def first_failure(source: Path, file: str) -> str:
    """Run a test file with the pykcov in `source`; return what fails first, or ""."""
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", file],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(source), "CI": "1"},
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    if done.returncode == 0:
        return ""
    failed = re.search(r"^(?:FAILED|ERROR) [^:]*(?:::)?(.*?)(?: - .*)?$", done.stdout, re.MULTILINE)
    return (failed[1] or "at once") if failed else f"exit {done.returncode}"


def main() -> None:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("-k", default="", metavar="WORD")
    parser.add_argument("--all", action="store_true")
    parser.add_argument("files", nargs="*", default=FILES)
    given = parser.parse_args()
    noticed = 0
    chosen = [mutation for mutation in MUTATIONS if given.k in mutation.name]
    for mutation in chosen:
        with tempfile.TemporaryDirectory(prefix="pykcov-mutated-") as folder:
            source = Path(folder) / "src"
            shutil.copytree(ROOT / "src", source, ignore=shutil.ignore_patterns("__pycache__"))
            changed = mutate(mutation, source / "pykcov")
            begun = time.monotonic()
            said: dict[str, str] = {}
            for file in given.files:
                if given.all or not any(said.values()):
                    said[file] = first_failure(source, file)
        noticed += any(said.values())
        print(f"{mutation.name} ({changed}), {time.monotonic() - begun:.0f} s", flush=True)
        for file, test in said.items():
            print(f"    {file}: {test or 'not noticed'}", flush=True)
    print(f"{noticed} of {len(chosen)} mutations noticed")


if __name__ == "__main__":
    main()
