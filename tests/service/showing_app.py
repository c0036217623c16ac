"""The Flask application, in a program that shows its device itself, wherever it is loaded: in each
worker, if it is loaded there. TEST_DEVICE in the environment is the name."""

from __future__ import annotations

import os

from tests.service import judging

import pykcov

pykcov.instrument(include=judging.APPS)

from tests.service.flask_app import app  # noqa: E402 - instrumented as it is imported

pykcov.serve(os.environ["TEST_DEVICE"])

__all__ = ["app"]
