"""Workloads over small databases."""

# Calls stand in rows, as in a table; one to a line, they would hide what is used of a module.
# fmt: off
# Private names and wrong arguments are used on purpose.
# mypy: ignore-errors

from __future__ import annotations

import sys

from ..helpers import error
from ..registry import Uses

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

USES = Uses()


@USES.of("dbm.dumb")
def dumb_database() -> object:
    import os
    import tempfile
    from dbm import dumb

    with tempfile.TemporaryDirectory() as top:
        path = os.path.join(top, "base")
        seen: list[object] = [error(dumb.open, path, "r"), error(dumb.open, path, "q")]
        with dumb.open(path, "n", 0o600) as base:
            base["k"] = b"v" * 600
            base[b"k"] = "short"
            base["long"] = b"x" * 20
            base["long"] = b"y" * 2000
            base["gone"] = "z"
            del base["gone"]
            base.sync()
            seen += [base["k"], "k" in base, b"zz" in base, len(base), sorted(base.keys()),
                     sorted(base.items())[0], base.get("n", b"d"), base.setdefault("s", b"t"),
                     error(base.__getitem__, "gone")]
            seen += [error(base.__setitem__, 5, b""), error(base.__setitem__, "a", 5),
                     error(base.__delitem__, "nope")]
        seen += [error(base.keys), error(len, base), error(base.__getitem__, "k")]
        with dumb.open(path, "r") as base:
            seen += [sorted(base), error(base.__setitem__, "a", "b"), error(base.__delitem__, "k"),
                     base.close()]
        with dumb.open(path, "c") as base:
            base.update({"more": "1"})
            seen.append(base.pop("more"))
        with open(path + ".dir", "a") as file:
            file.write("nonsense\n")
        seen += [error(dumb.open, path), sorted(os.listdir(top))]
    return tuple(seen)


@USES.of("shelve")
def shelves() -> object:
    import os
    import shelve
    import tempfile
    from dbm import dumb

    with tempfile.TemporaryDirectory() as top:
        store: dict[Any, Any] = {}
        with shelve.Shelf(store, protocol=2, writeback=True) as shelf:
            shelf["list"] = [1]
            shelf["list"].append(2)
            shelf["other"] = {"k": "v"}
            del shelf["other"]
            seen: list[object] = [shelf["list"], "list" in shelf, len(shelf), list(shelf),
                                  shelf.get("none", 5), shelf.get("list"),
                                  error(shelf.__getitem__, "no")]
            shelf.sync()
        seen += [error(shelf.__getitem__, "list"), error(lambda: list(shelf)), shelf.close()]
        with shelve.BsdDbShelf(Ordered(store)) as ordered:
            ordered["z"] = 9
            seen += [ordered.first(), ordered.next(), ordered.previous(), ordered.last(),
                     ordered.set_location(b"z")]
        base: Any = dumb.open(os.path.join(top, "db"), "c")
        with shelve.Shelf(base) as shelf:
            shelf["k"] = (1, 2)
        with shelve.open(os.path.join(top, "db"), "r") as named:
            seen += [dict(named), error(named.__setitem__, "a", 1)]
    return tuple(seen)


class Ordered(dict[bytes, bytes]):
    """A mapping with a cursor, as the BSD databases have."""

    def first(self) -> Any:
        return min(self.items())

    def last(self) -> Any:
        return max(self.items())

    __next__, previous = last, first

    def set_location(self, key: Any) -> Any:
        return key, self[key]


@USES.of("sqlite3.dump")
def database_dumps() -> object:
    import sqlite3
    from sqlite3 import dump

    base = sqlite3.connect(":memory:")
    base.executescript(
        "create table item(id integer primary key autoincrement, name text, data blob,"
        " \"odd \"\"name\" real);"
        "insert into item values(1, 'it''s', x'00ff', 1.5), (2, null, null, null);"
        "create index by_name on item(name); create view names as select name from item;"
        "create trigger t after insert on item begin delete from item where id > 9; end;"
        "create table empty(x);"
    )
    lines = list(dump._iterdump(base))
    some = dump._iterdump(
        base, filter="e%"
    ) if sys.version_info >= (3, 13) else dump._iterdump(base)
    first = next(some)
    some.close()
    copy = sqlite3.connect(":memory:")
    copy.executescript("\n".join(lines))
    rows = copy.execute("select name, data from item").fetchall()
    copy.close()
    base.row_factory = sqlite3.Row
    again = list(base.iterdump()) == lines
    base.close()
    return lines, first, rows, again, error(lambda: list(dump._iterdump(base)))
