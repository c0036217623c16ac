/* Whose current directory is which. argv[1]: a directory with the directories a and b in it. */
#include "client.h"

static const char *base;
static volatile int *shared; /* what processes tell each other without making calls */

static void where(const char *name)
{
    char path[4096];
    struct stat here, there;
    if (getcwd(path, sizeof path) == NULL)
        snprintf(path, sizeof path, "%s", strerrorname_np(errno));
    int same = stat(".", &here) == 0 && stat(path, &there) == 0 && here.st_ino == there.st_ino;
    size_t size = strlen(base);
    dprintf(1, "%s %s%s %s\n", name, strncmp(path, base, size) == 0 ? "DIR" : "",
            strncmp(path, base, size) == 0 ? path + size : path, same ? "same" : "another");
}

static void go(const char *path)
{
    if (chdir(path) != 0)
        result(path, -1);
}

static void await(int slot)
{
    while (shared[slot] == 0)
        ;
}

/* A child that makes no call before its parent has gone elsewhere. */
static void born_before(const char *path)
{
    shared[0] = 0;
    pid_t pid = fork();
    if (pid == 0) {
        await(0);
        where("child born before");
        _exit(0);
    }
    go(path);
    shared[0] = 1;
    wait_for(pid);
    where("parent");
}

static void grandchild(const char *path)
{
    shared[0] = shared[1] = 0;
    pid_t pid = fork();
    if (pid == 0) {
        pid_t below = fork();
        if (below == 0) {
            shared[1] = 1;
            await(0);
            where("grandchild");
            _exit(0);
        }
        await(0);
        wait_for(below);
        where("child");
        _exit(0);
    }
    await(1);
    go(path);
    shared[0] = 1;
    wait_for(pid);
}

/* Its parent ends before it makes a call. */
static void orphan(void)
{
    shared[0] = shared[1] = shared[2] = 0;
    pid_t pid = fork();
    if (pid == 0) {
        go("b");
        if (fork() == 0) {
            shared[1] = 1;
            await(0);
            where("orphan");
            shared[2] = 1;
            _exit(0);
        }
        await(1);
        _exit(0);
    }
    wait_for(pid);
    shared[0] = 1;
    await(2);
}

static void *goes(void *path)
{
    go(path);
    return NULL;
}

static void threads(void)
{
    pthread_t thread;
    pthread_create(&thread, NULL, goes, "b");
    pthread_join(thread, NULL);
    where("after a thread went");
}

static void errors(void)
{
    result("chdir nothing", chdir("no"));
    result("chdir through nothing", chdir("no/.."));
    result("chdir of a bad address", chdir((char *)8));
    result("chdir empty", chdir(""));
    result("fchdir of -1", fchdir(-1));
    result("fchdir of AT_FDCWD", fchdir(AT_FDCWD));
    int fd = open("/dev/null", O_RDONLY);
    result("fchdir of no directory", fchdir(fd));
    close(fd);
    char path[8];
    result("getcwd short", getcwd(path, 3) == NULL ? -1 : 0);
    result("chdir of the host's nothing", chdir("/no/such/place"));
    result("chdir to a file of the host's", chdir("/etc/passwd"));
    execl("./a", "a", NULL);
    result("exec of a directory", -1);
    execl("no", "no", NULL);
    result("exec of nothing", -1);
    where("after errors");
}

static void descriptors(void)
{
    int old = open(".", O_RDONLY | O_DIRECTORY), a = open("a", O_PATH);
    result("fchdir", fchdir(a));
    close(a);
    where("after close");
    result("up", openat(AT_FDCWD, "../b", O_RDONLY) < 0 ? -1 : 0);
    go("/");
    where("the host's");
    result("relative there", access("etc/passwd", R_OK));
    result("fchdir back", fchdir(old));
    where("back");
    int host = open("/etc", O_RDONLY);
    result("fchdir to the host's", fchdir(host));
    where("the host's");
    result("relative there", access("passwd", R_OK));
    fchdir(old);
    close(old);
    close(host);
}

int main(int argc, char **argv)
{
    base = argv[1];
    shared = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (argc > 2) {
        where("after exec");
        return 0;
    }
    go("/");
    born_before(base);
    born_before("a");
    born_before("/etc");
    born_before(base);
    grandchild("b");
    go("..");
    orphan();
    where("parent of the orphan's");
    if (fork() == 0) {
        go("a");
        where("child went");
        _exit(0);
    }
    wait(NULL);
    where("parent stayed");
    threads();
    go("..");
    errors();
    descriptors();
    go("a/../b/.");
    execl("/proc/self/exe", "cwd", base, "again", NULL);
    return 1;
}
