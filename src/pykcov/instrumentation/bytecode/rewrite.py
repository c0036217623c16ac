"""Put probes into a code object.

At the head of each block stands one of

    LOAD_CONST probe; UNARY_INVERT; POP_TOP
    LOAD_CONST probe; UNARY_NEGATIVE

where `probe` is a constant whose ~ records the block and answers None, and whose - answers a
constant of the program's that would have been loaded there (placement.py). This is the cheapest way
from bytecode into C that CPython has: no name lookup, no call, no frame (docs/decisions).

The last constant of a rewritten code object is an Origin, which holds the code object it was made
of, and who may take it back. So there is no registry, and nothing outlives the code.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from types import CodeType
from typing import NamedTuple

from pykcov.instrumentation.bytecode.blocks import Located, Span, first_steps, locate
from pykcov.instrumentation.bytecode.branches import Edge
from pykcov.instrumentation.bytecode.codec import (
    Instruction,
    Shift,
    insert_locations,
    load,
    loaded,
    write_handlers,
)
from pykcov.instrumentation.bytecode.edges import detours, made, recording
from pykcov.instrumentation.bytecode.opcodes import (
    BACKWARD,
    EXTENDED_ARG,
    FORWARDS,
    JUMPS,
    LOAD_CONST,
    POP_TOP,
    RETURN_CONST,
    RETURN_VALUE,
    UNARY_INVERT,
    UNARY_NEGATIVE,
)
from pykcov.instrumentation.bytecode.placement import Spot, find_spots
from pykcov.instrumentation.bytecode.prune import Plan
from pykcov.instrumentation.bytecode.stubs import make as make_stubs
from pykcov.probe import Instead, Origin, Probe


class Insertion(NamedTuple):
    """Code before the instruction at unit `offset`: LOAD_CONST constant, and what is around it.

    depth: values that it has on the stack at most, on top of the program's.
    """

    offset: int
    before: bytes
    constant: object
    after: bytes
    depth: int


_OP = Instruction._fields.index("op")  # by index it is three times as fast


def _layout(code: CodeType, insertions: dict[int, int], behind: Sequence[tuple[int, int]]) -> bytes:
    """Return what Origin keeps of where the instructions of `code` are now (csrc/origin.c).

    behind: of what stands behind the end, in order, the units and what offset it is told as.
    """
    out = bytearray(_number(len(code.co_consts)))
    last = 0
    for offset in sorted(insertions):
        out += _number(offset - last) + _number(insertions[offset])
        last = offset
    if behind:
        out += _number(len(code.co_code) // 2 - last) + _number(0)
        for units, told in behind:
            out += _number(units) + _number(told)
    return bytes(out)


def _number(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def _prefixes(arg: int) -> int:
    """Number of EXTENDED_ARG that an argument needs."""
    return max(0, (arg.bit_length() - 1) // 8)


class _Layout:
    """Where jumps and what they lead to stand: in the shift in which every jump has room for its
    argument."""

    def __init__(
        self, jumps: list[Instruction], insertions: dict[int, int], fallen: dict[int, int],
        taken: dict[int, int], end: int,
    ) -> None:  # fmt: skip
        """Add to `insertions` the EXTENDED_ARG that jumps need on top of their own. `widened` has
        these by the jump's offset, too. A longer jump may make another one longer: until nothing
        changes.

        taken: by jump, how far behind the end of the code, which is at unit `end`, its detour is.
        """
        self._taken, self._end = taken, end
        self.widened: dict[int, int] = {}
        grown = True
        while grown:
            self.shift = Shift(insertions, fallen)
            grown = False
            for jump in jumps:
                missing = _prefixes(self.distance(jump)) - (jump.at - jump.start)
                already = self.widened.get(jump.start, 0)
                if missing > already:
                    self.widened[jump.start] = missing
                    insertions[jump.start] = insertions.get(jump.start, 0) + missing - already
                    grown = True

    def distance(self, jump: Instruction) -> int:
        end = self.shift.end(jump.end)
        if jump.start in self._taken:
            return self.shift.end(self._end) + self._taken[jump.start] - end
        target = self.shift.label(jump.target)
        return end - target if jump.op in BACKWARD else target - end


class _Put(NamedTuple):
    """Probes that were put into code: its units, those replaced that probes take the place of; by
    offset, what is to stand before one; the probes as its constants, and what they stand for that
    is none of the code's, which follows behind all other constants."""

    raw: bytearray
    sequences: dict[int, bytes]
    constants: list[Probe | Instead]
    values: list[object]


