"""Workloads over containers, queues, and the modules that copy, print and serialize objects."""

from __future__ import annotations

from .registry import Uses, error, fresh

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

USES = Uses()


@USES.of("collections")
def containers() -> object:
    collections = fresh("collections", "_collections")
    point = collections.namedtuple("point", ["x", "y", "class", "x"], rename=True, defaults=[0, 1, 2])
    count = collections.Counter("abracadabra")
    other = collections.Counter(a=1, z=3)
    chain = collections.ChainMap({"a": 1}, {"b": 2, "a": 3})
    child = chain.new_child({"c": 4}, d=5)
    del child["c"]
    ordered = collections.OrderedDict([("x", 1), ("y", 2), ("z", 3)])
    ordered.move_to_end("x")
    ordered.move_to_end("z", last=False)
    ordered |= {"w": 0}

    class Names(collections.UserDict):  # type: ignore[misc,name-defined]
        def __missing__(self, key: str) -> str:
            return key.upper()

    names = Names({"k": "v"}, m=1)
    words = collections.UserList([3, 1, 2])
    text = collections.UserString("user String")
    words += [9]
    words.sort(reverse=True)
    words.insert(0, 7)
    count.subtract("aab")
    return (
        (point(1, 2), point(1)._replace(y=5), point._make(range(4))._asdict(), point._field_defaults),
        [error(collections.namedtuple, "n", names) for names in (["a", "a"], ["def"], ["_x"], ["1a"], [""])],
        error(point(1)._replace, q=1),
        (count.most_common(2), count.most_common(), sorted(count.elements()), count.total()),
        (count + other, count - other, count & other, count | other, +count, -count, count <= other),
        (count == other, count != other, count > other, count["none"], repr(other), repr(other.copy())),
        error(collections.Counter.fromkeys, "ab"),
        (dict(child), child["b"], len(child), child.parents.maps, "zz" in child, child.get("q", 1), bool(child)),
        error(child.__delitem__, "b"),
        (repr(chain), chain | {"e": 1}, {"f": 2} | chain, list(chain.popitem()), error(chain.pop, "nope")),
        (list(ordered), list(reversed(ordered)), ordered.popitem(), ordered.popitem(last=False), repr(ordered)),
        (ordered == collections.OrderedDict(y=2), ordered.pop("y"), ordered.setdefault("n", 0)),
        (error(ordered.move_to_end, "gone"), error(ordered.pop, "gone"), ordered.copy(), list(ordered.items())),
        (names["zed"], "zed" in names, names | {"n": 2}, names.copy().data, sorted(names)),
        (words, words[1:], words * 2, words + [0], [0] + words, words.index(3), words.pop(), words < [8]),
        (text.title(), text + "!", "!" + text, text.split(), text.encode(), text % (), text.count("s")),
        (text[0], text.center(15, "*"), text.isupper(), text.replace("u", "U"), text * 2, "ser" in text),
        (int(collections.UserString("7")), text.partition(" "), text.find("S"), text.swapcase(), text.zfill(13)),
    )


@USES.of("heapq")
def heaps() -> object:
    heapq = fresh("heapq", "_heapq")
    heap: list[int] = []
    for item in (5, 1, 8, 3, 9, 2, 7):
        heapq.heappush(heap, item)
    order = [heapq.heappop(heap) for _ in range(3)]
    swaps = heapq.heapreplace(heap, 0), heapq.heappushpop(heap, 4), heapq.heappushpop(heap, -1)
    top = [4, 2, 6, 1]
    heapq._heapify_max(top)
    biggest = heapq._heappop_max(top), heapq._heapreplace_max(top, 0)
    merged = heapq.merge([1, 4], [2, 3], [], reverse=False)
    first = next(merged)
    merged.close()
    return (
        order,
        swaps,
        biggest,
        first,
        list(heapq.merge([9, 4], [8, 3], reverse=True)),
        list(heapq.merge(["a", "ccc"], ["bb", "dddd"], key=len)),
        list(heapq.merge([3, 1], [2], key=abs, reverse=True)),
        [heapq.nlargest(n, [5, 2, 8, 1, 9]) for n in (0, 1, 2, 9)],
        [heapq.nsmallest(n, ["aa", "b", "cccc"], key=len) for n in (0, 1, 2, 9)],
        heapq.nlargest(1, [], key=len) + heapq.nsmallest(1, iter("cab")),
        heapq.nlargest(2, iter("hello"), key=ord) + heapq.nsmallest(2, (3, 1, 2)),
        error(heapq.heappop, []),
        error(heapq.heapreplace, [], 1),
    )


