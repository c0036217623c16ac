/* EmptyProbe: the same three instructions, a slot that returns at once. What a probe can't beat. */
#define PY_SSIZE_T_CLEAN
#include <Python.h>

static PyObject *empty_invert(PyObject *self)
{
    (void)self;
    Py_RETURN_NONE;
}

static PyType_Slot empty_slots[] = {{Py_nb_invert, empty_invert}, {0, NULL}};
static PyType_Spec empty_spec = {
    .name = "empty.EmptyProbe",
    .basicsize = sizeof(PyObject),
    .flags = Py_TPFLAGS_DEFAULT,
    .slots = empty_slots,
};

static int exec_module(PyObject *module)
{
    PyObject *type = PyType_FromSpec(&empty_spec);
    int failed = type == NULL || PyModule_AddObjectRef(module, "EmptyProbe", type) < 0;
    Py_XDECREF(type);
    return failed ? -1 : 0;
}

static PyModuleDef_Slot slots[] = {{Py_mod_exec, exec_module}, {0, NULL}};
static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT, .m_name = "empty", .m_slots = slots};

PyMODINIT_FUNC PyInit_empty(void) { return PyModuleDef_Init(&definition); }
