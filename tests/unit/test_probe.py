"""The C core on one thread: probes, recorders, and who gets a record."""

from __future__ import annotations

import contextvars
import gc
import mmap
import sys
from typing import Any

import pytest
from tests.unit.cores import A, B, C, Recording, attached, hit, in_thread, section

from pykcov import probe


class TestProbe:
    def test_is_a_constant(self) -> None:
        assert ~A is None
        assert len({A, B, A}) == 2
        assert A != B
        assert repr(A) == f"<pykcov probe {A.pc:#x}>"
        assert (B.index, C.index) == (A.index + 1, A.index + 2)

    @pytest.mark.parametrize("pc", [0, 1, 2**63, 2**64 - 1])
    def test_any_pc(self, pc: int) -> None:
        with attached(Recording()) as made:
            hit(probe.Probe(pc))
        assert made.pcs == [pc]

    def test_is_read_only_and_final(self) -> None:
        for name in ("pc", "index", "other"):
            with pytest.raises(AttributeError):
                setattr(A, name, 1)
        with pytest.raises(TypeError):
            type("Sub", (probe.Probe,), {})
        with pytest.raises(TypeError):
            probe.Probe("pc")  # type: ignore[arg-type]

    def test_references(self) -> None:
        code, owner = hit.__code__, object()
        before = sys.getrefcount(code), sys.getrefcount(owner), sys.getrefcount(probe.Origin)
        for _ in range(100):
            probe.Origin(code, owner, b"\0")
            probe.Probe(1)
        after = sys.getrefcount(code), sys.getrefcount(owner), sys.getrefcount(probe.Origin)
        assert after == before


class TestRecorder:
    def test_order_and_repeats(self) -> None:
        with attached(Recording()) as made:
            hit(A, B, A, A, C)
        assert made.pcs == [A.pc, B.pc, A.pc, A.pc, C.pc]

    def test_full(self) -> None:
        with attached(Recording(8)) as made:
            hit(*[A] * 7)
            assert not made.recorder.dropped
            hit(B, B)
        assert made.recorder.dropped
        assert made.words.tolist() == [7] + [A.pc] * 7

    @pytest.mark.parametrize("count", [7, 8, 9, 2**61 - 1, 2**63, 2**64 - 1])
    def test_garbage_count(self, count: int) -> None:
        with attached(Recording(8)) as made:
            made.words[0] = count
            hit(A, B)
            assert made.words.tolist() == [count] + [0] * 7
            made.words[0] = 6
            hit(A)
        assert made.words.tolist() == [7, 0, 0, 0, 0, 0, 0, A.pc]

    def test_smallest(self) -> None:
        memory = bytearray(16)
        probe.attach(probe.Recorder(memory))
        hit(A, B)
        probe.detach()
        assert memoryview(memory).cast("Q").tolist() == [1, A.pc]

    def test_odd_bytes_at_the_end_are_not_touched(self) -> None:
        memory = bytearray(8 * 3 + 7)
        probe.attach(probe.Recorder(memory))
        hit(A, B, C)
        probe.detach()
        assert memory[24:] == bytes(7)

    def test_what_is_no_area(self) -> None:
        for area, error in (
            (bytes(64), BufferError),
            (bytearray(15), ValueError),
            (bytearray(0), ValueError),
            (memoryview(bytearray(65))[1:], ValueError),
            (memoryview(bytearray(64))[::2], BufferError),
            (42, TypeError),
        ):
            with pytest.raises(error):
                probe.Recorder(area)
        with pytest.raises(TypeError):
            probe.Recorder()  # type: ignore[call-arg]

    def test_pins_its_area(self) -> None:
        memory = bytearray(64)
        recorder = probe.Recorder(memory)
        with pytest.raises(BufferError):
            memory.clear()
        probe.attach(recorder)
        del recorder
        with pytest.raises(BufferError):
            memory.clear()
        probe.detach()
        memory.clear()

    def test_failing_to_make_one_lets_go(self) -> None:
        memory = bytearray(15)
        with pytest.raises(ValueError, match="2 or more"):
            probe.Recorder(memory)
        memory.clear()

    def test_references(self) -> None:
        memory = mmap.mmap(-1, 4096)
        before = sys.getrefcount(memory), sys.getrefcount(probe.Recorder)
        for _ in range(100):
            probe.attach(probe.Recorder(memory, True))
            hit(A)
            probe.detach()
            probe.section_close(one := probe.Recorder(memory), probe.section_open(one))
        hit(A)
        del one
        assert (sys.getrefcount(memory), sys.getrefcount(probe.Recorder)) == before
        memory.close()


