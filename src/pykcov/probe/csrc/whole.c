/* Steps that are done as a whole, whatever exception arrives in between.
 *
 * An exception may be raised at any instruction of Python code: by a signal handler or a trace function,
 * or a MemoryError. `try` and `with` in Python can't catch all of them, because there are instructions
 * before the first line of a function, and after the last one of a `with`. In C there are none:
 *
 *   Whole   a function, and a second one that cleans up if the first raises. The second is called until
 *           it returns, so each of its steps may be done twice. Signal handlers are deferred until the
 *           end, as Linux does in the kernel.
 *   under   calls a function with a lock held.
 */
#include "pykcov.h"

#include <structmember.h>

#define MOST_TRIES 1000 /* what raises each time is a bug of ours, or no memory at all */

struct whole {
    PyObject_HEAD
    vectorcallfunc call; /* so that a call needs no memory for its arguments */
    PyObject *function; /* Owned. */
    PyObject *mend;     /* Owned. */
    PyObject *gives;    /* Owned. Result in the place of None; Ellipsis: the first argument; Done: that
                         * of it */
    PyObject *dict;     /* Owned. Name and docstring, as functools.wraps() copies them. */
};

static PyObject *whole_call(PyObject *self, PyObject *const *args, size_t flagged,
                            PyObject *names);

static PyObject *whole_new(PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
    static char *names[] = {"function", "mend", "gives", NULL};
    PyObject *function, *mend, *gives = Py_None;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "OO|O:Whole", names, &function, &mend, &gives))
        return NULL;
    struct whole *w = (struct whole *)type->tp_alloc(type, 0);
    if (w != NULL) {
        w->call = whole_call;
        w->function = Py_NewRef(function);
        w->mend = Py_NewRef(mend);
        w->gives = Py_NewRef(gives);
    }
    return (PyObject *)w;
}

/* Call mend() with the first argument, if there is one, until it returns. The exception stays. */
static void mend(const struct whole *w, PyObject *first)
{
    struct compat_error error = compat_error_take();
    PyObject *done = NULL;
    for (int n = 0; done == NULL && n < MOST_TRIES; n++) {
        done = first != NULL ? PyObject_CallOneArg(w->mend, first) : PyObject_CallNoArgs(w->mend);
        if (done == NULL && n < MOST_TRIES - 1)
            PyErr_Clear();
    }
    if (done == NULL)
        PyErr_WriteUnraisable(w->mend);
    Py_XDECREF(done);
    compat_error_restore(error);
}

/* Call the handlers that were put off: at the thread's next instruction. */
static void call_handlers(struct kcov_thread *t)
{
    uint64_t put_off = t->put_off;
    t->put_off = 0;
    for (int signum = 1; put_off != 0 && signum <= 64; signum++)
        if (put_off & UINT64_C(1) << (signum - 1))
            PyErr_SetInterruptEx(signum);
}

/* End what began with the thread paused so often. */
void whole_leave(int paused)
{
    struct kcov_thread *t = thread_self();
    t->whole--;
    t->paused = paused; /* an exception may have come just before the end of a `with quiet` */
    thread_changed(t);
    if (t->whole == 0 && t->put_off != 0)
        call_handlers(t);
}

/* The result, in the place of None. Takes the reference to None. */
static PyObject *given(const struct whole *w, PyObject *result, PyObject *first)
{
    if (w->gives == Py_None || first == NULL)
        return result;
    Py_DECREF(result);
    if (w->gives == (PyObject *)kcov.done)
        return PyObject_CallOneArg(w->gives, first);
    return Py_NewRef(w->gives == Py_Ellipsis ? first : w->gives);
}

static PyObject *whole_call(PyObject *self, PyObject *const *args, size_t flagged,
                            PyObject *names)
{
    struct whole *w = (struct whole *)self;
    struct kcov_thread *t = thread_self();
    PyObject *first = PyVectorcall_NARGS(flagged) > 0 ? args[0] : NULL;
    int paused = t->paused;
    thread_pause(t);
    t->whole++;
    PyObject *result = PyObject_Vectorcall(w->function, args, flagged, names);
    if (result == Py_None)
        result = given(w, result, first);
    if (result == NULL)
        mend(w, first);
    t->entered = result != NULL;
    whole_leave(paused);
    return result;
}

/* A method, where a class has it. */
static PyObject *whole_get(PyObject *self, PyObject *instance, PyObject *owner)
{
    (void)owner;
    return instance == NULL ? Py_NewRef(self) : PyMethod_New(self, instance);
}

static int whole_traverse(PyObject *self, visitproc visit, void *arg)
{
    struct whole *w = (struct whole *)self;
    Py_VISIT(Py_TYPE(self));
    Py_VISIT(w->function);
    Py_VISIT(w->mend);
    Py_VISIT(w->gives);
    Py_VISIT(w->dict);
    return 0;
}

