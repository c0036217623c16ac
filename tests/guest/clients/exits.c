/* An owner that ends in one way, many times: when its end is seen its descriptor can be enabled. */
#include "client.h"

static int fd;
static area_t area;

static void *enabling(void *arg)
{
    must(enable(fd) == 0, "ENABLE");
    one();
    if (arg != NULL) {
        must(write(*(int *)arg, "x", 1) == 1, "write");
        for (;;)
            sleep(1);
    }
    return NULL;
}

static void *enabling_then_exit(void *arg)
{
    enabling(NULL);
    pthread_exit(arg);
}

/* What a forked child does; returns from main() where it returns. */
static void child(const char *way, int said)
{
    pthread_t other;
    if (strcmp(way, "threads") == 0) {
        must(pthread_create(&other, NULL, enabling, &said) == 0, "pthread_create");
        sleep(1);
    }
    if (strcmp(way, "exit_group") == 0) {
        int own[2];
        char byte;
        must(pipe(own) == 0, "pipe");
        must(pthread_create(&other, NULL, enabling, &own[1]) == 0, "pthread_create");
        must(read(own[0], &byte, 1) == 1, "read");
        syscall(SYS_exit_group, 0);
    }
    must(enable(fd) == 0, "ENABLE");
    one();
    if (strcmp(way, "exit") == 0)
        exit(0);
    else if (strcmp(way, "_exit") == 0)
        _exit(0);
    else if (strcmp(way, "exit of the leader") == 0)
        syscall(SYS_exit, 0);
    else if (strcmp(way, "pthread_exit of the leader") == 0)
        pthread_exit(NULL);
    else if (strcmp(way, "SIGKILL") == 0)
        kill(getpid(), SIGKILL);
    else if (strcmp(way, "SIGSEGV") == 0)
        *(volatile int *)8 = 1;
    else if (strcmp(way, "SIGABRT") == 0)
        abort();
    else if (strcmp(way, "killed") == 0) {
        must(write(said, "x", 1) == 1, "write");
        for (;;)
            sleep(1);
    } else if (strcmp(way, "killed in calls") == 0) {
        must(write(said, "x", 1) == 1, "write");
        for (;;)
            work(~0L);
    } else if (strcmp(way, "killed in a wait") == 0) {
        must(write(said, "x", 1) == 1, "write");
        syscall(SYS_pause);
    } else if (strcmp(way, "killed in a long call") == 0) {
        must(write(said, "x", 1) == 1, "write");
        syscall(SYS_getitimer, 30);
    }
}

int main(int argc, char **argv)
{
    const char *way = argv[1];
    int times = argc > 2 ? atoi(argv[2]) : 200, busy = 0, odd = 0, wrong = 0, expected = 0;
    fd = new_kcov(WORDS, &area);
    for (int i = 0; i < times; i++) {
        area[0] = 0;
        if (strncmp(way, "thread ", 7) == 0) {
            pthread_t other;
            void *(*run)(void *) = strcmp(way, "thread returns") == 0 ? enabling : enabling_then_exit;
            must(pthread_create(&other, NULL, run, NULL) == 0, "pthread_create");
            must(pthread_join(other, NULL) == 0, "pthread_join");
        } else {
            int ends[2];
            char byte;
            must(pipe(ends) == 0, "pipe");
            pid_t pid = fork();
            if (pid == 0) {
                close(ends[0]);
                child(way, ends[1]);
                return 0;
            }
            close(ends[1]);
            if (strncmp(way, "killed", 6) == 0 || strcmp(way, "threads") == 0) {
                must(read(ends[0], &byte, 1) == 1, "read");
                if (i % 3 == 2)
                    usleep(500);
                kill(pid, SIGKILL);
            }
            if (i % 2) { /* every other time its end is seen at the pipe */
                odd += read(ends[0], &byte, 1) != 0;
                busy += enable(fd) != 0;
                disable(fd);
                expected = wait_for(pid);
            } else {
                expected = wait_for(pid);
                busy += enable(fd) != 0;
                disable(fd);
            }
            close(ends[0]);
        }
        if (strncmp(way, "thread ", 7) == 0) {
            busy += enable(fd) != 0;
            disable(fd);
        }
        wrong += area[0] < 1;
    }
    fact("busy", busy);
    fact("odd", odd);
    fact("without a record", wrong);
    fact("status", expected & 0x7f);
    return 0;
}
