/* Makes rewritten code objects look like the original ones to Python code.
 *
 * Debuggers, decompilers, other compilers, picklers and caches read code objects, compare them, and make
 * new ones from their parts. They must not see probes, and offsets that include probes would not match
 * what another compiler makes from the same source. So attributes of the code type that depend on the
 * instructions, ==, hash() and replace() refer to the original, and so do the instruction offsets in
 * frames, tracebacks and sys.monitoring (offsets.c). The interpreter reads the C structure directly, and
 * executes the probes.
 *
 * For this the type's dict gets other descriptors, followed by PyType_Modified(), and the type gets
 * another comparison and hash. For code without probes they cost one look at its last constant.
 */
#include "answers.h"


static struct answer answers[] = {
    {"co_code", NULL, {0}},
    {"co_linetable", NULL, {0}},
    {"co_exceptiontable", NULL, {0}},
    {"co_stacksize", NULL, {0}},
    {"co_lnotab", NULL, {0}},
    {NULL, NULL, {0}},
};

static richcmpfunc plain_compare; /* Of the code type, in all interpreters. */
static hashfunc plain_hash;

/* -- attributes ------------------------------------------------------------------------------- */

/* Of the descriptor that stood there, for the original. */
static PyObject *get_answer(PyObject *code, void *closure)
{
    PyObject *found = ((struct answer *)closure)->found;
    PyObject *plain = answers_plain(code);
    if (plain == NULL)
        return NULL;
    PyObject *result = Py_TYPE(found)->tp_descr_get(found, plain, (PyObject *)&PyCode_Type);
    Py_DECREF(plain);
    return result;
}

/* The program's constants. Code within is code that runs, so it has its probes. */
static PyObject *get_consts(PyObject *code, void *closure)
{
    (void)closure;
    PyObject *consts = ((PyCodeObject *)code)->co_consts;
    struct origin *origin = origin_of(code);
    return origin == NULL ? Py_NewRef(consts) : origin_consts(origin, consts);
}
static PyGetSetDef consts_def = {"co_consts", get_consts, NULL, NULL, NULL};

/* What the interpreter has made of the original's instructions by now, which dis shows. */
static PyObject *get_adaptive(PyObject *code, void *closure)
{
    PyObject *found = ((struct answer *)closure)->found;
    PyObject *now = Py_TYPE(found)->tp_descr_get(found, code, (PyObject *)&PyCode_Type);
    if (now == NULL || origin_of(code) == NULL)
        return now;
    PyObject *plain = answers_plain(code), *was = NULL, *told = NULL;
    if (plain != NULL)
        told = PyCode_GetCode((PyCodeObject *)plain);
    if (told != NULL)
        was = PyCode_GetCode((PyCodeObject *)code);
    PyObject *result = was == NULL ? NULL
        : PyBytes_FromStringAndSize(PyBytes_AS_STRING(told), PyBytes_GET_SIZE(told));
    if (result != NULL && offsets_copy(code, PyBytes_AS_STRING(result), PyBytes_GET_SIZE(result), was, now) < 0)
        Py_CLEAR(result);
    Py_XDECREF(was);
    Py_XDECREF(told);
    Py_XDECREF(plain);
    Py_DECREF(now);
    return result;
}
static struct answer adaptive = {"_co_code_adaptive", NULL, {0}};

static PyObject *call_on_plain(PyObject *code, PyObject *method)
{
    PyObject *plain = answers_plain(code), *result = NULL;
    if (plain != NULL)
        result = PyObject_CallOneArg(method, plain);
    Py_XDECREF(plain);
    return result;
}

static PyObject *get_lines(PyObject *code, PyObject *ignored)
{
    (void)ignored;
    return call_on_plain(code, kcov.code_lines);
}

static PyObject *get_positions(PyObject *code, PyObject *ignored)
{
    (void)ignored;
    return call_on_plain(code, kcov.code_positions);
}

