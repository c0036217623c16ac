"""What the project says of itself: slugs, generated pages, public names, sizes."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from types import ModuleType

import pytest

import pykcov

pytestmark = pytest.mark.once

ROOT = Path(__file__).parents[2]
SOURCES = sorted((ROOT / "src").rglob("*.py"))
SLUG = re.compile(
    r'(?:PykcovError|PykcovWarning|own_bug)\(\s*"([a-z-]+)"|super\(\).__init__\("([a-z-]+)",|\[([a-z]+(?:-[a-z]+)*)\]"'
)
# Two slugs are chosen by a condition inside the call.
CHOSEN = re.compile(r'"(store-[a-z]+)" if create else "(store-[a-z]+)"')


def test_messages_and_documentation_have_the_same_slugs() -> None:
    text = "\n".join(path.read_text(encoding="utf-8") for path in SOURCES)
    used = {slug for match in SLUG.findall(text) for slug in match if slug}
    used |= {slug for match in CHOSEN.findall(text) for slug in match}
    page = (ROOT / "docs" / "messages.md").read_text(encoding="utf-8")
    documented = set(re.findall(r"^`([a-z-]+)` - ", page, re.MULTILINE))
    assert used == documented


def generator() -> ModuleType:
    spec = importlib.util.spec_from_file_location("generate", ROOT / "docs" / "generate.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_generated_pages_and_quoted_figures_are_up_to_date() -> None:
    documents = generator().documents()
    assert {ROOT / "README.md", ROOT / "docs/performance.md"} <= documents.keys()
    for path, text in documents.items():
        assert path.read_text(encoding="utf-8") == text, f"{path.relative_to(ROOT)}: run make docs"
        assert not re.search("^ *<!-- =", text, re.MULTILINE), f"{path.name}: it ends the paragraph"


def test_public_names_exist_and_are_sorted() -> None:
    assert pykcov.__all__ == sorted(pykcov.__all__)
    for name in pykcov.__all__:
        assert getattr(pykcov, name).__doc__, name


def test_no_file_makes_you_scroll_for_long() -> None:
    files = [*SOURCES, *(ROOT / "src").rglob("*.[ch]"), *(ROOT / "bench").rglob("*.py")]
    long = {
        str(path.relative_to(ROOT)): lines
        for path in files
        if (lines := path.read_text(encoding="utf-8").count("\n")) > 320
    }
    assert not long
