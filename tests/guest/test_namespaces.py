"""A guest in namespaces of its own hears the numbers that Linux would tell it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.guest.differential import same
from tests.guest.facts import Clients
from tests.guest.running import Guests

pytestmark = pytest.mark.once


@pytest.fixture
def unprivileged(clients: Clients, tmp_path: Path) -> Path:
    """The client; skips where namespaces cannot be made."""
    program = clients["namespaces"]
    done = subprocess.run([program, tmp_path], capture_output=True, text=True, check=False)
    if done.returncode == 3:
        pytest.skip(f"no namespaces here: {done.stdout.splitlines()[-1]}")
    return program


def test_numbers_in_namespaces(guests: Guests, native: Path, unprivileged: Path) -> None:
    said = same(guests, native, unprivileged, "DIR")
    assert "first: 1, parent 0\n" in said
    assert "second: 2, parent 1\n" in said
    assert "no map: leader 1, kill 0, tgkill 0, ids 65534 65534 65534 65534\n" in said
    assert "mapped: leader 1, kill 0, tgkill 0, ids 0 0 0 0\n" in said
    assert os.getuid() != 0 or "before f: opened, of 0:0" in said


CHROOT = """
import errno, os, sys
def attempt(call, *args, **more):
    try:
        return call(*args, **more)
    except OSError as error:
        return errno.errorcode[error.errno]
def text(path, **more):
    fd = attempt(os.open, path, os.O_RDONLY, **more)
    return os.read(fd, 99).decode().strip() if isinstance(fd, int) else fd
outer = os.open("/outer", os.O_RDONLY)
os.chroot(sys.argv[1])
for where in ("still outside", "inside"):
    print(where, *map(text, ("/outer/f", "/inner/f", "/../../inner/./f", "/link/f", "/up/inner/f",
                             "/own", "/sys/kernel/debug/kcov", "inner/f")))
    os.chdir("/")
print(text("f", dir_fd=outer), sorted(os.listdir("/")))
"""


def jail(tmp_path: Path) -> Path:
    if os.geteuid() != 0:
        pytest.skip("chroot is root's")
    made = (tmp_path / "jail").resolve()
    (made / "sys/kernel").mkdir(parents=True)
    (made / "own").write_text("own\n")
    (made / "link").symlink_to("/inner")
    (made / "up").symlink_to("../../../..")
    return made


def test_a_chroot_hides_what_is_not_below_it(guests: Guests, tmp_path: Path) -> None:
    made = jail(tmp_path)
    done = guests.run(sys.executable, "-c", CHROOT, made, kernel="chroots.py",
                      env={**guests.env, "JAIL": str(made)})  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    seen = "ENOENT inner inner inner inner own ENOENT"
    assert done.stdout.splitlines() == [
        f"still outside {seen} ENOENT", f"inside {seen} inner",
        "outer ['link', 'own', 'sys', 'up']",
    ]  # fmt: skip


def test_a_kernel_may_show_its_files_in_chroots(guests: Guests, tmp_path: Path) -> None:
    made = jail(tmp_path)
    done = guests.run(sys.executable, "-c", CHROOT, made, kernel="chroots.py",
                      env={**guests.env, "JAIL": str(made), "EVERYWHERE": "1"})  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[0].startswith("still outside outer ")
