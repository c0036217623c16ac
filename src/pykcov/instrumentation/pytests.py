"""Modules that pytest executes by a loader of its own, which rewrites their asserts: tests,
conftest.py, and what pytest.register_assert_rewrite() names.

That loader executes code by a call of exec(), so its module gets a global of that name.
"""

from __future__ import annotations

import sys
from types import CodeType, ModuleType
from typing import Any

from pykcov.instrumentation import importer
from pykcov.instrumentation.select import absolute
from pykcov.probe import quiet

LOADER = "_pytest.assertion.rewrite"


class Executing:
    """Executes code of a module with the probes that `rewritten` gives it: (code, module name,
    path), to the code to execute."""

    def __init__(self, rewritten: Any) -> None:
        self._rewritten = rewritten

    def __call__(self, code: Any, names: dict[str, Any], *others: Any) -> None:
        if type(code) is CodeType:
            with quiet:
                name = str(names.get("__name__"))
                code = self._rewritten(code, name, absolute(code.co_filename))
        try:
            exec(code, names, *others)
        except BaseException as error:
            # Without this frame. A bare `raise` does not add it again.
            error.__traceback__ = error.__traceback__ and error.__traceback__.tb_next
            raise

    def install(self) -> None:
        """Put it into pytest's module, when that is imported."""
        importer.prepare[LOADER] = self._put_into
        if (module := sys.modules.get(LOADER)) is not None:
            self._put_into(module)

    def uninstall(self) -> None:
        """Take it out again."""
        importer.prepare.pop(LOADER, None)
        names = vars(sys.modules.get(LOADER, sys))
        if names.get("exec") is self:
            del names["exec"]

    def _put_into(self, module: ModuleType) -> None:
        vars(module)["exec"] = self
