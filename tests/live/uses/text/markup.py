"""Workloads over HTML, element trees and property lists."""

# Calls stand in rows, as in a table; one to a line, they would hide what is used of a module.
# fmt: off
# Private names and wrong arguments are used on purpose.
# mypy: ignore-errors

from __future__ import annotations

from ..helpers import error, fresh
from ..registry import Uses
from .dom import SMALL

USES = Uses()


@USES.of("html")
def character_references() -> object:
    import html

    return (
        html.escape("<a href=\"x\">it's & more</a>"),
        html.escape("\"'", quote=False),
        html.unescape("&lt;&amp&notit; &#65;&#x41; &#0; &#x80; &#xD800; &#x1FFFFF; &#11; &nope; &"),
        html.unescape("no references"),
    )


@USES.of("html.parser")
def html_events() -> object:
    from html.parser import HTMLParser

    class Log(HTMLParser):
        def __init__(self, **options: bool) -> None:
            super().__init__(**options)
            self.seen: list[tuple[object, ...]] = []

        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            self.seen.append(("start", tag, attrs, self.getpos(), self.get_starttag_text()))

        def handle_endtag(self, tag: str) -> None:
            self.seen.append(("end", tag))

        def handle_data(self, data: str) -> None:
            self.seen.append(("data", data))

        def handle_entityref(self, name: str) -> None:
            self.seen.append(("entity", name))

        def handle_charref(self, name: str) -> None:
            self.seen.append(("char", name))

        def handle_comment(self, data: str) -> None:
            self.seen.append(("comment", data))

        def handle_decl(self, decl: str) -> None:
            self.seen.append(("decl", decl))

        def handle_pi(self, data: str) -> None:
            self.seen.append(("pi", data))

        def unknown_decl(self, data: str) -> None:
            self.seen.append(("unknown", data))

    page = (
        "<!DOCTYPE html><?php x ?><p class=a id='b&amp;c' hidden>T &amp; &#65;&#x42; &bogus x"
        "<br/><img src=x/><!-- note --><![CDATA[raw]]></ ><!odd></p x><script>if (a<b) '</p>'"
        "</script><style>p > a {}</style><div\nstyle = y>tail <"
    )
    logs = []
    for convert in (True, False):
        log = Log(convert_charrefs=convert)
        for start in range(0, len(page), 7):
            log.feed(page[start : start + 7])
        log.close()
        log.seen.append((log.rawdata,))
        log.reset()
        logs.append([event for event in log.seen if event])
    for broken in ("<a b='c", "<!-- open", "<!DOCTYPE x [", "&#xZ; &#", "</", "<?pi", "<a$>b</a$>",
                   "&am"):
        log = Log(convert_charrefs=False)
        log.feed(broken)
        log.close()
        logs.append(log.seen)
    return tuple(logs)


@USES.of("_markupbase")
def declarations() -> object:
    import _markupbase

    class Parser(_markupbase.ParserBase):
        def __init__(self, text: str) -> None:
            self.reset()
            self.rawdata = text
            self.seen: list[str] = []

        def handle_comment(self, data: str) -> None:
            self.seen.append(data)

        handle_decl = unknown_decl = handle_comment

    def parse(text: str, method: str = "parse_declaration") -> object:
        parser = Parser(text)
        return (
            getattr(parser, method)(0), parser.seen, parser.updatepos(0, len(text)), parser.getpos()
        )

    texts = (
        "<!DOCTYPE a PUBLIC 'x' \"y\">",
        "<!DOCTYPE d [<!ELEMENT a (b|c)*> <!ATTLIST a b (c|d) 'e' f CDATA #IMPLIED>"
        "<!ENTITY % p 'q'> <!NOTATION n SYSTEM 'm'> %ref; <!-- c --> ]>",
        "<!-- text\nmore -->", "<!-- open", "<!>", "<!", "<!DOCTYPE d [<!ELEMENT", "<!-",
        "<!DOCTYPE d [<!ATTLIST a b (c", "<!DOCTYPE x 'open",
    )
    broken = ("<!DOCTYPE d [&]>", "<!DOCTYPE d [<!WHAT>]>", "<!DOCTYPE d [] x>", "<!a &>",
              "<!LINKTYPE [>")
    return (
        [parse(text) for text in texts],
        [error(parse, text) for text in broken],
        parse("<![CDATA[x]]>", "parse_marked_section"),
        parse("<![if IE]>", "parse_marked_section"),
        parse("<![temp", "parse_marked_section"),
        error(parse, "<![odd[x]]>", "parse_marked_section"),
        error(parse, "<p>", "parse_comment"),
    )


