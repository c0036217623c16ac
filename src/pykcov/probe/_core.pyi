"""The probe core in C: what it records, for whom, and where to.

A probe is a constant of a code object; `~probe` records its block. Who gets the record is looked up
by OS thread: the recorder attached to it, or else the live section of the current context
(csrc/thread.c). Everything here is called with the GIL held, and acts on the calling thread where
nothing else is said.
"""

from collections.abc import Callable, Iterator
from contextvars import ContextVar
from mmap import mmap
from types import CodeType, FunctionType, ModuleType
from typing import Any, Literal, ParamSpec, Self, TypeVar, final

_Tuple = TypeVar("_Tuple", bound=tuple[Any, ...])
_P = ParamSpec("_P")
_R = TypeVar("_R")

@final
class Probe:
    """A constant; `~probe` records the block and returns None. Pickles as 0."""

    pc: int
    index: int  # dense in this process
    def __new__(cls, pc: int) -> Self: ...
    def __invert__(self) -> None: ...
    def instead(self, value: object, constant: int, /) -> Instead:
        """Return what stands for the same block in the place of constant number `constant`, which
        is `value`."""

@final
class Instead:
    """A constant, in the place of another; `-instead` records the block and returns that one.
    Pickles as an object whose - is that one."""

    pc: int
    index: int
    constant: int  # number of the other constant in co_consts
    def __neg__(self) -> Any: ...
    def instead(self, value: object, constant: int, /) -> Instead: ...

@final
class Comparison:
    """A constant; `comparison[left] = right` records the operands (csrc/compare.c).

    kind: of csrc/compare.c. side: 0, or which operand is `constant`, 1 the left, 2 the right one;
    then it is `del comparison[operand]` with the other. number: of that in co_consts, -1 if the
    interpreter has it. pc: see csrc/operands.c. Pickles as an object that takes both and does
    nothing.
    """

    pc: int
    kind: int
    side: int
    constant: Any
    number: int
    def __new__(
        cls, pc: int, kind: int, side: int = 0, constant: object = None, number: int = -1
    ) -> Self: ...
    def __setitem__(self, left: object, right: object, /) -> None: ...
    def __delitem__(self, operand: object, /) -> None: ...
    def __getnewargs__(self) -> tuple[int, int, int, Any, int]:
        """Return what another like it is made with: all that the cache keeps of one."""

@final
class Origin:
    """The last constant of a code object that `owner` rewrote from `code`.

    layout: which of its constants and units are those of `code` (csrc/origin.c). Whoever makes the
    first Origin has rewritten code answer as its original from then on (csrc/answers.c)."""

    code: CodeType
    owner: object
    layout: bytes
    def __new__(cls, code: CodeType, owner: object, layout: bytes) -> Self: ...

def origin(code: CodeType, /) -> Origin | None:
    """The Origin of a rewritten code object, None of any other."""

def original(code: CodeType, /) -> CodeType:
    """The code object that `code` was rewritten from, or `code` itself if it was not. What the
    program has replaced in it since stays replaced."""

def running(code: CodeType, /) -> CodeType:
    """A code object that tells what the interpreter runs of rewritten code, probes included: one
    without the Origin. Code within is what it was."""

def replace(code: CodeType, **changes: Any) -> CodeType:
    """code.replace(**changes) of the code that runs, probes included."""

def probes(pc: int, step: int, count: int, /) -> list[Probe]:
    """[Probe(pc), Probe(pc + step), ...]"""

def decode(raw: bytes, caches: bytes, kinds: bytes, kind: type[_Tuple], /) -> list[_Tuple]:
    """The instructions of `raw`, each a `kind` of (start of its prefixes, unit, end behind its
    caches, opcode, argument, target or -1).

    By opcode: the number of caches; and 0, or 1 for a prefix, 2 and 3 for a jump forwards and
    backwards."""

def positions(
    table: bytes, line: int, /
) -> list[tuple[int | None, int | None, int | None, int | None]]:
    """What co_positions() yields of a code object with this co_linetable and co_firstlineno: the
    units that share an entry share a tuple."""

