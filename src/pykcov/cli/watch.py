"""pykcov watch: the requests of a service, as they finish."""

from __future__ import annotations

import argparse
import contextlib
import json
import shutil
import sys
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pykcov.abi.kcov import KCOV_INSTANCE_MASK, KCOV_SUBSYSTEM_PYKCOV
from pykcov.cli.parser import complain
from pykcov.reader.symbolize import symbolize
from pykcov.report.data import DataFile
from pykcov.store import SymbolStore

if TYPE_CHECKING:
    from pykcov.service.watching import Finished

_TOP = 3  # files that are named
_FORM = "{:8}  {:>10}  {:>7}  {:>6}  {:>5}  {}"


def add_to(verbs: Any, name: str) -> None:
    """Add the verb to the command line."""
    parser = verbs.add_parser(
        name,
        help="show a service's requests as they finish",
        description="Shows, a line each, what the requests of a service have executed, as they "
        "finish, whoever collects them: handle, records, blocks, blocks that no request had before "
        "since the watch began, and the files with most blocks. Ends with the service, or with "
        "Ctrl-C. One process at a time can watch a device.",
    )
    parser.add_argument("name", metavar="NAME", help="of the device; 'pykcov ls' lists them")
    parser.add_argument("--json", action="store_true", help="one JSON object a line")
    parser.add_argument(
        "--data",
        metavar="FILE",
        type=Path,
        help="add each request to a data file, under its handle, for 'pykcov report' and its like",
    )


class Seen:
    """What the requests so far have executed."""

    def __init__(self, store: SymbolStore) -> None:
        self._store = store
        self._files: dict[int, str] = {}
        self.requests = 0

    def row(self, request: Finished) -> dict[str, Any]:
        """Describe a request, and count it in."""
        pcs = set(request.pcs)
        new = pcs - self._files.keys()
        self._files.update((block.pc, block.file) for block in symbolize(sorted(new), self._store))
        self.requests += 1
        files = Counter(self._files[pc] for pc in pcs)
        return {
            "time": time.time(),
            "handle": request.handle,
            "process": request.process,
            "records": request.records,
            "blocks": len(pcs),
            "new": len(new),
            "complete": not request.dropped and len(request.pcs) == request.records,
            "files": dict(files.most_common()),
        }

    @property
    def blocks(self) -> int:
        """Number of blocks that were executed at all."""
        return len(self._files)


def _shown(handle: int) -> str:
    """A handle as a person gave it, as far as that can be told."""
    if not handle:
        return "-"
    if handle >> 56 != KCOV_SUBSYSTEM_PYKCOV:
        return hex(handle)
    number = handle & KCOV_INSTANCE_MASK
    return str(number) if number < 1_000_000 else hex(number)


def _relative(path: str) -> str:
    with contextlib.suppress(ValueError):
        return str(Path(path).relative_to(Path.cwd()))
    return str(Path(*Path(path).parts[-2:]))


def _line(row: dict[str, Any]) -> str:
    top = ", ".join(f"{_relative(path)} {n}" for path, n in list(row["files"].items())[:_TOP])
    blocks = f"{row['blocks']}{'' if row['complete'] else '+'}"
    clock = time.strftime("%H:%M:%S", time.localtime(row["time"]))
    return _FORM.format(clock, _shown(row["handle"]), row["records"], blocks, row["new"], top)


def main(args: argparse.Namespace) -> int:
    """Print requests until there are no more."""
    from pykcov.service.watching import Watch

    with Watch(args.name) as watch:
        store = SymbolStore(Path(watch.info["store"]))
        seen = Seen(store)
        data = None if args.data is None else DataFile(args.data)
        print(f"pykcov: watching {args.name}, process {watch.info['pid']}", file=sys.stderr)
        try:
            if not args.json:
                print(_FORM.format("time", "handle", "records", "blocks", "new", "files"))
            for request in watch:
                row = seen.row(request)
                if data is not None:
                    data.add(Counter(request.pcs), store, _shown(request.handle))
                line = json.dumps(row) if args.json else _line(row)
                if not args.json and sys.stdout.isatty():
                    line = line[: shutil.get_terminal_size().columns]
                print(line, flush=True)
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
        complain(f"the process that showed {args.name!r} has gone")
    return status
