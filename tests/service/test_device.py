"""A device shown over a socket: another process collects what requests execute, live."""

from __future__ import annotations

import errno
import os
import signal
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.service.collecting import enabled, hello, raw, settled, take
from tests.service.talking import Service, Start

import pykcov
from pykcov.abi.kcov import (
    KCOV_DISABLE,
    KCOV_ENABLE,
    KCOV_INIT_TRACE,
    KCOV_REMOTE_ENABLE,
    WORD,
)
from pykcov.device.remote_arg import RemoteArg
from pykcov.service import addresses
from pykcov.service.connection import Link
from pykcov.service.protocol import (
    LARGEST,
    MAGIC,
    REQUEST,
    Kind,
    Type,
    decode_reply,
)

pytestmark = pytest.mark.once


@pytest.mark.parametrize("workers", [0, 3])
def test_a_request_is_read_from_outside(
    start: Start, alone: Callable[[int], list[int]], workers: int
) -> None:
    service = start(workers)
    device = pykcov.connect(service.name)
    with device.remote(7) as t, device.remote("name") as other:
        for n in range(6):
            assert service.request(7, n) == "whole"
            assert list(t.pcs) == alone(n)  # read while it runs, and reset
            t.clear()
        service.request("name", 9)
        service.request(8, 10)
    assert list(t.pcs) == []
    assert (list(other.pcs), other.complete) == (alone(9), True)
    assert other.blocks[0].function == "work"


def test_handles_registered_after_the_fork_and_again(
    start: Start, alone: Callable[[int], list[int]]
) -> None:
    service = start(2)
    device = pykcov.connect(service.name)
    for n in range(10):
        with device.remote(7) as t:
            service.request(7, n)
            service.request(7, n + 1)
        assert list(t.pcs) == alone(n) + alone(n + 1)
        assert t.complete
    assert service.request(7, 1) == "whole"  # nobody collects it


def test_what_the_device_tells(start: Start) -> None:
    service = start(1)
    device = pykcov.connect(service.name)
    assert device.info["pid"] == service.process.pid
    assert device.info["blocks"] > 20
    assert "shown" in device.info["program"]
    with device.open(), device.open():
        assert pykcov.connect(service.name).info["descriptors"] == 2


def test_ioctls_answer_as_in_process(start: Start) -> None:
    device = pykcov.connect(start().name)
    size = 512
    argument = RemoteArg(0, size, 0, (pykcov.handle_of(5),)).encode()

    def failing(error: int, call: Callable[[], object]) -> None:
        with pytest.raises(OSError) as caught:  # noqa: PT011
            call()
        assert caught.value.errno == error

    with device.open() as first, device.open() as second:
        failing(errno.EINVAL, lambda: first.mmap(size * WORD))
        failing(errno.EINVAL, lambda: first.ioctl(KCOV_INIT_TRACE, 1))
        failing(errno.EINVAL, lambda: first.ioctl(KCOV_REMOTE_ENABLE, argument))
        for descriptor in (first, second):
            descriptor.ioctl(KCOV_INIT_TRACE, size)
        failing(errno.EBUSY, lambda: first.ioctl(KCOV_INIT_TRACE, size))
        failing(errno.EINVAL, lambda: first.mmap(size * WORD, offset=4096))
        failing(errno.EINVAL, lambda: first.mmap(size * WORD * 2))
        failing(errno.ENOTTY, lambda: first.ioctl(0x1234))
        failing(errno.EINVAL, lambda: first.ioctl(KCOV_DISABLE))
        failing(errno.EFAULT, lambda: first.ioctl(KCOV_REMOTE_ENABLE, argument[:-1]))
        first.ioctl(KCOV_REMOTE_ENABLE, argument)
        failing(errno.EBUSY, lambda: second.ioctl(KCOV_REMOTE_ENABLE, argument))
        first.ioctl(KCOV_DISABLE)
        second.ioctl(KCOV_REMOTE_ENABLE, argument)
        with device.open() as third:
            third.ioctl(KCOV_INIT_TRACE, size)
            failing(errno.EINVAL, lambda: third.ioctl(KCOV_DISABLE))
            second.ioctl(KCOV_DISABLE)
            third.ioctl(KCOV_REMOTE_ENABLE, argument)


