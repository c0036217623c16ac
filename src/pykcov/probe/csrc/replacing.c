/* replace() of rewritten code, and its original with the same replacements. See answers.c. */
#include "answers.h"

static const char *const kept[] = { /* what a program may replace without touching instructions */
    "co_argcount", "co_posonlyargcount", "co_kwonlyargcount", "co_nlocals", "co_flags",
    "co_firstlineno", "co_names", "co_varnames", "co_freevars", "co_cellvars", "co_filename",
    "co_name", "co_qualname", NULL,
};
static const char *const layout[] = { /* what the probes are in */
    "co_code", "co_consts", "co_linetable", "co_exceptiontable", "co_stacksize", NULL,
};

/* Has the program replaced nothing of `code` since it was rewritten from `plain`? -1: an error. */
static int untouched(PyCodeObject *code, PyCodeObject *plain)
{
    if (code->co_argcount != plain->co_argcount || code->co_flags != plain->co_flags
        || code->co_posonlyargcount != plain->co_posonlyargcount
        || code->co_kwonlyargcount != plain->co_kwonlyargcount
        || code->co_firstlineno != plain->co_firstlineno || !compat_same_kinds(code, plain))
        return 0;
    PyObject *pairs[][2] = {
        {code->co_names, plain->co_names}, {code->co_filename, plain->co_filename},
        {code->co_name, plain->co_name}, {code->co_qualname, plain->co_qualname},
        {code->co_localsplusnames, plain->co_localsplusnames},
    };
    for (size_t n = 0; n < sizeof pairs / sizeof *pairs; n++) {
        int same = equal(pairs[n][0], pairs[n][1]);
        if (same <= 0)
            return same;
    }
    return 1;
}

/* replace() as it is in CPython. Steals keywords. */
PyObject *answers_replaced(PyObject *code, PyObject *keywords)
{
    PyObject *result = NULL, *bound = NULL;
    if (keywords != NULL)
        bound = PyObject_CallMethod(kcov.code_replace, "__get__", "O", code);
    if (bound != NULL)
        result = PyObject_VectorcallDict(bound, NULL, 0, keywords);
    Py_XDECREF(bound);
    Py_XDECREF(keywords);
    return result;
}

/* Return what `code` was rewritten from, with what the program has replaced in it since. */
PyObject *answers_plain(PyObject *code)
{
    struct origin *origin = origin_of(code);
    if (origin == NULL)
        return Py_NewRef(code);
    PyObject *plain = origin_code(origin);
    int same = plain == NULL ? -1 : untouched((PyCodeObject *)code, (PyCodeObject *)plain);
    if (same == 1)
        return plain;
    PyObject *keywords = same < 0 ? NULL : PyDict_New();
    for (int n = 0; keywords != NULL && kept[n] != NULL; n++) {
        PyObject *value = PyObject_GetAttrString(code, kept[n]);
        if (value == NULL || PyDict_SetItemString(keywords, kept[n], value) < 0)
            Py_CLEAR(keywords);
        Py_XDECREF(value);
    }
    PyObject *result = keywords == NULL ? NULL : answers_replaced(plain, keywords);
    Py_XDECREF(plain);
    return result;
}

static int same_items(PyObject *a, PyObject *b) /* == would take True for 1. */
{
    if (!PyTuple_CheckExact(a) || PyTuple_GET_SIZE(a) != PyTuple_GET_SIZE(b))
        return 0;
    for (Py_ssize_t n = 0; n < PyTuple_GET_SIZE(a); n++)
        if (PyTuple_GET_ITEM(a, n) != PyTuple_GET_ITEM(b, n))
            return 0;
    return 1;
}

/* Take out of `keywords` what replaces nothing; return how many of `layout` are left, -1: an error. */
static int drop_unchanged(PyObject *code, PyObject *keywords)
{
    int left = 0;
    for (int n = 0; layout[n] != NULL; n++) {
        PyObject *given = PyDict_GetItemString(keywords, layout[n]); /* Borrowed. */
        if (given == NULL)
            continue;
        PyObject *mine = PyObject_GetAttrString(code, layout[n]);
        int same = mine == NULL ? -1
            : PyTuple_CheckExact(mine) ? same_items(given, mine) : equal(given, mine);
        Py_XDECREF(mine);
        if (same < 0 || (same && PyDict_DelItemString(keywords, layout[n]) < 0))
            return -1;
        left += !same;
    }
    return left;
}

