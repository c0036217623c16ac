/* Tickets: what ties a section to the descriptor that collects it.
 *
 * A section takes a ticket when it begins, and publishes with it: its records are copied behind the
 * area's count, then the count is stored with release. All of this happens under the page's lock, in
 * one call, so no exception and no fork can come in between, and a process that is killed there has
 * changed nothing that a count covers. A ticket is of one ENABLE (sequence) and of one generation
 * (control.h), and whatever is published under another one is dropped.
 *
 * How many sections began, and what became of them, is counted in the page, which is never the
 * client's, and copied to the control page, where the client may read it at any time.
 */
#include "control.h"
#include "shared.h"

#include <errno.h>
#include <unistd.h>

enum { OVER = 1, DROPPED = 2, AFTER = 4 };                                  /* flags of publish() */
enum { SETTLED = 1, PUBLISHED = 2, OVERFLOWED = 4, LATE = 8, ENDED = 16 }; /* what was counted */

/* The parts of a descriptor's memory; control and after are NULL where it is not a socket's. */
struct memory {
    Py_buffer buffer; /* Owned. Pins the mapping. */
    uint64_t *area, *control, *after;
    uint64_t size; /* of each area, in words */
};

struct ticket {
    PyObject_HEAD
    struct shared *shared; /* Owned. NULL: the section did not begin. */
    struct memory memory;  /* Owned, if shared is not NULL. */
    uint64_t sequence, generation, process;
    unsigned forks; /* of the process that began */
    unsigned counted;
};

/* Fill in *m from a buffer; -1 with an exception where it is too short to be an area. */
static int memory_of(struct memory *m, const struct page *page, PyObject *object)
{
    if (PyObject_GetBuffer(object, &m->buffer, PyBUF_WRITABLE) < 0)
        return -1;
    if (buffer_check(&m->buffer, 8, 2, "an area") < 0) {
        PyBuffer_Release(&m->buffer);
        return -1;
    }
    uint64_t room = (uint64_t)m->buffer.len / 8, size = page->size;
    m->area = m->buffer.buf;
    m->control = m->after = NULL;
    m->size = size >= 2 && size <= room ? size : room;
    uint64_t each = (uint64_t)sysconf(_SC_PAGESIZE) / 8, rounded = (m->size + each - 1) / each * each;
    if (room >= 2 * rounded + each) {
        m->control = m->area + rounded;
        m->after = m->control + each;
    }
    return 0;
}

static uint64_t load(const uint64_t *word) { return __atomic_load_n(word, __ATOMIC_ACQUIRE); }

static void store(uint64_t *word, uint64_t value) { __atomic_store_n(word, value, __ATOMIC_RELEASE); }

/* -- counts; the lock is held ------------------------------------------------------------------ */

static void tell(const struct memory *m, const struct page *page)
{
    const struct tally *t = &page->tally;
    if (m->control == NULL)
        return;
    store(&m->control[CONTROL_BEGAN], t->began);
    store(&m->control[CONTROL_SETTLED], t->settled);
    store(&m->control[CONTROL_OVER], t->over);
    store(&m->control[CONTROL_PUBLISHED], t->published);
    store(&m->control[CONTROL_OVERFLOWED], t->overflowed);
    store(&m->control[CONTROL_LOST], t->lost);
    store(&m->control[CONTROL_LATE], t->late);
    store(&m->control[CONTROL_EVER], t->ever);
    store(&m->control[CONTROL_COUNTED], t->generation); /* last: those before are of this one */
}

/* Return the present generation, after the counts have been begun for it. */
static uint64_t present(const struct memory *m, struct page *page)
{
    uint64_t generation = m->control != NULL ? load(&m->control[CONTROL_GENERATION]) : 0;
    if (page->tally.generation != generation) {
        uint64_t ever = page->tally.ever;
        memset(&page->tally, 0, sizeof page->tally);
        memset(page->processes, 0, sizeof page->processes);
        page->tally.generation = generation;
        page->tally.ever = ever;
    }
    return generation;
}

static struct process *process_of(struct page *page, uint64_t id, int make)
{
    struct process *free = NULL, *others = &page->processes[PROCESSES - 1];
    for (struct process *p = page->processes; p < others; p++) {
        if (p->live > 0 && p->id == id)
            return p;
        if (p->live == 0 && free == NULL)
            free = p;
    }
    if (!make || free == NULL)
        return make || others->live > 0 ? others : NULL;
    free->id = id;
    return free;
}

static void count_begin(struct page *page, struct ticket *t)
{
    struct process *p = process_of(page, t->process, 1);
    p->live++;
    p->unsettled++;
    page->tally.began++;
    page->tally.ever++;
    t->counted = 0;
}

static int first(struct ticket *t, unsigned what)
{
    int is_first = !(t->counted & what);
    t->counted |= what;
    return is_first;
}

