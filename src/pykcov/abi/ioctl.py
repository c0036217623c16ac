"""How Linux builds ioctl numbers (include/uapi/asm-generic/ioctl.h)."""

_IOC_NRBITS = 8
_IOC_TYPEBITS = 8
_IOC_SIZEBITS = 14

_IOC_NRSHIFT = 0
_IOC_TYPESHIFT = _IOC_NRSHIFT + _IOC_NRBITS
_IOC_SIZESHIFT = _IOC_TYPESHIFT + _IOC_TYPEBITS
_IOC_DIRSHIFT = _IOC_SIZESHIFT + _IOC_SIZEBITS

_IOC_NONE = 0
_IOC_WRITE = 1
_IOC_READ = 2


def IOC(direction: int, kind: str, number: int, size: int) -> int:  # noqa: N802
    """_IOC of Linux; `size` in bytes."""
    return (
        direction << _IOC_DIRSHIFT
        | ord(kind) << _IOC_TYPESHIFT
        | number << _IOC_NRSHIFT
        | size << _IOC_SIZESHIFT
    )


def IO(kind: str, number: int) -> int:  # noqa: N802
    """_IO of Linux: no argument, or one by value."""
    return IOC(_IOC_NONE, kind, number, 0)


def IOR(kind: str, number: int, size: int) -> int:  # noqa: N802
    """_IOR of Linux; `size` in bytes."""
    return IOC(_IOC_READ, kind, number, size)


def IOW(kind: str, number: int, size: int) -> int:  # noqa: N802
    """_IOW of Linux; `size` in bytes."""
    return IOC(_IOC_WRITE, kind, number, size)
