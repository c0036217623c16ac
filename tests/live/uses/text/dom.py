"""Workloads over XML as documents and as events."""

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

SMALL = "<r a='1'><b k='x'>t<c/>tail</b><b k='y'/><d><b>z</b></d></r>"

CATALOGUE = """<?xml version="1.0"?>
<!DOCTYPE shop [<!ELEMENT shop ANY><!ATTLIST book id ID #REQUIRED lang CDATA "en">
<!ENTITY co "Wood &amp; Sons">]>
<?style type="css"?>
<shop xmlns:x="urn:extra"><!-- stock -->
  <book id="b1" lang="fr">Le &co; <x:note>n</x:note></book>
  <book id="b2"><title>Two</title><![CDATA[<raw>]]></book>
</shop>"""


@USES.of("xml.dom.minidom")
def documents() -> object:
    import io
    from xml.dom import minidom

    with minidom.parseString(CATALOGUE) as doc:
        root: Any = doc.documentElement
        books: Any = root.getElementsByTagName("book")
        first, second = books
        first.setAttribute("price", "5")
        first.setAttributeNS("urn:extra", "x:tag", "v")
        first.removeAttribute("lang")
        copy = first.cloneNode(True)
        root.insertBefore(copy, second)
        root.appendChild(doc.createComment("end"))
        second.replaceChild(doc.createTextNode("a<b & \"c\""), second.firstChild)
        second.lastChild.splitText(2)
        second.normalize()
        errors = [
            error(first.removeAttribute, "gone"),
            error(root.removeChild, second.firstChild),
            error(root.insertBefore, copy, second.firstChild),
            error(doc.appendChild, doc.createElement("extra")),
            error(second.firstChild.splitText, 99),
            error(first.setAttributeNode, second.getAttributeNode("id")),
        ]
        out = io.StringIO()
        doc.writexml(out, addindent=" ", newl="\n", encoding="utf-8")
        seen = (
            [(a.name, a.value) for a in map(first.attributes.item, range(3)) if a],
            first.hasAttribute("price") and first.getAttributeNS("urn:extra", "tag"),
            len(root.getElementsByTagNameNS("urn:extra", "*")),
            first.firstChild.substringData(0, 2),
            first.parentNode.nodeName + repr(first.nextSibling.nodeType),
            doc.toxml("ascii"),
            doc.toprettyxml(indent="  ", standalone=True),
            doc.doctype.name,
            doc.importNode(copy, False).toxml(),
            out.getvalue(),
        )
    made = minidom.getDOMImplementation().createDocument("urn:n", "n:top", None)
    top: Any = made.documentElement
    text = made.createTextNode("body")
    top.appendChild(text)
    text.insertData(0, ">")
    text.appendData("<")
    text.deleteData(1, 1)
    text.replaceData(0, 1, "]]")
    made.renameNode(top, None, "renamed")
    top.setAttribute("key", "one")
    top.setIdAttribute("key")
    top.appendChild(made.createProcessingInstruction("pi", "data"))
    top.appendChild(made.createCDATASection("raw"))
    fragment = made.createDocumentFragment()
    fragment.appendChild(made.createElement("late"))
    top.appendChild(fragment)
    named = made.getElementById("one")
    result = (seen, errors, made.toxml(), text.wholeText, top.childNodes.length, named is top)
    made.unlink()
    return result


@USES.of("xml.dom.expatbuilder")
def document_builders() -> object:
    import io
    from xml.dom import expatbuilder

    doc: Any = expatbuilder.parseString(CATALOGUE, namespaces=False)
    context = expatbuilder.parse(io.BytesIO(CATALOGUE.encode()))
    root: Any = context.documentElement
    part: Any = expatbuilder.parseFragment(io.StringIO("<i>x</i>&co;"), root)
    plain: Any = expatbuilder.parseFragmentString("<a/>b", doc.documentElement, namespaces=False)
    subset = expatbuilder.InternalSubsetExtractor()
    subset.parseString(CATALOGUE)
    return (
        doc.toxml(),
        [node.nodeName for node in root.childNodes],
        [node.toxml() for node in part.childNodes],
        len(plain.childNodes),
        subset.getSubset(),
        error(expatbuilder.parseString, "<a><b></a>"),
        error(expatbuilder.parseFragmentString, "<a>", root),
        sorted(entity.nodeName for entity in map(doc.doctype.entities.item, range(1))),
    )


@USES.of("xml.dom.pulldom")
def pulled_events() -> object:
    import io
    from xml.dom import pulldom

    events: Any = pulldom.parseString(CATALOGUE)
    seen = []
    for event, node in events:
        seen.append((event, node.nodeName))
        if event == pulldom.START_ELEMENT and node.tagName == "book":
            events.expandNode(node)
            seen.append(("expanded", node.toxml()))
    stream: Any = pulldom.parse(io.BytesIO(SMALL.encode()), bufsize=5)
    first = stream.getEvent()
    stream.clear()
    bad: Any = pulldom.parseString("<a></b>")
    return seen, first[0], error(lambda: list(bad)), pulldom.default_bufsize


