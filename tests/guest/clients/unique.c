/* A fuzzer's loop: KCOV_RESET_TRACE, a call, its blocks once each and the bitmap as a map of bits.
 * The area is mapped for reading alone. */
#include "client.h"

#define UNIQUE_ENABLE _IOW('c', 103, unsigned long)
#define RESET_TRACE _IO('c', 104)
#define BITMAP 8UL /* words */

static long bits(area_t area)
{
    long count = 0;
    for (unsigned long i = 0; i < BITMAP; i++)
        count += __builtin_popcountl(area[i]);
    return count;
}

int main(void)
{
    int fd = open_device();
    must(ioctl(fd, INIT_TRACE, WORDS) == 0, "INIT_TRACE");
    area_t area = mmap(NULL, WORDS * 8, PROT_READ, MAP_SHARED, fd, 0);
    must(area != MAP_FAILED, "mmap");
    must(ioctl(fd, UNIQUE_ENABLE, BITMAP) == 0, "UNIQUE_ENABLE");
    int wrong = 0;
    for (long turn = 0; turn < 1000; turn++) {
        long n = turn % 8;
        must(ioctl(fd, RESET_TRACE, 0) == 0, "RESET_TRACE");
        wrong += area[BITMAP] != 0 || bits(area) != 0;
        work(n);
        unsigned long first = area[BITMAP];
        work(n); /* adds nothing */
        wrong += area[BITMAP] != first || (unsigned long)bits(area) != first;
        if (turn < 8) {
            char name[16];
            snprintf(name, sizeof name, "work%ld", n);
            trace(name, area + BITMAP);
        }
    }
    fact("wrong", wrong);
    unsigned long before = area[BITMAP];
    result("reset with 1", ioctl(fd, RESET_TRACE, 1));
    result("reset with 2**32", ioctl(fd, RESET_TRACE, 1UL << 32));
    fact("left", area[BITMAP] == before && before > 0);
    result("disable", disable(fd));
    result("reset disabled", ioctl(fd, RESET_TRACE, 0));
    result("no bitmap", ioctl(fd, UNIQUE_ENABLE, 0));
    result("all bitmap", ioctl(fd, UNIQUE_ENABLE, WORDS - 1));
    result("almost all", ioctl(fd, UNIQUE_ENABLE, WORDS - 2));
    return 0;
}
