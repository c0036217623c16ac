/* The functions of clients/c/pykcov.h under names that a shared library gives away. */
#include "pykcov.h"

#ifdef __cplusplus
#define EXPORT extern "C"
#else
#define EXPORT extern
#endif

EXPORT int c_open(const char *name, int blocks);
EXPORT int c_ioctl(int fd, uint32_t request, uint64_t arg, uint64_t task);
EXPORT int c_remote_enable(int fd, uint32_t size, const uint64_t *handles, size_t count,
                           uint64_t task);
EXPORT int c_remote_compare(int fd, uint32_t size, const uint64_t *handle, uint64_t task);
EXPORT uint64_t *c_mmap(int fd, uint64_t words);
EXPORT int64_t c_live(int fd);
EXPORT uint64_t c_handle(uint64_t number);
EXPORT uint64_t c_handle_of_string(const char *string);
EXPORT uint64_t c_handle_of(const char *string);
EXPORT uint64_t c_count(const uint64_t *area, uint64_t words);
EXPORT void c_reset(uint64_t *area);
EXPORT void c_clear(uint64_t *area, uint64_t words);
EXPORT uint64_t c_after(const uint64_t *area, uint64_t words);
EXPORT uint64_t c_sections(const uint64_t *area, uint64_t words, int what);
EXPORT int c_wait(int fd, const uint64_t *area, uint64_t words, int milliseconds);
EXPORT uint64_t c_bit(uint64_t pc);
EXPORT uint64_t c_number(int which);

int c_open(const char *name, int blocks)
{
    return pykcov_open(name, blocks);
}

int c_ioctl(int fd, uint32_t request, uint64_t arg, uint64_t task)
{
    return pykcov_ioctl(fd, request, arg, task);
}

int c_remote_enable(int fd, uint32_t size, const uint64_t *handles, size_t count, uint64_t task)
{
    return pykcov_remote_enable(fd, size, handles, count, task);
}

int c_remote_compare(int fd, uint32_t size, const uint64_t *handle, uint64_t task)
{
    return pykcov_remote_enable_mode(fd, 1, size, handle, 1, task);
}

uint64_t *c_mmap(int fd, uint64_t words)
{
    return pykcov_mmap(fd, words);
}

int64_t c_live(int fd)
{
    return pykcov_live(fd);
}

uint64_t c_handle(uint64_t number)
{
    return pykcov_handle(number);
}

uint64_t c_handle_of_string(const char *string)
{
    return pykcov_handle_of_string(string);
}

uint64_t c_handle_of(const char *string)
{
    return pykcov_handle_of(string);
}

uint64_t c_count(const uint64_t *area, uint64_t words)
{
    return pykcov_count(area, words);
}

void c_reset(uint64_t *area)
{
    pykcov_reset(area);
}

void c_clear(uint64_t *area, uint64_t words)
{
    pykcov_clear(area, words);
}

uint64_t c_after(const uint64_t *area, uint64_t words)
{
    return pykcov_after(area, words)[0];
}

uint64_t c_sections(const uint64_t *area, uint64_t words, int what)
{
    return pykcov_sections(area, words, what);
}

int c_wait(int fd, const uint64_t *area, uint64_t words, int milliseconds)
{
    return pykcov_wait(fd, area, words, milliseconds);
}

uint64_t c_bit(uint64_t pc)
{
    return pykcov_bit(pc);
}

/* In the order of NUMBERS in test_c_client.py. */
uint64_t c_number(int which)
{
    const uint64_t numbers[] = {
        KCOV_INIT_TRACE,    KCOV_ENABLE,      KCOV_DISABLE,
        KCOV_REMOTE_ENABLE, KCOV_UNIQUE_ENABLE, KCOV_RESET_TRACE,
        KCOV_REMOTE_MAX_HANDLES,
    };
    return numbers[which];
}
