/* unique_client NAME BITMAP WORDS: collects all threads of a service by KCOV_UNIQUE_ENABLE, says
 * "ready", and for each line on stdin prints the PCs in the trace, a ";", the numbers of the bits in
 * the bitmap, and does KCOV_RESET_TRACE.
 *
 * With -DSOCKET by pykcov.h, from the device NAME; else as any kcov client, and NAME is ignored. */
#ifdef SOCKET
#include "pykcov.h"
#else
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>
#define KCOV_INIT_TRACE _IOR('c', 1, unsigned long)
#define KCOV_DISABLE _IO('c', 101)
#define KCOV_UNIQUE_ENABLE _IOW('c', 103, unsigned long)
#define KCOV_RESET_TRACE _IO('c', 104)
#endif

#include <inttypes.h>

static void check(int failed, const char *what)
{
    if (failed) {
        printf("%s: %s\n", what, strerror(errno));
        exit(1);
    }
}

static int request(int fd, uint64_t number, uint64_t arg)
{
#ifdef SOCKET
    return pykcov_ioctl(fd, (uint32_t)number, arg, 1);
#else
    return ioctl(fd, number, arg);
#endif
}

int main(int argc, char **argv)
{
    if (argc != 4)
        return 2;
    uint64_t bitmap = strtoull(argv[2], NULL, 0), words = strtoull(argv[3], NULL, 0);
    setvbuf(stdout, NULL, _IOLBF, 0);
#ifdef SOCKET
    int fd = pykcov_open(argv[1], 0);
#else
    int fd = open("/sys/kernel/debug/kcov", O_RDWR);
#endif
    check(fd < 0, "open");
    check(request(fd, KCOV_INIT_TRACE, words) != 0, "INIT_TRACE");
#ifdef SOCKET
    uint64_t *area = pykcov_mmap(fd, words);
    check(area == NULL, "mmap");
#else
    uint64_t *area = mmap(NULL, words * 8, PROT_READ, MAP_SHARED, fd, 0);
    check(area == MAP_FAILED, "mmap");
#endif
    check(request(fd, KCOV_UNIQUE_ENABLE, bitmap) != 0, "UNIQUE_ENABLE");
    check(request(fd, KCOV_UNIQUE_ENABLE, bitmap) != -1 || errno != EINVAL, "enabled twice");
    puts("ready");
    char line[16];
    while (fgets(line, sizeof line, stdin) != NULL) {
        uint64_t n = __atomic_load_n(&area[bitmap], __ATOMIC_ACQUIRE);
        for (uint64_t i = 0; i < n; i++)
            printf("0x%" PRIx64 " ", area[bitmap + 1 + i]);
        printf(";");
        for (uint64_t i = 0; i < 64 * bitmap; i++)
            if (area[i / 64] >> i % 64 & 1)
                printf(" %" PRIu64, i);
        check(request(fd, KCOV_RESET_TRACE, 0) != 0, "RESET_TRACE");
        puts(""); /* last: who has the line may have the service go on */
    }
    check(request(fd, KCOV_DISABLE, 0) != 0, "DISABLE");
    return 0;
}
