"""Imported by pykcov.pth in a Python that starts with PYKCOV_JOIN set: makes it a service's worker.

Nothing that goes wrong here may stop the program, or show as a traceback of its own.
"""

from __future__ import annotations

import os
import runpy
import sys
from types import CodeType
from typing import Any

from pykcov.errors import PykcovError
from pykcov.instrumentation.session import rewritten_main
from pykcov.probe import quiet
from pykcov.service.places import JOIN
from pykcov.service.showing import join_shown


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
        else:
            _hook_main_modules()


def _complain(name: str, why: object) -> None:
    if sys.stderr is not None:  # else print() takes stdout
        print(f"pykcov: not joined to {name!r}: {why}", file=sys.stderr)


def _hook_main_modules() -> None:
    """Instrument what `python -m` and multiprocessing run as main modules.

    They are not imported: runpy gets their code in one of two functions of its own, the same from
    3.11 to 3.15 but for what stands around the code. Without them a main module has no probes.
    """
    by_name, by_file = (
        vars(runpy).get(name) for name in ("_get_module_details", "_get_code_from_file")
    )

    def module_details(*args: Any, **kwargs: Any) -> Any:
        name, spec, code = by_name(*args, **kwargs)  # type: ignore[misc]
        return name, spec, rewritten_main(code, spec.name, code.co_filename)

    def code_from_file(*args: Any) -> Any:
        found = by_file(*args)  # type: ignore[misc]
        code = found if isinstance(found, CodeType) else found[0]
        new = rewritten_main(code, "__main__", code.co_filename)
        return new if found is code else (new, *found[1:])

    if by_name is not None and by_file is not None:
        vars(runpy).update(_get_module_details=module_details, _get_code_from_file=code_from_file)


def _is_pykcov() -> bool:
    """Is it pykcov's own command line? It shows what it runs itself, or has nothing to show."""
    words = sys.orig_argv[1:]
    module = words[words.index("-m") + 1 :][:1] if "-m" in words else words[:1]
    return bool(module) and os.path.basename(module[0]) == "pykcov"  # noqa: PTH119


if not _is_pykcov():
    _join(os.environ[JOIN])
