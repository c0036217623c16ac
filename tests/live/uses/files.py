"""Workloads over files, paths, archives and stores."""

from __future__ import annotations

import sys

from .registry import Uses, error, fresh
from .tools import said

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

USES = Uses()


def plant(top: str, *names: str, text: str = "text of {}\n") -> None:
    """Make files below a directory; a name that ends in a slash is a directory."""
    import os

    for name in names:
        path = os.path.join(top, name)
        os.makedirs(path if name.endswith("/") else os.path.dirname(path), exist_ok=True)
        if not name.endswith("/"):
            with open(path, "w") as file:
                file.write(text.format(name))


def tree(top: str) -> list[str]:
    import os

    return sorted(os.path.join(folder, name)[len(top) :] for folder, folders, names in os.walk(top) for name in folders + names)


@USES.of("zipfile")
def zip_archives() -> object:
    import io
    import os
    import tempfile
    import zipfile

    out = io.BytesIO()
    seen: list[object] = []
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as packed:
        for name, data in (("a.txt", b"a" * 500), ("dir/b.txt", b"bee"), ("dir/", b""), ("ü.txt", "é".encode())):
            packed.writestr(zipfile.ZipInfo(name, (2020, 1, 2, 3, 4, 6)), data, zipfile.ZIP_STORED if name == "dir/b.txt" else zipfile.ZIP_DEFLATED)
        with packed.open(zipfile.ZipInfo("streamed", (1980, 1, 1, 0, 0, 0)), "w") as stream:
            stream.write(b"part one ")
            stream.write(b"part two")
            seen += [error(packed.open, "other", "w"), error(packed.writestr, "x", b""), error(packed.close)]
        packed.comment = b"a comment"
        if hasattr(packed, "mkdir"):
            packed.mkdir("made")
    raw = out.getvalue()
    with zipfile.ZipFile(io.BytesIO(raw)) as packed, tempfile.TemporaryDirectory() as top:
        with packed.open("a.txt") as member:
            seen += [member.read(3), member.peek(2)[:2], member.seek(10), member.tell(), member.seek(-5, 2), member.read1(9), member.readline(), member.seekable(), repr(member)[:22]]
        seen += [packed.namelist(), packed.read("ü.txt"), packed.getinfo("dir/").is_dir(), packed.testzip(), packed.comment, repr(packed)[:16], repr(packed.getinfo("a.txt"))]
        packed.extractall(top, ["a.txt", "dir/b.txt"])
        packed.extract("dir/", top)
        seen += [tree(top), said(packed.printdir)[1], error(packed.read, "none"), error(packed.writestr, "x", b""), error(packed.open, "a.txt", "x"), error(packed.getinfo, "no")]
        root = zipfile.Path(packed)
        seen += [sorted(entry.name for entry in root.iterdir()), (root / "dir" / "b.txt").read_text(), root.joinpath("a.txt").exists(), (root / "none").is_file(), (root / "dir").is_dir(), (root / "a.txt").at]
        seen += [(root / "ü.txt").read_bytes(), (root / "dir/b.txt").parent.name, error((root / "dir/").open), error((root / "none").open), error((root / "a.txt").iterdir), (root / "a.txt").suffix]
        plant(top, "added.txt", "tree/leaf.txt")
        for name in ("added.txt", "tree/leaf.txt"):
            os.utime(os.path.join(top, name), (1e9, 1e9))
        path = os.path.join(top, "new.zip")
        with zipfile.ZipFile(path, "x") as other:
            other.write(os.path.join(top, "added.txt"), "in/added.txt")
            other.write(os.path.join(top, "tree"), "tree")
        with zipfile.ZipFile(path, "a", strict_timestamps=False) as other:
            other.write(os.path.join(top, "tree/leaf.txt"), "leaf", compress_type=zipfile.ZIP_BZIP2)
            seen.append(other.namelist())
        seen += [zipfile.is_zipfile(path), zipfile.is_zipfile(io.BytesIO(b"no")), zipfile.is_zipfile("/no/such"), error(zipfile.ZipFile, path, "x")]
        for line in (("-l", path), ("-t", path), ("-e", path, os.path.join(top, "out")), ("-c", os.path.join(top, "c.zip"), os.path.join(top, "tree"))):
            seen.append(said(zipfile.main, list(line))[0])  # type: ignore[attr-defined]
    damaged = raw.replace(b"bee", b"bad")
    with zipfile.ZipFile(io.BytesIO(damaged)) as packed:
        seen += [packed.testzip(), error(packed.read, "dir/b.txt")]
    broken = (b"", b"PK\5\6" + bytes(18), raw[:-30], raw[40:], raw.replace(b"PK\1\2", b"PK\7\7"), b"x" * 100)
    seen += [error(zipfile.ZipFile, io.BytesIO(data)) for data in broken]
    seen += [error(zipfile.ZipFile, io.BytesIO(), "q"), error(zipfile.ZipFile, io.BytesIO(), "w", 99), error(zipfile.ZipInfo, "x", (1979, 1, 1, 0, 0, 0)), error(packed.read, "a.txt")]
    locked = bytearray(raw)
    locked[6] |= 1
    locked[raw.index(b"PK\1\2") + 8] |= 1
    with zipfile.ZipFile(io.BytesIO(bytes(locked))) as packed:
        packed.setpassword(b"wrong")
        seen += [error(packed.read, "a.txt"), error(packed.setpassword, "text"), error(packed.read, "a.txt", "text")]
    return tuple(seen)


@USES.of("zipfile._path", since=(3, 12))
def zip_paths() -> object:
    import io
    import pickle
    import zipfile

    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as packed:
        for name in ("a.txt", "b/c.txt", "b/d/e.tar.gz", "b/d/f.py", "g/h/i.txt"):
            packed.writestr(zipfile.ZipInfo(name), name)
    root: Any = zipfile.Path(out)
    root.root.filename = "demo.zip"
    b = root / "b"
    with (b / "c.txt").open(encoding="utf-8") as text, (b / "c.txt").open("rb") as raw:
        seen = [text.read(), raw.read()]
    seen += [sorted(path.at for path in root.rglob("*.txt")), sorted(path.name for path in b.glob("*")), sorted(path.at for path in root.glob("**/?.py"))]
    seen += [(b / "d/e.tar.gz").suffixes, (b / "d/e.tar.gz").stem, b.match("b*") if sys.version_info < (3, 14) else True, b.is_symlink(), (b / "c.txt").relative_to(b), root.root is b.root]
    seen += [root == zipfile.Path(root.root), hash(b) != 0, b.exists(), (root / "q").exists(), b.parent.at, (b / "..").at, root.joinpath("g", "h", "i.txt").read_text("utf-8")]
    seen += [error(b.open), error((root / "q").open), error((b / "c.txt").open, "rb", "utf-8"), error(root.glob, ""), error(lambda: list((b / "c.txt").iterdir())), error(lambda: list(root.rglob("")))]
    with zipfile.ZipFile(io.BytesIO(), "w") as empty:
        path = zipfile.Path(empty)
        with (path / "new.txt").open("w") as file:
            file.write("written")
        seen.append((path / "new.txt").exists())
    complete = zipfile.CompleteDirs(io.BytesIO(out.getvalue()))  # type: ignore[attr-defined]
    seen += [complete.namelist()[-3:], complete.getinfo("b/").filename, error(complete.getinfo, "zz"), complete.resolve_dir("b"), error(pickle.dumps, complete) != ""]
    complete.close()
    root.root.close()
    return repr(seen)


