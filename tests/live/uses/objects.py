"""The standard library's tools for objects, errors, tests and tasks, each used once."""

# mypy: ignore-errors

from __future__ import annotations

import sys

from .programs import near
from .registry import Uses

USES = Uses()


@USES.of("argparse")
def arguments():
    import argparse
    import io
    from contextlib import redirect_stderr, redirect_stdout

    parser = argparse.ArgumentParser("demo", description="What it does. " * 9, exit_on_error=False)
    parser.add_argument("-v", "--verbose", action="count", default=0, help="say %(default)s more")
    parser.add_argument("--number", type=int, choices=[1, 2], metavar="N")
    group = parser.add_mutually_exclusive_group()
    group.add_argument("-a", action="store_true"), group.add_argument("-b", nargs="*")
    verbs = parser.add_subparsers(dest="verb", title="verbs")
    verbs.add_parser("go", aliases=["g"], help="goes").add_argument("where", nargs="+")
    with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
        for line in (
            "-vv --num 2 go x y",
            "-b 1 2 -- go z",
            "--number=3",
            "-a -b",
            "stop",
            "g",
            "-h",
            "--number x",
            "-vx",
        ):
            try:
                parser.parse_args(line.split())
            except (SystemExit, argparse.ArgumentError):
                pass


@USES.of("pickle")
def pickles():
    import io
    import pickle

    class Node:
        def __init__(self):
            self.me, self.more = self, (1, "a", b"b", 2.5, None, True, {3}, frozenset({4}))

    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        out = io.BytesIO()
        try:
            pickle._Pickler(out, protocol).dump(
                [complex(1, 2), range(3), len, {"k": [10**30]}, bytearray(b"x")]
            )
            pickle._Unpickler(io.BytesIO(out.getvalue())).load()
            pickle._Pickler(out, protocol).dump(Node())
        except (pickle.PicklingError, AttributeError):
            pass
    for bad in (b"", b"junk", b"\x80\x7f.", b"(i\n\n.", b"cno\nname\n."):
        try:
            pickle._Unpickler(io.BytesIO(bad)).load()
        except Exception:
            pass


@USES.of("contextlib")
def contexts():
    import contextlib

    @contextlib.contextmanager
    def manager(log):
        try:
            log.append((yield 1))
        except KeyError:
            log.append("caught")
        finally:
            log.append("left")

    log = []
    with contextlib.ExitStack() as stack, contextlib.suppress(KeyError):
        (
            stack.enter_context(manager(log)),
            stack.callback(log.append, 5),
            stack.push(lambda *e: True),
        )
        stack.pop_all().close(), stack.enter_context(manager(log))
        raise KeyError
    try:
        with manager(log), contextlib.closing(open(near())):
            raise ValueError
    except ValueError:
        manager(log)(log.append)(2)


@USES.of("functools")
def tools():
    import functools

    cached = functools.lru_cache(maxsize=2)(lambda a: a)
    [cached(n) for n in (1, 2, 1, 3, 1)], cached.cache_info(), cached.cache_clear()

    @functools.total_ordering
    class Value:
        def __init__(self, n):
            self.n = n

        def __eq__(self, other):
            return self.n == other.n

        def __lt__(self, other):
            return self.n < other.n if isinstance(other, Value) else NotImplemented

        @functools.cached_property
        def twice(self):
            return self.n * 2

    Value(1) >= Value(2), Value(1) <= Value(1), Value(2) > Value(3), Value(1).twice

    @functools.singledispatch
    def show(value):
        return "any"

    show.register(int, lambda value: "int"), show.register(list)(lambda value: "list")
    show(1), show(True), show([]), show("x"), functools.reduce(max, [1, 3, 2])


@USES.of("dataclasses")
def records():
    import dataclasses

    @dataclasses.dataclass(order=True, slots=True, kw_only=True)
    class Point:
        x: int = 0
        y: list = dataclasses.field(default_factory=list, compare=False, repr=False)
        z: dataclasses.InitVar[int] = 3

    @dataclasses.dataclass(frozen=True)
    class Fixed:
        a: object
        b: tuple = ()

    dataclasses.asdict(Fixed(Point(x=1), (1, {2: [3]}))), dataclasses.astuple(Fixed([Point()]))
    (
        dataclasses.replace(Fixed(1), b=(2,)),
        repr(Fixed(1)),
        dataclasses.make_dataclass("M", ["q", ("r", int)]),
    )
    for wrong in (
        lambda: setattr(Fixed(1), "a", 2),
        lambda: dataclasses.asdict(5),
        lambda: dataclasses.make_dataclass("N", ["a", "a"]),
    ):
        try:
            wrong()
        except (TypeError, dataclasses.FrozenInstanceError):
            pass


