"""Workloads over HTTP as its clients see it."""

# Calls stand in rows, as in a table; one to a line, they would hide what is used of a module.
# fmt: off
# Private names and wrong arguments are used on purpose.
# mypy: ignore-errors

from __future__ import annotations

from ..helpers import error, fresh
from ..registry import Uses
from .script import Script

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

USES = Uses()


@USES.of("http")
def status_codes() -> object:
    http = fresh("http")
    codes = [http.HTTPStatus(code) for code in (100, 204, 308, 404, 503)]
    return (
        [(c.phrase, c.description) for c in codes],
        [(m.value, m.description, repr(m)) for m in http.HTTPMethod],
        getattr(codes[1], "is_success", True)
    )


@USES.of("http.cookies")
def cookies() -> object:
    import pickle
    from http import cookies as hc

    jar: Any = hc.SimpleCookie(
        'a=1; b="quo\\"ted \\303\\251"; Path=/; $Version=1; c=x; HttpOnly; '
        "expires=Mon, 01 Jan 2024 00:00:00 GMT"
    )
    jar["new"] = "va;lue é"
    jar["new"].update({"max-age": 60, "secure": True, "httponly": True, "samesite": "Lax",
                       "path": "/p", "comment": ""})
    jar["num"] = 5
    morsel: Any = hc.Morsel()
    morsel.set("k", "v", "v")
    morsel["domain"] = "x.org"
    morsel["expires"] = "Thu, 01 Jan 1970 00:00:00 GMT"
    copy = morsel.copy()
    copy.setdefault("version", "1")
    jar["set"] = morsel
    parsed: Any = hc.BaseCookie({"d": "1"})
    texts = ("a=b; =x; c", "Path=/", "a=b; Secure=1; expires", "x y=1", "",
             "[a]=b; c=d; domain=e; partial", 'q="open; r=1')
    errors = [error(jar.__setitem__, "bad name", 1), error(morsel.__setitem__, "nope", 1),
              error(morsel.set, "path", "v", "v"), error(morsel.set, "b d", "v", "v")]
    errors += [error(morsel.update, {"bad": 1}), error(morsel.setdefault, "bad"),
               error(setattr, morsel, "key", "x"), error(jar.value_decode, 5)]
    return (
        [(key, item.value, item.coded_value, sorted((k, str(v)) for k, v in item.items() if v))
         for key, item in sorted(jar.items())],
        jar.output(header="Cookie:", sep="|"),
        jar.output(["path"]),
        len(jar.js_output()),
        (morsel.OutputString(), str(morsel), repr(copy), copy == morsel, morsel == morsel.copy(),
         copy == 5, morsel.isReservedKey("Path")),
        [list(hc.SimpleCookie(text)) for text in texts],
        errors,
        pickle.loads(pickle.dumps(morsel)) == morsel,
        (str(parsed), repr(parsed), hc._quote("a\x01,"), hc._unquote('"\\054\\"\\\\x"'),
         hc._unquote('"\\"')),
    )


