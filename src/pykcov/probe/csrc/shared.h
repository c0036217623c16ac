/* The page that processes share with a descriptor. shared.c says what for. */
#ifndef PYKCOV_SHARED_H
#define PYKCOV_SHARED_H

#include "pykcov.h"
#include "constants.h"

#include <pthread.h>
#include <sys/types.h>

/* Sections of the present generation in one process: those that are not over, and of them those that
 * have published nothing yet. A process that is killed can't count its own down: whoever sees that it
 * is dead counts them as lost. */
struct process {
    uint64_t id;        /* a pid, or what the service calls a worker; free where live is 0 */
    uint32_t live;
    uint32_t unsettled;
};

#define PROCESSES 256 /* the last one is all others' */

/* The sections of one generation. control.h says what is counted; clients get copies there. */
struct tally {
    uint64_t generation;
    uint64_t began, settled, over, published, overflowed, lost, late;
    uint64_t ever; /* of all generations since KCOV_REMOTE_ENABLE */
};

struct page {
    pthread_mutex_t lock;  /* robust, recursive: guards mode, size, and what publishes sections */
    pthread_mutex_t owner; /* robust: held by the thread that enabled */
    pthread_mutex_t append; /* robust: held for single records; no Python runs under it */
    uint64_t mode;
    uint64_t size;
    uint64_t bitmap_words; /* of the ENABLE in force, if that is KCOV_UNIQUE_ENABLE; else 0 */
    uint64_t sequence;     /* of ENABLEs: what began under another one is not published */
    struct tally tally;    /* (lock) */
    struct process processes[PROCESSES]; /* (lock) those with live sections, in any order */
    uint64_t resets;       /* how often a writer found that the client had emptied the area */
    uint64_t head, lost;   /* of a ring: ring.c */
};

struct shared {
    PyObject_HEAD
    struct page *page;  /* Owned, mmap. */
    int claimed;        /* a thread of this process holds page->owner */
    unsigned generation;
};

int lock_result(pthread_mutex_t *mutex, int error);
int page_lock(struct page *page); /* 0, or an errno; may let other Python threads run */
void page_unlock(struct page *page);

/* ticket.c */
PyObject *ticket_begin(PyObject *shared, PyObject *args);

/* tally.c */
PyObject *tally_restart(PyObject *shared, PyObject *area);
PyObject *tally_lost(PyObject *shared, PyObject *args);
PyObject *tally_processes(PyObject *shared, PyObject *ignored);
PyObject *tally_counts(PyObject *shared, PyObject *ignored);

#endif
