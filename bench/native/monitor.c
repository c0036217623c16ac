/* A callback of sys.monitoring, as cheap as one can be: a word a hit, into an array.
 *
 * What is recorded is the code object's address, and the line or offset that the event is of.
 */
#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <stdint.h>

#define SIZE (1 << 22) /* words */

static uint64_t area[SIZE]; /* [0] is the count, as in an area of kcov's */

static void append(PyObject *code, PyObject *where)
{
    uint64_t count = area[0];
    if (count < SIZE - 1) {
        area[count + 1] = ((uint64_t)(uintptr_t)code << 16) ^ PyLong_AsUnsignedLongMask(where);
        area[0] = count + 1;
    }
}

static PyObject *record(PyObject *self, PyObject *const *args, Py_ssize_t count)
{
    (void)self;
    if (count < 2) {
        PyErr_SetString(PyExc_TypeError, "record() is called by sys.monitoring");
        return NULL;
    }
    append(args[0], args[count - 1]); /* a branch's is where it went */
    Py_RETURN_NONE;
}

static PyObject *clear(PyObject *self, PyObject *unused)
{
    (void)self;
    (void)unused;
    area[0] = 0;
    Py_RETURN_NONE;
}

static PyObject *count(PyObject *self, PyObject *unused)
{
    (void)self;
    (void)unused;
    return PyLong_FromUnsignedLongLong(area[0]);
}

static PyMethodDef methods[] = {
    {"record", (PyCFunction)(void (*)(void))record, METH_FASTCALL, "The callback."},
    {"clear", clear, METH_NOARGS, "Begin anew."},
    {"count", count, METH_NOARGS, "Number of records."},
    {0},
};
static PyModuleDef_Slot slots[] = {{0, NULL}};
static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT, .m_name = "monitor", .m_methods = methods, .m_slots = slots};

PyMODINIT_FUNC PyInit_monitor(void) { return PyModuleDef_Init(&definition); }