def fill(
    code: CodeType,
    constants: list[Any],
    slots: bytes | memoryview,
    load: Callable[[int], CodeType],
    owner: object,
    /,
) -> None:
    """Put `constants` into code that marshal has just made, and that nobody else has seen.

    slots: words of 4 bytes; for each code object, outer ones first: how many, and that often which
    slot of co_consts gets which constant, and 0, or 1 + the number of the constant in co_consts
    that it is to stand for (Probe.instead). A bytes object holds the place. The last slot has the
    layout of an Origin and gets this, of `owner`; load(n) returns its code when it is asked for, n
    counting the code objects. 2**32 - 1 stands for a code object that stays as it is.
    ValueError where the code is not like that; then it is half done, and of no use."""

@final
class Counters:
    """Hits by block since clear(), and the blocks hit since they were last consumed (pending)."""

    lost: bool  # a hit was dropped for want of memory
    def __len__(self) -> int: ...  # number of pending blocks
    def pcs(self, most: int, /) -> bytes:
        """PCs of at most `most` pending blocks, 8 bytes each in the machine's order."""
    def drop(self, n: int, /) -> None:
        """Take the first `n` blocks off the pending list: they have been consumed."""
    def clear(self) -> None: ...
    def hits(self) -> list[tuple[int, int]]:
        """(PC, hits) of each block hit since clear(), in the order of the first hits."""

@final
class Recorder:
    """Writes records into `area`, a writable buffer of 2 words or more, which it keeps alive.

    blocks: count in `counters` instead, until consume() appends what is pending to the area.
    bitmap_words: that the area begins with, if it is for unique mode (csrc/unique.c), else 0.
    comparisons: record these, four words each, and no blocks; then `blocks` means nothing.
    """

    counters: Counters | None
    dropped: bool  # a record found the area full, or its count to be garbage
    handle: int  # of the section that records into it, which sets it; 0: none
    def __new__(
        cls,
        area: object,
        blocks: bool = False,
        *,
        bitmap_words: int = 0,
        comparisons: bool = False,
    ) -> Self: ...
    def share(self, shared: Shared, /) -> None:
        """Other processes write to its area, too: each record goes there at once, under a lock, and
        only for the ENABLE that is now in force. blocks: each once until the count is set to 0."""
    def consume(self) -> int:
        """Append pending blocks to the area, those that are not in its bitmap yet; what does not
        fit stays. Returns how many do not stay."""

@final
class SignalHandler:
    """A signal handler that calls `function` with the thread paused."""

    function: Callable[..., Any]
    def __new__(cls, function: Callable[..., Any]) -> Self: ...
    def __call__(self, *args: Any, **kwargs: Any) -> Any: ...

@final
class Quiet:
    """Type of `quiet`."""

    def __enter__(self) -> Self: ...
    def __exit__(self, *exc: object) -> None: ...

@final
class Shared:
    """Mode and size of a descriptor in a page that forked processes share, and its owner.

    `with shared:` takes its lock, which is recursive, and survives the death of a holder.
    """

    mode: int
    size: int
    bitmap_words: int  # of the ENABLE in force: 0 but for KCOV_UNIQUE_ENABLE
    sequence: int  # of ENABLEs
    def __new__(cls, fd: int = -1, join: bool = False, offset: int = 0) -> Self:
        """fd: of a memfd that has a page for it at `offset`, for processes that are not forked;
        join: another process has made a Shared of it."""
    def __enter__(self) -> Self: ...
    def __exit__(self, *exc: object) -> None: ...
    def acquire(self) -> Self: ...
    def release(self) -> None: ...
    def reset(self, area: object, fd: int, bitmap_words: int, /) -> None:
        """Zero a bitmap of so many words at the head of `area`, a mapping of the memfd `fd`, and
        the count behind it. Nobody records there meanwhile."""
    def report(
        self,
        ring: object,
        section: object,
        handle: int,
        number: int,
        flags: int,
        text: object = b"",
        /,
    ) -> bool:
        """Append a frame with the records of `section` to `ring` (csrc/ring.c), and with a text of
        at most 32 KiB. Was there room?"""
    def recycle(self) -> None:
        """It is another descriptor's from now on. The lock must be held."""
    def begin(self, area: object, sequence: int, process: int, /) -> Ticket:
        """A section begins, of that ENABLE, in the process that is called `process`. `area` is the
        descriptor's whole memory (csrc/control.h)."""
    def restart(self, area: object, /) -> None:
        """Begin counting sections. This and the next two: the lock must be held."""
    def lost(self, area: object, process: int, /) -> None:
        """That process is dead: its sections are lost."""
    def processes(self) -> list[int]:
        """Those that have sections of the present generation which are not over."""
    def tally(self) -> tuple[int, int, int, int, int, int, int, int, int]:
        """Counts of sections, as they stand in the control page: generation, began, settled, over,
        published, overflowed, lost, late, ever."""
    def settle(self) -> None:
        """Wait for records on their way of an ENABLE that is over."""
    def claim(self) -> bool:
        """Make the calling thread the owner; False when a living thread is."""
    def disclaim(self) -> bool:
        """Let go; False when the calling thread is not the owner."""
    def owner_died(self) -> bool:
        """Did the owner end, or exec, without a disclaim()? True once: then there is none, and the
        mode is INIT. The lock must be held."""

