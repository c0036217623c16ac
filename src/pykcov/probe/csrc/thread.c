/* Which recorder gets a thread's records?
 *
 * Each record goes into one area, that of the first of these:
 *   1. the recorder that this OS thread enabled, whatever task or greenlet runs on it;
 *   2. the section of the current context,
 *   3. the recorder of all threads of the process.
 *
 * The answer is cached in the thread's words and limit, and looked up again only when it may have
 * changed:
 *   - attach and detach on this thread, pause and resume: they call thread_changed themselves;
 *   - another context becomes current: CPython and greenlet then increment the thread state's context
 *     version (compat.h), so while any section lives, `watch` points there;
 *   - a section is opened or closed in the current context, which doesn't change the version:
 *     section_open and section_close drop the cached answer of every thread concerned;
 *   - a thread state ends, and another begins on the same OS thread (PyGILState_Ensure in a C thread
 *     makes a new one each time), or another OS thread takes it over: `watch` would point into memory
 *     that may be freed. Guards take care of that; where a guard may come too late, the answer is
 *     looked up at each hit;
 *   - another process enables or disables all threads of this one: it changes a word that both map,
 *     to which `device` points. So this needs no message, and no thread here that waits for one.
 *
 * A second interpreter: a program may finalize Python and initialize it again, with OS threads that
 * live on. Their objects of the first interpreter are never touched again, not even to drop
 * references; they are recognized by their generation.
 */
#include "pykcov.h"

static const uint64_t changed = 1; /* differs from a `seen` of 0, so that the thread looks again */
const uint64_t device_none = 0;
static uint64_t no_area = 0; /* for a thread that has never looked: read once, with limit 0 */

__thread struct kcov_thread kcov_thread COMPAT_TLS = {
    .words = &no_area, .watch = &changed, .device = &device_none};
struct globals kcov = {.device = &device_none};

void thread_off(struct kcov_thread *t)
{
    t->words = t->scratch;
    t->scratch[0] = 0;
    t->limit = 1;
    t->step = 0;
    t->compare = NULL;
}

void thread_changed(struct kcov_thread *t)
{
    thread_off(t);
    t->limit = 0;
    t->watch = &changed;
    t->seen = 0;
}

/* Return the calling thread's state, without what an interpreter that has ended left in it. */
struct kcov_thread *thread_self(void)
{
    struct kcov_thread *t = &kcov_thread;
    if (UNLIKELY(t->generation != kcov.generation)) {
        t->generation = kcov.generation;
        t->own = t->section = NULL;
        t->task = t->stale[0] = t->stale[1] = NULL;
        t->guard = NULL;
        t->state = t->dead = 0;
        t->paused = t->collecting = t->whole = 0;
        t->put_off = 0;
        thread_changed(t);
    }
    return t;
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

/* Record every thread that nobody else records into `recorder`; None ends that. */
void thread_record_process(PyObject *recorder)
{
    struct recorder *before = kcov.process;
    kcov.process = recorder == Py_None ? NULL : (struct recorder *)Py_NewRef(recorder);
    thread_all_changed();
    Py_XDECREF(before);
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

/* Another process has changed whether it records this one: ask who is to be recorded, in Python. Other
 * threads that come here meanwhile ask, too, and get the same answer. */
static int ask_device(uint64_t now)
{
    PyObject *word = PyLong_FromUnsignedLongLong(now);
    PyObject *found = word == NULL ? NULL : unseen_wait(kcov.device_changed, &word, 1);
    Py_XDECREF(word);
    if (found != NULL) {
        kcov.device_seen = now;
        thread_record_process(Py_IS_TYPE(found, kcov.recorder) ? found : Py_None);
        Py_DECREF(found);
        return 0;
    }
    if (PyErr_ExceptionMatches(PyExc_RecursionError) || PyErr_ExceptionMatches(PyExc_MemoryError)) {
        PyErr_Clear(); /* ours: the program would have gone on */
        return 0;
    }
    return -1; /* a signal handler's, and so the program's */
}

/* 0, or -1 with an exception set. */
static int lookup(struct kcov_thread *t)
{
    thread_self();
    if (UNLIKELY(kcov.noticed != kcov.generation) && !t->paused && fork_notice() < 0)
        return -1;
    uint64_t now = __atomic_load_n(kcov.device, __ATOMIC_ACQUIRE);
    if (UNLIKELY(now != kcov.device_seen) && !t->paused && kcov.device_changed != NULL
        && !compat_finalizing() && ask_device(now) < 0)
        return -1; /* thread_resume() has seen to it that the next hit comes here again */
    t->device = kcov.device;
    t->device_seen = kcov.device_changed != NULL ? kcov.device_seen : now;

    PyObject *stale = t->stale[0], *stale_task = t->stale[1];
    struct recorder *before = t->section;
    t->stale[0] = t->stale[1] = NULL;
    t->section = NULL;

    thread_off(t);
    const struct guard *guard = thread_register(t);
    if (guard == NULL) {
        thread_changed(t); /* nothing can tell when this thread's answer changes */
    } else {
        t->watch = &t->seen; /* nothing to watch */
        if (!t->paused && t->own == NULL && kcov.sections > 0) {
            t->section = thread_section();
            t->watch = guard->late ? &changed : compat_context_version(PyThreadState_Get());
            t->seen = guard->late ? 0 : *t->watch;
        }
    }
    struct recorder *r = t->paused ? NULL : recorder_of(t);
    if (r != NULL && r->comparisons) {
        t->compare = r;
        r = NULL; /* probes have nobody */
    }
    if (r != NULL || (kcov.everyone != NULL && !t->paused)) {
        t->limit = 0;
        if (r != NULL && guard != NULL && r->counters == NULL && r->shared == NULL
            && r->bitmap == NULL && kcov.everyone == NULL) {
            t->words = r->words;
            t->limit = r->limit;
            t->step = 1;
        }
    }
    /* Last: to drop a recorder may unmap its area, and that lets other threads run. */
    Py_XDECREF(stale);
    Py_XDECREF(stale_task);
    Py_XDECREF(before);
    return 0;
}

/* Look again whose record it is, if that may have changed. 0, or -1 with an exception set. */
int thread_look(struct kcov_thread *t)
{
    return *t->watch != t->seen || *t->device != t->device_seen ? lookup(t) : 0;
}

int thread_slow(struct kcov_thread *t, struct probe *probe)
{
    if (thread_look(t) < 0)
        return -1;
    if (t->paused)
        return 0;
    if (kcov.everyone != NULL)
        counters_hit(kcov.everyone, probe);
    struct recorder *r = recorder_of(t);
    if (r != NULL && !r->comparisons && (r->live || r != t->section)) /* lookup may have let its closer run */
        recorder_hit(r, probe);
    return 0;
}
