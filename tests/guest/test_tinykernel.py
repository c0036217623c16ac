"""examples/tinykernel.py: what runs in its tree runs as it does on the host."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from tests.guest.differential import KERNEL, same, tiny
from tests.guest.facts import Clients
from tests.guest.running import Guests

PROGRAMS = Path(__file__).parent / "guests"

pytestmark = [pytest.mark.slow, pytest.mark.once]


# -- shell scripts --------------------------------------------------------------------------------

SCRIPTS = {
    "files": """
        echo one > DIR/f; echo two >> DIR/f; cat DIR/f; wc -c < DIR/f; cp DIR/f DIR/g
        mv DIR/g DIR/h; ls DIR; cmp DIR/f DIR/h && echo same; rm DIR/f; cat DIR/f; echo $?
        cp /etc/passwd DIR/p; cmp /etc/passwd DIR/p; head -c 5 /dev/zero | od -c > DIR/o; cat DIR/o
        : > DIR/h; stat -c '%n %s %F %a %h' DIR/h DIR/p; touch DIR/t; sort DIR/p | md5sum
        sed -i s/root/user/ DIR/p; head -1 DIR/p; truncate -s 10 DIR/p; wc -c DIR/p
        dd if=DIR/p bs=3 2> /dev/null""",
    "directories": """
        mkdir DIR/a DIR/a/b DIR/a/b/c; mkdir DIR/a; touch DIR/a/x DIR/a/b/y; find DIR | sort
        rmdir DIR/a; ls -F DIR/a; mv DIR/a DIR/z; find DIR -type f | sort; ls -a DIR/z
        stat -c '%n %F %a %h' DIR/z DIR/z/b; mv DIR/z/b DIR/z/b/c; rm -r DIR/z/b; ls DIR/z
        chmod 700 DIR/z; stat -c %a DIR/z
        cp -r DIR/z DIR/y; diff -r DIR/z DIR/y && echo same
        tar cf - -C DIR z | tar tf -; rm -rf DIR/z DIR/y; ls -A DIR; cat DIR; mkdir DIR/q/r""",
    "pipes": """
        echo a | cat | tr a b; seq 100000 | sort -rn | tail -1; yes | head -1
        (exit 3) | cat; echo $?
        echo x | (read a; echo "got $a")
        echo $(echo $(echo deep)); seq 3 | while read n; do echo $n; done
        seq 30000 | tee DIR/log | wc -l
        wc -l < DIR/log; cat DIR/log | cat - DIR/log | md5sum""",
    "between": """
        echo x > DIR/f; d=$(mktemp -d); cp DIR/f $d/g; cat $d/g; mv $d/g DIR/g; cat DIR/g; ls $d
        mv DIR/g $d/; cat $d/g; ls DIR; rm -r $d; ln -s /etc/hostname DIR/x 2>/dev/null; rm -f DIR/x
        cat < DIR/f; exec 3< DIR/f; rm DIR/f; cat <&3; cat /proc/self/fd/0 < /dev/null""",
}  # fmt: skip


@pytest.mark.parametrize("name", SCRIPTS)
def test_shell_scripts(name: str, guests: Guests, native: Path) -> None:
    assert same(guests, native, "sh", "-c", SCRIPTS[name])


# -- files ----------------------------------------------------------------------------------------

R, W, RW = os.O_RDONLY, os.O_WRONLY, os.O_RDWR
NEW, EXCL, APPEND, TRUNC = os.O_CREAT, os.O_CREAT | os.O_EXCL, os.O_APPEND, os.O_TRUNC
LONG = "n" * 256

CASES: dict[str, list[tuple[Any, ...]]] = {
    "positions": [
        ("open", "f", RW | NEW, 0o644), ("write", 0, "hello"), ("lseek", 0, -2, 2), ("read", 0, 9),
        ("lseek", 0, -9, 1), ("lseek", 0, 100, 0), ("read", 0, 1), ("write", 0, ""), ("fstat", 0),
        ("write", 0, "x"), ("fstat", 0), ("pread", 0, 200, 3), ("pwrite", 0, "Z", 1),
        ("lseek", 0, 0, 1), ("dup", 0), ("lseek", 1, 0, 0), ("read", 0, 2), ("read", 1, 2),
        ("lseek", 0, 1, 9), ("lseek", 0, 2**63 - 1, 0), ("lseek", 0, 1, 1), ("lseek", 0, 5, 0),
        ("readv", 0, 0, 2, 3), ("writev", 0, "ab", "", "cd"), ("pread", 0, 20, 0),
        ("pread", 0, 1, -1),
    ],
    "append and truncate": [
        ("open", "f", W | NEW | APPEND, 0o600), ("write", 0, "one"), ("lseek", 0, 0, 0),
        ("write", 0, "two"), ("pwrite", 0, "three", 0), ("read", 0, 1), ("open", "f", R, 0),
        ("read", 1, 99), ("write", 1, "x"), ("ftruncate", 1, 0), ("ftruncate", 0, 5), ("stat", "f"),
        ("ftruncate", 0, -1), ("truncate", "f", 8), ("pread", 1, 99, 0), ("truncate", ".", 0),
        ("truncate", "no", 0), ("truncate", "f", -1), ("setfl", 0, 0), ("write", 0, "over"),
        ("pread", 1, 99, 0), ("open", "f", R | TRUNC, 0), ("stat", "f"), ("setfl", 1, APPEND),
        ("reopen", 0, RW), ("write", 3, "again"), ("pread", 3, 99, 0),
    ],
    "removed while open": [
        ("open", "f", RW | NEW, 0o644), ("write", 0, "text"), ("unlink", "f"), ("fstat", 0),
        ("pread", 0, 9, 0), ("stat", "f"), ("open", "f", RW | EXCL, 0o644), ("fstat", 1),
        ("reopen", 0, R), ("read", 2, 9), ("where", 0), ("where", 1), ("mkdir", "d", 0o755),
        ("open", "d", R, 0), ("rename", "d", "e"), ("openat", 3, "x", RW | NEW), ("walk",),
        ("where", 4), ("unlink", "e/x"), ("rmdir", "e"), ("listfd", 3), ("openat", 3, "x", NEW | W),
        ("fstat", 3), ("fstat", 4), ("where", 3),
    ],
    "errors": [
        ("open", "no", R, 0), ("open", "no/f", W | NEW, 0o644), ("open", "f", W | NEW, 0o644),
        ("open", "f", W | EXCL, 0o644), ("open", "f/", R, 0), ("open", "f/x", R, 0),
        ("open", "f/x", W | NEW, 0o644), ("open", "f/.", R, 0), ("open", "f/..", R, 0),
        ("open", "no/..", R, 0), ("open", "g/", W | NEW, 0o644), ("open", ".", W, 0),
        ("open", ".", R | NEW, 0o644), ("open", "f", os.O_DIRECTORY, 0), ("open", LONG, R, 0),
        ("open", LONG, W | NEW, 0o644), ("mkdir", LONG, 0o755), ("mkdir", "f", 0o755),
        ("mkdir", "no/d", 0o755), ("mkdir", "f/d", 0o755), ("mkdir", "d/", 0o777),
        ("mkdir", ".", 0o755),
        ("rmdir", "f"), ("rmdir", "f/"), ("rmdir", "d/."), ("rmdir", "d/.."), ("rmdir", "no"),
        ("unlink", "d"), ("unlink", "d/"), ("unlink", "f/"), ("unlink", "no"), ("unlink", "no/"),
        ("unlink", "d/."), ("unlink", "d/.."), ("stat", "f/"), ("stat", "d/./../f"),
        ("stat", "d//../d/"), ("readlink", "f"), ("readlink", "no"), ("listdir", "f"),
        ("access", "f", os.W_OK), ("access", "no", 0), ("read", 99, 1), ("mkdir", "d/e", 0o755),
        ("rmdir", "d"), ("read", 0, 1), ("stat", "d"),
        ("open", "x", W | NEW | os.O_DIRECTORY, 0o644), ("openat", 0, "x", R), ("walk",),
    ],
    "directories to be in": [
        ("mkdir", "a", 0o755), ("mkdir", "a/b", 0o755), ("chdir", "a/b"), ("getcwd",),
        ("open", "~/f", W | NEW, 0o644), ("stat", "a/b/f"), ("rename", "a", "z"), ("getcwd",),
        ("stat", "~/f"), ("rename", "~/f", "~/../g"), ("chdir", "~/f"), ("chdir", "~/.."),
        ("getcwd",), ("listdir", "~/."), ("open", "~/b", R, 0), ("chdir", "."), ("fchdir", 1),
        ("getcwd",), ("fchdir", 0), ("rmdir", "~/../b"), ("unlink", "~/../g"), ("walk",),
        ("mkdir", "y", 0o755), ("chdir", "y"), ("rmdir", "~/../y"), ("access", "y", 0),
    ],
    "rename": [
        ("open", "f", W | NEW, 0o644), ("write", 0, "f"), ("open", "g", W | NEW, 0o600),
        ("write", 1, "gg"), ("rename", "f", "g"), ("stat", "g"), ("fstat", 1), ("stat", "f"),
        ("mkdir", "d", 0o755), ("mkdir", "e", 0o755), ("rename", "d", "e"), ("rename", "g", "e"),
        ("rename", "e", "g"), ("rename", "g", "e/"), ("rename", "g", "e/g"), ("mkdir", "h", 0o755),
        ("rename", "h", "e"), ("rename", "e", "e/x"), ("rename", "e/g", "e"), ("rename", "e", "e"),
        ("rename", "no", "e"), ("rename", "e", "no/x"), ("rename", "e/", "i/"),
        ("rename", "i/g/", "k"),
        ("rename", "i/.", "k"), ("rename", "h", "i/.."), ("rename", "i/g", "i/g"), ("walk",),
        ("rename", "i/g", LONG), ("rename", "i/g/x", "k"), ("stat", "i"), ("stat", "."),
    ],
}  # fmt: skip


def run_ops(guests: Guests, native: Path, sequences: list[Any]) -> None:
    """Compare what each operation gives here and there, and say which one differs."""
    source, text = PROGRAMS / "fileops.py", json.dumps(sequences)
    host = subprocess.run([sys.executable, source, native], input=text, capture_output=True,
                          text=True, check=True, timeout=60)  # fmt: skip
    guest = tiny(guests, sys.executable, source, "/tiny", input=text)
    assert guest.returncode == 0, guest.stderr
    assert not guest.stderr
    for operations, *results in zip(
        sequences, host.stdout.splitlines(), guest.stdout.splitlines(), strict=True
    ):
        wanted, got = map(json.loads, results)
        different = [row for row in zip(operations, wanted, got, strict=True) if row[1] != row[2]]
        assert not different[:1], operations


@pytest.mark.parametrize("name", CASES)
def test_operations(name: str, guests: Guests, native: Path) -> None:
    run_ops(guests, native, [CASES[name]])


PATHS = st.sampled_from(
    ["a", "b", "a/b", "b/a", "a/b/c", "a/", "b/.", "a/..", "a/../b", "no/x", "b/a/", ".", "a//b",
     "~/a", "~/b", "~/a/b", "~/.", "~/..", "~/../a", "~/../b/a", "~/a/../b"]
)  # fmt: skip
SLOTS = st.integers(0, 4)
FLAGS = st.sampled_from(
    [R, W | NEW, RW | NEW, RW | EXCL, W | NEW | APPEND, R | TRUNC, RW | TRUNC | NEW, os.O_DIRECTORY]
)
TEXTS = st.sampled_from(["", "x", "hello", "long " * 20])
SIZES = st.integers(-1, 300)


def operation(name: str, *args: st.SearchStrategy[Any]) -> st.SearchStrategy[tuple[Any, ...]]:
    return st.tuples(st.just(name), *args)


OPERATIONS = st.one_of(
    operation("open", PATHS, FLAGS, st.sampled_from([0o644, 0o600, 0o755])),
    operation("openat", SLOTS, PATHS, FLAGS),
    operation("reopen", SLOTS, FLAGS),
    operation("read", SLOTS, st.integers(0, 300)),
    operation("write", SLOTS, TEXTS),
    operation("readv", SLOTS, st.integers(0, 9), st.integers(0, 9)),
    operation("writev", SLOTS, TEXTS, TEXTS),
    operation("pread", SLOTS, st.integers(0, 300), SIZES),
    operation("pwrite", SLOTS, TEXTS, SIZES),
    operation("lseek", SLOTS, SIZES, st.integers(0, 2)),
    operation("ftruncate", SLOTS, SIZES),
    operation("truncate", PATHS, SIZES),
    operation("setfl", SLOTS, st.sampled_from([0, APPEND])),
    operation("dup", SLOTS),
    operation("close", SLOTS),
    operation("stat", PATHS),
    operation("fstat", SLOTS),
    operation("where", SLOTS),
    operation("access", PATHS, st.integers(0, 7)),
    operation("chmod", PATHS, st.sampled_from([0o600, 0o755])),
    operation("mkdir", PATHS, st.sampled_from([0o755, 0o1777])),
    operation("rmdir", PATHS),
    operation("unlink", PATHS),
    operation("rename", PATHS, PATHS),
    operation("listdir", PATHS),
    operation("chdir", PATHS),
    operation("fchdir", SLOTS),
    st.just(("getcwd",)),
    st.just(("walk",)),
)


@settings(
    max_examples=int(os.environ.get("TINYKERNEL_BATCHES", "4")),
    suppress_health_check=list(HealthCheck),
    phases=[Phase.explicit, Phase.reuse, Phase.generate],  # a guest for each step of shrinking: no
)
@given(st.lists(st.lists(OPERATIONS, min_size=15, max_size=40), min_size=10, max_size=25))
def test_random_operations(guests: Guests, sequences: list[Any]) -> None:
    """A guest for each batch of sequences."""
    shared = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=shared if os.access(shared, os.W_OK) else None) as folder:
        run_ops(guests, Path(folder), sequences)


# -- threads, signals, limits ---------------------------------------------------------------------


def test_threads(guests: Guests, native: Path) -> None:
    said = same(guests, native, sys.executable, PROGRAMS / "threads.py", "DIR")
    assert "False" not in said


def test_signals_interrupt_reads_and_sleeps(guests: Guests, native: Path, clients: Clients) -> None:
    said = same(guests, native, clients["interrupts"])
    assert "read, no SA_RESTART: -1 Interrupted system call, 1 handled\n" in said
    assert "read, SA_RESTART: 4 -, 1 handled\n" in said


def test_pipes_between_processes(guests: Guests, native: Path) -> None:
    program = """
