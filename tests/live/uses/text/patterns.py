"""Workloads over regular expressions, and what domain names allow of Unicode."""

# Calls stand in rows, as in a table; one to a line, they would hide what is used of a module.
# fmt: off
# Private names and wrong arguments are used on purpose.
# mypy: ignore-errors

from __future__ import annotations

from ..helpers import error
from ..registry import Uses

USES = Uses()

GOOD_PATTERNS = (
    r"(?P<q>['\"])(?:\\.|(?!(?P=q)).)*(?P=q)",
    r"(?<=ab)c{2,5}?(?<!d)\b\B\A\Z",
    r"(?i:a)(?s-i:.)[^\W_-]+|[a-f\d]|\x41\u00e9\U0001F600\N{DIGIT ONE}\071\0",
    r"(a)?(?(1)b|c)\1*+(?>ab+)x++y?+",
    r"(?x) a b # comment" "\n  [ ] (?#inline)",
    r"abc|abd|ab(e)",
    r"[]x-z&-]{,3}\tA{1}",
)

BAD_PATTERNS = (
    "(", ")", "*a", "a**", "[a", "[z-a]", r"\g", r"\8", "(?P<1>a)", "(?P=x)", "(?<a)", "(?P<a)",
    "(?P<a>x)(?P<a>y)", "a{3,2}", "(?z)", "(?i", "x(?i)", "(?(2)a)", r"\N{NOPE}", r"\x1", "(?#",
    "(?L)x", r"[\q]", "(?i-i:x)", "(?", "(?P", "(?(1x)a|b)", "(?aL:x)", "\\", r"[\d-z]",
)


@USES.of("re")
def patterns() -> object:
    import re

    re.purge()
    words = re.compile(r"(?P<word>\w+)-(\d+)?", re.ASCII | re.IGNORECASE)
    found = words.finditer("alpha-1 beta- gamma-22")
    head = next(found)
    return (
        head.groupdict(),
        [m.group(0) for m in found],
        re.sub(r"(\w)(\w*)~", lambda m: m[1].upper() + m[2], "ab~ cd~"),
        re.subn(r"\s+~?", r"<\g<0>>", "a  b \tc", count=1),
        re.split(r"([,;])~*", "a,b;c", maxsplit=1),
        re.findall(r"<(?:b|i)>~?", "<b><i>"),
        bool(re.match("x~?y", "xy")) and bool(re.fullmatch("x~?y", "xyz")),
        re.search(rb"\x00~*", b"ab\x00"),
        re.escape("a.b*c") + repr(re.escape(b"[~]")),
        re.template is not None if hasattr(re, "template") else False,
        error(re.compile, words, re.MULTILINE),
        error(re.compile, 17),
        repr(re.compile("x~", re.VERBOSE | re.DOTALL).flags),
        re.compile("").scanner("") is not None,
        re.Scanner([(r"\d+", lambda s, t: int(t)), (r"\s+", None)]).scan("1 22 x"),
    )


@USES.of("re._parser")
def pattern_parser() -> object:
    from re import _parser

    template = getattr(_parser, "parse_template")  # noqa: B009
    import re

    pattern = re.compile("(?P<name>a)(b)")
    parsed = [_parser.parse(text) for text in GOOD_PATTERNS]
    return (
        [tree.getwidth() for tree in parsed],
        [sorted(tree.state.groupdict) for tree in parsed],
        repr(parsed[0][0:1]),
        [error(_parser.parse, text) for text in BAD_PATTERNS],
        repr(template(r"\g<name>-\2\n\101\\", pattern)),
        [error(template, text, pattern) for text in (r"\3", r"\g<x>", r"\g<", r"\q", r"\g<-1>")],
        _parser.parse(b"[\xff]\x00").getwidth(),
    )


@USES.of("re._compiler")
def pattern_compiler() -> object:
    from re import _compiler

    sets = (r"[a-zA-Z0-9_.]+", r"(?i)[k\u0130s]\u017f", "[\u0100\u0180\u0200\u4e00-\u9fff]",
            r"(?s).*x")
    more = (r"(?m)^a$|^b", r"(?a)\w\s\D", r"(?<!abc)x{3}", r"[^a]|[^\s]", r"(?u:\w)(?a:\W)")
    compiled = [_compiler.compile(text) for text in (*GOOD_PATTERNS, *sets, *more)]
    return (
        [(p.groups, p.flags, sorted(p.groupindex)) for p in compiled],
        _compiler.compile(rb"(?L)\w[a-z]").flags,
        _compiler.isstring(b""),
        error(_compiler.compile, "(?<=a+)b"),
        [bool(p.search("'q' ab 12 k\u4e00 xx")) for p in compiled],
    )


@USES.of("stringprep")
def string_preparation() -> object:
    import stringprep

    samples = "aA \u00a0\u00adß\u0130\u0221\u0340\u06dd\u200b\u200e\u2028\ue000\ufffd"
    samples += "\ufdd0\u05d0\U000e0001"
    samples += "\x7f\x9f\u2ff0\ud800\uff21"
    tests = sorted(name for name in dir(stringprep) if name.startswith("in_table"))
    return (
        [[getattr(stringprep, name)(char) for char in samples] for name in tests],
        [stringprep.map_table_b2(char) for char in "Aßµ\u1e9a"],
        [stringprep.map_table_b3(char) for char in "Aß\u03f4"],
    )


@USES.of("encodings.idna")
def international_domains() -> object:
    from encodings import idna

    codec = idna.Codec()
    encoder, decoder = idna.IncrementalEncoder(), idna.IncrementalDecoder()
    bad = ("", "a" * 64, "xn--bücher", "\u06dd", "a\u0627", "\u0627a")
    return (
        idna.nameprep("Ｂücher\u00adΣ"),
        idna.ToASCII("Bücher"),
        idna.ToASCII("plain"),
        idna.ToUnicode(b"xn--bcher-kva"),
        idna.ToUnicode("caf"),
        error(idna.ToUnicode, b"xn--\xff"),
        [error(idna.ToASCII, label) for label in bad],
        codec.encode("www.bücher.example."),
        codec.encode(""),
        codec.encode("ascii.only.example"),
        error(codec.encode, "a..b"),
        error(codec.encode, "x", "ignore"),
        codec.decode(b"www.xn--bcher-kva.example"),
        codec.decode(b""),
        error(codec.decode, b"x", "replace"),
        encoder.encode("bü.x"),
        encoder.encode("y.", True),
        decoder.decode(b"xn--bcher-kva.ex"),
        decoder.decode(b"ample.", True),
        idna.getregentry().name,
    )


@USES.of("encodings.punycode")
def punycode() -> object:
    from encodings import punycode as puny

    codec = puny.Codec()
    samples = ("München-Ost", "ひとつ屋根の下2", "ascii", "", "ä")
    coded = [puny.punycode_encode(text) for text in samples]
    return (
        coded,
        [puny.punycode_decode(text, "strict") for text in coded],
        error(codec.decode, b"bad-\xff!"),
        codec.decode(b"\xffx-9999999a", "ignore"),
        error(codec.decode, b"x-99999999"),
        error(codec.decode, b"x-", "other"),
        puny.IncrementalEncoder().encode("é"),
        puny.IncrementalDecoder().decode(b"9ca"),
        error(puny.IncrementalDecoder("weird").decode, b"9ca"),
        puny.getregentry().name,
    )
