"""make docs: write the pages that are printed from the code."""

from __future__ import annotations

from pathlib import Path

from pykcov.device import state
from pykcov.kernel import table
from pykcov.service import protocol

PAGES = {
    "device.md": state.document,
    "syscalls.md": table.document,
    "protocol.md": protocol.document,
}


def main() -> None:
    """Write each page beside this file."""
    for name, document in PAGES.items():
        Path(__file__).with_name(name).write_text(document(), encoding="utf-8")


if __name__ == "__main__":
    main()
