"""pykcov run: run a program as plain Python would, and trace its main thread."""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import itertools
import os
from collections.abc import Callable, Iterable
from pathlib import Path
from types import CodeType
from typing import Any, NoReturn, TextIO

import pykcov
from pykcov import counting
from pykcov.abi.kcov import SIZE_MAX, SIZE_MIN
from pykcov.cli.parser import add_options, add_selection, add_store, complain, store_of
from pykcov.cli.program import Program, ProgramMissingError
from pykcov.cli.progress import progress
from pykcov.cli.reports import configured
from pykcov.instrumentation import session
from pykcov.instrumentation.session import Instrumentation, instrument
from pykcov.probe import Kept, quiet
from pykcov.reader.comparisons import raw as raw_records
from pykcov.reader.decode import raw
from pykcov.saying import say
from pykcov.tracing import trace

NAMED = 5  # files in one line
SIZE = 1 << 24  # words, 128 MiB: as large as kcov clients have them; untouched pages cost nothing


def add_to(verbs: Any, name: str) -> None:
    """Add the verb to the command line."""
    parser = verbs.add_parser(
        name,
        help="run a program and trace its main thread",
        usage="pykcov run [options] prog.py [args ...]\n"
        "       pykcov run [options] -m module [args ...]",
        description="Runs a program as plain Python would, exit code included, with every basic "
        "block of the selected files instrumented, and traces its main thread. Without --source "
        "and --include, here and in [tool.pykcov] of pyproject.toml, everything but the standard "
        "library and installed packages is selected. "
        "A summary is printed on stderr. The trace ends with the main module's code: threads, "
        "child processes and atexit handlers are not in it, and there is none after os._exit() or "
        "exec.",
    )
    add_selection(parser)
    parser.add_argument(
        "--trace",
        metavar="FILE",
        type=_file,
        help="write the raw trace: 0xPC, one a line; of comparisons type, operands and PC",
    )
    parser.add_argument(
        "--data",
        metavar="FILE",
        type=_file,
        help="count what all threads execute, until the end, and add it to a data file, which "
        "'pykcov report' and its like read; blocks are single lines then, and there is a trace "
        "with --trace only",
    )
    parser.add_argument(
        "--branch",
        action="store_true",
        default=None,
        help="with --data, see which way branches go, too",
    )
    parser.add_argument("--context", metavar="NAME", default="", help="what it is counted under")
    parser.add_argument(
        "--device",
        metavar="NAME",
        help="show the program's coverage device under this name, and trace nothing: clients "
        "(pykcov.connect) collect what the program marks as a section",
    )
    parser.add_argument(
        "--discipline",
        choices=("trace", "blocks"),
        default="trace",
        help="every block in order (trace, the default), or each once (blocks)",
    )
    parser.add_argument(
        "--size", metavar="WORDS", type=_size, default=SIZE, help=f"of the area (default: {SIZE})"
    )
    add_options(
        parser,
        comparisons="trace what is compared, not which blocks are executed; 'pykcov cmp' reads it. "
        "With --device: let clients do so",
    )
    add_store(parser)
    parser.add_argument("-m", dest="module", nargs=argparse.REMAINDER, help=argparse.SUPPRESS)
    parser.add_argument("program", nargs=argparse.REMAINDER, help=argparse.SUPPRESS)


def _file(text: str) -> Path:
    if text == "-":
        raise argparse.ArgumentTypeError("- would be stdout, which is the program's; name a file")
    return Path(text)


def _size(text: str) -> int:
    size = int(text) if text.isdecimal() else 0
    if not SIZE_MIN <= size <= SIZE_MAX:
        raise argparse.ArgumentTypeError(f"{text} is no number from {SIZE_MIN} to {SIZE_MAX}")
    return size


def main(args: argparse.Namespace) -> NoReturn:
    """Run the program. Ends as the program would have ended; 1 when it could not be started."""
    words = args.module if args.module is not None else args.program
    if not words:
        complain("no program to run; see 'pykcov run --help' [usage]")
    program = Program(words, is_module=args.module is not None)
    if not program.is_module and not Path(words[0]).exists():
        raise ProgramMissingError(f"there is no file {words[0]}")
    if args.device is not None and args.trace is not None:
        complain("--device and --trace exclude each other: a traced thread has no sections [usage]")
    out = _opened(args.trace, words[0])
    by_line = args.data is not None
    if by_line and args.comparisons:
        complain("--data counts blocks, and --comparisons traces none [usage]")
    if args.branch and not by_line:
        complain("--branch is for the reports that --data is for [usage]")
    config = configured(args)
    session.progress = progress
    handle = instrument(
        config.source,
        config.include,
        config.omit,
        by_line=by_line,
        prune=args.prune,
        comparisons=args.comparisons,
        branch=by_line and config.branch,
        store=store_of(args),
    )
    if args.data is not None:
        with quiet:
            counting.start(
                args.data.absolute(),
                handle.store,
                args.context,
                every=config.save_every,
                patch=config.patch,
                sigterm=config.sigterm,
            )
    if args.device is not None:
        with quiet:
            pykcov.serve(args.device)
        program.run(contextlib.nullcontext(), _rewriter(handle), lambda: None)
    if args.data is not None and out is None:  # a trace that nobody reads costs as much as counting
        program.run(contextlib.nullcontext(), _rewriter(handle), _teller(handle, args.data))
    tracer = trace(args.size, discipline=args.discipline, comparisons=args.comparisons)
    program.run(tracer, _rewriter(handle), _finisher(handle, tracer, out))


