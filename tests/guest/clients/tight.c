/* Store 0, make a call, load the count: no ioctl in between, and every trace is the same. */
#include "client.h"

int main(int argc, char **argv)
{
    area_t area;
    long times = argc > 1 ? atol(argv[1]) : 1000, differ = 0;
    int fd = new_kcov(WORDS, &area);
    must(enable(fd) == 0, "ENABLE");
    work(5);
    unsigned long first[64], count = area[0];
    for (unsigned long i = 1; i <= count; i++)
        first[i] = area[i];
    for (long turn = 0; turn < times; turn++) {
        __atomic_store_n(&area[0], 0, __ATOMIC_RELAXED);
        work(5);
        unsigned long found = __atomic_load_n(&area[0], __ATOMIC_ACQUIRE);
        differ += found != count;
        for (unsigned long i = 1; i <= count; i++)
            differ += area[i] != first[i];
    }
    fact("differ", differ);
    trace("work5", area);
    return 0;
}
