"""Ask the running shop_service.py for a price, several times at once, and for what each request
executed.

    python examples/shop_client.py shop 8766
"""

from __future__ import annotations

import socket
import sys
import time
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pykcov

QUERIES = ("", "?voucher=HALF", "?voucher=MINUS3", "?voucher=FREE")


def connected(name: str, port: int) -> pykcov.Device:
    """Return the device, as soon as the service listens."""
    for _ in range(100):
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            return pykcov.connect(name)
        except (ConnectionRefusedError, pykcov.PykcovError):
            time.sleep(0.1)
    return pykcov.connect(name)


def request(device: pykcov.Device, port: int, query: str) -> str:
    """Send one request; return its answer and its trace."""
    url = f"http://127.0.0.1:{port}/{query}"
    headers = {"X-Kcov-Handle": query or "plain"}
    with device.remote(query or "plain") as t:
        try:
            sent = urllib.request.Request(url, b'{"pen": 250, "ink": 900}', headers)
            answer = urllib.request.urlopen(sent).read().decode()
        except urllib.error.HTTPError as error:
            answer = error.read().decode()
        blocks = t.blocks
    where = ", ".join(f"{Path(block.file).name}:{block.start_line}" for block in blocks)
    return f"POST /{query}: {answer}\n    {where}"


def main() -> None:
    """Send all requests at once, and print them in order."""
    device = connected(sys.argv[1], int(sys.argv[2]))
    with ThreadPoolExecutor() as pool:
        for text in pool.map(lambda query: request(device, int(sys.argv[2]), query), QUERIES):
            print(text)


if __name__ == "__main__":
    main()
