"""Where comparisons stand in a code object, and the code that records their operands.

Before an instruction that compares the two values on top of the stack stands

    COPY 1; LOAD_CONST comparison; COPY 4; STORE_SUBSCR      # comparison[left] = right
    LOAD_CONST comparison; COPY 3; DELETE_SUBSCR             # del comparison[left]

the second where the right operand is a constant (COPY 2 where the left one is), which the
comparison then has itself. Both leave the stack as it was. What jumps to the instruction runs them,
too, behind the probe of the block that begins there.

A method's receiver and argument are never on the stack together in a way that can be copied in all
versions: in the place of one of them may be NULL. So the record is made where the method is looked
up, if the argument is a constant, or a local variable that is known to have a value.
"""

from __future__ import annotations

from collections.abc import Sequence
from types import CodeType
from typing import NamedTuple

from pykcov.instrumentation.bytecode.blocks import Located
from pykcov.instrumentation.bytecode.codec import UNKNOWN, Instruction, handlers, loaded
from pykcov.instrumentation.bytecode.opcodes import (
    BINARY_OP,
    BINARY_SUBSCR,
    CACHES,
    CALL,
    COMPARE_OP,
    CONTAINS_OP,
    COPY,
    DELETE_FAST,
    DELETE_SUBSCR,
    EFFECTS,
    IF_NONE,
    IS_OP,
    JUMPS,
    LOAD_ATTR,
    LOAD_COMMON_CONSTANT,
    LOAD_CONST,
    LOAD_FAST,
    LOAD_FAST_IS_CHECKED,
    LOAD_METHOD,
    LOAD_SMALL_INT,
    MATCH_KEYS,
    NB_SUBSCR,
    PRECALL,
    STORE_FAST,
    STORE_SUBSCR,
    SWAP,
    TESTED_FOR_NONE,
)
from pykcov.instrumentation.bytecode.rewrite import Insertion
from pykcov.probe import Comparison

# Kinds, as in probe/csrc/compare.c.
COMPARE, CONTAINS, LOOKUP, KEYS, PREFIX, SUFFIX, FIND = range(7)
NEITHER, LEFT, RIGHT = range(3)

METHODS = {"startswith": PREFIX, "endswith": SUFFIX, "find": FIND, "get": LOOKUP}
PCS_EACH = 2  # numbers, texts (probe/csrc/operands.c)

LOADS_CONSTANT = frozenset({LOAD_CONST, LOAD_SMALL_INT, LOAD_COMMON_CONSTANT})


class _Constant(NamedTuple):
    """A value on the stack. number: in co_consts; -1: the interpreter has it."""

    value: object
    number: int


_NO_CONSTANT = _Constant(None, -1)


class Site(NamedTuple):
    """A comparison. The record stands before the instruction at unit `offset`.

    side: which operand is `constant`; number: of that in co_consts, or -1. load: code that puts
    the right operand onto the stack, where it is not there yet. depth: where under the top of the
    stack the left one is, counted from 1; the constant operand's place does not count when it is
    not on the stack.
    """

    offset: int
    kind: int
    side: int
    constant: object
    number: int
    load: bytes
    depth: int
    start_line: int
    start_column: int
    end_line: int
    end_column: int


def find_comparisons(code: CodeType, located: Located) -> list[Site]:
    """Return the comparisons of `code` (not of code nested in it), by offset.

    located: what locate() returns for it.
    """
    return _Finder(code, located).find()


def insertions(sites: Sequence[Site], pcs: Sequence[int]) -> list[Insertion]:
    """Return what records `sites`, whose numbers have the PCs `pcs`."""
    return [_insertion(site, pc) for site, pc in zip(sites, pcs, strict=True)]


def _insertion(site: Site, pc: int) -> Insertion:
    if site.side == NEITHER:
        before = site.load or bytes((COPY, 1))
        operand = bytes((COPY, site.depth + 2))  # behind the other operand and the comparison
        store = bytes((STORE_SUBSCR, 0)) + bytes(2 * CACHES[STORE_SUBSCR])
        comparison, depth = Comparison(pc, site.kind), 3
    else:
        before, operand = b"", bytes((COPY, site.depth + 1))
        store = bytes((DELETE_SUBSCR, 0)) + bytes(2 * CACHES[DELETE_SUBSCR])
        comparison, depth = Comparison(pc, *site[1:5]), 2
    return Insertion(site.offset, before, comparison, operand + store, depth)


