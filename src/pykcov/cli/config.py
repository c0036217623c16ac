"""pykcov config: print the settings in force, and where each comes from."""

from __future__ import annotations

import argparse
import json
from typing import Any

from pykcov.cli.parser import add_settings, configured
from pykcov.measure.config import keys


def add_to(verbs: Any, name: str) -> None:
    """Add the verb to the command line."""
    parser = verbs.add_parser(
        name,
        help="print the settings, and where each comes from",
        description="Prints the settings that 'pykcov run' and reports use in this folder, and "
        "where each comes from: [tool.pykcov] in pyproject.toml, coverage.py's settings, or the "
        "defaults. Those with a colon are passed on to coverage.py's reports.",
    )
    add_settings(parser)


def main(args: argparse.Namespace) -> int:
    """Print them."""
    config = configured(args)
    values = {**{name: getattr(config, name) for name in keys()}, **config.others}
    for name, value in values.items():
        print(f"{name} = {json.dumps(value)}  # {config.origins.get(name, 'default')}")
    return 0
