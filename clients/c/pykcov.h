/* A client in C of a coverage device that another process shows: docs/protocol.md, in one file.
 *
 *      int fd = pykcov_open("name", 0);
 *      uint64_t handle = pykcov_handle(7), task = getpid();
 *      pykcov_ioctl(fd, KCOV_INIT_TRACE, words, task);
 *      uint64_t *area = pykcov_mmap(fd, words);
 *      pykcov_remote_enable(fd, words, &handle, 1, task);
 *      for (;;) {
 *          pykcov_clear(area, words);          a new generation: what began before is dropped
 *          ...                                 the service serves a request
 *          for (uint64_t n = pykcov_count(area, words), i = 1; i <= n; i++)
 *              printf("0x%" PRIx64 "\n", area[i]);
 *      }
 *
 * C99, or C++, on Linux, with GCC's atomic builtins; nothing to link. Under -std=c99 include it
 * before any other header, or define _DEFAULT_SOURCE; and behind <linux/kcov.h>, where you need
 * both.
 *
 * Functions that fail return -1, or NULL, and set errno: to what the device answered, as kcov on
 * Linux would, or to one of these:
 *
 *      ECONNRESET  the process that showed the device has gone, or has closed the connection
 *      EPROTO      what it sent is no reply; the descriptor is of no use any more
 *      ETIMEDOUT   it sent nothing for PYKCOV_PATIENCE seconds; likewise
 *
 *      EMFILE      the process that shows the device has no more files to give, or this one has none
 *
 * A descriptor is a socket: poll() says POLLHUP when the process at its other end has gone, and
 * close() is the end of its tasks. One thread at a time may make requests of one descriptor.
 * Reading and clearing the area are no requests, and need no descriptor.
 */
#ifndef PYKCOV_CLIENT_H
#define PYKCOV_CLIENT_H

#if defined __STRICT_ANSI__ && !defined _DEFAULT_SOURCE && !defined _GNU_SOURCE \
    && !defined _POSIX_C_SOURCE && !defined _XOPEN_SOURCE
#define _DEFAULT_SOURCE 1
#endif

#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/types.h>
#include <sys/un.h>
#include <unistd.h>

#if defined __GLIBC__ && !defined _POSIX_C_SOURCE
#error "include pykcov.h before any other header, or define _DEFAULT_SOURCE"
#endif

#ifndef PYKCOV_PATIENCE
#define PYKCOV_PATIENCE 10 /* seconds that a reply may take */
#endif

/* -- Linux's numbers: those of 64-bit machines, whatever this one is --------------------------- */

#ifndef KCOV_INIT_TRACE
#define KCOV_INIT_TRACE 0x80086301u /* argument: the area's words */
#endif
#ifndef KCOV_ENABLE
#define KCOV_ENABLE 0x6364u /* of threads: not over a socket */
#endif
#ifndef KCOV_DISABLE
#define KCOV_DISABLE 0x6365u
#endif
#ifndef KCOV_REMOTE_ENABLE
#define KCOV_REMOTE_ENABLE 0x40186366u /* pykcov_remote_enable() */
#endif
#ifndef KCOV_UNIQUE_ENABLE
#define KCOV_UNIQUE_ENABLE 0x40086367u
#endif
#ifndef KCOV_RESET_TRACE
#define KCOV_RESET_TRACE 0x6368u
#endif
#ifndef KCOV_REMOTE_MAX_HANDLES
#define KCOV_REMOTE_MAX_HANDLES 0x100
#endif
#ifndef KCOV_SUBSYSTEM_USB
#define KCOV_SUBSYSTEM_USB (UINT64_C(1) << 56)
#endif
#ifndef KCOV_SUBSYSTEM_PYKCOV
#define KCOV_SUBSYSTEM_PYKCOV (UINT64_C(0x70) << 56) /* sections in Python programs */
#endif

/* -- Handles ----------------------------------------------------------------------------------- */