import os, signal, subprocess, sys
r, w = os.pipe()
if os.fork() == 0:
    os.close(r)
    for k in range(3000):
        os.write(w, b"%d\\n" % k)
    os._exit(0)
os.close(w)
with open(r, "rb") as file:
    print(sum(map(int, file)), os.wait()[1])
r, w = os.pipe2(os.O_NONBLOCK)
for call in (lambda: os.read(r, 1), lambda: os.write(w, b"x" * 100000), lambda: os.write(w, b"x"),
             lambda: len(os.read(r, 1 << 20)), lambda: os.lseek(r, 0, 0), lambda: os.pread(r, 1, 0),
             lambda: os.read(w, 1), lambda: os.write(r, b""), lambda: oct(os.fstat(w).st_mode),
             lambda: os.close(w), lambda: os.read(r, 1), lambda: os.pipe2(1)):
    try:
        print(call())
    except OSError as error:
        print(error.strerror)
print(subprocess.run(["cat"], input=b"through", stdout=subprocess.PIPE).stdout)
print(subprocess.run(["sh", "-c", "kill -9 $$"]).returncode)
print(subprocess.Popen(["no such program"], stdout=-1) if len(sys.argv) > 5 else "end")
"""
    said = same(guests, native, sys.executable, "-c", program)
    assert said.startswith("4498500 0\nResource temporarily unavailable\n65536\n")


def test_who_and_where(guests: Guests) -> None:
    program = """
