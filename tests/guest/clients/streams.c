/* Streams, exit codes, signals. argv[1] says which. */
#include "client.h"

static volatile sig_atomic_t got[65];

static void note(int number)
{
    got[number]++;
}

int main(int argc, char **argv)
{
    const char *what = argc > 1 ? argv[1] : "";
    if (strcmp(what, "copy") == 0) {
        char buffer[4096];
        ssize_t size;
        while ((size = read(0, buffer, sizeof buffer)) > 0)
            must(write(1, buffer, (size_t)size) == size, "write");
        dprintf(2, "on stderr\n");
        return 3;
    }
    if (strcmp(what, "code") == 0)
        return atoi(argv[2]);
    if (strcmp(what, "die") == 0) {
        kill(getpid(), atoi(argv[2]));
        pause();
    }
    if (strcmp(what, "signals") == 0) { /* those told of; ends at the last, SIGUSR2 */
        for (int number = 1; number <= SIGTERM; number++)
            signal(number, note);
        sigset_t blocked, before;
        sigfillset(&blocked);
        sigprocmask(SIG_BLOCK, &blocked, &before);
        dprintf(1, "ready %d\n", getpid());
        while (!got[SIGUSR2])
            sigsuspend(&before);
        for (int number = 1; number <= SIGTERM; number++)
            if (got[number])
                dprintf(1, "signal%d %d\n", number, got[number]);
        return 5;
    }
    if (strcmp(what, "mask") == 0) {
        sigset_t blocked;
        int many = 0, ignored = 0;
        sigprocmask(SIG_BLOCK, NULL, &blocked);
        for (int number = 1; number < 32; number++) {
            struct sigaction action;
            many += sigismember(&blocked, number) == 1;
            ignored += sigaction(number, NULL, &action) == 0 && action.sa_handler != SIG_DFL;
        }
        fact("blocked", many);
        fact("not default", ignored);
        int open_fds = 0;
        for (int fd = 3; fd < 1024; fd++)
            open_fds += fcntl(fd, F_GETFD) != -1;
        fact("descriptors", open_fds);
        return 0;
    }
    if (strcmp(what, "daemon") == 0) { /* forks twice, and the daemon writes its number */
        if (fork() == 0) {
            if (fork() == 0) {
                setsid();
                dprintf(1, "daemon %d\n", getpid());
                long seconds = argc > 2 ? atol(argv[2]) : 60;
                for (long turn = 0; turn < 100 * seconds; turn++)
                    usleep(10000), syscall(SYS_getppid);
                dprintf(1, "daemon's end\n");
            }
            _exit(0);
        }
        wait(NULL);
        dprintf(1, "guest %d\n", getpid());
        if (argc > 2)
            return 7;
        for (;;)
            syscall(SYS_getppid);
    }
    return 97;
}
