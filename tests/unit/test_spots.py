"""Where in its block a probe stands, and probes that stand for constants."""

from __future__ import annotations

import dis
import inspect
import itertools
import subprocess
import sys
import sysconfig
import textwrap
import warnings
from collections.abc import Iterator
from pathlib import Path
from types import CodeType, FunctionType
from typing import Any

import cloudpickle
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.cores import A, Recording, attached
from tests.unit.program import Program
from tests.unit.rewritten import inner, line_only, named, probe_lines, rewrite_text

from pykcov.instrumentation.bytecode.assigned import bound
from pykcov.instrumentation.bytecode.blocks import locate
from pykcov.instrumentation.unit import Unit
from pykcov.probe import Instead, positions, running
from pykcov.symbols.store import SymbolStore


def standing_for(code: CodeType) -> list[Any]:
    """The constants in whose places probes are, in the order of the blocks."""
    return [-c for c in running(code).co_consts if isinstance(c, Instead)]


@pytest.mark.parametrize(
    ("text", "constants"),
    [
        ("def f(): return 7", [7]),
        ("def f(): pass", [None]),
        ("def f(): return (1.5, 'a b', ...)", [(1.5, "a b", ...)]),
        ("def f(a): return a + 1", [1]),
        ("def f(a, b): return a + b + 1", []),
        ("def f(a): return a.b + 1", []),
        ("def f(): return g(1)", []),
        ("def f(a):\n for b in a: b = 2\n return 3", [3]),
        ("def f(a):\n if a is None: return 1\n return 2", [1, 2]),
        ("def f(a):\n while a < 3: a += 1\n return a", [3, 1]),
        ("def f(a): return [a,\n 1]", []),
        ("def f(): return lambda: 1", []),
        ("def f(a): return a is None", [None]),
        ("def f(a): return a == ''", [""]),
        ("def f(): return -1", [-1]),
        ("def f(a): return a + 255 + 256", [255]),
    ],
)  # fmt: skip
def test_which_constants(store: SymbolStore, text: str, constants: list[Any]) -> None:
    _, new = rewrite_text(text, store)
    found = standing_for(named(new, "f"))
    assert found[: len(constants)] == constants
    assert set(found) == set(constants)  # the compiler has copies of some


def test_it_is_the_constant_itself(store: SymbolStore) -> None:
    """As `is` sees it, in code whose constants are others of the same value."""
    text = "def f(a):\n    b = (1, 2.5, 'x y', 1 << 90)\n    return b is (1, 2.5, 'x y', 1 << 90)\n"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SyntaxWarning)
        plain = compile(text, "/no/such/file.py", "exec")
        other = compile(text, "/no/such/file.py", "exec")
    rewriter = Unit("/no/such/file.py", text.encode(), plain, 0).rewriter(store, None)
    for code in (plain, other):
        new = rewriter(code)
        assert new is not None
        names: dict[str, Any] = {}
        exec(new, names)
        assert names["f"](0)
        (value,) = [v for v in standing_for(names["f"].__code__) if isinstance(v, tuple)]
        assert any(value is constant for constant in named(code, "f").co_consts)


def test_a_program_may_have_put_others_there(store: SymbolStore) -> None:
    plain = compile("def f():\n    return 'one'\n", "/no/such/file.py", "exec")
    rewriter = Unit("/no/such/file.py", b"def f():\n    return 'one'\n", plain, 0).rewriter(
        store, None
    )
    answers = []
    for text in ("one", "two"):
        f = named(plain, "f")
        consts = tuple(text if c == "one" else c for c in f.co_consts)
        changed = plain.replace(
            co_consts=tuple(f.replace(co_consts=consts) if c is f else c for c in plain.co_consts)
        )
        new = rewriter(changed)
        assert new is not None
        names: dict[str, Any] = {}
        exec(new, names)
        answers.append(names["f"]())
    assert answers == ["one", "two"]


@pytest.mark.parametrize(
    ("body", "line"),
    [
        ("return nowhere(1)", 2),
        ("return nowhere + 1", 2),
        ("if a: b = 1\n    return b + 1", 3),
        ("del a; return a + 1", 2),
        ("for a in (): pass\n    else: del a\n    return a + 1", 4),
        ("try: b = nowhere\n    except NameError: pass\n    return b + 1", 4),
        ("while a: b = a = 0\n    return b + 1", 3),
    ],
)
def test_what_raises_comes_behind_the_record(store: SymbolStore, body: str, line: int) -> None:
    program = Program(store, f"def f(a):\n    {body}\n")
    program.names["guarded"] = _guarded
    assert line in program.entered("guarded(lambda: f(0))")[-1]


def _guarded(call: Any) -> None:
    with pytest.raises(NameError):
        call()


def test_a_destructor_comes_behind_the_record(store: SymbolStore) -> None:
    """What `x` was ends with its store: the block's record is there before the destructor's."""
    program = Program(
        store,
        """
        class Ends:
            def __del__(self):
                self = None

        def f():
            x = Ends()
            for x in (1,):
                x + 1
        """,
    )
    assert program.entered("f()")[:3] == [(7, 8), (8, 9), (4,)]


def test_the_probe_is_on_its_blocks_first_line(store: SymbolStore) -> None:
    path = inspect.getfile(textwrap)
    source = Path(path).read_bytes()
    unit = Unit(path, source, compile(source, path, "exec"), 0)
    new = unit.rewriter(store, None)(unit.code)
    assert new is not None
    moved = 0
    for code, located, spans in zip(inner(new), unit.located, unit.spans, strict=True):
        line_of = {
            i.start: position[0]
            for i, position in zip(located.instructions, located.positions, strict=True)
        }
        heads = [line_of[span.offset] for span in spans]
        assert probe_lines(code) == [line for line in heads if line is not None]
        moved += len(standing_for(code))
    assert moved > 10


