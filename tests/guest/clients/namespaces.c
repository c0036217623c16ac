/* Who a process is in PID and user namespaces of its own. DIR is one that a kernel may show. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *folder;

static void owner(const char *when, const char *name)
{
    char path[4096];
    struct stat seen;
    snprintf(path, sizeof path, "%s/%s", folder, name);
    int fd = open(path, O_RDWR | O_CREAT, 0644);
    printf("%s %s: %s", when, name, fd < 0 ? strerror(errno) : "opened");
    if (stat(path, &seen) == 0)
        printf(", of %d:%d", (int)seen.st_uid, (int)seen.st_gid);
    if (fd >= 0 && fstat(fd, &seen) == 0)
        printf(", open of %d:%d", (int)seen.st_uid, (int)seen.st_gid);
    printf(", chown %d", chown(path, 0, 0) < 0 ? errno : 0);
    printf(", to nobody's %d\n", chown(path, 4242, -1) < 0 ? errno : 0);
    close(fd);
}

static void who(const char *when)
{
    int pid = (int)syscall(SYS_getpid), tid = (int)syscall(SYS_gettid);
    printf("%s: leader %d, kill %d, tgkill %d, ids %d %d %d %d\n", when, pid == tid, kill(pid, 0),
           (int)syscall(SYS_tgkill, pid, tid, 0), (int)syscall(SYS_getuid),
           (int)syscall(SYS_geteuid), (int)syscall(SYS_getgid), (int)syscall(SYS_getegid));
}

static int map(const char *name, int outside)
{
    char text[64];
    int fd = open(name, O_WRONLY);
    int size = snprintf(text, sizeof text, "0 %d 1", outside);
    int done = fd >= 0 && write(fd, text, (size_t)size) == size;
    close(fd);
    return done;
}

int main(int argc, char **argv)
{
    folder = argc > 1 ? argv[1] : ".";
    int uid = getuid(), gid = getgid();
    setvbuf(stdout, NULL, _IONBF, 0);
    who("before");
    owner("before", "f");
    if (unshare(CLONE_NEWUSER | CLONE_NEWPID))
        return printf("unshare: %s\n", strerror(errno)), 3;
    who("no map");
    owner("no map", "f");
    owner("no map", "new");
    int deny = open("/proc/self/setgroups", O_WRONLY);
    if (write(deny, "deny", 4) != 4 || !map("/proc/self/uid_map", uid) || !map("/proc/self/gid_map", gid))
        return printf("map: %s\n", strerror(errno)), 3;
    who("mapped");
    owner("mapped", "f");
    owner("mapped", "g");
    if (fork() == 0) {
        printf("first: %d, parent %d\n", (int)syscall(SYS_getpid), (int)syscall(SYS_getppid));
        who("first");
        if (fork() == 0) {
            printf("second: %d, parent %d\n", (int)syscall(SYS_getpid), (int)syscall(SYS_getppid));
            who("second");
            return 0;
        }
        return wait(NULL) < 0;
    }
    return wait(NULL) < 0;
}
