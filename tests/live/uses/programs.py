"""Programs of the library that read: files of this repository, and small texts of many kinds."""

# mypy: ignore-errors

from __future__ import annotations

from .registry import Uses

USES = Uses()


def near(name: str = "heads.py") -> str:
    """The path of a file of this repository: Python of many kinds."""
    import os

    return os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), name)


def text(name: str = "heads.py") -> str:
    with open(near(name)) as file:
        return file.read()


@USES.of("tests.live.uses.constructs")
def constructs():
    from tests.live.uses.constructs import run

    run()


@USES.of("tests.live.uses.coroutines")
def coroutines():
    from tests.live.uses.coroutines import run

    run()


@USES.of("tokenize")
def tokens():
    import io
    import tokenize

    found = [t for t in tokenize.generate_tokens(io.StringIO(text()).readline)]
    tokenize.untokenize(found)
    tokenize.untokenize(t[:2] for t in found)
    for raw in (b"# coding: nope\n", b"\xef\xbb\xbfx\n", b"x = (", b"\n# coding: latin-1"):
        try:
            list(tokenize.tokenize(io.BytesIO(raw).readline))
        except (SyntaxError, tokenize.TokenError):
            pass


@USES.of("ast")
def trees():
    import ast

    source = text("subject.py")
    tree = ast.parse(source)
    ast.unparse(ast.fix_missing_locations(tree))
    ast.dump(tree, include_attributes=True, indent=2)
    ast.get_docstring(tree), ast.literal_eval("[1, {2: -3j}, {4}, b'x']")
    ast.get_source_segment(source, tree.body[-1])
    for node in ast.walk(ast.increment_lineno(tree)):
        ast.copy_location(node, tree)
    for bad in ("len(x)", "1 + 2", "a"):
        try:
            ast.literal_eval(bad)
        except ValueError:
            pass


@USES.of("dis")
def instructions():
    import dis
    import io

    code = compile(text("subject.py"), "<subject>", "exec", dont_inherit=True)
    dis.dis(code, file=io.StringIO())
    dis.stack_effect(dis.opmap["POP_TOP"]), list(dis.findlinestarts(code)), dis.code_info(code)


@USES.of("symtable")
def symbols():
    import symtable

    def walk(table):
        for symbol in table.get_symbols():
            symbol.is_global(), symbol.is_local(), symbol.is_free(), symbol.is_referenced()
            symbol.get_namespaces()
        for child in table.get_children():
            walk(child)

    walk(symtable.symtable(text("uses/constructs.py"), "<text>", "exec"))


@USES.of("json")
def json_texts():
    import json
    from json import decoder, encoder, scanner

    data = {"a": [1, 2.5, None, True, '\u00e9\n"'], "b": {"c": {}}, "d": [], "e": float("inf")}
    encoder.c_make_encoder = None
    encoder.encode_basestring_ascii = encoder.py_encode_basestring_ascii
    made = json.dumps(data, indent=2, sort_keys=True)
    json.JSONEncoder(check_circular=True, ensure_ascii=False).encode({1: (2, [3])})
    plain = decoder.JSONDecoder(parse_float=str)
    plain.parse_string = decoder.py_scanstring
    plain.scan_once = scanner.py_make_scanner(plain)
    plain.decode(made)
    for bad in (
        "[1,]",
        "{",
        '{"a" 1}',
        '"\\x"',
        '"\\u12"',
        "nul",
        '"open',
        "[1 2]",
        "1 2",
        '{"a":1,}',
    ):
        try:
            plain.decode(bad)
        except ValueError:
            pass
    try:
        data["a"].append(data)
        json.dumps(data, indent=1)
    except ValueError:
        pass


@USES.of("html.parser")
def html_texts():
    from html.parser import HTMLParser

    class Parser(HTMLParser):
        def handle_starttag(self, tag, attrs):
            self.get_starttag_text(), self.getpos()

    page = (
        "<!DOCTYPE html><p class=a b='c' d>x &amp; &#65; y<br/><!-- c --></p><script>a<b</script>"
        '<? pi ><![CDATA[x]]></ p><a href="x\n">&lt<'
    )
    for step in (1, 7, 99):
        parser = Parser(convert_charrefs=step > 1)
        for n in range(0, len(page), step):
            parser.feed(page[n : n + step])
        parser.close()


@USES.of("tomllib")
def toml_texts():
    import tomllib

    tomllib.loads(text("../../pyproject.toml"))
    for bad in (
        "a=",
        "a=1\na=2",
        "[a]\n[a]",
        "a='x",
        'a="\\q"',
        "a=[1",
        "a={b=1,}",
        "a=1979-13-01",
    ):
        try:
            tomllib.loads(bad)
        except tomllib.TOMLDecodeError:
            pass
    tomllib.loads(
        "a.b=0x1F\nc=1979-05-27T07:32:00Z\n[[d]]\ne='''x\ny'''\n"
        'f="""a\\\n  b"""\ng=[1,\n{h=1}]'
    )


