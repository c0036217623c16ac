"""pykcov run: run a program as plain Python would, and count or trace what it executes."""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import itertools
import os
import shlex
from collections.abc import Callable, Iterable
from pathlib import Path
from types import CodeType
from typing import Any, NoReturn, TextIO

import pykcov
from pykcov.abi.kcov import SIZE_MAX, SIZE_MIN
from pykcov.cli.parser import (
    add_options,
    add_recording_mode,
    add_selection,
    add_settings,
    add_store,
    complain,
    configured,
    store_of,
)
from pykcov.cli.program import Kind, Program, ProgramMissingError
from pykcov.cli.summary import summary
from pykcov.instrumentation import session
from pykcov.instrumentation.options import Options
from pykcov.instrumentation.selection import Selection
from pykcov.instrumentation.session import Instrumentation, instrument_selected
from pykcov.measure import children, collector
from pykcov.measure.config import Config
from pykcov.measure.datafile import DataFile
from pykcov.measure.erase import erase
from pykcov.measure.unexecuted import never_executed
from pykcov.notices import say
from pykcov.probe import OwnFile, quiet
from pykcov.progress import progress
from pykcov.reader.comparisons import raw as raw_records
from pykcov.reader.decode import raw
from pykcov.tracing import trace

SIZE = 1 << 24  # words, 128 MiB, as kcov clients usually ask for; untouched pages cost nothing


def add_to(verbs: Any, name: str) -> None:
    """Add the verb to the command line."""
    parser = verbs.add_parser(
        name,
        help="run a program and count what it executes, or trace its main thread",
        usage="pykcov run [options] prog.py [args ...]\n"
        "       pykcov run [options] -m module [args ...]\n"
        "       pykcov run [options] -c code [args ...]",
        description="Runs a program as plain Python would, exit code included, with every basic "
        "block of the selected files instrumented. Counts what all its threads, forked children "
        "and Python subprocesses execute, for 'pykcov report' and the other reports. --trace, "
        "--recording-mode, --size and --comparisons trace the program's main thread instead; add "
        "--data to count as well. If neither the command line nor the settings select sources, "
        "everything but the standard library and installed packages is instrumented. "
        "A trace ends with the main module's code: it doesn't include threads, child processes and "
        "atexit handlers, and os._exit() or exec leave none.",
    )
    add_selection(parser)
    add_settings(parser)
    parser.add_argument(
        "--trace",
        metavar="FILE",
        type=_file,
        help="write the raw trace: one 0xPC per line, or type, operands and PC of each comparison",
    )
    parser.add_argument(
        "--data",
        metavar="FILE",
        type=_file,
        help="count, and add the counts to this data file; without it, the data file (.pykcov, or "
        "the one in the settings) is replaced",
    )
    parser.add_argument(
        "--branch",
        action="store_true",
        default=None,
        help="measure branch coverage, too; needs counting",
    )
    parser.add_argument(
        "-a",
        "--append",
        action="store_true",
        default=None,
        help="add to the data file in the settings instead of replacing it",
    )
    parser.add_argument("--context", metavar="NAME", help="context to count the run under")
    parser.add_argument(
        "--device",
        metavar="NAME",
        help="show the program's coverage device under this name, and trace nothing here: clients "
        "(pykcov.connect) collect the sections that the program marks",
    )
    add_recording_mode(parser, "", None)
    parser.add_argument(
        "--size", metavar="WORDS", type=_size, help=f"size of the trace's area (default: {SIZE})"
    )
    add_options(
        parser,
        comparisons="trace comparisons and their operands instead of blocks; 'pykcov cmp' reads "
        "the trace. With --device: let clients collect them",
    )
    add_store(parser)
    parser.add_argument("-m", dest="module", nargs=argparse.REMAINDER, help=argparse.SUPPRESS)
    parser.add_argument("-c", dest="code", nargs=argparse.REMAINDER, help=argparse.SUPPRESS)
    parser.add_argument("program", nargs=argparse.REMAINDER, help=argparse.SUPPRESS)


def _file(text: str) -> Path:
    if text == "-":
        raise argparse.ArgumentTypeError("stdout (-) belongs to the program; name a file")
    return Path(text)


def _size(text: str) -> int:
    size = int(text) if text.isdecimal() else 0
    if not SIZE_MIN <= size <= SIZE_MAX:
        raise argparse.ArgumentTypeError(f"{text} is not a number from {SIZE_MIN} to {SIZE_MAX}")
    return size


