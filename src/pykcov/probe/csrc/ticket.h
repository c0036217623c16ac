/* A section's ticket, and the memory of its descriptor. See ticket.c and tally.c. */
#ifndef PYKCOV_TICKET_H
#define PYKCOV_TICKET_H

#include "shared.h"
#include "control.h"

enum { SETTLED = 1, PUBLISHED = 2, OVERFLOWED = 4, LATE = 8, ENDED = 16 }; /* what was counted */

/* The parts of a descriptor's memory; control and after are NULL where it is not a socket's. */
struct memory {
    Py_buffer buffer; /* Owned. Pins the mapping. */
    uint64_t *area, *control, *after;
    uint64_t size; /* of each area, in words */
};

struct ticket {
    PyObject_HEAD
    struct shared *shared; /* Owned. NULL: the section did not begin. */
    struct memory memory;  /* Owned, if shared is not NULL. */
    uint64_t sequence, generation, process;
    unsigned forks; /* of the process that began */
    unsigned counted;
};

static inline uint64_t load(const uint64_t *word) { return __atomic_load_n(word, __ATOMIC_ACQUIRE); }

static inline void store(uint64_t *word, uint64_t value)
{
    __atomic_store_n(word, value, __ATOMIC_RELEASE);
}

/* Is the ENABLE in force that the ticket was given under? */
static inline int ticket_holds(const struct ticket *t)
{
    const struct page *page = t->shared->page;
    return load(&page->mode) == KCOV_MODE_REMOTE && load(&page->sequence) == t->sequence;
}

/* Is this the first time that `what` is counted of the section? */
static inline int ticket_first(struct ticket *t, unsigned what)
{
    int is_first = !(t->counted & what);
    t->counted |= what;
    return is_first;
}

/* tally.c; the page's lock is held, but for memory_of() */
int memory_of(struct memory *m, const struct page *page, PyObject *object);
uint64_t tally_present(const struct memory *m, struct page *page);
void tally_begin(struct page *page, struct ticket *t);
void tally_publish(struct page *page, struct ticket *t, uint64_t records, uint64_t published,
                   unsigned flags);
void tally_tell(const struct memory *m, const struct page *page);

#endif
