"""docs/architecture.md, and the decisions, name files that exist, and locks that are in them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import pykcov
import pykcov.guest
import pykcov.kernel

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "src" / "pykcov"
ARCHITECTURE = ROOT / "docs" / "architecture.md"
PAGES = [ARCHITECTURE, *sorted((ROOT / "docs" / "decisions").glob("*.md"))]
NAMED = re.compile(r"`([\w./]+(?:\.(?:py|c|h|md|pyi|cfg)|/))`")
LOCK = re.compile(r"^[│├└─ ]*([\w/]+\.(?:py|h|c)) (?:\w+\.)?(\w+)(?:\(\))? ", re.MULTILINE)


def exists(name: str) -> bool:
    """Is there such a file in the repository, or at the end of a path in the package?"""
    return (ROOT / name).exists() or any(PACKAGE.rglob(name.rstrip("/")))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_files_that_are_named_exist(page: Path) -> None:
    named = set(NAMED.findall(page.read_text(encoding="utf-8")))
    assert page != ARCHITECTURE or len(named) > 60
    if page != ARCHITECTURE:  # they speak of files of the tests' and of projects', too
        named = {name for name in named if name.endswith((".py", ".c", ".h")) and "/" in name}
    missing = {name for name in named if not exists(name)}
    assert not missing


def test_every_folder_is_described() -> None:
    text = ARCHITECTURE.read_text(encoding="utf-8")
    table = text.partition("## Folders")[2].partition("## ")[0]
    described = set(re.findall(r"^\| `(\w+)/` \|", table, re.MULTILINE))
    assert described == {path.parent.name for path in PACKAGE.glob("*/__init__.py")}


def test_locks_of_the_tree_are_in_their_files() -> None:
    text = ARCHITECTURE.read_text(encoding="utf-8")
    tree = text.partition("## Order of locks")[2].partition("```text")[2].partition("```")[0]
    locks = LOCK.findall(tree)
    assert len(locks) > 15
    for file, name in locks:
        assert re.search(rf"\b{name}\b", (PACKAGE / file).read_text(encoding="utf-8")), (file, name)


def test_locks_of_modules_are_in_the_tree() -> None:
    text = ARCHITECTURE.read_text(encoding="utf-8")
    made = re.compile(r"threading\.R?Lock\(\)|PTHREAD_MUTEX_INITIALIZER|pthread_mutex_t \w+;")
    for path in [*PACKAGE.rglob("*.py"), *PACKAGE.rglob("*.[ch]")]:
        if made.search(path.read_text(encoding="utf-8")):
            assert str(path.relative_to(PACKAGE)) in text, path


def test_the_reference_has_every_public_name() -> None:
    pages = (ROOT / "docs" / "reference").glob("*.md")
    listed = set(re.findall(r"^::: (\S+)", "\n".join(page.read_text() for page in pages), re.M))
    for module in (pykcov, pykcov.kernel, pykcov.guest):
        assert {f"{module.__name__}.{name}" for name in module.__all__} <= listed


def test_every_decision_is_listed() -> None:
    folder = ROOT / "docs" / "decisions"
    listed = re.findall(r"\]\((\d[\w-]+\.md)\)", (folder / "README.md").read_text())
    assert sorted(listed) == sorted(page.name for page in folder.glob("[0-9]*.md"))
