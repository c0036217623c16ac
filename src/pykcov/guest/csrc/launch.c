/* Launching: the guest installs a filter on itself, and the supervisor gets the filter's listener.
 *
 * The listener is a descriptor in the guest. The guest can't send it: with the filter installed, a system
 * call may wait for an answer that nobody can give yet. So the guest stores the number in shared memory
 * and continues to execve, which the filter traps. There it waits until the supervisor, which fetches the
 * listener with pidfd_getfd(2), answers.
 *
 * Containers and ptrace_scope refuse some of the calls that this needs. Each is tried here, before the
 * program runs: if one were refused later, the guest would wait forever.
 */
#define _GNU_SOURCE
#include "guest.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/uio.h>
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
        if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
            give_up_launch(shared, NO_PRIVILEGES);
        shared->listener = put_filter(program);
    }
    if (shared->listener < 0)
        give_up_launch(shared, NO_FILTER);
    shared->stage = LISTENING;
    syscall(SYS_rt_sigprocmask, SIG_SETMASK, &program->mask, NULL, _NSIG / 8);
    execve(program->path, program->argv, program->envp);
    give_up_launch(shared, NO_EXEC);
}

_Noreturn void give_up_launch(struct handshake *shared, enum stage step)
{
    shared->error = errno;
    shared->stage = step;
    _exit(127);
}

static const char *const failed_step[] = {
    [STARTING] = "watchdog", [NO_FORK] = "fork", [NO_FILTER] = "seccomp", [NO_EXEC] = "execve",
    [NO_PRIVILEGES] = "prctl(PR_SET_NO_NEW_PRIVS)", [NO_SUBREAPER] = "prctl(PR_SET_CHILD_SUBREAPER)",
    [NO_SIGNALFD] = "signalfd", [NO_CLOSE] = "close_range", [NO_POLL] = "poll", [NO_KILL] = "kill",
    [NO_WAIT] = "wait4", [NO_SEND] = "sendto"};

/* Wait until the guest has its filter. Returns NULL, or the step that failed, with errno. */
static const char *await_filter(struct handshake *shared, pid_t watchdog)
{
    const struct timespec pause = {0, 50 * 1000};
    while (shared->stage == STARTING) {
        siginfo_t dead = {0};
        if (waitid(P_PID, (id_t)watchdog, &dead, WEXITED | WNOHANG | WNOWAIT) < 0)
            return "waitid";
        if (dead.si_pid && shared->stage == STARTING) {
            errno = ECHILD;
            return failed_step[STARTING];
        }
        nanosleep(&pause, NULL);
    }
    errno = shared->error;
    return shared->stage == LISTENING ? NULL : failed_step[shared->stage];
}

/* Look into the guest as reads and writes of its memory will: at the page that it shares, which is
 * at the same address there. Returns NULL, or the call that was refused, with errno. */
static const char *try_memory(struct handshake *shared)
{
    int seen = shared->listener;
    struct iovec here = {&seen, sizeof seen}, there = {&shared->listener, sizeof seen};
    if (process_vm_readv(shared->guest, &here, 1, &there, 1, 0) < 0)
        return "process_vm_readv";
    if (process_vm_writev(shared->guest, &here, 1, &there, 1, 0) < 0)
        return "process_vm_writev";
    return NULL;
}

/* Fetch the listener. Returns NULL, or the step that failed, with errno. */
static const char *fetch_listener(struct handshake *shared, int end, int *listener)
{
    char hello;
    if (recv(end, &hello, 1, 0) != 1)
        return "recvfrom";  /* the guest's end will be told this way */
    int pidfd = (int)syscall(SYS_pidfd_open, shared->guest, 0);
    if (pidfd < 0)
        return "pidfd_open";
    *listener = (int)syscall(SYS_pidfd_getfd, pidfd, shared->listener, 0);
    int error = errno;
    close(pidfd);
    errno = error;
    if (*listener < 0)
        return "pidfd_getfd";
    __u64 no_call = 0;
    if (ioctl(*listener, SECCOMP_IOCTL_NOTIF_ID_VALID, &no_call) < 0 && errno != ENOENT)
        return "ioctl(SECCOMP_IOCTL_NOTIF_ID_VALID)";
    return try_memory(shared);
}

/* Have the watchdog, which ends when `end` is closed, and the guest be gone. */
static void end_launch(struct handshake *shared, pid_t watchdog, int end)
{
    int status = 0;
    close(end);
    waitpid(watchdog, &status, 0);
    if (WIFSIGNALED(status) && shared->guest > 0)
        kill(shared->guest, SIGKILL);  /* it was killed, and left the guest behind */
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

static PyObject *start(struct program *program, struct handshake *shared)
{
    int pair[2] = {-1, -1}, listener = -1;
    pid_t watchdog = -1;
    const char *step = "socketpair";
    Py_BEGIN_ALLOW_THREADS
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) == 0) {
        watchdog = raw_fork();
        if (watchdog == 0) {
            close(pair[0]);  /* or it, and the guest, would never see that end closed */
            watchdog_run(shared, program, pair[1]);
        }
        int error = errno;
        close(pair[1]);
        errno = error;
        step = failed_step[NO_FORK];
        if (watchdog > 0 && (step = await_filter(shared, watchdog)) == NULL)
            step = fetch_listener(shared, pair[0], &listener);
    }
    int error = errno;
    if (step != NULL && listener >= 0)
        close(listener);
    if (step != NULL && watchdog > 0)
        end_launch(shared, watchdog, pair[0]);
    else if (step != NULL && pair[0] >= 0)
        close(pair[0]);
    errno = error;
    Py_END_ALLOW_THREADS
    if (step == NULL)
        return Py_BuildValue("iiii", watchdog, shared->guest, listener, pair[0]);
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
