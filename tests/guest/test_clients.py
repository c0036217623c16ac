"""Clients in C, Go and Rust: ioctls, traces, descriptors, areas, the device as a file."""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.guest.facts import Clients, expected, facts, traces_of
from tests.machine import need_sysfs

if TYPE_CHECKING:
    from tests.guest.running import Guests

pytestmark = pytest.mark.once

HERE = Path(__file__).parent


@pytest.fixture(scope="module")
def alone(guests: Guests) -> dict[str, list[int]]:
    """Traces of the kernel's methods called by themselves, with the guests' symbol store."""
    program = [sys.executable, str(HERE / "alone.py")]
    done = subprocess.run(program, env=guests.env, capture_output=True, text=True, check=True)
    return traces_of(done.stdout)


def test_every_check_of_an_ioctl_and_of_mmap(guests: Guests, clients: Clients) -> None:
    assert facts(guests, clients["ioctls"]) == expected("""
        init 0 EINVAL; init 1 EINVAL; init INT_MAX/8+1 EINVAL; init 2**32+2 EINVAL; init ~0 EINVAL
        init 2 0; init 2 map 16 EINVAL; init 2 map page EINVAL
        init 2 enable 0; init 2 work 1; init 2 disable 0
        init 513 0; init 513 map EINVAL; init 513 map 2 pages EINVAL
        map before init EINVAL; map a page of two EINVAL; map three pages EINVAL
        map at offset EINVAL; map both at offset EINVAL; map nothing EINVAL
        map rounded 0; fixed 1; enable 0
        records 13; records readable 13; records fixed 13; records late 13
        disable 0; records closed 13; records stored 7
        enable before init EINVAL; disable before init EINVAL
        init again EBUSY; init again badly EINVAL
        enable mode 2 EINVAL; enable mode 2**32 EINVAL; enable comparisons -524
        disable disabled EINVAL; enable once 0; enable twice EINVAL; enable mode 2 twice EINVAL
        init enabled EBUSY; enable another EBUSY; enable another, mode 2 EBUSY
        enable another before init EINVAL; disable another EINVAL
        disable 1 EINVAL; disable 2**32 EINVAL; still records 10
        disable enabled 0; records no more 0; disable again EINVAL
        enable another then 0; disable another then 0
        enable anew 0; count is kept 0; disable anew 0
        init of 32 bits ENOTTY; unique of another direction ENOTTY; reset with a size ENOTTY
        unknown c ENOTTY; unknown ENOTTY
        FIONREAD 0; TIOCGWINSZ ENOTTY; high half EINVAL; no descriptor EBADF; of a pipe ENOTTY
        records after 6; disable after 0
    """)


@pytest.mark.parametrize("program", ["traces", "traces-static"])
def test_a_trace_is_that_of_the_method_alone(
    guests: Guests, clients: Clients, alone: dict[str, list[int]], program: str
) -> None:
    done = guests.run(clients[program], kernel="counting.py")
    assert (done.returncode, done.stderr) == (0, "")
    found = traces_of(done.stdout)
    twice = found.pop("twice")
    assert len(found) == 6
    assert found == {name: alone[name] for name in found}
    assert len({tuple(trace) for trace in found.values()}) == 6
    assert twice == alone["work3"] * 2
    numbers = "\n".join(line for line in done.stdout.splitlines() if "ffffffff8" not in line)
    assert expected(numbers) == expected("""
        words left alone 1; full 511; each 10; garbage stays 1; large stays 1
        disabled 0; anew 6; one more 511
    """)