@USES.of("http.cookiejar")
def cookie_jars() -> object:
    import email
    import os
    import tempfile
    from http import cookiejar
    from urllib.request import Request

    class Answer:
        def __init__(self, *cookies: str) -> None:
            self.text = "".join(f"{cookie}\n" for cookie in cookies)

        def info(self) -> Any:
            return email.message_from_string(self.text + "\n")

    strict = cookiejar.DefaultCookiePolicy(
        blocked_domains=["ads.example", ".track.example"], allowed_domains=None, netscape=True,
        rfc2965=True, hide_cookie2=False, strict_domain=True,
        strict_ns_domain=cookiejar.DefaultCookiePolicy.DomainStrict,
    )
    jars: list[Any] = [cookiejar.CookieJar(), cookiejar.CookieJar(strict)]
    answers = (
        ("http://www.a.example/x/y", "Set-Cookie: a=1; Path=/x; Domain=.a.example",
         "Set-Cookie: b=\"2 3\"; Expires=Fri, 31-Dec-2199 23:59:59 GMT; HttpOnly"),
        ("http://www.a.example/", "Set-Cookie: old=1; expires=Thu, 01 Jan 1970 00:00:00 GMT",
         "Set-Cookie: c=3; Max-Age=99999; Secure", "Set-Cookie: d"),
        ("http://ads.example/", "Set-Cookie: e=1; domain=.example",
         "Set-Cookie: f=1; domain=b.example", "Set-Cookie: ;"),
        ("https://deep.sub.track.example/p",
         "Set-Cookie2: g=1; Version=1; Port=\"80,443\"; Max-Age=50; Comment=x; Discard",
         "Set-Cookie: h=1; port=x"),
        ("http://localhost:8080/q", "Set-Cookie: i=1; path=/other",
         "Set-Cookie2: j=2; Version=1; Domain=.local; Path=/q; Port"),
        ("http://1.2.3.4/", "Set-Cookie: k=1; version=x",
         "Set-Cookie: l=1; domain=1.2.3.4; max-age=none"),
    )
    for jar in jars:
        for url, *cookies in answers:
            jar.extract_cookies(Answer(*cookies), Request(url))
    sent = []
    for url in ("http://www.a.example/x/z", "https://www.a.example/", "http://sub.a.example/x",
                "http://localhost:8080/q/r", "https://deep.sub.track.example/p", "http://1.2.3.4/"):
        for jar in jars:
            request = Request(url, origin_req_host="other.example", unverifiable=True)
            jar.add_cookie_header(request)
            sent.append((request.get_header("Cookie"), request.get_header("Cookie2")))
    made = jars[0].make_cookies(Answer("Set-Cookie: m=1"), Request("http://h.example/"))
    with tempfile.TemporaryDirectory() as top:
        saved = []
        for kind in (cookiejar.MozillaCookieJar, cookiejar.LWPCookieJar):
            store: Any = kind(os.path.join(top, kind.__name__))
            for cookie in jars[0]:
                store.set_cookie(cookie)
            store.save(ignore_discard=True, ignore_expires=True)
            again: Any = kind(store.filename)
            again.load(ignore_discard=True, ignore_expires=True)
            again.revert()
            saved.append((sorted(c.name for c in again), len(again), repr(again)[:16]))
            saved.append([error(kind().save), error(kind().load), error(again.load, os.devnull)])
    first = made[0]
    first.set_nonstandard_attr("Demo", "v")
    dates = ("Wed, 09 Feb 1994 22:23:32 GMT", "1994-02-03 14:15:29 -0100", "09 Feb 1994",
             "02/03/94", "Feb  3 1994 5:03 PM", "19940203T141529Z", "x", "Thu Feb 31 2000",
             "1994-02-03T24:61:00")
    words = cookiejar.split_header_words(
        ['foo="bar, \\"x\\""; port="80", q; w=1']
    ), cookiejar.parse_ns_headers(["a=b; expires=x; Version=1", "k"])
    errors = [error(jars[0].clear, "no"), error(jars[0].clear, "no", "/", "n"),
              error(jars[0].clear, None, "/"), error(cookiejar.FileCookieJar, 5)]
    jars[0].clear_expired_cookies()
    jars[0].clear_session_cookies()
    jars[1].clear()
    return (
        sent,
        sorted(cookie.name for cookie in jars[0]),
        (str(first), first.has_nonstandard_attr("Demo"), first.get_nonstandard_attr("No", "d"),
         first.is_expired(5), str(jars[1]), repr(first)[:7]),
        saved,
        [cookiejar.http2time(date) for date in dates],
        [cookiejar.iso2time(date) for date in dates],
        words,
        cookiejar.join_header_words([[("a", None), ("b", "c d")], [("e", "f")]]),
        errors,
        (strict.is_blocked("x.track.example"), strict.is_not_allowed("a.example"),
         cookiejar.domain_match("x.y.com", ".y.com"), cookiejar.time2isoz(0.0),
         cookiejar.time2netscape(0.0)),
    )


