"""Workloads over modules that read, compile, inspect and locate Python code."""

from __future__ import annotations

import sys

from .registry import Uses, define, error, fresh
from .tools import said

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

USES = Uses()

PROGRAM = '''"""Module docstring."""
from __future__ import annotations
import os.path as p, sys
from . import sibling
X: int = 0x_ff + 0b1 - 1_0.5e-3j
async def agen(a, /, b: int = 2, *args: str, key, other=None, **kw) -> "X":
    """Doc."""
    global X
    async with a as b, c: pass
    async for i in b:
        yield await i
    else:
        return
    return_value = [x async for x in y if x if not y]
@decorate(1, *args, k=2, **kw)
class Shape(Base, metaclass=Meta):
    field: "int"
    def area(self): return (yield from self.sides) if self else lambda *a, k=1: a
def flow(n):
    nonlocal_ = 1
    def inner():
        nonlocal n
        n += 1; n -= 2; n //= 3; n **= 4; n @= 5; n |= 6; n >>= 7
        del n, nonlocal_[0]
    for i, *rest in range(n):
        if i == 1 or not i and n: continue
        elif i is not None: break
        else: raise ValueError("x") from None
    else: assert n, "message"
    while n < 3 <= 4 != 5: n = -n ** ~2
    try: print(f"{n!r:>{i}} {{}} {n=} {'q'}", "a" "b", b"\\x00", end="")
    except (KeyError, OSError) as exc: raise
    except Exception: pass
    else: n = {**n, 1: 2}, {1, 2}, {k: v for k, v in n}, {s for s in n}, (g for g in n)
    finally: n[1:2, ::3, ...] = n.attr[0](*n, *m)
    match n:
        case 0 | -1 | 1+2j | "text" | None: pass
        case [a, _, *others] if a > 1: pass
        case {"k": v, **more}: pass
        case Shape(1, area=2) as whole: pass
        case p.sep | (p.x): pass
        case _: pass
    if (w := n) in m or w not in m: return
'''
NEWER = {
    (3, 11): "try: pass\nexcept* OSError as group: pass\nx[*a]\ndef f(*a: *T): pass\n",
    (3, 12): "type A[T: int, *U, **P] = list[T]\ndef g[T](a: T) -> T: pass\nclass C[T]: pass\nf'{f'{1}' + \"x\"}'\n",
    (3, 13): "class D[T = int, *U = *tuple[int], **P = [int]]: pass\n",
}
NEW = "".join(text for version, text in NEWER.items() if sys.version_info >= version)


@USES.of("tokenize")
def tokens() -> object:
    import io
    import os
    import tempfile
    import tokenize

    raw = ("# -*- coding: latin-1 -*-\n" + PROGRAM + "s = 'é'\n").encode("latin-1")
    found = list(tokenize.tokenize(io.BytesIO(raw).readline))
    short = [(token.type, token.string) for token in found if token.type != tokenize.ENCODING]
    early = tokenize.generate_tokens(io.StringIO("a = (\n 1)\n").readline)
    first = next(early)
    early.close()  # type: ignore[attr-defined]
    cookies = (
        *(b"\xef\xbb\xbfx\n", b"# vim: set fileencoding=utf8 :\nx", b"\n# coding: iso-8859-15\n", b"x\n# coding: utf-8"),
        *(b"", b"# coding: nope\n", b"\xef\xbb\xbf# coding: latin-1\n", b"\xff\n", b"#\n\xff\n", b"\n# coding: bad-\xe9\n"),
    )
    detected = []
    for cookie in cookies:
        try:
            detected.append(tokenize.detect_encoding(io.BytesIO(cookie).readline))
        except SyntaxError as exc:
            detected.append((str(exc), []))
    broken = ("x = (", "if x:\n    a\n  b\n", "'''open", "x = {1:\n")
    with tempfile.TemporaryDirectory() as top:
        path = os.path.join(top, "demo.py")
        with open(path, "wb") as file:
            file.write(raw)
        with tokenize.open(path) as text:
            opened = text.readline(), text.encoding
        bad = os.path.join(top, "bad.py")
        with open(bad, "w") as out:
            out.write("x = (\n")
        argv, sys.argv = sys.argv, ["tokenize", "-e", path]
        shown = [len(said(tokenize.main)[1])]  # type: ignore[attr-defined]
        sys.argv = ["tokenize", bad]
        shown.append(str(said(tokenize.main)[0]))  # type: ignore[attr-defined]
        sys.argv = argv
    return (
        len(found),
        tokenize.untokenize(found) == raw,
        [tokenize.tok_name[token.exact_type] for token in found[:90]],
        len(tokenize.untokenize(short)),
        (first.string, repr(first), first.line),
        detected,
        [error(lambda text=text: list(tokenize.generate_tokens(io.StringIO(text).readline))) for text in broken],
        [token.type for token in tokenize.generate_tokens(io.StringIO("\ty = é1j 0o7\n# end").readline)],
        error(tokenize.untokenize, [found[5], found[1]]),
        error(tokenize.open, "/no/such.py"),
        tokenize.untokenize(iter([(1, "a"), (54, "="), (2, "1"), (4, "\n"), (5, "  "), (6, ""), (3, "'s'"), (3, "'t'")])),
        opened,
        shown,
    )


