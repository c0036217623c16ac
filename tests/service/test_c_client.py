"""clients/c: a program in C collects what requests execute, and takes no packet on trust."""

from __future__ import annotations

import contextlib
import ctypes
import errno
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.guest.test_comparisons import compared
from tests.service.conftest import ROOT, Service

import pykcov
from pykcov.abi import kcov
from pykcov.service import addresses
from pykcov.service.protocol import LARGEST, REPLY, Request, Type, encode_reply
from pykcov.symbols.store import CAPACITY

Start = Callable[..., Service]
CLIENTS = ROOT / "clients" / "c"
WRAPPERS = Path(__file__).with_name("c_client.c")
STRICT = ("-Wall", "-Wextra", "-Wpedantic", "-Werror", f"-I{CLIENTS}")
WORDS = 1 << 12
TASK = 1 << 40
NUMBERS = (
    kcov.KCOV_INIT_TRACE,
    kcov.KCOV_ENABLE,
    kcov.KCOV_DISABLE,
    kcov.KCOV_REMOTE_ENABLE,
    kcov.KCOV_UNIQUE_ENABLE,
    kcov.KCOV_RESET_TRACE,
    kcov.KCOV_REMOTE_MAX_HANDLES,
)


def compiled(name: str, *arguments: object) -> None:
    compiler = shutil.which(name)
    if compiler is None:
        pytest.skip(f"no {name}: a compiler is needed")
    done = subprocess.run(
        [compiler, *STRICT, *map(str, arguments)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> Path:
    program = tmp_path_factory.mktemp("c") / "example"
    compiled("cc", "-std=c99", "-o", program, CLIENTS / "example.c")
    return program


def library_of(folder: Path, *arguments: str) -> ctypes.CDLL:
    """The header's functions."""
    path = folder / "client.so"
    compiled("cc", "-std=c99", "-shared", "-fPIC", *arguments, "-o", path, WRAPPERS)
    library = ctypes.CDLL(str(path), use_errno=True)
    word, words = ctypes.c_uint64, ctypes.POINTER(ctypes.c_uint64)
    library.c_ioctl.argtypes = [ctypes.c_int, ctypes.c_uint32, word, word]
    library.c_remote_enable.argtypes = [ctypes.c_int, ctypes.c_uint32, words, ctypes.c_size_t, word]
    library.c_remote_compare.argtypes = [ctypes.c_int, ctypes.c_uint32, words, word]
    library.c_mmap.argtypes = [ctypes.c_int, word]
    library.c_mmap.restype = words
    library.c_live.restype = ctypes.c_int64
    library.c_count.argtypes = [words, word]
    library.c_handle.argtypes = library.c_bit.argtypes = [word]
    for name in ("c_handle", "c_handle_of_string", "c_handle_of", "c_count", "c_bit", "c_number"):
        getattr(library, name).restype = word
    return library


@pytest.fixture(scope="module")
def c(tmp_path_factory: pytest.TempPathFactory) -> ctypes.CDLL:
    return library_of(tmp_path_factory.mktemp("c"))


def test_it_is_cplusplus_too() -> None:
    compiled("c++", "-std=c++11", "-fsyntax-only", "-x", "c++", WRAPPERS)


@pytest.mark.parametrize("standard", ["c99", "gnu17"])
def test_it_may_come_behind_other_headers(standard: str, tmp_path: Path) -> None:
    source = tmp_path / "late.c"
    source.write_text('#include <stdio.h>\n#include "pykcov.h"\nint main(void) { return 0; }\n')
    define = ["-D_DEFAULT_SOURCE"] if standard == "c99" else []
    compiled("cc", f"-std={standard}", *define, "-fsyntax-only", source)


# -- the example ----------------------------------------------------------------------------------


@dataclass
class Run:
    """What the example did; text, errors and status are there when it has ended."""

    process: subprocess.Popen[str]
    text: str = ""
    errors: str = ""

    @property
    def pcs(self) -> list[int]:
        return [int(line, 16) for line in self.text.splitlines()]

    @property
    def status(self) -> int:
        return self.process.returncode


@contextlib.contextmanager
def collecting(example: Path, *arguments: object) -> Iterator[Run]:
    """Run the example: in the block it collects, and behind it it has ended."""
    command = [str(example), *map(str, arguments)]
    with (
        tempfile.TemporaryFile("w+") as out,
        subprocess.Popen(command, stdout=out, stderr=subprocess.PIPE, text=True) as process,
    ):
        try:
            assert process.stderr is not None
            assert process.stderr.readline() == "collecting\n"
            yield (run := Run(process))
            process.wait(20)
            out.seek(0)
            run.text, run.errors = out.read(), process.stderr.read()
        finally:
            process.kill()


@pytest.mark.parametrize("workers", [0, 2])
@pytest.mark.parametrize("handle", [7, 2**32 - 1, "name", "Grüße", "7x"])
def test_it_prints_what_python_reads(
    start: Start, example: Path, workers: int, handle: int | str
) -> None:
    service = start(workers)
    device = pykcov.connect(service.name)
    with device.remote(handle) as t:
        for n in range(4):
            assert service.request(handle, n) == "whole"
    wanted = list(t.pcs)
    assert len(wanted) > 8
    with collecting(example, service.name, handle, 20, len(wanted)) as run:
        service.request("another", 5)
        for n in range(4):
            assert service.request(handle, n) == "whole"
    assert (run.pcs, run.status) == (wanted, 0)
    assert device.info["descriptors"] == 0


def test_it_ends_when_the_time_is_over_and_can_be_symbolized(start: Start, example: Path) -> None:
    service = start()
    with collecting(example, service.name, 7, 0.5, 10**9) as run:
        service.request(7, 3)
    assert run.status == 0
    command = [sys.executable, "-m", "pykcov", "symbolize"]
    done = subprocess.run(command, input=run.text, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[::2] == run.text.split()
    assert all("subject.py:" in line for line in done.stdout.splitlines()[1::2])


def test_a_service_that_dies_leaves_the_records(start: Start, example: Path) -> None:
    service = start()
    with pykcov.connect(service.name).remote(7) as t:
        service.request(7, 5)
    with collecting(example, service.name, 7, 60) as run:
        service.request(7, 5)
        service.process.kill()
        service.process.wait()
    assert (run.pcs, run.status) == (list(t.pcs), 1)


def test_a_full_area_is_told(start: Start, example: Path) -> None:
    service = start()
    with collecting(example, service.name, 7, 60) as run:
        for _ in range(100_000):
            if run.process.poll() is not None:
                break
            service.request(7, 60)
    assert run.errors == "example: the area is full\n"
    assert (len(run.pcs), run.status) == ((1 << 16) - 1, 1)


# -- the functions --------------------------------------------------------------------------------


def failing(error: int, result: object) -> None:
    number = ctypes.get_errno()
    assert not result or result == -1
    assert errno.errorcode[number] == errno.errorcode[error]


def test_numbers_and_handles(c: ctypes.CDLL) -> None:
    assert tuple(c.c_number(i) for i in range(len(NUMBERS))) == NUMBERS
    for number in (1, 7, 2**32 - 1, 2**32, 2**64 - 1):
        assert c.c_handle(number) == pykcov.handle_of(number)
    assert c.c_handle(0) == 0
    for string in ("a", "name", "Grüße", "x" * 999):
        assert c.c_handle_of_string(string.encode()) == pykcov.handle_of(string)
    assert c.c_handle_of_string(b"") == c.c_handle(1)
    assert c.c_handle_of_string(b"7") == c.c_handle(zlib.crc32(b"7"))


def in_digits(number: int) -> list[str]:
    return [str(number), hex(number), f"0X{number:020X}", f"00{number}", f"{number} "]


DIGITS = st.text("0123456789abcdefxX", max_size=24)
NEAR = st.sampled_from([0, 2**32, 1 << 56, 2**57, 0x70 << 56, 0x71 << 56, 2**64, 2**65])


@given(
    st.lists(
        st.one_of(
            st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])),
            DIGITS,
            DIGITS.map("0x".__add__),
            st.tuples(st.integers(0, 2**66), st.integers(0, 4)).map(
                lambda x: in_digits(x[0])[x[1]]
            ),
            st.tuples(NEAR, st.integers(0, 2**33)).map(lambda x: str(x[0] + x[1])),
            st.sampled_from(["", "x" * 1024, "ß" * 1024, "x" * 1025, "ß" * 1025, "1" * 1025]),
        ),
        min_size=10,
    )
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_strings_stand_for_the_same_handles_as_in_python(
    c: ctypes.CDLL, strings: list[str]
) -> None:
    for string in strings:
        expected = 0 if not 0 < len(string) <= 1024 else pykcov.handle_of(string)
        assert c.c_handle_of(string.encode()) == expected, string


@pytest.mark.parametrize("blocks", [False, True])
def test_an_area_is_read_and_reset(start: Start, c: ctypes.CDLL, blocks: bool) -> None:
    service = start(1)
    recording_mode = "blocks" if blocks else "trace"
    fd = c.c_open(service.name.encode(), blocks)
    assert fd >= 0
    assert not os.get_inheritable(fd)
    assert c.c_ioctl(fd, kcov.KCOV_INIT_TRACE, WORDS, TASK) == 0
    area = c.c_mmap(fd, WORDS)
    handles = (ctypes.c_uint64 * 256)(*(c.c_handle(n) for n in range(1, 257)))
    assert c.c_remote_enable(fd, WORDS, handles, 256, TASK) == 0
    for n in range(6):
        with pykcov.connect(service.name).remote("python", recording_mode=recording_mode) as t:
            service.request("python", n)
        service.request(n + 1, n)
        assert area[1 : c.c_count(area, WORDS) + 1] == list(t.pcs)
        assert len(t.pcs) > 0
        assert c.c_live(fd) == 0
        c.c_reset(area)
        assert c.c_count(area, WORDS) == 0
    area[0] = 2**64 - 1  # garbage is a full area
    assert c.c_count(area, WORDS) == WORDS - 1
    assert c.c_ioctl(fd, kcov.KCOV_DISABLE, 0, TASK) == 0
    os.close(fd)


def test_the_bit_of_a_pc(c: ctypes.CDLL) -> None:
    for number in (0, 1, 63, 64, 2**27):
        assert c.c_bit(kcov.PC_START + kcov.PC_SPACING * (number + 1)) == number
    for other in (0, kcov.PC_START, kcov.PC_START - 8):
        assert c.c_bit(other) >= CAPACITY  # no block's


def test_what_a_section_compares(start: Start, c: ctypes.CDLL) -> None:
    service, without = start(0, "fork", "comparisons"), start()
    handle = (ctypes.c_uint64 * 1)(c.c_handle(7))
    for shown in (service, without):
        fd = c.c_open(shown.name.encode(), 0)
        assert c.c_ioctl(fd, kcov.KCOV_INIT_TRACE, WORDS, TASK) == 0
        if shown is without:
            assert c.c_remote_compare(fd, WORDS, handle, TASK) == -1
            assert ctypes.get_errno() == kcov.ENOTSUPP
        else:
            assert c.c_remote_compare(fd, WORDS, handle, TASK) == 0
            area = c.c_mmap(fd, WORDS)
            service.request(7, 1)
            found = [tuple(area[1 + 4 * n : 4 + 4 * n]) for n in range(area[0])]
            assert found == compared(1)
        os.close(fd)


def test_errors_are_the_devices(start: Start, c: ctypes.CDLL) -> None:
    service = start()
    first, second = (c.c_open(service.name.encode(), 0) for _ in range(2))
    handles = (ctypes.c_uint64 * 257)(c.c_handle(5))
    before = os.listdir("/proc/self/fd")  # noqa: PTH208
    failing(errno.EINVAL, c.c_mmap(first, WORDS))
    failing(errno.EINVAL, c.c_mmap(first, 0))
    failing(errno.EINVAL, c.c_mmap(first, 2**61))
    failing(errno.EINVAL, c.c_ioctl(first, kcov.KCOV_INIT_TRACE, 1, TASK))
    for fd in (first, second):
        assert c.c_ioctl(fd, kcov.KCOV_INIT_TRACE, WORDS, TASK + fd) == 0
    failing(errno.EBUSY, c.c_ioctl(first, kcov.KCOV_INIT_TRACE, WORDS, TASK))
    failing(errno.ENOTTY, c.c_ioctl(first, 0x1234, 0, TASK))
    failing(errno.EINVAL, c.c_ioctl(first, kcov.KCOV_ENABLE, 7, TASK))
    failing(errno.EFAULT, c.c_ioctl(first, kcov.KCOV_REMOTE_ENABLE, 0, TASK))
    failing(errno.EINVAL, c.c_remote_enable(first, WORDS, handles, 257, TASK))
    failing(errno.EINVAL, c.c_remote_enable(first, WORDS, handles, 2, TASK))  # 0 is no handle
    assert c.c_remote_enable(first, WORDS, handles, 1, TASK + first) == 0
    failing(errno.EEXIST, c.c_remote_enable(second, WORDS, handles, 1, TASK + second))
    assert os.listdir("/proc/self/fd") == before  # noqa: PTH208
    service.process.kill()
    service.process.wait()
    for _ in range(2):
        failing(errno.ECONNRESET, c.c_live(first))
    os.close(first)
    os.close(second)


# -- where devices are ----------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["", ".", "../x", "a/b", "a" * 65, "é", "-x", "a\n"])
def test_names(c: ctypes.CDLL, name: str) -> None:
    failing(errno.EINVAL, c.c_open(name.encode(), 0))


def test_directories(c: ctypes.CDLL, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder, link = tmp_path / "pykcov", tmp_path / "link"
    folder.mkdir(0o700)
    link.symlink_to(folder)
    names = {"PYKCOV_DEVICES": str(folder), "XDG_RUNTIME_DIR": str(tmp_path)}
    with pykcov.instrument(include=["**/tests/live/subject.py"]):
        monkeypatch.setenv("PYKCOV_DEVICES", str(folder))
        with contextlib.closing(pykcov.serve("x")):
            for name, value in names.items():
                monkeypatch.delenv("PYKCOV_DEVICES", raising=False)
                monkeypatch.setenv(name, value)
                fd = c.c_open(b"x", 0)
                assert fd >= 0, name
                os.close(fd)
                monkeypatch.setenv("PYKCOV_DEVICES", "")  # as if it were not set
            failing(errno.ENOENT, c.c_open(b"y", 0))
            monkeypatch.setenv("PYKCOV_DEVICES", f"{folder}/./")
            fd = c.c_open(b"x", 0)
            assert fd >= 0
            os.close(fd)
            for path in (link, f"{link}/", f"{link}/."):
                monkeypatch.setenv("PYKCOV_DEVICES", str(path))
                failing(errno.EPERM, c.c_open(b"x", 0))
            monkeypatch.setenv("PYKCOV_DEVICES", str(folder))
            for mode in (0o755, 0o710, 0o777):
                folder.chmod(mode)
                failing(errno.EPERM, c.c_open(b"x", 0))
            folder.chmod(0o700)
    monkeypatch.setenv("PYKCOV_DEVICES", str(tmp_path / "absent"))
    failing(errno.ENOENT, c.c_open(b"x", 0))
    monkeypatch.setenv("PYKCOV_DEVICES", "/" + "d" * 110)
    failing(errno.ENAMETOOLONG, c.c_open(b"x", 0))


def test_the_directory_without_a_variable(c: ctypes.CDLL, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PYKCOV_DEVICES", raising=False)
    monkeypatch.delenv("XDG_RUNTIME_DIR", raising=False)
    if not (path := Path(f"/tmp/pykcov-{os.getuid()}")).exists():
        failing(errno.ENOENT, c.c_open(b"x", 0))
        return
    name = f"c-client-{os.getpid()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as listener:
        listener.bind(str(path / f"{name}.sock"))  # nobody listens: that is another error
        try:
            failing(errno.ECONNREFUSED, c.c_open(name.encode(), 0))
        finally:
            (path / f"{name}.sock").unlink()


# -- bad packets ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Reply:
    packet: bytes  # empty: the connection is closed instead
    fds: int = 0
    after: float = 0  # seconds


class Liar:
    """A device that says HELLO, opens a descriptor, and says `reply`, to one client."""

    def __init__(self, name: str, hello: Reply, reply: Reply) -> None:
        self.name, self.types = name, list[Type]()
        self._replies = (hello, GOOD, reply)
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._listener.bind(str(addresses.socket_of(name)))
        self._listener.listen()
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self) -> None:
        peer, _ = self._listener.accept()
        with peer, Path(os.devnull).open() as null, contextlib.suppress(ConnectionError):
            for reply in self._replies:
                packet = peer.recv(LARGEST)
                if not packet:
                    return
                self.types.append(Request.decode(packet).type)
                if not reply.packet:
                    return
                time.sleep(reply.after)
                socket.send_fds(peer, [reply.packet], [null.fileno()] * reply.fds)
            while packet:
                packet = peer.recv(LARGEST)

    def close(self) -> None:
        self._thread.join(20)
        assert not self._thread.is_alive()
        self._listener.close()
        addresses.socket_of(self.name).unlink()


GOOD = Reply(encode_reply(0, 5))
LIES = {
    "short": (Reply(b"x" * (REPLY.size - 1)), errno.EPROTO),
    "long": (Reply(encode_reply(0, 0, bytes(LARGEST))), errno.EPROTO),
    "negative": (Reply(encode_reply(-5)), errno.EPROTO),
    "no errno": (Reply(encode_reply(4096)), errno.EPROTO),
    "a descriptor too many": (Reply(encode_reply(0), 2), errno.EPROTO),
    "many descriptors": (Reply(encode_reply(0), 9), errno.EPROTO),
    "an error and a descriptor": (Reply(encode_reply(errno.EBUSY), 1), errno.EPROTO),
    "closed": (Reply(b""), errno.ECONNRESET),
    "an errno": (Reply(encode_reply(errno.EXDEV)), errno.EXDEV),
}
LIES_LATER = {
    **LIES,
    "a payload": (Reply(encode_reply(0, 0, b"x")), errno.EPROTO),
    "a payload and a descriptor": (Reply(encode_reply(0, 0, b"x"), 1), errno.EPROTO),
}


@pytest.mark.parametrize("lie", LIES)
def test_hello(c: ctypes.CDLL, lie: str) -> None:
    reply, error = LIES[lie]
    before = os.listdir("/proc/self/fd")  # noqa: PTH208
    with contextlib.closing(Liar("liar", reply, GOOD)) as liar:
        failing(error, c.c_open(b"liar", 0))
    assert os.listdir("/proc/self/fd") == before  # noqa: PTH208
    assert liar.types == [Type.HELLO]


@pytest.mark.parametrize("call", ["ioctl", "mmap", "live"])
@pytest.mark.parametrize("lie", LIES_LATER)
def test_later(c: ctypes.CDLL, lie: str, call: str) -> None:
    reply, error = LIES_LATER[lie]
    before = os.listdir("/proc/self/fd")  # noqa: PTH208
    with contextlib.closing(Liar("liar", GOOD, reply)) as liar:
        fd = c.c_open(b"liar", 0)
        assert fd >= 0
        calls = {
            "ioctl": lambda: c.c_ioctl(fd, kcov.KCOV_DISABLE, 0, 1),
            "mmap": lambda: c.c_mmap(fd, WORDS),
            "live": lambda: c.c_live(fd),
        }
        failing(error, calls[call]())
        if error == errno.EPROTO:  # and from then on it is of no use
            failing(errno.ECONNRESET, calls[call]())
        os.close(fd)
    assert os.listdir("/proc/self/fd") == before  # noqa: PTH208
    assert liar.types[:2] == [Type.HELLO, Type.OPEN]
    assert len(liar.types) == 3


@pytest.mark.parametrize("fds", [0, 1])
def test_an_area_that_is_none(c: ctypes.CDLL, fds: int) -> None:
    """No descriptor, and one of a file with nothing in it."""
    with contextlib.closing(Liar("liar", GOOD, Reply(encode_reply(0), fds))):
        fd = c.c_open(b"liar", 0)
        failing(errno.EPROTO, c.c_mmap(fd, WORDS))
        os.close(fd)


def test_no_room_for_a_descriptor(start: Start, c: ctypes.CDLL) -> None:
    fd = c.c_open(start().name.encode(), 0)
    assert c.c_ioctl(fd, kcov.KCOV_INIT_TRACE, WORDS, TASK) == 0
    taken: list[int] = []
    try:
        with contextlib.suppress(OSError):
            while len(taken) < 1 << 16:
                taken.append(os.dup(fd))
        failing(errno.EMFILE, c.c_mmap(fd, WORDS))
    finally:
        for other in taken:
            os.close(other)
    assert c.c_mmap(fd, WORDS)  # it is no worse for that
    os.close(fd)


def test_a_late_reply_is_not_the_next_ones(tmp_path: Path) -> None:
    c = library_of(tmp_path, "-DPYKCOV_PATIENCE=1")
    with contextlib.closing(Liar("liar", GOOD, Reply(encode_reply(0, 3), after=1.3))):
        fd = c.c_open(b"liar", 0)
        failing(errno.ETIMEDOUT, c.c_live(fd))
        failing(errno.ECONNRESET, c.c_live(fd))
        time.sleep(0.5)
        failing(errno.ECONNRESET, c.c_live(fd))
        os.close(fd)


def test_signals_interrupt_no_request(c: ctypes.CDLL) -> None:
    heard: list[int] = []
    before = signal.signal(signal.SIGALRM, lambda number, _: heard.append(number))
    with contextlib.closing(Liar("liar", GOOD, Reply(encode_reply(0, 3), after=0.3))):
        signal.setitimer(signal.ITIMER_REAL, 0.02, 0.02)
        try:
            fd = c.c_open(b"liar", 0)
            assert c.c_live(fd) == 3
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, before)
        os.close(fd)
    assert heard
