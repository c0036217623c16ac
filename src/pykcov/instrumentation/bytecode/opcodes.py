"""Every fact about bytecode that differs between CPython versions, in one place.

Sources: Lib/dis.py, Lib/opcode.py, Python/bytecodes.c and Objects/locations.md of each version.
A version that nobody has read these for is refused by name: a wrong table would miscompile the
traced program without a word.
"""

from __future__ import annotations

import dis
import opcode
import sys
from typing import Any

from pykcov.errors import PykcovError

SUPPORTED = ((3, 11), (3, 12), (3, 13), (3, 14), (3, 15))

if sys.version_info[:2] not in SUPPORTED or sys.implementation.name != "cpython":
    raise PykcovError(
        "python-unsupported",
        f"{sys.implementation.name} {sys.version_info[0]}.{sys.version_info[1]} is unknown to "
        f"pykcov, which rewrites the bytecode of CPython 3.{SUPPORTED[0][1]} to "
        f"3.{SUPPORTED[-1][1]}",
    )


def _caches() -> list[int]:
    """Number of inline-cache units behind each opcode: in opcode a list by number until 3.12, then
    a mapping by name."""
    table: Any = vars(opcode)["_inline_cache_entries"]
    if hasattr(table, "keys"):
        return [table.get(name, 0) for name in dis.opname[:256]]
    return [*table, *[0] * (256 - len(table))]


def _ops(*names: str) -> frozenset[int]:
    """Numbers of those of `names` that this version has."""
    return frozenset(dis.opmap[name] for name in names if name in dis.opmap)


CACHES = _caches()
EXTENDED_ARG = dis.opmap["EXTENDED_ARG"]
LOAD_CONST = dis.opmap["LOAD_CONST"]
# 3.13 answers UNARY_NOT of an object without nb_bool by itself; UNARY_INVERT reaches the slot in
# all versions and has no specialized form in any.
UNARY_INVERT = dis.opmap["UNARY_INVERT"]
UNARY_NEGATIVE = dis.opmap["UNARY_NEGATIVE"]  # likewise
POP_TOP = dis.opmap["POP_TOP"]
RETURN_CONST = dis.opmap.get("RETURN_CONST", -1)
RETURN_VALUE = dis.opmap["RETURN_VALUE"]
RESUME = dis.opmap["RESUME"]
SEND = dis.opmap["SEND"]
FOR_ITER = dis.opmap["FOR_ITER"]
END_FOR = dis.opmap.get("END_FOR", -1)
CLEANUP_THROW = dis.opmap.get("CLEANUP_THROW", -1)
END_ASYNC_FOR = dis.opmap["END_ASYNC_FOR"]
GET_ANEXT = dis.opmap["GET_ANEXT"]
JUMP_BACKWARD = dis.opmap["JUMP_BACKWARD"]
JUMP_BACKWARD_NO_INTERRUPT = dis.opmap["JUMP_BACKWARD_NO_INTERRUPT"]

# Since 3.11 every jump is relative, counted in units from behind the jump's own caches.
# END_ASYNC_FOR has carried the way back to its SEND since 3.14: no jump, but as much in need of
# being moved.
JUMPS = frozenset(dis.hasjrel)
BACKWARD = frozenset(op for op in JUMPS if "JUMP_BACKWARD" in dis.opname[op]) | (
    JUMPS & _ops("END_ASYNC_FOR")
)
UNCONDITIONAL = _ops("JUMP_FORWARD", "JUMP_BACKWARD", "JUMP_BACKWARD_NO_INTERRUPT")
FALLS_THROUGH = JUMPS - UNCONDITIONAL - _ops("END_ASYNC_FOR", "SEND")
NO_JUMP = _ops("END_ASYNC_FOR")

# A block that begins with one of these has its probe behind them. FOR_ITER's exit does not execute
# END_FOR but lands behind it (3.12), behind it and its POP_TOP (3.13), or on POP_ITER (3.14);
# NOT_TAKEN and POP_ITER (3.14) must follow their branch directly, or branch events go wrong;
# END_ASYNC_FOR re-raises what is not StopAsyncIteration, and then the block never began.
LANDING = _ops("END_FOR", "END_SEND", "END_ASYNC_FOR", "NOT_TAKEN", "POP_ITER")
END_FOR_POPS = sys.version_info[:2] == (3, 13)