@USES.of("ast")
def syntax_trees() -> object:
    import ast
    import io

    tree = ast.parse(PROGRAM.replace("global X", "pass") + NEW, type_comments=False)
    again = ast.unparse(tree)

    class Names(ast.NodeVisitor):
        def __init__(self) -> None:
            self.seen: list[str] = []

        def visit_Name(self, node: ast.Name) -> None:
            self.seen.append(node.id)
            self.generic_visit(node)

        def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
            self.seen.append("def " + node.name)
            self.generic_visit(node)

    class Swap(ast.NodeTransformer):
        def visit_Constant(self, node: ast.Constant) -> Any:
            return ast.copy_location(ast.Constant(7), node) if node.value == 1 else node

        def visit_Pass(self, node: ast.Pass) -> None:
            return None

        def visit_Import(self, node: ast.Import) -> list[ast.stmt]:
            return [node, ast.Expr(ast.Constant(...))]

    names = Names()
    names.visit(tree)
    swapped = ast.fix_missing_locations(Swap().visit(ast.parse("import a\nx = 1, [1, 2]\nif x:\n  pass\n  y")))
    source = "def f():\n  '''doc\n     more'''\n  return (1 +\n    2)\n"
    parsed: Any = ast.parse(source)
    literals = ("{'a': [1, (2, -3.5)], 'b': {1, None}}", " 1 + 2j", "set()", "b'x' b'y'", "-1-1j", "...")
    bad = ("a", "1 + 2", "f()", "[", "{**{}}", "-'x'", "1j + 1j", "\x00")
    text = io.StringIO("x = 1\r\ny = '\f'\n").read()
    evil = ast.parse("f'{x}' '\\'\"'\nx = 1e1000, -1, (yield), 1 .real, (lambda: 0)(), not a, (a, *b), ('''\n''')")
    strings = ast.parse("f'{a!s:{w}.2f}\\n{b}' \"'\"\ndef f():\n  'doc \\\\ '\n  x = '\\t\\u2028'\n  with (a as b): ...\n")
    return (
        ast.dump(ast.parse(again)) == ast.dump(ast.parse(ast.unparse(ast.parse(again)))),
        len(again),
        ast.unparse(evil),
        ast.unparse(strings),
        names.seen,
        ast.unparse(swapped),
        ast.dump(swapped, indent=2, include_attributes=True),
        ast.dump(parsed, annotate_fields=False),
        (ast.get_docstring(parsed.body[0]), ast.get_docstring(parsed), ast.get_source_segment(source, parsed.body[0].body[1])),
        (ast.get_source_segment(source, parsed.body[0].body[1].value, padded=True), error(ast.get_docstring, evil.body[0])),
        [ast.literal_eval(literal) for literal in literals],
        [error(ast.literal_eval, literal) for literal in bad],
        (len(list(ast.walk(tree))), len(list(ast.iter_child_nodes(tree))), dict(ast.iter_fields(ast.Name("n", ast.Load())))["id"]),
        ast.increment_lineno(parsed, 5).body[0].lineno,
        (text, ast.unparse(ast.parse("(int, *str) -> bool", mode="func_type")), ast.unparse(ast.parse("a if b else c", mode="eval"))),
        error(ast.unparse, ast.Name()) if sys.version_info < (3, 13) else "",
        ast.parse("x = 1 # type: int", type_comments=True).body[0].type_comment,  # type: ignore[attr-defined]
    )


