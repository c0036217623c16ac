"""Workloads over command lines, interactive loops, logging and the like."""

from __future__ import annotations

import sys

from .registry import Uses, error

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

USES = Uses()


def said(call: Callable[..., object], *args: object) -> tuple[object, str]:
    """What a call returns, or how it exits, and what it prints."""
    import contextlib
    import io

    raw = io.BytesIO()
    text = io.TextIOWrapper(raw, "utf-8", newline="\n", write_through=True)
    with contextlib.redirect_stdout(text), contextlib.redirect_stderr(text):
        try:
            result = call(*args)
        except SystemExit as exc:
            result = f"exit {exc.code}"
    return result, raw.getvalue().decode()


@USES.of("argparse")
def command_lines() -> object:
    import argparse
    import os
    import tempfile

    def narrow(kind: Any) -> Any:
        return lambda prog: kind(prog, width=60, max_help_position=20)

    top = argparse.ArgumentParser(
        "tool",
        description="A tool. " * 12,
        epilog="See also: %(prog)s --help",
        formatter_class=narrow(argparse.ArgumentDefaultsHelpFormatter),
        fromfile_prefix_chars="@",
    )
    top.add_argument("--version", action="version", version="%(prog)s 1.0")
    top.add_argument("-v", "--verbose", action="count", default=0, help="say more")
    top.add_argument("-q", action="store_false", dest="loud")
    top.add_argument("--level", type=int, choices=[1, 2, 3], default=2, help="one of %(choices)s")
    top.add_argument("--colour", action=argparse.BooleanOptionalAction, default=True, help="paint")
    top.add_argument("--hidden", help=argparse.SUPPRESS)
    top.add_argument("-D", action="append", metavar="KEY=VAL", default=[])
    top.add_argument("--const", action="append_const", const=7, dest="D")
    top.add_argument("--more", action="extend", nargs="+", type=float)
    group = top.add_argument_group("files", "what to read")
    group.add_argument("--range", nargs=2, metavar=("LOW", "HIGH"))
    group.add_argument("--maybe", nargs="?", const="bare", default="absent")
    either = top.add_mutually_exclusive_group()
    either.add_argument("--fast", action="store_true")
    either.add_argument("--mode", action="store_const", const="slow")
    commands = top.add_subparsers(title="commands", dest="command", required=True, metavar="CMD")
    copy = commands.add_parser("copy", aliases=["cp"], help="copy files", formatter_class=narrow(argparse.HelpFormatter))
    copy.add_argument("source", nargs="+")
    copy.add_argument("target")
    copy.add_argument("rest", nargs=argparse.REMAINDER)
    copy.set_defaults(run="copier")
    shown = argparse.ArgumentParser(
        "raw",
        usage="%(prog)s [words]",
        description="keep\n  this",
        formatter_class=narrow(argparse.RawDescriptionHelpFormatter),
        add_help=False,
        prefix_chars="+-",
        argument_default=argparse.SUPPRESS,
        exit_on_error=False,
        parents=[either_parent(argparse)],
    )
    shown.add_argument("+x", "++extra", type=lambda text: int(text, 16))
    shown.add_argument("words", nargs="*", default=["none"])
    lines: tuple[str, ...] = (
        *("-vvD a=1 --const -Db=2 cp a b c", "--level 3 --no-colour --more 1 2.5 --maybe -- copy x y --z"),
        *("--lev 1 --range 1 2 --fast --maybe=given copy a b", "-q --mode cp a b", "--help", "--version"),
        *("--level 9 copy a b", "--fast --mode copy a b", "copy a", "move a", "", "--range 1 copy a", "--c x"),
        *("--level one copy a b", "copy --help", "--fast=1 copy a b", "@/nonexistent/args", "--nope copy a b"),
    )
    out = [said(lambda line=line: sorted(vars(top.parse_args(line.split())).items())) for line in lines]
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "args")
        with open(path, "w") as file:
            file.write("--level\n1\ncopy\na\nb\n")
        out.append(said(lambda: vars(top.parse_args(["@" + path]))["level"]))
        opened = argparse.ArgumentParser()
        opened.add_argument("file", type=argparse_file(argparse, path))
        opened.parse_args([path])
    out.append(said(shown.print_help))
    out.append(said(lambda: sorted(vars(shown.parse_args(["+x", "ff", "w", "-a", "1"])).items())))
    out.append(said(lambda: shown.parse_known_args(["--bogus", "w"])[1]))
    mixed = argparse.ArgumentParser("mixed", allow_abbrev=False)
    mixed.add_argument("--flag")
    mixed.add_argument("items", nargs="*", type=int)
    out.append(said(lambda: sorted(vars(mixed.parse_intermixed_args("1 --flag x 2 3".split())).items())))
    out.append(said(mixed.parse_args, ["--fla", "x"]))
    space = argparse.Namespace(a=1, **{"odd name": 2})
    errors = [
        error(shown.parse_args, ["+x", "zz"]), error(mixed.add_argument, "--flag"), error(mixed.add_argument, "bad", dest="x"),
        error(mixed.add_argument, "-n", nargs=0), error(mixed.add_argument, "x", action="nope"), error(mixed.add_argument),
        error(mixed.add_argument, "p", required=True), error(mixed.add_argument, "--t", type="int"), error(argparse.FileType("r"), "/nope"),
        error(mixed.add_argument, "--m", nargs=2, metavar=("A",)), error(mixed.add_mutually_exclusive_group().add_argument, "--r", required=True),
        said(lambda: error(top.add_subparsers))[0], error(mixed.add_argument, "s", action="store_true", nargs=1), error(mixed.add_argument, "--"),
    ]  # fmt: skip
    return out, errors, repr(space), "a" in space, space == argparse.Namespace(), mixed.get_default("flag"), top.format_usage()


