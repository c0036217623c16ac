"""Settings. The command line overrides [tool.pykcov] in pyproject.toml, which overrides a project's
settings for coverage.py, if there are any.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pykcov.errors import PykcovError
from pykcov.measure import coveragepy_settings
from pykcov.measure.exits import PATCHES

DAY = 86_400  # seconds
DIGITS = 17  # of a float
SORTS = ("name", "stmts", "miss", "branch", "brpart", "cover")
# Further values of coverage.py's `patch`: `processes` sets the first, and forks always count.
PROCESS_PATCHES = ("subprocess", "fork")
_SOURCES = ("source", "source_pkgs", "source_dirs")
NO_FILE = "-"  # as an rcfile: read no settings of coverage.py

_INTEGERS = 1 << 63  # TOML's; tomllib reads longer ones


@dataclass
class Config:
    """Each field but the last three is a key of [tool.pykcov].

    source, include, omit: as for instrument(); include and omit apply to reports, too, unless
    report_include and report_omit are set. source_pkgs, source_dirs: like source, for names that
    can only be packages, or only directories. include_namespace_packages: list files that were
    never executed even in folders without __init__.py. data: the data file. append: add to it
    instead of replacing it. context: the context to count under. command_line: what 'pykcov run'
    runs by default. processes: count in Python subprocesses, too. branch: measure branch coverage,
    too. exclude: as for instrument(). exclude_lines: regular expressions of lines that reports
    leave out, instead of coverage.py's; exclude_also: in addition to them. fail_under: percent.
    relative_files: 'pykcov coverage' writes relative paths. paths: lists of folders; combine takes
    a file below a later folder of a list, which may be a pattern, for the same file below the
    first. sort: a column of the table, with `-` before it to reverse the order. ignore_errors:
    reports leave out files that can't be parsed. sigterm, patch: save at these exits, too
    (exits.py). save_every: seconds between saves, 0 for never. coverage_settings: read the settings
    of coverage.py.

    others: options for coverage.py's reports, by section and name. origins: where each setting that
    is not a default comes from. notes: remarks for the user.
    """

    source: list[str] = field(default_factory=list)
    source_pkgs: list[str] = field(default_factory=list)
    source_dirs: list[str] = field(default_factory=list)
    include: list[str] = field(default_factory=list)
    omit: list[str] = field(default_factory=list)
    report_include: list[str] = field(default_factory=list)
    report_omit: list[str] = field(default_factory=list)
    include_namespace_packages: bool = False
    data: str = ".pykcov"
    append: bool = False
    context: str = ""
    command_line: str = ""
    processes: bool = True
    branch: bool = False
    exclude: list[str] = field(default_factory=list)
    exclude_lines: list[str] = field(default_factory=list)
    exclude_also: list[str] = field(default_factory=list)
    fail_under: float = 0.0
    precision: int = 0
    show_missing: bool = False
    skip_covered: bool = False
    skip_empty: bool = False
    ignore_errors: bool = False
    sort: str = "name"
    relative_files: bool = False
    paths: dict[str, list[str]] = field(default_factory=dict)
    sigterm: bool = False
    patch: list[str] = field(default_factory=list)
    save_every: float = 0.0
    coverage_settings: bool = True
    others: dict[str, Any] = field(default_factory=dict)
    origins: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def put(self, name: str, value: Any, origin: str) -> None:
        """Set a value, and note where it comes from."""
        setattr(self, name, value)
        self.origins[name] = origin

    def folders(self) -> list[str]:
        """Return the `source` for instrument(), without source_pkgs."""
        for folder in self.source_dirs:
            if not Path(folder).is_dir():
                raise PykcovError("source-missing", f"there is no directory {folder}")
        # With a slash at the end, it can't be taken for a package.
        return [*self.source, *(os.path.join(folder, "") for folder in self.source_dirs)]  # noqa: PTH118


def keys() -> dict[str, Any]:
    """Return the keys of [tool.pykcov], and their defaults."""
    plain = vars(Config())
    return {name: plain[name] for name in plain if name not in ("others", "origins", "notes")}


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
    """Return what is wrong with values of the right type, or None."""
    if not 0 <= config.precision <= DIGITS:
        return f"precision must be from 0 to {DIGITS} digits, not {config.precision}"
    for key in ("exclude", "exclude_lines", "exclude_also"):
        for pattern in getattr(config, key):
            try:
                re.compile(pattern)
            except re.error as error:
                return f"{pattern!r} in {key} is not a regular expression: {error}"
    for name, folders in config.paths.items():
        if folders and set(folders[0]) & set("*?["):
            return f"the first folder of {name} in paths can't be a glob: {folders[0]!r}"
        for folder in folders[1:]:
            if folder.rstrip("/").endswith("*"):
                return f"{folder!r} in paths must not end with *: it names a folder, not its files"
    if not 0 <= config.save_every <= DAY:
        return f"save_every must be from 0 to {DAY} seconds, not {config.save_every}"
    for key in config.patch:
        if key not in (*PATCHES, *PROCESS_PATCHES):
            return f"patch has no {key!r}; it has {', '.join((*PATCHES, *PROCESS_PATCHES))}"
    return None


def sorting(text: str) -> str:
    """Return the column to sort by in lower case. Raises PykcovError config-bad."""
    if text.lstrip("+-").lower() not in SORTS:
        raise PykcovError("config-bad", f"sort must be one of {', '.join(SORTS)}, not {text!r}")
    return text.lower()


def read(folder: Path | None = None, rcfile: str = "") -> Config:
    """Return the settings of a folder; None: the working directory's.

    rcfile: a settings file of coverage.py to read, "" for the one coverage.py finds in the folder,
    NO_FILE for none. Raises PykcovError config-bad.
    """
    folder = folder or Path()
    config, path = Config(), folder / "pyproject.toml"
    origin = f"[tool.pykcov] in {os.path.relpath(path)}"
    for key, value in _own_table(path).items():
        if key not in keys():
            text = f"{path}: [tool.pykcov] has no {key!r}; it has {', '.join(keys())}"
            raise PykcovError("config-bad", text)
        if not _fits(value, keys()[key]):
            kind = type(keys()[key]).__name__
            text = f"{path}: {key} in [tool.pykcov] must be of type {kind}, not {value!r}"
            raise PykcovError("config-bad", text)
        config.put(key, value, origin)
    for key in ("include", "omit"):
        if key in config.origins and f"report_{key}" not in config.origins:
            config.put(f"report_{key}", getattr(config, key), origin)
    if rcfile != NO_FILE and (config.coverage_settings or rcfile):
        _add_theirs(config, coveragepy_settings.read(folder, rcfile))
    if (why := wrong(config)) is not None:
        raise PykcovError("config-bad", f"{path}: {why}")
    sorting(config.sort)
    return config


def _own_table(path: Path) -> dict[str, Any]:
    try:
        text = path.read_bytes()
        if b"pykcov" not in text:
            return {}
        import tomllib  # as late as this, because the measured program may import it itself

        table = tomllib.loads(text.decode()).get("tool", {}).get("pykcov", {})
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise PykcovError("config-bad", f"cannot read {path}: {error}") from None
    if not isinstance(table, dict):
        raise PykcovError("config-bad", f"{path}: [tool.pykcov] must be a table")
    return table


def _add_theirs(config: Config, found: coveragepy_settings.Theirs) -> None:
    """Take over coverage.py's settings that are not set yet."""
    config.notes += found.notes
    if found.file is None:
        return
    origin = f"coverage.py's settings in {os.path.relpath(found.file)}"
    config.notes.append(f"using {origin}; 'pykcov config' lists them [coverage-settings]")
    ours = set(config.origins)
    if ours & set(_SOURCES):
        ours |= set(_SOURCES)  # they belong together
    for name, value in found.keys.items():
        if name not in ours:
            config.put(name, value, origin)
    config.others = found.others
    config.origins |= dict.fromkeys(found.others, origin)
