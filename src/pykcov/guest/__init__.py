"""Guests: unmodified programs whose system calls are answered by a kernel written in Python."""

from pykcov.guest.run import run

__all__ = ["run"]
