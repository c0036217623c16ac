/* Together: threads of several processes record into one area, record by record.
 *
 * This is KCOV_ENABLE from another process: it collects a whole service, and its clients are used to
 * "store 0, trigger some work, load the count". So each record must be visible at once; there is no
 * moment at which buffers could be published. Writers take turns under a robust mutex. It is in the
 * shared page, never in the client's area, and no Python runs under it, so waiting for it with the
 * GIL held is safe. It also guards whether the ENABLE is still in force: nothing is recorded after
 * KCOV_DISABLE. (Reserving a slot with fetch_add needs no mutex. But a reader could see the count
 * before the PC, and a writer killed in between would leave a stale PC forever.)
 *
 * In the recording mode "blocks" each block is recorded once, until the client stores 0 into the
 * count. A writer that finds 0 increments `resets`, and all others start over when they see that. So
 * hitting a block that is already listed costs two loads and no mutex. In unique mode the bitmap
 * determines which blocks are listed, in both recording modes.
 */
#include "area.h"
#include "shared.h"

static void append(struct recorder *r, struct page *page, const struct probe *probe)
{
    if (r->bitmap != NULL) {
        if (!unique_record(r, probe->pc))
            r->dropped = 1;
        return;
    }
    if (r->counters == NULL) {
        if (!area_record(r->words, r->limit, probe->pc, 1))
            r->dropped = 1;
        return;
    }
    if (__atomic_load_n(&r->words[0], __ATOMIC_RELAXED) == 0)
        __atomic_store_n(&page->resets, page->resets + 1, __ATOMIC_RELEASE);
    if (r->resets != page->resets) {
        r->resets = page->resets;
        counters_clear(r->counters);
    }
    if (counters_listed(r->counters, probe))
        return;
    if (area_record(r->words, r->limit, probe->pc, 1))
        counters_hit(r->counters, probe);
    else
        r->dropped = 1; /* not listed, so its next hit tries again */
}

void together_hit(struct recorder *r, const struct probe *probe)
{
    struct page *page = r->shared->page;
    if (r->bitmap != NULL && unique_is_set(r, probe->pc))
        return;
    if (r->bitmap == NULL && r->counters != NULL && counters_listed(r->counters, probe)
        && __atomic_load_n(&page->resets, __ATOMIC_ACQUIRE) == r->resets
        && __atomic_load_n(&r->words[0], __ATOMIC_RELAXED) != 0)
        return;
    if (lock_result(&page->append, pthread_mutex_lock(&page->append)) != 0)
        return;
    if (__atomic_load_n(&page->sequence, __ATOMIC_ACQUIRE) == r->sequence
        && __atomic_load_n(&page->mode, __ATOMIC_ACQUIRE) > KCOV_MODE_INIT)
        append(r, page, probe);
    pthread_mutex_unlock(&page->append);
}

void together_compare(struct recorder *r, const uint64_t (*records)[4], uint64_t n)
{
    struct page *page = r->shared->page;
    if (lock_result(&page->append, pthread_mutex_lock(&page->append)) != 0)
        return;
    if (__atomic_load_n(&page->sequence, __ATOMIC_ACQUIRE) == r->sequence
        && __atomic_load_n(&page->mode, __ATOMIC_ACQUIRE) == KCOV_MODE_TRACE_CMP
        && !area_compare(r->words, r->limit, records, n))
        r->dropped = 1;
    pthread_mutex_unlock(&page->append);
}

/* recorder.share(shared): others write to its area from now on, for the present ENABLE. */
PyObject *together_share(PyObject *self, PyObject *arg)
{
    struct recorder *r = (struct recorder *)self;
    if (!Py_IS_TYPE(arg, kcov.shared))
        return PyErr_Format(PyExc_TypeError, "a Shared is needed");
    if (r->shared == NULL) {
        r->shared = (struct shared *)Py_NewRef(arg);
        r->sequence = r->shared->page->sequence;
        r->resets = r->shared->page->resets;
        thread_all_changed();
    }
    Py_RETURN_NONE;
}
