/* Handles forks, including those made in C.
 *
 * The child has one thread and starts disabled, because its recorders belong to the parent. A
 * pthread_atfork handler ensures that, since hooks of os.register_at_fork don't run when a C program
 * such as uWSGI forks. The handler may run without the GIL, so it can't run Python or drop references:
 * it only counts. The rest, pykcov/forks.py, runs at the child's first hit, unless Python ran it before.
 */
#include "pykcov.h"

#include <pthread.h>

static PyObject *forked; /* Owned. What on_fork() was given, or NULL. */

static void after_fork_child(void)
{
    struct kcov_thread *t = thread_self();
    guards_forget();
    t->generation = ++kcov.generation;
    kcov.sections = 0;
    kcov.process = NULL; /* the parent's, and may take itself for the only writer; a reference is left behind */
    kcov.device = &device_none; /* until this process joins the device on its own */
    kcov.device_seen = 0;
    if (t->stale[0] == NULL) /* else a reference is left behind, for ever */
        t->stale[0] = (PyObject *)(t->own != NULL ? t->own : t->section);
    if (t->stale[1] == NULL)
        t->stale[1] = t->task;
    t->own = t->section = NULL;
    t->task = NULL;
    t->guard = NULL;
    thread_changed(t);
}

/* Do the steps of forks.py. 0, or -1 with an exception set. */
static int steps(void)
{
    PyObject *done = unseen_call(forked, NULL, 0);
    if (done == Py_True) /* not where a step itself asks */
        kcov.noticed = kcov.generation;
    Py_XDECREF(done);
    return done == NULL ? -1 : 0;
}

/* Have Python notice that this process was forked. 0, or -1 with an exception set: a signal handler's. */
int fork_notice(void)
{
    if (forked == NULL || compat_finalizing())
        return 0;
    if (steps() == 0)
        return 0;
    if (!PyErr_ExceptionMatches(PyExc_RecursionError) && !PyErr_ExceptionMatches(PyExc_MemoryError))
        return -1;
    PyErr_Clear(); /* ours: the program would have gone on. The next lookup tries again */
    return 0;
}

/* on_fork(function) */
PyObject *fork_on(PyObject *module, PyObject *function)
{
    (void)module;
    Py_XSETREF(forked, Py_NewRef(function));
    Py_RETURN_NONE;
}

/* notice() */
PyObject *fork_notice_now(PyObject *module, PyObject *ignored)
{
    (void)module, (void)ignored;
    if (UNLIKELY(kcov.noticed != kcov.generation) && forked != NULL && steps() < 0)
        return NULL;
    Py_RETURN_NONE;
}

/* -- interpreters ---------------------------------------------------------------------------- */

/* Begin with nothing where the globals are an earlier interpreter's. */
static int begin(void)
{
    static int began;
    PyObject *dict = PyInterpreterState_GetDict(PyInterpreterState_Get());
    PyObject *key = PyUnicode_FromString("pykcov.probe");
    int known = dict == NULL || key == NULL ? -1 : PyDict_Contains(dict, key);
    if (known == 0) {
        if (began) {
            guards_end();
            forked = NULL; /* nothing of an earlier interpreter's is touched, not even to drop it */
            unsigned generation = kcov.generation + 1;
            kcov = (struct globals){.device = &device_none,
                                    .probes = kcov.probes,
                                    .generation = generation,
                                    .noticed = generation};
        }
        known = PyDict_SetItem(dict, key, Py_None);
        began = 1;
    }
    Py_XDECREF(key);
    if (known < 0 && !PyErr_Occurred())
        PyErr_NoMemory();
    return known < 0 ? -1 : 0;
}

int fork_setup(void)
{
    static int done;
    if (!done) {
        if (guards_setup() != 0
            || pthread_atfork(guards_lock, guards_unlock, after_fork_child) != 0) {
            PyErr_SetString(PyExc_OSError, "no thread key or fork handler can be had");
            return -1;
        }
        done = 1;
    }
    return begin();
}
