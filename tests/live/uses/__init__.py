"""Deterministic workloads that drive standard-library modules by real use.

`USES` maps a module's name to a function without arguments that uses the module on small data,
success and error paths alike. A workload takes the same path through the module in every process:
no wall clock, network, thread, unseeded randomness, address or hash order has a say in it.
Workloads import what they need themselves, so importing this package imports next to nothing.
"""

from __future__ import annotations

from . import aio, data, files, lang, net, text
from .registry import merged

__all__ = ["USES"]

USES = merged(aio, data, files, lang, net, text)