@USES.of("inspect")
def introspection() -> object:
    import functools
    import inspect
    import os
    import tempfile
    import types

    names = define(
        """
import functools
LIMIT = 3
def plain(a, /, b: int, c=1, *args: str, d, e=2, **kw) -> float:
    '''  First line.

        Indented.
    '''
    return LIMIT + len(b) + a
def outer(x):
    y = 1
    def inner(): return x + y + LIMIT + undefined
    return inner
def gen():
    got = yield 1
async def coro(): pass
async def agen(): yield 1
@functools.wraps(plain)
def wrapper(*args, **kw): return plain(*args, **kw)
class Base:
    '''Base doc.'''
    tag = 1
    def method(self, a): 'Method doc.'
    @classmethod
    def make(cls, z=0): pass
    @staticmethod
    def tool(q): pass
    @property
    def prop(self): return 1
class Child(Base):
    __slots__ = ('s',)
    def __init__(self, k): pass
    def method(self, a): pass
class Meta(type):
    def __call__(cls, *a): return super().__call__()
class Called(metaclass=Meta):
    def __new__(cls, n=0): return object.__new__(cls)
    def __call__(self, h): pass
class Hidden:
    def __getattr__(self, name): return name
"""
    )
    plain, child, base = names["plain"], names["Child"], names["Base"]
    signature = inspect.signature(plain)
    bound = signature.bind(1, 2, d=3, z=4)
    bound.apply_defaults()
    partial = functools.partial(plain, 1, d=9)
    targets = (
        *(partial, base().method, base.make, base.tool, child, names["Called"], names["Called"](), names["wrapper"], len),
        *(functools.partial(plain, b=2), functools.partial(child, 1), dict.get, int.__add__, classmethod, type),
    )
    shown = []
    for target in targets:
        try:
            shown.append(str(inspect.signature(target)))
        except ValueError:
            shown.append("no signature")
    parameter = inspect.Parameter("p", inspect.Parameter.KEYWORD_ONLY, default=1, annotation=int)
    changed = signature.replace(parameters=[parameter], return_annotation=signature.empty)
    generator, coroutine, agen = names["gen"](), names["coro"](), names["agen"]()
    states = [inspect.getgeneratorstate(generator), inspect.getcoroutinestate(coroutine)]
    next(generator)
    states += [inspect.getgeneratorstate(generator), inspect.getgeneratorlocals(generator)]
    generator.close()
    coroutine.close()
    states += [inspect.getgeneratorstate(generator), inspect.getcoroutinelocals(coroutine)]
    if hasattr(inspect, "getasyncgenstate"):
        states += [inspect.getasyncgenstate(agen), inspect.getasyncgenlocals(agen)]
    closure = inspect.getclosurevars(names["outer"](5))
    kinds = sorted(name for name in dir(inspect) if name.startswith("is") and name not in ("isatty",))
    things = (plain, base, base().method, generator, agen, names["coro"], len, types, base.__dict__["prop"], plain.__code__)
    tests = [[getattr(inspect, kind)(thing) for thing in things] for kind in kinds if kind not in ("iskeyword",)]
    text = "import os\n\nclass A:\n    # comment\n    def f(self):\n        return (lambda: 1)\n\n\ndef g(a,\n      b):\n    pass\n"
    with tempfile.TemporaryDirectory() as top:
        path = os.path.join(top, "demo_inspected.py")
        with open(path, "w") as file:
            file.write("# head comment\n" + text)
        module: Any = types.ModuleType("demo_inspected")
        module.__file__ = path
        exec(compile("# head comment\n" + text, path, "exec"), module.__dict__)
        sys.modules["demo_inspected"] = module
        found = [inspect.getsource(module.A.f), inspect.getsource(module.g), inspect.getcomments(module), inspect.getsourcelines(module.A)[1]]
        found += [inspect.getmodulename(path), inspect.getsourcefile(module.g) == path, inspect.getmodule(module.g) is module]
        found += [inspect.getfile(module.A) == path, inspect.getcomments(module.g), inspect.getblock(["def f():\n", "  pass\n", "x\n"])]
        del sys.modules["demo_inspected"]
    frame: Any = inspect.currentframe()
    info = inspect.getframeinfo(frame, context=0)
    errors = [
        error(signature.bind), error(signature.bind, 1, 2), error(signature.bind, 1, 2, d=1, b=3), error(signature.bind, a=1),
        error(inspect.signature, 5), error(inspect.getsource, 5), error(inspect.getfile, len), error(inspect.getsource, dict),
        error(inspect.Parameter, "1x", inspect.Parameter.VAR_KEYWORD), error(inspect.Parameter, "a", 9), error(inspect.getmro, 5),
        error(inspect.Parameter, "a", inspect.Parameter.VAR_POSITIONAL, default=1), error(inspect.Parameter, 5, parameter.kind),
        error(inspect.Signature, [parameter, parameter]), error(inspect.Signature, [parameter, *signature.parameters.values()]),
        error(inspect.getcallargs, plain), error(inspect.getattr_static, base, "none"), error(inspect.getfullargspec, 5),
        error(inspect.getclosurevars, 5), error(inspect.unwrap, circular()), error(inspect.getsource, plain), error(bound.signature.bind, 1, 2, 3, 4, 5),
    ]  # fmt: skip
    return (
        (str(signature), bound.arguments, bound.args, bound.kwargs, str(signature.bind_partial(1)).count("=")),
        shown,
        (str(changed), repr(parameter), str(parameter.replace(name="q", kind=parameter.POSITIONAL_ONLY)), hash(parameter) != 0),
        (signature == inspect.signature(plain), repr(parameter.kind), parameter.kind.description, changed.parameters["p"].default),
        states,
        (sorted(closure.nonlocals), sorted(closure.globals), sorted(closure.builtins), sorted(closure.unbound)),
        tests,
        found,
        (info.function, info.index, inspect.getargvalues(frame).args, len(inspect.getouterframes(frame, context=0)) > 0),
        (inspect.getdoc(plain), inspect.getdoc(child.method), inspect.getdoc(child), inspect.cleandoc("\n  a\n   b\n\n")),
        [(attribute.name, attribute.kind) for attribute in inspect.classify_class_attrs(child) if attribute.name[0] != "_"],
        ([name for name, _ in inspect.getmembers(base, inspect.isfunction)], [c.__name__ for c in inspect.getmro(child)]),
        [name for name, _ in inspect.getmembers_static(base()) if name[0] != "_"],
        (str(inspect.getclasstree([base, child], unique=True)), inspect.getcallargs(plain, 1, 2, d=3)["e"], inspect.indentsize("\t  x")),
        (inspect.getfullargspec(plain).kwonlydefaults, inspect.getfullargspec(base().method).args, inspect.unwrap(names["wrapper"]) is plain),
        (inspect.getattr_static(names["Hidden"](), "x", "none"), inspect.getattr_static(child(1), "s") is not None, inspect.getattr_static(base(), "tag")),
        (inspect.formatannotation(int), inspect.formatannotation("x"), inspect.get_annotations(plain)["b"], inspect.getargs(plain.__code__).varkw),
        errors,
    )


def circular() -> Any:
    def first() -> None: ...

    first.__wrapped__ = first  # type: ignore[attr-defined]
    return first


