"""The header's value: which handle it names, and what is said of one that names none."""

from __future__ import annotations

import json
import re
import shutil
import urllib.request
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest
from tests import commands
from tests.live.collector import Collector
from tests.service import launched

import pykcov
from pykcov.service import asgi, header, signing, wsgi

pytestmark = pytest.mark.once


@pytest.mark.parametrize(
    ("value", "handle"),
    [
        ("7", pykcov.handle_of(7)),
        (" 007\t", pykcov.handle_of(7)),
        ("0x7F", pykcov.handle_of(0x7F)),
        ("aB3dE9", pykcov.handle_of("aB3dE9")),
        ("7, 8", pykcov.handle_of("7, 8")),
        ("\u20037", pykcov.handle_of("\u20037")),  # HTTP knows no such space
        ("x" * 1024 + " ", pykcov.handle_of("x" * 1024)),
    ],
)
def test_the_handle_that_is_named(value: str, handle: int) -> None:
    assert header.handle_in(value) == handle


BAD = {"empty": ["", "  "], "1024": ["x" * 1025, "1" * 5000]}


@pytest.mark.parametrize(("text", "value"), [(k, v) for k, many in BAD.items() for v in many])
def test_what_is_no_handle(text: str, value: str) -> None:
    with pytest.raises(ValueError, match=text):
        header.handle_in(value)


@pytest.fixture(autouse=True)
def _nothing_was_logged(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(header, "_logged", set())


def test_each_problem_is_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    for values in BAD.values():
        for value in values * 2:
            assert header.start(value.encode()) is None
    assert header.start(b"\xff\x00\r\n" + b"1" * 2000) is None
    assert len(caplog.records) == len(BAD)
    assert all("[handle-bad]" in message for message in caplog.messages)
    assert all(len(message) < 250 for message in caplog.messages)
    assert all(message.isprintable() for message in caplog.messages)


def test_bytes_that_are_no_text_are_an_identifier_too() -> None:
    assert header.start(b"\xff\x00") is None


# -- signed handles -------------------------------------------------------------------------------

SECRET = "a secret of tests"


@pytest.mark.parametrize("handle", [7, "7", "0x7F", "a;b", "Grüße", "x" * 1024, ";", 1 << 56 | 5])
@pytest.mark.parametrize("secret", [SECRET, SECRET.encode(), b"\xff\x01", "ß"])
def test_a_signed_handle_is_the_handle(handle: int | str, secret: bytes | str) -> None:
    value = pykcov.signed(handle, secret)
    text = signing.Signer(secret).checked(value)
    assert header.handle_in(text) == pykcov.handle_of(handle)
    assert signing.Signer(secret).checked(value[:-64] + value[-64:].upper()) == text
    for other in (f"{secret!r}", b"other", secret[:-1] or "-"):
        with pytest.raises(ValueError, match="secret"):
            signing.Signer(other).checked(value)
    for wrong in (f"x{value}", value[1:], value[:-1] + "0123456789abcdef"[value[-1] == "0"]):
        with pytest.raises(ValueError, match="signed"):
            signing.Signer(secret).checked(wrong)


def test_the_signature_is_what_openssl_makes() -> None:
    if (openssl := shutil.which("openssl")) is None:
        pytest.skip("no openssl")
    for text in ("7", "request 1", "Grüße"):
        made = commands.run(
            openssl,
            "dgst",
            "-sha256",
            "-hmac",
            SECRET,
            "-r",
            input=text,
            encoding="utf-8",
            status=0,
        ).stdout
        assert pykcov.signed(text, SECRET) == f"{text};{made[:64]}"


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        ("7", "not signed"),
        ("", "not signed"),
        (";", "not signed"),
        ("7;" + "0" * 32, "not signed"),
        ("7;" + "\u0660" * 64, "not signed"),
        ("7;" + "0" * 64, "this service's secret"),
        (pykcov.signed(7, "another"), "this service's secret"),
        (pykcov.signed(7, SECRET) + "0", "not signed"),
        (",".join([pykcov.signed(7, SECRET)] * 2), "this service's secret"),  # a header sent twice
        (pykcov.signed(8, SECRET).replace("8", "7", 1), "this service's secret"),
        (signing.Signer(SECRET).sign(""), "empty"),
        (signing.Signer(SECRET).sign("x" * 1025), "1024"),
    ],
)
def test_others_are_unmarked_and_logged(
    caplog: pytest.LogCaptureFixture, value: str, problem: str
) -> None:
    signer = signing.Signer(SECRET)
    with pykcov.instrument(include=["**/tests/service/paths.py"]), Collector(7):
        for _ in range(2):
            assert header.start(value.encode(), signer) is None
        assert len(caplog.messages) == 1
        assert problem in caplog.messages[0]
        assert len(caplog.messages[0]) < 250
        for signature in re.findall("[0-9a-f]{32}", value):
            assert signature not in caplog.messages[0]
        marked = header.start(pykcov.signed(7, SECRET).encode(), signer)
        assert marked is not None
        section, label = marked
        assert label.handle == "7"
        section.stop()


