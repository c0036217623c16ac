"""The code of other users: none of it is read from a cache, wherever they may write or rename."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from tests.unit.native_raw import exchange
from tests.unit.packages import Package, has_probes
from tests.unit.rewritten import rewrite_text
from tests.unit.test_cache import _keep, entries, found_probes, imported, undo

from pykcov.instrumentation.cache.cache import Cache, folder_of, shared
from pykcov.instrumentation.cache.entry import Entry, pack
from pykcov.symbols.store import SymbolStore

NEIGHBOUR = 65534
TEXT = "def f():\n    return 1\n"

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can be another user, too")


@contextmanager
def neighbour(where: Path, work: Callable[[], object]) -> Iterator[None]:
    """Another user's process calls `work` in folder `where`, again and again."""
    pid = os.fork()
    if pid == 0:
        try:
            os.chdir(where)
            os.setgroups([])
            os.setgid(NEIGHBOUR)
            os.setuid(NEIGHBOUR)
            while True:
                with suppress(OSError):
                    work()
        finally:
            os._exit(1)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)


@pytest.fixture(autouse=True)
def _as_tests_of_the_cache_do(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    yield
    while _keep:
        undo()


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A folder for the store, which starts as root's alone."""
    made = tmp_path / "place"
    made.mkdir(mode=0o700)
    return made


def give_away(path: Path) -> None:
    os.chown(path, NEIGHBOUR, NEIGHBOUR, follow_symlinks=False)


def plant(package: Package, store: SymbolStore, to: Path) -> Path:
    """Make in `to` the cache that a neighbour would like to be read: what is imported from it makes
    a file, whose path is returned."""
    _, rewritten = imported(package, store)
    undo()
    assert len(rewritten) == 1
    marker = to.with_name("executed")
    shutil.copytree(folder_of(store), to)
    to.chmod(0o700)
    text = f"open({str(marker)!r}, 'w').close()\n" + TEXT
    _, code = rewrite_text(text, store)
    for file in entries(store):
        there = Entry(memoryview(file.read_bytes()))
        probes = found_probes(code, store)
        if there.blocks != len(probes):  # __init__'s
            continue
        data = pack(code, there.first, probes, there.digest, there.stamp)
        assert data is not None
        (to / file.name).write_bytes(data)
    return marker


def hand_over(folder: Path) -> None:
    for path in (folder, *folder.iterdir()):
        give_away(path)


def test_what_is_planted_would_be_executed(package: Package, place: Path) -> None:
    """With the right owner it is: else the tests below would see nothing."""
    store = SymbolStore(place / "symbols.sqlite")
    package.write("m", TEXT)
    marker = plant(package, store, place / "planted")
    shutil.rmtree(folder_of(store))
    (place / "planted").rename(folder_of(store))
    assert not marker.exists()
    assert imported(package, store)[1] == []
    assert marker.exists()


@pytest.mark.parametrize(
    "kind",
    [
        "a place for all",
        "a place of a group",
        "a way for all",
        "another's place",
        "another's link",
        "another's store",
        "a store for all",
    ],
)
@needs_root
def test_there_is_no_cache_where_others_may_plant_one(
    package: Package, place: Path, kind: str
) -> None:
    store = SymbolStore(place / "symbols.sqlite")
    store.check()
    wrong = place
    if kind == "a place for all":
        place.chmod(0o777)
    elif kind == "a place of a group":
        os.chown(place, 0, NEIGHBOUR)
        place.chmod(0o770)
    elif kind == "a way for all":
        place.parent.chmod(0o777)
        wrong = place.parent
    elif kind == "another's place":
        give_away(place)
    elif kind == "another's link":
        wrong = place.parent / "link"
        wrong.symlink_to(place)
        give_away(wrong)
        store = SymbolStore(wrong / "symbols.sqlite")
    else:
        wrong = store.path
        give_away(wrong) if kind == "another's store" else wrong.chmod(0o666)
    package.write("m", TEXT)
    for _ in range(2):
        module, rewritten = imported(package, store)
        assert len(rewritten) == 1
        assert has_probes(module.f)
        undo()
    assert not folder_of(store).exists()
    assert str(wrong) in Cache.of(store).trouble
    done = subprocess.run(
        [sys.executable, "-m", "pykcov", "cache", "info", "--store", store.path],
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert str(wrong) in done.stderr
    assert "[cache-shared]" in done.stderr


@pytest.mark.parametrize("kind", ["sticky", "links", "the user's own group"])
def test_places_that_are_good(place: Path, kind: str) -> None:
    store = SymbolStore(place / "symbols.sqlite")
    store.check()
    if kind == "sticky":
        place.chmod(0o1777)
    elif kind == "links":
        (place / "up").symlink_to("../place")
        (place / "again").symlink_to(place / "up" / "." / ".." / "place")
        store = SymbolStore(place / "again" / "up" / "symbols.sqlite")
    else:
        import grp
        import pwd

        user = pwd.getpwuid(os.geteuid())
        group = grp.getgrgid(user.pw_gid)
        if group.gr_name != user.pw_name or set(group.gr_mem) - {user.pw_name}:
            pytest.skip("this user has no group of their own")
        os.chown(place, -1, user.pw_gid)
        place.chmod(0o770)
    assert shared(store) == ""
    assert Cache.of(store).trouble == ""


def test_links_without_end(place: Path) -> None:
    (place / "a").symlink_to("b")
    (place / "b").symlink_to("a")
    assert "ever more links" in shared(SymbolStore(place / "a" / "symbols.sqlite"))


@needs_root
def test_a_cache_that_was_there_first(package: Package, place: Path) -> None:
    """Anybody may make a name in a sticky directory that nobody has taken yet."""
    store = SymbolStore(place / "symbols.sqlite")
    package.write("m", TEXT)
    marker = plant(package, store, place / "planted")
    shutil.rmtree(folder_of(store))
    (place / "planted").rename(folder_of(store))
    hand_over(folder_of(store))
    place.chmod(0o1777)
    module, rewritten = imported(package, store)
    assert len(rewritten) == 1
    assert has_probes(module.f)
    assert not marker.exists()


@pytest.mark.parametrize("what", ["folder", "file"])
@needs_root
def test_what_is_put_there_between_check_and_read(package: Package, place: Path, what: str) -> None:
    store = SymbolStore(place / "symbols.sqlite")
    package.write("m", TEXT)
    marker = plant(package, store, place / "planted")
    cache = Cache.of(store)
    assert cache.trouble == ""
    if what == "folder":
        folder_of(store).rename(place / "moved")
        (place / "planted").rename(folder_of(store))
        hand_over(folder_of(store))
    else:
        for file in entries(store):
            shutil.copy(place / "planted" / file.name, file)
            give_away(file)
    assert len(entries(store)) == 2
    for file in entries(store):
        there = Entry(memoryview(file.read_bytes()))
        assert cache.get(str(file), there.digest) is None
        assert cache.get(str(file), there.stamp) is None
    cache.put(str(entries(store)[0]), b"x", None)
    assert (cache.trouble != "") == (what == "folder")
    assert not marker.exists()


@pytest.mark.slow
@needs_root
def test_a_neighbour_who_renames_all_the_time(package: Package, place: Path) -> None:
    store = SymbolStore(place / "symbols.sqlite")
    package.write("m", TEXT)
    marker = plant(package, store, place / "planted")
    hand_over(place / "planted")
    cache, planted = Path(folder_of(store).name), Path("planted")

    place.chmod(0o777)
    with neighbour(place, lambda: exchange(cache, planted)):
        end = time.monotonic() + 2
        while time.monotonic() < end:
            module, _ = imported(package, store)
            assert has_probes(module.f)
            undo()
    assert not marker.exists()
