"""Raw traces, as symbolize, cmp, add and diff read them: each line is a PC that is known, or is
counted among those that are not."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from random import Random

from tests.fuzz import databases
from tests.fuzz.mutation import mutated, number
from tests.fuzz.target import Target, command, inside, require

from pykcov.measure.datafile import DataFile
from pykcov.symbols.blocks import SITES, FileSymbols, pc_of
from pykcov.symbols.store import SymbolStore

_HEX = frozenset("0123456789abcdefABCDEF")


class Fuzzed(Target):
    """Input: which verb, in a byte; then the text."""

    name = "trace"

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        store = SymbolStore(folder / "store")
        one = databases.symbols("/there/is/none.py", 40)
        first = store.register(one)
        self._blocks = {pc_of(n): one.block(first, n) for n in range(first, first + 40)}
        spans = tuple((0, n // 2 + 1, 4, n // 2 + 1, 9) for n in range(16))
        sites = FileSymbols(one.path, one.source, 3495, 0, f"1{SITES}", ("f",), spans, (1, 2, 3))
        self._first = pc_of(store.register(sites))
        good = "".join(f"{pc:#x}\n" for pc in self._blocks)
        records = "".join(
            f"{kind:#x} {n * 999:#x} {2**64 - n - 1:#x} {self._first + 8 * n - below:#x}\n"
            for n in range(16)
            for kind in (0, 1, 2, 6, 7)
            for below in (0, 1, 2)
        )
        texts = (good, "\n".join(f" {pc - 5:x}\r" for pc in self._blocks), records, "0x1\n\n7 8\n")
        self.seeds = [bytes([n]) + text.encode() for n in range(6) for text in texts]
        self.words = [b"0x", b"\n", b"\r\n", b"\r", b" ", b"\t", b"-", b"+", b"_", b"0" * 20,
                      "\u0661".encode(), "\u2028".encode(), b"\0", b"\xff", b"\x0c", b"\x1c",
                      *(f"{pc:#x}".encode() for pc in list(self._blocks)[:3])]  # fmt: skip

    def make(self, random: Random, corpus: Sequence[bytes]) -> bytes:
        if random.random() < 0.6:
            return mutated(random, random.choice(corpus), corpus, self.words)
        lines = []
        for _ in range(random.randrange(1, 12)):
            words = []
            for _ in range(random.choice((1, 1, 1, 4, 4, 4, 2, 5))):
                pc = random.choice((*self._blocks, self._first + 8 * random.randrange(16)))
                value = random.choice((pc, pc, pc - random.randrange(9), number(random)))
                words.append(format(value, random.choice(("#x", "x", "X", "018x", "d", "#b"))))
            lines.append(random.choice((" ", "\t", "  ")).join(words))
        text = random.choice(("\n", "\r\n", "\n\n")).join(lines)
        return bytes([random.randrange(6)]) + text.encode()

    def check(self, data: bytes) -> str:
        verb = data[0] % 6 if data else 0
        text = data[1:]
        with inside(self.folder):
            if verb in (0, 1, 2):
                return self._symbolize(text, ("gvisor", "addr2line", "json")[verb])
            if verb == 3:
                done = command("cmp", "--store", "store", stdin=text)
                return f"cmp {done.status} {'something' if done.out else 'nothing'} {done.slugs}"
            for name in ("first", "second"):
                Path(name).write_bytes(text if name == "first" else b"0xffffffff80000010\n")
            if verb == 4:
                done = command("diff", "--store", "store", "first", "second")
                return f"diff {done.status} {done.slugs}"
            return self._add()

    def _lines(self, text: bytes) -> tuple[list[int], int, int]:
        """PCs that are known, those that are not, and lines that are none; by another reading
        than pykcov's."""
        known, unknown, malformed = [], 0, 0
        decoded = text.decode("utf-8", "backslashreplace").replace("\r\n", "\n").replace("\r", "\n")
        for line in decoded.split("\n"):
            digits = line.strip()
            if not digits:
                continue
            if digits[:2] in ("0x", "0X"):
                digits = digits[2:]
            if not (set(digits) <= _HEX and 1 <= len(digits) <= 16):
                malformed += 1
                continue
            value = int(digits, 16)
            block = value + -value % 8
            if block in self._blocks:
                known.append(value)
            elif self._first <= block < self._first + 8 * 16:
                known.append(value)  # a comparison's
            else:
                unknown += 1
        return known, unknown, malformed

    def _symbolize(self, text: bytes, form: str) -> str:
        words = ("symbolize", "--store", "store", "--format", form)
        status, out, slugs, told = command(*words, stdin=text)
        known, unknown, malformed = self._lines(text)
        require(status == (1 if unknown or malformed else 0), f"exit code {status}: {told}")
        for count, slug in ((unknown, "pc-unknown"), (malformed, "trace-malformed")):
            found = re.search(rf"^pykcov: (\d+) .*\[{slug}\]$", told, re.MULTILINE)
            require((int(found[1]) if found else 0) == count, f"{count} {slug}, but {told}")
        if form == "gvisor":
            pcs = [int(line, 16) for line in out.splitlines() if line.startswith("0x")]
            require(pcs == known, f"{pcs} instead of {known}")
        elif form == "addr2line":
            lines = [self._blocks[pc + -pc % 8].start_line for pc in known
                     if pc + -pc % 8 in self._blocks]  # fmt: skip
            require(len(out.splitlines()) == len(known), f"{out} for {known}")
            require(len(lines) < len(known) or out == "".join(
                f"/there/is/none.py:{line}\n" for line in lines), out)  # fmt: skip
        else:
            require(len(out.splitlines()) == len(set(known)), f"{out} for {known}")
        return f"symbolize {form} {bool(known)} {slugs}"

    def _add(self) -> str:
        Path("data").unlink(missing_ok=True)
        done = command("add", "--store", "store", "--data", "data", "first")
        if not Path("data").exists():
            require(done.status, "nothing was added, and that was right")
            return f"add {done.status} {done.slugs}"
        hits = sum(sum(one.total().values()) for one in DataFile(Path("data")).read())
        known, _, _ = self._lines(Path("first").read_bytes())
        blocks = [pc for pc in known if pc + -pc % 8 in self._blocks]
        require(hits == len(blocks), f"{hits} hits of {len(blocks)}: {done.told}")
        return f"add {done.status} {done.slugs}"
