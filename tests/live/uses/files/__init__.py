"""Workloads over files, paths, archives and stores."""

from __future__ import annotations

from ..registry import merged
from . import archives, compressed, folders, paths, stores, systems

USES = merged(archives, compressed, folders, paths, stores, systems)
