"""Parsers and a template engine from PyPI, all in pure Python, on input that people wrote.

The input comes with installed packages: documentation and pages of pyperformance's data files,
README files, Python files, and queries in SQL.
"""

from __future__ import annotations

import ast
import importlib.metadata
import importlib.util
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bench.programs import PARSERS, Program, installed

Call = Callable[[], Any]


def _data() -> Path:
    """The folder of pyperformance's benchmarks."""
    spec = importlib.util.find_spec("pyperformance")
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parent / "data-files" / "benchmarks"


def _strings(path: Path, longer: int) -> list[str]:
    """The long string literals of a Python file."""
    nodes = ast.walk(ast.parse(path.read_text(encoding="utf-8")))
    values = (node.value for node in nodes if isinstance(node, ast.Constant))
    return [value for value in values if isinstance(value, str) and len(value) > longer]


def _docutils() -> Call:
    from docutils.core import publish_string

    text = (_data() / "bm_docutils/data/docs/user/tools.txt").read_text(encoding="utf-8")[:6000]
    settings = {"output_encoding": "unicode", "report_level": 5}
    return lambda: publish_string(text, writer="html5", settings_overrides=settings)


def _html5lib() -> Call:
    import html5lib

    text = (_data() / "bm_html5lib/data/w3_tr_html5.html").read_text(encoding="utf-8")[:20000]

    def run() -> Any:
        return html5lib.serialize(html5lib.parse(text))

    return run


def _lark() -> Call:
    import lark
    from lark.indenter import PythonIndenter

    options = {"parser": "lalr", "postlex": PythonIndenter(), "start": "file_input"}
    parser = lark.Lark.open_from_package("lark", "python.lark", ["grammars"], **options)
    text = (_data() / "bm_nqueens/run_benchmark.py").read_text(encoding="utf-8")
    return lambda: parser.parse(text).pretty()


def _markdown() -> Call:
    from markdown_it import MarkdownIt

    packages = ("markdown-it-py", "coverage", "lark")
    metadata: Any = importlib.metadata.metadata  # of a README: the body of a message
    text = "\n".join(metadata(name).get_payload() for name in packages)
    return lambda: MarkdownIt("commonmark").enable("table").render(text)


def _sqlparse() -> Call:
    import sqlparse

    queries = _strings(_data() / "bm_sqlglot_v2/run_benchmark.py", 400)
    return lambda: [sqlparse.format(query, reindent=True) for query in queries]


def _mako() -> Call:
    from mako.template import Template

    texts = _strings(_data() / "bm_mako/run_benchmark.py", 250)
    return lambda: [Template(text).source for text in texts]


LOADS: dict[str, Callable[[], Call]] = {
    "docutils": _docutils,
    "html5lib": _html5lib,
    "lark": _lark,
    "mako": _mako,
    "markdown_it": _markdown,
    "sqlparse": _sqlparse,
}


def programs() -> list[Program]:
    """Return those that are installed."""
    if not installed("pyperformance"):
        return []
    there = {name: load for name, load in LOADS.items() if installed(name)}
    return [Program(name, PARSERS, (name,), load) for name, load in there.items()]
