"""Workloads over modules that are searched, compiled and run."""

# Calls stand in rows, as in a table; one to a line, they would hide what is used of a module.
# fmt: off
# Private names and wrong arguments are used on purpose.
# mypy: ignore-errors

from __future__ import annotations

import sys

from ..helpers import error, fresh, said
from ..registry import Uses

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

USES = Uses()


@USES.of("modulefinder")
def module_finder() -> object:
    import modulefinder
    import os
    import tempfile

    files = {
        "main.py": "import pack.sub, gone, skipped\nfrom pack import name\n"
        "from pack.deep import leaf\nimport sys\nglobal_name = 1\n",
        "pack/__init__.py": "from . import sub\nfrom .deep import leaf as name\n__all__ = ['x']\n",
        "pack/sub.py": "from .. import nothing\nfrom pack.deep.leaf import value, missing\n"
        "try: import pack.absent\nexcept ImportError: pass\n",
        "pack/deep/__init__.py": "",
        "pack/deep/leaf.py": "value = 1\nfrom ..sub import *\n",
        "skipped.py": "import broken\n",
        "broken.py": "def (",
        "tool.py": "import pack\n",
    }
    with tempfile.TemporaryDirectory() as top:
        for name, text in files.items():
            path = os.path.join(top, name)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "w") as file:
                file.write(text)
        finder = modulefinder.ModuleFinder([top], excludes=["skipped"],
                                           replace_paths=[(top, "/app")])
        finder.run_script(os.path.join(top, "main.py"))
        finder.load_file(os.path.join(top, "tool.py"))
        modules = sorted(finder.modules)
        shown = said(finder.report)[1].replace(top, "/app")
        missing = finder.any_missing(), finder.any_missing_maybe()
        replaced = finder.modules["pack.sub"].__code__.co_filename
        verbose = modulefinder.ModuleFinder([top], debug=4)
        failed = said(lambda: error(verbose.run_script, os.path.join(top, "broken.py")))[0]
        bad = said(lambda: error(verbose.import_hook, "broken.x"))[0]
        deep = said(lambda: verbose.import_hook("pack.deep.leaf") is not None)[0]
        modulefinder.AddPackagePath("pack", "/extra")
        modulefinder.ReplacePackage("real", "alias")
        modulefinder.packagePathMap.clear()
        modulefinder.replacePackageMap.clear()
        text = repr(finder.modules["pack"]).replace(top, "/app")
    return modules, shown, missing, replaced, failed, bad, deep, text


@USES.of("pyclbr")
def class_browser() -> object:
    import os
    import pyclbr
    import tempfile

    source = (
        "import os\nfrom collections import OrderedDict as O\nclass A(object):\n  x = 1\n"
        "  def m(self): pass\n  class In: pass\n"
        "class B(A, os.PathLike, O, unknown[1]):\n  async def n(self):\n    def deep(): pass\n"
        "def f():\n  class Local: pass\nfrom demo_browsed_b import *\nimport no_such_module_x\n"
    )
    with tempfile.TemporaryDirectory() as top:
        for name, text in (("demo_browsed_a", source),
                           ("demo_browsed_b", "class C: pass\n_hidden = 1\ndef g(): pass\n")):
            with open(os.path.join(top, name + ".py"), "w") as file:
                file.write(text)
        tree: Any = pyclbr.readmodule_ex("demo_browsed_a", [top])
        classes: Any = pyclbr.readmodule("demo_browsed_a", [top])
        argv, sys.argv = sys.argv, ["pyclbr", os.path.join(top, "demo_browsed_b.py")]
        shown = said(pyclbr._main)[1]
        sys.argv = argv
    pyclbr._modules.clear()
    return (
        [(name, item.lineno, item.end_lineno, sorted(item.children))
         for name, item in sorted(tree.items())],
        [getattr(base, "name", base) for base in classes["B"].super],
        (sorted(classes), tree["A"].methods, tree["B"].children["n"].is_async,
         tree["f"].children["Local"].parent.name),
        shown,
        error(pyclbr.readmodule, "no_such_module_x"),
    )


