"""Workloads over mail messages, read and written."""

# Calls stand in rows, as in a table; one to a line, they would hide what is used of a module.
# fmt: off
# Private names and wrong arguments are used on purpose.
# mypy: ignore-errors

from __future__ import annotations

from ..helpers import error
from ..registry import Uses

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

USES = Uses()

MIXED = """\
Received: from a.example by b.example; Mon, 1 Jan 2024 10:00:00 +0000
From: =?utf-8?q?J=C3=BCrgen?= <j@example.org>
To: "Last, First" <a@x.org>, group: b@x.org, c@x.org;
Subject: =?iso-8859-1?b?R3L832U=?= and a very long subject line that has to be folded somewhere soon
Date: Tue, 02 Jan 2024 11:12:13 -0500
Message-ID: <id@example.org>
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary="==B=="

preamble
--==B==
Content-Type: text/plain; charset="utf-8"; format=flowed
Content-Transfer-Encoding: quoted-printable

Gr=C3=BC=C3=9Fe,
soft =
break

--==B==
Content-Type: multipart/alternative; boundary=inner

--inner
Content-Type: text/html; charset=latin-1

<p>hi</p>
--inner--
--==B==
Content-Type: application/octet-stream; name*0="long "; name*1*=utf-8''n%C3%A4me
Content-Disposition: attachment; filename="a \\"b\\".bin"; size=3
Content-Transfer-Encoding: base64

AAEC
--==B==
Content-Type: message/rfc822

Subject: inner
To: z@x.org

body
--==B==--
epilogue
"""

BROKEN = (
    "no headers at all\n\nbody",
    " leading continuation\nA: b\n\nx",
    "A: b\nnot a header\nC: d\n\nx",
    "Content-Type: multipart/mixed; boundary=x\n\nno boundary here",
    "Content-Type: multipart/mixed\n\n--x\n\na\n--x--\n",
    "Content-Type: multipart/mixed; boundary=x\n\n--x\nA: b\n\npart\n--x\n",
    "Content-Type: multipart/mixed; boundary=x\nContent-Transfer-Encoding: base64\n\n"
    "--x\n\n--x--\n",
    "Content-Transfer-Encoding: base64\n\nAA=A",
    "From me once\nA: b\n\nFrom x",
    "Content-Type: message/delivery-status\n\nA: 1\n\nB: 2\n",
    ": no name\n\n",
)


@USES.of("email.message")
def messages() -> object:
    import email
    import email.policy
    import random
    from email.message import EmailMessage, Message

    random.seed(20240229)  # boundaries of multiparts
    old: Any = email.message_from_string(MIXED)
    parts = [(part.get_content_type(), part.get_payload(decode=True)) for part in old.walk()]
    attachment = old.get_payload(2)
    attachment.set_param("name", "new näme", charset="utf-8")
    attachment.set_type("application/zip")
    attachment.del_param("size", "content-disposition")
    attachment.replace_header("content-transfer-encoding", "8bit")
    plain = Message()
    plain["Subject"] = "one"
    plain.add_header("X-Test", "value", filename="a b", flag=None, coded=("utf-8", "", "é"))
    plain.set_payload("text é", "utf-8")
    plain.set_unixfrom("From me")
    del plain["Subject"]
    plain.set_default_type("text/html")
    new: Any = EmailMessage()
    new["To"] = "a@x.org"
    new["From"] = "Jürgen <j@x.org>"
    new.set_content("Plain body\n")
    new.add_alternative("<p>Rich <img src='cid:i'></p>", subtype="html")
    new.get_payload()[1].add_related(b"GIF", "image", "gif", cid="<i>")
    new.add_attachment("note text", filename="note.txt")
    new.add_attachment(b"\0\1", maintype="application", subtype="x-raw", filename="ü.bin")
    new.add_attachment(new.get_body(("plain",)))
    body = new.get_body(("html", "related"))
    content = body.get_content()
    related = [part.get_content_type() for part in new.iter_attachments()]
    bad: Any = Message()
    bad.set_payload("x")
    errors = [
        error(bad.attach, "y"), error(old.set_payload, b"x", 5), error(bad.get_payload, 1),
        error(new.__setitem__, "To", "b"),
        error(bad.set_boundary, "b"), error(bad.replace_header, "No", "x"),
        error(bad.set_type, "odd"), error(new.make_related),
        error(new.add_attachment, b"x"), error(body.add_related, b"x"), error(bad.set_charset, 5),
    ]
    old.set_boundary("new boundary")
    clone = email.message_from_bytes(new.as_bytes(), policy=email.policy.default)
    fixed = new.as_string().replace(new.get_boundary(), "BOUNDARY") if new.get_boundary() else ""
    return (
        parts,
        (old.get_content_maintype(), old.get_content_subtype(), old.get_boundary(),
         old.is_multipart(), old.preamble),
        (attachment.get_filename(), attachment.get_params(), attachment.get_param("name"),
         attachment.get_content_disposition()),
        (plain.as_string(unixfrom=True), plain.items(), plain.get_charset() is not None,
         plain.get_content_charset()),
        (plain.get("X-Test"), plain.get_all("none", "d"), "x-test" in plain, len(plain),
         plain.values(), plain.get_charsets("n")),
        (old["Subject"], [name for name, _ in old.raw_items()], old.get_charsets(),
         attachment.get_param("nope", "default")),
        (content, related, new.is_attachment(), sorted(new.keys()), len(fixed) > 100),
        (new.get_content_type(), [type(part).__name__ for part in new.iter_parts()],
         clone.get_content_type()),
        errors,
        new.clear_content(),
        new.as_string(),
        bytes(plain),
    )


