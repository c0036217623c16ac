"""Workloads over paths."""

# Calls stand in rows, as in a table; one to a line, they would hide what is used of a module.
# fmt: off
# Private names and wrong arguments are used on purpose.
# mypy: ignore-errors

from __future__ import annotations

import sys

from ..helpers import error, fresh, plant
from ..registry import Uses

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

USES = Uses()


@USES.of("pathlib", before=(3, 13))
@USES.of("pathlib", since=(3, 14))
def paths_in_one_file() -> object:
    import pathlib

    return path_uses(pathlib)


def path_uses(pathlib: Any) -> object:
    import contextlib
    import os
    import tempfile

    pure, windows = pathlib.PurePosixPath, pathlib.PureWindowsPath
    paths = [pure(text)
             for text in ("/a/b.tar.gz", "a/../b", ".", "//two", "///three", "dir/.hidden", "a/b/",
                          "x.")]
    drives = [windows(text)
              for text in ("c:\\a\\B.txt", "\\\\host\\share\\x", "c:rel", "CON", "\\root",
                           "//?/c:/y")]
    seen: list[object] = []
    for path in (*paths, *drives):
        seen.append((str(path), path.parts, path.name, path.stem, path.suffix, path.suffixes,
                     str(path.parent), path.anchor, path.drive, path.root, path.is_absolute(),
                     path.as_posix(), [str(p) for p in path.parents]))
    a = pure("a/b/c.py")
    seen += [a / "d" / "/e", "r" / a, a.joinpath("x", "y"), a.relative_to("a"),
             a.is_relative_to("q"), a.with_name("n.z"), a.with_stem("s"), a.with_suffix(""),
             a.with_suffix(".q"), a.match("*.py"), a.match("/b/*")]
    seen += [a == pure("a", "b", "c.py"), a < pure("b"), hash(a) == hash(pure("a/b/c.py")), repr(a),
             bytes(a), os.fspath(a), windows("A") == windows("a"), pure("/x y").as_uri(),
             windows("c:/z").as_uri(), a.parents[0], a.parents[-1], len(a.parents), a.parents[:2]]
    errors = [error(a.relative_to, "z"), error(a.with_name, ""), error(a.with_name, "a/b"),
              error(a.with_suffix, "bad"), error(pure("").with_name, "x"), error(a.as_uri),
              error(pure, 5), error(lambda: a < 5), error(a.match, ""), error(lambda: a.parents[9])]
    errors += [error(lambda: a / 5), error(windows("c:/").with_stem, "x"),
               error(lambda: a < windows("a"))]
    seen += [windows("c:/a").relative_to("C:/"), windows("c:/a", "d:/b"), windows("c:/a", "/b"),
             windows("c:/a") / "c:b", windows("nul").drive]
    if sys.version_info >= (3, 12):
        seen += [a.relative_to("a/x", walk_up=True), a.with_segments("q"),
                 a.match("B/C.PY", case_sensitive=False)]
    if sys.version_info >= (3, 13):
        seen += [a.full_match("**/*.py"), pathlib.Path.from_uri("file:///tmp/x%20y")]
    with tempfile.TemporaryDirectory() as name, contextlib.chdir("/"):
        top = pathlib.Path(name)
        file = top / "file.txt"
        seen += [file.write_text("one\ntwo\n"), file.read_text(), file.write_bytes(b"bytes"),
                 file.read_bytes(), file.exists(), file.is_file(), file.is_dir(),
                 file.stat().st_size, oct(file.lstat().st_mode), file.touch(),
                 error(file.touch, exist_ok=False)]
        (top / "sub" / "deep").mkdir(parents=True)
        (top / "sub" / "deep" / "leaf.py").touch()
        (top / "sub").mkdir(exist_ok=True)
        link = top / "link"
        link.symlink_to("file.txt")
        (top / "loop").symlink_to("loop")
        (top / "hard").hardlink_to(file)
        seen += [link.is_symlink(), link.readlink(), link.resolve().name,
                 file.samefile(top / "hard"), file.samefile(link), error((top / "loop").stat),
                 (top / "loop").exists()]
        seen += [sorted(p.name for p in top.iterdir()), sorted(p.name for p in top.glob("*.txt")),
                 sorted(p.name for p in top.glob("**/")), sorted(p.name for p in top.rglob("*.py")),
                 sorted(p.name for p in top.glob("sub/*/leaf.py")), list(top.glob("none/x"))]
        with file.open("a+", encoding="utf-8") as opened:
            seen += [opened.write("more")]
        file.chmod(0o600)
        seen += [oct(file.stat().st_mode), file.rename(top / "renamed").name,
                 (top / "renamed").replace(top / "file.txt").name,
                 file.owner() != "" if os.getuid() == 0 else True, file.is_mount(),
                 file.is_socket(), file.is_fifo(), file.is_block_device(), file.is_char_device()]
        errors += [error((top / "none").unlink), (top / "none").unlink(missing_ok=True),
                   error((top / "sub").rmdir), error(top.mkdir), error((top / "x" / "y").mkdir),
                   error((top / "none").read_text), error(file.write_text, b"x"),
                   error(file.write_bytes, "x"), error((top / "none").resolve, strict=True)]
        errors += [error(lambda: list(top.glob(""))), error(lambda: list(top.glob("/abs"))),
                   error(lambda: list(top.rglob("/abs"))),
                   error(top.joinpath("loop").resolve, strict=True),
                   error(lambda: list((top / "file.txt").iterdir()))]
        (top / "sub" / "deep" / "leaf.py").unlink()
        (top / "sub" / "deep").rmdir()
        seen += [pathlib.Path("~nobody_such").is_absolute(),
                 error(pathlib.Path("~no_such_user_x").expanduser),
                 pathlib.Path("rel").absolute().is_absolute(), pathlib.Path.cwd().is_absolute(),
                 pathlib.Path("a", "..", "b")]
        if hasattr(top, "walk"):
            walked = sorted((folder.name == top.name, sorted(folders), sorted(files))
                            for folder, folders, files in top.walk())
            seen += [walked, len(list(top.walk(top_down=False, follow_symlinks=True)))]
        errors.append(error(pathlib.WindowsPath, "x"))
        seen = [str(item).replace(name, "").replace(top.name, "") for item in seen]
    return seen, [str(item) for item in errors]


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
    texts = ("/a/b/../c", "a//b/./c/", "//x", "///y", "", ".", "../..", "/../z", "a/..", ".bashrc",
             "x.tar.gz", "dir.d/file", "...", b"raw/../b")
    seen: list[object] = []
    for text in texts:
        seen.append((path.normpath(text), path.split(text), path.splitext(text),
                     path.basename(text), path.dirname(text), path.isabs(text),
                     path.splitdrive(text), path.normcase(text)))
    saved = os.environ.get("HOME")
    os.environ.update(HOME="/home/demo", DEMO="value")
    seen += [path.expanduser("~/x"), path.expanduser("~"), path.expanduser("~root/y"),
             path.expanduser("~no_such_user_x"), path.expanduser(b"~/z"), path.expanduser("plain")]
    seen += [path.expandvars("$DEMO/${DEMO}x$NOPE ${open"), path.expandvars(b"$DEMO"),
             path.expandvars("none"), path.join("a", "b", "/c", "", "d"), path.join(b"a", b"b"),
             path.commonpath(["/a/b/c", "/a/b/d"]), path.commonpath([b"x/y", b"x/z"])]
    del os.environ["DEMO"]
    os.environ.pop("HOME")
    if saved is not None:
        os.environ["HOME"] = saved
    seen += [path.relpath("/a/b", "/a/c/d"), path.relpath("/x", "/x"), path.relpath(b"/q/r", b"/q"),
             path.commonprefix(["abc", "abd"]), path.commonprefix([]), path.isabs("/")]
    if hasattr(path, "splitroot"):
        seen += [path.splitroot("//a/b"), path.splitroot("/a"), path.splitroot(b"a"),
                 path.splitroot("///x")]
    with tempfile.TemporaryDirectory() as top, contextlib.chdir("/"):
        seen += [path.abspath("x"), path.relpath("usr"), path.realpath("x"),
                 error(path.relpath, "a", b"b")]
        plant(top, "real/file.txt")
        for name, target in (("link", "real"), ("loop", "loop"), ("up", "real/../real/file.txt"),
                             ("gone", "none/x")):
            os.symlink(target, os.path.join(top, name))
        seen += [path.realpath(os.path.join(top, name))[len(os.path.realpath(top)) :]
                 for name in ("link/file.txt", "loop", "up", "gone", "link/../real/./file.txt")]
        seen += [path.islink(top + "/link"), path.lexists(top + "/loop"),
                 path.exists(top + "/loop"), path.ismount(top), path.ismount("/"),
                 path.ismount(top + "/none"), path.ismount(top + "/link"),
                 path.lexists(top + "/none")]
        seen += [error(path.realpath, top + "/loop", strict=True),
                 error(path.realpath, top + "/none", strict=True),
                 path.samefile(top + "/link", top + "/real"), path.isdir(top),
                 path.getsize(top + "/real/file.txt")]
        seen = [str(item).replace(top, "") for item in seen]
    errors = [error(path.join, "a", b"b"), error(path.commonpath, []),
              error(path.commonpath, ["/a", "b"]), error(path.commonpath, ["a", b"b"]),
              error(path.relpath, ""), error(path.join, 5), error(path.normpath, 5)]
    return seen, errors


