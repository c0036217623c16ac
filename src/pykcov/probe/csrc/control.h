/* The memfd of a socket descriptor. Besides the area it holds the control page, and a second area for
 * what runs after the answer.
 *
 *      +------------------------+-----------+------------------------+
 *      | area                   | control   | after                  |
 *      +------------------------+-----------+------------------------+
 *        size words, rounded      one page    as much as the area
 *        up to whole pages
 *
 * The client stores GENERATION and SEPARATE, writers store the rest. Clients may overwrite anything
 * here, as in the area: values that writers read from this page can hurt only the client itself.
 *
 * A generation is what a client collects between two calls of clear(), which stores 0 into the area's
 * count and then a new number into GENERATION. A section belongs to the generation in which it began.
 * Writers append under the lock of shared.h's page, and drop records of any other generation than the
 * current one. A writer that read GENERATION just before the client's store may still append records
 * of the old one; HOLDS tells the client that they are old, and the next writer starts from 0. So a
 * single store is the boundary, without a message, a lock or a system call.
 */
#ifndef PYKCOV_CONTROL_H
#define PYKCOV_CONTROL_H

#include "constants.h"

#endif
