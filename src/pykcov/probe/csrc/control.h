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

#include "constants.h"

#endif