/* The handle that a number stands for: of 1 .. 2^32-1 an instance of pykcov's own subsystem; a
 * larger one is a handle already. 0 is none, and stays 0, which the device refuses. */
static inline uint64_t pykcov_handle(uint64_t number)
{
    return number == 0 || number >> 32 != 0 ? number : KCOV_SUBSYSTEM_PYKCOV | number;
}

/* The handle that a string stands for: its instance is the CRC-32 of its bytes, which are UTF-8, or
 * 1 where that is 0. */
static inline uint64_t pykcov_handle_of_string(const char *string)
{
    uint32_t crc = UINT32_MAX;
    for (; *string != '\0'; string++) {
        crc ^= (unsigned char)*string;
        for (int bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ (crc & 1 ? UINT32_C(0xEDB88320) : 0);
    }
    crc = ~crc;
    return pykcov_handle(crc != 0 ? crc : 1);
}

/* The number that a string of digits stands for, or 0: also where it is no handle. */
static inline uint64_t pykcov_number_of_(const char *string)
{
    unsigned base = string[0] == '0' && (string[1] == 'x' || string[1] == 'X') ? 16 : 10;
    const char *digit = base == 16 ? string + 2 : string;
    uint64_t number = 0;
    for (; *digit != '\0'; digit++) {
        unsigned value = base;
        if (*digit >= '0' && *digit <= '9')
            value = (unsigned)(*digit - '0');
        else if (*digit >= 'a' && *digit <= 'f')
            value = (unsigned)(*digit - 'a') + 10;
        else if (*digit >= 'A' && *digit <= 'F')
            value = (unsigned)(*digit - 'A') + 10;
        if (value >= base || number > (UINT64_MAX - value) / base)
            return 0;
        number = number * base + value;
    }
    uint64_t subsystem = number & (UINT64_C(0xff) << 56);
    if (number >> 32 == 0)
        return number;
    if ((number & UINT64_C(0x00ffffff00000000)) != 0)
        return 0;
    return subsystem == KCOV_SUBSYSTEM_PYKCOV || subsystem == KCOV_SUBSYSTEM_USB ? number : 0;
}

/* The handle that a string stands for wherever a person gives one, in a header or on a command line:
 * of decimal digits, or 0x and hexadecimal ones, its number's, where that can be registered; of any
 * other pykcov_handle_of_string(). 0, which the device refuses, where the string is empty or longer
 * than 1024 characters. */
static inline uint64_t pykcov_handle_of(const char *string)
{
    size_t characters = 0;
    for (const char *byte = string; *byte != '\0'; byte++)
        characters += ((unsigned char)*byte & 0xC0) != 0x80; /* others go on with one, in UTF-8 */
    if (characters < 1 || characters > 1024)
        return 0;
    uint64_t number = pykcov_number_of_(string);
    return number != 0 ? pykcov_handle(number) : pykcov_handle_of_string(string);
}

/* -- Packets: what ends in _ is of this file only ---------------------------------------------- */

enum {
    PYKCOV_HELLO_ = 1,
    PYKCOV_IOCTL_ = 2,
    PYKCOV_MMAP_ = 3,
    PYKCOV_STATUS_ = 4,
    PYKCOV_OPEN_ = 9,
    PYKCOV_VERSION_ = 2,
    PYKCOV_CLIENT_ = 0,   /* kind of connection */
    PYKCOV_REQUEST_ = 40, /* bytes before a request's payload */
    PYKCOV_REPLY_ = 16,   /* bytes before a reply's payload */
    PYKCOV_LARGEST_ = 4096,
    PYKCOV_FDS_ = 4
};

static inline void pykcov_put_(unsigned char *to, uint64_t number, int bytes)
{
    for (int i = 0; i < bytes; i++)
        to[i] = (unsigned char)(number >> 8 * i);
}

static inline uint64_t pykcov_get_(const unsigned char *from, int bytes)
{
    uint64_t number = 0;
    for (int i = 0; i < bytes; i++)
        number |= (uint64_t)from[i] << 8 * i;
    return number;
}

/* The connection is of no use any more: a late reply must not be taken for the next one's. */
static inline int pykcov_broken_(int fd, int error)
{
    shutdown(fd, SHUT_RDWR);
    errno = error;
    return -1;
}

static inline int pykcov_failed_(int fd)
{
    if (errno == EAGAIN || errno == EWOULDBLOCK)
        return pykcov_broken_(fd, ETIMEDOUT);
    if (errno == EPIPE || errno == ECONNRESET)
        return pykcov_broken_(fd, ECONNRESET);
    return pykcov_broken_(fd, errno);
}

/* Put the descriptors of a message into fds, PYKCOV_FDS_ at most; returns how many. */
static inline int pykcov_descriptors_(struct msghdr *message, int *fds)
{
    int count = 0;
    for (struct cmsghdr *part = CMSG_FIRSTHDR(message); part != NULL;
         part = CMSG_NXTHDR(message, part)) {
        if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS)
            continue;
        size_t bytes = part->cmsg_len - CMSG_LEN(0);
        for (size_t at = 0; at + sizeof(int) <= bytes && count < PYKCOV_FDS_; at += sizeof(int))
            memcpy(&fds[count++], CMSG_DATA(part) + at, sizeof(int));
    }
    return count;
}

