"""Workloads over logging."""

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


@USES.of("logging")
def log_records() -> object:
    import io
    import logging
    import time

    # Which loggers exist, and what a record tells, depends on what else was imported.
    known, logging.root.manager.loggerDict = logging.root.manager.loggerDict, {}
    asks = {name: getattr(logging, name) for name in ("logMultiprocessing", "logAsyncioTasks")
            if hasattr(logging, name)}
    vars(logging).update(dict.fromkeys(asks, False))
    out, other = io.StringIO(), io.StringIO()
    log = logging.getLogger("demo.uses")
    child = log.getChild("part.sub")
    log.propagate = False
    handler, strict = logging.StreamHandler(out), logging.StreamHandler(other)
    handler.setFormatter(logging.Formatter("%(levelname)-8s|%(name)s|%(funcName)s|%(message)s"))
    strict.setFormatter(logging.Formatter("{levelno}:{message}:{who}", style="{",
                                          defaults={"who": "?"}))
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
    record = logging.makeLogRecord({"msg": "made", "levelno": 10, "levelname": "DEBUG",
                                    "created": 0.0, "msecs": 5.0})
    template = logging.Formatter("$message at $asctime", "%Y", style="$", validate=True)
    template.converter = time.gmtime
    formatted = template.format(record), logging.Formatter().formatTime(
        record, "%S"
    ), logging.BufferingFormatter().format([record])
    errors = [
        error(log.setLevel, "NOPE"), error(log.setLevel, 1.5), error(log.log, "x", "y"),
        error(logging.getLogger, 5),
        error(logging.Formatter, "{x!}", style="{"), error(logging.Formatter, "$", style="$"),
        error(logging.Formatter, "x"),
        error(logging.Formatter, "x", style="?"),
        error(log.makeRecord, "n", 1, "f", 1, "m", (), None, extra={"message": 1}),
        error(logging.basicConfig, stream=out, filename="x"),
        error(logging.basicConfig, nope=1, force=True),
        error(logging.Handler().emit, record), error(logging.FileHandler, "/no/x"),
    ]
    logging.basicConfig(stream=other, format="%(message)s", level="INFO", force=True)
    logging.info("to the root")
    logging.captureWarnings(True)
    logging.captureWarnings(False)
    handler.acquire()
    handler.release()
    state = (log.hasHandlers(), child.getEffectiveLevel(), log.isEnabledFor(5), repr(log),
             repr(handler), repr(child.parent))
    names = logging.getLevelName("TRACE"), logging.getLevelName(33), logging.getLevelName(5)
    handler.setStream(other)
    handler.removeFilter(once)
    raising, logging.raiseExceptions = logging.raiseExceptions, False
    log.info(*("too many %s", 1, 2))
    logging.raiseExceptions = raising
    for each in (handler, strict):
        log.removeHandler(each)
        each.close()
    logging.root.handlers.clear()
    logging.root.setLevel(logging.WARNING)
    logging.root.manager.loggerDict = known
    vars(logging).update(asks)
    lines = [line for line in out.getvalue().splitlines()
             if not line.startswith(("  File", "    "))]
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
            "out": {"class": "logging.StreamHandler", "formatter": "short", "filters": ["demo"],
                    "level": "INFO"},
            "memory": {"class": "logging.handlers.MemoryHandler", "capacity": 9, "target": "out"},
            "own": {"()": lambda **kw: logging.NullHandler(), "formatter": "brace"},
        },
        "loggers": {"demo.config": {"handlers": ["out", "memory", "own"], "level": "DEBUG",
                                    "propagate": False}},
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
    resolved = [custom["list"][1], custom["where"] == sys.maxsize,
                configurator.convert("cfg://custom.list[0]")]
    resolved += [configurator.as_tuple([1]), configurator.resolve("logging.handlers").__name__,
                 custom.get("none", 0)]
    resolved += [custom.pop("where") == sys.maxsize,
                 configurator.convert(("ext://sys.maxsize",))[0] == sys.maxsize]
    logging.config.dictConfig({"version": 1, "incremental": True,
                               "loggers": {"demo.config": {"level": "ERROR"}}})
    log.info("three")
    parts = (
        "formatters", {"f": {"class": "no.such"}}
    ), ("filters", {"f": {"()": "no.such"}}), ("loggers", {"x": {"handlers": ["q"]}})
    parts += (("handlers", {"h": {"class": "logging.NoSuch"}}), ("root", {"level": "NOPE"}),
              ("handlers", {"h": {"filters": ["x"]}}))
    errors = [error(logging.config.dictConfig, {"version": 1, key: value}) for key, value in parts]
    errors += [error(logging.config.dictConfig, {"version": 2}),
               error(configurator.convert, "cfg://nothing.here")]
    errors += [error(configurator.convert, "ext://no.such.thing"),
               error(configurator.convert, "cfg://custom[")]
    errors += [error(logging.config.fileConfig, io.StringIO("")),
               error(logging.config.fileConfig, "/no/such/file.ini")]
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
        seen.append((timed.interval, timed.extMatch.pattern[:9], len(timed.getFilesToDelete()),
                     timed.suffix))
        for when in ("MIDNIGHT", "W2", "H", "D"):
            timed.when = when
            timed.dayOfWeek = 2
            timed.interval = 3600 if when == "H" else 86400
            seen.append([timed.computeRollover(1_000_000_000 + day * 86400) for day in range(4)])
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
    seen += [target.stream.getvalue(), len(pickled) > 100, web.mapLogRecord(record("m"))["msg"],
             web.method]
    seen += [error(lh.HTTPHandler, "h", "/", "PUT"), error(lh.HTTPHandler, "h", "/", context=1),
             len(memory.buffer)]
    mail = lh.SMTPHandler(("h", 25), "a@x", "b@x", "subject", credentials=("u", "p"))
    return (*seen, mail.getSubject(record("m")), mail.toaddrs,
            lh.SysLogHandler.priority_map["ERROR"])


def open_text(path: str) -> str:
    with open(path) as file:
        return file.read()
