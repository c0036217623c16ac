/* Puts probes into code from the cache.
 *
 * marshal can't write probes, so cached code has bytes objects in their places. Replacing a constant the
 * usual way makes a new code object, and new ones of all that contain it, which is as slow as loading
 * them. So this modifies the tuple of constants in place. That is safe as long as nobody can have seen
 * it: the code object is its only owner (its reference count shows that), no frame has run the code, and
 * its hash has not been taken. The placeholder must not be immortal: 3.14 has another LOAD_CONST for that.
 */
#include "answers.h"
#include "constants.h"

#include <string.h>


struct filling {
    PyObject *constants; /* Borrowed. A list. */
    PyObject *load;      /* Borrowed. */
    PyObject *owner;     /* Borrowed. */
    const char *next, *end; /* Borrowed. Words of 4 bytes. */
    Py_ssize_t number;   /* of the code object */
};

static int malformed(void)
{
    PyErr_SetString(PyExc_ValueError, "this code was not made to be filled");
    return -1;
}

static int take(struct filling *f, uint32_t *word)
{
    if (f->end - f->next < 4)
        return malformed();
    memcpy(word, f->next, 4);
    f->next += 4;
    return 0;
}

static int put(PyObject *consts, Py_ssize_t slot, PyObject *value) /* Steals value. */
{
    if (value == NULL)
        return -1;
    PyObject *before = PyTuple_GET_ITEM(consts, slot);
    /* A code object that occurs twice has been here before. */
    if (!PyBytes_CheckExact(before) && Py_TYPE(before) != Py_TYPE(value)) {
        Py_DECREF(value);
        return malformed();
    }
    PyTuple_SET_ITEM(consts, slot, value);
    Py_DECREF(before);
    return 0;
}

/* Take a tuple off the collector's list, if it holds nothing that the collector knows: what it does by
 * itself when it meets one, having looked at each probe in it. Returns whether it is off. */
static int untrack(PyObject *tuple)
{
    int off = 1;
    for (Py_ssize_t n = 0; n < PyTuple_GET_SIZE(tuple); n++) {
        PyObject *item = PyTuple_GET_ITEM(tuple, n);
        off &= PyTuple_CheckExact(item) ? untrack(item) : !PyObject_IS_GC(item);
    }
    if (off)
        PyObject_GC_UnTrack(tuple);
    return off;
}

static int fill_one(struct filling *f, PyObject *code);

static int fill_inner(struct filling *f, PyObject *consts)
{
    for (Py_ssize_t n = 0; n < PyTuple_GET_SIZE(consts); n++)
        if (PyCode_Check(PyTuple_GET_ITEM(consts, n))
            && fill_one(f, PyTuple_GET_ITEM(consts, n)) < 0)
            return -1;
    return 0;
}

static int fill_one(struct filling *f, PyObject *code)
{
    PyObject *consts = ((PyCodeObject *)code)->co_consts;
    Py_ssize_t size = PyTuple_GET_SIZE(consts);
    Py_ssize_t number = f->number++;
    uint32_t count, slot, which, place;
    if (take(f, &count) < 0)
        return -1;
    if (count == LEFT_BARE)
        return fill_inner(f, consts);
    if (size == 0 || Py_REFCNT(consts) != 1)
        return malformed();
    while (count--) {
        if (take(f, &slot) < 0 || take(f, &which) < 0 || take(f, &place) < 0)
            return -1;
        if (slot >= size - 1 || which >= PyList_GET_SIZE(f->constants) || place >= size)
            return malformed();
        PyObject *constant = PyList_GET_ITEM(f->constants, which);
        if (place > 0 && Py_TYPE(constant) != kcov.probe)
            return malformed();
        constant = place == 0 ? Py_NewRef(constant)
                              : probe_instead(constant, PyTuple_GET_ITEM(consts, place - 1), place - 1);
        if (put(consts, slot, constant) < 0)
            return -1;
    }
    PyObject *layout = PyTuple_GET_ITEM(consts, size - 1);
    if (PyBytes_CheckExact(layout)
        && put(consts, size - 1, origin_later(f->load, number, f->owner, layout)) < 0)
        return -1;
    struct origin *origin = origin_of(code);
    if (origin == NULL || origin->constants > size - 1)
        return malformed();
    untrack(consts);
    untrack(((PyCodeObject *)code)->co_names);
    untrack(((PyCodeObject *)code)->co_localsplusnames);
    return fill_inner(f, consts);
}

/* fill(code, constants, slots, load, owner): see _core.pyi. */
PyObject *fill(PyObject *module, PyObject *args)
{
    (void)module;
    PyObject *code;
    Py_buffer slots;
    struct filling f = {0};
    if (!PyArg_ParseTuple(args, "O!O!y*OO:fill", &PyCode_Type, &code, &PyList_Type, &f.constants,
                          &slots, &f.load, &f.owner))
        return NULL;
    f.next = slots.buf;
    f.end = f.next + slots.len;
    int failed = buffer_check(&slots, 4, 1, "slots") < 0 || fill_one(&f, code);
    if (!failed && f.next != f.end)
        failed = malformed();
    PyBuffer_Release(&slots);
    if (failed)
        return NULL;
    Py_RETURN_NONE;
}
