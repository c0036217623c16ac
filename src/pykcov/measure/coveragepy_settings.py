"""A project's existing settings for coverage.py, read by coverage.py itself.

Looks for .coveragerc, setup.cfg, tox.ini and pyproject.toml as coverage.py does, which reads them
in a process of its own (coveragepy_script.py).
"""

from __future__ import annotations

import json
import os
import re
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pykcov.errors import PykcovError

# Options of coverage.py, and the equivalent keys of [tool.pykcov].
SAME = {
    "run:branch": "branch",
    "run:command_line": "command_line",
    "run:context": "context",
    "run:include": "include",
    "run:omit": "omit",
    "run:parallel": "append",
    "run:patch": "patch",
    "run:relative_files": "relative_files",
    "run:sigterm": "sigterm",
    "run:source": "source",
    "run:source_dirs": "source_dirs",
    "run:source_pkgs": "source_pkgs",
    "report:exclude_lines": "exclude_lines",
    "report:fail_under": "fail_under",
    "report:ignore_errors": "ignore_errors",
    "report:include": "report_include",
    "report:include_namespace_packages": "include_namespace_packages",
    "report:omit": "report_omit",
    "report:precision": "precision",
    "report:show_missing": "show_missing",
    "report:skip_covered": "skip_covered",
    "report:skip_empty": "skip_empty",
    "report:sort": "sort",
    "paths": "paths",
}
# Options about how coverage.py works, or for what pykcov does anyway.
NOTHING_TO_DO = (
    "run:concurrency", "run:core", "run:timid", "run:debug", "run:debug_file", "run:data_file",
    "run:disable_warnings",
)  # fmt: skip
# Unsupported options, and why.
UNSUPPORTED = {
    "run:cover_pylib": "name packages of the standard library in source",
    "run:dynamic_context": "pytest --pykcov has a context for each test",
    "run:plugins": "they have configured coverage.py, but trace no files here",
}
_MAY_HAVE = {
    ".coveragerc": rb"",
    ".coveragerc.toml": rb"",
    "setup.cfg": rb"\[coverage:",
    "tox.ini": rb"\[coverage:",
    "pyproject.toml": rb"""\bcoverage["']?\s*(\.|\]|=\s*\{)""",
}


@dataclass
class Theirs:
    """file: where the settings come from; None if there are none. keys: settings by pykcov's names.
    others: options for coverage.py's reports, by section and name. notes: remarks for the user."""

    file: str | None = None
    keys: dict[str, Any] = field(default_factory=dict)
    others: dict[str, Any] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def _file_in(folder: Path) -> str | None:
    """Return the first file that may have settings."""
    for name, pattern in _MAY_HAVE.items():
        try:
            if re.search(pattern, (folder / name).read_bytes()):
                return name
        except OSError:
            continue
    return None


def read(folder: Path, rcfile: str = "") -> Theirs:
    """Return coverage.py's settings in a folder, or those of one file. Raises PykcovError
    config-bad."""
    rcfile = rcfile or os.environ.get("COVERAGE_RCFILE", "")
    name = rcfile or _file_in(folder)
    if name is None:
        return Theirs()
    answer = _asked(folder, rcfile)
    if "missing" in answer:
        text = f"{name} may have settings of coverage.py, which is needed to read them"
        return Theirs(notes=[f"{text}: pip install 'pykcov[report]' [coverage-missing]"])
    if "wrong" in answer:
        raise PykcovError("config-bad", f"coverage.py can't read its settings: {answer['wrong']}")
    if not answer["file"]:
        return Theirs()
    return _sorted_out(answer["file"], answer["options"], answer["warnings"])


def _asked(folder: Path, rcfile: str) -> dict[str, Any]:
    """Ask coverage.py in a process of its own. Doesn't import subprocess, because the measured
    program may do so itself."""
    script = str(Path(__file__).with_name("coveragepy_script.py"))
    own = ("PYKCOV_", "COVERAGE_PROCESS_")
    env = {name: value for name, value in os.environ.items() if not name.startswith(own)}
    out, into = os.pipe()
    try:
        pid = os.posix_spawn(
            sys.executable,
            [sys.executable, "-P", script, str(folder), rcfile],
            env,
            file_actions=[(os.POSIX_SPAWN_DUP2, into, 1)],
        )
    finally:
        os.close(into)
    with open(out, "rb") as file:  # noqa: PTH123 - a descriptor
        text = file.read()
    os.waitpid(pid, 0)
    try:
        found: dict[str, Any] = json.loads(text)
    except ValueError:
        return {"wrong": "its process ended without answering"}
    return found


def _sorted_out(file: str, options: dict[str, Any], notes: list[str]) -> Theirs:
    shown = os.path.relpath(file)
    found = Theirs(file, notes=[f"{note} [setting-unknown]" for note in notes])
    for name, value in options.items():
        if name in SAME:
            found.keys[SAME[name]] = value
        elif name in UNSUPPORTED or name.startswith("run:"):
            if name not in NOTHING_TO_DO:
                section, _, key = name.partition(":")
                why = UNSUPPORTED.get(name, "pykcov does not know it")
                found.notes.append(
                    f"[{section}] {key} in {shown} has no counterpart here: {why} [setting-unknown]"
                )
        else:
            found.others[name] = value
    patch = options.get("run:patch", [])
    starts = "subprocess" in patch or "multiprocessing" in options.get("run:concurrency", [])
    found.keys["processes"] = starts
    if any(found.keys.get(name) for name in ("source", "source_dirs", "source_pkgs")):
        found.keys.pop("include", None)  # as coverage.py, which warns of it
    return found