@USES.of("ntpath")
def windows_paths() -> object:
    import os

    path = fresh("ntpath")
    texts = ("c:\\a\\..\\b", "C:/x//y/", "\\\\host\\share\\dir\\f.txt", "//host/share",
             "c:rel\\.\\x", "\\root", "", ".", "..\\..", "c:\\..\\..", "a.tar.gz",
             "\\\\?\\UNC\\h\\s\\p", "\\\\.\\dev\\x", b"c:\\raw", "\\\\?\\c:\\deep", "CON",
             "a\\b.c\\d")
    seen: list[object] = []
    for text in texts:
        seen.append((path.normpath(text), path.split(text), path.splitext(text),
                     path.basename(text), path.dirname(text), path.splitdrive(text),
                     path.normcase(text), path.isabs(text)))
    joins = (("c:\\a", "b"), ("c:\\a", "\\b"), ("c:\\a", "d:b"), ("c:\\a", "C:b"), ("c:", "x"),
             ("\\\\h\\s", "x"), ("a", "", "b/"), (b"a", b"b"), ("", "c:x"))
    seen += [path.join(*parts) for parts in joins]
    saved = {name: os.environ.pop(name, None)
             for name in ("USERPROFILE", "HOMEPATH", "HOMEDRIVE", "USERNAME")}
    seen.append(path.expanduser("~\\x"))
    os.environ.update(HOMEPATH="\\Users\\demo", HOMEDRIVE="c:", USERNAME="demo")
    seen += [path.expanduser("~"), path.expanduser("~other\\y"), path.expanduser("plain"),
             path.expanduser(b"~/z")]
    os.environ["USERPROFILE"] = "d:\\Profiles\\demo"
    seen += [path.expanduser("~/q"),
             path.expandvars(
                 "%USERNAME% $USERNAME ${USERNAME} '%x%' $$ %% %NOPE% ${NOPE} %open ${open $-"
             ), path.expandvars(b"%USERNAME%"), path.expandvars("none")]
    for name, value in saved.items():
        os.environ.pop(name, None)
        if value is not None:
            os.environ[name] = value
    seen += [path.commonpath(["C:\\a\\b", "c:/A/c"]), path.commonpath([b"x\\y", b"x\\z"]),
             path.relpath("c:\\a\\b", "c:\\a\\c"), path.relpath("c:\\x", "C:\\X"),
             path.ismount("c:\\"), path.ismount("\\\\h\\s\\"), path.ismount("c:\\x")]
    seen += [
        path.splitroot(text) for text in ("c:\\a", "\\\\h\\s\\x", "rel", b"c:x")
    ] if hasattr(path, "splitroot") else []
    if hasattr(path, "isreserved"):
        seen += [path.isreserved(text)
                 for text in ("con", "a/nul.txt", "ok", "x.", "com1", "a*b", b"aux")]
    errors = [error(path.join, "a", b"b"), error(path.commonpath, []),
              error(path.commonpath, ["c:\\a", "d:\\a"]), error(path.commonpath, ["c:\\a", "c:a"]),
              error(path.relpath, ""), error(path.relpath, "c:\\a", "d:\\b"), error(path.join, 5),
              error(path.commonpath, ["a", b"b"])]
    return seen, errors


