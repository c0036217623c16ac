"""Workloads over file transfer, and the sockets below it."""

# Calls stand in rows, as in a table; one to a line, they would hide what is used of a module.
# fmt: off
# Private names and wrong arguments are used on purpose.
# mypy: ignore-errors

from __future__ import annotations

from ..helpers import error
from ..registry import Uses
from .script import Script

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

USES = Uses()


@USES.of("ftplib")
def file_transfer() -> object:
    import ftplib
    import io

    class Scripted(ftplib.FTP):
        data: tuple[bytes, ...] = ()

        def connect(self, host: str = "", port: int = 0, timeout: float = -999,
                    source_address: Any = None) -> str:
            self.host = "h"
            self.sock: Any = Script(b"")
            self.file = io.StringIO(self.replies)
            self.welcome = self.getresp()
            return self.welcome

        def ntransfercmd(self, cmd: str, rest: Any = None) -> Any:
            self.sendcmd(cmd)
            return Data(self.data[0]), len(self.data[0])

        replies = ""

    class Data(Script):
        def __enter__(self) -> Data:
            return self

        def __exit__(self, *exc: object) -> None: ...

        def recv(self, size: int) -> bytes:
            return self.incoming.read(size)

        def makefile(self, mode: str = "r", *args: object, **kwargs: object) -> Any:
            return io.TextIOWrapper(self.incoming,
                                    newline="\r\n") if "b" not in mode else self.incoming

    def talk(replies: str, data: bytes = b"") -> Any:
        class Session(Scripted):
            pass

        Session.replies, Session.data = replies, (data,)
        session = Session()
        session.connect()
        return session

    got: list[Any] = []
    ftp = talk(
        "220-hi\n more\n220 ready\n331 pass\n332 acct\n230 in\n200 type\n150 open\n226 done\n"
        "200 a\n150 o\n226 d\n",
        b"line one\r\nline two\r\n"
    )
    login = ftp.login("user", "pw", "acct")
    ftp.retrbinary("RETR x", got.append, blocksize=8)
    ftp.retrlines("RETR y", got.append)
    more = talk(
        "220 r\n" + "200 t\n150 o\n226 d\n" * 4
        + "257 \"/a\"\"b\"\n250 ok\n213 99\n350 from\n250 to\n250 gone\n221 bye\n",
        b"type=file;size=5; name\r\n"
    )
    more.storbinary("STOR x", io.BytesIO(b"binary" * 3), 8, got.append)
    more.storlines("STOR y", io.BytesIO(b"a\nb\r\n"), got.append)
    listed = more.nlst("d")
    more.dir("d", got.append)
    seen = [more.pwd(), more.cwd(".."), more.size("x"), more.rename("a", "b"), more.delete("x"),
            more.sock.sent, more.quit()]
    facts = talk("220 r\n200 opts\n200 t\n150 o\n226 d\n", b"type=file;size=5; name\r\n")
    seen.append(list(facts.mlsd("p", ["type", "size"])))
    errors = [error(talk, reply) for reply in ("500 no\n", "", "4xx\n", "abc\n", "x" * 9000)]
    errors += [error(talk("220 r\n" + reply).sendcmd, "X")
               for reply in ("450 t\n", "550 p\n", "650 w\n")]
    errors += [error(talk("220 r\n150 x\n").voidcmd, "X"), error(talk("220 r\n530 no\n").login),
               error(talk("220 r\n").putcmd, "a\r\nb"), error(talk("220 r\n500 no\n").cwd, "x")]
    parses = [ftplib.parse150("150 open (99 bytes)"), ftplib.parse150("150 x"),
              ftplib.parse227("227 (1,2,3,4,5,6)"), ftplib.parse229("229 (|||80|)", ("h", 1)),
              ftplib.parse257('257 "a"')]
    parses += [error(ftplib.parse227, "227 x"), error(ftplib.parse229, "229 x", ("h", 1)),
               error(ftplib.parse150, "200"), ftplib.parse257("257 x"), error(ftplib.parse257, "x")]
    active = talk("220 r\n200 port\n200 eprt\n226 aborted\n200 x\n250 d\n257 \"m\"\n250 r\n")
    seen += [active.sendport("1.2.3.4", 258), active.voidcmd("EPRT"), active.abort(),
             active.getwelcome(), active.voidcmd("NOOP"), active.cwd("d"), active.mkd("m"),
             active.rmd("m")]
    active.set_pasv(False)
    active.set_debuglevel(0)
    with active:
        active.file = io.StringIO("221 bye\n")
    return (
        login, got, listed, repr(seen), errors, parses, ftp.sock.sent, ftp.sanitize("PASS secret"),
        ftp.lastresp
    )