def test_unique_coverage_and_resets(
    guests: Guests, clients: Clients, alone: dict[str, list[int]]
) -> None:
    done = guests.run(clients["unique"], kernel="counting.py")
    assert (done.returncode, done.stderr) == (0, "")
    found = traces_of(done.stdout)
    assert found == {f"work{n}": list(dict.fromkeys(alone[f"work{n}"])) for n in range(8)}
    numbers = "\n".join(line for line in done.stdout.splitlines() if "ffffffff8" not in line)
    assert expected(numbers) == expected("""
        wrong 0; reset with 1 EINVAL; reset with 2**32 EINVAL; left 1
        disable 0; reset disabled EINVAL; no bitmap EINVAL; all bitmap EINVAL; almost all 0
    """)


def test_calls_in_the_place_of_pykcovs_own(guests: Guests, clients: Clients) -> None:
    done = guests.run(clients["reads"], kernel="reading.py")
    assert (done.returncode, done.stderr) == (0, "")
    found = traces_of(done.stdout)
    assert {name: len(trace) for name, trace in found.items()} == {
        "trace read -1": 2,
        "trace read pipe": 2,
        "trace clock_nanosleep": 1,
        "trace failing ioctl": 1,
    }
    assert found["trace read -1"][0] == found["trace read pipe"][0]
    assert found["trace read -1"][1] != found["trace read pipe"][1]
    numbers = "\n".join(line for line in done.stdout.splitlines() if "ffffffff8" not in line)
    assert expected(numbers) == expected("""
        read -1 EBADF; read pipe 1; byte 120; read device EINVAL
        clock_nanosleep 0; failing ioctl EINVAL
    """)


def test_descriptors(guests: Guests, clients: Clients) -> None:
    found = facts(guests, clients["fds"])
    for number in (0, 215, 300):
        assert {name: found.pop(f"{name} {number}") for name in
                ("dup2", "enable", "enable the other of", "records", "disable")} == expected(f"""
            dup2 {number}; enable 0; enable the other of EINVAL; records 1; disable 0
        """)  # fmt: skip
    assert found == expected("""
        left: recorded 50; left: held 0
        ioctl of a closed one EBADF; closed: records 1; closed: goes on 2
        closed: busy EBUSY; unmapped: busy EBUSY
        maps 1; readlink 1
        reopened: enable EINVAL; reopened: init 0; reopened: disable EINVAL
        reopened: records 0; reopened: the first's 1; reopened: records then 1
        F_DUPFD 700; enable 700 0; map 700 1; disable 700 0; copy closes on exec 1; flags 2
        open inherits 0; O_CLOEXEC 1
        sent: records seen 2; sent: busy EINVAL; sent: enable 0; sent: ended 0
        sent: its records 1; sent: enable here 0
        in flight: busy EBUSY; in flight: map 1
        executed: fcntl EBADF; executed: enable EBUSY
    """)


def test_large_areas_cost_what_is_touched(guests: Guests, clients: Clients) -> None:
    """Four of 128 MiB, a page at each end of them touched."""
    found = {name: int(value) for name, value in facts(guests, clients["large"]).items()}
    assert found["own"] < 1024
    assert found["supervisor"] < 4096


def test_threads_have_their_own_traces(
    guests: Guests, clients: Clients, alone: dict[str, list[int]]
) -> None:
    done = guests.run(clients["threads"], kernel="counting.py")
    assert (done.returncode, done.stderr) == (0, "")
    found = traces_of(done.stdout)
    assert len(found) == 17
    assert found == {name: alone[name] for name in found}
    numbers = "\n".join(line for line in done.stdout.splitlines() if "ffffffff8" not in line)
    assert expected(numbers) == expected("""
        differ 0; busy 0
        handed over after DISABLE 0; handed over after the thread's end 0
        main takes it 0; main's records 1
    """)


@pytest.mark.parametrize("times", [2000, pytest.param(100_000, marks=pytest.mark.slow)])
def test_tight_loop(
    guests: Guests, clients: Clients, alone: dict[str, list[int]], times: int
) -> None:
    done = guests.run(clients["tight"], times, kernel="counting.py")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("differ 0\n")
    assert traces_of(done.stdout) == {"work5": alone["work5"]}


