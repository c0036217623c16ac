"""Filtering measurements by context."""

from __future__ import annotations

import re
from collections.abc import Iterable

from pykcov.errors import PykcovError
from pykcov.measure.datafile import Measured


def in_contexts(measured: Iterable[Measured], contexts: Iterable[str] | None) -> list[Measured]:
    """Return what was executed in contexts that match one of these regular expressions, or
    everything if there are none. Files not executed in them are kept, without hits.

    Raises PykcovError: contexts-bad, context-unknown.
    """
    if not contexts:
        return list(measured)
    try:
        wanted = [re.compile(context) for context in contexts]
    except re.error as error:
        raise PykcovError(
            "contexts-bad", f"--contexts is not a regular expression: {error}"
        ) from None
    found = [
        Measured(
            one.symbols,
            {
                context: counts
                for context, counts in one.hits.items()
                if any(pattern.search(context) for pattern in wanted)
            },
        )
        for one in measured
    ]
    if not any(one.hits for one in found):
        given = " or ".join(contexts)
        raise PykcovError(
            "context-unknown", f"nothing was measured in a context that matches {given}"
        )
    return found
