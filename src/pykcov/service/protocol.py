"""The socket device's messages. docs/protocol.md is generated from the tables here.

A connection is a Unix socket of type SOCK_SEQPACKET: one message is one packet. The client sends a
request and waits for its reply. All numbers are little-endian. One connection has any number of
descriptors, and a client's shared memory (CONTROL) needs no message.
"""

from __future__ import annotations

import enum
import struct
from dataclasses import dataclass

VERSION = 2
MAGIC = 0x564F434B  # "KCOV" read as a little-endian u32
LARGEST = 4096  # bytes of a request
LARGEST_REPLY = 1 << 16

REQUEST = struct.Struct("<IHHQQQQ")  # magic, type, tag, three words, and a descriptor's number
REPLY = struct.Struct("<iIQ")  # errno or 0, the request's tag, and a word
HELLO_SIZE = 32  # bytes of HELLO in every version, so that each learns the other's version


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
    OPEN = 9
    CLOSE = 10


@dataclass(frozen=True)
class Message:
    """What a request's words mean, and its reply."""

    type: Type
    who: str
    words: str
    reply: str


ROWS = (
    Message(
        Type.HELLO,
        "all, first",
        f"version ({VERSION}); kind of connection; 0",
        "the process's id, for a member what its sections are counted under; behind it JSON: what "
        "the device is; with it, for WATCH, the ring of frames, a descriptor",
    ),
    Message(
        Type.OPEN, "client", '1 for the recording mode "blocks", else 0; 0; 0', "a new descriptor"
    ),
    Message(Type.CLOSE, "client", "0; 0; 0", "0: the descriptor is closed, its tasks are over"),
    Message(
        Type.IOCTL,
        "client",
        "request; argument; number of the task. Behind them, for KCOV_REMOTE_ENABLE, the struct",
        "0",
    ),
    Message(
        Type.MMAP,
        "client",
        "length in bytes; offset; 0",
        "where the control page begins, in bytes; with it the memory, a descriptor, which begins "
        "with the area",
    ),
    Message(
        Type.STATUS,
        "client",
        "0; 0; 0",
        "sections that have begun and have published nothing yet; those of processes that died "
        "are counted as lost before",
    ),
    Message(
        Type.AREA,
        "client",
        "0; 0; 0",
        "0; with it the memory as it is, also before KCOV_INIT_TRACE: who maps it without MMAP "
        "sees to the length",
    ),
    Message(Type.EXIT, "client", "0; 0; number of a task that is over", "0"),
    Message(
        Type.TABLE,
        "member",
        "0; 0; 0",
        "0; behind it JSON: what is instrumented; with it two descriptors: the table of handles, "
        "and what members add their files to",
    ),
    Message(
        Type.FETCH,
        "member",
        "value of the table; 0; 0",
        'words of a section, in bit 63 whether the recording mode is "blocks", in bit 62 whether '
        "comparisons are collected; behind it, 8 bytes, where its page is; with it the memory, or "
        "the ring, and the pages that writers share",
    ),
)


# Words of the control page, in order: name, who stores it, and what it is (probe/csrc/control.h).
CONTROL = (
    ("generation", "client", "number of the present generation"),
    ("separate", "client", "not 0: what runs after an answer is appended to the second area"),
    ("holds", "service", "generation of the records in both areas"),
    ("counted", "service", "generation of the sections that are counted here"),
    ("began", "service", "sections that began"),
    ("settled", "service", "of these: have published for the first time, or are over"),
    ("over", "service", "of these: are over"),
    ("published", "service", "of these: have published records"),
    ("overflowed", "service", "of these: had records for which there was no room"),
    ("lost", "service", "of these: lost with a process that was killed, or for lack of memory"),
    ("late", "service", "sections of earlier generations whose records were dropped meanwhile"),
    ("ever", "service", "sections that began since KCOV_REMOTE_ENABLE"),
)


