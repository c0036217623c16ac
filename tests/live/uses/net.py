"""Workloads over protocols and their modules, with scripted peers instead of a network."""

from __future__ import annotations

from .registry import Uses, error, fresh

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

USES = Uses()


class Script:
    """A socket whose peer's words are known beforehand."""

    def __init__(self, said: bytes) -> None:
        import io

        self.incoming, self.sent = io.BufferedReader(io.BytesIO(said)), b""  # type: ignore[arg-type]

    def makefile(self, mode: str = "rb", *args: object, **kwargs: object) -> Any:
        return self.incoming

    def sendall(self, data: Any, flags: int = 0) -> None:
        self.sent += bytes(data)

    def settimeout(self, seconds: float | None) -> None: ...

    def setsockopt(self, *args: object) -> None: ...

    def shutdown(self, how: int) -> None: ...

    def close(self) -> None: ...


@USES.of("urllib.parse")
def urls() -> object:
    from urllib import parse

    address = "HTTP://User:p%40ss@[2001:db8::1]:8080/a/b;x=1/c;p?q=1&q=2;r=%C3%BC#frag"
    split, parsed = parse.urlsplit(address), parse.urlparse(address)
    raw = parse.urlparse(b"ftp://h/p;type=a")
    bases = ("g", "./g/", "/g", "//g", "?y", "g?y#s", "#s", ";x", "../../../g", "http:g", "", "g/../h", "/./g", "mailto:x")
    bad = ("http://[::1", "http://h:99999", "http://h:x1", "http://\u2100.com", "http://[1.2.3.4]")
    return (
        (split, parsed, split.username, split.password, split.hostname, split.port, split.geturl(), parsed.params),
        (raw, raw.geturl(), raw.decode(), parsed.encode().hostname, raw.port, parse.urlsplit("x:80"), parse.urlsplit("//h")),
        [parse.urljoin("http://a/b/c/d;p?q", base) for base in bases],
        parse.urljoin(b"http://a/b", b"c"),
        [error(lambda url=url: parse.urlsplit(url).port) for url in bad],
        (parse.quote("/a b/é~", safe="/~"), parse.quote_plus("a b&c", " "), parse.quote(b"\xff", safe=b"x"), parse.quote_from_bytes(b"a")),
        (parse.unquote("a%20b%C3%A9%zz%"), parse.unquote(b"%41", "latin-1"), parse.unquote_plus("a+b"), parse.unquote_to_bytes("é%41%")),
        (parse.parse_qs("a=1&b=&a=2&c", keep_blank_values=True), parse.parse_qsl("a=1;b=%FF", separator=";", errors="replace")),
        parse.parse_qs(b"k=v&k=w"),
        (parse.urlencode({"a": 1, "b": ["x", "y"]}, doseq=True), parse.urlencode([("k", "é"), (b"b", b"\xff")]), parse.urlencode({"s": "a b"}, quote_via=parse.quote)),
        (parse.urlencode([("a", (1, b"2", "é"))], doseq=True, safe="x"), parse.urlencode({"a": 5}, True)),
        (parse.urldefrag("http://h/#f"), parse.urldefrag(b"x"), parse.urlunsplit(("s", "", "//p", "", "")), parse.urlunparse(("", "h", "p", "a", "q", "f"))),
        [
            *(error(parse.parse_qsl, "a", strict_parsing=True), error(parse.parse_qs, "a&b", max_num_fields=1), error(parse.parse_qs, "a", separator="")),
            *(error(parse.urljoin, "a", b"b"), error(parse.quote, b"x", "latin-1"), error(parse.urlencode, 5), error(parse.quote_from_bytes, "x")),
            error(parse.urlsplit, 5),
        ],
        (parse.urlsplit("java\nscript:x\t"), parse.urlsplit("http://h", allow_fragments=False), parse.unwrap("<URL: x>"), parse.SplitResult("", "", "a", "", "")),
    )


@USES.of("urllib.robotparser")
def robots() -> object:
    from urllib import robotparser

    text = """# a comment
Crawl-delay: 9
User-agent: figtree
User-agent: Googlebot-News
Crawl-delay: 3
Request-rate: 9/30 # trailing
Disallow: /tmp/
Allow: /tmp/ok
Disallow: /a%3cd.html

User-agent: *
Disallow: /private?x
Disallow:
Allow: /
Request-rate: x/y
Sitemap: http://h/map.xml
nonsense
Unknown: y
User-agent: late
Crawl-delay: soon
Disallow: /
"""
    rules: Any = robotparser.RobotFileParser("http://h/robots.txt")
    early = rules.can_fetch("any", "/")
    rules.parse(text.splitlines())
    rules.last_checked = 5.0
    agents, paths = ("figtree/1.0", "other", "late", "googlebot-news"), ("/tmp/x", "/tmp/ok", "", "/a%3Cd.html", "/private?x=1", "http://h/p;a?q#f")
    silent: Any = robotparser.RobotFileParser()
    silent.allow_all = True
    shut: Any = robotparser.RobotFileParser()
    shut.disallow_all = True
    return (
        early,
        [[rules.can_fetch(agent, path) for path in paths] for agent in agents],
        (rules.crawl_delay("figtree"), rules.crawl_delay("late"), rules.request_rate("figtree"), rules.request_rate("x"), rules.site_maps()),
        str(rules),
        (silent.can_fetch("a", "/"), shut.can_fetch("a", "/"), silent.mtime(), silent.crawl_delay("x"), silent.request_rate("x"), silent.site_maps()),
        rules.host,
    )


