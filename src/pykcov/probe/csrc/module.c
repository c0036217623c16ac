/* Module glue: types, and the functions that steer the calling thread. */
#include "pykcov.h"

static int check_recorder(PyObject *arg)
{
    if (Py_IS_TYPE(arg, kcov.recorder))
        return 1;
    PyErr_Format(PyExc_TypeError, "a Recorder is needed, not %s", Py_TYPE(arg)->tp_name);
    return 0;
}

static PyObject *attach(PyObject *module, PyObject *arg)
{
    (void)module;
    struct kcov_thread *t = thread_self();
    if (!check_recorder(arg))
        return NULL;
    if (t->own != NULL || thread_register(t) == NULL) {
        PyErr_SetString(PyExc_RuntimeError, t->own != NULL
                        ? "this thread has a recorder already" : "this thread has ended");
        return NULL;
    }
    t->own = (struct recorder *)Py_NewRef(arg);
    t->state = t->guard->tstate;
    thread_changed(t);
    Py_RETURN_NONE;
}

static PyObject *detach(PyObject *module, PyObject *ignored)
{
    (void)module, (void)ignored;
    struct kcov_thread *t = thread_self();
    struct recorder *own = t->own;
    t->own = NULL;
    thread_changed(t);
    Py_XDECREF(own);
    Py_RETURN_NONE;
}

static PyObject *attached(PyObject *module, PyObject *ignored)
{
    (void)module, (void)ignored;
    struct recorder *own = thread_self()->own;
    return Py_NewRef(own != NULL ? (PyObject *)own : Py_None);
}

static PyObject *section_open(PyObject *module, PyObject *arg)
{
    (void)module;
    if (!check_recorder(arg))
        return NULL;
    struct recorder *r = (struct recorder *)arg;
    if (r->live || r->generation != kcov.generation) {
        PyErr_SetString(PyExc_RuntimeError, "this section is open, or another process's");
        return NULL;
    }
    PyObject *token = PyContextVar_Set(kcov.section_var, arg);
    if (token == NULL)
        return NULL;
    r->live = 1;
    if (kcov.sections++ == 0) {
        probes_choose();
        thread_all_changed();
    }
    thread_changed(thread_self());
    return token;
}

static PyObject *section_close(PyObject *module, PyObject *args)
{
    (void)module;
    PyObject *arg, *token = NULL;
    if (!PyArg_ParseTuple(args, "O|O:section_close", &arg, &token) || !check_recorder(arg))
        return NULL;
    struct recorder *r = (struct recorder *)arg;
    if (r->live && r->generation == kcov.generation) {
        r->live = 0;
        kcov.sections--;
        thread_forget_section(r);
        probes_choose();
    }
    /* Left in another context than it was entered in: there the dead section stays, and is none. */
    if (token != NULL && PyContextVar_Reset(kcov.section_var, token) < 0) {
        if (!PyErr_ExceptionMatches(PyExc_ValueError)
            && !PyErr_ExceptionMatches(PyExc_RuntimeError))
            return NULL;
        PyErr_Clear();
    }
    thread_changed(thread_self());
    Py_RETURN_NONE;
}

static PyObject *section(PyObject *module, PyObject *ignored)
{
    (void)module, (void)ignored;
    struct recorder *r = thread_section();
    return r != NULL ? (PyObject *)r : Py_NewRef(Py_None);
}

static PyObject *count_everyone(PyObject *module, PyObject *arg)
{
    (void)module;
    if (arg != Py_None && !Py_IS_TYPE(arg, kcov.counters))
        return PyErr_Format(PyExc_TypeError, "Counters or None are needed");
    struct counters *before = kcov.everyone;
    kcov.everyone = arg == Py_None ? NULL : (struct counters *)Py_NewRef(arg);
    thread_all_changed();
    Py_XDECREF(before);
    Py_RETURN_NONE;
}

static PyObject *record_process(PyObject *module, PyObject *arg)
{
    (void)module;
    if (arg != Py_None && !check_recorder(arg))
        return NULL;
    thread_record_process(arg);
    Py_RETURN_NONE;
}

