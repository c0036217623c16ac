/* What the tests need of C: threads that Python did not make, and stores that ignore the GIL. */
#define _GNU_SOURCE
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

struct job {
    void (*call)(void);
    int times;
};

static void *work(void *arg)
{
    struct job *job = arg;
    for (int i = 0; i < job->times; i++)
        job->call();
    return NULL;
}

/* Make a thread that calls `call` so many times, and wait for its end. */
int on_thread(void (*call)(void), int times)
{
    struct job job = {call, times};
    pthread_t thread;
    int error = pthread_create(&thread, NULL, work, &job);
    return error ? error : pthread_join(thread, NULL);
}

/* Store random words at random places of words[n] until *stop. Often into word 0, a count that makes
 * a record land near an end or outside, if somebody takes it unchecked. */
void scribble(volatile uint64_t *words, uint64_t n, uint64_t seed, volatile int *stop)
{
    uint64_t x = seed | 1;
    while (!*stop)
        for (int i = 0; i < 64; i++) {
            x ^= x << 13, x ^= x >> 7, x ^= x << 17;
            switch (x >> 61) {
            case 0: words[0] = x; break;
            case 1: words[0] = n - 3 + (x & 3); break;
            case 2: words[0] = -(x & 7); break;
            case 3: words[0] = x & 7; break;
            default: words[x % n] = x;
            }
        }
}

struct scribbler {
    pthread_t thread;
    volatile uint64_t *words;
    uint64_t n, seed;
    volatile int stop;
};

static void *scribble_on(void *arg)
{
    struct scribbler *s = arg;
    scribble(s->words, s->n, s->seed, &s->stop);
    return NULL;
}

struct scribbler *scribbler_start(uint64_t *words, uint64_t n, uint64_t seed)
{
    struct scribbler *s = calloc(1, sizeof *s);
    s->words = words, s->n = n, s->seed = seed;
    if (pthread_create(&s->thread, NULL, scribble_on, s) != 0) {
        free(s);
        return NULL;
    }
    return s;
}

void scribbler_stop(struct scribbler *s)
{
    s->stop = 1;
    pthread_join(s->thread, NULL);
    free(s);
}

/* Map `bytes` of fd with an unmapped page's worth on either side; NULL when it cannot be had. */
void *map_guarded(int fd, size_t bytes)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    char *room = mmap(NULL, bytes + 2 * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (room == MAP_FAILED)
        return NULL;
    void *area = mmap(room + page, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd, 0);
    return area == MAP_FAILED ? NULL : area;
}

void unmap_guarded(void *area, size_t bytes)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    munmap((char *)area - page, bytes + 2 * page);
}