static PyObject *get_branches(PyObject *code, PyObject *ignored)
{
    (void)ignored;
    return call_on_plain(code, kcov.code_branches);
}

/* -- == and hash() ---------------------------------------------------------------------------- */

static PyObject *compare(PyObject *a, PyObject *b, int op)
{
    if (!PyCode_Check(a) || !PyCode_Check(b) || (origin_of(a) == NULL && origin_of(b) == NULL))
        return plain_compare(a, b, op);
    PyObject *one = answers_plain(a), *other = NULL, *result = NULL;
    if (one != NULL)
        other = answers_plain(b);
    if (other != NULL)
        result = plain_compare(one, other, op);
    Py_XDECREF(one);
    Py_XDECREF(other);
    return result;
}

static Py_hash_t hash(PyObject *code)
{
    if (origin_of(code) == NULL)
        return plain_hash(code);
    PyObject *plain = answers_plain(code);
    Py_hash_t result = plain == NULL ? -1 : plain_hash(plain);
    Py_XDECREF(plain);
    return result;
}

static PyObject *method_eq(PyObject *a, PyObject *b) { return compare(a, b, Py_EQ); }
static PyObject *method_ne(PyObject *a, PyObject *b) { return compare(a, b, Py_NE); }
static PyObject *method_hash(PyObject *code, PyObject *ignored)
{
    (void)ignored;
    Py_hash_t result = hash(code);
    return result == -1 ? NULL : PyLong_FromSsize_t(result);
}

/* -- putting it there ------------------------------------------------------------------------- */

#define METHOD(name, function, flags) {name, (PyCFunction)(void (*)(void))function, flags, NULL}
static PyMethodDef methods[] = {
    METHOD("co_lines", get_lines, METH_NOARGS),
    METHOD("co_positions", get_positions, METH_NOARGS),
    METHOD("co_branches", get_branches, METH_NOARGS), /* since 3.14 */
    METHOD("replace", replacing_method, METH_FASTCALL | METH_KEYWORDS),
    METHOD("__replace__", replacing_method, METH_FASTCALL | METH_KEYWORDS), /* since 3.13 */
    METHOD("__eq__", method_eq, METH_O | METH_COEXIST),
    METHOD("__ne__", method_ne, METH_O | METH_COEXIST),
    METHOD("__hash__", method_hash, METH_NOARGS | METH_COEXIST),
    {NULL, NULL, 0, NULL},
};

int answers_put(PyObject *dict, const char *name, PyObject *descriptor) /* Steals descriptor. */
{
    int failed = descriptor == NULL || PyDict_SetItemString(dict, name, descriptor) < 0;
    Py_XDECREF(descriptor);
    return failed ? -1 : 0;
}

/* Put a getter over the attribute that is there; `answer` keeps what was. */
int answers_over(PyTypeObject *type, PyObject *dict, struct answer *answer, getter get)
{
    PyObject *found = PyDict_GetItemString(dict, answer->name); /* Borrowed. */
    if (found == NULL)
        return 0; /* not in this version */
    if (Py_IS_TYPE(found, &PyGetSetDescr_Type) && ((PyGetSetDescrObject *)found)->d_getset == &answer->def)
        return 0; /* from an attempt that failed */
    answer->found = Py_NewRef(found); /* what an interpreter before this one had is not touched */
    answer->def = (PyGetSetDef){answer->name, get, NULL, NULL, answer};
    return answers_put(dict, answer->name, PyDescr_NewGetSet(type, &answer->def));
}

static int put_methods(PyObject *dict)
{
    for (PyMethodDef *def = methods; def->ml_name != NULL; def++) {
        PyObject *found = PyDict_GetItemString(dict, def->ml_name); /* Borrowed. */
        if (found == NULL)
            continue;
        if (Py_IS_TYPE(found, &PyMethodDescr_Type)) /* and its signature */
            def->ml_doc = ((PyMethodDescrObject *)found)->d_method->ml_doc;
        if (answers_put(dict, def->ml_name, PyDescr_NewMethod(&PyCode_Type, def)) < 0)
            return -1;
    }
    return 0;
}

