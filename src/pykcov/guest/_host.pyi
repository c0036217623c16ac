"""The host's side of guests. Its C is in csrc/."""

from typing import final

from _typeshed import ReadableBuffer, WriteableBuffer

Notification = tuple[int, int, int, tuple[int, ...]]

def launch(
    path: bytes,
    argv: tuple[bytes, ...],
    envp: tuple[bytes, ...],
    filter: ReadableBuffer,
    flags: int,
    mask: int,
    page: WriteableBuffer,
    /,
) -> tuple[int, int, int, int]:
    """Start a watchdog and, below it, a program with `filter` on.

    flags: SECCOMP_FILTER_FLAG_*. mask: signals that the program starts with blocked, bit n-1 for
    signal n. page: shared memory; when the program's execve failed its first two C ints become
    (4, errno).

    Returns the watchdog's pid, the program's, the listener, and a socket: it gives the program's
    wait status, as an int, when the program has ended, and closing it ends whatever still runs.
    The program's execve is the first notification. Raises OSError with the call that failed as its
    file name, "seccomp" or "pidfd_getfd" for example; then nothing runs any more.
    """

@final
class Listener:
    """The supervisor's end of a filter. Owns the descriptor `fd`.

    poll_first: for a Linux before 6.11, which would wait for notifications for ever when nobody is
    left to send any. counts: how many arguments exchange() tells of the call of each number, a byte
    each; at most 6.
    """

    fd: int  # read-only
    followers: int  # read-only: threads that wait for the lead

    def __new__(cls, fd: int, poll_first: bool, counts: bytes, /) -> Listener: ...
    def exchange(
        self,
        id: int,
        value: int,
        error: int,
        flags: int,
        /,
    ) -> Notification | None:
        """Answer notification `id` (0: there is none to answer), then wait for another.

        error: 0, or an errno, negative. flags: SECCOMP_USER_NOTIF_FLAG_CONTINUE or 0. Returns
        (id, thread, number of the system call, arguments); None when nobody is left who could
        notify, or the calling thread is not needed: there are followers enough. Raises OSError when
        an answer is refused.
        """

    def give_up(self) -> bool:
        """Let a follower lead while this thread is busy. Returns False when it did not lead."""

    def close(self) -> None:
        """Close the descriptor. No thread may use the listener any more."""

    def is_valid(self, id: int, /) -> bool:
        """Does the call still wait for its answer?"""

    def add_fd(self, id: int, fd: int, flags: int, /) -> int:
        """Give the caller a duplicate of `fd`; flags: O_CLOEXEC or 0. Returns its number there.

        Raises OSError: EMFILE as open(2) would, ENOENT when the caller is gone.
        """

    def read(self, id: int, tid: int, address: int, size: int, /) -> bytes:
        """Read the caller's memory. Raises OSError: EFAULT, EPERM, ESRCH when it is gone."""

    def read_string(self, id: int, tid: int, address: int, /) -> bytes:
        """Read up to a NUL, 4096 bytes at most. Raises OSError: as read(), ENAMETOOLONG."""

    def write(self, id: int, tid: int, address: int, data: ReadableBuffer, /) -> None:
        """Write the caller's memory. Raises OSError as read()."""