@USES.of("bisect")
def bisection() -> object:
    bisect = fresh("bisect", "_bisect")
    numbers = [1, 3, 3, 5, 8]
    records = [("a", 1), ("b", 4), ("c", 9)]
    bisect.insort(numbers, 4)
    bisect.insort_left(numbers, 3, 0, 3)
    bisect.insort_right(records, ("d", 5), key=lambda record: record[1])
    bisect.insort_left(records, ("e", 4), key=lambda record: record[1])
    return (
        numbers,
        records,
        [(bisect.bisect_left(numbers, x), bisect.bisect_right(numbers, x, 1, 5)) for x in (0, 3, 9)],
        (bisect.bisect_left(records, 6, key=lambda r: r[1]), bisect.bisect(records, 6, key=lambda r: r[1])),
        error(bisect.bisect, numbers, 1, -1),
        error(bisect.bisect_left, numbers, 1, -1),
        error(bisect.insort, numbers, "x"),
    )


@USES.of("queue")
def queues() -> object:
    import queue

    fifo: Any = queue.Queue(2)
    fifo.put("a")
    fifo.put_nowait("b")
    errors = [
        error(fifo.put, "c", block=False),
        error(fifo.put, "c", timeout=-1),
        error(fifo.put, "c", timeout=0),
    ]
    out = [fifo.get(), fifo.get_nowait()]
    errors += [error(fifo.get, block=False), error(fifo.get, timeout=0), error(fifo.get, timeout=-1)]
    fifo.task_done()
    fifo.task_done()
    fifo.join()
    errors += [error(fifo.task_done)]
    order: Any = queue.PriorityQueue()
    stack: Any = queue.LifoQueue()
    simple: Any = queue._PySimpleQueue()  # type: ignore[attr-defined]
    for item in (3, 1, 2):
        order.put(item)
        stack.put(item)
        simple.put(item)
    errors += [error(queue.SimpleQueue().get_nowait)]  # type: ignore[var-annotated]
    out += [order.get() for _ in range(3)] + [stack.get(timeout=5) for _ in range(3)]
    out += [simple.get(), simple.get_nowait(), simple.qsize(), simple.empty()]
    if hasattr(fifo, "shutdown"):
        fifo.put("last")
        fifo.shutdown()
        out += [error(fifo.put, 1), fifo.get(), error(fifo.get)]
        order.put(1)
        order.shutdown(immediate=True)
    errors += [error(simple.get, timeout=-1)]
    return out, errors, fifo.qsize(), fifo.empty(), fifo.full(), stack.empty()


@USES.of("sched")
def scheduler() -> object:
    import sched

    now = 100.0
    naps: list[float] = []

    def sleep(seconds: float) -> None:
        nonlocal now
        naps.append(seconds)
        now += seconds

    plan = sched.scheduler(lambda: now, sleep)
    ran: list[object] = []
    plan.enter(5, 2, ran.append, ("late",))
    plan.enter(5, 1, ran.append, argument=("urgent",))
    gone = plan.enterabs(103, 0, ran.append, ("cancelled",))
    plan.enterabs(101, 0, lambda *, word: ran.append(word), kwargs={"word": "first"})
    plan.enter(7, 0, lambda: 1 / 0)
    plan.enter(9, 0, ran.append, ("after the error",))
    plan.cancel(gone)
    queued = [(event.time, event.priority) for event in plan.queue]
    due = plan.run(blocking=False)
    failed = error(plan.run)
    left = plan.empty()
    plan.run()
    return queued, due, ran, failed, left, naps, plan.empty(), error(plan.cancel, gone)


@USES.of("graphlib")
def dependencies() -> object:
    import graphlib

    sorter = graphlib.TopologicalSorter({"d": ["b", "c"], "b": ["a"], "c": ["a"]})
    sorter.add("e", "d")
    sorter.prepare()
    steps = []
    while sorter.is_active():
        ready = sorter.get_ready()
        steps.append(ready)
        sorter.done(*ready)
    circle = graphlib.TopologicalSorter({1: [2], 2: [3], 3: [1], 4: [1]})
    try:
        circle.prepare()
    except graphlib.CycleError as exc:
        steps.append(tuple(exc.args[1]))
    other = graphlib.TopologicalSorter({"x": {"y"}})
    errors = [error(other.get_ready), error(other.is_active), error(other.done, "x")]
    other.prepare()
    errors += [error(other.add, "z"), error(other.done, "x"), error(other.done, "no"), error(other.done, "y")]
    other.get_ready()
    other.done("y")
    errors += [error(other.done, "y")]
    early = graphlib.TopologicalSorter({2: [1], 3: [2]}).static_order()
    first = next(iter(early))
    early.close()  # type: ignore[attr-defined]
    return steps, errors, first, list(graphlib.TopologicalSorter({2: [1], 3: [2, 1]}).static_order())


