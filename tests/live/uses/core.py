"""Workloads over what programs are built with: functions, classes, types, contexts, warnings."""

from __future__ import annotations

import sys

from .registry import Uses, define, error, fresh

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
        return n if n < 2 else fib(n - 1) + fib(n - 2)  # type: ignore[no-any-return]

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
        *(Version(1) <= Version(2), Version(2) > Version(1), Version(2) >= Version(2), Version(3) != Version(1)),
        *(shape.area, shape.area, shape.calls, shape.double(), shape.show(1), shape.show("x")),
        *(squares, square.cache_info(), square.cache_parameters(), fib(12), fib.cache_info()[:2], uncached(1)),
        *(kind([]), kind(True), kind("x"), sorted(t.__name__ for t in kind.registry), kind.dispatch(Odd).__name__),
        *(add(9), more(5, z=6), other(7), wrapped.__doc__, wrapped.__wrapped__ is number, ordered, key(1) < key(2)),
        *(key(1) == key(1), key(2) >= key(1), functools.reduce(lambda a, b: a + b, [1, 2], 10), repr(more)[:20]),
        *(functools.reduce(max, [4, 9, 2]), functools.update_wrapper(lambda: 0, 5).__name__),
        *(uncached.cache_info(), square.__wrapped__(4), len(functools._make_key((1,), {"k": 2}, True))),
    ]
    square.cache_clear()
    kind._clear_cache()
    errors = [
        error(lambda: Version(1) < 5), error(functools.total_ordering, object), error(functools.reduce, max, []),
        error(functools.lru_cache, "x"), error(functools.partial), error(functools.partial, 5),
        error(functools.partialmethod, 5), error(kind), error(hash, key(1)),
        error(functools.singledispatchmethod, 5), error(other.__setstate__, 1),
        error(type, "T", (), {"a": shape.__class__.__dict__["area"]}), error(key(1).__lt__, 5),
    ]  # fmt: skip
    return tuple(out), errors, square.cache_info(), repr(functools.singledispatchmethod(number).register(str, len))


@USES.of("types")
def type_tools() -> object:
    types = fresh("types")

    class Meta(type):
        @classmethod
        def __prepare__(cls, name: str, bases: tuple[type, ...], **kwargs: Any) -> dict[str, Any]:
            return {"prepared": kwargs.get("flag")}

        def __new__(cls, name: str, bases: tuple[type, ...], ns: dict[str, Any], **kwargs: Any) -> Meta:
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

        level = level.setter(lambda self, value: seen.append(value)).deleter(lambda self: seen.append("gone"))

    seen: list[object] = []
    made = types.new_class("Made", (Entry(),), {"metaclass": Meta, "flag": 1}, lambda ns: ns.update(x=2))
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
        (made.x, made.prepared, [cls.__name__ for cls in made.__mro__], made.__orig_bases__ is not None),
        (plain.__name__, types.resolve_bases((Entry(), int))[0] is Base, types.resolve_bases((int,))),
        (item.level, error(getattr, Base, "level"), seen, error(types.new_class, "X", (Base,), {"metaclass": Other})),
        (types.prepare_class("P", (Base,), {"flag": 3})[1], error(types.new_class, "Y", (1,))),
        len(types.get_original_bases(made)) if hasattr(types, "get_original_bases") else 1,
        (next(wrapped), wrapped.send("sent"), wrapped.throw(KeyError), wrapped.close()),
        (error(types.coroutine, 5), coroutine is steps, types.coroutine(lambda: 5)(), types.SimpleNamespace(a=1)),
        isinstance(wrapped.__await__(), type(wrapped)),
    )


