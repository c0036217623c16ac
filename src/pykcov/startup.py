"""Imported by pykcov.pth in a Python started with PYKCOV_JOIN or PYKCOV_COUNT set. It becomes a
service's worker, or counts into the data file of the process that started it."""

from __future__ import annotations

import os

if os.environ.get("PYKCOV_JOIN"):
    import pykcov.service.autojoin  # noqa: F401 - does it
if os.environ.get("PYKCOV_COUNT"):
    from pykcov.measure import children

    children.join()
