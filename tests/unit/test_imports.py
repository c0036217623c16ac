"""Importing is what it was: tracebacks, loaders, specs, cached files; and modules have probes."""

from __future__ import annotations

import importlib
import importlib.util
import os
import signal
import sys
import time
import traceback
import zipfile
import zipimport
from collections.abc import Iterator
from contextlib import nullcontext
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import CodeType, FrameType, ModuleType
from typing import Any

import pytest
from tests.unit.packages import TEXT, Package, has_probes

import pykcov
from pykcov.probe import origin


def told(package: Package, name: str, instrumented: bool) -> list[tuple[str, str, int | None]]:
    """Import a module that fails; return its traceback below this function."""
    package.forget()
    using = pykcov.instrument(source=[package.name]) if instrumented else nullcontext()
    with using:
        try:
            __import__(f"{package.name}.{name}")
        except BaseException as error:
            frames = traceback.extract_tb(error.__traceback__)[1:]
            return [(f.filename, f.name, f.lineno) for f in frames]
    raise AssertionError("the import did not fail")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("raises", "def f():\n    1 / 0\nf()\n"),
        ("imports", "import no_such_module_anywhere\n"),
        ("chained", "from . import raises\n"),
    ],
)
def test_a_traceback_out_of_a_module_is_the_same(package: Package, name: str, text: str) -> None:
    package.write("raises", "1 / 0\n")
    package.write(name, text)
    plain = told(package, name, instrumented=False)
    assert told(package, name, instrumented=True) == plain


@pytest.mark.parametrize("content", [b"x = (\n", b"x = '\xff'\n", b"\0"])
def test_a_traceback_of_a_module_that_does_not_compile_is_the_same(
    package: Package, content: bytes
) -> None:
    package.write("bad", "").write_bytes(content)
    plain = told(package, "bad", instrumented=False)
    assert told(package, "bad", instrumented=True) == plain


def test_a_traceback_out_of_a_loader_is_the_same(package: Package) -> None:
    path = package.write("unloaded", "")

    class Loader(SourceFileLoader):
        error: type[BaseException] | None = None  # None: there is no code, which is an error, too

        def get_code(self, fullname: str) -> CodeType | None:
            if self.error is not None:
                raise self.error
            return None

    def frames(kind: type[BaseException] | None) -> list[str]:
        loader = Loader("unloaded", str(path))
        loader.error = kind
        with pytest.raises(kind or ImportError) as caught:
            loader.exec_module(ModuleType("unloaded"))
        seen = [f.name for f in traceback.extract_tb(caught.value.__traceback__)]
        return [name for name in seen if name != "exec_module"]  # importlib's, which is hooked

    for kind in (None, KeyboardInterrupt, OSError):
        plain = frames(kind)
        with pykcov.instrument(source=[package.name]):
            assert frames(kind) == plain


def test_what_a_module_knows_of_its_import_is_the_same(package: Package) -> None:
    package.write("known", TEXT)
    path = [*sys.path], [*sys.meta_path], [*sys.path_hooks]
    plain = package.load("known")
    package.forget()
    with pykcov.instrument(source=[package.name]):
        assert ([*sys.path], [*sys.meta_path], [*sys.path_hooks]) == path
        module = package.load("known")
        assert has_probes(module.f)
    assert vars(module).keys() == vars(plain).keys()
    assert module.__spec__ == plain.__spec__
    assert getattr(module, "__cached__", None) == getattr(plain, "__cached__", None)  # gone in 3.15
    assert type(module.__loader__) is type(plain.__loader__) is SourceFileLoader
    assert (module.__file__, module.__package__) == (plain.__file__, plain.__package__)


def test_loaders_get_their_methods_back() -> None:
    before = [vars(SourceFileLoader).copy(), vars(zipimport.zipimporter).copy()]
    with pykcov.instrument(source=["no_such_module"]), pykcov.instrument(source=["nor_this"]):
        assert [vars(SourceFileLoader), vars(zipimport.zipimporter)] != before
    assert [vars(SourceFileLoader), vars(zipimport.zipimporter)] == before


@pytest.fixture
def writes_cached(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "dont_write_bytecode", False)