@USES.of("typing")
def type_hints() -> object:
    typing = fresh("typing")
    names = define(
        """
class Movie(t.TypedDict, total=False):
    title: t.Required[str]
    year: int
class Local: pass
class Node:
    left: "Node | None"
    items: "list[Node]"
    extra: t.Annotated[int, "meta"]
    kind: t.ClassVar[str] = "n"
def walk(node: "Node", depth: int = None, *rest: "t.Optional[str]") -> "t.Iterator[Node]": ...
""",
        t=typing,
    )
    local, Movie = names["Local"], names["Movie"]
    item = typing.TypeVar("item", bound=local)
    either = typing.TypeVar("either", int, local, covariant=True)
    spec, pack = typing.ParamSpec("spec"), typing.TypeVarTuple("pack")

    class Box(typing.Generic[item]):  # type: ignore[misc,name-defined]
        def get(self) -> Any: ...

    class Pair(Box[item], typing.Generic[item, either]):  # type: ignore[misc,type-arg,name-defined]
        pass

    class Shape(typing.Generic[typing.Unpack[pack]]):  # type: ignore[misc,name-defined]
        pass

    class Runs(typing.Generic[spec]):  # type: ignore[misc,name-defined]
        pass

    @typing.runtime_checkable
    class Closes(typing.Protocol):  # type: ignore[misc,name-defined]
        label: str

        def close(self) -> None: ...

    class Closer:
        label = "c"

        def close(self) -> None: ...

    class Point(typing.NamedTuple):  # type: ignore[misc,name-defined]
        x: int
        y: int = 0

    @typing.overload
    def twice(value: int) -> int: ...
    @typing.overload
    def twice(value: str) -> str: ...
    def twice(value: Any) -> Any:
        return value * 2

    @typing.final
    class Last:
        pass

    user = typing.NewType("user", int)
    made = Box[local]()
    shown = [
        *(typing.Optional[local], typing.Union[local, int, local], typing.List[local], typing.Dict[str, local]),
        *(typing.Callable[[local, int], str], typing.Callable[..., local], typing.Callable[spec, local]),
        *(typing.Tuple[local, ...], typing.Tuple[()], typing.Type[local], typing.Literal[1, "a", 1, True]),
        *(typing.Annotated[typing.Annotated[local, 1], 2], typing.ClassVar[local], typing.Final[local]),
        *(Pair[local, int], Pair[item, local][local], Shape[int, str], Runs[int, local], Runs[[int, local]]),
        *(typing.List[item][local], typing.Dict[item, either][local, int], typing.Concatenate[local, spec]),
        *(typing.Union[item, int][local], typing.Callable[[item], either][local, int], typing.TypeGuard[local]),
        *(item, spec, spec.args, pack, user, typing.Any, typing.NoReturn, typing.ForwardRef("x.y")),
        *(Shape[typing.Unpack[typing.Tuple[int, ...]]], typing.DefaultDict[str, local], typing.Deque[local]),
    ]
    gets = typing.get_type_hints
    union = typing.Union[local, int]
    out = [
        [str(hint).replace(__name__, "here") for hint in shown],
        [(typing.get_origin(hint), typing.get_args(hint)) for hint in (typing.Literal[3, 4], typing.Tuple[int, ...])],
        typing.get_args(typing.Callable[[int], str]),
        sorted(gets(names["Node"], names)),
        sorted(gets(names["Node"], names, include_extras=True)),
        len(gets(names["walk"], names)),
        (union == typing.Union[int, local], hash(union) == hash(typing.Union[int, local]), union | None),
        (isinstance(Closer(), Closes), isinstance(5, Closes)),
        (sorted(Movie.__required_keys__), sorted(Movie.__optional_keys__), Movie(title="x"), typing.is_typeddict(Movie)),
        (Point(1), Point._field_defaults, Point.__annotations__ is not None, user(5), twice("a"), Last.__final__),
        (len(typing.get_overloads(twice)), typing.cast(local, 5), made.__orig_class__.__args__ == (local,)),
        (typing.no_type_check(lambda: 0)(), typing.assert_type(3, int), typing.reveal_type is not None),
        (typing.get_origin(typing.Annotated[local, 1]) is typing.Annotated, error(typing.List[local])),
        [bool(name) for name in (typing.TYPE_CHECKING, typing.Text, typing.AnyStr)],
    ]
    typing.clear_overloads()
    errors = [
        error(lambda: typing.Union[()]), error(lambda: typing.Optional[1, 2]), error(lambda: typing.Any[int]),
        error(lambda: Box[int, str]), error(lambda: typing.Generic[int]), error(lambda: typing.Callable[int]),
        error(lambda: typing.Callable[int, int]), error(lambda: typing.Annotated[int]), error(typing.Any),
        error(typing.TypeVar, "t", int), error(isinstance, 5, typing.List[local]), error(Closes),
        error(issubclass, Closer, Closes), error(typing.ForwardRef, "a b"), error(typing.ForwardRef, 5),
        error(gets, 5), error(typing.assert_never, 5), error(lambda: typing.ClassVar[typing.ClassVar[int]]),
        error(isinstance, {}, Movie), error(typing.Union), error(lambda: typing.Concatenate[int]),
        error(lambda: typing.Generic[item, item]), error(lambda: typing.Type[item][int, str]),
        error(typing.runtime_checkable, Closer), error(lambda: typing.Protocol[int]), error(lambda: user.__call__()),
    ]  # fmt: skip
    return repr(out).replace(__name__, "here"), errors


