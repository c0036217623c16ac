/* Traces of single calls, an overflow, and a count that is garbage. */
#include "client.h"

int main(void)
{
    area_t area, small;
    int fd = new_kcov(WORDS, &area);
    must(enable(fd) == 0, "ENABLE");
    syscall(SYS_getpid);
    trace("getpid", area);
    area[0] = 0;
    syscall(SYS_getppid);
    trace("getppid", area);
    for (long n = 0; n < 4; n++) {
        char name[16];
        snprintf(name, sizeof name, "work%ld", n);
        area[0] = 0;
        work(n);
        trace(name, area);
    }
    area[0] = 0;
    fact("words left alone", area[300] == 0);
    work(3);
    work(3);
    trace("twice", area);
    unsigned long each = area[0] / 2;
    while (area[0] < WORDS - 1)
        work(3);
    work(3);
    fact("full", (long)area[0]);
    fact("each", (long)each);
    area[0] = ~0UL;
    work(1);
    fact("garbage stays", area[0] == ~0UL);
    area[0] = 1UL << 40;
    work(1);
    fact("large stays", area[0] == 1UL << 40);
    area[0] = 0;
    must(disable(fd) == 0, "DISABLE");
    work(1);
    fact("disabled", (long)area[0]);
    must(enable(fd) == 0, "ENABLE");
    work(1);
    fact("anew", (long)area[0]);
    disable(fd);
    int fd2 = open_device();
    must(ioctl(fd2, INIT_TRACE, WORDS) == 0, "INIT");
    small = map_words(fd2, WORDS);
    enable(fd2);
    small[0] = WORDS - 2;
    work(3);
    fact("one more", (long)small[0]);
    return 0;
}