def either_parent(argparse: Any) -> Any:
    parent = argparse.ArgumentParser(add_help=False)
    pair = parent.add_mutually_exclusive_group(required=False)
    pair.add_argument("-a", type=int)
    pair.add_argument("-b", action="store_true")
    return parent


def argparse_file(argparse: Any, path: str) -> Any:
    """A type that opens and closes its argument, unlike FileType."""

    def kind(text: str) -> str:
        with open(text) as file:
            return file.readline()

    return kind


@USES.of("optparse")
def option_parser() -> object:
    import optparse

    def check(option: Any, opt: str, value: str, parser: Any, *args: Any) -> None:
        if value == "bad":
            raise optparse.OptionValueError(f"{opt} must not be {value}")
        parser.values.checked = (value, *args)

    parser = optparse.OptionParser(
        usage="%prog [options] FILE",
        version="%prog 2",
        description="Old but in use. " * 6,
        prog="old",
        formatter=optparse.IndentedHelpFormatter(width=60),
        epilog="The end.",
        option_list=[optparse.make_option("-z", action="store_const", const=9, dest="zed")],
    )
    parser.set_defaults(level=1)
    parser.add_option("-l", "--level", type="int", help="level [default: %default]")
    parser.add_option("-f", "--file", metavar="NAME", action="append")
    parser.add_option("-v", action="count", dest="verbose")
    parser.add_option("-c", "--check", action="callback", callback=check, type="string", callback_args=(1,))
    parser.add_option("--mode", type="choice", choices=["one", "two"])
    parser.add_option("--pair", nargs=2, type="float")
    parser.add_option("--flag", action="store_true", default=False)
    parser.add_option("--list", action="append_const", const="x")
    group = optparse.OptionGroup(parser, "Extra", "Rarely used.")
    group.add_option("--hidden", help=optparse.SUPPRESS_HELP)
    group.add_option("--complex", type="complex", default=1j)
    parser.add_option_group(group)

    def show(parsed: Any) -> object:
        return sorted(vars(parsed[0]).items()), parsed[1]

    lines = ("-vv -l0x10 --file=a --fi b rest -z", "--check ok --pair 1 2.5 --mode one --list --list", "-- -v", "--help")
    wrong = ("-l x", "--level", "--mode three", "--nope", "--f x", "--flag=1", "-c bad", "--pair 1", "--version", "-q")
    out = [said(lambda line=line: show(parser.parse_args(line.split()))) for line in lines]
    out += [said(parser.parse_args, line.split()) for line in wrong]
    parser.disable_interspersed_args()
    out.append(said(lambda: parser.parse_args(["a", "-v"])[1]))
    titled = optparse.TitledHelpFormatter(width=50)
    plain = optparse.OptionParser(prog="t", formatter=titled, add_help_option=False, conflict_handler="resolve")
    plain.add_option("-x", "--ex", help="first")
    plain.add_option("-x", help="second " * 9)
    out.append(said(plain.print_help))
    errors = [
        *(error(parser.add_option, *bad) for bad in ((), ("x",), ("-xy",), ("--",), ("-l",))),
        *(error(optparse.Option, "-o", **bad) for bad in ({"action": "x"}, {"type": "x"}, {"nope": 1}, {"nargs": 2, "action": "count"})),
        *(error(optparse.Option, "-o", **bad) for bad in ({"action": "callback"}, {"type": "choice"}, {"const": 1})),
        *(error(optparse.Option, "-o", type="choice", choices="x"), error(parser.remove_option, "--none")),
    ]
    plain.remove_option("--ex")
    return out, errors, parser.has_option("-l"), parser.get_option("-f") is not None, parser.get_version(), plain.get_usage()