@USES.of("weakref")
def weak_references() -> object:
    import copy
    import weakref

    class Node:
        def __init__(self, name: str) -> None:
            self.name = name

        def hello(self) -> str:
            return "hello " + self.name

        def __hash__(self) -> int:  # not by address, which has a say in a set's order
            return ord(self.name)

    a, b, c = Node("a"), Node("b"), Node("c")
    dead: list[str] = []
    method = weakref.WeakMethod(a.hello, lambda ref: dead.append("method"))
    same = method == weakref.WeakMethod(a.hello)
    values: Any = weakref.WeakValueDictionary({"a": a, "b": b})
    values["c"] = c
    keys: Any = weakref.WeakKeyDictionary({a: 1, b: 2})
    keys.setdefault(c, 3)
    hello = method()() if method() else ""  # type: ignore[misc]
    out = [
        sorted(values), sorted(node.name for node in values.values()), len(values), "a" in values,
        sorted((k, v.name) for k, v in values.items()), len(values.valuerefs()), values.get("z", 0),
        values.setdefault("b", c).name, (values | {"d": a}).pop("d").name, error(values.pop, "z"),
        sorted(node.name for node in keys), keys[b], keys.get(7 and a), a in keys, "text" in keys,
        sorted(keys.values()), len(keys.keyrefs()), error(keys.__delitem__, Node("x")),
        len(copy.copy(values)), len(copy.deepcopy(keys)), keys.pop(c), keys.pop(c, None),
        len(list(values.itervaluerefs())), hello, same,
    ]  # fmt: skip
    final = weakref.finalize(b, dead.append, "final")
    early = weakref.finalize(c, dead.append, "early")
    early.atexit = False
    out += [final.alive, early.detach() is not None, early.alive, final.peek() is not None, early()]
    iterator = iter(values.items())
    next(iterator)
    del a, b
    out += [final.alive, method() is None, dead, sorted(k for k in values if k == "c")]
    del iterator
    out += [len(values), len(keys), values.popitem()[0], error(values.popitem), error(keys.popitem)]
    values.update([("z", c)], y=c)
    keys.update({c: 5})
    values |= {"w": c}
    out += [sorted(values), keys.copy()[c], error(values.update, 1, 2), error(weakref.WeakMethod, len)]
    return tuple(out)


@USES.of("_weakrefset")
def weak_sets() -> object:
    import _weakrefset

    class Item:
        def __init__(self, number: int) -> None:
            self.number = number

        def __hash__(self) -> int:  # not by address, which has a say in a set's order
            return self.number

    def numbers(items: Any) -> list[int]:
        return sorted(item.number for item in items)

    one, two, three = (Item(n) for n in (1, 2, 3))
    left: Any = _weakrefset.WeakSet([one, two])
    right: Any = _weakrefset.WeakSet([two, three])
    walk = iter(left)
    next(walk)
    gone = Item(4)
    left.add(gone)
    del gone
    during = len(left)
    walk.close()
    out = [
        during, len(left), numbers(left | right), numbers(left & right), numbers(left - right),
        numbers(left ^ right), left <= right, left < right, left >= left, left > right, left == right,
        left.isdisjoint(right), left.issuperset([two]), one in left, 5 in left, numbers(left.copy()),
    ]  # fmt: skip
    left.discard(three)
    left |= right
    left -= [one]
    left &= [two, three]
    left ^= [three]
    out += [numbers(left), error(left.remove, one), left.pop().number, error(left.pop)]
    left.update([one, two, three])
    left.remove(one)
    left.difference_update(left)
    right.clear()
    return (*out, len(left), len(right), error(hash, left))


