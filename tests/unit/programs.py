"""Small programs as text, for Hypothesis: every statement that the compiler makes blocks of.

They end, and what they do depends on nothing but themselves.
"""

from __future__ import annotations

from collections.abc import Callable

from hypothesis import strategies as st

Draw = Callable[..., object]

PRELUDE = """
def note(*values):
    print(*values)
    return values[0] if values else None

class Guard:
    def __init__(self, swallows, breaks=False):
        self.swallows, self.breaks = swallows, breaks
    def __enter__(self):
        if self.breaks:
            raise KeyError('enter')
        return self
    def __exit__(self, kind, error, trace):
        note('exit', kind and kind.__name__)
        return self.swallows
    async def __aenter__(self):
        return self.__enter__()
    async def __aexit__(self, *error):
        return self.__exit__(*error)

class Slow:
    def __init__(self, n):
        self.n = n
    def __await__(self):
        for i in range(self.n):
            yield i
        return self.n
    def __aiter__(self):
        return self
    async def __anext__(self):
        self.n -= 1
        if self.n < 0:
            raise StopAsyncIteration
        await Slow(self.n % 2)
        return self.n

def drive(coroutine):
    steps = 0
    try:
        while steps < 50:
            steps += 1
            coroutine.send(None)
    except StopIteration as stop:
        return steps, stop.value
    coroutine.close()
"""

ATOMS = ["a", "b", "n", "0", "1", "2.5", "'x'", "None", "True", "[]", "[a, 1]", "(n, b)", "note(a)"]
TARGETS = ["a", "b", "n", "c", "(a, c)", "[a, *c]", "c[0]", "n.x"]
ERRORS = ["KeyError", "ValueError", "(TypeError, IndexError)", "Exception", "ZeroDivisionError"]