def test_enable_collects_from_all_threads(start: Start, alone: Callable[[int], list[int]]) -> None:
    service = start()
    device = pykcov.connect(service.name)
    descriptor, area = enabled(device)
    for n in range(10):
        service.request(8, n)
        assert take(area) == alone(n)
    with device.remote(7) as t:  # a section is nobody else's
        service.request(7, 5)
    assert (list(t.pcs), take(area)) == (alone(5), [])
    with device.open() as second, pytest.raises(OSError, match="busy"):
        second.ioctl(KCOV_INIT_TRACE, 512)
        second.ioctl(KCOV_ENABLE)
    descriptor.ioctl(KCOV_DISABLE)
    service.request(8, 5)
    assert take(area) == []
    descriptor.ioctl(KCOV_ENABLE)
    service.request(8, 6)
    assert take(area) == alone(6)
    device.close()  # counts as exit, once the service has seen it
    settled(service)
    service.request(8, 5)
    assert take(area) == []
    descriptor, area = enabled(device)
    service.request(8, 7)
    assert take(area) == alone(7)
    descriptor.close()


def woken(service: Service) -> int:
    """How often threads of the service have come to run, or been made to stop."""
    tasks = Path(f"/proc/{service.process.pid}/task")
    return sum(
        int(line.split()[1])
        for status in tasks.glob("*/status")
        for line in status.read_text().splitlines()
        if "ctxt_switches" in line
    )


def test_reading_wakes_nobody(start: Start, alone: Callable[[int], list[int]]) -> None:
    service = start()
    with pykcov.connect(service.name).remote(7) as t:
        service.request(7, 5)
        time.sleep(0.1)  # it has gone to sleep
        before = woken(service)
        for _ in range(1000):
            assert list(t.pcs) == alone(5)
        for _ in range(1000):
            t.clear()
            assert len(t.pcs) == 0
        time.sleep(1.5)
        assert woken(service) == before
        service.request(7, 5)
        assert woken(service) > before
        assert list(t.pcs) == alone(5)


def test_a_client_that_dies_leaves_nothing(start: Start) -> None:
    service = start(1)
    device = pykcov.connect(service.name)
    with device.remote(1):
        service.request(1, 5)  # what is made once is there
    device.close()
    before = settled(service)
    for _ in range(20):
        reading, writing = os.pipe()
        pid = os.fork()
        if pid == 0:
            with device.remote(7):
                os.write(writing, b"x")
                time.sleep(60)
            os._exit(0)
        os.read(reading, 1)
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        os.close(reading)
        os.close(writing)
        with device.remote(7) as t:  # EEXIST if it were registered
            service.request(7, 5)
        assert t.complete
        assert len(t.pcs) > 0
    device.close()
    assert settled(service) == before


def test_a_service_that_dies_leaves_the_records(
    start: Start, alone: Callable[[int], list[int]]
) -> None:
    service = start()
    device = pykcov.connect(service.name)
    descriptor = device.open()
    with device.remote(7) as t:
        service.request(7, 5)
        service.process.kill()
        service.process.wait()
        with pytest.raises(pykcov.PykcovError, match="device-gone"):
            _ = t.pcs
        with pytest.raises(ConnectionResetError, match="has gone"):
            descriptor.ioctl(KCOV_INIT_TRACE, 512)
    assert (list(t.pcs), t.complete) == (alone(5), False)
    descriptor.close()
    with pytest.raises(pykcov.PykcovError, match="device-missing"):
        device.open()


def test_a_stale_socket_is_replaced(start: Start) -> None:
    first = start()
    first.process.kill()
    first.process.wait()
    assert addresses.socket_of(first.name).exists()
    server = pykcov.serve(first.name)
    try:
        with pytest.raises(pykcov.PykcovError, match="device-taken"):
            pykcov.serve(first.name)
        assert pykcov.connect(first.name).info["pid"] == os.getpid()
    finally:
        server.close()
        server.close()
    assert not addresses.socket_of(first.name).exists()


# -- who may --------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["", ".", "../x", "a/b", "a" * 65, "é", "-x"])
def test_names(name: str) -> None:
    with pytest.raises(pykcov.PykcovError, match="device-name"):
        addresses.socket_of(name)


