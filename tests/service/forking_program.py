"""A service for tests whose workers are forked by C, as those of a program that embeds Python are.

forking_program.py NAME WORKERS: as shown.py, but the process that shows the device, as NAME, only
forks, and passes requests on.
"""

from __future__ import annotations

import os
import socket
import sys

from tests.live import subject
from tests.service.shown import answer
from tests.unit.native_raw import fork_in_c

import pykcov


def worker(requests: socket.socket) -> None:
    """Answer requests until there are none. "all N" is one outside of a section."""
    while line := requests.recv(1024).decode():
        if line.startswith("all "):
            subject.work(int(line[4:]))
            said = "done"
        else:
            said = answer(line)
        os.write(1, f"{said}\n".encode())


def main() -> None:
    """Show the device, fork, and pass on."""
    name, workers = sys.argv[1], int(sys.argv[2])
    sys.setswitchinterval(1000)  # a wish for the GIL would stand in a child for ever
    with pykcov.instrument(include=["**/tests/live/subject.py"]):
        pykcov.serve(name)
        started: list[socket.socket] = []
        for _ in range(workers):
            theirs, ours = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            if fork_in_c(True) == 0:
                for other in [ours, *started]:
                    other.close()
                worker(theirs)
                os._exit(0)
            theirs.close()
            started.append(ours)
        print("ready", flush=True)
        for count, line in enumerate(sys.stdin):
            started[count % len(started)].send(line.strip().encode())


if __name__ == "__main__":
    main()
