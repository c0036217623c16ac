/* Guards: each thread state that records has one, to detect its end.
 *
 * A guard lives in PyThreadState.dict and is freed with it: on the ending thread, under the GIL,
 * before Thread.join() returns. So the list of guards is the list of threads to notify of a change.
 *
 * A program that embeds Python may use a thread state on one OS thread after another. A guard belongs
 * to the last one; other threads that refer to it must look up their guard again. What an OS thread has
 * enabled remains with that thread: it ends with the thread state if that ends there, or else with the
 * next thread state that this thread records with, or with the thread.
 */
#include "pykcov.h"

#include <pthread.h>
#include <stdlib.h>

/* Guards live and die under the GIL, but an OS thread may end without it, and takes its kcov_thread
 * with it. Order: the GIL before list_lock; nothing is called under list_lock. */
static pthread_mutex_t list_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_key_t exit_key;

void guards_lock(void) { pthread_mutex_lock(&list_lock); }
void guards_unlock(void) { pthread_mutex_unlock(&list_lock); }

static void forget_all(void)
{
    for (struct guard *g = kcov.guards; g != NULL; g = g->next)
        g->link = NULL;
    kcov.guards = NULL;
}

/* In a forked child: the guards are the parent's. */
void guards_forget(void)
{
    pthread_mutex_init(&list_lock, NULL);
    forget_all();
}

