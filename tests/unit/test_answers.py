"""Rewritten code answers as the code that it was made of, to whoever reads it in Python."""

from __future__ import annotations

import contextlib
import copy
import dis
import gc
import inspect
import io
import marshal
import os
import sys
import traceback
from collections.abc import Callable, Iterator
from types import CodeType, FunctionType, TracebackType
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from tests.unit.cores import Recording
from tests.unit.monitored import events, monitoring
from tests.unit.programs import programs
from tests.unit.rewritten import ALL_OPTIONS, inner, named, rewrite_text

import pykcov
from pykcov.instrumentation.options import EXACT, Options
from pykcov.probe import Comparison, Instead, Origin, Probe, attach, detach, origin, running
from pykcov.symbols.store import SymbolStore

EXAMPLES = 200 if os.environ.get("PYKCOV_SOAK") else 12  # under each of the options

TEXT = '''
def f(a, b=3):
    """Says what it does."""
    total = 0
    for i in range(a):
        if i % 2 == 0 and i != 4:
            total += b
        elif i > 7:
            total -= 100
        else:
            continue
    try:
        [][total]
    except IndexError:
        total += 1
    finally:
        total *= 2
    return total, [x for x in range(a) if x > b], lambda: total + 0.5

class Thing:
    def method(self):
        yield 1
        yield "a constant"
'''

options = pytest.mark.parametrize("options", [*ALL_OPTIONS, Options(True, branch=True)], ids=str)


def pairs(
    store: SymbolStore, options: Options, text: str = TEXT
) -> Iterator[tuple[CodeType, CodeType]]:
    plain, new = rewrite_text(text, store, options)
    assert origin(new) is not None
    yield from zip(inner(plain), inner(new), strict=True)


def told(code: CodeType) -> dict[str, Any]:
    """All that its attributes say."""
    # co_lnotab is deprecated; what the interpreter has specialized is its affair (test_dis).
    unasked = ("co_lnotab", "_co_code_adaptive")
    names = [name for name in dir(code) if "co_" in name and name not in unasked]
    values = {name: getattr(code, name) for name in names}
    return {name: list(value()) if callable(value) else value for name, value in values.items()}


@options
def test_attributes_comparison_and_hash(store: SymbolStore, options: Options) -> None:
    for plain, new in pairs(store, options):
        assert running(new).co_code != plain.co_code
        assert told(new) == told(plain)
        assert new.co_consts is new.co_consts
        assert new == plain
        assert plain == new
        assert (new != plain) is False
        assert new.__eq__(plain) is True
        assert new.__ne__(plain) is False
        assert hash(new) == hash(plain) == new.__hash__()
        assert new in {plain: 1}
        assert new != plain.replace(co_name="other")
        assert new != 1
        with pytest.raises(TypeError):
            new < plain  # type: ignore[operator]  # noqa: B015


@options
def test_the_same_text_twice_is_equal(store: SymbolStore, options: Options) -> None:
    _, one = rewrite_text(TEXT, store, options)
    plain, other = rewrite_text(TEXT, store, options)
    assert one == other
    assert hash(one) == hash(other)
    assert marshal.loads(marshal.dumps(plain)) == one
    assert rewrite_text(TEXT.replace("0.5", "1.5"), store, options)[1] != one


def test_code_within_is_what_runs(store: SymbolStore) -> None:
    _, new = rewrite_text(TEXT, store)
    namespace: dict[str, Any] = {}
    exec(new, namespace)
    assert any(const is namespace["f"].__code__ for const in new.co_consts)
    *_, function = namespace["f"](3)
    assert any(const is function.__code__ for const in namespace["f"].__code__.co_consts)


def test_no_python_code_sees_a_probe(store: SymbolStore) -> None:
    _, new = rewrite_text(TEXT, store)
    for code in inner(new):
        text = io.StringIO()
        dis.dis(code, file=text, show_caches=True, adaptive=True)
        assert "pykcov" not in text.getvalue()
        assert not any(isinstance(c, Probe | Instead | Origin) for c in code.co_consts)


def test_dis_and_inspect_say_the_same(store: SymbolStore) -> None:
    for plain, new in pairs(store, EXACT):
        if any(isinstance(const, CodeType) for const in plain.co_consts):
            continue  # its address would be told
        assert list(dis.get_instructions(plain)) == list(dis.get_instructions(new))
        assert dis.code_info(plain).splitlines()[1:] == dis.code_info(new).splitlines()[1:]
        assert list(dis.findlinestarts(plain)) == list(dis.findlinestarts(new))


