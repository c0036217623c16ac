/* Removes a device's socket file when its process ends, even if Python's atexit functions don't run:
 *   - SIGTERM or SIGHUP arrives, and the program has no handler for it. Our handler removes the file, and
 *     lets the process die from the same signal at once; it runs no Python;
 *   - a C program that embeds Python calls exit() without finalizing it, as uWSGI's master does.
 * Python keeps its own record of handlers, so signal.getsignal() still returns SIG_DFL; exec and fork work
 * as before. SIGKILL, _exit() and exec leave the file; the next process to notice it removes it
 * (service/addresses.py).
 */
#include "pykcov.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/un.h>
#include <unistd.h>

static char path[sizeof(((struct sockaddr_un *)0)->sun_path)];
static volatile pid_t owner; /* who is to remove `path`; 0: nobody */

static void remove_file(void)
{
    if (owner != 0 && owner == getpid())
        unlink(path);
    owner = 0;
}

static void on_signal(int signum)
{
    remove_file();
    raise(signum); /* the action is the default one by now (SA_RESETHAND), and nothing blocks it */
}

/* Take a signal that would end this process. The first process of a PID namespace ignores what it has
 * no handler for, and must go on to. */
void leaving_take(int signum)
{
    struct sigaction action;
    if ((signum != SIGTERM && signum != SIGHUP) || owner == 0 || owner != getpid() || owner == 1
        || sigaction(signum, NULL, &action) != 0 || (action.sa_flags & SA_SIGINFO) != 0
        || action.sa_handler != SIG_DFL)
        return;
    action.sa_handler = on_signal;
    action.sa_flags = SA_RESETHAND | SA_NODEFER | SA_ONSTACK;
    sigemptyset(&action.sa_mask);
    sigaction(signum, &action, NULL);
}

static void give_back(int signum)
{
    struct sigaction action;
    if (sigaction(signum, NULL, &action) == 0 && (action.sa_flags & SA_SIGINFO) == 0
        && action.sa_handler == on_signal)
        signal(signum, SIG_DFL);
}

/* remove_at_end(path or None) */
PyObject *leaving_remove_at_end(PyObject *module, PyObject *arg)
{
    (void)module;
    static int registered;
    owner = 0;
    if (arg == Py_None) {
        give_back(SIGTERM);
        give_back(SIGHUP);
        Py_RETURN_NONE;
    }
    char *text;
    Py_ssize_t size;
    if (PyBytes_AsStringAndSize(arg, &text, &size) < 0)
        return NULL;
    if ((size_t)size >= sizeof path)
        return PyErr_Format(PyExc_ValueError, "a socket's path has at most %zu bytes", sizeof path - 1);
    memcpy(path, text, (size_t)size + 1);
    if (!registered && atexit(remove_file) != 0)
        return PyErr_NoMemory();
    registered = 1;
    owner = getpid();
    leaving_take(SIGTERM);
    leaving_take(SIGHUP);
    Py_RETURN_NONE;
}
