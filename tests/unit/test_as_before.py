"""The instrumented program behaves as before, and gets its code back."""

from __future__ import annotations

import copy
import importlib.util
import inspect
import marshal
import os
import pickle
import subprocess
import sys
import threading
import traceback
from collections.abc import Iterator
from pathlib import Path
from types import CodeType, FunctionType, ModuleType

import cloudpickle
import coverage
import pytest
from tests.commands import python

import pykcov
from pykcov.instrumentation import session
from pykcov.probe import origin

SOURCE = """
import functools

def deep(n):
    return 1 + deep(n + 1)

def raises(x):
    total = 0
    for n in (3, 2, 1, 0):
        total += (x or 1) / n
    return total

def generate(log):
    try:
        for n in range(9):
            yield n
    finally:
        log.append("closed")

def closure(n):
    def inner(m):
        return n + m if m else n
    return inner

def wrap(function):
    @functools.wraps(function)
    def wrapper(*args):
        return function(*args)
    return wrapper

class Thing:
    @staticmethod
    def fixed(): return 1
    @classmethod
    def made(cls): return cls()
    @property
    def size(self): return 2
    @wrap
    def decorated(self): return 3
    @functools.lru_cache
    def cached(self): return 4
    part = staticmethod(functools.partial(lambda x: x, 5))
"""