@USES.of("copy")
def copies() -> object:
    import copy

    class Slots:
        __slots__ = ("a", "b")

    class State:
        def __init__(self, value: object) -> None:
            self.value = value

        def __getstate__(self) -> tuple[object, ...]:
            return (self.value,)

        def __setstate__(self, state: tuple[object, ...]) -> None:
            self.value = ("restored", *state)

    class Hook:
        def __copy__(self) -> str:
            return "shallow"

        def __deepcopy__(self, memo: dict[int, object]) -> str:
            return f"deep {len(memo) > 0}"

    class Reduced:
        def __reduce__(self) -> tuple[object, ...]:
            return (list, (), None, iter([1, [2]]))

    class Mapping(dict[str, object]):
        pass

    class Stubborn:
        def __reduce_ex__(self, protocol: object) -> object:
            return "a global"

    slots: Any = Slots()
    slots.a = [1]
    loop: list[Any] = [1, (2, [3]), {"k": {4}}, bytearray(b"x")]
    loop.append(loop)
    deep = copy.deepcopy(loop)
    mapping = Mapping(a=[1])
    memo: dict[int, Any] = {}
    bound = copy.deepcopy(loop.append)
    return (
        (deep[4] is deep, deep[:4], deep[1] is loop[1], copy.copy(loop)[1] is loop[1]),
        (copy.deepcopy(slots).a, copy.copy(slots).a is slots.a, copy.copy(mapping), copy.deepcopy(mapping)),
        (copy.copy(State(1)).value, copy.deepcopy(State([2])).value),
        (copy.copy(Hook()), copy.deepcopy([Hook()], memo)),
        (copy.copy(Reduced()), copy.deepcopy(Reduced()), isinstance(copy.copy(Stubborn()), Stubborn)),
        [copy.copy(x) == x for x in (1, "s", (1,), {1}, {1: 2}, bytearray(b"b"), int, len, None, 1.5)],
        [copy.deepcopy(x) == x for x in (1j, ((1,), ()), frozenset([1]), type, len, ..., range(3))],
        error(copy.copy, iter_once()),
        error(copy.deepcopy, iter_once()),
        bound.__name__,
        copy.replace(slice_like(), value=3).value if hasattr(copy, "replace") else 3,
    )


def iter_once() -> Iterator[int]:
    yield 1


def slice_like() -> Any:
    import types

    return types.SimpleNamespace(value=1)


@USES.of("copyreg")
def reductions() -> object:
    import copy

    copyreg = fresh("copyreg")

    class Old:
        def __init__(self) -> None:
            self.x = 1

    class Slotted:
        __slots__ = ("__private", "shown", "__dict__")

    class Number(int):
        pass

    class Bad:
        __slots__ = ("a",)

    def shrink(value: Old) -> tuple[Any, ...]:
        return (Old, ())

    copyreg.pickle(Old, shrink)
    copyreg.constructor(Old)
    copyreg.add_extension("demo", "Thing", 240)
    out = [copyreg._inverted_registry[240]]
    errors = [
        error(copyreg.pickle, Old, "not callable"),
        error(copyreg.constructor, 5),
        error(copyreg.add_extension, "demo", "Thing", 241),
        error(copyreg.add_extension, "demo", "Other", 240),
        error(copyreg.add_extension, "demo", "Other", 0),
        error(copyreg.remove_extension, "demo", "Other", 240),
        error(copyreg._reduce_ex, Bad(), 1),
        error(copyreg._reduce_ex, Bad(), 2),
    ]
    copyreg.add_extension("demo", "Thing", 240)
    copyreg.remove_extension("demo", "Thing", 240)
    copyreg.clear_extension_cache()
    number: Any = Number(5)
    number.note = "n"
    rebuilt = copyreg._reconstructor(Number, int, 7), copyreg._reconstructor(Old, object, None)
    return (
        out,
        errors,
        copyreg._slotnames(Slotted),
        copyreg._slotnames(Slotted),
        [getattr(part, "__name__", part) for part in copyreg._reduce_ex(number, 1)],
        (rebuilt[0], type(rebuilt[1]).__name__, type(copyreg.__newobj__(Old)).__name__),
        copyreg.__newobj_ex__(Number, ("11",), {"base": 2}),
        copyreg.pickle_complex(1j),
        copy.copy(1j),
    )


