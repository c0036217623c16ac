"""Asks a running service which code two requests ran, that it served at the same time.

    python examples/service_client.py toml 8765

The device's name and the port are those of examples/service.py.
"""

from __future__ import annotations

import socket
import sys
import threading
import time
import urllib.error
import urllib.request

import pykcov

DOCUMENTS = {"a number": "answer = 42", "a date": "day = 2026-11-21", "an error": "answer ="}


def post(port: int, document: str, handle: str) -> str:
    """Send a request; its handle is in the header."""
    request = urllib.request.Request(f"http://127.0.0.1:{port}/", document.encode())
    request.add_header("X-Kcov-Handle", handle)
    try:
        with urllib.request.urlopen(request) as answer:
            return str(answer.read().decode())
    except urllib.error.HTTPError as error:
        return str(error.read().decode())


def collect(device: pykcov.Device, port: int, name: str, traces: dict[str, object]) -> None:
    """Send the request `name`, and keep what it executed."""
    with device.remote(name) as t:  # it is asked for ...
        answer = post(port, DOCUMENTS[name], name)  # ... and is there with the last byte
        traces[name] = t.pcs
    functions = dict.fromkeys(block.function for block in t.blocks)
    print(f"{name}: {answer}")
    print(f"  {len(t.pcs)} records of {len(set(t.pcs))} blocks; all of them: {t.complete}")
    print(f"  last of {len(functions)} functions: {', '.join(list(functions)[-3:])}")


def connected(name: str, port: int) -> pykcov.Device:
    """Return the device, once there is one, and the service listens."""
    for _ in range(100):
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            return pykcov.connect(name)
        except (ConnectionRefusedError, pykcov.PykcovError):
            time.sleep(0.1)
    return pykcov.connect(name)


def main() -> None:
    """Send all requests at once, then one by one: the traces are the same."""
    name, port = sys.argv[1], int(sys.argv[2])
    device = connected(name, port)
    print(f"{device.info['program']}: {device.info['blocks']} blocks have a probe\n")
    at_once: dict[str, object] = {}
    threads = [
        threading.Thread(target=collect, args=(device, port, document, at_once))
        for document in DOCUMENTS
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    alone: dict[str, object] = {}
    for document in DOCUMENTS:
        with device.remote(document) as t:
            post(port, DOCUMENTS[document], document)
        alone[document] = t.pcs
    print(f"\nServed at once, each trace is that of the request alone: {at_once == alone}")
    if at_once != alone:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
