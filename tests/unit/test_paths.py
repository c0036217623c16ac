"""A guest's path leads where the host's own resolution leads, through links and mounts."""

from __future__ import annotations

import errno
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pykcov.guest.paths import walk
from pykcov.kernel import Directory, File, Node
from pykcov.kernel.files import Files

pytestmark = pytest.mark.once

NAMES = st.sampled_from(["a", "b", "m", "f"])
STEPS = st.lists(st.sampled_from(["a", "b", "m", "f", "..", ".", ""]), max_size=6)
LINKS = st.dictionaries(st.tuples(NAMES, NAMES), st.tuples(st.booleans(), STEPS), max_size=4)


@pytest.fixture(scope="module")
def top() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="pykcov-paths-")).resolve()
    yield folder
    shutil.rmtree(folder)


def build(top: Path, links: dict[tuple[str, str], tuple[bool, list[str]]]) -> None:
    """Directories a, b, m with a file f in each, m/a/f, and links at DIRECTORY/NAME."""
    for child in list(top.iterdir()):
        shutil.rmtree(child)
    for name in ("a", "b", "m", "m/a"):
        (top / name).mkdir(parents=True)
        (top / name / "f").write_text("x")
    for (folder, name), (absolute, steps) in links.items():
        at = top / folder / name
        if folder in ("m", "f") or at.exists() or at.is_symlink():
            continue  # what a kernel shows has no links
        at.symlink_to(os.path.join(top, *steps) if absolute else "/".join(steps) or ".")  # noqa: PTH118


def mounted(top: Path) -> tuple[Files, dict[str, Node]]:
    """The same tree as m, as a kernel's, and where each node of it is."""
    inner = Directory({"f": (deep := File())})
    outer = Directory({"a": inner, "f": (file := File())})
    files = Files()
    files[str(top / "m")] = outer
    at = {"": outer, "/a": inner, "/f": file, "/a/f": deep}
    return files, {str(top / "m") + name: node for name, node in at.items()}


@settings(max_examples=300)
@given(links=LINKS, start=st.sampled_from(["", "a", "b"]), steps=STEPS, absolute=st.booleans())
def test_it_is_where_the_host_says(
    top: Path,
    links: dict[tuple[str, str], tuple[bool, list[str]]],
    start: str,
    steps: list[str],
    absolute: bool,
) -> None:
    build(top, links)
    files, nodes = mounted(top)
    base = str(top / start) if start else str(top)
    path = "/".join(steps) or "."
    if absolute:
        path = f"{top}/{path}"
    error: int | None
    real = ""
    try:
        os.stat(os.path.join(base, path))  # noqa: PTH116, PTH118 - as it is, not normalized
        real = os.path.realpath(os.path.join(base, path), strict=True)  # noqa: PTH118
        error = None
    except OSError as failure:
        error = failure.errno
    try:
        place = walk(base, path, True, files, lambda _: None, {})
    except OSError as failure:
        found = failure.errno
    else:
        found = None
    if found is not None:
        assert found == error
        return
    if error is None:
        assert place.is_host == (real not in nodes)
        if real in nodes:
            assert place.node is nodes[real]
        assert place.path == real
    elif not place.is_host:  # on the host's side the host gives the error
        assert error in (errno.ENOENT, errno.ENOTDIR)
        assert place.node is None or path.endswith(("/", "/."))
