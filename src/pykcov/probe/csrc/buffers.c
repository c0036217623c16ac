/* The check that each buffer from Python must pass before C reads or writes it. */
#include "pykcov.h"

/* Check that a buffer is contiguous, and holds `least` or more items of `size` bytes. Items of 8 bytes
 * (words) must be aligned, and a rest after the last one is ignored; smaller items must leave no rest.
 * Returns 0, or -1 with a ValueError that calls the buffer `what`. */
int buffer_check(const Py_buffer *view, Py_ssize_t size, uint64_t least, const char *what)
{
    int words = size == 8;
    if (PyBuffer_IsContiguous(view, 'C') && (uint64_t)(view->len / size) >= least
        && (words ? (uintptr_t)view->buf : (uintptr_t)view->len) % (uintptr_t)size == 0)
        return 0;
    PyErr_Format(PyExc_ValueError, "%s: %llu or more items of %zd bytes are needed, %s, not %zd bytes",
                 what, (unsigned long long)least, size, words ? "aligned" : "whole ones", view->len);
    return -1;
}
