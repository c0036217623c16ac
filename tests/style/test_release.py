"""What goes to a package index: the version, the readme, and setup.py where it can't build."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest

import pykcov

pytestmark = pytest.mark.once

ROOT = Path(__file__).parents[2]
# setup.py with a setup() that prints what the index would show, on a platform that is given.
READ = """
import runpy, sys, setuptools.command.build_ext
sys.platform = sys.argv[1]
setuptools.setup = lambda **given: print(given["long_description"])
runpy.run_path("setup.py")
"""


def python(
    *words: str | Path, env: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *words], cwd=ROOT, env={**os.environ, **(env or {})}, text=True,
        capture_output=True, timeout=60, check=False,
    )  # fmt: skip


def test_the_version_is_the_changelogs_newest() -> None:
    heading = re.search(r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text("utf-8"), re.MULTILINE)
    assert heading is not None
    assert heading[1] == pykcov.__version__ == metadata.version("pykcov")


def test_the_indexs_readme_has_links_to_other_sites_only() -> None:
    done = python("-c", READ, "linux")
    assert done.returncode == 0, done.stderr
    targets = re.findall(r"\]\(([^)]*)\)|src=\"([^\"]*)\"", done.stdout)
    assert targets
    assert all(link.startswith("https://") for link, _ in targets)
    # Code and headings are as they were.
    kept = re.compile(r"^```.*?^```|^#.*?$", re.MULTILINE | re.DOTALL)
    source = (ROOT / "README.md").read_text("utf-8")
    assert kept.findall(done.stdout) == kept.findall(source)


@pytest.mark.parametrize("platform", ["darwin", "win32"])
def test_another_system_is_refused_in_one_line(platform: str) -> None:
    done = python("-c", READ, platform)
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert f"needs CPython on Linux, and this is cpython on {platform}; use" in done.stderr


@pytest.mark.slow
def test_without_a_compiler_the_last_line_says_what_to_install(tmp_path: Path) -> None:
    built = ("--force", "--build-temp", tmp_path / "temp", "--build-lib", tmp_path / "lib")
    done = python("setup.py", "-q", "build_ext", *built, env={"CC": str(tmp_path / "no-cc")})
    assert done.returncode == 1
    last = done.stderr.splitlines()[-1]
    assert last.startswith("pykcov: the compiler failed (")
    assert "apt-get install gcc python3-dev" in last
