/* calls [allow] WHAT TIMES: prints the nanoseconds that one takes.
 *
 * WHAT is the number of a system call, or "compute", a loop without any. allow: with a filter that
 * allows everything.
 */
#define _GNU_SOURCE
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1e9 + t.tv_nsec;
}

static int allow_all(void)
{
    struct sock_filter code[] = {{BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW}};
    struct sock_fprog program = {1, code};
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_SPEC_ALLOW, &program);
}

int main(int argc, char **argv)
{
    int allow = argc > 1 && strcmp(argv[1], "allow") == 0;
    if (argc != 3 + allow || (allow && allow_all()))
        return 2;
    const char *what = argv[1 + allow];
    long times = atol(argv[2 + allow]), number = atol(what);
    volatile unsigned long sum = 0;
    for (int i = 0; i < 100; i++)
        syscall(number);
    double start = now();
    if (strcmp(what, "compute") == 0)
        for (long i = 0; i < times; i++)
            sum = sum * 31 + (unsigned long)i;
    else
        for (long i = 0; i < times; i++)
            syscall(number);
    printf("%.3f\n", (now() - start) / times);
    return 0;
}
