"""Workloads over string, textwrap, difflib, shlex, fnmatch and gettext: words and lines."""

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
        shout.format("{} {!r:>8} {table[key]} {name.real:{width}}", "a", "b", table={"key": 3},
                     name=7, width=4),
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
    matcher = difflib.SequenceMatcher(lambda c: c == " ", "private Thread t;",
                                      "private volatile t;")
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
        error(lambda: list(difflib.diff_bytes(difflib.unified_diff, ["text"], [b""]))),
        error(lambda: list(difflib.unified_diff([b"x"], ["y"]))),
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


@USES.of("fnmatch")
def shell_patterns() -> object:
    import fnmatch

    names = ["a.py", "b.PY", "[x].txt", "notes.md", ".hidden"]
    patterns = ("*.py", "[!a-c]*", "**?.md", "[[]x[]]*", "[z-a]*", "[a", "[]-b]", "[a-c-e&&~|]",
                "*x*y*z")
    return (
        [fnmatch.filter(names, p) for p in patterns],
        fnmatch.fnmatch("A.PY", "*.py"),
        fnmatch.fnmatchcase("notes.md", "n*[a-z].m?"),
        fnmatch.filter([b"raw", b"row"], b"r?w"),
        [fnmatch.translate(p) for p in patterns],
    )


@USES.of("gettext")
def translations() -> object:
    import gettext
    import io
    import os
    import tempfile

    plural = "nplurals=3; plural=(n==1 ? 0 :"
    plural += " n%10>=2 && n%10<=4 && !(n%100>=12 && n%100<=14) ? 1 : 2);"
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
    formulas = [gettext.c2py(text)
                for text in ("n != 1", "n>1 ? n/2 : !n || n%3==0", "(n<=2) + 4*n - 1")]
    bad = ("n ==", "(n", "n)", "x", "n ? 1", "1 && 'n'", "n < 1 == & 2", "+" * 3, "(" * 30 + "n")
    return (
        [domain.gettext(word) for word in ("yes", "no", "maybe")],
        [domain.ngettext("file", "files", n) for n in (1, 3, 5, 12, 22)],
        [domain.ngettext("dog", "dogs", n) for n in (1, 2)],
        (domain.pgettext("menu", "open"), domain.pgettext("menu", "shut")),
        [domain.npgettext("ctx", "cat", "cats", n)
         for n in (1, 4)] + [null.npgettext("c", "a", "b", 2)],
        (sorted(domain.info()), domain.charset(), null.gettext("x"), null.ngettext("a", "b", 1)),
        (len(found), loaded.gettext("yes"), absent, fallback.pgettext("c", "x")),
        (gettext.dgettext("none", "x"), gettext.dngettext("none", "a", "b", 2),
         gettext.textdomain()),
        [[formula(n) for n in range(5)] for formula in formulas],
        [error(gettext.c2py, text) for text in bad],
        error(formulas[0], 1.5),
        error(gettext.GNUTranslations, io.BytesIO(b"\0" * 40)),
        error(gettext.GNUTranslations, io.BytesIO(raw[:60])),
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
