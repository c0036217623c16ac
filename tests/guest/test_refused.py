"""Hosts that refuse a call that guests need: one clear line, soon, and nothing left behind."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from tests.guest.processes import is_alive, started, watchdog_of
from tests.guest.running import Guests

pytestmark = pytest.mark.once

REFUSING = Path(__file__).with_name("refusing_raw.py")
READ_KCOV = "import os; os.close(os.open('/sys/kernel/debug/kcov', os.O_RDWR)); print('opened')"

# The call, and what it is called in the message.
NEEDED = {
    "pidfd_open": "pidfd_open",
    "pidfd_getfd": "pidfd_getfd",
    "pidfd_send_signal": "pidfd_send_signal",
    "process_vm_readv": "process_vm_readv",
    "process_vm_writev": "process_vm_writev",
    "seccomp": "seccomp",
    "memfd_create": "memfd_create",
    "prctl:0=36": "prctl(PR_SET_CHILD_SUBREAPER)",
    "ioctl:1=0x40082102": "ioctl(SECCOMP_IOCTL_NOTIF_ID_VALID)",
    "fcntl:1=1033": "fcntl(F_ADD_SEALS)",
    "inotify_init1": "inotify_init1",
    "inotify_add_watch": "inotify_add_watch",
    "rt_sigtimedwait": "rt_sigtimedwait",
    "socketpair": "socketpair",
    "signalfd4": "signalfd",
    "poll": "poll",
    "close_range": "close_range",
    "kill": "kill",
    "wait4": "wait4",
    "waitid": "waitid",
    "sendto": "sendto",
    "recvfrom": "recvfrom",
}


def run(guests: Guests, call: str, error: str, *argv: object) -> subprocess.CompletedProcess[str]:
    command = [
        sys.executable,
        str(REFUSING),
        call,
        error,
        *guests.command(*argv, kernel="counting.py"),
    ]
    # In a session of its own, and without a shell's help: what hangs is found by the time it takes.
    return subprocess.run(command, env=guests.env, capture_output=True, text=True, timeout=20,
                          check=False, start_new_session=True)  # fmt: skip


@pytest.mark.parametrize("error", ["EPERM", "ENOSYS"])
@pytest.mark.parametrize("call", NEEDED)
def test_a_needed_call_is_refused(guests: Guests, call: str, error: str) -> None:
    done = run(guests, call, error, sys.executable, "-c", READ_KCOV)
    assert (done.returncode, done.stdout) == (1, ""), done.stderr
    why = os.strerror(getattr(errno, error))
    start = f"pykcov: the host refuses a system call that guests need: {NEEDED[call]}: {why}"
    assert done.stderr.startswith(start)
    assert done.stderr.endswith("[guests-unsupported]\n")
    assert done.stderr.count("\n") == 1
    assert not left_behind(guests)


@pytest.mark.parametrize("call", ["seccomp", "signalfd4"])
def test_a_filter_that_kills(guests: Guests, call: str) -> None:
    done = run(guests, call, "KILL", "true")
    assert (done.returncode, done.stdout) == (1, ""), done.stderr
    assert done.stderr == (
        "pykcov: the guest, or the watchdog that starts it, was killed before the guest started "
        "[guests-unsupported]\n"
    )
    assert not left_behind(guests)


def left_behind(guests: Guests) -> list[str]:
    """Processes that were started with these guests' environment."""
    mark = f"PYKCOV_STORE={guests.store}".encode()
    found = []
    for environ in Path("/proc").glob("[0-9]*/environ"):
        try:
            if environ.parent.name != str(os.getpid()) and mark in environ.read_bytes():
                found.append((environ.parent / "cmdline").read_text())
        except OSError:
            continue
    return found


def test_without_more_open_files(guests: Guests) -> None:
    """The limit of open files cannot be raised; then it is as it was."""
    done = run(guests, "prlimit64:1=7", "EPERM", sys.executable, "-c", READ_KCOV)
    assert (done.returncode, done.stdout, done.stderr) == (0, "opened\n", "")


ORPHANS = """
import os, signal, sys, time
read, write = os.pipe()
for kind in ("child", "orphan", "own session"):
    if os.fork() == 0:
        if kind != "child" and os.fork():
            os._exit(0)
        if kind == "own session":
            os.setsid()
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGHUP})
        os.write(write, b"%d\\n" % os.getpid())
        while True:
            time.sleep(100)
with open(read, "rb") as file:
    print(*(int(file.readline()) for _ in range(3)), flush=True)
while True:
    time.sleep(100)
"""


def test_a_killed_watchdog_leaves_nobody(guests: Guests) -> None:
    """Also none who made no call that is answered, and none whose parent has gone."""
    command = guests.command(sys.executable, "-c", ORPHANS)
    with started(command, guests.env) as process:
        assert process.stdout is not None
        pids = [int(word) for word in process.stdout.readline().split()]
        assert len(pids) == 3
        assert all(map(is_alive, pids))
        os.kill(watchdog_of(process.pid), signal.SIGKILL)
        try:
            process.wait(timeout=8)
            left = [pid for pid in pids if is_alive(pid)]
        finally:
            for pid in filter(is_alive, pids):
                os.kill(pid, signal.SIGKILL)
        said = process.communicate()[1]
        assert (process.returncode, left) == (128 + signal.SIGKILL, [])
    assert said.endswith("the watchdog was killed; ending all guest processes "
                         "[watchdog-killed]\n")  # fmt: skip
    assert said.count("\n") == 1