import os, threading, time
print(os.getpid() == int(os.readlink("/proc/self")), os.getppid() > 0)
print(threading.get_native_id() == os.getpid())
print(os.getuid(), os.geteuid(), os.getgid(), os.getegid())
print(*os.uname()[::4])
print(len(os.listdir("/")) > 5, os.path.exists("/tiny/.."), os.path.exists("/tiny/../no"))
for call in (lambda: os.mkfifo("/tiny/x"), lambda: os.rmdir("/tiny"), lambda: os.link("/etc/passwd",
             "/tiny/x"), lambda: os.symlink("x", "/tiny/x"), lambda: os.rename("/etc", "/tiny/x")):
    try:
        print(call())
    except OSError as error:
        print(error.strerror)
"""
    done = tiny(guests, sys.executable, "-c", program)
    ids = (os.getuid(), os.geteuid(), os.getgid(), os.getegid())
    assert done.stdout.splitlines() == [
        "True True", "True", " ".join(map(str, ids)), "TinyKernel x86_64", "True True False",
        "Operation not permitted", "Device or resource busy", "Operation not permitted",
        "Operation not permitted", "Invalid cross-device link",
    ]  # fmt: skip


def test_a_hostile_guest_fills_the_tree_and_no_more(guests: Guests) -> None:
    program = """
