/* execrace ROUNDS: two threads, each with a kcov of its own, call execve at once. The one that succeeds
 * records on; the other's area gets nothing. In every other round the second thread's execve fails, over
 * and over. Prints how often it was not so. */
#include "client.h"

static int fds[2], fails;
static pthread_barrier_t barrier;
static char itself[256];

static void *racer(void *which)
{
    long own = (long)which;
    char number[4], first[12], second[12];
    must(ioctl(fds[own], ENABLE, 0) == 0, "enable");
    snprintf(number, sizeof number, "%ld", own);
    snprintf(first, sizeof first, "%d", fds[0]);
    snprintf(second, sizeof second, "%d", fds[1]);
    char *words[] = {itself, number, first, second, NULL};
    pthread_barrier_wait(&barrier);
    while (own == 1 && fails)
        execv("/nowhere", words);
    execv(itself, words);
    return NULL;
}

static void race(void)
{
    for (int i = 0; i < 2; i++) {
        fds[i] = open(DEVICE, O_RDWR);
        must(ioctl(fds[i], INIT_TRACE, WORDS) == 0, "init");
    }
    pthread_t ids[2];
    pthread_barrier_init(&barrier, NULL, 2);
    for (long i = 0; i < 2; i++)
        pthread_create(&ids[i], NULL, racer, (void *)i);
    for (;;)
        sleep(1000); /* the host's: no call of this thread is looked at */
}

/* The new image of who was number `winner`. */
static int check(int winner, char **numbers)
{
    area_t areas[2];
    for (int i = 0; i < 2; i++) {
        areas[i] = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, atoi(numbers[i]), 0);
        must(areas[i] != MAP_FAILED, "mmap");
        areas[i][0] = 0;
    }
    for (int i = 0; i < 3; i++)
        syscall(SYS_getpid);
    return areas[winner][0] > 0 && areas[!winner][0] == 0 ? 0 : 1;
}

int main(int argc, char **argv)
{
    if (argc == 4)
        return check(atoi(argv[1]), argv + 2);
    long rounds = atol(argv[1]), wrong = 0;
    must(readlink("/proc/self/exe", itself, sizeof itself - 1) > 0, "readlink");
    for (long i = 0; i < rounds; i++) {
        fails = (int)(i % 2);
        pid_t pid = fork();
        if (pid == 0)
            race();
        int status;
        waitpid(pid, &status, 0);
        wrong += status != 0;
    }
    fact("wrong", wrong);
    return 0;
}
