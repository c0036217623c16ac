/* Translates the instruction offsets that Python code sees to those of the original code.
 *
 * Code inserted before an original instruction is reported as that instruction. The interpreter itself
 * uses offsets in the running code, and so do frames and tracebacks internally. See answers.c. */
#include "answers.h"

/* The last move that begins at `unit` or before, which counts in the code that runs or in the original.
 * NULL: there is none. */
static const struct move *last_move(const struct origin *origin, uint32_t unit, int runs)
{
    size_t low = 0, high = origin->count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        const struct move *move = &origin->moves[middle];
        if (move->offset + (runs ? move->before : 0) <= unit)
            low = middle + 1;
        else
            high = middle;
    }
    return low == 0 ? NULL : &origin->moves[low - 1];
}

/* Return the offset in the original of offset `at` in the code that runs, both in bytes; `inserted` says
 * whether the original has no such instruction. -1: an error. Below 0 there is no instruction yet. */
long offsets_told(PyObject *code, long at, int *inserted)
{
    struct origin *origin = origin_of(code);
    *inserted = 0;
    if (origin == NULL || at < 0)
        return at;
    if (origin_moves(origin) < 0)
        return -1;
    uint32_t unit = (uint32_t)(at / 2);
    const struct move *move = last_move(origin, unit, 1);
    if (move == NULL)
        return at;
    *inserted = unit < move->offset + move->before + move->units;
    return 2L * (*inserted ? move->told : unit - move->before - move->units);
}

static long to_running(PyObject *code, long at)
{
    struct origin *origin = origin_of(code);
    if (origin == NULL || at < 0)
        return at;
    if (origin_moves(origin) < 0)
        return -1;
    const struct move *move = last_move(origin, (uint32_t)(at / 2), 0);
    return move == NULL ? at : at + 2L * (move->before + move->units);
}

/* `told` is the original's instructions, `size` bytes of them: put into it what became, in `now`, of those
 * that `code` had, in `was`, unless a probe took their place. Arguments are the original's; a cache (0)
 * has both of its bytes from the interpreter. */
int offsets_copy(PyObject *code, char *told, Py_ssize_t size, PyObject *was, PyObject *now)
{
    for (Py_ssize_t at = 0; at < size; at += 2) {
        long there = to_running(code, at);
        if (there < 0)
            return -1;
        if (there + 2 <= PyBytes_GET_SIZE(was) && there + 2 <= PyBytes_GET_SIZE(now)
            && PyBytes_AS_STRING(was)[there] == told[at]) {
            if (told[at] == 0)
                told[at + 1] = PyBytes_AS_STRING(now)[there + 1];
            told[at] = PyBytes_AS_STRING(now)[there];
        }
    }
    return 0;
}

/* -- frames and tracebacks -------------------------------------------------------------------- */

static PyObject *told(PyObject *code, int at) /* Steals code. */
{
    int inserted;
    long offset = offsets_told(code, at, &inserted);
    Py_DECREF(code);
    return offset < 0 && PyErr_Occurred() ? NULL : PyLong_FromLong(offset);
}

static PyObject *get_f_lasti(PyObject *frame, void *ignored)
{
    (void)ignored;
    int at = PyFrame_GetLasti((PyFrameObject *)frame);
    return told((PyObject *)PyFrame_GetCode((PyFrameObject *)frame), at);
}

static PyObject *get_tb_lasti(PyObject *self, void *ignored)
{
    (void)ignored;
    PyTracebackObject *traceback = (PyTracebackObject *)self;
    return told((PyObject *)PyFrame_GetCode(traceback->tb_frame), traceback->tb_lasti);
}

static struct answer f_lasti = {"f_lasti", NULL, {0}};
static struct answer tb_lasti = {"tb_lasti", NULL, {0}};
static newfunc plain_traceback; /* Of the traceback type, in all interpreters. */

/* TracebackType(next, frame, lasti, lineno), with a lasti that a program was told. */
static PyObject *new_traceback(PyTypeObject *type, PyObject *args, PyObject *keywords)
{
    PyObject *made = plain_traceback(type, args, keywords);
    if (made == NULL)
        return NULL;
    PyTracebackObject *traceback = (PyTracebackObject *)made;
    PyObject *code = (PyObject *)PyFrame_GetCode(traceback->tb_frame);
    traceback->tb_lasti = (int)to_running(code, traceback->tb_lasti);
    Py_DECREF(code);
    if (traceback->tb_lasti < 0 && PyErr_Occurred())
        Py_CLEAR(made);
    return made;
}

static int put_over(PyTypeObject *type, struct answer *answer, getter get)
{
    PyObject *dict = compat_type_dict(type);
    int failed = answers_over(type, dict, answer, get);
    Py_DECREF(dict);
    PyType_Modified(type);
    return failed;
}

int offsets_begin(void)
{
    if (put_over(&PyFrame_Type, &f_lasti, get_f_lasti) < 0
        || put_over(&PyTraceBack_Type, &tb_lasti, get_tb_lasti) < 0)
        return -1;
    if (PyTraceBack_Type.tp_new != new_traceback) {
        plain_traceback = PyTraceBack_Type.tp_new;
        PyTraceBack_Type.tp_new = new_traceback;
    }
    return monitoring_begin();
}
