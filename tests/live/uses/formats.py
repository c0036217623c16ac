"""Workloads over modules that read and write formats: JSON, TOML, CSV, catalogues, encodings."""

from __future__ import annotations

import sys

from .registry import Uses, error, fresh

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

USES = Uses()

DOCUMENT = '{"a": [1, -2.5e3, true, null, {"b": "\\u00e9\\ud83d\\ude00\\n"}], "c": {}, "d": []}'


@USES.of("json.decoder")
def json_decoder() -> object:
    decoder = fresh("json.decoder", "_json")
    decoder.scanner = fresh("json.scanner", "_json")
    pairs = decoder.JSONDecoder(object_pairs_hook=list)
    hooked = decoder.JSONDecoder(
        object_hook=lambda found: sorted(found), parse_float=str, parse_int=float, parse_constant=repr
    )
    loose = decoder.JSONDecoder(strict=False)
    broken = ("", "[1,]", "[1 2", '{"a" 1}', '{"a":1,}', "{a:1}", '"\\q"', '"\\u12', '"open', '"\t"')
    more = ("nul", "[", '{"a":', '{"a":1 "b":2}', "1 2", '"\\', '{"a":1,\n 2}')
    return (
        decoder.JSONDecoder().decode(DOCUMENT),
        pairs.decode(' { "x" : 1 , "y" : [ 2 , 3 ] } '),
        hooked.decode('{"n": NaN, "i": [Infinity, 7, 1.5]}'),
        loose.decode('"tab\\t\t\\ud800x"'),
        decoder.JSONDecoder().raw_decode('{"k": "v"} tail'),
        [error(decoder.JSONDecoder().decode, text) for text in (*broken, *more)],
        str(decoder.JSONDecodeError("bad", "one\ntwo", 5)),
        repr(decoder.JSONDecodeError("bad", "doc", 1).__reduce__()[1]),
    )


@USES.of("json.encoder")
def json_encoder() -> object:
    encoder = fresh("json.encoder", "_json")
    value = {"z": [1, 2.5, True, None], "a": {"k": ("é\x01\"\\", "\U0001f600")}, 3: float("inf")}
    loop: list[Any] = [1]
    loop.append(loop)
    circle: dict[str, Any] = {}
    circle["me"] = [circle]
    strict = encoder.JSONEncoder(allow_nan=False, skipkeys=True)
    chunks = encoder.JSONEncoder().iterencode([1, [2, [3]]])
    head = next(chunks)
    chunks.close()
    return (
        encoder.JSONEncoder().encode(value),
        encoder.JSONEncoder(indent=2, ensure_ascii=False).encode(value),
        encoder.JSONEncoder(indent="\t", sort_keys=True, separators=(",", ":")).encode({"b": [], "a": {}}),
        encoder.JSONEncoder(default=lambda item: sorted(item)).encode([{3, 1, 2}]),
        strict.encode({(1, 2): 3, None: [True], False: 1.5, 2.5: "f", 7: [[]]}),
        head,
        encoder.JSONEncoder().encode("plain"),
        "".join(encoder.JSONEncoder().iterencode("plain", _one_shot=True)),
        [error(encoder.JSONEncoder().encode, bad) for bad in (loop, circle, object(), {(1,): 2}, 1j)],
        error(strict.encode, [float("nan")]),
        encoder.py_encode_basestring_ascii("\u2028\U0010ffff"),
    )


@USES.of("json.scanner")
def json_scanner() -> object:
    scanner = fresh("json.scanner", "_json")
    decoder = fresh("json.decoder", "_json")
    scan = scanner.py_make_scanner(decoder.JSONDecoder())
    texts = ("null", "true", "false", "12", "-1.5E+3", "NaN", "-Infinity", "Infinity", "[1]", '{"a": 0}', '"s"')
    return [scan(text, 0) for text in texts], [error(scan, text, 0) for text in ("", "x", "-", "tru")], repr(
        scan("[0, 1]", 4)
    )


