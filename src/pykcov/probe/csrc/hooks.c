/* Replacements for functions of the standard library that add no frame to the stack: tracebacks,
 * sys.settrace and the recursion depth of the traced program stay the same. */
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

/* What stands in for a function says of itself what that one does: profilers name it so. */
static PyObject *stand_in(PyMethodDef *def, PyObject **place, PyObject *plain)
{
    PyObject *self = NULL, *name = NULL;
    if (PyCFunction_Check(plain)) {
        def->ml_doc = ((PyCFunctionObject *)plain)->m_ml->ml_doc;
        self = PyCFunction_GET_SELF(plain);
        name = ((PyCFunctionObject *)plain)->m_module;
    }
    Py_XSETREF(*place, Py_NewRef(plain));
    return PyCFunction_NewEx(def, self, name);
}

static PyObject *hooked_signal(PyObject *module, PyObject *const *args, Py_ssize_t count)
{
    (void)module;
    if (count != 2)
        return PyObject_Vectorcall(kcov.signal, args, (size_t)count, NULL); /* raises what it raises */
    PyObject *handler = wrap_handler(args[1], kcov.default_int_handler);
    if (handler == NULL)
        return NULL;
    PyObject *before = PyObject_CallFunctionObjArgs(kcov.signal, args[0], handler, NULL);
    Py_DECREF(handler);
    if (before != NULL)
        leaving_take((int)PyLong_AsLong(args[0])); /* it may have become SIG_DFL again */
    return unwrap_handler(before);
}

static PyObject *hooked_getsignal(PyObject *module, PyObject *const *args, Py_ssize_t count)
{
    (void)module;
    return unwrap_handler(PyObject_Vectorcall(kcov.getsignal, args, (size_t)count, NULL));
}

/* marshal can't write a probe. Where it fails, code objects are written as they were before they were
 * instrumented. What it can write it writes by itself, at no cost. args: the value, and the rest. */
static PyObject *dumped(PyObject *const *args, Py_ssize_t count, PyObject *names)
{
    PyObject *result = PyObject_Vectorcall(kcov.dumps, args, (size_t)count, names);
    Py_ssize_t all = count + (names != NULL ? PyTuple_GET_SIZE(names) : 0);
    if (result != NULL || count < 1 || all > 3 || !PyErr_ExceptionMatches(PyExc_ValueError))
        return result;
    struct compat_error error = compat_error_take();
    PyObject *stripped = unseen_call(kcov.strip, args, 1);
    if (stripped == NULL) {
        PyErr_Clear();
        compat_error_restore(error);
        return NULL;
    }
    PyObject *others[3] = {stripped};
    for (Py_ssize_t n = 1; n < all; n++)
        others[n] = args[n];
    result = PyObject_Vectorcall(kcov.dumps, others, (size_t)count, names);
    Py_DECREF(stripped);
    compat_error_drop(&error);
    return result;
}

static PyObject *hooked_dumps(PyObject *module, PyObject *const *args, Py_ssize_t count,
                              PyObject *names)
{
    (void)module;
    return dumped(args, count, names);
}

static PyObject *hooked_dump(PyObject *module, PyObject *const *args, Py_ssize_t count,
                             PyObject *names)
{
    (void)module;
    Py_ssize_t all = count + (names != NULL ? PyTuple_GET_SIZE(names) : 0);
    if (count < 2 || all > 4)
        return PyObject_Vectorcall(kcov.dump, args, (size_t)count, names); /* raises what it raises */
    PyObject *others[3] = {args[0]};
    for (Py_ssize_t n = 2; n < all; n++)
        others[n - 1] = args[n];
    PyObject *data = dumped(others, count - 1, names);
    PyObject *result = data == NULL ? NULL : PyObject_CallMethod(args[1], "write", "O", data);
    Py_XDECREF(data);
    return result;
}

#define FASTCALL(function) (PyCFunction)(void (*)(void)) function
static PyMethodDef signal_def = {"signal", FASTCALL(hooked_signal), METH_FASTCALL, NULL};
static PyMethodDef getsignal_def = {"getsignal", FASTCALL(hooked_getsignal), METH_FASTCALL, NULL};
static PyMethodDef dumps_def = {"dumps", FASTCALL(hooked_dumps), METH_FASTCALL | METH_KEYWORDS, NULL};
static PyMethodDef dump_def = {"dump", FASTCALL(hooked_dump), METH_FASTCALL | METH_KEYWORDS, NULL};

/* hook_signal(_signal.signal, _signal.getsignal, signal.default_int_handler): what stands in for the
 * first two. */
PyObject *hook_signal(PyObject *module, PyObject *args)
{
    (void)module;
    PyObject *set, *get, *default_int;
    if (!PyArg_ParseTuple(args, "OOO:hook_signal", &set, &get, &default_int))
        return NULL;
    Py_XSETREF(kcov.default_int_handler, Py_NewRef(default_int));
    return Py_BuildValue("NN", stand_in(&signal_def, &kcov.signal, set),
                         stand_in(&getsignal_def, &kcov.getsignal, get));
}

/* hook_marshal(marshal.dumps, marshal.dump, strip): what stands in for the first two. */
PyObject *hook_marshal(PyObject *module, PyObject *args)
{
    (void)module;
    PyObject *dumps, *dump, *strip;
    if (!PyArg_ParseTuple(args, "OOO:hook_marshal", &dumps, &dump, &strip))
        return NULL;
    Py_XSETREF(kcov.strip, Py_NewRef(strip));
    return Py_BuildValue("NN", stand_in(&dumps_def, &kcov.dumps, dumps),
                         stand_in(&dump_def, &kcov.dump, dump));
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
