"""Seccomp filters and their programs (include/uapi/linux/seccomp.h, filter.h, audit.h)."""

# Flags of seccomp(SECCOMP_SET_MODE_FILTER).
SECCOMP_FILTER_FLAG_SPEC_ALLOW = 1 << 2
SECCOMP_FILTER_FLAG_NEW_LISTENER = 1 << 3
SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV = 1 << 5

# What a filter returns.
SECCOMP_RET_USER_NOTIF = 0x7FC00000
SECCOMP_RET_ALLOW = 0x7FFF0000

# Flag of an answer: the host does the call.
SECCOMP_USER_NOTIF_FLAG_CONTINUE = 1

# struct seccomp_data: offsets in bytes. Arguments are u64, of which a filter loads 32 bits.
DATA_NR = 0
DATA_ARCH = 4
DATA_ARGS = 16

AUDIT_ARCH_X86_64 = 0xC000003E

# Instructions of a classic BPF program.
BPF_LD_W_ABS = 0x20
BPF_ALU_AND_K = 0x54
BPF_JMP_JEQ_K = 0x15
BPF_RET_K = 0x06