@USES.of("tarfile")
def tar_archives() -> object:
    import io
    import os
    import tarfile
    import tempfile

    seen: list[object] = []
    plain = b""
    for form in (tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT):
        for mode in ("w", "w:gz", "w|", "w:bz2", "w:xz", "w|gz"):
            if mode != "w" and form != tarfile.PAX_FORMAT:
                continue
            out = io.BytesIO()
            with tarfile.open(mode=mode, fileobj=out, format=form, encoding="utf-8") as packed:  # type: ignore[call-overload]
                for name, size, kind in (("a.txt", 5, tarfile.REGTYPE), ("dir", 0, tarfile.DIRTYPE), ("dir/" + "n" * 80 + "/long.txt", 3, tarfile.REGTYPE), ("link", 0, tarfile.SYMTYPE)):
                    info = tarfile.TarInfo(name)
                    info.size, info.type, info.mtime, info.mode = size, kind, 1_000_000_000, 0o755 if kind == tarfile.DIRTYPE else 0o640
                    info.linkname = "a.txt" if kind == tarfile.SYMTYPE else ""
                    info.uname, info.pax_headers = "user", {"comment": "é"} if form == tarfile.PAX_FORMAT else {}
                    packed.addfile(info, io.BytesIO(b"x" * size))
                if form == tarfile.USTAR_FORMAT:
                    seen.append(error(packed.addfile, tarfile.TarInfo("z" * 300)))
                else:
                    big = tarfile.TarInfo("deep/" * 60 + "end")
                    big.uid = 2**22 if form == tarfile.GNU_FORMAT else 5
                    packed.addfile(big)
            plain = out.getvalue() if mode == "w" else plain
            with tarfile.open(fileobj=io.BytesIO(out.getvalue()), mode="r|*" if "|" in mode else "r:*") as packed:
                seen.append([(member.name[:12], member.size, member.type, member.isdir(), oct(member.mode)) for member in packed])
    with tempfile.TemporaryDirectory() as top, tarfile.open(fileobj=io.BytesIO(plain)) as packed:
        seen += [packed.getnames()[:2], packed.getmember("a.txt").uname, repr(packed.getmember("dir")).split(" at")[0], error(packed.getmember, "none"), error(packed.addfile, tarfile.TarInfo("x"))]
        member: Any = packed.extractfile("a.txt")
        with member:
            seen += [member.read(2), member.peek(9), member.seek(0), member.readline(), member.tell()]
        seen += [packed.extractfile("dir"), said(packed.list)[1][:9], said(packed.list, False)[1][:9]]
        packed.extractall(top, filter="data")
        packed.extract("a.txt", os.path.join(top, "again"), filter="tar")
        seen += [[path[:10] for path in tree(top)], os.readlink(os.path.join(top, "link"))]
        path = os.path.join(top, "new.tar")
        plant(top, "in/one.txt", "in/two.txt", "in/sub/three.txt")
        os.link(os.path.join(top, "in/one.txt"), os.path.join(top, "in/zhard.txt"))

        def clean(info: tarfile.TarInfo) -> tarfile.TarInfo | None:
            info.mtime, info.uid, info.gid, info.uname, info.gname = 0, 0, 0, "", ""
            return None if info.name.endswith("two.txt") else info

        with tarfile.open(path, "w") as other:
            other.add(os.path.join(top, "in"), "packed", filter=clean)
            seen.append([(entry.name, entry.islnk(), entry.isreg()) for entry in other.getmembers()])
        with tarfile.open(path, "a") as other:
            other.add(os.path.join(top, "in/two.txt"), "later.txt", recursive=False)
        with tarfile.TarFile.open(path) as other:
            seen += [other.getnames(), other.next(), other.getmembers()[0].get_info()["name"], tarfile.is_tarfile(path), tarfile.is_tarfile(io.BytesIO(b"no"))]
            walk = iter(other)
            seen.append(next(walk).name)
        evil = io.BytesIO()
        with tarfile.open(mode="w", fileobj=evil) as other:
            for name, kind, target in (("../up", tarfile.REGTYPE, ""), ("/root", tarfile.REGTYPE, ""), ("out", tarfile.SYMTYPE, "../../x"), ("abs", tarfile.SYMTYPE, "/etc"), ("fifo", tarfile.FIFOTYPE, ""), ("hard", tarfile.LNKTYPE, "../y")):
                info = tarfile.TarInfo(name)
                info.type, info.linkname = kind, target
                other.addfile(info)
        evil.seek(0)
        with tarfile.open(fileobj=evil) as other:
            other.errorlevel = 2
            for entry in other.getmembers():
                seen.append([error(tarfile.data_filter, entry, top), error(tarfile.tar_filter, entry, top), tarfile.fully_trusted_filter(entry, top) is entry])
                seen.append(error(other.extract, entry, top, filter="data"))
            copy = other.getmembers()[0].replace(name="renamed", mode=0o600, deep=False)
        seen += [copy.name, copy.mode, error(other.extractall, top), error(other.extract, "up", top, filter="bogus")]
        for line in (("-l", path), ("-t", path), ("-e", path, os.path.join(top, "out")), ("-vl", path), ("-c", os.path.join(top, "c.tgz"), path)):
            argv, sys.argv = sys.argv, ["tarfile", "--filter", "data", *line] if line[0] == "-e" else ["tarfile", *line]
            seen.append(str(said(tarfile.main)[0]))  # type: ignore[attr-defined]
            sys.argv = argv
    for data in (b"", b"x" * 1024, plain[:300], plain[:1000], plain[:512].replace(b"a.txt", b"b.txt") + plain[512:]):
        for mode in ("r:", "r|", "r:gz", "r"):
            seen.append(error(lambda data=data, mode=mode: tarfile.open(fileobj=io.BytesIO(data), mode=mode).getmembers()))
    seen += [error(tarfile.open, "/no/such.tar"), error(tarfile.open, mode="w"), error(tarfile.open, path, "q"), error(tarfile.open, "x", "r:nope"), error(tarfile.TarInfo.frombuf, b"short", "utf-8", "strict")]
    seen += [tarfile.nts(b"ab\0c", "utf-8", "strict"), tarfile.itn(2**20), error(tarfile.itn, 2**40, 8, tarfile.USTAR_FORMAT), tarfile.nti(tarfile.itn(-5, format=tarfile.GNU_FORMAT)), error(tarfile.itn, -1, 8, tarfile.USTAR_FORMAT), error(tarfile.nti, b"x89\0")]  # type: ignore[attr-defined]
    return repr(seen)


@USES.of("gzip")
def gzip_files() -> object:
    import gzip
    import io
    import os
    import tempfile

    data = b"line one\nline two\n" * 30
    raw = gzip.compress(data, 6, mtime=0)
    out = io.BytesIO()
    with gzip.GzipFile("name.txt.gz", "wb", 5, out, mtime=1) as file:
        file.write(data)
        file.flush()
        seen = [file.tell(), file.seek(600), error(file.seek, 0), error(file.read), file.writable(), file.mode, error(file.write, "text"), repr(file)[:6]]
    with gzip.GzipFile(fileobj=io.BytesIO(out.getvalue() + raw + b"\0\0")) as file:
        seen += [file.readline(), file.read(4), file.peek(3)[:3], file.read1(2), file.tell(), file.seek(5), file.read(3), len(file.read()), file.mtime, file.readable(), file.seek(0), file.name]
        seen += [file.readinto(bytearray(4)), next(iter(file)), error(file.write, b"x"), error(file.seek, 1, 9)]
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
        for line in (["gzip", os.path.join(top, "plain.txt")], ["gzip", "-d", os.path.join(top, "plain.txt.gz")], ["gzip", "-d", "x.txt"], ["gzip", "--fast", "--best", "x"]):
            sys.argv = line
            seen.append(str(said(gzip.main)[0]))
        sys.argv = argv
        seen.append(error(gzip.open, path, "xb"))
    bad = (b"\x1f\x8b", b"xx" + raw[2:], raw[:2] + b"\7" + raw[3:], raw[:-9], raw[:-8] + b"\0" * 8, raw[:-4] + b"\1\1\1\1", raw + b"junk", raw[:12])
    seen += [error(gzip.decompress, each) for each in bad]
    seen += [error(lambda each=each: gzip.GzipFile(fileobj=io.BytesIO(each)).read()) for each in bad]
    extra = raw[:3] + b"\x1e" + raw[4:10] + b"\2\0EXname\0comment\0\0\0" + raw[10:]
    seen += [gzip.decompress(extra) == data, error(gzip.open, path, "rbt"), error(gzip.open, path, "rb", encoding="x"), error(gzip.open, 5), error(gzip.GzipFile, path, "rU"), error(gzip.GzipFile, path, "rtb")]
    return repr(seen), out.getvalue()[:20]


