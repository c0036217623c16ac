/* Guards: each thread state that records has one, which sees its end.
 *
 * A guard lives in PyThreadState.dict and goes with it: on the thread that ends, under the GIL,
 * before Thread.join() returns. So the list of guards is the list of threads to tell of a change.
 */
#include "pykcov.h"

#include <pthread.h>

/* Guards live and die under the GIL, but an OS thread may end without it, and takes its kcov_thread
 * with it. Order: the GIL before list_lock; nothing is called under list_lock. */
static pthread_mutex_t list_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_key_t exit_key;

void guards_lock(void) { pthread_mutex_lock(&list_lock); }
void guards_unlock(void) { pthread_mutex_unlock(&list_lock); }

/* In a forked child: the guards are the parent's. */
void guards_forget(void)
{
    pthread_mutex_init(&list_lock, NULL);
    for (struct guard *g = kcov.guards; g != NULL; g = g->next)
        g->link = NULL;
    kcov.guards = NULL;
}

void thread_all_changed(void)
{
    pthread_mutex_lock(&list_lock);
    for (struct guard *g = kcov.guards; g != NULL; g = g->next)
        if (g->thread != NULL)
            thread_changed(g->thread);
    pthread_mutex_unlock(&list_lock);
}

void thread_forget_section(struct recorder *section)
{
    pthread_mutex_lock(&list_lock);
    for (struct guard *g = kcov.guards; g != NULL; g = g->next)
        if (g->thread != NULL && g->thread->section == section)
            thread_changed(g->thread);
    pthread_mutex_unlock(&list_lock);
}

static void guard_unlink(struct guard *g)
{
    pthread_mutex_lock(&list_lock);
    if (g->link != NULL) {
        *g->link = g->next;
        if (g->next != NULL)
            g->next->link = g->link;
        g->link = NULL;
    }
    pthread_mutex_unlock(&list_lock);
}

/* The OS thread ends, and its thread state did not before: a thread of C that never gave it back. */
static void thread_ends(void *arg)
{
    struct kcov_thread *t = arg;
    pthread_mutex_lock(&list_lock);
    for (struct guard *g = kcov.guards; g != NULL; g = g->next)
        if (g->thread == t)
            g->thread = NULL;
    pthread_mutex_unlock(&list_lock);
    t->guard = NULL; /* another destructor may run Python on this thread yet */
    thread_changed(t);
}

/* Runs while the thread state is being cleared, on its own thread if that lives. Python may still
 * run on it after us (other thread-locals have finalizers): it must not register anew, for the new
 * guard would never be dropped. Hence `dead`. */
static void guard_dealloc(PyObject *self)
{
    struct guard *g = (struct guard *)self;
    PyTypeObject *type = Py_TYPE(self);
    struct kcov_thread *t = &kcov_thread;
    int mine = g->thread == t && g->generation == kcov.generation && t->guard == g;

    guard_unlink(g);
    thread_pause(t); /* what is dropped and called here is not the task's */
    if (mine) {
        t->dead = g->tstate;
        t->guard = NULL;
    }
    if (g->task != NULL && g->generation == kcov.generation && !compat_finalizing()) {
        struct compat_error error = compat_error_take();
        PyObject *result = PyObject_CallMethod(g->task, "exit", NULL);
        if (result == NULL)
            PyErr_WriteUnraisable(g->task);
        Py_XDECREF(result);
        compat_error_restore(error);
    }
    if (mine) {
        Py_CLEAR(t->own);
        Py_CLEAR(t->section);
    }
    Py_CLEAR(g->task);
    thread_resume(t);
    type->tp_free(self);
    Py_DECREF(type);
}

static PyType_Slot guard_slots[] = {
    {Py_tp_doc, "Sees the end of a thread state."},
    {Py_tp_dealloc, guard_dealloc},
    {0, NULL},
};

PyType_Spec guard_spec = {
    .name = "pykcov.probe.Guard",
    .basicsize = sizeof(struct guard),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_IMMUTABLETYPE | Py_TPFLAGS_DISALLOW_INSTANTIATION,
    .slots = guard_slots,
};

/* Return this thread's guard, made if need be; NULL, without an exception, when there can be none. */
struct guard *thread_register(struct kcov_thread *t)
{
    PyThreadState *tstate = PyThreadState_Get();
    uint64_t id = PyThreadState_GetID(tstate);
    if (t->guard != NULL && t->guard->tstate == id)
        return t->guard;
    char late = (char)compat_may_be_ending(tstate);
    PyObject *dict = id == t->dead ? NULL : PyThreadState_GetDict();
    if (dict == NULL)
        return NULL;
    struct guard *g = (struct guard *)kcov.guard->tp_alloc(kcov.guard, 0);
    if (g == NULL || pthread_setspecific(exit_key, t) != 0)
        goto fail;
    g->thread = t;
    g->tstate = id;
    g->late = late;
    g->generation = kcov.generation;
    pthread_mutex_lock(&list_lock);
    g->next = kcov.guards;
    g->link = &kcov.guards;
    if (g->next != NULL)
        g->next->link = &g->next;
    kcov.guards = g;
    pthread_mutex_unlock(&list_lock);
    /* Before the dict has it: a forked child's drops the parent's guard for it, with the task that
     * this keeps, and so may run Python code that comes here again. */
    t->guard = g;
    thread_changed(t);
    if (PyDict_SetItem(dict, kcov.guard_key, (PyObject *)g) < 0) {
        t->guard = NULL;
        goto fail;
    }
    Py_DECREF(g); /* the dict has it */
    return g;
fail:
    PyErr_Clear();
    Py_XDECREF(g);
    return NULL;
}

int guards_setup(void) { return pthread_key_create(&exit_key, thread_ends); }
