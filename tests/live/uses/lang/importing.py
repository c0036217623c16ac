"""Workloads over imports, packages and what comes with them."""

# Calls stand in rows, as in a table; one to a line, they would hide what is used of a module.
# fmt: off
# Private names and wrong arguments are used on purpose.
# mypy: ignore-errors

from __future__ import annotations

import sys

from ..helpers import error, fresh
from ..registry import Uses

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

USES = Uses()


@USES.of("importlib.util")
def import_tools() -> object:
    import importlib.machinery
    import os
    import tempfile

    util = fresh("importlib.util")
    with tempfile.TemporaryDirectory() as top:
        path = os.path.join(top, "demo_lazy.py")
        with open(path, "w") as file:
            file.write("value = 5\nother = 6\n")
        loader = util.LazyLoader.factory(importlib.machinery.SourceFileLoader)
        spec = util.spec_from_file_location("demo_lazy", path, loader=loader("demo_lazy", path))
        module = util.module_from_spec(spec)
        sys.modules["demo_lazy"] = module
        spec.loader.exec_module(module)
        kinds = [type(module).__name__]
        module.early = 1
        kinds += [module.value, type(module).__name__]
        del module.other
        del sys.modules["demo_lazy"]
        sys.path.insert(0, top)
        importlib.invalidate_caches()
        found = util.find_spec("demo_lazy").name, util.find_spec(
            "no_such_lazy"
        ), util.find_spec(".decoder", "json").name
        sys.path.remove(top)
    sys.modules["demo_none"] = type(sys)("demo_none")
    errors = [error(util.find_spec, "demo_none"), error(util.find_spec, "sys.x"),
              error(util.resolve_name, ".x", "")]
    del sys.modules["demo_none"]
    errors += [error(util.resolve_name, "...x", "a.b"), error(util.LazyLoader, object()),
               error(util.find_spec, ".x")]
    return (
        kinds,
        found,
        errors,
        (util.resolve_name("x", "a"), util.resolve_name(".x", "a.b"),
         util.resolve_name("..x", "a.b")),
        util.cache_from_source("/a/b.py", optimization=1).split("/")[-1].replace(
            sys.implementation.cache_tag, ""
        ),
        util.source_hash(b"x = 1").hex(),
        util.decode_source(b"# coding: latin-1\r\nx = '\xe9'"),
    )


