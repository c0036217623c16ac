"""Workloads over folders and temporary files."""

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


@USES.of("tempfile")
def temporary_files() -> object:
    import os
    import tempfile

    seen: list[object] = []
    with tempfile.TemporaryDirectory(prefix="demo", suffix=".d") as top:
        descriptor, path = tempfile.mkstemp(".txt", "p-", top, text=True)
        os.close(descriptor)
        made = tempfile.mkdtemp(b"s", b"q", top.encode())
        seen += [os.path.basename(path)[:2], path[-4:], os.path.basename(made)[:1].decode(),
                 os.path.basename(top)[:4], tempfile.gettempdir() == os.path.dirname(top),
                 tempfile.gettempprefixb()]
        with tempfile.NamedTemporaryFile("w+", dir=top, suffix=".n") as named:
            named.write("one\ntwo\n")
            named.seek(0)
            seen += [list(named), os.path.exists(named.name), named.closed, repr(named)[:10],
                     named.file is not None, named.read]
            seen.pop()
        seen += [os.path.exists(named.name), error(named.write, "x")]
        with tempfile.NamedTemporaryFile(dir=top, delete=False) as kept:
            kept.write(b"kept")
        seen += [os.path.getsize(kept.name), tempfile.mktemp(dir=top)[: len(top)] == top]
        with tempfile.TemporaryFile("w+", dir=top, encoding="utf-8") as unnamed:
            unnamed.write("é")
            unnamed.seek(0)
            seen.append(unnamed.read())
        with tempfile.SpooledTemporaryFile(10, "w+", dir=top, encoding="utf-8",
                                           newline="\n") as spooled:
            spooled.write("short")
            before = spooled._rolled
            spooled.writelines(["and ", "longer\n"])
            spooled.seek(0)
            seen += [before, spooled._rolled, spooled.readline(), spooled.tell(), spooled.encoding,
                     spooled.newlines, spooled.errors, spooled.closed, spooled.isatty(),
                     spooled.truncate(3), spooled.mode]
        with tempfile.SpooledTemporaryFile(dir=top) as spooled:
            spooled.write(b"bytes")
            seen += [spooled.name, spooled.seekable(), spooled.readable(), spooled.writable(),
                     spooled.seek(1), spooled.read(2), spooled.readinto(bytearray(2)),
                     spooled.flush(), spooled.fileno() > 0, spooled.detach is not None]
            seen += [spooled.mode, error(lambda: spooled.encoding), list(spooled),
                     spooled.readlines(), spooled.read1() if hasattr(spooled, "read1") else b""]
        seen += [error(tempfile.mkstemp, dir=os.path.join(top, "none")),
                 error(tempfile.mkstemp, b"a", "b"), error(tempfile.mkdtemp, 5),
                 error(tempfile.NamedTemporaryFile, "r", suffix=b"x", prefix="y")]
        seen += [error(tempfile.TemporaryDirectory, dir=os.path.join(top, "none")),
                 error(tempfile.mktemp, dir=5)]
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
        shutil.copytree(at("src"), at("copy"), symlinks=True,
                        ignore=shutil.ignore_patterns("*.pyc", "nothing"))
        shutil.copytree(at("src"), at("copy"), ignore_dangling_symlinks=True, dirs_exist_ok=True,
                        copy_function=shutil.copy, ignore=lambda path, names: ["link"])
        seen += [tree(at("copy")), error(shutil.copytree, at("src"), at("copy")),
                 error(shutil.copytree, at("src"), at("bad")),
                 error(shutil.copytree, at("none"), at("x"))]
        seen += [os.path.basename(shutil.copy(at("single.txt"), at("other"))),
                 os.path.basename(shutil.copy2(at("src/link"), at("link2"), follow_symlinks=False)),
                 os.path.islink(at("link2"))]
        seen += [error(shutil.copyfile, at("single.txt"), at("single.txt")),
                 error(shutil.copyfile, at("src"), at("y")),
                 error(shutil.copy, at("single.txt"), at("no/dir"))]
        os.mkfifo(at("fifo"))
        seen += [error(shutil.copyfile, at("fifo"), at("z")),
                 error(shutil.copyfile, at("single.txt"), at("fifo"))]
        os.remove(at("fifo"))
        shutil.copymode(at("single.txt"), at("other/single.txt"))
        shutil.copystat(at("single.txt"), at("other/single.txt"))
        source, target = io.StringIO("some words"), io.StringIO()
        shutil.copyfileobj(source, target, 4)
        seen += [target.getvalue(), int(os.path.getmtime(at("other/single.txt")))]
        shutil.move(at("single.txt"), at("moved.txt"))
        shutil.move(at("moved.txt"), at("other"))
        shutil.move(at("link2"), at("link3"))
        seen += [error(shutil.move, at("other/moved.txt"), at("other")),
                 error(shutil.move, at("src"), at("src/sub")),
                 error(shutil.move, at("none"), at("other"))]
        archives = []
        for form in ("tar", "gztar", "zip", "bztar", "xztar"):
            archives.append(shutil.make_archive(at(f"archive-{form}"), form, at("src"), "sub"))
        os.makedirs(at("into"))
        for archive in archives[:3]:
            shutil.unpack_archive(archive, at("into"),
                                  **({"filter": "data"} if "tar" in archive else {}))
        seen += [[os.path.basename(archive) for archive in archives], tree(at("into")),
                 os.path.basename(shutil.make_archive(at("dry"), "zip", at("src"), dry_run=True)
                                  or "")]
        seen += [error(shutil.make_archive, at("x"), "nope"),
                 error(shutil.unpack_archive, at("src/a.txt")),
                 error(shutil.unpack_archive, at("src/a.txt"), top, "zip"),
                 error(shutil.make_archive, at("x"), "zip", at("none"))]
        shutil.register_archive_format("demo", lambda name, base, **options: name + ".demo",
                                       [("k", 1)], "a demo")
        shutil.register_unpack_format("demo", [".demo"], lambda path, where,
                                      **options: seen.append("unpacked"), [("k", 2)])
        seen += [os.path.basename(shutil.make_archive(at("d"), "demo")),
                 shutil.unpack_archive(at("d.demo"), top),
                 ("demo", "a demo") in shutil.get_archive_formats(),
                 len(shutil.get_unpack_formats())]
        shutil.unregister_archive_format("demo")
        shutil.unregister_unpack_format("demo")
        seen += [error(shutil.register_archive_format, "x", 5),
                 error(shutil.register_archive_format, "x", len, 5),
                 error(shutil.register_archive_format, "x", len, [5]),
                 error(shutil.register_unpack_format, "x", [".zip"], len)]
        plant(top, "bin/tool", "bin/plain")
        os.chmod(at("bin/tool"), 0o755)
        seen += [shutil.which("tool", path=at("bin")) == at("bin/tool"),
                 shutil.which("plain", path=at("bin")), shutil.which(at("bin/tool")) is not None,
                 shutil.which("x", path=""),
                 shutil.which(b"tool", path=at("bin").encode()) is not None]
        seen += [shutil.disk_usage(top).total > 0, error(shutil.chown, at("bin")),
                 error(shutil.chown, at("bin"), "no such user"),
                 error(shutil.chown, at("bin"), None, "no such group"),
                 shutil.chown(at("bin"), os.getuid(), os.getgid())]
        failures: list[str] = []
        shutil.rmtree(at("none"), ignore_errors=True)
        with_handler = {
            "onexc": lambda function, path, exc: failures.append(function.__name__)
        } if sys.version_info >= (3, 12) else {"onerror": lambda function, path,
                                               info: failures.append(function.__name__)}
        shutil.rmtree(at("none"), **with_handler)
        shutil.rmtree(at("link3"), **with_handler)
        descriptor = os.open(top, os.O_RDONLY)
        shutil.rmtree("into", dir_fd=descriptor)
        os.close(descriptor)
        shutil.rmtree(at("copy"))
        seen += [failures, error(shutil.rmtree, at("src/a.txt")), error(shutil.rmtree, at("none")),
                 os.path.exists(at("into")), shutil.rmtree.avoids_symlink_attacks]
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
        plant(left, "same.txt", "diff.txt", "only-left.txt", "sub/deep.txt", "sub/gone/x", "funny",
              "hidden.pyc", "RCS/")
        plant(right, "same.txt", "diff.txt", "only-right.txt", "sub/deep.txt", "funny/",
              "hidden.pyc", "RCS/")
        with open(os.path.join(right, "diff.txt"), "w") as file:
            file.write("quite different\n")
        for name in ("same.txt", "diff.txt"):
            for folder in (left, right):
                os.utime(os.path.join(folder, name), (1e9, 1e9))
        compared: Any = filecmp.dircmp(left, right, ignore=["RCS"], hide=[".", "..", "hidden.pyc"])
        shown = [said(report)[1].replace(top, "")
                 for report in (compared.report, compared.report_partial_closure,
                                compared.report_full_closure)]
        pairs = [filecmp.cmp(os.path.join(left, name), os.path.join(right, name), shallow)
                 for name in ("same.txt", "diff.txt", "same.txt", "funny")
                 for shallow in (True, False)]
        files = filecmp.cmpfiles(left, right, ["same.txt", "diff.txt", "none"], shallow=False)
        argv = sys.argv
        sys.argv = ["filecmp", "-r", left, right]
        demo = said(filecmp.demo)[0]
        sys.argv = ["filecmp", left]
        failed = error(filecmp.demo)
        sys.argv = argv
        lists = sorted(compared.left_only), sorted(
            compared.common_funny
        ), compared.same_files, compared.diff_files, sorted(compared.subdirs)
        missing = error(getattr, compared, "nothing"), error(
            filecmp.cmp, left, os.path.join(top, "none")
        )
        return shown, pairs, files, demo, failed, lists, missing