@pytest.mark.parametrize("mode", [0o755, 0o710, 0o777])
def test_a_directory_that_others_reach_is_refused(
    mode: int, tmp_path: os.PathLike[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    os.chmod(tmp_path, mode)  # noqa: PTH101
    monkeypatch.setenv("PYKCOV_DEVICES", str(tmp_path))
    with pytest.raises(pykcov.PykcovError, match="device-directory"):
        pykcov.serve("x")


def test_a_link_or_another_users_directory_is_refused(
    tmp_path: os.PathLike[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    target, link = os.path.join(tmp_path, "d"), os.path.join(tmp_path, "l")  # noqa: PTH118
    os.mkdir(target, 0o700)  # noqa: PTH102
    os.symlink(target, link)  # noqa: PTH211
    monkeypatch.setenv("PYKCOV_DEVICES", link)
    with pytest.raises(pykcov.PykcovError, match="device-directory"):
        pykcov.connect("x")
    if os.getuid() != 0:
        pytest.skip("only root can give a directory away")
    os.chown(target, 65534, 65534)
    monkeypatch.setenv("PYKCOV_DEVICES", target)
    with pytest.raises(pykcov.PykcovError, match="device-directory"):
        pykcov.serve("x")


# -- bad input ------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def lasting() -> Iterator[Service]:
    with Service(1, "fork") as service:
        yield service


PACKETS = st.one_of(
    st.binary(max_size=80),
    st.binary(min_size=LARGEST - 2, max_size=LARGEST + 200),
    st.builds(
        lambda kind, a, b, c, d, rest: REQUEST.pack(MAGIC, kind, 1, a, b, c, d) + rest,
        st.integers(0, 11),
        *[st.sampled_from([0, 1, 2, 512, KCOV_INIT_TRACE, KCOV_REMOTE_ENABLE, 2**63, 2**64 - 1])]
        * 4,
        st.binary(max_size=64),
    ),
)


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(kind=st.sampled_from([None, *Kind]), packets=st.lists(PACKETS, min_size=1, max_size=6))
def test_any_bytes(lasting: Service, kind: Kind | None, packets: list[bytes]) -> None:
    with raw(lasting.name) as peer:
        try:
            for packet in ([] if kind is None else [hello(kind)]) + packets:
                if not packet:
                    continue  # SOCK_SEQPACKET takes it for the end
                peer.send(packet)
                reply, fds, _, _ = socket.recv_fds(peer, LARGEST, 4)
                for fd in fds:
                    os.close(fd)
                if not reply:
                    break
                error, *_ = decode_reply(reply)
                assert error == 0 or error in errno.errorcode or error == 524
        except (BrokenPipeError, ConnectionResetError):
            pass
    with pykcov.connect(lasting.name).remote(7) as t:
        assert lasting.request(7, 5) == "whole"
    assert t.complete
    assert len(t.pcs) > 0


@pytest.mark.slow
def test_half_open_connections(lasting: Service) -> None:
    """More than there is room for: those that say nothing give way, and the service goes on."""
    peers: list[socket.socket] = []
    try:
        for _ in range(3000):
            try:
                peers.append(raw(lasting.name))
            except OSError:
                break
        for n in range(20):
            assert lasting.request(7, n) == "whole"
        with pykcov.connect(lasting.name).remote(7) as t:
            lasting.request(7, 5)
        assert t.complete
    finally:
        for peer in peers:
            peer.close()


def test_a_member_gets_no_more_than_its_own(lasting: Service) -> None:
    link = Link(lasting.name, Kind.MEMBER)
    with pytest.raises(OSError, match="No such file"):
        link.request(Type.FETCH, 2**40)
    link.close()


def test_two_names_with_one_hash(start: Start) -> None:
    device = pykcov.connect(start().name)
    one, other = "plumless", "buckeroo"  # a well-known collision of CRC-32
    assert pykcov.handle_of(one) == pykcov.handle_of(other)
    unmarked = pytest.warns(pykcov.PykcovWarning, match="nothing-marked")
    with unmarked, device.remote(one):
        for name, text in (
            (
                other,
                "of 'buckeroo' is already being collected, as that of 'plumless', which has",
            ),
            (one, "of 'plumless' is already being collected, as that of 'plumless'$"),
        ):
            with pytest.raises(FileExistsError, match=text), device.remote(name):
                raise AssertionError
    with device.remote(other):  # nothing is marked here either, and was told once
        pass


@pytest.mark.skipif(os.getuid() != 0, reason="only root can be another user")
def test_another_user_is_refused(start: Start) -> None:
    """Also when the directory and the socket let everybody in."""
    service = start()
    path = addresses.socket_of(service.name)
    path.parent.chmod(0o755)
    path.chmod(0o666)
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.chdir(path.parent)
        os.setuid(65534)
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as peer:
            peer.connect(path.name)
            try:
                peer.send(hello(Kind.LOOK))
                found = peer.recv(LARGEST)
            except (ConnectionError, BrokenPipeError):
                found = b""
        os.write(writing, b"refused" if found == b"" else b"let in")
        os._exit(0)
    os.waitpid(pid, 0)
    path.parent.chmod(0o700)
    assert os.read(reading, 16) == b"refused"
    os.close(reading)
    os.close(writing)
    assert pykcov.connect(service.name).info["pid"] == service.process.pid
