/* What the clients share: the device's numbers, and one fact a line on stdout. */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define DEVICE "/sys/kernel/debug/kcov"
#define INIT_TRACE 0x80086301UL
#define ENABLE 0x6364UL
#define DISABLE 0x6365UL
#define REMOTE_ENABLE 0x40186366UL
#define PAGE 4096UL
#define WORDS 512UL /* of an area of one page */

typedef volatile unsigned long *area_t;

/* "NAME VALUE", or "NAME ERRNO" for -1. */
static inline void result(const char *name, long value)
{
    const char *error = value == -1 ? strerrorname_np(errno) : NULL;
    if (error != NULL)
        dprintf(1, "%s %s\n", name, error);
    else
        dprintf(1, "%s %ld\n", name, value == -1 ? -(long)errno : value);
}

static inline void fact(const char *name, long value)
{
    dprintf(1, "%s %ld\n", name, value);
}

/* "NAME PC PC ...", in hexadecimal. */
static inline void trace(const char *name, area_t area)
{
    char line[8192];
    int size = snprintf(line, sizeof line, "%s", name);
    for (unsigned long i = 1; i <= area[0] && size < 8000; i++)
        size += snprintf(line + size, sizeof line - (size_t)size, " %lx", area[i]);
    dprintf(1, "%s\n", line);
}

static inline void must(int good, const char *what)
{
    if (!good) {
        dprintf(2, "%s: %s\n", what, strerror(errno));
        _exit(99);
    }
}

static inline int open_device(void)
{
    int fd = open(DEVICE, O_RDWR);
    must(fd >= 0, "open");
    return fd;
}

static inline area_t map_words(int fd, unsigned long words)
{
    void *area = mmap(NULL, words * 8, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    must(area != MAP_FAILED, "mmap");
    return area;
}

/* Open, init and map one. */
static inline int new_kcov(unsigned long words, area_t *area)
{
    int fd = open_device();
    must(ioctl(fd, INIT_TRACE, words) == 0, "INIT_TRACE");
    *area = map_words(fd, words);
    return fd;
}

static inline int enable(int fd)
{
    return ioctl(fd, ENABLE, 0);
}

static inline int disable(int fd)
{
    return ioctl(fd, DISABLE, 0);
}

/* A call whose trace is one block (kernels/counting.py). */
static inline void one(void)
{
    syscall(SYS_getpid);
}

/* A call whose trace depends on `which`. */
static inline long work(long which)
{
    return syscall(SYS_getpriority, 0, which);
}

static inline int wait_for(pid_t pid)
{
    int status = -1;
    must(waitpid(pid, &status, __WALL) == pid, "waitpid");
    return status;
}

/* The process that answers: the parent of the watchdog, which is the first guest's parent. */
static inline pid_t supervisor(void)
{
    char path[64], text[512];
    pid_t pid = 0;
    for (int up = 0; up < 2; up++) {
        snprintf(path, sizeof path, up ? "/proc/%d/stat" : "/proc/self/stat", pid);
        FILE *file = fopen(path, "r");
        must(file != NULL && fgets(text, sizeof text, file) != NULL, path);
        fclose(file);
        must(sscanf(strrchr(text, ')'), ") %*c %d", &pid) == 1, "ppid");
    }
    return pid;
}