import errno, mmap, os
fd = os.open("/tiny/f", os.O_RDWR | os.O_CREAT)
def attempt(call):
    try:
        return call()
    except OSError as error:
        return errno.errorcode[error.errno]
print(attempt(lambda: os.ftruncate(fd, 1 << 40)), attempt(lambda: os.pwrite(fd, b"x", 1 << 62)))
print(attempt(lambda: os.ftruncate(fd, 60 << 20)), attempt(lambda: os.ftruncate(fd, 70 << 20)))
os.unlink("/tiny/f")
print(attempt(lambda: open("/tiny/g", "wb").write(bytes(8 << 20))))
os.close(fd)
print(attempt(lambda: open("/tiny/g", "wb").write(bytes(8 << 20))))
fd = os.open("/tiny/g", os.O_RDWR)
print(len(os.read(fd, 1 << 30)), os.write(fd, bytes(4 << 20)))
print(attempt(lambda: mmap.mmap(fd, 4096, mmap.MAP_PRIVATE)))
print(attempt(lambda: os.sendfile(fd, fd, 0, 9)), attempt(lambda: os.copy_file_range(fd, fd, 9)))
print(attempt(lambda: os.preadv(fd, [bytearray(1)], 0)))
print(attempt(lambda: os.posix_fallocate(fd, 0, 9)))
os.mkdir("/tiny/d")
path = "/tiny/d"
while not (failed := attempt(lambda: os.mkdir(path + "/" + "n" * 200))):
    path += "/" + "n" * 200