@USES.of("glob")
def globbing() -> object:
    import glob
    import os
    import tempfile

    with tempfile.TemporaryDirectory() as top:
        plant(top, "a.txt", "b.py", ".hidden", "sub/c.txt", "sub/deep/d.txt", "[odd]/e.txt",
              ".dot/f.txt")
        os.symlink("sub", os.path.join(top, "link"))
        patterns = ("*", "*.txt", "**", "**/*.txt", "?.py", "[ab].*", "sub/", "*/", "[[]odd]/*",
                    ".*", "none", "none/*", "**/deep/**", "a.txt/*", "sub/c.txt", "*/c.txt", "**/")
        seen = [sorted(glob.glob(pattern, root_dir=top, recursive=True)) for pattern in patterns]
        seen += [sorted(glob.glob(pattern, root_dir=top, recursive=True, include_hidden=True))
                 for pattern in ("**", "*", "*/f.txt")]
        descriptor = os.open(top, os.O_RDONLY)
        seen += [sorted(glob.glob(pattern, dir_fd=descriptor, recursive=True))
                 for pattern in ("*.txt", "sub/**", "*/c.txt", "a.txt")]
        os.close(descriptor)
        seen += [sorted(path[len(top) :]
                        for path in glob.glob(os.path.join(glob.escape(top), "**", "*"))),
                 [p.decode() for p in glob.glob(b"*.py", root_dir=top.encode())]]
        early = glob.iglob("**", root_dir=top, recursive=True)
        seen.append([next(early) != ""])
        early.close()
        seen += [[glob.escape("a[b]*?"), glob.escape(b"x*").decode()],
                 [str(glob.has_magic("a*")), str(glob.has_magic(b"a"))]]
        if hasattr(glob, "translate"):
            seen += [[glob.translate(pattern, recursive=True, include_hidden=hidden, seps="/")]
                     for pattern in ("a/**/b*", "**", "*?[x]/y", "a**") for hidden in (True, False)]
    return tuple(seen)
