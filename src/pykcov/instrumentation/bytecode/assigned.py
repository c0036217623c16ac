"""Which local variables have a value for certain, on 3.11, where a LOAD_FAST may find none.

Later compilers tell themselves, by LOAD_FAST_CHECK.
"""

from __future__ import annotations

from types import CodeType

from pykcov.instrumentation.bytecode.codec import Instruction, handlers
from pykcov.instrumentation.bytecode.opcodes import DELETE_FAST, FINAL, JUMPS, STORE_FAST

_VARARGS, _VARKEYWORDS = 4, 8  # co_flags, Include/cpython/code.h
# Of more locals nothing is known: bits for all of them at each instruction would be a square.
_MOST = 1024


def bound(code: CodeType, instructions: list[Instruction]) -> list[int]:
    """Return, for each instruction, the locals that have a value before it: bit n for number n.
    Of those from number _MOST on it is not known.

    What jumps there is seen first where it jumps forwards. A loop's head is looked at again with
    what comes from the loop's end, until nothing changes: bits only ever go.
    """
    parameters = code.co_argcount + code.co_kwonlyargcount
    parameters += bool(code.co_flags & _VARARGS) + bool(code.co_flags & _VARKEYWORDS)
    everything = (1 << min(code.co_nlocals, _MOST)) - 1
    always = (1 << parameters) - 1 & everything
    for i in instructions:
        if i.op == DELETE_FAST:
            always &= ~(1 << i.arg)
    # Any instruction of its range may lead to a handler: there only `always` is certain.
    arriving = {handler.target: always for handler in handlers(code.co_exceptiontable)}
    while True:
        before, changed = [], False
        now = always
        for i in instructions:
            if i.start in arriving:
                now &= arriving[i.start]
            before.append(now)
            if i.op == STORE_FAST and i.arg < _MOST:
                now |= 1 << i.arg
            elif i.op == DELETE_FAST:
                now &= ~(1 << i.arg)
            elif i.op in JUMPS:
                known = arriving.get(i.target, everything)
                if known & ~now:
                    arriving[i.target] = known & now
                    changed |= i.target <= i.start
            if i.op in FINAL:
                now = everything
        if not changed:
            return before
