/* execve by the leader and by another thread: who is recorded moves with it. */
#include "client.h"

static const char *about;

static void named(const char *what, long value, void (*print)(const char *, long))
{
    int error = errno;
    char name[80];
    snprintf(name, sizeof name, "%s: %s", about, what);
    errno = error;
    print(name, value);
}

/* What this file says when it is executed: argv is {"execs", what, descriptor, descriptor}. */
static int executed(char **argv)
{
    int a = atoi(argv[2]), b = atoi(argv[3]);
    if (strcmp(argv[1], "maps") == 0) {
        area_t area = map_words(a, WORDS);
        area[0] = 0;
        one();
        fact("maps: records", (long)area[0]);
        result("maps: enable", enable(a));
        result("maps: disable", disable(a));
        one();
        fact("maps: then", (long)area[0]);
        result("maps: enable anew", enable(a));
        one();
        fact("maps: anew", (long)area[0]);
    } else if (strcmp(argv[1], "blind") == 0) {
        result("blind: fcntl", fcntl(a, F_GETFD));
        one();
    } else if (strcmp(argv[1], "thread") == 0 || strcmp(argv[1], "waiting") == 0) {
        area_t mine = map_words(a, WORDS), leaders = map_words(b, WORDS);
        mine[0] = leaders[0] = 0;
        one();
        about = argv[1];
        named("records", (long)mine[0], fact);
        named("leader's records", (long)leaders[0], fact);
        named("enable the leader's", enable(b), result);
        named("disable the leader's", disable(b), result);
        named("disable", disable(a), result);
        named("enable the leader's then", enable(b), result);
        named("disable the leader's then", disable(b), result);
    } else if (strcmp(argv[1], "other") == 0) {
        area_t area = map_words(a, WORDS);
        area[0] = 0;
        one();
        fact("other: records", (long)area[0]);
        result("other: enable", enable(a));
    } else if (strcmp(argv[1], "quick") == 0) {
        one();
        usleep(1000);
    }
    return 0;
}

static void execute(const char *what, int a, int b)
{
    char first[16], second[16];
    snprintf(first, sizeof first, "%d", a);
    snprintf(second, sizeof second, "%d", b);
    execl("/proc/self/exe", "execs", what, first, second, (char *)NULL);
    _exit(98);
}

static int fds[2];
static area_t areas[2];
static const char *thread_does;

static void *thread(void *arg)
{
    (void)arg;
    if (strcmp(thread_does, "other") != 0) {
        must(enable(fds[0]) == 0, "ENABLE");
        one();
    }
    execute(thread_does, fds[0], fds[1]);
    return NULL;
}

static void by_leader(void)
{
    pid_t pid = fork();
    if (pid == 0) {
        must(enable(fds[0]) == 0, "ENABLE");
        result("failed execve", execl("/nowhere", "x", (char *)NULL));
        areas[0][0] = 0;
        one();
        fact("failed execve: records", (long)areas[0][0]);
        execute("maps", fds[0], 0);
    }
    fact("leader: ended", wait_for(pid));
    fact("leader: seen", (long)areas[0][0]);
    result("leader: enable", enable(fds[0]));
    result("leader: disable", disable(fds[0]));

    /* Only the parent has it mapped, and the new program has no descriptor. */
    areas[0][0] = 0;
    pid = fork();
    if (pid == 0) {
        must(enable(fds[0]) == 0 && fcntl(fds[0], F_SETFD, FD_CLOEXEC) == 0, "ENABLE");
        execute("blind", fds[0], 0);
    }
    fact("blind: ended", wait_for(pid));
    fact("blind: records", (long)areas[0][0]);
    result("blind: enable", enable(fds[0]));
    result("blind: disable", disable(fds[0]));
}

/* The leader owns the second, another thread the first or none, and executes. */
static void by_thread(const char *what)
{
    pid_t pid = fork();
    thread_does = what;
    if (pid == 0) {
        pthread_t other;
        int own = strcmp(what, "other") != 0;
        must(enable(fds[own]) == 0, "ENABLE");
        must(pthread_create(&other, NULL, thread, NULL) == 0, "pthread_create");
        if (strcmp(what, "waiting") == 0)
            syscall(SYS_pause); /* the kernel's */
        for (;;)
            sleep(1);
    }
    about = what;
    named("ended", wait_for(pid), fact);
}

static void *idle(void *arg)
{
    for (;;)
        usleep(1000);
    return arg;
}

/* A failing execve of a process with threads changes nothing. */
static void failing(void)
{
    pthread_t other;
    must(enable(fds[0]) == 0, "ENABLE");
    must(pthread_create(&other, NULL, idle, NULL) == 0, "pthread_create");
    int errors = 0;
    for (int i = 0; i < 200; i++) {
        areas[0][0] = 0;
        errors += execl("/nowhere", "x", (char *)NULL) != -1;
        one();
        errors += areas[0][0] != 1 || enable(fds[1]) != -1;
    }
    fact("failing: errors", errors);
    result("failing: disable", disable(fds[0]));
}

/* As soon as the new program is seen to run, the leader's can be had by another process. */
static void often(void)
{
    int busy = 0, lost = 0;
    thread_does = "thread";
    for (int i = 0; i < 60; i++) {
        areas[0][0] = 0;
        pid_t pid = fork();
        if (pid == 0) {
            pthread_t other;
            must(enable(fds[1]) == 0, "ENABLE");
            thread_does = "quick";
            must(pthread_create(&other, NULL, thread, NULL) == 0, "pthread_create");
            for (;;)
                sleep(1);
        }
        lost += wait_for(pid) != 0;
        busy += enable(fds[1]) != 0;
        disable(fds[1]);
    }
    fact("often: busy", busy);
    fact("often: failed", lost);
}

int main(int argc, char **argv)
{
    if (argc > 3)
        return executed(argv);
    fds[0] = new_kcov(WORDS, &areas[0]);
    fds[1] = new_kcov(WORDS, &areas[1]);
    by_leader();
    by_thread("thread");
    fact("thread: records of the area", (long)areas[0][0]);
    result("thread: enable at last", enable(fds[0]));
    disable(fds[0]);
    by_thread("waiting");
    by_thread("other");
    failing();
    often();
    return 0;
}
