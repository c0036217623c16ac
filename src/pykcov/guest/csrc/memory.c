/* Reads and writes the memory of a task that waits for an answer. */
#define _GNU_SOURCE
#include "guest.h"

#include <errno.h>
#include <sys/uio.h>

#define AT_ONCE ((Py_ssize_t)0x7ffff000)  /* MAX_RW_COUNT: what Linux moves in one call at most */

static PyObject *failed(int error)
{
    errno = error;
    return PyErr_SetFromErrno(PyExc_OSError);
}

PyObject *read_memory(struct listener *self, PyObject *args)
{
    unsigned long long id, address;
    int pid;
    Py_ssize_t size;
    if (!PyArg_ParseTuple(args, "KiKn:read", &id, &pid, &address, &size))
        return NULL;
    if (size < 0 || size > AT_ONCE)
        return failed(EFAULT);
    PyObject *bytes = PyBytes_FromStringAndSize(NULL, size);
    if (bytes == NULL || size == 0)
        return bytes;
    struct iovec here = {PyBytes_AS_STRING(bytes), (size_t)size}, there = {(void *)address, (size_t)size};
    ssize_t count;
    Py_BEGIN_ALLOW_THREADS
    count = process_vm_readv(pid, &here, 1, &there, 1, 0);
    Py_END_ALLOW_THREADS
    int error = count == size ? (listener_waits(self, id) ? 0 : ESRCH) : count < 0 ? errno : EFAULT;
    if (error == 0)
        return bytes;
    Py_DECREF(bytes);
    return failed(error);
}

/* Up to and without the NUL; read to the end of a page at a time, as the next may not be there. */
PyObject *read_string(struct listener *self, PyObject *args)
{
    unsigned long long id, address;
    int pid;
    char buffer[4096];
    if (!PyArg_ParseTuple(args, "KiK:read_string", &id, &pid, &address))
        return NULL;
    for (size_t size = 0; size < sizeof buffer;) {
        size_t next = 4096 - (address + size) % 4096;
        if (next > sizeof buffer - size)
            next = sizeof buffer - size;
        struct iovec here = {buffer + size, next}, there = {(void *)(address + size), next};
        ssize_t count = process_vm_readv(pid, &here, 1, &there, 1, 0);
        if (count <= 0)
            return failed(count < 0 ? errno : EFAULT);
        char *end = memchr(buffer + size, 0, (size_t)count);
        if (end != NULL)
            return listener_waits(self, id) ? PyBytes_FromStringAndSize(buffer, end - buffer)
                                         : failed(ESRCH);
        size += (size_t)count;
    }
    return failed(ENAMETOOLONG);
}

PyObject *write_memory(struct listener *self, PyObject *args)
{
    unsigned long long id, address;
    int pid;
    Py_buffer data;
    if (!PyArg_ParseTuple(args, "KiKy*:write", &id, &pid, &address, &data))
        return NULL;
    struct iovec here = {data.buf, (size_t)data.len}, there = {(void *)address, (size_t)data.len};
    ssize_t count = 0;
    int error = 0;
    if (data.len > 0) {
        Py_BEGIN_ALLOW_THREADS
        if (!listener_waits(self, id))
            error = ESRCH;
        else if ((count = process_vm_writev(pid, &here, 1, &there, 1, 0)) != data.len)
            error = count < 0 ? errno : EFAULT;
        Py_END_ALLOW_THREADS
    }
    PyBuffer_Release(&data);
    if (error)
        return failed(error);
    Py_RETURN_NONE;
}