@USES.of("bz2")
def bzip2_files() -> object:
    return compressed_files(fresh("bz2"), "BZ2File", "buffering")


@USES.of("lzma")
def xz_files() -> object:
    lzma = fresh("lzma")
    filters = [{"id": lzma.FILTER_DELTA, "dist": 4}, {"id": lzma.FILTER_LZMA2, "preset": 1}]
    alone = lzma.compress(b"data" * 9, lzma.FORMAT_ALONE)
    raw = lzma.compress(b"data" * 9, lzma.FORMAT_RAW, filters=filters)
    return (
        compressed_files(lzma, "LZMAFile", "preset"),
        lzma.decompress(alone, lzma.FORMAT_ALONE) + lzma.decompress(raw, lzma.FORMAT_RAW, filters=filters),
        [error(lzma.LZMAFile, "/no/such", "w", format=1, check=99), error(lzma.LZMAFile, "x", check=1), error(lzma.decompress, alone[:9])],
        lzma.is_check_supported(lzma.CHECK_CRC32),
    )


def compressed_files(module: Any, kind: str, option: str) -> object:
    import io
    import os
    import tempfile

    data = b"line one\nline two\n" * 30
    raw = module.compress(data)
    File = getattr(module, kind)
    out = io.BytesIO()
    with File(out, "wb") as file:
        seen: list[object] = [file.write(data), file.writelines([b"a", b"b"]) if hasattr(file, "writelines") else None, file.tell(), file.writable(), file.seekable(), error(file.read), file.closed]
    with File(io.BytesIO(out.getvalue() + raw)) as file:
        seen += [file.readline(), file.read(5), file.peek()[:3], file.read1(4), file.tell(), file.seek(2), file.seek(-3, 2), file.read(), file.readable(), error(file.write, b"x"), file.seek(0)]
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
        seen += [error(module.open, path, "xb"), error(module.open, path, "rbt"), error(module.open, path, encoding="x"), error(File, path, "q"), error(File, 5), error(file.read)]
    seen += [error(module.decompress, raw[:-5]), error(module.decompress, b"junk"), module.decompress(raw + raw) == data * 2, error(module.decompress, b"\0"), module.decompress(raw + b"tail") == data]
    return repr(seen), option


@USES.of("zipapp")
def zip_applications() -> object:
    import io
    import os
    import pathlib
    import tempfile
    import zipapp

    seen: list[object] = []
    with tempfile.TemporaryDirectory() as top:
        plant(top, "app/__main__.py", "app/pack/mod.py", "bare/cli.py", "plain.txt", text="def main(): pass  # {}\n")
        app, bare, target = (os.path.join(top, name) for name in ("app", "bare", "app.pyz"))
        zipapp.create_archive(app, target, interpreter="/usr/bin/python3", compressed=True, filter=lambda path: path.suffix == ".py")
        seen += [zipapp.get_interpreter(target), os.access(target, os.X_OK)]
        zipapp.create_archive(bare, os.path.join(top, "bare.pyz"), main="cli:main")
        seen.append(zipapp.get_interpreter(os.path.join(top, "bare.pyz")))
        out = io.BytesIO()
        zipapp.create_archive(target, out, interpreter="python")
        seen.append(out.getvalue()[:9])
        zipapp.create_archive(pathlib.Path(target), os.path.join(top, "copy.pyz"))
        with open(target, "rb") as file:
            seen.append(zipapp.get_interpreter(file))
        lines = (f"{app} -o {top}/x.pyz -p py -c", f"{bare} -m cli:main", f"{target} --info", f"{target} -o {target}", f"{target}", f"{target} -o {top}/n.pyz -m a:b", f"{top}/plain.txt --info", f"{app} --info", f"{top}/none -o {top}/z")
        for line in lines:
            seen.append(str(said(lambda line=line: error(zipapp.main, line.split()))[0]))
        wrong: tuple[tuple[tuple[Any, ...], dict[str, Any]], ...] = (((bare,), {}), ((bare,), {"main": "bad"}), ((bare,), {"main": "a b:c"}), ((app,), {"main": "a:b"}), ((os.path.join(top, "none"), out), {}), ((app, os.path.join(app, "in.pyz")), {"main": None}))
        seen += [error(zipapp.create_archive, *args, **options) for args, options in wrong]
        seen.append([name for name in tree(top) if name.endswith(".pyz")])
    return tuple(seen)


@USES.of("tempfile")
def temporary_files() -> object:
    import os
    import tempfile

    seen: list[object] = []
    with tempfile.TemporaryDirectory(prefix="demo", suffix=".d") as top:
        descriptor, path = tempfile.mkstemp(".txt", "p-", top, text=True)
        os.close(descriptor)
        made = tempfile.mkdtemp(b"s", b"q", top.encode())
        seen += [os.path.basename(path)[:2], path[-4:], os.path.basename(made)[:1].decode(), os.path.basename(top)[:4], tempfile.gettempdir() == os.path.dirname(top), tempfile.gettempprefixb()]
        with tempfile.NamedTemporaryFile("w+", dir=top, suffix=".n") as named:
            named.write("one\ntwo\n")
            named.seek(0)
            seen += [list(named), os.path.exists(named.name), named.closed, repr(named)[:10], named.file is not None, named.read]
            seen.pop()
        seen += [os.path.exists(named.name), error(named.write, "x")]
        with tempfile.NamedTemporaryFile(dir=top, delete=False) as kept:
            kept.write(b"kept")
        seen += [os.path.getsize(kept.name), tempfile.mktemp(dir=top)[: len(top)] == top]
        with tempfile.TemporaryFile("w+", dir=top, encoding="utf-8") as unnamed:
            unnamed.write("é")
            unnamed.seek(0)
            seen.append(unnamed.read())
        with tempfile.SpooledTemporaryFile(10, "w+", dir=top, encoding="utf-8", newline="\n") as spooled:
            spooled.write("short")
            before = spooled._rolled  # type: ignore[attr-defined]
            spooled.writelines(["and ", "longer\n"])
            spooled.seek(0)
            seen += [before, spooled._rolled, spooled.readline(), spooled.tell(), spooled.encoding, spooled.newlines, spooled.errors, spooled.closed, spooled.isatty(), spooled.truncate(3), spooled.mode]  # type: ignore[attr-defined]
        with tempfile.SpooledTemporaryFile(dir=top) as spooled:
            spooled.write(b"bytes")
            seen += [spooled.name, spooled.seekable(), spooled.readable(), spooled.writable(), spooled.seek(1), spooled.read(2), spooled.readinto(bytearray(2)), spooled.flush(), spooled.fileno() > 0, spooled.detach is not None]
            seen += [spooled.mode, error(lambda: spooled.encoding), list(spooled), spooled.readlines(), spooled.read1() if hasattr(spooled, "read1") else b""]
        seen += [error(tempfile.mkstemp, dir=os.path.join(top, "none")), error(tempfile.mkstemp, b"a", "b"), error(tempfile.mkdtemp, 5), error(tempfile.NamedTemporaryFile, "r", suffix=b"x", prefix="y")]
        seen += [error(tempfile.TemporaryDirectory, dir=os.path.join(top, "none")), error(tempfile.mktemp, dir=5)]
        os.mkdir(os.path.join(top, "locked"), 0o700)
        plant(top, "locked/file.txt")
        os.chmod(os.path.join(top, "locked"), 0o500)
    gone = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
    os.rmdir(gone.name)
    gone.cleanup()
    seen += [repr(gone)[:20], os.path.exists(gone.name)]
    return tuple(seen)