def _put(code: CodeType, spots: Sequence[Spot], probes: Sequence[Probe], behind: int) -> _Put:
    """Put probes into `code`. behind: how many constants there are before the values."""
    raw, constants = bytearray(code.co_code), list[Probe | Instead](probes)
    sequences = {}
    numbers: dict[tuple[int, int], int] = {}  # of values, by what loads them
    values: list[object] = []
    for block, offset, instead in spots:
        sequence = load(LOAD_CONST, len(code.co_consts) + block)
        if instead is None:
            sequence += bytes((UNARY_INVERT, 0, POP_TOP, 0))
        else:
            value, number = loaded(code, instead), instead.arg
            if instead.op not in (LOAD_CONST, RETURN_CONST):
                number = numbers.setdefault((instead.op, instead.arg), behind + len(values))
                if number == behind + len(values):
                    values.append(value)
            constants[block] = probes[block].instead(value, number)
            returns = instead.op == RETURN_CONST
            sequence += bytes((UNARY_NEGATIVE, 0)) if returns else b""
            raw[2 * offset : 2 * offset + 2] = (RETURN_VALUE if returns else UNARY_NEGATIVE), 0
        sequences[offset] = sequence
    return _Put(raw, sequences, constants, values)


def rewrite(
    code: CodeType,
    spans: Sequence[Span],
    probes: Sequence[Probe],
    inner: Callable[[CodeType], CodeType],
    owner: object,
    plan: Plan | None = None,
    located: Located | None = None,
    further: Sequence[Insertion] = (),
    edges: Sequence[tuple[Edge, Probe]] = (),
) -> CodeType:
    """Return `code` with `probes[i]` at `spans[i]`, and its nested code objects through `inner`.

    plan: only the blocks that it keeps have their probes. located: what locate() returns for
    `code`. further: stands there, too, behind the probes where they share an offset. edges: that
    have probes, and these.
    """
    located = located or locate(code)
    spots = find_spots(code, spans, plan.kept if plan else None, located)
    first = len(code.co_consts)
    behind_all = first + len(probes) + len(further) + len(edges)
    raw, sequences, constants, values = _put(code, spots, probes, behind_all)
    for n, more in enumerate(further, first + len(constants)):
        sequence = more.before + load(LOAD_CONST, n) + more.after
        sequences[more.offset] = sequences.get(more.offset, b"") + sequence
    numbered = [
        (edge, first + len(constants) + len(further) + n) for n, (edge, _) in enumerate(edges)
    ]
    falls = {edge.offset: recording(constant) for edge, constant in numbered if not edge.jumps}
    for offset, sequence in falls.items():
        sequences[offset] = sequence + sequences.get(offset, b"")
    jumps = [i for i in located.instructions if i[_OP] in JUMPS]
    backward = {i.start for i in jumps if i.op in FORWARDS}
    around, taken = detours(numbered, backward)
    insertions = {offset: len(sequence) // 2 for offset, sequence in sequences.items()}
    fallen = {offset: len(sequence) // 2 for offset, sequence in falls.items()}
    end = len(raw) // 2
    starts = {jump: around[n].start for jump, n in taken.items()}
    begun = {at: insertions[at] for at in first_steps(located.instructions) if at in insertions}
    layout = _Layout(jumps, insertions, fallen | begun, starts, end)
    shift, widened = layout.shift, layout.widened

    out, copied = bytearray(), 0
    for offset in shift.offsets:
        out += raw[2 * copied : 2 * offset]
        out += sequences.get(offset, b"")
        out += bytes((EXTENDED_ARG, 0)) * widened.get(offset, 0)
        copied = offset
    out += raw[2 * copied :]
    for jump in jumps:
        # end() of what follows the opcode unit is where it stands: nothing is inserted inside.
        at = 2 * (shift.end(jump.end) - (jump.end - jump.at))
        arg = layout.distance(jump)
        if jump.start in taken and jump.start in backward:
            out[at] = FORWARDS[jump.op]
        for place in range(
            at, at - 2 * (jump.at - jump.start + widened.get(jump.start, 0)) - 1, -2
        ):
            out[place + 1] = arg & 0xFF
            arg >>= 8

    locations = insert_locations(code.co_linetable, insertions, fallen)
    code_around, locations_around = made(code, around, shift, len(out) // 2)
    out += code_around
    locations += locations_around
    stubs = [(stub, first + stub.block) for stub in plan.stubs] if plan else []
    behind = make_stubs(code, stubs, shift, len(out) // 2, locations)
    behind_it = [(one.units, one.edge.offset) for one in around]
    if behind.code:
        behind_it.append((len(behind.code) // 2, end - 1))
    depth = max((more.depth for more in further), default=1)
    consts = tuple(inner(c) if isinstance(c, CodeType) else c for c in code.co_consts)
    return code.replace(
        co_code=bytes(out) + behind.code,
        co_consts=(
            *consts,
            *constants,
            *(more.constant for more in further),
            *(probe for _, probe in edges),
            *values,
            Origin(code, owner, _layout(code, insertions, behind_it)),
        ),
        co_linetable=behind.locations,
        co_exceptiontable=write_handlers(behind.table),
        co_stacksize=max(code.co_stacksize + depth, behind.depth),
    )
