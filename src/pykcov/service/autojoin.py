"""Imported by pykcov.pth in a Python started with PYKCOV_JOIN set: makes it a service's worker.

Errors here must not stop the program or print a traceback.
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
            if error.slug != "device-missing":  # otherwise the service has ended before us
                _complain(name, error)
        except OSError as error:
            _complain(name, error.strerror)
        except Exception as error:  # the device may be of another version of pykcov
            _complain(name, repr(error))


def _complain(name: str, why: object) -> None:
    if sys.stderr is not None:  # otherwise print() would use stdout
        print(f"pykcov: not joined to {name!r}: {why}", file=sys.stderr)


if not is_pykcov():
    _join(os.environ[JOIN])
