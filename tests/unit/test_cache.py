"""Rewritten code from the cache: the same as without one, and never what it was not made for."""

from __future__ import annotations

import copy
import gc
import importlib.util
import marshal
import os
import pickle
import py_compile
import shutil
import struct
import subprocess
import sys
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from types import CodeType, FunctionType, ModuleType
from typing import Any

import cloudpickle
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.cached import counting_rewrites, fields
from tests.unit.packages import TEXT, Package, has_probes, packages
from tests.unit.rewritten import COMPARED, inner, rewrite_text

import pykcov
from pykcov.errors import PykcovError
from pykcov.instrumentation.cache import cache as cache_module
from pykcov.instrumentation.cache.cache import Cache, folder_of
from pykcov.instrumentation.cache.entry import Entry, pack, restamped
from pykcov.instrumentation.options import EXACT, Options
from pykcov.instrumentation.unit import probes_of
from pykcov.probe import Instead, Probe, fill, origin, original, running
from pykcov.symbols.blocks import number_of
from pykcov.symbols.store import SymbolStore

LARGE = """
import functools

CONSTANTS = (1.5, "text", b"bytes", None, ..., 1j, 10**30, (1, ("a", frozenset({1, 2}))))

class Thing:
    '''documented'''
    def method(self, a, /, b=1, *args, c: int = 3, **kwargs):
        try:
            return [x for x in range(a) if x % 2] + [y := b]
        except (ValueError, TypeError) as error:
            raise RuntimeError from error
        finally:
            self.done = True

    @functools.cached_property
    def cached(self):
        return lambda: (yield self.done)

async def coroutine(a):
    async with a as b:
        async for c in b:
            await c

def closure(a):
    def inner():
        nonlocal a
        a += 1
        return a
    return inner

def fails(a):
    if a:
        return 1 / 0
"""
PYTHON = [sys.executable, "-c"]


@pytest.fixture
def _writes_pycs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "dont_write_bytecode", False)


pytestmark = pytest.mark.usefixtures("_writes_pycs")


def imported(
    package: Package, store: SymbolStore, name: str = "m", **options: Any
) -> tuple[ModuleType, list[str]]:
    """Import a module anew, with probes; return it, and what had to be rewritten for it."""
    package.forget()
    gc.collect()  # the functions of the module that was there before: they would get probes, too
    with counting_rewrites() as seen:
        handle = pykcov.instrument(source=[package.name], store=store, **options)
        try:
            module = package.load(name)
        finally:
            _keep.append(handle)
    return module, sorted({path for path in seen if not path.endswith("__init__.py")})


_keep: list[pykcov.Instrumentation] = []


@pytest.fixture(autouse=True)
def _undone() -> Iterator[None]:
    yield
    while _keep:
        _keep.pop().undo()


def undo() -> None:
    _keep.pop().undo()


def codes(module: ModuleType) -> list[Any]:
    return [fields(f.__code__) for f in vars(module).values() if isinstance(f, FunctionType)]


def test_code_is_the_same_in_all_fields(package: Package, store: SymbolStore) -> None:
    package.write("m", LARGE)
    cold, rewritten = imported(package, store)
    before = codes(cold), fields(cold.Thing.method.__code__)
    assert len(rewritten) == 1
    undo()
    warm, rewritten = imported(package, store)
    assert rewritten == []
    assert warm is not cold
    assert (codes(warm), fields(warm.Thing.method.__code__)) == before
    assert warm.Thing.method.__code__ is not cold.Thing.method.__code__
    assert _keep[-1].files[str(warm.__file__)] == sum(1 for _ in probes(warm))


def probes(module: ModuleType) -> Iterator[Probe | Instead]:
    """All probes of the file, found without our own bookkeeping."""
    spec: Any = module.__spec__
    plain = compile(spec.loader.get_data(spec.origin), spec.origin, "exec", dont_inherit=True)
    handle = _keep[-1]
    new = handle.rewrite(plain, spec.origin, spec.loader.get_data(spec.origin))
    assert new is not None
    for code in inner(new):
        consts = running(code).co_consts
        yield from (const for const in consts if isinstance(const, Probe | Instead))


