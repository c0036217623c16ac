"""Loaders of the program's own: what they execute has probes, or is named with the reason."""

from __future__ import annotations

import ast
import builtins
import gc
import importlib
import importlib.abc
import importlib.util
import pickle
import runpy
import shutil
import subprocess
import sys
import traceback
import warnings
import zipapp
from collections.abc import Callable
from contextlib import nullcontext
from importlib.machinery import (
    EXTENSION_SUFFIXES,
    ExtensionFileLoader,
    SourceFileLoader,
    SourcelessFileLoader,
)
from pathlib import Path
from types import CodeType, FunctionType, ModuleType
from typing import Any

import pytest
from tests import commands
from tests.unit.packages import TEXT, Package, has_probes

import pykcov

CALLS = TEXT + "\nassert f(1) == 1\nvalue = 7\n"


class Sevens(ast.NodeTransformer):
    """Makes each 7 an 8, and a statement out of nothing, as tools do that rewrite modules."""

    def visit_Constant(self, node: ast.Constant) -> ast.AST:
        return ast.copy_location(ast.Constant(8), node) if node.value == 7 else node

    def visit_Return(self, node: ast.Return) -> list[ast.AST]:
        return [ast.copy_location(ast.parse("checked = True").body[0], node), node]


def transformed(data: bytes, path: str) -> CodeType:
    tree = Sevens().visit(ast.parse(data))
    return compile(ast.fix_missing_locations(tree), path, "exec", dont_inherit=True)


class BySourceToCode(SourceFileLoader):
    def source_to_code(self, data: Any, path: Any, *_: Any, **__: Any) -> CodeType:  # type: ignore[override]
        return transformed(data, path)


class ByGetCode(SourceFileLoader):
    def get_code(self, fullname: str) -> CodeType:
        return transformed(self.get_data(self.path), self.path)


class ByParent(SourceFileLoader):
    """As typeguard's."""

    def source_to_code(self, data: Any, path: Any, *_: Any, **__: Any) -> CodeType:  # type: ignore[override]
        return transformed(data, path)

    def exec_module(self, module: ModuleType) -> None:
        super().exec_module(module)


class Own(importlib.abc.Loader):
    """As pytest's: nothing is inherited."""

    def __init__(self, name: str, path: str) -> None:
        self.path = path

    def exec_module(self, module: ModuleType) -> None:
        exec(transformed(Path(self.path).read_bytes(), self.path), module.__dict__)


class Evaluating(Own):
    def exec_module(self, module: ModuleType) -> None:
        eval(transformed(Path(self.path).read_bytes(), self.path), module.__dict__)


early = exec  # from before anything is instrumented


class Early(Own):
    def exec_module(self, module: ModuleType) -> None:
        early(transformed(Path(self.path).read_bytes(), self.path), module.__dict__)


class Abstract(importlib.abc.SourceLoader):
    def __init__(self, name: str, path: str) -> None:
        self.path = path

    def get_filename(self, fullname: str) -> str:
        return self.path

    def get_data(self, path: Any) -> bytes:
        return Path(path).read_bytes()

    def source_to_code(self, data: Any, path: Any, *_: Any, **__: Any) -> CodeType:  # type: ignore[override]
        return transformed(data, path)


class Inspecting(importlib.abc.InspectLoader):
    def __init__(self, name: str, path: str) -> None:
        self.path = path

    def get_source(self, fullname: str) -> str:
        return Path(self.path).read_text()

    def get_code(self, fullname: str) -> CodeType:
        return transformed(self.get_source(fullname).encode(), self.path)


LOADERS: list[Any] = [
    BySourceToCode, ByGetCode, ByParent, Own, Evaluating, Early, Abstract, Inspecting,
]  # fmt: skip


