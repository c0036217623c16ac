"""make docs: write what pages have from the code, and from the results of `make bench`."""

from __future__ import annotations

from pathlib import Path

from bench import figures, results

from pykcov.device import ioctls
from pykcov.kernel import syscall_table
from pykcov.service import protocol

ROOT = Path(__file__).parents[1]
# Printed as a whole.
PAGES = {
    "device.md": ioctls.document,
    "syscalls.md": syscall_table.document,
    "protocol.md": protocol.document,
}


def documents() -> dict[Path, str]:
    """Return what each generated page, and each page that quotes a figure, should be."""
    found = {ROOT / "docs" / name: document() for name, document in PAGES.items()}
    for path in (ROOT / "README.md", *(ROOT / "docs").rglob("*.md")):
        if path not in found:
            text = path.read_text(encoding="utf-8")
            if "<!-- " in text:
                found[path] = figures.filled(text)
    return found


def main() -> None:
    """Write each page."""
    for path, text in documents().items():
        path.write_text(text, encoding="utf-8")
    try:
        from bench import plots
    except ImportError:
        print("matplotlib isn't installed (make bench installs it): docs/performance is unchanged")
        return
    plots.draw(results.read(results.SHOWN))


if __name__ == "__main__":
    main()
