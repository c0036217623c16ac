/* The structures of the probe core, and the functions that its files share.
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

#include "compat.h"

/* One basic block. Its index is dense within this process; its PC is the same in all processes. */
struct probe {
    PyObject_HEAD
    uint64_t pc;
    uint32_t index;
};

/* One in the place of a constant. */
struct instead {
    struct probe probe;
    uint32_t constant; /* its number in co_consts */
    PyObject *value;   /* Owned. */
};

struct block {
    uint64_t pc;
    uint32_t index;
};

struct block_list {
    struct block *items; /* Owned, malloc. */
    size_t head, length, room;
};

struct counters {
    PyObject_HEAD
    uint64_t *cells; /* Owned, mmap. By probe index: hits, and LISTED in the top bit. */
    size_t room;     /* cells that there are */
    struct block_list pending; /* hit since they were last consumed, in order of the first hit */
    struct block_list seen;    /* hit since the last clear, likewise */
    char lost;                 /* a hit was dropped for want of memory */
};

struct recorder {
    PyObject_HEAD
    Py_buffer buffer;          /* Owned. Pins the mapping. */
    uint64_t *words;           /* Borrowed from buffer; count and PCs, which anybody may scribble on */
    uint64_t limit;            /* words from there on less one: where the last PC may stand */
    uint64_t *bitmap;          /* Borrowed from buffer. In unique mode, else NULL; likewise */
    uint64_t bitmap_words;
    struct counters *counters; /* Owned. NULL in the trace recording mode. */
    int comparisons;           /* it is these that go into the area, and no PCs */
    int live;                  /* a section, and not closed yet */
    unsigned generation;       /* of the process that opened the section */
    char dropped;              /* a record found the area full */
    struct shared *shared;     /* Owned. Other processes write to the area, too; else NULL. */
    uint64_t sequence;         /* of the ENABLE that it records for, if it is shared */
    uint64_t resets;           /* that its counters have seen, if it is shared */
    unsigned long long handle; /* of its section; 0: none. Only carried. */
};

/* The state of one OS thread. The first fields are the hot path's, in one cache line:
 *
 *   words, limit, step   the area to record into. While nobody records it is `scratch`, where each
 *                        record goes over the one before (step 0): the same path, no branch to miss.
 *                        limit 0, where nothing fits, sends every hit the long way: the answer to
 *                        "whose record is it" has changed, or is not that simple (counters)
 *   *watch != seen       that answer may have changed, and nobody could say so (thread.c). Probes
 *   *device != ...       compare only while there are sections, or other processes that may enable
 *                        this one; comparisons, which have no limit to look at, always do
 *   compare              who gets the comparisons, or NULL
 */
struct kcov_thread {
    uint64_t *words; /* Borrowed from own or section, or scratch. */
    uint64_t limit;
    uint64_t step;
    const uint64_t *watch; /* Borrowed. */
    uint64_t seen;
    const uint64_t *device; /* Borrowed from kcov.device. */
    uint64_t device_seen;
    struct recorder *compare; /* Borrowed from own or section, or kcov.process. */

    uint64_t scratch[2];
    int paused;               /* depth of quiet blocks, collector and signal handlers */
    int collecting;           /* the collector's share of paused: 0 or 1 */
    int whole, entered;       /* depth of what is to be done as a whole; one just was (whole.c) */
    uint64_t put_off;         /* signals whose handlers wait for the end of that: bit signum - 1 */
    unsigned generation;      /* of all below: that of another process or interpreter is not ours */
    struct recorder *own;     /* Owned. What this thread enabled. */
    PyObject *task;           /* Owned. Its exit() is called at the end of `state`. NULL: none. */
    uint64_t state;           /* id of the thread state with which `own` and `task` end */
    struct recorder *section; /* Owned. What the current context brought, if own is NULL. */
    PyObject *stale[2];       /* Owned. What the parent process had, until we may drop it. */
    struct guard *guard;      /* Borrowed from the thread state's dict. NULL: not registered. */
    uint64_t dead;            /* id of the thread state whose guard has gone */
};

/* See guard.c. */
struct guard {
    PyObject_HEAD
    struct kcov_thread *thread;  /* Borrowed. The last that had the thread state; NULL: it has ended.
                                  * (list_lock) */
    struct guard *next, **link;  /* the list of all. (list_lock) */
    uint64_t tstate;             /* id of the thread state */
    unsigned generation;
    char late;                   /* it may have missed the end: don't keep pointers to the state */
};

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
extern __thread struct kcov_thread kcov_thread COMPAT_TLS;

/* probe.c */
void probes_choose(void);
extern PyType_Spec probe_spec, instead_spec;
PyObject *probe_list(PyObject *module, PyObject *args);
PyObject *probe_instead(PyObject *probe, PyObject *value, uint32_t constant);
void plain_dealloc(PyObject *self); /* of what owns nothing */

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

/* thread.c */
extern const uint64_t device_none; /* where `device` points while no device is joined */
int thread_slow(struct kcov_thread *t, struct probe *probe);
int thread_look(struct kcov_thread *t);
void thread_off(struct kcov_thread *t);
void thread_changed(struct kcov_thread *t);
void thread_pause(struct kcov_thread *t);
void thread_resume(struct kcov_thread *t);
struct kcov_thread *thread_self(void);
void thread_record_process(PyObject *recorder);
struct recorder *thread_section(void);

/* guard.c */
int guards_setup(void);
void guards_lock(void);
void guards_unlock(void);
void guards_forget(void);
void guards_end(void);
void thread_all_changed(void);
void thread_forget_section(struct recorder *section);
struct guard *thread_register(struct kcov_thread *t);
extern PyType_Spec guard_spec;

/* compare.c */
extern PyType_Spec comparison_spec;

/* recorder.c */
void recorder_compare(struct recorder *r, const uint64_t (*records)[4], uint64_t n);
void recorder_hit(struct recorder *r, const struct probe *probe);
extern PyType_Spec recorder_spec;

/* counters.c */
void counters_hit(struct counters *c, const struct probe *probe);
size_t counters_pending(const struct counters *c);
uint64_t counters_peek(const struct counters *c, size_t n);
void counters_drop(struct counters *c, size_t n);
int counters_listed(const struct counters *c, const struct probe *probe);
void counters_clear(struct counters *c);
extern PyType_Spec counters_spec;

/* interrupts.c */
PyObject *interrupts_gc_start(PyObject *module, PyObject *args);
PyObject *interrupts_gc_stop(PyObject *module, PyObject *args);
extern PyType_Spec quiet_spec, handler_spec;

/* importing.c */
extern PyType_Spec importlib_spec, lookup_spec;

/* unseen.c */
struct unseen {
    PyThreadState *tstate; /* Borrowed. */
    int paused;            /* as the thread was before */
};
void unseen_enter(struct unseen *u);
void unseen_leave(struct unseen *u);
PyObject *unseen_call(PyObject *function, PyObject *const *args, Py_ssize_t count);
PyObject *unseen_wait(PyObject *function, PyObject *const *args, Py_ssize_t count);
extern PyType_Spec unseen_spec;

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

/* together.c */
void together_hit(struct recorder *r, const struct probe *probe);
void together_compare(struct recorder *r, const uint64_t (*records)[4], uint64_t n);
PyObject *together_share(PyObject *recorder, PyObject *shared);

/* unique.c */
int unique_is_set(const struct recorder *r, uint64_t pc);
int unique_record(struct recorder *r, uint64_t pc);
PyObject *unique_reset(PyObject *shared, PyObject *args);

#endif