@USES.of("shutil")
def file_operations() -> object:
    import io
    import os
    import shutil
    import tempfile

    seen: list[object] = []
    with tempfile.TemporaryDirectory() as top:

        def at(name: str) -> str:
            return os.path.join(top, name)

        plant(top, "src/a.txt", "src/sub/b.txt", "src/sub/skip.pyc", "single.txt", "other/")
        os.symlink("a.txt", at("src/link"))
        os.symlink("nowhere", at("src/dangling"))
        for name in ("src/a.txt", "single.txt"):
            os.utime(at(name), (1e9, 1e9))
        shutil.copytree(at("src"), at("copy"), symlinks=True, ignore=shutil.ignore_patterns("*.pyc", "nothing"))
        shutil.copytree(at("src"), at("copy"), ignore_dangling_symlinks=True, dirs_exist_ok=True, copy_function=shutil.copy, ignore=lambda path, names: ["link"])
        seen += [tree(at("copy")), error(shutil.copytree, at("src"), at("copy")), error(shutil.copytree, at("src"), at("bad")), error(shutil.copytree, at("none"), at("x"))]
        seen += [os.path.basename(shutil.copy(at("single.txt"), at("other"))), os.path.basename(shutil.copy2(at("src/link"), at("link2"), follow_symlinks=False)), os.path.islink(at("link2"))]
        seen += [error(shutil.copyfile, at("single.txt"), at("single.txt")), error(shutil.copyfile, at("src"), at("y")), error(shutil.copy, at("single.txt"), at("no/dir"))]
        os.mkfifo(at("fifo"))
        seen += [error(shutil.copyfile, at("fifo"), at("z")), error(shutil.copyfile, at("single.txt"), at("fifo"))]
        os.remove(at("fifo"))
        shutil.copymode(at("single.txt"), at("other/single.txt"))
        shutil.copystat(at("single.txt"), at("other/single.txt"))
        source, target = io.StringIO("some words"), io.StringIO()
        shutil.copyfileobj(source, target, 4)
        seen += [target.getvalue(), int(os.path.getmtime(at("other/single.txt")))]
        shutil.move(at("single.txt"), at("moved.txt"))
        shutil.move(at("moved.txt"), at("other"))
        shutil.move(at("link2"), at("link3"))
        seen += [error(shutil.move, at("other/moved.txt"), at("other")), error(shutil.move, at("src"), at("src/sub")), error(shutil.move, at("none"), at("other"))]
        archives = []
        for form in ("tar", "gztar", "zip", "bztar", "xztar"):
            archives.append(shutil.make_archive(at(f"archive-{form}"), form, at("src"), "sub"))
        os.makedirs(at("into"))
        for archive in archives[:3]:
            shutil.unpack_archive(archive, at("into"), **({"filter": "data"} if "tar" in archive else {}))  # type: ignore[arg-type]
        seen += [[os.path.basename(archive) for archive in archives], tree(at("into")), os.path.basename(shutil.make_archive(at("dry"), "zip", at("src"), dry_run=True) or "")]
        seen += [error(shutil.make_archive, at("x"), "nope"), error(shutil.unpack_archive, at("src/a.txt")), error(shutil.unpack_archive, at("src/a.txt"), top, "zip"), error(shutil.make_archive, at("x"), "zip", at("none"))]
        shutil.register_archive_format("demo", lambda name, base, **options: name + ".demo", [("k", 1)], "a demo")
        shutil.register_unpack_format("demo", [".demo"], lambda path, where, **options: seen.append("unpacked"), [("k", 2)])
        seen += [os.path.basename(shutil.make_archive(at("d"), "demo")), shutil.unpack_archive(at("d.demo"), top), ("demo", "a demo") in shutil.get_archive_formats(), len(shutil.get_unpack_formats())]
        shutil.unregister_archive_format("demo")
        shutil.unregister_unpack_format("demo")
        seen += [error(shutil.register_archive_format, "x", 5), error(shutil.register_archive_format, "x", len, 5), error(shutil.register_archive_format, "x", len, [5]), error(shutil.register_unpack_format, "x", [".zip"], len)]
        plant(top, "bin/tool", "bin/plain")
        os.chmod(at("bin/tool"), 0o755)
        seen += [shutil.which("tool", path=at("bin")) == at("bin/tool"), shutil.which("plain", path=at("bin")), shutil.which(at("bin/tool")) is not None, shutil.which("x", path=""), shutil.which(b"tool", path=at("bin").encode()) is not None]
        seen += [shutil.disk_usage(top).total > 0, error(shutil.chown, at("bin")), error(shutil.chown, at("bin"), "no such user"), error(shutil.chown, at("bin"), None, "no such group"), shutil.chown(at("bin"), os.getuid(), os.getgid())]
        failures: list[str] = []
        shutil.rmtree(at("none"), ignore_errors=True)
        with_handler = {"onexc": lambda function, path, exc: failures.append(function.__name__)} if sys.version_info >= (3, 12) else {"onerror": lambda function, path, info: failures.append(function.__name__)}
        shutil.rmtree(at("none"), **with_handler)  # type: ignore[arg-type]
        shutil.rmtree(at("link3"), **with_handler)  # type: ignore[arg-type]
        descriptor = os.open(top, os.O_RDONLY)
        shutil.rmtree("into", dir_fd=descriptor)
        os.close(descriptor)
        shutil.rmtree(at("copy"))
        seen += [failures, error(shutil.rmtree, at("src/a.txt")), error(shutil.rmtree, at("none")), os.path.exists(at("into")), shutil.rmtree.avoids_symlink_attacks]
        columns = os.environ.get("COLUMNS"), os.environ.get("LINES")
        os.environ.update(COLUMNS="50", LINES="7")
        seen.append(tuple(shutil.get_terminal_size()))
        for name, value in zip(("COLUMNS", "LINES"), columns, strict=True):
            os.environ.pop(name)
            if value is not None:
                os.environ[name] = value
    return tuple(seen)


@USES.of("filecmp")
def comparing_folders() -> object:
    import filecmp
    import os
    import tempfile

    filecmp.clear_cache()
    with tempfile.TemporaryDirectory() as top:
        left, right = os.path.join(top, "left"), os.path.join(top, "right")
        plant(left, "same.txt", "diff.txt", "only-left.txt", "sub/deep.txt", "sub/gone/x", "funny", "hidden.pyc", "RCS/")
        plant(right, "same.txt", "diff.txt", "only-right.txt", "sub/deep.txt", "funny/", "hidden.pyc", "RCS/")
        with open(os.path.join(right, "diff.txt"), "w") as file:
            file.write("quite different\n")
        for name in ("same.txt", "diff.txt"):
            for folder in (left, right):
                os.utime(os.path.join(folder, name), (1e9, 1e9))
        compared: Any = filecmp.dircmp(left, right, ignore=["RCS"], hide=[".", "..", "hidden.pyc"])
        shown = [said(report)[1].replace(top, "") for report in (compared.report, compared.report_partial_closure, compared.report_full_closure)]
        pairs = [filecmp.cmp(os.path.join(left, name), os.path.join(right, name), shallow) for name in ("same.txt", "diff.txt", "same.txt", "funny") for shallow in (True, False)]
        files = filecmp.cmpfiles(left, right, ["same.txt", "diff.txt", "none"], shallow=False)
        argv = sys.argv
        sys.argv = ["filecmp", "-r", left, right]
        demo = said(filecmp.demo)[0]
        sys.argv = ["filecmp", left]
        failed = error(filecmp.demo)
        sys.argv = argv
        lists = sorted(compared.left_only), sorted(compared.common_funny), compared.same_files, compared.diff_files, sorted(compared.subdirs)
        missing = error(getattr, compared, "nothing"), error(filecmp.cmp, left, os.path.join(top, "none"))
        return shown, pairs, files, demo, failed, lists, missing


