"""Workloads over objects as pickles and as text."""

# Calls stand in rows, as in a table; one to a line, they would hide what is used of a module.
# fmt: off
# Private names and wrong arguments are used on purpose.
# mypy: ignore-errors

from __future__ import annotations

from ..helpers import error
from ..registry import Uses
from .copies import iter_once

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

USES = Uses()


@USES.of("pickle")
def pickling() -> object:
    import datetime
    import functools
    import io
    import pickle

    class Persistent(pickle._Pickler):
        dispatch_table = {complex: lambda value: (complex, (value.real, value.imag))}

        def persistent_id(self, obj: object) -> object:
            return "token" if obj is Ellipsis else None

        def reducer_override(self, obj: object) -> object:
            return (str, ("slice",)) if isinstance(obj, slice) else NotImplemented

    class Loading(pickle._Unpickler):
        def persistent_load(self, pid: object) -> object:
            return ("persistent", pid)

        def find_class(self, module: str, name: str) -> object:
            if name == "system":
                raise pickle.UnpicklingError("forbidden")
            return super().find_class(module, name)

    shared = ["shared"]
    loop: dict[str, Any] = {"self": None}
    loop["self"] = loop
    values = (
        [None, True, False, 0, -1, 300, 70000, 2**40, -(2**2100), 1.5],
        ["é\n", "x" * 300, b"", b"b" * 300, bytearray(b"ba"), (), (1,), (1, 2), (1, 2, 3),
         (1, 2, 3, 4)],
        [{1, 2}, frozenset([3]), {}, {"a": 1}, {"b": shared, "c": shared}, [], [1], range(3), int,
         len],
        [datetime.date(2020, 1, 2), functools.partial(int, base=2), 2j, list(range(20)),
         NotImplemented],
        [pickle.PickleError, datetime.timedelta, str.upper, type(None), dict.fromkeys(range(9))],
    )
    back = []
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        data = pickle._dumps(values, protocol)
        back.append(repr(pickle._loads(data)) == repr(values))
    batches = [list(range(1002)), dict.fromkeys(range(1001))]
    back.append(pickle._loads(pickle._dumps(batches, 2)) == batches)
    circle = pickle._loads(pickle._dumps(loop))
    out = io.BytesIO()
    writer = Persistent(out, 4)
    writer.dump([..., slice(1), 3j, [...]])
    writer.clear_memo()
    buffers: list[Any] = []
    raw = pickle._dumps([pickle.PickleBuffer(b"oob"), bytearray(b"in")], 5,
                        buffer_callback=buffers.append)
    bad = (b"", b".", b"cos\nsystem\n.", b"I1\n", b"\x80\x09.", b"\x95", b"(lp0\ng9\n.",
           b"}(I1\nu.", b"\xff.")
    load = pickle._loads
    return (
        back,
        circle["self"] is circle,
        Loading(io.BytesIO(out.getvalue())).load(),
        [bytes(part) for part in load(raw, buffers=buffers)],
        [error(Loading(io.BytesIO(data)).load) for data in bad],
        error(pickle._dumps, iter_once()),
        error(pickle._dumps, [lambda: 0]),
        error(pickle._dumps, 1, 99),
        error(load, raw),
        load(b"I01\n.") + load(b"L5L\n.") + load(b"F1.5\n."),
        load(b"S'text'\n.", encoding="bytes") + load(b"U\x03abc.", encoding="bytes"),
        load(b"(dp0\nS'k'\np1\nI1\ns."),
        load(b"(i__builtin__\nobject\n.") is not None,
        pickle.decode_long(pickle.encode_long(-70000)),
        pickle._loads(pickle._dumps(b"fix", 2, fix_imports=False)),
    )


@USES.of("pickletools")
def pickle_opcodes() -> object:
    import io
    import pickle
    import pickletools

    value = {"a": [1, 2.5, (1,), ("x", b"y")], "b": {1, 2}, "c": 2**70, "d": "é" * 3, "e": None}
    out = []
    for protocol in (0, 2, 4):
        data = pickle.dumps([value, value], protocol)
        text = io.StringIO()
        pickletools.dis(pickletools.optimize(data), text, annotate=1 if protocol else 0,
                        indentlevel=2)
        out.append(text.getvalue())
    ops = pickletools.genops(pickle.dumps([1, [2]]))
    names = [next(ops)[0].name, next(ops)[0].name]
    ops.close()
    bad = (b"", b"N", b"\xff", b"(N.", b"g5\n.", b"0.", b"K", b"U\xffab", b"I\n.", b"NN.", b"p0\n.",
           b"X\x05")
    protos = (b"I1x\n.", b"S'open\n.", b"S'a\"\n.", b"\x8a\x02a", b"R.", b"Nq\x00Nq\x00.")
    memo: dict[int, Any] = {}
    pickletools.dis(pickle.dumps([value]), io.StringIO(), memo)
    return (
        out,
        names,
        [error(pickletools.dis, data, io.StringIO()) for data in (*bad, *protos)],
        len(memo),
        error(lambda: list(pickletools.genops(io.BytesIO(b"V\\u00e9\n")))),
    )


