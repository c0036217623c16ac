/* Translates offsets for callbacks of sys.monitoring to those of the original code, and hides inserted
 * instructions from them. See answers.c and offsets.c. */
#include "answers.h"

#include <string.h>
#include <structmember.h>

/* Events are numbered as in CPython's Include/cpython/monitoring.h and sys.monitoring.events; what a
 * callback is called with is in the documentation of sys.monitoring. */
struct callback {
    PyObject_HEAD
    vectorcallfunc call;
    PyObject *function; /* Owned. */
    PyObject *disable;  /* Owned. sys.monitoring.DISABLE */
    char instructions;  /* inserted ones are no event, and nor are jumps that were */
    char destination;   /* the third argument is an offset, too */
};

/* callback(code, offset, ...). */
static PyObject *call(PyObject *self, PyObject *const *args, size_t nargsf, PyObject *names)
{
    struct callback *callback = (struct callback *)self;
    Py_ssize_t count = PyVectorcall_NARGS(nargsf);
    PyObject *moved[8] = {NULL}, *result = NULL;
    if (count < 2 || count > 7 || names != NULL || !PyCode_Check(args[0]) || origin_of(args[0]) == NULL)
        return PyObject_Vectorcall(callback->function, args, nargsf, names);
    memcpy(moved + 1, args, (size_t)count * sizeof *args);
    PyObject *owned[2] = {NULL, NULL};
    int offsets = callback->destination && count > 2 ? 2 : 1, skip = 0;
    for (int n = 0; n < offsets; n++) {
        int inserted;
        long at = PyLong_AsLong(args[1 + n]);
        if (at >= 0)
            at = offsets_told(args[0], at, &inserted);
        if (at < 0 || (owned[n] = PyLong_FromLong(at)) == NULL)
            goto done;
        skip |= n == 0 && inserted && (callback->instructions || callback->destination);
        moved[2 + n] = owned[n];
    }
    if (skip)
        result = Py_NewRef(callback->disable);
    else
        result = PyObject_Vectorcall(callback->function, moved + 1,
                                     (size_t)count | PY_VECTORCALL_ARGUMENTS_OFFSET, NULL);
done:
    Py_XDECREF(owned[0]);
    Py_XDECREF(owned[1]);
    return result;
}

static int callback_traverse(PyObject *self, visitproc visit, void *arg)
{
    Py_VISIT(Py_TYPE(self));
    Py_VISIT(((struct callback *)self)->function);
    return 0;
}

static int callback_clear(PyObject *self)
{
    Py_CLEAR(((struct callback *)self)->function);
    return 0;
}

static void callback_dealloc(PyObject *self)
{
    PyObject_GC_UnTrack(self);
    callback_clear(self);
    Py_CLEAR(((struct callback *)self)->disable);
    plain_dealloc(self);
}

static PyMemberDef callback_members[] = {
    {"__vectorcalloffset__", T_PYSSIZET, offsetof(struct callback, call), READONLY, NULL},
    {NULL, 0, 0, 0, NULL},
};

static PyType_Slot callback_slots[] = {
    {Py_tp_doc, "A callback of sys.monitoring, which is told offsets of the original."},
    {Py_tp_dealloc, callback_dealloc},
    {Py_tp_traverse, callback_traverse},
    {Py_tp_clear, callback_clear},
    {Py_tp_call, PyVectorcall_Call},
    {Py_tp_members, callback_members},
    {0, NULL},
};

PyType_Spec callback_spec = {
    .name = "pykcov.probe.Callback",
    .basicsize = sizeof(struct callback),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_HAVE_VECTORCALL
        | Py_TPFLAGS_IMMUTABLETYPE | Py_TPFLAGS_DISALLOW_INSTANTIATION,
    .slots = callback_slots,
};

static PyObject *event_named(PyObject *monitoring, const char *name) /* None: not in this version. */
{
    PyObject *events = PyObject_GetAttrString(monitoring, "events");
    PyObject *event = events == NULL ? NULL : PyObject_GetAttrString(events, name);
    if (events != NULL && event == NULL) {
        PyErr_Clear();
        event = Py_NewRef(Py_None);
    }
    Py_XDECREF(events);
    return event;
}