print(failed, len(path) > 3700)
fd = os.open("/tiny", os.O_RDONLY)
for _ in range(1500):
    os.mkdir("d", dir_fd=fd) if _ else None
    below = os.open("d", os.O_RDONLY, dir_fd=fd)
    os.close(fd)
    fd = below
print(len(os.readlink("/proc/self/fd/%d" % fd)), os.fstat(fd).st_nlink)
"""
    done = tiny(guests, sys.executable, "-c", program)
    assert done.stderr == ""
    assert done.stdout.splitlines() == [
        "ENOSPC ENOSPC", "None ENOSPC", "ENOSPC", str(8 << 20), f"{1 << 20} {1 << 20}", "ENODEV",
        "EINVAL EXDEV", "ENOTSUP", "None", "ENAMETOOLONG True", "3005 2",
    ]  # fmt: skip


# -- what is traced -------------------------------------------------------------------------------


def test_the_clients_call_runs_code_of_the_kernel(guests: Guests, tmp_path: Path) -> None:
    compiler = shutil.which("cc")
    if compiler is None:
        pytest.skip("no C compiler")
    client = tmp_path / "client"
    source = KERNEL.with_name("kcov_client.c")
    flags = ["-Wall", "-Wextra", "-Werror"]
    subprocess.run([compiler, *flags, "-o", client, source], check=True)
    done = guests.run(client, kernel=KERNEL)
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.splitlines()) >= 3
    assert all(re.fullmatch(r"0xffffffff[89a-f][0-9a-f]{7}", pc) for pc in done.stdout.splitlines())


def test_what_lies_beside_the_kernel_is_instrumented(guests: Guests, tmp_path: Path) -> None:
    folder = tmp_path / "[of] kernels"
    (folder / "below").mkdir(parents=True)
    (folder / "beside.py").write_text("def f():\n    return 1\n")
    (folder / "below" / "deeper.py").write_text("def f():\n    return 2\n")
    (folder / "kernel.py").write_text("""