@pytest.mark.usefixtures("writes_cached")
def test_cached_files_are_the_same(package: Package) -> None:
    path = package.write("cached", TEXT)
    cached = Path(importlib.util.cache_from_source(str(path)))
    package.load("cached")
    plain = cached.read_bytes()
    cached.unlink()
    for _ in range(2):  # written, then read
        package.forget()
        with pykcov.instrument(source=[package.name]):
            assert has_probes(package.load("cached").f)
        assert cached.read_bytes() == plain


def test_code_that_loaders_give_out_is_plain(package: Package) -> None:
    package.write("given", TEXT)
    with pykcov.instrument(source=[package.name]):
        loader: Any = package.load("given").__loader__
        assert origin(loader.get_code(f"{package.name}.given")) is None
        assert origin(loader.source_to_code(TEXT, "given.py")) is None


def test_reload_keeps_the_pcs_of_an_unchanged_source(package: Package) -> None:
    path = package.write("again", TEXT)
    with pykcov.instrument(source=[package.name]) as handle:
        module = package.load("again")
        traces = []
        for _ in range(2):
            with pykcov.trace() as t:
                module.f(1)
            traces.append(list(t.pcs))
            importlib.reload(module)
        assert traces[0] == traces[1] != []
        path.write_text("\n\n" + path.read_text())
        os.utime(path, (time.time() + 9, time.time() + 9))
        importlib.reload(module)
        with pykcov.trace() as t:
            module.f(1)
        assert not set(t.pcs) & set(traces[0])
        assert [block.start_line for block in t.blocks] == [5, 6]
        assert not handle.left_out


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[Path]:
    path = tmp_path / "archive.zip"
    sys.path.insert(0, str(path))
    yield path
    sys.path.remove(str(path))
    sys.path_importer_cache.pop(str(path), None)
    for name in ("zipped", "zipped_bare"):
        sys.modules.pop(name, None)


@pytest.mark.parametrize("when", ["on import", "in place"])
def test_modules_in_a_zip_archive(archive: Path, when: str) -> None:
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("zipped.py", TEXT)
    if when == "in place":
        importlib.import_module("zipped")
    with pykcov.instrument(source=["zipped"]) as handle:
        module = importlib.import_module("zipped")
        if when == "in place":
            why = handle.left_out[str(archive / "zipped.py")]
            assert why.startswith("its source can't be read")
            return
        with pykcov.trace() as t:
            module.f(0)
    assert [(b.file, b.start_line) for b in t.blocks] == [
        (str(archive / "zipped.py"), 3),
        (str(archive / "zipped.py"), 5),
    ]
    assert type(module.__loader__) is zipimport.zipimporter


def test_an_archive_without_sources_says_so(archive: Path, tmp_path: Path) -> None:
    source = tmp_path / "zipped_bare.py"
    source.write_text(TEXT)
    code = compile(TEXT, str(source), "exec")
    data = importlib._bootstrap_external._code_to_timestamp_pyc(code)  # type: ignore[attr-defined]
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("zipped_bare.pyc", data)
    source.unlink()
    with pykcov.instrument(source=["zipped_bare"]) as handle:
        module = importlib.import_module("zipped_bare")
    assert not has_probes(module.f)
    assert module.f(0) == 2
    assert list(handle.left_out.values()) != []


class Shouting(SourceFileLoader):
    """A loader of the program's own, that changes what it reads."""

    def get_data(self, path: str) -> bytes:
        data = super().get_data(path)
        return data.replace(b"return 2", b"return 22") if path.endswith(".py") else data

    def get_code(self, fullname: str) -> CodeType | None:
        return compile(self.get_data(self.path), self.path, "exec")


def test_a_loader_of_the_programs_own_decides_what_runs(package: Package) -> None:
    path = package.write("shouted", TEXT)
    name = f"{package.name}.shouted"
    spec = importlib.util.spec_from_file_location(name, path, loader=Shouting(name, str(path)))
    assert spec is not None
    assert spec.loader is not None
    with pykcov.instrument(source=[package.name]) as handle:
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        assert has_probes(module.f)
        assert module.f(0) == 22
        assert not handle.left_out


class Interrupted(SourceFileLoader):
    """A loader that a signal comes to, when pykcov reads the source once more."""

    signum = signal.SIGUSR1
    reads = 0

    def get_data(self, path: str) -> bytes:
        if path.endswith(".py"):
            self.reads += 1
            if self.reads == 2:
                signal.raise_signal(self.signum)
        return super().get_data(path)


