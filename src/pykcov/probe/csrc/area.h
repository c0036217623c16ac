/* The areas for PCs and for comparisons, and the only functions that write records into them.
 *
 *      word   0        1        2              n        n+1           size-1
 *          +-------+--------+--------+-----+--------+--------+-----+--------+
 *          | n     | pc     | pc     | ... | pc     | (free) | ... | (free) |
 *          +-------+--------+--------+-----+--------+--------+-----+--------+
 *           count    oldest                  newest   next record's place
 *
 * Clients map these words writable and may store anything anywhere at any time. So the count is
 * read once, into a register, and only that value is checked and used. The PC is stored before the
 * count, and the count with release: a reader that loads count n with acquire finds n PCs after it.
 */
#ifndef PYKCOV_AREA_H
#define PYKCOV_AREA_H

#include "compat.h"

/* Append `pc`; 0 when there is no room, or the count is garbage. `step` is what the count grows by:
 * 1, or 0 for a scratch area that never fills. */
static inline int area_record(uint64_t *words, uint64_t limit, uint64_t pc, uint64_t step)
{
    uint64_t count = __atomic_load_n(&words[0], __ATOMIC_RELAXED);
    if (UNLIKELY(count >= limit))
        return 0;
    __atomic_store_n(&words[count + 1], pc, __ATOMIC_RELAXED);
    __atomic_store_n(&words[0], count + step, __ATOMIC_RELEASE);
    return 1;
}

/* The area for comparisons has four words a record, and a count of records:
 *
 *      word   0      1       2       3       4       5
 *          +-------+-------+-------+-------+-------+-------+-----
 *          | n     | type  | arg1  | arg2  | pc    | type  | ...
 *          +-------+-------+-------+-------+-------+-------+-----
 *           count   oldest record                   next one
 *
 * Append `n` records, all or, when there is no room for them or the count is garbage, none: 0 then. */
static inline int area_compare(uint64_t *words, uint64_t limit, const uint64_t (*records)[4], uint64_t n)
{
    uint64_t count = __atomic_load_n(&words[0], __ATOMIC_RELAXED), room = limit / 4;
    if (UNLIKELY(count > room || n > room - count))
        return 0;
    for (uint64_t i = 0; i < 4 * n; i++)
        __atomic_store_n(&words[1 + 4 * count + i], records[i / 4][i % 4], __ATOMIC_RELAXED);
    __atomic_store_n(&words[0], count + n, __ATOMIC_RELEASE);
    return 1;
}

#endif
