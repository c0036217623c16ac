"""Workloads over codecs and the encodings of bytes as text."""

# Calls stand in rows, as in a table; one to a line, they would hide what is used of a module.
# fmt: off
# Private names and wrong arguments are used on purpose.
# mypy: ignore-errors

from __future__ import annotations

from ..helpers import error, fresh
from ..registry import Uses

USES = Uses()


@USES.of("codecs")
def codec_classes() -> object:
    import io

    codecs = fresh("codecs")

    class Reader(codecs.StreamReader):
        def decode(self, data: bytes, errors: str = "strict") -> tuple[str, int]:
            return codecs.utf_8_decode(data, errors, False)

    class Writer(codecs.StreamWriter):
        def encode(self, text: str, errors: str = "strict") -> tuple[bytes, int]:
            return codecs.utf_8_encode(text, errors)

    class Pieces(codecs.BufferedIncrementalDecoder):
        def _buffer_decode(self, data: bytes, errors: str, final: bool) -> tuple[str, int]:
            return codecs.utf_8_decode(data, errors, final)

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


@USES.of("encodings")
def encoding_search() -> object:
    import encodings

    names = ("UTF 8", "latin-1", "no_such_codec_x", "utf-8.bad", "iso8859-15")
    found = [encodings.search_function(name) for name in names]
    again = encodings.search_function("UTF 8")
    return (
        [getattr(info, "name", None) for info in found],
        again is found[0],
        encodings.normalize_encoding(" Ünder--score. x"),
        encodings.normalize_encoding(b"by tes"),
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
    decoded = [decoder.decode(coded[:1]), decoder.decode(coded[1:5]),
               decoder.decode(coded[5:], True)]
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
        [error(uu_codec.uu_decode, bad)
         for bad in (b"", b"begin 644 x\n", coded[:40], b"begin 644 x\n")],
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