@USES.of("dis")
def disassembly() -> object:
    import dis
    import io

    # Not PROGRAM: its relative import and other lines compile, but a shorter text is enough.
    code = compile(PROGRAM.replace("from . import sibling", "LONG = " + "x + " * 90 + "x"), "<demo>", "exec")
    names = define("def f(a, *b, c=1, **d):\n  'Doc.'\n  try:\n    return [x + a for x in b]\n  finally:\n    abs(b)\nclass K:\n  def m(self): yield\n  n = 1\n")
    function = names["f"]
    out = io.StringIO()
    dis.dis(code, file=out, depth=1)
    dis.dis(names["K"], file=out)
    dis.dis("x = a.b[1]", file=out)
    dis.dis(function.__code__.co_code, file=out)
    dis.disco(code, 4, file=out, show_caches=True)
    dis.dis(function, file=out, adaptive=False)
    dis.show_code(function, file=out)
    instructions = list(dis.get_instructions(function, first_line=100))
    bytecode = dis.Bytecode(function, current_offset=instructions[2].offset)
    try:
        function(1, "x")
    except TypeError as exc:
        traced = exc.__traceback__
        assert traced is not None
        inner = dis.Bytecode.from_traceback(traced)
        frames = io.StringIO()
        dis.distb(traced.tb_next or traced, file=frames)
    else:
        raise AssertionError("no error to disassemble")
    early = dis.get_instructions(code)
    first = next(early).opname
    early.close()  # type: ignore[attr-defined]
    effects = [dis.stack_effect(dis.opmap[name], argument, jump=jump) for name, argument, jump in (("LOAD_CONST", 0, None), ("FOR_ITER", 3, False), ("FOR_ITER", 3, True))]
    text = out.getvalue()
    return (
        text.count("\n") > 500,
        [(i.opname, i.argval if isinstance(i.argval, (int, str)) else "", i.starts_line) for i in instructions],
        (bytecode.info().splitlines()[0], bytecode.dis().count("\n") == len(bytecode.dis().splitlines()), len(list(bytecode))),
        [line for _, line in dis.findlinestarts(function.__code__)],
        (dis.findlabels(function.__code__.co_code) != [], first, effects, frames.getvalue().count("-->"), inner.codeobj.co_name),
        dis.code_info("x = 1").splitlines()[:4],
        dis.pretty_flags(0x1 | 0x20 | 1 << 30),
        (error(dis.dis, 5), error(dis.code_info, 5), error(dis.distb) if not hasattr(sys, "last_traceback") else "RuntimeError"),
    )


@USES.of("symtable")
def symbol_tables() -> object:
    import symtable

    top = symtable.symtable(PROGRAM.replace("global X", "global G"), "<demo>", "exec")
    flow: Any = top.lookup("flow").get_namespace()
    inner: Any = flow.lookup("inner").get_namespace()
    shape: Any = top.lookup("Shape").get_namespace()
    agen: Any = top.lookup("agen").get_namespace()
    questions = ("is_referenced", "is_parameter", "is_global", "is_nonlocal", "is_declared_global", "is_local", "is_annotated")
    questions += ("is_free", "is_imported", "is_assigned", "is_namespace")
    symbols = [(s.get_name(), [getattr(s, question)() for question in questions]) for s in sorted_symbols(flow)]
    several: Any = symtable.symtable("def f(): pass\ndef f(a): pass\n", "<d>", "exec").lookup("f")
    return (
        (top.get_type() + "", top.get_name(), top.get_lineno(), top.has_children(), top.is_optimized(), top.is_nested()),
        symbols,
        (sorted(inner.get_nonlocals()), sorted(inner.get_frees()), sorted(flow.get_locals()), sorted(agen.get_globals())),
        (sorted(agen.get_parameters()), sorted(shape.get_identifiers()), len(shape.get_children()), repr(shape)),
        (len(several.get_namespaces()), error(several.get_namespace), error(top.lookup, "nothing"), repr(several)),
        (error(top.lookup("X").get_namespace), error(symtable.symtable, "x x", "<d>", "exec"), shape.get_id() > 0),
    )


def sorted_symbols(table: Any) -> list[Any]:
    return sorted(table.get_symbols(), key=lambda symbol: symbol.get_name())


@USES.of("linecache")
def cached_lines() -> object:
    import linecache
    import os
    import tempfile

    class Loader:
        def get_source(self, name: str) -> str:
            if name == "broken":
                raise ImportError
            return "loaded = 1\nsecond"

    linecache.clearcache()
    with tempfile.TemporaryDirectory() as top:
        path = os.path.join(top, "a.py")
        with open(path, "w") as file:
            file.write("one\ntwo")
        seen: list[object] = [linecache.getline(path, 2), linecache.getline(path, 9), linecache.getlines(path)]
        linecache.checkcache(path)
        with open(path, "w") as file:
            file.write("changed, and longer\n")
        linecache.checkcache()
        seen.append(linecache.getline(path, 1))
        with open(os.path.join(top, "bad.py"), "wb") as raw:
            raw.write(b"# coding: nope\n")
        seen.append(linecache.getlines(os.path.join(top, "bad.py")))
        sys.path.insert(0, top)
        seen.append(linecache.getline("a.py", 1))
        sys.path.remove(top)
        os.remove(path)
        linecache.checkcache(path)
        seen.append(linecache.getlines(path))
    names = {"__name__": "lazy", "__loader__": Loader()}
    seen += [linecache.lazycache("<lazy>", names), linecache.lazycache("lazy.py", names), linecache.lazycache("lazy.py", names)]
    seen += [linecache.getline("lazy.py", 1, names), linecache.getline("new.py", 2, names)]
    seen += [linecache.lazycache("no.py", {}), linecache.lazycache("no.py", {"__name__": "n"})]
    seen += [linecache.getlines("gone.py", {"__name__": "broken", "__loader__": Loader()}), linecache.getlines("")]
    linecache.checkcache("never seen")
    linecache.clearcache()
    return tuple(seen)