/* A section of the present generation has published, or is over. */
static void count_publish(struct page *page, struct ticket *t, uint64_t records, uint64_t published,
                          unsigned flags)
{
    struct process *p = process_of(page, t->process, 0); /* NULL: it was taken for dead */
    if (published > 0 && first(t, PUBLISHED))
        page->tally.published++;
    if ((published < records || flags & DROPPED) && first(t, OVERFLOWED))
        page->tally.overflowed++;
    /* A client that goes back to an earlier generation may have it count down what was not counted up. */
    if (p != NULL && p->unsettled > 0 && first(t, SETTLED)) {
        page->tally.settled++;
        p->unsettled--;
    }
    if (p != NULL && flags & OVER && first(t, ENDED)) {
        page->tally.over++;
        p->live--;
    }
}

/* -- publishing -------------------------------------------------------------------------------- */

/* Append so many records of `each` words; returns how many there was room for. */
static uint64_t append(const struct ticket *t, const uint64_t *from, uint64_t records, unsigned each,
                       int after)
{
    const struct memory *m = &t->memory;
    int is_new = m->control != NULL && load(&m->control[CONTROL_HOLDS]) != t->generation;
    if (is_new) {
        store(&m->area[0], 0);
        store(&m->after[0], 0);
    }
    int apart = after && m->control != NULL && load(&m->control[CONTROL_SEPARATE]) != 0;
    uint64_t *to = apart ? m->after : m->area;
    uint64_t limit = (m->size - 1) / each, count = load(&to[0]);
    if (count > limit)
        count = limit; /* garbage, which a client wrote: it gets nothing */
    if (records > limit - count)
        records = limit - count;
    if (records > 0) {
        memcpy(&to[1 + each * count], &from[1], each * records * sizeof *to);
        store(&to[0], count + records);
    }
    if (is_new)
        store(&m->control[CONTROL_HOLDS], t->generation);
    return records;
}

static int holds(const struct page *page, const struct ticket *t)
{
    return load(&page->mode) == KCOV_MODE_REMOTE && load(&page->sequence) == t->sequence;
}

static PyObject *locked(int error)
{
    errno = error;
    return PyErr_SetFromErrno(PyExc_OSError);
}

/* publish(section, each, flags): append the section's records, of `each` words, and set the section's
 * count to 0: under the GIL, as recording is, so a section that goes on loses nothing. Returns how
 * many were published, -1 where its ENABLE is over, -2 where its generation is. */
static PyObject *ticket_publish(PyObject *self, PyObject *args)
{
    struct ticket *t = (struct ticket *)self;
    struct page *page = t->shared->page;
    PyObject *words;
    unsigned each, flags;
    struct memory section;
    if (!PyArg_ParseTuple(args, "OII:publish", &words, &each, &flags)
        || memory_of(&section, page, words) < 0)
        return NULL;
    int error = page_lock(page);
    if (error != 0) {
        PyBuffer_Release(&section.buffer);
        return locked(error);
    }
    each = each > 0 ? each : 1;
    uint64_t most = ((uint64_t)section.buffer.len / 8 - 1) / each, records = section.area[0];
    if (records > most)
        records = most;
    long long published = -1;
    if (holds(page, t)) {
        published = -2;
        if (present(&t->memory, page) == t->generation) {
            published = (long long)append(t, section.area, records, each, (flags & AFTER) != 0);
            count_publish(page, t, records, (uint64_t)published, flags);
        } else if (records > 0 && first(t, LATE)) {
            page->tally.late++;
        }
        tell(&t->memory, page);
    }
    section.area[0] = 0;
    if (flags & OVER)
        first(t, ENDED);
    page_unlock(page);
    PyBuffer_Release(&section.buffer);
    return PyLong_FromLongLong(published);
}

/* renew(): from now on the section is of the present generation, as one that begins. False: it was,
 * or its ENABLE is over. What it has recorded must have been published before. */
static PyObject *ticket_renew(PyObject *self, PyObject *ignored)
{
    (void)ignored;
    struct ticket *t = (struct ticket *)self;
    struct page *page = t->shared->page;
    int error = page_lock(page), renewed = 0;
    if (error != 0)
        return locked(error);
    if (holds(page, t) && present(&t->memory, page) != t->generation) {
        t->generation = page->tally.generation;
        count_begin(page, t);
        tell(&t->memory, page);
        renewed = 1;
    }
    page_unlock(page);
    return PyBool_FromLong(renewed);
}

/* -- of Shared --------------------------------------------------------------------------------- */