# Code of the interpreter's own that belongs to no line (sys.settrace does not report it either).
UNCOUNTED = LANDING | _ops(
    "RESUME", "COPY_FREE_VARS", "MAKE_CELL", "RETURN_GENERATOR", "CLEANUP_THROW"
)

# Each of these has to follow the instruction before it: no block begins here.
GLUED = _ops("RESUME", "SEND") | LANDING

# RESUME's low bits say why: 0 function start, 1 after yield, 2 after yield from, 3 after await.
# 3.15 has one more, 4: a generator expression that has yet to make its generator.
RESUME_WHY = 7 if sys.version_info >= (3, 15) else 3
RESUME_AT_START = 0
RESUME_AFTER_YIELD = 1

# What the compiler adds to what a person wrote. Its positions are those of a whole statement or
# operation, so they don't tell where in it a block is.
MUTE = _ops(
    *(
        "CACHE",
        "COPY",
        "SWAP",
        "POP_TOP",
        "TO_BOOL",
        "NOT_TAKEN",
        "FOR_ITER",
        "END_FOR",
        "POP_ITER",
    ),
    *("POP_EXCEPT", "RERAISE", "CHECK_EXC_MATCH", "CHECK_EG_MATCH", "PREP_RERAISE_STAR"),
    *("WITH_EXCEPT_START", "LIST_APPEND", "SET_ADD", "MAP_ADD"),
    *(name for name in dis.opmap if name.startswith("POP_JUMP_")),
    *(name for name in dis.opmap if name.startswith("JUMP_IF_")),
)
# Likewise, but there are statements that are nothing else: `pass`, `break`, `return`, `raise`.
WEAK = UNCONDITIONAL | _ops("NOP", "RETURN_VALUE", "RETURN_CONST", "RAISE_VARARGS", "PUSH_EXC_INFO")
RAISE_VARARGS = dis.opmap["RAISE_VARARGS"]
# What `assert` begins to raise with. LOAD_COMMON_CONSTANT (3.14) loads other things, too.
LOAD_ASSERTION = _ops("LOAD_ASSERTION_ERROR", "LOAD_COMMON_CONSTANT")
COMMON_ASSERTION_ERROR = 0
RERAISE = dis.opmap["RERAISE"]
PUSH_EXC_INFO = dis.opmap["PUSH_EXC_INFO"]
WITH_EXCEPT_START = dis.opmap["WITH_EXCEPT_START"]
STORES = frozenset(op for name, op in dis.opmap.items() if name.startswith("STORE_FAST")) | _ops(
    "STORE_NAME", "STORE_DEREF"
)

# -- what may stand in a block that has no probe (prune.py) ---------------------------------------

