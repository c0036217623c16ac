"""A process that gives a target one input after the other: what crashes it, or makes it hang, ends
it, and its parent (driver.py) takes the input from a file.

worker.py TARGET SEED COUNT SECONDS CURRENT [FILE ...]: FILEs are the inputs, if there are any.
"""

from __future__ import annotations

import faulthandler
import mmap
import os
import re
import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from random import Random

from tests.fuzz.mutation import LONGEST
from tests.fuzz.target import FOUND, Target, target

HANGS = 20.0  # seconds for one input; the slowest takes a fraction of one
HEAD = 16  # bytes: number of the input, and its length
_MOST = 400  # inputs that others are made of
_SHOWN = 12  # outcomes
_NUMBER = re.compile(r"0x[0-9a-f]+|[0-9]+")


class Current:
    """The file that has the present input."""

    def __init__(self, path: Path) -> None:
        with path.open("r+b") as file:
            file.truncate(HEAD + LONGEST)
            self._words = mmap.mmap(file.fileno(), HEAD + LONGEST)

    def store(self, number: int, data: bytes) -> None:
        self._words[HEAD : HEAD + len(data)] = data
        self._words[:HEAD] = number.to_bytes(8, "little") + len(data).to_bytes(8, "little")


def read(path: Path) -> tuple[int, bytes]:
    """Return the number of the input that such a file has, and the input."""
    data = path.read_bytes()
    length = int.from_bytes(data[8:HEAD], "little")
    return int.from_bytes(data[:8], "little"), data[HEAD : HEAD + length]


def _inputs(made: Target, seed: int, count: int, seconds: float) -> Iterator[bytes]:
    """Yield seeds, what was found before, and what is made of them, until there are enough."""
    corpus = list(made.seeds)
    for path in sorted((FOUND / made.name).glob("*")):
        if path.suffix in (
            "",
            f".{sys.implementation.cache_tag}",
        ):  # another's code is no code here
            corpus.append(path.read_bytes())
    outcomes: set[str] = set()
    yield from corpus
    end = time.monotonic() + seconds
    for number in range(count):
        if seconds and time.monotonic() > end:
            return
        data = made.make(Random(f"{seed}/{number}"), corpus)
        yield data
        if made.outcome not in outcomes and len(corpus) < _MOST:
            outcomes.add(made.outcome)
            corpus.append(data)


def main(name: str, seed: str, count: str, seconds: str, current: str, *files: str) -> None:
    memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None  # databases wait for disks
    with tempfile.TemporaryDirectory(prefix="pykcov-fuzz-", dir=memory) as folder:
        for variable, below in (("PYKCOV_STORE", "symbols"), ("PYKCOV_DEVICES", "devices")):
            os.environ[variable] = f"{folder}/{below}"
        now = Current(Path(current))
        made = target(name, Path(folder))
        resource.setrlimit(resource.RLIMIT_AS, (made.memory, made.memory))
        if files:
            inputs = iter([Path(file).read_bytes() for file in files])
        else:
            inputs = _inputs(made, int(seed), int(count), float(seconds))
        done = 0
        outcomes: dict[str, int] = {}
        for done, data in enumerate(inputs, 1):
            now.store(done, data)
            faulthandler.dump_traceback_later(HANGS, exit=True)
            made.outcome = _NUMBER.sub("N", made.check(data))
            faulthandler.cancel_dump_traceback_later()
            outcomes[made.outcome] = outcomes.get(made.outcome, 0) + 1
        made.close()
        often = sorted(outcomes.items(), key=lambda item: -item[1])
        for outcome, n in often[:_SHOWN]:
            print(f"  {n:8} {outcome}")
        print(f"           and {len(often) - _SHOWN} more" if len(often) > _SHOWN else "")
        print(done)


if __name__ == "__main__":
    faulthandler.enable()
    main(*sys.argv[1:])
