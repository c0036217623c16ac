"""Imported by pykcov.pth in a Python that starts with PYKCOV_JOIN set: makes it a service's worker.

Nothing that goes wrong here may stop the program, or show as a traceback of its own.
"""

from __future__ import annotations

import os
import sys

from pykcov.errors import PykcovError
from pykcov.instrumentation.main_module import is_pykcov
from pykcov.probe import quiet
from pykcov.service.addresses import JOIN
from pykcov.service.serve import join_shown


def _join(name: str) -> None:
    with quiet:
        try:
            join_shown(name)
        except PykcovError as error:
            if error.slug != "device-missing":  # else the service has ended, and we are a leftover
                _complain(name, error)
        except OSError as error:
            _complain(name, error.strerror)
        except Exception as error:  # what the device told is not what this pykcov knows
            _complain(name, repr(error))


def _complain(name: str, why: object) -> None:
    if sys.stderr is not None:  # else print() takes stdout
        print(f"pykcov: not joined to {name!r}: {why}", file=sys.stderr)


if not is_pykcov():
    _join(os.environ[JOIN])