@USES.of("pprint")
def pretty_printing() -> object:
    import collections
    import dataclasses
    import io
    import pprint
    import types

    @dataclasses.dataclass
    class Point:
        x: int
        label: str = "p" * 30
        hidden: int = dataclasses.field(default=0, repr=False)

    long = "the quick brown fox jumps over the lazy dog " * 2
    value = {
        "text": long,
        "bytes": bytes(range(40)),
        "array": bytearray(b"z" * 50),
        "tuple": (1, (2, (3, (4, (5,))))),
        "set": {2, 1, 30},
        "frozen": frozenset({3, 1, 2}),
        "ordered": collections.OrderedDict(b=1, a="x" * 70),
        "default": collections.defaultdict(list, k=["v" * 40, "w" * 40]),
        "counter": collections.Counter("hello" * 5),
        "chain": collections.ChainMap({"m" * 30: 1}, {"n" * 40: 2}),
        "deque": collections.deque(["q" * 30] * 3, maxlen=4),
        "user": [collections.UserDict({"k": "x" * 80}), collections.UserList(["y" * 80])],
        "string": collections.UserString("z" * 60),
        "proxy": types.MappingProxyType({"key": "v" * 80}),
        "space": types.SimpleNamespace(a="n" * 50, b=[1] * 20),
        "point": Point(10**6, "é" * 60),
        "numbers": list(range(1000, 1040)),
        (1, "mixed"): None,
        7: 10**9,
    }
    loop: list[Any] = [1]
    loop.append(loop)
    out = io.StringIO()
    pprint.pprint(value, out, width=60, compact=True)
    pprint.pp({"b": 1, "a": [2]}, stream=out)
    printer = pprint.PrettyPrinter(indent=4, width=30, depth=2, underscore_numbers=True,
                                   sort_dicts=False)
    return (
        out.getvalue(),
        printer.pformat(value),
        pprint.pformat([long], width=20),
        pprint.pformat({2: 1, "a": 2, None: 3, (): []}, width=5),
        (pprint.isreadable(value), pprint.isreadable([1, "a"]), pprint.isrecursive(loop),
         printer.isreadable([1])),
        pprint.saferepr({"k": (1,), "e": [], "n": 12345678}),
        pprint.saferepr(loop).split(" with")[0],
        [error(pprint.PrettyPrinter, **bad)
         for bad in ({"indent": -1}, {"depth": 0}, {"width": 0})],
    )


@USES.of("reprlib")
def short_reprs() -> object:
    import array
    import collections
    import reprlib

    short = reprlib.Repr()
    short.maxlist = short.maxdict = short.maxset = short.maxtuple = 2
    short.maxlevel = 3
    short.maxother = 12

    class Loop(list[object]):
        @reprlib.recursive_repr("<again>")
        def __repr__(self) -> str:
            return "Loop(" + ", ".join(map(repr, self)) + ")"

    class Broken:
        def __repr__(self) -> str:
            raise RuntimeError("no repr")

    loop = Loop([1])
    loop.append(loop)
    nested = [1, [2, [3, [4, [5]]]]]
    values = (
        "x" * 50, 10**60, list(range(9)), tuple(range(5)), (1,), {3, 1, 2}, frozenset("abc"),
        nested,
        {"b": 1, "a": {"c": {}}, "z": 3}, collections.deque(range(9)), array.array("i", range(9)),
        set(),
        array.array("b"), collections.deque(), {}, "short", int, 3.14159265358979, range(10**6),
    )
    out = [short.repr(value) for value in values]
    if hasattr(short, "indent"):
        for indent in (2, "--"):
            short.indent = indent
            out += [short.repr(value) for value in (nested, {"k": [1, 2, 3]})]
        short.indent = None
    return out, repr(loop), reprlib.repr(Broken()).split(" at ")[0], reprlib.repr("s" * 99)
