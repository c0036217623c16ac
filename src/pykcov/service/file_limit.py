"""Limits how many of the service's file descriptors its device may use.

Clients choose how many handles they collect, and each costs the service a descriptor. The service
needs descriptors for itself. The kernel assigns the lowest free number, so the number of a new
descriptor shows about how many are open, whoever opened them.
"""

from __future__ import annotations

import resource

_SHARE = 4  # a quarter is reserved for the service,
_LEAST = 128  # and at least this many, but at most half of all


def may_keep(fd: int, *, worker: bool = False) -> bool:
    """Does this new descriptor leave enough of them for the service itself?

    worker: it is a worker's connection, which may use half of the descriptors reserved.
    """
    limit, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    reserve = _reserve(limit) // (2 if worker else 1)
    return limit == resource.RLIM_INFINITY or fd < limit - reserve


def _reserve(limit: int) -> int:
    return max(limit // _SHARE, min(limit // 2, _LEAST))