@USES.of("json")
def json_package() -> object:
    import io
    import json

    class Sets(json.JSONEncoder):
        def default(self, o: object) -> object:
            return sorted(o) if isinstance(o, set) else super().default(o)

    out = io.StringIO()
    json.dump({"k": [1]}, out, indent=1, cls=Sets)
    raw = [DOCUMENT.encode(name) for name in ("utf-8", "utf-8-sig", "utf-16", "utf-32", "utf-16-be", "utf-32-le")]
    return (
        out.getvalue(),
        json.dumps({3, 1}, cls=Sets),
        error(json.dumps, object(), cls=Sets),
        [json.loads(data) == json.loads(DOCUMENT) for data in raw],
        json.loads(b"1") + json.load(io.StringIO("[2]"), object_hook=dict, parse_int=int)[0],
        json.loads("1.25", parse_float=str),
        [error(json.loads, bad) for bad in ("\ufeff1", 7, b"\xff\xfe")],
        [json.detect_encoding(data) for data in (b"", b"1", b"1\x00", b"\x001")],  # type: ignore[attr-defined]
    )


@USES.of("tomllib._parser")
def toml_documents() -> object:
    import io
    import tomllib

    text = '''
# a comment
title = "T\\u00e9st \\"q\\" \\t" # tail
'quoted key'.sub."x y" = 'literal \\n'
ints = [1_000, +9, -0, 0xDE_ad, 0o17, 0b101, ]
floats = [1.5, 6e-3, -2E+4, inf, -inf, 1_0.0_1]
dates = [1979-05-27T07:32:00Z, 1979-05-27 00:32:00.999999-07:00, 1979-05-27, 07:32:00.5]
flags = { on = true, off = false, nested.deep = { } }
multi = """
first \\
   joined
"quotes""" # no
lines = \'\'\'
raw \\
text\'\'\'
[server.alpha]
ip = "10.0.0.1"
[server]
port = 80
[[fruit]]
name = "apple"
[fruit.physical]
color = "red"
[[fruit.variety]]
name = "red delicious"
[[fruit]]
name = "banana"
'''
    broken = (
        *("a = 1\na = 2", "[t]\n[t]", "a.b = 1\n[a]\n", "x = ", "x = [1, 2", "x = {a = 1,}", "= 1"),
        *('x = "open', "x = 'open", 'x = """open', "x = '''o", 'x = "\\q"', 'x = "\\uD800"', "x = 01"),
        *("x = 1979-13-01", "[a", "[[a]", "[a]\n[[a]]", "x = {a = 1, a = 2}", "x = tru", "a = 1 b = 2"),
        *('x = "a\nb"', "x = {b.c = 1, b = 2}", "a = [1]\n[[a]]", "x = # none", "a = 1\na.b = 2", "[]"),
        *("# \x00", "x = {a 1}", "[a.b]\n[a]\nb.c = 1", "a = {}\na.b = 1", 'x = "\\U1"', "x = {a=1 b"),
    )
    return (
        repr(tomllib.loads(text)),
        repr(tomllib.loads("pi = 3.140\r\n", parse_float=str)),
        tomllib.load(io.BytesIO(b"k = 'v'")),
        [error(tomllib.loads, bad) for bad in broken],
        error(tomllib.load, io.StringIO("k = 1")),
        error(tomllib.loads, "x = 1.0", parse_float=lambda digits: [digits]),
    )