@USES.of("urllib.request")
def url_openers() -> object:
    import email
    import io
    import os
    import tempfile
    import urllib.error
    from urllib import request, response

    class Fake(request.BaseHandler):
        """Answers in place of a server, by the path that is asked for."""

        def __init__(self) -> None:
            self.seen: list[object] = []

        def demo_request(self, req: Any) -> Any:
            req.add_unredirected_header("X-Seen", "1")
            return req

        def demo_open(self, req: Any) -> Any:
            self.seen.append((req.get_method(), req.selector, sorted(req.header_items()), req.data))
            return response.addinfourl(io.BytesIO(b"body"), email.message_from_string("A: b\n"), req.full_url, 200)

        def http_open(self, req: Any) -> Any:
            self.seen.append((req.full_url, req.get_header("Authorization"), req.host, req.has_proxy()))
            headers = {"/move": "Location: /new?a b", "/loop": "Location: /loop", "/evil": "Location: file:///etc/x"}
            realm = 'WWW-Authenticate: Basic realm="R"' if req.get_header("Authorization") is None else ""
            digest = 'WWW-Authenticate: Digest realm="D", nonce="n", opaque="o", qop="auth"'
            known = {"/auth": (401, realm), "/digest": (401 if req.get_header("Authorization") is None else 200, digest), "/gone": (404, "")}
            code, text = known.get(req.selector, (302 if req.selector in headers else 200, headers.get(req.selector, "")))
            if req.selector == "/auth" and not realm:
                code = 200
            info = email.message_from_string(text + "\n\n")
            answer: Any = response.addinfourl(io.BytesIO(b"x"), info, req.full_url, code)
            answer.msg = "message"
            return answer

    fake = Fake()
    opener = request.OpenerDirector()
    passwords = request.HTTPPasswordMgrWithPriorAuth()
    passwords.add_password(None, "http://h.example/", "user", "secret")
    passwords.add_password("R", ["http://other.example:80/a", "x.example"], "u2", "s2", is_authenticated=True)
    handlers = (
        fake, request.DataHandler(), request.FileHandler(), request.HTTPRedirectHandler(), request.HTTPErrorProcessor(), request.UnknownHandler(),
        request.HTTPDefaultErrorHandler(), request.HTTPBasicAuthHandler(passwords), request.HTTPDigestAuthHandler(passwords),
        request.ProxyHandler({"proxied": "http://u:p@proxy.example:3128"}),
    )  # fmt: skip
    for handler in handlers:
        opener.add_handler(handler)
    out: list[object] = []
    with opener.open("demo://h/p?q#f") as reply:
        out.append((reply.read(), reply.status, reply.getcode(), reply.geturl(), reply.info()["A"]))
    with opener.open("data:text/plain;charset=utf-8;base64,aGk=") as reply:
        out.append((reply.read(), reply.headers["Content-type"]))
    with tempfile.TemporaryDirectory() as top:
        path = os.path.join(top, "f.txt")
        with open(path, "w") as file:
            file.write("file body")
        with opener.open(request.Request("file://" + request.pathname2url(path))) as reply:
            out.append((reply.read(), reply.headers["Content-length"]))
    for path in ("ok", "move", "auth"):
        with opener.open(f"http://h.example/{path}") as reply:
            out.append((reply.geturl(), reply.status))
    posted = request.Request("demo://h/x", b"data", {"k": "v"}, origin_req_host="o", unverifiable=True, method="PUT")
    opener.open(posted).close()
    posted.data = None
    posted.data = b"again"
    posted.set_proxy("p:1", "http")
    posted.full_url = "http://h2/y#z"
    posted.add_header("content-type", "c")
    posted.remove_header("K")
    out += [posted.type, posted.host, posted.selector, posted.fragment, posted.has_header("Content-type"), posted.get_method(), posted.full_url]
    errors = []
    for url in ("http://h.example/gone", "http://h.example/loop", "http://h.example/evil", "odd://x", "file://remote.example/x", "file:///no/such", "nourl", "data:x"):
        errors.append(error(opener.open, url))
    try:
        opener.open("http://h.example/gone")
    except urllib.error.HTTPError as exc:
        with exc:
            errors.append((exc.code, exc.reason, str(exc), repr(exc), exc.headers is not None, exc.fp is not None))  # type: ignore[arg-type]
    errors += [error(opener.add_handler, 5), error(request.build_opener, 5), str(urllib.error.URLError("r")), str(urllib.error.ContentTooShortError("m", b""))]
    keywords = request.parse_keqv_list(request.parse_http_list('a="b, \\"c\\"", d=e, f'+'="g"'))
    user = passwords.find_user_password("R", "http://other.example/a/b"), passwords.find_user_password("R", "http://none/"), passwords.is_authenticated("http://x.example")
    proxies = [request._parse_proxy(text) for text in ("http://u:p@h:1/", "h:1", "u:p@h:1")]  # type: ignore[attr-defined]
    proxies.append(error(request._parse_proxy, "file:/x"))  # type: ignore[attr-defined]
    saved = {name: os.environ.pop(name) for name in list(os.environ) if name.lower().endswith("_proxy")}
    os.environ.update(demo_proxy="http://px/", no_proxy="a.example, .b.example,c.example:80")
    found = request.getproxies_environment()  # type: ignore[attr-defined]
    bypass = [request.proxy_bypass_environment(host) for host in ("a.example:5", "x.b.example", "d.example", "c.example:80")]  # type: ignore[attr-defined]
    del os.environ["demo_proxy"], os.environ["no_proxy"]
    os.environ.update(saved)
    opener.close()
    # The client's nonce of a digest is random; all else of its authorization is not.
    seen = [str(item) for item in fake.seen if "Digest" not in str(item)]
    return out, errors, seen, keywords, user, proxies, found, bypass, request.url2pathname("/a%20b"), request.request_host(posted)


@USES.of("http")
def status_codes() -> object:
    http = fresh("http")
    codes = [http.HTTPStatus(code) for code in (100, 204, 308, 404, 503)]
    return [(c.phrase, c.description) for c in codes], [(m.value, m.description, repr(m)) for m in http.HTTPMethod], getattr(codes[1], "is_success", True)


@USES.of("http.cookies")
def cookies() -> object:
    import pickle
    from http import cookies as hc

    jar: Any = hc.SimpleCookie('a=1; b="quo\\"ted \\303\\251"; Path=/; $Version=1; c=x; HttpOnly; expires=Mon, 01 Jan 2024 00:00:00 GMT')
    jar["new"] = "va;lue é\n"
    jar["new"].update({"max-age": 60, "secure": True, "httponly": True, "samesite": "Lax", "path": "/p", "comment": ""})
    jar["num"] = 5
    morsel: Any = hc.Morsel()
    morsel.set("k", "v", "v")
    morsel["domain"] = "x.org"
    morsel["expires"] = "Thu, 01 Jan 1970 00:00:00 GMT"
    copy = morsel.copy()
    copy.setdefault("version", "1")
    jar["set"] = morsel
    parsed: Any = hc.BaseCookie({"d": "1"})
    texts = ("a=b; =x; c", "Path=/", "a=b; Secure=1; expires", "x y=1", "", "[a]=b; c=d; domain=e; partial", 'q="open; r=1')
    errors = [error(jar.__setitem__, "bad name", 1), error(morsel.__setitem__, "nope", 1), error(morsel.set, "path", "v", "v"), error(morsel.set, "b d", "v", "v")]
    errors += [error(morsel.update, {"bad": 1}), error(morsel.setdefault, "bad"), error(setattr, morsel, "key", "x"), error(jar.value_decode, 5)]
    return (
        [(key, item.value, item.coded_value, sorted((k, str(v)) for k, v in item.items() if v)) for key, item in sorted(jar.items())],
        jar.output(header="Cookie:", sep="|"),
        jar.output(["path"]),
        len(jar.js_output()),
        (morsel.OutputString(), str(morsel), repr(copy), copy == morsel, morsel == morsel.copy(), copy == 5, morsel.isReservedKey("Path")),
        [list(hc.SimpleCookie(text)) for text in texts],
        errors,
        pickle.loads(pickle.dumps(morsel)) == morsel,
        (str(parsed), repr(parsed), hc._quote("a\x01,"), hc._unquote('"\\054\\"\\\\x"'), hc._unquote('"\\"')),  # type: ignore[attr-defined]
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
        blocked_domains=["ads.example", ".track.example"], allowed_domains=None, netscape=True, rfc2965=True, hide_cookie2=False, strict_domain=True, strict_ns_domain=cookiejar.DefaultCookiePolicy.DomainStrict,
    )  # fmt: skip
    jars: list[Any] = [cookiejar.CookieJar(), cookiejar.CookieJar(strict)]
    answers = (
        ("http://www.a.example/x/y", "Set-Cookie: a=1; Path=/x; Domain=.a.example", "Set-Cookie: b=\"2 3\"; Expires=Fri, 31-Dec-2199 23:59:59 GMT; HttpOnly"),
        ("http://www.a.example/", "Set-Cookie: old=1; expires=Thu, 01 Jan 1970 00:00:00 GMT", "Set-Cookie: c=3; Max-Age=99999; Secure", "Set-Cookie: d"),
        ("http://ads.example/", "Set-Cookie: e=1; domain=.example", "Set-Cookie: f=1; domain=b.example", "Set-Cookie: ;"),
        ("https://deep.sub.track.example/p", "Set-Cookie2: g=1; Version=1; Port=\"80,443\"; Max-Age=50; Comment=x; Discard", "Set-Cookie: h=1; port=x"),
        ("http://localhost:8080/q", "Set-Cookie: i=1; path=/other", "Set-Cookie2: j=2; Version=1; Domain=.local; Path=/q; Port"),
        ("http://1.2.3.4/", "Set-Cookie: k=1; version=x", "Set-Cookie: l=1; domain=1.2.3.4; max-age=none"),
    )
    for jar in jars:
        for url, *cookies in answers:
            jar.extract_cookies(Answer(*cookies), Request(url))
    sent = []
    for url in ("http://www.a.example/x/z", "https://www.a.example/", "http://sub.a.example/x", "http://localhost:8080/q/r", "https://deep.sub.track.example/p", "http://1.2.3.4/"):
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
    dates = ("Wed, 09 Feb 1994 22:23:32 GMT", "1994-02-03 14:15:29 -0100", "09 Feb 1994", "02/03/94", "Feb  3 1994 5:03 PM", "19940203T141529Z", "x", "Thu Feb 31 2000", "1994-02-03T24:61:00")
    words = cookiejar.split_header_words(['foo="bar, \\"x\\""; port="80", q; w=1']), cookiejar.parse_ns_headers(["a=b; expires=x; Version=1", "k"])  # type: ignore[attr-defined]
    errors = [error(jars[0].clear, "no"), error(jars[0].clear, "no", "/", "n"), error(jars[0].clear, None, "/"), error(cookiejar.FileCookieJar, 5)]
    jars[0].clear_expired_cookies()
    jars[0].clear_session_cookies()
    jars[1].clear()
    return (
        sent,
        sorted(cookie.name for cookie in jars[0]),
        (str(first), first.has_nonstandard_attr("Demo"), first.get_nonstandard_attr("No", "d"), first.is_expired(5), str(jars[1]), repr(first)[:7]),
        saved,
        [cookiejar.http2time(date) for date in dates],  # type: ignore[attr-defined]
        [cookiejar.iso2time(date) for date in dates],  # type: ignore[attr-defined]
        words,
        cookiejar.join_header_words([[("a", None), ("b", "c d")], [("e", "f")]]),  # type: ignore[attr-defined]
        errors,
        (strict.is_blocked("x.track.example"), strict.is_not_allowed("a.example"), cookiejar.domain_match("x.y.com", ".y.com"), cookiejar.time2isoz(0.0), cookiejar.time2netscape(0.0)),  # type: ignore[attr-defined]
    )