/* Is `event` one of `names`? -1: an error. */
static int is_one_of(PyObject *monitoring, PyObject *event, const char *const *names)
{
    for (; *names != NULL; names++) {
        PyObject *known = event_named(monitoring, *names);
        int same = known == NULL ? -1 : PyObject_RichCompareBool(known, event, Py_EQ);
        Py_XDECREF(known);
        if (same != 0)
            return same;
    }
    return 0;
}

static PyObject *wrapped(PyObject *monitoring, PyObject *event, PyObject *function)
{
    static const char *const lines[] = {"LINE", NULL};
    static const char *const instructions[] = {"INSTRUCTION", NULL};
    static const char *const jumps[] = {"JUMP", "BRANCH", "BRANCH_LEFT", "BRANCH_RIGHT", NULL};
    int line = is_one_of(monitoring, event, lines);
    if (line < 0)
        return NULL;
    if (line || function == Py_None || Py_IS_TYPE(function, kcov.callback))
        return Py_NewRef(function);
    int instruction = is_one_of(monitoring, event, instructions);
    int jump = is_one_of(monitoring, event, jumps);
    PyObject *disable = PyObject_GetAttrString(monitoring, "DISABLE");
    struct callback *callback = NULL;
    if (instruction >= 0 && jump >= 0 && disable != NULL)
        callback = (struct callback *)kcov.callback->tp_alloc(kcov.callback, 0);
    if (callback == NULL) {
        Py_XDECREF(disable);
        return NULL;
    }
    callback->call = call;
    callback->function = Py_NewRef(function);
    callback->disable = disable;
    callback->instructions = (char)instruction;
    callback->destination = (char)jump;
    return (PyObject *)callback;
}

static PyObject *unwrapped(PyObject *function) /* Steals function. */
{
    if (function == NULL || !Py_IS_TYPE(function, kcov.callback))
        return function;
    PyObject *inner = Py_NewRef(((struct callback *)function)->function);
    Py_DECREF(function);
    return inner;
}

/* self: (register_callback, sys.monitoring) */
static PyObject *register_callback(PyObject *self, PyObject *const *args, Py_ssize_t count)
{
    PyObject *plain = PyTuple_GET_ITEM(self, 0);
    if (count != 3)
        return PyObject_Vectorcall(plain, args, (size_t)count, NULL); /* raises what it raises */
    PyObject *function = wrapped(PyTuple_GET_ITEM(self, 1), args[1], args[2]);
    if (function == NULL)
        return NULL;
    PyObject *before = PyObject_CallFunctionObjArgs(plain, args[0], args[1], function, NULL);
    Py_DECREF(function);
    return unwrapped(before);
}

static PyMethodDef register_def = {
    "register_callback", (PyCFunction)(void (*)(void))register_callback, METH_FASTCALL, NULL};

/* Wrap what is registered already, of all six tools that there can be. */
static int rewrap(PyObject *hook, PyObject *plain)
{
    for (int tool = 0; tool < 6; tool++)
        for (int event = 0; event < 19; event++) { /* one bit each */
            PyObject *before = PyObject_CallFunction(plain, "iiO", tool, 1 << event, Py_None);
            if (before == NULL) {
                PyErr_Clear(); /* no event of this version */
                continue;
            }
            PyObject *none = before == Py_None ? Py_NewRef(Py_None)
                : PyObject_CallFunction(hook, "iiO", tool, 1 << event, before);
            Py_DECREF(before);
            if (none == NULL)
                return -1;
            Py_DECREF(none);
        }
    return 0;
}

int monitoring_begin(void)
{
    PyObject *monitoring = PySys_GetObject("monitoring"); /* Borrowed. Since 3.12. */
    if (monitoring == NULL)
        return 0;
    PyObject *hook = NULL, *self = NULL;
    PyObject *plain = PyObject_GetAttrString(monitoring, "register_callback");
    if (plain != NULL)
        self = PyTuple_Pack(2, plain, monitoring);
    if (self != NULL)
        hook = PyCFunction_New(&register_def, self);
    int failed = hook == NULL || rewrap(hook, plain) < 0
        || PyObject_SetAttrString(monitoring, "register_callback", hook) < 0;
    Py_XDECREF(self);
    Py_XDECREF(plain);
    Py_XDECREF(hook);
    return failed ? -1 : 0;
}