@USES.of("glob")
def globbing() -> object:
    import glob
    import os
    import tempfile

    with tempfile.TemporaryDirectory() as top:
        plant(top, "a.txt", "b.py", ".hidden", "sub/c.txt", "sub/deep/d.txt", "[odd]/e.txt", ".dot/f.txt")
        os.symlink("sub", os.path.join(top, "link"))
        patterns = ("*", "*.txt", "**", "**/*.txt", "?.py", "[ab].*", "sub/", "*/", "[[]odd]/*", ".*", "none", "none/*", "**/deep/**", "a.txt/*", "sub/c.txt", "*/c.txt", "**/")
        seen = [sorted(glob.glob(pattern, root_dir=top, recursive=True)) for pattern in patterns]
        seen += [sorted(glob.glob(pattern, root_dir=top, recursive=True, include_hidden=True)) for pattern in ("**", "*", "*/f.txt")]
        descriptor = os.open(top, os.O_RDONLY)
        seen += [sorted(glob.glob(pattern, dir_fd=descriptor, recursive=True)) for pattern in ("*.txt", "sub/**", "*/c.txt", "a.txt")]
        os.close(descriptor)
        seen += [sorted(path[len(top) :] for path in glob.glob(os.path.join(glob.escape(top), "**", "*"))), [p.decode() for p in glob.glob(b"*.py", root_dir=top.encode())]]
        early = glob.iglob("**", root_dir=top, recursive=True)
        seen.append([next(early) != ""])  # type: ignore[list-item]
        early.close()  # type: ignore[attr-defined]
        seen += [[glob.escape("a[b]*?"), glob.escape(b"x*").decode()], [str(glob.has_magic("a*")), str(glob.has_magic(b"a"))]]  # type: ignore[attr-defined]
        if hasattr(glob, "translate"):
            seen += [[glob.translate(pattern, recursive=True, include_hidden=hidden, seps="/")] for pattern in ("a/**/b*", "**", "*?[x]/y", "a**") for hidden in (True, False)]
    return tuple(seen)


def path_uses(pathlib: Any) -> object:
    import contextlib
    import os
    import tempfile

    pure, windows = pathlib.PurePosixPath, pathlib.PureWindowsPath
    paths = [pure(text) for text in ("/a/b.tar.gz", "a/../b", ".", "//two", "///three", "dir/.hidden", "a/b/", "x.")]
    drives = [windows(text) for text in ("c:\\a\\B.txt", "\\\\host\\share\\x", "c:rel", "CON", "\\root", "//?/c:/y")]
    seen: list[object] = []
    for path in (*paths, *drives):
        seen.append((str(path), path.parts, path.name, path.stem, path.suffix, path.suffixes, str(path.parent), path.anchor, path.drive, path.root, path.is_absolute(), path.as_posix(), [str(p) for p in path.parents]))
    a = pure("a/b/c.py")
    seen += [a / "d" / "/e", "r" / a, a.joinpath("x", "y"), a.relative_to("a"), a.is_relative_to("q"), a.with_name("n.z"), a.with_stem("s"), a.with_suffix(""), a.with_suffix(".q"), a.match("*.py"), a.match("/b/*")]
    seen += [a == pure("a", "b", "c.py"), a < pure("b"), hash(a) == hash(pure("a/b/c.py")), repr(a), bytes(a), os.fspath(a), windows("A") == windows("a"), pure("/x y").as_uri(), windows("c:/z").as_uri(), a.parents[0], a.parents[-1], len(a.parents), a.parents[:2]]
    errors = [error(a.relative_to, "z"), error(a.with_name, ""), error(a.with_name, "a/b"), error(a.with_suffix, "bad"), error(pure("").with_name, "x"), error(a.as_uri), error(pure, 5), error(lambda: a < 5), error(a.match, ""), error(lambda: a.parents[9])]
    errors += [error(lambda: a / 5), error(windows("c:/").with_stem, "x"), error(lambda: a < windows("a"))]
    seen += [windows("c:/a").relative_to("C:/"), windows("c:/a", "d:/b"), windows("c:/a", "/b"), windows("c:/a") / "c:b", windows("nul").drive]
    if sys.version_info >= (3, 12):
        seen += [a.relative_to("a/x", walk_up=True), a.with_segments("q"), a.match("B/C.PY", case_sensitive=False)]
    if sys.version_info >= (3, 13):
        seen += [a.full_match("**/*.py"), pathlib.Path.from_uri("file:///tmp/x%20y")]
    with tempfile.TemporaryDirectory() as name, contextlib.chdir("/"):
        top = pathlib.Path(name)
        file = top / "file.txt"
        seen += [file.write_text("one\ntwo\n"), file.read_text(), file.write_bytes(b"bytes"), file.read_bytes(), file.exists(), file.is_file(), file.is_dir(), file.stat().st_size, oct(file.lstat().st_mode), file.touch(), error(file.touch, exist_ok=False)]
        (top / "sub" / "deep").mkdir(parents=True)
        (top / "sub" / "deep" / "leaf.py").touch()
        (top / "sub").mkdir(exist_ok=True)
        link = top / "link"
        link.symlink_to("file.txt")
        (top / "loop").symlink_to("loop")
        (top / "hard").hardlink_to(file)
        seen += [link.is_symlink(), link.readlink(), link.resolve().name, file.samefile(top / "hard"), file.samefile(link), error((top / "loop").stat), (top / "loop").exists()]
        seen += [sorted(p.name for p in top.iterdir()), sorted(p.name for p in top.glob("*.txt")), sorted(p.name for p in top.glob("**/")), sorted(p.name for p in top.rglob("*.py")), sorted(p.name for p in top.glob("sub/*/leaf.py")), list(top.glob("none/x"))]
        with file.open("a+", encoding="utf-8") as opened:
            seen += [opened.write("more")]
        file.chmod(0o600)
        seen += [oct(file.stat().st_mode), file.rename(top / "renamed").name, (top / "renamed").replace(top / "file.txt").name, file.owner() != "" if os.getuid() == 0 else True, file.is_mount(), file.is_socket(), file.is_fifo(), file.is_block_device(), file.is_char_device()]
        errors += [error((top / "none").unlink), (top / "none").unlink(missing_ok=True), error((top / "sub").rmdir), error(top.mkdir), error((top / "x" / "y").mkdir), error((top / "none").read_text), error(file.write_text, b"x"), error(file.write_bytes, "x"), error((top / "none").resolve, strict=True)]
        errors += [error(lambda: list(top.glob(""))), error(lambda: list(top.glob("/abs"))), error(lambda: list(top.rglob("/abs"))), error(top.joinpath("loop").resolve, strict=True), error(lambda: list((top / "file.txt").iterdir()))]
        (top / "sub" / "deep" / "leaf.py").unlink()
        (top / "sub" / "deep").rmdir()
        seen += [pathlib.Path("~nobody_such").is_absolute(), error(pathlib.Path("~no_such_user_x").expanduser), pathlib.Path("rel").absolute().is_absolute(), pathlib.Path.cwd().is_absolute(), pathlib.Path("a", "..", "b")]
        if hasattr(top, "walk"):
            walked = sorted((folder.name == top.name, sorted(folders), sorted(files)) for folder, folders, files in top.walk())
            seen += [walked, len(list(top.walk(top_down=False, follow_symlinks=True)))]
        errors.append(error(pathlib.WindowsPath, "x"))
        seen = [str(item).replace(name, "").replace(top.name, "") for item in seen]
    return seen, [str(item) for item in errors]


@USES.of("pathlib", before=(3, 13))
def paths_in_one_file() -> object:
    import pathlib

    return path_uses(pathlib)


@USES.of("pathlib._local", since=(3, 13), before=(3, 14))
def paths_of_a_package() -> object:
    import pathlib

    return path_uses(pathlib)


