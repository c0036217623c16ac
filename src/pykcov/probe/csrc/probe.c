/* Probe: ~probe records its block. Instead: -probe does the same.
 *
 * ~probe returns None, which POP_TOP removes. -probe returns a constant that the block loads anyway; such a
 * probe replaces this constant (instrumentation/bytecode/placement.py).
 *
 * Both, and Origin, are constants of code objects, so they must be hashable, by identity. Programs that
 * read constants don't see them (answers.c).
 */
#include "area.h"
#include "pykcov.h"

#include <structmember.h>

/* Not inlined: the hot path would save registers for it. */
static __attribute__((noinline)) PyObject *hit_slow(struct kcov_thread *t, struct probe *probe,
                                                    PyObject *answer)
{
    return thread_slow(t, probe) < 0 ? NULL : Py_NewRef(answer);
}

/* The hot path. Whatever must not go this way has left no room: thread.c sets `limit` to 0. */
static inline int hit(struct kcov_thread *t, struct probe *probe)
{
    return LIKELY(area_record(t->words, t->limit, probe->pc, t->step));
}

/* The hot path for threads whose recorder may change without notice. */
static inline int hit_watching(struct kcov_thread *t, struct probe *probe)
{
    return LIKELY(*t->watch == t->seen) && LIKELY(*t->device == t->device_seen) && hit(t, probe);
}

static PyObject *probe_invert(PyObject *self)
{
    struct kcov_thread *t = &kcov_thread;
    struct probe *probe = (struct probe *)self;
    if (hit(t, probe))
        Py_RETURN_NONE; /* since 3.12 without a look at its count, other than Py_NewRef() */
    return hit_slow(t, probe, Py_None);
}

static PyObject *instead_negative(PyObject *self)
{
    struct kcov_thread *t = &kcov_thread;
    struct instead *i = (struct instead *)self;
    return hit(t, &i->probe) ? Py_NewRef(i->value) : hit_slow(t, &i->probe, i->value);
}

static PyObject *probe_invert_watching(PyObject *self)
{
    struct kcov_thread *t = &kcov_thread;
    struct probe *probe = (struct probe *)self;
    if (hit_watching(t, probe))
        Py_RETURN_NONE;
    return hit_slow(t, probe, Py_None);
}

static PyObject *instead_negative_watching(PyObject *self)
{
    struct kcov_thread *t = &kcov_thread;
    struct instead *i = (struct instead *)self;
    return hit_watching(t, &i->probe) ? Py_NewRef(i->value) : hit_slow(t, &i->probe, i->value);
}

void probes_choose(void)
{
    /* PyNumber_Invert() reads the slot at each call, and a heap type's slots are its own memory. */
    int watching = kcov.sections > 0 || kcov.device_changed != NULL;
    kcov.probe->tp_as_number->nb_invert = watching ? probe_invert_watching : probe_invert;
    kcov.instead->tp_as_number->nb_negative =
        watching ? instead_negative_watching : instead_negative;
}

static PyObject *make(PyTypeObject *type, uint64_t pc)
{
    if (kcov.probes == UINT32_MAX) {
        PyErr_SetString(PyExc_OverflowError, "2**32 probes in one process");
        return NULL;
    }
    struct probe *probe = (struct probe *)type->tp_alloc(type, 0);
    if (probe != NULL) {
        probe->pc = pc;
        probe->index = kcov.probes++;
        compat_immortalize((PyObject *)probe);
    }
    return (PyObject *)probe;
}

/* Return one of the same block in the place of constant number `constant`, `value`. The first of a block
 * lives for ever, as its probe does, if what it stands for does: 3.14 loads such constants faster. */
PyObject *probe_instead(PyObject *self, PyObject *value, uint32_t constant)
{
    struct probe *probe = (struct probe *)self;
    if (Py_IS_TYPE(self, kcov.instead)) {
        struct instead *same = (struct instead *)self;
        if (same->value == value && same->constant == constant)
            return Py_NewRef(self);
    }
    struct instead *made = (struct instead *)kcov.instead->tp_alloc(kcov.instead, 0);
    if (made != NULL) {
        made->probe.pc = probe->pc;
        made->probe.index = probe->index;
        made->constant = constant;
        made->value = Py_NewRef(value);
        if (Py_IS_TYPE(self, kcov.probe) && !probe->stood_in && compat_is_immortal(value)) {
            probe->stood_in = 1;
            compat_immortalize((PyObject *)made);
        }
    }
    return (PyObject *)made;
}

