"""Every file of the whole standard library takes probes, and gives its code back."""

from __future__ import annotations

import marshal
import sysconfig
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from types import CodeType

import pytest

from pykcov.instrumentation.bytecode.blocks import nested
from pykcov.instrumentation.options import Options
from pykcov.instrumentation.unit import Unit
from pykcov.probe import origin, original
from pykcov.symbols.store import SymbolStore

STDLIB = Path(sysconfig.get_path("stdlib"))
# Not the library, but its tests and what is installed beside it.
OUTSIDE = {"test", "tests", "idle_test", "site-packages", "dist-packages"}
# Files that Python itself can't compile; tests of lib2to3 are Python 2.
MAY_NOT_COMPILE = "lib2to3/tests/data"


def files() -> Iterator[Path]:
    for path in sorted(STDLIB.rglob("*.py")):
        if not OUTSIDE & set(path.relative_to(STDLIB).parts):
            yield path


@pytest.mark.slow
@pytest.mark.parametrize("half", [0, 1])  # CI has the second under one CPython
def test_the_standard_library_instruments(
    half: int,
    tmp_path: Path,
    record_property: Callable[[str, object], None],
    capsys: pytest.CaptureFixture[str],
) -> None:
    store = SymbolStore(tmp_path / "symbols.sqlite")
    done: dict[Path, int] = {}
    left_out: dict[Path, str] = {}
    for path in list(files())[half::2]:
        source = path.read_bytes()
        try:
            with warnings.catch_warnings(action="ignore"):
                code = compile(source, str(path), "exec", dont_inherit=True)
        except SyntaxError as error:
            left_out[path] = f"does not compile: {error}"
            continue
        # Some with pruned probes, or with branches: as much again to analyse.
        branch = len(done) % 5 == 1
        options = Options(by_line=branch, prune=len(done) % 5 == 0, branch=branch)
        unit = Unit(str(path), source, code, 0, options)
        new = unit.rewriter(store, owner=None)(code)
        assert new is not None
        assert marshal.dumps(original(new)) == marshal.dumps(code)
        for before, after in zip(nested(code), rewritten(new), strict=True):
            assert origin(after) is not None
            assert original(after) is before
            assert positions(before) <= positions(after)
        done[path] = unit.blocks
    with capsys.disabled():
        print(
            f"\n{len(done)} files of the standard library, {sum(done.values())} blocks; left out:"
        )
        print("\n".join(f"  {path}: {why}" for path, why in left_out.items()) or "  none")
    record_property("files", len(done))
    assert len(done) > 250
    assert all(MAY_NOT_COMPILE in str(path) for path in left_out)


def rewritten(code: CodeType) -> Iterator[CodeType]:
    """The code objects nested in rewritten code, less those that Origin holds."""
    yield code
    for const in code.co_consts:
        if isinstance(const, CodeType):
            yield from rewritten(const)


def positions(code: CodeType) -> set[tuple[int | None, ...]]:
    return set(code.co_positions())
