"""Who is recorded when processes and threads begin, execute and end; and what becomes of guests."""

from __future__ import annotations

import contextlib
import os
import pty
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.guest.facts import Clients, expected, facts, facts_of
from tests.guest.processes import is_alive, started, until, watchdog_of
from tests.machine import need_terminals

if TYPE_CHECKING:
    from tests.guest.running import Guests

pytestmark = pytest.mark.once

WAYS = {
    "return": 0,
    "exit": 0,
    "_exit": 0,
    "exit of the leader": 0,
    "pthread_exit of the leader": 0,
    "exit_group": 0,
    "thread returns": 0,
    "thread exits": 0,
    "SIGKILL": signal.SIGKILL,
    "SIGSEGV": signal.SIGSEGV,
    "SIGABRT": signal.SIGABRT,
    "threads": signal.SIGKILL,
    "killed": signal.SIGKILL,
    "killed in calls": signal.SIGKILL,
}


def test_children_start_disabled(guests: Guests, clients: Clients) -> None:
    assert facts(guests, clients["forks"]) == expected("""
        child records 0; child enables EINVAL; child disables EINVAL; child inits EBUSY
        child enables its own 0; its own records 1; parent's records 0; child enables again EINVAL
        child ended 0; area is shared 77
        parent goes on 1; parent enables EINVAL; parent disables 0
        fork: enable 0; fork: seen 1; fork: parent enables EINVAL; fork: parent disables EINVAL
        fork: parent's calls 0; fork: parent enables then 0; fork: parent disables then 0
        vfork: child of an owner 0; vfork: busy after the child's exit 0
        vfork: child executes EINVAL; vfork: executed 0; vfork: records 1; vfork: enable then 0
        clone: records 0; clone: enable EINVAL; clone: own 0; clone: own records 1
        clone: ended 0; clone: parent's records 0; clone: busy EBUSY
        clone: then 0; clone: disable 0
        spawn: enable EINVAL; spawn: ended 0; spawn: records 0; spawn: disable 0
    """)


def test_execve_takes_the_kcov_along(guests: Guests, clients: Clients) -> None:
    thread = "".join(
        f"""
        {who}: records 1; {who}: leader's records 0
        {who}: enable the leader's EBUSY; {who}: disable the leader's EINVAL
        {who}: disable 0; {who}: enable the leader's then 0; {who}: disable the leader's then 0
        {who}: ended 0
        """.strip(" ")
        for who in ("thread", "waiting")
    )
    assert facts(guests, clients["execs"]) == expected(f"""
        failed execve ENOENT; failed execve: records 1
        maps: records 1; maps: enable EINVAL; maps: disable 0; maps: then 1
        maps: enable anew 0; maps: anew 2
        leader: ended 0; leader: seen 2; leader: enable 0; leader: disable 0
        blind: fcntl EBADF; blind: ended 0; blind: records 1; blind: enable 0; blind: disable 0
        {thread}
        thread: records of the area 1; thread: enable at last 0
        other: records 0; other: enable 0; other: ended 0
        failing: errors 0; failing: disable 0
        often: busy 0; often: failed 0
    """)


def test_two_threads_call_execve_at_once(guests: Guests, clients: Clients) -> None:
    rounds = 1000 if os.environ.get("PYKCOV_SOAK") else 40
    assert facts(guests, clients["execrace"], rounds, timeout=300) == expected("wrong 0")


@pytest.mark.parametrize("way", WAYS)
def test_an_end_that_was_seen_is_over(guests: Guests, clients: Clients, way: str) -> None:
    assert facts(guests, clients["exits"], way) == expected(f"""
        busy 0; odd 0; without a record 0; status {WAYS[way]:d}
    """)


@pytest.mark.parametrize("way", ["killed in a wait", "killed in a long call"])
def test_owners_killed_in_a_call_that_takes_long(
    guests: Guests, clients: Clients, way: str
) -> None:
    """Linux ends a call at the next look for signals; here the descriptor waits for its end."""
    assert facts(guests, clients["exits"], way, 12) == expected("""
        busy 0; odd 0; without a record 0; status 9
    """)


