"""MkDocs hooks: what the site needs and a code host doesn't.

Top-level files, the README among them, become pages of the site, so that each text exists once.
Links to source files become plain text, because the site has no source files. Decisions are listed
by their numbers.
"""

from __future__ import annotations

import posixpath
import re
from pathlib import Path
from typing import Any

from mkdocs.structure.files import File, Files

ROOT = Path(__file__).parents[1]
# Files at the top of the repository, and the pages that are made from them.
TOP_LEVEL = {
    "README.md": "index.md",
    "CONTRIBUTING.md": "contributing.md",
    "CHANGELOG.md": "changelog.md",
    "SECURITY.md": "security.md",
}
_LINK = re.compile(r"(?<!!)\[([^\]]+)\]\(([^)#\s]+)(#[^)\s]*)?\)")


def on_config(config: Any) -> Any:
    """List all decisions in the navigation."""
    folder = ROOT / "docs" / "decisions"
    pages = [page.name for page in folder.glob("[0-9]*.md")]
    pages.sort(key=lambda name: int(name.partition("-")[0]))
    section = next(entry["Decisions"] for entry in config.nav if "Decisions" in entry)
    for name in pages:
        title = (folder / name).read_text(encoding="utf-8").partition("\n")[0].removeprefix("# ")
        section.append({title: f"decisions/{name}"})
    return config


def on_files(files: Files, config: Any) -> Files:
    """Add the pages made from top-level files, as if they were in docs/."""
    for source, page in TOP_LEVEL.items():
        text = (ROOT / source).read_text(encoding="utf-8")
        text = _LINK.sub(lambda m: f"[{m[1]}]({_from_docs(m[2])}{m[3] or ''})", text)
        text = text.replace("](docs/", "](").replace('src="docs/', 'src="')  # images
        if page == "index.md":
            text = f"---\nhide: [navigation]\n---\n{text}"
        files.append(File.generated(config, page, content=text))
    return files


def _from_docs(target: str) -> str:
    """Return a top-level file's link as one of a file in docs/."""
    return target if "://" in target else posixpath.relpath(target, "docs")


def on_page_markdown(markdown: str, *, page: Any, files: Files, **_: Any) -> str:
    """Point links to pages of the site, and unlink what isn't one."""
    folder = posixpath.dirname(page.file.src_uri)

    def replaced(match: re.Match[str]) -> str:
        text, target, anchor = match[1], match[2], match[3] or ""
        if "://" in target:
            return match[0]
        path = posixpath.normpath(posixpath.join(folder, target))
        path = TOP_LEVEL.get(path.removeprefix("../"), path) if path.startswith("../") else path
        if (ROOT / "docs" / path).is_dir() and not path.startswith("../"):
            path += "/README.md"
        if files.get_file_from_path(path) is None and (ROOT / "docs" / path).exists():
            return text
        return f"[{text}]({posixpath.relpath(path, folder or '.')}{anchor})"

    return _LINK.sub(replaced, markdown)
