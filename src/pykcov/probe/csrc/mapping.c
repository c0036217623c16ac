/* Maps a memfd without keeping a descriptor of it.
 *
 * Until 3.13, Python's mmap keeps a duplicate of the file descriptor. So each area would cost a service
 * one more of its limited descriptors, which it needs for connections.
 */
#include "pykcov.h"

#include <errno.h>
#include <sys/mman.h>

/* map_over(memory, fd, prot): map the file over `memory`, an anonymous mapping: its object goes on to
 * think that it has no file. */
PyObject *map_over(PyObject *module, PyObject *args)
{
    (void)module;
    Py_buffer memory;
    int fd, prot;
    if (!PyArg_ParseTuple(args, "y*ii:map_over", &memory, &fd, &prot))
        return NULL;
    void *mapped = MAP_FAILED;
    if (memory.len > 0 && (uintptr_t)memory.buf % 4096 == 0)
        mapped = mmap(memory.buf, (size_t)memory.len, prot, MAP_SHARED | MAP_FIXED, fd, 0);
    else
        errno = EINVAL;
    PyBuffer_Release(&memory);
    if (mapped == MAP_FAILED)
        return PyErr_SetFromErrno(PyExc_OSError);
    Py_RETURN_NONE;
}
