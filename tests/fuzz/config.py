"""pyproject.toml's [tool.pykcov]: it is refused in a line, or reports can be written by it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path
from random import Random

from tests.fuzz.mutation import mutated
from tests.fuzz.target import Target, command, inside, require
from tests.report.made import symbols

from pykcov.measure.config import Config
from pykcov.measure.datafile import DataFile, Measured

_KEYS = [item.name for item in fields(Config)]
_VALUES = (
    "true", "false", "0", "1", "-1", "3", "17", "100", "1e3", "0.5", "-0.0", "nan", "inf", "-inf",
    "9223372036854775807", "10000000000000000000000", '""', '"name"', '"-cover"', '"Miss"', '"*"',
    '"no\\u0000name"', '".pykcov"', '"out"', '"["', '"a*"', '"\\n"', "[]", '["a", "b"]', '["("]',
    '["(a+)+$"]', '["*.py"]', '["subprocess"]', '["**/x"]', '["/a", "/b"]', '["/a", "*/b"]',
    '["/a", ""]', '[""]', "[1]", "[[]]", "{}", '{a = ["/x", "/y"]}', '{a = ["*"]}', "{a = []}",
    '{a = ["", ""]}', '{"" = ["x"]}', "1979-05-27", '"""\n"""', '["\\u0000"]', '{a = ["/b", "]"]}',
)  # fmt: skip
_VERBS = (
    ("report",), ("report", "--format", "total"), ("report", "-m"), ("json", "-o", "-"),
    ("lcov", "-o", "-"), ("xml", "-o", "-"), ("combine", "other"), ("html", "-o", "pages"),
)  # fmt: skip


class Fuzzed(Target):
    """Input: which verb, in a byte; then pyproject.toml."""

    name = "config"
    words = [f"\n{key} = ".encode() for key in _KEYS] + [value.encode() for value in _VALUES]

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        text = b"def f(a):\n    if a:\n        return 1\n    return 2\n"
        path = folder / "measured.py"
        path.write_bytes(text)
        made = symbols(str(path), text, [(1, 0, 4, 12), (3, 8, 3, 16)])
        DataFile(folder / "clean").write([Measured(made, {"": {0: 3}})])
        self._clean = (folder / "clean").read_bytes()
        table = "[tool.pykcov]\n" + "".join(f"{key} = {{}}\n" for key in _KEYS)
        good = [repr(getattr(Config(), key)).replace("'", '"') for key in _KEYS]
        whole = table.format(*(value.lower() if value in ("True", "False") else value
                               for value in good)).encode()  # fmt: skip
        self.seeds = [bytes([n]) + whole for n in range(len(_VERBS))]

    def make(self, random: Random, corpus: Sequence[bytes]) -> bytes:
        if random.random() < 0.4:
            return mutated(random, random.choice(corpus), corpus, self.words)
        keys = random.sample(_KEYS, random.randrange(1, 4))
        lines = [f"{key} = {random.choice(_VALUES)}" for key in keys]
        return (
            bytes([random.randrange(len(_VERBS))]) + "\n".join(["[tool.pykcov]", *lines]).encode()
        )

    def check(self, data: bytes) -> str:
        verb = _VERBS[data[0] % len(_VERBS) if data else 0]
        (self.folder / "pyproject.toml").write_bytes(data[1:])
        for name in (".pykcov", "other"):
            (self.folder / name).write_bytes(self._clean)
        with inside(self.folder):
            status, out, slugs, told = command(*verb)
        require(out or told or verb[0] in ("combine", "lcov"), "neither a report nor a word")
        (self.folder / "out").unlink(missing_ok=True)
        return f"{verb[0]} {status} {slugs}"
