"""make demo: trace an unmodified parser of the standard library, and an unmodified C program.

tomllib reads pyproject.toml (this project's own), and then the same document with one key given
twice. The two traces say exactly where the parser took another way.

Then service.py serves several requests at the same time, and each one's trace is its own.

Then kcov_client.c, which only knows Linux's /sys/kernel/debug/kcov, is compiled and run as a guest
of tinykernel.py. The trace that it prints is what the kernel, in Python, did in its system call.
"""

from __future__ import annotations

import linecache
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

# The demo leaves nothing behind: its PCs are given out in a store of its own.
if "PYKCOV_STORE" not in os.environ:
    folder = tempfile.TemporaryDirectory(prefix="pykcov-demo-")
    os.environ["PYKCOV_STORE"] = str(Path(folder.name) / "symbols.sqlite")

import pykcov

COLOUR = sys.stdout.isatty() and "NO_COLOR" not in os.environ
EXAMPLES = Path(__file__).parent
DOCUMENT = Path(__file__).parents[1] / "pyproject.toml"
FIRST = 8  # PCs shown of each trace


def paint(text: str, code: str) -> str:
    """Return `text` in colour on a terminal, as it is elsewhere."""
    return f"\033[{code}m{text}\033[0m" if COLOUR else text


def parse(text: str) -> tuple[pykcov.trace, str]:
    """Parse `text`; return the trace of the call, and what came of it."""
    import tomllib

    with pykcov.trace(1 << 18) as t:
        try:
            outcome = f"{len(tomllib.loads(text))} tables"
        except tomllib.TOMLDecodeError as error:
            outcome = f"TOMLDecodeError: {error}"
    return t, outcome


Line = tuple[str, str, int]  # file, function, number


def lines(t: pykcov.trace) -> dict[Line, None]:
    """Return the lines that a trace reached, in the order in which it did."""
    return {(block.file, block.function, n): None for block in t.blocks for n in block.lines}


def show(title: str, t: pykcov.trace, outcome: str) -> None:
    """Print a trace's size and its first PCs, raw."""
    print(paint(f"\n{title}", "1"))
    print(f"  {outcome}")
    full = ", then the area was full" if t.overflowed else ""
    print(f"  {len(t.pcs)} records of {len(set(t.pcs))} blocks{full}; the first {FIRST}:")
    for pc, block in zip(t.pcs[:FIRST], t.blocks[:FIRST], strict=True):
        place = f"{Path(block.file).name}:{block.start_line}.{block.start_column + 1}"
        print(f"    {paint(f'{pc:#x}', '36')}  {place:<18} {block.function}")


def show_difference(title: str, only: list[Line], code: str) -> None:
    """Print source lines, each run of a function's under its name."""
    print(paint(f"\n{title}", "1"))
    previous = ("", "")
    for file, function, line in only:
        if (file, function) != previous:
            print(paint(f"  {Path(file).name}, {function}:", "2"))
        print(f"  {line:>5}  {paint(linecache.getline(file, line).rstrip(), code)}")
        previous = (file, function)


def show_service() -> None:
    """Run the service, and its client."""
    print(paint("\n3. service.py, a web service, and what three requests at once executed", "1"))
    with tempfile.TemporaryDirectory(prefix="pykcov-demo-") as devices:
        env = {**os.environ, "PYKCOV_DEVICES": devices}
        command = [sys.executable, "-m", "pykcov", "run", "--device", "demo", "--source", "tomllib"]
        with subprocess.Popen(
            [*command, EXAMPLES / "service.py"], stdout=subprocess.PIPE, text=True, env=env
        ) as service:
            assert service.stdout is not None
            port = service.stdout.readline().strip()
            client = [sys.executable, str(EXAMPLES / "service_client.py"), "demo", port]
            done = subprocess.run(client, stdout=subprocess.PIPE, text=True, env=env)
            service.terminate()
    for line in done.stdout.splitlines():
        print(f"  {line}" if line else "")
    if done.returncode != 0:
        raise SystemExit(1)


def show_guest() -> None:
    """Compile the C client, run it as a guest of tinykernel, and show what its call executed."""
    print(paint("\n4. kcov_client.c, a C program, as a guest of tinykernel.py", "1"))
    compiler = shutil.which("cc") or shutil.which("gcc")
    if platform.machine() != "x86_64" or compiler is None:
        print("  left out: guests need x86_64, and this one a C compiler")
        return
    with tempfile.TemporaryDirectory(prefix="pykcov-demo-") as folder:
        client = Path(folder) / "kcov_client"
        subprocess.run([compiler, "-o", client, EXAMPLES / "kcov_client.c"], check=True)
        kernel = ["--kernel", str(EXAMPLES / "tinykernel.py")]
        command = [sys.executable, "-m", "pykcov", "guest", *kernel, "--", str(client)]
        done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        print(f"  left out: {done.stderr.strip()}")
        if "[guests-unsupported]" not in done.stderr:
            raise SystemExit(1)
        return
    print("  It enables kcov, calls read(-1, NULL, 0), and prints what it finds in the area:")
    blocks = pykcov.symbolize([int(line, 16) for line in done.stdout.split()], pykcov.SymbolStore())
    for block in blocks:
        place = f"{Path(block.file).name}:{block.start_line}.{block.start_column + 1}"
        print(f"    {paint(f'{block.pc:#x}', '36')}  {place:<20} {block.function}")
    executed = {(block.file, block.function, n): None for block in blocks for n in block.lines}
    show_difference("Lines of the kernel that its call executed:", list(executed), "32")


def main() -> None:
    """Trace both documents and compare; then the service, and the guest."""
    text = DOCUMENT.read_text(encoding="utf-8")
    twice = text.replace('\ndescription = "', '\nname = "again"\ndescription = "', 1)
    with pykcov.instrument(source=["tomllib"]) as handle:
        good, outcome_good = parse(text)
        bad, outcome_bad = parse(twice)
        print(
            f"tomllib, unmodified: {handle.blocks} basic blocks in {len(handle.files)} files "
            f"have a probe."
        )
        show(f"1. {DOCUMENT.name}, {len(text.splitlines())} lines", good, outcome_good)
        show("2. the same with the key `name` given twice", bad, outcome_bad)
        first, second = lines(good), lines(bad)
    show_difference(
        "Lines that only the second document reached:",
        [line for line in second if line not in first],
        "31",
    )
    show_difference(
        "Lines that only the first reached, because the second stopped early (10 of them):",
        [line for line in first if line not in second][:10],
        "32",
    )
    show_service()
    show_guest()


if __name__ == "__main__":
    main()
