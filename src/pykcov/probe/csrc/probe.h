/* A probe, and one in the place of a constant. */
#ifndef PYKCOV_PROBE_H
#define PYKCOV_PROBE_H

#include "compat.h"

/* One basic block. Its index is dense in this process, its PC is the same in all. */
struct probe {
    PyObject_HEAD
    uint64_t pc;
    uint32_t index;
    char stood_in; /* one in the place of a constant was made that lives for ever */
};

/* One in the place of a constant. */
struct instead {
    struct probe probe;
    uint32_t constant; /* its number in co_consts; what the interpreter loads itself is behind the probes */
    PyObject *value;   /* Owned. */
};

/* probe.c */
void probes_choose(void);
extern PyType_Spec probe_spec, instead_spec;
PyObject *probe_list(PyObject *module, PyObject *args);
PyObject *probe_instead(PyObject *probe, PyObject *value, uint32_t constant);
void plain_dealloc(PyObject *self); /* of what owns nothing */

#endif
