"""Workloads over classes, and what threads share."""

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


@USES.of("types")
def type_tools() -> object:
    types = fresh("types")

    class Meta(type):
        @classmethod
        def __prepare__(cls, name: str, bases: tuple[type, ...], **kwargs: Any) -> dict[str, Any]:
            return {"prepared": kwargs.get("flag")}

        def __new__(cls, name: str, bases: tuple[type, ...], ns: dict[str, Any],
                    **kwargs: Any) -> Meta:
            return super().__new__(cls, name, bases, ns)

    class Other(type):
        pass

    class Entry:
        def __mro_entries__(self, bases: tuple[object, ...]) -> tuple[type, ...]:
            return (Base,)

    class Base(metaclass=Meta):
        @types.DynamicClassAttribute
        def level(self) -> int:
            return 5

        level = level.setter(
            lambda self, value: seen.append(value)
        ).deleter(lambda self: seen.append("gone"))

    seen: list[object] = []
    made = types.new_class("Made", (Entry(),), {"metaclass": Meta, "flag": 1},
                           lambda ns: ns.update(x=2))
    plain = types.new_class("Plain")
    item: Any = made()
    item.level = 7
    del item.level

    def steps() -> Iterator[int]:
        got = yield 1
        seen.append(got)
        try:
            yield 2
        except KeyError:
            yield 3

    class Duck:
        """Looks like a generator, so that the wrapper has to speak for it."""

        def __init__(self) -> None:
            self.inner: Any = steps()

        def send(self, value: object) -> object:
            return self.inner.send(value)

        def throw(self, *args: Any) -> object:
            return self.inner.throw(*args)

        def close(self) -> None:
            self.inner.close()

        def __iter__(self) -> Duck:
            return self

        def __next__(self) -> object:
            return next(self.inner)

    import collections.abc

    collections.abc.Generator.register(Duck)
    wrapped = types.coroutine(lambda: Duck())()
    coroutine = types.coroutine(steps)
    return (
        (made.x, made.prepared, [cls.__name__ for cls in made.__mro__],
         made.__orig_bases__ is not None),
        (plain.__name__, types.resolve_bases((Entry(), int))[0] is Base,
         types.resolve_bases((int,))),
        (item.level, error(getattr, Base, "level"), seen,
         error(types.new_class, "X", (Base,), {"metaclass": Other})),
        (types.prepare_class("P", (Base,), {"flag": 3})[1], error(types.new_class, "Y", (1,))),
        len(types.get_original_bases(made)) if hasattr(types, "get_original_bases") else 1,
        (next(wrapped), wrapped.send("sent"), wrapped.throw(KeyError), wrapped.close()),
        (error(types.coroutine, 5), coroutine is steps, types.coroutine(lambda: 5)(),
         types.SimpleNamespace(a=1)),
        isinstance(wrapped.__await__(), type(wrapped)),
    )


@USES.of("_py_abc")
def abstract_classes() -> object:
    abc = fresh("_py_abc")

    class Sized(metaclass=abc.ABCMeta):
        @property
        def length(self) -> int:
            return 0

        def run(self) -> None: ...

        run.__isabstractmethod__ = True

    class Hooked(metaclass=abc.ABCMeta):
        @classmethod
        def __subclasshook__(cls, other: type) -> Any:
            return True if hasattr(other, "quack") else NotImplemented

    class Duck:
        def quack(self) -> None: ...

    class Sub(Sized):
        def run(self) -> None: ...

    class Late:
        pass

    class Later(Late):
        pass

    before = issubclass(Later, Sized), isinstance(Later(), Sized), issubclass(Later, Sized)
    Sized.register(Late)
    Sized.register(Late)
    out = [
        before, issubclass(Later, Sized), isinstance(Late(), Sized), isinstance(Late(), Sized),
        issubclass(Sub, Sized),
        issubclass(Duck, Hooked), isinstance(Duck(), Hooked), isinstance(5, Hooked),
        isinstance(5, Hooked),
        sorted(Sized.__abstractmethods__), sorted(Sub.__abstractmethods__),
        abc.get_cache_token() > 0,
        isinstance(Sub(), Sized), issubclass(Sized, Hooked),
    ]
    errors = [error(Sized), error(Sized.register, 5), error(Sub.register, Sized),
              error(issubclass, 5, Sized)]
    import io

    dump = io.StringIO()
    Sized._dump_registry(dump)
    Sized._abc_registry_clear()
    Sized._abc_caches_clear()
    return out, errors, dump.getvalue().count("\n"), issubclass(Later, Sized)