@USES.of("csv")
def tables() -> object:
    import csv
    import io

    class Pipes(csv.excel):
        delimiter = "|"
        quoting = csv.QUOTE_NONNUMERIC

    class Wrong(csv.Dialect):
        delimiter = "too long"

    rows = "name,age,city\nAnn,31,\"Paris, FR\"\n\nBob,,\nEve,7,Rome,extra\n"
    reader = csv.DictReader(io.StringIO(rows), restkey="rest", restval="?")
    short = csv.DictReader(io.StringIO("1,2\n3\n"), fieldnames=("a", "b", "c"), dialect="excel")
    out = io.StringIO()
    writer = csv.DictWriter(out, ["x", "y"], extrasaction="ignore", dialect=Pipes())
    writer.writeheader()
    writer.writerow({"x": 1.5, "y": 'q"', "z": 0})
    writer.writerows([{"x": 2}, {"y": "a|b"}])
    sniffer = csv.Sniffer()
    samples = (
        "a;b;c\n1;2;3\n4;5;6\n",
        "'x y', 'p'\n'z', 'q'\n",
        '"k"\t"v""w"\n"1"\t"2"\n',
        "a:1 b:2\nc:3 d:4\n" * 12,
    )
    return (
        list(reader),
        (reader.fieldnames, reader.line_num),
        list(short),
        out.getvalue(),
        [(d.delimiter, d.quotechar, d.skipinitialspace) for d in map(sniffer.sniff, samples)],
        sniffer.sniff("a|b,c\n", delimiters="|").delimiter,
        [sniffer.has_header(text) for text in ("name,age\nAnn,31\nBob,44\n", "1,2\n3,4\n", "ab,cd\nef,gh\n")],
        [error(sniffer.sniff, text) for text in ("", "ab\ncd\nef")],
        error(csv.DictWriter(out, ["x"]).writerow, {"x": 1, "w": 2}),
        error(csv.DictWriter, out, ["x"], extrasaction="maybe"),
        error(Wrong),
        csv.DictReader(io.StringIO("")).fieldnames,
    )


@USES.of("configparser")
def settings() -> object:
    import configparser
    import io

    text = (
        "[DEFAULT]\nroot = /srv\n; note\n[web]\nport: 80\nlog = %(root)s/log\nmulti =\n  one\n\n  two\n"
        "debug = yes # inline\n[Web Two]\nratio=0.5\n"
    )
    config = configparser.ConfigParser(
        inline_comment_prefixes="#", converters={"words": str.split}, default_section="DEFAULT"
    )
    config.read_string(text)
    web: Any = config["web"]
    extended = configparser.ConfigParser(interpolation=configparser.ExtendedInterpolation())
    extended.read_dict({"a": {"x": 1, "y": "${x}-${b:z} $$"}, "b": {"z": "end", "loop": "${loop}"}})
    bare = configparser.RawConfigParser(allow_no_value=True, delimiters="=", strict=False)
    bare.optionxform = str  # type: ignore[assignment,method-assign]
    bare.read_file(io.StringIO("[s]\nFlag\nk = %raw\n[s]\nk = again\n"))
    out, tight = io.StringIO(), io.StringIO()
    config.write(out)
    bare.write(tight, space_around_delimiters=False)
    broken = (
        *("k = 1\n", "[a]\n[a]\n", "[a]\nk=1\nk=2\n", "[a]\n= 1\nnovalue\n", "[a]\n  x\n y\n", "[]\nk:1"),
    )
    errors = [error(configparser.ConfigParser().read_string, bad) for bad in broken]
    errors += [
        error(config.get, "none", "k"),
        error(config.get, "web", "none"),
        error(config.getint, "web", "log"),
        error(config.getboolean, "web", "port"),
        error(config.set, "web", "k", 5),
        error(config.set, "web", "k", "50%"),
        error(config.add_section, "web"),
        error(config.add_section, "DEFAULT"),
        error(extended.get, "b", "loop"),
        error(extended.set, "b", "k", "$x"),
        error(config.__delitem__, "DEFAULT"),
        error(config.__getitem__, "none"),
        error(web.__delitem__, "none"),
        error(config.options, "none"),
        error(config.remove_option, "none", "k"),
    ]
    config["new"] = {"k": "v", "bad": "%(absent)s", "deep": "%(k)s%%"}
    errors += [error(config.get, "new", "bad"), config.get("new", "deep"), config["new"].pop("k")]
    config.set("new", "k2", "w")
    return (
        (web.getint("port"), web["log"], web["multi"], web.getboolean("debug"), web.getwords("multi")),
        (config.getfloat("Web Two", "ratio"), config.sections(), config.options("web")),
        (config.get("x", "y", fallback="f"), web.get("no", "d"), config.get("web", "log", raw=True)),
        config.get("web", "log", vars={"root": "/tmp"}),
        config.items("Web Two", raw=True),
        sorted(section for section, _ in config.items()),
        (extended["a"]["y"], bare["s"]["k"], bare.get("s", "Flag"), bare.defaults()),
        out.getvalue(),
        tight.getvalue(),
        errors,
        (config.remove_option("new", "k2"), config.remove_section("new"), config.has_option("", "root")),
        (config.has_section("new"), len(config), "web" in config, repr(web), web.parser is config),
        config.read(["/nonexistent/a.ini"]),
        config.popitem()[0],
        config.clear(),
    )


