"""Deterministic workloads: what the oracles of tests/live compare is what these run of a module.

A workload takes the same path through its module in every process: no wall clock, network, thread,
unseeded randomness, address or hash order has a say in it. Workloads import what they need
themselves, so importing this package imports next to nothing.

* cpython.py: CPython's own tests, of the language and of the library, where they are installed.
* constructs.py, coroutines.py: each construct of the language; subjects of their own.
* programs.py, objects.py: the library over files of this repository and small data.
* calls.py: functions of the library, called with arguments that a seed draws.
"""

from __future__ import annotations

from . import calls, cpython, objects, programs
from .registry import Uses

__all__ = ["USES"]

USES = Uses(**programs.USES, **objects.USES, **calls.USES, **cpython.USES)
