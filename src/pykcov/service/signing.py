"""Signed handles: who does not know the service's secret can't name one."""

from __future__ import annotations

import hmac
import os
import re

from pykcov.errors import PykcovError
from pykcov.request_marks import handle_of

VARIABLE = "PYKCOV_SECRET"

_DIGEST = re.compile(r"[0-9a-fA-F]{64}", re.ASCII)
_IN_NO_HEADER = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")


class Signer:
    """Signs with one secret, and checks. Nothing shows the secret, repr() included.

    Raises PykcovError: secret-empty.
    """

    __slots__ = ("_secret",)

    def __init__(self, secret: bytes | str) -> None:
        if isinstance(secret, str):
            secret = secret.encode("utf-8", "surrogateescape")
        if not secret:
            raise PykcovError("secret-empty", "the secret that signs handles is empty")
        self._secret = secret

    def _digest(self, text: str) -> bytes:
        given = text.encode("utf-8", "surrogateescape")
        return hmac.digest(self._secret, given, "sha256").hex().encode()

    def sign(self, text: str) -> str:
        """Return the value of a header that names the handle `text`."""
        return f"{text};{self._digest(text).decode()}"

    def checked(self, value: str) -> str:
        """Return the text that a header's value has signed. Raises ValueError."""
        text, _, digest = value.rpartition(";")
        if not _DIGEST.fullmatch(digest):
            raise ValueError("it is not signed")
        if not hmac.compare_digest(self._digest(text), digest.lower().encode()):
            raise ValueError("it is not signed with this service's secret")
        return text


def signer_of(secret: bytes | str | None) -> Signer | None:
    """Return who signs with `secret`, or else with that of PYKCOV_SECRET; None where there is none.

    Raises PykcovError: secret-empty.
    """
    given = os.environ.get(VARIABLE) if secret is None else secret
    return None if given is None else Signer(given)


def signed(handle: int | str, secret: bytes | str) -> str:
    """Return the value of the header X-Kcov-Handle that names `handle`, for a service that takes
    only handles signed with `secret`: "HANDLE;DIGEST". A string secret stands for its UTF-8 bytes.

    Send it as UTF-8. Raises ValueError for what is no handle, or can't stand in a header.
    PykcovError: secret-empty.
    """
    text = str(handle).strip(" \t")
    handle_of(handle if isinstance(handle, int) else text)
    if _IN_NO_HEADER.search(text):
        raise ValueError("a header can't have control characters")
    return Signer(secret).sign(text)