@USES.of("http.client")
def http_connections() -> object:
    import io
    from http import client

    def answer(reply: bytes, method: str = "GET", body: Any = None, headers: Any = None, **options: Any) -> tuple[object, ...]:
        connection: Any = client.HTTPConnection("h.example")
        connection.sock = Script(reply)
        connection.request(method, "/p", body, headers or {}, **options)
        sent = connection.sock.sent
        response = connection.getresponse()
        with response:
            data = response.read()
        return response.status, response.reason, sorted(response.getheaders()), data, sent, response.isclosed()

    ok = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-A: 1\r\nx-a: 2\r\n\r\nhello"
    chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;ext=1\r\nhello\r\n6\r\n world\r\n0\r\nTrailer: x\r\n\r\n"
    continued = b"HTTP/1.1 100 Continue\r\nA: b\r\n\r\nHTTP/1.0 404 Not Found\r\nConnection: keep-alive\r\n\r\ntail"
    broken = (
        *(b"", b"junk\r\n\r\n", b"HTTP/1.1 abc Bad\r\n\r\n", b"HTTP/1.1 999999 Bad\r\n\r\n", b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 101),
        *(b"HTTP/1.1 200 " + b"x" * 70000, b"HTTP/3.0 200 OK\r\n\r\n", ok[:-2], chunked[:70], chunked.replace(b"6\r\n w", b"zz\r\n w")),
    )
    generator = (part for part in (b"one", b"", b"two"))
    results = [
        answer(ok), answer(chunked, "POST", "text"), answer(continued, "PUT", generator), answer(ok, "HEAD"), answer(ok, "POST", io.BytesIO(b"file")),
        answer(b"HTTP/1.1 204 No\r\n\r\n", "DELETE", headers={"Host": "own", "Accept-Encoding": "x"}), answer(ok, "PATCH", io.StringIO("é"), {"X": 5}),
        answer(b"HTTP/1.0 200\r\nContent-Length: -1\r\n\r\nall", "POST", [b"a", b"b"], {"Transfer-Encoding": "chunked"}, encode_chunked=True),
    ]  # fmt: skip
    reader: Any = client.HTTPResponse(Script(chunked), method="GET")  # type: ignore[arg-type]
    reader.begin()
    pieces = [reader.read(3), reader.peek(4)[:2], reader.read1(2), reader.readline(), reader.readinto(bytearray(3)), reader.read(), reader.read()]
    plain: Any = client.HTTPResponse(Script(ok), debuglevel=0)  # type: ignore[arg-type]
    plain.begin()
    pieces += [plain.readinto(bytearray(2)), plain.read1(), plain.getheader("X-A"), plain.getheader("no", "d"), plain.info()["x-a"], plain.geturl is not None]
    errors = [error(answer, reply) for reply in broken]
    idle: Any = client.HTTPConnection("[::1]:8080", timeout=5)
    tunnel: Any = client.HTTPConnection("proxy", 3128)
    tunnel.set_tunnel("target.example", 443, {"X-T": "1"})
    tunnel._create_connection = lambda *args: Script(b"HTTP/1.1 403 No\r\nA: b\r\n\r\n")
    errors += [error(tunnel.connect), error(idle.getresponse), error(idle.endheaders), error(idle.putheader, "a", "b"), error(idle.putrequest, "G T", "/")]
    errors += [error(idle.putrequest, "GET", "/a b"), error(client.HTTPConnection, "h:x"), error(client.HTTPConnection, "h\n")]
    idle.close()
    idle.sock = Script(b"")
    idle.putrequest("GET", "http://other:81/x", skip_accept_encoding=True)
    errors += [error(idle.putheader, "bad\n", "x"), error(idle.putheader, "a", "b\nc"), error(idle.putrequest, "GET", "/"), error(idle.send, 5)]
    idle.putheader("A", "b", 5, b"c")
    idle.endheaders(b"body")
    idle.auto_open = 0
    sent = idle.sock.sent
    idle.close()
    errors += [error(idle.send, b"x"), error(client.parse_headers, io.BytesIO(b"A: " + b"x" * 70000))]
    headers: Any = client.parse_headers(io.BytesIO(b"Host: h\r\nA: b\r\n c\r\nA: d\r\n\r\nrest"))
    return results, pieces, errors, (idle.host, idle.port, sent), headers.items(), headers.getallmatchingheaders("a"), str(client.IncompleteRead(b"x", 5))


