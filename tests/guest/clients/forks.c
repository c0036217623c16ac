/* fork, vfork, clone and posix_spawn: the child starts disabled, and shares descriptor and area. */
#include "client.h"
#include <spawn.h>

extern char **environ;
static int fd, ends[2];
static area_t area;

static void say(char byte)
{
    must(write(ends[1], &byte, 1) == 1, "write");
}

static void hear(void)
{
    char byte;
    must(read(ends[0], &byte, 1) == 1, "read");
}

static void child_of_an_owner(void)
{
    area_t own;
    must(enable(fd) == 0, "ENABLE");
    area[0] = 0;
    pid_t pid = fork();
    if (pid == 0) {
        work(7);
        fact("child records", (long)area[0]);
        result("child enables", enable(fd));
        result("child disables", disable(fd));
        result("child inits", ioctl(fd, INIT_TRACE, WORDS));
        int fd2 = new_kcov(WORDS, &own);
        result("child enables its own", enable(fd2));
        work(7);
        fact("its own records", own[0] > 0);
        fact("parent's records", (long)area[0]);
        result("child enables again", enable(fd));
        area[5] = 77;
        _exit(0);
    }
    fact("child ended", wait_for(pid));
    fact("area is shared", (long)area[5]);
    one();
    fact("parent goes on", (long)area[0]);
    result("parent enables", enable(fd));
    result("parent disables", disable(fd));
}

static void owner_in_child(void)
{
    int back[2];
    must(pipe(back) == 0, "pipe");
    area[0] = 0;
    pid_t pid = fork();
    if (pid == 0) {
        char byte;
        result("fork: enable", enable(fd));
        one();
        say('x');
        must(read(back[0], &byte, 1) == 1, "read");
        fact("fork: parent's calls", (long)area[0] - 1);
        _exit(0);
    }
    hear();
    fact("fork: seen", area[0] == 1);
    work(7);
    result("fork: parent enables", enable(fd));
    result("fork: parent disables", disable(fd));
    must(write(back[1], "x", 1) == 1, "write");
    wait_for(pid);
    result("fork: parent enables then", enable(fd));
    result("fork: parent disables then", disable(fd));
}

static void of_vfork(void)
{
    area[0] = 0;
    must(enable(fd) == 0, "ENABLE");
    pid_t pid = vfork();
    if (pid == 0) {
        one();
        int failed = enable(fd) == -1 && errno == EINVAL && area[0] == 0;
        _exit(failed ? 0 : 1);
    }
    fact("vfork: child of an owner", wait_for(pid));
    must(disable(fd) == 0, "DISABLE");
    int busy = 0;
    for (int i = 0; i < 100; i++) {
        area[0] = 0;
        pid = vfork();
        if (pid == 0) {
            enable(fd);
            one();
            _exit(0);
        }
        busy += enable(fd) != 0 || area[0] != 1;
        disable(fd);
        wait_for(pid);
    }
    fact("vfork: busy after the child's exit", busy);
    area[0] = 0;
    pid = vfork();
    if (pid == 0) {
        enable(fd);
        execl("/proc/self/exe", "forks", "vforked", (char *)NULL);
        _exit(9);
    }
    hear();
    result("vfork: child executes", enable(fd));
    fact("vfork: executed", wait_for(pid));
    fact("vfork: records", (long)area[0]);
    result("vfork: enable then", enable(fd));
    disable(fd);
}

static int cloned(void *arg)
{
    (void)arg;
    one();
    fact("clone: records", (long)area[0]);
    result("clone: enable", enable(fd));
    must(disable(fd) == -1, "DISABLE");
    area_t own;
    int fd2 = new_kcov(WORDS, &own);
    result("clone: own", enable(fd2));
    one();
    fact("clone: own records", (long)own[0]);
    *(int *)arg = fd2;
    syscall(SYS_exit, 0);
    return 0;
}

static void of_clone(void)
{
    static char stack[65536] __attribute__((aligned(16)));
    int fd2 = -1;
    must(enable(fd) == 0, "ENABLE");
    area[0] = 0;
    pid_t pid = clone(cloned, stack + sizeof stack, CLONE_VM | CLONE_FILES | CLONE_FS | SIGCHLD, &fd2);
    fact("clone: ended", wait_for(pid));
    fact("clone: parent's records", (long)area[0]);
    result("clone: busy", enable(fd2));
    must(disable(fd) == 0, "DISABLE");
    result("clone: then", enable(fd2));
    result("clone: disable", disable(fd2));
}

static void of_spawn(void)
{
    char *argv[] = {"forks", "spawned", NULL};
    pid_t pid;
    must(enable(fd) == 0, "ENABLE");
    area[0] = 0;
    must(posix_spawn(&pid, "/proc/self/exe", NULL, NULL, argv, environ) == 0, "posix_spawn");
    fact("spawn: ended", wait_for(pid));
    fact("spawn: records", (long)area[0]);
    result("spawn: disable", disable(fd));
}

int main(int argc, char **argv)
{
    if (argc > 1) { /* fd 3 is the device, 5 the pipe's end */
        ends[1] = 5;
        if (strcmp(argv[1], "vforked") == 0)
            one(), say('x'), usleep(20000);
        else
            one(), result("spawn: enable", enable(3));
        return 0;
    }
    fd = new_kcov(WORDS, &area);
    must(fd == 3 && pipe(ends) == 0 && ends[1] == 5, "descriptors");
    child_of_an_owner();
    owner_in_child();
    of_vfork();
    of_clone();
    of_spawn();
    return 0;
}