@pytest.mark.parametrize("signum", [signal.SIGUSR1, signal.SIGINT])
def test_a_signal_in_an_import_leaves_no_file_out(package: Package, signum: int) -> None:
    path = package.write("interrupted", TEXT)
    name = f"{package.name}.interrupted"

    def handler(*_: object) -> None:
        raise TimeoutError

    before = signal.signal(signal.SIGUSR1, handler)
    try:
        with pykcov.instrument(source=[package.name]) as handle:
            loader = Interrupted(name, str(path))
            loader.signum = signal.Signals(signum)
            module = ModuleType(name)
            with pytest.raises((TimeoutError, KeyboardInterrupt)) as caught:
                loader.exec_module(module)
            files = [frame.filename for frame in traceback.extract_tb(caught.tb)]
            assert not any("/pykcov/" in file for file in files if "/tests/" not in file)
            assert not handle.left_out
            loader.exec_module(module)
            assert has_probes(module.f)
    finally:
        signal.signal(signal.SIGUSR1, before)


def test_a_tracer_in_an_import_raises_no_exception_of_pykcovs(package: Package) -> None:
    package.write("traced", TEXT)
    seen: set[str] = set()
    own = Path(pykcov.__file__).parent

    def tracer(frame: FrameType, *_: object) -> Any:
        seen.add(frame.f_code.co_filename)
        if Path(frame.f_code.co_filename).is_relative_to(own):
            raise KeyError(frame)
        return tracer

    before = sys.gettrace()
    with pykcov.instrument(source=[package.name]) as handle:
        sys.settrace(tracer)
        try:
            module = package.load("traced")
        finally:
            sys.settrace(before)
        assert has_probes(module.f)
        assert not handle.left_out
    assert module.__file__ in seen


def test_an_import_close_to_the_recursion_limit_gets_its_probes(package: Package) -> None:
    package.write("deep", TEXT)
    package.load()
    limit = sys.getrecursionlimit()

    def least(instrumented: bool) -> int:
        """The lowest limit that the import can do with, within ten."""
        for more in range(10, 400, 10):
            package.forget()
            package.load()
            sys.setrecursionlimit(here + more)
            try:
                module = package.load("deep")
            except RecursionError:
                continue
            finally:
                sys.setrecursionlimit(limit)
            assert has_probes(module.f) is instrumented
            return more
        raise AssertionError("it can't be imported")

    here = len(traceback.extract_stack()) * 2
    plain = least(instrumented=False)
    with pykcov.instrument(source=[package.name]) as handle:
        assert least(instrumented=True) == plain
        assert not handle.left_out


def test_a_lazy_module_stays_unloaded(package: Package) -> None:
    package.write("lazy", "raise AssertionError('loaded')\n")
    name = f"{package.name}.lazy"
    package.load()
    spec = importlib.util.find_spec(name)
    assert spec is not None
    assert spec.loader is not None
    spec.loader = importlib.util.LazyLoader(spec.loader)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    with pykcov.instrument(source=[package.name]):
        pass
    with pytest.raises(AssertionError, match="loaded"):
        module.anything  # noqa: B018


class Strange(ModuleType):
    """A module that answers no question about itself."""

    def __getattribute__(self, name: str) -> object:
        raise RuntimeError(name)


@pytest.mark.parametrize("kind", ["module", "object", "none"])
def test_anything_may_stand_in_sys_modules(package: Package, kind: str) -> None:
    package.write("normal", TEXT)
    module = package.load("normal")
    modules: dict[str, Any] = sys.modules
    modules["strange"] = {"module": Strange("strange"), "object": object(), "none": None}[kind]
    try:
        with pykcov.instrument(source=[package.name]):
            probes = has_probes(module.f)
    finally:
        del modules["strange"]
    assert probes


def test_a_module_that_put_something_else_in_its_place_is_found(package: Package) -> None:
    package.write(
        "replaced",
        TEXT
        + "import sys\nclass Stand:\n    f = staticmethod(f)\nsys.modules[__name__] = Stand()\n",
    )
    found: Any = package.load("replaced")
    with pykcov.instrument(source=[package.name]):
        assert has_probes(found.f)
