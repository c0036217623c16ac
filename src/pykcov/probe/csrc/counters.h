/* How often each block was hit: counters.c. */
#ifndef PYKCOV_COUNTERS_H
#define PYKCOV_COUNTERS_H

#include "probe.h"

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

/* counters.c */
void counters_hit(struct counters *c, const struct probe *probe);
size_t counters_pending(const struct counters *c);
uint64_t counters_peek(const struct counters *c, size_t n);
void counters_drop(struct counters *c, size_t n);
int counters_listed(const struct counters *c, const struct probe *probe);
void counters_clear(struct counters *c);
extern PyType_Spec counters_spec;

#endif
