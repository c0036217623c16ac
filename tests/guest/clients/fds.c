/* Descriptors: closed while enabled, duplicated, sent, closed by execve, listed by /proc. */
#include "client.h"
#include <sys/socket.h>

static void closing(void)
{
    area_t area;
    int fd = new_kcov(WORDS, &area);
    must(enable(fd) == 0, "ENABLE");
    close(fd);
    result("ioctl of a closed one", disable(fd));
    one();
    fact("closed: records", (long)area[0]);
    usleep(20000); /* its close has been heard of */
    one();
    fact("closed: goes on", (long)area[0]);
    area_t other;
    int fd2 = new_kcov(WORDS, &other);
    result("closed: busy", enable(fd2));
    munmap((void *)area, PAGE);
    one();
    result("unmapped: busy", enable(fd2));
    close(fd2);
}

static void *closing_thread(void *arg)
{
    closing();
    return arg;
}

static void *leaving_enabled(void *arg)
{
    area_t area;
    int fd = new_kcov(WORDS, &area);
    must(enable(fd) == 0, "ENABLE");
    close(fd);
    one();
    *(long *)arg += area[0] == 1;
    munmap((void *)area, PAGE);
    return NULL;
}

/* How many descriptors of areas the supervisor has. */
static int held(void)
{
    char path[64], text[256];
    int count = 0;
    snprintf(path, sizeof path, "/proc/%d/fd", supervisor());
    DIR *folder = opendir(path);
    must(folder != NULL, path);
    for (struct dirent *entry; (entry = readdir(folder)) != NULL;) {
        ssize_t size = readlinkat(dirfd(folder), entry->d_name, text, sizeof text - 1);
        if (size > 0) {
            text[size] = 0;
            count += strstr(text, "kcov:") != NULL;
        }
    }
    closedir(folder);
    return count;
}

static void releasing(void)
{
    int before = held();
    long recorded = 0;
    for (int i = 0; i < 50; i++) {
        pthread_t thread;
        must(pthread_create(&thread, NULL, leaving_enabled, &recorded) == 0, "pthread_create");
        pthread_join(thread, NULL);
    }
    fact("left: recorded", recorded);
    int left = 1;
    for (int i = 0; i < 200 && left; i++, usleep(10000))
        left = held() != before;
    fact("left: held", left);
}

static void numbers(void)
{
    area_t area;
    int fd = new_kcov(WORDS, &area);
    static const int to[] = {0, 215, 300};
    for (int i = 0; i < 3; i++) {
        char name[32];
        int was = fd;
        snprintf(name, sizeof name, "dup2 %d", to[i]);
        result(name, fd = dup2(was, to[i]));
        snprintf(name, sizeof name, "enable %d", to[i]);
        result(name, enable(fd));
        snprintf(name, sizeof name, "enable the other of %d", to[i]);
        result(name, enable(was));
        close(was);
        area[0] = 0;
        one();
        snprintf(name, sizeof name, "records %d", to[i]);
        fact(name, (long)area[0]);
        snprintf(name, sizeof name, "disable %d", to[i]);
        result(name, disable(fd));
    }
    int high = fcntl(fd, F_DUPFD, 700);
    result("F_DUPFD", high);
    close(fd);
    result("enable 700", enable(high));
    result("map 700", map_words(high, WORDS) != NULL);
    result("disable 700", disable(high));
    int copy = fcntl(high, F_DUPFD_CLOEXEC, 10);
    fact("copy closes on exec", fcntl(copy, F_GETFD));
    result("flags", fcntl(copy, F_GETFL) & O_ACCMODE);
    close(copy), close(high);
    int first = open_device(), closing = open(DEVICE, O_RDWR | O_CLOEXEC);
    fact("open inherits", fcntl(first, F_GETFD));
    fact("O_CLOEXEC", fcntl(closing, F_GETFD));
    close(first), close(closing);
}

static int send_fd(int to, int fd)
{
    char byte = 'x', control[CMSG_SPACE(sizeof fd)] = {0};
    struct iovec data = {&byte, 1};
    struct msghdr message = {.msg_iov = &data, .msg_iovlen = 1, .msg_control = control,
                             .msg_controllen = sizeof control};
    struct cmsghdr *head = CMSG_FIRSTHDR(&message);
    head->cmsg_level = SOL_SOCKET, head->cmsg_type = SCM_RIGHTS;
    head->cmsg_len = CMSG_LEN(sizeof fd);
    memcpy(CMSG_DATA(head), &fd, sizeof fd);
    return sendmsg(to, &message, 0) == 1;
}

