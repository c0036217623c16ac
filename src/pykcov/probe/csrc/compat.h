/* All that depends on PY_VERSION_HEX or on the C library stands here. */
#ifndef PYKCOV_COMPAT_H
#define PYKCOV_COMPAT_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <frameobject.h>

#if PY_VERSION_HEX < 0x030b0000
#error "pykcov needs CPython 3.11 or newer"
#endif
#if defined(PYPY_VERSION) || defined(GRAALVM_PYTHON)
#error "pykcov needs CPython"
#endif

#include <stddef.h>
#include <stdint.h>

/* The number that CPython raises whenever another context becomes current in a thread state:
 * PyContext_Enter and PyContext_Exit do, and greenlet does when it switches (it has to, or CPython's
 * own per-variable cache would go wrong). uint64_t from 3.11 to 3.15. The only other change of
 * PyThreadState.context, from NULL to an empty context at the first ContextVar.set(), leaves it. */
static inline const uint64_t *compat_context_version(PyThreadState *tstate)
{
    return &tstate->context_ver;
}

/* May this thread state be on its way out already, and another one follow it on the same OS thread?
 *
 * A finalizer can be the first that asks for PyThreadState.dict after it has been cleared, and nothing
 * tells that from the first of all. It matters where threads outlive their states: these are of C,
 * which makes them with PyGILState_Ensure. Threads that `threading` made are told by a hook that it
 * puts on their end, or since 3.13 by what made their state (3 is _PyThreadState_WHENCE_THREADING, 6
 * the same for daemons from 3.15 on, 1 is the main thread's). */
static inline int compat_may_be_ending(PyThreadState *tstate)
{
#if PY_VERSION_HEX >= 0x030d0000
    int known = tstate->_whence == 1 || tstate->_whence == 3 || tstate->_whence == 6;
#else
    int known = tstate->on_delete != NULL;
#endif
    return !known && tstate->dict == NULL;
}

/* Since 3.12 an object can be told to live for ever, and its references are no more counted: two
 * writes less at each use. Before, or where the number is not known, they are. */
static inline void compat_immortalize(PyObject *object)
{
#if defined(_Py_IMMORTAL_INITIAL_REFCNT) && !defined(Py_GIL_DISABLED)
    object->ob_refcnt = _Py_IMMORTAL_INITIAL_REFCNT;
#elif defined(_Py_IMMORTAL_REFCNT) && !defined(Py_GIL_DISABLED)
    object->ob_refcnt = _Py_IMMORTAL_REFCNT;
#else
    (void)object;
#endif
}

static inline int compat_is_immortal(PyObject *object)
{
#if PY_VERSION_HEX >= 0x030c0000 && !defined(Py_GIL_DISABLED)
    return _Py_IsImmortal(object);
#else
    (void)object;
    return 0;
#endif
}

static inline int compat_finalizing(void)
{
#if PY_VERSION_HEX >= 0x030d0000
    return Py_IsFinalizing();
#else
    return _Py_IsFinalizing();
#endif
}

/* Take the pending exception away and put it back, around a call that may be made with one pending. */
#if PY_VERSION_HEX >= 0x030c0000
struct compat_error {
    PyObject *value; /* Owned. */
};
static inline struct compat_error compat_error_take(void)
{
    return (struct compat_error){PyErr_GetRaisedException()};
}
static inline void compat_error_restore(struct compat_error error)
{
    PyErr_SetRaisedException(error.value);
}
static inline void compat_error_drop_traceback(struct compat_error *error)
{
    PyException_SetTraceback(error->value, Py_None);
}
static inline void compat_error_drop(struct compat_error *error)
{
    Py_CLEAR(error->value);
}
#else
struct compat_error {
    PyObject *type, *value, *traceback; /* Owned. */
};
static inline struct compat_error compat_error_take(void)
{
    struct compat_error error;
    PyErr_Fetch(&error.type, &error.value, &error.traceback);
    return error;
}
static inline void compat_error_restore(struct compat_error error)
{
    PyErr_Restore(error.type, error.value, error.traceback);
}
static inline void compat_error_drop_traceback(struct compat_error *error)
{
    Py_CLEAR(error->traceback);
}
static inline void compat_error_drop(struct compat_error *error)
{
    Py_CLEAR(error->type);
    Py_CLEAR(error->value);
    Py_CLEAR(error->traceback);
}
#endif

