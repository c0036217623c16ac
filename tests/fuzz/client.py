"""Clients and members of a device whose process answers anything: they are told so, by an OSError
or a PykcovError, and keep nothing open."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import struct
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from random import Random

from tests.fuzz.mutation import mutated
from tests.fuzz.target import Target, refused, require

import pykcov
from pykcov.abi.kcov import KCOV_INIT_TRACE
from pykcov.errors import PykcovError
from pykcov.service.protocol import REPLY, encode_reply
from pykcov.service.watch import Watch
from pykcov.service.worker import Member

_NAME = "answers"
_CALLS = 5


class Fuzzed(Target):
    """Input: a byte, what is called; then replies, each behind its length of 2 bytes and a byte
    that says how many files come with it. Its tag is the request's where the upper bit of that is
    not set."""

    name = "client"

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        devices = folder / "devices"
        devices.mkdir(mode=0o700, exist_ok=True)
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._listener.bind(str(devices / f"{_NAME}.sock"))
        self._listener.listen()
        self._file = os.memfd_create("given")
        os.ftruncate(self._file, 2 * 4096 + 4096)
        self._replies: list[tuple[bytes, int]] = []
        threading.Thread(target=self._serve, daemon=True).start()
        info = {"pid": 1, "table": 2, "program": "p", "commands": ["c"], "store": "/no/store",
                "blocks": 3, "descriptors": 0, "members": 0}  # fmt: skip
        hello = encode_reply(0, 1, json.dumps(info).encode())
        table = (encode_reply(0, 0, b"{}"), 2)
        rest = [(encode_reply(0, 1), 0), (encode_reply(0), 0), (encode_reply(0, 4096), 1),
                (encode_reply(0, 4), 0), (encode_reply(22), 0), (encode_reply(0), 2)]  # fmt: skip
        good = b"".join(self._framed(*reply) for reply in [(hello, 0), *rest])
        watched = b"".join(self._framed(*reply) for reply in [(hello, 1), *rest])
        member = self._framed(hello, 0) + self._framed(*table)
        self.seeds = [bytes([n]) + good for n in range(3)]
        self.seeds += [b"\3" + member, b"\4" + watched]
        self.words = [encode_reply(0), b"{}", b"[]", b"null", b'"store": 1', b"\0" * REPLY.size]
        for seed in self.seeds:
            self.check(seed)
        self._before = self._files()

    @staticmethod
    def _framed(reply: bytes, files: int) -> bytes:
        return struct.pack("<HB", len(reply), files) + reply

    def _serve(self) -> None:
        while True:
            peer, _ = self._listener.accept()
            with peer, contextlib.suppress(OSError, IndexError):
                while packet := peer.recv(1 << 16):
                    reply, files = self._replies.pop(0)
                    if files < 128 and len(reply) >= 8 and len(packet) >= 8:
                        reply = reply[:4] + packet[6:8] + b"\0\0" + reply[8:]
                    socket.send_fds(peer, [reply], [self._file] * (files % 6))

    def make(self, random: Random, corpus: Sequence[bytes]) -> bytes:
        data = bytearray(mutated(random, random.choice(corpus), corpus, self.words))
        return bytes([random.randrange(_CALLS)]) + bytes(data[1:])

    def check(self, data: bytes) -> str:
        self._replies, view = [], data[1:]
        while len(view) > 3:
            length, files = struct.unpack_from("<HB", view)
            self._replies.append((view[3 : 3 + length], files))
            view = view[3 + length :]
        outcome = "answered"
        try:
            self._call(data[0] % _CALLS if data else 0)
        except PykcovError as error:
            outcome = refused(error)
        except OSError as error:
            outcome = f"OSError {error.strerror}"
        deadline = time.monotonic() + 5
        while hasattr(self, "_before") and (now := self._files()) > self._before:
            require(time.monotonic() < deadline, f"{now} files, not {self._before}")
            time.sleep(0.0002)
        return outcome

    @staticmethod
    def _call(which: int) -> None:
        if which == 3:
            Member(_NAME)._linked().close()
            return
        if which == 4:
            with Watch(_NAME) as watch:
                list(watch.finished())
            return
        with pykcov.connect(_NAME) as device:
            if which == 2:
                with device.remote(7, size=512):
                    pass
                return
            repr(device)
            with device.open() as descriptor:
                descriptor.ioctl(KCOV_INIT_TRACE, 512)
                descriptor.mmap(4096).close()
                descriptor.unsettled()
                if which == 1:
                    os.close(descriptor.area())

    @staticmethod
    def _files() -> int:
        return len(os.listdir("/proc/self/fd"))  # noqa: PTH208 - a path each takes long
