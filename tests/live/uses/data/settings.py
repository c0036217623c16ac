"""Workloads over settings, logins and older formats of records."""

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


@USES.of("configparser")
def settings() -> object:
    import configparser
    import io

    text = (
        "[DEFAULT]\nroot = /srv\n; note\n[web]\nport: 80\nlog = %(root)s/log\n"
        "multi =\n  one\n\n  two\n"
        "debug = yes # inline\n[Web Two]\nratio=0.5\n"
    )
    config = configparser.ConfigParser(
        inline_comment_prefixes="#", converters={"words": str.split}, default_section="DEFAULT"
    )
    config.read_string(text)
    web: Any = config["web"]
    extended = configparser.ConfigParser(interpolation=configparser.ExtendedInterpolation())
    extended.read_dict({"a": {"x": 1, "y": "${x}-${b:z} $$"}, "b": {"z": "end", "loop": "${loop}"}})
    bare = configparser.RawConfigParser(allow_no_value=True, delimiters="=", strict=False)
    bare.optionxform = str
    bare.read_file(io.StringIO("[s]\nFlag\nk = %raw\n[s]\nk = again\n"))
    out, tight = io.StringIO(), io.StringIO()
    config.write(out)
    bare.write(tight, space_around_delimiters=False)
    broken = (
        "k = 1\n", "[a]\n[a]\n", "[a]\nk=1\nk=2\n", "[a]\n= 1\nnovalue\n", "[a]\n  x\n y\n",
        "[]\nk:1",
    )
    errors = [error(configparser.ConfigParser().read_string, bad) for bad in broken]
    errors += [
        error(config.get, "none", "k"),
        error(config.get, "web", "none"),
        error(config.getint, "web", "log"),
        error(config.getboolean, "web", "port"),
        error(config.set, "web", "k", 5),
        error(config.set, "web", "k", "50%"),
        error(config.add_section, "web"),
        error(config.add_section, "DEFAULT"),
        error(extended.get, "b", "loop"),
        error(extended.set, "b", "k", "$x"),
        error(config.__delitem__, "DEFAULT"),
        error(config.__getitem__, "none"),
        error(web.__delitem__, "none"),
        error(config.options, "none"),
        error(config.remove_option, "none", "k"),
    ]
    config["new"] = {"k": "v", "bad": "%(absent)s", "deep": "%(k)s%%"}
    errors += [error(config.get, "new", "bad"), config.get("new", "deep"), config["new"].pop("k")]
    config.set("new", "k2", "w")
    return (
        (web.getint("port"), web["log"], web["multi"], web.getboolean("debug"),
         web.getwords("multi")),
        (config.getfloat("Web Two", "ratio"), config.sections(), config.options("web")),
        (config.get("x", "y", fallback="f"), web.get("no", "d"),
         config.get("web", "log", raw=True)),
        config.get("web", "log", vars={"root": "/tmp"}),
        config.items("Web Two", raw=True),
        sorted(section for section, _ in config.items()),
        (extended["a"]["y"], bare["s"]["k"], bare.get("s", "Flag"), bare.defaults()),
        out.getvalue(),
        tight.getvalue(),
        errors,
        (config.remove_option("new", "k2"), config.remove_section("new"),
         config.has_option("", "root")),
        (config.has_section("new"), len(config), "web" in config, repr(web), web.parser is config),
        config.read(["/nonexistent/a.ini"]),
        config.popitem()[0],
        config.clear(),
    )


@USES.of("netrc")
def machine_logins() -> object:
    import netrc
    import os
    import tempfile

    texts = (
        'machine a.org login ann password "p w\\"x" account acc\n# note\n'
        "macdef init\ncd /pub\nls\n\ndefault login anonymous password me@\n",
        "machine only", "machine x login", "bogus x", "machine a user u oops", "macdef m\nline",
        "machine b.org # c\n user bob password p#1\n machine c.org password '#'",
    )
    seen: list[object] = []
    with tempfile.TemporaryDirectory() as top:
        for number, text in enumerate(texts):
            path = os.path.join(top, str(number))
            with open(path, "w") as file:
                file.write(text)
            try:
                logins = netrc.netrc(path)
            except netrc.NetrcParseError as exc:
                seen.append((exc.msg, exc.lineno, os.path.basename(exc.filename or "")))
            else:
                seen.append((sorted(logins.hosts), logins.macros, repr(logins)))
                seen.append((logins.authenticators("a.org"), logins.authenticators("else")))
        seen.append(error(netrc.netrc, os.path.join(top, "absent")))
    return tuple(seen)


@USES.of("xdrlib", before=(3, 13))
def external_data() -> object:
    xdrlib = fresh("xdrlib")
    packer = xdrlib.Packer()
    packer.pack_uint(7)
    packer.pack_int(-7)
    packer.pack_bool(True)
    packer.pack_enum(2)
    packer.pack_hyper(2**40)
    packer.pack_uhyper(5)
    packer.pack_float(1.5)
    packer.pack_double(2.25)
    packer.pack_fstring(3, b"abcd")
    packer.pack_string(b"hello")
    packer.pack_list([1, 2], packer.pack_uint)
    packer.pack_farray(2, [3, 4], packer.pack_int)
    packer.pack_array([b"x"], packer.pack_opaque)
    reader = xdrlib.Unpacker(packer.get_buffer())
    read = [reader.unpack_uint(), reader.unpack_int(), reader.unpack_bool(), reader.unpack_enum()]
    read += [reader.unpack_hyper(), reader.unpack_uhyper(), reader.unpack_float(),
             reader.unpack_double()]
    read += [reader.unpack_fstring(3), reader.unpack_string(),
             reader.unpack_list(reader.unpack_uint)]
    read += [reader.unpack_farray(2, reader.unpack_int), reader.unpack_array(reader.unpack_bytes)]
    reader.done()
    errors = [error(reader.unpack_int), error(packer.pack_uint, "x"),
              error(packer.pack_fstring, -1, b"")]
    errors += [error(packer.pack_farray, 1, [], packer.pack_int), error(reader.unpack_fstring, -1)]
    reader.set_position(0)
    return (
        packer.get_buffer(), read, errors, error(reader.done), str(xdrlib.Error("m")), sys.byteorder
    )


@USES.of("uu", before=(3, 13))
def uu_files() -> object:
    import io
    import os
    import tempfile

    uu = fresh("uu")
    out, back = io.BytesIO(), io.BytesIO()
    uu.encode(io.BytesIO(bytes(range(99))), out, "name", 0o644, backtick=True)
    uu.decode(io.BytesIO(b"head\n" + out.getvalue()), back)
    with tempfile.TemporaryDirectory() as top:
        source, coded = os.path.join(top, "s"), os.path.join(top, "c")
        with open(source, "wb") as file:
            file.write(b"data")
        uu.encode(source, coded)
        uu.decode(coded, source + "2")
        again = os.path.getsize(source + "2")
        exists = error(uu.decode, io.BytesIO(f"begin 644 {source}\n \nend\n".encode()))
    return (
        out.getvalue(),
        back.getvalue() == bytes(range(99)),
        again,
        exists,
        [error(uu.decode, io.BytesIO(bad), io.BytesIO())
         for bad in (b"", b"begin 644 x\n", b"begin 9z x\n")],
    )