def catalogue(entries: dict[str, str], magic: int = 0x950412DE, order: str = "<") -> bytes:
    """The bytes of a .mo file."""
    import struct

    ids = sorted(entries)
    keys, values = b"", b""
    table = []
    for key in ids:
        raw, text = key.encode(), entries[key].encode()
        table.append((len(raw), len(keys), len(text), len(values)))
        keys += raw + b"\0"
        values += text + b"\0"
    start = 28 + 16 * len(ids)
    words = [magic, 0, len(ids), 28, 28 + 8 * len(ids), 0, 0]
    for size, offset, _, _ in table:
        words += [size, start + offset]
    for _, _, size, offset in table:
        words += [size, start + len(keys) + offset]
    return struct.pack(f"{order}{len(words)}I", *words) + keys + values


@USES.of("gettext")
def translations() -> object:
    import gettext
    import io
    import os
    import tempfile

    plural = "nplurals=3; plural=(n==1 ? 0 : n%10>=2 && n%10<=4 && !(n%100>=12 && n%100<=14) ? 1 : 2);"
    head = f"Content-Type: text/plain; charset=UTF-8\nPlural-Forms: {plural}\n#-#-#-#-#\nmore\n"
    entries = {
        "": head,
        "yes": "oui",
        "menu\x04open": "ouvrir",
        "file\x00files": "plik\x00pliki\x00plików",
        "ctx\x04cat\x00cats": "kot\x00koty\x00kotów",
    }
    raw = catalogue(entries)
    domain = gettext.GNUTranslations(io.BytesIO(raw))
    big = gettext.GNUTranslations(io.BytesIO(catalogue({"no": "non"}, order=">")))
    domain.add_fallback(big)
    null = gettext.NullTranslations()
    with tempfile.TemporaryDirectory() as top:
        folder = os.path.join(top, "fr", "LC_MESSAGES")
        os.makedirs(folder)
        with open(os.path.join(folder, "app.mo"), "wb") as file:
            file.write(raw)
        found = gettext.find("app", top, ["fr_FR.UTF-8@euro", "de"], all=True)
        loaded = gettext.translation("app", top, ["fr"])
        absent = error(gettext.translation, "other", top, ["fr"])
        fallback = gettext.translation("other", top, ["fr"], fallback=True)
        gettext.bindtextdomain("app", top)
    formulas = [gettext.c2py(text) for text in ("n != 1", "n>1 ? n/2 : !n || n%3==0", "(n<=2) + 4*n - 1")]  # type: ignore[attr-defined]
    bad = ("n ==", "(n", "n)", "x", "n ? 1", "1 && 'n'", "n < 1 == & 2", "+" * 3, "(" * 30 + "n")
    return (
        [domain.gettext(word) for word in ("yes", "no", "maybe")],
        [domain.ngettext("file", "files", n) for n in (1, 3, 5, 12, 22)],
        [domain.ngettext("dog", "dogs", n) for n in (1, 2)],
        (domain.pgettext("menu", "open"), domain.pgettext("menu", "shut")),
        [domain.npgettext("ctx", "cat", "cats", n) for n in (1, 4)] + [null.npgettext("c", "a", "b", 2)],
        (sorted(domain.info()), domain.charset(), null.gettext("x"), null.ngettext("a", "b", 1)),
        (len(found), loaded.gettext("yes"), absent, fallback.pgettext("c", "x")),
        (gettext.dgettext("none", "x"), gettext.dngettext("none", "a", "b", 2), gettext.textdomain()),
        [[formula(n) for n in range(5)] for formula in formulas],
        [error(gettext.c2py, text) for text in bad],  # type: ignore[attr-defined]
        error(formulas[0], 1.5),
        error(gettext.GNUTranslations, io.BytesIO(b"\0" * 40)),
        error(gettext.GNUTranslations, io.BytesIO(raw[:60])),
    )


