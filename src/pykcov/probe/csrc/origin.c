/* Origin: what a rewritten code object was made of. The last of its constants. */
#include "pykcov.h"

#include <structmember.h>

struct origin {
    PyObject_HEAD
    PyObject *code;    /* Owned. NULL: nobody has asked for it yet. */
    PyObject *owner;   /* Owned. Who rewrote it, and may take it back. */
    PyObject *load;    /* Owned. load(number) returns the code; NULL where it is there. */
    Py_ssize_t number;
};

static PyObject *origin_new(PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
    static char *names[] = {"code", "owner", NULL};
    PyObject *code, *owner;

    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "O!O:Origin", names, &PyCode_Type, &code,
                                     &owner))
        return NULL;
    struct origin *origin = (struct origin *)type->tp_alloc(type, 0);
    if (origin != NULL) {
        origin->code = Py_NewRef(code);
        origin->owner = Py_NewRef(owner);
    }
    return (PyObject *)origin;
}

PyObject *origin_later(PyObject *load, Py_ssize_t number, PyObject *owner)
{
    struct origin *origin = (struct origin *)kcov.origin->tp_alloc(kcov.origin, 0);
    if (origin != NULL) {
        origin->owner = Py_NewRef(owner);
        origin->load = Py_NewRef(load);
        origin->number = number;
    }
    return (PyObject *)origin;
}

static void origin_dealloc(PyObject *self)
{
    struct origin *origin = (struct origin *)self;
    Py_CLEAR(origin->code);
    Py_CLEAR(origin->owner);
    Py_CLEAR(origin->load);
    plain_dealloc(self);
}

static PyObject *origin_code(PyObject *self, void *ignored)
{
    (void)ignored;
    struct origin *origin = (struct origin *)self;
    if (origin->code == NULL) {
        PyObject *load = Py_NewRef(origin->load);
        PyObject *number = PyLong_FromSsize_t(origin->number);
        PyObject *code = number == NULL ? NULL : unseen_call(load, &number, 1);
        Py_XDECREF(number);
        Py_DECREF(load);
        if (code == NULL)
            return NULL;
        if (!PyCode_Check(code)) {
            Py_DECREF(code);
            return PyErr_Format(PyExc_TypeError, "the code of an Origin is a code object");
        }
        Py_XSETREF(origin->code, code); /* another thread may have been here meanwhile */
        Py_CLEAR(origin->load);
    }
    return Py_NewRef(origin->code);
}

static PyMethodDef origin_methods[] = {
    {"__reduce__", reduce_to_zero, METH_NOARGS, NULL},
    {NULL, NULL, 0, NULL},
};

static PyMemberDef origin_members[] = {
    {"owner", T_OBJECT_EX, offsetof(struct origin, owner), READONLY, NULL},
    {NULL, 0, 0, 0, NULL},
};

static PyGetSetDef origin_getset[] = {
    {"code", origin_code, NULL, NULL, NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

static PyType_Slot origin_slots[] = {
    {Py_tp_doc, "Origin(code, owner): the last constant of a code object that was rewritten from code."},
    {Py_tp_new, origin_new},
    {Py_tp_dealloc, origin_dealloc},
    {Py_tp_members, origin_members},
    {Py_tp_getset, origin_getset},
    {Py_tp_methods, origin_methods},
    {0, NULL},
};

PyType_Spec origin_spec = {
    .name = "pykcov.probe.Origin",
    .basicsize = sizeof(struct origin),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_IMMUTABLETYPE,
    .slots = origin_slots,
};
