/* Areas of 128 MiB: what they cost here and in the supervisor, in KiB. */
#include "client.h"

#define AREA (16UL << 20) /* words: 128 MiB */
#define AREAS 4

static long row(pid_t pid, const char *name)
{
    char path[64], line[256];
    long value = -1;
    snprintf(path, sizeof path, "/proc/%d/status", pid);
    FILE *file = fopen(path, "r");
    must(file != NULL, path);
    while (fgets(line, sizeof line, file) != NULL)
        if (strncmp(line, name, strlen(name)) == 0)
            value = atol(line + strlen(name) + 1);
    fclose(file);
    return value;
}

int main(void)
{
    pid_t server = supervisor();
    long own = row(getpid(), "VmRSS"), other = row(server, "VmRSS");
    for (int i = 0; i < AREAS; i++) {
        area_t area;
        int fd = new_kcov(AREA, &area);
        must(enable(fd) == 0, "ENABLE");
        one();
        must(area[0] == 1, "a record");
        area[0] = AREA - 2; /* the last word */
        one();
        one();
        must(area[0] == AREA - 1 && area[AREA - 1] == area[1], "the last record");
        must(disable(fd) == 0, "DISABLE");
    }
    fact("own", row(getpid(), "VmRSS") - own);
    fact("supervisor", row(server, "VmRSS") - other);
    return 0;
}
