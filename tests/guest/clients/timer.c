/* A timer of 1 ms with SA_RESTART: each call is answered once, and its trace is whole. */
#include "client.h"
#include <sys/time.h>

static volatile sig_atomic_t ticks;

static void tick(int number)
{
    (void)number;
    ticks++;
}

int main(int argc, char **argv)
{
    int wanted = argc > 1 ? atoi(argv[1]) : 50;
    area_t area;
    int fd = new_kcov(WORDS, &area);
    must(enable(fd) == 0, "ENABLE");
    struct sigaction action = {.sa_handler = tick, .sa_flags = SA_RESTART};
    struct itimerval each = {{0, 1000}, {0, 1000}}, none = {{0, 0}, {0, 0}};
    sigaction(SIGALRM, &action, NULL);
    long calls = 0, failed = 0, differ = 0, slow = 0;
    setitimer(ITIMER_REAL, &each, NULL);
    while (ticks < wanted) {
        area[0] = 0;
        failed += syscall(SYS_getppid) != 1;
        calls++;
        differ += area[0] != 1;
        if (calls % 500 == 0) { /* takes 2 ms: a signal comes in the middle of it */
            failed += syscall(SYS_getitimer, 2) != 0;
            slow++;
        }
    }
    setitimer(ITIMER_REAL, &none, NULL);
    fact("failed", failed);
    fact("differ", differ);
    fact("answered too often", syscall(SYS_getpgrp) - calls - slow);
    fact("slow enough", slow > 0);
    return 0;
}