class _Finder:
    """Goes once over the instructions, with what is known of the values on the stack."""

    def __init__(self, code: CodeType, located: Located) -> None:
        self.code = code
        self.instructions, positions, _ = located
        self.positions = dict(zip((i.start for i in self.instructions), positions, strict=True))
        self.arrivals = {h.target for h in handlers(code.co_exceptiontable)}
        self.arrivals |= {i.target for i in self.instructions if i.op in JUMPS}
        self.deleted = {i.arg for i in self.instructions if i.op == DELETE_FAST}
        parameters = code.co_argcount + code.co_kwonlyargcount
        # Locals that have a value for certain: everywhere, and since something last arrived here.
        self.always = frozenset(range(parameters)) - self.deleted
        self.bound: set[int] = set()
        self.raw = code.co_code  # of which each access makes a copy
        self.stack: list[_Constant | None] = []  # the topmost values; below them nothing is known
        self.sites: list[Site] = []

    def find(self) -> list[Site]:
        for n, i in enumerate(self.instructions):
            if i.start in self.arrivals:
                self.stack.clear()
                self.bound.clear()
            if i.op in (COMPARE_OP, IS_OP):
                self._add_pair(i, COMPARE)
            elif i.op == CONTAINS_OP:
                self._add_pair(i, CONTAINS)
            elif i.op == MATCH_KEYS:
                self._add_pair(i, KEYS)
            elif i.op == BINARY_SUBSCR or (i.op == BINARY_OP and i.arg == NB_SUBSCR):
                index = self._top(1)
                if index is None or not isinstance(index.value, int | slice):  # a list has these
                    self._add_pair(i, LOOKUP)
            elif i.op in IF_NONE:
                if not self._by_compiler(n):
                    self._add(i, COMPARE, RIGHT, _NO_CONSTANT, b"", 1)
            elif i.op == LOAD_METHOD:
                self._add_method(n)
            self._execute(i)
        return self.sites

    # -- what a site is -----------------------------------------------------------------------

    def _add_pair(self, i: Instruction, kind: int) -> None:
        if (right := self._top(1)) is not None:
            self._add(i, kind, RIGHT, right, b"", 2)
        elif (left := self._top(2)) is not None and kind in (COMPARE, CONTAINS):
            self._add(i, kind, LEFT, left, b"", 1)
        else:
            self._add(i, kind, NEITHER, _NO_CONSTANT, b"", 2)

    def _by_compiler(self, n: int) -> bool:
        """Is the test for None behind instruction `n` none that a person wrote?"""
        before, last = self.instructions[n - 2], self.instructions[n - 1]
        return n > 1 and last.op == COPY and before.op in TESTED_FOR_NONE

    def _add_method(self, n: int) -> None:
        i = self.instructions[n]
        name = i.arg
        if LOAD_METHOD == LOAD_ATTR:
            if not i.arg & 1:
                return
            name >>= 1
        kind = METHODS.get(self.code.co_names[name])
        following = self.instructions[n + 1 : n + 5]
        if kind is None or any(f.start in self.arrivals for f in following):
            return
        ops = [f.op for f in following if f.op != PRECALL]
        arguments = 1
        if kind == LOOKUP and len(ops) > 1 and ops[1] in LOADS_CONSTANT | LOAD_FAST:
            arguments = 2  # and the default
        if ops[arguments : arguments + 1] != [CALL] or not any(
            f.op == CALL and f.arg == arguments for f in following
        ):
            return
        argument = following[0]
        if (constant := self._constant(argument)) is not None:
            self._add(i, kind, RIGHT, constant, b"", 1)
        elif self._has_value(argument):
            raw = self.raw[2 * argument.start : 2 * argument.end]
            self._add(i, kind, NEITHER, _NO_CONSTANT, raw, 1)

    def _has_value(self, i: Instruction) -> bool:
        """Does `i` load a local variable that has a value for certain?"""
        if i.op not in LOAD_FAST:
            return False
        return not LOAD_FAST_IS_CHECKED or i.arg in self.bound or i.arg in self.always

    def _add(
        self, i: Instruction, kind: int, side: int, constant: _Constant, load: bytes, depth: int
    ) -> None:
        start, end, column, end_column = self.positions[i.start]
        if start is not None:
            where = (start, column or 0, end or start, end_column or 0)
            self.sites.append(Site(i.start, kind, side, *constant, load, depth, *where))

    # -- what is on the stack -----------------------------------------------------------------

    def _top(self, depth: int) -> _Constant | None:
        return self.stack[-depth] if len(self.stack) >= depth else None

    def _constant(self, i: Instruction) -> _Constant | None:
        value = loaded(self.code, i)
        return None if value is UNKNOWN else _Constant(value, i.arg if i.op == LOAD_CONST else -1)

    def _execute(self, i: Instruction) -> None:
        stack = self.stack
        if i.op == STORE_FAST and i.arg not in self.deleted:
            self.bound.add(i.arg)
        if i.op in LOADS_CONSTANT:
            stack.append(self._constant(i))
        elif i.op == COPY:
            stack.append(self._top(i.arg))
        elif i.op == SWAP and len(stack) >= i.arg:
            stack[-1], stack[-i.arg] = stack[-i.arg], stack[-1]
        elif i.op == LOAD_ATTR and not (LOAD_METHOD == LOAD_ATTR and i.arg & 1):
            del stack[-1:]
            stack.append(None)
        elif i.op in EFFECTS:
            taken, put = EFFECTS[i.op]
            del stack[len(stack) - min(taken, len(stack)) :]
            stack.extend([None] * put)
        else:
            stack.clear()
