"""A bad peer of a device, for test_flood.py.

flooder.py half NAME COUNT SEED: opens connections in waves, each of which stops somewhere before it
has said what it came for. Prints how many were opened.
flooder.py packets NAME COUNT SEED: sends packets that are mostly none, and judges each answer: an
errno, or the end. Prints how many were sent, and how many of them were taken.
"""

from __future__ import annotations

import errno
import os
import socket
import sys
from random import Random

from pykcov.abi.kcov import (
    KCOV_DISABLE,
    KCOV_ENABLE,
    KCOV_INIT_TRACE,
    KCOV_REMOTE_ENABLE,
    KCOV_TRACE_PC,
    WORD,
)
from pykcov.device.remote_arg import RemoteArg
from pykcov.request_marks import handle_of
from pykcov.service import addresses
from pykcov.service.protocol import (
    LARGEST,
    REPLY,
    VERSION,
    Kind,
    Request,
    Type,
    decode_reply,
)

WAVE = 240  # with four of these, no more than a device takes
SIZE = 512


def connect(path: str) -> socket.socket:
    """Connect, and wait for it while others do."""
    peer = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    peer.connect(path)
    peer.settimeout(20)
    return peer


def request(kind: Type, a: int = 0, b: int = 0, c: int = 0) -> bytes:
    return Request(kind, (a, b, c)).encode()


def hello(kind: Kind, blocks: int = 0) -> bytes:
    return request(Type.HELLO, VERSION, kind, blocks)


def ioctl(number: int, arg: int = 0, task: int = 1) -> bytes:
    return request(Type.IOCTL, number, arg, task)


HALVES: list[list[bytes]] = [
    [],
    [],
    [],
    [hello(Kind.CLIENT)[:20]],
    [hello(Kind.LOOK)],
    [hello(Kind.MEMBER), request(Type.TABLE)],  # a descriptor that nobody takes
    [hello(Kind.CLIENT), ioctl(KCOV_INIT_TRACE, SIZE), ioctl(KCOV_INIT_TRACE, SIZE)[:-1]],
]


def half(path: str, total: int, random: Random) -> None:
    opened = 0
    while opened < total:
        wave = []
        for _ in range(min(WAVE, total - opened)):
            peer = connect(path)
            wave.append(peer)
            opened += 1
            try:
                for packet in random.choice(HALVES):
                    peer.send(packet)
            except OSError:  # it had to give way
                pass
        for peer in wave:
            peer.close()
    print(opened)


class Talker:
    """One connection after the other; judges what is answered."""

    def __init__(self, path: str, random: Random) -> None:
        self.path, self.random = path, random
        self.sent = self.taken = 0

    def conversation(self) -> list[bytes]:
        """What a client, or a member, would say."""
        random = self.random
        handle = handle_of(random.randrange(1 << 16, 1 << 32))
        enable = RemoteArg(KCOV_TRACE_PC, random.choice([SIZE, 2**32 - 1]), 0, (handle,)).encode()
        return random.choice(
            [
                [
                    hello(Kind.CLIENT),
                    request(Type.OPEN, random.randrange(2)),
                    ioctl(KCOV_INIT_TRACE, random.choice([SIZE, SIZE * 2])),
                    request(Type.MMAP, SIZE * WORD),
                    ioctl(KCOV_REMOTE_ENABLE) + enable,
                    request(Type.STATUS),
                    ioctl(KCOV_DISABLE),
                ],
                [
                    hello(Kind.CLIENT),
                    *[request(Type.OPEN)] * random.randrange(1, 20),
                    ioctl(KCOV_INIT_TRACE, SIZE),
                    ioctl(KCOV_ENABLE),
                    request(Type.CLOSE),
                ],
                [
                    hello(Kind.MEMBER),
                    request(Type.TABLE),
                    request(Type.FETCH, random.randrange(99)),
                ],
                [hello(Kind.LOOK), request(Type.STATUS)],
            ]
        )

    def spoilt(self, packet: bytes) -> bytes:
        """The packet with something wrong, or another one; never empty, which is the end."""
        random = self.random
        at = random.randrange(len(packet))
        return random.choice(
            [
                packet,
                packet[: at + 1],
                packet[:at] + bytes([packet[at] ^ 1 << random.randrange(8)]) + packet[at + 1 :],
                packet[:8] + random.randbytes(32) + packet[40:],
                packet + random.randbytes(random.choice([1, 64, LARGEST - len(packet)])),
                packet.ljust(LARGEST + random.randrange(1, 9000), b"x"),
                random.randbytes(random.randrange(1, 80)),
            ]
        )

    def talk(self) -> None:
        """Have one conversation, spoilt, until it is over or the other side ends it."""
        random = self.random
        with connect(self.path) as peer:
            try:
                for number, packet in enumerate(self.conversation()):
                    whole = number == 0 and random.random() < 0.8  # else few get any further
                    self.sent += 1
                    self.send(peer, packet if whole else self.spoilt(packet))
                    reply, fds, _, _ = socket.recv_fds(peer, LARGEST, 4)
                    for fd in fds:
                        os.close(fd)
                    if not reply:
                        return
                    error, *_ = decode_reply(reply)
                    assert error == 0 or error in errno.errorcode or error == 524, error
                    assert error == 0 or len(reply) == REPLY.size
                    self.taken += error == 0
                if random.random() < 0.2:
                    self.rush(peer)
            except (BrokenPipeError, ConnectionResetError):
                pass

    def send(self, peer: socket.socket, packet: bytes) -> None:
        """Send it, now and then with descriptors that nobody asked for."""
        fds = [0] * 8 if self.random.random() < 0.2 else []
        socket.send_fds(peer, [packet], fds)

    def rush(self, peer: socket.socket) -> None:
        """Ask on and on, and read no answer: until the other side has had enough."""
        peer.setblocking(False)
        try:
            for _ in range(2000):
                peer.send(request(Type.STATUS))
        except BlockingIOError:
            peer.shutdown(self.random.choice([socket.SHUT_RD, socket.SHUT_WR, socket.SHUT_RDWR]))


def packets(path: str, total: int, random: Random) -> None:
    talker = Talker(path, random)
    while talker.sent < total:
        talker.talk()
    print(talker.sent, talker.taken)


if __name__ == "__main__":
    flood = {"half": half, "packets": packets}[sys.argv[1]]
    flood(str(addresses.socket_of(sys.argv[2])), int(sys.argv[3]), Random(int(sys.argv[4])))
