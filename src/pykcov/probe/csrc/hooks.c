/* Functions that stand in for the standard library's own, and leave no frame of theirs on the stack:
 * tracebacks, sys.settrace and recursion depth of the traced program stay what they were. */
#include "pykcov.h"

#include <errno.h>
#include <signal.h>

/* A handler that Python code wrote; not SIG_DFL and SIG_IGN, which are integers, nor the interpreter's
 * own for SIGINT, which C code knows by its address. */
static PyObject *wrap_handler(PyObject *handler, PyObject *default_int)
{
    if (!PyCallable_Check(handler) || handler == default_int || Py_IS_TYPE(handler, kcov.handler))
        return Py_NewRef(handler);
    return PyObject_CallOneArg((PyObject *)kcov.handler, handler);
}

static PyObject *unwrap_handler(PyObject *handler) /* Steals handler. */
{
    if (handler == NULL || !Py_IS_TYPE(handler, kcov.handler))
        return handler;
    PyObject *function = PyObject_GetAttrString(handler, "function");
    Py_DECREF(handler);
    return function;
}

/* self: (_signal.signal, signal.default_int_handler) */
static PyObject *hooked_signal(PyObject *self, PyObject *const *args, Py_ssize_t count)
{
    PyObject *plain = PyTuple_GET_ITEM(self, 0);
    if (count != 2)
        return PyObject_Vectorcall(plain, args, (size_t)count, NULL); /* raises what it raises */
    PyObject *handler = wrap_handler(args[1], PyTuple_GET_ITEM(self, 1));
    if (handler == NULL)
        return NULL;
    PyObject *before = PyObject_CallFunctionObjArgs(plain, args[0], handler, NULL);
    Py_DECREF(handler);
    if (before != NULL)
        leaving_take((int)PyLong_AsLong(args[0])); /* it may have become SIG_DFL again */
    return unwrap_handler(before);
}

/* self: (_signal.getsignal, ...) */
static PyObject *hooked_getsignal(PyObject *self, PyObject *const *args, Py_ssize_t count)
{
    return unwrap_handler(PyObject_Vectorcall(PyTuple_GET_ITEM(self, 0), args, (size_t)count, NULL));
}

/* self: (code_of, run, exec): run is importlib's _call_with_frames_removed. */
static PyObject *hooked_exec_module(PyObject *self, PyObject *const *args, Py_ssize_t count)
{
    if (count != 2)
        return PyErr_Format(PyExc_TypeError, "exec_module() takes a loader and a module");
    PyObject *result = NULL, *dict = NULL;
    PyObject *code = PyObject_CallFunctionObjArgs(PyTuple_GET_ITEM(self, 0), args[0], args[1], NULL);
    if (code != NULL)
        dict = PyObject_GetAttrString(args[1], "__dict__");
    if (dict != NULL)
        result = PyObject_CallFunctionObjArgs(PyTuple_GET_ITEM(self, 1), PyTuple_GET_ITEM(self, 2),
                                              code, dict, NULL);
    Py_XDECREF(code);
    Py_XDECREF(dict);
    return result;
}

static PyMethodDef signal_def = {
    "signal", (PyCFunction)(void (*)(void))hooked_signal, METH_FASTCALL, NULL};
static PyMethodDef getsignal_def = {
    "getsignal", (PyCFunction)(void (*)(void))hooked_getsignal, METH_FASTCALL, NULL};
static PyMethodDef exec_module_def = {
    "exec_module", (PyCFunction)(void (*)(void))hooked_exec_module, METH_FASTCALL, NULL};

static PyObject *make(PyMethodDef *def, PyObject *args, Py_ssize_t count, int method)
{
    if (PyTuple_GET_SIZE(args) != count)
        return PyErr_Format(PyExc_TypeError, "hook_%s takes %zd arguments", def->ml_name, count);
    PyObject *function = PyCFunction_New(def, args);
    if (function == NULL || !method)
        return function;
    PyObject *bound = PyInstanceMethod_New(function); /* takes self as a function in a class does */
    Py_DECREF(function);
    return bound;
}

PyObject *hook_signal(PyObject *module, PyObject *args)
{
    (void)module;
    return make(&signal_def, args, 2, 0);
}

PyObject *hook_getsignal(PyObject *module, PyObject *args)
{
    (void)module;
    return make(&getsignal_def, args, 1, 0);
}

PyObject *hook_exec_module(PyObject *module, PyObject *args)
{
    (void)module;
    return make(&exec_module_def, args, 3, 1);
}

/* set_code(function, code): function.__code__ = code */
PyObject *hook_set_code(PyObject *module, PyObject *args)
{
    (void)module;
    PyObject *function, *code;
    if (!PyArg_ParseTuple(args, "O!O!:set_code", &PyFunction_Type, &function, &PyCode_Type, &code))
        return NULL;
    uint32_t before = compat_function_version(function);
    if (PyObject_SetAttrString(function, "__code__", code) < 0)
        return NULL;
    compat_function_changed(function, before);
    Py_RETURN_NONE;
}

/* signal_flags(signum, flags): set a signal's sa_flags unless flags is negative; return them. */
PyObject *hook_signal_flags(PyObject *module, PyObject *args)
{
    (void)module;
    int signum, flags;
    struct sigaction action;
    if (!PyArg_ParseTuple(args, "ii:signal_flags", &signum, &flags))
        return NULL;
    if (sigaction(signum, NULL, &action) != 0)
        return PyErr_SetFromErrno(PyExc_OSError);
    if (flags >= 0) {
        action.sa_flags = flags;
        if (sigaction(signum, &action, NULL) != 0)
            return PyErr_SetFromErrno(PyExc_OSError);
    }
    return PyLong_FromLong(action.sa_flags & 0x7fffffff);
}
