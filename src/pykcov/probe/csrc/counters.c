/* Counters: the recording mode "blocks". They count the hits of each block since the last clear, and list
 * the blocks hit since the list was last consumed, in the order of their first hits.
 *
 * Nothing here iterates over all existing blocks: the cells are anonymous memory, of which only touched
 * pages cost anything, and consuming, clearing and reporting iterate over the lists.
 */
#include "pykcov.h"

#include <stdlib.h>
#include <structmember.h>
#include <sys/mman.h>

#define LISTED (UINT64_C(1) << 63) /* in a cell: stands in pending */
#define HITS (LISTED - 1)
#define FIRST_ROOM (UINT64_C(1) << 16)

static int list_append(struct block_list *list, const struct probe *probe)
{
    if (list->head == list->length)
        list->head = list->length = 0;
    if (list->length == list->room && list->head > list->room / 2) {
        list->length -= list->head;
        memmove(list->items, list->items + list->head, list->length * sizeof *list->items);
        list->head = 0;
    }
    if (list->length == list->room) {
        size_t room = list->room ? 2 * list->room : 256;
        struct block *items = realloc(list->items, room * sizeof *items);
        if (items == NULL)
            return 0;
        list->items = items;
        list->room = room;
    }
    list->items[list->length++] = (struct block){.pc = probe->pc, .index = probe->index};
    return 1;
}

static int cells_reach(struct counters *c, uint32_t index)
{
    size_t room = c->room ? c->room : FIRST_ROOM;
    while (room <= index || room < kcov.probes)
        room *= 2;
    void *cells = c->cells == NULL
        ? mmap(NULL, room * 8, PROT_READ | PROT_WRITE,
               MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0)
        : mremap(c->cells, c->room * 8, room * 8, MREMAP_MAYMOVE);
    if (cells == MAP_FAILED)
        return 0;
    c->cells = cells;
    c->room = room;
    return 1;
}

void counters_hit(struct counters *c, const struct probe *probe)
{
    if (UNLIKELY(probe->index >= c->room) && !cells_reach(c, probe->index)) {
        c->lost = 1;
        return;
    }
    uint64_t *cell = &c->cells[probe->index];
    if (UNLIKELY(!(*cell & HITS)) && !list_append(&c->seen, probe)) {
        c->lost = 1;
        return;
    }
    ++*cell;
    if (UNLIKELY(!(*cell & LISTED))) {
        if (list_append(&c->pending, probe))
            *cell |= LISTED;
        else
            c->lost = 1;
    }
}

size_t counters_pending(const struct counters *c)
{
    return c->pending.length - c->pending.head;
}

/* Preconditions: n < counters_pending(c). */
uint64_t counters_peek(const struct counters *c, size_t n)
{
    return c->pending.items[c->pending.head + n].pc;
}

/* Take the first n blocks off the pending list. */
void counters_drop(struct counters *c, size_t n)
{
    for (; n > 0 && counters_pending(c) > 0; n--)
        c->cells[c->pending.items[c->pending.head++].index] &= ~LISTED;
}

/* Does it stand in the pending list? */
int counters_listed(const struct counters *c, const struct probe *probe)
{
    return probe->index < c->room && c->cells[probe->index] & LISTED;
}

static PyObject *counters_pcs(PyObject *self, PyObject *arg)
{
    struct counters *c = (struct counters *)self;
    size_t most = PyLong_AsSize_t(arg);
    if (most == (size_t)-1 && PyErr_Occurred())
        return NULL;
    size_t n = counters_pending(c) < most ? counters_pending(c) : most;
    PyObject *bytes = PyBytes_FromStringAndSize(NULL, (Py_ssize_t)(8 * n));
    if (bytes == NULL)
        return NULL;
    for (size_t i = 0; i < n; i++) {
        uint64_t pc = counters_peek(c, i);
        memcpy(PyBytes_AS_STRING(bytes) + 8 * i, &pc, 8);
    }
    return bytes;
}

static PyObject *counters_drop_method(PyObject *self, PyObject *arg)
{
    size_t n = PyLong_AsSize_t(arg);
    if (n == (size_t)-1 && PyErr_Occurred())
        return NULL;
    counters_drop((struct counters *)self, n);
    Py_RETURN_NONE;
}

void counters_clear(struct counters *c)
{
    for (size_t i = 0; i < c->seen.length; i++)
        c->cells[c->seen.items[i].index] = 0;
    c->seen.length = c->pending.head = c->pending.length = 0;
    c->lost = 0;
}

static PyObject *counters_clear_method(PyObject *self, PyObject *ignored)
{
    (void)ignored;
    counters_clear((struct counters *)self);
    Py_RETURN_NONE;
}

static PyObject *counters_hits(PyObject *self, PyObject *ignored)
{
    (void)ignored;
    struct counters *c = (struct counters *)self;
    PyObject *list = PyList_New(0);
    /* Making a tuple may run the collector, and that anything: nothing is kept over it. */
    for (size_t i = 0; list != NULL && i < c->seen.length; i++) {
        struct block block = c->seen.items[i];
        PyObject *pair = Py_BuildValue("KK", (unsigned long long)block.pc,
                                       (unsigned long long)(c->cells[block.index] & HITS));
        if (pair == NULL || PyList_Append(list, pair) < 0)
            Py_CLEAR(list);
        Py_XDECREF(pair);
    }
    return list;
}

static Py_ssize_t counters_length(PyObject *self)
{
    return (Py_ssize_t)counters_pending((struct counters *)self);
}

static void counters_dealloc(PyObject *self)
{
    struct counters *c = (struct counters *)self;
    PyTypeObject *type = Py_TYPE(self);
    if (c->cells != NULL)
        munmap(c->cells, c->room * 8);
    free(c->pending.items);
    free(c->seen.items);
    type->tp_free(self);
    Py_DECREF(type);
}

static PyMethodDef counters_methods[] = {
    {"pcs", counters_pcs, METH_O, NULL},
    {"drop", counters_drop_method, METH_O, NULL},
    {"clear", counters_clear_method, METH_NOARGS, NULL},
    {"hits", counters_hits, METH_NOARGS, NULL},
    {NULL, NULL, 0, NULL},
};

static PyMemberDef counters_members[] = {
    {"lost", T_BOOL, offsetof(struct counters, lost), READONLY, NULL},
    {NULL, 0, 0, 0, NULL},
};

static PyType_Slot counters_slots[] = {
    {Py_tp_doc, "Hits by block, and the blocks hit since they were last consumed."},
    {Py_tp_dealloc, counters_dealloc},
    {Py_tp_methods, counters_methods},
    {Py_tp_members, counters_members},
    {Py_sq_length, counters_length},
    {0, NULL},
};

PyType_Spec counters_spec = {
    .name = "pykcov.probe.Counters",
    .basicsize = sizeof(struct counters),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_IMMUTABLETYPE,
    .slots = counters_slots,
};
