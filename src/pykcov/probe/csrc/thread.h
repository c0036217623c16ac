/* Whose record it is: thread.c, and guard.c, which knows when a thread ends. */
#ifndef PYKCOV_THREAD_H
#define PYKCOV_THREAD_H

#include "recorder.h"

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

extern __thread struct kcov_thread kcov_thread COMPAT_TLS;

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

#endif
