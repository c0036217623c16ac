"""Workloads over functions, classes and their bytecode."""

# Calls stand in rows, as in a table; one to a line, they would hide what is used of a module.
# fmt: off
# Private names and wrong arguments are used on purpose.
# mypy: ignore-errors

from __future__ import annotations

import sys

from ..helpers import define, error
from ..registry import Uses
from .syntax import PROGRAM

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

USES = Uses()


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
        partial, base().method, base.make, base.tool, child, names["Called"], names["Called"](),
        names["wrapper"], len,
        functools.partial(plain, b=2), functools.partial(child, 1), dict.get, int.__add__,
        classmethod, type,
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
    kinds = sorted(name for name in dir(inspect)
                   if name.startswith("is") and name not in ("isatty",))
    things = (plain, base, base().method, generator, agen, names["coro"], len, types,
              base.__dict__["prop"], plain.__code__)
    tests = [[getattr(inspect, kind)(thing) for thing in things] for kind in kinds
             if kind not in ("iskeyword",)]
    text = (
        "import os\n\nclass A:\n    # comment\n    def f(self):\n        return (lambda: 1)\n\n\n"
        "def g(a,\n      b):\n    pass\n"
    )
    with tempfile.TemporaryDirectory() as top:
        path = os.path.join(top, "demo_inspected.py")
        with open(path, "w") as file:
            file.write("# head comment\n" + text)
        module: Any = types.ModuleType("demo_inspected")
        module.__file__ = path
        exec(compile("# head comment\n" + text, path, "exec"), module.__dict__)
        sys.modules["demo_inspected"] = module
        found = [inspect.getsource(module.A.f), inspect.getsource(module.g),
                 inspect.getcomments(module), inspect.getsourcelines(module.A)[1]]
        found += [inspect.getmodulename(path), inspect.getsourcefile(module.g) == path,
                  inspect.getmodule(module.g) is module]
        found += [inspect.getfile(module.A) == path, inspect.getcomments(module.g),
                  inspect.getblock(["def f():\n", "  pass\n", "x\n"])]
        del sys.modules["demo_inspected"]
    frame: Any = inspect.currentframe()
    info = inspect.getframeinfo(frame, context=0)
    errors = [
        error(signature.bind), error(signature.bind, 1, 2), error(signature.bind, 1, 2, d=1, b=3),
        error(signature.bind, a=1),
        error(inspect.signature, 5), error(inspect.getsource, 5), error(inspect.getfile, len),
        error(inspect.getsource, dict),
        error(inspect.Parameter, "1x", inspect.Parameter.VAR_KEYWORD),
        error(inspect.Parameter, "a", 9), error(inspect.getmro, 5),
        error(inspect.Parameter, "a", inspect.Parameter.VAR_POSITIONAL, default=1),
        error(inspect.Parameter, 5, parameter.kind),
        error(inspect.Signature, [parameter, parameter]),
        error(inspect.Signature, [parameter, *signature.parameters.values()]),
        error(inspect.getcallargs, plain), error(inspect.getattr_static, base, "none"),
        error(inspect.getfullargspec, 5),
        error(inspect.getclosurevars, 5), error(inspect.unwrap, circular()),
        error(inspect.getsource, plain), error(bound.signature.bind, 1, 2, 3, 4, 5),
    ]
    return (
        (str(signature), bound.arguments, bound.args, bound.kwargs,
         str(signature.bind_partial(1)).count("=")),
        shown,
        (str(changed), repr(parameter),
         str(parameter.replace(name="q", kind=parameter.POSITIONAL_ONLY)), hash(parameter) != 0),
        (signature == inspect.signature(plain), repr(parameter.kind), parameter.kind.description,
         changed.parameters["p"].default),
        states,
        (sorted(closure.nonlocals), sorted(closure.globals), sorted(closure.builtins),
         sorted(closure.unbound)),
        tests,
        found,
        (info.function, info.index, inspect.getargvalues(frame).args,
         len(inspect.getouterframes(frame, context=0)) > 0),
        (inspect.getdoc(plain), inspect.getdoc(child.method), inspect.getdoc(child),
         inspect.cleandoc("\n  a\n   b\n\n")),
        [(attribute.name, attribute.kind) for attribute in inspect.classify_class_attrs(child)
         if attribute.name[0] != "_"],
        ([name for name, _ in inspect.getmembers(base, inspect.isfunction)],
         [c.__name__ for c in inspect.getmro(child)]),
        [name for name, _ in inspect.getmembers_static(base()) if name[0] != "_"],
        (str(inspect.getclasstree([base, child], unique=True)),
         inspect.getcallargs(plain, 1, 2, d=3)["e"], inspect.indentsize("\t  x")),
        (inspect.getfullargspec(plain).kwonlydefaults, inspect.getfullargspec(base().method).args,
         inspect.unwrap(names["wrapper"]) is plain),
        (inspect.getattr_static(names["Hidden"](), "x", "none"),
         inspect.getattr_static(child(1), "s") is not None, inspect.getattr_static(base(), "tag")),
        (inspect.formatannotation(int), inspect.formatannotation("x"),
         inspect.get_annotations(plain)["b"], inspect.getargs(plain.__code__).varkw),
        errors,
    )


def circular() -> Any:
    def first() -> None: ...

    first.__wrapped__ = first
    return first


@USES.of("dis")
def disassembly() -> object:
    import dis
    import io

    # Not PROGRAM: its relative import and other lines compile, but a shorter text is enough.
    code = compile(PROGRAM.replace("from . import sibling", "LONG = " + "x + " * 90 + "x"),
                   "<demo>", "exec")
    names = define(
        "def f(a, *b, c=1, **d):\n  'Doc.'\n  try:\n    return [x + a for x in b]\n  finally:\n"
        "    abs(b)\nclass K:\n  def m(self): yield\n  n = 1\n"
    )
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
    early.close()
    effects = [dis.stack_effect(dis.opmap[name], argument, jump=jump)
               for name, argument, jump in (("LOAD_CONST", 0, None), ("FOR_ITER", 3, False),
                                            ("FOR_ITER", 3, True))]
    text = out.getvalue()
    return (
        text.count("\n") > 500,
        [(i.opname, i.argval if isinstance(i.argval, (int, str)) else "", i.starts_line)
         for i in instructions],
        (bytecode.info().splitlines()[0],
         bytecode.dis().count("\n") == len(bytecode.dis().splitlines()), len(list(bytecode))),
        [line for _, line in dis.findlinestarts(function.__code__)],
        (dis.findlabels(function.__code__.co_code) != [], first, effects,
         frames.getvalue().count("-->"), inner.codeobj.co_name),
        dis.code_info("x = 1").splitlines()[:4],
        dis.pretty_flags(0x1 | 0x20 | 1 << 30),
        (error(dis.dis, 5), error(dis.code_info, 5),
         error(dis.distb) if not hasattr(sys, "last_traceback") else "RuntimeError"),
    )