class Writer:
    """Draws one program, statement for statement."""

    def __init__(self, draw: Draw, size: int) -> None:
        self.draw = draw
        self.left = size
        self.in_loop = self.is_generator = self.is_coroutine = False
        self.depth = 0
        self.names = 0

    def pick(self, *choices: str) -> str:
        return str(self.draw(st.sampled_from(choices)))

    def number(self, low: int, high: int) -> int:
        return int(str(self.draw(st.integers(low, high))))

    def maybe(self) -> bool:
        return bool(self.draw(st.booleans()))

    def new_name(self) -> str:
        self.names += 1
        return f"v{self.names}"

    # -- expressions ------------------------------------------------------------------------------

    def expression(self, deep: int = 2) -> str:
        if deep == 0:
            return self.pick(*ATOMS)
        one = self.expression(deep - 1)
        kind = self.number(0, 17)
        if kind < 5:
            return one
        two = self.expression(deep - 1)
        return [
            f"({one} and {two})",
            f"({one} or\n{two})",
            f"({one} if {two} else note({one}))",
            f"(not {one})",
            f"({one} == {two} != a)",
            f"[x for x in ({one}, {two}) if x]",
            f"{{x: y for x in (1, 2) for y in [{one}]}}",
            f"sum(x for x in (1, n) if {two})",
            f"(lambda x: {one} or x)({two})",
            f"note(\n{one},\n{two}\n)",
            f"f'{{{self.pick('a', 'n')}!r}}-{{b}}'",
            f"(c := {one})",
            f"[*range(2), {one}][n % 3]",
        ][kind - 5]

    # -- statements -------------------------------------------------------------------------------

    def block(self, indent: int, loop: bool | None = None) -> str:
        """One statement or more, indented."""
        before, self.in_loop = self.in_loop, self.in_loop if loop is None else loop
        self.depth += 1
        lines = "".join(self.statement(indent) for _ in range(self.number(1, 3)))
        self.depth -= 1
        self.in_loop = before
        return lines

    def statement(self, indent: int) -> str:
        self.left -= 1
        choices = [self.simple]
        if self.left > 0 and self.depth < 5:
            choices += [
                *(self.condition, self.for_loop, self.while_loop, self.handler, self.context),
                *(self.match, self.function, self.jump, self.final, self.class_body),
            ]
        pad = " " * indent
        text = choices[self.number(0, len(choices) - 1)](indent)
        return "".join(f"{pad}{line}\n" if line else "\n" for line in [text.rstrip("\n")])

    def simple(self, indent: int) -> str:
        value = self.expression()
        forms = [
            f"{self.pick(*TARGETS)} = {value}",
            f"n += {self.pick('1', '2', 'len(str(a))')}",
            f"note({value})",
            f"assert {value}, 'assertion'",
            f"a = b; b = {value}",
            "del c",
            f"if {value}: n -= 1",
            "a = 1 / (n % 4)",
        ]
        if self.is_generator and not self.is_coroutine:
            forms += [f"a = yield {value}", "yield", "b = yield from range(2)"]
        if self.is_coroutine:
            forms += ["a = await Slow(n % 3)", "note([x async for x in Slow(2) if x])"]
        return self.pick(*forms)

    def jump(self, indent: int) -> str:
        forms = [f"return {self.expression(1)}", f"raise {self.pick('KeyError(1)', 'ValueError')}"]
        if self.in_loop:
            forms += ["break", "continue"] * 2
        jump = self.pick(*forms)
        return jump if self.maybe() else f"if {self.expression(1)}: {jump}"

    def condition(self, indent: int) -> str:
        pad = " " * indent
        text = f"if {self.expression()}:\n{self.block(indent + 1)}"
        if self.maybe():
            text += f"{pad}elif {self.expression(1)}:\n{self.block(indent + 1)}"
        if self.maybe():
            text += f"{pad}else:\n{self.block(indent + 1)}"
        return text

    def _loop_else(self, indent: int) -> str:
        return f"{' ' * indent}else:\n{self.block(indent + 1)}" if self.maybe() else ""

    def for_loop(self, indent: int) -> str:
        what = self.pick("range(n % 4)", "[1, 0, 2]", "(x for x in (a, b))", "'ab'", "note([n, 1])")
        kind = ""
        if self.is_coroutine and self.maybe():
            kind, what = "async ", "Slow(3)"
        target = self.pick("a", "b", "c")
        text = f"{kind}for {target} in {what}:\n{self.block(indent + 1, loop=True)}"
        return text + self._loop_else(indent)

    def while_loop(self, indent: int) -> str:
        count = self.new_name()
        pad = " " * indent
        test = self.pick("", " and n < 9", " and a or 0", " and (\nn or b)")
        body = self.block(indent + 1, loop=True)
        return (
            f"{count} = 3\n{pad}while {count}{test}:\n{pad} {count} -= 1\n{body}"
            f"{pad} if {count} < 0: break\n" + self._loop_else(indent)
        )

    def handler(self, indent: int) -> str:
        pad = " " * indent
        star = "*" if self.maybe() else ""
        text = f"try:\n{self.block(indent + 1)}"
        for _ in range(self.number(0 if not star else 1, 2)):
            name = self.pick("", f" as {self.new_name()}")
            # break, continue and return are no part of except*.
            body = self.simple(0) if star else ""
            text += f"{pad}except{star} {self.pick(*ERRORS)}{name}:\n"
            text += f"{pad} {body}\n" if star else self.block(indent + 1)
        if "except" in text and self.maybe():
            text += f"{pad}else:\n{self.block(indent + 1)}"
        if "except" not in text or self.maybe():
            text += f"{pad}finally:\n{self.block(indent + 1)}"
        return text

    def context(self, indent: int) -> str:
        guard = self.pick("Guard(True)", "Guard(False)", "Guard(n % 2, a)", "Guard(True) as c")
        more = self.pick("", ", Guard(False)", f", Guard({self.expression(1)})")
        kind = "async " if self.is_coroutine and self.maybe() else ""
        return f"{kind}with {guard}{more}:\n{self.block(indent + 1)}"

    def match(self, indent: int) -> str:
        pad = " " * indent
        text = f"match {self.expression(1)}:\n"
        for pattern in ("[x, *_]", "{'k': x}", "int(x) | float(x)", "None | 'x'", "x if x"):
            if self.maybe():
                guard = f" if {self.expression(1)}" if " if" not in pattern and self.maybe() else ""
                text += f"{pad} case {pattern}{guard}:\n{self.block(indent + 2)}"
        return text + f"{pad} case _ if b:\n{self.block(indent + 2)}"

    def function(self, indent: int) -> str:
        outer = self.in_loop, self.is_generator, self.is_coroutine
        pad, name = " " * indent, self.new_name()
        kind = self.number(0, 3)
        self.in_loop, self.is_generator, self.is_coroutine = False, kind == 1, kind >= 2
        head = self.pick("", "@note\n" + pad) + ("async " if kind >= 2 else "")
        first = f"{pad} yield n\n" if kind == 1 else f"{pad} await Slow(1)\n" if kind >= 2 else ""
        text = f"{head}def {name}(a, b=2, *c, n=n):\n{first}{self.block(indent + 1)}"
        self.in_loop, self.is_generator, self.is_coroutine = outer
        call = [f"{name}(n)", f"list({name}(n))", f"drive({name}(n))"][min(kind, 2)]
        return f"{text}{pad}note({call})"

    def final(self, indent: int) -> str:
        generator = self.new_name()
        pad = " " * indent
        return (
            f"{generator} = (note(x) for x in range(3))\n{pad}next({generator})\n"
            f"{pad}{self.pick(f'{generator}.close()', f'del {generator}', f'list({generator})')}"
        )

    def class_body(self, indent: int) -> str:
        pad, name = " " * indent, self.new_name()
        return (
            f"class {name}:\n{pad} x = {self.expression(1)}\n{pad} def f(self):\n"
            f"{pad}  return __class__, self.x\n{pad}note({name}().f()[1])"
        )

    def program(self) -> str:
        kind = self.number(0, 5)
        self.is_generator, self.is_coroutine = kind == 4, kind == 5
        body = "".join(self.statement(1) for _ in range(self.number(2, 5)))
        head = "async def" if self.is_coroutine else "def"
        first = " yield 0\n" if self.is_generator else ""
        call = {4: "list(f({0}, 'x'))", 5: "drive(f({0}, 'x'))"}.get(kind, "f({0}, 'x')")
        calls = "".join(f"note({call.format(n)})\n" for n in ("0", "[1]"))
        return f"{PRELUDE}\n{head} f(a, b, n=2, c=[7]):\n{first}{body}\n\n{calls}"


def _compiles(text: str) -> bool:
    try:
        compile(text, "<program>", "exec")
    except SyntaxError:
        return False
    return True


@st.composite
def texts(draw: Draw, size: int = 12) -> str:
    """A program; most of them compile."""
    return Writer(draw, size).program()


programs = texts().filter(_compiles)
