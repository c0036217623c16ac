"""Workloads over containers, queues and orders."""

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
    from typing import Any

USES = Uses()


@USES.of("collections")
def containers() -> object:
    collections = fresh("collections", "_collections")
    point = collections.namedtuple("point", ["x", "y", "class", "x"], rename=True,
                                   defaults=[0, 1, 2])
    count = collections.Counter("abracadabra")
    other = collections.Counter(a=1, z=3)
    chain = collections.ChainMap({"a": 1}, {"b": 2, "a": 3})
    child = chain.new_child({"c": 4}, d=5)
    del child["c"]
    ordered = collections.OrderedDict([("x", 1), ("y", 2), ("z", 3)])
    ordered.move_to_end("x")
    ordered.move_to_end("z", last=False)
    ordered |= {"w": 0}

    class Names(collections.UserDict):
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
        (point(1, 2), point(1)._replace(y=5), point._make(range(4))._asdict(),
         point._field_defaults),
        [error(collections.namedtuple, "n", names)
         for names in (["a", "a"], ["def"], ["_x"], ["1a"], [""])],
        error(point(1)._replace, q=1),
        (count.most_common(2), count.most_common(), sorted(count.elements()), count.total()),
        (count + other, count - other, count & other, count | other, +count, -count,
         count <= other),
        (count == other, count != other, count > other, count["none"], repr(other),
         repr(other.copy())),
        error(collections.Counter.fromkeys, "ab"),
        (dict(child), child["b"], len(child), child.parents.maps, "zz" in child, child.get("q", 1),
         bool(child)),
        error(child.__delitem__, "b"),
        (repr(chain), chain | {"e": 1}, {"f": 2} | chain, list(chain.popitem()),
         error(chain.pop, "nope")),
        (list(ordered), list(reversed(ordered)), ordered.popitem(), ordered.popitem(last=False),
         repr(ordered)),
        (ordered == collections.OrderedDict(y=2), ordered.pop("y"), ordered.setdefault("n", 0)),
        (error(ordered.move_to_end, "gone"), error(ordered.pop, "gone"), ordered.copy(),
         list(ordered.items())),
        (names["zed"], "zed" in names, names | {"n": 2}, names.copy().data, sorted(names)),
        (words, words[1:], words * 2, words + [0], [0] + words, words.index(3), words.pop(),
         words < [8]),
        (text.title(), text + "!", "!" + text, text.split(), text.encode(), text % (),
         text.count("s")),
        (text[0], text.center(15, "*"), text.isupper(), text.replace("u", "U"), text * 2,
         "ser" in text),
        (int(collections.UserString("7")), text.partition(" "), text.find("S"), text.swapcase(),
         text.zfill(13)),
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
    private = "" if sys.version_info >= (3, 14) else "_"
    heapify, pop, replace = (
        getattr(heapq, f"{private}{name}_max") for name in ("heapify", "heappop", "heapreplace")
    )
    heapify(top)
    biggest = pop(top), replace(top, 0)
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
        [(bisect.bisect_left(numbers, x), bisect.bisect_right(numbers, x, 1, 5))
         for x in (0, 3, 9)],
        (bisect.bisect_left(records, 6, key=lambda r: r[1]),
         bisect.bisect(records, 6, key=lambda r: r[1])),
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
    errors += [error(fifo.get, block=False), error(fifo.get, timeout=0),
               error(fifo.get, timeout=-1)]
    fifo.task_done()
    fifo.task_done()
    fifo.join()
    errors += [error(fifo.task_done)]
    order: Any = queue.PriorityQueue()
    stack: Any = queue.LifoQueue()
    simple: Any = queue._PySimpleQueue()
    for item in (3, 1, 2):
        order.put(item)
        stack.put(item)
        simple.put(item)
    errors += [error(queue.SimpleQueue().get_nowait)]
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
    errors += [error(other.add, "z"), error(other.done, "x"), error(other.done, "no"),
               error(other.done, "y")]
    other.get_ready()
    other.done("y")
    errors += [error(other.done, "y")]
    early = graphlib.TopologicalSorter({2: [1], 3: [2]}).static_order()
    first = next(iter(early))
    early.close()
    return (
        steps, errors, first, list(graphlib.TopologicalSorter({2: [1], 3: [2, 1]}).static_order())
    )
