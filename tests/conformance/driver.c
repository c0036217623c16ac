/* The program that the conformance tests run as a guest. Each of its threads takes orders from a
 * connection of its own, one at a time, and answers: guest.py has the other end.
 *
 * argv[1]: the path of a listening Unix socket, to which each thread connects and says its number.
 * argv[2]: a program that makes no system call that is trapped.
 * Orders are carried out by bare system calls, as a thread that clone() made has no libc of its own.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

enum kind { CALL, LOAD, STORE, THREAD, JOIN, FORK, RETURN, EXEC, RUN_ON, RELAY };

/* CALL: number and arguments; where a bit of `pointers` is set the argument is an offset into data.
 * LOAD: address, count. STORE: address, word. THREAD: 1 for one by clone(). JOIN: what THREAD said.
 * EXEC: 0 for this program, 1 for the one named by argv[2], which does nothing. RUN_ON: no answer.
 * RELAY: descriptor, how often, whether by processes. */
struct order {
    uint64_t kind, pointers, args[7];
    char data[512];
};

struct answer {
    int64_t result;
    char data[512];
};

struct thread {
    int native;
    volatile int alive; /* of a native thread: Linux sets it to 0 and wakes who waits */
    pthread_t handle;
    char *stack;
};

enum { STACK = 1 << 16, KCOV_ENABLE = 0x6364, KCOV_DISABLE };

static struct sockaddr_un tests;
static char *idle;

static long call6(long number, uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e, uint64_t f)
{
    register uint64_t r10 __asm__("r10") = d, r8 __asm__("r8") = e, r9 __asm__("r9") = f;
    long result;
    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
                     : "rcx", "r11", "memory");
    return result;
}

static void quit(int code)
{
    for (;;)
        call6(SYS_exit_group, (uint64_t)code, 0, 0, 0, 0, 0);
}

static void put(int fd, const void *data, size_t size)
{
    for (size_t done = 0; done < size;) {
        long count = call6(SYS_sendto, (uint64_t)fd, (uint64_t)data + done, size - done,
                           MSG_NOSIGNAL, 0, 0);
        if (count <= 0)
            quit(3);
        done += (size_t)count;
    }
}

static int dial(void)
{
    int fd = (int)call6(SYS_socket, AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, 0, 0, 0);
    int32_t tid = (int32_t)call6(SYS_gettid, 0, 0, 0, 0, 0, 0);
    if (fd < 0 || call6(SYS_connect, (uint64_t)fd, (uint64_t)&tests, sizeof tests, 0, 0, 0) < 0)
        quit(2);
    put(fd, &tid, sizeof tid);
    return fd;
}

static void serve(int fd);

static void *pthread_main(void *ignored)
{
    serve(dial());
    return ignored;
}

static int clone_main(void *ignored)
{
    (void)ignored;
    serve(dial());
    return 0;
}

