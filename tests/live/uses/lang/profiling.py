"""Workloads over tracing and timing."""

# Calls stand in rows, as in a table; one to a line, they would hide what is used of a module.
# fmt: off
# Private names and wrong arguments are used on purpose.
# mypy: ignore-errors

from __future__ import annotations

import sys

from ..helpers import define, error, said
from ..registry import Uses

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

USES = Uses()


@USES.of("trace")
def line_tracer() -> object:
    import os
    import tempfile
    import trace

    # sys.settrace belongs to whoever measures this: the tracer is called by hand.
    names = define("def work(n):\n    if n:\n        return work(n - 1)\n    return n\n")
    frames: list[Any] = []
    names["here"] = lambda: frames.append(sys._getframe(1))
    exec(compile("def look(a):\n    here()\n    return a\nlook(1)\n", "<demo>", "exec"), names)
    frame = frames[0]
    seen: list[object] = []
    modes: tuple[dict[str, Any], ...] = ({}, {"trace": 0}, {"count": 0}, {"countfuncs": 1},
                                         {"countcallers": 1}, {"count": 0, "trace": 0},
                                         {"trace": 1, "count": 1, "timing": True})
    for options in modes:
        tracer: Any = trace.Trace(ignoremods=("skipped",), **options)
        for event in ("call", "line", "line", "return"):
            if getattr(tracer, "globaltrace", None) and event == "call":
                seen.append(said(tracer.globaltrace, frame, event, None)[0] is not None)
            elif getattr(tracer, "localtrace", None):
                seen.append(len(said(tracer.localtrace, frame, event, None)[1]) > 0)
        results = tracer.results()
        seen.append((sorted(results.counts.values()), len(results.calledfuncs),
                     len(results.callers)))
    with tempfile.TemporaryDirectory() as top:
        path = os.path.join(top, "traced.py")
        with open(path, "w") as file:
            file.write(
                "'''doc\nstring'''\nimport os\n\ndef f():\n    'doc'\n    return 1  # pragma\n"
                "x = [\n 1]\n"
            )
        counts = {(path, 3): 2, (path, 5): 1, ("<string>", 1): 1, (path, 7): 100}
        functions = {(path, "traced", "f"): 3}
        callers = {((path, "traced", "f"), (path, "traced", "g")): 1,
                   ((path, "traced", "f"), ("/o.py", "o", "h")): 1}
        saved = os.path.join(top, "counts.pickle")
        whole = trace.CoverageResults(counts, functions, None, callers, outfile=saved)
        # Modules are named by where on sys.path they are.
        found, sys.path = sys.path, [top]
        text = said(whole.write_results, True, True, os.path.join(top, "cover"))[1].replace(top, "")
        more = trace.CoverageResults(infile=saved)
        more.update(whole)
        said(more.write_results, False, False, None)
        sys.path = found
        with open(os.path.join(top, "cover", "traced.cover")) as file:
            cover = file.read()
        lines = trace._find_executable_linenos(path)
        strings = trace._find_strings(path)
        missing = said(trace._find_executable_linenos, "/no/such.py")[0]
        bad = said(lambda: trace.CoverageResults(infile="/no/such").counts)[0]
        ignore = trace._Ignore(["skipped"], [top])
        ignored = [ignore.names(name, module)
                   for name, module in ((path, "a"), ("/x.py", "skipped"), ("/y.py", "skipped.sub"),
                                        ("/z.py", "z"), (None, "b"), (path, "a"))]
        argv = sys.argv
        codes = []
        for line in ("", "--help", "--version", "-l -T x", "-c", "-r",
                     f"-r -f {saved} -C {top}/out -m", "-t --bogus", "-s x", "-R -c x"):
            sys.argv = ["trace", *line.split()]
            codes.append(str(said(trace.main)[0])[:30])
        sys.argv = argv
    seen += [trace._modname("/a/b.py"), trace._fullmodname("/a/b/c.py")[-1], sorted(lines),
             sorted(strings), missing, bad, ignored]
    return seen, text, cover, codes


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
        "-n 2 -r 2 pass", "-n1 -r1 -u usec -s x=1 x+=1", "-v -n 1 pass", "-h", "--bogus",
        "-u eons pass", "-n 1 1/0",
        "-r 1 -n 3 -vv pass", "-r0 -n1 pass",
    )
    out = [said(timeit.main, line.split()) for line in ()] + [
        said(lambda line=line: timeit.main(line.split(), _wrap_timer=lambda timer: clock))
        for line in runs
    ]
    shown = [(code, text.splitlines()[:2]) for code, text in out]
    return (
        (timer.timeit(5), timer.repeat(2, 3),
         timer.autorange(lambda number, taken: seen.append(number)), seen),
        (called.timeit(4), timeit.timeit("pass", timer=clock, number=2),
         timeit.repeat("pass", timer=clock, number=1, repeat=2)),
        (failed, text.getvalue().splitlines()[-1], error(timeit.Timer, 5),
         error(timeit.Timer, "pass", 5), error(timeit.Timer, "if")),
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
            main, work, leaf = ("/app/main.py", 1, "main"), (
                "/app/lib/work.py", 10, "work"
            ), ("~", 0, "<built-in method len>")
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
        [
            error(stats.sort_stats, key) for key in ("bogus", 5.5)
        ] + [error(stats.sort_stats, "name", 5)],
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
    return (
        result, failed,
        sorted((key[2], value[:2]) for key, value in stats.items()
               if key[2] in ("work", "leaf", "broken"))
    )
