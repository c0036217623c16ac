/* Recorder: the destination of a task's records: an area, and in mode "blocks" counters before it. */
#include "area.h"
#include "pykcov.h"

#include <structmember.h>

/* Record a PC, unless there is a bitmap and it has the PC already; 0: no room. */
static int recorder_append(struct recorder *r, uint64_t pc)
{
    return r->bitmap != NULL ? unique_record(r, pc) : area_record(r->words, r->limit, pc, 1);
}

void recorder_hit(struct recorder *r, const struct probe *probe)
{
    if (r->shared != NULL)
        together_hit(r, probe);
    else if (r->counters != NULL)
        counters_hit(r->counters, probe);
    else if (!recorder_append(r, probe->pc))
        r->dropped = 1;
}

void recorder_compare(struct recorder *r, const uint64_t (*records)[4], uint64_t n)
{
    if (r->shared != NULL)
        together_compare(r, records, n);
    else if (!area_compare(r->words, r->limit, records, n))
        r->dropped = 1;
}

static PyObject *recorder_new(PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
    static char *names[] = {"area", "blocks", "bitmap_words", "comparisons", NULL};
    PyObject *area;
    int blocks = 0, comparisons = 0;
    unsigned long long bitmap_words = 0;

    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "O|p$Kp:Recorder", names, &area, &blocks,
                                     &bitmap_words, &comparisons))
        return NULL;
    struct recorder *r = (struct recorder *)type->tp_alloc(type, 0);
    if (r == NULL)
        return NULL;
    if (PyObject_GetBuffer(area, &r->buffer, PyBUF_WRITABLE) < 0)
        goto fail;
    if (buffer_check(&r->buffer, 8, 2, "area") < 0)
        goto fail;
    r->words = r->buffer.buf;
    r->limit = (uint64_t)r->buffer.len / 8 - 1;
    if (bitmap_words >= r->limit) {
        PyErr_SetString(PyExc_ValueError, "the bitmap leaves no 2 words for the trace");
        goto fail;
    }
    if (bitmap_words > 0) {
        r->bitmap = r->words;
        r->bitmap_words = bitmap_words;
        r->words += bitmap_words;
        r->limit -= bitmap_words;
    }
    r->generation = kcov.generation;
    r->comparisons = comparisons;
    if (blocks && !comparisons) {
        r->counters = (struct counters *)kcov.counters->tp_alloc(kcov.counters, 0);
        if (r->counters == NULL)
            goto fail;
    }
    return (PyObject *)r;
fail:
    Py_DECREF(r);
    return NULL;
}

static void recorder_dealloc(PyObject *self)
{
    struct recorder *r = (struct recorder *)self;
    PyTypeObject *type = Py_TYPE(self);
    if (r->live && r->generation == kcov.generation)
        kcov.sections--; /* opened, and never closed: its context has gone */
    if (r->buffer.obj != NULL)
        PyBuffer_Release(&r->buffer);
    Py_CLEAR(r->counters);
    Py_CLEAR(r->shared);
    type->tp_free(self);
    Py_DECREF(type);
}

/* Append pending blocks to the area, as many as fit; the rest stays for the next time. */
static PyObject *recorder_consume(PyObject *self, PyObject *ignored)
{
    (void)ignored;
    struct recorder *r = (struct recorder *)self;
    size_t n = 0;
    if (r->counters != NULL && r->shared == NULL) {
        while (n < counters_pending(r->counters)
               && recorder_append(r, counters_peek(r->counters, n)))
            n++;
        counters_drop(r->counters, n);
    }
    return PyLong_FromSize_t(n);
}

static PyMethodDef recorder_methods[] = {
    {"consume", recorder_consume, METH_NOARGS, NULL},
    {"share", together_share, METH_O, NULL},
    {NULL, NULL, 0, NULL},
};

static PyMemberDef recorder_members[] = {
    {"counters", T_OBJECT, offsetof(struct recorder, counters), READONLY, NULL},
    {"dropped", T_BOOL, offsetof(struct recorder, dropped), 0, NULL},
    {"handle", T_ULONGLONG, offsetof(struct recorder, handle), 0, NULL},
    {NULL, 0, 0, 0, NULL},
};

static PyType_Slot recorder_slots[] = {
    {Py_tp_doc, "Recorder(area, blocks=False, *, bitmap_words=0, comparisons=False): writes records "
                "into area, a writable buffer."},
    {Py_tp_new, recorder_new},
    {Py_tp_dealloc, recorder_dealloc},
    {Py_tp_methods, recorder_methods},
    {Py_tp_members, recorder_members},
    {0, NULL},
};

PyType_Spec recorder_spec = {
    .name = "pykcov.probe.Recorder",
    .basicsize = sizeof(struct recorder),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_IMMUTABLETYPE,
    .slots = recorder_slots,
};
