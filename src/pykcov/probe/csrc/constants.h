/* Constants that C and Python share. tests/unit/test_constants.py compares each with Python's. */
#ifndef PYKCOV_CONSTANTS_H
#define PYKCOV_CONSTANTS_H

#include <stdint.h>

/* abi/kcov.py. The modes of an ENABLE are above INIT. */
#define PC_START UINT64_C(0xffffffff80000000)
#define PC_SPACING 8
enum { KCOV_MODE_INIT = 1, KCOV_MODE_TRACE_CMP = 3, KCOV_MODE_REMOTE = 4 };

/* Words of the control page (control.h); service/protocol.py and clients/c/pykcov.h have the same list. */
enum {
    CONTROL_GENERATION, /* the client's number of the present generation */
    CONTROL_SEPARATE,   /* the client's: not 0, what runs after an answer goes into the second area */
    CONTROL_HOLDS,      /* generation of the records in both areas */
    CONTROL_COUNTED,    /* generation of the sections that are counted behind it */
    CONTROL_BEGAN,
    CONTROL_SETTLED,    /* published for the first time, or over */
    CONTROL_OVER,
    CONTROL_PUBLISHED,  /* had records, and all or some of them are in an area */
    CONTROL_OVERFLOWED, /* some of their records found no room */
    CONTROL_LOST,       /* their process was killed */
    CONTROL_LATE,       /* of earlier generations, dropped since this one began */
    CONTROL_EVER,       /* began since KCOV_REMOTE_ENABLE */
    CONTROL_WORDS
};

/* Flags of Ticket.publish(), the first two also of a frame (device/sections.py, device/watcher.py). */
enum { OVER = 1, DROPPED = 2, AFTER = 4 };

/* The ring's words, and its frames' (ring.c, service/ring.py); bytes of a label (device/labels.py). */
enum { RING_HEAD, RING_TAIL, RING_LOST, RING_FRAMES = 4, FRAME_HEAD = 4, LABEL_MOST = 1 << 15 };

/* What is compared, and which operand is a constant (instrumentation/bytecode/comparison_sites.py). */
enum {
    COMPARE,  /* left and right, for == and its like, and `is` */
    CONTAINS, /* left in right */
    LOOKUP,   /* left[right], left.get(right) */
    KEYS,     /* a mapping pattern: the keys of `right` in left */
    PREFIX,   /* left.startswith(right) */
    SUFFIX,   /* left.endswith(right) */
    FIND,     /* left.find(right) */
};
enum { NEITHER, LEFT, RIGHT };

/* What a record of a comparison is, told by how far below its PC it stands (reader/comparisons.py):
 * of the first PC, and of the second. */
enum { WHOLE = 0, LOWER = 1, FLOAT = 2, LENGTHS = 0, STR = 1, BYTES = 2 };

/* Kinds of instructions that Python gives to decode() (instrumentation/bytecode/codec.py). */
enum { PLAIN_CODE, PREFIX_CODE, FORWARD_CODE, BACKWARD_CODE };

/* In the place of a count of slots: this code object was left as it is (cache/entry.py). */
#define LEFT_BARE UINT32_MAX

#endif
