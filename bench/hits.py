"""What one hit costs, in ns: nobody records it, recorded, in the recording mode "blocks", and in
unique mode, its bit set.

The code is what pykcov's rewriting makes of a block's head. `~"x"` compiles to the three
instructions of a probe, so the constants are all that has to be put in.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from types import FunctionType
from typing import Any

from bench import native_code
from bench.areas import KeptArea
from bench.codes import with_nops
from bench.turns import in_turns, median, median_ratio
from pykcov.abi.kcov import PC_SPACING, PC_START
from pykcov.probe import Probe

PROBES = 16  # in the body of the loop
LOOPS = 4000
HITS = PROBES * LOOPS


def _loop(constants: Sequence[Any]) -> Callable[[int], None]:
    """A loop that has `constants` as probes in its body."""
    lines = "".join(f"        ~{n}.5\n" for n in range(len(constants))) or "        pass\n"
    names: dict[str, Any] = {}
    exec(f"def loop(turns):\n    for _ in range(turns):\n{lines}", names)
    function: FunctionType = names["loop"]
    put = {float(n) + 0.5: constant for n, constant in enumerate(constants)}
    consts = tuple(put.get(const, const) for const in function.__code__.co_consts)
    function.__code__ = function.__code__.replace(co_consts=consts)
    return function


def bench(turns: int) -> dict[str, Any]:
    """Measure; something must be instrumented, or there is no device."""
    empty = native_code.extension("empty").EmptyProbe
    plain, slots = _loop(()), _loop([empty() for _ in range(PROBES)])
    # PCs that no file has.
    last = PC_START + (1 << 30)
    probed = _loop([Probe(last + PC_SPACING * n) for n in range(PROBES)])
    nops = FunctionType(with_nops(probed.__code__), {"range": range})
    with_bits = _loop([Probe(PC_START + PC_SPACING * (n + 1)) for n in range(PROBES)])
    trace, blocks = KeptArea(HITS + 1), KeptArea(HITS + 1, "blocks")
    unique = KeptArea(512, bitmap=1)
    trace.fault_in()
    took = in_turns(
        {
            "plain": lambda: plain(LOOPS),
            "three NOPs": lambda: nops(LOOPS),
            "empty": lambda: slots(LOOPS),
            "off": lambda: probed(LOOPS),
            "recorded": lambda: probed(LOOPS),
            "blocks": lambda: probed(LOOPS),
            "unique": lambda: with_bits(LOOPS),
        },
        turns,
        within={"recorded": trace.enabled, "blocks": blocks.enabled, "unique": unique.enabled},
    )
    assert trace.words[0] == HITS
    assert blocks.words[0] == PROBES
    above = {
        name: [value - plain for value, plain in zip(values, took["plain"], strict=True)]
        for name, values in took.items()
        if name != "plain"
    }
    return {
        "ns": {name: median(values, HITS) for name, values in above.items()},
        "to empty": {name: median_ratio(values, above["empty"]) for name, values in above.items()},
    }