def test_traces_agree(package: Package, store: SymbolStore) -> None:
    package.write("m", LARGE)
    seen = []
    for _ in range(3):
        module, _ = imported(package, store)
        with pykcov.trace() as t:
            module.closure(1)()
            module.Thing().method(4)
        seen.append((t.pcs, [str(block) for block in t.blocks]))
        undo()
    assert seen[0] == seen[1] == seen[2]
    assert len(seen[0][0]) > 5


def test_undo_gives_the_code_that_the_compiler_made(package: Package, store: SymbolStore) -> None:
    path = package.write("m", LARGE)
    imported(package, store)
    undo()
    module, rewritten = imported(package, store)
    assert rewritten == []
    undo()
    made = compile(path.read_bytes(), str(path), "exec", dont_inherit=True)
    plain = {code.co_qualname: code for code in inner(made)}
    for function in (module.closure, module.fails, module.coroutine, module.Thing.method):
        assert not has_probes(function)
        assert fields(function.__code__) == fields(plain[function.__qualname__])
    nested = module.closure(1)  # made by code that is plain again
    assert nested.__code__ in module.closure.__code__.co_consts


def test_what_people_do_to_code(package: Package, store: SymbolStore) -> None:
    path = package.write("m", LARGE)
    imported(package, store)
    undo()
    module, rewritten = imported(package, store)
    assert rewritten == []
    code = module.closure.__code__
    made = compile(path.read_bytes(), str(path), "exec", dont_inherit=True)
    plain = next(c for c in inner(made) if c.co_qualname == "closure")
    assert fields(marshal.loads(marshal.dumps(code))) == fields(plain)
    assert copy.deepcopy(code) is code
    assert original(code) is original(code)
    renamed = code.replace(co_name="other")
    assert original(renamed).co_name == "other"
    assert hash(code) == hash(code.replace())
    travelled = pickle.loads(cloudpickle.dumps(module.closure(5)))
    assert travelled() == 6


def test_tracebacks_and_positions(package: Package, store: SymbolStore) -> None:
    package.write("m", LARGE)
    texts = []
    for instrumented in (False, True, True):
        if instrumented:
            module, _ = imported(package, store)
        else:
            module = package.load("m")
        with pytest.raises(ZeroDivisionError) as caught:
            module.fails(1)
        texts.append(traceback.format_tb(caught.value.__traceback__)[1:])
        if instrumented:
            undo()
    assert texts[0] == texts[1] == texts[2]
    assert "1 / 0" in texts[0][0]


# -- what makes an entry another one ---------------------------------------------------------------


def test_a_changed_source(package: Package, store: SymbolStore) -> None:
    path = package.write("m", TEXT)
    imported(package, store)
    undo()
    path.write_text(TEXT.replace("return 2", "return 3 + 1"), encoding="utf-8")
    module, rewritten = imported(package, store)
    assert rewritten == [str(path)]
    assert module.f(0) == 4


def test_a_source_changed_behind_importlibs_back(package: Package, store: SymbolStore) -> None:
    path = package.write("m", TEXT)
    imported(package, store)
    undo()
    status = path.stat()
    path.write_text(TEXT.replace("return 2", "return 3"), encoding="utf-8")
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    package.forget()
    plain = package.load("m").f(0)  # what CPython makes of it
    assert imported(package, store)[0].f(0) == plain == 2


def test_a_touched_source_is_not_rewritten(package: Package, store: SymbolStore) -> None:
    path = package.write("m", TEXT)
    imported(package, store)
    undo()
    os.utime(path, (1, 1))
    assert imported(package, store)[1] == []
    undo()
    assert b"\1\0\0\0" in Path(importlib.util.cache_from_source(str(path))).read_bytes()[8:12]


@pytest.mark.parametrize("mode", ["CHECKED_HASH", "UNCHECKED_HASH"])
def test_pycs_that_go_by_hash(package: Package, store: SymbolStore, mode: str) -> None:
    path = package.write("m", TEXT)
    py_compile.compile(str(path), invalidation_mode=py_compile.PycInvalidationMode[mode])
    for _ in range(2):
        imported(package, store)
        undo()
    status = path.stat()
    path.write_text(TEXT.replace("return 2", "return 3"), encoding="utf-8")
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    package.forget()
    plain = package.load("m").f(0)
    assert plain == (3 if mode == "CHECKED_HASH" else 2)
    assert imported(package, store)[0].f(0) == plain


