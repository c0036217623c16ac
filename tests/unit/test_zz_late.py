import contextvars, threading
from pykcov import probe
from tests.unit.cores import *
from tests.unit.native_raw import on_c_thread

class Finalized:
    def __init__(self, then): self.then = then
    def __del__(self): self.then()

def test_first_hit_while_the_thread_state_is_cleared():
    var = contextvars.ContextVar("v")
    with section(Recording()) as made:
        def work():
            var.set(Finalized(lambda: hit(C)))
        on_c_thread(work, 3)
    assert made.pcs == []

def test_first_hit_tl():
    local = threading.local()
    with section(Recording()) as made:
        def work():
            local.x = Finalized(lambda: hit(C))
        on_c_thread(work, 3)
    assert made.pcs == []
