/* A client of KCOV_TRACE_CMP that takes records as fuzzers' executors do: it trusts nothing, extends
 * signs by the size, and writes over the area while it is enabled.
 *
 * Without arguments it is a guest: it enables, and makes calls. With a file descriptor and a number
 * of words it maps that area, and takes what is there at each line of stdin.
 */
#include "client.h"

#define CMP 1UL /* KCOV_TRACE_CMP */
#define AREA_WORDS (16 * WORDS)

/* As executors do: operands are signed, of 1, 2, 4 or 8 bytes. */
static unsigned long extended(unsigned long type, unsigned long word)
{
    switch (type >> 1) {
    case 0:
        return (unsigned long)(long)(signed char)word;
    case 1:
        return (unsigned long)(long)(short)word;
    case 2:
        return (unsigned long)(long)(int)word;
    default:
        return word;
    }
}

/* Print "NAME type arg1 arg2 ..." and use the area as scratch memory; then begin anew. */
static void take(const char *name, area_t area, unsigned long words)
{
    unsigned long count = area[0];
    must(count <= (words - 1) / 4, "count");
    dprintf(1, "%s", name);
    for (unsigned long i = 0; i < count; i++) {
        area_t record = &area[1 + 4 * i];
        unsigned long bits = 8UL << (record[0] >> 1);
        must(record[0] <= 7, "type");
        must(bits == 64 || (record[1] >> bits == 0 && record[2] >> bits == 0), "zero-extended");
        must(record[3] >= 0xffffffff80000000UL && record[3] < 0xffffffffff000000UL, "pc");
        record[1] = extended(record[0], record[1]);
        record[2] = extended(record[0], record[2]);
        dprintf(1, " %lu,%lx,%lx", record[0], record[1], record[2]);
        record[0] = record[3] = ~0UL; /* whatever */
    }
    area[0] = 0;
    dprintf(1, "\n"); /* last: whoever reads it may go on */
}

static void follow(int fd, unsigned long words)
{
    area_t area = map_words(fd, words);
    char line[64];
    while (fgets(line, sizeof line, stdin) != NULL) {
        line[strcspn(line, "\n")] = 0;
        take(line, area, words);
    }
}

int main(int argc, char **argv)
{
    if (argc > 2) {
        follow(atoi(argv[1]), strtoul(argv[2], NULL, 10));
        return 0;
    }
    area_t area;
    int fd = new_kcov(AREA_WORDS, &area);
    result("enable", ioctl(fd, ENABLE, CMP));
    for (long n = 0; n < 4; n++) {
        char name[16];
        snprintf(name, sizeof name, "call%ld", n);
        work(n);
        take(name, area, AREA_WORDS);
    }
    area[0] = ~0UL;
    work(0);
    fact("garbage stays", area[0] == ~0UL);
    area[0] = (AREA_WORDS - 1) / 4 - 1;
    work(0);
    work(0);
    fact("full", area[0] == (AREA_WORDS - 1) / 4);
    area[0] = 0;
    result("disable", disable(fd));
    work(0);
    fact("records after", (long)area[0]);
    result("enable blocks", enable(fd));
    work(0);
    fact("is a PC", area[0] > 0 && area[1] >= 0xffffffff80000000UL);
    return 0;
}