/* Send the packet of `size` bytes, fill in its head, and wait for its reply. *word: the reply's.
 * area: NULL, or where the one descriptor goes that has to come. Only HELLO's reply has a payload.
 * Returns 0, or -1 with errno. */
static inline int pykcov_request_(int fd, uint32_t type, uint64_t a, uint64_t b, uint64_t c,
                                  unsigned char *packet, size_t size, uint64_t *word, int *area)
{
    pykcov_put_(packet, UINT32_C(0x564F434B), 4);
    pykcov_put_(packet + 4, type, 2);
    pykcov_put_(packet + 6, 0, 2); /* tag: a reply is never late here */
    pykcov_put_(packet + 8, a, 8);
    pykcov_put_(packet + 16, b, 8);
    pykcov_put_(packet + 24, c, 8);
    pykcov_put_(packet + 32, 0, 8); /* the connection's first descriptor: it has only one */
    ssize_t sent;
    do
        sent = send(fd, packet, size, MSG_NOSIGNAL);
    while (sent < 0 && errno == EINTR);
    if (sent < 0 && !(type == PYKCOV_HELLO_ && errno == EPIPE))
        return pykcov_failed_(fd); /* where it refuses a connection, it says why, and closes */
    if (sent >= 0 && (size_t)sent != size)
        return pykcov_broken_(fd, EPROTO);

    unsigned char reply[PYKCOV_LARGEST_];
    union {
        struct cmsghdr aligned;
        unsigned char bytes[CMSG_SPACE(PYKCOV_FDS_ * sizeof(int))];
    } control;
    struct iovec piece;
    struct msghdr message;
    ssize_t got;
    int tries = type == PYKCOV_HELLO_ ? 2 : 1; /* an error comes before what was sent */
    do {
        memset(&message, 0, sizeof message);
        piece.iov_base = reply;
        piece.iov_len = sizeof reply;
        message.msg_iov = &piece;
        message.msg_iovlen = 1;
        message.msg_control = control.bytes;
        message.msg_controllen = sizeof control.bytes;
        got = recvmsg(fd, &message, MSG_CMSG_CLOEXEC);
    } while (got < 0 && (errno == EINTR || (errno == ECONNRESET && --tries > 0)));
    if (got < 0)
        return pykcov_failed_(fd);

    int fds[PYKCOV_FDS_];
    int count = pykcov_descriptors_(&message, fds);
    uint64_t error = got < PYKCOV_REPLY_ ? 0 : pykcov_get_(reply, 4);
    int wanted = area != NULL && error == 0 ? 1 : 0;
    int broken = 0;
    if (got == 0)
        broken = ECONNRESET;
    else if (got < PYKCOV_REPLY_ || (message.msg_flags & MSG_TRUNC) != 0 || error > 4095)
        broken = EPROTO;
    else if (got > PYKCOV_REPLY_ && type != PYKCOV_HELLO_)
        broken = EPROTO;
    else if ((message.msg_flags & MSG_CTRUNC) != 0 && count < wanted)
        error = EMFILE; /* this process can't have another descriptor */
    else if ((message.msg_flags & MSG_CTRUNC) != 0 || count != wanted)
        broken = EPROTO;
    if (broken != 0 || error != 0) {
        for (int i = 0; i < count; i++)
            close(fds[i]);
        if (broken != 0)
            return pykcov_broken_(fd, broken);
        errno = (int)error;
        return -1;
    }
    if (area != NULL)
        *area = fds[0];
    *word = pykcov_get_(reply + 8, 8);
    return 0;
}