@dataclass(frozen=True)
class Request:
    """One request. Raises ValueError for invalid bytes."""

    type: Type
    words: tuple[int, int, int]
    descriptor: int = 0
    payload: bytes = b""
    tag: int = 0

    def encode(self) -> bytes:
        """Return the packet."""
        head = REQUEST.pack(MAGIC, self.type, self.tag, *self.words, self.descriptor)
        return head + self.payload

    @staticmethod
    def decode(packet: bytes) -> Request:
        """Return what a packet says."""
        if len(packet) == HELLO_SIZE and packet[4:6] == Type.HELLO.to_bytes(2, "little"):
            packet = packet.ljust(REQUEST.size, b"\0")
        if len(packet) < REQUEST.size or len(packet) > LARGEST:
            raise ValueError(f"a request of {len(packet)} bytes")
        magic, kind, tag, a, b, c, descriptor = REQUEST.unpack_from(packet)
        if magic != MAGIC:
            raise ValueError(f"no magic number: {magic:#x}")
        return Request(Type(kind), (a, b, c), descriptor, packet[REQUEST.size :], tag)


def encode_reply(error: int, word: int = 0, payload: bytes = b"", tag: int = 0) -> bytes:
    """Return the packet of a reply."""
    return REPLY.pack(error, tag, word) + payload


def decode_reply(packet: bytes) -> tuple[int, int, int, bytes]:
    """Return errno, tag, word and payload. Raises ValueError."""
    if len(packet) < REPLY.size:
        raise ValueError(f"a reply of {len(packet)} bytes")
    return *REPLY.unpack_from(packet), packet[REPLY.size :]


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
        "connection is closed. A connection has any number of open descriptors, and its end is",
        "close(2) for each and the end of their tasks. Where the process has no more files to",
        "give, a connection gets a reply with EMFILE unasked, and is closed; a HELLO of another",
        "version gets EPROTONOSUPPORT. Numbers are little-endian.",
        "",
        "| request | offset | size |",
        "|---|---|---|",
        f"| magic, {MAGIC:#x} | 0 | 4 |",
        "| type | 4 | 2 |",
        "| tag, which the reply repeats | 6 | 2 |",
        "| words a, b, c | 8 | 3 x 8 |",
        "| number of the descriptor, as OPEN gave it; 0 is the connection's first | 32 | 8 |",
        f"| payload | {REQUEST.size} | the rest |",
        "",
        "| reply | offset | size |",
        "|---|---|---|",
        "| errno, or 0 | 0 | 4 |",
        "| tag | 4 | 4 |",
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
    lines += ["", "## A descriptor's memory", ""]
    lines += [
        "    +------------------------+--------------+------------------------+",
        "    | area                   | control page | second area            |",
        "    +------------------------+--------------+------------------------+",
        "",
        "The area has as many words as KCOV_INIT_TRACE said, rounded up to whole pages, and so has",
        "the second one. A client that stores nothing into the control page has what Linux has:",
        "one area, into which each section is appended when it is published, also one that began",
        "before the client stored 0 into the count. To begin a new generation, a client stores 0",
        "into the area's count, and then a new number into `generation`: what began before that is",
        "dropped.",
        "The records are of the present generation where `holds` is equal to `generation`; else",
        "there are none yet. Numbers of sections are of the present generation where `counted` is",
        "equal to it; else they are 0, but for `ever`.",
        "",
        "| word of the control page | name | stored by | what it is |",
        "|---|---|---|---|",
    ]
    lines += [f"| {n} | {name} | {who} | {what} |" for n, (name, who, what) in enumerate(CONTROL)]
    lines += [
        "",
        "All sections of a generation are over where `over` and `began` are equal, read in this",
        "order. A section that is over, and of which neither `overflowed` nor `lost` tells, is",
        "complete.",
        "",
        "## The ring",
        "",
        "The ring: words head, tail, lost, 0, then frames, round and round. head and tail count",
        "words of frames that were ever written and read; the reader stores the tail. lost counts",
        "frames that found no room. A frame is: words in all | bytes of text << 32; handle, or",
        "0; a number that the section's frames share; records << 8 | flags (1 the section's last,",
        "2 records were dropped); PCs, of very many the first; text, with zeros behind it up to a",
        "whole word. Only a section's last frame has a text: a JSON object in ASCII, with those of",
        "handle (as it was given), method, path, query, status and seconds that are known.",
        "",
        "`clients/c/pykcov.h` is a client in C, one file with nothing to link. With it",
        "`clients/c/example.c` prints what a handle's sections execute.",
    ]
    return "\n".join(lines) + "\n"