@USES.of("http.server")
def http_requests() -> object:
    import io
    import os
    import tempfile
    from http import server

    def serve(kind: Any, text: bytes, **options: Any) -> tuple[bytes, list[str]]:
        logged: list[str] = []

        class Handler(kind):  # type: ignore[misc]
            def setup(self) -> None:
                self.rfile, self.wfile = io.BytesIO(text), io.BytesIO()

            def finish(self) -> None:
                out.append(self.wfile.getvalue())

            def log_message(self, form: str, *args: object) -> None:
                logged.append(form % args)

            def version_string(self) -> str:
                return "demo"

            def date_time_string(self, timestamp: float | None = None) -> str:
                return "now" if timestamp is None else super().date_time_string(1e9)  # type: ignore[no-any-return]

        out: list[bytes] = []
        Handler(None, ("client", 1), None, **options)
        return out[0], logged

    class Echo(server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(201)
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Connection", "keep-alive")
            self.end_headers()
            self.wfile.write(body)

    requests = (
        b"POST /x HTTP/1.1\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\nhiPOST /y HTTP/1.1\r\nContent-Length: 1\r\nConnection: close\r\n\r\n!",
        *(b"GET / HTTP/1.1\r\n\r\n", b"POST\r\n", b"BAD LINE HERE NOW\r\n", b"GET / HTTP/x\r\n", b"GET / HTTP/2.0\r\n", b"PUT //\r\n", b"G" * 65600, b"\r\n"),
        *(b"GET / HTTP/1.1\r\n" + b"A: b\r\n" * 101, b"GET / HTTP/1.1\r\nA: " + b"x" * 70000, b"GET /old\r\n", b"GET / HTTP/1.0.0\r\n", b"GET / HTTP/1.\xb9\r\n"),
    )
    seen = [serve(Echo, text) for text in requests]
    with tempfile.TemporaryDirectory() as top:
        for name in ("a.txt", "b <c>.html", "sub/index.html", "data.tar.gz"):
            path = os.path.join(top, name)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "w") as file:
                file.write(name)
        os.makedirs(os.path.join(top, "empty"))
        paths = ("/", "/a.txt", "/sub", "/sub/", "/none", "/a.txt/", "/../../etc/passwd", "/%2e%2e/a.txt?q=1#f", "/data.tar.gz", "//evil", "/empty/")
        for path in paths:
            seen.append(serve(server.SimpleHTTPRequestHandler, f"GET {path} HTTP/1.0\r\n\r\n".encode(), directory=top))
        since = b"HEAD /a.txt HTTP/1.0\r\nIf-Modified-Since: %s\r\n\r\n"
        for date in (b"Fri, 01 Jan 2199 00:00:00 GMT", b"x", b"Thu, 01 Jan 1970 00:00:00 GMT"):
            seen.append(serve(server.SimpleHTTPRequestHandler, since % date, directory=top))
        return tuple((out.replace(top.encode(), b""), logged) for out, logged in seen)


@USES.of("wsgiref.handlers")
def wsgi_handlers() -> object:
    import io
    from wsgiref import handlers

    def app(environ: Any, start: Any) -> Any:
        write = start("200 OK", [("Content-Type", "text/plain")])
        if environ["PATH_INFO"] == "/write":
            write(b"written ")
            return []
        if environ["PATH_INFO"] == "/fail":
            raise ValueError("fails")
        if environ["PATH_INFO"] == "/late":
            return late(start)
        return [b"one", b"two"] if environ["PATH_INFO"] == "/two" else [environ["PATH_INFO"].encode()]

    def late(start: Any) -> Any:
        yield b"first"
        raise KeyError("late")

    def wrong(kind: str) -> Any:
        def start(environ: Any, respond: Any) -> Any:
            if kind == "twice":
                respond("200 OK", [])
                respond("200 OK", [])
            if kind == "status":
                respond("bad", [])
            if kind == "hop":
                respond("200 OK", [("Connection", "close")])
            if kind == "none":
                return [b"no start"]
            if kind == "again":
                respond("200 OK", [])
                try:
                    raise KeyError
                except KeyError:
                    import sys

                    respond("500 Bad", [("A", "b")], sys.exc_info())
            return [b"text"]

        return start

    class Gateway(handlers.SimpleHandler):
        origin_server = False  # an origin server writes the date

    def run(application: Any, kind: Any = Gateway, **environ: str) -> tuple[bytes, int]:
        out, errors = io.BytesIO(), io.StringIO()
        handler = kind(io.BytesIO(b"in"), out, errors, {"PATH_INFO": "/", "SERVER_PROTOCOL": "HTTP/1.0", "REQUEST_METHOD": "GET", **environ}, multithread=False)
        handler.os_environ = {}
        handler.run(application)
        return out.getvalue(), errors.getvalue().count("Traceback")

    class Origin(handlers.SimpleHandler):
        origin_server = True
        server_software = "demo"

        def send_preamble(self) -> None:
            self._write(b"HTTP/1.0 " + self.status.encode() + b"\r\n")  # type: ignore[union-attr]

    class Wrapper(Gateway):
        def sendfile(self) -> bool:
            self._write(b"[sent]")
            self.headers_sent = True
            return True

    def wrapped(environ: Any, start: Any) -> Any:
        start("200 OK", [])
        return environ["wsgi.file_wrapper"](io.BytesIO(b"x" * 10000))

    class Closing(list[bytes]):
        def close(self) -> None:
            closed.append("closed")

    closed: list[str] = []

    def closing(environ: Any, start: Any) -> Any:
        start("204 None", [])
        return Closing([b""])

    base = handlers.BaseCGIHandler(io.BytesIO(), io.BytesIO(), io.StringIO(), {"HTTPS": "on"})
    base.setup_environ()
    seen = [run(app), run(app, PATH_INFO="/two"), run(app, PATH_INFO="/write"), run(app, PATH_INFO="/fail"), run(app, PATH_INFO="/late"), run(closing)]
    seen += [run(wrong(kind)) for kind in ("twice", "status", "hop", "none", "again")]
    seen += [run(app, Origin, PATH_INFO="/fail"), run(wrapped), run(wrapped, Wrapper), run(app, SERVER_PROTOCOL="HTTP/0.9")]
    return seen, closed, base.environ["wsgi.url_scheme"], error(handlers.BaseHandler()._write, b"")


@USES.of("wsgiref.validate")
def wsgi_validation() -> object:
    import io
    import sys
    from wsgiref import validate
    from wsgiref.util import setup_testing_defaults

    def serve(app: Any, **changes: Any) -> bytes:
        environ: dict[str, Any] = {"QUERY_STRING": ""}
        setup_testing_defaults(environ)
        environ["wsgi.input"], environ["wsgi.errors"] = io.BytesIO(b"line\nmore\n"), io.StringIO()
        environ.update(changes)
        for name in [name for name, value in environ.items() if value is None]:
            del environ[name]
        result = validate.validator(app)(environ, lambda status, headers, exc_info=None: lambda data: None)
        try:
            return b"".join(result)
        finally:
            result.close()

    def app(status: str = "200 OK", headers: Any = None, body: Any = (b"x",)) -> Any:
        def run(environ: Any, start: Any) -> Any:
            source = environ["wsgi.input"]
            read = [source.readline(), source.readlines(), source.read(1), list(source)]
            environ["wsgi.errors"].write(str(len(read)))
            environ["wsgi.errors"].writelines(["a"])
            environ["wsgi.errors"].flush()
            write = start(status, [("Content-Type", "text/plain")] if headers is None else headers)
            write(b"w")
            return list(body) if isinstance(body, tuple) else body

        return run

    wrong = (
        {"status": "2x Bad"}, {"status": "99 Low"}, {"headers": []}, {"headers": (("a", "b"),)}, {"headers": [("Status", "x")]}, {"headers": [("a_b", "x"), ("Content-Type", "y")]},
        {"headers": [("A:", "b")]}, {"headers": [("A-", "b")]}, {"headers": [("A", "b\n")]}, {"status": "204 No", "headers": [("Content-Type", "x")]}, {"body": "text"}, {"body": ("text",)}, {"headers": [["a"]]},
    )  # fmt: skip
    environs = (
        {"REQUEST_METHOD": None}, {"HTTP_CONTENT_TYPE": "x"}, {"wsgi.version": [1]}, {"wsgi.url_scheme": "x"}, {"SCRIPT_NAME": "x"}, {"PATH_INFO": "x"}, {"X": 5},
        {"CONTENT_LENGTH": "-1"}, {"SCRIPT_NAME": "", "PATH_INFO": ""}, {"SCRIPT_NAME": "/"}, {"wsgi.input": 5}, {"wsgi.errors": 5},
    )  # fmt: skip
    partial: Any = iter(validate.PartialIteratorWrapper(iter([b"a"])))
    partial.close()
    return (
        serve(app()),
        [error(serve, app(**options)) for options in wrong],
        [error(serve, app(), **changes) for changes in environs],
        error(validate.validator(app()), {}),
        type(partial).__name__,
        error(serve, lambda environ, start: [start("200 OK", [("Content-Type", "a")], sys.exc_info()) and b"x"]),
    )


