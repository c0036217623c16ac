/* The instructions of a code object, for the rewriter: a fifth of its time when this was Python. What
 * an opcode is it is told (instrumentation/versions.py has all that differs between versions). */
#include "pykcov.h"

enum { PLAIN, PREFIX, FORWARD, BACKWARD };

static PyObject *make(PyTypeObject *type, const Py_ssize_t fields[6])
{
    PyObject *made = type->tp_alloc(type, 6);
    for (int n = 0; made != NULL && n < 6; n++) {
        PyObject *number = PyLong_FromSsize_t(fields[n]);
        if (number == NULL)
            Py_CLEAR(made);
        else
            PyTuple_SET_ITEM(made, n, number);
    }
    if (made != NULL)
        PyObject_GC_UnTrack(made); /* nothing in it is the collector's affair */
    return made;
}

static int decode_all(PyObject *list, PyTypeObject *type, const Py_buffer *raw,
                      const unsigned char *caches, const unsigned char *kinds)
{
    const unsigned char *units = raw->buf;
    Py_ssize_t start = 0, extended = 0;
    for (Py_ssize_t at = 0; at < raw->len / 2; at++) {
        unsigned char op = units[2 * at], kind = kinds[op];
        Py_ssize_t arg = units[2 * at + 1] | extended;
        if (kind == PREFIX) {
            extended = (arg & 0xffffff) << 8;
            continue;
        }
        Py_ssize_t end = at + 1 + caches[op];
        Py_ssize_t target = kind == FORWARD ? end + arg : kind == BACKWARD ? end - arg : -1;
        PyObject *made = make(type, (Py_ssize_t[]){start, at, end, op, arg, target});
        if (made == NULL)
            return -1;
        int failed = PyList_Append(list, made);
        Py_DECREF(made);
        if (failed)
            return -1;
        start = end;
        at = end - 1;
        extended = 0;
    }
    return 0;
}

/* decode(raw, caches, kinds, type): see _core.pyi. */
PyObject *decode(PyObject *module, PyObject *args)
{
    (void)module;
    Py_buffer raw, caches, kinds;
    PyTypeObject *type;
    if (!PyArg_ParseTuple(args, "y*y*y*O!:decode", &raw, &caches, &kinds, &PyType_Type, &type))
        return NULL;
    PyObject *list = NULL;
    if (caches.len != 256 || kinds.len != 256 || !PyType_FastSubclass(type, Py_TPFLAGS_TUPLE_SUBCLASS))
        PyErr_SetString(PyExc_ValueError, "tables of 256 opcodes and a type of tuple are needed");
    else
        list = PyList_New(0);
    if (list != NULL && decode_all(list, type, &raw, caches.buf, kinds.buf) < 0)
        Py_CLEAR(list);
    PyBuffer_Release(&raw);
    PyBuffer_Release(&caches);
    PyBuffer_Release(&kinds);
    return list;
}