@USES.of("selectors")
def readiness() -> object:
    import selectors
    import socket

    seen: list[object] = []
    for kind in (selectors.SelectSelector, selectors.PollSelector, selectors.EpollSelector):
        near, far = socket.socketpair()
        with kind() as selector, near, far:
            key = selector.register(near, selectors.EVENT_READ, "near")
            idle = selector.select(0)
            far.send(b"x")
            ready = [(k.data, mask) for k, mask in selector.select(1)]
            selector.modify(near, selectors.EVENT_READ | selectors.EVENT_WRITE, "both")
            selector.modify(near, selectors.EVENT_READ | selectors.EVENT_WRITE, "data")
            ready += [(k.data, mask) for k, mask in selector.select(-1)]
            seen += [idle, ready, key.data, selector.get_key(near).data, len(selector.get_map()),
                     near in selector.get_map()]
            seen += [error(selector.register, near, 1), error(selector.register, far, 8),
                     error(selector.unregister, far), error(selector.modify, far, 1)]
            seen += [error(selector.register, "x", 1), error(selector.register, -1, 1),
                     error(selector.get_key, far)]
            seen += [selector.unregister(near).data, error(selector.get_map().__getitem__, near),
                     len(selector.get_map())]
        seen.append(error(selector.get_key, 5))
    return tuple(seen)


@USES.of("socket")
def local_sockets() -> object:
    import io
    import os
    import socket
    import tempfile

    near, far = socket.socketpair()
    seen: list[object] = []
    with near, far:
        with near.makefile(
            "w", encoding="utf-8"
        ) as writer, far.makefile("r") as reader, far.makefile(
            "rb", 0
        ) as raw, near.makefile("rwb") as both:
            writer.write("line é\n")
            writer.flush()
            seen += [reader.readline(), raw.name > 0, raw.mode, raw.readable(), raw.writable(),
                     raw.seekable(), both.flush()]
            near.sendall(b"raw")
            seen += [raw.read(3), error(raw.write, b"x"), error(raw.seek, 0)]
        with tempfile.TemporaryFile() as file:
            file.write(b"0123456789")
            file.seek(0)
            seen += [near.sendfile(file, 2, 5), far.recv(99), file.tell()]
        seen += [near._sendfile_use_send(io.BytesIO(b"memory"), 1, 3), far.recv(9),
                 error(near.sendfile, io.StringIO("x"))]
        copy = far.dup()
        seen += [copy.family.name, copy.type.name, copy.proto, copy.get_inheritable(),
                 error(near.makefile, "x"), repr(copy)[:21], error(copy.__getstate__)]
        copy.set_inheritable(True)
        fd = copy.detach()
        os.close(fd)
        left, right = os.pipe()
        socket.send_fds(near, [b"fd"], [left])
        data, fds, _, _ = socket.recv_fds(far, 10, 1)
        seen += [data, len(fds), near.timeout, error(near.sendfile, 5)]
        for descriptor in (left, right, *fds):
            os.close(descriptor)
        near.settimeout(0)
        seen += [error(near.recv, 1), near.gettimeout(),
                 error(near._sendfile_use_send, io.BytesIO(b""), 0, 1)]
    seen += [near.fileno(), near._closed, socket.AF_UNIX.name,
             socket.has_dualstack_ipv6() in (True, False)]
    return tuple(seen)
