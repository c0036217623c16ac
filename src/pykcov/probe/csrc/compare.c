/* Comparison: an instruction inserted before a comparison passes both operands to this type.
 *
 *      COPY 1; LOAD_CONST comparison; COPY 4; STORE_SUBSCR     comparison[left] = right
 *      LOAD_CONST comparison; COPY 3; DELETE_SUBSCR            del comparison[left]
 *
 * No shorter sequence passes two values to C and leaves the stack unchanged, and CPython has no specialized
 * form of these instructions for this type. The second one is for a constant, which is kept here.
 *
 * The operands stay on the stack, and no Python code runs before they are used, so borrowed references
 * are safe here. If nobody records comparisons, this costs no more than a probe's check.
 */
#include "operands.h"
#include "constants.h"

#include <structmember.h>

enum { CASES_MOST = 32, KEYS_MOST = 1024 }; /* recorded, and looked at */

struct comparison {
    PyObject_HEAD
    uint64_t pc;
    PyObject *constant; /* Owned. NULL: neither operand is one. */
    int number;         /* of that in co_consts; -1: it is none of the code's */
    char kind;
    char side;
};

/* -- one value and many ---------------------------------------------------------------------- */

/* Record the item beside what a container holds, as a compiler does the value of a switch beside its
 * cases: the case comes first. case_is_constant: else the item may be. */
static void one_case(struct sink *to, PyObject *item, PyObject *held, int side)
{
    to->constant = side != NEITHER;
    if (side == LEFT) /* the item is the constant: constants come first */
        operands_pair(to, item, held, 0);
    else
        operands_pair(to, held, item, 0);
}

static void dict_cases(struct sink *to, PyObject *item, PyObject *dict, int side)
{
    PyObject *key;
    Py_ssize_t at = 0;
    for (int looked = 0, cases = 0; cases < CASES_MOST && looked < KEYS_MOST; looked++) {
        if (!PyDict_Next(dict, &at, &key, NULL))
            break;
        if (operands_near(item, key)) {
            one_case(to, item, key, side);
            cases++;
        }
    }
}

static void set_cases(struct sink *to, PyObject *item, PyObject *set, int side)
{
    const PySetObject *s = (const PySetObject *)set;
    int cases = 0;
    for (Py_ssize_t i = 0; i <= s->mask && i < KEYS_MOST && cases < CASES_MOST; i++) {
        PyObject *key = s->table[i].key; /* NULL: free; a dummy, of no type that is looked at: was */
        if (key != NULL && operands_near(item, key)) {
            one_case(to, item, key, side);
            cases++;
        }
    }
}

static void contained(struct sink *to, PyObject *item, PyObject *container, int side)
{
    if (PyDict_Check(container)) {
        dict_cases(to, item, container, side);
    } else if (PyAnySet_Check(container)) {
        set_cases(to, item, container, side);
    } else if (PyTuple_Check(container) || PyList_Check(container)) {
        Py_ssize_t n = PySequence_Fast_GET_SIZE(container);
        for (Py_ssize_t i = 0; i < n && i < CASES_MOST; i++)
            one_case(to, item, PySequence_Fast_GET_ITEM(container, i), side);
    } else if (PyUnicode_Check(container) || PyBytes_Check(container)
               || PyByteArray_Check(container)) {
        if (!PyLong_Check(item))
            one_case(to, item, container, side);
    }
}

/* left.startswith(right) and its like: `right` may be a tuple of texts. */
static void method(struct sink *to, PyObject *left, PyObject *right, int side, int suffix)
{
    if (!PyUnicode_CheckExact(left) && !PyBytes_CheckExact(left))
        return;
    to->constant = side == RIGHT;
    Py_ssize_t n = PyTuple_CheckExact(right) ? PyTuple_GET_SIZE(right) : 1;
    for (Py_ssize_t i = 0; i < n && i < CASES_MOST; i++) {
        PyObject *one = PyTuple_CheckExact(right) ? PyTuple_GET_ITEM(right, i) : right;
        if (PyUnicode_Check(one) || PyBytes_Check(one))
            operands_pair(to, one, left, suffix);
    }
}

