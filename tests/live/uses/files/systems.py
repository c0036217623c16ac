"""Workloads over the operating system's files, and a file object in Python."""

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
        walks = [[(folder[len(top) :], sorted(folders), files)
                  for folder, folders, files in os.walk(top, **options)]
                 for options in ({}, {"topdown": False}, {"followlinks": True})]
        pruned = os.walk(top)
        for _, folders, _ in pruned:
            folders[:] = [folder for folder in folders if folder != "b"]
        early = os.walk(top)
        next(early)
        early.close()
        failures: list[object] = []
        seen += [walks,
                 list(os.walk(top + "/none",
                              onerror=lambda exc: failures.append(type(exc).__name__))),
                 failures]
        seen.append([(folder, sorted(folders), sorted(files))
                     for folder, folders, files, _ in os.fwalk(top, follow_symlinks=False)][0][1:])
        descriptor = os.open(top, os.O_RDONLY)
        seen.append([folder for folder, _, _, _ in os.fwalk("a", topdown=False, dir_fd=descriptor)])
        os.close(descriptor)
        os.renames(top + "/a/one.txt", top + "/new/deep/moved.txt")
        os.removedirs(top + "/a/b/c")
        with os.fdopen(os.open(top + "/fd", os.O_WRONLY | os.O_CREAT), "w") as file:
            file.write("x")
        seen += [error(os.makedirs, top + "/a"), error(os.removedirs, top + "/none"),
                 error(os.fdopen, "x"), os.path.exists(top + "/new")]
    environ = os.environ
    environ["DEMO_A"] = "1"
    seen += [os.getenv("DEMO_A"), os.getenv("DEMO_NONE", "d"), os.getenvb(b"DEMO_A"),
             environ.copy()["DEMO_A"], environ.setdefault("DEMO_A", "2"), "DEMO_A" in environ,
             (environ | {"x": "y"})["x"], ({"x": "y"} | environ)["DEMO_A"]]
    environ |= {"DEMO_B": "3"}
    seen += [environ.pop("DEMO_B"), error(environ.__delitem__, "DEMO_B"),
             error(environ.__setitem__, "k", 5), error(environ.__getitem__, "DEMO_B"),
             error(environ.__getitem__, 5), len(environ) > 0, "DEMO_A" in list(environ),
             repr(environ)[:9]]
    del environ["DEMO_A"]

    class Path(os.PathLike):
        def __fspath__(self) -> str:
            return "like/a/path"

    class Duck:
        def __fspath__(self) -> int:
            return 5

    seen += [os.fspath(Path()), os._fspath(Path()) if hasattr(os, "_fspath") else "",
             os.fsencode("é"), os.fsdecode(b"\xc3\xa9"), os.fsencode(b"x"), os.fsdecode("y"),
             issubclass(Duck, os.PathLike), error(os.fsencode, Duck())]
    seen += [os.get_exec_path({"PATH": "/a:/b"}), os.get_exec_path({}),
             error(os.get_exec_path, {"PATH": "a", b"PATH": b"b"}),
             error(os.execvpe, "no-such-program-x", ["x"], {"PATH": "/none"}),
             error(os.execlp, "/no/such/program", "x")]
    seen += [os.popen.__name__, error(os.popen, 5), error(os.popen, "x", "q"),
             os.cpu_count() is not None]
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
                seen.append((line, lines.lineno(), lines.filelineno(), lines.isfirstline(),
                             os.path.basename(lines.filename()), lines.isstdin()))
                if line.startswith("1 a"):
                    seen.append((fileinput.filename() == names[0], fileinput.fileno() > 0,
                                 fileinput.lineno(), fileinput.isfirstline(),
                                 error(fileinput.input)))
                    fileinput.nextfile()
        with fileinput.FileInput(names[:1], inplace=True, backup=".bak") as lines:
            for line in lines:
                print(line.upper(), end="")
        with open(names[0]) as file:
            seen += [file.read(), os.path.exists(names[0] + ".bak")]
        with gzip.open(os.path.join(top, "z.gz"), "wb") as packed:
            packed.write(b"zipped\n")
        with fileinput.input([os.path.join(top, "z.gz"), names[2]],
                             openhook=fileinput.hook_compressed, encoding="utf-8") as lines:
            seen.append([str(line) for line in lines])
        with fileinput.FileInput(names[2], mode="rb") as raw:
            seen += [raw.readline(), raw.readline(), raw.readline(), raw.fileno()]
        with fileinput.input(names[2], openhook=fileinput.hook_encoded("latin-1")) as lines:
            seen.append(lines.readline())
        stdin = sys.stdin
        import io

        sys.stdin = io.StringIO("from stdin\n")
        seen.append([(line, lines.filename()) for lines in [fileinput.FileInput("-")]
                     for line in lines])
        sys.stdin = stdin
        fileinput.close()
        seen += [error(call)
                 for call in (fileinput.nextfile, fileinput.filename, fileinput.lineno,
                              fileinput.fileno, fileinput.isstdin, fileinput.filelineno)]
        seen += [error(fileinput.FileInput, names, mode="w"),
                 error(fileinput.FileInput, names, inplace=True, openhook=open),
                 error(fileinput.FileInput, names, openhook=5),
                 error(lambda: list(fileinput.FileInput("/no/such")))]
    return tuple(seen)


