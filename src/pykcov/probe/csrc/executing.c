/* Hooks exec() and eval(), to exchange a module's code for code with probes.
 *
 *                  vectorcall                        m_ml
 *     as made      CPython's, calls ml_meth          {"exec", builtin_exec, FLAGS}
 *     hooked       ours, then CPython's              {"exec", builtin_exec, FLAGS | METH_COEXIST}
 *
 * The two functions remain the same objects, and equal to what they were, because programs keep them,
 * compare them and use them as dict keys. So references taken from builtins earlier work, too. A call
 * adds no frame.
 *
 * CPython's specialized instructions bypass vectorcall and call ml_meth, but only if the flags are
 * exactly the expected ones. METH_COEXIST has no effect once a module has been created. */
#include "answers.h"

#include <string.h>

#define MOST_ARGUMENTS 4 /* code, globals, locals, closure: any more are an error, which CPython raises */

struct replaced {
    const char *name;
    vectorcallfunc hooked;
    vectorcallfunc plain_call; /* CPython's */
    PyMethodDef *plain;        /* Borrowed from CPython, static there. */
    PyMethodDef ours;
};
enum { EXEC, EVAL, REPLACED };
static struct replaced replaced[REPLACED];

/* Is it what a module's code is: made of a file, as a whole, and without probes? */
static int may_be_module(PyObject *source)
{
    if (!PyCode_Check(source) || kcov.executed == NULL || compat_finalizing()
        || PyInterpreterState_Get() != PyInterpreterState_Main())
        return 0;
    PyCodeObject *code = (PyCodeObject *)source;
    PyObject *file = code->co_filename;
    if (PyUnicode_GET_LENGTH(file) == 0 || PyUnicode_READ_CHAR(file, 0) == '<'
        || PyUnicode_CompareWithASCIIString(code->co_qualname, "<module>") != 0)
        return 0;
    return origin_of(source) == NULL;
}

/* The dict that it is to be executed in. Borrowed; NULL for what CPython will refuse. */
static PyObject *globals_of(PyObject *const *args, Py_ssize_t count, PyObject *names)
{
    PyObject *found = count > 1 ? args[1] : NULL;
    for (Py_ssize_t n = 0; names != NULL && n < PyTuple_GET_SIZE(names); n++)
        if (PyUnicode_CompareWithASCIIString(PyTuple_GET_ITEM(names, n), "globals") == 0)
            found = args[count + n];
    if (found == NULL || found == Py_None)
        found = PyEval_GetGlobals();
    return found != NULL && PyDict_Check(found) ? found : NULL;
}

/* Ask which code to execute: a new reference, NULL with an exception. Nothing of it is traced. */
static PyObject *asked(PyObject *code, PyObject *globals)
{
    PyObject *function = Py_NewRef(kcov.executed); /* the call may set another */
    PyObject *answer = unseen_wait(function, (PyObject *const[]){code, globals}, 2);
    Py_DECREF(function);
    return answer;
}

static PyObject *call(vectorcallfunc plain, PyObject *self, PyObject *const *args, size_t flagged,
                      PyObject *names)
{
    Py_ssize_t count = PyVectorcall_NARGS(flagged);
    Py_ssize_t all = count + (names != NULL ? PyTuple_GET_SIZE(names) : 0);
    PyObject *globals;
    if (count < 1 || all > MOST_ARGUMENTS || !may_be_module(args[0])
        || (globals = globals_of(args, count, names)) == NULL)
        return plain(self, args, flagged, names);
    PyObject *code = asked(args[0], globals);
    if (code == NULL)
        return NULL;
    PyObject *changed[MOST_ARGUMENTS];
    memcpy(changed, args, (size_t)all * sizeof *args);
    changed[0] = code;
    PyObject *result = plain(self, changed, (size_t)count, names);
    Py_DECREF(code);
    return result;
}

static PyObject *hooked_exec(PyObject *self, PyObject *const *args, size_t flagged, PyObject *names)
{
    return call(replaced[EXEC].plain_call, self, args, flagged, names);
}

static PyObject *hooked_eval(PyObject *self, PyObject *const *args, size_t flagged, PyObject *names)
{
    return call(replaced[EVAL].plain_call, self, args, flagged, names);
}

static struct replaced replaced[REPLACED] = {
    [EXEC] = {.name = "exec", .hooked = hooked_exec},
    [EVAL] = {.name = "eval", .hooked = hooked_eval},
};

/* The builtin. New reference; NULL if the program has put something else in its place. */
static PyCFunctionObject *builtin(struct replaced *r)
{
    PyObject *builtins = PyImport_ImportModule("builtins");
    PyObject *object = builtins != NULL ? PyObject_GetAttrString(builtins, r->name) : NULL;
    Py_XDECREF(builtins);
    PyErr_Clear();
    PyCFunctionObject *found = (PyCFunctionObject *)object;
    if (object == NULL || !PyCFunction_CheckExact(object)
        || strcmp(found->m_ml->ml_name, r->name) != 0 || found->vectorcall == NULL) {
        Py_XDECREF(object);
        return NULL;
    }
    if (found->m_ml != &r->ours) {
        r->plain_call = found->vectorcall;
        r->plain = found->m_ml;
        r->ours = *r->plain;
        r->ours.ml_flags |= METH_COEXIST;
    }
    return found;
}

/* hook_executing(function): from now on have function(code, globals) say what exec() and eval() execute
 * in the place of `code`; with None, leave them alone again. */
PyObject *executing_hook(PyObject *module, PyObject *function)
{
    (void)module;
    int hook = function != Py_None;
    Py_XSETREF(kcov.executed, hook ? Py_NewRef(function) : NULL);
    for (int n = 0; n < REPLACED; n++) {
        struct replaced *r = &replaced[n];
        PyCFunctionObject *found = builtin(r);
        if (found != NULL) {
            found->vectorcall = hook ? r->hooked : r->plain_call;
            found->m_ml = hook ? &r->ours : r->plain;
        }
        Py_XDECREF(found);
    }
    Py_RETURN_NONE;
}