@final
class Ticket:
    """What ties a section to the descriptor that collects it."""

    def publish(self, section: object, words: int, flags: int, /) -> int:
        """Append the records of `section`, of so many words each, to the descriptor's memory; then
        `section` is empty. flags: 1 the section is over, 2 it has dropped records, 4 they came
        after the answer. Returns how many were published, -1 where the ENABLE is over, -2 where
        the section's generation is."""
    def renew(self) -> bool:
        """Have the section be of the present generation. False if it was, or can't be."""

class Whole:
    """A function that leaves nothing half done: probe.steps.as_whole says how."""

    def __new__(
        cls, function: Callable[..., Any], mend: Callable[..., object], gives: object = None
    ) -> Self: ...
    def __call__(self, *args: Any, **kwargs: Any) -> Any: ...

@final
class Ending(SystemExit):
    """The end of a program that run_main() has run, by the SystemExit `end`: has its code."""

    def __new__(cls, end: SystemExit) -> Self: ...

@final
class Unseen:
    """Calls `function` without the program seeing it: not recorded, not traced, not interrupted by
    signal handlers of Python code, and not on its recursion limit (csrc/unseen.c)."""

    def __new__(cls, function: Callable[..., Any]) -> Self: ...
    def __call__(self, *args: Any) -> Any: ...

@final
class Importlib:
    """What importlib._bootstrap_external has as `_bootstrap`: the module `plain`.

    When `exec_module`, importlib's, is about to execute a module's code, ask(loader, module, code)
    is called, unseen. Its answer is executed instead, if it is not None. begin() is called, unseen,
    when a loader has been found for a module."""

    def __new__(
        cls,
        plain: ModuleType,
        exec_module: Any,
        ask: Callable[..., Any],
        begin: Callable[[], object],
    ) -> Self: ...

@final
class Lookup:
    """What a loader's class has as `get_code`: the method `plain`.

    When `exec_module` is about to call it, ask(loader, module) is called, unseen. Its answer is the
    code, if it is not None."""

    def __new__(cls, plain: Any, exec_module: Any, ask: Callable[..., Any]) -> Self: ...

@final
class Done:
    """Awaited, it has `value` as its result at once."""

    def __new__(cls, value: object) -> Self: ...
    def __await__(self) -> Iterator[Any]: ...
    def __iter__(self) -> Iterator[Any]: ...
    def __next__(self) -> Any: ...

@final
class OwnFile:
    """A file descriptor, for as long as it is the file that it is now: a program may close all
    descriptors, and open its own files at the same numbers. Closed when it is dropped, too."""

    def __new__(cls, fd: int) -> Self: ...
    @classmethod
    def memfd(cls, name: str, /) -> Self:
        """A new memfd that can be sealed, and that no other user may open. Raises OSError."""
    def fileno(self) -> int:
        """Return the number. Raises OSError EBADF when it is not ours any more."""
    def is_ours(self) -> bool: ...
    def close(self) -> None:
        """Close it if it is still ours. Twice is once."""

def receive(fd: int, inbox: list[tuple[bytearray, list[OwnFile]]], most: int, /) -> None:
    """Append the next packet of the socket `fd`, of at most `most` bytes, to `inbox`, with the
    files that came with it, four at most; empty where the other side has closed it. No exception
    comes in between. Raises OSError: EMFILE when this process has no room for the files."""

def under(lock: Any, function: Callable[_P, _R], /, *args: _P.args, **kwargs: _P.kwargs) -> _R:
    """Call function(*args) between lock.acquire() and lock.release(): no exception comes between
    its end and the release, as one may at the end of a `with`."""

