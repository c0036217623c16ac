"""Workloads over type hints and data classes."""

# Calls stand in rows, as in a table; one to a line, they would hide what is used of a module.
# fmt: off
# Private names and wrong arguments are used on purpose.
# mypy: ignore-errors

from __future__ import annotations

from ..helpers import define, error, fresh
from ..registry import Uses

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

USES = Uses()


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

    class Box(typing.Generic[item]):
        def get(self) -> Any: ...

    class Pair(Box[item], typing.Generic[item, either]):
        pass

    class Shape(typing.Generic[typing.Unpack[pack]]):
        pass

    class Runs(typing.Generic[spec]):
        pass

    @typing.runtime_checkable
    class Closes(typing.Protocol):
        label: str

        def close(self) -> None: ...

    class Closer:
        label = "c"

        def close(self) -> None: ...

    class Point(typing.NamedTuple):
        x: int
        y: int = 0

    def twice(value: Any) -> Any:
        return value * 2

    @typing.final
    class Last:
        pass

    user = typing.NewType("user", int)
    typing.overload(twice)
    made = Box[local]()
    shown = [
        typing.Optional[local], typing.Union[local, int, local], typing.List[local],
        typing.Dict[str, local],
        typing.Callable[[local, int], str], typing.Callable[..., local],
        typing.Callable[spec, local],
        typing.Tuple[local, ...], typing.Tuple[()], typing.Type[local],
        typing.Literal[1, "a", 1, True],
        typing.Annotated[typing.Annotated[local, 1], 2], typing.ClassVar[local],
        typing.Final[local],
        Pair[local, int], Pair[item, local][local], Shape[int, str], Runs[int, local],
        Runs[[int, local]],
        typing.List[item][local], typing.Dict[item, either][local, int],
        typing.Concatenate[local, spec],
        typing.Union[item, int][local], typing.Callable[[item], either][local, int],
        typing.TypeGuard[local],
        item, spec, spec.args, pack, user, typing.Any, typing.NoReturn, typing.ForwardRef("x.y"),
        Shape[typing.Unpack[typing.Tuple[int, ...]]], typing.DefaultDict[str, local],
        typing.Deque[local],
    ]
    gets = typing.get_type_hints
    union = typing.Union[local, int]
    out = [
        [str(hint).replace(__name__, "here") for hint in shown],
        [(typing.get_origin(hint), typing.get_args(hint))
         for hint in (typing.Literal[3, 4], typing.Tuple[int, ...])],
        typing.get_args(typing.Callable[[int], str]),
        sorted(gets(names["Node"], names)),
        sorted(gets(names["Node"], names, include_extras=True)),
        len(gets(names["walk"], names)),
        (union == typing.Union[int, local], hash(union) == hash(typing.Union[int, local]),
         union | None),
        (isinstance(Closer(), Closes), isinstance(5, Closes)),
        (sorted(Movie.__required_keys__), sorted(Movie.__optional_keys__), Movie(title="x"),
         typing.is_typeddict(Movie)),
        (Point(1), Point._field_defaults, Point.__annotations__ is not None, user(5), twice("a"),
         Last.__final__),
        (len(typing.get_overloads(twice)), typing.cast(local, 5),
         made.__orig_class__.__args__ == (local,)),
        (typing.no_type_check(lambda: 0)(), typing.assert_type(3, int),
         typing.reveal_type is not None),
        (typing.get_origin(typing.Annotated[local, 1]) is typing.Annotated,
         error(typing.List[local])),
        [bool(name) for name in (typing.TYPE_CHECKING, typing.Text, typing.AnyStr)],
    ]
    typing.clear_overloads()
    errors = [
        error(lambda: typing.Union[()]), error(lambda: typing.Optional[1, 2]),
        error(lambda: typing.Any[int]),
        error(lambda: Box[int, str]), error(lambda: typing.Generic[int]),
        error(lambda: typing.Callable[int]),
        error(lambda: typing.Callable[int, int]), error(lambda: typing.Annotated[int]),
        error(typing.Any),
        error(typing.TypeVar, "t", int), error(isinstance, 5, typing.List[local]), error(Closes),
        error(issubclass, Closer, Closes), error(typing.ForwardRef, "a b"),
        error(typing.ForwardRef, 5),
        error(gets, 5), error(typing.assert_never, 5),
        error(lambda: typing.ClassVar[typing.ClassVar[int]]),
        error(isinstance, {}, Movie), error(typing.Union), error(lambda: typing.Concatenate[int]),
        error(lambda: typing.Generic[item, item]), error(lambda: typing.Type[item][int, str]),
        error(typing.runtime_checkable, Closer), error(lambda: typing.Protocol[int]),
        error(lambda: user.__call__()),
    ]
    return repr(out).replace(__name__, "here"), errors


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
        "Made", ["a", ("b", int), ("c", str, dc.field(default="z"))], namespace={"d": 1},
        frozen=True
    )
    point, child = Point(1, 2, ["t"]), Child(name="n", size=3)

    def bad(fields: dict[str, Any], body: dict[str, Any], **options: bool) -> Any:
        return dc.dataclass(**options)(type("Bad", (), {"__annotations__": fields, **body}))

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
        (repr(point), point == Point(1, 2), point < Point(1, 3), hash(point) == hash(Point(1, 2)),
         point.scaled(3)),
        ([field.name for field in dc.fields(child)], dict(dc.fields(Named)[1].metadata),
         repr(child)),
        (dc.asdict(Bare({"k": [point, (point,), {"p": child}]})), dc.astuple(child),
         dc.is_dataclass(Bare)),
        (made(1, 2), made.__match_args__, made.d, Point.__slots__, Named.__hash__ is not None,
         Child.__match_args__),
        dc.asdict(point, dict_factory=lambda pairs: dict(reversed(pairs))),
        (dc.replace(child, name="m", size=9).total, str(dc.MISSING)[:3], Point.__doc__),
        repr(dc.fields(point)[0]).split(",")[0],
        errors,
    )