@USES.of("configparser")
def settings():
    import configparser

    parser = configparser.ConfigParser(
        allow_no_value=True, interpolation=configparser.ExtendedInterpolation()
    )
    parser.read_string("[a]\nx = 1\ny: ${x}2\n  more\nz\n# c\n[b]\nw = ${a:y}\n")
    parser.getint("a", "x"), parser.get("b", "w"), parser.get("a", "no", fallback="none")
    parser["b"].setdefault("k", "v"), dict(parser["b"].items()), parser.remove_option("a", "x")
    for bad in ("x = 1", "[a]\n[a]", "[a]\nx\n= 3", "[a]\nx=1\nx=2"):
        try:
            configparser.RawConfigParser().read_string(bad)
        except configparser.Error:
            pass


@USES.of("email")
def mails():
    import email
    from email import policy
    from email.message import EmailMessage

    message = EmailMessage()
    message["To"], message["Subject"] = "\u00c9mile <e@x.y>, team: a@b.c;", "caf\u00e9 " * 12
    message.set_content("text \u00e9\n")
    message.add_alternative("<p>x</p>", subtype="html")
    message.add_attachment(b"\0\1", maintype="a", subtype="b", filename="f\u00e9.bin")
    [part.set_boundary("inner") for part in message.iter_parts() if part.is_multipart()]
    for rules in (policy.default, policy.compat32):
        again = email.message_from_bytes(message.as_bytes(policy=rules), policy=rules)
        [
            (part.get_content_type(), part.get_filename(), part.get_payload(decode=True))
            for part in again.walk()
        ]
    for bad in ("Subject: x\n y\nbroken\n\nbody", "Content-Type: multipart/x\n\n", "To: <a@\n\n"):
        email.message_from_string(bad, policy=policy.default).as_string()


@USES.of("xml.dom.minidom")
def documents():
    from xml.dom import minidom

    with minidom.parseString(
        "<a b='c'><!-- x --><d>t &amp; u</d><?p q?><e xmlns:f='g' f:h='i'/></a>"
    ) as document:
        root = document.documentElement
        root.appendChild(document.createElement("n")).setAttribute("k", 'v<>"')
        root.removeChild(root.firstChild), root.normalize(), document.toprettyxml(indent=" ")
        root.cloneNode(True).isSameNode(root), root.getElementsByTagName("*")


@USES.of("zipfile")
def archives():
    import io
    import zipfile

    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(zipfile.ZipInfo("a.txt"), text()), archive.writestr("b/", "")
        with archive.open(zipfile.ZipInfo("b/c"), "w") as file:
            file.write(b"x" * 5000)
    with zipfile.ZipFile(io.BytesIO(out.getvalue())) as archive:
        archive.testzip(), archive.infolist(), archive.read("a.txt")
        with archive.open("b/c") as file:
            file.read(7), file.seek(100), file.peek(3), file.readline()
    for bad in (b"", b"PK\x05\x06" + bytes(18), out.getvalue()[:-30]):
        try:
            zipfile.ZipFile(io.BytesIO(bad))
        except zipfile.BadZipFile:
            pass


@USES.of("inspect")
def inspection():
    import inspect
    import types

    module = types.ModuleType("inspected")
    module.__file__ = near("subject.py")
    exec(compile(text("subject.py"), near("subject.py"), "exec", dont_inherit=True), vars(module))
    for value in list(vars(module).values()):
        for ask in (
            inspect.signature,
            inspect.getsource,
            inspect.getdoc,
            inspect.getmembers_static,
            inspect.isgeneratorfunction,
            inspect.getattr_static,
            inspect.classify_class_attrs,
        ):
            try:
                ask(value)
            except (TypeError, ValueError, OSError, AttributeError):
                pass
    sig = inspect.signature(lambda a, /, b=1, *c, d, **e: 0)
    sig.bind(1, 2, 3, d=4, f=5).apply_defaults()
    inspect.cleandoc("a\n  b\n\n  c"), str(sig.replace(return_annotation=int))


@USES.of("doctest")
def examples():
    import doctest
    import io
    from contextlib import redirect_stdout

    source = (
        ">>> 1 + 1\n2\n>>> 1 / 0\nTraceback (most recent call last):\n    ...\n"
        "ZeroDivisionError: x\n"
        ">>> print('a\\n\\nb')  # doctest: +ELLIPSIS\na\n<BLANKLINE>\n...\n>>> 5\n6\n"
    )
    with redirect_stdout(io.StringIO()):
        runner = doctest.DocTestRunner(optionflags=doctest.REPORT_NDIFF)
        runner.run(doctest.DocTestParser().get_doctest(source, {}, "demo", "demo.py", 0))
        runner.summarize()
