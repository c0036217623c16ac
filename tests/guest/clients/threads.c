/* Seventeen areas of 2 MiB, each with a thread of its own, all at once; and hand-over of one. */
#include "client.h"

#define THREADS 17
#define TURNS 150
#define AREA (2UL << 17) /* words: 2 MiB */

static int fds[THREADS];
static area_t areas[THREADS];
static pthread_barrier_t barrier;
static long differ[THREADS], reference[THREADS][64];

static void *run(void *arg)
{
    long own = (long)arg;
    area_t area = areas[own];
    must(enable(fds[own]) == 0, "ENABLE");
    pthread_barrier_wait(&barrier);
    for (int turn = 0; turn < TURNS; turn++) {
        area[0] = 0;
        work(own * own);
        differ[own] += area[0] != (unsigned long)reference[own][0];
        for (long i = 1; i <= reference[own][0]; i++)
            differ[own] += area[i] != (unsigned long)reference[own][i];
    }
    return NULL;
}

static void together(void)
{
    pthread_t threads[THREADS];
    long total = 0;
    char name[32];
    for (long i = 0; i < THREADS; i++) {
        fds[i] = new_kcov(AREA, &areas[i]);
        must(enable(fds[i]) == 0, "ENABLE");
        work(i * i);
        must(areas[i][0] < 64, "the trace is long");
        for (unsigned long k = 0; k <= areas[i][0]; k++)
            reference[i][k] = (long)areas[i][k];
        must(disable(fds[i]) == 0, "DISABLE");
        snprintf(name, sizeof name, "work%ld", i * i);
        trace(name, areas[i]);
    }
    pthread_barrier_init(&barrier, NULL, THREADS);
    for (long i = 0; i < THREADS; i++)
        must(pthread_create(&threads[i], NULL, run, (void *)i) == 0, "pthread_create");
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
        total += differ[i];
    }
    fact("differ", total);
    int busy = 0;
    for (int i = 0; i < THREADS; i++)
        busy += enable(fds[i]) != 0 || disable(fds[i]) != 0;
    fact("busy", busy);
}

static area_t area;
static int fd;

static void *takes(void *disables)
{
    int failed = enable(fd) != 0;
    area[0] = 0;
    one();
    failed += area[0] != 1;
    if (disables != NULL)
        failed += disable(fd) != 0;
    return failed ? (void *)&area : NULL;
}

static void hand_over(void *disables, const char *name)
{
    long failed = 0;
    for (int i = 0; i < 200; i++) {
        pthread_t thread;
        void *said;
        must(pthread_create(&thread, NULL, takes, disables) == 0, "pthread_create");
        pthread_join(thread, &said);
        failed += said != NULL;
    }
    fact(name, failed);
}

int main(void)
{
    together();
    fd = new_kcov(WORDS, &area);
    hand_over(&area, "handed over after DISABLE");
    hand_over(NULL, "handed over after the thread's end");
    result("main takes it", enable(fd));
    area[0] = 0;
    one();
    fact("main's records", (long)area[0]);
    return 0;
}
