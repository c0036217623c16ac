"""What a person is told: one clear line with a slug that docs/messages.md explains.

An errno is not one of these: it is an OSError's value and goes back to the client; fail() makes it.
"""

from __future__ import annotations

import logging
import os


def fail(error: int, why: str = "", path: str | None = None) -> OSError:
    """Return the OSError for an errno, Linux's internal ones included."""
    text = os.strerror(error) + (f" ({why})" if why else "")
    return OSError(error, text) if path is None else OSError(error, text, path)


def _as_line(text: str) -> str:
    """Return the text with escapes for what can't be printed: a path, or a damaged file's content,
    may have line ends and terminals' commands in it."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)


class PykcovError(Exception):
    """Bad input or a machine that cannot do what was asked; `slug` names it in docs/messages.md."""

    def __init__(self, slug: str, message: str) -> None:
        message = _as_line(message)
        super().__init__(f"{message} [{slug}]")
        self.slug = slug
        self.message = message

    def __reduce__(self) -> tuple[type[PykcovError], tuple[str, str]]:
        return type(self), (self.slug, self.message)


class PykcovWarning(UserWarning):
    """What may be a mistake of the user's; `slug` names it in docs/messages.md."""

    def __init__(self, slug: str, message: str) -> None:
        message = _as_line(message)
        super().__init__(f"{message} [{slug}]")
        self.slug = slug


# Tests set this: a broken invariant of ours raises. In use it is logged, and the program goes on.
raise_own_bugs = False

_logged: set[str] = set()


def warn_once(error: PykcovError, text: str) -> None:
    """Log `text` and what is wrong, once for each slug: the program goes on without something."""
    if error.slug not in _logged:
        _logged.add(error.slug)
        logging.getLogger("pykcov").warning("%s: %s", text, error)


def own_bug(slug: str, message: str) -> None:
    """Report an exception that is pykcov's own fault: log it once for each slug, with its stack.

    Call it in an `except` block. Raises the exception on where tests have said so.
    """
    if raise_own_bugs:
        raise
    if slug not in _logged:
        _logged.add(slug)
        logging.getLogger("pykcov").exception("%s; the program goes on [%s]", message, slug)
