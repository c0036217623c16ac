/* The page that processes share with a descriptor; see shared.c. */
#ifndef PYKCOV_SHARED_H
#define PYKCOV_SHARED_H

#include "pykcov.h"
#include "constants.h"

#include <pthread.h>
#include <sys/types.h>

/* Sections of the current generation in one process: those that have not ended, and those among them
 * that have not published anything yet. A killed process can't decrement its own counts: the process
 * that notices its death counts them as lost. */
struct process {
    uint64_t id;        /* a pid, or a service's number for a worker; the entry is free if live is 0 */
    uint32_t live;
    uint32_t unsettled;
};

#define PROCESSES 256 /* the last entry is for all other processes */

/* Counts of the sections of one generation, as described in control.h; clients read copies there. */
struct tally {
    uint64_t generation;
    uint64_t began, settled, over, published, overflowed, lost, late;
    uint64_t ever; /* of all generations since KCOV_REMOTE_ENABLE */
};

struct page {
    pthread_mutex_t lock;  /* robust, recursive: guards mode, size, and the publishing of sections */
    pthread_mutex_t owner; /* robust: held by the thread that enabled */
    pthread_mutex_t append; /* robust: held for single records; no Python runs under it */
    uint64_t mode;
    uint64_t size;
    uint64_t bitmap_words; /* of the ENABLE in force, if that is KCOV_UNIQUE_ENABLE; else 0 */
    uint64_t sequence;     /* number of the ENABLE: sections begun under another one are not published */
    struct tally tally;    /* (lock) */
    struct process processes[PROCESSES]; /* (lock) those with live sections, in any order */
    uint64_t resets;       /* how often a writer noticed that the client had cleared the area */
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