/* watch_device(buffer, index, changed): see thread.c. */
static PyObject *watch_device(PyObject *module, PyObject *args)
{
    (void)module;
    Py_buffer buffer;
    Py_ssize_t index;
    PyObject *callback;
    if (!PyArg_ParseTuple(args, "y*nO:watch_device", &buffer, &index, &callback))
        return NULL;
    if (index < 0 || !PyCallable_Check(callback)) {
        PyErr_SetString(PyExc_ValueError, "the index of a word and a callable are needed");
        PyBuffer_Release(&buffer);
        return NULL;
    }
    if (buffer_check(&buffer, 8, (uint64_t)index + 1, "device") < 0) {
        PyBuffer_Release(&buffer);
        return NULL;
    }
    /* What was watched before stays mapped: a thread may be about to read it. */
    kcov.device_buffer = buffer;
    kcov.device = (const uint64_t *)buffer.buf + index;
    kcov.device_seen = 0;
    Py_XSETREF(kcov.device_changed, Py_NewRef(callback));
    probes_choose();
    thread_all_changed();
    Py_RETURN_NONE;
}

static PyObject *get_everyone(PyObject *module, PyObject *ignored)
{
    (void)module, (void)ignored;
    return Py_NewRef(kcov.everyone != NULL ? (PyObject *)kcov.everyone : Py_None);
}

static PyObject *new_counters(PyObject *module, PyObject *ignored)
{
    (void)module, (void)ignored;
    return kcov.counters->tp_alloc(kcov.counters, 0);
}

static PyObject *get_task(PyObject *module, PyObject *ignored)
{
    (void)module, (void)ignored;
    PyObject *task = thread_self()->task;
    return Py_NewRef(task != NULL ? task : Py_None);
}

static PyObject *set_task(PyObject *module, PyObject *task)
{
    (void)module;
    struct kcov_thread *t = thread_self();
    struct guard *g = thread_register(t);
    if (g == NULL) {
        PyErr_SetString(PyExc_RuntimeError, "this thread has ended");
        return NULL;
    }
    PyObject *before = t->task;
    t->task = task == Py_None ? NULL : Py_NewRef(task);
    t->state = g->tstate;
    Py_XDECREF(before);
    Py_RETURN_NONE;
}

static PyObject *generation(PyObject *module, PyObject *ignored)
{
    (void)module, (void)ignored;
    return PyLong_FromUnsignedLong(kcov.generation);
}

static PyMethodDef functions[] = {
    {"probes", probe_list, METH_VARARGS, NULL},
    {"decode", decode, METH_VARARGS, NULL},
    {"positions", positions, METH_VARARGS, NULL},
    {"fill", fill, METH_VARARGS, NULL},
    {"origin", answers_origin, METH_O, NULL},
    {"original", answers_original, METH_O, NULL},
    {"running", answers_running, METH_O, NULL},
    {"replace", (PyCFunction)(void (*)(void))answers_replace, METH_VARARGS | METH_KEYWORDS, NULL},
    {"receive", receive, METH_VARARGS, NULL},
    {"attach", attach, METH_O, NULL},
    {"detach", detach, METH_NOARGS, NULL},
    {"attached", attached, METH_NOARGS, NULL},
    {"section_open", section_open, METH_O, NULL},
    {"section_close", section_close, METH_VARARGS, NULL},
    {"section", section, METH_NOARGS, NULL},
    {"map_over", map_over, METH_VARARGS, NULL},
    {"under", (PyCFunction)(void (*)(void))whole_under, METH_FASTCALL, NULL},
    {"count_everyone", count_everyone, METH_O, NULL},
    {"record_process", record_process, METH_O, NULL},
    {"watch_device", watch_device, METH_VARARGS, NULL},
    {"everyone", get_everyone, METH_NOARGS, NULL},
    {"new_counters", new_counters, METH_NOARGS, NULL},
    {"get_task", get_task, METH_NOARGS, NULL},
    {"set_task", set_task, METH_O, NULL},
    {"generation", generation, METH_NOARGS, NULL},
    {"on_fork", fork_on, METH_O, NULL},
    {"notice", fork_notice_now, METH_NOARGS, NULL},
    {"remove_at_end", leaving_remove_at_end, METH_O, NULL},
    {"gc_start", interrupts_gc_start, METH_VARARGS, NULL},
    {"gc_stop", interrupts_gc_stop, METH_VARARGS, NULL},
    {"hook_signal", hook_signal, METH_VARARGS, NULL},
    {"hook_executing", executing_hook, METH_O, NULL},
    {"hook_marshal", hook_marshal, METH_VARARGS, NULL},
    {"run_main", running_main, METH_VARARGS, NULL},
    {"print_uncaught", running_print, METH_O, NULL},
    {"last_hook", running_last_hook, METH_O, NULL},
    {"set_code", hook_set_code, METH_VARARGS, NULL},
    {"signal_flags", hook_signal_flags, METH_VARARGS, NULL},
    {NULL, NULL, 0, NULL},
};

