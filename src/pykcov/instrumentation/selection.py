"""Which files are instrumented: source, include and omit, as in coverage.py."""

from __future__ import annotations

import functools
import os
import re
import sys
import sysconfig
from collections.abc import Iterable
from pathlib import Path

from pykcov.errors import PykcovError
from pykcov.instrumentation.globs import canonical, compiled, folders_named

OWN = canonical(str(Path(__file__).parents[1]))  # the package pykcov


# A file's name in the store: absolute and normalized, with links left as they are.
absolute = os.path.abspath


def _below(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder.rstrip("/") + "/")


@functools.cache
def _installed(*names: str) -> tuple[str, ...]:
    """Return the real paths of these folders in all of sysconfig's schemes."""
    found = {
        paths[name]
        for paths in map(sysconfig.get_paths, sysconfig.get_scheme_names())
        for name in names
        if name in paths
    }
    return tuple(sorted(map(canonical, found)))


@functools.cache
def _is_in_a_venv(folder: str) -> bool:
    return os.path.exists(folder) and any(  # noqa: PTH110 - a name may be too long
        Path(above, "pyvenv.cfg").exists()
        for above in Path(folder).absolute().parents
        if above != above.parent
    )


def _third_party() -> tuple[str, ...]:
    """Return the folders of installed packages and scripts; as in coverage.py, they include folders
    on sys.path that are in a virtual environment."""
    others = (canonical(folder) for folder in sys.path if _is_in_a_venv(folder))
    return (*_installed("purelib", "platlib", "scripts"), *others)


class Selection:
    """source: names of packages, or directories; packages: names of packages, even if a directory
    has the same name; include, omit: file patterns (globs.py).

    Without source and include, everything but the standard library and installed packages is
    selected. Installed packages are left out of a source directory, too, unless it lies within
    them. `omit` takes precedence; `include` narrows a source.
    """

    def __init__(
        self,
        source: Iterable[str] = (),
        include: Iterable[str] = (),
        omit: Iterable[str] = (),
        *,
        packages: Iterable[str] = (),
    ) -> None:
        self.packages: list[str] = []
        self.folders: list[str] = []
        self.used: set[str] = set()  # packages and folders that matched a file
        for name in source:
            if not isinstance(name, str):
                raise TypeError(f"source must be names of packages and directories, not {name!r}")
            if "/" in name or Path(name).is_dir():
                if not Path(name).is_dir():
                    raise PykcovError("source-missing", f"there is no directory {name}")
                self.folders.append(canonical(name))
            elif Path(name).is_file():
                raise PykcovError(
                    "source-missing", f"{name} is a file: use --include for files, not --source"
                )
            else:
                self._add_package(name)
        for name in packages:
            self._add_package(name)
        include, omit = list(include), list(omit)
        self.include, self.omit = compiled(include), compiled(omit)
        self._folder_patterns = folders_named([*include, *omit])
        # Not later, when the first module is imported: sysconfig itself imports modules.
        self._standard = _installed("stdlib", "platstdlib")
        self._third_party = _third_party()
        self._path = list(sys.path)
        self._answers: dict[tuple[str | None, str], bool] = {}

    def _add_package(self, name: str) -> None:
        if name == "pykcov" or name.startswith("pykcov."):
            raise PykcovError(
                "self-instrumentation",
                "pykcov can't instrument itself: its probes would trigger each other",
            )
        if not all(part.isidentifier() for part in name.split(".")):
            raise PykcovError(
                "source-missing", f"{name!r} is neither a directory nor a package name"
            )
        self.packages.append(name)

    def saved(self) -> dict[str, list[str]]:
        """Return data from which restored() makes the same selection in another process."""
        return {
            "packages": self.packages,
            "folders": self.folders,
            "include": [self.include.pattern] if self.include else [],
            "omit": [self.omit.pattern] if self.omit else [],
        }

    @staticmethod
    def restored(saved: dict[str, list[str]]) -> Selection:
        """Return the selection that saved() was called on."""
        made = Selection()
        made.packages, made.folders = saved["packages"], saved["folders"]
        made.include, made.omit = (
            re.compile("|".join(saved[name])) if saved[name] else None
            for name in ("include", "omit")
        )
        return made

    def selects(self, module: str, filename: str) -> bool:
        """Is a module that importlib finds in this file to be instrumented?"""
        return self.matches(module, absolute(filename))

    def matches(self, module: str | None, path: str) -> bool:
        """Is the file at `path`, imported as `module` (None: unknown), to be instrumented?"""
        key = (module, path)
        if key not in self._answers:
            self._answers[key] = self._matches(module, path)
        return self._answers[key]

    def _matches(self, module: str | None, path: str) -> bool:
        given, path = absolute(path), canonical(path)
        if _below(path, OWN) or not self._narrows_to(path):
            return False
        if not self.packages and not self.folders:
            # Debian's sitecustomize.py is a link out of the standard library; some installers
            # link each file of a package to their cache.
            standard = any(_below(p, f) for p in (given, path) for f in self._standard)
            installed = any(map(self._is_third_party, (given, path)))
            return self.include is not None or not (standard or installed)
        if module in (
            "__main__",
            "__mp_main__",
        ):  # a script is found by its name, as coverage.py has it
            module = Path(path).stem
        for package in self.packages:
            if module is not None and f"{module}.".startswith(f"{package}."):
                self.used.add(package)
                return True
        if within := [folder for folder in self.folders if _below(path, folder)]:
            if self._is_third_party(path) and not any(map(self._is_third_party, within)):
                return False
            self.used.update(within)
        return bool(within)

    def _is_third_party(self, path: str) -> bool:
        if sys.path != self._path:  # which test runners change
            self._path, self._third_party = list(sys.path), _third_party()
        return any(_below(path, folder) for folder in self._third_party)

    def narrows_to(self, path: str) -> bool:
        """Do include and omit leave this file, whatever the source is?"""
        return self._narrows_to(canonical(path))

    def _narrows_to(self, path: str) -> bool:
        if self.omit is not None and self.omit.fullmatch(path):
            return False
        return self.include is None or self.include.fullmatch(path) is not None

    def unused(self) -> list[str]:
        """Return the sources that no file belonged to so far: mistyped, or not imported yet."""
        return [name for name in (*self.packages, *self.folders) if name not in self.used]

    def note_executed(self, paths: Iterable[str]) -> None:
        """Note the sources that files of other processes belonged to."""
        for path in map(canonical, paths):
            self.used.update(folder for folder in self.folders if _below(path, folder))
            for package in self.packages:
                place = f"/{package.replace('.', '/')}"
                if f"{place}/" in path or path.endswith(f"{place}.py"):
                    self.used.add(package)

    def complaints(self) -> list[str]:
        """Return lines about options that are probably mistakes."""
        lines = [f"--source {name} matched nothing [source-unmatched]" for name in self.unused()]
        return lines + [
            f"the pattern {pattern!r} names a folder, and matches no files in it; "
            f"use '{pattern.rstrip('/')}/*' [pattern-folder]"
            for pattern in self._folder_patterns
        ]
