"""The summary that 'pykcov run' prints at the end."""

from __future__ import annotations

from pykcov.instrumentation.session import Instrumentation
from pykcov.tracing import trace

NAMED = 5  # files to name in one line


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def summary(handle: Instrumentation, tracer: trace | None, data: str = "") -> str:
    """Return one line on what was recorded, followed by lines for what needs attention."""
    made = str(handle.blocks)
    if tracer is None or handle.options.comparisons:
        made = _counted(handle.blocks, "block")
    if tracer is None:
        what = f"counted into {data}"
    elif handle.options.comparisons:
        what = _counted(len(tracer.records), "comparison record")
    else:
        pcs = tracer.pcs
        what = f"{_counted(len(pcs), 'record')} of {_counted(len(set(pcs)), 'block')}"
    lines = [f"{what}, {made} instrumented in {_counted(len(handle.files), 'file')}"]
    if tracer is not None and tracer.overflowed:
        lines.append(
            f"the trace is incomplete: its area of {tracer.size} words was full; "
            "make it larger with --size WORDS"
        )
    lines += handle.selection.complaints()
    if early := sorted(handle.earlier):
        more = f" and {len(early) - NAMED} more" if len(early) > NAMED else ""
        lines.append(
            "imported before the program began, so their module code is not traced: "
            f"{', '.join(early[:NAMED])}{more}"
        )
    lines += [f"left out {path}: {why}" for path, why in handle.left_out.items()]
    return "\n".join(f"pykcov: {line}" for line in lines)
