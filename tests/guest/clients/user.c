/* A process that gives its privileges up. */
#include "client.h"

int main(void)
{
    area_t area;
    struct stat seen;
    int fd = new_kcov(WORDS, &area);
    must(setresgid(65534, 65534, 65534) == 0 && setresuid(65534, 65534, 65534) == 0, "setresuid");
    result("open", open(DEVICE, O_RDWR));
    result("stat", stat(DEVICE, &seen));
    result("access", access(DEVICE, F_OK));
    result("chmod", fchmod(fd, 0666));
    /* What it has open it may go on using. */
    result("enable", enable(fd));
    one();
    fact("records", (long)area[0]);
    return 0;
}
