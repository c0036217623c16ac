/* How rewritten code presents itself as the original. See answers.c. */
#ifndef PYKCOV_ANSWERS_H
#define PYKCOV_ANSWERS_H

#include "pykcov.h"

/* Code units inserted before the original instruction at unit `offset`, or after the end. */
struct move {
    uint32_t offset;
    uint32_t before; /* units that all earlier ones inserted */
    uint32_t units;
    uint32_t told; /* the unit that they are reported as: `offset`, or, after the end, the one that they lead to */
};

/* The last constant of a rewritten code object. */
struct origin {
    PyObject_HEAD
    PyObject *code;   /* Owned. NULL: nobody has asked for it yet. */
    PyObject *owner;  /* Owned. Who rewrote it, and may take it back. */
    PyObject *load;   /* Owned. load(number) returns the code; NULL where it is there. */
    Py_ssize_t number;
    PyObject *layout; /* Owned. Bytes: origin.c says how they are written. */
    Py_ssize_t constants; /* of the original, which come first in the rewritten code's */
    PyObject *consts; /* Owned. These, as a tuple. NULL: likewise. */
    struct move *moves; /* Owned, malloc. In order. NULL: likewise. */
    size_t count;     /* of moves */
};

static inline struct origin *origin_of(PyObject *code) /* Borrowed. NULL: it was not rewritten. */
{
    PyObject *consts = ((PyCodeObject *)code)->co_consts;
    Py_ssize_t size = PyTuple_GET_SIZE(consts);
    PyObject *last = size > 0 ? PyTuple_GET_ITEM(consts, size - 1) : NULL;
    return last != NULL && Py_IS_TYPE(last, kcov.origin) ? (struct origin *)last : NULL;
}

static inline int equal(PyObject *a, PyObject *b) /* -1: an error. */
{
    return a == b ? 1 : PyObject_RichCompareBool(a, b, Py_EQ);
}

PyObject *origin_later(PyObject *load, Py_ssize_t number, PyObject *owner, PyObject *layout);
PyObject *origin_code(struct origin *origin);
PyObject *origin_consts(struct origin *origin, PyObject *all);
PyObject *origin_like(struct origin *origin, PyObject *code);
int origin_moves(struct origin *origin);

/* An attribute that has another getter, and the descriptor that was there. */
struct answer {
    const char *name;
    PyObject *found; /* Owned. */
    PyGetSetDef def;
};

int answers_begin(void);
int answers_put(PyObject *dict, const char *name, PyObject *descriptor);
int answers_over(PyTypeObject *type, PyObject *dict, struct answer *answer, getter get);
PyObject *answers_plain(PyObject *code);
PyObject *answers_replaced(PyObject *code, PyObject *keywords);
PyObject *replacing_method(PyObject *code, PyObject *const *args, Py_ssize_t count, PyObject *names);
int monitoring_begin(void);
int offsets_begin(void);
long offsets_told(PyObject *code, long at, int *inserted);
int offsets_copy(PyObject *code, char *told, Py_ssize_t size, PyObject *was, PyObject *now);

#endif