static PyObject *instead(PyObject *self, PyObject *args)
{
    PyObject *value;
    unsigned constant;
    if (!PyArg_ParseTuple(args, "OI:instead", &value, &constant))
        return NULL;
    return probe_instead(self, value, constant);
}

static PyObject *probe_new(PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
    static char *names[] = {"pc", NULL};
    unsigned long long pc;

    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "K:Probe", names, &pc))
        return NULL;
    return make(type, pc);
}

/* probes(pc, step, count): a list of them, [Probe(pc), Probe(pc + step), ...]. */
PyObject *probe_list(PyObject *module, PyObject *args)
{
    (void)module;
    unsigned long long pc, step;
    Py_ssize_t count;
    if (!PyArg_ParseTuple(args, "KKn:probes", &pc, &step, &count))
        return NULL;
    if (count < 0)
        return PyErr_Format(PyExc_ValueError, "%zd probes", count);
    PyObject *list = PyList_New(count);
    for (Py_ssize_t n = 0; list != NULL && n < count; n++) {
        PyObject *probe = make(kcov.probe, pc + step * (uint64_t)n);
        if (probe == NULL)
            Py_CLEAR(list);
        else
            PyList_SET_ITEM(list, n, probe);
    }
    return list;
}

void plain_dealloc(PyObject *self)
{
    PyTypeObject *type = Py_TYPE(self);
    type->tp_free(self);
    Py_DECREF(type);
}

static void instead_dealloc(PyObject *self)
{
    Py_CLEAR(((struct instead *)self)->value);
    plain_dealloc(self);
}

static PyObject *probe_repr(PyObject *self)
{
    return PyUnicode_FromFormat("<pykcov probe %p>", (void *)((struct probe *)self)->pc);
}

static PyMemberDef probe_members[] = {
    {"pc", T_ULONGLONG, offsetof(struct probe, pc), READONLY, NULL},
    {"index", T_UINT, offsetof(struct probe, index), READONLY, NULL},
    {NULL, 0, 0, 0, NULL},
};

static PyMethodDef probe_methods[] = {
    {"instead", instead, METH_VARARGS, NULL},
    {NULL, NULL, 0, NULL},
};

static PyType_Slot probe_slots[] = {
    {Py_tp_doc, "Probe(pc): a constant; ~probe records the block and returns None."},
    {Py_tp_new, probe_new},
    {Py_tp_dealloc, plain_dealloc},
    {Py_tp_repr, probe_repr},
    {Py_tp_members, probe_members},
    {Py_tp_methods, probe_methods},
    {Py_nb_invert, probe_invert},
    {0, NULL},
};

PyType_Spec probe_spec = {
    .name = "pykcov.probe.Probe",
    .basicsize = sizeof(struct probe),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_IMMUTABLETYPE,
    .slots = probe_slots,
};

static PyMemberDef instead_members[] = {
    {"pc", T_ULONGLONG, offsetof(struct instead, probe.pc), READONLY, NULL},
    {"index", T_UINT, offsetof(struct instead, probe.index), READONLY, NULL},
    {"constant", T_UINT, offsetof(struct instead, constant), READONLY, NULL},
    {NULL, 0, 0, 0, NULL},
};

static PyMethodDef instead_methods[] = {
    {"instead", instead, METH_VARARGS, NULL},
    {NULL, NULL, 0, NULL},
};

static PyType_Slot instead_slots[] = {
    {Py_tp_doc, "What Probe.instead() returns; -probe records the block and returns the constant."},
    {Py_tp_dealloc, instead_dealloc},
    {Py_tp_repr, probe_repr},
    {Py_tp_members, instead_members},
    {Py_tp_methods, instead_methods},
    {Py_nb_negative, instead_negative},
    {0, NULL},
};

PyType_Spec instead_spec = {
    .name = "pykcov.probe.Instead",
    .basicsize = sizeof(struct instead),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_IMMUTABLETYPE | Py_TPFLAGS_DISALLOW_INSTANTIATION,
    .slots = instead_slots,
};