@USES.of("posixpath")
def posix_paths() -> object:
    import contextlib
    import os
    import tempfile

    path = fresh("posixpath")
    texts = ("/a/b/../c", "a//b/./c/", "//x", "///y", "", ".", "../..", "/../z", "a/..", ".bashrc", "x.tar.gz", "dir.d/file", "...", b"raw/../b")
    seen: list[object] = []
    for text in texts:
        seen.append((path.normpath(text), path.split(text), path.splitext(text), path.basename(text), path.dirname(text), path.isabs(text), path.splitdrive(text), path.normcase(text)))
    saved = os.environ.get("HOME")
    os.environ.update(HOME="/home/demo", DEMO="value")
    seen += [path.expanduser("~/x"), path.expanduser("~"), path.expanduser("~root/y"), path.expanduser("~no_such_user_x"), path.expanduser(b"~/z"), path.expanduser("plain")]
    seen += [path.expandvars("$DEMO/${DEMO}x$NOPE ${open"), path.expandvars(b"$DEMO"), path.expandvars("none"), path.join("a", "b", "/c", "", "d"), path.join(b"a", b"b"), path.commonpath(["/a/b/c", "/a/b/d"]), path.commonpath([b"x/y", b"x/z"])]
    del os.environ["DEMO"]
    os.environ.pop("HOME")
    if saved is not None:
        os.environ["HOME"] = saved
    seen += [path.relpath("/a/b", "/a/c/d"), path.relpath("/x", "/x"), path.relpath(b"/q/r", b"/q"), path.commonprefix(["abc", "abd"]), path.commonprefix([]), path.isabs("/")]
    if hasattr(path, "splitroot"):
        seen += [path.splitroot("//a/b"), path.splitroot("/a"), path.splitroot(b"a"), path.splitroot("///x")]
    with tempfile.TemporaryDirectory() as top, contextlib.chdir("/"):
        seen += [path.abspath("x"), path.relpath("usr"), path.realpath("x"), error(path.relpath, "a", b"b")]
        plant(top, "real/file.txt")
        for name, target in (("link", "real"), ("loop", "loop"), ("up", "real/../real/file.txt"), ("gone", "none/x")):
            os.symlink(target, os.path.join(top, name))
        seen += [path.realpath(os.path.join(top, name))[len(os.path.realpath(top)) :] for name in ("link/file.txt", "loop", "up", "gone", "link/../real/./file.txt")]
        seen += [path.islink(top + "/link"), path.lexists(top + "/loop"), path.exists(top + "/loop"), path.ismount(top), path.ismount("/"), path.ismount(top + "/none"), path.ismount(top + "/link"), path.lexists(top + "/none")]
        seen += [error(path.realpath, top + "/loop", strict=True), error(path.realpath, top + "/none", strict=True), path.samefile(top + "/link", top + "/real"), path.isdir(top), path.getsize(top + "/real/file.txt")]
        seen = [str(item).replace(top, "") for item in seen]
    errors = [error(path.join, "a", b"b"), error(path.commonpath, []), error(path.commonpath, ["/a", "b"]), error(path.commonpath, ["a", b"b"]), error(path.relpath, ""), error(path.join, 5), error(path.normpath, 5)]
    return seen, errors


@USES.of("ntpath")
def windows_paths() -> object:
    import os

    path = fresh("ntpath")
    texts = ("c:\\a\\..\\b", "C:/x//y/", "\\\\host\\share\\dir\\f.txt", "//host/share", "c:rel\\.\\x", "\\root", "", ".", "..\\..", "c:\\..\\..", "a.tar.gz", "\\\\?\\UNC\\h\\s\\p", "\\\\.\\dev\\x", b"c:\\raw", "\\\\?\\c:\\deep", "CON", "a\\b.c\\d")
    seen: list[object] = []
    for text in texts:
        seen.append((path.normpath(text), path.split(text), path.splitext(text), path.basename(text), path.dirname(text), path.splitdrive(text), path.normcase(text), path.isabs(text)))
    joins = (("c:\\a", "b"), ("c:\\a", "\\b"), ("c:\\a", "d:b"), ("c:\\a", "C:b"), ("c:", "x"), ("\\\\h\\s", "x"), ("a", "", "b/"), (b"a", b"b"), ("", "c:x"))
    seen += [path.join(*parts) for parts in joins]
    saved = {name: os.environ.pop(name, None) for name in ("USERPROFILE", "HOMEPATH", "HOMEDRIVE", "USERNAME")}
    seen.append(path.expanduser("~\\x"))
    os.environ.update(HOMEPATH="\\Users\\demo", HOMEDRIVE="c:", USERNAME="demo")
    seen += [path.expanduser("~"), path.expanduser("~other\\y"), path.expanduser("plain"), path.expanduser(b"~/z")]
    os.environ["USERPROFILE"] = "d:\\Profiles\\demo"
    seen += [path.expanduser("~/q"), path.expandvars("%USERNAME% $USERNAME ${USERNAME} '%x%' $$ %% %NOPE% ${NOPE} %open ${open $-"), path.expandvars(b"%USERNAME%"), path.expandvars("none")]
    for name, value in saved.items():
        os.environ.pop(name, None)
        if value is not None:
            os.environ[name] = value
    seen += [path.commonpath(["C:\\a\\b", "c:/A/c"]), path.commonpath([b"x\\y", b"x\\z"]), path.relpath("c:\\a\\b", "c:\\a\\c"), path.relpath("c:\\x", "C:\\X"), path.ismount("c:\\"), path.ismount("\\\\h\\s\\"), path.ismount("c:\\x")]
    seen += [path.splitroot(text) for text in ("c:\\a", "\\\\h\\s\\x", "rel", b"c:x")] if hasattr(path, "splitroot") else []
    if hasattr(path, "isreserved"):
        seen += [path.isreserved(text) for text in ("con", "a/nul.txt", "ok", "x.", "com1", "a*b", b"aux")]
    errors = [error(path.join, "a", b"b"), error(path.commonpath, []), error(path.commonpath, ["c:\\a", "d:\\a"]), error(path.commonpath, ["c:\\a", "c:a"]), error(path.relpath, ""), error(path.relpath, "c:\\a", "d:\\b"), error(path.join, 5), error(path.commonpath, ["a", b"b"])]
    return seen, errors


@USES.of("genericpath")
def generic_paths() -> object:
    import os
    import tempfile

    path = fresh("genericpath")
    with tempfile.TemporaryDirectory() as top:
        plant(top, "file")
        os.utime(top + "/file", (5, 6))
        found = [(path.exists(name), path.isfile(name), path.isdir(name)) for name in (top, top + "/file", top + "/none", "nul\0", 99999)]
        times = int(path.getmtime(top + "/file")), int(path.getatime(top + "/file")), path.getctime(top + "/file") > 5, path.getsize(top + "/file")
        with open(top + "/file") as one, open(top + "/file") as two:
            same = path.sameopenfile(one.fileno(), two.fileno()), path.samefile(top + "/file", top + "/file")
    prefixes = [path.commonprefix(names) for names in ([], ["a"], ["abc", "abd"], [["x", "y"], ["x", "z"]], ("same", "same"))]
    exts = [path._splitext(name, "/", None, ".") for name in ("a.b", "a.b/c", ".c", "..d", "e.")]
    return found, times, same, prefixes, exts, error(path._check_arg_types, "f", "a", b"b"), error(path._check_arg_types, "f", 5), error(path.getsize, "/no/such")


@USES.of("stat")
def file_modes() -> object:
    stat = fresh("stat", "_stat")
    modes = (0o100644, 0o104755, 0o102711, 0o041777, 0o120777, 0o010600, 0o140000, 0o020666, 0o060660, 0o041776, 0o102644, 0o104600)
    kinds = ("DIR", "REG", "LNK", "FIFO", "SOCK", "CHR", "BLK", "DOOR", "PORT", "WHT")
    return [stat.filemode(mode) for mode in modes], [[getattr(stat, "S_IS" + kind)(mode) for kind in kinds] for mode in modes], [(stat.S_IMODE(m), stat.S_IFMT(m)) for m in modes]


