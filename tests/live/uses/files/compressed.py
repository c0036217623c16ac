"""Workloads over compressed and other framed files."""

# Calls stand in rows, as in a table; one to a line, they would hide what is used of a module.
# fmt: off
# Private names and wrong arguments are used on purpose.
# mypy: ignore-errors

from __future__ import annotations

import sys

from ..helpers import error, fresh, plant, said, tree
from ..registry import Uses

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

USES = Uses()


@USES.of("gzip")
def gzip_files() -> object:
    import gzip
    import io
    import os
    import tempfile
    import zlib

    data = b"line one\nline two\n" * 30
    raw = gzip.compress(data, 6, mtime=0)
    out = io.BytesIO()
    with gzip.GzipFile("name.txt.gz", "wb", 5, out, mtime=1) as file:
        file.write(data)
        file.flush()
        seen = [file.tell(), file.seek(600), error(file.seek, 0), error(file.read), file.writable(),
                file.mode, error(file.write, "text"), repr(file)[:6]]
    with gzip.GzipFile(fileobj=io.BytesIO(out.getvalue() + raw + b"\0\0")) as file:
        seen += [file.readline(), file.read(4), file.peek(3)[:3], file.read1(2), file.tell(),
                 file.seek(5), file.read(3), len(file.read()), file.mtime, file.readable(),
                 file.seek(0), file.name]
        seen += [file.readinto(bytearray(4)), next(iter(file)), error(file.write, b"x"),
                 error(file.seek, 1, 9)]
    with tempfile.TemporaryDirectory() as top:
        path = os.path.join(top, "t.gz")
        with gzip.open(path, "wt", encoding="utf-8", newline="\n") as text:
            text.write("é\n")
        with gzip.open(path, "rt", encoding="utf-8") as text:
            seen.append(text.read())
        with gzip.open(path, "ab") as file:
            file.write(b"more")
        with gzip.open(path) as file:
            seen.append(file.read())
        plant(top, "plain.txt")
        argv = sys.argv
        for line in (["gzip", os.path.join(top, "plain.txt")],
                     ["gzip", "-d", os.path.join(top, "plain.txt.gz")], ["gzip", "-d", "x.txt"],
                     ["gzip", "--fast", "--best", "x"]):
            sys.argv = line
            seen.append(str(said(gzip.main)[0]))
        sys.argv = argv
        seen.append(error(gzip.open, path, "xb"))
    bad = (b"\x1f\x8b", b"xx" + raw[2:], raw[:2] + b"\7" + raw[3:], raw[:-9], raw[:-8] + b"\0" * 8,
           raw[:-4] + b"\1\1\1\1", raw + b"junk", raw[:12])
    seen += [error(gzip.decompress, each) for each in bad]
    seen += [error(lambda each=each: gzip.GzipFile(fileobj=io.BytesIO(each)).read())
             for each in bad]
    header = raw[:3] + b"\x1e" + raw[4:10] + b"\2\0EXname\0comment\0"
    extra = header + (zlib.crc32(header) & 0xFFFF).to_bytes(2, "little") + raw[10:]
    seen += [gzip.decompress(extra) == data, error(gzip.open, path, "rbt"),
             error(gzip.open, path, "rb", encoding="x"), error(gzip.open, 5),
             error(gzip.GzipFile, path, "rU"), error(gzip.GzipFile, path, "rtb")]
    return repr(seen), out.getvalue()[:20]


@USES.of("bz2")
def bzip2_files() -> object:
    return compressed_files(fresh("bz2"), "BZ2File", "buffering")


def compressed_files(module: Any, kind: str, option: str) -> object:
    import io
    import os
    import tempfile

    data = b"line one\nline two\n" * 30
    raw = module.compress(data)
    File = getattr(module, kind)
    out = io.BytesIO()
    with File(out, "wb") as file:
        seen: list[object] = [file.write(data), file.writelines([b"a", b"b"]), file.tell(),
                              file.writable(), file.seekable(), error(file.read), file.closed]
    with File(io.BytesIO(out.getvalue() + raw)) as file:
        seen += [file.readline(), file.read(5), file.peek()[:3], file.read1(4), file.tell(),
                 file.seek(2), file.seek(-3, 2), file.read(), file.readable(),
                 error(file.write, b"x"), file.seek(0)]
        seen += [len(list(file)), file.readline(), file.seek(0), file.read1(), error(file.fileno)]
        if hasattr(file, "readinto"):
            seen += [file.seek(0), file.readinto(bytearray(6))]
    with tempfile.TemporaryDirectory() as top:
        path = os.path.join(top, "file")
        with module.open(path, "wt", encoding="utf-8") as text:
            text.write("é\n")
        with module.open(path, "rt", encoding="utf-8", newline="") as text:
            seen.append(text.read())
        with module.open(path, "ab") as file:
            file.write(b"more")
        with module.open(path) as file:
            seen += [file.read(), file.fileno() > 0]
        seen += [error(module.open, path, "xb"), error(module.open, path, "rbt"),
                 error(module.open, path, encoding="x"), error(File, path, "q"), error(File, 5),
                 error(file.read)]
    seen += [error(module.decompress, raw[:-5]), error(module.decompress, b"junk"),
             module.decompress(raw + raw) == data * 2, error(module.decompress, b"\0"),
             module.decompress(raw + b"tail") == data]
    return repr(seen), option


