/* The host's side of guests, as far as Python has no functions for it.
 *
 *   supervisor (Python) ── socket ── watchdog (watchdog.c) ── parent of ── the guest (launch.c)
 *        └── listener (listener.c) ── notifications of ── every process with the guest's filter
 *                                     and their memory (memory.c)
 */
#ifndef PYKCOV_GUEST_H
#define PYKCOV_GUEST_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <linux/filter.h>
#include <pthread.h>
#include <signal.h>
#include "stage.h"

#include <stdatomic.h>
#include <sys/types.h>

/* At the start of a page that supervisor, watchdog and guest share until the guest's first execve.
 * launch.py reads it. */
struct handshake {
    _Atomic int stage;
    int error;     /* errno of the step that failed */
    int listener;  /* the listener's number in the guest */
    pid_t guest;
};

struct program {
    const char *path;
    char *const *argv;
    char *const *envp;
    struct sock_fprog filter;
    unsigned int filter_flags;
    sigset_t mask;  /* of signals that the guest starts with blocked */
};

/* Be the parent of the guest and of all that it leaves behind; end them when the supervisor ends.
 * Never returns. Makes system calls only: it is a fork of a process with threads. */
_Noreturn void watchdog_run(struct handshake *shared, const struct program *program, int supervisor);

/* Put the filter on and execute the program. Never returns. */
_Noreturn void guest_run(struct handshake *shared, const struct program *program);

/* A step has failed with errno; the supervisor reads which. Never returns. */
_Noreturn void give_up_launch(struct handshake *shared, enum stage step);

pid_t raw_fork(void);

extern PyObject *guest_launch(PyObject *module, PyObject *args);
struct listener {
    PyObject_HEAD
    int fd;
    int poll_first;
    PyObject *counts;          /* Owned. Bytes: how many arguments the call of that number takes */
    pthread_mutex_t lock;      /* guards what follows */
    pthread_cond_t changed;
    unsigned long leader;      /* a thread, 0: nobody leads */
    unsigned long long taken;  /* notifications received by whoever led */
    int receiving;             /* the leader waits for a notification */
    int followers;
    int over;                  /* nobody is left who could notify */
};

/* Take the lead, now or when it is due; 0: the calling thread is not needed any more. */
int lead(struct listener *self, unsigned long own);
/* The leader has received; over: that nobody is left who could notify. */
void received(struct listener *self, int over);
PyObject *give_up(struct listener *self, PyObject *ignored);

/* The call still waits: so memory read was its own, and not of a process that got its number. */
int listener_waits(struct listener *self, unsigned long long id);

PyObject *read_memory(struct listener *self, PyObject *args);
PyObject *read_string(struct listener *self, PyObject *args);
PyObject *write_memory(struct listener *self, PyObject *args);

extern PyType_Spec listener_spec;

#endif