@USES.of("_pyio")
def pure_io() -> object:
    import _pyio
    import os
    import tempfile

    seen: list[object] = []
    with tempfile.TemporaryDirectory() as top:
        path = os.path.join(top, "file")
        with _pyio.open(path, "w", encoding="utf-8", newline="\r\n") as text:
            seen += [text.write("one\ntwo é\n"), text.encoding, text.errors, text.line_buffering,
                     text.tell(), text.writable(), text.isatty(), error(text.read)]
            text.writelines(["three", "\n"])
            text.reconfigure(line_buffering=True)
        for newline in (None, "", "\n", "\r\n"):
            with _pyio.open(path, encoding="utf-8", newline=newline) as text:
                seen += [text.readline(), text.readlines(),
                         newline or text.newlines]
        with _pyio.open(path, encoding="utf-8") as text:
            mark = (text.read(6), text.tell())[1]
            seen += [text.read(3), text.seek(mark), text.read(2), text.seek(0, 2),
                     error(text.seek, 1, 1), error(text.seek, -1), error(text.seek, 0, 5),
                     text.seek(0), next(text), error(text.tell)]
        with _pyio.open(path, "rb") as raw:
            seen += [raw.read(2), raw.peek(3)[:3], raw.read1(2), raw.readline(), raw.tell(),
                     raw.seek(-3, 2), raw.read(), raw.readinto(bytearray(2)), raw.mode,
                     raw.seekable(), error(raw.write, b"x"), raw.seek(1, 1)]
        with _pyio.open(path, "r+b", buffering=4) as both:
            seen += [both.read(2), both.write(b"XY"), both.seek(0), both.read(), both.truncate(5),
                     both.flush(), both.write(b"longer than the buffer"), both.tell(),
                     both.readinto1(bytearray(3)), both.raw.name == path]
        with _pyio.open(path, "wb", buffering=0) as unbuffered:
            seen += [unbuffered.write(b"raw"), unbuffered.fileno() > 0, unbuffered.readable(),
                     unbuffered.mode, repr(unbuffered)[:13], error(unbuffered.read),
                     unbuffered.truncate(2), unbuffered.seek(1)]
        with _pyio.open(path, "ab") as more, _pyio.open(path, "rb", 0) as reading:
            seen += [more.write(b"+"), more.flush(), reading.readall(), reading.read(3),
                     reading.readinto(bytearray(4)), reading.seek(0), reading.read(2),
                     error(reading.write, b"")]
        errors = [error(_pyio.open, *args)
                  for args in ((path, "q"), (path, "rw"), (path, "rbt"), (path, "r", 0),
                               (path, "rb", -1, "utf-8"), (path, ""), (5.5,), (path, "xb"),
                               (path + "no",), (top,), (path, 5),
                               (path, "r", -1, None, None, "bad"))]
    memory: Any = _pyio.BytesIO(b"some\nbytes\n")
    seen += [memory.read(3), memory.readline(), memory.seek(0, 2), memory.write(b"!"),
             memory.getvalue(), memory.seek(20), memory.write(b"far"), memory.truncate(4),
             memory.getbuffer().nbytes, memory.seek(0), list(memory), memory.tell(),
             memory.read1(1), error(memory.seek, -1), error(memory.write, "x"), memory.readable()]
    string: Any = _pyio.StringIO("a\nb\r\nc", newline=None)
    seen += [string.read(), string.getvalue(), string.seek(0), string.readline(),
             string.write("zz"), string.newlines, repr(string)[:18], error(string.write, b"x"),
             error(string.detach), string.encoding, string.close(), error(string.read)]
    text = _pyio.TextIOWrapper(_pyio.BytesIO(b"ab\xff\ncd"), encoding="ascii", errors="replace",
                               write_through=True)
    seen += [text.read(1), text.read(), text.buffer is not None, text.detach() is not None,
             error(text.read), error(_pyio.TextIOWrapper, _pyio.BytesIO(), "no-such-codec")]
    pair: Any = _pyio.BufferedRWPair(_pyio.BytesIO(b"in"), _pyio.BytesIO())
    seen += [pair.read(1), pair.write(b"out"), pair.peek(1), pair.readinto(bytearray(1)),
             pair.flush(), pair.readable(), pair.isatty(), pair.close(), pair.closed]
    decoder = _pyio.IncrementalNewlineDecoder(None, translate=True)
    seen += [decoder.decode("a\r"), decoder.getstate(), decoder.decode("\nb\rc\n", final=True),
             decoder.newlines, decoder.reset(), decoder.setstate((b"", 1))]

    class Slow(_pyio.RawIOBase):
        chunks = [b"ab", None, b"c", b""]

        def readable(self) -> bool:
            return True

        def readinto(self, buffer: Any) -> int | None:
            chunk = self.chunks.pop(0)
            if chunk is not None:
                buffer[: len(chunk)] = chunk
            return None if chunk is None else len(chunk)

    slow: Any = _pyio.BufferedReader(Slow())
    seen += [slow.read(9), slow.read(), error(slow.seek, 0), error(Slow().seek, 0),
             error(Slow().write, b""), error(Slow().fileno), Slow().isatty(),
             error(_pyio.BufferedReader, Slow(), 0)]
    Slow.chunks = []
    base: Any = _pyio.IOBase()
    errors += [error(base.truncate), base.seekable(), error(base._checkReadable),
               error(_pyio.BufferedIOBase().read), error(_pyio.BufferedIOBase().detach),
               error(_pyio.TextIOBase().write, ""), error(_pyio.TextIOBase().readline)]
    return repr(seen), errors
