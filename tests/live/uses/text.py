"""Workloads over modules that search, split, format, compare and encode text."""

from __future__ import annotations

from .registry import Uses, error, fresh

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

USES = Uses()


@USES.of("string")
def templates_and_formatters() -> object:
    import string

    class Percent(string.Template):
        delimiter = "%"
        idpattern = r"[a-z]+_[a-z]+"

    class Shout(string.Formatter):
        def format_field(self, value: Any, format_spec: str) -> Any:
            return super().format_field(value, format_spec).upper()

        def check_unused_args(self, used_args: Any, args: Any, kwargs: Any) -> None:
            if len(used_args) < len(args):
                raise TypeError("unused")

    greeting = string.Template("$who owes ${what} $$5, $missing")
    shout = Shout()
    return (
        string.capwords("the  quick\tbrown fox"),
        string.capwords("a-b-c", "-"),
        greeting.safe_substitute({"who": "Ann"}, what="Bob"),
        error(greeting.substitute, who="Ann"),
        error(string.Template("line one\nbad $ here").substitute),
        greeting.get_identifiers(),
        greeting.is_valid(),
        string.Template("$ ${").is_valid(),
        Percent("%first_name %last %%").safe_substitute(first_name="Eve"),
        shout.format("{} {!r:>8} {2[key]} {name.real:{width}}", "a", "b", {"key": 3}, name=7, width=4),
        shout.vformat("{0}{0!s}{0!a}", ("é",), {}),
        error(shout.format, "{} {1}", 1, 2),
        error(shout.format, "{1} {}", 1, 2),
        error(shout.format, "{!x}", 1),
        error(shout.format, "{}", 1, 2),
        error(shout.format, "{:{:{}}}", 1, 2, 3),
        error(shout.format, "{absent}"),
    )


@USES.of("textwrap")
def paragraphs() -> object:
    import textwrap

    text = (
        "The supercalifragilistic-expialidocious end.  It came\tlate -- on a well-known day. "
        "(Or so they said.)\n\nNobody knew https://example.org/a/very/long/path?with=queries."
    )
    wrapper = textwrap.TextWrapper(
        width=24, initial_indent="* ", subsequent_indent="  ", fix_sentence_endings=True
    )
    return (
        textwrap.wrap(text, 20),
        textwrap.wrap(text, 12, break_long_words=False, break_on_hyphens=False),
        textwrap.fill(text, 30, max_lines=3, placeholder=" [...]"),
        textwrap.wrap("word " * 4, 5, max_lines=1, placeholder="~~~~"),
        wrapper.fill(text),
        textwrap.wrap(text, 16, expand_tabs=False, replace_whitespace=False, tabsize=4),
        textwrap.wrap("  a  b  ", 3, drop_whitespace=False),
        textwrap.wrap("", 10),
        error(textwrap.wrap, text, 0),
        error(textwrap.wrap, text, 3, max_lines=1, placeholder="too long"),
        textwrap.shorten("  Hello   brave new world! ", width=16),
        textwrap.shorten("Hello", width=5),
        textwrap.dedent("\n    first\n      second\n  \n    third\n"),
        textwrap.dedent("\tmixed\n    indents\n"),
        textwrap.indent("one\n\n two\n", "> "),
        textwrap.indent("one\n\n two\n", "> ", lambda line: not line.startswith(" ")),
    )


