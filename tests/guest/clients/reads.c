/* Calls that the kernel answers in the place of pykcov's own. */
#include "client.h"
#include <time.h>

int main(void)
{
    area_t area;
    int fd = new_kcov(WORDS, &area), ends[2];
    char byte = 0;
    must(enable(fd) == 0 && pipe(ends) == 0, "ENABLE");
    area[0] = 0;
    result("read -1", read(-1, NULL, 0));
    trace("trace read -1", area);
    must(write(ends[1], "x", 1) == 1, "write");
    area[0] = 0;
    result("read pipe", read(ends[0], &byte, 1));
    trace("trace read pipe", area);
    fact("byte", byte);
    result("read device", read(fd, &byte, 1));
    struct timespec none = {0, 0};
    area[0] = 0;
    result("clock_nanosleep", syscall(SYS_clock_nanosleep, CLOCK_REALTIME, 0, &none, NULL));
    trace("trace clock_nanosleep", area);
    area[0] = 0;
    result("failing ioctl", ioctl(fd, INIT_TRACE, 0UL));
    trace("trace failing ioctl", area);
    return 0;
}
