"""Workloads over containers, formats, numbers, dates and serialized objects."""

from __future__ import annotations

from ..registry import merged
from . import containers, copies, formats, numeric, pickles, settings, times, values

USES = merged(containers, copies, formats, numeric, pickles, settings, times, values)
