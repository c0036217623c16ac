"""An HTTP client on bare sockets: it knows when it has a response's last byte."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass


@dataclass(frozen=True)
class Kind:
    """A request, and the status that is its answer."""

    path: str
    method: str = "GET"
    body: bytes = b""
    status: int = 200

    def bytes(self, handle: int | str | None = None, *more: str) -> bytes:
        lines = [f"{self.method} {self.path} HTTP/1.1", "Host: test", *more]
        if handle is not None:
            lines.append(f"X-Kcov-Handle: {handle}")
        if self.body:
            lines.append(f"Content-Length: {len(self.body)}")
        return "\r\n".join([*lines, "", ""]).encode() + self.body


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes


async def read(stream: asyncio.StreamReader, method: str = "GET") -> Answer:
    """Return one response as soon as its last byte is there."""
    head = (await stream.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    status = int(head[0].split()[1])
    pairs = (line.partition(":") for line in head[1:] if line)
    headers = {name.lower(): value.strip() for name, _, value in pairs}
    if method == "HEAD" or status in (204, 304):
        body = b""
    elif "chunked" in headers.get("transfer-encoding", ""):
        pieces = []
        while size := int(await stream.readline(), 16):
            pieces.append((await stream.readexactly(size + 2))[:-2])
        await stream.readline()
        body = b"".join(pieces)
    elif "content-length" in headers:
        body = await stream.readexactly(int(headers["content-length"]))
    else:
        body = await stream.read()
    return Answer(status, headers, body)


class Client:
    """One connection, made anew where the server has closed it."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def fetch(self, kind: Kind, handle: int | str | None = None) -> Answer:
        if self._streams is None:
            self._streams = await asyncio.open_connection("127.0.0.1", self._port)
        reader, writer = self._streams
        writer.write(kind.bytes(handle))
        answer = await read(reader, kind.method)
        # uvicorn closes behind an application that raised, and does not say so.
        if answer.status == 500 or answer.headers.get("connection", "").lower() == "close":
            await self.close()
        return answer

    async def __aenter__(self) -> Client:
        return self

    async def __aexit__(self, *error: object) -> None:
        await self.close()

    async def close(self) -> None:
        if self._streams is not None:
            writer, self._streams = self._streams[1], None
            writer.close()
            await writer.wait_closed()
