"""A script that coveragepy_settings.py runs: prints coverage.py's settings in a folder, as JSON.

It imports nothing of pykcov, and what coverage.py imports is not imported in a program that is to
be measured. Arguments: the folder, and the file that was named, or nothing.
"""

from __future__ import annotations

import json
import os
import sys
import warnings
from pathlib import Path
from typing import Any


def options(made: Any) -> dict[str, Any]:
    """Return all that can be set, by section and name."""
    names = [row[1] for row in type(made.config).CONFIG_FILE_OPTIONS]
    # What exclude_also and partial_also say is in exclude_lines and partial_branches by now.
    left = [name for name in names if not name.endswith("_also")]
    return {name: made.get_option(name) for name in (*left, "paths")}


def told(coverage: Any, rcfile: str) -> dict[str, Any]:
    """Return what coverage.py reads: the file, what is not as it is without one, and warnings."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        made = coverage.Coverage(config_file=rcfile or True, messages=False)
        if made.get_option("run:plugins"):
            sys.path.append(os.getcwd())  # noqa: PTH109
            made.get_exclude_list()  # has plugins configure it
    plain = options(coverage.Coverage(config_file=False))
    found = {name: x for name, x in options(made).items() if x != plain.get(name)}
    file = made.config.config_file
    if file and "parallel" not in Path(file).read_text(encoding="utf-8", errors="replace"):
        found.pop("run:parallel", None)  # patch = subprocess has set it
    return {
        "file": file,
        "options": found,
        "warnings": [str(one.message).partition("; see http")[0] for one in caught],
    }


def main(folder: str, rcfile: str) -> None:
    """Print them, or what is wrong."""
    os.chdir(folder)
    answer: dict[str, Any]
    try:
        import coverage
    except ImportError as error:
        answer = {"missing": str(error)}
    else:
        try:
            answer = told(coverage, rcfile)
        except Exception as error:  # coverage.py's, and those of its plugins
            answer = {"wrong": f"{error}" or repr(error)}
    os.write(1, json.dumps(answer).encode())


if __name__ == "__main__":
    main(*sys.argv[1:])
