/* Records the operands of comparisons (operands.c), which compare.c passes in. */
#ifndef PYKCOV_OPERANDS_H
#define PYKCOV_OPERANDS_H

#include "pykcov.h"

/* The recorder, the comparison, and whether the first operand of each pair is a constant. */
struct sink {
    struct recorder *recorder; /* Borrowed. */
    uint64_t pc;               /* of the comparison's numbers; its texts have the next one */
    int constant;
};

void operands_pair(const struct sink *to, PyObject *first, PyObject *second, int suffix);
int operands_near(PyObject *first, PyObject *second);

#endif
