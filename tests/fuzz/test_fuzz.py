"""The short form of `make fuzz`: a few hundred inputs of each target, the same each time."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.fuzz import driver
from tests.fuzz.target import FOUND, NAMES, Failure, Target, require

pytestmark = pytest.mark.once

INPUTS = {"protocol": 300, "client": 100, "trace": 150, "config": 100, "store": 200}


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_target(name: str) -> None:
    """Seeds, what was found before, and what is made of them."""
    done = driver.run(name, seed=1, count=INPUTS.get(name, 400))
    assert done.inputs > 100
    assert len(done.outcomes.splitlines()) > 1


def test_what_was_found_is_of_a_target() -> None:
    assert {path.name for path in FOUND.iterdir()} <= set(NAMES)


class Fuzzed(Target):
    """A target that everything can be found in, for the driver's own test."""

    name = "test_fuzz"

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.seeds = [b"fine"]

    def check(self, data: bytes) -> str:
        if data == b"wrong":
            require(data == b"right", "it is wrong")
        if data == b"raises":
            raise KeyError(data)
        if data == b"crash":
            import ctypes

            ctypes.string_at(0)
        return "read"


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"wrong", "Failure: it is wrong"),
        (b"raises", "KeyError: b'raises'"),
        (b"crash", "was killed by SIGSEGV"),
    ],
)
def test_what_is_found_is_told_and_kept(data: bytes, told: str, tmp_path: Path) -> None:
    (tmp_path / "fine").write_bytes(b"fine")
    (tmp_path / "input").write_bytes(data)
    files = (tmp_path / "fine", tmp_path / "input")
    with pytest.raises(Failure, match=told) as raised:
        driver.run("test_fuzz", seed=5, files=files, keep=tmp_path / "kept")
    kept = tmp_path / "kept" / "test_fuzz-5-2"
    assert kept.read_bytes() == data
    assert f"--replay {kept}" in str(raised.value)
    with pytest.raises(Failure, match=told):
        driver.run("test_fuzz", files=(kept,))


def test_the_same_seed_gives_the_same_inputs() -> None:
    one, same, other = (driver.run("memory", seed, count=100) for seed in (3, 3, 4))
    assert one == same != other
