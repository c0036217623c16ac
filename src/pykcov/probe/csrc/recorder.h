/* Where a task's records go: recorder.c, together.c, unique.c. */
#ifndef PYKCOV_RECORDER_H
#define PYKCOV_RECORDER_H

#include "counters.h"

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

/* recorder.c */
void recorder_compare(struct recorder *r, const uint64_t (*records)[4], uint64_t n);
void recorder_hit(struct recorder *r, const struct probe *probe);
extern PyType_Spec recorder_spec;

/* together.c */
void together_hit(struct recorder *r, const struct probe *probe);
void together_compare(struct recorder *r, const uint64_t (*records)[4], uint64_t n);
PyObject *together_share(PyObject *recorder, PyObject *shared);

/* unique.c */
int unique_is_set(const struct recorder *r, uint64_t pc);
int unique_record(struct recorder *r, uint64_t pc);
PyObject *unique_reset(PyObject *shared, PyObject *args);

#endif
