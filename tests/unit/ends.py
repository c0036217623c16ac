"""Programs that end in some way, as text: what they leave by, print, and do at their end."""

from __future__ import annotations

NO_FILES = """
import resource, signal
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
print('x')
"""
ENDS: dict[str, str] = {
    "atexit_exits": """
import atexit, sys
atexit.register(sys.exit, 3)
atexit.register(print, 'first')
""",
    "atexit_osexit": """
import atexit, os
atexit.register(os._exit, 11)
print('a', flush=True)
""",
    "atexit_raises": """
import atexit
def f(): 1 / 0
atexit.register(f)
atexit.register(print, 'first')
""",
    "atexit_signal": """
import atexit, os, signal
atexit.register(lambda: os.kill(os.getpid(), signal.SIGINT))
""",
    "closerange": """
import os
print('x', flush=True)
os.closerange(0, 256)
""",
    "closes_012": """
import os
for n in range(3): os.close(n)
""",
    "closes_2": """
import os
os.close(2)
""",
    "dies_SIGABRT": """
import os, signal
print('x', flush=True)
os.kill(os.getpid(), signal.SIGABRT)
import time; time.sleep(1)
""",
    "dies_SIGTERM": """
import os, signal
print('x', flush=True)
os.kill(os.getpid(), signal.SIGTERM)
import time; time.sleep(1)
""",
    "excepthook_exits": """
import sys
def hook(*a): sys.exit(21)
sys.excepthook = hook
1 / 0
""",
    "excepthook_frame": """
import sys
def hook(*a):
    print(sys._getframe().f_back, sys.exc_info(), a[2].tb_frame.f_code.co_name)
sys.excepthook = hook
1 / 0
""",
    "excepthook_none": """
import sys
sys.excepthook = None
1 / 0
""",
    "excepthook_raises": """
import sys
def hook(*a): raise KeyError('in hook')
sys.excepthook = hook
1 / 0
""",
    "exit_2args": """
raise SystemExit(1, 2)
""",
    "exit_code_set": """
e = SystemExit(1)
e.code = 6
raise e
""",
    "exit_without_code": """
class E(SystemExit):
    @property
    def code(self): raise ValueError('no')
    def __str__(self): return 'said'
raise E
""",
    "finally": """
import sys
try:
    1 / 0
finally:
    sys.exit(4)
""",
    "fork_child_raises": """
import os
pid = os.fork()
if not pid: 1 / 0
print(os.waitstatus_to_exitcode(os.wait()[1]))
""",
    "fork_child_returns": """
import os
if os.fork() == 0:
    print('child')
    raise SystemExit(5)
print(os.waitstatus_to_exitcode(os.wait()[1]))
""",
    "kbd_excepthook": """
import sys, atexit
sys.excepthook = lambda *a: print('hook', a[0].__name__)
atexit.register(lambda: print(sys.excepthook.__name__))
raise KeyboardInterrupt
""",
    "low_recursion2": """
import sys
def f(n):
    try: return f(n + 1)
    except RecursionError: return n
sys.setrecursionlimit(60)
print(f(0))
""",
    "low_recursion_import": """
import sys
def f(n):
    if n: return f(n - 1)
    import colorsys
    return colorsys
sys.setrecursionlimit(150)
for n in range(80, 150):
    sys.modules.pop('colorsys', None)
    try: f(n)
    except RecursionError: print(n); break
""",
    "multiprocessing": """
import multiprocessing, sys
def f(): sys.exit(6)
if __name__ == '__main__':
    p = multiprocessing.get_context('fork').Process(target=f)
    p.start(); p.join(); print(p.exitcode)
""",
    "nul": "x = '\x00'\n",
    "os_exit_flush": """
import os
print('kept', flush=True)
os._exit(256+7)
""",
    "sigint_handled": """
import os, signal, sys
signal.signal(signal.SIGINT, lambda *_: sys.exit(9))
os.kill(os.getpid(), signal.SIGINT)
import time; time.sleep(1)
""",
    "stderr_broken": """
import sys
class B:
    def write(self, t): raise ValueError('broken')
    def flush(self): raise ValueError('broken')
sys.stderr = B()
1 / 0
""",
    "stderr_closed": """
import sys
sys.stderr.close()
1 / 0
""",
    "stderr_none": """
import sys
sys.stderr = None
1 / 0
""",
    "stdout_broken": """
import sys
class B:
    closed = False
    def write(self, t): pass
    def flush(self): raise ValueError('broken')
sys.stdout = B()
""",
    "stdout_dup": """
import os
print('x')
os.dup2(os.open('/dev/full', os.O_WRONLY), 1)
""",
    "syntax": """
x = (
""",
    "thread_exit": """
import threading, sys
t = threading.Thread(target=sys.exit, args=(3,))
t.start(); t.join()
print('x')
""",
    "thread_fails": """
import threading
t = threading.Thread(target=lambda: 1 / 0, name='T')
t.start(); t.join()
""",
    "thread_hook": """
import threading
threading.excepthook = lambda a: print('hook', a.exc_type)
t = threading.Thread(target=lambda: 1 / 0)
t.start(); t.join()
""",
    "tracer_raises": """
import sys
def t(f, e, a): raise KeyError(e)
sys.settrace(t)
def f(): pass
f()
""",
}

# Values of a SystemExit. Numbers of more than 64 bits are not among them: CPython goes on with an
# exception pending, and ends differently where threading has been imported, as pykcov does.
VALUES = [
    "None",
    "'text'",
    "''",
    "0",
    "-1",
    "256",
    "2**31",
    "True",
    "1.5",
    "[1, 2]",
    "object",
    "()",
    "(1, 2)",
    "b'x'",
    "'\\udcff'",
    "OSError('x')",
    "SystemExit(4)",
]
