"""Pages of annotated sources, and an index: HTML, one style sheet and one script, for use offline.

Every character of a source stands in its page as it is, but for the five that HTML would take for
its own, and NUL, which HTML can't have. All else that comes from outside, paths and names of
functions, goes through the same escape().
"""

from __future__ import annotations

import html
import os
from collections.abc import Sequence
from hashlib import sha256
from importlib import resources
from pathlib import Path

from pykcov.errors import PykcovError
from pykcov.report.annotate import HEATS, Line, Place, Source, heat
from pykcov.report.terminal import short

STATIC = ("page.css", "page.js")

_HEAD = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{title}</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="page.css">
<script src="page.js" defer></script>
</head>
"""
Keys = tuple[tuple[tuple[str, ...], str], ...]
_HELP_KEYS: Keys = ((("?",), "show or hide this help"), (("Esc",), "close it"))
_KEYS: Keys = (
    (("j", "n"), "next block not executed"),
    (("k", "p"), "previous block not executed"),
    (("g",), "to the top"),
    (("u",), "to the list of files"),
    *_HELP_KEYS,
)
_INDEX_KEYS: Keys = (
    (("j", "n"), "next file"),
    (("k", "p"), "previous file"),
    (("Enter",), "open it"),
    (("g",), "to the top"),
    *_HELP_KEYS,
)
# Columns of the index, and what they say of themselves.
_COLUMNS = {
    "File": "by path",
    "Executed": "of its blocks",
    "Not": "blocks not executed",
    "Blocks": "all of them",
    "Most": "hits of a line",
}


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


def shown(paths: Sequence[str]) -> dict[str, str]:
    """Return each path as a person reads it: without the folder that all are in."""
    folders = [os.path.dirname(path) for path in paths]  # noqa: PTH120
    try:
        common = os.path.commonpath(folders)
    except ValueError:
        common = ""
    if common.strip("/") == "":
        return {path: path for path in paths}
    return {path: os.path.relpath(path, common) for path in paths}


def times(count: int) -> str:
    """Say a count."""
    return {0: "never executed", 1: "executed once"}.get(count, f"executed {count:,} times")


def _describe(block: Place) -> str:
    where = "" if block.function == "<module>" else f", {block.function}"
    return f"{times(block.count)} ({block}{where})"


def _legend() -> str:
    def label(n: int) -> str:
        one = n + 1 < len(HEATS) and HEATS[n + 1] == HEATS[n] + 1
        return short(HEATS[n]).replace(".0", "") + ("" if one else "+")

    steps = "".join(f'<li class="h{n + 1}">{label(n)}</li>' for n in range(len(HEATS)))
    return (
        '<ul class="legend" aria-label="Colours of hit counts">'
        f'<li class="h0">never</li>{steps}</ul>'
    )


def _help(keys: Keys) -> str:
    rows = "".join(
        f"<dt>{' '.join(f'<kbd>{key}</kbd>' for key in names)}</dt><dd>{text}</dd>"
        for names, text in keys
    )
    return (
        '<dialog id="help" aria-labelledby="help-title"><h2 id="help-title">Keys</h2>'
        f'<dl>{rows}</dl><form method="dialog"><button>Close</button></form></dialog>'
    )


def _line(source: Source, line: Line, first: int | None) -> str:
    """first: the block that the tab key reaches."""
    out = []
    mixed = len({piece.block for piece in line.pieces} - {None}) > 1
    for piece in line.pieces:
        text = escape(piece.text)
        if piece.block is None:
            out.append(text)
            continue
        block = source.blocks[piece.block]
        level = heat(block.count)
        kind = f"b h{level}" + (" part" if mixed and level else "")
        told = escape(_describe(block))
        tab = 0 if piece.block == first else -1
        out.append(
            f'<span class="{kind}" data-b="{piece.block}" tabindex="{tab}" role="group"'
            f' title="{told}" aria-label="{told}: {text.strip()}">{text}</span>'
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
        f'<a href="#L{number}" tabindex="-1">{number}</a><span class="count{kind}"{told}>{count}'
        f"</span></span><code>{''.join(out)}</code></div>"
    )


def file_page(source: Source, name: str) -> str:
    """Return the page of a source that a person knows as `name`."""
    missing = source.missing
    first = missing[0] if missing else None
    title = escape(name)
    rows = "\n".join(_line(source, line, first) for line in source.lines)
    left = f"{len(missing)} of {len(source.blocks)} blocks not executed"
    return (
        _HEAD.format(title=f"{title} - pykcov")
        + f"""<body class="file">