/* Put the path of a device's socket in directory number `n` of those where devices are looked for
 * into `path`, of `size` bytes. Returns 0, or -1 with errno: ENOENT where there is no such directory. */
static inline int pykcov_path_in_(int n, const char *name, char *path, size_t size)
{
    const char *given = getenv("PYKCOV_DEVICES"), *runtime = getenv("XDG_RUNTIME_DIR");
    unsigned long user = (unsigned long)getuid();
    int is_given = given != NULL && *given != '\0', written = 0;
    if (is_given)
        written = n == 0 ? snprintf(path, size, "%s", given) : 0;
    else if (n == 0 && runtime != NULL)
        written = snprintf(path, size, "%s", runtime);
    else if (n == 1)
        written = snprintf(path, size, "/run/user/%lu", user);
    else if (n == 2)
        written = snprintf(path, size, "/tmp/pykcov-%lu", user);
    size_t end = written < 0 ? size : (size_t)written;
    struct stat seen;
    if (end > 0 && end < size && !is_given && n < 2) { /* of another user it is none of ours */
        if (stat(path, &seen) != 0 || seen.st_uid != getuid())
            end = 0;
        else
            end += (size_t)snprintf(path + end, size - end, "/pykcov");
    }
    if (end == 0 || end >= size) {
        errno = end == 0 ? ENOENT : ENAMETOOLONG;
        return -1;
    }
    /* lstat() follows a link that has a slash behind it. */
    while (end > 1 && (path[end - 1] == '/' || (path[end - 1] == '.' && path[end - 2] == '/')))
        path[--end] = '\0';
    if (lstat(path, &seen) != 0)
        return -1;
    if (!S_ISDIR(seen.st_mode) || (seen.st_mode & 077) != 0
        || (seen.st_uid != getuid() && !(is_given && getuid() == 0))) {
        errno = EPERM;
        return -1;
    }
    written = snprintf(path + end, size - end, "/%s.sock", name);
    if (written < 0 || (size_t)written >= size - end) {
        errno = ENAMETOOLONG;
        return -1;
    }
    return stat(path, &seen);
}

/* Put the path of a device's socket into `path`, of `size` bytes. It is looked for in $PYKCOV_DEVICES
 * alone, if that is set, or else in $XDG_RUNTIME_DIR/pykcov, /run/user/UID/pykcov and
 * /tmp/pykcov-UID. A directory must be this user's alone; root may name any user's by
 * PYKCOV_DEVICES. Returns 0, or -1 with errno. */
static inline int pykcov_path_(const char *name, char *path, size_t size)
{
    size_t length = strlen(name);
    if (length < 1 || length > 64 || name[0] == '.' || name[0] == '-'
        || strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-")
               != length) {
        errno = EINVAL;
        return -1;
    }
    int error = ENOENT;
    for (int n = 0; n < 3; n++) {
        if (pykcov_path_in_(n, name, path, size) == 0)
            return 0;
        if (error == ENOENT)
            error = errno;
    }
    errno = error;
    return -1;
}

