"""Workloads over mail headers."""

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


@USES.of("email.header")
def encoded_headers() -> object:
    from email.header import Header, decode_header, make_header

    header = Header("Grüße an ", "iso-8859-1", header_name="Subject", maxlinelen=40)
    header.append("alle 世界 " * 6, "utf-8")
    header.append("plain ascii text", "us-ascii")
    encoded = header.encode()
    texts = ("=?utf-8?q?a_b=C3=A9?= tail =?utf-8?b?w6k=?= =?utf-8?b?w6k=?=", "plain",
             "=?utf-8?b?w6k?=", "=?x?q?open", encoded)
    errors = [error(decode_header, "=?utf-8?b?w?="), error(Header, "é", "us-ascii"),
              error(header.append, b"\xff", "utf-8")]
    errors += [error(header.append, "\udcff", "nope")]
    long = Header("word; " * 30, header_name="X-Long", continuation_ws="\t")
    return (
        encoded,
        str(header),
        [decode_header(text) for text in texts],
        [str(make_header(decode_header(text))) for text in texts[:2]],
        errors,
        (long.encode(splitchars=";"), long.encode(maxlinelen=0),
         long.encode(linesep="\r\n").count("\r\n"), header == "x", header == encoded),
        (Header().encode(), Header(b"\xc3\xa9", "utf-8", errors="replace").encode(),
         decode_header(header)[0][1]),
    )


@USES.of("email._header_value_parser")
def header_values() -> object:
    import email.errors
    import email.policy
    from email import _header_value_parser as hvp

    addresses = (
        "Fred <f@x.org>, \"A \\\"q\\\" B\" (note (nested)) <a.b@[127.0.0.1]>, g: x@y, z@w;, "
        "<@r1,@r2:u@d>",
        "", "broken <a@", "a@b@c", "=?utf-8?q?J=C3=BC?= <j@x>", "a b c", "group:;", "x@y..z, ,",
        "(only comment)", '"open <a@b>',
        "name@", "a..b@x", "Dr. No <n@x>", "<a@b> trailing", ",", "<>", "u@[1.2", "é@x.org",
        "a\\b@c",
    )
    types = (
        "text/plain; charset=utf-8; a*=us-ascii'en'%41b; b*0=x; b*1=y; c=\"q q\"", "text", "",
        "text/", "a/b; =x; y", "a/b; p", "a/b; c*1=x; c*3=z",
        "a/b; d*=utf-8''%FF; d=2", "a/b;;c=d", "a/b; e*0*=bad''%zz; e*1=\"t", "a b/c d",
        "a/b; f*x=1",
    )
    dispositions = ("attachment; filename=x.txt", "", "inline bad", ";",
                    'attachment; filename="=?utf-8?q?=C3=A9?="')
    unstructured = ("plain words  here", "=?utf-8?q?caf=C3=A9?= =?utf-8?q?_x?= tail", "=?bad?x?y?=",
                    "a=?utf-8?q?b?=c", "bare é", "=?utf-8?q?")
    out = []
    for text in addresses:
        try:
            tree, rest = hvp.get_address_list(text)
        except (IndexError, AttributeError, email.errors.HeaderParseError) as exc:
            out.append(type(exc).__name__)
            continue
        out.append((str(tree), rest, [m.addr_spec for m in tree.all_mailboxes],
                    [m.display_name for m in tree.mailboxes]))
        out.append([type(defect).__name__ for defect in tree.all_defects])
    for parse, texts in ((hvp.parse_content_type_header, types),
                         (hvp.parse_content_disposition_header, dispositions)):
        for text in texts:
            tree = parse(text)
            out.append((str(tree), list(getattr(tree, "params", ())),
                        [type(defect).__name__ for defect in tree.all_defects]))
    for text in unstructured:
        tree = hvp.get_unstructured(text)
        out.append((str(tree), tree.fold(policy=email.policy.default), len(tree.all_defects)))
    for text in ("1.0", "", "x.1", "1 . 0 (c)", "1.", "1.x", "(c"):
        out.append((str(hvp.parse_mime_version(text)), hvp.parse_mime_version(text).major))
    for text in ("<a.b@c>", "<a@[1.2]>", "a@b", "<a", "", "<a@b> x"):
        out.append((str(hvp.parse_message_id(text)), len(hvp.parse_message_id(text).all_defects)))
    out.append([str(hvp.parse_content_transfer_encoding_header(text))
                for text in ("base64", "", "7bit x", "BASE64 (c)")])
    long = hvp.get_address_list(", ".join(f"Person Nümber {n} <p{n}@example.org>"
                                          for n in range(6)))[0]
    out += [long.fold(policy=email.policy.SMTP), long.fold(policy=email.policy.SMTPUTF8),
            long.pprint is not None, long.as_ew_allowed]
    words = hvp.get_unstructured("Ünïcode " * 20 + "x" * 100 + " end " + "y" * 60)
    out.append(words.fold(policy=email.policy.default.clone(max_line_length=40)))
    getters = (hvp.get_atom, hvp.get_quoted_string, hvp.get_comment, hvp.get_dot_atom,
               hvp.get_addr_spec, hvp.get_angle_addr, hvp.get_msg_id)
    errors = [error(getter, text) for getter in getters for text in ("@", "x@", "", ")")]
    return repr(out), errors


