"""What a register holds, as the C type that a system call takes it for."""


def int32(word: int) -> int:
    """Return the low half of a word as a signed int."""
    return (word & 0xFFFFFFFF ^ 0x80000000) - 0x80000000


def int64(word: int) -> int:
    """Return a word as a signed long."""
    return (word & 2**64 - 1 ^ 1 << 63) - (1 << 63)