@USES.of("xml.sax")
def sax_entry_points() -> object:
    import io
    import xml.sax

    class Count(xml.sax.ContentHandler):
        names: tuple[str, ...] = ()

        def startElement(self, name: str, attrs: Any) -> None:
            self.names += (name, *attrs.getNames())

    handler, second = Count(), Count()
    xml.sax.parseString(SMALL, handler)
    xml.sax.parse(io.BytesIO(SMALL.encode()), second, xml.sax.ErrorHandler())
    return (
        handler.names,
        second.names,
        error(xml.sax.parseString, b"<a></b>", handler),
        type(xml.sax.make_parser(["no.such.parser"])).__name__,
        str(xml.sax.SAXException("plain")),
    )


@USES.of("xml.sax.expatreader")
def sax_reader() -> object:
    import io
    from xml.sax import expatreader, handler, xmlreader

    class Log(handler.ContentHandler):
        def __init__(self) -> None:
            super().__init__()
            self.seen: list[object] = []

        def startElementNS(self, name: Any, qname: Any, attrs: Any) -> None:
            self.seen.append((name, sorted(attrs.getNames()), attrs.getQNames()))

        def endElementNS(self, name: Any, qname: Any) -> None:
            self.seen.append(name)

        def startPrefixMapping(self, prefix: str | None, uri: str) -> None:
            self.seen.append((prefix, uri))

        def processingInstruction(self, target: str, data: str) -> None:
            self.seen.append((target, data))

        def skippedEntity(self, name: str) -> None:
            self.seen.append(("skipped", name))

    log = Log()
    reader: Any = expatreader.create_parser()
    reader.setContentHandler(log)
    reader.setFeature(handler.feature_namespaces, True)
    reader.setProperty(handler.property_lexical_handler, Lexical(log.seen))
    reader.parse(io.BytesIO(CATALOGUE.encode()))
    pieces: Any = expatreader.ExpatParser()
    locator = pieces
    pieces.feed("<a>\n <b>")
    where = (locator.getLineNumber(), locator.getColumnNumber(), locator.getSystemId())
    errors = [
        error(pieces.setFeature, handler.feature_namespaces, True),
        error(pieces.feed, "</a>"),
        error(pieces.getFeature, "urn:unknown"),
        error(pieces.setFeature, handler.feature_validation, True),
        error(pieces.setProperty, "urn:unknown", 1),
        error(pieces.setProperty, handler.property_xml_string, ""),
    ]
    source = xmlreader.InputSource("demo.xml")
    source.setCharacterStream(io.StringIO("<z/>"))
    fresh_reader: Any = expatreader.ExpatParser()
    fresh_reader.parse(source)
    return log.seen, where, errors, fresh_reader.getFeature(handler.feature_external_ges)


class Lexical:
    """Receives what a lexical handler of SAX is told."""

    def __init__(self, seen: list[object]) -> None:
        self.seen = seen

    def comment(self, content: str) -> None:
        self.seen.append(("comment", content))

    def startDTD(self, name: str, public_id: str | None, system_id: str | None) -> None:
        self.seen.append(("dtd", name, public_id, system_id))

    def endDTD(self) -> None:
        self.seen.append("end of dtd")

    def startCDATA(self) -> None:
        self.seen.append("cdata")

    def endCDATA(self) -> None:
        self.seen.append("end of cdata")


@USES.of("xml.sax.saxutils")
def sax_helpers() -> object:
    import io
    import xml.sax
    from xml.sax import handler, saxutils

    out = io.StringIO()
    writer = saxutils.XMLGenerator(out, "utf-8", short_empty_elements=True)
    xml.sax.parseString(CATALOGUE, writer)
    raw = io.BytesIO()
    reader: Any = saxutils.XMLFilterBase(xml.sax.make_parser())
    reader.setFeature(handler.feature_namespaces, 1)
    reader.setContentHandler(saxutils.XMLGenerator(raw, "ascii"))
    reader.parse(io.StringIO(CATALOGUE))
    writer.ignorableWhitespace(" ")
    return (
        out.getvalue(),
        raw.getvalue(),
        saxutils.escape("a < b & c", {"c": "&cee;"}),
        saxutils.unescape("&lt;&cee;&amp;", {"&cee;": "c"}),
        [saxutils.quoteattr(text) for text in ("plain", 'a "q"', "it's \"both\"\n")],
        error(writer.startElementNS, ("urn:undeclared", "x"), "x", {}),
        saxutils.prepare_input_source(io.StringIO("x")).getByteStream() is None,
    )
