/* What the files of the probe core call of each other. Structures have headers of their own.
 *
 *   probe.c      the slots behind ~probe and -probe: the hot path
 *   origin.c     what rewritten code was made of
 *   answers.c    what it answers to those who read code objects
 *   replacing.c  and what its replace() makes
 *   offsets.c    where its instructions are, for frames and tracebacks
 *   monitoring.c and for sys.monitoring
 *   decode.c     the instructions of a code object and where they come from, for the rewriter
 *   fill.c       code that comes from the cache gets its probes
 *   thread.c     whose record is it: the current recorder of this thread
 *   guard.c      the end of a thread, and the list of all
 *   compare.c    the slot behind comparisons, and what it records of operands
 *   recorder.c   where it goes: an area (trace) or counters (blocks)
 *   counters.c   how often each block was hit, and which since last time
 *   interrupts.c what is not the task's: the collector, signal handlers, pykcov itself
 *   hooks.c      what stands in for functions of the standard library
 *   importing.c  where importlib comes to us for a module's code
 *   unseen.c     what we do by ourselves while the program runs
 *   running.c    the main module of a program that we run, and its end
 *   shared.c     what processes that share a descriptor agree on
 *   ticket.c     sections and their generations: how they get into an area
 *   tally.c      how many sections began, and what became of them
 *   mapping.c    areas in this process's memory
 *   own_file.c   file descriptors that a program may close
 *   receive.c    packets that bring some
 *   whole.c      steps that no exception may come between
 *   together.c   records of several processes that go into one area one by one
 *   unique.c     each block once, as a bitmap in the area says
 *   ring.c       sections of several processes that one reader watches
 *   buffers.c    memory of others: is it what it has to be?
 *   module.c     glue
 *
 * Everything here is guarded by the GIL, but for the fields that say otherwise.
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
