"""pykcov guest: run a program whose system calls are answered by a kernel in Python."""

from __future__ import annotations

import argparse
import contextlib
import importlib.util
import logging
import sys
from importlib.machinery import SourceFileLoader
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pykcov.cli.parser import (
    add_options,
    add_recording_mode,
    add_selection,
    add_store,
    complain,
    store_of,
)
from pykcov.errors import PykcovError
from pykcov.instrumentation import session
from pykcov.instrumentation.globs import literal
from pykcov.instrumentation.session import instrument
from pykcov.progress import progress

if TYPE_CHECKING:
    from pykcov.guest.kcov_file import OpenDevice
    from pykcov.kernel import Kernel

LEVELS = ("debug", "info", "warning", "error")


def add_to(verbs: Any, name: str) -> None:
    """Add the verb to the command line."""
    parser = verbs.add_parser(
        name,
        help="run a Linux program that opens /sys/kernel/debug/kcov",
        usage="pykcov guest [options] -- CMD [args ...]",
        description="Runs CMD, any Linux program. A kernel written in Python handles the system "
        "calls it defines; the host runs all others. The program finds the coverage device at "
        "/sys/kernel/debug/kcov, and reads there which blocks of the instrumented Python its "
        "system calls executed. Streams, signals and the exit code are passed through (128 + n for "
        "signal n). pykcov ends when all processes that CMD started have ended; if pykcov is "
        "killed, so are they.",
    )
    parser.add_argument(
        "--kernel",
        metavar="FILE.py",
        type=Path,
        help="the kernel: a Python file that defines one subclass of pykcov.kernel.Kernel",
    )
    add_selection(
        parser,
        source="a package or directory to instrument (default: the Python files in the kernel's "
        "directory, without subdirectories)",
        omit=False,
    )
    parser.add_argument(
        "--device",
        metavar="NAME",
        help="show the program this device of another process ('pykcov ls' lists them) at "
        "/sys/kernel/debug/kcov, instead of the kernel's own",
    )
    parser.add_argument(
        "--device-path",
        metavar="PATH",
        action="append",
        default=[],
        help="show the device at this path, too, such as /dev/kcov (multi-allowed)",
    )
    add_recording_mode(parser, " per system call", "trace")
    parser.add_argument(
        "--strict",
        action="store_true",
        help="make read, write, lseek and epoll_ctl on the device answer as on Linux, too; this "
        "slows them down for all files",
    )
    parser.add_argument(
        "--log", metavar="LEVEL", choices=LEVELS, default="warning", help=", ".join(LEVELS)
    )
    add_options(
        parser,
        comparisons="instrument comparisons, too, so that the program can use KCOV_TRACE_CMP",
    )
    add_store(parser)
    parser.add_argument("command", nargs=argparse.REMAINDER, help=argparse.SUPPRESS)


def main(args: argparse.Namespace) -> int:
    """Run the command; return its exit code."""
    # Imported here, so that the other verbs start faster.
    from pykcov.guest import run, signals, strays_raw
    from pykcov.kernel import Kernel

    command = args.command[1:] if args.command[:1] == ["--"] else args.command
    device = None
    if args.device is not None:
        if args.source or args.include or args.comparisons:
            complain(
                "--source, --include and --comparisons instrument this process, and --device "
                "collects from another one: leave one or the other out [usage]"
            )
        device = _device(args.device)
    if not command:
        complain("no command to run; see 'pykcov guest --help' [usage]")
    logging.basicConfig(
        level=args.log.upper(), format="pykcov: %(levelname)s: %(message)s", stream=sys.stderr
    )
    source, include = args.source or [], list(args.include or [])
    if args.kernel is not None and device is None and not source and not include:
        kernel_file = args.kernel.resolve()
        files = {kernel_file, *kernel_file.parent.glob("*.py")}
        include = [literal(str(file)) for file in sorted(files)]
    strays_raw.adopt()
    with contextlib.ExitStack() as stack:
        handle = None
        if source or include:
            session.progress = progress
            handle = stack.enter_context(
                instrument(
                    source,
                    include,
                    prune=args.prune,
                    comparisons=args.comparisons,
                    exclude=args.exclude or (),
                    store=store_of(args),
                )
            )
        kernel = Kernel() if args.kernel is None else load(args.kernel)
        for path, why in handle.left_out.items() if handle else ():
            print(f"pykcov: left out {path}: {why}", file=sys.stderr)
        return run(
            kernel,
            command,
            recording_mode=args.recording_mode,
            device=device,
            strict=args.strict,
            forward=signals.ALL,
            paths=args.device_path,
        )


def _device(name: str) -> OpenDevice:
    """Return a function that opens the device. Raises PykcovError: device-missing, device-name."""
    from pykcov.service.client import describe
    from pykcov.service.guest_device import opener

    describe(name)
    return opener(name)


def load(path: Path) -> Kernel:
    """Return the kernel that a file defines; the file may import modules beside it.

    Raises PykcovError: kernel-bad.
    """
    from pykcov.kernel import Kernel

    name = "__kernel__"
    sys.path.insert(0, str(path.resolve().parent))
    try:
        spec = importlib.util.spec_from_file_location(
            name, path, loader=SourceFileLoader(name, str(path.resolve()))
        )
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        spec.loader.exec_module(module)
        own = [
            value
            for value in vars(module).values()
            if isinstance(value, type) and issubclass(value, Kernel) and value.__module__ == name
        ]
        last = [kind for kind in own if not any(kind in other.__mro__[1:] for other in own)]
        if len(last) == 1:
            return last[0]()
    except Exception as error:
        logging.getLogger("pykcov").debug("the kernel does not load", exc_info=True)
        text = " ".join(str(error).splitlines())
        raise PykcovError(
            "kernel-bad", f"cannot load {path}: {type(error).__name__}: {text}"
        ) from error
    found = ", ".join(kind.__name__ for kind in last) or "none"
    raise PykcovError(
        "kernel-bad", f"{path} must define one subclass of pykcov.kernel.Kernel; found: {found}"
    )
