"""Workloads over functions and contexts."""

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
    from collections.abc import AsyncIterator, Iterator
    from typing import Any

USES = Uses()


@USES.of("functools")
def function_tools() -> object:
    functools = fresh("functools", "_functools")

    @functools.total_ordering
    class Version:
        def __init__(self, number: int) -> None:
            self.number = number

        def __eq__(self, other: object) -> bool:
            return isinstance(other, Version) and self.number == other.number

        def __hash__(self) -> int:
            return self.number

        def __lt__(self, other: object) -> bool:
            return self.number < other.number if isinstance(other, Version) else NotImplemented

    class Shape:
        calls = 0

        @functools.cached_property
        def area(self) -> int:
            self.calls += 1
            return 7

        def scaled(self, factor: int, *, plus: int = 0) -> int:
            return factor * 2 + plus

        double = functools.partialmethod(scaled, 2, plus=1)

        @functools.singledispatchmethod
        def show(self, value: object) -> str:
            return "object"

        show.register(int, lambda self, value: "int")  # annotations would import typing

    @functools.lru_cache(maxsize=2, typed=True)
    def square(value: float) -> float:
        return value * value

    @functools.cache
    def fib(n: int) -> int:
        return n if n < 2 else fib(n - 1) + fib(n - 2)

    @functools.lru_cache(maxsize=0)
    def uncached(value: int) -> int:
        return value

    @functools.singledispatch
    def kind(value: object) -> str:
        return "other"

    kind.register(list, lambda value: "list")

    @kind.register(int)
    def number(value: int) -> str:
        """Counts."""
        return "int"

    class Odd(list[int], Version):
        def __init__(self) -> None:
            pass

    add = functools.partial(lambda *args, **kwargs: (args, kwargs), 1, x=2)
    more = functools.partial(add, 3, y=4)
    more.note = "kept"
    shape = Shape()
    squares = [square(v) for v in (2, 2.0, 3, 2, 2)]
    reduced = more.__reduce__()
    other = functools.partial(print)
    other.__setstate__(reduced[2])
    wrapped = functools.wraps(number)(lambda value: value)
    ordered = sorted([3, 1, 2], key=functools.cmp_to_key(lambda a, b: b - a))
    key = functools.cmp_to_key(lambda a, b: a - b)
    out = [
        Version(1) <= Version(2), Version(2) > Version(1), Version(2) >= Version(2),
        Version(3) != Version(1),
        shape.area, shape.area, shape.calls, shape.double(), shape.show(1), shape.show("x"),
        squares, square.cache_info(), square.cache_parameters(), fib(12), fib.cache_info()[:2],
        uncached(1),
        kind([]), kind(True), kind("x"), sorted(t.__name__ for t in kind.registry),
        kind.dispatch(Odd).__name__,
        add(9), more(5, z=6), other(7), wrapped.__doc__, wrapped.__wrapped__ is number, ordered,
        key(1) < key(2),
        key(1) == key(1), key(2) >= key(1), functools.reduce(lambda a, b: a + b, [1, 2], 10),
        repr(more)[:20],
        functools.reduce(max, [4, 9, 2]), functools.update_wrapper(lambda: 0, 5).__name__,
        uncached.cache_info(), square.__wrapped__(4),
        len(functools._make_key((1,), {"k": 2}, True)),
    ]
    square.cache_clear()
    kind._clear_cache()
    errors = [
        error(lambda: Version(1) < 5), error(functools.total_ordering, object),
        error(functools.reduce, max, []),
        error(functools.lru_cache, "x"), error(functools.partial), error(functools.partial, 5),
        error(functools.partialmethod, 5), error(kind), error(hash, key(1)),
        error(functools.singledispatchmethod, 5), error(other.__setstate__, 1),
        error(type, "T", (), {"a": shape.__class__.__dict__["area"]}), error(key(1).__lt__, 5),
    ]
    return (
        tuple(out), errors, square.cache_info(),
        repr(functools.singledispatchmethod(number).register(str, len))
    )


