"""Which files are instrumented: source, include and omit, as coverage.py's users know them."""

from __future__ import annotations

import functools
import os
import re
import site
import sysconfig
from collections.abc import Iterable
from pathlib import Path

from pykcov.errors import PykcovError

OWN = str(Path(__file__).parents[1])  # the package pykcov


def absolute(path: str | Path) -> str:
    """Return the name that a file has in the store: absolute, without dots, links as they are."""
    return os.path.abspath(path)  # noqa: PTH100 - which asks, and joins, in C


def _below(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder.rstrip("/") + "/")


@functools.cache
def _elsewhere() -> tuple[str, ...]:
    """Folders of the standard library and of installed packages."""
    names = ("stdlib", "platstdlib", "purelib", "platlib")
    folders = {sysconfig.get_path(name) for name in names} | set(site.getsitepackages())
    folders.add(site.getusersitepackages())
    real = {str(Path(folder).resolve()) for folder in folders if folder}
    return tuple(sorted(real | {folder for folder in folders if folder}))


def compile_glob(pattern: str) -> re.Pattern[str]:
    """Translate a file glob: `?` and `*` stop at slashes, `**` does not.

    A pattern that begins with `*` is taken as it is, any other against the working directory.
    """
    if not pattern:
        raise PykcovError("glob-empty", "an empty pattern for --include or --omit matches nothing")
    text = pattern if pattern.startswith("*") else absolute(pattern)
    if pattern.endswith("/"):
        text = text.rstrip("/") + "/**"
    if text.startswith("*") and not text.startswith("**") and "/" not in text:
        text = "**/" + text
    out = []
    for part in re.split(r"(\*\*/|/\*\*$|\*\*|\*|\?|\[[^]]*\])", text):
        match part:
            case "**/":
                out.append(r"(?:.*/)?")
            case "/**":
                out.append(r"/.*")
            case "**":
                out.append(r".*")
            case "*":
                out.append(r"[^/]*")
            case "?":
                out.append(r"[^/]")
            case _ if part.startswith("["):
                start, rest = ("[^", part[2:]) if part.startswith("[!") else ("[", part[1:])
                out.append(start + rest.replace("[", r"\["))
            case _:
                out.append(re.escape(part))
    try:
        return re.compile("".join(out))
    except re.error as error:
        raise PykcovError("glob-bad", f"cannot read the pattern {pattern!r}: {error}") from None


class Selection:
    """source: packages by name, or directories; include, omit: file globs.

    Without source and include: everything but the standard library and installed packages. These
    stay out of a source directory, too, unless it lies within them. `omit` always has the last
    word; `include` narrows a source.
    """

    def __init__(
        self, source: Iterable[str] = (), include: Iterable[str] = (), omit: Iterable[str] = ()
    ) -> None:
        self.packages: list[str] = []
        self.folders: list[str] = []
        self._used: set[str] = set()
        for name in source:
            if not isinstance(name, str):
                raise TypeError(f"source takes names of packages and directories, not {name!r}")
            if name == "pykcov" or name.startswith("pykcov."):
                raise PykcovError("self-instrumentation", "pykcov can't instrument itself")
            if "/" in name or Path(name).is_dir():
                folder = absolute(name)
                if not Path(folder).is_dir():
                    raise PykcovError("source-missing", f"there is no directory {name}")
                self.folders.append(str(Path(folder).resolve()))
            elif Path(name).is_file():
                raise PykcovError(
                    "source-missing", f"{name} is a file; --include takes files, --source does not"
                )
            elif all(part.isidentifier() for part in name.split(".")):
                self.packages.append(name)
            else:
                raise PykcovError(
                    "source-missing", f"{name!r} is neither a directory nor the name of a package"
                )
        self.include = [compile_glob(pattern) for pattern in include]
        self.omit = [compile_glob(pattern) for pattern in omit]
        # Now, and not when the first module is imported: sysconfig itself imports one.
        self._elsewhere = _elsewhere()
        self._answers: dict[tuple[str | None, str], bool] = {}

    def saved(self) -> dict[str, list[str]]:
        """Return what restored() makes the same selection of, in whatever process and directory."""
        return {
            "packages": self.packages,
            "folders": self.folders,
            "include": [glob.pattern for glob in self.include],
            "omit": [glob.pattern for glob in self.omit],
        }

    @staticmethod
    def restored(saved: dict[str, list[str]]) -> Selection:
        """Return a selection that was saved."""
        made = Selection()
        made.packages, made.folders = saved["packages"], saved["folders"]
        made.include = [re.compile(pattern) for pattern in saved["include"]]
        made.omit = [re.compile(pattern) for pattern in saved["omit"]]
        return made

    def matches(self, module: str | None, path: str) -> bool:
        """Is the file at `path`, imported as `module` (None: unknown), to be instrumented?"""
        key = (module, path)
        if key not in self._answers:
            self._answers[key] = self._matches(module, path)
        return self._answers[key]

    def _matches(self, module: str | None, path: str) -> bool:
        path = absolute(path)
        if _below(path, OWN) or any(glob.fullmatch(path) for glob in self.omit):
            return False
        if self.include and not any(glob.fullmatch(path) for glob in self.include):
            return False
        if not self.packages and not self.folders:
            return bool(self.include) or not any(_below(path, f) for f in self._elsewhere)
        for package in self.packages:
            if module is not None and f"{module}.".startswith(f"{package}."):
                self._used.add(package)
                return True
        resolved = str(Path(path).resolve())
        for folder in self.folders:
            if _below(resolved, folder) and not any(
                _below(resolved, e) and not _below(folder, e) for e in self._elsewhere
            ):
                self._used.add(folder)
                return True
        return False

    def unused(self) -> list[str]:
        """Return the sources that no file belonged to so far: mistyped, or not imported yet."""
        return [name for name in (*self.packages, *self.folders) if name not in self._used]
