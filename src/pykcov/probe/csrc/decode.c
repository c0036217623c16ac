/* Decodes the instructions of a code object, and their positions, for the rewriter; in Python this took
 * a third of its time. Python passes in what each opcode is: bytecode/opcodes.py has everything that
 * differs between versions. */
#include "pykcov.h"
#include "constants.h"

static PyObject *make(PyTypeObject *type, const Py_ssize_t fields[6])
{
    PyObject *made = type->tp_alloc(type, 6);
    for (int n = 0; made != NULL && n < 6; n++) {
        PyObject *number = PyLong_FromSsize_t(fields[n]);
        if (number == NULL)
            Py_CLEAR(made);
        else
            PyTuple_SET_ITEM(made, n, number);
    }
    if (made != NULL)
        PyObject_GC_UnTrack(made); /* nothing in it is the collector's affair */
    return made;
}

static int decode_all(PyObject *list, PyTypeObject *type, const Py_buffer *raw,
                      const unsigned char *caches, const unsigned char *kinds)
{
    const unsigned char *units = raw->buf;
    Py_ssize_t start = 0, extended = 0;
    for (Py_ssize_t at = 0; at < raw->len / 2; at++) {
        unsigned char op = units[2 * at], kind = kinds[op];
        Py_ssize_t arg = units[2 * at + 1] | extended;
        if (kind == PREFIX_CODE) {
            extended = (arg & 0xffffff) << 8;
            continue;
        }
        Py_ssize_t end = at + 1 + caches[op];
        Py_ssize_t target = kind == FORWARD_CODE ? end + arg : kind == BACKWARD_CODE ? end - arg : -1;
        PyObject *made = make(type, (Py_ssize_t[]){start, at, end, op, arg, target});
        if (made == NULL)
            return -1;
        int failed = PyList_Append(list, made);
        Py_DECREF(made);
        if (failed)
            return -1;
        start = end;
        at = end - 1;
        extended = 0;
    }
    return 0;
}

/* Is it a tuple of any length? os.stat_result and its like have a number of items of their own. */
static int is_plain_tuple(PyTypeObject *type)
{
    return PyType_FastSubclass(type, Py_TPFLAGS_TUPLE_SUBCLASS)
        && type->tp_itemsize == PyTuple_Type.tp_itemsize
        && !PyObject_HasAttrString((PyObject *)type, "n_sequence_fields");
}

/* decode(raw, caches, kinds, type): see _core.pyi. */
PyObject *decode(PyObject *module, PyObject *args)
{
    (void)module;
    Py_buffer raw, caches, kinds;
    PyTypeObject *type;
    if (!PyArg_ParseTuple(args, "y*y*y*O!:decode", &raw, &caches, &kinds, &PyType_Type, &type))
        return NULL;
    PyObject *list = NULL;
    if (!is_plain_tuple(type))
        PyErr_SetString(PyExc_ValueError, "a class that is a tuple is needed");
    else if (buffer_check(&raw, 2, 0, "raw") == 0 && buffer_check(&caches, 1, 256, "caches") == 0
             && buffer_check(&kinds, 1, 256, "kinds") == 0)
        list = PyList_New(0);
    if (list != NULL && decode_all(list, type, &raw, caches.buf, kinds.buf) < 0)
        Py_CLEAR(list);
    PyBuffer_Release(&raw);
    PyBuffer_Release(&caches);
    PyBuffer_Release(&kinds);
    return list;
}

/* One entry of a line table (Objects/locations.md), `next` behind its first byte; what is cut short
 * reads as zeros. Payload bytes are below 0x80. */
struct entry {
    const unsigned char *next, *end;
    int form;
    long line; /* on which the entry before ends, then this one */
};

static long payload(struct entry *e)
{
    return e->next < e->end && *e->next < 0x80 ? *e->next++ : 0;
}

static long varint(struct entry *e)
{
    unsigned long byte, value = 0;
    int shift = 0;
    do {
        byte = (unsigned long)payload(e);
        value |= shift < 32 ? (byte & 0x3f) << shift : 0;
        shift += 6;
    } while (byte & 0x40);
    return (long)value;
}

static long svarint(struct entry *e)
{
    long value = varint(e);
    return value & 1 ? -(value >> 1) : value >> 1;
}

static PyObject *number_or_none(long number)
{
    return number < 0 ? Py_NewRef(Py_None) : PyLong_FromLong(number);
}

/* The position that an entry gives: (line, end line, column, end column). */
static PyObject *position(struct entry *e)
{
    long end_line, column = -1, end_column = -1;
    enum { ONE_LINE = 10, NO_COLUMNS = 13, LONG = 14, NONE = 15 };
    if (e->form == NONE)
        return PyTuple_Pack(4, Py_None, Py_None, Py_None, Py_None);
    if (e->form == LONG) {
        e->line += svarint(e);
        end_line = e->line + varint(e);
        column = varint(e) - 1;
        end_column = varint(e) - 1;
    } else if (e->form == NO_COLUMNS) {
        end_line = e->line += svarint(e);
    } else if (e->form >= ONE_LINE) {
        end_line = e->line += e->form - ONE_LINE;
        column = payload(e);
        end_column = payload(e);
    } else {
        end_line = e->line;
        long low = payload(e);
        column = e->form << 3 | low >> 4;
        end_column = column + (low & 15);
    }
    return Py_BuildValue("(llNN)", e->line, end_line, number_or_none(column), number_or_none(end_column));
}

/* positions(table, line): see _core.pyi. */
PyObject *positions(PyObject *module, PyObject *args)
{
    (void)module;
    Py_buffer table;
    int line; /* so that no sum of lines overflows */
    if (!PyArg_ParseTuple(args, "y*i:positions", &table, &line))
        return NULL;
    struct entry e = {.line = line};
    PyObject *list = PyList_New(0);
    e.next = table.buf;
    e.end = e.next + table.len;
    while (list != NULL && e.next < e.end) {
        int units = (*e.next & 7) + 1;
        e.form = *e.next++ >> 3 & 15;
        PyObject *found = position(&e);
        while (found != NULL && units > 0 && PyList_Append(list, found) == 0)
            units--;
        if (found == NULL || units > 0)
            Py_CLEAR(list);
        Py_XDECREF(found);
    }
    PyBuffer_Release(&table);
    return list;
}