static int save_methods(PyObject *dict)
{
    PyObject *found[4]; /* Borrowed. */
    static const char *const names[] = {"replace", "co_lines", "co_positions", "co_branches"};
    for (int n = 0; n < 4; n++) {
        found[n] = PyDict_GetItemString(dict, names[n]);
        if (found[n] == NULL && n < 3) {
            PyErr_Format(PyExc_RuntimeError, "the code type lacks %s()", names[n]);
            return -1;
        }
    }
    kcov.code_lines = Py_NewRef(found[1]);
    kcov.code_positions = Py_NewRef(found[2]);
    kcov.code_branches = Py_XNewRef(found[3]);
    kcov.code_replace = Py_NewRef(found[0]);
    return 0;
}

/* Once in an interpreter. Rewritten code may live as long as that, so there is no way back. */
int answers_begin(void)
{
    if (kcov.code_replace != NULL)
        return 0;
    PyObject *dict = compat_type_dict(&PyCode_Type);
    int failed = save_methods(dict) < 0;
    for (struct answer *answer = answers; !failed && answer->name != NULL; answer++)
        failed = answers_over(&PyCode_Type, dict, answer, get_answer) < 0;
    failed = failed || answers_over(&PyCode_Type, dict, &adaptive, get_adaptive) < 0
        || answers_put(dict, "co_consts", PyDescr_NewGetSet(&PyCode_Type, &consts_def)) < 0
        || put_methods(dict) < 0;
    Py_DECREF(dict);
    failed = failed || offsets_begin() < 0;
    PyType_Modified(&PyCode_Type);
    if (failed) {
        Py_CLEAR(kcov.code_replace);
        return -1;
    }
    if (PyCode_Type.tp_richcompare != compare) { /* not by an interpreter before this one */
        plain_compare = PyCode_Type.tp_richcompare;
        plain_hash = PyCode_Type.tp_hash;
        PyCode_Type.tp_richcompare = compare;
        PyCode_Type.tp_hash = hash;
    }
    return 0;
}

/* origin(code): see _core.pyi, and for the next three. */
PyObject *answers_origin(PyObject *module, PyObject *code)
{
    (void)module;
    if (!PyCode_Check(code))
        return PyErr_Format(PyExc_TypeError, "a code object is needed, not %.100s", Py_TYPE(code)->tp_name);
    struct origin *origin = origin_of(code);
    return Py_NewRef(origin != NULL ? (PyObject *)origin : Py_None);
}

PyObject *answers_running(PyObject *module, PyObject *code)
{
    (void)module;
    if (!PyCode_Check(code))
        return PyErr_Format(PyExc_TypeError, "a code object is needed, not %.100s", Py_TYPE(code)->tp_name);
    if (origin_of(code) == NULL)
        return Py_NewRef(code);
    PyObject *consts = ((PyCodeObject *)code)->co_consts;
    PyObject *without = PyTuple_GetSlice(consts, 0, PyTuple_GET_SIZE(consts) - 1);
    return without == NULL ? NULL : answers_replaced(code, Py_BuildValue("{sN}", "co_consts", without));
}

PyObject *answers_replace(PyObject *module, PyObject *args, PyObject *keywords)
{
    (void)module;
    PyObject *code;
    if (!PyArg_ParseTuple(args, "O!:replace", &PyCode_Type, &code) || answers_begin() < 0)
        return NULL;
    return answers_replaced(code, keywords == NULL ? PyDict_New() : Py_NewRef(keywords));
}

PyObject *answers_original(PyObject *module, PyObject *code)
{
    (void)module;
    if (!PyCode_Check(code))
        return PyErr_Format(PyExc_TypeError, "a code object is needed, not %.100s", Py_TYPE(code)->tp_name);
    return answers_plain(code);
}
