"""Workloads over JSON, TOML and tables."""

# Calls stand in rows, as in a table; one to a line, they would hide what is used of a module.
# fmt: off
# Private names and wrong arguments are used on purpose.
# mypy: ignore-errors

from __future__ import annotations

from ..helpers import error, fresh
from ..registry import Uses

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
        object_hook=lambda found: sorted(found), parse_float=str, parse_int=float,
        parse_constant=repr
    )
    loose = decoder.JSONDecoder(strict=False)
    broken = ("", "[1,]", "[1 2", '{"a" 1}', '{"a":1,}', "{a:1}", '"\\q"', '"\\u12', '"open',
              '"\t"')
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
        encoder.JSONEncoder(indent="\t", sort_keys=True,
                            separators=(",", ":")).encode({"b": [], "a": {}}),
        encoder.JSONEncoder(default=lambda item: sorted(item)).encode([{3, 1, 2}]),
        strict.encode({(1, 2): 3, None: [True], False: 1.5, 2.5: "f", 7: [[]]}),
        head,
        encoder.JSONEncoder().encode("plain"),
        "".join(encoder.JSONEncoder().iterencode("plain", _one_shot=True)),
        [error(encoder.JSONEncoder().encode, bad)
         for bad in (loop, circle, object(), {(1,): 2}, 1j)],
        error(strict.encode, [float("nan")]),
        encoder.py_encode_basestring_ascii("\u2028\U0010ffff"),
    )


@USES.of("json.scanner")
def json_scanner() -> object:
    scanner = fresh("json.scanner", "_json")
    decoder = fresh("json.decoder", "_json")
    scan = scanner.py_make_scanner(decoder.JSONDecoder())
    texts = ("null", "true", "false", "12", "-1.5E+3", "NaN", "-Infinity", "Infinity", "[1]",
             '{"a": 0}', '"s"')
    return [scan(text, 0) for text in texts], [error(scan, text, 0)
                                               for text in ("", "x", "-", "tru")], repr(
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
    raw = [DOCUMENT.encode(name)
           for name in ("utf-8", "utf-8-sig", "utf-16", "utf-32", "utf-16-be", "utf-32-le")]
    return (
        out.getvalue(),
        json.dumps({3, 1}, cls=Sets),
        error(json.dumps, object(), cls=Sets),
        [json.loads(data) == json.loads(DOCUMENT) for data in raw],
        json.loads(b"1") + json.load(io.StringIO("[2]"), object_hook=dict, parse_int=int)[0],
        json.loads("1.25", parse_float=str),
        [error(json.loads, bad) for bad in ("\ufeff1", 7, b"\xff\xfe")],
        [json.detect_encoding(data) for data in (b"", b"1", b"1\x00", b"\x001")],
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
        "a = 1\na = 2", "[t]\n[t]", "a.b = 1\n[a]\n", "x = ", "x = [1, 2", "x = {a = 1,}", "= 1",
        'x = "open', "x = 'open", 'x = """open', "x = '''o", 'x = "\\q"', 'x = "\\uD800"', "x = 01",
        "x = 1979-13-01", "[a", "[[a]", "[a]\n[[a]]", "x = {a = 1, a = 2}", "x = tru",
        "a = 1 b = 2",
        'x = "a\nb"', "x = {b.c = 1, b = 2}", "a = [1]\n[[a]]", "x = # none", "a = 1\na.b = 2",
        "[]",
        "# \x00", "x = {a 1}", "[a.b]\n[a]\nb.c = 1", "a = {}\na.b = 1", 'x = "\\U1"', "x = {a=1 b",
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
        [sniffer.has_header(text)
         for text in ("name,age\nAnn,31\nBob,44\n", "1,2\n3,4\n", "ab,cd\nef,gh\n")],
        [error(sniffer.sniff, text) for text in ("", "ab\ncd\nef")],
        error(csv.DictWriter(out, ["x"]).writerow, {"x": 1, "w": 2}),
        error(csv.DictWriter, out, ["x"], extrasaction="maybe"),
        error(Wrong),
        csv.DictReader(io.StringIO("")).fieldnames,
    )