# They come back, or raise, where they stand. JUMP_BACKWARD is not here: until 3.12 what a signal
# handler raises at one is raised at the instruction before its target.
QUIET = _ops(
    *("LOAD_CONST", "LOAD_SMALL_INT", "LOAD_COMMON_CONSTANT", "STORE_FAST", "STORE_DEREF", "NOP"),
    *("COPY", "SWAP", "PUSH_NULL", "POP_TOP", "NOT_TAKEN", "JUMP_FORWARD", "STORE_FAST_STORE_FAST"),
    "JUMP_BACKWARD_NO_INTERRUPT",
    # 3.11 raises at one whose local is unbound; later versions have LOAD_FAST_CHECK for these.
    *(("LOAD_FAST", "LOAD_FAST_LOAD_FAST") if sys.version_info >= (3, 12) else ()),
    *("LOAD_FAST_BORROW", "LOAD_FAST_BORROW_LOAD_FAST_BORROW", "STORE_FAST_LOAD_FAST"),
)
SOFT = QUIET | _ops(
    *("LOAD_FAST", "LOAD_FAST_CHECK", "LOAD_GLOBAL", "LOAD_NAME", "LOAD_DEREF", "LOAD_CLOSURE"),
    *("LOAD_ATTR", "LOAD_METHOD", "LOAD_SUPER_ATTR", "LOAD_ASSERTION_ERROR", "LOAD_CLASSDEREF"),
    *("STORE_ATTR", "STORE_NAME", "STORE_GLOBAL", "STORE_SUBSCR", "STORE_SLICE"),
    *("DELETE_FAST", "DELETE_NAME", "DELETE_ATTR", "DELETE_SUBSCR", "DELETE_GLOBAL"),
    *(
        "BINARY_OP",
        "BINARY_SUBSCR",
        "BINARY_SLICE",
        "COMPARE_OP",
        "CONTAINS_OP",
        "IS_OP",
        "TO_BOOL",
    ),
    *("UNARY_NOT", "UNARY_NEGATIVE", "UNARY_INVERT", "UNARY_POSITIVE", "UNPACK_SEQUENCE"),
    *("BUILD_TUPLE", "BUILD_LIST", "BUILD_MAP", "BUILD_SET", "BUILD_SLICE", "BUILD_STRING"),
    *("BUILD_CONST_KEY_MAP", "LIST_APPEND", "SET_ADD", "MAP_ADD", "GET_LEN", "MATCH_SEQUENCE"),
    *("MATCH_MAPPING", "MAKE_FUNCTION", "SET_FUNCTION_ATTRIBUTE"),
    *("POP_JUMP_IF_FALSE", "POP_JUMP_IF_TRUE", "POP_JUMP_IF_NONE", "POP_JUMP_IF_NOT_NONE"),
    *(name for name in dis.opmap if name.startswith("POP_JUMP_FORWARD_IF_")),
    *("JUMP_IF_FALSE_OR_POP", "JUMP_IF_TRUE_OR_POP"),
)
# Nothing behind one of these is reached through it.
FINAL = UNCONDITIONAL | _ops("RETURN_VALUE", "RETURN_CONST", "RAISE_VARARGS", "RERAISE")
RETURNS = _ops("RETURN_VALUE", "RETURN_CONST")
# Conditional jumps backwards (3.11), and those that jump as far as needed forwards.
FORWARDS = {
    op: dis.opmap[name.replace("BACKWARD", "FORWARD")]
    for name, op in dis.opmap.items()
    if name.startswith("POP_JUMP_BACKWARD_")
}
# Of comparisons (comparison_sites.py). BINARY_SUBSCR has been a BINARY_OP since 3.14.
COMPARE_OP = dis.opmap["COMPARE_OP"]
IS_OP = dis.opmap["IS_OP"]
CONTAINS_OP = dis.opmap["CONTAINS_OP"]
MATCH_KEYS = dis.opmap["MATCH_KEYS"]
IF_NONE = frozenset(op for op in JUMPS if dis.opname[op].endswith(("_IF_NONE", "_IF_NOT_NONE")))
# What the compiler tests for None by itself, behind a COPY.
TESTED_FOR_NONE = _ops(
    "CHECK_EG_MATCH", "PREP_RERAISE_STAR", "CALL_INTRINSIC_2", "MATCH_KEYS", "MATCH_CLASS"
)
COPY = dis.opmap["COPY"]
SWAP = dis.opmap["SWAP"]
STORE_SUBSCR = dis.opmap["STORE_SUBSCR"]
DELETE_SUBSCR = dis.opmap["DELETE_SUBSCR"]
BINARY_SUBSCR = dis.opmap.get("BINARY_SUBSCR", -1)
BINARY_OP = dis.opmap["BINARY_OP"]
NB_SUBSCR = [name for name, _ in vars(opcode)["_nb_ops"]].index("NB_SUBSCR") if (
    BINARY_SUBSCR < 0) else -1  # fmt: skip
