/* The tally: how many sections have begun, and what became of them.
 *
 * It is kept in the page, to which clients have no access, and copied to the control page, where the
 * client may read it at any time. It covers one generation; the first section of a new one resets it.
 * Sections are also counted by process, to identify those of a killed process.
 */
#include "ticket.h"

#include <unistd.h>

/* Fill in *m from a buffer; -1 with an exception where it is too short to be an area. */
int memory_of(struct memory *m, const struct page *page, PyObject *object)
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

/* -- counts; the lock is held ------------------------------------------------------------------ */

void tally_tell(const struct memory *m, const struct page *page)
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
uint64_t tally_present(const struct memory *m, struct page *page)
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

void tally_begin(struct page *page, struct ticket *t)
{
    struct process *p = process_of(page, t->process, 1);
    p->live++;
    p->unsettled++;
    page->tally.began++;
    page->tally.ever++;
    t->counted = 0;
}

/* A section of the present generation has published, or is over. */
void tally_publish(struct page *page, struct ticket *t, uint64_t records, uint64_t published,
                          unsigned flags)
{
    struct process *p = process_of(page, t->process, 0); /* NULL: it was taken for dead */
    if (published > 0 && ticket_first(t, PUBLISHED))
        page->tally.published++;
    if ((published < records || flags & DROPPED) && ticket_first(t, OVERFLOWED))
        page->tally.overflowed++;
    /* A client that goes back to an earlier generation makes counts wrong, its own: never below 0. */
    if (p != NULL && p->unsettled > 0 && ticket_first(t, SETTLED)) {
        page->tally.settled++;
        p->unsettled--;
    }
    if (p != NULL && p->live > 0 && flags & OVER && ticket_first(t, ENDED)) {
        page->tally.over++;
        p->live--;
    }
}

/* restart(area): a KCOV_REMOTE_ENABLE: no section has begun yet. The lock is held. */
PyObject *tally_restart(PyObject *self, PyObject *area)
{
    struct page *page = ((struct shared *)self)->page;
    struct memory m;
    if (memory_of(&m, page, area) < 0)
        return NULL;
    memset(&page->tally, 0, sizeof page->tally);
    memset(page->processes, 0, sizeof page->processes);
    tally_present(&m, page);
    tally_tell(&m, page);
    PyBuffer_Release(&m.buffer);
    Py_RETURN_NONE;
}

/* lost(area, process): it is dead, and its sections will not be over any more. The lock is held. */
PyObject *tally_lost(PyObject *self, PyObject *args)
{
    struct page *page = ((struct shared *)self)->page;
    PyObject *area;
    unsigned long long id;
    struct memory m;
    if (!PyArg_ParseTuple(args, "OK:lost", &area, &id) || memory_of(&m, page, area) < 0)
        return NULL;
    tally_present(&m, page);
    for (struct process *p = page->processes; p < &page->processes[PROCESSES - 1]; p++) {
        if (p->live == 0 || p->id != id)
            continue;
        page->tally.lost += p->live;
        page->tally.over += p->live;
        page->tally.settled += p->unsettled;
        p->live = p->unsettled = 0;
    }
    tally_tell(&m, page);
    PyBuffer_Release(&m.buffer);
    Py_RETURN_NONE;
}

/* Those with sections that are not over, but for what had no place of its own. The lock is held. */
PyObject *tally_processes(PyObject *self, PyObject *ignored)
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

PyObject *tally_counts(PyObject *self, PyObject *ignored)
{
    (void)ignored;
    const struct tally *t = &((struct shared *)self)->page->tally;
    return Py_BuildValue("(KKKKKKKKK)", t->generation, t->began, t->settled, t->over, t->published,
                         t->overflowed, t->lost, t->late, t->ever);
}
