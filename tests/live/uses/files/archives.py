"""Workloads over zip and tar archives."""

# Calls stand in rows, as in a table; one to a line, they would hide what is used of a module.
# fmt: off
# Private names and wrong arguments are used on purpose.
# mypy: ignore-errors

from __future__ import annotations

import sys

from ..helpers import error, plant, said, tree
from ..registry import Uses

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

USES = Uses()


@USES.of("zipfile")
def zip_archives() -> object:
    import io
    import os
    import tempfile
    import zipfile

    out = io.BytesIO()
    seen: list[object] = []
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as packed:
        for name, data in (("a.txt", b"a" * 500), ("dir/b.txt", b"bee"), ("dir/", b""),
                           ("ü.txt", "é".encode())):
            packed.writestr(zipfile.ZipInfo(name, (2020, 1, 2, 3, 4, 6)), data,
                            zipfile.ZIP_STORED if name == "dir/b.txt" else zipfile.ZIP_DEFLATED)
        with packed.open(zipfile.ZipInfo("streamed", (1980, 1, 1, 0, 0, 0)), "w") as stream:
            stream.write(b"part one ")
            stream.write(b"part two")
            seen += [error(packed.open, "other", "w"), error(packed.writestr, "x", b""),
                     error(packed.close)]
        packed.comment = b"a comment"
        if hasattr(packed, "mkdir"):
            packed.mkdir("made")
    raw = out.getvalue()
    with zipfile.ZipFile(io.BytesIO(raw)) as packed, tempfile.TemporaryDirectory() as top:
        with packed.open("a.txt") as member:
            seen += [member.read(3), member.peek(2)[:2], member.seek(10), member.tell(),
                     member.seek(-5, 2), member.read1(9), member.readline(), member.seekable(),
                     repr(member)[:22]]
        seen += [packed.namelist(), packed.read("ü.txt"), packed.getinfo("dir/").is_dir(),
                 packed.testzip(), packed.comment, repr(packed)[:16], repr(packed.getinfo("a.txt"))]
        packed.extractall(top, ["a.txt", "dir/b.txt"])
        packed.extract("dir/", top)
        seen += [tree(top), said(packed.printdir)[1], error(packed.read, "none"),
                 error(packed.writestr, "x", b""), error(packed.open, "a.txt", "x"),
                 error(packed.getinfo, "no")]
        root = zipfile.Path(packed)
        seen += [sorted(entry.name for entry in root.iterdir()),
                 (root / "dir" / "b.txt").read_text(), root.joinpath("a.txt").exists(),
                 (root / "none").is_file(), (root / "dir").is_dir(), (root / "a.txt").at]
        seen += [(root / "ü.txt").read_bytes(), (root / "dir/b.txt").parent.name,
                 error((root / "dir/").open), error((root / "none").open),
                 error((root / "a.txt").iterdir), (root / "a.txt").suffix]
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
        seen += [zipfile.is_zipfile(path), zipfile.is_zipfile(io.BytesIO(b"no")),
                 zipfile.is_zipfile("/no/such"), error(zipfile.ZipFile, path, "x")]
        for line in (("-l", path), ("-t", path), ("-e", path, os.path.join(top, "out")),
                     ("-c", os.path.join(top, "c.zip"), os.path.join(top, "tree"))):
            seen.append(said(zipfile.main, list(line))[0])
    damaged = raw.replace(b"bee", b"bad")
    with zipfile.ZipFile(io.BytesIO(damaged)) as packed:
        seen += [packed.testzip(), error(packed.read, "dir/b.txt")]
    broken = (b"", b"PK\5\6" + bytes(18), raw[:-30], raw[40:], raw.replace(b"PK\1\2", b"PK\7\7"),
              b"x" * 100)
    seen += [error(zipfile.ZipFile, io.BytesIO(data)) for data in broken]
    seen += [error(zipfile.ZipFile, io.BytesIO(), "q"),
             error(zipfile.ZipFile, io.BytesIO(), "w", 99),
             error(zipfile.ZipInfo, "x", (1979, 1, 1, 0, 0, 0)), error(packed.read, "a.txt")]
    locked = bytearray(raw)
    locked[6] |= 1
    locked[raw.index(b"PK\1\2") + 8] |= 1
    with zipfile.ZipFile(io.BytesIO(bytes(locked))) as packed:
        packed.setpassword(b"wrong")
        seen += [error(packed.read, "a.txt"), error(packed.setpassword, "text"),
                 error(packed.read, "a.txt", "text")]
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
    seen += [sorted(path.at for path in root.rglob("*.txt")),
             sorted(path.name for path in b.glob("*")),
             sorted(path.at for path in root.glob("**/?.py"))]
    seen += [(b / "d/e.tar.gz").suffixes, (b / "d/e.tar.gz").stem,
             b.match("b*") if sys.version_info < (3, 14) else True, b.is_symlink(),
             (b / "c.txt").relative_to(b), root.root is b.root]
    seen += [root == zipfile.Path(root.root), hash(b) != 0, b.exists(), (root / "q").exists(),
             b.parent.at, (b / "..").at, root.joinpath("g", "h", "i.txt").read_text("utf-8")]
    seen += [error(b.open), error((root / "q").open), error((b / "c.txt").open, "rb", "utf-8"),
             error(root.glob, ""), error(lambda: list((b / "c.txt").iterdir())),
             error(lambda: list(root.rglob("")))]
    with zipfile.ZipFile(io.BytesIO(), "w") as empty:
        path = zipfile.Path(empty)
        with (path / "new.txt").open("w") as file:
            file.write("written")
        seen.append((path / "new.txt").exists())
    complete = zipfile.CompleteDirs(io.BytesIO(out.getvalue()))
    seen += [complete.namelist()[-3:], complete.getinfo("b/").filename,
             error(complete.getinfo, "zz"), complete.resolve_dir("b"),
             error(pickle.dumps, complete) != ""]
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
            with tarfile.open(mode=mode, fileobj=out, format=form, encoding="utf-8") as packed:
                for name, size, kind in (("a.txt", 5, tarfile.REGTYPE), ("dir", 0, tarfile.DIRTYPE),
                                         ("dir/" + "n" * 80 + "/long.txt", 3, tarfile.REGTYPE),
                                         ("link", 0, tarfile.SYMTYPE)):
                    info = tarfile.TarInfo(name)
                    info.size, info.type, info.mtime = size, kind, 1_000_000_000
                    info.mode = 0o755 if kind == tarfile.DIRTYPE else 0o640
                    info.linkname = "a.txt" if kind == tarfile.SYMTYPE else ""
                    info.uname, info.pax_headers = "user", {
                        "comment": "é"
                    } if form == tarfile.PAX_FORMAT else {}
                    packed.addfile(info, io.BytesIO(b"x" * size))
                if form == tarfile.USTAR_FORMAT:
                    seen.append(error(packed.addfile, tarfile.TarInfo("z" * 300)))
                else:
                    big = tarfile.TarInfo("deep/" * 60 + "end")
                    big.uid = 2**22 if form == tarfile.GNU_FORMAT else 5
                    packed.addfile(big)
            plain = out.getvalue() if mode == "w" else plain
            with tarfile.open(fileobj=io.BytesIO(out.getvalue()),
                              mode="r|*" if "|" in mode else "r:*") as packed:
                seen.append([(member.name[:12], member.size, member.type, member.isdir(),
                              oct(member.mode)) for member in packed])
    with tempfile.TemporaryDirectory() as top, tarfile.open(fileobj=io.BytesIO(plain)) as packed:
        seen += [packed.getnames()[:2], packed.getmember("a.txt").uname,
                 repr(packed.getmember("dir")).split(" at")[0], error(packed.getmember, "none"),
                 error(packed.addfile, tarfile.TarInfo("x"))]
        member: Any = packed.extractfile("a.txt")
        with member:
            seen += [member.read(2), member.peek(9), member.seek(0), member.readline(),
                     member.tell()]
        seen += [packed.extractfile("dir"), said(packed.list)[1][:9],
                 said(packed.list, False)[1][:9]]
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
            seen.append([(entry.name, entry.islnk(), entry.isreg())
                         for entry in other.getmembers()])
        with tarfile.open(path, "a") as other:
            other.add(os.path.join(top, "in/two.txt"), "later.txt", recursive=False)
        with tarfile.TarFile.open(path) as other:
            seen += [other.getnames(), other.next(), other.getmembers()[0].get_info()["name"],
                     tarfile.is_tarfile(path), tarfile.is_tarfile(io.BytesIO(b"no"))]
            walk = iter(other)
            seen.append(next(walk).name)
        evil = io.BytesIO()
        with tarfile.open(mode="w", fileobj=evil) as other:
            for name, kind, target in (
                ("../up", tarfile.REGTYPE, ""), ("/root", tarfile.REGTYPE, ""),
                ("out", tarfile.SYMTYPE, "../../x"), ("abs", tarfile.SYMTYPE, "/etc"),
                ("fifo", tarfile.FIFOTYPE, ""), ("hard", tarfile.LNKTYPE, "../y")
            ):
                info = tarfile.TarInfo(name)
                info.type, info.linkname = kind, target
                other.addfile(info)
        evil.seek(0)
        with tarfile.open(fileobj=evil) as other:
            other.errorlevel = 2
            for entry in other.getmembers():
                seen.append([error(tarfile.data_filter, entry, top),
                             error(tarfile.tar_filter, entry, top),
                             tarfile.fully_trusted_filter(entry, top) is entry])
                seen.append(error(other.extract, entry, top, filter="data"))
            copy = other.getmembers()[0].replace(name="renamed", mode=0o600, deep=False)
        seen += [copy.name, copy.mode, error(other.extractall, top),
                 error(other.extract, "up", top, filter="bogus")]
        for line in (("-l", path), ("-t", path), ("-e", path, os.path.join(top, "out")),
                     ("-vl", path), ("-c", os.path.join(top, "c.tgz"), path)):
            argv, sys.argv = sys.argv, [
                "tarfile", "--filter", "data", *line
            ] if line[0] == "-e" else ["tarfile", *line]
            seen.append(str(said(tarfile.main)[0]))
            sys.argv = argv
    for data in (b"", b"x" * 1024, plain[:300], plain[:1000],
                 plain[:512].replace(b"a.txt", b"b.txt") + plain[512:]):
        for mode in ("r:", "r|", "r:gz", "r"):
            seen.append(error(lambda data=data,
                              mode=mode: tarfile.open(fileobj=io.BytesIO(data),
                                                      mode=mode).getmembers()))
    seen += [error(tarfile.open, "/no/such.tar"), error(tarfile.open, mode="w"),
             error(tarfile.open, path, "q"), error(tarfile.open, "x", "r:nope"),
             error(tarfile.TarInfo.frombuf, b"short", "utf-8", "strict")]
    seen += [tarfile.nts(b"ab\0c", "utf-8", "strict"), tarfile.itn(2**20),
             error(tarfile.itn, 2**40, 8, tarfile.USTAR_FORMAT),
             tarfile.nti(tarfile.itn(-5, format=tarfile.GNU_FORMAT)),
             error(tarfile.itn, -1, 8, tarfile.USTAR_FORMAT), error(tarfile.nti, b"x89\0")]
    return repr(seen)