@USES.of("traceback")
def tracebacks() -> object:
    import io
    import linecache
    import traceback

    source = """
def fail(depth, local="v"):
    if depth:
        return fail(
            depth - 1)
    return {}["missing"] + (1 /
        depth)
def chained():
    try:
        fail(6)
    except KeyError as exc:
        raise ValueError("outer\\nline two") from exc
def context():
    try:
        fail(0)
    except KeyError:
        [].appendd(1)
def group():
    errors = [OSError(2, "no file"), ExceptionGroup("inner", [KeyError("k")] * 17)]
    raise ExceptionGroup("outer", errors)
def syntax():
    compile("x = (1 +* 2)\\n", "<text>", "exec")
def name():
    some_value = 1
    return some_valu
def late():
    raise Loop()
class Loop(Exception):
    def __str__(self): raise RuntimeError
def star():
    import sys_ as nothing
"""
    linecache.cache["<demo>"] = (len(source), None, source.splitlines(True), "<demo>")  # type: ignore[assignment]
    names = define(source)

    def raised(call: Any) -> BaseException:
        try:
            call()
        except Exception as exc:
            # Without the frame of this function, which may be instrumented.
            assert exc.__traceback__ is not None
            exc = exc.with_traceback(exc.__traceback__.tb_next)
            if len(getattr(exc, "exceptions", ())) or isinstance(exc, KeyError):
                exc.add_note("a note\nof two lines")
            return exc
        raise AssertionError

    out: list[object] = []
    for name in ("chained", "context", "group", "syntax", "name", "late", "star"):
        exc = raised(names[name])
        shown = traceback.TracebackException.from_exception(exc, capture_locals=name == "chained", max_group_width=4, compact=True)
        out.append("".join(shown.format()))
        out.append(list(shown.format_exception_only()))
        out.append("".join(traceback.format_exception(exc, limit=1, chain=False)))
    exc = raised(names["chained"])
    text = io.StringIO()
    traceback.print_exception(exc, file=text)
    traceback.print_exception(type(exc), exc, exc.__traceback__, limit=-1, file=text)
    traceback.print_tb(exc.__traceback__, 1, text)
    traceback.print_list(traceback.extract_tb(exc.__traceback__), file=text)
    stack = traceback.StackSummary.extract(traceback.walk_tb(exc.__traceback__), limit=2, lookup_lines=False, capture_locals=True)
    made = traceback.StackSummary.from_list([("<demo>", 3, "f", "line"), traceback.FrameSummary("<demo>", 4, "g", lookup_line=False)])
    once, twice = (traceback.TracebackException(type(exc), exc, exc.__traceback__) for _ in range(2))
    frame = made[1]
    here = traceback.extract_stack(limit=1)[0].name, len(traceback.format_stack(limit=1))
    out += [stack.format(), made.format(), once == twice, once == 5, frame == frame, frame == ("<demo>", 4, "g", frame.line), list(frame)[1:3]]
    out += [traceback.format_exception_only(exc), here, len(frame), frame[0]]
    try:
        raise exc
    except ValueError:
        # Only the last lines: the first are of this file.
        out.append(traceback.format_exc().splitlines()[-2:])
        traceback.print_exc(limit=0, file=text)
    traceback.clear_frames(exc.__traceback__)
    plain = traceback.format_exception_only(KeyError, KeyError("x"))
    out += [plain, error(traceback.format_exception, 5), text.getvalue()]
    del linecache.cache["<demo>"]
    return tuple(out)


@USES.of("modulefinder")
def module_finder() -> object:
    import modulefinder
    import os
    import tempfile

    files = {
        "main.py": "import pack.sub, gone, skipped\nfrom pack import name, *\nfrom pack.deep import leaf\nimport sys\nglobal_name = 1\n",
        "pack/__init__.py": "from . import sub\nfrom .deep import leaf as name\n__all__ = ['x']\n",
        "pack/sub.py": "from .. import nothing\nfrom pack.deep.leaf import value, missing\ntry: import pack.absent\nexcept ImportError: pass\n",
        "pack/deep/__init__.py": "",
        "pack/deep/leaf.py": "value = 1\nfrom ..sub import *\n",
        "skipped.py": "import broken\n",
        "broken.py": "def (",
        "tool.py": "import pack\n",
    }
    files["main.py"] = files["main.py"].replace("name, *", "name")
    with tempfile.TemporaryDirectory() as top:
        for name, text in files.items():
            path = os.path.join(top, name)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "w") as file:
                file.write(text)
        finder = modulefinder.ModuleFinder([top], excludes=["skipped"], replace_paths=[(top, "/app")])
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
        "import os\nfrom collections import OrderedDict as O\nclass A(object):\n  x = 1\n  def m(self): pass\n  class In: pass\n"
        "class B(A, os.PathLike, O, unknown[1]):\n  async def n(self):\n    def deep(): pass\n"
        "def f():\n  class Local: pass\nfrom demo_browsed_b import *\nimport no_such_module_x\n"
    )
    with tempfile.TemporaryDirectory() as top:
        for name, text in (("demo_browsed_a", source), ("demo_browsed_b", "class C: pass\n_hidden = 1\ndef g(): pass\n")):
            with open(os.path.join(top, name + ".py"), "w") as file:
                file.write(text)
        tree: Any = pyclbr.readmodule_ex("demo_browsed_a", [top])
        classes: Any = pyclbr.readmodule("demo_browsed_a", [top])
        argv, sys.argv = sys.argv, ["pyclbr", os.path.join(top, "demo_browsed_b.py")]
        shown = said(pyclbr._main)[1]  # type: ignore[attr-defined]
        sys.argv = argv
    pyclbr._modules.clear()  # type: ignore[attr-defined]
    return (
        [(name, item.lineno, item.end_lineno, sorted(item.children)) for name, item in sorted(tree.items())],
        [getattr(base, "name", base) for base in classes["B"].super],
        (sorted(classes), tree["A"].methods, tree["B"].children["n"].is_async, tree["f"].children["Local"].parent.name),
        shown,
        error(pyclbr.readmodule, "no_such_module_x"),
    )


