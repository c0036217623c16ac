"""What the language has, in few lines: a subject of its own. run() takes the same path each time.

Lines stand as they do on purpose: several blocks on one, one block over many, gaps between.
"""

# fmt: off
# mypy: ignore-errors

from __future__ import annotations

import sys


def loops(n):
    out = []
    for i in range(n):
        if i % 3 == 1:
            continue
        for j in range(i):
            if j == 2: break
            out.append(j)
        else:
            out.append("whole")
        while i > 2: i -= 2
        if i:
            out.append(i)
    else: out.append("end")
    for _ in (): pass
    while n:
        n -= 1
        if n == 2: break
    for a, (b, *c) in [(1, (2, 3)), (4, (5,))]: out += [a, b]; out.append(1 if c else 2 if b else 3)
    for _ in range(2):
        while True:
            if len(out) % 2: break
            out.append(0)
    return out


def choices(a, b):
    x = a and b or not a
    y = (a
         if a else
         b)
    z = [i for i in range(4) if i % 2 if i or a] + [j for i in (1, 2) for j in range(i)
         if j
         or b]
    if (w := a) and b or \
       w is None:
        x = 7
    elif 0 < a <= 3 != b: x = 8
    else:
        x = (
            9,
            lambda: (
                w
            ),
            {k: v for k, v in zip("ab", z)},
        )[0]
    pair = (a if b > 1 else b, 1)
    assert x, "never"
    return x, y, z, pair, {i for i in z}, f"{a!r:>{4}}{b}", *z


def tries(kind):
    log = []
    for n in range(3):
        try:
            try:
                if n == kind:
                    raise KeyError(n)
                elif kind > 2: [].missing; log.append(1)
                log.append("fine")
            except KeyError as error:
                log.append(error.args)
                if n: raise ValueError from error
                continue
            except (OSError, TypeError): pass
            else:
                log.append("else")
            finally:
                log.append("finally")
                if kind == 9: return log
        except ValueError:
            log.append("outer"); break
        except AttributeError: log.append("none")
    try:
        return log
    finally: log.append("late")


def unbound(n):
    out = []
    for i in range(n):
        try:
            if i: value = i
            out.append((value, 1))
            del value
            return value + 1, out
        except UnboundLocalError: out.append("unbound")
        except NameError:
            out.append(2)
    return out


def never(n):
    """No execution of the last line comes to its constant."""
    if n: value = n
    value + 1


def missing(thing):
    """What a block begins with raises, and a constant stands behind it on the line."""
    out = 0
    for _ in range(2):
        try:
            thing.absent + 1
        except AttributeError:
            out += 1
        try:
            out += nowhere + 1  # noqa: F821
        except NameError: out += 2
        try: thing[0] + 1
        except TypeError: out += 3
    return out


def straight(a):
    first = a
    def inner(b=1):
        nonlocal first
        first += b
        return first
    second = inner(
        a,
    )
    class Inside:
        kept = second
        def get(self): return self.kept + first
        def __init_subclass__(cls): cls.seen = True
    third = sorted(
        [3, 1, a],
        key=lambda x: (
            -x
        ),
    )
    fourth = (
        inner(),

        Inside().get(),
        third)
    class Below(Inside): pass
    return fourth, Below.seen, [g() for g in [lambda: 1, lambda: a]]


def matches(value):
    match value:
        case 0 | -1: return "number"
        case [a, _, *rest] if a:
            found = rest
        case {"k": v, **more}: found = v, more
        case str() as text:
            found = text
        case Manager(quiet=1): found = "manager"
        case _:
            found = None
    return found


def groups():
    out = []
    for inside in ([OSError()], [OSError(), KeyError()], [KeyError(), ValueError()]):
        try:
            try:
                raise ExceptionGroup("group", inside)
            except* OSError as found:
                out.append(len(found.exceptions))
            except* KeyError:
                out.append("key")
            else: out.append("never")
            finally:
                out.append("done")
        except ExceptionGroup as left: out.append(left.message)
    return out


class Manager:
    def __init__(self, quiet): self.quiet = quiet

    def __enter__(self): return self

    def __exit__(self, kind, value, trace):
        if kind: return self.quiet


def withs(quiet):
    out = []
    for n in range(3):
        with Manager(quiet) as one, Manager(False):
            if n == 0: continue
            out.append(one.quiet)
            if n == 2: raise KeyError
            out.append("after")
        out.append("behind")
    with (Manager(quiet),
          Manager(True)):
        return out


def numbers(n):
    try:
        for i in range(n):
            got = yield i
            if got: yield got, "sent"
    except KeyError:
        yield "thrown"
        x = 1; yield x; x += 1
    finally:
        n = None
    return "returned"


def passing(n):
    result = yield from numbers(n)
    yield result
    try: yield from numbers(n)
    except ValueError as error: yield error.args
    yield from [1, 2] if n else ()


def generators():
    out = []
    gen = passing(3)
    out += [next(gen), gen.send("hello"), next(gen), gen.throw(KeyError), *gen]
    gen = passing(1)
    out += [next(gen), next(gen), next(gen)]
    out.append(gen.throw(ValueError(5)))
    out.append(next(gen)); gen.close()
    early = numbers(2); next(early); early.close(); early.close()
    out += list(g for g in (i * i for i in range(3)) if g)
    lonely = passing(0)
    return out, list(lonely)


class Meta(type):
    def __call__(cls, *args, **kwargs): return super().__call__(*args, **kwargs)


def doubled(call):
    def both(*args, **kwargs):
        return call(*args, **kwargs), call(*args, **kwargs)
    return both


class Shape(metaclass=Meta):
    sides: int = 0
    for sides in range(3):
        if sides == 1: break
    @property
    def area(self): return self.sides * 2
    @area.setter
    def area(self, value): self.sides = value
    @staticmethod
    @doubled
    def twice(a, /, b=2, *, c: int = 3): return a + b + c
    def __del__(self): self.sides = None


def classes():
    shape = Shape()
    shape.area = 5; shape.area += 1
    return shape.area, shape.twice(1), Shape.twice(1, c=1)


if sys.version_info < (3, 0):
    def never(): pass


def outcome(call, *args):
    """What it returns, or which error it raises."""
    try: return call(*args)
    except Exception as error: return repr(error)


def run():
    """Do all of it."""
    calls = [(loops, 6), (loops, 0), (choices, 0, 1), (choices, 3, 2), (choices, 1, 1)]
    calls += [(tries, n) for n in (0, 1, 2, 3, 9)] + [(missing, None)]
    calls += [(unbound, 3), (unbound, 0), (never, 0)]
    calls += [(straight, 2), (groups,), (withs, True), (withs, False), (generators,)]
    values = (0, [1, 2, 3], [0, 1], {"k": 1, "l": 2}, "text", Manager(1), Manager(2), b"")
    calls += [(matches, value) for value in values] + [(classes,)]
    return [outcome(*call) for call in calls]
