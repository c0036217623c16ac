/* Listener: notifications in, answers out. */
#define _GNU_SOURCE
#include "guest.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <structmember.h>
#include <sys/ioctl.h>
#include <unistd.h>

#ifndef SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP
#define SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP (1UL << 0)
#endif
#ifndef SECCOMP_IOCTL_NOTIF_SET_FLAGS
#define SECCOMP_IOCTL_NOTIF_SET_FLAGS SECCOMP_IOW(4, __u64)
#endif

/* -- notifications ------------------------------------------------------------------------------ */

static int answer(struct listener *self, struct seccomp_notif_resp *response)
{
    /* ENOENT: who asked was killed meanwhile. */
    return ioctl(self->fd, SECCOMP_IOCTL_NOTIF_SEND, response) == 0 || errno == ENOENT ? 0 : errno;
}

/* Wait until there is something to receive, or nobody left who could send it. Linux before 6.11 does not
 * end RECV for the latter; after it, a look into an RECV that failed tells the two apart. */
static int all_gone(struct listener *self, int timeout)
{
    struct pollfd state = {self->fd, POLLIN, 0};
    return poll(&state, 1, timeout) > 0 && !(state.revents & POLLIN) && state.revents & POLLHUP;
}

/* Receive into *note; 0: there is nobody to receive from, or no need of this thread. */
static int receive(struct listener *self, struct seccomp_notif *note)
{
    while (lead(self, (unsigned long)pthread_self())) {
        memset(note, 0, sizeof *note);
        int over = self->poll_first && all_gone(self, -1), status = -1;
        if (!over) {
            status = ioctl(self->fd, SECCOMP_IOCTL_NOTIF_RECV, note);
            over = status < 0 && errno != EINTR && (errno != ENOENT || all_gone(self, 0));
        }
        received(self, over);
        if (status == 0)
            return 1;
        if (over)
            return 0;
    }
    return 0;
}

/* (id, thread, number, arguments): as many of those as the handler of that number takes. */
static PyObject *describe(struct listener *self, const struct seccomp_notif *note)
{
    const unsigned char *counts = (unsigned char *)PyBytes_AS_STRING(self->counts);
    Py_ssize_t number = note->data.nr, known = PyBytes_GET_SIZE(self->counts);
    Py_ssize_t count = number >= 0 && number < known ? counts[number] : 0;
    PyObject *args = PyTuple_New(count), *all = PyTuple_New(4);
    for (Py_ssize_t i = 0; args != NULL && i < count; i++) {
        PyObject *arg = PyLong_FromUnsignedLongLong(note->data.args[i]);
        if (arg == NULL)
            Py_CLEAR(args);
        else
            PyTuple_SET_ITEM(args, i, arg);
    }
    PyObject *id = PyLong_FromUnsignedLongLong(note->id), *tid = PyLong_FromLong((long)note->pid);
    PyObject *nr = PyLong_FromLong(note->data.nr);
    if (all == NULL || args == NULL || id == NULL || tid == NULL || nr == NULL) {
        Py_XDECREF(all), Py_XDECREF(args), Py_XDECREF(id), Py_XDECREF(tid), Py_XDECREF(nr);
        return NULL;
    }
    PyTuple_SET_ITEM(all, 0, id), PyTuple_SET_ITEM(all, 1, tid);
    PyTuple_SET_ITEM(all, 2, nr), PyTuple_SET_ITEM(all, 3, args);
    return all;
}

static PyObject *exchange(struct listener *self, PyObject *const *args, Py_ssize_t count)
{
    struct seccomp_notif_resp response = {0};
    struct seccomp_notif note;
    int error = 0, found;
    if (count != 4) {
        PyErr_SetString(PyExc_TypeError, "exchange() takes id, value, error, flags");
        return NULL;
    }
    response.id = PyLong_AsUnsignedLongLong(args[0]);
    response.val = PyLong_AsLongLong(args[1]);
    response.error = (int)PyLong_AsLong(args[2]);
    response.flags = (unsigned int)PyLong_AsLong(args[3]);
    if (PyErr_Occurred())
        return NULL;
    Py_BEGIN_ALLOW_THREADS
    if (response.id != 0)
        error = answer(self, &response);
    found = error == 0 && receive(self, &note);
    Py_END_ALLOW_THREADS
    if (error) {
        errno = error;
        return PyErr_SetFromErrno(PyExc_OSError);
    }
    if (!found)
        Py_RETURN_NONE;
    return describe(self, &note);
}