@USES.of("getopt")
def posix_options() -> object:
    import getopt

    long = ["verbose", "output=", "verify"]
    wrong = (["-x"], ["-o"], ["--nope"], ["--ver"], ["--verbose=1"], ["--output"])
    return (
        getopt.getopt(["-ab", "-o", "f", "-ox", "--verb", "--out=y", "--", "-a"], "abo:", long),
        getopt.getopt(["-a", "file", "-b"], "ab"),
        getopt.gnu_getopt(["-a", "file", "-b", "--output", "z", "-", "--", "tail"], "ab", long),
        getopt.gnu_getopt(["a", "-b"], "+b"),
        getopt.getopt(["--verify"], "", "verify"),
        [error(getopt.getopt, args, "o:", long) for args in wrong],
        str(getopt.GetoptError("message", "-x")),
    )


@USES.of("cmd")
def command_loop() -> object:
    import cmd
    import io

    class Shell(cmd.Cmd):
        """A shell."""

        intro, prompt, ruler = "hello", "> ", "-"
        use_rawinput = False

        def do_add(self, line: str) -> None:
            """add A B: print the sum"""
            self.stdout.write(f"{sum(map(int, line.split()))}\n")

        def do_quit(self, line: str) -> bool:
            return True

        def do_shell(self, line: str) -> None:
            self.stdout.write(f"shell {line}\n")

        def do_EOF(self, line: str) -> bool:
            return True

        def help_topic(self) -> None:
            self.stdout.write("about the topic\n")

        def complete_add(self, text: str, line: str, begin: int, end: int) -> list[str]:
            return [word for word in ("one", "other", "two") if word.startswith(text)]

        def precmd(self, line: str) -> str:
            return line.strip()

    out = io.StringIO()
    script = "add 1 2\n\n?\nhelp add\nhelp topic\nhelp quit\nhelp nope\n!ls -l\nwhat\n  \n@odd\nquit\nadd 9 9\n"
    shell = Shell(stdin=io.StringIO(script), stdout=out)
    shell.cmdqueue.append("add 5 5")
    shell.cmdloop()
    ended = Shell("TAB", io.StringIO("add 1"), out)
    ended.cmdloop("again")
    shell.columnize([f"item{number}" for number in range(30)], 40)
    shell.columnize([])
    shell.columnize(["single"])
    shell.columnize(["a" * 50, "b"], 20)
    shell.print_topics("Heading", ["x", "y"], 15, 20)
    return (
        out.getvalue(),
        [shell.parseline(line) for line in ("", "?x", "!y z", "word  rest of it", "_")],
        (shell.completenames("a"), shell.complete_add("o", "add o", 4, 5), sorted(shell.complete_help("to"))),
        (shell.completedefault(), shell.onecmd("EOF"), shell.lastcmd, error(shell.columnize, [1, "x"])),
    )


