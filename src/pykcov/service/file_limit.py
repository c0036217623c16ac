"""How many of the service's files its device may take.

Clients choose how many handles they collect, and each costs the service a file. The service needs
files for itself. Descriptors are numbered from the lowest that is free, so the number of a new one
tells how many there are, whoever opened them.
"""

from __future__ import annotations

import resource

_SHARE = 4  # one in so many is left to the service
_LEAST = 128  # and so many at the least, but no more than half of all


def may_keep(fd: int, *, worker: bool = False) -> bool:
    """Is there enough room beyond this new descriptor for the service itself?

    worker: it is a worker's connection. Clients leave room for these: half of what is reserved.
    """
    limit, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    reserve = _reserve(limit) // (2 if worker else 1)
    return limit == resource.RLIM_INFINITY or fd < limit - reserve


def _reserve(limit: int) -> int:
    return max(limit // _SHARE, min(limit // 2, _LEAST))
