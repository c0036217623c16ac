"""Workloads over the language: its objects, code, imports, tests and tools."""

from __future__ import annotations

from ..registry import merged
from . import (
    cases,
    classes,
    compiling,
    consoles,
    functions,
    hints,
    importing,
    introspection,
    logs,
    members,
    mocking,
    options,
    profiling,
    runs,
    syntax,
    tracebacks,
)

USES = merged(
    cases,
    classes,
    compiling,
    consoles,
    functions,
    hints,
    importing,
    introspection,
    logs,
    members,
    mocking,
    options,
    profiling,
    runs,
    syntax,
    tracebacks,
)
