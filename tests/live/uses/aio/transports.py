"""Workloads over sockets, streams and pipes."""

# Calls stand in rows, as in a table; one to a line, they would hide what is used of a module.
# fmt: off
# Private names and wrong arguments are used on purpose.
# mypy: ignore-errors

from __future__ import annotations

from ..helpers import error
from ..registry import Uses
from .loop import failed, run

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

USES = Uses()


@USES.of("asyncio.selector_events")
def socket_transports() -> object:
    import asyncio
    import os
    import socket
    import tempfile

    async def main() -> list[object]:
        loop: Any = asyncio.get_running_loop()
        log: list[object] = []

        class Echo(asyncio.Protocol):
            def connection_made(self, transport: Any) -> None:
                self.transport = transport

            def data_received(self, data: bytes) -> None:
                log.append(data[:5])
                self.transport.write(data.upper()[:5])

            def eof_received(self) -> bool:
                log.append("eof")
                return False

            def connection_lost(self, exc: object) -> None:
                log.append("lost")

        class Buffered(asyncio.BufferedProtocol):
            def get_buffer(self, sizehint: int) -> bytearray:
                return self.__dict__.setdefault("buffer", bytearray(8))

            def buffer_updated(self, nbytes: int) -> None:
                log.append(bytes(self.__dict__["buffer"][:nbytes]))

        near, far = socket.socketpair()
        near.setblocking(False)
        far.setblocking(False)
        transport, _ = await loop.create_connection(Echo, sock=far)
        await loop.sock_sendall(near, b"hello")
        log.append(await loop.sock_recv(near, 9))
        transport.pause_reading()
        transport.resume_reading()
        transport.set_write_buffer_limits(high=10)
        log += [transport.get_write_buffer_size(), transport.get_write_buffer_limits(),
                transport.is_reading(), transport.can_write_eof(),
                transport.get_extra_info("none", "d")]
        transport.write(b"x" * 1_000_000)
        transport.writelines([b"y", b"z"])
        log += [transport.get_write_buffer_size() > 0, error(transport.write, "text"),
                error(transport.set_write_buffer_limits, 1, 5)]
        got = 0
        while got < 1_000_002:
            got += len(await loop.sock_recv(near, 1 << 20))
        transport.write_eof()
        log.append(await loop.sock_recv(near, 9))
        near.close()
        await asyncio.sleep(1)
        log += [transport.is_closing(), repr(transport)[:25]]
        left, right = socket.socketpair()
        for end in (left, right):
            end.setblocking(False)
        second, _ = await loop.create_connection(Buffered, sock=left)
        await loop.sock_sendall(right, b"into buffer")
        await asyncio.sleep(1)
        buffer = bytearray(4)
        second.write(b"abcd")
        log += [await loop.sock_recv_into(right, buffer), bytes(buffer)]
        second.set_protocol(Echo())
        log += [type(second.get_protocol()).__name__]
        second.abort()
        await asyncio.sleep(1)
        one, two = (socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) for _ in range(2))
        with tempfile.TemporaryDirectory() as top:
            for number, end in enumerate((one, two)):
                end.setblocking(False)
                end.bind(os.path.join(top, str(number)))
            for here, there in ((one, two), (two, one)):
                here.connect(there.getsockname())

        class Packets(asyncio.DatagramProtocol):
            def datagram_received(self, data: bytes, addr: object) -> None:
                log.append(data)

        packets, _ = await loop.create_datagram_endpoint(Packets, sock=one)
        packets.sendto(b"out")
        log.append(await loop.sock_recv(two, 9))
        two.send(b"packet")
        await asyncio.sleep(1)
        log += [error(packets.sendto, "text"), packets.sendto(b"bye")]
        packets.close()
        await asyncio.sleep(0)
        loop.add_reader(right, log.append, "readable")
        log += [loop.remove_reader(right), loop.remove_writer(right), loop.remove_reader(right)]
        for end in (right, two):
            end.close()
        return log

    return repr(run(main))


