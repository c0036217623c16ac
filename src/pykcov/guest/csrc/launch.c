/* Launching: the guest puts a filter on itself, and its listener comes to the supervisor.
 *
 * The listener is a descriptor of the guest's. It can't send it anywhere: with the filter on, a
 * system call may wait for an answer that nobody can give yet. So it says its number in shared memory
 * and goes on to execve, which the filter traps: it waits there until the supervisor, which fetches
 * the listener with pidfd_getfd(2), answers.
 */
#define _GNU_SOURCE
#include "guest.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static int put_filter(const struct program *program)
{
    return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, program->filter_flags,
                        &program->filter);
}

_Noreturn void guest_run(struct handshake *shared, const struct program *program)
{
    /* What Python ignores, a program it starts does not. */
    signal(SIGPIPE, SIG_DFL);
    signal(SIGXFSZ, SIG_DFL);
    shared->guest = getpid();
    shared->listener = put_filter(program);
    if (shared->listener < 0 && errno == EACCES) {
        /* Without CAP_SYS_ADMIN: who filters may gain no privileges by execve. */
        prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
        shared->listener = put_filter(program);
    }
    if (shared->listener < 0) {
        shared->error = errno;
        shared->stage = NO_FILTER;
        _exit(127);
    }
    shared->stage = LISTENING;
    syscall(SYS_rt_sigprocmask, SIG_SETMASK, &program->mask, NULL, _NSIG / 8);
    execve(program->path, program->argv, program->envp);
    shared->error = errno;
    shared->stage = NO_EXEC;
    _exit(127);
}

/* Fetch the listener; returns its number here, or -1 with errno. */
static int fetch_listener(struct handshake *shared, pid_t watchdog)
{
    const struct timespec pause = {0, 50 * 1000};
    while (shared->stage == STARTING) {
        siginfo_t dead = {0};
        if (waitid(P_PID, (id_t)watchdog, &dead, WEXITED | WNOHANG | WNOWAIT) < 0 || dead.si_pid)
            break;
        nanosleep(&pause, NULL);
    }
    if (shared->stage != LISTENING) {
        errno = shared->error ? shared->error : ECHILD;
        return -1;
    }
    int pidfd = (int)syscall(SYS_pidfd_open, shared->guest, 0);
    if (pidfd < 0)
        return -1;
    int listener = (int)syscall(SYS_pidfd_getfd, pidfd, shared->listener, 0);
    int error = errno;
    close(pidfd);
    errno = error;
    return listener;
}

/* A NULL-ended array of the bytes objects of a tuple, which it borrows from. */
static char **strings(PyObject *tuple)
{
    Py_ssize_t size = PyTuple_GET_SIZE(tuple);
    char **array = PyMem_Calloc((size_t)size + 1, sizeof *array);
    if (array == NULL)
        return (char **)PyErr_NoMemory();
    for (Py_ssize_t i = 0; i < size; i++)
        if ((array[i] = PyBytes_AsString(PyTuple_GET_ITEM(tuple, i))) == NULL) {
            PyMem_Free(array);
            return NULL;
        }
    return array;
}

static const char *const failed_step[] = {
    [STARTING] = "the watchdog", [LISTENING] = "pidfd_getfd", [NO_FORK] = "fork",
    [NO_FILTER] = "seccomp", [NO_EXEC] = "execve"};

static PyObject *start(struct program *program, struct handshake *shared)
{
    int pair[2] = {-1, -1}, listener = -1;
    pid_t watchdog = -1;
    const char *step = "socketpair";
    Py_BEGIN_ALLOW_THREADS
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) == 0) {
        watchdog = raw_fork();
        if (watchdog == 0)
            watchdog_run(shared, program, pair[1]);
        close(pair[1]);
        step = failed_step[NO_FORK];
        if (watchdog > 0) {
            listener = fetch_listener(shared, watchdog);
            step = failed_step[shared->stage];
        }
    }
    Py_END_ALLOW_THREADS
    if (listener >= 0)
        return Py_BuildValue("iiii", watchdog, shared->guest, listener, pair[0]);
    int error = errno;
    if (pair[0] >= 0)
        close(pair[0]);
    if (watchdog > 0)
        waitpid(watchdog, NULL, 0);  /* the socket's end is its end */
    errno = error;
    return PyErr_SetFromErrnoWithFilename(PyExc_OSError, step);
}

PyObject *guest_launch(PyObject *module, PyObject *args)
{
    (void)module;
    PyObject *argv, *envp, *mask, *result = NULL;
    struct program program = {0};
    Py_buffer filter, page;
    if (!PyArg_ParseTuple(args, "yO!O!y*IOw*:launch", &program.path, &PyTuple_Type, &argv,
                          &PyTuple_Type, &envp, &filter, &program.filter_flags, &mask, &page))
        return NULL;
    program.filter.len = (unsigned short)(filter.len / (Py_ssize_t)sizeof(struct sock_filter));
    program.filter.filter = filter.buf;
    unsigned long long blocked = PyLong_AsUnsignedLongLong(mask);
    sigemptyset(&program.mask);
    for (int number = 1; number < _NSIG; number++)
        if (blocked >> (number - 1) & 1)
            sigaddset(&program.mask, number);
    if (page.len < (Py_ssize_t)sizeof(struct handshake))
        PyErr_SetString(PyExc_ValueError, "the page is too small");
    if (!PyErr_Occurred() && (program.argv = strings(argv)) != NULL
        && (program.envp = strings(envp)) != NULL)
        result = start(&program, page.buf);
    PyMem_Free((void *)program.argv);
    PyMem_Free((void *)program.envp);
    PyBuffer_Release(&filter);
    PyBuffer_Release(&page);
    return result;
}
