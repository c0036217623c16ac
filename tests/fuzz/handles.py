"""Handles, signed or not, and what else a service reads of requests and responses."""

from __future__ import annotations

import hashlib
import hmac
import logging
import zlib
from collections.abc import Sequence
from pathlib import Path
from random import Random
from unittest import mock

from tests.fuzz.mutation import mutated, number
from tests.fuzz.target import Target, require

from pykcov.device import labels, sections
from pykcov.service.event_stream import Events
from pykcov.service.header import body_of, start
from pykcov.service.signing import Signer, signed

_SECRETS = (b"secret", b"\xff\0other")
_DIGITS, _HEX = frozenset("0123456789"), frozenset("0123456789abcdefABCDEF")

_KINDS: dict[str, type | tuple[type, ...]] = {
    "handle": str, "method": str, "path": str, "query": str, "status": int, "seconds": (int, float),
}  # fmt: skip


def _handle(text: str) -> int | None:
    """The handle that a text stands for, by docs/services.md, or None."""
    if not 1 <= len(text) <= 1024:
        return None
    value = 0
    if set(text) <= _DIGITS:
        value = int(text)
    elif text[:2] in ("0x", "0X") and text[2:] and set(text[2:]) <= _HEX:
        value = int(text[2:], 16)
    subsystem, instance = value >> 56, value & (1 << 56) - 1
    if value >= 1 << 32 and not (subsystem in (0x70, 1) and instance < 1 << 32):
        value = 0
    value = value or zlib.crc32(text.encode("utf-8", "surrogateescape")) or 1
    return value if value >> 32 else 0x70 << 56 | value


class Fuzzed(Target):
    """Input: a byte that says which of them; then the header's value, the body, or the text."""

    name = "handles"

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        logging.getLogger("pykcov.service").addHandler(logging.NullHandler())
        logging.getLogger("pykcov.service").propagate = False
        good = ("7", "0x70000000000007", "a name", "0", "4294967295", "4294967296",
                str(0x70 << 56 | 7), hex(1 << 56 | 9), "é", "x" * 1024)  # fmt: skip
        self.seeds = [b"\0" + name.encode() for name in good]
        self.seeds += [bytes([1 + n]) + signed(name, secret).encode()
                       for n, secret in enumerate(_SECRETS) for name in good]  # fmt: skip
        self.seeds += [
            b"\3Content-Length: 12\nContent-Type: text/event-stream; charset=utf-8",
            b"\3content-type: TEXT/Event-Stream\nContent-Encoding: gzip",
            b"\4data: 1\n\ndata: 2\r\n\r\ndata: 3\r\rdata: 4\n\r\n",
            b'\5{"handle": "7", "method": "GET", "path": "/", "status": 200, "seconds": 0.5}',
        ]
        self.words = [b";", b"0x", b" ", b"\t", b"\0", b"\xff", b"\n\n", b"\r\n\r\n", b"NaN",
                      b"1e999", b"[" * 600, b"\xd9\xa1", b"0" * 30]  # fmt: skip

    def make(self, random: Random, corpus: Sequence[bytes]) -> bytes:
        if random.random() < 0.3:
            value = number(random)
            text = random.choice(("{}", "{:#x}", "0X{:X}", "{:030}", "0x{:024x}", " {}", "+{}"))
            name = text.format(value)
            secret = random.choice(_SECRETS)
            which = random.randrange(3)
            return bytes([which]) + (signed(name, secret) if which else name).encode()
        return mutated(random, random.choice(corpus), corpus, self.words)

    def check(self, data: bytes) -> str:
        which, value = data[0] % 6 if data else 0, data[1:]
        if which == 0:
            return self._plain(value)
        if which in (1, 2):
            return self._signed(value, _SECRETS[which - 1])
        if which == 3:
            return self._fields(value)
        return self._events(value) if which == 4 else self._label(value)

    def _plain(self, value: bytes) -> str:
        expected = _handle(value.decode("utf-8", "surrogateescape").strip(" \t"))
        require(self._started(value, None) == expected, f"not {expected}")
        return "plain" if expected else "none"

    def _signed(self, value: bytes, secret: bytes) -> str:
        whole = value.strip(b" \t")
        text, separator, digest = whole.rpartition(b";")
        right = hmac.new(secret, text, hashlib.sha256).hexdigest()
        is_signed = bool(separator) and digest.lower() == right.encode()
        expected = _handle(text.decode("utf-8", "surrogateescape").strip(" \t"))
        found = self._started(value, Signer(secret))
        require(found == (expected if is_signed else None), f"{found} of {value!r}")
        return f"signed {is_signed} {expected is not None}"

    @staticmethod
    def _started(value: bytes, signer: Signer | None) -> int | None:
        """The handle of the section that the header asks for, if it is one."""
        begun: list[int] = []
        with mock.patch.object(sections, "start", begun.append):
            start(value, signer)
        return begun[0] or None

    @staticmethod
    def _fields(value: bytes) -> str:
        lines = value.decode("latin-1").split("\n")
        length, events = body_of([line.split(": ", 1) for line in lines if ": " in line])  # type: ignore[misc]
        require(length is None or 0 <= length < 10**18, f"a length of {length}")
        return f"fields {length is not None} {events is not None}"

    @staticmethod
    def _events(value: bytes) -> str:
        """Wherever the body is cut into pieces, an event's end is in the same one."""
        size = value[0] % 7 + 1 if value else 1
        events, last = Events(), 0
        for at in range(0, len(value), size):
            piece, ends = value[at : at + size], False
            for byte in piece:  # a client that reads byte by byte, and waits for no LF behind a CR
                ends |= byte in b"\r\n" and last in b"\r\n" and (last, byte) != (13, 10)
                last = byte
            require(events.ends_in(piece) == ends, f"{piece!r} of {value[: at + size]!r}: {ends}")
        return "events"

    @staticmethod
    def _label(value: bytes) -> str:
        told = labels.decode(value)
        for key, found in told.items():
            require(isinstance(found, _KINDS[key]), f"{key} is {found!r}")
        return f"label {bool(told)}"
