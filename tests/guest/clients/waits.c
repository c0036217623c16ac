/* A call that waits in the kernel: with SA_RESTART it goes on after the handler, without it ends. */
#include "client.h"
#include <sys/time.h>

static volatile sig_atomic_t ticks;

static void tick(int number)
{
    (void)number;
    ticks++;
}

static void *pausing(void *arg)
{
    *(long *)arg = syscall(SYS_pause);
    return NULL;
}

static void *working(void *arg)
{
    for (int i = 0; i < 200; i++)
        *(long *)arg += work(1) != 1;
    return NULL;
}

int main(void)
{
    struct sigaction action = {.sa_handler = tick};
    struct itimerval soon = {{0, 0}, {0, 10000}};
    sigaction(SIGALRM, &action, NULL);
    setitimer(ITIMER_REAL, &soon, NULL);
    result("pause", syscall(SYS_pause));
    fact("ticks", ticks);
    action.sa_flags = SA_RESTART;
    sigaction(SIGALRM, &action, NULL);
    pid_t pid = fork();
    if (pid == 0) {
        soon.it_interval.tv_usec = 2000;
        setitimer(ITIMER_REAL, &soon, NULL);
        syscall(SYS_pause); /* restarted for ever */
        _exit(1);
    }
    usleep(60000);
    fact("restarts", waitpid(pid, NULL, WNOHANG) == 0);
    kill(pid, SIGKILL);
    fact("killed", wait_for(pid));
    /* Others are served while many wait: more of them than the supervisor keeps threads. */
    pthread_t threads[12], worker;
    long said[12], wrong = 0;
    pid = fork();
    if (pid == 0) {
        for (int i = 0; i < 12; i++)
            pthread_create(&threads[i], NULL, pausing, &said[i]);
        usleep(20000);
        pthread_create(&worker, NULL, working, &wrong);
        pthread_join(worker, NULL);
        fact("wrong while others wait", wrong);
        _exit(0);
    }
    fact("ended", wait_for(pid));
    return 0;
}
