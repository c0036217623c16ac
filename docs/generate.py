"""make docs: write the pages that are printed from the code, and from results of `make bench`."""

from __future__ import annotations

from pathlib import Path

from bench import page, results

from pykcov.device import ioctls
from pykcov.kernel import syscall_table
from pykcov.service import protocol

PAGES = {
    "device.md": ioctls.document,
    "syscalls.md": syscall_table.document,
    "protocol.md": protocol.document,
    "performance.md": page.document,
}


def main() -> None:
    """Write each page beside this file."""
    for name, document in PAGES.items():
        Path(__file__).with_name(name).write_text(document(), encoding="utf-8")
    try:
        from bench import plots
    except ImportError:
        print("no matplotlib here (make bench has it): docs/performance is left as it is")
        return
    plots.draw(results.read(results.SHOWN))


if __name__ == "__main__":
    main()
