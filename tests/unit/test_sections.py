"""Sections: a context, and those copied from it, are recorded."""

from __future__ import annotations

import contextvars
import threading

import pytest
from tests.unit.cores import A, B, C, Recording, attached, hit, in_thread, section

from pykcov import probe

EMPTY = contextvars.Context


def test_the_current_context_is_recorded() -> None:
    with section(Recording()) as made:
        assert probe.section() is made.recorder
        hit(A, B)
    hit(C)
    assert probe.section() is None
    assert made.pcs == [A.pc, B.pc]


def test_copies_are_recorded() -> None:
    with section(Recording()) as made:
        copy = contextvars.copy_context()
        copy.run(hit, A)
        EMPTY().run(hit, B)
        copy.run(lambda: EMPTY().run(hit, B))
        EMPTY().run(copy.run, hit, A)
        hit(C)
    copy.run(hit, B)
    assert made.pcs == [A.pc, A.pc, C.pc]


def test_copies_in_threads_are_recorded() -> None:
    with section(Recording()) as made:
        copy = contextvars.copy_context()
        in_thread(lambda: copy.run(hit, A))
        in_thread(lambda: EMPTY().run(hit, B))
        in_thread(lambda: (copy.run(hit, A), EMPTY().run(hit, B), copy.run(hit, C)))
    in_thread(lambda: copy.run(hit, B))
    assert made.pcs == [A.pc, A.pc, C.pc]


def test_other_sections_do_not_mix() -> None:
    first, second = Recording(), Recording()
    one, two = EMPTY(), EMPTY()
    tokens = (
        one.run(probe.section_open, first.recorder),
        two.run(probe.section_open, second.recorder),
    )
    for _ in range(3):
        one.run(hit, A)
        two.run(hit, B, B)
        hit(C)
    one.run(probe.section_close, first.recorder, tokens[0])
    one.run(hit, C)
    two.run(hit, B)
    two.run(probe.section_close, second.recorder, tokens[1])
    assert (first.pcs, second.pcs) == ([A.pc] * 3, [B.pc] * 7)


def test_own_recorder_comes_first() -> None:
    with section(Recording()) as inner:
        hit(A)
        with attached(Recording()) as own:
            hit(B)
            contextvars.copy_context().run(hit, B)
        hit(C)
    assert (inner.pcs, own.pcs) == ([A.pc, C.pc], [B.pc, B.pc])


def test_section_opened_under_an_own_recorder() -> None:
    with attached(Recording()) as own, section(Recording()) as inner:
        hit(A)
    assert (own.pcs, inner.pcs) == ([A.pc], [])


def test_opening_twice() -> None:
    with section(Recording()) as made:
        with pytest.raises(RuntimeError, match="open"):
            probe.section_open(made.recorder)
        hit(A)
    with section(made):  # but again it may
        hit(B)
    assert made.pcs == [A.pc, B.pc]


def test_closing_twice() -> None:
    made = Recording()
    token = probe.section_open(made.recorder)
    probe.section_close(made.recorder, token)
    probe.section_close(made.recorder, token)
    hit(A)
    assert made.pcs == []


def test_closing_needs_a_token() -> None:
    made = Recording()
    token = probe.section_open(made.recorder)
    with pytest.raises(TypeError):
        probe.section_close(made.recorder, None)
    probe.section_close(made.recorder, token)
    hit(A)
    assert (made.pcs, probe.section()) == ([], None)


def test_closed_in_another_context() -> None:
    made = Recording()
    copy = EMPTY()
    token = copy.run(probe.section_open, made.recorder)
    copy.run(hit, A)
    probe.section_close(made.recorder, token)
    copy.run(hit, B)
    assert made.pcs == [A.pc]
    assert copy.run(probe.section) is None


def test_closed_by_another_thread_while_this_one_records() -> None:
    made = Recording()
    token = probe.section_open(made.recorder)
    hit(A)
    in_thread(lambda: probe.section_close(made.recorder, token))
    hit(B)
    assert made.pcs == [A.pc]


def test_opened_while_another_thread_has_looked_already() -> None:
    """The first section makes every thread look again, those that cached "nobody" too."""
    made, copies = Recording(), [EMPTY()]
    step = threading.Barrier(2)

    def work() -> None:
        hit(A)
        step.wait()
        step.wait()
        hit(A)
        copies[0].run(hit, B)

    thread = threading.Thread(target=work)
    thread.start()
    step.wait()
    token = copies[0].run(probe.section_open, made.recorder)
    step.wait()
    thread.join()
    copies[0].run(probe.section_close, made.recorder, token)
    assert made.pcs == [B.pc]


def test_never_closed() -> None:
    """Its context goes, and the section with it; the next is not disturbed."""
    lost = Recording()
    EMPTY().run(probe.section_open, lost.recorder)
    del lost
    with section(Recording()) as made:
        hit(A)
    assert made.pcs == [A.pc]


def test_program_stores_something_else_in_our_variable() -> None:
    made = Recording()
    token = probe.section_open(made.recorder)
    (variable,) = [v for v in contextvars.copy_context() if v.name == "pykcov.section"]
    for foreign in (42, "x" * 1000, A, object()):
        other = variable.set(foreign)
        assert probe.section() is None
        EMPTY().run(hit, C)  # another context: the answer is looked up again
        hit(B)
        variable.reset(other)
    EMPTY().run(hit, C)
    hit(A)
    probe.section_close(made.recorder, token)
    assert made.pcs == [A.pc]


def test_program_copies_the_variables_of_a_context() -> None:
    """As asgiref does, from one thread's context to another's."""
    with section(Recording()) as made:
        items = list(contextvars.copy_context().items())

        def adopt() -> None:
            for variable, value in items:
                variable.set(value)
            hit(A)

        in_thread(lambda: EMPTY().run(adopt))
    in_thread(lambda: EMPTY().run(adopt))
    assert made.pcs == [A.pc]


def test_in_blocks() -> None:
    with section(Recording(blocks=True)) as made:
        hit(B, A, B)
        contextvars.copy_context().run(hit, C)
    assert made.pcs == []
    assert made.recorder.consume() == 3
    assert made.pcs == [B.pc, A.pc, C.pc]
