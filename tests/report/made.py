"""Measured sources, made up and real."""

from __future__ import annotations

import contextlib
import io
import os
import subprocess
import sys
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from typing import IO

import pytest

from pykcov.cli.main import main
from pykcov.measure.datafile import Measured
from pykcov.report.annotate.source import Source, source
from pykcov.symbols.blocks import FileSymbols

PROGRAM = '''\
"""All that a line can hold: </script> <b> & " ' é 日本 \U0001f600."""
import contextlib


def choose(a, b):
    if a and b:
        return a or b
    return print(end="") or [x * 2 for x in range(a) if x % 2 if x > 100]


def leave(number):
    assert number, "no"
    with contextlib.suppress(ValueError):
        raise ValueError
    try: return {}[number]
    except ValueError: return -1
    except KeyError: return -2


def never(text="</script><!--"):
\tif text:\treturn "tab"
\f
\t# a form feed above
\treturn "long" + "x" * 0 + "LONG"


choose(0, 1), choose(9, 0), leave(3)
'''.replace("LONG", "y" * 3000)


def symbols(path: str, data: bytes, spans: list[tuple[int, int, int, int]]) -> FileSymbols:
    """Blocks of an interpreter that nobody has, so that their ranges are all that is known."""
    lines = sorted({span[0] for span in spans})
    return FileSymbols(
        path,
        sha256(data).hexdigest(),
        0,
        0,
        "1",
        ("f",),
        tuple((0, *s) for s in spans),
        tuple(lines),
    )


def annotated(
    text: str, spans: dict[tuple[int, int, int, int], int], contexts: Sequence[str] = ()
) -> Source:
    """Return a text whose blocks were executed as often as said, in each of these contexts."""
    data = text.encode()
    made = symbols("/there/is/none.py", data, list(spans))
    hits = {n: count for n, count in enumerate(spans.values()) if count}
    return source(made.path, data, [(Measured(made, dict.fromkeys(contexts, hits)), hits)])


def run(folder: Path, text: str | bytes, name: str = "prog.py", context: str = "") -> Path:
    """Measure a program; return its path. The data file is .pykcov beside it."""
    path = folder / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    command = [sys.executable, "-W", "ignore", "-m", "pykcov", "run", "--data", ".pykcov"]
    done = subprocess.run(
        [*command, "--context", context, str(path)],
        cwd=folder, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return path


def pykcov(
    folder: Path, *words: str, status: int = 0, stdin: IO[bytes] | None = None, **env: str
) -> subprocess.CompletedProcess[str]:
    """Run the command line in a folder, which has a symbol store of its own."""
    done = subprocess.run(
        [sys.executable, "-m", "pykcov", *words],
        cwd=folder,
        stdin=stdin or subprocess.DEVNULL,
        env={**os.environ, "PYKCOV_STORE": str(folder / "store"), **env},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == status, done.stderr
    assert "Traceback" not in done.stderr
    return done


def called(folder: Path, *words: str, status: int = 0) -> subprocess.CompletedProcess[str]:
    """Do the same in this process, which takes less time. Not for verbs that run a program."""
    out, told, before = io.StringIO(), io.StringIO(), Path.cwd()
    store = os.environ["PYKCOV_STORE"]
    os.chdir(folder)
    os.environ["PYKCOV_STORE"] = str(folder / "store")
    try:
        with (
            contextlib.redirect_stdout(out),
            contextlib.redirect_stderr(told),
            pytest.raises(SystemExit) as ended,
        ):
            main(list(words))
    finally:
        os.chdir(before)
        os.environ["PYKCOV_STORE"] = store
    assert ended.value.code == status, told.getvalue()
    return subprocess.CompletedProcess(words, status, out.getvalue(), told.getvalue())
