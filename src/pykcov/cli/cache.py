"""pykcov cache: show or clear the cache of rewritten code."""

from __future__ import annotations

import argparse
from typing import Any

from pykcov.cli.parser import add_store, store_of
from pykcov.errors import PykcovError
from pykcov.instrumentation.cache.cache import BOUND, Cache, bound, folder_of, shared


def add_to(verbs: Any, name: str) -> None:
    """Add the verb to the command line."""
    parser = verbs.add_parser(
        name,
        help="show or clear the cache of rewritten code",
        description="Rewritten code is cached in a folder beside the symbol store, so that code "
        "instrumented once imports as fast as without pykcov. "
        f"{BOUND} limits its size in MiB; 0 turns the cache off.",
    )
    parser.add_argument(
        "action", choices=("info", "clear"), help="info prints path, entries, bytes and limit"
    )
    add_store(parser)


def main(args: argparse.Namespace) -> int:
    """Show the cache, or clear it."""
    store = store_of(args)
    cache = Cache(folder_of(store), "", bound())
    if store.path.exists() and (why := shared(store)):
        raise PykcovError(
            "cache-shared",
            f"the cache {cache.folder} is not used, because other users could put code there: "
            f"{why}",
        )
    try:
        if args.action == "clear":
            cache.clear()
        else:
            entries, size = cache.contents()
            print(f"path:    {cache.folder}\nentries: {entries}")
            print(f"bytes:   {size}\nbound:   {cache.bound}")
    except OSError as error:
        raise PykcovError(
            "cache-unusable", f"cannot use the cache {cache.folder}: {error.strerror}"
        ) from None
    return 0
