"""User-facing errors and warnings: one clear line, with a slug that docs/messages.md explains.

Errnos are not among them: they go back to the client as OSErrors, which fail() makes.
"""

from __future__ import annotations

import logging
import os


def fail(error: int, why: str = "", path: str | None = None) -> OSError:
    """Return the OSError for an errno, including those that only Linux itself uses."""
    text = os.strerror(error) + (f" ({why})" if why else "")
    return OSError(error, text) if path is None else OSError(error, text, path)


def _as_line(text: str) -> str:
    """Return the text with unprintable characters escaped: a path, or the content of a damaged
    file, may contain newlines and terminal control sequences."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)


class PykcovError(Exception):
    """Bad input, or a machine that can't do what was asked; `slug` names it in docs/messages.md."""

    def __init__(self, slug: str, message: str) -> None:
        message = _as_line(message)
        super().__init__(f"{message} [{slug}]")
        self.slug = slug
        self.message = message

    def __reduce__(self) -> tuple[type[PykcovError], tuple[str, str]]:
        return type(self), (self.slug, self.message)


class PykcovWarning(UserWarning):
    """A probable user mistake; `slug` names it in docs/messages.md."""

    def __init__(self, slug: str, message: str) -> None:
        message = _as_line(message)
        super().__init__(f"{message} [{slug}]")
        self.slug = slug


# Set by tests, so that a bug in pykcov raises. Otherwise it is logged, and the program goes on.
raise_own_bugs = False

_logged: set[str] = set()


def warn_once(error: PykcovError, text: str) -> None:
    """Log `text` and the error, once for each slug; the program goes on with a part missing."""
    if error.slug not in _logged:
        _logged.add(error.slug)
        logging.getLogger("pykcov").warning("%s: %s", text, error)


def own_bug(slug: str, message: str) -> None:
    """Report an exception that is pykcov's own fault: log it once for each slug, with its stack.

    Call it in an `except` block. Re-raises the exception if raise_own_bugs is set.
    """
    if raise_own_bugs:
        raise
    if slug not in _logged:
        _logged.add(slug)
        logging.getLogger("pykcov").exception("%s; the program goes on [%s]", message, slug)
