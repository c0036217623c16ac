"""Run a script or module as `python` itself would: __main__, sys.argv, sys.path, exit."""

from __future__ import annotations

import builtins
import importlib
import importlib.util
import io
import os
import pkgutil
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from enum import Enum, auto
from importlib.machinery import (
    BuiltinImporter,
    ModuleSpec,
    SourceFileLoader,
    SourcelessFileLoader,
)
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any, NoReturn

from pykcov.errors import PykcovError
from pykcov.instrumentation.main_module import run_to_end
from pykcov.probe import quiet, run_main


class ProgramMissingError(PykcovError):
    """There is nothing to run."""

    def __init__(self, message: str) -> None:
        super().__init__("program-missing", message)


class Kind(Enum):
    """What a program's first word is: a file name, a module name (-m), or the code itself (-c)."""

    SCRIPT = auto()
    MODULE = auto()
    CODE = auto()


# Instruments a program's code: (code, module name, path, source).
Rewrite = Callable[[CodeType, str, str, bytes], CodeType]


class Program:
    """A program that has not been loaded yet.

    words: name and arguments, as on the command line.
    """

    def __init__(self, words: list[str], kind: Kind) -> None:
        self.words = words
        self.kind = kind

    # -- finding its code -------------------------------------------------------------------------

    def _prepare_path(self) -> None:
        """Set sys.path[0], which has been pykcov's own until now, as `python` would."""
        if sys.flags.safe_path:
            return
        name = Path(self.words[0])
        if self.kind is Kind.MODULE:
            sys.path[0] = str(Path.cwd())
        elif self.kind is Kind.CODE:
            sys.path[0] = ""
        elif name.is_dir() or pkgutil.get_importer(str(name)) is not None:
            sys.path[0] = str(name.absolute())
        else:
            sys.path[0] = str(name.resolve().parent)

    def _find(self) -> tuple[ModuleSpec | None, Any, str]:
        """Return spec, loader and path. Importing the packages that contain a module is the
        program's doing, and recorded; the rest is pykcov's, and is not."""
        name = self.words[0]
        if self.kind is Kind.MODULE:
            package, _, _ = name.rpartition(".")
            if package:
                try:
                    importlib.import_module(package)
                except ModuleNotFoundError as error:
                    if error.name is None or not f"{name}.".startswith(f"{error.name}."):
                        raise
                    raise ProgramMissingError(f"no module named {error.name}") from None
            return self._find_module(name)
        with quiet:
            if pkgutil.get_importer(name) is not None:
                return self._found("__main__", f"can't find a __main__ module in {name}")
            path = os.path.join(os.getcwd(), name)  # noqa: PTH109, PTH118 - './' stays, as in plain Python
            loader = SourcelessFileLoader if name.endswith(".pyc") else SourceFileLoader
            return None, loader("__main__", path), path

    def _find_module(self, name: str) -> tuple[ModuleSpec, Any, str]:
        with quiet:
            spec = self._found(name, f"no module named {name}", code=False)[0]
        if spec.submodule_search_locations is not None:
            importlib.import_module(name)
            with quiet:
                return self._found(
                    f"{name}.__main__", f"{name} is a package without a __main__ module"
                )
        return self._found(name, f"no module named {name}")

    @staticmethod
    def _found(name: str, otherwise: str, code: bool = True) -> tuple[ModuleSpec, Any, str]:
        try:
            if name == "__main__":
                importer: Any = pkgutil.get_importer(sys.path[0])
                spec = importer.find_spec(name)
            else:
                spec = importlib.util.find_spec(name)
        except (ImportError, AttributeError, TypeError, ValueError) as error:
            raise ProgramMissingError(f"{otherwise}: {error}") from None
        if spec is None or (code and not hasattr(spec.loader, "get_code")):
            raise ProgramMissingError(otherwise)
        return spec, spec.loader, spec.origin or ""

    def _load(self, main: ModuleType, rewrite: Rewrite) -> CodeType | str:
        """Return the code, or the path of a script that does not compile."""
        if self.kind is Kind.CODE:
            with quiet:
                sys.argv[:] = ["-c", *self.words[1:]]
                main.__loader__ = BuiltinImporter
                return compile(self.words[0], "<string>", "exec", dont_inherit=True)
        spec, loader, path = self._find()
        with quiet:
            name = "__main__" if spec is None else spec.name
            source = b""
            code: CodeType | str
            if path.endswith(".pyc"):
                code = loader.get_code(name)
            elif spec is None:
                with io.open_code(path) as file:
                    source = file.read()
                try:
                    code = compile(source, path, "exec", dont_inherit=True)
                except (SyntaxError, ValueError):
                    code = path
            else:
                code = loader.get_code(name)
                source = loader.get_data(path) if hasattr(loader, "get_data") else b""
            sys.argv[:] = [path if self.kind is Kind.MODULE else self.words[0], *self.words[1:]]
            main.__spec__, main.__loader__ = spec, loader
            main.__package__ = None if spec is None else spec.parent
            main.__file__ = path
            if sys.version_info < (3, 15):
                main.__dict__["__cached__"] = None if spec is None else spec.cached
            return code if isinstance(code, str) else rewrite(code, name, path, source)

    # -- running it -------------------------------------------------------------------------------

    def run(
        self, tracer: AbstractContextManager[object], rewrite: Rewrite, finish: Callable[[], bool]
    ) -> NoReturn:
        """Load and execute the program inside `tracer`, then call finish(). If that returns False,
        an exit status of 0 becomes 1.

        Never returns: raises the exception that the interpreter should exit with, such as
        SystemExit or KeyboardInterrupt. Raises ProgramMissingError.
        """
        main = ModuleType("__main__")
        main.__dict__["__builtins__"] = builtins
        if sys.version_info < (3, 14):
            main.__annotations__ = {}
        sys.modules["__main__"] = main
        self._prepare_path()

        def run() -> None:
            with tracer:
                run_main(self._load(main, rewrite), main.__dict__)

        run_to_end(run, finish, (ProgramMissingError,))
