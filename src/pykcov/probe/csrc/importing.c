/* How modules get their probes: importlib runs unchanged, but two of its name look-ups reach us.
 *
 *     def exec_module(self, module):                       # importlib._bootstrap_external
 *         code = self.get_code(module.__name__)            <- Lookup: cached code, if nobody watches
 *         if code is None: ...
 *         _bootstrap._call_with_frames_removed(            <- Importlib: `code` becomes another
 *             exec, code, module.__dict__)
 *
 * Importlib's look-up of ModuleSpec, with which each import begins, notifies Python code, too.
 *
 * So every frame, call and line is importlib's own: tracebacks out of a module, sys._getframe() in it,
 * and the events of trace functions, profilers and sys.monitoring tools are the same as without pykcov.
 * A look-up causes no event, and our work in it is hidden (unseen.c).
 */
#include "pykcov.h"

#include <structmember.h>

/* -- both ------------------------------------------------------------------------------------ */

struct lookup {
    PyObject_HEAD
    PyObject *plain;       /* Owned. What is looked up in Importlib, or what Lookup stands for. */
    PyObject *exec_module; /* Owned. importlib's function. */
    PyObject *ask;         /* Owned. */
    PyObject *begin;       /* Owned. NULL: none. */
};

static PyObject *lookup_new(PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
    static char *names[] = {"plain", "exec_module", "ask", "begin", NULL};
    PyObject *plain, *exec_module, *ask, *begin = NULL;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "OO!O|O", names, &plain, &PyFunction_Type,
                                     &exec_module, &ask, &begin))
        return NULL;
    struct lookup *l = (struct lookup *)type->tp_alloc(type, 0);
    if (l != NULL) {
        l->plain = Py_NewRef(plain);
        l->exec_module = Py_NewRef(exec_module);
        l->ask = Py_NewRef(ask);
        l->begin = Py_XNewRef(begin);
    }
    return (PyObject *)l;
}

static int lookup_traverse(PyObject *self, visitproc visit, void *arg)
{
    struct lookup *l = (struct lookup *)self;
    Py_VISIT(Py_TYPE(self));
    Py_VISIT(l->plain);
    Py_VISIT(l->exec_module);
    Py_VISIT(l->ask);
    Py_VISIT(l->begin);
    return 0;
}

static int lookup_clear(PyObject *self)
{
    struct lookup *l = (struct lookup *)self;
    Py_CLEAR(l->plain);
    Py_CLEAR(l->exec_module);
    Py_CLEAR(l->ask);
    Py_CLEAR(l->begin);
    return 0;
}

static void lookup_dealloc(PyObject *self)
{
    PyTypeObject *type = Py_TYPE(self);
    PyObject_GC_UnTrack(self);
    lookup_clear(self);
    type->tp_free(self);
    Py_DECREF(type);
}

/* The frame that looks something up, if it is exec_module()'s; borrowed. NULL if not. */
static PyFrameObject *importing(const struct lookup *l)
{
    PyFrameObject *frame = PyEval_GetFrame();
    if (frame == NULL)
        return NULL;
    PyObject *code = (PyObject *)PyFrame_GetCode(frame);
    Py_DECREF(code); /* the frame has it */
    return code == PyFunction_GET_CODE(l->exec_module) ? frame : NULL;
}

/* Ask with the values of that frame's variables, names[0] ... names[count - 1]. */
static PyObject *ask(const struct lookup *l, PyObject *locals, const char *const *names,
                     Py_ssize_t count)
{
    PyObject *values[3], *result = NULL;
    Py_ssize_t n = 0;
    while (n < count && (values[n] = PyMapping_GetItemString(locals, names[n])) != NULL)
        n++;
    if (n == count)
        result = unseen_call(l->ask, values, count);
    while (n > 0)
        Py_DECREF(values[--n]);
    return result;
}

static const char *const variables[] = {"self", "module", "code"};

/* -- Importlib: what `_bootstrap` is in importlib._bootstrap_external ----------------------------- */