@USES.of("code")
def interactive_code() -> object:
    import code

    class Console(code.InteractiveConsole):
        def __init__(self, lines: list[str], names: dict[str, Any]) -> None:
            super().__init__(names, "<demo console>")
            self.lines, self.out = lines, list[str]()

        def raw_input(self, prompt: str = "") -> str:
            self.out.append(prompt)
            if not self.lines:
                raise EOFError
            line = self.lines.pop(0)
            if line == "^C":
                raise KeyboardInterrupt
            return line

        def write(self, data: str) -> None:
            self.out.append(data)

    names: dict[str, Any] = {"__name__": "demo"}
    saved = {name: sys.__dict__.pop(name) for name in ("ps1", "ps2") if hasattr(sys, name)}
    script = ["x = 1", "def f(a):", "  return a / 0", "", "f(x)", "1 +* 2", "^C", "if x:", "  y = [", " 2]", "", "raise KeyError('k')"]
    console = Console(script, names)
    console.interact("banner", "bye")
    quiet = Console(["z = y"], names)
    quiet.interact("", "")
    plain = code.InteractiveInterpreter({"__name__": "demo"})
    more = [plain.runsource(text) for text in ("a = 2", "while a:", "b = (")]
    text = "".join(console.out + quiet.out)
    sys.__dict__.update(saved)
    for name in {"last_type", "last_value", "last_traceback", "last_exc"} & set(dir(sys)):
        delattr(sys, name)
    pushed = console.push("w = 1"), console.push("for i in []:"), console.resetbuffer()
    return text, more, sorted(name for name in names if len(name) == 1), pushed


@USES.of("codeop")
def incomplete_code() -> object:
    import codeop

    texts = ("x = 1\n", "if x:", "if x:\n  y\n", "x = (", "# only\n", "", "def f():\n  '''", "a = 1\\")
    wrong = ("1 +* 2", "x = 'open", "\x00", " indented\n  x", "break 5", "if x\n")
    compiler, command = codeop.Compile(), codeop.CommandCompiler()
    future = compiler("from __future__ import annotations\n", "<a>", "exec").co_flags & 0x1000000 > 0
    return (
        [codeop.compile_command(text) is None for text in texts],
        [error(codeop.compile_command, text) for text in wrong],
        [command(text, "<b>", mode) is None for text in ("x", "(") for mode in ("single", "eval")],
        future,
        compiler("x: int", "<a>", "exec").co_flags & 0x1000000 > 0,
    )


