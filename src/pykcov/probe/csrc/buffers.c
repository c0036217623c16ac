/* Memory of others: the one check that each buffer passes before C reads or writes it. */
#include "pykcov.h"

/* See that a buffer is contiguous, and holds `least` or more items of `size` bytes. Words, of 8 bytes,
 * are aligned; what is left behind the last of them is not touched. Of smaller items there is nothing
 * left. 0, or -1 with ValueError, which calls the buffer `what`. */
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
