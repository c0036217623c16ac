/* The ring: what sections executed, one after the other, for a single watcher.
 *
 *      word   0      1      2      3        4 ...
 *          +------+------+------+--------+---------------------------------------------+
 *          | head | tail | lost | (free) | frames, round and round                     |
 *          +------+------+------+--------+---------------------------------------------+
 *
 *      frame: words in all | bytes of text << 32, handle, section, records << 8 | flags, PCs, text
 *
 * Only a section's last frame has text: JSON (device/labels.py), padded with zeros to a whole word.
 *
 * head and tail count all words ever written and read. The reader stores the tail after reading what
 * is before it, so neither side waits for the other; if there is no room, a frame is dropped, and
 * counted as lost. Writers take turns under a mutex. Their authoritative head is in their own page,
 * because the reader may overwrite anything here.
 */
#include "shared.h"

struct ring {
    uint64_t *words; /* Borrowed. */
    uint64_t room;   /* for frames */
};

struct part {
    const void *bytes; /* Borrowed. */
    uint64_t size;     /* in bytes */
};

/* Write a part, padded with zeros to a whole word; returns the position of the next one. */
static uint64_t put(struct ring ring, uint64_t at, struct part part)
{
    if (part.size == 0)
        return at;
    uint64_t start = at % ring.room * 8, room = ring.room * 8;
    uint64_t first = room - start < part.size ? room - start : part.size;
    uint64_t end = (start + part.size) % room;
    char *frames = (char *)(ring.words + RING_FRAMES);
    memcpy(frames + start, part.bytes, first);
    memcpy(frames, (const char *)part.bytes + first, part.size - first);
    memset(frames + end, 0, -end % 8);
    return at + (part.size + 7) / 8;
}

static int append(struct page *page, struct ring ring, const uint64_t frame[FRAME_HEAD],
                  struct part pcs, struct part text)
{
    uint64_t used = page->head - __atomic_load_n(&ring.words[RING_TAIL], __ATOMIC_ACQUIRE);
    uint64_t words = frame[0] & UINT32_MAX;
    if (used > ring.room || words > ring.room - used) {
        __atomic_store_n(&ring.words[RING_LOST], ++page->lost, __ATOMIC_RELAXED);
        return 0;
    }
    uint64_t at = put(ring, page->head, (struct part){frame, FRAME_HEAD * sizeof *frame});
    put(ring, put(ring, at, pcs), text);
    page->head += words;
    __atomic_store_n(&ring.words[RING_HEAD], page->head, __ATOMIC_RELEASE);
    return 1;
}

/* shared.report(ring, area, handle, section, flags, text=b""): append what `area` holds; was there
 * room? Of more records than a quarter of the ring, the first are there; a text that is too long is
 * left out. */
PyObject *ring_report(PyObject *self, PyObject *args)
{
    struct page *page = ((struct shared *)self)->page;
    Py_buffer buffer, area, text = {0};
    unsigned long long handle, section, flags;
    if (!PyArg_ParseTuple(args, "w*y*KKK|y*:report", &buffer, &area, &handle, &section, &flags, &text))
        return NULL;
    struct ring ring = {buffer.buf, buffer.len / 8 > RING_FRAMES ? (uint64_t)buffer.len / 8 - RING_FRAMES : 0};
    uint64_t held = (uint64_t)area.len / 8, records = 0; /* words of the area, its count included */
    if (held > 0) {
        memcpy(&records, area.buf, sizeof records);
        records = records < held ? records : held - 1;
    }
    uint64_t pcs = records < ring.room / 4 ? records : ring.room / 4;
    uint64_t bytes = text.len <= LABEL_MOST ? (uint64_t)text.len : 0;
    uint64_t words = FRAME_HEAD + pcs + (bytes + 7) / 8;
    uint64_t frame[FRAME_HEAD] = {words | bytes << 32, handle, section, records << 8 | (flags & 0xff)};
    int done = 0;
    if (ring.room > 0 && ring.room <= UINT32_MAX
        && lock_result(&page->append, pthread_mutex_lock(&page->append)) == 0) {
        done = append(page, ring, frame, (struct part){(const char *)area.buf + 8, pcs * 8},
                      (struct part){text.buf, bytes});
        pthread_mutex_unlock(&page->append);
    }
    PyBuffer_Release(&buffer);
    PyBuffer_Release(&area);
    PyBuffer_Release(&text);
    return PyBool_FromLong(done);
}
