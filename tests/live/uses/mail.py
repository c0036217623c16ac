"""Workloads over the email package, mailboxes and MIME types."""

from __future__ import annotations

from .registry import Uses, error

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
    "Content-Type: multipart/mixed; boundary=x\nContent-Transfer-Encoding: base64\n\n--x\n\n--x--\n",
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
        error(bad.attach, "y"), error(old.set_payload, b"x", 5), error(bad.get_payload, 1), error(new.__setitem__, "To", "b"),
        error(bad.set_boundary, "b"), error(bad.replace_header, "No", "x"), error(bad.set_type, "odd"), error(new.make_related),
        error(new.add_attachment, b"x"), error(body.add_related, b"x"), error(bad.set_charset, 5),
    ]  # fmt: skip
    old.set_boundary("new boundary")
    clone = email.message_from_bytes(new.as_bytes(), policy=email.policy.default)
    fixed = new.as_string().replace(new.get_boundary(), "BOUNDARY") if new.get_boundary() else ""
    return (
        parts,
        (old.get_content_maintype(), old.get_content_subtype(), old.get_boundary(), old.is_multipart(), old.preamble),
        (attachment.get_filename(), attachment.get_params(), attachment.get_param("name"), attachment.get_content_disposition()),
        (plain.as_string(unixfrom=True), plain.items(), plain.get_charset() is not None, plain.get_content_charset()),
        (plain.get("X-Test"), plain.get_all("none", "d"), "x-test" in plain, len(plain), plain.values(), plain.get_charsets("n")),
        (old["Subject"], [name for name, _ in old.raw_items()], old.get_charsets(), attachment.get_param("nope", "default")),
        (content, related, new.is_attachment(), sorted(new.keys()), len(fixed) > 100),
        (new.get_content_type(), [type(part).__name__ for part in new.iter_parts()], clone.get_content_type()),  # type: ignore[union-attr]
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
        results.append(([type(defect).__name__ for defect in message.defects], message.keys(), message.is_multipart()))
    strict: Any = FeedParser(policy=email.policy.strict)
    return [part.get_content_type() for part in whole.walk()], results, error(strict.feed, BROKEN[1])


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


@USES.of("email.generator")
def writing_messages() -> object:
    import io
    from email import message_from_bytes, message_from_string, policy
    from email.generator import BytesGenerator, DecodedGenerator, Generator
    from email.message import Message

    message: Any = message_from_string("From x\n" + MIXED)
    outs = []
    for options in ({}, {"mangle_from_": True, "maxheaderlen": 40}, {"policy": policy.SMTP}, {"policy": policy.compat32.clone(max_line_length=0)}):
        text = io.StringIO()
        Generator(text, **options).flatten(message, unixfrom=True)  # type: ignore[arg-type]
        outs.append(text.getvalue())
    raw = io.BytesIO()
    BytesGenerator(raw, policy=policy.default).flatten(message_from_bytes(MIXED.encode(), policy=policy.default), linesep="\r\n")
    eight = message_from_bytes("Subject: ü\nContent-Type: text/plain; charset=utf-8\n\nFrom é\n".encode())
    again = io.BytesIO()
    BytesGenerator(again, mangle_from_=True).flatten(eight)
    text = io.StringIO()
    Generator(text).flatten(eight)
    DecodedGenerator(text, fmt="[%(type)s %(filename)s]").flatten(message)
    odd: Any = Message()
    odd.set_payload(5)
    status = message_from_string(BROKEN[9])
    return outs, raw.getvalue(), again.getvalue(), text.getvalue(), error(Generator(io.StringIO()).flatten, odd), status.as_string()


@USES.of("email.header")
def encoded_headers() -> object:
    from email.header import Header, decode_header, make_header

    header = Header("Grüße an ", "iso-8859-1", header_name="Subject", maxlinelen=40)
    header.append("alle 世界 " * 6, "utf-8")
    header.append("plain ascii text", "us-ascii")
    encoded = header.encode()
    texts = ("=?utf-8?q?a_b=C3=A9?= tail =?utf-8?b?w6k=?= =?utf-8?b?w6k=?=", "plain", "=?utf-8?b?w6k?=", "=?x?q?open", encoded)
    errors = [error(decode_header, "=?utf-8?b?w?="), error(Header, "é", "us-ascii"), error(header.append, b"\xff", "utf-8")]
    errors += [error(header.append, "\udcff", "nope")]
    long = Header("word; " * 30, header_name="X-Long", continuation_ws="\t")
    return (
        encoded,
        str(header),
        [decode_header(text) for text in texts],
        [str(make_header(decode_header(text))) for text in texts[:2]],
        errors,
        (long.encode(splitchars=";"), long.encode(maxlinelen=0), long.encode(linesep="\r\n").count("\r\n"), header == "x", header == encoded),
        (Header().encode(), Header(b"\xc3\xa9", "utf-8", errors="replace").encode(), decode_header(header)[0][1]),
    )


@USES.of("email._header_value_parser")
def header_values() -> object:
    import email.errors
    import email.policy
    from email import _header_value_parser as hvp  # type: ignore[attr-defined]

    addresses = (
        "Fred <f@x.org>, \"A \\\"q\\\" B\" (note (nested)) <a.b@[127.0.0.1]>, g: x@y, z@w;, <@r1,@r2:u@d>",
        *("", "broken <a@", "a@b@c", "=?utf-8?q?J=C3=BC?= <j@x>", "a b c", "group:;", "x@y..z, ,", "(only comment)", '"open <a@b>'),
        *("name@", "a..b@x", "Dr. No <n@x>", "<a@b> trailing", ",", "<>", "u@[1.2", "é@x.org", "a\\b@c"),
    )
    types = (
        "text/plain; charset=utf-8; a*=us-ascii'en'%41b; b*0=x; b*1=y; c=\"q q\"", "text", "", "text/", "a/b; =x; y", "a/b; p", "a/b; c*1=x; c*3=z",
        "a/b; d*=utf-8''%FF; d=2", "a/b;;c=d", "a/b; e*0*=bad''%zz; e*1=\"t", "a b/c d", "a/b; f*x=1",
    )  # fmt: skip
    dispositions = ("attachment; filename=x.txt", "", "inline bad", ";", 'attachment; filename="=?utf-8?q?=C3=A9?="')
    unstructured = ("plain words  here", "=?utf-8?q?caf=C3=A9?= =?utf-8?q?_x?= tail", "=?bad?x?y?=", "a=?utf-8?q?b?=c", "bare é", "=?utf-8?q?")
    out = []
    for text in addresses:
        try:
            tree, rest = hvp.get_address_list(text)
        except (IndexError, AttributeError, email.errors.HeaderParseError) as exc:
            out.append(type(exc).__name__)
            continue
        out.append((str(tree), rest, [m.addr_spec for m in tree.all_mailboxes], [m.display_name for m in tree.mailboxes]))
        out.append([type(defect).__name__ for defect in tree.all_defects])
    for parse, texts in ((hvp.parse_content_type_header, types), (hvp.parse_content_disposition_header, dispositions)):
        for text in texts:
            tree = parse(text)
            out.append((str(tree), list(getattr(tree, "params", ())), [type(defect).__name__ for defect in tree.all_defects]))
    for text in unstructured:
        tree = hvp.get_unstructured(text)
        out.append((str(tree), tree.fold(policy=email.policy.default), len(tree.all_defects)))
    for text in ("1.0", "", "x.1", "1 . 0 (c)", "1.", "1.x", "(c"):
        out.append((str(hvp.parse_mime_version(text)), hvp.parse_mime_version(text).major))
    for text in ("<a.b@c>", "<a@[1.2]>", "a@b", "<a", "", "<a@b> x"):
        out.append((str(hvp.parse_message_id(text)), len(hvp.parse_message_id(text).all_defects)))
    out.append([str(hvp.parse_content_transfer_encoding_header(text)) for text in ("base64", "", "7bit x", "BASE64 (c)")])
    long = hvp.get_address_list(", ".join(f"Person Nümber {n} <p{n}@example.org>" for n in range(6)))[0]
    out += [long.fold(policy=email.policy.SMTP), long.fold(policy=email.policy.SMTPUTF8), long.pprint is not None, long.as_ew_allowed]
    words = hvp.get_unstructured("Ünïcode " * 20 + "x" * 100 + " end " + "y" * 60)
    out.append(words.fold(policy=email.policy.default.clone(max_line_length=40)))
    getters = (hvp.get_atom, hvp.get_quoted_string, hvp.get_comment, hvp.get_dot_atom, hvp.get_addr_spec, hvp.get_angle_addr, hvp.get_msg_id)
    errors = [error(getter, text) for getter in getters for text in ("@", "x@", "", ")")]
    return repr(out), errors


@USES.of("email.headerregistry")
def structured_headers() -> object:
    import datetime
    from email.headerregistry import Address, Group, HeaderRegistry

    make = HeaderRegistry()
    to: Any = make("To", "Fred <f@x>, g: a@b;")
    date: Any = make("Date", "Mon, 1 Jan 2024 10:00:00 +0100")
    aware = datetime.datetime(2024, 1, 2, tzinfo=datetime.timezone.utc)
    kind: Any = make("Content-Type", "text/html; charset=x")
    ann = Address("Ann, A", "ann", "x.org")
    headers = (
        make("Date", aware), make("Date", "not a date"), make("Date", ""), make("MIME-Version", "1.0 (c)"), make("MIME-Version", "bad"),
        make("Content-Disposition", "attachment; filename=f"), make("Content-Transfer-Encoding", "Base64"), make("Message-ID", "<a@b>"),
        make("Sender", "a@b"), make("Subject", "=?utf-8?q?x?="), make("X-Own", "free text"), make("Content-Type", ""), make("Content-Disposition", ""),
        make("From", [ann, Group("team", (ann,)), Group(None, (ann,))]),
    )  # fmt: skip
    make.map_to_type("x-own", make.registry["date"])
    errors = [error(Address, "a", "b", "c", "d@e"), error(Address, addr_spec="a b@c"), error(Address, "a\nb"), error(Address, addr_spec="a@b x")]
    errors += [error(setattr, to, "addresses", ()), error(lambda: make("Sender", "a@b, c@d").address)]  # type: ignore[attr-defined]
    return (
        ([str(address) for address in to.addresses], [group.display_name for group in to.groups], to.fold(policy=policy())),
        (date.datetime, date.name, date.defects, kind.content_type, dict(kind.params), kind.maintype, kind.max_count),
        [(str(header), type(header).__name__, len(header.defects)) for header in headers],
        (repr(ann), str(ann), ann.addr_spec, str(Address(addr_spec="\"q q\"@x")), ann == Address("x"), str(Address()), Address() == 5),
        (str(Group("g", (ann,))), str(Group(None, (ann,))), repr(Group("g")), Group("g") == Group("g"), type(make("X-Own", "")).__name__),
        (date.__reduce__()[1][0], make("Subject", "a\r\n b").fold(policy=policy())),
        errors,
    )


def policy() -> Any:
    import email.policy

    return email.policy.default.clone(max_line_length=30)


@USES.of("email.contentmanager")
def contents() -> object:
    from email import message_from_string, policy
    from email.contentmanager import ContentManager, raw_data_manager
    from email.message import EmailMessage

    whole: Any = message_from_string(MIXED, policy=policy.default)
    got = [part.get_content() for part in whole.walk() if not part.is_multipart()]
    bodies: list[tuple[Any, dict[str, Any]]] = [
        ("short\n", {}), ("é" * 100 + "\n", {"cte": "quoted-printable"}), ("é\n", {"cte": "8bit"}), ("x\n" * 3 + "é" * 9, {"charset": "latin-1"}),
        ("long " * 400, {"subtype": "enriched", "disposition": "inline", "filename": "f.txt", "params": {"k": "v"}}), ("b64é" * 9, {"cte": "base64"}),
        (b"raw", {"maintype": "image", "subtype": "png", "headers": ["X-A: b"]}), (b"e", {"maintype": "a", "subtype": "b", "cte": "7bit"}),
        (b"q=" * 50, {"maintype": "a", "subtype": "b", "cte": "quoted-printable", "cid": "<c>"}), (whole.get_payload()[3].get_content(), {}),
        ("", {}), (b"\xff", {"maintype": "a", "subtype": "b", "cte": "8bit"}),
    ]  # fmt: skip
    made = []
    for body, options in bodies:
        message = EmailMessage()
        message.set_content(body, **options)
        made.append(message.as_string().splitlines()[:6])
    manager = ContentManager()
    manager.add_get_handler("text", lambda message: "handled")
    manager.add_set_handler(int, lambda message, value: message.set_payload(str(value)))
    target: Any = EmailMessage()
    manager.set_content(target, 5)
    wrong = (("é", {"cte": "7bit"}), (5, {}), (b"x", {}), ("x", {"cte": "odd"}), (whole, {"subtype": "partial"}), (whole, {"cte": "base64"}))
    errors = [error(EmailMessage().set_content, body, **options) for body, options in wrong]
    errors += [error(raw_data_manager.get_content, whole), error(manager.set_content, target, "text"), error(ContentManager().get_content, target)]
    part: Any = message_from_string("Content-Type: text/plain; charset=nope\n\nx", policy=policy.default)
    errors += [error(part.get_content), error(manager.set_content, whole, 5), error(EmailMessage().set_content, b"x", "a", "b", headers=["bad"])]
    return str(got), made, errors, manager.get_content(target), target.get_payload()


@USES.of("email.charset")
def charsets() -> object:
    from email import charset

    utf, latin, ascii_ = charset.Charset("UTF8"), charset.Charset("latin_1"), charset.Charset()
    charset.add_charset("x-demo", charset.SHORTEST, charset.QP, "utf-8")
    charset.add_alias("demo", "x-demo")
    charset.add_codec("x-demo", "utf-8")
    demo = charset.Charset("demo")
    japanese = charset.Charset("euc-jp")
    lengths = iter([20, 30, 30, 30, 30, 30, 30, 30, 30, 30])
    return (
        [(str(c), c.get_body_encoding() if not callable(c.get_body_encoding()) else "7bit", c.header_encoding) for c in (utf, latin, demo, ascii_)],
        (utf.header_encode("é ü"), latin.header_encode("é"), demo.header_encode("aé"), demo.header_encode("ééé"), ascii_.header_encode("a")),
        (utf.header_encode_lines("é" * 40, lengths), utf.body_encode("é\n"), latin.body_encode(b"caf\xe9="), ascii_.body_encode("plain")),
        (japanese.get_output_charset(), japanese.output_codec, utf == "utf-8", utf != latin),
        [error(charset.add_charset, "x", 99, charset.SHORTEST), error(charset.Charset, "é"), error(charset.add_charset, "x", None, charset.SHORTEST)],
        [charset.CHARSETS.pop("x-demo")[2], charset.ALIASES.pop("demo"), charset.CODEC_MAP.pop("x-demo")],
    )


@USES.of("email.quoprimime")
def mime_quoted_printable() -> object:
    from email import quoprimime as qp

    body = "Grüße=\nlong " + "x" * 100 + " \t\nend. \n.\n" + "é" * 30
    coded = qp.body_encode(body.encode("latin-1").decode("latin-1"))
    return (
        coded,
        qp.decode(coded) == body,
        qp.body_encode("", 20) + qp.body_encode("a b\r\nc", 10, "\r\n"),
        qp.decode("a=3D=\nb=ZZ=4\nc=\n  \n") + qp.decode("") + qp.decode("tail="),
        qp.header_encode(b"a b\xe9?") + qp.header_encode(b"") + qp.header_decode("a_=C3=A9"),
        (qp.header_length(b"a \xe9"), qp.body_length(b"a=\xe9"), qp.header_check(65), qp.body_check(200), qp.quote("x")),
        (qp.unquote("=41"), error(qp.body_encode, "x", 3)),
    )


@USES.of("email.utils")
def mail_utilities() -> object:
    import datetime
    from email import utils

    texts = ("Fred <f@x>", "a@b (Comment)", '"Q \\"x\\"" <q@x>', "<only@x>", "broken <", "g: a@b;", "")
    dates = ("Mon, 20 Nov 1995 19:12:08 -0500", "20 Nov 95 19:12 EST", "19:12 nonsense", "Nov 20 1995", "Mon, 20-Nov-95 19.12.08 GMT", "")
    moment = datetime.datetime(2024, 2, 3, 4, 5, 6, tzinfo=datetime.timezone.utc)
    return (
        [utils.parseaddr(text) for text in texts],
        utils.getaddresses([*texts, "x@y, z@w"]),
        [utils.formataddr(pair) for pair in (("A, B", "a@b"), ("Jü", "j@x"), ("", "n@x"), ("Plain", "p@x"))],
        [utils.parsedate(text) for text in dates],
        [error(utils.parsedate_to_datetime, text) for text in (dates[2], "")],
        (utils.parsedate_to_datetime(dates[0]).isoformat(), utils.parsedate_tz(dates[1]), utils.mktime_tz((2024, 1, 1, 0, 0, 0, 0, 1, 0, 3600))),
        (utils.formatdate(0), utils.formatdate(0, usegmt=True), utils.format_datetime(moment, usegmt=True), utils.format_datetime(moment)),
        error(utils.format_datetime, moment.replace(tzinfo=None), True),
        (utils.quote('a"b\\'), utils.unquote('"a\\"b"'), utils.unquote("<x>"), utils.decode_rfc2231("utf-8'en'a"), utils.decode_rfc2231("x")),
        (utils.encode_rfc2231("é", "utf-8", "de"), utils.encode_rfc2231("x"), utils.collapse_rfc2231_value((None, "us", "x")), utils.collapse_rfc2231_value("'y'")),
        (utils.decode_params([("t", "p"), ("a*0", "x"), ("a*1*", "%41"), ("b*", "utf-8''%C3"), ("c", "1")]), error(utils.formataddr, ("x", "é@y"))),
        utils.localtime(moment).astimezone(datetime.timezone.utc).isoformat(),
    )


@USES.of("email._parseaddr")
def old_address_parser() -> object:
    from email import _parseaddr

    texts = (
        "A <a@b>, (c (d)) e@f . g, h i j, \"k l\"@m, n: o@p, q@r;, s@[1.2.3.4], <@t,@u:v@w>, x <y>",
        *("(open", '"open', "a@b@c", "<a@b", "a@[x", ",,", "a\\ b@c", "no at", "@x", "a@", "x.(c)y@z", "a <b> c"),
    )
    lists = _parseaddr.AddressList(texts[0]), _parseaddr.AddressList("e@f.g, new@x")  # type: ignore[attr-defined]
    merged = lists[0] + lists[1]
    merged -= lists[1]
    lists[1].__iadd__(lists[0])
    dates = ("Thu, 1 Jan 1970 00:00:00 +0000", "1 Jan 70 0:0 -0030", "Jan 1 2070 10:11:12", "x", "1 Foo 2000", "Thu 1.1.2000", "2 February 2001 1:2:3 PDT")
    more = ("Wed, 3 Mar 2021", "3 Mar 2021 25:61:00 +9999", "3-Mar-2021 1.2", "2021 3 Mar 1:2", "3 Mar 12:00 2021", "Mon, 1 Jan 2024 1:2:3 +-1", "1 1 1 1 1")
    return (
        [_parseaddr.AddressList(text).addresslist for text in texts],  # type: ignore[attr-defined]
        (len(lists[0]), merged.addresslist, (lists[0] - lists[1]).addresslist, lists[1][0]),
        [_parseaddr._parsedate_tz(text) for text in (*dates, *more)],  # type: ignore[attr-defined]
        (_parseaddr.parsedate(dates[0]), _parseaddr.mktime_tz((1970, 1, 1, 0, 0, 0, 3, 1, 0, 0)), _parseaddr.parsedate_tz("1 Jan 2000 1:2:3")),  # type: ignore[attr-defined]
    )


@USES.of("email.encoders")
def transfer_encoders() -> object:
    from email import encoders
    from email.message import Message

    out = []
    for encode in (encoders.encode_base64, encoders.encode_quopri, encoders.encode_7or8bit, encoders.encode_noop):
        for payload in ("plain  text\t\n", b"\xff raw", None):
            message: Any = Message()
            message.set_payload(payload)
            failed = error(encode, message).replace("no error", "")
            out.append((failed, message.get_payload(), message["Content-Transfer-Encoding"]))
    return tuple(out)


@USES.of("email.mime.multipart")
def mime_classes() -> object:
    from email.mime.application import MIMEApplication
    from email.mime.audio import MIMEAudio
    from email.mime.image import MIMEImage
    from email.mime.message import MIMEMessage
    from email.mime.multipart import MIMEMultipart
    from email.mime.text import MIMEText

    sound = b"RIFF" + bytes(4) + b"WAVEfmt " + bytes(20)
    picture = b"\x89PNG\r\n\x1a\n" + bytes(20)
    text = MIMEText("é\n")
    parts = [text, MIMEText("ascii"), MIMEImage(picture), MIMEApplication(b"x", name="f"), MIMEMessage(text), MIMEAudio(sound, "wav")]
    whole = MIMEMultipart("alternative", "BOUND", parts, x="y")
    return (
        whole.as_string(),
        [part.get_content_type() for part in whole.walk()],
        [error(MIMEImage, b"?"), error(MIMEMessage, "text"), error(text.attach, whole), error(MIMEAudio, b"?"), error(MIMEApplication, b"", None)],
        MIMEMultipart().get_content_type(),
    )


@USES.of("mailbox")
def mailboxes() -> object:
    import email
    import io
    import mailbox
    import os
    import tempfile
    import types

    clock = mailbox.__dict__["time"]
    stopped = types.SimpleNamespace(time=lambda: 1_700_000_000.0, gmtime=lambda *args: clock.gmtime(0), asctime=clock.asctime)
    stopped.strftime, stopped.localtime, stopped.strptime = clock.strftime, clock.localtime, clock.strptime
    # A Maildir is read again when two seconds have passed.
    mailbox.__dict__["time"] = stopped
    text = "From: a@b\nSubject: {}\n\nbody\nFrom the start\n"
    out: list[object] = []
    try:
        with tempfile.TemporaryDirectory() as top:
            boxes: tuple[Any, ...] = (
                *(mailbox.mbox(os.path.join(top, "mbox")), mailbox.MMDF(os.path.join(top, "mmdf"))),
                *(mailbox.Babyl(os.path.join(top, "babyl")), mailbox.MH(os.path.join(top, "mh"))),
                mailbox.Maildir(os.path.join(top, "maildir")),
            )
            kinds = (mailbox.mboxMessage, mailbox.MMDFMessage, mailbox.BabylMessage, mailbox.MHMessage, mailbox.MaildirMessage)
            for box, kind in zip(boxes, kinds, strict=True):
                box.lock()
                keys = [box.add(text.format("one")), box.add(email.message_from_string(text.format("two")))]
                keys.append(box.add(io.BytesIO(text.format("three").encode())))
                marked: Any = kind(text.format("marked"))
                for act in ("add_flag", "set_flags", "remove_flag"):
                    if hasattr(marked, act):
                        getattr(marked, act)("F" if act != "set_flags" else "RS")
                for act, word in (("add_label", "answered"), ("add_sequence", "flagged"), ("set_subdir", "cur"), ("set_info", "2,FS")):
                    if hasattr(marked, act):
                        getattr(marked, act)(word)
                if hasattr(marked, "update_visible"):
                    marked.update_visible()
                # Babyl cannot read back a BabylMessage that it wrote.
                keys.append(box.add(bytes(marked) if kind is mailbox.BabylMessage else marked))
                box[keys[0]] = text.format("changed").encode()
                box.flush()
                box.unlock()
                out.append(sorted(message["Subject"] for message in box))
                out.append((len(box), keys[1] in box, box.get_bytes(keys[0])[:9], box.get_string(keys[1])[-6:], box.get("none", "d")))
                with box.get_file(keys[0]) as file:
                    out.append((file.readline(), file.tell() >= 0, file.read(4), len(file.readlines())))
                shown = box[keys[3]]
                out.append(getattr(shown, "get_flags", list)() or getattr(shown, "get_labels", list)() or getattr(shown, "get_sequences", list)())
                out += [str(box.pop(keys[2])["Subject"]), box.popitem()[1]["Subject"] is not None, box.pop("none", 5)]
                box.discard("none")
                errors = [error(box.remove, 99), error(box.__getitem__, "none"), error(box.add, 5), error(box.get_message, 99)]
                errors += [error(box.update, {"nope": text})]
                out += [errors, sorted(type(kind(item)).__name__ for item in box.values())]
                box.update({key: text.format("updated") for key in box.keys()})
                box.clear()
                box.flush()
                box.close()
            mh, maildir = boxes[3:]
            folder = mh.add_folder("sub")
            folder.add(text.format("x"))
            folder.set_sequences({"unseen": [1]})
            folder.pack()
            out += [mh.list_folders(), folder.get_sequences(), error(mh.remove_folder, "sub"), error(mh.get_folder, "no")]
            folder.clear()
            mh.remove_folder("sub")
            maildir.add_folder("part").add(text.format("y"))
            out += [maildir.list_folders(), maildir.get_folder("part").next()["Subject"], error(maildir.get_folder, "no")]
            maildir.clean()
            out.append(error(mailbox.Maildir, os.path.join(top, "absent"), create=False))
            out.append(error(mailbox.mbox, os.path.join(top, "absent"), create=False))
            pairs = [kinds[0](first(text)) for first in kinds]
            out += [len(pairs), [error(kind, 5) for kind in kinds]]
            status = kinds[4](text)
            status.set_date(5.0)
            out += [status.get_date(), error(status.set_date, "x"), error(status.set_info, 5), error(status.set_subdir, "x"), status.get_info()]
            seen = [type(a(b(text))).__name__ for a in kinds for b in kinds]
    finally:
        mailbox.__dict__["time"] = clock
    return tuple(out), seen


@USES.of("mimetypes")
def mime_types() -> object:
    import io
    import mimetypes

    table = mimetypes.MimeTypes()
    table.readfp(io.StringIO("# comment\ntext/x-demo dem demo # more\napplication/x-none\nimage/x-dup dem\n"))
    table.add_type("text/x-loose", ".loose", strict=False)
    urls = ("a.tar.gz", "b.HTML", "x.tgz", "data:,text", "data:image/png;base64,AA", "data:bad", "c.demo", "http://h/d.pdf?q", "none", "f.loose", "Z.Z")
    names = ("text/x-demo", "text/html", "nothing/here")
    return (
        [table.guess_type(url) for url in urls],
        table.guess_type("f.loose", strict=False),
        [sorted(table.guess_all_extensions(name)) for name in names],
        [table.guess_extension(name, strict=False) is None for name in names],
        table.guess_extension("text/x-loose", strict=False),
        mimetypes.read_mime_types("/no/such/file"),
    )