@USES.of("wsgiref.util")
def wsgi_utilities() -> object:
    import io
    from wsgiref import util

    environ: dict[str, Any] = {"PATH_INFO": "/a//b/./c", "SCRIPT_NAME": "/app", "QUERY_STRING": "q=1"}
    util.setup_testing_defaults(environ)
    shifted = [util.shift_path_info(environ) for _ in range(5)]
    other: dict[str, Any] = {"HTTPS": "on", "SERVER_NAME": "h", "SERVER_PORT": "8443", "SCRIPT_NAME": "", "PATH_INFO": "/é x"}
    util.setup_testing_defaults(other)
    del other["HTTP_HOST"]
    wrapper = util.FileWrapper(io.BytesIO(b"abcdef"), 4)
    return (
        (shifted, environ["SCRIPT_NAME"], environ["PATH_INFO"]),
        (util.request_uri(environ), util.request_uri(environ, include_query=False), util.application_uri(other), util.request_uri(other)),
        (list(iter(wrapper)), util.guess_scheme({"HTTPS": "1"}), util.guess_scheme({}), [util.is_hop_by_hop(name) for name in ("TE", "Host")]),
    )


@USES.of("wsgiref.headers")
def wsgi_headers() -> object:
    from wsgiref.headers import Headers

    headers = Headers([("A", "1"), ("B", "2")])
    headers["a"] = "3"
    headers.add_header("Content-Disposition", "attachment", filename='x "y"', flag=None, two_words="")
    headers.setdefault("C", "4")
    headers.setdefault("b", "5")
    del headers["A"]
    headers.add_header("X", None, k="v")
    return (
        (headers.items(), headers.keys(), headers.values(), len(headers), str(headers), bytes(headers), repr(headers)),
        (headers.get("b"), headers.get_all("B"), headers["none"], "C" in headers, Headers().items()),
        [error(Headers, {"a": 1}), error(Headers, [("a", 1)]), error(headers.__setitem__, "k", 5)],
    )


@USES.of("xmlrpc.client")
def remote_calls() -> object:
    import datetime
    import io
    from xmlrpc import client

    class Point:
        def __init__(self) -> None:
            self.x = 1

    value = {"i": 2**31 - 1, "f": -1.5, "t": True, "s": "a<b&é", "l": [1, (2, [])], "d": {"k": b"raw"}, "when": client.DateTime("20240102T03:04:05")}
    text = client.dumps((value, None, Point(), client.Binary(b"bin")), "method.name", allow_none=True)
    back: Any = client.loads(text, use_builtin_types=True)
    plain: Any = client.loads(client.dumps((value,), methodresponse=True, encoding="iso-8859-1"))
    fault = client.dumps(client.Fault(5, "broken"))
    extended = "<params><param><value><i8>5</i8></value></param><param><value><ex:nil xmlns:ex='urn:x'/></value></param><param><value>bare</value></param><param><value><bigdecimal>1.5</bigdecimal></value></param></params>"
    loop: list[Any] = []
    loop.append(loop)
    wrong = ((2**40,), (None,), (loop,), (object,), ({1: 2},), (2**31,))
    errors = [error(client.dumps, params) for params in wrong] + [error(client.loads, fault), error(client.loads, "<a>"), error(client.loads, "")]
    errors += [error(client.loads, f"<params><param><value>{bad}</value></param></params>") for bad in ("<boolean>2</boolean>", "<odd>1</odd>", "<int>x</int>")]
    errors += [error(client.dumps, "not a tuple"), error(client.Binary, "text"), error(client.dumps, (1, 2), methodresponse=True), error(client.ServerProxy, "ftp://h")]

    class Transport(client.Transport):
        def request(self, host: Any, handler: str, body: Any, verbose: bool = False) -> Any:
            calls.append((host, handler, body))
            results: Any = [[5], {"faultCode": 1, "faultString": "no"}] if b"multicall" in body else 7
            parser, target = self.getparser()
            parser.feed(client.dumps((results,), methodresponse=True).encode())
            parser.close()
            return target.close()  # type: ignore[attr-defined]

    calls: list[Any] = []
    with client.ServerProxy("http://user:pw@h.example/RPC", Transport(), allow_none=True) as proxy:
        answer = proxy.system.add(1, None)
        many: Any = client.MultiCall(proxy)
        many.one(1)
        many.two.three("x")
        replies = many()
        first = replies[0], error(lambda: replies[1]), repr(proxy), repr(many)[:10]
        many_list = error(list, replies)
    moment, later = client.DateTime(datetime.datetime(2024, 1, 2)), client.DateTime(0)
    zipped = client.gzip_encode(b"data" * 9)
    with client.GzipDecodedResponse(io.BytesIO(zipped)) as stream:
        unzipped = stream.read()
    transport: Any = client.Transport(headers=[("A", "b")])
    return (
        text,
        [repr(item).split(" at 0x")[0] for item in back[0]],
        (back[1], plain[0][0]["d"]["k"].data, str(plain[0][0]["when"]), client.loads(extended)[0]),
        errors,
        (answer, calls, first, many_list),
        (str(moment), moment == "20240102T00:00:00", moment > later, moment == datetime.datetime(2024, 1, 2), repr(moment).split(" at")[0], error(lambda: moment < 5)),
        (client.gzip_decode(zipped) == unzipped, error(client.gzip_decode, zipped, 5), error(client.gzip_decode, b"x"), client.Binary(b"a") == b"a", str(client.Binary(b"b"))),
        (repr(client.Fault(1, "m")), repr(client.ProtocolError("u", 404, "m", {})), str(client.Boolean(1)) if hasattr(client, "Boolean") else "", client.escape("<")),
        (transport.get_host_info("u:p@h"), transport.get_host_info(("h", {"k": 1})), moment.timetuple()[:3], later == moment),
    )


