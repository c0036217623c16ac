"""pykcov watch: show a service's requests as they finish."""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pykcov.abi.kcov import KCOV_INSTANCE_MASK, KCOV_SUBSYSTEM_PYKCOV
from pykcov.cli.columns import Columns, printable
from pykcov.cli.parser import complain
from pykcov.measure.datafile import DataFile
from pykcov.reader.symbolize import symbolize
from pykcov.symbols.store import SymbolStore

if TYPE_CHECKING:
    from pykcov.service.watch import Finished


def add_to(verbs: Any, name: str) -> None:
    """Add the verb to the command line."""
    parser = verbs.add_parser(
        name,
        help="show a service's requests as they finish",
        description="Prints a line for each request of a service as it finishes, whether or not a "
        "client collects it: handle, method and path, status, duration, records, blocks, new "
        "blocks (not executed by any request since the watch began), and the files with the most "
        "blocks, as far as the terminal has room. Ends with the service, or with Ctrl-C. Only one "
        "process at a time can watch a device.",
    )
    parser.add_argument("name", metavar="NAME", help="the device; 'pykcov ls' lists them")
    parser.add_argument("--json", action="store_true", help="print one JSON object per line")
    parser.add_argument(
        "--data",
        metavar="FILE",
        type=Path,
        help="add each request to this data file, under its handle, or else its method and path, "
        "for 'pykcov report' and the other reports",
    )


class Seen:
    """What the requests so far have executed."""

    def __init__(self, store: SymbolStore) -> None:
        self._store = store
        self._files: dict[int, str] = {}
        self.requests = 0

    def row(self, request: Finished) -> dict[str, Any]:
        """Describe a request, and add it to the totals."""
        pcs = set(request.pcs)
        new = pcs - self._files.keys()
        self._files.update((block.pc, block.file) for block in symbolize(sorted(new), self._store))
        self.requests += 1
        files = Counter(self._files[pc] for pc in pcs)
        return {
            "time": time.time(),
            "handle": given(request),
            "number": request.handle or None,
            "method": request.method or None,
            "path": request.path or None,
            "query": request.query or None,
            "status": request.status or None,
            "seconds": request.seconds,
            "process": request.process,
            "records": request.records,
            "blocks": len(pcs),
            "new": len(new),
            "complete": not request.dropped and len(request.pcs) == request.records,
            "files": dict(files.most_common()),
        }

    @property
    def blocks(self) -> int:
        """Number of distinct blocks executed so far."""
        return len(self._files)


def given(request: Finished) -> str | None:
    """Return the handle as it was given, as far as that is known; None if there is none."""
    if request.name is not None or not request.handle:
        return request.name
    if request.handle >> 56 != KCOV_SUBSYSTEM_PYKCOV:
        return hex(request.handle)
    number = request.handle & KCOV_INSTANCE_MASK
    return str(number) if number < 1_000_000 else hex(number)


def context_of(request: Finished) -> str:
    """Return the name under which a request is counted."""
    name = given(request) or f"{request.method} {request.path}".strip() or "-"
    return printable(name)


def _columns() -> Columns:
    """Return the columns that fit now: the window may have been resized."""
    return Columns(shutil.get_terminal_size().columns if sys.stdout.isatty() else None)


def main(args: argparse.Namespace) -> int:
    """Print requests until there are no more."""
    from pykcov.service.watch import Watch

    with Watch(args.name) as watch:
        store = SymbolStore(Path(watch.info["store"]))
        seen = Seen(store)
        data = None if args.data is None else DataFile(args.data)
        print(f"pykcov: watching {args.name}, process {watch.info['pid']}", file=sys.stderr)
        try:
            if not args.json:
                print(_columns().head())
            for request in watch:
                row = seen.row(request)
                if data is not None:
                    data.add(Counter(request.pcs), store, context_of(request))
                print(json.dumps(row) if args.json else _columns().line(row), flush=True)
        except KeyboardInterrupt:
            status = 0
        else:
            status = 1
        lost = f", {watch.lost} parts not seen in time" if watch.lost else ""
        print(
            f"pykcov: {seen.requests} requests, {seen.blocks} of {watch.info['blocks']} blocks"
            f"{lost}",
            file=sys.stderr,
        )
    if status:
        complain(f"the process that showed {args.name!r} has ended")
    return status
