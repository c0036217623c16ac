"""Workloads over URLs and their openers."""

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


@USES.of("urllib.parse")
def urls() -> object:
    from urllib import parse

    address = "HTTP://User:p%40ss@[2001:db8::1]:8080/a/b;x=1/c;p?q=1&q=2;r=%C3%BC#frag"
    split, parsed = parse.urlsplit(address), parse.urlparse(address)
    raw = parse.urlparse(b"ftp://h/p;type=a")
    bases = ("g", "./g/", "/g", "//g", "?y", "g?y#s", "#s", ";x", "../../../g", "http:g", "",
             "g/../h", "/./g", "mailto:x")
    bad = ("http://[::1", "http://h:99999", "http://h:x1", "http://\u2100.com", "http://[1.2.3.4]")
    return (
        (split, parsed, split.username, split.password, split.hostname, split.port, split.geturl(),
         parsed.params),
        (raw, raw.geturl(), raw.decode(), parsed.encode().hostname, raw.port,
         parse.urlsplit("x:80"), parse.urlsplit("//h")),
        [parse.urljoin("http://a/b/c/d;p?q", base) for base in bases],
        parse.urljoin(b"http://a/b", b"c"),
        [error(lambda url=url: parse.urlsplit(url).port) for url in bad],
        (parse.quote("/a b/é~", safe="/~"), parse.quote_plus("a b&c", " "),
         parse.quote(b"\xff", safe=b"x"), parse.quote_from_bytes(b"a")),
        (parse.unquote("a%20b%C3%A9%zz%"), parse.unquote(b"%41", "latin-1"),
         parse.unquote_plus("a+b"), parse.unquote_to_bytes("é%41%")),
        (parse.parse_qs("a=1&b=&a=2&c", keep_blank_values=True),
         parse.parse_qsl("a=1;b=%FF", separator=";", errors="replace")),
        parse.parse_qs(b"k=v&k=w"),
        (parse.urlencode({"a": 1, "b": ["x", "y"]}, doseq=True),
         parse.urlencode([("k", "é"), (b"b", b"\xff")]),
         parse.urlencode({"s": "a b"}, quote_via=parse.quote)),
        (parse.urlencode([("a", (1, b"2", "é"))], doseq=True, safe="x"),
         parse.urlencode({"a": 5}, True)),
        (parse.urldefrag("http://h/#f"), parse.urldefrag(b"x"),
         parse.urlunsplit(("s", "", "//p", "", "")),
         parse.urlunparse(("", "h", "p", "a", "q", "f"))),
        [
            error(parse.parse_qsl, "a", strict_parsing=True),
            error(parse.parse_qs, "a&b", max_num_fields=1),
            error(parse.parse_qs, "a", separator=""),
            error(parse.urljoin, "a", b"b"), error(parse.quote, b"x", "latin-1"),
            error(parse.urlencode, 5), error(parse.quote_from_bytes, "x"),
            error(parse.urlsplit, 5),
        ],
        (parse.urlsplit("java\nscript:x\t"), parse.urlsplit("http://h", allow_fragments=False),
         parse.unwrap("<URL: x>"), parse.SplitResult("", "", "a", "", "")),
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
    agents, paths = ("figtree/1.0", "other", "late", "googlebot-news"), (
        "/tmp/x", "/tmp/ok", "", "/a%3Cd.html", "/private?x=1", "http://h/p;a?q#f"
    )
    silent: Any = robotparser.RobotFileParser()
    silent.allow_all = True
    shut: Any = robotparser.RobotFileParser()
    shut.disallow_all = True
    return (
        early,
        [[rules.can_fetch(agent, path) for path in paths] for agent in agents],
        (rules.crawl_delay("figtree"), rules.crawl_delay("late"), rules.request_rate("figtree"),
         rules.request_rate("x"), rules.site_maps()),
        str(rules),
        (silent.can_fetch("a", "/"), shut.can_fetch("a", "/"), silent.mtime(),
         silent.crawl_delay("x"), silent.request_rate("x"), silent.site_maps()),
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
            return response.addinfourl(io.BytesIO(b"body"), email.message_from_string("A: b\n"),
                                       req.full_url, 200)

        def http_open(self, req: Any) -> Any:
            self.seen.append((req.full_url, req.get_header("Authorization"), req.host,
                              req.has_proxy()))
            headers = {"/move": "Location: /new?a b", "/loop": "Location: /loop",
                       "/evil": "Location: file:///etc/x"}
            realm = 'WWW-Authenticate: Basic realm="R"' if req.get_header(
                "Authorization"
            ) is None else ""
            digest = 'WWW-Authenticate: Digest realm="D", nonce="n", opaque="o", qop="auth"'
            known = {"/auth": (401, realm),
                     "/digest": (401 if req.get_header("Authorization") is None else 200, digest),
                     "/gone": (404, "")}
            code, text = known.get(req.selector,
                                   (302 if req.selector in headers else 200,
                                    headers.get(req.selector, "")))
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
    passwords.add_password("R", ["http://other.example:80/a", "x.example"], "u2", "s2",
                           is_authenticated=True)
    handlers = (
        fake, request.DataHandler(), request.FileHandler(), request.HTTPRedirectHandler(),
        request.HTTPErrorProcessor(), request.UnknownHandler(),
        request.HTTPDefaultErrorHandler(), request.HTTPBasicAuthHandler(passwords),
        request.HTTPDigestAuthHandler(passwords),
        request.ProxyHandler({"proxied": "http://u:p@proxy.example:3128"}),
    )
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
    posted = request.Request("demo://h/x", b"data", {"k": "v"}, origin_req_host="o",
                             unverifiable=True, method="PUT")
    opener.open(posted).close()
    posted.data = None
    posted.data = b"again"
    posted.set_proxy("p:1", "http")
    posted.full_url = "http://h2/y#z"
    posted.add_header("content-type", "c")
    posted.remove_header("K")
    out += [posted.type, posted.host, posted.selector, posted.fragment,
            posted.has_header("Content-type"), posted.get_method(), posted.full_url]
    errors = []
    for url in ("http://h.example/gone", "http://h.example/loop", "http://h.example/evil",
                "odd://x", "file://remote.example/x", "file:///no/such", "nourl", "data:x"):
        errors.append(error(opener.open, url))
    try:
        opener.open("http://h.example/gone")
    except urllib.error.HTTPError as exc:
        with exc:
            errors.append((exc.code, exc.reason, str(exc), repr(exc), exc.headers is not None,
                           exc.fp is not None))
    errors += [error(opener.add_handler, 5), error(request.build_opener, 5),
               str(urllib.error.URLError("r")), str(urllib.error.ContentTooShortError("m", b""))]
    keywords = request.parse_keqv_list(request.parse_http_list('a="b, \\"c\\"", d=e, f'+'="g"'))
    user = passwords.find_user_password(
        "R", "http://other.example/a/b"
    ), passwords.find_user_password(
        "R", "http://none/"
    ), passwords.is_authenticated("http://x.example")
    proxies = [request._parse_proxy(text) for text in ("http://u:p@h:1/", "h:1", "u:p@h:1")]
    proxies.append(error(request._parse_proxy, "file:/x"))
    saved = {name: os.environ.pop(name) for name in list(os.environ)
             if name.lower().endswith("_proxy")}
    os.environ.update(demo_proxy="http://px/", no_proxy="a.example, .b.example,c.example:80")
    found = request.getproxies_environment()
    bypass = [request.proxy_bypass_environment(host)
              for host in ("a.example:5", "x.b.example", "d.example", "c.example:80")]
    del os.environ["demo_proxy"], os.environ["no_proxy"]
    os.environ.update(saved)
    opener.close()
    # The client's nonce of a digest is random; all else of its authorization is not.
    seen = [str(item) for item in fake.seen if "Digest" not in str(item)]
    return (
        out, errors, seen, keywords, user, proxies, found, bypass, request.url2pathname("/a%20b"),
        request.request_host(posted)
    )
