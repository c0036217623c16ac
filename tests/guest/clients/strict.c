/* What only --strict answers as Linux does. */
#include "client.h"
#include <sys/epoll.h>
#include <sys/uio.h>

int main(void)
{
    area_t area;
    char byte = 0;
    struct iovec vector = {&byte, 1};
    struct stat seen;
    struct epoll_event event = {.events = EPOLLIN};
    int fd = new_kcov(WORDS, &area), epoll = epoll_create1(0), reading = open(DEVICE, O_RDONLY);
    result("read", read(fd, &byte, 1));
    result("write", write(fd, &byte, 1));
    result("readv", readv(fd, &vector, 1));
    result("writev", writev(fd, &vector, 1));
    result("pread", pread(fd, &byte, 1, 0));
    result("pwrite", pwrite(fd, &byte, 1, 0));
    result("pread -1", pread(fd, &byte, 1, -1));
    result("lseek", lseek(fd, 0, SEEK_SET));
    result("lseek end", lseek(fd, 0, SEEK_END));
    result("write read-only", write(reading, &byte, 1));
    result("epoll_ctl", epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event));
    result("fstat", fstat(fd, &seen));
    fact("size", seen.st_size);
    fact("regular", S_ISREG(seen.st_mode));
    fact("untouched", area[0] == 0);
    int ends[2];
    must(pipe(ends) == 0, "pipe");
    result("write pipe", write(ends[1], "a", 1));
    result("read pipe", read(ends[0], &byte, 1));
    fact("byte", byte);
    result("epoll_ctl pipe", epoll_ctl(epoll, EPOLL_CTL_ADD, ends[0], &event));
    return 0;
}
