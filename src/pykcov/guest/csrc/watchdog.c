/* The watchdog: the guest's parent, and the reaper of its orphaned processes.
 *
 * When the supervisor dies, nobody answers the guest's system calls any more, and everything the guest
 * started must end. PR_SET_PDEATHSIG lets a process die with its parent, but fork clears it in children.
 * So there is a process in between, a child subreaper, that all of them are or become children of. It
 * ends them when a socket is closed that the supervisor holds, and that happens however the supervisor
 * ends. The only case left is a SIGKILL for the watchdog alone; then the supervisor ends.
 *
 * It is a fork of a process that may have threads, and Python doesn't know its thread. So nothing here
 * may take a lock or allocate memory; it only makes system calls.
 */
#define _GNU_SOURCE
#include "guest.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <poll.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

pid_t raw_fork(void)
{
    return (pid_t)syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
}

/* The parent of process `name` of /proc, or -1. */
static pid_t parent_of(int proc, const char *name)
{
    char path[32], text[512];
    size_t length = strlen(name);
    if (length + sizeof "/stat" > sizeof path)
        return -1;
    memcpy(path, name, length);
    memcpy(path + length, "/stat", sizeof "/stat");
    int fd = openat(proc, path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return -1;
    ssize_t size = read(fd, text, sizeof text - 1);
    close(fd);
    if (size <= 0)
        return -1;
    text[size] = 0;
    const char *end = strrchr(text, ')');  /* "PID (NAME) STATE PPID": a name may hold anything */
    if (end == NULL || end + 4 >= text + size)
        return -1;
    pid_t parent = 0;
    for (const char *digit = end + 4; *digit >= '0' && *digit <= '9'; digit++)
        parent = parent * 10 + (*digit - '0');
    return parent;
}

static pid_t number_of(const char *name)
{
    pid_t pid = 0;
    for (; *name >= '0' && *name <= '9'; name++)
        pid = pid * 10 + (*name - '0');
    return *name == 0 ? pid : 0;
}

struct entry {  /* struct linux_dirent64 */
    unsigned long long inode, offset;
    unsigned short length;
    unsigned char type;
    char name[];
};

/* Kill each child there is. Their own children become ours when they die. */
static void kill_children(void)
{
    _Alignas(8) char buffer[8192];
    pid_t own = getpid();
    int proc = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (proc < 0)
        return;
    long size;
    while ((size = syscall(SYS_getdents64, proc, buffer, sizeof buffer)) > 0)
        for (long at = 0; at < size;) {
            struct entry *entry = (struct entry *)(buffer + at);
            pid_t pid = number_of(entry->name);
            if (pid > 0 && parent_of(proc, entry->name) == own)
                kill(pid, SIGKILL);
            at += entry->length;
        }
    close(proc);
}

static _Noreturn void end_all(pid_t guest)
{
    if (guest > 0)
        kill(guest, SIGKILL);  /* also where /proc can't be read */
    do
        kill_children();
    while (waitpid(-1, NULL, __WALL) > 0 || errno == EINTR);
    _exit(0);
}

/* Wait for what has ended; tell of the guest's end, and set *guest to 0. Does not return when nobody
 * is left. */
static void reap(pid_t *guest, int supervisor)
{
    for (;;) {
        int status;
        pid_t pid = waitpid(-1, &status, WNOHANG | __WALL);
        if (pid > 0 && pid == *guest) {
            *guest = 0;
            send(supervisor, &status, sizeof status, MSG_NOSIGNAL);
        }
        if (pid == 0)
            return;
        if (pid < 0 && errno == ECHILD)
            _exit(0);
    }
}

/* Keep no descriptor but one: a pipe that the guest writes into must close when the guest ends. */
static void close_all_but(int keep)
{
    if (keep > 0)
        syscall(SYS_close_range, 0, keep - 1, 0);
    syscall(SYS_close_range, keep + 1, ~0U, 0);
}

static int signals_of_children(void)
{
    sigset_t child;
    sigemptyset(&child);
    sigaddset(&child, SIGCHLD);
    return signalfd(-1, &child, SFD_CLOEXEC | SFD_NONBLOCK);
}

/* Make each call that is needed later, in a way that changes nothing; STARTING when none is refused. */
static enum stage refused_call(int supervisor)
{
    int signals = signals_of_children();
    if (signals < 0)
        return NO_SIGNALFD;
    close(signals);
    struct pollfd ready = {supervisor, POLLIN, 0};
    if (poll(&ready, 1, 0) < 0)
        return NO_POLL;
    if (syscall(SYS_close_range, ~0U, ~0U, 0) < 0)
        return NO_CLOSE;
    if (kill(getpid(), 0) < 0)
        return NO_KILL;
    if (waitpid(-1, NULL, WNOHANG | __WALL) < 0 && errno != ECHILD)
        return NO_WAIT;
    if (send(supervisor, "", 1, MSG_NOSIGNAL) < 0)
        return NO_SEND;
    return STARTING;
}

_Noreturn void watchdog_run(struct handshake *shared, const struct program *program, int supervisor)
{
    sigset_t all;
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, NULL);
    prctl(PR_SET_NAME, "pykcov-watchdog");
    if (prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) < 0)
        give_up_launch(shared, NO_SUBREAPER);
    enum stage refused = refused_call(supervisor);
    if (refused != STARTING)
        give_up_launch(shared, refused);
    pid_t guest = raw_fork();
    if (guest == 0) {
        close(supervisor);
        guest_run(shared, program);
    }
    if (guest < 0)
        give_up_launch(shared, NO_FORK);
    close_all_but(supervisor);
    struct pollfd ready[2] = {{supervisor, POLLIN, 0}, {signals_of_children(), POLLIN, 0}};
    for (;;) {
        reap(&guest, supervisor);
        if (poll(ready, 2, -1) < 0 && errno != EINTR)
            end_all(guest);
        struct signalfd_siginfo seen;
        while (read(ready[1].fd, &seen, sizeof seen) > 0)
            ;
        if (ready[0].revents)
            end_all(guest);
    }
}