@USES.of("xmlrpc.server")
def remote_methods() -> object:
    from xmlrpc import client, server

    class Service:
        """A service."""

        value = 5

        class inner:
            @staticmethod
            def deep() -> int:
                return 9

        def add(self, a: int, b: int) -> int:
            """Adds."""
            return a + b

        def fail(self) -> None:
            raise KeyError("k")

        def _methodHelp(self, name: str) -> str:
            return "help for " + name

    class Dispatching:
        def _dispatch(self, method: str, params: tuple[Any, ...]) -> object:
            return method, params

        def _listMethods(self) -> list[str]:
            return ["custom"]

        def _get_method_argstring(self, name: str) -> str:
            return "(x)"

    dispatcher: Any = server.SimpleXMLRPCDispatcher(allow_none=False, encoding="utf-8")
    dispatcher.register_introspection_functions()
    dispatcher.register_multicall_functions()
    dispatcher.register_function(pow)
    dispatcher.register_instance(Service(), allow_dotted_names=True)

    @dispatcher.register_function(name="named")  # type: ignore[untyped-decorator]
    def function(text: str) -> str:
        return text * 2

    def call(name: str, *params: Any) -> object:
        try:
            return client.loads(dispatcher._marshaled_dispatch(client.dumps(params, name)))[0]
        except client.Fault as fault:
            return fault.faultCode, fault.faultString

    many = [{"methodName": "add", "params": [1, 2]}, {"methodName": "fail", "params": []}, {"methodName": "none", "params": []}]
    seen = [call("pow", 2, 5), call("named", "x"), call("add", 1, 2), call("inner.deep"), call("fail"), call("nope"), call("_private"), call("add", 1), call("pow", 1, 0, 0)]
    seen += [call("system.listMethods"), call("system.methodHelp", "add"), call("system.methodHelp", "pow"), call("system.methodSignature", "x"), call("system.multicall", many)]
    seen.append(dispatcher._marshaled_dispatch(b"<broken>")[:60])
    docs = server.ServerHTMLDoc()
    page = docs.docserver("name", "text with pow(x) http://h/ RFC 99 PEP 8 self.thing", {"pow": pow, "function": function})

    class Documented(server.SimpleXMLRPCDispatcher, server.XMLRPCDocGenerator):
        def __init__(self) -> None:
            server.SimpleXMLRPCDispatcher.__init__(self)
            server.XMLRPCDocGenerator.__init__(self)

    generator = Documented()
    generator.register_function(pow)
    generator.register_introspection_functions()
    generator.register_instance(Service())
    listed = generator.generate_html_documentation()
    dispatcher.register_instance(Dispatching())
    seen += [call("any.thing", 1), call("system.listMethods"), call("system.methodHelp", "custom")]
    errors = [error(server.resolve_dotted_attribute, Service(), "_x"), error(server.resolve_dotted_attribute, Service(), "a.b", False)]
    generator.set_server_title("title")
    return repr(seen), len(page) > 500, "add" in listed, errors, server.list_public_methods(Service()), sorted(dispatcher.funcs)


@USES.of("socketserver")
def servers_without_network() -> object:
    import io
    import socket
    import socketserver

    class Server(socketserver.BaseServer):
        """Its requests come from a list instead of a listening socket."""

        def __init__(self, requests: list[Any], handler: Any) -> None:
            super().__init__(("demo", 0), handler)
            self.requests, self.log = requests, list[object]()

        def get_request(self) -> Any:
            request = self.requests.pop(0)
            if request is None:
                raise OSError
            return request, "client"

        def verify_request(self, request: Any, client_address: Any) -> bool:
            return request != "refused"

        def handle_error(self, request: Any, client_address: Any) -> None:
            import sys

            self.log.append(sys.exc_info()[0].__name__)  # type: ignore[union-attr]

        def close_request(self, request: Any) -> None:
            self.log.append("closed")

    class Echo(socketserver.StreamRequestHandler):
        wbufsize, timeout, disable_nagle_algorithm = -1, 5, False

        def handle(self) -> None:
            line = self.rfile.readline()
            if line == b"fail\n":
                raise ValueError
            self.wfile.write(line.upper())

    class Datagram(socketserver.DatagramRequestHandler):
        def handle(self) -> None:
            self.wfile.write(self.rfile.read()[::-1])

    class Sender:
        def sendto(self, data: bytes, address: object) -> None:
            answers.append(data)

    answers: list[object] = []
    ends = [socket.socketpair() for _ in range(2)]
    for (near, _), words in zip(ends, (b"hello\n", b"fail\n"), strict=True):
        near.sendall(words)
    server: Any = Server([ends[0][1], ends[1][1], None, "refused"], Echo)
    with server:
        for _ in range(4):
            server._handle_request_noblock()
    for near, far in ends:
        far.close()
        answers.append(near.recv(20))
        near.close()
    packets: Any = Server([(b"abc", Sender())], Datagram)
    packets._handle_request_noblock()
    unbound = socketserver.TCPServer(("localhost", 0), Echo, bind_and_activate=False)
    udp = socketserver.UDPServer(("localhost", 0), Datagram, bind_and_activate=False)
    names = [type(s).__name__ + str(s.allow_reuse_address) for s in (unbound, udp)]
    answers += [unbound.fileno() > 0, udp.server_activate(), udp.close_request(None)]  # type: ignore[arg-type]
    writer = socketserver._SocketWriter(Script(b""))  # type: ignore[attr-defined]
    answers += [writer.writable(), writer.write(io.BytesIO(b"xyz").getbuffer()), writer.close()]
    unbound.server_close()
    udp.server_close()
    mixed: Any = socketserver.ThreadingMixIn()
    answers.append(mixed.server_close.__name__)
    forking: Any = socketserver.ForkingMixIn()
    forking.collect_children()
    forking.handle_timeout()
    return answers, server.log, packets.log, names


@USES.of("selectors")
def readiness() -> object:
    import selectors
    import socket

    seen: list[object] = []
    for kind in (selectors.SelectSelector, selectors.PollSelector, selectors.EpollSelector):
        near, far = socket.socketpair()
        with kind() as selector, near, far:
            key = selector.register(near, selectors.EVENT_READ, "near")
            idle = selector.select(0)
            far.send(b"x")
            ready = [(k.data, mask) for k, mask in selector.select(1)]
            selector.modify(near, selectors.EVENT_READ | selectors.EVENT_WRITE, "both")
            selector.modify(near, selectors.EVENT_READ | selectors.EVENT_WRITE, "data")
            ready += [(k.data, mask) for k, mask in selector.select(-1)]
            seen += [idle, ready, key.data, selector.get_key(near).data, len(selector.get_map()), near in selector.get_map()]
            seen += [error(selector.register, near, 1), error(selector.register, far, 8), error(selector.unregister, far), error(selector.modify, far, 1)]
            seen += [error(selector.register, "x", 1), error(selector.register, -1, 1), error(selector.get_key, far)]
            seen += [selector.unregister(near).data, error(selector.get_map().__getitem__, near), len(selector.get_map())]
        seen.append(error(selector.get_key, 5))
    return tuple(seen)