@USES.of("_py_abc")
def abstract_classes() -> object:
    abc = fresh("_py_abc")

    class Sized(metaclass=abc.ABCMeta):
        @property
        def length(self) -> int:
            return 0

        def run(self) -> None: ...

        run.__isabstractmethod__ = True  # type: ignore[attr-defined]

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
        before, issubclass(Later, Sized), isinstance(Late(), Sized), isinstance(Late(), Sized), issubclass(Sub, Sized),
        issubclass(Duck, Hooked), isinstance(Duck(), Hooked), isinstance(5, Hooked), isinstance(5, Hooked),
        sorted(Sized.__abstractmethods__), sorted(Sub.__abstractmethods__), abc.get_cache_token() > 0,
        isinstance(Sub(), Sized), issubclass(Sized, Hooked),
    ]  # fmt: skip
    errors = [error(Sized), error(Sized.register, 5), error(Sub.register, Sized), error(issubclass, 5, Sized)]
    import io

    dump = io.StringIO()
    Sized._dump_registry(dump)
    Sized._abc_registry_clear()
    Sized._abc_caches_clear()
    return out, errors, dump.getvalue().count("\n"), issubclass(Later, Sized)


@USES.of("abc")
def abstract_helpers() -> object:
    abc = fresh("abc", "_abc")

    class Base(abc.ABC):  # type: ignore[misc,name-defined]
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
    return error(Base), (done.run(), done.old, done.make(), done.tool()), Late().run(), isinstance(done, Base)


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
    errors = [error(enter, wrong(mode), ValueError()) for mode in ("none", "other", "again", "twice")]
    errors += [error(enter, wrong("twice")), error(enter, step("stop"), StopIteration()), error(enter, step("x"), OSError())]
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
                await stack.enter_async_context(5)  # type: ignore[arg-type]
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


