"""How often statements were begun: as a trace function tells it, under every CPython the same."""

from __future__ import annotations

import ast
import contextlib
import importlib
import io
from pathlib import Path

import pytest
from tests.report.counting_oracle import begun, spread
from tests.report.made import hits

pytestmark = pytest.mark.once

LOOPS = (ast.For, ast.AsyncFor, ast.While)
COUNTED = sorted((Path(__file__).parent / "counted").glob("*.txt"))

# Counted by hand: by file, line and times.
BY_HAND = {
    "parentheses": {3: 4, 8: 3, 14: 8, 19: 4, 29: 4, 38: 1, 42: 4},
    "case_over_lines": {4: 7, 9: 5},
    "await_in_finally": {9: 3, 17: 5},
    "except_star_call_alone": {7: 3},
    "except_star": {7: 2, 9: 1, 23: 1},
    "nested_finally": {17: 7},
    "with_conditional": {5: 3},
    "with_that_swallows": {17: 2},
}

USES = {
    "textwrap": """
for width in (10, 20, 40):
    wrap(__doc__ * 3, width)
    fill("a-b " * 50 + "x" * 50, width, max_lines=3)
    shorten("hello  world " * 3, width)
dedent("  a\\n   b\\n\\n  c"), indent("a\\nb", " ")
""",
    "shlex": """
for text in ('a "b c" d', "x 'y' z # k", "a b"):
    join(split(text, comments=True)), quote(text), list(shlex(text, punctuation_chars=True))
""",
    "difflib": """
a, b = "one two three four".split(), "one tree for five two".split()
list(unified_diff(a, b)), list(ndiff(a, b)), get_close_matches("tow", b), HtmlDiff().make_file(a, b)
""",
}


def with_more(text: str) -> set[int]:
    """Lines on which something else is begun, too: a lambda, or the body of a loop or function."""
    found = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Lambda):
            found.add(node.body.lineno)
        elif isinstance(node, (*LOOPS, ast.FunctionDef)) and node.body[0].lineno == node.lineno:
            found.add(node.lineno)
    return found


def differing(folder: Path, text: str) -> dict[int, tuple[int, int]]:
    """By line, what the oracle says, and pykcov."""
    path = folder / "subject.py"
    path.write_text(text, encoding="utf-8")
    with contextlib.redirect_stdout(io.StringIO()):
        told = begun(
            text, compile(text, str(path), "exec", dont_inherit=True), {"__name__": "subject"}
        )
        found = hits(path)
    assert len(told) > 5
    aside = with_more(text)
    return {n: (told[n], found[n]) for n in told if n not in aside and told[n] != found[n]}


@pytest.mark.parametrize("path", COUNTED, ids=lambda path: path.stem)
def test_statements_are_begun_as_often_as_a_trace_function_tells(
    path: Path, tmp_path: Path
) -> None:
    text = path.read_text(encoding="utf-8")
    assert differing(tmp_path, text) == {}
    assert differing(tmp_path, spread(text)) == {}


@pytest.mark.parametrize("name", BY_HAND)
def test_statements_are_begun_as_often_as_counted_by_hand(name: str, tmp_path: Path) -> None:
    path = tmp_path / "subject.py"
    path.write_bytes((Path(__file__).parent / "counted" / f"{name}.txt").read_bytes())
    found = hits(path)
    assert {n: found[n] for n in BY_HAND[name]} == BY_HAND[name]


def test_a_text_is_spread_over_lines() -> None:
    text = "if a and f(b, [1]):\n    return (x)\n"
    lines = spread(f"def g():\n    {text.replace(chr(10), chr(10) + '    ')}").split("\n")
    assert [line.strip() for line in lines if line.strip()] == [
        "def g(", "):", "if (", "a", "and f(", "b,", "[", "1", "]", ")", "):", "return (", "x", ")",
    ]  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("name", USES)
def test_real_modules(name: str, tmp_path: Path) -> None:
    path = importlib.import_module(name).__file__
    assert path is not None
    text = Path(path).read_text(encoding="utf-8").replace("if __name__ ==", "if not __name__ and")
    text += USES[name]
    assert differing(tmp_path, text) == {}
    assert differing(tmp_path, spread(text)) == {}
