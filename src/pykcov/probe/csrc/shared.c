/* Shared: the state of a descriptor that several processes share.
 *
 * Descriptors are inherited across fork, and in Linux all holders share one mode. So mode and size
 * are in a page that parent and child both map, guarded by a robust process-shared mutex.
 *
 * The owner is a thread of any of these processes, and may die at any instant. Linux promises that
 * the descriptor can be enabled again once waitpid() or pthread_join() has returned. Checking (pid,
 * start time, tid) in /proc can't keep that promise, because an execve changes none of them. But the
 * kernel marks the robust mutexes that a thread holds when the thread ends, when its process is
 * killed, and at execve, always before anyone can have waited for it. So the owner holds the mutex
 * `owner` as long as the descriptor is enabled, and EOWNERDEAD there means that it has died.
 */
#include "shared.h"

#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

static int init_mutex(pthread_mutex_t *mutex, int kind)
{
    pthread_mutexattr_t attributes;
    int error = pthread_mutexattr_init(&attributes);
    if (error == 0) {
        pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
        pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
        pthread_mutexattr_settype(&attributes, kind);
        error = pthread_mutex_init(mutex, &attributes);
        pthread_mutexattr_destroy(&attributes);
    }
    return error;
}

/* The size of one page in a file of many. */
long shared_bytes(void)
{
    long page = sysconf(_SC_PAGESIZE);
    return ((long)sizeof(struct page) + page - 1) / page * page;
}

static PyObject *shared_new(PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
    static char *names[] = {"fd", "join", "offset", NULL};
    int fd = -1, join = 0;
    long long offset = 0;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "|ipL:Shared", names, &fd, &join, &offset))
        return NULL;
    struct shared *s = (struct shared *)type->tp_alloc(type, 0);
    if (s == NULL)
        return NULL;
    void *page = mmap(NULL, sizeof *s->page, PROT_READ | PROT_WRITE,
                      MAP_SHARED | (fd < 0 ? MAP_ANONYMOUS : 0), fd, (off_t)offset);
    if (page == MAP_FAILED) {
        PyErr_SetFromErrno(PyExc_OSError);
        Py_DECREF(s);
        return NULL;
    }
    s->page = page;
    if (join)
        return (PyObject *)s;
    int error = init_mutex(&s->page->lock, PTHREAD_MUTEX_RECURSIVE);
    if (error == 0)
        error = init_mutex(&s->page->owner, PTHREAD_MUTEX_NORMAL);
    if (error == 0)
        error = init_mutex(&s->page->append, PTHREAD_MUTEX_NORMAL);
    if (error != 0) {
        errno = error;
        PyErr_SetFromErrno(PyExc_OSError);
        Py_CLEAR(s);
    }
    return (PyObject *)s;
}

static void shared_dealloc(PyObject *self)
{
    struct shared *s = (struct shared *)self;
    PyTypeObject *type = Py_TYPE(self);
    /* The kernel's list of the owner's mutexes leads through the page while it is claimed: rather
     * leak the page than have the kernel write to what is mapped there next. */
    if (s->page != NULL && !(s->claimed && s->generation == kcov.generation))
        munmap(s->page, sizeof *s->page);
    type->tp_free(self);
    Py_DECREF(type);
}

/* A holder of the lock died. Each field is one word that one store changes, so what it leaves is
 * what was before or after: consistent as it is. */
int lock_result(pthread_mutex_t *mutex, int error)
{
    return error == EOWNERDEAD ? pthread_mutex_consistent(mutex) : error;
}

int page_lock(struct page *page)
{
    int error = pthread_mutex_trylock(&page->lock);
    if (error == EBUSY) {
        Py_BEGIN_ALLOW_THREADS
        error = pthread_mutex_lock(&page->lock);
        Py_END_ALLOW_THREADS
    }
    return lock_result(&page->lock, error);
}

void page_unlock(struct page *page) { pthread_mutex_unlock(&page->lock); }

static PyObject *shared_enter(PyObject *self, PyObject *ignored)
{
    (void)ignored;
    int error = page_lock(((struct shared *)self)->page);
    if (error != 0) {
        errno = error;
        return PyErr_SetFromErrno(PyExc_OSError);
    }
    return Py_NewRef(self);
}

static PyObject *shared_release(PyObject *self, PyObject *ignored)
{
    (void)ignored;
    page_unlock(((struct shared *)self)->page);
    Py_RETURN_NONE;
}

static PyObject *shared_exit(PyObject *self, PyObject *const *ignored, Py_ssize_t count)
{
    (void)count;
    (void)ignored;
    return shared_release(self, NULL);
}

/* Make the calling thread the owner. False: a living thread is. */
static PyObject *shared_claim(PyObject *self, PyObject *ignored)
{
    (void)ignored;
    struct shared *s = (struct shared *)self;
    pthread_mutex_t *owner = &s->page->owner;
    if (lock_result(owner, pthread_mutex_trylock(owner)) != 0)
        Py_RETURN_FALSE;
    s->claimed = 1;
    s->generation = kcov.generation;
    Py_RETURN_TRUE;
}

