/* Origin: the last constant of a rewritten code object, which links it to the original.
 *
 * Its layout describes which parts of the rewritten code come from the original. It is a sequence of LEB128
 * numbers (seven bits each, lowest first, the top bit set in all bytes but the last). The first is the number
 * of constants in the original. Then two follow for each insertion, in order: its distance in units from the
 * previous one, and the number of units inserted. 0 units mark the end of the original; after that, two follow
 * for each piece of code appended: its size in units, and the original unit that it is reported as. */
#include "answers.h"

#include <structmember.h>

/* Return the next number, or -1 where the bytes end within it. */
static int64_t number(const unsigned char **next, const unsigned char *end)
{
    uint64_t value = 0;
    for (int shift = 0; *next < end && shift < 35; shift += 7) {
        unsigned char byte = *(*next)++;
        value |= (uint64_t)(byte & 0x7f) << shift;
        if (!(byte & 0x80))
            return (int64_t)value;
    }
    return -1;
}

/* Whoever makes one is about to have rewritten code. */
static int set_layout(struct origin *origin, PyObject *layout)
{
    if (answers_begin() < 0)
        return -1;
    const unsigned char *next = (const unsigned char *)PyBytes_AS_STRING(layout);
    int64_t constants = number(&next, next + PyBytes_GET_SIZE(layout));
    if (constants < 0) {
        PyErr_SetString(PyExc_ValueError, "an Origin's layout begins with the number of constants");
        return -1;
    }
    origin->layout = Py_NewRef(layout);
    origin->constants = (Py_ssize_t)constants;
    return 0;
}

static PyObject *origin_new(PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
    static char *names[] = {"code", "owner", "layout", NULL};
    PyObject *code, *owner, *layout;

    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "O!OS:Origin", names, &PyCode_Type, &code, &owner,
                                     &layout))
        return NULL;
    struct origin *origin = (struct origin *)type->tp_alloc(type, 0);
    if (origin != NULL) {
        origin->code = Py_NewRef(code);
        origin->owner = Py_NewRef(owner);
        if (set_layout(origin, layout) < 0)
            Py_CLEAR(origin);
    }
    return (PyObject *)origin;
}

PyObject *origin_later(PyObject *load, Py_ssize_t number, PyObject *owner, PyObject *layout)
{
    struct origin *origin = (struct origin *)kcov.origin->tp_alloc(kcov.origin, 0);
    if (origin != NULL) {
        origin->owner = Py_NewRef(owner);
        origin->load = Py_NewRef(load);
        origin->number = number;
        if (set_layout(origin, layout) < 0)
            Py_CLEAR(origin);
    }
    return (PyObject *)origin;
}

/* One of `code` instead, which has the same instructions. */
PyObject *origin_like(struct origin *origin, PyObject *code)
{
    return PyObject_CallFunctionObjArgs((PyObject *)kcov.origin, code, origin->owner,
                                        origin->layout, NULL);
}

static void origin_dealloc(PyObject *self)
{
    struct origin *origin = (struct origin *)self;
    Py_CLEAR(origin->code);
    Py_CLEAR(origin->owner);
    Py_CLEAR(origin->load);
    Py_CLEAR(origin->layout);
    Py_CLEAR(origin->consts);
    free(origin->moves);
    plain_dealloc(self);
}

PyObject *origin_code(struct origin *origin)
{
    if (origin->code == NULL) {
        PyObject *load = Py_NewRef(origin->load);
        PyObject *number = PyLong_FromSsize_t(origin->number);
        PyObject *code = number == NULL ? NULL : unseen_call(load, &number, 1);
        Py_XDECREF(number);
        Py_DECREF(load);
        if (code == NULL)
            return NULL;
        if (!PyCode_Check(code)) {
            Py_DECREF(code);
            return PyErr_Format(PyExc_TypeError, "the code of an Origin is a code object");
        }
        Py_XSETREF(origin->code, code); /* another thread may have been here meanwhile */
        Py_CLEAR(origin->load);
    }
    return Py_NewRef(origin->code);
}

/* Return those of `all` constants that are the original's, the same tuple each time. */
PyObject *origin_consts(struct origin *origin, PyObject *all)
{
    if (origin->consts == NULL)
        origin->consts = PyTuple_GetSlice(all, 0, origin->constants);
    return Py_XNewRef(origin->consts);
}

/* Read the moves out of the layout. What is no layout has those before it goes wrong. */
int origin_moves(struct origin *origin)
{
    if (origin->moves != NULL)
        return 0;
    size_t room = (size_t)PyBytes_GET_SIZE(origin->layout);
    const unsigned char *next = (const unsigned char *)PyBytes_AS_STRING(origin->layout);
    const unsigned char *end = next + room;
    struct move *moves = malloc((room / 2 + 1) * sizeof *moves); /* two bytes or more each */
    if (moves == NULL) {
        PyErr_NoMemory();
        return -1;
    }
    uint64_t offset = 0, before = 0;
    size_t count = 0;
    int behind = 0;
    number(&next, end);
    while (next < end) {
        int64_t first = number(&next, end), second = number(&next, end);
        if (first < 0 || second < 0)
            break;
        if (!behind)
            offset += (uint64_t)first;
        int64_t units = behind ? first : second, told = behind ? second : (int64_t)offset;
        behind |= second == 0 && !behind;
        if (units == 0)
            continue;
        moves[count++] = (struct move){(uint32_t)offset, (uint32_t)before, (uint32_t)units, (uint32_t)told};
        before += (uint64_t)units;
    }
    origin->count = count;
    origin->moves = moves;
    return 0;
}

static PyObject *get_code(PyObject *self, void *ignored)
{
    (void)ignored;
    return origin_code((struct origin *)self);
}

static PyMemberDef origin_members[] = {
    {"owner", T_OBJECT_EX, offsetof(struct origin, owner), READONLY, NULL},
    {"layout", T_OBJECT_EX, offsetof(struct origin, layout), READONLY, NULL},
    {NULL, 0, 0, 0, NULL},
};

static PyGetSetDef origin_getset[] = {
    {"code", get_code, NULL, NULL, NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

static PyType_Slot origin_slots[] = {
    {Py_tp_doc, "Origin(code, owner, layout): the last constant of what was rewritten from code."},
    {Py_tp_new, origin_new},
    {Py_tp_dealloc, origin_dealloc},
    {Py_tp_members, origin_members},
    {Py_tp_getset, origin_getset},
    {0, NULL},
};

PyType_Spec origin_spec = {
    .name = "pykcov.probe.Origin",
    .basicsize = sizeof(struct origin),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_IMMUTABLETYPE,
    .slots = origin_slots,
};