/* -- The device -------------------------------------------------------------------------------- */

/* Open the device that a process of this user shows as `name`; blocks: for the recording mode "blocks",
 * else "trace". Returns a descriptor, or -1 with errno: ENOENT and ECONNREFUSED where there is no
 * such device, ENOENT also where nothing is instrumented, EINVAL for what can't be a name,
 * ENAMETOOLONG, EPERM where the directory is not this user's alone, EPROTONOSUPPORT where the
 * device speaks another version, EMFILE where its process has no more files to give. */
static inline int pykcov_open(const char *name, int blocks)
{
    struct sockaddr_un address;
    memset(&address, 0, sizeof address);
    address.sun_family = AF_UNIX;
    if (pykcov_path_(name, address.sun_path, sizeof address.sun_path) != 0)
        return -1;
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    struct timeval patience;
    memset(&patience, 0, sizeof patience);
    patience.tv_sec = PYKCOV_PATIENCE;
    int result = setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    if (result == 0)
        result = setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    if (result == 0) {
        do
            result = connect(fd, (const struct sockaddr *)&address, sizeof address);
        while (result != 0 && errno == EINTR);
        if (result != 0 && errno == EAGAIN)
            errno = ETIMEDOUT;
    }
    if (result == 0) {
        unsigned char packet[PYKCOV_REQUEST_];
        uint64_t process;
        result = pykcov_request_(fd, PYKCOV_HELLO_, PYKCOV_VERSION_, PYKCOV_CLIENT_, 0, packet,
                                 sizeof packet, &process, NULL);
        if (result == 0)
            result = pykcov_request_(fd, PYKCOV_OPEN_, blocks != 0, 0, 0, packet, sizeof packet,
                                     &process, NULL);
    }
    if (result == 0)
        return fd;
    int error = errno;
    close(fd);
    errno = error;
    return -1;
}

/* ioctl(fd, request, arg), of the task that has the number `task`: any number of the client's
 * choice. A task can have one descriptor enabled at a time. Returns 0, or -1 with errno. */
static inline int pykcov_ioctl(int fd, uint32_t request, uint64_t arg, uint64_t task)
{
    unsigned char packet[PYKCOV_REQUEST_];
    uint64_t word;
    return pykcov_request_(fd, PYKCOV_IOCTL_, request, arg, task, packet, sizeof packet, &word,
                           NULL);
}

/* KCOV_REMOTE_ENABLE: collect the sections of `count` handles, 256 at most, each of at most
 * `area_size` words, count included; mode: 0, KCOV_TRACE_PC, or 1, KCOV_TRACE_CMP, for what they
 * compare, in records of four words (docs/comparisons.md). Returns 0, or -1 with errno: EEXIST where somebody
 * collects one of them already, 524 where no comparison is instrumented. */
static inline int pykcov_remote_enable_mode(int fd, uint32_t mode, uint32_t area_size,
                                            const uint64_t *handles, size_t count, uint64_t task)
{
    enum { HEAD = 24 }; /* of struct kcov_remote_arg */
    unsigned char packet[PYKCOV_REQUEST_ + HEAD + 8 * KCOV_REMOTE_MAX_HANDLES];
    unsigned char *arg = packet + PYKCOV_REQUEST_;
    uint64_t word;
    if (count > KCOV_REMOTE_MAX_HANDLES) {
        errno = EINVAL;
        return -1;
    }
    memset(arg, 0, HEAD); /* there is no common handle */
    pykcov_put_(arg, mode, 4);
    pykcov_put_(arg + 4, area_size, 4);
    pykcov_put_(arg + 8, count, 4);
    for (size_t i = 0; i < count; i++)
        pykcov_put_(arg + HEAD + 8 * i, handles[i], 8);
    return pykcov_request_(fd, PYKCOV_IOCTL_, KCOV_REMOTE_ENABLE, 0, task, packet,
                           PYKCOV_REQUEST_ + HEAD + 8 * count, &word, NULL);
}