SHARED_BYTES: int  # that a Shared takes of a file: whole pages
quiet: Quiet  # nothing is recorded on this thread inside `with quiet:`
# Whose section a context is in. Change it inside `with quiet:`, or threads do not notice.
section_var: ContextVar[Recorder | None]

def attach(recorder: Recorder, /) -> None:
    """Record this thread into `recorder`. RuntimeError when it has one."""

def detach() -> None: ...
def attached() -> Recorder | None: ...
def section_open(recorder: Recorder, /) -> Any:
    """Record the current context, and contexts copied from it, into `recorder`; returns a token."""

def section_close(recorder: Recorder, token: Any = ..., /) -> None:
    """End the section, in whatever context: no thread records into it any more. Twice is once.
    Without a token, its context goes on to hold what is no section."""

def section() -> Recorder | None:
    """The live section of the current context."""

def record_process(recorder: Recorder | None, /) -> None:
    """Record every thread that has no recorder of its own, and is in no section; None ends that."""

def watch_device(memory: object, index: int, changed: Callable[[int], Recorder | None], /) -> None:
    """Call changed(word) when the word at `index` of `memory` has changed, before the next record
    of whatever thread, and record_process() what it returns."""

def map_over(memory: mmap, fd: int, prot: int, /) -> None:
    """Map the file `fd` over `memory`, an anonymous mapping. Raises OSError; then `memory` may be
    gone, and must not be used."""

def count_everyone(counters: Counters | None, /) -> None:
    """Count the hits of all threads in `counters`, too; None ends that."""

def everyone() -> Counters | None: ...
def new_counters() -> Counters: ...
def get_task() -> Any:
    """What set_task() kept for this thread; None in a forked child."""

def set_task(task: Any, /) -> None:
    """Keep `task` with this thread. Its exit() is called when the thread ends, on the thread."""

def generation() -> int:
    """Number of forks between the first process and this one, those made in C included."""

def on_fork(function: Callable[[], bool], /) -> None:
    """Call function() in a forked child, before the first record of its, whoever forked; until it
    has returned True."""

def notice() -> None:
    """Call what on_fork() was given, if this process was forked and it was not called yet."""

def remove_at_end(path: bytes | None, /) -> None:
    """Remove the file when this process ends by exit(), or by a SIGTERM or SIGHUP that the program
    leaves to its default action; not when a forked child does. None ends that.

    signal.getsignal() goes on to say SIG_DFL.
    """

def gc_start(phase: Literal["start", "stop"], info: dict[str, int], /) -> None: ...
def gc_stop(phase: Literal["start", "stop"], info: dict[str, int], /) -> None: ...
def hook_signal(plain: Any, plain_get: Any, default_int_handler: Any, /) -> tuple[Any, Any]:
    """A _signal.signal that wraps Python handlers in Handler, and unwraps what it returns; and a
    _signal.getsignal that unwraps what it returns."""

def hook_marshal(dumps: Any, dump: Any, strip: Callable[[Any], Any], /) -> tuple[Any, Any]:
    """A marshal.dumps and a marshal.dump that write strip(value) where they can't write a value."""

def run_main(code: CodeType | str, names: dict[str, Any], /) -> None:
    """Execute a main module's code, which finds no frames below its own. From then on this thread
    is unseen, until an Ending or a last_hook() comes to the interpreter's end.

    code: or a path, and the interpreter reads the file itself, without giving it probes."""

def print_uncaught(error: list[BaseException], /) -> None:
    """Do with the exception in the list, which is taken out, what the interpreter does with one
    that nobody has caught. Does not return where sys.excepthook raises SystemExit."""

def last_hook(hook: Any, /) -> Any:
    """A sys.excepthook that says nothing of what run_main() has raised, and puts `hook` back."""

def hook_executing(function: Callable[[CodeType, dict[str, Any]], CodeType] | None, /) -> None:
    """Have function(code, globals) say what exec() and eval() execute in the place of a module's
    code that has no probes; None: leave them alone. It runs untraced and unrecorded."""

def set_code(function: FunctionType, code: CodeType, /) -> None:
    """function.__code__ = code, but calls of the function stay as fast as they were."""

def signal_flags(signum: int, flags: int, /) -> int:
    """Set the sa_flags of a signal, unless `flags` is negative; returns them."""
