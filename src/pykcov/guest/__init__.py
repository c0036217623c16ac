"""Guests: unmodified programs whose system calls a kernel written in Python answers."""

from pykcov.guest.run import run

__all__ = ["run"]