static int64_t start_thread(int native)
{
    struct thread *thread = calloc(1, sizeof *thread);
    if (thread == NULL)
        return -12;
    thread->native = native;
    if (!native) {
        int error = pthread_create(&thread->handle, NULL, pthread_main, NULL);
        return error ? -error : (int64_t)thread;
    }
    thread->stack = mmap(NULL, STACK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    thread->alive = 1;
    int flags = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM
                | CLONE_CHILD_CLEARTID;
    int tid = clone(clone_main, thread->stack + STACK, flags, NULL, NULL, NULL, &thread->alive);
    return tid < 0 ? -11 : (int64_t)thread;
}

static int64_t join_thread(struct thread *thread)
{
    int error = 0;
    if (!thread->native)
        error = pthread_join(thread->handle, NULL);
    else {
        while (thread->alive)
            call6(SYS_futex, (uint64_t)&thread->alive, 0 /* FUTEX_WAIT */, 1, 0, 0, 0);
        munmap(thread->stack, STACK);
    }
    free(thread);
    return -error;
}

static int64_t execute(const char *path)
{
    char *argv[] = {"driver", tests.sun_path, idle, NULL};
    return call6(SYS_execve, (uint64_t)path, (uint64_t)argv, (uint64_t)environ, 0, 0, 0);
}

static long ask_kcov(uint64_t fd, uint64_t request)
{
    return call6(SYS_ioctl, fd, request, 0, 0, 0, 0);
}

static void *record(void *fd)
{
    long result = ask_kcov((uint64_t)fd, KCOV_ENABLE);
    call6(SYS_getppid, 0, 0, 0, 0, 0, 0);
    return (void *)result;
}

/* A child enables the descriptor and ends. Who has waited for it may enable it, at once. */
static int64_t relay(uint64_t fd, uint64_t times, int processes)
{
    int64_t result = 0;
    for (uint64_t i = 0; i < times && result == 0; i++) {
        pthread_t thread;
        void *failed = NULL;
        int status = 0;
        long pid = processes ? fork() : 0;
        if (processes && pid == 0)
            quit(record((void *)fd) != NULL);
        if (processes)
            call6(SYS_wait4, (uint64_t)pid, (uint64_t)&status, 0, 0, 0, 0);
        else if (pthread_create(&thread, NULL, record, (void *)fd) == 0)
            pthread_join(thread, &failed);
        result = failed != NULL || status != 0 ? -71 /* EPROTO: the child could not */
                                               : ask_kcov(fd, KCOV_ENABLE);
        if (result == 0)
            result = ask_kcov(fd, KCOV_DISABLE);
    }
    return result;
}

static int64_t make_call(struct order *order)
{
    uint64_t *args = order->args;
    for (int i = 0; i < 7; i++)
        if (order->pointers >> i & 1)
            args[i] += (uint64_t)order->data;
    return call6((long)args[0], args[1], args[2], args[3], args[4], args[5], args[6]);
}

static void serve(int fd)
{
    struct order order;
    struct answer answer;
    for (;;) {
        long count = call6(SYS_recvfrom, (uint64_t)fd, (uint64_t)&order, sizeof order, MSG_WAITALL, 0, 0);
        if (count != (long)sizeof order)
            quit(4);
        switch ((enum kind)order.kind) {
        case CALL:
            answer.result = make_call(&order);
            break;
        case LOAD:
            answer.result = 0;
            break;
        case STORE:
            *(volatile uint64_t *)order.args[0] = order.args[1];
            answer.result = 0;
            break;
        case THREAD:
            answer.result = start_thread((int)order.args[0]);
            break;
        case JOIN:
            answer.result = join_thread((struct thread *)order.args[0]);
            break;
        case FORK:
            answer.result = fork();
            if (answer.result == 0) {
                call6(SYS_close, (uint64_t)fd, 0, 0, 0, 0, 0);
                fd = dial();
                continue;
            }
            break;
        case EXEC:
            answer.result = execute(order.args[0] ? idle : "/proc/self/exe");
            break;
        case RUN_ON:
            for (;;)
                call6(SYS_getppid, 0, 0, 0, 0, 0, 0);
        case RELAY:
            answer.result = relay(order.args[0], order.args[1], (int)order.args[2]);
            break;
        case RETURN:
            call6(SYS_close, (uint64_t)fd, 0, 0, 0, 0, 0);
            return;
        }
        memcpy(answer.data, order.data, sizeof answer.data);
        put(fd, &answer, sizeof answer);
        if (order.kind == LOAD)
            put(fd, (const void *)order.args[0], order.args[1] * 8);
    }
}

int main(int argc, char **argv)
{
    if (argc != 3 || strlen(argv[1]) >= sizeof tests.sun_path)
        return 2;
    tests.sun_family = AF_UNIX;
    strcpy(tests.sun_path, argv[1]);
    idle = argv[2];
    serve(dial());
    return 0;
}
