"""What instrumenting costs: a warm import beside a plain one, a cold rewrite beside `bytecode`."""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from types import CodeType
from typing import Any

from pykcov.instrumentation.unit import Unit
from pykcov.store import SymbolStore

GROUPS = {
    "standard library": (
        *("asyncio", "bdb", "calendar", "code", "configparser", "csv", "doctest", "email.message"),
        *("filecmp", "fractions", "ftplib", "gettext", "graphlib", "html.parser", "http.client"),
        *("http.cookiejar", "http.server", "imaplib", "ipaddress", "mailbox", "mimetypes"),
        *("optparse", "pdb", "pickletools", "plistlib", "poplib", "pprint", "pstats", "pyclbr"),
        *("pydoc", "smtplib", "statistics", "tarfile", "timeit", "tomllib", "trace"),
        *("unittest.mock", "urllib.request", "wsgiref.handlers", "xml.dom.minidom"),
        *("xml.sax.expatreader", "xmlrpc.client", "zipapp", "zoneinfo"),
    ),
    "django": ("django.db.models", "django.forms", "django.template"),
    "rich": ("rich.console", "rich.table", "rich.markdown"),
}
# In a fresh process, on what pykcov itself has not imported. `place`: instrument() alone.
PROGRAM = """
import importlib, sys, time, warnings
warnings.simplefilter("ignore")
import pykcov
import pykcov.instrumentation.session
mode, *names = sys.argv[1:]
source = [name.partition(".")[0] for name in names]
if mode == "on":
    pykcov.instrument(source=source)
start = time.perf_counter()
for name in names:
    importlib.import_module(name)
if mode == "place":
    start = time.perf_counter()
    pykcov.instrument(source=source)
print(time.perf_counter() - start)
"""


def timed(mode: str, names: tuple[str, ...], store: Path) -> float:
    """Return seconds."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, mode, *names],
        env={**os.environ, "PYKCOV_STORE": str(store)},
        stdout=subprocess.PIPE,
        check=True,
    )
    return float(done.stdout)


def imports(names: tuple[str, ...], pairs: int, folder: Path) -> dict[str, float]:
    """Return ratios of times."""
    store = folder / "symbols.sqlite"
    timed("off", names, store)  # the .pyc files
    cold = timed("on", names, store)
    found = [(timed("on", names, store), timed("off", names, store)) for _ in range(pairs)]
    placed = [(timed("place", names, folder / f"{n}.sqlite"), n) for n in range(3)]
    again = [timed("place", names, folder / f"{n}.sqlite") for _, n in placed]
    plain = statistics.median(off for _, off in found)
    return {
        "warm import / plain": statistics.median(on / off for on, off in found),
        "cold import / plain": cold / plain,
        "plain, ms": plain * 1e3,
        "in place, warm / cold": statistics.median(
            b / a for (a, _), b in zip(placed, again, strict=True)
        ),
    }


def texts() -> Iterator[tuple[str, bytes, CodeType]]:
    """Yield some of the standard library."""
    for path in sorted(Path(os.__file__).parent.glob("*.py"))[::4]:
        source = path.read_bytes()
        yield str(path), source, compile(source, str(path), "exec", dont_inherit=True)


def rebuilt(code: CodeType) -> Any:
    """Take code apart and assemble it with `bytecode`, which adds nothing."""
    from bytecode import Bytecode

    listed: Any = Bytecode.from_code(code)
    for item in listed:
        if isinstance(getattr(item, "arg", None), CodeType):
            item.arg = rebuilt(item.arg)
    return listed.to_code()


def cold(folder: Path) -> dict[str, float]:
    """Return lines a second of CPU time, a text by one and then by the other."""
    store = SymbolStore(folder / "cold.sqlite")
    ours, theirs, lines, ratios = 0.0, 0.0, 0, []
    for path, source, code in texts():
        rewriter = None
        start = time.thread_time()
        unit = Unit(path, source, code, 0)
        ours_first = time.thread_time() - start
        rewriter = unit.rewriter(store, None)  # asks SQLite, which is no rewriting
        start = time.thread_time()
        rewriter(code)
        mine = ours_first + time.thread_time() - start
        start = time.thread_time()
        rebuilt(code)
        other = time.thread_time() - start
        ours, theirs, lines = ours + mine, theirs + other, lines + source.count(b"\n")
        ratios.append(other / mine)
    return {
        "lines/s": lines / ours,
        "lines/s of bytecode": lines / theirs,
        "ratio, median of files": statistics.median(ratios),
    }


def main() -> None:
    """Measure, and print JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=int, default=11)
    args = parser.parse_args()
    results: dict[str, Any] = {"python": platform.python_version()}
    with tempfile.TemporaryDirectory() as folder:
        results["cold rewrite"] = cold(Path(folder))
        for group, names in GROUPS.items():
            (Path(folder) / group).mkdir()
            results[group] = imports(names, args.pairs, Path(folder) / group)
    print(json.dumps(results, indent=2))


if __name__ == "__main__":
    main()
