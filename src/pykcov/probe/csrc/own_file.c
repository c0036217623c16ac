/* OwnFile: a file descriptor that is ours only as long as nobody else has closed it.
 *
 * A daemon closes all descriptors it finds, including ours, and opens its own files under the same
 * numbers. Closing such a number, or writing to it, would hit one of the program's files. So we remember
 * the file along with the number, and check it before each use. Files that all look alike (/dev/null,
 * eventfd, epoll) can't be distinguished from the program's, and must not be kept in an OwnFile.
 */
#define _GNU_SOURCE
#include "pykcov.h"

#include <linux/memfd.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

struct own_file {
    PyObject_HEAD
    int fd;      /* Owned, if it is still the same file. -1: closed */
    dev_t device;
    ino_t inode;
};

static int is_ours(const struct own_file *k)
{
    struct stat now;
    return k->fd >= 0 && fstat(k->fd, &now) == 0 && now.st_dev == k->device
        && now.st_ino == k->inode;
}

static int take(struct own_file *k, int fd)
{
    struct stat now;
    if (fstat(fd, &now) != 0)
        return -1;
    k->fd = fd;
    k->device = now.st_dev;
    k->inode = now.st_ino;
    return 0;
}

static struct own_file *empty(PyTypeObject *type)
{
    struct own_file *k = (struct own_file *)type->tp_alloc(type, 0);
    if (k != NULL)
        k->fd = -1;
    return k;
}

static PyObject *keep(PyTypeObject *type, int fd)
{
    struct own_file *k = empty(type);
    if (k != NULL && take(k, fd) < 0) {
        PyErr_SetFromErrno(PyExc_OSError);
        Py_CLEAR(k);
    }
    return (PyObject *)k;
}

/* One of no file, as if it had been closed. */
PyObject *own_file_empty(void)
{
    return (PyObject *)empty(kcov.own_file);
}

/* Give an empty one a file. It needs no memory. */
void own_file_take(PyObject *self, int fd)
{
    (void)take((struct own_file *)self, fd); /* fails for what somebody has closed already */
}

static PyObject *own_file_new(PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
    static char *names[] = {"fd", NULL};
    int fd;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "i:OwnFile", names, &fd))
        return NULL;
    return keep(type, fd);
}

/* OwnFile.memfd(name): a new one that can be sealed, and that no other user may open. */
static PyObject *own_file_memfd(PyObject *type, PyObject *arg)
{
    const char *name = PyUnicode_AsUTF8(arg);
    if (name == NULL)
        return NULL;
    /* Not memfd_create(): wheels are for C libraries older than it (glibc 2.27). */
    int fd = (int)syscall(SYS_memfd_create, name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (fd < 0 || fchmod(fd, 0600) != 0) {
        PyErr_SetFromErrno(PyExc_OSError);
        if (fd >= 0)
            close(fd);
        return NULL;
    }
    PyObject *k = keep((PyTypeObject *)type, fd);
    if (k == NULL)
        close(fd);
    return k;
}

static PyObject *own_file_fileno(PyObject *self, PyObject *ignored)
{
    (void)ignored;
    struct own_file *k = (struct own_file *)self;
    if (is_ours(k))
        return PyLong_FromLong(k->fd);
    errno = EBADF;
    return PyErr_SetFromErrno(PyExc_OSError);
}

static PyObject *own_file_is_ours(PyObject *self, PyObject *ignored)
{
    (void)ignored;
    return PyBool_FromLong(is_ours((struct own_file *)self));
}

static void close_ours(struct own_file *k)
{
    int fd = is_ours(k) ? k->fd : -1;
    k->fd = -1;
    if (fd >= 0)
        close(fd);
}

static PyObject *own_file_close(PyObject *self, PyObject *ignored)
{
    (void)ignored;
    close_ours((struct own_file *)self);
    Py_RETURN_NONE;
}

static void own_file_dealloc(PyObject *self)
{
    PyTypeObject *type = Py_TYPE(self);
    close_ours((struct own_file *)self);
    type->tp_free(self);
    Py_DECREF(type);
}

static PyMethodDef own_file_methods[] = {
    {"memfd", own_file_memfd, METH_O | METH_CLASS, NULL},
    {"fileno", own_file_fileno, METH_NOARGS, NULL},
    {"is_ours", own_file_is_ours, METH_NOARGS, NULL},
    {"close", own_file_close, METH_NOARGS, NULL},
    {NULL, NULL, 0, NULL},
};

static PyType_Slot own_file_slots[] = {
    {Py_tp_doc, "OwnFile(fd): a file descriptor, for as long as it is the file that it is now."},
    {Py_tp_new, own_file_new},
    {Py_tp_dealloc, own_file_dealloc},
    {Py_tp_methods, own_file_methods},
    {0, NULL},
};

PyType_Spec own_file_spec = {
    .name = "pykcov.probe.OwnFile",
    .basicsize = sizeof(struct own_file),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_IMMUTABLETYPE,
    .slots = own_file_slots,
};