@USES.of("abc")
def abstract_helpers() -> object:
    abc = fresh("abc", "_abc")

    class Base(abc.ABC):
        @abc.abstractmethod
        def run(self) -> int: ...

        @abc.abstractproperty
        def old(self) -> int: ...

        @abc.abstractclassmethod
        def make(cls) -> int: ...

        @abc.abstractstaticmethod
        def tool() -> int: ...

    class Done(Base):
        def run(self) -> int:
            return 1

        old = 2

        @classmethod
        def make(cls) -> int:
            return 3

        @staticmethod
        def tool() -> int:
            return 4

    class Late(Base):
        pass

    def run(self: Late) -> int:
        return 5

    for name in ("run", "old", "make", "tool"):
        setattr(Late, name, run)
    abc.update_abstractmethods(Late)
    abc.update_abstractmethods(int)
    done = Done()
    return (
        error(Base), (done.run(), done.old, done.make(), done.tool()), Late().run(),
        isinstance(done, Base)
    )


@USES.of("keyword")
def keywords() -> object:
    keyword = fresh("keyword")
    words = ("for", "match", "value", "None", "type", "_")
    return [(keyword.iskeyword(w), keyword.issoftkeyword(w)) for w in words], len(keyword.kwlist)


@USES.of("_threading_local")
def thread_locals() -> object:
    import _threading_local

    class Settings(_threading_local.local):
        depth = 1

        def __init__(self, **values: object) -> None:
            self.__dict__.update(values)

    store: Any = Settings(a=1)
    store.b = 2
    del store.a
    before = sorted(store.__dict__.items())
    errors = [error(getattr, store, "a"), error(setattr, store, "__dict__", {}),
              error(delattr, store, "__dict__")]
    errors += [error(_threading_local.local, 5), error(delattr, store, "zz")]
    return before, errors, store.depth, sorted(vars(Settings(z=3)))


@USES.of("threading")
def thread_primitives() -> object:
    import threading

    lock: Any = threading._PyRLock()
    with lock, lock:
        owned = lock._is_owned()
        lock._acquire_restore(lock._release_save())
    condition = threading.Condition(lock)
    event, gate = threading.Event(), threading.Barrier(1, action=lambda: passed.append("gate"))
    passed: list[str] = []
    counter, bounded = threading.Semaphore(2), threading.BoundedSemaphore(1)
    out: list[object] = [owned, event.wait(0), event.set(), event.wait(), event.is_set(),
                         event.clear()]
    with condition:
        out += [condition.wait(0), condition.wait_for(lambda: True),
                condition.wait_for(lambda: 0, 0)]
        condition.notify(2)
        condition.notify_all()
    errors = [error(condition.notify), error(condition.wait), error(lock.release),
              error(threading.Semaphore, -1)]
    with counter:
        out += [counter.acquire(timeout=1), counter.acquire(blocking=False)]
        counter.release(2)
    with bounded:
        out.append(bounded.acquire(blocking=False))
    errors += [error(bounded.release), error(counter.release, 0), error(counter.acquire, False, 1)]
    out += [gate.wait(), gate.parties, gate.n_waiting, gate.broken, gate.reset(), gate.abort(),
            gate.broken]
    errors.append(error(gate.wait))
    thread = threading.Thread(target=len, args=((),), name="worker", daemon=True)
    timer = threading.Timer(5, print)
    timer.cancel()
    out += [thread.name, thread.daemon, thread.is_alive(), thread.ident,
            repr(event).split(" at")[0], timer.finished.is_set()]
    errors += [error(thread.join), error(threading.Thread, group=1)]
    errors += [error(threading.current_thread().join), error(threading.current_thread().start),
               error(threading.stack_size, 1)]
    thread.run()
    out += [threading.main_thread() is threading.current_thread(), threading.active_count(),
            threading.settrace is not None]
    out += [[t.name for t in threading.enumerate()], threading.excepthook is not None,
            threading.get_ident() > 0]
    return repr(out), errors, passed