@USES.of("xml.etree.ElementTree")
def element_trees() -> object:
    import io

    tree = fresh("xml.etree.ElementTree", "_elementtree")
    root = tree.fromstring(SMALL)
    added = tree.SubElement(root, "e", {"k": "<&\">\n"}, other="1")
    added.text, added.tail = "a & b", "\n"
    added.extend([tree.Element("f"), tree.Comment("c"), tree.ProcessingInstruction("p", "q")])
    added.insert(0, tree.Element("{urn:n}g", {"{urn:n}h": "v"}))
    added.remove(added[1])
    added[1:] = [tree.Element("late")]
    whole = tree.ElementTree(root)
    tree.indent(whole, " ")
    out = io.BytesIO()
    whole.write(out, encoding="us-ascii", xml_declaration=True, short_empty_elements=False)
    text = io.StringIO()
    tree.ElementTree(tree.XML("<p>x<br/>y</p>")).write(text, encoding="unicode", method="html")
    builder = tree.TreeBuilder(insert_comments=True)
    builder.start("a", {})
    builder.comment("note")
    builder.data("t")
    builder.end("a")
    pull = tree.XMLPullParser(("start", "end", "start-ns", "end-ns", "comment", "pi"))
    pull.feed("<x xmlns='urn:x'><!--c--><?p q?><y>")
    events = [(event, getattr(item, "tag", item)) for event, item in pull.read_events()]
    pull.feed("</y></x>")
    pull.close()
    steps = tree.iterparse(io.BytesIO(SMALL.encode()), events=("end",))
    ended = [item.tag for _, item in steps]
    return (
        out.getvalue(),
        text.getvalue(),
        tree.tostring(root, encoding="unicode", method="text"),
        tree.canonicalize(SMALL, strip_text=True, exclude_attrs=["a"]),
        tree.tostring(builder.close()),
        [str(item) for item in events if not callable(item[1])],
        ended,
        [e.get("k") for e in root.iter("b")],
        root.findtext("d/b"),
        [e.tag for e in whole.iterfind(".//b[@k]")],
        "".join(root.itertext()),
        error(tree.fromstring, "<a>"),
        error(tree.fromstring, "<a>&nope;</a>"),
        error(root.append, "text"),
        error(tree.tostring, tree.Element("x", {"k": 1})),
        error(tree.register_namespace, "ns1", "urn:x"),
        tree.iselement(root),
        sorted(tree.XMLID("<a id='one'><b id='two'/></a>")[1]),
        tree.tostringlist(tree.QName("urn:q", "n") and tree.Element(tree.QName("urn:q", "n"))),
    )


@USES.of("xml.etree.ElementPath")
def element_paths() -> object:
    from xml.etree import ElementPath, ElementTree

    root = ElementTree.fromstring(
        "<r xmlns:n='urn:n'><b k='x'>t</b><b k='y'><c>u</c></b><n:d><b>z</b></n:d><!-- no --></r>"
    )
    paths = (
        "b", "*", ".", ".//b", "b[1]", "b[last()]", "b[last()-1]", "b[@k]", "b[@k='y']", "b[c]",
        "b[.='t']", "b[c='u']", "b[@k!='x']", "b/..", "{urn:n}*", "{*}b", "./n:d/b", "b[c!='v']",
    )
    broken = ("b[", "/b", "b[0]", "b[@k='", "m:d", "..a[x", "b[last()-x]", "b[.!=']")
    early = ElementPath.iterfind(root, ".//b")
    head = next(early).text
    early.close()
    return (
        [[e.tag for e in ElementPath.findall(root, p, {"n": "urn:n"})] for p in paths],
        [error(ElementPath.findall, root, p) for p in broken],
        ElementPath.findtext(root, "n:d/b", namespaces={"n": "urn:n"}),
        ElementPath.findtext(root, "zz", "default"),
        ElementPath.find(root, "b/c", {"": "urn:n"}) is None,
        head,
    )


@USES.of("plistlib")
def property_lists() -> object:
    import datetime
    import io
    import plistlib

    when = datetime.datetime(2020, 2, 29, 12, 30, 15)
    value = {
        "text": "A & B",
        "count": 2**40,
        "ratio": 0.5,
        "on": True,
        "off": False,
        "raw": bytes(range(80)),
        "when": when,
        "list": [1, [2, {"deep": "x" * 300}], -5, "ü"],
        "uid": plistlib.UID(7),
    }
    binary = plistlib.dumps(value, fmt=plistlib.FMT_BINARY)
    no_uid = {key: item for key, item in value.items() if key != "uid"}
    text = plistlib.dumps(no_uid, sort_keys=False)
    out = io.BytesIO()
    plistlib.dump([*range(20), *range(250, 260), 1.5, -(2**62)], out, fmt=plistlib.FMT_BINARY)
    broken = (
        b"bplist00" + bytes(30),
        b"<plist><dict><string>x</string></dict></plist>",
        b"<plist><dict><key>a</key></dict></plist>",
        b"<!DOCTYPE p [<!ENTITY e 'x'>]><plist/>",
        b"neither",
        b"<plist><date>soon</date></plist>",
    )
    return (
        plistlib.loads(binary) == value,
        plistlib.loads(text) == no_uid,
        text,
        plistlib.loads(out.getvalue()),
        plistlib.load(io.BytesIO(text), fmt=plistlib.FMT_XML)["raw"][:3],
        [error(plistlib.loads, data) for data in broken],
        error(plistlib.dumps, {1: "x"}),
        plistlib.dumps({1: "x", "a": 2}, skipkeys=True, sort_keys=False),
        error(plistlib.dumps, {1: "x"}, fmt=plistlib.FMT_BINARY),
        error(plistlib.dumps, {"a": {1, 2}}),
        error(plistlib.dumps, {"a": 2**70}),
        error(plistlib.dumps, "\x01"),
        error(plistlib.dumps, {"a": 2**64}, fmt=plistlib.FMT_BINARY),
        error(plistlib.UID, -1),
        repr(plistlib.UID(2**33)),
        plistlib.loads(plistlib.dumps(b"one", fmt=plistlib.FMT_XML)),
    )
