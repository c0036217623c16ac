"""What runs the same on the host and as a guest of tinykernel's."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

from tests.guest.running import Guests

KERNEL = Path(__file__).parents[2] / "examples" / "tinykernel.py"


def tiny(guests: Guests, *argv: Any, **more: Any) -> subprocess.CompletedProcess[str]:
    """Run a guest of tinykernel's, with pipes of its own."""
    return guests.run(*argv, kernel="pipes.py", **more)


def same(guests: Guests, native: Path, *argv: Any, text: str = "") -> str:
    """Run `argv` on the host and as a guest, "DIR" being a directory; return what both said."""
    said = []
    for folder, run in ((str(native), subprocess.run), ("/tiny", None)):
        words = [str(word).replace("DIR", folder) for word in argv]
        if run is None:
            done = tiny(guests, *words, input=text)
        else:
            done = run(words, input=text, capture_output=True, text=True, timeout=60, check=False)
        said.append((done.returncode, done.stdout.replace(folder, "DIR"),
                     done.stderr.replace(folder, "DIR")))  # fmt: skip
    assert said[0] == said[1], said
    return said[0][1]