def load(package: Package, name: str, kind: Callable[[str, str], Any]) -> Any:
    """Import a module of the package with a loader of this kind."""
    full, path = f"{package.name}.{name}", str(package.folder / f"{name}.py")
    spec = importlib.util.spec_from_file_location(full, path, loader=kind(full, path))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[full] = module
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("kind", LOADERS)
@pytest.mark.parametrize("by", ["package", "folder"])
def test_what_a_loader_makes_of_a_text_is_executed_and_has_probes(
    package: Package, kind: Any, by: str
) -> None:
    path = package.write("mine", CALLS)
    for _ in range(2):  # written to the cache, then read
        with (
            pykcov.instrument(
                source=[package.name if by == "package" else str(package.folder)]
            ) as handle,
            pykcov.trace() as t,
        ):
            module = load(package, "mine", kind)
        assert module.value == 8
        assert module.f.__code__.co_varnames == ("a", "checked")
        assert {block.file for block in t.blocks} == {str(path)}
        assert [block.start_line for block in t.blocks][:1] == [2]
        assert {3, 4} <= {line for block in t.blocks for line in block.lines}
        assert handle.files.keys() == {str(path)}
        assert not handle.left_out
        package.forget()


@pytest.mark.parametrize("kind", LOADERS)
def test_no_loader_is_given_what_another_made_of_the_same_file(
    package: Package, kind: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    package.write("shared", CALLS)
    seen = []
    for loader in (SourceFileLoader, SourceFileLoader, kind, kind, SourceFileLoader, kind):
        with pykcov.instrument(source=[package.name]) as handle, pykcov.trace() as t:
            module = load(package, "shared", loader)
        seen.append((loader is kind, module.value, tuple(t.pcs)))
        assert not handle.left_out
        package.forget()
    monkeypatch.undo()
    if issubclass(kind, BySourceToCode | ByParent):  # as in plain Python: they share one .pyc
        assert {value for _, value, _ in seen} == {7}
        return
    assert {(own, value) for own, value, _ in seen} == {(False, 7), (True, 8)}
    assert len({pcs for own, _, pcs in seen if own}) == 1
    assert len({pcs for own, _, pcs in seen if not own}) == 1
    assert len({pcs for _, _, pcs in seen}) == 2


class Hidden(Own):
    """Executes code where nobody can see it."""

    def exec_module(self, module: ModuleType) -> None:
        FunctionType(transformed(Path(self.path).read_bytes(), self.path), module.__dict__)()


class Anonymous(Own):
    """Says of its code that it is of no file."""

    def exec_module(self, module: ModuleType) -> None:
        exec(transformed(Path(self.path).read_bytes(), "<mine>"), module.__dict__)


@pytest.mark.parametrize("kind", [Hidden, Anonymous])
def test_a_module_that_got_no_probes_is_named(package: Package, kind: Any) -> None:
    path = package.write("mine", CALLS)
    package.write("empty", '"""Nothing."""\n')
    with pykcov.instrument(source=[package.name]) as handle:
        assert load(package, "mine", kind).value == 8
        load(package, "empty", kind)
        (line,) = handle.left_out.items()
        assert line[0] == str(path)
        assert line[1].startswith(f"its loader, {__name__}.{kind.__name__}, executes it")
        package.forget()
        assert handle.left_out == dict([line]), "what was told stays"


def test_a_module_without_a_source_is_named(package: Package) -> None:
    path = package.write("bare", TEXT)
    where = f"{path}c"
    Path(where).write_bytes(
        importlib._bootstrap_external._code_to_timestamp_pyc(  # type: ignore[attr-defined]
            compile(TEXT, "bare.py", "exec")
        )
    )
    path.unlink()
    with pykcov.instrument(source=[package.name]) as handle:
        module = package.load("bare")
        assert type(module.__loader__) is SourcelessFileLoader
        assert handle.left_out == {where: "it has no source"}


def test_an_extension_that_stands_for_a_module_is_named(package: Package) -> None:
    import _queue  # an extension that is loaded from anywhere

    assert isinstance(_queue.__loader__, ExtensionFileLoader)
    path = package.write("_queue", TEXT)
    compiled = str(package.folder / f"_queue{EXTENSION_SUFFIXES[0]}")
    shutil.copy(_queue.__file__, compiled)
    shutil.copy(_queue.__file__, package.folder / f"_other{EXTENSION_SUFFIXES[0]}")
    with pykcov.instrument(source=[package.name]) as handle:
        package.load("_queue")
        assert handle.left_out == {str(path): f"{compiled} was imported, which is not Python code"}


def test_modules_imported_before_that_got_nothing_are_named(package: Package) -> None:
    path = package.write("constants", "A = 1\n")
    package.write("empty", "# nothing\n")
    package.write("functions", TEXT)
    for name in ("constants", "empty", "functions"):
        package.load(name)
    with pykcov.instrument(source=[package.name]) as handle:
        assert handle.left_out == {
            str(path): "it was executed before pykcov could instrument it, and has no "
            "functions to instrument"
        }


# -- exec() and eval() themselves -----------------------------------------------------------------


def executed(code: CodeType, names: dict[str, Any]) -> None:
    exec(code, names)


def test_a_program_that_compiles_a_file_itself(package: Package) -> None:
    text = "from __future__ import annotations\n" + TEXT
    path = package.write("data", text)
    code = compile(text, str(path), "exec", dont_inherit=True)
    with pykcov.instrument(source=[str(package.folder)]) as handle:
        functions = []
        for _ in range(3):
            names: dict[str, Any] = {}
            executed(code, names)
            functions.append(names["f"])
        assert has_probes(functions[0])
        assert len({id(f.__code__) for f in functions}) == 1, "the same code, the same answer"
        assert not handle.left_out
        executed(compile("x = 3\n", str(path), "exec"), names)
        assert names["x"] == 3
        assert handle.left_out == {
            str(path): "other code than that of its source was executed under its name"
        }
    executed(code, names)
    assert not has_probes(names["f"])


def test_what_is_of_no_file_is_nobodys(package: Package) -> None:
    with pykcov.instrument(source=[str(package.folder)], include=[f"{package.folder}/*"]) as handle:
        for name in ("<string>", "<doctest a[0]>", str(package.folder / "nowhere.py"), ""):
            names: dict[str, Any] = {}
            executed(compile(TEXT, name, "exec"), names)
            assert not has_probes(names["f"])
        assert not handle.left_out


def test_templates_are_named(package: Package) -> None:
    jinja2 = pytest.importorskip("jinja2")
    path = package.folder / "page.html"
    path.write_text("{% for x in y %}{{ x }}\n{% endfor %}")
    environment = jinja2.Environment(loader=jinja2.FileSystemLoader(package.folder))
    with pykcov.instrument(source=[str(package.folder)]) as handle:
        assert environment.get_template("page.html").render(y="ab") == "a\nb\n"
        assert handle.left_out.keys() == {str(path)}


@pytest.mark.parametrize("how", ["run_path", "run_module", "package"])
def test_runpy(package: Package, how: str) -> None:
    path = package.write("__main__" if how == "package" else "mine", CALLS)
    with pykcov.instrument(source=[package.name, str(package.folder)]) as handle:
        with pykcov.trace() as t:
            if how == "run_path":
                found = runpy.run_path(str(path), run_name="__main__")
            else:
                found = runpy.run_module(
                    package.name if how == "package" else f"{package.name}.mine", alter_sys=True
                )
        assert has_probes(found["f"])
        assert str(path) in {block.file for block in t.blocks}
        assert not handle.left_out


def test_the_builtins_stay_what_they_are() -> None:
    functions: list[Any] = [exec, eval, builtins.exec, builtins.eval]

    def told() -> list[Any]:
        return [
            (f, id(f), repr(f), f.__name__, f.__doc__, f.__module__, f.__self__, hash(f),
             f.__text_signature__, pickle.dumps(f))
            for f in functions
        ]  # fmt: skip

    before = told()
    with pykcov.instrument(source=["no_such_module"]):
        assert told() == before
    assert told() == before


def uses_of_exec(package: Package) -> list[object]:
    """What exec() and eval() answer, and raise."""
    path = str(package.folder / "mine.py")
    code = compile("x = y\n", path, "exec")
    text = "def f():\n    q = 1\n    def g():\n        return q\n    return g\n"
    free = compile(text, path, "exec")
    space: dict[str, Any] = {}
    exec(free, space)
    inner = space["f"]()
    y = 5
    exec(code)
    eval(code)
    answers: list[object] = [locals().get("x"), y]
    local: dict[str, Any] = {}
    exec(code, {"y": 2}, local)
    answers.append(local)
    answers.append(eval("1 + 1", {}))
    exec(inner.__code__, {}, closure=inner.__closure__)
    calls: list[Callable[[], object]] = [
        lambda: exec(code, {}),
        lambda: exec(code, 3),  # type: ignore[arg-type]
        lambda: exec(code, {}, {}, {}),  # type: ignore[call-arg, arg-type]
        lambda: exec(),  # type: ignore[call-arg]
        lambda: exec(code, closure=()),
        lambda: exec(code, nothing=1),  # type: ignore[call-arg]
        lambda: exec(code, None, {"y": 1}),
        lambda: eval(code, {}),
        lambda: eval(),  # type: ignore[call-arg]
        lambda: exec(code, globals={"y": 3}),  # type: ignore[call-arg]
        lambda: eval(code, globals={}, locals={}),  # type: ignore[call-arg]
    ]
    for call in calls:
        try:
            answers.append(call())
        except BaseException as error:
            frames = traceback.extract_tb(error.__traceback__)
            answers.append((repr(error), [(f.name, f.lineno) for f in frames]))
    return answers


def test_exec_answers_and_raises_as_before(package: Package) -> None:
    package.write("mine", "x = y\n")
    plain = uses_of_exec(package)
    with pykcov.instrument(source=[str(package.folder)]) as handle:
        assert uses_of_exec(package) == plain
        assert str(package.folder / "mine.py") in handle.files


@pytest.mark.parametrize("which", ["settrace", "setprofile"])
@pytest.mark.parametrize("kind", [Own, Evaluating, Inspecting])
def test_events_of_a_load_are_the_same(package: Package, which: str, kind: Any) -> None:
    package.write("mine", CALLS)

    def events(instrumented: bool) -> list[object]:
        found: list[object] = []

        def note(frame: Any, event: str, arg: object) -> Any:
            called: Any = arg if event.startswith("c_") else None
            called = called is exec or called is eval or getattr(called, "__qualname__", None)
            code = frame.f_code
            found.append((code.co_filename, code.co_name, frame.f_lineno, event, called))
            return note

        package.forget()
        gc.collect()  # and no more: Hypothesis has a callback there, which would be seen
        gc.disable()
        before = getattr(sys, which.replace("set", "get"))()
        with pykcov.instrument(source=[package.name]) if instrumented else nullcontext():
            getattr(sys, which)(note)
            try:
                load(package, "mine", kind)
            finally:
                getattr(sys, which)(before)
                gc.enable()
        return found[: -1 if which == "settrace" else -2]

    plain = events(instrumented=False)
    assert len(plain) > 10
    assert events(instrumented=True) == plain


def test_a_traceback_out_of_a_loaders_module_is_the_same(package: Package) -> None:
    package.write("mine", "def f():\n    1 / 0\nf()\n")

    def frames() -> list[object]:
        with pytest.raises(ZeroDivisionError) as caught:
            load(package, "mine", Own)
        package.forget()
        return [(f.filename, f.name, f.lineno) for f in traceback.extract_tb(caught.tb)]

    plain = frames()
    with pykcov.instrument(source=[package.name]):
        assert frames() == plain


def test_a_signal_handler_that_raises_while_code_is_instrumented(
    package: Package, monkeypatch: pytest.MonkeyPatch
) -> None:
    package.write("mine", CALLS)
    with pykcov.instrument(source=[package.name]) as handle:

        def interrupted(*args: object) -> CodeType:
            raise KeyboardInterrupt

        monkeypatch.setattr(handle, "rewrite_loaded", interrupted)
        with pytest.raises(KeyboardInterrupt) as caught:
            load(package, "mine", Own)
        frames = traceback.extract_tb(caught.tb)
        assert [f.name for f in frames[-2:]] == ["exec_module", "interrupted"]


def test_a_lazy_loader(package: Package) -> None:
    path = package.write("mine", CALLS)

    def lazily(name: str, file: str) -> Any:
        return importlib.util.LazyLoader(Own(name, file))

    with pykcov.instrument(source=[package.name]) as handle:
        module = load(package, "mine", lazily)
        assert not handle.left_out, "it was not executed yet"
        assert module.value == 8
        assert handle.files.keys() == {str(path)}
        assert not handle.left_out


def test_a_program_is_not_warned_of_what_is_compiled_again(package: Package) -> None:
    text = "def f():\n    return '\\d' is 3\n"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        path = package.write("warned", text)
        package.load("warned")
        code = compile(text, str(path), "exec")
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        filters = warnings.filters
        with pykcov.instrument(source=[package.name, str(package.folder)]) as handle:
            assert has_probes(package.load("warned").f)
            executed(code, {})
        assert warnings.filters is filters
        assert not caught
        warnings.simplefilter("error")
        with pykcov.instrument(source=[package.name]) as handle:
            assert not handle.left_out


# -- programs -------------------------------------------------------------------------------------


def run(*args: str, folder: Path) -> str:
    """What it prints, and behind it what pykcov says."""
    both = {"capture_output": False, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
    unbuffered = {"PYTHONUNBUFFERED": "1"}
    done = commands.pykcov("run", *args, folder=folder, env=unbuffered, timeout=60, **both)
    assert done.returncode == 0, done.stdout
    return done.stdout


@pytest.fixture
def application(tmp_path: Path) -> Path:
    folder = tmp_path / "application"
    (folder / "inner").mkdir(parents=True)
    (folder / "inner" / "__init__.py").write_text("")
    (folder / "inner" / "__main__.py").write_text("from . import more\nprint(more.f(1))\n")
    (folder / "inner" / "more.py").write_text(TEXT)
    (folder / "__main__.py").write_text("import inner.__main__\n")
    return folder


@pytest.mark.slow
def test_an_application_in_an_archive(application: Path, tmp_path: Path) -> None:
    zipapp.create_archive(application, tmp_path / "app.pyz")
    out = run("app.pyz", folder=tmp_path)
    assert out.startswith("1\n")
    assert "instrumented in 4 files" in out
    assert "left out" not in out


@pytest.mark.slow
def test_a_package_with_a_main_module(application: Path) -> None:
    out = run("--source", "inner", "-m", "inner", folder=application)
    assert out.startswith("1\n")
    assert "instrumented in 3 files" in out
    assert "left out" not in out
    # and one that runs another in its turn
    (application / "runs.py").write_text("import runpy\nrunpy.run_module('inner')\n")
    out = run("runs.py", folder=application)
    assert "instrumented in 4 files" in out


@pytest.fixture
def installed(tmp_path: Path) -> Path:
    """A folder that has pykcov as a wheel leaves it: pytest goes by the list of its files."""
    import pykcov_pytest

    folder = tmp_path / "installed"
    folder.mkdir()
    (folder / "pykcov").symlink_to(Path(pykcov.__file__).parent)
    (folder / "pykcov_pytest.py").symlink_to(pykcov_pytest.__file__)
    about = folder / "pykcov-0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: pykcov\nVersion: 0\n")
    (about / "entry_points.txt").write_text("[pytest11]\npykcov = pykcov_pytest\n")
    (about / "RECORD").write_text("pykcov/__init__.py,,\npykcov_pytest.py,,\n")
    return folder


# What else is installed is not loaded: it takes seconds.
OTHERS = ("pytest_cov", "hypothesispytest", "anyio", "faker", "timeout")
COMMANDS = [
    ["pykcov", "run", "-m", "pytest"],
    ["pykcov", "run", "-m", "pytest", "-p", "no:pykcov"],
    ["pykcov", "run", str(Path(sys.executable).parent / "pytest"), "-p", "pykcov", "-n", "1"],
    ["pytest", "--pykcov=."],
    ["pytest", "--pykcov=.", "-n", "1", "-p", "pykcov"],
]


@pytest.mark.slow
@pytest.mark.once
@pytest.mark.parametrize("command", COMMANDS, ids=lambda words: " ".join(words[:3]))
def test_pytest_with_warnings_as_errors(
    tmp_path: Path, installed: Path, command: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "pytest.ini").write_text("[pytest]\nfilterwarnings = error\n")
    (tmp_path / "test_x.py").write_text(
        "pytest_plugins = ['pytester']\ndef test_it(pytester):\n"
        "    pytester.makepyfile('def test_inner(): pass')\n"
        "    assert pytester.runpytest_inprocess('-W', 'error').ret == 0\n"
    )
    monkeypatch.setenv("PYTHONPATH", str(installed))
    monkeypatch.setenv("PYTEST_ADDOPTS", " ".join(f"-pno:{name}" for name in OTHERS))
    for name in ("PYTEST_PLUGINS", "PYTEST_DISABLE_PLUGIN_AUTOLOAD"):
        monkeypatch.delenv(name, raising=False)
    done = subprocess.run(
        [sys.executable, "-m", *command, "-W", "error", "--strict-config"],
        cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
    assert "1 passed" in done.stdout
    assert "left out" not in done.stdout