@USES.of("pickle")
def pickling() -> object:
    import datetime
    import functools
    import io
    import pickle

    class Persistent(pickle._Pickler):  # type: ignore[name-defined,misc]
        dispatch_table = {complex: lambda value: (complex, (value.real, value.imag))}

        def persistent_id(self, obj: object) -> object:
            return "token" if obj is Ellipsis else None

        def reducer_override(self, obj: object) -> object:
            return (str, ("slice",)) if isinstance(obj, slice) else NotImplemented

    class Loading(pickle._Unpickler):  # type: ignore[name-defined,misc]
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
        ["é\n", "x" * 300, b"", b"b" * 300, bytearray(b"ba"), (), (1,), (1, 2), (1, 2, 3), (1, 2, 3, 4)],
        [{1, 2}, frozenset([3]), {}, {"a": 1}, {"b": shared, "c": shared}, [], [1], range(3), int, len],
        [datetime.date(2020, 1, 2), functools.partial(int, base=2), 2j, list(range(20)), NotImplemented],
        [pickle.PickleError, datetime.timedelta, str.upper, type(None), dict.fromkeys(range(9))],
    )
    back = []
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        data = pickle._dumps(values, protocol)  # type: ignore[attr-defined]
        back.append(repr(pickle._loads(data)) == repr(values))  # type: ignore[attr-defined]
    batches = [list(range(1002)), dict.fromkeys(range(1001))]
    back.append(pickle._loads(pickle._dumps(batches, 2)) == batches)  # type: ignore[attr-defined]
    circle = pickle._loads(pickle._dumps(loop))  # type: ignore[attr-defined]
    out = io.BytesIO()
    writer = Persistent(out, 4)
    writer.dump([..., slice(1), 3j, [...]])
    writer.clear_memo()
    buffers: list[Any] = []
    raw = pickle._dumps([pickle.PickleBuffer(b"oob"), bytearray(b"in")], 5, buffer_callback=buffers.append)  # type: ignore[attr-defined]
    bad = (b"", b".", b"cos\nsystem\n.", b"I1\n", b"\x80\x09.", b"\x95",b"(lp0\ng9\n.", b"}(I1\nu.", b"\xff.")
    load = pickle._loads  # type: ignore[attr-defined]
    return (
        back,
        circle["self"] is circle,
        Loading(io.BytesIO(out.getvalue())).load(),
        [bytes(part) for part in load(raw, buffers=buffers)],
        [error(Loading(io.BytesIO(data)).load) for data in bad],
        error(pickle._dumps, iter_once()),  # type: ignore[attr-defined]
        error(pickle._dumps, [lambda: 0]),  # type: ignore[attr-defined]
        error(pickle._dumps, 1, 99),  # type: ignore[attr-defined]
        error(load, raw),
        load(b"I01\n.") + load(b"L5L\n.") + load(b"F1.5\n."),
        load(b"S'text'\n.", encoding="bytes") + load(b"U\x03abc.", encoding="bytes"),
        load(b"(dp0\nS'k'\np1\nI1\ns."),
        load(b"(i__builtin__\nobject\n.") is not None,
        pickle.decode_long(pickle.encode_long(-70000)),
        pickle._loads(pickle._dumps(b"fix", 2, fix_imports=False)),  # type: ignore[attr-defined]
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
        pickletools.dis(pickletools.optimize(data), text, annotate=1 if protocol else 0, indentlevel=2)
        out.append(text.getvalue())
    ops = pickletools.genops(pickle.dumps([1, [2]]))
    names = [next(ops)[0].name, next(ops)[0].name]
    ops.close()  # type: ignore[attr-defined]
    bad = (b"", b"N", b"\xff", b"(N.", b"g5\n.", b"0.", b"K", b"U\xffab", b"I\n.", b"NN.", b"p0\n.", b"X\x05")
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
    printer = pprint.PrettyPrinter(indent=4, width=30, depth=2, underscore_numbers=True, sort_dicts=False)
    return (
        out.getvalue(),
        printer.pformat(value),
        pprint.pformat([long], width=20),
        pprint.pformat({2: 1, "a": 2, None: 3, (): []}, width=5),
        (pprint.isreadable(value), pprint.isreadable([1, "a"]), pprint.isrecursive(loop), printer.isreadable([1])),
        pprint.saferepr({"k": (1,), "e": [], "n": 12345678}),
        pprint.saferepr(loop).split(" with")[0],
        [error(pprint.PrettyPrinter, **bad) for bad in ({"indent": -1}, {"depth": 0}, {"width": 0})],
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
        *("x" * 50, 10**60, list(range(9)), tuple(range(5)), (1,), {3, 1, 2}, frozenset("abc"), nested),
        *({"b": 1, "a": {"c": {}}, "z": 3}, collections.deque(range(9)), array.array("i", range(9)), set()),
        *(array.array("b"), collections.deque(), {}, "short", int, 3.14159265358979, range(10**6)),
    )
    out = [short.repr(value) for value in values]
    if hasattr(short, "indent"):
        for indent in (2, "--"):
            short.indent = indent
            out += [short.repr(value) for value in (nested, {"k": [1, 2, 3]})]
        short.indent = None
    return out, repr(loop), reprlib.repr(Broken()).split(" at ")[0], reprlib.repr("s" * 99)