@USES.of("tabnanny")
def indentation() -> object:
    import os
    import tabnanny
    import tempfile

    texts = ("if 1:\n\ta\n        b\n", "if x:\n    ok\n", "x = (\n", "if 1:\n    a\n  b\n",
             "if 1:\n\ta\n\tb\n")
    witnesses = [tabnanny.Whitespace(text) for text in ("\t\tx", "        x", "  \t y", "")]
    with tempfile.TemporaryDirectory() as top:
        for number, text in enumerate(texts):
            with open(os.path.join(top, f"{number}.py"), "w") as file:
                file.write(text)
        shown = [said(tabnanny.check, os.path.join(top, f"{n}.py"))[1].replace(top, "")
                 for n in range(len(texts))]
        tabnanny.verbose = 1
        shown.append(said(tabnanny.check, os.path.join(top, "1.py"))[1].replace(top, ""))
        shown.append(said(tabnanny.check, os.path.join(top, "absent.py"))[1].replace(top, ""))
        tabnanny.verbose = 0
        folder = said(tabnanny.check, top)[1].count("\n")
    pairs = [(a.equal(b), a.less(b), a.not_equal_witness(b)[:2], a.not_less_witness(b)[:2])
             for a in witnesses for b in witnesses]
    return (
        shown, folder > 0, repr(pairs), [w.longest_run_of_spaces() for w in witnesses],
        tabnanny.format_witnesses([(1, 2, 3), (2, 3, 4)])
    )


@USES.of("py_compile")
def compiling_files() -> object:
    import os
    import py_compile
    import tempfile

    mode = py_compile.PycInvalidationMode
    seen: list[object] = []
    with tempfile.TemporaryDirectory() as top:
        path, bad = os.path.join(top, "good.py"), os.path.join(top, "bad.py")
        for name, text in ((path, "x = 1\n"), (bad, "def (\n")):
            with open(name, "w") as file:
                file.write(text)
        for number, kind in enumerate((None, mode.TIMESTAMP, mode.CHECKED_HASH,
                                       mode.UNCHECKED_HASH)):
            target = py_compile.compile(path, os.path.join(top, f"{number}.pyc"), dfile="shown.py",
                                        invalidation_mode=kind)
            seen.append(os.path.basename(str(target)))
        seen.append(os.path.basename(str(py_compile.compile(path, optimize=2))))
        seen.append(said(py_compile.compile, bad)[1].replace(top, ""))
        seen.append(said(py_compile.compile, bad, None, "named.py")[1])
        seen += [error(py_compile.compile, bad, doraise=True), py_compile.compile(bad, quiet=2)]
        os.symlink(path, os.path.join(top, "link.pyc"))
        seen.append(error(py_compile.compile, path, os.path.join(top, "link.pyc")))
        seen.append(error(py_compile.compile, path, top))
        argv, sys.argv = sys.argv, ["py_compile", path, bad]
        seen.append(said(py_compile.main)[0])
        sys.argv = ["py_compile", "-q", path]
        seen.append(said(py_compile.main)[0])
        sys.argv = argv
    return tuple(seen)


@USES.of("compileall")
def compiling_trees() -> object:
    import compileall
    import os
    import re
    import tempfile

    seen: list[object] = []
    with tempfile.TemporaryDirectory() as top:
        for name, text in (("a.py", "x = 1\n"), ("sub/b.py", "'''doc'''\nassert 1\n"),
                           ("sub/bad.py", "def (\n"), ("sub/n.txt", "")):
            path = os.path.join(top, name)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "w") as file:
                file.write(text)
        good, sub = os.path.join(top, "a.py"), os.path.join(top, "sub")
        runs: tuple[dict[str, Any], ...] = (
            {}, {"quiet": 1}, {"force": True, "optimize": [0, 1], "quiet": 1},
            {"rx": re.compile("bad"), "legacy": True},
            {"maxlevels": 0}, {"stripdir": top, "prependdir": "/app", "force": True, "quiet": 2},
            {"ddir": "/shown"},
            {"optimize": [0, 1, 2], "hardlink_dupes": True, "force": True, "quiet": 2},
        )
        for options in runs:
            seen.append(said(lambda o=options: compileall.compile_dir(top, **o)))
        seen = [(result, sorted(text.replace(top, "").splitlines())) for result, text in seen]
        path, sys.path = sys.path, [top, os.curdir]
        seen += [compileall.compile_file(good, quiet=1), said(compileall.compile_file, good)[0]]
        seen += [error(compileall.compile_dir, top, ddir="x", stripdir="y"),
                 error(compileall.compile_dir, top, workers=-1)]
        seen += [error(compileall.compile_file, good, optimize=0, hardlink_dupes=True),
                 said(compileall.compile_path, True)[0] is not None]
        sys.path = path
        argv = sys.argv
        for line in (f"-q -f {sub}", f"-qq -x bad -b {sub} {good}", f"-l -s {top} -p /app {top}",
                     f"-i {top}/list", "-d x -s y z", "-q -o 1 -e /no -r 1 /no/such"):
            with open(os.path.join(top, "list"), "w") as file:
                file.write(good + "\n")
            sys.argv = ["compileall", *line.split()]
            seen.append(said(compileall.main)[0])
        sys.argv = argv
        found = sorted(name for _, _, names in os.walk(top) for name in names
                       if name.endswith(".pyc"))
    return seen, [name.replace(sys.implementation.cache_tag, "tag") for name in found]