/* Return one like `comparison`, with its constant from `consts`, if it was one of the code's. */
static PyObject *compare_with(PyObject *comparison, PyObject *consts)
{
    PyObject *all = PyObject_CallMethod(comparison, "__getnewargs__", NULL), *result = NULL;
    if (all == NULL) /* pc, kind, side, constant, number */
        return NULL;
    long number = PyLong_AsLong(PyTuple_GET_ITEM(all, 4));
    int own = number >= 0 && number < PyTuple_GET_SIZE(consts);
    if (!PyErr_Occurred())
        result = PyObject_CallFunction(
            (PyObject *)Py_TYPE(comparison), "OOOOO", PyTuple_GET_ITEM(all, 0), PyTuple_GET_ITEM(all, 1),
            PyTuple_GET_ITEM(all, 2), own ? PyTuple_GET_ITEM(consts, number) : PyTuple_GET_ITEM(all, 3),
            PyTuple_GET_ITEM(all, 4));
    Py_DECREF(all);
    return result;
}

/* Return the constants of `code`, probes included, with `consts` for the program's. NULL without an
 * error: these are no constants, or not as many, or the code is from a damaged cache. */
static PyObject *with_probes(PyObject *code, struct origin *origin, PyObject *consts)
{
    PyObject *old = ((PyCodeObject *)code)->co_consts;
    Py_ssize_t size = PyTuple_GET_SIZE(old), own = origin->constants;
    if (!PyTuple_CheckExact(consts) || PyTuple_GET_SIZE(consts) != own)
        return NULL;
    PyObject *plain = answers_plain(code), *made = plain == NULL ? NULL : PyTuple_New(size);
    PyObject *changed = made == NULL ? NULL : answers_replaced(plain, Py_BuildValue("{sO}", "co_consts", consts));
    Py_XDECREF(plain);
    for (Py_ssize_t n = 0; changed != NULL && n < size; n++) {
        PyObject *item = PyTuple_GET_ITEM(n < own ? consts : old, n);
        if (n == size - 1)
            item = origin_like(origin, changed);
        else if (n >= own && Py_IS_TYPE(item, kcov.instead)) {
            struct instead *one = (struct instead *)item; /* of a constant behind the program's, or of one */
            item = probe_instead(item, one->constant < own ? PyTuple_GET_ITEM(consts, one->constant) : one->value,
                                 one->constant);
        } else if (n >= own && Py_IS_TYPE(item, kcov.comparison))
            item = compare_with(item, consts);
        else
            Py_INCREF(item);
        if (item == NULL)
            Py_CLEAR(changed);
        else
            PyTuple_SET_ITEM(made, n, item);
    }
    if (changed == NULL)
        Py_CLEAR(made);
    Py_XDECREF(changed);
    return made;
}

/* Steals keywords. Other constants keep the probes; with other instructions there is no place for them. */
static PyObject *replace(PyObject *code, struct origin *origin, PyObject *keywords)
{
    int left = keywords == NULL ? -1 : drop_unchanged(code, keywords);
    if (left < 0)
        goto failed;
    if (left == 0)
        return answers_replaced(code, keywords);
    PyObject *consts = PyDict_GetItemString(keywords, "co_consts"); /* Borrowed. */
    if (left == 1 && consts != NULL) {
        PyObject *all = with_probes(code, origin, consts);
        if (all != NULL) {
            int bad = PyDict_SetItemString(keywords, "co_consts", all);
            Py_DECREF(all);
            if (bad)
                goto failed;
            return answers_replaced(code, keywords);
        }
        if (PyErr_Occurred())
            goto failed;
    }
    if (consts == NULL) {
        PyObject *mine = origin_consts(origin, ((PyCodeObject *)code)->co_consts);
        if (mine == NULL || PyDict_SetItemString(keywords, "co_consts", mine) < 0) {
            Py_XDECREF(mine);
            goto failed;
        }
        Py_DECREF(mine);
    }
    PyObject *plain = answers_plain(code);
    if (plain == NULL)
        goto failed;
    PyObject *result = answers_replaced(plain, keywords);
    Py_DECREF(plain);
    return result;
failed:
    Py_XDECREF(keywords);
    return NULL;
}

PyObject *replacing_method(PyObject *code, PyObject *const *args, Py_ssize_t count,
                                PyObject *names)
{
    struct origin *origin = origin_of(code);
    if (origin == NULL || count > 0 || names == NULL) {
        PyObject *result = NULL, *bound = PyObject_CallMethod(kcov.code_replace, "__get__", "O", code);
        if (bound != NULL)
            result = PyObject_Vectorcall(bound, args, (size_t)count, names);
        Py_XDECREF(bound);
        return result;
    }
    PyObject *keywords = PyDict_New();
    for (Py_ssize_t n = 0; keywords != NULL && n < PyTuple_GET_SIZE(names); n++)
        if (PyDict_SetItem(keywords, PyTuple_GET_ITEM(names, n), args[n]) < 0)
            Py_CLEAR(keywords);
    return replace(code, origin, keywords);
}