@USES.of("tabnanny")
def indentation() -> object:
    import os
    import tabnanny
    import tempfile

    texts = ("if 1:\n\ta\n        b\n", "if x:\n    ok\n", "x = (\n", "if 1:\n    a\n  b\n", "if 1:\n\ta\n\tb\n")
    witnesses = [tabnanny.Whitespace(text) for text in ("\t\tx", "        x", "  \t y", "")]
    with tempfile.TemporaryDirectory() as top:
        for number, text in enumerate(texts):
            with open(os.path.join(top, f"{number}.py"), "w") as file:
                file.write(text)
        shown = [said(tabnanny.check, os.path.join(top, f"{n}.py"))[1].replace(top, "") for n in range(len(texts))]
        tabnanny.verbose = 1
        shown.append(said(tabnanny.check, os.path.join(top, "1.py"))[1].replace(top, ""))
        shown.append(said(tabnanny.check, os.path.join(top, "absent.py"))[1].replace(top, ""))
        tabnanny.verbose = 0
        folder = said(tabnanny.check, top)[1].count("\n")
    pairs = [(a.equal(b), a.less(b), a.not_equal_witness(b)[:2], a.not_less_witness(b)[:2]) for a in witnesses for b in witnesses]
    return shown, folder > 0, repr(pairs), [w.longest_run_of_spaces() for w in witnesses], tabnanny.format_witnesses([(1, 2, 3), (2, 3, 4)])


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
        for number, kind in enumerate((None, mode.TIMESTAMP, mode.CHECKED_HASH, mode.UNCHECKED_HASH)):
            target = py_compile.compile(path, os.path.join(top, f"{number}.pyc"), dfile="shown.py", invalidation_mode=kind)
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
        for name, text in (("a.py", "x = 1\n"), ("sub/b.py", "'''doc'''\nassert 1\n"), ("sub/bad.py", "def (\n"), ("sub/n.txt", "")):
            path = os.path.join(top, name)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "w") as file:
                file.write(text)
        good, sub = os.path.join(top, "a.py"), os.path.join(top, "sub")
        runs: tuple[dict[str, Any], ...] = (
            *({}, {"quiet": 1}, {"force": True, "optimize": [0, 1], "quiet": 1}, {"rx": re.compile("bad"), "legacy": True}),
            *({"maxlevels": 0}, {"stripdir": top, "prependdir": "/app", "force": True, "quiet": 2}, {"ddir": "/shown"}),
            {"optimize": [0, 1, 2], "hardlink_dupes": True, "force": True, "quiet": 2},
        )
        for options in runs:
            seen.append(said(lambda o=options: compileall.compile_dir(top, **o)))
        seen = [(result, sorted(text.replace(top, "").splitlines())) for result, text in seen]  # type: ignore[misc]
        path, sys.path = sys.path, [top, os.curdir]
        seen += [compileall.compile_file(good, quiet=1), said(compileall.compile_file, good)[0]]
        seen += [error(compileall.compile_dir, top, ddir="x", stripdir="y"), error(compileall.compile_dir, top, workers=-1)]
        seen += [error(compileall.compile_file, good, optimize=0, hardlink_dupes=True), said(compileall.compile_path, True)[0] is not None]
        sys.path = path
        argv = sys.argv
        for line in (f"-q -f {sub}", f"-qq -x bad -b {sub} {good}", f"-l -s {top} -p /app {top}", f"-i {top}/list", "-d x -s y z", "-q -o 1 -e /no -r 1 /no/such"):
            with open(os.path.join(top, "list"), "w") as file:
                file.write(good + "\n")
            sys.argv = ["compileall", *line.split()]
            seen.append(said(compileall.main)[0])
        sys.argv = argv
        found = sorted(name for _, _, names in os.walk(top) for name in names if name.endswith(".pyc"))
    return seen, [name.replace(sys.implementation.cache_tag, "tag") for name in found]


@USES.of("runpy")
def running_modules() -> object:
    import os
    import tempfile
    import zipfile

    runpy = fresh("runpy")
    with tempfile.TemporaryDirectory() as top:
        for name, text in (("demo_run.py", "import sys\nresult = __name__, x\n"), ("pack_run/__init__.py", ""), ("pack_run/__main__.py", "result = __package__\n")):
            path = os.path.join(top, name)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "w") as file:
                file.write(text)
        archive = os.path.join(top, "app.zip")
        with zipfile.ZipFile(archive, "w") as packed:
            packed.writestr("__main__.py", "result = 'from zip'\n")
        seen = [runpy.run_path(os.path.join(top, "demo_run.py"), {"x": 5}, "as_name")["result"], runpy.run_path(archive)["result"]]
        sys.path.insert(0, top)
        seen += [runpy.run_module("demo_run", {"x": 6}, "__main__", alter_sys=True)["result"], runpy.run_module("pack_run")["result"]]
        seen += [error(runpy.run_module, name) for name in ("no_such_run", "pack_run.none", "json.decoder.x", ".rel", "demo_run.py")]
        sys.path.remove(top)
        empty = error(runpy.run_path, os.path.join(top, "pack_run", "none.py")), error(runpy.run_path, os.path.join(top, "empty"))
    for name in ("demo_run", "pack_run", "pack_run.__main__"):
        sys.modules.pop(name, None)
    return seen, empty


