"""What a target of the fuzzer is, and the names of all."""

from __future__ import annotations

import contextlib
import importlib
import io
import os
import re
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from random import Random
from typing import NamedTuple
from unittest import mock

from tests.fuzz.mutation import mutated

from pykcov.cli import main as cli
from pykcov.errors import PykcovError

NAMES = ("client", "config", "data", "entry", "handles", "memory", "protocol", "store", "trace")
# Inputs that have found something, by target; of one CPython alone where the suffix says so.
FOUND = Path(__file__).parent / "found"
_ROOT = Path(__file__).parents[2]
_SLUGS = frozenset(
    re.findall(r"^`([a-z-]+)`", (_ROOT / "docs/messages.md").read_text("utf-8"), re.MULTILINE)
)


class Failure(Exception):  # noqa: N818 - it is what is looked for
    """The input has found something."""


def require(holds: object, what: str) -> None:
    """Raise Failure where it does not hold."""
    if not holds:
        raise Failure(what)


class Target(ABC):
    """Something that reads bytes. One is made a process, in an empty folder that it may use.

    memory: bytes that the process may have.
    """

    name = ""
    memory = 4 << 30
    words: Sequence[bytes] = ()  # what may stand somewhere in an input
    outcome = ""  # of the last input

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.seeds: list[bytes] = []

    def make(self, random: Random, corpus: Sequence[bytes]) -> bytes:
        """Return an input, made of others."""
        return mutated(random, random.choice(corpus), corpus, self.words)

    @abstractmethod
    def check(self, data: bytes) -> str:
        """Have it read an input; return what came of it, in a word or two: an input of which
        something new comes is made others of.

        Raises Failure; and any other exception that is not of the documented kind is one, too."""

    def close(self) -> None:  # noqa: B027 - most have nothing to look at
        """All inputs have been read. Raises Failure when something was left behind."""


def target(name: str, folder: Path) -> Target:
    """Return the target of that name."""
    made = importlib.import_module(f"tests.fuzz.{name}").Fuzzed(folder)
    assert isinstance(made, Target)
    return made


def known(slug: str) -> str:
    """Return an error's slug. Raises Failure when the documentation does not have it."""
    require(slug in _SLUGS, f"an error that is not documented: {slug!r}")
    return slug


def refused(error: PykcovError) -> str:
    """Return what came of an input that was refused. Raises Failure when that is not told in one
    line, with a slug that is documented."""
    require(str(error).isprintable(), f"an error that is no line: {str(error)!r}")
    return f"{known(error.slug)}: {error.message[-40:]}"


@contextmanager
def inside(folder: Path) -> Iterator[None]:
    """Work in a folder."""
    before = Path.cwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)


class Ended(NamedTuple):
    """What a command ended with. slugs: of what it said."""

    status: int
    out: str
    slugs: list[str]
    told: str


def command(*words: str, stdin: bytes = b"") -> Ended:
    """Run the command line in this process. Raises Failure when it ends in another way than with
    lines that say why."""
    out, told = io.TextIOWrapper(io.BytesIO(), encoding="utf-8"), io.StringIO()
    given = io.TextIOWrapper(io.BytesIO(stdin), encoding="utf-8")
    status: object = None
    with (
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(told),
        _stdin(given),
        mock.patch.object(
            cli, "VERBS", {words[0]: cli.VERBS[words[0]]}
        ),  # others' parsers take long
        contextlib.suppress(SystemExit),
    ):
        try:
            cli.main(list(words))
        except SystemExit as end:
            status = end.code
            raise
    out.flush()
    text = told.getvalue()
    require(isinstance(status, int), f"{words} ended with {status!r}")
    assert isinstance(status, int)
    for line in text.splitlines():
        require(line.startswith("pykcov: ") and line.isprintable(), f"a line that says {line!r}")
    slugs = [known(slug) for slug in re.findall(r"\[([a-z-]+)\]$", text, re.MULTILINE)]
    require(status == 0 or text, f"{words} ended with {status}, and said nothing")
    assert isinstance(out.buffer, io.BytesIO)
    return Ended(status, out.buffer.getvalue().decode(), slugs, text)


@contextmanager
def _stdin(stream: io.TextIOWrapper) -> Iterator[None]:
    import sys

    before, sys.stdin = sys.stdin, stream
    try:
        yield
    finally:
        sys.stdin = before