# -- replace() -------------------------------------------------------------------------------------


def records(code: CodeType, *args: object) -> tuple[Any, int]:
    """What a function of this code returns, and how many blocks it records."""
    recording = Recording(1 << 12)
    attach(recording.recorder)
    try:
        result = FunctionType(code, {"__builtins__": __builtins__})(*args)
    finally:
        detach()
    return result, len(recording.pcs)


def f_of(store: SymbolStore, options: Options = EXACT) -> tuple[CodeType, CodeType]:
    # Small numbers are no constants of the code since 3.14.
    text = "def f(a):\n    if a > 1000:\n        return 'large'\n    return a + 10000\n"
    plain, new = rewrite_text(text, store, options)
    return named(plain, "f"), named(new, "f")


@options
def test_constants_that_a_program_replaces(store: SymbolStore, options: Options) -> None:
    plain, new = f_of(store, options)

    def patched(code: CodeType) -> CodeType:
        consts = tuple(20_000 if const == 10_000 else const for const in code.co_consts)
        return code.replace(co_consts=consts)

    assert patched(new).co_consts == patched(plain).co_consts
    assert patched(new) == patched(plain)
    assert patched(new) != new
    assert records(patched(new), 1) == (20_001, 1 if options.prune else 2)
    assert records(new, 1) == (10_001, 1 if options.prune else 2)


def test_a_constant_that_is_compared_with(store: SymbolStore) -> None:
    _, new = f_of(store, Options(comparisons=True))
    new = new.replace(co_consts=tuple(2000 if const == 1000 else const for const in new.co_consts))
    (site,) = [const for const in running(new).co_consts if isinstance(const, Comparison)]
    assert site.constant == 2000
    assert records(new, 1500) == (11_500, 2)
    assert records(new, 2500) == ("large", 2)


def test_what_is_no_constant_of_the_code_is_not_replaced(store: SymbolStore) -> None:
    """`is None` is a jump of its own, whatever stands for the None that the code has."""
    text = "def f(a):\n    if a is None:\n        return 1\n    return a, None\n"
    _, new = rewrite_text(text, store, Options(comparisons=True))
    new = named(new, "f")
    new = new.replace(co_consts=tuple("x" if const is None else const for const in new.co_consts))
    (site,) = [const for const in running(new).co_consts if isinstance(const, Comparison)]
    assert (site.constant, site.number) == (None, -1)


def test_a_constant_that_is_equal_is_another(store: SymbolStore) -> None:
    plain, new = rewrite_text("def f(a):\n    if a:\n        return 1.0\n    return 2.0\n", store)
    new = named(new, "f")
    consts = tuple(True if c == 1 else c for c in new.co_consts)
    assert records(new.replace(co_consts=consts), 5)[0] is True
    assert new.replace(co_consts=consts) != named(plain, "f")


@options
def test_what_replaces_nothing_of_the_layout_keeps_the_probes(
    store: SymbolStore, options: Options
) -> None:
    plain, new = f_of(store, options)
    for changes in (
        {},
        {"co_name": "g", "co_filename": "elsewhere.py", "co_firstlineno": 30},
        {"co_code": new.co_code, "co_consts": new.co_consts, "co_stacksize": new.co_stacksize},
        {"co_linetable": new.co_linetable, "co_exceptiontable": new.co_exceptiontable},
    ):
        changed = new.replace(**changes)
        assert origin(changed) is not None
        assert told(changed) == told(plain.replace(**changes))  # before its instructions adapt
        assert records(changed, 1001) == ("large", 1 if options.prune else 2)
        assert changed == plain.replace(**changes)


def test_other_instructions_are_the_programs_own(store: SymbolStore) -> None:
    plain, new = f_of(store)
    nops = bytes((dis.opmap["NOP"], 0))
    for changes in (
        {"co_code": plain.co_code + nops},
        {"co_stacksize": 50},
        {"co_consts": (*plain.co_consts, "one more")},
        {"co_consts": (*plain.co_consts, "one more"), "co_code": plain.co_code + nops},
        {"co_linetable": b"", "co_name": "g"},
    ):
        changed = new.replace(**changes)
        assert origin(changed) is None
        assert told(changed) == told(plain.replace(**changes))
        assert records(changed, 1) == (10_001, 0)