@USES.of("logging")
def log_records() -> object:
    import io
    import logging
    import time

    # Which loggers exist, and what a record tells, depends on what else was imported.
    known, logging.root.manager.loggerDict = logging.root.manager.loggerDict, {}
    asks = {name: getattr(logging, name) for name in ("logMultiprocessing", "logAsyncioTasks") if hasattr(logging, name)}
    vars(logging).update(dict.fromkeys(asks, False))
    out, other = io.StringIO(), io.StringIO()
    log = logging.getLogger("demo.uses")
    child = log.getChild("part.sub")
    log.propagate = False
    handler, strict = logging.StreamHandler(out), logging.StreamHandler(other)
    handler.setFormatter(logging.Formatter("%(levelname)-8s|%(name)s|%(funcName)s|%(message)s"))
    strict.setFormatter(logging.Formatter("{levelno}:{message}:{who}", style="{", defaults={"who": "?"}))
    strict.setLevel("ERROR")
    handler.set_name("main out")

    class Once(logging.Filter):
        def filter(self, record: logging.LogRecord) -> bool:
            return "drop" not in record.getMessage()

    once = Once("demo")
    for each in (handler, strict):
        log.addHandler(each)
    handler.addFilter(once)
    logging.addLevelName(5, "TRACE")
    log.setLevel(5)
    log.log(5, "trace %s", "x")
    log.debug("number %d", 5)
    log.info("mapping %(key)s", {"key": "v"})
    log.warning("drop me")
    child.error("from the child", extra={"who": "me"})
    try:
        raise_from(KeyError("inner"))
    except ValueError:
        log.exception("caught")
    child.critical("stack", stack_info=False)
    log.log(logging.WARNING, "bad arguments", exc_info=(None, None, None))
    adapter = logging.LoggerAdapter(log, {"who": "adapter"})
    adapter.error("through the adapter")
    adapter.setLevel(logging.ERROR)
    adapter.info("unseen")
    logging.disable(logging.CRITICAL)
    log.critical("disabled")
    logging.disable(logging.NOTSET)
    record = logging.makeLogRecord({"msg": "made", "levelno": 10, "levelname": "DEBUG", "created": 0.0, "msecs": 5.0})
    template = logging.Formatter("$message at $asctime", "%Y", style="$", validate=True)
    template.converter = time.gmtime
    formatted = template.format(record), logging.Formatter().formatTime(record, "%S"), logging.BufferingFormatter().format([record])
    errors = [
        *(error(log.setLevel, "NOPE"), error(log.setLevel, 1.5), error(log.log, "x", "y"), error(logging.getLogger, 5)),
        *(error(logging.Formatter, "{x!}", style="{"), error(logging.Formatter, "$", style="$"), error(logging.Formatter, "x")),
        *(error(logging.Formatter, "x", style="?"), error(log.makeRecord, "n", 1, "f", 1, "m", (), None, extra={"message": 1})),
        *(error(logging.basicConfig, stream=out, filename="x"), error(logging.basicConfig, nope=1, force=True)),
        *(error(logging.Handler().emit, record), error(logging.FileHandler, "/no/x")),
    ]
    logging.basicConfig(stream=other, format="%(message)s", level="INFO", force=True)
    logging.info("to the root")
    logging.captureWarnings(True)
    logging.captureWarnings(False)
    handler.acquire()
    handler.release()
    state = (log.hasHandlers(), child.getEffectiveLevel(), log.isEnabledFor(5), repr(log), repr(handler), repr(child.parent))
    names = logging.getLevelName("TRACE"), logging.getLevelName(33), logging.getLevelName(5)
    handler.setStream(other)
    handler.removeFilter(once)
    raising, logging.raiseExceptions = logging.raiseExceptions, False
    log.info("too many %s", 1, 2)
    logging.raiseExceptions = raising
    for each in (handler, strict):
        log.removeHandler(each)
        each.close()
    logging.root.handlers.clear()
    logging.root.setLevel(logging.WARNING)
    logging.root.manager.loggerDict = known
    vars(logging).update(asks)
    lines = [line for line in out.getvalue().splitlines() if not line.startswith(("  File", "    "))]
    return lines, other.getvalue(), formatted, errors, state, names


def raise_from(cause: Exception) -> None:
    raise ValueError("outer") from cause


