/* A kcov client that knows nothing of pykcov: guest_client HOW HANDLE. Collects by KCOV_ENABLE or, with
 * a handle, by KCOV_REMOTE_ENABLE, in the way HOW; says "ready", waits for a line, and prints PCs. */
#include <errno.h>
#include <fcntl.h>
#include <linux/kcov.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define SIZE 4096

static int fd;
static unsigned long handle;

static void check(int failed, const char *what)
{
    if (failed) {
        printf("%s: %s\n", what, strerror(errno));
        exit(1);
    }
}

static int enable(void)
{
    if (handle == 0)
        return ioctl(fd, KCOV_ENABLE, KCOV_TRACE_PC);
    struct kcov_remote_arg *arg = calloc(1, sizeof *arg + 8);
    arg->trace_mode = KCOV_TRACE_PC;
    arg->area_size = SIZE;
    arg->num_handles = 1;
    arg->handles[0] = handle;
    int result = ioctl(fd, KCOV_REMOTE_ENABLE, arg);
    free(arg);
    return result;
}

static void *enabled(void *ignored)
{
    (void)ignored;
    check(enable(), "enable in a thread");
    return NULL;
}

int main(int argc, char **argv)
{
    const char *how = argv[1];
    handle = argc > 2 ? strtoul(argv[2], NULL, 0) : 0;
    setvbuf(stdout, NULL, _IOLBF, 0);
    fd = open("/sys/kernel/debug/kcov", O_RDWR);
    check(fd < 0, "open");
    check(ioctl(fd, KCOV_INIT_TRACE, SIZE), "INIT_TRACE");
    unsigned long *area = mmap(NULL, SIZE * 8, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    check(area == MAP_FAILED, "mmap");
    check(mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0) != MAP_FAILED, "mmap of a part");
    if (strcmp(how, "thread") == 0) { /* a thread that has enabled it ends: it can be enabled anew */
        pthread_t thread;
        check(pthread_create(&thread, NULL, enabled, NULL), "pthread_create");
        check(pthread_join(thread, NULL), "pthread_join");
    }
    if (strcmp(how, "child") == 0) { /* and so if it was a process */
        pid_t pid = fork();
        if (pid == 0) {
            enabled(NULL);
            raise(9);
        }
        check(waitpid(pid, NULL, 0) != pid, "waitpid");
    }
    check(enable(), "enable");
    check(enable() != -1 || errno != EINVAL, "enable twice");
    puts("ready");
    char line[16];
    while (fgets(line, sizeof line, stdin) != NULL) {
        unsigned long n = __atomic_load_n(&area[0], __ATOMIC_ACQUIRE);
        for (unsigned long i = 0; i < n; i++)
            printf("0x%lx ", area[i + 1]);
        __atomic_store_n(&area[0], 0, __ATOMIC_RELAXED);
        puts(""); /* last: who has the line may have the service go on */
    }
    if (strcmp(how, "left") != 0)
        check(ioctl(fd, KCOV_DISABLE, 0), "DISABLE");
    return 0;
}