@USES.of("asyncio.streams")
def streams() -> object:
    import asyncio
    import socket

    async def main() -> list[object]:
        log: list[object] = []
        reader = asyncio.StreamReader(limit=16)
        reader.feed_data(b"line one\nsecond|third")
        log += [await reader.readline(), await reader.readuntil(b"|"), await reader.read(2),
                await reader.readexactly(3), repr(reader)[:14]]
        waiting = asyncio.create_task(reader.readline())
        await asyncio.sleep(0)
        log.append(await failed(lambda: reader.read(1)))
        reader.feed_data(b"ta")
        reader.feed_data(b"il\n")
        log.append(await waiting)
        reader.feed_data(b"z" * 40)
        log += [await failed(lambda: reader.readuntil(b"!")), await failed(reader.readline),
                await failed(lambda: reader.readuntil(b"")),
                await failed(lambda: reader.readexactly(-1))]
        reader.feed_eof()
        log += [await failed(lambda: reader.readexactly(99)), await reader.read(), reader.at_eof(),
                await reader.read(0), await reader.readline(), [line async for line in reader]]
        broken = asyncio.StreamReader()
        broken.set_exception(KeyError("k"))
        log += [await failed(broken.read), await failed(broken.readline), broken.exception(),
                await failed(lambda: broken.readexactly(1)), error(asyncio.StreamReader, 0)]
        near, far = socket.socketpair()
        lines, writer = await asyncio.open_connection(sock=near, limit=64)
        other, back = await asyncio.open_connection(sock=far)
        writer.write(b"request\n")
        writer.writelines([b"a", b"b\n"])
        await writer.drain()
        log += [await other.readline(), await other.readline(), writer.can_write_eof(),
                writer.get_extra_info("none", 5), writer.is_closing()]
        back.write(b"q" * 300)
        await back.drain()
        log.append(len(await lines.readexactly(300)))
        writer.write_eof()
        log.append(await other.read())
        writer.close()
        await writer.wait_closed()
        back.close()
        log += [await failed(back.wait_closed), await failed(writer.drain), repr(writer)[:14],
                await failed(lambda: asyncio.open_connection("h", 1, sock=near))]
        return log

    return repr(run(main))


@USES.of("asyncio.unix_events")
def pipes() -> object:
    import asyncio
    import os
    import signal

    async def main() -> list[object]:
        loop: Any = asyncio.get_running_loop()
        log: list[object] = []

        class Pipe(asyncio.Protocol):
            def data_received(self, data: bytes) -> None:
                log.append(data)

            def connection_lost(self, exc: object) -> None:
                log.append("lost")

        left, right = os.pipe()
        reading, _ = await loop.connect_read_pipe(Pipe, os.fdopen(left, "rb", 0))
        writing, _ = await loop.connect_write_pipe(Pipe, os.fdopen(right, "wb", 0))
        writing.write(b"through the pipe")
        await asyncio.sleep(1)
        reading.pause_reading()
        reading.resume_reading()
        log += [writing.get_write_buffer_size(), writing.can_write_eof(), reading.is_closing(),
                repr(reading)[:20], repr(writing)[:21], reading.get_protocol() is not None]
        writing.write(b"")
        writing.write_eof()
        await asyncio.sleep(1)
        writing.close()
        reading.close()
        loop.add_signal_handler(signal.SIGUSR1, log.append, "signal")
        os.kill(os.getpid(), signal.SIGUSR1)
        await asyncio.sleep(0.1)
        log += [loop.remove_signal_handler(signal.SIGUSR1),
                loop.remove_signal_handler(signal.SIGUSR1),
                error(loop.add_signal_handler, signal.SIGKILL, len),
                error(loop.add_signal_handler, "x", len)]
        log += [error(loop.add_signal_handler, 999, len),
                await failed(lambda: loop.create_unix_connection(Pipe)),
                await failed(lambda: loop.create_unix_server(Pipe))]
        return log

    return repr(run(main))