@USES.of("logging.config")
def logging_from_settings() -> object:
    import io
    import logging
    import logging.config

    # Which loggers exist depends on what else was imported.
    known, logging.root.manager.loggerDict = logging.root.manager.loggerDict, {}
    settings: dict[str, Any] = {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "short": {"format": "%(levelname)s %(message)s"},
            "brace": {"()": "logging.Formatter", "fmt": "{message}!", "style": "{"},
            "cfg": {"class": "logging.Formatter", "format": "%(message)s", "validate": False},
        },
        "filters": {"demo": {"name": "demo"}},
        "handlers": {
            "out": {"class": "logging.StreamHandler", "formatter": "short", "filters": ["demo"], "level": "INFO"},
            "memory": {"class": "logging.handlers.MemoryHandler", "capacity": 9, "target": "out"},
            "own": {"()": lambda **kw: logging.NullHandler(), "formatter": "brace"},
        },
        "loggers": {"demo.config": {"handlers": ["out", "memory", "own"], "level": "DEBUG", "propagate": False}},
        "root": {"level": "ERROR", "handlers": []},
        "custom": {"list": [1, "cfg://formatters.short[format]"], "where": "ext://sys.maxsize"},
    }
    text = io.StringIO()
    settings["handlers"]["out"]["stream"] = text
    logging.config.dictConfig(settings)
    log = logging.getLogger("demo.config")
    log.info("one")
    log.debug("two")
    configurator: Any = logging.config.BaseConfigurator(settings)
    custom = configurator.config["custom"]
    resolved = [custom["list"][1], custom["where"] == sys.maxsize, configurator.convert("cfg://custom.list[0]")]
    resolved += [configurator.as_tuple([1]), configurator.resolve("logging.handlers").__name__, custom.get("none", 0)]
    resolved += [custom.pop("where") == sys.maxsize, configurator.convert(("ext://sys.maxsize",))[0] == sys.maxsize]
    logging.config.dictConfig({"version": 1, "incremental": True, "loggers": {"demo.config": {"level": "ERROR"}}})
    log.info("three")
    parts = ("formatters", {"f": {"class": "no.such"}}), ("filters", {"f": {"()": "no.such"}}), ("loggers", {"x": {"handlers": ["q"]}})
    parts += (("handlers", {"h": {"class": "logging.NoSuch"}}), ("root", {"level": "NOPE"}), ("handlers", {"h": {"filters": ["x"]}}))
    errors = [error(logging.config.dictConfig, {"version": 1, key: value}) for key, value in parts]
    errors += [error(logging.config.dictConfig, {"version": 2}), error(configurator.convert, "cfg://nothing.here")]
    errors += [error(configurator.convert, "ext://no.such.thing"), error(configurator.convert, "cfg://custom[")]
    errors += [error(logging.config.fileConfig, io.StringIO("")), error(logging.config.fileConfig, "/no/such/file.ini")]
    ini = (
        "[loggers]\nkeys=root,demo\n[handlers]\nkeys=h,m\n[formatters]\nkeys=f\n[formatter_f]\nformat=%(message)s;\n"
        "[handler_h]\nclass=StreamHandler\nargs=(stream,)\nformatter=f\nlevel=INFO\n"
        "[handler_m]\nclass=handlers.MemoryHandler\nargs=(5,)\ntarget=h\n"
        "[logger_root]\nlevel=ERROR\nhandlers=\n[logger_demo]\nhandlers=h,m\nqualname=demo.ini\npropagate=0\nlevel=INFO\n"
    )
    extra = io.StringIO()
    logging.__dict__["stream"] = extra
    logging.config.fileConfig(io.StringIO(ini), disable_existing_loggers=True)
    logging.getLogger("demo.ini").info("from ini")
    del logging.__dict__["stream"]
    disabled = log.disabled
    logging.config.stopListening()
    for name in ("demo.ini", "demo.config"):
        for handler in logging.getLogger(name).handlers[:]:
            logging.getLogger(name).removeHandler(handler)
            handler.close()
    log.disabled = False
    logging.root.setLevel(logging.WARNING)
    logging.root.manager.loggerDict = known
    return text.getvalue(), extra.getvalue(), resolved, errors, disabled


