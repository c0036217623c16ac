"""Patterns, source directories and names of packages mean what they mean to coverage.py."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from coverage.exceptions import ConfigError
from coverage.files import GlobMatcher, ModuleMatcher, PathAliases, TreeMatcher, prep_patterns
from hypothesis import example, given
from hypothesis import strategies as st

from pykcov.cli.combine import renamer
from pykcov.errors import PykcovError
from pykcov.instrumentation import globs
from pykcov.instrumentation.selection import Selection

# Brackets within brackets, and so on: re warns that they may mean another thing one day.
pytestmark = pytest.mark.filterwarnings("ignore:Possible:FutureWarning")

# Pieces that patterns are made of, and what may stand in a path.
PIECES = st.sampled_from(
    ["a", "b", "A", "ab", ".py", "/", "/", "//", "*", "*/", "/*", "**", "**/", "?", "[ab]", "[!a]",
     "[a-b]", "[^a]", "[", "]", "-", ".", "..", "\\", "+", "(", "|", " ", "\n", "é"]
)  # fmt: skip
# Brackets with nothing in them are refused here; there, it depends on what stands behind them.
PATTERNS = (
    st.lists(PIECES, min_size=1, max_size=7).map("".join).filter(lambda text: "[]" not in text)
)
PATHS = st.lists(
    st.sampled_from(["a", "b", "A", "ab", ".py", "/", "/", "\\", "-", "!", "é", "\n"]), max_size=8
).map(lambda parts: "/" + "".join(parts))


def ours(patterns: list[str], path: str) -> bool | None:
    """Return whether they match; None: they are refused."""
    try:
        wanted = globs.compiled(patterns)
    except PykcovError:
        return None
    return wanted is not None and wanted.fullmatch(path) is not None


def theirs(patterns: list[str], path: str) -> bool | None:
    try:
        return GlobMatcher(prep_patterns(patterns)).match(path)
    except (ConfigError, re.error):
        return None


@given(st.lists(PATTERNS, min_size=1, max_size=3), PATHS, st.booleans())
@example(["*/migrations/*"], "/x/app/migrations/m1.py", False)
@example(["*/app/*"], "/app/a.py", False)
@example(["a/"], "/a/b.py", True)
@example(["a"], "/b/a", False)
@example(["a/*"], "/a/b/b.py", True)
@example(["**/a/**"], "/b/a/b", False)
@example(["?.py"], "/b/a.py", False)
def test_patterns(patterns: list[str], path: str, here: bool) -> None:
    if here:  # below the working directory, where relative ones are
        path = str(Path.cwd()) + path
    assert ours(patterns, path) == theirs(patterns, path)


@pytest.fixture(scope="module")
def anything_exists() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os.path, "exists", lambda _: True)
        yield


def names_a_folder(pattern: str) -> bool:
    """It does not end in a wildcard, and is more than backslashes, which ntpath.isabs() takes for
    absolute until 3.12 only."""
    bare = pattern.rstrip("/\\")
    return not bare.endswith("*") and (bare != "" or "\\" not in pattern)


@given(
    PATTERNS.filter(names_a_folder),
    st.one_of(PATHS, PATHS.map(lambda path: f"c:{path}"), PATHS.map(lambda path: path[1:])),
    st.sampled_from(["", "C:", "c:/"]),
)
@pytest.mark.usefixtures("anything_exists")
def test_paths(pattern: str, path: str, drive: str) -> None:
    aliases = PathAliases()
    expected: str | None
    try:
        aliases.add(drive + pattern, "/nowhere/here")
        expected = aliases.map(path, exists=lambda _: True)
    except (ConfigError, re.error):
        expected = None
    found: str | None
    try:
        found = renamer({"one": ["/nowhere/here", drive + pattern]})(path)
    except PykcovError:
        found = None
    assert found == expected


FOLDERS = ("a", "a/b", "ab", "link", "a/../ab")


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("tree")
    for name in ("a/b", "ab"):
        (root / name).mkdir(parents=True)
    (root / "link").symlink_to("a")
    return root


@given(
    st.lists(st.sampled_from(FOLDERS), min_size=1, max_size=3),
    st.sampled_from(FOLDERS),
    st.sampled_from(["m.py", "b/m.py", "../m.py", ""]),
)
def test_source_directories(tree: Path, sources: list[str], folder: str, name: str) -> None:
    path = str(tree / folder / name)
    places = [str(tree / source) for source in sources]
    assert Selection(places).matches(None, path) == TreeMatcher(places).match(path)


NAMES = st.lists(st.sampled_from(["a", "b", "ab"]), min_size=1, max_size=3).map(".".join)


@given(st.lists(NAMES, min_size=1, max_size=3), NAMES)
def test_packages(packages: list[str], module: str) -> None:
    expected = ModuleMatcher(packages).match(module)
    assert Selection(packages=packages).matches(module, "/nowhere/m.py") == expected


def test_a_script_is_found_by_its_name() -> None:
    assert Selection(["prog"]).matches("__main__", "/nowhere/prog.py")
    assert not Selection(["prog"]).matches("__main__", "/nowhere/other.py")


def test_a_folder_is_no_pattern_for_what_is_in_it(tree: Path) -> None:
    (line,) = Selection([], omit=[f"{tree}/a/"]).complaints()
    assert f"'{tree}/a/*'" in line
    assert "[pattern-folder]" in line
    assert not Selection([], omit=[f"{tree}/a/*", "*/x/"]).complaints()


@pytest.mark.parametrize(("pattern", "slug"), [("", "glob-empty"), ("a**", "glob-bad")])
def test_what_is_refused(pattern: str, slug: str) -> None:
    with pytest.raises(PykcovError) as raised:
        Selection([], omit=[pattern])
    assert raised.value.slug == slug


@pytest.mark.parametrize("kind", ["_standard", "_third_party"])
def test_a_link_out_of_a_library_is_the_librarys(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    """As Debian's sitecustomize.py is, and each file of a package that an installer has linked."""
    library, elsewhere = tmp_path / "library", tmp_path / "elsewhere"
    library.mkdir()
    elsewhere.mkdir()
    (elsewhere / "m.py").touch()
    (library / "m.py").symlink_to(elsewhere / "m.py")
    selection = Selection()
    assert selection.matches("m", f"{elsewhere}/m.py")
    selection = Selection()
    monkeypatch.setattr(selection, kind, (str(library),))
    assert not selection.matches("m", f"{library}/m.py")
    assert selection.matches("m", f"{elsewhere}/m.py")
