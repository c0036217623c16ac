/* The ring: what sections executed, one behind the other, for one who watches them all.
 *
 *      word   0      1      2      3        4 ...
 *          +------+------+------+--------+---------------------------------------------+
 *          | head | tail | lost | (free) | frames, round and round                     |
 *          +------+------+------+--------+---------------------------------------------+
 *
 *      frame: words in all, handle, section, records << 8 | flags, PCs
 *
 * head and tail count words that were ever written and read. The reader stores the tail, when it has
 * read what is before it; so neither waits for the other, and where there is no room, the frame is
 * lost, and counted. Writers take turns under a mutex; the head that counts is in their own page,
 * because the reader may store anything anywhere here.
 */
#include "shared.h"

enum { HEAD, TAIL, LOST, FRAMES = 4, FRAME_HEAD = 4 };

struct ring {
    uint64_t *words; /* Borrowed. */
    uint64_t room;   /* for frames */
};

static void put(struct ring ring, uint64_t at, const uint64_t *words, uint64_t count)
{
    uint64_t start = at % ring.room, first = ring.room - start < count ? ring.room - start : count;
    memcpy(&ring.words[FRAMES + start], words, first * sizeof *words);
    memcpy(&ring.words[FRAMES], words + first, (count - first) * sizeof *words);
}

static int append(struct page *page, struct ring ring, const uint64_t frame[FRAME_HEAD],
                  const uint64_t *pcs)
{
    uint64_t used = page->head - __atomic_load_n(&ring.words[TAIL], __ATOMIC_ACQUIRE);
    if (used > ring.room || frame[0] > ring.room - used) {
        __atomic_store_n(&ring.words[LOST], ++page->lost, __ATOMIC_RELAXED);
        return 0;
    }
    put(ring, page->head, frame, FRAME_HEAD);
    put(ring, page->head + FRAME_HEAD, pcs, frame[0] - FRAME_HEAD);
    page->head += frame[0];
    __atomic_store_n(&ring.words[HEAD], page->head, __ATOMIC_RELEASE);
    return 1;
}

/* shared.report(ring, area, handle, section, flags): append what `area` holds; was there room? Of more
 * records than a quarter of the ring, the first are there. */
PyObject *ring_report(PyObject *self, PyObject *args)
{
    struct page *page = ((struct shared *)self)->page;
    Py_buffer buffer, area;
    unsigned long long handle, section, flags;
    if (!PyArg_ParseTuple(args, "w*y*KKK:report", &buffer, &area, &handle, &section, &flags))
        return NULL;
    struct ring ring = {buffer.buf, buffer.len / 8 > FRAMES ? (uint64_t)buffer.len / 8 - FRAMES : 0};
    const uint64_t *words = area.buf;
    uint64_t records = words[0], pcs = records;
    if (pcs > (uint64_t)area.len / 8 - 1)
        pcs = records = (uint64_t)area.len / 8 - 1;
    if (pcs > ring.room / 4)
        pcs = ring.room / 4;
    uint64_t frame[FRAME_HEAD] = {FRAME_HEAD + pcs, handle, section, records << 8 | (flags & 0xff)};
    int done = 0;
    if (lock_result(&page->append, pthread_mutex_lock(&page->append)) == 0) {
        done = append(page, ring, frame, words + 1);
        pthread_mutex_unlock(&page->append);
    }
    PyBuffer_Release(&buffer);
    PyBuffer_Release(&area);
    return PyBool_FromLong(done);
}