@USES.of("logging.handlers")
def log_handlers() -> object:
    import io
    import logging
    import logging.handlers as lh
    import os
    import queue
    import tempfile

    def record(text: str, level: int = 20) -> logging.LogRecord:
        return logging.LogRecord("demo", level, "file.py", 1, text, (), None)

    seen: list[object] = []
    with tempfile.TemporaryDirectory() as top:
        path = os.path.join(top, "app.log")
        rotating = lh.RotatingFileHandler(path, maxBytes=30, backupCount=2, delay=True)
        rotating.namer = lambda name: name + ".old"
        for number in range(6):
            rotating.emit(record(f"message number {number}"))
        rotating.close()
        seen.append([open_text(os.path.join(top, name)) for name in sorted(os.listdir(top))])
        os.utime(path, (1_000_000_000, 1_000_000_000))
        timed = lh.TimedRotatingFileHandler(path, "S", interval=3, backupCount=1, utc=True)
        timed.doRollover()
        seen.append((timed.interval, timed.extMatch.pattern[:9], len(timed.getFilesToDelete()), timed.suffix))
        for when in ("MIDNIGHT", "W2", "H", "D"):
            timed.when = when
            timed.dayOfWeek = 2
            timed.interval = 3600 if when == "H" else 86400
            seen.append([timed.computeRollover(1_000_000_000 + day * 86400) for day in range(4)])  # type: ignore[arg-type]
        timed.close()
        for bad in ("W9", "X", "W", "Wx"):
            seen.append(error(lh.TimedRotatingFileHandler, path, bad, delay=True))
        watched = lh.WatchedFileHandler(path)
        watched.emit(record("before"))
        os.rename(path, path + ".moved")
        watched.emit(record("after"))
        watched.close()
        seen.append(open_text(path))
    target, buffered = logging.StreamHandler(io.StringIO()), lh.BufferingHandler(2)
    memory = lh.MemoryHandler(3, logging.ERROR, target)
    for text, level in (("a", 20), ("b", 40), ("c", 20)):
        memory.handle(record(text, level))
        buffered.handle(record(text, level))
    memory.close()
    buffered.close()
    waiting: Any = queue.SimpleQueue()
    sender: Any = lh.QueueHandler(waiting)
    sender.emit(record("queued %s"))
    listener = lh.QueueListener(waiting, target, respect_handler_level=True)
    listener.handle(listener.dequeue(False))
    listener.enqueue_sentinel()
    socket = lh.SocketHandler("localhost", 1)
    pickled = socket.makePickle(record("over the wire"))
    socket.close()
    web = lh.HTTPHandler("localhost", "/log", "POST")
    seen += [target.stream.getvalue(), len(pickled) > 100, web.mapLogRecord(record("m"))["msg"], web.method]  # type: ignore[attr-defined]
    seen += [error(lh.HTTPHandler, "h", "/", "PUT"), error(lh.HTTPHandler, "h", "/", context=1), len(memory.buffer)]
    mail = lh.SMTPHandler(("h", 25), "a@x", "b@x", "subject", credentials=("u", "p"))
    return (*seen, mail.getSubject(record("m")), mail.toaddrs, lh.SysLogHandler.priority_map["ERROR"])


def open_text(path: str) -> str:
    with open(path) as file:
        return file.read()


@USES.of("timeit")
def timings() -> object:
    import timeit

    ticks = iter(range(0, 10**9, 3))

    def clock() -> int:
        return next(ticks)

    timer = timeit.Timer("x.append(1)", "x = []", clock)
    called = timeit.Timer(lambda: seen.append(1), lambda: seen.clear(), clock)
    seen: list[int] = []
    broken = timeit.Timer("1/0", timer=clock)
    import io

    text = io.StringIO()
    failed = error(broken.timeit, 1)
    try:
        broken.timeit(1)
    except ZeroDivisionError:
        broken.print_exc(text)
    runs = (
        *("-n 2 -r 2 pass", "-n1 -r1 -u usec -s x=1 x+=1", "-v -n 1 pass", "-h", "--bogus", "-u eons pass", "-n 1 1/0"),
        *("-r 1 -n 3 -vv pass", "-r0 -n1 pass"),
    )
    out = [said(timeit.main, line.split()) for line in ()] + [
        said(lambda line=line: timeit.main(line.split(), _wrap_timer=lambda timer: clock)) for line in runs  # type: ignore[call-arg]
    ]
    shown = [(code, text.splitlines()[:2]) for code, text in out]
    return (
        (timer.timeit(5), timer.repeat(2, 3), timer.autorange(lambda number, taken: seen.append(number)), seen),
        (called.timeit(4), timeit.timeit("pass", timer=clock, number=2), timeit.repeat("pass", timer=clock, number=1, repeat=2)),
        (failed, text.getvalue().splitlines()[-1], error(timeit.Timer, 5), error(timeit.Timer, "pass", 5), error(timeit.Timer, "if")),
        (timeit.Timer("y", globals={"y": 1}, timer=clock).timeit(1), timeit.reindent("a\nb", 2)),
        shown,
    )


