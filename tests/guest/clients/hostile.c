/* hostile SEED STEPS PROCESSES: a guest that does to the device, and to the kernel, what it can think of.
 *
 * PROCESSES processes make STEPS random steps in all. Beside them a bystander traces one and the same
 * call over and over, and compares. Ends with 0; 3 after an errno that the device does not have; 4 when
 * the bystander saw a foreign or missing record. Prints the steps made.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define DEVICE "/sys/kernel/debug/kcov"
#define KCOV_INIT_TRACE _IOR('c', 1, unsigned long)
#define KCOV_ENABLE _IO('c', 100)
#define KCOV_DISABLE _IO('c', 101)
#define KCOV_REMOTE_ENABLE _IOW('c', 102, char[24])
#define KCOV_UNIQUE_ENABLE _IOW('c', 103, unsigned long)
#define KCOV_RESET_TRACE _IO('c', 104)

static struct shared {
    atomic_long steps;
    long limit;
    atomic_int over, failed;
} *shared;

static __thread uint64_t state;

static uint64_t draw(void)
{
    state ^= state << 13, state ^= state >> 7, state ^= state << 17;
    return state;
}

static uint64_t below(uint64_t n) { return draw() % n; }

/* A buffer that comes and goes: other threads map it and unmap it. It lies between two pages that are
 * never there, so that nothing else gets its place. */
static unsigned char *page;

