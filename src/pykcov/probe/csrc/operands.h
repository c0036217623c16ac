/* What comparisons record of two operands. operands.c does it, compare.c says which two. */
#ifndef PYKCOV_OPERANDS_H
#define PYKCOV_OPERANDS_H

#include "pykcov.h"

/* Who gets it, of which comparison, and whether the first operand of each pair is a constant. */
struct sink {
    struct recorder *recorder; /* Borrowed. */
    uint64_t pc;               /* of the comparison's numbers; its texts have the next one */
    int constant;
};

void operands_pair(const struct sink *to, PyObject *first, PyObject *second, int suffix);
int operands_near(PyObject *first, PyObject *second);

#endif
