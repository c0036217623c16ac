/* The functions that the files of the probe core share. Structures have headers of their own.
 *
 *   probe.c      the slots behind ~probe and -probe: the hot path
 *   origin.c     links rewritten code to the original code
 *   answers.c    makes the attributes of rewritten code those of the original
 *   replacing.c  the replace() of rewritten code
 *   offsets.c    instruction offsets in frames and tracebacks
 *   monitoring.c instruction offsets in sys.monitoring
 *   decode.c     decodes instructions and positions of a code object, for the rewriter
 *   fill.c       puts probes into code from the cache
 *   thread.c     the current recorder of a thread
 *   guard.c      detects the end of threads, and lists them
 *   compare.c    the slots behind comparisons
 *   recorder.c   records into an area (mode trace) or counters (mode blocks)
 *   counters.c   hit counts, and the list of blocks hit since the last time
 *   interrupts.c pauses recording for the garbage collector, signal handlers and pykcov itself
 *   hooks.c      replacements for functions of the standard library
 *   importing.c  hooks into importlib
 *   unseen.c     hides pykcov's own work on the program's threads
 *   running.c    runs a program's main module, and ends the process
 *   shared.c     the state that processes share with a descriptor
 *   ticket.c     publishes sections and their generations into an area
 *   tally.c      counts sections, and what became of them
 *   mapping.c    maps areas into memory
 *   own_file.c   file descriptors that the program may close
 *   receive.c    receives packets with file descriptors
 *   whole.c      steps that no exception may interrupt
 *   together.c   single records of several processes into one area
 *   unique.c     records each block once, using a bitmap in the area
 *   ring.c       sections of several processes, for one watcher
 *   buffers.c    checks buffers passed from Python
 *   module.c     glue
 *
 * Everything here is guarded by the GIL, except for fields that say otherwise.
 */
#ifndef PYKCOV_H
#define PYKCOV_H

#include "thread.h"
#include "unseen.h"

/* One interpreter at a time, so one set of globals: module.c refuses any other. Where the process
 * initializes Python a second time, thread_setup() begins with a new set. */
struct globals {
    PyTypeObject *probe, *instead, *origin, *comparison, *counters, *recorder; /* Owned. */
    PyTypeObject *guard, *quiet, *handler, *shared, *ticket;          /* Owned. */
    PyTypeObject *whole, *done, *own_file, *unseen, *importlib, *lookup;  /* Owned. */
    PyTypeObject *ending, *callback;                                  /* Owned. */
    /* Owned. Methods of the code type that others stand in for; NULL: not yet, or not in this version. */
    PyObject *code_replace, *code_lines, *code_positions, *code_branches;
    PyObject *acquire_name, *release_name;                            /* Owned. */
    PyObject *section_var;     /* Owned. ContextVar whose value is a recorder. */
    PyObject *guard_key;       /* Owned. */
    PyObject *gc_callbacks;    /* Owned. The list gc.callbacks. */
    PyObject *executed;        /* Owned. Says what exec() executes, or NULL. */
    PyObject *signal, *getsignal, *default_int_handler; /* Owned. Of hooks.c: what was there; */
    PyObject *dumps, *dump, *strip;                     /* Owned. and what takes probes out. */
    struct recorder *process;  /* Owned. Of threads without one of their own, or NULL. */
    struct counters *everyone; /* Owned. The process-wide set while it is switched on, or NULL. */
    const uint64_t *device;    /* Borrowed from device_buffer: changes when `process` is to; never NULL */
    uint64_t device_seen;      /* what it was when `process` was asked for */
    PyObject *device_changed;  /* Owned. Called with *device, returns the new `process`. NULL: none. */
    Py_buffer device_buffer;   /* Owned. Never let go: threads read through it. */
    struct guard *guards;      /* Borrowed. (list_lock) */
    struct left *left;         /* Owned, malloc. See guard.c. (list_lock) */
    uint32_t probes;           /* that were ever made */
    unsigned sections;         /* that are live */
    unsigned generation;       /* forks since the first process, and interpreters since the first */
    unsigned noticed;          /* the generation in which Python was last told of a fork */
};

extern struct globals kcov;

/* origin.c */
extern PyType_Spec origin_spec;

/* answers.c */
PyObject *answers_origin(PyObject *module, PyObject *code);
PyObject *answers_original(PyObject *module, PyObject *code);
PyObject *answers_running(PyObject *module, PyObject *code);
PyObject *answers_replace(PyObject *module, PyObject *args, PyObject *keywords);

/* monitoring.c */
extern PyType_Spec callback_spec;

/* decode.c */
PyObject *decode(PyObject *module, PyObject *args);
PyObject *positions(PyObject *module, PyObject *args);

/* fill.c */
PyObject *fill(PyObject *module, PyObject *args);

/* fork.c */
int fork_setup(void);
int fork_notice(void);
PyObject *fork_on(PyObject *module, PyObject *function), *fork_notice_now(PyObject *module, PyObject *ignored);

/* leaving.c */
void leaving_take(int signum);
PyObject *leaving_remove_at_end(PyObject *module, PyObject *path);

/* buffers.c */
int buffer_check(const Py_buffer *view, Py_ssize_t size, uint64_t least, const char *what);

/* compare.c */
extern PyType_Spec comparison_spec;

/* interrupts.c */
PyObject *interrupts_gc_start(PyObject *module, PyObject *args);
PyObject *interrupts_gc_stop(PyObject *module, PyObject *args);
extern PyType_Spec quiet_spec, handler_spec;

/* importing.c */
extern PyType_Spec importlib_spec, lookup_spec;

/* running.c */
PyObject *running_main(PyObject *module, PyObject *args);
PyObject *running_print(PyObject *module, PyObject *error);
PyObject *running_last_hook(PyObject *module, PyObject *hook);
PyType_Spec *running_ending_spec(void);

/* whole.c */
void whole_leave(int paused);
PyObject *whole_under(PyObject *module, PyObject *const *args, Py_ssize_t count);
extern PyType_Spec whole_spec, done_spec;

/* own_file.c */
extern PyType_Spec own_file_spec;
PyObject *own_file_empty(void);
void own_file_take(PyObject *self, int fd);

/* receive.c */
PyObject *receive(PyObject *module, PyObject *args);

/* hooks.c */
PyObject *hook_signal(PyObject *module, PyObject *args);
PyObject *hook_marshal(PyObject *module, PyObject *args);
PyObject *hook_set_code(PyObject *module, PyObject *args);
PyObject *hook_signal_flags(PyObject *module, PyObject *args);

/* executing.c */
PyObject *executing_hook(PyObject *module, PyObject *function);

/* shared.c */
long shared_bytes(void);
extern PyType_Spec shared_spec;

/* ticket.c */
extern PyType_Spec ticket_spec;

/* mapping.c */
PyObject *map_over(PyObject *module, PyObject *args);

/* ring.c */
PyObject *ring_report(PyObject *shared, PyObject *args);

#endif
