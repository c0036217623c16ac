"""Runs a program as a guest of a kernel."""

from __future__ import annotations

import contextlib
import os
import resource
import signal
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager

from pykcov.guest import log, strays_raw
from pykcov.guest.kcov_file import OpenDevice, device_in
from pykcov.guest.launch import Launched, check_machine, find_program
from pykcov.guest.needs import check_host
from pykcov.guest.placeholders import Placeholders
from pykcov.guest.signals import Signals
from pykcov.guest.supervisor import Supervisor
from pykcov.kernel.kernel import Kernel


def run(
    kernel: Kernel,
    argv: Sequence[str],
    *,
    env: Mapping[str, str] | None = None,
    recording_mode: str = "trace",
    device: OpenDevice | None = None,
    strict: bool = False,
    forward: Iterable[signal.Signals] = (),
    paths: Iterable[str] = (),
) -> int:
    """Run `argv` as a guest of `kernel`. Returns its exit code, or 128 + n if signal n ended it.

    The guest inherits this process's standard streams, working directory and, unless `env` is
    given, environment. Returns when all processes that it started have ended, too.

    recording_mode: what KCOV_ENABLE records, as in pykcov.open(). device: a function that opens the
    device to show to guests, instead of this process's. strict: trap read, write, lseek and the
    like for the device, too; this slows them down for all files of the guest. forward: signals to
    forward to the guest; requires calling run() on the main thread. paths: further absolute paths
    of the device besides /sys/kernel/debug/kcov, such as "/dev/kcov".

    Raises PykcovError: command-missing, guests-unsupported, command-unusable, device-path.
    """
    check_machine()
    path = find_program(argv[0])
    check_host()
    handlers = kernel.handlers(strict)
    if env is None:
        env = os.environ
    with (
        Signals(forward) as signals,
        device_in(kernel, recording_mode, device, paths),
        closing(Placeholders()) as placeholders,
    ):
        launched = Launched(path, argv, env, handlers, signals.before)
        supervisor = Supervisor(kernel, handlers, launched, placeholders)
        with _many_files():
            supervisor.start()
            try:
                return signals.wait(launched)
            finally:
                if launched.abandoned:
                    _end_strays(supervisor)
                supervisor.stop()


def _end_strays(supervisor: Supervisor) -> None:
    """End the guest's processes after its watchdog was killed."""
    log.log.error("the watchdog was killed; ending all guest processes [watchdog-killed]")
    held = strays_raw.hold(supervisor.processes.known())
    supervisor.processes.kill()
    strays_raw.end(held)


@contextmanager
def _many_files() -> Iterator[None]:
    """Raise this process's limit of open files: each process of the guest takes one, and so does
    each file it has open. The guest itself was launched with the original limit."""
    before = None
    with contextlib.suppress(OSError, ValueError):  # the host may refuse it
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        before = soft, hard
    try:
        yield
    finally:
        if before is not None:
            resource.setrlimit(resource.RLIMIT_NOFILE, before)
