"""Run a program as a guest of a kernel."""

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
    """Run `argv` as a guest of `kernel`; returns its exit code, 128 + n when signal n ended it.

    The guest has this process's standard streams, directory and, unless `env` is given,
    environment. Returns when everything that it started has ended, too.

    recording_mode: what an ENABLE of the device does, as in pykcov.open(). device: opens the device
    that guests find, instead of this process's. strict: trap read, write,
    lseek and their like on the device, too, which then cost every file of the guest's. forward:
    signals that go on to the guest when this process gets them; then call it on the main thread.
    paths: where the device is found besides /sys/kernel/debug/kcov; absolute, such as "/dev/kcov".

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
    """End what a watchdog that was killed has left."""
    log.log.error("the watchdog was killed; what the guest started is ended [watchdog-killed]")
    held = strays_raw.hold(supervisor.processes.known())
    supervisor.processes.kill()
    strays_raw.end(held)


@contextmanager
def _many_files() -> Iterator[None]:
    """Have as many open files as the host lets us: each process of the guest's takes one, and each
    file that it has open. The guest was launched with the limit that there is."""
    before = None
    with contextlib.suppress(OSError, ValueError):  # a host that refuses it; then there are fewer
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        before = soft, hard
    try:
        yield
    finally:
        if before is not None:
            resource.setrlimit(resource.RLIMIT_NOFILE, before)