class TestAttach:
    def test_one_for_each_thread(self) -> None:
        first, second = Recording(), Recording()
        with attached(first):
            assert probe.attached() is first.recorder
            with pytest.raises(RuntimeError, match="already"):
                probe.attach(second.recorder)
            hit(A)
        assert probe.attached() is None
        probe.detach()
        assert (first.pcs, second.pcs) == ([A.pc], [])

    def test_what_is_no_recorder(self) -> None:
        for what in (None, 42, A, bytearray(64)):
            with pytest.raises(TypeError, match="Recorder"):
                probe.attach(what)  # type: ignore[arg-type]
            with pytest.raises(TypeError, match="Recorder"):
                probe.section_open(what)  # type: ignore[arg-type]
        assert probe.attached() is None

    def test_again(self) -> None:
        made = Recording()
        for _ in range(3):
            with attached(made):
                hit(A)
            hit(B)
        assert made.pcs == [A.pc] * 3


class TestQuiet:
    def test_nests(self) -> None:
        with attached(Recording()) as made:
            with probe.quiet:
                hit(A)
                with probe.quiet:
                    hit(A)
                hit(A)
            hit(B)
        assert made.pcs == [B.pc]

    def test_survives_exceptions(self) -> None:
        with attached(Recording()) as made:
            with pytest.raises(KeyError), probe.quiet:
                raise KeyError
            hit(B)
        assert made.pcs == [B.pc]

    def test_begins_outside(self) -> None:
        made = Recording()
        with probe.quiet, attached(made):
            hit(A)
        with probe.quiet, section(made):
            hit(A)
        assert made.pcs == []

    def test_is_its_threads(self) -> None:
        made = Recording()

        def record() -> None:
            with attached(made):
                hit(A)

        with probe.quiet:
            in_thread(record)
        assert made.pcs == [A.pc]


class TestEveryone:
    def test_beside_the_recorder(self) -> None:
        counters = probe.new_counters()
        probe.count_everyone(counters)
        try:
            assert probe.everyone() is counters
            hit(A)
            with attached(Recording()) as made:
                hit(B, B)
            in_thread(lambda: hit(C))
            with probe.quiet:
                hit(A)
        finally:
            probe.count_everyone(None)
        hit(A)
        assert made.pcs == [B.pc, B.pc]
        assert counters.hits() == [(A.pc, 1), (B.pc, 2), (C.pc, 1)]
        assert probe.everyone() is None

    def test_what_is_none(self) -> None:
        with pytest.raises(TypeError):
            probe.count_everyone(42)  # type: ignore[arg-type]


@pytest.mark.skipif(sys.version_info < (3, 12), reason="__release_buffer__ is new in 3.12")
class TestExporterWritten:
    """Letting go of an area may run Python: its exporter's, and so may any lookup."""

    class Exporter:
        def __init__(self, on_release: Any) -> None:
            self.memory, self.on_release = bytearray(64), on_release

        def __buffer__(self, flags: int) -> memoryview:
            return memoryview(self.memory)

        def __release_buffer__(self, view: memoryview) -> None:
            view.release()
            self.on_release()

    def test_blocks_in_it_are_recorded(self) -> None:
        old = probe.Recorder(self.Exporter(lambda: hit(B)))
        token = probe.section_open(old)
        hit(A)
        probe.section_close(old, token)
        del old
        with section(Recording()) as made:
            del token
            gc.collect()
            hit(A)
            hit(C)
        assert made.pcs == [B.pc, A.pc, C.pc]

    def test_it_closes_the_section_meanwhile(self) -> None:
        made, token = Recording(), None
        old = probe.Recorder(self.Exporter(lambda: probe.section_close(made.recorder, token)))
        first = probe.section_open(old)
        hit(A)
        probe.section_close(old, first)
        del old, first
        token = probe.section_open(made.recorder)
        hit(A)
        assert made.pcs == []


def test_context_is_left_as_it_was() -> None:
    before = list(contextvars.copy_context().items())
    with section(Recording()):
        pass
    assert list(contextvars.copy_context().items()) == before