def test_many_processes_files_and_threads(guests: Guests, clients: Clients) -> None:
    """More than pykcov itself may open, unless it has its limit raised."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    if hard < 1024:
        pytest.skip("the host lets nobody open many files")

    def few() -> None:
        resource.setrlimit(resource.RLIMIT_NOFILE, (128, hard))

    program = clients["many"]
    assert facts(guests, program, preexec_fn=few) == expected("""
        limit 128; answered 300; open EMFILE; opened 122; ioctl 0; wrong 0
    """)


def test_remote_enable(guests: Guests, clients: Clients) -> None:
    assert facts(guests, clients["remote"]) == expected("""
        not inited, NULL EFAULT; not inited EINVAL; NULL EFAULT; bad pointer EFAULT
        half a struct EFAULT; handles behind the end EFAULT; too many behind the end EINVAL
        too many EINVAL; mode 2 EINVAL; comparisons -524; comparisons before handles -524
        unknown subsystem EINVAL; a handle of COMMON EINVAL; bytes between EINVAL
        twice EEXIST; bad after good EINVAL
        common of USB EINVAL; common with bytes between EINVAL; common after bad EINVAL
        busy, bad pointer EFAULT; busy, too many EINVAL; busy, not inited EINVAL
        busy EBUSY; busy, mode 2 EBUSY
        after all failures 0; own records 0
        twice enabled EINVAL; enable EINVAL; enable another EBUSY; remote of another EBUSY
        disable another EINVAL
        child: same handle EEXIST; child: same common EEXIST; child: bad, then same EINVAL
        child: same, then bad EEXIST; child: disable EINVAL; child: another handle 0
        disable 0; the dead child's 0; disable then 0; enable then 0; records then 2
    """)


def test_the_device_as_a_file(guests: Guests, clients: Clients, tmp_path: Path) -> None:
    need_sysfs()
    found = facts(guests, clients["files"], tmp_path)
    assert found == expected("""
        stat 0; regular 1; mode 600; owner 1; size 0; links 1; fstat is the same 1; size inited 0
        statx 0; statx is the same 1; statx empty 0; lstat 0; directory 40700
        chmod 0; mode then 100640; fchmod 0; chown 0; fchown nothing 0
        utimens 0; times 1; futimens 0; times then 1
        access rw 0; access f 0; access x EACCES; access other ENOENT; access below ENOTDIR
        truncate EINVAL; ftruncate EINVAL; unlink EPERM; rename EPERM; link EPERM
        mkdir EEXIST; mkdir beside EPERM
        O_RDONLY 0; O_DIRECTORY ENOTDIR; O_CREAT 0; O_EXCL EEXIST; O_TRUNC 0; O_NOFOLLOW 0
        slash ENOTDIR; other ENOENT; dots 0
        O_PATH 0; O_PATH ioctl EBADF; O_PATH fstat 0
        O_RDONLY init 0; O_RDONLY map r 0; O_RDONLY map rw EACCES
        open directory 0; openat 0; openat up 0; openat of the host's 0
        openat of a file ENOTDIR; fstatat 0; faccessat 0
        link open 0; link O_NOFOLLOW ELOOP; link up 0
        readlink /sys/kernel/debug/kcov; readlink device EINVAL
        entry . 4; entry .. 4; entry kcov 8
    """)


def test_programs_of_the_host_see_the_file(guests: Guests) -> None:
    script = "ls -l /sys/kernel/debug; cat /sys/kernel/debug/kcov; test -w /sys/kernel/debug/kcov"
    done = guests.run("sh", "-c", script, kernel="counting.py", options=("--strict",))
    assert done.returncode == 0
    listed = [line for line in done.stdout.splitlines() if line.endswith(" kcov")]
    assert len(listed) == 1
    assert listed[0].startswith("-rw------- 1 ")
    assert "Invalid argument" in done.stderr


def test_strict_answers_as_linux(guests: Guests, clients: Clients) -> None:
    assert facts(guests, clients["strict"], options=("--strict",)) == expected("""
        read EINVAL; write EINVAL; readv EINVAL; writev EINVAL; pread ESPIPE; pwrite ESPIPE
        pread -1 EINVAL; lseek ESPIPE; lseek end ESPIPE; write read-only EBADF; epoll_ctl EPERM
        fstat 0; size 0; regular 1; untouched 1
        write pipe 1; read pipe 1; byte 97; epoll_ctl pipe 0
    """)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_another_user_may_not(guests: Guests, clients: Clients) -> None:
    assert facts(guests, clients["user"]) == expected("""
        open EACCES; stat EACCES; access EACCES; chmod EPERM; enable 0; records 1
    """)


def test_without_instrumented_code_there_is_no_device(guests: Guests, clients: Clients) -> None:
    program = "import sys, pykcov.kernel, pykcov.guest as guest;"
    program += "sys.exit(guest.run(pykcov.kernel.Kernel(), sys.argv[1:]))"
    host = subprocess.run([clients["absent"]], capture_output=True, text=True, check=True)
    done = subprocess.run(
        [sys.executable, "-c", program, clients["absent"]],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == host.stdout  # what the host itself has there


# -- other languages ------------------------------------------------------------------------------


def tool(name: str, beside: str) -> str:
    found = shutil.which(name) or shutil.which(name, path=str(Path(beside).expanduser()))
    if found is None:
        pytest.skip(f"no {name}")
    return found


@pytest.mark.slow
def test_go_preempts_with_signals(guests: Guests, tmp_path: Path) -> None:
    program = tmp_path / "preempt"
    go = [tool("go", "/usr/local/go/bin"), "build", "-o", str(program)]
    env = {**os.environ, "GOFLAGS": "", "GO111MODULE": "off", "GOCACHE": str(tmp_path / "cache")}
    subprocess.run([*go, str(HERE / "clients" / "preempt.go")], env=env, check=True)
    assert facts(guests, program) == expected("answered too often 0; differ 0; calls 100")


@pytest.mark.slow
def test_rust(guests: Guests, tmp_path: Path) -> None:
    program = tmp_path / "rust"
    rustc = [tool("rustc", "~/.cargo/bin"), "-O", "-o", str(program)]
    done = subprocess.run(
        [*rustc, str(HERE / "clients" / "client.rs")], capture_output=True, text=True, check=False
    )
    if done.returncode:
        pytest.skip(f"rustc does not work: {done.stderr}")
    assert facts(guests, program) == expected("""
        init 0; init again -16; enable 0; records 1; disable elsewhere -22; disable 0
    """)


def test_a_second_path(guests: Guests) -> None:
    """Clients find the device where they look for it, and in its usual place."""
    program = """
import os
seen = [os.stat(path) for path in ("/dev/kcov", "/sys/kernel/debug/kcov", "/no/such/kcov")]
print(len({(each.st_ino, each.st_mode, each.st_size) for each in seen}))
fd = os.open("/dev/kcov", os.O_RDWR)
print(os.readlink(f"/proc/self/fd/{fd}"), *map(os.path.exists, ("/dev/null", "/dev/kcov/x")))
"""
    options = ("--device-path", "/dev/kcov", "--device-path", "/no/such/kcov")
    done = guests.run(sys.executable, "-c", program, kernel="counting.py", options=options)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "1\n/dev/kcov True False\n"


@pytest.mark.parametrize("path", ["kcov", "/", "/dev/../kcov", "/dev/kcov/", "/sys/kernel/debug/x"])
def test_a_second_path_that_cannot_be(guests: Guests, path: str) -> None:
    done = guests.run("true", kernel="counting.py", options=("--device-path", path))
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.endswith(" [device-path]\n")
    assert done.stderr.count("\n") == 1