def load(path: Path, name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(params=["in place", "on import"])
def subject(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[ModuleType]:
    path = tmp_path / "as_before.py"
    path.write_text(SOURCE, encoding="utf-8")
    early = load(path, "as_before") if request.param == "in place" else None
    with pykcov.instrument(source=["as_before"]) as handle:
        module = early or load(path, "as_before")
        assert handle.files[str(path)] > 20
        assert str(path) not in handle.left_out
        yield module
    del sys.modules["as_before"]


@pytest.fixture
def plain(tmp_path: Path) -> ModuleType:
    path = tmp_path / "plain" / "as_before.py"
    path.parent.mkdir()
    path.write_text(SOURCE, encoding="utf-8")
    module = load(path, "plain_as_before")
    del sys.modules["plain_as_before"]
    return module


def functions(module: ModuleType) -> list[FunctionType]:
    thing = module.Thing
    wrapper = vars(thing)["decorated"]
    return [
        module.deep,
        module.closure(1),
        thing.fixed,
        thing.made.__func__,
        vars(thing)["size"].fget,
        wrapper,
        wrapper.__wrapped__,
        thing.cached.__wrapped__,
        thing.part.func,
    ]


def test_every_kind_of_function_has_probes(subject: ModuleType) -> None:
    for function in functions(subject):
        assert origin(function.__code__) is not None, function
    thing = subject.Thing.made()
    assert [thing.fixed(), thing.size, thing.decorated(), thing.cached(), thing.part()] == [
        1, 2, 3, 4, 5,
    ]  # fmt: skip


def test_undo_takes_all_of_them_back(subject: ModuleType, plain: ModuleType) -> None:
    inner = subject.closure(1)
    for handle in session._active[:]:
        handle.undo()
    for function, expected in zip([*functions(subject), inner], functions(plain), strict=False):
        assert origin(function.__code__) is None
        assert function.__code__.co_code == expected.__code__.co_code
    assert inner(2) == 3


def test_tracebacks(subject: ModuleType, plain: ModuleType) -> None:
    def told(module: ModuleType) -> str:
        with pytest.raises(ZeroDivisionError) as caught:
            module.raises(1)
        lines = traceback.format_exception(caught.value.with_traceback(caught.tb.tb_next))
        return "".join(lines).replace(str(Path(module.__file__ or "")), "FILE")

    assert told(subject) == told(plain)
    assert "~~" in told(subject)


def test_recursion_ends_at_the_same_depth(subject: ModuleType, plain: ModuleType) -> None:
    def depth(module: ModuleType) -> int:
        with pytest.raises(RecursionError) as caught:
            module.deep(0)
        return len(list(traceback.walk_tb(caught.tb)))

    assert depth(subject) == depth(plain)


def test_generators_closed_early(subject: ModuleType) -> None:
    log: list[str] = []
    generator = subject.generate(log)
    assert next(generator) == 0
    assert inspect.getgeneratorstate(generator) == "GEN_SUSPENDED"
    generator.close()
    assert log == ["closed"]


def test_pickles(subject: ModuleType) -> None:
    assert pickle.loads(pickle.dumps(subject.raises)) is subject.raises
    assert copy.deepcopy(subject.raises) is subject.raises
    with pytest.raises(TypeError):
        pickle.dumps(subject.raises.__code__)


def test_cloudpickle_runs_without_pykcov(subject: ModuleType) -> None:
    blob = cloudpickle.dumps(subject.closure(40)).hex()
    program = (
        f"import pickle, sys; sys.modules['pykcov'] = None; "
        f"print(pickle.loads(bytes.fromhex('{blob}'))(2))"
    )
    done = python("-c", program, status=0)
    assert done.stdout == "42\n"


def test_marshal(subject: ModuleType, plain: ModuleType) -> None:
    code = marshal.loads(marshal.dumps({"a": [subject.closure.__code__]}))["a"][0]
    assert code.co_code == plain.closure.__code__.co_code
    assert FunctionType(code, {})(1)(2) == 3


def test_inspect(subject: ModuleType, plain: ModuleType) -> None:
    for a, b in zip(functions(subject), functions(plain), strict=True):
        assert inspect.getsource(a) == inspect.getsource(b)
        assert inspect.signature(a) == inspect.signature(b)
        assert a.__doc__ == b.__doc__


def test_what_is_executed_by_hand_is_left_alone(subject: ModuleType) -> None:
    namespace: dict[str, object] = {}
    exec(compile(SOURCE, subject.__file__ or "", "exec"), namespace)
    deep = namespace["deep"]
    assert isinstance(deep, FunctionType)
    assert origin(deep.__code__) is None


def test_code_that_is_no_longer_ours_is_left_alone(subject: ModuleType) -> None:
    def other() -> int:
        return 17

    subject.raises.__code__ = other.__code__
    for handle in session._active[:]:
        handle.undo()
    assert subject.raises() == 17


def test_what_runs_is_counted(plain: ModuleType, tmp_path: Path) -> None:
    module = load(tmp_path / "plain" / "as_before.py", "running_as_before")
    generator = module.generate([])
    next(generator)
    stop = threading.Event()
    blocked = threading.Thread(target=module.wrap(stop.wait), args=(10,))
    blocked.start()
    try:
        with pykcov.instrument(source=["running_as_before"]) as handle:
            assert handle.running >= 1
            with pykcov.trace() as t:
                next(generator)
            assert len(t.pcs) == 0
    finally:
        stop.set()
        blocked.join()
        del sys.modules["running_as_before"]


def test_a_changed_source_is_left_out(tmp_path: Path) -> None:
    path = tmp_path / "changed_as_before.py"
    path.write_text("def f():\n    return 1\n", encoding="utf-8")
    module = load(path, "changed_as_before")
    path.write_text("\n\ndef f():\n    return 1\n", encoding="utf-8")
    with pykcov.instrument(source=["changed_as_before"]) as handle:
        assert "changed" in handle.left_out[str(path)]
        assert origin(module.f.__code__) is None
    del sys.modules["changed_as_before"]


def events(module: ModuleType) -> list[tuple[str, int, str]]:
    seen: list[tuple[str, int, str]] = []

    def tracer(frame: object, event: str, arg: object) -> object:
        code: CodeType = frame.f_code  # type: ignore[attr-defined]
        if code.co_filename == module.__file__:
            seen.append((code.co_qualname, frame.f_lineno, event))  # type: ignore[attr-defined]
        return tracer

    before = sys.gettrace()
    sys.settrace(tracer)  # type: ignore[arg-type]
    try:
        for _ in range(3):
            with pytest.raises(ZeroDivisionError):
                module.raises(0)
            list(module.generate([]))
            module.closure(1)(0)
            module.Thing().decorated()
    finally:
        sys.settrace(before)
    return seen


def test_settrace_sees_the_same(subject: ModuleType, plain: ModuleType) -> None:
    for module in (subject, plain):
        for _ in range(20):  # warm: specialized instructions are traced, too
            list(module.generate([]))
    assert events(subject) == events(plain) != []


@pytest.mark.slow
@pytest.mark.parametrize("core", ["ctrace", "sysmon"])
@pytest.mark.parametrize("branch", [False, True])
def test_coverage_py_beside_it(tmp_path: Path, core: str, branch: bool) -> None:
    if core == "sysmon" and sys.version_info < ((3, 14) if branch else (3, 12)):
        pytest.skip(f"coverage.py {coverage.__version__} has no such core on this Python")
    (tmp_path / "subject.py").write_text(SOURCE, encoding="utf-8")
    (tmp_path / "prog.py").write_text(
        "import subject\nlist(subject.generate([]))\nsubject.closure(1)(0)\n"
        "try: subject.raises(1)\nexcept ZeroDivisionError: pass\n",
        encoding="utf-8",
    )

    def measured(*command: str) -> str:
        run = [sys.executable, "-m", "coverage", "run", *(["--branch"] * branch), *command]
        environ = {**os.environ, "COVERAGE_CORE": core}
        subprocess.run(run, cwd=tmp_path, env=environ, check=True, capture_output=True)
        report = [sys.executable, "-m", "coverage", "report", "-m", "--include=subject.py"]
        done = subprocess.run(report, cwd=tmp_path, capture_output=True, text=True, check=True)
        return done.stdout

    plainly = measured("prog.py")
    assert "subject.py" in plainly
    assert measured("-m", "pykcov", "run", "--source", "subject", "prog.py") == plainly