@USES.of("email.headerregistry")
def structured_headers() -> object:
    import datetime
    from email.headerregistry import Address, Group, HeaderRegistry

    make = HeaderRegistry()
    to: Any = make("To", "Fred <f@x>, g: a@b;")
    date: Any = make("Date", "Mon, 1 Jan 2024 10:00:00 +0100")
    aware = datetime.datetime(2024, 1, 2, tzinfo=datetime.UTC)
    kind: Any = make("Content-Type", "text/html; charset=x")
    ann = Address("Ann, A", "ann", "x.org")
    headers = (
        make("Date", aware), make("Date", "not a date"), make("Date", ""),
        make("MIME-Version", "1.0 (c)"), make("MIME-Version", "bad"),
        make("Content-Disposition", "attachment; filename=f"),
        make("Content-Transfer-Encoding", "Base64"), make("Message-ID", "<a@b>"),
        make("Sender", "a@b"), make("Subject", "=?utf-8?q?x?="), make("X-Own", "free text"),
        make("Content-Type", ""), make("Content-Disposition", ""),
        make("From", [ann, Group("team", (ann,)), Group(None, (ann,))]),
    )
    make.map_to_type("x-own", make.registry["date"])
    errors = [error(Address, "a", "b", "c", "d@e"), error(Address, addr_spec="a b@c"),
              error(Address, "a\nb"), error(Address, addr_spec="a@b x")]
    errors += [error(setattr, to, "addresses", ()),
               error(lambda: make("Sender", "a@b, c@d").address)]
    return (
        ([str(address) for address in to.addresses], [group.display_name for group in to.groups],
         to.fold(policy=policy())),
        (date.datetime, date.name, date.defects, kind.content_type, dict(kind.params),
         kind.maintype, kind.max_count),
        [(str(header), type(header).__name__, len(header.defects)) for header in headers],
        (repr(ann), str(ann), ann.addr_spec, str(Address(addr_spec="\"q q\"@x")),
         ann == Address("x"), str(Address()), Address() == 5),
        (str(Group("g", (ann,))), str(Group(None, (ann,))), repr(Group("g")),
         Group("g") == Group("g"), type(make("X-Own", "")).__name__),
        (date.__reduce__()[1][0], make("Subject", "a\r\n b").fold(policy=policy())),
        errors,
    )


def policy() -> Any:
    import email.policy

    return email.policy.default.clone(max_line_length=30)


