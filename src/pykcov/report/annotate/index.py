"""Pages of annotated sources, with a list of them."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import resources
from pathlib import Path

from pykcov.errors import PykcovError
from pykcov.report.annotate.page import (
    HEAD,
    INDEX_KEYS,
    STATIC,
    breakable,
    common_folder,
    escape,
    file_page,
    help_dialog,
    legend,
    measured,
    name_of,
    shown,
    times,
)
from pykcov.report.annotate.source import Source, heat
from pykcov.report.annotate.terminal import short

# Columns, and what they say of themselves.
_COLUMNS = {
    "File": "by path",
    "Executed": "of its blocks",
    "Not": "blocks not executed",
    "Blocks": "all of them",
    "Most": "hits of a line",
}


def _share(total: int, left: int) -> str:
    share = 100 * (total - left) // total if total else 100  # 100 only if all were
    return (
        f'<td class="share" data-v="{share}">'
        f'<meter min="0" max="100" value="{share}">{share} %</meter>'
        f"<span>{share}&nbsp;%</span></td><td>{left}</td><td>{total}</td>"
    )


def index_page(sources: Sequence[Source], names: dict[str, str], when: str = "") -> str:
    """Return the list of files, which were measured `when`."""
    rows = []
    for source in sources:
        total, left = len(source.blocks), len(source.missing)
        hits = [line.hits for line in source.lines if line.hits is not None]
        most = max(hits, default=-1)
        told = f'<span class="count h{heat(most)}" title="{times(most)}">{short(most)}</span>'
        rows.append(
            f'<tr><th scope="row"><a href="{name_of(source.path)}" title="{escape(source.path)}">'
            f"{breakable(names[source.path])}</a></th>{_share(total, left)}"
            f'<td data-v="{most}">{told if hits else ""}</td></tr>'
        )
    columns = "".join(
        f'<th scope="col" title="{told}"><button>{column}</button></th>'
        for column, told in _COLUMNS.items()
    )
    total, left = (
        sum(len(blocks) for blocks in each)
        for each in ([s.blocks for s in sources], [s.missing for s in sources])
    )
    folder = common_folder([source.path for source in sources])
    below = f" in {breakable(folder)}" if folder else ""
    return (
        HEAD.format(title="Blocks executed - pykcov")
        + f"""<body class="index">
<header>
<h1>Blocks executed{below}</h1>
<p class="sum">{left} of {total} blocks not executed, in {len(sources)} files{measured(when)}</p>
<div class="tools">
<input id="filter" type="search" placeholder="Filter files" aria-label="Filter files"
aria-keyshortcuts="/">
<button id="ask" title="?" aria-keyshortcuts="?">Keys</button>
</div>
{legend()}
</header>
<main id="source" tabindex="0" aria-label="Files">
<table>
<thead><tr>{columns}</tr></thead>
<tbody>
{chr(10).join(rows)}
</tbody>
<tfoot><tr><th scope="row">Total</th>{_share(total, left)}<td></td></tr></tfoot>
</table>
</main>
{help_dialog(INDEX_KEYS)}
</body>
</html>
"""
    )


def write(sources: Sequence[Source], folder: Path, when: str = "") -> None:
    """Write the pages into a folder, which is made if it is not there. when: it was measured.

    Raises PykcovError pages-unwritable.
    """
    names = shown([source.path for source in sources])
    pages = {name_of(one.path): file_page(one, names[one.path], when) for one in sources}
    pages["index.html"] = index_page(sources, names, when)
    static = resources.files("pykcov.report.annotate") / "static"
    pages |= {name: (static / name).read_text(encoding="utf-8") for name in STATIC}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in pages.items():
            # A lone surrogate has no UTF-8; a source's text can't have one, a path's may.
            data = text.encode("utf-8", "replace")
            (folder / name).write_bytes(data)
    except OSError as error:
        raise PykcovError("pages-unwritable", f"cannot write to {folder}: {error}") from None