@USES.of("enum")
def enumerations():
    import enum

    class Color(enum.Enum):
        RED = 1
        GREEN = enum.auto()
        ALIAS = 1

    class Right(enum.IntFlag):
        R, W, X = 4, 2, 1

    (
        repr(Color(1)),
        Color["GREEN"],
        list(Color),
        Color.__members__,
        str(Right.R | Right.X),
        ~Right.W in Right(7),
    )
    list(Right(6)), enum.Enum("Made", "a b"), enum.unique(Right)
    for wrong in (
        lambda: Color(9),
        lambda: Color["no"],
        lambda: enum.unique(Color),
        lambda: setattr(Color, "RED", 3),
    ):
        try:
            wrong()
        except (ValueError, KeyError, AttributeError):
            pass


@USES.of("traceback")
def tracebacks():
    import traceback

    def raises(n):
        if n:
            raises(n - 1)
        try:
            {}["k"]
        except KeyError as error:
            raise ExceptionGroup("group", [error, ValueError("x\ny")]) from error

    try:
        raises(6)
    except ExceptionGroup:
        kept = traceback.TracebackException(*sys.exc_info(), capture_locals=True)
        list(kept.format()), traceback.format_exc(limit=2), list(kept.format_exception_only())
    try:
        compile("x = (1,\n 2 3)", "<demo>", "exec")
    except SyntaxError as error:
        traceback.format_exception_only(error)


@USES.of("unittest")
def cases():
    import io
    import re
    import unittest

    class Case(unittest.TestCase):
        def setUp(self):
            self.addCleanup(int)

        def test_equal(self):
            self.assertEqual({"a": [1]}, {"a": [2]})

        def test_raises(self):
            with self.assertRaisesRegex(KeyError, "k"):
                raise KeyError("k")

        def test_subs(self):
            for n in range(3):
                with self.subTest(n=n):
                    self.assertLess(n, 2)

        @unittest.skip("why")
        def test_skip(self):
            pass

        @unittest.expectedFailure
        def test_expected(self):
            self.assertIn(1, [])

        def test_error(self):
            raise OSError

    out = io.StringIO()
    unittest.TextTestRunner(out, verbosity=2).run(
        unittest.defaultTestLoader.loadTestsFromTestCase(Case)
    )
    return re.sub(r"\d", "", out.getvalue())


@USES.of("logging")
def logs():
    import io
    import logging

    out = io.StringIO()
    handler, logger = logging.StreamHandler(out), logging.Logger("demo", logging.INFO)
    for style, format in (
        ("%", "%(name)s %(message)s"),
        ("{", "{levelname:>8}"),
        ("$", "$message"),
    ):
        handler.setFormatter(logging.Formatter(format, style=style)), logger.addHandler(handler)
        (
            logger.info("a %s", 1),
            logger.debug("no"),
            logger.error("b %(k)s", {"k": 2}, stack_info=False),
        )
        try:
            1 / 0
        except ZeroDivisionError:
            logger.exception("c")
        logger.removeHandler(handler), handler.addFilter(logging.Filter("other"))


@USES.of("asyncio")
def loops():
    import asyncio

    from .loop import run

    async def main():
        log, queue, lock, event = [], asyncio.Queue(), asyncio.Lock(), asyncio.Event()

        async def worker(n):
            async with lock:
                await asyncio.sleep(n)
            await queue.put(n)
            log.append(n)
            event.set()
            if n == 2:
                raise KeyError(n)

        try:
            async with asyncio.timeout(60), asyncio.TaskGroup() as group:
                [group.create_task(worker(n), name=str(n)) for n in range(4)]
                while await queue.get() < 3:
                    await event.wait()
        except* KeyError:
            log.append("group")
        log += await asyncio.gather(
            worker(1), asyncio.sleep(1, "slept"), worker(2), return_exceptions=True
        )
        try:
            await asyncio.wait_for(asyncio.Future(), 1)
        except TimeoutError:
            log.append("late")
        done, waiting = await asyncio.wait([asyncio.ensure_future(asyncio.sleep(5))], timeout=2)
        [task.cancel() for task in waiting]
        return log, len(done), await asyncio.shield(asyncio.sleep(0, "shielded"))

    return run(main, pure=True)