@USES.of("dataclasses")
def data_classes() -> object:
    import dataclasses as dc

    names = define(
        """
import typing
@dc.dataclass(order=True, frozen=True, slots=True)
class Point:
    x: int
    y: int = 0
    tags: list = dc.field(default_factory=list, compare=False)
    cache: int = dc.field(default=5, init=False, repr=False)
    kind: typing.ClassVar[int] = 9
    def scaled(self, by): return dc.replace(self, x=self.x * by)
@dc.dataclass(kw_only=True, unsafe_hash=True)
class Named:
    name: str
    size: dc.InitVar[int] = 1
    total: int = dc.field(init=False, metadata={"unit": "m"})
    text: "typing.ClassVar[int]" = 1
    def __post_init__(self, size): self.total = size * 2
@dc.dataclass
class Child(Named):
    extra: list = dc.field(default_factory=lambda: [1], kw_only=False)
@dc.dataclass(eq=False, repr=False, match_args=False)
class Bare:
    value: dict
    _: dc.KW_ONLY
    more: int = 0
""",
        dc=dc,
    )
    Point, Child, Named, Bare = (names[name] for name in ("Point", "Child", "Named", "Bare"))
    made = dc.make_dataclass(
        "Made", ["a", ("b", int), ("c", str, dc.field(default="z"))], namespace={"d": 1}, frozen=True
    )
    point, child = Point(1, 2, ["t"]), Child(name="n", size=3)

    def bad(fields: dict[str, Any], body: dict[str, Any], **options: bool) -> Any:
        return dc.dataclass(**options)(type("Bad", (), {"__annotations__": fields, **body}))  # type: ignore[call-overload]

    one = {"a": int}
    errors = [
        error(bad, one, {"a": []}),
        error(bad, {"a": int, "b": int}, {"a": 1}),
        error(bad, one, {}, eq=False, order=True),
        error(bad, one, {"__setattr__": None}, frozen=True),
        error(bad, one, {"__lt__": None}, order=True),
        error(bad, one, {"__hash__": len}, unsafe_hash=True),
        error(bad, one, {"__slots__": ()}, slots=True),
        error(bad, one, {}, weakref_slot=True),
        error(bad, {"a": dc.KW_ONLY, "b": dc.KW_ONLY}, {}),
        error(bad, {"a": dc.InitVar[int]}, {"a": dc.field(default_factory=list)}),
        error(bad, {}, {"a": dc.field()}),
        error(dc.field, default=1, default_factory=list),
        error(setattr, point, "x", 5),
        error(delattr, point, "x"),
        error(dc.fields, 5),
        error(dc.asdict, Point),
        error(dc.astuple, 5),
        error(dc.replace, Point, x=1),
        error(dc.replace, point, cache=1),
        error(dc.replace, child, name="m"),
        error(dc.make_dataclass, "M", ["not valid"]),
        error(dc.make_dataclass, "M", ["a", "a"]),
        error(dc.make_dataclass, "M", [("a", 1, 2, 3)]),
        error(lambda: point < 5),
        error(lambda: dc.dataclass(type("Sub", (Point,), {}))),
    ]
    return (
        (repr(point), point == Point(1, 2), point < Point(1, 3), hash(point) == hash(Point(1, 2)), point.scaled(3)),
        ([field.name for field in dc.fields(child)], dict(dc.fields(Named)[1].metadata), repr(child)),
        (dc.asdict(Bare({"k": [point, (point,), {"p": child}]})), dc.astuple(child), dc.is_dataclass(Bare)),
        (made(1, 2), made.__match_args__, made.d, Point.__slots__, Named.__hash__ is not None, Child.__match_args__),
        dc.asdict(point, dict_factory=lambda pairs: dict(reversed(pairs))),
        (dc.replace(child, name="m", size=9).total, str(dc.MISSING)[:3], Point.__doc__),
        repr(dc.fields(point)[0]).split(",")[0],
        errors,
    )


