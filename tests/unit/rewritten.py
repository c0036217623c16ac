"""Give a text probes, and compare what came of it with the plain code, by dis alone."""

from __future__ import annotations

import contextlib
import dis
import io
import itertools
import opcode
import textwrap
from collections import Counter, deque
from collections.abc import Iterator
from itertools import pairwise
from types import CodeType
from typing import Any, NamedTuple

from tests.unit.cores import Recording

from pykcov.instrumentation.options import EXACT, Options
from pykcov.instrumentation.unit import Unit
from pykcov.probe import Comparison, Instead, Probe, Recorder, attach, detach, origin, running
from pykcov.symbols.blocks import number_of
from pykcov.symbols.store import SymbolStore

COMPARED = Options(comparisons=True)
ALL_OPTIONS = [
    Options(by_line, prune, comparisons)
    for by_line, prune, comparisons in itertools.product((False, True), repeat=3)
]


def rewrite_text(
    text: str, store: SymbolStore, options: Options = EXACT, path: str = "/no/such/file.py"
) -> tuple[CodeType, CodeType]:
    """Compile a text; return its code, plain and with probes."""
    source = textwrap.dedent(text).encode()
    plain = compile(source, path, "exec", dont_inherit=True)
    new = Unit(path, source, plain, 0, options).rewriter(store, owner=None)(plain)
    assert new is not None
    return plain, new


def inner(code: CodeType) -> Iterator[CodeType]:
    """The code object and those in its constants."""
    yield code
    for const in code.co_consts:
        if isinstance(const, CodeType):
            yield from inner(const)


def named(code: CodeType, name: str) -> CodeType:
    """The code object nested in another that has this qualified name."""
    (found,) = [c for c in inner(code) if c.co_qualname == name]
    return found


class Step(NamedTuple):
    """An instruction without its prefixes."""

    begins: int  # offset of its first prefix
    instruction: dis.Instruction
    probe: bool = False  # one of the three that make a probe, or of those of a comparison


def _without_prefixes(code: CodeType) -> Iterator[Step]:
    begins = -1
    for i in dis.get_instructions(running(code)):
        begins = i.offset if begins < 0 else begins
        if i.opname != "EXTENDED_ARG":
            yield Step(begins, i)
            begins = -1


def steps(code: CodeType) -> list[Step]:
    """The instructions in order, those of probes and comparisons marked; what a probe stands for is
    that again."""
    out: list[Step] = []
    rest = old = 0
    made_of = origin(code)
    plain = [s.instruction.opname for s in _without_prefixes(made_of.code)] if made_of else []
    flow = deque(_without_prefixes(code))
    while flow:
        step = flow.popleft()
        if holds(step, Instead):
            out += _standing_for(step, flow, plain[old])
            old += 1
            continue
        if holds(step, Probe | Comparison):
            rest = 3
            if holds(step, Comparison) and step.instruction.argval.side == 0:
                out[-1] = out[-1]._replace(probe=True)  # what puts the second operand there
                old -= 1
        out.append(step._replace(probe=rest > 0))
        old += rest == 0
        rest -= rest > 0
    return out


def _standing_for(probe: Step, flow: deque[Step], name: str) -> list[Step]:
    """LOAD_CONST probe; UNARY_NEGATIVE, and RETURN_VALUE if `name` is RETURN_CONST, as what they
    are there for."""
    negative = flow.popleft()
    assert negative.instruction.opname == "UNARY_NEGATIVE"
    out = [probe._replace(probe=True)]
    if name == "RETURN_CONST":
        out.append(negative._replace(probe=True))
        negative = flow.popleft()
        assert negative.instruction.opname == "RETURN_VALUE"
    return [*out, _loading(negative, name, probe.instruction.argval)]


def _loading(step: Step, name: str, probe: Instead) -> Step:
    arg = probe.constant
    if name == "LOAD_SMALL_INT":
        arg = -probe
    elif name == "LOAD_COMMON_CONSTANT":
        (arg,) = [n for n, one in enumerate(vars(opcode)["_common_constants"]) if one is -probe]
    instruction = step.instruction._replace(
        opname=name, opcode=dis.opmap[name], arg=arg, argval=None, argrepr=""
    )
    return step._replace(instruction=instruction)


def holds(step: Step, kind: Any) -> bool:
    """Does it load a constant of this type?"""
    return step.instruction.opname == "LOAD_CONST" and isinstance(step.instruction.argval, kind)


def probe_lines(code: CodeType) -> list[int]:
    """The lines on which probes stand, in the order of the code."""
    return [
        step.instruction.positions.lineno
        for step in steps(code)
        if step.probe and step.instruction.opname == "LOAD_CONST"
        and step.instruction.positions is not None
        and step.instruction.positions.lineno is not None
    ]  # fmt: skip