@USES.of("importlib.metadata")
def distribution_metadata() -> object:
    import os
    import tempfile
    from importlib import metadata

    texts = {
        "METADATA": "Metadata-Version: 2.1\nName: Demo.Pack\nVersion: 1.2\n"
        "Requires-Dist: dep>=1 ; extra == 'x'\nRequires-Dist: two\n"
        "Provides-Extra: x\nKeywords: a,b\nDescription: first\n        second\n\nThe body.\n",
        "RECORD": "demo/__init__.py,sha256=abc,12\ndemo/data.txt,,\ndemo.py,sha256=AAAA,\n",
        "entry_points.txt": "[console_scripts]\ndemo = demo.cli:main [x]\n"
        "json-tool = json.decoder:JSONDecoder.decode\n"
        "[demo.plugins]\n# note\nplain = json\n",
        "top_level.txt": "demo\n",
        "direct_url.json": '{"url": "file:///x", "dir_info": {}}',
    }
    egg = {
        "PKG-INFO": "Metadata-Version: 1.0\nName: old-egg\nVersion: 0.1\n",
        "requires.txt": "base\n\n[extra]\nmore>2\n[extra2:python_version<'4']\nthird\n"
        "[:os_name=='x']\nfourth @ http://x\n",
        "SOURCES.txt": "a.py\nb.py\n"
    }
    with tempfile.TemporaryDirectory() as top:
        for folder, files in (("demo_pack-1.2.dist-info", texts), ("old_egg.egg-info", egg),
                              ("broken-3.dist-info", {})):
            os.makedirs(os.path.join(top, folder))
            for name, text in files.items():
                with open(os.path.join(top, folder, name), "w") as file:
                    file.write(text)
        os.makedirs(os.path.join(top, "demo"))
        for name in ("demo.py", "demo/__init__.py", "demo/data.txt"):
            with open(os.path.join(top, name), "w") as file:
                file.write("x = 1\n")
        found = list(metadata.distributions(path=[top]))
        demo, old = (next(iter(metadata.distributions(name=name, path=[top])))
                     for name in ("Demo.Pack", "old-egg"))
        files: Any = demo.files
        points = demo.entry_points
        script = points["demo"]
        message: Any = demo.metadata
        seen = [
            sorted(str(dist.name) for dist in found
                   if dist.read_text("METADATA") or dist.read_text("PKG-INFO")),
            (demo.version, demo.requires, old.requires, sorted(message.keys()), message["Name"],
             message.get_all("Requires-Dist")),
            sorted(message.json.items(), key=str),
            [(str(part), part.hash and part.hash.value, part.size, part.name) for part in files],
            (files[2].read_text(), files[2].read_binary(), files[2].locate().name,
             repr(files[0].hash)),
            (sorted(points.names), sorted(points.groups), script.module, script.attr, script.extras,
             repr(script)),
            (points.select(group="demo.plugins", name="plain")["plain"].load().__name__,
             points["json-tool"].load().__name__),
            (script.matches(name="demo", group="other"), script < points["plain"],
             hash(script) == hash(points["demo"])),
            [str(name) for name in (old.files or [])],
        ]
        path, sys.path = sys.path, [top]
        errors = [error(lambda: points["nope"]), error(setattr, script, "name", "x")]
        errors += [error(lambda: metadata.EntryPoint("bad", "1!x", "g").module),
                   error(metadata.distribution, "no-such-dist-x"), error(metadata.version, "")]
        errors += [error(metadata.distributions, context=1, path=[]),
                   error(metadata.Distribution.from_name, "no-such-dist-x")]
        errors += [str(metadata.PackageNotFoundError("z"))]
        prepared = metadata.Prepared("Demo.Pack")
        seen.append((prepared.normalized, prepared.legacy_normalized, bool(prepared),
                     bool(metadata.Prepared(None))))
        sys.path = path
        one = metadata.Distribution.at(os.path.join(top, "demo_pack-1.2.dist-info"))
        seen.append((one.version, getattr(getattr(one, "origin", None), "url", "")))
        metadata.MetadataPathFinder().invalidate_caches()
    return seen, errors


@USES.of("importlib.resources._common")
def resource_lookup() -> object:
    import importlib
    import os
    import tempfile
    from importlib.resources import _common

    with tempfile.TemporaryDirectory() as top:
        folder = os.path.join(top, "demo_resources")
        os.makedirs(os.path.join(folder, "sub"))
        for name in ("__init__.py", "data.txt", "sub/inner.txt"):
            with open(os.path.join(folder, name), "w") as file:
                file.write(f"# {name}\n")
        sys.path.insert(0, top)
        importlib.invalidate_caches()
        try:
            files: Any = _common.files("demo_resources")
            package = importlib.import_module("demo_resources")
            with _common.as_file(files / "data.txt") as path:
                text = path.read_text()
            temporary: Any = InMemory("mem.txt", b"in memory")
            with _common.as_file(temporary) as copy:
                copied = copy.read_bytes()
            if sys.version_info >= (3, 12):
                with _common.as_file(InMemory("tree", b"", [temporary])) as tree:
                    copied += b" and ".join(sorted(entry.name.encode() for entry in tree.iterdir()))
            resolved = [_common.from_package(package).name,
                        _common.get_package(package).__name__ if hasattr(
                            _common, "get_package"
                        ) else ""]
            names = sorted(entry.name for entry in files.iterdir() if entry.name != "__pycache__")
            errors = [error(_common.files, "demo_resources.data"), error(_common.files, 5)]
        finally:
            sys.path.remove(top)
            sys.modules.pop("demo_resources", None)
    return text, copied, resolved[0], names, errors


class InMemory:
    """A Traversable that is no file, so that as_file has to make one."""

    def __init__(self, name: str, data: bytes, children: list[Any] | None = None) -> None:
        self.name, self.data, self.children = name, data, children

    def is_dir(self) -> bool:
        return self.children is not None

    def is_file(self) -> bool:
        return not self.is_dir()

    def read_bytes(self) -> bytes:
        return self.data

    def iterdir(self) -> Iterator[Any]:
        return iter(self.children or ())


