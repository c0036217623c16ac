/* example NAME HANDLE [SECONDS [RECORDS]]: print the PCs of a handle's sections, one a line.
 *
 *      cc -std=c99 -o example example.c
 *      ./example web 7 30 | pykcov symbolize
 *
 * Collects from the device NAME for SECONDS (10), or until there are RECORDS, whichever is first.
 * HANDLE: as in a header. Says "collecting" on stderr when it does. Exits with 0, or
 * with 1 when not all could be collected.
 */
#include "pykcov.h"

#include <inttypes.h>
#include <poll.h>
#include <time.h>

enum { WORDS = 1 << 16 };

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static int failed(const char *what)
{
    fprintf(stderr, "example: %s: %s\n", what, strerror(errno));
    return 1;
}

/* Print the PCs behind the first `printed`; returns how many are printed now. */
static uint64_t print(const uint64_t *area, uint64_t printed)
{
    uint64_t count = pykcov_count(area, WORDS);
    for (; printed < count; printed++)
        printf("0x%" PRIx64 "\n", area[printed + 1]);
    fflush(stdout);
    return printed;
}

/* Wait until all sections that have begun are published, for 5 seconds at most. */
static int finish(int fd)
{
    double end = now() + 5;
    int64_t live;
    while ((live = pykcov_live(fd)) > 0 && now() < end)
        poll(NULL, 0, 1);
    if (live > 0)
        errno = ETIMEDOUT;
    return live == 0 ? 0 : -1;
}

int main(int argc, char **argv)
{
    if (argc < 3 || argc > 5) {
        fprintf(stderr, "usage: example NAME HANDLE [SECONDS [RECORDS]]\n");
        return 2;
    }
    double end = now() + (argc > 3 ? atof(argv[3]) : 10);
    uint64_t wanted = argc > 4 ? strtoull(argv[4], NULL, 10) : UINT64_MAX;
    uint64_t handle = pykcov_handle_of(argv[2]), task = (uint64_t)getpid(), printed = 0;

    int fd = pykcov_open(argv[1], 0);
    if (fd < 0)
        return failed(argv[1]);
    if (pykcov_ioctl(fd, KCOV_INIT_TRACE, WORDS, task) != 0)
        return failed("KCOV_INIT_TRACE");
    uint64_t *area = pykcov_mmap(fd, WORDS);
    if (area == NULL)
        return failed("mmap");
    if (pykcov_remote_enable(fd, WORDS, &handle, 1, task) != 0)
        return failed("KCOV_REMOTE_ENABLE");
    fprintf(stderr, "collecting\n");

    struct pollfd peer = {.fd = fd, .events = 0}; /* POLLHUP comes unasked */
    while (printed < wanted && printed < WORDS - 1 && now() < end) {
        if (poll(&peer, 1, 10) > 0)
            break;
        printed = print(area, printed);
    }
    int result = 0;
    if (finish(fd) != 0)
        result = failed("waiting for sections");
    else if (pykcov_ioctl(fd, KCOV_DISABLE, 0, task) != 0)
        result = failed("KCOV_DISABLE");
    printed = print(area, printed);
    if (printed == WORDS - 1) {
        fprintf(stderr, "example: the area is full\n");
        result = 1;
    }
    if (ferror(stdout))
        result = failed("output");
    pykcov_munmap(area, WORDS);
    close(fd);
    return result;
}