# -- signals --------------------------------------------------------------------------------------


def test_a_timer_repeats_no_call(guests: Guests, clients: Clients) -> None:
    assert facts(guests, clients["timer"]) == expected("""
        failed 0; differ 0; answered too often 0; slow enough 1
    """)


def test_calls_that_wait(guests: Guests, clients: Clients) -> None:
    assert facts(guests, clients["waits"]) == expected("""
        pause EINTR; ticks 1; restarts 1; killed 9; wrong while others wait 0; ended 0
    """)


def test_signals_reach_the_guest_once(guests: Guests, clients: Clients) -> None:
    numbers = [signal.SIGTERM, signal.SIGINT, signal.SIGUSR1, signal.SIGHUP]
    command = guests.command(clients["streams"], "signals", kernel="counting.py")
    with started(command, guests.env) as process:
        assert process.stdout is not None
        pid = int(process.stdout.readline().split()[1])
        for number in numbers:
            process.send_signal(number)
            # What is sent while the same signal waits is one with it: let it arrive first.
            assert until(lambda: not pending(process.pid) and not pending(pid))
        process.send_signal(signal.SIGUSR2)
        output, errors = process.communicate(timeout=20)
        assert (process.returncode, errors) == (5, "")
        assert facts_of(output) == {
            f"signal{number:d}": "1" for number in [*numbers, signal.SIGUSR2]
        }


def pending(pid: int) -> bool:
    """Does a signal wait for the process?"""
    rows = Path(f"/proc/{pid}/status").read_text().splitlines()
    masks = [row.split()[1] for row in rows if row.startswith(("SigPnd", "ShdPnd"))]
    return any(int(mask, 16) for mask in masks)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_guest_without_handlers_ends(
    guests: Guests, clients: Clients, number: signal.Signals
) -> None:
    command = guests.command(clients["streams"], "daemon", kernel="counting.py")
    with started(command, guests.env) as process:
        assert process.stdout is not None
        found = facts_of(process.stdout.readline() + process.stdout.readline())
        os.kill(int(found["daemon"]), signal.SIGKILL)
        process.send_signal(number)
        _, errors = process.communicate(timeout=20)
        assert (process.returncode, errors) == (128 + number, "")


def test_the_terminals_signal_comes_once(guests: Guests, clients: Clients) -> None:
    """Ctrl-C reaches all processes of the terminal's group by itself."""
    command = guests.command(clients["streams"], "signals", kernel="counting.py")
    need_terminals()
    pid, terminal = pty.fork()
    if pid == 0:
        os.execve(command[0], command, guests.env)
    text = b""
    with os.fdopen(terminal, "r+b", buffering=0) as stream:
        while b"ready" not in text or not text.endswith(b"\n"):
            text += stream.read(1000)
        inner = int(text.split()[1])
        stream.write(b"\x03")
        while b"^C" not in text:  # it echoes behind the signal
            text += stream.read(1000)
        assert until(lambda: not pending(pid) and not pending(inner))
        os.kill(pid, signal.SIGUSR2)
        with contextlib.suppress(OSError):  # EIO: nobody has the other side
            while more := stream.read(1000):
                text += more
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 5
    lines = text.decode().replace("^C", "").split("ready", 1)[1].splitlines()[1:]
    assert [line for line in lines if line.startswith("signal")] == ["signal2 1", "signal12 1"]


