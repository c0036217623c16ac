"""What instrumenting costs: a warm import beside a plain one, a cold rewrite beside `bytecode`."""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

# Pure Python, and not imported by pykcov itself.
STDLIB = (
    *("asyncio", "aifc", "bdb", "calendar", "cmd", "code", "codeop", "colorsys", "configparser"),
    *("csv", "doctest", "email.message", "fileinput", "filecmp", "fractions", "ftplib", "gettext"),
    *("graphlib", "html.parser", "http.client", "http.cookiejar", "http.server", "imaplib"),
    *("ipaddress", "lib2to3.pgen2", "mailbox", "mimetypes", "netrc", "nntplib", "optparse"),
    *("pdb", "pickletools", "plistlib", "poplib", "pprint", "profile", "pstats", "pyclbr"),
    *("pydoc", "sched", "smtplib", "statistics", "tarfile", "telnetlib", "timeit", "tomllib"),
    *("trace", "turtledemo", "unittest.mock", "urllib.request", "wsgiref.handlers", "xdrlib"),
    *("xml.dom.minidom", "xml.sax.expatreader", "xmlrpc.client", "zipapp", "zoneinfo"),
)
PACKAGES = ("django.db.models", "rich.console", "hypothesis.strategies")

# Timed in a fresh process: everything that the imports bring in, and pykcov has not brought in yet.
PROGRAM = """
import importlib, sys, time, warnings
warnings.simplefilter("ignore")
import pykcov
import pykcov.instrumentation.session
names = sys.argv[2:]
if sys.argv[1] == "on":
    handle = pykcov.instrument(source=[n.partition(".")[0] for n in names] , omit="**/pykcov/**")
    before = handle.blocks
for name in names:  # extension modules and what they need are nobody's affair here
    pass
start = time.perf_counter()
for name in names:
    try:
        importlib.import_module(name)
    except ImportError:
        pass
print(time.perf_counter() - start)
if sys.argv[1] == "on":
    print(len(handle.files), handle.blocks, handle.left_out, file=sys.stderr)
"""


def _timed(mode: str, names: tuple[str, ...], store: str, verbose: bool) -> float:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, mode, *names],
        env={**os.environ, "PYKCOV_STORE": store},
        capture_output=True,
        text=True,
        check=True,
    )
    if verbose:
        print(done.stderr.strip())
    return float(done.stdout)


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=int, default=21)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        store = str(Path(folder) / "symbols.sqlite")
        for label, names in (("standard library", STDLIB), ("packages", PACKAGES)):
            _timed("off", names, store, False)
            cold = _timed("on", names, store, False)
            _timed("on", names, store, True)
            pairs = [
                (_timed("on", names, store, False), _timed("off", names, store, False))
                for _ in range(args.pairs)
            ]
            ratio = statistics.median(on / off for on, off in pairs)
            plain = statistics.median(off for _, off in pairs)
            print(
                f"{label}: warm/plain {ratio:.3f}, cold/plain {cold / plain:.1f}, "
                f"plain {plain * 1e3:.1f} ms"
            )


if __name__ == "__main__":
    main()
