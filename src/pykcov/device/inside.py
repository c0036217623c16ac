"""Context managers that put the current context into a section, or take it out, temporarily."""

from __future__ import annotations

from contextvars import Token

from pykcov import probe


class Inside:
    """Within the block, the current context is in the section of `recorder`, or in none. Contexts
    copied from it before are unaffected."""

    def __init__(self, recorder: probe.Recorder | None) -> None:
        self._recorder = recorder
        self._token: Token[probe.Recorder | None] | None = None

    def __enter__(self) -> None:
        with probe.quiet:
            self._token = probe.section_var.set(self._recorder)

    def __exit__(self, *error: object) -> None:
        assert self._token is not None
        with probe.quiet:
            try:  # noqa: SIM105 - this is on every request's way
                probe.section_var.reset(self._token)
            except ValueError:
                pass  # a coroutine that is dropped is closed in whatever context: that one stays


def outside() -> Inside:
    """Return a context manager: within it, the current context, and tasks it starts, are in no
    section."""
    return Inside(None)
