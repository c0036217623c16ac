"""Eight threads on one pipe and on one file, and one that waits while others work."""

from __future__ import annotations

import os
import sys
import threading
import time

THREADS, LINES = 8, 100


def together(work: object) -> None:
    assert callable(work)
    threads = [threading.Thread(target=work, args=(n,)) for n in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def complete(text: bytes) -> bool:
    """Is each line there, whole, once, those of a thread in order?"""
    lines = [line.split() for line in text.decode().splitlines()]
    return all(
        [int(k) for m, k, pad in lines if int(m) == n and pad == "x" * 90] == list(range(LINES))
        for n in range(THREADS)
    )


def lines_into(fd: int) -> object:
    def work(n: int) -> None:
        for k in range(LINES):
            os.write(fd, f"{n} {k} {'x' * 90}\n".encode())

    return work


folder = sys.argv[1]

reader, writer = os.pipe()
got = bytearray()


def read_all() -> None:
    while part := os.read(reader, 1000):
        got.extend(part)


collector = threading.Thread(target=read_all)
collector.start()
together(lines_into(writer))
os.close(writer)
collector.join()
print("pipe:", complete(bytes(got)))

log = os.open(f"{folder}/log", os.O_CREAT | os.O_RDWR | os.O_APPEND)
together(lines_into(log))
print("file:", complete(os.pread(log, 1 << 20, 0)))


def names(n: int) -> None:
    for k in range(30):
        os.mkdir(f"{folder}/{n}")
        os.rename(f"{folder}/{n}", f"{folder}/{n}-{k}")
        os.rmdir(f"{folder}/{n}-{k}")


together(names)
print("names:", os.listdir(folder))

waiting_reader, waiting_writer = os.pipe()
answers: list[bytes] = []
waiting = threading.Thread(target=lambda: answers.append(os.read(waiting_reader, 10)))
waiting.start()
time.sleep(0.05)
began = time.monotonic()
for _ in range(200):
    os.getppid()
print("one waits, others go on:", not answers and time.monotonic() - began < 5)
os.write(waiting_writer, b"now")
waiting.join()
print(answers)