def _rewriter(handle: Instrumentation) -> Callable[[CodeType, str, str, bytes], CodeType]:
    def rewrite(code: CodeType, name: str, path: str, source: bytes) -> CodeType:
        if not handle.selection.matches(name, path):
            return code
        if path.endswith(".pyc"):
            handle.leave_out(path, "it has no source")
            return code
        return handle.rewrite(code, path, source) or code

    return rewrite


class _Out:
    """The trace file. The program may close it, with all that it finds open."""

    def __init__(self, path: Path) -> None:
        self.path = path.absolute()
        self._file = Kept(self._open())

    def _open(self) -> int:
        return os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o666)

    def stream(self) -> TextIO:
        """Return it, or another open of it, to write to and close."""
        if self._file.is_ours():
            fd = fcntl.fcntl(self._file.fileno(), fcntl.F_DUPFD_CLOEXEC, 0)
            self._file.close()
        else:
            fd = self._open()
        return open(fd, "a", encoding="ascii")  # noqa: PTH123


def _opened(path: Path | None, program: str) -> _Out | None:
    """Open the trace file before the program runs: if that fails, nothing has been done. What it
    holds stays until there is a new trace to write."""
    if path is None:
        return None
    try:
        if path.exists() and Path(program).exists() and path.samefile(program):
            complain(f"the trace would go over the program, {path} [trace-unwritable]")
        return _Out(path)
    except OSError as error:
        complain(f"cannot write the trace to {path}: {error.strerror} [trace-unwritable]")


def _write(out: _Out, lines: Iterable[str]) -> None:
    try:
        with out.stream() as stream:
            if os.fstat(stream.fileno()).st_size:  # a pipe has none, and can't be truncated
                stream.truncate(0)
            stream.writelines(lines)
    except OSError as error:
        complain(f"cannot write the trace to {out.path}: {error.strerror} [trace-unwritable]")


def _finisher(handle: Instrumentation, tracer: trace, out: _Out | None) -> Callable[[], None]:
    process = os.getpid()

    def finish() -> None:
        if os.getpid() != process:
            return  # a forked child came back through main()
        with quiet:
            if out is not None:
                _write(out, itertools.chain(raw(tracer.pcs), raw_records(tracer.records)))
            say(summary(handle, tracer))

    return finish


def _teller(handle: Instrumentation, data: Path) -> Callable[[], None]:
    process = os.getpid()

    def finish() -> None:
        if os.getpid() == process:
            with quiet:
                say("\n".join(_instrumented(handle, f"counted into {data}", " blocks")))

    return finish


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def summary(handle: Instrumentation, tracer: trace) -> str:
    """Return what happened, in one line, and what needs a person's eye in further ones."""
    pcs = tracer.pcs
    what = f"{_counted(len(pcs), 'record')} of {_counted(len(set(pcs)), 'block')}"
    if handle.options.comparisons:
        what = f"{_counted(len(tracer.records), 'record')} of comparisons"
    noun = " blocks" if handle.options.comparisons else ""
    lines = _instrumented(handle, what, noun)
    if tracer.overflowed:
        lines.insert(
            1,
            f"pykcov: the area of {tracer.size} words was full, later records were dropped; "
            "--size WORDS makes it larger",
        )
    return "\n".join(lines)


def _instrumented(handle: Instrumentation, what: str, noun: str) -> list[str]:
    """Return what happened, and what needs a person's eye of how code was instrumented."""
    files = _counted(len(handle.files), "file")
    lines = [f"pykcov: {what}, {handle.blocks}{noun} instrumented in {files}"]
    lines += [f"pykcov: --source {name} matched nothing" for name in handle.selection.unused()]
    if early := sorted(handle.earlier):
        more = f" and {len(early) - NAMED} more" if len(early) > NAMED else ""
        lines.append(
            "pykcov: imported before the program began, so what they do on import is not traced: "
            f"{', '.join(early[:NAMED])}{more}"
        )
    lines += [f"pykcov: left out {path}: {why}" for path, why in handle.left_out.items()]
    return lines
