"""Workloads over copies of objects and references to them."""

# Calls stand in rows, as in a table; one to a line, they would hide what is used of a module.
# fmt: off
# Private names and wrong arguments are used on purpose.
# mypy: ignore-errors

from __future__ import annotations

from ..helpers import error, fresh
from ..registry import Uses

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

USES = Uses()


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
    hello = method()() if method() else ""
    out = [
        sorted(values), sorted(node.name for node in values.values()), len(values), "a" in values,
        sorted((k, v.name) for k, v in values.items()), len(values.valuerefs()), values.get("z", 0),
        values.setdefault("b", c).name, (values | {"d": a}).pop("d").name, error(values.pop, "z"),
        sorted(node.name for node in keys), keys[b], keys.get(7 and a), a in keys, "text" in keys,
        sorted(keys.values()), len(keys.keyrefs()), error(keys.__delitem__, Node("x")),
        len(copy.copy(values)), len(copy.deepcopy(keys)), keys.pop(c), keys.pop(c, None),
        len(list(values.itervaluerefs())), hello, same,
    ]
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
    out += [sorted(values), keys.copy()[c], error(values.update, 1, 2),
            error(weakref.WeakMethod, len)]
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
        numbers(left ^ right), left <= right, left < right, left >= left, left > right,
        left == right,
        left.isdisjoint(right), left.issuperset([two]), one in left, 5 in left,
        numbers(left.copy()),
    ]
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
        (copy.deepcopy(slots).a, copy.copy(slots).a is slots.a, copy.copy(mapping),
         copy.deepcopy(mapping)),
        (copy.copy(State(1)).value, copy.deepcopy(State([2])).value),
        (copy.copy(Hook()), copy.deepcopy([Hook()], memo)),
        (copy.copy(Reduced()), copy.deepcopy(Reduced()),
         isinstance(copy.copy(Stubborn()), Stubborn)),
        [copy.copy(x) == x
         for x in (1, "s", (1,), {1}, {1: 2}, bytearray(b"b"), int, len, None, 1.5)],
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
        __slots__ = ("__dict__", "__private", "shown")

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