@USES.of("os")
def operating_system() -> object:
    import tempfile

    # The module's own path functions and classes; what it takes over from posix is the same.
    names = {name: sys.modules.get(name) for name in ("os", "os.path")}
    os = fresh("os")
    sys.modules.update({name: module for name, module in names.items() if module is not None})
    seen: list[object] = []
    with tempfile.TemporaryDirectory() as top:
        os.makedirs(top + "/a/b/c/")
        os.makedirs(top + "/a/b", exist_ok=True)
        plant(top, "a/one.txt", "a/b/two.txt")
        os.symlink("b", top + "/a/link")
        walks = [[(folder[len(top) :], sorted(folders), files) for folder, folders, files in os.walk(top, **options)] for options in ({}, {"topdown": False}, {"followlinks": True})]
        pruned = os.walk(top)
        for _, folders, _ in pruned:
            folders[:] = [folder for folder in folders if folder != "b"]
        early = os.walk(top)
        next(early)
        early.close()
        failures: list[object] = []
        seen += [walks, list(os.walk(top + "/none", onerror=lambda exc: failures.append(type(exc).__name__))), failures]
        seen.append([(folder, sorted(folders), sorted(files)) for folder, folders, files, _ in os.fwalk(top, follow_symlinks=False)][0][1:])
        descriptor = os.open(top, os.O_RDONLY)
        seen.append([folder for folder, _, _, _ in os.fwalk("a", topdown=False, dir_fd=descriptor)])
        os.close(descriptor)
        os.renames(top + "/a/one.txt", top + "/new/deep/moved.txt")
        os.removedirs(top + "/a/b/c")
        with os.fdopen(os.open(top + "/fd", os.O_WRONLY | os.O_CREAT), "w") as file:
            file.write("x")
        seen += [error(os.makedirs, top + "/a"), error(os.removedirs, top + "/none"), error(os.fdopen, "x"), os.path.exists(top + "/new")]
    environ = os.environ
    environ["DEMO_A"] = "1"
    seen += [os.getenv("DEMO_A"), os.getenv("DEMO_NONE", "d"), os.getenvb(b"DEMO_A"), environ.copy()["DEMO_A"], environ.setdefault("DEMO_A", "2"), "DEMO_A" in environ, (environ | {"x": "y"})["x"], ({"x": "y"} | environ)["DEMO_A"]]
    environ |= {"DEMO_B": "3"}
    seen += [environ.pop("DEMO_B"), error(environ.__delitem__, "DEMO_B"), error(environ.__setitem__, "k", 5), error(environ.__getitem__, "DEMO_B"), error(environ.__getitem__, 5), len(environ) > 0, "DEMO_A" in list(environ), repr(environ)[:9]]
    del environ["DEMO_A"]

    class Path(os.PathLike):  # type: ignore[misc,name-defined]
        def __fspath__(self) -> str:
            return "like/a/path"

    class Duck:
        def __fspath__(self) -> int:
            return 5

    seen += [os.fspath(Path()), os._fspath(Path()) if hasattr(os, "_fspath") else "", os.fsencode("é"), os.fsdecode(b"\xc3\xa9"), os.fsencode(b"x"), os.fsdecode("y"), issubclass(Duck, os.PathLike), error(os.fsencode, Duck())]
    seen += [os.get_exec_path({"PATH": "/a:/b"}), os.get_exec_path({}), error(os.get_exec_path, {"PATH": "a", b"PATH": b"b"}), error(os.execvpe, "no-such-program-x", ["x"], {"PATH": "/none"}), error(os.execlp, "/no/such/program", "x")]
    seen += [os.popen.__name__, error(os.popen, 5), error(os.popen, "x", "q"), os.cpu_count() is not None]
    return repr(seen)


@USES.of("fileinput")
def lines_of_files() -> object:
    import fileinput
    import gzip
    import os
    import tempfile

    seen: list[object] = []
    with tempfile.TemporaryDirectory() as top:
        plant(top, "a", "b", "empty", text="1 {0}\n2 {0}\n")
        with open(os.path.join(top, "empty"), "w"):
            pass
        names = [os.path.join(top, name) for name in ("a", "empty", "b")]
        with fileinput.input(names) as lines:
            for line in lines:
                seen.append((line, lines.lineno(), lines.filelineno(), lines.isfirstline(), os.path.basename(lines.filename()), lines.isstdin()))
                if line.startswith("1 a"):
                    seen.append((fileinput.filename() == names[0], fileinput.fileno() > 0, fileinput.lineno(), fileinput.isfirstline(), error(fileinput.input)))
                    fileinput.nextfile()
        with fileinput.FileInput(names[:1], inplace=True, backup=".bak") as lines:
            for line in lines:
                print(line.upper(), end="")
        with open(names[0]) as file:
            seen += [file.read(), os.path.exists(names[0] + ".bak")]
        with gzip.open(os.path.join(top, "z.gz"), "wb") as packed:
            packed.write(b"zipped\n")
        with fileinput.input([os.path.join(top, "z.gz"), names[2]], openhook=fileinput.hook_compressed, encoding="utf-8") as lines:
            seen.append([str(line) for line in lines])
        with fileinput.FileInput(names[2], mode="rb") as raw:
            seen += [raw.readline(), raw.readline(), raw.readline(), raw.fileno()]
        with fileinput.input(names[2], openhook=fileinput.hook_encoded("latin-1")) as lines:
            seen.append(lines.readline())
        stdin = sys.stdin
        import io

        sys.stdin = io.StringIO("from stdin\n")
        seen.append([(line, lines.filename()) for lines in [fileinput.FileInput("-")] for line in lines])
        sys.stdin = stdin
        fileinput.close()
        seen += [error(call) for call in (fileinput.nextfile, fileinput.filename, fileinput.lineno, fileinput.fileno, fileinput.isstdin, fileinput.filelineno)]
        seen += [error(fileinput.FileInput, names, mode="w"), error(fileinput.FileInput, names, inplace=True, openhook=open), error(fileinput.FileInput, names, openhook=5), error(lambda: list(fileinput.FileInput("/no/such")))]
    return tuple(seen)


@USES.of("wave")
def sound_files() -> object:
    import io
    import os
    import tempfile
    import wave

    out = io.BytesIO()
    with wave.open(out, "wb") as sound:
        seen: list[object] = [error(sound.getnchannels), error(sound.setsampwidth, 9), error(sound.setnchannels, 0), error(sound.setframerate, 0), error(sound.setcomptype, "x", "y"), error(sound.getparams)]
        sound.setparams((2, 2, 8000, 0, "NONE", "not compressed"))
        sound.writeframesraw(b"\0\1\2\3" * 10)
        sound.writeframes(b"\4\5\6\7")
        seen += [sound.tell(), sound.getnframes(), sound.getcompname(), sound.getcomptype(), sound.getframerate(), sound.getsampwidth(), error(sound.setnchannels, 1), error(sound.setparams, (1, 1, 1, 1, "NONE", ""))]
    raw = out.getvalue()
    with wave.open(io.BytesIO(raw)) as reader:
        seen += [reader.getparams(), reader.readframes(3), reader.tell(), reader.setpos(9), reader.readframes(99), reader.rewind(), error(reader.setpos, 99), reader.getfp() is not None]
    broken = (b"", b"RIFX", raw[:20], raw.replace(b"WAVE", b"wave"), raw.replace(b"fmt ", b"fmx "), raw[:20] + b"\x55\0" + raw[22:], raw[:36], raw[:34] + b"\0\0" + raw[36:], raw[:22] + b"\0\0" + raw[24:])
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


@USES.of("dbm.dumb")
def dumb_database() -> object:
    import os
    import tempfile
    from dbm import dumb

    with tempfile.TemporaryDirectory() as top:
        path = os.path.join(top, "base")
        seen: list[object] = [error(dumb.open, path, "r"), error(dumb.open, path, "q")]
        with dumb.open(path, "n", 0o600) as base:
            base["k"] = b"v" * 600
            base[b"k"] = "short"
            base["long"] = b"x" * 20
            base["long"] = b"y" * 2000
            base["gone"] = "z"
            del base["gone"]
            base.sync()
            seen += [base["k"], "k" in base, b"zz" in base, len(base), sorted(base.keys()), sorted(base.items())[0], base.get("n", b"d"), base.setdefault("s", b"t"), error(base.__getitem__, "gone")]
            seen += [error(base.__setitem__, 5, b""), error(base.__setitem__, "a", 5), error(base.__delitem__, "nope")]
        seen += [error(base.keys), error(len, base), error(base.__getitem__, "k")]
        with dumb.open(path, "r") as base:
            seen += [sorted(base), error(base.__setitem__, "a", "b"), error(base.__delitem__, "k"), base.close()]
        with dumb.open(path, "c") as base:
            base.update({"more": "1"})
            seen.append(base.pop("more"))
        with open(path + ".dir", "a") as file:
            file.write("nonsense\n")
        seen += [error(dumb.open, path), sorted(os.listdir(top))]
    return tuple(seen)


