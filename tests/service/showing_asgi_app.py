"""The FastAPI application, in a program that shows its device itself, as showing_app.py does."""

from __future__ import annotations

import os

from tests.service import judging

import pykcov

pykcov.instrument(include=judging.APPS)

from tests.service.starlette_app import signed as app  # noqa: E402 - instrumented as it is imported

pykcov.serve(os.environ["TEST_DEVICE"])

__all__ = ["app"]