# -- the constant ----------------------------------------------------------------------------------


def test_instead() -> None:
    value = object()
    other = A.instead(value, 3)
    assert (other.pc, other.index, other.constant) == (A.pc, A.index, 3)
    assert repr(other) == repr(A)
    with attached(Recording()) as made:
        assert -other is value
        assert -other.instead(7, 1) == 7
    assert made.pcs == [A.pc, A.pc]
    with pytest.raises(TypeError, match="cannot create"):
        Instead()


def test_references_of_the_constant() -> None:
    value = object()
    before = sys.getrefcount(value), sys.getrefcount(Instead)
    for _ in range(100):
        assert -A.instead(value, 0) is value
    assert (sys.getrefcount(value), sys.getrefcount(Instead)) == before


def test_code_that_goes_takes_its_constants_along(store: SymbolStore) -> None:
    plain = compile("def f():\n    return 'a b'\n", "/no/such/file.py", "exec")
    (value,) = [c for c in named(plain, "f").co_consts if c is not None]
    before = sys.getrefcount(value)
    for _ in range(20):
        rewriter = Unit("/no/such/file.py", b"def f():\n    return 'a b'\n", plain, 0).rewriter(
            store, None
        )
        new = rewriter(plain)
        assert new is not None
        assert standing_for(named(new, "f")) == ["a b"]
        del rewriter, new
    assert sys.getrefcount(value) == before


def test_a_function_travels_to_where_pykcov_is_not(store: SymbolStore) -> None:
    text = "def f(a):\n    if a is None:\n        return (1, 'a b')\n    return a + 1\n"
    _, code = rewrite_text(text, store)
    assert len(standing_for(named(code, "f"))) == 2
    blob = cloudpickle.dumps(FunctionType(named(code, "f"), {"__name__": "__main__"})).hex()
    script = (
        "import pickle, sys\nsys.modules['pykcov'] = None\n"
        f"f = pickle.loads(bytes.fromhex({blob!r}))\nprint(f(None), f(4))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("(1, 'a b') 5\n", "")


# -- locals that have a value ----------------------------------------------------------------------

UNSETS = {"LOAD_FAST_AND_CLEAR", "STORE_FAST_MAYBE_NULL"}


def _codes() -> Iterator[CodeType]:
    for path in sorted(Path(sysconfig.get_path("stdlib")).glob("*.py")):
        yield from inner(compile(path.read_bytes(), str(path), "exec"))


@pytest.mark.skipif("LOAD_FAST_CHECK" not in dis.opmap, reason="3.11's compiler does not tell")
@pytest.mark.filterwarnings("ignore")
def test_the_compiler_is_no_less_sure() -> None:
    """A LOAD_FAST_CHECK is of a local that bound() is not sure of either."""
    checks = sure = 0
    for code in _codes():
        instructions = locate(code).instructions
        names = [dis.opname[i.op] for i in instructions]
        if code.co_nlocals > 64 or UNSETS & set(names):
            continue
        for i, name, known in zip(instructions, names, bound(code, instructions), strict=True):
            if name == "LOAD_FAST_CHECK":
                assert not known >> i.arg & 1, (code, i)
                checks += 1
            sure += name in ("LOAD_FAST", "LOAD_FAST_BORROW") and known >> i.arg & 1
    assert checks > 50
    assert sure > 10_000


@pytest.mark.parametrize(
    ("text", "sure"),
    [
        ("def f(x): return x", True),
        ("def f(*x): return x", True),
        ("def f(*, a=1, **x): return x", True),
        ("def f():\n x = 1\n return x", True),
        ("def f(a):\n if a: x = 1\n return x", False),
        ("def f(a):\n if a: x = 1\n else: x = 2\n return x", True),
        ("def f(a):\n while a: x = 1\n return x", False),
        ("def f(a):\n for x in a: pass\n return x", False),
        ("def f(a):\n try: x = a()\n except E: pass\n return x", False),
        ("def f(x):\n try: x = a()\n except E: pass\n return x", True),
        ("def f(x):\n del x\n return x", False),
        ("def f(x):\n while g(): del x\n return x", False),
        ("def f(a):\n while True:\n  x = a\n  if a: break\n return x", True),
    ],
)
def test_bound(text: str, sure: bool) -> None:
    code = named(compile(text, "f", "exec"), "f")
    instructions = locate(code).instructions
    at = max(n for n, i in enumerate(instructions) if dis.opname[i.op] == "RETURN_VALUE")
    known = bound(code, instructions)[at]
    assert bool(known >> code.co_varnames.index("x") & 1) == sure


# -- positions -------------------------------------------------------------------------------------


@pytest.mark.filterwarnings("ignore")
def test_positions_are_those_that_python_tells() -> None:
    for code in itertools.islice(_codes(), 4000):
        for one in (code, line_only(code)):
            found = positions(one.co_linetable, one.co_firstlineno)
            assert found == list(one.co_positions())


@given(st.binary(), st.integers(0, 1 << 20))
def test_positions_of_any_bytes(table: bytes, line: int) -> None:
    """Whatever they are, there is an end to them."""
    assert len(positions(table, line)) <= 8 * len(table)
