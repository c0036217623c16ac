/* The page that processes share with a descriptor. shared.c says what for. */
#ifndef PYKCOV_SHARED_H
#define PYKCOV_SHARED_H

#include "pykcov.h"

#include <pthread.h>
#include <sys/types.h>

/* kcov.c's, as in abi/kcov.py: those of an ENABLE are above INIT. */
#define KCOV_MODE_INIT 1
#define KCOV_MODE_TRACE_CMP 3

/* Sections of the ENABLE in force that have begun in a process and are not published. One that was
 * killed can't take its own back: who looks sees that it is dead, and forgets it. */
struct process {
    pid_t pid;     /* 0: free; in the last, which is all others', always */
    uint32_t live; /* 0: free */
};

#define PROCESSES 256

struct page {
    pthread_mutex_t lock;  /* robust, recursive: guards mode and size */
    pthread_mutex_t owner; /* robust: held by the thread that enabled */
    pthread_mutex_t append; /* robust: held for single records; no Python runs under it */
    uint64_t mode;
    uint64_t size;
    uint64_t bitmap_words; /* of the ENABLE in force, if that is KCOV_UNIQUE_ENABLE; else 0 */
    uint64_t sequence;     /* of ENABLEs: what began under another one is not published */
    struct process processes[PROCESSES]; /* those with live sections, in any order */
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

#endif
