/* Turns two operands into records, as described in docs/comparisons.md.
 *
 * The flags of the operands' types show whether they are ints, floats, strs, bytes, or instances of a
 * subclass, and their C values are read directly. So no Python code runs, nothing is allocated, and
 * nothing can fail.
 *
 *      what                      size     pc        (a comparison has two PCs: one, and one + 8)
 *      int, the highest word     1 to 8   one       two's complement, in the smallest size that
 *      int, a lower word         8        one - 1   holds both; lower words come before higher ones
 *      float                     8        one - 2   IEEE 754
 *      None or not               1        one - 2   0 for None, 1 for anything else
 *      lengths of two strings    8        two       after the strings' words
 *      words of two strs         1 to 8   two - 1   UTF-8, over the common length, 8 bytes at a
 *      words of two bytes        1 to 8   two - 2   time, then 4, 2, 1, as they lie in memory
 *
 * The records of one comparison are written together, or not at all. */
#include "operands.h"
#include "constants.h"

#include <string.h>

enum { TEXT_MOST = 256 };          /* bytes of a text that are recorded */
enum { WORDS_MOST = TEXT_MOST / 8 }; /* of an int: its lowest ones */
enum { NEAR = 8 };                 /* by how much lengths of near texts differ at most */

struct records {
    uint64_t type; /* bit 0 of each */
    uint64_t n, words[WORDS_MOST + 4][4];
};

static void add(struct records *out, unsigned log2size, uint64_t a, uint64_t b, uint64_t pc)
{
    uint64_t mask = log2size == 3 ? UINT64_MAX : (UINT64_C(1) << (8 << log2size)) - 1;
    uint64_t *record = out->words[out->n++];
    record[0] = out->type | log2size << 1;
    record[1] = a & mask;
    record[2] = b & mask;
    record[3] = pc;
}

/* -- numbers --------------------------------------------------------------------------------- */

/* Does the int fit into 64 bits? */
static int as_int64(PyObject *number, int64_t *value)
{
    struct compat_digits d = compat_digits(number);
    uint64_t magnitude = 0;
    if (LIKELY(d.count <= 1)) {
        magnitude = d.count == 1 ? d.digits[0] : 0;
    } else {
        if (d.count > 64 / PyLong_SHIFT + 1)
            return 0;
        for (size_t i = d.count; i-- > 0;) {
            if (magnitude >> (64 - PyLong_SHIFT) != 0)
                return 0;
            magnitude = magnitude << PyLong_SHIFT | d.digits[i];
        }
        if (magnitude > (uint64_t)INT64_MAX + d.negative)
            return 0;
    }
    *value = (int64_t)(d.negative ? -magnitude : magnitude);
    return 1;
}

/* Write the lowest WORDS_MOST words of an int, in two's complement; return how many it has. */
static size_t as_words(PyObject *number, uint64_t words[WORDS_MOST])
{
    struct compat_digits d = compat_digits(number);
    size_t bits = d.count * PyLong_SHIFT;
    memset(words, 0, WORDS_MOST * sizeof *words);
    for (size_t i = 0; i < d.count && i * PyLong_SHIFT < WORDS_MOST * 64; i++) {
        size_t at = i * PyLong_SHIFT / 64, shift = i * PyLong_SHIFT % 64;
        words[at] |= (uint64_t)d.digits[i] << shift;
        if (shift > 64 - PyLong_SHIFT && at + 1 < WORDS_MOST)
            words[at + 1] |= (uint64_t)d.digits[i] >> (64 - shift);
    }
    if (d.count > 0) /* the bits of the highest digit that are there, and one for the sign */
        bits -= __builtin_clz(d.digits[d.count - 1]) - (32 - PyLong_SHIFT);
    if (d.negative) {
        uint64_t carry = 1;
        for (size_t i = 0; i < WORDS_MOST; i++) {
            words[i] = ~words[i] + carry;
            carry = carry && words[i] == 0;
        }
    }
    size_t n = bits / 64 + 1;
    if (d.negative && n > 1 && n <= WORDS_MOST && words[n - 1] == UINT64_MAX && words[n - 2] >> 63)
        n--; /* -2**127 and its like: the bit is the sign */
    return n;
}

static void ints(struct records *out, uint64_t pc, PyObject *a, PyObject *b)
{
    int64_t x, y;
    if (LIKELY(as_int64(a, &x) && as_int64(b, &y))) {
        uint64_t bits = (uint64_t)((x ^ x >> 63) | (y ^ y >> 63));
        add(out, bits < 1 << 7 ? 0 : bits < 1 << 15 ? 1 : bits < UINT64_C(1) << 31 ? 2 : 3, x, y,
            pc - WHOLE);
        return;
    }
    uint64_t first[WORDS_MOST], second[WORDS_MOST];
    size_t n = as_words(a, first), others = as_words(b, second);
    n = n > others ? n : others;
    for (size_t i = 0; i < n && i < WORDS_MOST; i++)
        add(out, 3, first[i], second[i], pc - (i + 1 == n || i + 1 == WORDS_MOST ? WHOLE : LOWER));
}

/* The double that a float is, or an int that is no other number as a double. */
static int as_double(PyObject *number, double *value)
{
    int64_t integer;
    if (PyFloat_Check(number)) {
        *value = PyFloat_AS_DOUBLE(number);
        return 1;
    }
    if (!as_int64(number, &integer) || integer > INT64_C(1) << 53 || integer < -(INT64_C(1) << 53))
        return 0;
    *value = (double)integer;
    return 1;
}