@USES.of("enum")
def enumerations() -> object:
    enum = fresh("enum")

    class Colour(enum.Enum):  # type: ignore[misc,name-defined]
        RED = 1
        ALIAS = 1
        AUTO = enum.auto()
        GREEN = "g"
        inner = enum.nonmember(5)

        @enum.member
        def pick(self) -> str:
            return "p"

        @enum.property
        def shout(self) -> str:
            return str(self.name).upper()

        @classmethod
        def _missing_(cls, value: object) -> Any:
            return cls.RED if value == "default" else value if value == "wrong" else None

    class Perm(enum.Flag):  # type: ignore[misc,name-defined]
        R = 4
        W = 2
        X = 1
        RW = R | W

    class Keep(enum.IntFlag, boundary=enum.KEEP):  # type: ignore[misc,name-defined]
        A = 1
        B = 8

    class Eject(enum.Flag, boundary=enum.EJECT):  # type: ignore[misc,name-defined]
        A = 1

    class Level(enum.IntEnum):  # type: ignore[misc,name-defined]
        LOW = enum.auto()
        HIGH = enum.auto()

        def __new__(cls, value: int) -> Level:
            member: Level = int.__new__(cls, value)
            member._value_ = value
            member.label = f"level {value}"
            return member

    class Word(enum.StrEnum):  # type: ignore[misc,name-defined]
        @staticmethod
        def _generate_next_value_(name: str, start: int, count: int, last: list[object]) -> str:
            return name.lower() + str(count)

        HELLO = enum.auto()
        OTHER = "x"

    class Planet(enum.Enum):  # type: ignore[misc,name-defined]
        EARTH = (1.0, 2)
        MARS = (0.5, 3)

        def __init__(self, mass: float, rank: int) -> None:
            self.mass, self.rank = mass, rank

    def broken(kind: Any, decorate: Any = lambda cls: cls, **members: Any) -> Any:
        body = type(kind).__prepare__("Broken", (kind,))
        for name, value in members.items():
            body[name] = value
        return decorate(type(kind)("Broken", (kind,), body))

    made = enum.Enum("Made", "one two, three", start=3, module="demo")
    pairs = enum.IntFlag("Pairs", [("P", 1), ("Q", 4)])
    everything = Perm.R | Perm.W | Perm.X
    out = [
        *(Colour("g"), Colour("default"), Colour.GREEN.shout, Colour.inner, Colour["ALIAS"].name, Colour.RED.value, list(Colour), "RED" in Colour.__members__, len(Colour)),
        *(repr(Perm.RW), list(everything), ~Perm.R, Perm.R & Perm.RW, Perm.R ^ Perm.RW, Perm.X in Perm.RW),
        *(Perm(0), bool(Perm(0)), Perm(6), len(everything), str(Perm.RW), Perm.RW in everything, Perm["W"]),
        *(Keep(11), Keep(2) | 1, ~Keep.A & 15, Keep.A + 1, repr(Keep(17)), Eject(5), pairs(5), pairs.P | pairs.Q),
        *(Level.HIGH.label, Level(1) < Level.HIGH, Level.LOW + 1, f"{Level.LOW}", Word.HELLO, str(Word.OTHER), Word("x")),
        *(Planet.MARS.rank, Planet((1.0, 2)), [member.name for member in made], made(4), list(reversed(made))),
        *(Planet.EARTH.__reduce_ex__(2)[1], hash(Planet.MARS) == hash("MARS"), sorted(dir(Planet.MARS))[-3:]),
        *(enum.unique(Planet) is Planet, enum.verify(enum.CONTINUOUS)(made) is made, dir(Level)[:3], repr(made)),
        *(enum.verify(enum.NAMED_FLAGS)(Perm) is Perm, enum.show_flag_values(6), enum.bin(5), enum.bin(~5)),
        enum.global_str(Planet.MARS) + enum.global_enum_repr(Planet.MARS),
    ]
    errors = [
        *(error(Colour, "nope"), error(Colour.__getitem__, "NOPE"), error(setattr, Colour, "RED", 2)),
        *(error(delattr, Colour, "RED"), error(lambda: Level.LOW.nothing), error(Perm, 64), error(lambda: Perm.R | 1)),
        *(error(broken, enum.Enum, enum.unique, a=1, b=1), error(broken, Planet, c=3), error(broken, enum.Enum, mro=1)),
        *(error(broken, enum.Enum, enum.verify(enum.CONTINUOUS), a=1, b=5), error(broken, enum.Enum, _bad_=1)),
        *(error(broken, enum.Flag, enum.verify(enum.NAMED_FLAGS), a=1, b=6), error(broken, enum.StrEnum, a=1)),
        *(error(enum.verify("bad"), made), error(setattr, Planet.MARS, "name", "x"), error(broken, enum.Flag, a="x")),
        *(error(broken, enum.Enum, enum.verify(enum.UNIQUE), a=1, b=1), error(Colour, "wrong")),
    ]
    return repr([str(item).split(" at 0x")[0] for item in out]), errors