def main(args: argparse.Namespace) -> NoReturn:
    """Run the program. Ends as the program would have ended; with status 1 if it could not be
    started, or its data could not be written."""
    if args.device is not None and args.trace is not None:
        complain("--device and --trace exclude each other: use one of them [usage]")
    if args.data is not None and args.comparisons:
        complain("--data counts blocks, which --comparisons does not trace: choose one [usage]")
    traced = args.comparisons or any((args.trace, args.size, args.recording_mode))
    counted = args.data is not None or not (traced or args.device is not None)
    if args.branch and not counted:
        complain("--branch needs counting: add --data to both trace and count [usage]")
    config = configured(args)
    program = _program(args, config.command_line)
    out = _opened(args.trace, program.words[0])
    session.progress = progress
    selection = Selection(
        config.folders(), config.include, config.omit, packages=config.source_pkgs
    )
    options = Options(
        by_line=counted,
        prune=args.prune,
        comparisons=args.comparisons,
        branch=counted and config.branch,
        exclude=tuple(config.exclude),
    )
    handle = instrument_selected(selection, store_of(args), options)
    if counted:
        with quiet:
            _count(config, handle, anew=args.data is None and not config.append)
    if args.device is not None:
        with quiet:
            pykcov.serve(args.device)
        program.run(contextlib.nullcontext(), _rewriter(handle), lambda: True)
    tracer = None
    if traced:
        tracer = trace(
            args.size or SIZE,
            recording_mode=args.recording_mode or "trace",
            comparisons=args.comparisons,
        )
    program.run(
        tracer or contextlib.nullcontext(),
        _rewriter(handle),
        _finisher(handle, tracer, out, config.data if counted else ""),
    )


def _program(args: argparse.Namespace, command_line: str) -> Program:
    """Return the program to run. Raises ProgramMissingError."""
    words, kind = args.program, Kind.SCRIPT
    if args.module is not None:
        words, kind = args.module, Kind.MODULE
    elif args.code is not None:
        words, kind = args.code, Kind.CODE
    elif not words and command_line:
        words = shlex.split(command_line)
        if words[0] in ("-m", "--module"):
            words, kind = words[1:], Kind.MODULE
    if not words:
        complain("no program to run; see 'pykcov run --help' [usage]")
    if kind is Kind.SCRIPT and not Path(words[0]).exists():
        raise ProgramMissingError(f"there is no file {words[0]}")
    return Program(words, kind)


def _count(config: Config, handle: Instrumentation, anew: bool) -> None:
    """Count into the data file from now on."""
    data = Path(config.data).absolute()
    if anew:
        erase(data)
    options: dict[str, Any] = {
        "every": config.save_every,
        "patch": config.patch,
        "sigterm": config.sigterm,
    }
    selection, namespaces = handle.selection, config.include_namespace_packages
    collector.start(
        data,
        handle.store,
        config.context,
        listing=lambda file: never_executed(selection, namespaces, file),
        **options,
    )
    if config.processes:
        children.announce(data, config.context, **options)


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
    """The trace file. The program may close it along with every other open descriptor."""

    def __init__(self, path: Path) -> None:
        self.path = path.absolute()
        self._file = OwnFile(self._open())

    def _open(self) -> int:
        return os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o666)

    def stream(self) -> TextIO:
        """Return a stream to write to and close; the file is reopened if the program closed it."""
        if self._file.is_ours():
            fd = fcntl.fcntl(self._file.fileno(), fcntl.F_DUPFD_CLOEXEC, 0)
            self._file.close()
        else:
            fd = self._open()
        return open(fd, "a", encoding="ascii")  # noqa: PTH123


def _opened(path: Path | None, program: str) -> _Out | None:
    """Open the trace file before the program runs, to fail early. Its content is kept until there
    is a new trace to write."""
    if path is None:
        return None
    try:
        if path.exists() and Path(program).exists() and path.samefile(program):
            complain(f"the trace would overwrite the program, {path} [trace-unwritable]")
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


def _finisher(
    handle: Instrumentation, tracer: trace | None, out: _Out | None, data: str
) -> Callable[[], bool]:
    process = os.getpid()
    file = DataFile(Path(data).absolute())

    def finish() -> bool:
        """Write the trace and data, and print the summary. Returns whether all data was saved."""
        if os.getpid() != process:
            return True  # a forked child came back through main()
        with quiet:
            if out is not None and tracer is not None:
                _write(out, itertools.chain(raw(tracer.pcs), raw_records(tracer.records)))
            saved = collector.save()
            if data and saved and handle.selection.unused():
                paths = (one.symbols.path for one in file.read() if one.hits)
                handle.selection.note_executed(paths)
            say(summary(handle, tracer, data))
            return saved

    return finish
