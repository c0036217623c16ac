"""Pages of annotated sources, and an index: HTML, one style sheet and one script, for use offline.

Every character of a source stands in its page as it is, but for the five that HTML would take for
its own, and NUL, which HTML can't have. All else that comes from outside, paths and names of
functions, goes through the same escape().
"""

from __future__ import annotations

import html
import json
import os
from bisect import bisect_right
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path

from pykcov.report.annotate.source import HEATS, HitRange, Line, Source, heat
from pykcov.report.annotate.syntax import kinds
from pykcov.report.annotate.terminal import HITS, LINE, SOURCE, short

STATIC = ("page.css", "page.js")

HEAD = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{title}</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="page.css">
<script src="page.js" defer></script>
<noscript><style>.tools {{ display: none; }}</style></noscript>
</head>
"""
Keys = tuple[tuple[tuple[str, ...], str], ...]
_HELP_KEYS: Keys = ((("?",), "show or hide this help"), (("Esc",), "close it"))
_KEYS: Keys = (
    (("j", "n"), "next block not executed"),
    (("k", "p"), "previous block not executed"),
    (("g",), "to the top"),
    (("c",), "contexts of the block, all of them"),
    (("u",), "to the list of files"),
    *_HELP_KEYS,
)
INDEX_KEYS: Keys = (
    (("j", "n"), "next file"),
    (("k", "p"), "previous file"),
    (("Enter",), "open it"),
    (("/",), "filter"),
    (("g",), "to the top"),
    *_HELP_KEYS,
)
_TOLD = 2  # contexts, before a key is pressed


def escape(text: str) -> str:
    """Return text for HTML, between tags and in attributes."""
    return html.escape(text.replace("\0", "\ufffd"))


def name_of(path: str) -> str:
    """Return the name of a file's page: readable, and no two files' the same."""
    stem = "".join(
        c if c.isascii() and (c.isalnum() or c in "-_") else "_" for c in Path(path).stem
    )
    digest = sha256(path.encode("utf-8", "surrogatepass")).hexdigest()[:10]
    return f"{stem[:60]}-{digest}.html"


def breakable(path: str) -> str:
    """Return a path for HTML that a narrow window breaks at its slashes."""
    return escape(path).replace("/", "/<wbr>")


def common_folder(paths: Sequence[str]) -> str:
    """Return the folder that all paths are in, empty if that is none or the root."""
    folders = [os.path.dirname(path) for path in paths]  # noqa: PTH120
    try:
        common = os.path.commonpath(folders)
    except ValueError:
        common = ""
    return common if common.strip("/") else ""


def shown(paths: Sequence[str]) -> dict[str, str]:
    """Return each path as a person reads it: without the folder that all are in."""
    common = common_folder(paths)
    return {path: os.path.relpath(path, common) if common else path for path in paths}


def measured(when: str) -> str:
    """Say for HTML when something was measured."""
    return f", measured {escape(when)}" if when else ""


def times(count: int) -> str:
    """Say a count."""
    return {0: "never executed", 1: "executed once"}.get(count, f"executed {count:,} times")


def _describe(block: HitRange) -> str:
    where = "" if block.function == "<module>" else f", {block.function}"
    names = sorted(block.contexts)
    more = f" and {len(names) - _TOLD} more" if len(names) > _TOLD else ""
    within = f" in {', '.join(names[:_TOLD])}{more}" if names else ""
    return f"{times(block.count)} ({block}{where}){within}"


class Contexts:
    """The sets of contexts that blocks were executed in: each once, as data for the script."""

    def __init__(self) -> None:
        self._names: dict[str, int] = {}
        self._sets: dict[frozenset[str], int] = {}

    def number(self, contexts: frozenset[str]) -> int:
        """Return the number of a set."""
        return self._sets.setdefault(contexts, len(self._sets))

    def html(self) -> str:
        """Return them as an element, or nothing if there are none."""
        if not self._sets:
            return ""
        names = sorted(set().union(*self._sets))
        numbers = {name: n for n, name in enumerate(names)}
        sets = [sorted(numbers[name] for name in one) for one in self._sets]
        data = json.dumps({"names": names, "sets": sets}, separators=(",", ":"))
        # In a script nothing is escaped, and "</script>" ends it.
        data = data.replace("<", "\\u003c")
        return f'<script type="application/json" id="contexts">{data}</script>\n'


def _words(text: str, at: int, line: Sequence[tuple[int, int, str]]) -> str:
    """Return text for HTML, which begins at a column of a line with these kinds of words."""
    out, done = [], 0
    for start, end, kind in line[bisect_right(line, at, key=lambda word: word[1]) :]:
        if start - at >= len(text):
            break
        low, high = max(start - at, done), min(end - at, len(text))
        out.append(escape(text[done:low]))
        out.append(f'<span class="{kind}">{escape(text[low:high])}</span>')
        done = high
    out.append(escape(text[done:]))
    return "".join(out)


def legend() -> str:
    """Return what the colours of counts mean."""

    def label(n: int) -> str:
        one = n + 1 < len(HEATS) and HEATS[n + 1] == HEATS[n] + 1
        return short(HEATS[n]).replace(".0", "") + ("" if one else "+")

    steps = "".join(f'<li class="h{n + 1}">{label(n)}</li>' for n in range(len(HEATS)))
    return (
        '<ul class="legend" aria-label="Colours of hit counts">'
        f'<li class="h0">never</li>{steps}</ul>'
    )


def help_dialog(keys: Keys) -> str:
    """Return the dialog that tells the keys."""
    rows = "".join(
        f"<dt>{' '.join(f'<kbd>{key}</kbd>' for key in names)}</dt><dd>{text}</dd>"
        for names, text in keys
    )
    return (
        '<dialog id="help" aria-labelledby="help-title"><h2 id="help-title">Keys</h2>'
        f'<dl>{rows}</dl><form method="dialog"><button>Close</button></form></dialog>'
    )


def _line(
    source: Source,
    line: Line,
    first: int | None,
    words: Sequence[tuple[int, int, str]],
    contexts: Contexts,
) -> str:
    """first: the block that the tab key reaches. words: the kinds of the line's words."""
    out = []
    at = 0
    mixed = len({piece.block for piece in line.pieces} - {None}) > 1
    for piece in line.pieces:
        text = _words(piece.text, at, words)
        at += len(piece.text)
        if piece.block is None:
            out.append(text)
            continue
        block = source.blocks[piece.block]
        level = heat(block.count)
        kind = f"b h{level}" + (" part" if mixed and level else "")
        told = escape(_describe(block))
        within = f' data-c="{contexts.number(block.contexts)}"' if block.contexts else ""
        tab = 0 if piece.block == first else -1
        out.append(
            f'<span class="{kind}" data-b="{piece.block}"{within} tabindex="{tab}" role="group"'
            f' title="{told}" aria-label="{told}: {escape(piece.text).strip()}">{text}</span>'
        )
        if piece.block == first:
            first = None
    kind = "" if line.hits is None else f" h{heat(line.hits)}"
    partly = " partly" if source.is_partial(line) else ""
    count = "" if line.hits is None else short(line.hits)
    told = "" if line.hits is None else f' title="{times(line.hits)}"'
    number = line.number
    return (
        f'<div class="line{partly}" id="L{number}"><span class="gutter">'
        f'<span class="count{kind}"{told}>{count}</span>'
        f'<a href="#L{number}" tabindex="-1">{number}</a></span><code>{"".join(out)}</code></div>'
    )


