/* Runs the main module of a program under pykcov, and ends the process.
 *
 * The program sees no frames of pykcov below its own: not in sys._getframe(), in a debugger's stack, or in
 * the recursion depth.
 *
 * When the program's code has ended, pykcov's frames end one by one, with the program's trace function,
 * profiler or tools still set. So from then on this thread is hidden (unseen.c), until the interpreter has
 * left the last frame. Then it reads the `code` of the SystemExit, or calls sys.excepthook.
 */
#include "pykcov.h"

static struct unseen ending; /* of the main thread; no tstate: not begun */

static void begin_ending(void)
{
    if (ending.tstate == NULL)
        unseen_enter(&ending);
}

static void end_ending(void)
{
    if (ending.tstate != NULL) {
        unseen_leave(&ending);
        ending.tstate = NULL;
    }
}

static PyObject *run_file(const char *path, PyObject *names)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL)
        return PyErr_SetFromErrnoWithFilename(PyExc_OSError, path);
    return PyRun_FileEx(file, path, Py_file_input, names, names, 1);
}

/* run_main(code, names): execute a main module's code. In its place may stand the file's path, for code
 * that does not compile: of a file CPython finds other errors, and other words, than of a text. */
PyObject *running_main(PyObject *module, PyObject *args)
{
    (void)module;
    PyObject *code, *names, *path = NULL;
    if (!PyArg_ParseTuple(args, "OO!:run_main", &code, &PyDict_Type, &names)
        || (PyCode_Check(code) ? PySys_Audit("exec", "O", code) < 0
                               : !PyUnicode_FSConverter(code, &path)))
        return NULL;
    struct compat_frames below = compat_hide_frames(PyThreadState_Get());
    PyObject *result = path == NULL ? PyEval_EvalCode(code, names, names)
                                    : run_file(PyBytes_AS_STRING(path), names);
    compat_show_frames(PyThreadState_Get(), below);
    begin_ending();
    Py_XDECREF(path);
    return result;
}

/* print_uncaught([error]): what the interpreter does with an exception that nobody has caught, or has any
 * more: it is taken out of the list. It may end the process, when sys.excepthook raises SystemExit. */
PyObject *running_print(PyObject *module, PyObject *list)
{
    (void)module;
    if (!PyList_Check(list) || PyList_GET_SIZE(list) != 1
        || !PyExceptionInstance_Check(PyList_GET_ITEM(list, 0)))
        return PyErr_Format(PyExc_TypeError, "an exception in a list is needed");
    PyObject *error = Py_NewRef(PyList_GET_ITEM(list, 0));
    if (PyList_SetSlice(list, 0, 1, NULL) < 0) {
        Py_DECREF(error);
        return NULL;
    }
    end_ending();
    struct compat_frames below = compat_hide_frames(PyThreadState_Get());
    PyErr_Restore(Py_NewRef((PyObject *)Py_TYPE(error)), error, PyException_GetTraceback(error));
    PyErr_Print();
    compat_show_frames(PyThreadState_Get(), below);
    begin_ending();
    Py_RETURN_NONE;
}

static PyObject *ended(PyObject *hook, PyObject *ignored)
{
    (void)ignored;
    end_ending();
    PySys_SetObject("excepthook", hook);
    Py_RETURN_NONE;
}

static PyMethodDef ended_def = {"excepthook", ended, METH_VARARGS, NULL};

/* last_hook(hook): a sys.excepthook that says nothing, and puts `hook` back. */
PyObject *running_last_hook(PyObject *module, PyObject *hook)
{
    (void)module;
    return PyCFunction_New(&ended_def, hook);
}

/* Ending(exit): a SystemExit whose code is that of the program's SystemExit `exit`. */
static PyObject *ending_code(PyObject *self, void *ignored)
{
    (void)ignored;
    PyObject *exit = ((PySystemExitObject *)self)->code;
    end_ending();
    return PyObject_GetAttrString(exit != NULL ? exit : Py_None, "code");
}

static PyGetSetDef ending_getset[] = {
    {"code", ending_code, NULL, NULL, NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

static PyType_Slot ending_slots[] = {
    {Py_tp_doc, "Ending(exit): the end of the program by the SystemExit `exit`."},
    {Py_tp_base, NULL}, /* SystemExit, whose address is no constant */
    {Py_tp_getset, ending_getset},
    {0, NULL},
};

PyType_Spec *running_ending_spec(void)
{
    static PyType_Spec spec = {
        .name = "pykcov.probe.Ending",
        .basicsize = sizeof(PySystemExitObject),
        .flags = Py_TPFLAGS_DEFAULT,
        .slots = ending_slots,
    };
    ending_slots[1].pfunc = PyExc_SystemExit;
    return &spec;
}
