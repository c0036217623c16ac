/* receive: reads a packet from a socket, along with its file descriptors, in one step.
 *
 * After socket.recvmsg() returns, a signal handler may raise before the next instruction: then the packet
 * would be lost, and its descriptors would never be closed. Here both are in the caller's list before any
 * Python instruction runs, and all memory is allocated before the packet is read from the socket.
 */
#define _GNU_SOURCE
#include "pykcov.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define MOST_FILES 4 /* that come with one packet */

/* Give the files of a message to `files`, which has that many empty ones, and drop the rest of these. */
static int take_files(struct msghdr *message, PyObject *files)
{
    Py_ssize_t taken = 0;
    for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c != NULL; c = CMSG_NXTHDR(message, c)) {
        if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
            continue;
        size_t count = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        for (size_t n = 0; n < count; n++) {
            int fd;
            memcpy(&fd, CMSG_DATA(c) + n * sizeof(int), sizeof fd);
            if (taken < MOST_FILES)
                own_file_take(PyList_GET_ITEM(files, taken++), fd);
            else
                close(fd);
        }
    }
    return PyList_SetSlice(files, taken, MOST_FILES, NULL);
}

/* Return the bytes of the next packet, or -1 with an exception set. */
static Py_ssize_t next_packet(int fd, PyObject *packet, PyObject *files)
{
    union {
        char bytes[CMSG_SPACE(MOST_FILES * sizeof(int))];
        struct cmsghdr aligned;
    } control;
    struct iovec part = {PyByteArray_AS_STRING(packet), (size_t)PyByteArray_GET_SIZE(packet)};
    struct msghdr message;
    ssize_t got;
    do {
        message = (struct msghdr){.msg_iov = &part,
                                  .msg_iovlen = 1,
                                  .msg_control = control.bytes,
                                  .msg_controllen = sizeof control.bytes};
        Py_BEGIN_ALLOW_THREADS
        got = recvmsg(fd, &message, MSG_CMSG_CLOEXEC);
        Py_END_ALLOW_THREADS
        if (got < 0 && errno != EINTR) {
            PyErr_SetFromErrno(PyExc_OSError);
            return -1;
        }
        if (got < 0 && PyErr_CheckSignals() < 0)
            return -1;
    } while (got < 0);
    if (take_files(&message, files) < 0)
        return -1;
    if (message.msg_flags & MSG_CTRUNC) { /* this process may have no more files */
        errno = EMFILE;
        PyErr_SetFromErrno(PyExc_OSError);
        return -1;
    }
    return got;
}

static PyObject *new_files(void)
{
    PyObject *files = PyList_New(MOST_FILES);
    for (Py_ssize_t n = 0; files != NULL && n < MOST_FILES; n++) {
        PyObject *empty = own_file_empty();
        if (empty == NULL)
            Py_CLEAR(files);
        else
            PyList_SET_ITEM(files, n, empty);
    }
    return files;
}

/* receive(fd, inbox, most): see _core.pyi. */
PyObject *receive(PyObject *module, PyObject *args)
{
    (void)module;
    int fd;
    Py_ssize_t most;
    PyObject *inbox, *entry = NULL, *result = NULL;
    if (!PyArg_ParseTuple(args, "iO!n:receive", &fd, &PyList_Type, &inbox, &most))
        return NULL;
    PyObject *files = new_files();
    PyObject *packet = PyByteArray_FromStringAndSize(NULL, most);
    if (files == NULL || packet == NULL || (entry = PyTuple_Pack(2, packet, files)) == NULL
        || PyList_Append(inbox, entry) < 0)
        goto done;
    Py_ssize_t got = next_packet(fd, packet, files);
    if (got < 0 || PyByteArray_Resize(packet, got) < 0) {
        struct compat_error error = compat_error_take();
        PyList_SetSlice(inbox, PyList_GET_SIZE(inbox) - 1, PyList_GET_SIZE(inbox), NULL);
        compat_error_restore(error);
        goto done;
    }
    result = Py_NewRef(Py_None);
done:
    Py_XDECREF(entry);
    Py_XDECREF(packet);
    Py_XDECREF(files);
    return result;
}