def _columns() -> str:
    hits, line, text = (word.capitalize() for word in (HITS, LINE, SOURCE))
    return (
        f'<div class="line heads"><span class="gutter"><span class="count">{hits}</span>'
        f'<span class="number">{line}</span></span><span class="text">{text}</span></div>'
    )


def file_page(source: Source, name: str, when: str = "") -> str:
    """Return the page of a source that a person knows as `name`, and that was measured `when`."""
    missing = source.missing
    first = missing[0] if missing else None
    title = escape(name)
    told = kinds("".join(f"{line.text}\n" for line in source.lines))
    contexts = Contexts()
    rows = "\n".join(
        _line(source, line, first, told.get(line.number, ()), contexts) for line in source.lines
    )
    left = f"{len(missing)} of {len(source.blocks)} blocks not executed"
    return (
        HEAD.format(title=f"{title} - pykcov")
        + f"""<body class="file">
<header>
<nav><a href="index.html" id="up">All files</a></nav>
<h1 title="{escape(source.path)}">{breakable(name)}</h1>
<p class="sum">{left}{measured(when)}</p>
<div class="tools">
<button id="previous" aria-keyshortcuts="k p"
title="Previous block not executed (k or p)">&#9650; Previous</button>
<button id="next" aria-keyshortcuts="j n"
title="Next block not executed (j or n)">&#9660; Next</button>
<button id="ask" title="?" aria-keyshortcuts="?">Keys</button>
</div>
{legend()}
</header>
<main id="source" tabindex="0" aria-label="Source of {title}">
<div class="lines">
{_columns()}
{rows}
</div>
</main>
<footer id="status" role="status" aria-live="polite">{left}</footer>
{contexts.html()}<dialog id="within" aria-labelledby="within-title">
<h2 id="within-title">Contexts</h2>
<ol></ol><form method="dialog"><button>Close</button></form></dialog>
{help_dialog(_KEYS)}
</body>
</html>
"""
    )
