/* REMOTE_ENABLE: its checks, in their order, and what it does. */
#include "client.h"

#define USB(n) (1UL << 56 | (n))
#define PYKCOV(n) (0x70UL << 56 | (n))

struct arg {
    uint32_t trace_mode, area_size, num_handles;
    uint64_t common __attribute__((aligned(8)));
    uint64_t handles[0x101];
};

static long remote(int fd, uint32_t mode, uint32_t count, uint64_t common, uint64_t a, uint64_t b)
{
    static struct arg arg;
    arg = (struct arg){mode, WORDS, count, common, {a, b}};
    return ioctl(fd, REMOTE_ENABLE, &arg);
}

int main(void)
{
    area_t area, other_area;
    int raw = open_device(), fd = new_kcov(WORDS, &area), other = new_kcov(WORDS, &other_area);
    char *page = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    munmap(page + PAGE, PAGE);
    struct arg *edge = (struct arg *)(page + PAGE - 24);

    result("not inited, NULL", ioctl(raw, REMOTE_ENABLE, NULL));
    result("not inited", remote(raw, 0, 0, 0, 0, 0));
    result("NULL", ioctl(fd, REMOTE_ENABLE, NULL));
    result("bad pointer", ioctl(fd, REMOTE_ENABLE, page + PAGE));
    result("half a struct", ioctl(fd, REMOTE_ENABLE, page + PAGE - 16));
    edge->num_handles = 1;
    result("handles behind the end", ioctl(fd, REMOTE_ENABLE, edge));
    edge->num_handles = 0x101;
    result("too many behind the end", ioctl(fd, REMOTE_ENABLE, edge));
    edge->num_handles = 0;
    result("too many", remote(fd, 0, 0x101, 0, 0, 0));
    result("mode 2", remote(fd, 2, 0, 0, 0, 0));
    result("comparisons", remote(fd, 1, 0, 0, 0, 0));
    result("comparisons before handles", remote(fd, 1, 1, 0, 9UL << 56 | 1, 0));
    result("unknown subsystem", remote(fd, 0, 1, 0, 9UL << 56 | 1, 0));
    result("a handle of COMMON", remote(fd, 0, 1, 0, 5, 0));
    result("bytes between", remote(fd, 0, 1, 0, USB(1UL << 32), 0));
    result("twice", remote(fd, 0, 2, 0, USB(1), USB(1)));
    result("bad after good", remote(fd, 0, 2, 0, USB(1), 9UL << 56));
    result("common of USB", remote(fd, 0, 0, USB(1), 0, 0));
    result("common with bytes between", remote(fd, 0, 0, 1UL << 32 | 1, 0, 0));
    result("common after bad", remote(fd, 0, 1, USB(1), 9UL << 56 | 1, 0));

    must(enable(other) == 0, "ENABLE");
    result("busy, bad pointer", ioctl(fd, REMOTE_ENABLE, page + PAGE));
    result("busy, too many", remote(fd, 0, 0x101, 0, 0, 0));
    result("busy, not inited", remote(raw, 0, 0, 0, 0, 0));
    result("busy", remote(fd, 0, 0, 0, 0, 0));
    result("busy, mode 2", remote(fd, 2, 0, 0, 0, 0));
    must(disable(other) == 0, "DISABLE");

    result("after all failures", remote(fd, 0, 2, 7, USB(1), PYKCOV(1)));
    work(3);
    fact("own records", (long)area[0]);
    result("twice enabled", remote(fd, 0, 0, 0, 0, 0));
    result("enable", enable(fd));
    result("enable another", enable(other));
    result("remote of another", remote(other, 0, 0, 0, 0, 0));
    result("disable another", disable(other));
    pid_t pid = fork();
    if (pid == 0) {
        result("child: same handle", remote(other, 0, 1, 0, PYKCOV(1), 0));
        result("child: same common", remote(other, 0, 0, 7, 0, 0));
        result("child: bad, then same", remote(other, 0, 2, 0, 9UL << 56, PYKCOV(1)));
        result("child: same, then bad", remote(other, 0, 2, 0, PYKCOV(1), 9UL << 56));
        result("child: disable", disable(fd));
        result("child: another handle", remote(other, 0, 1, 8, PYKCOV(2), 0));
        _exit(0);
    }
    wait_for(pid);
    result("disable", disable(fd));
    result("the dead child's", remote(fd, 0, 2, 8, PYKCOV(2), PYKCOV(1)));
    result("disable then", disable(fd));
    result("enable then", enable(fd));
    work(0);
    fact("records then", (long)area[0]);
    return 0;
}
