"""A worker is interrupted, has no free file, or has moved: the program goes on, and is recorded."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.service.collecting import Alone, enabled, take
from tests.service.talking import Told

import pykcov

pytestmark = pytest.mark.once


def test_a_reply_that_comes_too_late_is_nobodys(worker: Told, name: str, alone: Alone) -> None:
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


def test_an_exception_in_a_probe_is_the_programs(worker: Told, name: str, alone: Alone) -> None:
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
    alone: Alone,
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


@pytest.mark.parametrize("what", ["os.chdir('/')", "os.environ.clear()"])
def test_a_worker_that_is_elsewhere(
    name: str,
    what: str,
    alone: Alone,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Devices are where they were when the service began."""
    (tmp_path / "devices").mkdir(mode=0o700)
    monkeypatch.setenv("PYKCOV_DEVICES", str(tmp_path / "devices"))
    with Told() as worker:
        worker.do(f"import os, pykcov; os.chdir({str(tmp_path)!r})")
        worker.do("os.environ['PYKCOV_DEVICES'] = 'devices'")
        worker.do(f"server = pykcov.serve({name!r})")
        worker.do("fork()")
        worker.do(what)
        with pykcov.connect(name).remote(1) as t:
            worker.do("run(1, 1)")
            assert list(t.pcs) == alone(1)