@USES.of("importlib.resources.readers")
def resource_readers() -> object:
    import os
    import pathlib
    import tempfile
    import zipfile
    from importlib.resources import readers

    class Loader:
        def __init__(self, path: str, name: str) -> None:
            self.path, self.name = path, name

    with tempfile.TemporaryDirectory() as top:
        one, two = (pathlib.Path(top, name) for name in ("one", "two"))
        for folder, name in ((one, "a.txt"), (two, "b.txt"), (one / "sub", "x.txt"),
                             (two / "sub", "y.txt")):
            folder.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(name)
        file: Any = readers.FileReader(Loader(str(one / "a.txt"), "one"))
        both: Any = readers.MultiplexedPath(one, two)
        archive = os.path.join(top, "pack.zip")
        with zipfile.ZipFile(archive, "w") as packed:
            packed.writestr("pack/__init__.py", "")
            packed.writestr("pack/data.txt", "zipped")
        import zipimport

        zipped: Any = readers.ZipReader(zipimport.zipimporter(archive), "pack")
        return (
            (file.files().name, os.path.basename(file.resource_path("a.txt")), both.name,
             both.is_dir(), both.is_file()),
            sorted(entry.name for entry in both.iterdir()),
            ((both / "b.txt").read_text(), type(both / "sub").__name__,
             error(both.joinpath("absent").read_text)),
            (zipped.files().joinpath("data.txt").read_text(), zipped.is_resource("data.txt"),
             error(zipped.open_resource, "no")),
            [error(readers.MultiplexedPath), error(readers.MultiplexedPath, one / "a.txt"),
             error(both.read_text), error(both.open)],
            (error(both.read_bytes), readers.remove_duplicates is not None,
             error(readers.NamespaceReader, [top])),
            repr(both).count("Path"),
        )


@USES.of("pkgutil")
def package_walks() -> object:
    import os
    import pkgutil
    import tempfile
    import zipfile
    import zipimport

    with tempfile.TemporaryDirectory() as top:
        for name in ("walk_pack/__init__.py", "walk_pack/one.py", "walk_pack/sub/__init__.py",
                     "walk_pack/sub/two.py", "walk_bad/__init__.py", "loose.py", "data.txt"):
            path = os.path.join(top, name)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "w") as file:
                file.write("raise ImportError\n" if "bad" in name else "x = 1\n")
        archive = os.path.join(top, "z.zip")
        with zipfile.ZipFile(archive, "w") as packed:
            packed.writestr("inzip/__init__.py", "")
            packed.writestr("flat.py", "")
        with open(os.path.join(top, "walk_pack.pkg"), "w") as file:
            file.write("# note\n/extra\n")
        sys.path.insert(0, top)
        try:
            failures: list[str] = []
            walked = [(info.name, info.ispkg)
                      for info in pkgutil.walk_packages([top], onerror=failures.append)]
            listed = [info.name for info in pkgutil.iter_modules([top], "pre.")]
            zipped = [tuple(info)[-2:]
                      for info in pkgutil.iter_importer_modules(
                          zipimport.zipimporter(archive), "z."
                      )]
            data = pkgutil.get_data("walk_pack", "one.py"), pkgutil.get_data("no_such_pack", "x")
            names = ("os.path:join", "os.path.join", "walk_pack.sub:x", "walk_pack")
            resolved = [getattr(pkgutil.resolve_name(name), "__name__", 1) for name in names]
            extended = [os.path.basename(path)
                        for path in pkgutil.extend_path([os.path.join(top, "walk_pack")],
                                                        "walk_pack")]
            importer = pkgutil.get_importer(top), pkgutil.get_importer(top)
            first = next(iter(pkgutil.iter_importers("walk_pack.sub")))
        finally:
            sys.path.remove(top)
            sys.path_importer_cache.pop(top, None)
            for name in [name for name in sys.modules if name.startswith("walk_")]:
                del sys.modules[name]
    errors = [error(pkgutil.iter_modules, "x").__len__(), error(pkgutil.resolve_name, "1:2"),
              error(pkgutil.resolve_name, "nope.x")]
    errors += [error(lambda: list(pkgutil.iter_importers(".x"))),
               error(lambda: list(pkgutil.iter_modules("text")))]
    return (
        sorted(walked), failures, sorted(listed), sorted(zipped), data, resolved, extended,
        importer[0] is importer[1], type(first).__name__, errors
    )