LOAD_SMALL_INT = dis.opmap.get("LOAD_SMALL_INT", -1)
# What LOAD_COMMON_CONSTANT loads, by its argument: types and functions, and since 3.15 these, too.
# Those two a program may have replaced in `builtins` before it was known what they were.
LOAD_COMMON_CONSTANT = dis.opmap.get("LOAD_COMMON_CONSTANT", -1)
COMMON_CONSTANTS: dict[int, object] = {
    number: value
    for number, value in enumerate(vars(opcode).get("_common_constants", ()))
    if value is None or isinstance(value, int | str)
}
LOAD_ATTR = dis.opmap["LOAD_ATTR"]
LOAD_METHOD = LOAD_ATTR if sys.version_info >= (3, 12) else dis.opmap["LOAD_METHOD"]
PRECALL = dis.opmap.get("PRECALL", -1)
CALL = dis.opmap["CALL"]
DELETE_FAST = dis.opmap["DELETE_FAST"]
STORE_FAST = dis.opmap["STORE_FAST"]
# Of a local variable. Since 3.12 it has a value, or else it would be LOAD_FAST_CHECK.
LOAD_FAST = _ops("LOAD_FAST", "LOAD_FAST_BORROW")
LOAD_FAST_IS_CHECKED = sys.version_info < (3, 12)
# Neither raise nor run any code, a LOAD_FAST whose local has a value (placement.py).
HARMLESS = LOAD_FAST | _ops(
    *("LOAD_FAST_LOAD_FAST", "LOAD_FAST_BORROW_LOAD_FAST_BORROW", "LOAD_CONST", "LOAD_SMALL_INT"),
    *("LOAD_COMMON_CONSTANT", "PUSH_NULL", "NOP", "COPY", "SWAP"),
)
# LOAD_FAST and LOAD_CONST behind it are executed as one: LOAD_FAST__LOAD_CONST.
LOADS_PAIR = sys.version_info < (3, 13)
# How many values an instruction takes off the stack, and puts there.
EFFECTS = {
    **dict.fromkeys(
        LOAD_FAST | _ops("LOAD_FAST_CHECK", "LOAD_NAME", "LOAD_DEREF", "PUSH_NULL", "GET_LEN"),
        (0, 1),
    ),
    **dict.fromkeys(_ops("LOAD_FAST_LOAD_FAST", "LOAD_FAST_BORROW_LOAD_FAST_BORROW"), (0, 2)),
    **dict.fromkeys(
        _ops("UNARY_INVERT", "UNARY_NEGATIVE", "UNARY_NOT", "UNARY_POSITIVE", "TO_BOOL"), (1, 1)
    ),
    **dict.fromkeys(
        _ops("BINARY_OP", "BINARY_SUBSCR", "COMPARE_OP", "IS_OP", "CONTAINS_OP"), (2, 1)
    ),
    **dict.fromkeys(_ops("STORE_FAST", "POP_TOP"), (1, 0)),
    **dict.fromkeys(_ops("NOP", "RESUME", "NOT_TAKEN", "PRECALL"), (0, 0)),
}

# -- what a block begins with (block_heads.py) ----------------------------------------------------

HEAD_NAMES = {
    "VARIABLE": frozenset(
        op
        for name, op in dis.opmap.items()
        if name.startswith(("LOAD_FAST", "LOAD_NAME", "LOAD_GLOBAL", "LOAD_DEREF", "LOAD_CLOSURE"))
        or name in ("LOAD_CLASSDEREF", "LOAD_LOCALS")
    )
    - _ops("LOAD_FAST_AND_CLEAR"),  # in the middle of a comprehension
    "CONSTANT": _ops("LOAD_CONST", "LOAD_SMALL_INT"),
    "RETURN": _ops("RETURN_CONST"),
    "NULL": _ops("PUSH_NULL"),
    "BUILD": _ops("LOAD_BUILD_CLASS", "BUILD_LIST", "BUILD_MAP", "BUILD_SET", "BUILD_TUPLE"),
    "NOP": _ops("NOP"),
    "POP": _ops("POP_TOP", "POP_EXCEPT", "SWAP", "POP_ITER"),
    "COPY": _ops("COPY"),
    "STORE": STORES | _ops("STORE_GLOBAL", "UNPACK_SEQUENCE", "UNPACK_EX"),
    "DELETE": _ops("DELETE_FAST", "DELETE_NAME", "DELETE_DEREF", "DELETE_GLOBAL"),
    "JUMP": UNCONDITIONAL,
    "RAISE": _ops("RAISE_VARARGS"),
    "MATCH": _ops("GET_LEN", "MATCH_SEQUENCE", "MATCH_MAPPING"),
}
