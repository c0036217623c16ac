"""Directories that a kernel shows, as current ones."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from tests.guest.differential import same, tiny
from tests.guest.facts import Clients
from tests.guest.running import Guests
from tests.machine import need_sysfs

pytestmark = [pytest.mark.slow, pytest.mark.once]

SCRIPTS = {
    "paths": """
        cd DIR; pwd; mkdir -p a/b/c; cd a/b; pwd; echo x > c/f; cat c/f ./c/../c/f ../b/c/f; cd ..
        pwd; ls; (cd b; pwd; ls; cd c; cat f); pwd; cd -P b/c; pwd -P; cd ../..; pwd -P
        mv b d; ls; cd d; mv ../d ../e; /bin/pwd; cd c; cat f; cd /; pwd; ls -d etc; cd DIR/a
        cp -r e k; find . | sort; rm -r e; ls -A; cd k && ls c && rm -r ../k; cd DIR; ls a
        cd no; cd a/../a/./; pwd; cd /etc && pwd -P; ls passwd""",
    "programs": """
        cd DIR; mkdir -p -m 700 x/y/z; stat -c '%n %a %F' x x/y/z; echo 1 > x/one; cp x/one x/y/
        tar cf t.tar x; mkdir out; cd out; tar xf ../t.tar; find . -type f | sort; diff -r x ../x
        cd x/y; readlink /proc/self/cwd; rm -r ../../../x; env pwd; sh -c 'cd ..; ls; /bin/pwd'
        cat one | (cd z; cat > two; pwd; ls); ls -R; find DIR -name one -execdir /bin/pwd ';'
        (cd z; sleep 0.01; pwd > three) & wait; cat z/three; ./one; cd DIR && sort < t.tar | wc -l
        install -D out/x/one p/q/r; cat p/q/r; rmdir p/q 2>/dev/null || echo full; ls *""",
}


@pytest.mark.parametrize("name", SCRIPTS)
@pytest.mark.parametrize("shell", ["sh", "bash"])
def test_shell_scripts(name: str, shell: str, guests: Guests, native: Path) -> None:
    assert same(guests, native, shell, "-c", SCRIPTS[name])


def test_processes_and_threads(guests: Guests, clients: Clients, native: Path) -> None:
    script = 'mkdir DIR/a DIR/b; "$0" DIR'
    said = same(guests, native, "sh", "-c", script, clients["cwd"])
    for folder in ("a", "b"):
        (native / folder).rmdir()
    shown = guests.run(clients["cwd"], "/shown", kernel="folders.py")
    assert (shown.returncode, shown.stdout, shown.stderr) == (0, said, "")
    assert "orphan DIR/b same\n" in said


def test_python(guests: Guests, native: Path) -> None:
    program = """
import os, pathlib, shutil, subprocess, sys, tempfile
os.chdir(sys.argv[1])
os.makedirs("p/q/r")
with tempfile.TemporaryDirectory(dir=".") as folder:
    pathlib.Path(folder, "f").write_text("text")
    print(pathlib.Path(folder, "f").resolve().parent.parent, len(os.listdir()))
print(subprocess.run(["pwd"], cwd="p/q", capture_output=True, text=True).stdout)
print(subprocess.run(["pwd"], cwd="no", capture_output=True) if len(sys.argv) > 2 else os.getcwd())
dirs = os.open("p", os.O_RDONLY)
os.chdir("p/q/r")
shutil.rmtree("../../q")
for call in (os.getcwd, lambda: os.mkdir("x"), lambda: open("f", "w"), lambda: os.stat("x")):
    try:
        print(call())
    except OSError as error:
        print(error.strerror)
os.fchdir(dirs)
print(os.getcwd(), os.listdir("."), os.listdir(".."))
"""
    assert same(guests, native, sys.executable, "-c", program, "DIR")


def test_the_devices_directory(guests: Guests) -> None:
    need_sysfs()
    done = tiny(guests, "sh", "-c", """
        cd /sys/kernel/debug; /bin/pwd; ls; stat -c '%n %F' kcov ./../debug/kcov . ; echo > new
        mkdir new; cat kcov; ./kcov; exec 3<> kcov && readlink /proc/self/fd/3; cd ..; /bin/pwd
        cd debug/; readlink /proc/$$/cwd; (cd /tiny; ls -A; /bin/pwd); cd kcov; /bin/pwd
        df . | wc -l; cd /etc; /bin/pwd
    """)  # fmt: skip
    assert done.stdout.splitlines() == [
        "/sys/kernel/debug", "kcov", "kcov regular empty file",
        "./../debug/kcov regular empty file", ". directory", "/sys/kernel/debug/kcov",
        "/sys/kernel", "/sys/kernel/debug", "/tiny", "/sys/kernel/debug", "2", "/etc",
    ]  # fmt: skip


def test_paths_that_lead_out(guests: Guests, tmp_path: Path) -> None:
    (tmp_path / "f").write_text("here")
    (tmp_path / "link").symlink_to("f")
    program = """
import os, sys
out = ".." + sys.argv[1]
os.chdir("/tiny")
def attempt(call):
    try:
        print(call())
    except OSError as error:
        print(error.strerror)
attempt(lambda: open(out + "/f").read())
attempt(lambda: open(out + "/link").read())
attempt(lambda: os.readlink(out + "/link"))
attempt(lambda: sorted(os.listdir(out)))
attempt(lambda: os.stat(out + "/f").st_size)
attempt(lambda: os.open(out + "/link", os.O_NOFOLLOW))
attempt(lambda: open(out + "/no").read())
attempt(lambda: open(out + "/f/../f").read())
attempt(lambda: open("/proc/self/cwd/" + out + "/f", "a").write(" too"))
for change in (os.mkdir, os.mkfifo, lambda path: open(path, "w")):
    attempt(lambda: change(out + "/new"))
for change in (os.unlink, lambda path: os.chmod(path, 0o600), os.utime,
               lambda path: os.truncate(path, 0), lambda path: os.execv(path, ["f"])):
    attempt(lambda: change(out + "/f"))
attempt(lambda: os.rename(out + "/f", "f"))
os.chdir(out)
attempt(os.getcwd)
attempt(lambda: open("f").read())
attempt(lambda: open("link/x").read())
attempt(lambda: os.listdir("/proc/self/cwd/"))
os.chdir(os.getcwd())
open("new", "w")
"""
    done = tiny(guests, sys.executable, "-c", program, str(tmp_path))
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == [
        "here", "here", "f", "['f', 'link']", "4", "Too many levels of symbolic links",
        "No such file or directory", "Not a directory", "4",
        *["Operation not permitted"] * 2, "Permission denied",
        *["Operation not permitted"] * 3, "Invalid argument", "Permission denied",
        "Invalid cross-device link", str(tmp_path), "here too", "Not a directory",
        "['f', 'link']",
    ]  # fmt: skip
    assert (tmp_path / "new").exists()


def test_a_directory_that_may_not_be_searched(guests: Guests) -> None:
    program = """
import os
for path in ("/shown/shut", "/shown/a"):
    try:
        print(os.chdir(path))
    except PermissionError as error:
        print(error.strerror)
print(open("f").read(), os.readv(os.open(".", os.O_RDONLY), [bytearray()]))
"""
    done = guests.run(sys.executable, "-c", program, kernel="folders.py", options=("--strict",))
    shut = (
        "None"
        if sys.platform == "linux" and __import__("os").geteuid() == 0
        else "Permission denied"
    )
    assert done.stdout.splitlines() == [shut, "None", "text", " 0"], done.stderr
