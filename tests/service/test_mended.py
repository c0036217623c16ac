"""What once went wrong between a device, its workers and its clients, each at its smallest."""

from __future__ import annotations

import fcntl
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from itertools import count
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest
from tests.live import subject
from tests.service.talking import Talking
from tests.service.test_device import alone  # noqa: F401 - a fixture
from tests.service.test_workers import enabled, take

import pykcov
from pykcov.abi.kcov import KCOV_DISABLE, KCOV_INIT_TRACE, KCOV_REMOTE_ENABLE, WORD
from pykcov.cli.watch import Seen
from pykcov.device import sections
from pykcov.device.remote_arg import RemoteArg
from pykcov.device.watcher import FRAME_LAST
from pykcov.service.watch import Watch
from pykcov.symbols.store import SymbolStore

ROOT = Path(__file__).parents[2]
F_SEAL_FUTURE_WRITE = 0x10  # linux/fcntl.h; Python has no name for it
_numbers = count()


class Told(Talking):
    """tests/service/told.py, running."""

    def __init__(self) -> None:
        super().__init__(sys.executable, "-m", "tests.service.told")

    def send(self, source: str = "") -> None:
        super().send(json.dumps(dedent(source)))

    def answer(self) -> Any:
        return json.loads(self.line())

    def ask(self, source: str = "") -> Any:
        """Have it executed; returns what it leaves in `answer`."""
        self.send(source)
        return self.answer()

    def do(self, source: str) -> None:
        """Have it executed."""
        assert self.ask(source) is None

    @contextmanager
    def stopped(self) -> Iterator[None]:
        """Its process, not that of a worker, is stopped meanwhile."""
        self.process.send_signal(signal.SIGSTOP)
        os.waitpid(self.process.pid, os.WUNTRACED)
        try:
            yield
        finally:
            self.process.send_signal(signal.SIGCONT)

    def end(self) -> int:
        self.process.send_signal(signal.SIGCONT)
        return super().end()


Start = Callable[[], Told]
Alone = Callable[[int], list[int]]


@pytest.fixture
def start() -> Iterator[Start]:
    """Start processes; they end with the test."""
    with ExitStack() as stack:

        def start() -> Told:
            return stack.enter_context(Told())

        yield start


@pytest.fixture
def name() -> str:
    return f"mended-{os.getpid()}-{next(_numbers)}"


@pytest.fixture
def shown(start: Start, name: str) -> Told:
    """It shows the device `name`."""
    told = start()
    told.do(f"import pykcov; server = pykcov.serve({name!r})")
    return told


@pytest.fixture
def worker(shown: Told) -> Told:
    """It shows the device `name`, and its worker does what it is told to."""
    shown.send("fork()")
    shown.answer()
    return shown


def of(handle: int) -> bytes:
    """What KCOV_REMOTE_ENABLE takes."""
    return RemoteArg(0, 4096, 0, (pykcov.handle_of(handle),)).encode()


# -- signal handlers that raise -------------------------------------------------------------------


def test_a_reply_that_comes_too_late_is_nobodys(worker: Told, name: str, alone: Alone) -> None:  # noqa: F811
    """A worker gives up between its request to the device and the reply."""
    device = pykcov.connect(name)
    with device.remote(3):
        worker.do("run(3, 0)")  # it has its connection
    with device.remote(1) as first, device.remote(2) as second:
        with worker.stopped():
            raised = worker.ask("interrupt_in(0.1); run(1, 1)")
        worker.do("run(2, 2)")
        assert (list(first.pcs), list(second.pcs)) == ([], alone(2))
        assert raised == "TimeoutError()"
        worker.do("run(1, 3)")
        assert (list(first.pcs), list(second.pcs)) == (alone(3), alone(2))


def test_an_exception_in_a_probe_is_the_programs(worker: Told, name: str, alone: Alone) -> None:  # noqa: F811
    """The first hit after KCOV_ENABLE asks the device. What is raised meanwhile is not lost, and
    nor are the hits that follow."""
    descriptor, area = enabled(pykcov.connect(name))
    with descriptor:
        with worker.stopped():
            assert worker.ask("interrupt_in(0.1); subject.work(1)") == "TimeoutError()"
        worker.do("subject.work(2)")
        assert take(area) == alone(2)


@pytest.mark.parametrize("mark", [False, True])
def test_a_worker_without_a_free_file(
    worker: Told,
    name: str,
    alone: Alone,  # noqa: F811
    mark: bool,
) -> None:
    """The program goes on, and is recorded when it has files again."""
    run = "run(1, 1)" if mark else "subject.work(1)"
    program = f"""
        import resource
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (3, hard))
        try:
            {run}
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    """
    device = pykcov.connect(name)
    if mark:
        with device.remote(1) as t:
            worker.do(program)
            worker.do("run(1, 2)")
        assert list(t.pcs) == alone(2)
    else:
        descriptor, area = enabled(device)
        with descriptor:
            worker.do(program)
            worker.do("subject.work(2)")
            assert take(area) == alone(2)


