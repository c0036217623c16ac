/* Module glue. */
#include "guest.h"

static int fill(PyObject *module)
{
    PyObject *listener = PyType_FromSpec(&listener_spec);
    int status = PyModule_AddObjectRef(module, "Listener", listener);
    Py_XDECREF(listener);
    return status;
}

static PyMethodDef functions[] = {
    {"launch", guest_launch, METH_VARARGS, NULL},
    {NULL, NULL, 0, NULL},
};

static PyModuleDef_Slot slots[] = {{Py_mod_exec, fill}, {0, NULL}};

static PyModuleDef definition = {
    PyModuleDef_HEAD_INIT, .m_name = "pykcov.guest._host", .m_methods = functions, .m_slots = slots};

PyMODINIT_FUNC PyInit__host(void)
{
    return PyModuleDef_Init(&definition);
}
