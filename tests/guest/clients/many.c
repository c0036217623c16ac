/* Many processes and many open devices at once, and many threads. */
#include "client.h"
#include <sys/resource.h>

#define PROCESSES 300
#define THREADS 100

static pthread_barrier_t barrier;

static void *recorded(void *wrong)
{
    area_t area;
    int fd = new_kcov(WORDS, &area);
    must(enable(fd) == 0, "ENABLE");
    pthread_barrier_wait(&barrier);
    for (int i = 0; i < 20; i++) {
        area[0] = 0;
        one();
        if (area[0] != 1)
            __atomic_add_fetch((long *)wrong, 1, __ATOMIC_RELAXED);
    }
    pthread_barrier_wait(&barrier); /* all have enabled theirs to the end */
    close(fd);
    munmap((void *)area, PAGE);
    return NULL;
}

int main(void)
{
    struct rlimit limit;
    int ready[2], go[2], answered = 0, opened = 0;
    char byte;
    must(getrlimit(RLIMIT_NOFILE, &limit) == 0, "getrlimit");
    fact("limit", (long)limit.rlim_cur);
    must(pipe(ready) == 0 && pipe(go) == 0, "pipe");
    for (int i = 0; i < PROCESSES; i++) {
        pid_t pid = fork();
        must(pid >= 0, "fork");
        if (pid == 0) {
            close(go[1]);
            byte = syscall(SYS_getppid) == 1 ? 'y' : 'n';
            must(write(ready[1], &byte, 1) == 1, "write");
            must(read(go[0], &byte, 1) == 0, "read");
            _exit(0);
        }
    }
    for (int i = 0; i < PROCESSES; i++)
        answered += read(ready[0], &byte, 1) == 1 && byte == 'y';
    fact("answered", answered);
    close(go[1]);
    while (wait(NULL) > 0)
        ;
    int fds[1024];
    while ((fds[opened] = open(DEVICE, O_RDWR)) >= 0)
        opened++;
    result("open", -1);
    fact("opened", opened);
    fact("ioctl", ioctl(fds[opened - 1], INIT_TRACE, WORDS));
    while (opened > 0)
        close(fds[--opened]);
    pthread_t threads[THREADS];
    long wrong = 0;
    pthread_barrier_init(&barrier, NULL, THREADS);
    for (int i = 0; i < THREADS; i++)
        must(pthread_create(&threads[i], NULL, recorded, &wrong) == 0, "pthread_create");
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    fact("wrong", wrong);
    return 0;
}