@USES.of("rlcompleter")
def completions() -> object:
    import rlcompleter

    class Props:
        shown = 1

        @property
        def trap(self) -> int:
            raise RuntimeError

        def method(self) -> None: ...

        def __getattr__(self, name: str) -> object:
            raise ValueError

    names = {"alpha": Props(), "alert": len, "_private": 1, "space": int}
    completer = rlcompleter.Completer(names)
    texts = ("al", "imp", "alpha.", "alpha._", "alpha.__cl", "space.real.", "Tru", "nothing.", "fin", "f(x).y", "le")
    found: list[object] = []
    for text in texts:
        seen, number = [], 0
        while (match := completer.complete(text, number)) is not None and number < 8:
            seen.append(match)
            number += 1
        found.append(seen)
    return found, rlcompleter.get_class_members(Props)[:3], error(rlcompleter.Completer, 5), rlcompleter.Completer().complete("pri", 0)


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
        found = util.find_spec("demo_lazy").name, util.find_spec("no_such_lazy"), util.find_spec(".decoder", "json").name
        sys.path.remove(top)
    sys.modules["demo_none"] = type(sys)("demo_none")
    errors = [error(util.find_spec, "demo_none"), error(util.find_spec, "sys.x"), error(util.resolve_name, ".x", "")]
    del sys.modules["demo_none"]
    errors += [error(util.resolve_name, "...x", "a.b"), error(util.LazyLoader, object()), error(util.find_spec, ".x")]
    return (
        kinds,
        found,
        errors,
        (util.resolve_name("x", "a"), util.resolve_name(".x", "a.b"), util.resolve_name("..x", "a.b")),
        util.cache_from_source("/a/b.py", optimization=1).split("/")[-1].replace(sys.implementation.cache_tag, ""),
        util.source_hash(b"x = 1").hex(),
        util.decode_source(b"# coding: latin-1\r\nx = '\xe9'"),
    )


@USES.of("importlib.metadata")
def distribution_metadata() -> object:
    import os
    import tempfile
    from importlib import metadata

    texts = {
        "METADATA": "Metadata-Version: 2.1\nName: Demo.Pack\nVersion: 1.2\nRequires-Dist: dep>=1 ; extra == 'x'\nRequires-Dist: two\n"
        "Provides-Extra: x\nKeywords: a,b\nDescription: first\n        second\n\nThe body.\n",
        "RECORD": "demo/__init__.py,sha256=abc,12\ndemo/data.txt,,\ndemo.py,sha256=AAAA,\n",
        "entry_points.txt": "[console_scripts]\ndemo = demo.cli:main [x]\njson-tool = json.decoder:JSONDecoder.decode\n[demo.plugins]\n# note\nplain = json\nbad = 1!x\n",
        "top_level.txt": "demo\n",
        "direct_url.json": '{"url": "file:///x", "dir_info": {}}',
    }
    egg = {"PKG-INFO": "Metadata-Version: 1.0\nName: old-egg\nVersion: 0.1\n", "requires.txt": "base\n\n[extra]\nmore>2\n[extra2:python_version<'4']\nthird\n[:os_name=='x']\nfourth @ http://x\n", "SOURCES.txt": "a.py\nb.py\n"}
    with tempfile.TemporaryDirectory() as top:
        for folder, files in (("demo_pack-1.2.dist-info", texts), ("old_egg.egg-info", egg), ("broken-3.dist-info", {})):
            os.makedirs(os.path.join(top, folder))
            for name, text in files.items():
                with open(os.path.join(top, folder, name), "w") as file:
                    file.write(text)
        os.makedirs(os.path.join(top, "demo"))
        for name in ("demo.py", "demo/__init__.py", "demo/data.txt"):
            with open(os.path.join(top, name), "w") as file:
                file.write("x = 1\n")
        found = list(metadata.distributions(path=[top]))
        demo, old = (next(iter(metadata.distributions(name=name, path=[top]))) for name in ("Demo.Pack", "old-egg"))
        files: Any = demo.files
        points = demo.entry_points
        script = points["demo"]
        message: Any = demo.metadata
        seen = [
            sorted(str(dist.name) for dist in found if dist.read_text("METADATA") or dist.read_text("PKG-INFO")),
            (demo.version, demo.requires, old.requires, sorted(message.keys()), message["Name"], message.get_all("Requires-Dist")),
            sorted(message.json.items(), key=str),
            [(str(part), part.hash and part.hash.value, part.size, part.name) for part in files],
            (files[2].read_text(), files[2].read_binary(), files[2].locate().name, repr(files[0].hash)),
            (sorted(points.names), sorted(points.groups), script.module, script.attr, script.extras, repr(script)),
            (points.select(group="demo.plugins", name="plain")["plain"].load().__name__, points["json-tool"].load().__name__),
            (script.matches(name="demo", group="other"), script < points["plain"], hash(script) == hash(points["demo"])),
            [str(name) for name in (old.files or [])],
        ]
        path, sys.path = sys.path, [top]
        errors = [error(lambda: points["nope"]), error(setattr, script, "name", "x")]
        errors += [error(lambda: points["bad"].module), error(metadata.distribution, "no-such-dist-x"), error(metadata.version, "")]
        errors += [error(metadata.distributions, context=1, path=[]), error(metadata.Distribution.from_name, "no-such-dist-x")]
        errors += [str(metadata.PackageNotFoundError("z"))]
        prepared = metadata.Prepared("Demo.Pack")  # type: ignore[attr-defined]
        seen.append((prepared.normalized, prepared.legacy_normalized, bool(prepared), bool(metadata.Prepared(None))))  # type: ignore[attr-defined]
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
            files: Any = _common.files("demo_resources")  # type: ignore[call-arg,arg-type]
            package = importlib.import_module("demo_resources")
            with _common.as_file(files / "data.txt") as path:
                text = path.read_text()
            temporary: Any = InMemory("mem.txt", b"in memory")
            with _common.as_file(temporary) as copy:
                copied = copy.read_bytes()
            if sys.version_info >= (3, 12):
                with _common.as_file(InMemory("tree", b"", [temporary])) as tree:
                    copied += b" and ".join(sorted(entry.name.encode() for entry in tree.iterdir()))
            resolved = [_common.from_package(package).name, _common.get_package(package).__name__ if hasattr(_common, "get_package") else ""]  # type: ignore[attr-defined]
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
        for folder, name in ((one, "a.txt"), (two, "b.txt"), (one / "sub", "x.txt"), (two / "sub", "y.txt")):
            folder.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(name)
        file: Any = readers.FileReader(Loader(str(one / "a.txt"), "one"))  # type: ignore[arg-type]
        both: Any = readers.MultiplexedPath(one, two)
        archive = os.path.join(top, "pack.zip")
        with zipfile.ZipFile(archive, "w") as packed:
            packed.writestr("pack/__init__.py", "")
            packed.writestr("pack/data.txt", "zipped")
        import zipimport

        zipped: Any = readers.ZipReader(zipimport.zipimporter(archive), "pack")
        seen = (
            (file.files().name, os.path.basename(file.resource_path("a.txt")), both.name, both.is_dir(), both.is_file()),
            sorted(entry.name for entry in both.iterdir()),
            ((both / "b.txt").read_text(), type(both / "sub").__name__, error(both.joinpath("absent").read_text)),
            (zipped.files().joinpath("data.txt").read_text(), zipped.is_resource("data.txt"), error(zipped.open_resource, "no")),
            [error(readers.MultiplexedPath), error(readers.MultiplexedPath, one / "a.txt"), error(both.read_text), error(both.open)],
            (error(both.read_bytes), readers.remove_duplicates is not None, error(readers.NamespaceReader, [top])),
            repr(both).count("Path"),
        )
    return seen