# -- whose records they are -----------------------------------------------------------------------


def test_a_request_of_an_enable_that_is_over(worker: Told, name: str) -> None:
    """It has looked its handle up; meanwhile the descriptor collects another one."""
    hold = """
        import sys
        from pykcov.service.worker import Member
        meet = Member._meet
        def held(self, value):
            print('"held"', flush=True)
            sys.stdin.readline()
            return meet(self, value)
        Member._meet = held
    """
    worker.do(hold)
    with pykcov.connect(name).open() as descriptor:
        descriptor.ioctl(KCOV_INIT_TRACE, 4096)
        area = descriptor.mmap(4096 * WORD)
        descriptor.ioctl(KCOV_REMOTE_ENABLE, of(1))
        worker.send("run(1, 1)")
        assert worker.answer() == "held"
        descriptor.ioctl(KCOV_DISABLE)
        descriptor.ioctl(KCOV_REMOTE_ENABLE, of(2))
        worker.send("go on")
        assert worker.answer() is None
        assert (take(area), descriptor.unsettled()) == ([], 0)


def test_workers_of_a_device_that_has_been_replaced(
    worker: Told,
    start: Start,
    name: str,
    alone: Alone,  # noqa: F811
) -> None:
    """The process that shows it dies and is started again; a worker of the first lives on."""
    with pykcov.connect(name).remote(1):
        worker.process.kill()
        worker.process.wait()
        other = start()
        other.do(f"import pykcov; pykcov.serve({name!r})")
        with pykcov.connect(name).remote(2) as t:
            worker.do("run(1, 1)")
            other.do("run(2, 2)")
        assert (list(t.pcs), t.complete) == (alone(2), True)


def test_a_worker_with_a_device_of_its_own(worker: Told, name: str, alone: Alone) -> None:  # noqa: F811
    """It is its parent's worker no more; and a process shows one device."""
    own = f"{name}-own"
    worker.do(f"import pykcov; server = pykcov.serve({own!r})")
    parents, foreign = enabled(pykcov.connect(name))
    with parents:
        descriptor, area = enabled(pykcov.connect(own))
        unmarked = pytest.warns(pykcov.PykcovWarning, match="nothing-marked")
        with descriptor, unmarked, pykcov.connect(name).remote(1) as t:
            worker.do("subject.work(1)")
            assert (take(area), take(foreign)) == (alone(1), [])
            worker.do("run(1, 2)")
            parents.ioctl(KCOV_DISABLE)
            worker.do("subject.work(3)")
            assert (take(area), take(foreign), list(t.pcs)) == (alone(2) + alone(3), [], [])
    assert "device-taken" in worker.ask("pykcov.serve('another')")


def test_a_fork_inside_a_section(shown: Told, name: str, alone: Alone) -> None:  # noqa: F811
    """The child leaves its parent's section, which stays as it is, and goes on to the next."""
    device = pykcov.connect(name)
    source = """
        import os
        there, go = os.pipe(), os.pipe()
        with pykcov.remote(1) as section:
            subject.work(1)
            pid = os.fork()
            if pid:
                os.read(there[0], 1)
                subject.work(2)
        if not pid:
            with pykcov.remote(2):
                subject.work(3)
                os.write(there[1], b"x")
                os.read(go[0], 1)
                subject.work(4)
            os._exit(0)
        os.write(go[1], b"x")
        os.waitpid(pid, 0)
        answer = section.complete
    """
    with device.remote(1) as parents, device.remote(2) as childs:
        assert shown.ask(source) is True
        assert list(parents.pcs) == alone(1) + alone(2)
        assert list(childs.pcs) == alone(3) + alone(4)
    assert (parents.complete, childs.complete) == (True, True)


def test_the_rest_of_a_request_is_not_shown_as_all_of_it(name: str, alone: Alone) -> None:  # noqa: F811
    """Its first part found no room in the ring."""
    with (
        pykcov.instrument(include=["**/tests/live/subject.py"]),
        closing(pykcov.serve(name)),
        Watch(name) as watch,
    ):
        row = Seen(SymbolStore(Path(watch.info["store"]))).row
        section = sections.start(0)
        assert section is not None
        subject.work(1)
        assert sections.watcher is not None
        watcher = sections.watcher()
        assert watcher is not None
        words = sections._take(1 << 16)
        for lost, records in enumerate([1 << 15, 0]):
            words[:WORD] = records.to_bytes(WORD, "little")
            while watch.lost == lost:
                watcher.report(words, 0, 1, FRAME_LAST)
        section.publish()
        assert watch.lost == 3
        list(watch.finished())
        subject.work(2)
        section.stop()
        (seen,) = watch.finished()
        assert list(seen.pcs) == alone(2)
        assert not row(seen)["complete"]