@USES.of("base64")
def base_encodings() -> object:
    import base64
    import io

    data = bytes(range(0, 256, 5)) + b"\0\0\0\0    tail"
    out = io.BytesIO()
    base64.encode(io.BytesIO(data), out)
    back = io.BytesIO()
    base64.decode(io.BytesIO(out.getvalue()), back)
    coded = (
        base64.b64encode(data, b"-_"),
        base64.urlsafe_b64encode(data),
        base64.b32encode(data),
        base64.b32hexencode(data),
        base64.b16encode(data),
        base64.a85encode(data, foldspaces=True, wrapcol=20, pad=True, adobe=True),
        base64.b85encode(data, pad=True),
        base64.encodebytes(data),
        base64.standard_b64encode(memoryview(data)),
    )
    return (
        coded,
        back.getvalue() == data,
        base64.b64decode("-_8=", "-_") + base64.b64decode(b"AA*A=", validate=False),
        base64.urlsafe_b64decode(coded[1]) + base64.standard_b64decode("QQ=="),
        base64.b32decode("mzxw6yq1", casefold=True, map01="l") + base64.b32hexdecode(coded[3]),
        base64.b16decode("ab", casefold=True),
        base64.a85decode(coded[5], foldspaces=True, adobe=True),
        base64.a85decode("zy", foldspaces=True) + base64.b85decode(coded[6]),
        base64.decodebytes(coded[7]),
        error(base64.b64decode, "A"),
        error(base64.b64decode, "A*==", validate=True),
        error(base64.b32decode, "short"),
        error(base64.b32decode, "1AAAAAAA"),
        error(base64.b16decode, "ab"),
        error(base64.a85decode, b"no frame", adobe=True),
        error(base64.a85decode, b"!z"),
        error(base64.a85decode, b"vvvvv"),
        error(base64.a85decode, b"s8W-\""),
        error(base64.b85decode, b"~~~~~"),
        error(base64.b85decode, b"a b"),
        error(base64.b64decode, "é"),
        error(base64.encodebytes, "text"),
        error(base64.decodebytes, memoryview(b"ab").cast("H")),
    )


@USES.of("quopri")
def quoted_printable() -> object:
    import io

    quopri = fresh("quopri", "binascii")
    data = "Café = 100%\t \nlong ".encode("latin-1") + b"x" * 90 + b"\r\n.\n_end"
    out, back = io.BytesIO(), io.BytesIO()
    quopri.encode(io.BytesIO(data), out, quotetabs=True, header=False)
    quopri.decode(io.BytesIO(out.getvalue()), back)
    return (
        out.getvalue(),
        back.getvalue(),
        quopri.encodestring(b"a b_c=\xff", header=True),
        quopri.decodestring(b"a_b=3D=zz==\n=4", header=True),
        quopri.decodestring(b"soft =\nbreak  \t\n"),
        error(quopri.unhex, b"GG"),
    )