PyObject *ticket_begin(PyObject *self, PyObject *args)
{
    struct shared *s = (struct shared *)self;
    PyObject *area;
    unsigned long long sequence, process;
    if (!PyArg_ParseTuple(args, "OKK:begin", &area, &sequence, &process))
        return NULL;
    struct ticket *t = (struct ticket *)kcov.ticket->tp_alloc(kcov.ticket, 0);
    if (t == NULL || memory_of(&t->memory, s->page, area) < 0) {
        Py_XDECREF(t);
        return NULL;
    }
    t->sequence = sequence;
    t->process = process;
    t->forks = kcov.generation;
    t->counted = ENDED; /* until it has begun */
    t->shared = (struct shared *)Py_NewRef(self);
    int error = page_lock(s->page);
    if (error != 0) {
        Py_DECREF(t);
        return locked(error);
    }
    if (holds(s->page, t)) {
        t->generation = present(&t->memory, s->page);
        count_begin(s->page, t);
        tell(&t->memory, s->page);
    }
    page_unlock(s->page);
    return (PyObject *)t;
}

/* restart(area): a KCOV_REMOTE_ENABLE: no section has begun yet. The lock is held. */
PyObject *ticket_restart(PyObject *self, PyObject *area)
{
    struct page *page = ((struct shared *)self)->page;
    struct memory m;
    if (memory_of(&m, page, area) < 0)
        return NULL;
    memset(&page->tally, 0, sizeof page->tally);
    memset(page->processes, 0, sizeof page->processes);
    present(&m, page);
    tell(&m, page);
    PyBuffer_Release(&m.buffer);
    Py_RETURN_NONE;
}

/* lost(area, process): it is dead, and its sections will not be over any more. The lock is held. */
PyObject *ticket_lost(PyObject *self, PyObject *args)
{
    struct page *page = ((struct shared *)self)->page;
    PyObject *area;
    unsigned long long id;
    struct memory m;
    if (!PyArg_ParseTuple(args, "OK:lost", &area, &id) || memory_of(&m, page, area) < 0)
        return NULL;
    present(&m, page);
    for (struct process *p = page->processes; p < &page->processes[PROCESSES - 1]; p++) {
        if (p->live == 0 || p->id != id)
            continue;
        page->tally.lost += p->live;
        page->tally.over += p->live;
        page->tally.settled += p->unsettled;
        p->live = p->unsettled = 0;
    }
    tell(&m, page);
    PyBuffer_Release(&m.buffer);
    Py_RETURN_NONE;
}

/* Those with sections that are not over, but for what had no place of its own. The lock is held. */
PyObject *ticket_processes(PyObject *self, PyObject *ignored)
{
    (void)ignored;
    struct page *page = ((struct shared *)self)->page;
    PyObject *list = PyList_New(0);
    for (size_t i = 0; list != NULL && i < PROCESSES - 1; i++) {
        if (page->processes[i].live == 0)
            continue;
        PyObject *id = PyLong_FromUnsignedLongLong(page->processes[i].id);
        if (id == NULL || PyList_Append(list, id) < 0)
            Py_CLEAR(list);
        Py_XDECREF(id);
    }
    return list;
}

PyObject *ticket_tally(PyObject *self, PyObject *ignored)
{
    (void)ignored;
    const struct tally *t = &((struct shared *)self)->page->tally;
    return Py_BuildValue("(KKKKKKKKK)", t->generation, t->began, t->settled, t->over, t->published,
                         t->overflowed, t->lost, t->late, t->ever);
}

/* A section that nobody ended, because an exception came in between: nobody may wait for it. */
static void abandon(struct ticket *t)
{
    struct page *page = t->shared->page;
    if (t->counted & ENDED || t->forks != kcov.generation || page_lock(page) != 0)
        return;
    if (holds(page, t) && present(&t->memory, page) == t->generation) {
        count_publish(page, t, 0, 0, OVER);
        page->tally.lost++;
        tell(&t->memory, page);
    }
    page_unlock(page);
}

static void ticket_dealloc(PyObject *self)
{
    struct ticket *t = (struct ticket *)self;
    PyTypeObject *type = Py_TYPE(self);
    if (t->shared != NULL) {
        abandon(t);
        PyBuffer_Release(&t->memory.buffer);
        Py_CLEAR(t->shared);
    }
    type->tp_free(self);
    Py_DECREF(type);
}

static PyMethodDef ticket_methods[] = {
    {"publish", ticket_publish, METH_VARARGS, NULL},
    {"renew", ticket_renew, METH_NOARGS, NULL},
    {NULL, NULL, 0, NULL},
};

static PyType_Slot ticket_slots[] = {
    {Py_tp_doc, "Ties a section to the descriptor that collects it."},
    {Py_tp_dealloc, ticket_dealloc},
    {Py_tp_methods, ticket_methods},
    {0, NULL},
};

PyType_Spec ticket_spec = {
    .name = "pykcov.probe.Ticket",
    .basicsize = sizeof(struct ticket),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_IMMUTABLETYPE | Py_TPFLAGS_DISALLOW_INSTANTIATION,
    .slots = ticket_slots,
};