@USES.of("email.utils")
def mail_utilities() -> object:
    import datetime
    from email import utils

    texts = ("Fred <f@x>", "a@b (Comment)", '"Q \\"x\\"" <q@x>', "<only@x>", "broken <", "g: a@b;",
             "")
    dates = ("Mon, 20 Nov 1995 19:12:08 -0500", "20 Nov 95 19:12 EST", "19:12 nonsense",
             "Nov 20 1995", "Mon, 20-Nov-95 19.12.08 GMT", "")
    moment = datetime.datetime(2024, 2, 3, 4, 5, 6, tzinfo=datetime.UTC)
    return (
        [utils.parseaddr(text) for text in texts],
        utils.getaddresses([*texts, "x@y, z@w"]),
        [utils.formataddr(pair)
         for pair in (("A, B", "a@b"), ("Jü", "j@x"), ("", "n@x"), ("Plain", "p@x"))],
        [utils.parsedate(text) for text in dates],
        [error(utils.parsedate_to_datetime, text) for text in (dates[2], "")],
        (utils.parsedate_to_datetime(dates[0]).isoformat(), utils.parsedate_tz(dates[1]),
         utils.mktime_tz((2024, 1, 1, 0, 0, 0, 0, 1, 0, 3600))),
        (utils.formatdate(0), utils.formatdate(0, usegmt=True),
         utils.format_datetime(moment, usegmt=True), utils.format_datetime(moment)),
        error(utils.format_datetime, moment.replace(tzinfo=None), True),
        (utils.quote('a"b\\'), utils.unquote('"a\\"b"'), utils.unquote("<x>"),
         utils.decode_rfc2231("utf-8'en'a"), utils.decode_rfc2231("x")),
        (utils.encode_rfc2231("é", "utf-8", "de"), utils.encode_rfc2231("x"),
         utils.collapse_rfc2231_value((None, "us", "x")), utils.collapse_rfc2231_value("'y'")),
        (utils.decode_params([("t", "p"), ("a*0", "x"), ("a*1*", "%41"), ("b*", "utf-8''%C3"),
                              ("c", "1")]), error(utils.formataddr, ("x", "é@y"))),
        utils.localtime(moment).astimezone(datetime.UTC).isoformat(),
    )


@USES.of("email._parseaddr")
def old_address_parser() -> object:
    from email import _parseaddr

    texts = (
        "A <a@b>, (c (d)) e@f . g, h i j, \"k l\"@m, n: o@p, q@r;, s@[1.2.3.4], <@t,@u:v@w>, x <y>",
        "(open", '"open', "a@b@c", "<a@b", "a@[x", ",,", "a\\ b@c", "no at", "@x", "a@", "x.(c)y@z",
        "a <b> c",
    )
    lists = _parseaddr.AddressList(texts[0]), _parseaddr.AddressList("e@f.g, new@x")
    merged = lists[0] + lists[1]
    merged -= lists[1]
    lists[1].__iadd__(lists[0])
    dates = ("Thu, 1 Jan 1970 00:00:00 +0000", "1 Jan 70 0:0 -0030", "Jan 1 2070 10:11:12", "x",
             "1 Foo 2000", "Thu 1.1.2000", "2 February 2001 1:2:3 PDT")
    more = ("Wed, 3 Mar 2021", "3 Mar 2021 25:61:00 +9999", "3-Mar-2021 1.2", "2021 3 Mar 1:2",
            "3 Mar 12:00 2021", "Mon, 1 Jan 2024 1:2:3 +-1", "1 1 1 1 1")
    return (
        [_parseaddr.AddressList(text).addresslist for text in texts],
        (len(lists[0]), merged.addresslist, (lists[0] - lists[1]).addresslist, lists[1][0]),
        [_parseaddr._parsedate_tz(text) for text in (*dates, *more)],
        (_parseaddr.parsedate(dates[0]), _parseaddr.mktime_tz((1970, 1, 1, 0, 0, 0, 3, 1, 0, 0)),
         _parseaddr.parsedate_tz("1 Jan 2000 1:2:3")),
    )