@USES.of("netrc")
def machine_logins() -> object:
    import netrc
    import os
    import tempfile

    texts = (
        'machine a.org login ann password "p w\\"x" account acc\n# note\n'
        "macdef init\ncd /pub\nls\n\ndefault login anonymous password me@\n",
        *("machine only", "machine x login", "bogus x", "machine a user u oops", "macdef m\nline"),
        "machine b.org # c\n user bob password p#1\n machine c.org password '#'",
    )
    seen: list[object] = []
    with tempfile.TemporaryDirectory() as top:
        for number, text in enumerate(texts):
            path = os.path.join(top, str(number))
            with open(path, "w") as file:
                file.write(text)
            try:
                logins = netrc.netrc(path)
            except netrc.NetrcParseError as exc:
                seen.append((exc.msg, exc.lineno, os.path.basename(exc.filename or "")))
            else:
                seen.append((sorted(logins.hosts), logins.macros, repr(logins)))
                seen.append((logins.authenticators("a.org"), logins.authenticators("else")))
        seen.append(error(netrc.netrc, os.path.join(top, "absent")))
    return tuple(seen)


def zone_file() -> bytes:
    """A small TZif file of version 2: two offsets, three transitions, a rule for what follows."""
    import struct

    names = b"LMT\0STD\0DST\0"
    kinds = struct.pack(">lBB", -500, 0, 0) + struct.pack(">lBB", 3600, 0, 4)
    kinds += struct.pack(">lBB", 7200, 1, 8)
    times = (-(2**31), 500_000_000, 510_000_000, 520_000_000)
    counts = struct.pack(">6l", 0, 0, 0, len(times), 3, len(names))
    first = b"TZif2" + bytes(15) + counts + struct.pack(">4l", *times) + bytes((1, 2, 1, 2))
    second = b"TZif2" + bytes(15) + counts + struct.pack(">4q", *times) + bytes((1, 2, 1, 2))
    return first + kinds + names + second + kinds + names + b"\nSTD-1DST,M3.5.0,M10.5.0/3\n"


@USES.of("zoneinfo._zoneinfo")
def time_zones() -> object:
    import datetime
    import io
    import struct
    from zoneinfo import _zoneinfo

    zone: Any = _zoneinfo.ZoneInfo.from_file(io.BytesIO(zone_file()), key="Demo/Zone")
    utc = datetime.timezone.utc
    years = (1890, 1985, 1986, 2020)
    local = [datetime.datetime(y, m, 15, tzinfo=zone) for y in years for m in (1, 7)]
    local += [datetime.datetime(2020, 10, 25, 2, 30, tzinfo=zone, fold=fold) for fold in (0, 1)]
    back = [moment.astimezone(utc).astimezone(zone) for moment in local]
    rules = ("AAA3", "<+03>-3", "EST5EDT,60/2,300/2", "CET-1CEST,J60,J300/-1:30", "A1B,M1.1.1,M2.1.1/26:00:00")
    bad = ("", "AAA3BBB,1", "AAA3BBB", "AAA3BBB,M13.1.1,M1.1.1", "AAA25", "AAA3BBB,J0,J1", "AAA3BBB,x,y", "<A3")
    seen = []
    for rule in rules:
        parsed: Any = _zoneinfo._parse_tz_str(rule)  # type: ignore[attr-defined]
        seen.append(type(parsed).__name__)
        if hasattr(parsed, "transitions"):
            seen.append(str(parsed.transitions(2021)))
    plain = zone_file()[:44].replace(b"TZif2", b"TZif\0") + zone_file()[44:84]
    only = struct.pack(">4s16x6l", b"TZif", 0, 0, 0, 0, 1, 4) + struct.pack(">lBB", 60, 0, 0) + b"ONE\0"
    fixed: Any = _zoneinfo.ZoneInfo.from_file(io.BytesIO(only))
    return (
        [(str(m.utcoffset()), str(m.dst()), m.tzname()) for m in local],
        [str(moment) for moment in back],
        (str(zone), repr(zone), str(datetime.time(1, tzinfo=zone).utcoffset())),
        (fixed.utcoffset(None), fixed.tzname(local[0].replace(tzinfo=fixed))),
        seen,
        [error(_zoneinfo._parse_tz_str, rule) for rule in bad],  # type: ignore[attr-defined]
        error(_zoneinfo.ZoneInfo.from_file, io.BytesIO(b"junk")),
        str(_zoneinfo.ZoneInfo.from_file(io.BytesIO(plain), key="Old").utcoffset(local[2])),
        error(zone.__reduce__),
        error(zone.fromutc, local[0].replace(tzinfo=None)),
    )


