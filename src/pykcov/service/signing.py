"""Signed handles: clients that don't know the service's secret can't use them."""

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
    """Signs handles with a secret, and checks signatures. repr() doesn't show the secret.

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
        """Return the header value for the handle `text`."""
        return f"{text};{self._digest(text).decode()}"

    def checked(self, value: str) -> str:
        """Return the text signed by a header value. Raises ValueError if the signature is wrong."""
        text, _, digest = value.rpartition(";")
        if not _DIGEST.fullmatch(digest):
            raise ValueError("it is not signed")
        if not hmac.compare_digest(self._digest(text), digest.lower().encode()):
            raise ValueError("it is not signed with this service's secret")
        return text


def signer_of(secret: bytes | str | None) -> Signer | None:
    """Return a Signer for `secret`, or else for PYKCOV_SECRET; None if neither is given.

    Raises PykcovError: secret-empty.
    """
    given = os.environ.get(VARIABLE) if secret is None else secret
    return None if given is None else Signer(given)


def signed(handle: int | str, secret: bytes | str) -> str:
    """Return the value of the header X-Kcov-Handle, "HANDLE;DIGEST", for a service that accepts
    only handles signed with `secret`.

    handle: as for handle_of(). secret: bytes, or a string, which stands for its UTF-8 bytes. Send
    the result as UTF-8. Raises ValueError for an invalid handle, or one with characters not allowed
    in a header. PykcovError: secret-empty.
    """
    text = str(handle).strip(" \t")
    handle_of(handle if isinstance(handle, int) else text)
    if _IN_NO_HEADER.search(text):
        raise ValueError("a header can't contain control characters")
    return Signer(secret).sign(text)
