"""Linux's kcov, by Linux's names (include/uapi/linux/kcov.h, include/linux/kcov.h), and PCs.

KCOV_UNIQUE_ENABLE and KCOV_RESET_TRACE are proposed upstream, not merged.
"""

from pykcov.abi.ioctl import IO, IOR, IOW

_UNSIGNED_LONG = 8
_STRUCT_KCOV_REMOTE_ARG = 24

KCOV_INIT_TRACE = IOR("c", 1, _UNSIGNED_LONG)
KCOV_ENABLE = IO("c", 100)
KCOV_DISABLE = IO("c", 101)
KCOV_REMOTE_ENABLE = IOW("c", 102, _STRUCT_KCOV_REMOTE_ARG)
KCOV_UNIQUE_ENABLE = IOW("c", 103, _UNSIGNED_LONG)
KCOV_RESET_TRACE = IO("c", 104)

# Argument of KCOV_ENABLE.
KCOV_TRACE_PC = 0
KCOV_TRACE_CMP = 1

# A record of KCOV_TRACE_CMP: its type, and the words that it takes.
KCOV_CMP_CONST = 1
KCOV_CMP_SIZE_SHIFT = 1  # log2 of the operands' bytes stands above it
CMP_WORDS = 4

# enum kcov_mode.
KCOV_MODE_DISABLED = 0
KCOV_MODE_INIT = 1
KCOV_MODE_TRACE_PC = 2
KCOV_MODE_TRACE_CMP = 3
KCOV_MODE_REMOTE = 4
KCOV_MODE_UNIQUE_PC = 5  # proposed, as the requests are

# Handles of remote coverage.
KCOV_SUBSYSTEM_MASK = 0xFF << 56
KCOV_INSTANCE_MASK = 0xFFFFFFFF
KCOV_SUBSYSTEM_COMMON = 0x00
KCOV_SUBSYSTEM_USB = 0x01
KCOV_SUBSYSTEM_PYKCOV = 0x70  # pykcov's own, for sections in Python programs
KCOV_REMOTE_MAX_HANDLES = 0x100

# Bounds that kcov_ioctl checks the size of an area against, in words.
INT_MAX = 2**31 - 1
WORD = 8  # bytes: sizeof(unsigned long)
SIZE_MIN = 2
SIZE_MAX = INT_MAX // WORD

# include/linux/errno.h: internal to Linux, and yet what a client of a kernel without comparisons
# gets.
ENOTSUPP = 524

# Where Linux's text lies. Clients drop what is outside; some keep the low 32 bits only, some
# subtract 5 before they symbolize.
PC_START = 0xFFFFFFFF80000000
PC_END = 0xFFFFFFFFFF000000
PC_SPACING = 8