/* The calling thread is the owner no longer. False: it was not. */
static PyObject *shared_disclaim(PyObject *self, PyObject *ignored)
{
    (void)ignored;
    struct shared *s = (struct shared *)self;
    if (!s->claimed || s->generation != kcov.generation
        || pthread_mutex_unlock(&s->page->owner) != 0)
        Py_RETURN_FALSE;
    s->claimed = 0;
    Py_RETURN_TRUE;
}

/* Did the owner die without a disclaim? True once; then there is none, and the mode is INIT. */
static PyObject *shared_owner_died(PyObject *self, PyObject *ignored)
{
    (void)ignored;
    struct shared *s = (struct shared *)self;
    pthread_mutex_t *owner = &s->page->owner;
    int error = pthread_mutex_trylock(owner);
    if (error == EBUSY)
        Py_RETURN_FALSE;
    if (error == EOWNERDEAD) {
        pthread_mutex_consistent(owner);
        s->claimed = 0;
        if (s->page->mode > KCOV_MODE_INIT)
            __atomic_store_n(&s->page->mode, KCOV_MODE_INIT, __ATOMIC_RELEASE);
    }
    pthread_mutex_unlock(owner);
    return PyBool_FromLong(error == EOWNERDEAD);
}

/* The page is another descriptor's from now on. Its mutexes stay as they are: a process that has it
 * mapped for the one before may hold one. And so does the sequence, which tells them apart. */
static PyObject *shared_recycle(PyObject *self, PyObject *ignored)
{
    (void)ignored;
    struct page *page = ((struct shared *)self)->page;
    page->sequence++;
    page->mode = page->size = page->bitmap_words = 0;
    memset(&page->tally, 0, sizeof page->tally);
    memset(page->processes, 0, sizeof page->processes);
    Py_RETURN_NONE;
}

/* When this returns, no record of an ENABLE that is over is on its way any more. */
static PyObject *shared_settle(PyObject *self, PyObject *ignored)
{
    (void)ignored;
    pthread_mutex_t *append = &((struct shared *)self)->page->append;
    if (lock_result(append, pthread_mutex_lock(append)) == 0)
        pthread_mutex_unlock(append);
    Py_RETURN_NONE;
}

static PyObject *get_word(PyObject *self, void *offset)
{
    struct page *page = ((struct shared *)self)->page;
    uint64_t *word = (uint64_t *)((char *)page + (uintptr_t)offset);
    return PyLong_FromUnsignedLongLong(__atomic_load_n(word, __ATOMIC_ACQUIRE));
}

static int set_word(PyObject *self, PyObject *value, void *offset)
{
    struct page *page = ((struct shared *)self)->page;
    unsigned long long number = value == NULL ? 0 : PyLong_AsUnsignedLongLong(value);
    if (number == (unsigned long long)-1 && PyErr_Occurred())
        return -1;
    __atomic_store_n((uint64_t *)((char *)page + (uintptr_t)offset), number, __ATOMIC_RELEASE);
    return 0;
}

static PyGetSetDef shared_getset[] = {
    {"mode", get_word, set_word, NULL, (void *)offsetof(struct page, mode)},
    {"size", get_word, set_word, NULL, (void *)offsetof(struct page, size)},
    {"bitmap_words", get_word, set_word, NULL, (void *)offsetof(struct page, bitmap_words)},
    {"sequence", get_word, set_word, NULL, (void *)offsetof(struct page, sequence)},
    {NULL, NULL, NULL, NULL, NULL},
};

static PyMethodDef shared_methods[] = {
    {"__enter__", shared_enter, METH_NOARGS, NULL},
    {"__exit__", (PyCFunction)(void (*)(void))shared_exit, METH_FASTCALL, NULL},
    {"acquire", shared_enter, METH_NOARGS, NULL},
    {"release", shared_release, METH_NOARGS, NULL},
    {"claim", shared_claim, METH_NOARGS, NULL},
    {"disclaim", shared_disclaim, METH_NOARGS, NULL},
    {"owner_died", shared_owner_died, METH_NOARGS, NULL},
    {"recycle", shared_recycle, METH_NOARGS, NULL},
    {"begin", ticket_begin, METH_VARARGS, NULL},
    {"restart", tally_restart, METH_O, NULL},
    {"lost", tally_lost, METH_VARARGS, NULL},
    {"processes", tally_processes, METH_NOARGS, NULL},
    {"tally", tally_counts, METH_NOARGS, NULL},
    {"reset", unique_reset, METH_VARARGS, NULL},
    {"report", ring_report, METH_VARARGS, NULL},
    {"settle", shared_settle, METH_NOARGS, NULL},
    {NULL, NULL, 0, NULL},
};

static PyType_Slot shared_slots[] = {
    {Py_tp_doc, "Mode, size and owner of a descriptor, shared with forked processes."},
    {Py_tp_new, shared_new},
    {Py_tp_dealloc, shared_dealloc},
    {Py_tp_methods, shared_methods},
    {Py_tp_getset, shared_getset},
    {0, NULL},
};

PyType_Spec shared_spec = {
    .name = "pykcov.probe.Shared",
    .basicsize = sizeof(struct shared),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_IMMUTABLETYPE,
    .slots = shared_slots,
};