def test_nonsense_raises_what_it_raises(store: SymbolStore) -> None:
    plain, new = f_of(store)
    for args, keywords in (
        ((1,), {}),
        ((), {"co_nothing": 1}),
        ((), {"co_consts": [1]}),
        ((), {"co_code": 1}),
        ((), {"co_code": b"1"}),
        ((), {"co_stacksize": "x"}),
        ((), {"co_argcount": -1}),
    ):
        replace: Callable[..., CodeType]
        for replace in (plain.replace, new.replace):
            with pytest.raises((TypeError, ValueError)) as caught:
                replace(*args, **keywords)
            if replace == plain.replace:
                expected = caught.type, str(caught.value)
        assert (caught.type, str(caught.value)) == expected


@pytest.mark.skipif(sys.version_info < (3, 13), reason="copy.replace is new in 3.13")
def test_copy_replace(store: SymbolStore) -> None:
    plain, new = f_of(store)
    changed = copy.replace(new, co_name="g")  # type: ignore[attr-defined]
    assert origin(changed) is not None
    assert changed == copy.replace(plain, co_name="g")  # type: ignore[attr-defined]


def test_nothing_leaks(store: SymbolStore) -> None:
    _, new = f_of(store)

    def once() -> None:
        told(new)
        hash(new)
        new.replace(co_name="g").replace(co_consts=tuple(new.co_consts))
        new.replace(co_consts=(*new.co_consts[:-1], "else"))
        new.replace(co_code=new.co_code + new.co_code[-2:])
        with contextlib.suppress(ValueError):
            new.replace(co_code=b"x")

    once()
    gc.collect()
    before = sys.getrefcount(new), sys.getrefcount(new.co_consts), sys.getallocatedblocks()
    for _ in range(1000):
        once()
    gc.collect()
    after = sys.getrefcount(new), sys.getrefcount(new.co_consts), sys.getallocatedblocks()
    assert after[:2] == before[:2]
    assert after[2] - before[2] < 500  # a free list here and there


# -- frames and tracebacks -------------------------------------------------------------------------


def tracebacks(code: CodeType) -> list[tuple[object, ...]]:
    """What the frames of an exception out of a program say."""
    with contextlib.redirect_stdout(io.StringIO()):
        try:
            exec(code, {"__name__": "program"})
        except Exception as error:
            tb: TracebackType | None = error.__traceback__
            seen: list[tuple[object, ...]] = []
            while tb is not None:
                where = tb.tb_frame.f_code
                if where.co_filename == code.co_filename:
                    again = TracebackType(None, tb.tb_frame, tb.tb_lasti, tb.tb_lineno)
                    marked = [i.offset for i in dis.Bytecode.from_traceback(again)]
                    seen.append(
                        (where.co_qualname, tb.tb_lasti, tb.tb_lineno, tb.tb_frame.f_lasti,
                         again.tb_lasti, marked, traceback.format_tb(again))
                    )  # fmt: skip
                tb = tb.tb_next
            return seen
    return []


FAILS = """
def f(n):
    for i in range(n):
        if i == 2:
            try:
                g(i, [1, 2][i // 2], i + 1 if i else 0)
            finally:
                i = None

def g(a, b, c):
    return (a + b) * c + [x.y for x in (a, b, c)][0]

f(5)
"""


@options
def test_tracebacks(store: SymbolStore, options: Options) -> None:
    plain, new = rewrite_text(FAILS, store, options)
    assert tracebacks(new) == tracebacks(plain) != []


@pytest.mark.slow
@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
@given(text=programs)
def test_tracebacks_of_any_program(text: str, options: Options, one_store: SymbolStore) -> None:
    plain, new = rewrite_text(text, one_store, options)
    assert tracebacks(new) == tracebacks(plain)


test_tracebacks_of_any_program = options(test_tracebacks_of_any_program)


@pytest.fixture(scope="module")
def one_store(tmp_path_factory: pytest.TempPathFactory) -> SymbolStore:
    return SymbolStore(tmp_path_factory.mktemp("store") / "symbols.sqlite")


def suspended(code: CodeType) -> list[tuple[object, ...]]:
    """Where a generator stands after each step."""
    namespace: dict[str, Any] = {}
    exec(code, namespace)
    generator = namespace["Thing"]().method()
    seen: list[tuple[object, ...]] = []
    for _ in range(4):
        frame = generator.gi_frame
        lasti = frame and frame.f_lasti
        seen.append((lasti, inspect.getgeneratorstate(generator)))
        next(generator, None)
    return seen


