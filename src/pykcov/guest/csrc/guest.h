/* The host's side of guests: what Python has no call for.
 *
 *   supervisor (Python) ── socket ── watchdog (watchdog.c) ── parent of ── the guest (launch.c)
 *        └── listener (listener.c) ── notifications of ── every process with the guest's filter
 */
#ifndef PYKCOV_GUEST_H
#define PYKCOV_GUEST_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <linux/filter.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/types.h>

/* How far the guest has come. A step that fails leaves its name here, and `error` says why. */
enum stage { STARTING, LISTENING, NO_FORK, NO_FILTER, NO_EXEC };

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

pid_t raw_fork(void);

extern PyObject *guest_launch(PyObject *module, PyObject *args);
extern PyType_Spec listener_spec;

#endif
