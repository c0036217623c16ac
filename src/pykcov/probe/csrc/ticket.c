/* Tickets: they link a section to the descriptor that collects it.
 *
 * A section takes a ticket when it begins, and uses it to publish: its records are appended to the area,
 * and then the count is stored with release. All this happens under the page's lock, in one call, so no
 * exception and no fork can intervene, and a process killed in between has not changed anything that the
 * count covers. A ticket belongs to one ENABLE (sequence) and to one generation (control.h); records
 * published under another one are dropped.
 */
#include "ticket.h"

#include <errno.h>

/* -- publishing -------------------------------------------------------------------------------- */

/* Append records of `each` words; returns the number that there was room for. */
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
    if (ticket_holds(t)) {
        published = -2;
        if (tally_present(&t->memory, page) == t->generation) {
            published = (long long)append(t, section.area, records, each, (flags & AFTER) != 0);
            tally_publish(page, t, records, (uint64_t)published, flags);
        } else if (records > 0 && ticket_first(t, LATE)) {
            page->tally.late++;
        }
        tally_tell(&t->memory, page);
    }
    section.area[0] = 0;
    if (flags & OVER)
        ticket_first(t, ENDED);
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
    if (ticket_holds(t) && tally_present(&t->memory, page) != t->generation) {
        t->generation = page->tally.generation;
        tally_begin(page, t);
        tally_tell(&t->memory, page);
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
    if (ticket_holds(t)) {
        t->generation = tally_present(&t->memory, s->page);
        tally_begin(s->page, t);
        tally_tell(&t->memory, s->page);
    }
    page_unlock(s->page);
    return (PyObject *)t;
}

/* End a section that an exception left open, so that nobody waits for it. */
static void abandon(struct ticket *t)
{
    struct page *page = t->shared->page;
    if (t->counted & ENDED || t->forks != kcov.generation || page_lock(page) != 0)
        return;
    if (ticket_holds(t) && tally_present(&t->memory, page) == t->generation) {
        tally_publish(page, t, 0, 0, OVER);
        page->tally.lost++;
        tally_tell(&t->memory, page);
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
