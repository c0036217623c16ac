"""File patterns, with coverage.py's syntax.

`?` and `*` don't match slashes. `*/` at the start matches any folders above, or none; `/*` at the
end matches everything below; `**/` matches any folders, or none; `[...]` is as in regular
expressions. A pattern without a slash is a file name, in any folder. Slashes match backslashes,
too, for paths of other machines. Patterns are case-sensitive.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable

from pykcov.errors import PykcovError

_SLASH = r"[/\\]"
_FOLDERS = rf"(?:.*{_SLASH})?"
# Token and replacement, in the order in which they are tried; None: not allowed.
_TOKENS = [
    (re.compile(found), becomes)
    for found, becomes in (
        (r"\*\*\*+|[^/]+\*\*+|\*\*+[^/]+|\*\*/\*\*", None),
        (r"^\*+/", _FOLDERS),
        (r"/\*+$", rf"{_SLASH}.*"),
        (r"\*\*/", _FOLDERS),
        (r"/", _SLASH),
        (r"\*", r"[^/\\]*"),
        (r"\?", r"[^/\\]"),
        (r"\[.*?\]|[a-zA-Z0-9_-]+", ""),
        (r"[\[\]]", None),
    )
]


# The form of a path that patterns are matched against: absolute, links resolved.
canonical = os.path.realpath


def translated(pattern: str) -> str:
    """Return the regular expression for a pattern. Raises PykcovError glob-bad."""
    text = pattern.replace("\\", "/")
    if "/" not in text:
        text = f"**/{text}"
    out, at = [], 0
    while at < len(text):
        for token, becomes in _TOKENS:
            if (found := token.match(text, at)) is not None:
                if becomes is None:
                    raise _bad(pattern, f"{found[0]!r} is not allowed in it")
                out.append(becomes or found[0])
                at = found.end()
                break
        else:
            out.append(re.escape(text[at]))
            at += 1
    made = "".join(out)
    try:
        re.compile(made)
    except re.error as error:
        raise _bad(pattern, str(error)) from None
    return made


def _bad(pattern: str, why: str) -> PykcovError:
    return PykcovError("glob-bad", f"cannot read the pattern {pattern!r}: {why}")


def literal(path: str) -> str:
    """Return a pattern for a path: special characters become `?`, because they can't be quoted."""
    return re.sub(r"[*?\[\]]", "?", path)


def compiled(patterns: Iterable[str]) -> re.Pattern[str] | None:
    """Return what fullmatches canonical() paths that one of the patterns names; None without any.

    A pattern that begins with neither `*` nor `?` is also taken against the working directory.
    Raises PykcovError: glob-empty, glob-bad.
    """
    parts = []
    for pattern in patterns:
        if not pattern:
            text = "an empty pattern for --include or --omit matches nothing"
            raise PykcovError("glob-empty", text)
        parts.append(translated(pattern))
        if not pattern.startswith(("*", "?")):
            parts.append(translated(canonical(pattern)))
    return re.compile("|".join(f"(?:{part})" for part in parts)) if parts else None


def prefix(pattern: str) -> re.Pattern[str]:
    """Return what matches the begin of paths that are below a folder, slash included: a pattern of
    `paths`. Unlike others, these find upper case in lower case. Raises PykcovError glob-bad."""
    text = pattern.rstrip("/\\") or pattern
    separator = "\\" if "/" not in pattern and "\\" in pattern else "/"
    # A drive or two backslashes: another system's absolute path.
    if not text.startswith(("*", "/", "\\")) and not re.match(
        r"[A-Za-z]:[/\\]", f"{text}{separator}"
    ):
        text = canonical(text)
    return re.compile(translated(text.rstrip("/\\") + separator), re.IGNORECASE)


def folders_named(patterns: Iterable[str]) -> list[str]:
    """Return the patterns that name a folder that is there: they match no file in it."""
    return [pattern for pattern in patterns if os.path.isdir(pattern)]  # noqa: PTH112 - False, too