def test_a_pyc_that_is_gone_is_written_again(package: Package, store: SymbolStore) -> None:
    path = package.write("m", TEXT)
    imported(package, store)
    undo()
    cached = Path(importlib.util.cache_from_source(str(path)))
    before = cached.read_bytes()
    cached.unlink()
    assert imported(package, store)[1] == []
    assert cached.read_bytes() == before


def test_without_pycs(
    package: Package, store: SymbolStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    path = package.write("m", TEXT)
    imported(package, store)
    undo()
    assert not Path(importlib.util.cache_from_source(str(path))).exists()
    assert imported(package, store)[1] == []
    undo()
    path.write_text(TEXT.replace("return 2", "return 33"), encoding="utf-8")
    assert imported(package, store)[0].f(0) == 33


def test_a_pyc_of_other_code(package: Package, store: SymbolStore) -> None:
    path = package.write("m", TEXT)
    imported(package, store)
    undo()
    cached = Path(importlib.util.cache_from_source(str(path)))
    other = compile(TEXT.replace("return 2", "return 5"), str(path), "exec", dont_inherit=True)
    cached.write_bytes(cached.read_bytes()[:16] + marshal.dumps(other))
    os.utime(cached, (5, 5))
    package.forget()
    plain = package.load("m").f(0)
    assert imported(package, store)[0].f(0) == plain == 5


def test_options_and_stores_are_told_apart(
    package: Package, store: SymbolStore, tmp_path: Path
) -> None:
    package.write("m", LARGE)
    other = SymbolStore(tmp_path / "other" / "symbols.sqlite")
    other.register(rewrite_symbols(other))  # so that numbers differ
    seen = []
    kinds = [EXACT, Options(by_line=True), Options(prune=True), COMPARED]
    for options in kinds:
        for where in (store, other):
            for _ in range(2):
                module, rewritten = imported(package, where, **options._asdict())
                seen.append((len(rewritten), fields(module.fails.__code__)))
                undo()
    assert [count for count, _ in seen] == [1, 0] * 2 * len(kinds)
    assert all(a == b for (_, a), (_, b) in zip(seen[::2], seen[1::2], strict=True))
    assert len({repr(code) for _, code in seen}) == 2 * len(kinds)


def rewrite_symbols(store: SymbolStore) -> Any:
    from pykcov.instrumentation.unit import Unit

    source = b"def f():\n    return 1\n"
    return Unit("/no/such/file.py", source, compile(source, "x", "exec"), 0).symbols()


def test_a_loader_with_code_of_its_own(package: Package, store: SymbolStore) -> None:
    path = package.write("m", TEXT)
    imported(package, store)
    undo()

    class Loader(importlib.machinery.SourceFileLoader):
        def get_code(self, fullname: str) -> CodeType:
            return compile(TEXT.replace("return 2", "return 7"), str(path), "exec")

    with pykcov.instrument(source=[package.name], store=store):
        spec = importlib.util.spec_from_loader(
            f"{package.name}.m", Loader(f"{package.name}.m", str(path))
        )
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        assert has_probes(module.f)
        assert module.f(0) == 7


# -- the store's identity --------------------------------------------------------------------------


def pcs_of(module: ModuleType, store: SymbolStore) -> list[str]:
    with pykcov.trace() as t:
        module.f(0)
    found = [store.lookup(pc) for pc in t.pcs]
    assert all(found)
    return [block.file for block in found if block is not None]


def put_back(path: Path, state: bytes) -> None:
    """Make a store what it was: the same file, other content."""
    with path.open("r+b") as file:
        file.write(state)
        file.truncate(len(state))


def move_away(path: Path, state: bytes) -> None:
    path.unlink()


def copy_over(path: Path, state: bytes) -> None:
    new = path.with_name("copy")
    new.write_bytes(state)
    new.rename(path)


@pytest.mark.parametrize("change", [put_back, move_away, copy_over])
def test_another_store_at_the_same_place(
    package: Package, store: SymbolStore, change: Callable[[Path, bytes], None]
) -> None:
    package.write("first", TEXT)
    path = package.write("m", TEXT)
    other = package.write("other", TEXT)
    imported(package, store, "first")
    undo()
    state = store.path.read_bytes()
    imported(package, store)
    undo()
    change(store.path, state)
    from pykcov.instrumentation import unit

    unit._probes.clear()  # another process
    again = SymbolStore(store.path)
    # The number that m had goes to another file now.
    module, first = imported(package, again, "other")
    assert set(pcs_of(module, again)) == {str(other)}
    undo()
    module, rewritten = imported(package, again)
    assert str(path) in first + rewritten
    assert set(pcs_of(module, again)) == {str(path)}


def test_a_store_of_an_older_version_gets_an_id(package: Package, store: SymbolStore) -> None:
    import sqlite3

    package.write("m", TEXT)
    imported(package, store)
    undo()
    with sqlite3.connect(store.path) as db:
        db.execute("DROP TABLE tokens")
        db.execute("DROP TABLE identity")
    db.close()
    for expected in (1, 0):
        assert len(imported(package, store)[1]) == expected
        undo()


# -- damage ----------------------------------------------------------------------------------------


def entries(store: SymbolStore) -> list[Path]:
    return sorted(folder_of(store).glob("*.code"))


@pytest.fixture(scope="module")
def packed(tmp_path_factory: pytest.TempPathFactory) -> tuple[bytes, SymbolStore]:
    store = SymbolStore(tmp_path_factory.mktemp("packed") / "symbols.sqlite")
    _, new = rewrite_text(LARGE, store)
    data = pack(new, 0, found_probes(new, store), bytes(32), b"s" * 64)
    assert data is not None
    return data, store


def found_probes(code: CodeType, store: SymbolStore) -> list[Probe]:
    """Probes of the blocks of a module's code, by block."""
    constants = [c for each in inner(code) for c in running(each).co_consts]
    pcs = sorted({c.pc for c in constants if isinstance(c, Probe | Instead)})
    return probes_of(store, number_of(pcs[0]), len(pcs))


@given(at=st.integers(0), value=st.integers(1, 255))
def test_a_flipped_byte_is_no_entry(packed: tuple[bytes, SymbolStore], at: int, value: int) -> None:
    data = bytearray(packed[0])
    data[at % len(data)] ^= value
    with pytest.raises(ValueError, match=r"entry|damaged"):
        Entry(memoryview(data))


@given(st.data())
def test_a_cut_or_longer_file_is_no_entry(
    packed: tuple[bytes, SymbolStore], data: st.DataObject
) -> None:
    whole = packed[0]
    size = data.draw(st.integers(0, len(whole) - 1))
    for wrong in (whole[:size], whole + whole[:size + 1], bytes(size)):  # fmt: skip
        with pytest.raises(ValueError, match=r"entry|damaged"):
            Entry(memoryview(wrong))


def test_a_new_stamp_changes_nothing_else(packed: tuple[bytes, SymbolStore]) -> None:
    data, store = packed
    again = Entry(memoryview(restamped(data, b"t" * 64)))
    assert again.stamp == b"t" * 64
    before = Entry(memoryview(data)).load()
    probes = probes_of(store, before.first, before.blocks)
    assert fields(again.load().code(probes, 1)) == fields(before.code(probes, 1))


@pytest.mark.parametrize(
    "harm",
    [
        lambda file: file.write_bytes(b""),
        lambda file: file.write_bytes(file.read_bytes()[:-1]),
        lambda file: file.write_bytes(b"x" * 100_000),
        lambda file: file.write_bytes(bytes([*file.read_bytes()[:-1], 0])),
        lambda file: (file.unlink(), file.mkdir()),
        lambda file: [file.unlink(), subprocess.run(["mkfifo", file], check=True)],
        lambda file: (file.unlink(), file.symlink_to("/etc/passwd")),
        lambda file: file.unlink(),
    ],
    ids=["empty", "cut", "rubbish", "flipped", "folder", "fifo", "link", "gone"],
)
def test_damaged_entries_are_written_anew(
    package: Package, store: SymbolStore, harm: Callable[[Path], object]
) -> None:
    path = package.write("m", TEXT)
    imported(package, store)
    undo()
    for file in entries(store):
        harm(file)
    module, rewritten = imported(package, store)
    assert rewritten == [str(path)]
    assert has_probes(module.f)
    undo()
    if not any(file.is_dir() for file in entries(store)):
        assert imported(package, store)[1] == []


class TestFill:
    """Code that was not made to be filled is refused."""

    LAYOUT = b"\0\1\3"  # no constant of the program's; three units before the second
    CODE = compile("def f():\n    return b'ab'\n", "x", "exec")

    def refuses(self, code: CodeType, constants: list[Any], *slots: int) -> None:
        words = b"".join(word.to_bytes(4, sys.byteorder) for word in slots)
        with pytest.raises(ValueError, match=r"not made|slots: "):
            fill(code, constants, words, self.refuses, None)  # type: ignore[arg-type]

    def bare(self, *consts: Any) -> CodeType:
        new: CodeType = marshal.loads(marshal.dumps(self.CODE.replace(co_consts=consts)))
        return new

    def test_constants_that_others_have(self) -> None:
        code = self.bare(b"probe", b"probe")
        held = code.co_consts
        self.refuses(code, [Probe(8)], 1, 0, 0, 0)
        assert held == (b"probe", b"probe")

    def test_slots(self) -> None:
        for slots in ((), (1,), (1, 0), (1, 0, 0), (2, 0, 0, 0), (1, 0, 0, 0, 7)):
            self.refuses(self.bare(b"probe", b"probe"), [Probe(8)], *slots)
        for slot, which, place in ((1, 0, 0), (0, 1, 0), (9, 0, 0), (0, 0, 3), (0, 0, 1 << 31)):
            self.refuses(self.bare(b"probe", b"probe"), [Probe(8)], 1, slot, which, place)
        self.refuses(self.bare(1, b"probe"), [Probe(8)], 1, 0, 0, 0)
        self.refuses(self.bare(b"probe", 1, b"probe"), [1], 1, 0, 0, 2)
        self.refuses(self.bare(), [], 0)

    def test_a_probe_for_a_constant(self) -> None:
        code = self.bare(b"probe", "text", self.LAYOUT)
        fill(code, [Probe(8)], struct.pack("=4I", 1, 0, 0, 2), lambda n: self.CODE, self)
        found = running(code).co_consts[0]
        assert (found.pc, found.constant, -found) == (8, 1, "text")

    def test_it_is_filled(self) -> None:
        code = self.bare(b"probe", self.LAYOUT)
        probe = Probe(8)
        fill(code, [probe], b"\1\0\0\0" + bytes(12), lambda n: self.CODE, self)
        assert running(code).co_consts == (probe,)
        assert code.co_consts == ()
        found = origin(code)
        assert found is not None
        assert found.owner is self
        assert found.code is found.code is self.CODE

    def test_a_load_that_fails(self) -> None:
        code = self.bare(b"probe", self.LAYOUT)
        fill(code, [Probe(8)], b"\1\0\0\0" + bytes(12), lambda n: n, None)  # type: ignore[arg-type, return-value]
        found = origin(code)
        assert found is not None
        with pytest.raises(TypeError, match="code object"):
            found.code  # noqa: B018


# -- the folder ------------------------------------------------------------------------------------


def test_only_the_user_may_read(package: Package, store: SymbolStore) -> None:
    package.write("m", TEXT)
    imported(package, store)
    folder = folder_of(store)
    assert folder.stat().st_mode & 0o777 == 0o700
    assert {file.stat().st_mode & 0o777 for file in folder.iterdir()} == {0o600}
    assert {file.suffix for file in folder.iterdir()} == {".code", ""}


@pytest.mark.parametrize("kind", ["open to others", "a link", "a file", "unwritable"])
def test_a_folder_that_is_not_right_is_not_used(
    package: Package, store: SymbolStore, kind: str, tmp_path: Path
) -> None:
    package.write("m", TEXT)
    store.check()
    folder = folder_of(store)
    if kind == "open to others":
        folder.mkdir()
        folder.chmod(0o750)
    elif kind == "a link":
        (tmp_path / "elsewhere").mkdir(mode=0o700)
        folder.symlink_to(tmp_path / "elsewhere")
    elif kind == "a file":
        folder.write_bytes(b"")
    elif os.geteuid() == 0:
        pytest.skip("root may write anywhere")
    else:
        folder.mkdir(mode=0o500)
    for _ in range(2):
        module, rewritten = imported(package, store)
        assert len(rewritten) == 1
        assert has_probes(module.f)
        assert _keep[-1].cache.trouble
        undo()


def test_none_is_made_where_none_is_wanted(
    package: Package, store: SymbolStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(cache_module.BOUND, "0")
    package.write("m", TEXT)
    assert has_probes(imported(package, store)[0].f)
    assert not folder_of(store).exists()
    for wrong in ("", "-1", "1.5", "lots"):
        monkeypatch.setenv(cache_module.BOUND, wrong)
        with pytest.raises(PykcovError, match=r"\[cache-bound\]"):
            pykcov.instrument(source=[package.name], store=store)


def test_what_was_used_longest_ago_goes_first(store: SymbolStore) -> None:
    cache = Cache.of(store)
    cache.bound = 40_000
    symbols = rewrite_symbols(store)
    given = store.registered(symbols)
    for n in range(100):
        file = f"{cache.folder}/{n:03}.code"
        cache.put(file, bytes(1000), given)
        os.utime(file, (n + 1, n + 1))
        if n == 20:
            os.utime(f"{cache.folder}/003.code", (1000, 1000))  # used again
        assert cache.contents()[1] <= cache.bound
    left = [file.name for file in entries(store)]
    assert "003.code" in left
    assert "099.code" in left
    assert 25 <= len(left) <= 40
    assert left[1:] == [f"{n:03}.code" for n in range(101 - len(left), 100)]
    cache.put(f"{cache.folder}/big.code", bytes(20_000), given)
    assert len(entries(store)) == len(left)
    cache.clear()
    assert cache.contents() == (0, 0)
    assert not cache.trouble


def test_a_head_that_is_lost_is_made_again(store: SymbolStore) -> None:
    cache = Cache.of(store)
    given = store.registered(rewrite_symbols(store))
    for content in (b"", b"x" * 48, b"\0" * 100, b"\xff" * 20):
        (cache.folder / "head").write_bytes(content)
        for _ in range(3):
            cache.put(f"{cache.folder}/a.code", bytes(1000), given)
            cache.put(f"{cache.folder}/b.code", bytes(1000), given)
        assert cache._head.last() == given
        assert cache.contents() == (2, 2000)
    assert not cache.trouble


WRITER = """
import sys, importlib
sys.dont_write_bytecode = False
sys.path.insert(0, sys.argv[1])
import pykcov
with pykcov.instrument(source=[sys.argv[2]]):
    found = [importlib.import_module(f"{sys.argv[2]}.m{n}") for n in range(int(sys.argv[3]))]
    with pykcov.trace() as t:
        for module in found:
            module.f(0)
    print([hex(pc) for pc in t.pcs])
"""


@pytest.mark.slow
def test_concurrent_processes_agree(tmp_path: Path) -> None:
    with packages(tmp_path / "path") as package:
        for n in range(12):
            package.write(f"m{n}", TEXT)
        arguments = [str(tmp_path / "path"), package.name, "12"]
        env = {**os.environ, "PYKCOV_STORE": str(tmp_path / "store" / "symbols.sqlite")}
        seen = set()
        for _ in range(2):
            running = [
                subprocess.Popen(
                    [*PYTHON, WRITER, *arguments], stdout=subprocess.PIPE, text=True, env=env
                )
                for _ in range(4)
            ]
            seen |= {process.communicate()[0] for process in running}
            assert {process.returncode for process in running} == {0}
        assert len(seen) == 1
        assert seen.pop().count("0x") >= 24
        folder = tmp_path / "store" / "symbols.sqlite.cache"
        assert not list(folder.glob("*.new"))
        assert len(list(folder.glob("*.code"))) == 13


@pytest.mark.slow
def test_levels_of_optimization_are_told_apart(tmp_path: Path) -> None:
    text = "def f(a):\n    assert a, 'told'\n    return __debug__\n"
    program = WRITER.replace("module.f(0)", "print(module.f(1))")
    with packages(tmp_path / "path") as package:
        package.write("m0", text)
        env = {**os.environ, "PYKCOV_STORE": str(tmp_path / "symbols.sqlite")}
        for options, expected in (([], "True"), (["-O"], "False")):
            for _ in range(2):
                done = subprocess.run(
                    [sys.executable, *options, "-c", program, str(tmp_path / "path")]
                    + [package.name, "1"],
                    env=env,
                    capture_output=True,
                    text=True,
                    check=True,
                )
                assert done.stdout.startswith(expected)


# -- in place --------------------------------------------------------------------------------------


def test_in_place_from_the_cache(package: Package, store: SymbolStore) -> None:
    package.write("m", LARGE)
    module = package.load("m")
    kept = module.closure.__code__, module.Thing.method.__code__
    seen = []
    for expected in (2, 0):
        with counting_rewrites() as rewritten:
            handle = pykcov.instrument(source=[package.name], store=store)
        assert len(rewritten) <= expected
        assert bool(rewritten) == bool(expected)
        seen.append((codes(module), fields(module.Thing.method.__code__)))
        assert module.closure(1).__code__ in module.closure.__code__.co_consts
        handle.undo()
        assert module.closure.__code__ is kept[0]
        assert module.Thing.method.__code__ is kept[1]
    assert seen[0] == seen[1]
    # What was put there in place serves an import, and the other way round.
    assert imported(package, store)[1] == []


def test_in_place_a_program_may_have_changed_code(package: Package, store: SymbolStore) -> None:
    package.write("m", LARGE)
    imported(package, store)
    undo()
    package.forget()
    module = package.load("m")
    module.fails.__code__ = module.fails.__code__.replace(co_name="renamed")
    with pykcov.instrument(source=[package.name], store=store):
        assert has_probes(module.fails)
        assert module.fails.__code__.co_name == "renamed"
    assert module.fails.__code__.co_name == "renamed"


def test_a_tree_that_moved(store: SymbolStore, tmp_path: Path) -> None:
    with packages(tmp_path / "path") as package:
        package.write("m", TEXT)
        assert imported(package, store)[0].f.__code__.co_filename.startswith(str(tmp_path / "path"))
        undo()
        shutil.copytree(tmp_path / "path", tmp_path / "moved")
        sys.path.insert(0, str(tmp_path / "moved"))
        try:
            for _ in range(2):
                importlib.invalidate_caches()
                module, _ = imported(package, store)
                assert module.f.__code__.co_filename.startswith(str(tmp_path / "moved"))
                undo()
                assert module.f.__code__.co_filename.startswith(str(tmp_path / "moved"))
        finally:
            sys.path.remove(str(tmp_path / "moved"))


# -- the command -----------------------------------------------------------------------------------


def command(*words: str, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "pykcov", *words],
        env={**os.environ, **env},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.slow
def test_the_command(package: Package, store: SymbolStore) -> None:
    package.write("m", TEXT)
    where = ("--store", str(store.path))
    assert "entries: 0\n" in command("cache", "info", *where).stdout
    assert not folder_of(store).exists()
    imported(package, store)
    size = sum(file.stat().st_size for file in entries(store))
    told = command("cache", "info", *where, PYKCOV_CACHE_MIB="3").stdout
    assert told == f"path:    {folder_of(store)}\nentries: 2\nbytes:   {size}\nbound:   {3 << 20}\n"
    assert f"2 entries, {size} bytes" in command("env", *where).stdout
    done = command("cache", "clear", *where)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert entries(store) == []
    undo()
    assert len(imported(package, store)[1]) == 1


@pytest.mark.slow
def test_the_command_says_what_is_wrong(store: SymbolStore) -> None:
    store.check()
    folder_of(store).write_bytes(b"")
    where = ("--store", str(store.path))
    for action in ("info", "clear"):
        done = command("cache", action, *where)
        assert (done.returncode, done.stdout) == (1, "")
        assert done.stderr.count("\n") == 1
        assert "[cache-unusable]" in done.stderr
    assert "not a directory of this user's alone" in command("env", *where).stdout
    assert "[cache-bound]" in command("cache", "info", PYKCOV_CACHE_MIB="x").stderr
    assert "[usage]" in command("cache", "wash").stderr
