"""Workloads over enumerations and warnings."""

# Calls stand in rows, as in a table; one to a line, they would hide what is used of a module.
# fmt: off
# Private names and wrong arguments are used on purpose.
# mypy: ignore-errors

from __future__ import annotations

from ..helpers import error, fresh
from ..registry import Uses

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

USES = Uses()


@USES.of("enum")
def enumerations() -> object:
    enum = fresh("enum")

    class Colour(enum.Enum):
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

    class Perm(enum.Flag):
        R = 4
        W = 2
        X = 1
        RW = R | W

    class Keep(enum.IntFlag, boundary=enum.KEEP):
        A = 1
        B = 8

    class Eject(enum.Flag, boundary=enum.EJECT):
        A = 1

    class Level(enum.IntEnum):
        LOW = enum.auto()
        HIGH = enum.auto()

        def __new__(cls, value: int) -> Level:
            member: Level = int.__new__(cls, value)
            member._value_ = value
            member.label = f"level {value}"
            return member

    class Word(enum.StrEnum):
        @staticmethod
        def _generate_next_value_(name: str, start: int, count: int, last: list[object]) -> str:
            return name.lower() + str(count)

        HELLO = enum.auto()
        OTHER = "x"

    class Planet(enum.Enum):
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
        Colour("g"), Colour("default"), Colour.GREEN.shout, Colour.inner, Colour["ALIAS"].name,
        Colour.RED.value, list(Colour), "RED" in Colour.__members__, len(Colour),
        repr(Perm.RW), list(everything), ~Perm.R, Perm.R & Perm.RW, Perm.R ^ Perm.RW,
        Perm.X in Perm.RW,
        Perm(0), bool(Perm(0)), Perm(6), len(everything), str(Perm.RW), Perm.RW in everything,
        Perm["W"],
        Keep(11), Keep(2) | 1, ~Keep.A & 15, Keep.A + 1, repr(Keep(17)), Eject(5), pairs(5),
        pairs.P | pairs.Q,
        Level.HIGH.label, Level(1) < Level.HIGH, Level.LOW + 1, f"{Level.LOW}", Word.HELLO,
        str(Word.OTHER), Word("x"),
        Planet.MARS.rank, Planet((1.0, 2)), [member.name for member in made], made(4),
        list(reversed(made)),
        Planet.EARTH.__reduce_ex__(2)[1], hash(Planet.MARS) == hash("MARS"),
        sorted(dir(Planet.MARS))[-3:],
        enum.unique(Planet) is Planet, enum.verify(enum.CONTINUOUS)(made) is made, dir(Level)[:3],
        repr(made),
        enum.verify(enum.NAMED_FLAGS)(Perm) is Perm, enum.show_flag_values(6), enum.bin(5),
        enum.bin(~5),
        enum.global_str(Planet.MARS) + enum.global_enum_repr(Planet.MARS),
    ]
    errors = [
        error(Colour, "nope"), error(Colour.__getitem__, "NOPE"), error(setattr, Colour, "RED", 2),
        error(delattr, Colour, "RED"), error(lambda: Level.LOW.nothing), error(Perm, 64),
        error(lambda: Perm.R | 1),
        error(broken, enum.Enum, enum.unique, a=1, b=1), error(broken, Planet, c=3),
        error(broken, enum.Enum, mro=1),
        error(broken, enum.Enum, enum.verify(enum.CONTINUOUS), a=1, b=5),
        error(broken, enum.Enum, _bad_=1),
        error(broken, enum.Flag, enum.verify(enum.NAMED_FLAGS), a=1, b=6),
        error(broken, enum.StrEnum, a=1),
        error(enum.verify("bad"), made), error(setattr, Planet.MARS, "name", "x"),
        error(broken, enum.Flag, a="x"),
        error(broken, enum.Enum, enum.verify(enum.UNIQUE), a=1, b=1), error(Colour, "wrong"),
    ]
    return repr([str(item).split(" at 0x")[0] for item in out]), errors


@USES.of("warnings", before=(3, 14))
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
        for text, kind in (("quiet", UserWarning), ("plain", UserWarning),
                           ("old", DeprecationWarning)):
            warnings.warn(text, kind, stacklevel=1)
        out.append(error(warnings.warn_explicit, "loud one", RuntimeWarning, "demo.py", 7, "demo"))
        warnings.warn(SyntaxWarning("an instance"))
        warnings.warn("deep", stacklevel=99)
        registry: dict[object, object] = {}
        for action in ("once", "default", "module", "ignore"):
            warnings.simplefilter(action)
            for line in (1, 1, 2):
                warnings.warn_explicit(f"{action} text", UserWarning, "other.py", line,
                                       registry=registry)
        warnings.filterwarnings("default", category=ImportWarning)
        warnings._setoption("ignore:message:UserWarning:mod:5")
        out += [(str(w.message), w.category.__name__) for w in caught]
    with warnings.catch_warnings(module=warnings, action="ignore", category=UserWarning) as none:
        out.append(none)
        warnings.warn("unseen")
    line = warnings.formatwarning("text", UserWarning, "no_such_file.py", 3, line="  code()  ")
    warnings.showwarning("shown", UserWarning, "no_such_file.py", 4, file=shown, line="x = 1")
    for option in ("a:b:c:d:e:f", "bogus", "error::NoSuchWarning", "error:::x:-1",
                   "error::json.nothing", "error::json.dumps"):
        out.append(error(warnings._setoption, option))
    guard = warnings.catch_warnings(record=True, module=warnings)
    out += [error(guard.__exit__), repr(guard)]
    errors = [error(warnings.warn, "x", int), error(warnings.simplefilter, "bad"),
              error(warnings.filterwarnings, "error", 5)]
    errors += [error(warnings.simplefilter, "error", lineno=-1),
               error(warnings.warn_explicit, "x", "y", "f", 1)]
    if hasattr(warnings, "deprecated"):
        old = warnings.deprecated("gone soon")
        with warnings.catch_warnings(record=True, module=warnings) as caught:
            warnings.simplefilter("always")
            out += [old(lambda: 5)(), old(type("Old", (), {}))() is not None,
                    error(warnings.deprecated, 5)]
            out.append([str(w.message) for w in caught])
    return tuple(out), line, shown.getvalue(), errors