@USES.of("smtplib")
def sending_mail() -> object:
    import email
    import smtplib

    def talk(replies: bytes, **options: Any) -> Any:
        class Scripted(smtplib.SMTP):
            def _get_socket(self, host: str, port: int, timeout: float) -> Any:
                return Script(replies)

        return Scripted("h.example", 25, "me.example", **options)

    hello = b"220 ready\r\n250-hi\r\n250-SIZE 999\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250 AUTH CRAM-MD5 PLAIN LOGIN\r\n"
    mail = talk(hello + b"235 ok\r\n250 ok\r\n250 ok\r\n550 no\r\n354 go\r\n250 sent\r\n221 bye\r\n")
    code = mail.ehlo(), mail.auth("PLAIN", lambda challenge=None: "\0u\0p")
    mail.user, mail.password = "u", "p"
    refused = mail.sendmail("a@x", ["b@y", "c@z"], "Subject: s\r\n\r\n.dot\nbody", ["SIZE=5"])
    sent = mail.sock.sent
    mail.quit()
    logged = talk(hello + b"334 Y2hhbGxlbmdl\r\n535 no\r\n235 ok\r\n")
    signed = logged.login("u", "p")
    login = talk(b"220 x\r\n250-h\r\n250 AUTH=LOGIN\r\n334 VXNlcjo=\r\n334 UGFzczo=\r\n235 fine\r\n")
    stepped = login.login("u", "p", initial_response_ok=False)
    old = talk(b"220 x\r\n502 no ehlo\r\n250 helo\r\n214-help\r\n214 more\r\n252 maybe\r\n250 list\r\n250 noop\r\n250 reset\r\n")
    old.ehlo_or_helo_if_needed()
    commands = [old.help(), old.verify("a@b"), old.expn("<list>"), old.noop(), old.rset(), old.has_extn("size"), old.helo_resp]
    message = email.message_from_string("From: a@x\nTo: b@y, c@z\nResent-Date: now\nResent-To: d@w\nResent-From: e@v\nBcc: h@u\n\nbody")
    sender = talk(hello + b"250 ok\r\n250 ok\r\n354 go\r\n250 sent\r\n")
    delivered = sender.send_message(message), sender.sock.sent
    errors = [
        *(error(talk, text) for text in (b"554 busy\r\n", b"", b"x\r\n", b"2" * 9000)),
        *(error(talk(hello + tail).sendmail, "a@x", "b@y", "text") for tail in (b"500 no\r\n250 r\r\n", b"250 ok\r\n550 no\r\n250 r\r\n", b"250 ok\r\n250 ok\r\n500 no\r\n250 r\r\n", b"421 closing\r\n")),
        *(error(talk(hello + tail).sendmail, "a@x", "b@y", "text") for tail in (b"250 ok\r\n250 ok\r\n354 go\r\n500 no\r\n250 r\r\n", b"250 ok\r\n421 x\r\n")),
        *(error(talk(b"220 x\r\n250 plain\r\n").login, "u", "p"), error(talk(b"220 x\r\n250 plain\r\n").starttls), error(talk(b"220 x\r\n500 no\r\n500 no\r\n").ehlo_or_helo_if_needed)),
        *(error(smtplib.SMTP, "h:x"), error(smtplib.SMTP().sendmail, "a", "b", "c"), error(smtplib.SMTP().putcmd, "a\nb"), error(mail.send, b"x"), error(talk(hello).sendmail, "a", "b", "é")),
        error(talk(b"220 x\r\n250-h\r\n250 AUTH PLAIN\r\n535 no\r\n").login, "u", "p"), error(talk(hello).auth, "x", lambda c=None: "r"),
    ]  # fmt: skip
    helpers = smtplib.quoteaddr("Me <a@b>"), smtplib.quoteaddr("x"), smtplib.quotedata(".a\n..b\r"), mail.sock, logged.esmtp_features
    return code, refused, sent, signed, stepped, commands, delivered, errors, helpers


@USES.of("poplib")
def fetching_mail() -> object:
    import poplib

    def talk(replies: bytes) -> Any:
        class Scripted(poplib.POP3):
            def _create_socket(self, timeout: float) -> Any:
                return Script(replies)

        return Scripted("h.example")

    text = b"+OK <1.2@h> ready\r\n+OK user\r\n+OK pass\r\n+OK 2 320\r\n+OK list\r\n1 100\r\n2 220\r\n.\r\n+OK 1 100\r\n+OK message\r\nA: b\r\n\r\n..dot\r\n.\r\n"
    text += b"+OK top\r\nA: b\r\n.\r\n+OK ids\r\n1 a\r\n.\r\n+OK 1 a\r\n+OK del\r\n+OK noop\r\n+OK rset\r\n+OK caps\r\nTOP\r\nUIDL\r\nSASL PLAIN\r\n.\r\n+OK utf\r\n+OK bye\r\n"
    box = talk(text)
    seen = [box.getwelcome(), box.user("u"), box.pass_("p"), box.stat(), box.list(), box.list(1), box.retr(1), box.top(1, 0), box.uidl(), box.uidl(1), box.dele(1)]
    seen += [box.noop(), box.rset(), box.capa(), box.utf8()]
    sent = box.sock.sent
    seen += [box.quit()]
    errors = [error(talk, reply) for reply in (b"-ERR no\r\n", b"", b"x" * 3000, b"?\r\n")]
    errors += [error(talk(b"+OK hi\r\n").apop, "u", "p"), error(talk(b"+OK <a@b>\r\n-ERR x\r\n").apop, "u", "p"), error(talk(b"+OK\r\n-ERR\r\n").stat), error(talk(b"+OK\r\n").user, "a\nb"), error(talk(b"+OK\r\n+OK\r\n.\r\n").stls)]
    shown = talk(b"+OK <a@b>\r\n+OK in\r\n+OK rpop\r\n+OK\n")
    return seen, sent, errors, shown.apop("u", "p"), shown.rpop("u"), shown.noop()


@USES.of("imaplib")
def remote_folders() -> object:
    import imaplib

    class Scripted(imaplib.IMAP4):
        """Answers each command with the untagged lines written for it, then with its tag."""

        script: dict[str, bytes] = {
            "CAPABILITY": b"* CAPABILITY IMAP4rev1 IDLE AUTH=CRAM-MD5 ENABLE\r\n", "SELECT": b"* 3 EXISTS\r\n* FLAGS (\\Seen)\r\n* OK [UIDVALIDITY 5] ok\r\n",
            "FETCH": b"* 1 FETCH (FLAGS (\\Seen) BODY[] {4}\r\nbody)\r\n* 2 FETCH (FLAGS ())\r\n", "SEARCH": b"* SEARCH 1 2\r\n", "LIST": b'* LIST () "/" "a b"\r\n',
            "STATUS": b"* STATUS x (MESSAGES 1)\r\n", "NAMESPACE": b"* NAMESPACE NIL NIL NIL\r\n", "LOGOUT": b"* BYE bye\r\n", "EXPUNGE": b"* 1 EXPUNGE\r\n",
            "AUTHENTICATE": b"+ Y2g=\r\n", "APPEND": b"+ go\r\n", "EXAMINE": b"* OK [READ-ONLY] ro\r\n",
        }  # fmt: skip

        def open(self, host: str = "", port: int = 0, timeout: float | None = None) -> None:
            self.queue = b"* OK [CAPABILITY IMAP4rev1 AUTH=CRAM-MD5] ready\r\n"
            self.sent = b""

        def send(self, data: Any) -> None:
            self.sent += data
            words = bytes(data).split()
            if not words or not words[0].startswith(self.tagpre):
                return
            name = (words[2] if words[1] == b"UID" else words[1]).decode().strip()
            self.queue += self.script.get(name, b"") + words[0] + (b" NO refused\r\n" if b"refuse" in data else b" OK [READ-WRITE] done\r\n")

        def read(self, size: int) -> bytes:
            data, self.queue = self.queue[:size], self.queue[size:]
            return data

        def readline(self) -> bytes:
            line, end, rest = self.queue.partition(b"\r\n")
            self.queue = rest
            return line + end

        def shutdown(self) -> None: ...

    # Tags are random, for safety against replay.
    import random

    random.seed(1)
    box: Any = Scripted()
    seen = [box.welcome, box.state, box.login_cram_md5("u", "p"), box.state, box.select("INBOX"), box.response("UIDVALIDITY"), box.search(None, "ALL")]
    seen += [box.fetch("1", "(BODY[])"), box.uid("FETCH", "1", "(FLAGS)"), box.store("1", "+FLAGS", "\\Seen"), box.list(), box.lsub(), box.status("x", "(MESSAGES)")]
    seen += [box.create("new box"), box.rename("a", "b"), box.delete("b"), box.copy("1", "x"), box.expunge(), box.check(), box.noop(), box.namespace(), box.subscribe("x")]
    seen += [box.append("INBOX", "\\Seen", imaplib.Time2Internaldate(0) and '"01-Jan-2024 00:00:00 +0000"', b"mail\nbody")]
    errors = [error(box.login, "u", "p"), error(box.uid, "NOPE"), error(box.__getattr__, "nope"), error(box.starttls)]
    errors += [error(box._simple_command, "NOPE"), error(box.authenticate, "x", None)]
    seen += [box.select("x"), box.fetch("refuse", "x"), box.sort("x", "y", "z"), box.thread("x", "y", "z"), box.recent()]
    seen += [box.close(), box.logout(), box.state, imaplib.Internaldate2tuple(b'25 (INTERNALDATE "01-Jan-2000 11:30:00 +0130")') is not None]
    seen += [imaplib.ParseFlags(b'1 (FLAGS (\\Seen Other))'), imaplib.Int2AP(1000), imaplib.Internaldate2tuple(b"x"), box._quote('a"b'), error(imaplib.Time2Internaldate, "x")]
    return repr(seen), errors, box.sent.count(b"\r\n")