/* The interpreter has ended. What it never dropped is a guard yet, and its memory is not given back. */
void guards_end(void)
{
    thread_all_changed();
    pthread_mutex_lock(&list_lock);
    forget_all();
    kcov.left = NULL; /* the objects are that interpreter's: left behind, for ever */
    pthread_mutex_unlock(&list_lock);
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

/* What an OS thread owned that has ended. It may not have had the GIL: who has drops it. */
struct left {
    struct left *next;
    PyObject *objects[5]; /* Owned. Or NULL. */
};

/* The OS thread ends, and its thread state did not before: a thread of C that never gave it back. */
static void thread_ends(void *arg)
{
    struct kcov_thread *t = arg;
    struct left *left = calloc(1, sizeof *left);
    pthread_mutex_lock(&list_lock);
    for (struct guard *g = kcov.guards; g != NULL; g = g->next)
        if (g->thread == t)
            g->thread = NULL;
    if (left != NULL && t->generation == kcov.generation) {
        *left = (struct left){kcov.left, {(PyObject *)t->own, (PyObject *)t->section, t->task,
                                          t->stale[0], t->stale[1]}};
        kcov.left = left;
        left = NULL;
    }
    pthread_mutex_unlock(&list_lock);
    free(left);
    /* Another destructor may run Python on this thread yet. */
    t->own = t->section = NULL;
    t->task = t->stale[0] = t->stale[1] = NULL;
    t->guard = NULL;
    thread_changed(t);
}

static void drop_left(void)
{
    pthread_mutex_lock(&list_lock);
    struct left *left = kcov.left;
    kcov.left = NULL;
    pthread_mutex_unlock(&list_lock);
    while (left != NULL) {
        struct left *next = left->next;
        for (int n = 0; n < 5; n++)
            Py_XDECREF(left->objects[n]);
        free(left);
        left = next;
    }
}

/* The thread that has the guard looks again, and finds another. */
static void guard_release(struct guard *g)
{
    pthread_mutex_lock(&list_lock);
    struct kcov_thread *t = g->generation == kcov.generation ? g->thread : NULL;
    if (t != NULL && t->guard == g) {
        t->guard = NULL;
        thread_changed(t);
    }
    g->thread = NULL;
    pthread_mutex_unlock(&list_lock);
}

/* Call the task's exit(), whatever exception is pending. */
static void task_ends(PyObject *task)
{
    struct compat_error error = compat_error_take();
    PyObject *exit = PyObject_GetAttrString(task, "exit");
    PyObject *result = exit == NULL ? NULL : unseen_call(exit, NULL, 0);
    Py_XDECREF(exit);
    if (result == NULL)
        PyErr_WriteUnraisable(task);
    Py_XDECREF(result);
    compat_error_restore(error);
}

/* Runs while the thread state is being cleared, on its own thread if that lives. Python may still
 * run on it after us (other thread-locals have finalizers): it must not register anew, for the new
 * guard would never be dropped. Hence `dead`. */
static void guard_dealloc(PyObject *self)
{
    struct guard *g = (struct guard *)self;
    PyTypeObject *type = Py_TYPE(self);
    struct kcov_thread *t = thread_self();
    int ours = g->tstate != 0 && g->generation == kcov.generation; /* else it was never in the list */
    PyObject *task = NULL;
    struct recorder *section = NULL;

    thread_pause(t); /* what is dropped and called here is not the task's */
    if (ours && t->guard == g) {
        section = t->section;
        t->section = NULL;
    }
    guard_release(g);
    guard_unlink(g);
    int mine = ours && t->state == g->tstate;
    if (ours)
        t->dead = g->tstate;
    if (mine) {
        task = t->task;
        t->task = NULL;
        if (task != NULL && !compat_finalizing())
            task_ends(task);
        Py_CLEAR(t->own);
    }
    Py_XDECREF(section);
    Py_XDECREF(task);
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

/* Return the guard that the thread state has already (borrowed), or NULL without an exception. */
static struct guard *guard_in(PyObject *dict)
{
    PyObject *found = PyDict_GetItemWithError(dict, kcov.guard_key);
    if (found == NULL)
        PyErr_Clear();
    return found != NULL && Py_IS_TYPE(found, kcov.guard) ? (struct guard *)found : NULL;
}

/* Put a guard into the list, as that of thread `t`. */
static void guard_link(struct guard *g, struct kcov_thread *t)
{
    int state_lives = 0;
    pthread_mutex_lock(&list_lock);
    if (g->link == NULL) {
        g->next = kcov.guards;
        g->link = &kcov.guards;
        if (g->next != NULL)
            g->next->link = &g->next;
        kcov.guards = g;
    }
    g->thread = t;
    g->generation = kcov.generation;
    for (struct guard *other = kcov.guards; other != NULL; other = other->next)
        state_lives |= other->tstate == t->state;
    pthread_mutex_unlock(&list_lock);
    t->guard = g;
    if (!state_lives) /* it ended on another thread */
        t->state = g->tstate;
    thread_changed(t);
}

/* Return this thread's guard, made if need be; NULL, without an exception, when there can be none. */
struct guard *thread_register(struct kcov_thread *t)
{
    PyThreadState *tstate = PyThreadState_Get();
    uint64_t id = PyThreadState_GetID(tstate);
    if (t->guard != NULL && t->guard->tstate == id)
        return t->guard;
    char late = (char)compat_may_be_ending(tstate);
    PyObject *dict = id == t->dead ? NULL : PyThreadState_GetDict();
    if (dict == NULL || pthread_setspecific(exit_key, t) != 0)
        return NULL;
    drop_left();
    struct guard *g = guard_in(dict);
    if (g != NULL) { /* another OS thread had this thread state, or it is the parent process's */
        guard_release(g);
        guard_link(g, t);
        return g;
    }
    g = (struct guard *)kcov.guard->tp_alloc(kcov.guard, 0);
    if (g == NULL || PyDict_SetItem(dict, kcov.guard_key, (PyObject *)g) < 0) {
        PyErr_Clear();
    } else {
        g->tstate = id;
        g->late = late;
        guard_link(g, t);
    }
    Py_XDECREF(g); /* the dict has it */
    return t->guard != NULL && t->guard->tstate == id ? t->guard : NULL;
}

int guards_setup(void) { return pthread_key_create(&exit_key, thread_ends); }