def behind(code: CodeType) -> list[str]:
    """The name of the instruction in front of which each probe stands."""
    flow = steps(code)
    ends = [n for n, (one, other) in enumerate(pairwise(flow)) if one.probe and not other.probe]
    return [flow[n + 1].instruction.opname for n in ends]


def _handlers(code: CodeType, names: dict[int, int]) -> list[tuple[int, int, tuple[Any, ...]]]:
    """Ranges of the exception table, with the handler as the number of an instruction."""
    entries: Any = getattr(dis.Bytecode(code), "exception_entries")  # noqa: B009  not in typeshed
    return [(e.start, e.end, (names[e.target], e.depth, e.lasti)) for e in entries]


def _handler(table: list[tuple[int, int, tuple[Any, ...]]], offset: int) -> object:
    return next((what for start, end, what in table if start <= offset < end), None)


def check_rewritten(plain: CodeType, new: CodeType) -> int:
    """Assert that `new` is `plain` and probes, code nested in it included; return their number."""
    count = 0
    for before, after in zip(inner(plain), inner(new), strict=True):
        count += _check_one(before, after)
    return count


def _check_one(plain: CodeType, new: CodeType) -> int:
    found = origin(new)
    assert found is not None
    assert found.code is plain
    constants = [c for c in running(new).co_consts if isinstance(c, Comparison)]
    depth = max((3 if c.side == 0 else 2 for c in constants), default=1)
    assert running(new).co_stacksize == plain.co_stacksize + depth
    old, all_new = steps(plain), steps(new)
    kept = [step for step in all_new if not step.probe]
    assert len(old) == len(kept)
    # What leads to an instruction leads to its probe, if it has one: they have one number.
    number_old = {step.begins: n for n, step in enumerate(old)}
    number_new: dict[int, int] = {}
    n = 0
    for step in all_new:
        number_new[step.begins] = n
        n += not step.probe
    handlers_old, handlers_new = _handlers(plain, number_old), _handlers(running(new), number_new)
    for (begins, a, _), (new_begins, b, _) in zip(old, kept, strict=True):
        assert a.opname == b.opname
        assert a.positions == b.positions
        if a.opcode in dis.hasjrel:
            assert number_old[a.argval] == number_new[b.argval]
        else:
            assert a.arg == b.arg
        for offset, other in ((begins, new_begins), (a.offset, b.offset)):
            assert _handler(handlers_old, offset) == _handler(handlers_new, other)
    # A probe has the position and the handler of what it stands before.
    for step, following in pairwise(all_new):
        if step.probe:
            assert step.instruction.positions == following.instruction.positions
            assert _handler(handlers_new, step.begins) == _handler(handlers_new, following.begins)
    return sum(holds(step, Probe | Instead) for step in all_new)


def line_only(code: CodeType) -> CodeType:
    """The same without columns, as under -X no_debug_ranges: entries of form 13."""
    table = bytearray()
    line = code.co_firstlineno
    for start, end, number in code.co_lines():
        left = (end - start) // 2
        while left:
            part = min(left, 8)
            if number is None:
                table.append(0x80 | 15 << 3 | part - 1)
            else:
                table.append(0x80 | 13 << 3 | part - 1)
                table += _signed(number - line)
                line = number
            left -= part
    return code.replace(co_linetable=bytes(table))


def _signed(value: int) -> bytes:
    value = (-value << 1) | 1 if value < 0 else value << 1
    out = bytearray()
    while value > 0x3F:
        out.append(value & 0x3F | 0x40)
        value >>= 6
    return bytes([*out, value])


def run(code: CodeType, recorder: Recorder) -> None:
    """Execute a program, whatever it raises."""
    quiet = contextlib.redirect_stdout(io.StringIO()), contextlib.suppress(Exception)
    attach(recorder)
    try:
        with quiet[0], quiet[1]:
            exec(code, {"__name__": "subject"})
    finally:
        detach()


def recorded(code: CodeType) -> list[int]:
    """The PCs that running it records."""
    recording = Recording(1 << 20)
    run(code, recording.recorder)
    return recording.pcs


def counts(code: CodeType, store: SymbolStore) -> dict[int, int]:
    """How often each block was executed, by its number in the file, as reports have it."""
    pcs = recorded(code)
    first, symbols = store.file_of(next(c.pc for c in probes(code))) or (0, None)
    assert symbols is not None
    return symbols.with_implied(Counter(number_of(pc) - first for pc in pcs))


def probes(code: CodeType) -> list[Probe | Instead]:
    constants = [c for each in inner(code) for c in running(each).co_consts]
    return [c for c in constants if isinstance(c, Probe | Instead)]