static void map_page(int prot)
{
    mmap(page, 4096, prot, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
}

static int fds[64];
static struct map { unsigned long *words; size_t size; } maps[8];

static uint64_t word(void)
{
    static const uint64_t known[] = {0, 1, 2, 3, 63, 64, 512, 4096, INT32_MAX / 8, INT32_MAX / 8 + 1,
                                     INT32_MAX, UINT32_MAX, INT64_MAX, UINT64_MAX};
    switch (below(4)) {
    case 0: return draw();
    case 1: return (uint64_t)page + below(3 * 4096) - 4096;
    default: return known[below(sizeof known / sizeof *known)];
    }
}

static int some_fd(void)
{
    return below(8) ? fds[below(64)] : (int)below(1200) - 100;
}

static int known_errno(int error)
{
    static const int known[] = {EINVAL, EBUSY, ENOTTY, ENOMEM, EFAULT, EBADF, EEXIST, 524};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (error == known[i])
            return 1;
    return 0;
}

static int is_kcov(int fd)
{
    char path[64], target[64];
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    ssize_t size = readlink(path, target, sizeof target - 1);
    return size == sizeof DEVICE - 1 && memcmp(target, DEVICE, (size_t)size) == 0;
}

static void step_ioctl(void)
{
    static const unsigned long requests[] = {
        KCOV_INIT_TRACE, KCOV_INIT_TRACE, KCOV_ENABLE, KCOV_ENABLE, KCOV_DISABLE, KCOV_DISABLE,
        KCOV_REMOTE_ENABLE, KCOV_UNIQUE_ENABLE, KCOV_RESET_TRACE, 0x80046301};
    int fd = some_fd();
    unsigned long request = below(10) ? requests[below(10)] : 0x6300 | (draw() & 0xffffffff00ff);
    uint64_t arg = request == KCOV_INIT_TRACE && below(2) ? 512 * (1 + below(4)) : word();
    if (request == KCOV_DISABLE && below(2))
        arg = 0;
    if (request == KCOV_ENABLE && below(2))
        arg = 0;
    if (ioctl(fd, request, arg) < 0 && !known_errno(errno) && (errno != EPERM || is_kcov(fd))) {
        fprintf(stderr, "ioctl(%d, %#lx, %#lx): errno %d\n", fd, request, (long)arg, errno);
        shared->failed = 3;
    }
}

static void step_map(void)
{
    struct map *map = &maps[below(8)];
    if (map->words != NULL) {
        munmap(map->words, map->size);
        map->words = NULL;
        return;
    }
    size_t size = below(8) ? 4096 * (1 + below(4)) : word();
    int flags = below(4) ? MAP_SHARED : MAP_PRIVATE;
    void *words = mmap(NULL, size, PROT_READ | (below(4) ? PROT_WRITE : 0), flags,
                       some_fd(), below(8) ? 0 : word());
    if (words == MAP_FAILED)
        return;
    map->words = words, map->size = size;
}

/* Writing is left to write(2), by the kernel: a page may not be there, or not be writable. */
static int devnull, zero[2];

static void step_scribble(void)
{
    struct map *map = &maps[below(8)];
    uint64_t value = word();
    if (map->words == NULL)
        return;
    size_t at = below(3) ? 0 : below(map->size / 8 + 1);
    if (write(zero[1], &value, 8) == 8 && read(zero[0], map->words + at, 8) != 8) {
        char drop[8];
        (void)!read(zero[0], drop, 8);
    }
}

static void step_call(void)
{
    static const int calls[] = {
        SYS_openat, SYS_open, SYS_creat, SYS_newfstatat, SYS_stat, SYS_lstat, SYS_fstat, SYS_statx,
        SYS_readlink, SYS_readlinkat, SYS_access, SYS_faccessat, SYS_getdents64, SYS_utimensat,
        SYS_getpid, SYS_read, SYS_sethostname, SYS_pause, SYS_lseek, SYS_pread64, SYS_epoll_ctl,
        SYS_openat2, SYS_getcwd, SYS_fchmod, SYS_fchown, SYS_lgetxattr, SYS_llistxattr};
    int call = calls[below(sizeof calls / sizeof *calls)];
    if (call == SYS_pause && below(50))
        call = SYS_getpid;
    uint64_t first = call == SYS_sethostname ? (uint64_t)page : below(2) ? (uint64_t)some_fd() : word();
    if (call == SYS_read && first < 3)
        return;
    /* Names that exist on the host must come to no harm: nothing here changes a file by its name. */
    syscall(call, first, word(), word() & ~0x442UL, word() & 0x1ff, word(), word());
}

static void step_descriptor(void)
{
    int fd = fds[below(64)];
    switch (below(9)) {
    case 0: case 1: case 2: {
        int *slot = &fds[below(64)];
        if (*slot > 2)
            close(*slot);
        *slot = open(DEVICE, below(4) ? O_RDWR : (int)below(4) | (below(2) ? O_CLOEXEC : 0));
        break;
    }
    case 3: close(fd > 2 ? fd : -1); break;
    case 4: fcntl(fd, F_ADD_SEALS, below(64)); break;
    case 5: (void)!ftruncate(fd > 2 ? fd : -1, (off_t)below(1 << 20)); break;
    case 6: (void)!write(fd > 2 ? fd : devnull, "hello", 5); break;
    case 7: fallocate(fd > 2 ? fd : -1, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, 4096); break;
    case 8: {
        int *slot = &fds[below(64)];
        if (*slot > 2)
            close(*slot);
        *slot = fcntl(fd, F_DUPFD, 3 + below(800));
        break;
    }
    }
}

static void *thread(void *seed)
{
    state = (uint64_t)seed | 1;
    for (int i = 0; i < 30; i++)
        switch (below(5)) {
        case 0: map_page(PROT_READ | PROT_WRITE); break;
        case 1: map_page(PROT_NONE); break;
        case 2: close(fds[below(64)] > 2 ? fds[below(64)] : -1); break;
        default: step_ioctl();
        }
    return NULL;
}

static void one_step(void);

static void step_family(void)
{
    pthread_t id;
    if (below(3)) {
        if (pthread_create(&id, NULL, thread, (void *)draw()) == 0) {
            step_ioctl();
            pthread_join(id, NULL);
        }
        return;
    }
    pid_t pid = fork();
    if (pid == 0) {
        state ^= 0x9e3779b97f4a7c15;
        for (int i = 0; i < 100; i++)
            one_step();
        if (below(2))
            syscall(SYS_pause);
        _exit(0);
    }
    if (pid > 0) {
        usleep(below(2000));
        kill(pid, SIGKILL);
        waitpid(pid, NULL, 0);
    }
}

static void one_step(void)
{
    switch (below(100)) {
    case 0: step_family(); break;
    case 1 ... 40: step_ioctl(); break;
    case 41 ... 50: step_map(); break;
    case 51 ... 70: step_scribble(); break;
    case 71 ... 85: step_call(); break;
    default: step_descriptor();
    }
}

static void hostile(uint64_t seed)
{
    state = seed * 0x9e3779b97f4a7c15 | 1;
    page = mmap(NULL, 3 * 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) + 4096;
    map_page(PROT_READ | PROT_WRITE);
    memset(fds, -1, sizeof fds);
    signal(SIGPIPE, SIG_IGN);
    (void)!pipe(zero);
    fcntl(zero[0], F_SETFL, O_NONBLOCK);
    devnull = open("/dev/null", O_WRONLY);
    while (!shared->failed && atomic_fetch_add(&shared->steps, 1) < shared->limit)
        one_step();
    _exit(0);
}

static int traced(unsigned long *area, unsigned long *trace)
{
    __atomic_store_n(area, 0, __ATOMIC_RELAXED);
    syscall(SYS_getppid);
    int count = (int)__atomic_load_n(area, __ATOMIC_RELAXED);
    memcpy(trace, area + 1, (count < 100 ? count : 100) * sizeof *trace);
    return count;
}

static void bystander(void)
{
    unsigned long first[100], again[100];
    int fd = open(DEVICE, O_RDWR);
    if (fd < 0 || ioctl(fd, KCOV_INIT_TRACE, 1024))
        _exit(5);
    unsigned long *area = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    long rounds = 0;
    int count = 0;
    while (!shared->over && !shared->failed) {
        if (ioctl(fd, KCOV_ENABLE, 0))
            shared->failed = 5;
        if (rounds == 0)
            count = traced(area, first);
        for (int i = 0; i < 20; i++, rounds++)
            if (traced(area, again) != count || memcmp(first, again, count * sizeof *first))
                shared->failed = 4;
        if (ioctl(fd, KCOV_DISABLE, 0))
            shared->failed = 5;
    }
    fprintf(stderr, "bystander: %ld calls of %d records\n", rounds, count);
    _exit(count > 0 ? 0 : 5);
}

int main(int argc, char **argv)
{
    if (argc != 4)
        return 2;
    int processes = atoi(argv[3]);
    shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    shared->limit = atol(argv[2]);
    pid_t watcher = fork();
    if (watcher == 0)
        bystander();
    for (int i = 0; i < processes; i++)
        if (fork() == 0)
            hostile((uint64_t)atol(argv[1]) + (uint64_t)i);
    for (int status, left = processes; left > 0;)
        if (wait(&status) != watcher) {
            left--;
            if (status != 0)
                fprintf(stderr, "a hostile process ended with %#x\n", status);
        }
    shared->over = 1;
    int status = 0;
    waitpid(watcher, &status, 0);
    printf("%ld steps\n", shared->limit);
    return shared->failed ? shared->failed : status ? 5 : 0;
}
