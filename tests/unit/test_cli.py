"""The command line, as real processes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from tests import commands

from pykcov.symbols.store import SymbolStore

pytestmark = [pytest.mark.slow, pytest.mark.once]

PROGRAM = """\
import sys


def invert(x):
    return [1 / n for n in range(x, 3)]


if __name__ == "__main__":
    invert(1)
    print(sys.argv, sys.path[0], __file__, __spec__ and __spec__.name, __package__)
    if len(sys.argv) > 1:
        eval(sys.argv[1])
"""


def run(*words: str, folder: Path, **environ: str) -> commands.Done:
    return commands.python(*words, folder=folder, env=environ, errors="surrogateescape")


def pykcov(*words: str, folder: Path, **environ: str) -> commands.Done:
    return run("-m", "pykcov", *words, folder=folder, **environ)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "prog.py").write_text(PROGRAM, encoding="utf-8")
    package = tmp_path / "package"
    package.mkdir()
    (package / "__init__.py").write_text("", encoding="utf-8")
    (package / "__main__.py").write_text(PROGRAM, encoding="utf-8")
    with zipfile.ZipFile(tmp_path / "app.zip", "w") as archive:
        archive.writestr("__main__.py", PROGRAM)
    return tmp_path


WAYS = [["prog.py"], ["-m", "prog"], ["-m", "package"], ["package"], ["app.zip"], ["./prog.py"]]
ENDS = ["1", "sys.exit(7)", "sys.exit('no')", "invert(0)", "os", "exec('raise SystemExit')"]


@pytest.mark.parametrize("way", WAYS, ids=" ".join)
@pytest.mark.parametrize("end", ENDS)
def test_run_is_like_plain_python(folder: Path, way: list[str], end: str) -> None:
    plain = run(*way, end, folder=folder)
    traced = pykcov("run", "--trace", "trace.txt", *way, end, folder=folder)
    assert traced.returncode == plain.returncode
    assert traced.stdout == plain.stdout
    told = [line for line in traced.stderr.splitlines() if not line.startswith("pykcov: ")]
    plainly = [line for line in plain.stderr.splitlines() if "runpy" not in line]
    assert told == plainly
    assert (folder / "trace.txt").read_text(encoding="ascii").startswith("0xffffffff")


def test_ctrl_c_ends_it_by_the_signal(folder: Path) -> None:
    end = "__import__('os').kill(__import__('os').getpid(), __import__('signal').SIGINT)"
    traced = pykcov("run", "--trace", "trace.txt", "prog.py", end, folder=folder)
    assert traced.returncode == -signal.SIGINT
    assert traced.stderr.count("KeyboardInterrupt") == 1


def test_the_trace_symbolizes(folder: Path) -> None:
    assert pykcov("run", "--trace", "trace.txt", "prog.py", folder=folder).returncode == 0
    raw = (folder / "trace.txt").read_text(encoding="ascii")
    done = commands.pykcov("symbolize", input=raw, status=0)
    answers = done.stdout.splitlines()
    assert answers[::2] == raw.split()
    assert answers[1] == f"{folder}/prog.py:1.1,4.15"
    everything = pykcov("symbolize", "-all", folder=folder).stdout
    assert f"{raw.split()[0]}\n{answers[1]}\n" in everything


@pytest.mark.parametrize("option", ["--recording-mode", "--discipline"])  # its name until 0.2
def test_blocks_are_listed_once(folder: Path, option: str) -> None:
    for mode in ("trace", "blocks"):
        done = pykcov("run", "--trace", mode, option, mode, "prog.py", folder=folder)
        assert done.returncode == 0, done.stderr
    assert "--discipline" not in pykcov("run", "--help", folder=folder).stdout
    every = (folder / "trace").read_text(encoding="ascii").split()
    once = (folder / "blocks").read_text(encoding="ascii").split()
    assert once == list(dict.fromkeys(every))
    assert len(once) < len(every)


def test_a_full_area_is_said(folder: Path) -> None:
    done = pykcov("run", "--size", "512", "prog.py", "invert(-900) if 0 else [invert(1) for _ in "
                  "range(900)]", folder=folder)  # fmt: skip
    assert done.returncode == 0
    assert "the trace is incomplete" in done.stderr


def test_selection(folder: Path) -> None:
    (folder / "main.py").write_text("import prog, package\nprog.invert(1)\n", encoding="utf-8")
    for options, files in (
        (["--source", "prog"], 1),
        (["--source", "."], 3),
        (["--source", ".", "--omit", "package/*"], 2),
        (["--include", "pro*.py"], 1),
        ([], 3),
    ):
        done = pykcov("run", *options, "main.py", folder=folder)
        said = "in 1 file\n" if files == 1 else f"in {files} files\n"
        assert said in done.stderr, (options, done.stderr)


def test_the_summary_counts_in_words(folder: Path) -> None:
    (folder / "short.py").write_text("pass\n", encoding="utf-8")
    done = pykcov("run", "--trace", "t", "short.py", folder=folder)
    assert done.stderr == "pykcov: 1 record of 1 block, 1 instrumented in 1 file\n"
    done = pykcov("run", "--trace", "t", "--omit", "*.py", "short.py", folder=folder)
    assert done.stderr == "pykcov: 0 records of 0 blocks, 0 instrumented in 0 files\n"


def test_a_forked_child_prints_no_summary(folder: Path) -> None:
    (folder / "forks.py").write_text(
        "import os\npid = os.fork()\nif pid: os.waitpid(pid, 0)\n", encoding="utf-8"
    )
    for options in ([], ["--trace", "t"]):
        done = pykcov("run", *options, "forks.py", folder=folder)
        assert done.stderr.count("pykcov: ") == 1


def test_counting_takes_no_area(folder: Path) -> None:
    """An area of a thread that is not traced would be full sooner or later, and said to be."""
    (folder / "long.py").write_text("for _ in range(20_000_000): pass\n", encoding="utf-8")
    done = pykcov("run", "--data", "d", "long.py", folder=folder)
    assert done.stderr == "pykcov: counted into d, 3 blocks instrumented in 1 file\n"


CODE = "import sys; print(__name__, sys.argv, sys.path[0] == '', '__file__' in globals())"


@pytest.mark.parametrize("end", ["", "; sys.exit(3)", "; raise SystemExit", "; prog"])
def test_a_text_is_run_as_plain_python_does(folder: Path, end: str) -> None:
    plain = run("-c", CODE + end, "a", "-b", folder=folder)
    counted = pykcov("run", "-c", CODE + end, "a", "-b", folder=folder)
    assert (counted.returncode, counted.stdout) == (plain.returncode, plain.stdout)
    told = [line for line in counted.stderr.splitlines() if not line.startswith("pykcov: ")]
    assert told == plain.stderr.splitlines()


@pytest.mark.parametrize(
    ("verb", "meant"),
    [
        ("reprot", "did you mean report?"),
        ("combin", "did you mean combine?"),
        ("debug", "did you mean config or env?"),
        ("zzz", "see 'pykcov --help'"),
    ],
)
def test_a_verb_that_there_is_none_of(folder: Path, verb: str, meant: str) -> None:
    done = pykcov(verb, folder=folder)
    assert done.returncode == 1
    assert done.stderr == f"pykcov: unknown verb '{verb}'; {meant} [usage]\n"


BAD = {
    "no verb": ([], "usage"),
    "unknown verb": (["fly"], "usage"),
    "unknown option": (["run", "--bad", "prog.py"], "usage"),
    "no program": (["run"], "usage"),
    "size": (["run", "--size", "x", "prog.py"], "usage"),
    "missing file": (["run", "nope.py"], "program-missing"),
    "missing module": (["run", "-m", "nope"], "program-missing"),
    "missing submodule": (["run", "-m", "package.nope"], "program-missing"),
    "empty folder": (["run", "."], "program-missing"),
    "itself": (["run", "--source", "pykcov", "prog.py"], "self-instrumentation"),
    "source": (["run", "--source", "no/where", "prog.py"], "source-missing"),
    "file as source": (["run", "--source", "prog.py", "prog.py"], "source-missing"),
    "no package": (["run", "-m", "prog.nope"], "program-missing"),
    "glob": (["run", "--omit", "", "prog.py"], "glob-empty"),
    "trace": (["run", "--trace", "no/where", "prog.py"], "trace-unwritable"),
    "trace to stdout": (["run", "--trace", "-", "prog.py"], "usage"),
    "store": (["run", "--store", "/proc/nope/x", "prog.py"], "store-unwritable"),
    "foreign store": (["run", "--store", "prog.py", "prog.py"], "store-foreign"),
    "no store": (["symbolize", "-all", "--store", "nope"], "store-missing"),
}


@pytest.mark.parametrize(("args", "slug"), BAD.values(), ids=BAD)
def test_bad_input_gets_one_line_and_1(folder: Path, args: list[str], slug: str) -> None:
    done = pykcov(*args, folder=folder)
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1, done.stderr
    assert done.stderr.startswith("pykcov: ")
    assert done.stderr.endswith(f"[{slug}]\n")


@pytest.mark.parametrize(
    ("args", "prog"),
    [
        (["run", "--bad", "prog.py"], "pykcov run"),
        (["run", "--size", "x", "prog.py"], "pykcov run"),
        (["run", "--store"], "pykcov run"),
        (["run"], "pykcov run"),
        (["symbolize", "--bad"], "pykcov symbolize"),
        (["env", "more"], "pykcov env"),
        (["--bad", "env"], "pykcov"),
        (["fly"], "pykcov"),
    ],
)
def test_bad_usage_points_to_the_help_that_has_it(folder: Path, args: list[str], prog: str) -> None:
    assert f"; see '{prog} --help' [usage]\n" in pykcov(*args, folder=folder).stderr


def test_symbolize_names_what_it_does_not_know(folder: Path) -> None:
    pykcov("run", "prog.py", folder=folder)
    for text, slug in (
        ("0xffffffff80000008\nhello\n", "trace-malformed"),
        ("0x17\n", "pc-unknown"),
    ):
        done = commands.pykcov("symbolize", input=text)
        assert done.returncode == 1
        assert done.stderr.endswith(f"[{slug}]\n"), done.stderr
        assert done.stderr.count("\n") == 1


CLOSERS = {
    "stdout closed": "sys.stdout.close()",
    "no stdout": "setattr(sys, 'stdout', None)",
    "stderr closed": "sys.stderr.close()",
    "descriptor 2 closed": "__import__('os').close(2)",
}


@pytest.mark.parametrize("end", CLOSERS.values(), ids=CLOSERS)
def test_a_program_may_close_its_output(folder: Path, end: str) -> None:
    plain = run("prog.py", end, folder=folder)
    traced = pykcov("run", "prog.py", end, folder=folder)
    assert (traced.returncode, traced.stdout) == (plain.returncode, plain.stdout)


def test_a_trace_does_not_go_over_the_program_or_an_older_trace(folder: Path) -> None:
    text = (folder / "prog.py").read_text(encoding="utf-8")
    done = pykcov("run", "--trace", "prog.py", "prog.py", folder=folder)
    assert done.stderr.endswith("[trace-unwritable]\n")
    assert (folder / "prog.py").read_text(encoding="utf-8") == text
    pykcov("run", "--trace", "trace.txt", "prog.py", folder=folder)
    trace = (folder / "trace.txt").read_bytes()
    done = pykcov(
        "run", "--trace", "trace.txt", "prog.py", "__import__('os')._exit(3)", folder=folder
    )
    assert done.returncode == 3
    assert (folder / "trace.txt").read_bytes() == trace


def test_a_trace_may_go_into_a_pipe(folder: Path) -> None:
    words = f"{sys.executable} -m pykcov run --trace /dev/fd/3 prog.py 3>&1 >&2 2>err | wc -l"
    done = subprocess.run(["sh", "-c", words], cwd=folder, capture_output=True, check=True)
    summary = (folder / "err").read_text(encoding="utf-8").splitlines()[-1]
    assert summary.startswith(f"pykcov: {int(done.stdout)} records ")


def test_a_trace_that_cannot_be_written_is_said(folder: Path) -> None:
    done = pykcov("run", "--trace", "/dev/full", "prog.py", folder=folder)
    assert done.returncode == 1
    assert done.stderr.startswith("pykcov: cannot write the trace to /dev/full: No space left")
    assert done.stderr.endswith("[trace-unwritable]\n")
    assert done.stderr.count("\n") == 1


def test_a_source_that_matches_nothing_is_said(folder: Path) -> None:
    done = pykcov("run", "--source", "tomlib", "prog.py", folder=folder)
    assert done.returncode == 0
    assert "--source tomlib matched nothing" in done.stderr


def test_names_in_no_encoding(folder: Path) -> None:
    name = os.fsdecode(b"b\xffd \xc3\xbc.py")
    (folder / name).write_text(PROGRAM, encoding="utf-8")
    done = pykcov("run", "--trace", "trace.txt", name, folder=folder)
    assert "left out" not in done.stderr
    with (folder / "trace.txt").open() as trace:
        done = commands.pykcov(
            "symbolize", stdin=trace, env={"PYTHONIOENCODING": "ascii"}, status=0
        )
    assert f"{folder}/b\\udcffd \\xfc.py:1.1," in done.stdout


def test_env_describes(folder: Path) -> None:
    done = pykcov("env", folder=folder)
    assert done.returncode == 0, done.stderr
    for word in ("pykcov:", "python:", "symbol store:", "areas:         yes", "GIL:           on"):
        assert word in done.stdout


def test_env_says_how_many_words_a_bitmap_needs(folder: Path) -> None:
    store = folder / "symbols"
    for package in ("email", "tomllib"):
        pykcov("run", "--store", str(store), "--source", package, "-m", package, folder=folder)
        last = max(block.pc for block in SymbolStore(store).blocks())
        number = (last - 0xFFFFFFFF80000000) // 8 - 1
        done = pykcov("env", "--store", str(store), folder=folder)
        assert f"in a bitmap of {number // 64 + 1} words\n" in done.stdout


def test_a_reader_that_leaves_is_no_error(folder: Path) -> None:
    pykcov("run", "--source", "email", "-m", "email.message", folder=folder)
    done = commands.run(
        "sh", "-c", f"{sys.executable} -m pykcov symbolize -all | head -1", folder=folder
    )
    assert done.stderr == ""