@USES.of("difflib")
def differences() -> object:
    import difflib

    old = ["one\n", "two\n", "three\n", "four\n", "five\n", "six\n", "seven\n"]
    new = ["zero\n", "one\n", "tree\n", "three\n", "fourty\n", "five\n", "seven \n"]
    matcher = difflib.SequenceMatcher(lambda c: c == " ", "private Thread t;", "private volatile t;")
    popular = difflib.SequenceMatcher(None, "ab" * 150, "ba" * 150)
    delta = list(difflib.ndiff(old, new, charjunk=None))
    table = difflib.HtmlDiff(tabsize=4, wrapcolumn=10)
    diff = difflib.unified_diff(old, new, "a.txt", "b.txt", n=1)
    lines = list(diff)
    early = difflib.context_diff(old, new)
    first = next(early)
    early.close()
    matcher.set_seqs("abxcd", "abcd")
    return (
        matcher.get_matching_blocks(),
        matcher.get_opcodes(),
        list(matcher.get_grouped_opcodes(1)),
        round(matcher.ratio() + matcher.quick_ratio() + matcher.real_quick_ratio(), 6),
        sorted(popular.bpopular),
        lines,
        first,
        list(difflib.context_diff(old, new, "a", "b", "1 May", "2 May", n=0)),
        "".join(delta),
        list(difflib.restore(delta, 2)),
        error(lambda: list(difflib.restore(delta, 3))),
        list(difflib.Differ(difflib.IS_LINE_JUNK).compare(["  #\n", "a b\n"], ["a\tc\n", "#\n"])),
        len(table.make_table(old, new, "old", "new", context=True, numlines=2)),
        len(table.make_file(old, old[1:], charset="ascii")),
        list(difflib.diff_bytes(difflib.unified_diff, [b"\xff\n"], [b"\xfe\n"], b"a", b"b")),
        error(lambda: list(difflib.diff_bytes(difflib.unified_diff, ["text"], [b""]))),  # type: ignore[list-item]
        error(lambda: list(difflib.unified_diff([b"x"], ["y"]))),  # type: ignore[list-item]
        difflib.get_close_matches("appel", ["ape", "apple", "peach", "puppy"]),
        error(difflib.get_close_matches, "a", ["b"], n=0),
        error(difflib.get_close_matches, "a", ["b"], cutoff=2.0),
        difflib.IS_CHARACTER_JUNK("\t"),
    )


@USES.of("shlex")
def shell_words() -> object:
    import io
    import shlex

    lexer = shlex.shlex("a && b; (c|d) # tail\n e>f", posix=True, punctuation_chars=True)
    plain = shlex.shlex("x = 'y z' # note\n\"w\"", infile="demo")
    first = plain.get_token()
    plain.push_token("again")
    plain.push_source("inner tokens", "inner.txt")
    rest = list(plain)
    spaced = shlex.shlex(io.StringIO("p:q r\\ s"), posix=True)
    spaced.whitespace_split = True
    spaced.whitespace += ":"
    return (
        shlex.split("cp -- 'my file' \"a \\\"b\\\"\" c\\ d ''"),
        shlex.split("keep # this", comments=True),
        shlex.split("'it s' raw\\n", posix=False),
        error(shlex.split, "no 'closing"),
        error(shlex.split, "escape\\"),
        shlex.join(["echo", "it's", "", "safe-word"]),
        shlex.quote("$HOME"),
        list(lexer),
        first,
        rest,
        plain.error_leader(),
        list(spaced),
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
        re.compile("").scanner("") is not None,  # type: ignore[attr-defined]
        re.Scanner([(r"\d+", lambda s, t: int(t)), (r"\s+", None)]).scan("1 22 x"),  # type: ignore[attr-defined]
    )


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
    *("(", ")", "*a", "a**", "[a", "[z-a]", r"\g", r"\8", "(?P<1>a)", "(?P=x)", "(?<a)", "(?P<a)"),
    *("(?P<a>x)(?P<a>y)", "a{3,2}", "(?z)", "(?i", "x(?i)", "(?(2)a)", r"\N{NOPE}", r"\x1", "(?#"),
    *("(?L)x", r"[\q]", "(?i-i:x)", "(?", "(?P", "(?(1x)a|b)", "(?aL:x)", "\\", r"[\d-z]"),
)


@USES.of("re._parser")
def pattern_parser() -> object:
    from re import _parser  # type: ignore[attr-defined]

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
    from re import _compiler  # type: ignore[attr-defined]

    sets = (r"[a-zA-Z0-9_.]+", r"(?i)[k\u0130s]\u017f", "[\u0100\u0180\u0200\u4e00-\u9fff]", r"(?s).*x")
    more = (r"(?m)^a$|^b", r"(?a)\w\s\D", r"(?<!abc)x{3}", r"[^a]|[^\s]", r"(?u:\w)(?a:\W)")
    compiled = [_compiler.compile(text) for text in (*GOOD_PATTERNS, *sets, *more)]
    return (
        [(p.groups, p.flags, sorted(p.groupindex)) for p in compiled],
        _compiler.compile(rb"(?L)\w[a-z]").flags,
        _compiler.isstring(b""),
        error(_compiler.compile, "(?<=a+)b"),
        [bool(p.search("'q' ab 12 k\u4e00 xx")) for p in compiled],
    )


