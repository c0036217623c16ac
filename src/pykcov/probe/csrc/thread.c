/* Whose record is it?
 *
 * One area gets a record, of the first of these that there is:
 *   1. the recorder that this OS thread enabled, whatever task or greenlet runs on it;
 *   2. the section of the current context.
 *
 * The answer is cached in the thread's words and limit, and looked up again only when it may have
 * changed. What may change it:
 *   - attach and detach on this thread, pause and resume: they say so themselves (thread_changed);
 *   - another context becomes current: CPython and greenlet raise the thread state's context version
 *     at that (compat.h), so while any section lives, `watch` points there;
 *   - a section is opened or closed in the current context, which the version does not show:
 *     section_open and section_close drop the cached answer of every thread concerned;
 *   - a thread state ends, and another begins on the same OS thread (PyGILState_Ensure in a thread
 *     of C makes a new one each time): `watch` would point into freed memory. Guards see to that,
 *     and where a guard may have come too late, the answer is looked up at each hit.
 *
 * Fork. The child has one thread and starts disabled: its recorders are the parent's. A
 * pthread_atfork handler says so, because a fork may be made in C, where os.register_at_fork is not
 * heard. The handler can't drop references (it may run without the GIL): the first lookup does.
 */
#include "pykcov.h"

#include <pthread.h>

static const uint64_t changed = 1; /* differs from any `seen` of 0: look again */

__thread struct kcov_thread kcov_thread COMPAT_TLS = {.watch = &changed};
struct globals kcov;

/* Guards live and die under the GIL, but an OS thread may end without it, and takes its kcov_thread
 * with it. Order: the GIL before list_lock; nothing is called under list_lock. */
static pthread_mutex_t list_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_key_t exit_key;

void thread_off(struct kcov_thread *t)
{
    t->words = t->scratch;
    t->scratch[0] = 0;
    t->limit = 1;
    t->step = 0;
    t->look = 0;
}

void thread_changed(struct kcov_thread *t)
{
    thread_off(t);
    t->watch = &changed;
    t->seen = 0;
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

void thread_pause(struct kcov_thread *t)
{
    t->paused++;
    thread_changed(t);
}

void thread_resume(struct kcov_thread *t)
{
    t->paused--;
    thread_changed(t);
}

/* -- guards ---------------------------------------------------------------------------------- */

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

/* -- the lookup ------------------------------------------------------------------------------ */

/* Return the live section of the current context (a new reference), or NULL. A program that copies
 * contexts variable by variable can get hold of ours, and store anything in it. */
struct recorder *thread_section(void)
{
    PyObject *value = NULL;
    if (PyContextVar_Get(kcov.section_var, NULL, &value) < 0)
        PyErr_Clear();
    if (value != NULL && Py_IS_TYPE(value, kcov.recorder)) {
        struct recorder *r = (struct recorder *)value;
        if (r->live && r->generation == kcov.generation)
            return r;
    }
    Py_XDECREF(value);
    return NULL;
}

/* Who gets the record: the first of these that there is. */
static struct recorder *recorder_of(const struct kcov_thread *t)
{
    return t->own != NULL ? t->own : t->section != NULL ? t->section : kcov.process;
}

static void lookup(struct kcov_thread *t)
{
    struct recorder *stale = t->stale, *before = t->section;
    t->stale = t->section = NULL;

    thread_off(t);
    if (thread_register(t) != NULL) {
        t->watch = &t->seen; /* nothing to watch */
        if (!t->paused && t->own == NULL && kcov.sections > 0) {
            t->section = thread_section();
            t->watch = t->guard->late ? &changed : compat_context_version(PyThreadState_Get());
            t->seen = t->guard->late ? 0 : *t->watch;
        }
    }
    struct recorder *r = recorder_of(t);
    if (!t->paused && (r != NULL || kcov.everyone != NULL)) {
        t->look = 1;
        t->limit = 0;
        if (r != NULL && r->counters == NULL && kcov.everyone == NULL) {
            t->words = r->words;
            t->limit = r->limit;
            t->step = 1;
        }
    }
    /* Last: to drop a recorder may unmap its area, and that lets other threads run. */
    Py_XDECREF(stale);
    Py_XDECREF(before);
}

void thread_slow(struct kcov_thread *t, struct probe *probe)
{
    if (*t->watch != t->seen)
        lookup(t);
    if (t->paused)
        return;
    if (kcov.everyone != NULL)
        counters_hit(kcov.everyone, probe);
    struct recorder *r = recorder_of(t);
    if (r != NULL && (r->live || r != t->section)) /* lookup may have let its closer run */
        recorder_hit(r, probe);
}

/* -- fork ------------------------------------------------------------------------------------ */

static void before_fork(void) { pthread_mutex_lock(&list_lock); }
static void after_fork_parent(void) { pthread_mutex_unlock(&list_lock); }

static void after_fork_child(void)
{
    struct kcov_thread *t = &kcov_thread;
    pthread_mutex_init(&list_lock, NULL);
    kcov.generation++;
    kcov.sections = 0;
    kcov.process = NULL; /* the parent's, and the area has one writer; a reference is left behind */
    for (struct guard *g = kcov.guards; g != NULL; g = g->next)
        g->link = NULL;
    kcov.guards = NULL;
    if (t->stale == NULL) {
        t->stale = t->own != NULL ? t->own : t->section;
        if (t->own != NULL)
            t->section = NULL; /* one reference is left behind, for ever */
    }
    t->own = t->section = NULL;
    t->guard = NULL;
    thread_changed(t);
}

int thread_setup(void)
{
    static int done;
    if (!done) {
        if (pthread_key_create(&exit_key, thread_ends) != 0
            || pthread_atfork(before_fork, after_fork_parent, after_fork_child) != 0) {
            PyErr_SetString(PyExc_OSError, "no thread key or fork handler can be had");
            return -1;
        }
        done = 1;
    }
    return 0;
}