/* The same, of what they execute. */
static inline int pykcov_remote_enable(int fd, uint32_t area_size, const uint64_t *handles,
                                       size_t count, uint64_t task)
{
    return pykcov_remote_enable_mode(fd, 0, area_size, handles, count, task);
}

/* Bytes of a descriptor's memory whose area has so many words, or 0 where that can't be. */
static inline size_t pykcov_bytes_(uint64_t words)
{
    uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
    return words == 0 || words > (SIZE_MAX - page) / 16 ? 0 : (size_t)(16 * words + page);
}

/* Map the area, of as many words as KCOV_INIT_TRACE said, and these must be whole pages; and what is
 * behind it, which pykcov_clear() and the like read. Returns it, or NULL with errno. It can be read
 * when the other process has gone, until pykcov_munmap(). */
static inline uint64_t *pykcov_mmap(int fd, uint64_t words)
{
    unsigned char packet[PYKCOV_REQUEST_];
    uint64_t control;
    int memory;
    size_t size = pykcov_bytes_(words);
    if (size == 0) {
        errno = EINVAL;
        return NULL;
    }
    if (pykcov_request_(fd, PYKCOV_MMAP_, words * 8, 0, 0, packet, sizeof packet, &control, &memory)
        != 0)
        return NULL;
    void *mapped = MAP_FAILED;
    struct stat seen;
    if (fstat(memory, &seen) == 0) {
        if (seen.st_size < 0 || (uint64_t)seen.st_size < size || control != words * 8)
            errno = EPROTO; /* what lies behind its end would be SIGBUS */
        else
            mapped = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, memory, 0);
    }
    int error = errno;
    close(memory);
    errno = error;
    return mapped == MAP_FAILED ? NULL : (uint64_t *)mapped;
}

static inline int pykcov_munmap(uint64_t *area, uint64_t words)
{
    return munmap(area, pykcov_bytes_(words));
}

/* Number of sections that have begun since KCOV_REMOTE_ENABLE and have published nothing yet, or -1
 * with errno. */
static inline int64_t pykcov_live(int fd)
{
    unsigned char packet[PYKCOV_REQUEST_];
    uint64_t word;
    if (pykcov_request_(fd, PYKCOV_STATUS_, 0, 0, 0, packet, sizeof packet, &word, NULL) != 0)
        return -1;
    return (int64_t)word;
}

/* -- The area ---------------------------------------------------------------------------------- */

/* Words of the control page, which begins at area[words]; docs/protocol.md has them all. */
enum {
    PYKCOV_GENERATION = 0, /* this client's number of the present generation */
    PYKCOV_SEPARATE = 1,   /* not 0: after-work goes into the second area */
    PYKCOV_HOLDS = 2,      /* generation of the records in both areas */
    PYKCOV_COUNTED = 3,    /* generation of the sections that are counted here: */
    PYKCOV_BEGAN = 4,
    PYKCOV_SETTLED = 5,    /* have published for the first time, or are over */
    PYKCOV_OVER = 6,
    PYKCOV_PUBLISHED = 7,  /* had records, which are there */
    PYKCOV_OVERFLOWED = 8, /* had records for which there was no room */
    PYKCOV_LOST = 9,       /* their process was killed */
    PYKCOV_LATE = 10,      /* of earlier generations, dropped since this one began */
    PYKCOV_EVER = 11       /* began since KCOV_REMOTE_ENABLE */
};

static inline uint64_t pykcov_load_(const uint64_t *word)
{
    return __atomic_load_n(word, __ATOMIC_ACQUIRE);
}

static inline int pykcov_is_there_(const uint64_t *control)
{
    return pykcov_load_(&control[PYKCOV_HOLDS]) == pykcov_load_(&control[PYKCOV_GENERATION]);
}