@USES.of("pstats")
def profile_reports() -> object:
    import io
    import os
    import pstats
    import tempfile

    class Source:
        """What a finished profiler looks like to pstats."""

        def __init__(self, factor: int) -> None:
            main, work, leaf = ("/app/main.py", 1, "main"), ("/app/lib/work.py", 10, "work"), ("~", 0, "<built-in method len>")
            self.stats = {
                main: (1, 1, 0.1 * factor, 3.0, {}),
                work: (4, 6, 1.5, 2.5, {main: (2, 2, 0.5, 1.0), work: (2, 4, 1.0, 1.5)}),
                leaf: (9, 9, 0.4, 0.4, {work: (9, 9, 0.4, 0.4)}),
            }

        def create_stats(self) -> None:
            pass

    out = io.StringIO()
    stats = pstats.Stats(Source(1), Source(2), stream=out)
    stats.sort_stats("cumulative", "name").print_stats(2)
    stats.strip_dirs().sort_stats(pstats.SortKey.TIME).reverse_order().print_stats("work", 0.5)
    stats.sort_stats(-1).print_callers("len")
    stats.print_callees()
    stats.sort_stats("calls").print_callees("nothing matches")
    stats.sort_stats("nfl")
    stats.print_stats("[")
    with tempfile.TemporaryDirectory() as top:
        path = os.path.join(top, "out.prof")
        stats.dump_stats(path)
        loaded = pstats.Stats(path, stream=io.StringIO())
    loaded.add(stats)
    profile = loaded.get_stats_profile()
    loaded.calc_callees()
    lines = [line for line in out.getvalue().splitlines() if "out.prof" not in line]
    return (
        lines,
        sorted(profile.func_profiles),
        profile.total_tt,
        [error(stats.sort_stats, key) for key in ("bogus", 5.5)] + [error(stats.sort_stats, "name", 5)],
        [error(pstats.Stats, object()), error(pstats.Stats, "/no/such/file")],
        pstats.func_std_string(("~", 0, "<x>")) + pstats.func_strip_path(("/a/b.py", 1, "f"))[0],
        sorted(loaded.get_sort_arg_defs())[:3],
    )


@USES.of("profile")
def pure_profiler() -> object:
    import io
    import profile
    import pstats

    ticks = iter(range(10**9))

    def leaf(number: int) -> int:
        return len([number])

    def work(number: int) -> int:
        if number == 0:
            return leaf(0)
        try:
            return work(number - 1) + leaf(number)
        finally:
            sum([1])

    def broken() -> None:
        raise KeyError

    profiler: Any = profile.Profile(timer=lambda: next(ticks), bias=0)
    result = profiler.runcall(work, 4)
    failed = error(profiler.runcall, broken)
    names = {"work": work}
    profiler.runctx("x = work(1)", names, names)
    profiler.create_stats()
    stats: Any = pstats.Stats(profiler, stream=io.StringIO()).stats
    return result, failed, sorted((key[2], value[:2]) for key, value in stats.items() if key[2] in ("work", "leaf", "broken"))
