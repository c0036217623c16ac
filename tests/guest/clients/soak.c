/* soak THREADS CALLS: each thread has a kcov of its own enabled, and makes CALLS calls.
 *
 * Every trace must be the first one over again: "store 0, call, load the count", as fuzzers do. Prints
 * the calls made and how many the kernel answered (sched_yield's answer). Ends with 1 when a trace differs.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#define KCOV_INIT_TRACE _IOR('c', 1, unsigned long)
#define KCOV_ENABLE _IO('c', 100)
#define KCOV_DISABLE _IO('c', 101)
#define WORDS 1024

static long calls;

static void *thread(void *result)
{
    unsigned long first[WORDS];
    long bad = 0;
    int fd = open("/sys/kernel/debug/kcov", O_RDWR);
    if (fd < 0 || ioctl(fd, KCOV_INIT_TRACE, WORDS)) {
        *(long *)result = -1;
        return NULL;
    }
    unsigned long *area = mmap(NULL, WORDS * 8, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (ioctl(fd, KCOV_ENABLE, 0))
        bad++;
    for (long i = 0; i < calls; i++) {
        __atomic_store_n(area, 0, __ATOMIC_RELAXED);
        syscall(SYS_getppid);
        unsigned long count = __atomic_load_n(area, __ATOMIC_RELAXED);
        if (i == 0)
            memcpy(first, area, sizeof first);
        if (count == 0 || memcmp(first, area, (count + 1) * 8) != 0)
            bad++;
    }
    if (ioctl(fd, KCOV_DISABLE, 0))
        bad++;
    munmap(area, WORDS * 8);
    close(fd);
    *(long *)result = bad;
    return NULL;
}

int main(int argc, char **argv)
{
    int threads = argc == 3 ? atoi(argv[1]) : 0;
    if (threads < 1 || threads > 64)
        return 2;
    calls = atol(argv[2]);
    pthread_t ids[64];
    long bad[64] = {0}, sum = 0;
    for (int i = 0; i < threads; i++)
        pthread_create(&ids[i], NULL, thread, &bad[i]);
    for (int i = 0; i < threads; i++) {
        pthread_join(ids[i], NULL);
        sum += bad[i];
    }
    printf("%ld calls, %ld answered, %ld bad\n", threads * calls, syscall(SYS_sched_yield), sum);
    return sum != 0;
}