@USES.of("ftplib")
def file_transfer() -> object:
    import ftplib
    import io

    class Scripted(ftplib.FTP):
        data: tuple[bytes, ...] = ()

        def connect(self, host: str = "", port: int = 0, timeout: float = -999, source_address: Any = None) -> str:
            self.host = "h"
            self.sock: Any = Script(b"")
            self.file = io.StringIO(self.replies)
            self.welcome = self.getresp()
            return self.welcome

        def ntransfercmd(self, cmd: str, rest: Any = None) -> Any:
            self.sendcmd(cmd)
            return Data(self.data[0]), len(self.data[0])

        replies = ""

    class Data(Script):
        def __enter__(self) -> Data:
            return self

        def __exit__(self, *exc: object) -> None: ...

        def recv(self, size: int) -> bytes:
            return self.incoming.read(size)

        def makefile(self, mode: str = "r", *args: object, **kwargs: object) -> Any:
            return io.TextIOWrapper(self.incoming, newline="\r\n") if "b" not in mode else self.incoming

    def talk(replies: str, data: bytes = b"") -> Any:
        class Session(Scripted):
            pass

        Session.replies, Session.data = replies, (data,)
        session = Session()
        session.connect()
        return session

    got: list[Any] = []
    ftp = talk("220-hi\n more\n220 ready\n331 pass\n332 acct\n230 in\n200 type\n150 open\n226 done\n200 a\n150 o\n226 d\n", b"line one\r\nline two\r\n")
    login = ftp.login("user", "pw", "acct")
    ftp.retrbinary("RETR x", got.append, blocksize=8)
    ftp.retrlines("RETR y", got.append)
    more = talk("220 r\n200 t\n150 o\n226 d\n200 t\n150 o\n226 d\n200 t\n150 o\n226 d\n200 t\n150 o\n226 d\n257 \"/a\"\"b\"\n250 ok\n213 99\n350 from\n250 to\n250 gone\n221 bye\n", b"type=file;size=5; name\r\n")
    more.storbinary("STOR x", io.BytesIO(b"binary" * 3), 8, got.append)
    more.storlines("STOR y", io.BytesIO(b"a\nb\r\n"), got.append)
    listed = more.nlst("d")
    more.dir("d", got.append)
    seen = [more.pwd(), more.cwd(".."), more.size("x"), more.rename("a", "b"), more.delete("x"), more.sock.sent, more.quit()]
    facts = talk("220 r\n200 opts\n200 t\n150 o\n226 d\n", b"type=file;size=5; name\r\n")
    seen.append(list(facts.mlsd("p", ["type", "size"])))
    errors = [error(talk, reply) for reply in ("500 no\n", "", "4xx\n", "abc\n", "x" * 9000)]
    errors += [error(talk("220 r\n" + reply).sendcmd, "X") for reply in ("450 t\n", "550 p\n", "650 w\n")]
    errors += [error(talk("220 r\n150 x\n").voidcmd, "X"), error(talk("220 r\n530 no\n").login), error(talk("220 r\n").putcmd, "a\r\nb"), error(talk("220 r\n500 no\n").cwd, "x")]
    parses = [ftplib.parse150("150 open (99 bytes)"), ftplib.parse150("150 x"), ftplib.parse227("227 (1,2,3,4,5,6)"), ftplib.parse229("229 (|||80|)", ("h", 1)), ftplib.parse257('257 "a"')]
    parses += [error(ftplib.parse227, "227 x"), error(ftplib.parse229, "229 x", ("h", 1)), error(ftplib.parse150, "200"), ftplib.parse257("257 x"), error(ftplib.parse257, "x")]
    active = talk("220 r\n200 port\n200 eprt\n226 aborted\n200 x\n250 d\n257 \"m\"\n250 r\n")
    seen += [active.sendport("1.2.3.4", 258), active.voidcmd("EPRT"), active.abort(), active.getwelcome(), active.voidcmd("NOOP"), active.cwd("d"), active.mkd("m"), active.rmd("m")]
    active.set_pasv(False)
    active.set_debuglevel(0)
    with active:
        active.file = io.StringIO("221 bye\n")
    return login, got, listed, repr(seen), errors, parses, ftp.sock.sent, ftp.sanitize("PASS secret"), ftp.lastresp


@USES.of("socket")
def local_sockets() -> object:
    import io
    import os
    import socket
    import tempfile

    near, far = socket.socketpair()
    seen: list[object] = []
    with near, far:
        with near.makefile("w", encoding="utf-8") as writer, far.makefile("r") as reader, far.makefile("rb", 0) as raw, near.makefile("rwb") as both:
            writer.write("line é\n")
            writer.flush()
            seen += [reader.readline(), raw.name > 0, raw.mode, raw.readable(), raw.writable(), raw.seekable(), both.flush()]
            near.sendall(b"raw")
            seen += [raw.read(3), error(raw.write, b"x"), error(raw.seek, 0)]
        with tempfile.TemporaryFile() as file:
            file.write(b"0123456789")
            file.seek(0)
            seen += [near.sendfile(file, 2, 5), far.recv(99), file.tell()]
        seen += [near._sendfile_use_send(io.BytesIO(b"memory"), 1, 3), far.recv(9), error(near.sendfile, io.StringIO("x"))]  # type: ignore[attr-defined]
        copy = far.dup()
        seen += [copy.family.name, copy.type.name, copy.proto, copy.get_inheritable(), error(near.makefile, "x"), repr(copy)[:21], error(copy.__getstate__)]
        copy.set_inheritable(True)
        fd = copy.detach()
        os.close(fd)
        left, right = os.pipe()
        socket.send_fds(near, [b"fd"], [left])
        data, fds, _, _ = socket.recv_fds(far, 10, 1)
        seen += [data, len(fds), near.timeout, error(near.sendfile, 5)]
        for descriptor in (left, right, *fds):
            os.close(descriptor)
        near.settimeout(0)
        seen += [error(near.recv, 1), near.gettimeout(), error(near._sendfile_use_send, io.BytesIO(b""), 0, 1)]  # type: ignore[attr-defined]
    seen += [near.fileno(), near._closed, socket.AF_UNIX.name, socket.has_dualstack_ipv6() in (True, False)]  # type: ignore[attr-defined]
    return tuple(seen)
