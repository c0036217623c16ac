/* Hides work that pykcov does unasked on the program's threads: at an import, a fork, or the end of the
 * process. The program can't notice it:
 *
 *   - it is not recorded;
 *   - trace and profile functions, and tools of sys.monitoring, don't see it;
 *   - signal handlers written in Python run afterwards: an exception of theirs would be taken for a
 *     failure of this work, and be lost;
 *   - it has ROOM frames to itself, however close the program is to the recursion limit.
 */
#include "pykcov.h"

#include <structmember.h>

#define ROOM 500

void unseen_enter(struct unseen *u)
{
    struct kcov_thread *t = thread_self();
    u->paused = t->paused;
    thread_pause(t);
    t->whole++;
    u->tstate = PyThreadState_Get();
    PyThreadState_EnterTracing(u->tstate);
    compat_lend_frames(u->tstate, ROOM);
}

/* May be called with an exception pending. */
void unseen_leave(struct unseen *u)
{
    compat_lend_frames(u->tstate, -ROOM);
    PyThreadState_LeaveTracing(u->tstate);
    whole_leave(u->paused);
}

/* Of what must not come in the way of the program: an exception of ours shows none of our frames. What
 * is left to raise is Ctrl-C's, as if it had come a moment later; or a test wants to see our bugs. */
static void without_frames(void)
{
    struct compat_error error = compat_error_take();
    compat_error_drop_traceback(&error);
    compat_error_restore(error);
}

PyObject *unseen_call(PyObject *function, PyObject *const *args, Py_ssize_t count)
{
    struct unseen u;
    unseen_enter(&u);
    PyObject *result = PyObject_Vectorcall(function, args, (size_t)count, NULL);
    if (result == NULL && !PyErr_ExceptionMatches(PyExc_Exception))
        without_frames();
    unseen_leave(&u);
    return result;
}

/* The same, but signal handlers come at once: for what may wait for another process, which may be stopped.
 * The caller hands their exceptions on to the program. */
PyObject *unseen_wait(PyObject *function, PyObject *const *args, Py_ssize_t count)
{
    struct kcov_thread *t = thread_self();
    PyThreadState *tstate = PyThreadState_Get();
    thread_pause(t);
    PyThreadState_EnterTracing(tstate);
    compat_lend_frames(tstate, ROOM);
    PyObject *result = PyObject_Vectorcall(function, args, (size_t)count, NULL);
    compat_lend_frames(tstate, -ROOM);
    PyThreadState_LeaveTracing(tstate);
    thread_resume(t);
    return result;
}

/* -- Unseen(function): what Python calls back, such as an atexit function ------------------------ */

struct callback {
    PyObject_HEAD
    vectorcallfunc call;
    PyObject *function; /* Owned. */
};

static PyObject *callback_call(PyObject *self, PyObject *const *args, size_t flagged, PyObject *names)
{
    if (names != NULL && PyTuple_GET_SIZE(names) > 0) {
        PyErr_SetString(PyExc_TypeError, "an Unseen takes no arguments by name");
        return NULL;
    }
    return unseen_call(((struct callback *)self)->function, args, PyVectorcall_NARGS(flagged));
}

static PyObject *callback_new(PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
    static char *names[] = {"function", NULL};
    PyObject *function;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "O:Unseen", names, &function))
        return NULL;
    struct callback *c = (struct callback *)type->tp_alloc(type, 0);
    if (c != NULL) {
        c->call = callback_call;
        c->function = Py_NewRef(function);
    }
    return (PyObject *)c;
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
    PyTypeObject *type = Py_TYPE(self);
    PyObject_GC_UnTrack(self);
    callback_clear(self);
    type->tp_free(self);
    Py_DECREF(type);
}

static PyMemberDef callback_members[] = {
    {"__vectorcalloffset__", T_PYSSIZET, offsetof(struct callback, call), READONLY, NULL},
    {NULL, 0, 0, 0, NULL},
};

static PyType_Slot callback_slots[] = {
    {Py_tp_doc, "Unseen(function): calls function without the program seeing it."},
    {Py_tp_new, callback_new},
    {Py_tp_call, PyVectorcall_Call},
    {Py_tp_traverse, callback_traverse},
    {Py_tp_clear, callback_clear},
    {Py_tp_dealloc, callback_dealloc},
    {Py_tp_members, callback_members},
    {0, NULL},
};

PyType_Spec unseen_spec = {
    .name = "pykcov.probe.Unseen",
    .basicsize = sizeof(struct callback),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_IMMUTABLETYPE
        | Py_TPFLAGS_HAVE_VECTORCALL,
    .slots = callback_slots,
};
