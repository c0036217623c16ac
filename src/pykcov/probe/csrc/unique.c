/* Unique mode: records blocks that are not in the client's bitmap. KCOV_UNIQUE_ENABLE, KCOV_RESET_TRACE.
 *
 *      word   0       1            b-1      b       b+1      b+n      b+n+1        size-1
 *          +-------+-------+-----+-------+-------+--------+--------+--------+-----+--------+
 *          | bits  | bits  | ... | bits  | n     | pc     | pc     | (free) | ... | (free) |
 *          +-------+-------+-----+-------+-------+--------+--------+--------+-----+--------+
 *           bitmap, of b words            the trace, as area.h draws it
 *
 * Block number N of the symbol store, pc = PC_START + PC_SPACING * (N + 1), has bit N % 64 of word
 * N / 64. So a bit stands for the same block in all processes that write to the area and in all runs,
 * and no two blocks share one. A block whose number is beyond the bitmap has no bit: it is recorded
 * at each hit, as in Linux. docs/decisions/10-unique-coverage.md has the reasons.
 *
 * The client may store anything into the bitmap. That affects what is recorded, but never where: the
 * only index computed from a PC is checked, and the bits' values are never used as an index.
 */
#include "area.h"
#include "shared.h"
#include "constants.h"

#include <errno.h>
#include <unistd.h>


/* Return the word of the block's bit, which goes to *bit; NULL: it has none. */
static uint64_t *word_of(const struct recorder *r, uint64_t pc, uint64_t *bit)
{
    uint64_t number = (pc - PC_START) / PC_SPACING - 1; /* no valid number if it is not a block's PC */
    if (number / 64 >= r->bitmap_words)
        return NULL;
    *bit = UINT64_C(1) << number % 64;
    return &r->bitmap[number / 64];
}

/* Has it a bit, which is set? */
int unique_is_set(const struct recorder *r, uint64_t pc)
{
    uint64_t bit, *word = word_of(r, pc, &bit);
    return word != NULL && (__atomic_load_n(word, __ATOMIC_RELAXED) & bit) != 0;
}

/* Record a block unless its bit is set; 0 when there was no room.
 *
 * In the recording mode "trace" what found no room has its bit, as on Linux: it is in no trace until a
 * reset. "blocks" keeps what does not fit for the next time: no record, no bit. The record comes
 * first, so a process that is killed in between leaves a block that is recorded twice, not one that
 * is missing. Setting is atomic: a client that clears bits meanwhile gets none of them back. */
int unique_record(struct recorder *r, uint64_t pc)
{
    uint64_t bit, *word = word_of(r, pc, &bit);
    if (word == NULL)
        return area_record(r->words, r->limit, pc, 1);
    if (LIKELY((__atomic_load_n(word, __ATOMIC_RELAXED) & bit) != 0))
        return 1;
    int recorded = area_record(r->words, r->limit, pc, 1);
    if (recorded || r->counters == NULL)
        __atomic_fetch_or(word, bit, __ATOMIC_RELAXED);
    return recorded;
}

/* Zero `size` bytes at the head of the memfd's mapping. A client may have set any bit, so all must
 * go; but what nobody has touched is a hole, is zero, and shall cost no memory. */
static void zero(char *bytes, off_t size, int fd)
{
    for (off_t end = 0; end < size;) {
        off_t start = lseek(fd, end, SEEK_DATA);
        if (start < 0 && errno != ENXIO)
            start = end; /* it can't be told: all of it */
        if (start < 0 || start >= size)
            break;
        end = lseek(fd, start, SEEK_HOLE);
        if (end <= start || end > size) /* the client makes holes meanwhile: they don't hold us up */
            end = size;
        memset(bytes + start, 0, (size_t)(end - start));
    }
}

/* reset(area, fd, bitmap_words): zero the bitmap and the count behind it. Recording stands still
 * meanwhile, here by the GIL and elsewhere by the mutex: a block that is hit between the two would
 * have its bit and no record. */
PyObject *unique_reset(PyObject *shared, PyObject *args)
{
    pthread_mutex_t *append = &((struct shared *)shared)->page->append;
    unsigned long long bitmap_words;
    int fd;
    Py_buffer area;
    if (!PyArg_ParseTuple(args, "w*iK:reset", &area, &fd, &bitmap_words))
        return NULL;
    /* Behind the bitmap is a count. */
    if (buffer_check(&area, 8, bitmap_words < UINT64_MAX ? bitmap_words + 1 : bitmap_words, "area") < 0) {
        PyBuffer_Release(&area);
        return NULL;
    }
    uint64_t *words = area.buf;
    int locked = lock_result(append, pthread_mutex_lock(append)) == 0;
    zero(area.buf, (off_t)(bitmap_words * sizeof *words), fd);
    __atomic_store_n(&words[bitmap_words], 0, __ATOMIC_RELEASE);
    if (locked)
        pthread_mutex_unlock(append);
    PyBuffer_Release(&area);
    Py_RETURN_NONE;
}