/* Give exec_module() other code. Its variable is set the way that debuggers set one. */
static int exchange(const struct lookup *l, PyFrameObject *frame)
{
    PyObject *locals = PyFrame_GetLocals(frame);
    PyObject *new = locals == NULL ? NULL : ask(l, locals, variables, 3);
    int failed = new == NULL;
    if (!failed && new != Py_None) {
        failed = PyMapping_SetItemString(locals, variables[2], new) < 0;
        if (!failed)
            compat_locals_changed(frame);
    }
    Py_XDECREF(new);
    Py_XDECREF(locals);
    return failed ? -1 : 0;
}

static PyObject *importlib_getattro(PyObject *self, PyObject *name)
{
    struct lookup *l = (struct lookup *)self;
    PyFrameObject *frame;
    int failed = 0;
    if (PyUnicode_CompareWithASCIIString(name, "_call_with_frames_removed") == 0) {
        failed = (frame = importing(l)) != NULL && exchange(l, frame) < 0;
    } else if (l->begin != NULL && PyUnicode_CompareWithASCIIString(name, "ModuleSpec") == 0) {
        PyObject *begun = unseen_call(l->begin, NULL, 0);
        failed = begun == NULL;
        Py_XDECREF(begun);
    }
    if (failed)
        return NULL;
    return PyObject_GetAttr(l->plain, name);
}

static int importlib_setattro(PyObject *self, PyObject *name, PyObject *value)
{
    return PyObject_SetAttr(((struct lookup *)self)->plain, name, value);
}

static PyObject *importlib_repr(PyObject *self)
{
    return PyObject_Repr(((struct lookup *)self)->plain);
}

static PyType_Slot importlib_slots[] = {
    {Py_tp_doc, "Importlib(plain, exec_module, ask, begin): the module `plain`, for exec_module()."},
    {Py_tp_new, lookup_new},
    {Py_tp_getattro, importlib_getattro},
    {Py_tp_setattro, importlib_setattro},
    {Py_tp_repr, importlib_repr},
    {Py_tp_traverse, lookup_traverse},
    {Py_tp_clear, lookup_clear},
    {Py_tp_dealloc, lookup_dealloc},
    {0, NULL},
};

PyType_Spec importlib_spec = {
    .name = "pykcov.probe.Importlib",
    .basicsize = sizeof(struct lookup),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_IMMUTABLETYPE,
    .slots = importlib_slots,
};

/* -- Lookup: what `get_code` is in a loader's class ---------------------------------------------- */

static PyObject *give(PyObject *code, PyObject *name)
{
    (void)name;
    return Py_NewRef(code);
}

static PyMethodDef give_def = {"get_code", give, METH_O, NULL};

static PyObject *lookup_get(PyObject *self, PyObject *loader, PyObject *type)
{
    (void)type;
    struct lookup *l = (struct lookup *)self;
    if (loader == NULL || loader == Py_None)
        return Py_NewRef(l->plain);
    PyFrameObject *frame = importing(l);
    if (frame == NULL)
        return PyMethod_New(l->plain, loader);
    PyObject *locals = PyFrame_GetLocals(frame), *result = NULL;
    PyObject *code = locals == NULL ? NULL : ask(l, locals, variables, 2);
    if (code != NULL)
        result = code == Py_None ? PyMethod_New(l->plain, loader) : PyCFunction_New(&give_def, code);
    Py_XDECREF(code);
    Py_XDECREF(locals);
    return result;
}

static PyType_Slot lookup_slots[] = {
    {Py_tp_doc, "Lookup(plain, exec_module, ask): the method `plain`, for exec_module()."},
    {Py_tp_new, lookup_new},
    {Py_tp_descr_get, lookup_get},
    {Py_tp_traverse, lookup_traverse},
    {Py_tp_clear, lookup_clear},
    {Py_tp_dealloc, lookup_dealloc},
    {0, NULL},
};

PyType_Spec lookup_spec = {
    .name = "pykcov.probe.Lookup",
    .basicsize = sizeof(struct lookup),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_IMMUTABLETYPE,
    .slots = lookup_slots,
};
