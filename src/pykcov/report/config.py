"""[tool.pykcov] in pyproject.toml: what the command line says when it says nothing."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from pykcov.errors import PykcovError


@dataclass
class Config:
    """Each field is a key of [tool.pykcov].

    source, include, omit: as of instrument(). data: the data file. exclude_also: regular
    expressions of lines that reports leave out, beside `# pragma: no cover`. fail_under: percent.
    relative_files: 'pykcov coverage' writes paths below the working directory without it. paths:
    lists of folders; a file below a later one of a list is, for combine, the same file below the
    first.
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
    relative_files: bool = False
    paths: dict[str, list[str]] = field(default_factory=dict)


def _fits(value: Any, default: Any) -> bool:
    if isinstance(default, bool):
        return isinstance(value, bool)
    if isinstance(default, int | float):
        return isinstance(value, int | float) and not isinstance(value, bool)
    if isinstance(default, list):
        return isinstance(value, list) and all(isinstance(item, str) for item in value)
    if isinstance(default, dict):
        return isinstance(value, dict) and all(_fits(item, []) for item in value.values())
    return isinstance(value, str)


def read(folder: Path | None = None) -> Config:
    """Return what pyproject.toml in a folder, the working directory's if None, says.

    Raises PykcovError config-bad.
    """
    path = (folder or Path()) / "pyproject.toml"
    try:
        with path.open("rb") as file:
            table = tomllib.load(file).get("tool", {}).get("pykcov", {})
    except FileNotFoundError:
        return Config()
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise PykcovError("config-bad", f"cannot read {path}: {error}") from None
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
    for pattern in config.exclude_also:
        try:
            re.compile(pattern)
        except re.error as error:
            raise PykcovError(
                "config-bad",
                f"{path}: {pattern!r} in exclude_also is no regular expression: {error}",
            ) from None
    return config