/* How many more frames a thread may have before a RecursionError. Other threads may meanwhile set
 * another limit: CPython keeps the difference. */
static inline void compat_lend_frames(PyThreadState *tstate, int more)
{
#if PY_VERSION_HEX >= 0x030c0000
    tstate->py_recursion_remaining += more;
#else
    tstate->recursion_remaining += more;
#endif
}

/* The frames that a thread has, out of the way: as if a new thread began. A stack of CPython's is a list
 * of frames; greenlet does the same to it. */
struct compat_frames {
    struct _PyInterpreterFrame *top; /* Borrowed. */
    int depth;                       /* how many frames the recursion limit counts */
};
#if PY_VERSION_HEX >= 0x030d0000
#define COMPAT_FRAMES(tstate) (tstate)->current_frame
#else
#define COMPAT_FRAMES(tstate) (tstate)->cframe->current_frame
#endif
static inline struct compat_frames compat_hide_frames(PyThreadState *tstate)
{
#if PY_VERSION_HEX >= 0x030c0000
    int depth = tstate->py_recursion_limit - tstate->py_recursion_remaining;
#else
    int depth = tstate->recursion_limit - tstate->recursion_remaining;
#endif
    struct compat_frames frames = {COMPAT_FRAMES(tstate), depth};
    COMPAT_FRAMES(tstate) = NULL;
    compat_lend_frames(tstate, depth);
    return frames;
}
static inline void compat_show_frames(PyThreadState *tstate, struct compat_frames frames)
{
    COMPAT_FRAMES(tstate) = frames.top;
    compat_lend_frames(tstate, -frames.depth);
}

/* Is this thread where `with` has called __enter__, or __aenter__? Since 3.14 that is a CALL like any
 * other: signal handlers run at its end, and for what they raise there, __exit__ is not called. */
#if PY_VERSION_HEX >= 0x030e0000
#include <opcode.h>
static inline int compat_is_entering(PyThreadState *tstate)
{
    int entering = 0;
    PyFrameObject *frame = PyThreadState_GetFrame(tstate);
    PyCodeObject *code = frame == NULL ? NULL : PyFrame_GetCode(frame);
    PyObject *bytes = code == NULL ? NULL : PyCode_GetCode(code); /* as the compiler made them */
    int at = frame == NULL ? -1 : PyFrame_GetLasti(frame);
    if (bytes == NULL)
        PyErr_Clear();
    else if (at >= 2 && at < PyBytes_GET_SIZE(bytes)) {
        const unsigned char *units = (const unsigned char *)PyBytes_AS_STRING(bytes);
        /* LOAD_SPECIAL 0 is __enter__, 2 __aenter__ */
        entering = units[at] == CALL && units[at - 2] == LOAD_SPECIAL && !(units[at - 1] & 1);
    }
    Py_XDECREF(bytes);
    Py_XDECREF(code);
    Py_XDECREF(frame);
    return entering;
}
#else
static inline int compat_is_entering(PyThreadState *tstate) { (void)tstate; return 0; }
#endif

/* What PyFrame_GetLocals() returned was changed. Until 3.12 that is a copy. */
static inline void compat_locals_changed(PyFrameObject *frame)
{
#if PY_VERSION_HEX >= 0x030d0000
    (void)frame;
#else
    PyFrame_LocalsToFast(frame, 0);
#endif
}

/* Since 3.13 a function whose __code__ was set is never again called the specialized way: its version
 * has been cleared (a loss of a quarter on call-heavy code). A function that nobody had changed before
 * may have the version of its new code, as if MAKE_FUNCTION had just made it. */
