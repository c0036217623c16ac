"""Imported by pykcov.pth in a Python that starts with PYKCOV_JOIN or PYKCOV_COUNT set: it becomes a
service's worker, or counts into the data file of the process that has started it."""

from __future__ import annotations

import os

if os.environ.get("PYKCOV_JOIN"):
    import pykcov.service.autojoin  # noqa: F401 - does it
if os.environ.get("PYKCOV_COUNT"):
    from pykcov.measure import children

    children.join()