# -- what clients and programs do -----------------------------------------------------------------


def test_an_area_that_its_client_has_sealed(shown: Told, name: str) -> None:
    """Nobody can write to it: the client is told, and not the requests."""
    with pykcov.connect(name).open() as descriptor:
        area = descriptor.area()
        fcntl.fcntl(area, fcntl.F_ADD_SEALS, F_SEAL_FUTURE_WRITE)
        os.close(area)
        descriptor.ioctl(KCOV_INIT_TRACE, 4096)
        with pytest.raises(OSError, match="Cannot allocate memory"):
            descriptor.ioctl(KCOV_REMOTE_ENABLE, of(1))
        shown.do("run(1, 1)")


def test_a_device_that_was_closed_leaves_no_file_open(shown: Told) -> None:
    files = """
        import gc, os
        for _ in range(20):
            server.close()
            server = pykcov.serve(server.name)
        gc.collect()
        answer = len(os.listdir("/proc/self/fd"))
    """
    assert shown.ask(files) == shown.ask(files)


@pytest.mark.parametrize("what", ["os.chdir('/')", "os.environ.clear()"])
def test_a_worker_that_is_elsewhere(
    start: Start,
    name: str,
    what: str,
    alone: Alone,  # noqa: F811
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Devices are where they were when the service began."""
    (tmp_path / "devices").mkdir(mode=0o700)
    monkeypatch.setenv("PYKCOV_DEVICES", str(tmp_path / "devices"))
    worker = start()
    worker.do(f"import os, pykcov; os.chdir({str(tmp_path)!r})")
    worker.do("os.environ['PYKCOV_DEVICES'] = 'devices'")
    worker.do(f"server = pykcov.serve({name!r})")
    worker.do("fork()")
    worker.do(what)
    with pykcov.connect(name).remote(1) as t:
        worker.do("run(1, 1)")
        assert list(t.pcs) == alone(1)


def python(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *words],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | environment,
        timeout=20,
    )


def test_sub_interpreters(name: str) -> None:
    """pykcov is not for them; they say nothing of it."""
    program = """
        import pykcov, sys
        pykcov.serve(sys.argv[1])
        try:
            import _interpreters as interpreters
        except ImportError:
            import _xxsubinterpreters as interpreters
        interpreters.destroy(interpreters.create())
    """
    done = python("-c", dedent(program), name)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_a_package_that_is_run_has_each_probe_once(name: str, tmp_path: Path) -> None:
    package = tmp_path / "package"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "__main__.py").write_text(
        "import pykcov\ndef f():\n    return 1\nwith pykcov.remote(7):\n    f()\n"
    )
    with pykcov.instrument(include=[f"{package}/*.py"]), closing(pykcov.serve(name)):
        with pykcov.connect(name).remote(7) as t:
            done = python("-m", "package", PYTHONPATH=str(tmp_path))
        assert (done.returncode, done.stderr) == (0, "")
        assert [block.function for block in t.blocks] == ["f"]


def test_a_child_that_c_has_forked_closes_nothing(shown: Told, name: str) -> None:
    """It ends as Python does, and Python has not told it that it is a child."""
    source = """
        import atexit, ctypes, os, signal
        pid = ctypes.PyDLL(None).fork()
        if pid == 0:
            signal.alarm(2)
            atexit._run_exitfuncs()
            os._exit(0)
        answer = os.waitpid(pid, 0)[1]
    """
    assert shown.ask(source) == 0
    assert pykcov.connect(name).info["pid"] == shown.process.pid


def test_without_stderr_nothing_is_printed_elsewhere() -> None:
    words = ["sh", "-c", 'exec "$0" -c "print(1)" 2>&-', sys.executable]
    environment = os.environ | {"PYKCOV_JOIN": "no/name"}
    done = subprocess.run(words, stdout=subprocess.PIPE, text=True, check=True, env=environment)
    assert done.stdout == "1\n"


def test_pykcov_run_inside_a_service(name: str, tmp_path: Path) -> None:
    """It is no worker: it has a store, and a selection, of its own."""
    (tmp_path / "p.py").write_text("print(1)\n")
    with pykcov.instrument(include=["**/tests/live/subject.py"]), closing(pykcov.serve(name)):
        options = ["--store", str(tmp_path / "store"), "--include", f"{tmp_path}/*.py"]
        done = python("-m", "pykcov", "run", *options, str(tmp_path / "p.py"))
        assert (done.returncode, done.stdout) == (0, "1\n")
        assert done.stderr.endswith(" instrumented in 1 file\n")