static int whole_clear(PyObject *self)
{
    struct whole *w = (struct whole *)self;
    Py_CLEAR(w->function);
    Py_CLEAR(w->mend);
    Py_CLEAR(w->gives);
    Py_CLEAR(w->dict);
    return 0;
}

static void whole_dealloc(PyObject *self)
{
    PyTypeObject *type = Py_TYPE(self);
    PyObject_GC_UnTrack(self);
    whole_clear(self);
    type->tp_free(self);
    Py_DECREF(type);
}

static PyMemberDef whole_members[] = {
    {"__dictoffset__", T_PYSSIZET, offsetof(struct whole, dict), READONLY, NULL},
    {"__vectorcalloffset__", T_PYSSIZET, offsetof(struct whole, call), READONLY, NULL},
    {NULL, 0, 0, 0, NULL},
};

static PyGetSetDef whole_getset[] = {
    {"__dict__", PyObject_GenericGetDict, PyObject_GenericSetDict, NULL, NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

static PyType_Slot whole_slots[] = {
    {Py_tp_new, whole_new},
    {Py_tp_call, PyVectorcall_Call},
    {Py_tp_descr_get, whole_get},
    {Py_tp_traverse, whole_traverse},
    {Py_tp_clear, whole_clear},
    {Py_tp_dealloc, whole_dealloc},
    {Py_tp_members, whole_members},
    {Py_tp_getset, whole_getset},
    {0, NULL},
};

PyType_Spec whole_spec = {
    .name = "pykcov.probe.Whole",
    .basicsize = sizeof(struct whole),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_IMMUTABLETYPE
        | Py_TPFLAGS_HAVE_VECTORCALL | Py_TPFLAGS_METHOD_DESCRIPTOR,
    .slots = whole_slots,
};

/* -- Done: awaited, it has a result at once. A coroutine could be interrupted on its way back. ------ */

struct done {
    PyObject_HEAD
    PyObject *value; /* Owned. */
};

static PyObject *done_new(PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
    static char *names[] = {"value", NULL};
    PyObject *value;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "O:Done", names, &value))
        return NULL;
    struct done *d = (struct done *)type->tp_alloc(type, 0);
    if (d != NULL)
        d->value = Py_NewRef(value);
    return (PyObject *)d;
}

static PyObject *done_next(PyObject *self)
{
    PyObject *stop = PyObject_CallOneArg(PyExc_StopIteration, ((struct done *)self)->value);
    if (stop != NULL)
        PyErr_SetObject(PyExc_StopIteration, stop);
    Py_XDECREF(stop);
    return NULL;
}

static int done_traverse(PyObject *self, visitproc visit, void *arg)
{
    Py_VISIT(Py_TYPE(self));
    Py_VISIT(((struct done *)self)->value);
    return 0;
}

static int done_clear(PyObject *self)
{
    Py_CLEAR(((struct done *)self)->value);
    return 0;
}

static void done_dealloc(PyObject *self)
{
    PyTypeObject *type = Py_TYPE(self);
    PyObject_GC_UnTrack(self);
    done_clear(self);
    type->tp_free(self);
    Py_DECREF(type);
}

static PyType_Slot done_slots[] = {
    {Py_tp_doc, "Done(value): awaited, it has that result at once."},
    {Py_tp_new, done_new},
    {Py_am_await, PyObject_SelfIter},
    {Py_tp_iter, PyObject_SelfIter},
    {Py_tp_iternext, done_next},
    {Py_tp_traverse, done_traverse},
    {Py_tp_clear, done_clear},
    {Py_tp_dealloc, done_dealloc},
    {0, NULL},
};

PyType_Spec done_spec = {
    .name = "pykcov.probe.Done",
    .basicsize = sizeof(struct done),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_IMMUTABLETYPE,
    .slots = done_slots,
};

/* under(lock, function, *args): call function(*args) between lock.acquire() and lock.release(). */
PyObject *whole_under(PyObject *module, PyObject *const *args, Py_ssize_t count)
{
    (void)module;
    if (count < 2) {
        PyErr_SetString(PyExc_TypeError, "under() takes a lock, a function and its arguments");
        return NULL;
    }
    PyObject *got = PyObject_CallMethodNoArgs(args[0], kcov.acquire_name);
    if (got == NULL)
        return NULL;
    Py_DECREF(got);
    PyObject *result = PyObject_Vectorcall(args[1], args + 2, (size_t)count - 2, NULL);
    struct compat_error error = compat_error_take();
    PyObject *released = PyObject_CallMethodNoArgs(args[0], kcov.release_name);
    if (released == NULL)
        PyErr_WriteUnraisable(args[0]);
    Py_XDECREF(released);
    compat_error_restore(error);
    return result;
}