@USES.of("shelve")
def shelves() -> object:
    import os
    import shelve
    import tempfile
    from dbm import dumb

    with tempfile.TemporaryDirectory() as top:
        store: dict[Any, Any] = {}
        with shelve.Shelf(store, protocol=2, writeback=True) as shelf:
            shelf["list"] = [1]
            shelf["list"].append(2)
            shelf["other"] = {"k": "v"}
            del shelf["other"]
            seen: list[object] = [shelf["list"], "list" in shelf, len(shelf), list(shelf), shelf.get("none", 5), shelf.get("list"), error(shelf.__getitem__, "no")]
            shelf.sync()
        seen += [error(shelf.__getitem__, "list"), error(lambda: list(shelf)), shelf.close()]  # type: ignore[func-returns-value]
        with shelve.BsdDbShelf(Ordered(store)) as ordered:  # type: ignore[arg-type]
            ordered["z"] = 9
            seen += [ordered.first(), ordered.next(), ordered.previous(), ordered.last(), ordered.set_location(b"z")]
        base: Any = dumb.open(os.path.join(top, "db"), "c")
        with shelve.Shelf(base) as shelf:
            shelf["k"] = (1, 2)
        with shelve.open(os.path.join(top, "db"), "r") as named:
            seen += [dict(named), error(named.__setitem__, "a", 1)]
    return tuple(seen)


class Ordered(dict[bytes, bytes]):
    """A mapping with a cursor, as the BSD databases have."""

    def first(self) -> Any:
        return min(self.items())

    def last(self) -> Any:
        return max(self.items())

    __next__, previous = last, first

    def set_location(self, key: Any) -> Any:
        return key, self[key]


@USES.of("sqlite3.dump")
def database_dumps() -> object:
    import sqlite3
    from sqlite3 import dump

    base = sqlite3.connect(":memory:")
    base.executescript(
        "create table item(id integer primary key autoincrement, name text, data blob, \"odd \"\"name\" real);"
        "insert into item values(1, 'it''s', x'00ff', 1.5), (2, null, null, null);"
        "create index by_name on item(name); create view names as select name from item;"
        "create trigger t after insert on item begin delete from item where id > 9; end;"
        "create table empty(x);"
    )
    lines = list(dump._iterdump(base))  # type: ignore[attr-defined]
    some = dump._iterdump(base, filter="e%") if sys.version_info >= (3, 13) else dump._iterdump(base)  # type: ignore[attr-defined]
    first = next(some)
    some.close()
    copy = sqlite3.connect(":memory:")
    copy.executescript("\n".join(lines))
    rows = copy.execute("select name, data from item").fetchall()
    copy.close()
    base.row_factory = sqlite3.Row
    again = list(base.iterdump()) == lines
    base.close()
    return lines, first, rows, again, error(lambda: list(dump._iterdump(base)))  # type: ignore[attr-defined]


@USES.of("_pyio")
def pure_io() -> object:
    import _pyio
    import os
    import tempfile

    seen: list[object] = []
    with tempfile.TemporaryDirectory() as top:
        path = os.path.join(top, "file")
        with _pyio.open(path, "w", encoding="utf-8", newline="\r\n") as text:
            seen += [text.write("one\ntwo é\n"), text.encoding, text.errors, text.line_buffering, text.tell(), text.writable(), text.isatty(), error(text.read)]
            text.writelines(["three", "\n"])
            text.reconfigure(line_buffering=True)
        for newline in (None, "", "\n", "\r\n"):
            with _pyio.open(path, encoding="utf-8", newline=newline) as text:
                seen += [text.readline(), text.readlines(), text.newlines if not newline else newline]
        with _pyio.open(path, encoding="utf-8") as text:
            mark = (text.read(6), text.tell())[1]
            seen += [text.read(3), text.seek(mark), text.read(2), text.seek(0, 2), error(text.seek, 1, 1), error(text.seek, -1), error(text.seek, 0, 5), text.seek(0), next(text), error(text.tell)]
        with _pyio.open(path, "rb") as raw:
            seen += [raw.read(2), raw.peek(3)[:3], raw.read1(2), raw.readline(), raw.tell(), raw.seek(-3, 2), raw.read(), raw.readinto(bytearray(2)), raw.mode, raw.seekable(), error(raw.write, b"x"), raw.seek(1, 1)]
        with _pyio.open(path, "r+b", buffering=4) as both:
            seen += [both.read(2), both.write(b"XY"), both.seek(0), both.read(), both.truncate(5), both.flush(), both.write(b"longer than the buffer"), both.tell(), both.readinto1(bytearray(3)), both.raw.name == path]
        with _pyio.open(path, "wb", buffering=0) as unbuffered:
            seen += [unbuffered.write(b"raw"), unbuffered.fileno() > 0, unbuffered.readable(), unbuffered.mode, repr(unbuffered)[:13], error(unbuffered.read), unbuffered.truncate(2), unbuffered.seek(1)]
        with _pyio.open(path, "ab") as more, _pyio.open(path, "rb", 0) as reading:
            seen += [more.write(b"+"), more.flush(), reading.readall(), reading.read(3), reading.readinto(bytearray(4)), reading.seek(0), reading.read(2), error(reading.write, b"")]
        errors = [error(_pyio.open, *args) for args in ((path, "q"), (path, "rw"), (path, "rbt"), (path, "r", 0), (path, "rb", -1, "utf-8"), (path, ""), (5.5,), (path, "xb"), (path + "no",), (top,), (path, 5), (path, "r", -1, None, None, "bad"))]
    memory: Any = _pyio.BytesIO(b"some\nbytes\n")
    seen += [memory.read(3), memory.readline(), memory.seek(0, 2), memory.write(b"!"), memory.getvalue(), memory.seek(20), memory.write(b"far"), memory.truncate(4), memory.getbuffer().nbytes, memory.seek(0), list(memory), memory.tell(), memory.read1(1), error(memory.seek, -1), error(memory.write, "x"), memory.readable()]
    string: Any = _pyio.StringIO("a\nb\r\nc", newline=None)
    seen += [string.read(), string.getvalue(), string.seek(0), string.readline(), string.write("zz"), string.newlines, repr(string)[:18], error(string.write, b"x"), error(string.detach), string.encoding, string.close(), error(string.read)]
    text = _pyio.TextIOWrapper(_pyio.BytesIO(b"ab\xff\ncd"), encoding="ascii", errors="replace", write_through=True)
    seen += [text.read(1), text.read(), text.buffer is not None, text.detach() is not None, error(text.read), error(_pyio.TextIOWrapper, _pyio.BytesIO(), "no-such-codec")]
    pair: Any = _pyio.BufferedRWPair(_pyio.BytesIO(b"in"), _pyio.BytesIO())
    seen += [pair.read(1), pair.write(b"out"), pair.peek(1), pair.readinto(bytearray(1)), pair.flush(), pair.readable(), pair.isatty(), pair.close(), pair.closed]
    decoder = _pyio.IncrementalNewlineDecoder(None, translate=True)
    seen += [decoder.decode("a\r"), decoder.getstate(), decoder.decode("\nb\rc\n", final=True), decoder.newlines, decoder.reset(), decoder.setstate((b"", 1))]

    class Slow(_pyio.RawIOBase):  # type: ignore[misc,name-defined]
        chunks = [b"ab", None, b"c", b""]

        def readable(self) -> bool:
            return True

        def readinto(self, buffer: Any) -> int | None:
            chunk = self.chunks.pop(0)
            if chunk is not None:
                buffer[: len(chunk)] = chunk
            return None if chunk is None else len(chunk)

    slow: Any = _pyio.BufferedReader(Slow())
    seen += [slow.read(9), slow.read(), error(slow.seek, 0), error(Slow().seek, 0), error(Slow().write, b""), error(Slow().fileno), Slow().isatty(), error(_pyio.BufferedReader, Slow(), 0)]
    Slow.chunks = []
    base: Any = _pyio.IOBase()
    errors += [error(base.truncate), base.seekable(), error(base._checkReadable), error(_pyio.BufferedIOBase().read), error(_pyio.BufferedIOBase().detach), error(_pyio.TextIOBase().write, ""), error(_pyio.TextIOBase().readline)]
    return repr(seen), errors