@pytest.mark.parametrize("whom", ["pykcov", "its watchdog"])
def test_kill_9_ends_all_guests(guests: Guests, clients: Clients, whom: str) -> None:
    command = guests.command(clients["streams"], "daemon", kernel="counting.py")
    with started(command, guests.env) as process:
        assert process.stdout is not None
        found = facts_of(process.stdout.readline() + process.stdout.readline())
        daemon, guest = int(found["daemon"]), int(found["guest"])
        assert is_alive(daemon)
        assert is_alive(guest)
        if whom == "pykcov":
            process.kill()
            assert process.wait() == -signal.SIGKILL
        else:
            os.kill(watchdog_of(process.pid), signal.SIGKILL)
            assert process.wait() == 128 + signal.SIGKILL
        assert until(lambda: not is_alive(daemon) and not is_alive(guest))
        assert process.stdout.read() == ""  # nobody has the pipe any more


def test_it_waits_for_daemons(guests: Guests, clients: Clients) -> None:
    """All that the guest started is served to its end; the code is the guest's."""
    done = guests.run(clients["streams"], "daemon", 0, kernel="counting.py")
    assert (done.returncode, done.stderr) == (7, "")
    assert done.stdout.splitlines().count("daemon's end") == 1


# -- streams, codes, errors -----------------------------------------------------------------------


def test_streams_pass_through(guests: Guests, clients: Clients) -> None:
    text = "".join(f"line {n}\n" for n in range(20000))
    done = guests.run(clients["streams"], "copy", kernel="reading.py", input=text)
    assert (done.returncode, done.stderr) == (3, "on stderr\n")
    assert done.stdout == text


@pytest.mark.parametrize(
    ("words", "code"), [("code 0", 0), ("code 255", 255), ("die 9", 137), ("die 11", 139)]
)
def test_exit_codes_pass_through(guests: Guests, clients: Clients, words: str, code: int) -> None:
    done = guests.run(clients["streams"], *words.split(), kernel="counting.py")
    assert (done.returncode, done.stdout, done.stderr) == (code, "", "")


def test_a_guest_starts_as_any_program(guests: Guests, clients: Clients) -> None:
    command = [str(clients["streams"]), "mask"]
    native = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    found = facts(guests, *command)
    assert found == facts_of(native)  # a shell may have had signals ignored for us
    assert (found["blocked"], found["descriptors"]) == ("0", "0")


@pytest.mark.parametrize(
    ("argv", "text", "slug"),
    [
        (["/nowhere/program"], None, "command-missing"),
        (["no-such-command"], None, "command-missing"),
        (["/etc/passwd"], None, "command-missing"),
        (["true"], "import nothing_of_this_name\n", "kernel-bad"),
        (["true"], "def f(:\n", "kernel-bad"),
        (["true"], "x = 1\n", "kernel-bad"),
        (["true"], "raise ValueError('two\\nlines')\n", "kernel-bad"),
    ],
)
def test_one_line_says_what_is_wrong(
    guests: Guests, tmp_path: Path, argv: list[str], text: str | None, slug: str
) -> None:
    kernel = Path("counting.py")
    if text is not None:
        kernel = tmp_path / "kernel.py"
        kernel.write_text(text, encoding="utf-8")
    done = guests.run(*argv, kernel=kernel)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("pykcov: ")
    assert done.stderr.endswith(f" [{slug}]\n")
    assert done.stderr.count("\n") == 1


def test_a_file_that_does_not_execute(guests: Guests, tmp_path: Path) -> None:
    program = tmp_path / "program"
    program.write_text("no program\n", encoding="utf-8")
    program.chmod(0o755)
    done = guests.run(program, kernel="counting.py")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.endswith(" does not run: Exec format error [command-unusable]\n")
    assert done.stderr.count("\n") == 1


def test_a_missing_kernel(guests: Guests) -> None:
    done = guests.run("true", kernel="/nowhere/kernel.py")
    assert done.returncode == 1
    assert done.stderr.endswith(" [kernel-bad]\n")
    assert done.stderr.count("\n") == 1


def test_a_guest_inside_a_guest(guests: Guests) -> None:
    inner = [sys.executable, "-m", "pykcov", "guest", "--", "true"]
    done = guests.run(*inner, kernel="counting.py")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.endswith("Linux allows one listener per process [guests-unsupported]\n")
    assert done.stderr.count("\n") == 1