@USES.of("encodings")
def encoding_search() -> object:
    import encodings

    names = ("UTF 8", "latin-1", "no_such_codec_x", "utf-8.bad", "iso8859-15")
    found = [encodings.search_function(name) for name in names]  # type: ignore[attr-defined]
    again = encodings.search_function("UTF 8")  # type: ignore[attr-defined]
    return (
        [getattr(info, "name", None) for info in found],
        again is found[0],
        encodings.normalize_encoding(" Ünder--score. x"),
        encodings.normalize_encoding(b"by tes"),  # type: ignore[arg-type]
    )


@USES.of("encodings.utf_8_sig")
def utf8_with_mark() -> object:
    import io
    from encodings import utf_8_sig

    info = utf_8_sig.getregentry()
    encoder, decoder = utf_8_sig.IncrementalEncoder(), utf_8_sig.IncrementalDecoder()
    coded = [encoder.encode(part) for part in "aé"]
    state = encoder.getstate()
    encoder.reset()
    encoder.setstate(state)
    decoded = [decoder.decode(bytes([byte])) for byte in b"".join(coded)]
    mark = decoder.getstate()
    decoder.reset()
    decoder.setstate(mark)
    out = io.BytesIO()
    writer = utf_8_sig.StreamWriter(out)
    writer.write("x")
    writer.write("y")
    writer.reset()
    reader = utf_8_sig.StreamReader(io.BytesIO(out.getvalue()))
    bare = utf_8_sig.StreamReader(io.BytesIO(b"\xefzz"), "replace")
    early = utf_8_sig.IncrementalDecoder()
    return (
        (info.name, coded, decoded, out.getvalue(), reader.read(), bare.read()),
        utf_8_sig.decode(b"\xef\xbb\xbfz"),
        utf_8_sig.encode("z"),
        (early.decode(b"\xef\xbb"), early.decode(b"\xbf")),
        reader.reset(),
    )


@USES.of("encodings.utf_16")
def utf16_streams() -> object:
    import io
    from encodings import utf_16

    encoder, decoder = utf_16.IncrementalEncoder(), utf_16.IncrementalDecoder()
    coded = encoder.encode("a") + encoder.encode("€")
    encoder.setstate(encoder.getstate())
    decoded = [decoder.decode(coded[:1]), decoder.decode(coded[1:5]), decoder.decode(coded[5:], True)]
    states = []
    for start in (b"\xff\xfe", b"\xfe\xff", b""):
        decoder.reset()
        decoder.decode(start)
        states.append(decoder.getstate())
        decoder.setstate(states[-1])
    out = io.BytesIO()
    writer = utf_16.StreamWriter(out)
    writer.write("ab")
    writer.write("c")
    writer.reset()
    reader = utf_16.StreamReader(io.BytesIO(b"\xfe\xff\x00h\x00i"))
    text = reader.read()
    reader.reset()
    marks = [utf_16.IncrementalDecoder().decode, utf_16.StreamReader(io.BytesIO(b"zz")).read]
    return (
        (coded, decoded, states, out.getvalue(), text, utf_16.decode(coded), utf_16.encode("z")[1]),
        error(marks[0], b"zzzz"),
        error(marks[1]),
        utf_16.getregentry().name,
        encoder.reset(),
    )


