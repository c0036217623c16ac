"""Descriptors that clients drop, are interrupted with, or take over a fork."""

from __future__ import annotations

import errno
import gc
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

import pytest
from tests.service.conftest import Service

import pykcov
from pykcov.abi.kcov import KCOV_DISABLE, KCOV_INIT_TRACE
from pykcov.service.client import Device

Start = Callable[[], Service]


def test_a_closed_descriptor_is_no_other(start: Start) -> None:
    with pykcov.connect(start().name) as device, device.open() as first:
        closed = device.open()
        closed.close()
        for refused in (
            lambda: closed.ioctl(KCOV_INIT_TRACE, 512),
            lambda: closed.mmap(4096),
            closed.area,
            closed.unsettled,
        ):
            with pytest.raises(OSError, match="Bad file descriptor") as raised:
                refused()
            assert raised.value.errno == errno.EBADF
        first.ioctl(KCOV_INIT_TRACE, 512)  # nobody has done it in its place


def test_what_a_client_drops_is_closed_by_its_next_request(start: Start) -> None:
    service = start()
    with pykcov.connect(service.name) as device:
        device.open().close()
        before = service.descriptors()
        for _ in range(20):
            device.open()
        dropped = device.remote(77)
        dropped.__enter__()
        del dropped
        gc.collect()
        with device.remote(77) as t:
            service.request(77, 1)
        assert t.complete
        assert service.descriptors() <= before + 1  # that of the last one is kept for the next


def test_an_open_that_is_interrupted_leaves_nothing(start: Start) -> None:
    """A signal handler raises while a client waits for the reply."""
    service = start()

    def handler(*_: object) -> None:
        raise TimeoutError

    before = signal.signal(signal.SIGALRM, handler)
    try:
        with pykcov.connect(service.name) as device:
            device.open().close()
            files = service.descriptors()
            for _ in range(5):
                os.kill(service.process.pid, signal.SIGSTOP)
                os.waitpid(service.process.pid, os.WUNTRACED)
                signal.setitimer(signal.ITIMER_REAL, 0.02)
                with pytest.raises(TimeoutError):
                    device.open()
                os.kill(service.process.pid, signal.SIGCONT)
            for _ in range(2):  # the first hears of them
                device.open().close()
            assert service.descriptors() == files
    finally:
        os.kill(service.process.pid, signal.SIGCONT)
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


class _Interrupted(Exception):  # noqa: N818 - it is no error
    """What comes from outside."""


def _interrupting(nth: int) -> Callable[..., Any]:
    """A trace function that raises at the nth instruction in a client's own files."""
    left = nth

    def local(frame: FrameType, event: str, arg: object) -> Any:
        nonlocal left
        left -= event == "opcode"
        if event == "opcode" and left == 0:
            raise _Interrupted
        return local

    def begin(frame: FrameType, event: str, arg: object) -> Any:
        if not frame.f_code.co_filename.endswith(("service/connection.py", "service/client.py")):
            return None
        frame.f_trace_opcodes = True
        return local

    return begin


def own_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def test_an_exception_at_any_instruction_leaves_nothing(start: Start) -> None:
    """Neither a descriptor in the service nor a file here; and the connection goes on."""
    service = start()

    def once(device: Device) -> None:
        with device.open() as descriptor:
            descriptor.ioctl(KCOV_INIT_TRACE, 512)
            descriptor.mmap(4096).close()

    with pykcov.connect(service.name) as device:
        before = sys.gettrace()
        sys.settrace(_interrupting(-1))  # 3.12 hears of instructions from the next settrace() on
        once(device)
        sys.settrace(before)
        files = service.descriptors(), own_files()
        interrupted, nth = True, 0
        while interrupted:
            interrupted, nth = False, nth + 1
            before = sys.gettrace()
            sys.settrace(_interrupting(nth))
            try:
                once(device)
            except _Interrupted:
                interrupted = True
            finally:
                sys.settrace(before)
            once(device)
            assert (service.descriptors(), own_files()) == files, nth
        assert nth > 500


def test_a_child_is_not_kept_by_its_parents_threads(start: Start) -> None:
    """They may hold the device's locks when it is forked."""
    with pykcov.connect(start().name) as device, device.open() as inherited:
        link = device.link()
        held, go = threading.Event(), threading.Event()

        def hold() -> None:
            with link._lock, device._lock:
                held.set()
                go.wait()

        thread = threading.Thread(target=hold)
        thread.start()
        held.wait()
        pid = os.fork()
        if not pid:
            status = 1
            try:
                with device.open() as own:
                    own.ioctl(KCOV_INIT_TRACE, 512)
                try:
                    inherited.ioctl(KCOV_DISABLE)
                except ConnectionResetError:
                    status = 0
            finally:
                os._exit(status)
        deadline = time.monotonic() + 20
        while (ended := os.waitpid(pid, os.WNOHANG)) == (0, 0) and time.monotonic() < deadline:
            time.sleep(0.01)
        go.set()
        thread.join()
        if ended == (0, 0):
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
        assert ended == (pid, 0)


def test_a_child_clears_nothing_of_its_parents(start: Start) -> None:
    service = start()
    with pykcov.connect(service.name) as device, device.remote(1) as t:
        service.request(1, 3)
        found = t.pcs
        assert found
        pid = os.fork()
        if not pid:
            status = 1
            try:
                refused = 0
                for call in (t.clear, t.wait):
                    try:
                        call()
                    except OSError as error:
                        refused += error.errno == errno.EINVAL
                t.__exit__(None, None, None)
                status = not (refused == 2 and t.pcs == found)
            finally:
                os._exit(status)
        assert os.waitpid(pid, 0)[1] == 0
        assert t.pcs == found
        t.clear()
        service.request(1, 3)
        assert t.pcs == found
