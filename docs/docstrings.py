"""A griffe extension: docstrings name parameters as "size: of the area. mode: ...", in a paragraph.

The API reference shows such a paragraph as a list. It also links pages and methods of messages.
"""

from __future__ import annotations

import re
from typing import Any

import griffe

_PAGE = re.compile(r"\bdocs/([\w-]+\.md)")
_NAMES = r"[a-z_]+(?:, [a-z_]+)*"
_ENTRY = re.compile(rf"(?:^|(?<=[.?] ))({_NAMES}): ")
_CODE = re.compile(r"(?<![`\w.])((?:[A-Za-z_]\w*\.)*[a-z_]\w*\(\))(?!`)")


def shown(text: str, names: set[str]) -> str:
    """Return a docstring as Markdown, with entries for `names` as a list."""
    return "\n\n".join(_paragraph(one, names) for one in text.split("\n\n"))


def _paragraph(text: str, names: set[str]) -> str:
    if text.startswith((" ", "\t")) or "```" in text:
        return text
    text = " ".join(text.split("\n")) if "\n-" not in text and "\n    " not in text else text
    text = _PAGE.sub(r"[\1](../\1)", _CODE.sub(r"`\1`", text))
    starts = [m for m in _ENTRY.finditer(text) if set(m[1].split(", ")) <= names]
    if not starts:
        return text
    ends = [m.start() for m in starts[1:]] + [len(text)]
    entries = [
        f"- **{', '.join(f'`{n}`' for n in m[1].split(', '))}**: {text[m.end() : end].strip()}"
        for m, end in zip(starts, ends, strict=True)
    ]
    before = text[: starts[0].start()].strip()
    return "\n\n".join(part for part in (before, "\n".join(entries)) if part)


class Docstrings(griffe.Extension):
    """Change each docstring once it is loaded."""

    def on_object(self, *, obj: Any, **_: Any) -> None:
        """Change the docstring of a function or class; names are its parameters and attributes."""
        if obj.docstring is None or obj.is_module:
            return
        names = {p.name for p in obj.parameters} if obj.is_function or obj.is_class else set()
        if obj.is_class:
            names |= set(obj.members)
        obj.docstring.value = shown(obj.docstring.value, names)
