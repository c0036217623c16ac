/* What a descriptor's memfd holds besides the area, where it is a socket's: the control page, and a
 * second area for what runs after the answer.
 *
 *      +------------------------+-----------+------------------------+
 *      | area                   | control   | after                  |
 *      +------------------------+-----------+------------------------+
 *        size words, rounded      one page    as much as the area
 *        up to whole pages
 *
 * The client stores GENERATION and SEPARATE, writers store the rest. Clients may scribble here as in
 * the area: nothing that writers read from this page can hurt anybody but the client itself.
 *
 * A generation is what a client collects between two clear(): it stores 0 into the area's count and
 * then a new number into GENERATION. A section belongs to the generation that it began in. Writers
 * append under the lock of shared.h's page, and drop what belongs to another generation than the
 * present one. A writer that looked just before the client's store may still append records of the
 * old generation; HOLDS tells the client that they are old, and the next writer starts from 0. So one
 * store is a boundary, without a message, a lock or a system call.
 */
#ifndef PYKCOV_CONTROL_H
#define PYKCOV_CONTROL_H

#include <stdint.h>

/* Words of the control page; service/protocol.py and clients/c/pykcov.h have the same list. */
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

#endif