static PyObject *close_listener(struct listener *self, PyObject *ignored)
{
    (void)ignored;
    if (self->fd >= 0)
        close(self->fd);
    self->fd = -1;
    Py_RETURN_NONE;
}

int listener_waits(struct listener *self, unsigned long long id)
{
    __u64 valid = id;
    return ioctl(self->fd, SECCOMP_IOCTL_NOTIF_ID_VALID, &valid) == 0;
}

static PyObject *is_valid(struct listener *self, PyObject *arg)
{
    unsigned long long id = PyLong_AsUnsignedLongLong(arg);
    if (PyErr_Occurred())
        return NULL;
    return PyBool_FromLong(listener_waits(self, id));
}

static PyObject *add_fd(struct listener *self, PyObject *args)
{
    struct seccomp_notif_addfd request = {0};
    if (!PyArg_ParseTuple(args, "KII:add_fd", &request.id, &request.srcfd, &request.newfd_flags))
        return NULL;
    int number = ioctl(self->fd, SECCOMP_IOCTL_NOTIF_ADDFD, &request);
    return number < 0 ? PyErr_SetFromErrno(PyExc_OSError) : PyLong_FromLong(number);
}

/* -- the type ----------------------------------------------------------------------------------- */

static PyObject *listener_new(PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
    int fd, poll_first;
    PyObject *counts;
    if (kwargs != NULL || !PyArg_ParseTuple(args, "ipS:Listener", &fd, &poll_first, &counts))
        return NULL;
    struct listener *self = (struct listener *)type->tp_alloc(type, 0);
    if (self == NULL)
        return NULL;
    self->fd = fd;
    self->poll_first = poll_first;
    self->counts = Py_NewRef(counts);
    pthread_condattr_t clock;
    pthread_mutex_init(&self->lock, NULL);
    pthread_condattr_init(&clock);
    pthread_condattr_setclock(&clock, CLOCK_MONOTONIC);
    pthread_cond_init(&self->changed, &clock);
    pthread_condattr_destroy(&clock);
    /* The guest goes on where the answer was written: 5 microseconds a call instead of 40. Linux 6.6;
     * before it, calls are slower, and that is all. */
    ioctl(fd, SECCOMP_IOCTL_NOTIF_SET_FLAGS, SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP);
    return (PyObject *)self;
}

static void listener_dealloc(struct listener *self)
{
    PyTypeObject *type = Py_TYPE(self);
    if (self->fd >= 0)
        close(self->fd);
    Py_DECREF(self->counts);
    pthread_mutex_destroy(&self->lock);
    pthread_cond_destroy(&self->changed);
    type->tp_free(self);
    Py_DECREF(type);
}

static PyMethodDef methods[] = {
    {"exchange", (PyCFunction)(void (*)(void))exchange, METH_FASTCALL, NULL},
    {"give_up", (PyCFunction)give_up, METH_NOARGS, NULL},
    {"close", (PyCFunction)close_listener, METH_NOARGS, NULL},
    {"is_valid", (PyCFunction)is_valid, METH_O, NULL},
    {"add_fd", (PyCFunction)add_fd, METH_VARARGS, NULL},
    {"read", (PyCFunction)read_memory, METH_VARARGS, NULL},
    {"read_string", (PyCFunction)read_string, METH_VARARGS, NULL},
    {"write", (PyCFunction)write_memory, METH_VARARGS, NULL},
    {NULL, NULL, 0, NULL},
};

static PyMemberDef members[] = {
    {"fd", T_INT, offsetof(struct listener, fd), READONLY, NULL},
    {"followers", T_INT, offsetof(struct listener, followers), READONLY, NULL},
    {NULL, 0, 0, 0, NULL},
};

static PyType_Slot slots[] = {
    {Py_tp_new, listener_new},
    {Py_tp_dealloc, listener_dealloc},
    {Py_tp_methods, methods},
    {Py_tp_members, members},
    {0, NULL},
};

PyType_Spec listener_spec = {
    .name = "pykcov.guest._host.Listener",
    .basicsize = sizeof(struct listener),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_IMMUTABLETYPE,
    .slots = slots,
};
