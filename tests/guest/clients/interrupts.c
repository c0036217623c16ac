/* What a signal does to a read from a pipe and to a sleep: prints one line for each. */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static volatile sig_atomic_t handled;

static void handler(int number)
{
    (void)number;
    handled++;
}

static void alarm_in(int milliseconds, int flags)
{
    struct sigaction action = {.sa_handler = handler, .sa_flags = flags};
    struct itimerval timer = {.it_value.tv_usec = milliseconds * 1000};
    sigaction(SIGALRM, &action, NULL);
    setitimer(ITIMER_REAL, &timer, NULL);
    handled = 0;
}

static void say(const char *what, long result)
{
    int error = errno;
    printf("%s: %ld %s, %d handled\n", what, result, result < 0 ? strerror(error) : "-", handled);
    fflush(stdout);
}

static void *write_later(void *arg)
{
    usleep(150 * 1000);
    if (write(*(int *)arg, "late", 4) != 4)
        perror("write");
    return NULL;
}

int main(void)
{
    int ends[2];
    char text[8];
    struct timespec wanted = {.tv_nsec = 300 * 1000 * 1000}, left = {0};

    if (pipe(ends))
        return 1;
    alarm_in(50, 0);
    say("read, no SA_RESTART", read(ends[0], text, sizeof text));

    if (fork() == 0)
        return write_later(&ends[1]) != NULL;
    alarm_in(50, SA_RESTART);
    say("read, SA_RESTART", read(ends[0], text, sizeof text));
    wait(NULL);

    alarm_in(50, 0);
    say("sleep, no SA_RESTART", nanosleep(&wanted, &left));
    printf("time is left: %d\n", left.tv_nsec > 100 * 1000 * 1000 && left.tv_nsec < 290 * 1000 * 1000);
    alarm_in(50, SA_RESTART);
    say("sleep, SA_RESTART", nanosleep(&wanted, NULL));
    say("sleep", nanosleep(&(struct timespec){.tv_nsec = 1000}, NULL));
    say("sleep for too many nanoseconds", nanosleep(&(struct timespec){.tv_nsec = 2000000000}, NULL));

    signal(SIGPIPE, SIG_IGN);
    close(ends[0]);
    say("write without readers", write(ends[1], "x", 1));
    signal(SIGPIPE, handler);
    handled = 0;
    say("write without readers, SIGPIPE", write(ends[1], "x", 1));
    return 0;
}
