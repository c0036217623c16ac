"""Workloads over tokens, syntax trees and symbols."""

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
    (3, 12): "type A[T: int, *U, **P] = list[T]\ndef g[T](a: T) -> T: pass\nclass C[T]: pass\n"
             "f'{f'{1}' + \"x\"}'\n",
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
    early.close()
    cookies = (
        b"\xef\xbb\xbfx\n", b"# vim: set fileencoding=utf8 :\nx", b"\n# coding: iso-8859-15\n",
        b"x\n# coding: utf-8",
        b"", b"# coding: nope\n", b"\xef\xbb\xbf# coding: latin-1\n", b"\xff\n", b"#\n\xff\n",
        b"\n# coding: bad-\xe9\n",
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
        main = getattr(tokenize, "main", None) or tokenize._main
        shown = [len(said(main)[1])]
        sys.argv = ["tokenize", bad]
        shown.append(str(said(main)[0]))
        sys.argv = argv
    return (
        len(found),
        tokenize.untokenize(found) == raw,
        [tokenize.tok_name[token.exact_type] for token in found[:90]],
        len(tokenize.untokenize(short)),
        (first.string, repr(first), first.line),
        detected,
        [error(lambda text=text: list(tokenize.generate_tokens(io.StringIO(text).readline)))
         for text in broken],
        [token.type
         for token in tokenize.generate_tokens(io.StringIO("\ty = é1j 0o7\n# end").readline)],
        error(tokenize.untokenize, [found[5], found[1]]),
        error(tokenize.open, "/no/such.py"),
        tokenize.untokenize(iter([(1, "a"), (54, "="), (2, "1"), (4, "\n"), (5, "  "), (6, ""),
                                  (3, "'s'"), (3, "'t'")])),
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
    swapped = Swap().visit(ast.parse("import a\nx = 1, [1, 2]\nif x:\n  pass\n  y"))
    ast.fix_missing_locations(swapped)
    source = "def f():\n  '''doc\n     more'''\n  return (1 +\n    2)\n"
    parsed: Any = ast.parse(source)
    literals = ("{'a': [1, (2, -3.5)], 'b': {1, None}}", " 1 + 2j", "set()", "b'x' b'y'", "-1-1j",
                "...")
    bad = ("a", "1 + 2", "f()", "[", "{**{}}", "-'x'", "1j + 1j", "\x00")
    text = io.StringIO("x = 1\r\ny = '\f'\n").read()
    evil = ast.parse("f'{x}' '\\'\"'\nx = 1e1000, -1, (yield), 1 .real, (lambda: 0)(), not a\n"
                     "(a, *b), ('''\n''')")
    strings = ast.parse("f'{a!s:{w}.2f}\\n{b}' \"'\"\ndef f():\n  'doc \\\\ '\n  x = '\\t\\u2028'\n"
                        "  with (a as b): ...\n")
    return (
        ast.dump(ast.parse(again)) == ast.dump(ast.parse(ast.unparse(ast.parse(again)))),
        len(again),
        ast.unparse(evil),
        ast.unparse(strings),
        names.seen,
        ast.unparse(swapped),
        ast.dump(swapped, indent=2, include_attributes=True),
        ast.dump(parsed, annotate_fields=False),
        (ast.get_docstring(parsed.body[0]), ast.get_docstring(parsed),
         ast.get_source_segment(source, parsed.body[0].body[1])),
        (ast.get_source_segment(source, parsed.body[0].body[1].value, padded=True),
         error(ast.get_docstring, evil.body[0])),
        [ast.literal_eval(literal) for literal in literals],
        [error(ast.literal_eval, literal) for literal in bad],
        (len(list(ast.walk(tree))), len(list(ast.iter_child_nodes(tree))),
         dict(ast.iter_fields(ast.Name("n", ast.Load())))["id"]),
        ast.increment_lineno(parsed, 5).body[0].lineno,
        (text, ast.unparse(ast.parse("(int, *str) -> bool", mode="func_type")),
         ast.unparse(ast.parse("a if b else c", mode="eval"))),
        error(ast.unparse, ast.Name()) if sys.version_info < (3, 13) else "",
        ast.parse("x = 1 # type: int", type_comments=True).body[0].type_comment,
    )


@USES.of("symtable")
def symbol_tables() -> object:
    import symtable

    top = symtable.symtable(PROGRAM.replace("global X", "global G"), "<demo>", "exec")
    flow: Any = top.lookup("flow").get_namespace()
    inner: Any = flow.lookup("inner").get_namespace()
    shape: Any = top.lookup("Shape").get_namespace()
    agen: Any = top.lookup("agen").get_namespace()
    questions = ("is_referenced", "is_parameter", "is_global", "is_nonlocal", "is_declared_global",
                 "is_local", "is_annotated")
    questions += ("is_free", "is_imported", "is_assigned", "is_namespace")
    symbols = [(s.get_name(), [getattr(s, question)() for question in questions])
               for s in sorted_symbols(flow)]
    several: Any = symtable.symtable("def f(): pass\ndef f(a): pass\n", "<d>", "exec").lookup("f")
    return (
        (top.get_type() + "", top.get_name(), top.get_lineno(), top.has_children(),
         top.is_optimized(), top.is_nested()),
        symbols,
        (sorted(inner.get_nonlocals()), sorted(inner.get_frees()), sorted(flow.get_locals()),
         sorted(agen.get_globals())),
        (sorted(agen.get_parameters()), sorted(shape.get_identifiers()), len(shape.get_children()),
         repr(shape)),
        (len(several.get_namespaces()), error(several.get_namespace), error(top.lookup, "nothing"),
         repr(several)),
        (error(top.lookup("X").get_namespace), error(symtable.symtable, "x x", "<d>", "exec"),
         shape.get_id() > 0),
    )


def sorted_symbols(table: Any) -> list[Any]:
    return sorted(table.get_symbols(), key=lambda symbol: symbol.get_name())


@USES.of("opcode")
def opcode_tables() -> object:
    opcode = fresh("opcode")
    return (
        len(opcode.opmap), opcode.opname[0], sorted(opcode.cmp_op), opcode.HAVE_ARGUMENT,
        sorted(opcode.hasfree) != []
    )


@USES.of("token")
def token_tables() -> object:
    token = fresh("token")
    return (
        token.ISTERMINAL(1), token.ISNONTERMINAL(300), token.ISEOF(0),
        sorted(token.EXACT_TOKEN_TYPES)[:5], token.tok_name[1]
    )
