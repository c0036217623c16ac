"""Guests: unmodified programs whose system calls a kernel written in Python answers."""