def test_the_secret_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(signing.VARIABLE, raising=False)
    assert signing.signer_of(None) is None
    monkeypatch.setenv(signing.VARIABLE, SECRET)
    value = pykcov.signed(7, SECRET)
    for given in (None, SECRET, SECRET.encode()):
        signer = signing.signer_of(given)
        assert signer is not None
        assert signer.checked(value) == "7"
        assert SECRET not in repr(signer) + str(signer)
    other = signing.signer_of("another")
    assert other is not None
    with pytest.raises(ValueError, match="secret"):
        other.checked(value)


@pytest.mark.slow
def test_a_program_that_pykcov_runs_needs_no_change(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """And its secret is shown nowhere."""
    monkeypatch.setenv(signing.VARIABLE, SECRET)
    words = launched.of_device(
        *("-m", "gunicorn", "--bind", "127.0.0.1:0", "--worker-class", "gthread"),
        *("--no-control-socket", "tests.service.flask_app:app"),
    )
    log = tmp_path / "log"
    with launched.launched(words, log, "Booting worker with pid", 1) as service:
        traces = []
        for value in ("7", pykcov.signed(7, "of another"), pykcov.signed(7, SECRET)):
            unmarked = value == "7"  # which is told once
            warned = pytest.warns(pykcov.PykcovWarning, match="nothing-marked")
            with (
                warned if unmarked else nullcontext(),
                pykcov.connect(service.device).remote(7) as t,
            ):
                address = f"http://127.0.0.1:{service.port}/plain/1"
                request = urllib.request.Request(address, headers={"X-Kcov-Handle": value})
                with urllib.request.urlopen(request) as answer:
                    assert answer.status == 200
            traces.append(len(t.pcs))
        assert traces[:2] == [0, 0]
        assert traces[2] > 0
        listed = commands.pykcov("ls", "--json", status=0).stdout
        row = next(r for r in map(json.loads, listed.splitlines()) if r["name"] == service.device)
        arguments = Path(f"/proc/{row['pid']}/cmdline").read_text()
    told = log.read_text()
    assert told.count("[handle-bad]") == 2
    for text in (told, listed, arguments):
        assert SECRET not in text
        assert pykcov.signed(7, SECRET)[-64:] not in text


@pytest.mark.parametrize("app", [asgi.KcovMiddleware, wsgi.KcovMiddleware])
def test_an_empty_secret_is_a_mistake(monkeypatch: pytest.MonkeyPatch, app: Any) -> None:
    for empty in ("", b""):
        with pytest.raises(pykcov.PykcovError, match="secret-empty"):
            app(None, secret=empty)
        with pytest.raises(pykcov.PykcovError, match="secret-empty"):
            pykcov.signed(7, empty)
    monkeypatch.setenv(signing.VARIABLE, "")
    with pytest.raises(pykcov.PykcovError, match="secret-empty"):
        app(None)


@pytest.mark.parametrize("handle", [0, -1, 1 << 64, "", " ", "a\r\nb", "\x00", "x" * 1025])
def test_what_can_not_be_signed(handle: int | str) -> None:
    with pytest.raises(ValueError, match=r"handle|header"):
        pykcov.signed(handle, SECRET)


# -- what else a request's and a response's headers say -------------------------------------------


@pytest.mark.parametrize(
    ("value", "length"),
    [
        ("0", 0),
        (" 12 ", 12),
        ("", None),
        ("-1", None),
        ("1, 1", None),
        ("²", None),
        ("9" * 40, None),
    ],
)
def test_content_length(value: str, length: int | None) -> None:
    assert header.content_length(value) == length