static int receive_fd(int from)
{
    char byte, control[CMSG_SPACE(sizeof(int))];
    struct iovec data = {&byte, 1};
    struct msghdr message = {.msg_iov = &data, .msg_iovlen = 1, .msg_control = control,
                             .msg_controllen = sizeof control};
    int fd = -1;
    must(recvmsg(from, &message, 0) == 1, "recvmsg");
    memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof fd);
    return fd;
}

static void sending(void)
{
    int pair[2];
    char byte;
    must(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0, "socketpair");
    pid_t pid = fork();
    if (pid == 0) { /* this process never opened it */
        int fd = receive_fd(pair[1]);
        area_t area = map_words(fd, WORDS);
        fact("sent: records seen", (long)area[0]);
        result("sent: busy", enable(fd));
        must(write(pair[1], "x", 1) == 1 && read(pair[1], &byte, 1) == 1, "turn");
        area[0] = 0;
        result("sent: enable", enable(fd));
        one();
        _exit(0);
    }
    area_t area;
    int fd = new_kcov(WORDS, &area);
    must(enable(fd) == 0, "ENABLE");
    one();
    one();
    must(send_fd(pair[0], fd) && read(pair[0], &byte, 1) == 1, "turn");
    must(disable(fd) == 0, "DISABLE");
    must(write(pair[0], "x", 1) == 1, "turn");
    fact("sent: ended", wait_for(pid));
    fact("sent: its records", (long)area[0]);
    result("sent: enable here", enable(fd));
    close(fd); /* in a message only */
    fd = new_kcov(WORDS, &area);
    must(disable(fd) == -1, "DISABLE");
    must(send_fd(pair[0], fd), "sendmsg");
    close(fd);
    usleep(20000);
    fd = receive_fd(pair[1]);
    result("in flight: busy", enable(fd));
    result("in flight: map", mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 0) != MAP_FAILED);
}

static void proc(void)
{
    char line[512], expected[32], path[64];
    area_t area;
    int fd = new_kcov(WORDS, &area), found = 0;
    snprintf(expected, sizeof expected, "kcov:%d", (int)syscall(SYS_gettid));
    FILE *maps = fopen("/proc/self/maps", "r");
    while (fgets(line, sizeof line, maps) != NULL)
        found += strtoul(line, NULL, 16) == (unsigned long)area && strstr(line, expected) != NULL;
    fclose(maps);
    fact("maps", found);
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    ssize_t size = readlink(path, line, sizeof line - 1);
    line[size > 0 ? size : 0] = 0;
    fact("readlink", strcmp(line, DEVICE) == 0);
    snprintf(path, sizeof path, "/proc/%d/fd/%d", getpid(), fd);
    must(enable(fd) == 0, "ENABLE");
    int again = open(path, O_RDWR);
    result("reopened: enable", enable(again));
    result("reopened: init", ioctl(again, INIT_TRACE, 2 * WORDS));
    result("reopened: disable", disable(again));
    area_t own = map_words(again, 2 * WORDS);
    area[0] = 0;
    one();
    fact("reopened: records", (long)own[0]);
    fact("reopened: the first's", (long)area[0]);
    must(disable(fd) == 0 && enable(again) == 0, "ENABLE");
    one();
    fact("reopened: records then", (long)own[0]);
    disable(again);
    close(fd), close(again);
}

int main(int argc, char **argv)
{
    if (argc > 1) {
        result("executed: fcntl", fcntl(atoi(argv[1]), F_GETFD));
        int fd = open_device();
        must(ioctl(fd, INIT_TRACE, WORDS) == 0, "INIT_TRACE");
        result("executed: enable", enable(fd)); /* it records into what was closed */
        return 0;
    }
    pthread_t thread;
    releasing();
    must(pthread_create(&thread, NULL, closing_thread, NULL) == 0, "pthread_create");
    pthread_join(thread, NULL);
    proc();
    numbers();
    sending();
    int closes = open(DEVICE, O_RDWR | O_CLOEXEC);
    char number[16];
    snprintf(number, sizeof number, "%d", closes);
    execl("/proc/self/exe", "fds", number, (char *)NULL);
    return 98;
}
