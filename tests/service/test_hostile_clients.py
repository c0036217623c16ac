"""Clients and workers that use what they were given against the service: it goes on."""

from __future__ import annotations

import os
import resource
from contextlib import ExitStack, closing

import pytest
from tests.service.test_mended import Told, name, of, shown, start  # noqa: F401 - fixtures

import pykcov
from pykcov.abi.kcov import KCOV_INIT_TRACE, KCOV_REMOTE_ENABLE
from pykcov.service import client
from pykcov.service.connection import Link
from pykcov.service.protocol import Kind, Type


def test_an_extent_that_somebody_made_huge(shown: Told, name: str) -> None:  # noqa: F811
    with closing(Link(name, Kind.MEMBER)) as link:
        _, _, files = link.request(Type.TABLE, files=2)
        for size in (1 << 28, 1 << 50):
            os.ftruncate(files[1].fileno(), size)
            assert client.describe(name)["pid"] == shown.process.pid


def test_workers_leave_the_service_files(shown: Told, name: str) -> None:  # noqa: F811
    """Also those that are none."""
    resource.prlimit(shown.process.pid, resource.RLIMIT_NOFILE, (256, 256))
    with ExitStack() as stack:
        with pytest.raises(OSError, match="Too many open files"):
            for _ in range(256):
                stack.enter_context(closing(Link(name, Kind.MEMBER)))
        shown.do("import os; files = [os.open('/dev/null', os.O_RDONLY) for _ in range(50)]")


def test_generations_that_go_back(shown: Told, name: str) -> None:  # noqa: F811
    """More sections of one generation publish than have begun in it."""
    with pykcov.connect(name) as device, device.open() as descriptor:
        descriptor.ioctl(KCOV_INIT_TRACE, 4096)
        kept = descriptor.kept(4096, comparisons=False)
        descriptor.ioctl(KCOV_REMOTE_ENABLE, of(1))
        begin = "section = sections.start(pykcov.handle_of(1)); section.leave(); begun += [section]"
        shown.do("import pykcov; from pykcov.device import sections; begun = []")
        for generation in (0, 1, 0):
            kept._control[0] = generation
            shown.do(begin)
        shown.do("for section in begun: section.publish()")
        assert descriptor.unsettled() == 0
        shown.do("for section in begun: section.stop()")
        found = kept.sections()
        assert max(found.settled, found.over) <= found.began


LIMITED = """
    import resource
    used = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (used + (30 << 20), hard))
    try:
        run(1, 1)
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))
"""


def test_a_section_for_which_there_is_no_memory(shown: Told, name: str) -> None:  # noqa: F811
    """The client chose its size, so the client is told, and not the request."""
    with pykcov.connect(name) as device, device.remote(1, size=1 << 24) as t:
        shown.do(LIMITED)
        assert (t.sections.began, t.sections.lost, t.complete) == (1, 1, False)
        t.clear()
        shown.do("run(1, 1)")
        assert (len(t.pcs) > 0, t.complete) == (True, True)
