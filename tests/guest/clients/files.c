/* The device as a file: names, attributes, permissions, listing. argv[1]: a folder to write into. */
#include "client.h"
#include <sys/sysmacros.h>
#include <sys/time.h>

static void said(const char *name, const char *text)
{
    dprintf(1, "%s %s\n", name, text);
}

static long closed(int fd)
{
    if (fd >= 0)
        close(fd);
    return fd < 0 ? -1 : 0;
}

static void attributes(void)
{
    struct stat seen, open_seen, other;
    int fd = open_device();
    result("stat", stat(DEVICE, &seen));
    fact("regular", S_ISREG(seen.st_mode));
    dprintf(1, "mode %o\n", seen.st_mode & 07777);
    fact("owner", seen.st_uid == geteuid());
    fact("size", seen.st_size);
    fact("links", (long)seen.st_nlink);
    fstat(fd, &open_seen);
    fact("fstat is the same", open_seen.st_ino == seen.st_ino && open_seen.st_dev == seen.st_dev
                                  && open_seen.st_size == 0 && open_seen.st_mode == seen.st_mode);
    must(ioctl(fd, INIT_TRACE, WORDS) == 0, "INIT_TRACE");
    fstat(fd, &open_seen);
    fact("size inited", open_seen.st_size);
    struct statx more;
    result("statx", statx(AT_FDCWD, DEVICE, 0, STATX_BASIC_STATS, &more));
    fact("statx is the same", more.stx_ino == seen.st_ino && more.stx_mode == seen.st_mode
                                  && more.stx_size == 0
                                  && makedev(more.stx_dev_major, more.stx_dev_minor) == seen.st_dev);
    result("statx empty", statx(fd, "", AT_EMPTY_PATH, STATX_BASIC_STATS, &more));
    result("lstat", lstat(DEVICE, &other));
    stat("/sys/kernel/debug", &other);
    dprintf(1, "directory %o\n", other.st_mode);
    result("chmod", chmod(DEVICE, 0640));
    stat(DEVICE, &other);
    dprintf(1, "mode then %o\n", other.st_mode);
    result("fchmod", fchmod(fd, 0600));
    result("chown", chown(DEVICE, geteuid(), getegid()));
    result("fchown nothing", fchown(fd, -1, -1));
    struct timespec times[2] = {{1000, 5}, {2000, 7}};
    result("utimens", utimensat(AT_FDCWD, DEVICE, times, 0));
    fstat(fd, &other);
    fact("times", other.st_atim.tv_sec == 1000 && other.st_atim.tv_nsec == 5
                      && other.st_mtim.tv_sec == 2000 && other.st_mtim.tv_nsec == 7);
    times[0].tv_nsec = UTIME_OMIT, times[1].tv_nsec = UTIME_NOW;
    result("futimens", futimens(fd, times));
    fstat(fd, &other);
    fact("times then", other.st_atim.tv_sec == 1000 && other.st_mtim.tv_sec > 2000);
    result("access rw", access(DEVICE, R_OK | W_OK));
    result("access f", access(DEVICE, F_OK));
    result("access x", access(DEVICE, X_OK));
    result("access other", access(DEVICE "2", F_OK));
    result("access below", access(DEVICE "/below", F_OK));
    result("truncate", truncate(DEVICE, 0));
    result("ftruncate", ftruncate(fd, 0));
    result("unlink", unlink(DEVICE));
    result("rename", rename(DEVICE, "/tmp/kcov"));
    result("link", link(DEVICE, "/tmp/kcov"));
    result("mkdir", mkdir(DEVICE, 0700));
    result("mkdir beside", mkdir("/sys/kernel/debug/other", 0700));
    close(fd);
}

static void opening(void)
{
    result("O_RDONLY", closed(open(DEVICE, O_RDONLY)));
    result("O_DIRECTORY", closed(open(DEVICE, O_RDWR | O_DIRECTORY)));
    result("O_CREAT", closed(open(DEVICE, O_RDWR | O_CREAT, 0600)));
    result("O_EXCL", closed(open(DEVICE, O_RDWR | O_CREAT | O_EXCL, 0600)));
    result("O_TRUNC", closed(open(DEVICE, O_RDWR | O_TRUNC)));
    result("O_NOFOLLOW", closed(open(DEVICE, O_RDWR | O_NOFOLLOW)));
    result("slash", closed(open(DEVICE "/", O_RDWR)));
    result("other", closed(open(DEVICE "2", O_RDWR)));
    result("dots", closed(open("/sys/./kernel/../kernel//debug/kcov", O_RDWR)));
    int fd = open(DEVICE, O_PATH);
    result("O_PATH", fd < 0 ? -1 : 0);
    result("O_PATH ioctl", ioctl(fd, INIT_TRACE, WORDS));
    struct stat seen;
    result("O_PATH fstat", fstat(fd, &seen));
    close(fd);
    fd = open(DEVICE, O_RDONLY);
    result("O_RDONLY init", ioctl(fd, INIT_TRACE, WORDS));
    result("O_RDONLY map r", mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 0) == MAP_FAILED ? -1 : 0);
    result("O_RDONLY map rw",
           mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0) == MAP_FAILED ? -1 : 0);
    close(fd);
}

static void relative(const char *folder)
{
    int at = open("/sys/kernel/debug", O_RDONLY | O_DIRECTORY);
    result("open directory", at < 0 ? -1 : 0);
    result("openat", closed(openat(at, "kcov", O_RDWR)));
    result("openat up", closed(openat(at, "../debug/kcov", O_RDWR)));
    int up = open("/sys/kernel", O_PATH);
    result("openat of the host's", closed(openat(up, "debug/kcov", O_RDWR)));
    result("openat of a file", closed(openat(up, "debug/kcov/x", O_RDWR)));
    close(up);
    struct stat seen;
    result("fstatat", fstatat(at, "kcov", &seen, AT_SYMLINK_NOFOLLOW));
    result("faccessat", faccessat(at, "kcov", R_OK, 0));
    close(at);
    must(chdir(folder) == 0, folder);
    must(symlink(DEVICE, "link") == 0 && symlink("/sys/kernel", "up") == 0, "symlink");
    result("link open", closed(open("link", O_RDWR)));
    result("link O_NOFOLLOW", closed(open("link", O_RDWR | O_NOFOLLOW)));
    result("link up", closed(open("up/debug/kcov", O_RDWR)));
    char text[128];
    ssize_t size = readlink("link", text, sizeof text - 1);
    text[size > 0 ? size : 0] = 0;
    said("readlink", text);
    result("readlink device", readlink(DEVICE, text, sizeof text));
    unlink("link"), unlink("up");
    DIR *names = opendir("/sys/kernel/debug");
    for (struct dirent *entry; (entry = readdir(names)) != NULL;)
        dprintf(1, "entry %s %d\n", entry->d_name, entry->d_type);
    closedir(names);
}

int main(int argc, char **argv)
{
    attributes();
    opening();
    relative(argc > 1 ? argv[1] : "/tmp");
    return 0;
}