@USES.of("genericpath")
def generic_paths() -> object:
    import os
    import tempfile

    path = fresh("genericpath")
    with tempfile.TemporaryDirectory() as top:
        plant(top, "file")
        os.utime(top + "/file", (5, 6))
        found = [(path.exists(name), path.isfile(name), path.isdir(name))
                 for name in (top, top + "/file", top + "/none", "nul\0", 99999)]
        times = int(path.getmtime(top + "/file")), int(
            path.getatime(top + "/file")
        ), path.getctime(top + "/file") > 5, path.getsize(top + "/file")
        with open(top + "/file") as one, open(top + "/file") as two:
            same = path.sameopenfile(one.fileno(), two.fileno()), path.samefile(
                top + "/file", top + "/file"
            )
    prefixes = [path.commonprefix(names)
                for names in ([], ["a"], ["abc", "abd"], [["x", "y"], ["x", "z"]],
                              ("same", "same"))]
    exts = [path._splitext(name, "/", None, ".") for name in ("a.b", "a.b/c", ".c", "..d", "e.")]
    return (
        found, times, same, prefixes, exts, error(path._check_arg_types, "f", "a", b"b"),
        error(path._check_arg_types, "f", 5), error(path.getsize, "/no/such")
    )


@USES.of("stat")
def file_modes() -> object:
    stat = fresh("stat", "_stat")
    modes = (0o100644, 0o104755, 0o102711, 0o041777, 0o120777, 0o010600, 0o140000, 0o020666,
             0o060660, 0o041776, 0o102644, 0o104600)
    kinds = ("DIR", "REG", "LNK", "FIFO", "SOCK", "CHR", "BLK", "DOOR", "PORT", "WHT")
    return (
        [stat.filemode(mode) for mode in modes],
        [[getattr(stat, "S_IS" + kind)(mode) for kind in kinds] for mode in modes],
        [(stat.S_IMODE(m), stat.S_IFMT(m)) for m in modes]
    )