@USES.of("pkgutil")
def package_walks() -> object:
    import os
    import pkgutil
    import tempfile
    import zipfile
    import zipimport

    with tempfile.TemporaryDirectory() as top:
        for name in ("walk_pack/__init__.py", "walk_pack/one.py", "walk_pack/sub/__init__.py", "walk_pack/sub/two.py", "walk_bad/__init__.py", "loose.py", "data.txt"):
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
            walked = [(info.name, info.ispkg) for info in pkgutil.walk_packages([top], onerror=failures.append)]
            listed = [info.name for info in pkgutil.iter_modules([top], "pre.")]
            zipped = [tuple(info)[-2:] for info in pkgutil.iter_importer_modules(zipimport.zipimporter(archive), "z.")]  # type: ignore[call-overload]
            data = pkgutil.get_data("walk_pack", "one.py"), pkgutil.get_data("no_such_pack", "x")
            names = ("os.path:join", "os.path.join", "walk_pack.sub:x", "walk_pack")
            resolved = [getattr(pkgutil.resolve_name(name), "__name__", 1) for name in names]
            extended = [os.path.basename(path) for path in pkgutil.extend_path([os.path.join(top, "walk_pack")], "walk_pack")]
            importer = pkgutil.get_importer(top), pkgutil.get_importer(top)
            first = next(iter(pkgutil.iter_importers("walk_pack.sub")))
        finally:
            sys.path.remove(top)
            sys.path_importer_cache.pop(top, None)
            for name in [name for name in sys.modules if name.startswith("walk_")]:
                del sys.modules[name]
    errors = [error(pkgutil.iter_modules, "x").__len__(), error(pkgutil.resolve_name, "1:2"), error(pkgutil.resolve_name, "nope.x")]
    errors += [error(lambda: list(pkgutil.iter_importers(".x"))), error(lambda: list(pkgutil.iter_modules("text")))]
    return sorted(walked), failures, sorted(listed), sorted(zipped), data, resolved, extended, importer[0] is importer[1], type(first).__name__, errors


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
            for name, text in (("zmod.py", "x = 1\r\n"), ("zpack/__init__.py", "y = 2\n"), ("zpack/data.txt", "data"), ("zbad.py", "def (")):
                packed.writestr(zipfile.ZipInfo(name), text)
        loader = zipimport.zipimporter(archive)
        inside = zipimport.zipimporter(os.path.join(archive, "zpack"))
        spec = loader.find_spec("zpack")
        code = loader.get_code("zmod")
        seen = [
            (loader.is_package("zpack"), loader.is_package("zmod"), loader.get_source("zmod"), code.co_name, inside.prefix),
            (loader.get_data("zpack/data.txt"), loader.get_data(os.path.join(archive, "zmod.py")), spec.name, repr(loader)[:12]),
            (loader.get_filename("zpack")[len(top) :], loader.find_spec("nothing"), loader.get_resource_reader("zmod") is None),
        ]
        errors = [error(loader.get_source, "no"), error(loader.get_data, "no"), error(loader.is_package, "no"), error(loader.get_code, "zbad")]
        errors += [error(zipimport.zipimporter, ""), error(zipimport.zipimporter, top), error(zipimport.zipimporter, __file__)]
        loader.invalidate_caches()
        for name, raw in (("short.zip", b"PK"), ("junk.zip", b"x" * 80)):
            with open(os.path.join(top, name), "wb") as file:
                file.write(raw)
            errors.append(error(zipimport.zipimporter, os.path.join(top, name)))
    return seen, errors


@USES.of("opcode")
def opcode_tables() -> object:
    opcode = fresh("opcode")
    return len(opcode.opmap), opcode.opname[0], sorted(opcode.cmp_op), opcode.HAVE_ARGUMENT, sorted(opcode.hasfree) != []


@USES.of("token")
def token_tables() -> object:
    token = fresh("token")
    return token.ISTERMINAL(1), token.ISNONTERMINAL(300), token.ISEOF(0), sorted(token.EXACT_TOKEN_TYPES)[:5], token.tok_name[1]
