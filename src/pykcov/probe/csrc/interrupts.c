/* Pauses recording for code that runs on a task's thread but is not part of the task.
 *
 * Linux records nothing in interrupts. A Python thread is interrupted by the garbage collector, which
 * runs arbitrary finalizers between the "start" and "stop" of gc.callbacks; by Python signal handlers,
 * which run between any two instructions of the main thread; and by pykcov, whose own calls may run
 * instrumented library code.
 *
 * Each of the three pauses the thread. Pauses nest, so their depth is counted.
 */
#include "pykcov.h"

#include <structmember.h>

static int phase_is(PyObject *args, const char *phase)
{
    PyObject *first = PyTuple_GET_SIZE(args) > 0 ? PyTuple_GET_ITEM(args, 0) : NULL;
    return first != NULL && PyUnicode_Check(first)
        && PyUnicode_CompareWithASCIIString(first, phase) == 0;
}

/* Programs add callbacks, too. Make ours the first or last of gc.callbacks again. The collector walks
 * the list by index and calls us: what it has not come to yet may move (at the start), and so may
 * what stands before it, when it is at the end (at the stop). */
static void move_callback(PyCFunction ours, int last)
{
    PyObject *list = kcov.gc_callbacks;
    Py_ssize_t size = PyList_GET_SIZE(list), i = 0;
    while (i < size && !(PyCFunction_Check(PyList_GET_ITEM(list, i))
                         && PyCFunction_GET_FUNCTION(PyList_GET_ITEM(list, i)) == ours))
        i++;
    if (i == size || i == (last ? size - 1 : 0))
        return;
    PyObject *item = Py_NewRef(PyList_GET_ITEM(list, i));
    if (PyList_SetSlice(list, i, i + 1, NULL) < 0
        || PyList_Insert(list, last ? size - 1 : 0, item) < 0)
        PyErr_Clear();
    Py_DECREF(item);
}

/* Stands first in gc.callbacks, so that the callbacks behind it are the collector's, too. */
PyObject *interrupts_gc_start(PyObject *module, PyObject *args)
{
    (void)module;
    struct kcov_thread *t = thread_self();
    if (phase_is(args, "start") && !t->collecting) {
        t->collecting = 1;
        thread_pause(t);
        move_callback(interrupts_gc_stop, 1);
    }
    Py_RETURN_NONE;
}

/* Stands last. It may be put there during a collection whose start it did not see. */
PyObject *interrupts_gc_stop(PyObject *module, PyObject *args)
{
    (void)module;
    struct kcov_thread *t = thread_self();
    if (phase_is(args, "stop") && t->collecting) {
        t->collecting = 0;
        thread_resume(t);
        move_callback(interrupts_gc_start, 0);
    }
    Py_RETURN_NONE;
}

/* -- quiet: a context manager without state --------------------------------------------------- */

static PyObject *quiet_enter(PyObject *self, PyObject *ignored)
{
    (void)ignored;
    thread_pause(thread_self());
    return Py_NewRef(self);
}

static PyObject *quiet_exit(PyObject *self, PyObject *const *ignored, Py_ssize_t count)
{
    (void)self, (void)ignored, (void)count;
    thread_resume(thread_self());
    Py_RETURN_NONE;
}

static PyMethodDef quiet_methods[] = {
    {"__enter__", quiet_enter, METH_NOARGS, NULL},
    {"__exit__", (PyCFunction)(void (*)(void))quiet_exit, METH_FASTCALL, NULL}, /* needs no memory */
    {NULL, NULL, 0, NULL},
};

static PyType_Slot quiet_slots[] = {
    {Py_tp_doc, "Nothing is recorded on this thread inside `with quiet:`."},
    {Py_tp_methods, quiet_methods},
    {0, NULL},
};

PyType_Spec quiet_spec = {
    .name = "pykcov.probe.Quiet",
    .basicsize = sizeof(PyObject),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_IMMUTABLETYPE | Py_TPFLAGS_DISALLOW_INSTANTIATION,
    .slots = quiet_slots,
};

/* -- a signal handler, wrapped ----------------------------------------------------------------- */

struct handler {
    PyObject_HEAD
    PyObject *function; /* Owned. */
};

static PyObject *handler_new(PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
    static char *names[] = {"function", NULL};
    PyObject *function;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "O:Handler", names, &function))
        return NULL;
    struct handler *h = (struct handler *)type->tp_alloc(type, 0);
    if (h != NULL)
        h->function = Py_NewRef(function);
    return (PyObject *)h;
}

/* Has `with` called an __enter__ of ours, whose __exit__ would not be called if a handler raised now? */
static int just_entered(struct kcov_thread *t)
{
    t->entered = t->entered && compat_is_entering(PyThreadState_Get());
    return t->entered;
}

/* The handler waits for the end of what is to be done as a whole, if this thread is in that, and then
 * for the first instruction within the `with`, if that was its beginning. */
static int put_off(struct kcov_thread *t, PyObject *args)
{
    if (PyTuple_GET_SIZE(args) < 1 || !PyLong_Check(PyTuple_GET_ITEM(args, 0))
        || (t->whole == 0 && !just_entered(t)))
        return 0;
    long signum = PyLong_AsLong(PyTuple_GET_ITEM(args, 0));
    if (signum < 1 || signum > 64) {
        PyErr_Clear();
        return 0;
    }
    if (t->whole == 0)
        PyErr_SetInterruptEx((int)signum); /* CPython looks again at a later instruction */
    else
        t->put_off |= UINT64_C(1) << (signum - 1);
    return 1;
}

static PyObject *handler_call(PyObject *self, PyObject *args, PyObject *kwargs)
{
    if (put_off(thread_self(), args))
        Py_RETURN_NONE;
    thread_pause(thread_self());
    PyObject *result = PyObject_Call(((struct handler *)self)->function, args, kwargs);
    thread_resume(thread_self());
    return result;
}

static int handler_traverse(PyObject *self, visitproc visit, void *arg)
{
    Py_VISIT(Py_TYPE(self));
    Py_VISIT(((struct handler *)self)->function);
    return 0;
}

static int handler_clear(PyObject *self)
{
    Py_CLEAR(((struct handler *)self)->function);
    return 0;
}

static void handler_dealloc(PyObject *self)
{
    PyTypeObject *type = Py_TYPE(self);
    PyObject_GC_UnTrack(self);
    handler_clear(self);
    type->tp_free(self);
    Py_DECREF(type);
}

static PyMemberDef handler_members[] = {
    {"function", T_OBJECT_EX, offsetof(struct handler, function), READONLY, NULL},
    {NULL, 0, 0, 0, NULL},
};

static PyType_Slot handler_slots[] = {
    {Py_tp_doc, "Handler(function): calls function with this thread paused."},
    {Py_tp_new, handler_new},
    {Py_tp_call, handler_call},
    {Py_tp_traverse, handler_traverse},
    {Py_tp_clear, handler_clear},
    {Py_tp_dealloc, handler_dealloc},
    {Py_tp_members, handler_members},
    {0, NULL},
};

PyType_Spec handler_spec = {
    .name = "pykcov.probe.SignalHandler",
    .basicsize = sizeof(struct handler),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_IMMUTABLETYPE,
    .slots = handler_slots,
};
