"""The socket device's messages. docs/protocol.md is printed from the tables here.

A connection is a Unix socket of type SOCK_SEQPACKET: one message is one packet. The client sends a
request and waits for its reply. All numbers are little-endian.
"""

from __future__ import annotations

import enum
import struct
from dataclasses import dataclass

VERSION = 1
MAGIC = 0x564F434B  # "KCOV" read as a little-endian u32
LARGEST = 4096  # bytes of a request
LARGEST_REPLY = 1 << 16

REQUEST = struct.Struct("<IIQQQ")  # magic, type, and three words
REPLY = struct.Struct("<iIQ")  # errno or 0, 0, and a word


class Kind(enum.IntEnum):
    """What a connection is for: the second word of HELLO."""

    CLIENT = 0  # an open descriptor
    MEMBER = 1  # a process of the service, which publishes
    LOOK = 2  # nothing: to be told what this is
    WATCH = 3  # to be told of all sections


class Type(enum.IntEnum):
    """Of a request."""

    HELLO = 1
    IOCTL = 2
    MMAP = 3
    STATUS = 4
    TABLE = 5
    FETCH = 6
    AREA = 7
    EXIT = 8


@dataclass(frozen=True)
class Row:
    """What a request's words mean, and its reply."""

    type: Type
    who: str
    words: str
    reply: str


ROWS = (
    Row(
        Type.HELLO,
        "all, first",
        f'version ({VERSION}); kind of connection; 1 for the discipline "blocks", else 0',
        "the process's id; behind it JSON: what the device is; with it, for WATCH, the ring of "
        "frames, a descriptor",
    ),
    Row(
        Type.IOCTL,
        "client",
        "request; argument; number of the task. Behind them, for KCOV_REMOTE_ENABLE, the struct",
        "0",
    ),
    Row(Type.MMAP, "client", "length in bytes; offset; 0", "0; with it the area, a descriptor"),
    Row(Type.STATUS, "client", "0; 0; 0", "sections that have begun and are not published"),
    Row(
        Type.AREA,
        "client",
        "0; 0; 0",
        "0; with it the area as it is, also before KCOV_INIT_TRACE: who maps it without MMAP sees "
        "to the length",
    ),
    Row(Type.EXIT, "client", "0; 0; number of a task that is over", "0"),
    Row(
        Type.TABLE,
        "member",
        "0; 0; 0",
        "0; behind it JSON: what is instrumented; with it the table of handles, a descriptor",
    ),
    Row(
        Type.FETCH,
        "member",
        "number of a descriptor; 0; 0",
        'words of a section, in bit 63 whether the discipline is "blocks", in bit 62 whether '
        "comparisons are collected; with it the area, or the ring, and the page that its writers "
        "share",
    ),
)


@dataclass(frozen=True)
class Request:
    """One request. Raises ValueError when it is made of bytes that are none."""

    type: Type
    words: tuple[int, int, int]
    payload: bytes = b""

    def encode(self) -> bytes:
        """Return the packet."""
        return REQUEST.pack(MAGIC, self.type, *self.words) + self.payload

    @staticmethod
    def decode(packet: bytes) -> Request:
        """Return what a packet says."""
        if len(packet) < REQUEST.size or len(packet) > LARGEST:
            raise ValueError(f"a request of {len(packet)} bytes")
        magic, kind, *words = REQUEST.unpack_from(packet)
        if magic != MAGIC:
            raise ValueError(f"no magic number: {magic:#x}")
        return Request(Type(kind), (words[0], words[1], words[2]), packet[REQUEST.size :])


def encode_reply(error: int, word: int = 0, payload: bytes = b"") -> bytes:
    """Return the packet of a reply."""
    return REPLY.pack(error, 0, word) + payload


def decode_reply(packet: bytes) -> tuple[int, int, bytes]:
    """Return errno, word and payload. Raises ValueError."""
    if len(packet) < REPLY.size:
        raise ValueError(f"a reply of {len(packet)} bytes")
    error, _, word = REPLY.unpack_from(packet)
    return error, word, packet[REPLY.size :]


def document() -> str:
    """Return the tables as Markdown."""
    lines = [
        "# The socket device's protocol",
        "",
        f"Printed from `pykcov.service.protocol` by `make docs`. Version {VERSION}.",
        "",
        "A device is a Unix socket of type SOCK_SEQPACKET, `NAME.sock` in `$PYKCOV_DEVICES`, or",
        "else in `$XDG_RUNTIME_DIR/pykcov`, `/run/user/UID/pykcov` or `/tmp/pykcov-UID`: the",
        "first two only if their parent is the user's. One packet is one",
        f"message, of at most {LARGEST} bytes, a reply of at most {LARGEST_REPLY}. A client sends",
        "a request and waits for its reply; a packet that is no request gets EPROTO, and the",
        "connection is closed. A connection is an open descriptor: closing it is close(2) and the",
        "end of its tasks. Numbers are little-endian.",
        "",
        "| request | offset | size |",
        "|---|---|---|",
        f"| magic, {MAGIC:#x} | 0 | 4 |",
        "| type | 4 | 4 |",
        "| words a, b, c | 8 | 3 x 8 |",
        f"| payload | {REQUEST.size} | the rest |",
        "",
        "| reply | offset | size |",
        "|---|---|---|",
        "| errno, or 0 | 0 | 4 |",
        "| 0 | 4 | 4 |",
        "| word | 8 | 8 |",
        f"| payload | {REPLY.size} | the rest |",
        "",
        "Descriptors come with a reply by SCM_RIGHTS.",
        "",
        "| type | number | who | words a; b; c | word of the reply |",
        "|---|---|---|---|---|",
    ]
    lines += [
        f"| {row.type.name} | {row.type.value} | {row.who} | {row.words} | {row.reply} |"
        for row in ROWS
    ]
    kinds = ", ".join(f"{kind.value} {kind.name}" for kind in Kind)
    lines += ["", f"Kinds of connection: {kinds}."]
    lines += [
        "",
        "The ring: words head, tail, lost, 0, then frames, round and round. head and tail count",
        "words of frames that were ever written and read; the reader stores the tail. lost counts",
        "frames that found no room. A frame is: words in all; handle, or 0; a number that the",
        "section's frames share; records << 8 | flags (1 the section's last, 2 records were",
        "dropped); PCs, of very many the first.",
        "",
        "`clients/c/pykcov.h` is a client in C, one file with nothing to link. With it",
        "`clients/c/example.c` prints what a handle's sections execute.",
    ]
    return "\n".join(lines) + "\n"