@USES.of("contextlib")
def contexts() -> object:
    import io
    import os

    contextlib = fresh("contextlib")
    log: list[object] = []

    @contextlib.contextmanager
    def step(name: str, swallow: type[BaseException] | tuple[()] = ()) -> Iterator[str]:
        log.append("enter " + name)
        try:
            yield name
        except swallow:
            log.append("swallowed in " + name)
        finally:
            log.append("exit " + name)

    @contextlib.contextmanager
    def wrong(mode: str) -> Iterator[int]:
        if mode == "none":
            return
        try:
            yield 1
        except ValueError:
            if mode == "other":
                raise KeyError(mode) from None
            if mode == "again":
                yield 2
        if mode == "twice":
            yield 2

    @step("decorator")
    def decorated() -> str:
        return "done"

    def enter(manager: Any, raising: BaseException | None = None) -> object:
        with manager as value:
            if raising:
                raise raising
        return value

    class Closing:
        def close(self) -> None:
            log.append("closed")

        async def aclose(self) -> None:
            log.append("aclosed")

    @contextlib.asynccontextmanager
    async def astep(name: str) -> AsyncIterator[str]:
        try:
            yield name
        except OSError:
            log.append("aswallowed")
        finally:
            log.append("aexit " + name)

    class Guard(contextlib.ContextDecorator):
        def __enter__(self) -> Guard:
            return self

        def __exit__(self, *exc: object) -> bool:
            log.append(exc[0])
            return True

    @Guard()
    def guarded() -> None:
        raise IndexError

    out = [decorated(), enter(step("ok")), enter(step("bad", KeyError), KeyError()), guarded()]
    errors = [error(enter, wrong(mode), ValueError())
              for mode in ("none", "other", "again", "twice")]
    errors += [error(enter, wrong("twice")), error(enter, step("stop"), StopIteration()),
               error(enter, step("x"), OSError())]
    with contextlib.ExitStack() as stack:
        stack.enter_context(step("one"))
        stack.callback(log.append, "callback")
        stack.push(lambda *exc: bool(exc[0]))
        stack.push(step("pushed"))
        kept = stack.pop_all()
        stack.enter_context(contextlib.closing(Closing()))
        stack.push(lambda *exc: True)
        stack.enter_context(contextlib.suppress(ZeroDivisionError))
        stack.callback(lambda: 1 // 0)
        errors.append(error(stack.enter_context, 5))
    kept.close()
    with contextlib.redirect_stdout(io.StringIO()) as text, contextlib.redirect_stderr(text):
        print("out")
        print("err", file=sys.stderr)
    here = os.getcwd()
    with contextlib.chdir("/"):
        out.append(os.getcwd())
    out += [os.getcwd() == here, text.getvalue(), enter(contextlib.nullcontext(9))]
    out.append(enter(contextlib.suppress(KeyError, ValueError), ValueError()))
    if sys.version_info >= (3, 12):
        out.append(enter(contextlib.suppress(KeyError), ExceptionGroup("g", [KeyError()])))

    async def nothing(result: int) -> int:
        return result

    async def main() -> list[object]:
        seen: list[object] = []
        async with contextlib.AsyncExitStack() as stack:
            seen.append(await stack.enter_async_context(astep("a")))
            await stack.enter_async_context(contextlib.aclosing(Closing()))
            stack.push_async_callback(nothing, 0)
            stack.push_async_exit(astep("pushed"))
            stack.enter_context(step("sync"))
            try:
                await stack.enter_async_context(5)
            except TypeError:
                seen.append("not async")
            raise OSError
        async with contextlib.nullcontext(4) as four:
            seen.append(four)
        seen.append(await astep("decorating")(nothing)(0))
        stack = contextlib.AsyncExitStack()
        stack.callback(log.append, "late")
        await stack.aclose()
        try:
            async with astep("failing"):
                raise KeyError
        except KeyError:
            seen.append("through")
        return seen

    try:
        # Nothing here waits; an event loop would import modules that use contextlib themselves.
        main().send(None)
    except StopIteration as exc:
        out += exc.value
    return repr(out), errors, repr(log), issubclass(Closing, contextlib.AbstractContextManager)
