"""A client in a process of its own: how often does it hold a response before its trace is there?

Arguments: port, descriptor of an area, its bytes, number of requests, records that must be there
(0: all that there ever are), and the request.
"""

from __future__ import annotations

import mmap
import socket
import sys
import time


def main(port: int, descriptor: int, size: int, number: int, least: int, request: bytes) -> None:
    def count() -> int:
        return int.from_bytes(area[:8], "little")

    area = mmap.mmap(descriptor, size)
    late = 0
    length = expected = 0
    stream = None
    for i in range(number + 3):
        if stream is None:
            stream = socket.create_connection(("127.0.0.1", port))
            stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        area[:8] = bytes(8)
        stream.sendall(request)
        if i < 3:  # how long is it, and what its trace? Later ones are compared with the third
            time.sleep(0.2)
            answer = stream.recv(1 << 16)
            length, expected = len(answer), count()
        else:
            answer = stream.recv(1 << 16)
            while len(answer) < length:
                more = stream.recv(1 << 16)
                assert more, f"{answer!r} is shorter than {length} bytes"
                answer += more
            found = count()
            late += found < least if least else found != expected
        if b"connection: close" in answer.lower():
            stream.close()
            stream = None
    print(expected, late)


if __name__ == "__main__":
    port, descriptor, size, number, least = map(int, sys.argv[1:6])
    main(port, descriptor, size, number, least, bytes.fromhex(sys.argv[6]))