from pathlib import Path
import beside
import pykcov
from below import deeper
from pykcov.kernel import Kernel

class Own(Kernel):
    def __init__(self):
        super().__init__()
        with pykcov.trace() as t:
            beside.f(), deeper.f(), self.own()
        print(sorted({Path(block.file).name for block in t.blocks}), flush=True)

    def own(self):
        return 3
""")
    done = guests.run("true", kernel=folder / "kernel.py")
    assert (done.stdout, done.stderr) == ("['beside.py', 'kernel.py']\n", "")
    include = ("--include", str(tmp_path / "*" / "below" / "*"))
    narrow = guests.run("true", kernel=folder / "kernel.py", options=include)
    assert (narrow.stdout, narrow.stderr) == ("['deeper.py']\n", "")


def test_the_demo_shows_what_the_clients_call_executed(guests: Guests) -> None:
    del guests  # where guests are possible
    demo = KERNEL.with_name("demo.py")
    done = subprocess.run([sys.executable, demo], capture_output=True, text=True, check=True)
    shown = done.stdout.partition("\n3. ")[2]
    assert "TinyKernel.read:" in shown, done.stdout
    assert "raise fail(errno.EBADF)" in shown


WAITING = """
import asyncio, multiprocessing, os, select, subprocess, sys
r, w = os.pipe()
os.set_blocking(r, False)
print(select.select([r], [w], [], 0) == ([], [w], []))
async def main():
    child = await asyncio.create_subprocess_exec(
        "cat", stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE)
    print(await child.communicate(b"through a pipe"))
asyncio.run(main())
with multiprocessing.get_context("fork").Pool(2) as pool:
    print(pool.map(abs, range(-3, 0)))
done = subprocess.run(["sh", "-c", "cat; echo err >&2"], input=b"x" * 100000, capture_output=True)
print(len(done.stdout), done.stderr)
"""


def test_programs_that_wait_for_pipes(guests: Guests) -> None:
    """By default pipes are the host's, which can be waited for."""
    words = [sys.executable, "-W", "ignore", "-c", WAITING]
    native = subprocess.run(words, capture_output=True, text=True, check=True)
    done = guests.run(*words, kernel=KERNEL)
    assert (done.returncode, done.stdout, done.stderr) == (0, native.stdout, native.stderr)


def test_without_files_reads_and_writes_are_the_hosts(guests: Guests) -> None:
    script = "echo through | cat; ls -d /tiny; uname"
    done = guests.run(
        "sh", "-c", script, kernel=KERNEL.with_name("tinycalls.py"), options=("--log", "debug")
    )
    assert done.stdout == "through\nTinyKernel\n"
    names = set(re.findall(r"^pykcov: DEBUG: \d+ (\w+)\(", done.stderr, re.MULTILINE))
    assert {"openat", "uname", "getpid"} <= names
    assert not names & {"read", "write", "lseek", "fcntl", "pread64"}