@USES.of("warnings")
def warning_filters() -> object:
    import io

    warnings = fresh("warnings", "_warnings")
    out: list[object] = []
    shown = io.StringIO()
    with warnings.catch_warnings(record=True, module=warnings) as caught:
        warnings.resetwarnings()
        warnings.simplefilter("always")
        warnings.filterwarnings("ignore", message="quiet", category=UserWarning, append=False)
        warnings.filterwarnings("error", "^loud", RuntimeWarning, module=r"demo\Z", lineno=7)
        for text, kind in (("quiet", UserWarning), ("plain", UserWarning), ("old", DeprecationWarning)):
            warnings.warn(text, kind, stacklevel=1)
        out.append(error(warnings.warn_explicit, "loud one", RuntimeWarning, "demo.py", 7, "demo"))
        warnings.warn(SyntaxWarning("an instance"))
        warnings.warn("deep", stacklevel=99)
        registry: dict[object, object] = {}
        for action in ("once", "default", "module", "ignore"):
            warnings.simplefilter(action)
            for line in (1, 1, 2):
                warnings.warn_explicit(f"{action} text", UserWarning, "other.py", line, registry=registry)
        warnings.filterwarnings("default", category=ImportWarning)
        warnings._setoption("ignore:message:UserWarning:mod:5")
        out += [(str(w.message), w.category.__name__) for w in caught]
    with warnings.catch_warnings(module=warnings, action="ignore", category=UserWarning) as none:
        out.append(none)
        warnings.warn("unseen")
    line = warnings.formatwarning("text", UserWarning, "no_such_file.py", 3, line="  code()  ")
    warnings.showwarning("shown", UserWarning, "no_such_file.py", 4, file=shown, line="x = 1")
    for option in ("a:b:c:d:e:f", "bogus", "error::NoSuchWarning", "error:::x:-1", "error::json.nothing", "error::json.dumps"):
        out.append(error(warnings._setoption, option))
    guard = warnings.catch_warnings(record=True, module=warnings)
    out += [error(guard.__exit__), repr(guard)]
    errors = [error(warnings.warn, "x", int), error(warnings.simplefilter, "bad"), error(warnings.filterwarnings, "error", 5)]
    errors += [error(warnings.simplefilter, "error", lineno=-1), error(warnings.warn_explicit, "x", "y", "f", 1)]
    if hasattr(warnings, "deprecated"):
        old = warnings.deprecated("gone soon")
        with warnings.catch_warnings(record=True, module=warnings) as caught:
            warnings.simplefilter("always")
            out += [old(lambda: 5)(), old(type("Old", (), {}))() is not None, error(warnings.deprecated, 5)]
            out.append([str(w.message) for w in caught])
    return tuple(out), line, shown.getvalue(), errors


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
    errors = [error(getattr, store, "a"), error(setattr, store, "__dict__", {}), error(delattr, store, "__dict__")]
    errors += [error(_threading_local.local, 5), error(delattr, store, "zz")]
    return before, errors, store.depth, sorted(vars(Settings(z=3)))


@USES.of("threading")
def thread_primitives() -> object:
    import threading

    lock: Any = threading._PyRLock()  # type: ignore[attr-defined]
    with lock, lock:
        owned = lock._is_owned()
        lock._acquire_restore(lock._release_save())
    condition = threading.Condition(lock)
    event, gate = threading.Event(), threading.Barrier(1, action=lambda: passed.append("gate"))
    passed: list[str] = []
    counter, bounded = threading.Semaphore(2), threading.BoundedSemaphore(1)
    out: list[object] = [owned, event.wait(0), event.set(), event.wait(), event.is_set(), event.clear()]
    with condition:
        out += [condition.wait(0), condition.wait_for(lambda: True), condition.wait_for(lambda: 0, 0)]
        condition.notify(2)
        condition.notify_all()
    errors = [error(condition.notify), error(condition.wait), error(lock.release), error(threading.Semaphore, -1)]
    with counter:
        out += [counter.acquire(timeout=1), counter.acquire(blocking=False)]
        counter.release(2)
    with bounded:
        out.append(bounded.acquire(blocking=False))
    errors += [error(bounded.release), error(counter.release, 0), error(counter.acquire, False, 1)]
    out += [gate.wait(), gate.parties, gate.n_waiting, gate.broken, gate.reset(), gate.abort(), gate.broken]
    errors.append(error(gate.wait))
    thread = threading.Thread(target=len, args=((),), name="worker", daemon=True)
    timer = threading.Timer(5, print)
    timer.cancel()
    out += [thread.name, thread.daemon, thread.is_alive(), thread.ident, repr(event).split(" at")[0], timer.finished.is_set()]
    errors += [error(thread.join), error(threading.Thread, group=1)]
    errors += [error(threading.current_thread().join), error(threading.current_thread().start), error(threading.stack_size, 1)]
    thread.run()
    out += [threading.main_thread() is threading.current_thread(), threading.active_count(), threading.settrace is not None]
    out += [[t.name for t in threading.enumerate()], threading.excepthook is not None, threading.get_ident() > 0]
    return repr(out), errors, passed
