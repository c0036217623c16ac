/* Every check of INIT_TRACE, ENABLE, DISABLE and mmap. */
#include "client.h"

static long try_map(int fd, unsigned long bytes, int prot, off_t offset)
{
    void *area = mmap(NULL, bytes, prot, MAP_SHARED, fd, offset);
    if (area == MAP_FAILED)
        return -1;
    munmap(area, bytes);
    return 0;
}

static void sizes(void)
{
    int fd = open_device();
    result("init 0", ioctl(fd, INIT_TRACE, 0UL));
    result("init 1", ioctl(fd, INIT_TRACE, 1UL));
    result("init INT_MAX/8+1", ioctl(fd, INIT_TRACE, 0x7fffffffUL / 8 + 1));
    result("init 2**32+2", ioctl(fd, INIT_TRACE, (1UL << 32) + 2));
    result("init ~0", ioctl(fd, INIT_TRACE, ~0UL));
    result("init 2", ioctl(fd, INIT_TRACE, 2UL));
    result("init 2 map 16", try_map(fd, 16, PROT_READ, 0));
    result("init 2 map page", try_map(fd, PAGE, PROT_READ, 0));
    result("init 2 enable", enable(fd));
    result("init 2 work", work(1));
    result("init 2 disable", disable(fd));
    close(fd);
    fd = open_device();
    result("init 513", ioctl(fd, INIT_TRACE, WORDS + 1));
    result("init 513 map", try_map(fd, 8 * (WORDS + 1), PROT_READ | PROT_WRITE, 0));
    result("init 513 map 2 pages", try_map(fd, 2 * PAGE, PROT_READ | PROT_WRITE, 0));
    close(fd);
}

static void maps(void)
{
    int fd = open_device();
    result("map before init", try_map(fd, PAGE, PROT_READ | PROT_WRITE, 0));
    must(ioctl(fd, INIT_TRACE, 2 * WORDS) == 0, "INIT_TRACE");
    result("map a page of two", try_map(fd, PAGE, PROT_READ | PROT_WRITE, 0));
    result("map three pages", try_map(fd, 3 * PAGE, PROT_READ | PROT_WRITE, 0));
    result("map at offset", try_map(fd, PAGE, PROT_READ, PAGE));
    result("map both at offset", try_map(fd, 2 * PAGE, PROT_READ, PAGE));
    result("map nothing", try_map(fd, 0, PROT_READ, 0));
    result("map rounded", try_map(fd, PAGE + 1, PROT_READ | PROT_WRITE, 0));
    area_t area = map_words(fd, 2 * WORDS);
    area_t readable = mmap(NULL, 2 * PAGE, PROT_READ, MAP_SHARED, fd, 0);
    char *reserved = mmap(NULL, 4 * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    area_t fixed = mmap(reserved + PAGE, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd, 0);
    fact("fixed", fixed == (area_t)(reserved + PAGE));
    result("enable", enable(fd));
    area_t late = map_words(fd, 2 * WORDS);
    work(5);
    fact("records", (long)area[0]);
    fact("records readable", (long)readable[0]);
    fact("records fixed", (long)fixed[0]);
    fact("records late", (long)late[0]);
    result("disable", disable(fd));
    close(fd);
    fact("records closed", (long)readable[0]);
    fixed[0] = 7;
    fact("records stored", (long)area[0]);
}

static void modes(void)
{
    area_t area, other;
    int raw = open_device(), fd = new_kcov(WORDS, &area), fd2 = new_kcov(WORDS, &other);
    result("enable before init", enable(raw));
    result("disable before init", disable(raw));
    result("init again", ioctl(fd, INIT_TRACE, WORDS));
    result("init again badly", ioctl(fd, INIT_TRACE, 0UL));
    result("enable mode 2", ioctl(fd, ENABLE, 2UL));
    result("enable mode 2**32", ioctl(fd, ENABLE, 1UL << 32));
    result("enable comparisons", ioctl(fd, ENABLE, 1UL));
    result("disable disabled", disable(fd));
    result("enable once", enable(fd));
    result("enable twice", enable(fd));
    result("enable mode 2 twice", ioctl(fd, ENABLE, 2UL));
    result("init enabled", ioctl(fd, INIT_TRACE, WORDS));
    result("enable another", enable(fd2));
    result("enable another, mode 2", ioctl(fd2, ENABLE, 2UL));
    result("enable another before init", enable(raw));
    result("disable another", disable(fd2));
    result("disable 1", ioctl(fd, DISABLE, 1UL));
    result("disable 2**32", ioctl(fd, DISABLE, 1UL << 32));
    work(3);
    fact("still records", (long)area[0]);
    unsigned long before = area[0];
    result("disable enabled", disable(fd));
    work(3);
    fact("records no more", (long)(area[0] - before));
    result("disable again", disable(fd));
    result("enable another then", enable(fd2));
    result("disable another then", disable(fd2));
    result("enable anew", enable(fd));
    fact("count is kept", (long)(area[0] - before));
    result("disable anew", disable(fd));
}

static void unknown(void)
{
    area_t area;
    int fd = new_kcov(WORDS, &area);
    must(enable(fd) == 0, "ENABLE");
    result("init of 32 bits", ioctl(fd, 0x80046301UL, WORDS));
    result("unique of another direction", ioctl(fd, 0x80086367UL, 64UL));
    result("reset with a size", ioctl(fd, 0x40046368UL, 0UL));
    result("unknown c", ioctl(fd, 0x63ffUL, 0UL));
    result("unknown", ioctl(fd, 0x1234UL, 0UL));
    int size = 0;
    result("FIONREAD", ioctl(fd, FIONREAD, &size));
    struct winsize window;
    result("TIOCGWINSZ", ioctl(fd, TIOCGWINSZ, &window));
    result("high half", ioctl(fd, ENABLE | 5UL << 32, 0UL));
    result("no descriptor", ioctl(999, ENABLE, 0UL));
    result("of a pipe", ioctl(0, ENABLE, 0UL));
    work(1);
    fact("records after", (long)area[0]);
    result("disable after", disable(fd));
}

int main(void)
{
    sizes();
    maps();
    modes();
    unknown();
    return 0;
}
