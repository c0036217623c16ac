/* What pykcov does by itself on a thread of the program: unseen.c. */
#ifndef PYKCOV_UNSEEN_H
#define PYKCOV_UNSEEN_H

#include "compat.h"

struct unseen {
    PyThreadState *tstate; /* Borrowed. */
    int paused;            /* as the thread was before */
};
void unseen_enter(struct unseen *u);
void unseen_leave(struct unseen *u);
PyObject *unseen_call(PyObject *function, PyObject *const *args, Py_ssize_t count);
PyObject *unseen_wait(PyObject *function, PyObject *const *args, Py_ssize_t count);
extern PyType_Spec unseen_spec;

#endif
