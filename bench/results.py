"""Results as they are kept: JSON, a file a version of Python."""

from __future__ import annotations

import json
import platform
from pathlib import Path
from statistics import geometric_mean
from typing import Any

FOLDER = Path(__file__).with_name("results")
SHOWN = "3.13"  # the version that docs/performance.md has its plots and goals of

Data = dict[str, Any]


def path(held_out: bool) -> Path:
    """Where results of this Python are kept."""
    version = ".".join(platform.python_version_tuple()[:2])
    return FOLDER / f"{version}{'-held-out' if held_out else ''}.json"


def write(out: Path, data: Data) -> None:
    """Keep `data`."""
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(json.dumps(data, indent=1) + "\n", encoding="utf-8")


def read(name: str) -> Data | None:
    """Return what is kept under a name such as 3.13 or 3.13-held-out; None if there is nothing."""
    file = FOLDER / f"{name}.json"
    if not file.exists():
        return None
    data: Data = json.loads(file.read_text(encoding="utf-8"))
    return data


def of_group(data: Data, group: str, row: str) -> dict[str, float]:
    """Ratios to plain of the programs of a group, by name."""
    return {
        name: program["rows"][row]["ratio"]
        for name, program in data["programs"].items()
        if program["group"] == group and row in program["rows"]
    }


def mean(data: Data, group: str, row: str) -> float | None:
    """Their geometric mean; None if there are none."""
    ratios = of_group(data, group, row)
    return geometric_mean(ratios.values()) if ratios else None
