"""A device's peers: packets, and what they do to the memory that they are given.

Device and peers are in this process: the device's thread answers. Another client, that behaves,
collects a handle all the time, and gets of it what it got at the start; and when a peer has gone,
nothing of it is left.
"""

from __future__ import annotations

import contextlib
import gc
import itertools
import logging
import os
import struct
import time
from collections.abc import Sequence
from pathlib import Path
from random import Random
from unittest import mock

from tests.fuzz.mutation import mutated, number
from tests.fuzz.peer import Log, Peer
from tests.fuzz.target import Target, require
from tests.live import subject

import pykcov
from pykcov.abi.kcov import (
    KCOV_DISABLE,
    KCOV_ENABLE,
    KCOV_INIT_TRACE,
    KCOV_REMOTE_ENABLE,
    KCOV_RESET_TRACE,
    KCOV_UNIQUE_ENABLE,
    WORD,
)
from pykcov.device.remote_arg import RemoteArg
from pykcov.service import socket_descriptor
from pykcov.service.peer import ProcessTask
from pykcov.service.protocol import (
    LARGEST,
    MAGIC,
    VERSION,
    Kind,
    Request,
    Type,
)
from pykcov.service.server import Server

HANDLE = 7  # the honest client's
_TASK = 0x5EED_0123_4567_89AB
_OTHERS = (8, 9)  # handles that sections are begun with
_PEERS = 4
_PACKET, _STORE, _SECTION, _CLOSE, _FILE = 0, 3, 4, 5, 6  # steps; 0 to 2 are packets
_STEPS = 7
_IOCTLS = (
    KCOV_INIT_TRACE, KCOV_ENABLE, KCOV_DISABLE, KCOV_REMOTE_ENABLE, KCOV_UNIQUE_ENABLE,
    KCOV_RESET_TRACE, 0x1234,
)  # fmt: skip