@USES.of("encodings.uu_codec")
def uuencoding() -> object:
    import io
    from encodings import uu_codec

    data = bytes(range(100)) + b"\0\0"
    coded, size = uu_codec.uu_encode(data, filename="a\nb.txt", mode=0o600)
    return (
        (coded, size, uu_codec.uu_decode(b"junk\n" + coded)[0] == data),
        [error(uu_codec.uu_decode, bad) for bad in (b"", b"begin 644 x\n", coded[:40], b"begin 644 x\n")],
        uu_codec.IncrementalEncoder().encode(b"x"),
        uu_codec.IncrementalDecoder().decode(coded) == data,
        uu_codec.Codec().decode(uu_codec.Codec().encode(b"hi")[0]),
        uu_codec.StreamWriter(io.BytesIO()).charbuffertype.__name__,
        uu_codec.getregentry().name,
    )


@USES.of("encodings.rot_13")
def rot13() -> object:
    import io
    from encodings import rot_13

    out = io.StringIO()
    rot_13.rot13(io.StringIO("Uryyb\n"), out)
    return (
        out.getvalue(),
        rot_13.Codec().encode("Why?")[0] + rot_13.Codec().decode("Jul?")[0],
        rot_13.IncrementalEncoder().encode("a") + rot_13.IncrementalDecoder().decode("n"),
        rot_13.getregentry().name,
    )


@USES.of("xdrlib", before=(3, 13))
def external_data() -> object:
    xdrlib = fresh("xdrlib")
    packer = xdrlib.Packer()
    packer.pack_uint(7)
    packer.pack_int(-7)
    packer.pack_bool(True)
    packer.pack_enum(2)
    packer.pack_hyper(2**40)
    packer.pack_uhyper(5)
    packer.pack_float(1.5)
    packer.pack_double(2.25)
    packer.pack_fstring(3, b"abcd")
    packer.pack_string(b"hello")
    packer.pack_list([1, 2], packer.pack_uint)
    packer.pack_farray(2, [3, 4], packer.pack_int)
    packer.pack_array([b"x"], packer.pack_opaque)
    reader = xdrlib.Unpacker(packer.get_buffer())
    read = [reader.unpack_uint(), reader.unpack_int(), reader.unpack_bool(), reader.unpack_enum()]
    read += [reader.unpack_hyper(), reader.unpack_uhyper(), reader.unpack_float(), reader.unpack_double()]
    read += [reader.unpack_fstring(3), reader.unpack_string(), reader.unpack_list(reader.unpack_uint)]
    read += [reader.unpack_farray(2, reader.unpack_int), reader.unpack_array(reader.unpack_bytes)]
    reader.done()
    errors = [error(reader.unpack_int), error(packer.pack_uint, "x"), error(packer.pack_fstring, -1, b"")]
    errors += [error(packer.pack_farray, 1, [], packer.pack_int), error(reader.unpack_fstring, -1)]
    reader.set_position(0)
    return packer.get_buffer(), read, errors, error(reader.done), str(xdrlib.Error("m")), sys.byteorder


@USES.of("uu", before=(3, 13))
def uu_files() -> object:
    import io
    import os
    import tempfile

    uu = fresh("uu")
    out, back = io.BytesIO(), io.BytesIO()
    uu.encode(io.BytesIO(bytes(range(99))), out, "name", 0o644, backtick=True)
    uu.decode(io.BytesIO(b"head\n" + out.getvalue()), back)
    with tempfile.TemporaryDirectory() as top:
        source, coded = os.path.join(top, "s"), os.path.join(top, "c")
        with open(source, "wb") as file:
            file.write(b"data")
        uu.encode(source, coded)
        uu.decode(coded, source + "2")
        again = os.path.getsize(source + "2")
        exists = error(uu.decode, io.BytesIO(f"begin 644 {source}\n \nend\n".encode()))
    return (
        out.getvalue(),
        back.getvalue() == bytes(range(99)),
        again,
        exists,
        [error(uu.decode, io.BytesIO(bad), io.BytesIO()) for bad in (b"", b"begin 644 x\n", b"begin 9z x\n")],
    )