@USES.of("runpy")
def running_modules() -> object:
    import os
    import tempfile
    import zipfile

    runpy = fresh("runpy")
    with tempfile.TemporaryDirectory() as top:
        for name, text in (("demo_run.py", "import sys\nresult = __name__, x\n"),
                           ("pack_run/__init__.py", ""),
                           ("pack_run/__main__.py", "result = __package__\n")):
            path = os.path.join(top, name)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "w") as file:
                file.write(text)
        archive = os.path.join(top, "app.zip")
        with zipfile.ZipFile(archive, "w") as packed:
            packed.writestr("__main__.py", "result = 'from zip'\n")
        seen = [runpy.run_path(os.path.join(top, "demo_run.py"), {"x": 5}, "as_name")["result"],
                runpy.run_path(archive)["result"]]
        sys.path.insert(0, top)
        seen += [runpy.run_module("demo_run", {"x": 6}, "__main__", alter_sys=True)["result"],
                 runpy.run_module("pack_run")["result"]]
        seen += [error(runpy.run_module, name)
                 for name in ("no_such_run", "pack_run.none", "json.decoder.x", ".rel",
                              "demo_run.py")]
        sys.path.remove(top)
        empty = error(
            runpy.run_path, os.path.join(top, "pack_run", "none.py")
        ), error(runpy.run_path, os.path.join(top, "empty"))
    for name in ("demo_run", "pack_run", "pack_run.__main__"):
        sys.modules.pop(name, None)
    return seen, empty


@USES.of("zipimport")
def importing_from_archives() -> object:
    import os
    import tempfile
    import zipfile

    zipimport = fresh("zipimport")
    with tempfile.TemporaryDirectory() as top:
        archive = os.path.join(top, "code.zip")
        with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as packed:
            packed.comment = b"a comment"
            for name, text in (("zmod.py", "x = 1\r\n"), ("zpack/__init__.py", "y = 2\n"),
                               ("zpack/data.txt", "data"), ("zbad.py", "def (")):
                packed.writestr(zipfile.ZipInfo(name), text)
        loader = zipimport.zipimporter(archive)
        inside = zipimport.zipimporter(os.path.join(archive, "zpack"))
        spec = loader.find_spec("zpack")
        code = loader.get_code("zmod")
        seen = [
            (loader.is_package("zpack"), loader.is_package("zmod"), loader.get_source("zmod"),
             code.co_name, inside.prefix),
            (loader.get_data("zpack/data.txt"), loader.get_data(os.path.join(archive, "zmod.py")),
             spec.name, repr(loader)[:12]),
            (loader.get_filename("zpack")[len(top) :], loader.find_spec("nothing"),
             loader.get_resource_reader("zmod") is None),
        ]
        errors = [error(loader.get_source, "no"), error(loader.get_data, "no"),
                  error(loader.is_package, "no"), error(loader.get_code, "zbad")]
        errors += [error(zipimport.zipimporter, ""), error(zipimport.zipimporter, top),
                   error(zipimport.zipimporter, __file__)]
        loader.invalidate_caches()
        for name, raw in (("short.zip", b"PK"), ("junk.zip", b"x" * 80)):
            with open(os.path.join(top, name), "wb") as file:
                file.write(raw)
            errors.append(error(zipimport.zipimporter, os.path.join(top, name)))
    return seen, errors