class Fuzzed(Target):
    """Input: steps. A byte says which; a packet is followed by peer, length of 2 bytes and itself,
    a store by peer, file, word's number of 4 bytes and word, a section by its handle, a closing by
    its peer, and what is done to a file by peer, file and 4 bytes."""

    name = "protocol"
    words = (
        MAGIC.to_bytes(4, "little"), VERSION.to_bytes(8, "little"), bytes(8), b"\xff" * 8,
        *(request.to_bytes(8, "little") for request in _IOCTLS),
        *(kind.to_bytes(2, "little") for kind in Type),
    )  # fmt: skip

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        (folder / "devices").mkdir(mode=0o700, exist_ok=True)
        self._log = Log()
        logging.getLogger("pykcov").addHandler(self._log)
        self._session = pykcov.instrument(include=["**/tests/live/subject.py"])
        self._server = pykcov.serve("fuzzed")
        assert isinstance(self._server, Server)
        self._shown = self._server.shown
        self._device = pykcov.connect("fuzzed")
        # Tasks are a process's, and may be ended by whoever names one: this one is not guessed.
        with mock.patch.object(socket_descriptor, "_tasks", itertools.count(_TASK)):
            self._honest = self._device.remote(HANDLE)
            self._honest.__enter__()
        self._right = [self._traced(n) for n in range(4)]
        require(len(set(self._right)) == 4, "all paths are one")
        self._inputs = 0
        self._before: dict[str, int] = {}
        self.seeds = [self._conversation(Random(n)) for n in range(40)]
        for seed in self.seeds[:8]:  # what is made once is there
            self.check(seed)
        time.sleep(0.2)
        self._before = self._left(maps=True)

    # -- inputs -----------------------------------------------------------------------------------

    @staticmethod
    def _request(random: Random, kind: Type) -> bytes:
        """A request that may well be answered."""
        size = random.choice((2, 512, 512, 1024, 1 << 16, number(random)))
        words, payload = (0, 0, 0), b""
        if kind is Type.IOCTL:
            request = random.choice(_IOCTLS)
            arg = (
                size if request == KCOV_INIT_TRACE else random.choice((0, 1, 2, 8, number(random)))
            )
            words = (request, arg, random.choice((1, 2)))
            if request == KCOV_REMOTE_ENABLE:
                handles = tuple(
                    pykcov.handle_of(h) for h in (HANDLE, *_OTHERS, number(random) or 1)
                )
                chosen = tuple(random.sample(handles, random.randrange(4)))
                common = random.choice((0, 0, 5, number(random)))
                payload = RemoteArg(random.randrange(3), size % 2**32, common, chosen).encode()
        elif kind is Type.MMAP:
            words = (random.choice((size * WORD, 512 * WORD)) % 2**64, random.choice((0, 4096)), 0)
        elif kind is Type.HELLO:
            words = (VERSION, random.choice(tuple(Kind)), 0)
        elif kind is Type.OPEN:
            words = (random.randrange(2), 0, 0)
        elif kind in (Type.EXIT, Type.FETCH):
            value = random.choice((1, 2, random.randrange(1, 99) << 32 | 1, number(random)))
            words = (value, 0, value)
        which = random.choice((0, 0, 0, random.randrange(1, 400)))
        return Request(kind, words, which, payload, random.randrange(1 << 16)).encode()

    def _conversation(self, random: Random) -> bytes:
        """Steps as peers make them that go somewhere."""
        out = bytearray()

        def say(peer: int, packet: bytes) -> None:
            out.extend(struct.pack("<BBH", _PACKET, peer, len(packet)) + packet)

        kinds = [random.choice((Kind.CLIENT, Kind.CLIENT, *Kind)) for _ in range(_PEERS)]
        for peer in range(random.randrange(1, _PEERS + 1)):
            say(peer, Request(Type.HELLO, (VERSION, kinds[peer], 0)).encode())
            if kinds[peer] is Kind.CLIENT:
                say(peer, Request(Type.OPEN, (random.randrange(2), 0, 0)).encode())
                say(peer, Request(Type.IOCTL, (KCOV_INIT_TRACE, 512, 1)).encode())
                say(peer, Request(Type.MMAP, (512 * WORD, 0, 0)).encode())
        for _ in range(random.randrange(1, 14)):
            peer, step = random.randrange(_PEERS), random.random()
            if step < 0.6:
                member = kinds[peer] is Kind.MEMBER
                usual = (Type.TABLE, Type.FETCH) if member else (Type.IOCTL, Type.IOCTL, *Type)
                say(peer, self._request(random, random.choice(usual)))
            elif step < 0.75:
                at = random.choice((random.randrange(4), 512 + random.randrange(13)))
                out += struct.pack("<BBBIQ", _STORE, peer, 0, at, number(random))
            elif step < 0.92:
                out += bytes((_SECTION, random.randrange(3)))
            elif step < 0.96:
                out += bytes((_CLOSE, peer))
            else:
                out += struct.pack("<BBBI", _FILE, peer, 0, number(random) % 2**32)
        return bytes(out)

    def make(self, random: Random, corpus: Sequence[bytes]) -> bytes:
        step = random.random()
        if step < 0.3:
            return self._conversation(random)
        data = self._conversation(random) if step < 0.6 else random.choice(corpus)
        return mutated(random, data, corpus, self.words)

    # -- reading them -----------------------------------------------------------------------------

    def check(self, data: bytes) -> str:
        peers: dict[int, Peer] = {}
        outcomes = set()
        view = memoryview(data)
        try:
            with contextlib.suppress(struct.error, IndexError):  # the end of the input
                while view:
                    view, outcome = self._step(view, peers)
                    outcomes.add(outcome)
        finally:
            for peer in peers.values():
                peer.drop()
                peer.socket.close()
        self._judge()
        return " ".join(sorted(outcomes - {""}))[:60]

    def _step(self, view: memoryview, peers: dict[int, Peer]) -> tuple[memoryview, str]:
        """Take one step; return the rest of the input, and what came of it."""
        step, which = view[0] % _STEPS, view[1] % _PEERS
        if step == _SECTION:
            self._run((HANDLE, *_OTHERS)[view[1] % 3], view[1] % 64)
            return view[2:], ""
        if step == _CLOSE:
            if (closed := peers.pop(which, None)) is not None:
                closed.drop()
                closed.socket.close()
            return view[2:], ""
        if which not in peers:
            peers[which] = Peer(self._server.path)
        peer = peers[which]
        if step == _STORE:
            _, _, file, at, value = struct.unpack_from("<BBBI8s", view)
            peer.store(file, at, value)
            return view[15:], ""
        if step == _FILE:
            _, _, file, size = struct.unpack_from("<BBBI", view)
            peer.change(file, size)
            return view[7:], ""
        (length,) = struct.unpack_from("<H", view, 2)
        packet = bytes(view[4 : 4 + length % (LARGEST + 9)])
        outcome = peer.ask(packet) if packet else ""
        if outcome == "closed":
            peers.pop(which).drop()
            peer.socket.close()
        return view[4 + len(packet) :], outcome

    @staticmethod
    def _run(handle: int, n: int) -> None:
        with pykcov.remote(handle):
            subject.work(n)

    def _traced(self, n: int) -> tuple[int, ...]:
        self._honest.clear()
        self._run(HANDLE, n)
        return tuple(self._honest.pcs)

    def _judge(self) -> None:
        """All peers have gone: nothing is left of them, and who behaves gets what is right."""
        require(self._server._thread.is_alive(), "the device's thread has ended")
        require(not self._log.said, f"pykcov said {self._log.said}")
        n = self._inputs % 4
        require(self._traced(n) == self._right[n], "a client that behaves gets another trace")
        self._inputs += 1
        deadline = time.monotonic() + 5
        while (more := self._more(maps=self._inputs % 64 == 0)) and time.monotonic() < deadline:
            time.sleep(0.0002)  # a peer may not have been heard of yet, nor that it has gone
        require(not more, more)
        require(ProcessTask._recorded is None, "all threads are recorded still")

    def _more(self, maps: bool) -> str:
        """Say what there is more of than at the beginning."""
        found = self._left(maps)
        before = self._before or found
        more = {what: (n, before.get(what, 0)) for what, n in found.items()}
        return ", ".join(f"{what}: {n}, not {had}" for what, (n, had) in more.items() if n > had)

    def _left(self, maps: bool) -> dict[str, int]:
        """What there is of it, by what it is. maps: mappings, too, which take longer to count."""
        shown = self._shown
        found = {
            "connections": len(shown.connections),
            "descriptors": len(shown.opened),
            "tasks": len(shown._tasks),
            "handles": len(shown.table._written),
            "files": len(os.listdir("/proc/self/fd")),  # noqa: PTH208 - a path each takes long
        }
        if maps:
            gc.collect()
            lines = Path("/proc/self/maps").read_text().splitlines()
            names = [line.partition("memfd:")[2] for line in lines if "memfd:" in line]
            for name in names:
                if "-pages" not in name:  # which are kept for the next descriptors
                    found[f"mappings of {name}"] = names.count(name)
        return found

    def close(self) -> None:
        self._honest.__exit__(None, None, None)
        self._device.close()
        self._server.close()
        self._session.undo()