@USES.of("http.client")
def http_connections() -> object:
    import io
    from http import client

    def answer(reply: bytes, method: str = "GET", body: Any = None, headers: Any = None,
               **options: Any) -> tuple[object, ...]:
        connection: Any = client.HTTPConnection("h.example")
        connection.sock = Script(reply)
        connection.request(method, "/p", body, headers or {}, **options)
        sent = connection.sock.sent
        response = connection.getresponse()
        with response:
            data = response.read()
        return (
            response.status, response.reason, sorted(response.getheaders()), data, sent,
            response.isclosed()
        )

    ok = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-A: 1\r\nx-a: 2\r\n\r\nhello"
    chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    chunked += b"5;ext=1\r\nhello\r\n6\r\n world\r\n0\r\nTrailer: x\r\n\r\n"
    continued = b"HTTP/1.1 100 Continue\r\nA: b\r\n\r\n"
    continued += b"HTTP/1.0 404 Not Found\r\nConnection: keep-alive\r\n\r\ntail"
    broken = (
        b"", b"junk\r\n\r\n", b"HTTP/1.1 abc Bad\r\n\r\n", b"HTTP/1.1 999999 Bad\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 101,
        b"HTTP/1.1 200 " + b"x" * 70000, b"HTTP/3.0 200 OK\r\n\r\n", ok[:-2], chunked[:70],
        chunked.replace(b"6\r\n w", b"zz\r\n w"),
    )
    generator = (part for part in (b"one", b"", b"two"))
    results = [
        answer(ok), answer(chunked, "POST", "text"), answer(continued, "PUT", generator),
        answer(ok, "HEAD"), answer(ok, "POST", io.BytesIO(b"file")),
        answer(b"HTTP/1.1 204 No\r\n\r\n", "DELETE",
               headers={"Host": "own", "Accept-Encoding": "x"}),
        answer(ok, "PATCH", io.StringIO("é"), {"X": 5}),
        answer(b"HTTP/1.0 200\r\nContent-Length: -1\r\n\r\nall", "POST", [b"a", b"b"],
               {"Transfer-Encoding": "chunked"}, encode_chunked=True),
    ]
    reader: Any = client.HTTPResponse(Script(chunked), method="GET")
    reader.begin()
    pieces = [reader.read(3), reader.peek(4)[:2], reader.read1(2), reader.readline(),
              reader.readinto(bytearray(3)), reader.read(), reader.read()]
    plain: Any = client.HTTPResponse(Script(ok), debuglevel=0)
    plain.begin()
    pieces += [plain.readinto(bytearray(2)), plain.read1(), plain.getheader("X-A"),
               plain.getheader("no", "d"), plain.info()["x-a"], plain.geturl is not None]
    errors = [error(answer, reply) for reply in broken]
    idle: Any = client.HTTPConnection("[::1]:8080", timeout=5)
    tunnel: Any = client.HTTPConnection("proxy", 3128)
    tunnel.set_tunnel("target.example", 443, {"X-T": "1"})
    tunnel._create_connection = lambda *args: Script(b"HTTP/1.1 403 No\r\nA: b\r\n\r\n")
    errors += [error(tunnel.connect), error(idle.getresponse), error(idle.endheaders),
               error(idle.putheader, "a", "b"), error(idle.putrequest, "G T", "/")]
    errors += [error(idle.putrequest, "GET", "/a b"), error(client.HTTPConnection, "h:x"),
               error(client.HTTPConnection, "h\n")]
    idle.close()
    idle.sock = Script(b"")
    idle.putrequest("GET", "http://other:81/x", skip_accept_encoding=True)
    errors += [error(idle.putheader, "bad\n", "x"), error(idle.putheader, "a", "b\nc"),
               error(idle.putrequest, "GET", "/"), error(idle.send, 5)]
    idle.putheader("A", "b", 5, b"c")
    idle.endheaders(b"body")
    idle.auto_open = 0
    sent = idle.sock.sent
    idle.close()
    errors += [error(idle.send, b"x"),
               error(client.parse_headers, io.BytesIO(b"A: " + b"x" * 70000))]
    headers: Any = client.parse_headers(io.BytesIO(b"Host: h\r\nA: b\r\n c\r\nA: d\r\n\r\nrest"))
    return (
        results, pieces, errors, (idle.host, idle.port, sent), headers.items(),
        headers.getallmatchingheaders("a"), str(client.IncompleteRead(b"x", 5))
    )