<header>
<nav><a href="index.html" id="up">All files</a></nav>
<h1>{breakable(name)}</h1>
<p class="sum">{left}</p>
<div class="tools">
<button id="previous" aria-keyshortcuts="k p"
title="Previous block not executed (k or p)">&#9650; Previous</button>
<button id="next" aria-keyshortcuts="j n"
title="Next block not executed (j or n)">&#9660; Next</button>
<button id="ask" title="?" aria-keyshortcuts="?">Keys</button>
</div>
{_legend()}
</header>
<main id="source" tabindex="0" aria-label="Source of {title}">
<div class="lines">
{rows}
</div>
</main>
<footer id="status" role="status" aria-live="polite">{left}</footer>
{_help(_KEYS)}
</body>
</html>
"""
    )


def index_page(sources: Sequence[Source], names: dict[str, str]) -> str:
    """Return the list of files."""
    rows = []
    for source in sources:
        total, left = len(source.blocks), len(source.missing)
        share = 100 * (total - left) // total if total else 100  # 100 only if all were
        most = max((line.hits or 0 for line in source.lines), default=0)
        rows.append(
            f'<tr><th scope="row"><a href="{name_of(source.path)}">'
            f"{breakable(names[source.path])}</a></th>"
            f'<td class="share" data-v="{share}">'
            f'<meter min="0" max="100" value="{share}">{share} %</meter>'
            f"<span>{share}&nbsp;%</span></td><td>{left}</td><td>{total}</td>"
            f'<td data-v="{most}"><span class="count h{heat(most)}" title="{times(most)}">'
            f"{short(most)}</span></td></tr>"
        )
    columns = "".join(
        f'<th scope="col" title="{told}"><button>{column}</button></th>'
        for column, told in _COLUMNS.items()
    )
    total, left = (
        sum(len(blocks) for blocks in each)
        for each in ([s.blocks for s in sources], [s.missing for s in sources])
    )
    return (
        _HEAD.format(title="Blocks executed - pykcov")
        + f"""<body class="index">
<header>
<h1>Blocks executed</h1>
<p class="sum">{left} of {total} blocks not executed, in {len(sources)} files</p>
<div class="tools">
<button id="ask" title="?" aria-keyshortcuts="?">Keys</button>
</div>
{_legend()}
</header>
<main id="source" tabindex="0" aria-label="Files">
<table>
<thead><tr>{columns}</tr></thead>
<tbody>
{chr(10).join(rows)}
</tbody>
</table>
</main>
{_help(_INDEX_KEYS)}
</body>
</html>
"""
    )


def write(sources: Sequence[Source], folder: Path) -> None:
    """Write the pages into a folder, which is made if it is not there.

    Raises PykcovError pages-unwritable.
    """
    names = shown([source.path for source in sources])
    pages = {name_of(one.path): file_page(one, names[one.path]) for one in sources}
    pages["index.html"] = index_page(sources, names)
    static = resources.files("pykcov.report") / "static"
    pages |= {name: (static / name).read_text(encoding="utf-8") for name in STATIC}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in pages.items():
            # A lone surrogate has no UTF-8; a source's text can't have one, a path's may.
            data = text.encode("utf-8", "replace")
            (folder / name).write_bytes(data)
    except OSError as error:
        raise PykcovError("pages-unwritable", f"cannot write to {folder}: {error}") from None