@USES.of("email.feedparser")
def feeding_messages() -> object:
    import email.policy
    from email.feedparser import BytesFeedParser, FeedParser

    parser: Any = FeedParser(policy=email.policy.default)
    for start in range(0, len(MIXED), 50):
        parser.feed(MIXED[start : start + 50].replace("\n", "\r\n"))
    whole = parser.close()
    results = []
    for text in BROKEN:
        raw: Any = BytesFeedParser()
        raw.feed(text.encode())
        message = raw.close()
        results.append(([type(defect).__name__ for defect in message.defects], message.keys(),
                        message.is_multipart()))
    strict: Any = FeedParser(policy=email.policy.strict)
    return (
        [part.get_content_type() for part in whole.walk()], results, error(strict.feed, BROKEN[1])
    )


@USES.of("email.parser")
def parsing_messages() -> object:
    import io
    from email import message_from_binary_file, message_from_file, policy
    from email.parser import BytesHeaderParser, BytesParser, HeaderParser, Parser

    raw = MIXED.encode()
    return (
        Parser().parsestr(MIXED, headersonly=True).keys(),
        HeaderParser().parsestr(MIXED).get_payload()[:8],
        HeaderParser().parse(io.StringIO(MIXED))["Message-ID"],
        BytesParser(policy=policy.SMTP).parsebytes(raw)["Subject"],
        BytesHeaderParser().parse(io.BytesIO(raw)).get_content_type(),
        BytesHeaderParser().parsebytes(raw)["Date"],
        message_from_file(io.StringIO(MIXED)).is_multipart(),
        message_from_binary_file(io.BytesIO(raw)).epilogue,
    )


def policy() -> Any:
    import email.policy

    return email.policy.default.clone(max_line_length=30)


@USES.of("email.generator")
def writing_messages() -> object:
    import io
    from email import message_from_bytes, message_from_string, policy
    from email.generator import BytesGenerator, DecodedGenerator, Generator
    from email.message import Message

    message: Any = message_from_string("From x\n" + MIXED)
    outs = []
    for options in ({}, {"mangle_from_": True, "maxheaderlen": 40}, {"policy": policy.SMTP},
                    {"policy": policy.compat32.clone(max_line_length=0)}):
        text = io.StringIO()
        Generator(text, **options).flatten(message, unixfrom=True)
        outs.append(text.getvalue())
    raw = io.BytesIO()
    mixed = message_from_bytes(MIXED.encode(), policy=policy.default)
    BytesGenerator(raw, policy=policy.default).flatten(mixed, linesep="\r\n")
    eight = message_from_bytes(
        "Subject: ü\nContent-Type: text/plain; charset=utf-8\n\nFrom é\n".encode()
    )
    again = io.BytesIO()
    BytesGenerator(again, mangle_from_=True).flatten(eight)
    text = io.StringIO()
    Generator(text).flatten(eight)
    DecodedGenerator(text, fmt="[%(type)s %(filename)s]").flatten(message)
    odd: Any = Message()
    odd.set_payload(5)
    status = message_from_string(BROKEN[9])
    return (
        outs, raw.getvalue(), again.getvalue(), text.getvalue(),
        error(Generator(io.StringIO()).flatten, odd), status.as_string()
    )
