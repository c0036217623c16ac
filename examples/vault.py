"""A file format that random bytes don't get far in: what examples/solver.py has to get past."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable

COMMANDS: dict[bytes, Callable[[], str]] = {
    b"status": lambda: "locked",
    b"relock": lambda: "locked anew",
    b"unlock": lambda: "open",
}


def enter(data: bytes) -> str:
    """Return where the input was refused, or what its command answers."""
    if len(data) < 40:
        return "too short"
    header, body = data[:4], data[4:]
    if zlib.crc32(body) != int.from_bytes(header, "little"):
        return "checksum"
    if int.from_bytes(body[:8], "big") != 0xFEEDFACE8BADF00D:
        return "magic number"
    if body[8:20] != b"open sesame!":
        return "password"
    (angle,) = struct.unpack("<d", body[20:28])
    if not 51.25 < angle < 51.26:
        return "angle"
    word = body[28:34]
    command = COMMANDS.get(word)
    return "no such command" if command is None else command()