@USES.of("lzma")
def xz_files() -> object:
    lzma = fresh("lzma")
    filters = [{"id": lzma.FILTER_DELTA, "dist": 4}, {"id": lzma.FILTER_LZMA2, "preset": 1}]
    alone = lzma.compress(b"data" * 9, lzma.FORMAT_ALONE)
    raw = lzma.compress(b"data" * 9, lzma.FORMAT_RAW, filters=filters)
    return (
        compressed_files(lzma, "LZMAFile", "preset"),
        lzma.decompress(alone, lzma.FORMAT_ALONE) + lzma.decompress(
            raw, lzma.FORMAT_RAW, filters=filters
        ),
        [error(lzma.LZMAFile, "/no/such", "w", format=1, check=99),
         error(lzma.LZMAFile, "x", check=1), error(lzma.decompress, alone[:9])],
        lzma.is_check_supported(lzma.CHECK_CRC32),
    )


@USES.of("zipapp")
def zip_applications() -> object:
    import io
    import os
    import pathlib
    import tempfile
    import zipapp

    seen: list[object] = []
    with tempfile.TemporaryDirectory() as top:
        plant(top, "app/__main__.py", "app/pack/mod.py", "bare/cli.py", "plain.txt",
              text="def main(): pass  # {}\n")
        app, bare, target = (os.path.join(top, name) for name in ("app", "bare", "app.pyz"))
        zipapp.create_archive(app, target, interpreter="/usr/bin/python3", compressed=True,
                              filter=lambda path: path.suffix == ".py")
        seen += [zipapp.get_interpreter(target), os.access(target, os.X_OK)]
        zipapp.create_archive(bare, os.path.join(top, "bare.pyz"), main="cli:main")
        seen.append(zipapp.get_interpreter(os.path.join(top, "bare.pyz")))
        out = io.BytesIO()
        zipapp.create_archive(target, out, interpreter="python")
        seen.append(out.getvalue()[:9])
        zipapp.create_archive(pathlib.Path(target), os.path.join(top, "copy.pyz"))
        with open(target, "rb") as file:
            seen.append(zipapp.get_interpreter(file))
        lines = (f"{app} -o {top}/x.pyz -p py -c", f"{bare} -m cli:main", f"{target} --info",
                 f"{target} -o {target}", f"{target}", f"{target} -o {top}/n.pyz -m a:b",
                 f"{top}/plain.txt --info", f"{app} --info", f"{top}/none -o {top}/z")
        for line in lines:
            seen.append(str(said(lambda line=line: error(zipapp.main, line.split()))[0]))
        wrong: tuple[tuple[tuple[Any, ...], dict[str, Any]], ...] = (
            ((bare,), {}), ((bare,), {"main": "bad"}), ((bare,), {"main": "a b:c"}),
            ((app,), {"main": "a:b"}), ((os.path.join(top, "none"), out), {}),
            ((app, os.path.join(app, "in.pyz")), {"main": None})
        )
        seen += [error(zipapp.create_archive, *args, **options) for args, options in wrong]
        seen.append([name for name in tree(top) if name.endswith(".pyz")])
    return tuple(seen)


@USES.of("wave")
def sound_files() -> object:
    import io
    import os
    import tempfile
    import wave

    out = io.BytesIO()
    with wave.open(out, "wb") as sound:
        seen: list[object] = [error(sound.getnchannels), error(sound.setsampwidth, 9),
                              error(sound.setnchannels, 0), error(sound.setframerate, 0),
                              error(sound.setcomptype, "x", "y"), error(sound.getparams)]
        sound.setparams((2, 2, 8000, 0, "NONE", "not compressed"))
        sound.writeframesraw(b"\0\1\2\3" * 10)
        sound.writeframes(b"\4\5\6\7")
        seen += [sound.tell(), sound.getnframes(), sound.getcompname(), sound.getcomptype(),
                 sound.getframerate(), sound.getsampwidth(), error(sound.setnchannels, 1),
                 error(sound.setparams, (1, 1, 1, 1, "NONE", ""))]
    raw = out.getvalue()
    with wave.open(io.BytesIO(raw)) as reader:
        seen += [reader.getparams(), reader.readframes(3), reader.tell(), reader.setpos(9),
                 reader.readframes(99), reader.rewind(), error(reader.setpos, 99),
                 reader.getfp() is not None]
    broken = (b"", b"RIFX", raw[:20], raw.replace(b"WAVE", b"wave"), raw.replace(b"fmt ", b"fmx "),
              raw[:20] + b"\x55\0" + raw[22:], raw[:36], raw[:34] + b"\0\0" + raw[36:],
              raw[:22] + b"\0\0" + raw[24:])
    seen += [error(wave.open, io.BytesIO(data)) for data in broken]
    with tempfile.TemporaryDirectory() as top:
        path = os.path.join(top, "x.wav")
        with wave.open(path, "w") as sound:
            sound.setnchannels(1)
            sound.setsampwidth(1)
            sound.setframerate(100.4)
            sound.setnframes(99)
            sound.writeframes(b"ab")
        with wave.open(path) as reader:
            seen.append((reader.getnframes(), reader.readframes(5)))
    return repr(seen), error(wave.open, path, "q"), error(wave.open, path), raw
