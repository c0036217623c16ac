/* What one system call executed: the example of Linux's Documentation/dev-tools/kcov.rst.
 *
 *     cc -o kcov_client kcov_client.c
 *     pykcov guest --kernel tinykernel.py -- ./kcov_client | pykcov symbolize
 *
 * Nothing here knows of pykcov.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#define KCOV_INIT_TRACE _IOR('c', 1, unsigned long)
#define KCOV_ENABLE     _IO('c', 100)
#define KCOV_DISABLE    _IO('c', 101)
#define KCOV_TRACE_PC   0
#define COVER_SIZE      (64 << 10)

static void check(int failed, const char *what)
{
    if (failed) {
        perror(what);
        exit(1);
    }
}

int main(void)
{
    int fd = open("/sys/kernel/debug/kcov", O_RDWR);
    check(fd == -1, "open");
    check(ioctl(fd, KCOV_INIT_TRACE, COVER_SIZE), "KCOV_INIT_TRACE");
    unsigned long *cover = mmap(NULL, COVER_SIZE * sizeof(unsigned long), PROT_READ | PROT_WRITE,
                                MAP_SHARED, fd, 0);
    check(cover == MAP_FAILED, "mmap");
    check(ioctl(fd, KCOV_ENABLE, KCOV_TRACE_PC), "KCOV_ENABLE");
    __atomic_store_n(&cover[0], 0, __ATOMIC_RELAXED);
    (void)!read(-1, NULL, 0);  /* the call that is traced */
    unsigned long n = __atomic_load_n(&cover[0], __ATOMIC_RELAXED);
    for (unsigned long i = 0; i < n; i++)
        printf("0x%lx\n", cover[i + 1]);
    check(ioctl(fd, KCOV_DISABLE, 0), "KCOV_DISABLE");
    check(munmap(cover, COVER_SIZE * sizeof(unsigned long)), "munmap");
    check(close(fd), "close");
    return 0;
}
