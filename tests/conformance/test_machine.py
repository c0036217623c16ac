"""Two descriptors and two threads, at random, against a model of KCOV-ABI.md's table."""

from __future__ import annotations

import errno
from dataclasses import dataclass, field

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from tests.conformance.adapter import PAGE_WORDS, Device, Map, Rows, Task
from tests.conformance.steps import number_of

from pykcov.abi.kcov import (
    ENOTSUPP,
    KCOV_DISABLE,
    KCOV_ENABLE,
    KCOV_INIT_TRACE,
    KCOV_RESET_TRACE,
    KCOV_UNIQUE_ENABLE,
    SIZE_MAX,
)

WHICH = st.integers(0, 1)
SIZES = st.sampled_from([0, 1, 2, PAGE_WORDS - 1, PAGE_WORDS, 2 * PAGE_WORDS, SIZE_MAX + 1])
# Words of a bitmap; a negative one is less than the area's size by so many.
BITMAPS = st.sampled_from([0, 1, 8, 8, PAGE_WORDS // 2, -3, -2, -1])


@dataclass
class Model:
    """A descriptor as the table has it. size 0: DISABLED; owner None: at most INIT.

    bitmap: its words, where the ENABLE was KCOV_UNIQUE_ENABLE; else 0.
    """

    size: int = 0
    owner: int | None = None
    bitmap: int = 0
    words: list[int] = field(default_factory=list)
    area: Map | None = None

    def record(self, pc: int) -> None:
        word, bit = divmod(number_of(pc), 64)
        if word < self.bitmap:
            if self.words[word] >> bit & 1:
                return
            self.words[word] |= 1 << bit
        if (count := self.words[self.bitmap]) < self.size - self.bitmap - 1:
            self.words[self.bitmap] += 1
            self.words[self.bitmap + count + 1] = pc

    def reset(self) -> None:
        self.words[: self.bitmap + 1] = [0] * (self.bitmap + 1)


def machine_of(device: Device) -> type[RuleBasedStateMachine]:
    own_code = Rows.OWN_CODE in device.holds
    keeps_recording = Rows.CLOSE_KEEPS_RECORDING in device.holds

    class Machine(RuleBasedStateMachine):
        def __init__(self) -> None:
            super().__init__()
            self.main: Task = device.start()
            self.threads = [self.main.thread(), self.main.thread()]
            self.fds = [self.main.open(), self.main.open()]
            self.models = [Model(), Model()]
            self.closed: dict[int, Model] = {}  # by owner: goes on recording

        def teardown(self) -> None:
            device.stop()

        def owned(self, thread: int) -> Model | None:
            every = [*self.models, *self.closed.values()]
            return next((model for model in every if model.owner == thread), None)

        def recorded(self, thread: int) -> Model | None:
            """What `thread` is recorded into: another's, too, where one collects all threads."""
            every = (thread,) if own_code else range(len(self.threads))
            return next((model for other in every if (model := self.owned(other))), None)

        def ask(self, thread: int, which: int, request: int, arg: int, expected: int) -> None:
            try:
                self.threads[thread].ioctl(self.fds[which], request, arg)
            except OSError as error:
                got = error.errno
            else:
                got = 0
            assert got == expected

        @rule(thread=WHICH, which=WHICH, size=SIZES)
        def init(self, thread: int, which: int, size: int) -> None:
            model = self.models[which]
            if not 2 <= size <= SIZE_MAX:
                expected = errno.EINVAL
            else:
                expected = errno.EBUSY if model.size else 0
            self.ask(thread, which, KCOV_INIT_TRACE, size, expected)
            if not expected:
                model.size, model.words = size, [0] * size
                if size % PAGE_WORDS == 0:
                    model.area = self.main.mmap(self.fds[which], size * 8)

        @rule(thread=WHICH, which=WHICH, mode=st.sampled_from([0, 0, 0, 1, 2]))
        def enable(self, thread: int, which: int, mode: int) -> None:
            model = self.models[which]
            if not model.size or model.owner is not None:
                expected = errno.EINVAL
            elif self.recorded(thread):
                expected = errno.EBUSY
            else:
                expected = {0: 0, 1: ENOTSUPP, 2: errno.EINVAL}[mode]
            self.ask(thread, which, KCOV_ENABLE, mode, expected)
            if not expected:
                model.owner, model.bitmap = thread, 0

        @rule(thread=WHICH, which=WHICH, words=BITMAPS)
        def unique_enable(self, thread: int, which: int, words: int) -> None:
            model = self.models[which]
            bitmap = words if words >= 0 else max(model.size + words, 0)
            if not model.size or model.owner is not None or not 0 < bitmap < model.size - 1:
                expected = errno.EINVAL
            else:
                expected = errno.EBUSY if self.recorded(thread) else 0
            self.ask(thread, which, KCOV_UNIQUE_ENABLE, bitmap, expected)
            if not expected:
                model.owner, model.bitmap = thread, bitmap

        @rule(thread=WHICH, which=WHICH, arg=st.sampled_from([0, 0, 0, 1]))
        def reset(self, thread: int, which: int, arg: int) -> None:
            model = self.models[which]
            expected = errno.EINVAL if arg or model.owner != thread else 0
            self.ask(thread, which, KCOV_RESET_TRACE, arg, expected)
            if not expected:
                model.reset()

        @rule(thread=WHICH, which=WHICH, arg=st.sampled_from([0, 0, 1]))
        def disable(self, thread: int, which: int, arg: int) -> None:
            model = self.models[which]
            expected = errno.EINVAL if arg or model.owner != thread else 0
            self.ask(thread, which, KCOV_DISABLE, arg, expected)
            if not expected:
                model.owner = None

        @rule(thread=WHICH, which=WHICH, request=st.sampled_from([0, 0x80046301]))
        def unknown(self, thread: int, which: int, request: int) -> None:
            self.ask(thread, which, request, PAGE_WORDS, errno.ENOTTY)

        @rule(which=WHICH, size=SIZES)
        def mmap(self, which: int, size: int) -> None:
            try:
                self.main.mmap(self.fds[which], size * 8).unmap()
                got = 0
            except OSError as error:
                got = error.errno or -1
            model = self.models[which]
            pages = -(-size // PAGE_WORDS) * PAGE_WORDS
            assert got == (0 if model.area and pages == model.size else errno.EINVAL)

        @rule(thread=WHICH, times=st.integers(1, 20))
        def run(self, thread: int, times: int) -> None:
            model = self.recorded(thread)
            for _ in range(times):
                self.threads[thread].run()
                if model:
                    for pc in device.pcs:
                        model.record(pc)

        @precondition(lambda self: any(model.area for model in self.models))
        @rule(
            which=WHICH,
            index=st.sampled_from([0, 1, 8, -1]),
            word=st.integers(0, 2 * PAGE_WORDS) | st.just(2**64 - 1),
        )
        def store(self, which: int, index: int, word: int) -> None:
            model = self.models[which]
            if model.area:
                model.area.store(index % model.size, word)
                model.words[index] = word

        @rule(which=WHICH)
        def close_and_open(self, which: int) -> None:
            model = self.models[which]
            self.main.close(self.fds[which])
            if model.owner is not None and keeps_recording:
                self.closed[model.owner] = model
            self.fds[which], self.models[which] = self.main.open(), Model()

        @rule(thread=WHICH, native=st.booleans())
        def end(self, thread: int, native: bool) -> None:
            self.threads[thread].end()
            if model := self.owned(thread):
                model.owner = None
            self.closed.pop(thread, None)
            self.threads[thread] = self.main.thread(native)

        @invariant()
        def areas_are_as_modelled(self) -> None:
            for model in [*self.models, *self.closed.values()]:
                if model.area:
                    assert model.area.words(0, model.size) == model.words

    return Machine


@pytest.mark.slow
def test_machine(device: Device) -> None:
    run_state_machine_as_test(
        machine_of(device),
        settings=settings(
            deadline=None,
            max_examples=50,
            stateful_step_count=30,
            suppress_health_check=list(HealthCheck),
        ),
    )
