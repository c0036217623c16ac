"""The ways in agree on what was executed."""

from __future__ import annotations

from pathlib import Path

from tests.conformance import workload
from tests.conformance.adapter import Device

import pykcov


def test_pcs_are_those_of_a_trace_in_this_process(device: Device) -> None:
    with pykcov.instrument(include=str(Path(workload.__file__))), pykcov.trace() as trace:
        workload.run()
    assert trace.pcs.tolist() == device.pcs
