"""Workloads over asyncio, on a loop whose clock jumps instead of waiting."""

from __future__ import annotations

from ..registry import merged
from . import events, tasks, transports, waiting

USES = merged(events, tasks, transports, waiting)