/* Number of PCs in the area of `words` words: area[1] to area[count], oldest first, which may be
 * read then. Where it is words - 1 there was perhaps no room for all. */
static inline uint64_t pykcov_count(const uint64_t *area, uint64_t words)
{
    if (!pykcov_is_there_(area + words))
        return 0;
    uint64_t count = pykcov_load_(&area[0]);
    return count < words ? count : words - 1;
}

/* With KCOV_REMOTE_ENABLE: begin a new generation. Sections that began before it publish nothing any
 * more, wherever they run; no message is sent. What a section executes when its answer has been given
 * goes into a second area from then on, pykcov_after(), so that pykcov_count() tells of answers. */
static inline void pykcov_clear(uint64_t *area, uint64_t words)
{
    uint64_t *control = area + words;
    __atomic_store_n(&control[PYKCOV_SEPARATE], 1, __ATOMIC_RELAXED);
    __atomic_store_n(&area[0], 0, __ATOMIC_RELAXED);
    __atomic_store_n(&control[PYKCOV_GENERATION], control[PYKCOV_GENERATION] + 1, __ATOMIC_RELEASE);
}

/* The second area, of after-work: its count, and behind it the PCs. */
static inline const uint64_t *pykcov_after(const uint64_t *area, uint64_t words)
{
    static const uint64_t empty = 0;
    const uint64_t *control = area + words;
    return pykcov_is_there_(control) ? control + sysconf(_SC_PAGESIZE) / 8 : &empty;
}

/* A number of sections of this generation: `what` is PYKCOV_BEGAN or one of those behind it. Of two,
 * ask for what comes later in a section's life first: OVER, then BEGAN. */
static inline uint64_t pykcov_sections(const uint64_t *area, uint64_t words, int what)
{
    const uint64_t *control = area + words;
    int is_counted = what == PYKCOV_EVER
        || pykcov_load_(&control[PYKCOV_COUNTED]) == pykcov_load_(&control[PYKCOV_GENERATION]);
    return is_counted ? pykcov_load_(&control[what]) : 0;
}

/* Wait until a section of this generation has begun and all that have are over, after-work included,
 * for so many milliseconds at most. Returns 1 if they are, 0 if not, or -1 with errno. */
static inline int pykcov_wait(int fd, const uint64_t *area, uint64_t words, int milliseconds)
{
    for (int waited = 0;; waited++) {
        uint64_t over = pykcov_sections(area, words, PYKCOV_OVER);
        if (over > 0 && over == pykcov_sections(area, words, PYKCOV_BEGAN))
            return 1;
        if (waited >= milliseconds)
            return 0;
        if (waited % 128 == 127 && pykcov_live(fd) < 0) /* this finds processes that died */
            return -1;
        usleep(1000);
    }
}

/* As a client of Linux's kcov does: store 0 into the count. What is published next is area[1], also
 * by a section that began before: there is no boundary, so reset between requests, not during one.
 * With KCOV_REMOTE_ENABLE pykcov_clear() has one. */
static inline void pykcov_reset(uint64_t *area)
{
    __atomic_store_n(&area[0], 0, __ATOMIC_RELEASE);
}

/* After pykcov_ioctl(fd, KCOV_UNIQUE_ENABLE, bitmap, task) the first `bitmap` words of the area are a
 * bitmap, and what is behind them is a trace: pykcov_count(area + bitmap, words - bitmap). A block is
 * recorded when its bit is clear; pykcov_ioctl(fd, KCOV_RESET_TRACE, 0, task) clears all, and the
 * count. This is the number of a PC's bit: bit n % 64 of word n / 64. A block has none, and is
 * recorded at each hit, where that word is not in the bitmap. */
static inline uint64_t pykcov_bit(uint64_t pc)
{
    return (pc - UINT64_C(0xffffffff80000000)) / 8 - 1;
}

#endif
