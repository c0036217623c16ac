"""How many of the service's files its device may take.

Clients choose how many handles they collect, and each costs the service a file. The service needs
files for itself. Descriptors are numbered from the lowest that is free, so the number of a new one
tells how many there are, whoever opened them.
"""

from __future__ import annotations

import resource

_SHARE = 4  # one in so many is left to the service
_LEAST = 128  # and so many at the least, but no more than half of all


def may_keep(fd: int) -> bool:
    """Is there enough room beyond this new descriptor for the service itself?"""
    limit, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return limit == resource.RLIM_INFINITY or fd < limit - _reserve(limit)


def _reserve(limit: int) -> int:
    return max(limit // _SHARE, min(limit // 2, _LEAST))