static void record(struct sink *to, const struct comparison *c, PyObject *left, PyObject *right)
{
    switch (c->kind) {
    case COMPARE:
        to->constant = c->side != NEITHER;
        operands_pair(to, c->side == RIGHT ? right : left, c->side == RIGHT ? left : right, 0);
        break;
    case CONTAINS:
        contained(to, left, right, c->side);
        break;
    case LOOKUP:
        if (PyDict_Check(left)) /* the constant is the key, which is the item */
            dict_cases(to, right, left, c->side == RIGHT ? LEFT : NEITHER);
        break;
    case KEYS:
        if (PyDict_Check(left) && PyTuple_Check(right))
            for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(right) && i < CASES_MOST; i++)
                dict_cases(to, PyTuple_GET_ITEM(right, i), left, c->side == RIGHT ? LEFT : NEITHER);
        break;
    default:
        method(to, left, right, c->side, c->kind == SUFFIX);
    }
}

/* -- the type -------------------------------------------------------------------------------- */

/* comparison[left] = right; with right NULL del comparison[operand], and the other is the constant. */
static int comparison_store(PyObject *self, PyObject *left, PyObject *right)
{
    struct kcov_thread *t = &kcov_thread;
    struct comparison *c = (struct comparison *)self;

    if (UNLIKELY(*t->watch != t->seen) || UNLIKELY(*t->device != t->device_seen)) {
        if (thread_look(t) < 0)
            return -1;
    }
    if (t->compare == NULL)
        return 0;
    struct sink to = {t->compare, c->pc, 0};
    if (c->side == LEFT)
        record(&to, c, c->constant, left);
    else if (c->side == RIGHT)
        record(&to, c, left, c->constant);
    else if (right != NULL)
        record(&to, c, left, right);
    return 0;
}

static PyObject *comparison_new(PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
    static char *names[] = {"pc", "kind", "side", "constant", "number", NULL};
    unsigned long long pc;
    int kind, side = NEITHER, number = -1;
    PyObject *constant = Py_None;

    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "Ki|iOi:Comparison", names, &pc, &kind, &side,
                                     &constant, &number))
        return NULL;
    if (kind < COMPARE || kind > FIND || side < NEITHER || side > RIGHT) {
        PyErr_SetString(PyExc_ValueError, "no such comparison");
        return NULL;
    }
    struct comparison *c = (struct comparison *)type->tp_alloc(type, 0);
    if (c != NULL) {
        c->pc = pc;
        c->constant = side == NEITHER ? NULL : Py_NewRef(constant);
        c->number = number;
        c->kind = kind;
        c->side = side;
    }
    return (PyObject *)c;
}

static void comparison_dealloc(PyObject *self)
{
    Py_CLEAR(((struct comparison *)self)->constant);
    plain_dealloc(self);
}


/* What makes another like it (instrumentation/cache/entry.py). */
static PyObject *comparison_getnewargs(PyObject *self, PyObject *ignored)
{
    (void)ignored;
    struct comparison *c = (struct comparison *)self;
    return Py_BuildValue("KiiOi", (unsigned long long)c->pc, c->kind, c->side,
                         c->constant != NULL ? c->constant : Py_None, c->number);
}

static PyMemberDef comparison_members[] = {
    {"pc", T_ULONGLONG, offsetof(struct comparison, pc), READONLY, NULL},
    {"constant", T_OBJECT, offsetof(struct comparison, constant), READONLY, NULL},
    {"number", T_INT, offsetof(struct comparison, number), READONLY, NULL},
    {"side", T_BYTE, offsetof(struct comparison, side), READONLY, NULL},
    {"kind", T_BYTE, offsetof(struct comparison, kind), READONLY, NULL},
    {NULL, 0, 0, 0, NULL},
};

static PyMethodDef comparison_methods[] = {
    {"__getnewargs__", comparison_getnewargs, METH_NOARGS, NULL},
    {NULL, NULL, 0, NULL},
};

static PyType_Slot comparison_slots[] = {
    {Py_tp_doc, "Comparison(pc, kind, side=0, constant=None, number=-1): comparison[a] = b records operands."},
    {Py_tp_new, comparison_new},
    {Py_tp_dealloc, comparison_dealloc},
    {Py_tp_members, comparison_members},
    {Py_tp_methods, comparison_methods},
    {Py_mp_ass_subscript, comparison_store},
    {0, NULL},
};

PyType_Spec comparison_spec = {
    .name = "pykcov.probe.Comparison",
    .basicsize = sizeof(struct comparison),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_IMMUTABLETYPE,
    .slots = comparison_slots,
};
