"""[tool.pykcov] in pyproject.toml: what the command line says when it says nothing."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from pykcov.endings import PATCHES
from pykcov.errors import PykcovError

DAY = 86_400  # seconds
DIGITS = 17  # of a float
SORTS = ("name", "stmts", "miss", "cover")

_INTEGERS = 1 << 63  # TOML's; tomllib reads longer ones


@dataclass
class Config:
    """Each field is a key of [tool.pykcov].

    source, include, omit: as of instrument(). data: the data file. branch: see which way
    branches go, too. exclude_also: regular expressions of lines that reports leave out, beside
    `# pragma: no cover`. fail_under: percent.
    relative_files: 'pykcov coverage' writes paths below the working directory without it. paths:
    lists of folders; a file below a later one of a list, which may be a glob, is, for combine, the
    same file below the first. sort: a column of the table, `-` before it for the reverse.
    ignore_errors: files that can't be parsed are left out of reports. sigterm, patch: save at these
    ends, too (endings.py). save_every: seconds, 0 for never.
    """

    source: list[str] = field(default_factory=list)
    include: list[str] = field(default_factory=list)
    omit: list[str] = field(default_factory=list)
    data: str = ".pykcov"
    exclude_also: list[str] = field(default_factory=list)
    fail_under: float = 0.0
    precision: int = 0
    show_missing: bool = False
    skip_covered: bool = False
    skip_empty: bool = False
    ignore_errors: bool = False
    sort: str = "name"
    relative_files: bool = False
    branch: bool = False
    paths: dict[str, list[str]] = field(default_factory=dict)
    sigterm: bool = False
    patch: list[str] = field(default_factory=list)
    save_every: float = 0.0


def _fits(value: Any, default: Any) -> bool:
    if isinstance(default, bool):
        return isinstance(value, bool)
    if isinstance(default, int | float):
        if type(value) is int:
            return -_INTEGERS <= value < _INTEGERS
        return type(value) is type(default)
    if isinstance(default, list):
        return isinstance(value, list) and all(isinstance(item, str) for item in value)
    if isinstance(default, dict):
        return isinstance(value, dict) and all(_fits(item, []) for item in value.values())
    return isinstance(value, str)


def wrong(config: Config) -> str | None:
    """Say what is wrong with values that are of the right kind, if anything is."""
    if not 0 <= config.precision <= DIGITS:
        return f"precision is a number of digits, 0 to {DIGITS}, not {config.precision}"
    for pattern in config.exclude_also:
        try:
            re.compile(pattern)
        except re.error as error:
            return f"{pattern!r} in exclude_also is no regular expression: {error}"
    for name, folders in config.paths.items():
        if folders and set(folders[0]) & set("*?["):
            return f"the first folder of {name} in paths is this machine's, no glob: {folders[0]!r}"
        for folder in folders[1:]:
            if folder.rstrip("/").endswith("*"):
                return f"{folder!r} in paths must not end with *: it names a folder, not its files"
    if not 0 <= config.save_every <= DAY:
        return f"save_every is a number of seconds, 0 to {DAY}, not {config.save_every}"
    for key in config.patch:
        if key not in PATCHES:
            return f"patch has no {key!r}; it has {', '.join(PATCHES)}"
    return None


def sorting(text: str) -> str:
    """Return what names a column to sort by. Raises PykcovError config-bad."""
    if text.lstrip("+-").lower() not in SORTS:
        raise PykcovError("config-bad", f"sort is by one of {', '.join(SORTS)}, not {text!r}")
    return text.lower()


def read(folder: Path | None = None) -> Config:
    """Return what pyproject.toml in a folder, the working directory's if None, says.

    Raises PykcovError config-bad.
    """
    path = (folder or Path()) / "pyproject.toml"
    try:
        text = path.read_bytes()
        if b"pykcov" not in text:
            return Config()
        import tomllib  # only now: a program that is to be measured may import it itself

        table = tomllib.loads(text.decode()).get("tool", {}).get("pykcov", {})
    except FileNotFoundError:
        return Config()
    except (OSError, ValueError) as error:
        raise PykcovError("config-bad", f"cannot read {path}: {error}") from None
    if not isinstance(table, dict):
        raise PykcovError("config-bad", f"{path}: [tool.pykcov] is no table")
    defaults = {item.name: getattr(Config(), item.name) for item in fields(Config)}
    for key, value in table.items():
        if key not in defaults:
            known = ", ".join(defaults)
            raise PykcovError("config-bad", f"{path}: [tool.pykcov] has no {key!r}; it has {known}")
        if not _fits(value, defaults[key]):
            kind = type(defaults[key]).__name__
            raise PykcovError(
                "config-bad", f"{path}: {key} in [tool.pykcov] is no {kind}: {value!r}"
            )
    config = Config(**table)
    if (why := wrong(config)) is not None:
        raise PykcovError("config-bad", f"{path}: {why}")
    sorting(config.sort)
    return config
