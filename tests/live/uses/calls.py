"""Functions of modules called with arguments drawn by a seed: what is right, and what raises.

Only modules that compute: nothing here opens files, waits, or asks the system.
"""

from __future__ import annotations

from functools import partial

from .registry import Uses

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random
    from typing import Any

USES = Uses()

# By module: the functions and classes whose calls are tried, and methods of what these make.
FUNCTIONS = {
    "_markupbase": "ParserBase",
    "_pydatetime": "date time datetime timedelta timezone",
    "_strptime": "_strptime",
    "base64": "b64encode b64decode b32encode b32decode b16decode a85encode a85decode b85decode",
    "calendar": "TextCalendar HTMLCalendar isleap leapdays weekday monthrange timegm",
    "collections": "ChainMap Counter UserDict UserList UserString namedtuple",
    "colorsys": "rgb_to_yiq yiq_to_rgb rgb_to_hls hls_to_rgb rgb_to_hsv hsv_to_rgb",
    "csv": "DictReader DictWriter Sniffer",
    "difflib": "SequenceMatcher get_close_matches ndiff unified_diff context_diff",
    "email.header": "Header decode_header make_header",
    "email.utils": "parseaddr formataddr getaddresses parsedate decode_rfc2231 quote unquote",
    "encodings.punycode": "punycode_encode punycode_decode",
    "fnmatch": "fnmatch fnmatchcase filter translate",
    "fractions": "Fraction",
    "graphlib": "TopologicalSorter",
    "http.cookies": "SimpleCookie Morsel",
    "ipaddress": "ip_address ip_network ip_interface summarize_address_range collapse_addresses",
    "mimetypes": "MimeTypes",
    "pprint": "pformat saferepr isreadable",
    "quopri": "encodestring decodestring",
    "reprlib": "Repr repr",
    "shlex": "split quote join shlex",
    "statistics": "mean median mode multimode variance quantiles harmonic_mean linear_regression",
    "string": "Template Formatter capwords",
    "textwrap": "wrap fill shorten dedent indent",
    "urllib.parse": "urlsplit urlparse urljoin quote unquote parse_qsl urlencode urldefrag",
    "wsgiref.headers": "Headers",
    "xml.sax.saxutils": "escape unescape quoteattr",
}  # fmt: skip

VALUES: list[object] = [
    *(0, 1, -3, 7, 40, 2.5, -0.125, 10**25, True, None, 1j, 12, 31, 2024),
    *("", "a", "ab c", "  two\n words \n", "http://a:b@h.x:8/p;q?k=v&l#f", "1.5e3", "3/4", "-0.1"),
    *(
        "[::1]/64",
        "fe80::1%1",
        "192.168.0.0/24",
        "10.0.0.1",
        "%Y-%m-%d",
        "2024-02-29",
        "${x} $$ $y",
    ),
    *('a\'b "c" \\', "*.[!a]?", "&amp;&#65;<b x='y'>", "=?utf-8?q?=C3=A9?=", "Me <me@x.y>, you"),
    *(
        "k=v; Path=/x; secure",
        "C:\\a\\..\\b",
        "/a//b/../c.tar.gz",
        "caf\u00e9 \u4e00",
        "{0!r:>4}{a}",
    ),
    *(b"", b"bytes", b"YQ==", b"=3D\n", b"\xff\x00", (), (1, 2), ("a", "b"), (3, "x", None)),
    *(
        [],
        [1, 2, 2, 3],
        [3.5, 1.25],
        ["b\n", "a\n", "c\n"],
        [("k", "v"), ("l", "w")],
        [[1, [2]], {}],
    ),
    *({}, {"a": 1, "x": "y"}, {"a": ["b"], "b": []}, {1: (2,)}, range(3), len, str),
]
CALLS, METHODS = 12, 5


def _tried(random: Random, call: Callable[..., Any], most: int) -> Any:
    """What a call with arguments of the pool returns; None if it raises."""
    drawn = random.choices(VALUES, k=random.randint(0, most))
    try:
        found = call(*drawn)
        if hasattr(found, "__next__"):
            found = [item for item, _ in zip(found, range(20))]
    except Exception:
        return None
    return found


def calls(module: str, names: list[str]) -> None:
    """Call each function a number of times, and methods of what classes make."""
    import importlib
    from random import Random

    imported = importlib.import_module(module)
    random = Random(module)
    for name in names:
        call = getattr(imported, name)
        for _ in range(CALLS):
            made = _tried(random, call, 3)
            if made is None or not isinstance(call, type):
                continue
            methods = [n for n in dir(call) if n not in UNSAFE and callable(getattr(call, n))]
            for method in random.sample(methods, min(METHODS, len(methods))):
                _tried(random, lambda *args: getattr(made, method)(*args), 2)


# They wait, print, read files or ask the clock, or their answers are addresses or the whole object.
UNSAFE = {
    *("__class__", "__del__", "__dir__", "__format__", "__getattribute__", "__hash__", "__repr__"),
    *("__init_subclass__", "__new__", "__reduce__", "__reduce_ex__", "__setattr__", "__sizeof__"),
    *("__subclasshook__", "__delattr__", "__getstate__", "__setstate__", "__init__"),
    *("now", "utcnow", "today", "fromtimestamp", "utcfromtimestamp", "timestamp", "astimezone"),
    *("read", "readfp", "read_windows_registry", "push_source", "sourcehook", "prmonth", "pryear"),
    *("load", "__str__", "report", "prweek", "hosts", "subnets", "__iter__", "__pow__", "__rpow__"),
    *("__lshift__", "exp", "ln", "log10", "power", "sqrt", "shift", "elements"),
}  # fmt: skip

for _module, _names in FUNCTIONS.items():
    _since = (3, 12) if _module == "_pydatetime" else (3, 11)
    USES.of(_module, f"{_module}-calls", _since)(partial(calls, _module, _names.split()))