@USES.of("fnmatch")
def shell_patterns() -> object:
    import fnmatch

    names = ["a.py", "b.PY", "[x].txt", "notes.md", ".hidden"]
    patterns = ("*.py", "[!a-c]*", "**?.md", "[[]x[]]*", "[z-a]*", "[a", "[]-b]", "[a-c-e&&~|]", "*x*y*z")
    return (
        [fnmatch.filter(names, p) for p in patterns],
        fnmatch.fnmatch("A.PY", "*.py"),
        fnmatch.fnmatchcase("notes.md", "n*[a-z].m?"),
        fnmatch.filter([b"raw", b"row"], b"r?w"),
        [fnmatch.translate(p) for p in patterns],
    )


@USES.of("codecs")
def codec_classes() -> object:
    import io

    codecs = fresh("codecs")

    class Reader(codecs.StreamReader):  # type: ignore[misc]
        def decode(self, data: bytes, errors: str = "strict") -> tuple[str, int]:
            return codecs.utf_8_decode(data, errors, False)  # type: ignore[no-any-return]

    class Writer(codecs.StreamWriter):  # type: ignore[misc]
        def encode(self, text: str, errors: str = "strict") -> tuple[bytes, int]:
            return codecs.utf_8_encode(text, errors)  # type: ignore[no-any-return]

    class Pieces(codecs.BufferedIncrementalDecoder):  # type: ignore[misc]
        def _buffer_decode(self, data: bytes, errors: str, final: bool) -> tuple[str, int]:
            return codecs.utf_8_decode(data, errors, final)  # type: ignore[no-any-return]

    raw = "naïve\nline two\r\nlast €".encode()
    reader = Reader(io.BytesIO(raw))
    parts = [reader.read(3, 2), reader.readline(), reader.readline(3, keepends=False), list(reader)]
    reader.seek(0)
    target = io.BytesIO()
    with codecs.StreamReaderWriter(target, Reader, Writer) as both:
        both.write("é\n")
        both.writelines(["a", "b\n"])
        both.seek(0)
        back = both.readlines()
    recoded = codecs.EncodedFile(io.BytesIO("ü\n".encode("latin-1")), "utf-8", "latin-1")
    pieces = Pieces()
    decoded = [pieces.decode(raw[i : i + 1]) for i in range(4)]
    state = pieces.getstate()
    pieces.reset()
    pieces.setstate(state)
    return (
        parts,
        reader.readlines(),
        back,
        recoded.read(),
        decoded,
        error(pieces.decode, b"\xff", True),
        list(codecs.iterencode(["a", "é"], "utf-16-le")),
        list(codecs.iterdecode([b"\xe2\x82", b"\xac"], "utf-8")),
        codecs.getencoder("ascii")("x"),
        codecs.getincrementaldecoder("utf-8")().decode(b"y"),
        error(codecs.getincrementaldecoder, "rot13_nope"),
        codecs.make_identity_dict(range(3)),
        codecs.make_encoding_map({1: 2, 3: 2}),
        codecs.CodecInfo(None, None, name="demo").name,
        error(codecs.Codec().encode, "x"),
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


@USES.of("stringprep")
def string_preparation() -> object:
    import stringprep

    samples = "aA \u00a0\u00adß\u0130\u0221\u0340\u06dd\u200b\u200e\u2028\ue000\ufffd\ufdd0\u05d0\U000e0001"
    samples += "\x7f\x9f\u2ff0\ud800\uff21"
    tests = sorted(name for name in dir(stringprep) if name.startswith("in_table"))
    return (
        [[getattr(stringprep, name)(char) for char in samples] for name in tests],
        [stringprep.map_table_b2(char) for char in "Aßµ\u1e9a"],
        [stringprep.map_table_b3(char) for char in "Aß\u03f4"],
    )
