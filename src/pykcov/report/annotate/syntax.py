"""Syntax highlighting: finds the kinds of words in Python source with Python's own tokenizer."""

from __future__ import annotations

import io
import keyword
import token as tokens
import tokenize
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping

Kinds = Mapping[int, list[tuple[int, int, str]]]  # by line: columns of start and end, and the kind
KEYWORD, NAME, STRING, NUMBER, COMMENT = "k", "d", "s", "n", "c"

# The C tokenizer (3.12) counts a line's characters again at each of its tokens: a square.
_LONGEST = 20_000

_KINDS = {tokens.STRING: STRING, tokens.NUMBER: NUMBER, tokens.COMMENT: COMMENT} | {
    kind: STRING for name, kind in vars(tokens).items() if name.startswith(("FSTRING_", "TSTRING_"))
}


def kinds(text: str) -> Kinds:
    """Return the kinds of a text whose lines end with one newline; names where they are defined.

    If it is not valid Python, or a line is very long, the rest has none.
    """
    found: defaultdict[int, list[tuple[int, int, str]]] = defaultdict(list)
    lines = text.split("\n")
    try:
        for kind, (first, start), (last, end) in _words(text):
            for line in range(first, last + 1):
                begin = start if line == first else 0
                if found[line]:  # `{{` within an f-string is told to be shorter than it is
                    begin = max(begin, found[line][-1][1])
                stop = end if line == last else len(lines[line - 1])
                if begin < stop:
                    found[line].append((begin, stop, kind))
    except (tokenize.TokenError, SyntaxError, ValueError):
        pass
    return found


def _words(text: str) -> Iterator[tuple[str, tuple[int, int], tuple[int, int]]]:
    defines = False
    for token in tokenize.generate_tokens(_reader(text)):
        kind = _KINDS.get(token.type)
        if token.type == tokens.NAME:
            kind = KEYWORD if keyword.iskeyword(token.string) else NAME if defines else None
            defines = token.string in ("def", "class")
        if kind is not None:
            yield kind, token.start, token.end


def _reader(text: str) -> Callable[[], str]:
    source = io.StringIO(text)

    def line() -> str:
        read = source.readline()
        if len(read) > _LONGEST:
            raise ValueError("a very long line")
        return read

    return line
