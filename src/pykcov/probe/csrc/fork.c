/* Forks, those made in C included.
 *
 * The child has one thread and starts disabled: its recorders are the parent's. A pthread_atfork
 * handler sees to that, because os.register_at_fork isn't called when a program in C, such as uWSGI,
 * forks. The handler can't run Python, nor drop references: it may run without the GIL. So it only
 * counts. The rest, pykcov/forks.py, is done at the child's first hit, unless Python has done it before.
 */
#include "pykcov.h"

#include <pthread.h>

static PyObject *forked; /* Owned. What on_fork() was given, or NULL. */

static void after_fork_child(void)
{
    struct kcov_thread *t = &kcov_thread;
    guards_forget();
    kcov.generation++;
    kcov.sections = 0;
    kcov.process = NULL; /* the parent's, and may take itself for the only writer; a reference is left behind */
    kcov.device = &device_none; /* until this process joins the device on its own */
    kcov.device_seen = 0;
    if (t->stale == NULL) {
        t->stale = t->own != NULL ? t->own : t->section;
        if (t->own != NULL)
            t->section = NULL; /* one reference is left behind, for ever */
    }
    t->own = t->section = NULL;
    t->guard = NULL;
    thread_changed(t);
}

/* Have Python notice that this process was forked. 0, or -1 with an exception set: a signal handler's. */
int fork_notice(struct kcov_thread *t)
{
    if (forked == NULL || compat_finalizing())
        return 0;
    thread_pause(t);
    PyObject *done = PyObject_CallNoArgs(forked);
    thread_resume(t);
    if (done != NULL) {
        kcov.noticed = kcov.generation;
        Py_DECREF(done);
    } else if (PyErr_ExceptionMatches(PyExc_RecursionError) || PyErr_ExceptionMatches(PyExc_MemoryError)) {
        PyErr_Clear(); /* ours: the program would have gone on. The next lookup tries again */
    } else {
        return -1;
    }
    return 0;
}

/* on_fork(function) */
PyObject *fork_on(PyObject *module, PyObject *function)
{
    (void)module;
    Py_XSETREF(forked, Py_NewRef(function));
    Py_RETURN_NONE;
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
    return 0;
}