static void floats(struct records *out, uint64_t pc, PyObject *a, PyObject *b)
{
    double x, y;
    uint64_t first, second;
    if (as_double(a, &x) && as_double(b, &y)) {
        memcpy(&first, &x, sizeof first);
        memcpy(&second, &y, sizeof second);
        add(out, 3, first, second, pc - FLOAT);
    }
}

/* -- texts ----------------------------------------------------------------------------------- */

/* Encode `count` code points from `start` on; return the bytes. What has no UTF-8, lone surrogates,
 * becomes what it would be. */
static size_t encode(PyObject *text, Py_ssize_t start, Py_ssize_t count, uint8_t out[TEXT_MOST])
{
    int kind = PyUnicode_KIND(text);
    const void *data = PyUnicode_DATA(text);
    size_t n = 0;
    for (Py_ssize_t i = start; i < start + count && n + 4 <= TEXT_MOST; i++) {
        Py_UCS4 c = PyUnicode_READ(kind, data, i);
        if (c < 0x80) {
            out[n++] = c;
            continue;
        }
        int more = c < 0x800 ? 1 : c < 0x10000 ? 2 : 3;
        out[n++] = (0xff00 >> (more + 1) & 0xff) | c >> 6 * more;
        while (more-- > 0)
            out[n++] = 0x80 | (c >> 6 * more & 0x3f);
    }
    return n;
}

struct text {
    const uint8_t *bytes; /* Borrowed from the object, or `buffer`. */
    size_t count;         /* of them */
    Py_ssize_t length;    /* of the whole text: code points, or bytes */
    uint8_t buffer[TEXT_MOST];
};

static Py_ssize_t text_length(PyObject *text)
{
    return PyUnicode_Check(text) ? PyUnicode_GET_LENGTH(text) : Py_SIZE(text);
}

/* Get the first `most` units of a text, or the last. */
static void text_of(PyObject *text, Py_ssize_t most, int suffix, struct text *out)
{
    out->length = text_length(text);
    Py_ssize_t start = suffix ? out->length - most : 0;
    if (PyBytes_Check(text)) {
        out->bytes = (const uint8_t *)PyBytes_AS_STRING(text) + start;
        out->count = most;
    } else if (PyByteArray_Check(text)) {
        out->bytes = (const uint8_t *)PyByteArray_AS_STRING(text) + start;
        out->count = most;
    } else if (PyUnicode_IS_ASCII(text)) {
        out->bytes = PyUnicode_1BYTE_DATA(text) + start;
        out->count = most;
    } else {
        out->bytes = out->buffer;
        out->count = encode(text, start, most, out->buffer);
    }
}

/* Is a unit of it one byte of what is compared? */
static int in_bytes(PyObject *text)
{
    return !PyUnicode_Check(text) || PyUnicode_IS_ASCII(text);
}

static void texts(struct records *out, uint64_t pc, PyObject *a, PyObject *b, int suffix)
{
    struct text first, second;
    Py_ssize_t most = text_length(a) < text_length(b) ? text_length(a) : text_length(b);
    if (most > TEXT_MOST)
        most = TEXT_MOST;
    if (suffix && most > TEXT_MOST / 4 && !(in_bytes(a) && in_bytes(b)))
        most = TEXT_MOST / 4; /* so many code points have room, the last ones, too */
    text_of(a, most, suffix, &first);
    text_of(b, most, suffix, &second);
    size_t count = first.count < second.count ? first.count : second.count, at = 0;
    uint64_t kind = PyUnicode_Check(a) ? STR : BYTES;
    for (unsigned size = 3; at < count; size--) {
        for (; count - at >= (size_t)1 << size; at += (size_t)1 << size) {
            uint64_t x = 0, y = 0;
            memcpy(&x, first.bytes + at, (size_t)1 << size);
            memcpy(&y, second.bytes + at, (size_t)1 << size);
            add(out, size, x, y, pc + 8 - kind);
        }
    }
    add(out, 3, first.length, second.length, pc + 8 - LENGTHS);
}

static int is_bytes(PyObject *o)
{
    return PyBytes_Check(o) || PyByteArray_Check(o);
}

static int same_texts(PyObject *a, PyObject *b)
{
    if (PyUnicode_Check(a))
        return PyUnicode_Check(b) && compat_text_is_ready(a) && compat_text_is_ready(b);
    return is_bytes(a) && is_bytes(b);
}

/* -- both ------------------------------------------------------------------------------------ */

/* Record two operands, if it is known what their comparison is about. suffix: of texts the ends. */
void operands_pair(const struct sink *to, PyObject *first, PyObject *second, int suffix)
{
    struct records out;
    out.type = to->constant;
    out.n = 0;
    if (PyLong_Check(first) && PyLong_Check(second))
        ints(&out, to->pc, first, second);
    else if (same_texts(first, second))
        texts(&out, to->pc, first, second, suffix);
    else if ((PyFloat_Check(first) && (PyFloat_Check(second) || PyLong_Check(second)))
             || (PyFloat_Check(second) && PyLong_Check(first)))
        floats(&out, to->pc, first, second);
    else if (first == Py_None || second == Py_None)
        add(&out, 0, first != Py_None, second != Py_None, to->pc - FLOAT);
    if (out.n > 0)
        recorder_compare(to->recorder, out.words, out.n);
}

/* Is a key worth a record beside the one that is looked up? */
int operands_near(PyObject *first, PyObject *second)
{
    if (!same_texts(first, second))
        return PyLong_Check(first) && PyLong_Check(second);
    Py_ssize_t difference = text_length(first) - text_length(second);
    return difference <= NEAR && difference >= -NEAR;
}