#if PY_VERSION_HEX >= 0x030d0000
PyAPI_FUNC(void) _PyFunction_SetVersion(PyFunctionObject *, uint32_t) __attribute__((weak));
#if PY_VERSION_HEX >= 0x030e0000
#define COMPAT_FIRST_VERSION 2
#else
#define COMPAT_FIRST_VERSION 1
#endif
static inline uint32_t compat_function_version(PyObject *function)
{
    return ((PyFunctionObject *)function)->func_version;
}
static inline void compat_function_changed(PyObject *function, uint32_t before)
{
    uint32_t version = ((PyCodeObject *)PyFunction_GET_CODE(function))->co_version;
    if (before >= COMPAT_FIRST_VERSION && version >= COMPAT_FIRST_VERSION
        && _PyFunction_SetVersion != NULL)
        _PyFunction_SetVersion((PyFunctionObject *)function, version);
}
#else
static inline uint32_t compat_function_version(PyObject *function) { (void)function; return 0; }
static inline void compat_function_changed(PyObject *f, uint32_t before) { (void)f, (void)before; }
#endif

/* The dict of a type of the interpreter's own: since 3.12 each interpreter has one. A new reference. */
static inline PyObject *compat_type_dict(PyTypeObject *type)
{
#if PY_VERSION_HEX >= 0x030c0000
    return PyType_GetDict(type);
#else
    return Py_NewRef(type->tp_dict);
#endif
}

/* The digits of an int, of PyLong_SHIFT bits each, the lowest first. */
struct compat_digits {
    const digit *digits; /* Borrowed. */
    size_t count;
    int negative;
};
static inline struct compat_digits compat_digits(PyObject *number)
{
    const PyLongObject *value = (const PyLongObject *)number;
#if PY_VERSION_HEX >= 0x030c0000
    uintptr_t tag = value->long_value.lv_tag;
    return (struct compat_digits){value->long_value.ob_digit, tag >> 3, (tag & 3) == 2};
#else
    Py_ssize_t size = Py_SIZE(value);
    return (struct compat_digits){value->ob_digit, size < 0 ? -size : size, size < 0};
#endif
}

/* Have two code objects variables of the same kinds: local, cell, free, hidden? Since 3.14 the compiler
 * notes here, in the lower bits, which of them are arguments, too; replace() forgets these bits. */
static inline int compat_same_kinds(const PyCodeObject *a, const PyCodeObject *b)
{
    Py_ssize_t size = PyBytes_GET_SIZE(a->co_localspluskinds);
    if (PyBytes_GET_SIZE(b->co_localspluskinds) != size)
        return 0;
    for (Py_ssize_t n = 0; n < size; n++)
        if ((PyBytes_AS_STRING(a->co_localspluskinds)[n] ^ PyBytes_AS_STRING(b->co_localspluskinds)[n]) & 0xf0)
            return 0;
    return 1;
}

/* Since 3.12 there are no strings without contents. */
static inline int compat_text_is_ready(PyObject *text)
{
#if PY_VERSION_HEX >= 0x030c0000
    (void)text;
    return 1;
#else
    return PyUnicode_IS_READY(text);
#endif
}

/* Module slots. The hot path stores into an area under the GIL's protection: two threads that carry
 * one section would lose each other's records without it. So free threading is not declared, and
 * such an interpreter switches its GIL back on, saying so. */
#if PY_VERSION_HEX >= 0x030c0000
#define COMPAT_SLOTS \
    {Py_mod_multiple_interpreters, Py_MOD_MULTIPLE_INTERPRETERS_NOT_SUPPORTED},
#else
#define COMPAT_SLOTS
#endif

/* A plain __thread in a shared object goes through __tls_get_addr, 1 to 1.5 ns a hit. The static
 * block that glibc keeps for libraries loaded late has room for our 160 bytes; musl keeps none. */
#if defined(__GLIBC__)
#define COMPAT_TLS __attribute__((tls_model("initial-exec")))
#else
#define COMPAT_TLS
#endif

#define LIKELY(x) __builtin_expect(!!(x), 1)
#define UNLIKELY(x) __builtin_expect(!!(x), 0)

#endif
