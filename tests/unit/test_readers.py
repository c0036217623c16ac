"""Programs whose libraries read code objects do what they do without pykcov."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from importlib.util import find_spec
from pathlib import Path

import pytest

PROGRAMS = {
    "numba": """
        import numba

        @numba.njit
        def total(n):
            s = 0
            for i in range(n):
                if i % 3:
                    s += i
                else:
                    s -= 1
            return s

        @numba.vectorize
        def clip(x):
            if x > 2.0:
                return 2.0
            return x

        print(total(10), clip(3.0), total.py_func(10))
    """,
    "pony": """
        from pony.orm import Database, Required, db_session, select

        db = Database()

        class Person(db.Entity):
            name = Required(str)
            age = Required(int)

        db.bind("sqlite", ":memory:")
        db.generate_mapping(create_tables=True)
        with db_session:
            for n in range(9):
                Person(name="abc"[n % 3], age=n)
            least = 3
            print(select(p.name for p in Person if p.age > least and p.name != "a")[:])
            print(Person.select(lambda p: p.age < least or p.name == "b")[:])
            print(select((p.name, max(p.age)) for p in Person).order_by(-1)[:])
    """,
    "hypothesis": """
        import hypothesis.strategies as st

        print(st.integers().filter(lambda x: x % 2 == 0))
        print(st.lists(st.text().map(lambda text: text.strip() or "x")))
    """,
    "executing": """
        import ast, sys
        import executing

        def where(value):
            node = executing.Source.executing(sys._getframe(1)).node
            print(ast.unparse(node), sys._getframe(1).f_lasti)
            return value

        def f(n):
            for i in range(n):
                if i % 2 and where(i):
                    print(where(i) + where(i + 1), [where(x) for x in (1, 2) if where(x) > 1])
            return where(n) if n > 3 else where(-n)

        f(4), f(2)
    """,
    "cloudpickle": """
        import pickle
        import cloudpickle

        def outer(a):
            def inner(b):
                return (a, b, "constant") if b > 1 else outer(b + 1)
            return inner

        inner = pickle.loads(cloudpickle.dumps(outer(5)))
        print(inner(3), inner(1)(2), inner.__code__ == outer(5).__code__)
    """,
    "importlib": """
        import colorsys, importlib, marshal

        old = colorsys.rgb_to_hsv.__code__
        importlib.reload(colorsys)
        print(old == colorsys.rgb_to_hsv.__code__, hash(old) == hash(colorsys.rgb_to_hsv.__code__))
        print(marshal.loads(marshal.dumps(old)) == old)
    """,
    "types": """
        import types

        def f(x):
            return x + 100

        consts = tuple(200 if const == 100 else const for const in f.__code__.co_consts)
        print(types.FunctionType(f.__code__.replace(co_consts=consts), {})(1))
        code = f.__code__
        print(types.FunctionType(types.CodeType(*(
            getattr(code, "co_" + name) for name in (
                "argcount posonlyargcount kwonlyargcount nlocals stacksize flags code consts names "
                "varnames filename name qualname firstlineno linetable exceptiontable freevars "
                "cellvars"
            ).split()
        )), {})(1))
    """,
}


@pytest.mark.slow
@pytest.mark.parametrize("library", PROGRAMS)
@pytest.mark.parametrize(
    "options", [[], ["--prune"], ["--comparisons"], ["--data", "data"]], ids=str
)
def test_a_program_prints_the_same(library: str, options: list[str], tmp_path: Path) -> None:
    if find_spec(library) is None:
        pytest.skip(f"{library} is not installed")
    program = tmp_path / "program.py"
    program.write_text(textwrap.dedent(PROGRAMS[library]), encoding="utf-8")

    def run(*command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, *command, str(program)],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )

    plain = run()
    assert plain.returncode == 0, plain.stderr
    assert plain.stdout
    done = run("-m", "pykcov", "run", "--source", str(tmp_path), "--source", "colorsys", *options)
    assert (done.returncode, done.stdout) == (0, plain.stdout), done.stderr
