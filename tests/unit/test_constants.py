"""What C and Python must agree on: each constant of constants.h and of guest.h has one value."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

from tests.unit.native_raw import compiler

from pykcov.abi import kcov
from pykcov.device import labels, sections, watcher
from pykcov.guest import launch
from pykcov.instrumentation.bytecode import codec, comparison_sites
from pykcov.instrumentation.cache import entry
from pykcov.reader import comparisons, remote_area
from pykcov.service import protocol, ring

SOURCE = Path(__file__).parents[2] / "src" / "pykcov"
CONSTANTS = SOURCE / "probe" / "csrc" / "constants.h"
STAGES = SOURCE / "guest" / "csrc" / "stage.h"


def in_c(header: Path, folder: Path) -> dict[str, int]:
    """Return all constants of a header, as the compiler has them."""
    text = re.sub(r"/\*.*?\*/", "", header.read_text(), flags=re.DOTALL)
    names = re.findall(r"#define (\w+) \S", text)
    for body in re.findall(r"enum \w*\s*\{(.*?)\}", text, flags=re.DOTALL):
        names += re.findall(r"(?:^|,)\s*(\w+)", body)
    shown = "".join(
        f'    printf("{name} %llu\\n", (unsigned long long){name});\n' for name in names
    )
    program = folder / "program.c"
    program.write_text(
        f'#include <stdio.h>\n#include "{header}"\nint main(void)\n{{\n{shown}return 0;\n}}\n'
    )
    subprocess.run([compiler(), "-o", folder / "program", program], check=True)
    done = subprocess.run([folder / "program"], capture_output=True, text=True, check=True)
    return {name: int(value) for name, value in map(str.split, done.stdout.splitlines())}


def test_of_the_probe(tmp_path: Path) -> None:
    kinds = {name: below for (_, below), name in comparisons._KINDS.items()}
    python = {
        "PC_START": kcov.PC_START,
        "PC_SPACING": kcov.PC_SPACING,
        **{
            f"KCOV_MODE_{n}": getattr(kcov, f"KCOV_MODE_{n}")
            for n in ("INIT", "TRACE_CMP", "REMOTE")
        },
        **{f"CONTROL_{name.upper()}": n for n, (name, _, _) in enumerate(protocol.CONTROL)},
        "CONTROL_WORDS": len(protocol.CONTROL),
        "OVER": sections._OVER,
        "DROPPED": sections._DROPPED,
        "AFTER": sections._AFTER,
        "RING_HEAD": 0,
        "RING_TAIL": ring._TAIL,
        "RING_LOST": ring._LOST,
        "RING_FRAMES": ring._FRAMES,
        "FRAME_HEAD": ring._FRAME_HEAD,
        "LABEL_MOST": labels.TEXT_MOST,
        **{
            name: getattr(comparison_sites, name)
            for name in ("COMPARE", "CONTAINS", "LOOKUP", "KEYS", "PREFIX", "SUFFIX", "FIND")
        },
        **{name: getattr(comparison_sites, name) for name in ("NEITHER", "LEFT", "RIGHT")},
        "WHOLE": kinds["int"],
        "LOWER": kinds["word"],
        "FLOAT": kinds["float"],
        "LENGTHS": kinds["length"],
        "STR": kinds["str"],
        "BYTES": kinds["bytes"],
        "PLAIN_CODE": codec.PLAIN,
        "PREFIX_CODE": codec.PREFIX,
        "FORWARD_CODE": codec.FORWARD,
        "BACKWARD_CODE": codec.BACK,
        "LEFT_BARE": entry._LEFT,
    }
    assert in_c(CONSTANTS, tmp_path) == python
    assert (watcher.FRAME_LAST, watcher.FRAME_DROPPED) == (sections._OVER, sections._DROPPED)
    reader = ("GENERATION", "SEPARATE", "HOLDS", "COUNTED", "BEGAN", "SETTLED", "OVER", "PUBLISHED")
    for name in (*reader, "EVER"):
        assert getattr(remote_area, f"_{name}") == python[f"CONTROL_{name}"]


def test_of_the_launch(tmp_path: Path) -> None:
    assert in_c(STAGES, tmp_path)["NO_EXEC"] == launch._NO_EXEC