@options
def test_generators(store: SymbolStore, options: Options) -> None:
    plain, new = rewrite_text(TEXT, store, options)
    assert suspended(new) == suspended(plain)


def opcodes(code: CodeType) -> list[tuple[object, ...]]:
    """Each instruction that a trace function hears of, less those it hears of again."""
    seen: list[tuple[object, ...]] = []

    def trace(frame: Any, event: str, arg: object) -> Any:
        if frame.f_code.co_filename != code.co_filename:
            return None
        frame.f_trace_opcodes = True
        if frame.f_lineno is not None:  # else on the way of a branch, or the compiler's own
            seen.append((event, frame.f_code.co_qualname, frame.f_lineno, frame.f_lasti))
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        with contextlib.suppress(Exception):
            exec(code, {})
    finally:
        sys.settrace(before)
    # Inserted ones are told as the one that follows, which is heard of once more.
    pairs = zip(seen, [*seen[1:], ()], strict=True)
    return [
        one
        for one, following in pairs
        if one != following and not (one[0] == "opcode" and following[:1] == ("line",)
                                     and one[1::2] == following[1::2])
    ]  # fmt: skip


@options
def test_opcodes_as_they_are_traced(store: SymbolStore, options: Options) -> None:
    plain, new = rewrite_text(TEXT + "print(f(9)[:2], *Thing().method())\n", store, options)
    opcodes(plain)  # 3.12 hears of instructions from the next settrace() on
    assert opcodes(new) == opcodes(plain)


# -- sys.monitoring --------------------------------------------------------------------------------


@pytest.mark.skipif(monitoring is None, reason="sys.monitoring is new in 3.12")
class TestMonitoring:
    @options
    def test_events(self, store: SymbolStore, options: Options) -> None:
        plain, new = rewrite_text(TEXT + "print(f(9)[:2], *Thing().method())\n", store, options)
        assert events(new) == events(plain) != []

    def test_what_was_registered_comes_back(self) -> None:
        def mine(*_: object) -> None: ...

        monitoring.use_tool_id(3, "test")
        try:
            event = monitoring.events.PY_START
            assert monitoring.register_callback(3, event, mine) is None
            assert monitoring.register_callback(3, event, None) is mine
            assert monitoring.register_callback(3, event, None) is None
            with pytest.raises(TypeError):
                monitoring.register_callback(3)
            with pytest.raises(ValueError, match="tool"):
                monitoring.register_callback(99, event, mine)
        finally:
            monitoring.free_tool_id(3)

    def test_disabled_places_stay_disabled(self, store: SymbolStore) -> None:
        _, new = rewrite_text(TEXT + "f(50)\n", store)
        seen: list[int] = []

        def once(code: CodeType, offset: int, *_: object) -> object:
            if code.co_filename == new.co_filename:
                seen.append(offset)
            return monitoring.DISABLE

        monitoring.use_tool_id(3, "test")
        try:
            monitoring.register_callback(3, monitoring.events.INSTRUCTION, once)
            monitoring.set_local_events(3, named(new, "f"), monitoring.events.INSTRUCTION)
            exec(new, {})
        finally:
            monitoring.set_local_events(3, named(new, "f"), 0)
            monitoring.register_callback(3, monitoring.events.INSTRUCTION, None)
            monitoring.free_tool_id(3)
        assert len(seen) == len(set(seen)) > 20


# -- what it is for --------------------------------------------------------------------------------


def test_original(store: SymbolStore) -> None:
    plain, new = f_of(store)
    function = FunctionType(new, {})
    assert pykcov.original(new) is pykcov.original(function) is plain
    assert pykcov.original(plain) is plain
    assert pykcov.original(test_original) is test_original.__code__  # type: ignore[arg-type]
    assert pykcov.original(function.__get__(1)) is plain
    for nothing in (1, None, len, object):
        with pytest.raises(TypeError, match="code object is needed"):
            pykcov.original(nothing)  # type: ignore[arg-type]


def test_marshal_of_what_is_too_deep(store: SymbolStore) -> None:
    _, new = f_of(store)
    deep: list[Any] = [new]
    for _ in range(5000):
        deep = [deep]
    with pykcov.instrument(source=["colorsys"], store=store):
        with pytest.raises(ValueError, match="marshal"):
            marshal.dumps(deep)
        with pytest.raises(ValueError, match="unmarshallable"):
            marshal.dumps([object(), new])
        assert marshal.loads(marshal.dumps([new])) == [new]