static int add_type(PyObject *module, PyTypeObject **slot, PyType_Spec *spec)
{
    if (*slot == NULL)
        *slot = (PyTypeObject *)PyType_FromModuleAndSpec(module, spec, NULL);
    return *slot == NULL ? -1 : PyModule_AddType(module, *slot);
}

static PyObject *gc_callbacks(void)
{
    PyObject *gc = PyImport_ImportModule("gc"), *list = NULL;
    if (gc != NULL)
        list = PyObject_GetAttrString(gc, "callbacks");
    if (list != NULL && !PyList_CheckExact(list)) {
        PyErr_SetString(PyExc_ImportError, "gc.callbacks is not the collector's list any more");
        Py_CLEAR(list);
    }
    Py_XDECREF(gc);
    return list;
}

static int exec_module(PyObject *module)
{
    if (PyInterpreterState_Get() != PyInterpreterState_Main()) {
        PyErr_SetString(PyExc_ImportError,
                        "pykcov works in the main interpreter only, not in sub-interpreters");
        return -1;
    }
    if (fork_setup() < 0 || add_type(module, &kcov.probe, &probe_spec) < 0
        || add_type(module, &kcov.instead, &instead_spec) < 0
        || add_type(module, &kcov.origin, &origin_spec) < 0
        || add_type(module, &kcov.callback, &callback_spec) < 0
        || add_type(module, &kcov.comparison, &comparison_spec) < 0
        || add_type(module, &kcov.counters, &counters_spec) < 0
        || add_type(module, &kcov.recorder, &recorder_spec) < 0
        || add_type(module, &kcov.guard, &guard_spec) < 0
        || add_type(module, &kcov.quiet, &quiet_spec) < 0
        || add_type(module, &kcov.handler, &handler_spec) < 0
        || add_type(module, &kcov.shared, &shared_spec) < 0
        || add_type(module, &kcov.ticket, &ticket_spec) < 0
        || add_type(module, &kcov.whole, &whole_spec) < 0
        || add_type(module, &kcov.done, &done_spec) < 0
        || add_type(module, &kcov.own_file, &own_file_spec) < 0
        || add_type(module, &kcov.unseen, &unseen_spec) < 0
        || add_type(module, &kcov.importlib, &importlib_spec) < 0
        || add_type(module, &kcov.lookup, &lookup_spec) < 0
        || add_type(module, &kcov.ending, running_ending_spec()) < 0)
        return -1;
    if (kcov.guard_key == NULL)
        kcov.guard_key = PyUnicode_InternFromString("pykcov.guard");
    if (kcov.acquire_name == NULL)
        kcov.acquire_name = PyUnicode_InternFromString("acquire");
    if (kcov.release_name == NULL)
        kcov.release_name = PyUnicode_InternFromString("release");
    if (kcov.section_var == NULL)
        kcov.section_var = PyContextVar_New("pykcov.section", NULL);
    if (kcov.gc_callbacks == NULL)
        kcov.gc_callbacks = gc_callbacks();
    PyObject *quiet = kcov.quiet->tp_alloc(kcov.quiet, 0);
    int failed = kcov.guard_key == NULL || kcov.section_var == NULL || quiet == NULL
        || kcov.gc_callbacks == NULL || kcov.acquire_name == NULL || kcov.release_name == NULL
        || PyModule_AddObjectRef(module, "section_var", kcov.section_var) < 0
        || PyModule_AddObjectRef(module, "quiet", quiet) < 0
        || PyModule_AddIntConstant(module, "SHARED_BYTES", shared_bytes()) < 0;
    Py_XDECREF(quiet);
    return failed ? -1 : 0;
}

static PyModuleDef_Slot slots[] = {
    {Py_mod_exec, exec_module},
    COMPAT_SLOTS
    {0, NULL},
};

static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT,
    .m_name = "pykcov.probe._core",
    .m_doc = "The probe core; _core.pyi is its documentation.",
    .m_methods = functions,
    .m_slots = slots,
};

PyMODINIT_FUNC PyInit__core(void)
{
    return PyModuleDef_Init(&definition);
}
